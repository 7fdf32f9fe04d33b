"""The functions of a square matrix: inverse, determinant, its logarithm. To add one, add one record here."""

from __future__ import annotations

import numpy as np

from handgrad.canonical import add, hadamard, matmul, product, square_factors, transpose
from handgrad.expr import Call, Expr
from handgrad.functions.record import Array, MatrixFunction, Notation

COOKBOOK = "Petersen and Pedersen, The Matrix Cookbook (2012), eq."


def _logdet(x: Array) -> Array:
    if np.isrealobj(x):
        return np.asarray(np.linalg.slogdet(x)[1])
    value = np.linalg.det(x)
    return np.asarray(np.log(value * np.sign(np.real(value))))


def _inverse_pullback(node: Call, cotangent: Expr) -> Expr:
    """−X⁻ᵀ Ȳ X⁻ᵀ, with the leading axes of Ȳ in front."""
    lead = cotangent.rank - 2
    front = tuple(range(lead))
    a, b, c, d = range(lead, lead + 4)
    size = node.shape[0]
    sizes = dict(enumerate((*cotangent.shape[:lead], size, size, size, size)))
    return -product([(node, (c, a)), (cotangent, (*front, c, d)), (node, (b, d))], (*front, a, b), sizes)


def _times_inverse(scale: Expr | None, node: Call, cotangent: Expr) -> Expr:
    """Ȳ s X⁻ᵀ for a scalar function with the gradient s X⁻ᵀ."""
    front = tuple(range(cotangent.rank))
    i, j = len(front), len(front) + 1
    size = node.args[0].shape[0]
    factors = [(cotangent, front), (inv(node.args[0]), (j, i))]
    if scale is not None:
        factors.append((scale, ()))
    return product(factors, (*front, i, j), dict(enumerate((*cotangent.shape, size, size))))


def _inverse_of(arg: Expr) -> Expr | None:
    """(Aᵀ)⁻¹ = (A⁻¹)ᵀ, (c A B)⁻¹ = B⁻¹ A⁻¹/c for square A and B, (A⁻¹)⁻¹ = A."""
    if isinstance(arg, Call) and arg.function is inv:
        return arg.args[0]
    parts = square_factors(arg)
    if parts is None:
        return None
    scalar, factors = parts
    total: Expr | None = None
    for factor, turned in reversed(factors):
        inverse = transpose(inv(factor)) if turned else inv(factor)
        total = inverse if total is None else matmul(total, inverse)
    return total if total is None or scalar is None else total / scalar


def _det_of(arg: Expr) -> Expr | None:
    """det(Aᵀ) = det A, det(A B) = det A det B for square A and B, det(A⁻¹) = 1/det A."""
    if isinstance(arg, Call) and arg.function is inv:
        return 1 / det(arg.args[0])
    parts = square_factors(arg)
    if parts is None or parts[0] is not None:
        return None
    return hadamard(*(det(factor) for factor, _ in parts[1]))


def _logdet_of(arg: Expr) -> Expr | None:
    """The logarithm of the same laws."""
    if isinstance(arg, Call) and arg.function is inv:
        return -logdet(arg.args[0])
    parts = square_factors(arg)
    if parts is None or parts[0] is not None:
        return None
    return add([(1, logdet(factor)) for factor, _ in parts[1]], ())


inv: MatrixFunction = MatrixFunction(
    "inv", Notation("{0}⁻¹", "{0}^{-1}"), np.linalg.inv, _inverse_pullback, scalar=False, spellings=("inv",),
    reference=f"{COOKBOOK} 59", code="np.linalg.inv({0})", rewrite=_inverse_of, inverts=True,
    spell={"javascript": "inverse({0})"},
)  # fmt: skip
det: MatrixFunction = MatrixFunction(
    "det", Notation("det({0})", r"\det({0})", closed=True), np.linalg.det,
    lambda node, cotangent: _times_inverse(node, node, cotangent), scalar=True, spellings=("det",),
    reference=f"{COOKBOOK} 49", code="np.linalg.det({0})", rewrite=_det_of,
    spell={"javascript": "determinant({0})"},
)  # fmt: skip
logdet: MatrixFunction = MatrixFunction(
    "logdet", Notation("log det({0})", r"\log\det({0})", closed=True), _logdet,
    lambda node, cotangent: _times_inverse(None, node, cotangent), scalar=True, spellings=("logdet",),
    reference=f"{COOKBOOK} 57; log|det| for a matrix of any sign", code="np.linalg.slogdet({0})[1]", rewrite=_logdet_of,
    spell={"javascript": "logDeterminant({0})"},
)  # fmt: skip

TABLE: tuple[MatrixFunction, ...] = (inv, det, logdet)
