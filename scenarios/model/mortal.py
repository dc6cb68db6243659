"""What each candidate passage gives back of the walkers that arrive alive: the part of the ranking that mortality enters."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from connectivity.openings.profile import share_undone
from connectivity.openings.sets import no_sets, single_sets
from rasters.openings import OpeningEdges
from scenarios.land.prepared import Prepared
from scenarios.model.valuation import circuit_of, land_of

__all__ = ["arriving_gains"]


def arriving_gains(prepared: Prepared, candidates: Sequence[OpeningEdges]) -> list[pd.DataFrame]:
    """Gain of each candidate alone; nothing where the study gives it no weight.

    Parameters
    ----------
    prepared : Prepared
    candidates : sequence of OpeningEdges
        Some or all of the prepared ones.

    Returns
    -------
    list of DataFrame
        Empty, or one table with a row per candidate: ``arriving_gain`` (sum over origins of the share of walkers that arrive
        more [1]) and ``arriving_gain_share`` (mean over origins of the share of what all fences together take away [1]).
    """
    if prepared.context.resolved.study.ranking.arriving_weight == 0:
        return []
    land = land_of(prepared, [candidate.opening.id for candidate in candidates])
    circuit = circuit_of(land, mortal=True)
    now = circuit.arriving(no_sets(circuit.n_candidates))[0]
    without = circuit_of(land_of(prepared, ()), without_fences=True, mortal=True).arriving(no_sets(0))[0]
    gained = np.maximum(circuit.arriving(single_sets(circuit.n_candidates)) - now, 0.0).T
    shares = [share_undone(n, g, w) for n, g, w in zip(now, gained, without, strict=True)]
    return [pd.DataFrame({"arriving_gain": gained.sum(axis=0), "arriving_gain_share": np.mean(shares, axis=0)})]
