"""Prints a matrix form; what a sign looks like is the style's to say, what goes where is decided here."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Protocol

from handgrad.expr import UNIT, Expr, Product, Symbol
from handgrad.functions import AnyFunction, MatrixFunction
from handgrad.matrix import (
    Apply,
    Constant,
    Diagonal,
    Form,
    Grouped,
    Hadamard,
    Identity,
    Index,
    Leaf,
    Linear,
    Matmul,
    Measure,
    Ones,
    Powered,
    Spread,
    Transposed,
    matrix_form,
)

SUM, PRODUCT, PREFIX, ATOM = range(4)  # how tightly a printed form holds together
Printed = tuple[str, int]
CLOSED = ("trace", "norm", "diagonal")  # measures that need no brackets around them
LETTERS = "ijklpqrstuv"


class Style(Protocol):
    """The signs of one output language."""

    hadamard: str
    matmul: str
    minus: str
    plus: str
    ones: str
    identity: str

    def name(self, symbol: Symbol) -> str:
        """A symbol's name."""

    def number(self, value: Fraction) -> str:
        """A non-negative rational."""

    def brackets(self, inner: str) -> str:
        """Round brackets."""

    def fraction(self, over: str, under: str, *, over_holds: bool, under_holds: bool) -> str:
        """A quotient; `*_holds` tells whether that part needs no brackets."""

    def transposed(self, inner: str) -> str:
        """The transpose of an atom."""

    def inverse_transposed(self, inner: str) -> str:
        """The transpose of an atom's inverse."""

    def power(self, inner: str, exponent: Fraction, elementwise: bool) -> str:
        """An atom to a power."""

    def root(self, inner: str, holds: bool) -> str:
        """A square root."""

    def apply(self, function: AnyFunction, args: Sequence[str]) -> str:
        """A function applied to arguments that are bracketed already where they need it."""

    def measure(self, kind: str, inner: str) -> str:
        """Trace, total or diagonal of an argument."""

    def diagonal(self, inner: str) -> str:
        """The diagonal matrix of a column."""

    def entry(self, name: str, letters: str) -> str:
        """An entry of a tensor."""

    def indexed_sum(self, letters: str, inner: str) -> str:
        """A sum over index letters."""

    @property
    def scalars_in_front(self) -> bool:
        """Whether a scalar denominator is written as a factor in front: (1/m) A B rather than A B/m."""


class Printer:
    """Prints forms in one style."""

    def __init__(self, style: Style) -> None:
        self.style = style

    def expression(self, expr: Expr) -> str:
        """The whole expression, without outer brackets."""
        return self.form(matrix_form(expr))[0]

    def form(self, form: Form) -> Printed:
        """What a form looks like and how tightly it holds."""
        style = self.style
        match form:
            case Leaf(expr=Symbol() as symbol):
                return style.name(symbol), ATOM
            case Leaf():
                return str(form.expr.size), ATOM  # type: ignore[union-attr]
            case Constant():
                sign = style.minus.strip() if form.value < 0 else ""
                return sign + style.number(abs(form.value)), SUM if sign else ATOM
            case Ones():
                row = style.transposed(style.ones)
                return (style.ones, ATOM) if form.columns.is_one else (f"{style.ones} {row}", PRODUCT)
            case Identity():
                return style.identity, ATOM
            case Linear():
                return self._linear(form)
            case Matmul():
                return self._matmul(form)
            case Hadamard():
                return self._hadamard(form, Fraction(1))
            case Transposed(arg=Apply(function=MatrixFunction(inverts=True), args=(inner,))):
                return style.inverse_transposed(self._held(inner, ATOM)), ATOM
            case Transposed():
                return style.transposed(self._held(form.arg, ATOM)), ATOM
            case Powered():
                return self._powered(form)
            case Apply():
                return self._apply(form)
            case Spread(arg=Transposed(arg=Leaf(expr=Symbol(shape=(_,))) as vector)):
                return self.form(vector)  # NumPy spreads a vector along the last axis as it is
            case Spread():
                return self.form(form.arg)
            case Grouped():
                return self._held(form.arg, ATOM), ATOM
            case Diagonal():
                return style.diagonal(self.form(form.arg)[0]), ATOM
            case Measure():
                return style.measure(form.kind, self.form(form.arg)[0]), ATOM if form.kind in CLOSED else PREFIX
            case Index():
                return self._index(form)
        raise TypeError(type(form).__name__)

    def _held(self, form: Form, tightness: int) -> str:
        text, holds = self.form(form)
        return text if holds >= tightness else self.style.brackets(text)

    def _linear(self, form: Linear) -> Printed:
        if not form.terms:
            return self.style.number(Fraction(0)), ATOM
        text = ""
        for coefficient, term in form.terms:
            sign = self.style.minus if coefficient < 0 else self.style.plus
            text += sign if text else sign.strip() if coefficient < 0 else ""
            text += self._scaled(abs(coefficient), term)
        single = len(form.terms) == 1 and form.terms[0][0] > 0
        return text, PRODUCT if single else SUM

    def _scaled(self, coefficient: Fraction, form: Form) -> str:
        if isinstance(form, Constant):
            return self.style.number(coefficient * form.value)
        if coefficient == 1:
            return self._held(form, PRODUCT)
        if isinstance(form, Hadamard):
            return self._hadamard(form, coefficient)[0]
        return self._quotient([form], [], coefficient)[0]

    def _matmul(self, form: Matmul) -> Printed:
        return self.style.matmul.join(self._held(factor, PREFIX) for factor in form.factors), PRODUCT

    def _hadamard(self, form: Hadamard, coefficient: Fraction) -> Printed:
        return self._quotient(list(form.over), list(form.under), coefficient)

    def _quotient(self, over: list[Form], under: list[Form], coefficient: Fraction) -> Printed:
        """coefficient · over / under, with scalars in front of matrices."""
        matrices: list[Form] = [f for f in over if not _scalar(f)]
        if not matrices:  # a sum stands behind its fraction: −(1/m) Σ(…)
            matrices = [*[f for f in over if isinstance(f, Measure | Matmul)][-1:]]
        scalars: list[Form] = [f for f in over if f not in matrices]
        scalar_under: list[Form] = [f for f in under if _scalar(f)]
        matrix_under: list[Form] = [f for f in under if not _scalar(f)]
        if self.style.scalars_in_front and matrices and (scalar_under or coefficient.denominator > 1):
            front = self._ratio(scalars, [], scalar_under, [], coefficient)
            back = self._ratio([], matrices, [], matrix_under, Fraction(1), inside=True)
            return f"{front[0]} {back[0]}", PRODUCT
        return self._ratio(scalars, matrices, scalar_under, matrix_under, coefficient)

    def _ratio(
        self,
        scalars: list[Form],
        matrices: list[Form],
        scalar_under: list[Form],
        matrix_under: list[Form],
        coefficient: Fraction,
        inside: bool = False,
    ) -> Printed:
        whole = not scalar_under and not matrix_under and coefficient.denominator == 1
        top = self._factors(scalars, matrices, coefficient.numerator, inside and whole)
        if whole:
            return top
        bottom = self._factors(scalar_under, matrix_under, coefficient.denominator)
        text = self.style.fraction(top[0], bottom[0], over_holds=top[1] >= PRODUCT, under_holds=bottom[1] >= ATOM)
        return text, PRODUCT

    def _factors(self, scalars: list[Form], matrices: list[Form], number: int, inside: bool = False) -> Printed:
        """number · scalars · (matrices joined by the Hadamard sign)."""
        count = len(scalars) + len(matrices) + (number != 1)
        if count == 0:
            return "1", ATOM
        if count == 1 and not inside:
            return (str(number), ATOM) if number != 1 else self.form((scalars + matrices)[0])
        front = ([str(number)] if number != 1 else []) + [self._held(form, PREFIX) for form in scalars]
        if len(matrices) == 1:
            only = matrices[0]
            front.append(self._held(only, PRODUCT))
        elif matrices:
            front.append(self.style.hadamard.join(self._held(form, PREFIX) for form in _squares_apart(matrices)))
        return self.style.matmul.join(front), PRODUCT

    def _powered(self, form: Powered) -> Printed:
        if form.exponent == Fraction(1, 2):
            text, holds = self.form(form.base)
            return self.style.root(text, holds >= ATOM), ATOM
        elementwise = not _scalar(form)
        held = self._held(form.base, ATOM)
        if elementwise and form.exponent == 2 and isinstance(form.base, Leaf):
            return f"{held}{self.style.hadamard}{held}", PRODUCT
        return self.style.power(held, form.exponent, elementwise), ATOM

    def _apply(self, form: Apply) -> Printed:
        closed = form.function.notation.closed
        args = [self.form(arg)[0] if closed else self._held(arg, ATOM) for arg in form.args]
        return self.style.apply(form.function, args), PREFIX if not closed else ATOM

    def _index(self, form: Index) -> Printed:
        expr = form.expr
        if not isinstance(expr, Product):
            raise TypeError(type(expr).__name__)
        letters = {UNIT: "1", **{label: LETTERS[label % len(LETTERS)] for label in range(len(expr.sizes))}}
        factors = [
            self.style.entry(self._held(part, ATOM), "".join(letters[k] for k in labels)) for part, labels in form.parts
        ]
        summed = "".join(letters[k] for k in range(len(expr.sizes)) if k not in expr.out)
        deltas = [(k, n) for n, k in enumerate(expr.out) if k != UNIT and k in expr.out[:n]]
        if deltas:  # a label twice in the result: a diagonal, written with Kronecker's δ
            own = {n: LETTERS[(len(expr.sizes) + n) % len(LETTERS)] for _, n in deltas}
            factors += [self.style.entry("δ", letters[k] + own[n]) for k, n in deltas]
        inner = self.style.matmul.join(factors) or "1"
        return (self.style.indexed_sum(summed, inner) if summed else inner), PRODUCT


def _squares_apart(forms: list[Form]) -> list[Form]:
    """a ⊙ a among the factors of a Hadamard product, without brackets."""
    apart: list[Form] = []
    for form in forms:
        square = isinstance(form, Powered) and form.exponent == 2 and isinstance(form.base, Leaf)
        apart += [form.base, form.base] if square and isinstance(form, Powered) else [form]
    return apart


def _scalar(form: Form) -> bool:
    return form.rows.is_one and form.columns.is_one
