"""The first values of the parameters: random weights, zero biases, and why not zero weights."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import prod, sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from handgrad.errors import TrainingError
from handgrad.expr import UNIT, Expr, Labels, Product, Symbol, symbols, walk
from handgrad.learn.settings import Start
from handgrad.model import Model

Array = NDArray[Any]


@dataclass(frozen=True, slots=True)
class Weight:
    """How a parameter multiplies data: the positions of the axes that are summed over, and of the others.

    `hidden` says whether what it multiplies depends on other parameters: it reads hidden units.
    """

    name: str
    summed: tuple[int, ...]
    kept: tuple[int, ...]
    hidden: bool


def weights_of(model: Model) -> dict[str, Weight]:
    """The parameters that multiply data; the others are added to it (biases) and start at zero."""
    roles = model.roles
    reach = _reach(model)
    names = {symbol.name for symbol in roles.parameters}
    source = {roles.input.name} if roles.input else set()
    found: dict[str, Weight] = {}
    for equation in model.equations:
        for node in walk(equation.definition or equation):
            if isinstance(node, Product):
                for weight in _in_product(node, names, source, reach):
                    found.setdefault(weight.name, weight)
    return found


def _reach(model: Model) -> Mapping[str, frozenset[str]]:
    """For each equation, the names that its value depends on, itself included."""
    reach: dict[str, frozenset[str]] = {}
    for equation in model.equations:
        inner = symbols(equation.definition) if equation.definition is not None else ()
        reach[equation.name] = frozenset({equation.name}).union(*(reach.get(s.name, {s.name}) for s in inner))
    return reach


def _in_product(
    node: Product, names: set[str], source: set[str], reach: Mapping[str, frozenset[str]]
) -> Iterable[Weight]:
    """The parameters among the operands of a contraction whose other operands depend on the input."""
    for operand, labels in node.operands:
        if not isinstance(operand, Symbol) or operand.name not in names:
            continue
        others = set().union(*(_depends(other, reach) for other, _ in node.operands if other is not operand))
        if others & source:
            summed = tuple(k for k, label in enumerate(labels) if _is_summed(label, node.out))
            kept = tuple(k for k in range(len(labels)) if k not in summed)
            yield Weight(operand.name, summed, kept, hidden=bool((others & names) - {operand.name}))


def _depends(operand: Expr, reach: Mapping[str, frozenset[str]]) -> set[str]:
    return set().union(*(reach.get(symbol.name, {symbol.name}) for symbol in symbols(operand)))


def _is_summed(label: int, out: Labels) -> bool:
    return label != UNIT and label not in out


def initialise(
    model: Model, parameters: Mapping[str, Array], start: Start, rng: np.random.Generator
) -> tuple[str, ...]:
    """Fill the arrays in place and say how: weights N(0, deviation²), biases zero, entrywise factors one.

    The deviation is √(2/(in + out)) (Glorot and Bengio 2010), or √(2/in) (He and others 2015) in front of a
    function that is zero on one side. Zero weights in front of hidden units are a TrainingError.
    """
    weights = weights_of(model)
    hidden = [weight.name for weight in weights.values() if weight.hidden]
    if start is Start.ZERO and hidden:
        raise TrainingError(
            f"weights cannot start at zero: all hidden units that {hidden[0]} reads would have the same value and "
            "the same gradient, so they stay equal for ever (symmetry), however long the training",
            remedy="leave --init out: random weights break the symmetry; biases may start at zero, and do",
        )
    said = []
    for symbol in model.roles.parameters:
        array = parameters[symbol.name]
        weight = weights.get(symbol.name)
        if weight is None or start is Start.ZERO:
            array[...] = 0
        elif not weight.summed:
            array[...] = 1
        else:
            deviation, rule = _deviation(model, weight, array.shape, start)
            array[...] = rng.normal(0.0, deviation, array.shape)
            said.append(f"{symbol.name} {rule}")
    return (f"weights start at random ({', '.join(said)}), biases at zero",) if said else ()


def _deviation(model: Model, weight: Weight, shape: tuple[int, ...], start: Start) -> tuple[float, str]:
    inputs = prod(shape[k] for k in weight.summed)
    outputs = prod(shape[k] for k in weight.kept)
    record = model.roles.activation_of(weight.name)
    if start is Start.HE or (start is Start.AUTO and record is not None and record.initial_gain > 1):
        return sqrt(2 / inputs), "He"
    return sqrt(2 / (inputs + outputs)), "Glorot"
