"""What is known while a document is elaborated, and what names mean where the text does not say."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction

from handgrad.axes import AnySize, Size
from handgrad.canonical import constant
from handgrad.errors import Place
from handgrad.expr import Expr, Extent, Symbol
from handgrad.functions import AnyFunction
from handgrad.notation.syntax import Binary, Group, Negate, Number, Span, Syntax
from handgrad.notation.values import AnyShape, Free, Hole, Sizes, Value

Operand = Value | Hole
Fn = AnyFunction

SCALARS = frozenset(
    "alpha beta gamma lam lambda lambda_ eta epsilon eps varepsilon tau kappa rho zeta nu".split()
)
"""Lower-case Greek letters that stand for numbers unless the text declares them."""
DATA = frozenset("X x Y y T t x_hat".split())
"""Names of data where neither updates nor gradients tell the parameters."""
TARGETS = frozenset("Y y T t".split())
"""Names of what a network is to predict."""
FUNCTION_LETTERS = frozenset("f g h phi psi varphi act ell".split())
"""Names that, in front of a bracket, are functions even where the text does not define them."""
SIZE_LETTERS = frozenset("m n".split())
"""Names of numbers of examples or units in LaTeX."""
RESERVED = frozenset(
    "slogdet pinv vec argmax argmin cumprod "
    "tensordot inner cross eig eigh svd qr cholesky expm logm sqrtm sort round floor ceil mod "
    "len range int float bool str list tuple dict set print sorted zip map any all "
    "arange floor_divide rank dim conv pad roll tile repeat real imag conj linalg lim".split()
)
"""Names that mean something in NumPy or in a textbook: never taken for an abstract function."""


@dataclass(slots=True)
class Scope:
    """The symbols, functions and sizes of one document, and what was assumed."""

    notation: str
    sizes: Sizes
    place: Callable[[Span], Place]
    free: dict[str, Free] = field(default_factory=dict)
    defined: dict[str, tuple[AnyShape, Callable[[], Symbol]]] = field(default_factory=dict)
    functions: dict[str, Fn] = field(default_factory=dict)
    parameters: frozenset[str] = frozenset()
    size_names: set[str] = field(default_factory=set)
    twins: dict[str, str] = field(default_factory=dict)
    explained: frozenset[str] = frozenset()  # functions of several arguments that the text has a formula for
    counts: frozenset[str] = frozenset()  # names that the text divides by or sums up to: numbers of things
    exampled: set[str] = field(default_factory=set)  # names that stand with an example's index, x⁽ⁱ⁾
    example_axis: AnySize | None = None
    let: dict[str, Fn] = field(default_factory=dict)
    assumptions: dict[str, None] = field(default_factory=dict)

    @property
    def latex(self) -> bool:
        """Whether the text is LaTeX."""
        return self.notation == "latex"

    def assume(self, text: str) -> None:
        """Note an assumption once."""
        self.assumptions.setdefault(text)

    def shared_example_axis(self) -> AnySize:
        """The one axis that counts the examples of symbols like x⁽ⁱ⁾."""
        if self.example_axis is None:
            self.example_axis = self.sizes.fresh("number of examples")
        return self.example_axis

    def give_shape(self, free: Free, shape: AnyShape) -> None:
        """Settle the shape of a free symbol."""
        free.shape = shape
        for size in shape:
            self.sizes.unifier.own(size, free.name)

    def is_data(self, name: str) -> bool:
        """Whether a free name is data and not a parameter."""
        if name in self.parameters:
            return False
        return bool(self.parameters) or name in DATA

    def is_example_axis(self, size: AnySize) -> bool:
        """Whether an axis counts examples: only data has it, no parameter does."""
        owners = {name for name in self.sizes.unifier.owners(size) if name in self.free}
        return bool(owners) and all(self.is_data(name) for name in owners)


def extent(size: Size) -> Expr:
    """A size as a number: a constant where it is known."""
    return Extent(size) if size.value is None else constant(size.value)


def letter(name: str) -> str:
    """A name without its layer: g of g1 and of g[l]."""
    return name.split("[")[0].rstrip("0123456789")


def rational(node: Syntax) -> Fraction | None:
    """The number that a piece of syntax is, or None."""
    match node:
        case Number():
            return node.value
        case Negate():
            inner = rational(node.arg)
            return None if inner is None else -inner
        case Group(items=(only,)):
            return rational(only)
        case Binary(op="/"):
            over, under = rational(node.left), rational(node.right)
            return over / under if over is not None and under else None
    return None
