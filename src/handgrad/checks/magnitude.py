"""How large the terms of an expression are before they cancel: what rounding is measured by."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np

from handgrad.evaluate import Point, entry_power
from handgrad.expr import Call, Expr, Power, Product, Sum, Symbol, walk
from handgrad.functions import Array, Elementwise

STEP = 1e-30
LOST = 1e-6  # a value this much smaller than its terms says little
CANCELLED = 1e-12  # a value this much smaller than its terms is their rounding


class Magnitudes(Point):
    """Bounds at a point: the values with every sum taken over absolute values.

    So 1 − Σp of a softmax p counts as 2, not as 0, and its logarithm as 2 times the slope of log there. A gradient
    that was `note`d counts with its own bound wherever its name stands, however small its value is.
    """

    def __init__(self, point: Point) -> None:
        super().__init__({}, point.sizes, point.functions)
        self.values = point.values
        self._origin = point

    def note(self, name: Symbol, closed: Expr) -> float:
        """Remember the bound of a named gradient, and tell its largest entry."""
        self._memo[name] = self._compute(closed)
        return float(np.max(self._memo[name], initial=0))

    def note_value(self, name: Symbol) -> None:
        """Remember which entries of a named value are what is left of terms that cancel."""
        assert name.definition is not None
        bound, value = self._compute(name.definition), np.abs(self._origin.value(name))
        self._memo[name] = np.where(value <= CANCELLED * bound, bound, value)

    def cancels(self, exprs: Iterable[Expr]) -> bool:
        """Whether a sum in expressions loses its digits, or a function changes much with its argument's.

        1 − σ(z) with a large z is a small difference of numbers near 1, and logit(σ(z)) has such a difference inside.
        """
        for expr in exprs:
            for node in walk(expr):
                if isinstance(node, Sum) or (isinstance(node, Call) and isinstance(node.function, Elementwise)):
                    value, bound = np.abs(self._origin.value(node)), self._compute(node)
                    if np.any((value > 0) & (value < LOST * bound)):
                        return True
        return False

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
            case Power():
                return self._spread((node.base,), lambda args: entry_power(args[0], node.exponent), node)
            case Call() if isinstance(node.function, Elementwise):
                return self._spread(node.args, lambda args: node.function.evaluate(args, self.functions), node)
        return np.abs(self._origin.value(node))

    def _spread(self, args: tuple[Expr, ...], function: Callable[[tuple[Array, ...]], Array], node: Expr) -> Array:
        """|f(x)| and what f makes of a change of x as large as the bound of x, by the complex step."""
        values = tuple(self._origin.value(arg) for arg in args)
        total = np.abs(self._origin.value(node))
        for k, arg in enumerate(args):
            moved = values[k] + 1j * STEP * self._memo[arg]
            change = np.abs(np.imag(function((*values[:k], moved, *values[k + 1 :])))) / STEP
            total = total + np.where(np.isfinite(change), change, 0.0)
        return np.asarray(total)
