"""The rules of random expressions: each makes a text of a wanted shape, or None where it does not apply."""

from __future__ import annotations

from itertools import pairwise
from string import ascii_lowercase

from expression_generator import ONE, Dim, Generator, Rule, Shape

SMOOTH = (
    "sin cos tanh sigmoid expit softplus arctan silu swish gelu gelu_tanh erf erfc mish softsign exp expm1 sinh cosh "
    "log_sigmoid arcsinh selu elu relu leaky_relu square negative log_expit tan exp2"
).split()
POSITIVE = "log sqrt log1p log2 log10 reciprocal gammaln digamma entr".split()
COMPARISONS = ("<", "<=", ">", ">=")


# Entry by entry


def arithmetic(g: Generator, shape: Shape, depth: int) -> str:
    parts = [g.of(shape, depth), g.of(g.partner(shape) if g.chance(0.4) else shape, depth)]
    if g.chance(0.5):
        parts.reverse()
    signs = ("+", "-", "*") if parts[0] != parts[1] else ("+", "*")  # u − u needs no u
    return f"({parts[0]} {g.pick(*signs)} {parts[1]})"


def scaled(g: Generator, shape: Shape, depth: int) -> str:
    factor = g.pick("2", "0.5", "-1", "3", "pi", "1.5", g.pick(*g.sizes))
    inner = g.of(shape, depth)
    return g.pick(f"({factor} * {inner})", f"({inner} * {factor})", f"({inner} / {factor})", f"(1 - {inner})",
                  f"({inner} - 0.5)", f"-{inner}")  # fmt: skip


def function(g: Generator, shape: Shape, depth: int) -> str:
    name = g.pick(*SMOOTH)
    prefix = "np." if g.chance(0.1) and name in ("sin", "cos", "tanh", "exp", "arctan") else ""
    return f"{prefix}{name}({g.of(shape, depth)})"


def of_positive(g: Generator, shape: Shape, depth: int) -> str:
    return f"{g.pick(*POSITIVE)}({g.positive(shape, depth)})"


def bounded(g: Generator, shape: Shape, depth: int) -> str:
    inner = f"(0.9 * {g.pick('tanh', 'sin', 'softsign')}({g.of(shape, depth)}))"
    match g.pick("logit", "arccosh", "arcsin", "arccos", "arctanh"):
        case "logit":
            return f"logit(sigmoid({g.of(shape, depth)}))"
        case "arccosh":
            return f"arccosh(1.2 + {g.positive(shape, depth)})"
        case name:
            return f"{name}({inner})"


def quotient(g: Generator, shape: Shape, depth: int) -> str:
    return f"({g.of(shape, depth)} / {g.positive(g.partner(shape) if g.chance(0.4) else shape, depth)})"


def power(g: Generator, shape: Shape, depth: int) -> str:
    match g.pick("whole", "root", "symbolic", "base", "call"):
        case "whole":
            return f"({g.of(shape, depth)} ** {g.pick('2', '3', '4')})"
        case "root":
            return f"({g.positive(shape, depth)} ** {g.pick('0.5', '(-1)', '1.5', '-2', '(1/3)', '(-0.5)')})"
        case "symbolic":
            return f"({g.positive(shape, depth)} ** {g.of(g.partner(shape), depth)})"
        case "base":
            return f"({g.pick('2', '1.5', 'n', '0.5')} ** {g.of(shape, depth)})"
    return f"power({g.positive(shape, depth)}, {g.of(shape, depth)})"


def choice(g: Generator, shape: Shape, depth: int) -> str:
    test = f"{g.of(g.partner(shape), 0)} {g.pick(*COMPARISONS)} {g.pick('0', '0.5', g.of(g.partner(shape), 0))}"
    first, second = g.of(shape, depth), g.pick(g.of(g.partner(shape), depth), "0", "1")
    return f"where({test}, {first}, {second})" if g.chance(0.5) else f"where({test}, {second}, {first})"


def masked(g: Generator, shape: Shape, depth: int) -> str:
    test = f"({g.of(shape, 0)} {g.pick(*COMPARISONS)} {g.pick('0', '0.3', '-0.2', g.of(g.partner(shape), 0))})"
    return f"({test} * {g.of(shape, depth)})"


def extremes(g: Generator, shape: Shape, depth: int) -> str:
    inner, name = g.of(shape, depth), g.pick("maximum", "minimum")
    match g.pick("number", "two", "three", "clip", "abs", "sign"):
        case "number":
            return f"{name}({inner}, {g.pick('0', '0.5', '-1')})" if g.chance(0.5) else f"{name}(0.1, {inner})"
        case "two":
            return f"{name}({inner}, {g.of(g.partner(shape), depth)})"
        case "three":
            return f"{name}({name}({inner}, {g.of(shape, 0)}), {g.of(shape, 0)})"
        case "clip":
            low, high = g.pick("0", "-0.5", g.of(g.partner(shape), 0)), g.pick("0.8", "1.5")
            return f"clip({inner}, {low}, {high})"
        case "abs":
            return f"abs({inner})"
    return f"(sign({g.of(shape, 0)}) * {inner})"


def of_two(g: Generator, shape: Shape, depth: int) -> str:
    inner, other = g.of(shape, depth), g.partner(shape)
    match g.pick("arctan2", "logaddexp", "xlogy", "rel_entr", "kl_div"):
        case "arctan2":
            return f"arctan2({inner}, {g.of(other, depth)})"
        case "logaddexp":
            return f"logaddexp({inner}, {g.of(other, depth)})"
        case "xlogy":
            return f"xlogy({inner}, {g.positive(other, depth)})"
        case name:
            return f"{name}({g.positive(shape, depth)}, {g.positive(shape, depth)})"


# Along axes


def softmax(g: Generator, shape: Shape, depth: int) -> str | None:
    if not shape:
        return None
    axis = "" if g.chance(0.5) else f", axis={g.signed(g.axis(shape), len(shape))}"
    return f"{g.pick('softmax', 'log_softmax')}({g.of(shape, depth)}{axis})"


def reduction(g: Generator, shape: Shape, depth: int) -> str | None:
    more = g.placed(shape, g.size())
    if more is None:
        return None
    inner, axis = g.of(more[0], depth), g.signed(more[1], len(more[0]))
    name = g.pick("sum", "sum", "mean", "max", "min", "logsumexp", "var", "std", "norm", "prod")
    if name in ("sum", "mean", "max") and g.chance(0.3):
        return f"({inner}).{name}({axis})" if name != "max" and g.chance(0.5) else f"({inner}).{name}(axis={axis})"
    if name == "norm" and g.chance(0.4):
        return f"norm({inner}, {g.pick('1', '2', 'inf')}, axis={axis})"
    return f"{name}({inner}, axis={axis})"


def double_reduction(g: Generator, shape: Shape, depth: int) -> str | None:
    one = g.placed(shape, g.size())
    two = g.placed(one[0], g.size()) if one else None
    if one is None or two is None:
        return None
    first = one[1] if one[1] < two[1] else one[1] + 1
    axes = f"({two[1]}, {first})" if g.chance(0.5) else f"({first}, {two[1]})"
    return f"{g.pick('sum', 'mean', 'max', 'var', 'logsumexp', 'std')}({g.of(two[0], depth)}, axis={axes})"


def kept(g: Generator, shape: Shape, depth: int) -> str | None:
    """Centred, scaled or normalised along an axis: keepdims and broadcasting."""
    if not shape:
        return None
    axis, inner = g.signed(g.axis(shape), len(shape)), g.of(shape, depth)
    match g.pick("centre", "max", "share", "scale", "norm"):
        case "centre":
            return f"({inner} - mean({inner}, axis={axis}, keepdims=True))"
        case "max":
            return f"exp({inner} - max({inner}, axis={axis}, keepdims=True))"
        case "share":
            inner = g.positive(shape, depth)
            return f"({inner} / sum({inner}, axis={axis}, keepdims=True))"
        case "scale":
            centred = f"({inner} - mean({inner}, axis={axis}, keepdims=True))"
            return f"({centred} / sqrt(var({inner}, axis={axis}, keepdims=True) + 0.1))"
    return f"({inner} / (norm({inner}, axis={axis}, keepdims=True) + 0.5))"


def running(g: Generator, shape: Shape, depth: int) -> str | None:
    if not shape:
        return None
    axis = g.signed(g.axis(shape), len(shape))
    given = "" if len(shape) == 1 and g.chance(0.5) else f", axis={axis}"
    return f"{g.pick('cumsum', 'flip')}({g.of(shape, depth)}{given or f', axis={axis}'})"


# Pieces


def sliced(g: Generator, shape: Shape, depth: int) -> str | None:
    if not shape:
        return None
    axis = g.axis(shape)
    dim = shape[axis]
    cuts = [
        (dim + 1, "1:"), (dim + 1, ":-1"), (dim + 2, "1:-1"), (dim + 2, "2:"), (dim, "::-1"), (dim * 2 - 1, "::2"),
        (dim * 2, "::2"), (dim + 1, f":{dim}"), (dim * 2, f"{dim}:"), (dim + 2, f"1:{dim + 1}"), (dim * 2, "1::2"),
        (dim + 3, f"-{dim}:" if dim.is_name or dim.number else "3:"), (dim * 3, "1::3"),
    ]  # fmt: skip
    size, cut = cuts[g.number(0, len(cuts) - 1)]
    source = (*shape[:axis], size, *shape[axis + 1 :])
    if not g.fits(source):
        return None
    front = [":"] * axis if g.chance(0.6) or axis != len(shape) - 1 else ["..."]
    back = [":"] * (len(shape) - axis - 1) if g.chance(0.3) else []
    return f"{g.of(source, depth)}[{', '.join([*front, cut, *back])}]"


def item(g: Generator, shape: Shape, depth: int) -> str | None:
    more = g.placed(shape, g.size())
    if more is None:
        return None
    source, axis = more
    place = g.pick("0", "-1", str(g.number(0, g.length(source[axis]) - 1)) if source[axis].number else "1")
    if place == "1" and g.length(source[axis]) < 2:
        place = "0"
    front = ["..."] if axis == len(shape) and g.chance(0.5) else [":"] * axis
    return f"{g.of(source, depth)}[{', '.join([*front, place])}]"


def inserted(g: Generator, shape: Shape, depth: int) -> str | None:
    """Outer sums and products by new axes."""
    if len(shape) < 2:
        return None
    cut = g.number(1, len(shape) - 1)
    first = ", ".join([*[":"] * cut, *["None"] * (len(shape) - cut)])
    second = ", ".join([*["None"] * cut, *[":"] * (len(shape) - cut)])
    return f"({g.of(shape[:cut], depth)}[{first}] {g.pick('+', '-', '*')} {g.of(shape[cut:], depth)}[{second}])"


def gathered(g: Generator, shape: Shape, depth: int) -> str | None:
    """Rows by number; for a vector also one entry of each row."""
    if not shape:
        return None
    size = g.size()
    if g.chance(0.4) and g.fits((shape[0], size, *shape[1:])):
        return f"{g.of((shape[0], size, *shape[1:]), depth)}[arange({shape[0]}), {g.counter(shape[:1], size)}]"
    taken = 2 if len(shape) > 1 and g.chance(0.3) else 1
    return f"{g.of((size, *shape[taken:]), depth)}[{g.counter(shape[:taken], size)}]"


def concatenated(g: Generator, shape: Shape, depth: int) -> str | None:
    if not shape:
        return None
    axis = g.axis(shape)
    first = ONE if g.chance(0.5) else Dim.of(2) if g.chance(0.5) else g.size()
    rest = shape[axis] - first
    if g.length(rest) < 1 or not rest.terms or any(f < 0 and names for names, f in rest.terms):
        return None
    parts = [g.of((*shape[:axis], part, *shape[axis + 1 :]), depth) for part in (first, rest)]
    if g.chance(0.5):
        parts.reverse()
    given = "" if axis == 0 and g.chance(0.5) else f", axis={g.signed(axis, len(shape))}"
    return f"concatenate([{', '.join(parts)}]{given})"


def stacked(g: Generator, shape: Shape, depth: int) -> str | None:
    places = [k for k, dim in enumerate(shape) if dim.number in (2, 3)]
    if not places:
        return None
    axis = places[g.number(0, len(places) - 1)]
    parts = [g.of((*shape[:axis], *shape[axis + 1 :]), depth) for _ in range(shape[axis].number or 2)]
    given = "" if axis == 0 and g.chance(0.5) else f", axis={g.signed(axis, len(shape))}"
    return f"stack([{', '.join(parts)}]{given})"


def reshaped(g: Generator, shape: Shape, depth: int) -> str | None:
    """Two axes from one, or one from two."""
    axis = g.axis(shape) if shape else 0
    if len(shape) > 1 and axis < len(shape) - 1 and g.chance(0.6):
        source = (*shape[:axis], shape[axis] * shape[axis + 1], *shape[axis + 2 :])
    elif shape and len(shape[axis].terms) == 1 and len(shape[axis].terms[0][0]) == 2:
        one, other = (Dim.of(name) for name in shape[axis].terms[0][0])
        source = (*shape[:axis], one, other, *shape[axis + 1 :])
    else:
        return None
    if not g.fits(source) or len(source) > 4:
        return None
    open_ = g.axis(shape) if g.chance(0.4) else -1
    lengths = ["-1" if k == open_ else str(dim) for k, dim in enumerate(shape)]
    return f"reshape({g.of(source, depth)}, ({', '.join(lengths)}{',' if len(lengths) == 1 else ''}))"


def reordered(g: Generator, shape: Shape, depth: int) -> str | None:
    if len(shape) < 2:
        return None
    if len(shape) == 2 and g.chance(0.5):
        inner = g.of(shape[::-1], depth)
        return g.pick(f"({inner}).T", f"transpose({inner})", f"swapaxes({inner}, 0, 1)")
    order = g.order(shape)
    source: list[Dim] = [ONE] * len(shape)
    for new, old in enumerate(order):
        source[old] = shape[new]
    moved = [k for k, old in enumerate(order) if k != old]
    inner = g.of(tuple(source), depth)
    if len(moved) == 2 and g.chance(0.7):
        return f"swapaxes({inner}, {g.signed(moved[0], len(shape))}, {g.signed(moved[1], len(shape))})"
    return f"transpose({inner}, ({', '.join(map(str, order))}))"


def triangular(g: Generator, shape: Shape, depth: int) -> str | None:
    if len(shape) < 2:
        return None
    shift = g.pick("", ", -1", ", 1", ", k=1")
    return f"{g.pick('tril', 'triu')}({g.of(shape, depth)}{shift})"


# Products


def matmul(g: Generator, shape: Shape, depth: int) -> str | None:
    """Of vectors, matrices and stacks of them."""
    joint = g.size()
    match len(shape):
        case 0:
            left, right = (joint,), (joint,)
        case 1 if g.chance(0.5):
            left, right = (*shape, joint), (joint,)
        case 1:
            left, right = (joint,), (joint, *shape)
        case 2:
            left, right = (shape[0], joint), (joint, shape[1])
        case _:
            left, right = (*shape[:-1], joint), (*shape[:-2], joint, shape[-1])
            match g.pick("both", "right", "left", "one"):
                case "right":
                    left = left[-2:]
                case "left":
                    right = right[g.number(0, len(right) - 2) :]
                case "one":
                    left = (ONE, *left[1:])
    if not g.fits(left) or not g.fits(right):
        return None
    one, other = g.of(left, depth), g.of(right, depth)
    return f"{g.pick('matmul', 'dot')}({one}, {other})" if g.chance(0.1) and len(shape) < 3 else f"({one} @ {other})"


def chain(g: Generator, shape: Shape, depth: int) -> str | None:
    """Products of three and more."""
    if len(shape) > 2:
        return None
    sizes = [*shape[:1], g.size(), g.size(), *shape[1:]]
    shapes = list(pairwise(sizes))
    if not shape:
        shapes = [(sizes[0],), (sizes[0], sizes[1]), (sizes[1],)]  # type: ignore[list-item]
    elif len(shape) == 1:
        shapes = [*shapes, (sizes[-1],)]  # type: ignore[list-item]
    return "(" + " @ ".join(g.of(part, depth if k == 1 else 0) for k, part in enumerate(shapes)) + ")"


def outer(g: Generator, shape: Shape, depth: int) -> str | None:
    return f"outer({g.of(shape[:1], depth)}, {g.of(shape[1:], depth)})" if len(shape) == 2 else None


def einsum(g: Generator, shape: Shape, depth: int) -> str | None:
    """A random contraction of two or three values."""
    letters = dict(zip(ascii_lowercase, shape, strict=False))
    out = "".join(letters)
    for extra in "xyz"[: g.number(0 if shape else 1, 2)]:
        letters[extra] = g.size()
    terms: list[str] = []
    for _ in range(g.number(1, 3) if len(letters) < 4 else g.number(2, 3)):
        terms.append("".join(str(c) for c in g.random.permutation([c for c in letters if g.chance(0.6)])))
    missing = [c for c in letters if not any(c in term for term in terms)]
    terms[-1] += "".join(missing)
    shapes = [tuple(letters[c] for c in term) for term in terms]
    if any(not part or not g.fits(part) for part in shapes):
        return None
    args = [g.of(part, depth if k == 0 else 0) for k, part in enumerate(shapes)]
    return f'einsum("{",".join(terms)}->{out}", {", ".join(args)})'


def kronecker(g: Generator, shape: Shape, depth: int) -> str | None:
    if len(shape) != 2:
        return None
    factors: list[tuple[Dim, Dim]] = []
    for dim in shape:
        names = dim.terms[0][0] if len(dim.terms) == 1 else ()
        one, other = (Dim.of(names[0]), Dim.of(names[1])) if len(names) == 2 else (ONE, dim)
        factors.append((one, other) if g.chance(0.5) else (other, one))
    left, right = (f[0] for f in factors), (f[1] for f in factors)
    return f"kron({g.of(tuple(left), depth)}, {g.of(tuple(right), depth)})"


# Of a matrix


def of_square(g: Generator, shape: Shape, depth: int) -> str | None:
    if len(shape) not in (1, 2):
        return None
    if len(shape) == 1:
        return f"solve({g.square(shape[0], depth)}, {g.of(shape, depth)})"
    if shape[0] != shape[1]:
        return f"solve({g.square(shape[0], depth)}, {g.of(shape, depth)})"
    match g.pick("inv", "power", "diag", "eye", "symmetric"):
        case "inv":
            return f"inv({g.square(shape[0], depth)})"
        case "power":
            return f"matrix_power({g.of(shape, depth)}, {g.pick('2', '3')})"
        case "diag":
            return f"diag({g.of(shape[:1], depth)})"
        case "eye" if shape[0].is_name:
            return f"({g.of((), depth)} * eye({shape[0]}) + {g.of(shape, depth)})"
    inner = g.of(shape, depth)
    return f"({inner} + ({inner}).T)"


def diagonal(g: Generator, shape: Shape, depth: int) -> str | None:
    return f"diag({g.of((shape[0], shape[0]), depth)})" if len(shape) == 1 else None


def constant(g: Generator, shape: Shape, depth: int) -> str | None:
    """Ones among the rest."""
    if not shape or not all(dim.is_name or dim.number for dim in shape):
        return None
    return f"({g.of(shape, depth)} {g.pick('+', '-')} {g.pick('ones', 'zeros')}(({', '.join(map(str, shape))},)))"


def alike(g: Generator, shape: Shape, depth: int) -> str:
    """One value in several places: u * v, u + u ** 2, u / (1 + u²)."""
    inner = g.of(shape, depth)
    return g.pick(f"({inner} * sigmoid({inner}))", f"({inner} + {inner} ** 2)", f"({inner} / (1 + {inner} ** 2))",
                  f"({inner} * (1 - {inner}))")  # fmt: skip


# Convolutions


def sliding(g: Generator, shape: Shape, depth: int) -> str | None:
    if len(shape) != 1:
        return None
    width, name = Dim.of(g.number(1, 3)) if g.chance(0.7) else g.size(), g.pick("convolve", "correlate")
    valid = g.chance(0.5)
    size = shape[0] + width - 1 if valid else shape[0] - width + 1
    if g.length(size) < g.length(width) or (any(f < 0 and names for names, f in size.terms)):
        return None
    mode = g.pick('"valid"', 'mode="valid"') if valid else g.pick('"full"', 'mode="full"')
    return f"{name}({g.of((size,), depth)}, {g.of((width,), depth)}, {mode})"


def convolution(g: Generator, shape: Shape, depth: int) -> str | None:
    """conv1d and conv2d with stride, padding, dilation, groups and bias."""
    axes = g.number(1, 2)
    if len(shape) not in (axes + 1, axes + 2):
        return None
    outputs, lengths = shape[-axes - 1], shape[-axes:]
    stride, padding, dilation, kernel = g.pick("1", "1", "2"), g.number(0, 1), g.number(1, 2), g.number(1, 3)
    sizes = tuple((dim - 1) * int(stride) + (kernel - 1) * dilation + 1 - 2 * padding for dim in lengths)
    groups = g.number(1, 2) if outputs.number == 2 else 1
    channels = g.size() if groups == 1 else Dim.of(2 * g.number(1, 2))
    source = (*shape[: -axes - 1], channels, *sizes)
    weight = (outputs, channels if groups == 1 else Dim.of((channels.number or 2) // 2), *[Dim.of(kernel)] * axes)
    if not g.fits(source) or not g.fits(weight):
        return None
    bias = f", {g.of((outputs,), 0)}" if g.chance(0.3) else ""
    options = {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups}
    given = "".join(
        f", {name}={value}" for name, value in options.items() if int(value) != (0 if name == "padding" else 1)
    )
    return f"conv{axes}d({g.of(source, depth)}, {g.of(weight, 0)}{bias}{given})"


def pooled(g: Generator, shape: Shape, depth: int) -> str | None:
    axes = g.number(1, 2)
    if len(shape) < axes:
        return None
    kernel = g.number(2, 3)
    stride = g.number(1, kernel)
    sizes = tuple((dim - 1) * stride + kernel for dim in shape[-axes:])
    source = (*shape[:-axes], *sizes)
    given = "" if stride == kernel else f", stride={stride}"
    return f"avg_pool{axes}d({g.of(source, depth)}, {kernel}{given})" if g.fits(source) else None


# Numbers


def total(g: Generator, _shape: Shape, depth: int) -> str:
    inner = g.of(_whole(g), depth)
    name = g.pick("sum", "sum", "sum", "mean", "mean", "max", "min", "logsumexp", "var", "std", "norm", "prod")
    return f"({inner}).{name}()" if name in ("sum", "mean") and g.chance(0.15) else f"{name}({inner})"


def _whole(g: Generator) -> Shape:
    """A shape of at least one axis, sometimes with lengths that rules make: n·k, n + k, n − 1."""
    while True:
        shape = g.shape() if g.chance(0.5) else g.shape(g.number(1, 2))
        if shape and g.chance(0.3):
            axis, other = g.axis(shape), g.size()
            made = [shape[axis] * other, shape[axis] + other, shape[axis] + 1][g.number(0, 2)]
            shape = (*shape[:axis], made, *shape[axis + 1 :])
        if shape and g.fits(shape):
            return shape


def inner(g: Generator, _shape: Shape, depth: int) -> str:
    shape = _whole(g)
    return f"sum({g.of(shape, depth)} * {g.of(shape, depth)})"


def squares(g: Generator, _shape: Shape, depth: int) -> str:
    """A loss of squares, absolute values or cross entropies."""
    shape = _whole(g)
    one, other = g.of(shape, depth), g.of(shape, 0)
    other = g.symbol(shape) if one == other else other
    return g.pick(f"mean(({one} - {other}) ** 2)", f"sum(({one} - {other}) ** 2) / 2", f"mean(abs({one} - {other}))",
                  f"-mean({other} * log(sigmoid({one})) + (1 - {other}) * log(1 - sigmoid({one})))",
                  f"-sum({other} * log(softmax({one})))", f"-sum({other} * log_softmax({one}))",
                  f"norm({one} - {other}) ** 2")  # fmt: skip


def matrix_number(g: Generator, _shape: Shape, depth: int) -> str:
    size = g.size()
    matrix = g.of((size, size), depth)
    match g.pick("trace", "det", "logdet", "quadratic", "product", "norm"):
        case "trace":
            return f"{g.pick('trace', 'tr')}({matrix})"
        case "det":
            return f"det({g.square(size, depth)})"
        case "logdet":
            return f"logdet({g.square(size, depth)})"
        case "quadratic":
            vector = g.of((size,), 0)
            return f"({vector} @ {matrix} @ {vector})"
        case "product":
            other = g.size()
            return f"trace({g.of((size, other), depth)} @ {g.of((other, size), depth)})"
    return f"norm({g.of((size,), depth)}{g.pick('', ', 1', ', 2', ', inf')})"


def combined(g: Generator, _shape: Shape, depth: int) -> str:
    return f"({g.of((), depth)} {g.pick('+', '-', '*')} {g.of((), depth)})"


def picked(g: Generator, _shape: Shape, depth: int) -> str:
    """One entry."""
    shape = _whole(g)
    places = [g.pick("0", "-1") for _ in shape]
    return f"{g.of(shape, depth)}[{', '.join(places)}]"


RULES: tuple[tuple[Rule, float], ...] = (
    (arithmetic, 5), (scaled, 2), (function, 5), (of_positive, 1.5), (bounded, 0.6), (quotient, 1.2), (power, 1.5),
    (choice, 0.8), (masked, 0.5), (extremes, 1.4), (of_two, 1), (softmax, 1), (reduction, 2), (double_reduction, 0.5),
    (kept, 1), (running, 0.8), (sliced, 1.6), (item, 0.8), (inserted, 0.8), (gathered, 0.8), (concatenated, 1),
    (stacked, 2), (reshaped, 1), (reordered, 1.2), (triangular, 0.5), (matmul, 4), (chain, 0.6), (outer, 0.8),
    (einsum, 1), (kronecker, 0.4), (of_square, 1), (diagonal, 0.3), (constant, 0.3), (alike, 0.6), (sliding, 1),
    (convolution, 1.2), (pooled, 0.6),
)  # fmt: skip
SCALAR: tuple[tuple[Rule, float], ...] = (
    (total, 6), (inner, 2), (squares, 2), (matrix_number, 2.5), (matmul, 1), (chain, 0.5), (combined, 1), (picked, 0.4),
    (einsum, 0.5),
)  # fmt: skip
