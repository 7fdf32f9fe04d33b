"""Results with three and four axes: printed as matrices, rows stacked, and equal to NumPy's kron of the same."""

from __future__ import annotations

import re

import numpy as np
import pytest

import handgrad as hg
from handgrad import higher
from handgrad.errors import CheckError
from handgrad.evaluate import bind
from handgrad.matrix import Kronecker, stacked

SHAPES = {
    "A": "n, n", "B": "n, n", "X": "n, m", "W": "h, n", "x": "n", "V": "m, k", "U": "n, k", "T": "n, m", "a": "n",
    "b": "m", "Y": "m, p", "C": "p, n",
}  # fmt: skip
LENGTHS = {"n": 3, "m": 4, "h": 5, "k": 2, "p": 6}


def _commutation(height: int, width: int) -> np.ndarray:
    """K with K vec(X) = vec(Xᵀ), from the definition alone: column by column."""
    basis = np.eye(height * width).reshape(height * width, height, width)
    return np.stack([unit.T.ravel() for unit in basis], axis=1)


def _softmax(z: np.ndarray) -> np.ndarray:
    return np.exp(z) / np.exp(z).sum(axis=-1, keepdims=True)


def _diag(matrix: np.ndarray) -> np.ndarray:
    return np.diag(np.ravel(matrix))


TOOLS = {"np": np, "inv": np.linalg.inv, "K": _commutation, "kron": np.kron, "I": np.eye, "diag": _diag,
         "softmax": _softmax, "col": lambda m: m.reshape(-1, 1), "row": lambda m: m.reshape(1, -1)}  # fmt: skip
CASES = [
    ("hessian", "sum((T - U @ V.T)**2)", "U", "2 I ⊗ Vᵀ V", "2*kron(I(3), V.T@V)"),
    ("hessian", "sum(exp(X))", "X", "diag(vec(exp(X)))", "diag(np.exp(X))"),
    ("hessian", "logdet(A)", "A", "−(A⁻ᵀ ⊗ A⁻¹) K[n,n]", "-kron(inv(A).T, inv(A)) @ K(3,3)"),
    ("hessian", "sum(log(1 + exp(X @ V)))", "V", "(Xᵀ ⊗ I) diag(vec(σ(X V) ⊙ (1 − σ(X V)))) (X ⊗ I)",
     "kron(X.T, I(2)) @ diag(np.exp(X@V)/(1+np.exp(X@V))**2) @ kron(X, I(2))"),
    ("hessian", "a @ X @ X.T @ a", "X", "2 a aᵀ ⊗ I", "2*kron(np.outer(a,a), I(4))"),
    ("hessian", "norm(X)", "X", "(I ⊗ I)/‖X‖ − vec(X) vec(X)ᵀ/‖X‖³",
     "I(12)/np.linalg.norm(X) - col(X)@row(X)/np.linalg.norm(X)**3"),
    ("jacobian", "W @ x", "W", "I ⊗ xᵀ", "kron(I(5), row(x))"),
    ("jacobian", "x @ X", "X", "xᵀ ⊗ I", "kron(row(x), I(4))"),
    ("jacobian", "tanh(W @ x)", "W", "diag(1 − tanh(W x)∘²) ⊗ xᵀ", "kron(diag(1-np.tanh(W@x)**2), row(x))"),
    ("jacobian", "C @ X @ Y", "X", "C ⊗ Yᵀ", "kron(C, Y.T)"),
    ("jacobian", "X.T", "X", "K[n,m]", "K(3, 4)"),
    ("jacobian", "C @ A.T @ X", "A", "(C ⊗ Xᵀ) K[n,n]", "kron(C, X.T) @ K(3,3)"),
    ("jacobian", "X.T @ A @ X", "X", "Xᵀ A ⊗ I + (I ⊗ Xᵀ Aᵀ) K[n,m]",
     "kron(X.T@A, I(4)) + kron(I(4), X.T@A.T) @ K(3,4)"),
    ("jacobian", "inv(A)", "A", "−A⁻¹ ⊗ A⁻ᵀ", "-kron(inv(A), inv(A).T)"),
    ("jacobian", "trace(A) * A", "A", "tr(A) I ⊗ I + vec(A) vec(I)ᵀ", "np.trace(A)*I(9) + col(A)@row(I(3))"),
    ("jacobian", "exp(C @ X @ Y)", "X", "diag(vec(exp(C X Y))) (C ⊗ Yᵀ)", "diag(np.exp(C@X@Y)) @ kron(C, Y.T)"),
    ("jacobian", "softmax(X)", "X",
     "diag(vec(softmax(X))) − diag(vec(softmax(X))) (I ⊗ 1 1ᵀ) diag(vec(softmax(X)))",
     "diag(softmax(X)) - diag(softmax(X)) @ kron(I(3), np.ones((4,4))) @ diag(softmax(X))"),
    ("jacobian", "X + b", "b", "1 ⊗ I", "kron(np.ones((3,1)), I(4))"),
    ("jacobian", "X * b", "b", "diag(vec(X)) (1 ⊗ I)", "diag(X) @ kron(np.ones((3,1)), I(4))"),
    ("jacobian", "outer(a, b)", "a", "I ⊗ b", "kron(I(3), col(b))"),
    ("jacobian", "outer(a, b)", "b", "a ⊗ I", "kron(col(a), I(4))"),
    ("jacobian", "A + B", "A", "I ⊗ I", "I(9)"),
    ("jacobian", "A * inv(A)", "A", "diag(vec(A⁻¹)) − diag(vec(A)) (A⁻¹ ⊗ A⁻ᵀ)",
     "diag(inv(A)) - diag(A) @ kron(inv(A), inv(A).T)"),
]  # fmt: skip


def derive(kind: str, formula: str, wrt: str) -> tuple[hg.Model, higher.Derivatives]:
    shapes = {name: shape for name, shape in SHAPES.items() if re.search(rf"\b{name}\b", formula)}
    model = hg.parse(formula, shapes=shapes)
    return model, {"hessian": hg.hessian, "jacobian": hg.jacobian}[kind](model, wrt=wrt)


def arrays_for(formula: str) -> dict[str, np.ndarray]:
    random = np.random.default_rng(5)
    found = {}
    for name, shape in SHAPES.items():
        if re.search(rf"\b{name}\b", formula):
            found[name] = random.standard_normal([LENGTHS[size] for size in shape.split(", ")])
    if "A" in found:
        found["A"] = found["A"] @ found["A"].T + np.eye(3) + 0.1 * found["A"]  # far from singular, not symmetric
    return found


@pytest.mark.parametrize(("kind", "formula", "wrt", "printed", "expected"), CASES, ids=lambda value: str(value))
def test_form_and_value(kind: str, formula: str, wrt: str, printed: str, expected: str) -> None:
    model, derivatives = derive(kind, formula, wrt)
    expr = derivatives[wrt]
    assert expr.text() == printed
    arrays = arrays_for(formula)
    tensor = bind((expr, *model.inputs), arrays).value(expr)
    matrix = eval(expected, TOOLS | arrays)
    np.testing.assert_allclose(tensor.reshape(matrix.shape), matrix, rtol=1e-10, atol=1e-10)


def test_the_page_says_what_is_stacked() -> None:
    _, jacobian = derive("jacobian", "C @ X @ Y", "X")
    assert jacobian.text().endswith("= C ⊗ Yᵀ  (vec(f) and vec(X): rows stacked)\n")
    assert r"C \otimes Y^{\top}\quad \operatorname{vec}" in jacobian.latex()
    assert "$" not in jacobian.latex()
    _, plain = derive("jacobian", "A @ x", "x")
    assert "stacked" not in plain.text() + plain.latex()


def test_what_has_no_matrix_is_in_index_notation_with_one_set_of_letters() -> None:
    _, jacobian = derive("jacobian", "diag(A)", "A")
    assert jacobian["A"].text() == "[i = j] [i = k]"
    assert "(axes: n, n, n)" in jacobian.text()


def test_a_wrong_printed_form_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def turned(left: object, right: object) -> Kronecker:
        return Kronecker(right, left)  # type: ignore[arg-type]

    monkeypatch.setattr(stacked, "_kronecker", turned)
    with pytest.raises(CheckError, match="what it stands for"):
        derive("jacobian", "(C + C) @ X @ Y", "X")


def test_tensors_of_the_user_are_not_taken_for_matrices() -> None:
    """A gradient by a tensor of four axes is a tensor: it is printed with indices."""
    model = hg.parse('sum(einsum("ijkl,ik,jl->ijkl", G, A, B))', shapes={"G": "n, m, n, m", "A": "n, n", "B": "m, m"})
    assert hg.derive(model, wrt="G")["G"].text() == "A[i,k] B[j,l]"
