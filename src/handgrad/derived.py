"""Derives: from a model to its checked derivation, the object that the public interface returns.

>>> import handgrad as hg
>>> d = hg.derive(hg.parse("Z = W @ X + b\\nJ = sum((Z - Y) ** 2) / 2"))
>>> print(d["W"])
(Z − Y) Xᵀ
>>> d.checks[-1].largest < 1e-8
True
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from numpy.typing import ArrayLike

from handgrad import evaluate
from handgrad.calculus import ReverseSweep
from handgrad.checks.functions import verify_function, verify_stable
from handgrad.checks.verify import verify
from handgrad.derivation import Check, Section, Step, Sweep
from handgrad.errors import DerivationError
from handgrad.expr import Call, Expr, Symbol, walk
from handgrad.functions import Array, Elementwise
from handgrad.model import Model
from handgrad.program import emit
from handgrad.program.jax_engine import jax_function
from handgrad.render import document
from handgrad.stable import stable


@dataclass(frozen=True, slots=True, repr=False)
class Derivation(Mapping[str, Expr]):
    """The gradients of one scalar, by name, with the steps that lead to them; every step was checked."""

    model: Model
    sweep: Sweep
    checks: tuple[Check, ...]

    @property
    def of(self) -> Symbol:
        """The scalar that was differentiated."""
        return self.sweep.of

    @property
    def sections(self) -> tuple[Section, ...]:
        """One section a gradient, in the order of the sweep."""
        return self.sweep.sections

    @property
    def steps(self) -> tuple[Step, ...]:
        """All steps in order."""
        return tuple(step for section in self.sections for step in section.steps)

    @property
    def gradients(self) -> Mapping[str, Expr]:
        """The closed form of ∂J/∂v for every name v on the way, intermediate values included."""
        return {section.wrt.name: section.result for section in self.sections}

    def __getitem__(self, name: str) -> Expr:
        for symbol, expr in self.sweep.gradients:
            if symbol.name == name:
                return expr
        raise KeyError(name)

    def __iter__(self) -> Iterator[str]:
        return iter(symbol.name for symbol, _ in self.sweep.gradients)

    def __len__(self) -> int:
        return len(self.sweep.gradients)

    def text(self, *, steps: bool = True, functions: bool = False) -> str:
        """The derivation as Unicode text; without `steps` the equations and closed forms only.

        With `functions` the derivatives of the scalar functions are derived too, here and in the other formats.
        """
        return document.to_text(self._page(steps, functions))

    def latex(self, *, steps: bool = True, functions: bool = False) -> str:
        """The derivation as a LaTeX fragment (amsmath, amssymb)."""
        return document.to_latex(self._page(steps, functions))

    def markdown(self, *, steps: bool = True, functions: bool = False) -> str:
        """The derivation as Markdown with $$ displays."""
        return document.to_markdown(self._page(steps, functions))

    def html(self, *, steps: bool = True, functions: bool = False) -> str:
        """The derivation as an HTML fragment with TeX formulas."""
        return document.to_html(self._page(steps, functions))

    def summary(self) -> str:
        """The equations and the closed forms as text, a screen or less."""
        return document.to_text(document.summary_blocks(self.model, self.sweep))

    def functions_text(self) -> str:
        """How the derivatives of the scalar functions in the equations come about, as text."""
        return document.to_text(self._function_page())

    def _page(self, steps: bool, functions: bool) -> tuple[document.Block, ...]:
        page = document.blocks(self.model, self.sweep, self.checks, steps=steps)
        return page + self._function_page() if functions else page

    def _function_page(self) -> tuple[document.Block, ...]:
        for function in self.functions:
            verify_function(function)
        return document.function_blocks(self.functions)

    @property
    def functions(self) -> tuple[Elementwise, ...]:
        """The scalar functions of the table that stand in the equations."""
        calls = [node for s in self.sweep.equations if s.definition is not None for node in walk(s.definition)]
        records = [node.function for node in calls if isinstance(node, Call)]
        return tuple(dict.fromkeys(r for r in records if isinstance(r, Elementwise) and r.arity == 1))

    def source(self, language: str = "numpy") -> str:
        """The forward and backward pass as readable source code in numpy, jax, torch or javascript.

        Raises DerivationError for another language, or where it has no spelling of a function.
        """
        sweep = ReverseSweep(self.of, tuple(symbol for symbol, _ in self.sweep.gradients), inline_weight=0).run()
        verify(sweep)
        verify_stable(sweep)
        return emit.source(self.model, sweep, language)

    def function(self, engine: str = "numpy") -> Callable[..., dict[str, Array]]:
        """f(**arrays): the value under the scalar's name and the gradients under their symbols'.

        "numpy" computes in float64; "jax" gives a jitted function of JAX arrays, in the precision that JAX is set to.
        Raises DerivationError for another engine, or where JAX is not installed.
        """
        if engine == "jax":
            verify_stable(self.sweep)
            return jax_function(self.model, self.sweep)
        if engine != "numpy":
            raise DerivationError(f"there is no engine {engine}", remedy="ask for numpy or jax")
        roots = (self.of, *self.values())
        verify_stable(self.sweep)
        forms = {name: stable(expr) for name, expr in self.items()}

        def run(**arrays: ArrayLike) -> dict[str, Array]:
            point = evaluate.bind(roots, arrays, stable)
            found = {self.of.name: point.value(self.of)}
            found.update({name: point.value(form) for name, form in forms.items()})
            return found

        return run

    def __repr__(self) -> str:
        return self.text(steps=False)

    def _repr_html_(self) -> str:
        return self.html()

    def _repr_latex_(self) -> str:
        return self.latex(steps=False)


def derive(model: Model, wrt: str | Iterable[str] | None = None, of: str | None = None) -> Derivation:
    """The gradients of the scalar `of` by the symbols `wrt`, derived, simplified and checked.

    `of` defaults to the cost (the last scalar equation), `wrt` to all parameters. Each gradient has the shape
    of its symbol. Raises DerivationError where `of` is not a scalar or does not depend on a symbol of `wrt`.
    """
    scalar = scalar_of(model, of)
    sweep = ReverseSweep(scalar, chosen_symbols(model, wrt, scalar)).run()
    return Derivation(model, sweep, verify(sweep))


def chosen_symbols(model: Model, wrt: str | Iterable[str] | None, of: Symbol) -> tuple[Symbol, ...]:
    """The symbols of the given names, or the model's parameters."""
    if wrt is None:
        return _default_parameters(model, of)
    names = [wrt] if isinstance(wrt, str) else list(wrt)
    if not names:
        raise DerivationError("there is nothing to differentiate by", remedy="name a symbol in wrt")
    return tuple(dict.fromkeys(model.symbol(name) for name in names))


def scalar_of(model: Model, of: str | None) -> Symbol:
    """The scalar of a name, or the model's cost."""
    if of is None:
        if model.roles.cost is None:
            shapes = ", ".join(f"{s.name}" for s in model.equations)
            raise DerivationError(f"none of the equations is a scalar: {shapes}",
                                  remedy="add a cost, for example J = mean((A - Y) ** 2)")  # fmt: skip
        return model.roles.cost
    symbol = model.symbol(of)
    if symbol.shape:
        raise DerivationError(
            f"{of} is not a scalar: its shape is ({', '.join(map(str, symbol.shape))})",
            remedy="a gradient needs a scalar: sum it, average it, or name another cost",
        )
    if symbol.definition is None:
        raise DerivationError(f"{of} has no equation", remedy="name a scalar that an equation defines")
    return symbol


def _default_parameters(model: Model, scalar: Symbol) -> tuple[Symbol, ...]:
    from_roles = model.roles.parameters
    return from_roles or tuple(s for s in model.inputs if s.shape) or model.inputs
