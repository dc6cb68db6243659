"""Relief of the Copernicus DEM: tiles of one degree by name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from scenarios.region.reading import MOST_FINE, opened, placed, raster_fault, read_ground
from scenarios.region.source import Ask, Got, Layers, Place, squares

__all__ = ["Copernicus"]

FINEST_COARSE_M = 250.0
"""Cells from which on relief of 90 m is enough [m]."""
DEGREE_M = 111_320.0


@dataclass(frozen=True, slots=True)
class Copernicus:
    """Copernicus DEM; a tile that is not there is sea. GLO-30 for small cells, GLO-90 for others.

    Parameters
    ----------
    address : str
        Of the folder of all tiles.
    arc : int
        Metres of a pixel.
    """

    address: str
    arc: int
    key: str = "dem"
    licence: str = "Copernicus DEM licence; free of charge, with attribution"
    attribution: str = (
        "Relief: Copernicus DEM, (c) DLR e.V. 2010-2014 and (c) Airbus Defence and Space GmbH 2014-2018, provided under "
        "COPERNICUS by the European Union and ESA; all rights reserved"
    )
    by_hand: str = "--dem"
    files: tuple[Path, ...] = ()

    @classmethod
    def for_cells(cls, address: str, cell_m: float) -> Copernicus:
        """As fine as cells need; ``{arc}`` in the address stands for the metres of a pixel."""
        arc = 90 if cell_m >= FINEST_COARSE_M else 30
        return cls(address.replace("{arc}", str(arc)), arc)

    @property
    def title(self) -> str:
        """Name for people."""
        return f"Copernicus DEM GLO-{self.arc}"

    def asks(self, place: Place) -> tuple[Ask, ...]:
        """A tile for each degree."""
        return tuple(self._ask(west, lat, lon, place) for west, _, lat, lon in squares(place.bounds, 1))

    def _ask(self, west: int, lat: str, lon: str, place: Place) -> Ask:
        name = f"Copernicus_DSM_COG_{self.arc // 3}_{lat}_00_{lon}_00_DEM"
        return Ask(url=f"{self.address}/{name}/{name}.tif", west=west, pixel_deg=place.pixel_deg(MOST_FINE))

    def fault(self, path: Path) -> str:
        """Empty for a raster."""
        return raster_fault(path)

    def read(self, place: Place, got: Sequence[Got]) -> Layers:
        """Heights and slopes of each cell."""
        with opened(placed(got), place.lon_0) as source:
            return Layers(ground=read_ground(source, place.grid, -source.transform.e * DEGREE_M))
