"""The languages of emitted source: one record a language, with the spelling of each operation and of a module's lines.

How a function of the table is spelled, its record says (`spell`); where it says nothing, its NumPy spelling is
rewritten by the language's patterns.
"""

from __future__ import annotations

import keyword
import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources

from handgrad.errors import DerivationError
from handgrad.functions import Named

SUM, PRODUCT, POWER, ATOM = range(4)


@dataclass(frozen=True, slots=True)
class Op:
    """The spelling of an operation, how tightly it holds, and how tightly its operands must."""

    template: str
    level: int = ATOM
    holds: int = SUM


@dataclass(frozen=True, slots=True)
class Layout:
    """The lines of a module: how functions open, assign, return and end."""

    indent: str
    module: str
    function: str
    doc: str
    assign: str
    rebind: str
    values: str
    gradients: str
    end: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Language:
    """A language of emitted source.

    `infix`: operations are operators with precedence, else calls. `imports` are pairs of a pattern in the code and
    the line that it needs. `numbers` is the language of plain numbers where tensors are written otherwise.
    """

    name: str
    infix: bool
    operations: Mapping[str, Op]
    layout: Layout
    imports: tuple[tuple[str, str], ...] = ()
    rewritten: tuple[tuple[str, str], ...] = ()  # of a function's NumPy spelling
    foreign: str = r"(?!)"  # what must not be left after it
    reserved: frozenset[str] = frozenset()
    entrywise: str = ""  # how a function of numbers is applied to tensors, where it must be said
    lifts: bool = False  # a function of a plain number needs it as a tensor
    numbers: Language | None = None

    def spelling(self, function: Named) -> str:
        """The source of a function, with {0}, {1} for its arguments."""
        if self.name in function.spell:
            return function.spell[self.name].replace("{axis}", str(getattr(function, "axis", "")))
        code = function.numpy_code
        for pattern, replacement in self.rewritten:
            code = re.sub(pattern, replacement, code)
        if re.search(self.foreign, code):
            raise DerivationError(f"{function.name} has no spelling in {self.name}",
                                  remedy="ask for numpy, or write the function out")  # fmt: skip
        return code


PYTHON_LAYOUT = Layout(
    indent="    ", module='"""{0}"""', function="def {0}({1}):", doc='"""{0}"""', assign="{0} = {1}",
    rebind="{0} = {1}", values="return {0}", gradients="return {{{0}}}",
)  # fmt: skip
PYTHON_OPERATORS: Mapping[str, Op] = {
    "add": Op("{0} + {1}", SUM),
    "subtract": Op("{0} - {1}", SUM),
    "negate": Op("-{0}", SUM),
    "multiply": Op("{0} * {1}", PRODUCT),
    "divide": Op("{0} / {1}", PRODUCT),
    "matmul": Op("{0} @ {1}", PRODUCT),
    "power": Op("{0} ** {1}", POWER, ATOM),
    "shape": Op("({0})"),
    "extent": Op("{0}.shape[{1}]"),
    "place": Op("{0}[{1}]", ATOM, ATOM),
    "column": Op("{0}.reshape(-1, 1)", ATOM, ATOM),
    "flat": Op("{0}.ravel()", ATOM, ATOM),
    "transpose": Op("{0}.T", ATOM, ATOM),
}


def _numpy_like(np: str) -> Mapping[str, Op]:
    """The operations as NumPy spells them, under the module's name."""
    spelled = {
        "sqrt": "sqrt({0})",
        "swap": "swapaxes({0}, -1, -2)",
        "permute": "transpose({0}, {1})",
        "ones": "ones({0})",
        "full": "full({0}, {1})",
        "eye": "eye({0})",
        "spread": "broadcast_to({0}, {1})",
        "diagonal_matrix": "diagflat({0})",
        "diagonal": "diagonal({0}).reshape(-1, 1)",
        "trace": "trace({0})",
        "total": "sum({0})",
        "mean": "mean({0})",
        "matrix_power": "linalg.matrix_power({0}, {1})",
        "norm": "linalg.norm({0})",
        "squeeze": "squeeze({0})",
        "einsum": 'einsum("{0}", {1})',
        "einsum_of_many": 'einsum("{0}", {1})',
        "sum": "sum({0}, axis={1})",
        "sum_keeping": "sum({0}, axis={1}, keepdims=True)",
    }
    return {
        **PYTHON_OPERATORS,
        **{name: Op(f"{np}.{template}") for name, template in spelled.items()},
        "square": Op(f"{np}.sum({{0}} ** 2)", ATOM, ATOM),
        "sum_along": Op("{0}.sum(axis={1}, keepdims=True)", ATOM, ATOM),
    }


NUMPY = Language(
    "numpy", True, {**_numpy_like("np"), "einsum_of_many": Op('np.einsum("{0}", {1}, optimize=True)')}, PYTHON_LAYOUT,
    imports=((r"\bnp\.", "import numpy as np"), (r"\bspecial\.", "from scipy import special")),
    reserved=frozenset({*keyword.kwlist, "np", "special"}),
)  # fmt: skip
JAX = Language(
    "jax", True, _numpy_like("jnp"), PYTHON_LAYOUT,
    imports=((r"\bjax\.", "import jax"), (r"\bjnp\.", "import jax.numpy as jnp"),
             (r"\bspecial\.", "from jax.scipy import special")),
    rewritten=((r"\bnp\.", "jnp."),), reserved=frozenset({*keyword.kwlist, "jax", "jnp", "special"}),
)  # fmt: skip
TORCH = Language(
    "torch", True,
    {
        **_numpy_like("torch"),
        "sqrt": Op("{0} ** 0.5", POWER, ATOM),
        "permute": Op("{0}.permute({1})", ATOM, ATOM),
        "ones": Op("{like}.new_ones({0})"),
        "full": Op("{like}.new_full({0}, {1})"),
        "eye": Op("torch.eye({0}, dtype={like}.dtype, device={like}.device)"),
        "lift": Op("{like}.new_tensor({0})"),
        "sum": Op("torch.sum({0}, dim={1})"),
        "sum_keeping": Op("torch.sum({0}, dim={1}, keepdim=True)"),
        "sum_along": Op("{0}.sum(dim={1}, keepdim=True)", ATOM, ATOM),
    },
    PYTHON_LAYOUT, imports=((r"\btorch\.", "import torch"),),
    rewritten=((r"\bnp\.", "torch."), (r"(?<!\.)\bspecial\.", "torch.special.")),
    reserved=frozenset({*keyword.kwlist, "torch"}), lifts=True,
)  # fmt: skip

HELPERS = resources.files(__package__).joinpath("helpers.js").read_text(encoding="utf-8")
HELPER = re.compile(r"^(?://.*\n)?function (\w+)\([\s\S]*?^}$", re.MULTILINE)
JS_HELPERS: Mapping[str, str] = {found[1]: found[0] for found in HELPER.finditer(HELPERS)}
JS_WORDS = """abstract arguments await boolean break byte case catch char class const continue debugger default delete
    do double else enum eval export extends false final finally float for function goto if implements import in
    instanceof int interface let long native new null package private protected public return short static super
    switch synchronized this throw throws transient true try typeof undefined var void volatile while with yield
    Array Float64Array Infinity Math NaN Number Set"""
JS_LAYOUT = Layout(
    indent="  ", module="// {0}", function="function {0}({1}) {{", doc="// {0}", assign="const {0} = {1};",
    rebind="{0} = {1};", values="return [{0}];", gradients="return {{ {0} }};", end=("}",),
)  # fmt: skip
JS_MATHEMATICS = (
    (r"\bnp\.pi\b", "Math.PI"),
    (r"\bnp\.(exp|log|log1p|expm1|sin|cos|tan|sinh|cosh|tanh|abs|sign|sqrt)\(", r"Math.\1("),
)
JS_NUMBERS = Language(
    "javascript", True, {**PYTHON_OPERATORS, "sqrt": Op("Math.sqrt({0})")}, JS_LAYOUT,
    rewritten=JS_MATHEMATICS, foreign=r"\b(np|special)\.",
)  # fmt: skip
JAVASCRIPT = Language(
    "javascript", False,
    {
        **{name: Op(f"{name}({{0}}, {{1}})")
           for name in ("add", "subtract", "multiply", "divide", "matmul", "power", "permute", "full", "sum")},
        **{name: Op(f"{name}({{0}})")
           for name in ("negate", "column", "flat", "transpose", "ones", "eye", "diagonal", "trace", "total", "norm",
                        "mean", "squeeze")},
        "sqrt": Op("map(Math.sqrt, {0})"),
        "matrix_power": Op("matrixPower({0}, {1})"),
        "shape": Op("[{0}]"),
        "extent": Op("{0}.shape[{1}]"),
        "tensor": Op("tensor({0})"),
        "place": Op("insertAxes({0}, [{2}])"),
        "swap": Op("transpose({0})"),
        "spread": Op("broadcastTo({0}, {1})"),
        "diagonal_matrix": Op("diagonalMatrix({0})"),
        "square": Op("sumOfSquares({0})"),
        "einsum": Op('einsum("{0}", {1})'),
        "einsum_of_many": Op('einsum("{0}", {1})'),
        "sum_keeping": Op("sumKeeping({0}, {1})"),
        "sum_along": Op("sumKeeping({0}, [{1}])"),
    },
    JS_LAYOUT, rewritten=JS_MATHEMATICS, foreign=r"\b(np|special)\.",
    reserved=frozenset({*JS_WORDS.split(), *JS_HELPERS}), entrywise="map({0}, {1})", numbers=JS_NUMBERS,
)  # fmt: skip

LANGUAGES: Mapping[str, Language] = {language.name: language for language in (NUMPY, JAX, TORCH, JAVASCRIPT)}


def helpers_for(code: str) -> list[str]:
    """The helpers that JavaScript code calls, and those that these call, in the order of the library."""
    used: set[str] = set()
    pending = [code]
    while pending:
        found = {name for name in re.findall(r"(?<![.\w])(\w+)\(", pending.pop()) if name in JS_HELPERS} - used
        used |= found
        pending += [JS_HELPERS[name] for name in found]
    return [text for name, text in JS_HELPERS.items() if name in used]
