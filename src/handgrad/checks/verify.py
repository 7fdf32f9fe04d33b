"""Nothing is shown unchecked: every step, every factor and every gradient of a sweep is evaluated.

Steps are compared side by side at random points. Gradients and factors are also compared with the complex
step (Squire and Trapp, SIAM Review 40 (1998), eq. 3): Im f(x + i h v)/h, which no rule of ours takes part in.
All gradients are compared at once: every named value is moved by its own random direction, and the change of
the scalar must be the sum of the gradients' inner products with these directions.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from handgrad.checks.forms import printed_value
from handgrad.checks.magnitude import Magnitudes
from handgrad.checks.points import SPREADS, Ground
from handgrad.derivation import Check, Factor, Section, Step, Sweep
from handgrad.errors import OWN_MISTAKE, CheckError
from handgrad.evaluate import Point
from handgrad.expr import Expr, Symbol, definitions
from handgrad.functions import Array

TOLERANCE = 1e-8
STEP = 1e-30
ROUNDING = 1e-12  # of the size of the terms: below it a difference is rounding
POINTS = 3
ATTEMPTS = 12
LARGEST = 1e5
SHIFT = 1e-6
NOISE, MOST_NOISE = 100.0, 1e-2  # how far rounding goes: in second differences, and of a slope at most
SMALLEST = 1e-60  # a gradient below is the tail of a function that saturates


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
    names = ("steps", "factors", "gradients against the complex step", "formulas as printed")
    results = {name: _Worst() for name in names}
    step, factor, gradient, printed = results.values()
    _check_paths(sweep)
    with np.errstate(all="ignore"):
        for point in _points(sweep, np.random.default_rng(seed)):
            bounds = Magnitudes(point)
            for equation in definitions([sweep.of]):
                bounds.note_value(equation)
            apart: dict[Expr, float] = {}  # a line stands in two steps, and the last one in the section
            for section in sweep.sections:
                bounds.note(section.gradient, section.result)
            for section in sweep.sections:
                for line in section.steps:
                    step.note(_check_step(line, point, bounds))
                    printed.note(_check_printed(line.right, point, point.value, bounds, apart))
                printed.note(_check_printed(section.result, point, point.value, bounds, apart))
            for equation in sweep.equations:
                if equation.definition is not None:
                    printed.note(_check_printed(equation.definition, point, point.value, bounds, apart))
            _check_gradients(sweep, point, gradient, bounds)
            for part in sweep.factors:
                factor.note(_check_factor(part, sweep, point, printed))
    return tuple(Check(name, worst.points, worst.largest) for name, worst in results.items())


def _points(sweep: Sweep, random: np.random.Generator) -> list[Point]:
    """Points at which all values and gradients are moderate numbers and some gradient is not zero.

    Where a softmax saturates or an exponential explodes, no two ways of computing agree; such points say nothing.
    """
    roots: list[Expr] = [*sweep.equations, *(section.gradient for section in sweep.sections)]
    first = len(sweep.equations)
    formulas = [s.definition for s in definitions([sweep.of]) if s.definition is not None]
    formulas += [section.result for section in sweep.sections]
    ground = Ground.of(roots)
    spare: list[Point] = []
    for spread in SPREADS:
        found: list[Point] = []
        flat: list[Point] = []
        lossy: list[Point] = []
        for _ in range(ATTEMPTS):
            point = ground.draw(random, spread)
            try:
                values = [point.value(root) for root in roots]
            except np.linalg.LinAlgError:  # a matrix of these sizes has no inverse
                continue
            if ground.is_degenerate(point):
                continue
            sizes = [float(np.max(np.abs(value), initial=0)) for value in values]
            moderate = all(size < LARGEST for size in sizes)  # False for NaN
            moderate &= all(size == 0 or size > SMALLEST for size in sizes[first:])
            if moderate and any(np.any(value) for value in values[first:]):
                usable = point.is_finite() and not Magnitudes(point).cancels(formulas)
                (found if usable else lossy).append(point)
            elif moderate:
                flat.append(point)
            if len(found) == POINTS:
                return found
        spare += lossy
        if len(flat) >= POINTS:  # the gradients are 0 everywhere, as those of a sign
            return flat[:POINTS]
    if len(spare) >= POINTS:  # sums that vanish everywhere, as those of what is centred
        return spare[:POINTS]
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


def _is_rounding(apart: Array, sides: tuple[Expr, ...], bounds: Magnitudes) -> bool:
    """Whether a difference is no more than rounding in terms that cancel: both sides are 0 then."""
    size = max(bounds.largest(side) for side in sides)
    return float(np.max(np.abs(apart), initial=0)) <= ROUNDING * size


def _check_step(step: Step, point: Point, bounds: Magnitudes) -> float:
    left, right = point.value(step.left), point.value(step.right)
    apart = _difference(left, right)
    if not apart < TOLERANCE and not _is_rounding(left - right, (step.left, step.right), bounds):
        raise CheckError(
            f"the step {step.left.text()} = {step.right.text()} ({step.reason}): the sides differ by {apart:.2e}",
            remedy=OWN_MISTAKE,
        )
    return apart


def _check_gradients(sweep: Sweep, point: Point, worst: _Worst, bounds: Magnitudes) -> None:
    """One complex step moves every named value and parameter at once."""
    random = np.random.default_rng(len(sweep.sections))
    directions: list[tuple[Section, Array, float]] = []
    for section in sweep.sections:
        value = point.value(section.gradient)
        size = float(np.max(np.abs(value), initial=0))
        if size <= ROUNDING * bounds.largest(section.gradient):  # 0 but for rounding: not to be blown up
            size = 1.0
        direction = np.asarray(random.standard_normal(value.shape) / size)
        directions.append((section, direction, float(np.sum(direction * value))))
    expected = sum(inner for _, _, inner in directions)
    found = _directional(sweep.of, point, [(section.wrt, direction) for section, direction, _ in directions])
    scale = max(sum(abs(inner) for _, _, inner in directions), 1e-6)
    apart = abs(found - expected) / scale
    worst.note(apart)
    if not apart < TOLERANCE:
        moves = [(section.wrt, direction) for section, direction, _ in directions]
        if apart * scale <= min(NOISE * _noise(sweep.of, point, moves, found), MOST_NOISE * scale):
            return
        for section, direction, inner in directions:
            single = _directional(sweep.of, point, [(section.wrt, direction)])
            if not abs(single - inner) <= TOLERANCE * max(abs(single), abs(inner)):
                raise CheckError(
                    f"{section.gradient.name} = {section.result.text()} and the complex step differ: {inner}, {single}",
                    remedy=OWN_MISTAKE,
                )
        raise CheckError(f"the gradients disagree with the complex step by {apart:.2e}", remedy=OWN_MISTAKE)


def _noise(of: Expr, point: Point, moves: list[tuple[Symbol, Array]], found: float) -> float:
    """How much rounding there is in a slope: its second difference along a line, where a smooth one has next to none.

    In log(1 − σ(z)) the digits of 1 − σ(z) are lost when z is large.
    """
    random = np.random.default_rng(0)
    shift = {name: SHIFT * np.where(value == np.round(np.real(value)), 0.0, value * random.choice([-1, 1], value.shape))
             for name, value in point.values.items()}  # fmt: skip
    sides = [
        _directional(of, Point({k: v + sign * shift[k] for k, v in point.values.items()}, point.sizes, point.functions),
                     moves)
        for sign in (1, -1)
    ]
    return abs(sides[0] - 2 * found + sides[1])


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


def _check_printed(
    expr: Expr, point: Point, value: Callable[[Expr], Array], bounds: Magnitudes, known: dict[Expr, float]
) -> float:
    """The matrix form, evaluated as its notation says, against the expression; `known` are those at this point."""
    if expr in known:
        return known[expr]
    try:
        apart = _difference(printed_value(expr, point, value), value(expr))
    except ValueError as error:
        raise CheckError(f"the shapes in the formula {expr.text()} do not fit", remedy=OWN_MISTAKE) from error
    if not apart < TOLERANCE and not _is_rounding(
        printed_value(expr, point, value) - value(expr), (expr,), bounds
    ):
        raise CheckError(f"the formula {expr.text()} and what it stands for differ by {apart:.2e}", remedy=OWN_MISTAKE)
    known[expr] = apart
    return apart


def _check_paths(sweep: Sweep) -> None:
    """In each product of partial derivatives a denominator is the next numerator, from the scalar to the end."""
    for section in sweep.sections:
        for group in (group for step in section.steps for group in step.factors):
            pairs = [symbol.partial for symbol in group if symbol.partial is not None]
            ends = [pairs[0][0] is sweep.of, pairs[-1][1] is section.wrt] if pairs else [False]
            links = [left[1] is right[0] for left, right in pairwise(pairs)]
            if not all(ends + links):
                names = " ".join(symbol.name for symbol in group)
                raise CheckError(f"{names} is no chain from {sweep.of.name} to {section.wrt.name}", remedy=OWN_MISTAKE)


def _check_factor(factor: Factor, sweep: Sweep, point: Point, printed: _Worst) -> float:
    """⟨map(δ), v⟩ against ⟨δ, the derivative of the equation along v⟩."""
    of, wrt = factor.of, factor.wrt
    random = np.random.default_rng(len(factor.partial.name))
    cotangent: Array = np.asarray(1.0 if of is sweep.of else random.standard_normal(point.value(of).shape))
    direction: Array = np.asarray(random.standard_normal(point.value(wrt).shape))
    held = Held(point)
    held.give(factor.cotangent, cotangent)
    image = held.value(factor.form)
    printed.note(_check_printed(factor.form, held, held.value, Magnitudes(held), {}))
    local = _local_derivative(of, wrt, point, direction)
    left, right = float(np.sum(image * direction)), float(np.sum(cotangent * local))
    scale = max(float(np.sum(np.abs(image * direction)) + np.sum(np.abs(cotangent * local))), 1e-6)
    apart = abs(left - right) / scale
    if not apart < TOLERANCE:  # both may be 0 but for the rounding of terms that cancel
        natural = float(np.sum(np.abs(cotangent))) * Magnitudes(point).largest(_defined(of))
        apart = abs(left - right) / max(scale, 1e-6 * natural)
    if not apart < TOLERANCE:
        raise CheckError(
            f"the factor {factor.partial.name}, δ ↦ {factor.form.text()}, and the complex step differ: {left}, {right}",
            remedy=OWN_MISTAKE,
        )
    return apart


def _local_derivative(of: Symbol, wrt: Symbol, point: Point, direction: Array) -> Array:
    """The derivative of one equation along a direction of one of its names, the others held."""
    held = Held(point)
    held.move(wrt, direction)
    value: Array = np.imag(held.value(_defined(of))) / STEP
    return value


def _defined(symbol: Symbol) -> Expr:
    assert symbol.definition is not None
    return symbol.definition


class Held(Point):
    """A point at which defined names are constants: only the equation itself is computed."""

    def __init__(self, point: Point) -> None:
        super().__init__({}, point.sizes, point.functions)
        self.values = point.values
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


