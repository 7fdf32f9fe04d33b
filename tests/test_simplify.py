"""Every rewrite keeps the value and the shape; simplification never makes longer, and ends."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contractions import LENGTHS, point
from handgrad.axes import Size, shape
from handgrad.canonical import along, eye, hadamard, matmul, ones, product, reduce_sum, transpose
from handgrad.expansion import expand
from handgrad.expr import Expr, Symbol
from handgrad.facts import use_facts
from handgrad.functions.elementwise import exp, sigmoid, tanh
from handgrad.matrix import weight_of
from handgrad.simplify import collect, group, simplify, together

OPTIONS = settings(max_examples=120, deadline=None)
A, B = Symbol("A", shape("n", "k")), Symbol("B", shape("n", "k"))
M = Symbol("M", shape("n", "n"))
u, v = Symbol("u", shape("n")), Symbol("v", shape("n"))
b = Symbol("b", shape("n", 1))
c = Symbol("c", ())
SYMBOLS = (A, B, M, u, v, b, c)
REWRITES: dict[str, Callable[[Expr], Expr]] = {
    "expand": expand, "collect": collect, "group": group, "together": together, "use_facts": use_facts,
    "simplify": lambda expr: simplify(expr).result,
}  # fmt: skip
EXPONENTS = st.sampled_from([-2, -1, -1, 1, 2, 3, Fraction(1, 2)])


def arrays(seed: int) -> dict[str, np.ndarray]:
    """Positive values: the powers are fractions."""
    random = np.random.default_rng(seed)
    lengths = {s.name: [n.value or LENGTHS[n.name] for n in s.shape] for s in SYMBOLS}
    return {name: random.uniform(0.5, 1.5, length) for name, length in lengths.items()}


def repeat(column: Expr) -> Expr:
    """A column of one axis, an n × 1 matrix or a number at the shape (n, k)."""
    at = {0: (), 1: (0,), 2: (0, -1)}[column.rank]
    return product([(column, at)], (0, 1), {0: Size.of("n"), 1: Size.of("k")})


ATOMS: list[Expr] = [
    A, B, tanh(A), sigmoid(B), repeat(u), repeat(b), repeat(c), matmul(M, A), matmul(transpose(M), matmul(M, B)),
    along(A, 0), along(B, 1), ones(A.shape), product([(v, (0,)), (Symbol("A", A.shape), (0, 1))], (0, 1),
    {0: Size.of("n"), 1: Size.of("k")}), repeat(matmul(u, v)), repeat(reduce_sum(A, [1])),
]  # fmt: skip


@st.composite
def expressions(draw: st.DrawFn, depth: int = 3) -> Expr:
    """Sums of products of powers of atoms, nested: the form that gradients have. Every one is n × k."""
    if depth == 0:
        return draw(st.sampled_from(ATOMS))
    kind = draw(st.sampled_from(["sum", "sum", "product", "power", "atom"]))
    inner = expressions(depth=depth - 1)
    match kind:
        case "sum":
            parts = draw(st.lists(inner, min_size=2, max_size=3))
            total = parts[0]
            for part in parts[1:]:
                total = total + draw(st.sampled_from([1, 1, -1, 2, Fraction(1, 3)])) * part
            return total
        case "product":
            return hadamard(*draw(st.lists(inner, min_size=2, max_size=3)))
        case "power":
            base = draw(st.sampled_from([1, 0])) + draw(st.sampled_from(ATOMS))
            return base ** draw(EXPONENTS)
    return draw(st.sampled_from(ATOMS))


@pytest.mark.parametrize("name", REWRITES)
@given(expr=expressions())
@OPTIONS
def test_the_value_stays(name: str, expr: Expr) -> None:
    with np.errstate(all="ignore"):
        here = point(arrays(11))
        value = here.value(expr)
        changed = REWRITES[name](expr)
        assert changed.shape == expr.shape
        if np.all(np.isfinite(value)) and np.max(np.abs(value)) < 1e8 and _steady(expr, value):
            found = here.value(changed)
            assert np.max(np.abs(found - value)) <= 1e-7 * max(1.0, float(np.max(np.abs(value))))


def _steady(expr: Expr, value: np.ndarray) -> bool:
    """Whether the point is far from a pole, where rounding alone would make a difference."""
    moved = {name: array * (1 + 1e-10) for name, array in arrays(11).items()}
    apart = np.max(np.abs(point(moved).value(expr) - value))
    return bool(apart <= 1e-7 * max(1.0, float(np.max(np.abs(value)))))


@given(expressions())
@OPTIONS
def test_simplify_never_makes_longer_and_shows_its_lines(expr: Expr) -> None:
    simplified = simplify(expr)
    assert weight_of(simplified.result) <= weight_of(expr)
    if simplified.lines:
        assert simplified.lines[-1][0] is simplified.result
    else:
        assert simplified.result is expr


def test_each_line_has_a_reason() -> None:
    lines = simplify((ones(A.shape) - B) / (ones(A.shape) - A) - B / A).lines
    assert lines
    assert all(rewrite.reason for _, rewrite in lines)


SHORTEST = {
    "cross-entropy": ((1 - B) / (1 - A) - B / A, "(A − B)/(A ⊙ (1 − A))"),
    "sigmoid": (hadamard((1 - B) / (1 - A) - B / A, A, 1 - A), "A − B"),
    "square": ((A + B) ** 2 - A**2 - B**2, "2 A ⊙ B"),
    "zero": (hadamard(A, A + B) - A**2 - hadamard(A, B), "0"),
    "common matrix": (matmul(M, A) - matmul(M, B), "M (A − B)"),
}


@pytest.mark.parametrize("name", list(SHORTEST))
def test_shortest(name: str) -> None:
    expr, expected = SHORTEST[name]
    assert simplify(expr).result.text() == expected


# Facts


def summed(fact: tuple[str, ...]) -> Expr:
    """1ᵀY along axis 0, times another matrix, as softmax's pullback leaves it."""
    Y = Symbol("Y", shape("n", "k"), facts=fact)
    return hadamard(A, along(Y, 0))


def test_a_declared_fact_is_used() -> None:
    assert use_facts(summed(("sums to one along axis 0",))) is A


@pytest.mark.parametrize("fact", [(), ("binary",), ("sums to one along axis 1",)])
def test_an_undeclared_fact_is_not(fact: tuple[str, ...]) -> None:
    expr = summed(fact)
    assert use_facts(expr) is expr


def test_a_fact_is_not_used_where_the_sum_has_another_factor() -> None:
    """Σ Y ⊙ A is not Σ A, and neither is Σ Y², a trace of Y, or Σ along the other axis."""
    Y = Symbol("Y", shape("n", "k"), facts=("sums to one along axis 0",))
    S = Symbol("S", shape("n", "n"), facts=("sums to one along axis 0",))
    kept = [
        reduce_sum(hadamard(Y, A), [0]),
        reduce_sum(Y**2, [0]),
        reduce_sum(Y, [1]),
        matmul(transpose(Y), u),
        matmul(S, S),
        product([(S, (0, 0))], (), {0: Size.of("n")}),
        reduce_sum(exp(Y), [0]),
    ]
    for expr in kept:
        assert use_facts(expr) is expr, expr.text()


def test_a_fact_in_a_double_sum_counts_the_other_axis() -> None:
    """Σᵢⱼ Yᵢⱼ where each column sums to 1 is k, the number of columns."""
    Y = Symbol("Y", shape("n", "k"), facts=("sums to one along axis 0",))
    assert use_facts(reduce_sum(Y)).text() == "k"


def test_a_fact_leaves_what_is_not_summed() -> None:
    Y = Symbol("Y", shape("n", "k"), facts=("sums to one along axis 0",))
    assert use_facts(matmul(ones(shape("n")), Y)) is ones(shape("k"))
    assert use_facts(matmul(eye(Size.of("n")), Y)) is Y
