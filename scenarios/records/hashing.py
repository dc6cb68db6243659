"""Plain data and files as text and hashes that are the same wherever they are made."""

from __future__ import annotations

import hashlib
import json
import math
import platform
from collections.abc import Mapping
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

__all__ = ["canonical_json", "read_json", "sha256_of", "versions"]

PACKAGES = (
    "geopandas",
    "matplotlib",
    "networkx",
    "numba",
    "numpy",
    "pandas",
    "pyamg",
    "pyogrio",
    "pyproj",
    "rasterio",
    "scipy",
    "shapely",
)


def canonical_json(value: Any) -> str:
    """JSON with sorted keys and two spaces; ``inf`` becomes a string and NaN null, which plain JSON lacks."""
    return json.dumps(_plain(value), sort_keys=True, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def read_json(path: Path) -> Any:
    """Plain data of a JSON file in UTF-8; OSError where it cannot be read, ValueError for whatever is wrong in it."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error


def _plain(value: Any) -> Any:
    """The value in JSON's own types."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(item) for item in (sorted(value) if isinstance(value, set | frozenset) else value)]
    if hasattr(value, "model_dump"):
        return _plain(value.model_dump(mode="json"))
    if hasattr(value, "tolist"):
        return _plain(value.tolist())
    if isinstance(value, float) and not math.isfinite(value):
        return None if math.isnan(value) else f"{value:+}".replace("+", "")
    if value is None or isinstance(value, bool | int | float | str):
        return value
    return str(value)


def sha256_of(path: str | Path) -> str:
    """SHA-256 of a file's bytes, in hexadecimal."""
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def versions() -> dict[str, str]:
    """Versions of otkel, Python and the libraries that numbers depend on."""
    import pyproj
    import rasterio
    import shapely

    found = {"python": platform.python_version(), "GDAL": rasterio.__gdal_version__}
    found |= {"PROJ": pyproj.proj_version_str, "GEOS": shapely.geos_version_string}
    return found | {name: _version(name) for name in ("otkel", *PACKAGES)}


@cache
def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed as a package"
