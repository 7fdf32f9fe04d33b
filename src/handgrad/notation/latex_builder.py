r"""From the grammar's reductions to syntax nodes: one method for each rule of `latex.lark`."""

# ruff: noqa: D102 — each method is the rule of its name in latex.lark
from __future__ import annotations

from typing import Any

from handgrad.errors import ReadError
from handgrad.notation.latex_cases import by_cases
from handgrad.notation.latex_cursor import Lexeme
from handgrad.notation.latex_parts import (
    COLON,
    ELLIPSIS,
    Argument,
    Part,
    Relation,
    Run,
    Script,
    accented,
    joined,
)
from handgrad.notation.latex_products import finish, fraction
from handgrad.notation.latex_scripts import attach
from handgrad.notation.source import UnreadableError, read_number
from handgrad.notation.syntax import (
    BigSum,
    Binary,
    Compare,
    Group,
    Juxtaposition,
    Name,
    Negate,
    Norm,
    Number,
    Syntax,
)

_OPS = {"STAR": "*", "DOT": ".", "SLASH": "/"}
Children = list[Any]  # what Lark hands over: `Part`s and tokens, as each rule says


def lexeme(token: Any) -> Lexeme:
    """The lexeme that a Lark token carries."""
    value: Lexeme = token.value
    return value


class Builder:
    """Stateless callbacks, so that one parser serves every text."""

    # sums and products

    def start(self, children: Children) -> Part:
        return self._part(children[0])

    def _part(self, child: Any) -> Part:
        part: Part = child
        return part

    def _sum(self, op: str, children: Children) -> Part:
        left, right = children[0], children[-1]
        node = Binary(op, left.node, right.node, left.span.to(right.span))
        return Part(node, joined(left.latex, op, right.latex))

    def add(self, children: Children) -> Part:
        return self._sum("+", children)

    def subtract(self, children: Children) -> Part:
        return self._sum("-", children)

    def negate(self, children: Children) -> Part:
        sign, part = lexeme(children[0]), children[1]
        return Part(Negate(part.node, sign.span.to(part.span)), joined("-", part.latex))

    def plus(self, children: Children) -> Part:
        return self._part(children[1])

    def term(self, children: Children) -> Part:
        return finish(children[0])

    def first(self, children: Children) -> Run:
        return Run([("", children[0])])

    def beside(self, children: Children) -> Run:
        run: Run = children[0]
        run.items.append(("", children[1]))
        return run

    def times(self, children: Children) -> Run:
        run: Run = children[0]
        run.items.append((_OPS[children[1].type], children[2]))
        return run

    def times_minus(self, children: Children) -> Run:
        run: Run = children[0]
        run.items.append((_OPS[children[1].type], self.negate(children[2:])))
        return run

    # big sums

    def bigsum(self, children: Children) -> Part:
        return _big_sum(lexeme(children[0]), children[1:-1], children[-1])

    def bigsum_minus(self, children: Children) -> Part:
        return _big_sum(lexeme(children[0]), children[1:-2], self.negate(children[-2:]))

    # symbols

    def name(self, children: Children) -> Part:
        token = lexeme(children[0])
        return Part(Name(token.id, token.text, token.span), token.text)

    def marker(self, children: Children) -> Part:
        return self.name(children)

    def colon(self, children: Children) -> Part:
        return Part(Name(COLON, COLON, lexeme(children[0]).span), COLON)

    def ellipsis(self, children: Children) -> Part:
        return Part(Name(ELLIPSIS, r"\ldots", lexeme(children[0]).span), r"\ldots")

    def number(self, children: Children) -> Part:
        token = lexeme(children[0])
        try:
            value = read_number(token.text)
        except ReadError as error:
            raise UnreadableError(error.message, token.span, error.remedy) from None
        return Part(Number(value, token.span), token.text)

    def postfix(self, children: Children) -> Part:
        return attach(children[0], children[1:])

    def script(self, children: Children) -> Script:
        sign, argument = lexeme(children[0]), children[1]
        return Script("^" if sign.type == "SUP" else "_", argument, sign.span.to(argument.span))

    def prime(self, children: Children) -> Script:
        return Script("'", None, lexeme(children[0]).span)

    def accent(self, children: Children) -> Part:
        sign, argument = lexeme(children[0]), children[1]
        part = argument.only()
        node = accented(part.node, sign.id, sign.text, sign.span.to(argument.span))
        return Part(node, f"{sign.text}{{{part.latex}}}")

    # brackets

    def braces(self, children: Children) -> Part:
        argument = self.braced_argument(children)
        part = argument.only()
        return Part(part.node, argument.latex, part.bracket if part.bracket == "∂" else "", part.factors)

    def entries(self, children: Children) -> list[Part | Relation]:
        return [child for child in children if isinstance(child, Part | Relation)]

    def relation(self, children: Children) -> Relation:
        parts = tuple(child for child in children if isinstance(child, Part))
        return Relation(parts, tuple(lexeme(child) for child in children if not isinstance(child, Part)))

    def group(self, children: Children) -> Part:
        opening, closing = lexeme(children[0]), lexeme(children[2])
        span = opening.span.to(closing.span)
        items = tuple(_item(entry) for entry in children[1])
        latex = opening.text + ",".join(_latex(entry) for entry in children[1]) + closing.text
        return Part(Group(items, span), latex, opening.id)

    def norm(self, children: Children) -> Part:
        span = lexeme(children[0]).span.to(lexeme(children[2]).span)
        part = children[1]
        return Part(Norm(part.node, "2", span), rf"\|{part.latex}\|")

    def absolute(self, children: Children) -> Part:
        left, right, part = lexeme(children[0]), lexeme(children[2]), children[1]
        span = left.span.to(right.span)
        node = Juxtaposition((Name("abs", r"\mathrm{abs}", left.span), Group((part.node,), span)), span)
        return Part(node, f"|{part.latex}|")

    # commands with arguments

    def fraction(self, children: Children) -> Part:
        sign = lexeme(children[0])
        return fraction(children[1], children[2], sign.span.to(children[2].span))

    def root(self, children: Children) -> Part:
        sign, argument = lexeme(children[0]), children[1]
        part = argument.only()
        span = sign.span.to(argument.span)
        name = Name("sqrt", r"\sqrt", sign.span)
        node = Juxtaposition((name, Group((part.node,), argument.span)), span)
        return Part(node, rf"\sqrt{{{part.latex}}}")

    def case(self, children: Children) -> tuple[Part, Compare | None]:
        value, left, sign, right = children[0], children[-3], lexeme(children[-2]), children[-1]
        op = sign.id or "=="
        return value, Compare(op, left.node, right.node, left.span.to(right.span))

    def otherwise(self, children: Children) -> tuple[Part, Compare | None]:
        return children[0], None

    def cases(self, children: Children) -> Part:
        span = lexeme(children[0]).span.to(lexeme(children[-1]).span)
        return by_cases([child for child in children if isinstance(child, tuple)], span)

    def nth_root(self, children: Children) -> Part:
        raise UnreadableError(
            "a root of higher order is not read", lexeme(children[0]).span, "write a power such as x^{1/3}"
        )

    def braced_argument(self, children: Children) -> Argument:
        span = lexeme(children[0]).span.to(lexeme(children[2]).span)
        latex = "{" + ",".join(_latex(entry) for entry in children[1]) + "}"
        return Argument(tuple(children[1]), latex, span)

    def name_argument(self, children: Children) -> Argument:
        part = self.name(children)
        return Argument((part,), part.latex, part.span)

    def marker_argument(self, children: Children) -> Argument:
        return self.name_argument(children)

    def number_argument(self, children: Children) -> Argument:
        part = self.number(children)
        return Argument((part,), part.latex, part.span)

    def sign_argument(self, children: Children) -> Argument:
        found = [lexeme(child) for child in children]
        sign = next(token for token in found if token.type not in ("LBRACE", "RBRACE"))
        text = sign.text if len(found) == 1 else f"{{{sign.text}}}"
        return Argument((), text, found[0].span.to(found[-1].span), sign=sign.text)

    def prime_argument(self, children: Children) -> Argument:
        found = [lexeme(child) for child in children]
        primes = sum(token.type == "PRIME" for token in found)
        return Argument((), "{" + "'" * primes + "}", found[0].span.to(found[-1].span), primes=primes)

    def inner_argument(self, children: Children) -> Argument:
        argument: Argument = children[2]
        return argument


def _latex(entry: Part | Relation) -> str:
    if isinstance(entry, Part):
        return entry.latex
    pieces = [entry.parts[0].latex]
    for sign, part in zip(entry.signs, entry.parts[1:], strict=True):
        pieces += [sign.text, part.latex]
    return joined(*pieces)


def _item(entry: Part | Relation) -> Syntax:
    """An entry of a bracket: an expression, or a condition."""
    if isinstance(entry, Part):
        return entry.node
    sign = entry.signs[0]
    if len(entry.signs) > 1 or sign.type == "IN":
        raise UnreadableError("this condition is not read", entry.span, "write one comparison")
    op = "==" if sign.type == "EQ" else sign.id
    return Compare(op, entry.parts[0].node, entry.parts[1].node, entry.span)


_Bound = tuple[Name, Syntax | None, Syntax | None]


def _big_sum(sign: Lexeme, scripts: list[Script], body: Part) -> Part:
    r"""`\sum_{i=1}^m body`; several indices are sums inside each other."""
    bounds: list[_Bound] = []
    upper: Syntax | None = None
    span = sign.span.to(body.span)
    latex = sign.text
    for script in scripts:
        if script.argument is None:
            raise UnreadableError("a sum has a prime", script.span)
        latex += script.kind + script.argument.latex
        if script.kind == "^":
            upper = script.argument.only().node
        else:
            bounds = [bound for entry in script.argument.entries for bound in _bounds(entry)]
    node = body.node
    if upper is not None and len(bounds) == 1:
        bounds = [(bounds[0][0], bounds[0][1], upper)]
    elif upper is not None:
        raise UnreadableError("a sum has a bound but not one index", span)
    if not bounds:
        node = BigSum(None, None, None, node, span)
    for index, low, high in reversed(bounds):
        node = BigSum(index, low, high, node, span)
    return Part(node, joined(latex, body.latex))


def _bounds(entry: Part | Relation) -> list[_Bound]:
    """The indices below a sum: `i`, `ij`, `i = 1`, `1 <= i <= n`, and `i` in a set as its upper bound."""
    if isinstance(entry, Part):
        return [(_index(part), None, None) for part in entry.parts()]
    parts, signs = entry.parts, [sign.id or sign.type for sign in entry.signs]
    if signs == ["EQ"]:
        return [(_index(parts[0]), parts[1].node, None)]
    if signs == ["IN"]:
        return [(_index(parts[0]), None, parts[1].node)]
    if signs == ["<=", "<="]:
        return [(_index(parts[1]), parts[0].node, parts[2].node)]
    raise UnreadableError("a sum under a condition is not read", entry.span, "sum over the whole range")


def _index(part: Part) -> Name:
    if isinstance(part.node, Name) and part.node.id not in (COLON, ELLIPSIS):
        return part.node
    raise UnreadableError("the index of a sum must be a letter", part.span)
