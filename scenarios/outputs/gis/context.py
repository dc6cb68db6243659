"""``context/``: relief and borders, once for all runs of a folder, so that maps can be drawn from stored results."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import shapely

from rasters.files.writing import write_cog, write_geopackage
from rasters.grid import Grid
from rasters.surface import Layer
from scenarios.land.inputs import context_layer
from scenarios.model.ground import elevation_of
from scenarios.model.results import SpeciesRun
from scenarios.study.land import ContextName
from scenarios.study.load import ResolvedStudy

if TYPE_CHECKING:
    import geopandas as gpd

__all__ = ["SURROUNDINGS", "context_file", "elevation_file", "surroundings_of", "write_context"]

SURROUNDINGS: tuple[ContextName, ...] = ("water", "roads", "settlements")
"""Context layers that sheets and QGIS show, the lowest first."""


def context_file(name: ContextName) -> Path:
    """Where a layer of what lies around is, within the results."""
    return Path("context") / f"{name}.gpkg"


def surroundings_of(resolved: ResolvedStudy, grid: Grid) -> dict[ContextName, gpd.GeoDataFrame]:
    """The study's waters, roads and settlements that lie on its grid, cut to it; only those that it has."""
    layers = {name: context_layer(resolved, name, grid) for name in SURROUNDINGS}
    cut = {name: _cut(layer, grid) for name, layer in layers.items() if layer is not None}
    return {name: layer for name, layer in cut.items() if len(layer)}


def _cut(layer: gpd.GeoDataFrame, grid: Grid) -> gpd.GeoDataFrame:
    """Features on the grid, with their names."""
    within = layer.set_geometry(shapely.clip_by_rect(layer.geometry.to_numpy(), *grid.bounds))
    names = [column for column in within if str(column) == "name" or str(column).startswith("name_")]
    return within[~within.geometry.is_empty][[*names, within.geometry.name]].reset_index(drop=True)


def elevation_file(folder: Path, scenario: str) -> tuple[Path, Path]:
    """Where the relief of a scenario lies: its own file where it has one, else that of all."""
    return folder / "context" / f"elevation-{scenario}.tif", folder / "context" / "elevation.tif"


def write_context(
    folder: Path,
    run: SpeciesRun,
    *,
    first: SpeciesRun | None,
    borders: gpd.GeoDataFrame | None,
    around: Mapping[ContextName, gpd.GeoDataFrame],
    credits: Sequence[str] = (),
) -> None:
    """Write what the maps of a scenario show besides its results.

    Parameters
    ----------
    folder : Path
        Root of the results.
    run : SpeciesRun
        Any one of the scenario.
    first : SpeciesRun or None
        One of the folder's first scenario, whose borders and relief are those of all that have the same relief; None for that
        scenario itself.
    borders : GeoDataFrame, optional
        Lines for orientation.
    around : mapping of str to GeoDataFrame
        As `surroundings_of` gives them.
    credits : sequence of str
        Attribution that the data ask for.
    """
    tags = {"credits": " | ".join(credits)}
    (folder / context_file("borders")).parent.mkdir(exist_ok=True)
    if first is None and borders is not None:
        write_geopackage(folder / context_file("borders"), {"borders": borders}, metadata=tags)
    for name, frame in around.items() if first is None else ():
        write_geopackage(folder / context_file(name), {name: frame}, metadata=tags)
    relief, shared = elevation_of(run), None if first is None else elevation_of(first)
    if relief is None or (shared is not None and _same(relief, shared)):
        return
    own, common = elevation_file(folder, run.scenario)
    write_cog(
        common if first is None else own,
        relief.values,
        relief.grid,
        nodata=relief.nodata,
        description=f"Elevation [{relief.unit}]",
        unit=relief.unit,
        tags=tags,
    )


def _same(one: Layer, other: Layer) -> bool:
    return one.grid == other.grid and np.array_equal(one.values, other.values, equal_nan=True)
