"""From the columns of a table to the numbers that go into a network, learned on the training rows.

A column of numbers is standardised: (x − mean)/deviation, missing cells take the median. A column of text
becomes one column of 0 and 1 for each category, missing cells take the most frequent one. What is left out
(constant columns, texts that are almost all different, dates) is said.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from handgrad.errors import DataError
from handgrad.learn.table import Column, Floats, Kind, Table, number

MOST_CATEGORIES = 20  # a text column with more is left out where more than half of its cells differ


@dataclass(frozen=True, slots=True)
class Standardised:
    """A column of numbers: missing cells become `fill`, then (x − mean)/deviation."""

    name: str
    mean: float
    deviation: float
    fill: float

    @property
    def width(self) -> int:
        """One feature."""
        return 1

    def encode(self, table: Table, notes: list[str]) -> Floats:
        """The feature, shape (rows, 1); a cell that is not a finite number is a DataError naming its place."""
        values = numbers_of(table, self.name)
        missing = np.isnan(values)
        if missing.any():
            notes.append(f"{self.name!r}: {_cells(missing)} missing, filled with the median {self.fill:g}")
        filled = np.where(missing, self.fill, values)
        return ((filled - self.mean) / self.deviation)[:, None]


@dataclass(frozen=True, slots=True)
class OneHot:
    """A column of text: one feature for each category; an unknown category is all zeros."""

    name: str
    categories: tuple[str, ...]
    fill: str

    @property
    def width(self) -> int:
        """One feature for each category."""
        return len(self.categories)

    def encode(self, table: Table, notes: list[str]) -> Floats:
        """The features, shape (rows, number of categories)."""
        column = texts_of(table, self.name)
        missing = column.missing
        if missing.any():
            notes.append(f"{self.name!r}: {_cells(missing)} missing, filled with the most frequent, {self.fill!r}")
        values = np.where(missing, self.fill, column.values)
        encoded = np.stack([values == category for category in self.categories], axis=1).astype(np.float64)
        unknown = values[encoded.sum(axis=1) == 0]
        if len(unknown):
            found = ", ".join(map(repr, sorted(set(unknown))[:5]))
            notes.append(f"{self.name!r}: {len(unknown)} cells hold an unknown category ({found}): all zeros")
        return encoded


Encoder = Standardised | OneHot


@dataclass(frozen=True, slots=True)
class Features:
    """The encoders of the columns that are used, and the names of those that are not."""

    encoders: tuple[Encoder, ...]
    identifier: str | None = None

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of the columns that are used."""
        return tuple(encoder.name for encoder in self.encoders)

    @property
    def width(self) -> int:
        """The number of features."""
        return sum(encoder.width for encoder in self.encoders)

    def encode(self, table: Table) -> tuple[Floats, tuple[str, ...]]:
        """The features of every row, shape (rows, width), and what was done to cells to get them."""
        absent = [name for name in self.columns if name not in table]
        if absent:
            raise DataError(
                f"{table.source} lacks {_plural(len(absent), 'column')} that the model was trained on: "
                + ", ".join(map(repr, absent)),
                remedy=f"its columns are: {', '.join(map(repr, table.names[:12]))}",
            )
        notes: list[str] = []
        parts = [encoder.encode(table, notes) for encoder in self.encoders]
        return np.concatenate(parts, axis=1), tuple(notes)


def learn_features(table: Table, rows: NDArray[np.intp], names: Sequence[str]) -> tuple[Features, tuple[str, ...]]:
    """The encoders of the named columns, with the statistics of the given rows only, and what is to be said."""
    notes: list[str] = []
    encoders: list[Encoder] = []
    identifier = None
    for name in names:
        column = table[name]
        reason = _why_left_out(table, column, rows)
        if reason:
            notes.append(f"{name!r} is not used: {reason}")
            if column.kind is Kind.TEXT and "different" in reason:
                identifier = identifier or name
        elif column.kind is Kind.NUMBER:
            encoders.append(_standardised(table, column, rows))
        else:
            encoders.append(_one_hot(column, rows))
    if not encoders:
        raise DataError(
            f"{table.source} has no column left to learn from", remedy="; ".join(notes) or "add a column of numbers"
        )
    hot = [f"{encoder.name!r} ({encoder.width})" for encoder in encoders if isinstance(encoder, OneHot)]
    if hot:
        notes.append(f"one 0/1 feature for each category: {', '.join(hot)}")
    return Features(tuple(encoders), identifier), tuple(notes)


def numbers_of(table: Table, name: str) -> Floats:
    """The numbers of a column, NaN for missing; text or an infinity among them is a DataError naming the cell."""
    column = table[name]
    if column.kind is not Kind.NUMBER:
        row = next((k for k, value in enumerate(column.values) if not _is_number(value)), 0)
        raise DataError(
            f"{table.place(row, name)}: expected a number, found {column.values[row]!r}",
            remedy="correct the cell, or leave it empty if the value is not known",
        )
    infinite = np.flatnonzero(np.isinf(column.values))
    if len(infinite):
        raise DataError(
            f"{table.place(int(infinite[0]), name)}: the number is infinite ({len(infinite)} such in the column)",
            remedy="correct the cell, or leave it empty if the value is not known",
        )
    return np.asarray(column.values, dtype=np.float64)


def texts_of(table: Table, name: str) -> Column:
    """The column as text; whole numbers are spelled without a point, so that 1 and 1.0 are one category."""
    column = table[name]
    if column.kind is Kind.OTHER:
        raise DataError(f"{table.source}, column {name!r}: expected text, found {column.dtype}")
    if column.kind is Kind.TEXT:
        return column
    spelled = np.empty(table.rows, dtype=object)
    spelled[:] = [None if np.isnan(value) else spell(value) for value in column.values]
    return Column(name, Kind.TEXT, spelled, column.dtype)


def spell(value: float) -> str:
    """A number as text.

    >>> spell(3.0), spell(0.25)
    ('3', '0.25')
    """
    return str(int(value)) if float(value).is_integer() else repr(float(value))


def _why_left_out(table: Table, column: Column, rows: NDArray[np.intp]) -> str:
    """Why a column is no feature; empty where it is one."""
    if column.kind is Kind.OTHER:
        return f"{column.dtype} cells are neither numbers nor text; make numbers of them first"
    missing = column.missing[rows]
    if missing.all():
        return "all its training cells are missing"
    present = column.values[rows][~missing]
    if column.kind is Kind.NUMBER:
        numbers_of(table, column.name)  # an infinity is an error even where the column would be constant
        return f"it is constant ({present[0]:g})" if np.ptp(present) == 0 else ""
    distinct = len(set(present))
    if distinct == 1:
        return f"it is constant ({present[0]!r})"
    _refuse_almost_numbers(table, column)
    if distinct > max(MOST_CATEGORIES, len(present) / 2):
        return f"{distinct} of {len(present)} texts are different, as in a name or an identifier"
    return ""


def _refuse_almost_numbers(table: Table, column: Column) -> None:
    """A column of numbers with a few texts in it is a mistake in the table, not a set of categories."""
    present = [(row, str(value)) for row, value in enumerate(column.values) if value is not None]
    numbers = {text for _, text in present if _is_number(text.replace(",", "."))}
    share = sum(text in numbers for _, text in present) / len(present)
    if share < 0.5 or (share < 0.8 and len(numbers) <= MOST_CATEGORIES):
        return
    row, text = next((row, text) for row, text in present if not _is_number(text))
    raise DataError(
        f"{table.place(row, column.name)}: expected a number, as in most cells of the column, found {text!r}",
        remedy="correct the cell, or leave it empty if the value is not known; decimals take a point; "
        "where the numbers are names of categories, write them as words",
    )


def _is_number(value: object) -> bool:
    """Whether a cell is missing or spells a number."""
    if value is None:
        return True
    try:
        number(str(value))
    except ValueError:
        return False
    return True


def _standardised(table: Table, column: Column, rows: NDArray[np.intp]) -> Standardised:
    values = column.values[rows]
    present = values[~np.isnan(values)]
    fill = float(np.median(present))
    filled = np.where(np.isnan(values), fill, values)
    with np.errstate(over="ignore", invalid="ignore"):
        mean, deviation = float(filled.mean()), float(filled.std())
    if not np.isfinite(mean) or not np.isfinite(deviation) or deviation == 0:
        row = int(np.nanargmax(np.abs(column.values)))
        raise DataError(
            f"{table.place(row, column.name)}: {column.values[row]:g} is too large or too small to standardise",
            remedy="measure the column in another unit, or correct the cell",
        )
    return Standardised(column.name, mean, deviation, fill)


def _one_hot(column: Column, rows: NDArray[np.intp]) -> OneHot:
    counts = Counter(value for value in column.values[rows] if value is not None)
    categories = tuple(sorted(counts))
    fill = max(categories, key=lambda category: counts[category])  # the first in order where two are as frequent
    return OneHot(column.name, categories, fill)


def _cells(which: NDArray[np.bool_]) -> str:
    return _plural(int(which.sum()), "cell")


def _plural(count: int, noun: str) -> str:
    """A count with its noun.

    >>> _plural(1, "cell"), _plural(2, "cell")
    ('1 cell', '2 cells')
    """
    return f"{count} {noun}{'' if count == 1 else 's'}"
