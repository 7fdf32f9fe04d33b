"""The derivative of a scalar function, derived line by line from its formula."""

from __future__ import annotations

from handgrad.expr import Call, Expr, Symbol
from handgrad.functions.record import Elementwise


def function_lines(function: Elementwise) -> tuple[Symbol, tuple[tuple[Expr, str], ...]]:
    """The variable, and the lines f′(x) = … with their reasons: those of the record, or its derivative alone.

    >>> from handgrad.functions.elementwise import sigmoid
    >>> import handgrad.render.text
    >>> for form, _ in function_lines(sigmoid)[1]:
    ...     print(form)
    exp(−x)/(1 + exp(−x))²
    (1 − 1/(1 + exp(−x)))/(1 + exp(−x))
    σ(x) (1 − σ(x))
    """
    x = Symbol("x", ())
    lines = tuple((line.form(x), line.reason) for line in function.lines)
    if not lines:
        call = function(x)
        assert isinstance(call, Call)
        lines = ((function.derivative(0, call), "rule of the table"),)
    return x, lines
