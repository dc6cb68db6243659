"""A job on processes of this machine: results as they come, and a process that dies costs only the item that it was at."""

from __future__ import annotations

import multiprocessing
import os
import signal
import tempfile
import threading
import uuid
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Any

from scenarios.cluster.job import ClusterJob, Lost

__all__ = ["map_here", "map_processes"]

Began = Callable[[int], None]
DEATHS = 2
"""Processes that an item may end before it is given up."""


def map_here(job: ClusterJob, items: Sequence[Any], began: Began = lambda _: None) -> Iterator[tuple[int, Any]]:
    """Number and result of each item, one after the other in this process."""
    for number, item in enumerate(items):
        began(number)
        yield number, job.run(item)


def map_processes(
    job: ClusterJob, items: Sequence[Any], processes: int, began: Began = lambda _: None
) -> Iterator[tuple[int, Any]]:
    """Number and result of each item, as they are finished.

    An item whose process ended is given to another one; after `DEATHS` ends its result is a `scenarios.cluster.cluster.Lost`. What
    the job raises is raised here.
    """
    others = set(multiprocessing.active_children())
    waiting = deque(range(len(items)))
    pools = [_pool(job) for _ in range(min(processes, len(items)))]
    idle = list(range(len(pools)))
    at_work: dict[Future[Any], tuple[int, int]] = {}
    deaths: Counter[int] = Counter()
    try:
        while waiting or at_work:
            while waiting and idle:
                number, place = waiting.popleft(), idle.pop(0)
                began(number)
                at_work[pools[place].submit(_run, items[number])] = (number, place)
            for future in wait(at_work, return_when=FIRST_COMPLETED).done:
                number, place = at_work.pop(future)
                idle.append(place)
                try:
                    yield number, future.result()
                except BrokenProcessPool:
                    pools[place] = _pool(job)
                    deaths[number] += 1
                    if deaths[number] < DEATHS:
                        waiting.append(number)
                    else:
                        yield number, Lost(deaths=deaths[number])
    finally:
        for child in set(multiprocessing.active_children()) - others if at_work else ():
            child.kill()
        for pool in pools:
            pool.shutdown(cancel_futures=True)


def _pool(job: ClusterJob) -> ProcessPoolExecutor:
    """One process; its own pool, so that its end is not that of the others."""
    spawn = multiprocessing.get_context("spawn")
    return ProcessPoolExecutor(1, mp_context=spawn, initializer=_start, initargs=(job,))


_started: list[ClusterJob] = []


def _start(job: ClusterJob) -> None:
    """In each process: get ready, leave Ctrl-C to the process that asked for it, and end when that has gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_after, args=(parent,), daemon=True).start()
    _started[:] = [job.start(Path(tempfile.gettempdir()) / f"otkel-{uuid.uuid4().hex}")]


def _end_after(parent: multiprocessing.process.BaseProcess) -> None:
    parent.join()
    os._exit(1)


def _run(item: Any) -> Any:
    return _started[0].run(item)
