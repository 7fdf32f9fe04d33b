"""NumPy's functions that are not scalar functions of the table: sums, means, products, traces."""

from __future__ import annotations

import re
from collections.abc import Callable
from fractions import Fraction
from typing import TYPE_CHECKING

from handgrad.axes import ONE, AnySize, Size
from handgrad.canonical import constant, eye, ones, power, product, reduce_sum, scale, zero
from handgrad.expr import Expr
from handgrad.functions import BY_SPELLING
from handgrad.notation.scope import Operand, extent, rational
from handgrad.notation.syntax import Call, Compare, Group, Name, Sequence, Syntax, Text
from handgrad.notation.values import Value

if TYPE_CHECKING:
    from handgrad.notation.elaborate import Elaborator


def axis_of(reader: Elaborator, node: Syntax | None, rank: int, default: int) -> int:
    """The number that an axis argument is, checked against the rank."""
    if node is None:
        return default
    number = rational(node)
    if number is None or number.denominator != 1 or not -rank <= number < rank:
        raise reader.refuse(node, f"the axis must be a whole number between {-rank} and {rank - 1}",
                            "axes count from 0, or from the end with −1")  # fmt: skip
    return int(number)


def _axes(reader: Elaborator, node: Syntax | None, rank: int) -> tuple[int, ...]:
    if node is None or (isinstance(node, Name) and node.id == "None"):
        return tuple(range(rank))
    nodes = node.items if isinstance(node, Sequence | Group) else (node,)
    return tuple(axis_of(reader, item, rank, 0) % rank for item in nodes)


def _keeps(keywords: dict[str, Syntax]) -> bool:
    keep = keywords.get("keepdims")
    return isinstance(keep, Name) and keep.id == "True"


def _reduce(reader: Elaborator, node: Call, keywords: dict[str, Syntax], mean: bool) -> Value:
    if not node.args:
        raise reader.refuse(node, f"{node.function.id} takes an argument")
    unknown = set(keywords) - {"axis", "keepdims"}
    if unknown:
        raise reader.refuse(node, f"{node.function.id} is read with axis and keepdims, not {unknown.pop()}")
    arg = reader.value(node.args[0])
    if len(node.args) > 1:
        keywords = {"axis": node.args[1], **keywords}
    return _sum_of(reader, arg, keywords, mean=mean)


def _sum_of(reader: Elaborator, arg: Value, keywords: dict[str, Syntax], *, mean: bool = False) -> Value:
    axes = _axes(reader, keywords.get("axis"), len(arg.shape))
    return _mean_of(arg, axes, _keeps(keywords), mean=mean)


def _mean_of(arg: Value, axes: tuple[int, ...], keepdims: bool, *, mean: bool = True) -> Value:
    """The sum over axes, divided by the number of entries for a mean."""
    shape = tuple(ONE if k in axes else s for k, s in enumerate(arg.shape) if k not in axes or keepdims)

    def make() -> Expr:
        inner = arg.make()
        total = reduce_sum(inner, axes, keepdims)
        for k in axes if mean else ():
            total = total / extent(inner.shape[k])
        return total

    return Value(shape, make, arg.span)


def _arguments(reader: Elaborator, node: Call, count: int) -> list[Operand]:
    if len(node.args) != count:
        raise reader.refuse(node, f"{node.function.id} takes {count} arguments, found {len(node.args)}")
    return [reader.operand(arg) for arg in node.args]


def _matmul(reader: Elaborator, node: Call, _keywords: dict[str, Syntax]) -> Value:
    left, right = _arguments(reader, node, 2)
    return reader.matmul(left, right, node.span)


def _power(exponent: Fraction) -> Callable[[Elaborator, Call, dict[str, Syntax]], Value]:
    def build(reader: Elaborator, node: Call, _keywords: dict[str, Syntax]) -> Value:
        arg = reader.settled(_arguments(reader, node, 1)[0])
        return Value(arg.shape, lambda: power(arg.make(), exponent), node.span)

    return build


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
    if not isinstance(arg, Name) or arg.id not in reader.scope.size_names:
        raise reader.refuse(node, "eye takes a declared size", "write eye(n) with n from a declared shape")
    size = Size.of(arg.id)
    return Value((size, size), lambda: eye(size), node.span)


def _maximum(reader: Elaborator, node: Call, _keywords: dict[str, Syntax]) -> Value:
    if len(node.args) == 2:
        for zero, other in (node.args, node.args[::-1]):
            if rational(zero) == 0:
                return reader.apply(BY_SPELLING["relu"], reader.value(other), node.span)
    raise reader.refuse(node, "maximum is read with 0 as one of two arguments: maximum(0, z)")


def _norm(reader: Elaborator, node: Call, keywords: dict[str, Syntax]) -> Value:
    """The Euclidean norm of a vector, the Frobenius norm of a matrix."""
    if len(node.args) > 1 or set(keywords) - {"axis", "keepdims"}:
        raise reader.refuse(node, "norm is read with its argument and axis only", "write sum(abs(x)) for the 1-norm")
    arg = reader.settled(_arguments(reader, node, 1)[0])
    squares = Value(arg.shape, lambda: power(arg.make(), 2), node.span)
    total = _sum_of(reader, squares, keywords)
    return Value(total.shape, lambda: power(total.make(), Fraction(1, 2)), node.span)


def _variance(exponent: Fraction) -> Callable[[Elaborator, Call, dict[str, Syntax]], Value]:
    """The mean squared distance from the mean (ddof 0), or its root."""

    def build(reader: Elaborator, node: Call, keywords: dict[str, Syntax]) -> Value:
        arg = reader.settled(reader.operand(node.args[0]))
        axes = _axes(reader, keywords.get("axis", node.args[1] if len(node.args) > 1 else None), len(arg.shape))
        mean = _mean_of(arg, axes, keepdims=True)
        centred = reader.subtract(arg, mean, node.span)
        squares = Value(centred.shape, lambda: power(centred.make(), 2), node.span)
        variance = _mean_of(squares, axes, _keeps(keywords))
        return Value(variance.shape, lambda: power(variance.make(), exponent), node.span)

    return build


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


def _shaped(ones_: bool) -> Callable[[Elaborator, Call, dict[str, Syntax]], Value]:
    """ones((n, m)) and zeros((n, m)) with declared sizes or numbers."""

    def build(reader: Elaborator, node: Call, _keywords: dict[str, Syntax]) -> Value:
        arg = node.args[0] if node.args else None
        items = arg.items if isinstance(arg, Sequence | Group) else (arg,)
        sizes = tuple(_declared_size(reader, node, item) for item in items)
        return Value(sizes, lambda: ones(sizes) if ones_ else zero(sizes), node.span)

    return build


def _declared_size(reader: Elaborator, node: Call, item: Syntax | None) -> Size:
    if isinstance(item, Name) and item.id in reader.scope.size_names:
        return Size.of(item.id)
    number = None if item is None else rational(item)
    if number is None or number.denominator != 1 or number < 1:
        raise reader.refuse(node, f"{node.function.id} takes declared sizes or whole numbers",
                            f"write {node.function.id}((n, m)) with n and m from a declared shape")  # fmt: skip
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
    inner = node.args[0]
    if isinstance(inner, Call) and inner.function.id == "kron" and len(inner.args) == 2:
        traces = [reader.trace(reader.settled(reader.operand(arg)), node.span) for arg in inner.args]
        return reader.elementwise(traces[0], traces[1], node.span)
    return None


def _where(reader: Elaborator, node: Call, _keywords: dict[str, Syntax]) -> Value:
    """where(l > r, a, b) is [l − r > 0] a + (1 − [l − r > 0]) b."""
    if len(node.args) != 3 or not isinstance(node.args[0], Compare) or node.args[0].op not in ("<", ">", "<=", ">="):
        raise reader.refuse(node, "where is read with a comparison and two values", "write where(x > 0, a, b)")
    test = node.args[0]
    left, right = reader.value(test.left), reader.value(test.right)
    above = test.op in (">", "<=")  # a ≤ b is not a > b
    difference = reader.subtract(left, right, node.span) if above else reader.subtract(right, left, node.span)
    holds = reader.apply(BY_SPELLING["step"], difference, node.span)
    first, second = reader.settled(reader.operand(node.args[1])), reader.settled(reader.operand(node.args[2]))
    if test.op in ("<=", ">="):
        first, second = second, first
    one = Value((), lambda: constant(1), node.span)
    taken = reader.elementwise(holds, first, node.span)
    other = reader.elementwise(reader.subtract(one, holds, node.span), second, node.span)
    negated = Value(other.shape, lambda: scale(-1, other.make()), node.span)
    return reader.subtract(taken, negated, node.span)


def _logsumexp(reader: Elaborator, node: Call, keywords: dict[str, Syntax]) -> Value:
    """log Σ exp(x) along axes."""
    arg = reader.settled(_arguments(reader, node, 1)[0])
    total = _sum_of(reader, reader.apply(BY_SPELLING["exp"], arg, node.span), keywords)
    return reader.apply(BY_SPELLING["log"], total, node.span)


LARGEST_POWER = 16
NUMPY: dict[str, Callable[[Elaborator, Call, dict[str, Syntax]], Value]] = {
    "sum": lambda reader, node, keywords: _reduce(reader, node, keywords, mean=False),
    "mean": lambda reader, node, keywords: _reduce(reader, node, keywords, mean=True),
    "average": lambda reader, node, keywords: _reduce(reader, node, keywords, mean=True),
    "matmul": _matmul,
    "dot": _matmul,
    "sqrt": _power(Fraction(1, 2)),
    "square": _power(Fraction(2)),
    "reciprocal": _power(Fraction(-1)),
    "trace": _trace,
    "tr": _trace,
    "norm": _norm,
    "where": _where,
    "logsumexp": _logsumexp,
    "var": _variance(Fraction(1)),
    "std": _variance(Fraction(1, 2)),
    "matrix_power": _matrix_power,
    "solve": _solve,
    "diag": _diag,
    "einsum": _einsum,
    "ones": _shaped(True),
    "zeros": _shaped(False),
    "outer": _outer,
    "eye": _eye,
    "maximum": _maximum,
}
