"""The value of a matrix form: what is printed is evaluated too, and must be what was derived."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from handgrad.evaluate import Point
from handgrad.expr import Expr, Symbol
from handgrad.functions import Array
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
    Selector,
    Spread,
    Transposed,
    matrix_form,
)

MEASURES: dict[str, Callable[[Array], Array]] = {
    "trace": lambda a: np.trace(a).reshape(1, 1),
    "total": lambda a: np.sum(a).reshape(1, 1),
    "square": lambda a: np.sum(a * a).reshape(1, 1),
    "norm": lambda a: np.sqrt(np.sum(a * a)).reshape(1, 1),
    "diagonal": lambda a: np.diagonal(a).reshape(-1, 1),
}


def printed_value(expr: Expr, point: Point, value: Callable[[Expr], Array]) -> Array:
    """The value of the matrix form of an expression, in the expression's shape.

    `value` gives the values of names; every operation of the form is done as its notation says.
    """
    result = _FormValue(point, value).of(matrix_form(expr))
    if expr.rank == 1 and result.shape[1:] == (1,):  # a vector is printed as a column, a number as 1 × 1
        return result[:, 0]
    return result.reshape(()) if expr.rank == 0 and result.shape == (1, 1) else result


class _FormValue:
    def __init__(self, point: Point, value: Callable[[Expr], Array]) -> None:
        self.point = point
        self.value = value

    def of(self, form: Form) -> Array:
        """The value at the form's full extent: what NumPy would broadcast is broadcast."""
        result = self._of(form)
        if form.rows.name == "…":
            return result
        full = self._full(form)
        spreads = all(own in (1, size) for own, size in zip(result.shape, full, strict=True))
        return np.broadcast_to(result, full) if spreads else result

    def _full(self, form: Form) -> tuple[int, int]:
        return form.rows.length(self.point.sizes), form.columns.length(self.point.sizes)

    def _of(self, form: Form) -> Array:
        match form:
            case Leaf():
                array = self.value(form.expr)
                if isinstance(form.expr, Symbol) and form.expr.rank > 2:
                    return array
                return array.reshape(self._full(form))
            case Constant():
                return np.full((1, 1), float(form.value))
            case Ones():
                return np.ones(self._full(form))
            case Identity():
                return np.eye(self._full(form)[0])
            case Linear():
                return np.asarray(sum((float(c) * self.of(term) for c, term in form.terms), start=np.zeros((1, 1))))
            case Matmul():
                product = self.of(form.factors[0])
                for factor in form.factors[1:]:
                    product = product @ self.of(factor)
                return product
            case Hadamard():
                result: Array = np.ones((1, 1))
                for factor in form.over:
                    result = result * self.of(factor)
                for factor in form.under:
                    result = result / self.of(factor)
                return result
            case Transposed():
                return self.of(form.arg).T
            case Powered():
                base = self.of(form.base)
                return np.sqrt(base) if form.exponent * 2 == 1 else base ** float(form.exponent)
            case Apply():
                args = tuple(self.of(arg) for arg in form.args)
                return np.asarray(form.function.evaluate(args, self.point.functions)).reshape(self._shape(form, args))
            case Spread() | Grouped():
                return self.of(form.arg)
            case Diagonal():
                return np.diagflat(self.of(form.arg))
            case Measure():
                return MEASURES[form.kind](self.of(form.arg))
            case Selector():
                return self.point.value(form.expr).reshape(self._full(form))
            case Index():
                array = self.value(form.expr)
                return array if form.rows.name == "…" else array.reshape(self._full(form))
        raise TypeError(type(form).__name__)

    def _shape(self, form: Apply, args: tuple[Array, ...]) -> tuple[int, ...]:
        return args[0].shape if form.rows.name == "…" else self._full(form)
