"""What declared facts make of an expression: QᵀQ = I for an orthogonal Q, |x| = x for a positive x.

They are used in results only, and only where they are declared.
"""

from __future__ import annotations

from handgrad.canonical import ones, power, product, transpose
from handgrad.expr import UNIT, Call, Expr, Labels, Power, Product, Symbol
from handgrad.functions.elementwise import absolute, relu, sign, step
from handgrad.functions.matrix import inv
from handgrad.symmetry import ORTHOGONAL, POSITIVE


def by_facts(node: Expr) -> Expr:
    """A node in a simpler form that a declared fact of its operands allows."""
    match node:
        case Call(args=(Symbol() as arg,)):
            return _of_symbol(node, arg)
        case Power(base=Power(base=Symbol() as arg)) if POSITIVE in arg.facts:
            return power(arg, node.base.exponent * node.exponent)  # type: ignore[attr-defined]
        case Product():
            while isinstance(node, Product) and (found := _without_pair(node)) is not None:
                node = found
    return node


def _of_symbol(node: Call, arg: Symbol) -> Expr:
    if node.function is inv and ORTHOGONAL in arg.facts:
        return transpose(arg)
    if POSITIVE in arg.facts and node.function in (absolute, relu):
        return arg
    if POSITIVE in arg.facts and node.function in (sign, step):
        return ones(arg.shape)
    return node


def _without_pair(node: Product) -> Expr | None:
    """The product without Q and Q where QᵀQ or QQᵀ stands; None where there is no such pair."""
    for place, (operand, labels) in enumerate(node.operands):
        base, twice = (operand.base, operand.exponent == 2) if isinstance(operand, Power) else (operand, False)
        if not isinstance(base, Symbol) or ORTHOGONAL not in base.facts:
            continue
        for joint, outer in (labels, labels[::-1]):
            if twice and _only_in(node, joint, 1) and joint != outer:  # Σᵢ Qᵢⱼ² = 1
                return _rest(node, {place}, node.out, joint)
            for other in range(place + 1, len(node.operands)):
                mate, at = node.operands[other]
                same_side = joint in at and at.index(joint) == labels.index(joint)
                if mate is base and same_side and _only_in(node, joint, 2) and outer not in (joint, UNIT):
                    kept = at[1 - at.index(joint)]
                    return None if kept == joint else _rest(node, {place, other}, node.out, joint, (outer, kept))
    return None


def _only_in(node: Product, label: int, times: int) -> bool:
    """Whether a label is summed over and stands in so many places."""
    return label != UNIT and label not in node.out and sum(at.count(label) for _, at in node.operands) == times


def _rest(node: Product, gone: set[int], out: Labels, joint: int, same: tuple[int, int] | None = None) -> Expr:
    """The product without some operands and the label between them; two labels made one by an identity matrix."""
    operands = [operand for k, operand in enumerate(node.operands) if k not in gone]
    sizes = {k: size for k, size in enumerate(node.sizes) if k != joint}
    if same is not None and same[0] != same[1]:
        first, second = same
        identity = product([], (0, 0), {0: node.sizes[first]})
        operands.append((identity, (first, second)))
    return product(operands, out, sizes)

