"""Lines, outlines and points of runs in longitude and latitude, short enough to stand in a page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import shapely

from rasters.grid import Grid
from scenarios.outputs.tables import profile_table
from scenarios.results import SpeciesRun

if TYPE_CHECKING:
    import geopandas as gpd

__all__ = ["border_lines", "fences_of", "gains_of", "paths_of", "places_of", "stretches_of"]

DECIMALS = 5
"""Of a degree: about a metre."""


def _degrees(geometry: Any, grid: Grid) -> list[list[list[float]]]:
    """Coordinates of each part (or ring) of a geometry in the grid's CRS."""
    transformer = grid.transformer("EPSG:4326")
    out = []
    for part in shapely.get_parts(np.atleast_1d(np.asarray(geometry, dtype=object))):
        for line in [part.exterior, *part.interiors] if part.geom_type == "Polygon" else [part]:
            x, y = shapely.get_coordinates(line).T
            lon, lat = transformer.transform(x, y, direction="INVERSE")
            out.append(np.round(np.column_stack([lon, lat]), DECIMALS).tolist())
    return out


def fences_of(run: SpeciesRun) -> list[dict[str, Any]]:
    """Fences of a scenario, whole."""
    return [
        {
            "id": f.id, "name": f.name, "line": f.fence_line, "status": f.geometry_status,
            "parts": _degrees(shapely.simplify(f.line, 0.1 * run.grid.cell_width_m), run.grid),
        }
        for f in run.cuts.fences
    ]  # fmt: skip


def stretches_of(run: SpeciesRun) -> list[dict[str, Any]]:
    """Stretches of fence, in the order of `gains_of`; the same for every species of a scenario."""
    by_id = {fence.id: fence for fence in run.cuts.fences}
    keys = zip(run.profile["fence"], run.profile["start_m"], run.profile["end_m"], strict=True)
    return [
        {
            "fence": fence, "from_km": round(start / 1000, 3), "to_km": round(end / 1000, 3),
            "parts": _degrees(shapely.simplify(by_id[fence].stretch(start, end), 0.1 * run.grid.cell_width_m), run.grid),
        }
        for fence, start, end in keys
    ]  # fmt: skip


def gains_of(run: SpeciesRun) -> list[float | None]:
    """Marginal gain of each stretch [ohm^2/km]."""
    return [
        None if not np.isfinite(v) else float(f"{v:.4g}") for v in profile_table(run)["gain_ohm2_per_km"].astype(float)
    ]


def paths_of(run: SpeciesRun) -> list[dict[str, Any]]:
    """Least-cost paths that exist."""
    tolerance = 0.3 * run.grid.cell_width_m
    return [
        {
            "source": p.source, "target": p.target,
            "parts": _degrees(shapely.simplify(shapely.linestrings(p.x, p.y), tolerance), run.grid),
        }
        for p in run.paths
        if p.x.size > 1
    ]  # fmt: skip


def places_of(runs: Sequence[SpeciesRun], languages: Sequence[str]) -> list[dict[str, Any]]:
    """Focal places of all runs, each once, with its role for every species."""
    out: dict[str, dict[str, Any]] = {}
    for run in runs:
        for place in run.places:
            entry = out.setdefault(
                place.id,
                {
                    "id": place.id, "names": {lang: place.name_in(lang) for lang in languages},
                    "status": place.geometry_status, "roles": {},
                    "rings": _degrees(shapely.simplify(place.geometry, 0.3 * run.grid.cell_width_m), run.grid),
                },
            )  # fmt: skip
            entry["roles"][run.species] = place.role
    return list(out.values())


def border_lines(borders: gpd.GeoDataFrame | None, grid: Grid) -> list[list[list[float]]]:
    """State borders within the grid."""
    if borders is None or borders.empty:
        return []
    lines = shapely.union_all(borders.to_crs(grid.pyproj_crs).geometry.to_numpy())
    within = shapely.intersection(lines, shapely.box(*grid.bounds))
    return _degrees(shapely.simplify(within, 0.3 * grid.cell_width_m), grid)


def finite(value: Any) -> float | None:
    """A number for JSON; None where there is no way."""
    return float(value) if pd.notna(value) and np.isfinite(value) else None
