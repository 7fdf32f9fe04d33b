"""Matrix form: contractions turned back into W x, AᵀB, ⊙, diag, tr and 1.

The tree built here is what the printers print and what the program runs, so that the printed formula and
the running one are the same. Every form is a matrix of `rows` by `columns`; a vector is a column. Where a
contraction has no matrix form the tree holds an `Index` node, printed with indices.

The method is series-parallel reduction of the graph whose vertices are labels and whose edges are operands:
two edges at a summed label are a matrix product, two parallel edges a Hadamard product.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

from handgrad.axes import ONE, Size
from handgrad.canonical import as_number, split_coefficient
from handgrad.expr import UNIT, Call, Expr, Extent, Labels, Power, Product, Sum, Symbol
from handgrad.functions import AnyFunction


@dataclass(frozen=True, slots=True)
class Leaf:
    """A name, or the number of entries along an axis."""

    expr: Symbol | Extent
    rows: Size
    columns: Size


@dataclass(frozen=True, slots=True)
class Constant:
    """A rational number, also where it stands for a matrix whose entries all have this value."""

    value: Fraction
    rows: Size
    columns: Size


@dataclass(frozen=True, slots=True)
class Ones:
    """The matrix of ones; a column of ones where `columns` is 1."""

    rows: Size
    columns: Size


@dataclass(frozen=True, slots=True)
class Identity:
    """The identity matrix."""

    rows: Size

    @property
    def columns(self) -> Size:
        """It is square."""
        return self.rows


@dataclass(frozen=True, slots=True)
class Linear:
    """A linear combination."""

    terms: tuple[tuple[Fraction, Form], ...]
    rows: Size
    columns: Size


@dataclass(frozen=True, slots=True)
class Matmul:
    """A chain of matrix products, at least two factors."""

    factors: tuple[Form, ...]

    @property
    def rows(self) -> Size:
        """Those of the first factor."""
        return self.factors[0].rows

    @property
    def columns(self) -> Size:
        """Those of the last factor."""
        return self.factors[-1].columns


@dataclass(frozen=True, slots=True)
class Hadamard:
    """Elementwise: the product of `over` divided by the product of `under`; scalars are among them."""

    over: tuple[Form, ...]
    under: tuple[Form, ...]
    rows: Size
    columns: Size


@dataclass(frozen=True, slots=True)
class Transposed:
    """The transpose."""

    arg: Form

    @property
    def rows(self) -> Size:
        """The argument's columns."""
        return self.arg.columns

    @property
    def columns(self) -> Size:
        """The argument's rows."""
        return self.arg.rows


@dataclass(frozen=True, slots=True)
class Powered:
    """Elementwise power with a positive exponent other than 1."""

    base: Form
    exponent: Fraction

    @property
    def rows(self) -> Size:
        """The base's rows."""
        return self.base.rows

    @property
    def columns(self) -> Size:
        """The base's columns."""
        return self.base.columns


@dataclass(frozen=True, slots=True)
class Apply:
    """A function of the table."""

    function: AnyFunction
    args: tuple[Form, ...]
    rows: Size
    columns: Size


@dataclass(frozen=True, slots=True)
class Spread:
    """A column, a row or a scalar repeated to a full matrix by NumPy's broadcasting; printed as it is."""

    arg: Form
    rows: Size
    columns: Size


@dataclass(frozen=True, slots=True)
class Grouped:
    """A product that stands in brackets inside another: a factor just put in, nothing cancelled yet."""

    arg: Form

    @property
    def rows(self) -> Size:
        """Those of what is grouped."""
        return self.arg.rows

    @property
    def columns(self) -> Size:
        """Those of what is grouped."""
        return self.arg.columns


@dataclass(frozen=True, slots=True)
class Diagonal:
    """The diagonal matrix of a column."""

    arg: Form

    @property
    def rows(self) -> Size:
        """The column's length."""
        return self.arg.rows

    @property
    def columns(self) -> Size:
        """It is square."""
        return self.arg.rows


@dataclass(frozen=True, slots=True)
class Measure:
    """A scalar or column from a matrix.

    `trace`; `total`, the sum of all entries; `square`, the sum of their squares; `norm`, the root of that;
    `diagonal`, as a column.
    """

    kind: str
    arg: Form

    @property
    def rows(self) -> Size:
        """The length of the diagonal, or 1."""
        return self.arg.rows if self.kind == "diagonal" else ONE

    @property
    def columns(self) -> Size:
        """1."""
        return ONE


@dataclass(frozen=True, slots=True)
class Index:
    """What has no matrix form: a contraction in index notation, or a tensor of more than two axes."""

    expr: Expr
    parts: tuple[tuple[Form, Labels], ...]
    rows: Size
    columns: Size


Form = (
    Leaf | Constant | Ones | Identity | Linear | Matmul | Hadamard | Transposed | Powered | Apply | Spread
    | Grouped | Diagonal | Measure | Index
)  # fmt: skip


def matrix_form(expr: Expr) -> Form:
    """The matrix form of an expression."""
    return _Former().form(expr)


def flip(form: Form) -> Form:
    """The transpose, pushed inward where that reads better."""
    match form:
        case Transposed():
            return form.arg
        case Matmul():
            return Matmul(tuple(flip(factor) for factor in reversed(form.factors)))
        case Constant():
            return Constant(form.value, form.columns, form.rows)
        case Spread():
            return Spread(flip(form.arg), form.columns, form.rows)
        case Grouped():
            return Grouped(flip(form.arg))
        case Identity() | Diagonal():
            return form
        case _ if form.rows.is_one and form.columns.is_one:
            return form
        case Hadamard() | Linear() | Powered():
            pushed = _push(form)
            return pushed if weight(pushed) <= weight(form) else Transposed(form)
    return Transposed(form)


def _push(form: Hadamard | Linear | Powered) -> Form:
    """The transpose of each part."""
    match form:
        case Hadamard():
            return Hadamard(tuple(map(flip, form.over)), tuple(map(flip, form.under)), form.columns, form.rows)
        case Linear():
            return Linear(tuple((c, flip(term)) for c, term in form.terms), form.columns, form.rows)
        case Powered():
            return Powered(flip(form.base), form.exponent)


def total(form: Form) -> Form:
    """The sum of all entries; of squares, the squared norm."""
    form = form.arg if isinstance(form, Transposed) else form
    if isinstance(form, Measure) and form.kind == "diagonal":
        return Measure("trace", form.arg)
    if isinstance(form, Powered) and form.exponent == 2:
        return Measure("square", form.base.arg if isinstance(form.base, Transposed) else form.base)
    return Measure("total", form)


def chain(*factors: Form) -> Form:
    """The matrix product, nested chains opened."""
    flat: list[Form] = []
    for factor in factors:
        flat.extend(factor.factors if isinstance(factor, Matmul) else (factor,))
    return Matmul(tuple(flat))


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


class _Graph:
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
            if (end, start) in self.powered:
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
            factors += _opened(body)
        elif left and not right and row in self.flat:
            factors.append((chain(self._join(left), flip(Ones(columns, ONE))), Fraction(1)))
            left = []
        if not outer:
            factors += [(Spread(form, rows, columns), exponent) for form, exponent in left]
            factors += [(Spread(flip(form), rows, columns), exponent) for form, exponent in right]
        return hadamard_form(factors, rows, columns)

    def _is_outer(self, row: int, column: int) -> bool:
        """A column and a row, each alone and written as matrices: their matrix product is what was meant."""
        left, right = self.columns[row], self.columns[column]
        alone = len(left) == len(right) == 1 and left[0][1] == right[0][1] == 1
        return alone and not self.flat & {row, column}

    def _close_column(self, label: int) -> Form:
        size = self.size(label)
        factors = [pair for form, exponent in self.columns.get(label, []) for pair in _opened(form, exponent)]
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


def _opened(form: Form, exponent: Fraction = Fraction(1)) -> list[tuple[Form, Fraction]]:
    """The factors of an elementwise product, so that scalars join them."""
    if isinstance(form, Hadamard) and exponent == 1:
        return [(f, Fraction(1)) for f in form.over] + [(f, Fraction(-1)) for f in form.under]
    return [(form, exponent)]


def hadamard_form(factors: Iterable[tuple[Form, Fraction]], rows: Size, columns: Size) -> Form:
    """The elementwise product of powers, in reading order; scalars are factors like others."""
    over: list[Form] = []
    under: list[Form] = []
    for form, exponent in factors:
        for part, extra in _opened(form, exponent):
            side = over if extra > 0 else under
            side.append(powered(part, abs(extra)))
    over = [form for form in over if not _is_unity(form)]
    over.sort(key=_reading_order)
    under.sort(key=_reading_order)
    if len(over) == 1 and not under and _fills(over[0], rows, columns):
        return over[0]
    if not over and not under:
        return Constant(Fraction(1), rows, columns)
    return Hadamard(tuple(over), tuple(under), rows, columns)


def powered(form: Form, exponent: Fraction) -> Form:
    """A power; the root of a sum of squares is a norm."""
    if exponent == 1:
        return form
    if isinstance(form, Measure) and form.kind == "square":
        norm = Measure("norm", form.arg)
        return norm if exponent == Fraction(1, 2) else Powered(norm, 2 * exponent)
    return Powered(form, exponent)


def _is_unity(form: Form) -> bool:
    return isinstance(form, Constant) and form.value == 1


def _fills(form: Form, rows: Size, columns: Size) -> bool:
    return form.rows == rows and form.columns == columns


def _reading_order(form: Form) -> tuple[int, int, str]:
    """Numbers, scalars, matrix products, names, sums, functions; smaller first, then by name."""
    scalar = form.rows.is_one and form.columns.is_one
    body = form.arg if isinstance(form, Spread) else form
    body = body.base if isinstance(body, Powered) else body
    match body:
        case Constant():
            rank = 0
        case Leaf(expr=Symbol(partial=None, name=name)):
            rank = 2 if name == "δ" else 4
        case Leaf(expr=Symbol()):
            rank = 2
        case Grouped():
            rank = 2
        case Matmul() | Measure():
            rank = 3
        case Linear() | Apply():
            rank = 5
        case _:
            rank = 4
    return (1 if scalar and rank else rank, weight(form), repr_name(form))


def repr_name(form: Form) -> str:
    """The first name in a form: what orders like things."""
    match form:
        case Leaf(expr=Symbol() as symbol):
            return symbol.name
        case Leaf():
            return str(form.expr)
    return next((name for part in parts(form) if (name := repr_name(part))), "")


def parts(form: Form) -> tuple[Form, ...]:
    """The direct sub-forms."""
    match form:
        case Linear():
            return tuple(term for _, term in form.terms)
        case Matmul():
            return form.factors
        case Hadamard():
            return form.over + form.under
        case Transposed() | Diagonal() | Measure() | Spread() | Grouped():
            return (form.arg,)
        case Powered():
            return (form.base,)
        case Apply():
            return form.args
        case Index():
            return tuple(part for part, _ in form.parts)
    return ()


def weight(form: Form) -> int:
    """The number of nodes as a reader counts them: names, numbers and operations; spreading is free."""
    match form:
        case Leaf() | Constant() | Ones() | Identity():
            return 1
        case Linear():
            signs = sum(abs(c) != 1 for c, _ in form.terms)
            return sum(weight(term) for _, term in form.terms) + len(form.terms) - 1 + 2 * signs
        case Matmul():
            return sum(map(weight, form.factors)) + len(form.factors) - 1
        case Hadamard():
            count = len(form.over) + len(form.under)
            return sum(map(weight, form.over + form.under)) + count - (1 if form.over else 0)
        case Spread() | Grouped():
            return weight(form.arg)
        case Apply():
            return 1 + sum(map(weight, form.args))
        case Index():
            return 1 + sum(weight(part) + len(labels) for part, labels in form.parts)
    return 1 + sum(map(weight, parts(form)))


class _Former:
    """The translation of each kind of node; each node is translated once."""

    def form(self, expr: Expr) -> Form:
        found: Form = expr.remember("matrix form", self._form)
        return found

    def _form(self, expr: Expr) -> Form:
        rows, columns = _extent(expr)
        if expr.rank > 2:
            return self._indexed(expr)
        match expr:
            case Symbol() | Extent():
                return Leaf(expr, rows, columns)
            case Sum():
                return self._linear(expr)
            case Power():
                return self._power(expr)
            case Call():
                return Apply(expr.function, tuple(self.form(arg) for arg in expr.args), rows, columns)
            case Product():
                return self._product(expr)
        raise TypeError(type(expr).__name__)

    def _power(self, expr: Power) -> Form:
        rows, columns = _extent(expr)
        return hadamard_form([(self.form(expr.base), expr.exponent)], rows, columns)

    def _linear(self, expr: Sum) -> Form:
        rows, columns = _extent(expr)
        number = as_number(expr)
        if number is not None:
            return Constant(number, rows, columns)
        terms = []
        for coefficient, term in expr.terms:
            scale, form = self._term(coefficient, term)
            if isinstance(form, Linear) and len(form.terms) == 1:
                scale, form = scale * form.terms[0][0], form.terms[0][1]
            terms.append((scale, form))
        if not any(_fills(form, rows, columns) and not isinstance(form, Spread | Constant) for _, form in terms):
            terms = [(c, Hadamard((Ones(rows, columns), form), (), rows, columns) if isinstance(form, Spread) else form)
                     for c, form in terms]  # fmt: skip
        if len(terms) == 1 and terms[0][0] == 1:
            return terms[0][1]
        terms.sort(key=_term_order)
        return Linear(tuple(terms), rows, columns)

    def _term(self, coefficient: Fraction, term: Expr) -> tuple[Fraction, Form]:
        """A term with its sign: a negative one is turned by a difference among its factors where there is one."""
        if as_number(term) is not None:
            rows, columns = _extent(term)
            return coefficient, Constant(Fraction(1), rows, columns)
        if coefficient < 0 and isinstance(term, Product):
            turned = _turn(term)
            if turned is not None:
                return -coefficient, self._product(turned)
        return coefficient, self.form(term)

    def _product(self, expr: Product) -> Form:
        rows, columns = _extent(expr)
        if as_number(expr) is not None:
            return Constant(Fraction(1), rows, columns)
        graph = _Graph(expr)
        for operand, labels in expr.operands:
            if operand.rank > 2:
                return self._indexed(expr)
            base, exponent = (operand.base, operand.exponent) if isinstance(operand, Power) else (operand, Fraction(1))
            inner = self.form(base)
            nested = isinstance(operand, Product) and isinstance(inner, Hadamard) and len(expr.operands) > 1
            graph.place(Grouped(inner) if nested else inner, exponent, labels)
        form = graph.reduce()
        return self._indexed(expr) if form is None else form

    def _indexed(self, expr: Expr) -> Form:
        rows, columns = _extent(expr) if expr.rank <= 2 else (ONE, ONE)
        if isinstance(expr, Symbol):
            return Leaf(expr, rows, columns)
        operands = expr.operands if isinstance(expr, Product) else ()
        return Index(expr, tuple((self.form(o), labels) for o, labels in operands), rows, columns)


def _turn(term: Product) -> Product | None:
    """The product with the sign of one difference among its factors changed; None where there is none."""
    for position, (operand, labels) in enumerate(term.operands):
        constant = isinstance(operand, Sum) and any(as_number(e) is not None for _, e in operand.terms)
        if isinstance(operand, Sum) and not constant and any(c < 0 for c, _ in operand.terms):
            turned = Sum([(-c, e) for c, e in operand.terms], operand.shape)
            operands = (*term.operands[:position], (turned, labels), *term.operands[position + 1 :])
            return Product(operands, term.out, term.sizes)
    return None


def _term_order(term: tuple[Fraction, Form]) -> tuple[bool, int, int, str]:
    """Positive terms first; numbers, then matrix products, elementwise products, names."""
    coefficient, form = term
    body = form.arg if isinstance(form, Spread) else form
    match body:
        case Constant():
            rank = 0
        case Matmul():
            rank = 1
        case Hadamard() if any(isinstance(factor, Matmul | Measure) for factor in body.over):
            rank = 1
        case Hadamard() | Apply() | Measure() | Powered():
            rank = 2
        case _:
            rank = 3
    return (coefficient < 0, rank, weight(form), repr_name(form))


def _extent(expr: Expr) -> tuple[Size, Size]:
    shape = expr.shape
    if len(shape) > 2:
        return ONE, ONE
    return (shape[0] if shape else ONE), (shape[1] if len(shape) == 2 else ONE)


def scaled(form: Form) -> tuple[Fraction, Form]:
    """(c, body) of a one-term linear combination."""
    if isinstance(form, Linear) and len(form.terms) == 1:
        return form.terms[0]
    return Fraction(1), form


def weight_of(expr: Expr) -> int:
    """The printed size of an expression: what simplification makes small."""
    found: int = expr.remember("weight", lambda node: weight(matrix_form(node)))
    return found


__all__ = ["Form", "matrix_form", "parts", "scaled", "split_coefficient", "weight", "weight_of"]
