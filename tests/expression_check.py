"""One random expression: derived, and its gradients compared with NumPy's differences; a bound on time around it."""

from __future__ import annotations

import re
import signal
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from types import FrameType
from typing import Any

import numpy as np

import handgrad as hg
from expression_generator import Generator, Model
from expression_oracle import REAL, Forward, OutsideError
from expression_rules import RULES, SCALAR
from handgrad.errors import CheckError, HandgradError

BOUND = 10.0  # seconds
LONGEST = 1500  # characters
LARGEST = 1e6  # of values and slopes; beyond, nothing can be compared
TOLERANCE, ROUNDING = 1e-7, 1e-10
STEPS = (1e-3, 1e-4, 1e-5, 1e-2, 1e-6)
COARSE = 1e-4  # what differences are good for
RIGHT, REFUSED, WRONG, CRASHED, HANGING = "right", "refused", "wrong", "crashed", "hanging"


class TooLongError(Exception):
    """The bound of one expression is over."""


@dataclass(frozen=True, slots=True)
class Outcome:
    seed: int
    kind: str
    detail: str
    text: str
    seconds: float
    rules: tuple[str, ...]


def draw(seed: int) -> tuple[Model, dict[str, Any]]:
    """The model of a seed, with inputs at which its value is moderate: texts without such are drawn again."""
    random = np.random.default_rng(seed)
    while True:
        model = Generator(random, RULES, SCALAR).model()
        if len(model.text) > LONGEST or not all(name in needed(model) for name, _ in model.lines) or not told(model):
            continue
        arrays = model.arrays(random)
        with np.errstate(all="ignore"):
            forward = Forward(model)
            value = forward.value(REAL, arrays)
            if not np.all(np.abs(value) < LARGEST) or not parameters(model):
                continue
            with suppress(OutsideError):
                if all(exact(forward, arrays, name) for name in parameters(model)):
                    return model, arrays


def exact(forward: Forward, arrays: dict[str, Any], name: str) -> bool:
    """Whether the slope along an input is moderate and has its digits: on a short line it hardly bends."""
    ones = np.ones(arrays[name].shape)
    before, here, after = (
        forward.slope({**arrays, name: arrays[name] * (1 + shift)}, name, ones) for shift in (-1e-6, 0.0, 1e-6)
    )
    return abs(here) < LARGEST and abs(before - 2 * here + after) <= 1e-8 * max(abs(here), 1e-3)


def parameters(model: Model) -> list[str]:
    """The inputs that the cost needs, but for whole numbers."""
    used = needed(model)
    return [name for name in model.inputs if name in used and name not in model.counts]


def told(model: Model) -> bool:
    """Whether the inputs that the cost needs tell every size in the text: n by an axis of n, or n + k with k told."""
    used = needed(model)
    shapes = [shape for name, shape in model.inputs.items() if name in used]
    axes = [{name for names, _ in dim.terms for name in names} for shape in shapes for dim in shape
            if all(len(names) <= 1 for names, _ in dim.terms)]  # fmt: skip
    known: set[str] = set()
    for _ in model.sizes:
        known.update(name for axis in axes if len(axis - known) == 1 for name in axis)
    return used & set(model.sizes) | {name for axis in axes for name in axis} <= known


def needed(model: Model) -> set[str]:
    """Every name that the cost needs."""
    bodies = dict(model.lines)
    found, pending = {"J"}, ["J"]
    while pending:
        body = re.sub(r'"[^"]*"', "", bodies.get(pending.pop(), ""))
        for name in re.findall(r"(?<![.\w])[A-Za-z_]\w*", body):
            if name not in found:
                found.add(name)
                pending.append(name)
    for shape in (shape for name, shape in model.inputs.items() if name in found):
        found.update(name for dim in shape for names, _ in dim.terms for name in names)
    return found


def examine(seed: int, bound: float = BOUND) -> Outcome:
    """Derive the model of a seed and compare; never raises but on a mistake of the test's own."""
    model, arrays = draw(seed)
    started = time.perf_counter()
    try:
        kind, detail = within(bound, lambda: derive_and_compare(model, arrays, seed))
    except TooLongError:
        kind, detail = HANGING, f"longer than {bound:g} s"
    return Outcome(seed, kind, detail, model.text, time.perf_counter() - started, model.rules)


def within(bound: float, work: Callable[[], tuple[str, str]]) -> tuple[str, str]:
    """Run work, for at most so many seconds."""

    def stop(_number: int, _frame: FrameType | None) -> None:
        raise TooLongError

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, bound)
    try:
        return work()
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def derive_and_compare(model: Model, arrays: dict[str, Any], seed: int) -> tuple[str, str]:
    """The kind of outcome, and what there is to say about it."""
    wrt = parameters(model)
    try:
        derived = hg.derive(hg.parse(model.text, notation="python"), wrt=wrt, of="J")
        found = derived.function()(**{name: arrays[name] for name in (*wrt, *model.counts)})
        if seed % 8 == 0:
            derived.text()
            derived.latex()
    except CheckError as error:
        mistake = "no random point" not in error.message
        return (CRASHED if mistake else REFUSED), f"check: {error.message}"
    except HandgradError as error:
        return REFUSED, f"{type(error).__name__}: {error.message}"
    except TooLongError:
        raise
    except Exception as error:  # whatever escapes is what is looked for
        where = traceback.extract_tb(error.__traceback__)[-1]
        return CRASHED, f"{type(error).__name__}: {error} ({where.filename.rpartition('/')[2]}:{where.lineno})"
    with np.errstate(all="ignore"):
        return compare(model, arrays, found, np.random.default_rng([seed, 1]))


def compare(
    model: Model, arrays: dict[str, Any], found: dict[str, Any], random: np.random.Generator
) -> tuple[str, str]:
    """The value, and the slope along a random direction of each input, by two oracles."""
    forward = Forward(model)
    value = float(forward.value(REAL, arrays))
    if not abs(float(found["J"]) - value) <= TOLERANCE * max(abs(value), 1e-3):
        return WRONG, f"J is {value!r}, found {found['J']!r}"
    for name in parameters(model):
        gradient = np.asarray(found[name])
        if gradient.shape != arrays[name].shape:
            return WRONG, f"dJ/d{name} has shape {gradient.shape}"
        direction = random.standard_normal(gradient.shape)
        slope, parts = forward.slope(arrays, name, direction), gradient * direction
        apart = abs(float(np.sum(parts)) - slope)
        if not apart <= TOLERANCE * max(float(np.sum(np.abs(parts))), abs(slope)) + ROUNDING * max(1.0, abs(value)):
            return WRONG, f"dJ/d{name}: slope {slope!r}, found {float(np.sum(parts))!r}"
        scale = max(float(np.sum(np.abs(parts))), abs(value) * 1e-4, 1e-4)
        if not any(abs(forward.difference(arrays, name, direction, step) - slope) <= COARSE * scale for step in STEPS):
            return WRONG, f"dJ/d{name}: complex step {slope!r}, differences disagree"
    return RIGHT, ""
