r"""Terms of a LaTeX formula: derivatives, operators, slashes, and what is left side by side."""

from __future__ import annotations

from handgrad.notation.latex_parts import (
    NABLA,
    PARTIAL,
    Argument,
    Part,
    Run,
    is_marker,
    joined,
    juxtaposed,
    without_d,
)
from handgrad.notation.names import FUNCTION_WORDS
from handgrad.notation.source import UnreadableError
from handgrad.notation.syntax import (
    BigSum,
    Binary,
    Group,
    Indexed,
    Name,
    Number,
    Partial,
    Prime,
    Span,
    Syntax,
    Transpose,
)

Item = tuple[str, Part]


def finish(run: Run) -> Part:
    """The value of a term: derivatives with a slash, operators, `/`, then `*` and `.` from left to right."""
    items = _operators(_slash_derivatives(run.items))
    factors = [part for _, part in run.items] if all(not op for op, _ in run.items) else []
    result: Part | None = None
    sign = ""
    group: list[Part] = []
    for at, (op, part) in enumerate(items):
        if op in ("*", "."):
            result = _binary(sign, result, juxtaposed(group))
            sign, group = op, [part]
        elif op == "/":
            _refuse_ambiguous(part, items[at + 1 : at + 2])
            left = juxtaposed(group)
            node = Binary("/", left.node, part.node, left.span.to(part.span))
            group = [Part(node, joined(left.latex, "/", part.latex))]
        else:
            group.append(part)
    whole = _binary(sign, result, juxtaposed(group))
    return Part(whole.node, whole.latex, whole.bracket, tuple(factors) if len(factors) > 1 else whole.factors)


def _binary(op: str, left: Part | None, right: Part) -> Part:
    if left is None:
        return right
    node = Binary(op, left.node, right.node, left.span.to(right.span))
    return Part(node, joined(left.latex, r"\cdot" if op == "." else op, right.latex))


def _refuse_ambiguous(divisor: Part, after: list[Item]) -> None:
    """`1/2m` may mean (1/2)m or 1/(2m)."""
    if not after or after[0][0] or not isinstance(divisor.node, Number):
        return
    right = after[0][1]
    if isinstance(right.node, Name | Indexed) and right.span.start == divisor.span.end:
        raise UnreadableError(
            f"`/{divisor.latex}{right.latex}` can be read in two ways",
            divisor.span.to(right.span),
            r"write \frac{…}{…} or brackets",
        )


# derivatives


def fraction(numerator: Argument, denominator: Argument, span: Span) -> Part:
    r"""`\frac{a}{b}`: a derivative where both begin with ∂ or d, else a quotient."""
    above, below = numerator.only(), denominator.only()
    latex = rf"\frac{{{above.latex}}}{{{below.latex}}}"
    node = _derivative(above, below, span)
    if node is not None:
        return Part(node, latex, "∂" if node.of is None else "")
    return Part(Binary("/", above.node, below.node, span), latex)


def _derivative(above: Part, below: Part, span: Span) -> Partial | None:
    """∂above/∂below, also of second order; None where it is an ordinary quotient."""
    variables = _variables(below)
    if variables is None:
        return None
    order, of = _differentiated(above)
    if order is None:
        return None
    if order != len(variables):
        raise UnreadableError("the orders above and below this derivative differ", span)
    for wrt in reversed(variables[1:]):
        of = Partial(of, wrt, span)
    return Partial(of, variables[0], span)


def _variables(below: Part) -> list[Syntax] | None:
    r"""The variables of `\partial x`, `\partial x \partial y`, `\partial x^2`, `dx`."""
    parts = below.parts()
    first = parts[0].node
    if is_marker(first, PARTIAL, "d") and len(parts) > 1:
        groups: list[list[Part]] = []
        for part in parts:
            if is_marker(part.node, PARTIAL) or (part is parts[0]):
                groups.append([])
            else:
                groups[-1].append(part)
        if not all(groups):
            raise UnreadableError("∂ must stand before a variable", below.span)
        variables = [juxtaposed(group).node for group in groups]
    else:
        found = [without_d(part.node) for part in parts]
        if len(parts) > 2 or any(variable is None for variable in found):
            return None
        variables = [variable for variable in found if variable is not None]
    if len(variables) == 1 and _is_square(variables[0]) and isinstance(variables[0], Binary):
        return [variables[0].left] * 2
    return variables


def _is_square(node: Syntax) -> bool:
    return isinstance(node, Binary) and node.op == "**" and isinstance(node.right, Number) and node.right.value == 2


def _differentiated(above: Part) -> tuple[int | None, Syntax | None]:
    """The order of the derivative and what it is of; order None where no ∂ or d leads."""
    parts = above.parts()
    first = parts[0].node
    rest = juxtaposed(list(parts[1:])).node if len(parts) > 1 else None
    if is_marker(first, PARTIAL, "d"):
        return 1, rest
    if isinstance(first, Binary) and _is_square(first) and is_marker(first.left, PARTIAL, "d"):
        return 2, rest
    stripped = without_d(first)
    if stripped is None:
        return None, None
    if rest is None:
        return 1, stripped
    leading = Part(stripped, parts[0].latex[1:], parts[0].bracket)
    return 1, juxtaposed([leading, *parts[1:]]).node


def _slash_derivatives(items: list[Item]) -> list[Item]:
    r"""Read `\partial J/\partial W` and `dJ/dW` as derivatives."""
    result: list[Item] = []
    at = 0
    while at < len(items):
        op, part = items[at]
        if op != "/" or not _leads(part):
            result.append((op, part))
            at += 1
            continue
        below = [part]
        if is_marker(part.node, PARTIAL) and at + 1 < len(items):
            below.append(items[at + 1][1])
        start = len(result) - 1
        while start > 0 and not result[start][0] and not _leads(result[start][1]):
            start -= 1
        above = juxtaposed([factor for _, factor in result[start:]])
        divisor = juxtaposed(below)
        node = _derivative(above, divisor, above.span.to(divisor.span))
        if node is None:
            result.append((op, part))
            at += 1
            continue
        operator = result[start][0]
        del result[start:]
        result.append((operator, Part(node, joined(above.latex, "/", divisor.latex), "" if node.of else "∂")))
        at += len(below)
    return result


def _leads(part: Part) -> bool:
    """Whether ∂ or a `d` stands first."""
    first = part.parts()[0].node
    return is_marker(first, PARTIAL) or without_d(first) is not None


# operators


def _operators(items: list[Item]) -> list[Item]:
    r"""Apply `\frac{\partial}{\partial x}` and `\nabla_x` to what follows, from the right."""
    result: list[Item] = []
    for op, part in reversed(items):
        node = part.node
        if is_marker(node, NABLA):
            result.append((op, _full_gradient(part, result)))
        elif isinstance(node, Partial) and node.of is None and result and not result[-1][0]:
            result.append((op, _applied(part, node, result)))
        else:
            result.append((op, part))
    return result[::-1]


def _applied(operator: Part, node: Partial, after: list[Item]) -> Part:
    """Take the operand off `after` (the nearest factor is last) and put it into the operator."""
    nearest = after[-1][1]
    if operator.bracket == NABLA and isinstance(nearest.node, Transpose):
        after.pop()  # the gradient is transposed, not the function
        span = operator.span.to(nearest.span)
        inner = Partial(nearest.node.arg, node.wrt, span)
        return Part(Transpose(inner, span), joined(operator.latex, nearest.latex))
    operand = juxtaposed(_operand(after, whole=operator.bracket != NABLA))
    span = operator.span.to(operand.span)
    return Part(Partial(operand.node, node.wrt, span), joined(operator.latex, operand.latex))


def _operand(after: list[Item], *, whole: bool) -> list[Part]:
    """A bracket, a function with its arguments, or else everything that is multiplied."""
    taken = [after.pop()[1]]
    first = taken[0].node
    symbol = isinstance(first, Name | Indexed | Prime)
    if isinstance(first, Name) and first.id in FUNCTION_WORDS:
        whole = True
    if symbol and after and not after[-1][0] and isinstance(_bare(after[-1][1].node), Group):
        taken.append(after.pop()[1])
    elif whole and not isinstance(first, Group | BigSum | Partial):
        while after and not after[-1][0]:
            taken.append(after.pop()[1])
    return taken


def _bare(node: Syntax) -> Syntax:
    """The bracket below an index or a power."""
    while isinstance(node, Indexed | Transpose | Binary):
        node = node.left if isinstance(node, Binary) else node.base if isinstance(node, Indexed) else node.arg
    return node


def _full_gradient(nabla: Part, after: list[Item]) -> Part:
    r"""`\nabla J(w)`: the variable is the one argument."""
    if len(after) >= 2 and not after[-1][0] and not after[-2][0]:
        group = after[-2][1].node
        if isinstance(group, Group) and len(group.items) == 1 and isinstance(group.items[0], Name):
            taken = [after.pop()[1], after.pop()[1]]
            operand = juxtaposed(taken)
            span = nabla.span.to(operand.span)
            return Part(Partial(operand.node, group.items[0], span), joined(nabla.latex, operand.latex))
    raise UnreadableError(
        "∇ does not say with respect to what",
        nabla.span,
        r"write \nabla_{W} J or \frac{\partial J}{\partial W}",
    )
