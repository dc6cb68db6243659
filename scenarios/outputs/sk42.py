"""One datum operation WGS 84 <-> SK-42 for a whole study, and coordinates as people read them: SK-42 X/Y, DMS, MGRS.

PROJ chooses between several operations, up to 16 m apart, by where a point lies: along a fence from Kazakhstan to
Turkmenistan the shift would jump. Here one is pinned for a study, either named by it (``sk42.operation``) or the one of the
best stated accuracy among those that cover its area and need no grid file.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from rasters.arrays import Reals
from rasters.errors import ConfigError
from rasters.grid import Grid

if TYPE_CHECKING:
    from pyproj import Transformer

    from scenarios.model.ground import Ground

__all__ = [
    "DatumOperation",
    "GaussKruger",
    "area_of_grid",
    "datum_operation",
    "dms_text",
    "from_gauss_kruger",
    "mgrs_text",
    "operation_of",
    "to_gauss_kruger",
    "zone_of",
]

WGS84, SK42 = "EPSG:4326", "EPSG:4284"
ZONE_WIDTH_DEG = 6.0
ZONE_PREFIX_M = 1_000_000.0
COVERS = 0.95
"""An operation whose stated area holds this share of the study's counts as covering it."""

Area = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class DatumOperation:
    """How positions go between WGS 84 and SK-42 (Pulkovo 1942).

    Parameters
    ----------
    name : str
        As in the EPSG register, where operations lead to WGS 84.
    code : str
        ``"EPSG:15865"``.
    accuracy_m : float
        As stated in the register [m].
    pipeline : str
        PROJ steps from WGS 84 to SK-42, degrees in longitude, latitude order.
    """

    name: str
    code: str
    accuracy_m: float
    pipeline: str

    @property
    def note(self) -> str:
        """One line for every export."""
        return f"WGS 84 <-> SK-42 by {self.name}, {self.code}, stated accuracy {self.accuracy_m:g} m"

    def to_sk42(self, lon: Any, lat: Any) -> tuple[Reals, Reals]:
        """Longitude and latitude [degrees] on SK-42 of positions on WGS 84."""
        return _pipeline(self.pipeline).transform(lon, lat)

    def from_sk42(self, lon: Any, lat: Any) -> tuple[Reals, Reals]:
        """Longitude and latitude [degrees] on WGS 84 of positions on SK-42."""
        return _pipeline(self.pipeline).transform(lon, lat, direction="INVERSE")


@dataclass(frozen=True, slots=True, kw_only=True)
class GaussKruger:
    """Positions in SK-42 Gauss-Krueger zones of 6 degrees, as printed on the maps.

    Parameters
    ----------
    zone : (n,) int64
    north_m : (n,) float64
        X of the maps: metres from the equator.
    east_m : (n,) float64
        Y of the maps: the zone's number, then metres from 500 km west of its central meridian.
    """

    zone: NDArray[np.int64]
    north_m: Reals
    east_m: Reals


def operation_of(run: Ground) -> DatumOperation:
    """The operation of a run's study."""
    return datum_operation(area_of_grid(run.grid), run.sk42_operation)


def area_of_grid(grid: Grid) -> Area:
    """West, south, east, north [degrees, WGS 84] of a grid."""
    transformer = grid.transformer(WGS84)
    west, south, east, north = transformer.transform_bounds(*grid.bounds, direction="INVERSE", densify_pts=21)
    return (float(west), float(south), float(east), float(north))


@lru_cache(maxsize=32)
def datum_operation(area: Area, named: str = "") -> DatumOperation:
    """The one operation for an area.

    Parameters
    ----------
    area : tuple
        West, south, east, north [degrees].
    named : str
        Code of the operation that the study asks for, ``"EPSG:15865"``; empty to choose.

    Raises
    ------
    ConfigError
        ``named`` is none of the operations between the two datums, or needs a grid file that is not there.

    Notes
    -----
    Chosen is the best stated accuracy among operations whose stated area (a box) holds 95 % of ``area``; where none does,
    the one that holds most. Ties break by code.
    """
    found = {_code(operation): (operation, t) for t in _transformers() if (operation := _datum_step(t)) is not None}
    if named:
        if named not in found:
            raise ConfigError(
                f"sk42.operation: {named!r} is no operation between WGS 84 and SK-42 that works here; "
                f"choose one of {', '.join(sorted(found))}"
            )
        return _described(named, *found[named])
    covered = {code: _covered(operation, area) for code, (operation, _) in found.items()}
    best = min(
        found, key=lambda code: (-min(covered[code], COVERS), _accuracy(found[code][0]), found[code][0].name, code)
    )
    return _described(best, *found[best])


def _transformers() -> list[Transformer]:
    """Every operation that needs no file that is not there, in longitude, latitude order."""
    from pyproj.transformer import TransformerGroup

    return list(TransformerGroup(WGS84, SK42, always_xy=True, allow_ballpark=False).transformers)


def _datum_step(transformer: Transformer) -> Any:
    """The step that changes the datum, if it is a registered one without grid files."""
    steps = [o for o in transformer.operations or () if "axis order" not in o.name]
    return steps[0] if len(steps) == 1 and not steps[0].grids and steps[0].accuracy >= 0 else None


def _code(operation: Any) -> str:
    return f"EPSG:{operation.to_json_dict()['id']['code']}"


def _accuracy(operation: Any) -> float:
    return float(operation.accuracy)


def _described(code: str, operation: Any, transformer: Transformer) -> DatumOperation:
    name = operation.name.removeprefix("Inverse of ")
    return DatumOperation(name=name, code=code, accuracy_m=_accuracy(operation), pipeline=transformer.definition)


def _covered(operation: Any, area: Area) -> float:
    """Share of ``area`` within the operation's stated box; boxes may cross the 180th meridian."""
    if operation.area_of_use is None:
        return 0.0
    west, south, east, north = operation.area_of_use.bounds
    east += 360.0 if east < west else 0.0
    wide = max(0.0, min(east, area[2]) - max(west, area[0])) / (area[2] - area[0])
    high = max(0.0, min(north, area[3]) - max(south, area[1])) / (area[3] - area[1])
    return wide * high


@lru_cache(maxsize=64)
def _pipeline(text: str) -> Transformer:
    from pyproj import Transformer

    return Transformer.from_pipeline(text)


@lru_cache(maxsize=64)
def _zone_projection(zone: int) -> Transformer:
    """SK-42 longitude, latitude -> east, north of one zone."""
    from pyproj import Transformer

    return Transformer.from_crs(SK42, f"EPSG:{28400 + zone}", always_xy=True)


def zone_of(lon: Any) -> NDArray[np.int64]:
    """Number of the Gauss-Krueger zone of 6 degrees; zone 9 is 48 to 54 E."""
    return (np.floor(np.asarray(lon, float) / ZONE_WIDTH_DEG) + 1).astype(np.int64)


def to_gauss_kruger(operation: DatumOperation, lon: Any, lat: Any, zone: int | None = None) -> GaussKruger:
    """SK-42 grid coordinates of positions on WGS 84.

    Parameters
    ----------
    operation : DatumOperation
    lon, lat : (n,) float64
        Degrees, WGS 84.
    zone : int, optional
        Put all positions in this zone, for a sheet that reaches over its edge; default each in its own.
    """
    sk_lon, sk_lat = operation.to_sk42(np.atleast_1d(np.asarray(lon, float)), np.atleast_1d(np.asarray(lat, float)))
    zones = zone_of(sk_lon) if zone is None else np.full(sk_lon.shape, zone, np.int64)
    east, north = np.empty(sk_lon.shape), np.empty(sk_lon.shape)
    for number in np.unique(zones):
        at = zones == number
        east[at], north[at] = _zone_projection(int(number)).transform(sk_lon[at], sk_lat[at])
    return GaussKruger(zone=zones, north_m=north, east_m=east)


def from_gauss_kruger(operation: DatumOperation, north_m: Any, east_m: Any) -> tuple[Reals, Reals]:
    """Longitude and latitude [degrees, WGS 84] of SK-42 X (north) and Y (east, with the zone's number in front) [m]."""
    north, east = np.atleast_1d(np.asarray(north_m, float)), np.atleast_1d(np.asarray(east_m, float))
    zones = np.floor(east / ZONE_PREFIX_M).astype(np.int64)
    lon, lat = np.empty(east.shape), np.empty(east.shape)
    for number in np.unique(zones):
        at = zones == number
        lon[at], lat[at] = _zone_projection(int(number)).transform(east[at], north[at], direction="INVERSE")
    return operation.from_sk42(lon, lat)


def dms_text(lon: float, lat: float, decimals: int = 1) -> tuple[str, str]:
    """Longitude and latitude as degrees, minutes and seconds: ``("55\u00b038'05.6\\"E", "41\u00b017'04.1\\"N")``."""
    return _dms(lon, "EW", 3, decimals), _dms(lat, "NS", 2, decimals)


def _dms(value: float, letters: str, digits: int, decimals: int) -> str:
    """Rounded once, in seconds, so that 60 never shows."""
    scale = 10**decimals
    whole = round(abs(value) * 3600 * scale)
    degrees, rest = divmod(whole, 3600 * scale)
    minutes, seconds = divmod(rest, 60 * scale)
    width = 3 + decimals if decimals else 2
    letter = letters[0] if value >= 0 else letters[1]
    return f"{degrees:0{digits if degrees > 99 else 2}d}\u00b0{minutes:02d}'{seconds / scale:0{width}.{decimals}f}\"{letter}"


def mgrs_text(lon: float, lat: float, digits: int = 5) -> str:
    """Military grid reference on WGS 84; 5 digits are metres, 2 are kilometres."""
    import mgrs

    text = str(mgrs.MGRS().toMGRS(lat, lon, MGRSPrecision=digits))
    grid, square, rest = text[: -2 * digits - 2], text[-2 * digits - 2 : -2 * digits], text[len(text) - 2 * digits :]
    return f"{grid} {square} {rest[:digits]} {rest[digits:]}"
