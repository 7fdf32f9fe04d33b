"""The node types: seven kinds of tensor expression, interned and immutable.

Every expression is a tensor with an ordered tuple of axes (`shape`); a scalar has none. There is one linear
operation, `Product`, the contraction over labelled axes: matrix products, transposes, sums, traces,
Hadamard and outer products, diagonals and broadcasting are all of it. Equal expressions are one object, so
comparison is identity. The nodes here are built as they are given; `canonical` builds them in normal form.

>>> from handgrad.axes import shape
>>> W = Symbol("W", shape("h", "n"))
>>> W is Symbol("W", shape("h", "n"))
True
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from fractions import Fraction
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, ClassVar, Protocol
from weakref import WeakValueDictionary

from handgrad.axes import ONE, Count, Shape, Size

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike

Number = int | Fraction
Labels = tuple[int, ...]
Operand = tuple["Expr", Labels]
INDEX = "whole numbers below "  # a fact: the symbol holds indices along an axis of the size that follows
UNIT = -1  # the label of every axis of size 1: it links nothing


class Function(Protocol):
    """What a node needs to know of a function; the records are in `handgrad.functions`."""

    @property
    def name(self) -> str:
        """The name, which with `identity` tells functions apart."""

    @property
    def identity(self) -> str:
        """A text that is equal for equal functions only."""

    def shape(self, args: tuple[Expr, ...]) -> Shape:
        """The shape of the result, or a ShapeError."""


_interned: WeakValueDictionary[tuple[Any, ...], Expr] = WeakValueDictionary()


class Expr:
    """A tensor expression. `key` is a digest of its structure: equal for equal expressions, stable between runs."""

    __slots__ = ("__weakref__", "_cache", "key", "shape")
    _cache: dict[str, Any]  # what rooms below have worked out of this node; it goes when the node goes
    key: str
    shape: Shape
    # Filled by the rooms below this one, so that an expression can be printed and run by its methods.
    doors: ClassVar[dict[str, Callable[..., Any]]] = {}

    @property
    def args(self) -> tuple[Expr, ...]:
        """The direct sub-expressions, definitions of names excluded."""
        return ()

    @property
    def rank(self) -> int:
        """The number of axes."""
        return len(self.shape)

    def remember(self, what: str, compute: Callable[[Any], Any]) -> Any:
        """`compute` of this node, worked out once."""
        cache = self._cache
        if what in cache:
            return cache[what]
        found = cache[what] = compute(self)
        return found

    def __add__(self, other: Expr | Number) -> Expr:
        return self._build("add", self, other)

    def __radd__(self, other: Number) -> Expr:
        return self._build("add", other, self)

    def __sub__(self, other: Expr | Number) -> Expr:
        return self._build("subtract", self, other)

    def __rsub__(self, other: Number) -> Expr:
        return self._build("subtract", other, self)

    def __mul__(self, other: Expr | Number) -> Expr:
        return self._build("multiply", self, other)

    def __rmul__(self, other: Number) -> Expr:
        return self._build("multiply", other, self)

    def __truediv__(self, other: Expr | Number) -> Expr:
        return self._build("divide", self, other)

    def __rtruediv__(self, other: Number) -> Expr:
        return self._build("divide", other, self)

    def __pow__(self, exponent: Number) -> Expr:
        return self._build("power", self, exponent)

    def __neg__(self) -> Expr:
        return self._build("multiply", -1, self)

    def _build(self, operation: str, *args: Any) -> Expr:
        built: Expr = self.doors[operation](*args)
        return built

    def text(self) -> str:
        """Unicode text in matrix notation, in the author's names."""
        return str(self.doors["text"](self))

    def latex(self) -> str:
        """LaTeX in matrix notation, in the author's names."""
        return str(self.doors["latex"](self))

    def evaluate(self, **arrays: ArrayLike) -> np.ndarray[Any, np.dtype[Any]]:
        """The value in float64 for arrays given by name; names with a definition are computed."""
        value: np.ndarray[Any, np.dtype[Any]] = self.doors["evaluate"](self, arrays)
        return value

    def _repr_latex_(self) -> str:
        return f"$\\displaystyle {self.latex()}$"

    def __repr__(self) -> str:
        if "text" in self.doors:
            return self.text()
        return f"<{type(self).__name__} {self.key[:8]}>"


def _intern(cls: type[Expr], identity: tuple[Any, ...], shape: Shape, **fields: Any) -> Any:
    """The one node of this identity; `identity` holds nodes, names and numbers."""
    token = (cls, *identity)
    found = _interned.get(token)
    if found is None:
        found = object.__new__(cls)
        found.shape = shape
        found._cache = {}
        found.key = _digest(cls.__name__, identity)
        for name, value in fields.items():
            setattr(found, name, value)
        _interned[token] = found
    return found


def _digest(kind: str, identity: tuple[Any, ...]) -> str:
    return blake2b(f"{kind}{_spell(identity)}".encode(), digest_size=12).hexdigest()


def _spell(part: Any) -> str:
    if isinstance(part, tuple):
        return f"({','.join([_spell(inner) for inner in part])})"
    return part.key if isinstance(part, Expr) else str(part)


class Symbol(Expr):
    """A name: an input, a parameter, or an intermediate value that carries its `definition`.

    `facts` are declared properties such as `binary`; `partial` is (J, Z) where the name is ∂J/∂Z.
    """

    __slots__ = ("definition", "facts", "latex_name", "name", "partial")
    name: str
    latex_name: str
    definition: Expr | None
    facts: tuple[str, ...]
    partial: tuple[Symbol, Symbol] | None

    def __new__(
        cls,
        name: str,
        shape: Shape,
        *,
        latex: str = "",
        definition: Expr | None = None,
        facts: Iterable[str] = (),
        partial: tuple[Symbol, Symbol] | None = None,
    ) -> Symbol:
        """The symbol of this name, shape, definition and facts."""
        facts = tuple(sorted(set(facts)))
        latex = latex or name
        identity = (name, tuple(map(str, shape)), latex, definition, facts, partial)
        fields = {"name": name, "latex_name": latex, "definition": definition, "facts": facts, "partial": partial}
        symbol: Symbol = _intern(cls, identity, shape, **fields)
        return symbol


class Extent(Expr):
    """The scalar value of a size: the m of 1/m."""

    __slots__ = ("size",)
    size: Size

    def __new__(cls, size: Size) -> Extent:
        """The extent of a symbolic size."""
        extent: Extent = _intern(cls, (str(size),), (), size=size)
        return extent


class Window(Expr):
    """A constant of zeros and ones: 1 where Σ cₐ iₐ + offset is zero, i the indices along its axes.

    With one more axis it is a slice, a shift, a place in a concatenation; with three the window of a
    convolution. A `triangle` has a 1 where the sum is at most zero: a running sum, a causal mask. With an
    `index`, whole numbers whose axes are the first ones here, index[i…] is subtracted from the sum: the rows
    of an identity matrix picked by number. `room` is a length that must be at least 1 for it to lie inside.

    `maps` says that each place along the first `lead` axes has exactly one place along the others ("choice"),
    and no two the same one ("slice"), and every one is met ("bijection").
    """

    __slots__ = ("coefficients", "index", "lead", "maps", "offset", "room", "triangle")
    coefficients: tuple[Count, ...]
    offset: Count
    triangle: bool
    index: Expr | None
    room: Size
    maps: str
    lead: int

    def __new__(
        cls,
        shape: Shape,
        coefficients: Iterable[Count | int],
        offset: Count | Size | int = 0,
        *,
        triangle: bool = False,
        index: Expr | None = None,
        room: Size = ONE,
        maps: str = "",
        lead: int = 0,
    ) -> Window:
        """The window with a coefficient for each axis of `shape`."""
        counts, start = tuple(map(Count.of, coefficients)), Count.of(offset)
        places = (tuple(map(str, shape)), tuple(map(str, counts)), str(start))
        identity = (*places, triangle, index, str(room), maps, lead)
        window: Window = _intern(
            cls, identity, shape, coefficients=counts, offset=start, triangle=triangle, index=index, room=room,
            maps=maps, lead=lead,
        )  # fmt: skip
        return window

    def with_index(self, index: Expr) -> Window:
        """The same window by other whole numbers."""
        return Window(self.shape, self.coefficients, self.offset, triangle=self.triangle, index=index,
                      room=self.room, maps=self.maps, lead=self.lead)  # fmt: skip

    @property
    def args(self) -> tuple[Expr, ...]:
        """The index, where there is one."""
        return () if self.index is None else (self.index,)


class Sum(Expr):
    """A linear combination Σ cₖ eₖ of expressions of one shape, with rational coefficients."""

    __slots__ = ("terms",)
    terms: tuple[tuple[Fraction, Expr], ...]

    def __new__(cls, terms: Iterable[tuple[Fraction, Expr]], shape: Shape) -> Sum:
        """The sum of the terms as given; no terms are the zero of that shape."""
        terms = tuple(terms)
        total: Sum = _intern(cls, (terms, tuple(map(str, shape))), shape, terms=terms)
        return total

    @property
    def args(self) -> tuple[Expr, ...]:
        """The terms without their coefficients."""
        return tuple([term for _, term in self.terms])


class Product(Expr):
    """A contraction: Σ over the labels that are not in `out` of the product of the operands.

    Each operand stands with a label for each of its axes; `sizes[k]` is the size of label k. A label that
    is repeated links axes (a diagonal); a label in `out` alone broadcasts. Axes of size 1 have the label
    `UNIT`, which links nothing.
    """

    __slots__ = ("operands", "out", "sizes")
    operands: tuple[Operand, ...]
    out: Labels
    sizes: Shape

    def __new__(cls, operands: Iterable[Operand], out: Labels, sizes: Shape) -> Product:
        """The contraction as given."""
        operands = tuple(operands)
        identity = (operands, out, tuple(map(str, sizes)))
        shape = tuple(Size.of(1) if label == UNIT else sizes[label] for label in out)
        product: Product = _intern(cls, identity, shape, operands=operands, out=out, sizes=sizes)
        return product

    @property
    def args(self) -> tuple[Expr, ...]:
        """The operands without their labels."""
        return tuple([operand for operand, _ in self.operands])


class Power(Expr):
    """Elementwise power with a constant rational exponent."""

    __slots__ = ("base", "exponent")
    base: Expr
    exponent: Fraction

    def __new__(cls, base: Expr, exponent: Fraction) -> Power:
        """base to the exponent, as given."""
        power: Power = _intern(cls, (base, exponent), base.shape, base=base, exponent=exponent)
        return power

    @property
    def args(self) -> tuple[Expr, ...]:
        """The base."""
        return (self.base,)


class Call(Expr):
    """A function of the table applied to arguments."""

    __slots__ = ("_args", "function")
    function: Any  # a record of handgrad.functions; typed there
    _args: tuple[Expr, ...]

    def __new__(cls, function: Function, args: Iterable[Expr]) -> Call:
        """The application; its shape is the function's to say."""
        args = tuple(args)
        identity = (function.identity, args)
        call: Call = _intern(cls, identity, function.shape(args), function=function, _args=args)
        return call

    @property
    def args(self) -> tuple[Expr, ...]:
        """The arguments."""
        return self._args


def walk(root: Expr) -> Iterator[Expr]:
    """Each distinct node once, operands before what uses them; definitions of names are not entered."""
    seen: set[Expr] = set()
    stack: list[tuple[Expr, bool]] = [(root, False)]
    while stack:
        node, done = stack.pop()
        if done:
            yield node
        elif node not in seen:
            seen.add(node)
            args = node.args
            if not args:
                yield node
                continue
            stack.append((node, True))
            stack.extend([(arg, False) for arg in reversed(args) if arg not in seen])


def symbols(root: Expr) -> tuple[Symbol, ...]:
    """The names that stand in an expression, definitions not entered."""
    found: tuple[Symbol, ...] = root.remember("symbols", _find_symbols)
    return found


def _find_symbols(root: Expr) -> tuple[Symbol, ...]:
    return tuple(node for node in walk(root) if isinstance(node, Symbol))


def definitions(roots: Iterable[Expr]) -> tuple[Symbol, ...]:
    """The defined names that the expressions need, each after those that it needs itself."""
    order: list[Symbol] = []
    seen: set[Symbol] = set()
    stack: list[tuple[Symbol, bool]] = []
    for root in reversed(tuple(roots)):
        stack.extend((symbol, False) for symbol in reversed(symbols(root)))
    while stack:
        symbol, done = stack.pop()
        if done:
            order.append(symbol)
        elif symbol not in seen and symbol.definition is not None:
            seen.add(symbol)
            stack.append((symbol, True))
            stack.extend((inner, False) for inner in reversed(symbols(symbol.definition)))
    return tuple(order)


def rebuild(root: Expr, change: Callable[[Expr, tuple[Expr, ...]], Expr]) -> Expr:
    """The expression with `change(node, new_args)` applied to every node, operands first."""
    done: dict[Expr, Expr] = {}
    for node in walk(root):
        done[node] = change(node, tuple([done[arg] for arg in node.args]))
    return done[root]
