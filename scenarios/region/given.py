"""What a user gives to `otkel region`, and the sources that follow from it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rasters.errors import DataError, OptionError
from rasters.files.formats import require_plain_vectors
from scenarios.region.addresses import addresses_of
from scenarios.region.source import BOUNDS, Place, Source
from scenarios.region.sources.copernicus import Copernicus
from scenarios.region.sources.osm_extract import OsmExtract
from scenarios.region.sources.overpass import Overpass
from scenarios.region.sources.own_rasters import OwnLandCover, OwnRelief
from scenarios.region.sources.protected_areas import ProtectedAreas
from scenarios.region.sources.protected_planet import ProtectedPlanet
from scenarios.region.sources.worldcover import WorldCover

__all__ = ["Given", "bounds_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """Files and choices of the user.

    Parameters
    ----------
    dem, landcover : Path, optional
        Rasters instead of the public ones: heights in metres; codes of WorldCover.
    pbf, wdpa : Path, optional
        Extract of OpenStreetMap; WDPA polygons.
    wdpa_countries : sequence of str
        ISO codes of countries whose reserves Protected Planet is asked for.
    overpass : bool
        OpenStreetMap by Overpass instead of an extract.
    addresses : sequence of str
        ``NAME=URL``, see `addresses_of`.
    """

    dem: Path | None = None
    landcover: Path | None = None
    pbf: Path | None = None
    wdpa: Path | None = None
    wdpa_countries: Sequence[str] = ()
    overpass: bool = False
    addresses: Sequence[str] = ()

    def sources(self, place: Place) -> tuple[Source, ...]:
        """In the order in which they are read: later ones come before earlier ones where both have a theme."""
        self._require()
        at = addresses_of(self.addresses)
        out: list[Source] = [
            OwnRelief(self.dem, "dem", "--dem")
            if self.dem
            else Copernicus.for_cells(at["dem"], place.grid.cell_width_m),
            OwnLandCover(self.landcover, "landcover", "--landcover")
            if self.landcover
            else WorldCover(at["worldcover"]),
        ]
        if self.pbf:
            out.append(OsmExtract(self.pbf))
        if self.overpass:
            out.append(Overpass(at["overpass"]))
        if self.wdpa:
            out.append(ProtectedAreas(self.wdpa))
        if self.wdpa_countries:
            out.append(ProtectedPlanet.of_user(at["wdpa"], self.wdpa_countries))
        return tuple(out)

    def _require(self) -> None:
        for option in ("dem", "landcover", "pbf", "wdpa"):
            path = getattr(self, option)
            if path is not None and not path.exists():
                raise OptionError(f"--{option} {path}: is not there")
        if self.wdpa and self.wdpa_countries:
            raise OptionError("--wdpa-country: give it or --wdpa, not both; both are the WDPA")
        if self.pbf and self.overpass:
            raise OptionError("--overpass: give it or --pbf, not both; an extract has all that Overpass has")


def bounds_of(bbox: Sequence[float] | None, area: Path | None) -> Sequence[float]:
    """Bounds as they are given or those of a vector file [degrees]; OptionError unless one of both is given."""
    if bbox is not None and area is None:
        return bbox
    if area is not None and bbox is None:
        return _area_bounds(area)
    raise OptionError("give either bbox=(west, south, east, north) or area=FILE (--bbox W S E N, or --area FILE)")


def _area_bounds(path: Path) -> BOUNDS:
    """Bounds of the features of a vector file [degrees]; east is less than west where they lie on both sides of 180 degrees."""
    import numpy as np
    from pyogrio import read_bounds, read_info
    from pyogrio.errors import DataLayerError, DataSourceError
    from pyproj import Transformer
    from pyproj.exceptions import CRSError

    require_plain_vectors(path)
    try:
        crs, (_, boxes) = read_info(path)["crs"], read_bounds(path)
    except (ValueError, UnboundLocalError, CRSError, DataSourceError, DataLayerError) as error:
        raise DataError(f"--area {path}: cannot be read as vectors ({error})") from None
    if crs is None or not boxes.size:
        raise DataError(f"--area {path}: has no {'features' if crs else 'coordinate reference system'}")
    to_degrees = Transformer.from_crs(crs, "EPSG:4326", always_xy=True)
    each = np.array([to_degrees.transform_bounds(*box) for box in boxes.T])
    west, south, east, north = each[:, 0].min(), each[:, 1].min(), each[:, 2].max(), each[:, 3].max()
    if east - west > 180:  # on both sides of the meridian of 180 degrees: the gap in the middle is not the region
        west, east = each[each[:, 0] > 0, 0].min(), each[each[:, 2] < 0, 2].max()
    return float(west), float(south), float(east), float(north)
