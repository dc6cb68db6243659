"""Commands that say how it goes: wildlife crime from patrols, and indicators by year."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from scenarios.commands.common import (
    LangOption,
    OneScenarioOption,
    OutOption,
    SetOption,
    SpeciesOption,
    StudyArgument,
    Summary,
    parse_overrides,
    reported,
)
from scenarios.commands.completing import one_of
from scenarios.outputs.audience import Audience

if TYPE_CHECKING:
    from scenarios.progress import Reporter

__all__ = ["crime", "indicators"]


@reported("crime")
def crime(
    reporter: Reporter,
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
            **one_of("audience", *Audience),
        ),
    ] = "partner",
    scenario: OneScenarioOption = None,
    overrides: SetOption = None,
    lang: LangOption = None,
) -> Summary:
    """Count what patrols meet: encounter rates, change between years, PIKE, blind spots, and a map of poaching risk."""
    from scenarios.crime.session import run_crime

    return run_crime(
        study,
        data,
        out,
        reporter,
        scenario=scenario,
        overrides=parse_overrides(overrides),
        results=results,
        audience=audience,
        lang=lang,
    )


@reported("indicators")
def indicators(
    reporter: Reporter,
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
        str,
        typer.Option(
            "--audience",
            help="restricted or partner: all rows; public: no single cores, two figures.",
            **one_of("audience", *Audience),
        ),
    ] = "partner",
    lang: LangOption = None,
) -> Summary:
    """Write the yearly table and chart: conductance, least cost, ECA, walkers that arrive, open fence, passages in use."""
    from scenarios.indicators.session import run_indicators

    return run_indicators(
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
        lang=lang,
    )
