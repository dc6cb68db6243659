"""A corridor in words that a planner would use."""

from __future__ import annotations

import math

from scenarios.corridors.results import CorridorRoute, SpeciesCorridors
from scenarios.outputs.tables import lon_lat

__all__ = ["describe_route", "route_title"]


def route_title(found: SpeciesCorridors, route: CorridorRoute) -> str:
    """From where to where."""
    return f"{found.name_of(route.source)} to {found.name_of(route.target)}"


def describe_route(found: SpeciesCorridors, route: CorridorRoute) -> str:
    """How long, what it costs, where it meets a fence and where it is weakest, in a few sentences."""
    by = f", past {_listed(route.passes)}" if route.passes else ""
    sentences = [f"{route.length_m / 1000:.0f} km over the ground{by}.", _cost(route), _fences(found, route)]
    if route.weakest is not None:
        weak = route.weakest
        sentences.append(
            f"Weakest {weak.path_m / 1000:.0f} km from its start, at {_where(found, weak.x, weak.y)}: {weak.share:.0%} of all "
            f"movement in its band passes one {found.ground.grid.cell_width_m / 1000:g} km cell there."
        )
    return " ".join(sentences)


def _cost(route: CorridorRoute) -> str:
    opened = f"{route.cost_open_m / 1000:,.0f}".replace(",", "\u202f")
    if not math.isfinite(route.cost_m):
        return f"Closed by the fences; it would cost {opened} effective km with them open."
    now = f"{route.cost_m / 1000:,.0f}".replace(",", "\u202f")
    if not route.crossings:
        return f"It costs {now} effective km."
    return f"It costs {now} effective km, {opened} with the fences open."


def _fences(found: SpeciesCorridors, route: CorridorRoute) -> str:
    if not route.crossings:
        return "It meets no fence."
    names = {fence.id: fence.name or fence.id for fence in found.ground.cuts.fences}
    met = [
        f"the {names[c.fence]} ({c.fence}) at its km {c.along_m / 1000:.0f}, {c.path_m / 1000:.0f} km on the way, at "
        f"{_where(found, c.x, c.y)}"
        for c in route.crossings
    ]
    return f"It meets {_listed(met)}."


def _where(found: SpeciesCorridors, x: float, y: float) -> str:
    import numpy as np

    lon, lat = lon_lat(found.ground.grid, np.array([x]), np.array([y]))
    return f"{lat[0]:.2f}\u00b0 N {lon[0]:.2f}\u00b0 E"


def _listed(words: tuple[str, ...] | list[str]) -> str:
    """``a, b and c``."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
