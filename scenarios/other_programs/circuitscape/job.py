"""One Circuitscape job: settings and inputs, the mode it asks for, and its files."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from math import isnan
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from connectivity.circuit.solvers import REDUCTION, RESISTANCE_METHODS, known_method
from connectivity.modes.cell_circuit import CellCircuit
from connectivity.modes.focal import (
    AdvancedSolution,
    CurrentTotals,
    FocalSolution,
    advanced,
    all_to_one,
    one_to_all,
    pairwise,
)
from connectivity.modes.injections import merge_reports
from connectivity.modes.pairs import FocalCells, PairRule
from connectivity.modes.resistances import pairwise_resistances
from connectivity.report import AT_ROUNDING, SolveReport
from rasters.arrays import Reals
from scenarios.other_programs.circuitscape.amounts import ground_conductance, source_amps
from scenarios.other_programs.circuitscape.ini import JobSettings, read_job, uses_strengths
from scenarios.other_programs.circuitscape.lists import read_strengths
from scenarios.other_programs.circuitscape.network import run_network
from scenarios.other_programs.circuitscape.outputs import JobFiles, job_files
from scenarios.other_programs.circuitscape.rasters import (
    Header,
    read_cell_values,
    read_focal,
    read_habitat,
    read_pairs,
    read_polygons,
)
from scenarios.outputs.job import Summary

__all__ = ["run_job"]

TOLERANCE = 1e-9
"""Relative residual asked of iterative solvers."""


@dataclass(slots=True, kw_only=True)
class Tally:
    """What a running job has done so far."""

    reports: list[SolveReport]
    solved: int = 0
    unreached: int = 0

    def count(self, solved: bool, report: SolveReport | None) -> None:
        """One pair or focal node more."""
        self.solved += solved
        self.unreached += not solved
        if report is not None:
            self.reports.append(report)


@dataclass(frozen=True, slots=True, kw_only=True)
class RasterJob:
    """A raster job with its inputs read and its files open."""

    settings: JobSettings
    circuit: CellCircuit
    header: Header
    null: NDArray[np.bool_]
    files: JobFiles
    tally: Tally
    notes: list[str]
    method: str

    @property
    def solver(self) -> str:
        """For modes with maps, which reduction does not give."""
        return "auto" if self.method == REDUCTION else self.method

    def focal(self) -> FocalCells:
        """Focal points or regions."""
        return read_focal(self.settings.file("point_file"), self.header, self.notes)

    def pairs(self) -> PairRule:
        """Which pairs are wanted."""
        return read_pairs(self.settings.file("included_pairs_file")) if self.settings.use_included_pairs else PairRule()

    def current(self, end: str, values: Reals) -> None:
        """Write a current map."""
        null = self.null if self.settings.set_null_currents_to_nodata else None
        self.files.grid(end, values, self.header, null, self.settings.log_transform_maps)

    def voltage(self, end: str, values: Reals) -> None:
        """Write a voltage map."""
        self.files.grid(end, values, self.header, self.null if self.settings.set_null_voltages_to_nodata else None)

    def totals(self, totals: CurrentTotals) -> None:
        """Write the cumulative and the largest current, where asked for."""
        if self.settings.wants_currents:
            self.current("cum_curmap", totals.cumulative)
            if self.settings.write_max_cur_maps:
                self.current("max_curmap", totals.maximum)


def run_job(ini_path: str | Path, out_dir: str | Path | None = None, method: str = "auto") -> Summary[SolveReport]:
    """Run an existing Circuitscape job and write its files.

    Parameters
    ----------
    ini_path : path
        The INI file.
    out_dir : path, optional
        Folder of the files instead of that of ``output_file``.
    method : str
        One of `connectivity.circuit.solvers.RESISTANCE_METHODS`; whatever the INI file names as ``solver`` has no effect.
        Reduction is for pairwise resistances without maps (the others then mean ``"auto"``).

    Returns
    -------
    Summary of SolveReport
        ``rows`` has the names of the files, what was solved, and what was ignored or is understood differently.

    Raises
    ------
    ConfigError, DataError, FocalNodeError
        What is wrong with settings or inputs, before any solve.
    SolverError
        When a solve fails. No file is written then.
    """
    start = time.perf_counter()
    solver = known_method(method, RESISTANCE_METHODS)
    settings = read_job(ini_path)
    folder = settings.output_folder(None if out_dir is None else Path(out_dir))
    tally, notes = Tally(reports=[]), list(settings.notes)
    with job_files(folder, settings.prefix, settings.write_as_tif) as files:
        if settings.data_type == "network":
            run_network(settings, files, tally.count)
        else:
            _run_raster(settings, files, tally, notes, solver)
    report = merge_reports(tally.reports)
    if AT_ROUNDING in report.note:
        notes.append(f"{report.accuracy}, not {TOLERANCE:g}: {AT_ROUNDING}")
    mode, residual = f"{settings.data_type} {settings.scenario}", report.relative_residual
    rows = {
        "job": str(settings.path),
        "files": list(files.names),
        "mode": mode,
        "solved": tally.solved,
        "unreached": tally.unreached,
        "solver": report.method,
        "relative_residual": None if isnan(residual) else residual,
        "notes": notes,
    }
    said = (
        f"{mode}: {tally.solved} solved, {tally.unreached} not joined or excluded ({report.method}, {report.accuracy}); "
        f"{len(files.names)} files"
    )
    return Summary(
        folder=folder,
        found=report,
        seconds=time.perf_counter() - start,
        rows=rows,
        notes=[*(f"note: {note}" for note in notes), said],
    )


def _run_raster(settings: JobSettings, files: JobFiles, tally: Tally, notes: list[str], method: str) -> None:
    cells, header = read_habitat(settings.file("habitat_file"), settings.habitat_map_is_resistances, notes)
    if settings.use_mask:
        cells = np.where(read_cell_values(settings.file("mask_file"), header, notes) > 0, cells, 0.0)
    polygons = read_polygons(settings.file("polygon_file"), header, notes) if settings.use_polygons else None
    circuit = CellCircuit.of_cells(
        cells,
        polygons,
        neighbours=4 if settings.connect_four_neighbors_only else 8,
        edge_rule="mean_resistance" if settings.connect_using_avg_resistances else "mean_conductance",
    )
    job = RasterJob(
        settings=settings,
        circuit=circuit,
        header=header,
        null=cells == 0,
        files=files,
        tally=tally,
        notes=notes,
        method=method,
    )
    runs: dict[str, Callable[[RasterJob], None]] = {
        "pairwise": _run_pairwise,
        "advanced": _run_advanced,
        "one-to-all": _run_focal,
        "all-to-one": _run_focal,
    }
    runs[settings.scenario](job)


def _run_pairwise(job: RasterJob) -> None:
    settings, focal, pairs = job.settings, job.focal(), job.pairs()
    if not settings.wants_currents and not settings.write_volt_maps:
        found = pairwise_resistances(job.circuit, focal, pairs, method=job.method, tolerance=TOLERANCE)
        job.files.pairwise_resistances(found.numbers, found.resistance)
        for status in found.status.values():
            job.tally.count(status in ("solved", "same_node"), found.report)
        return
    _pairwise_maps(job, focal, pairs)


def _pairwise_maps(job: RasterJob, focal: FocalCells, pairs: PairRule) -> None:
    settings, totals = job.settings, CurrentTotals(job.circuit.shape)
    numbers = [n for n in focal.numbers if pairs.keeps(n)]
    ohm = np.zeros((len(numbers), len(numbers)))
    for pair in pairwise(
        job.circuit,
        focal,
        pairs,
        currents=settings.wants_currents,
        focal_currents=not settings.set_focal_node_currents_to_zero,
        method=job.solver,
        tolerance=TOLERANCE,
    ):
        i, j = numbers.index(pair.first), numbers.index(pair.second)
        ohm[i, j] = ohm[j, i] = pair.resistance
        job.tally.count(np.isfinite(pair.resistance), pair.report)
        _write_maps(job, f"{pair.first}_{pair.second}", pair.voltage, pair.current, totals)
    job.files.pairwise_resistances(numbers, ohm)
    job.totals(totals)


def _write_maps(job: RasterJob, name: str, voltage: Reals | None, current: Reals | None, totals: CurrentTotals) -> None:
    if voltage is not None and job.settings.write_volt_maps:
        job.voltage(f"voltmap_{name}", voltage)
    if current is not None and job.settings.wants_currents:
        totals.add(current)
        if not job.settings.write_cum_cur_map_only:
            job.current(f"curmap_{name}", current)


def _run_focal(job: RasterJob) -> None:
    settings, totals = job.settings, CurrentTotals(job.circuit.shape)
    strengths = read_strengths(settings.file("variable_source_file")) if uses_strengths(settings) else None
    mode: Callable[..., Iterable[FocalSolution]] = one_to_all if settings.scenario == "one-to-all" else all_to_one
    values = {}
    for one in mode(
        job.circuit,
        job.focal(),
        job.pairs(),
        strengths,
        currents=settings.wants_currents,
        method=job.solver,
        tolerance=TOLERANCE,
    ):
        values[one.number] = one.resistance
        job.tally.count(one.solved, one.report)
        _write_maps(job, str(one.number), one.voltage, one.current, totals)
    job.files.focal_resistances(values)
    job.totals(totals)


def _run_advanced(job: RasterJob) -> None:
    settings = job.settings
    source = read_cell_values(settings.file("source_file"), job.header, job.notes)
    ground = read_cell_values(settings.file("ground_file"), job.header, job.notes)
    source, ground = source_amps(settings, source), ground_conductance(settings, ground)
    done = advanced(
        job.circuit,
        source,
        ground,
        policy=settings.remove_src_or_gnd,
        currents=settings.wants_currents,
        method=job.solver,
        tolerance=TOLERANCE,
    )
    _note_unsolved(job, done)
    job.tally.count(done.report is not None, done.report)
    if settings.write_volt_maps:
        job.files.grid("voltmap", done.voltage, job.header)
    if settings.wants_currents:
        job.files.grid("curmap", done.current, job.header)


def _note_unsolved(job: RasterJob, done: AdvancedSolution) -> None:
    if done.report is None:
        job.notes.append("no component has both a source and a ground; all voltages and currents are 0")
