"""The JAX engine: the instructions as JAX operations, traced and compiled by `jax.jit`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from types import ModuleType
from typing import Any

from handgrad.derivation import Sweep
from handgrad.errors import DerivationError
from handgrad.evaluate import given, inputs, known_sizes
from handgrad.expr import UNIT
from handgrad.functions import AbstractFunction, Named
from handgrad.model import Model
from handgrad.program.contract_numpy import subscripts
from handgrad.program.languages import JAX
from handgrad.program.lower import Instruction, Lowering
from handgrad.program.passes import backward, forward
from handgrad.program.spelled import callable_of
from handgrad.program.window import distances, picked


def jax_function(model: Model, sweep: Sweep) -> Callable[..., dict[str, Any]]:
    """f(**arrays) → the scalar's value and the gradients by name, jitted.

    Raises DerivationError where JAX is not installed or the model has an abstract function.
    """
    jax, modules = _modules()
    if model.roles.abstract:
        name = model.roles.abstract[0]
        remedy = f'say what it is when the model is read: let={{"{name}": "tanh"}}'
        raise DerivationError(f"{name} is not defined, so it cannot be run", remedy=remedy)
    program = Lowering()
    for symbol, expr in (*forward(model, sweep.of), *backward(sweep)):
        program.define(symbol.name, expr)
    results = {sweep.of.name: (program.named[sweep.of.name], sweep.of.shape)}
    results |= {symbol.name: (program.lower(expr), symbol.shape) for symbol, expr in sweep.gradients}
    roots = (sweep.of, *(expr for _, expr in sweep.gradients))
    taken = inputs(roots)

    def run(arrays: dict[str, Any]) -> dict[str, Any]:
        sizes = known_sizes(roots, {name: array.shape for name, array in arrays.items()})
        values: list[Any] = []
        for instruction in program.instructions:
            args = [values[place] for place in instruction.args]
            values.append(_value(instruction, args, sizes, arrays, modules))
        shapes = {name: tuple(size.length(sizes) for size in shape) for name, (_, shape) in results.items()}
        return {name: values[place].reshape(shapes[name]) for name, (place, _) in results.items()}

    jitted = jax.jit(run)

    def function(**arrays: Any) -> dict[str, Any]:
        numbers = {s.name: modules["jnp"].asarray(given(s, arrays)) for s in taken}
        found: dict[str, Any] = jitted({name: array * 1.0 for name, array in numbers.items()})
        return found

    return function


def _modules() -> tuple[ModuleType, Mapping[str, ModuleType]]:
    try:
        jax, jnp, special = map(import_module, ("jax", "jax.numpy", "jax.scipy.special"))
    except ImportError as error:
        raise DerivationError("JAX is not installed", remedy='pip install "handgrad[jax]"') from error
    return jax, {"jax": jax, "jnp": jnp, "special": special}


def _value(
    instruction: Instruction,
    args: Sequence[Any],
    sizes: Mapping[str, int],
    arrays: Mapping[str, Any],
    modules: Mapping[str, ModuleType],
) -> Any:
    jnp: Any = modules["jnp"]
    shape = tuple(size.length(sizes) for size in instruction.shape)
    payload = instruction.payload
    match instruction.op:
        case "input":
            return arrays[payload].reshape(shape)
        case "static":
            return jnp.full((1, 1), payload.value(sizes))
        case "ones":
            return jnp.ones(shape)
        case "eye":
            return jnp.eye(shape[0])
        case "transpose":
            return args[0].T
        case "window":
            return picked(payload, jnp.asarray(distances(payload, sizes)), *args) * 1.0
        case "spread":
            return jnp.broadcast_to(args[0], shape)
        case "place":
            return args[0][tuple(None if label == UNIT else slice(None) for label in payload)]
        case "contract":
            return _contract(jnp, args, *payload)
        case "apply":
            return _apply(payload, args, modules, shape)
        case "power":
            return args[0] ** float(payload)
        case "add" | "subtract" | "multiply" | "divide" | "matmul" as op:
            return getattr(jnp, op)(*args)
        case "total" | "square":
            return jnp.sum(args[0] if instruction.op == "total" else args[0] ** 2).reshape(shape)
        case "trace":
            return jnp.trace(args[0]).reshape(shape)
        case "diagonal":
            return jnp.diagonal(args[0]).reshape(shape)
        case "diagonal_matrix":
            return jnp.diagflat(args[0])
    raise TypeError(instruction.op)


def _contract(jnp: Any, args: Sequence[Any], labels: Sequence[tuple[int, ...]], out: tuple[int, ...]) -> Any:
    plain = [
        array[tuple(0 if label == UNIT else slice(None) for label in own)]
        for array, own in zip(args, labels, strict=True)
    ]
    return jnp.einsum(subscripts([tuple(x for x in own if x != UNIT) for own in labels], out), *plain)


def _apply(
    function: Named | AbstractFunction, args: Sequence[Any], modules: Mapping[str, ModuleType], shape: tuple[int, ...]
) -> Any:
    assert not isinstance(function, AbstractFunction)
    value = callable_of(JAX.spelling(function), modules)(*args)
    return modules["jnp"].broadcast_to(value, shape)
