"""Protected areas of the WDPA, from a download of the user: its terms forbid to pass them on, so they are never kept or shared."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rasters.errors import DataError
from scenarios.region.source import GivenFile, Got, Layers, Place
from scenarios.region.sources.vector_files import read_within, require_known

__all__ = ["WDPA_ATTRIBUTION", "WDPA_LICENCE", "ProtectedAreas"]

WDPA_LICENCE = "WDPA terms of use: not to be redistributed, nor used commercially"
WDPA_ATTRIBUTION = "Reserves: UNEP-WCMC and IUCN, The World Database on Protected Areas (WDPA)"

NAMES = ("NAME", "NAME_ENG", "name")
"""Attributes with names: of downloads, of those since 2025, of files that people wrote again."""
STANDING = ("Designated", "Established", "Inscribed", "Adopted")
"""Status of an area that exists; others are proposed, or not reported."""


@dataclass(frozen=True, slots=True)
class ProtectedAreas(GivenFile):
    """Polygons of Protected Planet: a GeoPackage, geodatabase or shapefile."""

    key: str = "wdpa"
    licence: str = WDPA_LICENCE
    attribution: str = WDPA_ATTRIBUTION
    by_hand: str = "--wdpa"

    def read(self, place: Place, got: Sequence[Got]) -> Layers:
        """Reserves that stand, by name."""
        areas = read_within(self.path, place, self._layer())
        name = next((one for one in NAMES if one in areas), None)
        if name is None:
            raise DataError(f"--wdpa {self.path}: has no attribute NAME; give the download of WDPA polygons")
        areas = areas[areas.geometry.geom_type.isin(["Polygon", "MultiPolygon"])]
        standing = areas["STATUS"].isin(STANDING) if "STATUS" in areas else areas[name].notna() | True
        table = areas[standing][[name, "geometry"]].rename(columns={name: "name"}).reset_index(drop=True)
        left_out = {"reserves that are only proposed, or of no reported status": int((~standing).sum())}
        return Layers(
            tables={"reserves": table} if len(table) else {}, left_out={k: n for k, n in left_out.items() if n}
        )

    def _layer(self) -> str:
        """The first layer of polygons."""
        import pyogrio
        from pyogrio.errors import DataSourceError

        require_known(self.path)
        try:
            there = [(str(name), str(kind)) for name, kind in pyogrio.list_layers(self.path)]
        except DataSourceError as error:
            raise DataError(f"--wdpa {self.path}: cannot be read ({error}); unpack a zip first") from None
        for name, kind in there:
            if "Polygon" in kind or kind == "Unknown":
                return name
        raise DataError(
            f"--wdpa {self.path}: has no polygons, only {', '.join(kind for _, kind in there)}; give the download of polygons"
        )
