"""Prints index notation: the tree of `matrix.entries` in one style."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Protocol

from handgrad.expr import Expr, Symbol
from handgrad.functions import AnyFunction
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
    is_negative,
)

SUM, PRODUCT, ATOM = 0, 1, 3  # as in `printer`
Printed = tuple[str, int]


class Signs(Protocol):
    """What index notation needs of a style."""

    matmul: str
    minus: str
    plus: str

    def number(self, value: Fraction) -> str:
        """A non-negative rational."""

    def brackets(self, inner: str) -> str:
        """Round brackets."""

    def fraction(self, over: str, under: str, *, over_holds: bool, under_holds: bool) -> str:
        """A quotient."""

    def power(self, inner: str, exponent: Fraction, elementwise: bool) -> str:
        """An atom to a power."""

    def root(self, inner: str, holds: bool) -> str:
        """A square root."""

    def apply(self, function: AnyFunction, args: Sequence[str]) -> str:
        """A function applied."""

    def entry(self, name: str, letters: tuple[str, ...]) -> str:
        """An entry of a tensor."""

    def indexed_sum(self, letters: str, inner: str) -> str:
        """A sum over index letters."""

    def condition(self, left: str, relation: str, right: str) -> str:
        """Iverson's bracket."""


class IndexPrinter:
    """Prints entries in one style; `whole` prints what is not indexed any further."""

    def __init__(self, style: Signs, whole: Callable[[Expr], Printed]) -> None:
        self.style = style
        self.whole = whole

    def entry(self, entry: Entry) -> Printed:
        """What an entry looks like and how tightly it holds."""
        match entry:
            case Constant():
                sign = self.style.minus.strip() if entry.value < 0 else ""
                return sign + self.style.number(abs(entry.value)), SUM if sign else ATOM
            case Picked():
                return self._picked(entry)
            case Combination():
                return self._combination(entry)
            case Quotient():
                return self._quotient(entry)
            case Summed():
                letters = ",".join(letter for letter, _ in entry.letters)
                return self.style.indexed_sum(letters, self._held(entry.body, PRODUCT)), PRODUCT
            case Raised():
                text, holds = self.entry(entry.base)
                if entry.exponent == Fraction(1, 2):
                    return self.style.root(text, holds >= ATOM), ATOM
                return self.style.power(self._held(entry.base, ATOM), entry.exponent, False), ATOM
            case Applied():
                closed = entry.function.notation.closed
                args = [self.entry(arg)[0] if closed else self._held(arg, ATOM) for arg in entry.args]
                return self.style.apply(entry.function, args), ATOM
            case Condition():
                return self._condition(entry), ATOM

    def _held(self, entry: Entry, tightness: int) -> str:
        text, holds = self.entry(entry)
        return text if holds >= tightness else self.style.brackets(text)

    def _picked(self, entry: Picked) -> Printed:
        text, holds = self.whole(entry.expr)
        if not entry.expr.shape:
            return text, holds
        name = text if holds >= ATOM or isinstance(entry.expr, Symbol) else self.style.brackets(text)
        shown = zip(entry.places, entry.expr.shape, strict=True)
        return self.style.entry(name, tuple(self._place(p) for p, size in shown if not size.is_one)), ATOM

    def _combination(self, entry: Combination) -> Printed:
        text = ""
        for c, term in entry.terms:
            sign = self.style.minus if c < 0 else self.style.plus
            if isinstance(term, Constant):
                body = self.style.number(abs(c) * term.value)
            else:
                body = self._held(term, PRODUCT)
                body = body if abs(c) == 1 else f"{self.style.number(abs(c))}{self.style.matmul}{body}"
            text += (sign if text else sign.strip() if c < 0 else "") + body
        return text, SUM if len(entry.terms) > 1 or entry.terms[0][0] < 0 else PRODUCT

    def _quotient(self, entry: Quotient) -> Printed:
        over = [self._held(part, PRODUCT if not isinstance(part, Summed) else ATOM) for part in entry.over]
        text = self.style.matmul.join(over) or "1"
        if not entry.under:
            return text, PRODUCT
        one = len(entry.under) == 1
        bottom = self.style.matmul.join(self.entry(p)[0] if one else self._held(p, PRODUCT) for p in entry.under)
        holds = one and self.entry(entry.under[0])[1] >= ATOM
        return self.style.fraction(text, bottom, over_holds=True, under_holds=holds), PRODUCT

    def _condition(self, entry: Condition) -> str:
        if entry.within is not None:
            return self.style.condition(f"0 ≤ {self._place(entry.left)}", "<", str(entry.within))
        return self.style.condition(self._place(entry.left), entry.relation, self._place(entry.right))

    def _place(self, place: Place) -> str:
        """Positive letters first, the number last: j − 2i + 1."""
        named = [(name if isinstance(name, str) else self._picked(name)[0], count) for name, count in place.terms]
        text = ""
        for name, count in sorted(named, key=lambda item: (is_negative(item[1]), item[0])):
            negative = is_negative(count)
            size = str(count * -1 if negative else count).replace(" ", "")
            size = "" if size == "1" else size if size.isalnum() else f"({size})"
            text += ("-" if negative else "+" if text else "") + size + name
        offset = str(place.offset).replace(" ", "")
        if not text:
            return offset
        return text if not place.offset.terms else text + (offset if offset.startswith("-") else f"+{offset}")
