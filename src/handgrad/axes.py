"""Sizes of axes: a number, a name such as `m`, or arithmetic of these, and the one place where they unify.

>>> m = Size.of("m")
>>> m is Size.of("m"), str(m), Size.of(1).is_one
(True, 'm', True)
>>> sizes = Unifier()
>>> rows = sizes.fresh("rows of W")
>>> sizes.unify(rows, m)
True
>>> sizes.resolve(rows)
Size('m')
>>> sizes.unify(Size.of(2), Size.of(3))
False
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from math import prod

Monomial = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Count:
    """A whole number that depends on sizes: a polynomial in their names with whole coefficients.

    >>> n, k = Size.of("n"), Size.of("k")
    >>> str(n - k + 1), (n * k - 2).value({"n": 3, "k": 4})
    ('n - k + 1', 10)
    """

    terms: tuple[tuple[Monomial, int], ...]

    @staticmethod
    def of(value: Size | Count | int) -> Count:
        """The number, size or polynomial as a polynomial."""
        if isinstance(value, Count):
            return value
        if isinstance(value, int):
            return _count([((), value)])
        if value.value is not None:
            return _count([((), value.value)])
        return value.count if value.count is not None and value.divisor == 1 else _count([((value.name,), 1)])

    @property
    def number(self) -> int | None:
        """The value where it depends on no size."""
        if not self.terms:
            return 0
        return self.terms[0][1] if len(self.terms) == 1 and not self.terms[0][0] else None

    def value(self, sizes: Mapping[str, int]) -> int:
        """The number for given sizes; KeyError where one is missing."""
        return sum(c * prod(Size.of(name).length(sizes) for name in names) for names, c in self.terms)

    def __add__(self, other: Size | Count | int) -> Count:
        return _count([*self.terms, *Count.of(other).terms])

    def __radd__(self, other: int) -> Count:
        return self + other

    def __sub__(self, other: Size | Count | int) -> Count:
        return self + Count.of(other) * -1

    def __rsub__(self, other: int) -> Count:
        return self * -1 + other

    def __mul__(self, other: Size | Count | int) -> Count:
        return _count([(a + b, c * d) for a, c in self.terms for b, d in Count.of(other).terms])

    def divided(self, other: Count) -> Count | None:
        """The quotient where there is no remainder, else None; long division, the highest power first.

        >>> n, k = Size.of("n"), Size.of("k")
        >>> str((n * k + k).divided(n + 1)), (n * k + 1).divided(n + 1)
        ('k', None)
        """
        names = sorted({name for monomial, _ in (*self.terms, *other.terms) for name in monomial})

        def highest(count: Count) -> tuple[Monomial, int]:
            return max(count.terms, key=lambda term: (len(term[0]), [term[0].count(name) for name in names]))

        quotient, rest = Count(()), self
        while rest.terms and other.terms:
            (whole, c), (under, divisor) = highest(rest), highest(other)
            left = list(whole)
            for name in under:
                if name not in left:
                    return None
                left.remove(name)
            if c % divisor:
                return None
            part = _count([(tuple(left), c // divisor)])
            quotient, rest = quotient + part, rest - part * other
        return None if rest.terms else quotient

    def __str__(self) -> str:
        text = ""
        for names, c in self.terms:
            body = "*".join([*([str(abs(c))] if abs(c) != 1 or not names else []), *map(_held, names)])
            text += (" - " if c < 0 else " + ") + body if text else f"-{body}" if c < 0 else body
        return text or "0"


def _held(name: str) -> str:
    return name if name.isidentifier() else f"({name})"


def _count(terms: Iterable[tuple[Monomial, int]]) -> Count:
    total: dict[Monomial, int] = {}
    for names, c in terms:
        key = tuple(sorted(names))
        total[key] = total.get(key, 0) + c
    kept = [(names, c) for names, c in total.items() if c]
    return Count(tuple(sorted(kept, key=lambda term: (not term[0], term[1] < 0, -len(term[0]), term[0]))))


@dataclass(frozen=True, slots=True)
class Size:
    """The length of an axis: a positive integer, a name, or what arithmetic makes of these.

    `count // divisor` is the arithmetic of a size that has no name of its own.
    """

    name: str
    value: int | None = None
    count: Count | None = field(default=None, compare=False)
    divisor: int = field(default=1, compare=False)

    @staticmethod
    def of(value: int | str) -> Size:
        """The size of a number or of a name; equal sizes are one object."""
        return _SIZES.get(value) or _size(value)

    @staticmethod
    def derived(count: Size | Count | int, divisor: int = 1) -> Size:
        """The size that is a polynomial of others, divided and rounded down.

        >>> n = Size.of("n")
        >>> Size.derived(n + 0) is n, Size.derived(n - 3, 2), Size.derived(Count.of(7), 2), Size.derived(n * 2 + 3, 2)
        (True, Size('(n - 3)//2'), Size(3), Size('n + 1'))
        """
        count = Count.of(count)
        if count.number is not None:
            return Size.of(count.number // divisor)
        if divisor > 1 and all(c % divisor == 0 or not names for names, c in count.terms):
            return Size.derived(_count((names, c // divisor) for names, c in count.terms))
        if divisor == 1 and len(count.terms) == 1 and count.terms[0][1] == 1 and len(count.terms[0][0]) == 1:
            return Size.of(count.terms[0][0][0])
        held = str(count) if len(count.terms) == 1 else f"({count})"
        name = str(count) if divisor == 1 else f"{held}//{divisor}"
        return _SIZES.setdefault(name, Size(name, None, count, divisor))

    @property
    def is_one(self) -> bool:
        """Whether this is the literal 1, along which NumPy broadcasts."""
        return self.value == 1

    @property
    def names(self) -> tuple[str, ...]:
        """The names of sizes that it is made of, itself where it is a name."""
        if self.value is not None:
            return ()
        if self.count is None:
            return (self.name,)
        inner = (name for names, _ in self.count.terms for name in names)
        return tuple(dict.fromkeys(name for part in inner for name in Size.of(part).names))

    def length(self, sizes: Mapping[str, int]) -> int:
        """The number for given sizes by name; KeyError where one is missing."""
        if self.value is not None:
            return self.value
        return sizes[self.name] if self.count is None else self.count.value(sizes) // self.divisor

    def __add__(self, other: Size | Count | int) -> Count:
        return Count.of(self) + other

    def __sub__(self, other: Size | Count | int) -> Count:
        return Count.of(self) - other

    def __mul__(self, other: Size | Count | int) -> Count:
        return Count.of(self) * other

    def __str__(self) -> str:
        return self.name

    def __repr__(self) -> str:
        return f"Size({self.name if self.value is not None else repr(self.name)})"


_SIZES: dict[int | str, Size] = {}  # sizes that are arithmetic of others, by what they print as


@cache
def _size(value: int | str) -> Size:
    return Size(str(value), value if isinstance(value, int) else None)

ONE = Size.of(1)
Shape = tuple[Size, ...]


def shape(*sizes: int | str) -> Shape:
    """A shape from numbers and names.

    >>> shape("n", 3)
    (Size('n'), Size(3))
    """
    return tuple(Size.of(size) for size in sizes)


def show(sizes: Shape) -> str:
    """A shape as Python prints a tuple: `(n, m)`, `(n,)`, `()`."""
    return f"({', '.join(map(str, sizes))}{',' if len(sizes) == 1 else ''})"


@dataclass(frozen=True, slots=True)
class SizeVariable:
    """A size not yet known, with what it belongs to."""

    number: int
    owner: str

    @property
    def is_one(self) -> bool:
        """An unknown size is not known to be 1."""
        return False

    def __str__(self) -> str:
        return "?"


AnySize = Size | SizeVariable


class Unifier:
    """Union-find over sizes: a class holds variables and at most one known size."""

    def __init__(self) -> None:
        self._parent: dict[AnySize, AnySize] = {}
        self._owners: dict[AnySize, set[str]] = {}
        self._count = 0

    def fresh(self, owner: str) -> SizeVariable:
        """A new unknown size, owned by the axis that `owner` describes."""
        self._count += 1
        return SizeVariable(self._count, owner)

    def resolve(self, size: AnySize) -> AnySize:
        """What is known of a size: a `Size`, or the variable that stands for its class."""
        while size in self._parent:
            size = self._parent[size]
        return size

    def unify(self, left: AnySize, right: AnySize) -> bool:
        """Make two sizes equal; False where two different known sizes meet."""
        left, right = self.resolve(left), self.resolve(right)
        if left is right or left == right:
            return True
        if not isinstance(left, SizeVariable):
            left, right = right, left
        if not isinstance(left, SizeVariable):
            return False
        self._parent[left] = right
        self._owners.setdefault(right, set()).update(self._owners.pop(left, ()))
        return True

    def own(self, size: AnySize, name: str) -> None:
        """Note that an axis of the symbol `name` has this size."""
        self._owners.setdefault(self.resolve(size), set()).add(name)

    def owners(self, size: AnySize) -> set[str]:
        """The symbols that have an axis of this size."""
        return self._owners.get(self.resolve(size), set())
