r"""Superscripts, subscripts and primes: which are part of a name, which an index, a power or a transpose."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from fractions import Fraction

from handgrad.notation.latex_parts import (
    COLON,
    ELLIPSIS,
    NABLA,
    PARTIAL,
    TOP,
    Argument,
    Part,
    Relation,
    Script,
    is_marker,
    joined,
)
from handgrad.notation.names import FUNCTION_WORDS, is_subscript_word, with_layer, with_word
from handgrad.notation.source import UnreadableError
from handgrad.notation.syntax import (
    Binary,
    Group,
    Indexed,
    Name,
    Negate,
    Norm,
    Number,
    Partial,
    Prime,
    Span,
    Syntax,
    Transpose,
)

_LAYER = re.compile(r"[lL]([+-][0-9]+)?|[0-9]+")
_BARE_LAYER = re.compile(r"[lL]([+-][0-9]+)?")
_EXAMPLE = re.compile(r"(\\?[A-Za-z]+|[0-9]+)([+-][0-9A-Za-z]+)?(,(\\?[A-Za-z]+|[0-9]+))*")
_ORDINALS = frozenset({"th", "st", "nd", "rd"})
_SIGNS = {"*": "star", "+": "plus", "-": "minus", r"\ast": "star"}


@dataclass(slots=True)
class _Symbol:
    """A base and everything its scripts say about it, put together at the end."""

    base: Part
    node: Syntax
    words: list[str] = field(default_factory=list)
    digits: str = ""
    layer: str | None = None
    name_latex: str = ""
    name_end: int = 0
    elements: list[Syntax] = field(default_factory=list)
    examples: list[Syntax] = field(default_factory=list)
    primes: int = 0
    then: list[tuple[str, Syntax, Span]] = field(default_factory=list)

    def names(self) -> bool:
        """Whether a script can be a part of the name."""
        return isinstance(self.node, Name)


def attach(base: Part, scripts: list[Script]) -> Part:
    """A base with its scripts."""
    latex = joined(base.latex, *(_written(script) for script in scripts))
    span = base.span.to(scripts[-1].span)
    if is_marker(base.node, NABLA, PARTIAL):
        return _operator(base, scripts, latex, span)
    if isinstance(base.node, Norm) and scripts[0].kind == "_":
        base = _norm_of_kind(base, base.node, scripts[0])
        scripts = scripts[1:]
        if not scripts:
            return base
    symbol = _peeled(base)
    for script in scripts:
        if script.kind == "'":
            symbol.primes += 1
        elif script.argument is None:
            raise UnreadableError("a script is empty", script.span)
        elif script.kind == "_":
            _subscript(symbol, script.argument)
        else:
            _superscript(symbol, script.argument)
    node = _assembled(symbol, span)
    if base.bracket and isinstance(node, Prime | Transpose) and not symbol.examples and not symbol.elements:
        mark = "′" if isinstance(node, Prime) else TOP
        factors = (base, *(Part(Name(mark, mark, script.span), mark) for script in scripts))
        return Part(node, latex, factors=factors)
    return Part(node, latex)


def _written(script: Script) -> str:
    return "'" if script.argument is None or script.kind == "'" else f"{script.kind}{script.argument.latex}"


def _operator(base: Part, scripts: list[Script], latex: str, span: Span) -> Part:
    r"""`\nabla_{W}`, `\partial_{w}`: operators that wait for their operand; `\partial^2` stays a power."""
    script = scripts[0]
    if len(scripts) == 1 and script.argument is not None:
        only = script.argument.only()
        if script.kind == "_":
            return Part(Partial(None, only.node, span), latex, NABLA)
        if is_marker(base.node, PARTIAL):
            return Part(Binary("**", base.node, only.node, span), latex)
    raise UnreadableError("this derivative operator is not read", span, r"write \frac{\partial J}{\partial W}")


def _norm_of_kind(base: Part, node: Norm, script: Script) -> Part:
    kind = script.argument.latex.strip("{} ") if script.argument else ""
    kind = {r"\mathrm{F}": "F", r"\text{F}": "F"}.get(kind, kind)
    if kind not in ("1", "2", "F"):
        raise UnreadableError(f"the norm of kind `{kind}` is not read", script.span, "use the kinds 1, 2 and F")
    return Part(Norm(node.arg, kind, node.span.to(script.span)), joined(base.latex, _written(script)))


def _peeled(base: Part) -> _Symbol:
    """A symbol whose scripts in inner braces are taken off, so that `{y_k}^{(i)}` is one symbol."""
    node = base.node
    elements: list[Syntax] = []
    examples: list[Syntax] = []
    primes = 0
    while isinstance(node, Indexed | Prime):
        if isinstance(node, Prime):
            primes += node.order
            node = node.arg
        else:
            (examples if node.style == "example" else elements)[:0] = node.indices
            node = node.base
    symbol = _Symbol(base, node, name_end=node.span.end)
    symbol.elements, symbol.examples, symbol.primes = elements, examples, primes
    return symbol


# subscripts


def _subscript(symbol: _Symbol, argument: Argument) -> None:
    if argument.sign:
        _take_sign(symbol, argument)
        return
    for entry in argument.entries:
        if isinstance(entry, Relation):
            raise UnreadableError("a condition as a subscript is not read", entry.span)
        word = _word(entry)
        if word is not None and symbol.names() and not symbol.elements:
            symbol.words.append(word)
            written = argument.latex if len(argument.entries) == 1 else f"{{{entry.latex}}}"
            symbol.name_latex += f"_{written}"
            symbol.name_end = max(symbol.name_end, argument.span.end)
        elif _is_digits(entry) and len(argument.entries) == 1 and symbol.names() and not symbol.digits:
            symbol.digits = entry.latex
            symbol.name_latex += f"_{argument.latex}"
            symbol.name_end = max(symbol.name_end, argument.span.end)
        elif isinstance(symbol.node, Number):
            raise UnreadableError("a number has a subscript", argument.span)
        else:
            symbol.elements.extend(_indices(entry))


def _take_sign(symbol: _Symbol, argument: Argument) -> None:
    r"""`w^*`, `J^{+}`: a sign that marks a name."""
    if not symbol.names():
        raise UnreadableError("a sign as a script is not read here", argument.span)
    symbol.words.append(_SIGNS.get(argument.sign, "star"))
    symbol.name_latex += f"^{argument.latex}"
    symbol.name_end = max(symbol.name_end, argument.span.end)


def _is_digits(entry: Part) -> bool:
    return isinstance(entry.node, Number) and entry.latex.isdigit()


def _word(entry: Part) -> str | None:
    r"""The word that a subscript is, `pred`, `\text{in}`; None for indices."""
    parts = entry.parts()
    node = parts[0].node
    if len(parts) == 1 and isinstance(node, Name) and node.latex.startswith("\\"):
        upright = node.latex.startswith(("\\text", "\\mathrm", "\\operatorname", "\\mbox", "\\mathsf", "\\mathit"))
        return node.id if upright or node.id in FUNCTION_WORDS else None
    if not all(isinstance(part.node, Name) and part.latex.isascii() and part.latex.isalpha() for part in parts):
        return None
    run = "".join(part.latex for part in parts)
    return run if is_subscript_word(run) else None


def _indices(entry: Part) -> list[Syntax]:
    """The indices written side by side, `ij`, `j0`, `i:`."""
    found: list[Syntax] = []
    for part in entry.parts():
        node = part.node
        if isinstance(node, Name) and len(node.id) > 1 and part.latex.isalnum() and part.latex.isascii():
            for at, sign in enumerate(node.id, node.span.start):
                here = Span(at, at + 1)
                found.append(Number(Fraction(sign), here) if sign.isdigit() else Name(sign, sign, here))
        elif isinstance(node, Name | Number | Binary | Indexed | Negate) or is_marker(node, COLON, ELLIPSIS):
            found.append(node)
        else:
            raise UnreadableError("this subscript is not an index", part.span)
    return found


# superscripts


def _superscript(symbol: _Symbol, argument: Argument) -> None:
    if argument.primes:
        symbol.primes += argument.primes
        return
    if argument.sign:
        _take_sign(symbol, argument)
        return
    whole = argument.only()
    if "".join(part.latex for part in whole.parts()) in _ORDINALS:
        raise UnreadableError("an ordinal such as `l^{th}` is words, not mathematics", argument.span)
    if is_marker(symbol.node, "e") or isinstance(symbol.node, Number):
        symbol.then.append(("**", whole.node, argument.span))
        return
    if symbol.names() and _BARE_LAYER.fullmatch(whole.latex) and not _is_function(symbol.node):
        _take_layer(symbol, whole.latex, argument.latex, argument.span.end)
        return
    if isinstance(whole.node, Negate) and is_marker(whole.node.arg, "T", TOP):
        minus_one = Negate(Number(Fraction(1), whole.span), whole.span)
        symbol.then += [("**", minus_one, argument.span), ("T", whole.node, argument.span)]
        return
    taken = [part for part in whole.parts() if _take_mark(symbol, part, argument)]
    if not taken:
        symbol.then.append(("**", whole.node, argument.span))
    elif len(taken) < len(whole.parts()):
        raise UnreadableError(
            "this superscript is not read", argument.span, "write it with brackets, as a power or an index"
        )


def _is_function(node: Syntax) -> bool:
    return isinstance(node, Name) and node.id in FUNCTION_WORDS


def _take_mark(symbol: _Symbol, part: Part, argument: Argument) -> bool:
    """Take one mark of a superscript such as `[1](i)T`; False where it is none."""
    node = part.node
    content = part.latex[1:-1] if part.bracket else ""
    end = argument.span.end if part is argument.only() else part.span.end
    if (part.bracket == "[" and symbol.names()) or (
        part.bracket == "(" and symbol.names() and symbol.layer is None and _LAYER.fullmatch(content)
    ):
        _take_layer(symbol, content, f"{{{part.latex}}}", end)
    elif part.bracket in ("(", "<") and _is_example(symbol, part, content):
        symbol.examples.extend(node.items if isinstance(node, Group) else [node])
    elif is_marker(node, "T", TOP):
        symbol.then.append(("T", node, part.span))
    elif is_marker(node, "′"):
        symbol.primes += 1
    elif isinstance(node, Number) and _follows_mark(argument):
        symbol.then.append(("**", node, part.span))
    else:
        return False
    return True


def _follows_mark(argument: Argument) -> bool:
    """Whether a number in a superscript comes with marks, as the 2 of `[1]2`."""
    parts = argument.only().parts()
    return len(parts) > 1 and bool(parts[0].bracket)


def _is_example(symbol: _Symbol, part: Part, content: str) -> bool:
    """Whether bracketed content is an index; over brackets only a single letter is, the rest are powers."""
    if part.bracket == "<":
        return True
    if symbol.names():
        return _EXAMPLE.fullmatch(content) is not None
    return isinstance(symbol.node, Group) and len(content) == 1 and content.isalpha()


def _take_layer(symbol: _Symbol, content: str, written: str, end: int) -> None:
    content = content.strip()
    if symbol.layer is not None or not content:
        raise UnreadableError("a name has two layers", symbol.base.span)
    symbol.layer = content.replace("\\", "").replace(" ", "")
    symbol.name_latex += f"^{written}"
    symbol.name_end = max(symbol.name_end, end)


# putting it together


def _assembled(symbol: _Symbol, span: Span) -> Syntax:
    node = symbol.node
    if isinstance(node, Name):
        identifier = node.id
        if symbol.digits:
            identifier = with_layer(identifier, symbol.digits)
        for word in symbol.words:
            identifier = with_word(identifier, word)
        if symbol.layer is not None:
            identifier = with_layer(identifier, symbol.layer)
        latex = joined(node.latex, symbol.name_latex)
        node = Name(identifier, latex, replace(node.span, end=max(node.span.end, symbol.name_end)))
    elif symbol.primes and isinstance(node, Number):
        raise UnreadableError("a number has a prime", span)
    if symbol.examples:
        node = Indexed(node, tuple(symbol.examples), "example", span)
    if symbol.elements:
        node = Indexed(node, tuple(symbol.elements), "element", span)
    if symbol.primes:
        node = Prime(node, symbol.primes, span)
    for kind, value, end in symbol.then:
        here = symbol.base.span.to(end)
        node = Transpose(node, here) if kind == "T" else Binary("**", node, value, here)
    return node
