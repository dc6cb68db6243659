"""``results.gpkg``: paths, corridors, fences with their gain profile, ranked passages and places."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from shapely.geometry import LineString, MultiPolygon, Polygon, shape

from rasters.fences import Fence
from rasters.grid import Grid
from scenarios.model.ground import Ground
from scenarios.model.results import SpeciesRun
from scenarios.outputs.gis.qgis_styles import qml, vector_style
from scenarios.outputs.sk42 import operation_of
from scenarios.outputs.tables import passage_table, profile_table, standing_passages, write_vectors
from scenarios.outputs.translate import ENGLISH, Language
from scenarios.outputs.words import modelled_status, note_of, schematic_note

__all__ = [
    "CORRIDOR_SHARES",
    "corridor_layer",
    "fence_layer",
    "layers_of",
    "line_layer",
    "metadata_of",
    "passage_layer",
    "path_layer",
    "place_layer",
    "standing_layer",
    "write_layers",
    "write_run",
]

NOT_SCREENED = ["fence", "start_m", "end_m", "status", "geometry_status"]
"""Columns of fences along which nothing was solved."""
CORRIDOR_SHARES = (0.01, 0.05)
"""The corridor polygons: the best 1 % and 5 % of the cells that any route passes."""


def write_layers(run: SpeciesRun, folder: Path, say: Language = ENGLISH) -> Path:
    """Write ``results.gpkg``."""
    return write_run(run, folder / "results.gpkg", say)


def write_run(run: SpeciesRun, path: Path, say: Language = ENGLISH) -> Path:
    """Write all layers of a run, with their QGIS styles, whose legends and labels are in a language."""
    layers = layers_of(run)
    styles = {name: qml(vector_style(name, frame, say)) for name, frame in layers.items()}
    return write_vectors(path, layers, styles=styles, metadata=metadata_of(run))


def layers_of(run: SpeciesRun) -> dict[str, gpd.GeoDataFrame]:
    """Every vector layer of a run, by name, in the study's CRS."""
    return {
        "least_cost_paths": path_layer(run),
        "corridors": corridor_layer(run, run.corridor),
        "fences": fence_layer(run, profile_table(run)),
        "fence_lines": line_layer(run),
        "passages": passage_layer(run),
        "standing_passages": standing_layer(run),
        "places": place_layer(run),
    }


def metadata_of(run: Ground) -> dict[str, str]:
    """What stands with every layer: whose it is, for whom, what is assumed."""
    return {
        "study": run.study,
        "scenario": run.scenario,
        "species": run.species,
        "audience": note_of(run),
        "geometry": schematic_note(run) or "surveyed",
        "assumptions": " ".join(run.assumptions),
        "crs_operation": operation_of(run).note,
    }


def _frame(run: Ground, table: pd.DataFrame, geometry: Any) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(table, geometry=list(geometry), crs=run.grid.pyproj_crs)


def path_layer(run: SpeciesRun) -> gpd.GeoDataFrame:
    """Least-cost paths that exist; what is unreachable stands in ``pairs.csv``."""
    paths = [path for path in run.paths if path.x.size > 1]
    columns = ("source", "target", "status", "cost_m", "length_m", "fence_crossings")
    table = pd.DataFrame({column: [getattr(path, column) for path in paths] for column in columns})
    table["geometry_status"] = modelled_status(run)
    return _frame(run, table, (LineString(np.column_stack([path.x, path.y])) for path in paths))


def corridor_layer(
    run: Ground, corridor: NDArray[np.float64], shares: tuple[float, ...] = CORRIDOR_SHARES
) -> gpd.GeoDataFrame:
    """Polygons of the cells with the least extra cost: the best ``shares`` of those that any route passes."""
    finite = np.isfinite(corridor)
    rows, shapes = [], []
    for share in shares if finite.any() else ():
        limit = float(np.quantile(corridor[finite], share))
        inside = finite & (corridor <= limit)
        area = int(inside.sum()) * run.grid.cell_area_km2
        rows.append({"share": share, "extra_cost_max_m": limit, "area_km2": area})
        shapes.append(_outline(inside, run.grid))
    table = pd.DataFrame(rows, columns=["share", "extra_cost_max_m", "area_km2"])
    table["geometry_status"] = modelled_status(run)
    return _frame(run, table, shapes)


def _outline(inside: NDArray[np.bool_], grid: Grid) -> MultiPolygon:
    """Outline of cells, its stair steps smoothed by less than a cell."""
    from rasterio.features import shapes

    found = shapes(inside.astype(np.uint8), mask=inside, connectivity=4, transform=grid.transform)
    smooth = shapely.simplify([shape(geometry) for geometry, _ in found], 0.75 * grid.cell_width_m)
    merged = shapely.union_all(smooth)
    return MultiPolygon([part for part in shapely.get_parts(merged) if isinstance(part, Polygon)])


def fence_layer(run: Ground, profile: pd.DataFrame | None = None) -> gpd.GeoDataFrame:
    """Stretches of fence with their gain; a fence without a profile as one stretch with status ``not screened``."""
    table = pd.DataFrame(columns=NOT_SCREENED) if profile is None else profile
    missing = [fence for fence in run.cuts.fences if fence.id not in set(table["fence"])]
    whole = [
        {
            "fence": f.id,
            "start_m": f.start_m,
            "end_m": f.end_m,
            "status": "not screened",
            "geometry_status": f.geometry_status,
        }
        for f in missing
    ]
    table = pd.concat([table, pd.DataFrame(whole)], ignore_index=True) if whole else table
    by_id = {fence.id: fence for fence in run.cuts.fences}
    table.insert(1, "name", [by_id[fence].name for fence in table["fence"]])
    table.insert(2, "fence_line", [by_id[fence].fence_line for fence in table["fence"]])
    return _frame(run, table, _stretches(table, by_id))


def line_layer(run: Ground) -> gpd.GeoDataFrame:
    """Every fence, whole; ``starts_m`` says where its parts start on the fence line [m]."""
    columns = ("name", "fence_line", "country", "geometry_status")
    fences = run.cuts.fences
    table = pd.DataFrame({"fence": [f.id for f in fences]} | {c: [getattr(f, c) for f in fences] for c in columns})
    table["starts_m"] = [" ".join(f"{start:.3f}" for start in f.starts_m) for f in fences]
    return _frame(run, table, (fence.line for fence in fences))


def _stretches(table: pd.DataFrame, by_id: dict[str, Fence]) -> list[Any]:
    return [
        by_id[fence].stretch(start, end)
        for fence, start, end in zip(table["fence"], table["start_m"], table["end_m"], strict=True)
    ]


def passage_layer(run: SpeciesRun) -> gpd.GeoDataFrame:
    """Ranked candidate passages."""
    table = passage_table(run)
    return _frame(run, table, shapely.points(table["x_m"].to_numpy(float), table["y_m"].to_numpy(float)))


def standing_layer(run: Ground) -> gpd.GeoDataFrame:
    """Passages that stand."""
    table = standing_passages(run)
    return _frame(run, table, shapely.points(table["x_m"].to_numpy(float), table["y_m"].to_numpy(float)))


def place_layer(run: Ground) -> gpd.GeoDataFrame:
    """Focal places."""
    columns = ("id", "name", "role", "geometry_status")
    table = pd.DataFrame({column: [getattr(place, column) for place in run.places] for column in columns})
    for lang in sorted({lang for place in run.places for lang in place.names}):
        table[f"name_{lang}"] = [place.names.get(lang, "") for place in run.places]
    return _frame(run, table, (place.geometry for place in run.places))
