"""Handgrad: gradients as you would derive them by hand, written out, checked, and run.

>>> import handgrad as hg
>>> model = hg.parse('''
... Z1 = W1 @ X + b1
... A1 = tanh(Z1)
... Z2 = W2 @ A1 + b2
... A2 = sigmoid(Z2)
... J = -sum(Y * log(A2) + (1 - Y) * log(1 - A2)) / m
... ''', shapes={"X": "n, m"})
>>> d = hg.derive(model)
>>> print(d["W2"])
(A2 − Y) A1ᵀ/m
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from handgrad.api import derive, hessian, hvp, jacobian, parse, read
    from handgrad.derived import Derivation
    from handgrad.errors import HandgradError
    from handgrad.expr import Expr
    from handgrad.model import Model

# Name to module: imported on first use, so that the command line starts at once.
_WHERE = {
    "Derivation": "handgrad.derived",
    "Expr": "handgrad.expr",
    "HandgradError": "handgrad.errors",
    "Model": "handgrad.model",
    "derive": "handgrad.api",
    "hessian": "handgrad.api",
    "hvp": "handgrad.api",
    "jacobian": "handgrad.api",
    "parse": "handgrad.api",
    "read": "handgrad.api",
}

__all__ = [
    "Derivation",
    "Expr",
    "HandgradError",
    "Model",
    "__version__",
    "derive",
    "hessian",
    "hvp",
    "jacobian",
    "parse",
    "read",
]


def __getattr__(name: str) -> Any:
    if name in _WHERE:
        return getattr(import_module(_WHERE[name]), name)
    raise AttributeError(f"module 'handgrad' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
