"""The two passes of a program: the equations in order, then the named gradients in the order of their needs."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from handgrad.derivation import Sweep
from handgrad.expr import Expr, Symbol, definitions, symbols
from handgrad.model import Model
from handgrad.stable import stable


def forward(model: Model, of: Symbol) -> Iterator[tuple[Symbol, Expr]]:
    """The values that the scalar needs, each in its stable form."""
    for symbol in definitions([of]):
        if symbol.definition is not None:
            yield symbol, stable(symbol.definition)


def backward(sweep: Sweep, form: Callable[[Expr], Expr] = stable) -> Iterator[tuple[Symbol, Expr]]:
    """The gradients that are asked for and those that they are written with, each in its stable form.

    The one nearest to the scalar comes first.
    """
    by_gradient = {section.gradient: form(section.result) for section in sweep.sections}
    wanted = {section.gradient for section in sweep.sections if any(s is section.wrt for s, _ in sweep.gradients)}
    stack = list(wanted)
    while stack:
        for inner in symbols(by_gradient[stack.pop()]):
            if inner in by_gradient and inner not in wanted:
                wanted.add(inner)
                stack.append(inner)
    for section in sweep.sections:
        if section.gradient in wanted:
            yield section.gradient, by_gradient[section.gradient]
