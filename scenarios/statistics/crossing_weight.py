"""How readily animals cross a line: the relative weight of a step across it, from steps taken and steps available.

A step from a place is drawn from what the animal could do there (its own step lengths and headings, weighted by the habitat it
prefers), and one that crosses the line has ``kappa`` times the weight that it would have without a fence. Of a set of the step
that was taken and ``m`` that were available, drawn alike, the one taken crosses with the probability

    kappa A / (kappa A + B),

``A`` and ``B`` the summed weights of those that cross and of those that do not, the one taken among them. This is exact for any ``m``
(sampling of alternatives, McFadden 1978), so that few draws cost precision and no bias. A set in which nothing or everything
crosses says nothing.

Animals differ: with `ENOUGH_ANIMALS` and more, ``log kappa`` is normal between them and its spread is integrated out; with fewer, all
have one. Steps of one animal close in time are alike beyond the model (a state of alarm, a try and another); the log
likelihood is divided by the dispersion of score sums over blocks of time. The prior of ``log kappa`` is Jeffreys', so that an
interval stands where no step crossed. All is a sum over a grid.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logsumexp
from scipy.stats import norm

from rasters.arrays import Ints, Reals
from scenarios.statistics.rates import LEVEL

__all__ = ["ENOUGH_ANIMALS", "Blended", "ChoiceSets", "CrossingWeight", "blend", "crossing_weight"]

ENOUGH_ANIMALS = 5
"""Animals that met the line from which on their variation is estimated."""
SPREAD_PRIOR_SCALE = 0.5
"""Scale of the half-normal prior of the standard deviation of log kappa between animals: an assumption of this project."""
LOWEST, HIGHEST, N_GRID = -9.0, 4.0, 521
N_SPREAD, LARGEST_SPREAD = 11, 1.5
LEAST_BLOCKS = 8
"""Blocks of time that tell a dispersion; with fewer it is 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChoiceSets:
    """Steps near a line, each with what was available.

    Parameters
    ----------
    crossed : (n,) bool
        Whether the step taken crosses.
    across, beside : (n,) float
        Summed weights of the steps of the set that cross and that do not, the one taken among them.
    share : (n,) float
        Weighted share of the available steps alone that cross: what would have crossed without a fence.
    animal, block : (n,) int
        Which animal, and which block of its time.
    """

    crossed: NDArray[np.bool_]
    across: Reals
    beside: Reals
    share: Reals
    animal: Ints
    block: Ints

    def informative(self) -> ChoiceSets:
        """Those in which something and not everything crosses."""
        kept = (self.across > 0) & (self.beside > 0)
        return self.only(kept)

    def only(self, kept: NDArray[np.bool_]) -> ChoiceSets:
        """Some of the sets."""
        return ChoiceSets(
            crossed=self.crossed[kept],
            across=self.across[kept],
            beside=self.beside[kept],
            share=self.share[kept],
            animal=self.animal[kept],
            block=self.block[kept],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class CrossingWeight:
    """Weight of a step across a line relative to the same step without it, with its interval; NaN with the reason as ``status``.

    Parameters
    ----------
    best : float
        Maximum of the likelihood, animals alike; 0 where no step crossed.
    middle, low, high : float
        Median and interval of the posterior, of a typical animal; ``low`` is 0 where no step crossed.
    seen : int
        Steps that crossed.
    expected : float
        Steps that would have crossed without a fence.
    steps, animals : int
        Sets that say something, and animals with one.
    dispersion : float
        Variation between blocks of time, 1 as the model has it.
    spread : float
        Standard deviation of log kappa between animals, NaN where it is not estimated.
    log_weight, log_likelihood : (n_grid,) float64
        Likelihood of the typical animal's log kappa up to a constant, without the prior, to put together with another prior.
    """

    best: float
    middle: float
    low: float
    high: float
    seen: int
    expected: float
    steps: int
    animals: int
    dispersion: float
    spread: float
    status: str
    log_weight: Reals
    log_likelihood: Reals


def crossing_weight(sets: ChoiceSets, level: float = LEVEL, *, least_expected: float = 3.0) -> CrossingWeight:
    """Estimate the weight of a step across a line.

    Parameters
    ----------
    sets : ChoiceSets
    level : float
        Probability of the equal-tailed interval.
    least_expected : float
        Crossings to be expected without a fence below which nothing is said.
    """
    told = sets.informative()
    expected, seen = float(told.share.sum()), int(told.crossed.sum())
    animals = np.unique(told.animal)
    grid = np.linspace(LOWEST, HIGHEST, N_GRID)
    if expected < least_expected:
        nan, none = float("nan"), np.zeros(0)
        return CrossingWeight(
            best=nan,
            middle=nan,
            low=nan,
            high=nan,
            seen=seen,
            expected=expected,
            steps=told.crossed.size,
            animals=animals.size,
            dispersion=nan,
            spread=nan,
            status=f"no data: {expected:.1f} crossings to be expected without a fence, {least_expected:g} are needed",
            log_weight=none,
            log_likelihood=none,
        )
    curves = np.array([_curve(told.only(told.animal == one), grid) for one in animals])
    phi = _dispersion(told, curves, animals, grid)
    curves = curves / phi
    prior = 0.5 * np.log(_information(told, grid) / phi)
    if animals.size >= ENOUGH_ANIMALS:
        likelihood, spread = _between_animals(curves, grid)
    else:
        likelihood, spread = curves.sum(axis=0), float("nan")
    low, middle, high = _quantiles(grid, likelihood + prior, level)
    return CrossingWeight(
        best=_best(curves.sum(axis=0), grid) if seen else 0.0,
        middle=middle,
        low=low if seen else 0.0,
        high=high,
        seen=seen,
        expected=expected,
        steps=told.crossed.size,
        animals=animals.size,
        dispersion=phi,
        spread=spread,
        status="ok",
        log_weight=grid,
        log_likelihood=likelihood - likelihood.max(),
    )


def _curve(sets: ChoiceSets, grid: Reals) -> Reals:
    """(n_grid,) log likelihood of log kappa, in pieces that fit the memory."""
    odds = np.log(sets.across) - np.log(sets.beside)
    out = sets.crossed.sum() * grid
    for piece in np.array_split(odds, max(1, odds.size // 20_000)):
        out = out - np.logaddexp(0.0, grid[:, None] + piece[None, :]).sum(axis=1)
    return np.asarray(out)


def _information(sets: ChoiceSets, grid: Reals) -> Reals:
    """(n_grid,) Fisher's information of log kappa."""
    odds = np.log(sets.across) - np.log(sets.beside)
    out = np.zeros(grid.size)
    for piece in np.array_split(odds, max(1, odds.size // 20_000)):
        p = expit(grid[:, None] + piece[None, :])
        out += (p * (1 - p)).sum(axis=1)
    return np.maximum(out, 1e-300)


def _best(curve: Reals, grid: Reals) -> float:
    """Maximum of a curve, between the points of the grid by a parabola."""
    at = int(np.clip(np.argmax(curve), 1, grid.size - 2))
    before, here, after = curve[at - 1 : at + 2]
    bend = before - 2 * here + after
    shift = 0.5 * (before - after) / bend if bend < 0 else 0.0
    return float(np.exp(grid[at] + np.clip(shift, -1, 1) * (grid[1] - grid[0])))


def _dispersion(sets: ChoiceSets, curves: Reals, animals: Ints, grid: Reals) -> float:
    """Squared score sums of blocks over what the model has, around each animal's own weight; at least 1."""
    own = (
        grid[np.argmax(curves, axis=1)]
        if animals.size >= ENOUGH_ANIMALS
        else np.full(animals.size, grid[np.argmax(curves.sum(axis=0))])
    )
    at = own[np.searchsorted(animals, sets.animal)]
    p = expit(at + np.log(sets.across) - np.log(sets.beside))
    _, block = np.unique(np.column_stack([sets.animal, sets.block]), axis=0, return_inverse=True)
    score = np.bincount(block.ravel(), (sets.crossed - p))
    information = np.bincount(block.ravel(), p * (1 - p))
    fitted = animals.size if animals.size >= ENOUGH_ANIMALS else 1
    if score.size < max(LEAST_BLOCKS, 2 * fitted) or not information.sum() > 0:
        return 1.0
    ratio = float((score**2).sum() / information.sum()) * score.size / (score.size - fitted)
    return max(1.0, ratio)


def _between_animals(curves: Reals, grid: Reals) -> tuple[Reals, float]:
    """(n_grid,) log likelihood of the typical animal's log kappa, its spread integrated out, and the spread's mean."""
    spreads = np.concatenate([[0.0], np.linspace(0.05, LARGEST_SPREAD, N_SPREAD - 1)])
    steps = np.gradient(spreads)
    heights = curves.max(axis=1, keepdims=True)
    own = np.exp(curves - heights)
    by_spread = []
    for spread, step in zip(spreads, steps, strict=True):
        if spread == 0:
            total = curves.sum(axis=0)
        else:
            mixed = _spreading(float(spread)) @ own.T
            total = (np.log(np.maximum(mixed, 1e-300)) + heights.T).sum(axis=1)
        by_spread.append(total + norm.logpdf(spread / SPREAD_PRIOR_SCALE) + np.log(step))
    joint = np.array(by_spread)
    weights = np.exp(logsumexp(joint, axis=1) - logsumexp(joint))
    return np.asarray(logsumexp(joint, axis=0)), float(weights @ spreads)


@cache
def _spreading(spread: float) -> Reals:
    """(n_grid, n_grid) probability of an animal's log weight at each point of the grid, given the typical animal's."""
    grid = np.linspace(LOWEST, HIGHEST, N_GRID)
    return np.asarray(norm.pdf(grid[:, None], grid[None, :], spread) * (grid[1] - grid[0]))


def _quantiles(grid: Reals, log_density: Reals, level: float) -> tuple[float, float, float]:
    """Ends and middle of an equal-tailed interval of kappa."""
    weights = np.exp(log_density - logsumexp(log_density))
    at = np.interp([(1 - level) / 2, 0.5, (1 + level) / 2], np.cumsum(weights) - weights / 2, grid)
    low, middle, high = np.exp(at)
    return float(low), float(middle), float(high)


@dataclass(frozen=True, slots=True, kw_only=True)
class Blended:
    """A weight from what was stated before and what was seen: medians with their intervals."""

    prior: tuple[float, float, float]
    posterior: tuple[float, float, float]


def blend(found: CrossingWeight, stated: float, worth: float, level: float = LEVEL) -> Blended:
    """Put a stated weight and what was seen together.

    The prior is that of a gamma distribution of the weight: as if of ``worth`` crossings to be expected without a fence the stated
    share had been seen, on Jeffreys' prior. Both are (median, low, high).

    Parameters
    ----------
    found : CrossingWeight
        Without data the posterior is the prior.
    stated : float
        Weight before any data; 0 is sealed.
    worth : float
        > 0.
    """
    grid = np.linspace(LOWEST, HIGHEST, N_GRID)
    prior = (stated * worth + 0.5) * grid - worth * np.exp(grid)
    likelihood = found.log_likelihood if found.status == "ok" else np.zeros(N_GRID)
    before, after = (_quantiles(grid, one, level) for one in (prior, prior + likelihood))
    return Blended(prior=(before[1], before[0], before[2]), posterior=(after[1], after[0], after[2]))
