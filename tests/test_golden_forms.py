"""Closed forms as a good textbook prints them, in the author's names; each derivation was checked by the complex step,
and here once more by JAX."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import handgrad as hg

jax.config.update("jax_enable_x64", True)
SIZES = {"m": 6, "n": 4, "k": 2, "t": 5, "s": 7, "d": 3, "h": 8}

SOFTMAX = "S: (n, k)\ndP: (n, k)\nP = softmax(S)\nL = sum(dP * P)"
ATTENTION = """
Q: (t, d)
K: (s, d)
V: (s, k)
dO: (t, k)
S = Q @ K.T / sqrt(d)
P = softmax(S)
O = P @ V
L = sum(dO * O)
"""
BATCH_NORM = """
X: (m, n)
gamma: (1, n)
beta: (1, n)
dY: (m, n)
mu = mean(X, axis=0, keepdims=True)
v = mean((X - mu) ** 2, axis=0, keepdims=True)
s = sqrt(v + eps)
Xh = (X - mu) / s
Y = gamma * Xh + beta
L = sum(dY * Y)
"""
LAYER_NORM = BATCH_NORM.replace("axis=0", "axis=1")
RMS_NORM = "x: n\ngamma: n\ndy: n\nr = sqrt(mean(x ** 2) + eps)\ny = gamma * x / r\nL = sum(dy * y)"
RECURRENT = """
W: (h, d)
U: (h, h)
b: h
h0: h
h1 = tanh(W @ x1 + U @ h0 + b)
h2 = tanh(W @ x2 + U @ h1 + b)
h3 = tanh(W @ x3 + U @ h2 + b)
L = (sum((h1 - y1) ** 2) + sum((h2 - y2) ** 2) + sum((h3 - y3) ** 2)) / 2
"""
LAYERS = """
X: (n0, m)
W1: (n1, n0)
W2: (n2, n1)
W3: (n3, n2)
b1: (n1, 1)
b2: (n2, 1)
b3: (n3, 1)
T: (n3, m)
Z1 = W1 @ X + b1
A1 = g(Z1)
Z2 = W2 @ A1 + b2
A2 = g(Z2)
Z3 = W3 @ A2 + b3
A3 = g(Z3)
L = sum((A3 - T) ** 2) / (2 * m)
"""
SWIGLU = """
X: (t, d)
W: (d, h)
V: (d, h)
U: (h, k)
dY: (t, k)
G = X @ W
B = X @ V
H = silu(G) * B
Y = H @ U
L = sum(dY * Y)
"""
RIDGE = "X: (m, n)\nw: n\ny: m\nJ = sum((X @ w - y) ** 2) / m + lam * sum(w ** 2)"
LOGISTIC = "X: (m, n)\nw: n\ny: m\np = sigmoid(X @ w)\nJ = -sum(y * log(p) + (1 - y) * log(1 - p))"
FACTORS = "T: (m, n)\nU: (m, k)\nV: (n, k)\nJ = sum((T - U @ V.T) ** 2)"
COSINE = "x: n\ny: n\nc = x @ y / (norm(x) * norm(y))"

GRADIENTS = [
    (SOFTMAX, {"S": "P ⊙ (dP − (P ⊙ dP) 1)"}),
    (
        ATTENTION,
        {
            "V": "Pᵀ dO",
            "S": "P ⊙ (dO Vᵀ − (O ⊙ dO) 1)",
            "Q": "∂L/∂S K/√d",
            "K": "(∂L/∂S)ᵀ Q/√d",
        },
    ),
    (
        BATCH_NORM,
        {
            "gamma": "1ᵀ (Xh ⊙ dY)",
            "beta": "1ᵀ dY",
            "mu": "−∂L/∂beta ⊙ γ/s",
            "X": "γ ⊙ (dY − (∂L/∂gamma ⊙ Xh + ∂L/∂beta)/m)/s",
        },
    ),
    (LAYER_NORM, {"Xh": "dY ⊙ γ", "X": "(∂L/∂Xh − (∂L/∂Xh 1 + ((∂L/∂Xh ⊙ Xh) 1) ⊙ Xh)/n)/s"}),
    (RMS_NORM, {"gamma": "dy ⊙ x/r", "x": "(dy ⊙ γ − (dyᵀ y) x/(n r))/r"}),
    (
        RECURRENT,
        {
            "h3": "h3 − y3",
            "Z3": "(h3 − y3) ⊙ (1 − h3 ⊙ h3)",
            "h2": "Uᵀ ∂L/∂Z3 + h2 − y2",
            "Z2": "∂L/∂h2 ⊙ (1 − h2 ⊙ h2)",
            "h1": "Uᵀ ∂L/∂Z2 + h1 − y1",
            "Z1": "∂L/∂h1 ⊙ (1 − h1 ⊙ h1)",
            "W": "∂L/∂Z1 x1ᵀ + ∂L/∂Z2 x2ᵀ + ∂L/∂Z3 x3ᵀ",
            "U": "∂L/∂Z1 h0ᵀ + ∂L/∂Z2 h1ᵀ + ∂L/∂Z3 h2ᵀ",
            "b": "∂L/∂Z1 + ∂L/∂Z2 + ∂L/∂Z3",
        },
    ),
    (
        LAYERS,
        {
            "Z3": "g′(Z3) ⊙ (A3 − T)/m",
            "W3": "∂L/∂Z3 A2ᵀ",
            "b3": "∂L/∂Z3 1",
            "Z2": "(W3ᵀ ∂L/∂Z3) ⊙ g′(Z2)",
            "W2": "∂L/∂Z2 A1ᵀ",
            "b2": "∂L/∂Z2 1",
            "Z1": "(W2ᵀ ∂L/∂Z2) ⊙ g′(Z1)",
            "W1": "∂L/∂Z1 Xᵀ",
            "b1": "∂L/∂Z1 1",
        },
    ),
    (RIDGE, {"w": "2 (Xᵀ (X w − y)/m + λ w)"}),
    (LOGISTIC, {"w": "Xᵀ (p − y)"}),
    (FACTORS, {"U": "2 (U Vᵀ − T) V"}),
    ("x: n\ny = log(sum(exp(x)))", {"x": "softmax(x)"}),
    (
        SWIGLU,
        {
            "U": "Hᵀ dY",
            "V": "Xᵀ ((dY Uᵀ) ⊙ silu(G))",
            "G": "(dY Uᵀ) ⊙ B ⊙ σ(G) ⊙ (1 + G ⊙ (1 − σ(G)))",
            "W": "Xᵀ ∂L/∂G",
            "X": "∂L/∂G Wᵀ + ((dY Uᵀ) ⊙ silu(G)) Vᵀ",
        },
    ),
    ("C: (n, n)\na: n\nb: n\nJ = a @ inv(C) @ b", {"C": "−C⁻ᵀ a bᵀ C⁻ᵀ"}),
    (COSINE, {"x": "(y/‖y‖ − c x/‖x‖)/‖x‖"}),
]
HESSIANS = [
    (RIDGE, "w", "2 (Xᵀ X/m + λ I)"),
    (LOGISTIC, "w", "Xᵀ diag(p ⊙ (1 − p)) X"),
    ("x: n\ny = log(sum(exp(x)))", "x", "diag(softmax(x)) − softmax(x) softmax(x)ᵀ"),
]


@pytest.mark.parametrize(("text", "expected"), GRADIENTS)
def test_gradient(text: str, expected: dict[str, str]) -> None:
    model = hg.parse(text)
    names = [name for name in expected if name in {s.name for s in model.inputs}]
    gradients = hg.derive(model, wrt=names).gradients
    assert {name: gradients[name].text() for name in expected} == expected


@pytest.mark.parametrize(("text", "wrt", "expected"), HESSIANS)
def test_hessian(text: str, wrt: str, expected: str) -> None:
    assert hg.hessian(hg.parse(text), wrt=wrt)[wrt].text() == expected


def attention(a: dict[str, jax.Array]) -> jax.Array:
    return jnp.sum(a["dO"] * (jax.nn.softmax(a["Q"] @ a["K"].T / jnp.sqrt(SIZES["d"])) @ a["V"]))


def batch_norm(a: dict[str, jax.Array]) -> jax.Array:
    centred = a["X"] - a["X"].mean(0, keepdims=True)
    spread = jnp.sqrt((centred**2).mean(0, keepdims=True) + a["eps"])
    return jnp.sum(a["dY"] * (a["gamma"] * centred / spread + a["beta"]))


def swiglu(a: dict[str, jax.Array]) -> jax.Array:
    return jnp.sum(a["dY"] * ((jax.nn.silu(a["X"] @ a["W"]) * (a["X"] @ a["V"])) @ a["U"]))


def cosine(a: dict[str, jax.Array]) -> jax.Array:
    return a["x"] @ a["y"] / jnp.linalg.norm(a["x"]) / jnp.linalg.norm(a["y"])


@pytest.mark.parametrize(
    ("text", "oracle", "wrt"),
    [
        (ATTENTION, attention, ("Q", "K", "V")),
        (BATCH_NORM, batch_norm, ("X", "gamma", "beta")),
        (SWIGLU, swiglu, ("X", "W", "V", "U")),
        (COSINE, cosine, ("x",)),
    ],
    ids=["attention", "batch norm", "swiglu", "cosine"],
)
def test_agrees_with_jax(text: str, oracle, wrt: tuple[str, ...]) -> None:
    model, random = hg.parse(text), np.random.default_rng(3)
    lengths = {s.name: [SIZES.get(size.name, size.value) for size in s.shape] for s in model.inputs}
    arrays = {name: random.standard_normal(shape) for name, shape in lengths.items()}
    arrays = {name: np.abs(array) if name == "eps" else array for name, array in arrays.items()}
    found = hg.derive(model, wrt=wrt).function()(**arrays)
    expected = jax.grad(oracle)({name: jnp.asarray(array) for name, array in arrays.items()})
    for name in wrt:
        np.testing.assert_allclose(found[name], expected[name], rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize(
    ("text", "wrt", "expected"),
    [
        ("A: (n, n) in symmetric\nx: n\nJ = x @ A @ x", "x", "2 A x"),
        ("C: (n, n) in symmetric\na: n\nb: n\nJ = a @ inv(C) @ b", "C", "−C⁻¹ a bᵀ C⁻¹"),
        ("S: (n, n) in symmetric\nx: n\nl = -logdet(S) / 2 - x @ inv(S) @ x / 2", "S", "(S⁻¹ x xᵀ S⁻¹ − S⁻¹)/2"),
        (
            "S: (n, n) in symmetric\nT: (n, n)\nx: n\nJ = x @ inv(S + T + T.T) @ x",
            "S",
            "−(S + T + Tᵀ)⁻¹ x xᵀ (S + T + Tᵀ)⁻¹",
        ),
        ("S: (n, n) in symmetric\nT: (n, n)\nx: n\nJ = x @ inv(S + T) @ x", "x", "((S + T)⁻¹ + (S + T)⁻ᵀ) x"),
    ],
)
def test_declared_symmetry(text: str, wrt: str, expected: str) -> None:
    assert hg.derive(hg.parse(text), wrt=wrt)[wrt].text() == expected


def test_symmetry_is_not_used_undeclared() -> None:
    assert hg.derive("x @ A @ x", wrt="x", shapes={"A": "n, n", "x": "n"})["x"].text() == "(A + Aᵀ) x"


def test_correlation() -> None:
    """16: dW = dy ⋆ x where all of dy lies within x, dx the full convolution of dy with W."""
    derived = hg.derive("y = correlate(x, W)\nL = sum(y * dy)", shapes={"x": "n", "W": "k"}, wrt=["x", "W"])
    assert (derived["W"].text(), derived["x"].text()) in {("dy ⋆ x", "W ∗ dy"), ("dy ⋆ x", "dy ∗ W")}
    assert derived["W"].latex() == r"dy \star x"
