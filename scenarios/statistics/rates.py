"""Rates of events per camera-day with intervals: gamma-Poisson, and negative binomial where counts vary between blocks.

Counts ``y_i`` in ``e_i`` camera-days have mean ``rate e_i``. With one block the gamma prior is conjugate. With several, the
blocks' own rates vary around ``rate`` with coefficient of variation ``cv``, and events come in clumps (a herd passes, an animal
returns), so that counts of a block vary ``clump`` times as much as Poisson's: ``y_i`` is negative binomial with the variance ``clump
mean + cv^2 mean^2``. Both have priors and are integrated out, so that nobody has to decide whether the counts are overdispersed.
Clumps matter where blocks see little: ``cv`` alone takes their zeros and few large counts for a chance of Poisson's. The gamma
prior's power of the rate is that of ``rate / (1 + cv^2 rate e / clump)``, with ``e`` the mean effort of a block: Jeffreys' prior where
the shape is 0.5, and the gamma prior where ``cv`` is 0. Everything is a sum over a grid: no sampling, the same answer every time.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import gammaln, logsumexp
from scipy.stats import gamma, norm

from rasters.arrays import Reals

__all__ = [
    "CLUMP_PRIOR_SCALE",
    "CV_PRIOR_SCALE",
    "JEFFREYS",
    "LEVEL",
    "RateGrid",
    "RatePosterior",
    "rate_grid",
    "rate_posterior",
]

LEVEL = 0.9
"""Probability of every interval."""
JEFFREYS = (0.5, 0.0)
CV_PRIOR_SCALE = 0.9
"""Scale of the half-normal prior of the coefficient of variation between blocks: an assumption of this project."""
CLUMP_PRIOR_SCALE = 2.0
"""Scale of the half-normal prior of the log of ``clump``: an assumption of this project. Groups of geometric sizes with the mean 6: 11."""
N_WIDE, N_RATE, N_CV, N_CLUMP = 41, 121, 11, 7
LARGEST_CV, LARGEST_CLUMP = 3.0, 60.0
TAIL, FAR = 1e-6, 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class RatePosterior:
    """A rate per camera-day: the middle of its posterior and its interval; NaN, with status ``no data``, without effort."""

    events: int
    days: float
    middle: float
    low: float
    high: float
    method: str
    dispersion: float
    status: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RateGrid:
    """Posterior of log rate: ``log_rate`` (n_rate,), ``log_density`` (n_rate,) up to a constant, per step of the grid."""

    log_rate: Reals
    log_density: Reals

    def weights(self) -> Reals:
        """(n_rate,) posterior probabilities of the rates."""
        return np.asarray(np.exp(self.log_density - logsumexp(self.log_density)))


def rate_posterior(
    events: Reals, days: Reals, prior: tuple[float, float] = JEFFREYS, level: float = LEVEL
) -> RatePosterior:
    """Posterior of a rate.

    Parameters
    ----------
    events : (n_block,) counts
    days : (n_block,) camera-days
        Blocks without effort are left out.
    prior : (shape, rate [camera-days])
        Gamma prior of the rate per camera-day.
    level : float
        Probability of the equal-tailed interval.

    Returns
    -------
    RatePosterior
        ``middle`` is the posterior median; ``dispersion`` is Pearson's, 1 for Poisson counts, NaN with one block.
    """
    watched = np.asarray(days, float) > 0
    y, e = np.asarray(events, float)[watched], np.asarray(days, float)[watched]
    total, effort = int(y.sum()), float(e.sum())
    if not effort > 0:
        nan = float("nan")
        return RatePosterior(
            events=0, days=0.0, middle=nan, low=nan, high=nan, method="none", dispersion=nan, status="no data"
        )
    shares = np.array([(1 - level) / 2, 0.5, (1 + level) / 2])
    if y.size == 1:
        shape, scale = total + prior[0], 1.0 / (effort + prior[1])
        low, middle, high = gamma.ppf(shares, shape, scale=scale)
        method = "gamma-Poisson"
    else:
        grid = rate_grid(y, e, prior)
        weights = grid.weights()
        low, middle, high = np.exp(np.interp(shares, np.cumsum(weights) - weights / 2, grid.log_rate))
        method = "negative binomial"
    return RatePosterior(
        events=total,
        days=effort,
        middle=float(middle),
        low=float(low),
        high=float(high),
        method=method,
        dispersion=dispersion(y, e),
        status="ok",
    )


def dispersion(y: Reals, e: Reals) -> float:
    """Pearson's dispersion of counts around one common rate."""
    expected = y.sum() * e / e.sum()
    if y.size < 2 or not y.sum() > 0:
        return float("nan")
    return float(((y - expected) ** 2 / expected).sum() / (y.size - 1))


def rate_grid(y: Reals, e: Reals, prior: tuple[float, float] = JEFFREYS) -> RateGrid:
    """Posterior of log rate on a grid that is wide enough, then on a fine one where it may be; cv and clump are summed out."""
    shape, scale = y.sum() + prior[0], 1.0 / (e.sum() + prior[1])
    low, high = gamma.ppf([TAIL, 1 - TAIL], shape, scale=scale)
    spread = 3.0 * LARGEST_CV / np.sqrt(y.size)
    wide = np.linspace(np.log(low) - spread, np.log(high) + spread, N_WIDE)
    density = _density(wide, y, e, prior)
    near, step = np.flatnonzero(density > density.max() - FAR), wide[1] - wide[0]
    fine = np.linspace(wide[near[0]] - step, wide[near[-1]] + step, N_RATE)
    return RateGrid(log_rate=fine, log_density=_density(fine, y, e, prior))


def _density(log_rate: Reals, y: Reals, e: Reals, prior: tuple[float, float]) -> Reals:
    """(n_rate,) log posterior up to a constant."""
    cvs = np.concatenate([[1e-3], np.linspace(0.1, LARGEST_CV, N_CV - 1)])
    clumps = np.exp(np.linspace(0.0, np.log(LARGEST_CLUMP), N_CLUMP))
    of_cv = norm.logpdf(cvs / CV_PRIOR_SCALE) + np.log(_widths(cvs))
    of_clump = norm.logpdf(np.log(clumps) / CLUMP_PRIOR_SCALE) + np.log(_widths(np.log(clumps)))
    log_mean = log_rate + np.log(e.mean())
    by_model = [
        _negative_binomial(y, e, log_rate, cv, clump) + a + b - prior[0] * np.log1p(cv**2 / clump * np.exp(log_mean))
        for cv, a in zip(cvs, of_cv, strict=True)
        for clump, b in zip(clumps, of_clump, strict=True)
    ]
    return np.asarray(logsumexp(by_model, axis=0) + prior[0] * log_rate - prior[1] * np.exp(log_rate))


def _widths(at: Reals) -> Reals:
    """(n,) weights of the trapezoid rule."""
    return np.asarray(np.diff(at, prepend=at[0]) + np.diff(at, append=at[-1])) / 2


def _negative_binomial(y: Reals, e: Reals, log_rate: Reals, cv: float, clump: float) -> Reals:
    """(n_rate,) log likelihood of counts with mean ``rate e`` and variance ``clump mean + cv^2 mean^2``."""
    mean = np.exp(log_rate)[None, :] * e[:, None]
    size = 1.0 / (cv**2 + (clump - 1.0) / mean)
    out = -(size * np.log1p(mean / size)).sum(axis=0)
    some = y > 0
    count, mean, size = y[some, None], mean[some], size[some]
    return np.asarray(out + (gammaln(count + size) - gammaln(size) + count * np.log(mean / (size + mean))).sum(axis=0))
