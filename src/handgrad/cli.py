"""The command line: `handgrad derive`, `train` and `predict`. It prints; the work is done elsewhere.

Exit codes: 0 done, 2 something is wrong with what was given (one message on stderr), 130 ended by Ctrl-C.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import App, CycloptsError, Parameter

import handgrad
from handgrad.errors import DerivationError, HandgradError
from handgrad.learn.commands import PLAIN, assignments, predict, train

BAD_INPUT = 2
INTERRUPTED = 130
Form = Literal["text", "latex", "markdown", "html", "numpy", "jax", "torch", "javascript"]

app = App(
    name="handgrad",
    help="Gradients as you would derive them by hand: written out, checked, and run.\n\n"
    "Example: `handgrad derive two_layer_network.md`",
    version=handgrad.__version__,
    result_action="return_value",
    exit_on_error=False,
    suppress_keyboard_interrupt=False,
    help_format="markdown",
)
app.command(train)
app.command(predict)


@Parameter(name="*")
@dataclass(frozen=True, slots=True, kw_only=True)
class DeriveOptions:
    """The options of `handgrad derive`."""

    of: Annotated[str | None, Parameter(help="The scalar to differentiate.", show_default="the last scalar")] = None
    wrt: Annotated[
        tuple[str, ...],
        Parameter(help="A symbol to differentiate by; repeat it.", negative=(), show_default="all parameters"),
    ] = ()
    let: Annotated[
        tuple[str, ...],
        PLAIN,
        Parameter(help="What an undefined function is: --let g=tanh.", metavar="NAME=FUNCTION"),
    ] = ()
    examples: Annotated[Literal["one", "many"], Parameter(help="Read X as one example or as many.")] = "many"
    to: Annotated[Form, Parameter(help="What to print.")] = "text"
    steps: Annotated[bool, Parameter(help="Write out every step (text, markdown, latex, html).")] = True
    functions: Annotated[bool, PLAIN, Parameter(help="Derive the functions' own derivatives too.")] = False
    output: Annotated[Path | None, Parameter(name=("-o", "--output"), help="A file to write instead.")] = None


@app.command
def derive(model: Path, /, *, options: DeriveOptions | None = None) -> int:
    """Derive the gradients of a model, step by step, each step checked.

    Example: `handgrad derive two_layer_network.md --wrt W1 --let g=tanh --to latex`

    Parameters
    ----------
    model
        The document with the equations: LaTeX in .md, .tex or .ipynb, Python notation in .txt or .py.
    """
    options = options or DeriveOptions()
    api = import_module("handgrad.api")  # with NumPy and the grammar: not needed for --help
    read = api.read(model, let=assignments("--let", options.let), examples=options.examples)
    derivation = api.derive(read, wrt=options.wrt or None, of=options.of)
    match options.to:
        case "text" | "latex" | "markdown" | "html":
            text = getattr(derivation, options.to)(steps=options.steps, functions=options.functions)
        case language if options.functions:
            raise DerivationError(f"--functions has no place in {language} source",
                                  remedy="ask for text, latex, markdown or html")  # fmt: skip
        case language:
            text = derivation.source(language)
    if options.output is None:
        print(text)
    else:
        import_module("handgrad.learn.output").write_bytes(options.output, f"{text}\n".encode())
    return 0


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit: the entry point of the `handgrad` script."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")  # a terminal without ∂ shows its code, and no traceback
    sys.exit(run(arguments))


def run(arguments: Sequence[str] | None = None) -> int:
    """Run a command; the exit code."""
    try:
        code = app(arguments)
        sys.stdout.flush()
    except HandgradError as error:
        return _fail(str(error))
    except CycloptsError:
        return BAD_INPUT  # the message is printed already
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # the reader left: nothing more to say
        return 0
    except (OSError, UnicodeDecodeError) as error:
        return _fail(f"{getattr(error, 'filename', None) or 'a file'}: {getattr(error, 'strerror', None) or error}")
    return code if isinstance(code, int) else 0


def _fail(message: str) -> int:
    print(f"error: {message}", file=sys.stderr)
    return BAD_INPUT
