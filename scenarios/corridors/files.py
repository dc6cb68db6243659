"""All files of the corridors of one scenario and species."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from shapely.geometry import LineString, Point

from rasters.files.writing import write_cog
from scenarios.corridors.map import write_corridor_map
from scenarios.corridors.results import SpeciesCorridors
from scenarios.corridors.tables import crossing_table, route_table, write_corridor_tables
from scenarios.outputs.folder import made_folder
from scenarios.outputs.gis.geopackage import corridor_layer, place_layer
from scenarios.outputs.tables import write_vectors
from scenarios.outputs.translate import ENGLISH, Language
from scenarios.outputs.words import WORKING_NOTE, modelled_status, schematic_note

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["corridor_layers", "write_species_corridors"]


def write_species_corridors(
    found: SpeciesCorridors,
    folder: str | Path,
    *,
    borders: gpd.GeoDataFrame | None = None,
    credits: Sequence[str] = (),
    say: Language = ENGLISH,
) -> list[Path]:
    """Write ``corridors.gpkg``, tables, three rasters and ``corridors.png``.

    Parameters
    ----------
    found : SpeciesCorridors
    folder : path
        Made if it is not there; its files are replaced.
    borders : GeoDataFrame, optional
        Lines drawn on the map, in any CRS.
    credits : sequence of str
        Attribution that the data ask for, printed on the map.
    say : Language
        Of the map.
    """
    folder = made_folder(folder)
    metadata = _metadata(found)
    return [
        write_vectors(folder / "corridors.gpkg", corridor_layers(found), of="corridors", metadata=metadata),
        *write_corridor_tables(found, folder),
        _raster(
            found,
            folder,
            "corridor_excess",
            found.corridor,
            "Extra cost of the best route through a cell",
            "effective m",
        ),
        _raster(found, folder, "band_current", found.band_current, "Largest current of any route's band, at 1 A", "A"),
        _raster(
            found,
            folder,
            "barrier_score",
            found.barrier_score,
            "Drop in least cost per metre restored",
            "effective m/m",
        ),
        write_corridor_map(found, folder / "corridors.png", borders=borders, credits=credits, say=say),
    ]


def _metadata(found: SpeciesCorridors) -> dict[str, str]:
    run = found.ground
    return {
        "study": run.study,
        "scenario": run.scenario,
        "species": run.species,
        "audience": WORKING_NOTE,
        "geometry": schematic_note(run) or "surveyed",
        "assumptions": " ".join(run.assumptions),
    }


def _raster(
    found: SpeciesCorridors, folder: Path, stem: str, values: NDArray[np.float64], title: str, unit: str
) -> Path:
    return write_cog(
        folder / f"{stem}.tif",
        values,
        found.ground.grid,
        nodata=found.ground.surface.nodata,
        description=f"{title} [{unit}]",
        unit=unit,
        tags=_metadata(found),
    )


def corridor_layers(found: SpeciesCorridors) -> dict[str, gpd.GeoDataFrame]:
    """Routes, crossings, weakest places, corridor polygons, places and fences, for QGIS."""
    table = route_table(found).assign(geometry_status=modelled_status(found.ground))
    lines = [LineString(np.column_stack(route.path.xy)) for route in found.routes]
    crossings = crossing_table(found)
    spots = shapely.points(crossings["x_m"].to_numpy(float), crossings["y_m"].to_numpy(float))
    return {
        "routes": _frame(found, table, lines),
        "crossings": _frame(found, crossings, spots),
        "weakest_places": _weakest_layer(found),
        "corridors": corridor_layer(found.ground, found.corridor),
        "places": place_layer(found.ground),
        "fences": _fence_layer(found),
    }


def _frame(found: SpeciesCorridors, table: pd.DataFrame, geometry: Any) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(table, geometry=list(geometry), crs=found.ground.grid.pyproj_crs)


def _weakest_layer(found: SpeciesCorridors) -> gpd.GeoDataFrame:
    weak = [(route, route.weakest) for route in found.routes if route.weakest is not None]
    table = pd.DataFrame(
        {
            "rank": [route.rank for route, _ in weak],
            "route": [route.id for route, _ in weak],
            "weakest_km": [place.path_m / 1000.0 for _, place in weak],
            "weakest_share": [place.share for _, place in weak],
            "geometry_status": modelled_status(found.ground),
        }
    )
    return _frame(found, table, (Point(place.x, place.y) for _, place in weak))


def _fence_layer(found: SpeciesCorridors) -> gpd.GeoDataFrame:
    """Each active fence with how many of the listed corridors cross it."""
    fences = found.ground.cuts.fences
    crossed = [c.fence for route in found.shortlist for c in route.crossings]
    table = pd.DataFrame(
        {
            "fence": [f.id for f in fences],
            "name": [f.name for f in fences],
            "fence_line": [f.fence_line for f in fences],
            "listed_crossings": [crossed.count(f.id) for f in fences],
            "geometry_status": [f.geometry_status for f in fences],
        }
    )
    return _frame(found, table, (f.line for f in fences))
