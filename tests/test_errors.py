"""Bad input: one HandgradError that says what, where and what to try; never another exception, never slow."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import handgrad as hg
from handgrad import HandgradError
from handgrad.errors import DerivationError, ReadError, ShapeError, UndefinedSymbolError


def failure(run: Callable[[], object], kind: type[HandgradError]) -> HandgradError:
    with pytest.raises(kind) as caught:
        run()
    error = caught.value
    assert error.message
    assert "\n" not in error.message
    return error


def placed(error: HandgradError, line: int, column: int | None = None) -> None:
    assert error.place is not None, error
    assert error.place.line == line
    assert error.place.source_line.strip()
    if column is not None:
        assert error.place.column == column
    assert error.remedy, error


# Text that cannot be read: (text, kind, line, column or None, words of the message, words of the remedy)

UNREADABLE: dict[str, tuple[str, type[HandgradError], int, int | None, str, str]] = {
    "unclosed": ("J = sum(x", ReadError, 1, 8, "never closed", "a line is"),
    "two words": ("hello world", ReadError, 1, 7, "cannot be read", "a line is"),
    "statement": ("x: (n,)\nimport os\nJ = sum(x)", ReadError, 2, 1, "import", "a line is"),
    "caret": ("J = sum(x ^ 2)", ReadError, 1, 9, "not a power", "**"),
    "bare function": ("J = sum(sin + x)", ReadError, 1, 9, "sin stands without an argument", "brackets"),
    "not derived": ("J = sum(np.cross(x, w))", ReadError, 1, None, "cross", "without it"),
    "two of a maximum": ("J = sum(max(x, 0))", ReadError, 1, 9, "may mean an axis or a number", "maximum(x, 0)"),
    "norm of an operator": ("A: (n, m)\nJ = norm(A, 2)", ReadError, 2, 5, "norm of an operator", "norm(X)"),
    "three of where": ("J = sum(where(x > 0, x))", ReadError, 1, 9, "a condition and two values", "where(x > 0, a, b)"),
    "shape of a cost": ("A: (n, m)\nJ = ell(A, B)", ReadError, 2, 12, "shape of B cannot be told", "B: (n, m)"),
    "arity": ("J = sum(f(x, y)) + sum(f(x))", ReadError, 1, 24, "1 arguments here and 2 elsewhere", "another name"),
    "defined twice": ("a = x\na = y\nJ = sum(a)", ReadError, 2, 1, "a is defined twice", "another name"),
    "by itself": ("J = sum(a)\na = a + x", ReadError, 2, 1, "a is defined by itself", "another name"),
    "by each other": ("a = b + x\nb = tanh(a)\nJ = sum(a)", ReadError, 1, 1, "is defined by itself", "another name"),
    "attribute": ("J = sum(x.__class__)", ReadError, 1, 9, "__class__", ".T"),
    "size": ("x: (-1,)\nJ = sum(x)", ReadError, 1, 5, "not a size", "(n,)"),
    "domain": ("x: (n,) in {1, 2, 3}\nJ = sum(x)", ReadError, 1, 1, "domain of x", "onehot"),
    "number": ("J = sum(1e400 * x)", ReadError, 1, 9, "too long", "300"),
    "add": ("A: (n, m)\nB: (m, n)\nJ = sum(A + B)", ShapeError, 3, 9, "(n, m) and (m, n)", "transpose"),
    "multiply": ("A: (n, m)\nB: (k, m)\nJ = sum(A * B)", ShapeError, 3, 9, "(n, m) and (k, m)", "shapes"),
    "matmul": ("A: (n, m)\nB: (n, k)\nJ = sum(A @ B)", ShapeError, 3, 9, "(n, m) and (n, k)", "transpose the first"),
    "matmul, exchange": ("A: (n, m)\nB: (k, n)\nJ = sum(A @ B)", ShapeError, 3, 9, "(n, m) and (k, n)", "exchange"),
    "vector": ("b: (h,)\nZ: (h, m)\nJ = sum(Z + b)", ShapeError, 3, 9, "(h, m) and (h,)", "(h, 1)"),
    "scalar @": ("c: ()\nA: (n, m)\nJ = sum(c @ A)", ShapeError, 3, 9, "one of these is a number", "*"),
    "latex cycle": ("$$a = b$$\n\n$$b = a$$\n\n$$J = a$$", ReadError, 1, None, "defined by itself", "another name"),
    "latex matmul": (
        "$A \\in \\mathbb{R}^{n \\times m}$, $B \\in \\mathbb{R}^{n \\times k}$\n\n$$J = \\sum (A B)$$",
        ShapeError, 3, None, "(n, m) and (n, k)", "transpose the first",
    ),
    "latex add": (
        "$A \\in \\mathbb{R}^{n \\times m}$, $B \\in \\mathbb{R}^{n \\times k}$\n\n$$J = \\sum (A + B)$$",
        ShapeError, 3, None, "(n, m) and (n, k)", "shapes",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", UNREADABLE)
def test_unreadable(name: str) -> None:
    text, kind, line, column, message, remedy = UNREADABLE[name]
    error = failure(lambda: hg.parse(text), kind)
    placed(error, line, column)
    assert message in error.message
    assert remedy in error.remedy
    assert error.remedy in str(error)
    if kind is ShapeError:
        assert "J = " in error.place.equation  # type: ignore[union-attr]


NO_REMEDY = {
    "too many arguments": "J = sum(tanh(x, y))",
    "index": "J = x[0.5]",
    "too few arguments": "J = sum(clip(x, 0))",
    "trace": "A: (n, m)\nJ = trace(A)",
    "axis": "A: (n, m)\nJ = sum(sum(A, axis=9))",
    "zero size": "x: (0,)\nJ = sum(x)",
    "declared twice": "x: (n,)\nx: (m,)\nJ = sum(x)",
    "tensors": "T: (a, b, c)\nJ = sum(T @ T)",
}


@pytest.mark.parametrize("name", NO_REMEDY)
def test_unreadable_with_its_place(name: str) -> None:
    error = failure(lambda: hg.parse(NO_REMEDY[name]), HandgradError)
    assert error.place is not None
    assert error.place.source_line


@pytest.mark.parametrize("name", NO_REMEDY)
def test_unreadable_with_its_remedy(name: str) -> None:
    assert failure(lambda: hg.parse(NO_REMEDY[name]), HandgradError).remedy


@pytest.mark.parametrize("text", ["", "  \n\n", "# only a comment\n", "Words, and no equation at all.\n", "$$ $$"])
def test_nothing_to_read(text: str) -> None:
    assert failure(lambda: hg.parse(text), ReadError).remedy


UNREAD = [r"J = \frac{1}{2", r"J = \foo{x}", r"J = \int x \, dx", "J = " + "(" * 300 + "x" + ")" * 300]


@pytest.mark.parametrize("equation", UNREAD)
def test_latex_says_why_nothing_was_read(equation: str) -> None:
    error = failure(lambda: hg.parse(f"$${equation}$$"), ReadError)
    assert "line 1" in error.message


def test_latex_defined_by_itself() -> None:
    assert "itself" in failure(lambda: hg.parse("$$J = J + x$$"), ReadError).message


# Nesting

NESTED = {
    "python brackets": "J = sum(" + "(" * 10_000 + "x" + ")" * 10_000 + ")",
    "python calls": "J = " + "tanh(" * 10_000 + "x" + ")" * 10_000,
    "python signs": "J = sum(" + "-" * 10_000 + "x)",
    "python powers": "J = sum(x" + "**2" * 10_000 + ")",
    "python transposes": "J = sum(x" + ".T" * 10_000 + ")",
    "latex brackets": "$$J = " + "(" * 10_000 + "x" + ")" * 10_000 + "$$",
    "latex braces": "$$J = " + "{" * 10_000 + "x" + "}" * 10_000 + "$$",
    "latex fractions": "$$J = " + r"\frac{1}{" * 5_000 + "x" + "}" * 5_000 + "$$",
    "latex left": "$$J = " + r"\left(" * 5_000 + "x" + r"\right)" * 5_000 + "$$",
    "latex open": "$$J = " + "(" * 10_000 + "x$$",
}


@pytest.mark.parametrize("name", NESTED)
def test_deep_nesting(name: str) -> None:
    error = failure(lambda: hg.parse(NESTED[name]), ReadError)
    assert error.remedy
    assert len(str(error)) < 2_000


# What cannot be derived

MODEL = "Z = W @ X\nJ = sum(Z ** 2) + sum(u)\nK = sum(v)\nc: ()\nL = sum(c * u)"


@pytest.mark.parametrize(
    ("arguments", "message", "remedy"),
    [
        ({"of": "Z"}, "Z is not a scalar", "sum it"),
        ({"of": "W"}, "W is not a scalar", "sum it"),
        ({"of": "c"}, "c has no equation", "name a scalar"),
        ({"of": "q"}, "no symbol q", "W"),
        ({"wrt": "q"}, "no symbol q", "W"),
        ({"of": "J", "wrt": "v"}, "no path from J to v", "leave v out"),
        ({"of": "J", "wrt": ["W", "v"]}, "no path from J to v", "leave v out"),
        ({"of": "K", "wrt": "Z"}, "no path from K to Z", "leave Z out"),
    ],
)
def test_cannot_be_derived(arguments: dict[str, Any], message: str, remedy: str) -> None:
    error = failure(lambda: hg.derive(hg.parse(MODEL), **arguments), DerivationError)
    assert message in error.message
    assert remedy in error.remedy


@pytest.mark.parametrize("text", ["Z = W @ X", "$$Z = W X$$", "J = x", "x: (n,)\nJ = x + x"])
def test_no_scalar(text: str) -> None:
    error = failure(lambda: hg.derive(hg.parse(text)), DerivationError)
    assert "scalar" in error.message
    assert "J = " in error.remedy


@pytest.mark.parametrize("arguments", [{"let": {"q": "tanh"}}, {"let": {"g": "nix"}}])
def test_unknown_let(arguments: dict[str, Any]) -> None:
    assert failure(lambda: hg.parse("J = sum(g(x))", **arguments), UndefinedSymbolError).remedy


def test_unknown_notation_language_engine_and_files(tmp_path: Path) -> None:
    model = hg.parse("J = sum(w ** 2)")
    binary = tmp_path / "binary.txt"
    binary.write_bytes(b"J = \xff\xfe")
    for run, kind in (
        (lambda: hg.parse("J = sum(x)", notation="tex"), ReadError),
        (lambda: hg.parse("J = sum(x)", shapes={"x": "n, ("}), ReadError),
        (lambda: hg.read(tmp_path / "missing.md"), ReadError),
        (lambda: hg.read(tmp_path), ReadError),
        (lambda: hg.read(binary), ReadError),
        (lambda: hg.derive(model).source("cobol"), DerivationError),
        (lambda: hg.derive(model).function("abacus"), DerivationError),
    ):
        assert failure(run, kind).remedy


def test_arrays_that_do_not_fit() -> None:
    d = hg.derive(hg.parse("J = sum((W @ X) ** 2)"))
    f = d.function()
    assert "X" in failure(lambda: f(W=[[1.0]]), HandgradError).message
    message = failure(lambda: f(W=[[1.0, 2.0, 3.0]], X=[[1.0], [2.0]]), ShapeError).message
    assert "(1, 3)" in message
    assert "2 from X" in message
    assert "W" in failure(lambda: f(W=1.0, X=[[1.0]]), ShapeError).message


# What was once another exception, or refused


@pytest.mark.parametrize(
    "run",
    [
        pytest.param(lambda: hg.derive(hg.parse("Y: (n, k) in onehot(5)\nJ = sum(Y * W)")), id="onehot of no axis"),
        pytest.param(lambda: hg.derive(hg.parse("J = sum(w ** 2)"), wrt="J"), id="by itself"),
        pytest.param(lambda: hg.derive(hg.parse("J = sum(g(x))")).function()(x=[1.0]), id="abstract function run"),
        pytest.param(lambda: hg.derive(hg.parse("J = sum(g(x))"))["x"].evaluate(x=[1.0]), id="abstract function"),
        pytest.param(lambda: hg.derive(hg.parse("J = sum(w)"))["w"].evaluate(), id="size of a constant"),
    ],
)
def test_another_exception(run: Callable[[], object]) -> None:
    failure(run, HandgradError)


def test_large_declared_sizes_take_no_memory() -> None:
    error = failure(lambda: hg.derive(hg.parse("x: (99999999999,)\nJ = sum(x ** 2)")), ShapeError)
    assert "99999999999" in error.message
    assert "names" in error.remedy


@pytest.mark.parametrize("text", ["J = sum(softmax(W))", "J = sum(sign(x))", "J = sum(step(W @ X))"])
def test_a_gradient_may_be_zero(text: str) -> None:
    hg.derive(hg.parse(text))


def test_an_elementwise_chain_is_linear() -> None:
    def longest(length: int) -> int:
        chain = "\n".join(f"a{k + 1} = tanh(a{k})" for k in range(length))
        d = hg.derive(hg.parse(f"a0 = x + b\n{chain}\nJ = sum(a{length})", shapes={"x": "n", "b": "n"}), wrt="b")
        return max(len(expr.text()) for expr in d.gradients.values())

    assert longest(12) <= longest(6) + 20


# Fuzz: whatever the text, a model or a HandgradError

PYTHON_WORDS = [
    "x", "y", "W", "X", "Y", "b", "J", "m", "1", "0", "0.5", "1e9", " + ", " - ", " * ", " / ", " @ ", " ** ", "(", ")",
    ".T", "sum(", "mean(", "exp(", "log(", "softmax(", "tr(", "norm(", "outer(", "g(", ", ", "axis=0", "axis=-1", " = ",
    "\n", "J = sum(", "x: (n,)\n", "W: (h, n)\n", "Y: (n, m) in onehot(0)\n", " in {0, 1}", "[", "]", ":", "-= ", "np.",
    "'i'", "#", ";", " if ", "lambda ", "W -= alpha * dW\n", "J = x @ W @ x\n", "𝟙", "\\", '"', "\t", "not ", "==", "<",
]  # fmt: skip
LATEX_WORDS = [
    "$$", "$", "W", "X", "b", "A", "J", "=", "+", "-", r"\cdot ", r"\odot ", "^{[1]}", "_{i}", "^T", r"^\top ", "^{-1}",
    "{", "}", "(", ")", r"\frac{", "}{", r"\sigma(", r"\log ", r"\sum_{i=1}^{m}", r"\partial ", r"\in ", r"\alpha ",
    r"\frac{\partial J}{\partial W}", r"\mathbb{R}^{n \times m}", r"\leftarrow ", r"\left(", r"\right)", "1", "0", "m",
    r"\mathbf{1}", r"\|", r"\begin{aligned}", r"\end{aligned}", r"\\", "&", "y^{(i)}", "'", "\n\n", ", ", "%",
]  # fmt: skip


def only_our_errors(text: str, notation: str | None) -> None:
    with suppress(HandgradError):
        hg.parse(text, notation=notation)


@given(st.lists(st.sampled_from(PYTHON_WORDS), max_size=24).map("".join))
@settings(max_examples=400, deadline=2000)
def test_fuzz_python(text: str) -> None:
    only_our_errors(text, "python")


@given(st.lists(st.sampled_from(LATEX_WORDS), max_size=24).map("".join), st.booleans())
@settings(max_examples=400, deadline=2000)
def test_fuzz_latex(text: str, displayed: bool) -> None:
    only_our_errors(f"$$J = {text}$$" if displayed else text, "latex")


@given(st.text(max_size=60))
@settings(max_examples=200, deadline=2000)
def test_fuzz_any_text(text: str) -> None:
    only_our_errors(text, None)
