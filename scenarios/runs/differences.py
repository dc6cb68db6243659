"""By how much a file differs from its twin of an earlier run: rasters, tables, layers, arrays, pictures, text."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rasters.files.bands import open_band
from rasters.files.formats import require_plain_vectors

__all__ = ["difference_of_files"]

Array = NDArray[Any]


def difference_of_files(old: Path, new: Path) -> str:
    """One line on what differs; for two files of one name with different bytes.

    Notes
    -----
    Numbers are compared exactly, NaN with NaN as the same; the largest difference is told, and relative to the larger of
    the two values there.
    """
    compare = _BY_SUFFIX.get(new.suffix, _text)
    try:
        return compare(old, new)
    except Exception as error:
        return f"differs, and one of the two cannot be read ({type(error).__name__}: {error})"


def _rasters(old: Path, new: Path) -> str:
    with open_band(old) as a, open_band(new) as b:
        if (a.shape, a.transform, a.crs) != (b.shape, b.transform, b.crs):
            return f"is on another grid: {a.shape[0]} x {a.shape[1]} cells, now {b.shape[0]} x {b.shape[1]}"
        told = _of_arrays(a.file.read(1), b.file.read(1), "cells")
        return told or f"its values are the same, its metadata differ: {_of_tags(a.file.tags(), b.file.tags())}"


def _of_tags(old: dict[str, str], new: dict[str, str]) -> str:
    keys = sorted(key for key in old.keys() | new.keys() if old.get(key) != new.get(key))
    return ", ".join(keys) or "in its layout"


def _of_arrays(old: Array, new: Array, what: str) -> str:
    """Empty where all values are the same."""
    if old.shape != new.shape:
        return f"has the shape {new.shape}, was {old.shape}"
    if not (np.issubdtype(old.dtype, np.number) and np.issubdtype(new.dtype, np.number)):
        differs = old != new
        return f"{int(differs.sum())} of {old.size} {what} differ" if differs.any() else ""
    old, new = old.astype(np.float64), new.astype(np.float64)
    differs = ~((old == new) | (np.isnan(old) & np.isnan(new)))
    if not differs.any():
        return ""
    a, b = old[differs], new[differs]
    finite = np.isfinite(a) & np.isfinite(b)
    told = f"{a.size} of {old.size} {what} differ"
    if finite.any():
        gap = np.abs(a[finite] - b[finite])
        share = gap / np.maximum(np.abs(a[finite]), np.abs(b[finite]))
        told += f", by at most {gap.max():.3g} ({share.max():.2g} of the value)"
    if not finite.all():
        told += f"; {int((~finite).sum())} of them between a number and none"
    return told


def _tables(old: Path, new: Path) -> str:
    a, b = (pd.read_csv(path) for path in (old, new))
    return _of_frames(a, b) or "its values are the same, they are written in another way"


def _of_frames(old: pd.DataFrame, new: pd.DataFrame) -> str:
    if list(old.columns) != list(new.columns):
        gone, more = sorted({*old.columns} - {*new.columns}), sorted({*new.columns} - {*old.columns})
        return f"has other columns: without {', '.join(gone) or 'none'}, with {', '.join(more) or 'none'} more"
    if len(old) != len(new):
        return f"has {len(new)} rows, was {len(old)}"
    told = [(name, _of_columns(old[name], new[name])) for name in old.columns]
    return "; ".join(f"{name}: {text}" for name, text in told if text)


def _of_columns(old: pd.Series, new: pd.Series) -> str:
    if pd.api.types.is_numeric_dtype(old) and pd.api.types.is_numeric_dtype(new):
        return _of_arrays(old.to_numpy(), new.to_numpy(), "values")
    was, now = (column.astype(object).where(column.notna(), None).to_numpy() for column in (old, new))
    return _of_arrays(was, now, "values")


def _layers(old: Path, new: Path) -> str:
    import pyogrio

    require_plain_vectors(old)  # it lies beside a manifest that may come from anywhere
    names = [sorted(str(name) for name in pyogrio.list_layers(path)[:, 0]) for path in (old, new)]
    if names[0] != names[1]:
        return f"has the layers {', '.join(names[1])}, had {', '.join(names[0])}"
    told = [(name, _of_layers(old, new, name)) for name in names[0]]
    shown = "; ".join(f"layer {name}: {text}" for name, text in told if text)
    return shown or "its features are the same, its metadata differ"


def _of_layers(old: Path, new: Path, layer: str) -> str:
    import pyogrio

    a, b = (pyogrio.read_dataframe(path, layer=layer) for path in (old, new))
    plain = [pd.DataFrame(frame.drop(columns="geometry", errors="ignore")) for frame in (a, b)]
    told = _of_frames(*plain)
    if "geometry" in a and "geometry" in b and len(a) == len(b):
        moved = int((~a.geometry.geom_equals_exact(b.geometry, 0.0)).sum())
        told = "; ".join([*([told] if told else []), *([f"{moved} of {len(a)} geometries differ"] if moved else [])])
    return told


def _numpy(old: Path, new: Path) -> str:
    with np.load(old, allow_pickle=False) as a, np.load(new, allow_pickle=False) as b:
        if a.files != b.files:
            return f"holds {', '.join(b.files)}, held {', '.join(a.files)}"
        told = [(name, _of_arrays(a[name], b[name], "values")) for name in a.files]
    return "; ".join(f"{name}: {text}" for name, text in told if text) or "its arrays are the same, its layout differs"


def _pictures(old: Path, new: Path) -> str:
    from PIL import Image

    with Image.open(old) as a, Image.open(new) as b:
        one, other = np.asarray(a.convert("RGBA")), np.asarray(b.convert("RGBA"))
    if one.shape != other.shape:
        return f"is {other.shape[1]} x {other.shape[0]} pixels, was {one.shape[1]} x {one.shape[0]}"
    differs = (one != other).any(axis=2)
    share = f"{int(differs.sum())} of {differs.size} pixels differ"
    return share if differs.any() else "its pixels are the same, its metadata differ"


def _text(old: Path, new: Path) -> str:
    a, b = (path.read_text(encoding="utf-8").splitlines() for path in (old, new))
    number = next((n for n, (x, y) in enumerate(zip(a, b, strict=False), 1) if x != y), min(len(a), len(b)) + 1)
    return f"differs from line {number} on ({len(a)} lines, now {len(b)})"


_BY_SUFFIX: dict[str, Callable[[Path, Path], str]] = {
    ".tif": _rasters,
    ".csv": _tables,
    ".gpkg": _layers,
    ".npz": _numpy,
    ".png": _pictures,
}
