"""Tensors of any number of axes, slices, choices by index, concatenations, convolutions, all against JAX."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import handgrad as hg
from handgrad.errors import HandgradError, ReadError, ShapeError

jax.config.update("jax_enable_x64", True)
SIZES = {"n": 7, "m": 4, "k": 3, "b": 2, "c": 5, "h": 6, "w": 8, "p": 3}


def conv(axes: int, **settings: Any) -> Callable[..., Any]:
    """PyTorch's convolution by lax."""

    def run(x: Any, weight: Any) -> Any:
        stride, pad = settings.get("stride", 1), settings.get("padding", 0)
        names = ("NCH", "OIH", "NCH") if axes == 1 else ("NCHW", "OIHW", "NCHW")
        return jax.lax.conv_general_dilated(
            x, weight, (stride,) * axes, [(pad, pad)] * axes, rhs_dilation=(settings.get("dilation", 1),) * axes,
            dimension_numbers=names, feature_group_count=settings.get("groups", 1),
        )  # fmt: skip

    return run


def pooled(x: Any, size: int, stride: int) -> Any:
    """The mean over windows of the last two axes."""
    total = jax.lax.reduce_window(x, 0.0, jax.lax.add, (1, 1, size, size), (1, 1, stride, stride), "VALID")
    return total / size**2


def largest(x: Any, size: int, stride: int) -> Any:
    """The largest entry of windows of the last two axes."""
    return jax.lax.reduce_window(x, -jnp.inf, jax.lax.max, (1, 1, size, size), (1, 1, stride, stride), "VALID")


Case = tuple[str, dict[str, str], Callable[..., Any]]
CASES: dict[str, Case] = {
    "slice": ("sum(x[1:] ** 3)", {"x": "n"}, lambda x: jnp.sum(x[1:] ** 3)),
    "differences": ("sum((x[1:] - x[:-1]) ** 2)", {"x": "n"}, lambda x: jnp.sum((x[1:] - x[:-1]) ** 2)),
    "bounds": ("sum(x[1:4] * y)", {"x": "n", "y": "3"}, lambda x, y: jnp.sum(x[1:4] * y)),
    "from the end": ("sum(x[-3:-1] ** 3)", {"x": "n"}, lambda x: jnp.sum(x[-3:-1] ** 3)),
    "steps": ("sum(x[1::2] ** 3)", {"x": "n"}, lambda x: jnp.sum(x[1::2] ** 3)),
    "reverse": ("sum(x[::-1] * y ** 2)", {"x": "n", "y": "n"}, lambda x, y: jnp.sum(x[::-1] * y**2)),
    "items": ("x[0] * x[-1] ** 2", {"x": "n"}, lambda x: x[0] * x[-1] ** 2),
    "row and column": ("sum(A[0] * A[:, 1])", {"A": "n, n"}, lambda A: jnp.sum(A[0] * A[:, 1])),
    "block": ("sum((A[1:3, :-2] @ B) ** 2)", {"A": "m, n", "B": "n - 2, k"},
              lambda A, B: jnp.sum((A[1:3, :-2] @ B) ** 2)),
    "size as a bound": ("sum(A[:, :k] ** 3 @ v)", {"A": "m, n", "v": "k"}, lambda A, v: jnp.sum(A[:, :3] ** 3 @ v)),
    "new axis": ("sum((x[:, None] - y[None, :]) ** 4)", {"x": "n", "y": "m"},
                 lambda x, y: jnp.sum((x[:, None] - y[None, :]) ** 4)),
    "dots": ("sum(T[..., 0] ** 3)", {"T": "m, n, k"}, lambda T: jnp.sum(T[..., 0] ** 3)),
    "concatenate": ("sum(concatenate([x, y ** 2, x]) ** 3)", {"x": "n", "y": "k"},
                    lambda x, y: jnp.sum(jnp.concatenate([x, y**2, x]) ** 3)),
    "concatenate columns": ("sum((concatenate([X, Y], axis=1) @ W) ** 2)", {"X": "m, n", "Y": "m, k", "W": "n + k, p"},
                            lambda X, Y, W: jnp.sum((jnp.concatenate([X, Y], axis=1) @ W) ** 2)),
    "stack": ("sum(stack([x, y], axis=1) ** 3 @ A)", {"x": "n", "y": "n", "A": "2, k"},
              lambda x, y, A: jnp.sum(jnp.stack([x, y], axis=1) ** 3 @ A)),
    "flip": ("sum(flip(A, axis=1) * A ** 2)", {"A": "m, n"}, lambda A: jnp.sum(jnp.flip(A, axis=1) * A**2)),
    "cumsum": ("sum(cumsum(x) ** 3)", {"x": "n"}, lambda x: jnp.sum(jnp.cumsum(x) ** 3)),
    "cumsum columns": ("sum(cumsum(A, axis=0) ** 3)", {"A": "m, n"}, lambda A: jnp.sum(jnp.cumsum(A, axis=0) ** 3)),
    "tril": ("sum(tril(A, -1) ** 3)", {"A": "m, n"}, lambda A: jnp.sum(jnp.tril(A, -1) ** 3)),
    "triu": ("sum((triu(A, 1) @ B) ** 2)", {"A": "m, n", "B": "n, k"}, lambda A, B: jnp.sum((jnp.triu(A, 1) @ B) ** 2)),
    "reshape": ("sum((reshape(T, (m, -1)) @ W) ** 2)", {"T": "m, n, k", "W": "n * k, p"},
                lambda T, W: jnp.sum((T.reshape(T.shape[0], -1) @ W) ** 2)),
    "reshape apart": ("sum(reshape(A, (m, n, k)) * T)", {"A": "m, n * k", "T": "m, n, k"},
                      lambda A, T: jnp.sum(A.reshape(T.shape) * T)),
    "kron": ("sum(kron(A, B) ** 3)", {"A": "m, n", "B": "k, p"}, lambda A, B: jnp.sum(jnp.kron(A, B) ** 3)),
    "swapaxes": ("sum((T @ swapaxes(T, 1, 2)) ** 2)", {"T": "m, n, k"},
                 lambda T: jnp.sum((T @ jnp.swapaxes(T, 1, 2)) ** 2)),
    "transpose": ("sum(transpose(T, (2, 0, 1)) * S ** 2)", {"T": "m, n, k", "S": "k, m, n"},
                  lambda T, S: jnp.sum(jnp.transpose(T, (2, 0, 1)) * S**2)),
    "batched product": ("sum((S @ T) ** 2)", {"S": "b, m, n", "T": "b, n, k"}, lambda S, T: jnp.sum((S @ T) ** 2)),
    "matrix into batch": ("sum((S @ W) ** 2)", {"S": "b, m, n", "W": "n, k"}, lambda S, W: jnp.sum((S @ W) ** 2)),
    "batch of one": ("sum((S @ T) ** 2)", {"S": "1, m, n", "T": "b, n, k"}, lambda S, T: jnp.sum((S @ T) ** 2)),
    "vector into batch": ("sum((S @ x) ** 3)", {"S": "b, m, n", "x": "n"}, lambda S, x: jnp.sum((S @ x) ** 3)),
    "attention": ("sum(softmax(Q @ swapaxes(K, 1, 2) / sqrt(n)) @ V * G)",
                  {"Q": "b, m, n", "K": "b, k, n", "V": "b, k, p", "G": "b, m, p"},
                  lambda Q, K, V, G: jnp.sum(
                      jax.nn.softmax(Q @ jnp.swapaxes(K, 1, 2) / jnp.sqrt(Q.shape[-1])) @ V * G)),
    "correlate": ("sum(correlate(x, w) ** 3)", {"x": "n", "w": "k"}, lambda x, w: jnp.sum(jnp.correlate(x, w) ** 3)),
    "correlate full": ('sum(correlate(x, w, "full") ** 3)', {"x": "n", "w": "k"},
                       lambda x, w: jnp.sum(jnp.correlate(x, w, "full") ** 3)),
    "convolve": ("sum(convolve(x, w) ** 3)", {"x": "n", "w": "k"}, lambda x, w: jnp.sum(jnp.convolve(x, w) ** 3)),
    "convolve valid": ('sum(convolve(x, w, mode="valid") ** 3)', {"x": "n", "w": "k"},
                       lambda x, w: jnp.sum(jnp.convolve(x, w, "valid") ** 3)),
    "conv1d": ("sum(conv1d(x, W) ** 3)", {"x": "b, c, n", "W": "p, c, k"}, lambda x, W: jnp.sum(conv(1)(x, W) ** 3)),
    "conv1d, bias": ("sum(conv1d(x, W, v) ** 3)", {"x": "b, c, n", "W": "p, c, k", "v": "p"},
                     lambda x, W, v: jnp.sum((conv(1)(x, W) + v[None, :, None]) ** 3)),
    "conv1d, stride": ("sum(conv1d(x, W, stride=2, padding=1) ** 3)", {"x": "b, c, n", "W": "p, c, k"},
                       lambda x, W: jnp.sum(conv(1, stride=2, padding=1)(x, W) ** 3)),
    "conv2d": ("sum(conv2d(x, W, padding=1, dilation=2) ** 3)", {"x": "b, c, h, w", "W": "p, c, 3, 2"},
               lambda x, W: jnp.sum(conv(2, padding=1, dilation=2)(x, W) ** 3)),
    "conv2d, groups": ("sum(conv2d(x, W, groups=2, stride=2) ** 3)", {"x": "b, 4, h, w", "W": "6, 2, 3, 3"},
                       lambda x, W: jnp.sum(conv(2, groups=2, stride=2)(x, W) ** 3)),
    "pool": ("sum(avg_pool2d(x, 2) ** 3)", {"x": "b, c, h, w"}, lambda x: jnp.sum(pooled(x, 2, 2) ** 3)),
    "max pool": ("sum(max_pool2d(x, 2) ** 3)", {"x": "b, c, h, w"}, lambda x: jnp.sum(largest(x, 2, 2) ** 3)),
    "max pool, stride": ("sum(max_pool2d(x, 3, stride=1) ** 3)", {"x": "b, c, h, w"},
                         lambda x: jnp.sum(largest(x, 3, 1) ** 3)),
    "pool, stride": ("sum(avg_pool2d(x, 3, stride=1) ** 3)", {"x": "b, c, h, w"},
                     lambda x: jnp.sum(pooled(x, 3, 1) ** 3)),
}  # fmt: skip


def length(size: str) -> int:
    """A size of the table in numbers."""
    total = 0
    for term in size.replace("-", "+-").split("+"):
        factors = [part.strip() for part in term.strip().removeprefix("-").split("*")]
        number = int(np.prod([SIZES[f] if f in SIZES else int(f) for f in factors]))
        total += -number if term.strip().startswith("-") else number
    return total


@pytest.mark.parametrize("name", CASES)
def test_value_and_gradient(name: str) -> None:
    text, shapes, peer = CASES[name]
    random = np.random.default_rng(len(name))
    arrays = {s: random.standard_normal([length(size) for size in sizes.split(",")]) for s, sizes in shapes.items()}
    derived = hg.derive(text, wrt=list(shapes), shapes=shapes)
    value, gradients = jax.value_and_grad(peer, argnums=tuple(range(len(shapes))))(*arrays.values())
    results = derived.function()(**arrays)
    np.testing.assert_allclose(results[derived.of.name], value, rtol=1e-10)
    for symbol, expected in zip(shapes, gradients, strict=True):
        np.testing.assert_allclose(results[symbol], expected, rtol=1e-9, atol=1e-9 * np.max(np.abs(expected)))


def test_choice_by_index() -> None:
    """An embedding, and the log-probability of the class of each row."""
    random = np.random.default_rng(3)
    table, rows, numbers = random.standard_normal((6, 3)), random.standard_normal((4, 6)), np.array([5, 0, 5, 2])
    derived = hg.derive("E: (v, d)\nidx: (m,)\nJ = sum(E[idx] ** 3)", wrt="E")
    expected = jax.grad(lambda E: jnp.sum(E[numbers] ** 3))(table)
    np.testing.assert_allclose(derived["E"].evaluate(E=table, idx=numbers), expected, rtol=1e-12)
    derived = hg.derive("Z: (m, k)\ny: (m,)\nJ = -mean(log_softmax(Z)[arange(m), y])", wrt="Z")
    assert derived["Z"].text() == "(softmax(Z) − I[y])/m"
    expected = jax.grad(lambda Z: -jnp.mean(jax.nn.log_softmax(Z)[jnp.arange(4), numbers]))(rows)
    np.testing.assert_allclose(derived["Z"].evaluate(Z=rows, y=numbers), expected, rtol=1e-12)


PRINTED = {
    "sum((x[1:] - x[:-1]) ** 2)": "2 (I[1:] − I[:-1])ᵀ (x[1:] − x[:-1])",
    "sum(x[1:4] ** 2)": "2 I[1:4]ᵀ x[1:4]",
    "sum(kron(x[:, None], x[None, :]))": "2 Σ(x) 1",
    "sum(cumsum(x) * y)": "tril(1 1ᵀ)ᵀ y",
}


@pytest.mark.parametrize("text", PRINTED)
def test_printed(text: str) -> None:
    assert hg.derive(text, wrt="x", shapes={"x": "n"})["x"].text() == PRINTED[text]


def test_convolution_is_printed_with_tied_letters() -> None:
    """An input's gradient has the kernel at j = i − s p, a kernel's the input at s p + i."""
    derived = hg.derive("y = conv1d(x, W, stride=2)\nJ = sum(y ** 2) / 2", shapes={"x": "b,c,n", "W": "p,c,k"}, wrt="x")
    assert "W[l,j,k-2p]" in derived.text(steps=False)
    assert "∂J/∂x[i,j,k] =" in derived.text(steps=False)


REFUSED = {
    "axes": ("sum(x[0, 1])", {"x": "n"}, ReadError),
    "empty": ("sum(x[3:2])", {"x": "n"}, ReadError),
    "fraction": ("sum(x[0.5])", {"x": "n"}, ReadError),
    "mode": ('sum(convolve(x, x, "odd"))', {"x": "n"}, ReadError),
    "channels": ("sum(conv1d(x, W))", {"x": "b, c, n", "W": "p, m, k"}, ShapeError),
    "concatenated shapes": ("sum(concatenate([X, Y]))", {"X": "m, n", "Y": "m, k"}, ShapeError),
    "reshape": ("sum(reshape(X, (n, 5)))", {"X": "m, n"}, HandgradError),
    "batches": ("sum(S @ T)", {"S": "b, m, n", "T": "c, n, k"}, ShapeError),
    "too short": ("sum(x[1:5] ** 2)", {"x": "3"}, HandgradError),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused_with_a_place(name: str) -> None:
    text, shapes, error = REFUSED[name]
    with pytest.raises(error):
        hg.derive(text, shapes=shapes)


def test_short_arrays_are_refused() -> None:
    derived = hg.derive("sum(x[1:5] ** 2)", shapes={"x": "n"})
    with pytest.raises(ShapeError, match="nothing is left"):
        derived["x"].evaluate(x=np.ones(4))


LENGTHS = {
    "n told by n + 1": ("sum(x ** 3)", {"x": "n + 1"}, {"x": 4}),
    "k told by n k": ("sum(x ** 3) + sum(y)", {"x": "n*k", "y": "n"}, {"x": 6, "y": 3}),
    "an even number of places, every other": ("sum(x[::2] * y)", {"x": "2*n", "y": "n"}, {"x": 6, "y": 3}),
    "a divisor of several terms": ("sum(reshape(x, (k, -1)) @ y)", {"x": "k*m + k", "y": "m + 1"}, {"x": 8, "y": 4}),
    "one entry of each row of three": ("sum(M[arange(n), y])", {"M": "n, 3", "y": "n"}, {"M": (4, 3), "y": 4}),
    "a reduction of a reshaped stack": ("sum(max(T, axis=0) ** 2)", {"T": "n, m, k"}, {"T": (3, 4, 2)}),
    "axes of one entry": ("mean(kron(X, P))", {"X": "1, 3", "P": "n, 1"}, {"X": (1, 3), "P": (4, 1)}),
}


@pytest.mark.parametrize("name", LENGTHS)
def test_lengths_by_arithmetic(name: str) -> None:
    """What once was refused or failed: the derivative is right along a direction."""
    text, shapes, lengths = LENGTHS[name]
    random = np.random.default_rng(5)
    arrays = {s: random.integers(0, 3, size) if s == "y" and "arange" in text else random.standard_normal(size)
              for s, size in lengths.items()}  # fmt: skip
    wrt = next(iter(shapes))
    run = hg.derive(text, wrt=wrt, shapes=shapes).function()
    direction = random.standard_normal(arrays[wrt].shape)
    cost = next(key for key in run(**arrays) if key != wrt)
    above, below = (run(**{**arrays, wrt: arrays[wrt] + h * direction})[cost] for h in (1e-6, -1e-6))
    np.testing.assert_allclose(np.sum(run(**arrays)[wrt] * direction), (above - below) / 2e-6, rtol=1e-6)


def test_a_length_in_a_quotient_is_held_together() -> None:
    assert "1/(p + 2)" in hg.derive("mean(z[1:-1])", wrt="z", shapes={"z": "p + 4"})["z"].text()
