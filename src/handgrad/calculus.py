"""The reverse sweep: from a scalar, through its named intermediate values, to every gradient.

One rule differentiates everything linear: the cotangent of an operand of a contraction is the same
contraction with the cotangent in the operand's place (Laue, Mitterreiter and Giesen, AAAI 2020, Theorem 8).
Functions bring their own pullback. Names are kept: ∂J/∂W2 is written in terms of A2, not of what A2 is.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise

from handgrad.canonical import UNITY, add, is_zero, product, split_coefficient, zero
from handgrad.dependence import Block, Graph, defined
from handgrad.derivation import Factor, Section, Step, Sweep
from handgrad.expansion import with_args
from handgrad.expr import UNIT, Call, Expr, Extent, Power, Product, Sum, Symbol, definitions, rebuild, symbols, walk
from handgrad.folding import Folder
from handgrad.functions import AnyFunction
from handgrad.indicators import gather_powers, tidy, with_powers
from handgrad.matrix import matrix_form, weight_of
from handgrad.simplify import Rewrite, Simplified, collect, simplify
from handgrad.softmax import recognise

INLINE_WEIGHT = 8  # a gradient this short is written out where it is used, a longer one keeps its name
LONGEST_INLINED = 24  # nodes of a gradient that is used once and written out there
LONGEST_WRITTEN_OUT = 40  # nodes of an equation that is repeated inside a derivative
SHORTEST_NAMED = 3  # nodes
SHORTEST_BY_NAME = 16  # nodes of a form that is tried again with a gradient by its name
LONGEST_START = 3  # times the size wanted: of a form before it is simplified
SHORTER_BY_BLOCK = 0.75  # of the size with the names between written out
NAMES = Rewrite("names", lambda expr: expr, "write it in the names of the equations")
KNOWN = Rewrite("known", lambda expr: expr, "use the gradients that are known")
UNNAMED = "stands without a name"  # a fact of an expression that got a name for bookkeeping only
MOST_PATHS = 4  # that are told of
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
    inner = defined(of)
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


def _pairs(cost: Symbol) -> bool:
    """Whether a cost is a plain sum of products, as L = sum(dY * Y): no more than a sum when it stands in a result."""
    _, body = split_coefficient(defined(cost))
    return isinstance(body, Product) and all(
        not isinstance(operand, Power) or isinstance(operand.base, Extent) for operand, _ in body.operands
    )


def _has_gradient(expr: Expr) -> bool:
    return any(symbol.partial is not None for symbol in symbols(expr))


def _is_reduction(expr: Expr) -> bool:
    """Whether a form is a sum over axes of a product."""
    _, body = split_coefficient(expr)
    return isinstance(body, Product) and any(
        label != UNIT and label not in body.out for _, labels in body.operands for label in labels
    )


class ReverseSweep:
    """One sweep; `run` gives its outcome."""

    def __init__(self, of: Symbol, wrt: tuple[Symbol, ...], inline_weight: int = INLINE_WEIGHT) -> None:
        self.inline_weight = inline_weight
        self.graph = Graph.of_scalar(of, wrt)
        self.of = of
        self.known = Folder(())  # gradients that are sums over axes, as ∂J/∂β in that of a normalised value
        self.recurs = {u: self.graph.recurs(u) for u in self.graph.consumers}
        self.folder = Folder(v for v in definitions([of]) if UNNAMED not in v.facts and not (v is of and _pairs(v)))
        self.factors: dict[tuple[Symbol, Symbol], Factor] = {}
        self.closed: dict[Symbol, Expr] = {}
        self.gradient: dict[Symbol, Symbol] = {}
        self.sections: dict[Symbol, Section] = {}
        self.paths: dict[Symbol, tuple[tuple[Symbol, ...], ...]] = {of: ((of,),)}  # from the scalar, some of them

    def run(self) -> Sweep:
        """Every section in sweep order: the scalar's nearest values first, each parameter's after what it feeds."""
        graph = self.graph
        self.closed[self.of] = UNITY
        for v in reversed(graph.order):
            self._local_factors(v)
            if v is not self.of:
                self._derive(v)
            for u in graph.wrt:
                if u in graph.feeds[v] and u not in graph.feeds and graph.consumers[u][0] is v:
                    self._derive(u)
        edges = tuple((u, v) for v in graph.order for u in graph.feeds[v])
        gradients = tuple((symbol, self.closed[symbol]) for symbol in graph.wrt)
        sections = tuple(self.sections.values())
        return Sweep(self.of, graph.order, edges, tuple(self.factors.values()), sections, gradients)

    def _local_factors(self, v: Symbol) -> None:
        cotangent = UNITY if v is self.of else cotangent_symbol(v)
        pulled = pullback(defined(v), cotangent)
        for u in self.graph.feeds[v]:
            form = self.folder.fold(tidy(pulled[u])) if u in pulled else zero(u.shape)
            form = gather_powers(collect(form) if v is self.of else simplify(form).result)
            functions = self._functions_between(v, u)
            self.factors[v, u] = Factor(partial_symbol(v, u), cotangent_symbol(v), form, functions)

    def _functions_between(self, v: Symbol, u: Symbol) -> tuple[AnyFunction, ...]:
        """The functions that stand between v and u: their derivatives are taken."""
        used = [node for node in walk(defined(v)) if isinstance(node, Call) and u in symbols(node)]
        return tuple(dict.fromkeys(node.function for node in used))

    def _derive(self, u: Symbol) -> None:
        """∂J/∂u from the gradients of the values that u feeds."""
        consumers = self.graph.consumers[u]
        total = add([(1, self._through(v, u, raw=False)) for v in consumers], u.shape)
        simplified = self._shorten(total)
        simplified = with_powers(self._across_block(u, simplified) or self._by_name(u, simplified) or simplified)
        result = simplified.result
        self.closed[u] = result
        gradient = partial_symbol(self.of, u, result)
        self.gradient[u] = gradient
        steps = self._steps(u, gradient, total, simplified.lines)
        through = [(*path, u) for v in self.graph.consumers[u] for path in self.paths[v]]
        self.paths[u] = tuple(through[:MOST_PATHS])
        self.sections[u] = Section(gradient, self.paths[u], steps, result)
        if u in self.graph.wrt and _is_reduction(result):
            self.known.learn(gradient)

    def _shorten(self, total: Expr) -> Simplified:
        """The shortest form, in the names of the equations and of the gradients that are known."""
        named = self.folder.fold(recognise(tidy(total)))
        starts = dict.fromkeys((named, self.known.fold(named)))
        return min((self._simplify(start) for start in starts), key=lambda found: weight_of(found.result))

    def _simplify(self, start: Expr) -> Simplified:
        lines: tuple[tuple[Expr, Rewrite], ...] = ((start, NAMES),)
        current = start
        for _ in range(2):
            simplified = simplify(current)
            lines += simplified.lines
            named = self.folder.fold(simplified.result)
            known = self.known.fold(named)
            for form, rewrite in ((named, NAMES), (known, KNOWN)):
                if form is not lines[-1][0]:
                    lines = (*lines, (form, rewrite))
            if known is simplified.result:
                break
            current = known
        return Simplified(lines[-1][0], lines)

    def _across_block(self, u: Symbol, plain: Simplified) -> Simplified | None:
        """∂J/∂u from the gradient of the nearest value that all paths from u pass through, where that is shorter.

        A normalisation is such a block: X feeds μ, v and X̂, and through μ and v again X̂ alone.
        """
        for block in self.graph.blocks(u):
            between = self._written_with(plain.result, {self.gradient[v] for v in block.inner})
            if not between and weight_of(plain.result) <= self.inline_weight:
                continue
            names = [v for v in block.inner if self.gradient[v] in between]
            most = self._most_across(u, plain.result, names)
            found = self._from_block(u, block, most)
            if found is not None and weight_of(found.result) <= most:
                written = ", ".join(self.gradient[v].name for v in names)
                reason = f"write out {written}" if names else f"from ∂{self.of.name}/∂{block.last.name} at once"
                return Simplified(found.result, ((found.lines[0][0], replace(NAMES, reason=reason)), *found.lines[1:]))
        return None

    def _by_name(self, u: Symbol, plain: Simplified) -> Simplified | None:
        """∂J/∂u with the gradient that was written out in it by name, where it stands in several places."""
        consumers = self.graph.consumers[u]
        v, size = consumers[0], weight_of(plain.result)
        if len(consumers) > 1 or v is self.of or size < SHORTEST_BY_NAME or self.inline_weight > INLINE_WEIGHT:
            return None
        if self.gradient[v] in symbols(plain.result) or weight_of(self.closed[v]) <= SHORTEST_NAMED:
            return None
        factor = self.factors[v, u]
        named = self._shorten(substitute(factor.form, factor.cotangent, self.gradient[v]))
        times = sum(node.args.count(self.gradient[v]) for node in walk(named.result))
        if times < 2 or weight_of(named.result) + weight_of(self.closed[v]) // 2 >= size:  # that form is printed anyway
            return None
        reason = f"write it with {self.gradient[v].name}"
        return Simplified(named.result, ((named.lines[0][0], replace(NAMES, reason=reason)), *named.lines[1:]))

    def _most_across(self, u: Symbol, plain: Expr, between: list[Symbol]) -> int:
        """How large a form without the gradients of the names between may be to be preferred to one with them."""
        size = weight_of(plain)
        if not between:
            return size - 1
        unnamed = size + sum(weight_of(self.closed[v]) - 1 for v in between)
        private = all(w is u or w in between for v in between for w in self.graph.feeds[v])
        return max(size, int(SHORTER_BY_BLOCK * unnamed), min(unnamed, LONGEST_INLINED) if private else 0)

    def _from_block(self, u: Symbol, block: Block, most: int) -> Simplified | None:
        """∂J/∂u through the block, with ∂J/∂last by name or written out: the name must save what its form costs.

        None where it can hardly become as short as `most`: writing out cancels no more than what it puts in.
        """
        closed = self.closed[block.last]
        size = weight_of(closed)
        if block.last is self.of or size == 1:
            return self._shorten(self._pulled(u, block, closed))
        start = self._pulled(u, block, self.gradient[block.last])
        if weight_of(start) > LONGEST_START * most:
            return None
        named = self._shorten(start)
        if size > LONGEST_INLINED:
            return named
        if weight_of(named.result) > most + size:
            return None
        written = self._shorten(self._pulled(u, block, closed))
        return written if weight_of(written.result) <= weight_of(named.result) + size - 1 else named

    def _pulled(self, u: Symbol, block: Block, cotangent: Expr) -> Expr:
        """The cotangent of the block's last value taken back to u, and what comes from the values beside it."""
        arrived: dict[Symbol, list[Expr]] = {block.last: [cotangent]}
        for v in (block.last, *reversed(block.inner)):
            total = add([(1, part) for part in arrived[v]], v.shape)
            for w in self.graph.feeds[v]:
                if w is u or w in block.inner:
                    factor = self.factors[v, w]
                    arrived.setdefault(w, []).append(substitute(factor.form, factor.cotangent, total))
        beside = [self._through(v, u, raw=False) for v in block.beside]
        return add([(1, part) for part in [*arrived[u], *beside]], u.shape)

    def _written_with(self, expr: Expr, names: set[Symbol]) -> set[Symbol]:
        """Which of the named gradients a form is written with, through each other's forms too."""
        found: set[Symbol] = set()
        stack = [expr]
        while stack:
            new = [s for s in symbols(stack.pop()) if isinstance(s, Symbol) and s in names and s not in found]
            found.update(new)
            stack.extend(defined(symbol) for symbol in new)
        return found

    def _through(self, v: Symbol, u: Symbol, *, raw: bool) -> Expr:
        """The contribution of v to ∂J/∂u: the factor's map applied to ∂J/∂v."""
        factor = self.factors[v, u]
        return substitute(factor.form, factor.cotangent, self._reference(v, u), raw=raw)

    def _reference(self, v: Symbol, u: Symbol) -> Expr:
        """∂J/∂v as it is written in ∂J/∂u: its name, or the closed form where that is short or used once."""
        closed = self.closed[v]
        size, uses = weight_of(closed), len(self.graph.feeds[v])
        named = _has_gradient(closed)
        if v is self.of:
            return closed
        if self.recurs[u]:
            return closed if not named and size <= SHORTEST_NAMED else self.gradient[v]
        if not named and size <= self.inline_weight and (uses - 1) * (size - 1) <= self.inline_weight:
            return closed
        gathered = any(isinstance(node, Sum) and len(node.terms) > 1 and _has_gradient(node) for node in walk(closed))
        if uses == 1 and v not in self.graph.wrt and size <= LONGEST_INLINED and not gathered:
            return closed
        return self.gradient[v]

    def _steps(
        self, u: Symbol, gradient: Symbol, total: Expr, lines: Iterable[tuple[Expr, Rewrite]]
    ) -> tuple[Step, ...]:
        consumers = self.graph.consumers[u]
        steps: list[Step] = []
        left: Expr = gradient
        if consumers == (self.of,):
            if weight_of(defined(self.of)) <= LONGEST_WRITTEN_OUT:
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
        consumers = self.graph.consumers[u]
        value = add([(1, self._through(v, u, raw=False)) for v in consumers], u.shape)
        path = self.graph.only_path(u, LONGEST_CHAIN)
        if path:
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
