"""Walk through every compiled kernel on landscapes small enough for bounds checks; say which kernel modules stay unused.

Run as a program in a process of its own, with ``OTKEL_BOUNDSCHECK=1``: an index outside an array is then an IndexError.
Prints the names of the kernel modules, one a line, of which nothing ran.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from connectivity.precompile import ROUNDS, make  # noqa: E402
from rasters.kernels._jit import BOUNDSCHECK  # noqa: E402

LIMITS = ("__init__", "_jit", "_blas")
"""Modules of the kernel folders that hold no loops over arrays of their own."""


def main() -> None:
    """Every round."""
    assert BOUNDSCHECK, "set OTKEL_BOUNDSCHECK=1"
    for name in ROUNDS:
        make(name)
    print("\n".join(unused_modules()))


def unused_modules() -> list[str]:
    """Kernel modules of which no compiled function has run, itself or within one that calls it."""
    names = [
        ".".join(path.relative_to(ROOT).with_suffix("").parts)
        for package in ("rasters", "connectivity")
        for path in sorted((ROOT / package / "kernels").glob("**/*.py"))
        if path.stem not in LIMITS
    ]
    modules = {name: importlib.import_module(name) for name in names}
    used = {name for name, module in modules.items() if any(f.signatures for f in _compiled(module, name))}
    while True:
        called = {f.py_func.__module__ for name in used for f in _compiled(modules[name])} & set(names)
        if called <= used:
            return [name for name in names if name not in used and any(_compiled(modules[name], name))]
        used |= called


def _compiled(module: ModuleType, own: str = "") -> Iterator[Any]:
    """Compiled functions that a module holds; with ``own`` only those defined there."""
    for value in vars(module).values():
        if hasattr(value, "signatures") and (not own or value.py_func.__module__ == own):
            yield value


if __name__ == "__main__":
    main()
