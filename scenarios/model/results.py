"""What a run hands to the exporters: one `SpeciesRun` per scenario and species."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from connectivity.report import SolveReport
from rasters.fences import FORMULA, CutEdges
from rasters.grid import Grid
from rasters.surface import Layer, ResistanceSurface
from scenarios.land.places import FocalPlace
from scenarios.model.audience import Audience

if TYPE_CHECKING:
    from scenarios.model.passage_model import PassageModel

__all__ = ["MODEL", "SpeciesRun", "TracedPath", "elevation_of", "shortlist"]

MODEL = "model.npz"
"""File of a run's `PassageModel`, where it has one."""
SHORTLIST = 10
ELEVATION = ("elevation_m", "elevation", "dem")
"""Names by which a study may call its relief."""


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
class SpeciesRun:
    """Everything that one scenario says about one species.

    Parameters
    ----------
    study, scenario, species : str
        Ids; ``titles`` has their names for people: keys ``study``, ``scenario``, ``species``.
    surface : ResistanceSurface
        Resistance [1].
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
        One row per candidate passage, best first: ``rank, candidate, fence, fence_line, along_m, x, y, width_m, design,
        score, gain_ohm2, conductance_gain_s, conductance_gain_share, resistance_gain_ohm, least_cost_gain_m,
        least_cost_gain_share, pairs_joined, selected, status``.
    units : dict
        Column name -> unit, for ``pairs``, ``profile`` and ``ranking``.
    assumptions : tuple of str
        What is only assumed, in sentences for people.
    reports : tuple of SolveReport
    seconds : dict
        Step name -> wall seconds.
    indicators : DataFrame
        One row per indicator: ``source, target`` (empty where it is of the species as a whole), ``indicator, value, unit,
        status``; see `scenarios.model.indicators`.
    audience : Audience
        For whom the run was generalised; see `scenarios.outputs.generalise`.
    sensitivity_deg : float
        Cells that the public gets [degrees]: the coarsest of all species that were run together, which share passages.
    sk42_operation : str
        Code of the datum operation that the study names; empty to choose, see `scenarios.outputs.sk42`.
    fence_formula : int
        Version of what a fence and an opening put on edges, `rasters.fences.FORMULA`; numbers of two versions do not compare.
    model : PassageModel, optional
        Some of the candidates as an exact small model, for trying sets of them.
    """

    study: str
    scenario: str
    species: str
    titles: dict[str, str]
    grid: Grid
    surface: ResistanceSurface
    cuts: CutEdges
    places: tuple[FocalPlace, ...]
    cwd: NDArray[np.float64]
    corridor: NDArray[np.float64]
    current_density: NDArray[np.float64]
    pairs: pd.DataFrame
    paths: tuple[TracedPath, ...]
    profile: pd.DataFrame
    ranking: pd.DataFrame
    units: dict[str, str]
    assumptions: tuple[str, ...]
    layers: dict[str, Layer] = field(default_factory=dict)
    reports: tuple[SolveReport, ...] = ()
    seconds: dict[str, float] = field(default_factory=dict)
    indicators: pd.DataFrame = field(default_factory=pd.DataFrame)
    audience: Audience = Audience.RESTRICTED
    sensitivity_deg: float = 0.1
    sk42_operation: str = ""
    fence_formula: int = FORMULA
    model: PassageModel | None = None


def elevation_of(run: SpeciesRun) -> Layer | None:
    """The layer that relief is drawn from, if the run has one."""
    return next((run.layers[name] for name in ELEVATION if name in run.layers), None)


def shortlist(ranking: pd.DataFrame) -> pd.DataFrame:
    """The candidates shown on maps and pages, best first, with a ``number`` from 1: those that keep their distance.

    Where none is selected, because none gains anything, the table is empty.
    """
    chosen = ranking[ranking["selected"].astype(bool)].head(SHORTLIST)
    return chosen.assign(number=np.arange(1, len(chosen) + 1))
