"""Random points: small sizes that differ, values in the domains of the symbols, stand-ins for abstract functions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from math import prod

import numpy as np

from handgrad.axes import Size
from handgrad.errors import ShapeError
from handgrad.evaluate import Point, inputs, lengths
from handgrad.expr import INDEX, Call, Expr, Symbol, definitions, walk
from handgrad.facts import SUMS_TO_ONE
from handgrad.functions import AbstractCost, AbstractFunction, Array, MatrixFunction, Reduction, Surrogate
from handgrad.symmetry import DEFINITE, INTEGER, ORTHOGONAL, POSITIVE, SYMMETRIC

Spread = float | str
MOST_ENTRIES = 4_000_000  # of one symbol with its declared sizes
LARGEST_CONDITION = 1e6
TIE = 1e-9  # relative
MOST_DRAWS = 60  # of sizes, ever larger, until slices and windows fit
SMALL = (2, 3, 4, 5, 6, 7)  # sizes; small, and different for axes that differ as long as there are enough
INTERVALS: dict[str, tuple[float, float]] = {"positive": (0.2, 1.3), "a part of 1": (0.02, 0.3), "above 1": (1.1, 2.5)}
SPREADS = (1.0, 0.3, 0.1, "positive", 0.01, "a part of 1", "above 1")
"""How inputs are drawn: normal of a scale, smaller where values explode; from an interval where a domain wants it."""


@dataclass(frozen=True, slots=True)
class Ground:
    """What a set of expressions needs for a value: symbols without definition, sizes, abstract functions."""

    symbols: tuple[Symbol, ...]
    sizes: tuple[str, ...]
    lengths: tuple[Size, ...]  # of axes whose length is arithmetic of the sizes: at least 1 each
    functions: tuple[str, ...]
    matrices: tuple[Expr, ...]  # that an inverse or a determinant is taken of
    chosen: tuple[tuple[Expr, Reduction], ...]  # of which the largest or smallest entry is taken

    @staticmethod
    def of(roots: Iterable[Expr]) -> Ground:
        """Collected from expressions and the definitions that they need."""
        roots = tuple(roots)
        found = lengths(roots)
        bodies = [*roots, *(s.definition for s in definitions(roots) if s.definition is not None)]
        functions = {
            node.function.name: None
            for node in (node for body in bodies for node in walk(body))
            if isinstance(node, Call) and isinstance(node.function, AbstractFunction | AbstractCost)
        }
        matrices = {
            node.args[0]: None
            for node in (node for body in bodies for node in walk(body))
            if isinstance(node, Call) and isinstance(node.function, MatrixFunction)
        }
        chosen = {
            (node.args[0], node.function): None
            for node in (node for body in bodies for node in walk(body))
            if isinstance(node, Call) and isinstance(node.function, Reduction) and node.function.picks
        }
        names = dict.fromkeys(name for size in found for name in size.names)
        made = tuple(size for size in found if size.count is not None)
        return Ground(inputs(roots), tuple(names), made, tuple(functions), tuple(matrices), tuple(chosen))

    def is_degenerate(self, point: Point) -> bool:
        """Whether an inverted matrix is next to singular, as Rᵀ R of a wide R, or two largest entries are equal."""
        singular = any(not np.linalg.cond(point.value(matrix)) < LARGEST_CONDITION for matrix in self.matrices)
        return singular or any(_is_tied(np.real(point.value(arg)), function) for arg, function in self.chosen)

    def _refuse_large(self) -> None:
        for symbol in self.symbols:
            entries = prod(size.value if size.value is not None else max(SMALL) for size in symbol.shape)
            if entries > MOST_ENTRIES:
                raise ShapeError(
                    f"{symbol.name} is declared with {entries} entries, too many to check its formulas with",
                    remedy=f"give its sizes names, as in {symbol.name}: (n, m)",
                )

    def draw(self, random: np.random.Generator, spread: Spread) -> Point:
        """One random point."""
        self._refuse_large()
        sizes = self._sizes(random)
        values = {symbol.name: _draw(symbol, sizes, random, spread) for symbol in self.symbols}
        functions = {
            name: Surrogate(random.uniform(0.8, 1.3), random.uniform(0.7, 1.2), random.uniform(-1, 1))
            for name in self.functions
        }
        return Point(values, sizes, functions)


    def _sizes(self, random: np.random.Generator) -> dict[str, int]:
        """A number for each size, so that no axis is empty."""
        for more in range(MOST_DRAWS):
            drawn = dict(zip(self.sizes, _different(random, len(self.sizes)), strict=True))
            sizes = {name: size + int(random.integers(0, 1 + more // 4)) for name, size in drawn.items()}
            if all(length.length(sizes) >= 1 for length in self.lengths):
                return sizes
        shown = ", ".join(map(str, self.lengths))
        raise ShapeError(f"no sizes were found for which no axis is empty; the lengths are {shown}",
                         remedy="check the bounds of the slices, or give the sizes as numbers")  # fmt: skip


def _is_tied(values: Array, function: Reduction) -> bool:
    """Whether the two largest (smallest) entries of a slice are equal but for rounding."""
    axis = function.axis
    ordered = np.sort(-function.picks * (values.ravel() if axis is None else values), axis=-1 if axis is None else axis)
    if ordered.shape[-1 if axis is None else axis] < 2:
        return False
    first, second = (np.take(ordered, k, axis=-1 if axis is None else axis) for k in (0, 1))
    return bool(np.any(second - first <= TIE * np.maximum(np.abs(first), 1e-3)))


def _different(random: np.random.Generator, count: int) -> Iterator[int]:
    """Sizes that all differ as far as there are small ones, and neighbours always."""
    order = random.permutation(SMALL)
    return (int(order[k % len(order)]) for k in range(count))


def _without(symbol: Symbol, fact: str) -> Symbol:
    """The symbol without one of its facts."""
    return Symbol(symbol.name, symbol.shape, latex=symbol.latex_name, facts=set(symbol.facts) - {fact})


def _draw(symbol: Symbol, sizes: dict[str, int], random: np.random.Generator, spread: Spread) -> Array:
    shape = tuple(size.length(sizes) for size in symbol.shape)
    if (fact := next((f for f in symbol.facts if f.startswith(INDEX)), None)) is not None:
        below = fact.removeprefix(INDEX)
        return random.integers(0, Size.of(int(below) if below.isdigit() else below).length(sizes), shape).astype(float)
    if "binary" in symbol.facts:  # inside (0, 1): at 0 and 1 themselves a wrong sign can vanish
        return random.uniform(0.1, 0.9, shape)
    if DEFINITE in symbol.facts and len(shape) == 2:
        root = random.standard_normal(shape) / np.sqrt(shape[0])
        return np.asarray(root @ root.T + 0.3 * np.eye(shape[0]))
    if ORTHOGONAL in symbol.facts and len(shape) == 2:
        return np.asarray(np.linalg.qr(random.standard_normal(shape))[0])
    if INTEGER in symbol.facts:
        return random.integers(2, 6, shape).astype(float)
    if SYMMETRIC in symbol.facts and len(shape) == 2:
        half = _draw(_without(symbol, SYMMETRIC), sizes, random, spread)
        return half + half.T
    if POSITIVE in symbol.facts:
        return random.uniform(*INTERVALS[spread if spread == "above 1" else "positive"], shape)
    for fact in symbol.facts:
        if fact.startswith(SUMS_TO_ONE):
            axis = int(fact.removeprefix(SUMS_TO_ONE))
            weights = random.uniform(0.1, 1.0, shape)
            normal: Array = weights / weights.sum(axis=axis, keepdims=True)
            return normal
    if isinstance(spread, str):
        return random.uniform(*INTERVALS[spread], shape)
    scale = 1 / np.sqrt(shape[1]) if len(shape) == 2 else 1.0  # so that deep chains neither vanish nor explode
    value: Array = np.asarray(random.standard_normal(shape) * spread * scale * (1.3 if len(shape) == 2 else 0.7))
    return value
