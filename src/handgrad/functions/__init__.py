"""The table of functions: one record a function, found here by any of its spellings."""

from __future__ import annotations

from handgrad.functions import along, elementwise, matrix
from handgrad.functions.record import (
    AbstractFunction,
    AlongAxis,
    AnyFunction,
    Array,
    Elementwise,
    Layout,
    Line,
    MatrixFunction,
    Notation,
    Surrogate,
)

Named = Elementwise | AlongAxis | MatrixFunction
RECORDS: tuple[Named, ...] = (*elementwise.TABLE, *along.TABLE, *matrix.TABLE)
BY_SPELLING: dict[str, Named] = {
    spelling: record for record in RECORDS for spelling in record.spellings
}

__all__ = [
    "BY_SPELLING",
    "RECORDS",
    "AbstractFunction",
    "AlongAxis",
    "AnyFunction",
    "Array",
    "Elementwise",
    "Layout",
    "Line",
    "MatrixFunction",
    "Named",
    "Notation",
    "Surrogate",
]
