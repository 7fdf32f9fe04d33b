"""What a drawn model's value and slope are, by NumPy: central differences and the complex step on its own text.

The texts are evaluated as Python in a namespace of NumPy's functions: they come from our own generator. The namespace
for real numbers is NumPy's and SciPy's; that for complex ones has what is analytic at a real point.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from scipy import special

from expression_generator import Model

Array = Any
STEP = 1e-20
SELU = 1.0507009873554805, 1.6732632423543772


class OutsideError(Exception):
    """A point at which a slope is not defined."""


def norm(x: Array, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Array:
    if ord == 1:
        return np.sum(absolute(x), axis=axis, keepdims=keepdims)
    if ord == np.inf:
        return np.max(absolute(x), axis=axis, keepdims=keepdims)
    return root(np.sum(x * x, axis=axis, keepdims=keepdims))


def root(x: Array) -> Array:
    """The square root, which has no slope at 0."""
    return np.sqrt(nowhere_zero(x))


def product(x: Array, axis: Any = None, keepdims: bool = False) -> Array:
    """The product; Handgrad's derivative is for entries other than 0."""
    return np.prod(nowhere_zero(x), axis=axis, keepdims=keepdims)


def nowhere_zero(x: Array) -> Array:
    if np.any(np.abs(np.real(x)) < 1e-12):  # 0 but for rounding, as the spread of equal numbers
        raise OutsideError
    return x


def odds(p: Array) -> Array:
    """log(p/(1 − p)), which has lost its digits next to 0 and 1."""
    if np.any(np.minimum(np.real(p), 1 - np.real(p)) < 1e-6):
        raise OutsideError
    return np.log(p / (1 - p))


def absolute(x: Array) -> Array:
    return np.where(np.real(x) < 0, -x, x)


def var(x: Array, axis: Any = None, keepdims: bool = False) -> Array:
    centred = x - np.mean(x, axis=axis, keepdims=True)
    return np.mean(centred * centred, axis=axis, keepdims=keepdims)


def logsumexp(x: Array, axis: Any = None, keepdims: bool = False) -> Array:
    return np.log(np.sum(np.exp(x), axis=axis, keepdims=keepdims))


def softmax(x: Array, axis: int = -1) -> Array:
    return np.exp(x) / np.sum(np.exp(x), axis=axis, keepdims=True)


def sigmoid(x: Array) -> Array:
    return 1 / (1 + np.exp(-x))


def softplus(x: Array) -> Array:
    return np.where(np.real(x) > 0, x, 0) + np.log(1 + np.exp(-absolute(x)))


def along(function: Callable[[Array], Array], slope: Callable[[Array], Array]) -> Callable[[Array], Array]:
    """A real function continued by its slope, as far as an imaginary step needs it."""
    return lambda x: function(np.real(x)) + 1j * np.imag(x) * slope(np.real(x))


erf = along(special.erf, lambda x: 2 / np.sqrt(np.pi) * np.exp(-x * x))


def arctan2(y: Array, x: Array) -> Array:
    slope = (np.real(x) * np.imag(y) - np.real(y) * np.imag(x)) / (np.real(x) ** 2 + np.real(y) ** 2)
    return np.arctan2(np.real(y), np.real(x)) + 1j * slope


def larger(x: Array, y: Array) -> Array:
    return np.where(np.real(x) > np.real(y), x, y)


def smaller(x: Array, y: Array) -> Array:
    return np.where(np.real(x) < np.real(y), x, y)


def conv(axes: int) -> Callable[..., Array]:
    """PyTorch's convolution, written with windows of the padded input."""

    def run(x: Array, weight: Array, bias: Array = None, stride: int = 1, padding: int = 0, dilation: int = 1,
            groups: int = 1) -> Array:  # fmt: skip
        batched = x.ndim == axes + 2
        x = x if batched else x[None]
        x = np.pad(x, [(0, 0), (0, 0), *[(padding, padding)] * axes])
        reach = [(length - 1) * dilation + 1 for length in weight.shape[2:]]
        seen = sliding_window_view(x, reach, axis=tuple(range(2, 2 + axes)))
        steps = [slice(None), slice(None), *[slice(None, None, stride)] * axes, *[slice(None, None, dilation)] * axes]
        seen = seen[tuple(steps)]
        each_in, each_out = x.shape[1] // groups, weight.shape[0] // groups
        subscripts = "bcxk,ock->box" if axes == 1 else "bcxykl,ockl->boxy"
        parts = [
            np.einsum(subscripts, seen[:, g * each_in : (g + 1) * each_in], weight[g * each_out : (g + 1) * each_out])
            for g in range(groups)
        ]
        result = np.concatenate(parts, axis=1)
        if bias is not None:
            result = result + bias.reshape(-1, *[1] * axes)
        return result if batched else result[0]

    return run


def pool(axes: int) -> Callable[..., Array]:
    def run(x: Array, size: int, stride: int | None = None) -> Array:
        steps = slice(None, None, stride or size)
        seen = sliding_window_view(x, [size] * axes, axis=tuple(range(-axes, 0)))
        return seen[(..., *[steps] * axes, *[slice(None)] * axes)].mean(axis=tuple(range(-axes, 0)))

    return run


SHARED: dict[str, Any] = {
    name: getattr(np, name)
    for name in "sin cos tanh exp expm1 sinh cosh arctan tan square log sqrt log1p log2 log10 sum mean max min prod"
    " trace where stack concatenate flip cumsum tril triu reshape swapaxes transpose kron outer einsum matmul dot diag"
    " eye ones zeros arange convolve pi inf arcsinh arcsin arccos arctanh arccosh power reciprocal negative sign"
    " exp2".split()
}
SHARED |= {
    "np": np, "tr": np.trace, "None": None, "inv": np.linalg.inv, "solve": np.linalg.solve, "det": np.linalg.det,
    "matrix_power": np.linalg.matrix_power, "conv1d": conv(1), "conv2d": conv(2), "avg_pool1d": pool(1),
    "avg_pool2d": pool(2), "correlate": lambda x, w, mode="valid": np.convolve(x, w[::-1], mode),
    "clip": lambda x, low, high: smaller(larger(x, low), high), "entr": lambda x: -x * np.log(x),
    "xlogy": lambda x, y: x * np.log(y), "rel_entr": lambda x, y: x * np.log(x / y),
    "kl_div": lambda x, y: x * np.log(x / y) - x + y, "log_softmax": lambda x, axis=-1: np.log(softmax(x, axis)),
    "silu": lambda x: x * sigmoid(x), "swish": lambda x: x * sigmoid(x), "mish": lambda x: x * np.tanh(softplus(x)),
    "gelu_tanh": lambda x: x / 2 * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3))),
    "relu": lambda x: np.where(np.real(x) > 0, x, 0), "leaky_relu": lambda x: np.where(np.real(x) > 0, x, 0.01 * x),
    "elu": lambda x: np.where(np.real(x) > 0, x, np.exp(x) - 1),
    "selu": lambda x: SELU[0] * np.where(np.real(x) > 0, x, SELU[1] * (np.exp(x) - 1)), "var": var,
    "std": lambda x, axis=None, keepdims=False: root(var(x, axis, keepdims)),
}  # fmt: skip
REAL: dict[str, Any] = {
    **SHARED, "norm": np.linalg.norm, "abs": np.abs, "logsumexp": special.logsumexp,
    "softmax": lambda x, axis=-1: special.softmax(x, axis),
    "sigmoid": special.expit, "expit": special.expit, "log_sigmoid": special.log_expit, "log_expit": special.log_expit,
    "softplus": lambda x: np.logaddexp(0, x), "erf": special.erf, "erfc": special.erfc, "logit": special.logit,
    "gelu": lambda x: x * special.ndtr(x), "softsign": lambda x: x / (1 + np.abs(x)), "maximum": np.maximum,
    "minimum": np.minimum, "arctan2": np.arctan2, "logaddexp": np.logaddexp, "gammaln": special.gammaln,
    "digamma": special.digamma, "logdet": lambda x: np.linalg.slogdet(x)[1], "var": np.var, "std": np.std,
    "clip": np.clip, "entr": special.entr, "xlogy": special.xlogy, "rel_entr": special.rel_entr,
    "kl_div": special.kl_div, "log_softmax": lambda x, axis=-1: special.log_softmax(x, axis),
}  # fmt: skip
COMPLEX: dict[str, Any] = {
    **SHARED, "norm": norm, "sqrt": root, "prod": product, "abs": absolute, "logsumexp": logsumexp, "softmax": softmax,
    "sigmoid": sigmoid,
    "expit": sigmoid, "log_sigmoid": lambda x: -softplus(-x), "log_expit": lambda x: -softplus(-x),
    "softplus": softplus, "erf": erf, "erfc": lambda x: 1 - erf(x), "logit": odds,
    "gelu": lambda x: x * (1 + erf(x / np.sqrt(2))) / 2, "softsign": lambda x: x / (1 + absolute(x)),
    "maximum": larger, "minimum": smaller, "arctan2": arctan2,
    "logaddexp": lambda x, y: np.log(np.exp(x) + np.exp(y)), "gammaln": along(special.gammaln, special.digamma),
    "digamma": along(special.digamma, lambda x: special.polygamma(1, x)), "logdet": lambda x: np.log(np.linalg.det(x)),
    "sign": lambda x: np.sign(np.real(x)),
}  # fmt: skip


class Forward:
    """A model's equations as functions of its inputs."""

    def __init__(self, model: Model) -> None:
        self._sizes = model.sizes
        self._lines = [(name, compile(text, name, "eval")) for name, text in model.lines]

    def value(self, namespace: Mapping[str, Any], arrays: Mapping[str, Array]) -> Array:
        """The cost."""
        known = {**namespace, **self._sizes, **arrays}
        for name, code in self._lines:
            known[name] = eval(code, known)
        return known["J"]

    def slope(self, arrays: Mapping[str, Array], name: str, direction: Array) -> float:
        """By the complex step."""
        moved = {**arrays, name: arrays[name] + 1j * STEP * direction}
        value = self.value(COMPLEX, moved)
        return float(np.imag(value) / STEP) if np.isfinite(value) else np.nan

    def difference(self, arrays: Mapping[str, Array], name: str, direction: Array, step: float) -> float:
        """By central differences of fourth order, real numbers only."""
        at = [
            float(self.value(REAL, {**arrays, name: arrays[name] + k * step * direction})) for k in (-2, -1, 1, 2)
        ]
        return (at[0] - 8 * at[1] + 8 * at[2] - at[3]) / (12 * step)
