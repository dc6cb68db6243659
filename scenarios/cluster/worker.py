"""What runs inside the workers of a cluster: a job arrives once, and each task runs it on one item."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from distributed import Worker, WorkerPlugin, get_worker

from rasters.errors import PlannerError

if TYPE_CHECKING:
    from scenarios.cluster.job import ClusterJob

__all__ = ["Delivery", "Failed", "run_item"]


class Delivery(WorkerPlugin):  # type: ignore[misc]
    """Brings a job to each worker, also to those that join later."""

    idempotent = True

    def __init__(self, name: str, job: ClusterJob) -> None:
        self.name = name
        self.job = job

    def setup(self, worker: Worker) -> None:
        """The job arrives; if it cannot start, its first task will say why."""
        try:
            _jobs(worker)[self.name] = self.job.start(Path(worker.local_directory) / self.name)
        except PlannerError as error:
            _jobs(worker)[self.name] = error

    def teardown(self, worker: Worker) -> None:
        """The job is over."""
        _jobs(worker).pop(self.name, None)


def _jobs(worker: Worker) -> dict[str, ClusterJob | PlannerError]:
    found: dict[str, ClusterJob | PlannerError] = worker.__dict__.setdefault("otkel_jobs", {})
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """An error that travels as kind and message: dask cannot unpickle exceptions that inherit from two builtins."""

    kind: type[PlannerError]
    message: str


def run_item(name: str, item: Any) -> tuple[str, Any]:
    """One task: the worker's address, and the result or what is wrong."""
    worker = get_worker()
    job = _jobs(worker)[name]
    try:
        if isinstance(job, PlannerError):
            raise job
        return worker.address, job.run(item)
    except PlannerError as error:
        return worker.address, Failed(kind=type(error), message=str(error))
