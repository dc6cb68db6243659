"""Collar files: every format, and every fault told at once."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import yaml
from pyproj import Transformer

from rasters.errors import ConfigError, DataError, LayerNotFoundError
from scenarios.tracks.reading import Tracks, read_tracks

NOW = datetime(2025, 6, 1, tzinfo=UTC)
HEAD = "event-id,visible,timestamp,location-long,location-lat,individual-local-identifier,individual-taxon-canonical-name\n"


def movebank(folder: Path, rows: list[str], name: str = "collars.csv") -> Path:
    path = folder / name
    path.write_text(HEAD + "".join(f"{i},{row}\n" for i, row in enumerate(rows)), encoding="utf-8")
    return path


def row(hour: int, lon: float = 56.12345, lat: float = 43.54321, animal: str = "A", visible: str = "true") -> str:
    return f"{visible},2024-05-0{1 + hour // 24} {hour % 24:02d}:00:00.000,{lon},{lat},{animal},Equus hemionus"


def warned(tracks: Tracks) -> str:
    return "\n".join(map(str, tracks.faults))


def test_movebank_times_are_utc_and_ids_stay_whole(tmp_path: Path) -> None:
    path = movebank(
        tmp_path, [row(0, animal="12345678901"), row(2, animal="12345678901"), row(0, animal="00000000017")]
    )
    tracks = read_tracks(path, now=NOW)
    assert list(tracks.fixes["animal"].cat.categories) == ["00000000017", "12345678901"]
    assert str(tracks.fixes["time"].iloc[1]) == "2024-05-01 00:00:00+00:00"
    assert not tracks.faults


def test_underscores_will_do(tmp_path: Path) -> None:
    path = movebank(tmp_path, [row(0), row(2)])
    path.write_text(path.read_text().replace(HEAD, HEAD.replace("-", "_")))
    assert len(read_tracks(path, now=NOW).fixes) == 2


def test_what_is_no_fix_is_left_out_counted_and_told(tmp_path: Path) -> None:
    rows = [
        row(0),
        row(2),
        row(2),
        row(4, lon=56.2),
        row(4, lon=56.21),
        row(3),
        row(6, visible="false"),
        row(8).replace("56.12345", ""),
        row(10, lon=0, lat=0),
        row(12, animal=""),
        row(14).replace("2024", "1980"),
        row(16).replace("2024", "2034"),
    ]
    tracks = read_tracks(movebank(tmp_path, rows), now=NOW)
    assert len(tracks.fixes) == 4
    assert tracks.fixes["time"].is_monotonic_increasing
    counts = tracks.counts.set_index("animal").loc["A"]
    assert counts.to_dict() == {"rows": 11, "no_fix": 5, "repeated": 2, "too_fast": 0, "not_worn": 0, "fixes": 4}
    for words in (
        "1 rows of A repeat a fix",
        "have the time of another fix and another position",
        "1 rows of A are earlier than the row before",
        "are marked as outliers",
        "have no position",
        "are at 0, 0",
        "have no animal",
        "2 rows of A are before 2000 or in the future",
    ):
        assert words in warned(tracks), words


def test_a_fix_that_no_animal_could_reach_is_left_out(tmp_path: Path) -> None:
    rows = [row(h, lon=56.1 + 0.0123 * h, lat=43.54321) for h in range(5)]
    rows[2] = row(2, lon=58.0)
    tracks = read_tracks(movebank(tmp_path, rows), now=NOW)
    assert tracks.counts["too_fast"].tolist() == [1]
    assert "faster than 60 km/h" in warned(tracks) and "collars.csv:4" in warned(tracks)


def test_two_animals_under_one_name_are_told(tmp_path: Path) -> None:
    rows = [row(0), row(1, lon=57.9), row(2, lon=57.91)]
    assert "is it one animal?" in warned(read_tracks(movebank(tmp_path, rows), now=NOW))


def test_positions_of_three_decimals_are_told(tmp_path: Path) -> None:
    assert "50 m at best" in warned(
        read_tracks(movebank(tmp_path, [row(0, 56.123, 43.5), row(2, 56.124, 43.5)]), now=NOW)
    )


def test_every_error_is_told_at_once(tmp_path: Path) -> None:
    (tmp_path / "tracks.yaml").write_text(yaml.safe_dump({"files": [{"file": "a.csv"}, {"file": "b.csv"}]}))
    (tmp_path / "a.csv").write_text("animal,time,lon,lat\nA,2024-05-01 06:00,56.1,43.1\nA,,56.1,43.1\n")
    (tmp_path / "b.csv").write_text("animal,time,lon,lat\nB,2024-05-01T06:00:00Z,east,43.1\nB,31.05.2024,56.1,43.1\n")
    with pytest.raises(DataError) as told:
        read_tracks(tmp_path, now=NOW)
    text = str(told.value)
    assert text.count("\n") == 3
    assert "a.csv:2: time: '2024-05-01 06:00': has no time zone" in text and "a.csv:3: time: is empty" in text
    assert "b.csv:2: lon: 'east': is not a number" in text and "b.csv:3: time: '31.05.2024'" in text


def test_metres_without_a_reference_system_are_an_error_that_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("animal,time,lon,lat\nA,2024-05-01T06:00:00Z,590123.5,4812345.5\n")
    with pytest.raises(DataError, match=r"a.csv:2: lon, lat: '590124, 4\.81235e\+06': .*crs: EPSG:32642"):
        read_tracks(tmp_path / "a.csv", now=NOW)


def test_one_animal_of_two_species_is_an_error(tmp_path: Path) -> None:
    rows = [row(0), row(2).replace("Equus hemionus", "Ovis vignei")]
    with pytest.raises(DataError, match="the animal A is given as Equus hemionus and Ovis vignei"):
        read_tracks(movebank(tmp_path, rows), now=NOW)


def places() -> pd.DataFrame:
    return pd.DataFrame({"lon": [56.10001, 56.11002, 56.12003], "lat": [43.50001, 43.50502, 43.51003]})


def same(tracks: Tracks, animal: str) -> None:
    assert list(tracks.fixes["animal"].cat.categories) == [animal]
    assert tracks.fixes["lon"].tolist() == pytest.approx(places()["lon"].tolist(), abs=2e-7)
    assert tracks.fixes["lat"].tolist() == pytest.approx(places()["lat"].tolist(), abs=2e-7)
    assert [time.isoformat() for time in tracks.fixes["time"]] == [f"2024-05-01T{h:02d}:00:00+00:00" for h in (1, 3, 5)]


def test_a_mapped_file_in_metres_and_local_time(tmp_path: Path) -> None:
    x, y = Transformer.from_crs("EPSG:4326", "EPSG:32640", always_xy=True).transform(*places().to_numpy().T)
    lines = [f"0815;ignored;{d}.05.2024 {h}:00" for d, h in ((1, "06"), (1, "08"), (1, "10"))]
    text = "tag,note,when,e,n\n" + "".join(
        f"{line.split(';')[0]},x,{line.split(';')[2]},{a:.3f},{b:.3f}\n" for line, a, b in zip(lines, x, y, strict=True)
    )
    (tmp_path / "gps.csv").write_text(text)
    columns = {"animal": "tag", "time": "when", "lon": "e", "lat": "n"}
    settings = {"time_zone": "Asia/Aqtau", "time_format": "%d.%m.%Y %H:%M"}
    settings["files"] = [{"file": "gps.csv", "columns": columns, "crs": "EPSG:32640"}]
    (tmp_path / "tracks.yaml").write_text(yaml.safe_dump(settings))
    same(read_tracks(tmp_path, now=NOW), "0815")


def test_gpx(tmp_path: Path) -> None:
    points = "".join(
        f'<trkpt lat="{lat}" lon="{lon}"><time>2024-05-01T{h:02d}:00:00Z</time></trkpt>'
        for h, (lon, lat) in zip((1, 3, 5), places().to_numpy(), strict=True)
    )
    head = '<?xml version="1.0"?><gpx version="1.1" creator="x" xmlns="http://www.topografix.com/GPX/1/1">'
    (tmp_path / "a.gpx").write_text(f"{head}<trk><name>kulan 7</name><trkseg>{points}</trkseg></trk></gpx>")
    same(read_tracks(tmp_path / "a.gpx", now=NOW), "kulan 7")


def test_a_geopackage_with_numbers_for_names(tmp_path: Path) -> None:
    shapes = gpd.points_from_xy(*places().to_numpy().T, crs="EPSG:4326")
    times = pd.to_datetime([f"2024-05-01T{h:02d}:00:00Z" for h in (1, 3, 5)])
    frame = gpd.GeoDataFrame({"animal": np.full(3, 12345678901.0), "time": times}, geometry=shapes).to_crs("EPSG:32640")
    frame.to_file(tmp_path / "a.gpkg", layer="fixes")
    same(read_tracks(tmp_path / "a.gpkg", now=NOW), "12345678901")


def test_days_that_count(tmp_path: Path) -> None:
    movebank(tmp_path, [row(h) for h in range(0, 72, 12)])
    (tmp_path / "tracks.yaml").write_text(
        yaml.safe_dump({"animals": {"A": {"first": "2024-05-02", "last": "2024-05-02"}}})
    )
    tracks = read_tracks(tmp_path, now=NOW)
    assert {time.day for time in tracks.fixes["time"]} == {2}
    assert tracks.counts["not_worn"].tolist() == [4]


def test_a_column_that_is_missing_names_what_there_is(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("who,time,lon,lat\nA,2024-05-01T06:00:00Z,56.1,43.1\n")
    with pytest.raises(
        DataError, match=r"no column holds animal; say which does in tracks.yaml.*it has time, lon, lat"
    ):
        read_tracks(tmp_path / "a.csv", now=NOW)


def test_settings_with_a_fault_name_the_line(tmp_path: Path) -> None:
    movebank(tmp_path, [row(0)])
    (tmp_path / "tracks.yaml").write_text("synthetic: false\nencounter: 100\n")
    with pytest.raises(ConfigError, match=r"tracks.yaml:2: encounter.*encounter_m"):
        read_tracks(tmp_path, now=NOW)


def test_nothing_there(tmp_path: Path) -> None:
    with pytest.raises(LayerNotFoundError, match="holds no CSV, GPX or GeoPackage"):
        read_tracks(tmp_path, now=NOW)
    with pytest.raises(DataError, match="no fix is left of 1 rows: 1 no fix"):
        read_tracks(movebank(tmp_path, [row(0, visible="false")]), now=NOW)
