"""Random expressions over the operations: the derived gradient agrees with JAX, or the expression is refused."""

from __future__ import annotations

import os

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import handgrad as hg
from handgrad.errors import CheckError, HandgradError
from random_expressions import NAMES, SYMBOLS, Generator, arrays, declarations

jax.config.update("jax_enable_x64", True)
SAMPLE, WHOLE, DEPTH = 60, 4_000, 3
SEED = int(os.environ.get("HANDGRAD_SEED", np.random.SeedSequence().entropy % 10**6))  # printed with each failure


def check(seed: int) -> str:
    """`right`, `refused` or `flat`; anything wrong is an assertion."""
    random = np.random.default_rng(seed)
    text = Generator(random).scalar(DEPTH)
    used = [name for name in SYMBOLS if name in text.replace("softmax", "").replace("exp", "").replace("sum", "")]
    values = arrays(random)
    jitted = {name: jnp.asarray(value) for name, value in values.items()}
    expected, slopes = jax.value_and_grad(lambda a: eval(text, {**NAMES, **a}))(jitted)  # our own text, not a user's
    if not all(bool(jnp.all(jnp.isfinite(slope))) for slope in slopes.values()) or not abs(expected) < 1e6:
        return "flat"
    model = hg.parse(f"{declarations()}\nJ = {text}")
    wrt = [s.name for s in model.inputs if s.name in used]
    if not wrt:
        return "flat"
    try:
        found = hg.derive(model, wrt=wrt).function()(**values)
    except CheckError as error:
        if "no random point" not in str(error):
            pytest.fail(f"seed {seed}: {text}: {error}")
        return "refused"
    except HandgradError:
        return "refused"
    np.testing.assert_allclose(found["J"], expected, rtol=1e-8, atol=1e-10, err_msg=f"seed {seed}: {text}")
    for name in wrt:
        scale = max(float(jnp.max(jnp.abs(slopes[name]))), 1e-6)
        np.testing.assert_allclose(
            found[name] / scale, slopes[name] / scale, rtol=1e-8, atol=1e-9, err_msg=f"seed {seed}: d/d{name} of {text}"
        )
    return "right"


def run(count: int) -> None:
    outcomes = [check(SEED + k) for k in range(count)]
    refused = outcomes.count("refused")
    print(f"seed {SEED}: {count} expressions, {outcomes.count('right')} right, {refused} refused")
    assert refused <= 0.02 * count + 1


def test_a_sample() -> None:
    run(SAMPLE)


@pytest.mark.slow
def test_the_whole() -> None:
    run(WHOLE)
