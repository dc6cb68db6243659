"""Tidy tables of a run: pairs and fence stretches."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from connectivity.least_cost.paths import least_cost_path
from connectivity.openings.profile import FenceProfile
from connectivity.openings.sets import no_sets
from scenarios.model.landscape import Landscape

__all__ = ["pairs_table", "profile_table"]


def pairs_table(land: Landscape) -> pd.DataFrame:
    """One row per origin and target, and one per origin for all targets together (``any``)."""
    ends = land.ends
    ohm, open_ohm = _resistances(land, fences=True), _resistances(land, fences=False)
    records = []
    for i, (origin, cwd) in enumerate(zip(ends.origins, land.cwds(ends.origins), strict=True)):
        open_cost = [c.to(origin) for c in land.cwds(ends.targets, fences=False)]
        for j, target in enumerate((*ends.targets, ends.any_target)):
            path = least_cost_path(cwd, target)
            records.append(
                {
                    "source": origin.id,
                    "target": target.id,
                    "status": path.status,
                    "least_cost_m": path.cost_m,
                    "least_cost_no_fence_m": min(open_cost) if target is ends.any_target else open_cost[j],
                    "effective_resistance_ohm": ohm[i, j],
                    "effective_resistance_no_fence_ohm": open_ohm[i, j],
                    "fence_crossings": path.fence_edges.size,
                    "path_km": path.length_m / 1000,
                }
            )
    return pd.DataFrame.from_records(records)


def _resistances(land: Landscape, *, fences: bool) -> NDArray[np.float64]:
    """(n_origin, n_target + 1) ohm; the last column is to all targets together."""
    n_origin = len(land.ends.origins)
    single = land.resistances(fences=fences)[:n_origin, n_origin:]
    return np.column_stack([single, land.circuit(fences=fences).resistances(no_sets(0))[0]])


def profile_table(land: Landscape, profile: FenceProfile) -> pd.DataFrame:
    """One row per stretch of fence; ``status`` says when some origins cannot reach a target and so do not count."""
    fences, reached = land.cuts.fences, land.joined()
    apart = int((~reached).sum())
    return pd.DataFrame(
        {
            "fence": [fences[i].id for i in profile.fence],
            "start_m": profile.start_m,
            "end_m": profile.end_m,
            "gain_ohm2": profile.gain_ohm2,
            "current_a": profile.current_a,
            "status": "all origins" if not apart else f"{apart} of {reached.size} origins unreachable",
        }
    )
