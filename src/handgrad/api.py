"""The public functions: read a model, derive its gradients."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from handgrad import derived, higher
from handgrad.errors import ReadError
from handgrad.model import Model
from handgrad.notation.document import read_document
from handgrad.notation.python import read_python
from handgrad.notation.reading import elaborate
from handgrad.notation.syntax import Declaration

LARGEST_FILE = 4 * 1024 * 1024  # bytes


def read(
    path: str | Path, *, let: Mapping[str, str] | None = None, examples: str = "many", notation: str | None = None
) -> Model:
    """The model in a file: LaTeX in Markdown, .tex, .ipynb, or Python notation in .txt or .py.

    `let` says what abstract functions are, `{"g": "tanh"}`; `examples` is "many" (columns or rows of data) or
    "one". Raises ReadError for a file that cannot be read, and ShapeError or UndefinedSymbolError for its equations.
    """
    path = Path(path)
    try:
        if path.stat().st_size > LARGEST_FILE:
            raise ReadError(f"{path} is larger than {LARGEST_FILE} bytes", remedy="name a document of equations")
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        reason = error.strerror or str(error)
        raise ReadError(f"cannot read {path}: {reason}", remedy="check the file's name and its permissions") from error
    except UnicodeDecodeError as error:
        raise ReadError(
            f"{path} is not UTF-8 text (byte {error.start})", remedy="save it as UTF-8, or name a document of equations"
        ) from error
    return elaborate(read_document(text, str(path), notation), let, examples)


def parse(
    text: str,
    *,
    notation: str | None = None,
    shapes: Mapping[str, str] | None = None,
    let: Mapping[str, str] | None = None,
    examples: str = "many",
) -> Model:
    """The model in a text; `notation` is "python" or "latex", told apart by the content where it is not given.

    `shapes` declares symbols: `{"A": "n, n", "x": "n", "c": ""}`.

    >>> parse("J = sum((X @ w - y) ** 2)", shapes={"X": "m, n"}).symbols["w"]
    (Size('n'),)
    """
    document = read_document(text, "", notation)
    if not shapes:
        return elaborate(document, let, examples)
    lines = "\n".join(f"{name}: ({sizes}{',' if sizes.strip() else ''})" for name, sizes in shapes.items())
    declared = [s for s in read_python(lines, "<shapes>").statements if isinstance(s, Declaration)]
    model = elaborate(replace(document, statements=(*declared, *document.statements)), let, examples)
    head = lines if document.notation == "python" else "\n".join(map(_in_latex, shapes, shapes.values()))
    return replace(model, source=f"{head}\n\n{text}")  # so that the source alone says all


def _in_latex(name: str, sizes: str) -> str:
    exponent = r" \times ".join(size.strip() for size in sizes.split(",") if size.strip())
    return rf"${name} \in \mathbb{{R}}" + (f"^{{{exponent}}}$" if exponent else "$")


def jacobian(
    model: Model | str,
    wrt: str | Iterable[str] | None = None,
    of: str | None = None,
    *,
    shapes: Mapping[str, str] | None = None,
    let: Mapping[str, str] | None = None,
) -> higher.Derivatives:
    """The checked Jacobians of a value of any shape, its axes first, then the symbol's; `of` is the last equation.

    >>> print(jacobian("exp(A @ x)", wrt="x", shapes={"A": "m, n", "x": "n"})["x"])
    diag(exp(A x)) A
    """
    model = parse(model, shapes=shapes, let=let) if isinstance(model, str) else model
    value = model.equations[-1] if of is None else model.symbol(of)
    return higher.jacobian(derived.chosen_symbols(model, wrt, value), value)


def hessian(
    model: Model | str,
    wrt: str | Iterable[str] | None = None,
    of: str | None = None,
    *,
    shapes: Mapping[str, str] | None = None,
    let: Mapping[str, str] | None = None,
) -> higher.Derivatives:
    """The checked Hessians of a scalar by each symbol: axes of the symbol twice.

    >>> print(hessian("sum((X @ w - y) ** 2)", wrt="w", shapes={"X": "m, n", "w": "n", "y": "m"})["w"])
    2 Xᵀ X
    """
    model = parse(model, shapes=shapes, let=let) if isinstance(model, str) else model
    scalar = derived.scalar_of(model, of)
    return higher.hessian(derived.chosen_symbols(model, wrt, scalar), scalar)


def hvp(
    model: Model | str,
    wrt: str | Iterable[str] | None = None,
    of: str | None = None,
    *,
    vector: str = "v",
    shapes: Mapping[str, str] | None = None,
    let: Mapping[str, str] | None = None,
) -> higher.Derivatives:
    """The checked product of a scalar's Hessian with a vector of the symbol's shape, as a formula in that vector.

    >>> print(hvp("sum((X @ w - y) ** 2)", wrt="w", shapes={"X": "m, n", "w": "n", "y": "m"})["w"])
    2 Xᵀ X v
    """
    model = parse(model, shapes=shapes, let=let) if isinstance(model, str) else model
    scalar = derived.scalar_of(model, of)
    return higher.hessian_vector(derived.chosen_symbols(model, wrt, scalar), scalar, vector)


def derive(
    model: Model | str,
    wrt: str | Iterable[str] | None = None,
    of: str | None = None,
    *,
    shapes: Mapping[str, str] | None = None,
    let: Mapping[str, str] | None = None,
    examples: str = "many",
) -> derived.Derivation:
    """The checked gradients of a scalar: see `handgrad.derived.derive`. A text is parsed first.

    >>> d = derive("x @ A @ x", wrt="x", shapes={"A": "n, n", "x": "n"})
    >>> print(d["x"])
    (A + Aᵀ) x
    """
    if isinstance(model, str):
        model = parse(model, shapes=shapes, let=let, examples=examples)
    return derived.derive(model, wrt, of)
