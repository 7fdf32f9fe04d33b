"""Where training meets the rest of the house: reading a document, deriving, and the engine that runs it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from handgrad.api import read
from handgrad.derived import Derivation, derive
from handgrad.model import Model
from handgrad.notation.document import read_document
from handgrad.notation.reading import elaborate
from handgrad.program.training import Training

Array = NDArray[Any]
DEFAULT_ACTIVATION = "tanh"

__all__ = ["Derivation", "Model", "Training", "derive", "open_model", "parse_model", "predictor"]


def parse_model(text: str, file: str, notation: str | None, let: Mapping[str, str]) -> Model:
    """The model of a text for many examples; `file` is its name, which tells the notation where that is None."""
    return elaborate(read_document(text, file, notation), let, "many")


def open_model(source: Model | str | Path, let: Mapping[str, str]) -> tuple[Model, tuple[str, ...]]:
    """The model of a document, for many examples, with no function left undefined; and what was assumed for that."""
    if isinstance(source, Model):
        model = source
        let = {**dict(model.let), **let}
        if let != dict(model.let) or model.examples != "many":
            model = parse_model(model.source, model.file, model.notation, let)
    else:
        model = read(source, let=let)
    names = model.roles.abstract
    if not names:
        return model, ()
    note = f"{', '.join(names)} {'is' if len(names) == 1 else 'are'} not defined in the text: {DEFAULT_ACTIVATION} "
    note += f"is used (choose with --let {names[0]}=…)"
    assumed = dict.fromkeys(names, DEFAULT_ACTIVATION)
    return parse_model(model.source, model.file, model.notation, {**let, **assumed}), (note,)


def predictor(
    model: Model, sizes: Mapping[str, int], parameters: Mapping[str, Array], dtype: str
) -> Callable[[Mapping[str, Array]], Array]:
    """The function from the input to the output, with these parameters."""
    batch = {str(model.roles.examples): 1}
    engine = Training(model, derive(model), sizes={**sizes, **batch}, dtype=np.dtype(dtype).type)
    for name, array in parameters.items():
        engine.parameters[name][...] = array
    return engine.predict
