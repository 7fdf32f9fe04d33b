"""Random contractions, and NumPy's value of them. Not a test itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from string import ascii_lowercase

import numpy as np
from hypothesis import strategies as st

import handgrad.render.latex
import handgrad.render.text  # noqa: F401
from handgrad.axes import Size
from handgrad.canonical import product
from handgrad.evaluate import Point
from handgrad.expr import UNIT, Expr, Symbol

SIZES = {"a": "n", "b": "n", "c": "n", "d": "k", "e": "k", "f": "p"}  # labels of one size can link one symbol's axes
LENGTHS = {"n": 3, "k": 4, "p": 2}
LETTERS = tuple(SIZES)
RANK = st.sampled_from((0, 1, 1, 2, 2, 2))


@dataclass(frozen=True)
class Contraction:
    """Operands named by what they are, their labels ('1' is an axis of size 1), and the result's labels."""

    operands: tuple[tuple[str, str], ...]
    out: str

    @staticmethod
    def name(letter: str, labels: str) -> str:
        """One name for one shape: Pnk1 has the sizes n, k and 1."""
        return letter + "".join(SIZES.get(k, "1") for k in labels)

    def symbol(self, letter: str, labels: str) -> Symbol:
        sizes = tuple(Size.of(1) if k == "1" else Size.of(SIZES[k]) for k in labels)
        return Symbol(self.name(letter, labels), sizes)

    def expr(self) -> Expr:
        """The canonical product."""
        number = {letter: k for k, letter in enumerate(LETTERS)}
        number["1"] = UNIT
        operands = [(self.symbol(*operand), tuple(number[k] for k in operand[1])) for operand in self.operands]
        used = {k for _, labels in self.operands for k in labels} | set(self.out)
        sizes = {number[k]: Size.of(SIZES[k]) for k in LETTERS if k in used}
        return product(operands, tuple(number[k] for k in self.out), sizes)

    def arrays(self, seed: int) -> dict[str, np.ndarray]:
        random = np.random.default_rng(seed)
        shapes = {self.name(letter, labels): [length(k) for k in labels] for letter, labels in self.operands}
        return {name: random.uniform(0.4, 1.6, n) * random.choice([-1, 1]) for name, n in sorted(shapes.items())}

    def value(self, arrays: Mapping[str, np.ndarray]) -> np.ndarray:
        """einsum over plain loops' meaning: ones fill what no operand has, a delta repeats what the result repeats."""
        terms, values = [], []
        for letter, labels in self.operands:
            terms.append(labels.replace("1", ""))
            values.append(arrays[self.name(letter, labels)].reshape([length(k) for k in labels if k != "1"]))
        inside = "".join(terms)
        out, fresh = "", iter(set(ascii_lowercase) - set(LETTERS))
        for k in self.out.replace("1", ""):
            if k in out:
                other = next(fresh)
                terms.append(k + other)
                values.append(np.eye(length(k)))
                out += other
            else:
                if k not in inside:
                    terms.append(k)
                    values.append(np.ones(length(k)))
                out += k
        result = np.einsum(f"{','.join(terms)}->{out}", *values) if terms else np.ones(())
        return result.reshape([length(k) for k in self.out])


def length(label: str) -> int:
    return 1 if label == "1" else LENGTHS[SIZES[label]]


def labels_of(rank: int) -> st.SearchStrategy[str]:
    return st.text("aabbcdef1", min_size=rank, max_size=rank)


@st.composite
def contractions(draw: st.DrawFn, largest_rank: int = 2) -> Contraction:
    """1 to 4 operands of rank 0 to 2 over few labels, so that links, diagonals and equal factors are common."""
    count = draw(st.integers(1, 4))
    operands = []
    for _ in range(count):
        labels = draw(labels_of(draw(RANK)))
        operands.append((draw(st.sampled_from("PQ")), labels))
    out = draw(labels_of(draw(st.integers(0, largest_rank))))
    return Contraction(tuple(operands), out)


def point(arrays: Mapping[str, np.ndarray]) -> Point:
    return Point(arrays, LENGTHS)


def agree(found: np.ndarray, expected: np.ndarray) -> None:
    assert found.shape == expected.shape
    size = max(1.0, float(np.max(np.abs(expected), initial=0)))
    assert float(np.max(np.abs(found - expected), initial=0)) <= 1e-11 * size
