"""Tables of `otkel corridors`: routes, where they meet fences, the network; and what each column means."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from scenarios.corridors.results import CorridorRoute, SpeciesCorridors
from scenarios.outputs.tables import lon_lat, write_csv
from scenarios.outputs.words import fence_statuses

__all__ = ["COLUMNS", "crossing_table", "meaning_of", "route_table", "write_corridor_tables"]

COLUMNS: dict[str, tuple[str, str, str]] = {
    "rank": ("Rank", "", "By cost now, then by cost with the fences open."),
    "distinct": ("No.", "", "Number on the map: the cheapest corridors that differ from each other; 0 = not among them."),
    "route": ("Route", "", "Core, target and number of the way: 1 = the cheapest of the pair."),
    "source": ("From", "", "Core where animals set out."),
    "target": ("To", "", "Place they make for."),
    "number": ("Way", "", "1 = cheapest way of the pair, 2 = the next that is really different, ..."),
    "status": ("Status", "", "reached; closed = only with the fences open; unreachable = not even then; for links why they count or not."),
    "cost_m": ("Cost now", "effective m", "Resistance times metres along the way, and what crossing the fences costs."),
    "cost_open_m": ("Cost with fences open", "effective m", "The same way without the fences."),
    "pair_cost_open_m": ("Cheapest with fences open", "effective m", "Any way between the pair without the fences."),
    "length_km": ("Length", "km", "Length over the ground."),
    "fence_crossings": ("Fences crossed", "", "How often the way crosses a fence line."),
    "crossings": ("Where", "", "Each fence and the distance along it from its start."),
    "overlap": ("Overlap", "1", "Share of its length near cheaper ways of its pair, ends left out."),
    "passes": ("Passes", "", "Places near the way besides its ends, in order."),
    "share_reserves": ("In reserves", "1", "Share of its length inside reserves."),
    "resistance_ohm": ("Effective resistance", "ohm", "Of the band around the way, or of all ways of a link; inf: closed."),
    "resistance_open_ohm": ("Resistance with fences open", "ohm", "The same without the fences."),
    "weakest_km": ("Weakest place", "km", "Where the current in the band is most confined: distance along the way."),
    "weakest_share": ("Share through it", "1", "Share of all current in the band that passes one cell there."),
    "weakest_lon_deg": ("Longitude", "degrees", "Of the weakest place, WGS 84."),
    "weakest_lat_deg": ("Latitude", "degrees", "Of the weakest place, WGS 84."),
    "crossing": ("Crossing", "", "1 = first fence line that the way meets."),
    "fence": ("Fence", "", "Fence that is crossed."),
    "fence_line": ("Fence line", "", "Line along the border that the fence belongs to."),
    "fence_km": ("Along the fence", "km", "Distance from the start of the fence line."),
    "route_km": ("Along the way", "km", "Distance from the way's start."),
    "x_m": ("Easting", "m", "In the study's coordinate reference system."),
    "y_m": ("Northing", "m", "In the study's coordinate reference system."),
    "lon_deg": ("Longitude", "degrees", "WGS 84."),
    "lat_deg": ("Latitude", "degrees", "WGS 84."),
    "geometry_status": ("Geometry", "", "surveyed, or how the line was made; schematic = never surveyed."),
    "least_cost_m": ("Least cost", "effective m", "Between both, with the scenario's fences; inf: no way."),
    "least_cost_no_fence_m": ("Least cost with fences open", "effective m", "The same without any fence."),
    "effective_resistance_ohm": ("Effective resistance", "ohm", "Of all ways through the whole landscape; inf: no way."),
    "effective_resistance_no_fence_ohm": ("Resistance with fences open", "ohm", "The same without any fence."),
    "routes": ("Ways", "", "Really different ways found."),
    "a": ("From", "", "One end of the link."),
    "b": ("To", "", "Other end of the link."),
    "found_by": ("Neighbours by", "", "cost: their zones by accumulated cost meet; euclidean: by straight distance."),
    "via": ("Through", "", "Other cores that the least-cost path runs through."),
    "path_m": ("Path length", "m", "Length of the least-cost path."),
    "straight_m": ("Straight distance", "m", "Between the nearest cells of both."),
    "cost_per_straight": ("Cost per straight metre", "1", "How hard the country between them is, detours included."),
    "cost_per_path": ("Cost per metre of path", "1", "Mean resistance met on the way."),
    "centrality_a": ("Centrality", "A", "Current carried for all pairs of cores, 1 A each."),
    "dpc_percent": ("dPC", "%", "By how much the probability of connectivity falls without it."),
    "dpc_intra": ("dPC intra", "%", "Part of dPC: its own area."),
    "dpc_flux": ("dPC flux", "%", "Part of dPC: ways that start or end there."),
    "dpc_connector": ("dPC connector", "%", "Part of dPC: ways of others that run through it."),
    "core": ("Core", "", "Core or target."),
    "area_km2": ("Area", "km\u00b2", "Its passable cells."),
    "links": ("Links", "", "Links that count."),
}  # fmt: skip
"""Column -> label, unit, meaning. ``share_XX`` is the share of a way's length in country XX."""


def route_table(found: SpeciesCorridors) -> pd.DataFrame:
    """One row per route, by rank."""
    rows = [_route_row(route) for route in found.routes]
    table = pd.DataFrame(rows, columns=None if rows else ["rank", "distinct", "route", "status"])
    if rows:
        x, y = table.pop("weakest_x").to_numpy(float), table.pop("weakest_y").to_numpy(float)
        table["weakest_lon_deg"], table["weakest_lat_deg"] = _lon_lat(found, x, y)
    return table


def _route_row(route: CorridorRoute) -> dict[str, object]:
    weak = route.weakest
    return {
        "rank": route.rank, "distinct": route.distinct, "route": route.id, "source": route.source, "target": route.target,
        "number": route.number, "status": route.status, "cost_m": route.cost_m, "cost_open_m": route.cost_open_m,
        "pair_cost_open_m": route.pair_cost_open_m, "length_km": route.length_m / 1000.0,
        "fence_crossings": len(route.crossings),
        "crossings": "; ".join(f"{c.fence} km {c.along_m / 1000:.1f}" for c in route.crossings),
        "overlap": route.overlap, "passes": "; ".join(route.passes), "share_reserves": route.share_reserves,
        **{f"share_{name}": share for name, share in route.share_countries.items()},
        "resistance_ohm": route.resistance_ohm, "resistance_open_ohm": route.resistance_open_ohm,
        "weakest_km": np.nan if weak is None else weak.path_m / 1000.0,
        "weakest_share": np.nan if weak is None else weak.share,
        "weakest_x": np.nan if weak is None else weak.x, "weakest_y": np.nan if weak is None else weak.y,
    }  # fmt: skip


def crossing_table(found: SpeciesCorridors) -> pd.DataFrame:
    """One row per place where a route meets a fence."""
    statuses = fence_statuses(found.ground)
    columns = ("rank", "route", "crossing", "fence", "fence_line", "fence_km", "route_km", "x_m", "y_m")
    rows = [
        (route.rank, route.id, i, c.fence, c.fence_line, c.along_m / 1000.0, c.path_m / 1000.0, c.x, c.y)
        for route in found.routes
        for i, c in enumerate(route.crossings, start=1)
    ]
    table = pd.DataFrame(rows, columns=list(columns))
    table["lon_deg"], table["lat_deg"] = _lon_lat(found, table["x_m"].to_numpy(float), table["y_m"].to_numpy(float))
    table["geometry_status"] = [statuses.get(fence, "unknown") for fence in table["fence"]]
    return table


def _lon_lat(found: SpeciesCorridors, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Longitude and latitude; NaN where there is no position."""
    known = np.isfinite(x)
    lon, lat = np.full(x.shape, np.nan), np.full(x.shape, np.nan)
    if known.any():
        lon[known], lat[known] = lon_lat(found.ground.grid, x[known], y[known])
    return lon, lat


def write_corridor_tables(found: SpeciesCorridors, folder: Path) -> list[Path]:
    """Write ``routes.csv``, ``crossings.csv``, ``pairs.csv``, ``links.csv``, ``cores.csv`` and ``columns.csv``."""
    tables = {
        "routes.csv": route_table(found), "crossings.csv": crossing_table(found), "pairs.csv": found.pairs,
        "links.csv": found.links, "cores.csv": found.cores,
    }  # fmt: skip
    tables["columns.csv"] = _dictionary(tables)
    return [write_csv(folder / name, table) for name, table in tables.items()]


def _dictionary(tables: dict[str, pd.DataFrame]) -> pd.DataFrame:
    rows = [(file, column, *meaning_of(str(column))) for file, table in tables.items() for column in table.columns]
    return pd.DataFrame(rows, columns=["file", "column", "unit", "meaning"])


def meaning_of(column: str) -> tuple[str, str]:
    """Unit and meaning of a column."""
    if column in COLUMNS:
        return COLUMNS[column][1:]
    return (
        ("1", f"Share of its length in {column.removeprefix('share_')}.") if column.startswith("share_") else ("", "")
    )
