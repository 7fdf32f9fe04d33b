"""Contractions as programs run and print them: over the axes that values have there, no axis twice in the result.

In a program a vector is a column and a number is 1 × 1, as in the matrix form; a tensor keeps its axes.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

from handgrad.axes import ONE, Shape
from handgrad.errors import DerivationError
from handgrad.expr import UNIT, Expr, Labels, Operand, Power, Product
from handgrad.functions import AlongAxis, MatrixFunction, Reduction
from handgrad.matrix import (
    TENSOR,
    Apply,
    Constant,
    Form,
    Grouped,
    Hadamard,
    Identity,
    Index,
    Leaf,
    Linear,
    Powered,
    Spread,
    Transposed,
    hadamard_form,
    matrix_form,
    parts,
)


def stored(shape: Shape) -> Shape:
    """The axes of a value in a program.

    >>> from handgrad.axes import shape
    >>> stored(shape("n")), stored(shape("b", "i", "j"))
    ((Size('n'), Size(1)), (Size('b'), Size('i'), Size('j')))
    """
    return shape if len(shape) > 2 else (*shape, ONE, ONE)[:2]


def broadcast(shapes: Iterable[Shape]) -> Shape:
    """The shape of an elementwise result by NumPy's rule; a 1 × 1 matrix goes with any."""
    shapes = list(shapes)
    rank = max(map(len, shapes), default=2)
    found = [ONE] * rank
    for shape in shapes:
        if len(shape) == rank:
            found = [size if kept.is_one else kept for kept, size in zip(found, shape, strict=True)]
    return tuple(found)


@dataclass(frozen=True, slots=True)
class Contraction:
    """Σ over the labels that are not in `inner` of the product of the operands.

    Each operand comes with the shape that it is to have and a label for each axis. `out` are the axes of the
    value: the labels of `inner` in their order, and `UNIT` for an axis of length 1, spread where it is used.
    """

    operands: tuple[tuple[Form, Shape, Labels], ...]
    inner: Labels
    out: Labels
    sizes: Shape

    @property
    def shape(self) -> Shape:
        """The shape of the value."""
        return tuple(ONE if label == UNIT else self.sizes[label] for label in self.out)


def contraction(form: Index) -> Contraction:
    """The contraction that an index form stands for; a repeated axis of the result is tied by an identity matrix."""
    node = _product(form.expr)
    operands = [(matrix_form(operand), stored(operand.shape), _padded(labels)) for operand, labels in node.operands]
    sizes = list(node.sizes)
    out: list[int] = []
    for label in node.out:
        if label == UNIT or label not in out:
            out.append(label)
            continue
        sizes.append(sizes[label])
        out.append(len(sizes) - 1)
        operands.append((Identity(sizes[label]), (sizes[label], sizes[label]), (label, out[-1])))
    used = {label for _, _, labels in operands for label in labels} - {UNIT}
    shown = _padded(tuple(label if label in used else UNIT for label in out))
    return _renumbered(Contraction(tuple(operands), tuple(x for x in shown if x != UNIT), shown, tuple(sizes)))


def _product(expr: Expr) -> Product:
    if not isinstance(expr, Product):
        raise TypeError(type(expr).__name__)
    return expr


def _padded(labels: Labels) -> Labels:
    return labels if len(labels) > 2 else (*labels, UNIT, UNIT)[:2]


def _renumbered(found: Contraction) -> Contraction:
    """Labels in the order of their first use, so that equal contractions are equal."""
    seen = [*found.out, *(label for _, _, labels in found.operands for label in labels)]
    order = [label for label in dict.fromkeys(seen) if label != UNIT]
    new = {UNIT: UNIT} | {label: k for k, label in enumerate(order)}

    def renamed(labels: Labels) -> Labels:
        return tuple(new[label] for label in labels)

    operands = tuple((form, shape, renamed(labels)) for form, shape, labels in found.operands)
    return Contraction(operands, renamed(found.inner), renamed(found.out), tuple(found.sizes[label] for label in order))


def elementwise_parts(form: Index) -> Form | None:
    """The elementwise product of the factors that have all axes or none with a contraction of the rest; else None.

    P[b,i,j] A[b,i,k] B[b,j,k] over k is P ⊙ (A Bᵀ).
    """
    node = _product(form.expr)
    real = [label for label in node.out if label != UNIT]
    distinct = len(set(real)) == len(real)
    outer: list[Operand] = []
    rest: list[Operand] = []
    for operand, labels in node.operands:
        (outer if labels == () or (distinct and labels == node.out) else rest).append((operand, labels))
    if not outer:
        return None
    factors = [_with_exponent(operand) for operand, _ in outer]
    if rest or not distinct:
        factors.append((matrix_form(Product(rest, node.out, node.sizes)), Fraction(1)))
    return hadamard_form(factors, form.rows, form.columns)


def _with_exponent(expr: Expr) -> tuple[Form, Fraction]:
    return (matrix_form(expr.base), expr.exponent) if isinstance(expr, Power) else (matrix_form(expr), Fraction(1))


def shape_of(form: Form) -> Shape:
    """The shape of what a form stands for, also where it is a tensor."""
    if form.rows is not TENSOR:
        return form.rows, form.columns
    if isinstance(form, Leaf | Index):
        return stored(form.expr.shape)
    if isinstance(form, Apply) and isinstance(form.function, AlongAxis | Reduction) and form.function.reduces:
        shape = shape_of(form.args[0])
        return tuple(ONE if k - len(shape) == form.function.axis else size for k, size in enumerate(shape))
    for part in parts(form):
        if part.rows is TENSOR and not isinstance(part, Constant):
            return shape_of(part)
    raise DerivationError("a function of a tensor of equal numbers has no program",
                          remedy="write its value as a number")  # fmt: skip


def natural_shape(form: Form) -> Shape:
    """The shape that a form's code has: what NumPy would broadcast is not spread yet."""
    match form:
        case Constant():
            return ONE, ONE
        case Linear() | Hadamard():
            return broadcast(map(natural_shape, parts(form)))
        case Powered(base=inner) | Spread(arg=inner) | Grouped(arg=inner):
            return natural_shape(inner)
        case Transposed():
            return natural_shape(form.arg)[::-1]
        case Apply(function=function) if not isinstance(function, AlongAxis | MatrixFunction | Reduction):
            return broadcast(map(natural_shape, form.args))
        case Index(expr=Product()):
            apart = elementwise_parts(form)
            return contraction(form).shape if apart is None else natural_shape(apart)
    return shape_of(form)
