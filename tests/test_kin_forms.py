"""Normalisations and recurrences in many spellings: no closed form is longer than a textbook's, and JAX agrees.

`most` is the size (`weight_of`) of the textbook's form in the names that the spelling has.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import handgrad as hg
from handgrad.matrix import weight_of

jax.config.update("jax_enable_x64", True)
Arrays = dict[str, Any]
SIZES = {"m": 6, "n": 4, "k": 2, "t": 5, "s": 7, "d": 3, "h": 8, "g": 9}
POSITIVE = {"eps", "tau", "sigma", "pi_"}


@dataclass(frozen=True)
class Kin:
    """A spelling: its text, the oracle, and for each symbol the size of the textbook's form."""

    name: str
    text: str
    oracle: Callable[[Arrays], jax.Array]
    most: dict[str, int]


def norm_over(axis: int, keep: Callable[[Arrays, jax.Array], jax.Array]) -> Callable[[Arrays], jax.Array]:
    def cost(a: Arrays) -> jax.Array:
        centred = a["X"] - a["X"].mean(axis, keepdims=True)
        spread = jnp.sqrt((centred**2).mean(axis, keepdims=True) + a.get("eps", 0.0))
        return keep(a, centred / spread)

    return cost


def paired(a: Arrays, xh: jax.Array) -> jax.Array:
    return jnp.sum(a["dY"] * (a["gamma"] * xh + a["beta"]))


def squared(a: Arrays, xh: jax.Array) -> jax.Array:
    return 0.5 * jnp.sum((a["gamma"] * xh + a["beta"] - a["T"]) ** 2) / SIZES["m"]


def plain(a: Arrays, xh: jax.Array) -> jax.Array:
    return jnp.sum(a["dY"] * xh)


BATCH = "X: (m, n)\ngamma: (1, n)\nbeta: (1, n)\ndY: (m, n)\nT: (m, n)\n"
NAMED = """mu = mean(X, axis={axis}, keepdims=True)
v = mean((X - mu) ** 2, axis={axis}, keepdims=True)
s = sqrt(v + eps)
Xh = (X - mu) / s
Y = gamma * Xh + beta
"""
PAIRED, LOSS = "L = sum(dY * Y)", "L = 0.5 * sum((Y - T) ** 2) / m"
UNNAMED = "Xh = (X - mean(X, axis={axis}, keepdims=True)) / sqrt(var(X, axis={axis}, keepdims=True) + eps)\n"
FULL = {"gamma": 6, "beta": 4, "X": 15}  # γ ⊙ (m dY − dβ − X̂ ⊙ dγ)/(m s)
ALONE = {"X": 23}  # the same with the two sums written out
ROWS = {"X": 19}  # (dX̂ − rowmean(dX̂) − X̂ ⊙ rowmean(dX̂ ⊙ X̂))/s
columns, rows = norm_over(0, paired), norm_over(1, paired)


def batch(body: str, cost: str = PAIRED, axis: int = 0) -> str:
    return BATCH + body.format(axis=axis) + cost


NORMALISATIONS = [
    Kin("batch norm", batch(NAMED), columns, FULL),
    Kin("batch norm, X alone", batch(NAMED), columns, ALONE),
    Kin("batch norm, var", batch(NAMED.replace("mean((X - mu) ** 2,", "var(X,")), columns, FULL),
    Kin("batch norm, s²", batch(NAMED.replace("(X - mu) ** 2", "(X - mu) * (X - mu)")), columns, FULL),
    Kin(
        "batch norm, no s",
        batch(NAMED.replace("s = sqrt(v + eps)\n", "").replace("/ s", "/ sqrt(v + eps)")),
        columns,
        {**FULL, "X": 18},
    ),
    Kin(
        "batch norm, sums over m",
        batch("mu = sum(X, axis=0) / m\nv = sum((X - mu) ** 2, axis=0) / m\ns = sqrt(v + eps)\n"
              "Xh = (X - mu) / s\nY = gamma * Xh + beta\n"),
        columns,
        FULL,
    ),
    Kin("batch norm, no mean and var", batch(UNNAMED + "Y = gamma * Xh + beta\n"), columns, {**FULL, "X": 31}),
    Kin(
        "batch norm, centred first",
        batch("mu = mean(X, axis=0)\nC = X - mu\nv = mean(C ** 2, axis=0)\ns = sqrt(v + eps)\nXh = C / s\n"
              "Y = gamma * Xh + beta\n"),
        columns,
        FULL,
    ),
    Kin("batch norm, a loss", batch(NAMED, LOSS), norm_over(0, squared), {"gamma": 10, "beta": 8, "X": 15}),
    Kin("layer norm", batch(NAMED, axis=1), rows, {"gamma": 6, "beta": 4, **ROWS}),
    Kin("layer norm, X alone", batch(NAMED, axis=1), rows, ROWS),
    Kin("layer norm, a loss", batch(NAMED, LOSS, axis=1), norm_over(1, squared), ROWS),
    Kin("layer norm, no mean and var", batch(UNNAMED + "Y = gamma * Xh + beta\n", axis=1), rows, {"X": 35}),
    Kin("instance norm", batch(NAMED, axis=1).replace("(1, n)", "(m, 1)"), rows, {"gamma": 5, "beta": 3, "X": 15}),
    Kin("standardised", batch(UNNAMED, "L = sum(dY * Xh)"), norm_over(0, plain), {"X": 39}),
    Kin(
        "standardised by std",
        batch("mu = mean(X, axis=0)\nsigma = std(X, axis=0)\nZ = (X - mu) / sigma\n", "L = sum(dY * Z)"),
        norm_over(0, plain),
        {"X": 22},
    ),
    Kin(
        "standardised in one line",
        batch("", "L = sum(dY * (X - mean(X, axis=0)) / std(X, axis=0))"),
        norm_over(0, plain),
        {"X": 62},
    ),
    Kin(
        "standardised vector",
        "x: n\ndz: n\nmu = mean(x)\ns = std(x)\nz = (x - mu) / s\nL = dz @ z",
        lambda a: jnp.sum(a["dz"] * (a["x"] - a["x"].mean()) / a["x"].std()),
        {"x": 18},
    ),
    Kin(
        "group norm",
        "X: (m, g, n)\ndY: (m, g, n)\nmu = mean(X, axis=2, keepdims=True)\nv = var(X, axis=2, keepdims=True)\n"
        "s = sqrt(v + eps)\nXh = (X - mu) / s\nL = sum(dY * Xh)",
        norm_over(2, plain),
        {"X": 34},
    ),
]


def rms(a: Arrays) -> jax.Array:
    x = a["x"]
    return jnp.sum(a["dy"] * a["gamma"] * x / jnp.sqrt(jnp.mean(x**2, -1, keepdims=True) + a["eps"]))


def unit(a: Arrays) -> jax.Array:
    return jnp.sum(a["dy"] * a["x"] / jnp.linalg.norm(a["x"], axis=-1, keepdims=True))


def weight_norm(a: Arrays) -> jax.Array:
    w = a["g"] * a["v"] / jnp.linalg.norm(a["v"])
    return 0.5 * jnp.sum((a["X"] @ w - a["y"]) ** 2)


def cosine(a: Arrays) -> jax.Array:
    return a["x"] @ a["y"] / jnp.linalg.norm(a["x"]) / jnp.linalg.norm(a["y"])


VECTORS = "x: n\ngamma: n\ndy: n\n"
TABLE = "x: (m, n)\ngamma: n\ndy: (m, n)\n"
NORMS = [
    Kin("RMS norm", VECTORS + "r = sqrt(mean(x ** 2) + eps)\ny = gamma * x / r\nL = sum(dy * y)", rms, {"x": 19}),
    Kin("RMS norm, a sum", VECTORS + "r = sqrt(x @ x / n + eps)\ny = gamma * (x / r)\nL = dy @ y", rms, {"x": 19}),
    Kin(
        "RMS norm, x̂ named",
        VECTORS + "r = sqrt(mean(x ** 2) + eps)\nxh = x / r\ny = gamma * xh\nL = sum(dy * y)",
        rms,
        {"x": 16, "gamma": 3},
    ),
    Kin("RMS norm, no r", VECTORS + "y = gamma * x / sqrt(mean(x ** 2) + eps)\nL = sum(dy * y)", rms, {"x": 31}),
    Kin(
        "RMS norm of rows",
        TABLE + "r = sqrt(mean(x ** 2, axis=1, keepdims=True) + eps)\ny = gamma * x / r\nL = sum(dy * y)",
        rms,
        {"x": 21},
    ),
    Kin("unit vector", "x: n\ndy: n\ny = x / norm(x)\nL = dy @ y", unit, {"x": 11}),
    Kin("unit vector by a sum", "x: n\ndy: n\ny = x / sqrt(sum(x ** 2))\nL = dy @ y", unit, {"x": 11}),
    Kin("unit rows", "x: (m, n)\ndy: (m, n)\ny = x / norm(x, axis=1, keepdims=True)\nL = sum(dy * y)", unit, {"x": 16}),
    Kin(
        "unit rows, r named",
        "x: (m, n)\ndy: (m, n)\nr = sqrt(sum(x ** 2, axis=1, keepdims=True))\ny = x / r\nL = sum(dy * y)",
        unit,
        {"x": 12},
    ),
    Kin(
        "weight norm",
        "v: n\ng: ()\nX: (m, n)\ny: m\nw = g * v / norm(v)\nL = 0.5 * sum((X @ w - y) ** 2)",
        weight_norm,
        {"v": 17, "g": 13},
    ),
    Kin("cosine similarity", "x: n\ny: n\nc = x @ y / (norm(x) * norm(y))", cosine, {"x": 14, "y": 14}),
]


def drawn(model: hg.Model) -> Arrays:
    random = np.random.default_rng(7)
    arrays: Arrays = {}
    for symbol in model.inputs:
        array = random.standard_normal([SIZES.get(size.name, size.value or 0) for size in symbol.shape])
        arrays[symbol.name] = np.abs(array) + 0.1 if symbol.name in POSITIVE else array
    return arrays


def assert_compact(kin: Kin) -> None:
    model = hg.parse(kin.text)
    d = hg.derive(model, wrt=list(kin.most))
    arrays = drawn(model)
    found, expected = d.function()(**arrays), jax.grad(kin.oracle)({k: jnp.asarray(a) for k, a in arrays.items()})
    for name in kin.most:
        np.testing.assert_allclose(found[name], expected[name], rtol=1e-8, atol=1e-10)
    sizes = {name: weight_of(d[name]) for name in kin.most}
    assert all(sizes[name] <= kin.most[name] for name in sizes), {n: (sizes[n], d[n].text()) for n in sizes}
    order = [section.gradient for section in d.sections]
    for place, section in enumerate(d.sections):  # what a form is written with comes before it
        assert not set(order[place:]) & set(section.result.args), section.gradient.name


@pytest.mark.parametrize("kin", NORMALISATIONS + NORMS, ids=lambda kin: kin.name)
def test_normalisation(kin: Kin) -> None:
    assert_compact(kin)
