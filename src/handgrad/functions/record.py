"""What a function is: one record with its notation, its NumPy spelling, its derivative and its reference.

A derivative is written as mathematics, with Python's operators on expressions. Records know no engine and
no printer beyond their own notation; engines and printers know no function by name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from math import pi
from typing import Any

import numpy as np

from handgrad.axes import Shape, Size, show
from handgrad.canonical import behind, call, hadamard
from handgrad.errors import ShapeError, UndefinedSymbolError
from handgrad.expr import Call, Expr

Array = np.ndarray[Any, np.dtype[Any]]


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the textbook derivation of a function's derivative, as an expression in x, and why it holds."""

    form: Callable[[Expr], Expr]
    reason: str


@dataclass(frozen=True, slots=True)
class Notation:
    """How a function is written; `{0}` stands for its argument."""

    text: str
    latex: str
    closed: bool = False  # the notation encloses its argument: no brackets are put around it


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
    code: str = ""  # NumPy source with {0} for the argument; np.<name>({0}) where it is empty
    write: Callable[..., object] | None = None  # write(x, out): the same without a temporary
    initial_gain: float = 1.0  # variance gain for random weights in front of it (Glorot 1, He 2)
    factor: str = ""  # Python source that will do as a factor of numbers: (x > 0)
    spell: Mapping[str, str] = field(default_factory=dict, compare=False)  # source, where NumPy's does not tell it

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
        """The function applied to expressions."""
        return call(self, *args)

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
            self.write(*inputs, out)
        elif isinstance(self.numpy, np.ufunc):
            self.numpy(*inputs, out)
        else:
            out[...] = self.numpy(*inputs)

    def derivative(self, k: int, node: Call) -> Expr:
        """∂f/∂(argument k), entry by entry."""
        return self.derivatives[k](*node.args)

    def pullback(self, k: int, node: Call, cotangent: Expr) -> Expr:
        """Cotangent of argument k: elementwise product with the derivative."""
        lead = cotangent.shape[: cotangent.rank - node.rank]
        return hadamard(cotangent, behind(lead, self.derivative(k, node)))


@dataclass(frozen=True, slots=True)
class Surrogate:
    """A smooth stand-in for an abstract function where numbers are needed: a·sin(b z + c)."""

    scale: float
    rate: float
    shift: float

    def __call__(self, order: int, z: Array) -> Array:
        """The derivative of the given order."""
        value: Array = self.scale * self.rate**order * np.sin(self.rate * z + self.shift + order * pi / 2)
        return value


@dataclass(frozen=True, slots=True)
class AbstractFunction:
    """A function that the text applies but does not define: g, and its derivatives g′, g″."""

    name: str
    latex: str
    order: int = 0

    @property
    def identity(self) -> str:
        """Name and order; the colon keeps it apart from the table's names."""
        return f"{self.name}:{self.order}"

    @property
    def notation(self) -> Notation:
        """The name with as many primes as its order."""
        text = self.name + ("″" if self.order == 2 else "′" * self.order)
        primes = r"\prime" * self.order
        if not primes:
            latex = self.latex
        elif self.latex.endswith("}") and "^{" in self.latex:  # g^{[1]} becomes g^{[1]\prime}
            latex = self.latex[:-1] + primes + "}"
        else:
            latex = self.latex + "'" * self.order
        return Notation(f"{text}({{0}})", f"{latex}\\left({{0}}\\right)", closed=True)

    def __call__(self, arg: Expr) -> Expr:
        """The function applied to an expression."""
        return call(self, arg)

    def shape(self, args: tuple[Expr, ...]) -> Shape:
        """The shape of the one argument."""
        return args[0].shape

    def evaluate(self, args: tuple[Array, ...], functions: Mapping[str, Surrogate]) -> Array:
        """The values of what stands in for it."""
        if self.name not in functions:
            raise UndefinedSymbolError(
                f"{self.name} is not defined, so it has no value",
                remedy=f'say what it is when the model is read: let={{"{self.name}": "tanh"}}',
            )
        return functions[self.name](self.order, args[0])

    def derivative(self, _k: int, node: Call) -> Expr:
        """g′ of the same argument."""
        return call(AbstractFunction(self.name, self.latex, self.order + 1), *node.args)

    def pullback(self, k: int, node: Call, cotangent: Expr) -> Expr:
        """Cotangent of the argument: elementwise product with g′."""
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


AnyFunction = Elementwise | AbstractFunction | AlongAxis | MatrixFunction
