r"""LaTeX: \frac{1}{m} \left(A^{[2]} - Y\right) A^{[1]\top}."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from handgrad.axes import Size
from handgrad.expr import Expr, Symbol
from handgrad.functions import AnyFunction, MatrixFunction, Notation
from handgrad.render.printer import Printer


class LatexStyle:
    """LaTeX that KaTeX and code hosts render."""

    hadamard, matmul, minus, plus, identity = r" \odot ", " ", " - ", " + ", "I"
    kronecker = r" \otimes "
    convolution = r" \ast "
    correlation = r" \star "
    ones = r"\mathbf{1}"
    scalars_in_front = True

    def name(self, symbol: Symbol) -> str:
        """The name as its author printed it."""
        return symbol.latex_name

    def number(self, value: Fraction) -> str:
        r"""p or \frac{p}{q}."""
        if value.denominator == 1:
            return str(value)
        return rf"\frac{{{value.numerator}}}{{{value.denominator}}}"

    def brackets(self, inner: str) -> str:
        r"""(inner), with \left and \right where the inside is tall."""
        tall = any(sign in inner for sign in (r"\frac", r"\sum", r"\left", r"\sqrt"))
        return rf"\left({inner}\right)" if tall else f"({inner})"

    def fraction(self, over: str, under: str, *, over_holds: bool, under_holds: bool) -> str:
        r"""\frac{over}{under}: the bar brackets both."""
        return rf"\frac{{{over}}}{{{under}}}"

    def transposed(self, inner: str) -> str:
        r"""A^{[1]\top} where the name has an upper index, A^\top else."""
        return _raised(inner, r"\top")

    def inverse_transposed(self, inner: str) -> str:
        r"""inner^{-\top}."""
        return _raised(inner, r"-\top")

    def power(self, inner: str, exponent: Fraction, elementwise: bool) -> str:
        r"""A superscript; \circ marks an elementwise power."""
        mark = r"\circ " if elementwise else ""
        return _raised(inner, f"{mark}{exponent}", own=True)

    def running_power(self, inner: str, start: int, step: int, letter: str) -> str:
        r"""X^{3-s}."""
        exponent = f"{start or ''}{'-' if step < 0 else '+' if start else ''}{letter}"
        return _raised(inner, exponent, own=True)

    def series(self, letter: str, last: int, inner: str) -> str:
        r"""\sum_{s=0}^{3} inner."""
        return rf"\sum_{{{letter}=0}}^{{{last}}} {inner}"

    def root(self, inner: str, holds: bool) -> str:
        r"""\sqrt{inner}."""
        return rf"\sqrt{{{inner}}}"

    def apply(self, function: AnyFunction, args: Sequence[str]) -> str:
        """The function's own LaTeX notation."""
        if isinstance(function, MatrixFunction) and function.inverts:
            return _raised(args[0], "-1")
        return self.write(function.notation, args)

    def write(self, notation: Notation, args: Sequence[str]) -> str:
        """A LaTeX notation around its arguments; brackets are only as tall as need be."""
        latex = Notation.filled(notation.latex, args)
        inner = ", ".join(args)
        return latex.replace(rf"\left({inner}\right)", self.brackets(inner))

    def measure(self, kind: str, inner: str) -> str:
        r"""\sum(…) is the sum of all entries."""
        if kind == "square":
            return rf"\left\lVert {inner} \right\rVert^2"
        if kind == "norm":
            return rf"\left\lVert {inner} \right\rVert"
        words = {"trace": "tr", "diagonal": "diag", "mean": "mean"}
        sign = rf"\operatorname{{{words[kind]}}}" if kind in words else r"\sum "
        if kind == "total" and inner.startswith("(") and inner.endswith(")"):
            return sign + inner
        return sign + self.brackets(inner)

    def diagonal(self, inner: str) -> str:
        """diag(inner)."""
        return rf"\operatorname{{diag}}\left({inner}\right)"

    def vec(self, inner: str) -> str:
        """vec(inner)."""
        return rf"\operatorname{{vec}}{self.brackets(inner)}"

    def commutation(self, height: Size, width: Size) -> str:
        """K with both sizes: Magnus and Neudecker's sign."""
        return f"K_{{{height}, {width}}}"

    def entry(self, name: str, letters: tuple[str, ...]) -> str:
        """An entry with its lower indices."""
        if not letters:
            return name
        inner = ("" if all(len(letter) == 1 for letter in letters) else ",").join(letters)
        return f"{name}_{{{inner}}}" if "_" not in name and "^" not in name else rf"\left[{name}\right]_{{{inner}}}"

    def condition(self, left: str, relation: str, right: str) -> str:
        """[i = j]."""
        return rf"\left[{left} {relation} {right}\right]".replace("≤", r"\le")

    def selected(self, inner: str, rows: str, columns: str) -> str:
        """X_{[1:, :3]}."""
        return f"{inner}_{{[{rows}]}}" if not columns else f"{inner}_{{[{rows or ':'},\\, {columns}]}}"

    def indexed_sum(self, letters: str, inner: str) -> str:
        """A sum over index letters."""
        return rf"\sum_{{{letters}}} {inner}"


def _raised(inner: str, mark: str, own: bool = False) -> str:
    """The inner text with a mark in the superscript; `own` asks for brackets around a name that has one."""
    if inner.startswith(r"\operatorname{vec}"):
        return f"{inner}^{{{mark}}}"
    if inner.startswith(r"\frac") and not inner.startswith(r"\left"):
        return rf"\left({inner}\right)^{{{mark}}}"
    if "^" not in inner or inner.startswith((r"\left(", "(")):
        return f"{inner}^{{{mark}}}"
    if not own and not inner.startswith("e^") and inner.endswith("}") and inner.count("^") == 1:
        return f"{inner[:-1]}{mark}}}"
    return rf"\left({inner}\right)^{{{mark}}}"


_printer = Printer(LatexStyle())


def latex(expr: Expr) -> str:
    r"""An expression as LaTeX.

    >>> from handgrad.axes import shape
    >>> from handgrad.canonical import matmul, transpose
    >>> A = Symbol("A1", shape("h", "m"), latex="A^{[1]}")
    >>> print(latex(matmul(A, transpose(A))))
    A^{[1]} A^{[1]\top}
    """
    return _printer.expression(expr)


Expr.doors["latex"] = latex


def latex_of(symbol: Symbol, expr: Expr) -> str:
    """The left side of symbol = expr, with index letters where the right side has them."""
    return _printer.entry_of(symbol, expr)
