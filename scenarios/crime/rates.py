"""How often patrols meet incidents, how that changed between years, and which share of carcasses was killed illegally.

Encounters are counted per patrol: a patrol is a block of the negative binomial of `estimators.rates`, because what one team
finds on one walk is correlated. Incidents that were not found on a patrol have no effort and are counted apart.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd

from rasters.arrays import Reals
from scenarios.crime.tables import CrimeData
from scenarios.statistics.intervals import jeffreys
from scenarios.statistics.rates import LEVEL, RateGrid, rate_grid, rate_posterior

__all__ = ["RateRatio", "changes", "encounter_rates", "patrol_blocks", "pike", "rate_ratio"]

PER_KM = 100.0
POACHING = "signs of poaching"
TAILS = np.array([(1 - LEVEL) / 2, 0.5, (1 + LEVEL) / 2])


@dataclass(frozen=True, slots=True, kw_only=True)
class RateRatio:
    """Factor between two rates with its interval of probability `LEVEL`; NaN where one of them has no effort."""

    ratio: float
    low: float
    high: float
    probability_of_rise: float
    status: str


def patrol_blocks(data: CrimeData, year: int | None, kind: str | None) -> tuple[Reals, Reals]:
    """(n_patrol,) incidents and kilometres of each patrol of a year; all years where it is None.

    ``kind`` is a type of incident; None counts the signs of poaching.
    """
    steps = data.steps if year is None else data.steps[data.steps["year"] == year]
    km = steps.groupby("patrol_id")["km"].sum()
    found = data.incidents[data.incidents["poaching"] if kind is None else data.incidents["type"] == kind]
    counts = found["patrol_id"].value_counts().reindex(km.index, fill_value=0)
    return counts.to_numpy(float), km.to_numpy(float)


def encounter_rates(data: CrimeData) -> pd.DataFrame:
    """Encounters per 100 km of patrol, by type and year.

    Returns
    -------
    DataFrame
        ``type, year`` ("all" for all years), ``incidents`` (found on patrols), ``off_patrol`` (found otherwise, not in the
        rate), ``patrols, km, per_100_km, low, high, dispersion, method, status``.
    """
    years = sorted(data.steps["year"].unique())
    kinds = [None, *sorted(data.incidents["type"].unique())]
    return pd.DataFrame([_rate(data, kind, year) for kind in kinds for year in (None, *years)])


def _rate(data: CrimeData, kind: str | None, year: int | None) -> dict[str, object]:
    events, km = patrol_blocks(data, year, kind)
    rate = rate_posterior(events, km)
    these = data.incidents[data.incidents["poaching"] if kind is None else data.incidents["type"] == kind]
    these = these if year is None else these[these["year"] == year]
    return {
        "type": kind or POACHING,
        "year": "all" if year is None else str(year),
        "incidents": int(events.sum()),
        "off_patrol": int((these["patrol_id"] == "").sum()),
        "patrols": events.size,
        "km": km.sum(),
        "per_100_km": PER_KM * rate.middle,
        "low": PER_KM * rate.low,
        "high": PER_KM * rate.high,
        "dispersion": rate.dispersion,
        "method": rate.method,
        "status": rate.status,
    }


def changes(data: CrimeData) -> pd.DataFrame:
    """Factor between each year's encounter rate and the year before, signs of poaching together.

    Returns
    -------
    DataFrame
        ``year, before, ratio, low, high, probability_of_rise, status``.
    """
    years = sorted(data.steps["year"].unique())
    rows = []
    for before, year in pairwise(years):
        one = rate_ratio(patrol_blocks(data, before, None), patrol_blocks(data, year, None))
        rows.append(
            {
                "year": year,
                "before": before,
                "ratio": one.ratio,
                "low": one.low,
                "high": one.high,
                "probability_of_rise": one.probability_of_rise,
                "status": one.status,
            }
        )
    return pd.DataFrame(rows, columns=["year", "before", "ratio", "low", "high", "probability_of_rise", "status"])


def rate_ratio(before: tuple[Reals, Reals], after: tuple[Reals, Reals]) -> RateRatio:
    """Posterior of the second rate over the first; each is (events, kilometres) per block."""
    if before[1].sum() <= 0 or after[1].sum() <= 0:
        nan = float("nan")
        return RateRatio(ratio=nan, low=nan, high=nan, probability_of_rise=nan, status="no patrols in one of the years")
    first, second = (rate_grid(events[km > 0], km[km > 0]) for events, km in (before, after))
    log_ratio, weight = _difference(second, first)
    cumulated = np.cumsum(weight) - weight / 2
    low, middle, high = np.exp(np.interp(TAILS, cumulated, log_ratio))
    rise = float(weight[log_ratio > 0].sum() + weight[log_ratio == 0].sum() / 2)
    return RateRatio(ratio=float(middle), low=float(low), high=float(high), probability_of_rise=rise, status="ok")


def _difference(second: RateGrid, first: RateGrid) -> tuple[Reals, Reals]:
    """Values of ``second - first`` on the log scale, sorted, and their probabilities."""
    values = (second.log_rate[:, None] - first.log_rate[None, :]).ravel()
    weights = (second.weights()[:, None] * first.weights()[None, :]).ravel()
    order = np.argsort(values, kind="stable")
    return values[order], weights[order]


def pike(data: CrimeData) -> pd.DataFrame:
    """Proportion of illegally killed carcasses by year: illegal over illegal and natural.

    The interval is the Beta posterior under Jeffreys' prior. ``if_unknown_natural`` and ``if_unknown_illegal`` are the
    proportions if every carcass of unknown cause were one or the other.

    Returns
    -------
    DataFrame
        ``year, carcasses, illegal, natural, unknown, pike, low, high, if_unknown_natural, if_unknown_illegal, status``.

    Notes
    -----
    PIKE: Burn, Underwood & Blanc 2011 (PLoS ONE 6:e24165).
    """
    carcasses = data.incidents[data.incidents["type"] == "carcass"]
    years = [None, *sorted(carcasses["year"].unique())]
    rows = [_pike(carcasses if year is None else carcasses[carcasses["year"] == year], year) for year in years]
    return pd.DataFrame(rows)


def _pike(carcasses: pd.DataFrame, year: int | None) -> dict[str, object]:
    counts = carcasses["cause"].replace("", "unknown").value_counts()
    illegal, natural, unknown = (int(counts.get(cause, 0)) for cause in ("illegal", "natural", "unknown"))
    known, everything = illegal + natural, illegal + natural + unknown
    low, high = jeffreys(illegal, known, LEVEL) if known else (np.nan, np.nan)
    return {
        "year": "all" if year is None else str(year),
        "carcasses": everything,
        "illegal": illegal,
        "natural": natural,
        "unknown": unknown,
        "pike": illegal / known if known else np.nan,
        "low": low,
        "high": high,
        "if_unknown_natural": illegal / everything if everything else np.nan,
        "if_unknown_illegal": (illegal + unknown) / everything if everything else np.nan,
        "status": "ok" if known else "no data: no carcass of known cause",
    }
