"""Training steps: forward pass, cost, backward pass and update, exactly the derived equations.

>>> import numpy as np
>>> import handgrad as hg
>>> model = hg.parse("Z = W @ X + b\\nJ = sum((Z - Y) ** 2) / m", shapes={"X": "n, m"})
>>> training = Training(model, hg.derive(model), {"n": 2, "k": 1, "n_1": 1, "h": 1, "m": 3}, np.float64)
>>> data = {"X": np.array([[0.0, 1, 2], [1, 0, 1]]), "Y": np.array([[1.0, 2, 3]])}
>>> costs = [training.step(data, {"alpha": 0.1}) for _ in range(50)]
>>> costs[0] > costs[-1]
True
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from handgrad.axes import Shape, Size
from handgrad.calculus import ReverseSweep, partial_symbol
from handgrad.checks.functions import verify_stable
from handgrad.checks.verify import verify
from handgrad.derivation import Sweep
from handgrad.derived import Derivation
from handgrad.errors import ShapeError, TrainingError
from handgrad.expr import Expr, Symbol, symbols
from handgrad.functions import Array
from handgrad.model import Model
from handgrad.program.contraction import stored
from handgrad.program.lower import Lowering
from handgrad.program.numpy_engine import Bound
from handgrad.program.passes import backward, forward
from handgrad.stable import quick

RATE = Symbol("alpha", (), latex=r"\alpha")


class Training:
    """The program of a model for given sizes: `parameters` are its own arrays, changed in place by `step`.

    `sizes` gives every symbolic size of the parameters; the number of examples is read off each batch.
    Raises TrainingError where the model has an abstract function or lacks a size.
    """

    def __init__(self, model: Model, derivation: Derivation, sizes: Mapping[str, int], dtype: Any = np.float32) -> None:
        if model.roles.abstract:
            names = ", ".join(model.roles.abstract)
            remedy = f"say what it is: --let {model.roles.abstract[0]}=tanh"
            raise TrainingError(f"{names} is not defined, so it cannot be run", remedy=remedy)
        self.model = model
        self.sizes = dict(sizes)
        self.dtype: np.dtype[Any] = np.dtype(dtype)
        self.wrt = tuple(symbol for symbol, _ in derivation.sweep.gradients)
        self.of = derivation.of
        sweep = ReverseSweep(self.of, self.wrt, inline_weight=0).run()
        verify(sweep)
        verify_stable(sweep)
        self._arrays = {symbol.name: np.zeros(self._lengths(stored(symbol.shape)), self.dtype) for symbol in self.wrt}
        self.parameters: dict[str, Array] = {
            symbol.name: self._arrays[symbol.name].reshape(self._lengths(symbol.shape)) for symbol in self.wrt
        }
        self._lower(sweep)
        self._bound: dict[tuple[str, int], Bound] = {}
        examples = model.roles.examples
        self._by_column = frozenset(s.name for s in model.inputs if s.rank == 2 and s.shape[1] is examples)

    def _lower(self, sweep: Sweep) -> None:
        """Three programs that share their beginning: prediction, cost, the whole step."""
        self._program = Lowering()
        for symbol, expr in forward(self.model, self.of):
            self._program.define(symbol.name, expr)
        self._cost = self._program.named[self.of.name]
        for symbol, expr in backward(sweep, quick):
            self._program.define(symbol.name, expr)
        self._updates = [(symbol.name, self._program.lower(self._update(symbol))) for symbol in self.wrt]
        output = self.model.roles.output
        self._output: int | None = self._program.named.get(output.name) if output is not None else None

    def _update(self, symbol: Symbol) -> Expr:
        """The model's own update, or gradient descent."""
        for update in self.model.updates:
            if update.target is symbol:
                return update.value
        return symbol - RATE * partial_symbol(self.of, symbol)

    @property
    def hyperparameters(self) -> tuple[str, ...]:
        """The numbers that a step needs besides the data: alpha and those of the equations."""
        found: dict[str, None] = {}
        for symbol in self.wrt:
            for inner in symbols(self._update(symbol)):
                if inner.definition is None and inner.partial is None and inner not in self.wrt:
                    found.setdefault(inner.name)
        found.update((s.name, None) for s in self.model.roles.hyperparameters)
        return tuple(found)

    def _lengths(self, shape: Shape) -> tuple[int, ...]:
        for size in shape:
            for name in size.names:
                if name not in self.sizes:
                    raise TrainingError(f"the size {name} has no value", remedy=f"give it one: --size {name}=16")
        return tuple(size.length(self.sizes) for size in shape)

    def _bind(self, data: Mapping[str, Array], kind: str) -> Bound:
        """The buffers for the batch size of the data, filled with it."""
        examples = self.model.roles.examples
        count = self._count(data, examples)
        key = (kind, count)
        if key not in self._bound:
            if len(self._bound) > MOST_BATCH_SIZES:
                self._bound.clear()
            sizes = {**self.sizes, **({examples.name: count} if examples is not None else {})}
            updates = self._updates if kind == "step" else ()
            instructions = self._program.instructions
            if kind == "predict" and self._output is not None:
                instructions = instructions[: self._output + 1]
            elif kind == "cost":
                instructions = instructions[: self._cost + 1]
            self._bound[key] = Bound(instructions, sizes, self.dtype, self._arrays, updates, self._by_column)
        bound = self._bound[key]
        for name, buffer in bound.inputs.items():
            if name in data:
                array = np.asarray(data[name])
                if array.size != buffer.size:
                    raise ShapeError(f"{name} has shape {array.shape}, expected {buffer.shape}")
                buffer[...] = array.reshape(buffer.shape)
        return bound

    def _count(self, data: Mapping[str, Array], examples: Size | None) -> int:
        if examples is None:
            return 1
        for symbol in self.model.inputs:
            if symbol.name in data and examples in symbol.shape:
                return int(np.asarray(data[symbol.name]).shape[symbol.shape.index(examples)])
        raise ShapeError(f"the data have no axis of examples ({examples})")

    def step(self, data: Mapping[str, Array], numbers: Mapping[str, float]) -> float:
        """One batch: forward, cost, backward, update. Returns the cost before the update."""
        bound = self._bind(data, "step")
        inputs = bound.inputs
        for name, number in numbers.items():
            if name in inputs:
                inputs[name].fill(number)
        bound.run()
        return float(bound.buffers[self._cost][0, 0])

    def cost(self, data: Mapping[str, Array], numbers: Mapping[str, float] | None = None) -> float:
        """The cost of a batch."""
        bound = self._bind(data, "cost")
        for name, number in (numbers or {}).items():
            if name in bound.inputs:
                bound.inputs[name].fill(number)
        bound.run()
        return float(bound.buffers[self._cost][0, 0])

    def predict(self, data: Mapping[str, Array]) -> Array:
        """The output's value for a batch, a new array."""
        if self._output is None:
            raise TrainingError("the model has no output of the target's shape, so it predicts nothing",
                                remedy="let the cost compare the target with a named value: J = … A2 … Y")  # fmt: skip
        bound = self._bind(data, "predict")
        bound.run()
        value: Array = bound.buffers[self._output].copy()
        return value


MOST_BATCH_SIZES = 8  # buffers are kept for that many sizes of batch
