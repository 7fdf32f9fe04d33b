"""Sums of products whose matrix powers run: X³ A + X² A X + X A X² + A X³ is Σ Xˢ A X³⁻ˢ, s = 0 … 3.

The derivative of a matrix power is such a sum (The Matrix Cookbook, eq. 91).
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from handgrad.matrix.combine import chain, flip, unfolded
from handgrad.matrix.forms import (
    Form,
    Identity,
    Kronecker,
    Leaf,
    Linear,
    Matmul,
    MatrixPower,
    RunningPower,
    Series,
    Transposed,
    parts,
    weight,
)

FEWEST = 4  # terms; three are read more easily one by one
LETTERS = "srtqp"
Gap = tuple[Form | None, int]  # a power between two other factors: its base (None where the power is 0) and exponent
Sides = tuple[tuple[Form, ...], ...]


def as_series(form: Linear) -> Form:
    """The sum with Σ where its terms are one product with running powers and that is shorter; else as it is."""
    number = form.terms[0][0]
    if len(form.terms) < FEWEST or any(coefficient != number for coefficient, _ in form.terms):
        return form
    terms = [_sides(term) for _, term in form.terms]
    for base in _bases(terms):
        series = _series(terms, form, base)
        if series is not None:
            whole = series if number == 1 else Linear(((number, series),), form.rows, form.columns)
            return whole if weight(whole) < weight(form) else form
    return form


def unrolled(form: Series) -> Form:
    """The sum with its terms one by one."""
    terms = tuple((number, _at(form.body, s)) for number, s in ((1, s) for s in range(form.last + 1)))
    return Linear(terms, form.rows, form.columns)  # type: ignore[arg-type]


def _at(form: Form, s: int) -> Form:
    match form:
        case RunningPower():
            exponent = form.start + form.step * s
            if exponent == 0:
                return Identity(form.base.rows)
            return form.base if exponent == 1 else MatrixPower(form.base, exponent)
        case Matmul():
            factors = [_at(factor, s) for factor in form.factors]
            kept = [factor for factor in factors if not isinstance(factor, Identity)] or factors[:1]
            return chain(*kept)
        case Kronecker():
            return Kronecker(_at(form.left, s), _at(form.right, s))
        case Transposed():
            return flip(_at(form.arg, s))
    return form


def _sides(term: Form) -> Sides:
    """The chain of a term, or both of a Kronecker product; the identity has no factors."""
    both = (term.left, term.right) if isinstance(term, Kronecker) else (term,)
    return tuple(tuple(f for f in unfolded(side) if not isinstance(f, Identity)) for side in both)


def _bases(terms: list[Sides]) -> Iterator[Form]:
    """The matrices that stand side by side with themselves somewhere."""
    seen: list[Form] = []
    for sides in terms:
        for factors in sides:
            for left, right in pairwise(factors):
                base = left.arg if isinstance(left, Transposed) else left
                if left == right and base not in seen:
                    seen.append(base)
                    yield base


def _parsed(sides: Sides, base: Form) -> tuple[tuple[tuple[Form, ...], ...], tuple[Gap, ...]] | None:
    """What is left of each chain without the base, and the powers of the base before, between and behind it."""
    rest: list[tuple[Form, ...]] = []
    gaps: list[Gap] = []
    for factors in sides:
        others: list[Form] = []
        gaps.append((None, 0))
        for factor in factors:
            if factor not in (base, flip(base)):
                others.append(factor)
                gaps.append((None, 0))
            elif gaps[-1][0] in (None, factor):
                gaps[-1] = factor, gaps[-1][1] + 1
            else:
                return None
        rest.append(tuple(others))
    return tuple(rest), tuple(gaps)


def _series(terms: list[Sides], form: Linear, base: Form) -> Series | None:
    found = [_parsed(sides, base) for sides in terms]
    if any(parsed is None or parsed[0] != (found[0] or parsed)[0] for parsed in found):
        return None
    rows = [parsed[1] for parsed in found if parsed is not None]
    varying = [k for k in range(len(rows[0])) if len({row[k][1] for row in rows}) > 1]
    if not varying:
        return None
    rows.sort(key=lambda row: row[varying[0]][1])
    letter = next(letter for letter in LETTERS if letter not in _names(form))
    powers: list[Form | None] = []
    for k in range(len(rows[0])):
        unit = next((row[k][0] for row in rows if row[k][0] is not None), None)
        if any(row[k][0] not in (None, unit) for row in rows):
            return None
        start, step = rows[0][k][1], rows[1][k][1] - rows[0][k][1]
        if any(row[k][1] != start + step * s for s, row in enumerate(rows)) or abs(step) > 1:
            return None
        if step and unit is not None:
            powers.append(_running(unit, start, step, letter))
        else:
            powers.append(None if unit is None else chain(*[unit] * start) if start > 1 else unit)
    body = _body(found[0][0] if found[0] else (), powers, form)
    return None if body is None else Series(len(rows) - 1, letter, body)


def _running(unit: Form, start: int, step: int, letter: str) -> Form:
    if isinstance(unit, Transposed):
        return Transposed(RunningPower(unit.arg, start, step, letter))
    return RunningPower(unit, start, step, letter)


def _body(rest: tuple[tuple[Form, ...], ...], powers: list[Form | None], form: Linear) -> Form | None:
    """The chains put together again."""
    left = iter(powers)
    chains: list[Form] = []
    for others in rest:
        factors = [next(left)]
        for other in others:
            factors += [other, next(left)]
        kept = [factor for factor in factors if factor is not None]
        if not kept:
            return None
        chains.append(kept[0] if len(kept) == 1 else Matmul(tuple(kept)))
    return Kronecker(*chains) if isinstance(form.terms[0][1], Kronecker) else chains[0]


def _names(form: Form) -> set[str]:
    if isinstance(form, Leaf):
        return {str(getattr(form.expr, "name", ""))}
    return {name for part in parts(form) for name in _names(part)}
