"""`otkel passages`: which passages for a budget, from a study file to a folder of results."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from scenarios.land.inputs import context_layer
from scenarios.outputs.job import Summary, results_folder
from scenarios.outputs.translate import Language, require_language, study_language
from scenarios.passages.choose import PortfolioRun, choose_portfolio
from scenarios.passages.files import ground_of_all, items_in_words, write_plan_page, write_portfolio
from scenarios.passages.scenario_file import next_step, write_scenario
from scenarios.passages.words import describe_items, describe_plan
from scenarios.progress import Reporter
from scenarios.study.load import resolve

__all__ = ["run_passages"]

STEPS_BESIDE_SPECIES = 7


def run_passages(
    name: str,
    scenario: str | None,
    species: Sequence[str] | None,
    out: Path,
    overrides: Mapping[str, Any],
    reporter: Reporter,
    *,
    draws: int = 0,
    seed: int = 1,
    top: int = 10,
    jobs: int = 1,
    lang: str | None = None,
) -> Summary[PortfolioRun]:
    """Value, choose, draw the uncertain numbers where asked, then write; the folder appears when it is complete.

    Page, pictures and what is told are in the language ``lang``, by default English; tables and layers are for programs.
    """
    require_language(lang or "en")
    resolved = resolve(name, scenario, overrides)
    n_species = len(species or resolved.study.species)
    with results_folder(out, [resolved], seeds={"draws": seed} if draws else {}) as job:
        reporter.expect(n_species + STEPS_BESIDE_SPECIES + (draws + n_species if draws else 0), "reading")
        run = choose_portfolio(resolved, species, reporter.step)
        say = study_language(lang or "en", resolved, run.inputs)
        sure, sentences = _drawn(run, job.folder, reporter, draws, seed, top, jobs, say) if draws else ([], ())
        reporter.step("writing")
        ground, items = ground_of_all(run), tuple(describe_items(run, sure, say))
        borders, credits = context_layer(resolved, "borders", run.inputs.grid), resolved.study.credits
        write_portfolio(run, ground, items, job.folder, borders=borders, credits=credits, say=say)
        write_scenario(run, job.folder)
        write_plan_page(run, ground, items, job.folder, sentences=sentences, credits=credits, say=say)
        job.settings = {
            "draws": draws,
            "seed": seed,
            "top": top,
            "species": list(run.prepared),
            "portfolio": run.settings,
        }
    listed = [f"  {paragraph}" for paragraph in items_in_words(run, items, say)]
    told = [*describe_plan(run, say), *listed, *sentences, f"{say('Next')}: {next_step()}"]
    return job.summary(run, _rows(run, sentences), told)


def _rows(run: PortfolioRun, sentences: Sequence[str]) -> dict[str, Any]:
    """Plain data: the plan, what simpler choices give, what can be replaced."""
    best = run.best
    return {
        "steps": {name: round(value, 2) for name, value in run.seconds.items()},
        "scenario": run.resolved.scenario,
        "objective": run.settings.objective,
        "candidates": len(run.candidates),
        "shortlist": len(run.shortlist),
        "plan": {
            "items": list(run.names_of(best)),
            "gain": best.value,
            "bound": best.bound,
            "gap": best.gap,
            "cost": best.cost,
            "budget": best.budget,
            "method": best.method,
            "by_species": run.by_species,
        },
        "greedy": {"items": list(run.names_of(run.greedy)), "gain": run.greedy.value},
        "greedy_pairs": {"items": list(run.names_of(run.greedy_pairs)), "gain": run.greedy_pairs.value},
        "needed": run.needs.loc[run.needs["needed"], "item"].tolist(),
        "firmness": list(sentences),
    }


def _drawn(
    run: PortfolioRun, folder: Path, reporter: Reporter, draws: int, seed: int, top: int, jobs: int, say: Language
) -> tuple[list[tuple[str, str]], tuple[str, ...]]:
    """How firm the shortlist is when the uncertain numbers are drawn: a sentence per chosen item, and on the whole."""
    from scenarios.uncertainty.files import said_tables, stability_tables, write_stability
    from scenarios.uncertainty.stability import stability_of
    from scenarios.uncertainty.words import how_sure, stability_sentences

    shortlist = run.candidates.iloc[list(run.shortlist)]
    found = stability_of(
        run.resolved,
        run.inputs,
        draws=draws,
        seed=seed,
        top=top,
        jobs=jobs,
        objective=run.settings.objective,
        candidates=shortlist[["candidate", "fence", "fence_line", "along_m", "lat", "lon", "cost"]],
        progress=reporter.step,
    )
    tables = stability_tables(found)
    told = said_tables(tables, run.inputs.cuts.fences, say)
    sentences = stability_sentences(found, told, say)
    write_stability(found, tables, sentences, folder, told, say)
    return [(name, how_sure(found, tables, name, say)) for name in run.names_of(run.best)], sentences
