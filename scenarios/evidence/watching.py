"""Days and events of every camera side by side with what it watched, before or after a passage was opened."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from rasters.errors import DataError
from scenarios.evidence.effort import daily_effort, seasons
from scenarios.evidence.events import independent_events, species_of
from scenarios.evidence.linking import KnownPassage, Landmarks, link_deployments
from scenarios.evidence.package import TrapData
from scenarios.field_data.faults import Faults
from scenarios.land.inputs import Inputs

__all__ = ["BLOCK_DAYS", "Watch", "watch"]

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
