"""How matrix forms are combined: transposes, products and powers in reading order."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from itertools import groupby

from handgrad.axes import ONE, Size
from handgrad.expr import Symbol
from handgrad.matrix.forms import (
    Apply,
    Constant,
    Diagonal,
    Form,
    Grouped,
    Hadamard,
    Identity,
    Leaf,
    Linear,
    Matmul,
    MatrixPower,
    Measure,
    Ones,
    Powered,
    Series,
    Spread,
    Transposed,
    parts,
    weight,
)


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
        case Identity() | Diagonal() | MatrixPower(base=Diagonal()):
            return form
        case Series():
            return Transposed(form)
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
    """The matrix product: nested chains opened, equal square factors side by side gathered in a power."""
    gathered: list[Form] = []
    for factor, run in groupby(unfolded(*factors)):
        count = len(list(run))
        if count > 1 and not factor.rows.is_one:
            gathered.append(_matrix_power(factor, count))
        else:
            gathered += [factor] * count
    return gathered[0] if len(gathered) == 1 else Matmul(tuple(gathered))


def unfolded(*factors: Form) -> list[Form]:
    """The factors of a chain one by one, powers as equal factors."""
    flat: list[Form] = []
    for factor in factors:
        match factor:
            case Matmul():
                flat += unfolded(*factor.factors)
            case MatrixPower():
                flat += [factor.base] * factor.count
            case Transposed(arg=MatrixPower(base=base, count=count)):
                flat += [flip(base)] * count
            case _:
                flat.append(factor)
    return flat


def _matrix_power(factor: Form, count: int) -> Form:
    """Xᵀ Xᵀ Xᵀ is (X³)ᵀ."""
    if isinstance(factor, Transposed):
        return Transposed(MatrixPower(factor.arg, count))
    return MatrixPower(factor, count)


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


def filled(form: Form) -> Form:
    """A column, row or number repeated, written out with ones: u 1ᵀ, 1 vᵀ, π 1."""
    if isinstance(form, Constant) and form.value == 1 and not (form.rows.is_one and form.columns.is_one):
        return flip(Ones(form.columns, ONE)) if form.rows.is_one else Ones(form.rows, form.columns)
    if not isinstance(form, Spread):
        return form
    column, row = Ones(form.rows, ONE), flip(Ones(form.columns, ONE))
    if form.arg.rows.is_one and form.arg.columns.is_one:
        return hadamard_form([(form.arg, Fraction(1)), (Ones(form.rows, form.columns), Fraction(1))],
                             form.rows, form.columns)  # fmt: skip
    return chain(form.arg, row) if form.arg.columns.is_one else chain(column, form.arg)


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
