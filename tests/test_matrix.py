"""Matrix form: what is printed and run has the value and the shape of the contraction it stands for."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special

from contractions import LENGTHS, Contraction, agree, contractions, point
from handgrad.axes import ONE, Size, shape
from handgrad.canonical import eye, hadamard, matmul, ones, product, reduce_sum, transpose
from handgrad.expr import Expr, Symbol
from handgrad.functions.elementwise import sigmoid
from handgrad.matrix import Form, Spread, matrix_form, parts, weight
from handgrad.program.emitter import Emitter
from handgrad.program.lower import Lowering
from handgrad.program.numpy_engine import Bound

OPTIONS = settings(max_examples=250, deadline=None)
A, B = Symbol("A", shape("n", "k")), Symbol("B", shape("n", "p"))
M, N = Symbol("M", shape("n", "n")), Symbol("N", shape("n", "n"))
D, E = Symbol("D", shape("n", "k")), Symbol("E", shape("n", "k"))
u, v, w = (Symbol(name, shape("n")) for name in "uvw")
c = Symbol("c", ())
n = Size.of("n")
T = transpose


def walk_form(form: Form) -> list[Form]:
    return [form, *(inner for part in parts(form) for inner in walk_form(part))]


def extent(size: Size) -> int:
    return size.value if size.value is not None else LENGTHS[size.name]


def as_matrix(value: np.ndarray) -> np.ndarray:
    """Vectors are columns in a matrix form."""
    return value.reshape((*value.shape, 1, 1)[:2])


def lowered(expr: Expr, arrays: dict[str, np.ndarray]) -> np.ndarray:
    program = Lowering()
    place = program.lower(expr)
    bound = Bound(program.instructions, LENGTHS, np.dtype(np.float64), {})
    for name, buffer in bound.inputs.items():
        buffer[...] = arrays[name].reshape(buffer.shape)
    bound.run()
    return bound.buffers[place]


def emitted(expr: Expr, arrays: dict[str, np.ndarray]) -> Any:
    """The value of the source, where inputs are matrices."""
    names: dict[str, Any] = {name: as_matrix(array) for name, array in arrays.items()}
    return eval(Emitter().expression(expr), {"np": np, "special": special, **LENGTHS, **names})


@given(contractions())
@OPTIONS
def test_engine_has_the_value_of_the_contraction(drawn: Contraction) -> None:
    expr, arrays = drawn.expr(), drawn.arrays(3)
    agree(lowered(expr, arrays), as_matrix(drawn.value(arrays)))


@given(contractions())
@OPTIONS
def test_source_has_the_value_of_the_contraction(drawn: Contraction) -> None:
    """Numbers come as numbers or as 1 × 1 matrices."""
    expr, arrays = drawn.expr(), drawn.arrays(4)
    expected = as_matrix(drawn.value(arrays))
    found = emitted(expr, arrays)
    agree(np.reshape(found, (1, 1)) if np.size(found) == 1 else found, expected)


@given(
    st.lists(st.tuples(contractions(), st.integers(-3, 3)), min_size=2, max_size=3),
    st.sampled_from(["", "a", "ad", "d1", "1d"]),
)
@OPTIONS
def test_sums_of_contractions(drawn: list[tuple[Contraction, int]], out: str) -> None:
    """Linear combinations: terms that broadcast among terms that do not."""
    terms = [(Contraction(term.operands, out), k) for term, k in drawn]
    arrays = {name: array for term, _ in terms for name, array in term.arrays(5).items()}
    expr = sum((k * term.expr() for term, k in terms[1:]), terms[0][1] * terms[0][0].expr())
    expected = sum(k * term.value(arrays) for term, k in terms)
    agree(point(arrays).value(expr), expected)
    agree(lowered(expr, arrays), as_matrix(expected))
    source = emitted(expr, arrays)
    agree(np.broadcast_to(source, as_matrix(expected).shape), as_matrix(expected))


@given(contractions())
@OPTIONS
def test_functions_of_contractions(drawn: Contraction) -> None:
    """A function between two contractions: σ(product) ⊙ product, spread or not."""
    expr, arrays = drawn.expr(), drawn.arrays(6)
    outer = hadamard(sigmoid(expr), expr)
    value = drawn.value(arrays)
    expected = as_matrix(special.expit(value) * value)
    agree(as_matrix(point(arrays).value(outer)), expected)
    agree(lowered(outer, arrays), expected)
    agree(np.broadcast_to(emitted(outer, arrays), expected.shape), expected)


@given(contractions())
@OPTIONS
def test_the_form_keeps_the_shape(drawn: Contraction) -> None:
    expr = drawn.expr()
    form = matrix_form(expr)
    rows, columns = (*expr.shape, ONE, ONE)[:2]
    assert (form.rows, form.columns) == (rows, columns)
    assert weight(form) >= 0


@given(contractions())
@OPTIONS
def test_brackets_are_balanced(drawn: Contraction) -> None:
    for expr in (drawn.expr(), sigmoid(drawn.expr()), drawn.expr() ** 2, -drawn.expr() - 2 * drawn.expr() ** -1):
        assert_balanced(expr.text(), ("()", "[]"))
        latex = expr.latex()
        assert_balanced(latex.replace(r"\{", "").replace(r"\}", ""), ("()", "[]", "{}"))
        assert latex.count(r"\left") == latex.count(r"\right")
        assert "None" not in expr.text() + latex


def assert_balanced(text: str, pairs: tuple[str, ...]) -> None:
    closing = {pair[1]: pair[0] for pair in pairs}
    stack: list[str] = []
    for sign in text:
        if sign in closing.values():
            stack.append(sign)
        elif sign in closing:
            assert stack, text
            assert stack.pop() == closing[sign], text
    assert not stack, text


@given(contractions())
@OPTIONS
def test_every_operand_is_printed(drawn: Contraction) -> None:
    """No factor is lost: each symbol's name stands in the text and in the LaTeX."""
    expr = drawn.expr()
    names = Counter(drawn.name(*operand) for operand in drawn.operands)
    for name in names:
        assert name in expr.text()


def diagonal(column: Expr) -> Expr:
    return product([(column, (0,))], (0, 0), {0: column.shape[0]})


def trace(square: Expr) -> Expr:
    return product([(square, (0, 0))], (), {0: square.shape[0]})


PRINTED = {
    "A": (A, "A"),
    "Aᵀ": (T(A), "Aᵀ"),
    "AᵀB": (matmul(T(A), B), "Aᵀ B"),
    "(BᵀA)ᵀ": (T(matmul(T(B), A)), "Aᵀ B"),
    "Mu": (matmul(M, u), "M u"),
    "uᵀMv": (matmul(matmul(u, M), v), "uᵀ M v"),
    "uᵀv": (matmul(u, v), "uᵀ v"),
    "uvᵀ": (product([(u, (0,)), (v, (1,))], (0, 1), {0: n, 1: n}), "u vᵀ"),
    "tr(MN)": (trace(matmul(M, N)), None),
    "tr(M)": (trace(M), "tr(M)"),
    "diag(u)": (diagonal(u), "diag(u)"),
    "diagonal of M": (product([(M, (0, 0))], (0,), {0: n}), "diag(M)"),
    "diag(u)M": (matmul(diagonal(u), M), "diag(u) M"),
    "M diag(u)": (matmul(M, diagonal(u)), None),
    "I": (eye(n), "I"),
    "D ⊙ E": (hadamard(D, E), "D ⊙ E"),
    "row sums": (reduce_sum(A, [1]), "A 1"),
    "column sums": (reduce_sum(A, [0]), "Aᵀ 1"),
    "all of M": (reduce_sum(M), "Σ(M)"),
    "‖A‖²": (reduce_sum(A**2), "‖A‖²"),
    "‖u‖²": (matmul(u, u), "‖u‖²"),
    "1": (ones(shape("n")), "1"),
    "A/c": (A / c, "A/c"),
    "−A": (-A, "−A"),
    "2A": (2 * A, "2 A"),
    "A/2": (A / 2, "A/2"),
    "M(u + v)": (matmul(M, u + v), "M (u + v)"),
    "(M + N)ᵀu": (matmul(T(M + N), u), "(M + N)ᵀ u"),
    "uᵀM diag(v) w": (product([(u, (0,)), (M, (0, 1)), (v, (1,)), (w, (1,))], (), {0: n, 1: n}), None),
}


@pytest.mark.parametrize("name", PRINTED)
def test_printed(name: str) -> None:
    """The textbook's spelling; where several are as good, only the shape and the value are held to."""
    expr, expected = PRINTED[name]
    if expected is not None:
        assert expr.text() == expected
    arrays = {s: np.random.default_rng(len(s)).uniform(0.5, 1.5, size) for s, size in SYMBOLS.items()}
    value = point(arrays).value(expr)
    agree(lowered(expr, arrays), as_matrix(value))


def test_a_trace_is_printed_as_one() -> None:
    assert trace(matmul(M, N)).text() in {"tr(M N)", "tr(N M)"}


def test_a_trace_of_a_cube() -> None:
    assert trace(matmul(matmul(M, M), M)).text() in {"tr(M M M)", "tr(M³)"}


SYMBOLS: dict[str, tuple[int, ...]] = {
    **{s.name: tuple(LENGTHS[size.name] for size in s.shape) for s in (A, B, M, N, D, E, u, v, w)},
    "c": (),
}


def test_a_spread_is_seen_as_one() -> None:
    """A column repeated along new axes prints as the column, and says so in its form."""
    expr = product([(Symbol("b", shape("n", 1)), (0, -1))], (0, 1), {0: n, 1: Size.of("k")})
    assert isinstance(matrix_form(expr), Spread)
    value = np.arange(3.0).reshape(3, 1)
    agree(lowered(expr, {"b": value}), np.broadcast_to(value, (3, 4)))
