"""The reader of Python notation: trees with spans, declarations, refusals with places, bounds."""

from __future__ import annotations

from fractions import Fraction

import pytest

from handgrad.errors import ReadError
from handgrad.notation.python import read_python
from handgrad.notation.syntax import (
    Binary,
    Call,
    Compare,
    Declaration,
    Equation,
    Expression,
    Indexed,
    Name,
    Negate,
    Number,
    Range,
    Sequence,
    Span,
    Statement,
    Syntax,
    Text,
    Transpose,
    Update,
)


def one(text: str) -> Statement:
    [statement] = read_python(text).statements
    return statement


def value(text: str) -> Syntax:
    statement = one(text)
    assert isinstance(statement, Expression)
    return statement.value


def test_an_equation_with_all_its_spans() -> None:
    statement = one("Z1 = W1 @ X + 0.5")
    w, x = Name("W1", "W_{1}", Span(5, 7)), Name("X", "X", Span(10, 11))
    product = Binary("@", w, x, Span(5, 11))
    total = Binary("+", product, Number(Fraction(1, 2), Span(14, 17)), Span(5, 17))
    assert statement == Equation((Name("Z1", "Z_{1}", Span(0, 2)), total), "=", False, Span(0, 17))


def test_spans_count_characters_not_bytes() -> None:
    text = "α = 1\r\nβ = σ(α) + é"
    document = read_python(text)
    first, second = document.statements
    assert text[first.span.start : first.span.end] == "α = 1"
    assert text[second.span.start : second.span.end] == "β = σ(α) + é"
    assert isinstance(second, Equation)
    total = second.members[1]
    assert isinstance(total, Binary)
    assert text[total.right.span.start : total.right.span.end] == "é"


@pytest.mark.parametrize("op", ["+", "-", "*", "/", "@", "**"])
def test_operators(op: str) -> None:
    assert value(f"a {op} b") == Binary(
        op, Name("a", "a", Span(0, 1)), Name("b", "b", Span(3 + len(op), 4 + len(op))), Span(0, 4 + len(op))
    )


def test_precedence_is_pythons() -> None:
    tree = value("-a ** 2 + b")
    assert isinstance(tree, Binary)
    assert isinstance(tree.left, Negate)
    assert isinstance(tree.left.arg, Binary)
    assert tree.left.arg.op == "**"


@pytest.mark.parametrize(
    "prefix", ["", "np.", "numpy.", "jnp.", "scipy.special.", "np.linalg.", "torch.nn.functional."]
)
def test_the_module_of_a_function_is_dropped(prefix: str) -> None:
    tree = value(f"{prefix}inv(A)")
    assert isinstance(tree, Call)
    assert tree.function.id == "inv"
    assert [type(arg) for arg in tree.args] == [Name]


def test_methods_transposes_and_keywords() -> None:
    tree = value("A.T.sum(axis=1, keepdims=True)")
    assert isinstance(tree, Call)
    assert tree.function == Name("sum", r"\mathrm{sum}", Span(4, 7))
    assert tree.args == (Transpose(Name("A", "A", Span(0, 1)), Span(0, 3)),)
    axis, keepdims = tree.keywords
    assert axis == ("axis", Number(Fraction(1), Span(13, 14)))
    assert keepdims[0] == "keepdims"
    assert isinstance(keepdims[1], Name)
    assert keepdims[1].id == "True"


def test_subscripts_sequences_strings_and_comparisons() -> None:
    x, t = Name("x", "x", Span(0, 1)), Name("t", "t", Span(2, 3))
    assert value("x[t]") == Indexed(x, (t,), "item", Span(0, 4))
    assert value("x[:, 0]") == Indexed(
        x, (Range(None, None, None, Span(2, 3)), Number(Fraction(0), Span(5, 6))), "item", Span(0, 7)
    )
    assert value("[x0, x1]") == Sequence((Name("x0", "x_{0}", Span(1, 3)), Name("x1", "x_{1}", Span(5, 7))), Span(0, 8))
    call = value('einsum("ij,jk->ik", A, B)')
    assert isinstance(call, Call)
    assert call.args[0] == Text("ij,jk->ik", Span(7, 18))
    compared = value("a >= 0")
    assert isinstance(compared, Compare)
    assert compared.op == ">="


@pytest.mark.parametrize(
    ("literal", "exact"),
    [("0.1", Fraction(1, 10)), ("1e-5", Fraction(1, 100_000)), ("1_000", Fraction(1000)), (".5", Fraction(1, 2)),
     ("2.", Fraction(2)), ("0x10", Fraction(16)), ("3", Fraction(3))],
)  # fmt: skip
def test_numbers_are_exact(literal: str, exact: Fraction) -> None:
    assert value(literal) == Number(exact, Span(0, len(literal)))


@pytest.mark.parametrize(
    ("text", "sizes", "domain"),
    [
        ("X: (n, m)", ["n", "m"], None),
        ("X: n", ["n"], None),
        ("X: (n,)", ["n"], None),
        ("X: ()", [], None),
        ("X: (1, m) in {0, 1}", [1, "m"], Sequence),
        ("X: (k, m) in onehot(0)", ["k", "m"], Call),
    ],
)
def test_declarations(text: str, sizes: list[str | int], domain: type | None) -> None:
    statement = one(text)
    assert isinstance(statement, Declaration)
    assert statement.name == Name("X", "X", Span(0, 1))
    assert statement.sizes is not None
    found = [
        size.id if isinstance(size, Name) else size.value for size in statement.sizes if isinstance(size, Name | Number)
    ]
    assert found == sizes
    assert statement.domain is None if domain is None else isinstance(statement.domain, domain)
    assert statement.span == Span(0, len(text))


def test_a_domain_alone_leaves_the_shape_open() -> None:
    statement = one("y in {0, 1}")
    assert isinstance(statement, Declaration)
    assert statement.sizes is None
    assert isinstance(statement.domain, Sequence)


def test_an_update_is_written_out() -> None:
    statement = one("W1 -= alpha * dW1")
    assert isinstance(statement, Update)
    assert isinstance(statement.value, Binary)
    assert (statement.value.op, statement.value.left) == ("-", statement.target)
    assert statement.target == Name("W1", "W_{1}", Span(0, 2))


def test_comments_blank_lines_and_order() -> None:
    text = '"""A model."""\n# shapes\nX: (n, m)\n\nZ = W @ (\n    X  # long\n)\nZ * 2; a = b = c\n'
    document = read_python(text, "model.py")
    assert (document.notation, document.file) == ("python", "model.py")
    assert [type(statement) for statement in document.statements] == [Declaration, Equation, Expression, Equation]
    last = document.statements[-1]
    assert isinstance(last, Equation)
    assert [member.id for member in last.members if isinstance(member, Name)] == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("text", "message", "remedy", "column"),
    [
        ("a = b ^ 2", r"`\^`", r"\*\*", 5),
        ("a = lambda x: x", "lambda", "lam", 5),
        ("lambda = 0.1", "lambda", "lam", 8),
        ("a = x.shape", "shape", r"\.T", 5),
        ("a = [i for i in x]", "comprehension", "sum", 5),
        ("a = {i: i for i in x}", "comprehension", "sum", 5),
        ("a = sum(i for i in x)", "comprehension", "sum", 8),
        ("a, b = c", "only a name", "line of its own", 1),
        ("x[0] = c", "only a name", "line of its own", 1),
        ("x.a = c", "only a name", "line of its own", 1),
        ("x[0] += c", "only a name", "line of its own", 1),
        ("a = (b := c)", ":=", "line of its own", 6),
        ("a = f'{b}'", "f-string", "plain", 5),
        ("a = f(*b)", r"`\*`", "arguments", 7),
        ("a = f(**b)", r"`\*\*`", "arguments", 7),
        ("a = b if c else d", "if", "where", 5),
        ("a = b and c", "and", "where", 5),
        ("a = 0 < b < c", "chain", "two", 5),
        ("a = b % c", "operator", r"@ \*\*", 5),
        ("a = 1j", "constant", "real", 5),
        ("a = b'x'", "constant", "real", 5),
        ("a = ...", "constant", "real", 5),
        ("a = f(x)(y)", "only a name can be called", "name", 5),
        ("import os", "`import`", "name = expression", 1),
        ("for i in x: pass", "`for`", "name = expression", 1),
        ("def f(x): return x", "`def`", "name = expression", 1),
        ("X: (n, m) = 3", "one line", "two lines", 1),
        ("X: float", "a type", r"\(\)", 4),
        ("X: (f(n), m)", "not a size", "shape", 5),
        ("a = \\frac{b}{c}", "not Python", "latex", 6),
        ("a = (b", "never closed", "name = expression", 5),
        ("a = 1e999999", "too long", "digits", 5),
        ("a = not b", "not", "comparison", 5),
    ],
)
def test_refusals_have_a_place_and_a_remedy(text: str, message: str, remedy: str, column: int) -> None:
    with pytest.raises(ReadError, match=message) as caught:
        read_python("first = 1\n" + text, "model.py")
    error = caught.value
    assert error.place is not None
    assert (error.place.line, error.place.file, error.place.source_line) == (2, "model.py", text)
    assert error.place.column == column
    assert error.place.equation
    with pytest.raises(ReadError, match=remedy):
        raise ReadError(error.remedy)


def test_code_is_never_run() -> None:
    tree = value("__import__('os').system('echo no')")
    assert isinstance(tree, Call)  # only a tree; nothing knows such a function
    for text in ("().__class__", "x.__class__", "exec('1')()"):
        with pytest.raises(ReadError):
            read_python(text)


@pytest.mark.parametrize(
    "text",
    [
        "x = " + "(" * 10_000 + "1" + ")" * 10_000,
        "x = " + "[" * 150 + "1" + "]" * 150,
        "x = " + "-" * 10_000 + "1",
        "x = " + "+".join("a" * 100_000),
        "x = " + "a**" * 20_000 + "a",
        "x = a" + ".T" * 5_000,
        "x = a" + "[0]" * 5_000,
        "x=(" * 3_000,
    ],
)
def test_what_is_too_deep_is_one_clear_error(text: str) -> None:
    with pytest.raises(ReadError, match="nested too deeply"):
        read_python(text)


@pytest.mark.parametrize("text", ["\0", "\ud800 = 2", "x = '", "x = 9" + "9" * 5_000, "x" * 1_000_001, "\x0c\\"])
def test_odd_texts_are_read_errors(text: str) -> None:
    with pytest.raises(ReadError):
        read_python(text)


def test_two_thousand_equations_are_read() -> None:
    document = read_python("Z1 = sigmoid(W1 @ X + b1) * A\n" * 2_000)
    assert len(document.statements) == 2_000


def test_a_long_line_in_other_letters_is_linear() -> None:
    read_python("x = [" + "α, " * 50_000 + "α]")
