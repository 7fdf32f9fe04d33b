"""Losses as people write them: what is printed is what a book prints, and it is what JAX computes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.scipy import special as jsp

import handgrad as hg
from handgrad.errors import ReadError

jax.config.update("jax_enable_x64", True)

LINEAR = "X: (m, n)\nw: n\ny: m\n"
LENGTHS = {"m": 5, "n": 3, "k": 4, "d": 2}


@dataclass(frozen=True)
class Loss:
    """Equations, the cost in JAX, and the gradient as it is to be printed."""

    text: str
    oracle: Callable[..., Any]
    wrt: str
    printed: str
    latex: str = ""
    values: dict[str, Any] = field(default_factory=dict)


def onehot(p: dict[str, Any]) -> Any:
    return p["Y"]


LOSSES: dict[str, Loss] = {
    "Huber": Loss(
        LINEAR + "delta: ()\ne = X @ w - y\nJ = mean(where(abs(e) <= delta, e**2/2, delta*(abs(e) - delta/2)))",
        lambda X, w, y, delta: jnp.mean(_huber(X @ w - y, delta)),
        "w", "Xᵀ (e ⊙ [|e| ≤ δ] + δ sign(e) ⊙ [|e| > δ])/m", r"\mathbb{1}\left[\left|e\right| \le \delta\right]",
        {"delta": 0.7},
    ),
    "smooth L1": Loss(
        LINEAR + "e = X @ w - y\nJ = sum(where(abs(e) < 1, e**2/2, abs(e) - 1/2))",
        lambda X, w, y: jnp.sum(_huber(X @ w - y, 1.0)), "w", "Xᵀ (e ⊙ [|e| < 1] + sign(e) ⊙ [|e| ≥ 1])",
    ),
    "hinge": Loss(
        LINEAR + "f = X @ w\nJ = mean(maximum(0, 1 - y*f))",
        lambda X, w, y: jnp.mean(jnp.maximum(0, 1 - y * (X @ w))), "w", "−Xᵀ (y ⊙ [1 − f ⊙ y > 0])/m",
        r"\mathbb{1}\left[1 - f \odot y > 0\right]",
    ),
    "squared hinge": Loss(
        LINEAR + "f = X @ w\nJ = mean(maximum(0, 1 - y*f)**2)",
        lambda X, w, y: jnp.mean(jnp.maximum(0, 1 - y * (X @ w)) ** 2), "w", "−2 Xᵀ (y ⊙ max(0, 1 − f ⊙ y))/m",
        r"\max(0, 1 - f \odot y)",
    ),
    "pinball": Loss(
        LINEAR + "q: ()\ne = y - X @ w\nJ = mean(maximum(q*e, (q-1)*e))",
        lambda X, w, y, q: jnp.mean(jnp.maximum(q * (y - X @ w), (q - 1) * (y - X @ w))),
        "w", "Xᵀ ((1 − q) [e ≤ 0] − q [e > 0])/m", "", {"q": 0.3},
    ),
    "absolute": Loss(
        LINEAR + "J = norm(X @ w - y, 1)", lambda X, w, y: jnp.sum(jnp.abs(X @ w - y)), "w", "Xᵀ sign(X w − y)",
        r"\operatorname{sign}(X w - y)",
    ),
    "lasso": Loss(
        LINEAR + "lam: ()\nJ = norm(X @ w - y)**2/2 + lam*norm(w, 1)",
        lambda X, w, y, lam: jnp.sum((X @ w - y) ** 2) / 2 + lam * jnp.sum(jnp.abs(w)),
        "w", "Xᵀ (X w − y) + λ sign(w)", "", {"lam": 0.2},
    ),
    "largest error": Loss(
        LINEAR + "e = X @ w - y\nJ = norm(e, inf)", lambda X, w, y: jnp.max(jnp.abs(X @ w - y)),
        "w", "Xᵀ (sign(e) ⊙ [|e| = max(|e|)])",
    ),
    "log-cosh": Loss(
        LINEAR + "J = sum(log(cosh(X @ w - y)))", lambda X, w, y: jnp.sum(jnp.log(jnp.cosh(X @ w - y))),
        "w", "Xᵀ tanh(X w − y)",
    ),
    "logistic": Loss(
        LINEAR + "f = X @ w\nJ = mean(log(1 + exp(-y*f)))",
        lambda X, w, y: jnp.mean(jnp.log(1 + jnp.exp(-y * (X @ w)))), "w", "−Xᵀ (y ⊙ σ(−f ⊙ y))/m",
    ),
    "exponential": Loss(
        LINEAR + "f = X @ w\nJ = sum(exp(-y*f))", lambda X, w, y: jnp.sum(jnp.exp(-y * (X @ w))),
        "w", "−Xᵀ (y ⊙ exp(−f ⊙ y))",
    ),
    "Poisson": Loss(
        LINEAR + "z = X @ w\nJ = sum(exp(z) - y*z)", lambda X, w, y: jnp.sum(jnp.exp(X @ w) - y * (X @ w)),
        "w", "Xᵀ (exp(z) − y)",
    ),
    "gamma deviance": Loss(
        "X: (m, n)\nw: n\ny: m in positive\nmu = exp(X @ w)\nJ = 2*mean((y - mu)/mu - log(y/mu))",
        lambda X, w, y: 2 * jnp.mean(y * jnp.exp(-X @ w) - 1 - jnp.log(y) + X @ w), "w", "2 Xᵀ ((μ − y)/μ)/m",
    ),
    "Tweedie": Loss(
        LINEAR + "p: ()\nmu = exp(X @ w)\nJ = mean(-y*mu**(1-p)/(1-p) + mu**(2-p)/(2-p))",
        lambda X, w, y, p: jnp.mean(-y * jnp.exp(X @ w) ** (1 - p) / (1 - p) + jnp.exp(X @ w) ** (2 - p) / (2 - p)),
        "w", "Xᵀ (μ∘^(2 − p) − y ⊙ μ∘^(1 − p))/m", r"\mu^{\circ (2 - p)}", {"p": 1.4},
    ),
    "KL by q": Loss(
        "p: n in positive\nq: n in positive\nJ = sum(p*log(p/q))", lambda p, q: jnp.sum(p * jnp.log(p / q)),
        "q", "−p/q",
    ),
    "KL by p": Loss(
        "p: n in positive\nq: n in positive\nJ = sum(rel_entr(p, q))", lambda p, q: jnp.sum(p * jnp.log(p / q)),
        "p", "1 + log(p/q)",
    ),
    "KL of a softmax": Loss(
        "z: n\np: n in simplex\nq = softmax(z)\nJ = sum(p*log(p/q))",
        lambda z, p: jnp.sum(p * jnp.log(p / jax.nn.softmax(z))), "z", "q − p",
    ),
    "InfoNCE": Loss(
        "A: (m, d)\nB: (m, d)\ntau: ()\nS = A @ B.T/tau\nP = softmax(S)\nJ = -trace(log(P))/m",
        lambda A, B, tau: -jnp.mean(jnp.diag(jax.nn.log_softmax(A @ B.T / tau))),
        "A", "(P − I) B/(m τ)", "", {"tau": 0.6},
    ),
    "cross-entropy by logsumexp": Loss(
        "Z: (m, k)\nY: (m, k) in onehot\nJ = mean(logsumexp(Z, axis=1) - sum(Y*Z, axis=1))",
        lambda Z, Y: jnp.mean(jsp.logsumexp(Z, axis=1) - jnp.sum(Y * Z, axis=1)), "Z", "(softmax(Z) − Y)/m",
    ),
    "focal": Loss(
        "X: (m, n)\nw: n\ngamma: ()\np = sigmoid(X @ w)\nJ = -sum((1-p)**gamma*log(p))",
        lambda X, w, gamma: -jnp.sum((1 - jax.nn.sigmoid(X @ w)) ** gamma * jax.nn.log_sigmoid(X @ w)),
        "w", "−Xᵀ ((1 − p)∘^γ ⊙ (1 − γ p ⊙ log p − p))", "", {"gamma": 2.5},
    ),
    "triplet": Loss(
        "a: n\np: n\nk: n\nmargin: ()\nu = sum((a-p)**2) - sum((a-k)**2) + margin\nJ = maximum(0, u)",
        lambda a, p, k, margin: jnp.maximum(0, jnp.sum((a - p) ** 2) - jnp.sum((a - k) ** 2) + margin),
        "a", "2 [u > 0] (k − p)", r"\mathbb{1}\left[u > 0\right]", {"margin": 20.0},
    ),
    "contrastive": Loss(
        "a: n\nb: n\nmargin: ()\nd = norm(a - b)\nJ = maximum(0, margin - d)**2",
        lambda a, b, margin: jnp.maximum(0, margin - jnp.linalg.norm(a - b)) ** 2,
        "a", "2 max(0, margin − d) (b − a)/d", "", {"margin": 20.0},
    ),
    "total variation": Loss(
        "x: n\nD: (k, n)\nJ = norm(D @ x, 1)", lambda x, D: jnp.sum(jnp.abs(D @ x)), "x", "Dᵀ sign(D x)",
        "",
    ),
    "group lasso": Loss(
        "W: (n, k)\nJ = sum(norm(W, axis=1))", lambda W: jnp.sum(jnp.linalg.norm(W, axis=1)),
        "W", "diag(1/√((W ⊙ W) 1)) W",
    ),
    "gamma likelihood": Loss(
        "k: ()\ntheta: ()\nx: n in positive\nJ = sum(gammaln(k) + x/theta + k*log(theta) - (k-1)*log(x))",
        lambda k, theta, x: jnp.sum(jsp.gammaln(k) + x / theta + k * jnp.log(theta) - (k - 1) * jnp.log(x)),
        "k", "n (ψ(k) + log θ) − Σ(log x)", "", {"k": 1.7, "theta": 0.8},
    ),
    "PPO": Loss(
        "r: m\nA: m\neps: ()\nu = r*A\nv = clip(r, 1-eps, 1+eps)*A\nJ = mean(minimum(u, v))",
        lambda r, A, eps: jnp.mean(jnp.minimum(r * A, jnp.clip(r, 1 - eps, 1 + eps) * A)),
        "r", "A ⊙ ([u < v] + [v ≤ u] ⊙ [1 − ϵ < r < 1 + ϵ])/m", "", {"eps": 0.3},
    ),
}  # fmt: skip


def _huber(e: Any, delta: Any) -> Any:
    return jnp.where(jnp.abs(e) <= delta, e**2 / 2, delta * (jnp.abs(e) - delta / 2))


def arrays(loss: Loss, derived: hg.Derivation) -> dict[str, np.ndarray]:
    random = np.random.default_rng(12)
    found = {}
    for symbol in derived.model.inputs:
        lengths = tuple(LENGTHS[str(size)] for size in symbol.shape)
        value = random.standard_normal(lengths)
        if "positive" in symbol.facts:
            value = np.abs(value) + 0.1
        if any(fact.startswith("sums to one") for fact in symbol.facts):
            value = np.exp(value) / np.exp(value).sum(axis=-1, keepdims=True)
        found[symbol.name] = np.asarray(loss.values.get(symbol.name, value), dtype=float)
    return found


@pytest.mark.parametrize("name", LOSSES)
def test_loss(name: str) -> None:
    """Printed as it stands here; value and gradient are JAX's, by the closed form and by the emitted source."""
    loss = LOSSES[name]
    derived = hg.derive(hg.parse(loss.text), wrt=loss.wrt)
    assert derived[loss.wrt].text() == loss.printed
    assert loss.latex in derived[loss.wrt].latex()
    given = arrays(loss, derived)
    order = list(given)

    def cost(value: Any) -> Any:
        return loss.oracle(**{**given, loss.wrt: value})

    expected, slope = jax.value_and_grad(cost)(jnp.asarray(given[loss.wrt]))
    found = derived.function()(**given)
    np.testing.assert_allclose(found["J"], expected, rtol=1e-10)
    np.testing.assert_allclose(found[loss.wrt], slope, rtol=1e-9, atol=1e-11)
    assert np.any(slope)
    space: dict[str, Any] = {}
    exec(derived.source("numpy"), space)
    values = space["forward"](*(given[key] for key in order))
    values = values if isinstance(values, tuple) else (values,)
    back = space["backward"](*(given[key] for key in order), *values)
    np.testing.assert_allclose(np.reshape(back[loss.wrt], np.shape(slope)), slope, rtol=1e-9, atol=1e-11)


LATEX = {
    r"J = \sum \max(0, 1 - y \odot (X w))": "−Xᵀ (y ⊙ [1 − (X w) ⊙ y > 0])",
    r"J = \sum \max\{0, 1 - y \odot (X w)\}": "−Xᵀ (y ⊙ [1 − (X w) ⊙ y > 0])",
    r"J = \sum \min(X w, y)": "Xᵀ [X w < y]",
    r"J = \max(X w - y)": "Xᵀ [X w − y = max(X w − y)]",
    r"J = \sum |X w - y|": "Xᵀ sign(X w − y)",
    r"J = \lVert X w - y \rVert_1": "Xᵀ sign(X w − y)",
    r"J = \sum [X w > y] \odot (X w)": "Xᵀ [X w > y]",
    r"e = X w - y \\ J = \sum \begin{cases} \frac12 e^2 & |e| \le 1 \\ |e| - \frac12 & |e| > 1 \end{cases}":
        "Xᵀ (e ⊙ [|e| ≤ 1] + sign(e) ⊙ [|e| > 1])",
    r"J = \sum \operatorname{clip}(X w, 0, 6)": "Xᵀ [0 < X w < 6]",
    r"J = \ell(X w, y)": "Xᵀ ∂ℓ/∂(X w)",
    r"J = \sum \ell(X w, y)": "Xᵀ ∂₁ℓ(X w, y)",
}  # fmt: skip


@pytest.mark.parametrize("formula", LATEX)
def test_in_latex(formula: str) -> None:
    text = rf"$X \in \mathbb{{R}}^{{m \times n}}, w \in \mathbb{{R}}^n, y \in \mathbb{{R}}^m$ $${formula}$$"
    derived = hg.derive(hg.parse(text), wrt="w")
    assert derived["w"].text() == LATEX[formula]


def test_a_loss_that_the_text_explains_is_not_taken_for_an_unknown_one() -> None:
    text = r"$$L(a, y) = (a - y)^2$$ $a, y \in \mathbb{R}^m$ $$J = \sum L(a, y)$$"
    with pytest.raises(ReadError, match="formula that the text gives for L"):
        hg.parse(text)


def test_powers_of_numbers() -> None:
    derived = hg.derive(hg.parse(r"$x, p \in \mathbb{R}$ $$J = 3 p + (1 + x^2)^{p}$$"))
    assert derived["x"].text() == "2 p x (1 + x²)^(p − 1)"
    assert derived["p"].text() == "3 + (log(1 + x²)) (1 + x²)^p"
    assert derived["p"].latex() == r"3 + (\log (1 + x^{2})) (1 + x^{2})^{p}"


def test_second_derivatives() -> None:
    hinge = hg.hessian("sum(maximum(0, x)**2)", wrt="x", shapes={"x": "n"})
    assert hinge["x"].text() == "2 diag([x > 0])"
    power = hg.hessian("sum(x**p)", wrt="x", shapes={"x": "n", "p": ""})
    assert power["x"].text() == "−p (1 − p) diag(x∘^(p − 2))"


# Facts

FACTS = [
    ("Q: (n, n) in orthogonal\nX: (m, n)\nJ = norm(X @ Q)**2", "X", "2 X", "2 X Q Qᵀ"),
    ("Q: (n, n) in orthogonal\nx: n\nb: n\nJ = norm(Q @ x - b)**2", "x", "2 (x − Qᵀ b)", "2 Qᵀ (Q x − b)"),
    ("Q: (n, n) in orthogonal\nx: n\nc: n\nJ = c @ inv(Q) @ x", "x", "Q c", "Q⁻ᵀ c"),
    ("A: (n, n) in positive_definite\nx: n\nJ = x @ A @ x", "x", "2 A x", "(A + Aᵀ) x"),
    ("A: (n, n) in spd\nx: n\nJ = x @ inv(A) @ x", "x", "2 A⁻¹ x", "(A⁻¹ + A⁻ᵀ) x"),
    ("A: (n, n) in symmetric\nx: n\nJ = x @ A @ x", "x", "2 A x", "(A + Aᵀ) x"),
    ("x: n in positive\nJ = sum(abs(x))", "x", "1", "sign(x)"),
    ("x: n in positive\nc: n\nJ = sum(c * maximum(0, x))", "x", "c", "c ⊙ [x > 0]"),
    ("x: n in positive\nc: n\nJ = sum(c * sqrt(x**2))", "x", "c", "c ⊙ x/√(x ⊙ x)"),
    ("Z: (m, k)\nY: (m, k) in simplex\nP = softmax(Z)\nJ = -sum(Y*log(P))", "Z", "P − Y", "(Y 1) ⊙ P − Y"),
]


@pytest.mark.parametrize(("text", "wrt", "printed", "undeclared"), FACTS)
def test_a_fact_is_used_where_it_is_declared(text: str, wrt: str, printed: str, undeclared: str) -> None:
    model = hg.parse(text)
    assert hg.derive(model, wrt=wrt)[wrt].text() == printed
    assert any("as declared" in line for line in model.assumptions)
    bare = hg.parse("\n".join(line.partition(" in ")[0] for line in text.splitlines()))
    assert hg.derive(bare, wrt=wrt)[wrt].text().replace("diag(Y 1) P", "(Y 1) ⊙ P") == undeclared
    assert not any("as declared" in line for line in bare.assumptions)


LATEX_FACTS = {
    r"$$A \succ 0$$ $A \in \mathbb{R}^{n \times n}$": "A is positive definite, as declared",
    r"$A \in \mathbb{S}^n_{++}$": "A is positive definite, as declared",
    r"$A \in \mathbb{S}^n$": "A is symmetric, as declared",
    r"$A \in \mathbb{R}^{n \times n}$ $$A = A^\top$$": "A is symmetric, as declared",
    r"$A \in \mathbb{R}^{n \times n}$ $$A^\top = A$$": "A is symmetric, as declared",
}


@pytest.mark.parametrize("declaration", LATEX_FACTS)
def test_facts_in_latex(declaration: str) -> None:
    model = hg.parse(declaration + r" $x \in \mathbb{R}^n$ $$J = x^\top A x$$")
    assert LATEX_FACTS[declaration] in model.assumptions
    assert hg.derive(model, wrt="x")["x"].text() == "2 A x"


@pytest.mark.parametrize("equation", [r"Q^\top Q = I", r"Q Q^\top = I"])
def test_orthogonality_in_latex(equation: str) -> None:
    text = rf"$Q \in \mathbb{{R}}^{{n \times n}}, x \in \mathbb{{R}}^n$ $${equation}$$ $$J = \lVert Q x \rVert^2$$"
    model = hg.parse(text)
    assert "Q is orthogonal, as declared" in model.assumptions
    assert hg.derive(model, wrt="x")["x"].text() == "2 x"


@pytest.mark.parametrize("fact", ["symmetric", "orthogonal", "positive_definite"])
def test_a_fact_of_square_matrices_is_refused_of_others(fact: str) -> None:
    with pytest.raises(ReadError, match="needs a square matrix"):
        hg.parse(f"A: (n, m) in {fact}\nJ = sum(A)")


def test_several_facts_stand_in_brackets() -> None:
    model = hg.parse("A: (n, n) in (symmetric, positive)\nx: n\nJ = x @ A @ x + sum(abs(A))")
    assert hg.derive(model, wrt="x")["x"].text() == "2 A x"
    assert hg.derive(model, wrt="A")["A"].text() == "1 + x xᵀ"


def test_a_whole_exponent_may_stand_on_a_negative_number() -> None:
    derived = hg.derive(hg.parse("x: n\nk: () in integer\nJ = sum(x**k)"), wrt="x")
    found = derived.function()(x=[-2.0, 0.5], k=3)
    np.testing.assert_allclose(found["x"], [12, 0.75])
    assert "k is a whole number, as declared" in derived.model.assumptions
