"""Slices and indices of Python notation: contractions with constant windows.

X[1:3] is Σⱼ X[j] w[i, j] with w[i, j] = 1 where j = i + 1; X[idx] takes its rows by number with w[i, j] = 1 where
j = idx[i].
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from handgrad.axes import ONE, AnySize, Count, Shape, Size
from handgrad.canonical import product
from handgrad.errors import ShapeError
from handgrad.expr import UNIT, Expr, Operand, Window
from handgrad.notation.names import flat_name
from handgrad.notation.scope import rational
from handgrad.notation.syntax import (
    Binary,
    Call,
    Group,
    Indexed,
    Name,
    Negate,
    Number,
    Range,
    Span,
    Syntax,
    walk,
)  # fmt: skip
from handgrad.notation.values import AnyShape, Hole, Value

if TYPE_CHECKING:
    from handgrad.notation.elaborate import Elaborator

Bound = Callable[[Size], Count]  # a place along an axis of the given size
Change = Callable[[Shape], Window]


@dataclass(frozen=True, slots=True)
class _Taken:
    """What an index makes of one axis: it stays, as long as it was, where nothing else is said.

    `new`: there was none before. `picked`: by the whole numbers `numbers`, or each by its own place along the
    axis that the numbers of another axis have.
    """

    length: AnySize | None  # of the axis that comes out, None where it goes
    window: Change | None = None  # from the sizes (new, old), or (old,) where the axis goes
    new: bool = False
    picked: bool = False
    numbers: Value | None = None


def count_of(reader: Elaborator, node: Syntax) -> Count:
    """A whole number written with declared sizes: n − 1."""
    match node:
        case Group(items=(only,)):
            return count_of(reader, only)
        case Number() if node.value.denominator == 1:
            return Count.of(int(node.value))
        case Name() if node.id in reader.scope.size_names:
            return Count.of(Size.of(node.id))
        case Negate():
            return count_of(reader, node.arg) * -1
        case Binary(op="+" | "-" | "*"):
            left, right = count_of(reader, node.left), count_of(reader, node.right)
            return left * right if node.op == "*" else left + right if node.op == "+" else left - right
    raise reader.refuse(node, "a place along an axis is a whole number or arithmetic of declared sizes",
                        "write X[0], X[1:n] with n from a declared shape, or X[idx] with idx declared")  # fmt: skip


def declared_size(reader: Elaborator, node: Syntax) -> Size:
    """A size of a declaration: a number, a name, n - k + 1, or (n - 3)//2 for what a convolution leaves."""
    if isinstance(node, Number) and node.value.denominator == 1 and node.value > 0:
        return Size.of(int(node.value))
    if isinstance(node, Indexed) and isinstance(node.base, Name):
        node = flat_name(node)
    if isinstance(node, Name | Binary):
        reader.scope.size_names.update(part.id for part in walk(node) if isinstance(part, Name))
        whole, under = (node.left, rational(node.right)) if isinstance(node, Binary) and node.op == "//" else (node, 1)
        if under is not None and under.denominator == 1 and under > 0:
            return Size.derived(count_of(reader, whole), int(under))
    raise reader.refuse(node, "a size is a positive whole number, a name, or arithmetic of these",
                        "write X: (n, m), X: (3, m) or y: (n - k + 1,)")  # fmt: skip


def _bound(reader: Elaborator, node: Syntax | None, default: Bound) -> Bound:
    """NumPy's rule: what is negative counts from the end."""
    if node is None:
        return default
    count = count_of(reader, node)
    if count.terms and all(c < 0 for _, c in count.terms):
        return lambda size: size + count
    return lambda _size: count


def item(reader: Elaborator, node: Indexed) -> Value:
    """X[…] with NumPy's meaning."""
    base = reader.value(node.base)
    indices = _without_dots(reader, node, len(base.shape))
    taken: list[_Taken] = []
    axis = 0
    for index in indices:
        if isinstance(index, Name) and index.id in ("None", "newaxis"):
            taken.append(_Taken(ONE, new=True))
            continue
        taken.append(_take(reader, index, base.shape[axis]))
        axis += 1
    taken += [_Taken(size) for size in base.shape[axis:]]
    return _selected(reader, base, taken, indices, node.span)


def _without_dots(reader: Elaborator, node: Indexed, rank: int) -> list[Syntax]:
    """The indices with `...` filled up by whole axes."""
    indices = list(node.indices)
    used = sum(not (isinstance(i, Name) and i.id in ("None", "newaxis", "Ellipsis")) for i in indices)
    dots = [k for k, i in enumerate(indices) if isinstance(i, Name) and i.id == "Ellipsis"]
    if used > rank or len(dots) > 1:
        raise reader.refuse(node, f"{used} indices into something with {rank} axes")
    if dots:
        indices[dots[0] : dots[0] + 1] = [Range(None, None, None, node.span)] * (rank - used)
    return indices


def _take(reader: Elaborator, index: Syntax, size: AnySize) -> _Taken:
    if isinstance(index, Range):
        return _slice(reader, index, size)
    if isinstance(index, Call) and index.function.id == "arange" and len(index.args) == 1:
        length = Size.derived(count_of(reader, index.args[0]))
        reader.sizes.unify(length, size, lambda: f"arange({length}) along an axis of another size", index.span)
        return _Taken(size, picked=True)
    if rational(index) is not None or not _is_symbol(reader, index):
        place = _bound(reader, index, lambda _: Count.of(0))

        def unit(shape: Shape) -> Window:
            here = place(shape[0])
            return Window(shape, (1,), here * -1, room=_room(reader, index, shape[0], here + 1), maps="slice")

        return _Taken(None, unit)
    picks = reader.operand(index)
    if isinstance(picks, Hole):
        picks = reader.settle(picks, (reader.sizes.fresh(f"length of {picks.name}"),))
    if not picks.symbol:
        raise reader.refuse(index, "an index is a whole number or a name for whole numbers",
                            "give the indices a name of their own: X[idx]")  # fmt: skip
    free = reader.scope.free[picks.symbol]
    if free.picks is None:
        free.picks = size
        reader.scope.assume(f"{free.name} holds whole numbers: it counts along an axis")
    else:
        message = f"{free.name} counts along two axes of different sizes"
        reader.sizes.unify(free.picks, size, lambda: message, index.span, "use another index for the other axis")
    return _Taken(size, picked=True, numbers=picks)


def _is_symbol(reader: Elaborator, index: Syntax) -> bool:
    return isinstance(index, Name) and index.id not in reader.scope.size_names


def _room(reader: Elaborator, index: Syntax, size: Size, end: Count) -> Size:
    """A size that is at least 1 where the axis reaches up to `end`."""
    left = size - end
    if left.number is not None and left.number < 0:
        raise reader.refuse(index, f"this reaches up to {end} along an axis of {size}", "axes count from 0")
    return ONE if left.number is not None else Size.derived(left + 1)


def _slice(reader: Elaborator, index: Range, size: AnySize) -> _Taken:
    step = 1 if index.step is None else rational(index.step)
    if step == -1 and index.lower is None and index.upper is None:
        return _Taken(size, lambda shape: reverse(shape[1]))
    if step is None or step.denominator != 1 or step < 1:
        raise reader.refuse(index, "a step is a positive whole number, or [::-1] for the reverse order")
    if index.lower is None and index.upper is None and step == 1:
        return _Taken(size)
    stride = int(step)
    lower = _bound(reader, index.lower, lambda _: Count.of(0))
    upper = _bound(reader, index.upper, Count.of)
    length = reader.sizes.made_of(
        (size,), lambda shape: _length(reader, index, lower(shape[0]), upper(shape[0]), stride), "a slice", index.span
    )

    def window(shape: Shape) -> Window:
        start, end = lower(shape[1]), upper(shape[1])
        return Window(shape, (-stride, 1), start * -1, room=_room(reader, index, shape[1], end), maps="slice", lead=1)

    return _Taken(length, window)


def _length(reader: Elaborator, index: Range, start: Count, end: Count, step: int) -> Size:
    count = end - start + (step - 1)
    if count.number is not None and count.number < step:
        raise reader.refuse(index, "this slice is empty", "its end must lie behind its start")
    return Size.derived(count, step)


def _selected(reader: Elaborator, base: Value, taken: list[_Taken], indices: list[Syntax], span: Span) -> Value:
    """The contraction of the base with the windows of its axes; picked axes share the axes of their numbers."""
    places = [k for k, part in enumerate(taken) if part.picked]
    if places and places != list(range(places[0], places[-1] + 1)):
        raise reader.refuse(indices[places[0]], "index arrays that do not stand side by side are not read",
                            "transpose the tensor first")  # fmt: skip
    shared = _shared(reader, [taken[k] for k in places], span)
    lengths: list[AnySize] = []
    for k, part in enumerate(taken):
        if part.picked:
            lengths += shared if k == places[0] else ()
        elif part.length is not None:
            lengths.append(part.length)
    return Value(tuple(lengths), lambda: _contract(base.make(), taken, reader.sizes.shape(shared), reader), span)


def _shared(reader: Elaborator, picked: list[_Taken], span: Span) -> AnyShape:
    """The axes of the index arrays: all have the same."""
    shapes = [part.numbers.shape if part.numbers is not None else (part.length or ONE,) for part in picked]
    for shape in shapes[1:]:
        message = f"index arrays of shapes {reader.sizes.show(shapes[0])} and {reader.sizes.show(shape)}"
        if len(shape) != len(shapes[0]):
            raise ShapeError(message, place=reader.scope.place(span), remedy="give them one shape")
        for one, other in zip(shapes[0], shape, strict=True):
            reader.sizes.unify(one, other, lambda: message, span, "give them one shape")  # noqa: B023
    return shapes[0] if shapes else ()


def _contract(base: Expr, taken: list[_Taken], shared: Shape, reader: Elaborator) -> Expr:
    sizes = dict(enumerate(base.shape))
    together = new_labels(sizes, shared)
    at: list[int] = []
    out: list[int] = []
    windows: list[Operand] = []
    axes = iter(range(base.rank))
    first = next((part for part in taken if part.picked), None)
    for part in taken:
        if part.new:
            out.append(UNIT)
            continue
        axis = next(axes)
        at.append(together[0] if part.picked and part.numbers is None else axis)
        if part.picked:
            out += together if part is first else ()
            if part.numbers is not None:
                index = part.numbers.make()
                shape = (*index.shape, sizes[axis])
                window = Window(shape, (*[0] * index.rank, 1), index=index, maps="choice", lead=index.rank)
                windows.append((window, (*together, axis)))
        elif part.window is None:
            out.append(axis)
        elif part.length is None:
            windows.append((part.window((sizes[axis],)), (axis,)))
        else:
            (label,) = new_labels(sizes, (reader.sizes.final(part.length),))
            windows.append((part.window((sizes[label], sizes[axis])), (label, axis)))
            out.append(label)
    covered = {*at, *out, *(label for _, labels in windows for label in labels)}
    return product([(base, tuple(at)), *windows], tuple(out), {k: v for k, v in sizes.items() if k in covered})


def new_labels(sizes: dict[int, Size], lengths: Shape) -> tuple[int, ...]:
    """Labels for further axes; `sizes` grows."""
    labels = tuple(range(len(sizes), len(sizes) + len(lengths)))
    sizes.update(zip(labels, lengths, strict=True))
    return labels


def reverse(size: Size) -> Window:
    """The window that turns the order along an axis round."""
    return Window((size, size), (1, 1), 1 - Count.of(size), maps="bijection", lead=1)
