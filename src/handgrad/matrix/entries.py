"""Index notation as data: the entry of a tensor at index letters, for what has no matrix form.

Letters follow the axes: i, j, k for the axes of the result in order, further ones for what is summed. A window
that ties a summed index to others is left out: Σⱼₖ w[k] x[j] with j = i + k is Σₖ w[k] x[i + k], where an entry
outside x is 0. A condition that stays is Iverson's bracket, 1 where it holds and 0 elsewhere. The tree made here is
printed by `render.indices` and evaluated by `checks.entries`, so that what is printed is what was checked.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from handgrad.axes import Count, Size
from handgrad.canonical import as_number
from handgrad.expr import UNIT, Call, Expr, Extent, Operand, Power, Product, Sum, Symbol, Window
from handgrad.functions import AnyFunction, Elementwise

LETTERS = "ijklpqrstuvabcdefgh"


@dataclass(frozen=True, slots=True)
class Place:
    """A place along an axis: multiples of letters and of chosen numbers idx[i], and a number."""

    terms: tuple[tuple[str | Picked, Count], ...]
    offset: Count

    @staticmethod
    def letter(name: str | Picked) -> Place:
        """The place that a letter names."""
        return Place(((name, Count.of(1)),), Count.of(0))

    @property
    def letters(self) -> frozenset[str]:
        """The letters that stand in it, also inside a chosen number."""
        inner = [{name} if isinstance(name, str) else name.letters for name, _ in self.terms]
        return frozenset().union(*inner)

    @property
    def lone(self) -> str:
        """The letter that it is and nothing more, or nothing."""
        if len(self.terms) != 1 or self.offset.terms:
            return ""
        name, count = self.terms[0]
        return name if isinstance(name, str) and count.number == 1 else ""

    def coefficient(self, name: str) -> Count:
        """What a letter is multiplied with."""
        return dict(self.terms).get(name, Count.of(0))

    def plus(self, other: Place, factor: Count) -> Place:
        """self + factor · other."""
        total = dict(self.terms)
        for name, count in other.terms:
            total[name] = total.get(name, Count.of(0)) + count * factor
        return Place(tuple((n, c) for n, c in total.items() if c.terms), self.offset + other.offset * factor)

    def without(self, name: str) -> Place:
        """The place less the multiple of a letter."""
        return Place(tuple((n, c) for n, c in self.terms if n != name), self.offset)

    def with_letter(self, name: str, place: Place) -> Place:
        """The place with another in place of a letter, also inside a chosen number."""
        inner = tuple((n if isinstance(n, str) else n.with_letter(name, place), c) for n, c in self.terms if n != name)
        return Place(inner, self.offset).plus(place, self.coefficient(name))


NOWHERE = Place((), Count.of(0))


@dataclass(frozen=True, slots=True)
class Constant:
    """A rational number."""

    value: Fraction


@dataclass(frozen=True, slots=True)
class Picked:
    """An entry of a tensor that is not taken apart; a scalar has no places. Outside the tensor it is 0."""

    expr: Expr
    places: tuple[Place, ...]

    @property
    def letters(self) -> frozenset[str]:
        """The letters of its places."""
        return frozenset().union(*(place.letters for place in self.places))

    def with_letter(self, name: str, place: Place) -> Picked:
        """The same entry with another place in place of a letter."""
        return Picked(self.expr, tuple(own.with_letter(name, place) for own in self.places))


@dataclass(frozen=True, slots=True)
class Combination:
    """Σ c · entry."""

    terms: tuple[tuple[Fraction, Entry], ...]


@dataclass(frozen=True, slots=True)
class Quotient:
    """The product of `over` divided by that of `under`."""

    over: tuple[Entry, ...]
    under: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class Summed:
    """The sum over letters, each as long as its axis."""

    letters: tuple[tuple[str, Size], ...]
    body: Entry


@dataclass(frozen=True, slots=True)
class Raised:
    """A power with a positive exponent."""

    base: Entry
    exponent: Fraction


@dataclass(frozen=True, slots=True)
class Applied:
    """A scalar function of the table."""

    function: AnyFunction
    args: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class Condition:
    """1 where left = right, left ≤ right, or 0 ≤ left < the size `within`; else 0."""

    left: Place
    right: Place
    relation: str
    within: Size | None = None


Entry = Constant | Picked | Combination | Quotient | Summed | Raised | Applied | Condition


def entry_of(expr: Expr, letters: Sequence[str]) -> Entry:
    """The entry of an expression at index letters, one for each axis."""
    builder = _Builder(set(letters))
    at = tuple(map(Place.letter, letters))
    return builder.product(expr, at) if isinstance(expr, Product) else builder.entry(expr, at)


@dataclass(slots=True)
class _Tying:
    """The letters of one product while its windows are worked in."""

    product: Product
    places: dict[int, Place]
    summed: dict[str, Size]
    labels: dict[str, int] = field(default_factory=dict)  # the axis that each summed letter stands for
    bounded: frozenset[int] = field(default_factory=frozenset)  # labels of axes outside of which an operand is 0

    def at(self, labels: Iterable[int]) -> tuple[Place, ...]:
        return tuple(self.places.get(label, NOWHERE) for label in labels)

    def solve(self, relation: Place, name: str) -> Place:
        """The letter by the others, from relation = 0 in which it has the coefficient 1 or −1."""
        sign = relation.coefficient(name).number
        return NOWHERE.plus(relation.without(name), Count.of(-1 if sign == 1 else 1))


@dataclass(slots=True)
class _Builder:
    used: set[str]

    def entry(self, expr: Expr, at: tuple[Place, ...]) -> Entry:
        number = as_number(expr)
        if number is not None:
            return Constant(number)
        if isinstance(expr, Power) and expr.exponent < 0:
            return Quotient((), (_raised(self.entry(expr.base, at), -expr.exponent),))
        if expr.shape:
            match expr:
                case Sum():
                    terms = sorted(expr.terms, key=lambda term: term[0] < 0)
                    return Combination(tuple((c, self.entry(term, at)) for c, term in terms))
                case Product():
                    return self.product(expr, at)
                case Power():
                    return _raised(self.entry(expr.base, at), expr.exponent)
                case Call() if isinstance(expr.function, Elementwise):
                    return Applied(expr.function, tuple(self.entry(arg, at) for arg in expr.args))
                case Window():
                    return self.condition(expr, at)
        return Picked(expr, tuple(p if not s.is_one else NOWHERE for p, s in zip(at, expr.shape, strict=True)))

    def product(self, expr: Product, at: tuple[Place, ...]) -> Entry:
        places: dict[int, Place] = {}
        over: list[Entry] = []
        under: list[Entry] = []
        links: list[Entry] = []
        for label, place in zip(expr.out, at, strict=True):
            if label in places:
                links.append(Condition(places[label], place, "="))
            elif label != UNIT:
                places[label] = place
        tying = _Tying(expr, places, self._fresh(expr, places))
        tying.labels = {str(place.terms[0][0]): k for k, place in places.items() if k not in expr.out}
        tying.bounded = frozenset(k for o, labels in expr.operands if _ends(o) for k in labels) - {UNIT}
        letters = tuple(tying.summed)
        windows = [(o, labels) for o, labels in expr.operands if isinstance(o, Window) and not o.triangle]
        kept = [window for window in windows if not self._tie(*window, tying)]
        for operand, labels in sorted(expr.operands, key=_reading_order):
            if isinstance(operand, Window) and not operand.triangle:
                over += [self._kept(operand, labels, tying)] if (operand, labels) in kept else []
                continue
            part = self.entry(operand, tying.at(labels))
            if isinstance(part, Quotient) and not part.over:
                under += part.under
            elif isinstance(operand, Extent):
                over.insert(0, part)
            else:
                over.append(part)
        self.used.difference_update(letters)
        body = Quotient((*over, *links), tuple(under)) if under or len(over) + len(links) != 1 else (over + links)[0]
        return Summed(tuple(tying.summed.items()), body) if tying.summed else body

    def _fresh(self, expr: Product, places: dict[int, Place]) -> dict[str, Size]:
        """A letter for each label that is summed; `places` is filled."""
        summed: dict[str, Size] = {}
        for label, size in enumerate(expr.sizes):
            if label not in places:
                letter = next(x for x in (*LETTERS, *LETTERS.upper()) if x not in self.used)
                self.used.add(letter)
                summed[letter] = size
                places[label] = Place.letter(letter)
        return summed

    def _relation(self, window: Window, at: tuple[Place, ...]) -> Place:
        total = Place((), window.offset)
        for coefficient, place in zip(window.coefficients, at, strict=True):
            total = total.plus(place, coefficient)
        if window.index is not None:
            total = total.plus(Place.letter(Picked(window.index, at[: window.index.rank])), Count.of(-1))
        return total

    def _tie(self, window: Window, labels: tuple[int, ...], tying: _Tying) -> bool:
        """Write a summed letter by the others that the window ties it to; False where there is none.

        Only a letter of an axis that another operand has can go: outside that axis the operand is 0.
        """
        relation = self._relation(window, tying.at(labels))
        chosen = [place.letters for name, _ in relation.terms if isinstance(name, Picked) for place in name.places]
        tied = {own for own, label in tying.labels.items() if label in tying.bounded}
        free = [
            name
            for name, count in relation.terms
            if isinstance(name, str) and name in tying.summed and name in tied and count.number in (1, -1)
            and not any(name in letters for letters in chosen)
        ]  # fmt: skip
        if not free:
            return False
        name = max(free)
        solved = tying.solve(relation, name)
        for label, place in tying.places.items():
            tying.places[label] = place.with_letter(name, solved)
        del tying.summed[name]
        return True

    def _kept(self, window: Window, labels: tuple[int, ...], tying: _Tying) -> Entry:
        """The condition of a window; a summed letter that nothing else has is left out: 0 ≤ k − 2p < 2."""
        at = tying.at(labels)
        relation = self._relation(window, at)
        used = [label for _, inner in tying.product.operands for label in inner]
        for label, place in zip(labels, at, strict=True):
            name = next(iter(place.letters), "")
            alone = place == Place.letter(name) and name in tying.summed and used.count(label) == 1
            if alone and label not in tying.bounded and relation.coefficient(name).number in (1, -1):
                del tying.summed[name]
                return Condition(tying.solve(relation, name), NOWHERE, "<", tying.product.sizes[label])
        return self.condition(window, at)

    def condition(self, window: Window, at: tuple[Place, ...]) -> Condition:
        """Positive multiples on the left, negative ones on the right."""
        relation = self._relation(window, at)
        minus = tuple((n, c * -1) for n, c in relation.terms if is_negative(c))
        plus = tuple((n, c) for n, c in relation.terms if not is_negative(c))
        right = Place(minus, relation.offset * -1)
        return Condition(Place(plus, Count.of(0)), right, "≤" if window.triangle else "=")


def _ends(expr: Expr) -> bool:
    """Whether index notation has 0 outside the axes of an expression: it is not taken apart."""
    base = expr.base if isinstance(expr, Power) and expr.exponent > 0 else expr
    return isinstance(base, Symbol) or (isinstance(base, Call) and not isinstance(base.function, Elementwise))


def _raised(base: Entry, exponent: Fraction) -> Entry:
    return base if exponent == 1 else Raised(base, exponent)


def is_negative(count: Count) -> bool:
    """Whether all of its coefficients are below zero."""
    return bool(count.terms) and all(c < 0 for _, c in count.terms)


def _reading_order(operand: Operand) -> tuple[bool, bool, tuple[int, ...]]:
    """Gradients first, conditions last, else as the letters come."""
    expr, labels = operand
    return isinstance(expr, Window), not (isinstance(expr, Symbol) and expr.partial is not None), labels
