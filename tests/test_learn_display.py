"""What is shown and written for people: the progress bar, the table of metrics, the curve, the report."""

from __future__ import annotations

from io import StringIO

import pytest
from rich.console import Console

from handgrad.errors import DataError
from handgrad.learn.curve import draw_curve
from handgrad.learn.display import metrics_table, progress
from handgrad.learn.loop import Epoch, History
from handgrad.learn.report import _fenced, _plain

HISTORY = History(tuple(Epoch(k, 1 / (k + 1), 0.5 + abs(k - 2)) for k in range(5)), 2, False)


def test_the_bar_shows_costs_and_time_left():
    stream = StringIO()
    console = Console(file=stream, force_terminal=True, width=120)
    with progress(4, console, shown=True) as watch:
        assert watch is not None
        for epoch in HISTORY.epochs[1:]:
            watch(epoch)
    shown = stream.getvalue()
    assert "epoch 4/4" in shown
    assert "cost 0.20000, validation 2.50000" in shown
    assert "left" in shown


@pytest.mark.parametrize(("terminal", "shown"), [(False, True), (True, False)])
def test_no_bar_where_none_is_wanted(terminal, shown):
    stream = StringIO()
    with progress(4, Console(file=stream, force_terminal=terminal), shown) as watch:
        assert watch is None
    assert stream.getvalue() == ""


def test_a_metric_that_a_part_lacks_is_a_dash():
    stream = StringIO()
    Console(file=stream, width=80).print(
        metrics_table({"train": {"accuracy": 1.0, "ROC AUC": 0.5}, "test": {"accuracy": 0.25}})
    )
    assert [line.split() for line in stream.getvalue().splitlines()] == [
        ["accuracy", "ROC", "AUC"],
        ["train", "1.0000", "0.5000"],
        ["test", "0.2500", "–"],
    ]


def test_the_curve_is_drawn_in_each_format(tmp_path):
    for suffix, start in ((".png", b"\x89PNG"), (".svg", b"<?xml"), (".pdf", b"%PDF")):
        draw_curve(HISTORY, tmp_path / f"curve{suffix}")
        assert (tmp_path / f"curve{suffix}").read_bytes().startswith(start)
    svg = (tmp_path / "curve.svg").read_text()
    for label in ("epoch", "cost", "training", "validation", "kept: epoch 2"):
        assert f"<!-- {label} -->" in svg
    draw_curve(History((Epoch(0, 1.0, None),), 0, True), tmp_path / "one.png")
    with pytest.raises(DataError, match="no picture that can be drawn"):
        draw_curve(HISTORY, tmp_path / "curve.bmp")


def test_column_names_cannot_become_markdown():
    assert _plain("a|b\n# <b> $x$ `c`") == r"a\|b \# \<b\> \$x\$ \`c\`"
    assert _fenced("```\nevil").startswith("````text\n")
