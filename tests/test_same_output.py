"""Equal inputs written differently give the same output, to the letter."""

from __future__ import annotations

import re

import pytest

import handgrad as hg

SHAPES = {
    "A": "n, n", "B": "n, n", "C": "n, n", "M": "n, m", "N": "m, n", "P": "n, m", "Q": "m, n", "R": "m, k", "x": "n",
    "y": "n", "z": "m", "u": "m", "s": "",
}  # fmt: skip
PAIRS = [
    ("A", "trace(C @ (A.T @ B))", "trace(C @ (B.T @ A).T)"),
    ("A", "trace(A @ B)", "trace(B @ A)"),
    ("A", "trace(A @ B @ C)", "trace(C @ A @ B)"),
    ("A", "trace(A.T @ B)", "trace(B.T @ A)"),
    ("A", "trace(A.T @ B)", "sum(A * B)"),
    ("A", "trace(A)", "trace(A.T)"),
    ("M", "trace(M @ N)", "trace(N @ M)"),
    ("M", "trace(M @ M.T)", "sum(M**2)"),
    ("M", "trace(M.T @ M)", "norm(M)**2"),
    ("M", "sum(M**2)", "sum(M * M)"),
    ("M", "sum((M - P)**2)", "sum((P - M)**2)"),
    ("M", "norm(M - P)", "norm(P - M)"),
    ("x", "x @ A @ y", "y @ A.T @ x"),
    ("x", "x @ A @ x", "x @ A.T @ x"),
    ("x", "x @ y", "y @ x"),
    ("x", "x @ y", "sum(x * y)"),
    ("x", "norm(x)**2", "x.T @ x"),
    ("x", "x @ x", "sum(x**2)"),
    ("x", "norm(x)", "sqrt(sum(x**2))"),
    ("x", "norm(x - y)**2", "(x - y) @ (x - y)"),
    ("x", "(A @ B) @ x @ y", "A @ (B @ x) @ y"),
    ("x", "sum(A @ x + y)", "sum(y + A @ x)"),
    ("x", "x @ y + norm(x)", "norm(x) + x @ y"),
    ("x", "mean(x)", "sum(x)/n"),
    ("x", "sum(x * y / s)", "x @ y / s"),
    ("x", "sum(exp(x) * y)", "y @ exp(x)"),
    ("x", "log(sum(exp(x)))", "logsumexp(x)"),
    ("x", "sum(tanh(A @ x))", "sum(tanh(x @ A.T))"),
    ("A", "(A @ B) @ C", "A @ (B @ C)"),
    ("A", "A * B", "B * A"),
    ("A", "A.T @ B", "(B.T @ A).T"),
    ("A", "A + B + C", "C + (B + A)"),
    ("A", "A.T + B.T", "(A + B).T"),
    ("A", "A @ B + A @ C", "A @ (B + C)"),
    ("A", "inv(A).T", "inv(A.T)"),
    ("A", "inv(A @ B)", "inv(B) @ inv(A)"),
    ("A", "trace(inv(A).T @ B)", "trace(B @ inv(A.T))"),
    ("A", "inv(A) @ x", "solve(A, x)"),
    ("A", "logdet(A)", "log(det(A))"),
    ("A", "logdet(A @ B)", "logdet(B) + logdet(A)"),
    ("A", "det(A.T)", "det(A)"),
    ("A", "det(A @ B)", "det(A) * det(B)"),
    ("A", "det(inv(A))", "1 / det(A)"),
    ("A", "trace(matrix_power(A, 3))", "trace(A @ A @ A)"),
    ("A", "matrix_power(A, 2)", "A @ A"),
    ("M", "M @ z", "z @ M.T"),
    ("M", "outer(M @ z, x)", "outer(x, M @ z).T"),
    ("M", "M * z", "M @ diag(z)"),
    ("M", "x @ M @ z", "einsum('i,ij,j->', x, M, z)"),
    ("M", "M @ R", "einsum('ij,jk->ik', M, R)"),
    ("M", "sum(M, axis=0)", "ones(n) @ M"),
    ("M", "sum(M)", "ones(n) @ M @ ones(m)"),
    ("z", "sum(log(1 + exp(M @ z)))", "sum(log(exp(M @ z) + 1))"),
    ("z", "norm(M @ z - x)**2 / 2", "0.5 * (x - M @ z) @ (x - M @ z)"),
    ("z", "s * (z @ z)", "(s * z) @ z"),
    ("z", "sqrt(z @ z + 1)", "(1 + sum(z * z))**0.5"),
]


def output(formula: str, wrt: str) -> tuple[str, str]:
    shapes = {name: shape for name, shape in SHAPES.items() if re.search(rf"\b{name}\b", formula)}
    model = hg.parse(formula, shapes=shapes)
    derive = hg.jacobian if model.equations[-1].shape else hg.derive
    expr = derive(model, wrt=wrt)[wrt]
    return expr.text(), expr.latex()


@pytest.mark.parametrize(("wrt", "one", "other"), PAIRS, ids=[f"{one} | {other}" for _, one, other in PAIRS])
def test_the_same_to_the_letter(wrt: str, one: str, other: str) -> None:
    assert output(one, wrt) == output(other, wrt)
