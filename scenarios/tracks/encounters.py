"""Encounters of animals with fences: what each did, and how often, along every line."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
from shapely.geometry import Point

from scenarios.statistics.fence_encounters import CLASSES, Encounters, classify, runs_within
from scenarios.statistics.rates import rate_posterior
from scenarios.tracks.ground import Ground, SpeciesTracks
from scenarios.tracks.settings import TracksSettings
from scenarios.tracks.steps import nominal_intervals

__all__ = ["encounter_table", "rate_table", "stretch_table"]

COLUMNS = (
    "species",
    "animal",
    "fence_line",
    "fence",
    "along_m",
    "lat_deg",
    "lon_deg",
    "start",
    "hours",
    "fixes",
    "crossings",
    "straightness",
    "behaviour",
)
STRETCH_KM = 5.0
"""Length of the stretches along a line that rates are given for [km]."""


def encounter_table(tracks: SpeciesTracks, ground: Ground, settings: TracksSettings) -> pd.DataFrame:
    """One row per encounter: whose, where it began, how long, crossings of any line, straightness and class."""
    inside = ground.lines.within(tracks.x, tracks.y, settings.encounter_m)
    parts = [
        part for number in range(len(tracks.names)) for part in _of_animal(tracks, ground, settings, number, inside)
    ]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=list(COLUMNS))


def _of_animal(
    tracks: SpeciesTracks, ground: Ground, settings: TracksSettings, number: int, inside: np.ndarray
) -> Iterator[pd.DataFrame]:
    low, high = np.searchsorted(tracks.animal, number), np.searchsorted(tracks.animal, number, "right")
    x, y, hours = tracks.x[low:high], tracks.y[low:high], tracks.hours[low:high]
    intervals = nominal_intervals(np.diff(hours))
    if not intervals.size:
        return
    interval, rule = float(intervals[0]), settings.rule
    found = runs_within(hours, inside[low:high], interval, rule.short_h)
    if not found.first.size:
        return
    crossings = ground.lines.times_crossed(x, y, found.path_first, found.path_last)
    classes, straight = classify(found, x, y, hours, crossings, interval, rule)
    yield _rows(tracks, ground, number, found, x, y, hours).assign(
        crossings=crossings, straightness=straight, behaviour=classes
    )


def _rows(
    tracks: SpeciesTracks,
    ground: Ground,
    number: int,
    found: Encounters,
    x: np.ndarray,
    y: np.ndarray,
    hours: np.ndarray,
) -> pd.DataFrame:
    at_x, at_y = x[found.first], y[found.first]
    feature, _ = ground.lines.nearest(at_x, at_y)
    fences = [ground.fences[i] for i in feature]
    grid_x, grid_y = ground.grid_xy(at_x, at_y)
    lon, lat = ground.lonlat(at_x, at_y)
    return pd.DataFrame(
        {
            "species": tracks.species,
            "animal": tracks.names[number],
            "fence_line": [fence.fence_line for fence in fences],
            "fence": [fence.id for fence in fences],
            "along_m": [fence.along(Point(px, py)) for fence, px, py in zip(fences, grid_x, grid_y, strict=True)],
            "lat_deg": np.round(lat, 6),
            "lon_deg": np.round(lon, 6),
            "start": pd.to_datetime(np.round(hours[found.first] * 3600), unit="s").strftime("%Y-%m-%dT%H:%M:%SZ"),
            "hours": found.hours,
            "fixes": found.last - found.first + 1,
        }
    )


def rate_table(encounters: pd.DataFrame, tracks: SpeciesTracks, ground: Ground) -> pd.DataFrame:
    """Encounters and classes per line: ``species, fence_line, km, animals, animal_days, encounters``, a column per class, ``rate`` per 100
    animal-days with its interval over animals, ``met``: animals that came to the line."""
    rows = []
    for number, line in enumerate(ground.lines.names):
        mine = encounters[encounters["fence_line"] == line]
        counted = mine["behaviour"].value_counts()
        rows.append(
            {
                "species": tracks.species,
                "fence_line": line,
                "km": float(ground.lines.length_m[number]) / 1000.0,
                "animals": len(tracks.names),
                "met": mine["animal"].nunique(),
                "animal_days": float(tracks.days.sum()),
                "encounters": len(mine),
                **{name: int(counted.get(name, 0)) for name in CLASSES},
                **_rate(mine, tracks),
            }
        )
    return pd.DataFrame(rows)


def _rate(encounters: pd.DataFrame, tracks: SpeciesTracks) -> dict[str, float]:
    """Per 100 animal-days; animals are what counts vary between."""
    counts = encounters["animal"].value_counts().reindex(list(tracks.names), fill_value=0).to_numpy(float)
    found = rate_posterior(counts, tracks.days)
    return {"rate_per_100": 100 * found.middle, "low_per_100": 100 * found.low, "high_per_100": 100 * found.high}


def stretch_table(encounters: pd.DataFrame, tracks: SpeciesTracks, ground: Ground) -> pd.DataFrame:
    """The same for each stretch of `STRETCH_KM` along a fence that an animal came to, per kilometre of fence: ``species, fence_line, fence,
    start_m, end_m, km, lat_deg, lon_deg, met, encounters``, a column per class, rate per 100 animal-days and kilometre."""
    rows, by_id = [], {fence.id: fence for fence in ground.fences}
    table = encounters.assign(stretch=np.floor(encounters["along_m"].astype(float) / (1000 * STRETCH_KM)))
    for (fence_id, stretch), mine in table.groupby(["fence", "stretch"]):
        fence = by_id[fence_id]
        start = max(float(stretch) * 1000 * STRETCH_KM, fence.start_m)
        end = min((float(stretch) + 1) * 1000 * STRETCH_KM, fence.end_m)
        km = max(end - start, 1.0) / 1000.0
        middle = fence.point_at((start + end) / 2)
        lon, lat = ground.grid.lonlat(middle.x, middle.y)
        counted = mine["behaviour"].value_counts()
        rate = {name: value / km for name, value in _rate(mine, tracks).items()}
        rows.append(
            {
                "species": tracks.species,
                "fence_line": fence.fence_line,
                "fence": fence_id,
                "start_m": start,
                "end_m": end,
                "km": km,
                "lat_deg": round(lat, 6),
                "lon_deg": round(lon, 6),
                "met": mine["animal"].nunique(),
                "encounters": len(mine),
                **{name: int(counted.get(name, 0)) for name in CLASSES},
                **rate,
            }
        )
    return pd.DataFrame(rows)
