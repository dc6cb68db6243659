"""What is taken of OpenStreetMap, and how its tags say so: one list for extracts and Overpass."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["GATES", "TAGS", "THEMES", "Theme", "conditions"]

Shape = Literal["points", "lines", "multipolygons"]
"""As GDAL names the layers of an extract."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Theme:
    """Features of a shape that have one of some values of a tag, and of another tag where that is stated."""

    table: str
    shape: Shape
    key: str
    values: tuple[str, ...]
    also: tuple[str, str] | None = None

    @property
    def sql(self) -> str:
        """The condition, for GDAL."""
        listed = ", ".join(f"'{value}'" for value in self.values)
        more = f" AND {self.also[0]} = '{self.also[1]}'" if self.also else ""
        return f"({self.key} IN ({listed}){more})"

    @property
    def ql(self) -> str:
        """The condition, for Overpass."""
        more = f'["{self.also[0]}"="{self.also[1]}"]' if self.also else ""
        return f'["{self.key}"~"^({"|".join(self.values)})$"]{more}'


FENCES = ("fence", "wall", "city_wall", "cable_barrier")
GATES = ("gate", "lift_gate", "swing_gate", "sliding_gate", "border_control", "cattle_grid", "entrance")
"""What stands in a fence; ``entrance`` is a gap without a gate."""
THEMES = (
    Theme(table="fences", shape="lines", key="barrier", values=FENCES),
    Theme(table="fences", shape="multipolygons", key="barrier", values=FENCES),
    Theme(table="gates", shape="points", key="barrier", values=GATES),
    Theme(
        table="roads", shape="lines", key="highway", values=("motorway", "trunk", "primary", "secondary", "tertiary")
    ),
    Theme(table="rail", shape="lines", key="railway", values=("rail", "narrow_gauge")),
    Theme(table="canals", shape="lines", key="waterway", values=("canal",)),
    Theme(table="rivers", shape="lines", key="waterway", values=("river",)),
    Theme(table="borders", shape="lines", key="boundary", values=("administrative",), also=("admin_level", "2")),
    Theme(table="settlements", shape="points", key="place", values=("city", "town", "village", "hamlet")),
    Theme(table="water", shape="multipolygons", key="natural", values=("water",)),
    Theme(table="water", shape="multipolygons", key="landuse", values=("reservoir",)),
    Theme(table="reserves", shape="multipolygons", key="boundary", values=("protected_area", "national_park")),
    Theme(table="reserves", shape="multipolygons", key="leisure", values=("nature_reserve",)),
)
TAGS = (
    "name",
    "name_ru",
    "name_kk",
    "barrier",
    "fence_type",
    "material",
    "height",
    "wires",
    "width",
    "highway",
    "railway",
    "waterway",
    "boundary",
    "admin_level",
    "place",
    "natural",
    "landuse",
    "leisure",
)
"""Tags that are read, as columns; ``name:ru`` is ``name_ru``."""


def conditions(shape: Shape) -> list[Theme]:
    """Themes of a shape."""
    return [theme for theme in THEMES if theme.shape == shape]
