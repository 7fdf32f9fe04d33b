"""The learning curve: training and validation cost by epoch, as a picture."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from handgrad.errors import DataError
from handgrad.learn.loop import History
from handgrad.learn.output import check_writable, write_bytes

FORMATS = ("png", "svg", "pdf")


def check_curve(path: Path) -> None:
    """A DataError where the picture could not be written, before any training is done."""
    if path.suffix.lower().lstrip(".") not in FORMATS:
        raise DataError(f"{path} is no picture that can be drawn", remedy="use .png, .svg or .pdf")
    check_writable(path)


def draw_curve(history: History, path: Path) -> None:
    """Draw the costs by epoch, the kept epoch marked, and write the picture; its suffix tells the format."""
    check_curve(path)
    figure = Figure(figsize=(6.4, 4.0), layout="constrained")
    axes = figure.add_subplot()
    numbers = [epoch.number for epoch in history.epochs]
    axes.plot(numbers, [epoch.train for epoch in history.epochs], label="training")
    held = [(epoch.number, epoch.validation) for epoch in history.epochs if epoch.validation is not None]
    if held:
        axes.plot(*zip(*held, strict=True), label="validation")
    best = next(epoch for epoch in history.epochs if epoch.number == history.best)
    axes.plot(best.number, best.judged, "o", color="black", label=f"kept: epoch {best.number}")
    axes.set_xlabel("epoch")
    axes.set_ylabel("cost")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.grid(alpha=0.3)
    axes.legend()
    picture = BytesIO()
    figure.savefig(picture, format=path.suffix.lower().lstrip("."), dpi=150)
    write_bytes(path, picture.getvalue())
