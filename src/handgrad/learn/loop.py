"""The training loop of the article: forward, cost, backward, update; over shuffled batches, epoch after epoch."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import isfinite
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from handgrad.errors import TrainingError

Array = NDArray[Any]
EXPLODED = 100.0  # a cost this many times the first one is a divergence, finite or not


class Trainer(Protocol):
    """What the loop needs of the engine; `handgrad.program.Training` is one."""

    @property
    def parameters(self) -> Mapping[str, Array]:
        """The parameters by name, updated in place."""

    def step(self, data: Mapping[str, Array], numbers: Mapping[str, float]) -> float:
        """Forward, cost, backward and update on one batch; the mean cost of the batch before the update."""

    def cost(self, data: Mapping[str, Array], numbers: Mapping[str, float]) -> float:
        """The cost alone."""


@dataclass(frozen=True, slots=True, eq=False)
class Batches:
    """Named arrays, and the position of the axis of each that counts examples."""

    arrays: Mapping[str, Array]
    axes: Mapping[str, int]

    @property
    def count(self) -> int:
        """The number of examples."""
        name = next(iter(self.arrays))
        return int(self.arrays[name].shape[self.axes[name]])

    def part(self, start: int, stop: int) -> dict[str, Array]:
        """The examples from start to stop, as views."""
        return {
            name: array[(slice(None),) * self.axes[name] + (slice(start, stop),)] for name, array in self.arrays.items()
        }

    def shuffle_into(self, other: Batches, order: NDArray[np.intp]) -> None:
        """Write the examples in the given order into arrays of the same shapes."""
        for name, array in self.arrays.items():
            first = np.moveaxis(array, self.axes[name], 0)  # each example in one piece of memory
            np.take(first, order, axis=0, out=np.moveaxis(other.arrays[name], self.axes[name], 0), mode="clip")

    def by_example(self) -> Batches:
        """The same numbers, each example in one piece of memory: shuffling and batches are copies of whole rows."""
        arrays = {
            name: np.moveaxis(np.ascontiguousarray(np.moveaxis(array, self.axes[name], 0)), 0, self.axes[name])
            for name, array in self.arrays.items()
        }
        return Batches(arrays, self.axes)


@dataclass(frozen=True, slots=True)
class Epoch:
    """The costs after an epoch; number 0 is before the first. `train` is the mean over the epoch's batches."""

    number: int
    train: float
    validation: float | None

    @property
    def judged(self) -> float:
        """The cost by which the best epoch is chosen."""
        return self.train if self.validation is None else self.validation


@dataclass(frozen=True, slots=True)
class History:
    """What happened: the epochs, which of them was kept, and whether it was interrupted."""

    epochs: tuple[Epoch, ...]
    best: int
    interrupted: bool


@dataclass(frozen=True, slots=True)
class Plan:
    """How long, in what batches (None: all examples at once), and with what learning rate and the like."""

    epochs: int
    batch: int | None
    alpha: float
    hyperparameters: Mapping[str, float]


class _Best:
    """The parameters of the best epoch so far, as copies."""

    def __init__(self, trainer: Trainer, first: Epoch) -> None:
        self._trainer = trainer
        self.take(first)

    def take(self, epoch: Epoch) -> None:
        """Keep the parameters as they are now; one assignment, so that an interrupt cannot leave half of them."""
        self._kept = (epoch, {name: array.copy() for name, array in self._trainer.parameters.items()})

    @property
    def epoch(self) -> Epoch:
        """When they were kept."""
        return self._kept[0]

    def restore(self) -> None:
        """Write them back into the trainer."""
        for name, array in self._kept[1].items():
            self._trainer.parameters[name][...] = array


def train(
    trainer: Trainer,
    data: Batches,
    validation: Batches | None,
    plan: Plan,
    rng: np.random.Generator,
    watch: Callable[[Epoch], None] | None = None,
) -> History:
    """Train, leave the best epoch's parameters in the trainer, and tell what happened.

    Best is the lowest validation cost (the lowest training cost where there is no validation). An interrupt
    (Ctrl-C) ends the training and keeps the best so far. A cost that is not a number, or that explodes, is a
    TrainingError with the learning rate.
    """
    with np.errstate(all="ignore"):  # a divergence is an error of its own, not a dozen warnings
        return _train(trainer, data, validation, plan, rng, watch)


def _train(
    trainer: Trainer,
    data: Batches,
    validation: Batches | None,
    plan: Plan,
    rng: np.random.Generator,
    watch: Callable[[Epoch], None] | None,
) -> History:
    numbers = plan.hyperparameters
    held = (lambda: None) if validation is None else (lambda: trainer.cost(validation.arrays, numbers))
    first = Epoch(0, trainer.cost(data.arrays, numbers), held())
    _refuse_divergence(first.train, first, plan)
    best, epochs, interrupted = _Best(trainer, first), [first], False
    data = data.by_example()
    shuffled = Batches({name: np.empty_like(array) for name, array in data.arrays.items()}, data.axes)
    try:
        for number in range(1, plan.epochs + 1):
            train_cost = _epoch(trainer, data, shuffled, plan, rng)
            epoch = Epoch(number, train_cost, held())
            _refuse_divergence(train_cost, first, plan, number)
            if not isfinite(epoch.judged):
                _diverged(epoch.judged, plan, number)
            epochs.append(epoch)
            if epoch.judged < best.epoch.judged:
                best.take(epoch)
            if watch is not None:
                watch(epoch)
    except KeyboardInterrupt:
        interrupted = True
    best.restore()
    return History(tuple(epochs), best.epoch.number, interrupted)


def _epoch(trainer: Trainer, data: Batches, shuffled: Batches, plan: Plan, rng: np.random.Generator) -> float:
    """One pass over all examples; the mean cost of its batches, weighted by their sizes."""
    count = data.count
    batch = count if plan.batch is None else min(plan.batch, count)
    if batch == count:
        return trainer.step(data.arrays, plan.hyperparameters)
    data.shuffle_into(shuffled, rng.permutation(count))
    total = 0.0
    for start in range(0, count, batch):
        stop = min(start + batch, count)
        total += trainer.step(shuffled.part(start, stop), plan.hyperparameters) * (stop - start)
    return total / count


def _refuse_divergence(cost: float, first: Epoch, plan: Plan, number: int = 0) -> None:
    if not isfinite(cost) or (number and cost > EXPLODED * max(abs(first.train), 1e-3)):
        _diverged(cost, plan, number)


def _diverged(cost: float, plan: Plan, number: int) -> None:
    if number == 0:
        raise TrainingError(
            f"the cost is {cost:g} before the first step", remedy="check the data's range, or the cost's formula"
        )
    raise TrainingError(
        f"training diverges: with learning rate {plan.alpha:g} the cost is {cost:g} in epoch {number}",
        remedy=f"a smaller learning rate, such as --alpha {plan.alpha / 10:g}",
    )
