"""Gives a name to what stands unnamed inside a function: Z1 = X W1 + b1 in A1 = tanh(X W1 + b1).

Several gradients pass through such a part, and a derivation needs a name to say ∂J/∂Z1 once.
"""

from __future__ import annotations

from collections.abc import Iterable

from handgrad.expansion import with_args
from handgrad.expr import Call, Expr, Power, Product, Sum, Symbol, rebuild, symbols


def name_arguments(
    equations: Iterable[Symbol], fixed: frozenset[str], taken: Iterable[str]
) -> tuple[tuple[Symbol, ...], tuple[str, ...]]:
    """The equations with compound arguments named, and the new names.

    An argument gets a name where two or more symbols that are not `fixed` (data, numbers) feed it.
    """
    namer = _Namer(fixed, set(taken))
    for equation in equations:
        namer.add(equation)
    return tuple(namer.equations), tuple(namer.new)


def _is_quotient(arg: Expr) -> bool:
    """Whether an expression is one name divided by another, entry by entry."""
    if not isinstance(arg, Product) or len(arg.operands) != 2 or len({labels for _, labels in arg.operands}) > 1:
        return False
    inverted = [part for part in arg.args if isinstance(part, Power) and part.exponent == -1]
    return len(inverted) == 1 and all(isinstance(getattr(part, "base", part), Symbol) for part in arg.args)


class _Namer:
    def __init__(self, fixed: frozenset[str], taken: set[str]) -> None:
        self.fixed = fixed
        self.taken = taken
        self.equations: list[Symbol] = []
        self.new: list[str] = []
        self.renewed: dict[Expr, Expr] = {}
        self.owner = Symbol("", ())

    def add(self, equation: Symbol) -> None:
        assert equation.definition is not None
        self.owner = equation
        definition = rebuild(equation.definition, self._change)
        if definition is equation.definition:
            self.equations.append(equation)
            return
        renewed = Symbol(
            equation.name, equation.shape, latex=equation.latex_name, definition=definition, facts=equation.facts
        )
        self.renewed[equation] = renewed
        self.equations.append(renewed)

    def _change(self, node: Expr, args: tuple[Expr, ...]) -> Expr:
        if isinstance(node, Symbol):
            return self.renewed.get(node, node)
        if isinstance(node, Call):
            args = tuple(self._name(arg) if self._wants_name(arg) else arg for arg in args)
        return with_args(node, args)

    def _wants_name(self, arg: Expr) -> bool:
        if not isinstance(arg, Sum | Product | Power):
            return False
        if _is_quotient(arg):  # p/q reads well as it is
            return False
        return sum(symbol.name not in self.fixed for symbol in symbols(arg)) > 1

    def _name(self, arg: Expr) -> Expr:
        known = next((s for s in self.equations if s.definition is arg), None)
        if known is not None:
            return known
        name, latex = self._fresh()
        symbol = Symbol(name, arg.shape, latex=latex, definition=arg)
        self.equations.append(symbol)
        self.new.append(name)
        return symbol

    def _fresh(self) -> tuple[str, str]:
        """Z1 for A1; else Z with the first free number."""
        base = self.owner.name
        if base[0] in "Aa":
            letter = "Z" if base[0] == "A" else "z"
            candidates = [(letter + base[1:], letter + self.owner.latex_name[1:])]
        else:
            candidates = []
        candidates += [(f"Z{k}", f"Z_{{{k}}}") for k in range(1, len(self.taken) + 2)]
        found = next(candidate for candidate in candidates if candidate[0] not in self.taken)
        self.taken.add(found[0])
        return found
