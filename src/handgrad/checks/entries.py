"""The value of index notation as it is printed: every letter is an axis, every sum runs over its letter's axis."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from handgrad.axes import Count
from handgrad.evaluate import Point
from handgrad.expr import Expr
from handgrad.functions import Array
from handgrad.matrix.entries import (
    Applied,
    Combination,
    Condition,
    Constant,
    Entry,
    Picked,
    Place,
    Quotient,
    Raised,
    Summed,
    entry_of,
)


def entries_value(expr: Expr, letters: Sequence[str], point: Point, whole: Callable[[Expr], Array]) -> Array:
    """The tensor whose entries index notation gives; `whole` is the value of what is not taken apart."""
    shape = point.shape(expr)
    grids = dict(zip(letters, np.indices(shape, sparse=True), strict=True))
    entry: Entry = expr.remember(f"entry at {letters}", lambda node: entry_of(node, letters))
    return np.broadcast_to(_Entries(point, whole).of(entry, grids), shape)


class _Entries:
    """Values over the grids of the letters: each letter has an axis of its own, the newest in front."""

    def __init__(self, point: Point, whole: Callable[[Expr], Array]) -> None:
        self.point = point
        self.whole = whole

    def of(self, entry: Entry, grids: dict[str, Array]) -> Array:
        match entry:
            case Constant():
                return np.asarray(float(entry.value))
            case Picked():
                return self._picked(entry, grids)
            case Combination():
                return np.asarray(sum((float(c) * self.of(term, grids) for c, term in entry.terms), start=np.zeros(())))
            case Quotient():
                result: Array = np.ones(())
                for part in entry.over:
                    result = result * self.of(part, grids)
                for part in entry.under:
                    result = result / self.of(part, grids)
                return result
            case Summed():
                return self._summed(entry, grids)
            case Raised():
                base = self.of(entry.base, grids)
                return np.sqrt(base) if entry.exponent * 2 == 1 else np.asarray(base ** float(entry.exponent))
            case Applied():
                args = np.broadcast_arrays(*(self.of(arg, grids) for arg in entry.args))
                return np.asarray(entry.function.evaluate(tuple(args), self.point.functions))
            case Condition():
                left = self._place(entry.left, grids)
                if entry.within is not None:
                    inside = (left >= 0) & (left < entry.within.length(self.point.sizes))
                    return np.asarray(inside, dtype=float)
                right: Array = self._place(entry.right, grids)
                return np.asarray(left <= right if entry.relation == "≤" else left == right, dtype=float)

    def _summed(self, entry: Summed, grids: dict[str, Array]) -> Array:
        lengths = [size.length(self.point.sizes) for _, size in entry.letters]
        rank = max((grid.ndim for grid in grids.values()), default=0)
        inner = dict(grids)
        for k, ((letter, _), length) in enumerate(zip(entry.letters, lengths, strict=True)):
            after = rank + len(lengths) - k - 1
            inner[letter] = np.arange(length).reshape((length,) + (1,) * after)
        over, under = (entry.body.over, entry.body.under) if isinstance(entry.body, Quotient) else ((entry.body,), ())
        parts = [self.of(part, inner) for part in over] + [1 / self.of(part, inner) for part in under]
        ones = [np.ones(inner[letter].shape) for letter, _ in entry.letters]  # a letter may stand in no part
        return _summed_product([*parts, *ones], rank)

    def _picked(self, entry: Picked, grids: dict[str, Array]) -> Array:
        array = self.whole(entry.expr)
        if not entry.places:
            return array
        places = [self._place(place, grids) for place in entry.places]
        letters = [place.lone for place in entry.places]
        if all(x and grids[x].size == n for x, n in zip(letters, array.shape, strict=True)):  # each runs over its axis
            whole: Array = array[tuple(places)]
            return whole
        inside = np.ones((), dtype=bool)
        for place, length in zip(places, array.shape, strict=True):
            inside = inside & (place >= 0) & (place < length)
        taken = array[tuple(np.clip(p, 0, n - 1) for p, n in zip(places, array.shape, strict=True))]
        return np.where(inside, taken, 0.0)

    def _place(self, place: Place, grids: dict[str, Array]) -> Array:
        if place.lone:
            return grids[place.lone]
        total: Array = np.asarray(self._number(place.offset))
        for name, count in place.terms:
            grid = grids[name] if isinstance(name, str) else np.real(self._picked(name, grids)).astype(int)
            total = total + self._number(count) * grid
        return total

    def _number(self, count: Count) -> int:
        return count.value(self.point.sizes)


def _summed_product(parts: Sequence[Array], rank: int) -> Array:
    """The sum, over all axes but the last `rank` ones, of a product of arrays that broadcast; small ones first."""
    full = np.broadcast_shapes(*(part.shape for part in parts))
    operands: list[Any] = []
    for part in parts:
        labels = [len(full) - part.ndim + k for k, length in enumerate(part.shape) if length > 1]
        operands += [part.reshape([length for length in part.shape if length > 1]), labels]
    kept = range(len(full) - min(rank, len(full)), len(full))
    used = {label for labels in operands[1::2] for label in labels}
    total: Array = np.einsum(*operands, [k for k in kept if k in used], optimize="greedy")
    return total.reshape([full[k] if k in used else 1 for k in kept])
