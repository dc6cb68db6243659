"""Where patrols looked, where nobody looked, and how risky each place is: relative rate of poaching with its uncertainty.

On coarse cells the signs of poaching ``y`` have mean ``average * risk * km``. A cell learns from its neighbours through a
Gaussian kernel: with the kernel's sums ``Y`` and ``E`` of signs and kilometres, the risk has the gamma posterior of shape
``a + Y`` and rate ``a + average * E``, where ``a`` signs of average risk are the prior. Where nobody looked the risk is 1 and
its interval wide. How far the kernel reaches is chosen by leaving out one cell at a time (negative binomial prediction). As
neighbours share counts, the interval is that of a cell's own neighbourhood and not a joint statement over the map.

Kernel-smoothed relative risk: Kelsall & Diggle 1995 (Statistics in Medicine 14:2335); gamma-Poisson shrinkage of rates: Clayton
& Kaldor 1987 (Biometrics 43:671).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter, map_coordinates
from scipy.special import gammaln
from scipy.stats import gamma

from rasters.arrays import Reals
from rasters.grid import Grid
from scenarios.crime.tables import CrimeData
from scenarios.statistics.rates import LEVEL

__all__ = ["Coverage", "EffortMap", "RiskMap", "coarse_grid", "coverage", "effort_map", "on_grid", "risk_map"]

WELL_LOOKED_KM = 10.0
"""Kilometres of patrol in a coarse cell from which it counts as looked at: an assumption."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EffortMap:
    """Kilometres of patrol and signs of poaching found on patrol in each cell of a coarse grid, (height, width)."""

    grid: Grid
    km: Reals
    signs: Reals


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskMap:
    """Risk relative to the average of all patrols [1]: (height, width) posterior mean and interval of probability `LEVEL`.

    ``average_per_km`` is the average rate; ``bandwidth_km`` the chosen reach; ``scores`` the log predictive density of each
    bandwidth tried.
    """

    grid: Grid
    mean: Reals
    low: Reals
    high: Reals
    average_per_km: float
    bandwidth_km: float
    scores: dict[float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """How unevenly was looked: what the encounter rates cannot tell.

    ``looked_share`` share of the land's coarse cells with at least `WELL_LOOKED_KM`; ``gini`` of kilometres over cells of
    land (0 even, 1 all in one cell); ``passages_unwatched`` share of the shortlisted passages in cells without that effort;
    ``off_patrol_share`` share of signs that were not found on patrols.
    """

    looked_share: float
    gini: float
    passages_unwatched: float
    off_patrol_share: float


def coarse_grid(grid: Grid, cell_km: float) -> Grid:
    """Square cells of the given side over a study's grid."""
    return Grid.from_bounds(grid.crs, grid.bounds, 1000.0 * cell_km)


def effort_map(data: CrimeData, grid: Grid, year: int | None = None) -> EffortMap:
    """Patrols and what they found, added up in the coarse cells of a study's grid."""
    coarse = coarse_grid(grid, data.settings.cell_km)
    steps, found = data.steps, data.incidents[data.incidents["poaching"] & (data.incidents["patrol_id"] != "")]
    if year is not None:
        steps, found = steps[steps["year"] == year], found[found["year"] == year]
    km = _sums(coarse, steps["x"].to_numpy(), steps["y"].to_numpy(), steps["km"].to_numpy())
    return EffortMap(
        grid=coarse, km=km, signs=_sums(coarse, found["x"].to_numpy(), found["y"].to_numpy(), np.ones(len(found)))
    )


def _sums(grid: Grid, x: Reals, y: Reals, amount: Reals) -> Reals:
    row, col = _cells(grid, x, y)
    total = np.zeros(grid.shape)
    np.add.at(total, (row, col), amount)
    return total


def _cells(grid: Grid, x: Reals, y: Reals) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    left, _, _, top = grid.bounds
    row = np.floor((top - np.asarray(y)) / grid.cell_height_m).astype(np.intp)
    col = np.floor((np.asarray(x) - left) / grid.cell_width_m).astype(np.intp)
    return np.clip(row, 0, grid.height - 1), np.clip(col, 0, grid.width - 1)


def risk_map(effort: EffortMap, bandwidths_km: list[float], prior_events: float) -> RiskMap:
    """Posterior of the relative risk in each coarse cell; 1 everywhere, with the prior's interval, without any sign."""
    total_km = effort.km.sum()
    average = float(effort.signs.sum() / total_km) if total_km > 0 else 0.0
    scores = {h: _score(effort, h, average, prior_events) for h in sorted(set(bandwidths_km))}
    bandwidth = max(scores, key=lambda h: (scores[h], h))
    around_y, around_km = (_around(values, effort.grid, bandwidth) for values in (effort.signs, effort.km))
    shape, rate = prior_events + around_y, prior_events + average * around_km
    low, high = (gamma.ppf(q, shape, scale=1.0 / rate) for q in ((1 - LEVEL) / 2, (1 + LEVEL) / 2))
    return RiskMap(
        grid=effort.grid,
        mean=shape / rate,
        low=low,
        high=high,
        average_per_km=average,
        bandwidth_km=bandwidth,
        scores=scores,
    )


def _around(values: Reals, grid: Grid, bandwidth_km: float) -> Reals:
    """Sums over neighbours with weight 1 at the cell itself and ``exp(-d^2 / 2 h^2)`` at distance d."""
    sigma = 1000.0 * bandwidth_km / grid.cell_width_m
    smooth = gaussian_filter(values, sigma, mode="constant", truncate=4.0)
    half = int(4.0 * sigma + 1.0)
    peak = np.zeros(2 * half + 1)
    peak[half] = 1.0
    return np.asarray(smooth / gaussian_filter(peak, sigma, mode="constant", truncate=4.0).max() ** 2)


def _score(effort: EffortMap, bandwidth_km: float, average: float, prior: float) -> float:
    """Log density of each cell's signs as its neighbours alone predict them."""
    there = effort.km > 0
    y, expected = effort.signs[there], average * effort.km[there]
    if not average > 0:
        return 0.0
    shape = prior + (_around(effort.signs, effort.grid, bandwidth_km) - effort.signs)[there]
    rate = prior + average * (_around(effort.km, effort.grid, bandwidth_km) - effort.km)[there]
    shape = np.maximum(shape, prior)
    rate = np.maximum(rate, prior)
    share = np.log(expected) - np.log(rate + expected)
    density = (
        gammaln(y + shape) - gammaln(shape) - gammaln(y + 1) + y * share + shape * np.log(rate / (rate + expected))
    )
    return float(density.sum())


def on_grid(coarse: Grid, values: Reals, grid: Grid) -> Reals:
    """Values of a coarse grid at the cell centres of a study's grid, bilinear on the log scale."""
    left, _, _, top = coarse.bounds
    xmin, _, _, ymax = grid.bounds
    x = xmin + grid.cell_width_m * (np.arange(grid.width) + 0.5)
    y = ymax - grid.cell_height_m * (np.arange(grid.height) + 0.5)
    rows, cols = (top - y) / coarse.cell_height_m - 0.5, (x - left) / coarse.cell_width_m - 0.5
    at = np.meshgrid(rows, cols, indexing="ij")
    return np.asarray(np.exp(map_coordinates(np.log(values), at, order=1, mode="nearest")))


def coverage(data: CrimeData, effort: EffortMap, land: NDArray[np.bool_], passages: tuple[Reals, Reals]) -> Coverage:
    """Where nobody looked.

    Parameters
    ----------
    data : CrimeData
    effort : EffortMap
    land : (height, width) bool
        Coarse cells that hold land.
    passages : (x, y)
        Shortlisted passages [map units]; may be empty.
    """
    km = np.sort(effort.km[land])
    n, total = km.size, km.sum()
    gini = float((2 * np.arange(1, n + 1) - n - 1) @ km / (n * total)) if total > 0 else float("nan")
    row, col = _cells(effort.grid, *passages)
    unwatched = effort.km[row, col] < WELL_LOOKED_KM
    signs = data.incidents[data.incidents["poaching"]]
    return Coverage(
        looked_share=float((effort.km[land] >= WELL_LOOKED_KM).mean()) if n else float("nan"),
        gini=gini,
        passages_unwatched=float(unwatched.mean()) if unwatched.size else float("nan"),
        off_patrol_share=float((signs["patrol_id"] == "").mean()) if len(signs) else float("nan"),
    )
