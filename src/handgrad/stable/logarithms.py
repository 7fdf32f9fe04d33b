"""log x: of a term in exponentials piece by piece; log(1 + x) of what is near 1; log(p/(1 − p)) by itself."""

from __future__ import annotations

from fractions import Fraction

from handgrad.canonical import add, as_number, power, product, scale
from handgrad.expr import UNIT, Call, Expr, Power, Product, Sum
from handgrad.functions.elementwise import log, log1p, logit
from handgrad.stable.building import logarithm
from handgrad.stable.reading import axes_of, reading
from handgrad.stable.terms import Term

ONE = Fraction(1)


def safe_log(node: Call, fresh: Expr) -> Expr:
    """The logarithm of a node's argument, of which `fresh` is the stable form."""
    inside = node.args[0]
    if node.function is log1p:
        inside, fresh = 1 + inside, 1 + fresh
    found = _of_term(inside)
    return _plain(fresh) if found is None else found


def _of_term(inside: Expr) -> Expr | None:
    """log(c e^E Π … · rest) as a sum; None where the argument is no such term."""
    terms = reading(inside)
    if len(terms) != 1 or not terms[0].exponential:
        return None
    term = terms[0]
    coefficient = term.coefficient
    if term.rest:  # what is left must have the sign of the whole, so the number goes with it
        term = Term(Fraction(1), term.exponent, term.sums, term.tanhs)
        if any(k % 2 for k in term.tanhs.values()):
            return None
    parts = logarithm(term)
    if parts is None:
        return None
    labels = axes_of(inside)
    sizes = {label: size for label, size in zip(labels, inside.shape, strict=True) if label != UNIT}
    total = [(c, product([atom], labels, sizes)) for c, atom in parts]
    if terms[0].rest:
        rest = product([(power(e, k), at) for (e, at), k in terms[0].rest.items()], labels, sizes)
        total.append((ONE, _plain(scale(coefficient, rest))))
    return add(total, inside.shape)


def joined_logs(node: Expr) -> Expr:
    """The sum with c log a − c log b as c log(a/b), where that is a term in exponentials."""
    if not isinstance(node, Sum):
        return node
    logs = [(c, e) for c, e in node.terms if isinstance(e, Call) and e.function is log]
    for c, left in logs:
        for d, right in logs:
            a, b = left.args[0], right.args[0]
            if c + d == 0 and all(len(reading(x)) == 1 and reading(x)[0].exponential for x in (a, b)):
                rest = [term for term in node.terms if term[1] not in (left, right)]
                return joined_logs(add([*rest, (c, log(a / b))], node.shape))
    return node


def _plain(inside: Expr) -> Expr:
    """log of what is no exponential."""
    p = _odds(inside)
    if p is not None:
        return logit(p)
    if isinstance(inside, Sum) and len(inside.terms) > 1:
        one = [(c, e) for c, e in inside.terms if as_number(e) == 1]
        if one and one[0][0] == 1:
            return log1p(add([(c, e) for c, e in inside.terms if as_number(e) != 1], inside.shape))
    return log(inside)


def _odds(inside: Expr) -> Expr | None:
    """p where the expression is p/(1 − p)."""
    if not isinstance(inside, Product) or len(inside.operands) != 2:
        return None
    for (p, at), (below, there) in (inside.operands, inside.operands[::-1]):
        if at == there == inside.out and isinstance(below, Power) and below.exponent == -1 and below.base is 1 - p:
            return p
    return None
