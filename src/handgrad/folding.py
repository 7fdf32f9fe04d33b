"""Puts the author's names back: a part of a formula that a name is defined as becomes the name.

A whole sub-expression is found by identity. A product is also found inside a larger product (X̂ = (X − μ)/s inside
γ ⊙ (X − μ)/s²), a sum over axes where its operands stand among others (μ inside X − 1ᵀX/m), and a root inside other
powers of the same base (s = √(v + ε) inside (v + ε)⁻¹ᐟ²).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction

from handgrad.canonical import power, product, scale, split_coefficient
from handgrad.expr import UNIT, Expr, Labels, Power, Product, Symbol, rebuild
from handgrad.simplify import with_args

MOST_OPERANDS = 6  # of a definition that is looked for inside products
MOST_ROUNDS = 8


@dataclass(frozen=True, slots=True)
class _Pattern:
    """A named product: its factors with exponents at their labels, its result labels, and its coefficient."""

    name: Symbol
    factors: tuple[tuple[Expr, Fraction, Labels], ...]
    out: Labels
    coefficient: Fraction


class Folder:
    """Folds expressions over the definitions of some names."""

    def __init__(self, names: Mapping[Expr, Symbol]) -> None:
        self.names = dict(names)
        self.roots = {d.base: (d.exponent, name) for d, name in names.items() if isinstance(d, Power)}
        self.patterns = [p for d, name in names.items() if (p := _pattern(d, name)) is not None]

    def fold(self, expr: Expr) -> Expr:
        """The expression in the names."""
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
        if base not in self.roots:
            return None
        own, name = self.roots[base]
        times = exponent / own
        return power(name, times) if times.denominator == 1 else None

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
            found = next((f for p in self.patterns if (f := _replace(body, p)) is not None), None)
            if found is None:
                return scale(coefficient, body)
            current = found
        return scale(coefficient, current)


def _pattern(definition: Expr, name: Symbol) -> _Pattern | None:
    coefficient, body = split_coefficient(definition)
    if not isinstance(body, Product) or not 1 <= len(body.operands) <= MOST_OPERANDS:
        return None
    factors = tuple((*_powered(operand), labels) for operand, labels in body.operands)
    used = {label for _, labels in body.operands for label in labels}
    real = [label for label in body.out if label != UNIT]
    if len(set(real)) < len(real) or not set(real) <= used:
        return None
    summed = used - set(body.out) - {UNIT}
    if len(factors) < 2 and not summed:
        return None
    return _Pattern(name, factors, body.out, coefficient)


def _powered(operand: Expr) -> tuple[Expr, Fraction]:
    return (operand.base, operand.exponent) if isinstance(operand, Power) else (operand, Fraction(1))


def _replace(node: Product, pattern: _Pattern) -> Expr | None:
    """The product with the pattern's factors replaced by its name, or None."""
    if pattern.name in node.args:
        return None
    have = [(*_powered(operand), labels) for operand, labels in node.operands]
    for chosen, mapping in _matches(pattern.factors, have, {}, ()):
        rest = _rest(pattern, have, chosen, mapping, node)
        if rest is not None:
            labels = tuple(UNIT if label == UNIT else mapping[label] for label in pattern.out)
            used = {k for _, at in rest for k in at} | set(labels) | set(node.out)
            sizes = {k: size for k, size in enumerate(node.sizes) if k in used}
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
