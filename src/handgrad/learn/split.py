"""Which rows train, which choose the best epoch, and which are held out for the test."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from handgrad.errors import DataError

Rows = NDArray[np.intp]


@dataclass(frozen=True, slots=True, eq=False)
class Split:
    """Row numbers, in ascending order; every row is in one part."""

    train: Rows
    validation: Rows
    test: Rows

    @property
    def parts(self) -> Mapping[str, Rows]:
        """The parts by name."""
        return {"train": self.train, "validation": self.validation, "test": self.test}

    def said(self) -> str:
        """The sizes of the parts."""
        return f"{len(self.train)} rows train, {len(self.validation)} validate, {len(self.test)} are held out"


def split_rows(
    rows: Rows, classes: Sequence[object] | None, validation: float, test: float, rng: np.random.Generator
) -> Split:
    """Split the rows at random by the given fractions; each class is spread evenly where classes are given.

    `classes` holds the class of each of `rows`. A part that was asked for and would be empty is a DataError.

    >>> parts = split_rows(np.arange(10), list("aaaaabbbbb"), 0.2, 0.2, np.random.default_rng(0))
    >>> len(parts.train), len(parts.validation), len(parts.test)
    (6, 2, 2)
    """
    for name, fraction in (("validation", validation), ("test", test)):
        if not 0 <= fraction < 1:
            raise DataError(f"--{name} is {fraction:g}", remedy="a fraction from 0 to less than 1, such as 0.2")
    if validation + test >= 1:
        raise DataError(f"--validation and --test together are {validation + test:g}", remedy="leave rows to train on")
    order = _spread(len(rows), classes, rng)
    held, chosen = _count(len(rows), test), _count(len(rows), validation)
    if len(rows) - held - chosen < 2 or (test and not held) or (validation and not chosen):
        raise DataError(
            f"{len(rows)} rows are too few for --test {test:g} --validation {validation:g}",
            remedy="bring more rows, or use all for training with --test 0 --validation 0",
        )
    shuffled = rows[order]
    parts = shuffled[held + chosen :], shuffled[held : held + chosen], shuffled[:held]
    return Split(*(np.sort(part) for part in parts))


def _count(total: int, fraction: float) -> int:
    return round(total * fraction)


def _spread(count: int, classes: Sequence[object] | None, rng: np.random.Generator) -> Rows:
    """A random order in which every stretch holds the classes in nearly their overall proportions.

    The k-th of a class's n rows stands at (k + u)/n with one random u a class: systematic sampling.
    """
    if classes is None:
        return rng.permutation(count)
    members: dict[object, list[int]] = {}
    for row, label in enumerate(classes):
        members.setdefault(label, []).append(row)
    position = np.empty(count)
    for rows in members.values():
        shuffled = rng.permutation(np.array(rows, dtype=np.intp))
        position[shuffled] = (np.arange(len(rows)) + rng.uniform()) / len(rows)
    return np.argsort(position, kind="stable")
