"""The encoding of columns: what is learned from the training rows, what is left out, what is refused."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from handgrad.errors import DataError
from handgrad.learn.features import OneHot, Standardised, learn_features
from handgrad.learn.table import as_table


def learn(data, rows=None, names=None):
    table = as_table(pl.DataFrame(data))
    chosen = np.arange(table.rows) if rows is None else np.array(rows)
    features, notes = learn_features(table, chosen, names or table.names)
    return table, features, notes


def test_numbers_are_standardised_with_the_training_rows_only():
    table, features, _ = learn({"a": [0.0, 2.0, 100.0]}, rows=[0, 1])
    encoded, notes = features.encode(table)
    np.testing.assert_allclose(encoded, [[-1], [1], [99]])
    assert notes == ()


def test_missing_numbers_take_the_median_and_it_is_said():
    table, features, _ = learn({"a": [1.0, None, 2.0, 9.0]})
    assert features.encoders[0] == Standardised("a", 3.5, pytest.approx(np.std([1, 2, 2, 9])), 2.0)
    encoded, notes = features.encode(table)
    assert encoded[1] == encoded[2]
    assert notes == ("'a': 1 cell missing, filled with the median 2",)


def test_categories_are_one_hot_missing_the_most_frequent():
    table, features, notes = learn({"a": ["x", "y", "y", None]})
    assert features.encoders == (OneHot("a", ("x", "y"), "y"),)
    encoded, said = features.encode(table)
    np.testing.assert_array_equal(encoded, [[1, 0], [0, 1], [0, 1], [0, 1]])
    assert notes == ("one 0/1 feature for each category: 'a' (2)",)
    assert said == ("'a': 1 cell missing, filled with the most frequent, 'y'",)


def test_unknown_categories_are_zeros_and_it_is_said():
    _, features, _ = learn({"a": ["x", "y", "y"]})
    encoded, notes = features.encode(as_table(pl.DataFrame({"a": ["z", "x"]})))
    np.testing.assert_array_equal(encoded, [[0, 0], [1, 0]])
    assert notes == ("'a': 1 cells hold an unknown category ('z'): all zeros",)


def test_categories_that_look_like_numbers_in_another_table():
    _, features, _ = learn({"a": ["1", "2", "2", "x"]})
    encoded, _ = features.encode(as_table(pl.DataFrame({"a": [2.0, 1.0]})))
    np.testing.assert_array_equal(encoded, [[0, 1, 0], [1, 0, 0]])


def test_booleans_are_categories():
    table, features, _ = learn({"a": [True, False, True]})
    np.testing.assert_array_equal(features.encode(table)[0], [[0, 1], [1, 0], [0, 1]])


def test_what_is_left_out_is_said():
    many = [f"patient {number}" for number in range(30)]
    _, features, notes = learn(
        {
            "use": range(30),
            "constant": [3.0] * 30,
            "word": ["same"] * 30,
            "hole": [None] * 30,
            "id": many,
            "day": pl.Series([0] * 30).cast(pl.Date),
            "text day": [f"2020-01-{number + 1:02}" for number in range(30)],
        }
    )
    assert features.columns == ("use",)
    assert features.identifier == "id"
    assert notes == (
        "'constant' is not used: it is constant (3)",
        "'word' is not used: it is constant ('same')",
        "'hole' is not used: all its training cells are missing",
        "'id' is not used: 30 of 30 texts are different, as in a name or an identifier",
        "'day' is not used: Date cells are neither numbers nor text; make numbers of them first",
        "'text day' is not used: 30 of 30 texts are different, as in a name or an identifier",
    )


def test_nothing_left_to_learn_from():
    with pytest.raises(DataError, match="no column left"):
        learn({"a": [1.0, 1.0]})


@pytest.mark.parametrize("value", [np.inf, -np.inf])
def test_infinity_names_the_cell(value):
    with pytest.raises(DataError) as caught:
        learn({"a": [1.0, value, 2.0]})
    assert caught.value.message == ("the data frame, row 2, column 'a': the number is infinite (1 such in the column)")


def test_infinity_when_predicting():
    _, features, _ = learn({"a": [1.0, 2.0]})
    with pytest.raises(DataError, match="row 1, column 'a': the number is infinite"):
        features.encode(as_table(pl.DataFrame({"a": [np.inf]})))


@pytest.mark.parametrize("wrong", ["1,5", "missing", "-"])
def test_numbers_with_a_few_texts_are_a_mistake(wrong):
    with pytest.raises(DataError) as caught:
        learn({"a": [str(number / 4) for number in range(9)] + [wrong]})
    assert caught.value.message == (
        f"the data frame, row 10, column 'a': expected a number, as in most cells of the column, found {wrong!r}"
    )


def test_decimal_commas_are_not_taken_for_identifiers():
    with pytest.raises(DataError, match="found '0,5'"):
        learn({"a": [f"{number},5" for number in range(40)]})


def test_a_few_numbers_among_words_are_categories():
    _, features, _ = learn({"rooms": ["1", "2", "3+", "many"] * 5})
    assert features.encoders[0].width == 4


def test_text_where_training_had_numbers_names_the_cell():
    _, features, _ = learn({"a": [1.0, 2.0]})
    with pytest.raises(DataError) as caught:
        features.encode(as_table(pl.DataFrame({"a": ["3", "tall"]})))
    assert caught.value.message == "the data frame, row 2, column 'a': expected a number, found 'tall'"


def test_missing_columns_are_all_named():
    _, features, _ = learn({"a": [1.0, 2.0], "b": [1.0, 2.0], "c": [1.0, 2.0]})
    with pytest.raises(DataError) as caught:
        features.encode(as_table(pl.DataFrame({"b": [1.0]})))
    assert "lacks 2 columns that the model was trained on: 'a', 'c'" in caught.value.message


def test_numbers_too_large_to_standardise():
    with pytest.raises(DataError, match=r"row 2, column 'a': 1e\+300 is too large"):
        learn({"a": [1.0, 1e300, -1e300]})
