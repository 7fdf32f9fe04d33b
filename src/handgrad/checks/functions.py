"""Checks of what derivations lean on: the lines of a function's derivative, and the stable forms."""

from __future__ import annotations

import numpy as np

from handgrad.checks.points import SPREADS, Ground
from handgrad.derivation import Sweep
from handgrad.errors import OWN_MISTAKE, CheckError
from handgrad.evaluate import Point
from handgrad.expr import Expr, definitions
from handgrad.functions import Elementwise
from handgrad.functions.steps import function_lines
from handgrad.stable import quick, stable

TOLERANCE = 1e-9
STEP = 1e-30
ARGUMENTS = (-2.3, -1.1, -0.4, 0.3, 0.9, 1.7)
POSITIVE = (0.2, 0.5, 0.9, 1.4, 2.1)


def verify_function(function: Elementwise) -> None:
    """Each line of the derivation of f′ against the complex step of f; CheckError where one differs."""
    symbol, lines = function_lines(function)
    with np.errstate(all="ignore"):
        for x in (*ARGUMENTS, *POSITIVE):
            if not np.isfinite(function.numpy(np.asarray(x))):  # outside the domain
                continue
            slope = float(np.imag(function.numpy(np.asarray(x + 1j * STEP))) / STEP)
            for form, reason in lines:
                value = float(Point({symbol.name: np.asarray(x)}, {}).value(form))
                if np.isfinite(value) and not abs(value - slope) <= TOLERANCE * max(1.0, abs(slope)):
                    raise CheckError(f"{form.text()} ({reason}) is not the derivative of {function.name} at {x}",
                                     remedy=OWN_MISTAKE)  # fmt: skip


def verify_stable(sweep: Sweep) -> None:
    """The stable form of each equation and each gradient that is run against the form that is printed."""
    written = [s.definition for s in definitions([sweep.of]) if s.definition is not None]
    written += [section.result for section in sweep.sections]
    pairs = [(form, safe) for form in written for safe in {stable(form), quick(form)} if safe is not form]
    if not pairs:
        return
    ground = Ground.of([form for pair in pairs for form in pair])
    random = np.random.default_rng(7)
    agreed: dict[Expr, bool] = {}
    with np.errstate(all="ignore"):
        for spread in SPREADS:
            point = ground.draw(random, spread)
            for form, safe in pairs:
                same = np.allclose(point.value(form), point.value(safe), rtol=1e-7, atol=1e-13)
                agreed[safe] = agreed.get(safe, False) or bool(same)  # near saturation the written form is wrong
    for form, safe in pairs:
        if not agreed[safe]:
            raise CheckError(f"the stable form {safe.text()} differs from {form.text()}", remedy=OWN_MISTAKE)
