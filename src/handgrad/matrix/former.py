"""The translation of each kind of node to its matrix form; each node is translated once."""

from __future__ import annotations

from fractions import Fraction

from handgrad.axes import ONE, Size
from handgrad.canonical import as_number
from handgrad.expr import Call, Expr, Extent, Power, Product, Sum, Symbol, Window
from handgrad.functions import AlongAxis
from handgrad.matrix.forms import (
    Apply,
    Constant,
    Form,
    Grouped,
    Hadamard,
    Index,
    Leaf,
    Linear,
    Matmul,
    Measure,
    Ones,
    Powered,
    Selector,
    Spread,
    Transposed,
    chain,
    fills,
    flip,
    hadamard_form,
    repr_name,
    weight,
)
from handgrad.matrix.graph import Graph


def matrix_form(expr: Expr) -> Form:
    """The matrix form of an expression."""
    return _Former().form(expr)


def weight_of(expr: Expr) -> int:
    """The printed size of an expression: what simplification makes small."""
    found: int = expr.remember("weight", lambda node: weight(matrix_form(node)))
    return found


class _Former:
    """The translation of each kind of node; each node is translated once."""

    def form(self, expr: Expr) -> Form:
        found: Form = expr.remember("matrix form", self._form)
        return found

    def _form(self, expr: Expr) -> Form:
        rows, columns = _extent(expr)
        match expr:
            case Symbol() | Extent():
                return Leaf(expr, rows, columns)
            case Window():
                return self._indexed(expr) if expr.rank > 2 else Selector(expr, rows, columns)
            case Sum():
                return self._linear(expr)
            case Power():
                return self._power(expr)
            case Call():
                function = expr.function
                if isinstance(function, AlongAxis) and expr.rank == 1:
                    function = function.at(-2)  # the vector is a column here
                return Apply(function, tuple(self.form(arg) for arg in expr.args), rows, columns)
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
            if scale:  # a term that is 0 stands only in a sum that nothing has gathered yet
                terms.append((scale, form))
        if not terms:
            return Constant(Fraction(0), rows, columns)
        if not any(fills(form, rows, columns) and not isinstance(form, Spread | Constant) for _, form in terms):
            terms = [(c, _filled(form) if isinstance(form, Spread) else form) for c, form in terms]
        if len(terms) == 1 and terms[0][0] == 1:
            return terms[0][1]
        terms.sort(key=_term_order)
        return _shortest_sum(Linear(tuple(terms), rows, columns))

    def _term(self, coefficient: Fraction, term: Expr) -> tuple[Fraction, Form]:
        """A term with its sign: a negative one is turned by a difference among its factors where there is one."""
        number = as_number(term)
        if number is not None:
            rows, columns = _extent(term)
            return coefficient * number, Constant(Fraction(1), rows, columns)
        if coefficient < 0 and isinstance(term, Product):
            turned = _turn(term)
            if turned is not None:
                return -coefficient, self._product(turned)
        return coefficient, self.form(term)

    def _product(self, expr: Product) -> Form:
        rows, columns = _extent(expr)
        if as_number(expr) is not None:
            return Constant(Fraction(1), rows, columns)
        if expr.rank > 2:
            return self._tensor_product(expr)
        graph = Graph(expr)
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
        rows, columns = _extent(expr)
        operands = expr.operands if isinstance(expr, Product) else ()
        return Index(expr, tuple((self.form(o), labels) for o, labels in operands), rows, columns)

    def _tensor_product(self, expr: Product) -> Form:
        """Entry by entry where every factor has the result's axes, in index notation else."""
        whole = all(labels in ((), expr.out) for _, labels in expr.operands)
        if not whole or len(set(expr.out)) < len(expr.out) or not expr.operands:
            return self._indexed(expr)
        rows, columns = _extent(expr)
        return hadamard_form([(self.form(operand), Fraction(1)) for operand, _ in expr.operands], rows, columns)


def _shortest_sum(form: Linear) -> Form:
    """A number that all terms have stands in front; a sum of transposes is the transpose of a sum."""
    first = abs(form.terms[0][0])
    if len(form.terms) > 1 and first != 1 and all(abs(c) == first for c, _ in form.terms):
        inner = Linear(tuple((c / first, term) for c, term in form.terms), form.rows, form.columns)
        return Linear(((first, _shortest_sum(inner)),), form.rows, form.columns)
    if form.rows.is_one or form.columns.is_one or len(form.terms) < 2:
        return form
    turned = Transposed(Linear(tuple((c, flip(term)) for c, term in form.terms), form.columns, form.rows))
    return turned if weight(turned) < weight(form) else form


def _filled(form: Spread) -> Form:
    """A column, row or number repeated, written out with ones: u 1ᵀ, 1 vᵀ, π 1."""
    column, row = Ones(form.rows, ONE), flip(Ones(form.columns, ONE))
    if form.arg.rows.is_one and form.arg.columns.is_one:
        return hadamard_form([(form.arg, Fraction(1)), (Ones(form.rows, form.columns), Fraction(1))],
                             form.rows, form.columns)  # fmt: skip
    return chain(form.arg, row) if form.arg.columns.is_one else chain(column, form.arg)


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


TENSOR = Size.of("…")  # in place of rows and columns for what has more than two axes


def _extent(expr: Expr) -> tuple[Size, Size]:
    shape = expr.shape
    if len(shape) > 2:
        return TENSOR, TENSOR
    return (shape[0] if shape else ONE), (shape[1] if len(shape) == 2 else ONE)
