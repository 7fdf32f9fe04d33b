"""Reading raw LaTeX tokens one after the other: looking around, taking arguments, emitting lexemes."""

from __future__ import annotations

from dataclasses import dataclass

from handgrad.notation.latex_macros import Raw
from handgrad.notation.source import MAX_NESTING, UnreadableError
from handgrad.notation.syntax import Span


@dataclass(frozen=True, slots=True)
class Lexeme:
    """A terminal of the grammar: `text` as LaTeX prints it, `id` its meaning (a name, a sign, a reason)."""

    type: str
    text: str
    span: Span
    id: str = ""

    def __str__(self) -> str:
        return f"{self.type}:{self.id}" if self.id else self.type


TAKES_ONE = frozenset({"SUP", "SUB", "FRAC", "ACCENT", "SQRT"})
"""After these TeX takes one token as the argument."""


class Cursor:
    """A position in the raw tokens and what has been emitted; `pairs` maps opening braces to closing ones."""

    def __init__(self, raw: list[Raw]) -> None:
        self.raw = raw
        self.out: list[Lexeme] = []
        self.at = 0
        self.pairs = brace_pairs(raw)

    def emit(self, type_: str, text: str, start: int, end: int, identifier: str = "") -> None:
        """Add a lexeme."""
        self.out.append(Lexeme(type_, text, Span(start, end), identifier))

    def bad(self, token: Raw, reason: str) -> None:
        """Add a lexeme that cannot be read, and why."""
        self.emit("BAD", token.text, token.start, token.end, reason)

    # looking around

    def last(self, back: int = 1) -> str:
        """The type of a lexeme already read."""
        return self.out[-back].type if len(self.out) >= back else ""

    def single(self) -> bool:
        """Whether TeX takes just one character now, as after `^` or `\\frac`."""
        if self.last() in TAKES_ONE:
            return True
        return self.last(2) == "FRAC" and self.last() in ("NAME", "NUMBER")

    def peek(self) -> int:
        """The index of the next raw token that is not space."""
        at = self.at
        while at < len(self.raw) and self.raw[at].kind == "space":
            at += 1
        return at

    def argument(self) -> list[Raw]:
        """Take a command's argument away and return its tokens."""
        at = self.peek()
        if at >= len(self.raw):
            return []
        self.at = self.pairs.get(at, at) + 1
        return self.raw[at + 1 : self.at - 1] if at in self.pairs else self.raw[at : self.at]

    def is_char(self, at: int, text: str) -> bool:
        """Whether a certain character stands at an index."""
        return at < len(self.raw) and self.raw[at].kind == "character" and self.raw[at].text == text


def brace_pairs(raw: list[Raw]) -> dict[int, int]:
    """Opening brace -> closing brace; refuses braces that do not match or nest too deeply."""
    pairs: dict[int, int] = {}
    stack: list[int] = []
    for at, token in enumerate(raw):
        if token.kind != "character":
            continue
        if token.text == "{":
            stack.append(at)
            if len(stack) > MAX_NESTING:
                raise UnreadableError("the formula is nested too deeply", Span(token.start, token.end))
        elif token.text == "}":
            if not stack:
                raise UnreadableError("a brace `}` closes nothing", Span(token.start, token.end))
            pairs[stack.pop()] = at
    if stack:
        raise UnreadableError("a brace `{` is never closed", Span(raw[stack[-1]].start, raw[stack[-1]].end))
    return pairs


def unclosed(lexemes: list[Lexeme]) -> list[Lexeme]:
    """Brackets still open at the end."""
    stack: list[Lexeme] = []
    for lexeme in lexemes:
        if lexeme.type in ("OPEN", "LBRACE"):
            stack.append(lexeme)
        elif lexeme.type in ("CLOSE", "RBRACE") and stack:
            stack.pop()
    return stack
