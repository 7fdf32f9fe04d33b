"""Random networks: the text that a user would write, arrays for it, and the same network in JAX. Not a test itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import jax
import jax.numpy as jnp
import numpy as np

jax.config.update("jax_enable_x64", True)

# Each hidden activation as a user writes it (z is the argument) and as JAX has it (features along axis a).
ACTIVATIONS: dict[str, tuple[str, Callable[..., jax.Array]]] = {
    "exp": ("exp({z})", lambda z, a: jnp.exp(z)),
    "log": ("log(1 + {z} ** 2)", lambda z, a: jnp.log(1 + z * z)),
    "log1p": ("log1p({z} ** 2)", lambda z, a: jnp.log1p(z * z)),
    "expm1": ("expm1({z})", lambda z, a: jnp.expm1(z)),
    "sin": ("sin({z})", lambda z, a: jnp.sin(z)),
    "cos": ("np.cos({z})", lambda z, a: jnp.cos(z)),
    "tan": ("tan({z})", lambda z, a: jnp.tan(z)),
    "sinh": ("sinh({z})", lambda z, a: jnp.sinh(z)),
    "cosh": ("cosh({z})", lambda z, a: jnp.cosh(z)),
    "tanh": ("tanh({z})", lambda z, a: jnp.tanh(z)),
    "arctan": ("arctan({z})", lambda z, a: jnp.arctan(z)),
    "sigmoid": ("sigmoid({z})", lambda z, a: jax.nn.sigmoid(z)),
    "log_sigmoid": ("log_sigmoid({z})", lambda z, a: jax.nn.log_sigmoid(z)),
    "softplus": ("softplus({z})", lambda z, a: jax.nn.softplus(z)),
    "relu": ("relu({z})", lambda z, a: jax.nn.relu(z)),
    "maximum": ("np.maximum(0, {z})", lambda z, a: jnp.maximum(0, z)),
    "abs": ("abs({z})", lambda z, a: jnp.abs(z)),
    "leaky_relu": ("leaky_relu({z})", lambda z, a: jax.nn.leaky_relu(z, 0.01)),
    "elu": ("elu({z})", lambda z, a: jax.nn.elu(z)),
    "silu": ("silu({z})", lambda z, a: jax.nn.silu(z)),
    "softsign": ("softsign({z})", lambda z, a: jax.nn.soft_sign(z)),
    "identity": ("identity({z})", lambda z, a: z),
    "bare": ("{z}", lambda z, a: z),
    "square": ("{z} ** 2", lambda z, a: z * z),
    "softmax": ("softmax({z}, axis={a})", lambda z, a: jax.nn.softmax(z, axis=a)),
    "log_softmax": ("log_softmax({z}, axis={a})", lambda z, a: jax.nn.log_softmax(z, axis=a)),
}
LOSSES = ("cross-entropy", "softmax", "squares")
BIASES = ("matrix", "vector", "none")
REDUCTIONS = ("sum", "mean", "over m")


@dataclass
class Network:
    """One drawn network; `text` is what Handgrad reads, `cost` what JAX differentiates."""

    seed: int
    widths: list[int]  # input, hidden …, output
    examples: int
    activations: list[str]
    rows: bool  # examples are rows
    bias: str
    loss: str
    reduction: str
    penalty: bool
    numbers: bool  # sizes are written as numbers
    declare: bool  # the parameters' shapes are declared
    arrays: dict[str, np.ndarray] = field(default_factory=dict)

    @property
    def features(self) -> int:
        """The axis of the features."""
        return 1 if self.rows else 0

    @property
    def depth(self) -> int:
        return len(self.activations) + 1

    @property
    def parameters(self) -> list[str]:
        letters = "W" if self.bias == "none" else "Wb"
        return [f"{letter}{layer}" for layer in range(1, self.depth + 1) for letter in letters]

    def __repr__(self) -> str:
        return f"seed {self.seed}:\n{self.text}"

    # What Handgrad reads

    def _shape(self, *sizes: str) -> str:
        sizes = sizes if self.rows else sizes[::-1]
        return f"({', '.join(sizes)})"

    def _size(self, layer: int) -> str:
        return str(self.widths[layer]) if self.numbers else "n" if layer == 0 else f"h{layer}"

    @property
    def text(self) -> str:
        m, out = "m", self._size(self.depth)
        fact = {"cross-entropy": " in {0, 1}", "softmax": f" in onehot({self.features})", "squares": ""}[self.loss]
        lines = [f"X: {self._shape(m, self._size(0))}", f"Y: {self._shape(m, out)}{fact}"]
        below = "X"
        for layer in range(1, self.depth + 1):
            lines += self._declarations(layer)
            product = f"{below} @ W{layer}" if self.rows else f"W{layer} @ {below}"
            lines.append(f"Z{layer} = {product}" + ("" if self.bias == "none" else f" + b{layer}"))
            if layer < self.depth:
                spelled = ACTIVATIONS[self.activations[layer - 1]][0].format(z=f"Z{layer}", a=self.features)
                lines.append(f"A{layer} = {spelled}")
                below = f"A{layer}"
        return "\n".join([*lines, *self._cost_lines()]) + "\n"

    def _declarations(self, layer: int) -> list[str]:
        wide, out = self._size(layer - 1), self._size(layer)
        bias = f"({out},)" if self.bias == "vector" else self._shape("1", out)
        declared = [f"W{layer}: {self._shape(wide, out)}"] if self.declare else []
        needed = self.declare or (self.rows and self.bias == "matrix")  # a row is read as a vector otherwise
        return declared + ([f"b{layer}: {bias}"] if needed and self.bias != "none" else [])

    def _cost_lines(self) -> list[str]:
        z = f"Z{self.depth}"
        lines, entries, sign = {
            "cross-entropy": ([f"P = sigmoid({z})"], "Y * log(P) + (1 - Y) * log(1 - P)", "-"),
            "softmax": ([f"P = softmax({z}, axis={self.features})"], "Y * log(P)", "-"),
            "squares": ([], f"({z} - Y) ** 2", ""),
        }[self.loss]
        cost = {"sum": f"{sign}sum({entries})", "mean": f"{sign}mean({entries})", "over m": f"{sign}sum({entries}) / m"}
        penalty = " + ".join(f"sum(W{layer} ** 2)" for layer in range(1, self.depth + 1))
        end = f" + lam / 2 * ({penalty})" if self.penalty else ""
        return [*lines, f"J = {cost[self.reduction]}{end}"]

    # The same in JAX

    def cost(self, parameters: dict[str, jax.Array]) -> jax.Array:
        value = jnp.asarray(self.arrays["X"])
        for layer in range(1, self.depth + 1):
            W = parameters[f"W{layer}"]
            value = value @ W if self.rows else W @ value
            if self.bias != "none":
                value = value + parameters[f"b{layer}"]
            if layer < self.depth:
                value = ACTIVATIONS[self.activations[layer - 1]][1](value, self.features)
        Y = self.arrays["Y"]
        entries = {
            "cross-entropy": lambda: -(Y * jax.nn.log_sigmoid(value) + (1 - Y) * jax.nn.log_sigmoid(-value)),
            "softmax": lambda: -Y * jax.nn.log_softmax(value, axis=self.features),
            "squares": lambda: (value - Y) ** 2,
        }[self.loss]()
        total = {"sum": entries.sum(), "mean": entries.mean(), "over m": entries.sum() / self.examples}[self.reduction]
        if self.penalty:
            squares = sum((parameters[f"W{layer}"] ** 2).sum() for layer in range(1, self.depth + 1))
            total = total + self.arrays["lam"] / 2 * squares
        return total

    def expected(self) -> tuple[float, dict[str, np.ndarray]]:
        """The cost and its gradients, by JAX."""
        parameters = {name: jnp.asarray(self.arrays[name]) for name in self.parameters}
        value, gradients = jax.value_and_grad(self.cost)(parameters)
        return float(value), {name: np.asarray(gradient) for name, gradient in gradients.items()}

    def fill(self, random: np.random.Generator, scale: float) -> None:
        """Draw the arrays."""
        turn = (lambda a: a) if self.rows else np.transpose
        m, out = self.examples, self.widths[-1]
        self.arrays = {"X": turn(random.standard_normal((m, self.widths[0])))}
        labels = {
            "cross-entropy": lambda: random.integers(0, 2, (m, out)).astype(float),
            "softmax": lambda: np.eye(out)[random.integers(0, out, m)],
            "squares": lambda: random.standard_normal((m, out)),
        }[self.loss]()
        self.arrays["Y"] = turn(labels)
        for layer in range(1, self.depth + 1):
            below, own = self.widths[layer - 1 : layer + 1]
            self.arrays[f"W{layer}"] = turn(random.standard_normal((below, own)) * scale / np.sqrt(below))
            if self.bias != "none":
                bias = random.standard_normal((1, own)) * scale / 2
                self.arrays[f"b{layer}"] = bias[0] if self.bias == "vector" else turn(bias)
        if self.penalty:
            self.arrays["lam"] = np.asarray(random.uniform(0.1, 0.9))


def draw_only(seed: int) -> tuple[Network, np.random.Generator]:
    """A random network without arrays, and the generator to draw them with."""
    random = np.random.default_rng([2022, seed])
    depth = int(random.integers(1, 7))
    sizes = [int(size) for size in random.permutation(np.arange(2, 12))[: depth + 2]]
    loss = LOSSES[random.integers(3)]
    widths = sizes[: depth + 1]
    if loss == "cross-entropy" and random.random() < 0.4:
        widths[-1] = 1
    rows = bool(random.random() < 0.5)
    bias = BIASES[random.integers(3)]
    network = Network(
        seed, widths, sizes[-1],
        [str(name) for name in random.choice(list(ACTIVATIONS), depth - 1)], rows,
        "matrix" if bias == "vector" and not rows else bias, loss, REDUCTIONS[random.integers(3)],
        penalty=bool(random.random() < 0.4), numbers=bool(random.random() < 0.3), declare=bool(random.random() < 0.6),
    )  # fmt: skip
    if network.widths[-1] == 1:
        network.declare = True
    return network, random


def draw(seed: int) -> tuple[Network, float, dict[str, np.ndarray]]:
    """A random network with arrays at which JAX's cost and gradients are moderate, and these."""
    network, random = draw_only(seed)
    for attempt in range(12):
        network.fill(random, 0.9 * 0.8**attempt)
        value, gradients = network.expected()
        largest = max(np.max(np.abs(gradient)) for gradient in gradients.values())
        if np.isfinite(value) and abs(value) < 1e6 and 1e-6 < largest < 1e6:
            return network, value, gradients
    raise AssertionError(f"no moderate point for {network!r}")
