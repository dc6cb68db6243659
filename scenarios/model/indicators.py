"""Indicators of one scenario and species: one number each, tidy, for comparing scenarios and years.

Of each pair of places: least cost, effective resistance, fences crossed, length of the path. Of each core: the share of
walkers that reach any target alive (where the study states a mortality). Of the species: equivalent connected area, the
number of openings that stand, and what they and the actions that are carried out cost.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from connectivity.openings.profile import share_undone
from connectivity.openings.sets import no_sets
from scenarios.land.prepared import Prepared
from scenarios.model.landscape import Landscape
from scenarios.model.valuation import dispersal_kernel, equivalent_area_km2, reference_of

__all__ = ["INDICATORS", "OverCores", "over_cores", "species_indicators"]

INDICATORS = {
    "least_cost_m": "effective m",
    "effective_resistance_ohm": "ohm",
    "fence_crossings": "1",
    "path_km": "km",
    "arriving_share": "1",
    "eca_km2": "km2",
    "standing_openings": "1",
    "given_back_conductance_share": "1",
    "given_back_least_cost_share": "1",
    "cost": "cost units",
    "conductance_s": "siemens",
    "fence_open_share": "1",
    "passages_in_use": "1",
    "signs_per_100_km": "per 100 km",
}
"""Every indicator of runs, comparisons and years -> unit, in the order in which they are listed."""

NONE_STANDS = "no passage stands"
OF_PAIRS = ("least_cost_m", "effective_resistance_ohm", "fence_crossings", "path_km")
COLUMNS = ["source", "target", "indicator", "value", "unit", "status"]
Row = tuple[str, str, str, float, str]
"""Source, target, indicator, value, status."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OverCores:
    """One number for all cores of a species, and how many of them it speaks of.

    Parameters
    ----------
    median : float
        Of the cores that have a number; a core that is cut off counts with its infinite cost, or with nothing that arrives,
        so that cutting one off never looks better. NaN where no core has a number.
    reached, total : int
        Cores whose number is finite; all cores.
    """

    median: float
    reached: int
    total: int

    def __str__(self) -> str:
        """How many cores reach a target."""
        return f"{self.reached} of {self.total}"


def over_cores(values: ArrayLike) -> OverCores:
    """The one way in which the numbers of cores become one."""
    every = np.asarray(values, np.float64)
    known = every[~np.isnan(every)]
    median = float(np.median(known)) if known.size else np.nan
    return OverCores(median=median, reached=int(np.isfinite(known).sum()), total=every.size)


def species_indicators(land: Landscape, pairs: pd.DataFrame) -> pd.DataFrame:
    """All indicators of a species.

    Parameters
    ----------
    land : Landscape
    pairs : DataFrame
        As `scenarios.model.tables.pairs_table` gives it.

    Returns
    -------
    DataFrame
        ``source, target, indicator, value, unit, status``; ``source`` and ``target`` are empty for what is of the species as a
        whole. ``value`` is ``inf`` where there is no route and NaN only where ``status`` says why there is no number.
    """
    rows: list[Row] = [
        *_of_pairs(pairs),
        *_arriving(land, pairs),
        _equivalent_area(land),
        *_means(land.prepared),
        *_given_back(land),
    ]
    table = pd.DataFrame([(*row[:4], INDICATORS[row[2]], row[4]) for row in rows], columns=COLUMNS)
    return table.astype({"value": float})


def _of_pairs(pairs: pd.DataFrame) -> Iterator[Row]:
    for row in pairs.to_dict("records"):
        for name in OF_PAIRS:
            crossed_nowhere = name == "fence_crossings" and row["status"] != "reached"
            yield row["source"], row["target"], name, np.nan if crossed_nowhere else row[name], row["status"]


def _arriving(land: Landscape, pairs: pd.DataFrame) -> Iterator[Row]:
    """Share of the walkers from each core that reach any target before they die."""
    if land.study.mortality is None:
        return
    status = pairs[pairs["target"] == "any"].set_index("source")["status"]
    shares = land.circuit(mortal=True).arriving(no_sets(0))[0]
    for origin, share in zip(land.ends.origins, shares, strict=True):
        reached = status[origin.id] == "reached"
        yield origin.id, "any", "arriving_share", float(share) if reached else 0.0, str(status[origin.id])


def _equivalent_area(land: Landscape) -> Row:
    area = equivalent_area_km2(land, dispersal_kernel(land))
    undefined = "not defined: no target is reached even without fences"
    return "", "", "eca_km2", area, undefined if np.isnan(area) else "all places"


def _given_back(land: Landscape) -> Iterator[Row]:
    """Of what the closed fences take away, the share that the passages that stand give back."""
    if not land.prepared.standing:
        yield "", "", "given_back_conductance_share", 0.0, NONE_STANDS
        yield "", "", "given_back_least_cost_share", 0.0, NONE_STANDS
        return
    closed = Landscape(replace(land.prepared, standing=()), threads=land.threads)
    shut = {
        "conductance": closed.circuit(pairs=closed.counted).conductances(no_sets(0))[0],
        "least_cost": 1.0 / closed.distances((), closed.counted).distances(no_sets(0))[0],
    }
    for objective, before in shut.items():
        now = reference_of(land, objective)
        after, without = (v if objective == "conductance" else 1.0 / v for v in (now.now, now.without))
        shares = [share_undone(a, np.array([b - a]), c)[0] for a, b, c in zip(before, after, without, strict=True)]
        mean = float(np.average(shares, weights=land.ends.pair_weights))
        yield "", "", f"given_back_{objective}_share", mean, "mean over cores"


def _means(prepared: Prepared) -> Iterator[Row]:
    """How many openings stand, and what they and the actions cost, in the study's cost units."""
    study = prepared.resolved.study
    openings = [edges.opening.design for edges in prepared.standing_edges if edges.opening.design in study.designs]
    cost = sum(study.designs[design].cost for design in openings) + sum(study.actions[name].cost for name in study.done)
    yield "", "", "standing_openings", float(len(openings)), "stated"
    yield "", "", "cost", float(cost), "stated"
