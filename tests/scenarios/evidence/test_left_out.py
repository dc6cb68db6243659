"""What people's tables hold that must not count, or not twice: it is left out, counted and told, or refused."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from rasters.errors import DataError
from scenarios.evidence.events import independent_events
from scenarios.evidence.package import TrapData, read_traps
from scenarios.evidence.watching import daily_effort

NOW = datetime(2026, 6, 1, tzinfo=UTC)
SETTINGS = """
time_zone: Asia/Aqtau
tables:
  deployments: {file: deployments.csv}
  media: {file: media.csv}
  observations: {file: observations.csv, constants: {observationType: animal}}
"""
DEPLOYMENT = "deploymentID,latitude,longitude,deploymentStart,deploymentEnd,deploymentTags\n"
HEAD = (
    "observationID,deploymentID,mediaID,eventID,eventStart,eventEnd,observationLevel,scientificName,count,"
    "classificationMethod,classifiedBy\n"
)


def read(
    folder: Path,
    rows: str,
    *,
    tags: str = "",
    start: str = "2024-03-01 00:00",
    methods: tuple[str, ...] = ("activityDetection",) * 3,
    encoding: str = "utf-8",
) -> TrapData:
    texts = {
        "deployments.csv": f"{DEPLOYMENT}d1,42.12345,55.54321,{start},2024-03-31 00:00,{tags}\n",
        "media.csv": "mediaID,deploymentID,timestamp,filePath,filePublic,fileMediatype,captureMethod\n"
        + "".join(f"m{i},d1,2024-03-02T00:00:00Z,a/{i}.jpg,false,image/jpeg,{how}\n" for i, how in enumerate(methods)),
        "observations.csv": HEAD + rows,
        "evidence.yaml": SETTINGS,
    }
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8" if name == "evidence.yaml" else encoding)
    return read_traps(folder, now=NOW)


def picture(number: int, at: str, name: str = "Fox", count: int = 1, method: str = "", by: str = "") -> str:
    return f"o{number}{method}{by},d1,m{number},,{at},{at},media,{name},{count},{method},{by}\n"


def event(number: int, start: str, end: str, name: str = "Fox") -> str:
    return f"e{number},d1,,v{number},{start},{end},event,{name},1,,\n"


def groups(data: TrapData) -> list[tuple[str, float]]:
    found = independent_events(data, {}, 30.0)
    return list(zip(found["name"], found["group"], strict=True))


def test_every_gap_counts(tmp_path: Path) -> None:
    data = read(tmp_path, "", tags="gap:2024-03-05/2024-03-09 | gap:2024-03-15/2024-03-20")
    assert daily_effort(data)["days"].sum() == pytest.approx(30 - 5 - 6)


@pytest.mark.parametrize(
    ("tags", "words"),
    [
        ("gap:2024-03-09/2024-03-05", "ends before it begins; write it as gap:2024-03-05/2024-03-09"),
        ("gap:5-9 March", "cannot be read; write it as gap:"),
        ("role:control | role:passage", "the tag role is given with control and passage"),
    ],
)
def test_tags_that_say_nothing_certain_are_refused(tmp_path: Path, tags: str, words: str) -> None:
    with pytest.raises(DataError, match=words):
        read(tmp_path, "", tags=tags)


def test_a_visit_in_a_gap_is_told(tmp_path: Path) -> None:
    data = read(tmp_path, event(1, "2024-03-12 06:00", "2024-03-12 06:01"), tags="gap:2024-03-10/2024-03-15")
    assert [str(fault).split(" of its")[0] for fault in data.faults] == [
        "observations.csv:2: eventStart: '2024-03-12T01:00:00Z': lies in the gap 2024-03-10/2024-03-15"
    ]


@pytest.mark.parametrize("start", ["01.03.2024 00:00", "03/01/2024 00:00", "1 March 2024"])
def test_a_date_in_an_order_that_nobody_stated_is_refused(tmp_path: Path, start: str) -> None:
    with pytest.raises(DataError, match=r"deploymentStart: '.*' *: is not a time; .* or state time_format"):
        read(tmp_path, "", start=start)


def test_one_event_of_one_species_does_not_drop_the_pictures_of_another(tmp_path: Path) -> None:
    rows = event(9, "2024-03-03 06:00", "2024-03-03 06:05", "Wolf") + picture(0, "2024-03-04 06:00", count=2)
    data = read(tmp_path, rows)
    assert groups(data) == [("Wolf", 1.0), ("Fox", 2.0)] and data.faults == ()


def test_a_picture_outside_the_events_of_its_species_is_told(tmp_path: Path) -> None:
    rows = event(9, "2024-03-03 06:00", "2024-03-03 06:05") + picture(0, "2024-03-03 06:02")
    assert read(tmp_path, rows).faults == ()
    data = read(tmp_path, rows + picture(1, "2024-03-08 06:00"))
    assert [fault.message.split(" of single")[0] for fault in data.faults] == ["1 records of animals are"]
    assert groups(data) == [("Fox", 1.0)]


def test_pictures_by_the_clock_count_for_nothing(tmp_path: Path) -> None:
    rows = picture(0, "2024-03-04 06:00") + picture(1, "2024-03-05 06:00") + picture(2, "2024-03-06 06:00")
    data = read(tmp_path, rows, methods=("timeLapse", "activityDetection", "timeLapse"))
    assert groups(data) == [("Fox", 1.0)]
    assert (
        data.faults[0].message
        == "2 records of animals are of pictures that the clock took (timeLapse); they are left out"
    )


def test_a_person_goes_before_machines_and_one_of_several_counts(tmp_path: Path) -> None:
    machines = picture(0, "2024-03-04 06:00", count=2, method="machine", by="a") + picture(
        0, "2024-03-04 06:00", count=3, method="machine", by="b"
    )
    assert groups(read(tmp_path, machines)) == [("Fox", 3.0)]
    data = read(tmp_path, machines + picture(0, "2024-03-04 06:00", count=1, method="human"))
    assert groups(data) == [("Fox", 1.0)] and "2 records of animals are by machines" in data.faults[0].message


def test_encodings_are_read_by_their_mark_or_as_stated(tmp_path: Path) -> None:
    row = event(1, "2024-03-03 06:00", "2024-03-03 06:05", "Лиса")
    assert groups(read(tmp_path, row, encoding="utf-16")) == [("Лиса", 1.0)]
    with pytest.raises(DataError, match=r"observations\.csv: is not UTF-8 text .*`encoding: cp1251`"):
        read(tmp_path, row, encoding="cp1251")
    (tmp_path / "evidence.yaml").write_text(
        SETTINGS.replace("observations.csv,", "observations.csv, encoding: cp1251,")
    )
    assert groups(read_traps(tmp_path, now=NOW)) == [("Лиса", 1.0)]


def test_two_columns_of_one_name_are_refused(tmp_path: Path) -> None:
    read(tmp_path, "")
    path = tmp_path / "observations.csv"
    path.write_text(path.read_text().replace("classifiedBy", "count"))
    with pytest.raises(DataError, match="the column 'count' is given 2 times"):
        read_traps(tmp_path, now=NOW)
