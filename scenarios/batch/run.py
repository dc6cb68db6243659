"""One run of a batch, from its name to the bytes of its files: the same in this process, in another one, or on a cluster."""

from __future__ import annotations

import shutil
import sys
import time
import traceback
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from connectivity.machine import limited_threads
from rasters.errors import LayerNotFoundError, PlannerError, PlannerWarning
from rasters.files.confined import confined
from rasters.files.scratch import scratch_folder
from rasters.profile import SpeciesProfile
from scenarios.batch.draws import DrawPlan
from scenarios.batch.facts import facts_of
from scenarios.batch.matrix import BatchRun, Variant
from scenarios.exit_codes import exit_code_of
from scenarios.land.inputs import Inputs, context_layer, read_inputs, same_layers, size_of
from scenarios.land.memory import Size, Stage, require_memory
from scenarios.land.parameters import changed
from scenarios.model.results import SpeciesRun
from scenarios.model.steps import KEPT, StepStore, solve_step, step_key
from scenarios.outputs.precision import as_stored
from scenarios.records.content import code_hash, hash_of
from scenarios.records.fingerprint import file_hash
from scenarios.study.base import without_words
from scenarios.study.load import ResolvedStudy, find_study, resolve

__all__ = ["BatchJob", "Failure", "Keep", "RunOutcome", "resolve_variant", "run_key", "stated_key"]

Keep = Literal["tables", "maps", "all"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """Why a run has no results: plain words that travel between machines."""

    kind: str
    message: str
    exit_code: int
    trace: str = ""

    @classmethod
    def of(cls, error: BaseException) -> Failure:
        """From an exception; the traceback only of what nobody foresaw."""
        trace = "" if isinstance(error, PlannerError) else "".join(traceback.format_exception(error))
        words = str(error) or ("out of memory; use larger cells" if isinstance(error, MemoryError) else "")
        return cls(kind=type(error).__name__, message=words, exit_code=exit_code_of(error), trace=trace)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOutcome:
    """What became of a run.

    Parameters
    ----------
    files : dict of str to bytes
        Name within the run's folder -> content; empty where the run failed.
    facts : dict
        The run in a few numbers, see `scenarios.batch.facts`.
    entry : dict
        What a manifest says of the run: itself, its settings and inputs; empty where its maps are not kept.
    seconds, cpu_seconds : float
        Wall and processor time.
    peak_bytes : int
        Most memory that the process held during the run.
    reused : bool
        Whether the solve was found in the store of steps.
    """

    run: str
    files: dict[str, bytes] = field(default_factory=dict, repr=False)
    facts: dict[str, Any] = field(default_factory=dict)
    entry: dict[str, Any] = field(default_factory=dict, repr=False)
    failure: Failure | None = None
    warnings: tuple[str, ...] = ()
    seconds: float = 0.0
    cpu_seconds: float = 0.0
    peak_bytes: int = 0
    reused: bool = False


@dataclass(slots=True, kw_only=True)
class BatchJob:
    """What all runs of a batch have in common; an item is a `BatchRun`. See `scenarios.cluster.cluster.Job`.

    Parameters
    ----------
    study : str
        As on the command line; where files are sent, relative to what is sent.
    overrides : dict
        From the command line: they win over the matrix.
    keep : {"tables", "maps", "all"}
        What a run writes.
    draws : DrawPlan, optional
    store : Path, optional
        Folder of solved steps, for runs whose numbers are as stated. Without one nothing is kept.
    sent : dict of str to bytes, optional
        Files of the study by their path within its folder, for workers without a shared folder.
    """

    study: str
    overrides: dict[str, Any]
    keep: Keep = "tables"
    draws: DrawPlan | None = None
    store: Path | None = None
    sent: dict[str, bytes] | None = field(default=None, repr=False)
    _layers: tuple[ResolvedStudy, dict[str, Any]] | None = field(default=None, repr=False)
    _inputs: tuple[str, ResolvedStudy, Inputs] | None = field(default=None, repr=False)

    def start(self, folder: Path) -> BatchJob:
        """On a worker: put down the files that were sent, or see that the study can be found."""
        if self.sent is None:
            path = find_study(self.study)
            if not path.is_file():
                raise LayerNotFoundError(f"{path}: a worker does not find this file; share its folder, or --send-files")
            return self
        shutil.rmtree(folder, ignore_errors=True)
        for name, content in self.sent.items():
            path = confined(folder, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        return replace(self, study=str(folder / self.study), sent=None)

    def run(self, item: BatchRun) -> RunOutcome:
        """One run; what goes wrong is its outcome, too."""
        _reset_peak()
        start, cpu = time.perf_counter(), time.process_time()
        steps: list[str] = []
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always", PlannerWarning)
            try:
                with limited_threads(1):
                    found = self._solved(item, steps.append)
                outcome = RunOutcome(
                    run=item.id,
                    files=self._written(found, item),
                    facts=facts_of(found),
                    entry=self._entry(found, item),
                    reused=KEPT in steps,
                )
            except Exception as error:
                self._inputs = None
                outcome = RunOutcome(run=item.id, failure=Failure.of(error))
        told = dict.fromkeys(str(one.message) for one in caught if issubclass(one.category, PlannerWarning))
        return replace(
            outcome,
            warnings=tuple(told),
            seconds=time.perf_counter() - start,
            cpu_seconds=time.process_time() - cpu,
            peak_bytes=_peak(),
        )

    def _solved(self, item: BatchRun, progress: Callable[[str], None]) -> SpeciesRun:
        resolved, inputs = self._read(item.variant)
        if item.draw is None:
            store = None if self.store is None else StepStore(folder=self.store)
            return _timeless(solve_step(resolved, item.species, store, progress, inputs=inputs))
        assert self.draws is not None
        resolved, inputs = changed(resolved, inputs, self.draws.changes(resolved, inputs, item.draw))
        drawn = replace(
            resolved,
            scenario=f"{resolved.scenario}/draw-{item.draw:04d}",
            scenario_title=f"{resolved.scenario_title}, draw {item.draw}",
        )
        return _timeless(solve_step(drawn, item.species, inputs=inputs))

    def _read(self, variant: Variant) -> tuple[ResolvedStudy, Inputs]:
        """Inputs of a variant; kept for the next run, and its layers for other variants on the same grid."""
        if self._inputs is None or self._inputs[0] != variant.id:
            resolved = resolve_variant(self.study, variant, self.overrides)
            known = self._layers[1] if self._layers is not None and same_layers(self._layers[0], resolved) else None
            require_memory(run_size(resolved), Stage.SOLVED)
            inputs = read_inputs(resolved, layers=known, stage=Stage.CHECKED)
            self._layers, self._inputs = (resolved, inputs.layers), (variant.id, resolved, inputs)
        return self._inputs[1], self._inputs[2]

    def _written(self, run: SpeciesRun, item: BatchRun) -> dict[str, bytes]:
        with scratch_folder("otkel-batch-") as folder:
            _write(run, folder, self.keep, self._read(item.variant)[0])
            paths = sorted(path for path in folder.rglob("*") if path.is_file())
            return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}

    def _entry(self, run: SpeciesRun, item: BatchRun) -> dict[str, Any]:
        if self.keep == "tables":
            return {}
        from scenarios.land.provenance import input_paths
        from scenarios.outputs.manifest import run_entry

        resolved = self._read(item.variant)[0]
        inputs = {name: {"sha256": file_hash(path)} for name, path in input_paths([resolved]).items()}
        return {"run": run_entry(run), "settings": resolved.settings, "inputs": inputs}


def run_size(resolved: ResolvedStudy) -> Size:
    """What the memory of one run depends on; a run is of one species."""
    return replace(size_of([resolved]), species=1)


def _timeless(run: SpeciesRun) -> SpeciesRun:
    """The run as its files hold it, without how long it took: the log says that."""
    reports = tuple(replace(report, setup_s=0.0, solve_s=0.0) for report in run.reports)
    return replace(as_stored(run), reports=reports, seconds={})


def _write(run: SpeciesRun, folder: Path, keep: Keep, resolved: ResolvedStudy) -> None:
    from scenarios.outputs.gis.geopackage import write_layers
    from scenarios.outputs.gis.rasters import write_rasters
    from scenarios.outputs.tables import write_tables

    if keep == "all":
        from scenarios.outputs.species import write_species_run

        borders = context_layer(resolved, "borders", run.grid)
        write_species_run(run, folder, borders=borders, credits=resolved.study.credits)
        return
    write_tables(run, folder)
    if keep == "maps":
        write_rasters(run, folder)
        write_layers(run, folder)


def resolve_variant(study: str, variant: Variant, overrides: Mapping[str, Any]) -> ResolvedStudy:
    """The study as a variant sees it; its scenario is called as the variant."""
    resolved = resolve(study, variant.scenario, {**variant.overrides, **overrides}, said_in=variant.origins)
    options = ", ".join(f"{axis}: {option}" for axis, option in variant.options.items())
    title = f"{resolved.scenario_title} ({options})" if options else resolved.scenario_title
    return replace(resolved, scenario=variant.id, scenario_title=title)


def stated_key(resolved: ResolvedStudy, profile: SpeciesProfile) -> str:
    """What the numbers of a run depend on, with every one as stated."""
    with limited_threads(1):
        return step_key(resolved, profile)


def run_key(job: BatchJob, run: BatchRun, resolved: ResolvedStudy, stated: str) -> str:
    """What a finished run depends on; where it differs from that in a folder, the run is done again.

    Parameters
    ----------
    resolved : ResolvedStudy
        Of the run's variant.
    stated : str
        Its `stated_key`.
    """
    told = {"study", "description", "context"} | without_words(("title", "assumptions", "credits"))
    return hash_of(
        {
            "run": run.id,
            "stated": stated,
            "code": code_hash("scenarios.batch.run"),
            "keep": job.keep,
            "told": [resolved.scenario_title, resolved.study.model_dump(mode="json", include=told)],
            "draw": None if run.draw is None else [job.draws, run.draw, resolved.study.uncertainty],
        }
    )


def _reset_peak() -> None:
    """Forget earlier peaks of this process, where the system can."""
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        return


def _peak() -> int:
    """Most bytes that this process held since `_reset_peak`, or ever where the system does not say."""
    try:
        status = Path("/proc/self/status").read_text()
        return next(int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmHWM:"))
    except (OSError, StopIteration):
        import resource

        unit = 1 if sys.platform == "darwin" else 1024
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
