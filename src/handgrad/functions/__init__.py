"""The table of functions: one record a function, found here by any of its spellings."""

from __future__ import annotations

from handgrad.functions import along, elementwise
from handgrad.functions.record import (
    AbstractFunction,
    AlongAxis,
    AnyFunction,
    Array,
    Elementwise,
    Line,
    Notation,
    Surrogate,
)

RECORDS: tuple[Elementwise | AlongAxis, ...] = (*elementwise.TABLE, *along.TABLE)
BY_SPELLING: dict[str, Elementwise | AlongAxis] = {
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
    "Line",
    "Notation",
    "Surrogate",
]
