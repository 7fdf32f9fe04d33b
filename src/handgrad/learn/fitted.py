"""A trained model: predict for another table, save it, load it again."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from handgrad.learn import storage
from handgrad.learn.binding import bind, outputs
from handgrad.learn.seam import predictor
from handgrad.learn.storage import Trained
from handgrad.learn.table import Column, Floats, as_table
from handgrad.learn.target import Classes, Label


@dataclass(frozen=True, slots=True, eq=False)
class Predictions:
    """One prediction a row: labels (object) or numbers (float64), shape (rows,).

    `probabilities` has shape (rows, number of `classes`), and no columns for a regression; `identifier` is the
    column of names that training left out, where the table has it; `notes` say what was assumed.
    """

    values: NDArray[Any]
    probabilities: Floats
    classes: tuple[Label, ...]
    identifier: Column | None
    notes: tuple[str, ...]


class Fitted(Trained):
    """A model with trained parameters; `history` and `metrics` tell how it was trained and how good it is."""

    def outputs(self, features: Floats) -> Floats:
        """The network's outputs, shape (rows, width), for encoded features of shape (rows, number of features)."""
        run = predictor(self.model, self.sizes, self.parameters, self.dtype)
        return outputs(run, bind(self.model), features, self.dtype)

    def predict(self, data: Any) -> Predictions:
        """Predictions for a table (a path or a data frame); columns that training used must be there."""
        table = as_table(data)
        encoded, notes = self.features.encode(table)
        name, target = self.features.identifier, self.target
        known = {*self.features.columns, target.name, name}
        if extra := [each for each in table.names if each not in known]:
            listed = ", ".join(map(repr, extra[:8])) + (" …" if len(extra) > 8 else "")
            notes = (*notes, f"columns that the model does not use are ignored: {listed}")
        found = self.outputs(encoded)
        return Predictions(
            values=target.decode(found),
            probabilities=target.probabilities(found) if isinstance(target, Classes) else np.empty((table.rows, 0)),
            classes=target.labels if isinstance(target, Classes) else (),
            identifier=table[name] if name is not None and name in table else None,
            notes=(*table.notes, *notes),
        )

    def save(self, path: str | Path) -> None:
        """Write a safetensors file with everything that `load` needs in its metadata; never half of it."""
        storage.write(self, Path(path))

    @classmethod
    def load(cls, path: str | Path) -> Fitted:
        """Read a file that `save` wrote; a damaged or foreign file is a DataError that says what is wrong."""
        trained = storage.read(Path(path))
        return cls(*(getattr(trained, field.name) for field in fields(Trained)))
