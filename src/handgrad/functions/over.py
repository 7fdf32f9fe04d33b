"""The functions of all entries, of each row or of each column: max, min, prod. To add one, add one record here."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from handgrad.canonical import power, product, zero
from handgrad.expr import UNIT, Call, Expr
from handgrad.functions.record import Array, Notation, Reduction

Rule = Callable[[Expr, Expr, "int | None"], Expr]


def _notations(all_: str, text: str, latex: str) -> tuple[Notation, Notation, Notation]:
    r"""`max(x)`, `rowmax(X)`, `colmax(X)` around the argument."""
    plain = latex if latex.startswith("\\") else rf"\operatorname{{{latex}}}"
    name = latex.removeprefix("\\")
    return (
        Notation(all_.format(text), rf"{plain}\left({{0}}\right)", closed=True),
        Notation(all_.format(f"row{text}"), rf"\operatorname{{row{name}}}\left({{0}}\right)", closed=True),
        Notation(all_.format(f"col{text}"), rf"\operatorname{{col{name}}}\left({{0}}\right)", closed=True),
    )


def _indicator_notations(text: str) -> tuple[Notation, Notation, Notation]:
    """[x = max(x)]: 1 where the largest entry stands."""
    return tuple(  # type: ignore[return-value]
        Notation(f"[{{0}} = {one.text}]", rf"\mathbb{{1}}\left[{{0}} = {one.latex}\right]", closed=True)
        for one in _notations("{}({{0}})", text, f"\\{text}")
    )


def _at(x: Array, axis: int | None, place: Callable[..., Any]) -> Array:
    """1 at the first of the largest (smallest) entries, 0 elsewhere."""
    real = np.real(x)
    if axis is None:
        mark: Array = np.zeros(real.shape)
        mark[np.unravel_index(place(real), real.shape)] = 1.0
        return mark
    return np.asarray(np.indices(real.shape)[axis] == place(real, axis=axis, keepdims=True), dtype=float)


def _selected(place: Callable[..., Any]) -> Callable[[Array, int | None], Array]:
    def value(x: Array, axis: int | None) -> Array:
        chosen: Array = np.sum(_at(x, axis, place) * x, axis=axis, keepdims=axis is not None)
        return chosen

    return value


def _spread_over(node: Expr, cotangent: Expr, axis: int | None, slope: Expr) -> Expr:
    """Ȳ of each slice times the slope of each of its entries, with the leading axes of Ȳ in front."""
    lead = cotangent.rank - node.rank
    own = tuple(range(lead, lead + slope.rank))
    kept = () if axis is None else tuple(UNIT if k == slope.rank + axis else label for k, label in enumerate(own))
    front = tuple(range(lead))
    sizes = dict(enumerate(cotangent.shape[:lead] + slope.shape))
    return product([(cotangent, front + kept), (slope, own)], front + own, sizes)


def _argument(node: Expr) -> Expr:
    assert isinstance(node, Call)
    return node.args[0]


def _nothing(node: Expr, cotangent: Expr, _axis: int | None) -> Expr:
    return zero(cotangent.shape[: cotangent.rank - node.rank] + _argument(node).shape)


def _extremum(indicator: Callable[[], Reduction]) -> Rule:
    """The cotangent goes to the entry that is the largest (smallest)."""
    return lambda node, cotangent, axis: _spread_over(
        node, cotangent, axis, indicator().at(axis)(_argument(node))
    )


def _prod_pullback(node: Expr, cotangent: Expr, axis: int | None) -> Expr:
    """Π of the other entries, written Π/x."""
    arg = _argument(node)
    lead = cotangent.rank - node.rank
    own = tuple(range(lead, cotangent.rank))
    everywhere = tuple(range(cotangent.rank))
    scaled = product([(cotangent, everywhere), (node, own)], everywhere, dict(enumerate(cotangent.shape)))
    return _spread_over(node, scaled, axis, power(arg, -1))


TIES = "a subgradient (Rockafellar, Convex Analysis, 1970, §23): at a tie the first entry is taken"
argmax_mark: Reduction = Reduction(
    "argmax_mark", _indicator_notations("max"), lambda x, axis: _at(x, axis, np.argmax), _nothing, (), TIES,
    ("np.where(np.arange({0}.size).reshape({0}.shape) == np.argmax({0}), 1.0, 0.0)",
     "np.where(np.indices({0}.shape)[{axis}] == np.argmax({0}, axis={axis}, keepdims=True), 1.0, 0.0)"),
    {"torch": ("torch.nn.functional.one_hot({0}.argmax(), {0}.numel()).reshape({0}.shape).to({0}.dtype)",
               "torch.zeros_like({0}).scatter({axis}, {0}.argmax(dim={axis}, keepdim=True), 1.0)")}, keeps=True,
)  # fmt: skip
argmin_mark: Reduction = Reduction(
    "argmin_mark", _indicator_notations("min"), lambda x, axis: _at(x, axis, np.argmin), _nothing, (), TIES,
    ("np.where(np.arange({0}.size).reshape({0}.shape) == np.argmin({0}), 1.0, 0.0)",
     "np.where(np.indices({0}.shape)[{axis}] == np.argmin({0}, axis={axis}, keepdims=True), 1.0, 0.0)"),
    {"torch": ("torch.nn.functional.one_hot({0}.argmin(), {0}.numel()).reshape({0}.shape).to({0}.dtype)",
               "torch.zeros_like({0}).scatter({axis}, {0}.argmin(dim={axis}, keepdim=True), 1.0)")}, keeps=True,
)  # fmt: skip
largest: Reduction = Reduction(
    "max", _notations("{}({{0}})", "max", r"\max"), _selected(np.argmax), _extremum(lambda: argmax_mark),
    ("max", "amax"), TIES, ("np.max({0})", "np.max({0}, axis={axis}, keepdims=True)"),
    {"torch": ("torch.max({0})", "torch.amax({0}, dim={axis}, keepdim=True)")}, picks=1,
)  # fmt: skip
smallest: Reduction = Reduction(
    "min", _notations("{}({{0}})", "min", r"\min"), _selected(np.argmin), _extremum(lambda: argmin_mark),
    ("min", "amin"), TIES, ("np.min({0})", "np.min({0}, axis={axis}, keepdims=True)"),
    {"torch": ("torch.min({0})", "torch.amin({0}, dim={axis}, keepdim=True)")}, picks=-1,
)  # fmt: skip
prod: Reduction = Reduction(
    "prod", _notations("{}({{0}})", "prod", "prod"), lambda x, axis: np.prod(x, axis=axis, keepdims=axis is not None),
    _prod_pullback, ("prod",), "the product rule, for entries other than 0",
    ("np.prod({0})", "np.prod({0}, axis={axis}, keepdims=True)"),
    {"torch": ("torch.prod({0})", "torch.prod({0}, dim={axis}, keepdim=True)")},
)  # fmt: skip

TABLE: tuple[Reduction, ...] = (largest, smallest, prod, argmax_mark, argmin_mark)
