"""Opens and writes rasters and vectors: the only module of this package that touches files.

A raster is one band. Nothing is resampled unless the call says how, and a file that cannot be used says which file,
which layer and which feature. Everything is written under a temporary name beside its place and renamed when complete.
"""

from __future__ import annotations

import difflib
import os
import shutil
import sqlite3
import warnings
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from rasters.bands import Band, open_band
from rasters.errors import DataError, ExportError, GridMismatchError, LayerNotFoundError, RasterWarning
from rasters.formats import require_plain_vectors
from rasters.grid import Grid
from rasters.surface import Layer

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd

__all__ = ["Resampling", "read_grid", "read_raster", "read_vectors", "replacing", "write_cog", "write_geopackage"]

Resampling = Literal["nearest", "bilinear", "average"]

UNUSABLE_SHARE = 0.999
"""A raster with more than this share of its cells unknown is taken for the wrong file or the wrong place."""

WARP_TOLERANCE = 0.001
"""Error of the positions that warping interpolates [cells of the file]; GDAL's own 0.125 moved elevations by 100 m."""

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
    "gpkg_data_columns", None, "gpkg_schema", "http://www.geopackage.org/spec/#extension_schema", "read-write"
)  # fmt: skip
EXTENSIONS_TABLE = """
CREATE TABLE IF NOT EXISTS gpkg_extensions (
    table_name TEXT, column_name TEXT, extension_name TEXT NOT NULL, definition TEXT NOT NULL, scope TEXT NOT NULL,
    CONSTRAINT ge_tce UNIQUE (table_name, column_name, extension_name))
"""


def read_raster(
    path: str | Path, grid: Grid | None = None, *, name: str, unit: str, resampling: Resampling | None = None
) -> Layer:
    """Read a raster by `rasters.bands`, on its own grid or brought to another.

    Parameters
    ----------
    path : path
    grid : Grid, optional
        The study grid. A file on another grid is warped to it, which needs ``resampling``.
    name, unit : str
        Of the layer.
    resampling : {"nearest", "bilinear", "average"}, optional
        How to warp: nearest for classes, bilinear for a surface coarser than the grid, average for a finer one.

    Returns
    -------
    Layer
        Cells without data as `rasters.bands` tells them, or outside the file, are ``nodata``; infinite values are values.
        Nearest keeps the file's type unless it has a scale; the others give float64.

    Raises
    ------
    LayerNotFoundError
        No such file; names files like it.
    GridMismatchError
        The grids differ and no ``resampling`` is given.
    DataError
        Not a raster that otkel opens, no CRS, or as good as no data at all within the grid.

    Warns
    -----
    RasterWarning
        What is not as plain as it looks: a scale, several bands, numbers taken for no data.
    """
    path = _existing(path)
    with open_band(path) as band:
        own = _grid_of(band)
        if grid is None or _is_same(grid, own, path, resampling):
            values, known = band.read()
        else:
            values, known = _warped(band, grid, resampling or "nearest")
    _require_data(path, known, "the study grid" if grid is not None else "the file")
    for note in band.notes:
        warnings.warn(f"{path}: {note}", RasterWarning, stacklevel=2)
    return Layer(name=name, values=values, nodata=~known, grid=grid or own, unit=unit)


def read_grid(path: str | Path) -> Grid:
    """Read where a raster's cells are, without its values."""
    with open_band(_existing(path)) as band:
        return _grid_of(band)


def _grid_of(band: Band) -> Grid:
    if band.crs is None:
        raise DataError(f"{band.path}: no coordinate reference system; assign it (gdal_edit -a_srs EPSG:...)")
    try:
        return Grid(band.crs.to_string(), band.transform, band.shape)
    except DataError as error:
        raise DataError(f"{band.path}: {error}") from error


def _existing(path: str | Path) -> Path:
    """The path, or LayerNotFoundError naming what else is there."""
    path = Path(path)
    if path.exists():
        return path
    if not path.parent.is_dir():
        raise LayerNotFoundError(f"{path}: there is no such file; the folder {path.parent} does not exist either")
    others = sorted(entry.name for entry in path.parent.iterdir() if entry.is_file())
    same_kind = [other for other in others if other.endswith(path.suffix)]
    like = difflib.get_close_matches(path.name, others, n=3, cutoff=0.5) or same_kind[:8]
    there = f"like it there: {', '.join(like)}" if like else "nothing like it is there"
    raise LayerNotFoundError(f"{path}: there is no such file; {there}")


def _is_same(grid: Grid, own: Grid, path: Path, resampling: Resampling | None) -> bool:
    try:
        grid.require_same(own, str(path))
    except GridMismatchError as error:
        if resampling is None:
            raise GridMismatchError(f"{error}, or say how to resample it (nearest, bilinear, average)") from error
        return False
    return True


def _warped(band: Band, grid: Grid, resampling: Resampling) -> tuple[NDArray[Any], NDArray[np.bool_]]:
    """Values and what is known of them on ``grid``; cells outside the file are unknown."""
    from rasterio.enums import Resampling as Rule
    from rasterio.vrt import WarpedVRT

    if resampling != "nearest" and band.has_codes:
        raise DataError(
            f"{band.path}: has a colour table, so its numbers are codes; only resampling: nearest fits codes"
        )
    huge = None if resampling == "nearest" else band.huge_number()
    unknown = {} if huge is None else {"src_nodata": huge, "nodata": huge}
    dtype = band.dtype if resampling == "nearest" else "float64"
    with WarpedVRT(
        band.file, crs=grid.pyproj_crs.to_wkt(), transform=grid.transform, width=grid.width, height=grid.height,
        resampling=Rule[resampling], add_alpha=not band.alpha, dtype=dtype, tolerance=WARP_TOLERANCE, **unknown,
    ) as warped:  # fmt: skip
        return band.of_stored(warped.read(band.number), warped.read(band.alpha or warped.count) > 0)


def _require_data(path: Path, known: NDArray[np.bool_], where: str) -> None:
    share = 1.0 - np.count_nonzero(known) / known.size
    if share == 1.0 or share > UNUSABLE_SHARE:
        raise DataError(
            f"{path}: {100 * share:.4g} % of {where} has no data in this file; is it the right file, "
            "and does it cover the area?"
        )


def read_vectors(
    path: str | Path, layer: str | None, grid: Grid, where: str | None = None, *, id_column: str | None = None
) -> gpd.GeoDataFrame:
    """Read features and bring them to the grid's CRS.

    Parameters
    ----------
    path : path
    layer : str or None
        Layer of the file; None where the file has only one.
    grid : Grid
    where : str, optional
        Keep only features for which this SQL condition holds, such as ``"pair = 'KZ-TM'"``.
    id_column : str, optional
        The column that the reader knows features by: if the layer has it, its values must be unique. No other column is looked at.

    Returns
    -------
    GeoDataFrame
        Every geometry is there, valid, finite, in the grid's CRS. No features is a valid answer.

    Raises
    ------
    LayerNotFoundError
        No such file or layer; names those that are there.
    DataError
        No CRS, a geometry that is missing, empty or invalid, two features with one id, or a bad ``where``.
    """
    path = _existing(path)
    layer = _existing_layer(path, layer)
    frame = _read_frame(path, layer, where)
    if frame.crs is None:
        raise DataError(f"{path}, layer {layer}: no coordinate reference system; write it again with one")
    labels = _labels(frame, id_column)
    _require_unique(frame, id_column, f"{path}, layer {layer}")
    _require_geometry(frame, labels, f"{path}, layer {layer}")
    frame = frame.to_crs(grid.pyproj_crs)
    for label, bounds in zip(labels, frame.geometry.bounds.to_numpy(), strict=True):
        if not np.isfinite(bounds).all():
            raise DataError(
                f"{path}, layer {layer}, {label}: cannot be projected to {grid.crs}; it lies outside that CRS's area"
            )
    return frame


def _existing_layer(path: Path, layer: str | None) -> str:
    import pyogrio

    require_plain_vectors(path)
    try:
        there = [str(name) for name in pyogrio.list_layers(path)[:, 0]]
    except pyogrio.errors.DataSourceError as error:
        raise DataError(f"{path}: not a vector file that can be read: {error}") from error
    if layer is None and len(there) == 1:
        return there[0]
    if layer is None:
        raise LayerNotFoundError(f"{path}: say which layer; there are {', '.join(there)}")
    if layer not in there:
        raise LayerNotFoundError(f"{path}: there is no layer {layer!r}; there are {', '.join(there) or 'none'}")
    return layer


def _read_frame(path: Path, layer: str, where: str | None) -> gpd.GeoDataFrame:
    import geopandas as gpd
    import pyogrio

    try:
        frame = pyogrio.read_dataframe(path, layer=layer, where=where, fid_as_index=True)
    except (ValueError, pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError) as error:
        with_where = f" with where={where!r}" if where else ""
        raise DataError(f"{path}, layer {layer}: cannot be read{with_where}: {error}") from error
    if not isinstance(frame, gpd.GeoDataFrame):
        raise DataError(f"{path}, layer {layer}: it has no geometry; it is a plain table")
    return frame


def _labels(frame: gpd.GeoDataFrame, id_column: str | None) -> list[str]:
    """How messages name each feature."""
    if id_column in frame.columns:
        return [f"feature {id_column}={value!r}" for value in frame[id_column]]
    return [f"feature fid={fid}" for fid in frame.index]


def _require_unique(frame: gpd.GeoDataFrame, id_column: str | None, where: str) -> None:
    if id_column not in frame.columns:
        return
    twice = frame[id_column][frame[id_column].duplicated()].unique().tolist()
    if twice:
        shown = ", ".join(repr(value) for value in twice[:5])
        raise DataError(f"{where}: {id_column} must be unique, but {len(twice)} values are not: {shown}")


def _require_geometry(frame: gpd.GeoDataFrame, labels: list[str], where: str) -> None:
    import shapely

    for label, shape in zip(labels, frame.geometry, strict=True):
        if shape is None or shape.is_empty:
            what = "missing" if shape is None else "empty"
            raise DataError(f"{where}, {label}: its geometry is {what}; draw it or delete the feature")
        if not shape.is_valid:
            why = shapely.is_valid_reason(shape)
            raise DataError(f"{where}, {label}: its geometry is not valid: {why}; mend it (make valid)")


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
    part = path.with_name(f".{path.stem}.{os.getpid()}.part{path.suffix}")
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
) -> Path:
    """Write one band as a cloud-optimised GeoTIFF of float32 with overviews.

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

    Notes
    -----
    The nodata tag is NaN, so that no value is reserved. Statistics of the finite values stand in the file, because
    viewers stretch their colours over them and cannot do so over ``inf``.
    """
    grid_values = np.asarray(values, dtype=np.float32)
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
    part: Path, values: NDArray[np.float32], grid: Grid, description: str, unit: str, tags: dict[str, str]
) -> None:
    import rasterio.shutil
    from rasterio.io import MemoryFile

    profile = {
        "driver": "GTiff", "width": grid.width, "height": grid.height, "count": 1, "dtype": "float32",
        "crs": grid.pyproj_crs.to_wkt(), "transform": grid.transform, "nodata": float("nan"),
    }  # fmt: skip
    overviews = "NEAREST" if np.isinf(values).any() else "AVERAGE"
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


def _statistics(values: NDArray[np.float32]) -> dict[str, str]:
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
    pyogrio.write_dataframe(
        frame, part, layer=name, driver="GPKG", append=append, layer_metadata=metadata, promote_to_multi=False,
        dataset_options={} if append else {"VERSION": GEOPACKAGE_VERSION}, **shape,
    )  # fmt: skip


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
