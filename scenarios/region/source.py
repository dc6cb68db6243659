"""What every source is to `otkel region`: what is fetched, from where, under which licence, and how it is read into the grid."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from rasters.grid import Grid
from scenarios.keys.new_study import checked_bounds, grid_around

if TYPE_CHECKING:
    import geopandas as gpd

__all__ = [
    "BOUNDS",
    "STEEP_PERCENT",
    "Ask",
    "CellRelief",
    "GivenFile",
    "Got",
    "Kept",
    "Layers",
    "Place",
    "Source",
    "squares",
]

BOUNDS = tuple[float, float, float, float]
"""West, south, east, north [degrees]; east may be past 180."""
STEEP_PERCENT = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """The region: its grid, and the bounds of the whole grid, which is wider than what was asked for [degrees]."""

    grid: Grid
    bounds: BOUNDS

    @classmethod
    def around(cls, bounds_deg: Sequence[float], cell_m: float | None) -> Place:
        """Of bounds as a user gives them."""
        bounds = checked_bounds(bounds_deg, "--bbox")
        grid = grid_around(bounds, cell_m)
        left, bottom, right, top = grid.bounds
        x, y = np.meshgrid(np.linspace(left, right, 33), np.linspace(bottom, top, 33))
        lon, lat = grid.lonlat(x.ravel(), y.ravel())
        middle = (bounds[0] + bounds[2]) / 2
        lon = middle + (lon - middle + 180) % 360 - 180
        return cls(grid=grid, bounds=(float(lon.min()), float(lat.min()), float(lon.max()), float(lat.max())))

    @property
    def lon_0(self) -> float:
        """Longitude of its middle [degrees]."""
        return (self.bounds[0] + self.bounds[2]) / 2

    @property
    def boxes(self) -> tuple[BOUNDS, ...]:
        """The bounds, in two where they cross 180 degrees; none goes past it."""
        west, south, east, north = self.bounds
        if west < -180:
            return (west + 360, south, 180.0, north), (-180.0, south, east, north)
        if east > 180:
            return (west, south, 180.0, north), (-180.0, south, east - 360, north)
        return ((west, south, east, north),)

    def pixel_deg(self, per_cell: int) -> float:
        """Width of pixels of which some stand side by side in a cell [degrees]."""
        return self.grid.cell_width_m / per_cell / 111_320.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """A file of a source.

    Parameters
    ----------
    west : int
        Its western edge [degrees], past 180 where the region crosses that meridian.
    pixel_deg : float
        Pixels this wide are enough [degrees]: an overview will do; 0 for the whole file.
    query : str
        Sent with it.
    """

    url: str
    west: int = 0
    pixel_deg: float = 0.0
    query: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A file that was fetched, as SOURCES.yaml has it; ``sha256`` is empty where the source has none (sea).

    Parameters
    ----------
    checked : str
        Name of the hash that the source publishes, and that what came has; empty where it publishes none, or a part came.
    overview, factor : int
        Of a file of which only the beginning came: the overview that it holds (0 is the first), and how many times coarser
        its pixels are; -1 and 1 for the whole file.
    whole_bytes : int
        Of the whole file, as the server says.
    query : str
        That was sent.
    """

    url: str
    fetched: str
    sha256: str
    n_bytes: int
    etag: str
    checked: str = ""
    overview: int = -1
    factor: int = 1
    whole_bytes: int = 0
    query: str = ""

    def as_row(self) -> dict[str, object]:
        """For SOURCES.yaml: without what says nothing."""
        usual = {"checked": "", "overview": -1, "factor": 1, "query": "", "whole_bytes": self.n_bytes}
        return {key: value for key, value in asdict(self).items() if key not in usual or value != usual[key]}


@dataclass(frozen=True, slots=True, kw_only=True)
class Got:
    """What came of an ask, now or at an earlier time; no path where the source has no such file."""

    ask: Ask
    kept: Kept
    path: Path | None
    is_new: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CellRelief:
    """Relief of each cell, from finer relief; each (height, width)."""

    elevation_m: NDArray[np.float32]
    slope_percent: NDArray[np.float32]
    """Mean of the fine slopes."""
    slope_max_percent: NDArray[np.float32]
    steep_share: NDArray[np.float32]
    """Share of the cell steeper than `STEEP_PERCENT` [1]."""
    ruggedness_m: NDArray[np.float32]
    fine_m: float
    """Cell size that slopes were computed on [m]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Layers:
    """What a source gives.

    Parameters
    ----------
    ground : CellRelief, optional
        Relief.
    cover : (height, width), optional
        WorldCover's codes; 0 where none is known.
    tables : mapping of str to GeoDataFrame
        Features in the grid's system by theme; only themes with features.
    left_out : mapping of str to int
        What was not taken, in words of people, and how many.
    fetched : tuple of Kept
        What was fetched while reading, because it may not be kept.
    """

    ground: CellRelief | None = None
    cover: NDArray[np.uint8] | None = None
    tables: Mapping[str, gpd.GeoDataFrame] = field(default_factory=dict)
    left_out: Mapping[str, int] = field(default_factory=dict)
    fetched: tuple[Kept, ...] = ()

    def and_then(self, other: Layers) -> Layers:
        """Both; the other's where both have something."""
        return Layers(
            ground=self.ground if other.ground is None else other.ground,
            cover=self.cover if other.cover is None else other.cover,
            tables={**self.tables, **other.tables},
            left_out={**self.left_out, **other.left_out},
            fetched=(*self.fetched, *other.fetched),
        )


class Source(Protocol):
    """A public source, or a file of the user that stands for one."""

    @property
    def key(self) -> str:
        """Short name; of SOURCES.yaml, and of its address in settings."""

    @property
    def title(self) -> str:
        """Name for people."""

    @property
    def licence(self) -> str:
        """Under which it may be used."""

    @property
    def attribution(self) -> str:
        """What maps must say."""

    @property
    def by_hand(self) -> str:
        """Option that takes a file instead."""

    @property
    def files(self) -> tuple[Path, ...]:
        """Of the user, that are read; none of a public source."""

    def asks(self, place: Place) -> tuple[Ask, ...]:
        """What is fetched; nothing of a file of the user."""

    def fault(self, path: Path) -> str:
        """Why a file that came is not what it should be; empty where it is."""

    def read(self, place: Place, got: Sequence[Got]) -> Layers:
        """What was fetched, or the user's file, in the grid."""


@dataclass(frozen=True, slots=True)
class GivenFile:
    """A file of the user that stands for a public source: nothing is fetched."""

    path: Path

    @property
    def title(self) -> str:
        """Name for people."""
        return self.path.name

    @property
    def files(self) -> tuple[Path, ...]:
        """The file."""
        return (self.path,)

    def asks(self, place: Place) -> tuple[Ask, ...]:
        """Nothing."""
        return ()

    def fault(self, path: Path) -> str:
        """None: nothing is fetched."""
        return ""


def squares(bounds: BOUNDS, step: int) -> Iterator[tuple[int, int, str, str]]:
    """West and south of each square of ``step`` degrees that bounds touch [degrees], and south and west as names of tiles have them."""
    west, south, east, north = bounds
    for y in range(math.floor(south / step) * step, math.ceil(north), step):
        for x in range(math.floor(west / step) * step, math.ceil(east), step):
            real = (x + 180) % 360 - 180
            yield x, y, f"{'N' if y >= 0 else 'S'}{abs(y):02d}", f"{'E' if real >= 0 else 'W'}{abs(real):03d}"
