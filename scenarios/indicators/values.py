"""Indicators of connectivity of one species in one year, as numbers that can be drawn again with other assumptions."""

from __future__ import annotations

import numpy as np

from connectivity.openings.sets import no_sets
from scenarios.land.prepared import Prepared
from scenarios.model.landscape import Landscape
from scenarios.model.valuation import dispersal_kernel, equivalent_area_km2

__all__ = ["YEARLY", "Value", "fence_open_share", "year_values"]

YEARLY = (
    "conductance_s",
    "least_cost_m",
    "arriving_share",
    "eca_km2",
    "fence_open_share",
    "passages_in_use",
    "signs_per_100_km",
)
"""Indicators of a year, in the order in which they are shown; `scenarios.outputs.columns` has their titles and meanings."""

Value = tuple[str, str, float]
"""Indicator, core (empty for the species as a whole), value."""


def year_values(prepared: Prepared) -> list[Value]:
    """Everything that the model says of a species in a year; NaN where an indicator is not defined for the study.

    Resistance is given as conductance, because that is 0 and not infinite where there is no route, and so can be averaged.
    """
    land = Landscape(prepared)
    none = no_sets(0)
    cores = [origin.id for origin in prepared.ends.origins]
    conductance = land.circuit().conductances(none)[0]
    cost = land.distances_to_any(()).distances(none)[0]
    values = [("conductance_s", core, float(c)) for core, c in zip(cores, conductance, strict=True)]
    values += [("least_cost_m", core, float(c)) for core, c in zip(cores, cost, strict=True)]
    if prepared.resolved.study.mortality is not None:
        arriving = land.circuit(mortal=True).arriving(none)[0]
        values += [("arriving_share", core, float(share)) for core, share in zip(cores, arriving, strict=True)]
    return [
        *values,
        ("eca_km2", "", equivalent_area_km2(land, dispersal_kernel(land))),
        ("fence_open_share", "", fence_open_share(prepared)),
    ]


def fence_open_share(prepared: Prepared) -> float:
    """Share of the active fences' length at which the species finds a way [1]; 1 without fences.

    Each metre counts with the share of encounters that end on the other side of the fence; within the stretch that a passage
    serves (its width, or twice ``reach_m`` if that is more) with the passage's use factor where that is higher. Stretches that
    overlap count once.
    """
    cuts, model = prepared.inputs.cuts, prepared.model
    total = sum(fence.length_m for fence in cuts.fences)
    if not total > 0:
        return 1.0
    open_m = 0.0
    for fence in cuts.fences:
        base = model.share_through(fence.id)
        here = [one.opening for one in prepared.standing_edges if one.opening.fence == fence.id]
        stretches = [(o.along_m, model.served_m(o.width_m), o.use_factor) for o in here]
        served = [one for part in fence.spans_m for one in _length_by_factor(stretches, *part)]
        open_m += base * fence.length_m + sum(max(factor - base, 0.0) * metres for factor, metres in served)
    return open_m / total


def _length_by_factor(
    stretches: list[tuple[float, float, float]], start_m: float, end_m: float
) -> list[tuple[float, float]]:
    """Metres of a part of fence by the highest use factor that serves them, from (middle, served length, factor)."""
    if not stretches:
        return []
    ends = np.clip([(m - 0.5 * w, m + 0.5 * w) for m, w, _ in stretches], start_m, end_m)
    cuts = np.unique(ends)
    middles = 0.5 * (cuts[1:] + cuts[:-1])
    factors = np.array([factor for _, _, factor in stretches])
    inside = (ends[:, :1] < middles) & (middles < ends[:, 1:])
    best = np.where(inside, factors[:, None], 0.0).max(axis=0)
    return list(zip(best.tolist(), np.diff(cuts).tolist(), strict=True))
