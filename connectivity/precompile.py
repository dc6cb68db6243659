"""Make the kernels' machine code in processes of their own: beside a first run, or before tests.

Each round is a job of `connectivity.rounds`, so that what it compiles into the cache is what a run looks for, and two processes may
write to one cache. ``python -m connectivity.precompile`` makes everything, as many rounds at once as there are processors; names of
rounds choose some. What the jobs need is imported by the processes that do them alone.
"""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from connectivity.machine import usable_threads
from rasters.kernels._jit import kept_kernels

__all__ = ["ROUNDS", "compiled_beside", "main", "make"]

ROUNDS = ("circuits", "reduction", "search", "windows")
"""Jobs of `connectivity.rounds`, those that compile longest first."""
OF_A_RUN = ("reduction", "circuits", "search")
"""Rounds of `otkel run`: first what the run itself comes to last."""


@contextmanager
def compiled_beside(rounds: Sequence[str] = OF_A_RUN) -> Iterator[None]:
    """Within it, other processors compile what is not in the cache yet; a process that is not done at the end is ended.

    Each processor beside the first takes one round after the other. Nothing is begun where one processor may be used, the cache
    cannot be kept, or everything is in it.
    """
    kept = kept_kernels()
    missing = [] if kept is None else [name for name in rounds if not _mark(kept, name).exists()]
    beside = min(usable_threads() - 1, len(missing))
    started = [_started(missing[number::beside]) for number in range(beside)]
    try:
        yield
    finally:
        for process in started:
            process.terminate()
            process.wait()


def _started(rounds: Sequence[str]) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "connectivity.precompile", "--here", *rounds]
    one_thread = dict.fromkeys(("NUMBA_NUM_THREADS", "OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"), "1")
    path = os.pathsep.join(p for p in sys.path if p)
    quiet = subprocess.DEVNULL
    environment = {**os.environ, **one_thread, "PYTHONPATH": path}
    return subprocess.Popen(command, stdin=quiet, stdout=quiet, stderr=quiet, env=environment)


def _mark(kept: Path, name: str) -> Path:
    """There when a round has been compiled."""
    return kept / f"{name}.made"


def make(name: str) -> None:
    """Do the job of a round in this process."""
    from connectivity import rounds

    getattr(rounds, name)()


def main(words: Sequence[str]) -> int:
    """Compile rounds, by default all: in this process with ``--here``, else each in a process of its own; the exit status."""
    names = [word for word in words if word != "--here"] or ROUNDS
    if unknown := set(names) - set(ROUNDS):
        print(f"unknown round {', '.join(sorted(unknown))}; choose from {', '.join(ROUNDS)}", file=sys.stderr)
        return 2
    kept = kept_kernels()
    if "--here" in words:
        for name in names:
            make(name)
            if kept is not None:
                _mark(kept, name).touch()
        return 0
    missing = [name for name in names if kept is None or not _mark(kept, name).exists()]
    with ThreadPoolExecutor(usable_threads()) as pool:
        return int(any([code != 0 for code in pool.map(_told, missing)]))


def _told(name: str) -> int:
    """One round in its own process, with a line before it and one after it."""
    log, start = logging.getLogger(__name__), time.perf_counter()
    log.info("compiling %s", name)
    code = _started([name]).wait()
    log.info("compiling %s: %.0f s%s", name, time.perf_counter() - start, "" if code == 0 else f", ended with {code}")
    return code


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    sys.exit(main(sys.argv[1:]))
