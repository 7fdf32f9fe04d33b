"""Functions of several arguments, entry by entry: where, maximum, comparisons, powers, and undefined functions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from handgrad.canonical import constant
from handgrad.expr import Expr
from handgrad.functions import BY_SPELLING, AbstractCost, AbstractFunction, Elementwise
from handgrad.functions.elementwise import exp, log
from handgrad.functions.several import CHOICES, COMPARISONS, raise_to
from handgrad.notation.scope import TARGETS, Fn, Operand, letter
from handgrad.notation.syntax import Binary, Call, Compare, Group, Name, Span, Syntax
from handgrad.notation.values import AnyShape, Hole, Value, spread_to

if TYPE_CHECKING:
    from handgrad.notation.elaborate import Elaborator

Maker = Callable[..., Expr]


def entrywise(reader: Elaborator, function: Maker, operands: Sequence[Operand], span: Span, what: str) -> Value:
    """A function of operands that NumPy would broadcast; a symbol of unknown shape has the others' shape."""
    shape: AnyShape = ()
    joint = Value((), lambda: constant(0), span)
    for operand in operands:
        if isinstance(operand, Value):
            reader.match_target(joint, operand)
            reader.match_target(operand, joint)
            shape = reader.sizes.broadcast(replace(joint, shape=shape), operand, what)
    values = [operand if isinstance(operand, Value) else reader.settle(operand, shape) if shape else
              reader.settled(operand) for operand in operands]  # fmt: skip
    for value in values:
        shape = reader.sizes.broadcast(replace(joint, shape=shape, span=span), value, what)
    parts = [spread_to(value, shape, reader.sizes) for value in values]
    return Value(shape, lambda: function(*(part() for part in parts)), span)


def called(reader: Elaborator, function: Fn, node: Call) -> Value:
    """A function of the table with several arguments, called in Python notation; clip's may have NumPy's names."""
    args, keywords = list(node.args), dict(node.keywords)
    for key in ("a_min", "min", "a_max", "max") if function is BY_SPELLING["clip"] else ():
        args += [keywords.pop(key)] if key in keywords else []
    if keywords:
        raise reader.refuse(node, f"{node.function.id} has no argument {next(iter(keywords))}")
    return of_several(reader, function, node.function, args, node)


def of_several(reader: Elaborator, function: Fn, name: Name, args: Sequence[Syntax], node: Syntax) -> Value:
    """A scalar function of the table with as many arguments as it takes; max and min take any number."""
    if function in (BY_SPELLING["maximum"], BY_SPELLING["minimum"]) and len(args) > 2:
        first = of_several(reader, function, name, args[:-1], node)
        return entrywise(reader, _maker(function), [first, reader.operand(args[-1])], node.span, f"take {name.id} of")
    count = function.arity if isinstance(function, Elementwise) else 1
    if len(args) != count or not isinstance(function, Elementwise):
        takes = "one argument" if count == 1 else f"{count} arguments"
        places = ", ".join("xyz"[k] for k in range(min(count, 3)))
        raise reader.refuse(node, f"{name.id} takes {takes}, found {len(args)}", f"write {name.id}({places})")
    operands = [reader.operand(arg) for arg in args]
    return entrywise(reader, function, operands, node.span, f"take {name.id} of")


def _maker(function: Fn) -> Maker:
    assert isinstance(function, Elementwise)
    return function


def comparison(reader: Elaborator, node: Compare) -> Value:
    """[a > b]: 1 where it holds and 0 elsewhere."""
    operands = [reader.operand(node.left), reader.operand(node.right)]
    return entrywise(reader, COMPARISONS[node.op], operands, node.span, "compare")


def where(reader: Elaborator, node: Call) -> Value:
    """where(a > b, x, y): x where the comparison holds, y elsewhere; another condition holds where it is not 0."""
    if len(node.args) != 3 or node.keywords:
        raise reader.refuse(node, "where is read with a condition and two values", "write where(x > 0, a, b)")
    test, *branches = node.args
    while isinstance(test, Group) and len(test.items) == 1:
        test = test.items[0]
    values = [reader.operand(branch) for branch in branches]
    if isinstance(test, Compare):
        left, right, op = reader.operand(test.left), reader.operand(test.right), test.op
    else:
        left, right, op = reader.operand(test), Value((), lambda: constant(0), node.span), "!="
    return entrywise(reader, CHOICES[op], [left, right, *values], node.span, "choose between")


def symbolic_power(reader: Elaborator, node: Binary) -> Value:
    """x to a power that is not a constant: entry by entry in NumPy's notation, of numbers in a textbook's."""
    base, exponent = reader.operand(node.left), reader.operand(node.right)
    if reader.scope.latex:
        for part, syntax in ((base, node.left), (exponent, node.right)):
            if isinstance(part, Hole) or not part.scalar:
                raise reader.refuse(syntax, "only a number is read to a power that is no constant",
                                    r"write \exp(y \log x), or declare it a number: x \in \mathbb{R}")  # fmt: skip
    return entrywise(reader, raise_to, [base, exponent], node.span, "raise")


COMPOSED: dict[str, tuple[int, Maker]] = {
    "xlogy": (2, lambda x, y: x * log(y)),
    "entr": (1, lambda x: -(x * log(x))),
    "rel_entr": (2, lambda x, y: x * log(x / y)),
    "kl_div": (2, lambda x, y: x * log(x / y) - x + y),
    "exp2": (1, lambda x: exp(log(2 * x**0) * x)),
}
"""Functions that are written out: their number of arguments and what they are."""


def composed(reader: Elaborator, node: Call) -> Value:
    """A function that stands for a short formula, which is what is printed."""
    count, formula = COMPOSED[node.function.id]
    if len(node.args) != count or node.keywords:
        raise reader.refuse(node, f"{node.function.id} takes {count} arguments, found {len(node.args)}")
    return entrywise(reader, formula, [reader.operand(arg) for arg in node.args], node.span, "combine")


# Functions that the text does not define


def undefined(reader: Elaborator, name: Name, args: Sequence[Syntax], node: Syntax) -> Value:
    """ℓ(A, Y) with ℓ undefined: a scalar function of entries, or a number where a cost is made of it alone."""
    if name.id in reader.scope.explained:
        raise reader.refuse(name, f"the formula that the text gives for {name.id} of several arguments is not read yet",
                            f"write it out where {name.id} is used")  # fmt: skip
    given = reader.scope.let.get(name.id) or reader.scope.let.get(letter(name.id))
    if given is not None:
        reader.scope.functions[name.id] = given
    known = reader.scope.functions.get(name.id)
    if known is not None and not isinstance(known, AbstractFunction):
        return reader.apply(known, reader.value(args[0]), node.span) if len(args) == 1 else of_several(
            reader, known, name, args, node)  # fmt: skip
    operands = [reader.operand(arg) for arg in args]
    scalars = all(isinstance(operand, Value) and operand.scalar for operand in operands)
    if node in reader.numbers and not scalars:
        return _number(reader, name, operands, node.span)
    if known is None:
        kind = "an elementwise function" if len(args) == 1 else "a scalar function of the entries"
        reader.scope.assume(f"{name.id} is not defined in the text: it stays abstract ({kind})")
        known = reader.scope.functions[name.id] = AbstractFunction(name.id, name.latex, (0,) * len(args))
    if len(known.orders) != len(args):
        raise reader.refuse(name, f"{name.id} has {len(args)} arguments here and {len(known.orders)} elsewhere",
                            "give the other function another name")  # fmt: skip
    return entrywise(reader, known, operands, node.span, f"take {name.id} of")


def _number(reader: Elaborator, name: Name, operands: list[Operand], span: Span) -> Value:
    """A number that depends on whole arrays; the shape of each must be known."""
    shapes = [operand.shape for operand in operands if isinstance(operand, Value) and operand.shape]
    values: list[Value] = []
    for operand in operands:
        if isinstance(operand, Hole):
            if operand.name not in TARGETS or not shapes:
                raise reader.refuse(
                    Name(operand.name, operand.name, operand.span),
                    f"the shape of {operand.name} cannot be told: {name.id} is not defined",
                    f"declare it: {operand.name}: (n, m)",
                )
            reader.scope.assume(f"{operand.name} has the shape of the output")
            operand = reader.settle(operand, shapes[0])
        values.append(operand)
    applied = reader.costs.setdefault(name.id, [])
    if tuple(values) not in applied:
        applied.append(tuple(values))
    reader.scope.assume(f"{name.id} is not defined in the text: it stays abstract (a number)")

    def make() -> Expr:
        cost = AbstractCost(name.id, name.latex, len(values), at=len(applied) > 1)
        return cost(*(value.make() for value in values))

    return Value((), make, span)


