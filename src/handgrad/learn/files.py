"""Reading a table's file: the delimiter, ragged lines, the encoding, and what counts as missing.

polars pads a short line in silence and renames a repeated column, so the file's structure is checked with the
standard csv module first; line numbers in messages are those of the file.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from handgrad.errors import DataError

MISSING = ("", "NA", "N/A", "n/a", "NaN", "nan", "NAN", "null", "NULL", "#N/A", "?")
PARQUET = (".parquet", ".pq")
_DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab"}
_TEXT_SUFFIXES = {".csv": ",", ".tsv": "\t", ".txt": ",", ".tab": "\t", ".data": ","}
csv.field_size_limit(2**27)


@dataclass(frozen=True, slots=True)
class _Structure:
    """What the first pass over the file found."""

    header: tuple[str, ...]
    blank_lines: int


def read_file(path: Path) -> tuple[pl.DataFrame, tuple[str, ...]]:
    """The frame of a CSV, TSV or Parquet file, text cells stripped, and notes on what was done to read it."""
    if not path.exists():
        raise DataError(f"there is no file {path}", remedy="check the path")
    if path.is_dir():
        raise DataError(f"{path} is a directory", remedy="name the table's file: .csv, .tsv or .parquet")
    suffix = path.suffix.lower()
    if suffix in PARQUET:
        return _parquet(path), ()
    if suffix not in _TEXT_SUFFIXES:
        raise DataError(f"{path.name} is not a table that can be read", remedy="use .csv, .tsv or .parquet")
    return _delimited(path, _TEXT_SUFFIXES[suffix])


def _parquet(path: Path) -> pl.DataFrame:
    try:
        return pl.read_parquet(path)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise DataError(f"{path.name} is not a readable Parquet file: {_first_line(error)}") from error


def _delimited(path: Path, expected: str) -> tuple[pl.DataFrame, tuple[str, ...]]:
    text = _text(path)
    delimiter = _delimiter(text, expected)
    structure = _structure(path.name, text, delimiter)
    notes = []
    if delimiter != expected:
        notes.append(f"{path.name} is separated by {_DELIMITERS[delimiter]}s")
    try:
        frame = pl.read_csv(
            text.lstrip("\r\n").encode(),
            separator=delimiter,
            infer_schema_length=None,  # the whole file decides a column's type, not its first rows
            null_values=list(MISSING),
            new_columns=list(structure.header),
        )
    except pl.exceptions.PolarsError as error:
        raise DataError(f"{path.name} cannot be read as a table: {_first_line(error)}") from error
    frame = frame.with_columns(pl.col(pl.String).str.strip_chars().replace(list(MISSING), [None] * len(MISSING)))
    if structure.blank_lines and len(structure.header) > 1:
        frame = frame.filter(~pl.all_horizontal(pl.all().is_null()))
        notes.append(f"{path.name}: {structure.blank_lines} blank lines are skipped")
    return frame, tuple(notes)


def _text(path: Path) -> str:
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise DataError(
            f"{path.name}, line {line}: byte 0x{error.object[error.start]:02x} is not UTF-8",
            remedy=f"save the file as UTF-8, for example: iconv -f latin1 -t utf-8 {path.name}",
        ) from error
    if "\0" in text:
        raise DataError(f"{path.name} is not a text file", remedy="use .csv, .tsv or .parquet")
    if not text.strip():
        raise DataError(f"{path.name} is empty", remedy="a table needs a header line and one row for each example")
    return text


def _delimiter(text: str, expected: str) -> str:
    """The expected delimiter, or the one of the three that the header line has instead."""
    header = text.lstrip().partition("\n")[0]
    if expected in header:
        return expected
    return max(_DELIMITERS, key=lambda each: (header.count(each), each == expected))


def _structure(name: str, text: str, delimiter: str) -> _Structure:
    reader = csv.reader(_lines(text), delimiter=delimiter, strict=True)
    try:
        header = tuple(cell.strip() for cell in next(row for row in reader if row))
        _check_header(name, header)
        blank = 0
        for row in reader:
            if not row:
                blank += 1
            elif len(row) != len(header):
                raise DataError(
                    f"{name}, line {reader.line_num}: {len(row)} cells where the header has {len(header)}",
                    remedy="give every line as many cells as the header; quote cells that hold the delimiter",
                )
    except csv.Error as error:
        raise DataError(
            f"{name}, line {reader.line_num}: {error}", remedy="close every quoted cell with a quote"
        ) from error
    return _Structure(header, blank)


def _check_header(name: str, header: tuple[str, ...]) -> None:
    for number, column in enumerate(header):
        if not column:
            raise DataError(f"{name}: column {number + 1} has no name", remedy="name it in the header line")
        if column in header[:number]:
            first = header.index(column) + 1
            raise DataError(
                f"{name}: columns {first} and {number + 1} are both named {column!r}", remedy="rename one of them"
            )


def _lines(text: str) -> Iterator[str]:
    """The lines with their ends, without a second copy of the whole text."""
    start = 0
    while start < len(text):
        end = text.find("\n", start) + 1 or len(text)
        yield text[start:end]
        start = end


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0]
