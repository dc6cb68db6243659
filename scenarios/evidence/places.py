"""Which places are used: occupancy of core places and of the steps between them, where not seeing is not absence."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rasters.arrays import Ints, Reals
from scenarios.evidence.linking import Landmarks
from scenarios.evidence.watching import Watch
from scenarios.statistics.occupancy import OccupancyData, days_to_see, fit_occupancy, profile_interval

__all__ = ["OCCASION_DAYS", "occupancy_tables"]

OCCASION_DAYS = 7
LEAST_UNITS = 5
SURE = 0.95


@dataclass(frozen=True, slots=True, kw_only=True)
class _Histories:
    """Detections and camera-days of units (places and single sites between them) in occasions, for one species."""

    units: tuple[str, ...]
    is_step: NDArray[np.bool_]
    detected: Reals
    days: Reals
    season: Ints


def occupancy_tables(watch: Watch, marks: Landmarks) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Occupancy of all places and of all steps, and each place by itself.

    A unit is a core place with all its cameras, or one site in open country between places; cameras at fences, passages and
    controls do not belong to either. An occasion is a week, a season three months: ``psi`` is of a season, and use may change between them.

    Returns
    -------
    groups : DataFrame
        ``species, group`` (place or step), ``units, seen_at, naive, psi, low, high, rate_per_100`` (detections of a used
        unit), ``days_to_see`` (camera-days after which a used unit would have shown the species with 95 %), ``status``.
    units : DataFrame
        ``species, unit, name, group, days, occasions, detections, probability_used`` (in any season), ``status``.
    """
    names = {place.id: place.name for place in marks.places}
    groups, units = [], []
    for species in watch.species:
        histories = _histories(watch, species)
        found, used, status = _fitted(histories)
        groups += [{"species": species} | row for row in found]
        units += [{"species": species} | row for row in _unit_rows(histories, used, status, names)]
    return pd.DataFrame(groups), pd.DataFrame(units)


def _histories(watch: Watch, species: str) -> _Histories:
    days = watch.days[(watch.days["control_of"] == "") & watch.days["kind"].isin(["place", "open"])]
    events = watch.events[
        (watch.events["species"] == species) & watch.events["deploymentID"].isin(days["deploymentID"])
    ]
    units = tuple(sorted(set(_unit(days)), key=lambda unit: (_is_step(unit), unit)))
    first = days["day"].min()
    n = int((days["day"].max() - first).days // OCCASION_DAYS) + 1 if len(days) else 0
    effort, seen = np.zeros((len(units), n)), np.zeros((len(units), n))
    place = {unit: i for i, unit in enumerate(units)}
    for table, out, values in ((days, effort, days["days"]), (events, seen, pd.Series(1.0, index=events.index))):
        if len(table):
            rows = _unit(table).map(place).to_numpy(int)
            np.add.at(
                out, (rows, ((table["day"] - first).dt.days // OCCASION_DAYS).to_numpy(int)), values.to_numpy(float)
            )
    return _Histories(
        units=units,
        is_step=np.array([_is_step(unit) for unit in units], bool),
        detected=(seen > 0).astype(float),
        days=effort,
        season=_seasons(first, n) if n else np.zeros(0, np.int64),
    )


def _seasons(first: pd.Timestamp, n: int) -> Ints:
    """(n,) number of the season of each occasion: three months from December, March, June and September on."""
    begin = first + pd.to_timedelta(OCCASION_DAYS * np.arange(n), unit="D")
    quarter = (12 * begin.year + begin.month).to_numpy(np.int64) // 3
    return quarter - quarter[:1]


def _unit(table: pd.DataFrame) -> pd.Series:
    return table["place"].where(table["place"] != "", "step " + table["site"])


def _is_step(unit: str) -> bool:
    return unit.startswith("step ")


def _fitted(histories: _Histories) -> tuple[list[dict[str, object]], Reals, str]:
    """Rows of both groups, the probability that each unit is used, and why there is none."""
    n = len(histories.units)
    nothing = np.full(n, np.nan)
    seen = np.asarray((histories.detected * (histories.days > 0)).any(axis=1))
    status = (
        f"too few data: {n} places and steps were watched, at least {LEAST_UNITS} are needed"
        if n < LEAST_UNITS
        else "never seen: rare and hard to see look alike"
        if not seen.any()
        else "ok"
    )
    groups = [("place", ~histories.is_step), ("step", histories.is_step)]
    if status != "ok":
        rows = [_group_row(name, mine, seen) | {"status": status} for name, mine in groups if mine.any()]
        return rows, nothing, status
    step = histories.is_step.astype(float)
    both = 0 < step.sum() < n
    middle = step.mean()
    design = np.column_stack([np.ones(n), step - middle]) if both else np.ones((n, 1))
    fit = fit_occupancy(
        OccupancyData(
            detected=histories.detected,
            days=histories.days,
            psi_design=design,
            rate_design=np.ones((n, 1)),
            psi_names=("intercept", "step")[: design.shape[1]],
            rate_names=("intercept",),
            season=histories.season,
        )
    )
    rate = float(fit.rate[0])
    rows = []
    for name, mine in groups:
        if mine.any():
            at = np.array([1.0, float(name == "step") - middle])[: design.shape[1]]
            low, high = profile_interval(fit, at)
            rows.append(
                _group_row(name, mine, seen)
                | {
                    "psi": float(fit.psi[mine][0]),
                    "low": low,
                    "high": high,
                    "rate_per_100": 100 * rate,
                    "days_to_see": days_to_see(fit, rate, SURE),
                    "status": "ok" if fit.converged else "not converged",
                }
            )
    return rows, fit.used, status


def _group_row(name: str, mine: NDArray[np.bool_], seen: NDArray[np.bool_]) -> dict[str, object]:
    nan = float("nan")
    return {
        "group": name,
        "units": int(mine.sum()),
        "seen_at": int(seen[mine].sum()),
        "naive": float(seen[mine].mean()),
        "psi": nan,
        "low": nan,
        "high": nan,
        "rate_per_100": nan,
        "days_to_see": nan,
    }


def _unit_rows(histories: _Histories, used: Reals, status: str, names: dict[str, str]) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = []
    for i, unit in enumerate(histories.units):
        watched = histories.days[i] > 0
        rows.append(
            {
                "unit": unit,
                "name": names.get(unit, unit),
                "group": "step" if histories.is_step[i] else "place",
                "days": float(histories.days[i].sum()),
                "occasions": int(watched.sum()),
                "detections": int((histories.detected[i] * watched).sum()),
                "probability_used": float(used[i]),
                "status": status,
            }
        )
    nan = float("nan")
    unwatched = [unit for unit in names if unit not in histories.units]
    return rows + [
        {
            "unit": unit,
            "name": names[unit],
            "group": "place",
            "days": 0.0,
            "occasions": 0,
            "detections": 0,
            "probability_used": nan,
            "status": "no data",
        }
        for unit in unwatched
    ]
