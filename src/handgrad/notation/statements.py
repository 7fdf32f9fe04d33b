"""Tells the statements of a document apart: definitions, functions, claims, updates, facts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from fractions import Fraction

from handgrad.errors import Place, ReadError
from handgrad.functions import BY_SPELLING
from handgrad.notation.names import flat_name
from handgrad.notation.syntax import (
    Call,
    Declaration,
    Document,
    Equation,
    Expression,
    Group,
    Indexed,
    Juxtaposition,
    Name,
    Number,
    Partial,
    Span,
    Statement,
    Syntax,
    Transpose,
    Unread,
    arguments_of,
    walk,
)
from handgrad.notation.syntax import Update as UpdateSyntax

EXPRESSION_NAMES = ("f", "F", "f_0", "F_0", *(f"f_{k}" for k in range(1, 200)))  # for an expression without a name


@dataclass(slots=True)
class Definition:
    """One defining equation: the name, its value's syntax, and how the value is finished (the cost's average)."""

    name: Name
    value: Syntax
    span: Span
    average: bool = False
    unnamed: bool = False


@dataclass(slots=True)
class Sorted:
    """The statements of a document, told apart."""

    declarations: list[Declaration] = field(default_factory=list)
    definitions: dict[str, Definition] = field(default_factory=dict)
    functions: list[tuple[Name, Name | None, Syntax]] = field(default_factory=list)
    claims: list[tuple[Syntax, ...]] = field(default_factory=list)
    updates: list[UpdateSyntax] = field(default_factory=list)
    facts: list[tuple[Name, Syntax, Span]] = field(default_factory=list)
    explained: set[str] = field(default_factory=set)  # functions of several arguments that have a formula
    same: list[tuple[Name, Name]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


class Sorter:
    """Sorts one document; `place` turns a span into a place for errors and notes."""

    def __init__(self, document: Document, place: Callable[[Span], Place]) -> None:
        self.document = document
        self.place = place
        self.sorted = Sorted()

    def sort(self) -> Sorted:
        """The statements, sorted; a cost that is given only inside a derivative is found."""
        for statement in self.document.statements:
            self._sort_one(statement)
        self._find_cost()
        return self.sorted

    def _sort_one(self, statement: Statement) -> None:
        match statement:
            case Declaration():
                self.sorted.declarations.append(statement)
            case UpdateSyntax():
                self.sorted.updates.append(statement)
            case Equation():
                self._sort_equation(statement)
            case Expression() if self._is_alone():
                used = {part.id for part in walk(statement.value) if isinstance(part, Name)}
                name = next(name for name in EXPRESSION_NAMES if name not in used)
                head = Name(name, name, statement.span)
                self._define(Definition(head, statement.value, statement.span, unnamed=True))
            case Unread() if "=" in statement.source:
                line = self.place(statement.span).line
                self.sorted.notes.append(f"line {line} is not an equation that can be read: {statement.why}")

    def _is_alone(self) -> bool:
        """Whether a text has no equation: a bare expression in it is then what is meant."""
        return not any(isinstance(statement, Equation) for statement in self.document.statements)

    def _sort_equation(self, equation: Equation) -> None:
        left, *rest = equation.members
        if self.document.notation == "latex" and isinstance(left, Indexed):
            left = left.base if left.style == "example" else flat_name(left) if isinstance(left.base, Name) else left
        if isinstance(left, Juxtaposition) and isinstance(left.items[0], Name) and len(arguments_of(left)) > 1:
            self.sorted.explained.add(left.items[0].id)
        if equation.continues or any(isinstance(part, Partial) for part in walk(left)):
            self.sorted.claims.append(equation.members)
        elif self._is_fact(left, rest, equation.span):
            return
        elif self._is_function_head(left) or (isinstance(left, Name) and self._is_known_function(left)):
            name, argument = (left.items[0], left.items[1]) if isinstance(left, Juxtaposition) else (left, None)
            inner = argument.items[0] if isinstance(argument, Group) else None
            assert isinstance(name, Name)
            self.sorted.functions.append((name, inner if isinstance(inner, Name) else None, rest[-1]))
        elif isinstance(left, Name) and not any(isinstance(part, Partial) for member in rest for part in walk(member)):
            self._define_chain(left, rest, equation)
        else:
            self.sorted.claims.append(equation.members)

    def _define_chain(self, left: Name, rest: list[Syntax], equation: Equation) -> None:
        """a = b = expression: b is another name of a, or a function whose name the last member explains."""
        last = rest[-1]
        for member in rest[:-1]:
            inner = member.base if isinstance(member, Indexed) else member
            if isinstance(inner, Name) and not isinstance(last, Name | Number):
                self._define(Definition(inner, last, equation.span))
                last = inner
            elif (head := _application(member)) and (known := _application(last)):
                self.sorted.same.append((head, known))
        self._define(Definition(left, last, equation.span))

    def _define(self, definition: Definition) -> None:
        name = definition.name.id
        if self.document.notation == "latex" and any(
            isinstance(part, Name) and part.id == name for part in walk(definition.value)
        ):
            line = self.place(definition.span).line
            self.sorted.notes.append(f"line {line}, {name} = … defines it by itself: no definition")
            return
        if isinstance(definition.value, Number) and self.document.notation == "latex":
            self.sorted.notes.append(f"{name} = {definition.value.value} is not used")
            return
        if name not in self.sorted.definitions:
            self.sorted.definitions[name] = definition
        elif self.document.notation == "python":
            raise ReadError(f"{name} is defined twice", place=self.place(definition.span),
                            remedy="give the second value another name: a name is one equation")  # fmt: skip
        else:
            line = self.place(definition.span).line
            self.sorted.notes.append(f"line {line} defines {name} again: the first definition is used")

    def _is_function_head(self, left: Syntax) -> bool:
        """σ(z) = …: a name applied to one plain name."""
        if not (isinstance(left, Juxtaposition) and len(left.items) == 2):
            return False
        name, group = left.items
        return (isinstance(name, Name) and isinstance(group, Group) and len(group.items) == 1
                and isinstance(group.items[0], Name | Indexed))  # fmt: skip

    def _is_known_function(self, left: Name) -> bool:
        return self.document.notation == "latex" and left.id in BY_SPELLING

    def _is_fact(self, left: Syntax, rest: list[Syntax], span: Span) -> bool:
        """1ᵀY = 1ᵀ: the columns of Y sum to 1; Y1 = 1: its rows do; A = Aᵀ is symmetric; QᵀQ = I is orthogonal."""
        if self.document.notation != "latex" or len(rest) != 1:
            return False
        found = _sums_to_one(left, rest[0]) or _of_matrix(left, rest[0])
        if found is not None:
            self.sorted.facts.append((*found, span))
        return found is not None

    def _find_cost(self) -> None:
        """A cost that is given only inside a derivative: ∂J/∂A = ∂(…)/∂A."""
        for members in self.sorted.claims:
            head = members[0]
            if not (isinstance(head, Partial) and isinstance(head.of, Name)):
                continue
            cost = head.of
            for member in members[1:]:
                if isinstance(member, Partial) and member.of is not None and member.wrt == _moved(head.wrt, member.wrt):
                    inner = _unwrap(member.of)
                    if cost.id not in self.sorted.definitions and not isinstance(inner, Name):
                        self.sorted.definitions[cost.id] = Definition(cost, inner, member.span, average=True)


def _application(node: Syntax) -> Name | None:
    """f of f(x)."""
    if isinstance(node, Juxtaposition) and len(node.items) == 2 and isinstance(node.items[1], Group):
        head = node.items[0]
        return head if isinstance(head, Name) else None
    return None


def _sums_to_one(left: Syntax, right: Syntax) -> tuple[Name, Syntax] | None:
    if not (isinstance(left, Juxtaposition) and len(left.items) == 2):
        return None
    first, second = left.items
    for name, ones, turned, axis in ((second, first, True, 0), (first, second, False, 1)):
        if _is_ones(ones, turned=turned) and _is_ones(right, turned=turned) and isinstance(name, Name):
            simplex = Name("simplex", r"\mathrm{simplex}", name.span)
            return name, Call(simplex, (Number(Fraction(axis), name.span),), (), name.span)
    return None


def _of_matrix(left: Syntax, right: Syntax) -> tuple[Name, Syntax] | None:
    """A = Aᵀ, QᵀQ = I, QQᵀ = I."""
    if isinstance(left, Transpose):
        left, right = right, left
    if isinstance(left, Name) and isinstance(right, Transpose) and isinstance(right.arg, Name):
        same = left.id == right.arg.id
        return (left, Name("symmetric", r"\mathrm{symmetric}", left.span)) if same else None
    match left:
        case Juxtaposition(items=(Transpose(arg=Name() as one), Name() as other)) | Juxtaposition(
            items=(Name() as other, Transpose(arg=Name() as one))
        ):
            if one.id == other.id and isinstance(right, Name) and right.id == "I":
                return other, Name("orthogonal", r"\mathrm{orthogonal}", other.span)
    return None


def _is_ones(node: Syntax, turned: bool) -> bool:
    if turned:
        return isinstance(node, Transpose) and _is_ones(node.arg, False)
    return isinstance(node, Name) and node.id == "ones"


def _moved(node: Syntax, like: Syntax) -> Syntax:
    """The same name at another place, so that names compare equal."""
    return replace(node, span=like.span) if isinstance(node, Name) and isinstance(like, Name) else node


def _unwrap(node: Syntax) -> Syntax:
    while isinstance(node, Group) and len(node.items) == 1:
        node = node.items[0]
    return node


def syntax_of(statement: Statement) -> list[Syntax]:
    """Every piece of syntax in a statement."""
    roots: tuple[Syntax, ...] = ()
    match statement:
        case Equation():
            roots = statement.members
        case UpdateSyntax():
            roots = (statement.target, statement.value)
        case Expression():
            roots = (statement.value,)
        case Declaration():
            roots = (statement.name,)
    return [part for root in roots for part in walk(root)]
