"""Reserves by the interface of Protected Planet: pages, the token, what is left out, and answers that are none."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from shapely import box, to_geojson

from rasters.errors import OptionError
from scenarios.progress import Reporter
from scenarios.region import fetching
from scenarios.region.fetching import NotReached
from scenarios.region.given import Given
from scenarios.region.session import make_region, plan_region
from scenarios.region.source import Layers, Place
from scenarios.region.sources import protected_planet
from scenarios.region.sources.protected_planet import TOKEN, ProtectedPlanet
from tests.support.public_sources import Served, serving

BOUNDS = (66.0, 37.0, 67.0, 38.0)
SECRET = "ca4703ffba6b9a26b2db73f78e56e088"


def area(english: str, west: float, status: str = "Designated", **more: object) -> dict[str, object]:
    shape = json.loads(to_geojson(box(west, 37.4, west + 0.1, 37.5)))
    feature = {"type": "Feature", "properties": {}, "geometry": shape}
    return {
        "site_id": 1,
        "name_english": english,
        "name": english,
        "legal_status": {"name": status},
        "geojson": feature,
    } | more


def page(root: Path, country: str, number: int, areas: list[dict[str, object]]) -> Path:
    """As a server of files has it: the words of the question are part of the file's name."""
    path = root / f"protected_areas/search?country={country}&with_geometry=true&per_page=3&page={number}"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps({"protected_areas": areas}), encoding="utf-8")
    return path


@pytest.fixture
def served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Served]:
    monkeypatch.setattr(fetching, "FIRST_WAIT_S", 0.01)
    monkeypatch.setattr(protected_planet, "PER_PAGE", 3)
    monkeypatch.setenv(TOKEN, SECRET)
    root = tmp_path / "www"
    root.mkdir()
    point = {"type": "Feature", "properties": {}, "geometry": {"type": "Point", "coordinates": [66.5, 37.5]}}
    page(root, "TKM", 1, [area("Koytendag", 66.4), area("Far away", 60.0), area("Proposal", 66.5, "Proposed")])
    page(root, "TKM", 2, [area("", 66.6, name="Кугитанг"), area("Spring", 66.5, geojson=point)])
    page(root, "UZB", 1, [area("Surkhan", 66.7), area("No shape", 66.5, geojson=None)])
    with serving(root) as server:
        server.token = SECRET
        yield server


def read(served: Served, *countries: str) -> Layers:
    return ProtectedPlanet.of_user(served.address, countries or ("TKM", "UZB")).read(Place.around(BOUNDS, 1000), ())


def test_every_page_of_every_country_is_read_and_what_is_not_there_or_not_standing_left_out(served: Served) -> None:
    found = read(served)
    assert sorted(found.tables["reserves"]["name"]) == ["Koytendag", "Surkhan", "Кугитанг"]
    assert found.left_out == {"reserves that are only proposed, or of no reported status": 1}
    assert [one.url.rpartition("?")[2] for one in found.fetched] == [
        "country=TKM&with_geometry=true&per_page=3&page=1",
        "country=TKM&with_geometry=true&per_page=3&page=2",
        "country=UZB&with_geometry=true&per_page=3&page=1",
    ]
    assert all(len(one.sha256) == 64 and one.n_bytes > 100 for one in found.fetched)


@pytest.mark.parametrize("fault", ["503", "429", "cut"])
def test_a_busy_server_and_a_broken_line_are_asked_again(served: Served, fault: str) -> None:
    served.faults.append(fault)
    assert len(read(served).tables["reserves"]) == 3


def test_a_wrong_token_is_told_and_said_nowhere(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(TOKEN, "another")
    with pytest.raises(NotReached, match=rf"says 401.*; is the token in {TOKEN} right\?; .*--wdpa FILE") as told:
        read(served)
    assert "another" not in str(told.value) and "another" not in repr(ProtectedPlanet.of_user("http://x", ("TKM",)))
    assert len(served.asked) == 1


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("page", "what came is no answer of Protected Planet"),
        ("redirect", r"another host \(elsewhere\.invalid\)"),
        ("403", "says 403"),
    ],
)
def test_what_is_no_answer_is_told_in_one_line_with_what_to_do(served: Served, fault: str, words: str) -> None:
    served.faults.append(fault)
    with pytest.raises(NotReached, match=rf"page=1: .*{words}.*; reserves can be given as a file: --wdpa FILE") as told:
        read(served)
    assert "\n" not in str(told.value)


def test_pages_that_never_end_are_told(served: Served) -> None:
    again = page(served.root, "TKM", 2, [area(name, 66.4) for name in "abc"])
    again.with_name(again.name[:-1] + "3").write_bytes(again.read_bytes())
    with pytest.raises(NotReached, match=r"page=3: is the page before again"):
        read(served)


def test_a_country_without_areas_and_words_that_are_no_code_are_refused(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    page(served.root, "XXX", 1, [])
    with pytest.raises(OptionError, match=r"--wdpa-country XXX: Protected Planet has no area there"):
        read(served, "XXX")
    with pytest.raises(OptionError, match=r"--wdpa-country 'Turkmenistan': should be a country's ISO code"):
        read(served, "Turkmenistan")
    monkeypatch.delenv(TOKEN)
    with pytest.raises(OptionError, match=rf"{TOKEN} is not set; ask for a token"):
        read(served)


def test_nothing_of_it_is_kept_and_the_study_says_where_it_is_from(
    served: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests.support.public_sources import dem_tile, worldcover_tile

    monkeypatch.setenv("OTKEL_SOURCES", str(tmp_path / "kept"))
    files = {
        "dem": dem_tile(tmp_path, 66, 37, lambda lon, lat: 500 + 100 * (lat - 37), pixels=(60, 60)),
        "landcover": worldcover_tile(tmp_path, 66, 36, lambda lon, lat: 30 + 0 * lon, pixels=90),
    }
    given = Given(**files, wdpa_countries=("TKM",), addresses=(f"wdpa={served.address}",))
    quiet = Reporter(quiet=True)
    with pytest.raises(OptionError, match=r"--offline has none; give --wdpa FILE"):
        make_region(tmp_path / "study", BOUNDS, ["urial"], quiet, cell_m=4000, given=given, offline=True)
    assert plan_region(BOUNDS, 4000, given).rows == (("Protected Planet", -1),)
    made = make_region(tmp_path / "study", BOUNDS, ["urial"], quiet, cell_m=4000, given=given)
    said = (tmp_path / "study/SOURCES.yaml").read_text(encoding="utf-8")
    assert "not to be redistributed" in said and re.search(r"page=2\s+fetched: ", said) and SECRET not in said
    assert made.fetched_bytes > 500 and (tmp_path / "study/data/reserves.gpkg").is_file()
    assert not any(one.is_file() for one in (tmp_path / "kept").rglob("*"))
