"""Matrix powers and sums of running powers: told apart from elementwise ones, and run as they are printed."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

import handgrad as hg
from handgrad.errors import CheckError
from handgrad.matrix import series

FORMS = [
    ("trace(matrix_power(A, 4))", "4 (A³)ᵀ", r"4 (A^{3})^{\top}"),
    ("trace(inv(A))", "−(A⁻²)ᵀ", r"-(A^{-2})^{\top}"),
    ("sum(A**3)", "3 A ⊙ A", r"3 A \odot A"),
    ("sum(A**4)", "4 A∘³", r"4 A^{\circ 3}"),
    ("x @ matrix_power(A, 4) @ y", "(Σ[s=0…3] Aˢ y xᵀ A³⁻ˢ)ᵀ",
     r"\left(\sum_{s=0}^{3} A^{s} y x^{\top} A^{3-s}\right)^{\top}"),
    ("trace(B @ matrix_power(A, 5))", "(Σ[s=0…4] Aˢ B A⁴⁻ˢ)ᵀ", r"\left(\sum_{s=0}^{4} A^{s} B A^{4-s}\right)^{\top}"),
    ("s @ matrix_power(A, 4) @ y", "(Σ[r=0…3] Aʳ y sᵀ A³⁻ʳ)ᵀ",
     r"\left(\sum_{r=0}^{3} A^{r} y s^{\top} A^{3-r}\right)^{\top}"),
]  # fmt: skip
SHAPES = {"A": "n, n", "B": "n, n", "x": "n", "y": "n", "s": "n"}


@pytest.mark.parametrize(("formula", "text", "latex"), FORMS, ids=[f[0] for f in FORMS])
def test_form(formula: str, text: str, latex: str) -> None:
    shapes = {name: shape for name, shape in SHAPES.items() if re.search(rf"\b{name}\b", formula)}
    gradient = hg.derive(formula, wrt="A", shapes=shapes)["A"]
    assert (gradient.text(), gradient.latex()) == (text, latex)


def test_source_and_mean_run_as_printed() -> None:
    text = "A: (n, n)\nx: (n,)\nJ = sum((matrix_power(A, 4) @ x)**2) + 1 / sqrt(var(x) + 1)\n"
    derivation = hg.derive(hg.parse(text), wrt=["A", "x"])
    namespace: dict[str, Any] = {}
    exec(derivation.source("numpy"), namespace)
    random = np.random.default_rng(3)
    A, x = random.standard_normal((3, 3)), random.standard_normal(3)
    gradients = namespace["backward"](A, x, namespace["forward"](A, x))
    for name in ("A", "x"):
        np.testing.assert_allclose(gradients[name], derivation[name].evaluate(A=A, x=x), rtol=1e-10)

    def cost(at: np.ndarray) -> float:
        moved = np.linalg.matrix_power(A, 4) @ at
        return float(moved @ moved + 1 / np.sqrt(np.var(at) + 1))

    slope = [(cost(x + 1e-6 * e) - cost(x - 1e-6 * e)) / 2e-6 for e in np.eye(3)]
    np.testing.assert_allclose(gradients["x"], slope, rtol=1e-6, atol=1e-6)
    assert "mean(x)" in derivation["x"].text()


def test_a_wrong_series_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    right = series._running

    def late(unit: Any, start: int, step: int, letter: str) -> Any:
        return right(unit, start + 1, step, letter)

    monkeypatch.setattr(series, "_running", late)
    with pytest.raises(CheckError):
        hg.derive("trace(C @ matrix_power(D, 4))", wrt="D", shapes={"C": "n, n", "D": "n, n"})
