"""`otkel uncertainty`: from a study to a folder that says how firm its ranking is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from scenarios.land.inputs import read_inputs
from scenarios.outputs.job import Summary, results_folder
from scenarios.outputs.translate import require_language, study_language
from scenarios.progress import Reporter
from scenarios.study.load import resolve
from scenarios.uncertainty.cells import cell_sentences, cell_tables, other_cell_sizes, stability_by_cell
from scenarios.uncertainty.stability import ALL, BEST, Stability, stability_of

__all__ = ["run_uncertainty_study"]


def run_uncertainty_study(
    name: str,
    out: Path,
    reporter: Reporter,
    *,
    scenario: str | None = None,
    species: Sequence[str] | None = None,
    overrides: Mapping[str, Any] | None = None,
    draws: int = 64,
    seed: int = 1,
    top: int = 10,
    jobs: int = 1,
    best: int = BEST,
    cache: Path | None = None,
    lang: str | None = None,
) -> Summary[Stability]:
    """Draw, compare, and write; the folder appears when it is complete, and finished draws outlive a killed run.

    Page, picture and what is told are in the language ``lang``, by default English; tables are for programs.
    """
    from scenarios.uncertainty.files import said_tables, stability_tables, write_stability
    from scenarios.uncertainty.page import write_stability_page
    from scenarios.uncertainty.words import stability_sentences

    require_language(lang or "en")
    resolved = resolve(name, scenario, overrides)
    other_cell_sizes(resolved)
    settings = {"draws": draws, "seed": seed, "top": top, "best": best}
    with results_folder(out, [resolved], settings=settings, seeds={"draws": seed}) as job:
        inputs = read_inputs(resolved, species)
        say = study_language(lang or "en", resolved, inputs)
        found = stability_of(
            resolved,
            inputs,
            species=species,
            draws=draws,
            seed=seed,
            top=top,
            jobs=jobs,
            best=best,
            cache=cache,
            expect=lambda steps: reporter.expect(steps, "drawing"),
            progress=reporter.step,
        )
        tables = stability_tables(found)
        told = said_tables(tables, inputs.cuts.fences, say)
        sentences = stability_sentences(found, told, say)
        by_size = stability_by_cell(
            found,
            jobs=jobs,
            cache=cache,
            expect=lambda steps: reporter.expect(steps, "other cell sizes"),
            progress=reporter.step,
        )
        if len(by_size) > 1:
            cells = cell_tables(by_size)
            tables, sentences = tables | cells, sentences + cell_sentences(by_size, cells, inputs.cuts.fences, say)
        write_stability(found, tables, sentences, job.folder, told, say)
        write_stability_page(found, told, sentences, job.folder, say)
    said = say("{n} draws").format(n=found.points.shape[0])
    return job.summary(found, _rows(found, tables), [*sentences, said], opens="index.html")


def _rows(found: Stability, tables: Mapping[str, pd.DataFrame]) -> dict[str, Any]:
    """Plain data: the shortlist and the numbers that matter most."""
    table, drivers = tables["stability"], tables["parameters"]
    best = table[(table["ranking"] == ALL) & table["shortlisted"]]
    every = drivers[drivers["ranking"] == ALL]
    return {
        "draws": int(found.points.shape[0]),
        "seed": found.seed,
        "shortlist": best[["candidate", "place", "top_share", "top_share_place"]].to_dict("records"),
        "parameters": every[["parameter", "index", "error", "noise"]].to_dict("records"),
    }
