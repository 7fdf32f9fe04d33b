"""From the target column to what the network is trained to output, and back from its output to predictions."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from enum import Enum

import numpy as np
from numpy.typing import NDArray

from handgrad.errors import DataError
from handgrad.learn.features import numbers_of, texts_of
from handgrad.learn.table import Floats, Kind, Table

Label = str | int | float


class Task(Enum):
    """What the network's output says about an example."""

    BINARY = "binary"  # the probability of the second of two classes
    CLASSES = "classes"  # a probability for each class
    REGRESSION = "regression"  # a number


@dataclass(frozen=True, slots=True)
class Classes:
    """A target of two classes (one output) or of several (one output for each class)."""

    name: str
    labels: tuple[Label, ...]
    task: Task
    logits: bool = False  # the output goes through sigmoid or softmax only inside the cost

    @property
    def width(self) -> int:
        """The number of outputs."""
        return 1 if self.task is Task.BINARY else len(self.labels)

    def numbers(self, table: Table, rows: NDArray[np.intp]) -> NDArray[np.intp]:
        """The number of the class of each of the given rows."""
        found = _labels(table, self.name)
        known = {label: number for number, label in enumerate(self.labels)}
        return np.array([known[found[row]] for row in rows], dtype=np.intp)

    def encode(self, table: Table, rows: NDArray[np.intp]) -> Floats:
        """0 and 1 of the given rows, shape (number of rows, width)."""
        numbers = self.numbers(table, rows)
        if self.task is Task.BINARY:
            return numbers[:, None].astype(np.float64)
        return np.asarray(np.eye(len(self.labels))[numbers])

    def probabilities(self, outputs: Floats) -> Floats:
        """The probability of each class, shape (rows, number of classes), of outputs of shape (rows, width)."""
        if self.task is Task.BINARY:
            one = 1 / (1 + np.exp(-np.clip(outputs, -700, 700))) if self.logits else outputs
            return np.concatenate([1 - one, one], axis=1)
        if self.logits:
            powers = np.exp(outputs - outputs.max(axis=1, keepdims=True))
            return np.asarray(powers / powers.sum(axis=1, keepdims=True))
        totals = np.maximum(outputs.sum(axis=1, keepdims=True), np.finfo(np.float64).tiny)
        return np.asarray(outputs / totals)

    def decode(self, outputs: Floats) -> NDArray[np.object_]:
        """The most probable label of each row, shape (rows,)."""
        values = np.empty(len(outputs), dtype=object)
        values[:] = [self.labels[number] for number in self.probabilities(outputs).argmax(axis=1)]
        return values

    def said(self) -> str:
        """What a person should know of the encoding."""
        if self.task is Task.BINARY:
            return f"target {self.name!r}: {self.labels[1]!r} is 1, {self.labels[0]!r} is 0"
        return f"target {self.name!r}: {len(self.labels)} classes, one-hot: {', '.join(map(str, self.labels[:12]))}"


@dataclass(frozen=True, slots=True)
class Quantity:
    """A target that is a number, standardised for training."""

    name: str
    mean: float
    deviation: float

    @property
    def task(self) -> Task:
        """A regression."""
        return Task.REGRESSION

    @property
    def width(self) -> int:
        """One output."""
        return 1

    def encode(self, table: Table, rows: NDArray[np.intp]) -> Floats:
        """(y − mean)/deviation of the given rows, shape (number of rows, 1)."""
        return ((numbers_of(table, self.name)[rows] - self.mean) / self.deviation)[:, None]

    def decode(self, outputs: Floats) -> Floats:
        """The number in the target's own unit, shape (rows,)."""
        return outputs[:, 0] * self.deviation + self.mean

    def said(self) -> str:
        """What a person should know of the encoding."""
        return f"target {self.name!r}: standardised, mean {self.mean:g}, deviation {self.deviation:g}"


Target = Classes | Quantity


def rows_with_target(table: Table, name: str) -> tuple[NDArray[np.intp], tuple[str, ...]]:
    """The rows where the target is known, and what is to be said of the others."""
    missing = table[name].missing
    rows = np.flatnonzero(~missing)
    if not len(rows):
        raise DataError(f"{table.source}, column {name!r}: every target is missing", remedy="choose another --target")
    count = len(missing) - len(rows)
    return rows, (f"{count} rows without a {name!r} are left out",) if count else ()


def classes_of(table: Table, name: str, rows: NDArray[np.intp]) -> Counter[Label]:
    """How often each label occurs in the given rows, labels in order; one label alone is a DataError."""
    labels = _labels(table, name)
    counts = Counter(labels[row] for row in rows)
    if len(counts) == 1:
        only = next(iter(counts))
        raise DataError(
            f"{table.source}, column {name!r}: all {len(rows)} targets are {only!r}",
            remedy="a classifier needs at least two classes to tell apart",
        )
    fractions = [label for label in counts if isinstance(label, float)]
    if fractions or len(counts) > max(len(rows) / 2, 2):
        raise DataError(
            f"{table.source}, column {name!r}: expected classes, found {len(counts)} different values in "
            f"{len(rows)} rows (such as {next(iter(counts))!r})",
            remedy="choose a target with few classes, or a model with a linear output and a squared error",
        )
    return Counter({label: counts[label] for label in sorted(counts, key=_order)})


def learn_quantity(table: Table, name: str, rows: NDArray[np.intp], train: NDArray[np.intp]) -> Quantity:
    """Mean and deviation of the training rows; a text or a constant column is a DataError."""
    column = table[name]
    if column.kind is Kind.TEXT:
        row = int(rows[0])
        raise DataError(
            f"{table.place(row, name)}: a regression needs numbers, found {column.values[row]!r}",
            remedy="choose a target of numbers, or a model with a sigmoid or softmax output for classes",
        )
    values = numbers_of(table, name)[train]
    mean, deviation = float(values.mean()), float(values.std())
    if deviation == 0 or not np.isfinite(deviation):
        raise DataError(
            f"{table.source}, column {name!r}: all training targets are {values[0]:g}",
            remedy="choose a target that varies",
        )
    return Quantity(name, mean, deviation)


def _labels(table: Table, name: str) -> list[Label]:
    """The labels: whole numbers as int, other numbers as float, else text."""
    column = table[name]
    if column.kind is not Kind.NUMBER:
        return list(texts_of(table, name).values)
    present = np.nan_to_num(numbers_of(table, name))
    return [int(value) if value.is_integer() else float(value) for value in present.tolist()]


def _order(label: Label) -> tuple[bool, float, str]:
    """Numbers by value, then texts by alphabet."""
    return (isinstance(label, str), 0.0 if isinstance(label, str) else float(label), str(label))
