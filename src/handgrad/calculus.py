"""The reverse sweep: from a scalar, through its named intermediate values, to every gradient.

One rule differentiates everything linear: the cotangent of an operand of a contraction is the same
contraction with the cotangent in the operand's place (Laue, Mitterreiter and Giesen, AAAI 2020, Theorem 8).
Functions bring their own pullback. Names are kept: ∂J/∂W2 is written in terms of A2, not of what A2 is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

from handgrad.canonical import UNITY, add, is_zero, product, split_coefficient, zero
from handgrad.derivation import Factor, Section, Step, Sweep
from handgrad.errors import DerivationError
from handgrad.expansion import with_args
from handgrad.expr import Call, Expr, Extent, Power, Product, Sum, Symbol, definitions, rebuild, symbols, walk
from handgrad.folding import Folder
from handgrad.functions import AnyFunction
from handgrad.matrix import matrix_form, weight_of
from handgrad.simplify import Rewrite, collect, simplify
from handgrad.softmax import recognise

INLINE_WEIGHT = 8  # a gradient this short is written out where it is used, a longer one keeps its name
LONGEST_INLINED = 24  # nodes of a gradient that is used once and written out there
LONGEST_WRITTEN_OUT = 40  # nodes of an equation that is repeated inside a derivative
NAMES = Rewrite("names", lambda expr: expr, "write it in the names of the equations")
UNNAMED = "stands without a name"  # a fact of an expression that got a name for bookkeeping only
LONGEST_CHAIN = 9  # factors; a longer chain starts at the gradient that is known already


def pullback(root: Expr, cotangent: Expr) -> dict[Symbol, Expr]:
    """The cotangents of the names in `root`, given that of `root` itself (any leading axes stay in front)."""
    lead = cotangent.shape[: cotangent.rank - root.rank]
    arrived: dict[Expr, list[Expr]] = {root: [cotangent]}
    found: dict[Symbol, Expr] = {}
    for node in reversed(list(walk(root))):
        if node not in arrived:
            continue
        total = add([(1, part) for part in arrived[node]], lead + node.shape)
        if is_zero(total):
            continue
        if isinstance(node, Symbol):
            found[node] = total
        for arg, part in _to_arguments(node, total):
            arrived.setdefault(arg, []).append(part)
    return found


def _to_arguments(node: Expr, cotangent: Expr) -> Iterable[tuple[Expr, Expr]]:
    """Each argument of a node with its cotangent."""
    lead = cotangent.rank - node.rank
    match node:
        case Sum():
            for coefficient, term in node.terms:
                yield term, coefficient * cotangent
        case Power():
            axes = tuple(range(lead, cotangent.rank))
            slope = node.exponent * node.base ** (node.exponent - 1)
            everywhere = tuple(range(cotangent.rank))
            sizes = dict(enumerate(cotangent.shape))
            yield node.base, product([(cotangent, everywhere), (slope, axes)], everywhere, sizes)
        case Call():
            for k, arg in enumerate(node.args):
                yield arg, node.function.pullback(k, node, cotangent)
        case Product():
            first = len(node.sizes)
            front = tuple(range(first, first + lead))
            sizes = dict(enumerate(node.sizes + cotangent.shape[:lead]))
            for k, (operand, labels) in enumerate(node.operands):
                others = node.operands[:k] + node.operands[k + 1 :]
                yield operand, product([(cotangent, front + node.out), *others], front + labels, sizes)


def substitute(expr: Expr, symbol: Symbol, value: Expr, *, raw: bool = False) -> Expr:
    """The expression with `value` for a symbol; `raw` leaves products as they stand, to be shown."""

    def change(node: Expr, args: tuple[Expr, ...]) -> Expr:
        if node is symbol:
            return value
        if args == node.args:
            return node
        return _raw(node, args) if raw else with_args(node, args)

    return rebuild(expr, change)


def _raw(node: Expr, args: tuple[Expr, ...]) -> Expr:
    match node:
        case Sum():
            return Sum(zip([c for c, _ in node.terms], args, strict=True), node.shape)
        case Product():
            operands = zip(args, [labels for _, labels in node.operands], strict=True)
            return Product(operands, node.out, node.sizes)
    return with_args(node, args)


def partial_symbol(of: Symbol, wrt: Symbol, definition: Expr | None = None) -> Symbol:
    """The name ∂of/∂wrt; with `of` a scalar it has wrt's shape."""
    return Symbol(
        f"∂{of.name}/∂{wrt.name}",
        of.shape + wrt.shape,
        latex=rf"\frac{{\partial {of.latex_name}}}{{\partial {wrt.latex_name}}}",
        definition=definition,
        partial=(of, wrt),
    )


def direct_symbol(of: Symbol, wrt: Symbol) -> Symbol:
    """The part of ∂of/∂wrt that does not go through another name."""
    return Symbol(
        f"∂{of.name}/∂{wrt.name}|direct",
        wrt.shape,
        latex=rf"\left.\frac{{\partial {of.latex_name}}}{{\partial {wrt.latex_name}}}\right|_{{\text{{direct}}}}",
        partial=(of, wrt),
    )


def written_out(of: Symbol, wrt: Symbol, value: Expr) -> Symbol:
    """∂(…)/∂wrt with the right side of the equation of `of` in the brackets."""
    inner = _defined(of)
    return Symbol(
        f"∂({inner.text()})/∂{wrt.name}",
        wrt.shape,
        latex=rf"\frac{{\partial \left({inner.latex()}\right)}}{{\partial {wrt.latex_name}}}",
        definition=value,
        partial=(of, wrt),
    )


def cotangent_symbol(of: Symbol) -> Symbol:
    """δ: a derivative of J by `of` that is not named yet."""
    return Symbol("δ", of.shape, latex=r"\delta")


@dataclass(frozen=True, slots=True)
class Graph:
    """Which value feeds which, from the inputs that are differentiated by up to the scalar."""

    of: Symbol
    order: tuple[Symbol, ...]  # defined names, each after those that it needs
    wrt: tuple[Symbol, ...]
    consumers: Mapping[Symbol, tuple[Symbol, ...]]
    feeds: Mapping[Symbol, tuple[Symbol, ...]]

    @staticmethod
    def of_scalar(of: Symbol, wrt: tuple[Symbol, ...]) -> Graph:
        """The graph of the names between `wrt` and `of`; a name with no path to `of` is an error."""
        order = definitions([of])
        active = set(wrt)
        for symbol in order:
            if any(inner in active for inner in symbols(_defined(symbol))):
                active.add(symbol)
        place = {symbol: k for k, symbol in enumerate((*wrt, *order))}
        feeds = {
            v: tuple(sorted((u for u in symbols(_defined(v)) if u in active), key=lambda u: place[u]))
            for v in order
            if v in active
        }
        consumers: dict[Symbol, list[Symbol]] = {}
        for v in order:
            for u in feeds.get(v, ()):
                consumers.setdefault(u, []).append(v)
        for symbol in wrt:
            if symbol is of:
                raise DerivationError(f"∂{of.name}/∂{of.name} is 1: there is nothing to derive",
                                      remedy="differentiate by a symbol that the scalar depends on")  # fmt: skip
            if symbol not in consumers:
                raise DerivationError(
                    f"there is no path from {of.name} to {symbol.name}: {of.name} does not depend on it",
                    remedy=f"leave {symbol.name} out, or use it in an equation that {of.name} needs",
                )
        kept = tuple(v for v in order if v in feeds)
        return Graph(of, kept, wrt, {u: tuple(vs) for u, vs in consumers.items()}, feeds)

    def paths(self, wrt: Symbol, most: int = 4) -> tuple[tuple[Symbol, ...], ...]:
        """Up to `most` paths from the scalar down to `wrt`, both ends included."""
        found: list[tuple[Symbol, ...]] = []
        stack: list[tuple[Symbol, ...]] = [(wrt,)]
        while stack and len(found) < most:
            path = stack.pop()
            if path[0] is self.of:
                found.append(path)
            else:
                stack.extend((v, *path) for v in reversed(self.consumers.get(path[0], ())))
        return tuple(found)


def _defined(symbol: Symbol) -> Expr:
    assert symbol.definition is not None
    return symbol.definition


def _pairs(cost: Symbol) -> bool:
    """Whether a cost is a plain sum of products, as L = sum(dY * Y): no more than a sum when it stands in a result."""
    _, body = split_coefficient(_defined(cost))
    return isinstance(body, Product) and all(
        not isinstance(operand, Power) or isinstance(operand.base, Extent) for operand, _ in body.operands
    )


class ReverseSweep:
    """One sweep; `run` gives its outcome."""

    def __init__(self, of: Symbol, wrt: tuple[Symbol, ...], inline_weight: int = INLINE_WEIGHT) -> None:
        self.inline_weight = inline_weight
        self.graph = Graph.of_scalar(of, wrt)
        self.of = of
        self.folder = Folder(v for v in definitions([of]) if UNNAMED not in v.facts and not (v is of and _pairs(v)))
        self.factors: dict[tuple[Symbol, Symbol], Factor] = {}
        self.closed: dict[Symbol, Expr] = {}
        self.gradient: dict[Symbol, Symbol] = {}
        self.sections: dict[Symbol, Section] = {}

    def run(self) -> Sweep:
        """Every section in sweep order: the scalar's nearest values first."""
        graph = self.graph
        self.closed[self.of] = UNITY
        for v in reversed(graph.order):
            self._local_factors(v)
            if v is not self.of:
                self._derive(v)
        for symbol in graph.wrt:
            if symbol not in self.sections:
                self._derive(symbol)
        edges = tuple((u, v) for v in graph.order for u in graph.feeds[v])
        gradients = tuple((symbol, self.closed[symbol]) for symbol in graph.wrt)
        return Sweep(self.of, graph.order, edges, tuple(self.factors.values()), self._ordered(), gradients)

    def _ordered(self) -> tuple[Section, ...]:
        """Intermediate sections with each parameter's right after the value that it feeds."""
        placed: dict[Symbol, Section] = {}
        for v in reversed(self.graph.order):
            if v in self.sections:
                placed[v] = self.sections[v]
            for u in self.graph.wrt:
                if u in self.graph.feeds[v] and set(self.graph.consumers[u]) <= {*placed, self.of}:
                    placed[u] = self.sections[u]
        placed.update(self.sections)
        return tuple(placed.values())

    def _local_factors(self, v: Symbol) -> None:
        cotangent = UNITY if v is self.of else cotangent_symbol(v)
        pulled = pullback(_defined(v), cotangent)
        for u in self.graph.feeds[v]:
            form = self.folder.fold(pulled[u]) if u in pulled else zero(u.shape)
            form = collect(form) if v is self.of else simplify(form).result
            functions = self._functions_between(v, u)
            self.factors[v, u] = Factor(partial_symbol(v, u), cotangent_symbol(v), form, functions)

    def _functions_between(self, v: Symbol, u: Symbol) -> tuple[AnyFunction, ...]:
        """The functions that stand between v and u: their derivatives are taken."""
        used = [node for node in walk(_defined(v)) if isinstance(node, Call) and u in symbols(node)]
        return tuple(dict.fromkeys(node.function for node in used))

    def _derive(self, u: Symbol) -> None:
        """∂J/∂u from the gradients of the values that u feeds."""
        consumers = self.graph.consumers[u]
        parts = [self._through(v, u, raw=False) for v in consumers]
        total = add([(1, part) for part in parts], u.shape)
        simplified = simplify(self.folder.fold(recognise(total)))
        lines = simplified.lines
        result = self.folder.fold(simplified.result)
        if result is not simplified.result:
            lines = (*lines, (result, NAMES))
        self.closed[u] = result
        gradient = partial_symbol(self.of, u, result)
        self.gradient[u] = gradient
        steps = self._steps(u, gradient, total, lines)
        self.sections[u] = Section(gradient, self.graph.paths(u), steps, result)

    def _through(self, v: Symbol, u: Symbol, *, raw: bool) -> Expr:
        """The contribution of v to ∂J/∂u: the factor's map applied to ∂J/∂v."""
        factor = self.factors[v, u]
        return substitute(factor.form, factor.cotangent, self._reference(v), raw=raw)

    def _reference(self, v: Symbol) -> Expr:
        """∂J/∂v as it is written downstream: its name, or the closed form where that is short or used once."""
        closed = self.closed[v]
        named = any(symbol.partial is not None for symbol in symbols(closed))
        if v is self.of or (not named and weight_of(closed) <= self.inline_weight):
            return closed
        once = len(self.graph.feeds[v]) == 1 and v not in self.graph.wrt
        if once and weight_of(closed) <= LONGEST_INLINED:
            return closed
        return self.gradient[v]

    def _steps(
        self, u: Symbol, gradient: Symbol, total: Expr, lines: Iterable[tuple[Expr, Rewrite]]
    ) -> tuple[Step, ...]:
        consumers = self.graph.consumers[u]
        steps: list[Step] = []
        left: Expr = gradient
        if consumers == (self.of,):
            if weight_of(_defined(self.of)) <= LONGEST_WRITTEN_OUT:
                written = ((written_out(self.of, u, total),),)
                steps.append(Step(left, total, f"definition of {self.of.name}", "chain", written))
            steps.append(Step(left, total, f"differentiate {self.of.name}", "differentiate"))
            last = total
        else:
            steps.append(self._chain(u, gradient))
            raw = [self._through(v, u, raw=True) for v in consumers]
            shown = raw[0] if len(raw) == 1 else Sum([(Fraction(1), part) for part in raw], u.shape)
            steps.append(Step(left, shown, "put in each factor", "substitute"))
            last = shown
            if shown is not total:
                shorter = weight_of(total) < weight_of(shown)
                steps.append(Step(shown, total, "cancel" if shorter else "gather the factors", "cancel"))
            last = total
        for form, rewrite in lines:
            steps.append(Step(last, form, rewrite.reason, rewrite.name))
            last = form
        return tuple(_without_repeats(steps))

    def _chain(self, u: Symbol, gradient: Symbol) -> Step:
        """The chain rule: along the whole path where it is one short path, else from the gradients next above."""
        paths = self.graph.paths(u, 2)
        consumers = self.graph.consumers[u]
        value = add([(1, self._through(v, u, raw=False)) for v in consumers], u.shape)
        if len(paths) == 1 and len(paths[0]) - 1 <= LONGEST_CHAIN:
            path = paths[0]
            factors = tuple(self.factors[v, w].partial for v, w in pairwise(path))
            return Step(gradient, value, f"chain rule along {' → '.join(v.name for v in path)}", "chain", (factors,))
        if len(consumers) == 1:
            v = consumers[0]
            factors = (self.gradient[v], self.factors[v, u].partial)
            reason = f"chain rule through {v.name}; ∂{self.of.name}/∂{v.name} is known"
            return Step(gradient, value, reason, "chain", (factors,))
        names = ", ".join(v.name for v in consumers)
        known = [self._product_through(v, u) for v in consumers]
        return Step(gradient, value, f"chain rule, one term for each of {names}", "chain", tuple(known))

    def _product_through(self, v: Symbol, u: Symbol) -> tuple[Symbol, ...]:
        if v is self.of:
            return (direct_symbol(v, u),)
        return (self.gradient[v], self.factors[v, u].partial)


def _without_repeats(steps: list[Step]) -> Iterable[Step]:
    """Steps whose right side reads like the line before are left out; the last line is kept."""
    previous: object = None
    for step in steps:
        form = matrix_form(step.right)
        if step.rule == "chain" or form != previous:
            yield step
        previous = form if step.rule != "chain" else previous
