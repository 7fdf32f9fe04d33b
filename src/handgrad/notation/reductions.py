"""Sums, means, norms, maxima and their kin: over all entries or along axes, with NumPy's `axis` and `keepdims`."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import TYPE_CHECKING

from handgrad.axes import ONE
from handgrad.canonical import power, product, reduce_sum
from handgrad.expr import UNIT, Expr
from handgrad.functions import BY_SPELLING, Reduction
from handgrad.functions.elementwise import absolute
from handgrad.functions.over import largest
from handgrad.notation import entrywise
from handgrad.notation.scope import extent, rational
from handgrad.notation.syntax import Call, Group, Name, Negate, Sequence, Syntax, Text
from handgrad.notation.values import Value

if TYPE_CHECKING:
    from handgrad.notation.elaborate import Elaborator

Keywords = dict[str, Syntax]
Reader = Callable[["Elaborator", Call, Keywords], Value]


def axis_of(reader: Elaborator, node: Syntax | None, rank: int, default: int) -> int:
    """The number that an axis argument is, checked against the rank."""
    if node is None:
        return default
    number = rational(node)
    if number is None or number.denominator != 1 or not -rank <= number < rank:
        raise reader.refuse(node, f"the axis must be a whole number between {-rank} and {rank - 1}",
                            "axes count from 0, or from the end with −1")  # fmt: skip
    return int(number)


def _axes(reader: Elaborator, node: Syntax | None, rank: int) -> tuple[int, ...]:
    if node is None or (isinstance(node, Name) and node.id == "None"):
        return tuple(range(rank))
    nodes = node.items if isinstance(node, Sequence | Group) else (node,)
    return tuple(axis_of(reader, item, rank, 0) % rank for item in nodes)


def _keeps(reader: Elaborator, keywords: Keywords) -> bool:
    keep = keywords.get("keepdims")
    if keep is not None and not (isinstance(keep, Name) and keep.id in ("True", "False")):
        raise reader.refuse(keep, "keepdims is True or False")
    return isinstance(keep, Name) and keep.id == "True"


def _argument(
    reader: Elaborator, node: Call, keywords: Keywords, known: tuple[str, ...] = ("axis", "keepdims")
) -> tuple[Value, Keywords]:
    """The argument and the keywords, a second positional argument among them as the axis."""
    if not node.args or len(node.args) > 2:
        raise reader.refuse(node, f"{node.function.id} takes an argument and an axis, found {len(node.args)} arguments")
    unknown = set(keywords) - set(known)
    if unknown:
        raise reader.refuse(node, f"{node.function.id} is read with axis and keepdims, not {unknown.pop()}")
    if len(node.args) > 1:
        keywords = {"axis": node.args[1], **keywords}
    return reader.value(node.args[0]), keywords


def summed(reader: Elaborator, arg: Value, keywords: Keywords, *, mean: bool = False) -> Value:
    """The sum or the mean along the axes that the keywords say."""
    axes = _axes(reader, keywords.get("axis"), len(arg.shape))
    return _sum_over(arg, axes, _keeps(reader, keywords), mean=mean)


def _sum_over(arg: Value, axes: tuple[int, ...], keepdims: bool, *, mean: bool) -> Value:
    """The sum over axes, divided by the number of entries for a mean."""
    shape = tuple(ONE if k in axes else s for k, s in enumerate(arg.shape) if k not in axes or keepdims)

    def make() -> Expr:
        inner = arg.make()
        total = reduce_sum(inner, axes, keepdims)
        for k in axes if mean else ():
            total = total / extent(inner.shape[k])
        return total

    return Value(shape, make, arg.span)


def total_or_mean(mean: bool) -> Reader:
    """sum(x) or mean(x)."""

    def build(reader: Elaborator, node: Call, keywords: Keywords) -> Value:
        arg, keywords = _argument(reader, node, keywords)
        return summed(reader, arg, keywords, mean=mean)

    return build


def variance(exponent: Fraction) -> Reader:
    """The mean squared distance from the mean (ddof 0), or its root."""

    def build(reader: Elaborator, node: Call, keywords: Keywords) -> Value:
        arg, keywords = _argument(reader, node, keywords, ("axis", "keepdims", "ddof"))
        if "ddof" in keywords and rational(keywords["ddof"]) != 0:
            raise reader.refuse(node, f"{node.function.id} is read with ddof=0", "write the sum and divide by n − 1")
        axes = _axes(reader, keywords.get("axis"), len(arg.shape))
        mean = _sum_over(arg, axes, True, mean=True)
        centred = reader.subtract(arg, mean, node.span)
        squares = Value(centred.shape, lambda: power(centred.make(), 2), node.span)
        found = _sum_over(squares, axes, _keeps(reader, keywords), mean=True)
        return Value(found.shape, lambda: power(found.make(), exponent), node.span)

    return build


def extreme(reader: Elaborator, node: Call, keywords: Keywords) -> Value:
    """max, min and prod over all entries or along axes; max(a, b) of two values is their maximum."""
    record = BY_SPELLING[node.function.id]
    assert isinstance(record, Reduction)
    pair = {"max": "maximum", "min": "minimum"}.get(node.function.id)
    if pair and len(node.args) == 2 and not keywords:
        if rational(node.args[1]) is None:
            return entrywise.called(reader, BY_SPELLING[pair], node)
        raise reader.refuse(node, f"{node.function.id}(x, {rational(node.args[1])}) may mean an axis or a number",
                            f"write {pair}(x, 0), or {node.function.id}(x, axis=0)")  # fmt: skip
    arg, keywords = _argument(reader, node, keywords)
    axes = _axes(reader, keywords.get("axis"), len(arg.shape))
    return reduced(record, arg, axes, _keeps(reader, keywords))


def reduced(record: Reduction, arg: Value, axes: tuple[int, ...], keepdims: bool) -> Value:
    """A function of slices, along one axis after the other."""
    rank = len(arg.shape)
    shape = tuple(ONE if k in axes else s for k, s in enumerate(arg.shape) if k not in axes or keepdims)

    def make() -> Expr:
        inner = arg.make()
        if not rank:
            return inner
        if len(set(axes)) == rank:
            whole = record.at(None)(inner)
            return product([(whole, ())], (UNIT,) * rank, {}) if keepdims else whole
        for axis in axes:
            inner = record.at(axis - rank)(inner)
        labels = tuple(UNIT if k in axes else k for k in range(rank))
        kept = labels if keepdims else tuple(k for k in labels if k != UNIT)
        return product([(inner, labels)], kept, dict(enumerate(inner.shape)))

    return Value(shape, make, arg.span)


def norm(reader: Elaborator, node: Call, keywords: Keywords) -> Value:
    """The norm of a vector, 2 by default, 1 or inf; of a matrix Frobenius'; along an axis that of each slice."""
    keywords = dict(keywords)
    order = node.args[1] if len(node.args) == 2 else keywords.pop("ord", None)
    if not node.args or len(node.args) > 2 or set(keywords) - {"axis", "keepdims"}:
        raise reader.refuse(node, "norm is read with its argument, the order, axis and keepdims",
                            "write norm(x), norm(x, 1), norm(x, inf) or norm(X, axis=1)")  # fmt: skip
    arg = reader.value(node.args[0])
    axes = _axes(reader, keywords.get("axis"), len(arg.shape))
    kind = _order(reader, order, node, len(axes))
    if kind == "inf":
        sizes_of = Value(arg.shape, lambda: absolute(arg.make()), node.span)
        return reduced(largest, sizes_of, axes, _keeps(reader, keywords))
    if kind == "1":
        return summed(reader, Value(arg.shape, lambda: absolute(arg.make()), node.span), keywords)
    squares = Value(arg.shape, lambda: power(arg.make(), 2), node.span)
    total = summed(reader, squares, keywords)
    return Value(total.shape, lambda: power(total.make(), Fraction(1, 2)), node.span)


def _order(reader: Elaborator, node: Syntax | None, call: Call, axes: int) -> str:
    """Which norm: 1 and inf are read of vectors only, where they are not a norm of operators."""
    found = "2" if axes < 2 else "fro"
    match node:
        case None | Name(id="None"):
            return found
        case Text(value="fro"):
            return "fro"
        case Name(id="inf"):
            found = "inf"
        case _ if not isinstance(node, Negate) and rational(node) in (1, 2):
            found = str(rational(node))
        case _:
            raise reader.refuse(node, "this order of a norm is not read", "write 1, 2, inf or 'fro'")
    if axes > 1:
        raise reader.refuse(call, f"the {found}-norm of a matrix is a norm of an operator, which is not read",
                            "write norm(X) for Frobenius' norm, sum(abs(X)) for the sum of absolute values, or "
                            "norm(X, 1, axis=0) for that of each column")  # fmt: skip
    return found


def logsumexp(reader: Elaborator, node: Call, keywords: Keywords) -> Value:
    """log Σ exp(x) along axes."""
    arg, keywords = _argument(reader, node, keywords)
    total = summed(reader, reader.apply(BY_SPELLING["exp"], arg, node.span), keywords)
    return reader.apply(BY_SPELLING["log"], total, node.span)
