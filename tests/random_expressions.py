"""Random well-typed expressions in Python notation, which JAX can run as they stand."""

from __future__ import annotations

from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np

SIZES = {"n": 3, "m": 4, "k": 2}
SYMBOLS = {
    "A": ("n", "m"), "B": ("m", "k"), "M": ("n", "n"), "N": ("n", "n"), "C": ("n", "m"),
    "x": ("n",), "y": ("n",), "u": ("m",), "b": ("n", "1"), "r": ("1", "m"), "z": ("k",), "s": (),
}  # fmt: skip
SMOOTH = ("sin", "cos", "tanh", "sigmoid", "exp", "softplus", "arctan", "silu", "gelu", "erf", "mish", "softsign")
Shape = tuple[str, ...]


@dataclass(slots=True)
class Generator:
    """Draws expressions of a wanted shape, bounded in depth."""

    random: np.random.Generator

    def pick(self, *options: str) -> str:
        return str(options[int(self.random.integers(len(options)))])

    def scalar(self, depth: int) -> str:
        shape = [("n",), ("n", "m"), ("m",), ("n", "n"), ("n", "k")][int(self.random.integers(5))]
        match self.pick("sum", "mean", "dot", "trace", "norm", "lse", "binary", "leaf"):
            case "sum":
                return f"sum({self.of(shape, depth - 1)})"
            case "mean":
                return f"mean({self.of(shape, depth - 1)})"
            case "dot":
                return f"({self.of(('n',), depth - 1)} @ {self.of(('n',), depth - 1)})"
            case "trace":
                return f"trace({self.of(('n', 'n'), depth - 1)})"
            case "norm":
                return f"norm({self.of(('n',), depth - 1)})"
            case "lse":
                return f"logsumexp({self.of(('n',), depth - 1)})"
            case "binary" if depth > 0:
                return f"({self.scalar(depth - 1)} {self.pick('+', '-', '*')} {self.scalar(depth - 1)})"
        return "s"

    def leaf(self, shape: Shape) -> str:
        fitting = [name for name, own in SYMBOLS.items() if own == shape]
        if len(shape) == 2:
            fitting += [f"{name}.T" for name, own in SYMBOLS.items() if own == shape[::-1] and len(own) == 2]
        if shape == ("n", "k"):
            fitting.append("(A @ B)")
        return self.pick(*fitting) if fitting else f"outer({self.leaf(shape[:1])}, {self.leaf(shape[1:])})"

    def of(self, shape: Shape, depth: int) -> str:
        if not shape:
            return self.scalar(depth)
        if depth <= 0:
            return self.leaf(shape)
        options = ["add", "multiply", "function", "scale", "quotient", "square", "where", "softmax"]
        options += ["matmul", "outer", "broadcast"] if len(shape) == 2 else ["matvec", "axis"]
        options += ["inverse"] if shape == ("n", "n") else []
        return self._of(self.pick(*options), shape, depth - 1)

    def _of(self, kind: str, shape: Shape, depth: int) -> str:
        inner = self.of
        match kind:
            case "add":
                return f"({inner(shape, depth)} {self.pick('+', '-')} {inner(shape, depth)})"
            case "multiply":
                return f"({inner(shape, depth)} * {inner(shape, depth)})"
            case "function":
                return f"{self.pick(*SMOOTH)}({inner(shape, depth)})"
            case "scale":
                return f"({self.pick('2', '0.5', '3', 's')} * {inner(shape, depth)})"
            case "quotient":
                return f"({inner(shape, depth)} / (1 + exp({inner(shape, depth)})))"
            case "square":
                return f"({inner(shape, depth)} ** 2)"
            case "where":
                return f"where({inner(shape, 0)} > 0, {inner(shape, depth)}, {inner(shape, depth)})"
            case "softmax":
                return f"softmax({inner(shape, depth)})"
            case "matmul":
                joint = self.pick("n", "m")
                return f"({inner((shape[0], joint), depth)} @ {inner((joint, shape[1]), depth)})"
            case "outer":
                return f"outer({inner(shape[:1], depth)}, {inner(shape[1:], depth)})"
            case "broadcast":
                column = "b" if shape[0] == "n" else "r" if shape[1] == "m" else "s"
                return f"({inner(shape, depth)} {self.pick('+', '*')} {column})"
            case "matvec":
                joint = self.pick("n", "m")
                return f"({inner((shape[0], joint), depth)} @ {inner((joint,), depth)})"
            case "axis":
                return f"sum({inner(('n', *shape), depth)}, axis=0)"
        return f"inv(4 * eye(n) + {inner(shape, 0)})"


def declarations() -> str:
    return "\n".join(f"{name}: ({', '.join(shape)}{',' if shape else ''})" for name, shape in SYMBOLS.items())


def arrays(random: np.random.Generator) -> dict[str, np.ndarray]:
    return {
        name: random.standard_normal([SIZES.get(size, 1) for size in shape]) * 0.6 for name, shape in SYMBOLS.items()
    }


NAMES = {
    "sum": jnp.sum, "mean": jnp.mean, "trace": jnp.trace, "norm": jnp.linalg.norm, "outer": jnp.outer,
    "where": jnp.where, "logsumexp": jax.scipy.special.logsumexp, "sin": jnp.sin, "cos": jnp.cos, "tanh": jnp.tanh,
    "exp": jnp.exp,
    "sigmoid": jax.nn.sigmoid, "softplus": jax.nn.softplus, "arctan": jnp.arctan, "silu": jax.nn.silu,
    "gelu": lambda z: jax.nn.gelu(z, approximate=False), "erf": jax.scipy.special.erf, "mish": jax.nn.mish,
    "softsign": jax.nn.soft_sign, "softmax": jax.nn.softmax, "inv": jnp.linalg.inv, "eye": jnp.eye, "n": SIZES["n"],
}  # fmt: skip
