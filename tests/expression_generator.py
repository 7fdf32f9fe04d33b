"""Random well-typed models in Python notation: what is drawn, and the axes and names that it has.

A rule makes a text of a wanted shape from texts of the shapes that it needs: `expression_rules` holds them. Symbols are
declared as rules ask for them, `n + k` and the like included, so that everything fits by construction.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from math import prod

import numpy as np

BASE = ("n", "m", "k", "p", "q")
LARGEST = 500  # entries of a value
NAMES = {0: "s t c g", 1: "x y u v w z r", 2: "A B M X W P G", 3: "T S R Q", 4: "K H V U"}


@dataclass(frozen=True, slots=True)
class Dim:
    """The length of an axis: a sum of products of sizes with whole coefficients, as `n - 1` or `n*k + 2`."""

    terms: tuple[tuple[tuple[str, ...], int], ...]

    @staticmethod
    def of(size: str | int) -> Dim:
        return Dim((((size,), 1),)) if isinstance(size, str) else Dim((((), size),))

    @staticmethod
    def made(terms: list[tuple[tuple[str, ...], int]]) -> Dim:
        total: dict[tuple[str, ...], int] = {}
        for names, factor in terms:
            key = tuple(sorted(names))
            total[key] = total.get(key, 0) + factor
        return Dim(tuple(sorted((key, factor) for key, factor in total.items() if factor)))

    def __add__(self, other: Dim | int) -> Dim:
        return Dim.made([*self.terms, *_dim(other).terms])

    def __sub__(self, other: Dim | int) -> Dim:
        return Dim.made([*self.terms, *((names, -factor) for names, factor in _dim(other).terms)])

    def __mul__(self, other: Dim | int) -> Dim:
        return Dim.made([(a + b, f * g) for a, f in self.terms for b, g in _dim(other).terms])

    @property
    def number(self) -> int | None:
        return self.terms[0][1] if len(self.terms) == 1 and not self.terms[0][0] else None

    @property
    def is_name(self) -> bool:
        return len(self.terms) == 1 and len(self.terms[0][0]) == 1 and self.terms[0][1] == 1

    def value(self, sizes: dict[str, int]) -> int:
        return sum(factor * prod(sizes[name] for name in names) for names, factor in self.terms)

    def __str__(self) -> str:
        parts: list[str] = []
        for names, factor in sorted(self.terms, key=lambda term: (term[1] < 0, not term[0], term)):
            body = "*".join(([str(abs(factor))] if abs(factor) != 1 or not names else []) + list(names))
            parts.append(body if not parts else f"{'-' if factor < 0 else '+'} {body}")
        return " ".join(parts)


def _dim(size: Dim | int) -> Dim:
    return Dim.of(size) if isinstance(size, int) else size


ONE = Dim.of(1)
Shape = tuple[Dim, ...]
Rule = Callable[["Generator", Shape, int], "str | None"]


@dataclass(frozen=True, slots=True)
class Model:
    """A drawn model: its text, its inputs with their shapes, the sizes, and the whole numbers that count along axes."""

    text: str
    inputs: dict[str, Shape]
    positive: frozenset[str]
    counts: dict[str, int]  # symbols of whole numbers: below which number
    sizes: dict[str, int]
    lines: tuple[tuple[str, str], ...]
    rules: tuple[str, ...]

    def arrays(self, random: np.random.Generator) -> dict[str, np.ndarray]:
        """A value for each input."""
        found = {}
        for name, shape in self.inputs.items():
            lengths = [dim.value(self.sizes) for dim in shape]
            if name in self.counts:
                found[name] = random.integers(0, self.counts[name], lengths)
            elif name in self.positive:
                found[name] = random.uniform(0.3, 1.4, lengths)
            else:
                found[name] = np.asarray(random.standard_normal(lengths) * 0.6)
        return found


@dataclass(slots=True)
class Generator:
    """Draws models; `rules` are tried at random until one applies."""

    random: np.random.Generator
    rules: tuple[tuple[Rule, float], ...]
    scalar_rules: tuple[tuple[Rule, float], ...]
    inputs: dict[str, Shape] = field(default_factory=dict)
    positives: set[str] = field(default_factory=set)
    counts: dict[str, int] = field(default_factory=dict)
    defined: dict[str, Shape] = field(default_factory=dict)
    used: list[str] = field(default_factory=list)
    sizes: dict[str, int] = field(default_factory=dict)

    def model(self) -> Model:
        """A cost of random depth, often with named values in front of it."""
        self.sizes = dict(zip(BASE, map(int, self.random.permutation([2, 3, 4, 5, 6])), strict=True))
        lines = []
        for number in range(int(self.random.choice([0, 1, 2], p=[0.6, 0.25, 0.15]))):
            shape = self.shape()
            text = self.of(shape, int(self.random.integers(1, 3)))
            lines.append((f"Z{number + 1}", text))
            self.defined[f"Z{number + 1}"] = shape
        lines.append(("J", self.of((), int(self.random.choice([1, 2, 3, 4], p=[0.15, 0.35, 0.35, 0.15])))))
        heads = [
            f"{name}: ({', '.join(map(str, shape))}{',' if len(shape) == 1 else ''})"
            + (" in positive" if name in self.positives else "")
            for name, shape in self.inputs.items()
        ]
        text = "\n".join([*heads, *(f"{name} = {body}" for name, body in lines)])
        return Model(text, self.inputs, frozenset(self.positives), self.counts, self.sizes, tuple(lines),
                     tuple(self.used))  # fmt: skip

    # Choices

    def chance(self, probability: float) -> bool:
        return bool(self.random.random() < probability)

    def number(self, low: int, high: int) -> int:
        """A whole number from low to high, both included."""
        return int(self.random.integers(low, high + 1))

    def pick(self, *options: str) -> str:
        return str(options[int(self.random.integers(len(options)))])

    def axis(self, shape: Shape) -> int:
        return int(self.random.integers(len(shape)))

    def size(self) -> Dim:
        """A named size, sometimes a number or a neighbour of a named one."""
        name = Dim.of(self.pick(*BASE))
        kind = self.random.random()
        return name if kind < 0.86 else Dim.of(self.number(2, 3)) if kind < 0.94 else name + self.number(1, 2)

    def shape(self, rank: int | None = None) -> Shape:
        """Of a random rank; often that of a named value, so that it is used."""
        if rank is None and self.defined and self.chance(0.5):
            return self.defined[self.pick(*self.defined)]
        rank = int(self.random.choice([0, 1, 2, 3, 4], p=[0.06, 0.3, 0.4, 0.17, 0.07])) if rank is None else rank
        while True:
            found: list[Dim] = []
            while len(found) < rank:
                size = self.size()
                if size not in found or self.chance(0.1):
                    found.append(size)
            if self.fits(tuple(found)):
                return tuple(found)

    def fits(self, shape: Shape) -> bool:
        """Whether all axes have a length and the whole is small."""
        lengths = [self.length(dim) for dim in shape]
        return len(shape) <= 4 and min(lengths, default=1) >= 1 and prod(lengths) <= LARGEST

    def length(self, dim: Dim) -> int:
        return dim.value(self.sizes)

    # Texts

    def of(self, shape: Shape, depth: int) -> str:
        """A text of the wanted shape, at most `depth` rules deep."""
        if depth <= 0 or not self.fits(shape):
            return self.leaf(shape)
        rules = self.rules if shape or self.chance(0.15) else self.scalar_rules
        weights = np.array([weight for _, weight in rules])
        while True:
            rule, _ = rules[int(self.random.choice(len(rules), p=weights / weights.sum()))]
            text = rule(self, shape, depth - 1)
            if text is not None:
                self.used.append(rule.__name__)
                return text

    def leaf(self, shape: Shape) -> str:
        """A symbol of the shape, its transpose, or a named value: an old one or a new one."""
        known = {**self.inputs, **self.defined}
        fitting = [name for name, own in known.items() if own == shape and name not in self.counts]
        if len(shape) == 2:
            fitting += [f"{name}.T" for name, own in known.items() if own == shape[::-1] and name not in self.counts]
        if fitting and self.chance(0.6):
            return self.pick(*fitting)
        return self.symbol(shape)

    def symbol(self, shape: Shape) -> str:
        """A new input."""
        names = [name for name in NAMES[len(shape)].split() if name not in self.inputs]
        name = self.pick(*names) if names else f"{NAMES[len(shape)][0]}{len(self.inputs)}"
        self.inputs[name] = shape
        return name

    def counter(self, shape: Shape, dim: Dim) -> str:
        """A new input of whole numbers that count along an axis."""
        name = f"idx{len(self.counts) + 1}"
        self.inputs[name] = shape
        self.counts[name] = self.length(dim)
        return name

    def positive(self, shape: Shape, depth: int) -> str:
        """A text whose entries are all positive, and not too small."""
        match self.pick("exp", "softplus", "square", "sigmoid", "abs", "symbol"):
            case "exp":
                return f"exp({self.of(shape, depth - 1)})"
            case "softplus":
                return f"(softplus({self.of(shape, depth - 1)}) + 0.1)"
            case "square":
                return f"({self.of(shape, depth - 1)} ** 2 + {self.pick('1', '0.5', '2')})"
            case "sigmoid":
                return f"({self.pick('sigmoid', 'expit')}({self.of(shape, depth - 1)}) + 0.2)"
            case "abs":
                return f"(abs({self.of(shape, depth - 1)}) + 1)"
        name = self.symbol(shape)
        self.positives.add(name)
        return name

    def square(self, size: Dim, depth: int) -> str:
        """A square matrix with a positive determinant."""
        eye = f"eye({size})" if size.is_name else None
        if eye is None:
            return f"diag({self.positive((size,), depth)})"
        if self.chance(0.6):
            inner = self.of((size, self.size()), depth - 1)
            return f"({inner} @ {self._turned(inner)} + {eye})"
        return f"({self.pick('3', '4')} * {eye} + tanh({self.of((size, size), depth - 1)}) / {size})"

    @staticmethod
    def _turned(text: str) -> str:
        return text.removesuffix(".T") if text.endswith(".T") and text[:-2].isalnum() else f"{text}.T"

    def partner(self, shape: Shape) -> Shape:
        """A shape that NumPy broadcasts to the given one: axes in front missing, others of length 1."""
        own = shape[self.number(0, len(shape)) if self.chance(0.5) else 0 :]
        return tuple(ONE if self.chance(0.3) else dim for dim in own)

    def order(self, shape: Shape) -> list[int]:
        return [int(k) for k in self.random.permutation(len(shape))]

    def placed(self, shape: Shape, dim: Dim) -> tuple[Shape, int] | None:
        """The shape with one more axis somewhere, and where; None where that is too large."""
        axis = self.number(0, len(shape))
        more = (*shape[:axis], dim, *shape[axis:])
        return (more, axis) if self.fits(more) else None

    def signed(self, axis: int, rank: int) -> int:
        """The same axis, counted from the front or from the end."""
        return axis if self.chance(0.6) else axis - rank
