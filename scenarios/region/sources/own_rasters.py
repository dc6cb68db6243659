"""Relief and land cover from rasters of the user, instead of the public ones."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import rasterio

from rasters.errors import DataError
from scenarios.region.reading import read_classes, read_ground
from scenarios.region.source import Ask, Got, Layers, Place

__all__ = ["OwnLandCover", "OwnRelief"]

DEGREE_M = 111_320.0
NOT_SAID = "unknown: say it here"


@dataclass(frozen=True, slots=True)
class _OwnRaster:
    """A raster of the user."""

    path: Path
    key: str
    by_hand: str
    licence: str = NOT_SAID

    @property
    def title(self) -> str:
        """Name for people."""
        return self.path.name

    @property
    def attribution(self) -> str:
        """What maps must say."""
        return f"{self.key}: {self.path.name}"

    @property
    def files(self) -> tuple[Path, ...]:
        """The raster."""
        return (self.path,)

    def asks(self, place: Place) -> tuple[Ask, ...]:
        """Nothing."""
        return ()

    def fault(self, path: Path) -> str:
        """Nothing is fetched."""
        return ""


class OwnRelief(_OwnRaster):
    """Heights in metres."""

    def read(self, place: Place, got: Sequence[Got]) -> Layers:
        """Heights and slopes of each cell."""
        with _raster(self.path) as source:
            pixel_m = float(-source.transform.e) * (DEGREE_M if source.crs.is_geographic else 1.0)
            return Layers(ground=read_ground(source, place.grid, pixel_m))


class OwnLandCover(_OwnRaster):
    """Codes of WorldCover."""

    def read(self, place: Place, got: Sequence[Got]) -> Layers:
        """The class of most of each cell."""
        with _raster(self.path) as source:
            return Layers(cover=read_classes(source, place.grid, str(self.path)))


@contextmanager
def _raster(path: Path) -> Iterator[Any]:
    try:
        source = rasterio.open(path)
    except rasterio.errors.RasterioIOError as error:
        raise DataError(f"{path}: cannot be read as a raster ({error})") from None
    with source:
        if source.crs is None:
            raise DataError(f"{path}: has no coordinate reference system; assign one (gdal_edit -a_srs EPSG:...)")
        yield source
