"""A derivation as a page: the same blocks as Unicode text, LaTeX, Markdown or HTML."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape

from handgrad.axes import Shape, show
from handgrad.derivation import Check, Factor, Section, Sweep
from handgrad.expr import Call, Expr, Symbol, symbols
from handgrad.functions import AlongAxis, Elementwise
from handgrad.functions.steps import function_lines
from handgrad.model import Model
from handgrad.render.latex import latex, latex_of
from handgrad.render.text import text, text_of


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a displayed calculation: left sign right, and a note."""

    left: str
    sign: str
    right: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading; `symbol` is set where it is a formula."""

    words: str
    symbol: Symbol | None = None


@dataclass(frozen=True, slots=True)
class Words:
    """Paragraphs or, with `items`, a list."""

    items: tuple[str, ...]
    listed: bool = False


@dataclass(frozen=True, slots=True)
class Display:
    """Lines set under one another, as text and as LaTeX."""

    text: tuple[Line, ...]
    latex: tuple[Line, ...]


Block = Heading | Words | Display


def blocks(model: Model, sweep: Sweep, checks: Sequence[Check], *, steps: bool = True) -> tuple[Block, ...]:
    """The page of a derivation; without `steps` the equations and the closed forms only."""
    page: list[Block] = [Heading("Equations"), _equations(model)]
    if model.assumptions:
        page += [Words(("Assumed while reading:",)), Words(model.assumptions, listed=True)]
    if steps:
        page += [Heading("Graph"), *_graph(model, sweep)]
        page += [Heading("Factors of the chain rule"), Words((FACTORS,)), _factors(sweep.factors)]
        for section in sweep.sections:
            page += [Heading("", section.gradient), _section(section)]
    page += [Heading("Gradients"), _results(sweep)]
    if model.updates:
        page += [Heading("Update"), _updates(model)]
    page += [Heading("Checked"), Words(tuple(map(str, checks)), listed=True)]
    return tuple(page)


FACTORS = "Each factor takes δ, the derivative of the cost by the numerator, to its derivative by the denominator."


def summary_blocks(model: Model, sweep: Sweep) -> tuple[Block, ...]:
    """Equations and closed forms."""
    return Heading("Equations"), _equations(model), Heading("Gradients"), _results(sweep)


Row = tuple[Expr | str, str, Expr | str, str | Shape]


def _display(lines: Iterable[Row]) -> Display:
    """Lines given once, printed twice; strings stand as they are, a note may be a shape."""
    rows = tuple(lines)

    def line(row: Row, printed: bool) -> Line:
        left, sign, right, note = row
        to = text if printed else latex
        if isinstance(left, Symbol) and isinstance(right, Expr):
            left = text_of(left, right) if printed else latex_of(left, right)
        left, right = (part if isinstance(part, str) else to(part) for part in (left, right))
        if not isinstance(note, str):
            note = show(note) if printed else _latex_shape(note)
        return Line(left, sign if printed else SIGNS[sign], right, note)

    return Display(tuple(line(row, True) for row in rows), tuple(line(row, False) for row in rows))


def _latex_shape(shape: Shape) -> str:
    sizes = [re.sub(r"_(\w+)$", r"_{\1}", str(size)) for size in shape]
    product = r" \times ".join(sizes)
    return f"${product}$" if sizes else "number"


SIGNS = {"=": "=", "↦": r"\mapsto", "←": r"\leftarrow", ":": ":"}


def _equations(model: Model) -> Display:
    return _display((s, "=", s.definition, s.shape) for s in model.equations if s.definition is not None)


def _graph(model: Model, sweep: Sweep) -> Iterable[Block]:
    order = {symbol: k for k, symbol in enumerate((*model.inputs, *model.equations))}
    lines = []
    for v in sweep.equations:
        feeding = sorted(symbols(v.definition or v), key=lambda u: order.get(u, len(order)))
        lines.append(f"{', '.join(text(u) for u in feeding)} → {v.name}")
    yield Words(tuple(lines), listed=True)
    paths = [(section.wrt.name, path) for section in sweep.sections if section.wrt.definition is None
             for path in section.paths]  # fmt: skip
    if len(sweep.equations) > MOST_PATH_NAMES:
        paths = [(name, path if len(path) <= MOST_PATH_NAMES else ()) for name, path in paths]
    shown = tuple(f"to {name}: {' → '.join(v.name for v in path)}" for name, path in paths if path)
    if shown:
        yield Words((f"Paths from {sweep.of.name}:",))
        yield Words(shown, listed=True)


MOST_PATH_NAMES = 24


def _factors(factors: Iterable[Factor]) -> Display:
    texts, latexes = [], []
    for factor in factors:
        maps = factor.of.shape or factor.cotangent in symbols(factor.form)
        sign, tex = ("δ ↦", r"\colon\ \delta \mapsto") if maps else ("=", "=")
        note, tex_note = _rules(factor)
        texts.append(Line(text(factor.partial) + (" :" if maps else ""), sign, text(factor.form), note))
        latexes.append(Line(latex(factor.partial), tex, latex(factor.form), tex_note))
    return Display(tuple(texts), tuple(latexes))


def _rules(factor: Factor) -> tuple[str, str]:
    """The derivatives of the scalar functions that a factor takes, as a reader would recall them."""
    notes, tex_notes = [], []
    for function in factor.functions:
        if isinstance(function, Elementwise) and function.arity == 1:
            x = Symbol("x", ())
            call = function(x)
            slope = function.derivative(0, call) if isinstance(call, Call) else call
            notes.append(f"({text(call)})′ = {text(slope)}")
            tex_notes.append(f"$\\left({latex(call)}\\right)' = {latex(slope)}$")
        elif isinstance(function, AlongAxis):
            notes.append(f"derivative of {function.name}")
            tex_notes.append(f"derivative of {function.name}")
    return ", ".join(notes), ", ".join(tex_notes)


def _section(section: Section) -> Display:
    texts: list[Line] = []
    latexes: list[Line] = []
    for step in section.steps:
        first = step.left is section.gradient and not texts
        if step.factors:
            right = " + ".join(" ".join(text(f) for f in group) for group in step.factors)
            tex = " + ".join(r"\, ".join(latex(f) for f in group) for group in step.factors)
        else:
            right, tex = text(step.right), latex(step.right)
        left = text_of(section.gradient, section.result) if first else ""
        texts.append(Line(left, "=", right, step.reason))
        latexes.append(Line(latex_of(section.gradient, section.result) if first else "", "=", tex, step.reason))
    return Display(tuple(texts), tuple(latexes))


def _results(sweep: Sweep) -> Display:
    """The closed forms, each after the named gradients that it is written with."""
    rows: dict[Symbol, Expr] = {}
    closed = {section.gradient: section.result for section in sweep.sections}
    wanted = [gradient for gradient in closed if gradient.partial and gradient.partial[1] in dict(sweep.gradients)]
    stack = list(reversed(wanted))
    while stack:
        gradient = stack[-1]
        inner = [s for s in symbols(closed[gradient]) if s in closed and s not in rows]
        if gradient in rows or not inner:
            rows.setdefault(stack.pop(), closed[gradient])
        else:
            stack += inner
    return _display((gradient, "=", result, result.shape) for gradient, result in rows.items())


def _updates(model: Model) -> Display:
    return _display((update.target, "←", update.value, "") for update in model.updates)


def function_blocks(functions: Iterable[Elementwise]) -> tuple[Block, ...]:
    """The derivation of scalar functions' own derivatives."""
    page: list[Block] = []
    for function in functions:
        symbol, lines = function_lines(function)
        page.append(Heading(f"The derivative of {function.name}"))
        call = function(symbol)
        head = Symbol(f"({text(call)})′", (), latex=rf"\left({latex(call)}\right)'")
        page.append(_display(((head if k == 0 else "", "=", form, reason) for k, (form, reason) in enumerate(lines))))
        page.append(Words((f"Source: {function.reference}.",)))
    return tuple(page)


# Writers


def to_text(page: Iterable[Block]) -> str:
    """Unicode text for a terminal."""
    out: list[str] = []
    for block in page:
        match block:
            case Heading():
                words = block.words or text(block.symbol or Symbol("", ()))
                out += ["", words]
            case Words(listed=True):
                out += [f"  · {item}" for item in block.items]
            case Words():
                out += [f"  {item}" for item in block.items]
            case Display():
                out += _aligned(block.text)
    return "\n".join(out).strip("\n") + "\n"


def _aligned(lines: Sequence[Line], most: int = 64) -> list[str]:
    left = max((len(line.left) for line in lines), default=0)
    shown = [f"  {line.left:<{left}} {line.sign} {line.right}" for line in lines]
    width = min(max(map(len, shown), default=0), most + left)
    return [f"{body:<{width}}    {line.note}".rstrip() for body, line in zip(shown, lines, strict=True)]


def _latex_rows(lines: Sequence[Line], notes: bool = True) -> str:
    rows = []
    for line in lines:
        note = f" && {_note(line.note)}" if notes and line.note else ""
        rows.append(f"{line.left} &{line.sign} {line.right}{note}".strip())
    return " \\\\\n".join(rows)


def _note(words: str) -> str:
    """A note beside a formula: words in \\text, mathematics outside of it, so that no $ stands in a display."""
    parts = _escape_words(words).split("$")
    return "".join(part if k % 2 else rf"\text{{{part}}}" for k, part in enumerate(parts) if part)


def _escape_words(words: str) -> str:
    if "$" in words:  # formulas that were printed as LaTeX already
        return words
    for sign, spelling in {"_": r"\_", "%": r"\%", "&": r"\&", "#": r"\#", "→": r"$\to$", "∂": r"$\partial$",
                           "δ": r"$\delta$", "·": r"$\cdot$",
                           "−": "$-$", "σ": r"$\sigma$", "′": "$'$"}.items():  # fmt: skip
        words = words.replace(sign, spelling)
    return re.sub("[⁻ˣ¹²]+", lambda run: f"$^{{{run[0].translate(RAISED)}}}$", words)


RAISED = str.maketrans("⁻ˣ¹²", "-x12")


def to_latex(page: Iterable[Block]) -> str:
    """A LaTeX fragment with amsmath's align*; put it in a document that loads amsmath and amssymb."""
    out: list[str] = []
    for block in page:
        match block:
            case Heading():
                words = block.words or f"${latex(block.symbol or Symbol('', ()))}$"
                out.append(rf"\subsection*{{{words}}}")
            case Words(listed=True):
                items = "\n".join(rf"\item {_escape_words(item)}" for item in block.items)
                out.append(f"\\begin{{itemize}}\n{items}\n\\end{{itemize}}")
            case Words():
                out += [_escape_words(item) + r"\par" for item in block.items]
            case Display():
                out.append(f"\\begin{{align*}}\n{_latex_rows(block.latex)}\n\\end{{align*}}")
    return "\n".join(out) + "\n"


def to_markdown(page: Iterable[Block], level: int = 2) -> str:
    """Markdown with $$ displays, as code hosts render it."""
    out: list[str] = []
    for block in page:
        match block:
            case Heading():
                words = block.words or f"${latex(block.symbol or Symbol('', ()))}$"
                out.append(f"{'#' * (level if block.words else level + 1)} {words}")
            case Words(listed=True):
                out.append("\n".join(f"- {item}" for item in block.items))
            case Words():
                out.append("\n\n".join(block.items))
            case Display():
                out.append(f"$$\n\\begin{{aligned}}\n{_latex_rows(block.latex)}\n\\end{{aligned}}\n$$")
    return "\n\n".join(out) + "\n"


def to_html(page: Iterable[Block]) -> str:
    r"""An HTML fragment whose formulas stand between \[ and \]: notebooks and pages with MathJax or KaTeX set them."""
    out: list[str] = []
    for block in page:
        match block:
            case Heading():
                words = escape(block.words) or rf"\({escape(latex(block.symbol or Symbol('', ())))}\)"
                out.append(f"<h3>{words}</h3>")
            case Words(listed=True):
                out.append("<ul>" + "".join(f"<li>{escape(item)}</li>" for item in block.items) + "</ul>")
            case Words():
                out += [f"<p>{escape(item)}</p>" for item in block.items]
            case Display():
                rows = escape(_latex_rows(block.latex))
                out.append(f"<div>\\[\\begin{{aligned}}\n{rows}\n\\end{{aligned}}\\]</div>")
    return "\n".join(out) + "\n"
