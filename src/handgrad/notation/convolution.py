"""Convolution, correlation and pooling: contractions of input, kernel and a constant window along each axis.

y[i] = Σₖ w[k] x[s i + d k − p] is Σₖⱼ w[k] x[j] t[i, k, j], t = 1 where j = s i + d k − p; outside x is zero.
Stride s, padding p, dilation d and groups are PyTorch's (torch.nn.functional.conv1d, conv2d), the modes NumPy's.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from string import ascii_lowercase
from typing import TYPE_CHECKING

from handgrad.axes import AnySize, Count, Size
from handgrad.canonical import product
from handgrad.errors import ShapeError
from handgrad.expr import Expr, Operand, Window
from handgrad.functions import BY_SPELLING, Reduction
from handgrad.notation.reductions import reduced
from handgrad.notation.scope import rational
from handgrad.notation.syntax import Call, Group, Sequence, Syntax, Text
from handgrad.notation.values import Value

if TYPE_CHECKING:
    from handgrad.notation.elaborate import Elaborator

Build = Callable[["Elaborator", Call, dict[str, Syntax]], Value]


@dataclass(frozen=True, slots=True)
class _Walk:
    """How a kernel walks along one axis: output i, kernel place k, input j = stride·i + dilation·k − padding."""

    stride: int = 1
    padding: int = 0
    dilation: int = 1

    def length(self, size: Size, kernel: Size) -> Size:
        """How many outputs there are."""
        reach = (kernel - 1) * self.dilation
        return Size.derived(size + 2 * self.padding - reach - 1 + self.stride, self.stride)

    def window(self, out: Size, kernel: Size, size: Size) -> Window:
        """The window with the axes output, kernel, input."""
        room = Size.derived(size + 2 * self.padding - (kernel - 1) * self.dilation)
        return Window((out, kernel, size), (-self.stride, -self.dilation, 1), self.padding, room=room)


def _numbers(reader: Elaborator, node: Call, value: Syntax | None, count: int, default: int, least: int) -> list[int]:
    """A whole number for each axis, or one for all."""
    if value is None:
        return [default] * count
    items = value.items if isinstance(value, Sequence | Group) else (value,)
    found = [rational(item) for item in items]
    if any(f is None or f.denominator != 1 or f < least for f in found) or len(found) not in (1, count):
        raise reader.refuse(value, f"{node.function.id} takes one whole number of at least {least}, or one an axis")
    numbers = [int(f) for f in found if f is not None]
    return numbers * count if len(numbers) == 1 else numbers


def _walks(reader: Elaborator, node: Call, keywords: dict[str, Syntax], axes: int) -> list[_Walk]:
    return [
        _Walk(*numbers)
        for numbers in zip(
            _numbers(reader, node, keywords.get("stride"), axes, 1, 1),
            _numbers(reader, node, keywords.get("padding"), axes, 0, 0),
            _numbers(reader, node, keywords.get("dilation"), axes, 1, 1),
            strict=True,
        )
    ]


def _known(reader: Elaborator, node: Call, keywords: dict[str, Syntax], names: set[str], least: int, most: int) -> None:
    unknown = set(keywords) - names
    if unknown or not least <= len(node.args) <= most:
        shown = ", ".join(sorted(names))
        raise reader.refuse(node, f"{node.function.id} is read with {least} to {most} arguments and {shown}")


def convolution(axes: int) -> Build:
    """conv1d and conv2d: x ([batch,] channels, …), weight (outputs, channels / groups, …), bias (outputs,)."""

    def build(reader: Elaborator, node: Call, keywords: dict[str, Syntax]) -> Value:
        _known(reader, node, keywords, {"stride", "padding", "dilation", "groups", "bias"}, 2, 3)
        x, weight = reader.value(node.args[0]), reader.value(node.args[1])
        if len(x.shape) not in (axes + 1, axes + 2) or len(weight.shape) != axes + 2:
            raise ShapeError(
                f"{node.function.id} of {reader.sizes.show(x.shape)} with a weight {reader.sizes.show(weight.shape)}",
                place=reader.scope.place(node.span),
                remedy=f"x: (batch, channels{', length' * axes}), weight: (outputs, channels{', length' * axes})",
            )
        groups = _numbers(reader, node, keywords.get("groups"), 1, 1, 1)[0]
        walks = _walks(reader, node, keywords, axes)
        if groups == 1:
            message = f"{node.function.id}: the input's channels and the weight's differ"
            reader.sizes.unify(x.shape[-axes - 1], weight.shape[1], lambda: message, node.span)
        lengths = [
            reader.sizes.made_of((size, kernel), lambda s, w=walk: w.length(*s), "a convolution", node.span)  # type: ignore[misc]
            for size, kernel, walk in zip(x.shape[-axes:], weight.shape[-axes:], walks, strict=True)
        ]
        shape = (*x.shape[: -axes - 1], weight.shape[0], *lengths)
        value = Value(shape, lambda: _convolve(x.make(), weight.make(), walks, groups), node.span)
        bias = node.args[2] if len(node.args) > 2 else keywords.get("bias")
        return value if bias is None else _with_bias(reader, value, bias, axes)

    return build


def _with_bias(reader: Elaborator, value: Value, node: Syntax, axes: int) -> Value:
    bias = reader.value(node)
    message = f"the bias has shape {reader.sizes.show(bias.shape)}, one number a channel is expected"
    if len(bias.shape) != 1:
        raise ShapeError(message, place=reader.scope.place(node.span), remedy="write b: (outputs,)")
    reader.sizes.unify(bias.shape[0], value.shape[-axes - 1], lambda: message, node.span)
    ones = (Size.of(1),) * axes

    def standing() -> Expr:
        inner = bias.make()
        return product([(inner, (0,))], (0, *[-1] * axes), {0: inner.shape[0]})

    negated = Value((*bias.shape, *ones), lambda: -standing(), node.span)
    return reader.subtract(value, negated, node.span)


def _convolve(x: Expr, weight: Expr, walks: list[_Walk], groups: int) -> Expr:
    """The contraction; letters: n batch, o outputs, c channels of a group, C channels, g group, u output of a group."""
    axes = len(walks)
    batch = x.rank == axes + 2
    sizes: dict[str, Size] = {"o": weight.shape[0], "c": weight.shape[1], "C": x.shape[-axes - 1]}
    if batch:
        sizes["n"] = x.shape[0]
    places, kernels, outs = ascii_lowercase[15:][:axes], ascii_lowercase[8:][:axes], "".join("XYZ"[:axes])
    terms: list[tuple[Expr, str]] = []
    for k, walk in enumerate(walks):
        size, kernel = x.shape[-axes + k], weight.shape[-axes + k]
        out = walk.length(size, kernel)
        sizes.update({places[k]: size, kernels[k]: kernel, outs[k]: out})
        terms.append((walk.window(out, kernel, size), outs[k] + kernels[k] + places[k]))
    channel = "c"
    if groups > 1:
        channel = "C"
        each = Size.derived(weight.shape[0], groups)
        sizes.update({"g": Size.of(groups), "u": each})
        terms.append((_split(sizes["o"], sizes["g"], each), "ogu"))
        terms.append((_split(sizes["C"], sizes["g"], sizes["c"]), "Cgc"))
    front = "n" if batch else ""
    terms += [(x, front + channel + places), (weight, "oc" + kernels)]
    return _einsum(terms, front + "o" + outs, sizes)


def _split(whole: Size, groups: Size, each: Size) -> Window:
    """Where whole = group · each + place."""
    room = Size.derived(groups * each - whole + 1)
    return Window((whole, groups, each), (1, Count.of(each) * -1, -1), room=room, maps="bijection", lead=1)


def _einsum(terms: list[tuple[Expr, str]], out: str, sizes: dict[str, Size]) -> Expr:
    used = {letter for _, letters in terms for letter in letters}
    number = {letter: k for k, letter in enumerate(sorted(used))}
    operands: list[Operand] = [(expr, tuple(number[c] for c in letters)) for expr, letters in terms]
    return product(operands, tuple(number[c] for c in out), {number[c]: sizes[c] for c in used})


def sliding(flipped: bool) -> Build:
    """np.convolve and np.correlate of two vectors, with the modes valid, same and full."""

    def build(reader: Elaborator, node: Call, keywords: dict[str, Syntax]) -> Value:
        _known(reader, node, keywords, {"mode"}, 2, 3)
        given = node.args[2] if len(node.args) > 2 else keywords.get("mode")
        mode = given.value if isinstance(given, Text) else "valid" if given is None and not flipped else "full"
        if mode not in ("valid", "full") or (given is not None and not isinstance(given, Text)):
            raise reader.refuse(given or node, "the mode is \"valid\" or \"full\"",
                                "for \"same\" write conv1d with its padding")  # fmt: skip
        x, kernel = reader.value(node.args[0]), reader.value(node.args[1])
        for part in (x, kernel):
            if len(part.shape) != 1:
                found = reader.sizes.show(part.shape)
                raise ShapeError(f"{node.function.id} takes two vectors, found {found}",
                                 place=reader.scope.place(part.span), remedy="use conv1d or conv2d")  # fmt: skip
        full = mode == "full"
        both = (x.shape[0], kernel.shape[0])
        length = reader.sizes.made_of(both, lambda s: _reach(s[0], s[1], full), "a convolution", node.span)
        return Value((length,), lambda: _slide(x.make(), kernel.make(), full, flipped), node.span)

    return build


def _reach(size: Size, kernel: Size, full: bool) -> Size:
    return Size.derived(size + kernel - 1 if full else size - kernel + 1)


def _slide(x: Expr, kernel: Expr, full: bool, flipped: bool) -> Expr:
    """valid: j = i + k; full: j = i + k − (K − 1); a flipped kernel has K − 1 − k for k."""
    size, width = x.shape[0], kernel.shape[0]
    out = _reach(size, width, full)
    last = width - 1
    if flipped:  # full: j = i − k; valid: j = i − k + K − 1
        window = Window((out, width, size), (-1, 1, 1), Count.of(0) if full else last * -1,
                        room=Size.of(1) if full else out)  # fmt: skip
    else:
        window = Window((out, width, size), (-1, -1, 1), last if full else Count.of(0),
                        room=Size.of(1) if full else out)  # fmt: skip
    sizes = {0: out, 1: width, 2: size}
    return product([(window, (0, 1, 2)), (kernel, (1,)), (x, (2,))], (0,), sizes)


def patches(reader: Elaborator, node: Call, keywords: dict[str, Syntax], axes: int) -> tuple[Value, int]:
    """The patches that a pooling window sees: the kernel's axes behind all others; and how many entries each has."""
    _known(reader, node, keywords, {"stride", "padding", "kernel_size"}, 1, 3)
    x = reader.value(node.args[0])
    if len(x.shape) < axes:
        raise ShapeError(f"{node.function.id} of shape {reader.sizes.show(x.shape)}",
                         place=reader.scope.place(node.span), remedy=f"it pools over the last {axes} axes")  # fmt: skip
    given = node.args[1] if len(node.args) > 1 else keywords.get("kernel_size")
    if given is None:
        raise reader.refuse(node, f"{node.function.id} needs the size of its window", f"write {node.function.id}(x, 2)")
    kernels = _numbers(reader, node, given, axes, 1, 1)
    stride = node.args[2] if len(node.args) > 2 else keywords.get("stride", given)
    walks = _walks(reader, node, {**keywords, "stride": stride}, axes)
    windows = [Size.of(kernel) for kernel in kernels]
    lengths = [
        reader.sizes.made_of((size,), lambda s, w=walk, k=kernel: w.length(s[0], k), "pooling", node.span)  # type: ignore[misc]
        for size, kernel, walk in zip(x.shape[-axes:], windows, walks, strict=True)
    ]
    entries = 1
    for kernel in kernels:
        entries *= kernel
    shape: tuple[AnySize, ...] = (*x.shape[:-axes], *lengths, *windows)
    return Value(shape, lambda: _patched(x.make(), windows, walks), node.span), entries


def _patched(x: Expr, kernels: list[Size], walks: list[_Walk]) -> Expr:
    axes = len(walks)
    first = x.rank
    sizes = dict(enumerate(x.shape))
    operands: list[Operand] = [(x, tuple(range(first)))]
    outs, inner = [], []
    for k, (kernel, walk) in enumerate(zip(kernels, walks, strict=True)):
        place = first - axes + k
        size = x.shape[place]
        out, within = first + 2 * k, first + 2 * k + 1
        sizes.update({out: walk.length(size, kernel), within: kernel})
        operands.append((walk.window(sizes[out], kernel, size), (out, within, place)))
        outs.append(out)
        inner.append(within)
    return product(operands, (*range(first - axes), *outs, *inner), sizes)


def average_pool(axes: int) -> Build:
    """avg_pool1d and avg_pool2d over the last axes; padded places count as zeros, as in PyTorch."""

    def build(reader: Elaborator, node: Call, keywords: dict[str, Syntax]) -> Value:
        seen, entries = patches(reader, node, keywords, axes)

        def make() -> Expr:
            inner = seen.make()
            labels = tuple(range(inner.rank))
            return product([(inner, labels)], labels[:-axes], dict(enumerate(inner.shape))) / entries

        return Value(seen.shape[:-axes], make, node.span)

    return build


def max_pool(axes: int) -> Build:
    """max_pool1d and max_pool2d over the last axes; without padding, whose zeros could be the largest entries."""

    def build(reader: Elaborator, node: Call, keywords: dict[str, Syntax]) -> Value:
        if any(_numbers(reader, node, keywords.get("padding"), axes, 0, 0)):
            raise reader.refuse(node, f"{node.function.id} is read without padding", "leave padding out")
        seen, _ = patches(reader, node, keywords, axes)
        record = BY_SPELLING["max"]
        assert isinstance(record, Reduction)
        rank = len(seen.shape)
        return reduced(record, seen, tuple(range(rank - axes, rank)), keepdims=False)

    return build


CONVOLUTION: dict[str, Build] = {
    "conv1d": convolution(1),
    "conv2d": convolution(2),
    "convolve": sliding(flipped=True),
    "correlate": sliding(flipped=False),
    "max_pool1d": max_pool(1),
    "max_pool2d": max_pool(2),
    "avg_pool1d": average_pool(1),
    "avg_pool2d": average_pool(2),
}
