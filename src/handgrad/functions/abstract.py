"""Functions that a text applies but does not define: g(Z), ℓ(A, Y), and their derivatives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from handgrad.axes import Shape, show
from handgrad.canonical import behind, call, hadamard, product
from handgrad.errors import DerivationError, ShapeError, UndefinedSymbolError
from handgrad.expr import Call, Expr
from handgrad.functions.record import Array, Notation, Surrogate


def _surrogate(name: str, functions: Mapping[str, Surrogate]) -> Surrogate:
    """What stands in for a function where numbers are needed."""
    if name not in functions:
        raise UndefinedSymbolError(
            f"{name} is not defined, so it has no value",
            remedy=f'say what it is when the model is read: let={{"{name}": "tanh"}}',
        )
    return functions[name]


LETTERS = {"ell": "ℓ", "phi": "φ", "varphi": "ϕ", "psi": "ψ", "rho": "ρ"}


def _shown(name: str) -> str:
    """The name in text: ℓ for ell, φ1 for phi1."""
    base = name.rstrip("0123456789")
    return LETTERS.get(base, base) + name[len(base) :]


@dataclass(frozen=True, slots=True)
class AbstractFunction:
    """A scalar function applied to every entry: g, g′, g″; of several arguments ℓ, ∂₁ℓ, ∂₁∂₂ℓ.

    `orders` says how often it is differentiated by each argument.
    """

    name: str
    latex: str
    orders: tuple[int, ...] = (0,)

    @property
    def identity(self) -> str:
        """Name and orders; the colon keeps it apart from the table's names."""
        return f"{self.name}:{','.join(map(str, self.orders))}"

    @property
    def source_name(self) -> str:
        """The function that emitted source code takes: g, g_prime; ell, ell_d1, ell_d1_d2."""
        if len(self.orders) == 1:
            return self.name + "_prime" * self.orders[0]
        return self.name + "".join(f"_d{k + 1}" * order for k, order in enumerate(self.orders))

    @property
    def notation(self) -> Notation:
        """The name with as many primes as its order; of several arguments with ∂ and the argument's number."""
        if len(self.orders) > 1:
            places = ", ".join(f"{{{k}}}" for k in range(len(self.orders)))
            numbers = [k + 1 for k, order in enumerate(self.orders) for _ in range(order)]
            front = "".join("∂" + str(k).translate(LOWERED) for k in numbers)
            tex = "".join(rf"\partial_{k} " for k in numbers)
            text, latex = f"{front}{_shown(self.name)}({places})", rf"{tex}{self.latex}\left({places}\right)"
            return Notation(text, latex, closed=True)
        (order,) = self.orders
        text = _shown(self.name) + ("″" if order == 2 else "′" * order)
        primes = r"\prime" * order
        if not primes:
            latex = self.latex
        elif self.latex.endswith("}") and "^{" in self.latex:  # g^{[1]} becomes g^{[1]\prime}
            latex = self.latex[:-1] + primes + "}"
        else:
            latex = self.latex + "'" * order
        return Notation(f"{text}({{0}})", f"{latex}\\left({{0}}\\right)", closed=True)

    def __call__(self, *args: Expr) -> Expr:
        """The function applied to expressions of one shape."""
        return call(self, *args)

    def shape(self, args: tuple[Expr, ...]) -> Shape:
        """All arguments have one shape, and so has the result."""
        for arg in args[1:]:
            if arg.shape != args[0].shape:
                raise ShapeError(f"{self.name} of {show(args[0].shape)} and {show(arg.shape)}")
        return args[0].shape

    def evaluate(self, args: tuple[Array, ...], functions: Mapping[str, Surrogate]) -> Array:
        """The values of what stands in for it."""
        return _surrogate(self.name, functions)(self.orders, *args)

    def derivative(self, k: int, node: Call) -> Expr:
        """The derivative by argument k, at the same arguments."""
        orders = tuple(order + (j == k) for j, order in enumerate(self.orders))
        return call(replace(self, orders=orders), *node.args)

    def pullback(self, k: int, node: Call, cotangent: Expr) -> Expr:
        """Cotangent of argument k: elementwise product with the derivative."""
        lead = cotangent.shape[: cotangent.rank - node.rank]
        return hadamard(cotangent, behind(lead, self.derivative(k, node)))


@dataclass(frozen=True, slots=True)
class AbstractCost:
    """A number that depends on whole arrays in a way that is not said: ℓ(A, Y), and its gradients ∂ℓ/∂A.

    `by` is the argument that it is differentiated by. `at` tells ∂ℓ/∂A apart where ℓ is applied more than once:
    then the arguments are written too.
    """

    name: str
    latex: str
    arity: int
    by: int | None = None
    at: bool = False

    @property
    def identity(self) -> str:
        """Name and what it is differentiated by."""
        return f"{self.name}:{self.arity}:cost:{self.by}"

    @property
    def source_name(self) -> str:
        """The function that emitted source code takes: ell, and ell_d1 for its gradient by the first argument."""
        return self.name if self.by is None else f"{self.name}_d{self.by + 1}"

    @property
    def notation(self) -> Notation:
        """ℓ(A, Y), ∂ℓ/∂A, or ∂ℓ(A, Y)/∂A."""
        places = ", ".join(f"{{{k}}}" for k in range(self.arity))
        text, latex = f"{_shown(self.name)}({places})", rf"{self.latex}\left({places}\right)"
        if self.by is None:
            return Notation(text, latex, closed=True)
        if not self.at:
            text, latex = _shown(self.name), self.latex
        return Notation(f"∂{text}/∂{{{self.by}}}", rf"\frac{{\partial {latex}}}{{\partial {{{self.by}}}}}")

    def __call__(self, *args: Expr) -> Expr:
        """The function applied to expressions of any shapes."""
        return call(self, *args)

    def shape(self, args: tuple[Expr, ...]) -> Shape:
        """(), or the shape of what it is differentiated by."""
        return () if self.by is None else args[self.by].shape

    def evaluate(self, args: tuple[Array, ...], functions: Mapping[str, Surrogate]) -> Array:
        """The values of what stands in for it: a·sin(Σₖ ⟨Wₖ, argument k⟩ + c), each Wₖ a fixed array."""
        stand_in = _surrogate(self.name, functions)
        weights = [_weights(np.shape(arg), k) for k, arg in enumerate(args)]
        phase = sum((np.sum(w * arg) for w, arg in zip(weights, args, strict=True)), start=np.asarray(0.0))
        value = stand_in((0 if self.by is None else 1,), phase)
        return value if self.by is None else value * weights[self.by]

    def pullback(self, k: int, node: Call, cotangent: Expr) -> Expr:
        """Cotangent of argument k: the gradient by it, times the number's own cotangent."""
        if self.by is not None:
            raise DerivationError(f"second derivatives of the undefined function {self.name} are not derived",
                                  remedy=f"define {self.name} in the text")  # fmt: skip
        gradient = call(replace(self, by=k), *node.args)
        front = cotangent.rank
        labels = tuple(range(front, front + gradient.rank))
        sizes = dict(enumerate(cotangent.shape + gradient.shape))
        return product([(cotangent, tuple(range(front))), (gradient, labels)], (*range(front), *labels), sizes)


def _weights(shape: tuple[int, ...], k: int) -> Array:
    """Numbers between −1 and 1 that differ from entry to entry and from argument to argument."""
    count = int(np.prod(shape))
    weights: Array = np.cos(1.0 + 1.7 * np.arange(count) + 0.6 * k) / max(count, 1) ** 0.5
    return weights.reshape(shape)


LOWERED = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
