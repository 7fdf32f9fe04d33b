"""Every record of several arguments or over axes against JAX, and their emitted source against both."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.scipy import special as jsp
from scipy import special

import handgrad as hg
from handgrad.axes import shape
from handgrad.calculus import pullback
from handgrad.canonical import ones
from handgrad.errors import DerivationError
from handgrad.evaluate import Point
from handgrad.expr import Call, Symbol
from handgrad.functions import AbstractCost, Elementwise, Reduction, Surrogate
from handgrad.functions.over import TABLE as OVER
from handgrad.functions.several import TABLE as SEVERAL

jax.config.update("jax_enable_x64", True)
STEP = 1e-30

Oracle = Callable[..., Any]
COMPARED: dict[str, Oracle] = {
    "greater": jnp.greater, "greater_equal": jnp.greater_equal, "less": jnp.less, "less_equal": jnp.less_equal,
    "equal": jnp.equal, "not_equal": jnp.not_equal,
}  # fmt: skip
ORACLE: dict[str, Oracle] = {
    **{name: lambda x, y, f=f: jnp.where(f(x, y), 1.0, 0.0) for name, f in COMPARED.items()},
    **{f"where_{name}": lambda x, y, a, b, f=f: jnp.where(f(x, y), a, b) for name, f in COMPARED.items()},
    "maximum": jnp.maximum,
    "minimum": jnp.minimum,
    "between": lambda x, a, b: jnp.where((a < x) & (x < b), 1.0, 0.0),
    "clip": lambda x, a, b: jnp.minimum(jnp.maximum(x, a), b),
    "power_of": jnp.power,
    "entry_power": jnp.power,
    "arctan2": jnp.arctan2,
    "logaddexp": jnp.logaddexp,
}
POSITIVE_BASE = ("power_of", "entry_power")
several = pytest.mark.parametrize("function", SEVERAL, ids=lambda f: f.name)


def points(function: Elementwise, seed: int = 2) -> list[np.ndarray]:
    random = np.random.default_rng(seed)
    found = [random.uniform(-2, 2, 40) for _ in range(function.arity)]
    if function.name in POSITIVE_BASE:
        found[0] = np.abs(found[0]) + 0.1
    return found


def close(found: Any, expected: Any, tolerance: float = 1e-12) -> None:
    np.testing.assert_allclose(np.asarray(found), np.asarray(expected), rtol=tolerance, atol=tolerance)


def applied(function: Elementwise) -> tuple[Call, list[Symbol]]:
    symbols = [Symbol(f"x{k}", shape("n")) for k in range(function.arity)]
    call = function(*symbols)
    assert isinstance(call, Call)
    return call, symbols


def test_the_oracles_are_for_the_whole_table() -> None:
    assert set(ORACLE) == {function.name for function in SEVERAL}


@several
def test_value_and_into(function: Elementwise) -> None:
    at = points(function)
    expected = ORACLE[function.name](*at)
    close(function.numpy(*at), expected, 1e-14)
    for dtype, tolerance in ((np.float64, 1e-14), (np.float32, 3e-6)):
        small = [x.astype(dtype) for x in at]
        out = np.full(at[0].shape, np.nan, dtype)
        function.into(*small, out)
        close(out, ORACLE[function.name](*(x.astype(np.float64) for x in small)), tolerance)


@several
def test_code(function: Elementwise) -> None:
    at = points(function)
    names = {f"v{k}": x for k, x in enumerate(at)}
    code = eval(function.numpy_code.format(*names), {"np": np, "special": special, **names})
    close(code, ORACLE[function.name](*at), 1e-14)
    if function.factor:
        mask = eval(function.factor.format(*names), {"np": np, **names})
        assert np.asarray(mask).dtype == bool
        close(mask, code)


@several
def test_derivatives(function: Elementwise) -> None:
    """By each argument, against JAX; and the complex step, which the checks rely on."""
    at = points(function)
    call, symbols = applied(function)
    point = Point({s.name: x for s, x in zip(symbols, at, strict=True)}, {"n": len(at[0])})
    for k in range(function.arity):
        summed = jax.grad(lambda *args: jnp.sum(ORACLE[function.name](*args)), argnums=k)
        close(point.value(function.derivative(k, call)), summed(*map(jnp.asarray, at)))
        moved = [x + 1j * STEP if j == k else x for j, x in enumerate(at)]
        close(np.imag(function.numpy(*moved)) / STEP, summed(*map(jnp.asarray, at)))


@several
def test_second_derivatives(function: Elementwise) -> None:
    at = points(function)
    call, symbols = applied(function)
    point = Point({s.name: x for s, x in zip(symbols, at, strict=True)}, {"n": len(at[0])})
    for k in range(function.arity):
        slope = function.derivative(k, call)
        found = pullback(slope, ones(slope.shape))
        for j in range(function.arity):

            def first(*args: Any, k: int = k) -> Any:
                return jnp.sum(jax.grad(lambda *a: jnp.sum(ORACLE[function.name](*a)), argnums=k)(*args))

            expected = jax.grad(first, argnums=j)(*map(jnp.asarray, at))
            value = point.value(found[symbols[j]]) if symbols[j] in found else np.zeros(at[0].shape)
            close(value, expected, 1e-10)


@several
def test_notation(function: Elementwise) -> None:
    call, symbols = applied(function)
    for printed in (call.text(), call.latex()):
        for symbol in symbols:
            assert symbol.name in printed
        assert "{0}" not in printed
        assert "{1}" not in printed.replace(r"\mathbb{1}", "")
    assert function.reference


# Broadcasting, in the derivation, the engine's forms and the emitted source

BROADCAST = {
    "maximum": ("maximum(X, b)", lambda X, b: jnp.maximum(X, b)),
    "minimum": ("minimum(b, X)", lambda X, b: jnp.minimum(b, X)),
    "where": ("where(X < b, X * b, X + b)", lambda X, b: jnp.where(b > X, X * b, X + b)),
    "where of a number": ("where(X >= 0.1, b, 0)", lambda X, b: jnp.where(X >= 0.1, b, 0.0)),
    "clip": ("clip(X, -0.5, b**2)", lambda X, b: jnp.minimum(jnp.maximum(X, -0.5), b**2)),
    "power": ("(X**2 + 1) ** b", lambda X, b: (X**2 + 1) ** b),
    "number to a power": ("2 ** (X * b)", lambda X, b: 2.0 ** (X * b)),
    "mask": ("(X > b) * X", lambda X, b: jnp.where(b < X, X, 0.0)),
    "masks add up": ("X * ((X > b) + (X > 0))", lambda X, b: X * ((b < X) * 1.0 + (X > 0))),
    "arctan2": ("arctan2(X, b)", lambda X, b: jnp.arctan2(X, b)),
    "logaddexp": ("logaddexp(X, b)", lambda X, b: jnp.logaddexp(X, b)),
    "relu": ("maximum(0, X - b)", lambda X, b: jnp.maximum(0, X - b)),
    "xlogy": ("xlogy(X, b**2 + 1)", lambda X, b: X * jnp.log(b**2 + 1)),
    "gammaln": ("gammaln(X**2 + 1) * b", lambda X, b: jsp.gammaln(X**2 + 1) * b),
}


@pytest.mark.parametrize("name", BROADCAST)
def test_in_a_model(name: str) -> None:
    """Value and gradients against JAX, by the closed forms and by the emitted source."""
    expression, oracle = BROADCAST[name]
    model = hg.parse(f"X: (n, m)\nb: m\nC: (n, m)\nJ = sum(C * ({expression}))")
    derived = hg.derive(model, wrt=["X", "b"])
    random = np.random.default_rng(5)
    arrays = {"X": random.standard_normal((4, 3)), "b": random.standard_normal(3), "C": random.standard_normal((4, 3))}

    def cost(X: Any, b: Any) -> Any:
        return jnp.sum(arrays["C"] * oracle(X, b))

    expected, (dX, db) = jax.value_and_grad(cost, argnums=(0, 1))(jnp.asarray(arrays["X"]), jnp.asarray(arrays["b"]))
    found = derived.function()(**arrays)
    close(found["J"], expected)
    close(found["X"], dX)
    close(found["b"], db)
    space: dict[str, Any] = {}
    exec(derived.source("numpy"), space)
    given = [arrays[s.name] for s in model.inputs]
    values = space["forward"](*given)
    values = values if isinstance(values, tuple) else (values,)
    close(np.asarray(values[-1]).reshape(()), expected)
    back = space["backward"](*given, *values)
    close(back["X"], dX)
    close(back["b"].ravel(), db)


# Over all entries, rows and columns

JAX_OVER: dict[str, Oracle] = {
    "max": jnp.max,
    "min": jnp.min,
    "prod": jnp.prod,
    "argmax_mark": lambda x, axis, keepdims: _mark(x, axis, jnp.argmax),
    "argmin_mark": lambda x, axis, keepdims: _mark(x, axis, jnp.argmin),
}
over = pytest.mark.parametrize("function", OVER, ids=lambda f: f.name)
OVER_SHAPES = [((5,), None), ((3, 4), None), ((3, 4), -1), ((3, 4), -2), ((2, 3, 4), -2), ((2, 3, 4), -3)]
over_shapes = pytest.mark.parametrize(("lengths", "axis"), OVER_SHAPES)


def _mark(x: Any, axis: int | None, place: Oracle) -> Any:
    if axis is None:
        return jax.nn.one_hot(place(x), x.size).reshape(x.shape)
    return jnp.moveaxis(jax.nn.one_hot(place(x, axis=axis), x.shape[axis]), -1, axis)


def test_the_oracles_are_for_all_reductions() -> None:
    assert set(JAX_OVER) == {function.name for function in OVER}


@over
@over_shapes
def test_over(function: Reduction, lengths: tuple[int, ...], axis: int | None) -> None:
    """Value, code, pullback with and without an axis in front, complex step."""
    random = np.random.default_rng(8)
    at, direction = random.uniform(0.3, 2, lengths), random.standard_normal(lengths)
    turned = function.at(axis)

    def oracle(x: Any) -> Any:
        return JAX_OVER[function.name](x, axis=axis, keepdims=axis is not None)

    symbol = Symbol("x", shape(*(f"n{k}" for k in range(len(lengths)))))
    call = turned(symbol)
    close(call.evaluate(x=at), oracle(at))
    code = function.code[0 if axis is None else 1]
    close(eval(code.format("v", axis=axis), {"np": np, "v": at}), oracle(at))
    expected, back = jax.vjp(oracle, jnp.asarray(at))
    cotangents = random.standard_normal((3, *expected.shape))
    one, lead = Symbol("c", call.shape), Symbol("c", (*shape("l"), *call.shape))
    pulled = pullback(call, one).get(symbol)
    if pulled is None:
        assert function.keeps
        return
    close(pulled.evaluate(x=at, c=cotangents[0]), back(jnp.asarray(cotangents[0]))[0])
    close(pullback(call, lead)[symbol].evaluate(x=at, c=cotangents), [back(jnp.asarray(c))[0] for c in cotangents])
    slope = jax.jvp(oracle, (at,), (direction,))[1]
    close(np.imag(function.numpy(at + 1j * STEP * direction, axis)) / STEP, slope)


def test_at_a_tie_one_entry_is_taken() -> None:
    d = hg.derive(hg.parse("x: n\nJ = max(x)"), wrt="x")
    close(d.function()(x=[1.0, 3.0, 3.0])["x"], [0, 1, 0])
    d = hg.derive(hg.parse("x: n\ny: n\nJ = sum(maximum(x, y))"), wrt=["x", "y"])
    found = d.function()(x=[1.0, 2.0], y=[1.0, 0.0])
    close(found["x"] + found["y"], [1, 1])


REDUCED = {
    "max(X, axis=1)": lambda X: jnp.max(X, axis=1),
    "max(X, axis=0)": lambda X: jnp.max(X, axis=0),
    "X.max(axis=0, keepdims=True)": lambda X: jnp.max(X, axis=0, keepdims=True),
    "min(X, axis=-1, keepdims=True)": lambda X: jnp.min(X, axis=-1, keepdims=True),
    "max(X)": jnp.max,
    "amin(X)": jnp.min,
    "prod(X, axis=0)": lambda X: jnp.prod(X, axis=0),
    "norm(X, axis=1)": lambda X: jnp.linalg.norm(X, axis=1),
    "norm(X, 1, axis=0)": lambda X: jnp.sum(jnp.abs(X), axis=0),
    "norm(X, inf, axis=1)": lambda X: jnp.max(jnp.abs(X), axis=1),
    "norm(X, 'fro')": lambda X: jnp.sqrt(jnp.sum(X**2)),
    "norm(X, ord=2, axis=1, keepdims=True)": lambda X: jnp.linalg.norm(X, axis=1, keepdims=True),
    "std(X, axis=0, keepdims=True)": lambda X: jnp.std(X, axis=0, keepdims=True),
    "var(X)": jnp.var,
    "mean(X, axis=(0, 1))": jnp.mean,
    "logsumexp(X, axis=1)": lambda X: jsp.logsumexp(X, axis=1),
    "ones_like(X) * X": lambda X: X,
    "eye(3)": lambda X: jnp.eye(3) + 0 * X[0, 0],
    "power(X, 2)": lambda X: X**2,
}


@pytest.mark.parametrize("expression", REDUCED)
def test_reductions_in_a_model(expression: str) -> None:
    """Weighted sums of what they give, squared, so that each entry counts differently."""
    model = hg.parse(f"X: (n, m)\nR = {expression}\nJ = sum(R ** 3) + sum(X)")
    found = hg.derive(model, wrt="X", of="J").function()
    at = np.random.default_rng(4).standard_normal((4, 3))
    value, slope = jax.value_and_grad(lambda X: jnp.sum(REDUCED[expression](X) ** 3) + jnp.sum(X))(jnp.asarray(at))
    close(found(X=at)["J"], value)
    close(found(X=at)["X"], slope, 1e-10)


# Costs that are not defined

A, Y = Symbol("A", shape("k", "m")), Symbol("Y", shape("k", "m"))


@pytest.mark.parametrize("by", [0, 1])
def test_abstract_cost_and_its_gradient(by: int) -> None:
    cost = AbstractCost("ell", r"\ell", 2)
    random = np.random.default_rng(1)
    arrays = [random.standard_normal((3, 4)) for _ in range(2)]
    direction = random.standard_normal((3, 4))
    functions = {"ell": Surrogate(1.1, 0.9, 0.3)}
    moved = [a + 1j * STEP * direction if k == by else a for k, a in enumerate(arrays)]
    slope = np.imag(cost.evaluate(tuple(moved), functions)) / STEP
    gradient = pullback(cost(A, Y), Symbol("c", ()))[(A, Y)[by]]
    point = Point({"A": arrays[0], "Y": arrays[1], "c": np.asarray(1.0)}, {"k": 3, "m": 4}, functions)
    close(np.sum(point.value(gradient) * direction), slope)


def test_second_derivatives_of_an_abstract_cost_are_refused() -> None:
    cost = AbstractCost("ell", r"\ell", 1)
    gradient = pullback(cost(A), Symbol("c", ()))[A]
    with pytest.raises(DerivationError, match="second derivatives"):
        pullback(gradient, Symbol("d", A.shape))


NETWORK = "W: (k, n)\nX: (n, m)\nb: (k, 1)\nA = tanh(W @ X + b)\n"


def test_a_cost_of_the_output() -> None:
    d = hg.derive(hg.parse(NETWORK + "J = ell(A, Y)"), wrt=["W", "b"])
    assert d["W"].text() == "(∂ℓ/∂A ⊙ (1 − A ⊙ A)) Xᵀ"
    assert r"\frac{\partial \ell}{\partial A}" in d["W"].latex()
    assert "ell_d1(A, Y)" in d.source()


def test_an_elementwise_loss_of_two_arguments() -> None:
    d = hg.derive(hg.parse(NETWORK + "J = sum(ell(A, Y))/m"), wrt="W")
    assert "∂₁ℓ(A, Y)" in d.text()
    assert r"\partial_1 " in d.latex()


def test_a_cost_that_is_applied_twice_says_where() -> None:
    d = hg.derive(hg.parse("a: n\np: n\nq: n\nJ: ()\nJ = d(a, p) - d(a, q)"), wrt="a")
    assert "∂d(a, p)/∂a" in d["a"].text()
    assert "∂d(a, q)/∂a" in d["a"].text()


def test_a_declared_number_of_one_argument() -> None:
    d = hg.derive(hg.parse(NETWORK + "J: ()\nJ = L(A)"), wrt="W")
    assert "∂L/∂A" in d["W"].text()
