"""What a run hands to the exporters: one `SpeciesRun` per scenario and species."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from scenarios.model.ground import Ground

__all__ = ["SpeciesRun", "TracedPath", "own_numbers", "shortlist"]

SHORTLIST = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class TracedPath:
    """Least-cost path from a core to the target reached at least cost.

    ``x``, ``y`` (n,) cell centres in map units from core to target; empty when unreachable. Costs in effective metres.
    """

    source: str
    target: str
    status: str
    cost_m: float
    length_m: float
    fence_crossings: int
    x: NDArray[np.float64]
    y: NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeciesRun(Ground):
    """Everything that one scenario says about one species, on its `Ground`.

    Parameters
    ----------
    cwd : (height, width) float64
        Cost-weighted distance to the nearest target [effective m]; inf unreachable, NaN on no data.
    corridor : (height, width) float64
        Least over cores of ``cwd_core + cwd_target - least cost`` [effective m]; 0 on a least-cost path.
    current_density : (height, width) float64
        Sum over cores of 1 A sent to the targets, divided by the cell's width [A/m].
    pairs : DataFrame
        One row per core and target (``target`` = ``"any"`` for all targets together): ``source, target, status,
        least_cost_m, least_cost_no_fence_m, effective_resistance_ohm, effective_resistance_no_fence_ohm,
        fence_crossings, path_km``.
    paths : tuple of TracedPath
        One per core, to its nearest target.
    profile : DataFrame
        One row per stretch of fence: ``fence, start_m, end_m, gain_ohm2`` (squared drop across the fence, over cores and line),
        ``current_a`` crossing it, ``status``.
    ranking : DataFrame
        One row per candidate passage, best first: ``number`` (the same in all products of the scenario; 0: on no shortlist),
        ``rank, candidate, fence, fence_line, along_m, x, y, width_m, design,
        score, gain_ohm2, conductance_gain_s, conductance_gain_share, resistance_gain_ohm, least_cost_gain_m,
        least_cost_gain_share, pairs_joined, selected, status``.
    by_place : DataFrame
        One row per core or target and candidate, best first; see `scenarios.model.gains.gains_by_place`. Empty without candidates.
    indicators : DataFrame
        One row per indicator: ``source, target`` (empty where it is of the species as a whole), ``indicator, value, unit,
        status``; see `scenarios.model.indicators`.
    """

    cwd: NDArray[np.float64]
    corridor: NDArray[np.float64]
    current_density: NDArray[np.float64]
    pairs: pd.DataFrame
    paths: tuple[TracedPath, ...]
    profile: pd.DataFrame
    ranking: pd.DataFrame
    by_place: pd.DataFrame = field(default_factory=pd.DataFrame)
    indicators: pd.DataFrame = field(default_factory=pd.DataFrame)

    @classmethod
    def on(cls, ground: Ground, **solved: Any) -> SpeciesRun:
        """A ground with what was solved on it; ``solved`` may also replace its reports and seconds."""
        return cls(**{one.name: getattr(ground, one.name) for one in fields(Ground)} | solved)


def own_numbers(ranking: pd.DataFrame) -> pd.DataFrame:
    """A ranking whose shortlist is numbered from 1 by itself, until `scenarios.model.ranking.numbered` gives it a scenario's."""
    place = ranking["selected"].astype(bool).cumsum()
    return ranking.assign(
        number=np.where(ranking["selected"].astype(bool) & (place <= SHORTLIST), place, 0).astype(int)
    )


def shortlist(ranking: pd.DataFrame) -> pd.DataFrame:
    """The candidates shown on maps and pages, best first: those that keep their distance; see `scenarios.model.ranking.numbered`.

    Where none is selected, because none improves connectivity, the table is empty.
    """
    return ranking[ranking["selected"].astype(bool)].head(SHORTLIST)
