"""Write the example tables from the data sets that scikit-learn bundles: `python examples/make_data.py`.

Breast Cancer Wisconsin (Diagnostic): W. Wolberg, O. Mangasarian, N. Street, W. Street, UCI Machine Learning
Repository, 1993, https://doi.org/10.24432/C5DW2B, CC BY 4.0.
Optical Recognition of Handwritten Digits: E. Alpaydin, C. Kaynak, UCI Machine Learning Repository, 1998,
https://doi.org/10.24432/C50P49, CC BY 4.0.
"""

from __future__ import annotations

from pathlib import Path

import polars as pl
from sklearn.datasets import load_breast_cancer, load_digits

FOLDER = Path(__file__).parent


def breast_cancer() -> pl.DataFrame:
    """569 tumours: 30 measurements of cell nuclei, and the diagnosis as a word."""
    bunch = load_breast_cancer()
    frame = pl.DataFrame(bunch.data, schema=[str(name) for name in bunch.feature_names])
    names = [str(bunch.target_names[number]) for number in bunch.target]
    return frame.with_columns(pl.Series("diagnosis", names))


def digits() -> pl.DataFrame:
    """1797 pictures of 8 by 8 pixels, brightness 0 to 16, row by row, and the digit."""
    bunch = load_digits()
    pixels = [f"pixel_{row}_{column}" for row in range(8) for column in range(8)]
    frame = pl.DataFrame(bunch.data.astype(int), schema=pixels)
    return frame.with_columns(pl.Series("digit", bunch.target))


if __name__ == "__main__":
    breast_cancer().write_csv(FOLDER / "breast_cancer.csv")
    digits().write_csv(FOLDER / "digits.csv")
