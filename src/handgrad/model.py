"""A model: equations that were read, the shapes and facts of their symbols, and what had to be assumed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from handgrad.axes import Shape, Size, show
from handgrad.errors import DerivationError
from handgrad.expr import Call, Expr, Symbol, symbols, walk
from handgrad.functions import AbstractCost, AbstractFunction, Elementwise


@dataclass(frozen=True, slots=True)
class Update:
    """A parameter's update, `W ← W − α ∂J/∂W`, as an expression in the parameter and the gradient's name."""

    target: Symbol
    value: Expr


@dataclass(frozen=True, slots=True)
class Roles:
    """What each name is for: the data, the prediction, the parameters, the cost, the axis that counts examples."""

    input: Symbol | None
    target: Symbol | None
    output: Symbol | None
    parameters: tuple[Symbol, ...]
    hyperparameters: tuple[Symbol, ...]
    examples: Size | None
    cost: Symbol | None
    abstract: tuple[str, ...]
    activations: Mapping[str, Elementwise]

    def activation_of(self, parameter: str) -> Elementwise | None:
        """The scalar function that is applied to what the parameter makes: g for W in g(W X + b)."""
        return self.activations.get(parameter)


@dataclass(frozen=True, slots=True)
class Model:
    """Equations in order, each a symbol with its definition; see `handgrad.read` and `handgrad.parse`."""

    equations: tuple[Symbol, ...]
    inputs: tuple[Symbol, ...]
    inferred: frozenset[str]
    assumptions: tuple[str, ...]
    notes: tuple[str, ...]
    updates: tuple[Update, ...]
    roles: Roles
    source: str
    file: str
    notation: str
    let: tuple[tuple[str, str], ...] = ()
    examples: str = "many"

    @property
    def symbols(self) -> Mapping[str, Shape]:
        """The shape of every symbol by name, inputs first."""
        return MappingProxyType({s.name: s.shape for s in (*self.inputs, *self.equations)})

    def symbol(self, name: str) -> Symbol:
        """The symbol of a name; an unknown one is an error that lists the known ones."""
        for symbol in (*self.inputs, *self.equations):
            if symbol.name == name:
                return symbol
        known = ", ".join(self.symbols)
        raise DerivationError(f"there is no symbol {name}", remedy=f"choose one of: {known}")

    def text(self) -> str:
        """The equations, a line each, with the shapes of their symbols.

        >>> import handgrad as hg
        >>> print(hg.parse("x: n\\ny = x @ x").text())
        y = ‖x‖²        ()
        """
        lines = [f"{s.name} = {s.definition.text()}" for s in self.equations if s.definition is not None]
        width = max(map(len, lines), default=0)
        return "\n".join(
            f"{line:<{width}}        {show(s.shape)}" for line, s in zip(lines, self.equations, strict=True)
        )

    def __repr__(self) -> str:
        return self.text()


def activations(equations: tuple[Symbol, ...], parameters: tuple[Symbol, ...]) -> Mapping[str, Elementwise]:
    """For each parameter the first scalar function of the table that its affine map goes into."""
    place: dict[Expr, int] = {p: k for k, p in enumerate(parameters)}
    maker: dict[str, Expr] = {}
    for v in reversed(equations):
        inside = [p for p in symbols(v.definition or v) if p in place]
        maker.update((p.name, v) for p in sorted(inside, key=lambda p: place[p]))
    applied: dict[Expr, Elementwise] = {}
    for equation in equations:
        for node in walk(equation.definition or equation):
            if isinstance(node, Call) and isinstance(node.function, Elementwise):
                for arg in node.args:
                    applied.setdefault(arg, node.function)
    return MappingProxyType({name: applied[made] for name, made in maker.items() if made in applied})


def abstract_functions(equations: tuple[Symbol, ...]) -> tuple[str, ...]:
    """The names of functions that are applied but not defined."""
    names = {
        node.function.name: None
        for equation in equations
        for node in walk(equation.definition or equation)
        if isinstance(node, Call) and isinstance(node.function, AbstractFunction | AbstractCost)
    }
    return tuple(names)
