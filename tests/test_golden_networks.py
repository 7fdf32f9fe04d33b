"""The closed forms of the article's network and its kin, to the letter, as text and as LaTeX."""

from __future__ import annotations

from pathlib import Path

import pytest

import handgrad as hg
from handgrad.derived import Derivation
from written_networks import latex_network, python_network

ROOT = Path(__file__).resolve().parents[1]
EXAMPLES = ROOT / "examples"
ARTICLE = ROOT.parent / "shared" / "article" / "math-behind-backpropagation.md"
EXCERPT = Path(__file__).parent / "data" / "article_equations.md"

TEXT = {
    "A2": "(A2 − Y)/(m A2 ⊙ (1 − A2))",
    "Z2": "(A2 − Y)/m",
    "W2": "(A2 − Y) A1ᵀ/m",
    "b2": "(A2 − Y) 1/m",
    "A1": "W2ᵀ (A2 − Y)/m",
    "Z1": "(W2ᵀ (A2 − Y)) ⊙ g′(Z1)/m",
    "W1": "∂J/∂Z1 Xᵀ",
    "b1": "∂J/∂Z1 1",
}
LATEX = {
    "A2": r"\frac{1}{m} \frac{A^{[2]} - Y}{A^{[2]} \odot (1 - A^{[2]})}",
    "Z2": r"\frac{1}{m} (A^{[2]} - Y)",
    "W2": r"\frac{1}{m} (A^{[2]} - Y) A^{[1]\top}",
    "A1": r"\frac{1}{m} W^{[2]\top} (A^{[2]} - Y)",
    "Z1": r"\frac{1}{m} (W^{[2]\top} (A^{[2]} - Y)) \odot g'(Z^{[1]})",
    "W1": r"\frac{\partial J}{\partial Z^{[1]}} X^{\top}",
    "b1": r"\frac{\partial J}{\partial Z^{[1]}} \mathbf{1}",
}


def texts(d: Derivation) -> dict[str, str]:
    return {name: expr.text() for name, expr in d.gradients.items()}


def latexes(d: Derivation) -> dict[str, str]:
    return {name: letters(expr.latex()) for name, expr in d.gradients.items()}


def letters(latex: str) -> str:
    """Without the sizes of brackets, which are the printer's choice."""
    return latex.replace(r"\left", "").replace(r"\right", "")


def subscripted(latex: dict[str, str]) -> dict[str, str]:
    """W^{[1]} as Python's W1 is set: W_{1}."""
    result = dict(latex)
    for letter in "AWZb":
        for layer in "12":
            plain = f"{letter}_{{{layer}}}"
            for name, form in result.items():
                turned = form.replace(f"{letter}^{{[{layer}]\\top}}", plain + r"^{\top}")
                result[name] = turned.replace(f"{letter}^{{[{layer}]}}", plain)
    return result


# The two examples of the same network.


@pytest.mark.parametrize("name", ["two_layer_network.md", "two_layer_network.txt"])
def test_two_layers_as_text(name: str) -> None:
    assert texts(hg.derive(hg.read(EXAMPLES / name))) == TEXT


def test_two_layers_as_latex() -> None:
    found = latexes(hg.derive(hg.read(EXAMPLES / "two_layer_network.md")))
    assert {name: found[name] for name in LATEX} == LATEX


def test_two_layers_as_latex_from_python() -> None:
    found = latexes(hg.derive(hg.read(EXAMPLES / "two_layer_network.txt")))
    assert {name: found[name] for name in LATEX} == subscripted(LATEX)


def test_two_layers_bias_as_latex() -> None:
    found = latexes(hg.derive(hg.read(EXAMPLES / "two_layer_network.md")))
    assert found["b2"] == r"\frac{1}{m} (A^{[2]} - Y) \mathbf{1}"


@pytest.mark.parametrize("name", ["two_layer_network.md", "two_layer_network.txt"])
def test_parameters_and_shapes(name: str) -> None:
    d = hg.derive(hg.read(EXAMPLES / name))
    assert set(d) == {"W1", "b1", "W2", "b2"}
    assert {p: ", ".join(map(str, d[p].shape)) for p in d} == {"W1": "h, n", "b1": "h, 1", "W2": "1, h", "b2": "1, 1"}


def test_steps_of_the_output_layer() -> None:
    d = hg.derive(hg.read(EXAMPLES / "two_layer_network.md"))
    steps = next(section.steps for section in d.sections if section.wrt.name == "Z2")
    assert [step.reason for step in steps] == ["chain rule along J → A2 → Z2", "put in each factor", "cancel"]
    assert [[factor.name for factor in product] for product in steps[0].factors] == [["∂J/∂A2", "∂A2/∂Z2"]]
    assert [step.right.text() for step in steps[1:]] == [
        "((A2 − Y)/(m A2 ⊙ (1 − A2))) ⊙ A2 ⊙ (1 − A2)",
        "(A2 − Y)/m",
    ]


def test_chain_of_the_first_layer_names_the_whole_path() -> None:
    d = hg.derive(hg.read(EXAMPLES / "two_layer_network.md"))
    chain = next(section.steps[0] for section in d.sections if section.wrt.name == "W1")
    expected = ["∂J/∂A2", "∂A2/∂Z2", "∂Z2/∂A1", "∂A1/∂Z1", "∂Z1/∂W1"]
    assert [[factor.name for factor in product] for product in chain.factors] == [expected]


def test_factors_one_by_one() -> None:
    d = hg.derive(hg.read(EXAMPLES / "two_layer_network.md"))
    assert {factor.partial.name: factor.form.text() for factor in d.sweep.factors} == {
        "∂J/∂A2": "((1 − Y)/(1 − A2) − Y/A2)/m",
        "∂A2/∂Z2": "δ ⊙ A2 ⊙ (1 − A2)",
        "∂Z2/∂W2": "δ A1ᵀ",
        "∂Z2/∂b2": "δ 1",
        "∂Z2/∂A1": "W2ᵀ δ",
        "∂A1/∂Z1": "δ ⊙ g′(Z1)",
        "∂Z1/∂W1": "δ Xᵀ",
        "∂Z1/∂b1": "δ 1",
    }


@pytest.mark.parametrize("name", ["two_layer_network.md", "two_layer_network.txt"])
def test_given_g(name: str) -> None:
    d = hg.derive(hg.read(EXAMPLES / name, let={"g": "tanh"}))
    assert texts(d) == {**TEXT, "Z1": "(W2ᵀ (A2 − Y)) ⊙ (1 − A1 ⊙ A1)/m"}


# One example: vectors, no m and no 1.

ONE_EXAMPLE = {"Z2": "A2 − Y", "b2": "A2 − Y", "W1": "∂J/∂Z1 Xᵀ", "b1": "∂J/∂Z1"}


@pytest.mark.parametrize("name", ["two_layer_network.md", "two_layer_network.txt"])
def test_one_example(name: str) -> None:
    d = hg.derive(hg.read(EXAMPLES / name, examples="one"))
    found = texts(d)
    assert {p: found[p] for p in ONE_EXAMPLE} == ONE_EXAMPLE
    assert found["Z1"] in {"(A2 − Y) W2ᵀ ⊙ g′(Z1)", "(W2ᵀ (A2 − Y)) ⊙ g′(Z1)"}
    assert {p: ", ".join(map(str, d[p].shape)) for p in d} == {"W1": "h, n", "b1": "h, 1", "W2": "1, h", "b2": "1, 1"}


def test_one_example_output_weights() -> None:
    assert texts(hg.derive(hg.read(EXAMPLES / "two_layer_network.md", examples="one")))["W2"] == "(A2 − Y) A1ᵀ"


# The other examples.


def test_softmax() -> None:
    found = texts(hg.derive(hg.read(EXAMPLES / "softmax_network.txt")))
    assert found == {
        "P": "−Y/(m P)",
        "Z2": "(P − Y)/m",
        "W2": "(P − Y) A1ᵀ/m",
        "b2": "(P − Y) 1/m",
        "A1": "W2ᵀ (P − Y)/m",
        "Z1": "(W2ᵀ (P − Y)) ⊙ [Z1 > 0]/m",
        "W1": "∂J/∂Z1 Xᵀ",
        "b1": "∂J/∂Z1 1",
    }


def test_softmax_as_latex() -> None:
    d = hg.derive(hg.read(EXAMPLES / "softmax_network.txt"))
    assert latexes(d)["Z2"] == r"\frac{1}{m} (P - Y)"
    assert latexes(d)["b2"] == r"\frac{1}{m} (P - Y) \mathbf{1}"


def test_softmax_needs_its_fact() -> None:
    """Without the declared onehot the columns of Y need not sum to 1, so P − Y would be wrong."""
    text = (EXAMPLES / "softmax_network.txt").read_text().replace(" in onehot(0)", "")
    assert texts(hg.derive(hg.parse(text)))["Z2"] != "(P − Y)/m"


def test_regression() -> None:
    d = hg.derive(hg.read(EXAMPLES / "regression_network.txt"))
    assert {name: text.replace("lam", "λ") for name, text in texts(d).items()} == {
        "A2": "(A2 − y)/m",
        "W2": "A1ᵀ (A2 − y)/m + λ W2",
        "b2": "1ᵀ (A2 − y)/m",
        "A1": "(A2 − y) W2ᵀ/m",
        "Z1": "((A2 − y) W2ᵀ) ⊙ (1 − A1 ⊙ A1)/m",
        "W1": "Xᵀ ∂J/∂Z1 + λ W1",
        "b1": "1ᵀ ∂J/∂Z1",
    }


def test_regression_as_latex() -> None:
    found = latexes(hg.derive(hg.read(EXAMPLES / "regression_network.txt")))
    assert found["W2"] == r"\frac{1}{m} A_{1}^{\top} (A_{2} - y) + \lambda W_{2}"
    assert found["b1"] == r"\mathbf{1}^{\top} \frac{\partial J}{\partial Z_{1}}"


ROWS = """
X: (m, n)
Y: (m, k) in {0, 1}
b1: (h,)
b2: (k,)
Z1 = X @ W1 + b1
A1 = g(Z1)
Z2 = A1 @ W2 + b2
A2 = sigmoid(Z2)
J = -sum(Y * log(A2) + (1 - Y) * log(1 - A2)) / m
"""


def test_rows_with_vector_biases() -> None:
    d = hg.derive(hg.parse(ROWS))
    assert {p: ", ".join(map(str, d[p].shape)) for p in d} == {"W1": "n, h", "b1": "h", "W2": "h, k", "b2": "k"}
    assert texts(d) == {
        "A2": "(A2 − Y)/(m A2 ⊙ (1 − A2))",
        "Z2": "(A2 − Y)/m",
        "W2": "A1ᵀ (A2 − Y)/m",
        "b2": "(A2 − Y)ᵀ 1/m",
        "A1": "(A2 − Y) W2ᵀ/m",
        "Z1": "((A2 − Y) W2ᵀ) ⊙ g′(Z1)/m",
        "W1": "Xᵀ ∂J/∂Z1",
        "b1": "(∂J/∂Z1)ᵀ 1",
    }


# Any depth, any mix of activations.

SLOPE_TEXT = {  # of layer l's activation, in the author's names
    "g": "⊙ g′(Z{l})",
    "tanh": "⊙ (1 − A{l} ⊙ A{l})",
    "relu": "⊙ [Z{l} > 0]",
    "sigmoid": "⊙ A{l} ⊙ (1 − A{l})",
    "softplus": "⊙ σ(Z{l})",
}
SLOPE_LATEX = {
    "g": r"\odot g'(Z^{[{l}]})",
    "tanh": r"\odot (1 - A^{[{l}]} \odot A^{[{l}]})",
    "relu": r"\odot \mathbb{1}[Z^{[{l}]} > 0]",
    "sigmoid": r"\odot A^{[{l}]} \odot (1 - A^{[{l}]})",
    "softplus": r"\odot \sigma(Z^{[{l}]})",
}


def mixed(depth: int) -> list[str]:
    return [list(SLOPE_TEXT)[layer % len(SLOPE_TEXT)] for layer in range(depth - 1)] + ["sigmoid"]


def textbook_text(activations: list[str]) -> dict[str, str]:
    """What a textbook prints for each layer."""
    depth = len(activations)
    forms = {
        f"Z{depth}": f"(A{depth} − Y)/m",
        f"W{depth}": f"(A{depth} − Y) A{depth - 1}ᵀ/m",
        f"b{depth}": f"(A{depth} − Y) 1/m",
    }
    for layer, activation in enumerate(activations[:-1], 1):
        above = f"∂J/∂Z{layer + 1}" if layer < depth - 1 else f"(A{depth} − Y)"
        slope = SLOPE_TEXT[activation].replace("{l}", str(layer))
        forms[f"Z{layer}"] = f"(W{layer + 1}ᵀ {above}) {slope}" + ("/m" if layer == depth - 1 else "")
        forms[f"W{layer}"] = f"∂J/∂Z{layer} " + (f"A{layer - 1}ᵀ" if layer > 1 else "Xᵀ")
        forms[f"b{layer}"] = f"∂J/∂Z{layer} 1"
    return forms


def textbook_latex(activations: list[str]) -> dict[str, str]:
    depth = len(activations)

    def name(letter: str, layer: int) -> str:
        return f"{letter}^{{[{layer}]}}"

    def gradient(layer: int) -> str:
        return rf"\frac{{\partial J}}{{\partial {name('Z', layer)}}}"

    output = rf"({name('A', depth)} - Y)"
    forms = {f"Z{depth}": rf"\frac{{1}}{{m}} {output}"}
    forms[f"W{depth}"] = rf"\frac{{1}}{{m}} {output} A^{{[{depth - 1}]\top}}"
    for layer, activation in enumerate(activations[:-1], 1):
        front, above = ("", gradient(layer + 1)) if layer < depth - 1 else (r"\frac{1}{m} ", output)
        slope = SLOPE_LATEX[activation].replace("{l}", str(layer))
        forms[f"Z{layer}"] = rf"{front}(W^{{[{layer + 1}]\top}} {above}) {slope}"
        forms[f"W{layer}"] = f"{gradient(layer)} " + (rf"A^{{[{layer - 1}]\top}}" if layer > 1 else r"X^{\top}")
        forms[f"b{layer}"] = rf"{gradient(layer)} \mathbf{{1}}"
    return forms


@pytest.mark.parametrize("depth", [2, 3, 10, 50])
@pytest.mark.parametrize("write", [python_network, latex_network])
def test_any_depth(depth: int, write: object) -> None:
    activations = mixed(depth)
    d = hg.derive(hg.parse(write(activations)))  # type: ignore[operator]
    found = texts(d)
    expected = textbook_text(activations)
    assert {name: found[name] for name in expected} == expected
    assert set(d) == {f"{letter}{layer}" for letter in "Wb" for layer in range(1, depth + 1)}
    if write is latex_network:
        latex, expected = latexes(d), textbook_latex(activations)
        assert {name: latex[name] for name in expected} == expected


@pytest.mark.parametrize("activation", list(SLOPE_TEXT))
def test_one_activation_all_the_way(activation: str) -> None:
    activations = [activation] * 4 + ["sigmoid"]
    found = texts(hg.derive(hg.parse(python_network(activations))))
    expected = textbook_text(activations)
    assert {name: found[name] for name in expected} == expected


def test_size_grows_linearly_with_depth() -> None:
    """Names are kept: no closed form of a deep network is longer than a layer's."""

    def longest(depth: int) -> int:
        return max(map(len, texts(hg.derive(hg.parse(python_network(mixed(depth))))).values()))

    assert longest(24) <= longest(6) + 8  # the names have a digit more


def test_no_dollar_stands_in_a_display() -> None:
    """A $$ inside a $$ display would end it, on a code-hosting page."""
    d = hg.derive(hg.read(EXAMPLES / "two_layer_network.md", let={"g": "tanh"}))
    page = d.markdown(functions=True)
    displays = page.split("$$")[1::2]
    assert len(displays) > 12
    assert not any("$" in display for display in displays)
    assert r"\sigma(x)(1 - \sigma(x))" in page.replace(" (1", "(1")
    for display in displays:
        assert display.strip().startswith(r"\begin{aligned}")
        assert display.strip().endswith(r"\end{aligned}")


# The article: run-together displays, the cost only inside a derivative, log without backslash, wrong lines.

ARTICLE_TEXT = {**TEXT, "Z1": "(W2ᵀ (A2 − Y)) ⊙ g1′(Z1)/m"}
ARTICLE_LATEX = {
    **LATEX,
    "b2": r"\frac{1}{m} (A^{[2]} - Y) \mathbf{1}",
    "Z1": LATEX["Z1"].replace("g'", r"g^{[1]\prime}"),
}


def assert_right_gradients(path: Path) -> None:
    d = hg.derive(hg.read(path))
    assert set(d) == {"W1", "b1", "W2", "b2"}
    assert texts(d) == ARTICLE_TEXT
    assert latexes(d) == ARTICLE_LATEX
    assumed = "\n".join(d.model.assumptions)
    assert "J is given only inside a derivative" in assumed
    assert "b1 is one column, added to every example" in assumed
    assert "g1 is not defined" in assumed
    assert {update.target.name for update in d.model.updates} == {"W1", "b1", "W2", "b2"}


def test_excerpt_of_the_article() -> None:
    assert_right_gradients(EXCERPT)


def test_excerpt_for_one_example_with_g_given() -> None:
    d = hg.derive(hg.read(EXCERPT, examples="one", let={"g": "tanh"}))
    assert texts(d) == {
        "A2": "(A2 − Y)/(A2 ⊙ (1 − A2))",
        "Z2": "A2 − Y",
        "W2": "(A2 − Y) A1ᵀ",
        "b2": "A2 − Y",
        "A1": "W2ᵀ (A2 − Y)",
        "Z1": "(W2ᵀ (A2 − Y)) ⊙ (1 − A1 ⊙ A1)",
        "W1": "∂J/∂Z1 Xᵀ",
        "b1": "∂J/∂Z1",
    }


@pytest.mark.skipif(not ARTICLE.exists(), reason="the article's full text is not part of this project")
def test_the_article_itself() -> None:
    assert_right_gradients(ARTICLE)
