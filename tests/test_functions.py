"""Every record of the table of functions against mpmath and JAX, none of which knows our rules."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import mpmath
import numpy as np
import pytest
from scipy import special

import handgrad as hg
import handgrad.render.text
from handgrad.axes import shape
from handgrad.calculus import pullback
from handgrad.canonical import constant, ones
from handgrad.errors import ShapeError
from handgrad.evaluate import Point
from handgrad.expr import Call, Expr, Symbol
from handgrad.functions import BY_SPELLING, RECORDS, AbstractFunction, AlongAxis, Elementwise, MatrixFunction, Surrogate
from handgrad.functions.along import TABLE as ALONG
from handgrad.functions.elementwise import TABLE

jax.config.update("jax_enable_x64", True)
STEP = 1e-30

# The oracle of each function. A new record needs a line here.
ORACLE: dict[str, Callable[[Any], Any]] = {
    "exp": mpmath.exp,
    "log": mpmath.log,
    "log1p": lambda x: mpmath.log(1 + x),
    "expm1": lambda x: mpmath.exp(x) - 1,
    "sin": mpmath.sin,
    "cos": mpmath.cos,
    "tan": mpmath.tan,
    "sinh": mpmath.sinh,
    "cosh": mpmath.cosh,
    "tanh": mpmath.tanh,
    "arctan": mpmath.atan,
    "sigmoid": lambda x: 1 / (1 + mpmath.exp(-x)),
    "log_sigmoid": lambda x: -mpmath.log(1 + mpmath.exp(-x)),
    "softplus": lambda x: mpmath.log(1 + mpmath.exp(x)),
    "relu": lambda x: x if x > 0 else mpmath.mpf(0),
    "step": lambda x: mpmath.mpf(1 if x > 0 else 0),
    "abs": lambda x: x if x > 0 else -x,
    "sign": mpmath.sign,
    "leaky_relu": lambda x: x if x > 0 else x / 100,
    "elu": lambda x: x if x > 0 else mpmath.exp(x) - 1,
    "silu": lambda x: x / (1 + mpmath.exp(-x)),
    "softsign": lambda x: x / (1 + (x if x > 0 else -x)),
    "identity": lambda x: x,
    "erf": mpmath.erf,
    "gelu": lambda x: x * mpmath.ncdf(x),
    "gelu_tanh": lambda x: x
    * (1 + mpmath.tanh(mpmath.sqrt(2 / mpmath.pi) * (x + mpmath.mpf("0.044715") * x**3)))
    / 2,
    "selu": lambda x: mpmath.mpf("1.0507009873554804934")
    * (x if x > 0 else mpmath.mpf("1.6732632423543772848") * (mpmath.exp(x) - 1)),
    "mish": lambda x: x * mpmath.tanh(mpmath.log(1 + mpmath.exp(x))),
    "arcsin": mpmath.asin,
    "arccos": mpmath.acos,
    "arsinh": mpmath.asinh,
    "arcosh": mpmath.acosh,
    "artanh": mpmath.atanh,
    "log2": lambda x: mpmath.log(x, 2),
    "log10": mpmath.log10,
    "erfc": mpmath.erfc,
    "logit": lambda x: mpmath.log(x / (1 - x)),
    "gammaln": mpmath.loggamma,
    "digamma": mpmath.digamma,
    "trigamma": lambda x: mpmath.polygamma(1, x),
}
DOMAIN = {
    "log": (0.05, 6.0), "log1p": (-0.9, 6.0), "tan": (-1.4, 1.4), "arcsin": (-0.92, 0.95), "arccos": (-0.92, 0.95),
    "arcosh": (1.05, 6.0), "artanh": (-0.92, 0.95), "log2": (0.05, 6.0), "log10": (0.05, 6.0), "logit": (0.05, 0.95),
    "gammaln": (0.05, 6.0), "digamma": (0.05, 6.0), "trigamma": (0.05, 6.0),
}  # fmt: skip
AT_ZERO = {"relu": 0.0, "step": 0.0, "abs": 0.0, "sign": 0.0, "leaky_relu": 0.01, "elu": 1.0}  # slopes taken at a kink
x = Symbol("x", shape("n"))
functions = pytest.mark.parametrize("function", TABLE, ids=lambda f: f.name)


def points(function: Elementwise) -> np.ndarray:
    """Points of the domain, not at zero where kinks are; neither small nor large ones only."""
    low, high = DOMAIN.get(function.name, (-6.0, 6.0))
    inside = np.clip([0.07, 0.9], low, high)
    found = np.concatenate([np.linspace(low, high, 24), np.random.default_rng(3).uniform(low, high, 8), inside])
    found = found[np.abs(found) > 1e-2]
    return found[: len(found) // 2 * 2]


def exact(oracle: Callable[[Any], Any], at: np.ndarray, order: int = 0) -> np.ndarray:
    """Values, or derivatives by mpmath's differences, at 40 digits."""
    with mpmath.workdps(40):
        if order == 0:
            return np.array([float(oracle(mpmath.mpf(float(v)))) for v in at])
        return np.array([float(mpmath.diff(oracle, mpmath.mpf(float(v)), order)) for v in at])


def at_x(expr: Expr, at: np.ndarray) -> np.ndarray:
    """The value of an expression in x alone, constants included."""
    return Point({"x": at}, {"n": len(at)}).value(expr)


def close(found: Any, expected: Any, tolerance: float = 1e-12) -> None:
    np.testing.assert_allclose(np.asarray(found), np.asarray(expected), rtol=tolerance, atol=tolerance)


def test_the_oracles_are_for_the_whole_table() -> None:
    assert set(ORACLE) == {function.name for function in TABLE}
    assert {function.name for function in ALONG} == {"softmax", "log_softmax"}


def test_no_spelling_is_used_twice() -> None:
    count = Counter(spelling for record in RECORDS for spelling in record.spellings)
    assert [spelling for spelling, uses in count.items() if uses > 1] == []
    assert set(count) == set(BY_SPELLING)


@functions
def test_value(function: Elementwise) -> None:
    at = points(function)
    close(function.numpy(at), exact(ORACLE[function.name], at), 1e-14)


@functions
def test_derivative(function: Elementwise) -> None:
    at = points(function)
    call = function(x)
    assert isinstance(call, Call)
    close(at_x(function.derivative(0, call), at), exact(ORACLE[function.name], at, 1))


@functions
def test_second_derivative(function: Elementwise) -> None:
    """The rule, differentiated by the rules."""
    at = points(function)
    slope = function.derivative(0, function(x))  # type: ignore[arg-type]
    second = pullback(slope, ones(x.shape)).get(x)
    value = np.zeros(at.shape) if second is None else at_x(second, at)
    close(value, exact(ORACLE[function.name], at, 2), 1e-10)


@functions
def test_complex_step(function: Elementwise) -> None:
    """What the checks rely on: the NumPy function takes complex arguments."""
    at = points(function)
    close(np.imag(function.numpy(at + 1j * STEP)) / STEP, exact(ORACLE[function.name], at, 1))


@pytest.mark.parametrize("name", AT_ZERO)
def test_slope_at_the_kink(name: str) -> None:
    """The record states what the derivative at 0 is taken as; the complex step at 0 must agree with it."""
    function = BY_SPELLING[name]
    assert isinstance(function, Elementwise)
    zero = np.zeros(1)
    assert at_x(function.derivative(0, function(x)), zero) == AT_ZERO[name]  # type: ignore[arg-type]


@functions
def test_formula(function: Elementwise) -> None:
    if function.formula is None:
        assert function.lines == ()
        return
    at = points(function)
    close(at_x(function.formula(x), at), exact(ORACLE[function.name], at))


@pytest.mark.parametrize(
    ("function", "line"),
    [pytest.param(f, k, id=f"{f.name}-{k}") for f in TABLE for k in range(len(f.lines))],
)
def test_each_line_equals_the_derivative(function: Elementwise, line: int) -> None:
    at = points(function)
    close(at_x(function.lines[line].form(x), at), exact(ORACLE[function.name], at, 1))
    assert function.lines[line].reason


def test_the_last_line_is_the_derivative() -> None:
    for function in TABLE:
        if function.lines:
            assert function.lines[-1].form(x) is function.derivatives[0](x), function.name


def test_the_functions_of_the_article_have_lines() -> None:
    assert {f.name for f in TABLE if f.lines} >= {"sigmoid", "tanh"}


@functions
@pytest.mark.parametrize(("dtype", "tolerance"), [(np.float64, 1e-14), (np.float32, 2e-6)])
def test_into(function: Elementwise, dtype: type, tolerance: float) -> None:
    at = points(function).reshape(2, -1).astype(dtype)
    out = np.full(at.shape, np.nan, dtype)
    function.into(at, out)
    assert out.dtype == dtype
    close(out, exact(ORACLE[function.name], at.ravel()).reshape(at.shape), tolerance)
    wide = np.full((at.shape[0], 2 * at.shape[1]), np.nan, dtype)
    function.into(at, wide[:, ::2])  # not contiguous
    close(wide[:, ::2], out, tolerance)


def run_code(code: str, argument: str, at: np.ndarray) -> np.ndarray:
    return np.asarray(eval(code.format(argument, axis=-1), {"np": np, "special": special, "v": at}))


with_code = [pytest.param(f, id=f.name) for f in TABLE]


@pytest.mark.parametrize("function", with_code)
@pytest.mark.parametrize(("dtype", "tolerance"), [(np.float64, 1e-14), (np.float32, 2e-6)])
def test_code(function: Elementwise, dtype: type, tolerance: float) -> None:
    at = points(function).astype(dtype)
    code = function.numpy_code
    expected = exact(ORACLE[function.name], at)
    close(run_code(code, "v", at), expected, tolerance)
    close(run_code(code, "(v + 0)", at), expected, tolerance)


@functions
def test_every_spelling_is_read(function: Elementwise) -> None:
    at = points(function)
    for spelling in function.spellings:
        model = hg.parse(f"x: (n,)\nJ = sum({spelling}(x))")
        assert float(at_x(model.symbol("J"), at)) == pytest.approx(float(function.numpy(at).sum()), rel=1e-12)


@functions
def test_notation(function: Elementwise) -> None:
    assert function.notation.text.count("{0}") == 1
    assert function.notation.latex.count("{0}") == 1
    assert "x" in function(x).text()
    assert function.reference


TAMES = ["sigmoid", "log_sigmoid", "softplus", "tanh", "arctan", "relu", "leaky_relu", "elu", "silu", "softsign", "abs"]


@pytest.mark.parametrize("name", TAMES)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_extreme_arguments(name: str, dtype: type) -> None:
    """±800 overflow exp in float64; values, code and derivatives stay finite, without a warning."""
    function = BY_SPELLING[name]
    assert isinstance(function, Elementwise)
    at = np.array([-800.0, -90.0, 90.0, 800.0], dtype)
    expected = exact(ORACLE[name], at).astype(dtype)
    out = np.empty_like(at)
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        function.into(at, out)
        close(out, expected, 1e-6)
        close(function.numpy(at), expected, 1e-6)
        close(run_code(function.numpy_code, "v", at), expected, 1e-6)
        slope = at_x(function.derivative(0, function(x)), at)  # type: ignore[arg-type]
    close(slope, exact(ORACLE[name], at, 1), 1e-6)


# Along an axis

JAX_ALONG = {"softmax": jax.nn.softmax, "log_softmax": jax.nn.log_softmax}
SHAPES = [((5,), -1), ((3, 4), -1), ((3, 4), -2), ((2, 3, 4), -1), ((2, 3, 4), -2), ((2, 3, 4), -3), ((3, 1), -1)]
along = pytest.mark.parametrize("function", ALONG, ids=lambda f: f.name)
along_shapes = pytest.mark.parametrize(("lengths", "axis"), SHAPES)


def named(lengths: tuple[int, ...], name: str = "x", lead: tuple[int, ...] = ()) -> Symbol:
    return Symbol(name, shape(*(f"l{k}" for k in lead), *(1 if n == 1 else f"n{k}" for k, n in enumerate(lengths))))


@along
@along_shapes
def test_along_value_code_and_into(function: AlongAxis, lengths: tuple[int, ...], axis: int) -> None:
    at = np.random.default_rng(5).standard_normal(lengths) * 2
    expected = JAX_ALONG[function.name](at, axis=axis)
    turned = function.at(axis)
    close(turned(named(lengths)).evaluate(x=at), expected, 1e-13)
    code = eval(turned.code.format("v", axis=axis), {"np": np, "special": special, "v": at})
    close(code, expected, 1e-13)
    out = np.empty(lengths)
    turned.into(at, out)
    close(out, expected, 1e-13)
    small = np.empty(lengths, np.float32)
    turned.into(at.astype(np.float32), small)
    close(small, expected, 2e-6)


@along
@along_shapes
def test_along_pullback(function: AlongAxis, lengths: tuple[int, ...], axis: int) -> None:
    random = np.random.default_rng(6)
    at, cotangent = random.standard_normal(lengths), random.standard_normal(lengths)
    symbol = named(lengths)
    expected = jax.vjp(lambda v: JAX_ALONG[function.name](v, axis=axis), at)[1](cotangent)[0]
    found = pullback(function.at(axis)(symbol), named(lengths, "c"))[symbol]
    close(found.evaluate(x=at, c=cotangent), expected, 1e-12)


@along
@along_shapes
def test_along_pullback_with_leading_axes(function: AlongAxis, lengths: tuple[int, ...], axis: int) -> None:
    """A cotangent with an axis in front: one for each row of a Jacobian."""
    random = np.random.default_rng(7)
    at, cotangents = random.standard_normal(lengths), random.standard_normal((6, *lengths))
    symbol = named(lengths)
    back = jax.vjp(lambda v: JAX_ALONG[function.name](v, axis=axis), jnp.asarray(at))[1]
    expected = np.stack([back(jnp.asarray(cotangent))[0] for cotangent in cotangents])
    found = pullback(function.at(axis)(symbol), named(lengths, "c", lead=(0,)))[symbol]
    close(found.evaluate(x=at, c=cotangents), expected, 1e-12)


@along
@along_shapes
def test_along_complex_step(function: AlongAxis, lengths: tuple[int, ...], axis: int) -> None:
    random = np.random.default_rng(8)
    at, direction = random.standard_normal(lengths), random.standard_normal(lengths)
    expected = jax.jvp(lambda v: JAX_ALONG[function.name](v, axis=axis), (at,), (direction,))[1]
    close(np.imag(function.numpy(at + 1j * STEP * direction, axis)) / STEP, expected, 1e-12)


@along
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_along_extreme_arguments(function: AlongAxis, dtype: type) -> None:
    at = np.array([[800.0, -800.0, 0.0], [-800.0, -801.0, -802.0], [800.0, 800.0, 799.0]], dtype)
    expected = JAX_ALONG[function.name](at.astype(np.float64), axis=-1)
    out = np.empty_like(at)
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        function.into(at, out)
        close(out, expected, 1e-6)
        close(run_code(function.code, "v", at), expected, 1e-6)


@along
def test_along_needs_its_axis(function: AlongAxis) -> None:
    with pytest.raises(ShapeError):
        function.at(-2)(x)
    with pytest.raises(ShapeError):
        function(constant(1))
    symbol = named((3, 4))
    assert function.at(-1)(symbol) is not function.at(-2)(symbol)


# Abstract functions


def test_abstract_function_and_its_derivatives() -> None:
    g = AbstractFunction("g", "g")
    first = g.derivative(0, g(x))  # type: ignore[arg-type]
    second: Expr = first.function.derivative(0, first)  # type: ignore[attr-defined]
    assert [expr.text().replace("″", "′′") for expr in (g(x), first, second)] == ["g(x)", "g′(x)", "g′′(x)"]
    assert len({g(x), first, second}) == 3


@pytest.mark.parametrize("order", [0, 1, 2])
def test_surrogate_is_its_own_derivative_table(order: int) -> None:
    stand_in = Surrogate(1.1, 0.9, 0.3)
    at = np.linspace(-2, 2, 9)
    close(np.imag(stand_in((order,), at + 1j * STEP)) / STEP, stand_in((order + 1,), at))
    other = np.linspace(1, 3, 9)
    close(np.imag(stand_in((order, 1), at + 1j * STEP, other)) / STEP, stand_in((order + 1, 1), at, other))
    close(np.imag(stand_in((order, 1), at, other + 1j * STEP)) / STEP, stand_in((order, 2), at, other))


# Of a matrix

JAX_MATRIX = {"inv": jnp.linalg.inv, "det": jnp.linalg.det, "logdet": lambda a: jnp.linalg.slogdet(a)[1]}
MATRICES = {"positive det": np.array([[2.0, 0.3], [-0.4, 1.1]]), "negative det": np.array([[0.3, 2.0], [1.1, -0.4]])}
square = Symbol("S", shape("n", "n"))
matrix_functions = pytest.mark.parametrize("function", [r for r in RECORDS if isinstance(r, MatrixFunction)], ids=str)


@matrix_functions
@pytest.mark.parametrize("name", MATRICES)
def test_matrix_function(function: MatrixFunction, name: str) -> None:
    """Value, pullback, pullback with an axis in front, code, complex step."""
    at, random = MATRICES[name], np.random.default_rng(4)
    expected, back = jax.vjp(JAX_MATRIX[function.name], jnp.asarray(at))
    cotangents = random.standard_normal((3, *expected.shape))
    call = function(square)
    close(call.evaluate(S=at), expected)
    close(eval(function.code.format("v"), {"np": np, "v": at}), expected)
    one = Symbol("c", call.shape)
    close(pullback(call, one)[square].evaluate(S=at, c=cotangents[0]), back(jnp.asarray(cotangents[0]))[0])
    several = Symbol("c", (*shape("l"), *call.shape))
    found = pullback(call, several)[square].evaluate(S=at, c=cotangents)
    close(found, np.stack([back(jnp.asarray(cotangent))[0] for cotangent in cotangents]))
    direction = random.standard_normal(at.shape)
    slope = jax.jvp(JAX_MATRIX[function.name], (at,), (direction,))[1]
    close(np.imag(function.numpy(at + 1j * STEP * direction)) / STEP, slope)


@matrix_functions
@pytest.mark.parametrize("argument", ["A", "A.T", "A @ B", "A @ B.T @ A", "2 * A", "A + B", "inv(A)", "eye(n) + A @ B"])
def test_matrix_function_of_products(function: MatrixFunction, argument: str) -> None:
    """Its laws for products and transposes, by value, and the gradient by JAX."""
    model = hg.parse(f"A: (n, n)\nB: (n, n)\nJ = sum({function.name}({argument}) * c)", shapes={"c": ""})
    random = np.random.default_rng(1)
    arrays = {"A": random.standard_normal((3, 3)), "B": random.standard_normal((3, 3)), "c": np.asarray(1.3)}

    def cost(A: jax.Array) -> jax.Array:
        value = eval(argument, {"A": A, "B": arrays["B"], "n": 3, "eye": jnp.eye, "inv": jnp.linalg.inv})
        return jnp.sum(JAX_MATRIX[function.name](value)) * 1.3

    value, gradient = jax.value_and_grad(cost)(jnp.asarray(arrays["A"]))
    found = hg.derive(model, wrt="A").function()(**arrays)
    close(found["J"], value, 1e-10)
    close(found["A"], gradient, 1e-10)
