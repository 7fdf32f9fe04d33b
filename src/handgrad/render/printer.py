"""Prints a matrix form; what a sign looks like is the style's to say, what goes where is decided here."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Protocol

from handgrad.axes import Size
from handgrad.expr import Expr, Symbol
from handgrad.functions import AnyFunction, Elementwise, MatrixFunction, Notation
from handgrad.matrix import (
    Apply,
    Commutation,
    Constant,
    Diagonal,
    Form,
    Grouped,
    Hadamard,
    Identity,
    Index,
    Kronecker,
    Leaf,
    Linear,
    Matmul,
    MatrixPower,
    Measure,
    Ones,
    Powered,
    RunningPower,
    Selector,
    Series,
    Sliding,
    Spread,
    Transposed,
    Vec,
    entrywise,
    matrix_form,
)
from handgrad.matrix.entries import LETTERS, entry_of
from handgrad.render.indices import IndexPrinter
from handgrad.render.slices import Taken, mask, rows_of

SUM, PRODUCT, PREFIX, ATOM = range(4)  # how tightly a printed form holds together
Printed = tuple[str, int]
CLOSED = ("trace", "norm", "diagonal", "mean")  # measures that need no brackets around them


class Style(Protocol):
    """The signs of one output language."""

    hadamard: str
    matmul: str
    minus: str
    plus: str
    ones: str
    identity: str
    kronecker: str
    convolution: str
    correlation: str

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

    def running_power(self, inner: str, start: int, step: int, letter: str) -> str:
        """An atom to the power start + step · letter."""

    def series(self, letter: str, last: int, inner: str) -> str:
        """The sum of a product for letter = 0 … last."""

    def root(self, inner: str, holds: bool) -> str:
        """A square root."""

    def apply(self, function: AnyFunction, args: Sequence[str]) -> str:
        """A function applied to arguments that are bracketed already where they need it."""

    def write(self, notation: Notation, args: Sequence[str]) -> str:
        """A notation around its arguments."""

    def measure(self, kind: str, inner: str) -> str:
        """Trace, total or diagonal of an argument."""

    def diagonal(self, inner: str) -> str:
        """The diagonal matrix of a column."""

    def vec(self, inner: str) -> str:
        """The entries of a matrix as one column."""

    def commutation(self, height: Size, width: Size) -> str:
        """The matrix that takes vec(X) of a matrix of this height and width to vec(Xᵀ)."""

    def entry(self, name: str, letters: tuple[str, ...]) -> str:
        """An entry of a tensor."""

    def condition(self, left: str, relation: str, right: str) -> str:
        """Iverson's bracket: 1 where the condition holds, 0 elsewhere."""

    def selected(self, inner: str, rows: str, columns: str) -> str:
        """The rows and columns of an atom that two slices name; an empty slice takes all."""

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
        letters = entrywise(expr)
        return self._entries(expr, letters)[0] if letters else self._whole(expr)[0]

    def entry_of(self, symbol: Symbol, expr: Expr) -> str:
        """What stands on the left of an expression: the symbol, with letters where the expression has them."""
        letters = tuple(letter for letter, size in zip(entrywise(expr), expr.shape, strict=False) if not size.is_one)
        return self.style.entry(self.style.name(symbol), letters) if letters else self.style.name(symbol)

    def form(self, form: Form) -> Printed:
        """What a form looks like and how tightly it holds."""
        style = self.style
        match form:
            case Leaf(expr=Symbol() as symbol):
                return style.name(symbol), ATOM
            case Leaf():
                size: Size = form.expr.size  # type: ignore[union-attr]
                return str(size), ATOM if size.count is None else SUM if size.divisor == 1 else PRODUCT
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
            case Transposed(arg=MatrixPower() | RunningPower()):
                return style.transposed(style.brackets(self.form(form.arg)[0])), ATOM
            case Transposed():
                return style.transposed(self._held(form.arg, ATOM)), ATOM
            case Powered():
                return self._powered(form)
            case MatrixPower(base=Apply(function=MatrixFunction(inverts=True), args=(inner,))):
                return style.power(self._held(inner, ATOM), Fraction(-form.count), elementwise=False), ATOM
            case MatrixPower():
                return style.power(self._held(form.base, ATOM), Fraction(form.count), elementwise=False), ATOM
            case RunningPower():
                return style.running_power(self._held(form.base, ATOM), form.start, form.step, form.letter), ATOM
            case Series():
                return style.series(form.letter, form.last, self.form(form.body)[0]), SUM
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
            case Measure(kind="total", arg=Apply(function=Elementwise(total=Notation() as own), args=(inner,))) if (
                inner.columns.is_one
            ):
                return style.write(own, [self.form(inner)[0]]), ATOM
            case Measure():
                return style.measure(form.kind, self.form(form.arg)[0]), ATOM if form.kind in CLOSED else PREFIX
            case Selector():
                return self._selector(form)
            case Sliding():
                sign = style.convolution if form.kind == "convolution" else style.correlation
                return sign.join(self._held(part, PREFIX) for part in (form.left, form.right)), SUM
            case Vec():
                return style.vec(self.form(form.arg)[0]), ATOM
            case Kronecker():
                return self._kronecker(form)
            case Commutation():
                return style.commutation(form.height, form.width), ATOM
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

    def _selector(self, form: Selector) -> Printed:
        """Rows of the identity matrix, or a triangle of ones."""
        triangle = mask(form.expr)
        if triangle is not None:
            return triangle, ATOM
        taken = rows_of(form.expr)
        if taken is None:
            return self._entries(form.expr, LETTERS[: form.expr.rank])
        text = self.style.selected(self.style.identity, taken.subscript(self.expression), "")
        return (text, ATOM) if taken.forward else (self.style.transposed(text), ATOM)

    def _whole(self, expr: Expr) -> Printed:
        return self.form(matrix_form(expr))

    def _matmul(self, form: Matmul) -> Printed:
        """The factors side by side; a selector joins its neighbour: S X as X[1:]."""
        factors = list(form.factors)
        shown: list[str] = []
        while factors:
            rows = _taking(factors[0], turned=False) if len(factors) > 1 else None
            first = factors.pop(0 if rows is None else 1)
            if rows is not None:
                factors.pop(0)
            columns = _taking(factors[0], turned=True) if factors else None
            if columns is not None:
                factors.pop(0)
            if rows is None and columns is None:
                shown.append(self._held(first, PREFIX))
            else:
                slices = [part.subscript(self.expression) if part is not None else "" for part in (rows, columns)]
                shown.append(self.style.selected(self._held(first, ATOM), *slices))
        return self.style.matmul.join(shown), PRODUCT if len(shown) > 1 else ATOM

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
        over_holds = top[1] >= PRODUCT and not any(isinstance(form, Kronecker) for form in matrices)
        bottom = self._factors(scalar_under, matrix_under, coefficient.denominator)
        text = self.style.fraction(top[0], bottom[0], over_holds=over_holds, under_holds=bottom[1] >= ATOM)
        return text, PRODUCT

    def _factors(self, scalars: list[Form], matrices: list[Form], number: int, inside: bool = False) -> Printed:
        """number · scalars · (matrices joined by the Hadamard sign)."""
        count = len(scalars) + len(matrices) + (number != 1)
        if count == 0:
            return "1", ATOM
        if count == 1 and not inside:
            return (str(number), ATOM) if number != 1 else self.form((scalars + matrices)[0])
        front = ([str(number)] if number != 1 else []) + [self._held(form, PREFIX) for form in scalars]
        for k, form in enumerate(scalars, len(front) - len(scalars)):
            if _open_behind(form) and (matrices or k + 1 < len(front)):  # (log 2) x, not log 2 x
                front[k] = self.style.brackets(front[k])
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

    def _kronecker(self, form: Kronecker) -> Printed:
        """A product without a sign binds closer than ⊗; an elementwise one stands in brackets."""
        sides = (form.left, form.right)
        held = [self._held(side, PRODUCT if isinstance(side, Matmul | Ones) else PREFIX) for side in sides]
        return self.style.kronecker.join(held), PRODUCT

    def _entries(self, expr: Expr, letters: Sequence[str]) -> Printed:
        return IndexPrinter(self.style, self._whole).entry(entry_of(expr, letters))

    def _index(self, form: Index) -> Printed:
        return self._entries(form.expr, LETTERS[: form.expr.rank])


def _taking(form: Form, turned: bool) -> Taken | None:
    """How a factor picks rows (columns where it stands behind, turned), if it does."""
    inner = form.arg if isinstance(form, Transposed) else form
    if not isinstance(inner, Selector):
        return None
    taken = rows_of(inner.expr)
    stands = isinstance(form, Transposed) != (taken is not None and not taken.forward)
    unit = inner.columns.is_one  # a column of the identity matrix picks rows where it is turned
    return taken if taken is not None and stands == (turned != unit) else None


def _squares_apart(forms: list[Form]) -> list[Form]:
    """a ⊙ a among the factors of a Hadamard product, without brackets."""
    apart: list[Form] = []
    for form in forms:
        square = isinstance(form, Powered) and form.exponent == 2 and isinstance(form.base, Leaf)
        apart += [form.base, form.base] if square and isinstance(form, Powered) else [form]
    return apart


def _open_behind(form: Form) -> bool:
    """Whether a function is written in front of its argument, which what follows would seem to belong to."""
    body = form.arg if isinstance(form, Spread) else form
    return isinstance(body, Apply) and body.function.notation.text.endswith(" {0}")


def _scalar(form: Form) -> bool:
    return form.rows.is_one and form.columns.is_one
