r"""What `\in` says: names and the sizes and domain of the set, `W \in \mathbb{R}^{n \times m}`."""

from __future__ import annotations

from handgrad.notation.latex_cursor import Lexeme
from handgrad.notation.latex_parser import parse
from handgrad.notation.latex_parts import ELLIPSIS
from handgrad.notation.latex_sentences import split, top_level, trimmed
from handgrad.notation.names import flat_name
from handgrad.notation.source import UnreadableError
from handgrad.notation.syntax import Group, Indexed, Name, Sequence, Span, Syntax


def declared(lexemes: list[Lexeme]) -> Name:
    """The name that a declaration is about; an indexed one as a whole, `x_t`."""
    node = parse(lexemes).node
    if isinstance(node, Indexed):
        try:
            return flat_name(node)
        except TypeError:
            pass
    if isinstance(node, Name):
        return node
    raise UnreadableError("only a name can be in a set", node.span)


_Sizes = tuple[Syntax, ...] | None


def read_set(lexemes: list[Lexeme]) -> tuple[_Sizes, Syntax | None]:
    r"""The sizes and the domain of `\mathbb{R}^{n \times m}`, `\{0,1\}^{m}`, `[0,1]^n`."""
    lexemes = trimmed(lexemes)
    if not lexemes:
        raise UnreadableError("the set is missing", Span(0, 0))
    first = lexemes[0]
    if first.type == "NAME" and first.id == "R":
        end, domain = 1, None
    elif first.type == "NAME" and first.id == "S" and "mathbb" in first.text:
        return _symmetric(first, lexemes[1:])
    elif first.type == "OPEN":
        end = next(at for at, token in enumerate(lexemes) if token.type == "CLOSE") + 1
        domain = _elements(lexemes[:end])
    else:
        raise UnreadableError(f"the set `{first.text}` is not read", first.span, r"write \mathbb{R}^{n \times m}")
    sizes: _Sizes = () if domain is None else None
    rest = lexemes[end:]
    while rest:
        sign, argument, rest = _script(rest)
        if sign.type == "SUP" and [token.type for token in argument] not in (["PLUS"], ["STAR"]):
            pieces = _dimensions(argument)
            sizes = tuple(parse(piece).node for piece in pieces)
        elif domain is None and any(token.type in ("PLUS", "COMPARE") for token in argument):
            domain = Name("positive", r"\mathbb{R}_{+}", first.span)
        else:
            raise UnreadableError("this set is not read", sign.span, r"write \mathbb{R}^{n \times m}")
    return sizes, domain


def _symmetric(first: Lexeme, rest: list[Lexeme]) -> tuple[_Sizes, Syntax]:
    r"""`\mathbb{S}^n`, the symmetric matrices; `\mathbb{S}^n_{++}`, the positive definite ones."""
    sizes: _Sizes = None
    word = "symmetric"
    while rest:
        sign, argument, rest = _script(rest)
        if sign.type == "SUP":
            size = parse(argument).node
            sizes = (size, size)
        elif [token.type for token in argument] == ["PLUS", "PLUS"]:
            word = "positive_definite"
        elif [token.type for token in argument] != ["PLUS"]:
            raise UnreadableError("this set is not read", sign.span, r"write \mathbb{S}^n or \mathbb{S}^n_{++}")
    return sizes, Name(word, rf"\mathrm{{{word}}}", first.span)


def _elements(lexemes: list[Lexeme]) -> Syntax:
    """`{0, 1}` as a sequence of its elements, an interval `[0, 1]` as a bracket."""
    span = lexemes[0].span.to(lexemes[-1].span)
    items: list[Syntax] = []
    for piece in split(lexemes[1:-1], frozenset({"COMMA"})):
        if len(piece) == 1 and piece[0].type == "ELLIPSIS":
            items.append(Name(ELLIPSIS, r"\ldots", piece[0].span))
        else:
            items.append(parse(piece).node)
    return Sequence(tuple(items), span) if lexemes[0].id == "{" else Group(tuple(items), span)


def _script(lexemes: list[Lexeme]) -> tuple[Lexeme, list[Lexeme], list[Lexeme]]:
    """The sign, the argument and what follows of a script."""
    sign = lexemes[0]
    if sign.type not in ("SUP", "SUB") or len(lexemes) < 2:
        raise UnreadableError(f"`{sign.text}` is not expected behind a set", sign.span)
    if lexemes[1].type != "LBRACE":
        return sign, lexemes[1:2], lexemes[2:]
    depth = 0
    for at, token in enumerate(lexemes[1:], 1):
        depth += (token.type == "LBRACE") - (token.type == "RBRACE")
        if depth == 0:
            return sign, lexemes[2:at], lexemes[at + 1 :]
    raise UnreadableError("a brace is never closed", sign.span)


def _dimensions(lexemes: list[Lexeme]) -> list[list[Lexeme]]:
    r"""Sizes between `\times` or commas."""
    pieces: list[list[Lexeme]] = [[]]
    outside = {at for at, _ in top_level(lexemes)}
    for at, token in enumerate(lexemes):
        if at in outside and (token.type == "COMMA" or token.text == r"\times"):
            pieces.append([])
        else:
            pieces[-1].append(token)
    return pieces
