"""Lines, outlines and points of runs in longitude and latitude, short enough to stand in a page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from rasters.grid import Grid
from scenarios.model.results import SpeciesRun
from scenarios.outputs.tables import profile_table

if TYPE_CHECKING:
    import geopandas as gpd

__all__ = ["border_lines", "fences_of", "gains_of", "paths_of", "places_of", "stretches_of"]

DECIMALS = 5
"""Of a degree: about a metre."""


def _degrees(geometries: Sequence[Any], grid: Grid) -> list[list[list[list[float]]]]:
    """Coordinates of each part (or ring) of each geometry in the grid's CRS; pieces that are no lines are left out."""

    def geographic(xy: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.round(np.column_stack(grid.lonlat(*xy.T)), DECIMALS)

    found = shapely.transform(np.asarray([*geometries, None], dtype=object), geographic)[:-1]
    return [
        [shapely.get_coordinates(line).tolist() for part in shapely.get_parts(g) for line in _lines(part)]
        for g in found
    ]


def _lines(part: Any) -> list[Any]:
    if part.geom_type == "Polygon":
        return [part.exterior, *part.interiors]
    return [part] if part.geom_type in ("LineString", "LinearRing") else []


def fences_of(run: SpeciesRun) -> list[dict[str, Any]]:
    """Fences of a scenario, whole."""
    fences = run.cuts.fences
    parts = _degrees([shapely.simplify(f.line, 0.1 * run.grid.cell_width_m) for f in fences], run.grid)
    return [{"id": f.id, "name": f.name, "parts": lines} for f, lines in zip(fences, parts, strict=True)]


def stretches_of(run: SpeciesRun) -> list[dict[str, Any]]:
    """Stretches of fence, in the order of `gains_of`; the same for every species of a scenario."""
    by_id = {fence.id: fence for fence in run.cuts.fences}
    keys = zip(run.profile["fence"], run.profile["start_m"], run.profile["end_m"], strict=True)
    shapes = [
        shapely.simplify(by_id[fence].stretch(start, end), 0.1 * run.grid.cell_width_m) for fence, start, end in keys
    ]
    return [{"parts": parts} for parts in _degrees(shapes, run.grid)]


def gains_of(run: SpeciesRun) -> list[float | None]:
    """Marginal gain of each stretch [ohm^2/km]."""
    return [
        None if not np.isfinite(v) else float(f"{v:.4g}") for v in profile_table(run)["gain_ohm2_per_km"].astype(float)
    ]


def paths_of(run: SpeciesRun) -> list[dict[str, Any]]:
    """Least-cost paths that exist."""
    paths = [path for path in run.paths if path.x.size > 1]
    lines = [shapely.simplify(shapely.linestrings(p.x, p.y), 0.3 * run.grid.cell_width_m) for p in paths]
    return [{"parts": parts} for parts in _degrees(lines, run.grid)]


def places_of(runs: Sequence[SpeciesRun]) -> list[dict[str, Any]]:
    """Focal places of all runs, each once, with its role for every species."""
    out: dict[str, dict[str, Any]] = {}
    for run in runs:
        for place in run.places:
            entry = out.setdefault(
                place.id,
                {
                    "id": place.id,
                    "name": place.name,
                    "roles": {},
                    "rings": _degrees([shapely.simplify(place.geometry, 0.3 * run.grid.cell_width_m)], run.grid)[0],
                },
            )
            entry["roles"][run.species] = place.role
    return list(out.values())


def border_lines(borders: gpd.GeoDataFrame | None, grid: Grid) -> list[list[list[float]]]:
    """State borders within the grid."""
    if borders is None or borders.empty:
        return []
    lines = shapely.union_all(borders.to_crs(grid.pyproj_crs).geometry.to_numpy())
    within = shapely.intersection(lines, shapely.box(*grid.bounds))
    return _degrees([shapely.simplify(within, 0.3 * grid.cell_width_m)], grid)[0]


def finite(value: Any) -> float | None:
    """A number for JSON; None where there is no route."""
    return float(value) if pd.notna(value) and np.isfinite(value) else None
