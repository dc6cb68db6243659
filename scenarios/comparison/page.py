"""The page of a comparison: ``index.html``, offline; and its tables as CSV files with a dictionary of their columns."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from rasters.io import replacing
from scenarios.comparison.maps import THEMES
from scenarios.comparison.sides import Comparison, Side
from scenarios.comparison.words import HEADLINES, change_words, figure_words, findings, percent_words, table_rows
from scenarios.outputs.page import page_environment
from scenarios.outputs.tables import write_csv

__all__ = ["COLUMNS", "write_comparison_page", "write_comparison_tables"]

COLUMNS = {
    "species": "Species of the study; all = all of them together.",
    "base": "Scenario that the others are compared with: a.",
    "other": "Scenario that is compared with it: b.",
    "side": "Scenario.",
    "source": "Core where animals set out; empty where the number is of the species as a whole.",
    "target": "Place they make for; any = the nearest, or all of them joined in the circuit.",
    "indicator": "What was measured; see columns.csv of the runs.",
    "unit": "Unit of the values.",
    "value": "Value for the species as a whole: median over cores of costs and resistances, mean of crossings and walkers.",
    "reached": "Cores that reach any target.",
    "cores": "Cores of the species.",
    "a": "Value in the base scenario; inf: no way; of settings the value itself.",
    "b": "Value in the other scenario; inf: no way; of settings the value itself.",
    "difference": "b minus a; inf: a way only in a; -inf: a way only in b; empty: see status.",
    "ratio": "b divided by a; empty where a is 0 or both have no way.",
    "status": "compared, or why there is no number.",
    "conductance_share": "Share of the conductance that the fences of a take away which b gives back, mean over cores; 1 = all.",
    "least_cost_share": "The same of the reciprocal of the least cost.",
    "eca_km2_gain": "Rise of the equivalent connected area [km2].",
    "arriving_share_gain": "Rise of the share of walkers that arrive alive, mean over cores [1].",
    "extra_cost": "What the openings and actions of b cost above those of a [cost units of the study].",
    "conductance_share_per_cost": "conductance_share divided by extra_cost [1 per cost unit].",
    "least_cost_share_per_cost": "least_cost_share divided by extra_cost [1 per cost unit].",
    "candidate": "Candidate passage.",
    "fence": "Fence that it would open.",
    "along_m": "Distance from the start of the fence line [m].",
    "rank_a": "Rank in the base scenario; 1 = best.",
    "rank_b": "Rank in the other scenario.",
    "change": "How many ranks it rose.",
    "score_a": "What rank_a is by [1].",
    "score_b": "What rank_b is by [1].",
    "candidates_a": "Number of candidates in the base scenario.",
    "candidates_b": "Number of candidates in the other scenario.",
    "common": "Candidates that both have.",
    "tau_b": "Kendall's tau-b of the scores over the common candidates: 1 = the same order, -1 = reversed, ties counted.",
    "top10_common": "How many of the ten best of a are among the ten best of b.",
    "top10": "How many there could be: ten, or fewer where fewer gain anything.",
    "best_a": "Best candidate in the base scenario.",
    "best_b": "Best candidate in the other scenario.",
    "role": "core: where animals set out; target: what they make for.",
    "place": "Core or target.",
    "key": "Setting of the study, or input file, that differs.",
}  # fmt: skip

FILES = {
    "differences": "Every indicator of every pair, species and scenario",
    "headlines": "Each species as a whole, scenario by scenario",
    "places": "What is given back for each core and each target alone, and its best passage",
    "gains": "What is gained, what it costs, and the gain per cost",
    "ranks": "Rank and score of every candidate passage on both sides",
    "agreement": "How far the orders of passages agree",
    "settings": "What the scenarios were given differently",
}
CHANGES_SHOWN = 8
"""Candidates whose rank changed most among the best of either side that the page shows."""


def write_comparison_tables(comparison: Comparison, folder: Path) -> list[Path]:
    """Write the tables as CSV, and ``columns.csv``."""
    tables = {name: getattr(comparison, name) for name in FILES}
    dictionary = [(f"{name}.csv", str(c), COLUMNS[str(c)]) for name, table in tables.items() for c in table.columns]
    tables["columns"] = pd.DataFrame(dictionary, columns=["file", "column", "meaning"])
    return [write_csv(folder / f"{name}.csv", table) for name, table in tables.items()]


def write_comparison_page(comparison: Comparison, folder: Path, *, credits: Sequence[str] = ()) -> Path:
    """Write ``index.html``; pictures, maps and tables that lie in the folder are shown and linked.

    Parameters
    ----------
    comparison : Comparison
    folder : path
    credits : sequence of str
    """
    page = page_environment().get_template("compare.html").render(
        title=comparison.title, base=comparison.base, others=comparison.others, audience=str(comparison.audience[0]),
        audience_note=comparison.audience[1], warning=comparison.warning, credits=credits, findings=findings(comparison),
        rows=table_rows(comparison), settings=comparison.settings.to_dict("records"),
        species=[_section(comparison, species, folder) for species in comparison.species],
        files=[(f"{name}.csv", text) for name, text in FILES.items() if (folder / f"{name}.csv").is_file()],
        pictures=[name for name in ("figure", "table") if (folder / f"{name}.png").is_file()],
    )  # fmt: skip
    with replacing(folder / "index.html") as part:
        part.write_text(page, encoding="utf-8")
    return folder / "index.html"


def _section(comparison: Comparison, species: str, folder: Path) -> dict[str, Any]:
    return {
        "id": species,
        "name": comparison.names.get(species, species),
        "maps": [m for side in comparison.others for m in _maps(side, species, folder)],
        "pairs": _pairs(comparison, species),
        "ranks": [_ranks(comparison, species, side.label, side.title) for side in comparison.others],
        "places": [_places(comparison, species, side) for side in comparison.others],
    }


def _maps(side: Side, species: str, folder: Path) -> list[dict[str, Any]]:
    at = map_folder(side, species)
    shown = []
    for theme in THEMES:
        picture = at / f"{theme.stem}_difference.png"
        rasters = [at / f"{theme.stem}_{kind}.tif" for kind in ("difference", "relative")]
        if (folder / picture).is_file():
            there = [path.as_posix() for path in rasters if (folder / path).is_file()]
            caption = f"{side.title}: change of {theme.title[0].lower()}{theme.title[1:]}."
            shown.append({"src": picture.as_posix(), "caption": caption, "reading": theme.reading, "rasters": there})
    return shown


def map_folder(side: Side, species: str) -> Path:
    """Where the maps of one species and side lie within the comparison."""
    return Path("maps") / side.folder_name / species


def _pairs(comparison: Comparison, species: str) -> list[dict[str, Any]]:
    """Least cost and effective resistance of every pair: the base's value, then value and change of each other side."""
    table = comparison.differences[comparison.differences["species"] == species]
    labels = [side.label for side in comparison.others]
    out = []
    for source, target in (
        table.loc[table["target"] != "", ["source", "target"]].drop_duplicates().itertuples(index=False)
    ):
        own = table[(table["source"] == source) & (table["target"] == target)]
        cells: list[str] = []
        for headline in HEADLINES[:2]:
            rows = own[own["indicator"] == headline.indicator].set_index("other")
            if len(rows):
                cells.append(_shown(rows["a"].iloc[0] / headline.per_shown))
                for label in labels:
                    a, b = (float(rows.loc[label, column]) for column in ("a", "b"))
                    cells += [_shown(b / headline.per_shown), change_words(a, b)]
        names = [comparison.names.get(place, place) for place in (source, target)]
        out.append({"from": names[0], "to": names[1], "cells": cells})
    return out


def _places(comparison: Comparison, species: str, side: Side) -> dict[str, Any]:
    """What is given back for each place alone."""
    table = comparison.places[(comparison.places["species"] == species) & (comparison.places["other"] == side.label)]
    rows = [
        {
            "role": row.role, "place": comparison.names.get(row.place, row.place),
            "shares": [percent_words(v).removeprefix("+") for v in (row.conductance_share, row.least_cost_share)],
            "best": [row.best_a, row.best_b],
        }
        for row in table.itertuples()
    ]  # fmt: skip
    return {"title": side.title, "rows": rows}


def _shown(value: Any) -> str:
    return figure_words(float(value))


def _ranks(comparison: Comparison, species: str, other: str, title: str) -> dict[str, Any]:
    agreement = comparison.agreement
    row = agreement[(agreement["species"] == species) & (agreement["other"] == other)].iloc[0]
    table = comparison.ranks[(comparison.ranks["species"] == species) & (comparison.ranks["other"] == other)]
    best = table[(table[["rank_a", "rank_b"]].min(axis=1) <= CHANGES_SHOWN) & (table["status"] == "compared")]
    rows = [
        {
            "candidate": r.candidate, "a": figure_words(float(r.rank_a)), "b": figure_words(float(r.rank_b)),
            "change": "same" if not r.change else f"{'up' if r.change > 0 else 'down'} {figure_words(abs(float(r.change)))}",
            "scores": f"{r.score_a:.3f} \u2192 {r.score_b:.3f}",
        }
        for r in best.itertuples()
    ] if math.isfinite(row["tau_b"]) else []  # fmt: skip
    gains = comparison.gains[(comparison.gains["species"] == species) & (comparison.gains["other"] == other)].iloc[0]
    return {
        "title": title, "tau": figure_words(float(row["tau_b"]), 3), "common": int(row["common"]), "status": row["status"],
        "top": f"{row['top10_common']} of {row['top10']}", "rows": rows,
        "conductance": percent_words(gains["conductance_share"]).removeprefix("+"),
        "least_cost": percent_words(gains["least_cost_share"]).removeprefix("+"), "cost": figure_words(float(gains["extra_cost"])),
        "gain_status": gains["status"],
    }  # fmt: skip
