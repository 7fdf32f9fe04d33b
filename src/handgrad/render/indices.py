"""Index notation: an entry of a tensor in letters, for what has no matrix form.

Letters follow the axes: i, j, k for the axes of the result in order, further ones for what is summed. A window
that ties a summed index to others is not printed: Σⱼₖ w[k] x[j] with j = i + k is Σₖ w[k] x[i + k], where an entry
outside x is 0. A condition that stays is Iverson's bracket, 1 where it holds and 0 elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from fractions import Fraction
from typing import Protocol

from handgrad.axes import Count
from handgrad.canonical import as_number
from handgrad.expr import UNIT, Call, Expr, Extent, Operand, Power, Product, Sum, Symbol, Window
from handgrad.functions import AnyFunction, Elementwise

LETTERS = "ijklpqrstuvabcdefgh"
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

    def apply(self, function: AnyFunction, args: list[str]) -> str:
        """A function applied."""

    def entry(self, name: str, letters: tuple[str, ...]) -> str:
        """An entry of a tensor."""

    def indexed_sum(self, letters: str, inner: str) -> str:
        """A sum over index letters."""

    def condition(self, left: str, relation: str, right: str) -> str:
        """Iverson's bracket."""


@dataclass(frozen=True, slots=True)
class Place:
    """A place along an axis: whole multiples of letters, and a number."""

    letters: tuple[tuple[str, Count], ...]
    offset: Count

    @staticmethod
    def letter(name: str) -> Place:
        """The place that a letter names."""
        return Place(((name, Count.of(1)),), Count.of(0))

    def coefficient(self, name: str) -> Count:
        """What a letter is multiplied with."""
        return dict(self.letters).get(name, Count.of(0))

    def plus(self, other: Place, factor: Count) -> Place:
        """self + factor · other."""
        total = dict(self.letters)
        for name, count in other.letters:
            total[name] = total.get(name, Count.of(0)) + count * factor
        kept = tuple((name, count) for name, count in total.items() if count.terms)
        return Place(kept, self.offset + other.offset * factor)

    def with_letter(self, name: str, place: Place) -> Place:
        """The place with another in place of a letter."""
        rest = Place(tuple((n, c) for n, c in self.letters if n != name), self.offset)
        return rest.plus(place, self.coefficient(name))

    def __str__(self) -> str:
        """Positive letters first, the number last: j − 2i + 1."""
        shown = sorted(self.letters, key=lambda item: (_negative(item[1]), item[0]))
        text = ""
        for name, count in shown:
            negative = _negative(count)
            size = str(count * -1 if negative else count).replace(" ", "")
            size = "" if size == "1" else size if size.isalnum() else f"({size})"
            text += ("-" if negative else "+" if text else "") + size + name
        offset = str(self.offset).replace(" ", "")
        if not text:
            return offset
        return text if not self.offset.terms else text + (offset if offset.startswith("-") else f"+{offset}")


def _negative(count: Count) -> bool:
    return bool(count.terms) and all(c < 0 for _, c in count.terms)


class IndexPrinter:
    """Prints entries in one style; `whole` prints what is not indexed any further."""

    def __init__(self, style: Signs, whole: Callable[[Expr], Printed]) -> None:
        self.style = style
        self.whole = whole
        self.used: set[str] = set()

    def entry(self, expr: Expr, letters: tuple[str, ...]) -> Printed:
        """The entry of an expression at index letters, one for each axis."""
        self.used.update(letters)
        at = tuple(map(Place.letter, letters))
        return self._product(expr, at) if isinstance(expr, Product) else self._entry(expr, at)

    def _entry(self, expr: Expr, at: tuple[Place, ...]) -> Printed:
        number = as_number(expr)
        if number is not None:
            sign = self.style.minus.strip() if number < 0 else ""
            return sign + self.style.number(abs(number)), SUM if sign else ATOM
        if not expr.shape:
            return self.whole(expr)
        match expr:
            case Sum():
                return self._sum(expr, at)
            case Product():
                return self._product(expr, at)
            case Power():
                return self._power(self._entry(expr.base, at), expr.exponent)
            case Call() if isinstance(expr.function, Elementwise):
                closed = expr.function.notation.closed
                args = [self._entry(arg, at)[0] if closed else self._held(arg, at, ATOM) for arg in expr.args]
                return self.style.apply(expr.function, args), ATOM
            case Window():
                return self._condition(expr, at), ATOM
        name, holds = self.whole(expr)
        name = name if holds >= ATOM or isinstance(expr, Symbol) else self.style.brackets(name)
        return self.style.entry(name, tuple(str(p) for p, s in zip(at, expr.shape, strict=True) if not s.is_one)), ATOM

    def _held(self, expr: Expr, at: tuple[Place, ...], tightness: int) -> str:
        text, holds = self._entry(expr, at)
        return text if holds >= tightness else self.style.brackets(text)

    def _power(self, base: Printed, exponent: Fraction) -> Printed:
        text, holds = base
        if exponent < 0:
            under, tight = self._power(base, -exponent)
            return self.style.fraction("1", under, over_holds=True, under_holds=tight >= ATOM), PRODUCT
        if exponent == 1:
            return base
        if exponent == Fraction(1, 2):
            return self.style.root(text, holds >= ATOM), ATOM
        return self.style.power(text if holds >= ATOM else self.style.brackets(text), exponent, False), ATOM

    def _sum(self, expr: Sum, at: tuple[Place, ...]) -> Printed:
        text = ""
        for c, term in sorted(expr.terms, key=lambda item: item[0] < 0):
            sign = self.style.minus if c < 0 else self.style.plus
            number = as_number(term)
            body = self.style.number(abs(c)) if number == 1 else self._held(term, at, PRODUCT)
            if abs(c) != 1 and number != 1:
                body = f"{self.style.number(abs(c))}{self.style.matmul}{body}"
            text += (sign if text else sign.strip() if c < 0 else "") + body
        return text, SUM if len(expr.terms) > 1 or expr.terms[0][0] < 0 else PRODUCT

    def _product(self, expr: Product, at: tuple[Place, ...]) -> Printed:
        places: dict[int, Place] = {}
        factors: list[str] = []
        for label, place in zip(expr.out, at, strict=True):
            if label in places and label != UNIT:
                factors.append(self.style.condition(str(places[label]), "=", str(place)))
            elif label != UNIT:
                places[label] = place
        summed: list[str] = []
        for label in range(len(expr.sizes)):
            if label not in places:
                letter = next(x for x in LETTERS if x not in self.used)
                self.used.add(letter)
                summed.append(letter)
                places[label] = Place.letter(letter)
        windows = [(o, labels) for o, labels in expr.operands if isinstance(o, Window) and not o.triangle]
        bounded = {label for o, labels in expr.operands if not isinstance(o, Window) for label in labels}
        kept = []
        for window in windows:
            if not self._tie(*window, places, summed, bounded):
                kept.append(window)
        over: list[str] = []
        under: list[Printed] = []
        for operand, labels in sorted(expr.operands, key=_reading_order):
            if isinstance(operand, Window) and not operand.triangle:
                if (operand, labels) in kept:
                    over.append(self._kept(expr, operand, labels, places, summed, bounded))
                continue
            inner = tuple(places.get(label, Place.letter("1")) for label in labels)
            if isinstance(operand, Power) and operand.exponent < 0:
                under.append(self._power(self._entry(operand.base, inner), -operand.exponent))
            elif isinstance(operand, Extent):
                over.insert(0, self._held(operand, inner, PRODUCT))
            else:
                over.append(self._held(operand, inner, PRODUCT if not isinstance(operand, Product) else ATOM))
        self.used.difference_update(summed)
        text = self.style.matmul.join(over + factors) or "1"
        if under:
            one = len(under) == 1
            bottom = self.style.matmul.join(t if h > SUM or one else self.style.brackets(t) for t, h in under)
            holds = one and under[0][1] >= ATOM
            text = self.style.fraction(text, bottom, over_holds=True, under_holds=holds)
        return (self.style.indexed_sum(",".join(summed), text) if summed else text), PRODUCT

    def _kept(
        self,
        product: Product,
        window: Window,
        labels: tuple[int, ...],
        places: dict[int, Place],
        summed: list[str],
        bounded: set[int],
    ) -> str:
        """The condition of a window; a summed letter that nothing else has is left out: 0 ≤ k − 2p < 2."""
        at = tuple(places.get(label, Place.letter("1")) for label in labels)
        relation = self._relation(window, at)
        used = [label for _, inner in product.operands for label in inner]
        for label, place in zip(labels, at, strict=True):
            name = str(place)
            sign = relation.coefficient(name).number
            if label not in bounded and name in summed and used.count(label) == 1 and sign in (1, -1):
                rest = Place(tuple((n, c) for n, c in relation.letters if n != name), relation.offset)
                solved = Place((), Count.of(0)).plus(rest, Count.of(-1 if sign == 1 else 1))
                summed.remove(name)
                return self.style.condition(f"0 ≤ {solved}", "<", str(product.sizes[label]))
        return self._condition(window, at)

    def _relation(self, window: Window, at: Iterable[Place]) -> Place:
        at = tuple(at)
        total = Place((), window.offset)
        for coefficient, place in zip(window.coefficients, at, strict=True):
            total = total.plus(place, coefficient)
        if window.index is not None:
            index = self._entry(window.index, at[: window.index.rank])[0]
            total = total.plus(Place.letter(index), Count.of(-1))
        return total

    def _tie(
        self,
        window: Window,
        labels: tuple[int, ...],
        places: dict[int, Place],
        summed: list[str],
        bounded: set[int],
    ) -> bool:
        """Write a summed letter by the others that the window ties it to; False where there is none."""
        relation = self._relation(window, (places.get(label, Place((), Count.of(0))) for label in labels))
        by_index = () if window.index is None else labels[: window.index.rank]
        inside = {name for label in by_index if label != UNIT for name, _ in places[label].letters}
        tied = {n for label in labels if label in bounded for n, _ in places[label].letters} - inside
        free = [(n, c.number) for n, c in relation.letters if n in summed and n in tied and c.number in (1, -1)]
        if not free:
            return False
        name, sign = max(free, key=lambda item: item[0])
        rest = Place(tuple((n, c) for n, c in relation.letters if n != name), relation.offset)
        solved = Place((), Count.of(0)).plus(rest, Count.of(-1 if sign == 1 else 1))
        for label, place in places.items():
            places[label] = place.with_letter(name, solved)
        summed.remove(name)
        return True

    def _condition(self, window: Window, at: tuple[Place, ...]) -> str:
        relation = self._relation(window, at)
        minus = tuple((n, c * -1) for n, c in relation.letters if _negative(c))
        plus = tuple((n, c) for n, c in relation.letters if not _negative(c))
        left, right = Place(plus, Count.of(0)), Place(minus, relation.offset * -1)
        return self.style.condition(str(left), "≤" if window.triangle else "=", str(right))


def _reading_order(operand: Operand) -> tuple[bool, bool, tuple[int, ...]]:
    """Gradients first, conditions last, else as the letters come."""
    expr, labels = operand
    return isinstance(expr, Window), not (isinstance(expr, Symbol) and expr.partial is not None), labels
