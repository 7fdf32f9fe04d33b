"""What `handgrad predict` does: load, predict, write a CSV."""

from __future__ import annotations

import sys
from pathlib import Path

import polars as pl

from handgrad.learn.fitted import Fitted, Predictions
from handgrad.learn.output import check_writable, write_bytes


def run(model: Path, data: Path, output: Path | None, quiet: bool) -> int:
    """Predict and write; the exit code."""
    if output is not None:
        check_writable(output)
    predictions = Fitted.load(model).predict(data)
    if not quiet:
        for note in predictions.notes:
            print(f"note: {note}", file=sys.stderr)
    text = frame_of(predictions).write_csv()
    if output is None:
        sys.stdout.write(text)
        return 0
    write_bytes(output, text.encode())
    if not quiet:
        print(f"Wrote {output} ({len(predictions.values)} predictions)", file=sys.stderr)
    return 0


def frame_of(predictions: Predictions) -> pl.DataFrame:
    """Row number (from 1), identifier where there is one, prediction, and the probability of each class."""
    columns: list[pl.Series] = [pl.Series("row", range(1, len(predictions.values) + 1))]
    taken = {"row", "prediction"}
    if predictions.identifier is not None:
        name = predictions.identifier.name
        columns.append(pl.Series(f"{name}_" if name in taken else name, predictions.identifier.values.tolist()))
        taken.add(columns[-1].name)
    columns.append(pl.Series("prediction", predictions.values.tolist()))
    for number, label in enumerate(predictions.classes):
        name = f"probability of {label}"
        columns.append(pl.Series(f"{name}_" if name in taken else name, predictions.probabilities[:, number]))
        taken.add(columns[-1].name)
    return pl.DataFrame(columns)
