"""Result dataclasses to one stream and back, exactly, and without running anything that the stream says.

A stream is one line of JSON, then the arrays as numpy's own blocks, in the order in which the line counts them. Only
dataclasses and enumerations of this project are made again.
"""

from __future__ import annotations

import importlib
import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from typing import Any, BinaryIO

import numpy as np
import pandas as pd
from affine import Affine
from numpy.typing import NDArray

__all__ = ["pack", "unpack"]

ROOMS = ("connectivity.", "rasters.", "scenarios.")
NUMERIC = "biufc"
Arrays = list[NDArray[Any]]


def pack(value: Any, stream: BinaryIO) -> None:
    """Write dataclasses, tuples, dicts, arrays, tables and plain values; anything else is a TypeError."""
    arrays: Arrays = []
    tree = _down(value, arrays)
    stream.write(json.dumps({"arrays": len(arrays), "value": tree}).encode() + b"\n")
    for array in arrays:
        np.save(stream, array, allow_pickle=False)


def unpack(stream: BinaryIO) -> Any:
    """Read what `pack` wrote; ValueError where it is something else."""
    head = json.loads(stream.readline())
    arrays = [np.load(stream, allow_pickle=False) for _ in range(head["arrays"])]
    return _up(head["value"], arrays)


def _down(value: Any, arrays: Arrays) -> Any:
    """As JSON; every object that JSON lacks becomes ``[kind, ...]``, and so do lists."""
    if isinstance(value, Enum):
        return ["enum", _name(type(value)), value.value]
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, np.generic):
        return _down(value.item(), arrays)
    if isinstance(value, np.ndarray) and value.dtype.kind in NUMERIC:
        arrays.append(np.asarray(value))
        return ["array", len(arrays) - 1]
    if isinstance(value, pd.DataFrame):
        columns = [[str(name), _column(value[name], arrays)] for name in value.columns]
        return ["table", columns, _down(value.index.to_numpy(), arrays)]
    if isinstance(value, Affine):
        return ["affine", [float(number) for number in tuple(value)[:6]]]
    if is_dataclass(value) and not isinstance(value, type):
        return ["object", _name(type(value)), {f.name: _down(getattr(value, f.name), arrays) for f in fields(value)}]
    if isinstance(value, Mapping):
        return ["dict", [[_down(key, arrays), _down(item, arrays)] for key, item in value.items()]]
    if isinstance(value, tuple | list):
        kind = "tuple" if isinstance(value, tuple) else "list"
        return [kind, [_down(item, arrays) for item in value]]
    raise TypeError(f"a {type(value).__name__} cannot be kept; teach scenarios.records.packing how")


def _column(column: pd.Series, arrays: Arrays) -> Any:
    if isinstance(column.dtype, np.dtype) and column.dtype.kind in NUMERIC:
        return _down(column.to_numpy(), arrays)
    if str(column.dtype) in ("object", "str"):
        return ["texts", str(column.dtype), [_down(item, arrays) for item in column]]
    raise TypeError(
        f"column {column.name!r} of type {column.dtype} cannot be kept; teach scenarios.records.packing how"
    )


def _up(tree: Any, arrays: Arrays) -> Any:
    if not isinstance(tree, list):
        return tree
    kind, *rest = tree
    if kind == "array":
        return arrays[rest[0]]
    if kind in ("tuple", "list"):
        items = [_up(item, arrays) for item in rest[0]]
        return tuple(items) if kind == "tuple" else items
    if kind == "dict":
        return {_up(key, arrays): _up(item, arrays) for key, item in rest[0]}
    if kind == "table":
        return _table(rest[0], _up(rest[1], arrays), arrays)
    if kind == "texts":
        return pd.Series([_up(item, arrays) for item in rest[1]], dtype=rest[0]).array
    if kind == "affine":
        return Affine(*rest[0])
    found = _class(rest[0])
    if kind == "enum":
        return found(rest[1])
    if kind == "object":
        return found(**{name: _up(item, arrays) for name, item in rest[1].items()})
    raise ValueError(f"unknown kind {kind!r}")


def _table(columns: list[list[Any]], index: NDArray[Any], arrays: Arrays) -> pd.DataFrame:
    return pd.DataFrame({name: _up(column, arrays) for name, column in columns}, index=_index(index))


def _index(values: NDArray[Any]) -> pd.Index:
    counted = values.dtype.kind in "iu" and np.array_equal(values, np.arange(values.size))
    return pd.RangeIndex(values.size) if counted else pd.Index(values)


def _name(kind: type) -> str:
    return f"{kind.__module__}:{kind.__qualname__}"


def _class(name: str) -> Any:
    """A dataclass or an enumeration of this project."""
    module, _, kind = name.partition(":")
    if not module.startswith(ROOMS):
        raise ValueError(f"{name} is none of the kinds that are kept")
    found = getattr(importlib.import_module(module), kind, None)
    if not (isinstance(found, type) and (is_dataclass(found) or issubclass(found, Enum))):
        raise ValueError(f"{name} is none of the kinds that are kept")
    return found
