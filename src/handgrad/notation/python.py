"""The reader of Python notation: the standard `ast` module and a whitelist; nothing is ever evaluated.

>>> document = read_python("X: (n, m)\\nZ = W @ X + b")
>>> [type(statement).__name__ for statement in document.statements]
['Declaration', 'Equation']
"""

from __future__ import annotations

import ast
import re
import warnings
from bisect import bisect_left
from collections.abc import Callable
from fractions import Fraction
from itertools import accumulate

from handgrad.errors import ReadError
from handgrad.notation.names import latex_of_identifier
from handgrad.notation.source import MAX_DEPTH, check_length, place_at, read_number
from handgrad.notation.syntax import (
    Binary,
    Call,
    Compare,
    Declaration,
    Document,
    Equation,
    Expression,
    Indexed,
    Name,
    Negate,
    Number,
    Range,
    Sequence,
    Span,
    Statement,
    Syntax,
    Text,
    Transpose,
    Update,
)

_OPERATORS: dict[type[ast.operator], str] = {
    ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.MatMult: "@", ast.Pow: "**", ast.FloorDiv: "//",
}  # fmt: skip
_COMPARISONS: dict[type[ast.cmpop], str] = {
    ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=", ast.Eq: "==", ast.NotEq: "!=",
}  # fmt: skip
_MODULES = frozenset({"np", "numpy", "jnp", "jax", "scipy", "sp", "torch", "math", "F"})
_CONSTANTS = frozenset({"pi", "e"})
_TYPES = frozenset({"float", "int", "bool", "complex"})
_REFUSED = {
    ast.Lambda: ("`lambda` is not part of the notation", "name the symbol `lam`, or write the formula out"),
    ast.IfExp: ("`… if … else …` is not read", "write where(condition, a, b)"),
    ast.BoolOp: ("`and` and `or` are not read", "multiply two conditions, or nest where(…)"),
    ast.NamedExpr: ("`:=` is not read inside an expression", "give the part a line of its own"),
    ast.JoinedStr: ("f-strings are not read", "write a plain string"),
    ast.Starred: ("`*` before an argument is not read", "write the arguments out"),
    ast.ListComp: ("a comprehension is not read", "write the sum or the terms out"),
    ast.GeneratorExp: ("a comprehension is not read", "write the sum or the terms out"),
    ast.SetComp: ("a comprehension is not read", "write the sum or the terms out"),
    ast.DictComp: ("a comprehension is not read", "write the sum or the terms out"),
    ast.Dict: ("a dictionary is not read", "give each entry a line of its own"),
}
_ONLY_EQUATIONS = "a line is `name = expression`, `X: (n, m)` for a shape, `W -= step` for an update, or an expression"


def read_python(text: str, file: str = "") -> Document:
    """Read equations in Python notation; every refusal is a `ReadError` with its place."""
    check_length(text, file)
    return _Reader(text, file).read()


class _Reader:
    """One text being read; `lines` are its lines' offsets, since `ast` counts bytes within a line."""

    def __init__(self, text: str, file: str) -> None:
        self.text = text
        self.file = file
        self.lines = [0, *(match.end() for match in re.finditer(r"\r\n|\r|\n", text))]
        self.ascii = text.isascii()
        self.counted: tuple[int, list[int]] = (0, [])
        self.expressions: dict[type[ast.expr], Callable[..., Syntax]] = {
            ast.Name: self.name,
            ast.Constant: self.constant,
            ast.BinOp: self.binary,
            ast.UnaryOp: self.unary,
            ast.Compare: self.compare,
            ast.Call: self.call,
            ast.Attribute: self.attribute,
            ast.Subscript: self.subscript,
            ast.Tuple: self.sequence,
            ast.List: self.sequence,
            ast.Set: self.sequence,
        }

    def read(self) -> Document:
        """Parse the whole text once and convert each statement."""
        statements: list[Statement] = []
        for node in self.parse().body:
            self.check_depth(node)
            statement = self.statement(node)
            if statement is not None:
                statements.append(statement)
        return Document(self.text, self.file, "python", tuple(statements))

    def parse(self) -> ast.Module:
        """`ast.parse` with each of its many failures told as one `ReadError`."""
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # Python's advice on style is not ours
                return ast.parse(self.text)
        except SyntaxError as error:
            raise self.syntax_error(error) from None
        except (RecursionError, MemoryError):
            raise ReadError(
                "the text is nested too deeply", remedy="name parts of the formula on lines of their own"
            ) from None
        except ValueError:  # null bytes, lone surrogates
            raise ReadError("the text holds characters that cannot be read", remedy="save it as UTF-8") from None

    def syntax_error(self, error: SyntaxError) -> ReadError:
        """What Python could not parse, with the remedy for what people usually meant."""
        line = min(max(error.lineno or 1, 1), len(self.lines))
        offset = self.lines[line - 1] + max((error.offset or 1) - 1, 0)
        source = place_at(self.text, self.lines[line - 1]).source_line
        if "nested" in (error.msg or "") or "Exceeds the limit" in (error.msg or ""):
            message, remedy = (
                "the text is nested too deeply",
                "name parts of the formula on lines of their own",
            )
            if "Exceeds" in error.msg:
                message, remedy = "a number has too many digits", "round it"
        elif re.search(r"\blambda\b", source):
            message, remedy = _REFUSED[ast.Lambda]
        elif "\\" in source or "$" in source:
            message, remedy = "this is not Python notation", 'for LaTeX say notation="latex"'
        else:
            message, remedy = f"this line cannot be read: {error.msg}", _ONLY_EQUATIONS
        return ReadError(message, remedy=remedy, place=place_at(self.text, offset, self.file, source.strip()))

    def check_depth(self, root: ast.stmt) -> None:
        """Refuse a formula whose tree is too deep to walk, before walking it."""
        level: list[ast.AST] = [root]
        for _ in range(MAX_DEPTH):
            level = [child for parent in level for child in ast.iter_child_nodes(parent)]
            if not level:
                return
        raise self.refuse(root, "this formula is nested too deeply", "name parts of it on lines of their own")

    # places

    def offset(self, line: int, column: int) -> int:
        """The offset in the text of a place that `ast` names by line and bytes."""
        start = self.lines[line - 1]
        if self.ascii:
            return start + column
        if self.counted[0] != line:  # once a line, so that long lines stay linear
            end = self.lines[line] if line < len(self.lines) else len(self.text)
            widths = (len(character.encode()) for character in self.text[start:end])
            self.counted = (line, [0, *accumulate(widths)])
        return start + bisect_left(self.counted[1], column)

    def span(self, node: ast.expr | ast.stmt | ast.keyword) -> Span:
        """Where a node stands in the text."""
        end_line, end_column = node.end_lineno or node.lineno, node.end_col_offset or 0
        return Span(self.offset(node.lineno, node.col_offset), self.offset(end_line, end_column))

    def refuse(self, node: ast.expr | ast.stmt | ast.keyword, message: str, remedy: str = "") -> ReadError:
        """An error at a node."""
        start = self.offset(node.lineno, node.col_offset)
        place = place_at(self.text, start, self.file)
        equation = place.source_line.partition("#")[0].strip()
        place = place_at(self.text, start, self.file, equation)
        return ReadError(message, remedy=remedy or _ONLY_EQUATIONS, place=place)

    # statements

    def statement(self, node: ast.stmt) -> Statement | None:
        """One logical line; None for a string that stands alone, which is a comment."""
        match node:
            case ast.Assign():
                return self.equation(node)
            case ast.AnnAssign():
                return self.declaration(node)
            case ast.AugAssign():
                return self.update(node)
            case ast.Expr(value=ast.Constant(value=str())):
                return None
            case ast.Expr(value=ast.Compare(left=ast.Name() as left, ops=[ast.In()], comparators=[domain])):
                return Declaration(self.name(left), None, self.expression(domain), self.span(node))
            case ast.Expr():
                return Expression(self.expression(node.value), self.span(node))
        word = self.text[self.span(node).start :].split(maxsplit=1)[0]
        raise self.refuse(node, f"`{word}` is not an equation")

    def equation(self, node: ast.Assign) -> Equation:
        targets = [self.target(target) for target in node.targets]
        return Equation((*targets, self.expression(node.value)), "=", False, self.span(node))

    def target(self, node: ast.expr) -> Name:
        """The name on the left of `=`; nothing else can be defined."""
        if isinstance(node, ast.Name):
            return self.name(node)
        raise self.refuse(
            node, "only a name can stand on the left of `=`", "give each result a name and a line of its own"
        )

    def update(self, node: ast.AugAssign) -> Update:
        target = self.target(node.target)
        step = self.expression(node.value)
        op = _OPERATORS.get(type(node.op))
        if op is None:
            raise self.refuse(node, "this update is not read", "write -=, +=, *= or /=")
        return Update(target, Binary(op, target, step, self.span(node)), self.span(node))

    def declaration(self, node: ast.AnnAssign) -> Declaration:
        if not isinstance(node.target, ast.Name):
            raise self.refuse(node, "only a name can have a shape")
        if node.value is not None:
            raise self.refuse(node, "a shape and a value on one line", "write the shape and the equation on two lines")
        shape, domain = node.annotation, None
        if isinstance(shape, ast.Compare) and len(shape.ops) == 1 and isinstance(shape.ops[0], ast.In):
            domain = self.expression(shape.comparators[0])
            shape = shape.left
        sizes = shape.elts if isinstance(shape, ast.Tuple) else [shape]
        return Declaration(self.name(node.target), tuple(self.size(size) for size in sizes), domain, self.span(node))

    def size(self, node: ast.expr) -> Syntax:
        """One size of a shape: a name, a number, or arithmetic of these."""
        size = self.expression(node)
        if isinstance(size, Name) and size.id in _TYPES:
            raise self.refuse(node, f"`{size.id}` is a type, not a size", "write () for a scalar, (n,) or (n, m)")
        if not isinstance(size, Name | Number | Binary):
            raise self.refuse(node, "this is not a size", "write a shape such as (), (n,) or (n, 4)")
        return size

    # expressions

    def expression(self, node: ast.expr) -> Syntax:
        """Any expression of the whitelist."""
        convert = self.expressions.get(type(node))
        if convert is not None:
            return convert(node)
        message, remedy = _REFUSED.get(
            type(node),
            (f"{type(node).__name__} is not part of the notation", "write it with + - * / @ ** and calls"),
        )
        raise self.refuse(node, message, remedy)

    def name(self, node: ast.Name) -> Name:
        return Name(node.id, latex_of_identifier(node.id), self.span(node))

    def constant(self, node: ast.Constant) -> Syntax:
        span = self.span(node)
        match node.value:
            case bool() | None:
                return Name(str(node.value), rf"\mathrm{{{node.value}}}", span)
            case str():
                return Text(node.value, span)
            case int() | float():
                return Number(self.number(node, span), span)
        raise self.refuse(node, "this constant is not read", "use real numbers")

    def number(self, node: ast.Constant, span: Span) -> Fraction:
        """The exact value of the literal as it is written."""
        literal = self.text[span.start : span.end].replace("_", "")
        if isinstance(node.value, int) and not literal.isdigit():
            return Fraction(node.value)  # hexadecimal and the like
        try:
            return read_number(literal)
        except ReadError as error:
            raise self.refuse(node, error.message, error.remedy) from None

    def binary(self, node: ast.BinOp) -> Syntax:
        op = _OPERATORS.get(type(node.op))
        if isinstance(node.op, ast.BitXor):
            raise self.refuse(node, "`^` is not a power in Python notation", "write ** for a power")
        if op is None:
            raise self.refuse(node, "this operator is not read", "use + - * / @ **")
        return Binary(op, self.expression(node.left), self.expression(node.right), self.span(node))

    def unary(self, node: ast.UnaryOp) -> Syntax:
        if isinstance(node.op, ast.USub):
            return Negate(self.expression(node.operand), self.span(node))
        if isinstance(node.op, ast.UAdd):
            return self.expression(node.operand)
        raise self.refuse(node, "`not` and `~` are not read", "write the opposite comparison")

    def compare(self, node: ast.Compare) -> Syntax:
        op = _COMPARISONS.get(type(node.ops[0]))
        if len(node.ops) > 1:
            raise self.refuse(node, "a chain of comparisons is not read", "multiply two comparisons")
        if op is None:
            raise self.refuse(node, "this comparison is not read", "use < <= > >= == !=")
        return Compare(op, self.expression(node.left), self.expression(node.comparators[0]), self.span(node))

    def call(self, node: ast.Call) -> Syntax:
        function, first = self.function(node.func)
        keywords = []
        for keyword in node.keywords:
            if keyword.arg is None:
                raise self.refuse(keyword, "`**` before an argument is not read", "write the arguments out")
            keywords.append((keyword.arg, self.expression(keyword.value)))
        args = (*first, *(self.expression(arg) for arg in node.args))
        return Call(function, args, tuple(keywords), self.span(node))

    def function(self, node: ast.expr) -> tuple[Name, tuple[Syntax, ...]]:
        """The function that is called, and the object of a method call as its first argument."""
        if isinstance(node, ast.Name):
            return self.name(node), ()
        if isinstance(node, ast.Attribute):
            span = self.span(node)
            name = Name(node.attr, latex_of_identifier(node.attr), Span(span.end - len(node.attr), span.end))
            return name, () if _is_module(node.value) else (self.expression(node.value),)
        raise self.refuse(node, "only a name can be called", "give the function a name")

    def attribute(self, node: ast.Attribute) -> Syntax:
        if _is_module(node.value) and node.attr in _CONSTANTS:
            return Name(node.attr, latex_of_identifier(node.attr), self.span(node))
        if node.attr == "T" and not _is_module(node.value):
            return Transpose(self.expression(node.value), self.span(node))
        raise self.refuse(node, f"the attribute `.{node.attr}` is not read", "only `.T` and calls have a meaning here")

    def subscript(self, node: ast.Subscript) -> Syntax:
        parts = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
        if not parts:
            raise self.refuse(node, "the brackets are empty", "write an index such as X[0]")
        indices = tuple(self.index(part) for part in parts)
        return Indexed(self.expression(node.value), indices, "item", self.span(node))

    def index(self, node: ast.expr) -> Syntax:
        """An index, or a slice with its bounds."""
        if isinstance(node, ast.Constant) and node.value is ...:
            return Name("Ellipsis", r"\dots", self.span(node))
        if not isinstance(node, ast.Slice):
            return self.expression(node)
        lower, upper, step = (None if part is None else self.expression(part)
                              for part in (node.lower, node.upper, node.step))  # fmt: skip
        return Range(lower, upper, step, self.span(node))

    def sequence(self, node: ast.Tuple | ast.List | ast.Set) -> Syntax:
        return Sequence(tuple(self.expression(item) for item in node.elts), self.span(node))


def _is_module(node: ast.expr) -> bool:
    """Whether a prefix such as `np` or `scipy.special` names a module."""
    while isinstance(node, ast.Attribute):
        node = node.value
        if isinstance(node, ast.Attribute):
            continue
        return isinstance(node, ast.Name) and node.id in _MODULES
    return isinstance(node, ast.Name) and node.id in _MODULES
