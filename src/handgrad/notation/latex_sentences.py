r"""Cutting one display into sentences: rows, commas, wide spaces, arrows and words between equations.

>>> from handgrad.notation.latex_brackets import balance
>>> from handgrad.notation.latex_tokens import lex
>>> cut = sentences(balance(lex(r"a &= b \\ &= c, \quad d = e \text{ and } f = g", 0)))
>>> ["".join(lexeme.text for lexeme in sentence.lexemes) for sentence in cut]
['a=b=c', 'd=e', 'f=g']
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from handgrad.notation.latex_cursor import Lexeme
from handgrad.notation.latex_words import CONDITIONS

OPENING = frozenset({"OPEN", "LBRACE", "NORM_OPEN", "ABS_OPEN", "CASES"})
CLOSING = frozenset({"CLOSE", "RBRACE", "NORM_CLOSE", "ABS_CLOSE", "END_CASES"})
RELATIONS = frozenset({"EQ", "DEFINE", "UPDATE", "STEP", "IN", "COMPARE", "OTHER"})
_EQUALITIES = frozenset({"EQ", "DEFINE", "UPDATE", "STEP"})
_OPERATORS = frozenset({"PLUS", "MINUS", "STAR", "DOT", "SLASH"})
_SEPARATORS = frozenset({"QUAD", "COMMA", "SEMICOLON", "REMARK", "ARROW", "COLON"})
_CONDITION = "it holds only under a condition, which is not read"
_PUNCTUATION = frozenset({"COMMA", "SEMICOLON", "QUAD", "COLON"})


@dataclass(slots=True)
class Sentence:
    """The lexemes of one statement; `why_not` says why it cannot be taken as it stands."""

    lexemes: list[Lexeme] = field(default_factory=list)
    why_not: str = ""
    after: str = ""
    relates: bool = False

    def add(self, piece: list[Lexeme]) -> None:
        """Go on with more lexemes; that a relation is among them is kept, so that long lists stay cheap."""
        self.lexemes.extend(piece)
        self.relates = self.relates or has(piece, RELATIONS)

    def replace(self, piece: list[Lexeme]) -> None:
        """Start over with other lexemes."""
        self.lexemes, self.relates = [], False
        self.add(piece)


def top_level(lexemes: list[Lexeme]) -> Iterator[tuple[int, Lexeme]]:
    """The lexemes outside of all brackets, with their positions."""
    depth = 0
    for at, lexeme in enumerate(lexemes):
        if lexeme.type in CLOSING:
            depth -= 1
        if depth == 0 and lexeme.type not in CLOSING and lexeme.type not in OPENING:
            yield at, lexeme
        if lexeme.type in OPENING:
            depth += 1


def has(lexemes: list[Lexeme], types: frozenset[str]) -> bool:
    """Whether one of the types stands outside of all brackets."""
    return any(lexeme.type in types for _, lexeme in top_level(lexemes))


def split(lexemes: list[Lexeme], types: frozenset[str]) -> list[list[Lexeme]]:
    """Cut at the top-level lexemes of some types, which are left out."""
    pieces: list[list[Lexeme]] = []
    start = 0
    for at, lexeme in top_level(lexemes):
        if lexeme.type in types:
            pieces.append(lexemes[start:at])
            start = at + 1
    return [*pieces, lexemes[start:]]


def trimmed(lexemes: list[Lexeme]) -> list[Lexeme]:
    """Without the punctuation at both ends, and without braces around the whole."""
    start, end = 0, len(lexemes)
    while start < end and lexemes[start].type in _PUNCTUATION:
        start += 1
    while start < end and (lexemes[end - 1].type in _PUNCTUATION or lexemes[end - 1].id == "stop"):
        end -= 1
    lexemes = lexemes[start:end]
    while len(lexemes) > 2 and lexemes[0].type == "LBRACE" and not any(top_level(lexemes)) and _one_pair(lexemes):
        lexemes = lexemes[1:-1]
    return lexemes


def _one_pair(lexemes: list[Lexeme]) -> bool:
    """Whether the first bracket closes only at the end."""
    depth = 0
    for lexeme in lexemes[:-1]:
        depth += (lexeme.type in OPENING) - (lexeme.type in CLOSING)
        if depth == 0:
            return False
    return True


def sentences(lexemes: list[Lexeme]) -> list[Sentence]:
    """The statements of a display, in order."""
    found: list[Sentence] = []
    for row in _rows(trimmed(lexemes)):
        found.extend(_sentences_of_row(row))
    return [sentence for sentence in found if sentence.lexemes]


def _rows(lexemes: list[Lexeme]) -> list[list[Lexeme]]:
    """Lines of the display, with lines that go on from the one before joined to it."""
    rows: list[list[Lexeme]] = []
    for piece in split(lexemes, frozenset({"ROW"})):
        row = trimmed(_without_alignment(piece))
        if row and rows and _goes_on(rows[-1], row):
            rows[-1].extend(row)
        elif row:
            rows.append(row)
    return rows


def _without_alignment(row: list[Lexeme]) -> list[Lexeme]:
    """Alignment marks beside a sign are noise; others stand between two columns of equations."""
    kept: list[Lexeme] = []
    alignment = {at for at, lexeme in top_level(row) if lexeme.type == "AMP"}
    for at, lexeme in enumerate(row):
        if at not in alignment:
            kept.append(lexeme)
            continue
        after = row[at + 1].type if at + 1 < len(row) else "QUAD"
        before = kept[-1].type if kept else "QUAD"
        doubled = at - 1 in alignment
        if doubled or not {before, after} & (_OPERATORS | RELATIONS | _SEPARATORS | {"AMP"}):
            kept.append(Lexeme("QUAD", " ", lexeme.span))
    return kept


def _goes_on(before: list[Lexeme], row: list[Lexeme]) -> bool:
    first = row[0].type
    if first in _EQUALITIES or before[-1].type in _OPERATORS | _EQUALITIES:
        return True
    return first in _OPERATORS and not has(row, _EQUALITIES)


def _sentences_of_row(row: list[Lexeme]) -> list[Sentence]:
    """Cut a row at the separators that stand between statements."""
    found = [Sentence()]
    condition = ""
    separator: Lexeme | None = None
    start = 0
    for at, lexeme in [*top_level(row), (len(row), None)]:
        if lexeme is not None and lexeme.type not in _SEPARATORS:
            continue
        condition = _place(found, separator, row[start:at], condition)
        separator, start = lexeme, at + 1
    return _merged_lists(found)


def _place(found: list[Sentence], separator: Lexeme | None, piece: list[Lexeme], condition: str) -> str:
    """Put a piece into the last sentence or a new one; returns the condition that is still open."""
    current = found[-1]
    kind = separator.type if separator is not None else ""
    if kind == "REMARK" and separator is not None and separator.id in CONDITIONS:
        condition = separator.id
    elif kind in ("REMARK", "ARROW") and current.lexemes and (kind == "REMARK" or has(piece, RELATIONS)):
        _begin(found, piece, kind)
        return ""
    if not piece:
        return condition
    ranges = current.lexemes[:1] and current.lexemes[0].type == "FORALL"
    if piece[0].type == "FORALL" or (kind == "COLON" and ranges):
        if kind == "COLON" or not current.lexemes:
            current.replace(piece)
        return ""
    if condition and not (kind in ("QUAD", "COMMA", "SEMICOLON") and has(piece, _EQUALITIES)):
        return _conditional(current, piece, condition, kind)
    if _starts_anew(current, piece, kind):
        _begin(found, piece, kind)
    else:
        _glue(current, piece, separator)
    return ""


def _begin(found: list[Sentence], piece: list[Lexeme], kind: str) -> None:
    found.append(Sentence(after=kind))
    found[-1].add(piece)


def _conditional(current: Sentence, piece: list[Lexeme], condition: str, kind: str) -> str:
    """A piece after `if`, `for`: a range of an index is harmless, another condition is not dropped."""
    if kind == "COLON" and not current.lexemes:
        current.replace(piece)
        return ""
    ranges = condition in ("for", "forall")
    if ranges and has(piece, frozenset({"ELLIPSIS"})) and current.why_not == _CONDITION:
        current.why_not = ""  # `for i = 1, 2, …`
    elif not ranges or not (has(piece, frozenset({"ELLIPSIS", "IN"})) or len(piece) == 1):
        current.why_not = current.why_not or _CONDITION
    return condition


def _starts_anew(current: Sentence, piece: list[Lexeme], kind: str) -> bool:
    """Whether a piece behind a separator is a statement of its own."""
    first = piece[0].type
    if not current.relates or first in _EQUALITIES:
        return False
    if kind == "QUAD" and (first in _OPERATORS or current.lexemes[-1].type in _OPERATORS):
        return False
    if has(piece, frozenset({"COMPARE"})) and not has(piece, _EQUALITIES):
        return False
    return kind in ("QUAD", "COMMA", "SEMICOLON")


def _glue(current: Sentence, piece: list[Lexeme], separator: Lexeme | None) -> None:
    """Add a piece to a statement that goes on."""
    kind = separator.type if separator is not None else ""
    is_condition = has(piece, frozenset({"COMPARE"})) and not has(piece, _EQUALITIES)
    if is_condition and current.relates:
        current.why_not = _CONDITION
        return
    if kind == "COLON" and current.lexemes:
        current.why_not = current.why_not or "a label or a mapping is not an equation"
    if kind == "ARROW":
        current.why_not = "an arrow between expressions is not an equation"
    if kind in ("COMMA", "SEMICOLON") and separator is not None and current.lexemes:
        current.add([separator])
    current.add(piece)


def _merged_lists(found: list[Sentence]) -> list[Sentence]:
    """What follows an equation without a relation of its own belongs to it, or stands apart."""
    result: list[Sentence] = []
    for sentence in found:
        sentence.lexemes = trimmed(sentence.lexemes)
        apart = bool(result) and sentence.after in ("QUAD", "COMMA", "SEMICOLON")
        if not apart or not sentence.lexemes or has(sentence.lexemes, RELATIONS) or sentence.why_not:
            result.append(sentence)
        elif sentence.after == "QUAD" and _is_equation_number(sentence.lexemes):
            continue
        elif sentence.after == "QUAD":
            sentence.why_not = "this stands apart from the equation"
            result.append(sentence)
        elif sentence.lexemes[0].type != "FORALL":
            result[-1].why_not = "a list is not an equation"
    return result


def _is_equation_number(lexemes: list[Lexeme]) -> bool:
    return [lexeme.type for lexeme in lexemes] == ["OPEN", "NUMBER", "CLOSE"]
