"""Nothing is shown unchecked: every step, every factor and every gradient of a sweep is evaluated.

Steps are compared side by side at random points. Gradients and factors are also compared with the complex
step (Squire and Trapp, SIAM Review 40 (1998), eq. 3): Im f(x + i h v)/h, which no rule of ours takes part in.
All gradients are compared at once: every named value is moved by its own random direction, and the change of
the scalar must be the sum of the gradients' inner products with these directions.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from handgrad.checks.points import SPREADS, Ground
from handgrad.derivation import Check, Factor, Section, Step, Sweep
from handgrad.errors import CheckError
from handgrad.evaluate import Point
from handgrad.expr import Expr, Symbol
from handgrad.functions import Array

TOLERANCE = 1e-8
STEP = 1e-30
POINTS = 3
ATTEMPTS = 12
LARGEST = 1e5
OWN_MISTAKE = "this is a mistake in Handgrad's own rules; please report it with the equations"


@dataclass(slots=True)
class _Worst:
    """The largest difference of a kind of check so far."""

    points: int = 0
    largest: float = 0.0

    def note(self, difference: float) -> None:
        self.points += 1
        self.largest = max(self.largest, difference)


def verify(sweep: Sweep, seed: int = 20261124) -> tuple[Check, ...]:
    """Check a sweep; raises CheckError where two sides differ, naming the step and both values."""
    results = {name: _Worst() for name in ("steps", "factors", "gradients against the complex step")}
    step, factor, gradient = results.values()
    with np.errstate(all="ignore"):
        for point in _points(sweep, np.random.default_rng(seed)):
            for section in sweep.sections:
                for line in section.steps:
                    step.note(_check_step(line, point))
            _check_gradients(sweep, point, gradient)
            for part in sweep.factors:
                factor.note(_check_factor(part, sweep, point))
    return tuple(Check(name, worst.points, worst.largest) for name, worst in results.items())


def _points(sweep: Sweep, random: np.random.Generator) -> list[Point]:
    """Points at which all values and gradients are moderate numbers and some gradient is not zero.

    Where a softmax saturates or an exponential explodes, no two ways of computing agree; such points say nothing.
    """
    roots: list[Expr] = [*sweep.equations, *(section.gradient for section in sweep.sections)]
    first = len(sweep.equations)
    ground = Ground.of(roots)
    for spread in SPREADS:
        found: list[Point] = []
        for _ in range(ATTEMPTS):
            point = ground.draw(random, spread)
            try:
                values = [point.value(root) for root in roots]
            except np.linalg.LinAlgError:  # a matrix of these sizes has no inverse
                continue
            moderate = all(np.max(np.abs(value), initial=0) < LARGEST for value in values)  # False for NaN
            if moderate and any(np.any(value) for value in values[first:]):
                found.append(point)
            if len(found) == POINTS:
                return found
    raise CheckError(
        f"no random point was found at which {sweep.of.name} and its gradients are finite, so they cannot be checked",
        remedy="check the domains of the functions, for example that a logarithm's argument can be positive",
    )


def _difference(left: Array, right: Array) -> float:
    """The largest difference, relative to the largest value on either side."""
    if left.shape != right.shape:
        return float("inf")
    size = max(float(np.max(np.abs(left), initial=0)), float(np.max(np.abs(right), initial=0)))
    apart = float(np.max(np.abs(left - right), initial=0))
    return apart / size if size > 0 else 0.0


def _check_step(step: Step, point: Point) -> float:
    left, right = point.value(step.left), point.value(step.right)
    apart = _difference(left, right)
    if not apart < TOLERANCE:
        raise CheckError(
            f"the step {step.left.text()} = {step.right.text()} ({step.reason}): the sides differ by {apart:.2e}",
            remedy=OWN_MISTAKE,
        )
    return apart


def _check_gradients(sweep: Sweep, point: Point, worst: _Worst) -> None:
    """One complex step moves every named value and parameter at once."""
    random = np.random.default_rng(len(sweep.sections))
    directions: list[tuple[Section, Array, float]] = []
    for section in sweep.sections:
        value = point.value(section.gradient)
        size = float(np.max(np.abs(value), initial=0))
        direction = np.asarray(random.standard_normal(value.shape) / (size or 1.0))
        directions.append((section, direction, float(np.sum(direction * value))))
    expected = sum(inner for _, _, inner in directions)
    found = _directional(sweep.of, point, [(section.wrt, direction) for section, direction, _ in directions])
    scale = sum(abs(inner) for _, _, inner in directions) or 1.0
    apart = abs(found - expected) / scale
    worst.note(apart)
    if not apart < TOLERANCE:
        for section, direction, inner in directions:
            single = _directional(sweep.of, point, [(section.wrt, direction)])
            if not abs(single - inner) <= TOLERANCE * max(abs(single), abs(inner)):
                raise CheckError(
                    f"{section.gradient.name} = {section.result.text()} and the complex step differ: {inner}, {single}",
                    remedy=OWN_MISTAKE,
                )
        raise CheckError(f"the gradients disagree with the complex step by {apart:.2e}", remedy=OWN_MISTAKE)


def _directional(of: Expr, point: Point, moves: list[tuple[Symbol, Array]]) -> float:
    """d of / d t where each symbol moves by t times its direction."""
    largest = max((float(np.max(np.abs(direction), initial=0)) for _, direction in moves), default=1.0) or 1.0
    step = STEP / largest if largest < 1e100 else 1e-130
    values: dict[str, Array] = dict(point.values)
    offset: dict[str, Array] = {}
    for symbol, direction in moves:
        if symbol.definition is None:
            values[symbol.name] = values[symbol.name] + 1j * step * direction
        else:
            offset[symbol.name] = 1j * step * direction
    moved = Point(values, point.sizes, point.functions, offset)
    return float(np.imag(moved.value(of)) / step)


def _check_factor(factor: Factor, sweep: Sweep, point: Point) -> float:
    """⟨map(δ), v⟩ against ⟨δ, the derivative of the equation along v⟩."""
    of, wrt = factor.of, factor.wrt
    random = np.random.default_rng(len(factor.partial.name))
    cotangent: Array = np.asarray(1.0 if of is sweep.of else random.standard_normal(point.value(of).shape))
    direction: Array = np.asarray(random.standard_normal(point.value(wrt).shape))
    held = Held(point)
    held.give(factor.cotangent, cotangent)
    image = held.value(factor.form)
    local = _local_derivative(of, wrt, point, direction)
    left, right = float(np.sum(image * direction)), float(np.sum(cotangent * local))
    scale = float(np.sum(np.abs(image * direction)) + np.sum(np.abs(cotangent * local))) or 1.0
    apart = abs(left - right) / scale
    if not apart < TOLERANCE:
        raise CheckError(
            f"the factor {factor.partial.name}, δ ↦ {factor.form.text()}, and the complex step differ: {left}, {right}",
            remedy=OWN_MISTAKE,
        )
    return apart


def _local_derivative(of: Symbol, wrt: Symbol, point: Point, direction: Array) -> Array:
    """The derivative of one equation along a direction of one of its names, the others held."""
    assert of.definition is not None
    held = Held(point)
    held.move(wrt, direction)
    value: Array = np.imag(held.value(of.definition)) / STEP
    return value


class Held(Point):
    """A point at which defined names are constants: only the equation itself is computed."""

    def __init__(self, point: Point) -> None:
        super().__init__(point.values, point.sizes, point.functions)
        self._origin = point

    def give(self, symbol: Symbol, value: Array) -> None:
        """Set the value of one name."""
        self._memo[symbol] = value

    def move(self, symbol: Symbol, direction: Array) -> None:
        """Move one name along a direction, by an imaginary step."""
        self._memo[symbol] = self._origin.value(symbol) + 1j * STEP * direction

    def value(self, expr: Expr) -> Array:
        """The value of an equation's right side."""
        return self._compute(expr)

    def _node(self, node: Expr) -> Array:
        return self._origin.value(node) if isinstance(node, Symbol) else super()._node(node)


