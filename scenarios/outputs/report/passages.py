"""Passages of a scenario as the page lists them: those that can be tried or are proposed, and those that stand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from scenarios.model.naming import passage_names
from scenarios.model.results import shortlist
from scenarios.outputs.release import Release
from scenarios.outputs.report.vectors import finite
from scenarios.outputs.translate import language
from scenarios.study.base import LANGUAGES

__all__ = ["passages_of", "standing_of"]


def passages_of(
    runs: Sequence[Release], combined: pd.DataFrame | None, months: Mapping[str, list[int]]
) -> list[dict[str, Any]]:
    """Those that can be tried first, in the order of the models, then the others of the shortlists."""
    tables = [table for table in (combined, *(run.ranking for run in runs)) if table is not None and len(table)]
    if not tables:
        return []
    ids = list(runs[0].model.candidates) if runs[0].model is not None else []
    ids += [str(name) for table in tables for name in shortlist(table)["candidate"]]
    every = pd.concat(tables).drop_duplicates("candidate").set_index("candidate", drop=False)
    table = every.loc[list(dict.fromkeys(ids))]
    places = {} if combined is None else combined.set_index("candidate")[["rank", "score"]].to_dict("index")
    rows = zip(table.to_dict("records"), _names(runs[0], table), strict=True)
    return [
        _passage(row, places.get(row["candidate"]), months.get(row["candidate"], [])) | {"names": names}
        for row, names in rows
    ]


def _passage(row: Mapping[str, Any], place: Mapping[str, Any] | None, months: list[int]) -> dict[str, Any]:
    return {
        "id": row["candidate"],
        "number": int(row["number"]) or None,
        "fence": row["fence"],
        "line": row["fence_line"],
        "km": round(float(row["along_m"]) / 1000, 3),
        "lon": round(float(row["lon"]), 6),
        "lat": round(float(row["lat"]), 6),
        "width_m": float(row["width_m"]),
        "design": row["design"],
        "cost": float(row["cost"]),
        "months": months,
        "rank": None if place is None else int(place["rank"]),
        "score": None if place is None else finite(place["score"]),
    }


def standing_of(run: Release) -> list[dict[str, Any]]:
    """Passages that stand, in their order; the same for every species of a scenario."""
    rows = zip(run.standing.to_dict("records"), _names(run, run.standing), strict=True)
    return [
        {
            "id": f"S{row['number']}",
            "names": names,
            "state": row["state"],
            "design": row["design"],
            "width_m": float(row["width_m"]),
            "months": row["months"],
            "lon": round(float(row["lon"]), 6),
            "lat": round(float(row["lat"]), 6),
        }
        for row, names in rows
    ]


def _names(run: Release, table: pd.DataFrame) -> list[dict[str, str]]:
    """The one name of each row, in every language."""
    spoken = [passage_names(run.cuts.fences, table, language(lang, [run])) for lang in LANGUAGES]
    return [dict(zip(LANGUAGES, names, strict=True)) for names in zip(*spoken, strict=True)]
