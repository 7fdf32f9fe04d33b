"""The canonical order of a product's factors and numbers of its labels."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from handgrad.expr import UNIT, Labels, Operand


def number_labels(factors: Mapping[Operand, Fraction], out: Labels) -> tuple[list[Operand], dict[int, int]]:
    """Order the factors and number the labels by structure alone.

    Labels of the result come first, in their order; the summed ones follow by the order of the factors. Factors that
    all differ are in the order of their keys; colour refinement is for those that differ in their labels alone.
    """
    number: dict[int, int] = {UNIT: UNIT}
    for label in out:
        if label not in number:
            number[label] = len(number) - 1
    if len({base for base, _ in factors}) == len(factors):
        order = sorted(factors, key=_key_of)
    else:
        order = _refined(factors, number)
    for _, at in order:
        for label in at:
            if label not in number:
                number[label] = len(number) - 1
    return order, number


def _key_of(factor: Operand) -> str:
    return factor[0].key


def _refined(factors: Mapping[Operand, Fraction], number: Mapping[int, int]) -> list[Operand]:
    """The factors in the order of their keys and of the colours of their labels (colour refinement)."""
    colour = {label: f"o{position}" if label != UNIT else "1" for label, position in number.items()}
    summed = {label for _, at in factors for label in at if label not in colour}
    colour.update(dict.fromkeys(summed, "s"))

    def paint(factor: Operand) -> str:
        base, at = factor
        return f"{base.key}^{factors[factor]}[{','.join(colour[label] for label in at)}]"

    def refine() -> None:
        """Colour each summed label by the factors that it stands in and where."""
        for _ in range(len(summed)):
            faces: dict[int, list[str]] = {label: [colour[label]] for label in summed}
            for factor in factors:
                face = paint(factor)
                for position, label in enumerate(factor[1]):
                    if label in faces:
                        faces[label].append(f"{position}@{face}")
            ranks = {label: "|".join([face[0], *sorted(face[1:])]) for label, face in faces.items()}
            places = {face: f"s{place:04}" for place, face in enumerate(sorted(set(ranks.values())))}
            before = len({colour[label] for label in summed})
            colour.update({label: places[face] for label, face in ranks.items()})
            if len(places) == before:
                return

    refine()
    while len({colour[label] for label in summed}) < len(summed):  # alike so far: tell one apart and go on
        colours = [colour[label] for label in summed]
        shared = min(c for c in colours if colours.count(c) > 1)
        colour[min(label for label in summed if colour[label] == shared)] = f"{shared}!"
        refine()
    return sorted(factors, key=paint)
