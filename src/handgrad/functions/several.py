"""The scalar functions of several arguments: comparisons, where, max, powers. To add one, add one record here."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from handgrad.canonical import as_number, hadamard, power, spread, unspread, zero
from handgrad.expr import Expr
from handgrad.functions.elementwise import DLMF, TINY, log, logaddexp, step
from handgrad.functions.record import Array, Elementwise, Notation

IVERSON = "Iverson bracket (Knuth, Two notes on notation, 1992)"
SIGNS: dict[str, tuple[str, str, str]] = {  # operator -> NumPy's name, text, LaTeX
    ">": ("greater", ">", ">"),
    ">=": ("greater_equal", "≥", r"\ge"),
    "<": ("less", "<", "<"),
    "<=": ("less_equal", "≤", r"\le"),
    "==": ("equal", "=", "="),
    "!=": ("not_equal", "≠", r"\ne"),
}
TURNED = {">": "<", "<": ">", ">=": "<=", "<=": ">=", "==": "==", "!=": "!="}
OPPOSITE = {">": "<=", "<=": ">", "<": ">=", ">=": "<", "==": "!=", "!=": "=="}


def _strict(op: str) -> str:
    """JavaScript's sign of a comparison."""
    return f"{op}=" if op in ("==", "!=") else op


def _holds(op: str, left: Array, right: Array) -> Any:
    """A comparison of real parts; a complex step moves them by less than TINY."""
    if np.isrealobj(left) and np.isrealobj(right):
        return getattr(np, SIGNS[op][0])(left, right)
    apart = np.real(left) - np.real(right)
    apart = np.where(np.abs(apart) > TINY, apart, 0.0)
    return getattr(np, SIGNS[op][0])(apart, 0.0)


def _like(x: Expr) -> Expr:
    return zero(x.shape)


def _comparison(op: str) -> Elementwise:
    name, sign, tex = SIGNS[op]

    def rewrite(left: Expr, right: Expr) -> Expr | None:
        """A number stands on the right; [x > 0] is the step function."""
        if as_number(left) is not None and as_number(right) is None:
            return COMPARISONS[TURNED[op]](right, left)
        return step(left) if op == ">" and as_number(right) == 0 else None

    return Elementwise(
        name, Notation(f"[{{0}} {sign} {{1}}]", rf"\mathbb{{1}}\left[{{0}} {tex} {{1}}\right]", closed=True),
        lambda x, y: np.where(_holds(op, x, y), 1.0, 0.0), (lambda x, _y: _like(x), lambda x, _y: _like(x)), (name,),
        IVERSON, code=f"np.where({{0}} {op} {{1}}, 1.0, 0.0)", factor=f"({{0}} {op} {{1}})", write=getattr(np, name),
        rewrite=rewrite,
        spell={"torch": f"({{0}} {op} {{1}}).to({{0}}.dtype)", "javascript": f"({{0}} {_strict(op)} {{1}} ? 1 : 0)"},
    )  # fmt: skip


COMPARISONS: dict[str, Elementwise] = {op: _comparison(op) for op in SIGNS}


def _choice(op: str) -> Elementwise:
    """where(x > y, a, b), one record for each comparison."""
    name, sign, tex = SIGNS[op]

    def write(x: Array, y: Array, a: Array, b: Array, out: Array) -> None:
        np.copyto(out, b)
        np.copyto(out, a, where=_holds(op, x, y))

    return Elementwise(
        f"where_{name}",
        Notation(f"where({{0}} {sign} {{1}}, {{2}}, {{3}})",
                 rf"\begin{{cases}} {{2}} & {{0}} {tex} {{1}} \\ {{3}} & \text{{otherwise}} \end{{cases}}",
                 closed=True),
        lambda x, y, a, b: np.asarray(np.where(_holds(op, x, y), a, b)),
        (lambda x, *_: _like(x), lambda x, *_: _like(x),
         lambda x, y, *_: COMPARISONS[op](x, y), lambda x, y, *_: COMPARISONS[OPPOSITE[op]](x, y)), (),
        "the derivative of the branch that is taken; where the condition changes a branch's derivative is taken",
        code=f"np.where({{0}} {op} {{1}}, {{2}}, {{3}})", write=write,
        spell={"javascript": f"({{0}} {_strict(op)} {{1}} ? {{2}} : {{3}})"},
    )  # fmt: skip


CHOICES: dict[str, Elementwise] = {op: _choice(op) for op in SIGNS}


def _larger(op: str) -> tuple[Callable[..., Expr], Callable[..., Expr]]:
    """The derivatives of max and min: 1 where the argument is taken; of a number and x, 0 at the tie."""

    def first(x: Expr, y: Expr) -> Expr:
        return COMPARISONS[op](x, y)

    def second(x: Expr, y: Expr) -> Expr:
        return COMPARISONS[op if as_number(x) is not None else OPPOSITE[TURNED[op]]](y, x)

    return first, second


def _ordered(function: Callable[[], Elementwise]) -> Callable[[Expr, Expr], Expr | None]:
    """A number stands first: max(0, z); max(x, x) is x."""

    def rewrite(x: Expr, y: Expr) -> Expr | None:
        if x is y:
            return x
        return function()(y, x) if as_number(y) is not None and as_number(x) is None else None

    return rewrite


TIE = "the derivative of the argument that is taken; at a tie the second one, of max(0, z) the number 0"
maximum: Elementwise = Elementwise(
    "maximum", Notation("max({0}, {1})", r"\max\left({0}, {1}\right)", closed=True),
    lambda x, y: np.asarray(np.where(_holds(">", x, y), x, y)), _larger(">"), ("maximum", "fmax"), TIE,
    initial_gain=2.0, write=np.maximum, rewrite=_ordered(lambda: maximum), spell={"javascript": "Math.max({0}, {1})"},
)  # fmt: skip
minimum: Elementwise = Elementwise(
    "minimum", Notation("min({0}, {1})", r"\min\left({0}, {1}\right)", closed=True),
    lambda x, y: np.asarray(np.where(_holds("<", x, y), x, y)), _larger("<"), ("minimum", "fmin"), TIE,
    write=np.minimum, rewrite=_ordered(lambda: minimum), spell={"javascript": "Math.min({0}, {1})"},
)  # fmt: skip
between: Elementwise = Elementwise(
    "between", Notation("[{1} < {0} < {2}]", r"\mathbb{1}\left[{1} < {0} < {2}\right]", closed=True),
    lambda x, a, b: np.where(_holds(">", x, a) & _holds("<", x, b), 1.0, 0.0), (lambda x, *_: _like(x),) * 3, (),
    IVERSON, code="np.where(({1} < {0}) & ({0} < {2}), 1.0, 0.0)", factor="(({1} < {0}) & ({0} < {2}))",
    spell={"torch": "(({1} < {0}) & ({0} < {2})).to({0}.dtype)", "javascript": "({1} < {0} && {0} < {2} ? 1 : 0)"},
)  # fmt: skip
clip: Elementwise = Elementwise(
    "clip", Notation("clip({0}, {1}, {2})", r"\operatorname{clip}\left({0}, {1}, {2}\right)", closed=True),
    lambda x, a, b: minimum.numpy(maximum.numpy(x, a), b),
    (lambda x, a, b: between(x, a, b),
     lambda x, a, b: COMPARISONS["<="](x, a) * COMPARISONS["<"](a, b),
     lambda x, a, b: COMPARISONS[">="](maximum(x, a), b)), ("clip",),
    "min(max(x, a), b); the derivative at the bounds is taken as 0", write=np.clip,
    spell={"torch": "torch.minimum(torch.maximum({0}, {1}), {2})", "javascript": "Math.min(Math.max({0}, {1}), {2})"},
)  # fmt: skip


def _raise(x: Array, y: Array) -> Array:
    """x to the power y: of a negative number for whole exponents only."""
    whole = np.real(y) == np.round(np.real(y))
    if np.isrealobj(x) and np.isrealobj(y):
        return np.asarray(np.where(whole | (x >= 0), np.power(np.where(whole | (x >= 0), x, 1.0), y), np.nan))
    real, exponent = np.real(x), np.real(y)
    flipped = np.where(real < 0, -x, x)  # a complex power of a negative number would turn in the plane
    sign = np.where(real < 0, np.where(whole, np.where(exponent % 2 == 0, 1.0, -1.0), np.nan), 1.0)
    return np.asarray(sign * np.exp(y * np.log(flipped + 0j)))


def _raised(x: Expr, y: Expr) -> Expr | None:
    """A constant exponent is a power of its own kind; 1 to any power is 1."""
    number = as_number(y)
    if number is not None:
        return power(x, number)
    return x if as_number(x) == 1 else None


def _spread(function: Callable[[Expr], Expr], x: Expr) -> Expr:
    """A function of x; of a number that is repeated, the number's, repeated."""
    scalar = unspread(x)
    return function(x) if scalar is None else spread(function(scalar), x.shape)


def _power_like(name: str, text: str, latex: str) -> Elementwise:
    return Elementwise(
        name, Notation(text, latex), _raise,
        (lambda x, y: hadamard(y, raise_to(x, y), power(x, -1)),  # y xʸ/x gathers with other powers of x
         lambda x, y: hadamard(_spread(log, x), raise_to(x, y))), (),
        f"{DLMF} 4.2.30; the base is positive, or the exponent a whole number",
        code="{0} ** {1}", write=np.power, rewrite=_raised, spell={"javascript": "Math.pow({0}, {1})"},
    )  # fmt: skip


power_of: Elementwise = _power_like("power_of", "{0}^{1}", "{0}^{{1}}")
entry_power: Elementwise = _power_like("entry_power", "{0}∘^{1}", r"{0}^{\circ {1}}")


def raise_to(base: Expr, exponent: Expr) -> Expr:
    """base to a power that is an expression of the same shape, entry by entry."""
    return (power_of if unspread(base) is not None else entry_power)(base, exponent)


def _angle(y: Array, x: Array) -> Array:
    """The angle of the point (x, y); of complex arguments by the logarithm of x + i y over its modulus."""
    if np.isrealobj(y) and np.isrealobj(x):
        return np.asarray(np.arctan2(y, x))
    ahead = np.real(x) > np.abs(np.real(y))
    turn = np.arctan(np.where(ahead, y, x) / np.where(ahead, x, np.where(y == 0, 1.0, y)))
    quarter = np.where(np.real(y) > 0, np.pi / 2, -np.pi / 2)
    back = np.where(np.real(y) >= 0, np.pi, -np.pi) + np.arctan(y / np.where(x == 0, 1.0, x))
    behind = np.real(x) < -np.abs(np.real(y))
    return np.asarray(np.where(ahead, turn, np.where(behind, back, quarter - turn)))


arctan2: Elementwise = Elementwise(
    "arctan2", Notation("arctan2({0}, {1})", r"\operatorname{arctan2}\left({0}, {1}\right)", closed=True),
    _angle,
    (lambda y, x: x / (x**2 + y**2), lambda y, x: -y / (x**2 + y**2)), ("arctan2", "atan2"),
    f"{DLMF} 4.23.3 by the chain rule", write=np.arctan2, spell={"javascript": "Math.atan2({0}, {1})"},
)  # fmt: skip
TABLE: tuple[Elementwise, ...] = (
    *COMPARISONS.values(), *CHOICES.values(), maximum, minimum, between, clip, power_of, entry_power, arctan2,
    logaddexp,
)  # fmt: skip
