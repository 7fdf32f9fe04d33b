"""Symmetry: Cᵀ = C for a symbol that is declared symmetric, for Xᵀ X, and for what inherits it, as (Xᵀ C X)⁻¹ does.

It is used in results only. A gradient by C itself is that of the formula as its author wrote it.
"""

from __future__ import annotations

from handgrad.canonical import add, product, transpose
from handgrad.expr import UNIT, Call, Expr, Labels, Product, Sum, Symbol, symbols, walk

SYMMETRIC = "symmetric"
DEFINITE = "positive definite"
ORTHOGONAL = "orthogonal"
POSITIVE = "positive"
INTEGER = "integer"
FAR = 1_000_000  # more than any chain is long


def has_symmetry(expr: Expr) -> bool:
    """Whether a symbol in it is declared symmetric, or a matrix is inverted that may be so by itself, as Xᵀ X is."""
    found: bool = expr.remember("has symmetry", _has_symmetry)
    return found


def _has_symmetry(expr: Expr) -> bool:
    declared = any(SYMMETRIC in symbol.facts for symbol in symbols(expr))
    return declared or any(isinstance(node, Call) and getattr(node.function, "inverts", False) for node in walk(expr))


def is_symmetric(expr: Expr) -> bool:
    """Whether a matrix equals its transpose by what is declared."""
    if expr.rank != 2 or expr.shape[0] != expr.shape[1]:
        return False
    found: bool = expr.remember("symmetric", _is_symmetric)
    return found


def _is_symmetric(expr: Expr) -> bool:
    match expr:
        case Symbol():
            inherited = expr.definition is not None and expr.partial is None and is_symmetric(expr.definition)
            return SYMMETRIC in expr.facts or inherited
        case Call():
            return bool(getattr(expr.function, "inverts", False)) and is_symmetric(expr.args[0])
        case Sum():  # term by term: a transposed sum stays a product with the sum in it
            turned = add([(c, orient(transpose(term))) for c, term in expr.terms], expr.shape)
            return turned is orient(expr)
        case Product() if len(expr.operands) > 1:
            return orient(transpose(expr)) is orient(expr)
    return False


def orient(expr: Expr) -> Expr:
    """The expression with each symmetric factor turned so that its rows are nearer to the result's first axis."""
    if isinstance(expr, Sum):
        return add([(c, orient(term)) for c, term in expr.terms], expr.shape)
    if not isinstance(expr, Product):
        return expr
    distance = _distances(expr)
    operands: list[tuple[Expr, Labels]] = []
    for operand, labels in expr.operands:
        turn = len(labels) == 2 and labels[0] != labels[1] and UNIT not in labels and is_symmetric(operand)
        if turn and distance.get(labels[1], 0) < distance.get(labels[0], 0):
            labels = labels[::-1]
        operands.append((operand, labels))
    if tuple(operands) == expr.operands:
        return expr
    return product(operands, expr.out, dict(enumerate(expr.sizes)))


def _distances(node: Product) -> dict[int, int]:
    """How far each label is along the chain: from the result's first axis, or before its last one."""
    real = [label for label in node.out if label != UNIT] or [label for _, at in node.operands for label in at][:1]
    distance = _reached(node, real[0], {}) if real else {}
    if len(real) > 1 and real[1] not in distance:  # two chains, as in a bᵀ C⁻¹: the second is counted from its end
        behind = _reached(node, real[1], {})
        distance.update({label: FAR - steps for label, steps in behind.items()})
    return distance


def _reached(node: Product, start: int, distance: dict[int, int]) -> dict[int, int]:
    distance[start] = 0
    frontier = [start]
    while frontier:
        label = frontier.pop(0)
        for _, at in node.operands:
            for other in at if label in at else ():
                if other != UNIT and other not in distance:
                    distance[other] = distance[label] + 1
                    frontier.append(other)
    return distance
