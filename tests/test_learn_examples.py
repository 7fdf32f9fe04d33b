"""The example tables are what their script makes of scikit-learn's bundled sets."""

from __future__ import annotations

import runpy
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

EXAMPLES = Path(__file__).parent.parent / "examples"


@pytest.mark.parametrize("name", ["breast_cancer", "digits"])
def test_the_committed_table_is_the_script_s(name):
    made = runpy.run_path(str(EXAMPLES / "make_data.py"))[name]()
    assert_frame_equal(pl.read_csv(EXAMPLES / f"{name}.csv", infer_schema_length=None), made, check_dtypes=False)
