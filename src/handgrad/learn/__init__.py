"""Training on tables with the derived equations: `fit` a model to a table, `Fitted.load` it again, predict.

The names are imported where they are first used, so that `handgrad --help` does not pay for data libraries.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from handgrad.learn.fitted import Fitted, Predictions
    from handgrad.learn.fitting import fit
    from handgrad.learn.settings import Settings

_HOMES = {"Fitted": "fitted", "Predictions": "fitted", "Settings": "settings", "fit": "fitting"}
__all__ = ["Fitted", "Predictions", "Settings", "fit"]


def __getattr__(name: str) -> Any:
    """The public name, from the module that defines it (PEP 562)."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
