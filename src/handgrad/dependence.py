"""Which value feeds which: the graph of the names between the scalar and what it is differentiated by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from handgrad.errors import DerivationError
from handgrad.expr import Expr, Symbol, definitions, symbols

LARGEST_BLOCK = 8  # names between a value and the nearest one that all paths from it pass through
LONGEST_SEARCH = 40  # names


def defined(symbol: Symbol) -> Expr:
    """The definition of a name that has one."""
    assert symbol.definition is not None
    return symbol.definition


@dataclass(frozen=True, slots=True)
class Block:
    """Names `inner` between a value and `last`, where all their paths meet; the value feeds those `beside` as well."""

    inner: tuple[Symbol, ...]
    last: Symbol
    beside: tuple[Symbol, ...]


@dataclass(frozen=True, slots=True)
class Graph:
    """Which value feeds which, from the inputs that are differentiated by up to the scalar."""

    of: Symbol
    order: tuple[Symbol, ...]  # defined names, each after those that it needs
    wrt: tuple[Symbol, ...]
    consumers: Mapping[Symbol, tuple[Symbol, ...]]
    feeds: Mapping[Symbol, tuple[Symbol, ...]]
    place: Mapping[Symbol, int]

    @staticmethod
    def of_scalar(of: Symbol, wrt: tuple[Symbol, ...]) -> Graph:
        """The graph of the names between `wrt` and `of`; a name with no path to `of` is an error."""
        order = definitions([of])
        active = set(wrt)
        for symbol in order:
            if any(inner in active for inner in symbols(defined(symbol))):
                active.add(symbol)
        place = {symbol: k for k, symbol in enumerate((*wrt, *order))}
        feeds = {
            v: tuple(sorted((u for u in symbols(defined(v)) if u in active), key=lambda u: place[u]))
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
        return Graph(of, kept, wrt, {u: tuple(vs) for u, vs in consumers.items()}, feeds, place)

    def only_path(self, wrt: Symbol, longest: int) -> tuple[Symbol, ...]:
        """The path from the scalar down to `wrt`, both ends included; empty where it is longer or one of several."""
        path = [wrt]
        while path[-1] is not self.of:
            consumers = self.consumers[path[-1]]
            if len(consumers) > 1 or len(path) > longest:
                return ()
            path.append(consumers[0])
        return tuple(reversed(path))

    def blocks(self, u: Symbol) -> tuple[Block, ...]:
        """The blocks that begin at `u`: one with the values beside it that `u` feeds too, and one with all paths.

        There is none where `u` feeds one name only, or where paths meet again only behind many names.
        """
        fed = set(self.consumers[u])
        front, inner = set(fed), list[Symbol]()
        found: list[Block] = []
        while len(front) > 1 and len(inner) < LARGEST_BLOCK:
            nearest = min(front, key=lambda v: self.place[v])
            inner.append(nearest)
            front.remove(nearest)
            front.update(self.consumers.get(nearest, ()))
            last = min(front, key=lambda v: self.place[v])
            closed = all(w is last or w in inner for v in inner for w in self.consumers.get(v, ()))
            if len(front) == 1 or (closed and front <= fed):
                found.append(Block(tuple(inner), last, tuple(v for v in self.consumers[u] if v in front - {last})))
        return tuple(found)

    def recurs(self, u: Symbol) -> bool:
        """Whether `u` is used again further on: one of the values that it feeds comes from another of them."""
        fed = [v for v in self.consumers[u] if v is not self.of]
        if len(fed) < 2:
            return False
        first = min(fed, key=lambda v: self.place[v])
        seen, stack = {first}, [first]
        while stack and len(seen) < LONGEST_SEARCH:
            for v in self.consumers.get(stack.pop(), ()):
                if v in fed:
                    return True
                if v not in seen:
                    seen.add(v)
                    stack.append(v)
        return False
