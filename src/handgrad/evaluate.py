"""The reference evaluator: an expression and arrays to an array, node by node, in float64 or complex128.

Slow and plain on purpose: it is what the checks run. The engines of `handgrad.program` are the fast ones.

>>> from handgrad.axes import shape
>>> from handgrad.canonical import matmul
>>> W, x = Symbol("W", shape("h", "n")), Symbol("x", shape("n"))
>>> matmul(W, x).evaluate(W=[[1, 2], [3, 4]], x=[1, 1])
array([3., 7.])
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from math import prod
from string import ascii_letters
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from handgrad.axes import Size, show
from handgrad.errors import ShapeError, UndefinedSymbolError
from handgrad.expr import UNIT, Call, Expr, Extent, Power, Product, Sum, Symbol, Window, definitions, symbols, walk
from handgrad.functions import Array, Surrogate

IN_PAIRS = ("greedy", 50_000_000)  # einsum's way, and the largest array in between
LARGEST_AT_ONCE = 20_000  # entries of a contraction that is done in one loop


class Point:
    """Values of names, sizes of axes and stand-ins of abstract functions; computes and remembers expressions.

    `offset` adds to the value of a defined name: that is how a check perturbs an intermediate value. `form` gives
    the expression that is computed for a definition.
    """

    def __init__(
        self,
        values: Mapping[str, Array],
        sizes: Mapping[str, int],
        functions: Mapping[str, Surrogate] | None = None,
        offset: Mapping[str, Array] | None = None,
        form: Callable[[Expr], Expr] = lambda expr: expr,
    ) -> None:
        self.values = dict(values)
        self.sizes = dict(sizes)
        self.functions = dict(functions or {})
        self.offset = dict(offset or {})
        self.form = form
        self._memo: dict[Expr, Array] = {}

    def value(self, expr: Expr) -> Array:
        """The value of an expression; the names that it needs are computed first, in order."""
        pending = self._missing(expr)
        while pending:
            symbol = pending[-1]
            assert symbol.definition is not None
            definition = self.form(symbol.definition)
            inner = self._missing(definition)
            if inner:
                pending += inner
                continue
            if symbol not in self._memo:
                self._memo[symbol] = self._compute(definition) + self.offset.get(symbol.name, 0)
            pending.pop()
        return self._compute(expr)

    def _missing(self, expr: Expr) -> list[Symbol]:
        return [symbol for symbol in symbols(expr) if symbol.definition is not None and symbol not in self._memo]

    def _compute(self, root: Expr) -> Array:
        memo, stack = self._memo, [root]
        while stack:
            node = stack[-1]
            missing = [] if node in memo else [arg for arg in node.args if arg not in memo]
            if missing:
                stack.extend(reversed(missing))
                continue
            if node not in memo:
                memo[node] = self._node(node)
            stack.pop()
        return memo[root]

    def _node(self, node: Expr) -> Array:
        memo = self._memo
        match node:
            case Symbol():
                if node.name not in self.values:
                    raise UndefinedSymbolError(f"no value was given for {node.name}", remedy=f"pass {node.name}=...")
                return self.values[node.name]
            case Extent():
                return np.asarray(float(self.length(node.size)))
            case Window():
                return self._window(node)
            case Sum():
                total = np.zeros(self.shape(node))
                for coefficient, term in node.terms:
                    total = total + float(coefficient) * memo[term]
                return total
            case Power():
                return entry_power(memo[node.base], node.exponent)
            case Call():
                result: Array = node.function.evaluate(tuple(memo[arg] for arg in node.args), self.functions)
                return result
            case Product():
                return self._contract(node)
        raise TypeError(type(node).__name__)

    def is_finite(self) -> bool:
        """Whether nothing that was computed here is infinite or undefined."""
        return all(bool(np.all(np.isfinite(value))) for value in self._memo.values())

    def length(self, size: Size) -> int:
        """A size in numbers."""
        try:
            return size.length(self.sizes)
        except KeyError as missing:
            raise UndefinedSymbolError(
                f"nothing tells how large {missing.args[0]} is", remedy="pass an array that has this axis"
            ) from None

    def shape(self, node: Expr) -> tuple[int, ...]:
        """The shape in numbers."""
        return tuple(self.length(size) for size in node.shape)

    def _window(self, node: Window) -> Array:
        """Zeros and ones by the relation between the indices."""
        shape = self.shape(node)
        total = np.full(shape, node.offset.value(self.sizes))
        for coefficient, place in zip(node.coefficients, np.indices(shape, sparse=True), strict=True):
            total = total + coefficient.value(self.sizes) * place
        if node.index is not None:
            index = np.real(self._memo[node.index])
            total = total - index.reshape(index.shape + (1,) * (len(shape) - index.ndim))
        return np.asarray(total <= 0 if node.triangle else total == 0, dtype=np.float64)

    def _contract(self, node: Product) -> Array:
        """einsum; labels of the result that no operand has, or that repeat, are filled by broadcasting."""
        used: set[int] = set()
        terms, arrays = [], []
        for operand, labels in node.operands:
            keep = tuple(axis for axis, label in enumerate(labels) if label != UNIT)
            array = self._memo[operand]
            terms.append("".join(ascii_letters[labels[axis]] for axis in keep))
            arrays.append(array.reshape([array.shape[axis] for axis in keep]))
            used.update(labels[axis] for axis in keep)
        distinct = tuple(dict.fromkeys(label for label in node.out if label != UNIT))
        covered = [label for label in distinct if label in used]
        subscripts = ",".join(terms) + "->" + "".join(ascii_letters[label] for label in covered)
        way = IN_PAIRS if self._is_large(node) else False
        inner: Array = np.einsum(subscripts, *arrays, optimize=way) if arrays else np.ones(())
        if tuple(covered) == node.out:
            return inner
        spread = np.broadcast_to(
            inner.reshape([n if label in used else 1 for label, n in self._extents(node, distinct)]),
            [n for _, n in self._extents(node, distinct)],
        )
        return self._diagonals(node, distinct, spread)

    def _is_large(self, node: Product) -> bool:
        """Whether it is worth while to contract in pairs: all labels at once would take many multiplications."""
        return len(node.operands) > 2 and prod(self.length(size) for size in node.sizes) > LARGEST_AT_ONCE

    def _extents(self, node: Product, labels: tuple[int, ...]) -> list[tuple[int, int]]:
        return [(label, self.length(node.sizes[label])) for label in labels]

    def _diagonals(self, node: Product, distinct: tuple[int, ...], inner: Array) -> Array:
        """Put the distinct labels of the result in place, repeated ones on the diagonal."""
        full = self.shape(node)
        if node.out == distinct:
            return inner
        result = np.zeros(full, dtype=inner.dtype)
        grid = np.indices(inner.shape, sparse=True)
        where = tuple(grid[distinct.index(label)] if label != UNIT else 0 for label in node.out)
        result[where] = inner
        return result


def entry_power(base: Array, exponent: Any) -> Array:
    """A rational power of each entry."""
    if exponent.denominator == 1:
        power: Array = base ** int(exponent) if exponent > 0 else 1 / base ** int(-exponent)
    elif exponent.denominator == 2:
        root = np.sqrt(base)
        power = root ** int(2 * exponent) if exponent > 0 else 1 / root ** int(-2 * exponent)
    else:
        power = base ** float(exponent)
    return power


def bind(
    roots: tuple[Expr, ...], arrays: Mapping[str, ArrayLike], form: Callable[[Expr], Expr] = lambda expr: expr
) -> Point:
    """A point from a user's arrays: shapes are checked against each other and sizes are read off."""
    values: dict[str, Array] = {}
    for symbol in inputs(roots):
        array = np.asarray(given(symbol, arrays))
        values[symbol.name] = array.astype(np.result_type(array.dtype, np.float64))
    return Point(values, known_sizes(roots, {name: array.shape for name, array in values.items()}), form=form)


def given(symbol: Symbol, arrays: Mapping[str, ArrayLike]) -> ArrayLike:
    """What a user gave for a name."""
    if symbol.name not in arrays:
        raise UndefinedSymbolError(f"no value was given for {symbol.name}", remedy=f"pass {symbol.name}=...")
    return arrays[symbol.name]


def known_sizes(roots: tuple[Expr, ...], shapes: Mapping[str, tuple[int, ...]]) -> dict[str, int]:
    """The sizes that the shapes of the inputs tell; a ShapeError where they contradict each other or the symbols."""
    sizes: dict[str, int] = {}
    owner: dict[str, str] = {}
    for symbol in inputs(roots):
        found = shapes[symbol.name]
        if len(found) != symbol.rank:
            raise ShapeError(f"{symbol.name} has shape {found}, expected {show(symbol.shape)}")
        for size, length in zip(symbol.shape, found, strict=True):
            if size.count is not None:
                continue  # arithmetic of other sizes: compared once those are known
            known = size.value if size.value is not None else sizes.setdefault(size.name, length)
            if known != length:
                source = f" from {owner[size.name]}" if size.name in owner else ""
                expected = f"{show(symbol.shape)} with {size} = {known}{source}"
                raise ShapeError(f"{symbol.name} has shape {found}, expected {expected}")
            owner.setdefault(size.name, symbol.name)
    _solve_sizes(sizes, [axis for symbol in inputs(roots)
                         for axis in zip(symbol.shape, shapes[symbol.name], strict=True)])  # fmt: skip
    point = Point({}, sizes)
    for symbol in inputs(roots):
        if shapes[symbol.name] != point.shape(symbol):
            raise ShapeError(f"{symbol.name} has shape {shapes[symbol.name]}, expected {show(symbol.shape)}, "
                             f"here {point.shape(symbol)}")  # fmt: skip
    for size in lengths(roots):
        if point.length(size) < 1:
            raise ShapeError(f"nothing is left along an axis of length {size} = {point.length(size)}",
                             remedy="pass longer arrays")  # fmt: skip
    return sizes


def _solve_sizes(sizes: dict[str, int], axes: list[tuple[Size, int]]) -> None:
    """Add each size that stands alone, to the first power, in the arithmetic of some axis: n in an axis of n + 1."""
    found = True
    while found:
        found = False
        for size, length in axes:
            unknown = [name for name in size.names if name not in sizes]
            if len(unknown) == 1 and size.divisor == 1 and (solved := _solved(size, unknown[0], sizes, length)):
                sizes[unknown[0]] = solved
                found = True


def _solved(size: Size, name: str, sizes: dict[str, int], length: int) -> int | None:
    """The positive whole number for which the size is that long, where there is one."""
    at = [size.length({**sizes, name: trial}) for trial in (0, 1, 2)]
    slope = at[1] - at[0]
    if slope == 0 or at[2] - at[1] != slope or (length - at[0]) % slope:
        return None
    return max((length - at[0]) // slope, 0) or None


def lengths(roots: Iterable[Expr]) -> tuple[Size, ...]:
    """Every size that an axis in the expressions and their definitions has."""
    roots = tuple(roots)
    found: dict[Size, None] = {}
    for body in (*roots, *(s.definition for s in definitions(roots) if s.definition is not None)):
        for node in walk(body):
            found.update(dict.fromkeys(node.sizes if isinstance(node, Product) else node.shape))
            if isinstance(node, Extent | Window):
                found[node.size if isinstance(node, Extent) else node.room] = None
    return tuple(found)


def inputs(roots: tuple[Expr, ...]) -> tuple[Symbol, ...]:
    """The names without definition that expressions need."""
    found: dict[Symbol, None] = {}
    for part in (*roots, *(s.definition for s in definitions(roots) if s.definition is not None)):
        found.update((symbol, None) for symbol in symbols(part) if symbol.definition is None)
    return tuple(found)


def _evaluate(expr: Expr, arrays: Mapping[str, ArrayLike]) -> Array:
    return bind((expr,), arrays).value(expr)


Expr.doors["evaluate"] = _evaluate
