"""``index.html`` of `otkel uncertainty`: how firm the ranking is, what was done in words, and what to beware of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from scenarios.outputs.audience import Audience
from scenarios.outputs.folder import MARKER
from scenarios.outputs.pages.frame import as_table, write_page
from scenarios.outputs.words import WORKING_NOTE, is_schematic
from scenarios.uncertainty.files import short_name
from scenarios.uncertainty.stability import ALL, ALL_SPECIES, Stability

__all__ = ["write_stability_page"]

FILES = {
    "stability.csv": "Every drawn candidate with its ranks, places and gains in the draws",
    "parameters.csv": "Every uncertain number, and what it moves",
    "draws.csv": "Every draw: what was drawn, and how far its ranking agrees",
    "cell_sizes.csv": "Leading places at each cell size",
    "cell_agreement.csv": "How far the rankings at two cell sizes agree",
    "columns.csv": "What each column means, and its unit",
    "stability.txt": "The sentences of this page",
    MARKER: "Inputs, versions and settings",
}
PLACES = (
    "place",
    "name",
    "lat",
    "lon",
    "geometry_status",
    "place_low",
    "place_median",
    "place_high",
    "top_share_place",
    "score",
    "mean_score",
    "worst_score",
    "conductance_gain_share",
    "least_cost_gain_share",
)
PARAMETERS = (
    "parameter",
    "numbers",
    "stated",
    "lowest_draw",
    "highest_draw",
    "shape",
    "index",
    "error",
    "matters",
    "origin",
)


def write_stability_page(
    found: Stability, tables: Mapping[str, pd.DataFrame], sentences: Sequence[str], folder: Path
) -> Path:
    """Write the page beside the files that `scenarios.uncertainty.files.write_stability` wrote."""
    study, table = found.resolved.study, tables["parameters"]
    drivers = table[table["ranking"] == ALL].assign(
        parameter=lambda rows: [short_name(name) for name in rows["parameter"]],
        shape=lambda rows: rows["shape"].str.replace("_", " "),
    )
    files = [(name, text) for name, text in FILES.items() if (folder / name).is_file() or name == MARKER]
    return write_page(
        folder / "index.html",
        "uncertainty.html",
        study=study.title,
        audience=(Audience.RESTRICTED, WORKING_NOTE),
        warnings=[_schematic(found)],
        scenario=found.resolved.scenario_title,
        sentences=sentences,
        top=found.top,
        settings=settings_in_words(found),
        rankings=[_ranking(found, tables, name) for name in found.rankings],
        parameters=as_table(drivers, of="uncertainty", shown=PARAMETERS, digits=2),
        cautions=_cautions(found),
        assumptions=study.assumptions,
        credits=study.credits,
        files=files,
    )


def settings_in_words(found: Stability) -> tuple[str, ...]:
    """What was drawn and ranked, a sentence each."""
    weights = ", ".join(f"{name} {weight:g}" for name, weight in zip(found.species, found.weight, strict=True))
    return (
        f"{len(found.points)} draws of {len(found.space.axes)} uncertain numbers or groups of them that move together "
        f"({len(found.space.parameters)} numbers in all); points of a Sobol sequence, seed {found.seed}.",
        f"In each draw {len(found.candidates)} candidate passages were ranked again, as otkel run ranks them.",
        f"The list of the best has {found.top} places. A place is all candidates within {found.spacing_m / 1000:g} km of its best.",
        f"Species and their weights in the mean: {weights}.",
    )


def _ranking(found: Stability, tables: Mapping[str, pd.DataFrame], ranking: str) -> dict[str, Any]:
    table = tables["stability"]
    best = table[(table["ranking"] == ranking) & table["shortlisted"]].sort_values("place")
    title = ALL_SPECIES if ranking == ALL else ranking
    return {"title": title[0].upper() + title[1:], "table": as_table(best, of="uncertainty", shown=PLACES, digits=3)}


def _cautions(found: Stability) -> tuple[str, ...]:
    """How far the numbers carry."""
    doubt = 100.0 / len(found.points) ** 0.5
    return (
        "The bounds of the numbers are assumptions of the study, with their origin above. Nothing beyond them was tried.",
        "What the study does not name does not move: fence lines, places, land cover and relief are as stated.",
        f"With {len(found.points)} draws a share of draws is known to \u00b1 {doubt:.0f} percentage points at most (two standard errors).",
        "A share of the variance is that of one number alone; numbers that act jointly can matter although none does by itself.",
        "Scores are relative to the best of the drawn candidates; they compare places and do not count animals.",
    )


def _schematic(found: Stability) -> str:
    statuses = found.candidates["geometry_status"]
    return "SCHEMATIC fence lines \u2013 not surveyed" if statuses.map(is_schematic).any() else ""
