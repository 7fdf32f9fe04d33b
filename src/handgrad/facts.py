"""What is known of a sum over an axis: declared of a symbol, or so by its definition; and declared symmetry.

Where X̂ = (X − μ)/s with μ the mean of X over its rows, each column of X̂ sums to 0: no rewriting of X̂ alone shows it.
"""

from __future__ import annotations

from fractions import Fraction

from handgrad.canonical import as_number, product, reduce_sum, scale, zero
from handgrad.declared import by_facts
from handgrad.expansion import expand, with_args
from handgrad.expr import UNIT, Expr, Labels, Product, Symbol, rebuild, symbols
from handgrad.symmetry import has_symmetry, orient

SUMS_TO_ONE = "sums to one along axis "


def use_facts(expr: Expr) -> Expr:
    """Sums that are known numbers put in; a symmetric matrix is its transpose."""
    turning = has_symmetry(expr)
    if not turning and not any(symbol.facts or _is_computed(symbol) for symbol in symbols(expr)):
        return expr

    def change(node: Expr, args: tuple[Expr, ...]) -> Expr:
        node = with_args(node, args)
        if turning:
            node = orient(node)
        node = by_facts(node)
        return _with_known_sums(node) if isinstance(node, Product) else node

    return rebuild(expr, change)


def _is_computed(symbol: Symbol) -> bool:
    return symbol.definition is not None and symbol.partial is None


def _with_known_sums(node: Product) -> Expr:
    """The product without the factors that are summed over by themselves, where these sums are numbers."""
    places: dict[int, int] = {}
    for _, labels in node.operands:
        for label in labels:
            places[label] = places.get(label, 0) + 1
    coefficient = Fraction(1)
    kept: list[tuple[Expr, Labels]] = []
    gone: set[int] = set()
    for operand, labels in node.operands:
        alone = tuple(axis for axis, k in enumerate(labels) if k != UNIT and k not in node.out and places[k] == 1)
        axes, found = _known(operand, alone) if alone and isinstance(operand, Symbol) else ((), None)
        if found is None:
            kept.append((operand, labels))
        else:
            coefficient *= found
            gone.update(labels[axis] for axis in axes)
    if len(kept) == len(node.operands):
        return node
    if not coefficient:
        return zero(node.shape)
    used = {label for _, labels in kept for label in labels} | set(node.out)
    sizes = {k: size for k, size in enumerate(node.sizes) if k in used or k not in gone}
    return scale(coefficient, product(kept, node.out, sizes))


def _known(symbol: Symbol, alone: tuple[int, ...]) -> tuple[tuple[int, ...], Fraction | None]:
    """Axes among those that are summed, with the number that each sum over them is; all of them or one."""
    for axes in dict.fromkeys((alone, *((axis,) for axis in alone))):
        found = known_sum(symbol, axes)
        if found is not None:
            return axes, found
    return (), None


def known_sum(symbol: Symbol, axes: tuple[int, ...]) -> Fraction | None:
    """The number that every sum of a symbol's entries over some axes is, or None."""
    if len(axes) == 1 and f"{SUMS_TO_ONE}{axes[0]}" in symbol.facts:
        return Fraction(1)
    if not _is_computed(symbol):
        return None
    found: Fraction | None = symbol.remember(f"sum over {axes}", lambda node: _sum_by_definition(node, axes))
    return found


def _sum_by_definition(symbol: Symbol, axes: tuple[int, ...]) -> Fraction | None:
    """That number by the definition, and by those of the means and sums in it."""
    assert symbol.definition is not None
    total = expand(reduce_sum(symbol.definition, axes))
    if as_number(total) is None:
        total = expand(rebuild(total, _with_reductions))
    return as_number(total)


def _with_reductions(node: Expr, args: tuple[Expr, ...]) -> Expr:
    """A name that is defined as a sum over axes is written out."""
    if isinstance(node, Symbol) and isinstance(node.definition, Product) and _is_computed(node):
        inside = {label for _, labels in node.definition.operands for label in labels}
        return node if inside <= {*node.definition.out, UNIT} else node.definition
    return with_args(node, args)
