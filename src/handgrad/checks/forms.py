"""The value of a matrix form: what is printed is evaluated too, and must be what was derived."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from handgrad.axes import Size
from handgrad.checks.entries import entries_value
from handgrad.evaluate import Point
from handgrad.expr import Call, Expr, Symbol
from handgrad.functions import Array, Layout, Reduction
from handgrad.matrix import (
    TENSOR,
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
from handgrad.matrix.entries import LETTERS

MEASURES: dict[str, Callable[[Array], Array]] = {
    "trace": lambda a: np.trace(a).reshape(1, 1),
    "total": lambda a: np.sum(a).reshape(1, 1),
    "square": lambda a: np.sum(a * a).reshape(1, 1),
    "norm": lambda a: np.sqrt(np.sum(a * a)).reshape(1, 1),
    "mean": lambda a: np.mean(a).reshape(1, 1),
    "diagonal": lambda a: np.diagonal(a).reshape(-1, 1),
}


def printed_value(expr: Expr, point: Point, value: Callable[[Expr], Array]) -> Array:
    """The value of the matrix form of an expression, in the expression's shape.

    `value` gives the values of names; every operation of the form is done as its notation says.
    """
    letters = entrywise(expr)
    if letters:
        return entries_value(expr, letters, point, _FormValue(point, value).printed)
    result = _FormValue(point, value).of(matrix_form(expr))
    if isinstance(expr, Call) and isinstance(expr.function, Layout):
        return result.reshape(point.shape(expr))  # rows and columns are stacked axes
    if expr.rank == 1 and result.shape[1:] == (1,):  # a vector is printed as a column, a number as 1 × 1
        return result[:, 0]
    return result.reshape(()) if expr.rank == 0 and result.shape == (1, 1) else result


class _FormValue:
    def __init__(self, point: Point, value: Callable[[Expr], Array]) -> None:
        self.point = point
        self.value = value
        self.running: dict[str, int] = {}  # the letters of the series around, with their values

    def printed(self, expr: Expr) -> Array:
        """The value of a part that stands whole in index notation."""
        return printed_value(expr, self.point, self.value)

    def of(self, form: Form) -> Array:
        """The value at the form's full extent: what NumPy would broadcast is broadcast."""
        result = self._of(form)
        if TENSOR in (form.rows, form.columns):
            return result
        full = self._full(form)
        spreads = all(own in (1, size) for own, size in zip(result.shape, full, strict=True))
        return np.broadcast_to(result, full) if spreads else result

    def _full(self, form: Form) -> tuple[int, int]:
        return self._number(form.rows), self._number(form.columns)

    def _number(self, size: Size) -> int:
        return size.length(self.point.sizes)

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
                result = np.asarray(form.function.evaluate(args, self.point.functions))
                if form.rows == TENSOR and isinstance(form.function, Reduction):
                    return result
                return result.reshape(self._shape(form, args))
            case Spread() | Grouped():
                return self.of(form.arg)
            case MatrixPower():
                return np.linalg.matrix_power(self.of(form.base), form.count)
            case RunningPower():
                return np.linalg.matrix_power(self.of(form.base), form.start + form.step * self.running[form.letter])
            case Series():
                return self._series(form)
            case Diagonal():
                return np.diagflat(self.of(form.arg))
            case Measure():
                return MEASURES[form.kind](self.of(form.arg))
            case Selector():
                return self.point.value(form.expr).reshape(self._full(form))
            case Sliding():
                left, right = self.of(form.left)[:, 0], self.of(form.right)[:, 0]
                slid = np.convolve(left, right) if form.kind == "convolution" else np.correlate(right, left)
                return slid.reshape(-1, 1)
            case Vec():
                return self.of(form.arg).reshape(-1, 1)
            case Kronecker():
                return np.kron(self.of(form.left), self.of(form.right))
            case Commutation():
                return self._commutation(form)
            case Index():
                letters = LETTERS[: form.expr.rank]
                array = entries_value(form.expr, letters, self.point, self.printed)
                return array if form.rows == TENSOR else array.reshape(self._full(form))
        raise TypeError(type(form).__name__)

    def _series(self, form: Series) -> Array:
        total: Array = np.zeros((1, 1))
        for s in range(form.last + 1):
            self.running[form.letter] = s
            total = total + self.of(form.body)
        return total

    def _commutation(self, form: Commutation) -> Array:
        """Its column for entry (i, j) of X has a 1 in the row for entry (j, i) of Xᵀ."""
        height, width = self._number(form.height), self._number(form.width)
        matrix = np.zeros((height * width, height * width))
        for i in range(height):
            for j in range(width):
                matrix[j * height + i, i * width + j] = 1
        return matrix

    def _shape(self, form: Apply, args: tuple[Array, ...]) -> tuple[int, ...]:
        return np.broadcast_shapes(*(arg.shape for arg in args)) if form.rows == TENSOR else self._full(form)
