"""Readable source of the forward and backward pass, printed from the forms that the engine runs."""

from __future__ import annotations

import re
from collections.abc import Iterator

from handgrad.axes import show
from handgrad.derivation import Sweep
from handgrad.errors import DerivationError
from handgrad.expr import Expr, Symbol
from handgrad.functions import AbstractCost, AbstractFunction
from handgrad.matrix import Apply, Form, Leaf, Matmul, Transposed, matrix_form, parts
from handgrad.model import Model
from handgrad.program.emitter import Emitter
from handgrad.program.identifiers import Names
from handgrad.program.languages import LANGUAGES, helpers_for
from handgrad.program.passes import backward, forward


def source(model: Model, sweep: Sweep, language: str) -> str:
    """The module text: `forward` and `backward`. In `sweep` every gradient has a name.

    Vectors of one axis are columns in the formulas; the functions reshape them on entry and on return. Raises
    DerivationError for a language that is not known or has no spelling of a function.
    """
    if language not in LANGUAGES:
        raise DerivationError(f"there is no source code in {language}", remedy=f"ask for one of {', '.join(LANGUAGES)}")
    return _Module(model, sweep, language).text()


class _Module:
    def __init__(self, model: Model, sweep: Sweep, language: str) -> None:
        self.model = model
        self.sweep = sweep
        self.language = LANGUAGES[language]
        self.layout = self.language.layout
        self.forward = list(forward(model, sweep.of))
        self.backward = list(backward(sweep))
        inside = {s for _, expr in self.forward for s in _symbols(expr)}  # what only updates need is left out
        self.inputs = list({s.name: s for s in model.inputs if s in inside}.values())
        self.names = Names(self.language)
        for symbol in (*self.inputs, *(symbol for symbol, _ in self.forward)):
            self.names.symbol(symbol)

    def text(self) -> str:
        body = [*self._forward(), "", "", *self._backward()]
        code = "\n".join(body)
        head = [self.layout.module.format("Forward and backward pass, as derived by Handgrad.")]
        imports = [line for pattern, line in self.language.imports if re.search(pattern, code)]
        if imports:
            head += ["", *imports]
        if self.language.entrywise:
            head += [part for helper in helpers_for(code) for part in ("", helper)]
        return "\n".join([*head, "", "", code]) + "\n"

    def _function(self, name: str, parameters: list[str], doc: str, lines: list[str]) -> list[str]:
        opened = self.layout.function.format(name, ", ".join(parameters))
        inner = [self.layout.doc.format(doc), *lines]
        return [opened, *(self.layout.indent + line for line in inner), *self.layout.end]

    def _parameters(self) -> list[str]:
        abstract = [self.names.of("function", name) for name in self.model.roles.abstract]
        return [*map(self.names.symbol, self.inputs), *abstract]

    def _emitter(self) -> Emitter:
        return Emitter(self.language, self.names, self.names.symbol(self.inputs[0]) if self.inputs else "")

    def _forward(self) -> list[str]:
        emitter = self._emitter()
        lines = [
            self.layout.assign.format(self.names.symbol(symbol), emitter.expression(expr))
            for symbol, expr in self.forward
        ]
        values = ", ".join(self.names.symbol(symbol) for symbol, _ in self.forward)
        shapes = "; ".join(f"{self.names.symbol(s)} {show(s.shape)}" for s in self.inputs)
        doc = f"{self.sweep.of.name} and the intermediate values. Shapes: {shapes}."
        lines = [*self._entry(emitter), *lines, self.layout.values.format(values)]
        return self._function("forward", self._parameters(), doc, lines)

    def _backward(self) -> list[str]:
        emitter = self._emitter()
        lines = [
            self.layout.assign.format(self.names.symbol(symbol), emitter.expression(expr))
            for symbol, expr in self.backward
        ]
        value_of = dict(self.backward)
        gradients = [
            f'"{symbol.name}": {self._returned(emitter, section.gradient, value_of[section.gradient])}'
            for symbol, _ in self.sweep.gradients
            for section in self.sweep.sections
            if section.wrt is symbol
        ]
        values = [self.names.symbol(symbol) for symbol, _ in self.forward]
        primes = sorted({self.names.function(f) for f in self._abstract() if f.source_name != f.name})
        doc = f"The gradients of {self.sweep.of.name}; dW is ∂{self.sweep.of.name}/∂W, of W's shape."
        lines = [*self._entry(emitter), *lines, self.layout.gradients.format(", ".join(gradients))]
        return self._function("backward", [*self._parameters(), *values, *primes], doc, lines)

    def _returned(self, emitter: Emitter, gradient: Symbol, value: Expr) -> str:
        """A gradient in its symbol's shape: a column as a vector, a 1 × 1 matrix as a number."""
        name = self.names.symbol(gradient)
        if gradient.rank == 1:
            return emitter.write("flat", name)
        return emitter.write("squeeze", name) if gradient.rank == 0 and _may_be_matrix(value) else name

    def _abstract(self) -> list[AbstractFunction | AbstractCost]:
        functions = [form.function for _, e in self.backward for form in _walk(e) if isinstance(form, Apply)]
        return [function for function in functions if isinstance(function, AbstractFunction | AbstractCost)]

    def _entry(self, emitter: Emitter) -> list[str]:
        """Inputs as the formulas have them, and the sizes that stand in the code."""
        lines = []
        for symbol in self.inputs:
            name = self.names.symbol(symbol)
            if symbol.rank == 1:
                lines.append(self.layout.rebind.format(name, emitter.write("column", name)))
            elif "tensor" in self.language.operations:
                lines.append(self.layout.rebind.format(name, emitter.write("tensor", name)))
        places = {size.name: (s, axis) for s in reversed(self.inputs) for axis, size in enumerate(s.shape)}
        for size in sorted(emitter.sizes):
            symbol, axis = places[size]
            extent = emitter.write("extent", self.names.symbol(symbol), str(axis))
            lines.append(self.layout.assign.format(self.names.of("size", size), extent))
        return lines


def _may_be_matrix(expr: Expr) -> bool:
    """Whether a number may come as a 1 × 1 matrix."""
    return any(
        isinstance(form, Matmul | Transposed) or (isinstance(form, Leaf) and 0 < form.expr.rank <= 2)
        for form in _walk(expr)
    )


def _symbols(expr: Expr) -> set[Symbol]:
    return {form.expr for form in _walk(expr) if isinstance(form, Leaf) and isinstance(form.expr, Symbol)}


def _walk(expr: Expr) -> Iterator[Form]:
    stack: list[Form] = [matrix_form(expr)]
    while stack:
        form = stack.pop()
        yield form
        stack.extend(parts(form))
