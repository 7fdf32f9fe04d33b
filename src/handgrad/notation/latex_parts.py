"""What the LaTeX builder holds while it works: a syntax node together with how it was written."""

from __future__ import annotations

from dataclasses import dataclass, field

from handgrad.notation.latex_cursor import Lexeme
from handgrad.notation.names import with_accent
from handgrad.notation.source import UnreadableError
from handgrad.notation.syntax import (
    Binary,
    Indexed,
    Juxtaposition,
    Name,
    Span,
    Syntax,
    Transpose,
    walk,
)

PARTIAL = "∂"
NABLA = "∇"
TOP = "⊤"
COLON = ":"
ELLIPSIS = "..."


@dataclass(frozen=True, slots=True)
class Part:
    """A node, its LaTeX, the bracket it stands in (`(`, `[`, `<`), and the factors it is made of."""

    node: Syntax
    latex: str
    bracket: str = ""
    factors: tuple[Part, ...] = ()

    @property
    def span(self) -> Span:
        """Where it stands."""
        return self.node.span

    def parts(self) -> tuple[Part, ...]:
        """The things side by side, itself alone where it is no product."""
        return self.factors or (self,)


@dataclass(frozen=True, slots=True)
class Relation:
    """`i = 1`, `1 <= i <= n` inside brackets or below a sum."""

    parts: tuple[Part, ...]
    signs: tuple[Lexeme, ...]

    @property
    def span(self) -> Span:
        """Where it stands."""
        return self.parts[0].span.to(self.parts[-1].span)


@dataclass(frozen=True, slots=True)
class Argument:
    """The argument of a script, a fraction or an accent; `sign` for `w^*`, `primes` for `f^{\\prime}`."""

    entries: tuple[Part | Relation, ...]
    latex: str
    span: Span
    sign: str = ""
    primes: int = 0

    def only(self) -> Part:
        """The one expression in it."""
        if len(self.entries) == 1 and isinstance(self.entries[0], Part):
            return self.entries[0]
        raise UnreadableError("one expression must stand in these braces", self.span)


@dataclass(frozen=True, slots=True)
class Script:
    """A superscript (`^`), a subscript (`_`) or a prime (`'`)."""

    kind: str
    argument: Argument | None
    span: Span


@dataclass(slots=True)
class Run:
    """Factors of a term as they come: the sign before each (empty for side by side) and the factor."""

    items: list[tuple[str, Part]] = field(default_factory=list)


def joined(*pieces: str) -> str:
    r"""LaTeX pieces side by side, a space only where a command would swallow a letter.

    >>> joined(r"\partial", "J", "'")
    "\\partial J'"
    """
    result = ""
    for piece in pieces:
        if piece[:1].isalpha() and result[-1:].isalpha() and "\\" in result and _ends_in_command(result):
            result += " "
        result += piece
    return result


def _ends_in_command(latex: str) -> bool:
    tail = latex[latex.rfind("\\") + 1 :]
    return tail.isalpha()


def juxtaposed(parts: list[Part]) -> Part:
    """Things side by side as one part."""
    if len(parts) == 1:
        return parts[0]
    span = parts[0].span.to(parts[-1].span)
    node = Juxtaposition(tuple(part.node for part in parts), span)
    return Part(node, joined(*(part.latex for part in parts)), factors=tuple(parts))


def accented(node: Syntax, accent: str, command: str, span: Span) -> Syntax:
    """Put an accent on the name inside a symbol: `\\hat{h_{kl}}` is an indexed `h_hat`."""
    match node:
        case Name():
            latex = rf"{command}{{{node.latex}}}"
            return Name(with_accent(node.id, accent), latex, span)
        case Indexed():
            return Indexed(accented(node.base, accent, command, span), node.indices, node.style, span)
        case Binary(op="**"):
            return Binary("**", accented(node.left, accent, command, span), node.right, span)
        case Transpose():
            return Transpose(accented(node.arg, accent, command, span), span)
    raise UnreadableError("an accent over an expression is not read", span, "name the expression")


def without_d(node: Syntax) -> Syntax | None:
    """`W1` of the name `dW1`, through indices and powers; None where no `d` leads."""
    match node:
        case Name(id=identifier, latex=latex, span=span):
            if len(identifier) < 2 or identifier[0] != "d" or "d" not in latex:
                return None
            at = latex.index("d")
            return Name(identifier[1:], latex[:at] + latex[at + 1 :].lstrip(), Span(span.start + 1, span.end))
        case Indexed():
            base = without_d(node.base)
            return base and Indexed(base, node.indices, node.style, Span(node.span.start + 1, node.span.end))
        case Binary(op="**"):
            base = without_d(node.left)
            return base and Binary("**", base, node.right, Span(node.span.start + 1, node.span.end))
        case Transpose():
            base = without_d(node.arg)
            return base and Transpose(base, Span(node.span.start + 1, node.span.end))
    return None


def is_marker(node: Syntax, *markers: str) -> bool:
    """Whether a node is a bare sign such as ∂."""
    return isinstance(node, Name) and node.id in markers


def outline(node: Syntax) -> list[tuple[object, ...]]:
    """The node without its spans, for comparing two."""
    said = ("id", "op", "value", "order", "style", "kind")
    return [(type(part).__name__, *(getattr(part, name, None) for name in said)) for part in walk(node)]
