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

BY_SPELLING: dict[str, Elementwise | AlongAxis] = {
    spelling: record for record in (*elementwise.TABLE, *along.TABLE) for spelling in record.spellings
}

__all__ = [
    "BY_SPELLING",
    "AbstractFunction",
    "AlongAxis",
    "AnyFunction",
    "Array",
    "Elementwise",
    "Line",
    "Notation",
    "Surrogate",
]
