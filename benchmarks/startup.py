"""The time from typing `handgrad --help` to its end: the median wall time of new processes.

    python benchmarks/startup.py [--runs 21] [-- derive examples/two_layer_network.md]

The script starts `python -m handgrad`, which is what the `handgrad` script runs; `python -c pass` is timed beside
it, alternating, to show what of it is Python's own. One run of each before that warms the disk cache.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
from collections.abc import Sequence
from time import perf_counter

TARGET = 0.4  # seconds, for --help


def wall(command: Sequence[str]) -> float:
    """Seconds of one process."""
    start = perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
    return perf_counter() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--runs", type=int, default=21)
    parser.add_argument("arguments", nargs="*", help="of handgrad; --help where none are given")
    options = parser.parse_args()
    arguments = options.arguments or ["--help"]
    commands = {
        f"handgrad {' '.join(arguments)}": [sys.executable, "-m", "handgrad", *arguments],
        "python -c pass": [sys.executable, "-c", "pass"],
    }
    for command in commands.values():
        wall(command)
    times: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(options.runs):
        for name, command in commands.items():
            times[name].append(wall(command))
    for name, found in times.items():
        print(f"{statistics.median(found):.3f} s  (lowest {min(found):.3f}, highest {max(found):.3f})  {name}")
    if arguments == ["--help"]:
        print(f"target for --help: {TARGET} s")


if __name__ == "__main__":
    main()
