"""What a computed thing depends on, as short hashes: values, and the code with its libraries."""

from __future__ import annotations

import hashlib
import re
from functools import cache
from pathlib import Path

from scenarios.records.hashing import canonical_json, sha256_of, versions

__all__ = ["code_hash", "hash_of", "source_files"]

ROOT = Path(__file__).parents[2]
IMPORTS = re.compile(r"^[ \t]*(?:from ([\w.]+) import (\([^)]*\)|[^\n#]+)|import ([^\n#]+))", re.MULTILINE)
"""An import, thirty times faster than Python's own parser finds it."""
COMMENT = re.compile(r"#[^\n]*")
ROOMS = ("connectivity", "rasters", "scenarios")
LIBRARIES = ("GDAL", "GEOS", "PROJ", "numba", "numpy", "pandas", "rasterio", "scipy", "shapely")
"""Libraries on which the last digit of a number may depend."""


def hash_of(value: object) -> str:
    """32 hexadecimal digits of plain data, pydantic models and arrays; mappings are sorted by key."""
    return hashlib.sha256(canonical_json(value).encode()).hexdigest()[:32]


@cache
def code_hash(*modules: str) -> str:
    """Hash of the sources of some modules, of all that they import from here, and of the versions of the libraries.

    It is taken once per process: code that is edited while it runs is not the code that runs.
    """
    found = versions()
    return hash_of(
        {
            "code": {path.relative_to(ROOT).as_posix(): sha256_of(path) for path in source_files(*modules)},
            "libraries": {name: found[name] for name in LIBRARIES},
        }
    )


@cache
def source_files(*modules: str) -> tuple[Path, ...]:
    """Source files of some modules and of everything of this project that they import, however deep in the text."""
    missing = [module for module in modules if not _files_of(module)]
    if missing:
        raise ModuleNotFoundError(f"no source of {', '.join(missing)} is here; a hash without it would mean nothing")
    found: set[Path] = set()
    waiting = [path for module in modules for path in _files_of(module)]
    while waiting:
        path = waiting.pop()
        if path not in found:
            found.add(path)
            waiting += [file for module in _imported(path) for file in _files_of(module)]
    return tuple(sorted(found))


def _imported(path: Path) -> list[str]:
    """Names that may be modules: of ``from a.b import c`` both ``a.b`` and ``a.b.c``."""
    found: list[str] = []
    for module, names, modules in IMPORTS.findall(path.read_text("utf-8")):
        listed = [one.split()[0] for one in COMMENT.sub("", names or modules).strip("()\n ").split(",") if one.strip()]
        found += [module, *(f"{module}.{name}" for name in listed)] if module else listed
    return found


def _files_of(module: str) -> list[Path]:
    parts = module.split(".")
    if parts[0] not in ROOMS:
        return []
    base = ROOT.joinpath(*parts)
    return [path for path in (base.with_suffix(".py"), base / "__init__.py") if path.is_file()]
