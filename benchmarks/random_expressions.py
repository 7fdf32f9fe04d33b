"""Random models over all operations: each is derived and its gradients compared with NumPy's differences, or refused.

    python benchmarks/random_expressions.py --count 100000 --seed 1 --jobs 2

Number k of a run with seed s is the model of seed s + k: `--seed s+k --count 1` runs it alone.
"""

from __future__ import annotations

import argparse
import re
import sys
import time
from collections import Counter
from collections.abc import Iterator
from multiprocessing import get_context
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from expression_check import CRASHED, HANGING, REFUSED, RIGHT, WRONG, Outcome, examine

MOST_REFUSED = 0.02
PART = 25  # models a task
TASKS_A_WORKER = 40  # then it starts anew, so that memory stays bounded


def outcomes(seed: int, count: int, jobs: int) -> Iterator[Outcome]:
    """All outcomes, in order of their end."""
    parts = [range(start, min(start + PART, seed + count)) for start in range(seed, seed + count, PART)]
    if jobs == 1 and count <= PART:
        yield from _examined(range(seed, seed + count))
        return
    with get_context("spawn").Pool(jobs, maxtasksperchild=TASKS_A_WORKER) as pool:
        for found in pool.imap_unordered(_examined, parts):
            yield from found


def _examined(seeds: range) -> list[Outcome]:
    return [examine(seed) for seed in seeds]


def reason(detail: str) -> str:
    """A refusal's message without its names and numbers."""
    return re.sub(r"'[^']*'|`[^`]*`|\([^)]*\)|\d+(\.\d+)?", "…", detail)[:110]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=None, help="random, and printed, by default")
    parser.add_argument("--jobs", type=int, default=1)
    given = parser.parse_args()
    seed = int(np.random.SeedSequence().entropy) % 10**9 if given.seed is None else given.seed  # type: ignore[arg-type]
    print(f"{given.count} models from seed {seed}", flush=True)
    kinds, reasons, rules = Counter[str](), Counter[str](), Counter[str]()
    slowest: list[tuple[float, int]] = []
    started = time.monotonic()
    shown = started
    for number, one in enumerate(outcomes(seed, given.count, given.jobs), 1):
        kinds[one.kind] += 1
        rules.update(one.rules)
        slowest = sorted([*slowest, (one.seconds, one.seed)], reverse=True)[:5]
        if one.kind == REFUSED:
            reasons[reason(one.detail)] += 1
        elif one.kind != RIGHT:
            print(f"\n{one.kind.upper()}, seed {one.seed}: {one.detail}\n{one.text}", flush=True)
        if time.monotonic() - shown > 20 or number == given.count:
            shown = time.monotonic()
            pace = number / (shown - started)
            print(f"{number}/{given.count}, {pace:.1f} a second: {dict(kinds)}", flush=True)
    for text, times in reasons.most_common(40):
        print(f"  refused {times}: {text}")
    print("slowest:", ", ".join(f"{seconds:.1f} s (seed {number})" for seconds, number in slowest))
    print("rules:", ", ".join(f"{name} {times}" for name, times in sorted(rules.items())))
    failed = sum(kinds[kind] for kind in (WRONG, CRASHED, HANGING))
    refused = kinds[REFUSED] / max(given.count, 1)
    took = time.monotonic() - started
    print(f"seed {seed}: {given.count} models in {took:.0f} s with {given.jobs} processes: {kinds[RIGHT]} right, "
          f"{kinds[REFUSED]} refused ({refused:.2%}), {kinds[WRONG]} wrong, {kinds[CRASHED]} crashed, "
          f"{kinds[HANGING]} hanging")  # fmt: skip
    return 1 if failed or refused >= MOST_REFUSED else 0


if __name__ == "__main__":
    sys.exit(main())
