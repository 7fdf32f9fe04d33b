"""A table as columns of numbers or of text, from a CSV, TSV or Parquet file or from any data frame.

Numbers are float64 with NaN where a cell is missing; text is an object array with None where it is missing.
What cannot be a table (no rows, a ragged line, two columns of one name) is a DataError with its place.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from enum import Enum
from pathlib import Path
from typing import Any

import narwhals as nw
import numpy as np
from numpy.typing import NDArray

from handgrad.errors import DataError
from handgrad.learn.files import PARQUET, read_file

Floats = NDArray[np.float64]
Texts = NDArray[np.object_]


class Kind(Enum):
    """What the cells of a column are."""

    NUMBER = "numbers"
    TEXT = "text"
    OTHER = "neither numbers nor text"


@dataclass(frozen=True, slots=True, eq=False)
class Column:
    """One column: float64 with NaN for missing (NUMBER), or str with None for missing (TEXT), shape (rows,)."""

    name: str
    kind: Kind
    values: NDArray[Any]
    dtype: str = ""

    @property
    def missing(self) -> NDArray[np.bool_]:
        """Which cells hold nothing, shape (rows,)."""
        if self.kind is Kind.NUMBER:
            return np.asarray(np.isnan(self.values), dtype=np.bool_)
        return np.array([value is None for value in self.values], dtype=np.bool_)


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """Columns of one length with different names; `source` is the file's name, or says that it is a data frame."""

    source: str
    columns: tuple[Column, ...]
    rows: int
    notes: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """The columns' names in order."""
        return tuple(column.name for column in self.columns)

    def __contains__(self, name: str) -> bool:
        return name in self.names

    def __getitem__(self, name: str) -> Column:
        """The column of a name; an unknown one is a DataError that suggests close names."""
        for column in self.columns:
            if column.name == name:
                return column
        raise DataError(f"{self.source} has no column {name!r}", remedy=suggest(name, self.names, "columns"))

    def place(self, row: int, column: str) -> str:
        """Where a cell stands, for messages; `row` counts from 0, the message counts data rows from 1."""
        return f"{self.source}, row {row + 1}, column {column!r}"


def suggest(name: str, known: Iterable[str], what: str) -> str:
    """A remedy that names the nearest of the known names, or lists them.

    >>> suggest("diagnose", ["diagnosis", "radius"], "columns")
    "did you mean 'diagnosis'? The columns are: 'diagnosis', 'radius'"
    """
    names = list(known)
    lowered = {each.lower(): each for each in reversed(names)}
    near = get_close_matches(name.lower(), lowered, n=1)
    listed = ", ".join(map(repr, names[:12])) + (f" and {len(names) - 12} more" if len(names) > 12 else "")
    said = f"the {what} are: {listed}" if names else f"there are no {what}"
    return f"did you mean {lowered[near[0]]!r}? T{said[1:]}" if near else said


def as_table(data: Any) -> Table:
    """The table of a path (CSV, TSV, Parquet), of a data frame of any library that narwhals knows, or of itself.

    >>> import polars as pl
    >>> table = as_table(pl.DataFrame({"size": [1, None], "kind": ["a", "b"]}))
    >>> [(column.name, column.kind.value) for column in table.columns]
    [('size', 'numbers'), ('kind', 'text')]
    """
    if isinstance(data, Table):
        return data
    if isinstance(data, str | Path):
        path = Path(data)
        frame, notes = read_file(path)
        typed = path.suffix.lower() in PARQUET
        return _from_frame(nw.from_native(frame, eager_only=True), path.name, notes, tidy=not typed)
    try:
        native: Any = nw.from_native(data)
        schema_frame = native.collect() if isinstance(native, nw.LazyFrame) else native
        return _from_frame(schema_frame, "the data frame", (), tidy=False)
    except TypeError as error:
        raise DataError(
            f"{type(data).__name__} is not a table",
            remedy="pass a path to CSV, TSV or Parquet, or a data frame (polars, pandas, pyarrow …)",
        ) from error
    except nw.exceptions.DuplicateError as error:
        raise DataError(f"the data frame has two columns of one name: {error}", remedy="rename one of them") from error


def _from_frame(frame: nw.DataFrame[Any], source: str, notes: tuple[str, ...], *, tidy: bool) -> Table:
    rows = len(frame)
    if not frame.columns or not rows:
        found = "no columns" if not frame.columns else "a header but no rows"
        raise DataError(f"{source} has {found}", remedy="a table needs a header line and one row for each example")
    names = [str(name) for name in frame.columns]
    if repeated := [name for name in names if names.count(name) > 1]:
        raise DataError(f"{source} has two columns named {repeated[0]!r}", remedy="rename one of them")
    columns = [_column(name, series, tidy) for name, series in zip(names, frame.iter_columns(), strict=True)]
    return Table(source, tuple(columns), rows, notes)


def _column(name: str, series: nw.Series[Any], tidy: bool) -> Column:
    """Numbers, text (booleans, categories and strings are text), or what can be neither."""
    dtype = series.dtype
    if dtype.is_numeric():
        values = np.array(series.cast(nw.Float64).to_numpy(), dtype=np.float64)
        return Column(name, Kind.NUMBER, values, str(dtype))
    cells = series.to_list()
    if dtype == nw.Boolean or _all_of(cells, bool):
        return Column(name, Kind.TEXT, _objects([_truth(cell) for cell in cells]), "Boolean")
    if dtype.is_temporal() or dtype.is_nested() or dtype == nw.Binary:
        return Column(name, Kind.OTHER, _objects(cells), str(dtype))
    texts = [None if _is_missing(cell) else str(cell) for cell in cells]
    if not any(text is not None for text in texts):
        return Column(name, Kind.NUMBER, np.full(len(texts), np.nan), "empty")
    if tidy and (numbers := numbers_in(texts)) is not None:
        return Column(name, Kind.NUMBER, numbers, "Float64")
    return Column(name, Kind.TEXT, _objects(texts), str(dtype))


def numbers_in(texts: Iterable[str | None]) -> Floats | None:
    """The numbers that all the texts spell, NaN for None; None where a text is not a number.

    >>> numbers_in(["1", None, "2.5"])
    array([1. , nan, 2.5])
    >>> numbers_in(["1", "x"]) is None
    True
    """
    try:
        return np.array([np.nan if text is None else number(text) for text in texts], dtype=np.float64)
    except ValueError:
        return None


def number(text: str) -> float:
    """The number that a text spells, ValueError where it spells none; `1_000` is none, though Python reads it."""
    if "_" in text:
        raise ValueError(text)
    return float(text)


def _truth(cell: Any) -> str | None:
    return None if _is_missing(cell) else str(bool(cell)).lower()


def _all_of(cells: list[Any], kind: type) -> bool:
    present = [cell for cell in cells if not _is_missing(cell)]
    return bool(present) and all(isinstance(cell, kind) for cell in present)


def _is_missing(cell: Any) -> bool:
    """None, NaN, pandas' NA and NaT: only what is missing differs from itself or refuses the question."""
    if cell is None:
        return True
    try:
        return bool(cell != cell)
    except (TypeError, ValueError):
        return type(cell).__name__ == "NAType"


def _objects(values: list[Any]) -> Texts:
    """An object array of exactly these values (np.array would look into lists)."""
    array = np.empty(len(values), dtype=object)
    array[:] = values
    return array
