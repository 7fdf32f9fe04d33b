"""NumPy's functions that are not scalar functions of the table: sums, means, products, traces."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import TYPE_CHECKING

from handgrad.axes import ONE, Size
from handgrad.canonical import eye, power, product, reduce_sum
from handgrad.expr import Expr
from handgrad.functions import BY_SPELLING
from handgrad.notation.scope import Operand, extent, rational
from handgrad.notation.syntax import Call, Group, Name, Sequence, Syntax
from handgrad.notation.values import Value

if TYPE_CHECKING:
    from handgrad.notation.elaborate import Elaborator


def axis_of(reader: Elaborator, node: Syntax | None, rank: int, default: int) -> int:
    """The number that an axis argument is, checked against the rank."""
    if node is None:
        return default
    number = rational(node)
    if number is None or number.denominator != 1 or not -rank <= number < rank:
        raise reader.refuse(node, f"the axis must be a whole number between {-rank} and {rank - 1}")
    return int(number)


def _axes(reader: Elaborator, node: Syntax | None, rank: int) -> tuple[int, ...]:
    if node is None or (isinstance(node, Name) and node.id == "None"):
        return tuple(range(rank))
    nodes = node.items if isinstance(node, Sequence | Group) else (node,)
    return tuple(axis_of(reader, item, rank, 0) % rank for item in nodes)


def _reduce(reader: Elaborator, node: Call, keywords: dict[str, Syntax], mean: bool) -> Value:
    if not node.args:
        raise reader.refuse(node, f"{node.function.id} takes an argument")
    arg = reader.value(node.args[0])
    axes = _axes(reader, keywords.get("axis", node.args[1] if len(node.args) > 1 else None), len(arg.shape))
    keep = keywords.get("keepdims")
    keepdims = isinstance(keep, Name) and keep.id == "True"
    shape = tuple(ONE if k in axes else s for k, s in enumerate(arg.shape) if k not in axes or keepdims)

    def make() -> Expr:
        inner = arg.make()
        total = reduce_sum(inner, axes, keepdims)
        for k in axes if mean else ():
            total = total / extent(inner.shape[k])
        return total

    return Value(shape, make, node.span)


def _arguments(reader: Elaborator, node: Call, count: int) -> list[Operand]:
    if len(node.args) != count:
        raise reader.refuse(node, f"{node.function.id} takes {count} arguments, found {len(node.args)}")
    return [reader.operand(arg) for arg in node.args]


def _matmul(reader: Elaborator, node: Call, _keywords: dict[str, Syntax]) -> Value:
    left, right = _arguments(reader, node, 2)
    return reader.matmul(left, right, node.span)


def _power(exponent: Fraction) -> Callable[[Elaborator, Call, dict[str, Syntax]], Value]:
    def build(reader: Elaborator, node: Call, _keywords: dict[str, Syntax]) -> Value:
        arg = reader.settled(_arguments(reader, node, 1)[0])
        return Value(arg.shape, lambda: power(arg.make(), exponent), node.span)

    return build


def _trace(reader: Elaborator, node: Call, _keywords: dict[str, Syntax]) -> Value:
    return reader.trace(reader.settled(_arguments(reader, node, 1)[0]), node.span)


def _outer(reader: Elaborator, node: Call, _keywords: dict[str, Syntax]) -> Value:
    left, right = (reader.settled(arg) for arg in _arguments(reader, node, 2))
    return Value(
        left.shape + right.shape,
        lambda: product(
            [(left.make(), (0,)), (right.make(), (1,))], (0, 1), dict(enumerate(left.make().shape + right.make().shape))
        ),
        node.span,
    )


def _eye(reader: Elaborator, node: Call, _keywords: dict[str, Syntax]) -> Value:
    arg = node.args[0] if node.args else None
    if not isinstance(arg, Name) or arg.id not in reader.scope.size_names:
        raise reader.refuse(node, "eye takes a declared size", "write eye(n) with n from a declared shape")
    size = Size.of(arg.id)
    return Value((size, size), lambda: eye(size), node.span)


def _transpose(reader: Elaborator, node: Call, _keywords: dict[str, Syntax]) -> Value:
    return reader.turn(reader.settled(_arguments(reader, node, 1)[0]))


def _maximum(reader: Elaborator, node: Call, _keywords: dict[str, Syntax]) -> Value:
    if len(node.args) == 2:
        for zero, other in (node.args, node.args[::-1]):
            if rational(zero) == 0:
                return reader.apply(BY_SPELLING["relu"], reader.value(other), node.span)
    raise reader.refuse(node, "maximum is read with 0 as one of two arguments: maximum(0, z)")


NUMPY: dict[str, Callable[[Elaborator, Call, dict[str, Syntax]], Value]] = {
    "sum": lambda reader, node, keywords: _reduce(reader, node, keywords, mean=False),
    "mean": lambda reader, node, keywords: _reduce(reader, node, keywords, mean=True),
    "average": lambda reader, node, keywords: _reduce(reader, node, keywords, mean=True),
    "matmul": _matmul,
    "dot": _matmul,
    "sqrt": _power(Fraction(1, 2)),
    "square": _power(Fraction(2)),
    "reciprocal": _power(Fraction(-1)),
    "trace": _trace,
    "tr": _trace,
    "outer": _outer,
    "eye": _eye,
    "transpose": _transpose,
    "maximum": _maximum,
}
