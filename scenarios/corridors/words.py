"""A corridor in words that a planner would use."""

from __future__ import annotations

import math

import numpy as np

from rasters.numbers import figure
from scenarios.corridors.results import CorridorRoute, SpeciesCorridors
from scenarios.model.naming import full_names
from scenarios.outputs.tables import lon_lat
from scenarios.outputs.translate import ENGLISH, Language

__all__ = ["describe_route", "route_title"]


def route_title(found: SpeciesCorridors, route: CorridorRoute, say: Language = ENGLISH) -> str:
    """From where to where."""
    ends = (say(found.name_of(place)) for place in (route.source, route.target))
    return say("{start} to {end}").format(**dict(zip(("start", "end"), ends, strict=True)))


def describe_route(found: SpeciesCorridors, route: CorridorRoute, say: Language = ENGLISH) -> str:
    """How long, what it costs, where it meets a fence and where it is weakest, in a few sentences."""
    km = f"{route.length_m / 1000:.0f}"
    if route.passes:
        first = say("{km} km over the ground, past {places}.").format(
            km=km, places=say.listed([say(name) for name in route.passes])
        )
    else:
        first = say("{km} km over the ground.").format(km=km)
    sentences = [first, _cost(route, say), _fences(found, route, say)]
    if route.weakest is not None:
        weak = route.weakest
        told = say(
            "Weakest {km} km from its start, at {place}: {share} of all movement in its band passes one {cell} km cell there."
        )
        sentences.append(
            told.format(
                km=f"{weak.path_m / 1000:.0f}",
                place=_where(found, weak.x, weak.y, say),
                share=f"{weak.share:.0%}",
                cell=say(f"{found.ground.grid.cell_width_m / 1000:g}"),
            )
        )
    return " ".join(sentences)


def _cost(route: CorridorRoute, say: Language) -> str:
    opened = figure(round(route.cost_open_m / 1000))
    if not math.isfinite(route.cost_m):
        return say("Closed by the fences; it would cost {opened} effective km with them open.").format(opened=opened)
    now = figure(round(route.cost_m / 1000))
    if not route.crossings:
        return say("It costs {now} effective km.").format(now=say(now))
    told = say("It costs {now} effective km, {opened} with the fences open.")
    return told.format(now=say(now), opened=say(opened))


def _fences(found: SpeciesCorridors, route: CorridorRoute, say: Language) -> str:
    if not route.crossings:
        return say("It meets no fence.")
    names = full_names(found.ground.cuts.fences, say)
    told = say("the {fence} at its km {km}, {way} km on the way, at {place}")
    met = [
        told.format(
            fence=names[c.fence],
            km=f"{c.along_m / 1000:.0f}",
            way=f"{c.path_m / 1000:.0f}",
            place=_where(found, c.x, c.y, say),
        )
        for c in route.crossings
    ]
    return say("It meets {fences}.").format(fences=say.listed(met))


def _where(found: SpeciesCorridors, x: float, y: float, say: Language) -> str:
    lon, lat = lon_lat(found.ground.grid, np.array([x]), np.array([y]))
    return say.position(float(lat[0]), float(lon[0]), decimals=2)
