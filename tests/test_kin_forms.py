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
        batch(
            "mu = sum(X, axis=0) / m\nv = sum((X - mu) ** 2, axis=0) / m\ns = sqrt(v + eps)\n"
            "Xh = (X - mu) / s\nY = gamma * Xh + beta\n"
        ),
        columns,
        FULL,
    ),
    Kin("batch norm, no mean and var", batch(UNNAMED + "Y = gamma * Xh + beta\n"), columns, {**FULL, "X": 31}),
    Kin(
        "batch norm, centred first",
        batch(
            "mu = mean(X, axis=0)\nC = X - mu\nv = mean(C ** 2, axis=0)\ns = sqrt(v + eps)\nXh = C / s\n"
            "Y = gamma * Xh + beta\n"
        ),
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


def sigmoid(x: jax.Array) -> jax.Array:
    return jax.nn.sigmoid(x)


def targets(a: Arrays, h: list[jax.Array]) -> jax.Array:
    return sum((0.5 * jnp.sum((h[t] - a[f"y{t}"]) ** 2) for t in range(1, len(h))), jnp.zeros(()))


def rnn(times: int) -> Callable[[Arrays], jax.Array]:
    def cost(a: Arrays) -> jax.Array:
        h = [a["h0"]]
        for t in range(1, times + 1):
            h.append(jnp.tanh(a["W"] @ a[f"x{t}"] + a["U"] @ h[-1] + a["b"]))
        return targets(a, h)

    return cost


def lstm(times: int) -> Callable[[Arrays], jax.Array]:
    def cost(a: Arrays) -> jax.Array:
        h, c = [a["h0"]], a["c0"]
        for t in range(1, times + 1):
            i, f, o, g = (a[f"W{k}"] @ a[f"x{t}"] + a[f"U{k}"] @ h[-1] + a[f"b{k}"] for k in "ifoc")
            c = sigmoid(f) * c + sigmoid(i) * jnp.tanh(g)
            h.append(sigmoid(o) * jnp.tanh(c))
        return targets(a, h)

    return cost


def gru(times: int) -> Callable[[Arrays], jax.Array]:
    def cost(a: Arrays) -> jax.Array:
        h = [a["h0"]]
        for t in range(1, times + 1):
            z, r = (sigmoid(a[f"W{k}"] @ a[f"x{t}"] + a[f"U{k}"] @ h[-1] + a[f"b{k}"]) for k in "zr")
            n = jnp.tanh(a["Wn"] @ a[f"x{t}"] + a["Un"] @ (r * h[-1]) + a["bn"])
            h.append((1 - z) * h[-1] + z * n)
        return targets(a, h)

    return cost


def recurrent(gates: str, cell: str, times: int) -> str:
    """A cell written out over some times; the loss is at every time."""
    parameters = [f"W{k}: (h, d)\nU{k}: (h, h)\nb{k}: h" for k in (gates or ("",))]
    data = [f"x{t}: d\ny{t}: h" for t in range(1, times + 1)]
    lines = [cell.replace("<t>", str(t)).replace("<u>", str(t - 1)) for t in range(1, times + 1)]
    cost = " + ".join(f"sum((h{t} - y{t}) ** 2)" for t in range(1, times + 1))
    return "\n".join([*parameters, *data, "h0: h", *(["c0: h"] if "c0" in cell.replace("<u>", "0") else []), *lines,
                      f"L = ({cost}) / 2"])  # fmt: skip


RNN_CELL = "h<t> = tanh(W @ x<t> + U @ h<u> + b)"
RNN_NAMED = "z<t> = W @ x<t> + U @ h<u> + b\nh<t> = tanh(z<t>)"
LSTM_CELL = """i<t> = sigmoid(Wi @ x<t> + Ui @ h<u> + bi)
f<t> = sigmoid(Wf @ x<t> + Uf @ h<u> + bf)
o<t> = sigmoid(Wo @ x<t> + Uo @ h<u> + bo)
g<t> = tanh(Wc @ x<t> + Uc @ h<u> + bc)
c<t> = f<t> * c<u> + i<t> * g<t>
h<t> = o<t> * tanh(c<t>)"""
GRU_CELL = """z<t> = sigmoid(Wz @ x<t> + Uz @ h<u> + bz)
r<t> = sigmoid(Wr @ x<t> + Ur @ h<u> + br)
n<t> = tanh(Wn @ x<t> + Un @ (r<t> * h<u>) + bn)
h<t> = (1 - z<t>) * h<u> + z<t> * n<t>"""


@pytest.mark.parametrize("times", [2, 3, 4])
@pytest.mark.parametrize(
    ("gates", "cell", "oracle"),
    [("", RNN_CELL, rnn), ("", RNN_NAMED, rnn), ("ifoc", LSTM_CELL, lstm), ("zrn", GRU_CELL, gru)],
    ids=["RNN", "RNN, z named", "LSTM", "GRU"],
)
def test_weights_of_a_recurrence(gates: str, cell: str, oracle: Any, times: int) -> None:
    """dW = Σ a[t] x[t]ᵀ, dU = Σ a[t] h[t−1]ᵀ, db = Σ a[t]: sums of outer products of names."""
    outer, total = 5 * times - 1, 2 * times - 1
    most = {}
    for gate in gates or ("",):
        # the candidate of a GRU sees r ⊙ h, no name
        most |= {f"W{gate}": outer, f"U{gate}": outer + (2 * times if gate == "n" else 0), f"b{gate}": total}
    kin = Kin("", recurrent(gates, cell, times), oracle(times), most)
    assert_compact(kin)


def infonce(a: Arrays) -> jax.Array:
    return -jnp.mean(jnp.diag(jax.nn.log_softmax(a["A"] @ a["B"].T / a["tau"], axis=1)))


def triplet(a: Arrays) -> jax.Array:
    near, far = jnp.sum((a["A"] - a["P"]) ** 2, -1), jnp.sum((a["A"] - a["N"]) ** 2, -1)
    return jnp.mean(jax.nn.relu(near - far + a["alpha"]))


def mixture(a: Arrays) -> jax.Array:
    z = jnp.log(a["pi_"]) - jnp.log(a["sigma"]) - (a["x"] - a["mu"]) ** 2 / (2 * a["sigma"] ** 2)
    return jnp.sum(jax.nn.logsumexp(z, axis=1))


def attention(a: Arrays) -> jax.Array:
    return jnp.sum(a["dO"] * (jax.nn.softmax(a["Q"] @ a["K"].T / jnp.sqrt(SIZES["d"])) @ a["V"]))


PAIRS = "A: (m, n)\nB: (m, n)\nS = A @ B.T / tau\n"
SCORES = "Q: (t, d)\nK: (s, d)\nV: (s, k)\ndO: (t, k)\nS = Q @ K.T / sqrt(d)\n"
OTHERS = [
    Kin("InfoNCE", PAIRS + "L = -mean(diag(log_softmax(S, axis=1)))", infonce, {"A": 10, "B": 11}),
    Kin("InfoNCE, trace", PAIRS + "L = -trace(log(softmax(S, axis=1))) / m", infonce, {"A": 10, "B": 11}),
    Kin("InfoNCE, logsumexp", PAIRS + "L = mean(logsumexp(S, axis=1) - diag(S))", infonce, {"A": 10, "B": 11}),
    Kin("InfoNCE, P named", PAIRS + "P = softmax(S)\nL = -sum(log(diag(P))) / m", infonce, {"A": 9, "B": 10}),
    Kin(
        "triplet",
        "A: (m, n)\nP: (m, n)\nN: (m, n)\np = sum((A - P) ** 2, axis=1)\nq = sum((A - N) ** 2, axis=1)\n"
        "L = mean(relu(p - q + alpha))",
        triplet,
        {"A": 11, "P": 11, "N": 11},
    ),
    Kin(
        "mixture",
        "x: (m, 1)\nmu: (1, k)\nsigma: (1, k)\npi_: (1, k)\n"
        "Z = log(pi_) - log(sigma) - (x - mu) ** 2 / (2 * sigma ** 2)\nL = sum(logsumexp(Z, axis=1))",
        mixture,
        {"mu": 16, "sigma": 26, "pi_": 7},
    ),
    Kin("attention", SCORES + "P = softmax(S)\nO = P @ V\nL = sum(dO * O)", attention, {"Q": 6, "K": 7, "V": 4}),
    Kin(
        "attention, softmax written out",
        SCORES + "E = exp(S)\nP = E / sum(E, axis=1, keepdims=True)\nO = P @ V\nL = sum(dO * O)",
        attention,
        {"Q": 6, "K": 7, "V": 4},
    ),
]


@pytest.mark.parametrize("kin", OTHERS, ids=lambda kin: kin.name)
def test_losses_and_attention(kin: Kin) -> None:
    assert_compact(kin)


LATEX = [
    (
        r"$$r = \sqrt{\frac{1}{n} x^\top x + \epsilon}$$ $$y = \gamma \odot x / r$$ $$L = c^\top y$$",
        {"x": "n", "gamma": "n", "c": "n"},
        {"x": "(c ⊙ γ − (cᵀ y) x/(n r))/r"},
    ),
    (r"$$y = \frac{x}{\|x\|}$$ $$L = c^\top y$$", {"x": "n", "c": "n"}, {"x": "(c − (cᵀ y) y)/‖x‖"}),
    (
        r"$$\mu = \frac{1}{n} \mathbf{1}^\top x$$ $$v = \frac{1}{n} \|x - \mu \mathbf{1}\|^2$$"
        r"$$s = \sqrt{v + \epsilon}$$ $$z = \frac{x - \mu \mathbf{1}}{s}$$ $$L = c^\top z$$",
        {"x": "n", "c": "n"},
        {"x": "(c − (cᵀ z) z/n − mean(c))/s"},
    ),
    (
        r"$$h_1 = \tanh(W x_1 + U h_0 + b)$$ $$h_2 = \tanh(W x_2 + U h_1 + b)$$"
        r"$$L = \frac{1}{2} \|h_1 - y_1\|^2 + \frac{1}{2} \|h_2 - y_2\|^2$$",
        {"W": "h, d", "U": "h, h", "b": "h"},
        {"W": "∂L/∂Z1 x1ᵀ + ∂L/∂Z2 x2ᵀ", "U": "∂L/∂Z1 h0ᵀ + ∂L/∂Z2 h1ᵀ", "b": "∂L/∂Z1 + ∂L/∂Z2"},
    ),
]


@pytest.mark.parametrize(("text", "shapes", "expected"), LATEX)
def test_latex_notation(text: str, shapes: dict[str, str], expected: dict[str, str]) -> None:
    d = hg.derive(hg.parse(text, notation="latex", shapes=shapes), wrt=list(expected))
    assert {name: d[name].text() for name in expected} == expected


def test_known_sums_are_by_definition_only() -> None:
    """Where z is not centred by its own mean, the sum of z does not vanish."""
    text = "x: n\nc: n\nmu = mean(x)\ns = std(x)\nz = (x - 2 * mu) / s\nL = c @ z"
    d = hg.derive(hg.parse(text), wrt="x")
    arrays = {"x": np.arange(4.0) ** 2, "c": np.array([0.3, -1.0, 2.0, 0.5])}
    expected = jax.grad(lambda x: jnp.sum(arrays["c"] * (x - 2 * x.mean()) / x.std()))(jnp.asarray(arrays["x"]))
    np.testing.assert_allclose(d.function()(**arrays)["x"], expected, rtol=1e-9)


TRANSFORMER = """
X: (t, n)
Wq: (n, d)
Wk: (n, d)
Wv: (n, n)
gamma: (1, n)
dY: (t, n)
mu = mean(X, axis=1, keepdims=True)
s = sqrt(mean((X - mu) ** 2, axis=1, keepdims=True) + eps)
Xh = (X - mu) / s
N = gamma * Xh
Q = N @ Wq
K = N @ Wk
V = N @ Wv
P = softmax(Q @ K.T / sqrt(d))
Y = X + P @ V
L = sum(dY * Y)
"""


def transformer(a: Arrays) -> jax.Array:
    centred = a["X"] - a["X"].mean(1, keepdims=True)
    inner = a["gamma"] * centred / jnp.sqrt((centred**2).mean(1, keepdims=True) + a["eps"])
    scores = (inner @ a["Wq"]) @ (inner @ a["Wk"]).T / jnp.sqrt(SIZES["d"])
    return jnp.sum(a["dY"] * (a["X"] + jax.nn.softmax(scores) @ (inner @ a["Wv"])))


def test_a_block_inside_a_longer_model() -> None:
    """The paths through μ and s meet in X̂, whatever lies behind it and beside it."""
    most = {"Wq": 4, "Wk": 4, "Wv": 7, "gamma": 6, "X": 21}
    assert_compact(Kin("", TRANSFORMER, transformer, most))
    assert "∂L/∂s" not in hg.derive(hg.parse(TRANSFORMER), wrt="X")["X"].text()
