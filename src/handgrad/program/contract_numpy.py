"""A contraction as NumPy calls that write into buffers: sums, then one pair of operands after the other.

A pair with summed labels is one (batched) matrix product, any other an elementwise one. The order of the pairs
is the cheapest for the sizes at hand.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import chain
from math import prod
from string import ascii_letters
from typing import Any

import numpy as np

from handgrad.expr import UNIT, Labels
from handgrad.functions import Array

Action = tuple[Callable[..., Any], tuple[Any, ...]]
Term = tuple[Array, Labels]
MOST_FOR_OPTIMAL = 6  # operands; the search for the best order takes their factorial
NO_LIMIT = 2**62  # bytes for an intermediate value: every pair is contracted as a pair


def contract(arrays: Sequence[Array], labels: Sequence[Labels], out: Labels) -> tuple[Array, list[Action]]:
    """The array that holds Σ over the labels not in `out`, once the actions have run.

    >>> a, b = np.ones((2, 3, 4)), np.ones((3, 4, 5))
    >>> value, actions = contract([a, b], [(0, 1, 2), (1, 2, 3)], (3, 0))
    >>> for function, args in actions:
    ...     _ = function(*args)
    >>> value.shape, float(value[0, 0])
    ((5, 2), 12.0)
    """
    actions: list[Action] = []
    terms = [_plain(array, names) for array, names in zip(arrays, labels, strict=True)]
    for k, (_, names) in enumerate(terms):
        elsewhere = {*out, *chain.from_iterable(other for j, (_, other) in enumerate(terms) if j != k)}
        terms[k] = _reduced(terms[k], [label for label in names if label not in elsewhere], actions)
    for group in _path(terms, out):
        chosen = [terms.pop(k) for k in sorted(group, reverse=True)]
        while len(chosen) > 1:
            left, right = chosen.pop(), chosen.pop()
            keep = {*out, *chain.from_iterable(names for _, names in (*terms, *chosen))}
            chosen.append(_multiplied(left, right, keep, None if terms or chosen else out, actions))
        terms += chosen
    ((array, names),) = terms
    return array.transpose([names.index(label) for label in out]), actions


def _plain(array: Array, labels: Labels) -> Term:
    """A view without axes of length 1, each label once; the ellipsis keeps a number a view too."""
    array = array[(*(0 if label == UNIT else slice(None) for label in labels), ...)]
    real = tuple(label for label in labels if label != UNIT)
    distinct = tuple(dict.fromkeys(real))
    return (array if real == distinct else np.einsum(array, list(real), list(distinct))), distinct


def _reduced(term: Term, summed: list[int], actions: list[Action]) -> Term:
    """The sum over labels that no other operand has."""
    array, labels = term
    if not summed:
        return term
    axes = tuple(labels.index(label) for label in summed)
    kept = tuple(label for label in labels if label not in summed)
    out = np.zeros([array.shape[labels.index(label)] for label in kept], array.dtype)
    actions.append((np.add.reduce, (array, axes, array.dtype, out)))
    return out, kept


def _path(terms: Sequence[Term], out: Labels) -> list[tuple[int, ...]]:
    """Which to multiply next, each time: two, or more that are numbers."""
    if len(terms) < 3:
        return [(0, 1)] if len(terms) == 2 else []
    method = "optimal" if len(terms) <= MOST_FOR_OPTIMAL else "greedy"
    text = subscripts([labels for _, labels in terms], out)
    path = np.einsum_path(text, *(array for array, _ in terms), optimize=(method, NO_LIMIT))[0]
    return [tuple(pair) for pair in path[1:]]


def subscripts(labels: Sequence[Labels], out: Labels) -> str:
    """The text that einsum takes: subscripts([(0, 1), (1, 2)], (0, 2)) is "ab,bc->ac"."""
    return f"{','.join(map(_letters, labels))}->{_letters(out)}"


def _letters(labels: Labels) -> str:
    return "".join(ascii_letters[label] for label in labels)


def _multiplied(left: Term, right: Term, keep: set[int], order: Labels | None, actions: list[Action]) -> Term:
    """The product of two, summed over the labels that are not to be kept; `order` is the wish for the last one."""
    (a, la), (b, lb) = left, right
    summed = tuple(label for label in la if label in lb and label not in keep)
    batch = tuple(label for label in la if label in lb and label in keep)
    rows = tuple(label for label in la if label not in lb)
    columns = tuple(label for label in lb if label not in la)
    lengths = dict(chain(zip(la, a.shape, strict=True), zip(lb, b.shape, strict=True)))
    if not summed:
        labels = order if order is not None else batch + rows + columns
        out = np.zeros([lengths[label] for label in labels], a.dtype)
        actions.append((np.multiply, (_aligned(left, labels), _aligned(right, labels), out)))
        return out, labels
    first = _grouped(left, (*((label,) for label in batch), rows, summed), actions)
    second = _grouped(right, (*((label,) for label in batch), summed, columns), actions)
    out = np.zeros((*first.shape[:-1], second.shape[-1]), a.dtype)
    actions.append((np.matmul if batch else np.dot, (first, second, out)))
    labels = batch + rows + columns
    return out.reshape([lengths[label] for label in labels]), labels


def _aligned(term: Term, labels: Labels) -> Array:
    """A view with the axes in the order of the labels, of length 1 where there is none."""
    array, own = term
    ordered = array.transpose([own.index(label) for label in labels if label in own])
    return ordered[(*(slice(None) if label in own else None for label in labels), ...)]


def _grouped(term: Term, groups: Sequence[Labels], actions: list[Action]) -> Array:
    """The axes of each group as one: a view where memory allows it, else a buffer and the call that fills it."""
    array, own = term
    ordered = array.transpose([own.index(label) for group in groups for label in group])
    joined = ordered.reshape([prod(array.shape[own.index(label)] for label in group) for group in groups])
    if joined.size and not np.may_share_memory(joined, array):
        actions.append((np.copyto, (joined.reshape(ordered.shape), ordered)))
    return joined
