"""The rules node by node: quotients and differences of exponentials, and the logarithms of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from fractions import Fraction
from functools import partial

from handgrad.canonical import add, as_number, is_zero, product
from handgrad.expansion import with_args
from handgrad.expr import Call, Expr, Labels, Power, Product, Sum, Symbol, rebuild
from handgrad.functions.elementwise import exp, log, log1p
from handgrad.stable.building import Place, build, divided, pieces
from handgrad.stable.differences import safe_difference
from handgrad.stable.logarithms import joined_logs, safe_log
from handgrad.stable.pieces import AxisLump, AxisShare, Difference, Exp, Lump, Share, Tanh
from handgrad.stable.reading import Group, axes_of, collapse, prepare, reading, single
from handgrad.stable.terms import Atom, Term

MOST_DISTRIBUTED = 6  # terms of a sum that is multiplied out
ONE = Fraction(1)
Form = Callable[[Expr], Expr]


def stable(expr: Expr) -> Expr:
    """The same value, computed without overflow, underflow or cancellation in between as far as the rules go."""
    found: Expr = expr.remember("stable", _stable)
    return found


def quick(expr: Expr) -> Expr:
    """The stable form, but 1 − A and 1 − A² of a value A at hand stay: fast, and right to the last place of 1."""
    found: Expr = expr.remember("quick", _quick)
    return found


def _stable(expr: Expr) -> Expr:
    prepare(expr)
    return rebuild(expr, partial(_change, again=stable))


def _quick(expr: Expr) -> Expr:
    prepare(expr)
    return rebuild(expr, partial(_change, again=quick))


def _change(node: Expr, args: tuple[Expr, ...], again: Form) -> Expr:
    match node:
        case Product():
            return _product(node, args, again)
        case Sum() if again is quick and _at_hand(node):
            return with_args(node, args)
        case Sum():
            return _sum(node, args)
        case Power(base=Sum() | Product()) if reading(node)[0].exponential:
            return _built(reading(node)[0], _names([(node.base, axes_of(node))]), _place(node))
        case Call() if node.function is log or node.function is log1p:
            return _inside(safe_log(node, args[0]), reading(node.args[0]))
        case Call() if node.function is exp and _sums(node):
            return _built(reading(node)[0], {}, _place(node))
    return with_args(node, args)


def _built(term: Term, names: Mapping[object, Atom], place: Place) -> Expr:
    """The term as an expression, what it is made of in its stable form too."""
    return _inside(build(term, names, place), [term])


def _inside(expr: Expr, terms: Iterable[Term]) -> Expr:
    """The expression with the stable forms of what some terms are made of."""
    safe = {atom: form for term in terms for atom in term.atoms() if (form := stable(atom)) is not atom}
    return rebuild(expr, lambda node, args: safe.get(node) or with_args(node, args)) if safe else expr


def _sums(node: Expr) -> bool:
    return bool(reading(node)[0].sums)


def _place(node: Expr) -> Place:
    axes = axes_of(node)
    return Place(axes, {label: size for label, size in zip(axes, node.shape, strict=True) if label >= 0})


def _names(operands: Iterable[Atom]) -> dict[object, Atom]:
    """The names among operands that are one term in exponentials, by that term; those inside them too."""
    found: dict[object, Atom] = {}
    pending = list(operands)
    while pending:
        expr, labels = pending.pop()
        if isinstance(expr, Symbol):
            term = single(expr, labels)
            if term.exponential and term.coefficient == 1 and not term.rest:
                found.setdefault(term.key, (expr, labels))
        elif isinstance(expr, Power):
            pending.append((expr.base, labels))
        elif isinstance(expr, Sum):
            pending += [(term, labels) for _, term in expr.terms]
        elif isinstance(expr, Product):
            to = dict(zip(expr.out, labels, strict=True))
            pending += [(o, tuple(to.get(k, k) for k in at)) for o, at in expr.operands if set(at) <= {*to, -1}]
    return found


def _at_hand(node: Sum) -> bool:
    """Whether a sum is of numbers, names and powers of names, so that nothing in it is large."""
    plain = [e.base if isinstance(e, Power) and e.exponent == 2 else e for _, e in node.terms]
    return all(
        as_number(e) is not None
        or (isinstance(e, Symbol) and single(e, axes_of(e)).exponential and not unbounded(single(e, axes_of(e))))
        for e in plain
    )


def _product(node: Product, args: tuple[Expr, ...], again: Form) -> Expr:
    terms = [single(operand, labels) for operand, labels in node.operands]
    places = [k for k, term in enumerate(terms) if term.exponential]
    if not places:
        return with_args(node, args)
    total = Term()
    for k in places:
        total *= terms[k]
    opened = _distributed(node, total)
    if opened is not None:
        return again(opened)
    if len(places) < 2 or Counter(pieces(total)) == Counter(p for k in places for p in pieces(terms[k])):
        return with_args(node, args)
    names = _names(node.operands[k] for k in places)
    sizes = dict(enumerate(node.sizes))
    inner = _built(total, names, Place(_used(node, places), sizes))
    others = [(arg, at) for k, (arg, (_, at)) in enumerate(zip(args, node.operands, strict=True)) if k not in places]
    return product([*others, (inner, _used(node, places))], node.out, sizes)


def _used(node: Product, places: list[int]) -> Labels:
    """The labels of some operands, in the result's order first."""
    inside = {label for k in places for label in node.operands[k][1] if label >= 0}
    ordered = [label for label in dict.fromkeys(node.out) if label in inside]
    return (*ordered, *sorted(inside - set(ordered)))


def _distributed(node: Product, total: Term) -> Expr | None:
    """The product over the terms of a sum among its factors, where one of them is unbounded without the others."""
    for place, (operand, labels) in enumerate(node.operands):
        if not isinstance(operand, Sum) or not 1 < len(operand.terms) <= MOST_DISTRIBUTED:
            continue
        parts = [single(term, labels) for _, term in operand.terms]
        if any(unbounded(part) and not unbounded(part * total) for part in parts):
            others = node.operands[:place] + node.operands[place + 1 :]
            sizes = dict(enumerate(node.sizes))
            each = [(c, product([*others, (term, labels)], node.out, sizes)) for c, term in operand.terms]
            return add(each, node.shape)
    return None


def unbounded(term: Term) -> bool:
    """Whether a factor of it grows like an exponential."""
    for part in divided(term):
        for piece in pieces(part):
            match piece:
                case Share() | AxisShare() | Tanh():
                    grows = piece.times < 0
                case Lump() | AxisLump() | Difference() | Exp():
                    grows = getattr(piece, "times", ONE) > 0
            if grows:
                return True
    return False


def _sum(node: Sum, args: tuple[Expr, ...]) -> Expr:
    """Terms that cancel, as one term."""
    fresh = with_args(node, args)
    if len(node.terms) < 2 or is_zero(node):
        return fresh
    joined = joined_logs(node)
    if joined is not node:
        return stable(joined)
    axes = axes_of(node)
    parts = [Term(c) * single(term, axes) for c, term in node.terms]
    groups: list[Group] = collapse(parts) if any(part.exponential for part in parts) else []
    if not any(group.cancelled for group in groups):
        return safe_difference(fresh)
    names = _names((term, axes) for _, term in node.terms)
    total: list[tuple[Fraction, Expr]] = []
    for group in groups:
        if group.cancelled:
            total.append((ONE, _built(group.term, names, _place(node))))
        else:
            total += [(node.terms[k][0], args[k]) for k in group.members]
    return add(total, node.shape)

