"""Random networks against JAX: the derived gradients, one training step and the emitted source, in float64."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np
import pytest

import handgrad as hg
from handgrad.program.training import Training
from random_networks import ACTIVATIONS, BIASES, LOSSES, REDUCTIONS, Network, draw, draw_only

COUNT, SAMPLE = 200, 20
RATE = 0.37


def marks(seed: int) -> list[pytest.MarkDecorator]:
    found = [pytest.mark.slow] if seed >= SAMPLE else []
    return found


SEEDS = [pytest.param(seed, marks=marks(seed)) for seed in range(COUNT)]


def agree(found: Any, expected: Any, what: str) -> None:
    found, expected = np.asarray(found), np.asarray(expected)
    assert found.shape == expected.shape, what
    size = max(float(np.max(np.abs(expected), initial=0)), 1e-3)
    apart = float(np.max(np.abs(found - expected), initial=0)) / size
    assert apart < 1e-10, f"{what}: relative difference {apart:.1e}"


def sizes_of(network: Network, model: hg.Model) -> dict[str, int]:
    """The symbolic sizes, read off the arrays."""
    return {
        size.name: length
        for name, array in network.arrays.items()
        for size, length in zip(model.symbols[name], array.shape, strict=True)
    }


def run_source(source: str, arrays: dict[str, np.ndarray]) -> tuple[float, dict[str, np.ndarray]]:
    """The emitted module's cost and gradients; arguments are passed by the names in its signatures."""
    module: dict[str, Any] = {}
    exec(compile(source, "<emitted>", "exec"), module)
    forward, backward = module["forward"], module["backward"]
    taken = list(inspect.signature(forward).parameters)
    values = forward(*(arrays[name] for name in taken))
    given = [*(arrays[name] for name in taken), *(values if isinstance(values, tuple) else (values,))]
    names = list(inspect.signature(backward).parameters)
    return float(np.squeeze(given[names.index("J")])), backward(*given)


@pytest.mark.parametrize("seed", SEEDS)
def test_agrees_with_jax(seed: int) -> None:
    network, value, gradients = draw(seed)
    print(network)
    before = {name: array.copy() for name, array in network.arrays.items()}
    model = hg.parse(network.text)
    derivation = hg.derive(model, wrt=network.parameters)
    found = derivation.function()(**network.arrays)
    agree(found["J"], value, "J")
    for name, gradient in gradients.items():
        agree(found[name], gradient, f"∂J/∂{name} = {derivation[name].text()}")

    cost, emitted = run_source(derivation.source("numpy"), network.arrays)
    agree(cost, value, "J of the emitted source")
    assert set(emitted) == set(gradients)
    for name, gradient in gradients.items():
        agree(emitted[name], gradient, f"d{name} of the emitted source")

    training = Training(model, derivation, sizes_of(network, model), np.float64)
    for name in network.parameters:
        training.parameters[name][...] = network.arrays[name]
    data = {name: network.arrays[name] for name in "XY"}
    numbers = {"alpha": RATE, **({"lam": float(network.arrays["lam"])} if network.penalty else {})}
    agree(training.step(data, numbers), value, "J of the training step")
    for name, gradient in gradients.items():
        agree(training.parameters[name], network.arrays[name] - RATE * gradient, f"{name} after a step")
    for name, array in network.arrays.items():
        assert np.array_equal(array, before[name]), f"{name} was changed in place"


def test_the_draw_covers_what_it_should() -> None:
    """Every activation, loss, bias, reduction and depth is among the 200."""
    seen: dict[str, set[object]] = {kind: set() for kind in ("activation", "loss", "bias", "reduction", "depth")}
    for seed in range(COUNT):
        random_network, _ = draw_only(seed)
        seen["activation"] |= set(random_network.activations)
        seen["loss"].add(random_network.loss)
        seen["bias"].add((random_network.rows, random_network.bias))
        seen["reduction"].add(random_network.reduction)
        seen["depth"].add(random_network.depth)
    assert seen["activation"] == set(ACTIVATIONS)
    assert seen["loss"] == set(LOSSES)
    assert len(seen["bias"]) == 2 * len(BIASES) - 1
    assert seen["reduction"] == set(REDUCTIONS)
    assert seen["depth"] == set(range(1, 7))
