"""Commands on patrols and wildlife crime."""

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
    StudyArgument,
    VerboseOption,
    parse_overrides,
    reporting,
    tell,
)  # fmt: skip

__all__ = ["crime"]


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
