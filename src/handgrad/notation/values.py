"""Typed values: what a piece of syntax means, while sizes may still be unknown.

A value has a shape of known and unknown sizes and a `make` that builds its expression once the sizes are
solved. A `Hole` is a symbol that nothing has said the shape of yet: its first use does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from handgrad.axes import ONE, AnySize, Shape, Size, SizeVariable, Unifier
from handgrad.canonical import add, broadcast, product
from handgrad.errors import Place, ShapeError
from handgrad.expr import INDEX, UNIT, Expr, Symbol
from handgrad.notation.syntax import Span

AnyShape = tuple[AnySize, ...]


@dataclass(frozen=True, slots=True)
class Value:
    """Something with a shape; `symbol` is its name where it is a bare free symbol.

    `turned` tells that it was written as a transpose.
    """

    shape: AnyShape
    make: Callable[[], Expr]
    span: Span
    symbol: str = ""
    turned: bool = False

    @property
    def scalar(self) -> bool:
        """Whether it has no axes."""
        return not self.shape


@dataclass(frozen=True, slots=True)
class Hole:
    """A free symbol whose shape is not known yet; `turned` where it stands transposed."""

    name: str
    span: Span
    turned: bool = False


@dataclass(slots=True)
class Free:
    """A free symbol of the text: its shape, what is declared of it, and whether the shape was inferred."""

    name: str
    latex: str
    shape: AnyShape | None
    facts: tuple[str, ...] = ()
    inferred: bool = False
    column: bool = False  # declared with one axis in LaTeX, where a vector is a column
    picks: AnySize | None = None  # it holds whole numbers, indices along an axis of this size


class Sizes:
    """The sizes of one document: unification, with errors that name both shapes."""

    def __init__(self, place: Callable[[Span], Place]) -> None:
        self.unifier = Unifier()
        self.place = place
        self.names: dict[SizeVariable, Size] = {}
        self.replaced: dict[Size, Size] = {}
        self.deferred: dict[SizeVariable, tuple[AnyShape, Callable[[Shape], Size], Span]] = {}

    def fresh(self, owner: str) -> AnySize:
        """A new unknown size."""
        return self.unifier.fresh(owner)

    def made_of(self, parts: AnyShape, make: Callable[[Shape], Size], owner: str, span: Span) -> AnySize:
        """A size that is arithmetic of others; it waits until those are known."""
        if all(isinstance(self.resolve(part), Size) for part in parts):
            return make(self.shape(parts))
        variable = self.unifier.fresh(owner)
        self.deferred[variable] = (parts, make, span)
        return variable

    def settle_deferred(self) -> None:
        """Work out the sizes that waited; one that was taken for another size is an error."""
        for variable, (parts, make, span) in self.deferred.items():
            size, found = make(self.shape(parts)), self.resolve(variable)
            if not self.unifier.unify(variable, size):
                raise ShapeError(f"an axis of length {size} meets one of length {found}", place=self.place(span),
                                 remedy=f"declare the other symbol with the size {size}")  # fmt: skip

    def waits(self, variable: SizeVariable) -> bool:
        """Whether a size waits for others."""
        return any(self.resolve(waiting) == variable for waiting in self.deferred)

    def resolve(self, size: AnySize) -> AnySize:
        """What is known of a size."""
        return self.unifier.resolve(size)

    def final(self, size: AnySize) -> Size:
        """The solved size; unknown ones have been named by then."""
        found = self.unifier.resolve(size)
        waiting = next((v for v in self.deferred if self.resolve(v) == found), None)
        if isinstance(found, SizeVariable) and waiting is not None:
            parts, make, _ = self.deferred[waiting]
            return make(self.shape(parts))
        if isinstance(found, SizeVariable):  # one that no symbol has: a sum's inside, a constant's length
            found = self.names.setdefault(found, Size.of(f"s_{found.number}"))
        known = found
        return self.replaced.get(known, known)

    def shape(self, shape: AnyShape) -> Shape:
        """The solved shape."""
        return tuple(self.final(size) for size in shape)

    def show(self, shape: AnyShape) -> str:
        """A shape for messages."""
        inner = ", ".join(str(self.resolve(size)) for size in shape)
        return f"({inner}{',' if len(shape) == 1 else ''})"

    def same(self, left: AnySize, right: AnySize) -> bool:
        """Whether two sizes are known to be equal."""
        return self.resolve(left) == self.resolve(right)

    def can_unify(self, left: AnySize, right: AnySize) -> bool:
        """Whether two sizes may be equal."""
        left, right = self.resolve(left), self.resolve(right)
        return left == right or isinstance(left, SizeVariable) or isinstance(right, SizeVariable)

    def unify(self, left: AnySize, right: AnySize, message: Callable[[], str], span: Span, remedy: str = "") -> None:
        """Make two sizes equal or raise."""
        if not self.unifier.unify(left, right):
            raise ShapeError(message(), place=self.place(span), remedy=remedy)

    def broadcast(self, left: Value, right: Value, what: str) -> AnyShape:
        """The shape of an elementwise operation: NumPy's rule, with sizes told apart by name."""
        rank = max(len(left.shape), len(right.shape))
        a: AnyShape = (ONE,) * (rank - len(left.shape)) + left.shape
        b: AnyShape = (ONE,) * (rank - len(right.shape)) + right.shape
        shape: list[AnySize] = []
        for one, other in zip(a, b, strict=True):
            one, other = self.resolve(one), self.resolve(other)
            if one.is_one or other.is_one:
                shape.append(other if one.is_one else one)
                continue
            self.unify(
                one, other,
                lambda: f"cannot {what} {self.show(left.shape)} and {self.show(right.shape)}",
                left.span.to(right.span), self._remedy(left, right),
            )  # fmt: skip
            shape.append(self.resolve(one))
        return tuple(shape)

    def _remedy(self, left: Value, right: Value) -> str:
        """(h,) against (h, m) wants (h, 1); a transposed shape wants a transpose."""
        short, tall = sorted((left.shape, right.shape), key=len)
        if len(short) == 1 and len(tall) == 2 and self.same(short[0], tall[0]):
            return f"give the vector the shape ({self.resolve(short[0])}, 1), a column that is added to every column"
        if len(short) == len(tall) == 2 and self.same(short[0], tall[1]) and self.same(short[1], tall[0]):
            return "transpose one of them"
        return "check the shapes of the symbols in this equation"


def spread_to(value: Value, shape: AnyShape, sizes: Sizes) -> Callable[[], Expr]:
    """The value's expression broadcast to a shape."""
    return lambda: broadcast(value.make(), sizes.shape(shape))


def column(free: Expr) -> Expr:
    """A vector with one axis as a (n, 1) column."""
    return product([(free, (0,))], (0, UNIT), {0: free.shape[0]})


def squeeze(expr: Expr) -> Expr:
    """A tensor whose sizes are all 1 as a scalar."""
    return product([(expr, (UNIT,) * expr.rank)], (), {})


def linear(parts: Iterable[tuple[int, Callable[[], Expr]]], shape: AnyShape, sizes: Sizes) -> Callable[[], Expr]:
    """Σ ± parts, each of the given shape."""
    kept = tuple(parts)
    return lambda: add([(c, make()) for c, make in kept], sizes.shape(shape))


def symbol_of(free: Free, sizes: Sizes) -> Symbol:
    """The symbol of a free name once its shape is solved."""
    assert free.shape is not None
    facts = free.facts if free.picks is None else (*free.facts, f"{INDEX}{sizes.final(free.picks)}")
    return Symbol(free.name, sizes.shape(free.shape), latex=free.latex, facts=facts)

