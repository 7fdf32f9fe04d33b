"""Readable NumPy source of the forward and backward pass, printed from the forms that the engine runs."""

from __future__ import annotations

import keyword
import re
from collections.abc import Iterable, Iterator
from fractions import Fraction

from handgrad.axes import Size, show
from handgrad.calculus import ReverseSweep
from handgrad.derivation import Sweep
from handgrad.errors import DerivationError
from handgrad.expr import Expr, Extent, Symbol
from handgrad.functions import AbstractFunction, AlongAxis
from handgrad.matrix import (
    Apply,
    Commutation,
    Constant,
    Diagonal,
    Form,
    Grouped,
    Hadamard,
    Identity,
    Index,
    Kronecker,
    Leaf,
    Linear,
    Matmul,
    MatrixPower,
    Measure,
    Ones,
    Powered,
    RunningPower,
    Series,
    Spread,
    Transposed,
    Vec,
    matrix_form,
    parts,
    unrolled,
)
from handgrad.model import Model
from handgrad.program.passes import backward, forward

SUM, PRODUCT, POWER, ATOM = range(4)
Code = tuple[str, int]


def numpy_source(model: Model, sweep: Sweep) -> str:
    """The module text: `forward`, `backward` and, where the model has updates, what they are.

    Vectors of one axis are columns in the formulas; the functions reshape them on entry and on return.
    """
    wrt = tuple(symbol for symbol, _ in sweep.gradients)
    named = ReverseSweep(sweep.of, wrt, inline_weight=0).run()
    return _Module(model, named).text()


class _Module:
    def __init__(self, model: Model, sweep: Sweep) -> None:
        self.model = model
        self.sweep = sweep
        self.forward = list(forward(model, sweep.of))
        self.backward = list(backward(sweep))
        self.emitter = Emitter()

    def text(self) -> str:
        body = [*self._forward(), "", "", *self._backward()]
        imports = ["import numpy as np"]
        if any("special." in line for line in body):
            imports.append("from scipy import special")
        head = ['"""Forward and backward pass, as derived by Handgrad."""', "", *imports, "", ""]
        return "\n".join(head + body) + "\n"

    def _signature(self) -> str:
        names = [identifier(symbol) for symbol in self._inputs()]
        names += [identifier_of(name) for name in self.model.roles.abstract]
        return ", ".join(names)

    def _inputs(self) -> list[Symbol]:
        used: dict[str, Symbol] = {}
        for symbol in self.model.inputs:
            if symbol not in self._only_in_updates():
                used.setdefault(symbol.name, symbol)
        return list(used.values())

    def _only_in_updates(self) -> set[Symbol]:
        inside = {s for _, expr in self.forward for s in _symbols(expr)}
        return {s for s in self.model.inputs if s not in inside}

    def _forward(self) -> list[str]:
        lines = [f"def forward({self._signature()}):"]
        shapes = "; ".join(f"{identifier(s)} {show(s.shape)}" for s in self._inputs())
        lines.append(f'    """{self.sweep.of.name} and the intermediate values. Shapes: {shapes}."""')
        lines += self._entry(self._inputs())
        values = []
        for symbol, expr in self.forward:
            code = self.emitter.expression(expr)
            lines.append(f"    {identifier(symbol)} = {code}")
            values.append(identifier(symbol))
        lines.append(f"    return {', '.join(values)}")
        return lines

    def _abstract(self) -> list[AbstractFunction]:
        forms = [form for _, expr in self.backward for form in _walk(expr)]
        functions = [form.function for form in forms if isinstance(form, Apply)]
        return [function for function in functions if isinstance(function, AbstractFunction)]

    def _entry(self, symbols: list[Symbol]) -> list[str]:
        lines = [f"    {identifier(s)} = {identifier(s)}.reshape(-1, 1)" for s in symbols if s.rank == 1]
        sizes = {
            size.name: (s, axis)
            for s in reversed(symbols)
            for axis, size in enumerate(s.shape)
            if size.value is None
        }
        needed = _extents(expr for _, expr in (*self.forward, *self.backward))
        for name, (symbol, axis) in sorted(sizes.items()):
            if name in needed:
                lines.append(f"    {identifier_of(name)} = {identifier(symbol)}.shape[{axis}]")
        return lines

    def _backward(self) -> list[str]:
        values = [identifier(symbol) for symbol, _ in self.forward]
        primes = sorted({f"{identifier_of(f.name)}{'_prime' * f.order}" for f in self._abstract() if f.order})
        lines = [f"def backward({', '.join([self._signature(), *values, *primes])}):"]
        lines.append(f'    """The gradients of {self.sweep.of.name}; dW is ∂{self.sweep.of.name}/∂W, of W\'s shape."""')
        lines += self._entry(self._inputs())
        for symbol, expr in self.backward:
            lines.append(f"    {identifier(symbol)} = {self.emitter.expression(expr)}")
        wanted = []
        for symbol, _ in self.sweep.gradients:
            name = f"d{identifier(symbol)}"
            wanted.append(f'"{symbol.name}": {name}.ravel()' if symbol.rank == 1 else f'"{symbol.name}": {name}')
        lines.append(f"    return {{{', '.join(wanted)}}}")
        return lines


def _symbols(expr: Expr) -> set[Symbol]:
    return {form.expr for form in _walk(expr) if isinstance(form, Leaf) and isinstance(form.expr, Symbol)}


def _extents(exprs: Iterable[Expr]) -> set[str]:
    """The names of the sizes that stand in formulas as numbers or as the shape of a constant."""
    names: set[str] = set()
    for form in (form for expr in exprs for form in _walk(expr)):
        if isinstance(form, Leaf) and isinstance(form.expr, Extent):
            names.add(form.expr.size.name)
        elif isinstance(form, Ones | Identity):
            names.update(size.name for size in (form.rows, form.columns) if size.value is None)
    return names


def _walk(expr: Expr) -> Iterator[Form]:
    stack: list[Form] = [matrix_form(expr)]
    while stack:
        form = stack.pop()
        yield form
        stack.extend(parts(form))


def identifier(symbol: Symbol) -> str:
    """A Python name: ∂J/∂W1 is dW1."""
    if symbol.partial is not None:
        return f"d{identifier(symbol.partial[1])}"
    return identifier_of(symbol.name)


def identifier_of(name: str) -> str:
    """A valid Python name for any name.

    >>> identifier_of("W[l-1]"), identifier_of("lambda"), identifier_of("y_hat")
    ('W_l_1', 'lambda_', 'y_hat')
    """
    safe = re.sub(r"\W+", "_", name).strip("_") or "x"
    if safe[0].isdigit():
        safe = f"x{safe}"
    return f"{safe}_" if keyword.iskeyword(safe) or safe in ("np", "special") else safe


class Emitter:
    """Prints forms as NumPy expressions; every value is a matrix."""

    def expression(self, expr: Expr) -> str:
        """The code of an expression."""
        return self._code(matrix_form(expr))[0]

    def _held(self, form: Form, tightness: int) -> str:
        code, holds = self._code(form)
        return code if holds >= tightness else f"({code})"

    def _code(self, form: Form) -> Code:
        match form:
            case Leaf(expr=Symbol() as symbol):
                return identifier(symbol), ATOM
            case Leaf(expr=Extent() as extent):
                return identifier_of(extent.size.name), ATOM
            case Constant():
                return _number(form.value)
            case Ones():
                return f"np.ones(({_length(form.rows)}, {_length(form.columns)}))", ATOM
            case Identity():
                return f"np.eye({_length(form.rows)})", ATOM
            case Linear():
                return self._linear(form)
            case Matmul():
                return self._matmul(form)
            case Hadamard():
                return self._hadamard(form, Fraction(1))
            case Transposed():
                return f"{self._held(form.arg, ATOM)}.T", ATOM
            case Powered():
                return self._powered(form)
            case Apply():
                return self._apply(form)
            case Spread() | Grouped():
                return self._code(form.arg)
            case Diagonal():
                return f"np.diagflat({self._code(form.arg)[0]})", ATOM
            case Measure():
                return self._measure(form)
            case Vec():
                return f"{self._held(form.arg, ATOM)}.reshape(-1, 1)", ATOM
            case Kronecker():
                return f"np.kron({self._code(form.left)[0]}, {self._code(form.right)[0]})", ATOM
            case MatrixPower():
                return f"np.linalg.matrix_power({self._code(form.base)[0]}, {form.count})", ATOM
            case Series():
                return self._code(unrolled(form))
            case Index() | RunningPower() | Commutation():
                raise DerivationError("this formula has no matrix form, so it cannot be written as NumPy source yet")
        raise TypeError(type(form).__name__)

    def _linear(self, form: Linear) -> Code:
        code = ""
        for coefficient, term in form.terms:
            part = self._scaled(abs(coefficient), term)
            if not code:
                code = f"-{part}" if coefficient < 0 else part
            else:
                code += f" {'-' if coefficient < 0 else '+'} {part}"
        return (code, SUM) if code else ("0.0", ATOM)

    def _scaled(self, coefficient: Fraction, form: Form) -> str:
        if isinstance(form, Hadamard):
            return self._hadamard(form, coefficient)[0]
        if isinstance(form, Constant):
            return _number(coefficient * form.value)[0]
        if coefficient == 1:
            return self._held(form, PRODUCT)
        if coefficient.numerator == 1:
            return f"{self._held(form, PRODUCT)} / {coefficient.denominator}"
        number = _number(coefficient)
        return f"{number[0] if number[1] >= PRODUCT else f'({number[0]})'} * {self._held(form, POWER)}"

    def _matmul(self, form: Matmul) -> Code:
        """A product with a column of ones is a sum along an axis."""
        factors = list(form.factors)
        if isinstance(factors[-1], Ones) and factors[-1].columns.is_one:
            inner = self._chain(factors[:-1])
            return f"{inner}.sum(axis=1, keepdims=True)", ATOM
        first = factors[0]
        if isinstance(first, Transposed) and isinstance(first.arg, Ones) and first.arg.columns.is_one:
            inner = self._chain(factors[1:])
            return f"{inner}.sum(axis=0, keepdims=True)", ATOM
        return " @ ".join(self._held(factor, POWER) for factor in factors), PRODUCT

    def _chain(self, factors: list[Form]) -> str:
        return self._held(factors[0] if len(factors) == 1 else Matmul(tuple(factors)), ATOM)

    def _hadamard(self, form: Hadamard, coefficient: Fraction) -> Code:
        over, under = list(form.over), list(form.under)
        top = [str(coefficient.numerator)] if coefficient.numerator != 1 or not over else []
        top += [self._held(factor, POWER) for factor in over]
        bottom = [str(coefficient.denominator)] if coefficient.denominator != 1 else []
        bottom += [self._held(factor, POWER) for factor in under]
        code = " * ".join(top)
        if not bottom:
            return code, PRODUCT
        if len(top) == 1 and len(over) == 1 and isinstance(over[0], Matmul):
            code = self._held(over[0], PRODUCT)
        return f"{code} / {bottom[0] if len(bottom) == 1 else '(' + ' * '.join(bottom) + ')'}", PRODUCT

    def _powered(self, form: Powered) -> Code:
        if form.exponent == Fraction(1, 2):
            return f"np.sqrt({self._code(form.base)[0]})", ATOM
        exponent = str(form.exponent) if form.exponent.denominator == 1 else f"({form.exponent})"
        return f"{self._held(form.base, ATOM)} ** {exponent}", POWER

    def _apply(self, form: Apply) -> Code:
        args = [self._code(arg)[0] for arg in form.args]
        function = form.function
        if isinstance(function, AbstractFunction):
            name = identifier_of(function.name)
            return f"{name}{'_prime' * function.order}({args[0]})", ATOM
        if isinstance(function, AlongAxis):
            return function.code.format(args[0], axis=function.axis), ATOM
        template = function.code or f"np.{function.name}({{0}})"
        if not template.startswith(("np.", "special.")) or template.count("{0}") > 1:
            args = [self._held(arg, ATOM) for arg in form.args]
        return template.format(*args), ATOM

    def _measure(self, form: Measure) -> Code:
        inner = self._code(form.arg)[0]
        match form.kind:
            case "trace":
                return f"np.trace({inner})", ATOM
            case "diagonal":
                return f"np.diagonal({inner}).reshape(-1, 1)", ATOM
            case "square":
                return f"np.sum({self._held(form.arg, ATOM)} ** 2)", ATOM
            case "mean":
                return f"np.mean({inner})", ATOM
            case "norm":
                return f"np.linalg.norm({inner})", ATOM
        return f"np.sum({inner})", ATOM


def _number(value: Fraction) -> Code:
    if value.denominator == 1:
        return str(value.numerator), ATOM if value >= 0 else SUM
    return f"{value.numerator} / {value.denominator}", PRODUCT if value >= 0 else SUM


def _length(size: Size) -> str:
    return size.name if size.value is not None else identifier_of(size.name)
