"""Use factor of passages: from the species file's value to what cameras saw.

The use factor is the share of a passage that counts because animals may not dare to use it. Two kinds of evidence:

- outcomes: of the animals that came to the passage, how many went through and how many turned back (binomial);
- controls: how often animals pass at the passage and, in the same time, on open ground beside it where nothing hinders them.
  With rates ``u a`` and ``a`` and efforts ``E_p, E_c`` the passage's share of all passes is binomial with probability
  ``u E_p / (u E_p + E_c)``; the common level ``a`` drops out. No control sees what its passage would: more animals come by at one, or its
  camera sees farther, so ``u`` stands beside a log factor of the pair's own, whose standard deviation is unknown (`own_levels`).

Passages of one design differ: passage ``k`` has ``u_k ~ Beta(m s, (1 - m) s)``. ``m``, the design's use factor, has a beta prior
with the mean of the species file and the weight of a stated number of animals; ``log s`` is uniform. All is summed over grids.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from scipy.special import log_expit, logsumexp
from scipy.stats import beta

from rasters.arrays import Reals
from scenarios.statistics.own_levels import common_log_likelihood, own_grid, sd_log_prior
from scenarios.statistics.rates import LEVEL

__all__ = ["PassageEvidence", "Share", "UseFactors", "use_factors"]

N_U, N_MEAN, N_S = 200, 100, 15
SMALLEST_S, LARGEST_S = 2.0, 200.0
"""Range of ``s``: passages that differ as much as can be, and passages that are all alike."""
CLOSEST_TO_ONE = 0.99
PAIR_SD_SCALE = 1.5
"""Scale of the half-normal prior of the standard deviation of log factors of pairs: one may see several times as much."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PassageEvidence:
    """What was seen at one passage.

    ``through`` and ``turned_back`` count events of known outcome. ``passes`` in ``days`` are events that do not count as turned
    back; ``control_passes`` in ``control_days`` are those of its control; 0 days where there is none. ``share`` is how much of
    the use factor animals had come to by then [1]: a passage has one row per share.
    """

    passage: str
    through: float = 0.0
    turned_back: float = 0.0
    passes: float = 0.0
    days: float = 0.0
    control_passes: float = 0.0
    control_days: float = 0.0
    share: float = 1.0

    @property
    def informs(self) -> bool:
        """Whether anything at all was seen that tells the use factor."""
        compared = self.days > 0 and self.control_days > 0 and self.passes + self.control_passes > 0
        return self.through + self.turned_back > 0 or compared


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """A share with its interval."""

    mean: float
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class UseFactors:
    """Use factor of a design and of each of its passages; ``status`` is ``no data`` where the prior stands."""

    prior: Share
    design: Share
    passages: dict[str, Share]
    status: str


def use_factors(
    evidence: Sequence[PassageEvidence], prior_mean: float, prior_weight: float, level: float = LEVEL
) -> UseFactors:
    """Posterior of the use factor of a design and of its passages.

    Parameters
    ----------
    evidence : sequence of PassageEvidence
        One or more per passage of the design.
    prior_mean : float
        The species file's use factor, in [0, 1].
    prior_weight : float
        How many animals it is worth.
    """
    mean0 = min(max(prior_mean, 1.0 - CLOSEST_TO_ONE), CLOSEST_TO_ONE)
    u, m = _middles(N_U), _middles(N_MEAN)
    prior = np.log(_cells(N_MEAN, mean0 * prior_weight, (1 - mean0) * prior_weight))
    stated = _share(m, np.exp(prior), level)
    informed = [one for one in evidence if one.informs]
    if not informed:
        return UseFactors(prior=stated, design=stated, passages={}, status="no data")
    between = _between()
    likelihoods = {
        name: _likelihood([one for one in informed if one.passage == name], u)
        for name in dict.fromkeys(one.passage for one in informed)
    }
    highest = {name: values.max() for name, values in likelihoods.items()}
    relative = {name: np.exp(values - highest[name]) for name, values in likelihoods.items()}
    marginal = {name: np.log(np.maximum(between @ values.T, 1e-300)) for name, values in relative.items()}
    joint = np.repeat(prior, N_S)[:, None] + sd_log_prior(PAIR_SD_SCALE) + sum(marginal.values())
    joint -= logsumexp(joint)
    passages = {
        name: _share(u, ((np.exp(joint - marginal[name]).T @ between) * relative[name]).sum(axis=0), level)
        for name in likelihoods
    }
    design = np.exp(joint).sum(axis=1).reshape(N_MEAN, N_S).sum(axis=1)
    return UseFactors(prior=stated, design=_share(m, design, level), passages=passages, status="updated")


def _middles(n: int) -> Reals:
    """Middles of n equal cells of (0, 1)."""
    return (np.arange(n) + 0.5) / n


def _cells(n: int, a: float | Reals, b: float | Reals) -> Reals:
    """Probability of each of n equal cells of (0, 1) under Beta(a, b), along a new last axis."""
    edges = np.linspace(0.0, 1.0, n + 1)
    cumulated = beta.cdf(edges, np.asarray(a)[..., None], np.asarray(b)[..., None])
    return np.maximum(np.diff(cumulated, axis=-1), 1e-300)


@cache
def _between() -> Reals:
    """(n_mean * n_s, n_u) probability of a passage's use factor, given the design's mean and how alike passages are."""
    m, s = _middles(N_MEAN)[:, None], np.geomspace(SMALLEST_S, LARGEST_S, N_S)
    return _cells(N_U, m * s, (1 - m) * s).reshape(N_MEAN * N_S, N_U)


def _likelihood(rows: Sequence[PassageEvidence], u: Reals) -> Reals:
    """(n_sd, n_u) log likelihood of a passage's use factor, for each spread of what pairs have of their own."""
    outcomes = sum(one.through * np.log(u * one.share) + one.turned_back * np.log1p(-u * one.share) for one in rows)
    own = own_grid()
    compared = np.zeros(own.size)
    for one in rows:
        if one.days > 0 and one.control_days > 0:
            log_odds = own + np.log(one.share * one.days / one.control_days)
            compared += one.passes * log_expit(log_odds) + one.control_passes * log_expit(-log_odds)
    at_u = [np.interp(np.log(u), own, curve) for curve in common_log_likelihood(compared)]
    return np.asarray(outcomes + np.array(at_u))


def _share(at: Reals, weights: Reals, level: float) -> Share:
    """Mean and interval; within a cell the probability lies evenly."""
    weights = weights / weights.sum()
    edges = np.linspace(0.0, 1.0, at.size + 1)
    low, high = np.interp([(1 - level) / 2, (1 + level) / 2], np.append(0.0, np.cumsum(weights)), edges)
    return Share(mean=float(weights @ at), low=float(low), high=float(high))
