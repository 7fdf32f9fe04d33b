"""How to train: the choices with their defaults, checked when they are made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Literal

from handgrad.errors import TrainingError


class Start(Enum):
    """How weights start."""

    AUTO = "auto"  # He where the weight goes into a function that is zero on one side, else Glorot
    GLOROT = "glorot"
    HE = "he"
    ZERO = "zero"


@dataclass(frozen=True, slots=True)
class Settings:
    """The choices of a training run; raises TrainingError for one that makes no sense.

    `let` says what undefined functions are, `sizes` the hidden sizes, `hyperparameters` the values beside the
    learning rate `alpha`; `batch` None takes all examples at once; `drop` names columns to leave out;
    `validation` and `test` are fractions of the rows.

    >>> Settings(epochs=10, let={"g": "relu"}).batch
    32
    """

    let: Mapping[str, str] = field(default_factory=dict)
    sizes: Mapping[str, int] = field(default_factory=dict)
    hyperparameters: Mapping[str, float] = field(default_factory=dict)
    drop: tuple[str, ...] = ()
    epochs: int = 100
    batch: int | None = 32
    alpha: float = 0.1
    seed: int = 0
    validation: float = 0.1
    test: float = 0.2
    start: Start = Start.AUTO
    dtype: Literal["float32", "float64"] = "float32"

    def __post_init__(self) -> None:
        for name, value in (("epochs", self.epochs), ("batch", self.batch)):
            if value is not None and value < 1:
                raise TrainingError(f"--{name} is {value}", remedy="choose a whole number from 1")
        if self.seed < 0:
            raise TrainingError(f"--seed is {self.seed}", remedy="choose a whole number from 0")
