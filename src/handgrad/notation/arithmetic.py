"""Sums and products of values whose shapes may still be open: the place where most shapes are decided."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import replace

from handgrad.axes import ONE, Size, SizeVariable
from handgrad.canonical import hadamard, matmul, power, product
from handgrad.errors import ShapeError
from handgrad.expr import UNIT, Expr
from handgrad.notation.scope import TARGETS, Operand, Scope
from handgrad.notation.syntax import Span
from handgrad.notation.values import AnyShape, Hole, Sizes, Value, linear, spread_to, squeeze


class Arithmetic(ABC):
    """The binary operations; what a hole becomes is the subclass's to say."""

    scope: Scope
    sizes: Sizes

    @abstractmethod
    def settle(self, hole: Hole, shape: AnyShape) -> Value:
        """Give a free symbol its shape."""

    @abstractmethod
    def settled(self, operand: Operand) -> Value:
        """The value of an operand, with a default shape for a hole."""

    def addend(self, operand: Operand, shape: AnyShape) -> Value:
        """A symbol of unknown shape that is added: of the sum's shape, but not along the axis of examples."""
        if isinstance(operand, Value):
            return operand
        scope = self.scope
        if scope.is_data(operand.name) or not shape:
            return self.settle(operand, shape)
        own: AnyShape = tuple(ONE if scope.is_example_axis(size) else self.sizes.resolve(size) for size in shape)
        if own == shape:
            return self.settle(operand, shape)
        if len(shape) == 2 and own != shape:
            kind = "column" if own[1].is_one else "row"
            if kind == "row" and not scope.latex:
                own = own[1:]
            scope.assume(f"{operand.name} is one {kind}, added to every example")
        return self.settle(operand, own)

    def match_target(self, value: Value, other: Value) -> None:
        """Data declared with one row, against an output of unknown height: the output has one row too."""
        if not value.symbol or not self.scope.is_data(value.symbol) or len(value.shape) != len(other.shape):
            return
        for own, size in zip(value.shape, other.shape, strict=True):
            unknown = isinstance(self.sizes.resolve(size), SizeVariable)
            if self.sizes.resolve(own).is_one and unknown and not self.scope.is_example_axis(size):
                self.sizes.unifier.unify(size, ONE)

    def subtract(self, left: Value, right: Value, span: Span) -> Value:
        """left − right with NumPy's broadcasting."""
        shape = self.sizes.broadcast(left, right, "subtract")
        parts = [(1, spread_to(left, shape, self.sizes)), (-1, spread_to(right, shape, self.sizes))]
        return Value(shape, linear(parts, shape, self.sizes), span)

    def elementwise(self, left: Operand, right: Operand, span: Span) -> Value:
        """The Hadamard product; a symbol of unknown shape has the other's."""
        if isinstance(left, Hole) and isinstance(right, Value) and right.shape:
            left = self.settle(left, right.shape)
        if isinstance(right, Hole) and isinstance(left, Value) and left.shape:
            right = self.settle(right, left.shape)
        a, b = self.settled(left), self.settled(right)
        self.match_target(a, b)
        self.match_target(b, a)
        if a.scalar or b.scalar:
            return Value(a.shape or b.shape, lambda: hadamard(a.make(), b.make()), span)
        shape = self.sizes.broadcast(a, b, "multiply elementwise")
        one, other = spread_to(a, shape, self.sizes), spread_to(b, shape, self.sizes)
        return Value(shape, lambda: hadamard(one(), other()), span)

    def divide(self, left: Operand, right: Operand, span: Span) -> Value:
        """Elementwise division."""
        if isinstance(right, Hole) and isinstance(left, Value) and left.shape:
            right = self.settle(right, left.shape)
        under = self.settled(right)
        inverse = Value(under.shape, lambda: power(under.make(), -1), under.span)
        return self.elementwise(left, inverse, span)

    def matmul(self, left: Operand, right: Operand, span: Span) -> Value:
        """The matrix product, NumPy's for vectors."""
        if isinstance(left, Hole) and self.scope.latex and not left.name[0].isupper() and not left.turned:
            length = self.sizes.fresh(f"length of {left.name}")
            left = self.settle(left, (ONE, length))  # a row in front of a matrix
        a, b = self.settled(left), self.settled(right)
        if not a.shape or not b.shape:
            raise ShapeError("a matrix product needs two matrices or vectors, one of these is a number",
                             place=self.scope.place(span), remedy="write * for scaling")  # fmt: skip
        inner = -2 if len(b.shape) > 1 else -1
        self.sizes.unify(
            a.shape[-1], b.shape[inner],
            lambda: f"the matrix product of {self.sizes.show(a.shape)} and {self.sizes.show(b.shape)} does not fit: "
            f"{self.sizes.resolve(a.shape[-1])} columns against {self.sizes.resolve(b.shape[inner])} rows",
            span, self._matmul_remedy(a, b),
        )  # fmt: skip
        if len(a.shape) > 2 or len(b.shape) > 2:
            return self._batched(a, b, span)
        shape = a.shape[:-1] + (b.shape[1:] if len(b.shape) > 1 else ())
        return self._scalar_if_unit(Value(shape, lambda: matmul(a.make(), b.make()), span))

    def _batched(self, a: Value, b: Value, span: Span) -> Value:
        """The matrix products of the last two axes, all axes in front broadcast (NumPy's matmul)."""
        front = self.sizes.broadcast(replace(a, shape=a.shape[:-2]), replace(b, shape=b.shape[:-2]), "multiply")
        rows, columns = a.shape[-2:-1], b.shape[-1:] if len(b.shape) > 1 else ()
        lead = len(front)

        def make() -> Expr:
            left, right = a.make(), b.make()
            sizes: dict[int, Size] = dict(enumerate(self.sizes.shape((*front, *rows, a.shape[-1], *columns))))
            joint = lead + len(rows)
            end = (joint + 1,) if columns else ()
            at_left = (*_in_front(left, lead, 2), *range(lead, lead + len(rows)), joint)
            at_right = (*_in_front(right, lead, 2), joint, *end)
            out = (*range(lead), *range(lead, lead + len(rows)), *end)
            return product([(left, at_left), (right, at_right)], out, sizes)

        return Value((*front, *rows, *columns), make, span)

    def _matmul_remedy(self, a: Value, b: Value) -> str:
        if len(a.shape) == len(b.shape) == 2:
            if self.sizes.same(a.shape[0], b.shape[0]):
                return "transpose the first factor"
            if self.sizes.same(a.shape[1], b.shape[1]):
                return "transpose the second factor"
            if self.sizes.same(b.shape[1], a.shape[0]):
                return "exchange the factors"
        return "check the shapes of the two factors"

    def _scalar_if_unit(self, value: Value) -> Value:
        """In LaTeX a 1 × 1 matrix is a number."""
        if self.scope.latex and value.shape and all(self.sizes.resolve(size).is_one for size in value.shape):
            return Value((), lambda: squeeze(value.make()), value.span)
        return value

    def times(self, left: Operand, right: Operand, span: Span) -> Value:
        """A product without a sign, or with a dot: scaling, matrix product or Hadamard, as the shapes allow."""
        for one, other in ((left, right), (right, left)):
            if isinstance(one, Value) and one.scalar:
                return self.elementwise(one, other, span)
        for one, other in ((left, right), (right, left)):
            target = isinstance(one, Hole) and one.name in TARGETS and not one.turned
            if target and isinstance(one, Hole) and isinstance(other, Value) and not other.turned:
                self.scope.assume(f"{one.name} has the shape of what it is multiplied with, entry by entry")
                return self.elementwise(left, right, span)
        if isinstance(left, Hole) or isinstance(right, Hole):
            return self.matmul(left, right, span)
        sizes = self.sizes
        fits = sizes.can_unify(left.shape[-1], right.shape[0])
        equal = len(left.shape) == len(right.shape) and all(map(sizes.same, left.shape, right.shape))
        square = sizes.same(left.shape[0], left.shape[-1])
        if equal and not square:
            return self.elementwise(left, right, span)
        if not fits and self._broadcasts(left, right):
            self.scope.assume("a product without a sign between equal shapes is elementwise")
            return self.elementwise(left, right, span)
        return self.matmul(left, right, span)

    def _broadcasts(self, left: Value, right: Value) -> bool:
        return len(left.shape) == len(right.shape) and all(
            self.sizes.same(a, b) or self.sizes.resolve(a).is_one or self.sizes.resolve(b).is_one
            for a, b in zip(left.shape, right.shape, strict=True)
        )


def _in_front(expr: Expr, lead: int, last: int) -> tuple[int, ...]:
    """The labels of the axes in front of the last ones, counted from the end; an axis of size 1 is repeated."""
    own = expr.shape[:-last]
    return tuple(UNIT if size.is_one else lead - len(own) + k for k, size in enumerate(own))
