"""Focal regions of a study as people know them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

__all__ = ["FocalPlace"]


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

    def name_in(self, lang: str) -> str:
        """Name in a language, or the one that the study uses."""
        return self.names.get(lang, self.name)
