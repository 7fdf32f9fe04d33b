"""From a document to a model: which statements define, which claim, what each name is for.

>>> from handgrad.notation.python import read_python
>>> model = elaborate(read_python("W: (h, n)\\nZ = W @ X + b\\nJ = sum(Z ** 2)"))
>>> {name: str(shape) for name, shape in model.symbols.items()}["b"], model.roles.parameters
('(Size('h'), Size(1))', (W, b))
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from handgrad import evaluate
from handgrad.axes import ONE, Shape, Size, SizeVariable
from handgrad.calculus import partial_symbol
from handgrad.canonical import reduce_sum
from handgrad.errors import HandgradError, Place, ReadError, ShapeError, UndefinedSymbolError
from handgrad.expr import Expr, Symbol, definitions, symbols
from handgrad.functions import BY_SPELLING
from handgrad.model import Model, Roles, Update, abstract_functions, activations
from handgrad.notation.elaborate import DATA, TARGETS, Elaborator, Fn, Scope, extent, joined
from handgrad.notation.identify import identify
from handgrad.notation.naming import name_arguments
from handgrad.notation.syntax import (
    BigSum,
    Binary,
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
    Sequence,
    Span,
    Statement,
    Syntax,
    Transpose,
    Unread,
    walk,
)
from handgrad.notation.syntax import Update as UpdateSyntax
from handgrad.notation.values import AnyShape, Free, Sizes, Value

COST_NAMES = ("J", "L", "C", "E", "loss", "cost", "Loss", "Cost")
EXAMPLE_NAMES = ("m", "N", "n", "M", "B")
EXPRESSION_NAMES = ("f", "F", "f_0", "F_0", *(f"f_{k}" for k in range(1, 200)))  # for an expression without a name
LETTERS = ("n", "h", "k", "p", "q", "r", "s", "u", "v", "w")


@dataclass(slots=True)
class Definition:
    """One defining equation: the name, its value's syntax, and how the value is finished (the cost's average)."""

    name: Name
    value: Syntax
    span: Span
    average: bool = False


@dataclass(slots=True)
class Sorted:
    """The statements of a document, told apart."""

    declarations: list[Declaration] = field(default_factory=list)
    definitions: dict[str, Definition] = field(default_factory=dict)
    functions: list[tuple[Name, Name | None, Syntax]] = field(default_factory=list)
    claims: list[tuple[Syntax, ...]] = field(default_factory=list)
    updates: list[UpdateSyntax] = field(default_factory=list)
    facts: list[tuple[str, int]] = field(default_factory=list)
    same: list[tuple[Name, Name]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def elaborate(document: Document, let: Mapping[str, str] | None = None, examples: str = "many") -> Model:
    """The model that a document describes.

    `let` names what abstract functions are, `{"g": "tanh"}`; `examples` is "many" or "one", how many columns
    (or rows) of data the equations are read for. Raises ReadError, UndefinedSymbolError or ShapeError.
    """
    return _Reading(document, dict(let or {}), examples).model()


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

    # Telling statements apart

    def _sort(self) -> None:
        for statement in self.document.statements:
            self._sort_one(statement)
        self._find_cost()

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
                self._define(Definition(Name(name, name, statement.span), statement.value, statement.span))
            case Unread() if "=" in statement.source:
                line = self.place(statement.span).line
                self.sorted.notes.append(f"line {line} is not an equation that can be read: {statement.why}")

    def _is_alone(self) -> bool:
        """Whether a text has no equation: a bare expression in it is then what is meant."""
        return not any(isinstance(statement, Equation) for statement in self.document.statements)

    def _sort_equation(self, equation: Equation) -> None:
        left, *rest = equation.members
        if self.document.notation == "latex" and isinstance(left, Indexed):
            left = left.base if left.style == "example" else joined(left) if isinstance(left.base, Name) else left
        if equation.continues or any(isinstance(part, Partial) for part in walk(left)):
            self.sorted.claims.append(equation.members)
        elif self._is_fact(left, rest):
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
            self.sorted.notes.append(f"line {line}, {name} = … is a recurrence or an update, not a definition")
            return
        if isinstance(definition.value, Number) and self.document.notation == "latex":
            self.sorted.notes.append(f"{name} = {definition.value.value} is not used")
            return
        if name not in self.sorted.definitions:
            self.sorted.definitions[name] = definition
        elif self.document.notation == "python":
            raise ReadError(f"{name} is defined twice", place=self.place(definition.span),
                            remedy="give the second value another name: a name is an equation here, not a variable")  # fmt: skip
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

    def _is_fact(self, left: Syntax, rest: list[Syntax]) -> bool:
        """1ᵀY = 1ᵀ: the columns of Y sum to 1; Y1 = 1: its rows do."""
        if not (isinstance(left, Juxtaposition) and len(left.items) == 2 and len(rest) == 1):
            return False
        first, second = left.items
        if _is_ones(first, turned=True) and _is_ones(rest[0], turned=True) and isinstance(second, Name):
            self.sorted.facts.append((second.id, 0))
            return True
        if _is_ones(second, turned=False) and _is_ones(rest[0], turned=False) and isinstance(first, Name):
            self.sorted.facts.append((first.id, 1))
            return True
        return False

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

    # Names and what they are for

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
                shape = tuple(self._size(size) for size in declaration.sizes)
                known = self.scope.free.get(name.id)
                if known is not None and known.shape is not None and known.shape != shape:
                    raise ShapeError(f"{name.id} is declared twice, with different shapes", place=self.place(declaration.span))
                facts = known.facts if known else ()
                self.scope.free[name.id] = Free(name.id, name.latex, shape, facts)
            if declaration.domain is not None:
                self._declare_domain(declaration)
        for name_id, axis in self.sorted.facts:
            free = self.scope.free.setdefault(name_id, Free(name_id, name_id, None, inferred=True))
            free.facts = (*free.facts, f"sums to one along axis {axis}")

    def _size(self, node: Syntax) -> Size:
        if isinstance(node, Number) and node.value.denominator == 1 and node.value > 0:
            return Size.of(int(node.value))
        if isinstance(node, Indexed) and isinstance(node.base, Name):
            node = joined(node)
        if isinstance(node, Name):
            self.scope.size_names.add(node.id)
            return Size.of(node.id)
        raise ReadError("a size is a positive whole number or a name", place=self.place(node.span))

    def _declare_domain(self, declaration: Declaration) -> None:
        name, domain = declaration.name, declaration.domain
        free = self.scope.free.setdefault(name.id, Free(name.id, name.latex, None, inferred=True))
        match domain:
            case Sequence(items=(Number(value=low), Number(value=high))) if low == 0 and high == 1:
                free.facts = (*free.facts, "binary")
            case Call(function=Name(id="onehot" | "simplex"), args=args):
                axis = args[0] if args else None
                number = int(axis.value) if isinstance(axis, Number) else len(free.shape or ()) - 1
                free.facts = (*free.facts, f"sums to one along axis {number}")
            case _:
                raise ReadError(
                    f"the domain of {name.id} is not one that can be read", place=self.place(declaration.span),
                    remedy="write {0, 1}, onehot(axis) or simplex(axis)",
                )  # fmt: skip

    def _find_twins(self) -> None:
        """x⁽ⁱ⁾ is column i of X where the text has both."""
        parts = [part for statement in self.document.statements for part in _syntax(statement)]
        plain = {part.id for part in parts if isinstance(part, Name)}
        indexed = {part.base.id for part in parts
                   if isinstance(part, Indexed) and part.style == "example" and isinstance(part.base, Name)}  # fmt: skip
        for name in sorted(indexed):
            upper = name[0].upper() + name[1:]
            if name[0].islower() and upper in plain:
                self.scope.twins[name] = upper
                self.scope.assume(f"{name} with an example's index is a column of {upper}")

    # Functions that the text defines

    def _define_functions(self) -> None:
        for name, argument, value in self.sorted.functions:
            known = self.scope.let.get(name.id) or BY_SPELLING.get(name.id)
            found = identify(value, argument)
            if found is not None:
                self.scope.functions[name.id] = found
                if known is None or found is not known:
                    self.scope.assume(f"{name.id} is {found.name}: the text's formula agrees with it")
            elif known is None:
                self.sorted.notes.append(f"the formula of {name.id} is not one of the table's functions: it stays abstract")
            else:
                self.sorted.notes.append(f"the formula given for {name.id} could not be compared with {known.name}")
        for head, known_name in self.sorted.same:
            function = self.elaborator.function_named(known_name.id)
            if function is not None and self.elaborator.function_named(head.id) is None:
                self.scope.functions[head.id] = function

    # Elaborating the definitions in the order of their needs

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
        names += [joined(part).id for part in walk(value)
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
                value = self._finish(definition, self.elaborator.value(definition.value))
                self._bind(name, definition, value)
            except HandgradError as error:
                if self.document.notation == "python" or not needed or name in needed:
                    raise
                self.scope.free = saved
                self.sorted.notes.append(f"line {self.place(definition.span).line}, {name} = …: {error.message}")
            self.equation = ""

    def _needed_names(self) -> set[str]:
        """What the cost needs, where a cost can be told by its name; all else may stay unread."""
        cost = next((name for name in self._cost_names() if name in self.sorted.definitions), None)
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

    def _cost_names(self) -> list[str]:
        claimed = [
            part.of.id
            for members in self.sorted.claims
            for part in walk(members[0])
            if isinstance(part, Partial) and isinstance(part.of, Name)
        ]
        return [*claimed[:1], *COST_NAMES]

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
            f"{name} is given only inside a derivative: it is read as the sum over outputs and the average over examples"
        )
        return Value((), make, value.span)

    def _bind(self, name: str, definition: Definition, value: Value) -> None:
        declared = self.scope.free.pop(name, None)
        if declared is not None and declared.shape is not None:
            shown = f"{name} is declared as {self.sizes.show(declared.shape)}, its equation has {self.sizes.show(value.shape)}"
            value = self._as_declared(declared.shape, value, shown, definition.span)
        self.values[name] = value

        def make() -> Symbol:
            if name not in self.built:
                expr = value.make()
                self.built[name] = Symbol(name, expr.shape, latex=definition.name.latex, definition=expr)
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

    # Finishing

    def model(self) -> Model:
        self._sort()
        self._set_parameters()
        self._find_twins()
        self._declare()
        self._define_functions()
        if not self.sorted.definitions:
            raise ReadError("there is no equation to read", remedy="write one a line: Z = W @ X + b, or $$Z = WX + b$$")
        self._elaborate_all()
        self._settle_rest()
        self._name_sizes()
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

    def _name_sizes(self) -> None:
        """Names for sizes that the text does not name: m for examples, n_k for what layer k makes."""
        example = self._example_class()
        if example is not None:
            if self.examples == "one":
                self._read_one_example(example)
            elif isinstance(example, SizeVariable):
                name = next((n for n in EXAMPLE_NAMES if self._is_free_number(n)), "m")
                self._claim(example, name)
                self.scope.assume(f"{name} is the number of examples")
        for label, shape in self._labelled_shapes():
            for size in shape:
                root = self.sizes.resolve(size)
                if isinstance(root, SizeVariable) and root not in self.sizes.names:
                    self._claim(root, self._size_name(label))

    def _example_class(self) -> Size | SizeVariable | None:
        for free in self.scope.free.values():
            for size in free.shape or ():
                root = self.sizes.resolve(size)
                if not root.is_one and self.scope.is_data(free.name) and self.scope.is_example_axis(root):
                    return root
        return None

    def _is_free_number(self, name: str) -> bool:
        free = self.scope.free.get(name)
        return free is not None and free.shape == ()

    def _read_one_example(self, example: Size | SizeVariable) -> None:
        self.scope.assume("the equations are read for one example: data are single columns")
        if isinstance(example, SizeVariable):
            self.sizes.unifier.unify(example, ONE)
            name = next((n for n in EXAMPLE_NAMES if self._is_free_number(n)), None)
            if name is not None:
                self.scope.size_names.add(name)
                self.sizes.replaced[Size.of(name)] = ONE
                del self.scope.free[name]
        else:
            self.sizes.replaced[example] = ONE

    def _claim(self, variable: SizeVariable, name: str) -> None:
        self.sizes.names[variable] = Size.of(name)
        self.scope.size_names.add(name)
        self.scope.free.pop(name, None)

    def _labelled_shapes(self) -> list[tuple[str, AnyShape]]:
        """Free data first, then what the layers make, then the rest."""
        data = [(name, free.shape or ()) for name, free in self.scope.free.items() if self.scope.is_data(name)]
        data = [(name, shape) for name, shape in data if name not in TARGETS]
        made = [(name, value.shape) for name, value in self.values.items()]
        rest = [(name, free.shape or ()) for name, free in self.scope.free.items()]
        return data + made + rest

    def _size_name(self, label: str) -> str:
        digits = label[len(label.rstrip("0123456789")) :]
        taken = self.scope.size_names | set(self.scope.free) | set(self.values)
        layered = f"n_{digits or 0}" if digits or label in DATA else ""
        if layered and layered not in taken:
            return layered
        return next((n for n in LETTERS if n not in taken), f"n_{len(taken)}")

    def _assemble(self, equations: tuple[Symbol, ...]) -> Model:
        inputs: dict[str, Symbol] = {}
        for equation in equations:
            assert equation.definition is not None
            for symbol in symbols(equation.definition):
                if symbol.definition is None:
                    inputs.setdefault(symbol.name, symbol)
        order = list(self.scope.free)  # as they first stand in the text
        inputs = dict(sorted(inputs.items(), key=lambda item: order.index(item[0]) if item[0] in order else -1))
        updates = self._updates(equations, inputs)
        roles = self._roles(equations, tuple(inputs.values()), updates)
        inferred = frozenset(name for name, free in self.scope.free.items() if free.inferred)
        self._check_let(equations)
        return Model(
            equations, tuple(inputs.values()), inferred, tuple(self.scope.assumptions), tuple(self.sorted.notes),
            updates, roles, self.document.text, self.document.file, self.document.notation,
            tuple(sorted(self.let.items())), self.examples,
        )  # fmt: skip

    def _check_let(self, equations: tuple[Symbol, ...]) -> None:
        for name in self.let:
            used = any(key == name or key.rstrip("0123456789") == name for key in self.scope.functions)
            if not used:
                abstract = ", ".join(abstract_functions(equations)) or "none"
                raise UndefinedSymbolError(f"nothing in the text is the abstract function {name}",
                                           remedy=f"the abstract functions are: {abstract}")  # fmt: skip

    def _updates(self, equations: tuple[Symbol, ...], inputs: dict[str, Symbol]) -> tuple[Update, ...]:
        cost = self._cost(equations)
        found = []
        for update in self.sorted.updates:
            if cost is None or not isinstance(update.target, Name) or update.target.id not in inputs:
                continue
            target = inputs[update.target.id]
            for name in self._gradient_names(update.value, target):
                gradient = partial_symbol(cost, target)
                self.scope.defined[name] = (gradient.shape, _always(gradient))
            try:
                value = self.elaborator.value(_named_gradients(update.value)).make()
            except HandgradError as error:
                line = self.place(update.span).line
                self.sorted.notes.append(f"line {line}, the update of {target.name}: {error.message}")
                continue
            found.append(Update(target, value))
            for symbol in symbols(value):
                if symbol.definition is None and symbol.partial is None:
                    inputs.setdefault(symbol.name, symbol)
        return tuple(found)

    def _gradient_names(self, value: Syntax, target: Symbol) -> list[str]:
        names = [f"d{target.name}", f"grad_{target.name}"]
        names += [f"∂/∂{part.wrt.id}" for part in walk(value) if isinstance(part, Partial) and isinstance(part.wrt, Name)]
        return names

    def _cost(self, equations: tuple[Symbol, ...]) -> Symbol | None:
        scalars = {equation.name: equation for equation in equations if not equation.shape}
        named = next((scalars[name] for name in self._cost_names() if name in scalars), None)
        return named or (list(scalars.values())[-1] if scalars else None)

    def _roles(self, equations: tuple[Symbol, ...], inputs: tuple[Symbol, ...], updates: tuple[Update, ...]) -> Roles:
        cost = self._cost(equations)
        numbers = tuple(s for s in inputs if not s.shape and s.name not in self.scope.parameters)
        tensors = tuple(s for s in inputs if s not in numbers)
        data = tuple(s for s in tensors if self.scope.is_data(s.name))
        parameters = tuple(s for s in tensors if s not in data)
        if not self.sorted.updates and self.document.notation == "latex" and cost is not None:
            needed = evaluate.inputs((cost,))  # claims may speak of any layer; the cost has some
            parameters = tuple(s for s in parameters if s in needed) or parameters
        parts = [*([cost.definition] if cost and cost.definition else [])]
        parts += [s.definition for s in definitions(parts) if s.definition is not None]
        target = next((s for s in data if s.name in TARGETS), None)
        if target is None and cost is not None and cost.definition is not None:
            target = next((s for s in data if s in symbols(cost.definition)), None)
        source = next((s for s in data if s is not target), None)
        output = self._output(equations, target, cost)
        root = self._example_size()
        return Roles(source, target, output, parameters, numbers, root, cost,
                     abstract_functions(equations), activations(equations, parameters))  # fmt: skip

    def _output(self, equations: tuple[Symbol, ...], target: Symbol | None, cost: Symbol | None) -> Symbol | None:
        """The last defined value of the target's shape that stands with it in an equation."""
        if target is None:
            return None
        for equation in reversed(equations):
            inside = symbols(equation.definition) if equation.definition is not None else ()
            if target in inside:
                found = [s for s in inside if s.definition is not None and s.shape == target.shape]
                if found:
                    return found[-1]
        return None

    def _example_size(self) -> Size | None:
        example = self._example_class()
        if example is None or self.examples == "one":
            return None
        return self.sizes.final(example)


def _always(symbol: Symbol) -> Callable[[], Symbol]:
    return lambda: symbol


def _named_gradients(value: Syntax) -> Syntax:
    """∂J/∂W in an update as the one name `∂/∂W`."""
    if isinstance(value, Partial) and isinstance(value.wrt, Name):
        return Name(f"∂/∂{value.wrt.id}", "", value.span)
    if isinstance(value, Binary):
        return replace(value, left=_named_gradients(value.left), right=_named_gradients(value.right))
    if isinstance(value, Juxtaposition | Group):
        return replace(value, items=tuple(map(_named_gradients, value.items)))
    return value


def _application(node: Syntax) -> Name | None:
    """f of f(x)."""
    if isinstance(node, Juxtaposition) and len(node.items) == 2 and isinstance(node.items[1], Group):
        head = node.items[0]
        return head if isinstance(head, Name) else None
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


def _syntax(statement: Statement) -> list[Syntax]:
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


__all__ = ["BigSum", "Shape", "elaborate"]
