"""Checks that need more than one value: what refers to what, clocks, places, names.

Errors make numbers wrong and stop the reading; warnings are for a person to look at.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import numpy as np
import pandas as pd

from rasters.grid import Grid
from scenarios.evidence.standard import TABLES
from scenarios.evidence.tags import gap_of, repeated, tag_values
from scenarios.field_data.faults import Faults

__all__ = [
    "EARLIEST",
    "TOLERANCE",
    "check_clocks",
    "check_places",
    "check_records",
    "check_references",
    "check_tags",
    "coarse_m",
    "timed_pictures",
]

EARLIEST = pd.Timestamp("2000-01-01", tz="UTC")
"""Cameras whose battery went flat start again in 1970 or at their year of make."""
TOLERANCE = pd.Timedelta(hours=1)
"""Setting up and taking down takes a while; further outside its deployment an event has a wrong clock."""
LONGEST = pd.Timedelta(days=730)
METRES_PER_DEGREE = 111_000.0
Tables = Mapping[str, pd.DataFrame]


def check_references(tables: Tables, files: Mapping[str, str], faults: Faults) -> None:
    """Every deployment and medium that a row names is there."""
    for name, standard in TABLES.items():
        table = tables[name]
        for field, other in standard.references:
            if other == "media" and "media" not in files:
                continue
            wrong = (table[field] != "") & ~table[field].isin(tables[other][TABLES[other].key])
            for row, value in zip(table.loc[wrong, "row"], table.loc[wrong, field], strict=True):
                what = files.get(other, other)
                faults.error(
                    "reference", files[name], int(row), field, value, f"is not in {what}; add it or correct the id"
                )


def check_clocks(tables: Tables, files: Mapping[str, str], faults: Faults, now: datetime) -> None:
    """Deployments end after they start; events fall into their deployment; nothing before 2000 or in the future."""
    deployments, latest = tables["deployments"], pd.Timestamp(now) + pd.Timedelta(days=1)
    for one in deployments.itertuples():
        _check_deployment(one, files["deployments"], latest, faults)
    _check_overlaps(deployments, files["deployments"], faults)
    observations = tables["observations"].merge(
        deployments[["deploymentID", "deploymentStart", "deploymentEnd", "timestampIssues"]],
        on="deploymentID",
        how="left",
    )
    file = files["observations"]
    _check_range(observations, "eventStart", latest, file, faults)
    backwards = observations["eventEnd"] < observations["eventStart"]
    for one in observations[backwards].itertuples():
        message = f"is before eventStart {one.eventStart:%Y-%m-%dT%H:%M:%SZ}; swap or correct them"
        faults.error("clock", file, one.row, "eventEnd", _iso(one.eventEnd), message)
    early = observations["eventStart"] < observations["deploymentStart"] - TOLERANCE
    late = observations["eventStart"] > observations["deploymentEnd"] + TOLERANCE
    for one in observations[early | late].itertuples():
        _outside_deployment(one, file, faults)


def check_tags(tables: Tables, files: Mapping[str, str], faults: Faults) -> None:
    """Gaps of deployments can be read and hold no event; no other tag is given with two values."""
    gaps = []
    for one in tables["deployments"].itertuples():
        for key, values in repeated(one.deploymentTags).items():
            message = f"the tag {key} is given with {' and '.join(values)}; only one can hold"
            faults.error("tag", files["deployments"], one.row, "deploymentTags", one.deploymentTags, message)
        for value in tag_values(one.deploymentTags, "gap"):
            try:
                gaps.append((one.deploymentID, one.utc_offset_min, *gap_of(value)))
            except ValueError as error:
                faults.error("tag", files["deployments"], one.row, "deploymentTags", f"gap:{value}", str(error))
    observations = tables["observations"]
    for deployment, offset, first, last in gaps:
        own = observations[(observations["deploymentID"] == deployment) & (observations["observationType"] == "animal")]
        day = (own["eventStart"] + pd.Timedelta(minutes=offset)).dt.tz_localize(None).dt.normalize()
        for one in own[day.between(first, last)].itertuples():
            message = (
                f"lies in the gap {first:%Y-%m-%d}/{last:%Y-%m-%d} of its deployment, in which the camera did not work; it is left "
                "out. Correct the gap, if the camera did work"
            )
            faults.warning("effort", files["observations"], one.row, "eventStart", _iso(one.eventStart), message)


def timed_pictures(observations: pd.DataFrame, media: pd.DataFrame) -> pd.Series:
    """Whether each row is of a picture that the clock took: an animal in it was not counted because it came."""
    timed = media.loc[media["captureMethod"] == "timeLapse", "mediaID"]
    return (observations["observationLevel"] == "media") & observations["mediaID"].isin(set(timed))


def check_records(tables: Tables, files: Mapping[str, str], faults: Faults) -> None:
    """Says how many records of animals count for nothing: pictures by the clock, pictures outside all events, second looks."""
    table = tables["observations"]
    table = table[(table["observationType"] == "animal") & (table["scientificName"] != "")]
    _tell_of_copies(table, files["observations"], faults)
    left_out = {
        "captureMethod": (timed_pictures(table, tables["media"]), "are of pictures that the clock took (timeLapse)"),
        "observationLevel": (
            _outside_events(table),
            "are of single pictures that lie in no event of their species at their deployment, which has events",
        ),
        "classificationMethod": (_second_looks(table), "are by machines where a person looked too"),
    }
    for field, (which, words) in left_out.items():
        if which.any():
            message = f"{int(which.sum())} records of animals {words}; they are left out"
            faults.warning(
                "left out", files["observations"], int(table.loc[which, "row"].iloc[0]), field, None, message
            )


def _tell_of_copies(table: pd.DataFrame, file: str, faults: Faults) -> None:
    """Rows that are the same as another but for their id: of one look, written down twice."""
    copies = table.duplicated([name for name in table.columns if name not in ("row", "observationID")])
    if copies.any():
        message = f"{int(copies.sum())} records of animals are copies of others; of one event the most animals of one record count"
        faults.warning("copies", file, int(table.loc[copies, "row"].iloc[0]), "", None, message)


def _outside_events(table: pd.DataFrame) -> pd.Series:
    """Records of single pictures of a species that has events at the deployment, but none then."""
    outside = pd.Series(False, index=table.index)
    for _, own in table.groupby(["deploymentID", "scientificName"]):
        events, pictures = own[own["observationLevel"] == "event"], own[own["observationLevel"] == "media"]
        if len(events) and len(pictures):
            at = pictures["eventStart"].to_numpy()[:, None]
            within = (events["eventStart"].to_numpy() <= at) & (at <= events["eventEnd"].to_numpy())
            outside[pictures.index] = ~within.any(axis=1)
    return outside


def _second_looks(table: pd.DataFrame) -> pd.Series:
    """Records by machines of an event or a picture that a person classified."""
    own = table["eventID"].where(table["observationLevel"] == "event", table["mediaID"])
    human = table["classificationMethod"] == "human"
    seen = human.groupby([table["deploymentID"], table["scientificName"], table["observationLevel"], own]).transform(
        "any"
    )
    return (own != "") & seen & (table["classificationMethod"] == "machine")


def _check_deployment(one: object, file: str, latest: pd.Timestamp, faults: Faults) -> None:
    row, start, end = one.row, one.deploymentStart, one.deploymentEnd  # type: ignore[attr-defined]
    if end <= start:
        faults.error(
            "effort", file, row, "deploymentEnd", _iso(end), f"is not after deploymentStart {_iso(start)}; correct one"
        )
    for name, time in (("deploymentStart", start), ("deploymentEnd", end)):
        if time < EARLIEST:
            faults.error(
                "clock", file, row, name, _iso(time), "is before 2000: the clock was not set; write the true time"
            )
        if time > latest:
            faults.error("clock", file, row, name, _iso(time), "is in the future; write when the camera last worked")
    if end - start > LONGEST:
        faults.warning(
            "effort", file, row, "deploymentEnd", _iso(end), f"{(end - start).days} days without a visit; is it right?"
        )


def _check_overlaps(deployments: pd.DataFrame, file: str, faults: Faults) -> None:
    """One camera cannot stand at two deployments at once: its days would count twice."""
    known = deployments[deployments["cameraID"] != ""].sort_values(["cameraID", "deploymentStart"])
    for _, mine in known.groupby("cameraID"):
        ends = mine["deploymentEnd"].cummax().shift()
        for one in mine[mine["deploymentStart"] < ends].itertuples():
            message = "overlaps another deployment of the same camera; its days would count twice"
            faults.warning("effort", file, one.row, "cameraID", one.cameraID, message)


def _check_range(table: pd.DataFrame, name: str, latest: pd.Timestamp, file: str, faults: Faults) -> None:
    for one in table[(table[name] < EARLIEST) | (table[name] > latest)].itertuples():
        time = getattr(one, name)
        what = "is before 2000" if time < EARLIEST else "is in the future"
        faults.error(
            "clock", file, one.row, name, _iso(time), f"{what}: the camera's clock was wrong; correct the times"
        )


def _outside_deployment(one: object, file: str, faults: Faults) -> None:
    start, begin, end = one.eventStart, one.deploymentStart, one.deploymentEnd  # type: ignore[attr-defined]
    away = begin - start if start < begin else start - end
    message = (
        f"lies {away.total_seconds() / 3600:.1f} h outside its deployment ({_iso(begin)} to {_iso(end)}); "
        "set the clock right, or correct the deployment"
    )
    if one.timestampIssues:  # type: ignore[attr-defined]
        message += "; the deployment says that its times are not to be trusted, so the event is left out"
        faults.warning("clock", file, one.row, "eventStart", _iso(start), message)  # type: ignore[attr-defined]
    else:
        faults.error("clock", file, one.row, "eventStart", _iso(start), message)  # type: ignore[attr-defined]


def _iso(time: pd.Timestamp) -> str:
    return "" if pd.isna(time) else f"{time:%Y-%m-%dT%H:%M:%SZ}"


def check_places(
    deployments: pd.DataFrame, grid: Grid, file: str, faults: Faults, *, leave_out: bool, link_m: float
) -> np.ndarray:
    """Whether each deployment lies on the study's grid; swapped, unset and rounded coordinates are told.

    Returns
    -------
    (n,) bool
    """
    lon, lat = deployments["longitude"].to_numpy(float), deployments["latitude"].to_numpy(float)
    inside, swapped = _on_grid(grid, lon, lat), _on_grid(grid, lat, lon)
    for i, one in enumerate(deployments.itertuples()):
        at = f"{one.latitude:g}, {one.longitude:g}"
        if one.latitude == 0 and one.longitude == 0:
            faults.error(
                "place",
                file,
                one.row,
                "latitude, longitude",
                at,
                "is no place but an unset receiver; write the true one",
            )
        elif not inside[i] and swapped[i]:
            message = f"lies outside the study, but {one.longitude:g}, {one.latitude:g} would lie in it: swap latitude and longitude"
            faults.error("place", file, one.row, "latitude, longitude", at, message)
        elif not inside[i]:
            message = "lies outside the study; correct it, or write outside_study: leave_out into evidence.yaml"
            (faults.warning if leave_out else faults.error)("place", file, one.row, "latitude, longitude", at, message)
        elif coarse_m(one.latitude, one.longitude, one.coordinateUncertainty) > link_m:
            message = (
                f"is known to {coarse_m(one.latitude, one.longitude, one.coordinateUncertainty):.0f} m only (rounded, or "
                f"coordinateUncertainty), which is more than the {link_m:g} m within which a camera is linked: it is linked to no "
                "passage or fence; write it with at least 4 decimals"
            )
            faults.warning("place", file, one.row, "latitude, longitude", at, message)
    return inside


def _on_grid(grid: Grid, lon: np.ndarray, lat: np.ndarray) -> np.ndarray:
    possible = np.abs(lat) <= 90
    x, y = grid.map_xy(lon, np.where(possible, lat, 0.0))
    west, south, east, north = grid.bounds
    return np.asarray(possible & (x >= west) & (x <= east) & (y >= south) & (y <= north))


def coarse_m(latitude: float, longitude: float, stated_m: float = float("nan")) -> float:
    """How far off coordinates may be [m]: what is stated, or half of their last decimal if they seem rounded."""
    decimals = max(_decimals(latitude), _decimals(longitude))
    rounded = 0.5 * METRES_PER_DEGREE * 10.0**-decimals
    return max(rounded, 0.0 if np.isnan(stated_m) else stated_m)


def _decimals(value: float) -> int:
    text = f"{value:.8f}".rstrip("0")
    return len(text.partition(".")[2])
