"""How large the terms of an expression are before they cancel: what rounding is measured by."""

from __future__ import annotations

import numpy as np

from handgrad.evaluate import Point
from handgrad.expr import Expr, Power, Product, Sum, Symbol
from handgrad.functions import Array


class Magnitudes(Point):
    """Bounds at a point: the values with every sum taken over absolute values.

    So 1 − Σp of a softmax p counts as 2, not as 0. A gradient that was `note`d counts with its own bound wherever
    its name stands, however small its value is.
    """

    def __init__(self, point: Point) -> None:
        super().__init__({}, point.sizes, point.functions)
        self.values = point.values
        self._origin = point

    def note(self, name: Symbol, closed: Expr) -> float:
        """Remember the bound of a named gradient, and tell its largest entry."""
        self._memo[name] = self._compute(closed)
        return float(np.max(self._memo[name], initial=0))

    def largest(self, expr: Expr) -> float:
        """The largest entry of an expression's bound."""
        return float(np.max(self._compute(expr), initial=0))

    def _node(self, node: Expr) -> Array:
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
        return np.abs(self._origin.value(node))
