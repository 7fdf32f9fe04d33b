"""Names for sizes that a text does not name: m for examples, n_k for what layer k makes."""

from __future__ import annotations

from collections.abc import Mapping

from handgrad.axes import ONE, Size, SizeVariable
from handgrad.notation.scope import DATA, TARGETS, Scope
from handgrad.notation.values import AnyShape, Value

EXAMPLE_NAMES = ("m", "N", "n", "M", "B")
LETTERS = ("n", "h", "k", "p", "q", "r", "s", "u", "v", "w")


class SizeNamer:
    """Names the sizes of a scope once its definitions are elaborated; for one example the axis of examples is 1."""

    def __init__(self, scope: Scope, values: Mapping[str, Value], examples: str) -> None:
        self.scope = scope
        self.sizes = scope.sizes
        self.values = values
        self.examples = examples

    def run(self) -> None:
        """Name every size that is still unknown."""
        example = self._example_class()
        if example is not None:
            if self.examples == "one":
                self._read_one_example(example)
            elif isinstance(example, SizeVariable):
                name = next((n for n in EXAMPLE_NAMES if self._is_free_number(n)), "m")
                self._claim(example, name)
                self.scope.assume(f"{name} is the number of examples")
        for label, shape in self._labelled_shapes():
            for size in shape:
                root = self.sizes.resolve(size)
                if isinstance(root, SizeVariable) and root not in self.sizes.names and not self.sizes.waits(root):
                    self._claim(root, self._size_name(label))
        self.sizes.settle_deferred()

    def _example_class(self) -> Size | SizeVariable | None:
        for free in self.scope.free.values():
            for size in free.shape or ():
                root = self.sizes.resolve(size)
                if not root.is_one and self.scope.is_data(free.name) and self.scope.is_example_axis(root):
                    return root
        return None

    def _is_free_number(self, name: str) -> bool:
        free = self.scope.free.get(name)
        return free is not None and free.shape == ()

    def _read_one_example(self, example: Size | SizeVariable) -> None:
        self.scope.assume("the equations are read for one example: data are single columns")
        if isinstance(example, SizeVariable):
            self.sizes.unifier.unify(example, ONE)
            name = next((n for n in EXAMPLE_NAMES if self._is_free_number(n)), None)
            if name is not None:
                self.scope.size_names.add(name)
                self.sizes.replaced[Size.of(name)] = ONE
                del self.scope.free[name]
        else:
            self.sizes.replaced[example] = ONE

    def _claim(self, variable: SizeVariable, name: str) -> None:
        self.sizes.names[variable] = Size.of(name)
        self.scope.size_names.add(name)
        self.scope.free.pop(name, None)

    def _labelled_shapes(self) -> list[tuple[str, AnyShape]]:
        """Free data first, then what the layers make, then the rest."""
        data = [(name, free.shape or ()) for name, free in self.scope.free.items() if self.scope.is_data(name)]
        data = [(name, shape) for name, shape in data if name not in TARGETS]
        made = [(name, value.shape) for name, value in self.values.items()]
        rest = [(name, free.shape or ()) for name, free in self.scope.free.items()]
        return data + made + rest

    def _size_name(self, label: str) -> str:
        digits = label[len(label.rstrip("0123456789")) :]
        taken = self.scope.size_names | set(self.scope.free) | set(self.values)
        layered = f"n_{digits or 0}" if digits or label in DATA else ""
        if layered and layered not in taken:
            return layered
        return next((n for n in LETTERS if n not in taken), f"n_{len(taken)}")

    def example_size(self) -> Size | None:
        """The size that counts examples, where there is one."""
        example = self._example_class()
        if example is None or self.examples == "one":
            return None
        return self.sizes.final(example)
