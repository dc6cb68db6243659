"""Commands that say how it goes: wildlife crime from patrols, and indicators by year."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from scenarios.commands.common import (
    JsonOption,
    OneScenarioOption,
    OutOption,
    QuietOption,
    SetOption,
    SpeciesOption,
    StudyArgument,
    VerboseOption,
    parse_overrides,
    reporting,
    tell,
)  # fmt: skip

__all__ = ["crime", "indicators"]


def crime(
    study: StudyArgument,
    data: Annotated[
        Path, typer.Argument(metavar="DATA", help="Folder with patrols.csv, incidents.csv and perhaps crime.yaml.")
    ],
    out: OutOption,
    results: Annotated[
        Path | None,
        typer.Option(
            "--results", help="A run of the study: patrols are proposed where animals pass, passages counted."
        ),
    ] = None,
    audience: Annotated[
        str,
        typer.Option(
            "--audience",
            help="restricted also writes the scenario and precise maps; partner coarse maps; public only tables.",
        ),
    ] = "partner",
    scenario: OneScenarioOption = None,
    overrides: SetOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
    verbose: VerboseOption = 0,
) -> None:
    """Count what patrols meet: encounter rates, change between years, PIKE, blind spots, and a map of poaching risk."""
    with reporting("crime", quiet or as_json, verbose) as reporter:
        from scenarios.crime.session import run_crime

        summary = run_crime(
            study, data, out, reporter, scenario=scenario, overrides=parse_overrides(overrides), results=results,
            audience=audience,
        )  # fmt: skip
    tell(summary, reporter, as_json=as_json, quiet=quiet)


def indicators(
    study: StudyArgument,
    year: Annotated[
        list[str], typer.Option("--year", metavar="YEAR=SCENARIO", help="What stood in a year; give one for each year.")
    ],
    out: OutOption,
    traps: Annotated[
        Path | None, typer.Option("--traps", help="Camera-trap data over all years: adds the passages in use.")
    ] = None,
    patrols: Annotated[
        Path | None, typer.Option("--patrols", help="Patrol data over all years: adds signs of poaching.")
    ] = None,
    draws: Annotated[
        int,
        typer.Option(
            "--draws", min=0, help="Sobol draws of the uncertain numbers for ranges, a power of two; 0 for none."
        ),
    ] = 8,
    seed: Annotated[int, typer.Option("--seed", min=0, help="The same seed gives the same draws.")] = 1,
    species: SpeciesOption = None,
    audience: Annotated[
        str, typer.Option("--audience", help="restricted or partner: all rows; public: no single cores, two figures.")
    ] = "partner",
    as_json: JsonOption = False,
    quiet: QuietOption = False,
    verbose: VerboseOption = 0,
) -> None:
    """Write the yearly table and chart: conductance, least cost, ECA, walkers that arrive, open fence, passages in use."""
    with reporting("indicators", quiet or as_json, verbose) as reporter:
        from scenarios.indicators.session import run_indicators

        summary = run_indicators(
            study,
            year,
            out,
            reporter,
            species=species,
            traps=traps,
            patrols=patrols,
            draws=draws,
            seed=seed,
            audience=audience,
        )
    tell(summary, reporter, as_json=as_json, quiet=quiet)
