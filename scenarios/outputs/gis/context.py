"""``context/``: relief and borders, once for all runs of a folder, so that maps can be drawn from stored results."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from rasters.files.writing import write_cog, write_geopackage
from rasters.surface import Layer
from scenarios.model.ground import elevation_of
from scenarios.model.results import SpeciesRun

if TYPE_CHECKING:
    import geopandas as gpd

__all__ = ["BORDERS", "elevation_file", "write_context"]

BORDERS = Path("context") / "borders.gpkg"


def elevation_file(folder: Path, scenario: str) -> tuple[Path, Path]:
    """Where the relief of a scenario lies: its own file where it has one, else that of all."""
    return folder / "context" / f"elevation-{scenario}.tif", folder / "context" / "elevation.tif"


def write_context(
    folder: Path,
    run: SpeciesRun,
    *,
    first: SpeciesRun | None,
    borders: gpd.GeoDataFrame | None,
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
    credits : sequence of str
        Attribution that the data ask for.
    """
    tags = {"credits": " | ".join(credits)}
    (folder / BORDERS).parent.mkdir(exist_ok=True)
    if first is None and borders is not None:
        write_geopackage(folder / BORDERS, {"borders": borders}, metadata=tags)
    relief, shared = elevation_of(run), None if first is None else elevation_of(first)
    if relief is None or (shared is not None and _same(relief, shared)):
        return
    own, common = elevation_file(folder, run.scenario)
    write_cog(
        common if first is None else own, relief.values, relief.grid, nodata=relief.nodata,
        description=f"Elevation [{relief.unit}]", unit=relief.unit, tags=tags,
    )  # fmt: skip


def _same(one: Layer, other: Layer) -> bool:
    return one.grid == other.grid and np.array_equal(one.values, other.values, equal_nan=True)
