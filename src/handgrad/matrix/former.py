"""The translation of each kind of node to its matrix form; each node is translated once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction

from handgrad.axes import ONE, Count, Size
from handgrad.canonical import as_number, unspread
from handgrad.expr import Call, Expr, Extent, Power, Product, Sum, Symbol, Window
from handgrad.functions import AlongAxis, Elementwise, Layout
from handgrad.matrix.combine import filled, fills, flip, hadamard_form, repr_name
from handgrad.matrix.entries import LETTERS
from handgrad.matrix.forms import (
    TENSOR,
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
    Powered,
    Selector,
    Sliding,
    Spread,
    Transposed,
    parts,
    weight,
)
from handgrad.matrix.graph import Graph
from handgrad.matrix.series import as_series
from handgrad.matrix.stacked import stacked_form, tidied


def matrix_form(expr: Expr) -> Form:
    """The matrix form of an expression."""
    return _Former().form(expr)


def as_matrix(expr: Expr, rows: int) -> Expr | None:
    """A tensor to be printed as the matrix of its first `rows` axes by the others; None where that has no form."""
    laid_out: Expr = Layout(rows)(expr)
    return None if stacked_form(expr, rows, matrix_form) is None else laid_out


def tidy_matrices(expr: Expr, rows: int, tidy: Callable[[Expr], Expr]) -> Expr:
    """The tensor with `tidy` done to each matrix that stands in its form as a matrix of `rows` axes by the others."""
    return tidied(expr, rows, matrix_form, tidy)


def entrywise(expr: Expr) -> tuple[str, ...]:
    """The letters for its axes where an expression is printed entry by entry; none where it has a matrix form."""
    found: tuple[str, ...] = expr.remember("entrywise", _entrywise)
    return found


def _entrywise(expr: Expr) -> tuple[str, ...]:
    stack = [matrix_form(expr)]
    while stack:
        form = stack.pop()
        if isinstance(form, Index) and form.expr.shape:
            return tuple(LETTERS[: expr.rank])
        if isinstance(form, Linear | Hadamard | Powered | Transposed | Grouped):
            stack += parts(form)
        elif isinstance(form, Apply) and isinstance(form.function, Elementwise):
            stack += form.args
    return ()


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
            case Call(function=Layout(rows=above)):
                form = stacked_form(expr.args[0], above, self.form)
                assert form is not None  # as_matrix builds these nodes, and only where there is a form
                return form
            case Call():
                function = expr.function
                if isinstance(function, AlongAxis) and expr.rank == 1:
                    function = function.at(-2)  # the vector is a column here
                return Apply(function, tuple(self._argument(arg) for arg in expr.args), rows, columns)
            case Product():
                return self._product(expr)
        raise TypeError(type(expr).__name__)

    def _argument(self, arg: Expr) -> Form:
        """An argument; a number that is repeated is written as the number."""
        scalar = unspread(arg) if arg.shape else None
        if scalar is None or as_number(arg) is not None:
            return self.form(arg)
        return Spread(self.form(scalar), *_extent(arg))

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
            terms = [(c, filled(form) if isinstance(form, Spread) else form) for c, form in terms]
        if len(terms) == 1 and terms[0][0] == 1:
            return terms[0][1]
        terms = [(c, _mean_named(form)) for c, form in terms]
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
                return self._sliding(expr) or self._indexed(expr)
            base, exponent = (operand.base, operand.exponent) if isinstance(operand, Power) else (operand, Fraction(1))
            inner = self.form(base)
            nested = isinstance(operand, Product) and isinstance(inner, Hadamard) and len(expr.operands) > 1
            graph.place(Grouped(inner) if nested else inner, exponent, labels)
        form = graph.reduce()
        return self._indexed(expr) if form is None else form

    def _sliding(self, expr: Product) -> Form | None:
        """A window over two vectors as their convolution or correlation, times the scalars beside them."""
        windows = [(o, labels) for o, labels in expr.operands if isinstance(o, Window)]
        vectors = {labels[0]: o for o, labels in expr.operands if o.rank == 1 and not isinstance(o, Window)}
        scalars = [(self.form(o), Fraction(1)) for o, labels in expr.operands if not labels]
        if len(windows) != 1 or len(vectors) != 2 or len(expr.operands) != 3 + len(scalars) or expr.rank != 1:
            return None
        window, labels = windows[0]
        if window.index is not None or window.triangle or set(labels) != {*vectors, *expr.out}:
            return None
        coefficients = {label: c.number for label, c in zip(labels, window.coefficients, strict=True)}
        sizes = {label: expr.sizes[label] for label in labels}
        kind = slides(coefficients, window.offset, sizes, expr.out[0])
        if kind is None:
            return None
        name, first, second = kind
        bare = Product([part for part in expr.operands if part[1]], expr.out, expr.sizes)
        inner = Sliding(name, self.form(vectors[first]), self.form(vectors[second]), self._indexed(bare))
        return hadamard_form([*scalars, (inner, Fraction(1))], expr.shape[0], ONE) if scalars else inner

    def _indexed(self, expr: Expr) -> Index:
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


def slides(
    coefficients: Mapping[int, int | None], offset: Count, sizes: Mapping[int, Size], out: int
) -> tuple[str, int, int] | None:
    """How a window slides: ("convolution", p, q) for i = p + q, ("correlation", q, p) for i = p − q; else None."""
    first, second = sorted(label for label in coefficients if label != out)
    own = coefficients[out]
    if own not in (1, -1) or offset.terms:
        return None
    signs = tuple(-own * (coefficients[label] or 0) for label in (first, second))
    length = Count.of(sizes[out])
    if signs == (1, 1) and length == sizes[first] + sizes[second] - 1:
        return "convolution", first, second
    for plus, minus, wanted in ((first, second, (1, -1)), (second, first, (-1, 1))):
        if signs == wanted and length == sizes[plus] - sizes[minus] + 1:
            return "correlation", minus, plus
    return None


def _shortest_sum(form: Linear) -> Form:
    """A number that all terms have stands in front; a sum of transposes is the transpose of a sum."""
    first = abs(form.terms[0][0])
    if len(form.terms) > 1 and first != 1 and all(abs(c) == first for c, _ in form.terms):
        scaled = Linear(tuple((c / first, term) for c, term in form.terms), form.rows, form.columns)
        return Linear(((first, _shortest_sum(scaled)),), form.rows, form.columns)
    plain: Form = as_series(form)
    if form.rows.is_one or form.columns.is_one or len(form.terms) < 2:
        return plain
    inner = as_series(Linear(tuple((c, flip(term)) for c, term in form.terms), form.columns, form.rows))
    single = isinstance(inner, Linear) and len(inner.terms) == 1  # its number stays in front
    if single and isinstance(inner, Linear):
        number, series = inner.terms[0]
        turned: Form = Linear(((number, Transposed(series)),), form.rows, form.columns)
    else:
        turned = Transposed(inner)
    return turned if weight(turned) < weight(plain) else plain


def _mean_named(form: Form) -> Form:
    """Σ(x)/n beside x is the mean of x, where n counts the entries of x."""
    match form:
        case Spread(arg=Hadamard(over=(Measure(kind="total", arg=inner),), under=under)):
            sizes = [size for size in (inner.rows, inner.columns) if not size.is_one]
            counted = [part.expr for part in under if isinstance(part, Leaf)]
            names = sorted(str(size) for size in sizes)
            if len(counted) == len(under) and names == sorted(str(getattr(e, "size", "")) for e in counted):
                return Spread(Measure("mean", inner), form.rows, form.columns)
    return form


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
        return TENSOR, TENSOR
    return (shape[0] if shape else ONE), (shape[1] if len(shape) == 2 else ONE)
