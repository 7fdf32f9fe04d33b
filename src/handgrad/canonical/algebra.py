"""The algebra of whole tensors, for rules and for Python's operators."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction

from handgrad.axes import Shape, show
from handgrad.canonical.normal import add, constant, ones, power, product, scale, split_coefficient
from handgrad.errors import ShapeError
from handgrad.expr import UNIT, Expr, Number, Product, Sum


def lift(value: Expr | Number, like: Expr) -> Expr:
    """A number as a constant tensor of another's shape."""
    return value if isinstance(value, Expr) else scale(Fraction(value), ones(like.shape))


def _pair(left: Expr | Number, right: Expr | Number) -> tuple[Expr, Expr]:
    """Two operands of one shape: numbers and scalars are spread over the other's axes."""
    if not isinstance(left, Expr):
        assert isinstance(right, Expr)
        return lift(left, right), right
    right = lift(right, left)
    if left.shape != right.shape:
        if not left.shape:
            return spread(left, right.shape), right
        if not right.shape:
            return left, spread(right, left.shape)
        raise ShapeError(f"{show(left.shape)} and {show(right.shape)} differ")
    return left, right


def spread(scalar: Expr, shape: Shape) -> Expr:
    """A scalar repeated along every axis of a shape."""
    return product([(scalar, ())], tuple(range(len(shape))), dict(enumerate(shape)))


def unspread(expr: Expr) -> Expr | None:
    """The scalar that an expression repeats along every axis, or None."""
    if not expr.shape:
        return expr
    if isinstance(expr, Sum):
        parts = [(c, unspread(term)) for c, term in expr.terms]
        found = [(c, scalar) for c, scalar in parts if scalar is not None]
        return add(found, ()) if len(found) == len(parts) else None
    if not isinstance(expr, Product) or any(labels for _, labels in expr.operands):
        return None
    real = [label for label in expr.out if label != UNIT]
    return hadamard(*(operand for operand, _ in expr.operands)) if len(set(real)) == len(real) else None


def _add(left: Expr | Number, right: Expr | Number) -> Expr:
    left, right = _pair(left, right)
    return add([(1, left), (1, right)], left.shape)


def _subtract(left: Expr | Number, right: Expr | Number) -> Expr:
    left, right = _pair(left, right)
    return add([(1, left), (-1, right)], left.shape)


def hadamard(*factors: Expr | Number) -> Expr:
    """The elementwise product; scalars and numbers spread."""
    shaped = [f for f in factors if isinstance(f, Expr) and f.shape]
    scalars = [f if isinstance(f, Expr) else constant(f) for f in factors if not isinstance(f, Expr) or not f.shape]
    shape = shaped[0].shape if shaped else ()
    for factor in shaped:
        if factor.shape != shape:
            raise ShapeError(f"{show(factor.shape)} and {show(shape)} differ")
    axes = tuple(range(len(shape)))
    return product([(f, axes) for f in shaped] + [(f, ()) for f in scalars], axes, dict(enumerate(shape)))


def _divide(left: Expr | Number, right: Expr | Number) -> Expr:
    inverse = power(right, -1) if isinstance(right, Expr) else Fraction(1) / right
    return hadamard(left, inverse)


def transpose(expr: Expr) -> Expr:
    """The axes in reverse order."""
    axes = tuple(range(expr.rank))
    return product([(expr, axes)], axes[::-1], dict(enumerate(expr.shape)))


def matmul(left: Expr, right: Expr) -> Expr:
    """The product over the last axis of `left` and the first of `right`."""
    joint = left.rank - 1
    at_left = tuple(range(left.rank))
    at_right = (joint, *range(left.rank, left.rank + right.rank - 1))
    sizes = dict(zip(at_left + at_right, left.shape + right.shape, strict=True))
    if left.shape[joint] != right.shape[0]:
        raise ShapeError(f"{show(left.shape)} @ {show(right.shape)}: {left.shape[joint]} and {right.shape[0]} differ")
    out = tuple(label for label in at_left + at_right if label != joint)
    return product([(left, at_left), (right, at_right)], out, sizes)


def broadcast(expr: Expr, shape: Shape) -> Expr:
    """NumPy's broadcasting to a shape: axes of size 1 and missing leading axes are repeated."""
    offset = len(shape) - expr.rank
    at = tuple(UNIT if size.is_one else offset + axis for axis, size in enumerate(expr.shape))
    for axis, size in enumerate(expr.shape):
        if not size.is_one and size != shape[offset + axis]:
            raise ShapeError(f"{show(expr.shape)} does not broadcast to {show(shape)}")
    return product([(expr, at)], tuple(range(len(shape))), dict(enumerate(shape)))


def along(expr: Expr, axis: int) -> Expr:
    """The sum along one axis, repeated along it: the shape stays."""
    out = tuple(range(expr.rank))
    axis %= expr.rank
    at = tuple(expr.rank if k == axis else k for k in out)
    return product([(expr, at)], out, dict(enumerate((*expr.shape, expr.shape[axis]))))


def behind(lead: Shape, expr: Expr) -> Expr:
    """The expression repeated along new leading axes."""
    first = len(lead)
    at = tuple(range(first, first + expr.rank))
    return product([(expr, at)], tuple(range(first + expr.rank)), dict(enumerate(lead + expr.shape)))


def reduce_sum(expr: Expr, axes: Iterable[int] | None = None, keepdims: bool = False) -> Expr:
    """The sum over axes (all of them by default); with `keepdims` they stay, of size 1."""
    gone = set(range(expr.rank) if axes is None else axes)
    labels = tuple(range(expr.rank))
    sizes = dict(enumerate(expr.shape))
    out = tuple(UNIT if k in gone else k for k in labels if k not in gone or keepdims)
    return product([(expr, labels)], out, sizes)


def square_factors(expr: Expr) -> tuple[Expr | None, tuple[tuple[Expr, bool], ...]] | None:
    """A matrix as (scalar, ((factor, transposed), …)), a chain of square factors; None where it is no such chain.

    The scalar is None where it is 1; a chain of one factor that is not transposed or scaled is None too.
    """
    coefficient, body = split_coefficient(expr)
    if not isinstance(body, Product) or len(set(body.out)) < 2 or UNIT in body.out:
        return None if coefficient == 1 else (constant(coefficient), ((body, False),))
    scalars = [operand for operand, labels in body.operands if not labels]
    edges = [(operand, labels) for operand, labels in body.operands if labels]
    if coefficient != 1:
        scalars.append(constant(coefficient))
    here, end = body.out
    factors: list[tuple[Expr, bool]] = []
    while edges:
        found = [(operand, labels) for operand, labels in edges if here in labels]
        if len(found) != 1 or len(found[0][1]) != 2 or len(set(found[0][1])) < 2:
            return None
        operand, labels = found[0]
        if operand.shape[0] != operand.shape[1]:
            return None
        edges.remove(found[0])
        turned = labels[1] == here
        factors.append((operand, turned))
        here = labels[0] if turned else labels[1]
    if here != end or not factors:
        return None
    return (hadamard(*scalars) if scalars else None), tuple(factors)


Expr.doors.update(add=_add, subtract=_subtract, multiply=hadamard, divide=_divide, power=power)
