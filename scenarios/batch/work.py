"""The runs of a batch on one process, several, or a cluster; each is written and logged as it ends."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from typing import Any

from connectivity.machine import available_bytes
from rasters.errors import ConfigError, ExportError
from scenarios.batch.folder import BatchFolder, failure_words
from scenarios.batch.matrix import BatchRun
from scenarios.batch.plan import BatchPlan, BatchRequest
from scenarios.batch.run import BatchJob, Failure, RunOutcome, run_size
from scenarios.cluster.cluster import Traffic, connect, map_completed
from scenarios.cluster.job import Lost
from scenarios.cluster.processes import map_here, map_processes
from scenarios.exit_codes import ExitCode
from scenarios.land.inputs import input_files
from scenarios.land.memory import Stage, needed_bytes
from scenarios.progress import Reporter
from scenarios.study.load import ResolvedStudy

__all__ = ["do_runs", "run_bytes"]

SHARE = 0.9
"""Of the free memory, what all runs at once may take."""


def do_runs(
    request: BatchRequest,
    plan: BatchPlan,
    folder: BatchFolder,
    runs: Sequence[BatchRun],
    reporter: Reporter,
    traffic: Traffic,
    stopping: Callable[[], bool],
) -> dict[str, Failure]:
    """Do some runs and write each as it ends; the failures.

    Once ``stopping`` says so, a failure is that of the interruption and not of the run; and what cannot be written on this
    machine is no failure of one run: the batch stops, rather than solve all the others for nothing.

    Raises
    ------
    ExportError
        When the disk is full, or cannot be written to.
    """
    request = _fitting(request, plan, runs, reporter)
    watch = _Watch(folder=folder, reporter=reporter, runs=runs, cells=[plan.cells[run.variant.id][0] for run in runs])
    failed: dict[str, Failure] = {}
    with closing(_results(request, plan, runs, watch, traffic)) as results:
        for number, found in results:
            run = runs[number]
            outcome = _lost(run, found) if isinstance(found, Lost) else found
            if outcome.failure is not None and stopping():
                raise KeyboardInterrupt
            if (
                outcome.failure is not None
                and outcome.failure.exit_code == ExitCode.NOT_WRITTEN
                and not request.scheduler
            ):
                raise ExportError(f"{outcome.failure.message}; finished runs are kept, and the same command goes on")
            folder.write_outcome(outcome, plan.keys[run.id])
            watch.ended(number, outcome)
            if outcome.failure is not None:
                failed[run.id] = outcome.failure
    return failed


def _results(
    request: BatchRequest, plan: BatchPlan, runs: Sequence[BatchRun], watch: _Watch, traffic: Traffic
) -> Generator[tuple[int, Any]]:
    watch.batch(jobs=request.jobs, workers=request.workers, scheduler=request.scheduler)
    if not runs:
        return
    if request.cluster:
        with connect(workers=request.workers, scheduler=request.scheduler) as client:
            yield from map_completed(client, _job_to_send(request, plan), runs, traffic, watch.began)
    elif request.jobs > 1:
        yield from map_processes(plan.job, runs, request.jobs, watch.began)
    else:
        yield from map_here(plan.job, runs, watch.began)


def _job_to_send(request: BatchRequest, plan: BatchPlan) -> BatchJob:
    """With the files of the study in it, where workers do not see its folder."""
    if not request.send_files:
        return plan.job
    first = next(iter(plan.variants.values()))
    paths = dict.fromkeys(path for resolved in plan.variants.values() for path in input_files(resolved))
    outside = [path for path in paths if not path.is_relative_to(first.folder)]
    if outside:
        raise ConfigError(
            f"{outside[0]}: lies outside the study's folder, and so cannot be sent; move it to {first.folder}"
        )
    sent = {path.relative_to(first.folder).as_posix(): path.read_bytes() for path in paths}
    return replace(plan.job, study=first.path.name, store=None, sent=sent)


def _fitting(request: BatchRequest, plan: BatchPlan, runs: Sequence[BatchRun], reporter: Reporter) -> BatchRequest:
    """No more runs at a time than the free memory holds."""
    free, asked = available_bytes(), request.workers or request.jobs
    if free is None or request.scheduler is not None or asked == 1 or not runs:
        return request
    need = max(run_bytes(plan.variants[name]) for name in {run.variant.id for run in runs})
    fit = max(int(SHARE * free / need), 1)
    if fit >= asked:
        return request
    reporter.say(
        f"note: {fit} instead of {asked} runs at a time: one needs about {need / 1e9:.1f} GB, and {free / 1e9:.1f} GB are free"
    )
    return replace(request, workers=fit) if request.workers else replace(request, jobs=fit)


def run_bytes(resolved: ResolvedStudy) -> int:
    """Largest memory of one run."""
    return needed_bytes(run_size(resolved), Stage.SOLVED)


def _lost(run: BatchRun, lost: Lost) -> RunOutcome:
    message = (
        f"{lost.deaths} processes in a row died at this run, probably out of memory; give it more memory, or "
        "use larger cells"
    )
    return RunOutcome(run=run.id, failure=Failure(kind="MemoryBudgetError", message=message, exit_code=ExitCode.MEMORY))


@dataclass(slots=True, kw_only=True)
class _Watch:
    """Tells the log and the people what begins and ends."""

    folder: BatchFolder
    reporter: Reporter
    runs: Sequence[BatchRun]
    cells: Sequence[int]
    done: int = 0
    done_cells: int = 0
    failed: int = 0
    start: float = field(default_factory=time.monotonic)

    def batch(self, **facts: Any) -> None:
        """The batch begins, or goes on."""
        self.folder.log("begin", runs=len(self.runs), **facts)
        if self.runs:
            self.reporter.expect(len(self.runs), "runs")

    def began(self, number: int) -> None:
        """A run is given to a process."""
        self.folder.log("started", run=self.runs[number].id)

    def ended(self, number: int, outcome: RunOutcome) -> None:
        """A run is written."""
        self.done += 1
        self.done_cells += self.cells[number]
        figures = {
            "seconds": round(outcome.seconds, 3),
            "cpu_seconds": round(outcome.cpu_seconds, 3),
            "peak_bytes": outcome.peak_bytes,
        }
        told = {"reused": outcome.reused} | ({"warnings": outcome.warnings} if outcome.warnings else {})
        if outcome.failure is None:
            self.folder.log("finished", run=outcome.run, **figures, **told)
        else:
            self.failed += 1
            words = failure_words(outcome.failure) | {"trace": outcome.failure.trace}
            self.folder.log("failed", run=outcome.run, **figures, **told, error=words)
        self._tell(outcome)

    def _tell(self, outcome: RunOutcome) -> None:
        failed = f", {self.failed} failed" if self.failed else ""
        self.reporter.step(f"{outcome.run}{failed}")
        if not self.reporter.console.is_terminal:
            what = "failed" if outcome.failure else f"{outcome.seconds:.1f} s"
            self.reporter.say(f"{self.done}/{len(self.runs)} {outcome.run}: {what}{failed}; {self._left()} left")

    def _left(self) -> str:
        """Time that the rest takes if each takes as long per cell."""
        seconds = (time.monotonic() - self.start) * (sum(self.cells) / self.done_cells - 1)
        return f"{int(seconds) // 3600}:{int(seconds) // 60 % 60:02d}:{int(seconds) % 60:02d}"
