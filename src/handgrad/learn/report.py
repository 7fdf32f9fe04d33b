"""A report in Markdown: what was run, on what, from which equations, and how well it went."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from handgrad.learn.fitted import Fitted
from handgrad.learn.fitting import Prepared
from handgrad.learn.output import write_bytes
from handgrad.learn.storage import installed_version


def write_report(prepared: Prepared, fitted: Fitted, path: Path, curve: Path | None) -> None:
    """Write the report; the picture of the learning curve is linked where it was drawn."""
    write_bytes(path, report(prepared, fitted, path, curve).encode())


def report(prepared: Prepared, fitted: Fitted, path: Path, curve: Path | None) -> str:
    """The report's Markdown; `path` is where it will stand, so that the link to the picture is relative."""
    history = fitted.history
    parts = [
        f"# Training report: {_plain(prepared.target.name)} from {_plain(prepared.table.source)}",
        f"Made by Handgrad {installed_version()}.",
        "## What was run",
        _table(("choice", "value"), _choices(prepared)),
        "## Data",
        _list(prepared.notes),
        "## Result",
        _metrics(fitted.metrics),
        f"Kept: epoch {history.best} of {history.epochs[-1].number}"
        + (", interrupted." if history.interrupted else "."),
    ]
    if curve is not None:
        link = os.path.relpath(curve, path.parent).replace(os.sep, "/").replace(" ", "%20")
        parts.append(f"![Training and validation cost by epoch]({link})")
    parts += ["## Equations", _fenced(prepared.model.text())]
    if prepared.model.assumptions:
        parts += ["Assumed in reading them:", _list(prepared.model.assumptions)]
    parts += ["## Derivation", prepared.derivation.markdown()]
    return "\n\n".join(parts) + "\n"


def _choices(prepared: Prepared) -> list[tuple[str, str]]:
    settings = prepared.settings
    return [
        ("table", prepared.table.source),
        ("model", Path(prepared.model.file).name or "given as text"),
        ("functions", ", ".join(f"{name} = {value}" for name, value in prepared.model.let) or "as in the text"),
        ("sizes", ", ".join(f"{name} = {size}" for name, size in prepared.sizes.items())),
        ("learning rate", f"{settings.alpha:g}"),
        ("epochs", str(settings.epochs)),
        ("batch", "all examples" if settings.batch is None else str(settings.batch)),
        ("seed", str(settings.seed)),
        ("numbers", settings.dtype),
    ]


def _metrics(metrics: Mapping[str, Mapping[str, float]]) -> str:
    names = list(dict.fromkeys(name for values in metrics.values() for name in values))
    rows = [
        (part, *(f"{values[name]:.4f}" if name in values else "–" for name in names))
        for part, values in metrics.items()
    ]
    return _table(("part", *names), rows)


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, ("---",) * len(head), *(tuple(map(_plain, row)) for row in rows)]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _list(lines: Iterable[str]) -> str:
    return "\n".join(f"- {_plain(line)}" for line in lines)


def _plain(text: str) -> str:
    """Text that Markdown shows as it is: column names may hold anything."""
    return "".join(f"\\{char}" if char in "\\`*_{}[]<>#|$~!" else char for char in " ".join(text.split()))


def _fenced(text: str) -> str:
    fence = "```"
    while fence in text:
        fence += "`"
    return f"{fence}text\n{text}\n{fence}"
