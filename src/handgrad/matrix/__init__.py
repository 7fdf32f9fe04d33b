"""Matrix form: contractions turned back into W x, AᵀB, ⊙, diag, tr and 1.

The tree built here is what the printers print and what the program runs, so that the printed formula and
the running one are the same. Every form is a matrix of `rows` by `columns`; a vector is a column. Where a
contraction has no matrix form the tree holds an `Index` node, printed with indices.

The method is series-parallel reduction of the graph whose vertices are labels and whose edges are operands:
two edges at a summed label are a matrix product, two parallel edges a Hadamard product.
"""

from handgrad.matrix.former import matrix_form, weight_of
from handgrad.matrix.forms import (
    Apply,
    Constant,
    Diagonal,
    Form,
    Grouped,
    Hadamard,
    Identity,
    Index,
    Leaf,
    Linear,
    Matmul,
    Measure,
    Ones,
    Powered,
    Selector,
    Spread,
    Transposed,
    parts,
    weight,
)

__all__ = [
    "Apply",
    "Constant",
    "Diagonal",
    "Form",
    "Grouped",
    "Hadamard",
    "Identity",
    "Index",
    "Leaf",
    "Linear",
    "Matmul",
    "Measure",
    "Ones",
    "Powered",
    "Selector",
    "Spread",
    "Transposed",
    "matrix_form",
    "parts",
    "weight",
    "weight_of",
]
