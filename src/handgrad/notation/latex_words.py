"""What the commands of LaTeX mathematics mean to the reader: tables only."""

from __future__ import annotations

from handgrad.notation.names import ACCENTS, GREEK, word_set

FUNCTIONS = word_set("log ln exp sin cos tan sinh cosh tanh arctan max min det sup inf arg dim ker lg deg Pr")

SYMBOLS: dict[str, tuple[str, str]] = {
    **{name: ("NAME", name) for name in GREEK},
    **{name: ("NAME", name) for name in FUNCTIONS},
    **{name: ("ACCENT", accent) for name, accent in ACCENTS.items()},
    **dict.fromkeys(("ell", "infty", "aleph", "hbar"), ("NAME", "")),
    **dict.fromkeys(("top", "intercal", "trans", "transpose"), ("NAME", "⊤")),
    **dict.fromkeys(("odot", "circ", "ast"), ("STAR", "")),
    **dict.fromkeys(("cdot", "times", "bullet"), ("DOT", "")),
    **dict.fromkeys(("frac", "tfrac", "dfrac", "cfrac"), ("FRAC", "")),
    **dict.fromkeys(("neq", "ne", "not="), ("COMPARE", "!=")),
    **dict.fromkeys(("leq", "le", "leqslant"), ("COMPARE", "<=")),
    **dict.fromkeys(("geq", "ge", "geqslant"), ("COMPARE", ">=")),
    **dict.fromkeys(("coloneqq", "equiv", "triangleq", "doteq"), ("DEFINE", "")),
    **dict.fromkeys(("leftarrow", "gets"), ("UPDATE", "")),
    **dict.fromkeys(("dots", "ldots", "cdots", "dotsc", "dotsb", "vdots", "ddots"), ("ELLIPSIS", "...")),
    **dict.fromkeys(("{", "lbrace"), ("OPEN", "{")),
    **dict.fromkeys(("}", "rbrace"), ("CLOSE", "{")),
    **dict.fromkeys(("lbrack",), ("OPEN", "[")),
    **dict.fromkeys(("rbrack",), ("CLOSE", "[")),
    **dict.fromkeys(("lparen",), ("OPEN", "(")),
    **dict.fromkeys(("rparen",), ("CLOSE", "(")),
    **dict.fromkeys(("|", "Vert", "lVert", "rVert", "parallel"), ("NORM", "")),
    **dict.fromkeys(("vert", "lvert", "rvert", "mid"), ("BAR", "")),
    "langle": ("OPEN", "<"), "rangle": ("CLOSE", "<"), "lt": ("COMPARE", "<"), "gt": ("COMPARE", ">"),
    "div": ("SLASH", ""), "sum": ("SUM", ""), "sqrt": ("SQRT", ""), "partial": ("PARTIAL", "∂"),
    "nabla": ("NABLA", "∇"), "prime": ("PRIME", ""), "in": ("IN", ""), "_": ("SUB", ""), "^": ("SUP", ""),
    "forall": ("FORALL", ""), "cr": ("ROW", ""), "newline": ("ROW", ""), "quad": ("QUAD", ""),
    "qquad": ("QUAD", ""), "%": ("BAD", "a percent sign"), "&": ("REMARK", "and"),
}  # fmt: skip
"""Command -> (terminal, id); an empty id is the command's own name."""

ARROWS = word_set(
    "to rightarrow longrightarrow Rightarrow Longrightarrow implies iff Leftrightarrow Longleftrightarrow "
    "leftrightarrow mapsto therefore because Leftarrow longleftarrow"
)
OTHER_RELATIONS = word_set(
    "approx sim simeq cong propto ll gg prec succ subset subseteq supset notin perp asymp thickapprox"
)
REFUSED = {
    "prod": "a product over an index is not read",
    "int": "an integral is not read",
    "lim": "a limit is not read",
    "otimes": "⊗ can be the Kronecker or the outer product; write kron(A, B) or x y^T",
    "oplus": "the sign ⊕ is not read",
    "pm": "the sign ± is not read",
    "mp": "the sign ∓ is not read",
}
"""Commands that are known, and why they are not read."""
SPACING = word_set(
    ", ; : ! > / space enspace enskip thinspace medspace thickspace negthinspace displaystyle textstyle "
    "scriptstyle scriptscriptstyle limits nolimits large Large LARGE huge Huge small normalsize "
    "footnotesize scriptsize tiny big Big bigg Bigg bigl Bigl biggl Biggl bigr Bigr biggr Biggr bigm Bigm "
    "middle nonumber notag rm bf it sf tt cal mathop mathrel mathbin mathord mathopen mathclose mathpunct "
    "boxed ensuremath centering hfill break allowbreak nobreak relax strut mathstrut smash cancel bcancel "
    "xcancel hline mit"
) | {" ", "\n", "\t"}
DROPPED_WITH_ARGUMENT = word_set(
    "tag tag* label color vspace phantom hphantom vphantom ref eqref cite footnote intertext pagecolor"
)
WIDE_SPACES = word_set("hspace hspace* mspace hskip kern mkern")
FIRST_ARGUMENT_DROPPED = word_set("textcolor colorbox overset underset stackrel")
BRACED = frozenset(["underbrace", "overbrace"])
TEXT_FONTS = word_set(
    "text textrm textbf textit textsf texttt textnormal mbox hbox operatorname operatorname* mathop* "
    "mathrm mathit mathsf mathtt textup textsc"
)
BOLD_FONTS = word_set("mathbf boldsymbol bm pmb mathcal mathscr mathfrak mathbb mathds mathbbm bold vec")
_LINES = word_set(
    "equation align aligned gather gathered split eqnarray multline alignat flalign alignedat displaymath "
    "math subequations empheq"
)
LINE_ENVIRONMENTS = _LINES | {f"{name}*" for name in _LINES}
ENVIRONMENTS_WITH_ARGUMENT = word_set("array alignat alignedat")

UNICODE: dict[str, str] = {
    **{letter: command for command, letter in GREEK.items()},
    "∑": "sum", "∂": "partial", "∇": "nabla", "⊙": "odot", "∘": "circ", "·": "cdot", "⋅": "cdot",
    "×": "times", "•": "bullet",
    "≤": "leq", "≥": "geq", "≠": "neq", "∈": "in", "←": "leftarrow", "→": "rightarrow",
    "⇒": "Rightarrow", "≡": "equiv", "≔": "coloneqq", "≈": "approx", "∼": "sim", "∝": "propto", "√": "sqrt",
    "‖": "Vert", "∥": "Vert", "ℓ": "ell", "∞": "infty", "…": "dots", "⋯": "cdots", "⊤": "top", "∀": "forall",
    "′": "prime", "∗": "ast", "⟨": "langle", "⟩": "rangle", "µ": "mu", "∆": "Delta", "Ω": "Omega",
}  # fmt: skip
"""Characters that stand for a command."""

UNICODE_CHARACTERS: dict[str, str] = {
    "−": "-", "–": "-", "，": ",", "、": ",", "；": ";", "：": ":", "（": "(", "）": ")", "’": "'", "＝": "=",
    "＋": "+", "。": ".", "\u00a0": " ", "\u200b": " ", "\u2009": " ", "\u3000": " ", "\ufeff": " ",
}  # fmt: skip
SUPERSCRIPTS = dict(zip("⁰¹²³⁴⁵⁶⁷⁸⁹ᵀ⁻", "0123456789T-", strict=True))
SUBSCRIPTS = dict(zip("₀₁₂₃₄₅₆₇₈₉ᵢⱼ", "0123456789ij", strict=True))
SCRIPT_LETTERS = {"ℒ": "L", "ℝ": "R", "ℕ": "N", "ℤ": "Z", "𝔼": "E", "𝓛": "L"}

CONNECTORS = word_set("and where with then let so hence thus therefore or since thus as also is")
CONDITIONS = word_set("if for when unless otherwise else whenever forall")
BARE_REMARKS = word_set("and where with for then when let Let otherwise")
"""Words that are remarks even as a plain run of letters."""
