"""The bundled data of the study `ustyurt`: whole, honest about what is schematic, and rebuilt from their sources."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pytest
import rasterio
import rasterio.features
import shapely
from pyproj import CRS
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from rasters.errors import DataError, LayerNotFoundError
from scenarios.land.actions import removed_stretches
from scenarios.land.inputs import read_fences, study_grid
from scenarios.library.ustyurt import build_data
from scenarios.library.ustyurt.study_grid import BOUNDS, CELL_M, SHAPE, STUDY_WKT, TRANSFORM, projector
from scenarios.study.load import resolve
from tests.support.places import ROOT

STUDY = ROOT / "scenarios" / "library" / "ustyurt"
DATA = STUDY / "data"
SHARED = ROOT.parent / "shared" / "data" / "region"
RECORD = build_data.read_sources()
RASTERS = sorted(name for name in RECORD["results"] if name.endswith(".tif"))
TARGETS = {"ustyurt_reserve", "southern_cluster", "kyzylsai", "karagiye_karakol"}
STEPS = ((0, 1), (1, 0), (1, 1), (1, -1))

needs_sources = pytest.mark.skipif(not SHARED.is_dir(), reason=f"the regional source files are not at {SHARED}")


def band(name: str) -> np.ndarray[Any, Any]:
    with rasterio.open(DATA / name) as source:
        values: np.ndarray[Any, Any] = source.read(1)
        return values


def layer(name: str, table: str) -> gpd.GeoDataFrame:
    return gpd.read_file(DATA / name, layer=table)


@pytest.fixture(scope="module")
def fences() -> gpd.GeoDataFrame:
    return layer("fences.gpkg", "fences")


@pytest.fixture(scope="module")
def reserves() -> gpd.GeoDataFrame:
    return layer("reserves.gpkg", "reserves")


@pytest.fixture(scope="module")
def countries() -> gpd.GeoSeries:
    return layer("borders.gpkg", "countries").set_index("country").geometry


# --- the record ---


def test_every_file_is_recorded_and_as_recorded() -> None:
    on_disk = {path.name for path in DATA.iterdir() if path.suffix in (".tif", ".gpkg")}
    assert on_disk == set(RECORD["results"])
    for name, entry in RECORD["results"].items():
        assert build_data.file_sha256(DATA / name) == entry["sha256"], name
        assert build_data.content_sha256(DATA / name) == entry["content_sha256"], name
        assert entry["done"] and set(entry["made_from"]) <= set(RECORD["sources"]), name


def test_the_bundle_is_small_and_licensed() -> None:
    assert sum(path.stat().st_size for path in DATA.iterdir()) < 8e6
    licences = (ROOT / "DATA_LICENCES.md").read_text(encoding="utf-8")
    readme = (DATA / "README.md").read_text(encoding="utf-8")
    for name in RECORD["results"]:
        assert f"`{name}`" in licences and f"`{name}`" in readme, name
    for owner in ("OpenStreetMap contributors", "GeoNames", "GLOBE", "ETOPO1", "MCD12C1"):
        assert owner in licences


def test_content_hash_sees_one_pixel_and_one_attribute(tmp_path: Path) -> None:
    raster, vector = tmp_path / "water.tif", tmp_path / "fences.gpkg"
    shutil.copy(DATA / raster.name, raster)
    with rasterio.open(raster, "r+") as out:
        values = out.read(1)
        values[600, 600] += 1
        out.write(values, 1)
    table = layer("fences.gpkg", "fences")
    table.loc[0, "height_m"] = 1.8
    table.to_file(vector, layer="fences")
    for path in (raster, vector):
        assert build_data.content_sha256(path) != RECORD["results"][path.name]["content_sha256"]


def test_content_hash_does_not_see_how_a_file_was_packed(tmp_path: Path) -> None:
    raster, vector = tmp_path / "water.tif", tmp_path / "fences.gpkg"
    with rasterio.open(DATA / "water.tif") as source:
        profile = {**source.profile, "compress": "lzw", "blockxsize": 128, "blockysize": 128}
        with rasterio.open(raster, "w", **profile) as out:
            out.write(source.read(1), 1)
    layer("fences.gpkg", "fences").to_file(vector, layer="fences", SPATIAL_INDEX="NO")
    for path in (raster, vector):
        assert build_data.file_sha256(path) != RECORD["results"][path.name]["sha256"]
        assert build_data.content_sha256(path) == RECORD["results"][path.name]["content_sha256"]


# --- rebuilding ---


@needs_sources
def test_a_rebuild_gives_the_recorded_contents(capsys: pytest.CaptureFixture[str]) -> None:
    before = {name: (DATA / name).stat().st_mtime_ns for name in RECORD["results"]}
    assert build_data.main(["--source", str(SHARED), "--check"]) == 0
    assert "all as recorded" in capsys.readouterr().out
    assert before == {name: (DATA / name).stat().st_mtime_ns for name in RECORD["results"]}


def test_missing_sources_are_named(tmp_path: Path) -> None:
    with pytest.raises(LayerNotFoundError, match=r"missing .*countries_osm10m.*--source"):
        build_data.check_sources(tmp_path, RECORD)
    assert build_data.main(["--source", str(tmp_path)]) == 4


def test_an_altered_source_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.tif").write_bytes(b"one")
    (tmp_path / "b.tif").write_bytes(b"two")
    good = build_data.file_sha256(tmp_path / "a.tif")
    record = {"sources": {"a.tif": {"sha256": good}, "b.tif": {"sha256": good}}}
    with pytest.raises(DataError, match=r"b\.tif: sha256 is") as caught:
        build_data.check_sources(tmp_path, record)
    assert "a.tif" not in str(caught.value)


# --- rasters ---


@pytest.mark.parametrize("name", RASTERS)
def test_rasters_share_the_grid_and_carry_their_tags(name: str) -> None:
    with rasterio.open(DATA / name) as source:
        assert source.shape == SHAPE and source.transform == TRANSFORM
        assert CRS.from_user_input(source.crs) == CRS.from_wkt(STUDY_WKT)
        assert source.nodata is not None and source.units[0] and source.descriptions[0]
        unknown = source.read(1) == source.nodata
    assert 0.001 < unknown.mean() < 0.005
    assert not unknown[:-30].any(), "no data only along the southern edge"


def at(values: np.ndarray[Any, Any], lon: float, lat: float) -> int:
    x, y = projector().transform(lon, lat)
    return int(values[int((BOUNDS[3] - y) // CELL_M), int((x - BOUNDS[0]) // CELL_M)])


@pytest.mark.parametrize(
    ("where", "lon", "lat", "lowest", "highest", "water"),
    [
        ("Caspian", 51.0, 42.0, -28, -28, 1),
        ("Garabogazgol", 53.5, 41.3, -28, -28, 1),
        ("Sarykamysh", 57.4, 41.95, -5, 10, 2),
        ("western Aral", 58.53, 45.17, 25, 55, 2),
        ("Karagiye depression", 51.83, 43.45, -132, -40, 0),
        ("Ashgabat", 58.38, 37.95, 190, 260, 0),
        ("Damavand", 52.11, 35.95, 4800, 5610, 0),
        ("Big Balkhan", 54.5, 39.67, 1200, 1880, 0),
    ],
)
def test_known_places_are_where_they_should_be(
    where: str, lon: float, lat: float, lowest: int, highest: int, water: int
) -> None:
    assert lowest <= at(band("dem.tif"), lon, lat) <= highest, where
    assert at(band("water.tif"), lon, lat) == water, where


def test_lakes_are_not_left_at_the_level_of_the_caspian() -> None:
    lake = band("water.tif") == 2
    assert lake.sum() > 8_000
    assert (band("dem.tif")[lake] == -28).mean() < 0.02


def test_the_steepest_slope_is_not_below_the_slope_of_the_mean() -> None:
    dem, steepest = band("dem.tif").astype(float), band("slope_max.tif").astype(float)
    known = (dem != -32768) & (steepest != 255)
    dem[~known] = np.nan
    south, east = np.gradient(dem, CELL_M)
    slope = 100.0 * np.hypot(south, east)
    steep = np.isfinite(slope) & (slope >= 15.0)
    assert steep.sum() > 20_000
    assert (steepest[steep] >= slope[steep]).mean() > 0.9


def test_land_cover_is_igbp() -> None:
    classes = set(np.unique(band("landcover.tif")).tolist())
    assert classes <= set(range(18)) and {10, 16, 17} <= classes
    assert (band("landcover.tif")[band("water.tif") == 1] == 17).mean() > 0.97


# --- vectors ---


@pytest.mark.parametrize(
    ("name", "table"),
    [
        ("borders.gpkg", "borders"),
        ("borders.gpkg", "countries"),
        ("places.gpkg", "places"),
        ("reserves.gpkg", "reserves"),
        ("fences.gpkg", "fences"),
    ],
)
def test_layers_are_projected_and_valid(name: str, table: str) -> None:
    frame = layer(name, table)
    assert CRS.from_user_input(frame.crs) == CRS.from_wkt(STUDY_WKT)
    assert len(frame) and frame.geometry.is_valid.all() and not frame.geometry.is_empty.any()


def test_borders_are_single_lines_between_their_countries(countries: gpd.GeoSeries) -> None:
    borders = layer("borders.gpkg", "borders").set_index("pair")
    assert {"KZ-TM", "KZ-UZ", "TM-UZ", "IR-TM", "TM-AF"} <= set(borders.index)
    assert set(borders.geom_type) == {"LineString"} and borders.geometry.is_simple.all()
    assert borders.loc["KZ-TM", "length_km"] == pytest.approx(414.5, abs=2.0)
    assert borders.loc["IR-TM", "length_km"] == pytest.approx(1098.0, rel=0.01)
    for pair, line in borders.geometry.items():
        for country in str(pair).split("-"):
            beside = line.intersection(countries[country].boundary.buffer(1.0)).length
            assert beside > 0.85 * line.length, (pair, country)


def test_everything_schematic_says_so(fences: gpd.GeoDataFrame, reserves: gpd.GeoDataFrame) -> None:
    assert (fences["geometry_status"] == "schematic").all() and fences["origin"].str.startswith("schematic").all()
    assert (reserves["geometry_status"] == "schematic").all() and (reserves["source"] != "").all()


def test_fence_sections_are_clean_lines(fences: gpd.GeoDataFrame) -> None:
    assert fences["id"].is_unique and set(fences.geom_type) == {"LineString"} and fences.geometry.is_simple.all()
    assert set(fences["fence_line"]) == {"kz_border_fence", "tm_security_line"}
    line = fences.set_index("id").geometry
    assert line["kz_border_fence_kz_tm"].coords[-1] == line["kz_border_fence_kz_uz"].coords[0]
    assert line["tm_security_line_kz_tm"].coords[-1] == line["tm_security_line_tm_uz"].coords[0]


def test_fences_keep_to_their_side_and_distance(fences: gpd.GeoDataFrame, countries: gpd.GeoSeries) -> None:
    border = layer("borders.gpkg", "borders").set_index("pair").geometry.drop(["TM-AF", "IR-AF"])
    offset_m = {"kz_border_fence": 200.0, "tm_security_line": 5_000.0}
    for fence in fences.itertuples():
        far = offset_m[fence.fence_line]
        inside = fence.geometry.intersection(shapely.box(*BOUNDS))
        away = shapely.distance(shapely.points(shapely.get_coordinates(inside.segmentize(250.0))), border.union_all())
        slack = min(far / 4.0, 100.0) + 0.002 * far  # simplification, and arcs drawn as chords
        assert away.min() > far - slack, fence.id
        on_border_side = countries.drop(fence.country).union_all()
        assert not fence.geometry.intersects(on_border_side), fence.id
        assert np.median(away) == pytest.approx(far, rel=0.05), fence.id


def test_reserves_lie_on_their_own_land(reserves: gpd.GeoDataFrame, countries: gpd.GeoSeries) -> None:
    water = band("water.tif")
    for place in reserves[reserves["inside_window"]].itertuples():
        own = place.geometry.intersection(countries[place.country]).area
        assert own > 0.99 * place.geometry.area, place.id
        assert place.area_km2 == pytest.approx(place.geometry.area / 1e6, abs=0.1)
        assert place.area_km2 >= 0.85 * place.stated_area_km2 and place.moved_km <= 20.0
        assert ("cut" in place.fitted) == (place.area_km2 < 0.995 * place.stated_area_km2), place.id
        assert ("moved" in place.fitted) == (place.moved_km > 0), place.id
        middle = place.geometry.representative_point()
        assert water[int((BOUNDS[3] - middle.y) // CELL_M), int((middle.x - BOUNDS[0]) // CELL_M)] == 0, place.id
    assert reserves.loc[~reserves["inside_window"], "id"].tolist() == ["koytendag"]


def test_reserves_are_apart_and_clear_of_fences(reserves: gpd.GeoDataFrame, fences: gpd.GeoDataFrame) -> None:
    assert reserves["id"].is_unique and set(reserves.loc[reserves["role"] == "target", "id"]) == TARGETS
    shapes = reserves.geometry.to_numpy()
    apart = shapely.distance(shapes[:, None], shapes[None, :])[~np.eye(len(shapes), dtype=bool)]
    assert apart.min() > 900.0
    assert min(shapely.distance(shapes, line).min() for line in fences.geometry) > 1_500.0


# --- a closed fence lets nobody through, counted independently of the program's own fence code ---


def open_components(lines: list[Any], walkable: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Component of each cell over 8 neighbours, steps whose straight line meets a fence segment left out."""
    rows, cols = walkable.shape
    index = np.arange(rows * cols).reshape(rows, cols)
    x, y = BOUNDS[0] + CELL_M * (np.arange(cols) + 0.5), BOUNDS[3] - CELL_M * (np.arange(rows) + 0.5)
    segments = np.concatenate([np.stack([c[:-1], c[1:]], 1) for c in map(shapely.get_coordinates, lines)])
    tree = shapely.STRtree(shapely.linestrings(segments))
    beside = np.zeros((rows, cols), dtype=bool)
    for line in lines:
        px, py = shapely.get_coordinates(line.segmentize(500.0)).T
        r, c = ((BOUNDS[3] - py) // CELL_M).astype(int), ((px - BOUNDS[0]) // CELL_M).astype(int)
        for dr, dc in np.ndindex(5, 5):
            beside[np.clip(r + dr - 2, 0, rows - 1), np.clip(c + dc - 2, 0, cols - 1)] = True
    starts, ends = [], []
    for dr, dc in STEPS:
        first = (slice(0, rows - dr), slice(max(-dc, 0), cols - max(dc, 0)))
        second = (slice(dr, rows), slice(max(dc, 0), cols + min(dc, 0)))
        a, b = index[first].ravel(), index[second].ravel()
        keep = walkable.ravel()[a] & walkable.ravel()[b]
        a, b = a[keep], b[keep]
        near = np.flatnonzero(beside.ravel()[a])
        ends_xy = [np.column_stack([x[k % cols], y[k // cols]]) for k in (a[near], b[near])]
        cut = near[np.unique(tree.query(shapely.linestrings(np.stack(ends_xy, 1)), predicate="intersects")[0])]
        starts.append(np.delete(a, cut))
        ends.append(np.delete(b, cut))
    a, b = np.concatenate(starts), np.concatenate(ends)
    graph = coo_matrix((np.ones(a.size, np.int8), (a, b)), shape=(index.size, index.size))
    return connected_components(graph, directed=False)[1].reshape(rows, cols)


def cells_of(places: gpd.GeoDataFrame) -> list[tuple[int, int]]:
    middle = places.geometry.representative_point()
    return [(int((BOUNDS[3] - p.y) // CELL_M), int((p.x - BOUNDS[0]) // CELL_M)) for p in middle]


def labels(reserves: gpd.GeoDataFrame, countries: list[str], component: np.ndarray[Any, Any]) -> set[int]:
    chosen = reserves[reserves["inside_window"] & reserves["country"].isin(countries)]
    return {int(component[cell]) for cell in cells_of(chosen)}


@pytest.mark.parametrize(
    ("fence_line", "one_side", "other_side"),
    [("kz_border_fence", ["KZ"], ["TM", "UZ"]), ("tm_security_line", ["TM"], ["KZ", "UZ"])],
)
def test_a_closed_line_leaks_nowhere(
    fences: gpd.GeoDataFrame, reserves: gpd.GeoDataFrame, fence_line: str, one_side: list[str], other_side: list[str]
) -> None:
    walkable = np.isin(band("water.tif"), (0, 2))
    lines = list(fences.loc[fences["fence_line"] == fence_line, "geometry"])
    component = open_components(lines, walkable)
    one, other = labels(reserves, one_side, component), labels(reserves, other_side, component)
    assert len(one) == 1 and len(other) == 1 and one != other
    broken = [line.difference(line.interpolate(0.5, normalized=True).buffer(6_000.0)) for line in lines]
    leaking = open_components([part for line in broken for part in shapely.get_parts(line)], walkable)
    assert labels(reserves, one_side, leaking) == labels(reserves, other_side, leaking), "the check can see a hole"


def test_no_kazakh_cell_behind_the_fence_is_reached(fences: gpd.GeoDataFrame, countries: gpd.GeoSeries) -> None:
    walkable = np.isin(band("water.tif"), (0, 2))
    component = open_components(list(fences.loc[fences["fence_line"] == "kz_border_fence", "geometry"]), walkable)
    deep = countries["KZ"].buffer(-1_000.0)
    kazakh = rasterio.features.geometry_mask([deep], SHAPE, TRANSFORM, invert=True) & walkable
    abroad = countries[["TM", "UZ", "IR", "AF"]].union_all().buffer(-1_000.0)
    foreign = rasterio.features.geometry_mask([abroad], SHAPE, TRANSFORM, invert=True) & walkable
    assert kazakh.sum() > 200_000 and foreign.sum() > 600_000
    assert not set(np.unique(component[kazakh])) & set(np.unique(component[foreign]))


def test_stretches_that_actions_take_away_lie_on_their_fences() -> None:
    """They are stated in metres of the fence line, so that they move where kilometres are counted in another way."""
    resolved = resolve("ustyurt", "reserves-or-passages")
    fences = read_fences(resolved, study_grid(resolved))
    stretches = dict(removed_stretches(resolved, fences, "kulan"))
    assert {name: stretch.width_m for name, stretch in stretches.items()} == {"open_10_km": 10_000.0}
