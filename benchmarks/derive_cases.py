"""The time to read and derive each small case of peers' test suites, all checks included.

    python benchmarks/derive_cases.py [--repeat 5] [--slowest 10]

The cases are those of tests/data/peer_cases.jsonl: gradients, Jacobians and Hessians of expressions of one line. Each
is read and derived `repeat` times; what one run made is freed before the next, so that nothing is remembered, and the
median counts. Prints the slowest cases, the median over all, and how many take longer than the target.
"""

from __future__ import annotations

import argparse
import gc
import statistics
import sys
from pathlib import Path
from time import perf_counter

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from test_peer_cases import CASES, derive  # noqa: E402 - the cases and how they are put are the tests' own

TARGET = 0.05  # seconds


def seconds(case: dict[str, object], repeat: int) -> float:
    """The median time of one case."""
    found = []
    for _ in range(repeat):
        gc.collect()
        start = perf_counter()
        result = derive(case)
        found.append(perf_counter() - start)
        del result
    return statistics.median(found)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--slowest", type=int, default=10)
    options = parser.parse_args()
    derive(CASES[0])  # the imports and the grammar
    times = {case["id"]: seconds(case, options.repeat) for case in CASES}
    shown = {case["id"]: f"{case['kind']} of {case['numpy_f']} by {case['wrt']}" for case in CASES}
    for name in sorted(times, key=lambda name: -times[name])[: options.slowest]:
        print(f"{1000 * times[name]:8.1f} ms  {name}  {shown[name][:90]}")
    slow = sum(time > TARGET for time in times.values())
    print(f"median {1000 * statistics.median(times.values()):.1f} ms, all {sum(times.values()):.2f} s; "
          f"{slow} of {len(times)} over {1000 * TARGET:.0f} ms")  # fmt: skip


if __name__ == "__main__":
    main()
