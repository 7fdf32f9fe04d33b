"""Derivatives from peers' test suites: right at random points, and no longer than the form that the peer expects."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import handgrad as hg
from handgrad.evaluate import bind
from handgrad.expr import Expr
from handgrad.matrix import weight_of

SIZES = {"n": 4, "m": 3, "k": 2, "p": 5, "q": 3, "c": 4, "t": 6}
CASES = [json.loads(line) for line in (Path(__file__).parent / "data" / "peer_cases.jsonl").read_text().splitlines()]
HELPERS: dict[str, Any] = {
    "np": np,
    "inv": np.linalg.inv,
    "det": np.linalg.det,
    "tr": np.trace,
    "nrm": np.linalg.norm,
    "mp": np.linalg.matrix_power,
    "relu": lambda x: np.maximum(x, 0),
    "sig": lambda x: 1 / (1 + np.exp(-x)),
    "softmax": lambda x: np.exp(x) / np.exp(x).sum(axis=-1, keepdims=True),
}
OURS = {"mp": "matrix_power", "sig": "sigmoid", "nrm": "norm"}


def ours(text: str) -> str:
    for theirs, name in OURS.items():
        text = re.sub(rf"\b{theirs}\(", f"{name}(", text)
    return text


def draw(case: dict[str, Any]) -> dict[str, np.ndarray]:
    random = np.random.default_rng(int(case["id"].removeprefix("case")))
    arrays = {}
    for name, about in case["variables"].items():
        shape = tuple(SIZES[s] if s in SIZES else int(s) for s in about["shape"])
        domain = about.get("domain", "")
        array = random.uniform(0.2, 1.3, shape) if domain in ("pos", "unit") else random.standard_normal(shape) * 0.6
        if domain == "small":
            array = array * 0.1
        if domain in ("sym", "spd"):
            array = array + array.T
        if domain == "spd":
            array = array @ array + np.eye(shape[0])
        if domain == "detpos" or "det" in case["numpy_f"] or "inv(" in case["numpy_f"]:
            array = array + 2 * np.eye(*shape) if len(shape) == 2 and shape[0] == shape[1] and domain == "" else array
        if domain in ("onehot", "onehotc"):
            axis = 0 if domain == "onehotc" else -1
            array = np.abs(array) / np.abs(array).sum(axis=axis, keepdims=True)
        if domain == "window":
            at, offset, place = np.indices(shape)
            array = (place == at + offset).astype(float)
        arrays[name] = array
    return arrays


def derive(case: dict[str, Any]) -> tuple[hg.Model, Expr]:
    declared = []
    for name, about in case["variables"].items():
        axes = ", ".join(about["shape"]) + ("," if about["shape"] else "")
        axis = {"onehot": len(about["shape"]) - 1, "onehotc": 0}.get(about.get("domain", ""))
        onehot = "" if axis is None else f" in onehot({axis})"
        symmetric = " in symmetric" if about.get("domain") in ("sym", "spd") else ""
        declared.append(f"{name}: ({axes}){onehot}{symmetric}")
    model = hg.parse("\n".join([*declared, case.get("equations", ours(case["numpy_f"]))]))
    derived = {"gradient": hg.derive, "hessian": hg.hessian}.get(case["kind"], hg.jacobian)
    derivatives = derived(model, of="J", wrt=case["wrt"]) if "equations" in case else derived(model, wrt=case["wrt"])
    return model, derivatives[case["wrt"]]


def nodes(text: str) -> int:
    """Names, numbers and operations of a NumPy form, as `weight` counts those of ours."""
    skipped = {"np", "eye", "ones"}
    count = 0
    for node in ast.walk(ast.parse(text, mode="eval")):
        count += isinstance(node, ast.BinOp | ast.Constant | ast.UnaryOp)
        count += isinstance(node, ast.Name) and node.id not in skipped
        count += isinstance(node, ast.Attribute) and node.attr == "T"
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            count += 2 if node.func.attr == "outer" else 1  # a bᵀ is a product and a transpose
    return count


@pytest.mark.parametrize("case", CASES, ids=lambda c: c["id"])
def test_value(case: dict[str, Any]) -> None:
    arrays = draw(case)
    expected = eval(case["numpy_expected"], {**HELPERS, **arrays})
    model, expr = derive(case)
    found = bind((expr, *model.inputs), arrays).value(expr)
    assert found.shape == np.shape(expected)
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("case", CASES, ids=lambda c: c["id"])
def test_size(case: dict[str, Any]) -> None:
    _, expr = derive(case)
    allowed = max(1.2 * nodes(case["numpy_expected"]), nodes(case["numpy_expected"]) + 1)
    assert weight_of(expr) <= allowed, (expr.text(), case["numpy_expected"])
