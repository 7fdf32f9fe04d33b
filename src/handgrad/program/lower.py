"""Lowers matrix forms to straight-line instructions: a value is a matrix or a tensor, each is computed once.

>>> from handgrad.axes import shape
>>> from handgrad.canonical import matmul
>>> from handgrad.expr import Symbol
>>> W, X = Symbol("W", shape("h", "n")), Symbol("X", shape("n", "m"))
>>> program = Lowering()
>>> _ = program.lower(matmul(W, X))
>>> [instruction.op for instruction in program.instructions]
['input', 'input', 'matmul']
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from handgrad.axes import ONE, Shape, Size
from handgrad.errors import DerivationError
from handgrad.expr import Expr, Extent, Symbol, Window
from handgrad.functions import AlongAxis, MatrixFunction, Reduction
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
    matrix_form,
    unfolded,
    unrolled,
)
from handgrad.program.contraction import (
    Contraction,
    broadcast,
    contraction,
    elementwise_parts,
    shape_of,
    stored,
)


@dataclass(frozen=True, slots=True)
class Static:
    """A number known once the sizes are: coefficient · Π over / Π under."""

    coefficient: Fraction
    over: tuple[Size, ...] = ()
    under: tuple[Size, ...] = ()

    def value(self, sizes: Mapping[str, int]) -> float:
        """The number for given sizes."""
        number = self.coefficient
        for size in self.over:
            number *= size.length(sizes)
        for size in self.under:
            number /= size.length(sizes)
        return float(number)


@dataclass(frozen=True, slots=True)
class Instruction:
    """One operation: `args` are the places of earlier instructions, `payload` what the operation is made with."""

    op: str
    args: tuple[int, ...]
    shape: Shape
    payload: Any = None


class Lowering:
    """A program under construction; `named` maps each symbol to the place of its value."""

    def __init__(self) -> None:
        self.instructions: list[Instruction] = []
        self.named: dict[str, int] = {}
        self._places: dict[tuple[str, tuple[int, ...], Any, Shape], int] = {}

    def define(self, name: str, expr: Expr) -> int:
        """The place of a named value."""
        place = self.lower(expr)
        self.named[name] = place
        return place

    def lower(self, expr: Expr) -> int:
        """The place of an expression's value."""
        return self._full(matrix_form(expr), stored(expr.shape))

    def _emit(self, op: str, args: tuple[int, ...], shape: Shape, payload: Any = None) -> int:
        key = (op, args, payload, shape)
        if key not in self._places:
            self._places[key] = len(self.instructions)
            self.instructions.append(Instruction(op, args, shape, payload))
        return self._places[key]

    def _shape(self, place: int) -> Shape:
        return self.instructions[place].shape

    def _full(self, form: Form, shape: Shape | None = None) -> int:
        """A value at its full shape, also where NumPy would broadcast it."""
        place = self._form(form)
        shape = shape_of(form) if shape is None else shape
        return place if self._shape(place) == shape else self._emit("spread", (place,), shape)

    def _form(self, form: Form) -> int:
        match form:
            case Leaf(expr=Symbol() as symbol):
                if symbol.name in self.named:
                    return self.named[symbol.name]
                return self._emit("input", (), stored(symbol.shape), symbol.name)
            case Leaf(expr=Extent() as extent):
                return self._static(Static(Fraction(1), (extent.size,)))
            case Constant():
                return self._static(Static(form.value))
            case Ones():
                return self._emit("ones", (), (form.rows, form.columns))
            case Identity():
                return self._emit("eye", (), (form.rows, form.columns))
            case Linear():
                return self._linear(form)
            case Matmul():
                return self._matmul(form)
            case Hadamard():
                return self._hadamard(form, Fraction(1))
            case Transposed():
                return self._transpose(self._full(form.arg))
            case Powered():
                return self._power(self._form(form.base), form.exponent)
            case Apply():
                whole = isinstance(form.function, MatrixFunction | AlongAxis | Reduction)
                args = tuple(self._full(arg) if whole else self._form(arg) for arg in form.args)
                shape = shape_of(form) if whole else broadcast(map(self._shape, args))
                return self._emit("apply", args, shape, form.function)
            case Spread() | Grouped():
                return self._form(form.arg)
            case Diagonal():
                return self._emit("diagonal_matrix", (self._form(form.arg),), (form.rows, form.columns))
            case Measure():
                inner = self._full(form.arg)
                if form.kind == "mean":
                    total = self._emit("total", (inner,), (ONE, ONE))
                    sizes = tuple(size for size in shape_of(form.arg) if not size.is_one)
                    return self._broadcast("multiply", total, self._static(Static(Fraction(1), (), sizes)))
                if form.kind == "norm":
                    return self._power(self._emit("square", (inner,), (ONE, ONE)), Fraction(1, 2))
                return self._emit(form.kind, (inner,), (form.rows, form.columns))
            case MatrixPower():
                return self._matmul(form)
            case Series():
                return self._form(unrolled(form))
            case Selector() | Index(expr=Window()):
                return self._window(form.expr)
            case Sliding():
                return self._form(form.index)
            case Index():
                apart = elementwise_parts(form)
                return self._contract(contraction(form)) if apart is None else self._form(apart)
            case RunningPower() | Vec() | Kronecker() | Commutation():
                raise DerivationError(
                    "a Jacobian as a matrix of stacked entries is printed, not run",
                    remedy="run its expression, a tensor, with evaluate",
                )
        raise TypeError(type(form).__name__)

    def _contract(self, found: Contraction) -> int:
        args = tuple(self._full(form, shape) for form, shape, _ in found.operands)
        labels = tuple(labels for _, _, labels in found.operands)
        place = self._emit("contract", args, tuple(found.sizes[x] for x in found.inner), (labels, found.inner))
        return place if found.out == found.inner else self._emit("place", (place,), found.shape, found.out)

    def _window(self, node: Expr) -> int:
        assert isinstance(node, Window)
        index = () if node.index is None else (self.lower(node.index),)
        return self._emit("window", index, stored(node.shape), node)

    def _static(self, static: Static) -> int:
        return self._emit("static", (), (ONE, ONE), static)

    def _transpose(self, place: int) -> int:
        rows, columns = self._shape(place)
        if rows.is_one and columns.is_one:
            return place
        if self.instructions[place].op == "transpose":
            return self.instructions[place].args[0]
        return self._emit("transpose", (place,), (columns, rows))

    def _broadcast(self, op: str, left: int, right: int) -> int:
        return self._emit(op, (left, right), broadcast((self._shape(left), self._shape(right))))

    def _scale(self, place: int, coefficient: Fraction) -> int:
        """A value times a number; numbers known beforehand are joined."""
        if coefficient == 1:
            return place
        instruction = self.instructions[place]
        if instruction.op == "static":
            known: Static = instruction.payload
            return self._static(Static(known.coefficient * coefficient, known.over, known.under))
        return self._broadcast("multiply", place, self._static(Static(coefficient)))

    def _linear(self, form: Linear) -> int:
        if not form.terms:
            return self._static(Static(Fraction(0)))
        total: int | None = None
        for coefficient, term in form.terms:
            if total is None:
                total = self._scaled(term, coefficient)
                continue
            part = self._scaled(term, abs(coefficient))
            total = self._broadcast("add" if coefficient > 0 else "subtract", total, part)
        assert total is not None
        return total

    def _scaled(self, form: Form, coefficient: Fraction) -> int:
        if isinstance(form, Hadamard):
            return self._hadamard(form, coefficient)
        return self._scale(self._form(form), coefficient)

    def _matmul(self, form: Matmul | MatrixPower) -> int:
        """From the right where that end is a column, else from the left."""
        factors = unfolded(form)
        if factors[-1].columns.is_one and not factors[0].rows.is_one:
            place = self._full(factors.pop())
            while factors:
                place = self._multiply_matrices(factors.pop(), None, None, place)
            return place
        place = self._full(factors.pop(0)) if not isinstance(factors[0], Diagonal) else -1
        if place == -1:
            first = factors.pop(0)
            assert isinstance(first, Diagonal)
            place = self._broadcast("multiply", self._form(first.arg), self._full(factors.pop(0)))
        while factors:
            place = self._multiply_matrices(None, place, factors.pop(0), None)
        return place

    def _multiply_matrices(self, left: Form | None, left_place: int | None, right: Form | None,
                           right_place: int | None) -> int:  # fmt: skip
        """One matrix product; a diagonal factor scales rows or columns."""
        if isinstance(left, Diagonal):
            assert right_place is not None
            return self._broadcast("multiply", self._form(left.arg), right_place)
        if isinstance(right, Diagonal):
            assert left_place is not None
            return self._broadcast("multiply", left_place, self._transpose(self._form(right.arg)))
        a = left_place if left_place is not None else self._full(left) if left is not None else -1
        b = right_place if right_place is not None else self._full(right) if right is not None else -1
        return self._emit("matmul", (a, b), (self._shape(a)[0], self._shape(b)[1]))

    def _hadamard(self, form: Hadamard, coefficient: Fraction) -> int:
        """Numbers first, into one; then matrices; quotients last."""
        static = Static(coefficient)
        over: list[int] = []
        under: list[int] = []
        for side, places in ((form.over, over), (form.under, under)):
            for factor in side:
                place = self._form(factor)
                known = self.instructions[place]
                if known.op == "static":
                    static = _join(static, known.payload, inverse=places is under)
                else:
                    places.append(place)
        plain = static == Static(Fraction(1))
        if not over:
            total = self._static(static)
        else:
            total = over[0]
            for place in over[1:]:
                total = self._broadcast("multiply", total, place)
            if not plain:
                total = self._broadcast("multiply", total, self._static(static))
        for place in under:
            total = self._broadcast("divide", total, place)
        return total

    def _power(self, place: int, exponent: Fraction) -> int:
        if exponent == 2:
            return self._broadcast("multiply", place, place)
        return self._emit("power", (place,), self._shape(place), exponent)


def _join(left: Static, right: Static, inverse: bool) -> Static:
    if inverse:
        right = Static(1 / right.coefficient, right.under, right.over)
    over, under = list(left.over + right.over), list(left.under + right.under)
    for size in tuple(over):
        if size in under:
            over.remove(size)
            under.remove(size)
    return Static(left.coefficient * right.coefficient, tuple(over), tuple(under))
