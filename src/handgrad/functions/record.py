"""What a function is: one record with its notation, its NumPy spelling, its derivative and its reference.

A derivative is written as mathematics, with Python's operators on expressions. Records know no engine and
no printer beyond their own notation; engines and printers know no function by name.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import pi, prod
from typing import Any

import numpy as np

from handgrad.axes import ONE, Shape, Size, show
from handgrad.canonical import behind, call, hadamard
from handgrad.errors import ShapeError
from handgrad.expr import Call, Expr

Array = np.ndarray[Any, np.dtype[Any]]
PLACE = re.compile(r"(?<![a-zA-Z])\{(\d)\}")  # {0}, but not the argument of \mathbb{1}


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the textbook derivation of a function's derivative, as an expression in x, and why it holds."""

    form: Callable[[Expr], Expr]
    reason: str


@dataclass(frozen=True, slots=True)
class Surrogate:
    """A smooth stand-in for an abstract function where numbers are needed: a·sin(b₁ z₁ + b₂ z₂ + … + c)."""

    scale: float
    rate: float
    shift: float

    def __call__(self, orders: Sequence[int], *args: Array) -> Array:
        """The partial derivative of the given order by each argument."""
        rates = [self.rate * (1 + 0.25 * k) for k in range(len(args))]
        phase = sum((rate * z for rate, z in zip(rates, args, strict=True)), start=np.asarray(self.shift))
        factor = self.scale * prod(rate**order for rate, order in zip(rates, orders, strict=True))
        value: Array = factor * np.sin(phase + sum(orders) * pi / 2)
        return value


@dataclass(frozen=True, slots=True)
class Notation:
    """How a function is written; `{0}`, `{1}` … stand for its arguments."""

    text: str
    latex: str
    closed: bool = False  # the notation encloses its arguments: no brackets are put around them

    @staticmethod
    def filled(template: str, args: Sequence[str]) -> str:
        """A template with the arguments in their places; braces that are LaTeX's own stay.

        >>> Notation.filled(r"{0}^{{1}}", ["x", "n - 1"])
        'x^{n - 1}'
        """
        return PLACE.sub(lambda place: args[int(place[1])], template)


@dataclass(frozen=True, slots=True, repr=False)
class Elementwise:
    """A scalar function applied to every entry.

    `numpy` evaluates it (complex arguments too, for the complex-step check); `derivatives[k]` is the
    derivative by argument k as an expression; `spell` are its spellings in other languages' source.
    """

    name: str
    notation: Notation
    numpy: Callable[..., Array]
    derivatives: tuple[Callable[..., Expr], ...]
    spellings: tuple[str, ...]
    reference: str
    formula: Callable[..., Expr] | None = None
    lines: tuple[Line, ...] = ()
    code: str = ""  # NumPy source with {0}, {1} … for the arguments; np.<name>({0}, …) where it is empty
    write: Callable[..., object] | None = None  # write(x, …, out): the same without a temporary
    initial_gain: float = 1.0  # variance gain for random weights in front of it (Glorot 1, He 2)
    factor: str = ""  # Python source that will do as a factor of numbers: (x > 0)
    spell: Mapping[str, str] = field(default_factory=dict, compare=False)  # source, where NumPy's does not tell it
    total: Notation | None = None  # how the sum of its values over a vector is written, such as ‖x‖₁
    rewrite: Callable[..., Expr | None] | None = None  # another form of the value for these arguments, or None

    def __repr__(self) -> str:
        return f"<function {self.name}>"

    @property
    def identity(self) -> str:
        """The name: it is unique in the table."""
        return self.name

    @property
    def arity(self) -> int:
        """The number of arguments."""
        return len(self.derivatives)

    @property
    def numpy_code(self) -> str:
        """NumPy source with {0}, {1} for the arguments."""
        places = ", ".join(f"{{{k}}}" for k in range(self.arity))
        return self.code or f"np.{self.name}({places})"

    def __call__(self, *args: Expr) -> Expr:
        """The function applied to expressions of one shape."""
        rewritten = self.rewrite(*args) if self.rewrite is not None else None
        return call(self, *args) if rewritten is None else rewritten

    def shape(self, args: tuple[Expr, ...]) -> Shape:
        """All arguments have one shape, and so has the result."""
        for arg in args[1:]:
            if arg.shape != args[0].shape:
                raise ShapeError(f"{self.name} of {show(args[0].shape)} and {show(arg.shape)}")
        return args[0].shape

    def evaluate(self, args: tuple[Array, ...], _functions: Mapping[str, Surrogate]) -> Array:
        """The values."""
        return self.numpy(*args)

    def into(self, *args: Array) -> None:
        """Write the values into the last argument."""
        *inputs, out = args
        if self.write is not None:
            self.write(*inputs, out=out)
        elif isinstance(self.numpy, np.ufunc):
            self.numpy(*inputs, out=out)
        else:
            out[...] = self.numpy(*inputs)

    def derivative(self, k: int, node: Call) -> Expr:
        """∂f/∂(argument k), entry by entry."""
        return self.derivatives[k](*node.args)

    def pullback(self, k: int, node: Call, cotangent: Expr) -> Expr:
        """Cotangent of argument k: elementwise product with the derivative."""
        lead = cotangent.shape[: cotangent.rank - node.rank]
        return hadamard(cotangent, behind(lead, self.derivative(k, node)))


@dataclass(frozen=True, slots=True, repr=False)
class AlongAxis:
    """A function of the slices along one axis; `axis` counts from the end, so -1 is the last.

    `pullback_rule(node, cotangent, axis)` is written for a cotangent with any leading axes.
    """

    name: str
    notation: Notation
    axis: int
    numpy: Callable[[Array, int], Array]
    pullback_rule: Callable[[Expr, Expr, int], Expr]
    spellings: tuple[str, ...]
    reference: str
    code: str  # NumPy source with {0} for the argument and {axis}
    reduces: bool = False  # the axis is left with size 1
    spell: Mapping[str, str] = field(default_factory=dict, compare=False)  # source, where NumPy's does not tell it

    def __repr__(self) -> str:
        return f"<function {self.identity}>"

    @property
    def numpy_code(self) -> str:
        """NumPy source with {0} for the argument."""
        return self.code.replace("{axis}", str(self.axis))

    @property
    def identity(self) -> str:
        """Name and axis."""
        return f"{self.name}@{self.axis}"

    def at(self, axis: int) -> AlongAxis:
        """The same function along another axis, counted from the end."""
        return replace(self, axis=axis)

    def into(self, arg: Array, out: Array) -> None:
        """Write the values into `out`."""
        out[...] = self.numpy(arg, self.axis)

    def __call__(self, arg: Expr) -> Expr:
        """The function applied to an expression."""
        return call(self, arg)

    def shape(self, args: tuple[Expr, ...]) -> Shape:
        """The shape of the one argument, without the axis where it is summed over."""
        shape = args[0].shape
        if len(shape) < -self.axis:
            raise ShapeError(f"{self.name} along axis {self.axis} of shape {show(shape)}")
        at = len(shape) + self.axis
        return (*shape[:at], Size.of(1), *shape[at + 1 :]) if self.reduces else shape

    def evaluate(self, args: tuple[Array, ...], _functions: Mapping[str, Surrogate]) -> Array:
        """The values."""
        return self.numpy(args[0], self.axis)

    def pullback(self, _k: int, node: Call, cotangent: Expr) -> Expr:
        """Cotangent of the argument."""
        lead = cotangent.shape[: cotangent.rank - node.rank]
        return self.pullback_rule(behind(lead, node), cotangent, self.axis)


@dataclass(frozen=True, slots=True, repr=False)
class MatrixFunction:
    """A function of one square matrix; `scalar` tells a number from a matrix of the same shape.

    `pullback_rule(node, cotangent)` is written for a cotangent with any leading axes; `rewrite` gives the
    canonical form of the value where the argument is a transpose, a product or such, else None.
    """

    name: str
    notation: Notation
    numpy: Callable[[Array], Array]
    pullback_rule: Callable[[Call, Expr], Expr]
    scalar: bool
    spellings: tuple[str, ...]
    reference: str
    code: str
    rewrite: Callable[[Expr], Expr | None]
    inverts: bool = False  # the result times the argument is the identity matrix
    spell: Mapping[str, str] = field(default_factory=dict, compare=False)  # source, where NumPy's does not tell it

    def __repr__(self) -> str:
        return f"<function {self.name}>"

    @property
    def numpy_code(self) -> str:
        """NumPy source with {0} for the argument."""
        return self.code

    @property
    def identity(self) -> str:
        """The name: it is unique in the table."""
        return self.name

    def __call__(self, arg: Expr) -> Expr:
        """The function applied to an expression, by its laws for transposes and products where they apply."""
        self.shape((arg,))
        rewritten = self.rewrite(arg)
        return call(self, arg) if rewritten is None else rewritten

    def shape(self, args: tuple[Expr, ...]) -> Shape:
        """() or the shape of the argument, which must be square."""
        (arg,) = args
        if arg.rank != 2 or arg.shape[0] != arg.shape[1]:
            raise ShapeError(f"{self.name} needs a square matrix, found {show(arg.shape)}")
        return () if self.scalar else arg.shape

    def evaluate(self, args: tuple[Array, ...], _functions: Mapping[str, Surrogate]) -> Array:
        """The values."""
        return self.numpy(args[0])

    def into(self, arg: Array, out: Array) -> None:
        """Write the values into `out`."""
        out[...] = self.numpy(arg)

    def pullback(self, _k: int, node: Call, cotangent: Expr) -> Expr:
        """Cotangent of the argument."""
        return self.pullback_rule(node, cotangent)


@dataclass(frozen=True, slots=True)
class Layout:
    """The same tensor, to be printed as the matrix of its first `rows` axes by the others, each stacked row by row."""

    rows: int

    @property
    def identity(self) -> str:
        """How many axes are rows; the sign keeps it apart from the table's names."""
        return f"|{self.rows}"

    @property
    def name(self) -> str:
        """What it does."""
        return "as matrix"

    @property
    def notation(self) -> Notation:
        """No sign of its own: what is printed is the matrix."""
        return Notation("{0}", "{0}", closed=True)

    def __call__(self, arg: Expr) -> Expr:
        """The tensor with this layout."""
        return call(self, arg)

    def shape(self, args: tuple[Expr, ...]) -> Shape:
        """The shape of the tensor."""
        return args[0].shape

    def evaluate(self, args: tuple[Array, ...], _functions: Mapping[str, Surrogate]) -> Array:
        """The values of the tensor."""
        return args[0]

    def pullback(self, _k: int, _node: Call, cotangent: Expr) -> Expr:
        """The cotangent as it is."""
        return cotangent


@dataclass(frozen=True, slots=True, repr=False)
class Reduction:
    """A function of all entries (`axis` None) or of the slices along one axis, which stays, of size 1.

    `axis` counts from the end. With `keeps` the result has the argument's shape: one value for each entry.
    `pullback_rule(node, cotangent, axis)` is written for a cotangent with any leading axes. The notations are for all
    entries, for each row (axis -1) and for each column (axis -2).
    """

    name: str
    notations: tuple[Notation, Notation, Notation]
    numpy: Callable[[Array, int | None], Array]
    pullback_rule: Callable[[Expr, Expr, int | None], Expr]
    spellings: tuple[str, ...]
    reference: str
    code: tuple[str, str]  # NumPy source: of all entries, and along {axis}; the axes stay
    spelled: Mapping[str, tuple[str, str]] = field(default_factory=dict, compare=False)  # in other languages
    keeps: bool = False
    picks: int = 0  # 1 where it takes the largest entry, −1 the smallest: no slope where two are equal
    axis: int | None = None

    def __repr__(self) -> str:
        return f"<function {self.identity}>"

    @property
    def numpy_code(self) -> str:
        """NumPy source with {0} for the argument."""
        return self.code[0 if self.axis is None else 1].replace("{axis}", str(self.axis))

    @property
    def spell(self) -> Mapping[str, str]:
        """Source in other languages, where NumPy's does not tell it."""
        return {name: pair[0 if self.axis is None else 1] for name, pair in self.spelled.items()}

    @property
    def identity(self) -> str:
        """Name and axis."""
        return f"{self.name}@{self.axis}"

    @property
    def notation(self) -> Notation:
        """How it is written along its axis."""
        return self.notations[0 if self.axis is None else -self.axis] if self.axis in (None, -1, -2) else Notation(
            f"{self.name}[axis {self.axis}]({{0}})", rf"\operatorname{{{self.name}}}_{{{self.axis}}}\left({{0}}\right)",
            closed=True,
        )  # fmt: skip

    @property
    def reduces(self) -> bool:
        """Whether the axis is left with size 1."""
        return self.axis is not None and not self.keeps

    def at(self, axis: int | None) -> Reduction:
        """The same function along another axis, counted from the end, or of all entries."""
        return replace(self, axis=axis)

    def __call__(self, arg: Expr) -> Expr:
        """The function applied to an expression."""
        return call(self, arg)

    def shape(self, args: tuple[Expr, ...]) -> Shape:
        """() for all entries, or the shape of the argument with size 1 at the axis."""
        (arg,) = args
        if self.axis is not None and arg.rank < -self.axis:
            raise ShapeError(f"{self.name} along axis {self.axis} of shape {show(arg.shape)}")
        if self.keeps:
            return arg.shape
        if self.axis is None:
            return ()
        return tuple(ONE if k == arg.rank + self.axis else size for k, size in enumerate(arg.shape))

    def evaluate(self, args: tuple[Array, ...], _functions: Mapping[str, Surrogate]) -> Array:
        """The values."""
        return self.numpy(args[0], self.axis)

    def into(self, arg: Array, out: Array) -> None:
        """Write the values into `out`, which has the axes of the argument."""
        out[...] = self.numpy(arg, self.axis)

    def pullback(self, _k: int, node: Call, cotangent: Expr) -> Expr:
        """Cotangent of the argument."""
        return self.pullback_rule(node, cotangent, self.axis)
