"""What a table of fixes must hold, and what its columns are called elsewhere."""

from __future__ import annotations

from collections.abc import Iterable

from scenarios.field_data.standard import Field, TableStandard

__all__ = ["FIXES", "field_of", "is_movebank"]

FIXES = TableStandard(
    name="fixes",
    key="",
    fields=(
        Field(name="animal"),
        Field(name="time", kind="time", required=True),
        Field(name="lon", kind="number"),
        Field(name="lat", kind="number"),
        Field(name="species"),
        Field(name="visible"),
        Field(name="outlier"),
    ),
)

ALIASES = {
    "individual-local-identifier": "animal",
    "animal-id": "animal",
    "timestamp": "time",
    "location-long": "lon",
    "location-lat": "lat",
    "longitude": "lon",
    "latitude": "lat",
    "individual-taxon-canonical-name": "species",
    "manually-marked-outlier": "outlier",
}
"""Names of Movebank's attributes (https://www.movebank.org/cms/movebank-content/movebank-attribute-dictionary) and plain ones."""
MOVEBANK = ("timestamp", "location-long", "location-lat", "individual-local-identifier")


def _plain(name: str) -> str:
    return name.strip().lower().replace("_", "-").replace(".", "-").replace(" ", "-").replace(":", "-")


def field_of(name: str) -> str | None:
    """Field of the standard that a column holds, by what it is called; None of others."""
    plain = _plain(name)
    return plain if FIXES.field(plain) else ALIASES.get(plain)


def is_movebank(names: Iterable[str]) -> bool:
    """Whether these are columns of a Movebank file, whose times are UTC."""
    return set(MOVEBANK) <= {_plain(name) for name in names}
