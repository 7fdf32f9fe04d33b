"""The constructors of sums, powers and contractions in normal form."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fractions import Fraction
from math import gcd, lcm

from handgrad.axes import Shape, Size, show
from handgrad.canonical.numbering import number_labels
from handgrad.errors import ShapeError
from handgrad.expr import (
    UNIT,
    Call,
    Expr,
    Extent,
    Function,
    Labels,
    Number,
    Operand,
    Power,
    Product,
    Sum,
    Symbol,
    Window,
    symbols,
)  # fmt: skip

UNITY = Product((), (), ())  # the scalar 1: an empty product
ONE = Fraction(1)

LARGEST_FOLDED_POWER = 64


def constant(value: Number) -> Expr:
    """A rational scalar."""
    return add([(Fraction(value), UNITY)], ())


def ones(shape: Shape) -> Expr:
    """The tensor of ones."""
    return product([], tuple(range(len(shape))), dict(enumerate(shape)))


def eye(size: Size) -> Expr:
    """The identity matrix."""
    return product([], (0, 0), {0: size})


def zero(shape: Shape) -> Expr:
    """The tensor of zeros."""
    return Sum((), shape)


def is_zero(expr: Expr) -> bool:
    """Whether an expression is the canonical zero."""
    return isinstance(expr, Sum) and not expr.terms


def as_number(expr: Expr) -> Fraction | None:
    """The value where every entry of an expression is one rational constant, else None."""
    if isinstance(expr, Sum):
        if not expr.terms:
            return Fraction(0)
        if len(expr.terms) == 1 and _is_ones(expr.terms[0][1]):
            return expr.terms[0][0]
        return None
    return ONE if _is_ones(expr) else None


def _is_ones(expr: Expr) -> bool:
    if not isinstance(expr, Product) or expr.operands:
        return False
    real = [label for label in expr.out if label != UNIT]
    return len(set(real)) == len(real)


def split_coefficient(expr: Expr) -> tuple[Fraction, Expr]:
    """(c, e) with expr = c e where expr is a single scaled term."""
    if isinstance(expr, Sum) and len(expr.terms) == 1:
        return expr.terms[0]
    return ONE, expr


def terms_of(expr: Expr) -> tuple[tuple[Fraction, Expr], ...]:
    """The terms of a sum, or the expression as its own only term."""
    return expr.terms if isinstance(expr, Sum) else ((ONE, expr),)


def add(terms: Iterable[tuple[Number, Expr]], shape: Shape) -> Expr:
    """Σ c e, nested sums opened, equal terms gathered; all terms have the given shape."""
    total: dict[Expr, Fraction] = {}
    for coefficient, term in terms:
        if term.shape != shape:
            raise ShapeError(f"cannot add {show(term.shape)} to {show(shape)}")
        for inner, part in terms_of(term):
            scaled = inner if coefficient == 1 else coefficient * inner
            total[part] = total[part] + scaled if part in total else scaled
    kept = [(c, e) for e, c in total.items() if c]
    if len(kept) == 1 and kept[0][0] == 1:
        return kept[0][1]
    kept.sort(key=_by_key)
    return Sum(kept, shape)


def _by_key(term: tuple[Fraction, Expr]) -> str:
    return term[1].key


def scale(coefficient: Number, expr: Expr) -> Expr:
    """c e."""
    if coefficient == 1 and not isinstance(expr, Sum):
        return expr
    return add([(coefficient, expr)], expr.shape)


def power(base: Expr, exponent: Number) -> Expr:
    """Elementwise power; integer powers of products and numbers are taken apart."""
    exponent = Fraction(exponent)
    if exponent == 1 or (isinstance(base, Window) and exponent > 0):  # its entries are 0 and 1
        return base
    if exponent == 0:
        return ones(base.shape)
    whole = exponent.denominator == 1
    number = as_number(base)
    if number is not None:
        if number == 1:
            return base
        if whole and abs(exponent) <= LARGEST_FOLDED_POWER and (number or exponent > 0):
            return scale(number ** int(exponent), ones(base.shape))
        return Power(base, exponent)
    if isinstance(base, Power) and (whole or base.exponent == 1):
        return power(base.base, base.exponent * exponent)
    if whole and abs(exponent) <= LARGEST_FOLDED_POWER:
        coefficient, rest = content(base)
        if coefficient != 1:
            return scale(coefficient ** int(exponent), power(rest, exponent))
        if isinstance(base, Product) and _is_elementwise(base):
            operands = [(power(operand, exponent), labels) for operand, labels in base.operands]
            return product(operands, base.out, dict(enumerate(base.sizes)))
    return Power(base, exponent)


def _is_elementwise(node: Product) -> bool:
    """No label is summed or repeated: each entry is a product of entries."""
    real = [label for label in node.out if label != UNIT]
    if len(set(real)) < len(real):
        return False
    inside = {label for _, labels in node.operands for label in labels}
    return inside <= set(node.out) | {UNIT}


def content(expr: Expr) -> tuple[Fraction, Expr]:
    """(c, e) with expr = c e, where e has coprime integer coefficients and its leading one is positive."""
    if not isinstance(expr, Sum) or not expr.terms:
        return ONE, expr
    coefficients = [c for c, _ in expr.terms]
    top, bottom = 0, 1
    for c in coefficients:
        top, bottom = gcd(top, c.numerator), lcm(bottom, c.denominator)
    factor = Fraction(top, bottom)
    names = [name for _, e in expr.terms if (name := _name_in(e)) is not None]
    if min(expr.terms, key=lambda term: _sign_order(term[1], names))[0] < 0:
        factor = -factor
    return factor, add([(c / factor, e) for c, e in expr.terms], expr.shape)


def _sign_order(expr: Expr, beside: list[Symbol]) -> tuple[int, str]:
    """What leads a difference: a constant (1 − A), then what is computed (A − Y, Xw − y), then the rest.

    A value that is computed of a name beside it, such as its mean, comes last: X − μ.
    """
    if _is_ones(expr):
        return 0, expr.key
    name = _name_in(expr)
    if name is not None and name.definition is not None and set(beside) & set(symbols(name.definition)):
        return 3, expr.key
    return (2 if name is expr and name.definition is None else 1), expr.key


def _name_in(expr: Expr) -> Symbol | None:
    """The name that an expression is, or that it repeats along further axes."""
    if isinstance(expr, Product) and len(expr.operands) == 1:
        expr = expr.operands[0][0]
    return expr if isinstance(expr, Symbol) else None


def call(function: Function, *args: Expr) -> Expr:
    """A function of the table applied to arguments."""
    return Call(function, args)


class _Labels:
    """Union-find over the labels of a product under construction."""

    def __init__(self, sizes: Mapping[int, Size]) -> None:
        self.sizes = dict(sizes)
        self.parent: dict[int, int] = {}
        self.next = max(self.sizes, default=-1) + 1
        self.units = {label for label, size in self.sizes.items() if size.value == 1}

    def fresh(self, size: Size) -> int:
        label, self.next = self.next, self.next + 1
        self.sizes[label] = size
        if size.value == 1:
            self.units.add(label)
        return label

    def find(self, label: int) -> int:
        while label in self.parent:
            label = self.parent[label]
        return label

    def union(self, left: int, right: int) -> None:
        left, right = self.find(left), self.find(right)
        if left != right:
            self.parent[left] = right

    def final(self, label: int) -> int:
        """The label's representative, or UNIT where its axis has size 1."""
        if label in self.parent and label != UNIT:
            label = self.find(label)
        return UNIT if label in self.units else label

    def finals(self, place: Labels) -> Labels:
        """The representatives of labels."""
        if self.parent or self.units:
            return tuple([self.final(label) for label in place])
        return place


def product(operands: Iterable[Operand], out: Labels, sizes: Mapping[int, Size]) -> Expr:
    """The contraction in canonical form; see the module and `expr.Product` for what labels mean."""
    labels = _Labels(sizes)
    coefficient, flat = _flatten(list(operands), labels)
    if coefficient == 0:
        return zero(tuple(Size.of(1) if label == UNIT else labels.sizes[label] for label in out))
    end = labels.finals(out)
    factors = _gather(flat, labels)
    while _cancel_inverse(factors, end, labels) or _cancel_windows(factors, end, labels):
        end = labels.finals(out)
        factors = _gather([(power(b, e), at) for (b, at), e in factors.items()], labels)
    return scale(coefficient, _finish(factors, end, labels))


def _flatten(work: list[Operand], labels: _Labels) -> tuple[Fraction, list[Operand]]:
    """Open nested products and coefficients; what is left are the factors."""
    coefficient = ONE
    flat: list[Operand] = []
    work.reverse()
    while work:
        node, at = work.pop()
        if isinstance(node, Sum):
            factor, rest = content(node)
            if not node.terms:
                return Fraction(0), []
            coefficient *= factor
            if isinstance(rest, Sum):
                flat.append((rest, at))
            else:
                work.append((rest, at))
        elif isinstance(node, Product):
            inner = _open(node, at, labels)
            inner[UNIT] = UNIT
            work.extend([(operand, tuple([inner[k] for k in place])) for operand, place in reversed(node.operands)])
            _count_empty_sums(node, flat)
        else:
            flat.append((node, at))
    return coefficient, flat


def _open(node: Product, at: Labels, labels: _Labels) -> dict[int, int]:
    """Map the labels of a nested product to those outside; its own diagonals unite outer labels."""
    inner: dict[int, int] = {}
    for label, outer in zip(node.out, at, strict=True):
        if label == UNIT or outer == UNIT:
            continue
        if label in inner:
            labels.union(inner[label], outer)
        else:
            inner[label] = outer
    for label, size in enumerate(node.sizes):
        if label not in inner:
            inner[label] = labels.fresh(size)
    return inner


def _count_empty_sums(node: Product, flat: list[Operand]) -> None:
    """A canonical product has none; one built as given may sum a label that no operand has."""
    used = set(node.out).union(*[place for _, place in node.operands])
    flat.extend([(Extent(size), ()) for label, size in enumerate(node.sizes) if label not in used and not size.is_one])


def _gather(flat: list[Operand], labels: _Labels) -> dict[tuple[Expr, Labels], Fraction]:
    """Factors with their exponents: equal bases at equal labels are one factor."""
    factors: dict[tuple[Expr, Labels], Fraction] = {}
    for node, at in flat:
        base, exponent = (node.base, node.exponent) if isinstance(node, Power) else (node, ONE)
        factor = base, labels.finals(at)
        factors[factor] = factors[factor] + exponent if factor in factors else exponent
    return {
        factor: ONE if isinstance(factor[0], Window) and exponent > 0 else exponent
        for factor, exponent in factors.items()
        if exponent
    }


def _cancel_windows(factors: dict[Operand, Fraction], out: Labels, labels: _Labels) -> bool:
    """Σⱼ w[i, j] = 1 for a choice; S Sᵀ is the identity for a slice S, Sᵀ S too for a bijection."""
    windows = [f for f in factors if isinstance(f[0], Window) and f[0].maps]
    for factor in windows:
        window, at = factor
        assert isinstance(window, Window)
        sides = [(at[: window.lead], at[window.lead :])]
        if window.maps == "bijection":
            sides.append((at[window.lead :], at[: window.lead]))
        for number, (outer, joint) in enumerate(sides):
            if not joint or set(joint) & {UNIT, *out} or len(set(joint)) < len(joint):
                continue
            others = [f for f in factors if f is not factor and set(f[1]) & set(joint)]
            if not others:
                del factors[factor]
                for label in joint:
                    labels.sizes.pop(label, None)
                return True
            twin = others[0]
            place = (twin[1][: window.lead], twin[1][window.lead :])
            theirs, shared = place if number == 0 else place[::-1]
            if window.maps == "choice" or len(others) > 1 or twin[0] is not window or shared != joint:
                continue
            if factors[twin] != 1 or set(theirs) & set(joint) or set(outer) & set(joint):
                continue
            del factors[factor], factors[twin]
            for one, other in zip(outer, theirs, strict=True):
                labels.union(one, other)
            for label in joint:
                labels.sizes.pop(label, None)
            return True
    return False


def _cancel_inverse(factors: dict[Operand, Fraction], out: Labels, labels: _Labels) -> bool:
    """Take out A⁻¹ A or A A⁻¹ where the label between them is summed and nothing else has it."""
    inverses = [f for f in factors if isinstance(f[0], Call) and getattr(f[0].function, "inverts", False)]
    for inverse in inverses:
        base, (row, column) = inverse[0].args[0], inverse[1]
        for joint, outer, side in ((column, row, 0), (row, column, 1)):
            places = sum(at.count(joint) for _, at in factors)
            match = next((f for f in factors if f[0] is base and f[1][side] == joint), None)
            if match is None or joint in out or joint == UNIT or places != 2:
                continue
            if factors[match] != 1 or factors[inverse] != 1:
                continue
            del factors[inverse], factors[match]
            labels.union(outer, match[1][1 - side])
            labels.sizes.pop(joint, None)
            return True
    return False


def _finish(factors: Mapping[tuple[Expr, Labels], Fraction], out: Labels, labels: _Labels) -> Expr:
    """Number the labels canonically and build the node."""
    coefficient = ONE
    factors = dict(factors)
    covered = set(out).union(*[at for _, at in factors])
    for label, size in labels.sizes.items():
        if label in covered or labels.final(label) != label:  # in use, not a representative, or of size 1
            continue
        if size.value is not None:
            coefficient *= size.value
        else:
            extent: tuple[Expr, Labels] = (Extent(size), ())
            factors[extent] = factors.get(extent, Fraction(0)) + 1
    factors = {factor: exponent for factor, exponent in factors.items() if exponent}
    order, number = number_labels(factors, out)
    powers = [base if factors[base, at] == 1 else Power(base, factors[base, at]) for base, at in order]
    operands = tuple([(node, tuple([number[k] for k in at])) for node, (_, at) in zip(powers, order, strict=True)])
    end = tuple([number[label] for label in out])
    sizes = [labels.sizes[label] for label in number if label != UNIT]
    real = [label for label in end if label != UNIT]
    if len(operands) == 1 and operands[0][1] == end and len(set(real)) == len(real):
        return scale(coefficient, operands[0][0])
    return scale(coefficient, Product(operands, end, tuple(sizes)))
