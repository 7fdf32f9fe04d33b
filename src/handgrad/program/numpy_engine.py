"""The NumPy engine: instructions bound to preallocated buffers; a step is a loop over bound calls.

Nothing is allocated in the loop: matrix products, ufuncs and reductions write where they are told.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from scipy.linalg import blas

from handgrad.expr import UNIT, Window
from handgrad.functions import Array
from handgrad.program.contract_numpy import Action, contract
from handgrad.program.lower import Instruction
from handgrad.program.window import distances, picked

UFUNCS: Mapping[str, Callable[..., Any]] = {
    "add": np.add,
    "subtract": np.subtract,
    "multiply": np.multiply,
    "divide": np.divide,
}
ROOTS: Mapping[float, Callable[..., Any]] = {0.5: np.sqrt, -1.0: np.reciprocal}


class Bound:
    """Instructions bound to buffers for given sizes; `inputs` are the buffers to fill before a run.

    The inputs of `by_column` lie in memory column by column, as their examples do.
    """

    def __init__(
        self,
        instructions: Sequence[Instruction],
        sizes: Mapping[str, int],
        dtype: np.dtype[Any],
        shared: Mapping[str, Array],
        updates: Iterable[tuple[str, int]] = (),
        by_column: frozenset[str] = frozenset(),
    ) -> None:
        self.by_column = by_column
        self.sizes = dict(sizes)
        self.dtype = dtype
        self.inputs: dict[str, Array] = {}
        self.shared = shared
        self.buffers: list[Array] = []
        self.actions: list[Action] = []
        self._ends: list[int] = []  # the number of actions up to and with each instruction
        self.updates: list[Action] = []
        targets = {place: name for name, place in updates}
        descents = _descents(instructions, targets)
        skipped = {scaled for _, scaled in descents.values()}
        for place, instruction in enumerate(instructions):
            if place in descents:
                self._bind_descent(targets[place], *descents[place], instructions)
            elif place in skipped:
                self.buffers.append(np.zeros((0, 0), self.dtype))
            else:
                self._bind(instruction, targets.get(place))
            self._ends.append(len(self.actions))

    def _bind_descent(self, name: str, rate: int, scaled: int, instructions: Sequence[Instruction]) -> None:
        """W − α ∂J/∂W written over W."""
        parameter = self.shared[name]
        left, right = instructions[scaled].args
        gradient = self.buffers[right if left == rate else left]
        axpy = blas.saxpy if self.dtype == np.float32 else blas.daxpy
        flat = gradient.reshape(-1) if gradient.flags.c_contiguous else np.ravel(gradient)
        self.actions.append((_descend, (flat, parameter.reshape(-1), self.buffers[rate].reshape(()), axpy)))
        self.buffers.append(parameter)

    def _bind(self, instruction: Instruction, target: str | None) -> None:
        shape = tuple(size.length(self.sizes) for size in instruction.shape)
        args = [self.buffers[place] for place in instruction.args]
        value = self._ready(instruction, shape, args)
        if value is None and instruction.op == "contract":
            value, actions = contract(args, *instruction.payload)
            self.actions += actions
        elif value is None:
            over = target is not None and instruction.op in UFUNCS  # the update is written over the parameter
            value = self.shared[target] if target is not None and over else np.zeros(shape, self.dtype)
            self.actions.append(self._action(instruction, args, value))
        if target is not None and value is not self.shared[target]:
            self.actions.append((np.copyto, (self.shared[target], value)))
        self.buffers.append(value)

    def _ready(self, instruction: Instruction, shape: tuple[int, ...], args: list[Array]) -> Array | None:
        """Values that take no computing in the loop: inputs, constants, views."""
        match instruction.op:
            case "input":
                name: str = instruction.payload
                if name in self.shared:
                    return self.shared[name]
                if name in self.by_column:
                    return self.inputs.setdefault(name, np.zeros(shape[::-1], self.dtype).T)
                return self.inputs.setdefault(name, np.zeros(shape, self.dtype))
            case "static":
                return np.full((1, 1), instruction.payload.value(self.sizes), self.dtype)
            case "ones":
                return np.ones(shape, self.dtype)
            case "eye":
                return np.eye(shape[0], dtype=self.dtype)
            case "transpose":
                return args[0].T
            case "window" if not args:
                node: Window = instruction.payload
                return np.asarray(picked(node, distances(node, self.sizes)), self.dtype)
            case "spread":
                return np.broadcast_to(args[0], shape)
            case "place":
                return args[0][tuple(None if label == UNIT else slice(None) for label in instruction.payload)]
        return None

    def _action(self, instruction: Instruction, args: list[Array], out: Array) -> Action:
        match instruction.op:
            case "matmul":
                return np.dot, (*args, out)
            case "apply":
                return instruction.payload.into, (*args, out)
            case "power":
                exponent = float(instruction.payload)
                if exponent in ROOTS:
                    return ROOTS[exponent], (args[0], out)
                return np.power, (args[0], self.dtype.type(exponent), out)
            case "total":
                return np.add.reduce, (args[0], None, self.dtype, out, True)
            case "square":
                return _square, (args[0], np.zeros_like(args[0]), out)
            case "trace":
                return np.trace, (args[0], 0, 0, 1, self.dtype, out.reshape(()))
            case "diagonal":
                return np.copyto, (out[:, 0], np.diagonal(args[0]))
            case "diagonal_matrix":
                return np.copyto, (np.einsum("ii->i", out), args[0][:, 0])
            case "window":
                return _pick, (instruction.payload, distances(instruction.payload, self.sizes), args[0], out)
        return UFUNCS[instruction.op], (*map(_number_or_matrix, args), out)

    def run(self, last: int | None = None) -> None:
        """Compute every value, or those up to one place."""
        actions = self.actions if last is None else self.actions[: self._ends[last]]
        for function, args in actions:
            function(*args)


def _descents(instructions: Sequence[Instruction], targets: Mapping[int, str]) -> dict[int, tuple[int, int]]:
    """The updates of the form W − α g, by place: the places of α (a number that is given) and of α g."""
    uses = [place for instruction in instructions for place in instruction.args]
    found: dict[int, tuple[int, int]] = {}
    for place, name in targets.items():
        update = instructions[place]
        if update.op != "subtract":
            continue
        parameter, scaled = update.args
        product = instructions[scaled]
        whole = product.shape == update.shape
        own = instructions[parameter].op == "input" and instructions[parameter].payload == name
        if product.op != "multiply" or not own or not whole or uses.count(scaled) != 1:
            continue
        for rate, gradient in (product.args, product.args[::-1]):
            number = all(size.is_one for size in instructions[rate].shape)
            solid = instructions[gradient].op in ("matmul", "multiply", "add", "subtract", "divide")
            if number and solid and instructions[rate].op == "input":
                found[place] = (rate, scaled)
                break
    return found


def _number_or_matrix(array: Array) -> Array:
    """A 1 × 1 operand as a number: a ufunc spreads it in half the time."""
    return array.reshape(()) if array.shape == (1, 1) else array


def _descend(gradient: Array, parameter: Array, rate: Array, axpy: Callable[..., Any]) -> None:
    """parameter −= rate · gradient in one pass (BLAS axpy)."""
    axpy(gradient, parameter, a=-float(rate))


def _pick(node: Window, apart: Array, index: Array, out: Array) -> None:
    out[...] = picked(node, apart, index)


def _square(array: Array, scratch: Array, out: Array) -> None:
    np.multiply(array, array, scratch)
    np.add.reduce(scratch, axis=None, out=out, keepdims=True)
