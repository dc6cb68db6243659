"""The single place for numba's switches; `connectivity.kernels` uses it too.

Machine code is cached in a folder named after the text of every kernel, so that a kernel compiled against an older
version of its neighbour is never picked up again. Set ``OTKEL_BOUNDSCHECK=1`` to compile with bounds checks (slow),
``OTKEL_KERNEL_CACHE=0`` to compile afresh.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numba
from numba import config

__all__ = ["BOUNDSCHECK", "kernel", "parallel_kernel"]

BOUNDSCHECK = os.environ.get("OTKEL_BOUNDSCHECK", "0") == "1"
_CACHE = os.environ.get("OTKEL_KERNEL_CACHE", "1") == "1"


def _kernel_sources() -> list[Path]:
    """Every file that a compiled kernel may have been made from: this package's and connectivity's."""
    root = Path(__file__).parents[2]
    return sorted([*root.glob("rasters/kernels/*.py"), *root.glob("connectivity/kernels/*.py")])


def _cache_folder() -> Path:
    digest = hashlib.sha256(numba.__version__.encode() + str(BOUNDSCHECK).encode())
    for source in _kernel_sources():
        digest.update(source.read_bytes())
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return base / "otkel" / "kernels" / digest.hexdigest()[:16]


if _CACHE and not os.environ.get("NUMBA_CACHE_DIR"):
    try:
        folder = _cache_folder()
        folder.mkdir(parents=True, exist_ok=True)
        config.CACHE_DIR = str(folder)
    except OSError:
        _CACHE = False


def kernel(function: Callable[..., Any]) -> Any:
    """Compile one-threaded, IEEE arithmetic, without the interpreter lock."""
    return numba.njit(cache=_CACHE, nogil=True, boundscheck=BOUNDSCHECK)(function)


def parallel_kernel(function: Callable[..., Any]) -> Any:
    """Compile with ``prange`` over numba's threads; every element has one writer."""
    return numba.njit(cache=_CACHE, nogil=True, parallel=True, boundscheck=BOUNDSCHECK)(function)
