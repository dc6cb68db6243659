"""``otkel plan``: what a run would do, how long it would take, and what of it is kept already. Nothing is solved.

Memory is told from the size of the grid, before anything of that size is built; a study that could not even be checked in
the memory there is gets no further. Otherwise inputs are read and fences cut, as before every run, so that all faults come to
light; cores are looked for that reach no target at all.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from connectivity.machine import available_bytes
from scenarios.exit_codes import ExitCode
from scenarios.land.inputs import Inputs, chosen_species, read_inputs, size_of
from scenarios.land.memory import Size, Stage, needed_bytes, too_big
from scenarios.land.prepared import prepare_species
from scenarios.model.steps import StepStore, step_key
from scenarios.progress import Reporter
from scenarios.runs.cost import (
    SOLVED_PARTS,
    WORK,
    Speed,
    Work,
    probed_speed,
    seconds_of,
    wall_seconds,
    work_of,
)
from scenarios.runs.session import resolve_all
from scenarios.study.load import ResolvedStudy

__all__ = ["Plan", "PlannedStep", "plan_study"]

MODEL = "model of passages"
START_S = 2.0
"""Starting the program and loading its libraries and kernels."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedStep:
    """One scenario and species.

    Parameters
    ----------
    work : Work
    kept, model_kept : bool
        Whether it, and its model of passages, are in the store.
    seconds : dict of str to float
        Processor seconds of each part that has to be done.
    """

    scenario: str
    species: str
    work: Work
    kept: bool
    model_kept: bool
    seconds: dict[str, float]

    def as_dict(self) -> dict[str, Any]:
        """Plain data."""
        work = {name: getattr(self.work, name) for name in Work.__dataclass_fields__}
        seconds = {part: round(value, 2) for part, value in self.seconds.items()}
        return {
            "scenario": self.scenario,
            "species": self.species,
            **work,
            "solves": 0 if self.kept else self.work.reached,
            "reductions": 0 if self.kept else 2,
            "kept": self.kept,
            "model_kept": self.model_kept,
            "processor_seconds": seconds,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a run would do.

    Parameters
    ----------
    steps : tuple of PlannedStep
        None where even checking the study would not fit in memory.
    folder : Path
        Of the kept steps.
    reading_s : float
        Processor seconds of reading and checking, as just measured.
    compile_s : float
        Seconds of compiling kernels that the probe had just now; a run that comes after it has none.
    peak_bytes, available_bytes, output_bytes : int
        Memory it would take, memory there is (0 where the system does not say), and size of the results.
    too_big : str
        What a run needs that does not fit, and what would; empty where it fits.
    """

    steps: tuple[PlannedStep, ...]
    folder: Path
    reading_s: float
    compile_s: float
    peak_bytes: int
    available_bytes: int
    output_bytes: int
    too_big: str = ""
    exit_code: ClassVar = ExitCode.OK

    @property
    def processor_seconds(self) -> float:
        """Of all processors together."""
        return START_S + self.reading_s + sum(sum(step.seconds.values()) for step in self.steps)

    @property
    def wall_seconds(self) -> float:
        """On a machine that does nothing else."""
        return START_S + self.reading_s + sum(wall_seconds(step.seconds) for step in self.steps)

    def as_dict(self) -> dict[str, Any]:
        """Plain data."""
        return {
            "steps": [step.as_dict() for step in self.steps],
            "kept_steps": sum(step.kept for step in self.steps),
            "solves": sum(0 if step.kept else step.work.reached for step in self.steps),
            "cache": str(self.folder),
            "minutes": round(self.wall_seconds / 60, 3) if self.steps else None,
            "processor_minutes": round(self.processor_seconds / 60, 3) if self.steps else None,
            "reading_seconds": round(self.reading_s, 2),
            "compile_seconds": round(self.compile_s, 1),
            "peak_memory_bytes": self.peak_bytes,
            "available_memory_bytes": self.available_bytes,
            "output_bytes": self.output_bytes,
            "too_big": self.too_big,
        }

    def print(self, console: Console) -> None:
        """A table of the steps and the sums in words."""
        if self.steps:
            console.print(self._table())
        for sentence in self.sentences():
            console.print(sentence, markup=False)

    def _table(self) -> Table:
        shown = Table(title="What would run", title_justify="left", box=SIMPLE_HEAD, padding=(0, 1), pad_edge=False)
        for column in ("scenario", "species", "cells", "solves", "candidates", "reduced to", "time"):
            shown.add_column(column, justify="left" if column in ("scenario", "species") else "right", no_wrap=True)
        for step in self.steps:
            work, solves = step.work, "kept" if step.kept else f"{step.work.reached} of {step.work.origins}"
            shown.add_row(
                step.scenario,
                step.species,
                _count(work.cells),
                solves,
                str(work.candidates),
                str(work.kept_nodes),
                f"{wall_seconds(step.seconds):.0f} s",
            )
        return shown

    def sentences(self) -> list[str]:
        """Time, memory, output and what is kept, for people."""
        told = [*self._sums(), *self._compiling()] if self.steps else ["Nothing was read: not even that would fit."]
        return [*told, *([f"This does not fit in memory: {self.too_big}."] if self.too_big else [])]

    def _sums(self) -> list[str]:
        kept, memory = sum(step.kept for step in self.steps), f"{self.peak_bytes / 2**30:.1f} GiB"
        there = f" of {self.available_bytes / 2**30:.1f} GiB that are free" if self.available_bytes else ""
        return [
            f"{len(self.steps)} steps, {kept} of them kept in {self.folder}; nothing has been solved.",
            f"Time: about {_minutes(self.wall_seconds)} on a machine that does nothing else, {_minutes(self.processor_seconds)} "
            f"of processors. Memory: about {memory}{there}. Results: about {self.output_bytes / 1e6:.0f} MB.",
        ]

    def _compiling(self) -> list[str]:
        if self.compile_s <= 1:
            return []
        return [f"Kernels were compiled just now in {self.compile_s:.0f} s and are kept; this is not part of the time."]


def _count(cells: int) -> str:
    return f"{cells / 1e6:.2f} M" if cells >= 100_000 else str(cells)


def _minutes(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.1f} minutes"


def plan_study(
    name: str,
    scenarios: Sequence[str] | None,
    species: Sequence[str] | None,
    overrides: Mapping[str, Any],
    reporter: Reporter,
    store: StepStore,
) -> Plan:
    """Plan what `scenarios.runs.session.run_study` would do with the same arguments.

    Parameters
    ----------
    store : StepStore
        Where kept steps are looked for, and where the speed of this machine is kept.
    """
    resolved = resolve_all(name, scenarios, overrides)
    chosen_species(resolved[0], species)
    memory = _memory(size_of(resolved, species))
    if not memory.pop("checkable"):
        return Plan(steps=(), folder=store.folder, reading_s=0.0, compile_s=0.0, output_bytes=0, **memory)
    speed = probed_speed(store.folder, reporter.say)
    reporter.expect(len(resolved), "reading")
    steps: list[PlannedStep] = []
    reading_s = 0.0
    modelled = {facts["step"] for facts in store.all_facts() if "step" in facts}
    for one in resolved:
        reporter.step(one.scenario)
        start = time.process_time()
        inputs = read_inputs(one, species, stage=Stage.CHECKED)
        reading_s += time.process_time() - start
        for profile in inputs.profiles:
            step, seconds = _planned(one, inputs, profile, speed, store, modelled)
            steps.append(step)
            reading_s += seconds
    written = speed.run_bytes + sum(speed.raster_bytes * step.work.cells + speed.step_bytes for step in steps)
    return Plan(
        steps=tuple(steps),
        folder=store.folder,
        reading_s=reading_s,
        compile_s=speed.compile_s,
        output_bytes=int(written),
        **memory,
    )


def _memory(size: Size) -> dict[str, Any]:
    """Fields of a plan on memory, and whether at least one scenario can be read and checked."""
    free, need = available_bytes(), needed_bytes(size, Stage.SOLVED)
    one = needed_bytes(replace(size, scenarios=1), Stage.CHECKED)
    return {
        "peak_bytes": need,
        "available_bytes": free or 0,
        "too_big": too_big(size, Stage.SOLVED, free) if free is not None and need > free else "",
        "checkable": free is None or one <= free,
    }


def _planned(
    resolved: ResolvedStudy, inputs: Inputs, species: str, speed: Speed, store: StepStore, modelled: set[str]
) -> tuple[PlannedStep, float]:
    """A step, and the processor seconds that checking it took."""
    start = time.process_time()
    prepared = prepare_species(resolved, inputs, species)
    seconds = time.process_time() - start
    work, key = work_of(prepared), step_key(resolved, inputs.profiles[species])
    kept, model_kept = store.has(key), key in modelled
    saved = (*(SOLVED_PARTS if kept else ()), *([MODEL] if model_kept else []))
    parts = seconds_of(work, speed, [part for part in WORK if part not in saved])
    step = PlannedStep(
        scenario=resolved.scenario, species=species, work=work, kept=kept, model_kept=model_kept, seconds=parts
    )
    return step, seconds
