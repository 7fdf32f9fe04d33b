"""Formulas as a textbook writes them, at points where plain float64 overflows, underflows or cancels.

Each row is run as Handgrad runs it (function, emitted source, engine) and compared with the same formula in mpmath at
2500 digits, derivatives by a central difference there. JAX with the formula as it is written tells that plain automatic
differentiation in float64 fails on the row; nothing of Handgrad's rules is in either.
"""

from __future__ import annotations

import ast
import warnings
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import jax
import jax.numpy as jnp
import mpmath
import numpy as np
import pytest
from scipy import special

import handgrad as hg
from handgrad.calculus import ReverseSweep
from handgrad.errors import CheckError
from handgrad.evaluate import bind
from handgrad.expr import Expr, Symbol
from handgrad.functions.elementwise import SAFE
from handgrad.functions.record import Elementwise
from handgrad.program.lower import Lowering
from handgrad.program.numpy_engine import Bound
from handgrad.program.passes import backward, forward
from handgrad.stable import pieces, quick, stable

jax.config.update("jax_enable_x64", True)
DIGITS = 2500
ULPS = 16
SMALLEST = 1e-300  # below, numbers are subnormal or 0
WIDE = (-800.0, -745.2, -300.3, -37.5, -3.1, -1e-3, -1e-9, 1e-9, 1e-4, 0.7, 3.1, 37.5, 300.3, 710.5, 800.0)
FAR = tuple(z for z in WIDE if abs(z) > 1e-2)
POSITIVE = (1e-12, 1e-5, 0.1, 0.69, 0.7, 3.0, 40.0, 745.2, 800.0)
NEAR = (-0.3, -1e-3, -1e-9, 1e-16, 1e-12, 1e-6, 0.2, 3.0)
BINARY = "p = {p}\nJ = -(y * log(p) + (1 - y) * log(1 - p))"
Row = tuple[str, str, Mapping[str, tuple[float, ...]]]

SCALARS: tuple[Row, ...] = (
    ("log sigmoid", "J = log(1 / (1 + exp(-z)))", {"z": WIDE}),
    ("log sigmoid of a quotient", "J = log(exp(z) / (1 + exp(z)))", {"z": WIDE}),
    ("log sigmoid of a name", "p = 1 / (1 + exp(-z))\nJ = log(p)", {"z": WIDE}),
    ("log of one minus sigmoid", "J = log(1 - 1 / (1 + exp(-z)))", {"z": WIDE}),
    ("log of one minus a name", "p = sigmoid(z)\nJ = log(1 - p)", {"z": WIDE}),
    ("sigmoid", "J = 1 / (1 + exp(-z))", {"z": WIDE}),
    ("sigmoid as a quotient", "J = exp(z) / (1 + exp(z))", {"z": WIDE}),
    ("sigmoid with a name below", "s = 1 + exp(-z)\nJ = 1 / s", {"z": WIDE}),
    ("one minus sigmoid", "p = 1 / (1 + exp(-z))\nJ = 1 - p", {"z": WIDE}),
    ("variance of a coin", "p = 1 / (1 + exp(-z))\nJ = p * (1 - p)", {"z": WIDE}),
    ("sigmoid squared", "J = (exp(z) / (1 + exp(z))) ** 2", {"z": WIDE}),
    ("two classes", "J = exp(a) / (exp(a) + exp(b))", {"a": (-800.0, 3.0, 750.0), "b": (-700.0, 2.5, 800.0)}),
    ("log of two classes", "J = log(exp(a) / (exp(a) + exp(b)))",
     {"a": (-800.0, 3.0, 750.0), "b": (-700.0, 2.5, 800.0)}),
    ("three classes", "J = exp(a) / (exp(a) + exp(b) + exp(c))",
     {"a": (-800.0, 1.0, 800.0), "b": (-810.0, 799.5), "c": (-805.5, 790.0)}),
    ("tanh", "J = (exp(z) - exp(-z)) / (exp(z) + exp(-z))", {"z": WIDE}),
    ("tanh by one exponential", "J = (1 - exp(-2 * z)) / (1 + exp(-2 * z))", {"z": WIDE}),
    ("tanh by the other", "J = (exp(2 * z) - 1) / (exp(2 * z) + 1)", {"z": WIDE}),
    ("tanh by a sigmoid", "J = 2 / (1 + exp(-2 * z)) - 1", {"z": WIDE}),
    ("tanh itself", "J = tanh(z)", {"z": WIDE}),
    ("tanh by a name", "a = tanh(z)\nJ = 3 * a", {"z": WIDE}),
    ("one minus tanh squared", "a = tanh(z)\nJ = 1 - a ** 2", {"z": WIDE}),
    ("one plus tanh", "J = 1 + tanh(z)", {"z": WIDE}),
    ("log of one plus tanh", "J = log(1 + tanh(z))", {"z": FAR}),
    ("sinh over cosh", "J = sinh(z) / cosh(z)", {"z": WIDE}),
    ("one over cosh squared", "J = 1 / cosh(z) ** 2", {"z": WIDE}),
    ("hyperbolic secant", "J = 2 / (exp(z) + exp(-z))", {"z": WIDE}),
    ("log cosh", "J = log(cosh(z))", {"z": WIDE}),
    ("log cosh written out", "J = log((exp(z) + exp(-z)) / 2)", {"z": WIDE}),
    ("softplus", "J = log(1 + exp(z))", {"z": WIDE}),
    ("softplus by a name", "s = 1 + exp(z)\nJ = log(s)", {"z": WIDE}),
    ("softplus by log1p", "J = log1p(exp(-z))", {"z": WIDE}),
    ("log of a sum of two", "J = log(exp(a) + exp(b))", {"a": (-800.0, 3.0, 750.0), "b": (-700.0, 2.5, 800.0)}),
    ("log of a sum of three", "J = log(exp(a) + exp(b) + exp(c))",
     {"a": (-800.0, 1.0, 800.0), "b": (-810.0, 799.5), "c": (-805.5, 790.0)}),
    ("exp minus one", "J = exp(z) - 1", {"z": NEAR}),
    ("a difference of two", "J = exp(z) - exp(-z)", {"z": NEAR}),
    ("log of one plus", "J = log(1 + x)", {"x": NEAR}),
    ("log of one minus", "J = log(1 - x)", {"x": (-0.3, -1e-9, 1e-16, 1e-12, 1e-6, 0.2)}),
    ("log of one minus exp", "J = log(1 - exp(-x))", {"x": POSITIVE}),
    ("log of exp minus one", "J = log(exp(x) - 1)", {"x": (1e-12, 1e-5, 0.1, 3.0, 40.0, 745.2, 800.0)}),
    ("log of expm1", "J = log(expm1(x))", {"x": (1e-12, 1e-5, 0.1, 3.0, 40.0, 745.2, 800.0)}),
    ("one over exp minus one", "J = 1 / (exp(x) - 1)", {"x": POSITIVE}),
    ("log tanh", "J = log(tanh(x))", {"x": POSITIVE}),
    ("silu", "J = z / (1 + exp(-z))", {"z": WIDE}),
    ("silu by a name", "p = 1 / (1 + exp(-z))\nJ = z * p", {"z": WIDE}),
    ("mish", "J = z * tanh(log(1 + exp(z)))", {"z": (-700.0, -37.5, -1e-3, 0.7, 37.5, 300.3, 800.0)}),
    ("logit of a sigmoid", "p = 1 / (1 + exp(-z))\nJ = log(p / (1 - p))", {"z": WIDE}),
    ("logit", "J = log(p / (1 - p))", {"p": (1e-300, 1e-9, 0.25, 0.5 + 1e-12, 0.75, 1 - 2**-20)}),
    ("binary cross entropy", BINARY.format(p="1 / (1 + exp(-z))"), {"z": WIDE, "y": (0.25,)}),
    ("binary cross entropy of a sigmoid", BINARY.format(p="sigmoid(z)"), {"z": WIDE, "y": (0.75,)}),
    ("binary cross entropy with logits", "J = log(1 + exp(z)) - y * z",
     {"z": (-800.0, -3.0, 37.5, 800.0), "y": (0.3,)}),
    ("focal loss", "p = 1 / (1 + exp(-z))\nJ = -(1 - p) ** 2 * log(p)", {"z": (-800.0, -37.5, 0.7, 37.5, 200.0)}),
    ("hinge of exponentials", "J = log(1 + exp(-y * z))", {"y": (-1.0, 1.0), "z": (-800.0, -3.0, 37.5, 800.0)}),
    ("exp of a log sigmoid", "q = log(1 / (1 + exp(-z)))\nJ = exp(q)", {"z": WIDE}),
    ("square root of one plus, less one", "J = sqrt(1 + x) - 1", {"x": NEAR}),
    ("difference of square roots", "J = sqrt(x + 1) - sqrt(x)", {"x": (0.5, 1e8, 1e16, 1e200)}),
    ("square root of a variance", "J = x / sqrt(v + 0.001)", {"x": (0.0, 3.0), "v": (0.0, 1e-20, 2.0)}),
    ("gelu", "J = x * (1 + erf(x / sqrt(2))) / 2", {"x": (-4.0, -1.0, 1e-9, 2.0, 9.0)}),
    ("one minus erf", "J = 1 - erf(x)", {"x": (-3.0, 0.1, 3.5, 4.25)}),
)  # fmt: skip

A, B = (800.0, -800.0, 1.5), (-3.0, 2.0, 0.25)
VECTORS: tuple[Row, ...] = (
    ("softmax", "p = exp(z) / sum(exp(z))\nJ = sum(w * p)", {"z": A, "w": B}),
    ("softmax with keepdims", "p = exp(z) / sum(exp(z), axis=0, keepdims=True)\nJ = sum(w * p)", {"z": A, "w": B}),
    ("softmax of far values", "p = exp(z) / sum(exp(z))\nJ = sum(w * p)", {"z": (-800.0, -801.5, -790.0), "w": B}),
    ("cross entropy", "p = exp(z) / sum(exp(z))\nJ = -sum(y * log(p))", {"z": A, "y": (0.2, 0.5, 0.3)}),
    ("cross entropy by a named sum", "s = sum(exp(z))\np = exp(z) / s\nJ = -sum(y * log(p))",
     {"z": A, "y": (0.2, 0.5, 0.3)}),
    ("cross entropy with keepdims", "p = exp(z) / sum(exp(z), axis=0, keepdims=True)\nJ = -sum(y * log(p))",
     {"z": A, "y": (0.2, 0.5, 0.3)}),
    ("log softmax", "J = sum(w * log(exp(z) / sum(exp(z))))", {"z": A, "w": B}),
    ("log of a sum of exponentials", "J = log(sum(exp(z)))", {"z": A}),
    ("log of a small sum", "J = log(sum(exp(z)))", {"z": (-800.0, -790.5, -805.0)}),
    ("cross entropy by logits", "s = sum(exp(z))\nJ = log(s) - sum(y * z)", {"z": A, "y": (0.2, 0.5, 0.3)}),
    ("divergence of softmaxes",
     "p = exp(z) / sum(exp(z))\nq = exp(v) / sum(exp(v))\nJ = sum(p * log(p / q))",
     {"z": (800.0, 790.5, 795.0), "v": (-800.0, -801.0, -790.0)}),
    ("divergence in two logarithms",
     "p = exp(z) / sum(exp(z))\nq = exp(v) / sum(exp(v))\nJ = sum(p * (log(p) - log(q)))",
     {"z": (800.0, 790.5, 795.0), "v": (-800.0, -801.0, -790.0)}),
    ("entropy", "p = exp(z) / sum(exp(z))\nJ = -sum(p * log(p))", {"z": (800.0, 790.5, 0.0)}),
    ("many coins", "p = 1 / (1 + exp(-z))\nJ = -sum(y * log(p) + (1 - y) * log(1 - p))",
     {"z": A, "y": (0.2, 0.5, 0.3)}),
    ("temperature", "p = exp(z / t) / sum(exp(z / t))\nJ = -sum(y * log(p))",
     {"z": A, "y": (0.2, 0.5, 0.3), "t": (0.5, 0.5, 0.5)}),
)  # fmt: skip
# Here the terms of a sum cancel whatever is done: digits are counted in the largest input.
CANCELS = {"softmax of far values", "divergence of softmaxes", "divergence in two logarithms", "entropy"}

# Here the engine computes 1 − A or 1 − A² of an A that it has, to the last place of 1.
AT_HAND = {"sigmoid as a quotient", "three classes", "tanh itself", "tanh by a name", "sinh over cosh"}


def mp(function: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return np.frompyfunc(function, 1, 1)


def total(values: Any, axis: Any = None, keepdims: bool = False) -> Any:
    return np.sum(values, axis=axis, keepdims=keepdims)


EXACT: dict[str, Callable[..., Any]] = {
    name: mp(getattr(mpmath, name)) for name in ("exp", "log", "tanh", "sinh", "cosh", "sqrt", "erf")
}
EXACT |= {
    "sum": total,
    "sigmoid": mp(lambda z: 1 / (1 + mpmath.exp(-z))),
    "log1p": mp(lambda x: mpmath.log(1 + x)),
    "expm1": mp(lambda x: mpmath.exp(x) - 1),
}
PLAIN: dict[str, Callable[..., Any]] = {name: getattr(jnp, name) for name in EXACT if hasattr(jnp, name)}
PLAIN |= {"erf": jax.scipy.special.erf, "sigmoid": lambda z: 1 / (1 + jnp.exp(-z))}


def naive(text: str, values: Mapping[str, Any], functions: Mapping[str, Callable[..., Any]], number: Any) -> Any:
    """J by the formula as it is written, in whatever arithmetic the functions are."""
    names = dict(values)

    def value(node: ast.expr) -> Any:
        match node:
            case ast.Name():
                return names[node.id]
            case ast.Constant():
                return number(node.value)
            case ast.UnaryOp():
                return -value(node.operand)
            case ast.Call(func=ast.Name(id=name)):
                extra = {k.arg: ast.literal_eval(k.value) for k in node.keywords if k.arg is not None}
                return functions[name](*map(value, node.args), **extra)
            case ast.BinOp(op=ast.Pow()):
                return value(node.left) ** ast.literal_eval(node.right)
            case ast.BinOp():
                left, right = value(node.left), value(node.right)
                if isinstance(node.op, ast.Add):
                    return left + right
                if isinstance(node.op, ast.Sub):
                    return left - right
                return left * right if isinstance(node.op, ast.Mult) else left / right
        raise TypeError(ast.dump(node))

    for line in ast.parse(text).body:
        assert isinstance(line, ast.Assign)
        assert isinstance(line.targets[0], ast.Name)
        names[line.targets[0].id] = value(line.value)
    return names["J"]


def exactly(text: str, at: Mapping[str, Any]) -> dict[str, Any]:
    """The value and the gradients at a point, rounded once."""
    with mpmath.workdps(DIGITS):
        big = {name: np.vectorize(mpmath.mpf, otypes=[object])(np.asarray(v)) for name, v in at.items()}
        found: dict[str, Any] = {"J": float(naive(text, big, EXACT, mpmath.mpf))}
        step = mpmath.mpf(10) ** -700
        for name, value in big.items():
            slopes = np.zeros(value.shape)
            for place in np.ndindex(value.shape):
                ends = []
                for sign in (1, -1):
                    moved = value.copy()
                    moved[place] += sign * step
                    ends.append(naive(text, {**big, name: moved}, EXACT, mpmath.mpf))
                slopes[place] = float((ends[0] - ends[1]) / (2 * step))
            found[name] = slopes
    return found


def plainly(text: str, at: Mapping[str, Any]) -> dict[str, Any]:
    """The same by JAX with the formula as it is written."""
    def cost(values: Mapping[str, Any]) -> Any:
        return naive(text, values, PLAIN, float)

    value, slopes = jax.value_and_grad(cost)({name: jnp.asarray(v, float) for name, v in at.items()})
    return {"J": value, **slopes}


def points(row: Row, vector: bool) -> list[dict[str, Any]]:
    if vector:
        return [{name: np.asarray(v) for name, v in row[2].items()}]
    grid = np.meshgrid(*row[2].values(), indexing="ij")
    return [dict(zip(row[2], map(float, at), strict=True)) for at in zip(*map(np.ravel, grid), strict=True)]


def derivation(row: Row, vector: bool) -> hg.Derivation:
    model = hg.parse(row[1], shapes=dict.fromkeys(row[2], "n" if vector else ""))
    return hg.derive(model, wrt=list(row[2]))


def close(got: Any, wanted: Any, epsilon: float, smallest: float = SMALLEST, scale: float = 0.0) -> bool:
    """A few units in the last place of the entry, of a vector's largest entry, or of a scale that is given."""
    got, wanted = np.asarray(got, float).reshape(np.shape(wanted)), np.asarray(wanted)
    scale = max(scale, np.max(np.abs(wanted)))
    return bool(np.all(np.abs(got - wanted) <= ULPS * epsilon * scale + smallest))


ROWS = [pytest.param(row, vector, id=row[0]) for rows, vector in ((SCALARS, False), (VECTORS, True)) for row in rows]
table = pytest.mark.parametrize(("row", "vector"), ROWS)


def emitted(d: hg.Derivation, at: Mapping[str, Any]) -> dict[str, Any]:
    """What the printed NumPy source gives."""
    module: dict[str, Any] = {}
    exec(compile(d.source("numpy"), "emitted", "exec"), module)
    data = [np.asarray(at[name], float) for name in inputs_of(d)]
    forward_values = module["forward"](*data)
    values = forward_values if isinstance(forward_values, tuple) else (forward_values,)
    return {"J": values[-1], **module["backward"](*data, *values)}


def inputs_of(d: hg.Derivation) -> list[str]:
    return [symbol.name for symbol in d.model.inputs]


def engine(d: hg.Derivation, at: Mapping[str, Any], dtype: type) -> dict[str, Any]:
    """What the training engine computes."""
    wrt = tuple(symbol for symbol, _ in d.sweep.gradients)
    program = Lowering()
    for symbol, expr in forward(d.model, d.of):
        program.define(symbol.name, expr)
    for symbol, expr in backward(ReverseSweep(d.of, wrt, inline_weight=0).run(), quick):
        program.define(symbol.name, expr)
    bound = Bound(program.instructions, {"n": np.size(next(iter(at.values())))}, np.dtype(dtype), {})
    for name, buffer in bound.inputs.items():
        buffer[...] = np.reshape(at[name], buffer.shape)
    bound.run()
    names = {"J": "J", **{symbol.name: f"∂J/∂{symbol.name}" for symbol in wrt}}
    return {short: bound.buffers[program.named[name]] for short, name in names.items()}


def wrong(row: Row, vector: bool, run: Callable[[Mapping[str, Any]], Mapping[str, Any]], epsilon: float,
          smallest: float = SMALLEST, largest: float = 1e308) -> list[str]:  # fmt: skip
    """The entries that differ from mpmath's."""
    found = []
    for at in points(row, vector):
        sizes = np.abs(list(at.values()))
        if epsilon > 1e-8:
            if np.max(sizes) > largest or np.min(sizes, where=sizes > 0, initial=1.0) < smallest:
                continue
            at = {name: np.float64(np.float32(value)) for name, value in at.items()}
        wanted = exactly(row[1], at)
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            got = run(at)
        scale = float(np.max(np.abs(list(at.values())))) if row[0] in CANCELS else 0.0
        for name in ("J", *row[2]):
            if np.all(np.abs(wanted[name]) < 1e300) and not close(got[name], wanted[name], epsilon, smallest, scale):
                found.append(f"{name} at {at}: {np.asarray(got[name]).ravel()} for {np.asarray(wanted[name]).ravel()}")
    return found


@table
def test_function(row: Row, vector: bool) -> None:
    run = derivation(row, vector).function()
    assert wrong(row, vector, lambda at: run(**at), 2**-52) == []


@table
def test_source(row: Row, vector: bool) -> None:
    d = derivation(row, vector)
    assert wrong(row, vector, lambda at: emitted(d, at), 2**-52) == []


@table
@pytest.mark.parametrize(("dtype", "smallest", "largest"), [(np.float64, SMALLEST, 1e308), (np.float32, 1e-37, 100.0)])
def test_engine(row: Row, vector: bool, dtype: type, smallest: float, largest: float) -> None:
    d = derivation(row, vector)
    epsilon = float(np.finfo(dtype).eps)
    if row[0] in AT_HAND:
        smallest = 4 * epsilon
    assert wrong(row, vector, lambda at: engine(d, at, dtype), epsilon, smallest, largest) == []


@table
def test_what_is_printed_is_not_changed(row: Row, vector: bool) -> None:
    """The stable forms are for what is run: the equations are printed as they were written."""
    d = derivation(row, vector)
    assert all(symbol.definition is not None for symbol in d.model.equations)
    text = d.text()
    assert not any(name in text for name in ("logaddexp", "logsumexp", "log_", "erfc", "expm1"))


def test_plain_differentiation_fails_on_the_table() -> None:
    """The table tells something: at more than 40 of its rows and at many points JAX on the written formula is wrong."""
    failing: dict[str, int] = {}
    for rows, vector in ((SCALARS, False), (VECTORS, True)):
        for row in rows:
            entries = wrong(row, vector, lambda at, text=row[1]: plainly(text, at), 2**-52)  # type: ignore[misc]
            failing[row[0]] = len(entries)
    assert sum(count > 0 for count in failing.values()) >= 40, failing
    assert sum(failing.values()) >= 300


SAFE_ORACLE: dict[str, Callable[..., Any]] = {
    "log1mexp": lambda x: mpmath.log(1 - mpmath.exp(-x)),
    "log_cosh": lambda x: mpmath.log(mpmath.cosh(x)),
    "erfc": mpmath.erfc,
    "logit": lambda x: mpmath.log(x / (1 - x)),
}
SAFE_POINTS = {"log1mexp": POSITIVE, "log_cosh": WIDE, "erfc": (-3.0, 0.1, 3.5), "logit": (1e-300, 0.25, 0.5 + 1e-9)}


def value_of(expr: Expr, **at: float) -> float:
    return float(bind((expr,), at).value(expr))


@pytest.mark.parametrize("function", [f for f in SAFE if f.arity == 1], ids=lambda f: f.name)
def test_safe_functions(function: Elementwise) -> None:
    """Values, and the derivative and the formula in their records, against mpmath; as NumPy source too."""
    oracle, x = SAFE_ORACLE[function.name], Symbol("x", ())
    for at in SAFE_POINTS[function.name]:
        with mpmath.workdps(1000):
            there = mpmath.mpf(at)
            value, slope = float(oracle(there)), float(mpmath.diff(oracle, there, h=mpmath.mpf(10) ** -350))
        assert close(function.numpy(np.asarray(at)), value, 2**-52)
        names = {"np": np, "special": special, "x": np.asarray(at)}
        assert close(eval(function.code.format("x"), names), value, 2**-52)
        if 0.2 < at < 3:
            assert function.formula is not None
            assert value_of(function.derivatives[0](x), x=at) == pytest.approx(slope, rel=1e-12)
            assert value_of(function.formula(x), x=at) == pytest.approx(value, rel=1e-9)


def test_logaddexp() -> None:
    a, b = Symbol("a", ()), Symbol("b", ())
    record = next(f for f in SAFE if f.arity == 2)
    assert record.formula is not None
    for x, y in ((0.3, -1.2), (2.0, 2.5)):
        value = float(np.log(np.exp(x) + np.exp(y)))
        assert value_of(record(a, b), a=x, b=y) == pytest.approx(value, rel=1e-14)
        assert value_of(record.formula(a, b), a=x, b=y) == pytest.approx(value, rel=1e-14)
        for k, own in enumerate((x, y)):
            slope = value_of(record.derivatives[k](a, b), a=x, b=y)
            assert slope == pytest.approx(np.exp(own - value), rel=1e-14)


def test_a_wrong_piece_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    right = pieces.Share.value
    monkeypatch.setattr(pieces.Share, "value", lambda share: right(replace(share, place=0)))
    d = hg.derive(hg.parse("J = log(exp(2 * z) + exp(5 * z))", shapes={"z": ""}), "z")
    with pytest.raises(CheckError):
        d.function()


MATRICES = """
Z1 = W1 @ X + b1
A1 = tanh(Z1)
Z2 = W2 @ A1 + b2
P = exp(Z2) / sum(exp(Z2), axis=0, keepdims=True)
J = -sum(Y * log(P)) / m
"""


def test_softmax_of_columns() -> None:
    """A network with its softmax written out gives the same gradients as with softmax, also where exp overflows."""
    shapes = {"X": "n, m", "Y": "k, m", "W1": "h, n", "b1": "h, 1", "W2": "k, h", "b2": "k, 1"}
    written = hg.derive(hg.parse(MATRICES, shapes=shapes), wrt=["W1", "b1", "W2", "b2"])
    softmax = MATRICES.replace("exp(Z2) / sum(exp(Z2), axis=0, keepdims=True)", "softmax(Z2, axis=0)")
    named = hg.derive(hg.parse(softmax, shapes=shapes), wrt=["W1", "b1", "W2", "b2"])
    random = np.random.default_rng(0)
    sizes = {"X": (3, 5), "Y": (2, 5), "W1": (4, 3), "b1": (4, 1), "W2": (2, 4), "b2": (2, 1)}
    at = {name: random.standard_normal(shape) for name, shape in sizes.items()}
    at["Y"] = random.dirichlet(np.ones(2), 5).T
    for far in (1.0, 900.0):
        point = {**at, "b2": far * at["b2"]}
        one, other = written.function()(**point), named.function()(**point)
        for name, value in one.items():
            assert np.all(np.isfinite(value))
            np.testing.assert_allclose(value, other[name], rtol=1e-12, atol=1e-13)


def test_a_sum_over_a_product() -> None:
    """The exponent of a sum along an axis has a summed axis of its own."""
    d = hg.derive(hg.parse("J = log(sum(exp(W @ x)))", shapes={"W": "k, n", "x": "n"}), wrt=["W", "x"])
    W, x = np.array([[900.0, 1.0], [-3.0, 2.0], [890.0, 0.5]]), np.array([1.0, 0.25])
    p = special.softmax(W @ x)
    found = d.function()(W=W, x=x)
    np.testing.assert_allclose(found["J"], special.logsumexp(W @ x), rtol=1e-14)
    np.testing.assert_allclose(found["W"], np.outer(p, x), rtol=1e-13, atol=1e-300)
    np.testing.assert_allclose(found["x"], W.T @ p, rtol=1e-13)


@pytest.mark.parametrize("shape", ["(1, m)", "(k, m)", "(m,)", "(m, 1)"])
def test_cross_entropy_in_any_shape(shape: str) -> None:
    """log(1 − p) of a named p is safe along an axis of length 1 too."""
    text = f"Z: {shape}\nY: {shape}\nP = sigmoid(Z)\nJ = -sum(Y * log(P) + (1 - Y) * log(1 - P))"
    model = hg.parse(text)
    assert "log σ(−" in stable(model.symbol("J").definition).text()
    z = np.linspace(-700, 700, 4).reshape({"(1, m)": (1, 4), "(m, 1)": (4, 1), "(k, m)": (2, 2), "(m,)": (4,)}[shape])
    found = hg.derive(model, wrt="Z").function()(Z=z, Y=np.zeros_like(z))
    np.testing.assert_allclose(found["J"], np.sum(np.maximum(z, 0)), rtol=1e-12)
