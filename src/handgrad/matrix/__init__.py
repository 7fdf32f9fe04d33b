"""Matrix form: contractions turned back into W x, AᵀB, ⊙, diag, tr and 1.

The tree built here is what the printers print and what the program runs, so that the printed formula and
the running one are the same. Every form is a matrix of `rows` by `columns`; a vector is a column. Where a
contraction has no matrix form the tree holds an `Index` node, printed with indices.

The method is series-parallel reduction of the graph whose vertices are labels and whose edges are operands:
two edges at a summed label are a matrix product, two parallel edges a Hadamard product.
"""

from handgrad.matrix.combine import hadamard_form, unfolded
from handgrad.matrix.former import as_matrix, entrywise, matrix_form, tidy_matrices, weight_of
from handgrad.matrix.forms import (
    TENSOR,
    Apply,
    Commutation,
    Constant,
    Diagonal,
    Form,
    Grouped,
    Hadamard,
    Identity,
    Index,
    Kronecker,
    Leaf,
    Linear,
    Matmul,
    MatrixPower,
    Measure,
    Ones,
    Powered,
    RunningPower,
    Selector,
    Series,
    Sliding,
    Spread,
    Transposed,
    Vec,
    parts,
    weight,
)
from handgrad.matrix.series import unrolled

__all__ = [
    "TENSOR",
    "Apply",
    "Commutation",
    "Constant",
    "Diagonal",
    "Form",
    "Grouped",
    "Hadamard",
    "Identity",
    "Index",
    "Kronecker",
    "Leaf",
    "Linear",
    "Matmul",
    "MatrixPower",
    "Measure",
    "Ones",
    "Powered",
    "RunningPower",
    "Selector",
    "Series",
    "Sliding",
    "Spread",
    "Transposed",
    "Vec",
    "as_matrix",
    "entrywise",
    "hadamard_form",
    "matrix_form",
    "parts",
    "tidy_matrices",
    "unfolded",
    "unrolled",
    "weight",
    "weight_of",
]
