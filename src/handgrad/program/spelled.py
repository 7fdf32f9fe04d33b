"""A function's spelling in Python source as a callable: the text is walked, never executed."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Mapping
from typing import Any

OPERATORS: Mapping[type[ast.AST], Callable[..., Any]] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv,
    ast.Pow: operator.pow, ast.USub: operator.neg, ast.Gt: operator.gt, ast.GtE: operator.ge, ast.Lt: operator.lt,
    ast.LtE: operator.le, ast.Eq: operator.eq, ast.NotEq: operator.ne, ast.BitAnd: operator.and_,
}  # fmt: skip


def callable_of(spelling: str, modules: Mapping[str, Any]) -> Callable[..., Any]:
    """The function that a spelling with {0}, {1} for its arguments is, over the modules it names.

    >>> import numpy as np
    >>> callable_of("np.maximum({0}, 0) * 2", {"np": np})(np.array([-1.0, 3.0]))
    array([0., 6.])
    """
    names = ("x", "y", "z", "w")
    tree = ast.parse(spelling.format(*names), mode="eval").body

    def call(*args: Any) -> Any:
        return _value(tree, {**modules, **dict(zip(names, args, strict=False))})

    return call


def _value(node: ast.expr, names: Mapping[str, Any]) -> Any:
    match node:
        case ast.Constant():
            return node.value
        case ast.Name():
            return names[node.id]
        case ast.Attribute():
            return getattr(_value(node.value, names), node.attr)
        case ast.Subscript():
            return _value(node.value, names)[_value(node.slice, names)]
        case ast.UnaryOp():
            return OPERATORS[type(node.op)](_value(node.operand, names))
        case ast.BinOp():
            return OPERATORS[type(node.op)](_value(node.left, names), _value(node.right, names))
        case ast.Compare(ops=[op], comparators=[right]):
            return OPERATORS[type(op)](_value(node.left, names), _value(right, names))
        case ast.Call():
            keywords = {k.arg: _value(k.value, names) for k in node.keywords if k.arg is not None}
            return _value(node.func, names)(*(_value(arg, names) for arg in node.args), **keywords)
    raise TypeError(f"{type(node).__name__} in the spelling of a function")
