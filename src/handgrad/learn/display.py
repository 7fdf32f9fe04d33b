"""What training shows in the terminal: the progress bar and the table of metrics."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table

from handgrad.learn.loop import Epoch


@contextmanager
def progress(epochs: int, console: Console, shown: bool) -> Iterator[Callable[[Epoch], None] | None]:
    """A bar with epoch, costs and time left, on a terminal only; yields what to call after every epoch."""
    if not shown or not console.is_terminal:
        yield None
        return
    columns = (
        TextColumn("epoch {task.completed}/{task.total}"),
        BarColumn(bar_width=30),
        TextColumn("{task.description}"),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("", total=epochs)

        def watch(epoch: Epoch) -> None:
            bar.update(task, completed=epoch.number, description=costs(epoch))

        yield watch


def costs(epoch: Epoch) -> str:
    """The costs in words.

    >>> costs(Epoch(3, 0.25, None))
    'cost 0.25000'
    """
    validation = "" if epoch.validation is None else f", validation {epoch.validation:.5f}"
    return f"cost {epoch.train:.5f}{validation}"


def metrics_table(metrics: Mapping[str, Mapping[str, float]]) -> Table:
    """A row for each part of the rows, a column for each metric."""
    names = list(dict.fromkeys(name for values in metrics.values() for name in values))
    table = Table(box=None, pad_edge=False)
    for head in ("", *names):
        table.add_column(head, justify="right" if head else "left")
    for part, values in metrics.items():
        table.add_row(part, *(f"{values[name]:.4f}" if name in values else "–" for name in names))
    return table
