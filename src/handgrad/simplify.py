"""Simplification: the shortest form among a few, with the lines that lead to it.

`canonical` already has no two ways to write one product. What is left is a choice: to multiply a product of
sums out, to bring fractions over one denominator, to take common factors out, to use a declared fact. Each
is a function from expression to expression; `simplify` tries them in the orders that a person would and
keeps the form with the fewest printed nodes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from fractions import Fraction

from handgrad.axes import Shape
from handgrad.canonical import add, hadamard, is_zero, power, product, scale, terms_of
from handgrad.expr import UNIT, Call, Expr, Labels, Power, Product, Sum, Symbol, Window, rebuild, symbols
from handgrad.factoring import take_out
from handgrad.matrix import weight_of
from handgrad.symmetry import has_symmetry, orient

LARGEST_EXPANSION = 60  # terms; a larger product of sums stays a product
SUMS_TO_ONE = "sums to one along axis "
Factor = tuple[Expr, Labels]
Term = tuple[Fraction, dict[Factor, Fraction], Expr]


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


def expand(expr: Expr) -> Expr:
    """Products of sums multiplied out, as far as the number of terms stays small."""
    total: list[tuple[Fraction, Expr]] = []
    for coefficient, term in terms_of(expr):
        opened = _expand_product(term) if isinstance(term, Product) else _expand_square(term)
        total += [(coefficient * c, e) for c, e in terms_of(opened)]
        if len(total) > LARGEST_EXPANSION:
            return expr
    return add(total, expr.shape)


def _expand_square(term: Expr) -> Expr:
    """The square of a sum, as a sum of products."""
    if not (isinstance(term, Power) and term.exponent == 2 and isinstance(term.base, Sum)):
        return term
    base = term.base
    return expand(add([(c, hadamard(e, base)) for c, e in base.terms], term.shape))


def _expand_product(node: Product) -> Expr:
    """One product over its sums; whole small powers of sums are multiplied out too."""
    forms: list[Expr] = [node]
    done: list[tuple[Fraction, Expr]] = []
    while forms:
        current = forms.pop()
        for coefficient, term in terms_of(current):
            place = _sum_in(term)
            if place is None or len(done) + len(forms) > LARGEST_EXPANSION:
                done.append((coefficient, term))
            else:
                assert isinstance(term, Product)
                forms.append(scale(coefficient, _distribute(term, place)))
    return add(done, node.shape)


def _sum_in(term: Expr) -> int | None:
    """The place of the first operand that is a sum or the square of one."""
    if isinstance(term, Product):
        for place, (operand, _) in enumerate(term.operands):
            squared = isinstance(operand, Power) and operand.exponent == 2 and isinstance(operand.base, Sum)
            if squared or (isinstance(operand, Sum) and len(operand.terms) > 1):
                return place
    return None


def _distribute(term: Product, place: int) -> Expr:
    operand, labels = term.operands[place]
    others = term.operands[:place] + term.operands[place + 1 :]
    total = operand.base if isinstance(operand, Power) else operand
    if isinstance(operand, Power):
        others = (*others, (total, labels))
    sizes = dict(enumerate(term.sizes))
    parts = [(c, product([*others, (e, labels)], term.out, sizes)) for c, e in terms_of(total)]
    return add(parts, term.shape)


def use_facts(expr: Expr) -> Expr:
    """Declared facts: where a symbol sums to one along an axis, that sum is 1; a symmetric matrix is its transpose."""

    turning = has_symmetry(expr)
    if not turning and not any(symbol.facts for symbol in symbols(expr)):
        return expr

    def change(node: Expr, args: tuple[Expr, ...]) -> Expr:
        node = with_args(node, args)
        if turning:
            node = orient(node)
        if not isinstance(node, Product):
            return node
        kept = [(operand, labels) for operand, labels in node.operands if _summed_label(operand, labels, node) is None]
        if len(kept) == len(node.operands):
            return node
        gone = {_summed_label(operand, labels, node) for operand, labels in node.operands}
        used = {label for _, labels in kept for label in labels} | set(node.out)
        sizes = {k: size for k, size in enumerate(node.sizes) if k in used or k not in gone}
        return product(kept, node.out, sizes)

    return rebuild(expr, change)


def _summed_label(operand: Expr, labels: Labels, node: Product) -> int | None:
    """The label over which a declared fact says that the operand sums to one, where nothing else has it."""
    if not isinstance(operand, Symbol):
        return None
    for fact in operand.facts:
        if fact.startswith(SUMS_TO_ONE):
            label = labels[int(fact.removeprefix(SUMS_TO_ONE))]
            places = sum(inner.count(label) for _, inner in node.operands)
            if label != UNIT and label not in node.out and places == 1:
                return label
    return None


def with_args(node: Expr, args: tuple[Expr, ...]) -> Expr:
    """The canonical node with other arguments."""
    if args == node.args:
        return node
    match node:
        case Sum():
            return add(zip([c for c, _ in node.terms], args, strict=True), node.shape)
        case Product():
            operands = zip(args, [labels for _, labels in node.operands], strict=True)
            return product(operands, node.out, dict(enumerate(node.sizes)))
        case Power():
            return power(args[0], node.exponent)
        case Call():
            built: Expr = node.function(*args)
            return built
        case Window():
            return node.with_index(args[0])
    return node


def _terms(expr: Expr) -> list[Term]:
    """Each term as its coefficient, its factors at the labels of the result, and the rest.

    A factor can be taken out of the sum only if each of its labels is one of the result's, so a product's
    result labels are numbered 0, 1, … in the same way in every term.
    """
    found: list[Term] = []
    for coefficient, term in terms_of(expr):
        factors: dict[Factor, Fraction] = {}
        rest: list[tuple[Expr, Labels]] = []
        axes = tuple(UNIT if size.is_one else axis for axis, size in enumerate(expr.shape))
        if not isinstance(term, Product):
            base, exponent = (term.base, term.exponent) if isinstance(term, Power) else (term, Fraction(1))
            factors[base, axes] = exponent
            found.append((coefficient, factors, _ones_like(expr.shape)))
            continue
        real = [label for label in term.out if label != UNIT]
        if len(set(real)) < len(real):
            found.append((coefficient, {}, term))
            continue
        place = {label: axis for axis, label in enumerate(term.out) if label != UNIT}
        for operand, labels in term.operands:
            base, exponent = (operand.base, operand.exponent) if isinstance(operand, Power) else (operand, Fraction(1))
            if all(label == UNIT or label in place for label in labels):
                factors[base, tuple(place.get(label, UNIT) for label in labels)] = exponent
            else:
                rest.append((operand, labels))
        inner = product(rest, term.out, dict(enumerate(term.sizes))) if rest else _ones_like(expr.shape)
        found.append((coefficient, factors, inner))
    return found


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
    """The factor that most terms share, taken out of those terms; again for what is left."""
    if not isinstance(expr, Sum) or len(expr.terms) < 3:
        return collect(expr)
    terms = _terms(expr)
    count: dict[Factor, list[int]] = {}
    for place, (_, factors, _) in enumerate(terms):
        for factor, exponent in factors.items():
            if exponent > 0:
                count.setdefault(factor, []).append(place)
    best = max(count.items(), key=lambda item: (len(item[1]), item[0][0].key), default=None)
    if best is None or len(best[1]) < 2:
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
FACTS = Rewrite("facts", use_facts, "use what is declared of the symbols, and symmetry")
TOGETHER = Rewrite("together", together, "bring over one denominator")
COLLECT = Rewrite("collect", collect, "take common factors out")
TAKE_OUT = Rewrite("take out", take_out, "take the common matrix out")
GROUP = Rewrite("group", group, "take shared factors out")
PATHS: tuple[tuple[Rewrite, ...], ...] = (
    (COLLECT,),
    (TAKE_OUT, TAKE_OUT),
    (COLLECT, TAKE_OUT, TAKE_OUT),
    (TOGETHER,),
    (EXPAND,),
    (EXPAND, COLLECT),
    (EXPAND, GROUP),
    (EXPAND, TAKE_OUT, TAKE_OUT, COLLECT),
    (EXPAND, TOGETHER),
)


def shortest(forms: Iterable[Expr]) -> Expr:
    """The form with the fewest printed nodes among the given ones and their collected ones."""
    candidates = [form for given in forms for form in (given, collect(given), group(given))]
    return min(candidates, key=weight_of)


def simplify(expr: Expr) -> Simplified:
    """The shortest form and the lines that lead to it; a rewrite that changes nothing gives no line."""
    if is_zero(expr) or (not isinstance(expr, Sum | Product)):
        return Simplified(expr, ())
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


__all__ = ["Rewrite", "Simplified", "collect", "expand", "group", "simplify", "together", "use_facts", "with_args"]
