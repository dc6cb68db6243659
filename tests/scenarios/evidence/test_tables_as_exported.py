"""Tables as spreadsheets and field programs write them: read as they are meant, or one error that names the row."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from affine import Affine

from rasters.errors import ConfigError, DataError, MemoryBudgetError, PlannerWarning
from rasters.grid import Grid
from scenarios.crime.tables import read_crime
from scenarios.evidence.package import TrapData, read_traps
from scenarios.field_data.tables import read_table
from tests.support.tiny_study import CELL_M, CRS, NORTH, SIZE, WEST, write_yaml

GRID = Grid(CRS, Affine(CELL_M, 0, WEST, 0, -CELL_M, NORTH), (SIZE, SIZE))
CAMERAS = "cam,place,lat,lon,from,to\nA,gate,42.830339,56.151349,2024-03-01T08:00,2024-05-31T08:00\n"
SEEN = "cam,what,when,n\nA,Fictus walker,2024-03-04T06:00,2\nA,Fictus walker,2024-03-05T22:15,1\n"
PATROLS = "patrol_id,date,team,lon,lat,km\nP,2024-03-01,a,56.05,42.8,\nP,2024-03-01,a,56.10,42.8,\nP,2024-03-01,a,56.15,42.8,\n"
INCIDENTS = "incident_id,date,type,lon,lat,patrol_id\n1,2024-03-01,snare,56.1,42.8,P\n"
KM = 8.18


def traps(folder: Path, cameras: str | bytes = CAMERAS, seen: str | bytes = SEEN, **settings: Any) -> TrapData:
    for name, text in (("cameras.csv", cameras), ("seen.csv", seen)):
        (folder / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    columns = {
        "deploymentID": "cam",
        "locationID": "place",
        "latitude": "lat",
        "longitude": "lon",
        "deploymentStart": "from",
    }
    tables = {
        "deployments": {"file": "cameras.csv", "columns": columns | {"deploymentEnd": "to"}},
        "observations": {
            "file": "seen.csv", "columns": {"deploymentID": "cam", "scientificName": "what", "eventStart": "when", "count": "n"},
            "constants": {"observationLevel": "event", "observationType": "animal"},
        },
    }  # fmt: skip
    encoding = settings.pop("encoding", None)
    for table in tables.values():
        table |= {"encoding": encoding} if encoding else {}
    write_yaml(folder / "evidence.yaml", {"time_zone": "Asia/Aqtau", "tables": tables} | settings)
    return read_traps(folder)


def patrols(folder: Path, text: str = PATROLS, incidents: str = INCIDENTS, **settings: Any) -> float:
    """Kilometres of patrol."""
    (folder / "patrols.csv").write_text(text, encoding="utf-8")
    (folder / "incidents.csv").write_text(incidents, encoding="utf-8")
    if settings:
        write_yaml(folder / "crime.yaml", settings)
    return float(read_crime(folder, GRID).steps["km"].sum())


def longer(text: str, cell: str = "") -> str:
    """Rows one cell longer than the names of their columns."""
    head, rows = text.split("\n", 1)
    return head + "\n" + rows.replace("\n", f",{cell}\n")


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text, lambda text: longer(text), lambda text: text.replace("\n", ",,\n"), lambda text: text.replace("\n", "\n\n,,\n"),
        lambda text: text.replace("\n", "\r\n"), lambda text: "\ufeff" + text, lambda text: text.rstrip("\n"),
    ],
    ids=["plain", "longer rows", "empty columns", "empty rows", "CRLF", "mark", "no last line end"],
)  # fmt: skip
def test_the_same_table_however_it_is_padded(tmp_path: Path, change: Any) -> None:
    data = traps(tmp_path, change(CAMERAS), change(SEEN))
    assert data.deployments[["latitude", "longitude"]].to_numpy().tolist() == [[42.830339, 56.151349]]
    assert data.observations["count"].tolist() == [2, 1]
    assert patrols(tmp_path, change(PATROLS)) == pytest.approx(KM, abs=0.01)


def test_rows_are_named_by_their_line(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text('x,y\n"one\ntwo",1\n\n3,4\n', encoding="utf-8")
    table = read_table(tmp_path / "a.csv")
    assert table["row"].tolist() == [2, 5]
    assert table["x"].tolist() == ["one\ntwo", "3"]


def test_text_with_a_comma_that_nobody_quoted_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"seen\.csv:2: '2' stands under no column \(5 cells, 4 columns\)"):
        traps(tmp_path, seen=SEEN.replace("Fictus walker", "Fictus walker (L., 1758)", 1))
    with pytest.raises(DataError, match="'note' stands under no column"):
        patrols(tmp_path, longer(PATROLS, "note"))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"PK\x03\x04" + bytes(50), "Excel or OpenDocument"), (b"\xd0\xcf\x11\xe0" + bytes(50), "Excel workbook"),
        (b"<html><table>", "a page of HTML"), (b'[{"cam": "A"}]', "JSON"), (b"%PDF-1.4\n", "a PDF"),
        (CAMERAS.encode("utf-16-le"), "NUL characters"), (CAMERAS.replace(",", "\t").encode(), "separated by tabs"),
        (CAMERAS.replace(",", ";").encode(), "separated by ';'"), (b"", "is empty"), (CAMERAS.replace("gate", '"gate').encode(), "quote"),
        (CAMERAS.replace("place", "cam").encode(), "the column 'cam' is given 2 times"),
    ],
)  # fmt: skip
def test_what_is_no_table_with_commas_is_told(tmp_path: Path, content: bytes, words: str) -> None:
    with pytest.raises(DataError, match=r"cameras\.csv") as told:
        traps(tmp_path, content)
    assert words in str(told.value)


def test_a_stated_encoding_that_is_not_the_files_is_refused(tmp_path: Path) -> None:
    text = CAMERAS.replace("gate", "ворота")
    assert traps(tmp_path, text.encode("cp1251"), encoding="cp1251").deployments["locationID"].tolist() == ["ворота"]
    with pytest.raises(DataError, match="is UTF-8 text, not cp1251"):
        traps(tmp_path, text, encoding="cp1251")


@pytest.mark.parametrize(
    ("style", "words"),
    [
        ("%Y-%m-%d %H:%M %p", "AM and PM"), ("%Y-%m-%d %I:%M", "need %p"), ("%d.%m %H:%M", "says no year"), ("%Y-%M-%d", "%M is for"),
        ("%m.%Y", "says no day"), ("%H:%M", "says no year and no month and no day"),
    ],
)  # fmt: skip
def test_formats_that_make_up_a_part_of_the_time_are_refused(tmp_path: Path, style: str, words: str) -> None:
    with pytest.raises(ConfigError, match="time_format") as told:
        traps(tmp_path, time_format=style)
    assert words in str(told.value)
    with pytest.raises(ConfigError, match="date_format"):
        patrols(tmp_path, date_format=style)


def test_formats_with_halves_of_the_day_are_read(tmp_path: Path) -> None:
    cameras = CAMERAS.replace("T08:00", " 08:00 AM")
    seen = SEEN.replace("T06:00", " 06:00 PM").replace("T22:15", " 10:15 PM")
    data = traps(tmp_path, cameras, seen, time_format="%Y-%m-%d %I:%M %p")
    assert data.observations["eventStart"].tolist() == [
        pd.Timestamp("2024-03-04T13:00Z"),
        pd.Timestamp("2024-03-05T17:15Z"),
    ]
    days = CAMERAS.replace("2024-03-01T08:00", "61.2024 0").replace("2024-05-31T08:00", "152.2024 0")
    with pytest.raises(DataError, match=r"seen\.csv"):
        traps(tmp_path, days, time_format="%j.%Y %H")


def test_days_without_a_time_are_counted_and_told(tmp_path: Path) -> None:
    with pytest.warns(PlannerWarning, match="1 of 1 values are days without a time of day") as told:
        data = traps(tmp_path, CAMERAS.replace("T08:00", ""))
    assert {str(one.message).split(":")[1].strip() for one in told} == {"deploymentStart", "deploymentEnd"}
    assert data.deployments["deploymentEnd"].iloc[0] == pd.Timestamp("2024-05-30T19:00Z")


def test_copies_of_records_are_told(tmp_path: Path) -> None:
    data = traps(tmp_path, seen=SEEN + SEEN.split("\n", 1)[1])
    assert any("2 records of animals are copies of others" in str(fault) for fault in data.faults)


@pytest.mark.parametrize("km", ["inf", "nan", "1e300", "-3", "12 km", '"12,5"', "20000"])
def test_kilometres_that_nobody_walks_are_refused(tmp_path: Path, km: str) -> None:
    with pytest.raises(DataError, match="must be a number of kilometres from 0 to 10000"):
        patrols(tmp_path, PATROLS.replace("42.8,\n", f"42.8,{km}\n"))


def test_kilometres_that_are_metres_are_told(tmp_path: Path) -> None:
    with pytest.warns(PlannerWarning, match="more than 500 km in one row; is it in metres"):
        assert patrols(tmp_path, PATROLS.replace("42.8,\n", "42.8,800\n")) == 2400


def test_copies_of_points_count_once_where_their_second_is_known(tmp_path: Path) -> None:
    timed = PATROLS
    for hour in (8, 9, 10):
        timed = timed.replace("2024-03-01,", f"2024-03-01T{hour:02}:00:00,", 1)
    with pytest.warns(PlannerWarning, match="3 rows are copies of others, to the second; they count once"):
        assert patrols(tmp_path, timed + timed.split("\n", 1)[1]) == pytest.approx(KM, abs=0.01)
    with pytest.warns(PlannerWarning, match="3 rows are copies of others; they count"):
        assert patrols(tmp_path, PATROLS + PATROLS.split("\n", 1)[1]) == pytest.approx(3 * KM, abs=0.03)


def test_a_patrol_id_that_is_used_again_makes_no_way_between(tmp_path: Path) -> None:
    again = PATROLS.split("\n", 1)[1].replace("2024", "2025")
    with pytest.warns(PlannerWarning, match="more than 7 days lie between two points"):
        assert patrols(tmp_path, PATROLS + again) == pytest.approx(2 * KM, abs=0.02)


def test_a_patrol_with_a_track_and_kilometres_is_told(tmp_path: Path) -> None:
    with pytest.warns(PlannerWarning, match="1 patrols have rows with km and points of a track; both count: P"):
        patrols(tmp_path, PATROLS + "P,2024-03-02,a,56.1,42.8,7\n")


def test_times_with_and_without_a_zone_do_not_mix(tmp_path: Path) -> None:
    mixed = PATROLS.replace("2024-03-01,", "2024-03-01T08:00+05:00,", 1).replace("2024-03-01,", "2024-03-01T07:00,", 1)
    with pytest.raises(DataError, match="has no time zone, and other rows have one"):
        patrols(tmp_path, mixed)


def test_a_table_of_more_cells_than_fit_is_refused_before_they_are_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.csv.gz"
    path.write_bytes(gzip.compress(b"a,b\n" + b"1,2\n" * 1_000_000))
    assert path.stat().st_size < 20_000
    monkeypatch.setenv("OTKEL_MEMORY_GIB", "0.25")
    with pytest.raises(
        MemoryBudgetError, match=r"a\.csv\.gz: its 2000003 cells need about 0\.30 GiB of memory, and 0\.25 GiB are free"
    ):
        read_table(path)
