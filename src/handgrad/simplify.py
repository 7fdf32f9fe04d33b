"""Simplification: the shortest form among a few, with the lines that lead to it.

`canonical` already has no two ways to write one product. What is left is a choice: to multiply a product of
sums out, to bring fractions over one denominator, to take common factors out, to use a declared fact. Each
is a function from expression to expression; `simplify` tries them in the orders that a person would and
keeps the form with the fewest printed nodes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction

from handgrad.axes import Shape
from handgrad.canonical import add, is_zero, power, product, scale, terms_of
from handgrad.expansion import expand, with_args
from handgrad.expr import UNIT, Expr, Labels, Power, Product, Sum, Symbol, rebuild, walk
from handgrad.factoring import take_out
from handgrad.facts import use_facts
from handgrad.matrix import weight_of

Factor = tuple[Expr, Labels]
Term = tuple[Fraction, dict[Factor, Fraction], Expr]
ONE = Fraction(1)


@dataclass(frozen=True, slots=True)
class Rewrite:
    """One way to rewrite, and how a derivation names it."""

    name: str
    apply: Callable[[Expr], Expr]
    reason: str


@dataclass(frozen=True, slots=True)
class Simplified:
    """The shortest form found, and the forms on the way with their reasons (the last is the result)."""

    result: Expr
    lines: tuple[tuple[Expr, Rewrite], ...]


def _terms(expr: Expr) -> list[Term]:
    """Each term as its coefficient, its factors at the labels of the result, and the rest."""
    return [(coefficient, *term.remember("factors", _factors)) for coefficient, term in terms_of(expr)]


def _factors(term: Expr) -> tuple[dict[Factor, Fraction], Expr]:
    """The factors of a term at the labels of the result, and the rest; not to be changed.

    A factor can be taken out of the sum only if each of its labels is one of the result's, so a product's
    result labels are numbered 0, 1, … in the same way in every term.
    """
    factors: dict[Factor, Fraction] = {}
    rest: list[tuple[Expr, Labels]] = []
    if not isinstance(term, Product):
        axes = tuple(UNIT if size.is_one else axis for axis, size in enumerate(term.shape))
        base, exponent = (term.base, term.exponent) if isinstance(term, Power) else (term, ONE)
        return {(base, axes): exponent}, _ones_like(term.shape)
    real = [label for label in term.out if label != UNIT]
    if len(set(real)) < len(real):
        return {}, term
    place = {label: axis for axis, label in enumerate(term.out) if label != UNIT}
    place[UNIT] = UNIT
    for operand, labels in term.operands:
        base, exponent = (operand.base, operand.exponent) if isinstance(operand, Power) else (operand, ONE)
        if place.keys() >= set(labels):
            factors[base, tuple([place[label] for label in labels])] = exponent
        else:
            rest.append((operand, labels))
    inner = product(rest, term.out, dict(enumerate(term.sizes))) if rest else _ones_like(term.shape)
    return factors, inner


def _ones_like(shape: Shape) -> Expr:
    return product([], tuple(range(len(shape))), dict(enumerate(shape)))


def _build(factors: Iterable[tuple[Factor, Fraction]], rest: Expr) -> Expr:
    """The product of factors at result labels and of the rest."""
    axes = tuple(range(rest.rank))
    operands = [(power(base, exponent), labels) for (base, labels), exponent in factors]
    return product([*operands, (rest, axes)], axes, dict(enumerate(rest.shape)))


def collect(expr: Expr) -> Expr:
    """The factors that all terms share, taken out."""
    if not isinstance(expr, Sum) or len(expr.terms) < 2:
        return expr
    found: Expr = expr.remember("collected", _collect)
    return found


def _collect(expr: Sum) -> Expr:
    terms = _terms(expr)
    common = _common([factors for _, factors, _ in terms])
    if not common:
        return expr
    inner = []
    for coefficient, factors, rest in terms:
        left = {factor: exponent - common.get(factor, 0) for factor, exponent in factors.items()}
        inner.append((coefficient, _build([(f, e) for f, e in left.items() if e], rest)))
    return _build(common.items(), add(inner, expr.shape))


def _common(all_factors: list[dict[Factor, Fraction]]) -> dict[Factor, Fraction]:
    """Factors of every term, with the exponent nearest to zero; none where signs differ."""
    common: dict[Factor, Fraction] = {}
    for factor in all_factors[0]:
        exponents = [factors.get(factor, Fraction(0)) for factors in all_factors]
        if all(exponent > 0 for exponent in exponents):
            common[factor] = min(exponents)
        elif all(exponent < 0 for exponent in exponents):
            common[factor] = max(exponents)
    return common


def group(expr: Expr) -> Expr:
    """The factor that most terms share, taken out of those terms; again for what is left; also inside a product."""
    if isinstance(expr, Product):
        inner_sums = [(group(operand) if isinstance(operand, Sum) else operand, at) for operand, at in expr.operands]
        return product(inner_sums, expr.out, dict(enumerate(expr.sizes)))
    if isinstance(expr, Sum) and len(expr.terms) == 1:
        return scale(expr.terms[0][0], group(expr.terms[0][1]))
    if not isinstance(expr, Sum) or len(expr.terms) < 3:
        return collect(expr)
    found: Expr = expr.remember("grouped", _group)
    return found


def _group(expr: Sum) -> Expr:
    terms = _terms(expr)
    count: dict[tuple[Factor, bool], list[int]] = {}
    for place, (_, factors, _) in enumerate(terms):
        for factor, exponent in factors.items():
            count.setdefault((factor, exponent > 0), []).append(place)
    shared = [item for item in count.items() if len(item[1]) > 1]
    best = max(shared, key=lambda item: (item[0][1], len(item[1]), item[0][0][0].key), default=None)
    if best is None:
        return expr
    chosen = set(best[1])
    inside = add([expr.terms[k] for k in chosen], expr.shape)
    outside = add([t for k, t in enumerate(expr.terms) if k not in chosen], expr.shape)
    return add([(1, collect(inside)), (1, group(outside))], expr.shape)


def together(expr: Expr) -> Expr:
    """The terms over one denominator, the numerator multiplied out and collected; also inside a product."""
    if isinstance(expr, Product):
        inner = [(together(operand) if isinstance(operand, Sum) else operand, at) for operand, at in expr.operands]
        return product(inner, expr.out, dict(enumerate(expr.sizes)))
    if isinstance(expr, Sum) and len(expr.terms) == 1:
        return scale(expr.terms[0][0], together(expr.terms[0][1]))
    if not isinstance(expr, Sum) or not expr.terms:
        return expr
    terms = _terms(expr)
    under: dict[Factor, Fraction] = {}
    for _, factors, _ in terms:
        for factor, exponent in factors.items():
            if exponent < 0:
                under[factor] = min(under.get(factor, Fraction(0)), exponent)
    if not under:
        return expr
    over = []
    for coefficient, factors, rest in terms:
        raised = {f: factors.get(f, Fraction(0)) - under.get(f, Fraction(0)) for f in {**factors, **under}}
        over.append((coefficient, _build([(f, e) for f, e in raised.items() if e], rest)))
    numerator = shortest([expand(add(over, expr.shape))])
    return _build(under.items(), numerator)


EXPAND = Rewrite("expand", expand, "multiply out and cancel")
FACTS = Rewrite("facts", use_facts, "use what is known of the symbols")
TOGETHER = Rewrite("together", together, "bring over one denominator")
COLLECT = Rewrite("collect", collect, "take common factors out")
TAKE_OUT = Rewrite("take out", take_out, "take the common matrix out")
GROUP = Rewrite("group", group, "take shared factors out")
PATHS: tuple[tuple[Rewrite, ...], ...] = (
    (COLLECT, GROUP),
    (TAKE_OUT, TAKE_OUT),
    (COLLECT, TAKE_OUT, TAKE_OUT),
    (TOGETHER,),
    (EXPAND,),
    (EXPAND, COLLECT, GROUP),
    (EXPAND, GROUP),
    (EXPAND, TAKE_OUT, TAKE_OUT, COLLECT),
    (EXPAND, TOGETHER),
)


def shortest(forms: Iterable[Expr]) -> Expr:
    """The form with the fewest printed nodes among the given ones and their collected ones."""
    candidates = [form for given in forms for form in (given, collect(given), group(given))]
    return min(candidates, key=weight_of)


def simplify(expr: Expr) -> Simplified:
    """The shortest form and the lines that lead to it; a rewrite that changes nothing gives no line.

    A sum that stands in several places, as X − μ does, is also kept whole while the rest is rewritten.
    """
    if is_zero(expr) or (not isinstance(expr, Sum | Product)):
        known = use_facts(expr)
        return Simplified(known, () if known is expr else ((known, FACTS),))
    best = _search(expr)
    atoms = _repeated_sums(expr)
    if atoms:
        whole = _thawed(_search(_freeze(expr, atoms)), {symbol: part for part, symbol in atoms.items()})
        if weight_of(whole.result) < weight_of(best.result):
            return whole
    return best


def _search(expr: Expr) -> Simplified:
    """The shortest form on any of the paths."""
    best, size = Simplified(expr, ()), weight_of(expr)
    tried: dict[tuple[Expr, str], Expr] = {}
    for path in PATHS:
        current: Expr = expr
        lines: list[tuple[Expr, Rewrite]] = []
        for rewrite in (FACTS, *path, FACTS, COLLECT):
            if (current, rewrite.name) not in tried:
                tried[current, rewrite.name] = rewrite.apply(current)
            changed = tried[current, rewrite.name]
            if changed is not current:
                current = changed
                lines.append((current, rewrite))
            if lines and weight_of(current) < size:
                best, size = Simplified(current, tuple(lines)), weight_of(current)
    return best


def _repeated_sums(expr: Expr) -> dict[Expr, Symbol]:
    """The sums that are factors in more than one place, each with a name that stands for it meanwhile."""
    count: dict[Expr, int] = {}
    for node in walk(expr):
        for operand in node.args if isinstance(node, Product) else ():
            base = operand.base if isinstance(operand, Power) else operand
            if isinstance(base, Sum):
                count[base] = count.get(base, 0) + 1
    return {part: Symbol(part.key, part.shape, definition=part) for part, times in count.items() if times > 1}


def _freeze(expr: Expr, atoms: Mapping[Expr, Symbol]) -> Expr:
    """The expression with names in the place of those sums."""
    return rebuild(expr, lambda node, args: atoms[node] if node in atoms else with_args(node, args))


def _thawed(simplified: Simplified, parts: Mapping[Expr, Expr]) -> Simplified:
    """The lines with the sums back in the place of their names."""

    def thaw(node: Expr, args: tuple[Expr, ...]) -> Expr:
        return parts[node] if node in parts else with_args(node, args)

    lines = tuple((rebuild(form, thaw), rewrite) for form, rewrite in simplified.lines)
    return Simplified(lines[-1][0] if lines else rebuild(simplified.result, thaw), lines)


__all__ = ["Rewrite", "Simplified", "collect", "group", "simplify", "together"]
