"""Terms in exponentials: c · e^E · Π Sᵏ · Π tanh(δ/2)ᵐ · rest, where S is a sum of exponentials.

Sigmoids, softmaxes, hyperbolic functions and every quotient of exponentials are such terms, however they are spelled.
A sum of exponentials is kept up to a common factor, so 1 + eᶻ and 1 + e⁻ᶻ are one S. A difference of exponentials is
the sum of them times a hyperbolic tangent: eᵃ − eᵇ = tanh((a − b)/2) (eᵃ + eᵇ), and that does not cancel.

Labels tell which axes of the surrounding expression an atom lies along, as in `expr.Product`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cmp_to_key
from typing import TypeVar

from handgrad.axes import Size
from handgrad.canonical import add, product
from handgrad.expr import UNIT, Expr, Labels, Product

Atom = tuple[Expr, Labels]
K = TypeVar("K")
SUMMED = 1_000_000  # the label of the axis that a sum along an axis goes over; no expression has as many


@dataclass(frozen=True, slots=True)
class Exponent:
    """A linear combination of atoms, in a fixed order."""

    parts: tuple[tuple[Atom, Fraction], ...] = ()

    @staticmethod
    def of(parts: Iterable[tuple[Atom, Fraction]]) -> Exponent:
        """Equal atoms gathered."""
        total: dict[Atom, Fraction] = {}
        for atom, times in parts:
            total[atom] = total.get(atom, Fraction(0)) + times
        kept = [(atom, times) for atom, times in total.items() if times]
        return Exponent(tuple(sorted(kept, key=lambda part: (part[0][0].key, part[0][1]))))

    def __add__(self, other: Exponent) -> Exponent:
        return Exponent.of((*self.parts, *other.parts))

    def __sub__(self, other: Exponent) -> Exponent:
        return self + other.times(Fraction(-1))

    def times(self, factor: Fraction) -> Exponent:
        """The combination scaled."""
        return Exponent(tuple((atom, factor * times) for atom, times in self.parts) if factor else ())

    def __bool__(self) -> bool:
        return bool(self.parts)

    @property
    def size(self) -> Fraction:
        """How far from zero it is: what a decomposition makes small."""
        return sum((abs(times) for _, times in self.parts), Fraction(0))

    @property
    def labels(self) -> Labels:
        """The labels in use, in the order of an atom that has them all, if there is one."""
        used = {label for (_, at), _ in self.parts for label in at if label != UNIT}
        whole = [at for (_, at), _ in self.parts if len(at) == len(used) and set(at) == used]
        return whole[0] if whole else tuple(sorted(used))

    def moved(self, to: Mapping[int, int]) -> Exponent:
        """The combination at other labels."""
        return Exponent.of((moved_atom(atom, to), times) for atom, times in self.parts)

    def sizes(self) -> dict[int, Size]:
        """The sizes of the labels."""
        return {
            label: size
            for (expr, at), _ in self.parts
            for label, size in zip(at, expr.shape, strict=True)
            if label != UNIT
        }

    def expression(self) -> Expr:
        """The combination as an expression with one axis a label, in their order."""
        out, sizes = self.labels, self.sizes()
        shape = tuple(sizes[label] for label in out)
        return add([(times, product([atom], out, sizes)) for atom, times in self.parts], shape)


ZERO = Exponent()


def moved_atom(atom: Atom, to: Mapping[int, int]) -> Atom:
    """An atom at other labels; a product's axes are put in the order of their labels."""
    expr, at = atom
    labels = tuple(to.get(label, label) for label in at)
    if isinstance(expr, Product) and list(labels) != sorted(labels) and len(set(labels)) == len(labels):
        out = tuple(sorted(labels))
        return product([(expr, labels)], out, dict(zip(labels, expr.shape, strict=True))), out
    return expr, labels


@dataclass(frozen=True, slots=True)
class Exponentials:
    """Σ c e^a, up to a common factor: the first term is 1. `summed`: over the axis SUMMED, and of one term."""

    terms: tuple[tuple[Fraction, Exponent], ...]
    summed: bool = False

    @property
    def gap(self) -> Exponent | None:
        """d where the sum is 1 + e^d."""
        equal = len(self.terms) == 2 and self.terms[1][0] == 1
        return self.terms[1][1] if equal and not self.summed else None

    def moved(self, to: Mapping[int, int]) -> tuple[Exponent, Exponentials]:
        """(shift, the sum at other labels): the order of atoms, and with it the first term, may change."""
        _, shift, total = exponentials([(c, a.moved(to)) for c, a in self.terms], self.summed)
        return shift, total


def exponentials(
    terms: Iterable[tuple[Fraction, Exponent]], summed: bool = False
) -> tuple[Fraction, Exponent, Exponentials]:
    """(c, shift, S) with Σ cₖ e^aₖ = c e^shift S, for coefficients of one sign."""
    ordered = list(terms)
    if summed:
        ((coefficient, exponent),) = ordered
        outside = Exponent(tuple(part for part in exponent.parts if SUMMED not in part[0][1]))
        return coefficient, outside, Exponentials(((Fraction(1), exponent - outside),), summed=True)
    ordered.sort(key=cmp_to_key(_compare))
    first, shift = ordered[0]
    return first, shift, Exponentials(tuple((c / first, a - shift) for c, a in ordered))


def _compare(left: tuple[Fraction, Exponent], right: tuple[Fraction, Exponent]) -> int:
    return _sign(left[1] - right[1])


def _sign(exponent: Exponent) -> int:
    return 0 if not exponent else 1 if exponent.parts[0][1] > 0 else -1


@dataclass(frozen=True, slots=True)
class Term:
    """One term of the form that the module tells; `tanhs` has δ for tanh(δ/2), `rest` what is no exponential."""

    coefficient: Fraction = Fraction(1)
    exponent: Exponent = ZERO
    sums: Mapping[Exponentials, Fraction] = field(default_factory=dict)
    tanhs: Mapping[Exponent, Fraction] = field(default_factory=dict)
    rest: Mapping[Atom, Fraction] = field(default_factory=dict)

    def atoms(self) -> Iterable[Expr]:
        """The expressions that it is made of."""
        inside = [a for s in self.sums for _, a in s.terms]
        for exponent in (self.exponent, *inside, *self.tanhs):
            yield from (expr for (expr, _), _ in exponent.parts)
        yield from (expr for expr, _ in self.rest)

    @property
    def exponential(self) -> bool:
        """Whether there is an exponential in it."""
        return bool(self.exponent or self.sums or self.tanhs)

    @property
    def key(self) -> object:
        """What it is apart from coefficient and rest."""
        return self.exponent, frozenset(self.sums.items()), frozenset(self.tanhs.items())

    def __mul__(self, other: Term) -> Term:
        return Term(
            self.coefficient * other.coefficient,
            self.exponent + other.exponent,
            _gathered(self.sums, other.sums),
            _gathered(self.tanhs, other.tanhs),
            _gathered(self.rest, other.rest),
        )

    def power(self, exponent: Fraction) -> Term | None:
        """The term to a power; None where that is no such term (the root of what may be negative)."""
        if exponent.denominator != 1 and (self.coefficient != 1 or self.tanhs or self.rest):
            return None
        return Term(
            self.coefficient ** int(exponent) if exponent.denominator == 1 else Fraction(1),
            self.exponent.times(exponent),
            {s: k * exponent for s, k in self.sums.items()},
            {d: k * exponent for d, k in self.tanhs.items()},
            {a: k * exponent for a, k in self.rest.items()},
        )

    def moved(self, to: Mapping[int, int]) -> Term:
        """The term at other labels."""
        total = Term(self.coefficient, self.exponent.moved(to), {}, {}, {})
        for s, k in self.sums.items():
            shift, there = s.moved(to)
            total *= Term(exponent=shift.times(k), sums={there: k})
        for d, k in self.tanhs.items():
            total *= tanh_term(d.moved(to), k)
        rest: dict[Atom, Fraction] = {}
        for atom, k in self.rest.items():
            there_ = moved_atom(atom, to)
            rest[there_] = rest.get(there_, Fraction(0)) + k
        return total * Term(rest=rest)


def _gathered(left: Mapping[K, Fraction], right: Mapping[K, Fraction]) -> dict[K, Fraction]:
    total = dict(left)
    for key, times in right.items():
        total[key] = total.get(key, Fraction(0)) + times
    return {key: times for key, times in total.items() if times}


def sum_term(terms: Iterable[tuple[Fraction, Exponent]], power: int = 1, summed: bool = False) -> Term:
    """(Σ c e^a)ᵏ for coefficients of one sign."""
    coefficient, shift, total = exponentials(terms, summed)
    k = Fraction(power)
    if not summed and len(total.terms) == 1:
        return Term(coefficient**power, shift.times(k))
    return Term(coefficient**power, shift.times(k), {total: k})


def tanh_term(gap: Exponent, power: Fraction = Fraction(1)) -> Term:
    """tanh(δ/2)ᵏ for a whole k; tanh is odd, so the first part of δ is made positive."""
    if not gap:
        return Term(Fraction(0))
    if _sign(gap) < 0:
        return Term(Fraction(-1) ** int(power), tanhs={gap.times(Fraction(-1)): power})
    return Term(tanhs={gap: power})


def difference_term(coefficient: Fraction, left: Exponent, right: Exponent) -> Term:
    """c (e^left − e^right)."""
    both = sum_term([(Fraction(1), left), (Fraction(1), right)])
    return Term(coefficient) * both * tanh_term(left - right)
