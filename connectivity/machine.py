"""What the machine under the solvers has to give: processors, memory, and a BLAS that can be kept to one thread."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from functools import cache
from pathlib import Path

from threadpoolctl import ThreadpoolController

__all__ = ["available_bytes", "limited_threads", "one_blas_thread", "usable_threads"]

_limit: ContextVar[int | None] = ContextVar("threads", default=None)


def usable_threads() -> int:
    """Processors that this process may use, or fewer within `limited_threads`."""
    affinity = getattr(os, "sched_getaffinity", None)
    there = len(affinity(0)) if affinity else (os.cpu_count() or 1)
    limit = _limit.get()
    return there if limit is None else min(there, limit)


@contextmanager
def limited_threads(count: int) -> Iterator[None]:
    """Solve with at most so many threads, in the thread that asks for it: for many solves side by side.

    The last bits of a multigrid solve depend on the number of threads, so runs that shall agree bit for bit on any
    machine use the same number, best one.
    """
    import numba

    before, token = numba.get_num_threads(), _limit.set(count)
    numba.set_num_threads(min(count, numba.config.NUMBA_NUM_THREADS))
    try:
        with one_blas_thread():
            yield
    finally:
        numba.set_num_threads(before)
        _limit.reset(token)


def available_bytes(root: Path = Path("/")) -> int | None:
    """Memory that can be had without swapping, within the control group's limit; None where the system does not say."""
    known = [_free_of_machine(root / "proc/meminfo"), _free_of_group(root / "sys/fs/cgroup")]
    told = [number for number in known if number is not None]
    return min(told) if told else None


def _free_of_machine(meminfo: Path) -> int | None:
    if not meminfo.exists():
        return None
    for line in meminfo.read_text().splitlines():
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) * 1024
    return None


def _free_of_group(folder: Path) -> int | None:
    """What a container may still take: its limit less what it uses, file cache that can be dropped not counted."""
    limit, used, stat = folder / "memory.max", folder / "memory.current", folder / "memory.stat"
    if not (limit.exists() and used.exists() and stat.exists()) or limit.read_text().strip() == "max":
        return None
    cache_bytes = [int(line.split()[1]) for line in stat.read_text().splitlines() if line.startswith("inactive_file ")]
    return max(int(limit.read_text()) - int(used.read_text()) + sum(cache_bytes), 0)


@cache
def _blas() -> ThreadpoolController:
    import scipy.linalg  # noqa: F401  the BLAS that compiled code calls is found only once it is loaded

    return ThreadpoolController()


def one_blas_thread() -> AbstractContextManager[object]:
    """Keep BLAS to one thread: work is shared out above it, and results do not depend on the number of threads."""
    return _blas().limit(limits=1, user_api="blas")
