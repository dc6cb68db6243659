"""Single-season occupancy with imperfect detection (MacKenzie et al. 2002, Ecology 83:2248), by maximum likelihood.

A site is used with probability ``psi = logistic(X b)``. At a used site an occasion of ``d`` camera-days shows the species with
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
from scipy.special import expit, log_expit, logsumexp
from scipy.stats import chi2

from rasters.arrays import Reals
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
    """

    detected: Reals
    days: Reals
    psi_design: Reals
    rate_design: Reals
    psi_names: tuple[str, ...]
    rate_names: tuple[str, ...]

    def __post_init__(self) -> None:
        n = len(self.detected)
        if self.detected.shape != self.days.shape or len(self.psi_design) != n or len(self.rate_design) != n:
            raise DataError(
                f"occupancy: detected {self.detected.shape}, days {self.days.shape}, psi {self.psi_design.shape} and rate "
                f"{self.rate_design.shape} should have one row per site"
            )

    @property
    def seen(self) -> NDArray[np.bool_]:
        """(n_site,) whether the species was detected at all."""
        return np.asarray(((self.detected > 0) & (self.days > 0)).any(axis=1))


@dataclass(frozen=True, slots=True, kw_only=True)
class OccupancyFit:
    """Estimates: ``beta`` of psi on the logit scale, ``gamma`` of the rate per camera-day on the log scale, ``sigma``.

    ``psi`` (n_site,) is each site's probability before looking at its detections, ``used`` (n_site,) after: 1 where the
    species was seen. ``rate`` (n_site,) is that of a middling site with the same covariates.
    """

    data: OccupancyData
    beta: Reals
    gamma: Reals
    sigma: float
    covariance: Reals
    objective: float
    psi: Reals
    rate: Reals
    used: Reals
    converged: bool


def log_likelihood(theta: Reals, data: OccupancyData) -> tuple[float, Reals]:
    """Log likelihood and its gradient.

    Parameters
    ----------
    theta : (k_psi + k_rate + 1,) float64
        Coefficients of psi, then of the log rate, then ``sigma`` (its sign does not matter).
    """
    k = data.psi_design.shape[1]
    eta, log_rate, sigma = data.psi_design @ theta[:k], data.rate_design @ theta[k:-1], theta[-1]
    history, slope, bend = _history(log_rate, sigma, data)
    log_psi, log_not = log_expit(eta), log_expit(-eta)
    used = log_psi + history
    total = np.where(data.seen, used, np.logaddexp(used, log_not))
    share = np.exp(used - total)  # probability that the site is used, given what was seen
    d_eta = np.where(data.seen, 1.0, share) - expit(eta)
    gradient = [data.psi_design.T @ d_eta, data.rate_design.T @ (share * slope), [float(share @ bend)]]
    return float(total.sum()), np.concatenate(gradient)


def _history(log_rate: Reals, sigma: float, data: OccupancyData) -> tuple[Reals, Reals, Reals]:
    """(n_site,) log probability of each detection history at a used site, and its slopes by log rate and by sigma."""
    rate = np.exp(np.clip(log_rate[:, None] + sigma * NODES, -50.0, 50.0))[:, :, None]
    hazard, days = rate * data.days[:, None, :], data.days[:, None, :]
    hit = (data.detected[:, None, :] > 0) & (days > 0)
    safe = np.where(hit, hazard, 1.0)
    log_p = np.where(hit, np.log(-np.expm1(-safe)), -hazard).sum(axis=2) + LOG_WEIGHTS
    with np.errstate(over="ignore"):
        slopes = np.where(hit, safe / np.expm1(safe), -hazard).sum(axis=2)
    history = logsumexp(log_p, axis=1)
    weights = np.exp(log_p - history[:, None])
    return history, (weights * slopes).sum(axis=1), (weights * slopes * NODES).sum(axis=1)


def _objective(theta: Reals, data: OccupancyData, centre: Reals) -> tuple[float, Reals]:
    """Negative penalised log likelihood; the penalty is a normal prior around ``centre``."""
    value, gradient = log_likelihood(theta, data)
    spread = np.append(np.full(theta.size - 1, PRIOR_SD), SIGMA_PRIOR_SD)
    away = (theta - centre) / spread
    return -value + 0.5 * float(away @ away), -gradient + away / spread


def _centre(data: OccupancyData) -> Reals:
    """Priors sit at psi one half and at the rate of all detections over all days."""
    days = float(data.days.sum())
    if not days > 0:
        raise DataError("occupancy: no camera-day at any site")
    centre = np.zeros(data.psi_design.shape[1] + data.rate_design.shape[1] + 1)
    hits = float(((data.detected > 0) & (data.days > 0)).sum())
    centre[data.psi_design.shape[1]] = np.log((hits + 0.5) / days)
    return centre


def fit_occupancy(data: OccupancyData) -> OccupancyFit:
    """Penalised maximum likelihood from a few starts."""
    centre, k = _centre(data), data.psi_design.shape[1]
    axes = np.eye(centre.size)
    starts = [centre + shift * axes[0] + 0.5 * axes[-1] for shift in (0.0, -2.0, 2.0)]
    found = [minimize(_objective, start, args=(data, centre), jac=True, method="BFGS") for start in starts]
    best = min(found, key=lambda one: one.fun)
    eta, log_rate = data.psi_design @ best.x[:k], data.rate_design @ best.x[k:-1]
    missed = log_expit(eta) + _history(log_rate, best.x[-1], data)[0]
    used = np.where(data.seen, 1.0, expit(missed - log_expit(-eta)))
    small = float(np.abs(best.jac).max()) < 1e-3 * max(1.0, abs(best.fun))
    return OccupancyFit(
        data=data,
        beta=best.x[:k],
        gamma=best.x[k:-1],
        sigma=float(abs(best.x[-1])),
        covariance=_covariance(best.x, data, centre),
        objective=float(best.fun),
        psi=expit(eta),
        rate=np.exp(log_rate),
        used=used,
        converged=small,
    )


def days_to_see(fit: OccupancyFit, rate: float, share: float = 0.95) -> float:
    """Camera-days after which this share of used sites with a middling rate would have shown the species."""

    def missed(log_days: float) -> float:
        hazard = rate * np.exp(log_days + fit.sigma * NODES)
        return float(np.exp(LOG_WEIGHTS) @ np.exp(-hazard)) - (1.0 - share)

    middle = -np.log(rate)
    return float(np.exp(brentq(missed, middle - 10.0, middle + 30.0)))


def _covariance(theta: Reals, data: OccupancyData, centre: Reals, step: float = 1e-5) -> Reals:
    """Inverse of the Hessian, by central differences of the gradient."""
    rows = []
    for i in range(theta.size):
        shift = np.zeros(theta.size)
        shift[i] = step
        rows.append(
            (_objective(theta + shift, data, centre)[1] - _objective(theta - shift, data, centre)[1]) / (2 * step)
        )
    hessian = np.array(rows)
    return np.asarray(np.linalg.pinv((hessian + hessian.T) / 2))


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
    best = float(row @ fit.beta)
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
    fixed = np.concatenate([row, np.zeros(fit.gamma.size + 1)])
    free = np.linalg.svd(fixed[None, :])[2][1:].T
    theta = np.concatenate([fit.beta, fit.gamma, [fit.sigma]])
    base = theta + fixed * (value - float(row @ fit.beta)) / float(row @ row)

    def function(z: Reals) -> tuple[float, Reals]:
        found, gradient = _objective(base + free @ z, data, centre)
        return found, free.T @ gradient

    return float(minimize(function, np.zeros(free.shape[1]), jac=True, method="BFGS").fun)
