"""Commands that read jobs of other programs, and the moving window."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from connectivity.circuit.solvers import METHODS, REDUCTION, RESISTANCE_METHODS
from scenarios.commands.common import (
    OneScenarioOption,
    OutOption,
    SchedulerOption,
    SendOption,
    SetOption,
    SpeciesOption,
    Summary,
    WorkersOption,
    parse_overrides,
    reported,
)
from scenarios.commands.completing import one_of

if TYPE_CHECKING:
    from scenarios.progress import Reporter

__all__ = ["circuitscape", "omniscape", "window"]


@reported("circuitscape")
def circuitscape(
    reporter: Reporter,
    job: Annotated[Path, typer.Argument(metavar="JOB.ini", help="The INI file of a Circuitscape job.")],
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="Folder for the results; default: that of output_file in the job."),
    ] = None,
    method: Annotated[
        str,
        typer.Option(
            "--method",
            help=f"Solver: {', '.join(METHODS)}, or {REDUCTION} (resistances only).",
            **one_of("solver", *RESISTANCE_METHODS),
        ),
    ] = "auto",
) -> Summary:
    """Run an existing Circuitscape job: same settings, same inputs, same files."""
    from scenarios.other_programs.circuitscape.job import run_job

    return run_job(job, out, method)


@reported("omniscape")
def omniscape(
    reporter: Reporter,
    job: Annotated[Path, typer.Argument(metavar="JOB.ini", help="The INI file of an Omniscape job.")],
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="Where the project folder is made; default: where the job's paths start."),
    ] = None,
    workers: WorkersOption = None,
    scheduler: SchedulerOption = None,
    send_files: SendOption = False,
) -> Summary:
    """Run an existing Omniscape job: same settings, same inputs, same files."""
    from scenarios.other_programs.omniscape.job import run_omniscape
    from scenarios.windows.job import machines_of

    return run_omniscape(job, out, machines_of(workers, scheduler, send_files), reporter)


@reported("window")
def window(
    reporter: Reporter,
    study: Annotated[
        str, typer.Argument(metavar="STUDY", help="A study as for `run`, or a GeoTIFF of resistance of any size.")
    ],
    radius_km: Annotated[float, typer.Option("--radius-km", help="Sources lie within this distance of a target.")],
    out: OutOption,
    block_km: Annotated[float, typer.Option("--block-km", help="Side of the squares that share one target.")] = 0.0,
    buffer_km: Annotated[float, typer.Option("--buffer-km", help="How far current may flow beyond the radius.")] = 0.0,
    cutoff: Annotated[float, typer.Option("--cutoff", help="Cells of higher resistance are no sources.")] = float(
        "inf"
    ),
    scenario: OneScenarioOption = None,
    species: SpeciesOption = None,
    overrides: SetOption = None,
    workers: WorkersOption = None,
    scheduler: SchedulerOption = None,
    send_files: SendOption = False,
) -> Summary:
    """Map omnidirectional connectivity by a moving window: current, flow potential and their ratio, fences included."""
    from scenarios.windows.job import machines_of
    from scenarios.windows.study import WindowRequest, run_window

    request = WindowRequest(radius_km=radius_km, buffer_km=buffer_km, block_km=block_km, cutoff=cutoff)
    return run_window(
        study,
        request,
        out,
        scenario=scenario,
        species=species,
        overrides=parse_overrides(overrides),
        machines=machines_of(workers, scheduler, send_files),
        reporter=reporter,
    )
