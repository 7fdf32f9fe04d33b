"""Emitted source in every language runs and agrees with the reference evaluator."""

from __future__ import annotations

import importlib
import inspect
import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import numpy as np
import pytest

import handgrad as hg
from handgrad.cli import run
from handgrad.errors import DerivationError
from handgrad.functions import BY_SPELLING, RECORDS, AlongAxis, Elementwise
from handgrad.program.languages import LANGUAGES
from test_program_tensors import MODELS, arrays_of

jax.config.update("jax_enable_x64", True)

NETWORK = """
X: (n, m)
Y: (1, m) in {0, 1}
W1: (h, n)
b1: (h, 1)
W2: (1, h)
Z1 = W1 @ X + b1
A1 = relu(Z1)
A2 = sigmoid(W2 @ A1)
J = -sum(Y * log(A2) + (1 - Y) * log(1 - A2)) / m + lam * norm(W1) / 3
"""
MATRICES = """
A: (n, n)
C: (n, k)
x: (n,)
t: (n,)
B = A @ A.T + 3 * eye(n)
J = logdet(B) + x @ inv(B) @ t + det(A) * trace(C @ C.T) + sum(C.T @ (x * t)) ** 2 + n * sqrt(k) * sum(outer(x, t))
"""
TEXTS = {**{name: (text, wrt) for name, (text, _, wrt) in MODELS.items()},
         "network": (NETWORK, ("W1", "b1", "W2", "lam")), "matrices": (MATRICES, ("A", "C", "x", "t")),
         "total": ("A: (n, m)\nB: (m, n)\nJ = sum(A) + sum(relu(A) + relu(B.T)) - sum(step(A))", ("A", "B")),
         "naive": ("A: (n, k)\nB: (n, k)\nt: ()\nC: (n, n)\n"
                   "F = log(1 - exp(-abs(A))) + log(cosh(A)) + log(exp(A) + exp(B))\n"
                   "G = (1 - erf(3 * A)) * log(B ** 2 / (1 + B ** 2)) + t * log(sum(exp(A), axis=1, keepdims=True))\n"
                   "J = sum(F * G) + trace(matrix_power(C, 3)) + mean(A * B)", ("A", "B", "t", "C")),
         "names": ("X: (n, k)\ndX: (n, k)\nn_: (k, n)\nJ = sum(X * dX) + sum(dX ** 2) * n + trace(n_ @ X)",
                   ("X", "dX"))}  # fmt: skip


def python(source: str, arrays: dict[str, Any]) -> tuple[float, dict[str, Any]]:
    module: dict[str, Any] = {}
    exec(compile(source, "<emitted>", "exec"), module)
    given = [arrays[name] for name in inspect.signature(module["forward"]).parameters]
    values = module["forward"](*given)
    given += values if isinstance(values, tuple) else (values,)
    names = list(inspect.signature(module["backward"]).parameters)
    return float(np.squeeze(given[names.index("J")])), module["backward"](*given)


def in_numpy(source: str, arrays: dict[str, Any]) -> tuple[float, dict[str, Any]]:
    return python(source, arrays)


def in_jax(source: str, arrays: dict[str, Any]) -> tuple[float, dict[str, Any]]:
    return python(source, {name: jax.numpy.asarray(array) for name, array in arrays.items()})


def in_torch(source: str, arrays: dict[str, Any]) -> tuple[float, dict[str, Any]]:
    torch = pytest.importorskip("torch", reason="PyTorch is not installed: pip install torch")
    return python(source, {name: torch.tensor(array) for name, array in arrays.items()})


def in_javascript(source: str, arrays: dict[str, Any]) -> tuple[float, dict[str, Any]]:
    node = shutil.which("node")
    if node is None:
        pytest.skip("Node.js is not installed")
    names = source.split("function forward(")[1].split(")")[0].split(", ")
    given = json.dumps([arrays[name].tolist() for name in names])
    driver = f"""
    const given = {given};
    const values = forward(...given);
    const plain = (v) => (typeof v === "number" ? {{ shape: [], data: [v] }} : {{ shape: v.shape, data: [...v.data] }});
    const found = Object.entries(backward(...given, ...values)).map(([name, v]) => [name, plain(v)]);
    console.log(JSON.stringify([plain(values[values.length - 1]), Object.fromEntries(found)]));
    """
    done = subprocess.run([node, "--input-type=module", "-"], input=source + driver, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    value, gradients = json.loads(done.stdout)
    return value["data"][0], {n: np.reshape(g["data"], g["shape"]) for n, g in gradients.items()}


RUN: dict[str, Callable[[str, dict[str, Any]], tuple[float, dict[str, Any]]]] = {
    "numpy": in_numpy, "jax": in_jax, "torch": in_torch, "javascript": in_javascript,
}  # fmt: skip
MARKED = [pytest.param(name, marks=pytest.mark.torch if name == "torch" else ()) for name in RUN]


def agree(found: Any, expected: Any, what: str, tolerance: float = 1e-10) -> None:
    found, expected = np.asarray(found), np.asarray(expected)
    assert found.shape == expected.shape, f"{what}: {found.shape}"
    size = max(float(np.max(np.abs(expected), initial=0)), 1e-3)
    assert float(np.max(np.abs(found - expected), initial=0)) / size < tolerance, what


def check(derivation: hg.Derivation, arrays: dict[str, Any], language: str) -> None:
    expected = derivation.function()(**arrays)
    value, gradients = RUN[language](derivation.source(language), arrays)
    agree(value, expected["J"], "J")
    assert set(gradients) == set(derivation)
    for name in derivation:
        agree(gradients[name], expected[name], f"d{name}")


def test_the_languages_are_those_that_run_here() -> None:
    assert set(RUN) == set(LANGUAGES)


@pytest.mark.parametrize("language", MARKED)
@pytest.mark.parametrize("name", TEXTS)
def test_source_agrees_with_the_evaluator(name: str, language: str) -> None:
    text, wrt = TEXTS[name]
    model = hg.parse(text)
    check(hg.derive(model, wrt=wrt), arrays_of(model, 2), language)


SPELLED = [r for r in RECORDS if isinstance(r, Elementwise | AlongAxis) and r.spellings]
POSITIVE = ("log", "log1p", "log2", "log10", "gammaln", "digamma", "trigamma")
PARTS = ("arcsin", "arccos", "artanh", "logit", "arcosh")  # of 1, or above it
NOT_IN_JAVASCRIPT = ("gammaln", "digamma", "trigamma")


@pytest.mark.parametrize("language", MARKED)
@pytest.mark.parametrize("record", SPELLED, ids=lambda r: r.name)
def test_every_function_is_spelled_in_every_language(record: Any, language: str) -> None:
    """Beside the function itself, those of its derivative."""
    spelling = next(s for s in BY_SPELLING if BY_SPELLING[s] is record)
    arguments = ", ".join(["A", "B", "2 * B"][: getattr(record, "arity", 1)])
    model = hg.parse(f"A: (n, k)\nB: (n, k)\nF = {spelling}({arguments})\nJ = sum(F * B) + sum(A * B)")
    arrays = {name: abs(array) for name, array in arrays_of(model, 3).items()}
    if record.name in PARTS:
        arrays["A"] = arrays["A"] / (1 + arrays["A"].max()) + (record.name == "arcosh") * 1.1
    elif record.name not in POSITIVE:
        arrays["A"] = 4 * arrays_of(model, 4)["A"]
    derivation = hg.derive(model, wrt="A")
    if language == "javascript" and record.name in NOT_IN_JAVASCRIPT:
        with pytest.raises(DerivationError, match="has no spelling in javascript"):
            derivation.source(language)
        return
    check(derivation, arrays, language)


CHOICES = {
    "where": "where(A > B, A * B, A / B)",
    "where equal": "where(A == B, A, 2 * A) * (A != B)",
    "two masks": "(A > B) * (A >= 0) * A + (A < B) * (A <= 0) + (B > 0)",
    "power": "(A ** 2 + 1) ** B",
    "number to a power": "2 ** A",
    "clip to numbers": "clip(A, -0.5, 0.5)",
    "clip": "clip(A, -B, B ** 2)",
    "maximum of a number": "maximum(0.1, A)",
}
REDUCED = ["max(A, axis=1, keepdims=True)", "min(A, axis=0, keepdims=True)", "max(A)", "prod(A, axis=1, keepdims=True)"]


@pytest.mark.parametrize("language", MARKED)
@pytest.mark.parametrize("name", [*CHOICES, *REDUCED])
def test_choices_and_reductions(name: str, language: str) -> None:
    model = hg.parse(f"A: (n, k)\nB: (n, k)\nJ = sum(B * ({CHOICES.get(name, name)}))")
    derivation = hg.derive(model, wrt=["A", "B"])
    if language == "javascript" and name in REDUCED:
        with pytest.raises(DerivationError, match="has no spelling in javascript"):
            derivation.source(language)
        return
    check(derivation, arrays_of(model, 6), language)


def test_javascript_error_function() -> None:
    """Both of its branches, against SciPy's."""
    special = importlib.import_module("scipy.special")
    model = hg.parse("A: (k, n)\nJ = sum(erf(A) * A)")
    A = np.concatenate([np.linspace(-7, 7, 97), [2.4999, 2.5, 2.5001, 0]]).reshape(1, -1)
    value, _ = in_javascript(hg.derive(model, wrt="A").source("javascript"), {"A": A})
    agree(value, np.sum(special.erf(A) * A), "erf", 1e-14)


def test_readable_source() -> None:
    attention = hg.derive(hg.parse(MODELS["attention"][0]), wrt=MODELS["attention"][2]).source("numpy")
    assert "S = Q @ np.swapaxes(K, -1, -2) / np.sqrt(e)" in attention
    assert "dS = P * (dP - np.sum(dP * P, axis=3, keepdims=True))" in attention
    network = hg.derive(hg.parse(NETWORK), wrt="W1")
    assert "A1 = torch.relu(Z1)" in network.source("torch")
    assert "(Z1 > 0)" in network.source("torch")
    assert "const A1 = map((x) => Math.max(x, 0), Z1);" in network.source("javascript")
    assert "function einsum" not in network.source("javascript")


def test_an_unknown_language() -> None:
    with pytest.raises(DerivationError, match="cobol"):
        hg.derive("sum(A ** 2)", wrt="A", shapes={"A": "n, m"}).source("cobol")


@pytest.mark.parametrize("language", MARKED)
def test_the_command_line_prints_it(language: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model = tmp_path / "model.txt"
    model.write_text(NETWORK)
    assert run(["derive", str(model), "--to", language]) == 0
    assert "forward" in capsys.readouterr().out
