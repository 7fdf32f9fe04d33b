"""The syntax tree that every reader produces: what was written, before shapes and meaning.

The readers are context-free: they do not know which names are functions or matrices. `elaborate` decides
that, so a LaTeX product stays a flat `Juxtaposition` of what stood side by side.

>>> name = Name("W1", r"W^{[1]}", Span(0, 7))
>>> name.id
'W1'
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from fractions import Fraction


@dataclass(frozen=True, slots=True)
class Span:
    """Start and end offset (half open) in the text of the whole document."""

    start: int
    end: int

    def to(self, other: Span) -> Span:
        """The span from the start of this one to the end of another."""
        return Span(min(self.start, other.start), max(self.end, other.end))


@dataclass(frozen=True, slots=True)
class Name:
    """A symbol with its decorations: id `W1` for `W_1`, `W^{[1]}`, `W^{(1)}`, and how LaTeX prints it."""

    id: str
    latex: str
    span: Span


@dataclass(frozen=True, slots=True)
class Number:
    """An exact number: decimals are read as fractions, 0.1 as 1/10."""

    value: Fraction
    span: Span


@dataclass(frozen=True, slots=True)
class Negate:
    """-arg."""

    arg: Syntax
    span: Span


@dataclass(frozen=True, slots=True)
class Binary:
    """left op right with op one of `+ - * / @ **`.

    `*` is elementwise, `@` the matrix product. LaTeX signs: \\odot, \\circ, * give `*`; a fraction or a
    slash gives `/`; \\cdot, \\times and a full stop between factors give `.`, which elaborate reads as a product
    by the shapes.
    """

    op: str
    left: Syntax
    right: Syntax
    span: Span


@dataclass(frozen=True, slots=True)
class Juxtaposition:
    """Things side by side: `W X`, `Y \\log A`, `g(Z)` (a name, then a `Group`). At least two items."""

    items: tuple[Syntax, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Group:
    """Something in round, square or curly brackets that were written (not invisible TeX braces).

    Several items where commas stood: `f(a, b)`.
    """

    items: tuple[Syntax, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Transpose:
    """argᵀ."""

    arg: Syntax
    span: Span


@dataclass(frozen=True, slots=True)
class Prime:
    """f′ (order 1), f″ (order 2)."""

    arg: Syntax
    order: int
    span: Span


@dataclass(frozen=True, slots=True)
class Indexed:
    """A symbol with indices that are not part of its name: `x_i`, `W_{ij}`, `x^{(i)}`.

    `style` is `element` for subscripts, `example` for a parenthesised superscript letter, `item` for X[i].
    """

    base: Syntax
    indices: tuple[Syntax, ...]
    style: str
    span: Span


@dataclass(frozen=True, slots=True)
class Range:
    """A slice `lower:upper:step` inside the brackets of X[…]; what is left out is None."""

    lower: Syntax | None
    upper: Syntax | None
    step: Syntax | None
    span: Span


@dataclass(frozen=True, slots=True)
class Call:
    """A function applied in Python notation: positional and keyword arguments."""

    function: Name
    args: tuple[Syntax, ...]
    keywords: tuple[tuple[str, Syntax], ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Sequence:
    """A tuple, list or set of things, `(0, 1)` or `{0, 1}`; an argument of a call or a domain."""

    items: tuple[Syntax, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Text:
    """A string in Python notation, such as einsum's subscripts."""

    value: str
    span: Span


@dataclass(frozen=True, slots=True)
class BigSum:
    """\\sum over `index` from `lower` to `upper` (each None where not written) of `body`."""

    index: Name | None
    lower: Syntax | None
    upper: Syntax | None
    body: Syntax
    span: Span


@dataclass(frozen=True, slots=True)
class Partial:
    """\\frac{\\partial of}{\\partial wrt}, d/d, \\nabla_{wrt} of; `of` is None in \\partial/\\partial x alone."""

    of: Syntax | None
    wrt: Syntax
    span: Span


@dataclass(frozen=True, slots=True)
class Norm:
    """\\|arg\\| with `kind` `2` (Euclidean or Frobenius), `1`, `F`."""

    arg: Syntax
    kind: str
    span: Span


@dataclass(frozen=True, slots=True)
class Compare:
    """left op right inside an expression: a condition, op one of `< <= > >= == !=`."""

    op: str
    left: Syntax
    right: Syntax
    span: Span


Syntax = (
    Name | Number | Negate | Binary | Juxtaposition | Group | Transpose | Prime | Indexed
    | Range | Call | Sequence | Text | BigSum | Partial | Norm | Compare
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Equation:
    """`a = b = c`: two or more members; `relation` is `=` or `:=` (\\leftarrow, \\gets are updates).

    `continues` is True where the display begins with `=` and goes on from the equation before; the first
    member is then the first written one.
    """

    members: tuple[Syntax, ...]
    relation: str
    continues: bool
    span: Span


@dataclass(frozen=True, slots=True)
class Update:
    """`W -= step`, `W \\leftarrow W - step`, `W := W - step`: `value` is written out as target - step."""

    target: Syntax
    value: Syntax
    span: Span


@dataclass(frozen=True, slots=True)
class Declaration:
    """A symbol's shape and facts: `X: (n, m) in {0, 1}`, `W \\in \\mathbb{R}^{h \\times d}`.

    `sizes` is None where only a domain is said; () is a scalar. `domain` is the set as written, or None.
    """

    name: Name
    sizes: tuple[Syntax, ...] | None
    domain: Syntax | None
    span: Span


@dataclass(frozen=True, slots=True)
class Expression:
    """A bare expression, no relation in it (Python: a last line such as `x @ A @ x`)."""

    value: Syntax
    span: Span


@dataclass(frozen=True, slots=True)
class Unread:
    """A display that is not an equation that can be read (a figure's caption, words), and why."""

    source: str
    why: str
    span: Span


Statement = Equation | Update | Declaration | Expression | Unread


@dataclass(frozen=True, slots=True)
class Document:
    """A text and the statements found in it, in reading order; spans are offsets in `text`."""

    text: str
    file: str
    notation: str
    statements: tuple[Statement, ...]


def children(node: Syntax) -> Iterator[Syntax]:
    """The direct parts of a syntax node, left to right."""
    for field in fields(node):
        value = getattr(node, field.name)
        for item in value if isinstance(value, tuple) else (value,):
            if isinstance(item, tuple):  # a keyword argument
                item = item[1]
            if isinstance(item, SYNTAX_TYPES):
                yield item


def walk(node: Syntax) -> Iterator[Syntax]:
    """The node and everything below it, parents first."""
    stack = [node]
    while stack:
        current = stack.pop()
        yield current
        stack.extend(reversed(list(children(current))))


def terms_of_sum(node: Syntax) -> Iterator[Syntax]:
    """The terms of a sum, without signs and brackets."""
    stack = [node]
    while stack:
        match stack.pop():
            case Binary(op="+" | "-", left=left, right=right):
                stack += [right, left]
            case Negate(arg=inner) | Group(items=(inner,)):
                stack.append(inner)
            case term:
                yield term


def arguments_of(node: Syntax) -> tuple[Syntax, ...]:
    """The arguments where the syntax is a name applied to some: `g(x)`; none else."""
    match node:
        case Call(args=args, keywords=()):
            return args
        case Juxtaposition(items=(Name(), Group(items=items))):
            return items
    return ()


SYNTAX_TYPES = (
    Name, Number, Negate, Binary, Juxtaposition, Group, Transpose, Prime, Indexed,
    Range, Call, Sequence, Text, BigSum, Partial, Norm, Compare,
)  # fmt: skip
