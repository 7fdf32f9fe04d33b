"""What of the model meets what of the table: the input, the target, the sizes, and what the output means."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from handgrad.axes import Size, show
from handgrad.errors import DataError, TrainingError
from handgrad.expr import Call, Expr, Power, Symbol, walk
from handgrad.learn.table import Floats, suggest
from handgrad.learn.target import Target, Task
from handgrad.model import Model

DEFAULT_SIZE = 16
CHUNK = 4096  # rows predicted at once: bounds the memory of hidden layers
_RATES = ("alpha", "eta", "lr", "learning_rate", "rate", "epsilon", "gamma")
Array = NDArray[Any]


@dataclass(frozen=True, slots=True)
class Layout:
    """How examples lie in an array of the network: `axis` counts them, in an array of `rank` axes."""

    axis: int
    rank: int

    def place(self, rows: Floats, dtype: DTypeLike) -> Array:
        """An array of shape (examples, width) laid out for the network, contiguous."""
        if self.rank == 1:
            rows = rows[:, 0]
        laid = rows.T if self.rank == 2 and self.axis == 1 else rows
        return np.ascontiguousarray(laid, dtype=dtype)

    def back(self, array: Array) -> Floats:
        """The inverse of `place`: float64 of shape (examples, width)."""
        values = np.asarray(array, dtype=np.float64)
        if self.rank == 1:
            return values[:, None]
        return values.T if self.axis == 1 else values


@dataclass(frozen=True, slots=True)
class Binding:
    """The symbols and sizes that training needs of a model."""

    input: Symbol
    target: Symbol
    output: Symbol
    examples: Size
    cost: Symbol

    def layout(self, symbol: Symbol) -> Layout:
        """Where the examples lie in a symbol's value."""
        return Layout(symbol.shape.index(self.examples), len(symbol.shape))

    def width(self, symbol: Symbol) -> Size | None:
        """The size of the axis that is not the examples'; None where there is none."""
        others = [size for size in symbol.shape if size != self.examples]
        return others[0] if others else None


def outputs(
    run: Callable[[Mapping[str, Array]], Array], binding: Binding, features: Floats, dtype: DTypeLike
) -> Floats:
    """What `run` makes of encoded features of shape (rows, number of features): shape (rows, width), float64."""
    into, out = binding.layout(binding.input), binding.layout(binding.output)
    parts = []
    for start in range(0, len(features), CHUNK):
        placed = into.place(features[start : start + CHUNK], dtype)
        parts.append(np.array(out.back(run({binding.input.name: placed}))))
    return np.concatenate(parts) if parts else np.empty((0, 1))


def bind(model: Model) -> Binding:
    """The roles that training needs, all present, the arrays of rank 1 or 2; a TrainingError where they are not."""
    roles = model.roles
    data = _present(roles.input, "input, such as X")
    target = _present(roles.target, "target, such as Y")
    output = _present(roles.output, "output that the cost compares with the target")
    cost = _present(roles.cost, "cost, such as J")
    shared = roles.examples or next((s for s in data.shape if s in target.shape and s.value is None), None)
    for symbol in roles.parameters:
        if shared in symbol.shape:
            raise TrainingError(
                f"the parameter {symbol.name} has shape {show(symbol.shape)}, a value of its own for each example",
                remedy=f"declare it without {shared}, for example {symbol.name}: ({symbol.shape[0]}, 1)",
            )
    if roles.examples is None:
        raise TrainingError(
            "no axis of the model counts examples: it is written for one example",
            remedy="write X and Y with an axis of m examples, for example X: (n, m) and Y: (1, m)",
        )
    if not roles.parameters:
        raise TrainingError("the model has no parameters to train", remedy="write it with weights, as in W X + b")
    for symbol in (data, target, output):
        if symbol.shape.count(roles.examples) != 1 or len(symbol.shape) > 2:
            raise TrainingError(
                f"{symbol.name} has shape {show(symbol.shape)}; a table has one axis of {roles.examples} examples "
                "and one of columns",
                remedy=f"write {symbol.name} with two axes, one of them {roles.examples}",
            )
    return Binding(data, target, output, roles.examples, cost)


def _present(symbol: Symbol | None, what: str) -> Symbol:
    if symbol is None:
        raise TrainingError(f"the model has no {what}", remedy="write an equation with it")
    return symbol


def task_of(model: Model, binding: Binding) -> tuple[Task, bool]:
    """What the output means, and whether it is a logit: sigmoid and softmax are probabilities of classes.

    A linear output is a logit where the cost takes a logarithm of it, else a number to be predicted.
    """
    width = binding.width(binding.output)
    inner = list(walk(_written_out(binding.output)))
    names = {node.function.name for node in inner if isinstance(node, Call)}
    costs = {
        node.function.name
        for equation in model.equations
        for node in walk(_written_out(equation))
        if isinstance(node, Call)
    }
    linear = not any(isinstance(node, Call | Power) for node in inner)
    if "softmax" in names or costs & {"logsumexp", "log_softmax", "softmax"}:
        return Task.CLASSES, linear
    if "sigmoid" in names or costs & {"softplus", "log", "log1p"}:
        fixed = width is not None and width.value is not None and not width.is_one
        return (Task.CLASSES if fixed else Task.BINARY), linear  # a symbolic width becomes 1 for two classes
    return Task.REGRESSION, False


def _written_out(symbol: Symbol) -> Expr:
    return symbol if symbol.definition is None else symbol.definition


def check_width(binding: Binding, target: Target) -> None:
    """The output's width must be the target's; a literal size that differs is a DataError that says both."""
    for symbol in (binding.output, binding.target):
        size = binding.width(symbol)
        found = 1 if size is None else size.value
        if found is not None and found != target.width:
            several = "a softmax output with k rows" if target.width > 1 else "a sigmoid output with one row"
            raise DataError(
                f"{symbol.name} has shape {show(symbol.shape)}, so {found} output{'s' * (found > 1)}, "
                f"but the target column {target.name!r} needs {target.width}",
                remedy=f"use {several}, or another target",
            )


def sizes_of(
    model: Model, binding: Binding, features: int, target: Target, given: Mapping[str, int]
) -> tuple[dict[str, int], tuple[str, ...]]:
    """Every symbolic size but the examples', and which were assumed: inputs and outputs from the table."""
    symbolic = {str(s): None for shape in model.symbols.values() for s in shape if s.value is None}
    symbolic.pop(str(binding.examples), None)
    told = told_by_table(binding, features, target)
    for name, value in given.items():
        if name in told or name == str(binding.examples):
            raise TrainingError(f"the size {name} is told by the table", remedy=f"leave --size {name} out")
        if name not in symbolic:
            free = [each for each in symbolic if each not in told]
            raise TrainingError(f"the model has no size {name!r}", remedy=suggest(name, free, "sizes"))
        if value < 1:
            raise TrainingError(f"the size {name} is {value}", remedy="a size is at least 1")
    sizes = {name: told.get(name, given.get(name, DEFAULT_SIZE)) for name in symbolic}
    assumed = [name for name in symbolic if name not in told and name not in given]
    notes = [f"size {name} = {DEFAULT_SIZE} (choose with --size {name}=…)" for name in assumed]
    return sizes, tuple(notes)


def told_by_table(binding: Binding, features: int, target: Target) -> dict[str, int]:
    """The symbolic sizes that the numbers of features and of outputs are; a DataError where they contradict."""
    told: dict[str, int] = {}
    for symbol, width, what in (
        (binding.input, features, "features"),
        (binding.target, target.width, "outputs"),
        (binding.output, target.width, "outputs"),
    ):
        size = binding.width(symbol)
        if size is None or size.value is not None:
            found = 1 if size is None else size.value
            if found != width and what == "features":
                raise DataError(
                    f"{symbol.name} has shape {show(symbol.shape)}, so {found} features, but the table gives {width}",
                    remedy=f"write {symbol.name} with a symbolic size, such as n, or choose columns with --drop",
                )
        elif told.setdefault(str(size), width) != width:
            raise DataError(
                f"the size {size} is the number of features, {told[str(size)]}, and of outputs, {width}",
                remedy="name the two sizes differently",
            )
    return told


def hyperparameters(names: Sequence[str], alpha: float, given: Mapping[str, float]) -> dict[str, float]:
    """The values of the named hyperparameters: the learning rate is `alpha`, others must be given."""
    if not np.isfinite(alpha) or alpha <= 0:
        raise TrainingError(f"the learning rate is {alpha:g}", remedy="choose a positive number, such as 0.1")
    rate = next((name for name in _RATES if name in names), names[0] if len(names) == 1 else "alpha")
    values = {rate: alpha, **given}
    for name in given:
        if name not in names or name == rate:
            others = [each for each in names if each != rate]
            raise TrainingError(f"{name!r} is no hyperparameter to set", remedy=suggest(name, others, "others"))
    if absent := [name for name in names if name not in values]:
        raise TrainingError(
            f"the hyperparameter {absent[0]} has no value", remedy=f"give it with --set {absent[0]}=NUMBER"
        )
    return values
