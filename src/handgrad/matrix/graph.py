"""Series-parallel reduction: a contraction as a graph, labels its vertices and operands its edges.

Two edges at a summed label are a matrix product, two parallel edges a Hadamard product.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from handgrad.axes import ONE, Size
from handgrad.expr import UNIT, Labels, Product
from handgrad.matrix.combine import chain, flip, hadamard_form, opened, total
from handgrad.matrix.forms import (
    Diagonal,
    Form,
    Hadamard,
    Identity,
    Measure,
    Ones,
    Spread,
    Transposed,
    weight,
)


@dataclass(slots=True)
class _Edge:
    """A matrix between two labels."""

    start: int
    end: int
    form: Form

    def touches(self, label: int) -> bool:
        return label in (self.start, self.end)

    def leaving(self, label: int) -> Form:
        """The form with `label` as its rows."""
        return self.form if self.start == label else flip(self.form)

    def other(self, label: int) -> int:
        return self.end if self.start == label else self.start


class Graph:
    """The reduction of one product; scalars and elementwise factors are (form, exponent) pairs."""

    def __init__(self, node: Product) -> None:
        self.node = node
        self.scalars: list[tuple[Form, Fraction]] = []
        self.columns: dict[int, list[tuple[Form, Fraction]]] = {}
        self.edges: list[_Edge] = []
        self.powered: dict[tuple[int, int], list[tuple[Form, Fraction]]] = {}
        self.out = tuple(label for label in node.out if label != UNIT)
        self.flat: set[int] = set()  # labels with a factor of one axis, which NumPy would not spread over columns

    def size(self, label: int) -> Size:
        """The size of a label."""
        return ONE if label == UNIT else self.node.sizes[label]

    def place(self, form: Form, exponent: Fraction, labels: Labels) -> None:
        """Put an operand's form in the graph; a (n, 1) or (1, n) matrix is a column."""
        real = tuple(label for label in labels if label != UNIT)
        if not real:
            self.scalars.append((form, exponent))
        elif len(real) == 1:
            column = flip(form) if len(labels) == 2 and labels[0] == UNIT else form
            self.columns.setdefault(real[0], []).append((column, exponent))
            if len(labels) == 1:
                self.flat.add(real[0])
        elif real[0] == real[1]:
            self.columns.setdefault(real[0], []).append((Measure("diagonal", form), exponent))
        else:
            start, end = real
            if (end, start) in self.powered and {start, end} <= set(self.out):
                start, end, form = end, start, flip(form)
            self.powered.setdefault((start, end), []).append((form, exponent))

    def reduce(self) -> Form | None:
        """The form of the whole product, or None where there is none."""
        for (start, end), factors in self.powered.items():
            self.edges.append(_Edge(start, end, self._join(factors)))
        inner = {e.start for e in self.edges} | {e.end for e in self.edges} | set(self.columns)
        summed = sorted(inner - set(self.out))
        while summed:
            label = min(summed, key=self._cost)
            if not self._eliminate(label):
                return None
            summed.remove(label)
        return self._close()

    def _join(self, factors: list[tuple[Form, Fraction]]) -> Form:
        if len(factors) == 1 and factors[0][1] == 1:
            return factors[0][0]
        first = factors[0][0]
        return hadamard_form(factors, first.rows, first.columns)

    def _column(self, label: int) -> Form | None:
        factors = self.columns.pop(label, [])
        return self._join(factors) if factors else None

    def _cost(self, label: int) -> tuple[int, int, int]:
        """Vectors first, then labels with few matrices."""
        here = [edge for edge in self.edges if edge.touches(label)]
        beside = any(edge.other(label) in self.columns for edge in here)
        return (0 if label in self.columns and len(here) < 2 else 1 if len(here) < 2 else 2 if beside else 3,
                len(here), label)  # fmt: skip

    def _merge_parallel(self) -> None:
        """Edges over the same pair of labels become one, by a Hadamard product."""
        kept: list[_Edge] = []
        for edge in self.edges:
            twin = next((k for k in kept if {k.start, k.end} == {edge.start, edge.end}), None)
            if twin is None:
                kept.append(edge)
            else:
                twin.form = self._join([(twin.form, Fraction(1)), (edge.leaving(twin.start), Fraction(1))])
        self.edges = kept

    def _eliminate(self, label: int) -> bool:
        here = [edge for edge in self.edges if edge.touches(label)]
        if len(here) == 2 and here[0].other(label) == here[1].other(label):
            return self._close_pair(label, here)
        if len(here) > 2:
            self._merge_parallel()
            here = [edge for edge in self.edges if edge.touches(label)]
            if len(here) > 2:
                return False
        column = self._column(label)
        self.edges = [edge for edge in self.edges if edge not in here]
        if len(here) == 2:
            left, right = here
            middle = [Diagonal(column)] if column is not None else []
            form = chain(flip(left.leaving(label)), *middle, right.leaving(label))
            self._connect(left.other(label), right.other(label), form)
        elif len(here) == 1:
            vector = column if column is not None else Ones(self.size(label), ONE)
            form = chain(flip(here[0].leaving(label)), vector)
            if isinstance(vector, Ones) and here[0].other(label) not in self.out and self._alone(here[0].other(label)):
                return self._total(here[0], label)
            self.columns.setdefault(here[0].other(label), []).append((form, Fraction(1)))
        elif column is not None:
            self.scalars.append((self._inner(label, column), Fraction(1)))
        return True

    def _alone(self, label: int) -> bool:
        return label not in self.columns and not any(edge.touches(label) for edge in self.edges)

    def _total(self, edge: _Edge, label: int) -> bool:
        """A matrix summed over both labels: its total, left for the other label's turn to skip."""
        self.columns[edge.other(label)] = []
        self.scalars.append((total(edge.form), Fraction(1)))
        return True

    def _inner(self, label: int, column: Form) -> Form:
        """The sum of a column: uᵀv where it is an elementwise product of two, else its total."""
        if isinstance(column, Hadamard) and not column.under and len(column.over) == 2:
            left, right = column.over
            if left.rows == right.rows == self.size(label) and not isinstance(left, Spread):
                return min(chain(flip(left), right), chain(flip(right), left), key=weight)
        if len(self.node.out) == 2 and not self.out:  # a 1 × 1 matrix, not a number: keep the matrix product
            row = flip(column)
            vector = Ones(self.size(label), ONE)
            return chain(flip(vector), column) if isinstance(row, Transposed) else chain(row, vector)
        return total(column)

    def _close_pair(self, label: int, here: list[_Edge]) -> bool:
        """Two edges between the same two labels, one of which is to be summed."""
        left, right = here
        other = left.other(label)
        self.edges = [edge for edge in self.edges if edge not in here]
        column = self._column(label)
        aligned = left.start == right.start
        free = other not in self.out and self._alone(other)
        if free and column is None:
            if aligned:
                both = self._join([(left.form, Fraction(1)), (right.leaving(left.start), Fraction(1))])
                self.scalars.append((total(both), Fraction(1)))
            else:
                self.scalars.append((Measure("trace", chain(left.form, right.form)), Fraction(1)))
            self.columns[other] = []
            return True
        both = self._join([(left.leaving(other), Fraction(1)), (right.leaving(other), Fraction(1))])
        vector = column if column is not None else Ones(self.size(label), ONE)
        self.columns.setdefault(other, []).append((chain(both, vector), Fraction(1)))
        return True

    def _connect(self, start: int, end: int, form: Form) -> None:
        if start == end:
            if start not in self.out and self._alone(start):
                self.scalars.append((Measure("trace", form), Fraction(1)))
                self.columns[start] = []
            else:
                self.columns.setdefault(start, []).append((Measure("diagonal", form), Fraction(1)))
        else:
            turned = flip(form)
            if weight(turned) < weight(form):
                start, end, form = end, start, turned
            self.edges.append(_Edge(start, end, form))

    def _close(self) -> Form:
        """Assemble the result over the labels of `out`."""
        self._merge_parallel()
        distinct = tuple(dict.fromkeys(self.out))
        if len(distinct) == 2:
            body = self._close_matrix(*distinct)
        elif len(distinct) == 1:
            body = self._close_column(distinct[0])
        else:
            body = hadamard_form(self.scalars, ONE, ONE)
        return body

    def _close_matrix(self, row: int, column: int) -> Form:
        rows, columns = self.size(row), self.size(column)
        left, right = self.columns.get(row, []), self.columns.get(column, [])
        factors = list(self.scalars)
        outer = bool(left and right) and (not self.edges or self._is_outer(row, column))
        if outer:
            factors.append((chain(self._join(left), flip(self._join(right))), Fraction(1)))
        if self.edges:
            body = self.edges[0].leaving(row)
            if left and not outer and row in self.flat:
                body, left = chain(Diagonal(self._join(left)), body), []
            factors += opened(body)
        elif left and not right and row in self.flat:
            factors.append((chain(self._join(left), flip(Ones(columns, ONE))), Fraction(1)))
            left = []
        if not outer:
            factors += [(Spread(form, rows, columns), exponent) for form, exponent in left]
            factors += [(Spread(flip(form), rows, columns), exponent) for form, exponent in right]
        return hadamard_form(factors, rows, columns)

    def _is_outer(self, row: int, column: int) -> bool:
        """A column and a row, each alone: their matrix product is what was meant."""
        left, right = self.columns[row], self.columns[column]
        alone = len(left) == len(right) == 1 and left[0][1] == right[0][1] == 1
        return alone and (row in self.flat) == (column in self.flat)

    def _close_column(self, label: int) -> Form:
        size = self.size(label)
        factors = [pair for form, exponent in self.columns.get(label, []) for pair in opened(form, exponent)]
        if self.out.count(label) == 2:
            if not factors:
                return hadamard_form([*self.scalars, (Identity(size), Fraction(1))], size, size)
            inner = Diagonal(hadamard_form(factors, size, ONE))
            return hadamard_form([*self.scalars, (inner, Fraction(1))], size, size)
        if not factors and self.scalars:
            factors = [(Spread(hadamard_form(self.scalars, ONE, ONE), size, ONE), Fraction(1))]
            self.scalars = []
        column = hadamard_form([*self.scalars, *factors], size, ONE)
        return flip(column) if self.node.out and self.node.out[0] == UNIT else column
