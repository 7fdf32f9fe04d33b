"""Takes a matrix or vector out of a sum of matrix products: M A − M B = M (A − B), A x + Aᵀ x = (A + Aᵀ) x.

The factor stands at the end of a chain: one of its labels is the result's (or none, for a vector), the other
is summed. What is left of each term gets the summed label as an axis of its own, and the terms are added.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from handgrad.axes import Shape, Size
from handgrad.canonical import add, product, scale
from handgrad.expr import UNIT, Expr, Labels, Product, Sum

HIGHEST_RANK = 2  # of what is left of a term


@dataclass(frozen=True, slots=True)
class _End:
    """An operand at the end of a chain: where it stands in its term, its summed label and its result label."""

    term: int
    place: int
    summed: int
    result: int | None

    def key(self, node: Product) -> tuple[Expr, int, int | None]:
        """Ends of one key can be taken out together: the operand, which of its axes is summed, the result's axis."""
        operand, labels = node.operands[self.place]
        return operand, labels.index(self.summed), None if self.result is None else node.out.index(self.result)


def take_out(expr: Expr) -> Expr:
    """The sum with the factor that most terms share at an end taken out; also inside a product."""
    if isinstance(expr, Product):
        inner = [(take_out(operand) if isinstance(operand, Sum) else operand, at) for operand, at in expr.operands]
        return product(inner, expr.out, dict(enumerate(expr.sizes)))
    if isinstance(expr, Sum) and len(expr.terms) == 1:
        return scale(expr.terms[0][0], take_out(expr.terms[0][1]))
    if not isinstance(expr, Sum) or not expr.terms or expr.rank > HIGHEST_RANK:
        return expr
    groups: dict[tuple[Expr, int, int | None], list[_End]] = {}
    for number, (_, term) in enumerate(expr.terms):
        if isinstance(term, Product):
            for end in _ends(number, term):
                groups.setdefault(end.key(term), []).append(end)
    best = max(groups.items(), key=lambda item: (len({e.term for e in item[1]}), item[0][0].key), default=None)
    if best is None:
        return expr
    chosen = {end.term: end for end in best[1]}
    if len(chosen) < 2:
        return expr
    rest = add([term for number, term in enumerate(expr.terms) if number not in chosen], expr.shape)
    joined = _joined(expr, list(chosen.values()))
    return add([(1, joined), (1, take_out(rest))], expr.shape)


def _ends(number: int, term: Product) -> list[_End]:
    real = [label for label in term.out if label != UNIT]
    if len(set(real)) < len(real):
        return []
    count: dict[int, int] = {}
    for _, labels in term.operands:
        for label in labels:
            count[label] = count.get(label, 0) + 1
    found = []
    for place, (_, labels) in enumerate(term.operands):
        summed = [label for label in labels if label not in term.out and label != UNIT]
        result = [label for label in labels if label in term.out and label != UNIT]
        chain = len(labels) == 2 and len(summed) == len(result) == 1 and count[result[0]] == 1
        vector = len(labels) == 1 and len(summed) == 1 and len(real) < HIGHEST_RANK and UNIT not in term.out
        if (chain or vector) and count[summed[0]] > 1:
            found.append(_End(number, place, summed[0], result[0] if chain else None))
    return found


def _joined(expr: Sum, ends: list[_End]) -> Expr:
    """The product of the common factor and the sum of what is left of its terms."""
    parts: list[tuple[Fraction, Expr]] = []
    factor: tuple[Expr, Labels] | None = None
    out: Labels = ()
    for end in ends:
        coefficient, term = expr.terms[end.term]
        assert isinstance(term, Product)
        operand, labels = term.operands[end.place]
        others = term.operands[: end.place] + term.operands[end.place + 1 :]
        sizes = dict(enumerate(term.sizes))
        if end.result is None:
            inner_out = (*term.out, end.summed)
        else:
            inner_out = tuple(end.summed if label == end.result else label for label in term.out)
            del sizes[end.result]
        parts.append((coefficient, product(others, inner_out, sizes)))
        if factor is None:
            fresh, axes = len(expr.shape), tuple(range(len(expr.shape)))
            out = (*axes, fresh) if end.result is None else tuple(
                fresh if label == end.result else axes[k] for k, label in enumerate(term.out)
            )  # fmt: skip
            position = {end.summed: fresh}
            if end.result is not None:
                position[end.result] = term.out.index(end.result)
            factor = operand, tuple(position[label] for label in labels)
    assert factor is not None
    inner = take_out(add(parts, parts[0][1].shape))  # X S A + X S Aᵀ loses X, then S
    sizes = _sizes(expr.shape, factor, out, inner.shape)
    return product([factor, (inner, out)], tuple(range(len(expr.shape))), sizes)


def _sizes(shape: Shape, factor: tuple[Expr, Labels], out: Labels, inner: Shape) -> dict[int, Size]:
    sizes: dict[int, Size] = dict(enumerate(shape))
    sizes.update(zip(factor[1], factor[0].shape, strict=True))
    sizes.update(zip(out, inner, strict=True))
    return sizes

