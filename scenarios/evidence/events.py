"""Records of animals -> independent events: one visit of one species to one camera."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from scenarios.evidence.package import TrapData
from scenarios.evidence.plausible import TOLERANCE, timed_pictures
from scenarios.evidence.tags import tags_of
from scenarios.field_data.faults import Faults

__all__ = ["OUTCOMES", "animal_records", "independent_events", "species_of"]

OUTCOMES = ("through", "turned_back", "along")
"""Values of the tag ``crossing:`` of an observation at a passage."""
EVENT_COLUMNS = [
    "deploymentID",
    "name",
    "species",
    "start",
    "end",
    "day",
    "hour",
    "group",
    "records",
    "outcome",
    "direction",
]


def species_of(data: TrapData, names: Mapping[str, str], faults: Faults) -> pd.Series:
    """Species id of each observation, empty where the study has no such species.

    Parameters
    ----------
    names : mapping of str to str
        Scientific name -> species id of the study; a subspecies is found by its species, and the other way round.
    """
    known = {name.lower(): species for name, species in (dict(names) | data.settings.species).items()}
    known |= {" ".join(name.split()[:2]): species for name, species in known.items()}
    table = data.observations
    found = {name: _species(name, known) for name in table["scientificName"].unique()}
    file = data.file_names["observations"]
    animals = table[table["observationType"] == "animal"]
    for one in animals[animals["scientificName"] == ""].itertuples():
        faults.warning(
            "species", file, one.row, "scientificName", None, "an animal without a name; it counts for no species"
        )
    for name, rows in animals.groupby("scientificName"):
        if name and not found[str(name)]:
            message = (
                f"is no species of the study ({', '.join(sorted(set(known.values())))}); its {len(rows)} records are left out. "
                "If it is one, name it under `species` in evidence.yaml"
            )
            faults.warning("species", file, int(rows["row"].iloc[0]), "scientificName", name, message)
    return table["scientificName"].map(found)


def _species(name: str, known: Mapping[str, str]) -> str:
    words = name.lower().split()
    return known.get(" ".join(words)) or known.get(" ".join(words[:2]), "")


def animal_records(data: TrapData) -> pd.DataFrame:
    """Records that count: animals, by events where a species has them at a deployment, otherwise by media, with their group size.

    The standard lets the same animal stand in the table twice, once for the event and once for each picture. Rows of one
    event (females, young) or of one picture are added up, those of each classifier for themselves; where a person has
    looked, machines do not count, and of several classifiers the one who saw most does. Pictures that the clock took and
    not an animal count for nothing. `scenarios.evidence.plausible` says what is left out.
    """
    table = data.observations[data.observations["observationType"] == "animal"].copy()
    table = table[_in_deployment(table, data.deployments) & ~timed_pictures(table, data.media)]
    keys = ["deploymentID", "scientificName"]
    is_event = table["observationLevel"] == "event"
    table = table[is_event | ~is_event.groupby([table[key] for key in keys]).transform("any")]
    own = table["eventID"].where(table["observationLevel"] == "event", table["mediaID"])
    table["record"] = own.where(own != "", table["observationID"])
    table["count"] = table["count"].fillna(1.0)
    keys.append("record")
    human = table["classificationMethod"] == "human"
    table = table[human | ~human.groupby([table[key] for key in keys]).transform("any")]
    by_classifier = table.groupby([*keys, "classifiedBy"], sort=False, as_index=False).agg(
        start=("eventStart", "min"),
        end=("eventEnd", "max"),
        group=("count", "sum"),
        tags=("observationTags", _joined),
    )
    return by_classifier.groupby(keys, sort=False, as_index=False).agg(
        start=("start", "min"), end=("end", "max"), group=("group", "max"), tags=("tags", _joined)
    )


def _joined(tags: pd.Series) -> str:
    return " | ".join(tag for tag in tags if tag)


def _in_deployment(table: pd.DataFrame, deployments: pd.DataFrame) -> pd.Series:
    """Events outside a deployment whose clock is known to be wrong were warned about and do not count."""
    when = deployments.set_index("deploymentID")
    start, end = table["deploymentID"].map(when["deploymentStart"]), table["deploymentID"].map(when["deploymentEnd"])
    return (table["eventStart"] >= start - TOLERANCE) & (table["eventStart"] <= end + TOLERANCE)


def independent_events(data: TrapData, species: Mapping[str, str], minutes: float) -> pd.DataFrame:
    """Events: records of one name at one deployment, less than ``minutes`` after the end of the one before, are one.

    Parameters
    ----------
    species : mapping of str to str
        Scientific name -> species id.
    minutes : float
        Interval from which records are independent.

    Returns
    -------
    DataFrame
        ``deploymentID, name, species, start, end`` (UTC), ``day, hour`` (local), ``group`` (most animals in one record),
        ``records``, ``outcome`` (through, turned_back, along or empty), ``direction``; in order of time.
    """
    table = animal_records(data).sort_values(["deploymentID", "scientificName", "start", "record"], kind="stable")
    keys = ["deploymentID", "scientificName"]
    ends = table.groupby(keys)["end"].cummax().groupby([table[k] for k in keys]).shift()
    table["event"] = (ends.isna() | (table["start"] - ends >= pd.Timedelta(minutes=minutes))).cumsum()
    events = table.groupby("event", as_index=False).agg(
        deploymentID=("deploymentID", "first"),
        name=("scientificName", "first"),
        start=("start", "min"),
        end=("end", "max"),
        group=("group", "max"),
        records=("record", "size"),
        tags=("tags", " | ".join),
    )
    events["species"] = pd.Series([species.get(name, "") for name in events["name"]], index=events.index, dtype=str)
    offsets = data.deployments.set_index("deploymentID")["utc_offset_min"]
    local = (events["start"] + pd.to_timedelta(events["deploymentID"].map(offsets), unit="min")).dt.tz_localize(None)
    events["day"], events["hour"] = local.dt.normalize(), local.dt.hour
    tags = [tags_of(text) for text in events["tags"]]
    events["outcome"] = [tag.get("crossing", "") if tag.get("crossing", "") in OUTCOMES else "" for tag in tags]
    events["direction"] = [next((v for k, v in tag.items() if k.lower().endswith("direction")), "") for tag in tags]
    return events[EVENT_COLUMNS].sort_values(["start", "deploymentID", "name"], kind="stable").reset_index(drop=True)
