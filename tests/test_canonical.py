"""Canonical form: the value is einsum's, and equal products written differently are one object."""

from __future__ import annotations

from fractions import Fraction
from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contractions import Contraction, agree, contractions, point
from handgrad.axes import Size, shape
from handgrad.canonical import (
    add,
    along,
    as_number,
    broadcast,
    constant,
    content,
    eye,
    hadamard,
    is_zero,
    matmul,
    ones,
    power,
    product,
    reduce_sum,
    scale,
    transpose,
    zero,
)
from handgrad.errors import ShapeError
from handgrad.expr import Expr, Extent, Product, Symbol, walk

A, B = Symbol("A", shape("n", "k")), Symbol("B", shape("n", "p"))
M, N = Symbol("M", shape("n", "n")), Symbol("N", shape("n", "n"))
C = Symbol("C", shape("k", "n"))
u, v, w = (Symbol(name, shape("n")) for name in "uvw")
c, d = Symbol("c", ()), Symbol("d", ())
T = transpose
OPTIONS = settings(max_examples=300, deadline=None)


def trace(square: Expr) -> Expr:
    return product([(square, (0, 0))], (), {0: square.shape[0]})


@given(contractions())
@OPTIONS
def test_value_is_that_of_einsum(drawn: Contraction) -> None:
    arrays = drawn.arrays(1)
    agree(point(arrays).value(drawn.expr()), drawn.value(arrays))


@given(contractions(largest_rank=4))
@OPTIONS
def test_value_of_higher_ranks(drawn: Contraction) -> None:
    arrays = drawn.arrays(2)
    agree(point(arrays).value(drawn.expr()), drawn.value(arrays))


@given(contractions(), st.randoms(use_true_random=False))
@OPTIONS
def test_order_and_names_of_labels_do_not_matter(drawn: Contraction, random: object) -> None:
    """Operands in another order and labels of one size exchanged: the same object."""
    operands = list(drawn.operands)
    random.shuffle(operands)  # type: ignore[attr-defined]
    groups = ["abc", "de", "f"]
    renamed = {}
    for group in groups:
        letters = list(group)
        random.shuffle(letters)  # type: ignore[attr-defined]
        renamed.update(zip(group, letters, strict=True))
    table = str.maketrans(renamed)
    other = Contraction(tuple((name, labels.translate(table)) for name, labels in operands), drawn.out.translate(table))
    assert other.expr() is drawn.expr()


@given(contractions(), st.integers(0, 3))
@OPTIONS
def test_nesting_does_not_matter(drawn: Contraction, cut: int) -> None:
    """Some operands multiplied first, to any shape that keeps what the rest needs."""
    inner = Contraction(drawn.operands[:cut], "")
    rest = drawn.operands[cut:]
    outside = {k for _, labels in rest for k in labels} | set(drawn.out)
    linking = "".join(sorted({k for _, labels in inner.operands for k in labels if k in outside} - {"1"}))
    if not inner.operands or not rest:
        return
    nested = Contraction(inner.operands, linking).expr()
    number = {letter: k for k, letter in enumerate("abcdef")} | {"1": -1}
    sizes = {number[k]: Size.of({"d": "k", "e": "k", "f": "p"}.get(k, "n")) for k in outside | set(linking) if k != "1"}
    operands = [(nested, tuple(number[k] for k in linking))]
    operands += [(drawn.symbol(*operand), tuple(number[k] for k in operand[1])) for operand in rest]
    whole = product(operands, tuple(number[k] for k in drawn.out), sizes)
    assert whole is drawn.expr()


@given(contractions())
@OPTIONS
def test_canonical_form_is_stable(drawn: Contraction) -> None:
    """A canonical product built again from its own parts is itself, and holds no product inside."""
    expr = drawn.expr()
    for node in walk(expr):
        if isinstance(node, Product):
            assert product(node.operands, node.out, dict(enumerate(node.sizes))) is node
            assert not any(isinstance(operand, Product) for operand, _ in node.operands)


SAME = {
    "AᵀB and (BᵀA)ᵀ": (matmul(T(A), B), T(matmul(T(B), A))),
    "tr(AC) and tr(CA)": (trace(matmul(A, C)), trace(matmul(C, A))),
    "tr(MN) and tr(NᵀMᵀ)": (trace(matmul(M, N)), trace(matmul(T(N), T(M)))),
    "tr(MNM) and tr(MMN)": (trace(matmul(matmul(M, N), M)), trace(matmul(M, matmul(M, N)))),
    "uᵀv and vᵀu": (matmul(u, v), matmul(v, u)),
    "uᵀMv and vᵀMᵀu": (matmul(matmul(u, M), v), matmul(v, matmul(T(M), u))),
    "u ⊙ u and u²": (hadamard(u, u), u**2),
    "u ⊙ v and v ⊙ u": (hadamard(u, v), hadamard(v, u)),
    "(Mᵀ)ᵀ and M": (T(T(M)), M),
    "(MN)A and M(NA)": (matmul(matmul(M, N), A), matmul(M, matmul(N, A))),
    "IM and M": (matmul(eye(Size.of("n")), M), M),
    "diag(u) diag(v) and diag(u ⊙ v)": (
        matmul(product([(u, (0,))], (0, 0), {0: Size.of("n")}), product([(v, (0,))], (0, 0), {0: Size.of("n")})),
        product([(hadamard(u, v), (0,))], (0, 0), {0: Size.of("n")}),
    ),
    "1ᵀu and Σu": (matmul(ones(shape("n")), u), reduce_sum(u)),
    "1ᵀ1 and n": (matmul(ones(shape("n")), ones(shape("n"))), Extent(Size.of("n"))),
    "tr(I) and n": (trace(eye(Size.of("n"))), Extent(Size.of("n"))),
    "u/u and 1": (u / u, ones(shape("n"))),
    "u²u⁻¹ and u": (hadamard(u**2, u**-1), u),
    "c(uv) and (cu)v": (c * matmul(u, v), matmul(c * u, v)),
    "2(3u) and 6u": (scale(2, scale(3, u)), scale(6, u)),
    "−(u − v) and v − u": (-(u - v), v - u),
    "(u − v)² and (v − u)²": ((u - v) ** 2, (v - u) ** 2),
    "(2u)² and 4u²": ((2 * u) ** 2, 4 * u**2),
    "(uv)² and u²v²": (hadamard(u, v) ** 2, hadamard(u**2, v**2)),
    "u + v and v + u": (u + v, v + u),
    "u + u and 2u": (u + u, 2 * u),
    "(2u − 2v) w and 2 (u − v) w": (hadamard(2 * u - 2 * v, w), 2 * hadamard(u - v, w)),
    "c/d and c d⁻¹": (c / d, hadamard(c, power(d, -1))),
}


@pytest.mark.parametrize("name", SAME)
def test_one_object(name: str) -> None:
    left, right = SAME[name]
    assert left is right


@pytest.mark.parametrize("links", [["ab", "bc", "ca"], ["ab", "ba", "cd", "dc"], ["ab", "bc", "cd", "da"]])
def test_symmetric_cycles_are_one_object(links: list[str]) -> None:
    """tr(MMM) however it is read: its three factors look alike to each other."""
    number = {letter: k for k, letter in enumerate("abcd")}
    sizes = {number[k]: Size.of("n") for k in "".join(links)}
    built = {
        product([(M, tuple(number[k] for k in link)) for link in order], (), sizes) for order in permutations(links)
    }
    assert len(built) == 1


DIFFERENT = {
    "AB with M and N exchanged": (matmul(M, N), matmul(N, M)),
    "M and Mᵀ": (M, T(M)),
    "MN and MᵀN": (matmul(M, N), matmul(T(M), N)),
    "tr(MN) and tr(MNᵀ)": (trace(matmul(M, N)), trace(matmul(M, T(N)))),
    "M² and M∘²": (matmul(M, M), M**2),
    "uᵀMv and uᵀMᵀv": (matmul(matmul(u, M), v), matmul(matmul(u, T(M)), v)),
    "ΣM along rows and columns": (reduce_sum(M, [0]), reduce_sum(M, [1])),
    "u and its row": (reduce_sum(M, [0], keepdims=True), reduce_sum(M, [0])),
    "u and its column": (reduce_sum(M, [1], keepdims=True), reduce_sum(M, [0], keepdims=True)),
    "√(u²) and u": ((u**2) ** Fraction(1, 2), u),
}


@pytest.mark.parametrize("name", DIFFERENT)
def test_two_objects(name: str) -> None:
    left, right = DIFFERENT[name]
    assert left is not right


def test_numbers() -> None:
    assert as_number(constant(3)) == 3
    assert as_number(scale(Fraction(2, 3), ones(shape("n", "k")))) == Fraction(2, 3)
    assert as_number(u) is None
    assert as_number(eye(Size.of("n"))) is None
    assert is_zero(u - u)
    assert is_zero(zero(shape("n")))
    assert is_zero(0 * u)
    assert power(constant(2), -3) is constant(Fraction(1, 8))


@given(st.lists(st.fractions(max_denominator=12), min_size=2, max_size=3), st.integers(-3, 3))
@OPTIONS
def test_content_gives_the_expression_back(coefficients: list[Fraction], exponent: int) -> None:
    expr = add(zip(coefficients, (u, v, w), strict=False), shape("n"))
    factor, rest = content(expr)
    assert scale(factor, rest) is expr
    values = {name: np.array([0.3, 0.7, 1.9]) * k for k, name in enumerate("uvw", 1)}
    base = point(values).value(expr)
    if np.all(np.abs(base) > 1e-9):
        agree(point(values).value(expr**exponent) / base**exponent, np.ones(3))


def test_broadcast_and_along_are_numpys() -> None:
    arrays = {"A": np.arange(12.0).reshape(3, 4), "r": np.arange(4.0).reshape(1, 4), "u": np.arange(3.0)}
    row = Symbol("r", shape(1, "k"))
    here = point(arrays)
    agree(here.value(broadcast(row, shape("n", "k"))), np.broadcast_to(arrays["r"], (3, 4)))
    agree(here.value(broadcast(u, shape("k", "n"))), np.broadcast_to(arrays["u"], (4, 3)))
    for axis in (0, 1, -1):
        total = arrays["A"].sum(axis=axis, keepdims=True)
        agree(here.value(along(A, axis)), np.broadcast_to(total, (3, 4)))


@pytest.mark.parametrize(
    "make",
    [lambda: u + A, lambda: matmul(A, B), lambda: broadcast(u, shape("k")), lambda: hadamard(A, C), lambda: A - C],
)
def test_shapes_that_do_not_agree(make: object) -> None:
    with pytest.raises(ShapeError):
        make()  # type: ignore[operator]
