"""The nodes of the matrix form: every form is a matrix of `rows` by `columns`."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from handgrad.axes import ONE, Size
from handgrad.expr import Expr, Extent, Labels, Symbol, Window
from handgrad.functions import AnyFunction

TENSOR = Size.of("…")  # in place of rows and columns for what has more than two axes, or stands stacked in a matrix


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
class MatrixPower:
    """A square matrix times itself: `count` equal factors, at least two; of X⁻¹ it is X⁻²."""

    base: Form
    count: int

    @property
    def rows(self) -> Size:
        """The base's rows."""
        return self.base.rows

    @property
    def columns(self) -> Size:
        """It is square."""
        return self.base.rows


@dataclass(frozen=True, slots=True)
class RunningPower:
    """The matrix power base^(start + step · s) inside a `Series` over s; `step` is 1 or −1."""

    base: Form
    start: int
    step: int
    letter: str

    @property
    def rows(self) -> Size:
        """The base's rows."""
        return self.base.rows

    @property
    def columns(self) -> Size:
        """It is square."""
        return self.base.rows


@dataclass(frozen=True, slots=True)
class Series:
    """Σ over s = 0 … last of a product with powers that run with s: Σ Xˢ A X³⁻ˢ."""

    last: int
    letter: str
    body: Form

    @property
    def rows(self) -> Size:
        """Those of each term."""
        return self.body.rows

    @property
    def columns(self) -> Size:
        """Those of each term."""
        return self.body.columns


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

    `trace`; `mean`; `total`, the sum of all entries; `square`, the sum of their squares; `norm`, the root of that;
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
class Sliding:
    """Two vectors, one slid along the other.

    `convolution` a ∗ b, wherever they overlap: (a ∗ b)ᵢ = Σⱼ aⱼ bᵢ₋ⱼ; `correlation` a ⋆ b, where all of a lies
    within b: (a ⋆ b)ᵢ = Σⱼ aⱼ bᵢ₊ⱼ.
    """

    kind: str
    left: Form
    right: Form
    index: Index  # the same as a contraction

    @property
    def rows(self) -> Size:
        """The length of the result."""
        return self.index.rows

    @property
    def columns(self) -> Size:
        """1."""
        return ONE


@dataclass(frozen=True, slots=True)
class Vec:
    """The entries of a matrix as one column, row after row."""

    arg: Form

    @property
    def rows(self) -> Size:
        """As many as the argument has entries."""
        return TENSOR

    @property
    def columns(self) -> Size:
        """1."""
        return ONE


@dataclass(frozen=True, slots=True)
class Kronecker:
    """A ⊗ B: (A ⊗ B) vec(X) = vec(A X Bᵀ), where vec stacks rows."""

    left: Form
    right: Form

    @property
    def rows(self) -> Size:
        """Those of one factor times those of the other."""
        return TENSOR

    @property
    def columns(self) -> Size:
        """Those of one factor times those of the other."""
        return TENSOR


@dataclass(frozen=True, slots=True)
class Commutation:
    """K with K vec(X) = vec(Xᵀ) for X of `height` by `width`."""

    height: Size
    width: Size

    @property
    def rows(self) -> Size:
        """As many as X has entries."""
        return TENSOR

    @property
    def columns(self) -> Size:
        """As many as X has entries."""
        return TENSOR


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
    | Grouped | Diagonal | Measure | Sliding | Vec | Kronecker | Commutation | MatrixPower | RunningPower | Series
    | Index
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
        case Sliding():
            return (form.left, form.right)
        case Transposed() | Diagonal() | Measure() | Spread() | Grouped() | Vec():
            return (form.arg,)
        case Kronecker():
            return form.left, form.right
        case Powered() | MatrixPower() | RunningPower():
            return (form.base,)
        case Series():
            return (form.body,)
        case Apply():
            return form.args
        case Index():
            return tuple(part for part, _ in form.parts)
    return ()


def weight(form: Form) -> int:
    """The number of nodes as a reader counts them: names, numbers and operations; spreading is free."""
    match form:
        case Leaf() | Constant() | Ones() | Identity() | Commutation():
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
        case RunningPower():
            return weight(form.base) + (3 if form.start else 1)
        case Series():
            return 3 + weight(form.body)
        case Apply():
            return 1 + sum(map(weight, form.args))
        case Index():
            return 1 + sum(weight(part) + len(labels) for part, labels in form.parts)
    return 1 + sum(map(weight, parts(form)))


