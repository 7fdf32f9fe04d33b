"""From a document to a model: which statements define, which claim, what each name is for.

>>> from handgrad.notation.python import read_python
>>> model = elaborate(read_python("W: (h, n)\\nZ = W @ X + b\\nJ = sum(Z ** 2)"))
>>> model.symbols["b"], model.roles.parameters
((Size('h'), Size(1)), (W, b))
"""

from __future__ import annotations

from collections.abc import Mapping

from handgrad.axes import ONE
from handgrad.calculus import UNNAMED
from handgrad.canonical import reduce_sum
from handgrad.errors import HandgradError, Place, ReadError, ShapeError, UndefinedSymbolError
from handgrad.expr import Expr, Symbol, symbols
from handgrad.functions import BY_SPELLING
from handgrad.model import Model, Roles, abstract_functions
from handgrad.notation.domains import DOMAINS, check_facts, facts_of, in_words
from handgrad.notation.elaborate import Elaborator
from handgrad.notation.identify import identify
from handgrad.notation.indexing import declared_size
from handgrad.notation.names import flat_name
from handgrad.notation.naming import name_arguments
from handgrad.notation.roles import RoleFinder, cost_names
from handgrad.notation.scope import DATA, Fn, Scope, extent
from handgrad.notation.size_names import SizeNamer
from handgrad.notation.statements import Definition, Sorted, Sorter, syntax_of
from handgrad.notation.syntax import (
    BigSum,
    Binary,
    Document,
    Indexed,
    Juxtaposition,
    Name,
    Number,
    Partial,
    Span,
    Syntax,
    arguments_of,
    terms_of_sum,
    walk,
)
from handgrad.notation.values import AnyShape, Free, Sizes, Value


def elaborate(document: Document, let: Mapping[str, str] | None = None, examples: str = "many") -> Model:
    """The model that a document describes.

    `let` names what abstract functions are, `{"g": "tanh"}`; `examples` is "many" or "one", how many columns
    (or rows) of data the equations are read for. Raises ReadError, UndefinedSymbolError or ShapeError.
    """
    if examples not in ("many", "one"):
        raise ReadError(f"examples is many or one, not {examples!r}", remedy='pass examples="one" for single columns')
    return _Reading(document, dict(let or {}), examples).model()


def _name_of(node: Syntax) -> str:
    return node.id if isinstance(node, Name) else "…"


def _plain(name: str) -> str:
    """A name with what is easily confused made equal: Z1, Zl, z_1; h and H stay apart."""
    plain = name.replace("_", "").translate(str.maketrans("lIoO", "1100"))
    return plain.lower() if any(character.isdigit() for character in plain) else plain


class _Reading:
    def __init__(self, document: Document, let: dict[str, str], examples: str) -> None:
        self.document = document
        self.examples = examples
        self.let = let
        self.sorted = Sorted()
        self.sizes = Sizes(self.place)
        self.scope = Scope(document.notation, self.sizes, self.place, let=self._functions(let))
        self.elaborator = Elaborator(self.scope)
        self.values: dict[str, Value] = {}
        self.namer = SizeNamer(self.scope, self.values, examples)
        self.built: dict[str, Symbol] = {}
        self.equation = ""

    def place(self, span: Span) -> Place:
        """Line and column of a span."""
        text = self.document.text
        start = text.rfind("\n", 0, span.start) + 1
        end = text.find("\n", span.start)
        line = text[start : end if end >= 0 else len(text)]
        return Place(text.count("\n", 0, start) + 1, span.start - start + 1, line, self.document.file, self.equation)

    @staticmethod
    def _functions(let: Mapping[str, str]) -> dict[str, Fn]:
        functions: dict[str, Fn] = {}
        for name, spelling in let.items():
            if spelling not in BY_SPELLING:
                raise UndefinedSymbolError(f"there is no function {spelling} to let {name} be",
                                           remedy=f"choose one of: {', '.join(sorted(BY_SPELLING))}")  # fmt: skip
            functions[name] = BY_SPELLING[spelling]
        return functions

    def _set_parameters(self) -> None:
        names: dict[str, None] = {}
        for update in self.sorted.updates:
            if isinstance(update.target, Name):
                names.setdefault(update.target.id)
        if not names:
            for members in self.sorted.claims:
                for part in (p for member in members for p in walk(member) if isinstance(p, Partial)):
                    wrt = part.wrt
                    if isinstance(wrt, Name) and wrt.id not in self.sorted.definitions and wrt.id not in DATA:
                        names.setdefault(wrt.id)
        self.scope.parameters = frozenset(names)

    def _declare(self) -> None:
        for declaration in self.sorted.declarations:
            name = declaration.name
            if declaration.sizes is not None:
                shape = tuple(declared_size(self.elaborator, size) for size in declaration.sizes)
                known = self.scope.free.get(name.id)
                if known is not None and known.shape is not None and known.shape != shape:
                    place = self.place(declaration.span)
                    raise ShapeError(f"{name.id} is declared twice, with different shapes", place=place,
                                     remedy="leave one of the two declarations out")  # fmt: skip
                facts = known.facts if known else ()
                free = self.scope.free[name.id] = Free(name.id, name.latex, None, facts)
                self.scope.give_shape(free, shape)
            if declaration.domain is not None:
                self._know(declaration.name, facts_of(declaration.domain), declaration.span)
        for name, domain, span in self.sorted.facts:
            self._know(name, facts_of(domain), span)
        for free in self.scope.free.values():
            for words in in_words(free.facts):
                self.scope.assume(f"{free.name} {words}, as declared")

    def _know(self, name: Name, facts: tuple[str, ...] | None, span: Span) -> None:
        """Note what is declared of a symbol; a fact that its shape does not allow is refused."""
        free = self.scope.free.setdefault(name.id, Free(name.id, name.latex, None, inferred=True))
        found, why = check_facts(facts, free.shape)
        if why:
            raise ReadError(f"the domain of {name.id} {why}", place=self.place(span), remedy=DOMAINS)
        free.facts = (*free.facts, *found)


    def _find_counts(self) -> None:
        """N of 1/N and of a sum up to N is a number, though it is upper case."""
        counts: set[str] = set()
        for part in (part for statement in self.document.statements for part in syntax_of(statement)):
            bounds: list[Syntax] = []
            if isinstance(part, BigSum) and part.upper is not None:
                bounds = [part.upper]
            elif isinstance(part, Binary) and part.op == "/" and isinstance(part.left, Number):
                bounds = list(part.right.items) if isinstance(part.right, Juxtaposition) else [part.right]
            counts.update(bound.id for bound in bounds if isinstance(bound, Name))
        self.scope.counts = frozenset(counts)

    def _find_twins(self) -> None:
        """x⁽ⁱ⁾ is column i of X where the text has both."""
        parts = [part for statement in self.document.statements for part in syntax_of(statement)]
        plain = {part.id for part in parts if isinstance(part, Name)}
        bases = [part.base for part in parts if isinstance(part, Indexed) and part.style == "example"]
        indexed = {base.id for base in bases if isinstance(base, Name)}
        for name in sorted(indexed):
            upper = name[0].upper() + name[1:]
            if name[0].islower() and upper in plain:
                self.scope.twins[name] = upper
                self.scope.assume(f"{name} with an example's index is a column of {upper}")

    def _define_functions(self) -> None:
        for name, argument, value in self.sorted.functions:
            known = self.scope.let.get(name.id) or BY_SPELLING.get(name.id)
            found = identify(value, argument)
            if found is not None:
                self.scope.functions[name.id] = found
                if known is None or found is not known:
                    self.scope.assume(f"{name.id} is {found.name}: the text's formula agrees with it")
            elif known is None:
                self.sorted.notes.append(f"the formula of {name.id} is no function of the table: it stays abstract")
            else:
                self.sorted.notes.append(f"the formula given for {name.id} could not be compared with {known.name}")
        for head, known_name in self.sorted.same:
            function = self.elaborator.function_named(known_name.id)
            if function is not None and self.elaborator.function_named(head.id) is None:
                self.scope.functions[head.id] = function

    def _order(self) -> list[str]:
        definitions_ = self.sorted.definitions
        order: list[str] = []
        state: dict[str, int] = {}
        for root in definitions_:
            stack = [(root, False)]
            while stack:
                name, done = stack.pop()
                if done:
                    order.append(name)
                    state[name] = 2
                    continue
                if state.get(name) == 2:
                    continue
                if state.get(name) == 1:
                    raise ReadError(f"{name} is defined by itself", place=self.place(definitions_[name].span),
                                    remedy="give the new value another name, or write an update: W -= ...")  # fmt: skip
                state[name] = 1
                stack.append((name, True))
                for needed in self._needs(definitions_[name].value):
                    if needed in definitions_ and state.get(needed) != 2:
                        stack.append((needed, False))
        return order

    def _needs(self, value: Syntax) -> list[str]:
        names = [part.id for part in walk(value) if isinstance(part, Name)]
        names += [flat_name(part).id for part in walk(value)
                  if isinstance(part, Indexed) and part.style == "element" and isinstance(part.base, Name)]  # fmt: skip
        return list(dict.fromkeys(self.scope.twins.get(name, name) for name in reversed(names)))

    def _elaborate_all(self) -> None:
        needed = self._needed_names()
        for name in self._order():
            definition = self.sorted.definitions[name]
            start, end = definition.span.start, definition.span.end
            self.equation = " ".join(self.document.text[start:end].split())
            saved = dict(self.scope.free)
            try:
                self.elaborator.numbers = self._numbers(name, definition)
                value = self._finish(definition, self.elaborator.value(definition.value))
                self._bind(name, definition, value)
            except HandgradError as error:
                if self.document.notation == "python" or not needed or name in needed:
                    raise
                self.scope.free = saved
                self.sorted.notes.append(f"line {self.place(definition.span).line}, {name} = …: {error.message}")
            self.equation = ""

    def _numbers(self, name: str, definition: Definition) -> frozenset[Syntax]:
        """The terms of a cost, or of what is declared a number, that are applications: they are numbers themselves."""
        declared = self.scope.free.get(name)
        number = declared is not None and declared.shape == ()
        if not number and name not in cost_names(self.sorted):
            return frozenset()
        applied = [(part, arguments_of(part)) for part in terms_of_sum(definition.value)]
        return frozenset(part for part, args in applied if args and (number or len(args) > 1))

    def _needed_names(self) -> set[str]:
        """What the cost needs, where a cost can be told by its name; all else may stay unread."""
        cost = next((name for name in cost_names(self.sorted) if name in self.sorted.definitions), None)
        if cost is None:
            return set()
        needed: set[str] = set()
        stack = [cost]
        while stack:
            name = stack.pop()
            if name not in needed and name in self.sorted.definitions:
                needed.add(name)
                stack.extend(self._needs(self.sorted.definitions[name].value))
        return needed

    def _finish(self, definition: Definition, value: Value) -> Value:
        """A cost that was read off a derivative is summed and averaged over the examples."""
        if not definition.average or not value.shape:
            return value
        name = definition.name.id

        def make() -> Expr:
            total = reduce_sum(value.make())
            for size in value.shape:
                if self.scope.is_example_axis(size):
                    return total / extent(self.sizes.final(size))
            return total

        self.scope.assume(
            f"{name} is given only inside a derivative: it is summed over outputs and averaged over examples"
        )
        return Value((), make, value.span)

    def _bind(self, name: str, definition: Definition, value: Value) -> None:
        declared = self.scope.free.pop(name, None)
        if declared is not None and declared.shape is not None:
            shapes = self.sizes.show(declared.shape), self.sizes.show(value.shape)
            shown = f"{name} is declared as {shapes[0]}, its equation has {shapes[1]}"
            value = self._as_declared(declared.shape, value, shown, definition.span)
        self.values[name] = value

        def make() -> Symbol:
            if name not in self.built:
                expr = value.make()
                facts = (UNNAMED,) if definition.unnamed else ()
                self.built[name] = Symbol(
                    name, expr.shape, latex=definition.name.latex, definition=expr, facts=facts
                )
            return self.built[name]

        self.scope.defined[name] = (value.shape, make)

    def _as_declared(self, shape: AnyShape, value: Value, message: str, span: Span) -> Value:
        if len(shape) == 1 and len(value.shape) == 2 and self.scope.latex:
            shape = (shape[0], ONE)
        if len(shape) != len(value.shape):
            raise ShapeError(message, place=self.place(span), remedy="correct one of the two")
        for declared, found in zip(shape, value.shape, strict=True):
            self.sizes.unify(declared, found, lambda: message, span, "correct one of the two")
        return value

    def model(self) -> Model:
        self.sorted = Sorter(self.document, self.place).sort()
        self.scope.explained = frozenset(self.sorted.explained)
        self._set_parameters()
        self._find_twins()
        self._find_counts()
        self._declare()
        self._define_functions()
        if not self.sorted.definitions:
            notes = list(self.sorted.notes)
            notes += [f"{_name_of(update.target)} = … updates it by itself" for update in self.sorted.updates]
            why = "".join(f"; {note}" for note in notes[:3])
            raise ReadError(f"there is no equation to read{why}",
                            remedy="write one a line: Z = W @ X + b, or $$Z = WX + b$$")  # fmt: skip
        self._elaborate_all()
        self._settle_rest()
        self.namer.run()
        equations = tuple(self.scope.defined[name][1]() for name in self.values)
        return self._assemble(self._name_arguments(equations))

    def _name_arguments(self, equations: tuple[Symbol, ...]) -> tuple[Symbol, ...]:
        fixed = frozenset(
            name for name, free in self.scope.free.items() if free.shape == () or self.scope.is_data(name)
        ) - self.scope.parameters
        taken = {*self.scope.free, *self.scope.size_names, *(s.name for s in equations)}
        equations, new = name_arguments(equations, fixed, taken)
        for symbol in equations:
            if symbol.name in new and symbol.definition is not None:
                self.scope.assume(f"{symbol.name} = {symbol.definition.text()} is given this name here")
        return equations

    def _settle_rest(self) -> None:
        for free in self.scope.free.values():
            if free.shape is None:
                self.elaborator.settled(self.elaborator.operand(Name(free.name, free.latex, Span(0, 0))))

    def _assemble(self, equations: tuple[Symbol, ...]) -> Model:
        inputs: dict[str, Symbol] = {}
        for equation in equations:
            assert equation.definition is not None
            for symbol in symbols(equation.definition):
                if symbol.definition is None:
                    inputs.setdefault(symbol.name, symbol)
        order = list(self.scope.free)  # as they first stand in the text
        inputs = dict(sorted(inputs.items(), key=lambda item: order.index(item[0]) if item[0] in order else -1))
        finder = RoleFinder(self.elaborator, self.sorted, equations)
        updates = finder.updates(inputs)
        roles = finder.roles(tuple(inputs.values()), self.namer.example_size())
        inferred = frozenset(name for name, free in self.scope.free.items() if free.inferred)
        self._check_let(equations)
        self._name_parameters(inputs, roles)
        return Model(
            equations, tuple(inputs.values()), inferred, tuple(self.scope.assumptions), tuple(self.sorted.notes),
            updates, roles, self.document.text, self.document.file, self.document.notation,
            tuple(sorted(self.let.items())), self.examples,
        )  # fmt: skip

    def _name_parameters(self, inputs: dict[str, Symbol], roles: Roles) -> None:
        """Say which undefined names are read as parameters; one that looks like a defined name is a slip."""
        guessed = [s.name for s in roles.parameters
                   if self.scope.free[s.name].inferred and s.name not in self.scope.parameters]  # fmt: skip
        known = {_plain(name): name for name in (*self.values, *(n for n in inputs if n not in guessed))}
        for name in guessed:
            twin = known.get(_plain(name))
            if twin is not None and self.document.notation == "python":
                remedy = f"did you mean {twin}? If not, declare its shape: {name}: ( … )"
                raise UndefinedSymbolError(f"{name} is not defined", remedy=remedy, place=self._first_use(name))
        if guessed:
            verb = "is a parameter" if len(guessed) == 1 else "are parameters"
            self.scope.assume(f"{', '.join(guessed)} {verb}: nothing defines {'it' if len(guessed) == 1 else 'them'}")

    def _first_use(self, name: str) -> Place | None:
        for statement in self.document.statements:
            for part in syntax_of(statement):
                if isinstance(part, Name) and part.id == name:
                    return self.place(part.span)
        return None

    def _check_let(self, equations: tuple[Symbol, ...]) -> None:
        for name in self.let:
            used = any(key == name or key.rstrip("0123456789") == name for key in self.scope.functions)
            if not used:
                abstract = ", ".join(abstract_functions(equations)) or "none"
                raise UndefinedSymbolError(f"nothing in the text is the abstract function {name}",
                                           remedy=f"the abstract functions are: {abstract}")  # fmt: skip
