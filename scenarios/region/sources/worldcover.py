"""Land cover of ESA WorldCover: tiles of three degrees by name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from scenarios.region.reading import opened, placed, raster_fault, read_classes
from scenarios.region.source import Ask, Got, Layers, Place, squares

__all__ = ["WorldCover"]

SAMPLES = 10
"""Pixels side by side in a cell that tell which class most of it has."""


@dataclass(frozen=True, slots=True)
class WorldCover:
    """ESA WorldCover 2021; a tile that is not there is sea."""

    address: str
    key: str = "worldcover"
    title: str = "ESA WorldCover 2021 v200"
    licence: str = "CC BY 4.0"
    attribution: str = (
        "Land cover: (c) ESA WorldCover project / contains modified Copernicus Sentinel data (2021) processed by the ESA "
        "WorldCover consortium, CC BY 4.0"
    )
    by_hand: str = "--landcover"
    files: tuple[Path, ...] = ()

    def asks(self, place: Place) -> tuple[Ask, ...]:
        """A tile for each three degrees."""
        return tuple(
            Ask(
                url=f"{self.address}/v200/2021/map/ESA_WorldCover_10m_2021_v200_{lat}{lon}_Map.tif",
                west=west,
                pixel_deg=place.pixel_deg(SAMPLES),
            )
            for west, _, lat, lon in squares(place.bounds, 3)
        )

    def fault(self, path: Path) -> str:
        """Empty for a raster."""
        return raster_fault(path)

    def read(self, place: Place, got: Sequence[Got]) -> Layers:
        """The class of most of each cell."""
        with opened(placed(got), place.lon_0) as source:
            return Layers(cover=read_classes(source, place.grid, self.title))
