"""Does a map predict where animals were seen? Rank correlation, AUC, calibration, and which of several maps fits best."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import digamma, gammaln
from scipy.stats import rankdata

from rasters.arrays import Reals
from scenarios.statistics.rates import LEVEL, rate_posterior

__all__ = [
    "Interval",
    "PredictionFit",
    "auc",
    "calibration",
    "compare_predictors",
    "fit_rate",
    "power_of_days",
    "spearman",
]

BOOTSTRAPS = 1000
SLOPE_PRIOR_SD = 1.0
"""Standard deviation of the normal prior of the slope of log rate on standardised log prediction."""
INTERCEPT_PRIOR_SD, SCORING_STEPS = 3.0, 25
CV_CENTRE, LOG_CV = 0.7, (-4.0, 1.5)
"""Centre of the prior of the coefficient of variation between sites (log scale, standard deviation 1), and its limits (log)."""
CONSTANT = "constant rate"


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """An estimate with its interval; NaN where it cannot be told."""

    value: float
    low: float
    high: float


def spearman(predicted: Reals, rate: Reals, seed: int = 1, level: float = LEVEL) -> Interval:
    """Spearman's rank correlation of prediction and detections per camera-day, with a bootstrap interval over sites."""
    if predicted.size < 4 or np.ptp(predicted) == 0 or np.ptp(rate) == 0:
        return Interval(value=float("nan"), low=float("nan"), high=float("nan"))
    pick = np.random.default_rng(seed).integers(0, predicted.size, (BOOTSTRAPS, predicted.size))
    drawn = _correlations(rankdata(predicted[pick], axis=1), rankdata(rate[pick], axis=1))
    value = float(_correlations(rankdata(predicted)[None], rankdata(rate)[None])[0])
    return Interval(value=value, **_fisher(value, drawn, level))


def _correlations(a: Reals, b: Reals) -> Reals:
    a, b = a - a.mean(axis=1, keepdims=True), b - b.mean(axis=1, keepdims=True)
    with np.errstate(invalid="ignore"):
        return np.asarray((a * b).sum(axis=1) / np.sqrt((a**2).sum(axis=1) * (b**2).sum(axis=1)))


def _fisher(value: float, drawn: Reals, level: float) -> dict[str, float]:
    """Interval from the bootstrap's standard error on Fisher's z scale, which keeps it inside -1 to 1."""
    from scipy.stats import norm

    drawn = np.clip(drawn[np.isfinite(drawn)], -0.999, 0.999)
    middle, half = np.arctanh(np.clip(value, -0.999, 0.999)), norm.ppf((1 + level) / 2) * np.arctanh(drawn).std(ddof=1)
    return {"low": float(np.tanh(middle - half)), "high": float(np.tanh(middle + half))}


def auc(predicted: Reals, present: NDArray[np.bool_], seed: int = 1, level: float = LEVEL) -> Interval:
    """Probability that a site with the species has the higher prediction, with a bootstrap over sites of both kinds."""
    yes, no = predicted[present], predicted[~present]
    if yes.size < 2 or no.size < 2:
        return Interval(value=float("nan"), low=float("nan"), high=float("nan"))
    rng = np.random.default_rng(seed)
    drawn = [_auc(rng.choice(yes, yes.size), rng.choice(no, no.size)) for _ in range(BOOTSTRAPS)]
    low, high = np.quantile(drawn, [(1 - level) / 2, (1 + level) / 2])
    return Interval(value=_auc(yes, no), low=float(low), high=float(high))


def _auc(yes: Reals, no: Reals) -> float:
    ranks = rankdata(np.concatenate([yes, no]))
    return float((ranks[: yes.size].sum() - yes.size * (yes.size + 1) / 2) / (yes.size * no.size))


def calibration(predicted: Reals, events: Reals, days: Reals, bins: int = 5) -> pd.DataFrame:
    """Detections per camera-day in classes of equal numbers of sites by prediction, with intervals.

    Returns
    -------
    DataFrame
        ``predicted`` (median), ``sites, events, days, rate, low, high``.
    """
    bins = max(1, min(bins, predicted.size // 3))
    order = np.array_split(np.argsort(predicted, kind="stable"), bins)
    rows = []
    for mine in order:
        found = rate_posterior(events[mine], days[mine])
        rows.append(
            {
                "predicted": float(np.median(predicted[mine])),
                "sites": mine.size,
                "events": found.events,
                "days": found.days,
                "rate": found.middle,
                "low": found.low,
                "high": found.high,
            }
        )
    return pd.DataFrame(rows)


@dataclass(frozen=True, slots=True, kw_only=True)
class PredictionFit:
    """``log rate = intercept + slope z``; counts are negative binomial with coefficient of variation ``cv`` between sites."""

    intercept: float
    slope: float
    cv: float

    def log_score(self, z: Reals, events: Reals, days: Reals) -> Reals:
        """(n,) log probability of each site's count."""
        mean, k = days * np.exp(self.intercept + self.slope * z), 1.0 / self.cv**2
        terms = gammaln(events + k) - gammaln(k) - gammaln(events + 1)
        return np.asarray(terms + k * np.log(k / (k + mean)) + events * np.log(mean / (k + mean)))


def fit_rate(z: Reals, events: Reals, days: Reals, *, sloped: bool = True) -> PredictionFit:
    """Fit a rate that rises with a standardised predictor by penalised likelihood; without slope a constant rate."""
    centre = np.array([_crude(events, days), 0.0, np.log(CV_CENTRE)])
    spread = np.array([INTERCEPT_PRIOR_SD, SLOPE_PRIOR_SD, 1.0])
    design = np.column_stack([np.ones(z.size), z if sloped else np.zeros(z.size)])

    def objective(theta: Reals) -> tuple[float, Reals]:
        fit = _fit_of(theta)
        mean, k = days * np.exp(design @ theta[:2]), 1.0 / fit.cv**2
        d_mean = events - (events + k) * mean / (k + mean)
        d_k = digamma(events + k) - digamma(k) + np.log(k / (k + mean)) + 1.0 - (k + events) / (k + mean)
        away = (theta - centre) / spread
        gradient = np.append(-design.T @ d_mean, 2.0 * k * d_k.sum()) + away / spread
        return float(-fit.log_score(design[:, 1], events, days).sum() + 0.5 * away @ away), gradient

    bounds = [(None, None), (None, None), LOG_CV]
    found = _fit_of(minimize(objective, centre, jac=True, method="L-BFGS-B", bounds=bounds).x)
    return found if sloped else replace(found, slope=0.0)


def _crude(events: Reals, days: Reals) -> float:
    return float(np.log((events.sum() + 0.5) / days.sum()))


def _refit(fit: PredictionFit, z: Reals, events: Reals, days: Reals) -> PredictionFit:
    """Intercept and slope for other data, with the same variation between sites, by Fisher scoring from ``fit``."""
    design = np.column_stack([np.ones(z.size), z])
    centre, weight = np.array([_crude(events, days), 0.0]), np.array([INTERCEPT_PRIOR_SD, SLOPE_PRIOR_SD]) ** -2.0
    theta, squared = np.array([fit.intercept, fit.slope]), fit.cv**2
    for _ in range(SCORING_STEPS):
        mean = days * np.exp(design @ theta)
        slack = 1.0 + squared * mean
        gradient = design.T @ ((events - mean) / slack) - weight * (theta - centre)
        step = np.linalg.solve((design.T * (mean / slack)) @ design + np.diag(weight), gradient)
        theta = theta + step
        if np.abs(step).max() < 1e-8:
            break
    return replace(fit, intercept=float(theta[0]), slope=float(theta[1]))


def _fit_of(theta: Reals) -> PredictionFit:
    return PredictionFit(intercept=float(theta[0]), slope=float(theta[1]), cv=float(np.exp(theta[2])))


def standardised(values: Reals) -> Reals:
    """Logarithm of a positive prediction, centred and scaled; a hundredth of the median stands for 0."""
    positive = values[values > 0]
    floor = 0.01 * float(np.median(positive)) if positive.size else 1.0
    logs = np.log(np.maximum(values, floor))
    spread = logs.std()
    return np.asarray((logs - logs.mean()) / spread) if spread > 0 else np.zeros_like(logs)


def compare_predictors(predictors: Mapping[str, Reals], events: Reals, days: Reals) -> pd.DataFrame:
    """Leave-one-site-out predictive deviance of several maps and of a constant rate, best first.

    Returns
    -------
    DataFrame
        ``predictor, slope, deviance`` (minus twice the log probability of each site given the others, summed), ``gain``
        over a constant rate (positive: better) and ``gain_error``, its standard error over sites.
    """
    scores = {CONSTANT: _left_out(np.zeros(events.size), events, days, sloped=False)}
    scores |= {name: _left_out(standardised(values), events, days) for name, values in predictors.items()}
    rows = []
    for name, score in scores.items():
        gain = 2.0 * (score - scores[CONSTANT])
        slope = 0.0 if name == CONSTANT else fit_rate(standardised(predictors[name]), events, days).slope
        rows.append(
            {
                "predictor": name,
                "slope": slope,
                "deviance": -2.0 * float(score.sum()),
                "gain": float(gain.sum()),
                "gain_error": float(np.sqrt(gain.size) * gain.std(ddof=1)),
            }
        )
    return pd.DataFrame(rows).sort_values(["deviance", "predictor"], kind="stable").reset_index(drop=True)


def _left_out(z: Reals, events: Reals, days: Reals, *, sloped: bool = True) -> Reals:
    """(n,) log probability of each site's count given all other sites; the variation between sites is that of all."""
    out, whole = np.empty(events.size), fit_rate(z, events, days, sloped=sloped)
    for i in range(events.size):
        kept = np.arange(events.size) != i
        fit = _refit(whole, z[kept] if sloped else 0.0 * z[kept], events[kept], days[kept])
        out[i] = fit.log_score(z[i : i + 1], events[i : i + 1], days[i : i + 1])[0]
    return out


def power_of_days(
    z: Reals,
    days: Reals,
    fit: PredictionFit,
    *,
    factors: tuple[float, ...] = (1.0, 2.0, 4.0, 8.0, 16.0),
    draws: int = 200,
    seed: int = 1,
    level: float = LEVEL,
) -> dict[float, float]:
    """Share of simulated data sets in which a rank correlation above 0 is told, for more days at the same sites.

    Parameters
    ----------
    fit : PredictionFit
        The truth that is assumed; its ``slope`` is the question.
    factors : tuple of float
        Multiples of the days that there are.
    """
    from scipy.stats import t

    rng = np.random.default_rng(seed)
    n, ranks = z.size, rankdata(z)
    out = {}
    for factor in factors:
        site = rng.gamma(1.0 / fit.cv**2, fit.cv**2, (draws, n))
        counts = rng.poisson(site * np.exp(fit.intercept + fit.slope * z) * days * factor)
        r = _correlations(np.broadcast_to(ranks, (draws, n)), rankdata(counts / (days * factor), axis=1))
        r = np.clip(np.nan_to_num(r), -0.999, 0.999)
        out[factor] = (
            float((r * np.sqrt((n - 2) / (1 - r**2)) > t.ppf((1 + level) / 2, n - 2)).mean()) if n > 3 else 0.0
        )
    return out
