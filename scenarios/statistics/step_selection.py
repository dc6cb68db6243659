"""Step selection: which of the steps that it could take an animal takes, as a conditional logit.

In each set one of several steps was taken; step ``j`` is taken with a probability proportional to ``exp(x_j beta)``. With the length
of the step and its turning angle among the covariates, ``beta`` of the others is habitat selection free of how the available steps were
drawn (Avgar et al. 2016, Methods Ecol. Evol. 7:619). Standard errors are by sandwich over animals, whose steps are alike (Fieberg et
al. 2021, J. Anim. Ecol. 90:1027); with few animals by the blocks of time within them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import logsumexp

from rasters.arrays import Ints, Reals
from rasters.errors import DataError

__all__ = ["StepSelection", "fit_steps", "log_scores"]

ROUNDS, CLOSE = 100, 1e-10
LARGEST = 50.0
"""A coefficient of a standardised covariate beyond this means that the covariate decides every set."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StepSelection:
    """A fitted conditional logit.

    Parameters
    ----------
    beta : (p,) float64
    covariance : (p, p) float64
        Of the model, from the likelihood's curvature.
    robust : (p, p) float64
        By sandwich over clusters, times ``n / (n - 1)``.
    log_likelihood, null : float
        At ``beta``, and with all coefficients 0.
    sets, clusters : int
    """

    beta: Reals
    covariance: Reals
    robust: Reals
    log_likelihood: float
    null: float
    sets: int
    clusters: int


def fit_steps(x: Reals, cluster: Ints, weight: Reals | None = None) -> StepSelection:
    """Fit by Newton's method.

    Parameters
    ----------
    x : (n_set, n_step, p) float64
        Covariates; the first step of each set is the one that was taken.
    cluster : (n_set,) int
        Which animal, or which block of an animal's time.
    weight : (n_set, n_step) float64, optional
        How often a step was drawn for others of its kind; 0 for steps that could not be taken.

    Raises
    ------
    DataError
        A covariate is the same at every step of every set, several say the same, or one decides every set.
    """
    n, _, p = x.shape
    log_weight = np.zeros(x.shape[:2]) if weight is None else np.log(np.where(weight > 0, weight, 1e-300))
    beta, value = np.zeros(p), _likelihood(x, log_weight, np.zeros(p))
    null = value
    for _ in range(ROUNDS):
        score, information = _derivatives(x, log_weight, beta)
        if np.linalg.matrix_rank(information, hermitian=True) < p:
            raise DataError(
                "step selection: a covariate never differs within a set, or two say the same; leave one out"
            )
        step = np.linalg.solve(information, score.sum(axis=0))
        while (next_value := _likelihood(x, log_weight, beta + step)) < value - 1e-9 * abs(value):
            step = step / 2
        beta, gain, value = beta + step, next_value - value, next_value
        if np.abs(beta).max() > LARGEST / max(1e-12, float(np.abs(x).std())) and abs(beta).max() > 1e6:
            break
        if np.abs(step).max() < CLOSE * max(1.0, float(np.abs(beta).max())) or abs(gain) < 1e-13 * abs(value):
            break
    else:
        raise DataError("step selection: the fit does not settle; a covariate decides every set, so leave it out")
    score, information = _derivatives(x, log_weight, beta)
    covariance: Reals = np.asarray(np.linalg.inv(information), np.float64)
    names, place = np.unique(cluster, return_inverse=True)
    sums = np.zeros((names.size, p))
    np.add.at(sums, place.ravel(), score)
    widened = names.size / max(1, names.size - 1)
    robust = covariance @ (sums.T @ sums) @ covariance * widened
    return StepSelection(
        beta=beta, covariance=covariance, robust=robust, log_likelihood=value, null=null, sets=n, clusters=names.size
    )


def log_scores(x: Reals, beta: Reals, weight: Reals | None = None) -> Reals:
    """(n_set,) log probability of the step that was taken, for steps that the fit did not see."""
    log_weight = np.zeros(x.shape[:2]) if weight is None else np.log(np.where(weight > 0, weight, 1e-300))
    score = x @ beta + log_weight
    return np.asarray(score[:, 0] - logsumexp(score, axis=1))


def _likelihood(x: Reals, log_weight: Reals, beta: Reals) -> float:
    score = x @ beta + log_weight
    return float((score[:, 0] - logsumexp(score, axis=1)).sum())


def _derivatives(x: Reals, log_weight: Reals, beta: Reals) -> tuple[Reals, Reals]:
    """(n_set, p) scores and (p, p) information."""
    score = x @ beta + log_weight
    share = np.exp(score - logsumexp(score, axis=1, keepdims=True))
    mean = np.einsum("nj,njp->np", share, x)
    information = np.einsum("nj,njp,njq->pq", share, x, x, optimize=True) - mean.T @ mean
    return x[:, 0] - mean, information
