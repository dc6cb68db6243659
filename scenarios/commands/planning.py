"""Commands of a planner: run a study, its corridors, its passages and how firm they are; check it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from scenarios.commands.common import (
    EvidenceOption,
    LangOption,
    OneScenarioOption,
    OutOption,
    ScenarioOption,
    SetOption,
    SpeciesOption,
    StudyArgument,
    Summary,
    parse_overrides,
    reported,
    with_evidence,
)
from scenarios.commands.completing import one_of, studies_typed
from scenarios.outputs.audience import Audience

CacheOption = Annotated[
    Path | None,
    typer.Option("--cache", metavar="FOLDER", help="Where solved steps are kept. Default: the user's cache."),
]
AudienceOption = Annotated[
    str | None,
    typer.Option(
        "--audience",
        help="Write only what partners or the public may see. Default: restricted, the working folder that everything else reads.",
        **one_of("audience", *Audience),
    ),
]
NoCacheOption = Annotated[bool, typer.Option("--no-cache", help="Solve everything afresh, and keep nothing.")]

FromOption = Annotated[
    Path | None,
    typer.Option(
        "--from",
        metavar="MANIFEST",
        help="Run the result of this manifest.json again, solve all afresh, report what differs.",
    ),
]
OptionalStudyArgument = Annotated[
    str | None,
    typer.Argument(
        metavar="STUDY",
        help="A bundled study, a folder with a study.yaml, or a YAML file.",
        autocompletion=studies_typed,
    ),
]

SLOPED = ("conductance", "resistance", "arriving", "least_cost", "eca", "given_back")
"""`scenarios.sensitivity.indicators.INDICATORS`, known without importing them; a test holds the two equal."""

if TYPE_CHECKING:
    from scenarios.progress import Reporter

__all__ = ["check", "corridors", "doctor", "passages", "plan", "run", "sensitivity", "uncertainty"]


@reported("run")
def run(
    reporter: Reporter,
    out: OutOption,
    study: OptionalStudyArgument = None,
    scenario: ScenarioOption = None,
    species: SpeciesOption = None,
    overrides: SetOption = None,
    evidence: EvidenceOption = None,
    audience: AudienceOption = None,
    cache: CacheOption = None,
    no_cache: NoCacheOption = False,
    manifest: FromOption = None,
    lang: LangOption = None,
) -> Summary:
    """Map movement, fences and passages: rasters, tables, maps and an index page in one folder.

    Solved steps are kept: a run that was stopped goes on where it stood when the same command is given again.
    """
    if manifest is not None:
        return _run_from(
            reporter, manifest, study, out, [scenario, species, overrides, evidence, audience, lang], cache
        )
    if study is None:
        raise typer.BadParameter("name a study, or give --from manifest.json", param_hint="STUDY")
    from scenarios.model.steps import open_store
    from scenarios.outputs.audience import audience_named
    from scenarios.runs.session import run_study

    whom = Audience.RESTRICTED if audience is None else audience_named(audience)
    store = None if no_cache else open_store(cache)
    chosen = with_evidence(study, evidence, parse_overrides(overrides))
    return run_study(study, scenario, species, out, chosen, reporter, store, whom, lang)


@reported("plan", listing=True)
def plan(
    reporter: Reporter,
    study: StudyArgument,
    scenario: ScenarioOption = None,
    species: SpeciesOption = None,
    overrides: SetOption = None,
    cache: CacheOption = None,
) -> Summary:
    """Show what `otkel run` would do: cells, solves, minutes, memory, size, and what is kept already. Nothing is solved."""
    from scenarios.model.steps import open_store
    from scenarios.runs.plan import plan_study

    return plan_study(study, scenario, species, parse_overrides(overrides), reporter, open_store(cache))


def _run_from(
    reporter: Reporter, manifest: Path, study: str | None, out: Path, chosen: list[Any], cache: Path | None
) -> Summary:
    """Run the settings of a manifest again and compare."""
    if any(chosen):
        raise typer.BadParameter(
            "--from takes scenarios, species and settings from the manifest; leave the options out"
        )
    from scenarios.model.steps import open_store
    from scenarios.runs.reproduce import reproduce

    return reproduce(manifest, out, reporter, study=study, store=open_store(cache) if cache else None)


@reported("corridors")
def corridors(
    reporter: Reporter,
    study: StudyArgument,
    out: OutOption,
    scenario: ScenarioOption = None,
    species: SpeciesOption = None,
    overrides: SetOption = None,
    lang: LangOption = None,
) -> Summary:
    """Rank every corridor to the targets, with really different alternatives and where each meets a fence."""
    from scenarios.corridors.session import run_corridor_study

    return run_corridor_study(study, scenario, species, out, parse_overrides(overrides), reporter, lang)


@reported("uncertainty")
def uncertainty(
    reporter: Reporter,
    study: StudyArgument,
    out: OutOption,
    draws: Annotated[
        int, typer.Option("--draws", min=2, help="Sobol draws of the uncertain numbers; a power of two.")
    ] = 64,
    seed: Annotated[int, typer.Option("--seed", min=0, help="The same seed gives the same draws.")] = 1,
    top: Annotated[int, typer.Option("--top", min=1, help="Length of the list of the best.")] = 10,
    jobs: Annotated[int, typer.Option("--jobs", "-j", min=1, help="Processes; the results do not depend on it.")] = 1,
    best: Annotated[
        int,
        typer.Option(
            "--best", min=0, help="Draw this many of the best candidates, and the best of every place; 0 draws all."
        ),
    ] = 100,
    cache: Annotated[
        Path | None,
        typer.Option(
            "--cache", help="Folder for finished draws, from which a stopped run goes on; default: the user's."
        ),
    ] = None,
    scenario: OneScenarioOption = None,
    species: SpeciesOption = None,
    overrides: SetOption = None,
    lang: LangOption = None,
) -> Summary:
    """Report how firm the ranking of passages is: draw uncertain numbers, rank again, and find which number matters most."""
    from scenarios.uncertainty.session import run_uncertainty_study

    return run_uncertainty_study(
        study,
        out,
        reporter,
        scenario=scenario,
        species=species,
        overrides=parse_overrides(overrides),
        draws=draws,
        seed=seed,
        top=top,
        jobs=jobs,
        best=best,
        cache=cache,
        lang=lang,
    )


@reported("passages")
def passages(
    reporter: Reporter,
    study: StudyArgument,
    out: OutOption,
    budget: Annotated[
        float | None,
        typer.Option("--budget", min=0, help="Cost units to spend. Default: the study's portfolio.budget."),
    ] = None,
    objective: Annotated[
        str | None,
        typer.Option("--objective", help="conductance, resistance, least_cost, eca or arriving. Default: the study's."),
    ] = None,
    k: Annotated[int | None, typer.Option("--k", min=0, help="At most this many passages.")] = None,
    draws: Annotated[
        int, typer.Option("--draws", min=0, help="Sobol draws of the uncertain numbers, a power of two; 0 for none.")
    ] = 0,
    seed: Annotated[int, typer.Option("--seed", min=0, help="The same seed gives the same draws.")] = 1,
    jobs: Annotated[int, typer.Option("--jobs", "-j", min=1, help="Processes for the draws.")] = 1,
    scenario: OneScenarioOption = None,
    species: SpeciesOption = None,
    overrides: SetOption = None,
    evidence: EvidenceOption = None,
    lang: LangOption = None,
) -> Summary:
    """Choose passages and other actions for a budget: the best set, how far from perfect, and what can be replaced."""
    from scenarios.passages.session import run_passages

    given = {"portfolio.budget": budget, "portfolio.objective": objective, "portfolio.most": k}
    chosen = with_evidence(study, evidence, parse_overrides(overrides)) | {
        key: value for key, value in given.items() if value is not None
    }
    return run_passages(study, scenario, species, out, chosen, reporter, draws=draws, seed=seed, jobs=jobs, lang=lang)


@reported("sensitivity")
def sensitivity(
    reporter: Reporter,
    study: StudyArgument,
    out: OutOption,
    indicator: Annotated[
        list[str] | None,
        typer.Option(
            "--indicator",
            help="Which result; repeat for several. Default: conductance.",
            **one_of("indicator", *SLOPED),
        ),
    ] = None,
    scenario: OneScenarioOption = None,
    species: SpeciesOption = None,
    overrides: SetOption = None,
    lang: LangOption = None,
) -> Summary:
    """Show what a result hangs on: where better habitat would pay most, and which numbers of a profile matter, by exact slopes."""
    from scenarios.sensitivity.session import run_sensitivity

    chosen = list(dict.fromkeys(indicator or SLOPED[:1]))
    return run_sensitivity(study, scenario, species, chosen, out, parse_overrides(overrides), reporter, lang)


@reported("check")
def check(
    reporter: Reporter,
    study: StudyArgument,
    scenario: ScenarioOption = None,
    overrides: SetOption = None,
) -> Summary:
    """Check inputs; prove by flood fill that closed fences leak nowhere and that each candidate opens them."""
    from scenarios.runs.check import check_study

    return check_study(study, scenario, parse_overrides(overrides), reporter)


@reported("explain", listing=True)
def explain(
    reporter: Reporter,
    study: StudyArgument,
    lon: Annotated[float, typer.Argument(metavar="LON", help="Longitude in degrees (WGS 84).")],
    lat: Annotated[float, typer.Argument(metavar="LAT", help="Latitude in degrees (WGS 84).")],
    scenario: OneScenarioOption = None,
    species: SpeciesOption = None,
    overrides: SetOption = None,
) -> Summary:
    """Explain why the cell at a point costs what it costs: each rule, factor and barrier, mortality, and fences on its edges."""
    from scenarios.runs.explain import explain_point

    return explain_point(study, lon, lat, scenario=scenario, species=species, overrides=parse_overrides(overrides))


@reported("doctor", listing=True)
def doctor(
    reporter: Reporter,
    clear_steps: Annotated[bool, typer.Option("--clear-steps", help="Remove the solved steps that are kept.")] = False,
    sources: Annotated[bool, typer.Option("--sources", help="List the files that were fetched for regions.")] = False,
    clear_sources: Annotated[
        bool, typer.Option("--clear-sources", help="Remove the files that were fetched for regions.")
    ] = False,
) -> Summary:
    """Show what is installed, how many threads and how much memory there is, what is kept, and whether the solvers work here."""
    from scenarios.model.steps import open_store
    from scenarios.region.addresses import cache_of_user
    from scenarios.runs.doctor import examine

    if clear_steps:
        reporter.say(f"{open_store().clear() / 2**20:.0f} MiB of solved steps were removed")
    kept = cache_of_user()
    if clear_sources:
        reporter.say(f"{kept.clear() / 2**20:.0f} MiB of fetched files were removed")
    listed = [one.as_row() for one in kept.entries()] if sources else []
    return examine(reporter, {"fetched files": kept.in_words()}, listed)
