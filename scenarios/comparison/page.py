"""The page of a comparison: ``index.html``, offline; and its tables as CSV files with a dictionary of their columns."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rasters.files.confined import below
from rasters.numbers import figure, signed_percent
from scenarios.comparison.maps import THEMES, change_of_what
from scenarios.comparison.sides import Comparison, Side
from scenarios.comparison.words import HEADLINES, change_words, findings, settings_in_words, table_rows
from scenarios.outputs.pages.frame import as_table, write_page
from scenarios.outputs.tables import write_dictionary

__all__ = ["write_comparison_page", "write_comparison_tables"]

FILES = {
    "differences": "Every indicator of every pair, species and scenario",
    "headlines": "Each species as a whole, scenario by scenario",
    "places": "What is restored for each core and each target alone, and its best passage",
    "gains": "What is gained, what it costs, and the gain per cost",
    "ranks": "Rank and score of every candidate passage on both sides",
    "agreement": "How far the orders of passages agree",
    "settings": "What the scenarios were given differently",
}
CHANGES_SHOWN = 8
"""Candidates whose rank changed most among the best of either side that the page shows."""


def write_comparison_tables(comparison: Comparison, folder: Path) -> list[Path]:
    """Write the tables as CSV, and ``columns.csv``."""
    tables = {f"{name}.csv": getattr(comparison, name) for name in FILES}
    return write_dictionary(folder, tables, of="comparison")


def write_comparison_page(comparison: Comparison, folder: Path, *, credits: Sequence[str] = ()) -> Path:
    """Write ``index.html``; pictures, maps and tables that lie in the folder are shown and linked.

    Parameters
    ----------
    comparison : Comparison
    folder : path
    credits : sequence of str
    """
    say = comparison.say
    quoted = say("“{scenario}”")
    return write_page(
        folder / "index.html",
        "compare.html",
        study=comparison.title,
        audience=comparison.audience,
        warnings=[comparison.warning],
        credits=credits,
        say=say,
        titles=", ".join(quoted.format(scenario=side.title) for side in comparison.others),
        base=comparison.base,
        others=comparison.others,
        findings=findings(comparison),
        rows=table_rows(comparison),
        settings=settings_in_words(comparison),
        species=[_section(comparison, species, folder) for species in comparison.species],
        files=[(f"{name}.csv", say(text)) for name, text in FILES.items() if (folder / f"{name}.csv").is_file()],
        pictures=[name for name in ("figure", "table") if (folder / f"{name}.png").is_file()],
    )


def _section(comparison: Comparison, species: str, folder: Path) -> dict[str, Any]:
    return {
        "id": species,
        "name": comparison.names.get(species, species),
        "maps": [m for side in comparison.others for m in _maps(comparison, side, species, folder)],
        "pairs": _pairs(comparison, species),
        "ranks": [_ranks(comparison, species, side.label, side.title) for side in comparison.others],
        "places": [_places(comparison, species, side) for side in comparison.others],
    }


def _maps(comparison: Comparison, side: Side, species: str, folder: Path) -> list[dict[str, Any]]:
    at, shown = map_folder(side, species), []
    for theme in THEMES:
        picture = at / f"{theme.stem}_difference.png"
        rasters = [at / f"{theme.stem}_{kind}.tif" for kind in ("difference", "relative")]
        if (folder / picture).is_file():
            there = [path.as_posix() for path in rasters if (folder / path).is_file()]
            caption = change_of_what(comparison.say, side.title, theme) + "."
            reading = comparison.say(theme.reading)
            shown.append({"src": picture.as_posix(), "caption": caption, "reading": reading, "rasters": there})
    return shown


def map_folder(side: Side, species: str) -> Path:
    """Where the maps of one species and side lie within the comparison."""
    return below("maps", side.folder_name, species)


def _pairs(comparison: Comparison, species: str) -> list[dict[str, Any]]:
    """Least cost and effective resistance of every pair: the base's value, then value and change of each other side."""
    table = comparison.differences[comparison.differences["species"] == species]
    labels, say, out = [side.label for side in comparison.others], comparison.say, []
    for source, target in (
        table.loc[table["target"] != "", ["source", "target"]].drop_duplicates().itertuples(index=False)
    ):
        own = table[(table["source"] == source) & (table["target"] == target)]
        cells: list[str] = []
        for headline in HEADLINES[:2]:
            rows = own[own["indicator"] == headline.indicator].set_index("other")
            if len(rows):
                cells.append(say(figure(rows["a"].iloc[0] / headline.per_shown)))
                for label in labels:
                    a, b = (float(rows.loc[label, column]) for column in ("a", "b"))
                    cells += [say(figure(b / headline.per_shown)), say(change_words(a, b))]
        names = [comparison.names.get(place, place) for place in (source, target)]
        out.append({"from": names[0], "to": names[1], "cells": cells})
    return out


def _places(comparison: Comparison, species: str, side: Side) -> dict[str, Any]:
    """What is restored for each place alone."""
    table = comparison.places[(comparison.places["species"] == species) & (comparison.places["other"] == side.label)]
    shown = ["place", "role", "conductance_share", "least_cost_share", "best_a", "best_b"]
    named = table.assign(
        **{key: [comparison.names.get(one, one) for one in table[key]] for key in ("place", "best_a", "best_b")}
    )
    return {"title": side.title, "table": as_table(named, of="comparison", shown=shown, digits=2, say=comparison.say)}


def _status_words(comparison: Comparison, status: str, other: str) -> str:
    """Why orders of passages do not compare, with the scenarios' titles for a and b."""
    named = status.replace(" in a", " in “{a}”").replace(" in b", " in “{b}”")
    return comparison.say(named).format(a=comparison.base.title, b=other)


def _ranks(comparison: Comparison, species: str, other: str, title: str) -> dict[str, Any]:
    agreement, say = comparison.agreement, comparison.say
    row = agreement[(agreement["species"] == species) & (agreement["other"] == other)].iloc[0]
    table = comparison.ranks[(comparison.ranks["species"] == species) & (comparison.ranks["other"] == other)]
    best = table[(table[["rank_a", "rank_b"]].min(axis=1) <= CHANGES_SHOWN) & (table["status"] == "compared")]
    rows = (
        [
            {
                "candidate": comparison.names.get(r.candidate, r.candidate),
                "a": figure(r.rank_a),
                "b": figure(r.rank_b),
                "change": say("same")
                if not r.change
                else f"{say('up' if r.change > 0 else 'down')} {figure(abs(r.change))}",
                "scores": " \u2192 ".join(say(f"{score:.3f}") for score in (r.score_a, r.score_b)),
            }
            for r in best.itertuples()
        ]
        if math.isfinite(row["tau_b"])
        else []
    )
    gains = comparison.gains[(comparison.gains["species"] == species) & (comparison.gains["other"] == other)].iloc[0]
    return {
        "title": title,
        "tau": say(figure(row["tau_b"], digits=3)),
        "common": int(row["common"]),
        "status": row["status"],
        "top": say(f"{row['top10_common']} of {row['top10']}"),
        "rows": rows,
        "conductance": say(signed_percent(gains["conductance_share"]).removeprefix("+")),
        "least_cost": say(signed_percent(gains["least_cost_share"]).removeprefix("+")),
        "cost": say(figure(gains["extra_cost"])),
        "gain_status": gains["status"],
        "words": _status_words(comparison, row["status"], title),
    }
