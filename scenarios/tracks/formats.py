"""Files of fixes -> a table of text with the standard's columns: Movebank and plain CSV, GPX, GeoPackage."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from pyproj import CRS, Transformer
from pyproj.exceptions import CRSError

from rasters.errors import DataError
from rasters.files.formats import require_plain_vectors, whole_content
from rasters.files.vectors import read_vectors
from rasters.grid import Grid
from rasters.plain import plain_text
from scenarios.field_data.tables import ROW, mapped, read_table
from scenarios.tracks.settings import TrackFile, TracksSettings
from scenarios.tracks.standard import FIXES, field_of, is_movebank

__all__ = ["ENDINGS", "read_text"]

ENDINGS = (".csv", ".csv.gz", ".gpx", ".gpkg")
BARE = re.compile(r"\d{4}-\d{2}-\d{2}[ T]\d{2}:\d{2}:\d{2}(\.\d+)?")
"""A time of Movebank, which is UTC."""
NEEDED = ("animal", "time", "lon", "lat")


def read_text(path: Path, stated: TrackFile, settings: TracksSettings) -> pd.DataFrame:
    """The fixes of a file as text, times with their zone where that is known, positions in degrees of WGS 84.

    Raises
    ------
    DataError, LayerNotFoundError
        Not a file that can be read, or a column of animals, times or positions is missing.
    """
    if path.suffix == ".gpx":
        table = _gpx(path)
    elif path.suffix == ".gpkg":
        table = _with_fields(_geopackage(path, stated), path, stated, settings)
    else:
        table = _with_fields(_csv(path, stated), path, stated, settings)
    if path.suffix not in (".gpx", ".gpkg") and stated.crs is not None:
        table = _in_degrees(table, stated.crs, path)
    return table


def _csv(path: Path, stated: TrackFile) -> pd.DataFrame:
    theirs = set(stated.columns.values())
    table = read_table(path, stated.encoding, wanted=lambda name: name in theirs or field_of(name) is not None)
    if is_movebank(table.columns):
        time = next(name for name in table.columns if field_of(name) == "time")
        values = table[time].tolist()
        table[time] = pd.Series(
            [f"{one[:10]}T{one[11:]}Z" if BARE.fullmatch(one) else one for one in values], dtype=str
        )
    return table


def _with_fields(table: pd.DataFrame, path: Path, stated: TrackFile, settings: TracksSettings) -> pd.DataFrame:
    """Columns by the names of the standard, as the settings say or as they are called elsewhere."""
    theirs = {name: field_of(name) for name in table.columns if name != ROW and name not in stated.columns.values()}
    named = {name: field for name, field in theirs.items() if field is not None and field not in stated.columns}
    twice = sorted({field for field in named.values() if list(named.values()).count(field) > 1})
    if twice:
        both = ", ".join(name for name, field in named.items() if field == twice[0])
        raise DataError(f"{path}: {both} both hold {twice[0]}; say which counts in tracks.yaml, `files[].columns`")
    table = mapped(table.rename(columns=named), stated.model_copy(update={"file": path.name}), settings, FIXES)
    missing = [name for name in NEEDED if name not in table]
    if missing:
        others = ", ".join(name for name in table.columns if name != ROW) or "none"
        raise DataError(
            f"{path}: no column holds {', '.join(missing)}; say which does in tracks.yaml, such as `files: [{{file: {path.name}, "
            f"columns: {{{missing[0]}: COLUMN}}}}]`; it has {others}"
        )
    return table[[ROW, *(field.name for field in FIXES.fields if field.name in table)]]


def _in_degrees(table: pd.DataFrame, crs: str, path: Path) -> pd.DataFrame:
    """Positions of a stated reference system in degrees; what is no number stays as it is, for the check to tell."""
    try:
        turn = Transformer.from_crs(CRS.from_user_input(crs), "EPSG:4326", always_xy=True)
    except CRSError as error:
        raise DataError(f"{path}: crs: {crs!r} is no reference system; write one such as EPSG:32642") from error
    x, y = (pd.to_numeric(table[name].str.strip(), errors="coerce") for name in ("lon", "lat"))
    lon, lat = turn.transform(x.to_numpy(float), y.to_numpy(float))
    known = np.isfinite(lon) & np.isfinite(lat)
    return table.assign(
        lon=table["lon"].where(~known, pd.Series(lon, table.index).map("{:.7f}".format)),
        lat=table["lat"].where(~known, pd.Series(lat, table.index).map("{:.7f}".format)),
    )


def _gpx(path: Path) -> pd.DataFrame:
    """Points of tracks; a track is of the animal that it is called after."""
    import gpxpy
    import gpxpy.gpx

    require_plain_vectors(path)
    try:
        document = gpxpy.parse(whole_content(path).decode("utf-8-sig"))
    except (gpxpy.gpx.GPXException, UnicodeError, ValueError) as error:
        raise DataError(f"{path}: is not GPX that can be read: {' '.join(str(error).split())[:200]}") from error
    rows = list(_points(document, path.stem))
    if not rows:
        raise DataError(f"{path}: holds no track with points; export tracks, not waypoints or routes")
    return pd.DataFrame(rows, columns=[ROW, "animal", "time", "lon", "lat", "species"])


def _points(document: Any, otherwise: str) -> Iterator[tuple[int, str, str, str, str, str]]:
    number = 0
    for track in document.tracks:
        for segment in track.segments:
            for point in segment.points:
                number += 1
                when = "" if point.time is None else point.time.strftime("%Y-%m-%dT%H:%M:%SZ")
                animal = plain_text(track.name or otherwise)
                yield (
                    number,
                    animal,
                    when,
                    f"{point.longitude:.7f}",
                    f"{point.latitude:.7f}",
                    plain_text(track.type or ""),
                )


def _geopackage(path: Path, stated: TrackFile) -> pd.DataFrame:
    """Points with their attributes as text, positions in degrees."""
    from affine import Affine

    degrees = Grid("EPSG:4326", Affine(1, 0, -180, 0, -1, 90), (180, 360))
    frame = read_vectors(path, stated.layer, degrees)
    kinds = sorted(set(frame.geometry.geom_type))
    if kinds != ["Point"]:
        raise DataError(f"{path}: holds {', '.join(kinds) or 'nothing'}; fixes should be points")
    table = pd.DataFrame({ROW: np.arange(1, len(frame) + 1)})
    for name in frame.columns.drop(frame.geometry.name):
        if name in stated.columns.values() or field_of(str(name)) not in (None, "lon", "lat"):
            table[str(name)] = _as_text(frame[name])
    return table.assign(lon=[f"{x:.7f}" for x in frame.geometry.x], lat=[f"{y:.7f}" for y in frame.geometry.y])


def _as_text(values: pd.Series) -> pd.Series:
    """Times with their zone, whole numbers without a point: an id of eleven digits may be stored as a real number."""
    if isinstance(values.dtype, pd.DatetimeTZDtype):
        return values.dt.tz_convert("UTC").dt.strftime("%Y-%m-%dT%H:%M:%SZ").fillna("").reset_index(drop=True)
    if pd.api.types.is_datetime64_any_dtype(values):
        return values.dt.strftime("%Y-%m-%dT%H:%M:%S").fillna("").reset_index(drop=True)
    if pd.api.types.is_float_dtype(values):
        whole = values.dropna()
        text = values.map("{:.0f}".format if (whole % 1 == 0).all() else repr)
        return text.where(values.notna(), "").astype(str).reset_index(drop=True)
    return values.map(lambda one: "" if pd.isna(one) else plain_text(str(one))).astype(str).reset_index(drop=True)
