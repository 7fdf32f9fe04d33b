"""Bounds on what is read, and places in a text.

Formulas are untrusted: every reader refuses what is too long or nested too deeply before it costs anything.
"""

from __future__ import annotations

import re
from fractions import Fraction

from handgrad.errors import Place, ReadError
from handgrad.notation.syntax import Span, Syntax, children

MAX_TEXT = 1_000_000
"""Characters in one document."""
MAX_NESTING = 100
"""Brackets inside brackets."""
MAX_DEPTH = 150
"""Levels of a syntax tree; what walks one may recurse."""
MAX_DIGITS = 300
"""Digits of a number, and the size of its exponent."""


class UnreadableError(ReadError):
    """A part of a formula that cannot be read, and where; becomes `Unread` in a document."""

    def __init__(self, message: str, span: Span, remedy: str = "") -> None:
        super().__init__(message, remedy=remedy)
        self.span = span


_NUMBER = re.compile(r"([0-9]*)\.?([0-9]*)(?:[eE]([+-]?[0-9]+))?")


def place_at(text: str, offset: int, file: str = "", equation: str = "") -> Place:
    """The line and column of an offset, with the source line.

    >>> place_at("a = 1\\nb = ?", 10).line, place_at("a = 1\\nb = ?", 10).column
    (2, 5)
    """
    offset = max(0, min(offset, len(text)))
    start = text.rfind("\n", 0, offset) + 1
    end = text.find("\n", offset)
    source_line = text[start : len(text) if end < 0 else end]
    shown = equation if len(equation) <= 80 else equation[:79] + "…"
    return Place(text.count("\n", 0, offset) + 1, offset - start + 1, source_line, file, shown)


def read_number(literal: str) -> Fraction:
    """An exact number from decimal digits; refuses what would need much memory.

    >>> read_number("0.1"), read_number("1e-5")
    (Fraction(1, 10), Fraction(1, 100000))
    """
    match = _NUMBER.fullmatch(literal)
    if match is None or not (match[1] or match[2]):
        raise ReadError(f"`{literal[:40]}` is not a decimal number")
    exponent = match[3] or "0"
    if len(literal) > MAX_DIGITS or len(exponent) > 5 or abs(int(exponent)) > MAX_DIGITS:
        raise ReadError(
            f"the number `{literal[:20]}…` is too long",
            remedy=f"use at most {MAX_DIGITS} digits and exponents",
        )
    return Fraction(literal)


def too_deep(node: Syntax) -> Span | None:
    """Where a tree goes below `MAX_DEPTH`, or None; iterative, so that asking is safe."""
    level = [node]
    for _ in range(MAX_DEPTH):
        level = [child for parent in level for child in children(parent)]
        if not level:
            return None
    return level[0].span


def check_length(text: str, file: str = "") -> None:
    """Refuse a text that is too long to be a model."""
    if len(text) > MAX_TEXT:
        raise ReadError(
            f"the text has {len(text):,} characters, more than the {MAX_TEXT:,} that are read",
            remedy="split it into several files",
            place=Place(1, 1, "", file),
        )
