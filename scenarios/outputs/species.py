"""All files of one scenario and species."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rasters.errors import ExportError
from scenarios.model.results import SpeciesRun
from scenarios.outputs.geopackage import write_layers
from scenarios.outputs.map import write_maps
from scenarios.outputs.rasters import write_rasters
from scenarios.outputs.tables import write_tables

if TYPE_CHECKING:
    import geopandas as gpd

__all__ = ["write_species_run"]


def write_species_run(
    run: SpeciesRun, folder: str | Path, *, borders: gpd.GeoDataFrame | None = None, credits: Sequence[str] = ()
) -> list[Path]:
    """Write the rasters, layers, tables and maps of one scenario and species.

    Parameters
    ----------
    run : SpeciesRun
    folder : path
        Made if it is not there; its files are replaced.
    borders : GeoDataFrame, optional
        Lines drawn on the maps, in any CRS.
    credits : sequence of str
        Attribution that the data ask for, printed on the maps.

    Returns
    -------
    list of Path
        The files, in the order they were written.
    """
    folder = Path(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ExportError(f"{folder}: this folder cannot be made: {error}") from error
    return [
        *write_rasters(run, folder),
        write_layers(run, folder),
        *write_tables(run, folder),
        *write_maps(run, folder, borders=borders, credits=credits),
    ]
