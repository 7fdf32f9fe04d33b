"""Concatenations, reversals, running sums, triangles, reshaped and Kronecker products of Python notation.

All are contractions with constant windows: a concatenation is the sum of its parts, each put in its place; a reshaped
tensor has the entry of the old one that is counted alike, row by row.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from handgrad.axes import Count, Shape, Size, show
from handgrad.canonical import add, product
from handgrad.errors import ShapeError
from handgrad.expr import Expr, Operand, Window
from handgrad.notation.indexing import count_of, new_labels, reverse
from handgrad.notation.reductions import axis_of
from handgrad.notation.scope import rational
from handgrad.notation.syntax import Call, Group, Sequence, Span, Syntax
from handgrad.notation.values import Value

if TYPE_CHECKING:
    from handgrad.notation.elaborate import Elaborator


def along_axis(expr: Expr, axis: int, window: Window, back: bool = False) -> Expr:
    """Σⱼ w[i, j] X[… j …] with i in the place of j; `back` is for the transposed window."""
    sizes = dict(enumerate(expr.shape))
    (label,) = new_labels(sizes, window.shape[1:] if back else window.shape[:1])
    labels = tuple(range(expr.rank))
    out = tuple(label if k == axis else k for k in labels)
    return product([(expr, labels), (window, (axis, label) if back else (label, axis))], out, sizes)


def concatenate(reader: Elaborator, node: Call, keywords: dict[str, Syntax]) -> Value:
    """The parts one behind the other along an axis."""
    parts = [reader.value(item) for item in _parts(reader, node)]
    rank = len(parts[0].shape)
    axis = axis_of(reader, _axis_argument(reader, node, keywords), rank, 0) % max(rank, 1)
    for part in parts[1:]:
        message = f"cannot concatenate {reader.sizes.show(parts[0].shape)} and {reader.sizes.show(part.shape)}"
        if len(part.shape) != rank or not rank:
            raise ShapeError(message, place=reader.scope.place(node.span), remedy="give all parts the same axes")
        for k, (one, other) in enumerate(zip(parts[0].shape, part.shape, strict=True)):
            if k != axis:
                reader.sizes.unify(one, other, lambda: message, node.span, "only the joined axis may differ")  # noqa: B023
    lengths = tuple(part.shape[axis] for part in parts)
    total = reader.sizes.made_of(lengths, _total, "a concatenation", node.span)
    shape = (*parts[0].shape[:axis], total, *parts[0].shape[axis + 1 :])
    return Value(shape, lambda: _joined([part.make() for part in parts], axis), node.span)


def _total(lengths: Shape) -> Size:
    count = Count.of(0)
    for length in lengths:
        count = count + length
    return Size.derived(count)


def _joined(parts: list[Expr], axis: int) -> Expr:
    """Each part in its place, zeros elsewhere; their sum."""
    total = _total(tuple(part.shape[axis] for part in parts))
    start = Count.of(0)
    placed = []
    for part in parts:
        length = part.shape[axis]
        window = Window((length, total), (-1, 1), start * -1, maps="slice", lead=1)
        placed.append(along_axis(part, axis, window, back=True))
        start = start + length
    return add([(1, part) for part in placed], placed[0].shape)


def stack(reader: Elaborator, node: Call, keywords: dict[str, Syntax]) -> Value:
    """The parts along a new axis."""
    parts = [reader.value(item) for item in _parts(reader, node)]
    rank = len(parts[0].shape) + 1
    axis = axis_of(reader, _axis_argument(reader, node, keywords), rank, 0) % rank
    for part in parts[1:]:
        message = f"cannot stack {reader.sizes.show(parts[0].shape)} and {reader.sizes.show(part.shape)}"
        if len(part.shape) != rank - 1:
            raise ShapeError(message, place=reader.scope.place(node.span), remedy="give all parts the same axes")
        for one, other in zip(parts[0].shape, part.shape, strict=True):
            reader.sizes.unify(one, other, lambda: message, node.span, "give all parts one shape")  # noqa: B023
    count = Size.of(len(parts))
    shape = (*parts[0].shape[:axis], count, *parts[0].shape[axis:])

    def make() -> Expr:
        placed = []
        for k, part in enumerate(parts):
            inner = part.make()
            labels = tuple(range(inner.rank))
            sizes = {**dict(enumerate(inner.shape)), inner.rank: count}
            out = (*labels[:axis], inner.rank, *labels[axis:])
            place = Window((count,), (1,), -k, maps="slice")
            placed.append(product([(inner, labels), (place, (inner.rank,))], out, sizes))
        return add([(1, part) for part in placed], placed[0].shape)

    return Value(shape, make, node.span)


def _parts(reader: Elaborator, node: Call) -> tuple[Syntax, ...]:
    parts = node.args[0] if node.args else None
    items = parts.items if isinstance(parts, Sequence | Group) else ()
    if not items:
        raise reader.refuse(node, f"{node.function.id} takes a list of tensors",
                            f"write {node.function.id}([a, b], axis=0)")  # fmt: skip
    return items


def _axis_argument(reader: Elaborator, node: Call, keywords: dict[str, Syntax]) -> Syntax | None:
    if set(keywords) - {"axis"} or len(node.args) > 2:
        raise reader.refuse(node, f"{node.function.id} is read with axis only")
    return keywords.get("axis", node.args[1] if len(node.args) > 1 else None)


def flip(reader: Elaborator, node: Call, keywords: dict[str, Syntax]) -> Value:
    """The reverse order along an axis."""
    arg = reader.value(node.args[0])
    axis = axis_of(reader, _axis_argument(reader, node, keywords), len(arg.shape), 0) % max(len(arg.shape), 1)

    def make() -> Expr:
        inner = arg.make()
        size = inner.shape[axis]
        return along_axis(inner, axis, reverse(size))

    return Value(arg.shape, make, node.span)


def cumsum(reader: Elaborator, node: Call, keywords: dict[str, Syntax]) -> Value:
    """The running sum along an axis."""
    arg = reader.value(node.args[0])
    given = _axis_argument(reader, node, keywords)
    if given is None and len(arg.shape) != 1:
        raise reader.refuse(node, "cumsum of a matrix needs its axis", "write cumsum(X, axis=0)")
    axis = axis_of(reader, given, len(arg.shape), 0) % len(arg.shape)

    def make() -> Expr:
        inner = arg.make()
        size = inner.shape[axis]
        return along_axis(inner, axis, Window((size, size), (-1, 1), triangle=True))

    return Value(arg.shape, make, node.span)


def triangle(lower: bool) -> Callable[[Elaborator, Call, dict[str, Syntax]], Value]:
    """tril(A, k) and triu(A, k): what lies on one side of a diagonal, zeros elsewhere."""

    def build(reader: Elaborator, node: Call, keywords: dict[str, Syntax]) -> Value:
        arg = reader.value(node.args[0])
        if len(arg.shape) < 2:
            raise reader.refuse(node, f"{node.function.id} takes a matrix")
        given = keywords.get("k", node.args[1] if len(node.args) > 1 else None)
        shift = Count.of(0) if given is None else count_of(reader, given)

        def make() -> Expr:
            inner = arg.make()
            labels = tuple(range(inner.rank))
            signs = (-1, 1) if lower else (1, -1)
            mask = Window(inner.shape[-2:], signs, shift * (-1 if lower else 1), triangle=True)
            return product([(inner, labels), (mask, labels[-2:])], labels, dict(enumerate(inner.shape)))

        return Value(arg.shape, make, node.span)

    return build


def reshape(reader: Elaborator, node: Call, keywords: dict[str, Syntax]) -> Value:
    """The same entries, row by row, in another shape; one length may be left to be worked out as -1."""
    if keywords or len(node.args) < 2:
        raise reader.refuse(node, "reshape takes a tensor and a shape", "write reshape(X, (n, -1))")
    arg = reader.value(node.args[0])
    wanted = node.args[1].items if isinstance(node.args[1], Sequence | Group) else node.args[1:]
    open_ = [k for k, item_ in enumerate(wanted) if rational(item_) == -1]
    counts = [None if k in open_ else count_of(reader, item_) for k, item_ in enumerate(wanted)]
    if len(open_) > 1:
        raise reader.refuse(node, "only one length can be -1")

    def length(old: Shape, k: int) -> Size:
        count = counts[k]
        if count is not None:
            return Size.derived(count)
        rest = _volume(Size.derived(c) for c in counts if c is not None)
        left = _volume(old).divided(rest)
        if left is None:
            raise reader.refuse(node, f"{_volume(old)} entries do not divide by {rest}", "write all lengths out")
        return Size.derived(left)

    shape = tuple(
        reader.sizes.made_of(arg.shape, lambda old, k=k: length(old, k), "a reshaped tensor", node.span)  # type: ignore[misc]
        for k in range(len(wanted))
    )

    def make() -> Expr:
        inner, new = arg.make(), reader.sizes.shape(shape)
        if _volume(inner.shape) != _volume(new):
            raise ShapeError(f"{show(inner.shape)} cannot take the shape {show(new)}: the number of entries differs",
                             place=reader.scope.place(node.span), remedy="use -1 for one of the lengths")  # fmt: skip
        return reshaped(inner, new)

    return Value(shape, make, node.span)


def _volume(shape: Iterable[Size]) -> Count:
    total = Count.of(1)
    for size in shape:
        total = total * size
    return total


def _strides(shape: Shape) -> tuple[Count, ...]:
    """How far apart neighbours along each axis lie, row by row."""
    return tuple(_volume(shape[k + 1 :]) for k in range(len(shape)))


def reshaped(expr: Expr, shape: Shape) -> Expr:
    """The same entries in another shape: axes that stay, and a window between each group of axes and its new ones."""
    sizes = dict(enumerate(expr.shape))
    windows: list[Operand] = []
    out: list[int] = []
    for old, lengths in _groups(expr.shape, shape):
        if len(old) == len(lengths) == 1:
            out += old
            continue
        new = new_labels(sizes, lengths)
        inner = tuple(sizes[label] for label in old)
        strides = (*_strides(lengths), *(stride * -1 for stride in _strides(inner)))
        windows.append((Window((*lengths, *inner), strides, maps="bijection", lead=len(new)), (*new, *old)))
        out += new
    return product([(expr, tuple(range(expr.rank))), *windows], tuple(out), sizes)


def _groups(old: Shape, new: Shape) -> list[tuple[tuple[int, ...], Shape]]:
    """The shortest runs of old axes and new ones, side by side, that hold equally many entries."""
    found: list[tuple[tuple[int, ...], Shape]] = []
    start, place = (0, 0), [0, 0]
    while place[0] < len(old) or place[1] < len(new):
        one, other = _volume(old[start[0] : place[0]]), _volume(new[start[1] : place[1]])
        shorter = 0 if place[0] - start[0] <= place[1] - start[1] else 1
        behind = 0 if _divides(one, other) and one != other else 1 if _divides(other, one) and one != other else shorter
        if place[behind] == (len(old), len(new))[behind]:
            behind = 1 - behind
        place[behind] += 1
        if _volume(old[start[0] : place[0]]) == _volume(new[start[1] : place[1]]) and min(
            place[0] - start[0], place[1] - start[1]
        ):
            found.append((tuple(range(start[0], place[0])), new[start[1] : place[1]]))
            start = (place[0], place[1])
    if start != (len(old), len(new)):
        found.append((tuple(range(start[0], len(old))), new[start[1] :]))
    return found


def _divides(one: Count, other: Count) -> bool:
    return other.divided(one) is not None


def kron(reader: Elaborator, node: Call, _keywords: dict[str, Syntax]) -> Value:
    """The Kronecker product: entry (i b + j, k d + l) is A[i, k] B[j, l]."""
    if len(node.args) != 2:
        raise reader.refuse(node, "kron takes two matrices")
    left, right = (reader.value(arg) for arg in node.args)
    if len(left.shape) != 2 or len(right.shape) != 2:
        raise ShapeError(f"kron of {reader.sizes.show(left.shape)} and {reader.sizes.show(right.shape)}",
                         place=reader.scope.place(node.span), remedy="give it two matrices")  # fmt: skip
    shape = tuple(
        reader.sizes.made_of((a, b), lambda s: Size.derived(s[0] * s[1]), "a Kronecker product", node.span)
        for a, b in zip(left.shape, right.shape, strict=True)
    )

    def make() -> Expr:
        a, b = left.make(), right.make()
        four = (a.shape[0], b.shape[0], a.shape[1], b.shape[1])
        whole = product([(a, (0, 2)), (b, (1, 3))], (0, 1, 2, 3), dict(enumerate(four)))
        return reshaped(whole, (Size.derived(four[0] * four[1]), Size.derived(four[2] * four[3])))

    return Value(shape, make, node.span)


def swapaxes(reader: Elaborator, node: Call, _keywords: dict[str, Syntax]) -> Value:
    """Two axes exchanged."""
    if len(node.args) != 3:
        raise reader.refuse(node, "swapaxes takes a tensor and two axes", "write swapaxes(X, 0, 1)")
    arg = reader.value(node.args[0])
    rank = len(arg.shape)
    one, other = (axis_of(reader, axis, rank, 0) % max(rank, 1) for axis in node.args[1:])
    order = list(range(rank))
    order[one], order[other] = other, one
    return _reordered(arg, order, node.span)


def transpose(reader: Elaborator, node: Call, keywords: dict[str, Syntax]) -> Value:
    """The axes in reverse order, or in the given one."""
    arg = reader.settled(reader.operand(node.args[0]))
    rest = keywords.get("axes", node.args[1] if len(node.args) == 2 else None)
    if rest is None and len(node.args) == 1:
        return reader.turn(arg)
    axes = rest.items if isinstance(rest, Sequence | Group) else node.args[1:]
    order = [axis_of(reader, axis, len(arg.shape), 0) % len(arg.shape) for axis in axes]
    if sorted(order) != list(range(len(arg.shape))):
        raise reader.refuse(node, f"transpose names each of the {len(arg.shape)} axes once")
    return _reordered(arg, order, node.span)


def _reordered(arg: Value, order: list[int], span: Span) -> Value:
    shape = tuple(arg.shape[k] for k in order)

    def make() -> Expr:
        inner = arg.make()
        return product([(inner, tuple(range(inner.rank)))], tuple(order), dict(enumerate(inner.shape)))

    return Value(shape, make, span)


ARRANGING: dict[str, Callable[[Elaborator, Call, dict[str, Syntax]], Value]] = {
    "concatenate": concatenate,
    "stack": stack,
    "flip": flip,
    "cumsum": cumsum,
    "tril": triangle(lower=True),
    "triu": triangle(lower=False),
    "reshape": reshape,
    "kron": kron,
    "swapaxes": swapaxes,
    "transpose": transpose,
}
