"""How good predictions are, by scikit-learn's metrics."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from sklearn.metrics import accuracy_score, log_loss, r2_score, roc_auc_score, root_mean_squared_error

from handgrad.learn.table import Floats
from handgrad.learn.target import Classes, Target, Task


def measure(target: Target, expected: Floats, outputs: Floats) -> Mapping[str, float]:
    """The metrics of the network's outputs against the encoded targets, both of shape (rows, width).

    Two classes: accuracy, log loss, area under the ROC curve (left out where the rows hold one class only).
    Several: accuracy and log loss. A quantity: RMSE in its own unit, and R² (of two rows or more).
    """
    if not isinstance(target, Classes):
        true, predicted = target.decode(expected), target.decode(outputs)
        values = {"RMSE": float(root_mean_squared_error(true, predicted))}
        if len(true) > 1:
            values["R²"] = float(r2_score(true, predicted))
        return values
    probabilities = target.probabilities(outputs)
    numbers = expected[:, 0].astype(int) if target.task is Task.BINARY else expected.argmax(axis=1)
    labels = np.arange(len(target.labels))
    values = {
        "accuracy": float(accuracy_score(numbers, probabilities.argmax(axis=1))),
        "log loss": float(log_loss(numbers, probabilities, labels=labels)),
    }
    if target.task is Task.BINARY and len(np.unique(numbers)) == 2:
        values["ROC AUC"] = float(roc_auc_score(numbers, probabilities[:, 1]))
    return values
