"""From a term in exponentials to pieces, and from pieces to expressions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from math import prod

from handgrad.axes import Size
from handgrad.canonical import add, power, product, scale, zero
from handgrad.expr import UNIT, Expr, Labels
from handgrad.functions.elementwise import expm1
from handgrad.stable.pieces import (
    AxisLump,
    AxisShare,
    Difference,
    Exp,
    Logarithm,
    Lump,
    Piece,
    Share,
    Tanh,
    constant_of,
    log_constant,
)
from handgrad.stable.terms import SUMMED, ZERO, Atom, Exponent, Exponentials, Term, sum_term

ONE, MINUS = Fraction(1), Fraction(-1)
MOST_EXPANDED = 8  # terms of sums above a fraction line that are divided one by one
Names = Mapping[object, Atom]


@dataclass(frozen=True, slots=True)
class Place:
    """The labels of a result and the sizes of all labels."""

    out: Labels
    sizes: Mapping[int, Size]


def build(term: Term, names: Names, place: Place) -> Expr:
    """The term as an expression, each piece computed safely; a name that is a piece stands for it."""
    shape = tuple(Size.of(1) if label == UNIT else place.sizes[label] for label in place.out)
    if not term.coefficient:
        return zero(shape)
    rest = [(power(expr, k), at) for (expr, at), k in term.rest.items()]
    parts = []
    for part in divided(term):
        operands = [*rest, *_values(pieces(part), names)]
        sizes = {k: s for k, s in place.sizes.items() if k in place.out}
        sizes |= {k: s for expr, at in operands for k, s in zip(at, expr.shape, strict=True) if k != UNIT}
        parts.append((part.coefficient, product(operands, place.out, sizes)))
    return add(parts, shape)


def _values(found: Iterable[Piece], names: Names) -> list[Atom]:
    values = []
    for piece in found:
        times = getattr(piece, "times", ONE)
        once = piece.term().power(1 / times)
        name = names.get(once.key) if once is not None and once.coefficient == 1 else None
        values.append(piece.value() if name is None else (power(name[0], times), name[1]))
    return _reciprocals(list(zip(found, values, strict=True)), names)


def _reciprocals(pairs: list[tuple[Piece, Atom]], names: Names) -> list[Atom]:
    """σ(−d)/tanh(d/2) is 1/(e^d − 1), and σ(d)/tanh(d/2) is 1/(1 − e^−d)."""
    for k, (piece, _) in enumerate(pairs):
        if not isinstance(piece, Tanh) or piece.times != -1:
            continue
        for j, (other, _) in enumerate(pairs):
            if isinstance(other, Share) and other.times == 1 and other.total.gap == piece.gap:
                gap = piece.gap.times(MINUS if other.place else ONE)
                whole = power(scale(-1 if other.place else 1, expm1(gap.expression())), -1), gap.labels
                rest = [value for i, (_, value) in enumerate(pairs) if i not in (k, j)]
                return [whole, *rest]
    return [value for _, value in pairs]


def divided(term: Term) -> list[Term]:
    """The term, or where a sum stands above another sum, the terms of the upper one divided each."""
    above = [s for s, k in term.sums.items() if k > 0 and not s.summed]
    below = any(k < 0 for k in term.sums.values())
    if not above or not below or any(term.sums[s].denominator != 1 for s in above):
        return [term]
    if prod(len(s.terms) ** int(term.sums[s]) for s in above) > MOST_EXPANDED:
        return [term]
    parts = [Term(term.coefficient, term.exponent, {s: k for s, k in term.sums.items() if s not in above},
                  term.tanhs, term.rest)]  # fmt: skip
    for total in above:
        for _ in range(int(term.sums[total])):
            parts = [part * Term(c, a) for part in parts for c, a in total.terms]
    gathered: dict[object, Term] = {}
    for part in parts:
        known = gathered.get(part.key)
        gathered[part.key] = part if known is None else known * Term(1 + part.coefficient / known.coefficient)
    return list(gathered.values())


def pieces(term: Term) -> list[Piece]:
    """The pieces of a term without coefficient and rest."""
    exponent, sums, tanhs = term.exponent, dict(term.sums), dict(term.tanhs)
    found: list[Piece] = []
    if not any(k < 0 for k in sums.values()):
        exponent = _differences(exponent, sums, tanhs, found)
    order = sorted(sums, key=lambda s: (s.summed, -_shared(s, exponent)))
    for total in order:
        if total.summed:
            exponent, left = _axis_shares(total, sums[total], exponent, found)
            sums[total] = left
        elif sums[total] < 0:
            exponent = _shares(total, -sums[total], exponent, found)
    exponent = _absorb(exponent, sums, found)
    found += [Tanh(gap, k) for gap, k in tanhs.items()]
    if exponent:
        found.append(Exp(exponent))
    return _gather(found)


def _shared(total: Exponentials, exponent: Exponent) -> int:
    atoms = {atom for atom, _ in exponent.parts}
    return len(atoms & {atom for _, a in total.terms for atom, _ in a.parts})


def _differences(
    exponent: Exponent, sums: dict[Exponentials, Fraction], tanhs: dict[Exponent, Fraction], found: list[Piece]
) -> Exponent:
    """Take tanh(δ/2)ᵐ (1 + e^δ)ᵐ out of the term; what is left of the exponent."""
    for gap, times in list(tanhs.items()):
        (both,) = sum_term([(ONE, ZERO), (ONE, gap)]).sums
        if times > 0 and sums.get(both) == times:
            found.append(Difference(gap, exponent, times))
            exponent = ZERO
            del sums[both], tanhs[gap]
    return exponent


def _shares(total: Exponentials, times: Fraction, exponent: Exponent, found: list[Piece]) -> Exponent:
    """S⁻ᵏ as shares, each of the term that takes most from the exponent; what is left of the exponent."""
    while times > 0:
        step = min(ONE, times)
        best = min(range(len(total.terms)), key=lambda k: (exponent - total.terms[k][1].times(step)).size)
        exponent -= total.terms[best][1].times(step)
        found.append(Share(total, best, step))
        times -= step
    return exponent


def _axis_shares(
    total: Exponentials, times: Fraction, exponent: Exponent, found: list[Piece]
) -> tuple[Exponent, Fraction]:
    """S⁻ᵏ (or Sᵏ) along an axis as softmaxes; what is left of the exponent and of k."""
    inner = total.terms[0][1]
    while abs(times) >= 1:
        sign = ONE if times < 0 else MINUS
        for label in exponent.labels:
            there = inner.moved({SUMMED: label})
            if label not in inner.labels and (exponent - there.times(sign)).size == exponent.size - there.size:
                found.append(AxisShare(there, label, sign))
                exponent -= there.times(sign)
                times += sign
                break
        else:
            break
    return exponent, times


def _absorb(exponent: Exponent, sums: Mapping[Exponentials, Fraction], found: list[Piece]) -> Exponent:
    """Sums that are left take the rest of the exponent in, so that none overflows where the whole does not."""
    shared = [p for p in found if isinstance(p, Share)]
    if exponent and shared:
        total = max((p.total for p in shared), key=lambda s: _shared(s, exponent))
        mine = [p for p in shared if p.total == total]
        times = sum((p.times for p in mine), Fraction(0))
        for piece in mine:
            found.remove(piece)
            exponent += piece.total.terms[piece.place][1].times(piece.times)
        found.append(Lump(total, exponent.times(-1 / times), -times))
        exponent = ZERO
    for total, times in sums.items():
        if total.summed and times:
            found.append(AxisLump(total, exponent, times))
            exponent = ZERO
        elif times > 0:
            found.append(Lump(total, exponent.times(1 / times), times))
            exponent = ZERO
    return exponent


def _gather(found: list[Piece]) -> list[Piece]:
    """Equal shares as one power."""
    total: dict[object, Piece] = {}
    for piece in found:
        if isinstance(piece, Share):
            key: object = (piece.total, piece.place)
            known = total.get(key)
            total[key] = piece if known is None else Share(piece.total, piece.place, piece.times + _times(known))
        elif isinstance(piece, AxisShare):
            key = (piece.exponent, piece.label)
            known = total.get(key)
            total[key] = piece if known is None else AxisShare(piece.exponent, piece.label, piece.times + _times(known))
        else:
            total[id(piece)] = piece
    return list(total.values())


def _times(piece: Piece) -> Fraction:
    times: Fraction = getattr(piece, "times", ONE)
    return times


def logarithm(term: Term) -> Logarithm | None:
    """log of a term without its rest, as a sum; None where its sign does not come out."""
    found = pieces(term)
    coefficient = term.coefficient
    odd = [p for p in found if isinstance(p, Tanh | Difference) and (p.times.denominator != 1 or p.times % 2)]
    if len(odd) > 1 or (coefficient < 0 and not odd):
        return None
    if coefficient < 0:
        turned = odd[0]
        found.remove(turned)
        coefficient = -coefficient
        found.append(_turned(turned))
    parts: list[tuple[Fraction, Atom]] = []
    for times, atom in (part for piece in found for part in piece.logarithm()):
        known = constant_of(atom[0])
        if known is None or times.denominator != 1:
            parts.append((times, atom))
        else:
            coefficient *= known ** int(times)
    return tuple(parts) if coefficient == 1 else ((ONE, (log_constant(coefficient), ())), *parts)


def _turned(piece: Tanh | Difference) -> Piece:
    """−tanh(δ/2) is tanh(−δ/2), and −(e^δ − 1) is e^δ (e^−δ − 1)."""
    if isinstance(piece, Tanh):
        return Tanh(piece.gap.times(MINUS), piece.times)
    return Difference(piece.gap.times(MINUS), piece.exponent + piece.gap.times(piece.times), piece.times)
