"""Relief and land cover from rasters of the user, instead of the public ones."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rasters.errors import DataError
from rasters.files.bands import EXTRACT, open_band
from scenarios.region.reading import read_classes, read_ground
from scenarios.region.source import GivenFile, Got, Layers, Place

__all__ = ["OwnLandCover", "OwnRelief"]

DEGREE_M = 111_320.0
NOT_SAID = "unknown: say it here"


@dataclass(frozen=True, slots=True)
class _OwnRaster(GivenFile):
    """A raster of the user."""

    key: str
    by_hand: str
    licence: str = NOT_SAID

    @property
    def attribution(self) -> str:
        """What maps must say."""
        return f"{self.key}: {self.path.name}"


class OwnRelief(_OwnRaster):
    """Heights in metres."""

    def read(self, place: Place, got: Sequence[Got]) -> Layers:
        """Heights and slopes of each cell."""
        with _raster(self.path, "m") as source:
            pixel_m = float(-source.transform.e) * (DEGREE_M if source.crs.is_geographic else 1.0)
            return Layers(ground=read_ground(source, place.grid, pixel_m))


class OwnLandCover(_OwnRaster):
    """Codes of WorldCover."""

    def read(self, place: Place, got: Sequence[Got]) -> Layers:
        """The class of most of each cell."""
        with _raster(self.path, "class") as source:
            return Layers(cover=read_classes(source, place.grid, str(self.path)))


@contextmanager
def _raster(path: Path, unit: str) -> Iterator[Any]:
    """The one band of a raster, of which stored numbers are the values, and no data is told by a tag or mask."""
    with open_band(path, choose=EXTRACT) as band:
        band.require_unit(unit)
        if band.crs is None:
            raise DataError(f"{path}: has no coordinate reference system; assign one (gdal_edit -a_srs EPSG:...)")
        if not band.is_plain or band.south_up:
            what = "is stored from south to north" if band.is_plain else "its numbers have a scale or an offset"
            raise DataError(
                f"{path}: {what}; write it again north-up and as values (gdalwarp, gdal_translate -unscale)"
            )
        if strays := band.never_meant():
            raise DataError(
                f"{path}: holds {min(strays):.7g}, which is no value, and no tag says that it stands for no data; "
                f"write the tag (gdal_edit -a_nodata {min(strays):.7g})"
            )
        yield band.file
