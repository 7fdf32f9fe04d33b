"""Fit a model's equations to a table: bind, split, encode, initialise, train, measure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from handgrad.errors import DataError
from handgrad.learn.binding import Binding, bind, check_width, hyperparameters, outputs, sizes_of, task_of
from handgrad.learn.features import Features, learn_features
from handgrad.learn.fitted import Fitted
from handgrad.learn.initial import initialise
from handgrad.learn.loop import Batches, Epoch, Plan, train
from handgrad.learn.metrics import measure
from handgrad.learn.seam import Derivation, Model, Training, derive, open_model
from handgrad.learn.settings import Settings
from handgrad.learn.split import Split, split_rows
from handgrad.learn.table import Floats, Table, as_table
from handgrad.learn.target import Classes, Target, Task, classes_of, learn_quantity, rows_with_target

FEWEST_ROWS = 4


@dataclass(frozen=True, slots=True, eq=False)
class Prepared:
    """Everything that training needs, ready to `run`; `notes` say what was done and assumed to get there."""

    model: Model
    derivation: Derivation
    table: Table
    binding: Binding
    features: Features
    target: Target
    sizes: Mapping[str, int]
    split: Split
    inputs: Floats
    targets: Mapping[str, Floats]
    training: Training
    hyperparameters: Mapping[str, float]
    settings: Settings
    notes: tuple[str, ...]

    def run(self, watch: Callable[[Epoch], None] | None = None) -> Fitted:
        """Train, and measure each part of the rows; `watch` is called after every epoch."""
        settings = self.settings
        plan = Plan(settings.epochs, settings.batch, settings.alpha, self.hyperparameters)
        held = self._batches("validation") if len(self.split.validation) else None
        rng = np.random.default_rng([settings.seed, 2])
        history = train(self.training, self._batches("train"), held, plan, rng, watch)
        parameters = {name: np.array(array) for name, array in self.training.parameters.items()}
        metrics = {
            part: measure(self.target, self.targets[part], self._outputs(rows))
            for part, rows in self.split.parts.items()
            if len(rows)
        }
        return Fitted(
            self.model, self.sizes, self.features, self.target, parameters, settings.dtype, history, metrics
        )  # fmt: skip

    def _outputs(self, rows: NDArray[np.intp]) -> Floats:
        return outputs(self.training.predict, self.binding, self.inputs[rows], self.settings.dtype)

    def _batches(self, part: str) -> Batches:
        """The rows of a part as the network's arrays."""
        binding, dtype = self.binding, self.settings.dtype
        into, aim = binding.layout(binding.input), binding.layout(binding.target)
        arrays = {
            binding.input.name: into.place(self.inputs[self.split.parts[part]], dtype),
            binding.target.name: aim.place(self.targets[part], dtype),
        }
        return Batches(arrays, {binding.input.name: into.axis, binding.target.name: aim.axis})


def fit(
    model: Model | str | Path,
    data: Any,
    target: str,
    settings: Settings | None = None,
    watch: Callable[[Epoch], None] | None = None,
) -> Fitted:
    """Train a model on a table to predict its column `target`.

    `model` is a document (a path) or a model that was read; `data` a path to CSV, TSV or Parquet, or a data
    frame. Raises DataError for a table that cannot be used and TrainingError where training cannot go on.
    """
    return prepare(model, data, target, settings or Settings()).run(watch)


def prepare(model: Model | str | Path, data: Any, target: str, settings: Settings) -> Prepared:
    """Everything up to the first step, with the parameters initialised."""
    opened, notes = open_model(model, settings.let)
    binding = bind(opened)
    table = as_table(data)
    names = _feature_names(table, target, settings.drop)
    split, aim, target_notes = _learn_target(table, target, opened, binding, settings)
    features, feature_notes = learn_features(table, split.train, names)
    inputs, cell_notes = features.encode(table)
    sizes, size_notes = sizes_of(opened, binding, features.width, aim, settings.sizes)
    derivation = derive(opened)
    training = _training(opened, derivation, binding, sizes, len(split.train), settings)
    start_notes = initialise(opened, training.parameters, settings.start, np.random.default_rng([settings.seed, 1]))
    return Prepared(
        opened, derivation, table, binding, features, aim, sizes, split, inputs,
        {part: aim.encode(table, rows) for part, rows in split.parts.items()},
        training, hyperparameters(training.hyperparameters, settings.alpha, settings.hyperparameters), settings,
        (*notes, *table.notes, *target_notes, *feature_notes, *cell_notes, *size_notes, *start_notes, split.said()),
    )  # fmt: skip


def _training(
    model: Model, derivation: Derivation, binding: Binding, sizes: Mapping[str, int], rows: int, settings: Settings
) -> Training:
    batch = rows if settings.batch is None else min(settings.batch, rows)
    return Training(
        model, derivation, sizes={**sizes, str(binding.examples): batch}, dtype=np.dtype(settings.dtype).type
    )


def _feature_names(table: Table, target: str, drop: tuple[str, ...]) -> list[str]:
    """All columns but the target and those to leave out; unknown names are errors that suggest close ones."""
    for name in (target, *drop):
        table[name]
    names = [name for name in table.names if name != target and name not in drop]
    if not names:
        raise DataError(f"{table.source} has no column beside the target {target!r}", remedy="add a column")
    return names


def _learn_target(
    table: Table, name: str, model: Model, binding: Binding, settings: Settings
) -> tuple[Split, Target, tuple[str, ...]]:
    """The split of the rows and the target's encoding, checked against what the model puts out."""
    rows, notes = rows_with_target(table, name)
    if len(rows) < FEWEST_ROWS:
        raise DataError(f"{table.source} has {len(rows)} rows with a target", remedy=f"bring {FEWEST_ROWS} or more")
    rng = np.random.default_rng([settings.seed, 0])
    task, logits = task_of(model, binding)
    if task is Task.REGRESSION:
        split = split_rows(rows, None, settings.validation, settings.test, rng)
        aim: Target = learn_quantity(table, name, rows, split.train)
    else:
        counts = classes_of(table, name, rows)
        labels = tuple(counts)
        aim = Classes(name, labels, task if len(labels) == 2 else Task.CLASSES, logits)
        split = split_rows(rows, aim.numbers(table, rows).tolist(), settings.validation, settings.test, rng)
        notes = (*notes, *_rare(counts.items()))
    check_width(binding, aim)
    return split, aim, (aim.said(), *notes)


def _rare(counts: Any) -> list[str]:
    """Classes that are too rare to be in every part."""
    return [f"class {label!r} has only {count} rows" for label, count in counts if count < 3]
