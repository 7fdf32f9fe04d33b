r"""Definitions by cases: `\begin{cases} z & z > 0 \\ 0 & z \le 0 \end{cases}` is `where(z > 0, z, 0)`."""

from __future__ import annotations

from handgrad.notation.latex_parts import Part, outline
from handgrad.notation.source import UnreadableError
from handgrad.notation.syntax import Call, Compare, Name, Span, Syntax

_OPPOSITES = {
    "<": (">", ">="),
    "<=": (">", ">="),
    ">": ("<", "<="),
    ">=": ("<", "<="),
    "==": ("!=",),
    "!=": ("==",),
}


def by_cases(rows: list[tuple[Part, Compare | None]], span: Span) -> Part:
    """Nested `where` of the rows; the last row must cover what the others leave."""
    value, last = rows[-1]
    others = [condition for _, condition in rows[:-1]]
    complete = last is None or (len(others) == 1 and others[0] is not None and _opposite(others[0], last))
    if not complete or None in others:
        raise UnreadableError("these cases do not cover everything", span, "end with `otherwise`")
    node: Syntax = value.node
    for part, condition in reversed(rows[:-1]):
        if condition is not None:
            node = Call(Name("where", r"\mathrm{where}", span), (condition, part.node, node), (), span)
    return Part(node, r"\begin{cases}…\end{cases}")


def _opposite(first: Compare, second: Compare) -> bool:
    """Whether two conditions are the two halves of one."""
    same = outline(first.left) == outline(second.left) and outline(first.right) == outline(second.right)
    return same and second.op in _OPPOSITES[first.op]
