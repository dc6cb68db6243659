"""Tables of `otkel corridors`: routes, where they meet fences, the network; and what each column means."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from scenarios.corridors.results import CorridorRoute, SpeciesCorridors
from scenarios.outputs.tables import lon_lat, write_dictionary
from scenarios.outputs.words import fence_statuses

__all__ = ["crossing_table", "route_table", "write_corridor_tables"]


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
        "rank": route.rank,
        "distinct": route.distinct,
        "route": route.id,
        "source": route.source,
        "target": route.target,
        "number": route.number,
        "status": route.status,
        "cost_m": route.cost_m,
        "cost_open_m": route.cost_open_m,
        "pair_cost_open_m": route.pair_cost_open_m,
        "length_km": route.length_m / 1000.0,
        "fence_crossings": len(route.crossings),
        "crossings": "; ".join(f"{c.fence} km {c.along_m / 1000:.1f}" for c in route.crossings),
        "overlap": route.overlap,
        "passes": "; ".join(route.passes),
        "share_reserves": route.share_reserves,
        **{f"share_{name}": share for name, share in route.share_countries.items()},
        "resistance_ohm": route.resistance_ohm,
        "resistance_open_ohm": route.resistance_open_ohm,
        "weakest_km": np.nan if weak is None else weak.path_m / 1000.0,
        "weakest_share": np.nan if weak is None else weak.share,
        "weakest_x": np.nan if weak is None else weak.x,
        "weakest_y": np.nan if weak is None else weak.y,
    }


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
        "routes.csv": route_table(found),
        "crossings.csv": crossing_table(found),
        "pairs.csv": found.pairs,
        "links.csv": found.links,
        "cores.csv": found.cores,
    }
    return write_dictionary(folder, tables, of="corridors")
