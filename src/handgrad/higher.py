"""Jacobians and Hessians: the same reverse sweep with the identity in place of a number.

The cotangent of a value with axes i… is δ(i…, i′…), so each pullback carries the output's axes in front, and the
result has the output's axes, then those of the symbol that is differentiated by. A Hessian is the Jacobian of the
gradient. Both are compared with the complex step along random directions before they are given out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from handgrad.calculus import ReverseSweep, pullback, substitute
from handgrad.canonical import add, product, zero
from handgrad.checks.forms import printed_value
from handgrad.checks.points import SPREADS, Ground
from handgrad.dependence import Graph
from handgrad.derivation import Check
from handgrad.errors import OWN_MISTAKE, CheckError, DerivationError
from handgrad.evaluate import Point, inputs
from handgrad.expansion import expand
from handgrad.expr import Call, Expr, Symbol, definitions, symbols
from handgrad.folding import Folder
from handgrad.functions import Array, Layout
from handgrad.indicators import gather_powers, tidy
from handgrad.matrix import as_matrix, tidy_matrices, weight_of
from handgrad.render.latex import latex
from handgrad.render.text import text
from handgrad.simplify import collect, group, simplify, together
from handgrad.softmax import recognise

STEP = 1e-30
TOLERANCE = 1e-8
POINTS = 3
ATTEMPTS = 12
LARGEST = 1e6


@dataclass(frozen=True, slots=True, repr=False)
class Derivatives(Mapping[str, Expr]):
    """Jacobians, Hessians or products of these with a vector, by the symbol differentiated by, each checked."""

    kind: str
    of: Symbol
    results: tuple[tuple[Symbol, Expr], ...]
    checks: tuple[Check, ...]
    vector: str = ""

    def __getitem__(self, name: str) -> Expr:
        for symbol, expr in self.results:
            if symbol.name == name:
                return expr
        raise KeyError(name)

    def __iter__(self) -> Iterator[str]:
        return iter(symbol.name for symbol, _ in self.results)

    def __len__(self) -> int:
        return len(self.results)

    def text(self) -> str:
        """A line for each result."""
        order = "" if self.kind == "jacobian" else "²"
        of, vector = self.of.name, f" {self.vector}" if self.vector else ""
        lines = [f"∂{order}{of}/∂{s.name}{order}{vector} = {text(e)}{self._note(s, e)}" for s, e in self.results]
        return "\n".join(lines) + "\n"

    def _note(self, symbol: Symbol, expr: Expr) -> str:
        """What is stacked where the result is printed as a matrix, though it has more than two axes."""
        if expr.rank <= 2:
            return ""
        if not _is_stacked(expr):
            return f"  (axes: {', '.join(map(str, expr.shape))})"
        stacked = [s for s in dict.fromkeys((self.of, symbol)) if s.rank == 2]
        return f"  ({' and '.join(f'vec({s.name})' for s in stacked)}: rows stacked)"

    def latex(self) -> str:
        """A display for each result."""
        order = "" if self.kind == "jacobian" else "^2"
        of, vector = self.of.latex_name, f" {self.vector}" if self.vector else ""
        lines = [
            rf"\[\frac{{\partial{order} {of}}}{{\partial {symbol.latex_name}{order}}}{vector} = {latex(expr)}"
            rf"{self._latex_note(symbol, expr)}\]"
            for symbol, expr in self.results
        ]
        return "\n".join(lines) + "\n"

    def _latex_note(self, symbol: Symbol, expr: Expr) -> str:
        if not _is_stacked(expr):
            return ""
        stacked = [s for s in dict.fromkeys((self.of, symbol)) if s.rank == 2]
        names = r"\text{ and }".join(rf"\operatorname{{vec}}({s.latex_name})" for s in stacked)
        return rf"\quad {names}\text{{: rows stacked}}"

    def __repr__(self) -> str:
        return self.text()

    def _repr_latex_(self) -> str:
        return self.latex()


def jacobian(wrt: tuple[Symbol, ...], of: Symbol) -> Derivatives:
    """∂of/∂wrt with the axes of `of` first; `of` may have any shape."""
    graph = Graph.of_scalar(of, wrt)
    folder = Folder(s for s in definitions([of]) if s is not of)
    adjoint = _sweep(graph, of, folder)
    forms = {symbol: folder.fold(recognise(tidy(adjoint[symbol]))) for symbol in wrt}
    results = tuple((symbol, gather_powers(_best(form, of.rank))) for symbol, form in forms.items())
    worst = max(_check(of, symbol, result) for symbol, result in results)
    return Derivatives("jacobian", of, results, (Check("Jacobians against the complex step", POINTS, worst),))


def hessian(wrt: tuple[Symbol, ...], of: Symbol) -> Derivatives:
    """∂²of/∂wrt² of a scalar: the Jacobian of its gradient, for each symbol by itself."""
    if of.shape:
        raise DerivationError(f"{of.name} is not a scalar", remedy="sum it, or ask for a Jacobian")
    results: list[tuple[Symbol, Expr]] = []
    worst = 0.0
    for symbol in wrt:
        gradient = _gradient(of, symbol)
        if symbol not in inputs((gradient,)):
            results.append((symbol, zero(symbol.shape * 2)))
            continue
        found = jacobian((symbol,), gradient)
        results.append((symbol, found[symbol.name]))
        worst = max(worst, *(check.largest for check in found.checks))
    return Derivatives("hessian", of, tuple(results), (Check("Hessians against the complex step", POINTS, worst),))


def hessian_vector(wrt: tuple[Symbol, ...], of: Symbol, vector: str) -> Derivatives:
    """(∂²of/∂wrt²) v of a scalar without the Hessian: the gradient of ⟨∂of/∂wrt, v⟩ for a constant v.

    Pearlmutter, Fast exact multiplication by the Hessian, Neural Computation 1994.
    """
    if of.shape:
        raise DerivationError(f"{of.name} is not a scalar", remedy="sum it, or ask for a Jacobian")
    if any(symbol.name == vector for symbol in (*definitions([of]), *inputs((of,)))):
        raise DerivationError(f"the model has a symbol {vector} already", remedy='name the vector: vector="u"')
    results: list[tuple[Symbol, Expr]] = []
    worst = 0.0
    for symbol in wrt:
        gradient = _gradient(of, symbol)
        if symbol not in inputs((gradient,)):
            results.append((symbol, zero(symbol.shape)))
            continue
        axes = tuple(range(symbol.rank))
        direction = Symbol(vector, symbol.shape)
        assert gradient.definition is not None
        along = product([(gradient.definition, axes), (direction, axes)], (), dict(enumerate(symbol.shape)))
        found = jacobian((symbol,), Symbol(f"⟨{gradient.name}, {vector}⟩", (), definition=along))
        results.append((symbol, found[symbol.name]))
        worst = max(worst, *(check.largest for check in found.checks))
    checks = (Check("Hessian-vector products against the complex step", POINTS, worst),)
    return Derivatives("hessian-vector product", of, tuple(results), checks, vector)


def _gradient(of: Symbol, symbol: Symbol) -> Symbol:
    """∂of/∂symbol as a name for its closed form, in the names of the equations alone."""
    sweep = ReverseSweep(of, (symbol,), inline_weight=1_000_000).run()
    closed = _without_gradients(dict(sweep.gradients)[symbol])
    return Symbol(f"∂{of.name}/∂{symbol.name}", symbol.shape, definition=closed)


def _is_stacked(expr: Expr) -> bool:
    return isinstance(expr, Call) and isinstance(expr.function, Layout)


def _best(expr: Expr, rows: int) -> Expr:
    """The shortest form; of what has three or four axes, as the matrix of the value's axes by the symbol's."""
    short = simplify(expr).result
    if expr.rank <= 2:
        return short
    opened = expand(expr)
    forms = [short, together(expr), opened, together(opened), collect(opened), group(opened)]
    forms += [tidy_matrices(form, rows, lambda matrix: simplify(matrix).result) for form in forms]
    options = [found for form in dict.fromkeys(forms) if (found := as_matrix(form, rows)) is not None]
    return min(options, key=lambda option: weight_of(option) + text(option).startswith("−"), default=short)


def _without_gradients(expr: Expr) -> Expr:
    """The gradient with the named gradients in it written out."""
    while named := [s for s in symbols(expr) if s.partial is not None and s.definition is not None]:
        for symbol in named:
            assert symbol.definition is not None
            expr = substitute(expr, symbol, symbol.definition)
    return expr


def _identity(of: Symbol) -> Expr:
    axes = tuple(range(of.rank))
    return product([], axes + axes, dict(enumerate(of.shape)))


def _sweep(graph: Graph, of: Symbol, folder: Folder) -> dict[Symbol, Expr]:
    """The cotangent of every active name, the output's axes in front."""
    arrived: dict[Symbol, list[Expr]] = {of: [_identity(of)]}
    found: dict[Symbol, Expr] = {}
    for v in reversed(graph.order):
        if v not in arrived or v.definition is None:
            continue
        total = simplify(folder.fold(add([(1, part) for part in arrived[v]], of.shape + v.shape))).result
        found[v] = total
        for u, part in pullback(v.definition, total).items():
            if u in graph.feeds[v]:
                arrived.setdefault(u, []).append(part)
    for symbol in graph.wrt:
        parts = arrived.get(symbol, [])
        found[symbol] = add([(1, part) for part in parts], of.shape + symbol.shape)
    return found


def _check(of: Symbol, wrt: Symbol, result: Expr) -> float:
    """⟨J, v⟩ over wrt's axes against the complex step of `of` along v, at random points; the printed form too."""
    ground = Ground.of([of, result])
    random = np.random.default_rng(11)
    worst, done = 0.0, 0
    with np.errstate(all="ignore"):
        for spread in SPREADS:
            for _ in range(ATTEMPTS):
                point = ground.draw(random, spread)
                try:
                    value, matrix = point.value(of), point.value(result)
                except np.linalg.LinAlgError:
                    continue
                if ground.is_degenerate(point):
                    continue
                if not (np.max(np.abs(value), initial=0) < LARGEST and np.max(np.abs(matrix), initial=0) < LARGEST):
                    continue
                worst = max(worst, _compare(of, wrt, result, point, random))
                done += 1
                if done == POINTS:
                    return worst
    raise CheckError(f"no random point was found at which the derivative of {of.name} by {wrt.name} can be checked")


def _compare(of: Symbol, wrt: Symbol, result: Expr, point: Point, random: np.random.Generator) -> float:
    matrix = point.value(result)
    direction = np.asarray(random.standard_normal(point.value(wrt).shape))
    along = np.tensordot(matrix, direction, axes=wrt.rank)
    step: Array = np.imag(_moved(point, wrt, direction).value(of)) / STEP
    size = max(float(np.max(np.abs(step), initial=0)), float(np.max(np.abs(matrix), initial=0)), 1e-6)
    apart = float(np.max(np.abs(along - step), initial=0)) / size
    if not apart < TOLERANCE:
        raise CheckError(f"∂{of.name}/∂{wrt.name} = {text(result)} and the complex step differ by {apart:.1e}",
                         remedy=OWN_MISTAKE)  # fmt: skip
    printed = printed_value(result, point, point.value)
    if printed.shape != matrix.shape or float(np.max(np.abs(printed - matrix), initial=0)) > TOLERANCE * size:
        raise CheckError(f"the formula {text(result)} and what it stands for differ", remedy=OWN_MISTAKE)
    return apart


def _moved(point: Point, wrt: Symbol, direction: Array) -> Point:
    if wrt.definition is not None:
        return Point(point.values, point.sizes, point.functions, {wrt.name: 1j * STEP * direction})
    values = {**point.values, wrt.name: point.values[wrt.name] + 1j * STEP * direction}
    return Point(values, point.sizes, point.functions)
