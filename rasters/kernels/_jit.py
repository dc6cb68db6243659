"""The single place for numba's switches; `connectivity.kernels` uses it too.

Machine code is cached in a folder named after the text of the kernel's file and of every kernel file that it imports, so
that a kernel compiled against an older version of its neighbour is never picked up again. Set ``OTKEL_BOUNDSCHECK=1`` to
compile with bounds checks (slow), ``OTKEL_KERNEL_CACHE=0`` to compile afresh.
"""

from __future__ import annotations

import hashlib
import logging
import os
import re
from collections.abc import Callable, Iterable
from functools import lru_cache
from pathlib import Path
from typing import Any

import numba
from numba import config
from numba.core import event

__all__ = ["BOUNDSCHECK", "inlined_kernel", "kept_kernels", "kernel", "parallel_kernel"]

BOUNDSCHECK = os.environ.get("OTKEL_BOUNDSCHECK", "0") == "1"
_CACHE = os.environ.get("OTKEL_KERNEL_CACHE", "1") == "1"
_ROOT = Path(__file__).parents[2]
_IMPORT = re.compile(r"^\s*from ((?:rasters|connectivity)\.kernels\.[\w.]+) import", re.MULTILINE)


class _Announcer(event.Listener):  # type: ignore[misc]
    """Says once in a process, before it begins, that machine code is made; what the cache holds is not made again."""

    told = False

    def on_start(self, event: event.Event) -> None:
        if not self.told:
            self.told = True
            logging.getLogger(__name__).info(
                "compiling: this takes a minute or more the first time after an installation or update; what is compiled is kept"
            )

    def on_end(self, event: event.Event) -> None:
        pass


event.register("numba:compile", _Announcer())


@lru_cache
def _sources(path: Path) -> frozenset[Path]:
    """A kernel file and every kernel file that it imports, directly or not."""
    found, waiting = {path}, [path]
    while waiting:
        for module in _IMPORT.findall(waiting.pop().read_text(encoding="utf-8")):
            file = _ROOT.joinpath(*module.split(".")).with_suffix(".py")
            if file not in found:
                found.add(file)
                waiting.append(file)
    return frozenset(found)


def _cache_folder(sources: Iterable[Path]) -> Path | None:
    """Where machine code of these kernel files is kept; None where nothing can be written."""
    digest = hashlib.sha256(f"{numba.__version__} {BOUNDSCHECK}".encode())
    for source in sorted(sources):
        digest.update(source.read_bytes())
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "otkel" / "kernels"
    folder = Path(os.environ.get("NUMBA_CACHE_DIR") or home) / digest.hexdigest()[:16]
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return None
    return folder


@lru_cache
def _folder_of(path: Path) -> Path | None:
    return _cache_folder(_sources(path)) if _CACHE else None


def kept_kernels() -> Path | None:
    """Folder that stands for all kernels as they are now, where their machine code is kept; None where it is not kept."""
    every = (path for package in ("rasters", "connectivity") for path in (_ROOT / package / "kernels").rglob("*.py"))
    return _cache_folder(every) if _CACHE else None


def _compiled(function: Callable[..., Any], **switches: Any) -> Any:
    folder = _folder_of(Path(function.__code__.co_filename))
    if folder is None:
        return numba.njit(cache=False, nogil=True, boundscheck=BOUNDSCHECK, **switches)(function)
    before, config.CACHE_DIR = config.CACHE_DIR, str(folder)
    try:
        return numba.njit(cache=True, nogil=True, boundscheck=BOUNDSCHECK, **switches)(function)
    finally:
        config.CACHE_DIR = before


def kernel(function: Callable[..., Any]) -> Any:
    """Compile one-threaded, IEEE arithmetic, without the interpreter lock."""
    return _compiled(function)


def inlined_kernel(function: Callable[..., Any]) -> Any:
    """A `kernel` that becomes part of its callers: for small ones with many arrays, which cost more to hand over than to use."""
    return _compiled(function, forceinline=True)


def parallel_kernel(function: Callable[..., Any]) -> Any:
    """Compile with ``prange`` over numba's threads; every element has one writer."""
    return _compiled(function, parallel=True)
