r"""The tokens that the LaTeX grammar reads: fonts, sizes, colours and spacing absorbed, words told apart.

>>> [str(lexeme) for lexeme in lex(r"\mathbf{W}X\,+\textcolor{red}{b_1}", 0)]
['NAME:W', 'NAME:X', 'PLUS', 'LBRACE', 'NAME:b', 'SUB', 'NUMBER', 'RBRACE']
"""

from __future__ import annotations

import re

from handgrad.notation import latex_words as words
from handgrad.notation.latex_cursor import Cursor, Lexeme, unclosed
from handgrad.notation.latex_macros import Macro, Raw, expand, scan
from handgrad.notation.names import FUNCTION_WORDS, GREEK, split_run
from handgrad.notation.syntax import Span

_CHARACTERS: dict[str, tuple[str, str]] = {
    "{": ("LBRACE", ""), "}": ("RBRACE", ""), "(": ("OPEN", "("), ")": ("CLOSE", "("), "[": ("OPEN", "["),
    "]": ("CLOSE", "["), "^": ("SUP", ""), "_": ("SUB", ""), "'": ("PRIME", ""), "+": ("PLUS", ""),
    "-": ("MINUS", ""), "*": ("STAR", ""), "/": ("SLASH", ""), "=": ("EQ", ""), "<": ("COMPARE", "<"),
    ">": ("COMPARE", ">"), ",": ("COMMA", ""), ";": ("SEMICOLON", ""), ":": ("COLON", ""), "|": ("BAR", ""),
}  # fmt: skip
_OPERANDS = frozenset({"NAME", "NUMBER", "CLOSE", "RBRACE", "PRIME", "BAR", "NORM", "BAD"})
_ROW_SKIP = re.compile(r"\s*\[\s*-?[0-9.]+\s*[a-z]{2}\s*\]")
_WORD = re.compile(r"[A-Za-z]+")


def lex(
    source: str, offset: int, macros: dict[str, Macro] | None = None, known: frozenset[str] = frozenset()
) -> list[Lexeme]:
    """The lexemes of one math string; what has no meaning becomes `BAD` with the reason as its id."""
    return _Lexer(expand(scan(source, offset), macros or {}), known).run()


class _Lexer(Cursor):
    """One pass over the raw tokens; `environments` holds what each open environment is read as."""

    def __init__(self, raw: list[Raw], known: frozenset[str]) -> None:
        super().__init__(raw)
        self.known = known
        self.environments: list[str] = []
        self.absorbed: set[int] = set()
        self.caption_after: set[int] = set()

    def run(self) -> list[Lexeme]:
        """Read everything."""
        while self.at < len(self.raw):
            token = self.raw[self.at]
            self.at += 1
            if token.kind == "command":
                self.command(token)
            elif token.kind == "letters":
                self.letters(token)
            elif token.kind == "number":
                self.number(token)
            elif token.kind == "character" and self.at - 1 not in self.absorbed:
                self.character(token)
        return self.out

    # single tokens

    def letters(self, token: Raw) -> None:
        """A run of letters: names, function words, remarks."""
        run = token.text
        if self.single() and len(run) > 1:
            self.at -= 1
            self.raw[self.at] = Raw("letters", run[1:], token.start + 1, token.end)
            self.emit("NAME", run[0], token.start, token.start + 1, run[0])
            return
        if run in words.BARE_REMARKS:
            self.emit("REMARK", run, token.start, token.end, run.lower())
            return
        single = self.single()
        start = token.start
        written = token.end - start == len(run)  # not so in a macro: its tokens have the span of the call
        for piece in split_run(run, self.known):
            end = start + len(piece) if written else token.end
            self.emit("NAME", piece, start, end, piece)
            start = end if written else start
        if not single:
            self.join_last_letter()

    def join_last_letter(self) -> None:
        """Join `W1` and `d\\theta` to one name."""
        name = self.out[-1]
        if name.id in FUNCTION_WORDS or len(name.id) > 2 or name.id == "e":
            return
        at = self.peek()
        if name.id == "d" and at < len(self.raw) and self.raw[at].kind == "command" and self.raw[at].text in GREEK:
            greek = self.raw[at]
            self.at = at + 1
            self.out[-1] = Lexeme("NAME", rf"d\{greek.text}", Span(name.span.start, greek.end), f"d{greek.text}")
        else:
            self.join_digits()

    def join_digits(self) -> None:
        """Join digits that stand directly behind a name to it."""
        name = self.out[-1]
        after = self.raw[self.at] if self.at < len(self.raw) else None
        if after is not None and after.kind == "number" and after.start == name.span.end and after.text.isdigit():
            self.at += 1
            span = Span(name.span.start, after.end)
            self.out[-1] = Lexeme("NAME", name.text + after.text, span, name.id + after.text)

    def number(self, token: Raw) -> None:
        if self.single() and len(token.text) > 1:
            self.at -= 1
            kind = "number" if token.text[1].isdigit() else "character"
            self.raw[self.at] = Raw(kind, token.text[1:], token.start + 1, token.end)
            token = Raw("number", token.text[0], token.start, token.start + 1)
        self.emit("NUMBER", token.text, token.start, token.end)

    def character(self, token: Raw) -> None:
        """A character with a meaning of its own."""
        after = self.raw[self.at] if self.at < len(self.raw) else None
        glued = after is not None and after.kind == "character" and after.start == token.end
        text = token.text
        if after is not None and glued and after.text == "=" and text in ":-+":
            self.at += 1
            kind = "DEFINE" if text == ":" else "STEP"
            self.emit(kind, text + "=", token.start, after.end, "" if text == ":" else text)
        elif text == ".":
            self.full_stop(token, after)
        elif text == "|" and after is not None and glued and after.text == "|":
            self.at += 1
            self.emit("NORM", r"\|", token.start, after.end)
        elif text in "<>" and self.angle(token):
            pass
        elif text == "&" or (text == ":" and self.in_cases()):
            self.emit("AMP", text, token.start, token.end)
        elif text in _CHARACTERS:
            self.brace_or_sign(token)
        elif text not in "~$":
            reason = "words" if not text.isascii() else f"the sign `{text}`"
            self.bad(token, f"{reason} cannot be read as mathematics")

    def brace_or_sign(self, token: Raw) -> None:
        """Emit a character; around one bracket, a prime or nothing, braces are noise."""
        at = self.at - 1
        if token.text == "{" and at in self.pairs:
            inner = [raw for raw in self.raw[at + 1 : self.pairs[at]][:8] if raw.kind != "space"]
            if (not inner or (len(inner) == 1 and inner[0].text in "()[]'")) and self.pairs[at] - at < 8:
                self.absorbed.add(self.pairs[at])
                return
        type_, identifier = _CHARACTERS[token.text]
        self.emit(type_, token.text, token.start, token.end, identifier)
        after = self.peek()
        if at in self.caption_after and (self.is_char(after, "_") or self.is_char(after, "^")):
            self.at = after + 1
            taken = self.argument()
            if len(taken) == 1 and taken[0].text in words.TEXT_FONTS:
                self.argument()

    def angle(self, token: Raw) -> bool:
        """`x^{<t>}`: less-than signs as brackets, in a superscript only."""
        if token.text == "<" and (self.last() == "SUP" or (self.last() == "LBRACE" and self.last(2) == "SUP")):
            self.emit("OPEN", "<", token.start, token.end, "<")
            return True
        if token.text == ">" and any(str(lexeme) == "OPEN:<" for lexeme in self.out[-8:]):
            self.emit("CLOSE", ">", token.start, token.end, "<")
            return True
        return False

    def full_stop(self, token: Raw, after: Raw | None) -> None:
        """A full stop: three dots, `.*`, a product sign, a decimal point, or the end of a sentence."""
        if self.raw[self.at - 1 : self.at + 2] and all(self.is_char(self.at + k, ".") for k in (0, 1)):
            self.at += 2
            self.emit("ELLIPSIS", "...", token.start, token.start + 3, "...")
        elif after is not None and after.text == "*":
            self.at += 1
            self.emit("STAR", ".*", token.start, after.end)
        elif after is not None and after.kind == "number" and self.last() not in _OPERANDS:
            self.at += 1
            self.emit("NUMBER", "0." + after.text, token.start, after.end)
        else:
            self.emit("DOT", ".", token.start, token.end, "stop")

    # commands

    def command(self, token: Raw) -> None:
        """A control sequence."""
        name = token.text
        if name == "\\":
            self.row(token)
        elif name in words.SYMBOLS:
            self.symbol(token)
        elif name in words.SPACING:
            return
        elif name in ("left", "right"):
            if self.is_char(self.peek(), "."):
                self.at = self.peek() + 1
                self.bad(token, "a one-sided bracket is not read")
        elif name in words.TEXT_FONTS:
            self.upright(token)
        elif name in words.BOLD_FONTS:
            self.bold(token)
        elif name in ("begin", "end"):
            self.environment(token)
        else:
            self.rare_command(token)

    def rare_command(self, token: Raw) -> None:
        """Commands that drop arguments, relations that are no equality, and the unknown."""
        name = token.text
        if name in words.DROPPED_WITH_ARGUMENT or name in words.WIDE_SPACES:
            self.argument()
            if name in words.WIDE_SPACES:
                self.emit("QUAD", " ", token.start, token.end)
        elif name in words.FIRST_ARGUMENT_DROPPED:
            self.argument()
        elif name in words.BRACED:
            self.caption_after.add(self.pairs.get(self.peek(), -1))
        elif name in words.ARROWS:
            self.emit("ARROW", name, token.start, token.end)
        elif name in words.REFUSED:
            self.bad(token, words.REFUSED[name])
        elif name in words.OTHER_RELATIONS:
            self.emit("OTHER", f"\\{name}", token.start, token.end, f"\\{name} is not an equality")
        elif name in FUNCTION_WORDS:
            self.emit("NAME", f"\\{name}", token.start, token.end, name)
        elif name in ("newcommand", "renewcommand", "providecommand", "DeclareMathOperator", "def"):
            self.definition()
        else:
            self.bad(token, f"the command \\{name} is not known")

    def symbol(self, token: Raw) -> None:
        type_, identifier = words.SYMBOLS[token.text]
        identifier = identifier or (token.text if type_ == "NAME" else "")
        if token.text == "cr":
            self.row(token)
            return
        text = " " if type_ == "QUAD" else f"\\{token.text}"
        single = self.single()
        self.emit(type_, text, token.start, token.end, identifier)
        if type_ == "NAME" and identifier in GREEK and not single:
            self.join_digits()

    def row(self, token: Raw) -> None:
        r"""A line break: `\\`, `\\[0.5em]`, and `\\cr` as Markdown escapes it."""
        end = token.end
        after = "".join(raw.text for raw in self.raw[self.at : self.at + 8])
        skip = _ROW_SKIP.match(after)
        if skip:
            taken = 0
            while taken < skip.end():
                taken += len(self.raw[self.at].text)
                self.at += 1
        elif self.at < len(self.raw) and self.raw[self.at].text == "cr" and token.text == "\\":
            self.at += 1
        self.emit("ROW", r"\\", token.start, end)

    def definition(self) -> None:
        """Step over a macro definition; the document has already collected it."""
        self.argument()
        while self.peek() < len(self.raw) and not self.is_char(self.peek(), "{"):
            self.at = self.peek() + 1
        self.argument()

    def environment(self, token: Raw) -> None:
        """Environments of lines are transparent, cases are brackets; matrices are one thing, not read."""
        before = self.at
        name = "".join(raw.text for raw in self.argument())
        if token.text == "begin":
            reading = self.reading_of(name)
            if not reading:
                self.at = before
                self.skip_environment(token)
                return
            self.environments.append(reading)
            if reading == "cases":
                self.emit("CASES", name, token.start, token.end)
            if name.rstrip("*") in words.ENVIRONMENTS_WITH_ARGUMENT:
                self.argument()
            elif self.is_char(self.at, "[") and self.is_char(self.at + 2, "]"):
                self.at += 3
        elif not self.environments:
            self.bad(token, f"\\end{{{name}}} has no beginning")
        elif self.environments.pop() == "cases":
            self.emit("END_CASES", name, token.start, self.raw[self.at - 1].end)
            at = self.peek()  # an array in a one-sided brace ends with `\right.`
            if name == "array" and at + 1 < len(self.raw) and self.raw[at].text == "right":
                self.at = at + 2

    def reading_of(self, name: str) -> str:
        """How an environment is read: `lines`, `cases`, or (empty) not at all."""
        if name in words.LINE_ENVIRONMENTS:
            return "lines"
        if name in ("cases", "dcases"):
            return "cases"
        if name != "array":
            return ""
        if self.out and str(self.out[-1]) == "OPEN:{":
            self.out.pop()
            return "cases"
        return "" if any(lexeme.type in ("OPEN", "LBRACE") for lexeme in unclosed(self.out)) else "lines"

    def skip_environment(self, token: Raw) -> None:
        """Step over an environment and what is inside it."""
        depth, end = 0, token.end
        while self.at <= len(self.raw):
            raw = self.raw[self.at - 1]
            if raw.kind == "command" and raw.text in ("begin", "end"):
                depth += 1 if raw.text == "begin" else -1
                end = raw.end
                if depth == 0:
                    self.argument()
                    end = self.raw[self.at - 1].end
                    break
            self.at += 1
        self.emit("BAD", r"\begin", token.start, end, "a matrix of entries is not read")

    def in_cases(self) -> bool:
        return bool(self.environments) and self.environments[-1] == "cases"

    # fonts and words

    def upright(self, token: Raw) -> None:
        r"""`\text{…}`, `\mathrm{…}` and their kin: one name, a remark, or words."""
        in_script = self.last() in ("SUP", "SUB") or self.last(2) == "SUB"
        content = "".join(raw.text for raw in self.argument() if raw.kind != "command").strip(" ~,.:\n\t")
        end = self.raw[self.at - 1].end
        text = f"\\{token.text}{{{content}}}"
        found = _WORD.findall(content)
        remarks = [word.lower() for word in found if word.lower() in words.CONDITIONS | words.CONNECTORS]
        if not content:
            return
        if content in _CHARACTERS:
            self.emit(_CHARACTERS[content][0], content, token.start, end, _CHARACTERS[content][1])
        elif re.fullmatch(r"[A-Za-z][\w.-]*", content) and not remarks:
            self.emit("NAME", text, token.start, end, re.sub(r"[.-]", "_", content))
        elif in_script and found:
            self.emit("NAME", text, token.start, end, "_".join(found))
        elif remarks or not found:
            remark = next((word for word in remarks if word in words.CONDITIONS), "where")
            self.emit("REMARK", text, token.start, end, remark)
        else:
            reason = f"the words `{content[:40]}` cannot be read as mathematics"
            self.emit("BAD", text, token.start, end, reason)

    def bold(self, token: Raw) -> None:
        r"""`\mathbf{…}`, `\mathcal{…}`: the letters are the name; anything else is read as it stands."""
        start = self.at
        content = "".join(raw.text for raw in self.argument() if raw.kind != "space")
        end = self.raw[self.at - 1].end if self.at else token.end
        font = f"\\{token.text}"
        if content in ("1", "0"):
            self.emit("NAME", f"{font}{{{content}}}", token.start, end, "ones" if content == "1" else "zeros")
        elif content.isalpha() and content.isascii() and content not in GREEK and "\\" not in content:
            for piece in split_run(content, self.known):
                self.emit("NAME", f"{font}{{{piece}}}", token.start, end, piece)
        elif re.fullmatch(r"[A-Za-z][0-9]+", content):
            self.emit("NAME", f"{font}{{{content}}}", token.start, end, content)
        elif content in GREEK:
            self.emit("NAME", f"{font}{{\\{content}}}", token.start, end, content)
        else:
            self.at = start
