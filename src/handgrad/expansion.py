"""Products of sums multiplied out, and the rebuilding of nodes that every rewrite needs."""

from __future__ import annotations

from fractions import Fraction

from handgrad.canonical import add, hadamard, power, product, scale, terms_of
from handgrad.expr import Call, Expr, Power, Product, Sum, Window

LARGEST_EXPANSION = 60  # terms; a larger product of sums stays a product


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
