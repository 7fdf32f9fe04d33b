"""Random models over all operations: the derived gradients agree with NumPy's differences, or the model is refused.

`benchmarks/random_expressions.py` runs more of them.
"""

from __future__ import annotations

import os

import numpy as np
import pytest

from expression_check import CRASHED, HANGING, REFUSED, RIGHT, WRONG, TooLongError, compare, draw, examine, within
from expression_generator import Dim
from expression_oracle import REAL, Forward
from expression_rules import RULES, SCALAR

SAMPLE, WHOLE = 60, 4_000
MOST_REFUSED = 0.02
given = os.environ.get("HANDGRAD_SEED")
SEED = int(given) if given else int(np.random.SeedSequence().generate_state(1)[0]) % 10**8  # printed with each failure


def run(seed: int, count: int) -> None:
    outcomes = [examine(seed + k) for k in range(count)]
    kinds = [one.kind for one in outcomes]
    print(f"seed {seed}: {count} models, " + ", ".join(f"{kinds.count(kind)} {kind}" for kind in (RIGHT, REFUSED)))
    failed = [one for one in outcomes if one.kind in (WRONG, CRASHED, HANGING)]
    assert not failed, "\n\n".join(f"{one.kind}, seed {one.seed}: {one.detail}\n{one.text}" for one in failed)
    refused = "\n\n".join(f"seed {one.seed}: {one.detail}\n{one.text}" for one in outcomes if one.kind == REFUSED)
    assert kinds.count(REFUSED) <= MOST_REFUSED * count + 3, refused


def test_a_sample() -> None:
    run(SEED, SAMPLE)


@pytest.mark.slow
def test_the_whole() -> None:
    run(SEED, WHOLE)


def test_every_rule_is_drawn() -> None:
    drawn = {rule for seed in range(1000) for rule in draw(seed)[0].rules}
    assert drawn == {rule.__name__ for rule, _ in (*RULES, *SCALAR)}


def test_a_wrong_gradient_is_seen() -> None:
    """Every gradient that is off by a sign, by a factor or in one entry is called wrong."""
    for seed in range(20):
        model, arrays = draw(seed)
        forward = Forward(model)
        found = {name: gradient(forward, arrays, name) for name in arrays if name not in model.counts}
        found["J"] = np.asarray(forward.value(REAL, arrays))
        assert compare(model, arrays, found, np.random.default_rng(seed))[0] == RIGHT
        name = next((name for name in found if np.max(np.abs(found[name])) > 1e-3 and name != "J"), None)
        if name is None:
            continue
        for change in (-1.0, 1.001):
            wrong = {**found, name: found[name] * change}
            assert compare(model, arrays, wrong, np.random.default_rng(seed))[0] == WRONG


def gradient(forward: Forward, arrays: dict[str, np.ndarray], name: str) -> np.ndarray:
    """Entry by entry, by the complex step."""
    result = np.zeros(arrays[name].shape)
    for place in np.ndindex(result.shape):
        unit = np.zeros(result.shape)
        unit[place] = 1.0
        result[place] = forward.slope(arrays, name, unit)
    return result


def test_what_takes_too_long_is_stopped() -> None:
    def forever() -> tuple[str, str]:
        while True:
            pass

    with pytest.raises(TooLongError):
        within(0.05, forever)


def test_lengths_print_as_they_are_declared() -> None:
    n, k = Dim.of("n"), Dim.of("k")
    assert [str(d) for d in (n - 1, n * k + 2, (n + 1) - 1, n * 2 - k)] == ["n - 1", "k*n + 2", "n", "2*n - k"]
