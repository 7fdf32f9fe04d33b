"""NumPy's functions that are not scalar functions of the table: sums, means, products, traces."""

from __future__ import annotations

import re
from collections.abc import Callable
from fractions import Fraction
from typing import TYPE_CHECKING

from handgrad.axes import AnySize, Size
from handgrad.canonical import eye, ones, power, product, scale, zero
from handgrad.expr import Expr
from handgrad.functions import BY_SPELLING
from handgrad.notation import entrywise, reductions
from handgrad.notation.scope import Operand, rational
from handgrad.notation.syntax import Binary, Call, Group, Name, Sequence, Syntax, Text
from handgrad.notation.values import Value

if TYPE_CHECKING:
    from handgrad.notation.elaborate import Elaborator

Builtin = Callable[["Elaborator", Call, dict[str, Syntax]], Value]


def _arguments(reader: Elaborator, node: Call, count: int) -> list[Operand]:
    if len(node.args) != count:
        raise reader.refuse(node, f"{node.function.id} takes {count} arguments, found {len(node.args)}")
    return [reader.operand(arg) for arg in node.args]


def _matmul(reader: Elaborator, node: Call, _keywords: dict[str, Syntax]) -> Value:
    left, right = _arguments(reader, node, 2)
    return reader.matmul(left, right, node.span)


def _power(exponent: Fraction) -> Builtin:
    def build(reader: Elaborator, node: Call, _keywords: dict[str, Syntax]) -> Value:
        arg = reader.settled(_arguments(reader, node, 1)[0])
        return Value(arg.shape, lambda: power(arg.make(), exponent), node.span)

    return build


def _scaled(factor: int) -> Builtin:
    def build(reader: Elaborator, node: Call, _keywords: dict[str, Syntax]) -> Value:
        arg = reader.settled(_arguments(reader, node, 1)[0])
        return Value(arg.shape, lambda: scale(factor, arg.make()), node.span)

    return build


def _sign(op: str) -> Builtin:
    """add(x, y) is x + y, and so on."""

    def build(reader: Elaborator, node: Call, _keywords: dict[str, Syntax]) -> Value:
        if len(node.args) != 2:
            raise reader.refuse(node, f"{node.function.id} takes 2 arguments, found {len(node.args)}")
        return reader.value(Binary(op, *node.args, node.span))

    return build


def _to_the_power(reader: Elaborator, node: Call, _keywords: dict[str, Syntax]) -> Value:
    if len(node.args) != 2:
        raise reader.refuse(node, f"{node.function.id} takes 2 arguments, found {len(node.args)}")
    return reader.value(Binary("**", *node.args, node.span))


def _trace(reader: Elaborator, node: Call, _keywords: dict[str, Syntax]) -> Value:
    return _trace_of_kron(reader, node) or reader.trace(reader.settled(_arguments(reader, node, 1)[0]), node.span)


def _outer(reader: Elaborator, node: Call, _keywords: dict[str, Syntax]) -> Value:
    left, right = (reader.settled(arg) for arg in _arguments(reader, node, 2))
    return Value(
        left.shape + right.shape,
        lambda: product(
            [(left.make(), (0,)), (right.make(), (1,))], (0, 1), dict(enumerate(left.make().shape + right.make().shape))
        ),
        node.span,
    )


def _eye(reader: Elaborator, node: Call, _keywords: dict[str, Syntax]) -> Value:
    arg = node.args[0] if node.args else None
    size = _declared_size(reader, node, arg)
    return Value((size, size), lambda: eye(size), node.span)


def _matrix_power(reader: Elaborator, node: Call, _keywords: dict[str, Syntax]) -> Value:
    """The product of a square matrix with itself, a whole number of times."""
    base, count = _arguments(reader, node, 2)
    number = rational(node.args[1])
    if number is None or number.denominator != 1 or not -LARGEST_POWER <= number <= LARGEST_POWER:
        raise reader.refuse(node, f"matrix_power takes a whole number up to {LARGEST_POWER}")
    del count
    matrix = reader.settled(base)
    if number <= 0:
        matrix = reader.apply(BY_SPELLING["inv"], matrix, node.span)
    if number == 0:
        return reader.matmul(matrix, reader.settled(base), node.span)
    result = matrix
    for _ in range(abs(int(number)) - 1):
        result = reader.matmul(result, matrix, node.span)
    return result


def _solve(reader: Elaborator, node: Call, _keywords: dict[str, Syntax]) -> Value:
    """solve(A, b) is A⁻¹ b."""
    matrix, right = _arguments(reader, node, 2)
    inverse = reader.apply(BY_SPELLING["inv"], reader.settled(matrix), node.span)
    return reader.matmul(inverse, right, node.span)


def _diag(reader: Elaborator, node: Call, _keywords: dict[str, Syntax]) -> Value:
    """The diagonal matrix of a vector, or the diagonal of a square matrix."""
    arg = reader.settled(_arguments(reader, node, 1)[0])
    if len(arg.shape) == 1:
        size = arg.shape[0]
        return Value((size, size), lambda: _diagonal_matrix(arg.make()), node.span)
    if len(arg.shape) != 2:
        raise reader.refuse(node, "diag takes a vector or a square matrix")
    message = f"diag needs a square matrix, found {reader.sizes.show(arg.shape)}"
    reader.sizes.unify(*arg.shape, lambda: message, node.span)
    return Value(arg.shape[:1], lambda: _diagonal_of(arg.make()), node.span)


def _diagonal_matrix(vector: Expr) -> Expr:
    return product([(vector, (0,))], (0, 0), {0: vector.shape[0]})


def _diagonal_of(matrix: Expr) -> Expr:
    return product([(matrix, (0, 0))], (0,), {0: matrix.shape[0]})


def _shaped(ones_: bool) -> Builtin:
    """ones((n, m)) and zeros((n, m)) with declared sizes or numbers."""

    def build(reader: Elaborator, node: Call, _keywords: dict[str, Syntax]) -> Value:
        arg = node.args[0] if node.args else None
        items = arg.items if isinstance(arg, Sequence | Group) else (arg,)
        sizes = tuple(_declared_size(reader, node, item) for item in items)
        return Value(sizes, lambda: ones(sizes) if ones_ else zero(sizes), node.span)

    return build


def _shaped_like(ones_: bool) -> Builtin:
    """ones_like(x) and zeros_like(x)."""

    def build(reader: Elaborator, node: Call, _keywords: dict[str, Syntax]) -> Value:
        arg = reader.settled(_arguments(reader, node, 1)[0])
        return Value(arg.shape, lambda: (ones if ones_ else zero)(arg.make().shape), node.span)

    return build


def _declared_size(reader: Elaborator, node: Call, item: Syntax | None) -> Size:
    if isinstance(item, Name) and item.id in reader.scope.size_names:
        return Size.of(item.id)
    number = None if item is None else rational(item)
    if number is None or number.denominator != 1 or number < 1:
        raise reader.refuse(node, f"{node.function.id} takes declared sizes or whole numbers",
                            f"write {node.function.id}(n) with n from a declared shape")  # fmt: skip
    return Size.of(int(number))


def _einsum(reader: Elaborator, node: Call, _keywords: dict[str, Syntax]) -> Value:
    """Any contraction: einsum("ij,jk->ik", A, B)."""
    subscripts = node.args[0] if node.args else None
    if not isinstance(subscripts, Text):
        raise reader.refuse(node, "einsum begins with its subscripts as a string", 'write einsum("ij,jk->ik", A, B)')
    inputs, arrow, output = subscripts.value.replace(" ", "").partition("->")
    terms = inputs.split(",")
    if not re.fullmatch(r"[A-Za-z,]*", inputs + output) or len(terms) != len(node.args) - 1:
        raise reader.refuse(node, f"the subscripts {subscripts.value!r} do not fit {len(node.args) - 1} arguments")
    if not arrow:
        letters = inputs.replace(",", "")
        output = "".join(sorted(letter for letter in set(letters) if letters.count(letter) == 1))
    args = [reader.settled(reader.operand(arg)) for arg in node.args[1:]]
    found: dict[str, AnySize] = {}
    for term, arg in zip(terms, args, strict=True):
        if len(term) != len(arg.shape):
            raise reader.refuse(node, f"{term!r} names {len(term)} axes, its argument has {len(arg.shape)}")
        for letter, size in zip(term, arg.shape, strict=True):
            known = found.setdefault(letter, size)
            reader.sizes.unify(known, size, lambda: f"the axis {letter!r} has two sizes", node.span)  # noqa: B023
    if not set(output) <= set(found):
        raise reader.refuse(node, f"{output!r} names axes that no argument has")
    number = {letter: k for k, letter in enumerate(found)}

    def make() -> Expr:
        sizes = {number[letter]: reader.sizes.final(size) for letter, size in found.items()}
        operands = [(arg.make(), tuple(number[c] for c in term)) for arg, term in zip(args, terms, strict=True)]
        return product(operands, tuple(number[c] for c in output), sizes)

    return Value(tuple(found[letter] for letter in output), make, node.span)


def _trace_of_kron(reader: Elaborator, node: Call) -> Value | None:
    """tr(kron(A, B)) = tr(A) tr(B)."""
    inner = node.args[0] if len(node.args) == 1 else None
    if isinstance(inner, Call) and inner.function.id == "kron" and len(inner.args) == 2:
        traces = [reader.trace(reader.settled(reader.operand(arg)), node.span) for arg in inner.args]
        return reader.elementwise(traces[0], traces[1], node.span)
    return None


LARGEST_POWER = 16
NUMPY: dict[str, Builtin] = {
    "sum": reductions.total_or_mean(False),
    "mean": reductions.total_or_mean(True),
    "average": reductions.total_or_mean(True),
    "max": reductions.extreme,
    "amax": reductions.extreme,
    "min": reductions.extreme,
    "amin": reductions.extreme,
    "prod": reductions.extreme,
    "matmul": _matmul,
    "dot": _matmul,
    "sqrt": _power(Fraction(1, 2)),
    "square": _power(Fraction(2)),
    "reciprocal": _power(Fraction(-1)),
    "trace": _trace,
    "tr": _trace,
    "norm": reductions.norm,
    "where": lambda reader, node, _keywords: entrywise.where(reader, node),
    **dict.fromkeys(entrywise.COMPOSED, lambda reader, node, _keywords: entrywise.composed(reader, node)),
    "power": _to_the_power,
    "float_power": _to_the_power,
    "logsumexp": reductions.logsumexp,
    "var": reductions.variance(Fraction(1)),
    "std": reductions.variance(Fraction(1, 2)),
    "matrix_power": _matrix_power,
    "solve": _solve,
    "diag": _diag,
    "einsum": _einsum,
    "ones": _shaped(True),
    "zeros": _shaped(False),
    "outer": _outer,
    "eye": _eye,
    "ones_like": _shaped_like(True),
    "zeros_like": _shaped_like(False),
    "negative": _scaled(-1),
    **{name: _sign(op) for name, op in (("add", "+"), ("subtract", "-"), ("multiply", "*"), ("divide", "/"))},
}
