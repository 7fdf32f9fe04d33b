"""The example of CONTRIBUTING.md works as it is told there: one record, and everything else follows."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import mpmath
import numpy as np
import pytest

import handgrad as hg
from handgrad.errors import CheckError
from handgrad.functions import BY_SPELLING, Elementwise, elementwise

ROOT = Path(__file__).resolve().parents[1]
TEXT = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
RECORD, ORACLE = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)
RIGHT, WRONG = "(1 + x * (x**2 + 4) ** Fraction(-1, 2))", "(1 + x * (x**2 + 4) ** Fraction(1, 2))"
MODEL = (ROOT / "examples" / "two_layer_network.md").read_text(encoding="utf-8")

jax.config.update("jax_enable_x64", True)


def made(source: str) -> Elementwise:
    """The record that the page shows, made where the table's are made."""
    space: dict[str, Any] = dict(vars(elementwise))
    exec(source, space)
    record = space["squareplus"]
    assert isinstance(record, Elementwise)
    return record


@pytest.fixture
def squareplus(monkeypatch: pytest.MonkeyPatch) -> Elementwise:
    record = made(RECORD)
    for spelling in record.spellings:
        monkeypatch.setitem(BY_SPELLING, spelling, record)
    return record


def network(**arrays: Any) -> Any:
    return jnp.sum(arrays["C"] * ((arrays["X"] + jnp.sqrt(arrays["X"] ** 2 + 4)) / 2))


def test_it_is_not_in_the_table_yet() -> None:
    assert "squareplus" not in BY_SPELLING


def test_the_record_derives_runs_and_is_emitted(squareplus: Elementwise) -> None:
    derived = hg.derive(hg.parse("X: (n, m)\nC: (n, m)\nJ = sum(C * squareplus(X))"), wrt="X")
    random = np.random.default_rng(2)
    arrays = {"X": random.standard_normal((3, 4)), "C": random.standard_normal((3, 4))}
    expected = jax.grad(lambda X: network(X=X, C=arrays["C"]))(arrays["X"])
    np.testing.assert_allclose(derived.function()(**arrays)["X"], expected, rtol=1e-12)
    space: dict[str, Any] = {}
    exec(derived.source("numpy"), space)
    given = [arrays[symbol.name] for symbol in derived.model.inputs]
    back = space["backward"](*given, space["forward"](*given))
    np.testing.assert_allclose(back["X"], expected, rtol=1e-12)
    assert "squareplus(X)" in derived.text()
    assert r"\operatorname{squareplus}(X)" in derived.latex()


def test_the_oracle_of_the_page(squareplus: Elementwise) -> None:
    oracle = eval("{" + ORACLE + "}", {"mpmath": mpmath})["squareplus"]
    for x in (-2.5, 0.3, 4.0):
        assert float(squareplus.numpy(np.asarray(x))) == pytest.approx(float(oracle(x)), rel=1e-14)


def test_the_output_of_the_page(squareplus: Elementwise) -> None:
    derived = hg.derive(hg.parse(MODEL, let={"g": "squareplus"}))
    shown = next(line for line in TEXT.splitlines() if line.startswith("  ∂J/∂Z1"))
    assert " ".join(shown.split()) in " ".join(derived.text(steps=False).split())


def test_the_broken_record_of_the_page(monkeypatch: pytest.MonkeyPatch) -> None:
    assert RIGHT in RECORD
    broken = RECORD.replace(RIGHT, WRONG).replace('"squareplus", N', '"broken", N')  # nodes are one by name
    monkeypatch.setitem(BY_SPELLING, "squareplus", made(broken))
    with pytest.raises(CheckError) as caught:
        hg.derive(hg.parse(MODEL, let={"g": "squareplus"}))
    told = re.search(r"error: (.*) and the complex step differ", TEXT)
    assert told is not None
    assert told[1] in str(caught.value)
