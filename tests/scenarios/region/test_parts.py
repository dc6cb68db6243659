"""Overviews of tiles instead of whole tiles: what is fetched, gone on with, kept, and whether it is the same."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import rasterio

from scenarios.region import fetching
from scenarios.region.cache import Cache
from scenarios.region.parts import HEAD_BYTES
from scenarios.region.reading import opened, placed, read_classes
from scenarios.region.source import Got, Place
from scenarios.region.sources.worldcover import WorldCover
from tests.support.public_sources import Served, serving, worldcover_tile

BOUNDS = (67.0, 37.0, 68.0, 38.0)


@pytest.fixture(scope="module")
def tile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Fields of a fifth of a degree, with every fortieth pixel of another class, so that the whole tile is large."""
    noise = np.random.default_rng(3)

    def cover(lon: np.ndarray, lat: np.ndarray) -> np.ndarray:
        fields = np.where((np.floor(lon * 5) + np.floor(lat * 5)) % 2 == 0, 30, 40)
        return np.where(noise.random(lon.shape) < 1 / 40, 50, fields)

    return worldcover_tile(tmp_path_factory.mktemp("tile"), 66, 36, cover, pixels=3600)


@pytest.fixture
def served(tile: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Served]:
    monkeypatch.setattr(fetching, "FIRST_WAIT_S", 0.01)
    with serving(tile.parents[3]) as server:
        yield server


def got_of(served: Served, cache: Cache, cell_m: float) -> tuple[Place, Got]:
    place = Place.around(BOUNDS, cell_m)
    source = WorldCover(served.address)
    (ask,) = [one for one in source.asks(place) if "N36E066" in one.url]
    return place, cache.get(source, ask)


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return Cache(folder=tmp_path / "cache", limit_bytes=1e9)


def test_coarse_cells_need_little_of_a_tile(served: Served, cache: Cache, tile: Path) -> None:
    place, got = got_of(served, cache, 4000)
    whole = tile.stat().st_size
    assert got.kept.overview == 1 and got.kept.factor == 4 and got.kept.whole_bytes == whole
    assert got.kept.n_bytes < whole / 4 and served.sent < got.kept.n_bytes + 2000, (served.sent, whole)
    with opened(placed([got]), place.lon_0) as few, rasterio.open(tile, overview_level=1) as all_of_it:
        assert (few.read(1) == all_of_it.read(1)).all()
    with opened(placed([got]), place.lon_0) as few, rasterio.open(tile) as all_of_it:
        coarse, fine = read_classes(few, place.grid, "few"), read_classes(all_of_it, place.grid, "all")
    assert (coarse == fine).mean() > 0.97  # cells that two fields share may differ


def test_fine_cells_need_the_whole_tile(served: Served, cache: Cache, tile: Path) -> None:
    _, got = got_of(served, cache, 100)
    assert got.kept.overview == -1 and got.path is not None and got.path.read_bytes() == tile.read_bytes()
    assert served.sent == tile.stat().st_size  # goes on from the head


def test_a_whole_tile_serves_coarse_cells_too(served: Served, cache: Cache) -> None:
    got_of(served, cache, 100)
    n_asked = len(served.asked)
    _, got = got_of(served, cache, 4000)
    assert len(served.asked) == n_asked and got.kept.overview == -1 and not got.is_new


def test_a_part_that_broke_off_is_gone_on_with(served: Served, cache: Cache, tile: Path) -> None:
    served.faults.extend(["", "cut"])
    _, got = got_of(served, cache, 2000)
    assert got.path is not None and got.path.read_bytes() == tile.read_bytes()[: got.kept.n_bytes]
    ranges = [part for _, part in served.asked]
    assert len(ranges) == 3 and ranges[0] == f"bytes=0-{HEAD_BYTES - 1}"
    assert ranges[1].startswith(f"bytes={HEAD_BYTES}-") and int(ranges[2][6:].partition("-")[0]) > HEAD_BYTES


def test_a_server_without_ranges_sends_no_more_than_is_read(served: Served, cache: Cache, tile: Path) -> None:
    served.faults.extend(["whole"] * 5)
    _, got = got_of(served, cache, 4000)
    assert got.path is not None and got.path.read_bytes() == tile.read_bytes()[: got.kept.n_bytes]


def test_a_tile_that_changed_between_its_head_and_the_rest_is_begun_anew(
    served: Served, cache: Cache, tile: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = Place.around(BOUNDS, 2000)
    source = WorldCover(served.address)
    (ask,) = [one for one in source.asks(place) if "N36E066" in one.url]
    planned = cache.to_fetch(source, ask)
    before = tile.read_bytes()
    try:
        noise = np.random.default_rng(4)
        worldcover_tile(tile.parents[3], 66, 36, lambda lon, _: noise.choice([20, 60], lon.shape), pixels=3600)
        got = cache.get(source, ask)
        assert got.kept.n_bytes > 2 * planned > 0  # the old head would have had too little fetched
        with opened(placed([got]), place.lon_0) as few, rasterio.open(tile, overview_level=got.kept.overview) as new:
            assert (few.read(1) == new.read(1)).all() and {*np.unique(new.read(1))} == {20, 60}
    finally:
        tile.write_bytes(before)
