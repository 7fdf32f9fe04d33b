"""The nodes of the matrix form, and how they are combined: every form is a matrix of `rows` by `columns`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

from handgrad.axes import ONE, Size
from handgrad.expr import Expr, Extent, Labels, Symbol, Window
from handgrad.functions import AnyFunction


@dataclass(frozen=True, slots=True)
class Leaf:
    """A name, or the number of entries along an axis."""

    expr: Symbol | Extent
    rows: Size
    columns: Size


@dataclass(frozen=True, slots=True)
class Constant:
    """A rational number, also where it stands for a matrix whose entries all have this value."""

    value: Fraction
    rows: Size
    columns: Size


@dataclass(frozen=True, slots=True)
class Ones:
    """The matrix of ones; a column of ones where `columns` is 1."""

    rows: Size
    columns: Size


@dataclass(frozen=True, slots=True)
class Identity:
    """The identity matrix."""

    rows: Size

    @property
    def columns(self) -> Size:
        """It is square."""
        return self.rows


@dataclass(frozen=True, slots=True)
class Linear:
    """A linear combination."""

    terms: tuple[tuple[Fraction, Form], ...]
    rows: Size
    columns: Size


@dataclass(frozen=True, slots=True)
class Matmul:
    """A chain of matrix products, at least two factors."""

    factors: tuple[Form, ...]

    @property
    def rows(self) -> Size:
        """Those of the first factor."""
        return self.factors[0].rows

    @property
    def columns(self) -> Size:
        """Those of the last factor."""
        return self.factors[-1].columns


@dataclass(frozen=True, slots=True)
class Hadamard:
    """Elementwise: the product of `over` divided by the product of `under`; scalars are among them."""

    over: tuple[Form, ...]
    under: tuple[Form, ...]
    rows: Size
    columns: Size


@dataclass(frozen=True, slots=True)
class Transposed:
    """The transpose."""

    arg: Form

    @property
    def rows(self) -> Size:
        """The argument's columns."""
        return self.arg.columns

    @property
    def columns(self) -> Size:
        """The argument's rows."""
        return self.arg.rows


@dataclass(frozen=True, slots=True)
class Powered:
    """Elementwise power with a positive exponent other than 1."""

    base: Form
    exponent: Fraction

    @property
    def rows(self) -> Size:
        """The base's rows."""
        return self.base.rows

    @property
    def columns(self) -> Size:
        """The base's columns."""
        return self.base.columns


@dataclass(frozen=True, slots=True)
class Apply:
    """A function of the table."""

    function: AnyFunction
    args: tuple[Form, ...]
    rows: Size
    columns: Size


@dataclass(frozen=True, slots=True)
class Spread:
    """A column, a row or a scalar repeated to a full matrix by NumPy's broadcasting; printed as it is."""

    arg: Form
    rows: Size
    columns: Size


@dataclass(frozen=True, slots=True)
class Grouped:
    """A product that stands in brackets inside another: a factor just put in, nothing cancelled yet."""

    arg: Form

    @property
    def rows(self) -> Size:
        """Those of what is grouped."""
        return self.arg.rows

    @property
    def columns(self) -> Size:
        """Those of what is grouped."""
        return self.arg.columns


@dataclass(frozen=True, slots=True)
class Diagonal:
    """The diagonal matrix of a column."""

    arg: Form

    @property
    def rows(self) -> Size:
        """The column's length."""
        return self.arg.rows

    @property
    def columns(self) -> Size:
        """It is square."""
        return self.arg.rows


@dataclass(frozen=True, slots=True)
class Measure:
    """A scalar or column from a matrix.

    `trace`; `total`, the sum of all entries; `square`, the sum of their squares; `norm`, the root of that;
    `diagonal`, as a column.
    """

    kind: str
    arg: Form

    @property
    def rows(self) -> Size:
        """The length of the diagonal, or 1."""
        return self.arg.rows if self.kind == "diagonal" else ONE

    @property
    def columns(self) -> Size:
        """1."""
        return ONE


@dataclass(frozen=True, slots=True)
class Index:
    """What has no matrix form: a contraction in index notation, or a tensor of more than two axes."""

    expr: Expr
    parts: tuple[tuple[Form, Labels], ...]
    rows: Size
    columns: Size


@dataclass(frozen=True, slots=True)
class Selector:
    """A constant matrix or column of zeros and ones: rows of the identity matrix, or a triangle."""

    expr: Window
    rows: Size
    columns: Size


Form = (
    Leaf | Selector | Constant | Ones | Identity | Linear | Matmul | Hadamard | Transposed | Powered | Apply | Spread
    | Grouped | Diagonal | Measure | Index
)  # fmt: skip


def parts(form: Form) -> tuple[Form, ...]:
    """The direct sub-forms."""
    match form:
        case Linear():
            return tuple(term for _, term in form.terms)
        case Matmul():
            return form.factors
        case Hadamard():
            return form.over + form.under
        case Transposed() | Diagonal() | Measure() | Spread() | Grouped():
            return (form.arg,)
        case Powered():
            return (form.base,)
        case Apply():
            return form.args
        case Index():
            return tuple(part for part, _ in form.parts)
    return ()


def weight(form: Form) -> int:
    """The number of nodes as a reader counts them: names, numbers and operations; spreading is free."""
    match form:
        case Leaf() | Constant() | Ones() | Identity():
            return 1
        case Selector():
            return 2
        case Linear():
            signs = sum(abs(c) != 1 for c, _ in form.terms)
            return sum(weight(term) for _, term in form.terms) + len(form.terms) - 1 + 2 * signs
        case Matmul():
            joined = sum(isinstance(factor, Selector) for factor in form.factors)  # printed as X[1:]
            return sum(map(weight, form.factors)) + len(form.factors) - 1 - 2 * joined
        case Hadamard():
            count = len(form.over) + len(form.under)
            return sum(map(weight, form.over + form.under)) + count - (1 if form.over else 0)
        case Spread() | Grouped():
            return weight(form.arg)
        case Apply():
            return 1 + sum(map(weight, form.args))
        case Index():
            return 1 + sum(weight(part) + len(labels) for part, labels in form.parts)
    return 1 + sum(map(weight, parts(form)))


def flip(form: Form) -> Form:
    """The transpose, pushed inward where that reads better."""
    match form:
        case Transposed():
            return form.arg
        case Matmul():
            return Matmul(tuple(flip(factor) for factor in reversed(form.factors)))
        case Constant():
            return Constant(form.value, form.columns, form.rows)
        case Spread():
            return Spread(flip(form.arg), form.columns, form.rows)
        case Grouped():
            return Grouped(flip(form.arg))
        case Identity() | Diagonal():
            return form
        case _ if form.rows.is_one and form.columns.is_one:
            return form
        case Hadamard() | Linear() | Powered():
            pushed = _push(form)
            return pushed if weight(pushed) <= weight(form) + 1 else Transposed(form)
    return Transposed(form)


def _push(form: Hadamard | Linear | Powered) -> Form:
    """The transpose of each part."""
    match form:
        case Hadamard():
            return Hadamard(tuple(map(flip, form.over)), tuple(map(flip, form.under)), form.columns, form.rows)
        case Linear():
            return Linear(tuple((c, flip(term)) for c, term in form.terms), form.columns, form.rows)
        case Powered():
            return Powered(flip(form.base), form.exponent)


def total(form: Form) -> Form:
    """The sum of all entries; of squares, the squared norm."""
    form = form.arg if isinstance(form, Transposed) else form
    if isinstance(form, Measure) and form.kind == "diagonal":
        return Measure("trace", form.arg)
    if isinstance(form, Powered) and form.exponent == 2:
        return Measure("square", min(form.base, flip(form.base), key=weight))
    return Measure("total", form)


def chain(*factors: Form) -> Form:
    """The matrix product, nested chains opened."""
    flat: list[Form] = []
    for factor in factors:
        flat.extend(factor.factors if isinstance(factor, Matmul) else (factor,))
    return Matmul(tuple(flat))


def opened(form: Form, exponent: Fraction = Fraction(1)) -> list[tuple[Form, Fraction]]:
    """The factors of an elementwise product, so that scalars join them."""
    if isinstance(form, Hadamard) and exponent == 1:
        return [(f, Fraction(1)) for f in form.over] + [(f, Fraction(-1)) for f in form.under]
    return [(form, exponent)]


def hadamard_form(factors: Iterable[tuple[Form, Fraction]], rows: Size, columns: Size) -> Form:
    """The elementwise product of powers, in reading order; scalars are factors like others."""
    over: list[Form] = []
    under: list[Form] = []
    for form, exponent in factors:
        for part, extra in opened(form, exponent):
            side = over if extra > 0 else under
            side.append(powered(part, abs(extra)))
    over = [form for form in over if not _is_unity(form)]
    over.sort(key=_reading_order)
    under.sort(key=_reading_order)
    if len(over) == 1 and not under and fills(over[0], rows, columns):
        return over[0]
    if not over and not under:
        return Constant(Fraction(1), rows, columns)
    return Hadamard(tuple(over), tuple(under), rows, columns)


def powered(form: Form, exponent: Fraction) -> Form:
    """A power; the root of a sum of squares is a norm."""
    if exponent == 1:
        return form
    if isinstance(form, Measure) and form.kind == "square":
        norm = Measure("norm", form.arg)
        return norm if exponent == Fraction(1, 2) else Powered(norm, 2 * exponent)
    return Powered(form, exponent)


def _is_unity(form: Form) -> bool:
    return isinstance(form, Constant) and form.value == 1


def fills(form: Form, rows: Size, columns: Size) -> bool:
    """Whether a form has the full extent, so that NumPy need not broadcast it."""
    return form.rows == rows and form.columns == columns


def _reading_order(form: Form) -> tuple[int, int, str]:
    """Numbers, scalars, matrix products, names, sums, functions; smaller first, then by name."""
    scalar = form.rows.is_one and form.columns.is_one
    body = form.arg if isinstance(form, Spread) else form
    body = body.arg if isinstance(body, Transposed) else body
    body = body.base if isinstance(body, Powered) else body
    match body:
        case Constant():
            rank = 0
        case Leaf(expr=Symbol(partial=None, name=name)):
            rank = 2 if name == "δ" else 4
        case Leaf(expr=Symbol()):
            rank = 2
        case Grouped():
            rank = 2
        case Matmul() | Measure():
            rank = 3
        case Linear() | Apply():
            rank = 5
        case _:
            rank = 4
    return (1 if scalar and rank else rank, weight(form), repr_name(form))


def repr_name(form: Form) -> str:
    """The first name in a form: what orders like things."""
    match form:
        case Leaf(expr=Symbol() as symbol):
            return symbol.name
        case Leaf():
            return str(form.expr)
    return next((name for part in parts(form) if (name := repr_name(part))), "")
