"""What a derivation is: data only. `calculus` makes it, `check` verifies it, `render` prints it."""

from __future__ import annotations

from dataclasses import dataclass

from handgrad.expr import Expr, Symbol
from handgrad.functions import AnyFunction


@dataclass(frozen=True, slots=True)
class Step:
    """left = right, and why.

    In a step of the chain rule `right` is shown as a sum of products of partial derivatives: `factors`.
    """

    left: Expr
    right: Expr
    reason: str
    rule: str
    factors: tuple[tuple[Symbol, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class Factor:
    """One factor of the chain rule, ∂v/∂u, as the linear map that takes ∂J/∂v, written δ, to ∂J/∂u.

    `partial` names ∂v/∂u; `form` is the map's value, an expression in `cotangent` (δ, of v's shape);
    `functions` are those whose derivatives it takes.
    """

    partial: Symbol
    cotangent: Symbol
    form: Expr
    functions: tuple[AnyFunction, ...]

    @property
    def of(self) -> Symbol:
        """v."""
        assert self.partial.partial is not None
        return self.partial.partial[0]

    @property
    def wrt(self) -> Symbol:
        """u."""
        assert self.partial.partial is not None
        return self.partial.partial[1]


@dataclass(frozen=True, slots=True)
class Section:
    """The derivation of one ∂J/∂u: the paths from J to u, the chain rule, the lines, the closed form."""

    gradient: Symbol
    paths: tuple[tuple[Symbol, ...], ...]
    steps: tuple[Step, ...]
    result: Expr

    @property
    def wrt(self) -> Symbol:
        """u."""
        assert self.gradient.partial is not None
        return self.gradient.partial[1]


@dataclass(frozen=True, slots=True)
class Check:
    """What was verified: at how many random points, and the largest relative difference."""

    name: str
    points: int
    largest: float

    def __str__(self) -> str:
        return f"{self.name}: {self.points} points, largest relative difference {self.largest:.1e}"


@dataclass(frozen=True, slots=True)
class Sweep:
    """The outcome of one reverse sweep from the scalar `of`."""

    of: Symbol
    equations: tuple[Symbol, ...]
    edges: tuple[tuple[Symbol, Symbol], ...]
    factors: tuple[Factor, ...]
    sections: tuple[Section, ...]
    gradients: tuple[tuple[Symbol, Expr], ...]
