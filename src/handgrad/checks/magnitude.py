"""How large the terms of an expression are before they cancel: what rounding is measured by."""

from __future__ import annotations

import numpy as np

from handgrad.evaluate import Point
from handgrad.expr import Expr, Power, Product, Sum, Symbol, walk
from handgrad.functions import Array


def magnitude(expr: Expr, point: Point) -> float:
    """The largest entry of the expression with every sum taken over absolute values.

    Names with a definition are looked into once, so that 1 − Σp of a softmax p counts as 2, not as 0.
    """
    if isinstance(expr, Symbol) and expr.definition is not None:
        expr = expr.definition
    sizes: dict[Expr, Array] = {}
    bound = _Bound(point, sizes)
    for node in walk(expr):
        sizes[node] = bound.of(node)
    return float(np.max(sizes[expr], initial=0))


class _Bound(Point):
    """A point whose sums and products are those of absolute values."""

    def __init__(self, point: Point, sizes: dict[Expr, Array]) -> None:
        super().__init__(point.values, point.sizes, point.functions)
        self._memo = sizes
        self._origin = point

    def of(self, node: Expr) -> Array:
        """The bound of one node, those of its arguments being known."""
        match node:
            case Sum():
                total = np.zeros(self.shape(node))
                for coefficient, term in node.terms:
                    total = total + abs(float(coefficient)) * self._memo[term]
                return total
            case Product():
                return self._contract(node)
            case Power() if node.exponent > 0:
                return np.asarray(self._memo[node.base] ** float(node.exponent))
        return np.abs(self._memo[node] if node in self._memo else self._origin.value(node))
