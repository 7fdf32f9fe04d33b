"""What a term in exponentials is computed from: pieces that are each computed safely, and the logarithms of them.

| piece | value | logarithm |
| --- | --- | --- |
| `Share` of S = 1 + e^d | e^a/S: σ(d) or σ(−d) | log σ(d), log σ(−d) |
| `Share` of another S | 1/Σ c e^(b − a) | −log Σ c e^(b − a) |
| `AxisShare` of Σ e^x along an axis | softmax(x) | log softmax(x) |
| `Lump`: (e^E S)ᵏ | (Σ c e^(b + E))ᵏ; c (eˣ + e⁻ˣ) is 2 c cosh x | k log Σ: softplus, log cosh, logaddexp |
| `AxisLump`: e^E Sᵏ along an axis | exp(E + k logsumexp) | E + k logsumexp |
| `Tanh` | tanh(δ/2) | log(1 − e^−δ) − softplus(−δ) |
| `Difference`: e^E (e^δ − 1)ᵐ | expm1 or 2 sinh | E + m δ + m log(1 − e^−δ) |
| `Exp` | e^E | E |
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import reduce

from handgrad.axes import Size
from handgrad.canonical import add, as_number, ones, power, product, scale
from handgrad.expr import UNIT, Call, Expr, Labels
from handgrad.functions.along import log_softmax, logsumexp, softmax
from handgrad.functions.elementwise import (
    absolute,
    cosh,
    exp,
    expm1,
    log,
    log1mexp,
    log_cosh,
    log_sigmoid,
    logaddexp,
    relu,
    sigmoid,
    sinh,
    softplus,
    tanh,
)
from handgrad.stable.terms import SUMMED, ZERO, Atom, Exponent, Exponentials, Term, sum_term, tanh_term

ONE, MINUS, HALF = Fraction(1), Fraction(-1), Fraction(1, 2)
Weighted = tuple[tuple[Fraction, Exponent], ...]
Logarithm = tuple[tuple[Fraction, Atom], ...]


@dataclass(frozen=True, slots=True)
class Share:
    """(e^a/S)ᵏ, a term's share of a sum of exponentials."""

    total: Exponentials
    place: int
    times: Fraction

    def term(self) -> Term:
        """What it stands for."""
        return Term(exponent=self.total.terms[self.place][1].times(self.times), sums={self.total: -self.times})

    def _others(self) -> Weighted:
        own = self.total.terms[self.place][1]
        return tuple((c, a - own) for c, a in self.total.terms)

    def value(self) -> Atom:
        """Never above 1/c, so that it is computed as written."""
        gap = self.total.gap
        if gap is None:
            base, labels = _sum(self._others())
            return power(base, -self.times), labels
        return power(sigmoid(gap.times(ONE if self.place else MINUS).expression()), self.times), gap.labels

    def logarithm(self) -> Logarithm:
        """Its logarithm as a sum."""
        gap = self.total.gap
        if gap is not None:
            return ((self.times, (log_sigmoid(gap.times(ONE if self.place else MINUS).expression()), gap.labels)),)
        return tuple((-self.times * c, atom) for c, atom in log_sum(self._others()))


@dataclass(frozen=True, slots=True)
class AxisShare:
    """softmaxᵏ of an exponent along the axis of a label."""

    exponent: Exponent
    label: int
    times: Fraction

    def term(self) -> Term:
        """What it stands for."""
        over = self.exponent.moved({self.label: SUMMED})
        whole = Term(exponent=self.exponent) * sum_term([(ONE, over)], -1, summed=True)
        powered = whole.power(self.times)
        assert powered is not None
        return powered

    def _axis(self) -> int:
        return self.exponent.labels.index(self.label) - len(self.exponent.labels)

    def value(self) -> Atom:
        """The softmax."""
        return power(softmax.at(self._axis())(self.exponent.expression()), self.times), self.exponent.labels

    def logarithm(self) -> Logarithm:
        """The log-softmax."""
        return ((self.times, (log_softmax.at(self._axis())(self.exponent.expression()), self.exponent.labels)),)


@dataclass(frozen=True, slots=True)
class Lump:
    """(e^E S)ᵏ as one sum."""

    total: Exponentials
    exponent: Exponent
    times: Fraction

    def term(self) -> Term:
        """What it stands for."""
        return Term(exponent=self.exponent.times(self.times), sums={self.total: self.times})

    def _terms(self) -> Weighted:
        return tuple((c, a + self.exponent) for c, a in self.total.terms)

    def value(self) -> Atom:
        """The power of the sum."""
        base, labels = _sum(self._terms())
        return power(base, self.times), labels

    def logarithm(self) -> Logarithm:
        """k log Σ."""
        return tuple((self.times * c, atom) for c, atom in log_sum(self._terms()))


@dataclass(frozen=True, slots=True)
class AxisLump:
    """e^E Sᵏ for a sum along an axis of which no share is left."""

    total: Exponentials
    exponent: Exponent
    times: Fraction

    def term(self) -> Term:
        """What it stands for."""
        return Term(exponent=self.exponent, sums={self.total: self.times})

    def value(self) -> Atom:
        """The sum itself, or the exponential of the logarithm."""
        if not self.exponent and self.times > 0:
            inner = self.total.terms[0][1]
            out = tuple(label for label in inner.labels if label != SUMMED)
            base = product([(exp(inner.expression()), inner.labels)], out, inner.sizes())
            return power(base, self.times), out
        total, labels = _joined([(c, atom) for c, atom in self.logarithm()])
        return exp(total), labels

    def logarithm(self) -> Logarithm:
        """E + k logsumexp."""
        inner = self.total.terms[0][1]
        axis = inner.labels.index(SUMMED)
        kept = logsumexp.at(axis - len(inner.labels))(inner.expression())
        out = tuple(label for label in inner.labels if label != SUMMED)
        at = tuple(UNIT if label == SUMMED else label for label in inner.labels)
        reduced = product([(kept, at)], out, {k: s for k, s in inner.sizes().items() if k != SUMMED})
        return (*exponent_parts(self.exponent), (self.times, (reduced, out)))


@dataclass(frozen=True, slots=True)
class Tanh:
    """tanh(δ/2)ᵐ."""

    gap: Exponent
    times: Fraction

    def term(self) -> Term:
        """What it stands for."""
        return tanh_term(self.gap, self.times)

    def value(self) -> Atom:
        """The hyperbolic tangent."""
        return power(tanh(self.gap.times(HALF).expression()), self.times), self.gap.labels

    def logarithm(self) -> Logarithm:
        """Of (1 − e^−δ)/(1 + e^−δ); both logarithms are negative, so they do not cancel."""
        gap, labels = self.gap.expression(), self.gap.labels
        if self.times.denominator == 1 and self.times % 2 == 0:
            gap = absolute(gap)
        return (self.times, (log1mexp(gap), labels)), (-self.times, (softplus(-gap), labels))


@dataclass(frozen=True, slots=True)
class Difference:
    """e^E (e^δ − 1)ᵐ."""

    gap: Exponent
    exponent: Exponent
    times: Fraction

    def term(self) -> Term:
        """What it stands for."""
        both = sum_term([(ONE, ZERO), (ONE, self.gap)])
        powered = (both * tanh_term(self.gap)).power(self.times)
        assert powered is not None
        return powered * Term(exponent=self.exponent)

    def value(self) -> Atom:
        """expm1 where one exponent is 0, sinh where they are opposite."""
        whole = self.exponent.times(1 / self.times) if self.exponent else ZERO
        labels = self.gap.labels
        if not whole:
            base = expm1(self.gap.expression())
        elif whole == self.gap.times(MINUS):
            base = scale(-1, expm1(self.gap.times(MINUS).expression()))
        elif whole == self.gap.times(-HALF):
            base = scale(2, sinh(self.gap.times(HALF).expression()))
        else:
            total, at = _sum(((ONE, whole), (ONE, whole + self.gap)))
            half = tanh(self.gap.times(HALF).expression())
            base = product([(total, at), (half, labels)], at, {**whole.sizes(), **self.gap.sizes()})
            labels = at
        return power(base, self.times), labels

    def logarithm(self) -> Logarithm:
        """E + m δ + m log(1 − e^−δ); of |e^δ − 1| where m is even."""
        gap, labels = self.gap.expression(), self.gap.labels
        if self.times.denominator == 1 and self.times % 2 == 0:
            size = (self.times, (relu(gap), labels)), (self.times, (log1mexp(absolute(gap)), labels))
            return (*exponent_parts(self.exponent), *size)
        linear = self.exponent + self.gap.times(self.times)
        return (*exponent_parts(linear), (self.times, (log1mexp(gap), labels)))


@dataclass(frozen=True, slots=True)
class Exp:
    """e^E."""

    exponent: Exponent

    def term(self) -> Term:
        """What it stands for."""
        return Term(exponent=self.exponent)

    def value(self) -> Atom:
        """One exponential, however many there were."""
        return exp(self.exponent.expression()), self.exponent.labels

    def logarithm(self) -> Logarithm:
        """The exponent."""
        return exponent_parts(self.exponent)


Piece = Share | AxisShare | Lump | AxisLump | Tanh | Difference | Exp


def exponent_parts(exponent: Exponent) -> Logarithm:
    """An exponent as a sum."""
    return tuple((times, atom) for atom, times in exponent.parts)


def _joined(parts: list[tuple[Fraction, Atom]]) -> Atom:
    """Σ c e with each part repeated along the axes that it lacks."""
    sizes: dict[int, Size] = {}
    order: dict[int, None] = {}
    for _, (expr, at) in sorted(parts, key=lambda part: -len(part[1][1])):
        for label, size in zip(at, expr.shape, strict=True):
            if label != UNIT:
                sizes[label] = size
                order[label] = None
    out: Labels = tuple(order)
    shape = tuple(sizes[label] for label in out)
    return add([(c, product([atom], out, sizes)) for c, atom in parts], shape), out


def _sum(terms: Weighted) -> Atom:
    """Σ c e^a; c (eˣ + e⁻ˣ) is 2 c cosh x."""
    if len(terms) == 2:
        (c, a), (d, b) = terms
        if c == d and a == b.times(MINUS):
            return scale(2 * c, cosh(b.expression())), b.labels
    return _joined([(c, (exp(a.expression()), a.labels) if a else (ones(()), ())) for c, a in terms])


def log_constant(value: Fraction) -> Expr:
    """log c of a positive number."""
    return log(scale(value, ones(())))


def constant_of(expr: Expr) -> Fraction | None:
    """c of log c."""
    return as_number(expr.args[0]) if isinstance(expr, Call) and expr.function is log else None


def log_sum(terms: Weighted) -> Logarithm:
    """log Σ c e^a."""
    first = terms[0][0]
    front: Logarithm = () if first == 1 else ((ONE, (log_constant(first), ())),)
    if len(terms) == 2 and terms[1][0] == first:
        (_, a), (_, b) = terms
        if a == b.times(MINUS):
            twice = () if first == HALF else ((ONE, (log_constant(2 * first), ())),)
            return (*twice, (ONE, (log_cosh(b.expression()), b.labels)))
        if not a or not b:
            x = a if a else b
            return (*front, (ONE, (softplus(x.expression()), x.labels)))
    parts = []
    for c, a in terms:
        constant: Logarithm = () if c == first else ((ONE, (log_constant(c / first), ())),)
        parts.append(_joined([*exponent_parts(a), *constant]) if a or constant else (scale(0, ones(())), ()))
    total, labels = reduce(_log_add, parts)
    return (*front, (ONE, (total, labels)))


def _log_add(left: Atom, right: Atom) -> Atom:
    """log(eˡ + eʳ), both at all the labels."""
    sizes = {label: s for expr, at in (left, right) for label, s in zip(at, expr.shape, strict=True)}
    out = max(left[1], right[1], key=len)
    if not set(sizes) <= set(out):
        out = tuple(sorted(sizes))
    return logaddexp(product([left], out, sizes), product([right], out, sizes)), out
