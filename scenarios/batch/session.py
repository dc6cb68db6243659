"""Many runs of one study, from a matrix to one folder: what is missing is done, what fails is told, nothing is dropped."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from rasters.errors import ConfigError
from scenarios.batch.folder import BatchFolder, failure_words
from scenarios.batch.plan import BatchPlan, BatchRequest, plan_batch
from scenarios.batch.run import Failure
from scenarios.batch.summary import summary_of, write_manifest_of_runs, write_tables_of_batch
from scenarios.batch.work import do_runs
from scenarios.cluster.cluster import Traffic
from scenarios.exit_codes import ExitCode
from scenarios.land.provenance import input_paths
from scenarios.outputs.claim import claimed
from scenarios.outputs.folder import nameable
from scenarios.outputs.job import Summary
from scenarios.outputs.manifest import Provenance, write_manifest
from scenarios.progress import Reporter
from scenarios.records.machine import Meter, machine, now

__all__ = ["BatchDone", "BatchRequest", "merge_batch", "run_batch"]

SHOWN = 10
"""Failures that are told on the terminal; all stand in the summary and the log."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchDone:
    """What became of a batch, or of a task of it.

    Parameters
    ----------
    finished : int
        Runs that have results now, ``before`` those among them that had some already.
    failed : dict of str to Failure
    missing : tuple of str
        Runs that were not done; only after a partial merge.
    traffic : Traffic, optional
        What a cluster was sent.
    """

    finished: int
    failed: dict[str, Failure]
    before: int = 0
    task: str = ""
    missing: tuple[str, ...] = ()
    traffic: Traffic | None = None

    def summary(self, folder: Path, meter: Meter) -> Summary[BatchDone]:
        """For people and machines."""
        rows = {
            "task": self.task,
            "finished": self.finished,
            "finished_before": self.before,
            "failed": {run: failure_words(failure) for run, failure in self.failed.items()},
            "missing": list(self.missing),
            "sent": None if self.traffic is None else self.traffic.as_dict(),
        }
        return Summary(
            folder=folder,
            found=self,
            seconds=meter.read()["seconds"],
            rows=rows,
            notes=list(self._notes()),
            exit_code=ExitCode.RUNS_FAILED if self.failed else ExitCode.OK,
        )

    def _notes(self) -> Iterator[str]:
        """How many are done, and why others are not."""
        already = f", {self.before} of them done before" if self.before else ""
        of_task = f" of task {self.task}" if self.task else ""
        yield f"{self.finished} runs{of_task} finished{already}"
        if self.traffic is not None:
            sent = self.traffic
            yield (
                f"sent: {sent.job_bytes} bytes to each worker once, {sent.task_bytes} bytes for {sent.tasks} runs; results: "
                f"{sent.result_bytes} bytes"
            )
        if self.missing:
            yield f"{len(self.missing)} runs are missing: the tables are not complete"
        for run, failure in list(self.failed.items())[:SHOWN]:
            yield f"failed: {run}: {failure.message or failure.kind}"
        if len(self.failed) > SHOWN:
            yield f"and {len(self.failed) - SHOWN} more failed"
        if self.failed:
            yield "The same command tries again what failed, and nothing else."


def run_batch(
    request: BatchRequest, reporter: Reporter, stopping: Callable[[], bool] = lambda: False
) -> Summary[BatchDone]:
    """Do every run of a matrix that is not done yet.

    ``stopping`` says whether somebody has asked to stop: an interruption may reach a run as another error.

    Raises
    ------
    ConfigError
        For the faults of the matrix and of the study under every one of its variants, all at once, before anything runs.
    FolderInUseError
        When another process does the same batch or task.
    """
    meter, began = Meter(), now()
    plan = plan_batch(request)
    task = "" if request.tasks == 1 else f"{request.task}-of-{request.tasks}"
    folder = BatchFolder(path=nameable(request.out), task=task)
    folder.require_usable()
    folder.make()
    mine = plan.share(request)
    with claimed(folder.claim):
        folder.write_plan(plan.as_dict())
        waiting = [run for run in mine if not folder.finished(run.id, plan.keys[run.id])]
        traffic = Traffic()
        reporter.way_on = lambda: f"what is finished stays in {request.out}; the same command goes on from there"
        failed = do_runs(request, plan, folder, waiting, reporter, traffic, stopping)
        done = BatchDone(
            task=task,
            finished=len(mine) - len(failed),
            before=len(mine) - len(waiting),
            failed=failed,
            traffic=traffic if request.cluster else None,
        )
        summary = done.summary(request.out, meter)
        folder.log("end", **summary.as_dict())
        if not task:
            write_tables_of_batch(folder, plan.as_dict())
            write_manifest_of_runs(folder, plan.as_dict())
    if not task:
        _write_manifest(folder, plan, began)
    return summary


def merge_batch(path: Path, *, partial: bool = False) -> Summary[BatchDone]:
    """Put together what the tasks of a job array have done.

    Raises
    ------
    ConfigError
        When runs are missing, with their names, unless ``partial``.
    """
    meter = Meter()
    folder = BatchFolder(path=path.resolve())
    plan = folder.read_plan()
    with claimed(folder.claim):
        summary = summary_of(folder, plan)
        missing = tuple(summary["run"][summary["status"] == "missing"])
        if missing and not partial:
            raise ConfigError(
                f"{path}: {len(missing)} of {len(summary)} runs are not done with these settings and inputs:\n"
                + "\n".join(missing)
                + "\nrun their tasks, or merge what there is with --partial"
            )
        write_tables_of_batch(folder, plan)
        write_manifest_of_runs(folder, plan)
    failures = {run["run"]: (folder.record(run["run"], run["key"]) or {}).get("failure") for run in plan["runs"]}
    done = BatchDone(
        finished=int((summary["status"] == "finished").sum()),
        failed={run: Failure(**words) for run, words in failures.items() if words},
        missing=missing,
    )
    return done.summary(path, meter)


def _write_manifest(folder: BatchFolder, plan: BatchPlan, began: str) -> None:
    """What was run, on what, with what: enough to run it again."""
    provenance = Provenance(
        command=["otkel", *sys.argv[1:]],
        inputs=input_paths([*plan.variants.values()]),
        settings={"matrix": plan.document.data, "overrides": plan.job.overrides, "keep": plan.job.keep},
        seeds={} if plan.job.draws is None else {"draws": plan.job.draws.seed},
        machine=machine(),
        started=began,
        finished=now(),
    )
    write_manifest(folder.path, [], provenance)
