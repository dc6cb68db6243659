"""From a foreign file to features on the study's grid: which layers, which reference system, what lies where it cannot be."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from rasters.errors import DataError, OptionError
from rasters.files.foreign import ForeignFile, ForeignLayer
from rasters.grid import Grid
from rasters.plain import unknown
from scenarios.importing.account import Account, some
from scenarios.importing.asking import Asker

if TYPE_CHECKING:
    import geopandas as gpd
    import pyproj

__all__ = ["AREAS", "GEOMETRIES", "LINES", "Feature", "chosen_layers", "on_grid", "require_some_inside", "split_off"]

GEOMETRIES = {
    "fences": ("LineString", "MultiLineString", "LinearRing"),
    "passages": ("Point", "MultiPoint"),
    "reserves": ("Polygon", "MultiPolygon"),
    "cores": ("Polygon", "MultiPolygon"),
}
LINES = GEOMETRIES["fences"]
AREAS = ("reserves", "cores")
"""Kinds that closed lines may stand for, too."""
ALL = "all"
VERTICES = ("track_points", "route_points")
"""Layers of GPX that repeat the vertices of others."""
DEGREES = 360.0
GAUSS_KRUGER = (1e5, 9e5)
"""Eastings within a zone, behind the zone's number [m]."""
COLLECTED = "GeometryCollection"


@dataclass(frozen=True, slots=True, kw_only=True)
class Feature:
    """A feature in the study's map coordinates [m], flat; ``row`` has its attributes, ``place`` says which it was in the file."""

    shape: BaseGeometry
    row: dict[str, Any]
    place: str


def chosen_layers(
    file: ForeignFile, kind: str, names: Sequence[str], asker: Asker, account: Account
) -> list[ForeignLayer]:
    """Layers that are imported: those named, else the only one with geometries of the kind, else by question.

    Layers of a drawing (DXF) are what its program calls layers.

    Raises
    ------
    OptionError
        A layer that is not there; several that fit, and nobody to ask.
    DataError
        None that fits.
    """
    layers = [layer for one in file.layers for layer in _drawn(one, file.kind)]
    there = {layer.name: layer for layer in layers}
    if names and ALL not in names:
        same = {name.casefold(): name for name in there}
        wrong = next((name for name in names if name.casefold() not in same), None)
        if wrong is not None:
            raise OptionError(f"--layer: {file.path.name}: {unknown('layer', wrong, there)}")
        chosen = [there[same[name.casefold()]] for name in names]
    else:
        fitting = [one for one in layers if _fits(one, kind) and (file.kind != "GPX" or one.name not in VERTICES)]
        if not fitting:
            raise DataError(
                f"{file.path}: holds nothing that {kind} are made of ({' or '.join(_wanted(kind))}); it holds "
                f"{'; '.join(f'{one.name}: {_counted(one.frame)}' for one in layers if len(one.frame)) or 'no feature at all'}"
            )
        chosen = fitting if len(fitting) == 1 or ALL in names else _asked(file, fitting, asker)
    left = [f"{one.name} ({_counted(one.frame)})" for one in layers if one not in chosen and len(one.frame)]
    account.tell("read", len(chosen), "layers", some([f"{one.name} ({_counted(one.frame)})" for one in chosen]))
    account.tell("read", len(left), "layers not taken", some(left))
    return chosen


def _asked(file: ForeignFile, fitting: list[ForeignLayer], asker: Asker) -> list[ForeignLayer]:
    words = {one.name: f"{one.name} ({_counted(one.frame)})" for one in fitting}
    if not asker.answers:
        raise OptionError(
            f"--layer: {file.path.name} has several that fit: {', '.join(words.values())}; name one or more, or {ALL}"
        )
    answer = asker.choose("Which layer?", [*words, ALL], "--layer")
    return fitting if answer == ALL else [one for one in fitting if one.name == answer]


def _drawn(layer: ForeignLayer, kind: str) -> list[ForeignLayer]:
    """The layers of a drawing, which its driver gives as an attribute."""
    if kind != "DXF" or "Layer" not in layer.frame:
        return [layer]
    names = layer.frame["Layer"].fillna("0").astype(str)
    return [
        ForeignLayer(name=name, frame=layer.frame[names == name], measured=layer.measured)
        for name in dict.fromkeys(names)
    ]


def _wanted(kind: str) -> list[str]:
    return {"fences": ["lines"], "passages": ["points"]}.get(kind, ["polygons", "closed lines"])


def _fits(layer: ForeignLayer, kind: str) -> bool:
    kinds = set(layer.frame.geom_type.dropna())
    closed = kind in AREAS and bool(kinds & {*LINES})
    return COLLECTED in kinds or bool(kinds & {*GEOMETRIES[kind]}) or closed


def _counted(frame: gpd.GeoDataFrame) -> str:
    names = Counter(str(name).removeprefix("Multi").lower() for name in frame.geom_type.dropna())
    said = {"linestring": "line", "linearring": "line", "geometrycollection": "collection"}
    return (
        ", ".join(f"{n} {said.get(name, name)}{'s' if n > 1 else ''}" for name, n in names.most_common()) or "nothing"
    )


def on_grid(
    file: ForeignFile,
    layers: Sequence[ForeignLayer],
    crs: str | None,
    grid: Grid,
    account: Account,
    *,
    swap_xy: bool = False,
) -> list[Feature]:
    """Every feature with a place, in the grid's system, without heights and measures; what has none is told.

    Raises
    ------
    OptionError
        A system that is none, or a layer without one where none is given.
    DataError
        Metres that are taken for degrees.
    """
    asked = None if crs is None else _system(crs)
    found: list[Feature] = []
    missing = heights = lost = 0
    for layer in layers:
        system = asked or layer.frame.crs
        if system is None:
            raise OptionError(
                f"{file.path}, layer {layer.name}: no coordinate reference system; say it with --crs{_likely(layer)}"
            )
        if asked is not None and layer.frame.crs is not None and not asked.equals(layer.frame.crs):
            account.tell(
                "look at", 1, "reference system", f"--crs {crs} is taken, the file says {layer.frame.crs.name}"
            )
        shapes, rows = layer.frame.geometry.to_numpy(), layer.frame.drop(columns=layer.frame.geometry.name)
        gone = shapely.is_missing(shapes) | shapely.is_empty(shapes)
        heights += int(shapely.has_z(shapes[~gone]).sum())
        missing += int(gone.sum())
        kept = np.flatnonzero(~gone)
        projected, strays = _projected(shapes[kept], system, grid, swap_xy, f"{file.path}, layer {layer.name}")
        lost += int(strays.sum())
        found += [
            Feature(
                shape=shape, row=dict(rows.iloc[i]), place=f"{layer.name} {i + 1}" if len(layers) > 1 else f"{i + 1}"
            )
            for i, shape, stray in zip(kept.tolist(), projected, strays, strict=True)
            if not stray
        ]
        account.tell("read", None, "reference system", f"{system.name} -> {grid.pyproj_crs.name}")
        account.tell("corrected", int(layer.measured), "measures of vertices dropped", layer.name)
    account.tell("corrected", heights, "heights dropped")
    account.tell("left out", missing, "without a geometry that can be read")
    account.tell("left out", lost, "with positions that are no numbers or lie beyond the reference system")
    return found


def _system(crs: str) -> pyproj.CRS:
    import pyproj

    try:
        return pyproj.CRS.from_user_input(int(crs) if crs.isdecimal() else crs)
    except pyproj.exceptions.CRSError:
        raise OptionError(
            f"--crs {crs!r}: unknown coordinate reference system; write e.g. EPSG:4326 or EPSG:32640"
        ) from None


def _likely(layer: ForeignLayer) -> str:
    """What positions without a system look like."""
    west, south, east, north = layer.frame.total_bounds
    if west >= -180 and east <= 180 and south >= -90 and north <= 90:
        return "; its positions look like degrees: --crs EPSG:4326"
    zone = int(west // 1e6)
    if 1 <= zone <= 32 and zone == east // 1e6 and GAUSS_KRUGER[0] < west % 1e6 < GAUSS_KRUGER[1]:
        return f"; its eastings look like zone {zone} of Gauss-Krueger on Pulkovo 1942: --crs EPSG:{28400 + zone}"
    return "; its positions look like metres, e.g. --crs EPSG:32640 for UTM zone 40 north"


def _projected(
    shapes: np.ndarray, system: pyproj.CRS, grid: Grid, swap_xy: bool, place: str
) -> tuple[np.ndarray, np.ndarray]:
    """Shapes in the grid's system, and which of them cannot be brought there."""
    xy, index = shapely.get_coordinates(shapes, return_index=True)
    if swap_xy:
        xy = xy[:, ::-1]
    if system.is_geographic and xy.size and np.abs(xy[np.isfinite(xy).all(axis=1)]).max(initial=0.0) > DEGREES:
        raise DataError(
            f"{place}: its positions are no degrees, as {system.name} has them; say their system with --crs"
        )
    x, y = grid.transformer(system.to_wkt()).transform(*xy.T)
    moved = np.column_stack([x, y]) if xy.size else xy
    stray = np.zeros(len(shapes), bool)
    stray[index[~np.isfinite(moved).all(axis=1)]] = True
    flat = shapely.force_2d(shapes)
    flat = shapely.set_coordinates(flat, np.nan_to_num(moved, nan=0.0, posinf=0.0, neginf=0.0)) if xy.size else flat
    return flat, stray


def split_off(features: Sequence[Feature], kinds: Sequence[str], account: Account) -> list[Feature]:
    """Features of some kinds of geometry, collections taken apart; the others are counted as what they are."""
    found: list[Feature] = []
    others: Counter[str] = Counter()
    for one in features:
        parts = shapely.get_parts(one.shape).tolist() if one.shape.geom_type == COLLECTED else [one.shape]
        for part in parts:
            if part.geom_type in kinds:
                found.append(Feature(shape=part, row=one.row, place=one.place))
            else:
                others[part.geom_type.removeprefix("Multi").lower()] += 1
    for name, count in others.items():
        account.tell("left out", count, f"{name}s".replace("linestrings", "lines"), "not what is imported here")
    return found


def require_some_inside(
    features: list[Feature], grid: Grid, account: Account, path: object, *, whole: bool = False
) -> list[Feature]:
    """Features that touch the grid; the others are left out and told.

    Raises
    ------
    DataError
        Where none does; says where they are, and whether x and y are swapped.
    """
    west, south, east, north = grid.bounds
    frame = shapely.box(west, south, east, north)
    inside = [one for one in features if frame.intersects(one.shape)]
    if features and not inside:
        x0, y0, x1, y1 = shapely.total_bounds([one.shape for one in features])
        lon, lat = grid.lonlat((x0 + x1) / 2, (y0 + y1) / 2)
        swapped = abs(float(lat)) < 90 and _swapped_inside(float(lon), float(lat), grid)
        hint = (
            "with x and y swapped they would be in it: --swap-xy"
            if swapped
            else "is --crs right, and is it this study?"
        )
        raise DataError(
            f"{path}: all {len(features)} features lie outside the grid, around lat {float(lat):.2f}, lon {float(lon):.2f}; {hint}"
        )
    away = [one.place for one in features if not frame.intersects(one.shape)]
    account.tell("left out", len(away), "outside the grid", some(away))
    over = sum(not frame.contains(one.shape) for one in inside)
    account.tell(
        "look at", 0 if whole else over, "reach beyond the grid", "they are kept whole; only what is inside counts"
    )
    return inside


def _swapped_inside(lon: float, lat: float, grid: Grid) -> bool:
    if abs(lon) > 90:
        return False
    x, y = grid.map_xy(lat, lon)
    west, south, east, north = grid.bounds
    return bool(west <= x <= east and south <= y <= north)
