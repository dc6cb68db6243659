"""Camera-days: how much each camera watched on each day, without the days on which it did not work."""

from __future__ import annotations

import numpy as np
import pandas as pd

from scenarios.evidence.package import TrapData
from scenarios.evidence.tags import gap_of, tag_values

__all__ = ["daily_effort", "seasons"]

DAY = pd.Timedelta(days=1)
SEASONS = {12: "winter", 1: "winter", 2: "winter", 3: "spring", 4: "spring", 5: "spring", 6: "summer", 7: "summer"}
SEASONS |= {8: "summer", 9: "autumn", 10: "autumn", 11: "autumn"}


def daily_effort(data: TrapData) -> pd.DataFrame:
    """Effort of each deployment on each day of local time.

    Days named by the tags ``gap:2024-03-01/2024-03-09`` of the deployment do not count: the camera did not work. A deployment
    may have several; `scenarios.evidence.plausible` refuses those that cannot be read.

    Returns
    -------
    DataFrame
        ``deploymentID, day`` (local midnight without zone), ``days`` in (0, 1].
    """
    parts = [_of_one(one) for one in data.deployments.itertuples()]
    empty = pd.DataFrame({"deploymentID": pd.Series(dtype=str), "day": pd.Series(dtype="datetime64[us]"), "days": []})
    return pd.concat(parts, ignore_index=True) if parts else empty


def _of_one(one: object) -> pd.DataFrame:
    offset = pd.Timedelta(minutes=one.utc_offset_min)  # type: ignore[attr-defined]
    start = (one.deploymentStart + offset).tz_localize(None)  # type: ignore[attr-defined]
    end = (one.deploymentEnd + offset).tz_localize(None)  # type: ignore[attr-defined]
    days = pd.date_range(start.normalize(), end.normalize(), freq="D")
    watched = (np.minimum(days + DAY, end) - np.maximum(days, start)) / DAY
    table = pd.DataFrame({"deploymentID": one.deploymentID, "day": days, "days": np.asarray(watched, float)})  # type: ignore[attr-defined]
    for first, last in map(gap_of, tag_values(one.deploymentTags, "gap")):  # type: ignore[attr-defined]
        table = table[~table["day"].between(first, last)]
    return table[table["days"] > 0]


def seasons(days: pd.Series) -> pd.Series:
    """Winter is December to February, and so on."""
    return days.dt.month.map(SEASONS)
