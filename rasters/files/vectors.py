"""Features of vector files, brought to the grid's reference system."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from rasters.errors import DataError, LayerNotFoundError
from rasters.files.formats import require_plain_vectors
from rasters.files.reading import existing
from rasters.grid import Grid
from rasters.plain import plain_text, unknown

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd

__all__ = ["read_vectors", "require_distinct", "unreadable"]

FARTHEST_M = 1e9
"""No place on Earth has coordinates beyond this in any reference system."""


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
        Every geometry is there, valid, finite, without heights or measures, in the grid's CRS. No features is a valid answer.

    Raises
    ------
    LayerNotFoundError
        No such file or layer; names those that are there.
    DataError
        No CRS, a geometry that is missing, empty or invalid, two features with one id, or a bad ``where``.
    """
    path = existing(path)
    layer = _existing_layer(path, layer)
    frame = _read_frame(path, layer, where)
    if frame.crs is None:
        raise DataError(f"{path}, layer {layer}: no coordinate reference system; write it again with one")
    labels = _labels(frame, id_column)
    _require_unique(frame, id_column, f"{path}, layer {layer}")
    _require_geometry(frame, labels, f"{path}, layer {layer}")
    _require_fixes(frame, labels, f"{path}, layer {layer}")
    return _projected(frame, grid, labels, f"{path}, layer {layer}")


def _projected(frame: gpd.GeoDataFrame, grid: Grid, labels: list[str], where: str) -> gpd.GeoDataFrame:
    from pyproj.exceptions import ProjError

    try:
        frame = frame.to_crs(grid.pyproj_crs)
    except ProjError as error:
        raise DataError(
            f"{where}: its coordinate reference system, {frame.crs.name}, cannot be brought to {grid.crs}; write it again with the "
            "system of its data, such as EPSG:4326"
        ) from error
    for label, bounds in zip(labels, frame.geometry.bounds.to_numpy(), strict=True):
        if not (np.abs(bounds) < FARTHEST_M).all():
            raise DataError(f"{where}, {label}: cannot be projected to {grid.crs}; it lies outside that CRS's area")
    return frame


def _require_fixes(frame: gpd.GeoDataFrame, labels: list[str], where: str) -> None:
    """DataError for vertices at longitude and latitude 0, where receivers without a fix are."""
    import shapely

    if frame.crs.is_projected:
        return
    xy, owner = shapely.get_coordinates(frame.geometry.to_numpy(), return_index=True)
    lost = owner[(xy == 0).all(axis=1)]
    if lost.size:
        raise DataError(
            f"{where}, {labels[lost[0]]}: {lost.size} vertices lie at longitude 0, latitude 0, where a receiver without a fix puts "
            "them; delete them"
        )


def _existing_layer(path: Path, layer: str | None) -> str:
    import pyogrio

    require_plain_vectors(path)
    try:
        with _without_measures():
            there = [str(name) for name in pyogrio.list_layers(path)[:, 0]]
    except (ValueError, pyogrio.errors.DataSourceError) as error:
        raise DataError(f"{path}: not a vector file that can be read: {error}") from error
    if layer is None and len(there) == 1:
        return there[0]
    if layer is None:
        raise LayerNotFoundError(f"{path}: name the layer: choose one of {', '.join(there)}")
    if layer not in there:
        raise LayerNotFoundError(f"{path}: {unknown('layer', layer, there)}")
    return layer


@contextmanager
def _without_measures() -> Iterator[None]:
    """What a line measures along itself is left out, as heights are, without a word."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Measured", UserWarning)
        yield


def unreadable() -> tuple[type[Exception], ...]:
    """What pyogrio raises for a layer that is damaged, in its own words and by accident."""
    import pyogrio
    from shapely.errors import ShapelyError

    return (
        ValueError,
        UnboundLocalError,
        ShapelyError,
        pyogrio.errors.DataSourceError,
        pyogrio.errors.DataLayerError,
    )


def _read_frame(path: Path, layer: str, where: str | None) -> gpd.GeoDataFrame:
    import geopandas as gpd
    import pyogrio
    import shapely

    try:
        with _without_measures():
            frame = pyogrio.read_dataframe(path, layer=layer, where=where, fid_as_index=True)
    except unreadable() as error:
        with_where = f" with where={where!r}" if where else ""
        raise DataError(f"{path}, layer {layer}: cannot be read{with_where}: {error}") from error
    if not isinstance(frame, gpd.GeoDataFrame):
        raise DataError(f"{path}, layer {layer}: it has no geometry; it is a plain table")
    require_distinct(frame, f"{path}, layer {layer}")
    frame = frame.set_geometry(shapely.force_2d(frame.geometry.to_numpy()), crs=frame.crs)
    for name in frame.columns.drop(frame.geometry.name):
        if frame[name].dtype.kind == "O":
            frame[name] = [_plain_value(value) for value in frame[name]]
        elif frame[name].dtype.kind == "f" and (whole := _whole(frame[name])) is not None:
            frame[name] = whole
    return frame


def require_distinct(frame: gpd.GeoDataFrame, where: str) -> None:
    """DataError where two attributes have one name, as a damaged or hand-made table may have."""
    twice = frame.columns[frame.columns.duplicated()]
    if len(twice):
        raise DataError(f"{where}: two attributes are called {plain_text(str(twice[0]))!r}; rename one")


def _whole(column: pd.Series) -> pd.Series | None:
    """Whole numbers as such: a column with an empty row comes as floats, and 7 would be known as 7.0."""
    given = column.dropna()
    if not len(given) or not ((given % 1 == 0) & (given.abs() < 2**53)).all():
        return None
    return column.astype("Int64")


def _plain_value(value: Any) -> Any:
    """Text without what no screen can show; a list, as GeoJSON may have, as text."""
    if isinstance(value, str):
        return plain_text(value)
    return plain_text(", ".join(map(str, value))) if isinstance(value, list | tuple | np.ndarray) else value


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
            fix = (
                "delete the part that is one place only"
                if why.startswith("Too few points")
                else "correct it (make valid)"
            )
            raise DataError(f"{where}, {label}: its geometry is not valid: {why}; {fix}")
