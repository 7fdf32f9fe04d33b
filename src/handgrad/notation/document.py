r"""Documents: find the mathematics in Markdown, TeX and notebooks, and call the reader of its notation.

>>> document = read_document("Let $$Z = WX$$ and `code` and $A = g(Z)$.")
>>> [document.text[statement.span.start : statement.span.end] for statement in document.statements]
['Z = WX', 'A = g(Z)']
"""

from __future__ import annotations

import json
import re
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePath

from handgrad.errors import Place, ReadError
from handgrad.notation.latex import read_math, read_math_strictly
from handgrad.notation.latex_macros import Macro, macros_of
from handgrad.notation.latex_words import LINE_ENVIRONMENTS
from handgrad.notation.python import read_python
from handgrad.notation.source import check_length
from handgrad.notation.syntax import Document, Statement, Unread

_LATEX_SUFFIXES = frozenset({".md", ".markdown", ".tex", ".ipynb", ".rst", ".latex", ".qmd", ".rmd"})
_PYTHON_SUFFIXES = frozenset({".py", ".txt", ".hg", ""})
_MATH = re.compile(r"\$|\\\[|\\\(|\\begin\{|\{%\s*latex\s*%\}")
_COMMAND = re.compile(r"\\[A-Za-z]{2,}|\^\{|_\{")
_PROSE = re.compile(r"[A-Za-z]{2,} [A-Za-z]{2,}")
_WORD_DEFINED = re.compile(r"(?:^|[$&\\\s\[(])([A-Za-z]{3,})\s*(?:&\s*)?(?::)?=")


@dataclass(frozen=True, slots=True)
class Math:
    """A stretch of mathematics in a document: its text, where it begins, whether within a line."""

    source: str
    offset: int
    inline: bool
    closed: bool = True


def read_document(text: str, file: str = "", notation: str | None = None) -> Document:
    """Read a text in either notation; which one is told apart by the file's name or the content."""
    if notation not in (None, "latex", "python"):
        raise ReadError(f"the notation `{notation}` is not known", remedy='say "latex" or "python"')
    check_length(text, file)
    suffix = PurePath(file).suffix.lower()
    if suffix == ".ipynb" and notation != "python":
        text = _markdown_of_notebook(text, file)
    chosen = notation or _notation(text, suffix)
    return read_python(text, file) if chosen == "python" else _read_latex(text, file, suffix)


def _notation(text: str, suffix: str) -> str:
    if suffix in _LATEX_SUFFIXES:
        return "latex"
    if _MATH.search(text) or (suffix in _PYTHON_SUFFIXES and suffix != ".py" and _COMMAND.search(text)):
        return "latex"
    return "python"


def _markdown_of_notebook(text: str, file: str) -> str:
    """The sources of a notebook's Markdown cells, joined."""
    try:
        cells = json.loads(text)["cells"]
        sources = [cell["source"] for cell in cells if cell.get("cell_type") == "markdown"]
        return "\n\n".join(source if isinstance(source, str) else "".join(source) for source in sources)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise ReadError(
            "this is not a Jupyter notebook", remedy="save it again as .ipynb", place=Place(1, 1, "", file)
        ) from None


def _read_latex(text: str, file: str, suffix: str) -> Document:
    macros = macros_of(text)
    known = frozenset(match[1] for match in _WORD_DEFINED.finditer(text))
    if not _MATH.search(text) and suffix not in _LATEX_SUFFIXES:
        return Document(text, file, "latex", _bare(text, file, macros))
    statements: list[Statement] = []
    for math in find_math(text, comments=suffix == ".tex"):
        if math.closed:
            statements += read_math(math.source, math.offset, macros=macros, known=known, inline=math.inline)
        else:
            found = read_math(math.source, math.offset, macros=macros, known=known)
            span = found[0].span if found else None
            if span is not None:
                statements.append(Unread(math.source.strip(), "the display is never closed", span))
    return Document(text, file, "latex", tuple(statements))


def _bare(text: str, file: str, macros: dict[str, Macro]) -> tuple[Statement, ...]:
    """Mathematics without any delimiters, read strictly; where every line has a relation, line by line."""
    lines = [match for match in re.finditer(r"[^\n]+", text) if match[0].strip()]
    if len(lines) < 2 or not all("=" in line[0] or r"\in" in line[0] for line in lines):
        return read_math_strictly(text, 0, text=text, file=file, macros=macros)
    found = (read_math_strictly(line[0], line.start(), text=text, file=file, macros=macros) for line in lines)
    return tuple(statement for statements in found for statement in statements)


# finding mathematics

_OPENER = re.compile(
    r"(?P<fence>^[ \t]*(?:>[ \t]*)?(?P<marks>`{3,}|~{3,})[^\n]*$)|(?P<code>`+)|(?P<escape>\\\$)"
    r"|(?P<display>\$\$)|(?P<dollar>\$)|(?P<bracket>\\{1,2}\[)|(?P<paren>\\{1,2}\()"
    r"|\\begin\{(?P<environment>[A-Za-z]+\*?)\}|(?P<liquid>\{%\s*latex\s*%\})|(?P<comment><!--)|(?P<percent>%)",
    re.MULTILINE,
)
_BLANK = re.compile(r"\n[ \t]*\n")


class _Finder:
    """One pass over a document; closers that were missed once are not searched again."""

    def __init__(self, text: str, comments: bool) -> None:
        self.text = text
        self.comments = comments
        self.missing: dict[str, int] = {}
        self.blanks = [match.start() for match in _BLANK.finditer(text)]

    def find(self, closer: str, start: int) -> int:
        """The offset of a closer, or -1; linear over all calls."""
        if start >= self.missing.get(closer, len(self.text) + 1):
            return -1
        at = self.text.find(closer, start)
        if at < 0:
            self.missing[closer] = start
        return at

    def paragraph_end(self, start: int) -> int:
        at = bisect_left(self.blanks, start)
        return self.blanks[at] if at < len(self.blanks) else len(self.text)

    def run(self) -> Iterator[Math]:
        """All mathematics, in order."""
        at = 0
        while (match := _OPENER.search(self.text, at)) is not None:
            at, math = self.opened(match)
            if math is not None:
                yield math

    def opened(self, match: re.Match[str]) -> tuple[int, Math | None]:
        """Where to go on, and the mathematics that an opener starts."""
        kind, start = match.lastgroup, match.end()
        if kind in ("fence", "marks"):
            return self.fence(match)
        if kind == "code":
            end = self.find(match[0], start)
            inside = 0 <= end < self.paragraph_end(start)
            return (end + len(match[0]) if inside else start), None
        if kind == "comment":
            return self.delimited("-->", start)[0], None
        if kind == "percent":
            line = self.text.find("\n", start) if self.comments else start
            return (line if line >= 0 else len(self.text)), None
        if kind == "escape":
            return start, None
        if kind == "dollar":
            return self.inline(start)
        if kind == "environment":
            return self.environment(match)
        if kind == "liquid":
            return self.delimited("{% endlatex %}", start)
        closer = {"display": "$$", "bracket": match[0][:-1] + "]", "paren": match[0][:-1] + ")"}[str(kind)]
        return self.delimited(closer, start, inline=kind == "paren", reports=kind == "display")

    def delimited(
        self, closer: str, start: int, *, inline: bool = False, reports: bool = False
    ) -> tuple[int, Math | None]:
        end = self.find(closer, start)
        if end >= 0:
            return end + len(closer), Math(self.text[start:end], start, inline)
        if not reports:
            return start, None
        end = self.paragraph_end(start)
        return end, Math(self.text[start:end], start, inline, closed=False)

    def fence(self, match: re.Match[str]) -> tuple[int, Math | None]:
        """A fenced block is code, unless it says that it is math."""
        marks = match["marks"]
        end = self.find("\n" + marks, match.end())
        if end < 0:
            indented = re.compile(r"\n[ \t>]+" + re.escape(marks)).search(self.text, match.end())
            end = indented.start() if indented else len(self.text)
        line = self.text.find("\n", end + 1)
        after = line if line >= 0 else len(self.text)
        is_math = match[0].strip(" \t>`~") == "math"
        start = min(match.end() + 1, end)
        return after, Math(self.text[start:end], start, False) if is_math else None

    def inline(self, start: int) -> tuple[int, Math | None]:
        """`$…$` within a paragraph; `$5 and $6` is money."""
        end = start
        while True:
            end = self.find("$", end)
            if end < 0 or end > self.paragraph_end(start):
                return start, None
            if self.text[end - 1] != "\\":
                break
            end += 1
        source = self.text[start:end]
        if not source.strip() or (source[0].isdigit() and _PROSE.search(source) and "\\" not in source):
            return start, None
        return end + 1, Math(source, start, True)

    def environment(self, match: re.Match[str]) -> tuple[int, Math | None]:
        name = match["environment"]
        if name in ("verbatim", "lstlisting", "minted", "comment"):
            return self.delimited(f"\\end{{{name}}}", match.end())[0], None
        if name not in LINE_ENVIRONMENTS:
            return match.end(), None
        closer = f"\\end{{{name}}}"
        end = self.find(closer, match.end())
        if end < 0:
            return match.end(), None
        end += len(closer)
        return end, Math(self.text[match.start() : end], match.start(), False)


def find_math(text: str, *, comments: bool = False) -> Iterator[Math]:
    """The mathematics of a Markdown or TeX document; `comments` skips TeX comments outside of it."""
    return _Finder(text, comments).run()
