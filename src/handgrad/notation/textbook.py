"""What stands in textbooks and not in NumPy: factors side by side, Σ, norms, indices of examples."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING

from handgrad.axes import Size
from handgrad.canonical import power, reduce_sum
from handgrad.functions import BY_SPELLING, AbstractFunction, Elementwise, Reduction
from handgrad.notation import entrywise, indexing
from handgrad.notation.names import FUNCTION_WORDS, flat_name
from handgrad.notation.scope import FUNCTION_LETTERS, RESERVED, Fn, Operand, letter
from handgrad.notation.syntax import (
    BigSum,
    Binary,
    Group,
    Indexed,
    Juxtaposition,
    Name,
    Negate,
    Norm,
    Prime,
    Span,
    Syntax,
    Transpose,
    arguments_of,
    children,
    walk,
)
from handgrad.notation.values import Value

if TYPE_CHECKING:
    from handgrad.notation.elaborate import Elaborator

SPECIAL = frozenset({"sqrt", "tr", "trace", "max", "min"})  # functions of a textbook that are not in the table


@dataclass(frozen=True, slots=True)
class _Head:
    """A function in front of its argument: f, f², f⁽ⁱ⁾."""

    name: Name
    exponent: Fraction | None


def juxtaposition(reader: Elaborator, node: Juxtaposition) -> Operand:
    """Things side by side: applications first, then products from the left."""
    if node in reader.numbers and (applied := _undefined(reader, node)) is not None:
        return applied
    factors: list[Operand] = []
    items = list(node.items)
    position = 0
    while position < len(items):
        factor, position = _factor(reader, items, position)
        factors.append(factor)
    result = factors[0]
    for factor in factors[1:]:
        result = reader.times(result, factor, node.span)
    return result


def _undefined(reader: Elaborator, node: Juxtaposition) -> Value | None:
    """ℓ(A, Y) that is a number by itself, where ℓ is an undefined function."""
    name = node.items[0]
    if not isinstance(name, Name) or name.id in SPECIAL or not reader.is_unknown(name.id):
        return None
    if reader.function_named(name.id) is not None or name.id in FUNCTION_WORDS:
        return None
    return entrywise.undefined(reader, name, arguments_of(node), node)


def _factor(reader: Elaborator, items: list[Syntax], position: int) -> tuple[Operand, int]:
    """One factor: a function with its argument, or a single item."""
    item = items[position]
    following = items[position + 1] if position + 1 < len(items) else None
    head = _head(item)
    if head is None or following is None:
        return reader.operand(item), position + 1
    name = head.name
    special = name.id in SPECIAL and reader.is_unknown(name.id)
    function = None if special else reader.function_named(name.id)
    if function is None and not special:
        several = isinstance(following, Group) and len(following.items) > 1  # no product: f(x, y)
        applied = _opens(following) and (several or letter(name.id) in FUNCTION_LETTERS)
        if not (applied and reader.is_unknown(name.id)):
            return reader.operand(item), position + 1
        function = None if several else reader.abstract(name)
    if isinstance(item, Prime):
        raise reader.refuse(item, "a primed function inside a definition is not read yet")
    value, after = _applied(reader, function, name, items, position + 1)
    if head.exponent is not None:
        value = _raised(reader, item, value, head.exponent)
    return value, after


def _head(item: Syntax) -> _Head | None:
    """The function that an item may be, in front of an argument."""
    if isinstance(item, Binary) and item.op == "**":
        inner = _head(item.left)
        exponent = getattr(item.right, "value", None)
        return _Head(inner.name, exponent) if inner is not None and isinstance(exponent, Fraction) else None
    if isinstance(item, Indexed) and item.style == "example":
        item = item.base
    if isinstance(item, Prime):
        item = item.arg
    return _Head(item, None) if isinstance(item, Name) else None


def _opens(item: Syntax) -> bool:
    """Whether an item begins with a bracket: (z), (z)², (z)ᵀ."""
    while isinstance(item, Binary | Transpose | Indexed):
        item = item.left if isinstance(item, Binary) else item.arg if isinstance(item, Transpose) else item.base
    return isinstance(item, Group)


def _applied(
    reader: Elaborator, function: Fn | None, name: Name, items: list[Syntax], position: int
) -> tuple[Value, int]:
    """The function of its argument; a power or transpose behind the bracket is that of the value: f(z)²."""
    item = items[position]
    if _opens(item):
        return _behind_bracket(reader, function, name, item), position + 1
    operand, after = _factor(reader, items, position)
    span = name.span.to(items[after - 1].span)
    return _apply(reader, function, name, reader.settled(operand), span), after


def _behind_bracket(reader: Elaborator, function: Fn | None, name: Name, item: Syntax) -> Value:
    match item:
        case Binary(op="**"):
            value = _behind_bracket(reader, function, name, item.left)
            exponent = getattr(item.right, "value", None)
            if not isinstance(exponent, Fraction):
                raise reader.refuse(item.right, "an exponent must be a number")
            return _raised(reader, item, value, exponent)
        case Transpose():
            return reader.turn(_behind_bracket(reader, function, name, item.arg))
        case Indexed():
            if item.style != "example":
                raise reader.refuse(item, "indices into a tensor are not read yet")
            return _behind_bracket(reader, function, name, item.base)
        case Binary():
            raise reader.refuse(item, "this argument cannot be told from what follows it", "add brackets")
    several = isinstance(item, Group) and len(item.items) > 1
    if name.id in ("max", "min") and (function is None or isinstance(function, Reduction)):
        record = BY_SPELLING[f"{name.id}imum" if several else name.id]
        if several and isinstance(item, Group):
            return entrywise.of_several(reader, record, name, item.items, item)
        return reader.apply(record, reader.value(item), name.span.to(item.span))
    if isinstance(item, Group) and several and function is None:
        if name.id in RESERVED or name.id in FUNCTION_WORDS:
            raise reader.refuse(name, f"the function {name.id} is not read with {len(item.items)} arguments")
        return entrywise.undefined(reader, name, item.items, item)
    if isinstance(item, Group) and several and isinstance(function, Elementwise):
        return entrywise.of_several(reader, function, name, item.items, item)
    if isinstance(item, Group) and several and isinstance(function, AbstractFunction):
        return entrywise.undefined(reader, name, item.items, item)
    return _apply(reader, function, name, reader.value(item), name.span.to(item.span))


def _raised(reader: Elaborator, item: Syntax, value: Value, exponent: Fraction) -> Value:
    if exponent < 0:
        raise reader.refuse(item, "a negative power of a function may mean its inverse",
                            "write 1/f(z), or the name of the inverse function")  # fmt: skip
    return Value(value.shape, lambda: power(value.make(), exponent), value.span)


def _apply(reader: Elaborator, function: Fn | None, name: Name, arg: Value, span: Span) -> Value:
    if function is not None:
        return reader.apply(function, arg, span)
    if name.id in ("max", "min"):
        return reader.apply(BY_SPELLING[name.id], arg, span)
    if name.id == "sqrt":
        return Value(arg.shape, lambda: power(arg.make(), Fraction(1, 2)), span)
    return reader.trace(arg, span)


def big_sum(reader: Elaborator, node: BigSum) -> Value:
    """Σ of all entries; with an index over examples or components, those of every example and component."""
    outer = reader.bound
    if node.index is not None:
        reader.bound = (*outer, node.index.id)
    _same_indices(reader, node)
    body = reader.value(node.body)
    reader.bound = outer
    if body.scalar and node.index is not None:
        if isinstance(_inner(node.body), BigSum):
            return body
        raise reader.refuse(node, "this sum has a body without entries to sum",
                            "write the body with matrices: the sum adds all their entries")  # fmt: skip
    if node.index is not None and body.shape:
        reader.scope.assume(f"the sum over {node.index.id} adds the entries of all examples")
    if isinstance(node.upper, Name) and body.shape:
        _bind_upper(reader, node.upper, body)
    return Value((), lambda: reduce_sum(body.make()), node.span)


def _same_indices(reader: Elaborator, node: BigSum) -> None:
    """Only a sum whose symbols all have the same indices adds entries that stand at one place: refuse others."""
    patterns = {pattern for part in _outermost_indexed(node.body) if (pattern := _pattern(part, reader.bound))}
    if len(patterns) > 1:
        raise reader.refuse(node, "a sum over symbols with different indices is not read yet",
                            "write it with matrices: xᵀ A x, W x")  # fmt: skip


def _outermost_indexed(node: Syntax) -> Iterator[Indexed]:
    stack = [node]
    while stack:
        current = stack.pop()
        if isinstance(current, Indexed):
            yield current
        else:
            stack.extend(children(current))


def _pattern(node: Syntax, bound: tuple[str, ...]) -> tuple[str, ...]:
    """The bound indices of a symbol, those of its upper and lower index together."""
    found: list[str] = []
    while isinstance(node, Indexed):
        names = [part.id for index in node.indices for part in walk(index) if isinstance(part, Name)]
        found += [name for name in names if name in bound]
        node = node.base
    return tuple(sorted(found))


def absorb(left: Syntax, sign: str, right: Syntax) -> Syntax | None:
    """Σᵢ a + b where b has the index i: the sum goes on over b. None where b has no such index."""
    if isinstance(left, BigSum):
        index = left.index
        if index is None or not any(index.id in _pattern(part, (index.id,)) for part in _outermost_indexed(right)):
            return None
        inner = absorb(left.body, sign, right) if isinstance(left.body, BigSum) else None
        body = inner or Binary(sign, left.body, right, left.body.span.to(right.span))
        return replace(left, body=body, span=left.span.to(right.span))
    if isinstance(left, Negate):
        inner = absorb(left.arg, sign, right)
        return None if inner is None else replace(left, arg=inner, span=left.span.to(right.span))
    if isinstance(left, Juxtaposition):
        inner = absorb(left.items[-1], sign, right)
        return None if inner is None else replace(left, items=(*left.items[:-1], inner))
    if isinstance(left, Binary) and left.op in "+-*.@":
        inner = absorb(left.right, sign, right)
        return None if inner is None else replace(left, right=inner, span=left.span.to(right.span))
    return None


def _bind_upper(reader: Elaborator, upper: Name, body: Value) -> None:
    """Σ up to m over a body of m columns: m is their number."""
    scope = reader.scope
    axes = [size for size in body.shape if scope.is_example_axis(size)]
    if len(axes) == 1 and upper.id not in scope.size_names and scope.sizes.can_unify(axes[0], Size.of(upper.id)):
        scope.sizes.unify(axes[0], Size.of(upper.id), lambda: "", upper.span)
        scope.size_names.add(upper.id)
        scope.free.pop(upper.id, None)


def norm(reader: Elaborator, node: Norm) -> Value:
    """The Euclidean or Frobenius norm, or the sum of absolute values."""
    arg = reader.value(node.arg)
    if node.kind == "1":
        absolute = BY_SPELLING["abs"]
        return Value((), lambda: reduce_sum(absolute(arg.make())), node.span)
    return Value((), lambda: power(reduce_sum(power(arg.make(), 2)), Fraction(1, 2)), node.span)


def indexed(reader: Elaborator, node: Indexed) -> Operand:
    """An example's index is left out: the symbol is the matrix of all examples."""
    inside = [part.id for index in node.indices for part in walk(index) if isinstance(part, Name)]
    if node.style == "example":
        base = node.base.base if isinstance(node.base, Indexed) else node.base
        if isinstance(base, Name):
            reader.scope.exampled.add(base.id)
        return reader.operand(node.base)
    bound = [name in reader.bound for name in inside]
    if bound and all(bound):
        return reader.operand(node.base)
    if any(bound):
        raise reader.refuse(node, "one index of this symbol is summed and another is not: that is not read yet",
                            "write the sum with matrices: W x, xᵀ A x")  # fmt: skip
    if node.style == "element" and isinstance(node.base, Name):
        return reader.operand(flat_name(node))
    if node.style == "item" and not reader.scope.latex:
        return indexing.item(reader, node)
    raise reader.refuse(node, "indices into a tensor are not read yet", "name the part, or write with whole matrices")


def _inner(node: Syntax) -> Syntax:
    while isinstance(node, Group) and len(node.items) == 1:
        node = node.items[0]
    return node
