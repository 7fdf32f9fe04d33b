r"""The reader of LaTeX mathematics: one math string to statements, over a Lark grammar.

>>> [statement] = read_math(r"Z^{[1]} = W^{[1]}X + b^{[1]}")
>>> statement.members[0].id, type(statement.members[1]).__name__
('Z1', 'Binary')
"""

from __future__ import annotations

from handgrad.errors import ReadError
from handgrad.notation.latex_brackets import balance
from handgrad.notation.latex_cursor import Lexeme
from handgrad.notation.latex_macros import Macro
from handgrad.notation.latex_parser import parse
from handgrad.notation.latex_parts import outline
from handgrad.notation.latex_sentences import RELATIONS, Sentence, has, sentences, split, top_level, trimmed
from handgrad.notation.latex_sets import declared, read_set
from handgrad.notation.latex_tokens import lex
from handgrad.notation.source import UnreadableError, place_at
from handgrad.notation.syntax import (
    Binary,
    Declaration,
    Equation,
    Expression,
    Indexed,
    Juxtaposition,
    Name,
    Span,
    Statement,
    Syntax,
    Unread,
    Update,
    walk,
)

MAX_DISPLAY = 50_000
"""Characters of one display."""
_REMEDY = "write it as `name = expression` in plain LaTeX, one equation a display"


def read_math(
    source: str,
    offset: int = 0,
    *,
    macros: dict[str, Macro] | None = None,
    known: frozenset[str] = frozenset(),
    inline: bool = False,
) -> tuple[Statement, ...]:
    """The statements of one math string that stands at `offset` in its document.

    What cannot be read becomes `Unread`. `known` are words that name one symbol; `inline` drops what is no
    statement, since prose mentions symbols all the time.
    """
    whole = Span(offset, offset + len(source))
    try:
        if len(source) > MAX_DISPLAY:
            raise UnreadableError("the formula is too long", whole, "split it into several displays")
        found = sentences(balance(lex(source, offset, macros, known)))
    except ReadError as error:
        return () if inline and not _relates(source) else (Unread(source, error.message, whole),)
    return tuple(statement for sentence in found for statement in _Reading(source, offset, inline).statements(sentence))


def read_math_strictly(
    source: str,
    offset: int = 0,
    *,
    text: str | None = None,
    file: str = "",
    macros: dict[str, Macro] | None = None,
) -> tuple[Statement, ...]:
    """The same, but what cannot be read is a `ReadError` with its place in `text`."""
    text = source if text is None else text
    result = read_math(source, offset, macros=macros)
    for statement in result:
        if isinstance(statement, Unread):
            span, remedy = _cause(statement, macros)
            place = place_at(text, span.start, file, statement.source.strip())
            raise ReadError(f"this cannot be read: {statement.why}", remedy=remedy or _REMEDY, place=place)
    if not result:
        raise ReadError("there is no equation here", remedy="write `name = expression`", place=place_at(text, offset))
    return result


def _cause(statement: Unread, macros: dict[str, Macro] | None) -> tuple[Span, str]:
    """The very thing that cannot be read and a remedy, where reading again can tell them."""
    try:
        for part in split(balance(lex(statement.source, statement.span.start, macros)), RELATIONS):
            if part:
                parse(part)
    except UnreadableError as error:
        return error.span, error.remedy
    except ReadError as error:
        return statement.span, error.remedy
    return statement.span, ""


def _relates(source: str) -> bool:
    return "=" in source or r"\in" in source


class _Reading:
    """Statements of one math string."""

    def __init__(self, source: str, offset: int, inline: bool) -> None:
        self.source = source
        self.offset = offset
        self.inline = inline

    def statements(self, sentence: Sentence) -> list[Statement]:
        """One sentence; usually one statement, more where a member is unread or a shape is added."""
        lexemes = trimmed(sentence.lexemes)
        if not lexemes:
            return []
        relates = has(lexemes, RELATIONS)
        if not relates and self.inline:
            return []
        if sentence.why_not:
            return [self.unread(lexemes, sentence.why_not)]
        try:
            if not relates:
                return [Expression(parse(lexemes).node, self.span(lexemes))]
            if has(lexemes, frozenset({"IN"})):
                return self.membership(lexemes)
            return self.equation(lexemes)
        except UnreadableError as error:
            return [self.unread(lexemes, error.message)]

    def span(self, lexemes: list[Lexeme]) -> Span:
        return lexemes[0].span.to(lexemes[-1].span)

    def unread(self, lexemes: list[Lexeme], why: str) -> Unread:
        span = self.span(lexemes)
        return Unread(self.source[span.start - self.offset : span.end - self.offset], why, span)

    # equations and updates

    def equation(self, lexemes: list[Lexeme]) -> list[Statement]:
        """A chain of equalities, or an update."""
        signs = [token for _, token in top_level(lexemes) if token.type in RELATIONS]
        pieces = split(lexemes, RELATIONS)
        if [sign.text for sign in signs] == [r"\succ"] and [token.text for token in pieces[1]] == ["0"]:
            domain = Name("positive_definite", r"\succ 0", self.span(lexemes))
            return [Declaration(declared(pieces[0]), None, domain, self.span(lexemes))]
        for at, sign in enumerate(signs):
            if sign.type in ("COMPARE", "OTHER"):
                if at == 0:
                    return [self.unread(lexemes, "a relation other than equality is not an equation")]
                cut = lexemes.index(sign)
                rest = self.unread(lexemes[cut:], "a relation other than equality is not an equation")
                return [*self.equation(lexemes[:cut]), rest]
        if signs[0].type in ("UPDATE", "STEP"):
            return [self.update(signs, pieces, self.span(lexemes))]
        return self.chain(signs, pieces, self.span(lexemes))

    def update(self, signs: list[Lexeme], pieces: list[list[Lexeme]], span: Span) -> Update:
        if len(pieces) != 2 or not pieces[0]:
            raise UnreadableError("an update has one target and one value", span)
        target, value = parse(pieces[0]).node, parse(pieces[1]).node
        if signs[0].type == "STEP":
            value = Binary(signs[0].id, target, value, span)
        return Update(target, value, span)

    def chain(self, signs: list[Lexeme], pieces: list[list[Lexeme]], span: Span) -> list[Statement]:
        """`a = b = c`; members that cannot be read are told apart, the others still make an equation."""
        continues = not pieces[0]
        members: list[Syntax] = []
        unread: list[Unread] = []
        for piece in pieces[1:] if continues else pieces:
            if not piece:
                raise UnreadableError("a side of the equation is missing", span)
            try:
                members.append(parse(piece).node)
            except UnreadableError as error:
                unread.append(self.unread(piece, error.message))
        relation = ":=" if signs[0].type == "DEFINE" else "="
        if len(members) < (1 if continues else 2):
            why = unread[0].why if unread else "a side of the equation is missing"
            return [Unread(self.source[span.start - self.offset : span.end - self.offset], why, span)]
        if not continues and not unread and len(members) == 2 and _is_update(members[0], members[1], relation):
            return [Update(members[0], members[1], span)]
        return [Equation(tuple(members), relation, continues, span), *unread]

    # declarations

    def membership(self, lexemes: list[Lexeme]) -> list[Statement]:
        r"""`W, b \in \mathbb{R}^{n}`, also behind an equation."""
        at = max(position for position, token in top_level(lexemes) if token.type == "IN")
        left, right = trimmed(lexemes[:at]), lexemes[at + 1 :]
        if not left:
            raise UnreadableError("a side of \\in is missing", lexemes[at].span)
        span = self.span(lexemes)
        if not has(left, RELATIONS):
            sizes, domain = read_set(right)
            return [
                Declaration(declared(name), sizes, domain, span) for name in split(left, frozenset({"COMMA"})) if name
            ]
        result = self.equation(left)
        first = result[0]
        if isinstance(first, Equation) and isinstance(first.members[0], Name) and not first.continues:
            try:
                sizes, domain = read_set(right)
                result.append(Declaration(first.members[0], sizes, domain, span))
            except UnreadableError as error:
                result.append(self.unread(right or lexemes, error.message))
        return result


# updates


def _is_update(target: Syntax, value: Syntax, relation: str) -> bool:
    """Whether `W = W - step` is meant: the target is a term of its own new value."""
    if not isinstance(target, Name | Indexed):
        return False
    wanted = outline(target)
    if relation == ":=":
        return any(outline(node) == wanted for node in walk(value) if type(node) is type(target))
    terms = [value]
    while terms:
        node = terms.pop()
        if isinstance(node, Binary) and node.op in ("+", "-"):
            terms += [node.left, node.right]
        elif node is not value and any(outline(factor) == wanted for factor in _factors(node)):
            return True
    return False


def _factors(node: Syntax) -> tuple[Syntax, ...]:
    return node.items if isinstance(node, Juxtaposition) else (node,)
