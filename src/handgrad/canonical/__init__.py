"""Canonical form: the constructors that every rule uses.

`product` flattens nested contractions, merges diagonals, gathers powers of equal factors, counts sums over
nothing, and numbers its labels in one way, so that AᵀB and (BᵀA)ᵀ are the same object. `add` gathers equal
terms. No constructor distributes a product over a sum: that is `simplify`'s choice.

>>> from handgrad.axes import shape
>>> from handgrad.expr import Symbol
>>> A, B = Symbol("A", shape("n", "m")), Symbol("B", shape("n", "k"))
>>> matmul(transpose(A), B) is transpose(matmul(transpose(B), A))
True
>>> A - A is zero(A.shape)
True
"""

from handgrad.canonical.algebra import (
    along,
    behind,
    broadcast,
    hadamard,
    lift,
    matmul,
    reduce_sum,
    spread,
    square_factors,
    transpose,
    unspread,
)
from handgrad.canonical.normal import (
    UNITY,
    add,
    as_number,
    call,
    constant,
    content,
    eye,
    is_zero,
    ones,
    power,
    product,
    scale,
    split_coefficient,
    terms_of,
    zero,
)

__all__ = [
    "UNITY",
    "add",
    "along",
    "as_number",
    "behind",
    "broadcast",
    "call",
    "constant",
    "content",
    "eye",
    "hadamard",
    "is_zero",
    "lift",
    "matmul",
    "ones",
    "power",
    "product",
    "reduce_sum",
    "scale",
    "split_coefficient",
    "spread",
    "square_factors",
    "terms_of",
    "transpose",
    "unspread",
    "zero",
]
