"""How a constant window of two axes is written: as rows of the identity matrix, X[1:] for I[1:] X."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from handgrad.axes import Count
from handgrad.expr import Expr, Window


@dataclass(frozen=True, slots=True)
class Taken:
    """The rows of a matrix that a window takes: by `index`, or from `start` in steps, `count` of `whole`.

    `forward` is False where the window's columns are the rows that are taken: it puts them back in place.
    """

    start: Count
    step: int
    count: Count | None  # None for a single row
    whole: Count
    index: Expr | None
    forward: bool

    def subscript(self, spell: Callable[[Expr], str]) -> str:
        """The slice as NumPy writes it; `spell` prints an index."""
        if self.index is not None:
            return spell(self.index)
        if self.count is None:
            return _from_end(self.start, self.whole)
        if self.step == -1:
            return "::-1"
        end = self.start + (self.count - 1) * self.step + 1
        past = (end - self.whole).number
        first = "" if self.start.number == 0 else _from_end(self.start, self.whole)
        last = "" if (past is not None and past >= 0) or self.step > 1 else _from_end(end, self.whole)
        return f"{first}:{last}" + (f":{self.step}" if self.step > 1 else "")


def _from_end(place: Count, whole: Count) -> str:
    back = (place - whole).number
    return str(back) if back is not None and back < 0 else str(place).replace(" ", "")


def rows_of(window: Window) -> Taken | None:
    """What a window takes, where it is a slice, a reversal, one place or a choice by index."""
    if window.triangle or any(c.number is None for c in window.coefficients):
        return None
    numbers = tuple(c.number for c in window.coefficients)
    sizes = tuple(map(Count.of, window.shape))
    if window.index is not None:
        plain = window.index.rank == 1 and numbers == (0, 1) and not window.offset.terms
        return Taken(window.offset, 1, sizes[0], sizes[1], window.index, True) if plain else None
    if numbers == (1,):
        return Taken(window.offset * -1, 1, None, sizes[0], None, True)
    if numbers == (1, 1):
        reverse = sizes[0] == sizes[1] and window.offset == 1 - sizes[0]
        return Taken(Count.of(0), -1, sizes[0], sizes[0], None, True) if reverse else None
    for old, new in ((1, 0), (0, 1)) if len(numbers) == 2 else ():
        step = numbers[new]
        if numbers[old] == 1 and step is not None and step < 0:
            return Taken(window.offset * -1, -step, sizes[new], sizes[old], None, old == 1)
    return None


def mask(window: Window) -> str | None:
    """A triangle of ones: tril(1 1ᵀ) or triu(1 1ᵀ), with the number of its diagonal where it is not the main one."""
    numbers = tuple(c.number for c in window.coefficients)
    if not window.triangle or numbers not in ((-1, 1), (1, -1)):
        return None
    lower = numbers == (-1, 1)
    diagonal = window.offset * -1 if lower else window.offset
    shift = f", {diagonal}" if diagonal.terms else ""
    return f"{'tril' if lower else 'triu'}(1 1ᵀ{shift})"
