"""Networks of any depth as a person would write them out, in both notations. Not a test itself."""

from __future__ import annotations

LATEX_FUNCTION = {"tanh": r"\tanh", "sigmoid": r"\sigma", "g": "g"}


def python_network(activations: list[str]) -> str:
    """Columns are examples, one layer for each activation; the last is the output of a cross-entropy."""
    depth = len(activations)
    lines = ["X: (n, m)", "Y: (1, m) in {0, 1}"]
    for layer, activation in enumerate(activations, 1):
        below = f"A{layer - 1}" if layer > 1 else "X"
        lines += [f"Z{layer} = W{layer} @ {below} + b{layer}", f"A{layer} = {activation}(Z{layer})"]
    return "\n".join([*lines, f"J = -sum(Y * log(A{depth}) + (1 - Y) * log(1 - A{depth})) / m"])


def latex_network(activations: list[str]) -> str:
    """The same with W^{[l]} in displays."""
    depth = len(activations)
    lines = []
    for layer, activation in enumerate(activations, 1):
        below = f"A^{{[{layer - 1}]}}" if layer > 1 else "X"
        function = LATEX_FUNCTION.get(activation, rf"\operatorname{{{activation}}}")
        lines.append(rf"$$Z^{{[{layer}]}} = W^{{[{layer}]}} {below} + b^{{[{layer}]}}$$")
        lines.append(rf"$$A^{{[{layer}]}} = {function}(Z^{{[{layer}]}})$$")
    output = f"A^{{[{depth}]}}"
    cost = rf"Y \odot \log {output} + (1 - Y) \odot \log(1 - {output})"
    return "\n\n".join([*lines, rf"$$J = -\frac{{1}}{{m}} \sum_{{i=1}}^{{m}} \left( {cost} \right)$$"])
