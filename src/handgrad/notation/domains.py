"""What a declaration says of a symbol besides its shape: `in symmetric`, `in {0, 1}`, `in simplex(1)`."""

from __future__ import annotations

from handgrad.facts import SUMS_TO_ONE
from handgrad.notation.syntax import Call, Group, Name, Number, Sequence, Syntax
from handgrad.notation.values import AnyShape
from handgrad.symmetry import DEFINITE, INTEGER, ORTHOGONAL, POSITIVE, SYMMETRIC

NAMED: dict[str, tuple[str, ...]] = {
    "symmetric": (SYMMETRIC,),
    "positive": (POSITIVE,),
    "positive_definite": (DEFINITE, SYMMETRIC),
    "spd": (DEFINITE, SYMMETRIC),
    "orthogonal": (ORTHOGONAL,),
    "binary": ("binary",),
    "integer": (INTEGER,),
}
"""The domains that are a word, and the facts that they are."""
SQUARE = frozenset({SYMMETRIC, DEFINITE, ORTHOGONAL})
LAST = "last"
DOMAINS = (
    "write symmetric, positive_definite, orthogonal (of a square matrix), positive, integer, {0, 1}, onehot(axis) or "
    "simplex(axis) with an axis counted from 0"
)


def facts_of(domain: Syntax) -> tuple[str, ...] | None:
    """The facts that a domain says, None where it is not one that can be read; several stand in brackets."""
    match domain:
        case Sequence(items=(Number(value=low), Number(value=high))) if low == 0 and high == 1:
            return ("binary",)
        case Name(id=word) if word in NAMED:
            return NAMED[word]
        case Name(id="onehot" | "simplex"):
            return (f"{SUMS_TO_ONE}{LAST}",)
        case Call(function=Name(id="onehot" | "simplex"), args=args, keywords=()):
            axis = args[0] if args else None
            return (f"{SUMS_TO_ONE}{axis.value if isinstance(axis, Number) else LAST}",)
        case Sequence(items=items) | Group(items=items) if items:
            parts = [facts_of(item) for item in items]
            return None if None in parts else tuple(fact for part in parts if part for fact in part)
    return None


def check_facts(facts: tuple[str, ...] | None, shape: AnyShape | None) -> tuple[tuple[str, ...], str]:
    """The facts with their axes found, and why a shape does not allow them, or nothing."""
    if facts is None:
        return (), "is not one that can be read"
    found: list[str] = []
    for fact in facts:
        if fact in SQUARE and shape is not None and (len(shape) != 2 or shape[0] != shape[1]):
            return (), f"needs a square matrix: only that is {fact}"
        if fact.startswith(SUMS_TO_ONE):
            axis = fact.removeprefix(SUMS_TO_ONE)
            rank = len(shape or ())
            axis = str(rank - 1) if axis == LAST else axis
            if not axis.isdigit() or int(axis) >= rank:
                return (), f"names the axis {axis}, which it has not"
            fact = f"{SUMS_TO_ONE}{axis}"
        found.append(fact)
    return tuple(found), ""


def in_words(facts: tuple[str, ...]) -> tuple[str, ...]:
    """The facts that a result may use, as a predicate: is symmetric, sums to one along axis 0."""
    told = [fact for fact in facts if fact != "binary" and not (fact == SYMMETRIC and DEFINITE in facts)]
    return tuple(fact if fact.startswith(SUMS_TO_ONE) else f"is {WORDS.get(fact, fact)}" for fact in told)


WORDS = {INTEGER: "a whole number"}
