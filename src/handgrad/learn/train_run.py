"""What `handgrad train` does: say what is done, train under a progress bar, write the files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from time import perf_counter

from rich.console import Console

from handgrad.learn.commands import TrainOptions
from handgrad.learn.curve import check_curve, draw_curve
from handgrad.learn.display import metrics_table, progress
from handgrad.learn.fitted import Fitted
from handgrad.learn.fitting import Prepared, prepare
from handgrad.learn.output import check_writable
from handgrad.learn.report import write_report

INTERRUPTED = 130  # what a shell reports of a program that Ctrl-C ended


def run(data: Path, options: TrainOptions) -> int:
    """Train and write; the exit code: 0, or 130 where Ctrl-C ended the training and the best so far was written."""
    start = perf_counter()
    console = Console(quiet=options.quiet, markup=False, highlight=False, soft_wrap=True)
    curve = options.curve_path()
    _check_paths(options, curve)
    prepared = prepare(options.model, data, options.target, options.settings())
    _introduce(prepared, console)
    with progress(options.epochs, Console(stderr=True), not options.quiet) as watch:
        fitted = prepared.run(watch)
    written = _write(prepared, fitted, options, curve)
    _conclude(fitted, written, console, perf_counter() - start)
    return INTERRUPTED if fitted.history.interrupted else 0


def _check_paths(options: TrainOptions, curve: Path | None) -> None:
    """Better now than after the training."""
    check_writable(options.output)
    if options.report is not None:
        check_writable(options.report)
    if curve is not None:
        check_curve(curve)


def _introduce(prepared: Prepared, console: Console) -> None:
    """The data, what was assumed, and the closed forms that will run."""
    for title, lines in (("Data", prepared.notes), ("Assumed", prepared.model.assumptions)):
        if lines:
            console.print(title, style="bold")
            for line in lines:
                console.print(f"  {line}")
    console.print("Equations and gradients", style="bold")
    console.print("\n".join(f"  {line}" for line in prepared.derivation.summary().splitlines()))


def _write(prepared: Prepared, fitted: Fitted, options: TrainOptions, curve: Path | None) -> list[Path]:
    """The model first: it must survive whatever happens to the pictures."""
    fitted.save(options.output)
    written = [options.output]
    extras: list[tuple[Path | None, Callable[[Path], None]]] = [
        (curve, lambda path: draw_curve(fitted.history, path)),
        (options.report, lambda path: write_report(prepared, fitted, path, curve)),
    ]
    for path, write in extras:
        if path is not None:
            write(path)
            written.append(path)
    return written


def _conclude(fitted: Fitted, written: list[Path], console: Console, seconds: float) -> None:
    history = fitted.history
    last, best = history.epochs[-1], history.epochs[history.best]
    if history.interrupted:
        console.print(f"Interrupted after epoch {last.number}: the best model so far is kept.", style="bold")
    if best.number == 0:
        console.print("No epoch was better than the start: try another --alpha or more --epochs.", style="bold")
    judged = "training" if best.validation is None else "validation"
    console.print(f"Kept epoch {best.number} of {last.number}: {judged} cost {best.judged:.5f}", style="bold")
    console.print(metrics_table(fitted.metrics))
    console.print(f"Wrote {', '.join(map(str, written))} ({seconds:.1f} s)")
