"""What a public source is: its tiles by name, its licence, and where it is asked for them."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import urlsplit

from rasters.errors import ConfigError

__all__ = ["BOUNDS", "Relief", "Source", "Tile", "WorldCover"]

BOUNDS = tuple[float, float, float, float]
"""West, south, east, north [degrees]; east may be past 180."""
FINEST_COARSE_M = 250.0
"""Cells from which on relief of 90 m is enough [m]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tile:
    """A file of a source.

    Parameters
    ----------
    west, south : int
        Its corner [degrees]; west is past 180 where the region crosses that meridian.
    """

    url: str
    west: int
    south: int


class Source(Protocol):
    """What is fetched, from where, under which licence, and what a tile that is not there means."""

    @property
    def key(self) -> str:
        """Layer that it gives."""

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

    def tiles(self, bounds: BOUNDS) -> Iterator[Tile]:
        """The tiles that hold some bounds."""


@dataclass(frozen=True, slots=True)
class Relief:
    """Copernicus DEM, tiles of one degree; none is sea. GLO-30 for small cells, GLO-90 for others."""

    cell_m: float
    key: str = "relief"
    licence: str = "Copernicus DEM licence; free of charge, with attribution"
    attribution: str = (
        "Relief: Copernicus DEM, (c) DLR e.V. 2010-2014 and (c) Airbus Defence and Space GmbH 2014-2018, provided under "
        "COPERNICUS by the European Union and ESA; all rights reserved"
    )
    by_hand: str = "--dem"

    @property
    def arc(self) -> int:
        """Metres of a pixel."""
        return 90 if self.cell_m >= FINEST_COARSE_M else 30

    @property
    def title(self) -> str:
        """Name for people."""
        return f"Copernicus DEM GLO-{self.arc}"

    def tiles(self, bounds: BOUNDS) -> Iterator[Tile]:
        """One for each degree."""
        base = _base("OTKEL_URL_DEM", f"https://copernicus-dem-{self.arc}m.s3.amazonaws.com")
        for west, south, lat, lon in _squares(bounds, 1):
            name = f"Copernicus_DSM_COG_{self.arc // 3}_{lat}_00_{lon}_00_DEM"
            yield Tile(url=f"{base}/{name}/{name}.tif", west=west, south=south)


@dataclass(frozen=True, slots=True)
class WorldCover:
    """ESA WorldCover 2021, tiles of three degrees; none is sea."""

    key: str = "landcover"
    title: str = "ESA WorldCover 2021 v200"
    licence: str = "CC BY 4.0"
    attribution: str = (
        "Land cover: (c) ESA WorldCover project / contains modified Copernicus Sentinel data (2021) processed by the ESA "
        "WorldCover consortium, CC BY 4.0"
    )
    by_hand: str = "--landcover"

    def tiles(self, bounds: BOUNDS) -> Iterator[Tile]:
        """One for each three degrees."""
        base = _base("OTKEL_URL_WORLDCOVER", "https://esa-worldcover.s3.eu-central-1.amazonaws.com")
        for west, south, lat, lon in _squares(bounds, 3):
            name = f"ESA_WorldCover_10m_2021_v200_{lat}{lon}_Map.tif"
            yield Tile(url=f"{base}/v200/2021/map/{name}", west=west, south=south)


def _base(variable: str, usual: str) -> str:
    address = os.environ.get(variable, usual).rstrip("/")
    if urlsplit(address).scheme not in ("http", "https"):
        raise ConfigError(f"{variable}={address}: should be an address that begins with https:// or http://")
    return address


def _squares(bounds: BOUNDS, step: int) -> Iterator[tuple[int, int, str, str]]:
    """West and south of each square [degrees], and both as names of tiles have them."""
    west, south, east, north = bounds
    for y in range(math.floor(south / step) * step, math.ceil(north), step):
        for x in range(math.floor(west / step) * step, math.ceil(east), step):
            real = (x + 180) % 360 - 180
            yield x, y, f"{'N' if y >= 0 else 'S'}{abs(y):02d}", f"{'E' if real >= 0 else 'W'}{abs(real):03d}"
