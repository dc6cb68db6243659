"""Reading camera-trap data: the real example as it is, damaged copies of it, plain CSV files."""

from __future__ import annotations

import gzip
import json
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from rasters.errors import ConfigError, DataError, LayerNotFoundError
from rasters.grid import Grid
from scenarios.evidence.events import independent_events
from scenarios.evidence.package import TrapData, read_traps
from scenarios.evidence.plausible import check_places, coarse_m
from scenarios.evidence.standard import TABLES
from scenarios.evidence.watching import daily_effort
from scenarios.field_data.faults import Faults
from tests.support.places import SHARED

EXAMPLE = SHARED / "data" / "tests_only" / "camtrap_dp_example"
needs_example = pytest.mark.skipif(not EXAMPLE.is_dir(), reason="the Camtrap DP example is not beside the repository")
NOW = datetime(2026, 6, 1, tzinfo=UTC)
BELGIUM = Grid.from_bounds("EPSG:3035", (3_800_000, 3_000_000, 4_100_000, 3_200_000), 1000.0)

DEPLOYMENTS = """deploymentID,locationID,latitude,longitude,deploymentStart,deploymentEnd,cameraID,deploymentTags
d1,s1,42.12345,55.54321,2024-03-01T08:00:00+05:00,2024-03-31T08:00:00+05:00,c1,
d2,s2,42.22345,55.64321,2024-03-01T12:00:00+05:00,2024-03-21T00:00:00+05:00,c2,gap:2024-03-05/2024-03-09 | role:control
"""
HEAD = (
    "observationID,deploymentID,mediaID,eventID,eventStart,eventEnd,observationLevel,observationType,scientificName,count,"
    "observationTags\n"
)
OBSERVATIONS = (
    HEAD
    + """o1,d1,,e1,2024-03-02T06:00:00+05:00,2024-03-02T06:01:00+05:00,event,animal,Panthera pardus,1,crossing:through | direction:north
o2,d1,,e2,2024-03-02T06:20:00+05:00,2024-03-02T06:20:00+05:00,event,animal,Panthera pardus,2,
o3,d1,,e3,2024-03-02T07:00:00+05:00,2024-03-02T07:00:00+05:00,event,animal,Panthera pardus tulliana,1,
o4,d2,,e4,2024-03-03T23:50:00+05:00,2024-03-03T23:50:00+05:00,event,animal,Vulpes vulpes,,
o5,d2,,e5,2024-03-04T01:00:00+05:00,2024-03-04T01:00:00+05:00,event,blank,,,
"""
)
MEDIA = "mediaID,deploymentID,timestamp,filePath,filePublic,fileMediatype\n"


def write_package(folder: Path, **tables: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    texts = {"deployments": DEPLOYMENTS, "media": MEDIA, "observations": OBSERVATIONS} | tables
    for name, text in texts.items():
        (folder / f"{name}.csv").write_text(text, encoding="utf-8")
    descriptor = {
        "profile": "https://raw.githubusercontent.com/tdwg/camtrap-dp/1.0.2/camtrap-dp-profile.json",
        "name": "small",
        "title": "Small",
        "created": "2024-05-01T00:00:00Z",
        "contributors": [{"title": "us"}],
        "project": {"title": "p"},
        "spatial": {"type": "Point"},
        "temporal": {"start": "2024-03-01"},
        "taxonomic": [{"scientificName": "x"}],
        "resources": [{"name": name, "path": f"{name}.csv"} for name in texts],
    }
    (folder / "datapackage.json").write_text(json.dumps(descriptor), encoding="utf-8")
    return folder


@needs_example
def test_the_example_reads_as_it_is_and_its_counts_are_those_of_the_files() -> None:
    data = read_traps(EXAMPLE, now=NOW)
    assert data.faults == ()
    raw = {name: pd.read_csv(EXAMPLE / f"{name}.csv") for name in TABLES}
    assert {name: len(getattr(data, name)) for name in TABLES} == {name: len(table) for name, table in raw.items()}
    start, end = (pd.to_datetime(raw["deployments"][c], utc=True) for c in ("deploymentStart", "deploymentEnd"))
    hours = ((end - start).dt.total_seconds() / 86400).to_numpy()
    effort = daily_effort(data).groupby("deploymentID")["days"].sum()
    np.testing.assert_allclose(effort[raw["deployments"]["deploymentID"]], hours, rtol=1e-9)


@needs_example
def test_events_of_the_example_are_those_of_a_plain_loop() -> None:
    data = read_traps(EXAMPLE, now=NOW)
    found = independent_events(data, {}, 30.0)
    raw = pd.read_csv(EXAMPLE / "observations.csv")
    raw = raw[(raw["observationType"] == "animal") & (raw["observationLevel"] == "event")]
    events: dict[tuple[str, str], int] = {}
    last: dict[tuple[str, str], pd.Timestamp] = {}
    for one in raw.sort_values("eventStart").itertuples():
        key, start, end = (
            (one.deploymentID, one.scientificName),
            pd.Timestamp(one.eventStart),
            pd.Timestamp(one.eventEnd),
        )
        if key not in last or start - last[key] >= pd.Timedelta(minutes=30):
            events[key] = events.get(key, 0) + 1
        last[key] = max(end, last.get(key, end))
    assert found.groupby(["deploymentID", "name"]).size().to_dict() == events
    assert found["records"].sum() == raw.groupby(["deploymentID", "eventID", "scientificName"], dropna=False).ngroups
    direction = raw.loc[raw["observationTags"].notna(), "observationTags"]
    assert set(found.loc[found["direction"] != "", "direction"]) == {
        t.split(":")[1] for t in direction if "irection" in t
    }


Damage = Callable[[Path], None]


def edited(file: str, change: Callable[[pd.DataFrame], None]) -> Damage:
    def damage(folder: Path) -> None:
        table = pd.read_csv(folder / file, dtype=str, keep_default_na=False)
        change(table)
        table.to_csv(folder / file, index=False)

    return damage


def put(file: str, row: int, field: str, value: str) -> Damage:
    """Row as in the file: 2 is the first under the header."""

    def change(table: pd.DataFrame) -> None:
        table.loc[row - 2, field] = value

    return edited(file, change)


def doubled(table: pd.DataFrame) -> None:
    table.loc[len(table)] = table.loc[0]


D, O, M = "deployments.csv", "observations.csv", "media.csv"  # noqa: E741
DAMAGED: dict[str, tuple[Damage, list[str]]] = {
    "missing effort": (put(D, 3, "deploymentEnd", ""), [f"{D}:3: deploymentEnd", "effort is not known", "write when"]),
    "no time zone": (
        put(D, 2, "deploymentStart", "2020-05-30T04:57:37"),
        [f"{D}:2: deploymentStart", "no time zone", "+05:00"],
    ),
    "ends before it starts": (
        put(D, 4, "deploymentEnd", "2020-06-01T00:00:00Z"),
        [f"{D}:4: deploymentEnd", "not after"],
    ),
    "clock reset": (put(O, 2, "eventStart", "1970-01-02T00:00:00Z"), [f"{O}:2: eventStart", "before 2000", "correct"]),
    "clock in the future": (put(O, 2, "eventEnd", "2031-01-02T00:00:00Z"), [f"{O}:2: eventEnd", "2031"]),
    "event outside its deployment": (
        put(O, 5, "eventStart", "2020-05-20T02:57:37Z"),
        [f"{O}:5: eventStart", "h outside its deployment", "clock"],
    ),
    "duplicate id": (edited(D, doubled), [f"{D}:6: deploymentID: '00a2c20d'", "stands in row 2 already"]),
    "unknown deployment": (put(O, 9, "deploymentID", "nowhere"), [f"{O}:9: deploymentID: 'nowhere'", f"not in {D}"]),
    "unknown medium": (put(O, 9, "mediaID", "none"), [f"{O}:9: mediaID: 'none'", f"not in {M}"]),
    "negative count": (put(O, 2, "count", "-3"), [f"{O}:2: count: '-3'", ">= 1"]),
    "word not allowed": (
        put(O, 3, "observationType", "beast"),
        [f"{O}:3: observationType: 'beast'", "one of animal, human"],
    ),
    "not a number": (put(D, 2, "latitude", "51,496"), [f"{D}:2: latitude: '51,496'", "not a number"]),
    "broken count": (put(O, 2, "count", "1.5"), [f"{O}:2: count: '1.5'", "whole number"]),
    "latitude beyond the pole": (put(D, 2, "latitude", "151"), [f"{D}:2: latitude: '151'", "<= 90"]),
    "column gone": (
        edited(D, lambda t: t.insert(0, "deployEnd", t.pop("deploymentEnd"))),
        [f"{D}:1: deploymentEnd", "column is missing", "'deployEnd'"],
    ),
    "path out of the package": (
        put(M, 2, "filePath", "../secret.jpg"),
        [f"{M}:2: filePath: '../secret.jpg'", "not allowed"],
    ),
}


@needs_example
@pytest.mark.parametrize("name", DAMAGED)
def test_a_damaged_copy_says_table_row_field_and_fix(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "copy"
    shutil.copytree(EXAMPLE, folder, copy_function=shutil.copyfile)
    folder.chmod(0o755)
    damage, words = DAMAGED[name]
    damage(folder)
    if name == "clock in the future":
        put(O, 2, "eventStart", "2031-01-01T00:00:00Z")(folder)
        words = [f"{O}:2: eventStart", "in the future"]
    with pytest.raises(DataError) as error:
        read_traps(folder, now=NOW)
    for word in words:
        assert word in str(error.value)


@needs_example
def test_many_faults_are_told_at_once(tmp_path: Path) -> None:
    folder = tmp_path / "copy"
    shutil.copytree(EXAMPLE, folder, copy_function=shutil.copyfile)
    folder.chmod(0o755)
    for damage in (put(D, 2, "latitude", "x"), put(O, 2, "count", "-1"), put(O, 30, "sex", "both")):
        damage(folder)
    with pytest.raises(DataError) as error:
        read_traps(folder, now=NOW)
    assert [line.split(":")[0] for line in str(error.value).splitlines()] == [D, O, O]


def placed(data: TrapData, grid: Grid, leave_out: bool = False) -> tuple[np.ndarray, Faults]:
    faults = Faults()
    inside = check_places(data.deployments, grid, "deployments.csv", faults, leave_out=leave_out, link_m=200.0)
    return inside, faults


@needs_example
def test_swapped_unset_and_foreign_coordinates_are_told_apart(tmp_path: Path) -> None:
    data = read_traps(EXAMPLE, now=NOW)
    inside, faults = placed(data, BELGIUM)
    assert inside.all() and not faults.errors
    table = data.deployments
    lat, lon = table.columns.get_loc("latitude"), table.columns.get_loc("longitude")
    table.iloc[0, [lat, lon]] = [4.774, 51.496]
    table.iloc[1, [lat, lon]] = 0.0
    table.iloc[2, [lat, lon]] = [42.12345, 56.12345]
    table.iloc[3, [lat, lon]] = [51.5, 4.8]
    inside, faults = placed(data, BELGIUM)
    assert inside.tolist() == [False, False, False, True]
    assert [("swap" in f.message, "unset" in f.message, "outside the study" in f.message) for f in faults.errors] == [
        (True, False, True),
        (False, True, False),
        (False, False, True),
    ]
    assert "5550 m only" in faults.warnings[0].message
    inside, faults = placed(data, BELGIUM, leave_out=True)
    assert len(faults.errors) == 2 and not inside[2]


def test_rounding_is_told_from_the_decimals() -> None:
    assert coarse_m(42.1, 55.6) == pytest.approx(5550)
    assert coarse_m(42.12345, 55.6) < 1
    assert coarse_m(42.12345, 55.61234, 900.0) == 900


def test_effort_ends_with_the_deployment_and_leaves_gaps_out(tmp_path: Path) -> None:
    data = read_traps(write_package(tmp_path / "p"), now=NOW)
    effort = daily_effort(data)
    days = effort.groupby("deploymentID")["days"].sum()
    assert days["d1"] == pytest.approx(30.0)
    assert days["d2"] == pytest.approx(19.5 - 5.0)
    assert effort["day"].dt.normalize().equals(effort["day"]) and (effort["days"] <= 1).all()


def test_events_merge_within_the_interval_from_the_end_of_the_record_before(tmp_path: Path) -> None:
    data = read_traps(write_package(tmp_path / "p"), now=NOW)
    names = {"Panthera pardus": "leopard", "Panthera pardus tulliana": "leopard"}
    found = independent_events(data, names, 30.0)
    assert found["name"].tolist() == ["Panthera pardus", "Panthera pardus tulliana", "Vulpes vulpes"]
    first = found.iloc[0]
    assert (first["records"], first["group"], first["outcome"], first["direction"], first["hour"]) == (
        2,
        2.0,
        "through",
        "north",
        6,
    )
    assert independent_events(data, names, 19.0)["name"].tolist()[:2] == ["Panthera pardus"] * 2
    assert found.iloc[2]["day"] == pd.Timestamp("2024-03-03")


def test_an_event_at_a_camera_whose_clock_is_known_to_be_wrong_is_left_out(tmp_path: Path) -> None:
    deployments = (
        DEPLOYMENTS.replace("cameraID,", "cameraID,timestampIssues,")
        .replace(",c1,", ",c1,true,")
        .replace(",c2,", ",c2,,")
    )
    observations = OBSERVATIONS.replace(
        "2024-03-02T06:00:00+05:00,2024-03-02T06:01:00+05:00", "2024-05-02T06:00:00Z,2024-05-02T06:01:00Z"
    )
    data = read_traps(write_package(tmp_path / "p", deployments=deployments, observations=observations), now=NOW)
    assert [f.kind for f in data.faults] == ["clock"]
    assert len(independent_events(data, {}, 30.0)) == 3


def test_overlapping_deployments_of_one_camera_and_long_ones_are_warned_about(tmp_path: Path) -> None:
    deployments = DEPLOYMENTS.replace(",c2,", ",c1,").replace("2024-03-31T08", "2026-04-30T08")
    data = read_traps(write_package(tmp_path / "p", deployments=deployments), now=NOW)
    assert ["days without a visit" in str(f) or "twice" in str(f) for f in data.faults] == [True, True]


def plain_study(folder: Path, settings: str, zipped: bool = False) -> Path:
    folder.mkdir()
    cameras = "cam,place,lat,lon,from,to\nA,gate,42.12345,55.54321,01.03.2024 08:00,31.03.2024 08:00\n"
    seen = "cam,what,when,n\nA,leopard,02.03.2024 06:00,2\nA,leopard,05.03.2024 22:15,\n"
    if zipped:
        with gzip.open(folder / "seen.csv.gz", "wt", encoding="utf-8") as file:
            file.write(seen)
    else:
        (folder / "seen.csv").write_text(seen, encoding="utf-8")
    (folder / "cameras.csv").write_text(cameras, encoding="utf-8-sig")
    (folder / "evidence.yaml").write_text(settings, encoding="utf-8")
    return folder


MAPPING = """
time_zone: Asia/Aqtau
time_format: "%d.%m.%Y %H:%M"
tables:
  deployments:
    file: cameras.csv
    columns: {deploymentID: cam, locationID: place, latitude: lat, longitude: lon, deploymentStart: from, deploymentEnd: to}
  observations:
    file: seen.csv.gz
    columns: {deploymentID: cam, scientificName: what, eventStart: when, count: n}
    constants: {observationLevel: event, observationType: animal}
    values: {scientificName: {leopard: Panthera pardus}}
"""


def test_plain_csv_files_are_read_by_their_mapping(tmp_path: Path) -> None:
    data = read_traps(plain_study(tmp_path / "plain", MAPPING, zipped=True), now=NOW)
    assert data.observations["eventStart"].iloc[0] == pd.Timestamp("2024-03-02T01:00:00Z")
    found = independent_events(data, {"Panthera pardus": "leopard"}, 30.0)
    assert found[["species", "hour", "group"]].to_numpy().tolist() == [["leopard", 6, 2.0], ["leopard", 22, 1.0]]
    assert daily_effort(data)["days"].sum() == pytest.approx(30.0)


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        (("time_zone: Asia/Aqtau", "time_zone: Mars/Base"), ConfigError, "evidence.yaml:2: time_zone: 'Mars/Base'"),
        (("time_zone: Asia/Aqtau", ""), DataError, "cameras.csv:2: deploymentStart: '01.03.2024 08:00'"),
        (("count: n", "count: number"), DataError, "no column 'number'"),
        (("file: cameras.csv", "file: camera.csv"), LayerNotFoundError, "there is cameras.csv"),
        (("tables:", "table:"), ConfigError, "did you mean 'tables'"),
    ],
)
def test_a_wrong_mapping_says_what_is_wrong(
    tmp_path: Path, change: tuple[str, str], error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=r".") as found:
        read_traps(plain_study(tmp_path / "plain", MAPPING.replace(*change), zipped=True), now=NOW)
    assert words in str(found.value)


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("profile", "https://x/camtrap-dp/0.6/camtrap-dp-profile.json", "version 0.6"),
        ("profile", "tabular-data-package", "no Camtrap DP profile"),
        ("resources", [{"name": "deployments", "path": "deployments.csv"}], "there is no media, observations"),
        ("resources", [{"name": n, "path": "../x.csv"} for n in TABLES], "must not climb out of its folder"),
    ],
)
def test_a_wrong_descriptor_says_what_is_wrong(tmp_path: Path, key: str, value: object, words: str) -> None:
    folder = write_package(tmp_path / "p")
    descriptor = json.loads((folder / "datapackage.json").read_text())
    (folder / "datapackage.json").write_text(json.dumps(descriptor | {key: value}))
    with pytest.raises(DataError, match=words):
        read_traps(folder, now=NOW)


def test_a_table_that_is_none_is_told(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="separated by ';'"):
        read_traps(write_package(tmp_path / "p", deployments=DEPLOYMENTS.replace(",", ";")), now=NOW)
    with pytest.raises(DataError, match="stands under no column"):
        read_traps(write_package(tmp_path / "q", observations=HEAD + "a,b,c\n" * 2 + "x," * 30), now=NOW)
    (tmp_path / "q" / "observations.csv").write_bytes(b"observationID\n\xff\xfe")
    with pytest.raises(DataError, match="is not UTF-8"):
        read_traps(tmp_path / "q", now=NOW)


def test_no_data_at_all(tmp_path: Path) -> None:
    with pytest.raises(LayerNotFoundError, match=r"datapackage\.json"):
        read_traps(tmp_path)
    data = read_traps(write_package(tmp_path / "p", observations=HEAD), now=NOW)
    assert len(independent_events(data, {}, 30.0)) == 0


def test_a_misspelt_folder_does_not_read_the_one_above(tmp_path):
    (tmp_path / "deployments.csv").write_text(DEPLOYMENTS)
    (tmp_path / "evidence.yaml").write_text("tables: {deployments: deployments.csv}\n")
    with pytest.raises(LayerNotFoundError, match="trops: there is no such file or folder; give the folder"):
        read_traps(tmp_path / "trops", now=NOW)
