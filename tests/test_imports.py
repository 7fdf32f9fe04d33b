"""The rooms and their walls: imports go one way, none hides in a function, engines know no function by name."""

from __future__ import annotations

import ast
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

from handgrad.functions import BY_SPELLING

SOURCE = Path(__file__).resolve().parents[1] / "src" / "handgrad"
MODULES = {".".join(path.relative_to(SOURCE).with_suffix("").parts): path for path in sorted(SOURCE.rglob("*.py"))}
# From the ground up: a room imports only rooms before it. A module that stands alone in its room is named in full.
ROOMS = (
    "errors", "axes", "expr", "canonical", "functions", "evaluate", "matrix", "factoring", "symmetry", "expansion",
    "declared", "facts", "simplify", "folding", "softmax", "indicators", "derivation", "dependence", "calculus",
    "model", "notation", "render", "stable", "checks", "higher", "program", "derived", "program.training", "api",
    "learn", "cli",
)  # fmt: skip
FRONT = frozenset({"__init__", "__main__"})  # the package's own door, which knows every room
ENGINES = ("program.", "matrix.", "render.")


def room_of(module: str) -> str:
    """The room of a module: `program.training` is one of its own."""
    return module if module in ROOMS else module.split(".")[0]


@cache
def tree(module: str) -> ast.Module:
    return ast.parse(MODULES[module].read_text(encoding="utf-8"))


def imported(node: ast.Import | ast.ImportFrom, module: str) -> set[str]:
    """The modules of ours that a statement imports, without the package's name."""
    names = [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        assert node.level == 0, f"{module} imports relatively, line {node.lineno}"
        base = node.module or ""
        names = [f"{base}.{name}" if _is_module(f"{base}.{name}") else base for name in names]
    return {name.removeprefix("handgrad").lstrip(".") for name in names if name.split(".")[0] == "handgrad"} - {""}


def _is_module(name: str) -> bool:
    inner = name.removeprefix("handgrad.")
    return inner in MODULES or f"{inner}.__init__" in MODULES


def imports(module: str, types: bool = True) -> set[str]:
    """All modules of ours that a module imports; with `types` under TYPE_CHECKING too."""
    only_types = {
        id(inner)
        for node in ast.walk(tree(module))
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        for inner in ast.walk(node)
    }
    found: set[str] = set()
    for node in ast.walk(tree(module)):
        if isinstance(node, ast.Import | ast.ImportFrom) and (types or id(node) not in only_types):
            found |= imported(node, module)
    return found


def room_graph() -> dict[str, set[str]]:
    graph: dict[str, set[str]] = {}
    for module in MODULES:
        if module not in FRONT:
            own = room_of(module)
            graph.setdefault(own, set()).update(room_of(other) for other in imports(module) if room_of(other) != own)
    return graph


def test_the_rooms_are_those_that_there_are() -> None:
    assert {room_of(module) for module in MODULES if module not in FRONT} <= set(ROOMS)
    assert len(MODULES) > 40


def test_no_cycle_between_rooms() -> None:
    try:
        list(TopologicalSorter(room_graph()).static_order())
    except CycleError as error:
        pytest.fail(f"rooms import each other: {' → '.join(error.args[1])}")


def test_no_cycle_between_modules() -> None:
    graph = {
        module: {m if m in MODULES else f"{m}.__init__" for m in imports(module, types=False)} for module in MODULES
    }
    try:
        list(TopologicalSorter({m: {o for o in others if o != m} for m, others in graph.items()}).static_order())
    except CycleError as error:
        pytest.fail(f"modules import each other: {' → '.join(error.args[1])}")


def violations() -> set[tuple[str, str]]:
    height = {room: k for k, room in enumerate(ROOMS)}
    return {
        (module, room_of(other))
        for module in MODULES
        if module not in FRONT
        for other in imports(module)
        if height[room_of(other)] > height[room_of(module)]
    }


def test_imports_go_down_only() -> None:
    assert violations() == set()


@pytest.mark.parametrize("module", MODULES)
def test_no_import_inside_a_function(module: str) -> None:
    """Heavy libraries are imported where they are first used, through importlib; nothing of ours is."""
    hidden = [
        f"line {inner.lineno}: {ast.unparse(inner)}"
        for node in ast.walk(tree(module))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        for inner in ast.walk(node)
        if isinstance(inner, ast.Import | ast.ImportFrom)
    ]
    assert hidden == []


@pytest.mark.parametrize("module", [m for m in MODULES if m != "__init__"])
def test_importlib_is_for_other_peoples_libraries(module: str) -> None:
    """`import_module("handgrad…")` inside a function would be a hidden import of ours."""
    called = [
        node.args[0]
        for function in ast.walk(tree(module))
        if isinstance(function, ast.FunctionDef)
        for node in ast.walk(function)
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("import_module") and node.args
    ]
    ours = [arg.value for arg in called if isinstance(arg, ast.Constant) and str(arg.value).startswith("handgrad")]
    if module not in LAZY_COMMANDS:
        assert ours == []


LAZY_COMMANDS = frozenset(
    {"cli", "__main__", "learn.commands"}
)  # the command line starts at once: commands load their rooms


def function_names() -> set[str]:
    """Names of the table that are no words of NumPy's or English in an engine."""
    plain = {"sum", "step", "sign", "log", "exp", "abs", "absolute", "identity", "linear", "sin", "cos", "tan", "sigma"}
    return set(BY_SPELLING) - plain


@pytest.mark.parametrize("module", [m for m in MODULES if m.startswith(ENGINES)])
def test_engines_know_no_function_by_name(module: str) -> None:
    """No name of the table stands in an engine's code, neither as a string nor imported from its record's module."""
    names = function_names()
    docs = {id(node.value) for node in ast.walk(tree(module)) if isinstance(node, ast.Expr)}
    spelled = [
        f"line {node.lineno}: {node.value!r}"
        for node in ast.walk(tree(module))
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and id(node) not in docs
        and node.value in names
    ]
    taken = [
        f"line {node.lineno}: {alias.name} of {node.module}"
        for node in ast.walk(tree(module))
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("handgrad.functions.")
        for alias in node.names
        if alias.name in BY_SPELLING
    ]
    if module == "program.stable":  # logarithms are what it is about; which have a stable form is in the records
        taken = [entry for entry in taken if ": log of " not in entry]
    assert spelled + taken == []


@pytest.mark.parametrize("module", [m for m in MODULES if m.startswith("functions.")])
def test_functions_know_no_engine(module: str) -> None:
    assert {room_of(other) for other in imports(module)} <= {"errors", "axes", "expr", "canonical", "functions"}


def test_modules_are_short() -> None:
    """The house's law 9: about 400 lines a module."""
    long = {module: n for module, path in MODULES.items() if (n := len(path.read_text().splitlines())) > 440}
    assert long == {}
