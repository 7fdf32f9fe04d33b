"""Programs with tensors of any number of axes against JAX: training steps, the engine `jax`, contractions."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import handgrad as hg
from handgrad.errors import DerivationError, ShapeError
from handgrad.expr import INDEX
from handgrad.program.contract_numpy import contract
from handgrad.program.training import Training

jax.config.update("jax_enable_x64", True)

LAYER = """
x: (m, c, d)
W: (c, d, h)
b: (h,)
V: (h, k)
Y: (m, k)
Z = einsum("mcd,cdh->mh", x, W) + b
A = tanh(Z)
P = A @ V
J = sum((P - Y) ** 2) / (2 * m)
"""
ATTENTION = """
X: (b, n, d)
Wq: (h, d, e)
Wk: (h, d, e)
Wv: (h, d, e)
Wo: (h, e, d)
Y: (b, n, d)
Q = einsum("bnd,hde->bhne", X, Wq)
K = einsum("bnd,hde->bhne", X, Wk)
V = einsum("bnd,hde->bhne", X, Wv)
S = einsum("bhie,bhje->bhij", Q, K) / sqrt(e)
P = softmax(S)
O = einsum("bhij,bhje->bhie", P, V)
R = einsum("bhie,hed->bid", O, Wo)
J = sum((R - Y) ** 2) / b
"""
SCALED = """
X: (m, c, d)
g: (c,)
U: (c, d)
s: ()
T: (c, d, k)
H = relu(einsum("mcd,c->mcd", X, g)) * exp(s) / (1 + einsum("cd,m->mcd", U * U, w))
w: (m,)
D = einsum("ccm->cm", einsum("mcd,fdk,k->cfm", H, T, v))
J = sum(D ** 3) + s * sum(H) / (m * c)
"""
WINDOWS = """
X: (b, n, d)
E: (h, d)
t: (n,)
W: (d, d)
k: (3,)
T = X + E[t]
Z = einsum("bnd,de->bne", T, W)[:, 1:, :] * T[:, :-1, :]
J = sum(softmax(Z) * T[:, 1:, :]) + sum(convolve(X[0, :, 0], k) ** 2) + sum(cumsum(k) ** 3)
"""
SIZES = {"m": 3, "c": 4, "d": 5, "h": 6, "k": 2, "b": 2, "n": 7, "e": 8, "f": 4}


def layer(x: Any, W: Any, b: Any, V: Any, Y: Any) -> Any:
    return jnp.sum((jnp.tanh(jnp.einsum("mcd,cdh->mh", x, W) + b) @ V - Y) ** 2) / (2 * len(x))


def attention(X: Any, Wq: Any, Wk: Any, Wv: Any, Wo: Any, Y: Any) -> Any:
    Q, K, V = (jnp.einsum("bnd,hde->bhne", X, W) for W in (Wq, Wk, Wv))
    P = jax.nn.softmax(jnp.einsum("bhie,bhje->bhij", Q, K) / jnp.sqrt(Q.shape[-1]))
    return jnp.sum((jnp.einsum("bhie,hed->bid", jnp.einsum("bhij,bhje->bhie", P, V), Wo) - Y) ** 2) / len(X)


def scaled(X: Any, g: Any, U: Any, s: Any, T: Any, w: Any, v: Any) -> Any:
    H = jax.nn.relu(X * g[:, None]) * jnp.exp(s) / (1 + (U * U)[None] * w[:, None, None])
    D = jnp.einsum("ccm->cm", jnp.einsum("mcd,fdk,k->cfm", H, T, v))
    return jnp.sum(D**3) + s * jnp.sum(H) / (X.shape[0] * X.shape[1])


def windows(X: Any, E: Any, t: Any, W: Any, k: Any) -> Any:
    T = X + E[t]
    first = jnp.sum(jax.nn.softmax((T @ W)[:, 1:, :] * T[:, :-1, :]) * T[:, 1:, :])
    return first + jnp.sum(jnp.convolve(X[0, :, 0], k) ** 2) + jnp.sum(jnp.cumsum(k) ** 3)


MODELS: dict[str, tuple[str, Callable[..., Any], tuple[str, ...]]] = {
    "layer": (LAYER, layer, ("W", "b", "V")),
    "attention": (ATTENTION, attention, ("Wq", "Wk", "Wv", "Wo")),
    "scaled": (SCALED, scaled, ("g", "U", "s", "T", "X")),
}
RUN_ONLY = {**MODELS, "windows": (WINDOWS, windows, ("E", "W", "k"))}  # slices have no source yet


def arrays_of(model: hg.Model, seed: int = 0) -> dict[str, np.ndarray]:
    """Numbers away from 0; `w` positive; whole numbers for what picks rows."""
    random = np.random.default_rng(seed)
    found: dict[str, np.ndarray] = {}
    for symbol in model.inputs:
        shape = [size.length(SIZES) for size in symbol.shape]
        array = np.asarray(random.uniform(0.2, 1.2, shape) * random.choice([-1, 1], shape))
        if any(fact.startswith(INDEX) for fact in symbol.facts):
            array = random.integers(0, SIZES["h"], shape)
        found[symbol.name] = abs(array) if symbol.name == "w" else array
    return found


def agree(found: Any, expected: Any, what: str) -> None:
    found, expected = np.asarray(found), np.asarray(expected)
    assert found.shape == expected.shape, what
    size = max(float(np.max(np.abs(expected), initial=0)), 1e-3)
    assert float(np.max(np.abs(found - expected), initial=0)) / size < 1e-10, what


@pytest.mark.parametrize("name", RUN_ONLY)
def test_engines_agree_with_jax(name: str) -> None:
    text, function, wrt = RUN_ONLY[name]
    model = hg.parse(text)
    derivation = hg.derive(model, wrt=wrt)
    arrays = arrays_of(model)
    argnames = {key: arrays[key] for key in wrt}
    value, gradients = jax.value_and_grad(lambda p: function(**{**arrays, **p}))(argnames)
    for engine in ("numpy", "jax"):
        found = derivation.function(engine=engine)(**arrays)
        agree(found["J"], value, f"J by {engine}")
        for key in wrt:
            agree(found[key], gradients[key], f"∂J/∂{key} by {engine}")


@pytest.mark.parametrize("name", RUN_ONLY)
def test_training_steps_agree_with_jax(name: str) -> None:
    """Two steps in one batch size, buffers used again."""
    text, function, wrt = RUN_ONLY[name]
    model = hg.parse(text)
    arrays = arrays_of(model, 1)
    training = Training(model, hg.derive(model, wrt=wrt), SIZES, np.float64)
    parameters = {key: arrays[key] for key in wrt}
    for key in wrt:
        training.parameters[key][...] = arrays[key]
    data = {key: array for key, array in arrays.items() if key not in wrt}
    for _ in range(2):
        value, gradients = jax.value_and_grad(lambda p: function(**{**arrays, **p}))(parameters)
        agree(training.step(data, {"alpha": 0.01}), value, "J")
        parameters = {key: parameters[key] - 0.01 * gradients[key] for key in wrt}
        for key in wrt:
            agree(training.parameters[key], parameters[key], key)


@st.composite
def einsums(draw: st.DrawFn) -> tuple[list[tuple[int, ...]], tuple[int, ...]]:
    """Operands with labels 0 to 5, repeats and axes of length 1 (label -1) included; some of the labels are kept."""
    labels = [
        tuple(draw(st.lists(st.integers(-1, 5), max_size=4))) for _ in range(draw(st.integers(1, 4)))
    ]
    used = sorted({label for own in labels for label in own} - {-1})
    return labels, tuple(draw(st.permutations(used))[: draw(st.integers(0, len(used)))])


@given(einsums())
@settings(max_examples=150, deadline=None)
def test_contractions_in_pairs(drawn: tuple[list[tuple[int, ...]], tuple[int, ...]]) -> None:
    """Against plain einsum over everything at once; run twice, for buffers that would add up."""
    labels, out = drawn
    random = np.random.default_rng(len(labels))
    operands = [random.standard_normal([1 if x < 0 else x + 2 for x in own]) for own in labels]
    value, actions = contract(operands, labels, out)
    for _ in range(2):
        for function, args in actions:
            function(*args)
    unit = iter(range(10, 40))
    flat = [part for array, own in zip(operands, labels, strict=True)
            for part in (array, [next(unit) if x < 0 else x for x in own])]  # fmt: skip
    np.testing.assert_allclose(value, np.einsum(*flat, list(out)), rtol=1e-9, atol=1e-12)


def test_the_jax_engine_says_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    derivation = hg.derive("sum(tanh(A) ** 2)", wrt="A", shapes={"A": "n, m"})
    with pytest.raises(ShapeError):
        derivation.function(engine="jax")(A=np.ones(3))
    with pytest.raises(DerivationError, match="not defined"):
        hg.derive("J = sum(g(A))", wrt="A", shapes={"A": "n, m"}).function(engine="jax")
    monkeypatch.setitem(sys.modules, "jax", None)
    with pytest.raises(DerivationError, match=r"handgrad\[jax\]"):
        derivation.function(engine="jax")


def test_the_jax_engine_is_traced_by_jax() -> None:
    """It can stand inside jit and vmap."""
    function = hg.derive("sum(tanh(A) ** 2)", wrt="A", shapes={"A": "n, m"}).function(engine="jax")
    stack = np.random.default_rng(0).standard_normal((3, 2, 4))
    found = jax.vmap(lambda A: function(A=A)["A"])(stack)
    agree(found, 2 * np.tanh(stack) * (1 - np.tanh(stack) ** 2), "A")
