"""Fitting real networks to small tables: orientations, tasks, sizes, seeds, interrupts, refusals."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

import handgrad as hg
from handgrad.errors import DataError, TrainingError
from handgrad.learn import Fitted, Settings, fit
from handgrad.learn.fitting import prepare
from handgrad.learn.initial import weights_of
from handgrad.learn.settings import Start

COLUMNS = """
X: (n, m)
Y: (1, m)
W1: (h, n)
b1: (h, 1)
W2: (1, h)
b2: (1, 1)
Z1 = W1 @ X + b1
A1 = g(Z1)
Z2 = W2 @ A1 + b2
A2 = sigmoid(Z2)
J = -sum(Y * log(A2) + (1 - Y) * log(1 - A2)) / m
"""
ROWS = """
X: (m, n)
Y: (m, k)
W1: (n, h)
b1: (h,)
W2: (h, k)
b2: (k,)
Z1 = X @ W1 + b1
A1 = relu(Z1)
A2 = softmax(A1 @ W2 + b2)
J = -sum(Y * log(A2)) / m
"""
LINEAR = """
X: (n, m)
Y: (1, m)
W: (1, n)
b: (1, 1)
P = W @ X + b
J = sum((P - Y) ** 2) / m
"""


def document(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "model.txt"
    path.write_text(text)
    return path


def two_moons(count=200, seed=0):
    """Two classes that no line separates well, a category and a hole among the columns."""
    rng = np.random.default_rng(seed)
    kind = rng.integers(0, 2, count)
    angle = rng.uniform(0, np.pi, count)
    x = np.where(kind, 1 - np.cos(angle), np.cos(angle)) + rng.normal(0, 0.1, count)
    y = np.where(kind, 0.5 - np.sin(angle), np.sin(angle)) + rng.normal(0, 0.1, count)
    noise = rng.choice(["u", "v"], count)
    return pl.DataFrame({"x": x, "y": y, "noise": noise, "moon": np.array(["a", "b"])[kind]})


def test_two_classes_with_examples_in_columns(tmp_path):
    model = document(tmp_path, COLUMNS)
    fitted = fit(model, two_moons(), "moon", Settings(epochs=200, alpha=0.5, let={"g": "tanh"}))
    assert fitted.metrics["test"]["accuracy"] > 0.95
    assert fitted.sizes == {"n": 4, "h": 16}
    assert fitted.parameters["W1"].shape == (16, 4)
    assert fitted.parameters["W1"].dtype == np.float32
    predicted = fitted.predict(two_moons(50, seed=1))
    assert predicted.classes == ("a", "b")
    np.testing.assert_allclose(predicted.probabilities.sum(axis=1), 1)
    assert (predicted.values == two_moons(50, seed=1)["moon"].to_numpy()).mean() > 0.95


def test_several_classes_with_examples_in_rows(tmp_path):
    rng = np.random.default_rng(0)
    kind = rng.integers(0, 3, 150)
    frame = pl.DataFrame({"x": kind + rng.normal(0, 0.1, 150), "y": -kind + rng.normal(0, 0.1, 150), "k": kind})
    fitted = fit(document(tmp_path, ROWS), frame, "k", Settings(epochs=100, alpha=0.5, sizes={"h": 5}))
    assert fitted.metrics["test"]["accuracy"] > 0.9
    assert fitted.sizes == {"n": 2, "h": 5, "k": 3}
    assert set(fitted.predict(frame).values) == {0, 1, 2}


def test_a_regression_finds_the_line_in_the_target_s_unit(tmp_path):
    x = np.linspace(-1, 1, 60)
    frame = pl.DataFrame({"x": x, "price": 300 * x + 1000})
    fitted = fit(document(tmp_path, LINEAR), frame, "price", Settings(epochs=300, dtype="float64"))
    assert fitted.metrics["test"]["R²"] > 0.9999
    np.testing.assert_allclose(fitted.predict(pl.DataFrame({"x": [2.0]})).values, [1600], rtol=1e-3)
    assert fitted.predict(frame).classes == ()


def test_the_weights_and_biases_of_a_model():
    model = hg.parse(COLUMNS, let={"g": "relu"})
    weights = weights_of(model)
    assert {name: (w.summed, w.kept, w.hidden) for name, w in weights.items()} == {
        "W1": ((1,), (0,), False),
        "W2": ((1,), (0,), True),
    }
    assert set(weights_of(hg.parse(ROWS))) == {"W1", "W2"}


@pytest.mark.parametrize(("function", "variance"), [("tanh", 2 / (400 + 300)), ("relu", 2 / 400)])
def test_weights_start_with_the_activation_s_variance(tmp_path, function, variance):
    rng = np.random.default_rng(0)
    frame = pl.DataFrame(rng.normal(size=(40, 400)), schema=[f"c{k}" for k in range(400)])
    frame = frame.with_columns(pl.Series("t", [0, 1] * 20))
    settings = Settings(let={"g": function}, sizes={"h": 300})
    prepared = prepare(document(tmp_path, COLUMNS), frame, "t", settings)
    assert prepared.training.parameters["W1"].var() == pytest.approx(variance, rel=0.03)
    assert not prepared.training.parameters["b1"].any()


def test_zero_weights_are_refused_with_the_reason(tmp_path):
    with pytest.raises(TrainingError) as caught:
        fit(document(tmp_path, COLUMNS), two_moons(), "moon", Settings(start=Start.ZERO))
    assert "symmetry" in caught.value.message
    # Without hidden units there is no symmetry to break, and zero is a fair start.
    frame = pl.DataFrame({"x": range(20), "y": range(20)})
    assert fit(document(tmp_path, LINEAR), frame, "y", Settings(start=Start.ZERO)).metrics["train"]["R²"] > 0.9


def test_notes_say_what_was_assumed(tmp_path):
    notes = prepare(document(tmp_path, COLUMNS), two_moons(), "moon", Settings()).notes
    assert "g is not defined in the text: tanh is used (choose with --let g=…)" in notes
    assert "size h = 16 (choose with --size h=…)" in notes
    assert "target 'moon': 'b' is 1, 'a' is 0" in notes
    assert "one 0/1 feature for each category: 'noise' (2)" in notes
    assert "140 rows train, 20 validate, 40 are held out" in notes


def test_same_seed_same_bits_other_seed_other_bits(tmp_path):
    files = []
    for number, seed in enumerate((3, 3, 4)):
        path = tmp_path / f"{number}.safetensors"
        fit(document(tmp_path, COLUMNS), two_moons(), "moon", Settings(epochs=5, seed=seed)).save(path)
        files.append(path.read_bytes())
    assert files[0] == files[1] != files[2]


def test_a_model_that_was_read_is_as_good_as_its_document(tmp_path):
    model = hg.read(document(tmp_path, COLUMNS), let={"g": "tanh"})
    ours = fit(model, two_moons(), "moon", Settings(epochs=3))
    theirs = fit(tmp_path / "model.txt", two_moons(), "moon", Settings(epochs=3, let={"g": "tanh"}))
    np.testing.assert_array_equal(ours.parameters["W1"], theirs.parameters["W1"])


def test_interrupt_returns_the_best_so_far(tmp_path):
    def watch(epoch):
        if epoch.number == 4:
            raise KeyboardInterrupt

    fitted = fit(document(tmp_path, COLUMNS), two_moons(), "moon", Settings(epochs=100), watch)
    assert fitted.history.interrupted
    assert fitted.history.epochs[-1].number == 4
    assert fitted.history.epochs[fitted.history.best].validation == min(e.validation for e in fitted.history.epochs)
    fitted.save(tmp_path / "kept.safetensors")
    assert Fitted.load(tmp_path / "kept.safetensors").history == fitted.history


def test_the_test_rows_do_not_touch_the_training(tmp_path):
    frame = two_moons()
    first = prepare(document(tmp_path, COLUMNS), frame, "moon", Settings(epochs=3))
    spoiled = frame["x"].to_numpy().copy()
    spoiled[first.split.test] = 1e6
    second = prepare(
        document(tmp_path, COLUMNS), frame.with_columns(pl.Series("x", spoiled)), "moon", Settings(epochs=3)
    )
    np.testing.assert_array_equal(first.run().parameters["W1"], second.run().parameters["W1"])


def test_unknown_categories_and_extra_columns_when_predicting(tmp_path):
    fitted = fit(document(tmp_path, COLUMNS), two_moons(), "moon", Settings(epochs=2))
    frame = two_moons(3).drop("moon").with_columns(noise=pl.lit("w"), more=pl.lit(1))
    assert fitted.predict(frame).notes == (
        "'noise': 3 cells hold an unknown category ('w'): all zeros",
        "columns that the model does not use are ignored: 'more'",
    )


@pytest.mark.parametrize(
    ("changes", "kind", "message"),
    [
        ({"alpha": 1e6}, TrainingError, "training diverges: with learning rate 1e+06"),
        ({"alpha": 0.0}, TrainingError, "the learning rate is 0"),
        ({"alpha": float("nan")}, TrainingError, "the learning rate is nan"),
        ({"sizes": {"h": 0}}, TrainingError, "the size h is 0"),
        ({"sizes": {"hh": 3}}, TrainingError, "the model has no size 'hh'"),
        ({"sizes": {"n": 3}}, TrainingError, "the size n is told by the table"),
        ({"sizes": {"m": 3}}, TrainingError, "the size m is told by the table"),
        ({"hyperparameters": {"lambda_": 1.0}}, TrainingError, "'lambda_' is no hyperparameter to set"),
        ({"drop": ("z",)}, DataError, "the data frame has no column 'z'"),
        ({"drop": ("x", "y", "noise")}, DataError, "the data frame has no column beside the target 'moon'"),
        ({"test": 0.999, "validation": 0}, DataError, "200 rows are too few for --test 0.999"),
    ],
)
def test_settings_that_cannot_be(tmp_path, changes, kind, message):
    # Squared error on a linear output: cross-entropy saturates instead of exploding.
    settings = Settings(**changes)
    text = (
        COLUMNS.replace("-sum(Y * log(A2) + (1 - Y) * log(1 - A2))", "sum((Z2 - Y) ** 2)")
        if "alpha" in changes
        else COLUMNS
    )
    target = "x" if "alpha" in changes else "moon"
    with pytest.raises(kind) as caught:
        fit(document(tmp_path, text.replace("g(", "relu(")), two_moons(), target, settings)
    assert message in caught.value.message
    assert caught.value.remedy


@pytest.mark.parametrize("changes", [{"epochs": 0}, {"batch": 0}, {"seed": -1}])
def test_settings_are_checked_when_they_are_made(changes):
    with pytest.raises(TrainingError):
        Settings(**changes)


@pytest.mark.parametrize(
    ("text", "data", "target", "message"),
    [
        (COLUMNS, {"x": [1, 2, 3, 4], "t": ["a"] * 4}, "t", "all 4 targets are 'a'"),
        (COLUMNS, {"x": range(9), "t": list("abcabcabc")}, "t", "A2 has shape (1, m), so 1 output,"),
        (COLUMNS, {"x": range(9), "t": [k / 4 for k in range(9)]}, "t", "expected classes"),
        (COLUMNS, {"x": [1, 2], "t": [0, 1]}, "t", "has 2 rows with a target"),
        (COLUMNS, {"x": range(9), "t": [0, 1, 1] * 3}, "target", "has no column 'target'"),
        (COLUMNS.replace("n)", "7)").replace("(n", "(7"), {"x": range(9), "t": [0, 1, 1] * 3}, "t", "so 7 features"),
        (LINEAR, {"x": range(9), "t": list("abcabcabc")}, "t", "a regression needs numbers, found 'a'"),
        (LINEAR, {"x": range(9), "t": [1.0] * 9}, "t", "all training targets are 1"),
        (ROWS.replace("k)", "4)").replace("(k,", "(4,"), {"x": range(9), "t": [0, 1, 2] * 3}, "t", "4 outputs"),
    ],
)
def test_tables_that_do_not_fit_the_model(tmp_path, text, data, target, message):
    with pytest.raises(DataError) as caught:
        fit(document(tmp_path, text), pl.DataFrame(data), target)
    assert message in caught.value.message
    assert caught.value.remedy


def test_models_that_cannot_be_trained(tmp_path):
    with pytest.raises(TrainingError, match="the model has no"):
        fit(document(tmp_path, "X: (n, m)\nW: (1, n)\nJ = sum(W @ X)"), two_moons(), "moon")
    with pytest.raises(TrainingError, match="value of its own for each example"):
        fit(document(tmp_path, LINEAR.replace("b: (1, 1)", "b: (1, m)")), two_moons(), "x")
