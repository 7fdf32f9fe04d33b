"""Sizes of axes: a number or a name such as `m`, and the one place where they unify.

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

from dataclasses import dataclass, field
from functools import cache


@dataclass(frozen=True, slots=True)
class Size:
    """The length of an axis: a positive integer or a symbol."""

    name: str
    value: int | None = None
    latex: str = field(default="", compare=False)

    @staticmethod
    def of(value: int | str) -> Size:
        """The size of a number or of a name; equal sizes are one object."""
        return _size(value)

    @property
    def is_one(self) -> bool:
        """Whether this is the literal 1, along which NumPy broadcasts."""
        return self.value == 1

    def __str__(self) -> str:
        return self.name

    def __repr__(self) -> str:
        return f"Size({self.name if self.value is not None else repr(self.name)})"


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
