"""Tensors of three and four axes as matrices: Kronecker products, diag(vec(M)), vec(A) vec(B)ᵀ.

The axes in front, stacked row by row, are the rows of the matrix, the others its columns; so the Jacobian of a
matrix by a matrix is ∂vec(Y)/∂vec(X)ᵀ, where vec stacks rows (Magnus and Neudecker stack columns; their B ⊗ A is
A ⊗ B here). A contraction over the axes (i, j; k, l) is taken apart by the parts of its graph that hang together:

- one part with i and k, one with j and l: A ⊗ B; with i and l, and j and k: (A ⊗ B) K;
- one with i and j, one with k and l: vec(A) vec(B)ᵀ;
- else a matrix M over two labels s and t without which the rest falls apart: what is left of it, diag(vec(M)), and
  what is right of it, each taken apart in the same way.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import permutations

from handgrad.axes import Size
from handgrad.canonical import add, product, terms_of
from handgrad.expr import UNIT, Expr, Operand, Product
from handgrad.matrix.combine import chain, filled, flip, hadamard_form
from handgrad.matrix.forms import (
    TENSOR,
    Commutation,
    Constant,
    Diagonal,
    Form,
    Kronecker,
    Linear,
    Series,
    Vec,
    weight,
)
from handgrad.matrix.series import as_series

MOST_OPERANDS = 12  # of a contraction that is taken apart; a longer one stays in index notation
Places = tuple[int, int, int, int]
ToForm = Callable[[Expr], Form]


@dataclass(frozen=True, slots=True)
class _Link:
    """One factor of a chain: `kronecker` of two matrices, `swap` (K), `diagonal`, `column` or `row` of one."""

    kind: str
    first: Expr
    second: Expr | None = None


@dataclass(frozen=True, slots=True)
class _Term:
    coefficient: Fraction
    scalars: tuple[Expr, ...]
    links: tuple[_Link, ...]


def stacked_form(expr: Expr, rows: int, to_form: ToForm) -> Form | None:
    """The matrix of the first `rows` axes by the others, or None where there is no such form.

    `rows` and the number of the other axes are each 1 or 2; `to_form` gives the form of a matrix.
    """
    options = [found for frame in _frames(rows, expr.rank) if (found := _whole(expr, frame, to_form)) is not None]
    return min(options, key=weight, default=None)


def tidied(expr: Expr, rows: int, to_form: ToForm, tidy: Callable[[Expr], Expr]) -> Expr:
    """The same tensor with `tidy` done to each matrix of its form."""
    for frame in _frames(rows, expr.rank):
        terms = _terms(expr, frame, to_form)
        if terms is not None:
            return add([(term.coefficient, _tensor(term, frame, tidy)) for term in terms], expr.shape)
    return expr


def _tensor(term: _Term, frame: Places, tidy: Callable[[Expr], Expr]) -> Expr:
    """The contraction that a chain of links stands for."""
    operands: list[Operand] = [(scalar, ()) for scalar in term.scalars]
    sizes: dict[int, Size] = {}
    end = (0, 1)
    for link in term.links:
        first, start = tidy(link.first), end
        if link.kind == "swap":
            end = (end[1], end[0])
            sizes |= {end[0]: link.first.shape[0], end[1]: link.first.shape[1]}
            continue
        if link.kind != "diagonal" and link.kind != "column":
            end = (len(sizes) + 2, len(sizes) + 3) if sizes else (2, 3)
        if link.second is not None:
            second = tidy(link.second)
            operands += [(first, (start[0], end[0])), (second, (start[1], end[1]))]
            sizes |= dict(zip((start[0], end[0], start[1], end[1]), first.shape + second.shape, strict=True))
        else:
            at = end if link.kind == "row" else start
            operands.append((first, at))
            sizes |= dict(zip(at, first.shape, strict=True))
    places = dict(zip(frame, (0, 1, *end), strict=True))
    return product(operands, tuple(places[axis] for axis in range(4) if axis in places), sizes)


def _frames(rows: int, rank: int) -> Iterator[tuple[int, int, int, int]]:
    """For each of (i, j, k, l) its axis, or −1 where it has none: a vector may stand on either side of ⊗."""
    columns = rank - rows
    if not (1 <= rows <= 2 and 1 <= columns <= 2):
        return
    for top in ((0, 1),) if rows == 2 else ((0, -1), (-1, 0)):
        for side in ((rows, rows + 1),) if columns == 2 else ((rows, -1), (-1, rows)):
            yield (*top, *side)


def _whole(expr: Expr, frame: Places, to_form: ToForm) -> Form | None:
    terms = _terms(expr, frame, to_form)
    return _sum_form(terms, to_form) if terms else None


def _terms(expr: Expr, frame: Places, to_form: ToForm) -> list[_Term] | None:
    terms: list[_Term] = []
    for coefficient, term in terms_of(expr):
        if not isinstance(term, Product) or len(term.operands) > MOST_OPERANDS:
            return None
        found = _TakenApart(term, frame).term(coefficient, to_form)
        if found is None:
            return None
        terms.append(found)
    return _merged(terms)


def _sum_form(terms: list[_Term], to_form: ToForm) -> Form:
    """The sum; factors that all terms end or begin with stand behind or in front of it: (A ⊗ I + I ⊗ B) K."""
    behind = _shared([term.links[::-1] for term in terms])[::-1]
    cut = [replace(term, links=term.links[: len(term.links) - len(behind)]) for term in terms]
    front = _shared([term.links for term in cut])
    if len(terms) > 1 and all(len(term.links) > len(front) for term in cut) and (front or behind):
        inner = _sum_form([replace(term, links=term.links[len(front) :]) for term in cut], to_form)
        ends = [_term_form(_Term(Fraction(1), (), links), to_form) if links else None for links in (front, behind)]
        factors = [ends[0][1]] if ends[0] else []
        number, body = inner.terms[0] if isinstance(inner, Linear) and len(inner.terms) == 1 else (Fraction(1), inner)
        factors += [body, *([ends[1][1]] if ends[1] else [])]
        number *= (ends[0][0] if ends[0] else 1) * (ends[1][0] if ends[1] else 1)
        whole = chain(*factors)
        return whole if number == 1 else Linear(((number, whole),), TENSOR, TENSOR)
    forms = [_term_form(term, to_form) for term in terms]
    forms.sort(key=lambda pair: (pair[0] < 0, weight(pair[1])))
    if len(forms) == 1 and forms[0][0] == 1:
        return forms[0][1]
    return _common_number(forms)


def _shared(chains: list[tuple[_Link, ...]]) -> tuple[_Link, ...]:
    """What all chains begin with, each with something left."""
    count = 0
    for links in zip(*(chain_[:-1] for chain_ in chains), strict=False):
        if any(link != links[0] for link in links):
            break
        count += 1
    return chains[0][:count]


def _common_number(forms: list[tuple[Fraction, Form]]) -> Form:
    """A number that all terms have stands in front; running powers are a series."""
    first = forms[0][0]
    series = as_series(Linear(tuple(forms), TENSOR, TENSOR))
    if isinstance(series, Series) or (isinstance(series, Linear) and len(series.terms) == 1):
        return series
    if len(forms) > 1 and first not in (1, -1) and all(abs(c) == abs(first) for c, _ in forms):
        return Linear(((first, Linear(tuple((c / first, f) for c, f in forms), TENSOR, TENSOR)),), TENSOR, TENSOR)
    return Linear(tuple(forms), TENSOR, TENSOR)


class _TakenApart:
    """One contraction, its labels placed in the frame (i, j, k, l)."""

    def __init__(self, node: Product, frame: Places) -> None:
        self.sizes = dict(enumerate(node.sizes))
        i, j, k, l = (UNIT if axis < 0 else node.out[axis] for axis in frame)  # noqa: E741
        self.out: Places = (i, j, k, l)
        group = _components(node.operands, frozenset())
        held = {group.get(label, label) for label in node.out}
        self.operands = tuple(o for o in node.operands if _home(o, group) in held)
        loose = [o for o in node.operands if o not in self.operands]
        self.scalars = tuple(self._scalar(loose, group, home) for home in sorted({_home(o, group) or 0 for o in loose}))

    def term(self, coefficient: Fraction, to_form: ToForm) -> _Term | None:
        """The lightest way to take it apart."""
        if any(operand.rank > 2 for operand, _ in self.operands):
            return None
        i, j, k, l = self.out  # noqa: E741
        same = (_Link("kronecker", self._matrix((), i, k), self._matrix((), j, l)),)  # of vec(X) by itself
        options = [_Term(coefficient, self.scalars, links or same) for links in self._ways(self.operands, self.out)]
        return min(options, key=lambda term: weight(_term_form(term, to_form)[1]), default=None)

    def _scalar(self, loose: list[Operand], group: dict[int, int], home: int) -> Expr:
        """The product of the factors of one part that has none of the result's axes."""
        operands = [o for o in loose if (_home(o, group) or 0) == home]
        return product(operands, (), {k: self.sizes[k] for _, at in operands for k in at if k != UNIT})

    def _matrix(self, operands: tuple[Operand, ...], row: int, column: int) -> Expr:
        labels = {label for _, at in operands for label in at} | {row, column}
        return product(operands, (row, column), {k: self.sizes[k] for k in labels if k != UNIT})

    def _ways(self, operands: tuple[Operand, ...], out: Places) -> Iterator[tuple[_Link, ...]]:
        i, j, k, l = out  # noqa: E741
        if not operands and (i, j) == (k, l):
            yield ()
            return
        whole = list(self._at_once(operands, out))
        yield from whole
        if not whole:
            yield from self._around(operands, out)

    def _at_once(self, operands: tuple[Operand, ...], out: Places) -> Iterator[tuple[_Link, ...]]:
        """A ⊗ B, (A ⊗ B) K and vec(A) vec(B)ᵀ, whichever the parts of the graph allow."""
        i, j, k, l = out  # noqa: E741
        group = _components(operands, frozenset())
        pairings = (("straight", (i, k), (j, l)), ("crossed", (i, l), (j, k)), ("outer", (i, j), (k, l)))
        for kind, first, second in pairings:
            here = {group.get(label, label) for label in first if label != UNIT}
            there = {group.get(label, label) for label in second if label != UNIT}
            if here & there:
                continue
            left = tuple(o for o in operands if _home(o, group) in here)
            right = tuple(o for o in operands if _home(o, group) not in here)
            one, other = self._matrix(left, *first), self._matrix(right, *second)
            if kind == "outer":
                yield _Link("column", one), _Link("row", other)
            elif kind == "straight":
                yield (_Link("kronecker", one, other),)
            elif UNIT not in out:
                swap = _Link("swap", self._matrix((), k, l))
                if not operands and (i, j) == (l, k):
                    yield (swap,)
                    continue
                yield _Link("kronecker", one, other), swap

    def _around(self, operands: tuple[Operand, ...], out: Places) -> Iterator[tuple[_Link, ...]]:
        """Left · diag(vec(M)) · right for a matrix M in the middle."""
        for s, t in self._middles(operands, out):
            found = self._cut(operands, out, s, t)
            if found is None:
                continue
            left, middle, right = found
            before, after = (out[0], out[1], s, t), (s, t, out[2], out[3])
            for links in self._ways(left, before):
                for more in self._ways(right, after):
                    yield (*links, _Link("diagonal", self._matrix(middle, s, t)), *more)

    def _middles(self, operands: tuple[Operand, ...], out: Places) -> Iterator[tuple[int, int]]:
        pairs = {frozenset(labels) - {UNIT} for _, labels in operands}
        vectors = {label for pair in pairs if len(pair) == 1 for label in pair}
        if out[1] == UNIT or out[3] == UNIT:
            yield from ((label, UNIT) for label in sorted(vectors) if label in out)
        if out[0] == UNIT or out[2] == UNIT:
            yield from ((UNIT, label) for label in sorted(vectors) if label in out)
        for pair in sorted(tuple(sorted(pair)) for pair in pairs if len(pair) == 2):
            for s, t in permutations(pair):
                if s not in (out[1], out[3]) and t not in (out[0], out[2]):
                    yield s, t

    def _cut(
        self, operands: tuple[Operand, ...], out: Places, s: int, t: int
    ) -> tuple[tuple[Operand, ...], tuple[Operand, ...], tuple[Operand, ...]] | None:
        """What is left of, at, and right of the labels s and t; None where they do not part the graph."""
        cut = frozenset((s, t))
        group = _components(operands, cut)
        before = {group.get(label, label) for label in out[:2] if label not in cut and label != UNIT}
        behind = {group.get(label, label) for label in out[2:] if label not in cut and label != UNIT}
        if before & behind:
            return None
        left: list[Operand] = []
        middle: list[Operand] = []
        right: list[Operand] = []
        for operand in operands:
            home = _home(operand, group)
            (left if home in before else right if home in behind else middle).append(operand)
        return (tuple(left), tuple(middle), tuple(right)) if middle else None


def _components(operands: tuple[Operand, ...], without: frozenset[int]) -> dict[int, int]:
    """For each label the smallest label that it hangs together with, the paths through `without` left out."""
    root: dict[int, int] = {}

    def find(label: int) -> int:
        while root.setdefault(label, label) != label:
            label = root[label]
        return label

    for _, labels in operands:
        real = [label for label in labels if label != UNIT and label not in without]
        for label in real:
            a, b = sorted((find(real[0]), find(label)))
            root[b] = a
    return {label: find(label) for label in root}


def _home(operand: Operand, group: dict[int, int]) -> int | None:
    """The part of the graph that an operand belongs to; None where it has only labels that were cut."""
    return next((group[label] for label in operand[1] if label in group), None)


def _merged(terms: list[_Term]) -> list[_Term]:
    """A ⊗ C + B ⊗ C = (A + B) ⊗ C, and likewise on the other side and for the other kinds."""
    merged: list[_Term] = []
    for term in terms:
        for place, other in enumerate(merged):
            joined = _join(other, term)
            if joined is not None:
                merged[place] = joined
                break
        else:
            merged.append(term)
    return merged


def _join(left: _Term, right: _Term) -> _Term | None:
    if left.scalars != right.scalars or len(left.links) != len(right.links):
        return None
    kinds = [link.kind for link in left.links]
    apart = [n for n, pair in enumerate(zip(left.links, right.links, strict=True)) if pair[0] != pair[1]]
    if kinds != [link.kind for link in right.links] or len(apart) != 1:
        return None
    here, there = left.links[apart[0]], right.links[apart[0]]
    ratio = right.coefficient / left.coefficient
    if here.second is there.second:
        first = add([(1, here.first), (ratio, there.first)], here.first.shape)
        link = _Link(here.kind, first, here.second)
    elif here.first is there.first and here.second is not None and there.second is not None:
        second = add([(1, here.second), (ratio, there.second)], here.second.shape)
        link = _Link(here.kind, here.first, second)
    else:
        return None
    return replace(left, links=(*left.links[: apart[0]], link, *left.links[apart[0] + 1 :]))


def _term_form(term: _Term, to_form: ToForm) -> tuple[Fraction, Form]:
    """The coefficient and the form of the rest, scalars in front."""
    coefficient, factors = term.coefficient, []
    for link in term.links:
        for number, form in _link_forms(link, to_form):
            coefficient *= number
            factors.append(form)
    body = factors[0] if len(factors) == 1 else chain(*factors)
    if not term.scalars:
        return coefficient, body
    scalars = [(to_form(scalar), Fraction(1)) for scalar in term.scalars]
    return coefficient, hadamard_form([*scalars, (body, Fraction(1))], TENSOR, TENSOR)


def _link_forms(link: _Link, to_form: ToForm) -> Iterator[tuple[Fraction, Form]]:
    if link.kind == "swap":
        yield Fraction(1), Commutation(*link.first.shape)
        return
    number, first = _number_apart(to_form(link.first))
    if link.kind == "kronecker":
        assert link.second is not None
        other, second = _number_apart(to_form(link.second))
        yield number * other, _kronecker(first, second)
    elif link.kind == "diagonal":
        yield number, Diagonal(_vec(first))
    else:
        yield number, _vec(first) if link.kind == "column" else flip(_vec(first))


def _number_apart(form: Form) -> tuple[Fraction, Form]:
    """A number in front of a matrix, by itself."""
    if isinstance(form, Linear) and len(form.terms) == 1:
        return form.terms[0][0], filled(form.terms[0][1])
    if isinstance(form, Constant):
        return form.value, filled(Constant(Fraction(1), form.rows, form.columns))
    return Fraction(1), filled(form)


def _vec(form: Form) -> Form:
    """vec of a matrix; a column is its own, and so is a row but for its direction."""
    if form.columns.is_one:
        return form
    return flip(form) if form.rows.is_one else Vec(form)


def _kronecker(left: Form, right: Form) -> Form:
    """A ⊗ B; 1 ⊗ B is B."""
    for one, other in ((left, right), (right, left)):
        if isinstance(one, Constant) and one.value == 1 and one.rows.is_one and one.columns.is_one:
            return other
    return Kronecker(left, right)
