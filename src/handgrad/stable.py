"""Stable forms: log σ(z), log(1 − σ(z)) and log softmax(z) are computed without the small number in between.

Which function has such a form is written in its record (`log_of`, `complement`).
"""

from __future__ import annotations

from fractions import Fraction

from handgrad.canonical import as_number
from handgrad.expansion import with_args
from handgrad.expr import Call, Expr, Sum, Symbol, rebuild
from handgrad.functions import AlongAxis, Elementwise
from handgrad.functions.elementwise import log


def stable(expr: Expr) -> Expr:
    """The same value, computed safely; names are looked through."""
    return rebuild(expr, lambda node, args: _safe_log(with_args(node, args)))


def _safe_log(node: Expr) -> Expr:
    if not (isinstance(node, Call) and node.function is log):
        return node
    inner = node.args[0]
    direct = _application(inner)
    if direct is not None and direct.function.log_of is not None:
        result: Expr = direct.function.log_of(direct.function, direct.args[0])
        return result
    complement = _application(_one_minus(inner))
    if complement is not None and isinstance(complement.function, Elementwise) and complement.function.complement:
        other = complement.function.complement(complement.args[0])
        return _safe_log(log(other))
    return node


def _application(expr: Expr | None) -> Call | None:
    """The call that an expression is, or that its name is defined as."""
    if isinstance(expr, Symbol):
        expr = expr.definition
    return expr if isinstance(expr, Call) and isinstance(expr.function, Elementwise | AlongAxis) else None


def _one_minus(expr: Expr) -> Expr | None:
    """a where the expression is 1 − a."""
    if isinstance(expr, Sum) and len(expr.terms) == 2:
        for (c, one), (d, other) in (expr.terms, expr.terms[::-1]):
            if as_number(one) == 1 and c == 1 and d == Fraction(-1):
                return other
    return None
