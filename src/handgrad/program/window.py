"""Windows, the constants of zeros and ones, as arrays for given sizes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from handgrad.expr import Window
from handgrad.functions import Array
from handgrad.program.contraction import stored


def distances(node: Window, sizes: Mapping[str, int]) -> Array:
    """Σ cₐ iₐ + offset at every place, in the shape that a program has it."""
    shape = tuple(size.length(sizes) for size in node.shape)
    total = np.full(shape, node.offset.value(sizes))
    for coefficient, place in zip(node.coefficients, np.indices(shape, sparse=True), strict=True):
        total = total + coefficient.value(sizes) * place
    return total.reshape([size.length(sizes) for size in stored(node.shape)])


def picked(node: Window, apart: Any, index: Any = None) -> Any:
    """Where there is a one, as truth values; the `index` has its axes as a program has them."""
    if index is not None:
        assert node.index is not None
        plain = index.reshape(index.shape[: node.index.rank])
        apart = apart - plain[(..., *[None] * (apart.ndim - plain.ndim))]
    return apart <= 0 if node.triangle else apart == 0
