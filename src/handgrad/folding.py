"""Puts the author's names back: a part of a formula that a name is defined as becomes the name.

A whole sub-expression is found by identity. A product is also found inside a larger product (X̂ = (X − μ)/s inside
γ ⊙ (X − μ)/s²), a sum over axes where its operands stand among others (μ inside X − 1ᵀX/m), a mean inside the sum
that it was made of (1ᵀX = m μ), and a root inside other powers of the same base (s = √(v + ε) inside (v + ε)⁻¹ᐟ²).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction

from handgrad.canonical import power, product, scale, split_coefficient
from handgrad.expansion import with_args
from handgrad.expr import UNIT, Expr, Extent, Labels, Operand, Power, Product, Symbol, rebuild, walk

MOST_OPERANDS = 6  # of a definition that is looked for inside products
MOST_ROUNDS = 8
Factor = tuple[Expr, Fraction, Labels]


@dataclass(frozen=True, slots=True)
class _Pattern:
    """A named product: its factors with exponents at their labels, its result labels, and its number.

    The name is `coefficient` times the factors times `sizes`, the numbers of entries that a mean divides by.
    """

    name: Symbol
    factors: tuple[Factor, ...]
    out: Labels
    coefficient: Fraction
    sizes: tuple[tuple[Expr, Fraction], ...]


@dataclass(frozen=True, slots=True)
class _Root:
    """A name that is a power of `coefficient` · `sizes` · b: where it says how b to a power is written in the name."""

    name: Symbol
    exponent: Fraction
    coefficient: Fraction = Fraction(1)
    sizes: tuple[tuple[Expr, Fraction], ...] = ()


class Folder:
    """Folds expressions over the definitions of some names."""

    def __init__(self, names: Iterable[Symbol]) -> None:
        """Names in the order of their definitions; where two are defined alike, the first stands for both."""
        self.names: dict[Expr, Symbol] = {}
        self.roots: dict[Expr, _Root] = {}
        self.patterns: dict[Expr, list[tuple[int, _Pattern]]] = {}
        self.count = 0
        numbered = list(enumerate(names))
        # the small ones first: a mean must be known when a variance is written in it
        for rank, name in sorted(numbered, key=lambda item: _size(item[1])):
            self.learn(name, rank)

    def learn(self, name: Symbol, rank: int | None = None) -> None:
        """Fold over one more name, by its definition and by what that is in the names known already."""
        assert name.definition is not None
        rank = self.count if rank is None else rank
        self.count += 1
        for definition in dict.fromkeys((name.definition, self.fold(name.definition))):
            self.names.setdefault(definition, name)
            if isinstance(definition, Power):
                for base, root in _roots(definition, name):
                    self.roots.setdefault(base, root)
            pattern = _pattern(definition, name)
            if pattern is not None:
                self.patterns.setdefault(pattern.factors[0][0], []).append((rank, pattern))

    def fold(self, expr: Expr) -> Expr:
        """The expression in the names."""
        if not self.names:
            return expr
        return rebuild(expr, self._change)

    def _change(self, node: Expr, args: tuple[Expr, ...]) -> Expr:
        node = with_args(node, args)
        if node in self.names:
            return self.names[node]
        if isinstance(node, Power):
            return self._root(node.base, node.exponent) or node
        if isinstance(node, Product):
            return self._product(node)
        return node

    def _root(self, base: Expr, exponent: Fraction) -> Expr | None:
        """bᵉ as a whole power of a name that is defined as a power of b."""
        root = self.roots.get(base)
        scaled = root is not None and (root.coefficient != 1 or root.sizes != ())
        if root is None or (exponent / root.exponent).denominator != 1 or (scaled and exponent.denominator != 1):
            return None
        axes = tuple(range(base.rank))
        operands: list[Operand] = [(power(size, -e * exponent), ()) for size, e in root.sizes]
        operands.append((power(root.name, exponent / root.exponent), axes))
        whole = product(operands, axes, dict(enumerate(base.shape)))
        return whole if root.coefficient == 1 else scale(root.coefficient ** -int(exponent), whole)

    def _with_roots(self, node: Product) -> Expr:
        """The product with each power that is one of a named root written in the name."""
        operands = [(self._root(*_powered(operand)) or operand, labels) for operand, labels in node.operands]
        if tuple(operands) == node.operands:
            return node
        return product(operands, node.out, dict(enumerate(node.sizes)))

    def _product(self, node: Product) -> Expr:
        coefficient, current = Fraction(1), self._with_roots(node)
        for _ in range(MOST_ROUNDS):
            factor, body = split_coefficient(current)
            coefficient *= factor
            if not isinstance(body, Product):
                return scale(coefficient, self.names.get(body, body))
            if body in self.names:
                return scale(coefficient, self.names[body])
            found = next((f for p in self._candidates(body) if (f := _replace(body, p)) is not None), None)
            if found is None:
                return scale(coefficient, body)
            current = found
        return scale(coefficient, current)

    def _candidates(self, node: Product) -> list[_Pattern]:
        """The patterns whose first factor stands in a product, the name defined last first."""
        bases = dict.fromkeys(_powered(operand)[0] for operand, _ in node.operands)
        found = [numbered for base in bases for numbered in self.patterns.get(base, ())]
        return [pattern for _, pattern in sorted(found, key=lambda numbered: -numbered[0])]


def _size(name: Symbol) -> int:
    return sum(1 for _ in walk(name.definition)) if name.definition is not None else 0


def _split_sizes(node: Product) -> tuple[tuple[tuple[Expr, Fraction], ...], list[Factor]]:
    """The numbers of entries among a product's factors, and the other factors."""
    factors = [(*_powered(operand), labels) for operand, labels in node.operands]
    sizes = tuple((base, exponent) for base, exponent, _ in factors if isinstance(base, Extent))
    return sizes, [factor for factor in factors if not isinstance(factor[0], Extent)]


def _roots(definition: Power, name: Symbol) -> Iterator[tuple[Expr, _Root]]:
    """The bases whose powers are powers of the name: as defined, and without the number that a mean divides by."""
    yield definition.base, _Root(name, definition.exponent)
    coefficient, body = split_coefficient(definition.base)
    if isinstance(body, Product):
        sizes, factors = _split_sizes(body)
        rest = [(power(base, exponent), labels) for base, exponent, labels in factors]
        if coefficient != 1 or (sizes and rest):
            bare = product(rest, body.out, dict(enumerate(body.sizes)))
            yield bare, _Root(name, definition.exponent, coefficient, sizes)


def _pattern(definition: Expr, name: Symbol) -> _Pattern | None:
    coefficient, body = split_coefficient(definition)
    if not isinstance(body, Product) or not 1 <= len(body.operands) <= MOST_OPERANDS:
        return None
    used = {label for _, labels in body.operands for label in labels}
    real = [label for label in body.out if label != UNIT]
    if len(set(real)) < len(real) or not set(real) <= used:
        return None
    summed = used - set(body.out) - {UNIT}
    sizes, factors = _split_sizes(body)
    if not summed:  # x/m is no shorter where m is written out
        sizes, factors = (), [(*_powered(operand), labels) for operand, labels in body.operands]
    if not factors or (len(factors) < 2 and not summed):
        return None
    return _Pattern(name, tuple(factors), body.out, coefficient, sizes)


def _powered(operand: Expr) -> tuple[Expr, Fraction]:
    return (operand.base, operand.exponent) if isinstance(operand, Power) else (operand, Fraction(1))


def _replace(node: Product, pattern: _Pattern) -> Expr | None:
    """The product with the pattern's factors replaced by its name, or None."""
    have = [(*_powered(operand), labels) for operand, labels in node.operands]
    for chosen, mapping in _matches(pattern.factors, have, {}, ()):
        rest = _rest(pattern, have, chosen, mapping, node)
        if rest is not None:
            labels = tuple(UNIT if label == UNIT else mapping[label] for label in pattern.out)
            used = {k for _, at in rest for k in at} | set(labels) | set(node.out)
            sizes = {k: size for k, size in enumerate(node.sizes) if k in used}
            rest += [(power(size, -exponent), ()) for size, exponent in pattern.sizes]
            return scale(1 / pattern.coefficient, product([*rest, (pattern.name, labels)], node.out, sizes))
    return None


def _matches(
    wanted: tuple[tuple[Expr, Fraction, Labels], ...],
    have: list[tuple[Expr, Fraction, Labels]],
    mapping: dict[int, int],
    chosen: tuple[int, ...],
) -> Iterator[tuple[tuple[int, ...], dict[int, int]]]:
    """Each way to find the wanted factors among those at hand, with what each label stands for."""
    if len(chosen) == len(wanted):
        yield chosen, mapping
        return
    base, exponent, labels = wanted[len(chosen)]
    for place, (other, power_, at) in enumerate(have):
        if place in chosen or other is not base or power_ * exponent <= 0 or abs(power_) < abs(exponent):
            continue
        extended = _extend(mapping, labels, at)
        if extended is not None:
            yield from _matches(wanted, have, extended, (*chosen, place))


def _extend(mapping: dict[int, int], labels: Labels, at: Labels) -> dict[int, int] | None:
    extended = dict(mapping)
    for label, other in zip(labels, at, strict=True):
        if (label == UNIT) != (other == UNIT):
            return None
        if label != UNIT and extended.setdefault(label, other) != other:
            return None
    return extended if len(set(extended.values())) == len(extended) else None


def _rest(
    pattern: _Pattern,
    have: list[tuple[Expr, Fraction, Labels]],
    chosen: tuple[int, ...],
    mapping: dict[int, int],
    node: Product,
) -> list[tuple[Expr, Labels]] | None:
    """What is left of the product; None where a label that the pattern sums is needed by something else."""
    summed = {mapping[label] for label in mapping if label not in pattern.out}
    if summed & set(node.out):
        return None
    rest: list[tuple[Expr, Labels]] = []
    for place, (base, exponent, at) in enumerate(have):
        left = exponent - (pattern.factors[chosen.index(place)][1] if place in chosen else 0)
        if left:
            if summed & set(at):
                return None
            rest.append((power(base, left), at))
    return rest
