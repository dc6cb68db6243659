"""Work on many machines, by dask.distributed: a local cluster of processes, or the workers of a scheduler that runs.

A job goes to each worker once, as a plugin, which workers that join later get as well; a task is the name of the job and
one item. Results come back in the order of the items, whoever computed them, and tasks of a worker that dies are done by
another one: what is computed does not depend on the cluster.
"""

from __future__ import annotations

import logging
import pickle
import time
import uuid
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Any

from connectivity.machine import available_bytes
from rasters.errors import ConfigError, MemoryBudgetError, OptionError, SolverError
from scenarios.cluster.job import ClusterJob, Lost

if TYPE_CHECKING:
    from distributed import Client, Future

    from scenarios.cluster.worker import Delivery

__all__ = ["Traffic", "connect", "map_completed", "map_ordered"]

ANSWER_S = 30.0
"""How long a scheduler may take to answer, and a first worker to turn up [s]."""
ALONE_S = 300.0
"""How long a running job waits for workers after the last one has gone [s]."""
UNDER_WAY = 2
"""Tasks under way for each thread of the workers."""


@dataclass(slots=True, kw_only=True)
class Traffic:
    """Bytes that were sent, pickled.

    Parameters
    ----------
    job_bytes : int
        The job, to one worker.
    task_bytes, result_bytes : int
        All tasks and all results.
    workers : set of str
        Workers that gave results.
    """

    job_bytes: int = 0
    task_bytes: int = 0
    result_bytes: int = 0
    tasks: int = 0
    workers: set[str] = field(default_factory=set)

    def as_dict(self) -> dict[str, int]:
        """Plain data."""
        return {
            "job_bytes_per_worker": self.job_bytes,
            "tasks": self.tasks,
            "task_bytes": self.task_bytes,
            "result_bytes": self.result_bytes,
            "workers": len(self.workers),
        }


@contextmanager
def connect(*, workers: int | None = None, scheduler: str | None = None) -> Iterator[Client]:
    """A client of ``workers`` processes started here, or of the scheduler at an address such as ``tcp://node1:8786``.

    Raises
    ------
    ConfigError
        When both or neither are given, nothing answers at the address, or the scheduler has no workers.
    """
    if (workers is None) == (scheduler is None):
        raise ConfigError("give either a number of workers to start here, or the address of a scheduler")
    if workers is not None and workers < 1:
        raise ConfigError(f"workers must be at least 1, not {workers}")
    import distributed  # noqa: F401  sets levels of its own, which then are lowered

    with _quiet_logs(), _client_of(scheduler) if scheduler is not None else _own_workers(workers or 1) as client:
        yield client


@contextmanager
def _quiet_logs() -> Iterator[None]:
    """Dask speaks of every worker that comes and goes; what matters is raised anyway."""
    loggers = [logging.getLogger(name) for name in ("distributed", "distributed.client")]
    before = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        for logger, level in zip(loggers, before, strict=True):
            logger.setLevel(level)


@contextmanager
def _own_workers(count: int) -> Iterator[Client]:
    from distributed import Client, LocalCluster

    cluster = LocalCluster(
        n_workers=count,
        threads_per_worker=1,
        processes=True,
        host="127.0.0.1",
        silence_logs=logging.CRITICAL,
        memory_limit=(available_bytes() or 0) // count,
        scheduler_kwargs={"dashboard": False, "dashboard_address": ":0"},
    )
    with cluster, Client(cluster) as client:
        yield client


@contextmanager
def _client_of(address: str) -> Iterator[Client]:
    from distributed import Client

    try:
        client = Client(address, timeout=ANSWER_S)
    except (OSError, ValueError) as error:
        raise OptionError(
            f"--scheduler: no scheduler answers at {address} ({error}); start one (dask scheduler) and give the address that it prints"
        ) from error
    with client:
        try:
            client.wait_for_workers(1, timeout=ANSWER_S)
        except TimeoutError as error:
            raise ConfigError(
                f"the scheduler at {address} has no workers; start some (dask worker {address})"
            ) from error
        yield client


def map_ordered(client: Client, job: ClusterJob, items: Iterable[Any], traffic: Traffic | None = None) -> Iterator[Any]:
    """Results of a job, in the order of its items.

    Parameters
    ----------
    client : distributed.Client
    job : ClusterJob
        Must pickle. Sent to each worker once.
    items : iterable
        Small and picklable; taken as they are needed.
    traffic : Traffic, optional
        Counts what is sent.

    Raises
    ------
    MemoryBudgetError
        When one item has ended several workers, as running out of memory does.
    SolverError
        When all workers have gone and none comes back.
    PlannerError
        What the job itself raises.
    """
    traffic = Traffic() if traffic is None else traffic
    under_way: deque[Future] = deque()
    with _delivered(client, job, traffic) as plugin:
        try:
            for number, item in enumerate(items):
                under_way.append(_submitted(client, plugin, number, item, traffic))
                if len(under_way) > UNDER_WAY * _threads(client):
                    yield _taken(client, under_way.popleft(), traffic)
            while under_way:
                yield _taken(client, under_way.popleft(), traffic)
        finally:
            client.cancel(list(under_way))


def map_completed(
    client: Client,
    job: ClusterJob,
    items: Iterable[Any],
    traffic: Traffic | None = None,
    began: Callable[[int], None] = lambda _: None,
) -> Iterator[tuple[int, Any]]:
    """Number and result of each item, as they are finished: for items that take long, each on its own.

    No worker is given an item before it is free, so that a worker that dies costs the items that it was at, and an item
    that ends workers is told from those that only waited beside it. Its result is a `Lost`. Parameters and errors are
    those of `map_ordered`; ``began`` is told the number of each item that is given to a worker.
    """
    from distributed import KilledWorker

    traffic = Traffic() if traffic is None else traffic
    waiting = iter(enumerate(items))
    under_way: dict[Future, int] = {}
    with _delivered(client, job, traffic) as plugin:
        try:
            while True:
                for number, item in islice(waiting, max(_threads(client) - len(under_way), 0)):
                    began(number)
                    under_way[_submitted(client, plugin, number, item, traffic)] = number
                if not under_way:
                    return
                for future in _some_done(client, list(under_way)):
                    number = under_way.pop(future)
                    try:
                        yield number, _taken(client, future, traffic)
                    except MemoryBudgetError as error:
                        if not isinstance(error.__cause__, KilledWorker):
                            raise
                        yield number, Lost(deaths=_deaths())
        finally:
            client.cancel(list(under_way))


def _deaths() -> int:
    """How many workers an item may end before it is given up."""
    import dask

    return int(dask.config.get("distributed.scheduler.allowed-failures")) + 1


@contextmanager
def _delivered(client: Client, job: ClusterJob, traffic: Traffic) -> Iterator[Delivery]:
    """The job on all workers, also on those that join later."""
    from scenarios.cluster.worker import Delivery

    plugin = Delivery(f"otkel-{uuid.uuid4().hex}", job)
    traffic.job_bytes = len(pickle.dumps(plugin))
    client.register_plugin(plugin)
    try:
        yield plugin
    finally:
        client.unregister_worker_plugin(plugin.name)


def _submitted(client: Client, plugin: Delivery, number: int, item: Any, traffic: Traffic) -> Future:
    from scenarios.cluster.worker import run_item

    traffic.tasks += 1
    traffic.task_bytes += len(pickle.dumps((plugin.name, item)))
    return client.submit(run_item, plugin.name, item, key=f"{plugin.name}-{number}", pure=False)


def _threads(client: Client) -> int:
    return max(sum(client.nthreads().values()), 1)


def _taken(client: Client, future: Future, traffic: Traffic) -> Any:
    """Wait for a result and let the cluster forget it."""
    from distributed import KilledWorker

    from scenarios.cluster.worker import Failed

    try:
        address, result = _result(client, future)
    except KilledWorker as error:
        raise MemoryBudgetError(
            f"several workers died in a row on this task, probably out of memory ({error}); "
            "give the workers more memory, or choose smaller tiles or a smaller radius"
        ) from error
    finally:
        future.release()
    if isinstance(result, Failed):
        raise result.kind(result.message)
    traffic.workers.add(address)
    traffic.result_bytes += len(pickle.dumps(result, protocol=5))
    return result


def _result(client: Client, future: Future) -> tuple[str, Any]:
    patience = _Patience()
    while True:
        try:
            answer: tuple[str, Any] = future.result(timeout=ANSWER_S)
            return answer
        except TimeoutError:
            patience.check(client)


def _some_done(client: Client, futures: list[Future]) -> list[Future]:
    """Those that are finished, once there are any; none after a while, when there may be new workers."""
    from distributed import wait

    patience = _Patience()
    while True:
        try:
            return list(wait(futures, timeout=ANSWER_S, return_when="FIRST_COMPLETED").done)
        except TimeoutError:
            patience.check(client)
            if _threads(client) > len(futures):
                return []


@dataclass(slots=True)
class _Patience:
    """Waits for new workers once all have gone, but not for ever."""

    alone_since: float | None = None

    def check(self, client: Client) -> None:
        """Raise SolverError when there have been no workers for too long."""
        self.alone_since = None if client.nthreads() else self.alone_since or time.monotonic()
        if self.alone_since is not None and time.monotonic() - self.alone_since > ALONE_S:
            raise SolverError(
                f"all workers have gone and none came back within {ALONE_S:.0f} s; start workers and run again"
            )
