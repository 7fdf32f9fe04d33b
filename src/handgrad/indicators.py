"""Identities between functions that stand side by side: max(0, z) [z > 0] = max(0, z), sinh z/cosh z = tanh z."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

from handgrad.canonical import add, as_number, ones, power, product, split_coefficient, spread, unspread
from handgrad.expansion import expand, with_args
from handgrad.expr import Call, Expr, Labels, Power, Product, Sum, rebuild
from handgrad.functions.along import log_softmax, softmax
from handgrad.functions.elementwise import absolute, cos, cosh, exp, relu, sigmoid, sign, sin, sinh, step, tan, tanh
from handgrad.functions.record import AlongAxis
from handgrad.functions.several import COMPARISONS, TURNED, entry_power, maximum, power_of, raise_to
from handgrad.simplify import Rewrite, Simplified

Factor = tuple[Expr, Fraction, Labels]
Identity = tuple[object, int, object, int, Callable[[Expr], Expr]]

IDENTITIES: tuple[Identity, ...] = (
    (sinh, 1, cosh, -1, tanh),
    (sin, 1, cos, -1, tan),
    (relu, 1, step, 1, relu),
    (absolute, 1, sign, 1, lambda x: x),
)
"""f(x)ᵃ g(x)ᵇ = h(x): f, a, g, b, h."""


def tidy(expr: Expr) -> Expr:
    """The expression with these identities used, and each comparison in its shortest form."""

    def change(node: Expr, args: tuple[Expr, ...]) -> Expr:
        node = with_args(node, args)
        if isinstance(node, Call):
            return _exponential(node) if node.function is exp else _compared(node)
        while isinstance(node, Product) and (found := _replaced(node)) is not None:
            node = found
        return _masked(node) if isinstance(node, Power) else node

    return rebuild(expr, change)


def gather_powers(expr: Expr) -> Expr:
    """The expression with xʸ/x in its products written as xʸ⁻¹."""

    def change(node: Expr, args: tuple[Expr, ...]) -> Expr:
        node = with_args(node, args)
        while isinstance(node, Product) and (found := _gathered(node)) is not None:
            node = found
        return node

    return rebuild(expr, change)


def _gathered(node: Product) -> Expr | None:
    factors = [_factor(operand, labels) for operand, labels in node.operands]
    for place, (base, exponent, labels) in enumerate(factors):
        if exponent != 1 or not isinstance(base, Call) or base.function not in (power_of, entry_power):
            continue
        for other, (mate, times, at) in enumerate(factors):
            if mate is base.args[0] and at == labels and times.denominator == 1:
                raised = raise_to(mate, _plus(base.args[1], int(times)))
                return _product(node, factors, {place: (raised, Fraction(1), labels), other: (mate, Fraction(0), at)})
    return None


def _plus(exponent: Expr, number: int) -> Expr:
    scalar = unspread(exponent)
    return exponent + number if scalar is None else spread(scalar + number, exponent.shape)


def with_powers(simplified: Simplified) -> Simplified:
    """The form with its powers gathered, and the line that says so."""
    gathered = gather_powers(simplified.result)
    if gathered is simplified.result:
        return simplified
    return Simplified(gathered, (*simplified.lines, (gathered, GATHER)))


GATHER = Rewrite("powers", gather_powers, "gather the powers")


def _exponential(node: Call) -> Expr:
    """exp(log softmax(x)) is softmax(x)."""
    inner = node.args[0]
    if isinstance(inner, Call) and isinstance(inner.function, AlongAxis) and inner.function.name == log_softmax.name:
        return softmax.at(inner.function.axis)(inner.args[0])
    return node


def _compared(node: Call) -> Expr:
    """[q e > (q − 1) e] is [e > 0]: a difference that is one term is compared with 0."""
    op = next((op for op, record in COMPARISONS.items() if record is node.function), None)
    if op is None or any(as_number(arg) is not None for arg in node.args):
        return node
    left, right = node.args
    coefficient, term = split_coefficient(expand(add([(1, left), (-1, right)], left.shape)))
    if isinstance(term, Sum):
        return node
    return COMPARISONS[op if coefficient > 0 else TURNED[op]](term, 0 * term)


def _masked(node: Power) -> Expr:
    """A comparison is 0 or 1, and so are its powers."""
    return node.base if _is_mask(node.base) and node.exponent > 0 else node


def _is_mask(expr: Expr) -> bool:
    return isinstance(expr, Call) and bool(getattr(expr.function, "factor", ""))


def _replaced(node: Product) -> Expr | None:
    factors = [_factor(operand, labels) for operand, labels in node.operands]
    for place, (base, exponent, labels) in enumerate(factors):
        if _is_mask(base) and exponent > 1:
            return _product(node, factors, {place: (base, Fraction(1), labels)})
        for other, (mate, times, at) in enumerate(factors):
            if _is_one_plus(mate, base) and at == labels and exponent == 1 and times == -1:  # eᵘ/(1 + eᵘ)
                assert isinstance(base, Call)
                value = sigmoid(base.args[0])
                return _product(node, [*factors, (value, Fraction(1), labels)],
                                {place: (base, exponent - 1, labels), other: (mate, times + 1, at)})  # fmt: skip
            if other == place or at != labels or not (isinstance(base, Call) and isinstance(mate, Call)):
                continue
            found = _joint(base, exponent, mate, times)
            if found is not None:
                value, left, right = found
                return _product(node, [*factors, (value, Fraction(1), labels)],
                                {place: (base, left, labels), other: (mate, right, labels)})  # fmt: skip
    return None


def _is_one_plus(total: Expr, base: Expr) -> bool:
    """Whether an expression is 1 + eᵘ for the other, eᵘ."""
    exponential = isinstance(base, Call) and base.function is exp
    if not exponential or not isinstance(total, Sum) or total.shape != base.shape:
        return False
    return add([(1, total), (-1, base)], base.shape) is ones(base.shape)


def _joint(base: Call, exponent: Fraction, mate: Call, times: Fraction) -> tuple[Expr, Fraction, Fraction] | None:
    """What two factors are together, and what is left of their exponents."""
    hinge = base.function is maximum and as_number(base.args[0]) == 0 and exponent > 0
    if hinge and mate.function is step and mate.args[0] is base.args[1] and times > 0:
        return base, exponent - 1, Fraction(0)
    for first, a, second, b, value in IDENTITIES:
        same = base.function is first and mate.function is second and base.args == mate.args
        if same and exponent * a >= 1 and times * b >= 1:
            absorbed = second is step  # a mask goes as a whole
            return value(base.args[0]), exponent - a, Fraction(0) if absorbed else times - b
    return None


def _product(node: Product, factors: list[Factor], changed: dict[int, Factor]) -> Expr:
    kept = [changed.get(place, factor) for place, factor in enumerate(factors)]
    operands = [(power(base, exponent), labels) for base, exponent, labels in kept if exponent]
    return product(operands, node.out, dict(enumerate(node.sizes)))


def _factor(operand: Expr, labels: Labels) -> Factor:
    return (operand.base, operand.exponent, labels) if isinstance(operand, Power) else (operand, Fraction(1), labels)
