"""Recognises exp(x)/Σ exp(x) as softmax(x) inside products, however often it stands there, and exp(log softmax(x))."""

from __future__ import annotations

from fractions import Fraction

from handgrad.canonical import power, product
from handgrad.expansion import with_args
from handgrad.expr import UNIT, Call, Expr, Labels, Power, Product, rebuild
from handgrad.functions.along import log_softmax, softmax
from handgrad.functions.elementwise import exp

Factor = tuple[Expr, Fraction, Labels]


def recognise(expr: Expr) -> Expr:
    """The expression with each such quotient written as softmax along the axis that is summed."""

    def change(node: Expr, args: tuple[Expr, ...]) -> Expr:
        node = with_args(node, args)
        if isinstance(node, Call) and node.function is exp and (inner := _log_softmax(node.args[0])) is not None:
            return inner
        while isinstance(node, Product) and (found := _replaced(node)) is not None:
            node = found
        return node

    return rebuild(expr, change)


def _log_softmax(argument: Expr) -> Expr | None:
    """softmax(x) where an argument of exp is log softmax(x)."""
    if isinstance(argument, Call) and getattr(argument.function, "name", "") == log_softmax.name:
        ratio: Expr = softmax.at(argument.function.axis)(argument.args[0])
        return ratio
    return None


def _replaced(node: Product) -> Expr | None:
    factors = [_factor(operand, labels) for operand, labels in node.operands]
    for place, (total, exponent, at) in enumerate(factors):
        summed = _sum_of_exp(total) if exponent < 0 else None
        if summed is None:
            continue
        argument, axis = summed
        for other, (base, times, labels) in enumerate(factors):
            kept = tuple(label for label in at if label != UNIT)
            if base is argument and times > 0 and _without(labels, axis) == kept:
                rest = [f for k, f in enumerate(factors) if k not in (place, other)]
                rest += [(total, exponent + 1, at), (base, times - 1, labels)]
                operands = [(power(b, e), place_) for b, e, place_ in rest if e]
                ratio = softmax.at(axis - base.rank)(base.args[0])
                return product([*operands, (ratio, labels)], node.out, dict(enumerate(node.sizes)))
    return None


def _factor(operand: Expr, labels: Labels) -> Factor:
    return (operand.base, operand.exponent, labels) if isinstance(operand, Power) else (operand, Fraction(1), labels)


def _sum_of_exp(total: Expr) -> tuple[Expr, int] | None:
    """(exp(x), k) where an expression is Σ exp(x) over the axis k alone, the other axes in their order."""
    if not isinstance(total, Product) or len(total.operands) != 1:
        return None
    inner, labels = total.operands[0]
    if not (isinstance(inner, Call) and inner.function is exp) or UNIT in labels or len(set(labels)) < len(labels):
        return None
    summed = [axis for axis, label in enumerate(labels) if label not in total.out]
    if len(summed) != 1:
        return None
    kept = tuple(label for label in total.out if label != UNIT)
    return (inner, summed[0]) if kept == _without(labels, summed[0]) else None


def _without(labels: Labels, axis: int) -> Labels:
    return labels[:axis] + labels[axis + 1 :]
