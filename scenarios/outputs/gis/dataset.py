"""The rasters of a run as one xarray Dataset, with coordinates, units and coordinate reference system."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from scenarios.model.ground import elevation_of
from scenarios.model.results import SpeciesRun
from scenarios.outputs.gis.rasters import SURFACES
from scenarios.outputs.words import note_of, schematic_note

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["dataset_of"]


def dataset_of(run: SpeciesRun) -> xr.Dataset:
    """Every surface of a run; see `scenarios.api.results.SpeciesResult.to_xarray`."""
    import xarray as xr

    grid = run.grid
    x, _ = grid.xy(np.zeros(grid.width, int), np.arange(grid.width))
    _, y = grid.xy(np.arange(grid.height), np.zeros(grid.height, int))
    arrays = {
        "resistance": np.where(run.surface.barrier, np.inf, np.where(run.surface.nodata, np.nan, run.surface.values)),
        "cost_weighted_distance": run.cwd,
        "corridor": run.corridor,
        "current_density": run.current_density,
    }
    data = {
        surface.stem: (
            ("y", "x"),
            arrays[surface.stem],
            {
                "units": surface.unit,
                "long_name": surface.title,
                "description": surface.meaning,
                "special_values": surface.special,
                "grid_mapping": "spatial_ref",
            },
        )
        for surface in SURFACES
    }
    relief = elevation_of(run)
    if relief is not None:
        values = np.where(relief.nodata, np.nan, relief.values)
        data["elevation"] = (
            ("y", "x"),
            values,
            {"units": relief.unit, "long_name": "Elevation", "grid_mapping": "spatial_ref"},
        )
    metres = {"units": "m", "standard_name": "projection_{}_coordinate", "axis": "{}"}
    coords = {
        axis: (
            axis,
            values,
            {key: text.format(axis if key == "standard_name" else axis.upper()) for key, text in metres.items()},
        )
        for axis, values in (("x", x), ("y", y))
    }
    attrs = {
        "study": run.study,
        "scenario": run.scenario,
        "species": run.species,
        "audience": note_of(run),
        "geometry": schematic_note(run) or "surveyed",
        "assumptions": " ".join(run.assumptions),
    }
    dataset = xr.Dataset(data, coords={**coords, "spatial_ref": ((), 0, _crs_attributes(run))}, attrs=attrs)
    for name in data:
        dataset[name].encoding["_FillValue"] = np.nan
    return dataset


def _crs_attributes(run: SpeciesRun) -> dict[str, Any]:
    """The CRS as CF conventions and as GDAL name it, and the transform in GDAL's order."""
    grid, crs = run.grid, run.grid.pyproj_crs
    wkt = crs.to_wkt()
    return {
        **crs.to_cf(),
        "crs_wkt": wkt,
        "spatial_ref": wkt,
        "GeoTransform": " ".join(f"{v:.17g}" for v in grid.transform.to_gdal()),
    }
