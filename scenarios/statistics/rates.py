"""Rates of events per camera-day with intervals: gamma-Poisson, and negative binomial where counts vary between blocks.

Counts ``y_i`` in ``e_i`` camera-days have mean ``rate e_i``. With one block the gamma prior is conjugate. With several, the
blocks' own rates vary around ``rate`` as a gamma with coefficient of variation ``cv``, so ``y_i`` is negative binomial with
shape ``1 / cv^2``; ``cv`` has a half-normal prior and is integrated out, so that nobody has to decide whether the counts are
overdispersed. The gamma prior's power of the rate is then that of ``rate / (1 + cv^2 rate e)``, with ``e`` the mean effort of a
block: Jeffreys' prior of a negative binomial mean where the shape is 0.5, and the gamma prior where ``cv`` is 0. Everything is a
sum over a grid: no sampling, the same answer every time.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import gammaln, logsumexp
from scipy.stats import gamma, norm

from rasters.arrays import Reals

__all__ = ["CV_PRIOR_SCALE", "JEFFREYS", "LEVEL", "RateGrid", "RatePosterior", "rate_grid", "rate_posterior"]

LEVEL = 0.9
"""Probability of every interval."""
JEFFREYS = (0.5, 0.0)
CV_PRIOR_SCALE = 0.9
"""Scale of the half-normal prior of the coefficient of variation between blocks: an assumption of this project."""
N_RATE, N_CV = 241, 25
LARGEST_CV = 3.0
TAIL = 1e-6


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
    """Posterior of log rate given each cv: ``log_rate`` (n_rate,), ``cv`` (n_cv,), ``log_density`` (n_cv, n_rate).

    ``log_density`` is the joint log posterior up to a constant, prior of cv included, per step of both grids.
    """

    log_rate: Reals
    cv: Reals
    log_density: Reals

    def weights(self) -> Reals:
        """(n_rate,) posterior probabilities of the rates."""
        joint = self.log_density - logsumexp(self.log_density)
        return np.asarray(np.exp(logsumexp(joint, axis=0)))


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
    """Joint posterior of log rate and cv on a grid wide enough for both."""
    shape, scale = y.sum() + prior[0], 1.0 / (e.sum() + prior[1])
    low, high = gamma.ppf([TAIL, 1 - TAIL], shape, scale=scale)
    spread = 3.0 * LARGEST_CV / np.sqrt(y.size)
    log_rate = np.linspace(np.log(low) - spread, np.log(high) + spread, N_RATE)
    cv = np.concatenate([[1e-3], np.linspace(0.05, LARGEST_CV, N_CV - 1)])
    clumped = np.log1p(cv[:, None] ** 2 * np.exp(log_rate) * e.mean())
    log_prior = prior[0] * (log_rate - clumped) - prior[1] * np.exp(log_rate)
    likelihood = np.array([_negative_binomial(y, e, log_rate, one) for one in cv])
    steps = np.log(np.gradient(cv))[:, None]
    return RateGrid(
        log_rate=log_rate,
        cv=cv,
        log_density=likelihood + log_prior + norm.logpdf(cv / CV_PRIOR_SCALE)[:, None] + steps,
    )


def _negative_binomial(y: Reals, e: Reals, log_rate: Reals, cv: float) -> Reals:
    """(n_rate,) log likelihood of counts with mean ``rate e`` and shape ``1 / cv^2``."""
    k = 1.0 / cv**2
    log_mean = log_rate[None, :] + np.log(e)[:, None]
    bulk = np.log(k) - np.logaddexp(np.log(k), log_mean)
    constant = gammaln(y + k) - gammaln(k) - gammaln(y + 1)
    rest = log_mean - np.logaddexp(np.log(k), log_mean)
    return np.asarray((constant[:, None] + k * bulk + y[:, None] * rest).sum(axis=0))
