r"""Names: how a symbol is called inside (its id) and how LaTeX prints it, and the words readers know.

>>> latex_of_identifier("W1"), latex_of_identifier("y_hat"), latex_of_identifier("lam")
('W_{1}', '\\hat{y}', '\\lambda')
>>> with_layer("W", "1"), with_layer("W", "l-1"), with_accent("y", "hat"), with_word("y", "pred")
('W1', 'W[l-1]', 'y_hat', 'y_pred')
"""

from __future__ import annotations

import re
from functools import cache

from handgrad.notation.syntax import Indexed, Name, Number, Syntax, walk


def word_set(text: str) -> frozenset[str]:
    """The words of a text."""
    return frozenset(text.split())


GREEK: dict[str, str] = {
    "alpha": "α", "beta": "β", "gamma": "γ", "delta": "δ", "epsilon": "ϵ", "varepsilon": "ε", "zeta": "ζ",
    "eta": "η", "theta": "θ", "vartheta": "ϑ", "iota": "ι", "kappa": "κ", "lambda": "λ", "mu": "μ", "nu": "ν",
    "xi": "ξ", "pi": "π", "rho": "ρ", "varrho": "ϱ", "sigma": "σ", "varsigma": "ς", "tau": "τ",
    "upsilon": "υ", "phi": "φ", "varphi": "ϕ", "chi": "χ", "psi": "ψ", "omega": "ω",
    "Gamma": "Γ", "Delta": "Δ", "Theta": "Θ", "Lambda": "Λ", "Xi": "Ξ", "Pi": "Π", "Sigma": "Σ",
    "Upsilon": "Υ", "Phi": "Φ", "Psi": "Ψ", "Omega": "Ω",
}  # fmt: skip

FUNCTION_WORDS: frozenset[str] = word_set(
    "log ln exp sqrt sin cos tan sinh cosh tanh arctan sign abs erf max min sum mean var std tr trace det "
    "logdet diag inv softmax logsumexp sigmoid Sigmoid relu ReLU LeakyReLU elu ELU selu gelu GELU silu "
    "SiLU mish softplus softsign argmax argmin Softmax Sum lim rank vec dim"
)
"""Function names that people write in a run of letters, `Ylog(A)`."""

WORDS: frozenset[str] = word_set(
    "loss Loss cost Cost grad pred true prod MSE mse RSS NLL BCE out reg ReLU prod score logit"
)
"""Short words that are one symbol, not a product of letters; longer runs are words in any case."""

ACCENTS: dict[str, str] = {
    "hat": "hat", "widehat": "hat", "bar": "bar", "overline": "bar", "tilde": "tilde", "widetilde": "tilde",
    "dot": "dot", "ddot": "ddot", "check": "check", "breve": "breve", "underline": "under",
}  # fmt: skip

ALIASES = {"lam": "lambda", "lambda_": "lambda", "eps": "epsilon", "ell": "ell"}
_ACCENT_COMMANDS = {"hat", "bar", "tilde", "dot", "ddot", "check", "breve"}
_ACCENTED = re.compile(r"(.+)_(hat|bar|tilde|dot|ddot|check|breve|under)$")
_LETTER_INDICES = frozenset("ijklmnpqrst")
_INDEX_LIKE_WORDS = frozenset({"in", "min", "nil"})
_WORD_LENGTH = 5  # a run of five letters is a word; nobody multiplies five scalars side by side


def with_layer(identifier: str, layer: str) -> str:
    """The id of a name with a layer: digits are put behind it, other layers in square brackets."""
    accented = _ACCENTED.match(identifier)
    if accented:
        return f"{with_layer(accented[1], layer)}_{accented[2]}"
    if layer.isdigit() and not identifier[-1:].isdigit():
        return identifier + layer
    return f"{identifier}[{layer}]"


def with_word(identifier: str, word: str) -> str:
    """The id of a name with a word as its subscript."""
    accented = _ACCENTED.match(identifier)
    return f"{accented[1]}_{word}_{accented[2]}" if accented else f"{identifier}_{word}"


def with_accent(identifier: str, accent: str) -> str:
    """The id of a name under an accent."""
    return f"{identifier}_{accent}"


def is_subscript_word(run: str) -> bool:
    """Whether letters in a subscript are a word (`pred`, `in`) and not indices (`ij`, `k`).

    >>> [run for run in ("i", "ij", "ijk", "hx", "in", "out", "pred", "CE") if is_subscript_word(run)]
    ['in', 'out', 'pred', 'CE']
    """
    if run in _INDEX_LIKE_WORDS or run in WORDS or len(run) > 3 or (run.isupper() and len(run) > 1):
        return True
    return len(run) == 3 and not _LETTER_INDICES.issuperset(run)


def split_run(run: str, known: frozenset[str] = frozenset()) -> list[str]:
    """The symbols in a run of letters as TeX and people read it; `known` are the document's own words.

    >>> split_run("Ylog"), split_run("WX"), split_run("dW"), split_run("gradient")
    (['Y', 'log'], ['W', 'X'], ['dW'], ['gradient'])
    """
    if len(run) == 1 or run in known or run in WORDS or run in FUNCTION_WORDS:
        return [run]
    if run[0] == "d" and (len(run) == 2 or run[1:] in WORDS or run[1:] in known):
        return [run]
    return list(_pieces(run))


@cache
def _pieces(run: str) -> tuple[str, ...]:
    """Split a run around the longest function word with at most two letters on either side."""
    if len(run) < 64:
        for length in range(len(run) - 1, 1, -1):
            for start in range(len(run) - length + 1):
                word = run[start : start + length]
                if word in FUNCTION_WORDS and start <= 2 and len(run) - start - length <= 2:
                    return (*_letters(run[:start]), word, *_letters(run[start + length :]))
    return (run,) if len(run) >= _WORD_LENGTH else _letters(run)


def _letters(run: str) -> tuple[str, ...]:
    """Single letters, with a `d` before a capital kept as one gradient name."""
    return tuple(re.findall(r"d[A-Z]|.", run))


def latex_of_identifier(name: str) -> str:
    r"""How LaTeX prints a Python identifier.

    >>> [latex_of_identifier(name) for name in ("dZ2", "theta_1", "W1_hat", "loss", "y_pred", "x_i")]
    ['dZ_{2}', '\\theta_{1}', '\\hat{W}_{1}', '\\mathrm{loss}', 'y_{\\mathrm{pred}}', 'x_{i}']
    """
    accented = _ACCENTED.match(name)
    if accented:
        inner = latex_of_identifier(accented[1])
        stem, mark, rest = inner.partition("_")
        command = accented[2] if accented[2] in _ACCENT_COMMANDS else "underline"
        return f"\\{command}{{{stem}}}{mark}{rest}"
    if name in ALIASES:
        return "\\" + ALIASES[name]
    stem, _, subscript = name.rstrip("_").partition("_")
    digits = re.search(r"[0-9]+$", stem)
    if digits and digits.start() > 0:
        stem = stem[: digits.start()]
        subscript = digits[0] + ("," + subscript if subscript else "")
    printed = _latex_of_stem(stem)
    return f"{printed}_{{{_latex_of_subscript(subscript)}}}" if subscript else printed


def _latex_of_stem(stem: str) -> str:
    stem = ALIASES.get(stem, stem)
    if stem in GREEK or stem == "ell":
        return "\\" + stem
    for command, letter in GREEK.items():
        if stem == letter:
            return "\\" + command
    if stem[:1] == "d" and len(stem) > 1 and (len(stem) == 2 or stem[1:] in GREEK):
        return "d" + _latex_of_stem(stem[1:])
    return stem if len(stem) == 1 else rf"\mathrm{{{stem}}}"


def _latex_of_subscript(subscript: str) -> str:
    parts = re.split(r"[_,]", subscript)
    return ",".join(part if part.isdigit() or len(part) <= 1 else _latex_of_stem(part) for part in parts)


def flat_name(node: Indexed) -> Name:
    r"""The name that an indexed symbol is where its subscript belongs to the name: `n_x`, `x^{(i)}`.

    >>> from handgrad.notation.syntax import Span
    >>> here = Span(0, 3)
    >>> flat_name(Indexed(Name("n", "n", here), (Name("x", "x", here),), "element", here))
    Name(id='n_x', latex='n_{x}', span=Span(start=0, end=3))
    """
    base = flat_name(node.base) if isinstance(node.base, Indexed) else node.base
    if not isinstance(base, Name):
        raise TypeError("only an indexed name is a name")
    identifier = ",".join(_plain(index) for index in node.indices)
    latex = ",".join(_plain(index, latex=True) for index in node.indices)
    if node.style == "example":
        return Name(f"{base.id}({identifier})", f"{base.latex}^{{({latex})}}", node.span)
    return Name(f"{base.id}_{identifier}", f"{base.latex}_{{{latex}}}", node.span)


def _plain(node: Syntax, *, latex: bool = False) -> str:
    """An index in letters and signs, `t-1`."""
    if isinstance(node, Name):
        return node.latex if latex else node.id
    if isinstance(node, Number):
        return str(node.value)
    left, op, right = getattr(node, "left", None), getattr(node, "op", None), getattr(node, "right", None)
    if left is not None and right is not None:
        return f"{_plain(left, latex=latex)}{op}{_plain(right, latex=latex)}"
    return "".join(_plain(part, latex=latex) for part in walk(node) if isinstance(part, Name | Number))
