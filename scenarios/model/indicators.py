"""Indicators of one scenario and species: one number each, tidy, for comparing scenarios and years.

Of each pair of places: least cost, effective resistance, fences crossed, length of the path. Of each core: the share of
walkers that reach any target alive (where the study states a mortality). Of the species: equivalent connected area, the
number of openings that stand, and what they and the actions that are carried out cost.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from connectivity.openings.sets import no_sets
from rasters.errors import ConfigError
from scenarios.land.prepared import Prepared
from scenarios.model.landscape import Landscape
from scenarios.model.valuation import decay_of, equivalent_area_km2

__all__ = ["INDICATORS", "species_indicators"]

INDICATORS = {
    "least_cost_m": "effective m",
    "effective_resistance_ohm": "ohm",
    "fence_crossings": "1",
    "path_km": "km",
    "arriving_share": "1",
    "eca_km2": "km2",
    "standing_openings": "1",
    "cost": "cost units",
}
"""Indicator -> unit, in the order in which they are listed."""

OF_PAIRS = ("least_cost_m", "effective_resistance_ohm", "fence_crossings", "path_km")
COLUMNS = ["source", "target", "indicator", "value", "unit", "status"]
Row = tuple[str, str, str, float, str]
"""Source, target, indicator, value, status."""


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
        whole. ``value`` is ``inf`` where there is no way and NaN only where ``status`` says why there is no number.
    """
    rows: list[Row] = [*_of_pairs(pairs), *_arriving(land, pairs), _equivalent_area(land), *_means(land.prepared)]
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
    try:
        return "", "", "eca_km2", equivalent_area_km2(land, decay_of(land)), "all places"
    except ConfigError:
        return "", "", "eca_km2", np.nan, "not defined: no target is reached even without fences"


def _means(prepared: Prepared) -> Iterator[Row]:
    """How many openings stand, and what they and the actions cost, in the study's cost units."""
    study = prepared.resolved.study
    openings = [edges.opening.design for edges in prepared.standing if edges.opening.design in study.designs]
    cost = sum(study.designs[design].cost for design in openings) + sum(study.actions[name].cost for name in study.done)
    yield "", "", "standing_openings", float(len(openings)), "stated"
    yield "", "", "cost", float(cost), "stated"
