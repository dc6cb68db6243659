"""What a batch will do, known before anything runs: runs, studies under every variant, what each run depends on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rasters.errors import ConfigError, OptionError
from scenarios.batch.draws import plan_draws
from scenarios.batch.matrix import BatchRun, Variant, expand, read_matrix, share_of
from scenarios.batch.run import BatchJob, Keep, resolve_variant, run_key, stated_key
from scenarios.land.inputs import read_profile, study_grid
from scenarios.study.documents import Document
from scenarios.study.load import ResolvedStudy, find_study

__all__ = ["BatchPlan", "BatchRequest", "plan_batch"]


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchRequest:
    """What is asked for.

    Parameters
    ----------
    study : str
        As for `otkel run`.
    matrix : Path
        A file, or the name of one beside the study.
    out : Path
    overrides : dict
        Win over the matrix; a key that the matrix sets is refused.
    keep : {"tables", "maps", "all"}
    jobs : int
        Processes of this machine.
    task, tasks : int
        Which share of a job array, counted from 1; 1 of 1 is everything.
    workers, scheduler, send_files
        A dask cluster, see `scenarios.cluster.cluster.connect`.
    store : Path, optional
        Folder of solved steps.
    """

    study: str
    matrix: Path
    out: Path
    overrides: dict[str, Any] = field(default_factory=dict)
    keep: Keep = "tables"
    jobs: int = 1
    task: int = 1
    tasks: int = 1
    workers: int | None = None
    scheduler: str | None = None
    send_files: bool = False
    store: Path | None = None

    @property
    def cluster(self) -> bool:
        """Whether a dask cluster is asked for."""
        return self.workers is not None or self.scheduler is not None

    def check(self) -> None:
        """Raise ConfigError for what does not go together."""
        if not 1 <= self.task <= self.tasks:
            raise OptionError(f"--task {self.task}/{self.tasks}: the first number goes from 1 to the second")
        if self.cluster and self.jobs > 1:
            raise OptionError("--jobs is for processes without a cluster; leave it out with --workers and --scheduler")
        if self.workers is not None and self.scheduler is not None:
            raise OptionError("give either --workers to start here, or the --scheduler of a cluster that runs")
        if self.send_files and not self.cluster:
            raise OptionError("--send-files is for clusters; give --workers or --scheduler, too")


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchPlan:
    """All that is known before anything runs.

    Parameters
    ----------
    variants : dict of str to ResolvedStudy
        Variant -> the study under it.
    keys : dict of str to str
        Run -> hash of all that it depends on.
    cells : dict of str to (int, float)
        Variant -> cells of its grid, and their width [m].
    """

    job: BatchJob
    runs: tuple[BatchRun, ...]
    variants: dict[str, ResolvedStudy]
    keys: dict[str, str]
    cells: dict[str, tuple[int, float]]
    document: Document

    def share(self, request: BatchRequest) -> tuple[BatchRun, ...]:
        """Runs of the task that is asked for."""
        return share_of(self.runs, request.task, request.tasks)

    def as_dict(self) -> dict[str, Any]:
        """What the folder says of it."""
        axes = dict.fromkeys(axis for run in self.runs for axis in run.variant.options)
        return {
            "study": next(iter(self.variants.values())).study.study,
            "matrix": self.document.data,
            "overrides": self.job.overrides,
            "keep": self.job.keep,
            "axes": list(axes),
            "runs": [
                {
                    "run": run.id,
                    "key": self.keys[run.id],
                    "scenario": run.variant.scenario,
                    "options": run.variant.options,
                    "cell_m": self.cells[run.variant.id][1],
                    "draw": run.draw,
                    "species": run.species,
                }
                for run in self.runs
            ],
        }


def plan_batch(request: BatchRequest) -> BatchPlan:
    """Read the matrix and the study under every variant of it.

    Raises
    ------
    ConfigError
        With every fault, each with file, line and key.
    """
    request.check()
    matrix, document = read_matrix(request.matrix, request.study)
    runs = expand(matrix, document, request.study)
    variants = _resolved(request, {run.variant.id: run.variant for run in runs})
    draws = None
    if matrix.draws is not None:
        draws = plan_draws(variants.values(), matrix.draws.count, matrix.draws.seed)
    job = BatchJob(
        study=str(find_study(request.study).resolve()),
        overrides=dict(request.overrides),
        keep=request.keep,
        draws=draws,
        store=None if request.store is None else request.store.resolve(),
    )
    grids = {name: study_grid(resolved) for name, resolved in variants.items()}
    return BatchPlan(
        job=job,
        runs=runs,
        variants=variants,
        document=document,
        keys=_keys(job, runs, variants),
        cells={name: (grid.n_cells, grid.cell_width_m) for name, grid in grids.items()},
    )


def _keys(job: BatchJob, runs: tuple[BatchRun, ...], variants: Mapping[str, ResolvedStudy]) -> dict[str, str]:
    """A stated run and its draws share what takes long to find out."""
    steps = {
        (name, species): stated_key(variants[name], read_profile(variants[name], species))
        for name, species in dict.fromkeys((run.variant.id, run.species) for run in runs)
    }
    return {run.id: run_key(job, run, variants[run.variant.id], steps[run.variant.id, run.species]) for run in runs}


def _resolved(request: BatchRequest, variants: Mapping[str, Variant]) -> dict[str, ResolvedStudy]:
    """The study under every variant; one error with the faults of all."""
    faults: dict[str, type[ConfigError]] = {}
    found = {}
    for name, variant in variants.items():
        both = sorted(set(variant.overrides) & set(request.overrides))
        faults |= dict.fromkeys(
            (f"{variant.origins[key]}: --set gives {key}, too; leave out one of them" for key in both), OptionError
        )
        try:
            found[name] = resolve_variant(request.study, variant, request.overrides)
        except ConfigError as error:
            faults |= dict.fromkeys(str(error).splitlines(), type(error))
    if faults:
        of_options = all(kind is OptionError for kind in faults.values())
        raise (OptionError if of_options else ConfigError)("\n".join(faults))
    return found
