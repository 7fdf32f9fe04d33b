"""Gives syntax its shapes and meaning: which names are functions, which products are matrix products.

Python notation has NumPy's meaning. LaTeX has the textbook's: everything is a matrix or a scalar, a vector is
a column, and things side by side are multiplied as their shapes allow. Whatever is decided without the text
saying so is added to the scope's assumptions.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from handgrad.axes import ONE, Size
from handgrad.canonical import UNITY, constant, ones, power, product, scale, transpose
from handgrad.errors import ReadError, ShapeError
from handgrad.expr import Expr
from handgrad.functions import (
    BY_SPELLING,
    AbstractCost,
    AbstractFunction,
    AlongAxis,
    Elementwise,
    MatrixFunction,
    Reduction,
)
from handgrad.functions.elementwise import pi
from handgrad.notation import entrywise, reductions, textbook
from handgrad.notation.arithmetic import Arithmetic
from handgrad.notation.arranging import ARRANGING
from handgrad.notation.convolution import CONVOLUTION
from handgrad.notation.names import FUNCTION_WORDS
from handgrad.notation.numpy_names import NUMPY
from handgrad.notation.scope import (
    RESERVED,
    SCALARS,
    SIZE_LETTERS,
    Fn,
    Operand,
    Scope,
    extent,
    letter,
    rational,
)
from handgrad.notation.syntax import (
    BigSum,
    Binary,
    Call,
    Compare,
    Group,
    Indexed,
    Juxtaposition,
    Name,
    Negate,
    Norm,
    Number,
    Span,
    Syntax,
    Transpose,
)
from handgrad.notation.values import AnyShape, Free, Hole, Value, column, linear, spread_to, symbol_of

BUILTINS = {**NUMPY, **ARRANGING, **CONVOLUTION}
SQUARE = "give it a square matrix, such as Aᵀ A"


class Elaborator(Arithmetic):
    """Turns expressions of one document into values."""

    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        self.sizes = scope.sizes
        self.bound: tuple[str, ...] = ()
        self.numbers: frozenset[Syntax] = frozenset()  # applications of undefined functions that make the cost
        self.costs: dict[str, list[tuple[Value, ...]]] = {}

    # Entry points

    def value(self, node: Syntax) -> Value:
        """The value of a piece of syntax."""
        return self.settled(self.operand(node))

    def operand(self, node: Syntax) -> Operand:
        """The value, or the hole where the syntax is a symbol of unknown shape."""
        match node:
            case Number():
                return self._number(node.value, node.span)
            case Name():
                return self._name(node)
            case Group(items=(only,)):
                return self.operand(only)
            case Negate():
                inner = self.value(node.arg)
                return replace(inner, make=lambda: scale(-1, inner.make()), span=node.span)
            case Binary():
                return self._binary(node)
            case Juxtaposition():
                return textbook.juxtaposition(self, node)
            case Transpose():
                return self._transpose(node)
            case Call():
                return self._call(node)
            case BigSum():
                return textbook.big_sum(self, node)
            case Norm():
                return textbook.norm(self, node)
            case Compare():
                return entrywise.comparison(self, node)
            case Indexed():
                return textbook.indexed(self, node)
        raise self.refuse(node, f"this is not read yet: {type(node).__name__.lower()}",
                          "write the equation with sums, products and functions of the table")  # fmt: skip

    def refuse(self, node: Syntax, message: str, remedy: str = "") -> ReadError:
        """An error about a piece of syntax, to be raised."""
        return ReadError(message, place=self.scope.place(node.span), remedy=remedy)

    # Names and holes

    def _number(self, number: Fraction, span: Span) -> Value:
        return Value((), lambda: constant(number), span)

    def _name(self, node: Name) -> Operand:
        scope, name = self.scope, self.scope.twins.get(node.id, node.id)
        if name in scope.defined:
            shape, make = scope.defined[name]
            return Value(shape, make, node.span)
        if name in scope.size_names:
            return Value((), lambda: extent(self.sizes.final(Size.of(name))), node.span)
        if name == "pi" and name not in scope.free:
            return Value((), lambda: pi(UNITY), node.span)
        if node.latex.startswith(r"\mathbb"):
            raise self.refuse(node, f"{node.latex} is not read here", "write the equation without expectations")
        if scope.latex and name == "ones":
            return self._ones(node.span)
        free = scope.free.get(name)
        if free is None:
            if scope.latex and (name in RESERVED or name in FUNCTION_WORDS):
                raise self.refuse(node, f"the function {name} is not read here",
                                  "write the equation without it, or with functions of the table")  # fmt: skip
            if name in BY_SPELLING or name in scope.functions:
                raise self.refuse(node, f"the function {name} stands without an argument",
                                   "write its argument in brackets")  # fmt: skip
            free = scope.free[name] = Free(name, node.latex, self._default_shape(name), inferred=True)
        if free.shape is None:
            return Hole(name, node.span)
        return self._free_value(free, node.span)

    def _default_shape(self, name: str) -> AnyShape | None:
        base = name.rstrip("0123456789")
        if base in SCALARS and name not in self.scope.parameters:
            self.scope.assume(f"{name} is a number")
            return ()
        counts = base in SIZE_LETTERS or name in self.scope.counts
        if self.scope.latex and counts and name not in self.scope.parameters:
            return ()
        return None

    def _free_value(self, free: Free, span: Span) -> Value:
        shape = free.shape
        assert shape is not None

        def make() -> Expr:
            if free.name in self.scope.size_names:  # an m that turned out to count the examples
                return extent(self.sizes.final(Size.of(free.name)))
            return symbol_of(free, self.sizes)

        if self.scope.latex and len(shape) == 1:
            return Value((shape[0], ONE), lambda: column(make()), span, free.name)
        return Value(shape, make, span, free.name)

    def _ones(self, span: Span) -> Value:
        size = self.sizes.fresh("length of 1")
        return Value((size, ONE), lambda: ones(self.sizes.shape((size, ONE))), span)

    def settle(self, hole: Hole, shape: AnyShape) -> Value:
        """Give a free symbol its shape (that of its use: a transposed use has the transposed shape)."""
        free = self.scope.free[hole.name]
        if free.shape is None:
            self.scope.give_shape(free, shape[::-1] if hole.turned else shape)
        value = self._free_value(free, hole.span)
        return self.turn(value) if hole.turned else value

    def settled(self, operand: Operand) -> Value:
        """The value of an operand; a hole becomes a matrix (upper case) or a vector (lower case)."""
        if isinstance(operand, Value):
            return operand
        name = operand.name
        fresh = self.sizes.fresh
        if name[0].isupper():
            return self.settle(operand, (fresh(f"rows of {name}"), fresh(f"columns of {name}")))
        length = fresh(f"length of {name}")
        shape: AnyShape = (length, ONE) if self.scope.latex else (length,)
        if name in self.scope.exampled and self.scope.is_data(name):
            shape = (length, self.scope.shared_example_axis())
            self.scope.assume(f"the columns of {name} are the examples")
        if self.scope.latex and operand.turned:
            shape = shape[::-1]
        return self.settle(operand, shape)

    def turn(self, value: Value) -> Value:
        """The transpose."""
        return Value(value.shape[::-1], lambda: transpose(value.make()), value.span, turned=not value.turned)

    # Operators

    def _binary(self, node: Binary) -> Operand:
        if node.op in "+-":
            return self._sum(node)
        if node.op == "**":
            return self._power(node)
        left, right = self.operand(node.left), self.operand(node.right)
        if node.op == "@":
            return self.matmul(left, right, node.span)
        if node.op == "/":
            return self.divide(left, right, node.span)
        if node.op == ".":
            return self.times(left, right, node.span)
        return self.elementwise(left, right, node.span)

    def _sum(self, node: Binary) -> Value:
        """a + b − c …, without recursion along the chain."""
        parts: list[tuple[int, Syntax]] = []
        current: Syntax = node
        while isinstance(current, Binary) and current.op in "+-":
            parts.append((1 if current.op == "+" else -1, current.right))
            current = current.left
        parts.append((1, current))
        parts.reverse()
        if self.scope.latex:
            parts = self._absorbed(parts)
        if len(parts) == 1:
            return self.value(parts[0][1])
        operands = [(sign, self.operand(part)) for sign, part in parts]
        values = [operand for _, operand in operands if isinstance(operand, Value)]
        if not values:
            values = [self.settled(operands[0][1])]
        shape: AnyShape = ()
        for value in values:
            for other in values:
                self.match_target(value, other)
            shape = self.sizes.broadcast(Value(shape, value.make, node.span), value, "add")
        filled = [(sign, self.addend(operand, shape)) for sign, operand in operands]
        for _, value in filled:
            shape = self.sizes.broadcast(Value(shape, value.make, node.span), value, "add")
        return Value(shape, linear([(s, spread_to(v, shape, self.sizes)) for s, v in filled], shape, self.sizes),
                     node.span)  # fmt: skip

    def _absorbed(self, parts: list[tuple[int, Syntax]]) -> list[tuple[int, Syntax]]:
        """A term behind a sum that has the sum's index belongs to the sum."""
        joined = parts[:1]
        for sign, part in parts[1:]:
            before = joined[-1]
            merged = textbook.absorb(before[1], "+" if sign > 0 else "-", part)
            if merged is None:
                joined.append((sign, part))
            else:
                joined[-1] = (before[0], merged)
                self.scope.assume("a sum goes on over the terms that have its index")
        return joined

    def _power(self, node: Binary) -> Value:
        if self.scope.latex and isinstance(node.left, Name) and node.left.id == "e" and self.is_unknown("e"):
            return self.apply(BY_SPELLING["exp"], self.value(node.right), node.span)
        exponent = rational(node.right)
        if exponent is None:
            return entrywise.symbolic_power(self, node)
        base = self.value(node.left)
        if self.scope.latex and len(base.shape) == 2 and exponent < 0 and isinstance(node.left, Name):
            if exponent == -1 and not self.sizes.resolve(base.shape[1]).is_one:
                return self.apply(BY_SPELLING["inv"], base, node.span)
            raise self.refuse(node, "a negative power of a matrix is read as its inverse for −1 only")
        if self.scope.latex and len(base.shape) == 2 and exponent.denominator == 1:
            square = self.sizes.same(*base.shape) and not self.sizes.resolve(base.shape[0]).is_one
            if square:
                raise self.refuse(node, "the power of a square matrix is not read yet",
                                   "write A \\odot A for the elementwise square")  # fmt: skip
        return Value(base.shape, lambda: power(base.make(), exponent), node.span)

    def _transpose(self, node: Transpose) -> Operand:
        inner = self.operand(node.arg)
        if isinstance(inner, Hole):
            if self.scope.latex or inner.name[0].isupper():
                return replace(inner, turned=not inner.turned, span=node.span)
            inner = self.settled(inner)
        return replace(self.turn(inner), span=node.span)

    # Functions

    def function_named(self, name: str) -> Fn | None:
        """What a name means as a function: the document's own first, then the table's."""
        scope = self.scope
        if name in scope.functions:
            return scope.functions[name]
        if name in scope.free or name in scope.defined:
            return None
        return BY_SPELLING.get(name)

    def abstract(self, name: Name) -> Fn:
        """A function that the text applies but does not define, unless `let` says what it is."""
        if name.id in RESERVED:
            raise self.refuse(name, f"the function {name.id} is not derived yet",
                               "write the equation without it, or with functions of the table")  # fmt: skip
        given = self.scope.let.get(name.id) or self.scope.let.get(letter(name.id))
        if given is not None:
            self.scope.functions[name.id] = given
            return given
        function = AbstractFunction(name.id, name.latex)
        self.scope.functions[name.id] = function
        self.scope.assume(f"{name.id} is not defined in the text: it stays abstract (an elementwise function)")
        return function

    def apply(self, function: Fn, arg: Value, span: Span) -> Value:
        """A function of the table, or an abstract one, applied to a value."""
        if function is BY_SPELLING["identity"]:
            return arg
        if isinstance(function, AlongAxis):
            return self._along(function, arg, span)
        if isinstance(function, MatrixFunction):
            return self._of_matrix(function, arg, span)
        if isinstance(function, Reduction):
            return reductions.reduced(function, arg, tuple(range(len(arg.shape))), keepdims=False)
        return Value(arg.shape, lambda: function(arg.make()), span)

    def _of_matrix(self, function: MatrixFunction, arg: Value, span: Span) -> Value:
        """A function of a square matrix."""
        message = f"{function.name} needs a square matrix, found {self.sizes.show(arg.shape)}"
        if len(arg.shape) != 2:
            raise ShapeError(message, place=self.scope.place(span), remedy=SQUARE)
        self.sizes.unify(*arg.shape, lambda: message, span, SQUARE)
        return Value(() if function.scalar else arg.shape, lambda: function(arg.make()), span)

    def _along(self, function: AlongAxis, arg: Value, span: Span) -> Value:
        """softmax and its kin: along the last axis in Python, along the classes of each example in LaTeX."""
        if self.scope.latex and len(arg.shape) == 2:
            axis = -2 if self._examples_are_columns(arg.shape) else -1
            if axis == -2 and not self.sizes.resolve(arg.shape[1]).is_one:
                self.scope.assume(f"{function.name} is taken along each column (of each example)")
            return Value(arg.shape, lambda: function.at(axis)(arg.make()), span)
        return Value(arg.shape, lambda: function(arg.make()), span)

    def _examples_are_columns(self, shape: AnyShape) -> bool:
        if self.sizes.resolve(shape[1]).is_one:
            return True
        return self.scope.is_example_axis(shape[1]) and not self.scope.is_example_axis(shape[0])

    def _call(self, node: Call) -> Value:
        """A call in Python notation."""
        name = node.function.id
        keywords = dict(node.keywords)
        builtin = BUILTINS.get(name)
        if builtin is not None and name not in self.scope.functions:
            return builtin(self, node, keywords)
        function = self.function_named(name)
        if name in self.scope.free or name in self.scope.defined:
            raise self.refuse(node, f"{name} is not a function", f"write {name} * (…) or {name} @ (…) for a product")
        if function is None or isinstance(function, AbstractFunction | AbstractCost):
            if keywords or not node.args:
                raise self.refuse(node, f"{name} is not defined and is read with plain arguments", f"write {name}(z)")
            if function is None and name in RESERVED:
                self.abstract(node.function)
            return entrywise.undefined(self, node.function, node.args, node)
        if isinstance(function, Elementwise) and function.arity > 1:
            return entrywise.called(self, function, node)
        if len(node.args) != 1:
            raise self.refuse(node, f"{name} takes one argument, found {len(node.args)}", f"write {name}(z)")
        arg = self.value(node.args[0])
        if isinstance(function, AlongAxis):
            axis = reductions.axis_of(self, keywords.pop("axis", None), len(arg.shape), default=-1)
            function = function.at(axis - len(arg.shape) if axis >= 0 else axis)
        if keywords:
            raise self.refuse(node, f"{name} has no argument {next(iter(keywords))}")
        return self.apply(function, arg, node.span)

    def is_unknown(self, name: str) -> bool:
        """Whether nothing is known of a name yet."""
        return name not in self.scope.free and name not in self.scope.defined

    def trace(self, arg: Value, span: Span) -> Value:
        """Σᵢ Aᵢᵢ of a square matrix."""
        if arg.scalar and self.scope.latex:
            return arg
        message = f"the trace needs a square matrix, found {self.sizes.show(arg.shape)}"
        if len(arg.shape) != 2:
            raise ShapeError(message, place=self.scope.place(span), remedy=SQUARE)
        self.sizes.unify(*arg.shape, lambda: message, span, SQUARE)
        return Value((), lambda: product([(arg.make(), (0, 0))], (), {0: arg.make().shape[0]}), span)
