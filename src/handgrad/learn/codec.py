"""Frozen dataclasses to JSON values and back, checked against their type hints: the model file's metadata.

>>> from handgrad.learn.target import Quantity
>>> value = encode(Quantity("price", 10.0, 2.0))
>>> value
{'type': 'Quantity', 'name': 'price', 'mean': 10.0, 'deviation': 2.0}
>>> decode(Quantity, value)
Quantity(name='price', mean=10.0, deviation=2.0)
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from types import NoneType, UnionType
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

from handgrad.errors import DataError

T = TypeVar("T")
_NAMES = {str: "a text", int: "a whole number", float: "a number", bool: "true or false", NoneType: "null"}


def encode(value: Any) -> Any:
    """The JSON value of a dataclass, an enum, a mapping, a sequence or a plain value; dataclasses carry their type."""
    if is_dataclass(value):
        return {"type": type(value).__name__} | {f.name: encode(getattr(value, f.name)) for f in fields(value)}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Mapping):
        return {str(key): encode(value[key]) for key in sorted(value)}
    if isinstance(value, tuple | list):
        return [encode(part) for part in value]
    return value


def decode(kind: type[T], value: Any, where: str = "") -> T:
    """The value of a type from its JSON value; a DataError names the first part that does not fit."""
    decoded: T = _decode(kind, value, where)
    return decoded


def _decode(kind: Any, value: Any, where: str) -> Any:
    origin = get_origin(kind)
    if origin is UnionType:
        return _union(get_args(kind), value, where)
    if origin is tuple:
        inner = get_args(kind)[0]
        return tuple(_decode(inner, part, f"{where}[{k}]") for k, part in enumerate(_expect(list, value, where)))
    if origin is not None and issubclass(origin, Mapping):
        inner = get_args(kind)[1]
        entries = _expect(dict, value, where).items()
        return {key: _decode(inner, part, f"{where}.{key}") for key, part in entries}
    if is_dataclass(kind):
        return _record(kind, value, where)
    if issubclass(kind, Enum):
        return _member(kind, value, where)
    if kind is float and type(value) is int:
        return float(value)
    return _expect(kind, value, where)


def _expect(kind: type[T], value: Any, where: str) -> T:
    """The value if it is exactly of the kind: a bool is no int here."""
    if type(value) is not kind:
        named = _NAMES.get(kind, "a list" if kind is list else "an object")
        raise DataError(f"{where or 'the metadata'}: expected {named}, found {_short(value)}")
    return value


def _union(kinds: tuple[Any, ...], value: Any, where: str) -> Any:
    if isinstance(value, dict):
        for kind in kinds:
            if is_dataclass(kind) and isinstance(kind, type) and kind.__name__ == value.get("type"):
                return _record(kind, value, where)
    elif type(value) in kinds:
        return value
    elif type(value) is int and float in kinds:
        return float(value)
    names = " or ".join(_NAMES.get(kind, getattr(kind, "__name__", str(kind))) for kind in kinds)
    raise DataError(f"{where}: expected {names}, found {_short(value)}")


def _record(kind: Any, value: Any, where: str) -> Any:
    entries = _expect(dict, value, where)
    hints = get_type_hints(kind)
    names = {f.name for f in fields(kind)} | {"type"}
    if entries.get("type") != kind.__name__ or entries.keys() != names:
        differing = ", ".join(sorted(names ^ entries.keys())) or f"type {_short(entries.get('type'))}"
        raise DataError(f"{where or 'the metadata'}: not a {kind.__name__} (differs in: {differing[:200]})")
    return kind(**{f.name: _decode(hints[f.name], entries[f.name], f"{where}.{f.name}") for f in fields(kind)})


def _member(kind: type[Enum], value: Any, where: str) -> Enum:
    try:
        return kind(value)
    except ValueError as error:
        known = ", ".join(str(member.value) for member in kind)
        raise DataError(f"{where}: expected one of {known}, found {_short(value)}") from error


def _short(value: Any) -> str:
    return repr(value)[:60]
