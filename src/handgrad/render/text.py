"""Unicode text for terminals: ∂J/∂W2 = (A2 − Y) A1ᵀ/m."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from handgrad.axes import Size
from handgrad.expr import Expr, Symbol
from handgrad.functions import AnyFunction, Notation
from handgrad.notation.names import ALIASES, GREEK
from handgrad.render.printer import Printer

SUPERSCRIPT = str.maketrans("0123456789-+/srtqp", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺ᐟˢʳᵗ𐞥ᵖ")


class TextStyle:
    """Plain Unicode."""

    hadamard, matmul, minus, plus, ones, identity = " ⊙ ", " ", " − ", " + ", "1", "I"
    kronecker = " ⊗ "
    convolution = " ∗ "
    correlation = " ⋆ "
    scalars_in_front = False

    def name(self, symbol: Symbol) -> str:
        """The name as given, Greek letters as letters."""
        if symbol.partial is not None:
            return symbol.name
        base = symbol.name.rstrip("0123456789")
        return GREEK.get(ALIASES.get(base, base), base) + symbol.name[len(base) :]

    def number(self, value: Fraction) -> str:
        """p or p/q."""
        return str(value)

    def brackets(self, inner: str) -> str:
        """(inner)."""
        return f"({inner})"

    def fraction(self, over: str, under: str, *, over_holds: bool, under_holds: bool) -> str:
        """over/under."""
        over = over if over_holds else self.brackets(over)
        return f"{over}/{under if under_holds else self.brackets(under)}"

    def transposed(self, inner: str) -> str:
        """innerᵀ."""
        return f"({inner})ᵀ" if inner.startswith("∂") else f"{inner}ᵀ"

    def inverse_transposed(self, inner: str) -> str:
        """inner⁻ᵀ."""
        return f"{inner}⁻ᵀ"

    def power(self, inner: str, exponent: Fraction, elementwise: bool) -> str:
        """Superscript digits; ∘ marks an elementwise power."""
        return f"{inner}{'∘' if elementwise else ''}{str(exponent).translate(SUPERSCRIPT)}"

    def running_power(self, inner: str, start: int, step: int, letter: str) -> str:
        """Superscripts: X³⁻ˢ."""
        exponent = f"{start or ''}{'-' if step < 0 else '+' if start else ''}{letter}"
        return f"{inner}{exponent.translate(SUPERSCRIPT)}"

    def series(self, letter: str, last: int, inner: str) -> str:
        """Σ[s=0…3] inner."""
        return f"Σ[{letter}=0…{last}] {inner}"

    def root(self, inner: str, holds: bool) -> str:
        """√inner."""
        return f"√{inner if holds else self.brackets(inner)}"

    def apply(self, function: AnyFunction, args: Sequence[str]) -> str:
        """The function's own text notation."""
        return self.write(function.notation, args)

    def write(self, notation: Notation, args: Sequence[str]) -> str:
        """A text notation around its arguments."""
        template = notation.text
        if args[0].startswith("(") and template.endswith(" {0}"):  # log(1 + x), but log x
            return template.removesuffix(" {0}") + args[0]
        return Notation.filled(template, args)

    def measure(self, kind: str, inner: str) -> str:
        """Σ(…) is the sum of all entries, ‖…‖² that of their squares."""
        if kind == "square":
            return f"‖{inner}‖²"
        if kind == "norm":
            return f"‖{inner}‖"
        return {"trace": "tr", "total": "Σ", "mean": "mean", "diagonal": "diag"}[kind] + self.brackets(inner)

    def diagonal(self, inner: str) -> str:
        """diag(inner)."""
        return f"diag({inner})"

    def vec(self, inner: str) -> str:
        """vec(inner)."""
        return f"vec({inner})"

    def commutation(self, height: Size, width: Size) -> str:
        """K with both sizes: Magnus and Neudecker's sign."""
        return f"K[{height},{width}]"

    def entry(self, name: str, letters: tuple[str, ...]) -> str:
        """name[i,j]."""
        return f"{name}[{','.join(letters)}]" if letters else name

    def condition(self, left: str, relation: str, right: str) -> str:
        """[i = j]."""
        return f"[{left} {relation} {right}]"

    def selected(self, inner: str, rows: str, columns: str) -> str:
        """X[1:, :3], as in NumPy."""
        return f"{inner}[{rows}]" if not columns else f"{inner}[{rows or ':'}, {columns}]"

    def indexed_sum(self, letters: str, inner: str) -> str:
        """Σ[k] inner."""
        return f"Σ[{letters}] {inner}"


_printer = Printer(TextStyle())


def text(expr: Expr) -> str:
    """An expression as Unicode text.

    >>> from handgrad.axes import shape
    >>> from handgrad.canonical import matmul, transpose
    >>> A, d = Symbol("A1", shape("h", "m")), Symbol("A2", shape(1, "m")) - Symbol("Y", shape(1, "m"))
    >>> text(matmul(d, transpose(A)))
    '(A2 − Y) A1ᵀ'
    """
    return _printer.expression(expr)


Expr.doors["text"] = text


def text_of(symbol: Symbol, expr: Expr) -> str:
    """The left side of symbol = expr, with index letters where the right side has them."""
    return _printer.entry_of(symbol, expr)
