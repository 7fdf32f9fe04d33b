r"""The LaTeX reader: trees, spans, statements, documents, refusals and bounds.

Trees are compared as short text, see `shown`; a few are compared whole, with their spans.
"""

from __future__ import annotations

import json
from fractions import Fraction

import pytest

from handgrad.errors import ReadError
from handgrad.notation.document import find_math, read_document
from handgrad.notation.latex import read_math, read_math_strictly
from handgrad.notation.names import flat_name, latex_of_identifier, split_run
from handgrad.notation.syntax import (
    BigSum,
    Binary,
    Call,
    Compare,
    Declaration,
    Equation,
    Expression,
    Group,
    Indexed,
    Juxtaposition,
    Name,
    Negate,
    Norm,
    Number,
    Partial,
    Prime,
    Sequence,
    Span,
    Statement,
    Syntax,
    Transpose,
    Unread,
    Update,
    walk,
)


def shown(node: Syntax | None) -> str:
    """A tree as text: ⟨a b⟩ side by side, (a op b), {…} in brackets, Aᵀ, f', x_[i], x^[i], Σ, ∂[of/wrt]."""
    match node:
        case None:
            return "∅"
        case Name():
            return node.id
        case Number():
            return str(node.value)
        case Negate():
            return f"-{shown(node.arg)}"
        case Binary() | Compare():
            return f"({shown(node.left)} {node.op} {shown(node.right)})"
        case Juxtaposition():
            return "⟨" + " ".join(map(shown, node.items)) + "⟩"
        case Group():
            return "{" + ", ".join(map(shown, node.items)) + "}"
        case Sequence():
            return "set{" + ", ".join(map(shown, node.items)) + "}"
        case Transpose():
            return shown(node.arg) + "ᵀ"
        case Prime():
            return shown(node.arg) + "'" * node.order
        case Indexed():
            sign = {"element": "_", "example": "^", "item": "@"}[node.style]
            return f"{shown(node.base)}{sign}[{','.join(map(shown, node.indices))}]"
        case BigSum():
            return f"Σ[{shown(node.index)},{shown(node.lower)},{shown(node.upper)}: {shown(node.body)}]"
        case Partial():
            return f"∂[{shown(node.of)}/{shown(node.wrt)}]"
        case Norm():
            return f"‖{shown(node.arg)}‖{node.kind}"
        case Call():
            return f"{node.function.id}({', '.join(map(shown, node.args))})"
    raise TypeError(node)


def told(statement: Statement) -> str:
    """A statement as text."""
    match statement:
        case Equation():
            return ("… = " if statement.continues else "") + f" {statement.relation} ".join(
                map(shown, statement.members)
            )
        case Update():
            return f"{shown(statement.target)} <- {shown(statement.value)}"
        case Declaration():
            sizes = "?" if statement.sizes is None else "(" + ", ".join(map(shown, statement.sizes)) + ")"
            return f"{statement.name.id}: {sizes} in {shown(statement.domain)}"
        case Expression():
            return shown(statement.value)
        case Unread():
            return f"unread: {statement.why}"


def read(source: str) -> list[str]:
    return [told(statement) for statement in read_math(source)]


def one(source: str) -> str:
    [statement] = read(source)
    return statement


# names


@pytest.mark.parametrize(
    ("source", "identifier", "latex"),
    [
        (r"W^{[1]}", "W1", r"W^{[1]}"),
        (r"W^{(1)}", "W1", r"W^{(1)}"),
        (r"W_1", "W1", r"W_1"),
        (r"W_{1}", "W1", r"W_{1}"),
        (r"W1", "W1", r"W1"),
        (r"W^{ [ 1 ] }", "W1", r"W^{[1]}"),
        (r"W^{[l]}", "W[l]", r"W^{[l]}"),
        (r"W^{[l-1]}", "W[l-1]", r"W^{[l-1]}"),
        (r"W^{(l+1)}", "W[l+1]", r"W^{(l+1)}"),
        (r"a^{l-1}", "a[l-1]", r"a^{l-1}"),
        (r"\delta^L", "delta[L]", r"\delta^L"),
        (r"\alpha", "alpha", r"\alpha"),
        (r"\hat{y}", "y_hat", r"\hat{y}"),
        (r"\hat y", "y_hat", r"\hat{y}"),
        (r"\overline{W_2}", "W2_bar", r"\overline{W_2}"),
        (r"\hat{y}_1", "y1_hat", r"\hat{y}_1"),
        (r"\mathbf{W}", "W", r"\mathbf{W}"),
        (r"\boldsymbol{x}", "x", r"\boldsymbol{x}"),
        (r"\mathcal{L}", "L", r"\mathcal{L}"),
        (r"\mathcal L", "L", r"\mathcal{L}"),
        (r"\text{loss}", "loss", r"\text{loss}"),
        (r"\operatorname{softmax}", "softmax", r"\operatorname{softmax}"),
        (r"y_{pred}", "y_pred", r"y_{pred}"),
        (r"y_{\text{pred}}", "y_pred", r"y_{\text{pred}}"),
        (r"w_\textrm{h}", "w_h", r"w_\textrm{h}"),
        (r"\mathcal{L}_{CE}", "L_CE", r"\mathcal{L}_{CE}"),
        (r"dW^{[1]}", "dW1", r"dW^{[1]}"),
        (r"dz_2", "dz2", r"dz_2"),
        (r"d\theta", "dtheta", r"d\theta"),
        (r"\mathbf{dV}", "dV", r"\mathbf{dV}"),
        (r"w^*", "w_star", r"w^*"),
        (r"\mathbb{1}", "ones", r"\mathbb{1}"),
        (r"\mathbf 1", "ones", r"\mathbf{1}"),
        (r"{{\theta }_{0}}", "theta0", r"\theta_{0}"),
        ("σ", "sigma", r"\sigma"),
    ],
)
def test_a_name_has_an_id_and_keeps_its_printed_form(source: str, identifier: str, latex: str) -> None:
    [statement] = read_math(source)
    assert isinstance(statement, Expression)
    assert isinstance(statement.value, Name)
    assert (statement.value.id, statement.value.latex) == (identifier, latex)


@pytest.mark.parametrize(
    ("source", "tree"),
    [
        (r"x_i", "x_[i]"),
        (r"W_{ij}", "W_[i,j]"),
        (r"W_{i,j}", "W_[i,j]"),
        (r"w_{j0}", "w_[j,0]"),
        (r"h_{t-1}", "h_[(t - 1)]"),
        (r"P_{i:}", "P_[i,:]"),
        (r"X_{out,i}", "X_out_[i]"),
        (r"x^{(i)}", "x^[i]"),
        (r"x^{(i)}_j", "x^[i]_[j]"),
        (r"x_j^{(i)}", "x^[i]_[j]"),
        (r"{y_k}^{(i)}", "y^[i]_[k]"),
        (r"a^{[2] (i)}", "a2^[i]"),
        (r"a^{[1](i)2}", "(a1^[i] ** 2)"),
        (r"w^{(l)}_{jk}", "w[l]_[j,k]"),
        (r"x^{\langle t\rangle}", "x^[t]"),
        (r"x^{<t-1>}", "x^[(t - 1)]"),
        (r"\hat{h_{kl}}", "h_hat_[k,l]"),
    ],
)
def test_indices_that_are_not_part_of_a_name(source: str, tree: str) -> None:
    assert one(source) == tree


@pytest.mark.parametrize(
    ("source", "tree"),
    [
        (r"A^T", "Aᵀ"),
        (r"A^\top", "Aᵀ"),
        (r"A^{\mathrm T}", "Aᵀ"),
        (r"A^{\mathrm{T}}", "Aᵀ"),
        (r"A^\intercal", "Aᵀ"),
        (r"A^{[2]T}", "A2ᵀ"),
        (r"A^{[2]\top}", "A2ᵀ"),
        (r"A^{[l-1] T}", "A[l-1]ᵀ"),
        (r"{A^{[2]}}^T", "A2ᵀ"),
        (r"(W^{(2)})^T", "{W2}ᵀ"),
        (r"a^{[1](i) T}", "a1^[i]ᵀ"),
        (r"W_1^T", "W1ᵀ"),
        ("Wᵀ", "Wᵀ"),
        (r"A^2", "(A ** 2)"),
        (r"A^{[1]2}", "(A1 ** 2)"),
        (r"W^{-1}", "(W ** -1)"),
        (r"W^{-T}", "(W ** -1)ᵀ"),
        (r"(1+e^{-Z})^{-1}", "({(1 + (e ** -Z))} ** -1)"),
        (r"(1-a)^{(1-y)}", "({(1 - a)} ** {(1 - y)})"),
        (r"e^{{\theta^T}x}", "(e ** ⟨thetaᵀ x⟩)"),
        (r"x^12", "⟨(x ** 1) 2⟩"),
        (r"\tanh^2 z", "⟨(tanh ** 2) z⟩"),
    ],
)
def test_transposes_and_powers(source: str, tree: str) -> None:
    assert one(source) == tree


@pytest.mark.parametrize(
    ("source", "tree"),
    [
        (r"g'", "g'"),
        (r"g''", "g''"),
        (r"g^{\prime}", "g'"),
        (r"g^\prime", "g'"),
        (r"g^{[1]}{'}", "g1'"),
        (r"g^{[1]'}", "g1'"),
        (r"g'^{[1]}", "g1'"),
        (r"f_3'(x)", "⟨f3' {x}⟩"),
        (r"f_i'(x)", "⟨f_[i]' {x}⟩"),
        (r"(1+e^{-z})'", "{(1 + (e ** -z))}'"),
    ],
)
def test_primes(source: str, tree: str) -> None:
    assert one(source) == tree


# products, sums, fractions


@pytest.mark.parametrize(
    ("source", "tree"),
    [
        (r"W X b", "⟨W X b⟩"),
        (r"WXb", "⟨W X b⟩"),
        (r"\log A", "⟨log A⟩"),
        (r"Ylog(A)", "⟨Y log {A}⟩"),
        (r"logA", "⟨log A⟩"),
        (r"a \odot b \circ c * d \ast e .* f", "(((((a * b) * c) * d) * e) * f)"),
        (r"a \cdot b \times c \bullet d . e", "((((a . b) . c) . d) . e)"),
        (r"(A-Y).W * g'(Z).X", "((({(A - Y)} . W) * ⟨g' {Z}⟩) . X)"),
        (r"2 \cdot -x", "(2 . -x)"),
        (r"a - -b", "(a - -b)"),
        (r"-a b + c", "(-⟨a b⟩ + c)"),
        (r"f(a, b; c)", "⟨f {a, b, c}⟩"),
        (r"L(w | x)", "⟨L {w, x}⟩"),
        (r"\left[ a + \{b\} \right]", "{(a + {b})}"),
        (r"\frac{a}{b} \tfrac12 \dfrac1m", "⟨(a / b) (1 / 2) (1 / m)⟩"),
        (r"(dZ * A^T) / m", "({(dZ * Aᵀ)} / m)"),
        (r"\log A / m", "(⟨log A⟩ / m)"),
        (r"1/m \sum_i x_i", "⟨(1 / m) Σ[i,∅,∅: x_[i]]⟩"),
        (r"\sqrt{x} \sqrt 2", "⟨⟨sqrt {x}⟩ ⟨sqrt {2}⟩⟩"),
        (r"0.5 + .5 + 1e-5 + 10", "(((1/2 + 1/2) + 1/100000) + 10)"),
        (r"\|x\|^2 + \lVert y \rVert_1 + ||z|| + \|W\|_F", "((((‖x‖2 ** 2) + ‖y‖1) + ‖z‖2) + ‖W‖F)"),
        (r"|x - y|", "⟨abs {(x - y)}⟩"),
        ("∑_i x_i ⊙ y − 2 × z²", "(Σ[i,∅,∅: (x_[i] * y)] - (2 . (z ** 2)))"),
        (r"\mathbb{1}[y = k]", "⟨ones {(y == k)}⟩"),
    ],
)
def test_operators(source: str, tree: str) -> None:
    assert one(source) == tree


@pytest.mark.parametrize(
    ("source", "tree"),
    [
        (r"\sum a b + c", "(Σ[∅,∅,∅: ⟨a b⟩] + c)"),
        (r"\sum_{i=1}^m a_i * b + c", "(Σ[i,1,m: (a_[i] * b)] + c)"),
        (r"\sum\limits_i (a + b) c", "Σ[i,∅,∅: ⟨{(a + b)} c⟩]"),
        (r"\sum^{m}_{j=0} x_j", "Σ[j,0,m: x_[j]]"),
        (r"\sum_{j}{a + b}", "Σ[j,∅,∅: (a + b)]"),
        (r"\sum_{kl} a", "Σ[k,∅,∅: Σ[l,∅,∅: a]]"),
        (r"\sum_{i}\sum_{j} -x", "Σ[i,∅,∅: Σ[j,∅,∅: -x]]"),
        (r"\sum_{n \in N} a", "Σ[n,∅,N: a]"),
        (r"\sum_{1 \le i \le n} a", "Σ[i,1,n: a]"),
    ],
)
def test_big_sums(source: str, tree: str) -> None:
    assert one(source) == tree


@pytest.mark.parametrize(
    ("source", "tree"),
    [
        (r"\frac{\partial J}{\partial W^{[2]}}", "∂[J/W2]"),
        (r"\frac{dJ}{dW}", "∂[J/W]"),
        (r"\frac{d\mathcal{L}(a,y)}{{da^{[2]}}}", "∂[⟨L {a, y}⟩/a2]"),
        (r"\frac{d\sigma_l^2}{d h_{ij}}", "∂[(sigma_[l] ** 2)/h_[i,j]]"),
        (
            r"\frac{d(1+e^{-Z})^{-1}}{dZ}",
            "∂[({(1 + (e ** -Z))} ** -1)/Z]",
        ),
        (r"\frac{\textcolor{red}{\partial C_0}}{\textcolor{blue}{\partial w^{(L)}}}", "∂[C0/w[L]]"),
        (r"\partial J/\partial W", "∂[J/W]"),
        (r"{\partial \xi}/{\partial z_i}", "∂[xi/z_[i]]"),
        (r"dJ/dW", "∂[J/W]"),
        (r"\nabla_{W^{(2)}} L", "∂[L/W2]"),
        (r"\nabla_Z L^T H", "⟨∂[L/Z]ᵀ H⟩"),
        (r"\nabla J(w)", "∂[⟨J {w}⟩/w]"),
        (r"\partial_w L", "∂[L/w]"),
        (r"\frac{\partial}{\partial x} f(x) g", "⟨∂[⟨f {x}⟩/x] g⟩"),
        (r"\frac{d}{dw}(a + b) c", "⟨∂[{(a + b)}/w] c⟩"),
        (r"\frac{d}{dw} \frac12 x^2", "∂[⟨(1 / 2) (x ** 2)⟩/w]"),
        (r"\frac{\partial \sum \frac12 y^2}{\partial W}", "∂[Σ[∅,∅,∅: ⟨(1 / 2) (y ** 2)⟩]/W]"),
        (r"\frac{\partial}{\partial x}", "∂[∅/x]"),
        (r"\frac{\partial^2 f}{\partial x \partial y}", "∂[∂[f/y]/x]"),
        (r"\frac{d^2 f}{dx^2}", "∂[∂[f/x]/x]"),
        (r"dZ / m", "(dZ / m)"),
    ],
)
def test_derivatives(source: str, tree: str) -> None:
    assert one(source) == tree


def test_cases_become_where() -> None:
    source = r"f'(z) = \begin{cases} 1, & z > 0 \\ 0, & z \leq 0 \end{cases}"
    assert one(source) == "⟨f' {z}⟩ = where((z > 0), 1, 0)"
    array = r"g(z) = \left\{ \begin{array}{cl} z & : z \geq 0 \\ 0 & : z < 0 \end{array} \right."
    assert one(array) == "⟨g {z}⟩ = where((z >= 0), z, 0)"
    otherwise = r"g = \begin{cases} a & \text{if } z > 0 \\ b & \text{otherwise} \end{cases}"
    assert one(otherwise) == "g = where((z > 0), a, b)"
    assert "do not cover" in one(r"g = \begin{cases} a & z > 0 \\ b & z > 1 \end{cases}")


# statements


@pytest.mark.parametrize(
    ("source", "statements"),
    [
        (r"a = b = c", ["a = b = c"]),
        (r"= b", ["… = b"]),
        (r"= b = c", ["… = b = c"]),
        (r"a := 2b", ["a := ⟨2 b⟩"]),
        (r"a \equiv b", ["a := b"]),
        (r"W := W - \alpha dW", ["W <- (W - ⟨alpha dW⟩)"]),
        (r"W \leftarrow W - dW", ["W <- (W - dW)"]),
        (r"x \gets 3", ["x <- 3"]),
        (r"W^{[2]}-= \alpha * b", ["W2 <- (W2 - (alpha * b))"]),
        (r"W = W - \alpha dW", ["W <- (W - ⟨alpha dW⟩)"]),
        (
            r"\theta_j := \theta_j(1-a)-b",
            ["theta_[j] <- (⟨theta_[j] {(1 - a)}⟩ - b)"],
        ),
        (r"x + 1", ["(x + 1)"]),
        (r"a = b, c = d", ["a = b", "c = d"]),
        (r"a = b \quad c = d", ["a = b", "c = d"]),
        (r"a = b \hspace{0.3cm}and \hspace{0.3cm} c = d", ["a = b", "c = d"]),
        (r"a = b \text{ and } c = d", ["a = b", "c = d"]),
        (r"a = b \Rightarrow c = d", ["a = b", "c = d"]),
        (r"\begin{aligned} a &= b \\ &= c, \\ d &= e \end{aligned}", ["a = b = c", "d = e"]),
        (r"\begin{split} a &= b \\ &\quad + c \end{split}", ["a = (b + c)"]),
        (r"a &= b && c &= d", ["a = b", "c = d"]),
        (r"\begin{array}{rcl} a & = & b \\ & = & c \end{array}", ["a = b = c"]),
        (r"a = b \\[0.5em] c = d \\cr e = f", ["a = b", "c = d", "e = f"]),
        (r"\boxed{a = \underbrace{b}_\text{the cost}} \tag{3}", ["a = b"]),
        (r"a = b \quad (3)", ["a = b"]),
        (r"y_c = x \quad \text{for } c = 1, \ldots, C", ["y_[c] = x"]),
        (r"\forall i: a_i = b_i", ["a_[i] = b_[i]"]),
        (r"\sum\_{i} a\_i = b.", ["Σ[i,∅,∅: a_[i]] = b"]),
    ],
)
def test_statements_of_a_display(source: str, statements: list[str]) -> None:
    assert read(source) == statements


@pytest.mark.parametrize(
    ("source", "statements"),
    [
        (r"x \in \mathbb{R}^{n \times m}", ["x: (n, m) in ∅"]),
        (r"x \in \mathbb R^n", ["x: (n) in ∅"]),
        (r"\lambda \in \mathbb{R}", ["lambda: () in ∅"]),
        (r"\lambda \in \mathbb{R}_{+}", ["lambda: () in positive"]),
        (r"y \in \{0,1\}^{1\times m}", ["y: (1, m) in set{0, 1}"]),
        (r"y \in \{0,1\}", ["y: ? in set{0, 1}"]),
        (r"p \in [0,1]^{n}", ["p: (n) in {0, 1}"]),
        (r"W, b \in \mathbb{R}^{n}", ["W: (n) in ∅", "b: (n) in ∅"]),
        (r"W^{[l]} \in \mathbb{R}^{n^{[l]} \times n_x}", ["W[l]: (n[l], n_[x]) in ∅"]),
        (r"x_t \in \mathbb{R}^d", ["x_t: (d) in ∅"]),
        (r"S = QK^\top \in \mathbb{R}^{N \times N}", ["S = ⟨Q Kᵀ⟩", "S: (N, N) in ∅"]),
    ],
)
def test_declarations(source: str, statements: list[str]) -> None:
    assert read(source) == statements


@pytest.mark.parametrize(
    ("source", "why"),
    [
        (r"fig: Computational\,Graph\, for\,Back\,Propagation", "a label"),
        (r"a, b", "a list"),
        (r"a \approx b", "other than equality"),
        (r"a < b", "other than equality"),
        (r"y = x \text{ if } x > 0", "under a condition"),
        (r"z = w, \quad i \neq j", "under a condition"),
        (r"l = 1, \ldots, L", "a list"),
        (r"x = \prod_i a_i", "a product over an index"),
        (r"x = a \otimes b", "Kronecker"),
        (r"x = \foo", r"\foo is not known"),
        (r"x = \begin{bmatrix} 1 \\ 2 \end{bmatrix}", "a matrix"),
        (r"x = 1/2m", "in two ways"),
        (r"x = (a", "no partner"),
        (r"x = \frac{a}{", "never closed"),
        (r"x = a +", "ends too early"),
        (r"x =", "missing"),
        (r"\nabla L = x", "with respect to what"),
        (r"\partial L = x", "stands alone"),
        (r"\sum_{j \neq i} a_j", "under a condition"),
        (r"l^{th}", "ordinal"),
        (r"x = a + ... + b", "ellipsis"),
        (r"\overline{x + y} = 1", "accent"),
        (r"\text{the loss of a net} = x", "words"),
    ],
)
def test_what_cannot_be_read_says_why(source: str, why: str) -> None:
    assert any(statement.startswith("unread: ") and why in statement for statement in read(source))


def test_an_unread_member_does_not_take_the_others_along() -> None:
    source = r"a = b = \begin{bmatrix} 1 \end{bmatrix} = d"
    equation, unread = read_math(source, 7)
    assert told(equation) == "a = b = d"
    assert isinstance(unread, Unread)
    assert unread.source == r"\begin{bmatrix} 1 \end{bmatrix}"
    assert unread.span == Span(15, 46)


def test_a_whole_tree_with_its_spans() -> None:
    [statement] = read_math(r"Z^{[1]} = W_1X + 0.5", 100)
    z = Name("Z1", r"Z^{[1]}", Span(100, 107))
    w, x = Name("W1", "W_1", Span(110, 113)), Name("X", "X", Span(113, 114))
    product = Juxtaposition((w, x), Span(110, 114))
    total = Binary("+", product, Number(Fraction(1, 2), Span(117, 120)), Span(110, 120))
    assert statement == Equation((z, total), "=", False, Span(100, 120))


def test_every_span_lies_in_its_parent() -> None:
    source = r"J = -\frac{1}{m}\sum_{i=1}^{m} (y^{(i)}\log(\hat{y}^{(i)}) + \|W_1\|_F^2 - A^{[2]T}g'(Z_{ij}))"
    [statement] = read_math(source)
    assert isinstance(statement, Equation)
    for member in statement.members:
        for node in walk(member):
            assert member.span.start <= node.span.start < node.span.end <= member.span.end
            if isinstance(node, Name):
                assert source[node.span.start] in node.latex


# words, names, macros


def test_runs_of_letters_are_split_as_people_read_them() -> None:
    assert split_run("Ylog") == ["Y", "log"]
    assert split_run("mdZ") == ["m", "dZ"]
    assert split_run("softmax") == ["softmax"]
    assert split_run("abc") == ["a", "b", "c"]
    assert split_run("abc", frozenset({"abc"})) == ["abc"]
    assert split_run("predictions") == ["predictions"]


def test_words_that_a_document_defines_are_single_symbols() -> None:
    document = read_document("$$err = y - z$$ $$J = err^2$$", "a.md")
    assert [told(statement) for statement in document.statements] == ["err = (y - z)", "J = (err ** 2)"]


def test_python_names_print_as_latex() -> None:
    printed = {
        "W1": "W_{1}", "dZ2": "dZ_{2}", "lam": r"\lambda", "lambda_": r"\lambda", "eps": r"\epsilon",
        "y_hat": r"\hat{y}", "W1_hat": r"\hat{W}_{1}", "loss": r"\mathrm{loss}", "theta": r"\theta",
        "y_pred": r"y_{\mathrm{pred}}", "x": "x",
    }  # fmt: skip
    assert {name: latex_of_identifier(name) for name in printed} == printed


def test_an_indexed_symbol_flattens_to_a_name() -> None:
    [statement] = read_math(r"n_x + \theta_{t-1}")
    assert isinstance(statement, Expression)
    indexed = [node for node in walk(statement.value) if isinstance(node, Indexed)]
    assert [flat_name(node).id for node in indexed] == ["n_x", "theta_t-1"]


def test_macros_of_the_document_are_expanded() -> None:
    text = (
        r"$\newcommand{\pd}[2]{\frac{\partial #1}{\partial #2}} \def\R{\mathbb R}$ "
        r"\DeclareMathOperator{\relu}{ReLU} $$\pd{J}{W_1} = \relu(x)$$ $x \in \R^n$"
    )
    document = read_document(text, "a.md")
    assert [told(s) for s in document.statements] == ["∂[J/W1] = ⟨ReLU {x}⟩", "x: (n) in ∅"]


# documents


def test_displays_run_together_in_one_paragraph() -> None:
    # from "Math behind backpropagation in Neural Network", the project's seed document
    text = (
        r"as below. $$Z^{[1]} = W^{[1]}X + b^{[1]}$$ $$A^{[1]} = g^{[1]}(Z^{[1]})$$ Note: $$\sigma$$ is. Then, "
        r"$$\frac{\partial J}{\partial A^{[2]}} = \sigma'(Z)$$ $$= \sigma(Z)(1- \sigma(Z))$$ Then, "
        r"$$\frac{\partial J}{\partial A^{[2]}} = \frac{\partial (-Ylog(A^{[2]}) - (1-Y)log(1-A^{[2]}))}"
        r"{\partial A^{[2]}}$$ $$\frac{\partial J}{\partial W^{[1]}} = "
        r"(A^{[2]}-Y).W^{[2]}* g^{[1]}{'}(Z^{[1]}).X$$"
    )
    document = read_document(text, "article.md")
    assert [told(statement) for statement in document.statements] == [
        "Z1 = (⟨W1 X⟩ + b1)",
        "A1 = ⟨g1 {Z1}⟩",
        "sigma",
        "∂[J/A2] = ⟨sigma' {Z}⟩",
        "… = ⟨sigma {Z} {(1 - ⟨sigma {Z}⟩)}⟩",
        "∂[J/A2] = ∂[{(-⟨Y log {A2}⟩ - ⟨{(1 - Y)} log {(1 - A2)}⟩)}/A2]",
        "∂[J/W1] = ((({(A2 - Y)} . W2) * ⟨g1' {Z1}⟩) . X)",
    ]
    first = document.statements[0]
    assert text[first.span.start : first.span.end] == r"Z^{[1]} = W^{[1]}X + b^{[1]}"


def test_the_mathematics_of_a_document_is_found() -> None:
    text = "\n".join(
        [
            "costs $5 and $6, `$a=1$` and \\$b\\$, $a = 1$ for $W$;",
            "```python",
            "x = '$b = 2$'",
            "```",
            "\\(c = 3\\) \\[d = 4\\] \\\\[e = 5\\\\] <!-- $$f = 6$$ -->",
            "\\begin{align*} g &= 7 \\\\ h &= 8 \\end{align*}",
            "{% latex %}i = 9{% endlatex %}",
            "```math",
            "k = 10",
            "```",
            "$$",
            "n = 11",
            "$$",
        ]
    )
    document = read_document(text, "a.md")
    assert [told(statement) for statement in document.statements] == [
        "a = 1", "c = 3", "d = 4", "e = 5", "g = 7", "h = 8", "i = 9", "k = 10", "n = 11",
    ]  # fmt: skip


def test_inline_mathematics_without_a_relation_says_nothing() -> None:
    assert read_document(r"Let $W^{[1]}$, $m$ and $n_x \times m$ be.", "a.md").statements == ()
    assert [math.inline for math in find_math("$a$ and $$b$$")] == [True, False]


def test_an_unclosed_display_is_told() -> None:
    [first, second] = read_document("see $$ a = b\n\nthen $c = d$", "a.md").statements
    assert told(first) == "unread: the display is never closed"
    assert told(second) == "c = d"


def test_a_notebook_is_its_markdown_cells() -> None:
    cells = [
        {"cell_type": "markdown", "source": ["so $$a = b$$\n", "and"]},
        {"cell_type": "code", "source": ["x = '$$c = d$$'"]},
        {"cell_type": "markdown", "source": "$e = f$"},
    ]
    document = read_document(json.dumps({"cells": cells}), "a.ipynb")
    assert [told(statement) for statement in document.statements] == ["a = b", "e = f"]
    span = document.statements[1].span
    assert document.text[span.start : span.end] == "e = f"
    with pytest.raises(ReadError, match="not a Jupyter notebook"):
        read_document("{", "a.ipynb")


def test_the_notation_is_told_apart() -> None:
    assert read_document("Z = W @ X").notation == "python"
    assert read_document("Z = W @ X", "a.txt").notation == "python"
    assert read_document("so $Z = W X$", "a.txt").notation == "latex"
    assert read_document("$$Z = W X$$").notation == "latex"
    assert read_document(r"A = \sigma(Z)").notation == "latex"
    assert read_document("words only", "a.md").notation == "latex"
    with pytest.raises(ReadError, match="notation"):
        read_document("x", notation="word")


def test_bare_latex_is_read_strictly() -> None:
    document = read_document("Z = W X + b\nA = \\sigma(Z)", notation="latex")
    assert [told(statement) for statement in document.statements] == ["Z = (⟨W X⟩ + b)", "A = ⟨sigma {Z}⟩"]
    with pytest.raises(ReadError, match=r"never closed") as caught:
        read_document("\\frac{a}{", notation="latex")
    assert caught.value.place is not None
    assert (caught.value.place.line, caught.value.place.column) == (1, 9)
    assert caught.value.remedy


def test_a_strict_error_names_the_place_in_the_document() -> None:
    text = "line one\n$$x = a + \\foo{b}$$"
    with pytest.raises(ReadError) as caught:
        read_math_strictly(text[11:-2], 11, text=text, file="a.md")
    place = caught.value.place
    assert place is not None
    assert (place.line, place.column, place.file) == (2, 11, "a.md")
    assert place.source_line == "$$x = a + \\foo{b}$$"


# bounds


@pytest.mark.parametrize(
    "source",
    [
        "x = " + "(" * 10_000 + "1" + ")" * 10_000,
        "x = " + "{" * 10_000 + "1" + "}" * 10_000,
        "x = " + "-" * 10_000 + "1",
        "x = " + "+".join("a" * 10_000),
        "x = A" + "^T" * 5_000,
        r"x = " + r"\sum_i" * 5_000 + " a",
        "x = " + "e^{" * 3_000 + "1" + "}" * 3_000,
        r"x = " + r"\frac{1}{" * 3_000 + "1" + "}" * 3_000,
    ],
)
def test_what_is_too_deep_is_one_clear_error(source: str) -> None:
    with pytest.raises(ReadError, match="nested too deeply"):
        read_document(source, notation="latex")


@pytest.mark.parametrize(
    "text",
    [
        "$$ x \n\n" * 20_000,
        "$" * 50_001,
        r"\begin{align}" * 20_000,
        "`" * 100_000 + " $x = 1$",
        "$$" + "a," * 20_000 + "$$",
        "$$" + "a=b," * 5_000 + "$$",
        "$$" + r"\begin{array}" * 2_000 + "$$",
        "$$x = " + "|a" * 10_000 + "$$",
        r"\newcommand{\a}[1]{" * 20_000,
        r"$\newcommand{\a}[1]{" + "#1" * 900 + r"} x=\a{\a{\a{\a{x}}}}$",
        "".join(rf"\newcommand{{\{chr(97 + i)}}}{{\{chr(98 + i)}\{chr(98 + i)}}}" for i in range(24)) + r"$x=\a$",
    ],
)
def test_hostile_documents_end_soon(text: str) -> None:
    read_document(text, "a.md")


def test_macros_that_never_end_are_refused() -> None:
    [statement] = read_document(r"$\newcommand{\a}{\a\a} x=\a$", "a.md").statements
    assert told(statement) == r"unread: the macro \a expands without end"


def test_a_thousand_equations_are_read() -> None:
    display = "$$Z^{[1]} = W^{[1]}X + b^{[1]} + \\frac{1}{m}\\sum_{i=1}^m (y^{(i)}\\log a)$$\n\n"
    document = read_document(display * 1_000, "a.md")
    assert len(document.statements) == 1_000
