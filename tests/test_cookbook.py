"""The Matrix Cookbook, section 2 (Petersen and Pedersen, 2012): right by central differences, and as short as the book.

Each record has the equation's number, the function, the variable, and the book's form in NumPy's notation.
"""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

import handgrad as hg
from handgrad.evaluate import bind
from handgrad.matrix import weight_of
from test_peer_cases import nodes

SHAPES = {
    "X": "n, n", "A": "n, n", "B": "n, n", "C": "n, n", "D": "n, n", "S": "n, n", "a": "n", "b": "n", "x": "n",
    "s": "n", "y": "n", "R": "n, m", "P": "m, n", "c": "m", "w": "m", "Q": "m, m",
}  # fmt: skip
LENGTHS = {"n": 4, "m": 3}
SYMMETRIC = ("S",)
CASES = [
    ("49", "det(X)", "X", "det(X)*inv(X).T"),
    ("51", "det(A @ X @ B)", "X", "det(A)*det(X)*det(B)*inv(X).T"),
    ("53", "det(R.T @ A @ R)", "R", "det(R.T@A@R)*(A@R@inv(R.T@A@R)+A.T@R@inv(R.T@A.T@R))"),
    ("52", "det(R.T @ S @ R)", "R", "2*det(R.T@S@R)*S@R@inv(R.T@S@R)"),
    ("55", "logdet(R.T @ R)", "R", "2*R@inv(R.T@R)"),
    ("57", "logdet(X)", "X", "inv(X).T"),
    ("58", "det(matrix_power(X, 3))", "X", "3*det(X)**3*inv(X).T"),
    ("61", "a @ inv(X) @ b", "X", "-inv(X).T@np.outer(a,b)@inv(X).T"),
    ("62", "det(inv(X))", "X", "-inv(X).T/det(X)"),
    ("63", "trace(A @ inv(X) @ B)", "X", "-(inv(X)@B@A@inv(X)).T"),
    ("64", "trace(inv(X + A))", "X", "-(inv(X+A)@inv(X+A)).T"),
    ("69", "x @ a", "x", "a"),
    ("70", "c @ P @ b", "P", "np.outer(c,b)"),
    ("71", "b @ P.T @ c", "P", "np.outer(c,b)"),
    ("72", "a @ X @ a", "X", "np.outer(a,a)"),
    ("76", "b @ P.T @ P @ a", "P", "P@(np.outer(b,a)+np.outer(a,b))"),
    ("78", "(B @ x + b) @ C @ (D @ x + s)", "x", "B.T@C@(D@x+s)+D.T@C.T@(B@x+b)"),
    ("81", "x @ B @ x", "x", "(B+B.T)@x"),
    ("82", "b @ P.T @ Q @ P @ a", "P", "Q.T@P@np.outer(b,a)+Q@P@np.outer(a,b)"),
    ("83", "(P @ b + c) @ Q @ (P @ b + c)", "P", "(Q+Q.T)@np.outer(P@b+c,b)"),
    ("84", "(y - A @ s) @ S @ (y - A @ s)", "s", "-2*A.T@S@(y-A@s)"),
    ("85", "(x - s) @ S @ (x - s)", "x", "2*S@(x-s)"),
    ("86", "(x - s) @ S @ (x - s)", "s", "-2*S@(x-s)"),
    ("88", "(x - A @ s) @ S @ (x - A @ s)", "A", "-2*S@np.outer(x-A@s,s)"),
    ("91", "a @ matrix_power(X, 4) @ b", "X", "sum(mp(X,r).T@np.outer(a,b)@mp(X,3-r).T for r in range(4))"),
    ("97", "a @ inv(X) @ inv(X) @ b", "X", "-(inv(X)@(np.outer(b,a)@inv(X)+inv(X)@np.outer(b,a))@inv(X)).T"),
    ("99", "trace(X)", "X", "np.eye(4)"),
    ("100", "trace(R @ P)", "R", "P.T"),
    ("101", "trace(A @ R @ P)", "R", "A.T@P.T"),
    ("102", "trace(A @ P.T @ Q @ P)", "P", "Q.T@P@A.T+Q@P@A"),
    ("103", "trace(R.T @ A @ R)", "A", "R@R.T"),
    ("106", "trace(X @ X)", "X", "2*X.T"),
    ("107", "trace(matrix_power(X, 2) @ B)", "X", "(X@B+B@X).T"),
    ("108", "trace(R.T @ B @ R)", "R", "B@R+B.T@R"),
    ("110", "trace(P @ B @ P.T)", "P", "P@B.T+P@B"),
    ("111", "trace(A @ X @ B @ X)", "X", "A.T@X.T@B.T+B.T@X.T@A.T"),
    ("115", "trace(R.T @ R)", "R", "2*R"),
    ("113", "trace(B.T @ R @ R.T @ B)", "B", "2*R@R.T@B"),
    ("114", "trace(P.T @ Q @ P @ C)", "P", "Q@P@C+Q.T@P@C.T"),
    ("118", "trace(A @ X @ B @ X.T @ C)", "X", "A.T@C.T@X@B.T+C@A@X@B"),
    ("119", "sum((A @ X @ B + C)**2)", "X", "2*A.T@(A@X@B+C)@B.T"),
    ("121", "trace(matrix_power(X, 5))", "X", "5*mp(X,4).T"),
    ("122", "trace(A @ matrix_power(X, 4))", "X", "sum((mp(X,r)@A@mp(X,3-r)).T for r in range(4))"),
    ("124", "trace(inv(X))", "X", "-mp(inv(X),2).T"),
    ("125", "trace(Q @ inv(R.T @ S @ R))", "R",
     "-S@R@inv(R.T@S@R)@(Q+Q.T)@inv(R.T@S@R)"),
    ("126", "trace(inv(R.T @ S @ R) @ (R.T @ C @ R))", "R",
     "-S@R@inv(R.T@S@R)@R.T@(C+C.T)@R@inv(R.T@S@R)+(C+C.T)@R@inv(R.T@S@R)"),
    ("129", "norm(x - a)", "x", "(x-a)/nrm(x-a)"),
    ("131", "norm(x)**2", "x", "2*x"),
    ("132", "norm(X)**2", "X", "2*X"),
    ("132", "norm(X)", "X", "X/nrm(X)"),
    ("137", "trace(A @ S)", "S", "A.T"),  # entries of S taken as free, as everywhere in Handgrad
    ("141", "logdet(S)", "S", "inv(S)"),
]  # fmt: skip
TOOLS: dict[str, Any] = {
    "np": np, "inv": np.linalg.inv, "det": np.linalg.det, "nrm": np.linalg.norm, "norm": np.linalg.norm, "sum": np.sum,
    "mp": np.linalg.matrix_power, "matrix_power": np.linalg.matrix_power, "trace": np.trace, "range": range,
    "logdet": lambda m: np.linalg.slogdet(m)[1],
}  # fmt: skip


def named(formula: str) -> dict[str, str]:
    return {name: shape for name, shape in SHAPES.items() if re.search(rf"\b{name}\b(?!\()", formula)}


def arrays_for(formula: str) -> dict[str, np.ndarray]:
    random = np.random.default_rng(7)
    arrays = {}
    for name, shape in named(formula).items():
        array = random.standard_normal([LENGTHS[size] for size in shape.split(", ")]) * 0.6
        if array.ndim == 2 and array.shape[0] == array.shape[1]:
            array = array + 2 * np.eye(len(array))
        arrays[name] = (array + array.T) / 2 if name in SYMMETRIC else array
    return arrays


def slope(formula: str, wrt: str, arrays: dict[str, np.ndarray]) -> np.ndarray:
    """Central differences, entry by entry."""
    result = np.zeros_like(arrays[wrt])
    for place in np.ndindex(result.shape):
        step = np.zeros_like(result)
        step[place] = 1e-5
        up, down = (eval(formula, TOOLS | arrays | {wrt: arrays[wrt] + sign * step}) for sign in (1, -1))
        result[place] = (up - down) / 2e-5
    return result


@pytest.mark.parametrize(("number", "formula", "wrt", "book"), CASES, ids=[f"{c[0]}-{c[1]}" for c in CASES])
def test_cookbook(number: str, formula: str, wrt: str, book: str) -> None:
    arrays = arrays_for(formula)
    facts = [f"{name}: ({shape},)" + (" in symmetric" if name in SYMMETRIC else "")
             for name, shape in named(formula).items()]  # fmt: skip
    model = hg.parse("\n".join([*facts, formula]).replace(",,", ","))
    expr = hg.derive(model, wrt=wrt)[wrt]
    found = bind((expr, *model.inputs), arrays).value(expr)
    scale = max(1.0, float(np.max(np.abs(found))))
    expected = slope(formula, wrt, arrays)
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-6 * scale)
    np.testing.assert_allclose(found, eval(book, TOOLS | {"sum": sum} | arrays), rtol=1e-9, atol=1e-9 * scale)
    allowed = max(1.2 * nodes(book), nodes(book) + 1)
    assert weight_of(expr) <= allowed, f"({number}) {expr.text()} against {book}"
