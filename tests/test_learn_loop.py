"""The loop and the split, with a trainer that minimises (p − mean of the batch)²."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from handgrad.errors import DataError, TrainingError
from handgrad.learn.loop import Batches, Plan, train
from handgrad.learn.split import split_rows


class Mean:
    """p after each step of gradient descent on mean((x − p)²)."""

    def __init__(self, start: float = 0.0) -> None:
        self.parameters = {"p": np.array([start])}
        self.seen: list[list[float]] = []

    def step(self, data, numbers):
        cost = self.cost(data, numbers)
        self.seen.append(data["X"].ravel().tolist())
        self.parameters["p"] -= numbers["alpha"] * 2 * (self.parameters["p"] - data["X"].mean())
        return cost

    def cost(self, data, numbers):
        return float(np.mean((data["X"] - self.parameters["p"]) ** 2))


def batches(values, axis=1):
    array = np.array(values, dtype=float)[None, :] if axis else np.array(values, dtype=float)[:, None]
    return Batches({"X": array}, {"X": axis})


def plan(epochs=5, batch=None, alpha=0.1):
    return Plan(epochs, batch, alpha, {"alpha": alpha})


@pytest.mark.parametrize("axis", [0, 1])
def test_every_epoch_takes_each_example_once_in_new_order(axis):
    trainer = Mean()
    train(trainer, batches(range(7), axis), None, plan(2, batch=3), np.random.default_rng(0))
    sizes = [len(batch) for batch in trainer.seen]
    assert sizes == [3, 3, 1, 3, 3, 1]
    first, second = ([x for batch in part for x in batch] for part in (trainer.seen[:3], trainer.seen[3:]))
    assert sorted(first) == sorted(second) == list(range(7))
    assert first != second


def test_full_batch_is_one_step_an_epoch():
    trainer = Mean()
    history = train(trainer, batches([1, 3]), None, plan(4), np.random.default_rng(0))
    assert len(trainer.seen) == 4
    assert [epoch.number for epoch in history.epochs] == [0, 1, 2, 3, 4]


def test_the_best_epoch_by_validation_is_kept():
    trainer = Mean()
    history = train(trainer, batches([10.0]), batches([2.0]), plan(20, alpha=0.05), np.random.default_rng(0))
    costs = [epoch.validation for epoch in history.epochs]
    assert history.best == int(np.argmin(costs))
    assert 0 < history.best < 20
    assert float(trainer.cost({"X": np.array([2.0])}, {})) == min(costs)


def test_interrupt_keeps_the_best_so_far():
    trainer, marks = Mean(), {}

    def watch(epoch):
        marks[epoch.number] = trainer.parameters["p"].copy()
        if epoch.number == 3:
            raise KeyboardInterrupt

    history = train(trainer, batches([10.0]), None, plan(100), np.random.default_rng(0), watch)
    assert history.interrupted
    assert len(history.epochs) == 4
    np.testing.assert_array_equal(trainer.parameters["p"], marks[history.best])


def test_interrupt_in_the_middle_of_a_step_restores_whole_parameters():
    class Torn(Mean):
        def step(self, data, numbers):
            super().step(data, numbers)
            if len(self.seen) == 5:
                self.parameters["p"][...] = np.nan
                raise KeyboardInterrupt
            return self.cost(data, numbers)

    trainer = Torn()
    history = train(trainer, batches([10.0]), None, plan(100), np.random.default_rng(0))
    assert history.interrupted
    assert np.isfinite(trainer.parameters["p"]).all()


def test_divergence_says_the_learning_rate_and_what_to_try():
    with pytest.raises(TrainingError) as caught:
        train(Mean(), batches([1.0, 2.0]), None, plan(100, alpha=3.0), np.random.default_rng(0))
    assert "training diverges: with learning rate 3 the cost is" in caught.value.message
    assert caught.value.remedy == "a smaller learning rate, such as --alpha 0.3"


def test_a_cost_that_is_no_number_before_the_first_step():
    with pytest.raises(TrainingError, match="the cost is nan before the first step"):
        train(Mean(np.nan), batches([1.0]), None, plan(), np.random.default_rng(0))


def test_a_validation_cost_that_is_no_number():
    with pytest.raises(TrainingError, match="diverges"):
        train(Mean(), batches([1.0]), batches([np.inf]), plan(), np.random.default_rng(0))


def test_split_is_stratified_whole_and_seeded():
    rows = np.arange(100, 300)
    classes = ["rare"] * 20 + ["often"] * 180
    split = split_rows(rows, classes, 0.2, 0.3, np.random.default_rng(1))
    assert sorted(np.concatenate(list(split.parts.values()))) == rows.tolist()
    for part, count, rare in ((split.test, 60, 6), (split.validation, 40, 4), (split.train, 100, 10)):
        assert len(part) == count
        assert abs(Counter(classes[row - 100] for row in part)["rare"] - rare) <= 1
    again = split_rows(rows, classes, 0.2, 0.3, np.random.default_rng(1))
    other = split_rows(rows, classes, 0.2, 0.3, np.random.default_rng(2))
    assert again.test.tolist() == split.test.tolist() != other.test.tolist()


@pytest.mark.parametrize(
    ("count", "validation", "test", "message"),
    [
        (4, 0.1, 0.2, "4 rows are too few for --test 0.2 --validation 0.1"),
        (3, 0.3, 0.3, "3 rows are too few"),
        (100, 0.5, 0.5, "--validation and --test together are 1"),
        (100, -0.1, 0.5, "--validation is -0.1"),
        (100, 0.1, 1.0, "--test is 1"),
        (100, 0.1, float("nan"), "--test is nan"),
    ],
)
def test_splits_that_cannot_be(count, validation, test, message):
    with pytest.raises(DataError) as caught:
        split_rows(np.arange(count), None, validation, test, np.random.default_rng(0))
    assert message in caught.value.message


def test_all_rows_can_train():
    split = split_rows(np.arange(4), list("abab"), 0, 0, np.random.default_rng(0))
    assert len(split.train) == 4
