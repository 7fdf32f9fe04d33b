"""a − b where both are near each other: differences of square roots, 1 ± erf."""

from __future__ import annotations

from fractions import Fraction
from itertools import permutations

from handgrad.canonical import add, as_number, hadamard, is_zero, power, scale
from handgrad.expr import Call, Expr, Power, Sum
from handgrad.functions.elementwise import erf, erfc
from handgrad.matrix import weight_of

HALF = Fraction(1, 2)
MOST_TERMS = 16


def safe_difference(expr: Expr) -> Expr:
    """The sum with the first two terms that cancel as one of these; again for what is left."""
    if not isinstance(expr, Sum) or not 2 <= len(expr.terms) <= MOST_TERMS:
        return expr
    for (c, first), (d, second) in permutations(expr.terms, 2):
        found = _roots(c, first, d, second) or _erf(c, first, d, second)
        if found is not None:
            rest = [term for term in expr.terms if term[1] not in (first, second)]
            return add([(1, found), (1, safe_difference(add(rest, expr.shape)))], expr.shape)
    return expr


def _roots(c: Fraction, first: Expr, d: Fraction, second: Expr) -> Expr | None:
    """c √A + d B with signs that differ is (c² A − d² B²)/(c √A − d B), where A and B² share what cancels.

    1/√A − 1/√B is (√B − √A)/(√A √B).
    """
    if _exponent(first) == _exponent(second) == -HALF and c * d < 0:
        over = safe_difference(add([(c, power(second, -1)), (d, power(first, -1))], first.shape))
        return hadamard(over, first, second)
    if not (isinstance(first, Power) and first.exponent == HALF) or c * d > 0:
        return None
    if as_number(second) is None and not (isinstance(second, Power) and second.exponent == HALF):
        return None
    over = add([(c * c, first.base), (-d * d, power(second, 2))], first.shape)
    if is_zero(over) or weight_of(over) >= weight_of(first.base) + (as_number(second) is None) * weight_of(second):
        return None
    return hadamard(over, power(add([(c, first), (-d, second)], first.shape), -1))


def _exponent(expr: Expr) -> Fraction | None:
    return expr.exponent if isinstance(expr, Power) else None


def _erf(c: Fraction, first: Expr, d: Fraction, second: Expr) -> Expr | None:
    """1 − erf x is erfc x, and 1 + erf x is erfc(−x)."""
    if as_number(first) != 1 or not (isinstance(second, Call) and second.function is erf) or abs(c) != abs(d):
        return None
    x = second.args[0]
    return scale(c, erfc(x if c * d < 0 else -x))
