"""An extract of OpenStreetMap (.osm.pbf) of the user, read by GDAL: in three goes whatever is taken of it, and within little memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rasters.errors import DataError
from scenarios.region.features import layers_of
from scenarios.region.hashes import beside
from scenarios.region.source import GivenFile, Got, Layers, Place
from scenarios.region.sources.vector_files import read_within
from scenarios.region.themes import Shape, conditions

__all__ = ["OSM_ATTRIBUTION", "OSM_LICENCE", "OsmExtract"]

OSM_LICENCE = "ODbL 1.0"
OSM_ATTRIBUTION = "Fences, roads, water and settlements: (c) OpenStreetMap contributors, ODbL"
SETTINGS = Path(__file__).parent.parent / "templates" / "osmconf.ini"
"""Which tags GDAL makes columns of."""
SHAPES: tuple[Shape, ...] = ("points", "lines", "multipolygons")


@dataclass(frozen=True, slots=True)
class OsmExtract(GivenFile):
    """A file such as of Geofabrik; with ``FILE.md5`` beside it, it is checked first."""

    key: str = "osm"
    licence: str = OSM_LICENCE
    attribution: str = OSM_ATTRIBUTION
    by_hand: str = "--pbf"

    def read(self, place: Place, got: Sequence[Got]) -> Layers:
        """Tables of all themes."""
        import geopandas as gpd
        import pandas as pd

        if self.path.name.endswith(".osm"):
            raise DataError(f"{self.path}: is OpenStreetMap XML; give an extract of the binary format, .osm.pbf")
        beside(self.path)
        parts = []
        for shape in SHAPES:
            where = " OR ".join(theme.sql for theme in conditions(shape))
            parts.append(read_within(self.path, place, shape, where, {"CONFIG_FILE": str(SETTINGS)}))
        some = [part for part in parts if len(part)] or parts[:1]
        found = gpd.GeoDataFrame(pd.concat(some, ignore_index=True), crs=parts[0].crs)
        return layers_of(found, place.grid, "OpenStreetMap, broken ways joined")
