"""Commands on evidence: what camera traps say of a study, synthetic ones to try it with, packages to hand on."""

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
from scenarios.commands.completing import one_of, unless_named
from scenarios.outputs.audience import Audience

if TYPE_CHECKING:
    from scenarios.progress import Reporter

__all__ = ["app"]


app = typer.Typer(
    name="evidence",
    help="What camera traps say: `otkel evidence STUDY DATA --out FOLDER`; `simulate` makes synthetic data to try it with, "
    "`share` a package to hand on.",
    no_args_is_help=True,
    cls=unless_named("report"),
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.command()
@reported("evidence")
def report(
    reporter: Reporter,
    study: StudyArgument,
    data: Annotated[
        Path,
        typer.Argument(metavar="DATA", help="A Camtrap DP package, or a folder of CSV files with an evidence.yaml."),
    ],
    out: OutOption,
    results: Annotated[
        Path | None, typer.Option("--results", help="Results of otkel run: does the model predict what was seen?")
    ] = None,
    alternative: AlternativeOption = None,
    settings: Annotated[
        Path | None, typer.Option("--settings", help="The evidence.yaml; default: the one beside the data.")
    ] = None,
    ranking: Annotated[
        bool, typer.Option("--ranking/--no-ranking", help="Rank candidates again with the measured use factors.")
    ] = True,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Of bootstraps and of the power simulation.")] = 1,
    scenario: OneScenarioOption = None,
    species: SpeciesOption = None,
    overrides: SetOption = None,
    lang: LangOption = None,
) -> Summary:
    """Use of passages, what opening did, use factors, whether the model predicts, which places are used."""
    from scenarios.evidence.session import run_evidence

    return run_evidence(
        study,
        data,
        out,
        reporter,
        results=results,
        alternatives=named_results(alternative),
        scenario=scenario,
        species=species,
        overrides=parse_overrides(overrides),
        settings=settings,
        ranking=ranking,
        seed=seed,
        lang=lang,
    )


@app.command()
@reported("evidence simulate")
def simulate(
    reporter: Reporter,
    study: StudyArgument,
    out: OutOption,
    seed: Annotated[int, typer.Option("--seed", min=0, help="The same seed gives the same data.")] = 1,
    scenario: OneScenarioOption = None,
    overrides: SetOption = None,
) -> Summary:
    """Make SYNTHETIC camera-trap and patrol data with their truth: five passages opened, animals that follow the model, poachers."""
    from scenarios.synthetic.traps import simulate_evidence

    return simulate_evidence(study, scenario, out, parse_overrides(overrides), reporter, seed=seed)


@app.command()
@reported("evidence share")
def share(
    reporter: Reporter,
    study: StudyArgument,
    evidence: Annotated[Path, typer.Argument(metavar="EVIDENCE", help="A folder that `otkel evidence` wrote.")],
    out: OutOption,
    audience: Annotated[
        str,
        typer.Option(
            "--audience",
            help="partner (cameras to 0.01 degree, names as numbers) or public (totals only).",
            **one_of("audience", *Audience),
        ),
    ] = "public",
) -> Summary:
    """A package of the evidence for partners or the public: without what says where cameras stand."""
    from scenarios.evidence.sharing import share_evidence

    return share_evidence(study, evidence, out, reporter, audience=audience)
