"""Every error a user can see.

One base class carries what each message must say: what is wrong, where (file, line, column, the source
line with a caret), and what to do about it. The command line prints it and exits with code 2.

>>> error = ShapeError("cannot add (3, 4) and (2, 4)", remedy="transpose one of them")
>>> print(error)
cannot add (3, 4) and (2, 4)
  try: transpose one of them
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Place:
    """Where in the user's text something stands: line and column count from 1."""

    line: int
    column: int
    source_line: str = ""
    file: str = ""
    equation: str = ""

    def __str__(self) -> str:
        head = f"{self.file or '<text>'}:{self.line}:{self.column}"
        if self.equation:
            head += f", equation `{self.equation}`"
        if not self.source_line:
            return head
        window = max(0, self.column - 60)
        shown = self.source_line[window : window + 110]
        return f"{head}\n    {shown}\n    {' ' * (self.column - 1 - window)}^"


OWN_MISTAKE = "this is a mistake in Handgrad's own rules; please report it with the equations"
"""The remedy of a failed check of what Handgrad derived itself."""


class HandgradError(Exception):
    """Base of all errors of Handgrad; `remedy` says what to try, `place` where the cause stands."""

    def __init__(self, message: str, *, remedy: str = "", place: Place | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy
        self.place = place

    def __str__(self) -> str:
        lines = [self.message]
        if self.place is not None:
            lines.append(f"  at {self.place}")
        if self.remedy:
            lines.append(f"  try: {self.remedy}")
        return "\n".join(lines)


class ReadError(HandgradError):
    """The text cannot be read as equations."""


class UndefinedSymbolError(ReadError):
    """A symbol or function is used that nothing defines."""


class ShapeError(HandgradError):
    """Two shapes that must agree do not."""


class DerivationError(HandgradError):
    """What was asked for has no derivative here: no path, not scalar, no rule."""


class CheckError(HandgradError):
    """A derived formula disagrees with its numerical check; it is never shown."""


class DataError(HandgradError):
    """A table or an array cannot be used as it is."""


class TrainingError(HandgradError):
    """Training cannot start or go on."""
