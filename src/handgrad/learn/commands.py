"""The commands `handgrad train` and `handgrad predict`: their options and help.

What they do is in `train_run` and `predict_run`, which are imported when a command runs: help comes at once.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from handgrad.errors import HandgradError
from handgrad.learn.settings import Settings, Start

_DEFAULT = Settings()
PLAIN = Parameter(negative=(), show_default=False)  # no --no-… twin, no default in the help


@Parameter(name="*")
@dataclass(frozen=True, slots=True, kw_only=True)
class TrainOptions:
    """The options of `handgrad train`."""

    target: Annotated[str, Parameter(help="The column to predict.")]
    model: Annotated[Path, Parameter(help="The document with the network's equations.")]
    let: Annotated[
        tuple[str, ...],
        PLAIN,
        Parameter(help="What an undefined function is: --let g=tanh.", metavar="NAME=FUNCTION"),
    ] = ()
    size: Annotated[tuple[str, ...], PLAIN, Parameter(help="A hidden size: --size h=16.", metavar="NAME=N")] = ()
    set: Annotated[
        tuple[str, ...],
        PLAIN,
        Parameter(help="Another hyperparameter: --set lambda=0.01.", metavar="NAME=NUMBER"),
    ] = ()
    drop: Annotated[tuple[str, ...], PLAIN, Parameter(help="A column to leave out.", metavar="COLUMN")] = ()
    epochs: Annotated[int, Parameter(help="How often to go over all examples.")] = _DEFAULT.epochs
    batch: Annotated[int | Literal["full"], Parameter(help="Examples a step, or `full` for all.", metavar="N|full")] = (
        _DEFAULT.batch or "full"
    )
    alpha: Annotated[float, Parameter(help="The learning rate.")] = _DEFAULT.alpha
    seed: Annotated[int, Parameter(help="Same seed, same machine: same model.")] = _DEFAULT.seed
    validation: Annotated[float, Parameter(help="Fraction of rows that choose the best epoch.")] = _DEFAULT.validation
    test: Annotated[float, Parameter(help="Fraction of rows held out for the final metrics.")] = _DEFAULT.test
    init: Annotated[Start, Parameter(help="How weights start.")] = _DEFAULT.start
    output: Annotated[Path, Parameter(name=("-o", "--output"), help="The model file to write.")] = Path(
        "model.safetensors"
    )
    curve: Annotated[
        Path | None, Parameter(help="The learning curve to draw: .png, .svg or .pdf.", show_default="beside the model")
    ] = None
    no_curve: Annotated[bool, PLAIN, Parameter(help="Draw no learning curve.")] = False
    report: Annotated[Path | None, Parameter(help="A Markdown report to write, with the derivation.")] = None
    quiet: Annotated[bool, PLAIN, Parameter(name=("-q", "--quiet"), help="Print errors only.")] = False

    def settings(self) -> Settings:
        """The settings that the options ask for."""
        return Settings(
            let=assignments("--let", self.let),
            sizes={name: whole("--size", name, value) for name, value in assignments("--size", self.size).items()},
            hyperparameters={
                name: real("--set", name, value) for name, value in assignments("--set", self.set).items()
            },
            drop=self.drop,
            epochs=self.epochs,
            batch=None if self.batch == "full" else int(self.batch),
            alpha=self.alpha,
            seed=self.seed,
            validation=self.validation,
            test=self.test,
            start=self.init,
        )

    def curve_path(self) -> Path | None:
        """Where the learning curve goes: beside the model unless it is told or unwanted."""
        return None if self.no_curve else self.curve or self.output.with_suffix(".png")


def train(data: Path, /, *, options: TrainOptions) -> int:
    """Train a network from its equations on a table.

    The equations' input is bound to the columns, their target to the column --target; the gradients are derived,
    checked, and run as they are printed.

    Example: `handgrad train breast_cancer.csv --target diagnosis --model two_layer_network.md --let g=tanh`

    Parameters
    ----------
    data
        The table: .csv, .tsv or .parquet, a row for each example.
    """
    return int(import_module("handgrad.learn.train_run").run(data, options))


def predict(
    model: Path,
    data: Path,
    /,
    *,
    output: Annotated[Path | None, Parameter(name=("-o", "--output"))] = None,
    quiet: Annotated[bool, Parameter(name=("-q", "--quiet"), negative=())] = False,
) -> int:
    """Predict with a trained model: a CSV of predictions and probabilities.

    Example: `handgrad predict model.safetensors new_patients.csv -o predictions.csv`

    Parameters
    ----------
    model
        A model file that `handgrad train` wrote.
    data
        The table: .csv, .tsv or .parquet, with the columns that the model was trained on.
    output
        The CSV to write; without it the predictions go to standard output.
    quiet
        Print no notes about the data.
    """
    return int(import_module("handgrad.learn.predict_run").run(model, data, output, quiet))


def assignments(option: str, texts: Iterable[str]) -> dict[str, str]:
    """The names and values of `name=value` texts.

    >>> assignments("--let", ["g=tanh"])
    {'g': 'tanh'}
    """
    found: dict[str, str] = {}
    for text in texts:
        name, equals, value = (part.strip() for part in text.partition("="))
        if not (name and equals and value):
            example = f"for example {option} {_EXAMPLE[option]}"
            raise HandgradError(f"{option} {text}: expected NAME=VALUE", remedy=example)
        if name in found:
            raise HandgradError(f"{option} gives {name} twice: {found[name]} and {value}", remedy="give it once")
        found[name] = value
    return found


_EXAMPLE = {"--let": "g=tanh", "--size": "h=16", "--set": "lambda=0.01"}


def whole(option: str, name: str, value: str) -> int:
    """A whole number, or an error that names the option."""
    try:
        return int(value)
    except ValueError as error:
        raise HandgradError(f"{option} {name}={value}: {value!r} is no whole number") from error


def real(option: str, name: str, value: str) -> float:
    """A number, or an error that names the option."""
    try:
        return float(value)
    except ValueError as error:
        raise HandgradError(f"{option} {name}={value}: {value!r} is no number") from error
