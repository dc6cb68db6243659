"""Writes rasters and vectors: under a temporary name beside their place, renamed when complete."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from pyproj import CRS

from rasters.errors import ExportError, GridMismatchError
from rasters.files.scratch import own_mark, remove_left
from rasters.grid import Grid

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd

__all__ = ["replacing", "write_cog", "write_geopackage"]

COG_OPTIONS = {"compress": "deflate", "predictor": "yes", "blocksize": 512}

FULL_BYTES = 2**20
"""A disk with less than this left counts as full."""

FIXED_DATE = "2000-01-01T00:00:00.000Z"
"""Stands in a GeoPackage for the time of writing, so that the same run gives the same bytes."""

GEOPACKAGE_VERSION = "1.3"
"""Newer ones make programs of 2022 warn."""

STYLES_TABLE = """
CREATE TABLE layer_styles (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, f_table_catalog TEXT(256), f_table_schema TEXT(256),
    f_table_name TEXT(256), f_geometry_column TEXT(256), styleName TEXT(30), styleQML TEXT, styleSLD TEXT,
    useAsDefault BOOLEAN, description TEXT, owner TEXT(30), ui TEXT(30), update_time DATETIME)
"""

COLUMNS_TABLE = """
CREATE TABLE gpkg_data_columns (
    table_name TEXT NOT NULL, column_name TEXT NOT NULL, name TEXT, title TEXT, description TEXT, mime_type TEXT,
    constraint_name TEXT, CONSTRAINT pk_gdc PRIMARY KEY (table_name, column_name), CONSTRAINT gdc_tn UNIQUE (table_name, name))
"""
SCHEMA_EXTENSION = (
    "gpkg_data_columns",
    None,
    "gpkg_schema",
    "http://www.geopackage.org/spec/#extension_schema",
    "read-write",
)
EXTENSIONS_TABLE = """
CREATE TABLE IF NOT EXISTS gpkg_extensions (
    table_name TEXT, column_name TEXT, extension_name TEXT NOT NULL, definition TEXT NOT NULL, scope TEXT NOT NULL,
    CONSTRAINT ge_tce UNIQUE (table_name, column_name, extension_name))
"""


@contextmanager
def replacing(path: str | Path) -> Iterator[Path]:
    """A temporary path beside ``path`` to write to: takes the place of ``path`` if all goes well, else is removed.

    Raises
    ------
    ExportError
        When the place cannot be written to; ``path`` is then as it was.
    """
    from pyogrio.errors import DataSourceError, FeatureError
    from rasterio._err import CPLE_BaseError  # GDAL's own, when it fails while flushing
    from rasterio.errors import RasterioError

    path = Path(path)
    part = path.with_name(f".{path.stem}.{own_mark()}.part{path.suffix}")
    try:
        if not path.parent.is_dir():
            raise NotADirectoryError(f"{path.parent} is not a folder")
        yield part
        part.replace(path)
    except (OSError, RasterioError, CPLE_BaseError, sqlite3.Error, DataSourceError, FeatureError) as error:
        if isinstance(error, ExportError):
            raise
        full = "the disk is full: " if _is_full(path.parent) else ""
        raise ExportError(
            f"{path}: could not be written: {full}{error}; free the place or choose another folder"
        ) from error
    finally:
        _remove(part)
        remove_left(path.parent, f".{path.stem}.")


def _is_full(folder: Path) -> bool:
    """Whether hardly anything fits there: drivers name all sorts of reasons when a disk is full."""
    try:
        disk = shutil.disk_usage(folder)
        return disk.total > 0 and disk.free < FULL_BYTES
    except OSError:
        return False


def _remove(part: Path) -> None:
    """Remove a temporary file and what a driver may have put beside it (``-journal``, ``.aux.xml``)."""
    if part.parent.is_dir():
        for left in part.parent.iterdir():
            if left.name.startswith(part.name):
                left.unlink(missing_ok=True)


def write_cog(
    path: str | Path,
    values: NDArray[Any],
    grid: Grid,
    *,
    nodata: NDArray[np.bool_] | None = None,
    description: str,
    unit: str = "",
    tags: Mapping[str, str] | None = None,
    whole: bool = False,
) -> Path:
    """Write one band as a cloud-optimised GeoTIFF with overviews: of float32, or of bytes.

    Parameters
    ----------
    path : path
    values : (height, width) array
        In ``unit``; infinite values are kept, NaN is no data.
    grid : Grid
    nodata : (height, width) bool, optional
        Further cells without data.
    description, unit : str
        Of the band.
    tags : mapping of str to str, optional
        Further metadata of the file.
    whole : bool
        ``values`` are codes from 0 to 255, all of them known: written as bytes, overviews by the nearest cell.

    Notes
    -----
    The nodata tag is NaN, so that no value is reserved. Statistics of the finite values stand in the file, because
    viewers stretch their colours over them and cannot do so over ``inf``.
    """
    grid_values = np.asarray(values, dtype=np.uint8 if whole else np.float32)
    if grid_values.shape != grid.shape:
        raise GridMismatchError(
            f"{path}: an array of shape {grid_values.shape} does not fit the grid of shape {grid.shape}"
        )
    if nodata is not None:
        grid_values = np.where(nodata, np.float32(np.nan), grid_values)
    with replacing(path) as part:
        _copy_as_cog(part, grid_values, grid, description, unit, dict(tags or {}))
    return Path(path)


def _copy_as_cog(
    part: Path, values: NDArray[Any], grid: Grid, description: str, unit: str, tags: dict[str, str]
) -> None:
    import rasterio.shutil
    from rasterio.io import MemoryFile

    codes = values.dtype.kind == "u"
    profile = {
        "driver": "GTiff",
        "width": grid.width,
        "height": grid.height,
        "count": 1,
        "dtype": values.dtype.name,
        "crs": grid.pyproj_crs.to_wkt(),
        "transform": grid.transform,
        "nodata": None if codes else float("nan"),
    }
    overviews = "NEAREST" if codes or np.isinf(values).any() else "AVERAGE"
    with MemoryFile() as memory:
        with memory.open(**profile) as file:
            file.write(values, 1)
            file.set_band_description(1, description)
            file.units = (unit,)
            file.update_tags(**tags)
            file.update_tags(1, **_statistics(values))
        with memory.open() as file:
            try:
                rasterio.shutil.copy(file, part, driver="COG", overview_resampling=overviews, **COG_OPTIONS)
            except SystemError as error:  # GDAL failed without a word, as it does on a full disk
                raise OSError("GDAL gave no reason") from error


def _statistics(values: NDArray[Any]) -> dict[str, str]:
    """GDAL's statistics tags over the finite values; none if there are none."""
    finite = values[np.isfinite(values)].astype(np.float64)
    if finite.size == 0:
        return {}
    figures = {"MINIMUM": finite.min(), "MAXIMUM": finite.max(), "MEAN": finite.mean(), "STDDEV": finite.std()}
    return {f"STATISTICS_{key}": f"{value:.9g}" for key, value in figures.items()}


def write_geopackage(
    path: str | Path,
    layers: Mapping[str, gpd.GeoDataFrame | pd.DataFrame],
    *,
    styles: Mapping[str, str] | None = None,
    metadata: Mapping[str, str] | None = None,
    columns: Mapping[str, Mapping[str, tuple[str, str]]] | None = None,
) -> Path:
    """Write layers, with QGIS styles and metadata, into one GeoPackage.

    Parameters
    ----------
    path : path
    layers : mapping of str to GeoDataFrame or DataFrame
        In this order; a layer without features is written as such, a DataFrame as a table without geometry.
    styles : mapping of str to str, optional
        Layer name -> QML, stored in ``layer_styles``, where QGIS looks for it.
    metadata : mapping of str to str, optional
        Stands with every layer. (With the file as a whole GDAL would put an ``.aux.xml`` beside it on first reading.)
    columns : mapping of str to mapping of str to (str, str), optional
        Layer -> column -> title and description, as the schema extension of GeoPackage keeps them.
    """
    if not layers:
        raise ExportError(f"{path}: a GeoPackage needs at least one layer")
    with replacing(path) as part, _fixed_date():
        for number, (name, frame) in enumerate(layers.items()):
            _write_layer(part, name, frame, dict(metadata or {}), append=number > 0)
        if styles:
            _write_styles(part, styles)
        if columns:
            _write_columns(part, columns)
    return Path(path)


def _write_layer(
    part: Path, name: str, frame: gpd.GeoDataFrame | pd.DataFrame, metadata: dict[str, str], *, append: bool
) -> None:
    import pyogrio

    shape = {"geometry_type": "Unknown"} if frame.empty else {}
    crs = getattr(frame, "crs", None)
    pyogrio.write_dataframe(
        frame if crs is None else frame.set_crs(_CodedCrs(crs), allow_override=True),
        part,
        layer=name,
        driver="GPKG",
        append=append,
        layer_metadata=metadata,
        promote_to_multi=False,
        dataset_options={} if append else {"VERSION": GEOPACKAGE_VERSION},
        **shape,
    )


class _CodedCrs(CRS):
    """Its EPSG code is looked for once for all layers: PROJ needs a fifth of a second where there is none."""

    def to_epsg(self, min_confidence: int = 70) -> int | None:
        return _epsg(self.to_wkt(), min_confidence)


@cache
def _epsg(wkt: str, min_confidence: int) -> int | None:
    return CRS.from_wkt(wkt).to_epsg(min_confidence)


@contextmanager
def _fixed_date() -> Iterator[None]:
    import pyogrio

    before = pyogrio.get_gdal_config_option("OGR_CURRENT_DATE")
    pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": FIXED_DATE})
    try:
        yield
    finally:
        pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": before})


def _write_styles(part: Path, styles: Mapping[str, str]) -> None:
    connection = sqlite3.connect(part)
    try:
        with connection:
            connection.execute(STYLES_TABLE)
            connection.execute(
                "INSERT INTO gpkg_contents (table_name, data_type, identifier, last_change) VALUES (?, ?, ?, ?)",
                ("layer_styles", "attributes", "layer_styles", FIXED_DATE),
            )
            for name, qml in styles.items():
                connection.execute(
                    "INSERT INTO layer_styles (f_table_catalog, f_table_schema, f_table_name, f_geometry_column,"
                    " styleName, styleQML, useAsDefault, update_time) VALUES ('', '', ?, 'geom', ?, ?, 1, ?)",
                    (name, name, qml, FIXED_DATE),
                )
    finally:
        connection.close()


def _write_columns(part: Path, columns: Mapping[str, Mapping[str, tuple[str, str]]]) -> None:
    with closing(sqlite3.connect(part)) as connection, connection:
        connection.execute(COLUMNS_TABLE)
        connection.execute(EXTENSIONS_TABLE)
        connection.execute("INSERT INTO gpkg_extensions VALUES (?, ?, ?, ?, ?)", SCHEMA_EXTENSION)
        connection.executemany(
            "INSERT INTO gpkg_data_columns (table_name, column_name, title, description) VALUES (?, ?, ?, ?)",
            [(layer, name, *words) for layer, named in columns.items() for name, words in named.items()],
        )
