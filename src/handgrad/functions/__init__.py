"""The table of functions: one record a function, found here by any of its spellings."""

from __future__ import annotations

from handgrad.functions import along, elementwise, matrix, over, several
from handgrad.functions.abstract import AbstractCost, AbstractFunction
from handgrad.functions.record import (
    AlongAxis,
    Array,
    Elementwise,
    Layout,
    Line,
    MatrixFunction,
    Notation,
    Reduction,
    Surrogate,
)

Named = Elementwise | AlongAxis | MatrixFunction | Reduction
AnyFunction = Named | AbstractFunction | AbstractCost
RECORDS: tuple[Named, ...] = (*elementwise.TABLE, *several.TABLE, *along.TABLE, *over.TABLE, *matrix.TABLE)
BY_SPELLING: dict[str, Named] = {
    spelling: record for record in RECORDS for spelling in record.spellings
}

__all__ = [
    "BY_SPELLING",
    "RECORDS",
    "AbstractCost",
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
    "Reduction",
    "Surrogate",
]
