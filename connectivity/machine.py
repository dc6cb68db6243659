"""What the machine under the solvers has to give: processors, memory, and a BLAS that can be kept to one thread."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from functools import cache
from pathlib import Path

from threadpoolctl import ThreadpoolController

from rasters.errors import ConfigError

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
    """Solve with at most this many threads, in the thread that asks for it: for many solves side by side.

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
    """Memory that can be had without swapping; None where the system does not say.

    The least of what the machine has free, what every control group that holds this process leaves, and what is left of
    this process's own limit (``ulimit -v``). ``OTKEL_MEMORY_GIB`` in the environment is believed instead of all of them.

    Raises
    ------
    ConfigError
        ``OTKEL_MEMORY_GIB`` is no positive number.
    """
    stated = os.environ.get("OTKEL_MEMORY_GIB")
    if stated:
        return _stated_bytes(stated)
    known = [_free_of_machine(root / "proc/meminfo"), _free_of_limit(root / "proc/self/statm"), *_free_of_groups(root)]
    told = [number for number in known if number is not None]
    return min(told) if told else None


def _stated_bytes(stated: str) -> int:
    try:
        gib = float(stated)
    except ValueError:
        gib = -1.0
    if not 0 < gib < math.inf:
        raise ConfigError(f"OTKEL_MEMORY_GIB={stated}: is no positive number; give gibibytes, such as 8")
    return int(gib * 2**30)


def _free_of_machine(meminfo: Path) -> int | None:
    if not meminfo.exists():
        return None
    for line in meminfo.read_text().splitlines():
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) * 1024
    return None


def _free_of_limit(statm: Path) -> int | None:
    """What is left of the address space that this process may take."""
    try:
        import resource
    except ImportError:  # Windows has no such limit
        return None
    limit = resource.getrlimit(resource.RLIMIT_AS)[0]
    if limit == resource.RLIM_INFINITY or not statm.exists():
        return None
    return max(limit - int(statm.read_text().split()[0]) * resource.getpagesize(), 0)


GROUPS = (
    ("", "sys/fs/cgroup", "memory.max", "memory.current", "inactive_file"),
    ("memory", "sys/fs/cgroup/memory", "memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),
)
"""Control groups of version 2 and 1: the controller's name in ``/proc/self/cgroup``, where they are, and their files."""


def _free_of_groups(root: Path) -> Iterator[int | None]:
    """What the control groups of this process leave: its own and all above it, as far as they can be seen."""
    listed = root / "proc/self/cgroup"
    lines = listed.read_text().splitlines() if listed.exists() else []
    own = {name: path for _, names, path in (line.split(":", 2) for line in lines) for name in names.split(",")}
    for controller, top, *files in GROUPS:
        inner = Path(own.get(controller, "/").strip("/"))
        for folder in dict.fromkeys([inner, *inner.parents]):
            yield _free_of_group(root / top / folder, *files)


def _free_of_group(folder: Path, limit_file: str, used_file: str, dropped: str) -> int | None:
    """What a group may still take: its limit less what it uses, file cache that can be dropped not counted."""
    limit, used, stat = folder / limit_file, folder / used_file, folder / "memory.stat"
    if not (limit.exists() and used.exists() and stat.exists()) or limit.read_text().strip() == "max":
        return None
    cache_bytes = [int(line.split()[1]) for line in stat.read_text().splitlines() if line.startswith(f"{dropped} ")]
    return max(int(limit.read_text()) - int(used.read_text()) + sum(cache_bytes), 0)


@cache
def _blas() -> ThreadpoolController:
    import scipy.linalg  # noqa: F401  the BLAS that compiled code calls is found only once it is loaded

    return ThreadpoolController()


def one_blas_thread() -> AbstractContextManager[object]:
    """Keep BLAS to one thread: work is shared out above it, and results do not depend on the number of threads."""
    return _blas().limit(limits=1, user_api="blas")
