r"""One side of an equation: the Lark parser over `latex.lark`, and its failures told as reasons."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from typing import Any

from lark import Lark, Token, UnexpectedToken
from lark.lexer import Lexer

from handgrad.notation.latex_builder import Builder, lexeme
from handgrad.notation.latex_cursor import Lexeme
from handgrad.notation.latex_parts import COLON, ELLIPSIS, NABLA, PARTIAL, TOP, Part
from handgrad.notation.latex_sentences import has, trimmed
from handgrad.notation.source import UnreadableError, too_deep
from handgrad.notation.syntax import Group, Indexed, Name, Span, Syntax, children, walk


class _Feed(Lexer):
    """Lark gets its tokens from `latex_tokens`, not from regular expressions of the grammar."""

    def __init__(self, _: Any) -> None:
        pass

    def lex(self, data: Any) -> Iterator[Token]:  # type: ignore[override]
        """The tokens that `parse` was given."""
        yield from data


@cache
def _parser() -> Lark:
    """Build the parser once, on first use."""
    grammar = (files("handgrad.notation") / "latex.lark").read_text(encoding="utf-8")
    return Lark(grammar, parser="lalr", lexer=_Feed, transformer=Builder())


def parse(lexemes: list[Lexeme]) -> Part:
    """Parse one expression; raises `UnreadableError` with the place and the reason."""
    lexemes = _without_spacing(trimmed(lexemes))
    if not lexemes:
        raise UnreadableError("a side of the equation is missing", Span(0, 0))
    whole = lexemes[0].span.to(lexemes[-1].span)
    for token in lexemes:
        if token.type == "BAD":
            raise UnreadableError(token.id, token.span)
    if has(lexemes, frozenset({"ELLIPSIS"})):
        raise UnreadableError("an ellipsis is not read", whole, "write the terms or a sum")
    try:
        result: Any = _parser().parse([Token(token.type, token) for token in lexemes])
    except UnexpectedToken as error:
        raise _unexpected(error, whole) from None
    part: Part = result  # the builder makes a `Part` of the tree
    deep = too_deep(part.node)
    if deep is not None:
        raise UnreadableError("the formula is nested too deeply", deep, "name parts of it")
    _check_markers(part.node)
    return part


def _without_spacing(lexemes: list[Lexeme]) -> list[Lexeme]:
    """Drop wide spaces, and line breaks and alignment outside of cases."""
    kept: list[Lexeme] = []
    cases = 0
    for token in lexemes:
        cases += (token.type == "CASES") - (token.type == "END_CASES")
        if token.type != "QUAD" and (token.type not in ("ROW", "AMP") or cases):
            kept.append(token)
    return kept


def _unexpected(error: UnexpectedToken, whole: Span) -> UnreadableError:
    if error.token.type == "$END":
        return UnreadableError("the formula ends too early", Span(whole.end, whole.end))
    token = lexeme(error.token)
    if token.type == "COMMA":
        return UnreadableError("a list is not an expression", token.span)
    return UnreadableError(f"`{token.text}` is not expected here", token.span)


def _check_markers(root: Syntax) -> None:
    """Refuse signs that no rule has used up."""
    for parent in (Group((root,), root.span), *walk(root)):
        for node in children(parent):
            if not isinstance(node, Name):
                continue
            if node.id in (PARTIAL, NABLA, TOP):
                raise UnreadableError(f"`{node.latex}` stands alone", node.span, r"write \frac{\partial J}{\partial W}")
            if node.id in (COLON, ELLIPSIS) and not isinstance(parent, Indexed | Group):
                raise UnreadableError(f"`{node.latex}` is not expected here", node.span)
