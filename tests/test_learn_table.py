"""Reading tables: odd files, odd frames, and one clear message for each that cannot be used."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from handgrad.errors import DataError
from handgrad.learn.table import Kind, as_table


def table_of(tmp_path: Path, text: str | bytes, name: str = "data.csv"):
    path = tmp_path / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return as_table(path)


def test_kinds_missing_cells_and_spaces(tmp_path):
    table = table_of(tmp_path, "size, kind ,ok\n1, a,true\n NA , ?,false\n2.5, b,\n")
    assert table.names == ("size", "kind", "ok")
    assert [column.kind for column in table.columns] == [Kind.NUMBER, Kind.TEXT, Kind.TEXT]
    np.testing.assert_array_equal(table["size"].values, [1, np.nan, 2.5])
    assert table["kind"].values.tolist() == ["a", None, "b"]
    assert table["ok"].values.tolist() == ["true", "false", None]
    assert table["kind"].missing.tolist() == [False, True, False]


def test_type_is_told_by_the_whole_file(tmp_path):
    rows = "".join(f"{number}\n" for number in range(2000))
    assert table_of(tmp_path, "a\n" + rows + "x\n")["a"].kind is Kind.TEXT
    assert table_of(tmp_path, "a\n" + rows + "0.5\n")["a"].kind is Kind.NUMBER


@pytest.mark.parametrize(
    ("name", "text", "noted"),
    [
        ("d.csv", "a,b\n1,2\n3,4\n", ()),
        ("d.tsv", "a\tb\n1\t2\n3\t4\n", ()),
        ("d.csv", "a;b\n1;2\n3;4\n", ("d.csv is separated by semicolons",)),
        ("d.csv", "a,b\r\n1,2\r\n\r\n3,4\r\n", ("d.csv: 1 blank lines are skipped",)),
        ("d.csv", "\ufeffa,b\n1,2\n3,4", ()),
        ("d.csv", '\n"a","b"\n"1",2\n3,4\n', ()),
    ],
)
def test_forms_of_one_table(tmp_path, name, text, noted):
    table = table_of(tmp_path, text, name)
    assert table.names == ("a", "b")
    np.testing.assert_array_equal([column.values for column in table.columns], [[1, 3], [2, 4]])
    assert table.notes == noted


def test_unicode_headers_and_quoted_cells(tmp_path):
    table = table_of(tmp_path, 'größe,"имя, отчество",名前\n1,"x\ny",z\n')
    assert table.names == ("größe", "имя, отчество", "名前")
    assert table["имя, отчество"].values.tolist() == ["x\ny"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "data.csv is empty"),
        (" \n\n", "data.csv is empty"),
        ("a,b\n", "data.csv has a header but no rows"),
        ("a,b\n1,2\n3\n", "data.csv, line 3: 1 cells where the header has 2"),
        ("a,b\n1,2\n3,4,5\n", "data.csv, line 3: 3 cells where the header has 2"),
        ('a,b\n"x\ny",2\n3\n', "data.csv, line 4: 1 cells where the header has 2"),
        ("a,b,a\n1,2,3\n", "data.csv: columns 1 and 3 are both named 'a'"),
        ("a,,c\n1,2,3\n", "data.csv: column 2 has no name"),
        ('a,b\n1,"2\n', "data.csv, line 2: unexpected end of data"),
        ("a,b\n1,\0\n", "data.csv is not a text file"),
        ("a\né\n".encode("latin1"), "data.csv, line 2: byte 0xe9 is not UTF-8"),
    ],
)
def test_files_that_are_no_tables(tmp_path, text, message):
    with pytest.raises(DataError) as caught:
        table_of(tmp_path, text)
    assert caught.value.message == message
    assert caught.value.remedy


def test_paths_that_are_no_tables(tmp_path):
    with pytest.raises(DataError, match="there is no file"):
        as_table(tmp_path / "none.csv")
    with pytest.raises(DataError, match="is a directory"):
        as_table(tmp_path)
    with pytest.raises(DataError, match="not a table that can be read"):
        table_of(tmp_path, "x", "data.docx")
    with pytest.raises(DataError, match="not a readable Parquet file"):
        table_of(tmp_path, "PAR1 nonsense", "data.parquet")


def test_parquet_keeps_its_types(tmp_path):
    path = tmp_path / "d.parquet"
    pl.DataFrame({"n": [1, None], "t": ["1", "2"], "day": [date(2020, 1, 1)] * 2}).write_parquet(path)
    kinds = {column.name: column.kind for column in as_table(path).columns}
    assert kinds == {"n": Kind.NUMBER, "t": Kind.TEXT, "day": Kind.OTHER}


def test_frames_of_two_libraries_are_one_table():
    pd = pytest.importorskip("pandas")
    data = {"n": [1.0, None], "t": ["a", None], "b": [True, None]}
    for frame in (pl.DataFrame(data), pd.DataFrame(data), pl.LazyFrame(data)):
        table = as_table(frame)
        np.testing.assert_array_equal(table["n"].values, [1, np.nan])
        assert table["t"].values.tolist() == ["a", None]
        assert table["b"].values.tolist() == ["true", None]


def test_pandas_categories_and_integers_with_holes():
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame({"k": pd.Categorical(["u", None]), "i": pd.array([1, None], dtype="Int64"), 7: [1, 2]})
    table = as_table(frame)
    assert table["k"].values.tolist() == ["u", None]
    np.testing.assert_array_equal(table["i"].values, [1, np.nan])
    assert "7" in table


def test_frames_that_are_no_tables():
    with pytest.raises(DataError, match="ndarray is not a table"):
        as_table(np.zeros((2, 2)))
    with pytest.raises(DataError, match="no rows"):
        as_table(pl.DataFrame({"a": []}))


def test_two_columns_of_one_name_in_a_frame():
    pd = pytest.importorskip("pandas")
    with pytest.raises(DataError, match="two columns"):
        as_table(pd.DataFrame([[1, 2]], columns=["a", "a"]))


def test_an_unknown_column_suggests_a_close_one():
    with pytest.raises(DataError) as caught:
        as_table(pl.DataFrame({"Diagnosis": ["x"], "b": [1]}))["diagnosys"]
    assert str(caught.value) == (
        "the data frame has no column 'diagnosys'\n  try: did you mean 'Diagnosis'? The columns are: 'Diagnosis', 'b'"
    )


def test_underscores_make_no_numbers(tmp_path):
    assert table_of(tmp_path, "a\n2020_01\n2020_02\n")["a"].values.tolist() == ["2020_01", "2020_02"]
