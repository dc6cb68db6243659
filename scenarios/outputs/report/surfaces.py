"""Rasters for the page: nearest cells in web mercator, one byte each, and the colours of each theme."""

from __future__ import annotations

import base64
import math
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property, lru_cache

import matplotlib as mpl
import numpy as np
from matplotlib.colors import LinearSegmentedColormap
from numpy.typing import NDArray

from rasters.arrays import Reals
from rasters.grid import Grid
from scenarios.model.ground import elevation_of
from scenarios.model.results import SpeciesRun
from scenarios.outputs.cartography.furniture import relief

__all__ = ["THEMES", "Frame", "Scale", "Theme", "ground_of", "packed", "surface_of"]

Bytes = NDArray[np.uint8]

UNKNOWN, MOST, NONE, CUT_OFF = 0, 253, 254, 255
"""Bytes: no data; 1 to ``MOST`` on the scale; exactly zero; infinite."""
SPAN, WIDE_SPAN = 150.0, 3000.0
"""Highest over lowest value of a scale: a byte is then right to 1 %, or to 1.6 % for currents."""
SHADE = (0.6, 1.25)
EARTH_M = 6_378_137.0
FINE = 900
"""Pixels along a side up to which cells are split, so that their edges stand where they are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Theme:
    """A surface that the page shows.

    ``says`` is what its numbers are, ``reading`` what people should know, both in the catalogues. ``colours`` is a name of
    matplotlib's, ``stretch`` the part of it that is used; ``fades`` lets low values, or high ones, show the ground; ``per``
    divides the values for people.
    """

    id: str
    title: str
    unit: str
    says: str
    reading: str
    colours: str
    stretch: tuple[float, float]
    fades: str = ""
    per: float = 1.0


THEMES = (
    Theme(
        id="corridor",
        title="Corridor",
        unit="effective km",
        colours="corridor",
        stretch=(0.0, 1.0),
        fades="high",
        per=1000.0,
        says="Extra cost of the best route through a cell over the cheapest route of all.",
        reading="Dark is where the cheapest routes run. Where nothing is drawn no route passes, or only a far dearer one.",
    ),
    Theme(
        id="current",
        title="Current density",
        unit="A/m",
        colours="magma_r",
        stretch=(0.0, 0.92),
        fades="low",
        says="Expected flow of movement: 1 A sent from each core to the targets.",
        reading="Where random walkers between cores and targets pass, and how concentrated. It ranks places; it does not count animals.",
    ),
    Theme(
        id="cost",
        title="Effort to the nearest target",
        unit="effective km",
        colours="viridis_r",
        stretch=(0.0, 1.0),
        per=1000.0,
        says="Least accumulated resistance times distance, fences included.",
        reading="Not kilometres walked: a kilometre through a cell of resistance 10 counts ten. A step in colour at a fence is the "
        "effort of going round or through it.",
    ),
    Theme(
        id="resistance",
        title="Resistance",
        unit="1",
        colours="cividis_r",
        stretch=(0.0, 0.8),
        says="Cost of a metre through a cell; 1 is the best habitat.",
        reading="Relative numbers: 50 means that an animal would rather walk 50 times as far through the best habitat.",
    ),
)
_CORRIDOR = LinearSegmentedColormap.from_list("corridor", ["#123f66", "#1f5f94", "#8fbcdc", "#d7e8f4"])


def palette(theme: Theme) -> str:
    """Colours of the bytes 1 to ``MOST`` as ``rrggbbaa`` in hexadecimal, one after the other."""
    colours = _CORRIDOR if theme.colours == "corridor" else mpl.colormaps[theme.colours]
    at = np.linspace(0.0, 1.0, MOST)
    rgba = colours(theme.stretch[0] + at * (theme.stretch[1] - theme.stretch[0]))
    if theme.fades:
        far = at if theme.fades == "high" else 1.0 - at
        rgba[:, 3] = np.clip(1.6 * (1.0 - far), 0.0, 1.0)
    return np.round(255 * rgba).astype(np.uint8).tobytes().hex()


def surface_of(run: SpeciesRun, theme: Theme) -> Reals:
    """(height, width) values of a theme in its unit; inf where there is no route or no passing, NaN where unknown."""
    surface = run.surface
    if theme.id == "resistance":
        return np.where(surface.nodata, np.nan, np.where(surface.barrier, np.inf, surface.values))
    values = {"corridor": run.corridor, "current": run.current_density, "cost": run.cwd}[theme.id]
    return np.where(surface.nodata, np.nan, values) / theme.per


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """Logarithmic scale of a theme; ``under`` and ``over`` say that some values lie beyond its ends, which share a byte each."""

    low: float
    high: float
    under: bool = False
    over: bool = False

    @classmethod
    def of(cls, surfaces: Iterable[Reals], theme: Theme) -> Scale:
        """One scale for the same theme in every scenario of a species."""
        positive = np.concatenate([values[np.isfinite(values) & (values > 0)] for values in surfaces])
        if not positive.size:
            return cls(low=0.5, high=1.0)
        least, most = float(positive.min()), float(positive.max())
        if theme.id == "current":
            bottom, high = (float(v) for v in np.quantile(positive, [0.25, 0.9995]))
            low = max(bottom, high / WIDE_SPAN)
        else:
            low, high = max(least, most / SPAN), most
        high = max(high, 1.01 * low)
        return cls(low=low, high=high, under=least < low, over=most > high)

    def bytes_of(self, values: Reals) -> Bytes:
        """Each value as its byte."""
        out = np.full(values.shape, UNKNOWN, np.uint8)
        finite = np.isfinite(values)
        share = np.log(np.maximum(values[finite], self.low) / self.low) / math.log(self.high / self.low)
        out[finite] = np.clip(np.round(1 + (MOST - 1) * share), 1, MOST)
        out[values == 0] = NONE
        out[np.isposinf(values)] = CUT_OFF
        return out


@dataclass(frozen=True, kw_only=True)
class Frame:
    """The grid's rectangle in web mercator in pixels of about a cell: finer for small grids, at most ``most`` a side."""

    grid: Grid
    most: int = 1600

    @cached_property
    def bounds(self) -> tuple[float, float, float, float]:
        """West, south, east, north in radians of longitude and of mercator's ordinate."""
        west, south, east, north = self.grid.bounds
        x, y = np.linspace(west, east, 60), np.linspace(south, north, 60)
        along = np.ones(60)
        edge_x, edge_y = (
            np.concatenate([x, x, west * along, east * along]),
            np.concatenate([south * along, north * along, y, y]),
        )
        lon, lat = self.grid.lonlat(edge_x, edge_y)
        up = np.arcsinh(np.tan(np.radians(lat)))
        return float(np.radians(lon.min())), float(up.min()), float(np.radians(lon.max())), float(up.max())

    @cached_property
    def shape(self) -> tuple[int, int]:
        """(height, width) in pixels."""
        west, south, east, north = self.bounds
        middle = math.cos(math.atan(math.sinh((south + north) / 2)))
        fine = max(1, FINE // max(self.grid.shape))
        pixel = math.sqrt(self.grid.cell_area_km2) * 1000.0 / (EARTH_M * middle * fine)
        pixel = max(pixel, (east - west) / self.most, (north - south) / self.most)
        return max(1, round((north - south) / pixel)), max(1, round((east - west) / pixel))

    @property
    def corners(self) -> list[list[float]]:
        """Longitude and latitude of the upper left, upper right, lower right and lower left corner [degrees]."""
        west, south, east, north = self.bounds
        low, high = (math.degrees(math.atan(math.sinh(v))) for v in (south, north))
        west, east = math.degrees(west), math.degrees(east)
        return [[west, high], [east, high], [east, low], [west, low]]

    def pick(self, cells: Bytes, grid: Grid) -> Bytes:
        """The byte of the nearest cell for each pixel; ``grid`` is that of the cells."""
        rows, cols, inside = _nearest_cells(self.bounds, self.shape, grid)
        return np.where(inside, cells[rows, cols], UNKNOWN).astype(np.uint8)


@lru_cache(maxsize=4)
def _nearest_cells(
    bounds: tuple[float, float, float, float], shape: tuple[int, int], grid: Grid
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.bool_]]:
    """Row and column of the cell under the middle of each pixel, and whether there is one."""
    west, south, east, north = bounds
    height, width = shape
    lon = np.degrees(west + (np.arange(width) + 0.5) * (east - west) / width)
    lat = np.degrees(np.arctan(np.sinh(north - (np.arange(height) + 0.5) * (north - south) / height)))
    x, y = grid.map_xy(*np.meshgrid(lon, lat))
    rows, cols = grid.cells_at(x, y)
    inside = (rows >= 0) & (rows < grid.height) & (cols >= 0) & (cols < grid.width)
    return np.where(inside, rows, 0), np.where(inside, cols, 0), inside


def ground_of(run: SpeciesRun) -> Bytes:
    """Relief as bytes of brightness between the two of ``SHADE``; water and unknown ground as in themes."""
    layer, surface = elevation_of(run), run.surface
    if layer is None:
        shade = np.ones(run.grid.shape)
    else:
        shade = relief(np.where(layer.nodata, np.nan, np.asarray(layer.values, float)), run.grid.cell_width_m)
    share = (shade - SHADE[0]) / (SHADE[1] - SHADE[0])
    out = np.clip(np.round(1 + (MOST - 1) * share), 1, MOST).astype(np.uint8)
    out[surface.barrier] = CUT_OFF
    out[surface.nodata] = UNKNOWN
    return out


def packed(pixels: Bytes) -> str:
    """Deflated bytes in base64: each row as its difference to the row above, where that is shorter."""
    below = pixels.copy()
    below[1:] -= pixels[:-1]
    middle = slice(pixels.shape[0] // 2, pixels.shape[0] // 2 + 40)
    differs = len(zlib.compress(below[middle].tobytes())) < len(zlib.compress(pixels[middle].tobytes()))
    data = b"\1" + below.tobytes() if differs else b"\0" + pixels.tobytes()
    return base64.b64encode(zlib.compress(data, 6)).decode()
