"""The model file: safetensors, parameters as tensors, all else as JSON in its metadata; nothing in it is run.

A file is untrusted: every field is checked against its type, the equations are read again, the parameters
must have the shapes that the equations give them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from math import isfinite
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from handgrad.axes import Shape
from handgrad.errors import DataError, HandgradError
from handgrad.learn.binding import bind, check_width, sizes_of, told_by_table
from handgrad.learn.codec import decode, encode
from handgrad.learn.features import Features, Standardised
from handgrad.learn.loop import History
from handgrad.learn.output import write_bytes
from handgrad.learn.seam import Model, parse_model
from handgrad.learn.target import Classes, Quantity

Array = NDArray[Any]
KEY = "handgrad"
FORMAT = 1


@dataclass(frozen=True, slots=True, eq=False)
class Trained:
    """A model with its parameters, the encoding of its table, and what was measured."""

    model: Model
    sizes: Mapping[str, int]
    features: Features
    target: Classes | Quantity
    parameters: Mapping[str, Array]
    dtype: str
    history: History
    metrics: Mapping[str, Mapping[str, float]]


@dataclass(frozen=True, slots=True)
class Header:
    """The metadata of a model file."""

    format: int
    version: str
    text: str
    file: str
    notation: str
    let: Mapping[str, str]
    sizes: Mapping[str, int]
    features: Features
    target: Classes | Quantity
    dtype: str
    history: History
    metrics: Mapping[str, Mapping[str, float]]


def installed_version() -> str:
    """The version of Handgrad that runs."""
    try:
        return version("handgrad")
    except PackageNotFoundError:
        return "0+unknown"  # run from a source tree


def write(trained: Trained, path: Path) -> None:
    """Write the file, whole or not at all; the same model gives the same bytes."""
    model = trained.model
    header = Header(
        FORMAT, installed_version(), model.source, Path(model.file).name, model.notation, dict(model.let),
        trained.sizes, trained.features, trained.target, trained.dtype, trained.history, trained.metrics,
    )  # fmt: skip
    # One metadata key only: safetensors keeps several in no fixed order, and the bytes would differ.
    metadata = {KEY: json.dumps(encode(header), ensure_ascii=False, sort_keys=True, allow_nan=False)}
    tensors = {name: np.ascontiguousarray(trained.parameters[name]) for name in sorted(trained.parameters)}
    write_bytes(path, save(tensors, metadata=metadata))


def read(path: Path) -> Trained:
    """Read and check a file; whatever is wrong with it is one DataError that names the file."""
    try:
        text, parameters = _contents(path)
        header = decode(Header, json.loads(text, parse_constant=_refuse_constant))
        return _checked(header, parameters)
    except (SafetensorError, json.JSONDecodeError, RecursionError, OSError, UnicodeError) as error:
        _refuse(path, str(error).strip() or type(error).__name__, error)
    except HandgradError as error:
        _refuse(path, error.message, error)


def _refuse(path: Path, why: str, error: Exception) -> NoReturn:
    raise DataError(
        f"{path} is not a model file of Handgrad that can be used: {why}",
        remedy="train again with `handgrad train … -o model.safetensors`",
    ) from error


def _refuse_constant(name: str) -> NoReturn:
    raise DataError(f"the metadata holds {name}")


def _contents(path: Path) -> tuple[str, dict[str, Array]]:
    if not path.is_file():
        raise DataError("it is a directory" if path.is_dir() else "there is no such file")
    with safe_open(path, framework="numpy") as file:
        metadata = file.metadata() or {}
        if KEY not in metadata:
            raise DataError("it is a safetensors file of another program")
        return metadata[KEY], {name: np.array(file.get_tensor(name)) for name in file.keys()}  # noqa: SIM118


def _checked(header: Header, parameters: dict[str, Array]) -> Trained:
    if header.format != FORMAT:
        raise DataError(f"its format is {header.format}, this version of Handgrad reads {FORMAT}")
    _check_encoding(header)
    model = parse_model(header.text, header.file, header.notation, header.let)
    binding = bind(model)
    check_width(binding, header.target)
    needed, _ = sizes_of(model, binding, header.features.width, header.target, {})
    told = told_by_table(binding, header.features.width, header.target)
    sizes = header.sizes
    if needed.keys() != sizes.keys() or sizes != {**sizes, **told} or any(size < 1 for size in sizes.values()):
        raise DataError(f"its sizes {dict(sizes)} are not those of its equations and its table")
    shapes = {symbol.name: _numbers(symbol.shape, header.sizes) for symbol in model.roles.parameters}
    if shapes.keys() != parameters.keys():
        raise DataError(f"its tensors are {sorted(parameters)}, its equations have {sorted(shapes)}")
    for name, array in parameters.items():
        if array.shape != shapes[name] or array.dtype != header.dtype or not np.isfinite(array).all():
            raise DataError(f"its tensor {name} is not {header.dtype} of shape {shapes[name]} with finite numbers")
    return Trained(
        model, header.sizes, header.features, header.target, parameters, header.dtype, header.history, header.metrics
    )


def _check_encoding(header: Header) -> None:
    """What types do not say: numbers to divide by, classes to choose from."""
    scales = [e.deviation for e in header.features.encoders if isinstance(e, Standardised)]
    target = header.target
    if isinstance(target, Quantity):
        scales.append(target.deviation)
    elif len(set(target.labels)) < 2:
        raise DataError("its target has fewer than two classes")
    if not header.features.encoders or header.dtype not in {"float32", "float64"}:
        raise DataError("it has no features" if not header.features.encoders else f"its dtype is {header.dtype!r}")
    if any(not isfinite(scale) or scale <= 0 for scale in scales):
        raise DataError("a deviation in it is not a positive number")


def _numbers(shape: Shape, sizes: Mapping[str, int]) -> tuple[int, ...]:
    return tuple(size.value if size.value is not None else sizes[str(size)] for size in shape)
