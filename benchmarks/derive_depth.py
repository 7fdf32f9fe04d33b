"""The time that a derivation takes, all checks included, against the depth of the network.

    python benchmarks/derive_depth.py [--depths 2,10,50,100,200] [--repeat 5] [--plot docs/derive_depth.png]

The network has `depth` layers, written out one equation a line in Python notation: tanh in the hidden layers,
a sigmoid output, the mean cross-entropy. `read` is `handgrad.parse` of the text, `derive` is `handgrad.derive`:
the reverse sweep, every step of every chain rule, simplification, and the check of every step, factor and gradient.
The first reading and derivation of the process, with its imports and the grammar, is done before and not counted.
The order is a line fitted to the logarithms: time grows like depth to that power.
"""

from __future__ import annotations

import argparse
import gc
import statistics
from collections.abc import Callable, Sequence
from pathlib import Path
from time import perf_counter

import numpy as np

import handgrad as hg

TARGETS = {2: 0.1, 50: 2.0}  # seconds


def network(depth: int) -> str:
    """The text of a network with that many layers."""
    lines, previous = [], "X"
    for k in range(1, depth + 1):
        function = "tanh" if k < depth else "sigmoid"
        lines += [f"Z{k} = W{k} @ {previous} + b{k}", f"A{k} = {function}(Z{k})"]
        previous = f"A{k}"
    return "\n".join([*lines, f"J = -sum(Y * log({previous}) + (1 - Y) * log(1 - {previous})) / m"])


def shapes(depth: int) -> dict[str, str]:
    """What is declared of the symbols."""
    weights = {f"W{k}": f"n{k}, n{k - 1}" for k in range(1, depth + 1)}
    biases = {f"b{k}": f"n{k}, 1" for k in range(1, depth + 1)}
    return {"X": "n0, m", "Y": f"n{depth}, m", **weights, **biases}


def seconds(action: Callable[[], object], repeat: int) -> float:
    """The median time of an action. What one run made is freed before the next, so that nothing is remembered."""
    found = []
    for _ in range(repeat):
        gc.collect()
        start = perf_counter()
        result = action()
        found.append(perf_counter() - start)
        del result
    return statistics.median(found)


def order(depths: Sequence[int], times: Sequence[float]) -> float:
    """The exponent p of the fit time = c · depth^p."""
    return float(np.polyfit(np.log(depths), np.log(times), 1)[0])


def plot(path: Path, depths: Sequence[int], reading: Sequence[float], deriving: Sequence[float]) -> None:
    import matplotlib as mpl  # noqa: PLC0415 - only for the picture

    mpl.use("agg")
    from matplotlib import pyplot as plt  # noqa: PLC0415

    figure, axes = plt.subplots(figsize=(6.4, 3.8), layout="constrained")
    axes.plot(depths, deriving, "o-", color="#3b5b92", label="derive, with all checks")
    axes.plot(depths, reading, "s--", color="#b05c3c", label="read")
    slope = deriving[-1] / depths[-1]
    axes.plot([0, depths[-1]], [0, slope * depths[-1]], ":", color="0.6", label="linear, through the last point")
    axes.set(xlabel="layers", ylabel="seconds", xlim=(0, None), ylim=(0, None))
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False)
    figure.savefig(path, dpi=120)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--depths", default="2,10,50,100,200")
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--plot", type=Path, help="a picture to draw")
    options = parser.parse_args()
    depths = [int(depth) for depth in options.depths.split(",")]
    hg.derive(hg.parse(network(2), shapes=shapes(2)))
    reading, deriving = [], []
    print(f"{'layers':>6}  {'read, s':>8}  {'derive, s':>9}  {'steps':>6}  {'target, s':>9}")
    for depth in depths:
        text, declared = network(depth), shapes(depth)
        reading.append(seconds(lambda: hg.parse(text, shapes=declared), options.repeat))  # noqa: B023 - called at once
        model = hg.parse(text, shapes=declared)
        deriving.append(seconds(lambda: hg.derive(model), options.repeat))  # noqa: B023
        steps = len(hg.derive(model).steps)
        target = f"{TARGETS[depth]:.1f}" if depth in TARGETS else ""
        print(f"{depth:>6}  {reading[-1]:>8.3f}  {deriving[-1]:>9.3f}  {steps:>6}  {target:>9}")
    large = [k for k, depth in enumerate(depths) if depth >= 10]
    if len(large) > 1:
        far = [depths[k] for k in large]
        print(f"order from {far[0]} layers: read {order(far, [reading[k] for k in large]):.2f}, "
              f"derive {order(far, [deriving[k] for k in large]):.2f}")  # fmt: skip
    if options.plot:
        plot(options.plot, depths, reading, deriving)
        print(f"wrote {options.plot}")


if __name__ == "__main__":
    main()
