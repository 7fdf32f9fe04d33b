r"""Raw tokens of LaTeX mathematics, and the document's own macros expanded in them.

>>> [token.text for token in scan(r"\frac{a}b2", 0)]
['frac', '{', 'a', '}', 'b', '2']
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from itertools import islice

from handgrad.errors import ReadError
from handgrad.notation.latex_words import (
    SCRIPT_LETTERS,
    SUBSCRIPTS,
    SUPERSCRIPTS,
    UNICODE,
    UNICODE_CHARACTERS,
)

MAX_EXPANSIONS = 1_000
MAX_TOKENS = 50_000
"""Of one display, after expansion."""


@dataclass(frozen=True, slots=True)
class Raw:
    """A token as TeX sees it: `kind` is command, letters, number, space or character."""

    kind: str
    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Macro:
    r"""`\newcommand{\name}[arity]{body}`."""

    arity: int
    body: tuple[Raw, ...]


_RAW = re.compile(
    r"\\(?P<command>[A-Za-z]+\*?|[^A-Za-z])|(?P<letters>[A-Za-z]+)"
    r"|(?P<number>[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+(?![A-Za-z0-9]))?)"
    r"|(?P<space>(?:\s|%[^\n]*(?:\n|$))+)|(?P<character>.)",
    re.DOTALL,
)
_DEFINITION = re.compile(
    r"\\(?P<head>(?:re)?newcommand\*?|providecommand\*?|DeclareMathOperator\*?|def)\s*"
    r"(?:\{\s*\\(?P<braced>[A-Za-z]+)\s*\}|\\(?P<bare>[A-Za-z]+))"
    r"\s*(?:\[(?P<arity>[0-9])\]|(?P<marks>(?:#[0-9])+))?\s*(?P<body>\{|\\[A-Za-z]+)"
)


def scan(source: str, offset: int) -> list[Raw]:
    """Cut a math string into raw tokens; spans are offsets in the document."""
    tokens: list[Raw] = []
    for match in _RAW.finditer(source):
        kind = match.lastgroup or "character"
        text, start, end = match[kind], offset + match.start(), offset + match.end()
        if kind == "character" and not text.isascii():
            tokens.extend(_from_unicode(text, start, end))
        else:
            tokens.append(Raw(kind, text, start, end))
    return tokens


def _from_unicode(text: str, start: int, end: int) -> list[Raw]:
    """The ASCII spelling of a mathematical character."""
    if text in UNICODE:
        return [Raw("command", UNICODE[text], start, end)]
    if text in SCRIPT_LETTERS:
        return [Raw("letters", SCRIPT_LETTERS[text], start, end)]
    for mark, table in (("^", SUPERSCRIPTS), ("_", SUBSCRIPTS)):
        if text in table:
            letter = table[text]
            kind = "number" if letter.isdigit() else "letters" if letter.isalpha() else "character"
            return [Raw("character", mark, start, end), Raw(kind, letter, start, end)]
    plain = UNICODE_CHARACTERS.get(text, text)
    return [Raw("space" if plain == " " else "character", plain, start, end)]


def macros_of(text: str) -> dict[str, Macro]:
    r"""The simple macros that a document defines.

    >>> sorted(macros_of(r"$\newcommand{\pd}[2]{\frac{\partial #1}{\partial #2}} \def\R{\mathbb R}$"))
    ['R', 'pd']
    """
    macros: dict[str, Macro] = {}
    for match in islice(_DEFINITION.finditer(text), MAX_EXPANSIONS):
        name, body = match["braced"] or match["bare"], match["body"]
        if body == "{":
            end = _closing_brace(text, match.end())
            if end is None:
                continue
            body = text[match.end() : end]
        arity = int(match["arity"] or 0) or (match["marks"] or "").count("#")
        if match["head"].startswith("Declare"):
            body = rf"\operatorname{{{body}}}"
        macros[name] = Macro(arity, tuple(scan(body, 0)))
    return macros


def _closing_brace(text: str, start: int, limit: int = 2_000) -> int | None:
    """The offset of the brace that closes a macro's body; long bodies are no simple macros."""
    depth = 1
    for match in re.compile(r"\\.|[{}]", re.DOTALL).finditer(text, start, start + limit):
        depth += {"{": 1, "}": -1}.get(match[0], 0)
        if depth == 0:
            return match.start()
    return None


def expand(tokens: list[Raw], macros: dict[str, Macro]) -> list[Raw]:
    """Replace macros by their bodies; what comes out of a call has the call's span."""
    if not any(token.kind == "command" and token.text in macros for token in tokens):
        return tokens
    pending = tokens[::-1]
    expanded: list[Raw] = []
    calls = 0
    while pending:
        token = pending.pop()
        macro = macros.get(token.text) if token.kind == "command" else None
        if macro is None:
            expanded.append(token)
        else:
            calls += 1
            if calls > MAX_EXPANSIONS or len(pending) + len(expanded) > MAX_TOKENS:
                raise ReadError(f"the macro \\{token.text} expands without end", remedy="write the formula out")
            arguments = [_argument(pending) for _ in range(macro.arity)]
            pending.extend(reversed(_substituted(macro, arguments, token)))
    return expanded


def _argument(pending: list[Raw]) -> list[Raw]:
    """Take one macro argument off the pending tokens (kept back to front)."""
    while pending and pending[-1].kind == "space":
        pending.pop()
    if not pending:
        return []
    token = pending.pop()
    if token.text != "{" or token.kind != "character":
        if token.kind in ("letters", "number") and len(token.text) > 1:
            rest = replace(token, text=token.text[1:], start=token.start + 1)
            pending.append(rest)
            token = replace(token, text=token.text[0], end=token.start + 1)
        return [token]
    taken: list[Raw] = []
    depth = 1
    while pending:
        token = pending.pop()
        if token.kind == "character":
            depth += {"{": 1, "}": -1}.get(token.text, 0)
        if depth == 0:
            break
        taken.append(token)
    return taken


def _substituted(macro: Macro, arguments: list[list[Raw]], call: Raw) -> list[Raw]:
    """The body with its arguments in place."""
    result: list[Raw] = []
    body = iter(macro.body)
    for token in body:
        if token.text == "#":
            number = next(body, token)
            index = int(number.text[0]) - 1 if number.text[0].isdigit() else -1
            if 0 <= index < len(arguments):
                result.extend(arguments[index])
            if len(result) > MAX_TOKENS:
                raise ReadError(f"the macro \\{call.text} expands too far", remedy="write the formula out")
            rest = number.text[1:]
            if rest:
                result.append(Raw(number.kind, rest, call.start, call.end))
        else:
            result.append(replace(token, start=call.start, end=call.end))
    return result
