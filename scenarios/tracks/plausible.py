"""What is no fix of a living animal on its way: told, counted, left out."""

from __future__ import annotations

from datetime import datetime

import numpy as np
import pandas as pd

from rasters.arrays import Reals
from scenarios.field_data.faults import Faults
from scenarios.tracks.settings import TracksSettings

__all__ = ["ground_m", "left_out", "spikes"]

EARLIEST = pd.Timestamp("2000-01-01", tz="UTC")
"""A receiver whose clock was not set starts in 1970 or 1980."""
EARTH_M = 6_371_000.0
COARSEST_DECIMALS = 3
"""Decimals of degrees with which positions are known to 50 m at best."""


def left_out(table: pd.DataFrame, options: TracksSettings, now: datetime, faults: Faults) -> pd.DataFrame:
    """The table with ``why`` each row is no fix, empty where it is one; every kind told once per animal with its first row.

    ``no_fix``: no position, marked as an outlier, at 0, 0, or a time that cannot be; ``repeated``: the time of another fix of the
    animal; ``not_worn``: of a tag without an animal, or outside the days that are stated.
    """
    table = table.assign(why="")
    lon, lat = table["lon"].to_numpy(float), table["lat"].to_numpy(float)
    latest = pd.Timestamp(now) + pd.Timedelta(days=1)
    time = table["time"]
    flagged = table["visible"].str.lower().isin(["false", "0"]) | table["outlier"].str.lower().isin(["true", "1"])
    outside = (np.abs(lon) > 180) | (np.abs(lat) > 90)
    _errors_of_range(table, outside, faults)
    for which, why, field, words in (
        (table["animal"] == "", "not_worn", "animal", "have no animal: the tag was on none"),
        (np.isnan(lon) | np.isnan(lat), "no_fix", "lon, lat", "have no position: the receiver found none"),
        (flagged, "no_fix", "visible", "are marked as outliers"),
        ((lon == 0) & (lat == 0), "no_fix", "lon, lat", "are at 0, 0: the receiver found no position"),
        (
            (time < EARLIEST) | (time > latest),
            "no_fix",
            "time",
            "are before 2000 or in the future: the clock was not set",
        ),
    ):
        _mark(table, np.asarray(which, bool), why, field, words, faults)
    _mark_days(table, options, faults)
    _tell_order(table, faults)
    _mark_repeated(table, faults)
    _tell_rounded(table, faults)
    return table


def _mark(table: pd.DataFrame, which: np.ndarray, why: str, field: str, words: str, faults: Faults) -> None:
    """Leave rows out, and say of each animal how many and where the first is."""
    which = which & (table["why"] == "").to_numpy()
    found = table.loc[which, ["animal", "file", "row"]]
    for (animal, file), rows in found.groupby(["animal", "file"], observed=True)["row"]:
        who = f"of {animal}" if animal else "of the file"
        faults.warning(
            "left out", file, int(rows.min()), field, None, f"{len(rows)} rows {who} {words}; they are left out"
        )
    table.loc[which, "why"] = why


def _errors_of_range(table: pd.DataFrame, outside: np.ndarray, faults: Faults) -> None:
    for one in table[outside].head(20).itertuples():
        message = "is no position in degrees; state the reference system in tracks.yaml, such as `files: [{file: ..., crs: EPSG:32642}]`"
        faults.error("place", one.file, int(one.row), "lon, lat", f"{one.lon:g}, {one.lat:g}", message)


def _mark_days(table: pd.DataFrame, options: TracksSettings, faults: Faults) -> None:
    """Outside the days that count."""
    for animal, stated in options.animals.items():
        mine = (table["animal"] == animal).to_numpy()
        if stated.first is not None:
            before = mine & (table["time"] < pd.Timestamp(stated.first, tz="UTC")).to_numpy()
            _mark(table, before, "not_worn", "time", f"are before {stated.first}, its first day that counts", faults)
        if stated.last is not None:
            after = mine & (table["time"] >= pd.Timestamp(stated.last, tz="UTC") + pd.Timedelta(days=1)).to_numpy()
            _mark(table, after, "not_worn", "time", f"are after {stated.last}, its last day that counts", faults)


def _tell_order(table: pd.DataFrame, faults: Faults) -> None:
    """Rows that are earlier than the one before them; they are sorted."""
    kept = table[table["why"] == ""]
    for (animal, file), mine in kept.groupby(["animal", "file"], observed=True):
        back = mine["time"].diff() < pd.Timedelta(0)
        if back.any():
            row, n = int(mine.loc[back, "row"].iloc[0]), int(back.sum())
            faults.warning(
                "order",
                file,
                row,
                "time",
                None,
                f"{n} rows of {animal} are earlier than the row before; they were sorted by time",
            )


def _mark_repeated(table: pd.DataFrame, faults: Faults) -> None:
    """Fixes of one animal at one time: the first counts."""
    kept = table[table["why"] == ""]
    again = kept.duplicated(["animal", "time"])
    if not again.any():
        return
    same = kept.duplicated(["animal", "time", "lon", "lat"])
    which = np.zeros(len(table), bool)
    which[kept.index[same]] = True
    _mark(table, which, "repeated", "time", "repeat a fix, time and position", faults)
    which = np.zeros(len(table), bool)
    which[kept.index[again & ~same]] = True
    _mark(
        table,
        which,
        "repeated",
        "time",
        "have the time of another fix and another position, so the first of them counts",
        faults,
    )


def _tell_rounded(table: pd.DataFrame, faults: Faults) -> None:
    """Animals whose positions have so few decimals that a fence cannot be told from its surroundings."""
    kept = table[table["why"] == ""]
    scaled = kept[["lon", "lat"]].to_numpy(float) * 10.0**COARSEST_DECIMALS
    fine = pd.Series((np.abs(scaled - np.round(scaled)) > 1e-6).any(axis=1), kept.index)
    for animal, rows in fine.groupby(kept["animal"], observed=True):
        if not rows.any():
            one = kept.loc[rows.index[0]]
            message = f"every position of {animal} has at most {COARSEST_DECIMALS} decimals: 50 m at best, so crossings cannot be told"
            faults.warning(
                "rounded", one["file"], int(one["row"]), "lon, lat", f"{one['lon']:g}, {one['lat']:g}", message
            )


def spikes(table: pd.DataFrame, most_kmh: float, faults: Faults) -> pd.DataFrame:
    """The table, sorted by animal and time, with fixes that were left and reached too fast left out.

    A fast step with slow ones on either side (an animal that was driven, a wrong clock) is told and stays.
    """
    kept = table[table["why"] == ""]
    which = np.zeros(len(table), bool)
    at = kept.index.to_numpy()
    speed = _kmh(kept)
    fast = speed > most_kmh
    lonely = fast[:-1] & fast[1:] if fast.size > 1 else np.zeros(0, bool)
    which[at[1:-1][lonely]] = True
    words = f"are reached and left faster than {most_kmh:g} km/h, which no animal keeps up"
    _mark(table, which, "too_fast", "lon, lat", words, faults)
    rest = table[table["why"] == ""]
    for i in np.flatnonzero(_kmh(rest) > most_kmh)[:20]:
        one, kmh = rest.iloc[i + 1], _kmh(rest.iloc[i : i + 2])[0]
        message = f"{one['animal']} would have come here at {kmh:.0f} km/h; the step is not used. Is its clock right, and is it one animal?"
        faults.warning("speed", one["file"], int(one["row"]), "lon, lat", f"{one['lon']:g}, {one['lat']:g}", message)
    return table


def _kmh(table: pd.DataFrame) -> Reals:
    """(n - 1,) speed between following rows of one animal [km/h]; 0 from one animal to another."""
    hours = np.diff(table["time"].to_numpy("datetime64[ns]").astype(np.int64)) / 3.6e12
    animal = table["animal"].to_numpy()
    km = ground_m(table["lon"].to_numpy(float), table["lat"].to_numpy(float)) / 1000.0
    same = animal[1:] == animal[:-1]
    return np.where(same, km / np.where(hours > 0, hours, 1e-9), 0.0)


def ground_m(lon: Reals, lat: Reals) -> Reals:
    """(n - 1,) distances between following places on a sphere [m]."""
    a, b = np.radians(lat[:-1]), np.radians(lat[1:])
    half = np.sin((b - a) / 2) ** 2 + np.cos(a) * np.cos(b) * np.sin(np.radians(np.diff(lon)) / 2) ** 2
    return np.asarray(2 * EARTH_M * np.arcsin(np.sqrt(np.clip(half, 0.0, 1.0))))
