"""Features of a vector file within a region, in its grid's system; across 180 degrees in two goes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from rasters.errors import DataError
from rasters.files.formats import first_bytes, require_plain_vectors
from scenarios.region.source import BOUNDS, Place

if TYPE_CHECKING:
    import geopandas as gpd

__all__ = ["read_within", "require_known"]

TABLE_OF_TABLES = "a00000001.gdbtable"
"""In the folder of every geodatabase."""


def require_known(path: Path) -> None:
    """DataError for a format that may lead elsewhere: known are those of `rasters.files.formats`, OpenStreetMap's, and geodatabases."""
    if path.is_dir():
        if not (path / TABLE_OF_TABLES).is_file():
            raise DataError(f"{path}: is a folder, but no geodatabase; give the file within")
    elif b"OSMHeader" not in first_bytes(path, 32):
        require_plain_vectors(path)


def read_within(
    path: Path, place: Place, layer: str, where: str | None = None, options: Mapping[str, str] | None = None
) -> gpd.GeoDataFrame:
    """Features that touch the region; outlines that cross themselves are made valid.

    Parameters
    ----------
    where : str, optional
        SQL condition.
    options : mapping of str to str, optional
        Of GDAL's driver.

    Raises
    ------
    DataError
        The file cannot be read, or has no coordinate reference system.
    """
    import geopandas as gpd
    import pandas as pd
    import pyogrio
    from pyogrio.errors import DataLayerError, DataSourceError
    from pyproj.exceptions import CRSError
    from shapely import make_valid
    from shapely.errors import ShapelyError

    require_known(path)
    try:
        parts = [
            pyogrio.read_dataframe(path, layer=layer, where=where, mask=_mask(path, layer, box), **(options or {}))
            for box in place.boxes
        ]
    except (ValueError, UnboundLocalError, CRSError, ShapelyError, DataLayerError, DataSourceError) as error:
        raise DataError(f"{path}: cannot be read ({error})") from None
    if parts[0].crs is None:
        raise DataError(f"{path}: has no coordinate reference system")
    some = [part for part in parts if len(part)] or parts[:1]
    frame = gpd.GeoDataFrame(pd.concat(some, ignore_index=True), crs=parts[0].crs).to_crs(place.grid.crs)
    return frame.set_geometry(make_valid(frame.geometry.to_numpy(), method="structure", keep_collapsed=False))


def _mask(path: Path, layer: str, box: BOUNDS) -> object:
    """A box of degrees, in the file's system."""
    import geopandas as gpd
    import pyogrio
    from shapely import box as rectangle

    crs = pyogrio.read_info(path, layer=layer)["crs"] or "EPSG:4326"
    return gpd.GeoSeries([rectangle(*box).segmentize(0.5)], crs="EPSG:4326").to_crs(crs).iloc[0]
