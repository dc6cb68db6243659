"""Occupancy with imperfect detection over one or several seasons (MacKenzie et al. 2002, 2003, Ecology 83:2248, 84:2200).

A site is used in a season with probability ``psi = logistic(X b)``. Use changes from season to season and stays as common as it is: a
used site is used in the next season with the probability ``psi + persistence (1 - psi)``, another with ``psi (1 - persistence)``.
Many seasons taken as one would call a site used that was used once. At a used site an occasion of ``d`` camera-days shows the species with
probability ``1 - exp(-d exp(W c))``: ``exp(W c)`` is the rate of detection per camera-day, so that short occasions need no
correction. Sites differ in that rate by a log-normal factor with standard deviation ``sigma`` (log), which is integrated out by
Gauss-Hermite quadrature: without it, a site at which a shy species was missed would be called unused. Mild normal priors on
the coefficients keep estimates finite where every site was used or none (penalised likelihood); intervals are those of the
profile of the penalised likelihood.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq, minimize
from scipy.special import expit, logsumexp
from scipy.stats import chi2

from rasters.arrays import Ints, Reals
from rasters.errors import DataError
from scenarios.statistics.rates import LEVEL

__all__ = [
    "PRIOR_SD",
    "OccupancyData",
    "OccupancyFit",
    "days_to_see",
    "fit_occupancy",
    "log_likelihood",
    "profile_interval",
]

PRIOR_SD = 3.0
"""Standard deviation of the normal prior of coefficients on the logit and log scale; nearly flat."""
SIGMA_PRIOR_SD = 1.0
"""Scale of the half-normal prior of ``sigma``: an assumption of this project."""
PERSISTENCE_PRIOR_SD = 2.0
"""Standard deviation of the normal prior of the logit of the persistence: nearly even between 0 and 1."""
FARTHEST = 12.0
_ROOTS, _WEIGHTS = np.polynomial.hermite_e.hermegauss(11)
NODES, LOG_WEIGHTS = _ROOTS, np.log(_WEIGHTS / _WEIGHTS.sum())


@dataclass(frozen=True, slots=True, kw_only=True)
class OccupancyData:
    """Detections at sites over occasions.

    Parameters
    ----------
    detected : (n_site, n_occasion) float64
        1 seen, 0 not seen; ignored where there was no effort.
    days : (n_site, n_occasion) float64
        Camera-days; 0 where no camera worked.
    psi_design, rate_design : (n_site, k) float64
        Columns of the two linear predictors, the first one of ones; centre the others.
    psi_names, rate_names : tuple of str
    season : (n_occasion,) int, optional
        Number of the season of each occasion, ascending from 0, each with an occasion; by default all are of one.
    """

    detected: Reals
    days: Reals
    psi_design: Reals
    rate_design: Reals
    psi_names: tuple[str, ...]
    rate_names: tuple[str, ...]
    season: Ints | None = None

    def __post_init__(self) -> None:
        n = len(self.detected)
        if self.detected.shape != self.days.shape or len(self.psi_design) != n or len(self.rate_design) != n:
            raise DataError(
                f"occupancy: detected {self.detected.shape}, days {self.days.shape}, psi {self.psi_design.shape} and rate "
                f"{self.rate_design.shape} should have one row per site"
            )
        if self.season is not None and (
            self.season.size != self.days.shape[1] or not np.isin(np.diff(self.season, prepend=-1), (0, 1)).all()
        ):
            raise DataError(
                "occupancy: season should number the season of each occasion, ascending from 0 by steps of 1"
            )

    @property
    def first_of_season(self) -> Ints:
        """(n_season,) the first occasion of each."""
        season = np.zeros(self.days.shape[1], np.int64) if self.season is None else self.season
        return np.flatnonzero(np.diff(season, prepend=-1))

    @property
    def seen(self) -> NDArray[np.bool_]:
        """(n_site,) whether the species was detected at all."""
        return np.asarray(((self.detected > 0) & (self.days > 0)).any(axis=1))

    @property
    def n_theta(self) -> int:
        """Parameters: coefficients of psi and of the rate, sigma, and with several seasons the logit of the persistence."""
        return self.psi_design.shape[1] + self.rate_design.shape[1] + 1 + (self.first_of_season.size > 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class OccupancyFit:
    """Estimates: ``theta`` as `log_likelihood` has it; ``persistence`` is NaN with one season.

    ``psi`` (n_site,) is each site's probability in a season before looking at its detections, ``used`` (n_site,) after, in any season: 1
    where the species was seen. ``rate`` (n_site,) is that of a middling site with the same covariates.
    """

    data: OccupancyData
    theta: Reals
    sigma: float
    persistence: float
    objective: float
    psi: Reals
    rate: Reals
    used: Reals
    converged: bool


def log_likelihood(theta: Reals, data: OccupancyData) -> tuple[float, Reals]:
    """Log likelihood and its gradient.

    Parameters
    ----------
    theta : (n_theta,) float64
        Coefficients of psi, then of the log rate, then ``sigma`` (its sign does not matter), then the logit of the persistence.
    """
    total, slopes, _ = _sites(theta, data)
    gradient = [data.psi_design.T @ slopes[0], data.rate_design.T @ slopes[1], slopes[2:].sum(axis=1)]
    return float(total.sum()), np.concatenate(gradient)[: data.n_theta]


def _sites(theta: Reals, data: OccupancyData) -> tuple[Reals, Reals, Reals]:
    """(n_site,) log likelihoods, (4, n_site) their slopes by the predictor of psi, log rate, sigma and logit of persistence, and (n_site,)
    log probability of never having been used."""
    k, first = data.psi_design.shape[1], data.first_of_season
    n_rate = data.rate_design.shape[1]
    psi, sigma = expit(data.psi_design @ theta[:k])[:, None], theta[k + n_rate]
    stays = float(expit(theta[-1])) if first.size > 1 else 0.0
    history, slope, seen = _histories(data.rate_design @ theta[k : k + n_rate], sigma, data)
    used = before = np.broadcast_to(psi, history.shape[::2])
    d_used = np.zeros((4, *used.shape))
    d_used[0] = psi * (1 - psi)
    value, d_value = np.zeros(used.shape), np.zeros(d_used.shape)
    for t in range(first.size):
        if t:  # from use in the season before to use in this one
            d_used = stays * d_used
            d_used[0] += psi * (1 - psi) * (1 - stays)
            d_used[3] += stays * (1 - stays) * (before - psi)
            used = stays * before + psi * (1 - stays)
        highest = np.where(seen[:, t, None], history[:, t], np.maximum(history[:, t], 0.0))
        with_use = np.exp(history[:, t] - highest)
        without = np.where(seen[:, t, None], 0.0, np.exp(-np.maximum(highest, 0.0)))
        whole = np.maximum(used * with_use + (1 - used) * without, 1e-300)
        d_joint = d_used.copy()
        d_joint[1] += used * slope[:, t]
        d_joint[2] += used * slope[:, t] * NODES
        d_joint *= with_use
        d_whole = (d_joint - without * d_used) / whole
        value, d_value = value + highest + np.log(whole), d_value + d_whole
        before = used * with_use / whole
        d_used = d_joint / whole - before * d_whole
    joint = value + LOG_WEIGHTS
    total = logsumexp(joint, axis=1)
    weights = np.exp(joint - total[:, None])
    chance = np.maximum(1 - psi[:, 0], 1e-300), np.maximum(1 - psi[:, 0] * (1 - stays), 1e-300)
    never = np.log(chance[0]) + (first.size - 1) * np.log(chance[1])
    return total, (weights * d_value).sum(axis=2), np.where(data.seen, -np.inf, never)


def _histories(log_rate: Reals, sigma: float, data: OccupancyData) -> tuple[Reals, Reals, NDArray[np.bool_]]:
    """(n_site, n_season, n_node) log probability of each season's detections at a used site and its slope by log rate, and (n_site,
    n_season) whether the species was seen."""
    rate = np.exp(np.clip(log_rate[:, None] + sigma * NODES, -50.0, 50.0))[:, :, None]
    hazard, days = rate * data.days[:, None, :], data.days[:, None, :]
    hit = (data.detected[:, None, :] > 0) & (days > 0)
    safe = np.where(hit, hazard, 1.0)
    with np.errstate(over="ignore"):
        each = np.where(hit, np.log(-np.expm1(-safe)), -hazard), np.where(hit, safe / np.expm1(safe), -hazard)
    history, slope = (np.moveaxis(np.add.reduceat(one, data.first_of_season, axis=2), 1, 2) for one in each)
    return history, slope, np.logical_or.reduceat(hit[:, 0], data.first_of_season, axis=1)


def _objective(theta: Reals, data: OccupancyData, centre: Reals) -> tuple[float, Reals]:
    """Negative penalised log likelihood; the penalty is a normal prior around ``centre``."""
    value, gradient = log_likelihood(theta, data)
    coefficients = data.psi_design.shape[1] + data.rate_design.shape[1]
    spread = np.concatenate([np.full(coefficients, PRIOR_SD), [SIGMA_PRIOR_SD, PERSISTENCE_PRIOR_SD]])[: theta.size]
    away = (theta - centre) / spread
    return -value + 0.5 * float(away @ away), -gradient + away / spread


def _centre(data: OccupancyData) -> Reals:
    """Priors sit at psi one half and at the rate of all detections over all days."""
    days = float(data.days.sum())
    if not days > 0:
        raise DataError("occupancy: no camera-day at any site")
    centre = np.zeros(data.n_theta)
    hits = float(((data.detected > 0) & (data.days > 0)).sum())
    centre[data.psi_design.shape[1]] = np.log((hits + 0.5) / days)
    return centre


def fit_occupancy(data: OccupancyData) -> OccupancyFit:
    """Penalised maximum likelihood from a few starts."""
    centre, k, n_rate = _centre(data), data.psi_design.shape[1], data.rate_design.shape[1]
    axes = np.eye(centre.size)
    starts = [centre + shift * axes[0] + 0.5 * axes[k + n_rate] for shift in (0.0, -2.0, 2.0)]
    found = [minimize(_objective, start, args=(data, centre), jac=True, method="BFGS") for start in starts]
    best = min(found, key=lambda one: one.fun)
    total, _, never = _sites(best.x, data)
    small = float(np.abs(best.jac).max()) < 1e-3 * max(1.0, abs(best.fun))
    return OccupancyFit(
        data=data,
        theta=best.x,
        sigma=float(abs(best.x[k + n_rate])),
        persistence=float(expit(best.x[-1])) if data.first_of_season.size > 1 else float("nan"),
        objective=float(best.fun),
        psi=expit(data.psi_design @ best.x[:k]),
        rate=np.exp(data.rate_design @ best.x[k : k + n_rate]),
        used=-np.expm1(np.minimum(never - total, 0.0)),
        converged=small,
    )


def days_to_see(fit: OccupancyFit, rate: float, share: float = 0.95) -> float:
    """Camera-days after which this share of used sites with a middling rate would have shown the species."""

    def missed(log_days: float) -> float:
        hazard = rate * np.exp(log_days + fit.sigma * NODES)
        return float(np.exp(LOG_WEIGHTS) @ np.exp(-hazard)) - (1.0 - share)

    middle = -np.log(rate)
    return float(np.exp(brentq(missed, middle - 10.0, middle + 30.0)))


def profile_interval(fit: OccupancyFit, at: Sequence[float] | Reals, level: float = LEVEL) -> tuple[float, float]:
    """Interval of psi where the predictor's columns are ``at``, by the profile of the penalised likelihood.

    Parameters
    ----------
    at : (k_psi,) float64
        Row of the psi design: for the average site ``(1, 0, ...)``.

    Returns
    -------
    (low, high)
        Probabilities. A side on which the profile never drops far enough ends at 0 or 1.
    """
    row = np.asarray(at, float)
    best = float(row @ fit.theta[: row.size])
    limit = fit.objective + 0.5 * float(chi2.ppf(level, 1))

    def excess(value: float) -> float:
        return _profile(fit, row, value) - limit

    sides = []
    for direction, end in ((-1.0, 0.0), (1.0, 1.0)):
        far = best
        while abs(far) < FARTHEST and excess(far) <= 0:
            far += direction
        sides.append(float(expit(brentq(excess, best, far, xtol=1e-3))) if excess(far) > 0 else end)
    return sides[0], sides[1]


def _profile(fit: OccupancyFit, row: Reals, value: float) -> float:
    """Least objective with ``row @ beta`` held at ``value``."""
    data, centre = fit.data, _centre(fit.data)
    fixed = np.concatenate([row, np.zeros(fit.theta.size - row.size)])
    free = np.linalg.svd(fixed[None, :])[2][1:].T
    base = fit.theta + fixed * (value - float(fixed @ fit.theta)) / float(row @ row)

    def function(z: Reals) -> tuple[float, Reals]:
        found, gradient = _objective(base + free @ z, data, centre)
        return found, free.T @ gradient

    return float(minimize(function, np.zeros(free.shape[1]), jac=True, method="BFGS").fun)
