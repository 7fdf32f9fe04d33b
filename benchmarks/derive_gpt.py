"""Deriving GPT-style blocks (layer norm, causal attention with heads, MLP), with all checks: time and memory.

    python benchmarks/derive_gpt.py            # 1, 10, 30 and 100 blocks
    python benchmarks/derive_gpt.py 1 100      # these numbers of blocks

Prints the median of three runs for each number of blocks (one run from 30 blocks on), the peak memory that Python
allocated, and the exponent of the growth between the last two.
"""

from __future__ import annotations

import gc
import math
import statistics
import sys
import time
import tracemalloc

import handgrad as hg

BLOCK = """
mu{k} = mean(X{p}, axis=2, keepdims=True)
s{k} = sqrt(var(X{p}, axis=2, keepdims=True) + eps)
N{k} = g{k} * (X{p} - mu{k}) / s{k} + e{k}
Q{k} = einsum("btd,dhe->bhte", N{k}, Wq{k})
K{k} = einsum("btd,dhe->bhte", N{k}, Wk{k})
V{k} = einsum("btd,dhe->bhte", N{k}, Wv{k})
S{k} = Q{k} @ swapaxes(K{k}, 2, 3) / sqrt(r) + M
P{k} = softmax(S{k})
A{k} = X{p} + einsum("bhte,hed->btd", P{k} @ V{k}, Wo{k})
nu{k} = mean(A{k}, axis=2, keepdims=True)
t{k} = sqrt(var(A{k}, axis=2, keepdims=True) + eps)
R{k} = h{k} * (A{k} - nu{k}) / t{k} + f{k}
U{k} = R{k} @ W1{k} + b1{k}
H{k} = gelu(U{k})
X{k} = A{k} + H{k} @ W2{k} + b2{k}
"""
SHAPES = "g{k}: d\ne{k}: d\nh{k}: d\nf{k}: d\nWq{k}: (d, H, r)\nWk{k}: (d, H, r)\nWv{k}: (d, H, r)\nWo{k}: (H, r, d)\n"
SHAPES += "W1{k}: (d, f)\nb1{k}: f\nW2{k}: (f, d)\nb2{k}: d\n"


def transformer(blocks: int) -> str:
    """The text of a decoder of so many blocks with a squared error on top."""
    text = "X0: (B, T, d)\nY: (B, T, d)\nM: (T, T)\neps: ()\n"
    text += "".join(SHAPES.format(k=k) for k in range(1, blocks + 1))
    text += "".join(BLOCK.format(k=k, p=k - 1) for k in range(1, blocks + 1))
    return text + f"J = mean((X{blocks} - Y) ** 2)\n"


def parameters(blocks: int) -> list[str]:
    """The names of the parameters."""
    names = ("g", "e", "h", "f", "Wq", "Wk", "Wv", "Wo", "W1", "b1", "W2", "b2")
    return [f"{name}{k}" for k in range(1, blocks + 1) for name in names]


def main() -> None:
    """One line for each number of blocks."""
    counts = [int(arg) for arg in sys.argv[1:]] or [1, 10, 30, 100]
    measured: list[tuple[int, float]] = []
    for blocks in counts:
        text, names = transformer(blocks), parameters(blocks)
        times = []
        for _ in range(3 if blocks < 30 else 1):
            gc.collect()  # what one run made is freed before the next, so that nothing is remembered
            start = time.perf_counter()
            hg.derive(text, wrt=names)
            times.append(time.perf_counter() - start)
        gc.collect()
        tracemalloc.start()
        hg.derive(text, wrt=names)
        peak = tracemalloc.get_traced_memory()[1] / 1e6
        tracemalloc.stop()
        measured.append((blocks, statistics.median(times)))
        print(f"{blocks:4d} blocks: {measured[-1][1]:7.2f} s, {peak:7.1f} MB at most", flush=True)
    if len(measured) > 1:
        (a, s), (b, t) = measured[-2:]
        print(f"time grows with blocks to the power {math.log(t / s) / math.log(b / a):.2f}")


if __name__ == "__main__":
    main()
