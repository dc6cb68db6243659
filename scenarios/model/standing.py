"""Passages that stand in a scenario, as every map, table and file lists them."""

from __future__ import annotations

import calendar
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import pandas as pd

from scenarios.land.openings import Standing
from scenarios.land.prepared import Prepared

__all__ = ["STANDING_COLUMNS", "standing_rows", "standing_table"]

STANDING_COLUMNS = (
    "number",
    "opening",
    "name",
    "state",
    "fence",
    "fence_line",
    "along_m",
    "x",
    "y",
    "lon",
    "lat",
    "asked_lon_deg",
    "asked_lat_deg",
    "moved_m",
    "design",
    "width_m",
    "months",
    "opened_year",
    "use_factor",
    "cost",
    "geometry_status",
)
REALS: dict[str, type] = {"number": int} | dict.fromkeys(
    ("along_m", "x", "y", "lon", "lat", "asked_lon_deg", "asked_lat_deg", "moved_m", "width_m", "use_factor", "cost"),
    float,
)
REMOVED = "fence removed"


def standing_table(prepared: Prepared) -> pd.DataFrame:
    """One row per opening that stands, in the order of the study; empty where none does.

    Returns
    -------
    DataFrame
        `STANDING_COLUMNS`: its own ``number`` from 1, its id, ``name`` (empty: none was given), ``state`` (existing, planned, or
        fence removed), its place on the fence line [m], in map units and in degrees, the position that the study asks for
        [degrees] and how far that is from the fence [m] (NaN where the study gives none), ``months`` in words, the year it
        was ``opened`` (empty: not stated), the species' use factor [1], cost [cost units].
    """
    rows = [_row(prepared, number, one) for number, one in enumerate(prepared.standing, start=1)]
    return standing_rows(rows)


def standing_rows(rows: Iterable[Mapping[str, object]] = ()) -> pd.DataFrame:
    """Rows of `STANDING_COLUMNS` with the columns' types, also without any row."""
    table = pd.DataFrame(list(rows), columns=list(STANDING_COLUMNS))
    return table.astype({name: REALS.get(name, object) for name in STANDING_COLUMNS})


def _row(prepared: Prepared, number: int, one: Standing) -> dict[str, object]:
    opening, rule, study, cuts = one.edges.opening, one.rule, prepared.resolved.study, prepared.inputs.cuts
    fence = next(fence for fence in cuts.fences if fence.id == opening.fence)
    place = fence.point_at(opening.along_m)
    lon, lat = cuts.grid.lonlat(place.x, place.y)
    asked = (np.nan, np.nan, np.nan)
    if rule is not None and rule.lon is not None and rule.lat is not None:
        x, y = cuts.grid.map_xy(rule.lon, rule.lat)
        asked = (rule.lon, rule.lat, float(np.hypot(x - place.x, y - place.y)))
    design = study.designs.get(opening.design)
    months = [] if rule is None or design is None else rule.months or design.months
    return {
        "number": number,
        "opening": opening.id,
        "name": "" if rule is None else rule.name,
        "state": REMOVED if rule is None else rule.state,
        "fence": fence.id,
        "fence_line": fence.fence_line,
        "along_m": opening.along_m,
        "x": place.x,
        "y": place.y,
        "lon": float(lon),
        "lat": float(lat),
        "asked_lon_deg": asked[0],
        "asked_lat_deg": asked[1],
        "moved_m": asked[2],
        "design": opening.design,
        "width_m": opening.width_m,
        "months": months_in_words(months),
        "opened_year": "" if rule is None or rule.opened is None else str(rule.opened),
        "use_factor": opening.use_factor,
        "cost": study.actions[opening.id].cost if design is None else design.cost,
        "geometry_status": fence.geometry_status,
    }


def months_in_words(months: Sequence[int]) -> str:
    """``all year``, or the months by name: ``Mar, Apr``."""
    return ", ".join(calendar.month_abbr[month] for month in sorted(months)) or "all year"
