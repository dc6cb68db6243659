"""``index.html`` of `otkel sensitivity`: where better habitat pays, and which numbers an indicator hangs on."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rasters.numbers import figure
from scenarios.outputs.audience import Audience
from scenarios.outputs.folder import MARKER, run_folder
from scenarios.outputs.pages.frame import as_table, write_page
from scenarios.outputs.words import WORKING_NOTE, schematic_note
from scenarios.sensitivity.files import READING, Sensitivity, stem_of
from scenarios.sensitivity.indicators import TITLES

__all__ = ["sentences_of", "write_sensitivity_page"]

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


def sentences_of(one: Sensitivity) -> tuple[str, ...]:
    """What was found, in words, from numbers only."""
    title, unit = TITLES[one.indicator]
    said = [
        f"The {title} is {figure(one.found.value, unit, 4)}{'' if unit == '1' else ' ' + unit}, over {one.found.joined} of "
        f"{one.found.total} pairs that are joined."
    ]
    smooth = one.parameters[one.parameters["status"].isin(["smooth", "kink"])]
    if len(smooth):
        first = smooth.iloc[0]
        said.append(
            f"It hangs most on {first['parameter']}: one per cent more changes it by {first['elasticity_up']:+.3f} per cent, one per "
            f"cent less by {-first['elasticity_down']:+.3f}."
        )
    if len(one.places):
        best = one.places.iloc[0]
        said.append(
            f"Better habitat would pay most near {best['lat']:.3f} N, {best['lon']:.3f} E: {best['restored_share']:.2%} for "
            f"{best['area_km2']:,.0f} km\u00b2, to first order" + (f" ({best['decides']})." if best["decides"] else ".")
        )
    return tuple(said)


def write_sensitivity_page(folder: Path, found: Sequence[Sensitivity], credits: Sequence[str]) -> Path:
    """Write the page beside the folders of each scenario and species."""
    first = found[0].ground
    return write_page(
        folder / "index.html", "sensitivity.html", study=first.titles.get("study", first.study),
        audience=(Audience.RESTRICTED, WORKING_NOTE), warnings=sorted({schematic_note(one.ground) for one in found} - {""}),
        sections=[_section(one, folder) for one in found], cautions=CAUTIONS, reading=READING, credits=credits,
        manifest=(folder / MARKER).is_file(),
    )  # fmt: skip


def _section(one: Sensitivity, folder: Path) -> dict[str, Any]:
    ground = one.ground
    at = run_folder(ground.scenario, ground.species)
    files = {
        f"{stem_of(one, 'parameters')}.csv": "Every number of the profile with its elasticity",
        f"{stem_of(one, 'places')}.csv": "Squares where better habitat would bring most",
        f"{stem_of(one, 'restored')}.tif": "Gain per square kilometre of best habitat (GeoTIFF)",
        f"{stem_of(one, 'elasticity')}.tif": "Elasticity per square kilometre (GeoTIFF)",
    }
    return {
        "id": f"{ground.scenario}--{ground.species}--{one.indicator}",
        "species": ground.titles.get("species", ground.species),
        "scenario": ground.titles.get("scenario", ground.scenario),
        "indicator": one.title,
        "map": (at / f"{stem_of(one, 'restored')}.png").as_posix(),
        "sentences": sentences_of(one),
        "parameters": as_table(one.parameters.head(MOST), of="sensitivity", shown=PARAMETERS, digits=3),
        "places": as_table(one.places, of="sensitivity", shown=PLACES, digits=3),
        "assumptions": ground.assumptions,
        "files": [((at / name).as_posix(), text) for name, text in files.items() if (folder / at / name).is_file()],
    }
