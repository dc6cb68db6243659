"""OpenStreetMap by Overpass: what is asked, what comes of it, and answers that are none."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from rasters.errors import OptionError
from scenarios.region import fetching
from scenarios.region.cache import Cache
from scenarios.region.fetching import NotReached
from scenarios.region.source import Layers, Place
from scenarios.region.sources.overpass import Overpass
from tests.support.public_sources import Served, serving

BOUNDS = (66.9, 37.2, 68.1, 37.6)


def way(number: int, line: list[tuple[float, float]], **tags: str) -> dict[str, object]:
    shape = [{"lon": lon, "lat": lat} for lon, lat in line]
    return {"type": "way", "id": number, "tags": tags, "geometry": shape}


RING = [(67.2, 37.3), (67.3, 37.3), (67.3, 37.4), (67.2, 37.4), (67.2, 37.3)]
HOLE = [(67.22, 37.32), (67.28, 37.32), (67.28, 37.38), (67.22, 37.38), (67.22, 37.32)]
ELEMENTS = [
    way(1, [(67.0, 37.5), (67.5, 37.5)], barrier="fence", fence_type="chain_link", height="2 m"),
    way(2, [(67.5, 37.5), (68.0, 37.5)], barrier="fence", fence_type="chain_link", height="2 m"),
    {"type": "node", "id": 1, "lat": 37.5, "lon": 67.5, "tags": {"barrier": "gate"}},
    {
        "type": "node",
        "id": 2,
        "lat": 37.4,
        "lon": 67.8,
        "tags": {"place": "town", "name": "Termez", "name:ru": "Термез"},
    },
    {
        "type": "relation",
        "id": 1,
        "tags": {"type": "multipolygon", "natural": "water"},
        "members": [
            {"type": "way", "ref": 8, "role": "outer", "geometry": [{"lon": x, "lat": y} for x, y in RING[:3]]},
            {"type": "way", "ref": 9, "role": "outer", "geometry": [{"lon": x, "lat": y} for x, y in RING[2:]]},
            {"type": "way", "ref": 10, "role": "inner", "geometry": [{"lon": x, "lat": y} for x, y in HOLE]},
        ],
    },
    way(3, RING, leisure="nature_reserve", name="Tugai"),
    way(4, [(67.0, 37.45), (67.5, 37.45)], waterway="canal"),
]


def answer(query: str) -> bytes:
    """Elements of every tile, as a server gives what touches it."""
    return json.dumps({"version": 0.6, "elements": ELEMENTS}).encode()


@pytest.fixture
def served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Served]:
    monkeypatch.setattr(fetching, "FIRST_WAIT_S", 0.01)
    with serving(tmp_path) as server:
        server.answer = answer
        yield server


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return Cache(folder=tmp_path / "cache", limit_bytes=1e9)


def read(served: Served, cache: Cache) -> Layers:
    place = Place.around(BOUNDS, 1000)
    source = Overpass(f"{served.address}/api/interpreter")
    return source.read(place, [cache.get(source, ask) for ask in source.asks(place)])


def test_what_lies_in_two_tiles_is_there_once(served: Served, cache: Cache) -> None:
    layers = read(served, cache)
    assert len(served.asked) == 2
    fence = layers.tables["fences"]
    assert list(fence["fence_line"]) == ["osm_mesh"] and fence["height_m"][0] == 2
    assert fence.length[0] == pytest.approx(88_300, rel=0.01)
    assert list(layers.tables["gates"]["kind"]) == ["gate"] and list(layers.tables["settlements"]["name_ru"]) == [
        "Термез"
    ]
    outer, inner = layers.tables["reserves"].area[0], layers.tables["water"].area[0]
    assert inner == pytest.approx(outer * (1 - 0.36), rel=1e-3)  # the island of 0.06 x 0.06 degrees is cut out
    assert {*layers.tables} == {"fences", "gates", "settlements", "reserves", "water", "canals"}
    read(served, cache)
    assert len(served.asked) == 2  # kept


def test_the_query_names_the_tile_and_the_themes(served: Served, cache: Cache) -> None:
    read(served, cache)
    query = served.asked[0][1]
    south, west, north, east = map(float, re.findall(r"\(([\d.]+),([\d.]+),([\d.]+),([\d.]+)\)", query)[0])
    assert south < 37.2 < 37.6 < north and west < 66.9 and 0 < east - west <= 1
    assert query.startswith("[out:json][timeout:180];(") and query.endswith(");out geom;")
    assert 'way["barrier"~"^(fence|wall|city_wall|cable_barrier)$"]' in query and 'node["place"~"^(city|' in query


def test_a_busy_server_is_asked_again(served: Served, cache: Cache) -> None:
    served.faults.extend(["429", "503"])
    assert len(read(served, cache).tables["fences"]) == 1 and len(served.asked) == 4


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (
            b'{"elements": [], "remark": "runtime error: Query timed out in \\"query\\" at line 1 after 180 seconds."}',
            "did not finish",
        ),
        (b"<html>The server is probably too busy</html>", "is no answer of Overpass"),
        (b'{"elements": 3}', "did not finish"),
        (b'{"elements": [3]}', "is no answer of Overpass"),
        (b'{"elements": [{"type": "node", "id": 1, "lon": "east", "lat": 1}]}', "is no answer of Overpass"),
        (b'{"elements": [{"type": "node", "id": 1, "lon": 1e999, "lat": 1}]}', "is no answer of Overpass"),
        (b'{"elements": [{"type": "way", "id": 1, "tags": [], "geometry": []}]}', "is no answer of Overpass"),
        (b"[" * 100_000, "is no answer of Overpass"),
    ],
)
def test_what_is_no_whole_answer_is_not_kept(served: Served, cache: Cache, body: bytes, said: str) -> None:
    served.answer = lambda _: body
    with pytest.raises(
        NotReached, match=rf"{said}.*, and is not kept; try again; OpenStreetMap by Overpass can be given .*--pbf FILE"
    ):
        read(served, cache)
    assert not list(cache.entries())
    served.answer = answer
    assert len(read(served, cache).tables["fences"]) == 1


def test_large_regions_are_for_extracts(served: Served) -> None:
    with pytest.raises(
        OptionError, match=r"--overpass: the region has 1\d\.\d square degrees, .* at most 4; give an extract"
    ):
        Overpass(served.address).asks(Place.around((66, 36, 70, 39), 4000))
