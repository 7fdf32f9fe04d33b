"""Prints forms as expressions of a language; vectors are columns, tensors keep their axes."""

from __future__ import annotations

import re
from fractions import Fraction
from string import ascii_lowercase, ascii_uppercase

from handgrad.axes import Shape, Size
from handgrad.errors import DerivationError
from handgrad.expr import UNIT, Expr, Extent, Labels, Symbol, Window
from handgrad.functions import AbstractCost, AbstractFunction, AlongAxis, Elementwise, MatrixFunction, Reduction
from handgrad.matrix import (
    TENSOR,
    Apply,
    Commutation,
    Constant,
    Diagonal,
    Form,
    Grouped,
    Hadamard,
    Identity,
    Index,
    Kronecker,
    Leaf,
    Linear,
    Matmul,
    MatrixPower,
    Measure,
    Ones,
    Powered,
    RunningPower,
    Selector,
    Series,
    Sliding,
    Spread,
    Transposed,
    Vec,
    hadamard_form,
    matrix_form,
    unrolled,
)
from handgrad.program.contraction import (
    Contraction,
    contraction,
    elementwise_parts,
    natural_shape,
    shape_of,
    stored,
)
from handgrad.program.identifiers import Names
from handgrad.program.languages import ATOM, NUMPY, POWER, PRODUCT, SUM, Language

Code = tuple[str, int]
LETTERS = ascii_lowercase[8:] + ascii_lowercase[:8] + ascii_uppercase  # i, j, k first
LONG = 10**12
VARIABLES = ("x", "y", "z", "w")  # of a function of numbers


class Emitter:
    """The code of forms in a language; `like` is a tensor's identifier, `sizes` the sizes that were printed."""

    def __init__(self, language: Language = NUMPY, names: Names | None = None, like: str = "") -> None:
        self.language = language
        self.names = names or Names(language)
        self.like = like
        self.sizes: dict[str, None] = {}

    def expression(self, expr: Expr) -> str:
        """The code of an expression, at its full shape."""
        form = matrix_form(expr)
        code = self._full(form, stored(expr.shape), SUM)
        return self._lifted(code) if self._is_number(form) and natural_shape(form) == stored(expr.shape) else code

    def write(self, op: str, *args: str) -> str:
        """An operation on code that holds tightly enough."""
        return self.language.operations[op].template.format(*args, like=self.like)

    def length(self, size: Size) -> str:
        """A size as a number."""
        if size.value is not None:
            return size.name
        self.sizes.setdefault(size.name)
        return self.names.of("size", size.name)

    def _shape(self, shape: Shape) -> str:
        lengths = ", ".join(self.length(size) for size in shape)
        return self.write("shape", lengths)

    def _full(self, form: Form, shape: Shape, tightness: int) -> str:
        """The code of a value that NumPy would broadcast, at its full shape."""
        if natural_shape(form) == shape:
            return self._held(form, tightness)
        if isinstance(form, Constant):
            if form.value == 1:
                return self.write("ones", self._shape(shape))
            number = self._number(form.value)[0]
            return self.write("full", self._shape(shape), number if re.search(r"[/.e]", number) else f"{number}.0")
        code = self._code(form)[0]
        return self.write("full" if self._is_number(form) else "spread", *self._in_order(form, code, shape))

    def _in_order(self, form: Form, code: str, shape: Shape) -> tuple[str, str]:
        lengths = self._shape(shape)
        return (lengths, code) if self._is_number(form) else (code, lengths)

    def _lifted(self, code: str) -> str:
        return self.write("lift", code) if self.language.lifts else code

    def _held(self, form: Form, tightness: int) -> str:
        code, holds = self._code(form)
        return code if holds >= tightness or not self.language.infix else f"({code})"

    def _operate(self, op: str, *forms: Form) -> Code:
        """An operation on whole values."""
        spelled = self.language.operations[op]
        codes = [self._full(form, shape_of(form), spelled.holds) for form in forms]
        return self.write(op, *codes), spelled.level

    def _level(self, op: str) -> int:
        return self.language.operations[op].level

    def _is_number(self, form: Form) -> bool:
        """Whether the code is a plain number, not a tensor."""
        match form:
            case Constant():
                return True
            case Leaf():
                return isinstance(form.expr, Extent)
            case Linear():
                return all(self._is_number(term) for _, term in form.terms)
            case Hadamard():
                return all(map(self._is_number, form.over + form.under))
            case Powered():
                return self._is_number(form.base)
            case Spread() | Grouped():
                return self._is_number(form.arg)
            case Apply(function=Elementwise() as function):
                fixed = "{0}" not in self.language.spelling(function)
                return fixed or (not self.language.lifts and all(map(self._is_number, form.args)))
        return False

    def _code(self, form: Form) -> Code:
        if self.language.numbers is not None and self._is_number(form):
            plain = Emitter(self.language.numbers, self.names, self.like)
            plain.sizes = self.sizes
            return plain._code(form)
        match form:
            case Leaf(expr=Symbol() as symbol):
                return self.names.symbol(symbol), ATOM
            case Leaf(expr=Extent() as extent):
                return self.length(extent.size), ATOM
            case Constant():
                return self._number(form.value)
            case Ones():
                return self.write("ones", self._shape((form.rows, form.columns))), ATOM
            case Identity():
                return self.write("eye", self.length(form.rows)), ATOM
            case Linear():
                return self._linear(form)
            case Matmul():
                return self._matmul(form)
            case Hadamard():
                return self._hadamard(form, Fraction(1))
            case Transposed():
                return self.write("transpose", self._held(form.arg, ATOM)), ATOM
            case Powered():
                return self._powered(form)
            case Apply():
                return self._apply(form)
            case Spread() | Grouped():
                return self._code(form.arg)
            case Diagonal():
                return self._operate("diagonal_matrix", form.arg)
            case Measure():
                return self._operate(form.kind, form.arg)
            case MatrixPower():
                return self._matrix_power(form)
            case Series():
                return self._code(unrolled(form))
            case RunningPower() | Vec() | Kronecker() | Commutation():
                raise DerivationError("a Jacobian as a matrix of stacked entries cannot be written as source",
                                      remedy="run its expression, a tensor, with evaluate")  # fmt: skip
            case Selector() | Index(expr=Window()):
                raise DerivationError("slices and windows cannot be written as source yet",
                                      remedy="run it with function() or train it")  # fmt: skip
            case Sliding():
                return self._code(form.index)
            case Index():
                apart = elementwise_parts(form)
                return self._contraction(contraction(form)) if apart is None else self._code(apart)
        raise TypeError(type(form).__name__)

    def _linear(self, form: Linear) -> Code:
        code = ""
        for coefficient, term in form.terms:
            part = self._scaled(abs(coefficient), term)
            if not code:
                code = self.write("negate", part) if coefficient < 0 else part
            else:
                code = self.write("subtract" if coefficient < 0 else "add", code, part)
        return (code, self._level("add")) if code else ("0.0", ATOM)

    def _scaled(self, coefficient: Fraction, form: Form) -> str:
        if isinstance(form, Hadamard):
            return self._hadamard(form, coefficient)[0]
        if isinstance(form, Constant):
            return self._number(coefficient * form.value)[0]
        if coefficient == 1:
            return self._held(form, PRODUCT)
        if coefficient.numerator == 1 and not _is_long(coefficient):
            return self.write("divide", self._held(form, PRODUCT), str(coefficient.denominator))
        number, holds = self._number(coefficient)
        number = number if holds >= PRODUCT or not self.language.infix else f"({number})"
        return self.write("multiply", number, self._held(form, POWER))

    def _matrix_power(self, form: MatrixPower) -> Code:
        return self.write("matrix_power", self._full(form.base, shape_of(form.base), SUM), str(form.count)), ATOM

    def _fold(self, op: str, codes: list[str]) -> str:
        total = codes[0]
        for code in codes[1:]:
            total = self.write(op, total, code)
        return total

    def _matmul(self, form: Matmul) -> Code:
        """A product with a column of ones is a sum along an axis."""
        factors = list(form.factors)
        if isinstance(factors[-1], Ones) and factors[-1].columns.is_one:
            return self.write("sum_along", self._chain(factors[:-1], ATOM), "1"), ATOM
        first = factors[0]
        if isinstance(first, Transposed) and isinstance(first.arg, Ones) and first.arg.columns.is_one:
            return self.write("sum_along", self._chain(factors[1:], ATOM), "0"), ATOM
        return self._chain(factors, SUM), self._level("matmul")

    def _chain(self, factors: list[Form], tightness: int) -> str:
        if len(factors) == 1:
            return self._full(factors[0], shape_of(factors[0]), tightness)
        code = self._fold("matmul", [self._full(factor, shape_of(factor), POWER) for factor in factors])
        return f"({code})" if self._level("matmul") < tightness else code

    def _hadamard(self, form: Hadamard, coefficient: Fraction) -> Code:
        over, under = list(form.over), list(form.under)
        above, below = (str(coefficient.numerator), str(coefficient.denominator))
        if _is_long(coefficient):
            above, below = repr(float(coefficient)), "1"
        top = [above] if above != "1" or not over else []
        top += [self._factor(factor, over) for factor in over]
        bottom = [below] if below != "1" else []
        bottom += [self._held(factor, POWER) for factor in under]
        code = self._fold("multiply", top)
        if not bottom:
            return code, self._level("multiply") if len(top) > 1 else POWER
        if len(top) == len(over) == 1:
            code = self._held(over[0], PRODUCT)
        below = self._fold("multiply", bottom)
        below = f"({below})" if len(bottom) > 1 and self.language.infix else below
        return self.write("divide", code, below), self._level("divide")

    def _factor(self, form: Form, among: list[Form]) -> str:
        """A factor; truth values will do beside numbers, (Z > 0) * dA."""
        if _is_mask(form) and isinstance(form, Apply) and isinstance(form.function, Elementwise):
            others = [f for f in among if not _is_mask(f)]
            if self.language.infix and any(not self._is_number(other) for other in others):
                return form.function.factor.format(*(self._held(arg, ATOM) for arg in form.args))
        return self._held(form, POWER)

    def _powered(self, form: Powered) -> Code:
        op = "sqrt" if form.exponent == Fraction(1, 2) else "power"
        spelled = self.language.operations[op]
        exponent = str(form.exponent)
        if form.exponent.denominator != 1:
            exponent = f"({exponent})" if self.language.infix else exponent.replace("/", " / ")
        return self.write(op, self._held(form.base, spelled.holds), exponent), spelled.level

    def _apply(self, form: Apply) -> Code:
        function = form.function
        if isinstance(function, AbstractFunction | AbstractCost):
            return f"{self.names.function(function)}({', '.join(self._code(arg)[0] for arg in form.args)})", ATOM
        template = self.language.spelling(function)
        if isinstance(function, AlongAxis | MatrixFunction | Reduction):
            return template.format(self._full(form.args[0], shape_of(form.args[0]), SUM)), ATOM
        if "{0}" not in template:
            return template, ATOM
        if self.language.entrywise:
            variables = VARIABLES[: len(form.args)]
            rule = f"({', '.join(variables)}) => {template.format(*variables)}"
            codes = [self._code(arg)[0] for arg in form.args]
            return self.language.entrywise.format(rule, ", ".join(codes)), ATOM
        call = re.fullmatch(r"[\w.]+\([^()]*\)", template.format(*VARIABLES)) and template.count("{0}") == 1
        codes = [self._held(arg, SUM if call else ATOM) for arg in form.args]
        codes = [self._lifted(c) if self._is_number(arg) else c for c, arg in zip(codes, form.args, strict=True)]
        return template.format(*codes), ATOM if call or template.startswith("(") or "=" in template else SUM

    def _contraction(self, found: Contraction) -> Code:
        labels = [labels for _, _, labels in found.operands]
        if all(own == labels[0] for own in labels) and _distinct(labels[0]):
            return self._sum(found, labels[0])
        stacked = self._stacked_matmul(found)
        if stacked is not None:
            return stacked, self._level("matmul")
        letters = _letters(found)
        spare = iter(letters[len(found.sizes) :])
        terms, codes = [], []
        for form, shape, own in found.operands:
            terms.append("".join(next(spare) if label == UNIT else letters[label] for label in own))
            codes.append(self._full(form, shape, SUM))
        subscripts = f"{','.join(terms)}->{''.join(letters[label] for label in found.inner)}"
        op = "einsum" if len(codes) < 3 else "einsum_of_many"
        return self._placed(self.write(op, subscripts, ", ".join(codes)), found)

    def _sum(self, found: Contraction, own: Labels) -> Code:
        """An elementwise product summed over some of its axes, which then stand in the result's order."""
        shape = found.operands[0][1]
        rows, columns = shape if len(shape) == 2 else (TENSOR, TENSOR)
        product = hadamard_form([(form, Fraction(1)) for form, _, _ in found.operands], rows, columns)
        full = natural_shape(product) == shape
        code, level = self._code(product) if full else (self._full(product, shape, SUM), ATOM)
        summed = [axis for axis, label in enumerate(own) if label not in found.inner]
        kept = tuple(label for label in own if label in found.inner)
        if len(kept) == 1 and all(own[axis] == UNIT for axis in summed):  # a column
            return self._placed(self._on("flat", code, level), found)
        if summed and len(summed) == len(own):
            return self.write("total", code), ATOM
        if summed:
            axes = ", ".join(map(str, summed))
            axes = axes if self.language.infix and len(summed) == 1 else self.write("shape", axes)
            if found.out == tuple(label if label in found.inner else UNIT for label in own):
                return self.write("sum_keeping", code, axes), ATOM
            code, level = self.write("sum", code, axes), ATOM
        if kept != found.inner:
            order = self.write("shape", ", ".join(str(kept.index(label)) for label in found.inner))
            code, level = self._on("permute", code, level, order), ATOM
        return self._placed(code, found, level)

    def _on(self, op: str, code: str, level: int, *more: str) -> str:
        """An operation on code of a given tightness."""
        tight = level >= self.language.operations[op].holds or not self.language.infix or code.isidentifier()
        return self.write(op, code if tight else f"({code})", *more)

    def _placed(self, code: str, found: Contraction, level: int = ATOM) -> Code:
        """New axes of length 1 where the result has them."""
        if found.inner == found.out or not found.inner:
            return code, level
        index = ", ".join("None" if label == UNIT else ":" for label in found.out)
        new = ", ".join(str(axis) for axis, label in enumerate(found.out) if label == UNIT)
        return self._on("place", code, level, index, new), self._level("place")

    def _stacked_matmul(self, found: Contraction) -> str | None:
        """A product of matrices over the last two axes, in either order and turned or not; None for any other."""
        if len(found.operands) != 2:
            return None
        for left, right in (found.operands, found.operands[::-1]):
            for a, turn_a in ((left[2], False), (_turned(left[2]), True)):
                for b, turn_b in ((right[2], False), (_turned(right[2]), True)):
                    if _multiplies(a, b, found):
                        return self.write("matmul", self._matrix(left, turn_a), self._matrix(right, turn_b))
        return None

    def _matrix(self, operand: tuple[Form, Shape, Labels], turned: bool) -> str:
        form, shape, labels = operand
        if not turned:
            return self._full(form, shape, POWER)
        op = "swap" if len(labels) > 2 else "transpose"
        return self.write(op, self._full(form, shape, self.language.operations[op].holds))

    def _number(self, value: Fraction) -> Code:
        if _is_long(value):
            return repr(float(value)), ATOM if value >= 0 else SUM
        if value.denominator == 1:
            return str(value.numerator), ATOM if value >= 0 else SUM
        return f"{value.numerator} / {value.denominator}", PRODUCT if value >= 0 else SUM


def _is_mask(form: Form) -> bool:
    """Whether a form is 0 or 1, and may be written as truth values beside numbers."""
    return isinstance(form, Apply) and isinstance(form.function, Elementwise) and bool(form.function.factor)


def _is_long(value: Fraction) -> bool:
    """Whether a fraction reads better as a decimal number."""
    return max(abs(value.numerator), value.denominator) >= LONG


def _distinct(labels: Labels) -> bool:
    real = [label for label in labels if label != UNIT]
    return len(set(real)) == len(real)


def _turned(labels: Labels) -> Labels:
    return (*labels[:-2], labels[-1], labels[-2])


def _multiplies(a: Labels, b: Labels, found: Contraction) -> bool:
    """Whether a @ b is the contraction: one label between, the same stack in both or in one."""
    stack = a[:-2] or b[:-2]
    between = a[-1] == b[-2] and a[-1] not in found.out
    fits = a[:-2] in (stack, ()) and b[:-2] in (stack, ())
    return between and fits and UNIT not in a + b and _distinct((*stack, *a[-2:], b[-1])) and (
        found.out == (*stack, a[-2], b[-1])
    )  # fmt: skip


def _letters(found: Contraction) -> list[str]:
    """A letter for each label, its size's name where that is one free letter; then spare ones for axes of length 1."""
    letters: list[str] = []
    names = [size.name for size in found.sizes]
    for name in names:
        own = name in ascii_lowercase and len(name) == 1 and name not in letters
        letters.append(name if own else next(x for x in LETTERS if x not in letters and x not in names))
    return [*letters, *(x for x in LETTERS if x not in letters)]
