"""Visible brackets and bars of a formula, paired before the grammar sees them."""

from __future__ import annotations

from handgrad.notation.latex_cursor import Lexeme
from handgrad.notation.source import MAX_NESTING, UnreadableError

_CLOSERS = {"CLOSE": "OPEN", "RBRACE": "LBRACE", "BAR": "BAR", "NORM": "NORM"}


def balance(lexemes: list[Lexeme]) -> list[Lexeme]:
    """Pair the visible brackets; bars become opening and closing ones, what has no partner becomes `BAD`."""
    result = list(lexemes)
    stack: list[int] = []

    def drop(position: int) -> None:
        lexeme = result[position]
        if lexeme.type == "BAR" and stack and result[stack[-1]].type == "OPEN":
            result[position] = Lexeme("SEMICOLON", lexeme.text, lexeme.span)  # `L(w | x)`: given x
            return
        reason = f"the bracket `{lexeme.text}` has no partner"
        result[position] = Lexeme("BAD", lexeme.text, lexeme.span, reason)

    for at, lexeme in enumerate(lexemes):
        if lexeme.type in ("OPEN", "LBRACE"):
            stack.append(at)
        elif lexeme.type in _CLOSERS:
            partner = _partner(lexemes, stack, lexeme)
            if partner is not None:
                while stack[-1] != partner:
                    drop(stack.pop())
                stack.pop()
                _pair(result, partner, at)
            elif lexeme.type in ("BAR", "NORM"):
                stack.append(at)
            else:
                drop(at)
        if len(stack) > MAX_NESTING:
            raise UnreadableError("the formula is nested too deeply", lexeme.span)
    for position in stack:
        drop(position)
    return result


def _partner(lexemes: list[Lexeme], stack: list[int], closer: Lexeme) -> int | None:
    """The open bracket that a closing one matches, not looking past a brace or past two others."""
    wanted = _CLOSERS[closer.type]
    for position in reversed(stack):
        opener = lexemes[position]
        if opener.type == wanted and opener.id == closer.id:
            return position
        if closer.type != "RBRACE" and (opener.type == "LBRACE" or closer.type in ("BAR", "NORM")):
            return None
    return None


def _pair(result: list[Lexeme], left: int, right: int) -> None:
    """Tell opening from closing bars."""
    kind = {"BAR": "ABS", "NORM": "NORM"}.get(result[left].type)
    if kind:
        for position, side in ((left, "OPEN"), (right, "CLOSE")):
            lexeme = result[position]
            result[position] = Lexeme(f"{kind}_{side}", lexeme.text, lexeme.span, lexeme.id)
