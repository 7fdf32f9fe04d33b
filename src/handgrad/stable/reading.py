"""Reads expressions as terms in exponentials; defined names are looked through where they are such a term."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from itertools import product as choices

from handgrad.canonical import UNITY, product
from handgrad.expr import UNIT, Call, Expr, Labels, Power, Product, Sum, Symbol, definitions
from handgrad.functions import AlongAxis, along
from handgrad.functions import elementwise as table
from handgrad.stable.terms import (
    SUMMED,
    ZERO,
    Atom,
    Exponent,
    Exponentials,
    Term,
    difference_term,
    moved_atom,
    sum_term,
    tanh_term,
)

MOST_TERMS = 16  # of a sum that is read, and of one that is multiplied out
MOST_POWER = 4  # of a sum of exponentials that is multiplied out
ONE, MINUS = Fraction(1), Fraction(-1)


def axes_of(expr: Expr) -> Labels:
    """The labels of an expression that stands alone."""
    return tuple(UNIT if size.is_one else axis for axis, size in enumerate(expr.shape))


def prepare(expr: Expr) -> None:
    """Read the definitions that an expression needs, first ones first: no deep recursion later."""
    for symbol in definitions((expr,)):
        assert symbol.definition is not None
        reading(symbol.definition)


def reading(expr: Expr) -> tuple[Term, ...]:
    """The expression as a sum of terms, at the labels `axes_of`; what is no exponential is one opaque term."""
    found: tuple[Term, ...] = expr.remember("exponentials", _read)
    return found


def single(expr: Expr, labels: Labels) -> Term:
    """The expression at some labels as one term."""
    terms = reading(expr)
    if len(terms) > 1:
        return Term(rest={(expr, labels): ONE})
    return terms[0].moved(_places(expr, labels))


def _places(expr: Expr, labels: Labels) -> dict[int, int]:
    return {axis: label for axis, label in enumerate(labels) if not expr.shape[axis].is_one}


def opaque(expr: Expr) -> Term:
    """The expression as an atom."""
    return Term(rest={(expr, axes_of(expr)): ONE})


def _read(expr: Expr) -> tuple[Term, ...]:
    match expr:
        case Symbol() if expr.definition is not None:
            terms = reading(expr.definition)
            return terms if len(terms) == 1 and terms[0].exponential else (opaque(expr),)
        case Call():
            rule = READERS.get(_name(expr))
            return (opaque(expr) if rule is None else rule(expr),)
        case Power():
            power = single(expr.base, axes_of(expr)).power(expr.exponent)
            return (opaque(expr) if power is None else power,)
        case Product():
            return (_product(expr),)
        case Sum():
            if not 1 <= len(expr.terms) <= MOST_TERMS:
                return (opaque(expr),)
            parts = [Term(c) * single(term, axes_of(expr)) for c, term in expr.terms]
            if not any(part.exponential for part in parts):
                return (opaque(expr),)
            return tuple(group.term for group in collapse(parts)) or (Term(Fraction(0)),)
    return (opaque(expr),)


def _name(node: Call) -> str:
    return str(getattr(node.function, "name", ""))


def _product(node: Product) -> Term:
    """Factor by factor where no axis is summed; a sum along one axis of an exponential; else an atom."""
    real = [label for label in node.out if label != UNIT]
    if not node.operands and len(set(real)) == len(real):
        return Term()
    summed = {label for _, at in node.operands for label in at} - set(node.out) - {UNIT}
    if len(set(real)) < len(real) or len(summed) > 1 or not node.operands:
        return opaque(node)
    total = Term()
    for operand, labels in node.operands:
        total *= single(operand, labels)
    to = {label: axis for axis, label in enumerate(node.out) if label != UNIT}
    if not summed:
        return total.moved(to) if total.exponential else opaque(node)
    (over,) = summed
    if total.rest or total.sums or total.tanhs or over not in total.exponent.labels or total.coefficient <= 0:
        return opaque(node)
    exponent = total.exponent.moved({**to, over: SUMMED})
    return sum_term([(total.coefficient, exponent)], summed=True)


def linear(expr: Expr, labels: Labels, times: Fraction = ONE) -> Iterable[tuple[Atom, Fraction]]:
    """An expression at some labels as a linear combination of atoms that repeat along no axis."""
    if isinstance(expr, Sum):
        for c, term in expr.terms:
            yield from linear(term, labels, times * c)
        return
    if not isinstance(expr, Product):
        yield (expr, labels), times
        return
    real = [label for label in expr.out if label != UNIT]
    if len(set(real)) < len(real):
        yield (expr, labels), times
        return
    used = {label for _, at in expr.operands for label in at}
    outside = {k: label for k, label in zip(expr.out, labels, strict=True) if k != UNIT}
    if not expr.operands:
        yield (UNITY, ()), times
    elif len(expr.operands) == 1 and used <= {*expr.out, UNIT}:
        inner, at = expr.operands[0]
        yield from linear(inner, tuple(outside.get(k, UNIT) for k in at), times)
    else:
        kept = tuple(k for k in expr.out if k in used and k != UNIT)
        sizes = {k: size for k, size in enumerate(expr.sizes) if k in used}
        yield moved_atom((product(expr.operands, kept, sizes), kept), outside), times


def exponent_of(expr: Expr, labels: Labels | None = None, times: Fraction = ONE) -> Exponent:
    """The expression as an exponent, at its own labels or those given."""
    return Exponent.of(linear(expr, axes_of(expr) if labels is None else labels, times))


def _exp(node: Call) -> Term:
    """e^a; logarithms in the exponent become powers: e^(k log x) = xᵏ."""
    total, left = Term(), []
    for (expr, labels), times in exponent_of(node.args[0]).parts:
        inner = _exp_of_log(expr) if times.denominator == 1 else None
        power = None if inner is None else inner.moved(_places(expr, labels)).power(times)
        if power is None:
            left.append(((expr, labels), times))
        else:
            total *= power
    return total * Term(exponent=Exponent.of(left))


def _exp_of_log(expr: Expr) -> Term | None:
    """e^x where x is a logarithm, or a name of one."""
    if isinstance(expr, Symbol) and isinstance(expr.definition, Call):
        expr = expr.definition
    if not isinstance(expr, Call):
        return None
    name, x = _name(expr), expr.args[0]
    if name == "log":
        return single(x, axes_of(x))
    if name == "log_sigmoid":
        return sigmoid_term(exponent_of(x))
    if name == "softplus":
        return sum_term([(ONE, ZERO), (ONE, exponent_of(x))])
    return softmax_term(expr) if name == "log_softmax" else None


def sigmoid_term(x: Exponent) -> Term:
    """1/(1 + e^−x)."""
    return sum_term([(ONE, ZERO), (ONE, x.times(MINUS))], -1)


def softmax_term(node: Call) -> Term:
    """e^x/Σ e^x along the axis of the function."""
    assert isinstance(node.function, AlongAxis)
    axis = node.rank + node.function.axis
    x = exponent_of(node.args[0])
    if axis not in x.labels:
        return opaque(node)
    total = sum_term([(ONE, x.moved({axis: SUMMED}))], -1, summed=True)
    return Term(exponent=x) * total


def _hyperbolic(node: Call) -> tuple[Exponent, Exponent]:
    x = exponent_of(node.args[0])
    return x, x.times(MINUS)


READERS: Mapping[str, Callable[[Call], Term]] = {
    table.exp.name: _exp,
    table.expm1.name: lambda node: difference_term(ONE, exponent_of(node.args[0]), ZERO),
    table.sigmoid.name: lambda node: sigmoid_term(exponent_of(node.args[0])),
    table.tanh.name: lambda node: tanh_term(exponent_of(node.args[0]).times(Fraction(2))),
    table.sinh.name: lambda node: difference_term(Fraction(1, 2), *_hyperbolic(node)),
    table.cosh.name: lambda node: sum_term([(Fraction(1, 2), x) for x in _hyperbolic(node)]),
    along.softmax.name: softmax_term,
}


@dataclass(frozen=True, slots=True)
class Group:
    """Terms of a sum that became one: where they are in the sum, and whether they cancelled as written."""

    term: Term
    members: tuple[int, ...]
    cancelled: bool


Polynomial = dict[Exponent, Fraction]


def collapse(parts: list[Term]) -> list[Group]:
    """The terms of a sum that share what is not exponential, each such group as one term where it is one."""
    groups: dict[object, list[int]] = {}
    for place, part in enumerate(parts):
        along_axes = frozenset((s, k) for s, k in part.sums.items() if s.summed)
        below = frozenset((d, k) for d, k in part.tanhs.items() if k.denominator != 1)
        groups.setdefault((frozenset(part.rest.items()), along_axes, below), []).append(place)
    found: list[Group] = []
    for members in groups.values():
        own = [parts[k] for k in members]
        joined = _joined(own) if len(own) > 1 else None
        if joined is None:
            found += [Group(parts[k], (k,), cancelled=False) for k in members]
        elif joined[0].coefficient:
            found.append(Group(joined[0], tuple(members), joined[1]))
    return found


def _joined(parts: list[Term]) -> tuple[Term, bool] | None:
    """(their sum as one term, whether terms cancelled); None where it is no such term."""
    kept = {s: k for s, k in parts[0].sums.items() if s.summed}
    tanhs = {d: k for d, k in parts[0].tanhs.items() if k.denominator != 1}
    gaps = {d for part in parts for d, k in part.tanhs.items() if k.denominator == 1}
    under = {d: min([Fraction(0), *(part.tanhs.get(d, Fraction(0)) for part in parts)]) for d in gaps}
    opened = [_without_tanhs(part, under) for part in parts]
    sums = {s for _, _, powers in opened for s in powers}
    least = {s: min(powers.get(s, Fraction(0)) for _, _, powers in opened) for s in sums}
    total: Polynomial = {}
    signs: set[bool] = set()
    for exponent, numerator, powers in opened:
        over = {s: powers.get(s, Fraction(0)) - k for s, k in least.items()}
        expanded = _times_sums({a + exponent: c for a, c in numerator.items()}, over)
        if expanded is None:
            return None
        for a, c in expanded.items():
            total[a] = total.get(a, Fraction(0)) + c
            signs.add(c > 0)
    one = _polynomial_term({a: c for a, c in total.items() if c})
    if one is None:
        return None
    below = Term(sums={**kept, **{s: k for s, k in least.items() if k}}, tanhs=tanhs)
    for gap, k in under.items():
        below *= tanh_term(gap, k) if k else Term()
    return one * below * Term(rest=parts[0].rest), len(signs) > 1


def _without_tanhs(
    part: Term, under: Mapping[Exponent, Fraction]
) -> tuple[Exponent, Polynomial, dict[Exponentials, Fraction]]:
    """(exponent, numerator, sums) of the term over tanh(δ/2)^`under`: each tanh(δ/2) as (e^δ − 1)/(e^δ + 1)."""
    numerator: Polynomial = {ZERO: part.coefficient}
    powers = {s: k for s, k in part.sums.items() if not s.summed}
    for gap, least in under.items():
        k = part.tanhs.get(gap, Fraction(0)) - least
        (total,) = sum_term([(ONE, ZERO), (ONE, gap)]).sums
        powers[total] = powers.get(total, Fraction(0)) - k
        for _ in range(int(k)):
            numerator = _multiplied(numerator, [(ONE, gap), (MINUS, ZERO)])
    return part.exponent, numerator, powers


def _times_sums(numerator: Polynomial, over: Mapping[Exponentials, Fraction]) -> Polynomial | None:
    for total, k in over.items():
        if k.denominator != 1 or k > MOST_POWER:
            return None
        for _ in range(int(k)):
            numerator = _multiplied(numerator, total.terms)
            if len(numerator) > MOST_TERMS:
                return None
    return numerator


def _multiplied(numerator: Polynomial, terms: Iterable[tuple[Fraction, Exponent]]) -> Polynomial:
    total: Polynomial = {}
    for (a, c), (d, b) in choices(numerator.items(), list(terms)):
        total[a + b] = total.get(a + b, Fraction(0)) + c * d
    return total


def _polynomial_term(total: Polynomial) -> Term | None:
    """Σ c e^a as one term: of one sign, or a difference of two."""
    if not total:
        return Term(Fraction(0))
    signs = {c > 0 for c in total.values()}
    if len(signs) == 1:
        return sum_term([(c, a) for a, c in total.items()])
    if len(total) == 2:
        (left, c), (right, d) = total.items()
        if c == -d:
            return difference_term(c, left, right)
    return None
