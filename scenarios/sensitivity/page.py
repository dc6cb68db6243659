"""``index.html`` of `otkel sensitivity`: where better habitat pays, and which numbers an indicator hangs on."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from scenarios.outputs.audience import Audience
from scenarios.outputs.folder import MARKER, run_folder
from scenarios.outputs.pages.frame import as_table, write_page
from scenarios.outputs.translate import ENGLISH, Language
from scenarios.outputs.words import WORKING_NOTE, schematic_note
from scenarios.sensitivity.files import READING, TITLE, Sensitivity, stem_of
from scenarios.sensitivity.words import number_words, rule_words, sentences_of

__all__ = ["write_sensitivity_page"]

PARAMETERS = ("parameter", "stated", "elasticity_up", "elasticity_down", "status", "origin")
PLACES = ("rank", "lat", "lon", "area_km2", "restored_share", "elasticity", "resistance", "decides")
CAUTIONS = (
    "Slopes are of the land and the numbers as stated. They say what a small change does, not what a large one does.",
    "A number that a thousand cells share counts by what all of them do together; a fence that is shut has no slope.",
    "What the profile assumes stays assumed: a large elasticity says that a number is worth measuring, not that it is right.",
    "Where two rules are equally bad in a cell, raising one changes it and lowering it does not: both sides are listed.",
)
MOST = 12
"""Numbers of the profile shown on the page; all are in the table."""
FILES = {
    "parameters": "Every number of the profile with its elasticity",
    "places": "Squares where better habitat would bring most",
    "restored": "Gain per square kilometre of best habitat (GeoTIFF)",
    "elasticity": "Elasticity per square kilometre (GeoTIFF)",
}


def write_sensitivity_page(
    folder: Path, found: Sequence[Sensitivity], credits: Sequence[str], say: Language = ENGLISH
) -> Path:
    """Write the page beside the folders of each scenario and species."""
    first = found[0].ground
    return write_page(
        folder / "index.html",
        "sensitivity.html",
        study=say(first.titles.get("study", first.study)),
        audience=(Audience.RESTRICTED, WORKING_NOTE),
        warnings=sorted({schematic_note(one.ground) for one in found} - {""}),
        sections=[_section(one, folder, say) for one in found],
        cautions=[say(text) for text in CAUTIONS],
        title=say(TITLE),
        reading=say(READING),
        credits=credits,
        manifest=(folder / MARKER).is_file(),
        say=say,
    )


def _section(one: Sensitivity, folder: Path, say: Language) -> dict[str, Any]:
    ground = one.ground
    at = run_folder(ground.scenario, ground.species)
    files = {
        f"{stem_of(one, what)}.{'csv' if what in ('parameters', 'places') else 'tif'}": text
        for what, text in FILES.items()
    }
    return {
        "id": f"{ground.scenario}--{ground.species}--{one.indicator}",
        "species": say(ground.titles.get("species", ground.species)),
        "scenario": say(ground.titles.get("scenario", ground.scenario)),
        "indicator": say(one.title),
        "map": (at / f"{stem_of(one, 'restored')}.png").as_posix(),
        "sentences": sentences_of(one, say),
        "parameters": as_table(_parameters(one, say), of="sensitivity", shown=PARAMETERS, digits=3, say=say),
        "places": as_table(_places(one, say), of="sensitivity", shown=PLACES, digits=3, say=say),
        "assumptions": [say(text) for text in ground.assumptions],
        "files": [
            ((at / name).as_posix(), say(text)) for name, text in files.items() if (folder / at / name).is_file()
        ],
    }


def _parameters(one: Sensitivity, say: Language) -> pd.DataFrame:
    """The numbers that matter most, by names that people know."""
    table = one.parameters.head(MOST)
    return table.assign(
        parameter=[number_words(one.prepared.profile, name, say) for name in table["parameter"]],
        origin=[say.origin(text) for text in table["origin"]],
    )


def _places(one: Sensitivity, say: Language) -> pd.DataFrame:
    return one.places.assign(decides=[rule_words(text, say) for text in one.places["decides"]])
