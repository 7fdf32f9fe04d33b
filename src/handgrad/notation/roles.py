"""What each symbol of a model is for, and the updates of its parameters."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from handgrad import evaluate
from handgrad.axes import Size
from handgrad.calculus import partial_symbol
from handgrad.errors import HandgradError
from handgrad.expr import Symbol, symbols
from handgrad.model import Roles, Update, abstract_functions, activations
from handgrad.notation.elaborate import Elaborator
from handgrad.notation.scope import TARGETS
from handgrad.notation.statements import Sorted
from handgrad.notation.syntax import Binary, Group, Juxtaposition, Name, Partial, Syntax, walk

COST_NAMES = ("J", "L", "C", "E", "loss", "cost", "Loss", "Cost")


def cost_names(sorted_: Sorted) -> list[str]:
    """The names that a cost may have: what the text differentiates first, then the usual ones."""
    claimed = [
        part.of.id
        for members in sorted_.claims
        for part in walk(members[0])
        if isinstance(part, Partial) and isinstance(part.of, Name)
    ]
    return [*claimed[:1], *COST_NAMES]


class RoleFinder:
    """Finds the cost, the updates and the roles among the equations of one document."""

    def __init__(self, elaborator: Elaborator, sorted_: Sorted, equations: tuple[Symbol, ...]) -> None:
        self.elaborator = elaborator
        self.scope = elaborator.scope
        self.sorted = sorted_
        self.equations = equations
        self.cost = self._cost()

    def _cost(self) -> Symbol | None:
        scalars = {equation.name: equation for equation in self.equations if not equation.shape}
        named = next((scalars[name] for name in cost_names(self.sorted) if name in scalars), None)
        wrong = next((e for name in cost_names(self.sorted) for e in self.equations if e.name == name), None)
        if named is None and wrong is not None and wrong.shape:
            return None  # it is the cost by its name, and no scalar: nothing else is taken for it
        return named or (list(scalars.values())[-1] if scalars else None)

    def updates(self, inputs: dict[str, Symbol]) -> tuple[Update, ...]:
        """The updates that the text writes, in the gradients' names; their numbers are added to the inputs."""
        cost = self.cost
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
                line = self.scope.place(update.span).line
                self.sorted.notes.append(f"line {line}, the update of {target.name}: {error.message}")
                continue
            found.append(Update(target, value))
            for symbol in symbols(value):
                if symbol.definition is None and symbol.partial is None:
                    inputs.setdefault(symbol.name, symbol)
        return tuple(found)

    def _gradient_names(self, value: Syntax, target: Symbol) -> list[str]:
        names = [f"d{target.name}", f"grad_{target.name}"]
        partials = [part.wrt for part in walk(value) if isinstance(part, Partial)]
        names += [f"∂/∂{wrt.id}" for wrt in partials if isinstance(wrt, Name)]
        return names

    def roles(self, inputs: tuple[Symbol, ...], examples: Size | None) -> Roles:
        """Data, target, prediction, parameters and numbers."""
        cost = self.cost
        numbers = tuple(s for s in inputs if not s.shape and s.name not in self.scope.parameters)
        tensors = tuple(s for s in inputs if s not in numbers)
        data = tuple(s for s in tensors if self.scope.is_data(s.name))
        parameters = tuple(s for s in tensors if s not in data)
        if not self.sorted.updates and self.scope.latex and cost is not None:
            needed = evaluate.inputs((cost,))  # claims may speak of any layer; the cost has some
            parameters = tuple(s for s in parameters if s in needed) or parameters
        target = next((s for s in data if s.name in TARGETS), None)
        if target is None and cost is not None and cost.definition is not None:
            target = next((s for s in data if s in symbols(cost.definition)), None)
        source = next((s for s in data if s is not target), None)
        output = self._output(target)
        return Roles(source, target, output, parameters, numbers, examples, cost,
                     abstract_functions(self.equations), activations(self.equations, parameters))  # fmt: skip

    def _output(self, target: Symbol | None) -> Symbol | None:
        """The last defined value of the target's shape that stands with it in an equation."""
        if target is None:
            return None
        for equation in reversed(self.equations):
            inside = symbols(equation.definition) if equation.definition is not None else ()
            if target in inside:
                found = [s for s in inside if s.definition is not None and s.shape == target.shape]
                if found:
                    return found[-1]
        return None


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
