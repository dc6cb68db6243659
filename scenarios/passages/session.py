"""`otkel passages`: which passages for a budget, from a study file to a folder of results."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from scenarios.land.inputs import context_layer
from scenarios.outputs.job import Summary, results_folder
from scenarios.passages.choose import PortfolioRun, choose_portfolio
from scenarios.passages.files import ground_of_all, write_plan_page, write_portfolio
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
) -> Summary[PortfolioRun]:
    """Value, choose, draw the uncertain numbers where asked, then write; the folder appears when it is complete."""
    resolved = resolve(name, scenario, overrides)
    n_species = len(species or resolved.study.species)
    with results_folder(out, [resolved], seeds={"draws": seed} if draws else {}) as job:
        reporter.expect(n_species + STEPS_BESIDE_SPECIES + (draws + n_species if draws else 0), "reading")
        run = choose_portfolio(resolved, species, reporter.step)
        sure, sentences = _drawn(run, job.folder, reporter, draws, seed, top, jobs) if draws else ([], ())
        reporter.step("writing")
        ground, items = ground_of_all(run), tuple(describe_items(run, sure))
        borders, credits = context_layer(resolved, "borders", run.inputs.grid), resolved.study.credits
        write_portfolio(run, ground, items, job.folder, borders=borders, credits=credits)
        write_scenario(run, job.folder)
        write_plan_page(run, ground, items, job.folder, sentences=sentences, credits=credits)
        job.settings = {
            "draws": draws,
            "seed": seed,
            "top": top,
            "species": list(run.prepared),
            "portfolio": run.settings,
        }
    listed = [f"  {number}. {name}. {text}" for number, name, text in items]
    return job.summary(run, _rows(run, sentences), [*describe_plan(run), *listed, *sentences, f"Next: {next_step()}"])


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
    run: PortfolioRun, folder: Path, reporter: Reporter, draws: int, seed: int, top: int, jobs: int
) -> tuple[list[tuple[str, str]], tuple[str, ...]]:
    """How firm the shortlist is when the uncertain numbers are drawn: a sentence per chosen item, and on the whole."""
    from scenarios.uncertainty.files import how_sure, stability_sentences, stability_tables, write_stability
    from scenarios.uncertainty.stability import stability_of

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
    sentences = stability_sentences(found, tables)
    write_stability(found, tables, sentences, folder)
    return [(name, how_sure(found, tables, name)) for name in run.names_of(run.best)], sentences
