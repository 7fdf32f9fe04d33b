"""The target: classes and quantities there and back, and targets that cannot be learned."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from handgrad.errors import DataError
from handgrad.learn.metrics import measure
from handgrad.learn.table import as_table
from handgrad.learn.target import Classes, Quantity, Task, classes_of, learn_quantity, rows_with_target


def table_of(values):
    return as_table(pl.DataFrame({"y": values}, strict=False))


def counts(values):
    table = table_of(values)
    return dict(classes_of(table, "y", rows_with_target(table, "y")[0]))


def test_labels_in_order():
    assert list(counts(["b", "a", "b", "a"])) == ["a", "b"]
    assert list(counts([10, 2, 10, 2])) == [2, 10]
    assert list(counts([True, False, True, False])) == ["false", "true"]
    assert all(isinstance(label, int) for label in counts([0.0, 1.0, 0.0, 1.0]))


def test_binary_there_and_back():
    target = Classes("y", ("no", "yes"), Task.BINARY)
    encoded = target.encode(table_of(["yes", "no", "yes"]), np.array([0, 1, 2]))
    np.testing.assert_array_equal(encoded, [[1], [0], [1]])
    assert target.decode(encoded).tolist() == ["yes", "no", "yes"]
    np.testing.assert_allclose(target.probabilities(np.array([[0.25]])), [[0.75, 0.25]])
    assert target.said() == "target 'y': 'yes' is 1, 'no' is 0"


def test_several_there_and_back():
    target = Classes("y", (3, 5, 7), Task.CLASSES)
    encoded = target.encode(table_of([7, 3, None, 5]), np.array([0, 1, 3]))
    np.testing.assert_array_equal(encoded, np.eye(3)[[2, 0, 1]])
    assert target.decode(encoded).tolist() == [7, 3, 5]


def test_logits_become_probabilities_without_overflow():
    binary = Classes("y", (0, 1), Task.BINARY, logits=True)
    np.testing.assert_allclose(binary.probabilities(np.array([[0.0], [1e6], [-1e6]]))[:, 1], [0.5, 1, 0], atol=1e-300)
    several = Classes("y", (0, 1, 2), Task.CLASSES, logits=True)
    np.testing.assert_allclose(several.probabilities(np.array([[1e6, 0, 0], [0, 0, 0]])), [[1, 0, 0], [1 / 3] * 3])


def test_quantity_there_and_back():
    table = table_of([1.0, 3.0, None, 8.0])
    target = learn_quantity(table, "y", np.array([0, 1, 3]), np.array([0, 1]))
    assert target == Quantity("y", 2.0, 1.0)
    encoded = target.encode(table, np.array([0, 1, 3]))
    np.testing.assert_allclose(encoded, [[-1], [1], [6]])
    np.testing.assert_allclose(target.decode(encoded), [1, 3, 8])


def test_rows_without_a_target_are_left_out_and_it_is_said():
    rows, notes = rows_with_target(table_of(["a", None, "b"]), "y")
    assert rows.tolist() == [0, 2]
    assert notes == ("1 rows without a 'y' are left out",)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (["a", "a", None], "the data frame, column 'y': all 2 targets are 'a'"),
        ([0.5, 1.5, 0.5, 1.5], "found 2 different values in 4 rows (such as 0.5)"),
        (list("abcdef"), "found 6 different values in 6 rows (such as 'a')"),
        ([1.0, float("inf"), 0.0], "row 2, column 'y': the number is infinite"),
    ],
)
def test_targets_that_are_no_classes(values, message):
    with pytest.raises(DataError) as caught:
        counts(values)
    assert message in caught.value.message
    assert caught.value.remedy


def test_every_target_missing():
    with pytest.raises(DataError, match="every target is missing"):
        rows_with_target(table_of([None, None]), "y")


def test_quantities_that_cannot_be_learned():
    rows = np.arange(2)
    with pytest.raises(DataError, match="row 1, column 'y': a regression needs numbers, found 'tall'"):
        learn_quantity(table_of(["tall", "small"]), "y", rows, rows)
    with pytest.raises(DataError, match="all training targets are 2"):
        learn_quantity(table_of([2.0, 2.0]), "y", rows, rows)


def test_metrics_of_known_values():
    binary = Classes("y", ("n", "p"), Task.BINARY)
    found = measure(binary, np.array([[0.0], [1], [1], [0]]), np.array([[0.2], [0.9], [0.4], [0.3]]))
    assert found["accuracy"] == 0.75
    assert found["ROC AUC"] == 1.0
    assert found["log loss"] == pytest.approx(-np.mean(np.log([0.8, 0.9, 0.4, 0.7])))
    assert "ROC AUC" not in measure(binary, np.array([[1.0]]), np.array([[0.9]]))
    quantity = measure(Quantity("y", 10.0, 2.0), np.array([[0.0], [1.0]]), np.array([[0.5], [1.0]]))
    assert quantity["RMSE"] == pytest.approx(np.sqrt(0.5))
    assert quantity["R²"] == pytest.approx(0.5)
