"""The table of scalar functions. To add one, add one record here: CONTRIBUTING.md shows how."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
from scipy import special

from handgrad.canonical import as_number, ones, power, scale, zero
from handgrad.expr import Expr
from handgrad.functions.record import Array, Elementwise, Line, Notation

DLMF = "DLMF (NIST Digital Library of Mathematical Functions)"


CUBIC = Fraction(44715, 1_000_000)  # of the cubic term in GELU's approximation
SELU_SCALE = Fraction("1.0507009873554804934")
SELU_ALPHA = Fraction("1.6732632423543772848")
TINY = 1e-25  # a complex step moves the real part by less: such a number is 0


def _positive(x: Array) -> Any:
    return np.real(x) > (0 if np.isrealobj(x) else TINY)


def _absolute(x: Array) -> Array:
    real = np.real(x)
    sign = np.where(np.abs(real) > (0 if np.isrealobj(x) else TINY), np.sign(real), 0)
    value: Array = sign * x  # at 0 its complex step is 0, as the derivative below
    return value


def _erf(x: Array) -> Array:
    return np.asarray(special.erf(x))


def _logaddexp(x: Array, y: Array) -> Array:
    both = np.isrealobj(x) and np.isrealobj(y)
    value: Array = np.logaddexp(x, y) if both else np.log(np.exp(x) + np.exp(y))
    return value


def _sigmoid(x: Array) -> Array:
    value: Array = special.expit(x) if np.isrealobj(x) else 1 / (1 + np.exp(-x))
    return value


def _log_sigmoid(x: Array) -> Array:
    value: Array = special.log_expit(x) if np.isrealobj(x) else -np.log(1 + np.exp(-x))
    return value


def _softplus(x: Array) -> Array:
    value: Array = np.logaddexp(0, x) if np.isrealobj(x) else np.log(1 + np.exp(x))
    return value


def _log1mexp(x: Array) -> Array:
    with np.errstate(divide="ignore", invalid="ignore"):
        value: Array = np.where(x < np.log(2), np.log(-np.expm1(-x)), np.log1p(-np.exp(-x)))
    return value


def _log_cosh(x: Array) -> Array:
    size = np.abs(x)
    near = np.log1p(2 * np.sinh(np.minimum(size, 1) / 2) ** 2)
    value: Array = np.where(size < 1, near, size + np.log1p(np.expm1(-2 * size) / 2))
    return value


exp: Elementwise = Elementwise(
    "exp",
    Notation("exp({0})", r"e^{{0}}", closed=True),
    np.exp,
    (lambda x: exp(x),),
    ("exp",),
    f"{DLMF} 4.2.34",
)
log: Elementwise = Elementwise(
    "log", Notation("log {0}", r"\log {0}"), np.log, (lambda x: 1 / x,), ("log", "ln"), f"{DLMF} 4.2.2"
)
log1p: Elementwise = Elementwise(
    "log1p", Notation("log(1 + {0})", r"\log\left(1 + {0}\right)", closed=True), np.log1p,
    (lambda x: 1 / (1 + x),), ("log1p",), f"{DLMF} 4.2.2", formula=lambda x: log(1 + x),
)  # fmt: skip
expm1: Elementwise = Elementwise(
    "expm1", Notation("(exp({0}) − 1)", r"\left(e^{{0}} - 1\right)", closed=True), np.expm1,
    (lambda x: exp(x),), ("expm1",), f"{DLMF} 4.2.34", formula=lambda x: exp(x) - 1,
)  # fmt: skip
sin: Elementwise = Elementwise(
    "sin", Notation("sin {0}", r"\sin {0}"), np.sin, (lambda x: cos(x),), ("sin",), f"{DLMF} 4.20.1"
)
cos: Elementwise = Elementwise(
    "cos", Notation("cos {0}", r"\cos {0}"), np.cos, (lambda x: -sin(x),), ("cos",), f"{DLMF} 4.20.2"
)
tan: Elementwise = Elementwise(
    "tan", Notation("tan {0}", r"\tan {0}"), np.tan, (lambda x: 1 + tan(x) ** 2,), ("tan",), f"{DLMF} 4.20.3"
)
sinh: Elementwise = Elementwise(
    "sinh", Notation("sinh {0}", r"\sinh {0}"), np.sinh, (lambda x: cosh(x),), ("sinh",), f"{DLMF} 4.34.1"
)
cosh: Elementwise = Elementwise(
    "cosh", Notation("cosh {0}", r"\cosh {0}"), np.cosh, (lambda x: sinh(x),), ("cosh",), f"{DLMF} 4.34.2"
)
tanh: Elementwise = Elementwise(
    "tanh", Notation("tanh({0})", r"\tanh\left({0}\right)", closed=True), np.tanh,
    (lambda x: 1 - tanh(x) ** 2,), ("tanh",), f"{DLMF} 4.34.3",
    formula=lambda x: (exp(x) - exp(-x)) / (exp(x) + exp(-x)),
    lines=(
        Line(
            lambda x: ((exp(x) + exp(-x)) ** 2 - (exp(x) - exp(-x)) ** 2) / (exp(x) + exp(-x)) ** 2,
            "quotient rule: (eˣ − e⁻ˣ)′ = eˣ + e⁻ˣ and (eˣ + e⁻ˣ)′ = eˣ − e⁻ˣ",
        ),
        Line(lambda x: 1 - ((exp(x) - exp(-x)) / (exp(x) + exp(-x))) ** 2, "divide each term by (eˣ + e⁻ˣ)²"),
        Line(lambda x: 1 - tanh(x) ** 2, "definition of tanh"),
    ),
)  # fmt: skip
arcsin: Elementwise = Elementwise(
    "arcsin", Notation("arcsin {0}", r"\arcsin {0}"), np.arcsin, (lambda x: (1 - x**2) ** Fraction(-1, 2),),
    ("arcsin", "asin"), f"{DLMF} 4.24.7", spell={"javascript": "Math.asin({0})"},
)  # fmt: skip
arccos: Elementwise = Elementwise(
    "arccos", Notation("arccos {0}", r"\arccos {0}"), np.arccos, (lambda x: -((1 - x**2) ** Fraction(-1, 2)),),
    ("arccos", "acos"), f"{DLMF} 4.24.8", spell={"javascript": "Math.acos({0})"},
)  # fmt: skip
arctan: Elementwise = Elementwise(
    "arctan", Notation("arctan {0}", r"\arctan {0}"), np.arctan, (lambda x: 1 / (1 + x**2),), ("arctan", "atan"),
    f"{DLMF} 4.24.9",
    spell={"javascript": "Math.atan({0})"},
)  # fmt: skip
arsinh: Elementwise = Elementwise(
    "arsinh", Notation("arsinh {0}", r"\operatorname{arsinh} {0}"), np.arcsinh,
    (lambda x: (1 + x**2) ** Fraction(-1, 2),), ("arcsinh", "asinh", "arsinh"), f"{DLMF} 4.38.1",
    code="np.arcsinh({0})", spell={"javascript": "Math.asinh({0})"},
)  # fmt: skip
arcosh: Elementwise = Elementwise(
    "arcosh", Notation("arcosh {0}", r"\operatorname{arcosh} {0}"), np.arccosh,
    (lambda x: (x - 1) ** Fraction(-1, 2) * (x + 1) ** Fraction(-1, 2),), ("arccosh", "acosh", "arcosh"),
    f"{DLMF} 4.38.2", code="np.arccosh({0})",
    spell={"javascript": "Math.acosh({0})"},
)  # fmt: skip
artanh: Elementwise = Elementwise(
    "artanh", Notation("artanh {0}", r"\operatorname{artanh} {0}"), np.arctanh, (lambda x: 1 / (1 - x**2),),
    ("arctanh", "atanh", "artanh"), f"{DLMF} 4.38.3", code="np.arctanh({0})",
    spell={"javascript": "Math.atanh({0})"},
)  # fmt: skip
log2: Elementwise = Elementwise(
    "log2", Notation("log₂ {0}", r"\log_2 {0}"), np.log2, (lambda x: 1 / (x * _log_of(2, x)),), ("log2",),
    f"{DLMF} 4.2.2 by 4.2.10", formula=lambda x: log(x) / _log_of(2, x),
    spell={"javascript": "Math.log2({0})"},
)  # fmt: skip
log10: Elementwise = Elementwise(
    "log10", Notation("log₁₀ {0}", r"\log_{10} {0}"), np.log10, (lambda x: 1 / (x * _log_of(10, x)),), ("log10",),
    f"{DLMF} 4.2.2 by 4.2.10", formula=lambda x: log(x) / _log_of(10, x),
    spell={"javascript": "Math.log10({0})"},
)  # fmt: skip
sigmoid: Elementwise = Elementwise(
    "sigmoid", Notation("σ({0})", r"\sigma\left({0}\right)", closed=True), _sigmoid,
    (lambda x: sigmoid(x) * (1 - sigmoid(x)),), ("sigmoid", "expit", "sigma", "logistic"),
    "Bishop, Pattern Recognition and Machine Learning (2006), eq. 4.88",
    formula=lambda x: 1 / (1 + exp(-x)),
    lines=(
        Line(lambda x: exp(-x) / (1 + exp(-x)) ** 2, "chain rule on (1 + e⁻ˣ)⁻¹: −(1 + e⁻ˣ)⁻² · (−e⁻ˣ)"),
        Line(
            lambda x: 1 / (1 + exp(-x)) * (1 - 1 / (1 + exp(-x))),
            "take 1/(1 + e⁻ˣ) out and write what is left, e⁻ˣ/(1 + e⁻ˣ), as (1 + e⁻ˣ − 1)/(1 + e⁻ˣ)",
        ),
        Line(lambda x: sigmoid(x) * (1 - sigmoid(x)), "definition of σ"),
    ),
    code="special.expit({0})", write=special.expit,
    spell={"jax": "jax.nn.sigmoid({0})", "torch": "torch.sigmoid({0})", "javascript": "1 / (1 + Math.exp(-{0}))"},
)  # fmt: skip
log_sigmoid: Elementwise = Elementwise(
    "log_sigmoid", Notation("log σ({0})", r"\log \sigma\left({0}\right)", closed=True), _log_sigmoid,
    (lambda x: sigmoid(-x),), ("log_sigmoid", "log_expit", "logsigmoid"),
    "Bishop (2006), eq. 4.88 by the chain rule", formula=lambda x: log(sigmoid(x)),
    code="special.log_expit({0})", write=special.log_expit,
    spell={"jax": "jax.nn.log_sigmoid({0})",
           "torch": "torch.nn.functional.logsigmoid({0})",
           "javascript": "Math.min({0}, 0) - Math.log1p(Math.exp(-Math.abs({0})))"},
)  # fmt: skip
softplus: Elementwise = Elementwise(
    "softplus", Notation("softplus({0})", r"\operatorname{softplus}\left({0}\right)", closed=True), _softplus,
    (lambda x: sigmoid(x),), ("softplus",), "Dugas et al., NIPS 2000, eq. 3", formula=lambda x: log(1 + exp(x)),
    code="np.logaddexp(0, {0})", write=lambda x, out: np.logaddexp(0, x, out=out),
    spell={"torch": "torch.logaddexp({0}, torch.zeros_like({0}))",
           "javascript": "Math.max({0}, 0) + Math.log1p(Math.exp(-Math.abs({0})))"},
)  # fmt: skip
relu: Elementwise = Elementwise(
    "relu", Notation("relu({0})", r"\operatorname{ReLU}\left({0}\right)", closed=True),
    lambda x: np.where(_positive(x), x, 0), (lambda x: step(x),), ("relu", "ReLU"),
    "Nair and Hinton, ICML 2010; the derivative at 0 is taken as 0", initial_gain=2.0,
    code="np.maximum({0}, 0)", write=lambda x, out: np.maximum(x, 0, out=out),
    spell={"torch": "torch.relu({0})", "javascript": "Math.max({0}, 0)"},
)  # fmt: skip
step: Elementwise = Elementwise(
    "step", Notation("[{0} > 0]", r"\mathbb{1}\left[{0} > 0\right]", closed=True),
    lambda x: np.where(_positive(x), 1.0, 0.0), (lambda x: zero(x.shape),), ("step",),
    "Iverson bracket (Knuth, Two notes on notation, 1992)",
    code="np.where({0} > 0, 1.0, 0.0)", factor="({0} > 0)", write=lambda x, out: np.greater(x, 0, out=out),
    spell={"torch": "({0} > 0).to({0}.dtype)", "javascript": "({0} > 0 ? 1 : 0)"},
)  # fmt: skip
absolute: Elementwise = Elementwise(
    "abs", Notation("|{0}|", r"\left|{0}\right|", closed=True), _absolute,
    (lambda x: sign(x),), ("abs", "absolute"), "the derivative at 0 is taken as 0",
    code="np.abs({0})", write=np.abs, total=Notation("‖{0}‖₁", r"\left\lVert {0} \right\rVert_1", closed=True),
)  # fmt: skip
sign: Elementwise = Elementwise(
    "sign", Notation("sign({0})", r"\operatorname{sign}\left({0}\right)", closed=True),
    lambda x: np.sign(np.real(x)), (lambda x: zero(x.shape),), ("sign",), f"{DLMF} 1.16.57",
    code="np.sign({0})", write=np.sign,
)  # fmt: skip
leaky_relu: Elementwise = Elementwise(
    "leaky_relu", Notation("leaky_relu({0})", r"\operatorname{LeakyReLU}\left({0}\right)", closed=True),
    lambda x: np.where(_positive(x), x, 0.01 * x), (lambda x: (99 * step(x) + 1) / 100,), ("leaky_relu", "LeakyReLU"),
    "Maas, Hannun and Ng, ICML 2013, slope 1/100", initial_gain=2.0,
    code="np.where({0} > 0, {0}, 0.01 * {0})",
    spell={"javascript": "({0} > 0 ? {0} : 0.01 * {0})"},
)  # fmt: skip
elu: Elementwise = Elementwise(
    "elu", Notation("elu({0})", r"\operatorname{ELU}\left({0}\right)", closed=True),
    lambda x: np.where(_positive(x), x, np.expm1(np.where(_positive(x), 0, x))),
    (lambda x: step(x) + (1 - step(x)) * (elu(x) + 1),), ("elu", "ELU"),
    "Clevert, Unterthiner and Hochreiter, ICLR 2016, eq. 15, α = 1", initial_gain=2.0,
    code="np.where({0} > 0, {0}, np.expm1(np.minimum({0}, 0)))",
    spell={"torch": "torch.nn.functional.elu({0})", "javascript": "({0} > 0 ? {0} : Math.expm1({0}))"},
)  # fmt: skip
silu: Elementwise = Elementwise(
    "silu", Notation("silu({0})", r"\operatorname{SiLU}\left({0}\right)", closed=True), lambda x: x * _sigmoid(x),
    (lambda x: sigmoid(x) * (1 + x * (1 - sigmoid(x))),), ("silu", "swish", "SiLU"),
    "Elfwing, Uchibe and Doya, Neural Networks 107 (2018), eq. 5", formula=lambda x: x * sigmoid(x), initial_gain=2.0,
    code="({0} * special.expit({0}))",
    spell={"jax": "jax.nn.silu({0})",
           "torch": "torch.nn.functional.silu({0})",
           "javascript": "{0} / (1 + Math.exp(-{0}))"},
)  # fmt: skip
softsign: Elementwise = Elementwise(
    "softsign", Notation("softsign({0})", r"\operatorname{softsign}\left({0}\right)", closed=True),
    lambda x: x / (1 + _absolute(x)), (lambda x: (1 + absolute(x)) ** -2,), ("softsign",),
    "Glorot and Bengio, AISTATS 2010", formula=lambda x: x / (1 + absolute(x)),
    code="({0} / (1 + np.abs({0})))",
)  # fmt: skip
identity: Elementwise = Elementwise(
    "identity", Notation("{0}", "{0}", closed=True), lambda x: +x, (lambda x: ones(x.shape),), ("identity", "linear"),
    "the identity function", formula=lambda x: x, code="{0}",
)  # fmt: skip
pi: Elementwise = Elementwise(
    "pi", Notation("π", r"\pi", closed=True), lambda x: np.full_like(x, np.pi), (lambda x: zero(x.shape),), (),
    f"{DLMF} 3.12.1; a constant, written as a function of 1", code="np.pi",
)  # fmt: skip
erf: Elementwise = Elementwise(
    "erf", Notation("erf({0})", r"\operatorname{erf}\left({0}\right)", closed=True), _erf,
    (lambda x: 2 * exp(-(x**2)) / _root(pi(ones(x.shape))),), ("erf",), f"{DLMF} 7.2.1",
    code="special.erf({0})", write=special.erf,
    spell={"javascript": "erf({0})"},
)  # fmt: skip
erfc: Elementwise = Elementwise(
    "erfc", Notation("erfc({0})", r"\operatorname{erfc}\left({0}\right)", closed=True),
    lambda x: np.asarray(special.erfc(x)), (lambda x: -2 * exp(-(x**2)) / _root(pi(ones(x.shape))),), ("erfc",),
    f"{DLMF} 7.2.2", code="special.erfc({0})", write=special.erfc,
    spell={"javascript": "erfc({0})"},
)  # fmt: skip
logit: Elementwise = Elementwise(
    "logit", Notation("logit({0})", r"\operatorname{logit}\left({0}\right)", closed=True),
    lambda x: special.logit(x) if np.isrealobj(x) else np.log(x / (1 - x)), (lambda x: 1 / (x * (1 - x)),),
    ("logit",), "Bishop (2006), eq. 4.60", formula=lambda x: log(x / (1 - x)), code="special.logit({0})",
    write=special.logit, spell={"javascript": "Math.log({0} / (1 - {0}))"},
)  # fmt: skip
gelu: Elementwise = Elementwise(
    "gelu", Notation("gelu({0})", r"\operatorname{GELU}\left({0}\right)", closed=True),
    lambda x: x * (1 + _erf(x / np.sqrt(2))) / 2,
    (lambda x: (1 + erf(x / _root_of(2, x))) / 2 + x * exp(-(x**2) / 2) / _root(2 * pi(ones(x.shape))),),
    ("gelu", "GELU"), "Hendrycks and Gimpel, Gaussian Error Linear Units (2016), eq. 1: x Φ(x)",
    formula=lambda x: x * (1 + erf(x / _root_of(2, x))) / 2,
    code="({0} * (1 + special.erf({0} / np.sqrt(2))) / 2)", initial_gain=2.0,
    spell={"torch": "torch.nn.functional.gelu({0})", "javascript": "{0} * (1 + erf({0} / Math.SQRT2)) / 2"},
)  # fmt: skip
gelu_tanh: Elementwise = Elementwise(
    "gelu_tanh", Notation("gelu_tanh({0})", r"\operatorname{GELU}_{\tanh}\left({0}\right)", closed=True),
    lambda x: x * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3))) / 2,
    (lambda x: (1 + tanh(_inner(x))) / 2
     + x * (1 - tanh(_inner(x)) ** 2) * (1 + 3 * CUBIC * x**2) * _root(2 / pi(ones(x.shape))) / 2,),
    ("gelu_tanh", "gelu_new"), "Hendrycks and Gimpel (2016), section 2: the approximation by tanh",
    formula=lambda x: x * (1 + tanh(_inner(x))) / 2,
    code="({0} * (1 + np.tanh(np.sqrt(2 / np.pi) * ({0} + 0.044715 * {0} ** 3))) / 2)", initial_gain=2.0,
    spell={"torch": 'torch.nn.functional.gelu({0}, approximate="tanh")'},
)  # fmt: skip
selu: Elementwise = Elementwise(
    "selu", Notation("selu({0})", r"\operatorname{SELU}\left({0}\right)", closed=True),
    lambda x: float(SELU_SCALE) * np.where(_positive(x), x, float(SELU_ALPHA) * np.expm1(np.where(_positive(x), 0, x))),
    (lambda x: SELU_SCALE * step(x) + (1 - step(x)) * (selu(x) + SELU_SCALE * SELU_ALPHA),), ("selu", "SELU"),
    "Klambauer et al., Self-Normalizing Neural Networks, NIPS 2017, eq. 2",
    code=f"({float(SELU_SCALE)} * np.where({{0}} > 0, {{0}}, {float(SELU_ALPHA)} * np.expm1(np.minimum({{0}}, 0))))",
    spell={"torch": "torch.nn.functional.selu({0})",
           "javascript": f"{float(SELU_SCALE)} * ({{0}} > 0 ? {{0}} : {float(SELU_ALPHA)} * Math.expm1({{0}}))"},
)  # fmt: skip
mish: Elementwise = Elementwise(
    "mish", Notation("mish({0})", r"\operatorname{Mish}\left({0}\right)", closed=True),
    lambda x: x * np.tanh(_softplus(x)),
    (lambda x: tanh(softplus(x)) + x * (1 - tanh(softplus(x)) ** 2) * sigmoid(x),), ("mish", "Mish"),
    "Misra, Mish: A Self Regularized Non-Monotonic Activation Function (2019), eq. 1",
    formula=lambda x: x * tanh(softplus(x)), code="({0} * np.tanh(np.logaddexp(0, {0})))", initial_gain=2.0,
    spell={"torch": "torch.nn.functional.mish({0})",
           "javascript": "{0} * Math.tanh(Math.max({0}, 0) + Math.log1p(Math.exp(-Math.abs({0}))))"},
)  # fmt: skip


log1mexp: Elementwise = Elementwise(
    "log1mexp", Notation("log(1 − exp(−{0}))", r"\log\left(1 - e^{-{0}}\right)", closed=True), _log1mexp,
    (lambda x: 1 / expm1(x),), (), "Mächler, Accurately Computing log(1 − exp(−|a|)) (2012)",
    formula=lambda x: log(1 - exp(-x)),
    code="np.where({0} < np.log(2), np.log(-np.expm1(-{0})), np.log1p(-np.exp(-{0})))",
    spell={"torch": "torch.where({0} < 0.693, torch.log(-torch.expm1(-{0})), torch.log1p(-torch.exp(-{0})))",
           "javascript": "({0} < Math.LN2 ? Math.log(-Math.expm1(-{0})) : Math.log1p(-Math.exp(-{0})))"},
)  # fmt: skip
log_cosh: Elementwise = Elementwise(
    "log_cosh", Notation("log cosh({0})", r"\log \cosh\left({0}\right)", closed=True), _log_cosh,
    (lambda x: tanh(x),), (), f"{DLMF} 4.35.2: cosh x = 1 + 2 sinh²(x/2), and (1 + e⁻²ˣ) eˣ/2",
    formula=lambda x: log(cosh(x)),
    code="np.where(np.abs({0}) < 1, np.log1p(2 * np.sinh(np.clip({0}, -1, 1) / 2) ** 2), "
         "np.abs({0}) + np.log1p(np.expm1(-2 * np.abs({0})) / 2))",
    spell={"javascript": "(Math.abs({0}) < 1 ? Math.log1p(2 * Math.sinh({0} / 2) ** 2) : "
           "Math.abs({0}) + Math.log1p(Math.expm1(-2 * Math.abs({0})) / 2))"},
)  # fmt: skip
logaddexp: Elementwise = Elementwise(
    "logaddexp", Notation("logaddexp({0}, {1})", r"\operatorname{logaddexp}\left({0}, {1}\right)", closed=True),
    _logaddexp, (lambda x, y: sigmoid(x - y), lambda x, y: sigmoid(y - x)), ("logaddexp",),
    "log(eˣ + eʸ), the larger one taken out", formula=lambda x, y: log(exp(x) + exp(y)), code="np.logaddexp({0}, {1})",
    write=np.logaddexp,
    spell={"javascript": "Math.max({0}, {1}) + Math.log1p(Math.exp(-Math.abs({0} - {1})))"},
    rewrite=lambda x, y: softplus(y) if as_number(x) == 0 else softplus(x) if as_number(y) == 0 else None,
)  # fmt: skip


def _polygamma(order: int) -> Elementwise:
    """The derivative of the digamma function, `order` times."""
    name = {1: "trigamma", 2: "tetragamma"}.get(order, f"polygamma{order}")
    sign = {1: "ψ′", 2: "ψ″"}.get(order, f"ψ⁽{str(order).translate(RAISED)}⁾")

    def value(x: Array) -> Array:
        if np.isrealobj(x):
            return np.asarray(special.polygamma(order, x))
        slope = special.polygamma(order + 1, np.real(x))  # SciPy has no complex polygamma: a step along it
        return np.asarray(special.polygamma(order, np.real(x)) + 1j * np.imag(x) * slope)

    return Elementwise(
        name, Notation(f"{sign}({{0}})", rf"\psi^{{({order})}}\left({{0}}\right)", closed=True), value,
        (lambda x: _polygamma(order + 1)(x),), (name,), f"{DLMF} 5.15.1", code=f"special.polygamma({order}, {{0}})",
    )  # fmt: skip


RAISED = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
trigamma: Elementwise = _polygamma(1)
digamma: Elementwise = Elementwise(
    "digamma", Notation("ψ({0})", r"\psi\left({0}\right)", closed=True), lambda x: np.asarray(special.digamma(x)),
    (lambda x: trigamma(x),), ("digamma",), f"{DLMF} 5.2.2", code="special.digamma({0})", write=special.digamma,
)  # fmt: skip
gammaln: Elementwise = Elementwise(
    "gammaln", Notation("log Γ({0})", r"\log \Gamma\left({0}\right)", closed=True),
    lambda x: np.where(np.real(x) > 0, special.gammaln(x) if np.isrealobj(x) else special.loggamma(x), np.nan),
    (lambda x: digamma(x),), ("gammaln", "loggamma", "lgamma"), f"{DLMF} 5.2.2, for a positive argument",
    code="special.gammaln({0})", write=special.gammaln,
)  # fmt: skip


def _log_of(number: int, like: Expr) -> Expr:
    return log(scale(number, ones(like.shape)))


def _root(x: Expr) -> Expr:
    return power(x, Fraction(1, 2))


def _root_of(number: int, like: Expr) -> Expr:
    return _root(scale(number, ones(like.shape)))


def _inner(x: Expr) -> Expr:
    return _root(2 / pi(ones(x.shape))) * (x + CUBIC * x**3)


TABLE: tuple[Elementwise, ...] = (
    exp, log, log1p, expm1, sin, cos, tan, sinh, cosh, tanh, arctan, sigmoid, log_sigmoid, softplus, relu, step,
    absolute, sign, leaky_relu, elu, silu, softsign, identity, erf, gelu, gelu_tanh, selu, mish, arcsin, arccos, arsinh,
    arcosh, artanh, log2, log10, erfc, logit, gammaln, digamma, trigamma,
)  # fmt: skip
# These are what is run where a logarithm or a difference loses digits.
SAFE: tuple[Elementwise, ...] = (log1mexp, log_cosh, logaddexp, erfc, logit)
