"""Commands on collars: what tracks of animals say of a study's fences and land, and synthetic ones to try it with."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from scenarios.commands.common import (
    AlternativeOption,
    LangOption,
    OneScenarioOption,
    OutOption,
    SetOption,
    SpeciesOption,
    StudyArgument,
    Summary,
    named_results,
    parse_overrides,
    reported,
)
from scenarios.commands.completing import unless_named

if TYPE_CHECKING:
    from scenarios.progress import Reporter

__all__ = ["app"]

app = typer.Typer(
    name="tracks",
    help="What collars say: `otkel tracks STUDY DATA --out FOLDER`; `simulate` makes synthetic tracks to try it with.",
    no_args_is_help=True,
    cls=unless_named("report"),
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.command()
@reported("tracks")
def report(
    reporter: Reporter,
    study: StudyArgument,
    data: Annotated[
        Path,
        typer.Argument(
            metavar="DATA",
            help="Tracks: a Movebank or other CSV file, GPX, a GeoPackage of points, or a folder of them with a tracks.yaml.",
        ),
    ],
    out: OutOption,
    results: Annotated[
        Path | None, typer.Option("--results", help="Results of otkel run: do its maps predict where the animals went?")
    ] = None,
    alternative: AlternativeOption = None,
    settings: Annotated[
        Path | None, typer.Option("--settings", help="The tracks.yaml; default: the one beside the data.")
    ] = None,
    ranking: Annotated[
        bool,
        typer.Option(
            "--ranking/--no-ranking", help="Rank candidates again with what the fences are measured to be worth."
        ),
    ] = True,
    seed: Annotated[
        int, typer.Option("--seed", min=0, help="Of the steps that are drawn as available, and of null tracks.")
    ] = 1,
    scenario: OneScenarioOption = None,
    species: SpeciesOption = None,
    overrides: SetOption = None,
    lang: LangOption = None,
) -> Summary:
    """Encounters with fences, what each fence is worth to a species, which land animals choose."""
    from scenarios.tracks.session import run_tracks

    return run_tracks(
        study, data, out, reporter, scenario=scenario, species=species, overrides=parse_overrides(overrides), settings=settings,
        ranking=ranking, seed=seed, lang=lang, results=results, alternatives=named_results(alternative),
    )  # fmt: skip


@app.command()
@reported("tracks simulate")
def simulate(
    reporter: Reporter,
    study: StudyArgument,
    out: OutOption,
    seed: Annotated[int, typer.Option("--seed", min=0, help="The same seed gives the same tracks.")] = 1,
    days: Annotated[
        int, typer.Option("--days", min=10, max=3000, help="How long each animal is followed [days].")
    ] = 240,
    scenario: OneScenarioOption = None,
    overrides: SetOption = None,
) -> Summary:
    """Make SYNTHETIC tracks with their truth: eight animals of each species that live along the study's fences."""
    from scenarios.synthetic.walkers import simulate_tracks

    return simulate_tracks(study, scenario, out, parse_overrides(overrides), reporter, seed=seed, days=days)
