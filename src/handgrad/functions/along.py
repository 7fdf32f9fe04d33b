"""The functions along an axis. To add one, add one record here."""

from __future__ import annotations

import numpy as np
from scipy import special

from handgrad.canonical import along, hadamard
from handgrad.expr import Expr
from handgrad.functions.elementwise import exp
from handgrad.functions.record import AlongAxis, Array, Notation


def _softmax(x: Array, axis: int) -> Array:
    shifted = np.exp(x - np.max(np.real(x), axis=axis, keepdims=True))
    value: Array = shifted / np.sum(shifted, axis=axis, keepdims=True)
    return value


def _log_softmax(x: Array, axis: int) -> Array:
    shifted = x - np.max(np.real(x), axis=axis, keepdims=True)
    value: Array = shifted - np.log(np.sum(np.exp(shifted), axis=axis, keepdims=True))
    return value


def _softmax_pullback(p: Expr, cotangent: Expr, axis: int) -> Expr:
    return hadamard(p, cotangent - along(hadamard(p, cotangent), axis))


def _logsumexp(x: Array, axis: int) -> Array:
    value: Array = special.logsumexp(x, axis=axis, keepdims=True)
    return value


def _not_differentiated(value: Expr, cotangent: Expr, axis: int) -> Expr:
    raise TypeError("logsumexp stands in what is run; equations have log Σ exp, and that is differentiated")


softmax: AlongAxis = AlongAxis(
    "softmax", Notation("softmax({0})", r"\operatorname{softmax}\left({0}\right)", closed=True), -1, _softmax,
    _softmax_pullback, ("softmax",), "Bridle, Neurocomputing 1990; Bishop (2006), eq. 4.106",
    "special.softmax({0}, axis={axis})",
    spell={"jax": "jax.nn.softmax({0}, axis={axis})", "torch": "torch.softmax({0}, dim={axis})",
           "javascript": "softmax({0}, {axis})"},
)  # fmt: skip
log_softmax: AlongAxis = AlongAxis(
    "log_softmax", Notation("log softmax({0})", r"\log \operatorname{softmax}\left({0}\right)", closed=True), -1,
    _log_softmax, lambda y, cotangent, axis: cotangent - hadamard(exp(y), along(cotangent, axis)),
    ("log_softmax",), "Bishop (2006), eq. 4.106 by the chain rule",
    "special.log_softmax({0}, axis={axis})",
    spell={"jax": "jax.nn.log_softmax({0}, axis={axis})", "torch": "torch.log_softmax({0}, dim={axis})",
           "javascript": "logSoftmax({0}, {axis})"},
)  # fmt: skip
logsumexp: AlongAxis = AlongAxis(
    "logsumexp", Notation("logsumexp({0})", r"\operatorname{logsumexp}\left({0}\right)", closed=True), -1, _logsumexp,
    _not_differentiated, (), "Blanchard, Higham and Higham, IMA J. Numer. Anal. 41 (2021)",
    "special.logsumexp({0}, axis={axis}, keepdims=True)", reduces=True,
    spell={"torch": "torch.logsumexp({0}, dim={axis}, keepdim=True)", "javascript": "logSumExp({0}, {axis})"},
)  # fmt: skip

TABLE: tuple[AlongAxis, ...] = (softmax, log_softmax)
