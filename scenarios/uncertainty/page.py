"""``index.html`` of `otkel uncertainty`: how firm the ranking is, what was done in words, and what to beware of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from scenarios.model.parameter_words import short_name
from scenarios.outputs.audience import Audience
from scenarios.outputs.folder import MARKER
from scenarios.outputs.pages.frame import as_table, write_page
from scenarios.outputs.translate import ENGLISH, Language
from scenarios.outputs.words import WORKING_NOTE, is_schematic
from scenarios.uncertainty.stability import ALL, ALL_SPECIES, Stability
from scenarios.uncertainty.words import names_of_species

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
    found: Stability,
    tables: Mapping[str, pd.DataFrame],
    sentences: Sequence[str],
    folder: Path,
    say: Language = ENGLISH,
) -> Path:
    """Write the page beside the files that `scenarios.uncertainty.files.write_stability` wrote; ``tables`` as they are told."""
    study, table, names = found.resolved.study, tables["parameters"], names_of_species(found)
    drivers = table[table["ranking"] == ALL].assign(
        parameter=lambda rows: [short_name(name, say, names) for name in rows["parameter"]],
        shape=lambda rows: rows["shape"].str.replace("_", " "),
    )
    files = [(name, say(text)) for name, text in FILES.items() if (folder / name).is_file() or name == MARKER]
    return write_page(
        folder / "index.html",
        "uncertainty.html",
        study=say(study.title),
        audience=(Audience.RESTRICTED, WORKING_NOTE),
        warnings=[_schematic(found)],
        scenario=say(found.resolved.scenario_title),
        sentences=sentences,
        top=found.top,
        settings=settings_in_words(found, say),
        rankings=[_ranking(found, tables, name, say) for name in found.rankings],
        parameters=as_table(_quoted(drivers, say), of="uncertainty", shown=PARAMETERS, digits=2, say=say),
        cautions=_cautions(found, say),
        assumptions=[say(one) for one in study.assumptions],
        credits=study.credits,
        files=files,
        say=say,
    )


def _quoted(drivers: pd.DataFrame, say: Language) -> pd.DataFrame:
    """Who says so: in another language than the study's own, at least what kind of source it is."""
    return drivers.assign(origin=[say.origin(text) for text in drivers["origin"]])


def settings_in_words(found: Stability, say: Language = ENGLISH) -> tuple[str, ...]:
    """What was drawn and ranked, a sentence each."""
    names = names_of_species(found)
    weights = ", ".join(
        f"{say(names[name])} {say(f'{weight:g}')}" for name, weight in zip(found.species, found.weight, strict=True)
    )
    drawn = say(
        "{n} draws of {m} uncertain numbers or groups of them that move together ({all} numbers in all); points of a Sobol sequence, seed "
        "{seed}."
    )
    best = say("The list of the best has {n} places. A place is all candidates within {km} km of its best.")
    return (
        drawn.format(n=len(found.points), m=len(found.space.axes), all=len(found.space.parameters), seed=found.seed),
        say("In each draw {n} candidate passages were ranked again, as otkel run ranks them.").format(
            n=len(found.candidates)
        ),
        best.format(n=found.top, km=say(f"{found.spacing_m / 1000:g}")),
        say("Species and their weights in the mean: {weights}.").format(weights=weights),
    )


def _ranking(found: Stability, tables: Mapping[str, pd.DataFrame], ranking: str, say: Language) -> dict[str, Any]:
    table = tables["stability"]
    best = table[(table["ranking"] == ranking) & table["shortlisted"]].sort_values("place")
    title = say(ALL_SPECIES if ranking == ALL else names_of_species(found)[ranking])
    return {
        "title": title[0].upper() + title[1:],
        "table": as_table(best, of="uncertainty", shown=PLACES, digits=3, say=say),
    }


def _cautions(found: Stability, say: Language) -> tuple[str, ...]:
    """How far the numbers carry."""
    doubt = 100.0 / len(found.points) ** 0.5
    share = say(
        "With {n} draws a share of draws is known to ± {points} percentage points at most (two standard errors)."
    )
    return (
        say(
            "The bounds of the numbers are assumptions of the study, with their origin above. Nothing beyond them was tried."
        ),
        say("What the study does not name does not move: fence lines, places, land cover and relief are as stated."),
        share.format(n=len(found.points), points=f"{doubt:.0f}"),
        say(
            "A share of the variance is that of one number alone; numbers that act jointly can matter although none does by itself."
        ),
        say("Scores are relative to the best of the drawn candidates; they compare places and do not count animals."),
    )


def _schematic(found: Stability) -> str:
    statuses = found.candidates["geometry_status"]
    return "SCHEMATIC fence lines \u2013 not surveyed" if statuses.map(is_schematic).any() else ""
