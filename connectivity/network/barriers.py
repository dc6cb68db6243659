"""Barriers: where restoring a stretch would shorten the route most.

McRae et al. (2012, PLoS ONE 7:e52604): put a disc of diameter D of restored ground (resistance 1) anywhere. With the least
cost-weighted distances from both cores within the disc, the route through it costs ``min CWD_a + min CWD_b + D``, and the
score is the drop in least cost per metre restored, ``(LCD - that) / D``. A fence has no width, so that for fences there is
an exact version: the drop in least cost when one cut edge is opened.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from connectivity.kernels.search.disc import disc_minimum
from connectivity.least_cost.cost_distance import CostDistance
from connectivity.network.links import CorridorNetwork
from rasters.errors import DataError
from rasters.grid import Grid

__all__ = ["BarrierScores", "barrier_scores", "network_barriers"]

DistancePair = tuple[CostDistance, CostDistance]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class BarrierScores:
    """Score of restoring a disc around each cell, over several links and radii.

    Parameters
    ----------
    largest : (height, width) float64
        Largest score of any link [effective m per m restored], at the best radius; 0 where nothing is gained.
    total : (height, width) float64
        Scores of all links added up, at the radius where the sum is largest.
    best_radius_m : (height, width) float64
        Radius of ``largest`` [m]; NaN where it is 0.
    radii_m : tuple of float
    """

    largest: NDArray[np.float64]
    total: NDArray[np.float64]
    best_radius_m: NDArray[np.float64]
    radii_m: tuple[float, ...]
    grid: Grid

    @property
    def shared(self) -> NDArray[np.float64]:
        """(height, width) what other links add to the largest score: ``total - largest``."""
        return self.total - self.largest

    def __repr__(self) -> str:
        best = float(np.nanmax(self.largest))
        return f"BarrierScores(up to {best:.6g} effective m per m, radii {self.radii_m} m, {self.grid})"


def network_barriers(network: CorridorNetwork, radii_m: Sequence[float], *, dropped: bool = False) -> BarrierScores:
    """`barrier_scores` of the links of a network; with ``dropped`` of those too that do not count."""
    links = network.links if dropped else network.kept
    return barrier_scores([(network.distance_from(k.a), network.distance_from(k.b)) for k in links], radii_m)


def barrier_scores(pairs: Sequence[DistancePair], radii_m: Sequence[float]) -> BarrierScores:
    """McRae's barrier score of every cell.

    Parameters
    ----------
    pairs : sequence of (CostDistance, CostDistance)
        The distances from both ends of each link, on one grid. Links whose ends are apart score nothing: see
        `connectivity.openings.sets` for openings that join them.
    radii_m : sequence of float
        Radii of the restored disc [m], at least a cell. A cell belongs to the disc when its centre does.

    Notes
    -----
    The restored ground costs 1 effective metre per metre, best habitat, over the whole diameter: a disc in country of
    resistance 1 scores 0, and a score of 10 means that each metre restored saves ten. Over radii the largest score is
    kept.
    """
    if not pairs:
        raise DataError("barrier scores need at least one link; loosen the rules of the network")
    grid = pairs[0][0].grid
    for distance in (d for pair in pairs for d in pair):
        grid.require_same(distance.grid, f"the distance from {distance.source.id!r}")
    largest, total = np.zeros(grid.shape), np.zeros(grid.shape)
    best_radius = np.full(grid.shape, np.nan)
    for radius in radii_m:
        here, everything = _scores_at(pairs, radius, grid)
        better = here > largest
        best_radius[better] = radius
        np.maximum(largest, here, out=largest)
        np.maximum(total, everything, out=total)
    return BarrierScores(
        largest=largest, total=total, best_radius_m=best_radius, radii_m=tuple(map(float, radii_m)), grid=grid
    )


def _scores_at(
    pairs: Sequence[DistancePair], radius_m: float, grid: Grid
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Largest and summed score over the links, (height, width) each."""
    near: dict[int, NDArray[np.float64]] = {}
    largest, total = np.zeros(grid.shape), np.zeros(grid.shape)
    diameter = 2.0 * radius_m
    for a, b in pairs:
        least = a.to(b.source)
        if math.isinf(least):
            continue
        for distance in (a, b):
            if id(distance) not in near:
                near[id(distance)] = least_within(distance.cwd, radius_m, grid)
        score = least - near[id(a)]
        score -= near[id(b)]
        score -= diameter
        score /= diameter
        np.maximum(score, 0.0, out=score)
        np.maximum(largest, score, out=largest)
        total += score
    return largest, total


def least_within(values: NDArray[np.float64], radius_m: float, grid: Grid) -> NDArray[np.float64]:
    """Least value within a disc around each cell; NaN counts as none.

    Parameters
    ----------
    values : (height, width) float64
    radius_m : float
        [m]; cells count whose centres lie within it.

    Returns
    -------
    (height, width) float64
        ``inf`` where there is no value within the disc.
    """
    if not radius_m >= max(grid.cell_width_m, grid.cell_height_m):
        raise DataError(f"a radius of {radius_m!r} m is less than a cell of {grid.cell_width_m:g} m; take a larger one")
    reach = int(radius_m / grid.cell_height_m + 1e-9)
    aside = np.sqrt(np.maximum(radius_m**2 - (np.arange(reach + 1) * grid.cell_height_m) ** 2, 0.0))
    half_width = np.floor(aside / grid.cell_width_m + 1e-9).astype(np.int64)
    scratch = np.empty((2, grid.width + 2 * int(half_width[0])))
    out = np.empty(grid.shape)
    known = np.where(np.isnan(values), np.inf, values)
    disc_minimum(known, half_width, scratch[0], scratch[1], np.empty(grid.width), out)
    return out
