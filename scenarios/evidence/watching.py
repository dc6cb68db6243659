"""Days and events of every camera side by side with what it watched, before or after a passage was opened."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from rasters.errors import DataError
from scenarios.evidence.events import independent_events, species_of
from scenarios.evidence.linking import KnownPassage, Landmarks, link_deployments
from scenarios.evidence.package import TrapData
from scenarios.evidence.tags import gap_of, tag_values
from scenarios.field_data.faults import Faults
from scenarios.land.inputs import Inputs

__all__ = ["BLOCK_DAYS", "Watch", "daily_effort", "seasons", "watch"]

DAY = pd.Timedelta(days=1)
SEASONS = {12: "winter", 1: "winter", 2: "winter", 3: "spring", 4: "spring", 5: "spring", 6: "summer", 7: "summer"}
SEASONS |= {8: "summer", 9: "autumn", 10: "autumn", 11: "autumn"}
BLOCK_DAYS = 28
"""Effort and events of a deployment are counted in blocks of this many days, so that clumping shows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """All that the cameras in the study did and saw.

    Parameters
    ----------
    links : DataFrame
        `scenarios.evidence.linking.link_deployments`.
    days : DataFrame
        One row per deployment and day: ``deploymentID, day, days, site, kind, passage, design, control_of, place, stretch,
        period`` (before, after, or empty), ``block, season, known_share``: where outcomes are recorded, the share of the
        site's events whose outcome is known, otherwise 1.
    events : DataFrame
        Independent events of species of the study, with the same columns, those of
        `scenarios.evidence.events.independent_events`, and ``crossing``: went through, or, at a site where no outcome is
        recorded, came by.
    species : tuple of str
    passages : tuple of KnownPassage
    other_names : dict of str to int
        Names that are no species of the study -> independent events.
    """

    links: pd.DataFrame
    days: pd.DataFrame
    events: pd.DataFrame
    species: tuple[str, ...]
    passages: tuple[KnownPassage, ...]
    other_names: dict[str, int]


LINKED = ["site", "kind", "passage", "design", "control_of", "place", "stretch"]


def watch(
    data: TrapData, marks: Landmarks, inputs: Inputs, faults: Faults, species: Sequence[str] | None = None
) -> Watch:
    """Link, count effort, find independent events.

    Parameters
    ----------
    species : sequence of str, optional
        Only these of the study's species; default all.

    Raises
    ------
    DataError
        Deployments that cannot be placed, all at once.
    """
    links = link_deployments(data, marks, faults)
    names = {profile.scientific_name: name for name, profile in inputs.profiles.items()}
    chosen = tuple(name for name in inputs.profiles if species is None or name in species)
    found = species_of(data, names, faults)
    faults.raise_errors()
    if not len(links):
        n, file = len(data.deployments), data.file_names["deployments"]
        raise DataError(
            f"{file}: none of its {n} deployments lies in the study; check the coordinates, or choose another study"
        )
    by_name = dict(zip(data.observations["scientificName"], found, strict=True))
    events = independent_events(data, by_name, data.settings.event_minutes)
    events = events[events["deploymentID"].isin(links["deploymentID"])]
    days = daily_effort(data).merge(links[["deploymentID", *LINKED]], on="deploymentID")
    first = days.groupby("deploymentID")["day"].transform("min")
    days["block"] = days["deploymentID"] + "/" + ((days["day"] - first).dt.days // BLOCK_DAYS).astype(str)
    days["season"], days["period"] = seasons(days["day"]), _periods(days, marks.passages)
    here = days[["deploymentID", "day", *LINKED, "block", "season", "period"]]
    mine = events[events["species"].isin(chosen)].merge(here, on=["deploymentID", "day"])
    share = (mine["outcome"] != "").groupby(mine["site"]).mean()
    share = share[share > 0]
    mine["crossing"] = (mine["outcome"] == "through") | ~mine["site"].isin(share.index)
    days["known_share"] = days["site"].map(share).fillna(1.0).astype(float)
    others = events[events["species"] == ""]["name"].value_counts()
    return Watch(
        links=links,
        days=days,
        events=mine,
        species=chosen,
        passages=marks.passages,
        other_names={str(name): int(n) for name, n in others.items()},
    )


def _periods(days: pd.DataFrame, passages: Sequence[KnownPassage]) -> np.ndarray:
    """Before or after the opening of the passage that a camera watches or is a control of; empty where no day is stated."""
    opened = {p.id: p.opened for p in passages if not pd.isna(p.opened)}
    if opened:
        opened["any"] = min(opened.values())
    of = days["passage"].where(days["passage"] != "", days["control_of"])
    since = pd.to_datetime(of.map(opened))
    return np.where(since.isna(), "", np.where(days["day"] < since, "before", "after"))


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
