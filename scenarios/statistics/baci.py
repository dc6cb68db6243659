"""Before and after, passage and control: by which factor the opening changed the crossing rate.

At site ``s`` the counts before and after have means ``a_s E_before`` and ``a_s r E_after``, where ``r = exp(change)`` at
controls and ``r = exp(change + effect)`` at passages, times a factor of the site's own: sites change by themselves, and a passage that
happened to do so is no effect of its opening. Given the total of a site its own level ``a_s`` drops out and the count
after is binomial with odds ``r E_after / E_before``. Counts vary more than Poisson; the log likelihood is divided by their
dispersion. ``change`` and ``effect`` have normal priors, the log factors of sites are normal around 0 with a half-normal prior of their
standard deviation, which is integrated out (site x period); the posterior is a sum over a grid.

Source of the design: Stewart-Oaten, Murdoch & Parker 1986 (Ecology 67:929).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import logsumexp
from scipy.stats import norm

from rasters.arrays import Reals
from scenarios.statistics.own_levels import SITE_SDS, common_log_likelihood, own_grid, sd_log_prior
from scenarios.statistics.rates import LEVEL

__all__ = ["PRIOR_SD", "BaciEffect", "SiteCounts", "baci_effect", "why_not"]

PRIOR_SD = 2.0
"""Standard deviation of the normal priors of both log ratios: seven times more or less is nothing unusual."""
LEAST_DAYS, LEAST_EVENTS = 14.0, 5
"""Camera-days a site needs in each period, and events in all, before anything is said."""
SPAN, STEPS = 8.0, 161


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteCounts:
    """One site: events and camera-days in blocks before and after.

    ``before`` and ``after`` are (n, 2): events and camera-days of each block.
    """

    site: str
    is_passage: bool
    before: Reals
    after: Reals

    @property
    def complete(self) -> bool:
        """Whether both periods were watched long enough."""
        return all(block.size > 0 and block[:, 1].sum() >= LEAST_DAYS for block in (self.before, self.after))


@dataclass(frozen=True, slots=True, kw_only=True)
class BaciEffect:
    """Factor by which the opening changed the rate beyond what happened at controls, with its interval."""

    ratio: float
    low: float
    high: float
    probability_of_rise: float
    passages: int
    controls: int
    events: int
    dispersion: float
    status: str


def why_not(sites: list[SiteCounts]) -> str:
    """Why no effect can be told; empty where it can."""
    passages = [s for s in sites if s.is_passage and s.complete]
    controls = [s for s in sites if not s.is_passage and s.complete]
    if not any(s.is_passage for s in sites):
        return "no camera stood at a passage whose opening day is stated"
    if not passages:
        return f"no passage was watched for {LEAST_DAYS:g} days both before and after it was opened"
    if not controls:
        return f"no control was watched for {LEAST_DAYS:g} days both before and after the opening"
    events = sum(int(s.before[:, 0].sum() + s.after[:, 0].sum()) for s in (*passages, *controls))
    return "" if events >= LEAST_EVENTS else f"{events} events in all; at least {LEAST_EVENTS} are needed"


def baci_effect(sites: list[SiteCounts], level: float = LEVEL) -> BaciEffect:
    """Posterior of the effect; NaN with the reason as ``status`` where the data do not allow one."""
    used = [s for s in sites if s.complete]
    passages, controls = sum(s.is_passage for s in used), sum(not s.is_passage for s in used)
    events = sum(int(s.before[:, 0].sum() + s.after[:, 0].sum()) for s in used)
    reason = why_not(sites)
    if reason:
        nan = float("nan")
        return BaciEffect(
            ratio=nan,
            low=nan,
            high=nan,
            probability_of_rise=nan,
            passages=passages,
            controls=controls,
            events=events,
            dispersion=nan,
            status=reason,
        )
    phi = max(1.0, _dispersion(used))
    curves = _curves(used, phi)
    change = effect = np.linspace(-SPAN, SPAN, STEPS)
    for _ in range(2):
        density = _density(curves, change, effect)
        weights, others = np.exp(logsumexp(density, axis=0)), np.exp(logsumexp(density, axis=1))
        axis, effect, change = effect, _around(effect, weights), _around(change, others)
    cumulated = np.cumsum(weights) - weights / 2
    low, middle, high = np.exp(np.interp([(1 - level) / 2, 0.5, (1 + level) / 2], cumulated, axis))
    return BaciEffect(
        ratio=float(middle),
        low=float(low),
        high=float(high),
        probability_of_rise=float(weights[axis > 0].sum()),
        passages=passages,
        controls=controls,
        events=events,
        dispersion=phi,
        status="ok",
    )


def _density(curves: tuple[Reals, Reals], change: Reals, effect: Reals) -> Reals:
    """(n_change, n_effect) log posterior, normalised on the grid; the spread of sites' own changes is summed out."""
    rows, columns = change[:, None], effect[None, :]
    prior = norm.logpdf(rows / PRIOR_SD) + norm.logpdf(columns / PRIOR_SD)
    own, by_spread = own_grid(), []
    for number, of_spread in enumerate(sd_log_prior()):
        density = prior + of_spread
        at_controls, at_passages = (
            np.interp(at, own, curve[number]) for at, curve in zip((rows, rows + columns), curves, strict=True)
        )
        by_spread.append(density + at_controls + at_passages)
    summed = logsumexp(np.array(by_spread), axis=0)
    return np.asarray(summed - logsumexp(summed))


def _curves(sites: list[SiteCounts], phi: float) -> tuple[Reals, Reals]:
    """(n_sd, n_own) log likelihood of the common log ratio of controls, and of passages; their own changes summed out."""
    own = own_grid()
    out = np.zeros((2, len(SITE_SDS), own.size))
    for site in sites:
        out[int(site.is_passage)] += common_log_likelihood(_binomial(site, own) / phi)
    return out[0], out[1]


def _around(axis: Reals, weights: Reals) -> Reals:
    """A grid that holds what the weights leave possible, as fine as the first was wide."""
    mean = float(weights @ axis)
    half = 7.0 * float(np.sqrt(weights @ (axis - mean) ** 2)) + (axis[1] - axis[0])
    return np.linspace(mean - half, mean + half, STEPS)


def _binomial(site: SiteCounts, log_ratio: Reals) -> Reals:
    """Log likelihood of the count after, given the site's total."""
    (before, days_before), (after, days_after) = site.before.sum(axis=0), site.after.sum(axis=0)
    log_odds = log_ratio + np.log(days_after / days_before)
    return np.asarray(after * log_odds - (before + after) * np.logaddexp(0.0, log_odds))


def _dispersion(sites: list[SiteCounts]) -> float:
    """Pearson's dispersion of blocks around the mean of their site and period."""
    squares, freedom = 0.0, 0
    for blocks in (period for site in sites for period in (site.before, site.after)):
        expected = blocks[:, 0].sum() * blocks[:, 1] / blocks[:, 1].sum()
        if len(blocks) > 1 and blocks[:, 0].sum() > 0:
            squares += float(((blocks[:, 0] - expected) ** 2 / expected).sum())
            freedom += len(blocks) - 1
    return squares / freedom if freedom else 1.0
