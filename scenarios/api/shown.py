"""A comparison as scripts and notebooks get it: it draws itself."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

from scenarios.comparison.figure import draw_figure
from scenarios.comparison.sides import Comparison
from scenarios.comparison.words import html_table

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["ShownComparison"]


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class ShownComparison(Comparison):
    """A comparison with its figure, and a table in notebooks."""

    @classmethod
    def of(cls, found: Comparison) -> ShownComparison:
        """The same comparison."""
        return cls(**{field.name: getattr(found, field.name) for field in fields(found)})

    def figure(self) -> Figure:
        """The figure for a report, as a matplotlib Figure."""
        return draw_figure(self)

    def _repr_html_(self) -> str:
        return html_table(self)
