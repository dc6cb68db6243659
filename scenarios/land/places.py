"""Focal regions of a study as people know them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from rasters.plain import plain_text

__all__ = ["FocalPlace", "attribute", "names_in", "place_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class FocalPlace:
    """A focal region of the study as people know it.

    ``geometry`` is a shapely polygon in the grid's CRS; ``role`` is ``"from"`` or ``"to"``; ``names`` has the name in other
    languages, by code, where the study's file has columns such as ``name_ru``.
    """

    id: str
    name: str
    role: str
    geometry: Any
    geometry_status: str
    names: dict[str, str] = field(default_factory=dict)


def place_of(row: pd.Series, *, id_column: str, name_column: str, status_column: str, role: str = "") -> FocalPlace:
    """A feature with its attributes as text: named after its id where it has no name, of unknown status where it has none."""
    known = str(row[id_column])
    return FocalPlace(
        id=known,
        name=attribute(row.get(name_column), known),
        role=role,
        geometry=row.geometry,
        geometry_status=attribute(row.get(status_column), "unknown"),
        names=names_in(row),
    )


def names_in(row: pd.Series) -> dict[str, str]:
    """Language -> name, of columns such as ``name_ru`` that hold one."""
    names = {str(column)[5:]: attribute(row[column], "") for column in row.index if str(column).startswith("name_")}
    return {lang: name for lang, name in names.items() if name}


def attribute(value: object, otherwise: str) -> str:
    """An attribute as text that every file and screen can show; ``otherwise`` where there is none."""
    return otherwise if value is None or value is pd.NA or value != value or value == "" else plain_text(str(value))
