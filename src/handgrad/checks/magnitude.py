"""How large the terms of an expression are before they cancel: what rounding is measured by."""

from __future__ import annotations

import numpy as np

from handgrad.evaluate import Point
from handgrad.expr import Expr, Power, Product, Sum, Symbol, walk
from handgrad.functions import Array


class Magnitudes(Point):
    """Bounds at a point: the values with every sum taken over absolute values.

    So 1 − Σp of a softmax p counts as 2, not as 0. A gradient that was `note`d counts with its own bound wherever
    its name stands, however small its value is.
    """

    def __init__(self, point: Point) -> None:
        super().__init__(point.values, point.sizes, point.functions)
        self._origin = point

    def note(self, name: Symbol, closed: Expr) -> float:
        """Remember the bound of a named gradient, and tell its largest entry."""
        self._memo[name] = self._array(closed)
        return float(np.max(self._memo[name], initial=0))

    def largest(self, expr: Expr) -> float:
        """The largest entry of an expression's bound."""
        return float(np.max(self._array(expr), initial=0))

    def _array(self, expr: Expr) -> Array:
        for node in walk(expr):
            if node not in self._memo:
                self._memo[node] = self._bound(node)
        return self._memo[expr]

    def _bound(self, node: Expr) -> Array:
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
