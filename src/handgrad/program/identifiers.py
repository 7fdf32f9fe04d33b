"""Identifiers of emitted source: every thing has one of its own, as close to its name as the language allows."""

from __future__ import annotations

import re

from handgrad.expr import Symbol
from handgrad.functions import AbstractCost, AbstractFunction
from handgrad.program.languages import Language


class Names:
    """Identifiers for what a module names; each thing keeps one of its own."""

    def __init__(self, language: Language) -> None:
        self._reserved = language.reserved
        self._given: dict[tuple[str, str], str] = {}

    def of(self, kind: str, name: str) -> str:
        """An identifier for any name.

        >>> from handgrad.program.languages import NUMPY
        >>> names = Names(NUMPY)
        >>> names.of("symbol", "W[l-1]"), names.of("symbol", "lambda"), names.of("size", "lambda")
        ('W_l_1', 'lambda_', 'lambda__')
        """
        if (kind, name) not in self._given:
            safe = name if name.isidentifier() else re.sub(r"\W+", "_", name).strip("_") or "x"
            safe = f"x{safe}" if safe[0].isdigit() else safe
            while safe in self._reserved or safe in self._given.values():
                safe += "_"
            self._given[kind, name] = safe
        return self._given[kind, name]

    def symbol(self, symbol: Symbol) -> str:
        """The identifier of a symbol; ∂J/∂W1 is dW1."""
        if symbol.partial is not None:
            return self.of("gradient", f"d{self.symbol(symbol.partial[1])}")
        return self.of("symbol", symbol.name)

    def function(self, function: AbstractFunction | AbstractCost) -> str:
        """g, g_prime, g_prime_prime; ell, ell_d1."""
        return self.of("function", function.source_name)
