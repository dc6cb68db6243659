"""What a run costs: seconds of each part and output, from the size of the work and the speed of this machine.

Each part takes time in proportion to a count of its work. The seconds per unit come from a probe: the bundled study on
coarse cells, run once on each machine and for each version of the code, and kept beside the solved steps. Memory is told by
`scenarios.land.memory`.
"""

from __future__ import annotations

import itertools
import json
import time
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numba

from connectivity.landscape.reachability import reachable_cells
from rasters.errors import PlannerWarning
from rasters.files.scratch import scratch_folder
from rasters.files.writing import replacing
from scenarios.land.inputs import read_inputs
from scenarios.land.prepared import Prepared, prepare_species
from scenarios.model.landscape import Landscape
from scenarios.outputs.folder import run_folder
from scenarios.progress import Reporter
from scenarios.records.content import code_hash, hash_of
from scenarios.records.machine import machine
from scenarios.runs.session import run_resolved
from scenarios.study.load import resolve

__all__ = ["SOLVED_PARTS", "Speed", "Work", "probed_speed", "seconds_of", "wall_seconds", "work_of"]

PROBE_STUDY, PROBE_SPECIES, PROBE_CELL_M = "ustyurt", "leopard", 4000.0

SETUP_SOLVES = 1.2
"""Setting up the solver costs as much as that many solves."""
RANKING_ORIGINS = 2
"""What is ranked for all cores together costs as much as for that many of them."""
WRITE_CELLS = 2.5e6
"""This many cells cost as much to write as the maps and tables of a step, whose size is fixed."""

WORK: dict[str, Callable[[Work], float]] = {
    "least cost": lambda work: work.covered * (work.origins + 1 + work.targets),
    "current": lambda work: work.passable * (SETUP_SOLVES + work.reached) if work.reached else 0.0,
    "reduction": lambda work: work.passable,
    "ranking": lambda work: work.kept_nodes * (RANKING_ORIGINS + work.origins),
    "indicators": lambda work: work.passable,
    "model of passages": lambda work: work.covered if work.candidates else 0.0,
    "writing": lambda work: 1.0 + work.cells / WRITE_CELLS,
    "pages": lambda work: 1.0 + work.cells / WRITE_CELLS,
}
"""Part of a step -> units of work in it."""
SOLVED_PARTS = ("least cost", "current", "reduction", "ranking", "indicators")
"""Parts that a kept step saves; the model of passages is kept apart, and files are always written."""

THREADED = {"least cost": 0.8, "current": 0.7, "reduction": 0.7, "indicators": 0.5, "model of passages": 0.5}
"""Share of what another processor would bring at best that it does bring."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """How much there is to do in one step: cells, places and candidates.

    Parameters
    ----------
    cells, passable : int
        Of the grid; of these, that the species can enter.
    covered : int
        Cells that a search from a core or a target runs over, on the average: sealed fences keep it on its side.
    origins, reached, targets : int
        Cores; those that reach any target now, which are the right-hand sides that are solved for; targets.
    candidates : int
    kept_nodes : int
        Of the reduced network.
    """

    cells: int
    passable: int
    covered: int
    origins: int
    reached: int
    targets: int
    candidates: int
    kept_nodes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Speed:
    """What the probe found.

    Parameters
    ----------
    seconds : dict of str to float
        Part -> processor seconds per unit of its work.
    raster_bytes : float
        Of the written rasters, per cell.
    step_bytes, run_bytes : float
        Of everything else that a step writes, and of what a run writes once: pages, relief, borders.
    compile_s : float
        Seconds that kernels took to compile before the probe; 0 where they were kept, or the probe was.
    """

    seconds: dict[str, float]
    raster_bytes: float
    step_bytes: float
    run_bytes: float
    compile_s: float


def work_of(prepared: Prepared) -> Work:
    """Count the work of a step; floods the land to see which cores reach a target, and solves nothing."""
    land, ends = Landscape(prepared), prepared.ends
    reach = reachable_cells(land.stencil(), ends.any_target)
    passable, near = int(prepared.surface.passable.sum()), int(reach.sum())
    origins, targets = len(ends.origins), len(ends.targets)
    reached = sum(bool(reach[origin.rows, origin.cols].any()) for origin in ends.origins)
    beyond = (passable - near) * (origins - reached)
    return Work(
        cells=prepared.surface.grid.n_cells,
        passable=passable,
        origins=origins,
        reached=reached,
        targets=targets,
        covered=(near * (reached + 1 + targets) + beyond) // (origins + 1 + targets),
        candidates=len(prepared.candidates),
        kept_nodes=_kept_nodes(land),
    )


def _kept_nodes(land: Landscape) -> int:
    """Focal regions, and the cells on both sides of every edge that a candidate opens."""
    edges = land.edges([candidate.opening.id for candidate in land.prepared.candidates], singles_only=True)
    return len(land.regions) + int((edges.cells() & (land.ends.labels <= 0)).sum())


def seconds_of(work: Work, speed: Speed, parts: Sequence[str] = tuple(WORK)) -> dict[str, float]:
    """Processor seconds of each part of a step."""
    return {part: speed.seconds[part] * WORK[part](work) for part in parts}


def wall_seconds(seconds: Mapping[str, float]) -> float:
    """Seconds on a machine that does nothing else."""
    more = numba.get_num_threads() - 1
    return sum(value / (1.0 + THREADED.get(part, 0.0) * more) for part, value in seconds.items())


def probed_speed(folder: Path, progress: Callable[[str], None] = lambda _: None) -> Speed:
    """The speed of this machine with this code, from an earlier probe or a new one of some seconds.

    Parameters
    ----------
    folder : Path
        Where it is kept: a small file ``speed-….json``.
    progress : callable
        Told when a probe begins.
    """
    path = folder / f"speed-{_key()}.json"
    try:
        return replace(Speed(**json.loads(path.read_text(encoding="utf-8"))), compile_s=0.0)
    except (OSError, ValueError, TypeError):
        pass
    progress("measuring how fast this machine is; this is done once")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PlannerWarning)
        speed = _probe()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with replacing(path) as part:
            part.write_text(json.dumps(asdict(speed)), encoding="utf-8")
    except OSError as error:
        warnings.warn(f"the speed of this machine could not be kept ({error})", PlannerWarning, stacklevel=2)
    return speed


def _key() -> str:
    return hash_of({"machine": machine(), "code": code_hash("scenarios.runs.session", "scenarios.runs.cost")})


def _size_of(paths: Iterable[Path]) -> int:
    return sum(path.stat().st_size for path in paths if path.is_file())


class _Laps(Reporter):
    """Processor seconds of the parts of a run, from what it tells of its progress; shows nothing."""

    def __init__(self) -> None:
        self.way_on = str
        self.began = [("reading", time.process_time())]

    def expect(self, steps: int, what: str) -> None:
        pass

    def step(self, what: str, done: int = 1) -> None:
        self.began.append((what.rpartition(": ")[2], time.process_time()))

    def seconds(self) -> dict[str, float]:
        """By part; parts of one name together."""
        self.step("end")
        out = dict.fromkeys(WORK, 0.0)
        for (part, start), (_, end) in itertools.pairwise(self.began):
            if part != "reading":
                out[part if part in out else "pages"] += end - start
        return out


def _probe() -> Speed:
    """A run of the bundled study on coarse cells: once for the compiler, then the faster of two for the clock."""
    resolved = resolve(PROBE_STUDY, None, {"grid.cell_m": PROBE_CELL_M})
    work = work_of(prepare_species(resolved, read_inputs(resolved, [PROBE_SPECIES]), PROBE_SPECIES))
    laps = []
    with scratch_folder("otkel-probe-") as folder:
        for _ in range(3):
            lap = _Laps()
            run_resolved([resolved], [PROBE_SPECIES], folder / "out", lap)
            laps.append(lap.seconds())
        step = folder / "out" / run_folder(resolved.scenario, PROBE_SPECIES)
        rasters, in_step, in_all = (_size_of(path) for path in (step.glob("*.tif"), step.rglob("*"), folder.rglob("*")))
    best = {part: min(lap[part] for lap in laps[1:]) for part in WORK}
    compile_s = max(sum(laps[0].values()) - sum(best.values()), 0.0)
    return Speed(
        seconds={part: best[part] / WORK[part](work) for part in WORK},
        raster_bytes=rasters / work.cells,
        step_bytes=float(in_step - rasters),
        run_bytes=float(in_all - in_step),
        compile_s=compile_s,
    )
