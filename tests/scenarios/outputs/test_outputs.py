import csv
import dataclasses
import html.parser
import itertools
import json
import math
import re
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import pytest
import rasterio
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image
from pyproj import CRS, Transformer
from shapely.geometry import LineString

from rasters.errors import ExportError
from rasters.grid import Grid
from scenarios.outputs import words
from scenarios.outputs.cartography.furniture import (
    Label,
    block_mean,
    block_pick,
    ground_scale,
    nice_below,
    north_bearing_deg,
    place_labels,
    relief,
)
from scenarios.outputs.folder import atomic_folder, run_folder
from scenarios.outputs.gis.geopackage import corridor_layer, fence_layer, path_layer
from scenarios.outputs.manifest import Provenance, write_manifest
from scenarios.outputs.map import MAPS, write_maps
from scenarios.outputs.pages.frame import as_table
from scenarios.outputs.pages.index import write_index
from scenarios.outputs.species import write_species_run
from scenarios.outputs.tables import passage_table, profile_table
from scenarios.outputs.words import schematic_note
from scenarios.records.hashing import canonical_json, sha256_of
from tests.support.factory import LAEA, make_run, small_grid, two_fences
from tests.support.tokens import drawn_maps

CREDITS = ("Elevation: somebody",)
FILES = [
    "resistance.tif",
    "cost_weighted_distance.tif",
    "corridor.tif",
    "current_density.tif",
    "results.gpkg",
    "pairs.csv",
    "passages.csv",
    "fence_profile.csv",
    "indicators.csv",
    "standing_passages.csv",
    "columns.csv",
    "map.png",
    "map_passages.png",
    "map_current.png",
    "map_cost.png",
    "map_resistance.png",
]


@pytest.fixture(scope="module")
def run():
    return make_run()


@pytest.fixture(scope="module")
def sealed():
    return make_run(
        sealed=True,
        scenario="sealed",
        candidates=0,
        titles={"study": "Steppe", "scenario": "All <b>sealed</b> & shut", "species": "Kulan"},
    )


@pytest.fixture(scope="module")
def results(run, sealed, tmp_path_factory):
    folder = tmp_path_factory.mktemp("out") / "results"
    with atomic_folder(folder) as part, drawn_maps():
        for one in (run, sealed):
            write_species_run(one, part / run_folder(one.scenario, one.species), credits=CREDITS)
        write_index(part, [run, sealed], credits=CREDITS)
        write_manifest(part, [run, sealed], Provenance(command=["otkel", "run"]))
    return folder


def without_fences(run):
    return dataclasses.replace(
        make_run(fences=()), profile=make_run(fences=()).profile, places=run.places, ranking=run.ranking.iloc[:0]
    )


# ------------------------------------------------------------------------------------------- rasters and layers


def test_every_file_is_there_and_nothing_else(results):
    for scenario in ("baseline", "sealed"):
        assert sorted(path.name for path in (results / scenario / "leopard").iterdir()) == sorted(FILES)
    assert sorted(path.name for path in results.iterdir()) == ["baseline", "index.html", "manifest.json", "sealed"]


def test_rasters_reopen_with_the_runs_values(results, run):
    expected = {
        "resistance": np.where(run.surface.barrier, np.inf, run.surface.values),
        "cost_weighted_distance": run.cwd,
        "corridor": run.corridor,
        "current_density": run.current_density,
    }
    for stem, values in expected.items():
        with rasterio.open(results / "baseline" / "leopard" / f"{stem}.tif") as file:
            assert CRS.from_wkt(file.crs.to_wkt()) == CRS.from_user_input(LAEA)
            assert file.transform == run.grid.transform
            assert file.units[0] in file.descriptions[0]
            assert file.tags()["geometry"].startswith("SCHEMATIC")
            assert file.tags()["audience"].startswith("restricted")
            read = file.read(1)
        known = ~run.surface.nodata
        assert np.isnan(read[~known]).all()
        np.testing.assert_array_equal(read[known], values.astype(np.float32)[known])


def test_every_feature_says_how_its_geometry_was_made(results):
    path = results / "baseline" / "leopard" / "results.gpkg"
    layers = pyogrio.list_layers(path)[:, 0].tolist()
    assert layers == [
        "least_cost_paths",
        "corridors",
        "fences",
        "fence_lines",
        "passages",
        "standing_passages",
        "places",
        "layer_styles",
    ]
    for layer in layers[:-1]:
        frame = pyogrio.read_dataframe(path, layer=layer)
        assert (len(frame) > 0) == (layer != "standing_passages"), "in the made-up study none stands"
        assert frame["geometry_status"].str.contains("schematic").all(), layer
        assert frame.geometry.is_valid.all()
        assert pyogrio.read_info(path, layer=layer)["layer_metadata"]["geometry"].startswith("SCHEMATIC")
    assert not list(path.parent.glob("*.aux.xml"))


def test_stretches_tile_their_fence(run):
    frame = fence_layer(run, profile_table(run))
    for fence in run.cuts.fences:
        own = frame[frame["fence"] == fence.id]
        assert own.geometry.length.sum() == pytest.approx(fence.length_m, rel=1e-9)
        np.testing.assert_allclose(own.geometry.length, own["end_m"] - own["start_m"], rtol=1e-6)
        assert shapely.hausdorff_distance(shapely.line_merge(own.geometry.union_all()), fence.line) < 1e-6


def test_a_fence_without_a_profile_is_still_there(run):
    only_border = dataclasses.replace(run, profile=run.profile[run.profile["fence"] == "border"])
    frame = fence_layer(only_border, profile_table(only_border))
    inner = frame[frame["fence"] == "inner"]
    assert inner["status"].tolist() == ["not screened"]
    assert inner.geometry.length.iloc[0] == pytest.approx(run.cuts.fences[1].length_m)


def test_gain_per_kilometre_times_length_is_the_gain(run):
    table = profile_table(run)
    np.testing.assert_allclose(
        table["gain_ohm2_per_km"] * (table["end_m"] - table["start_m"]) / 1000, table["gain_ohm2"]
    )


def test_corridor_polygons_hold_the_cells_they_count(run):
    frame = corridor_layer(run, run.corridor, shares=(0.02, 0.1))
    finite = np.isfinite(run.corridor)
    for _, row in frame.iterrows():
        inside = finite & (run.corridor <= row["extra_cost_max_m"])
        assert inside.sum() / finite.sum() == pytest.approx(row["share"], rel=0.5)
        assert row["area_km2"] == inside.sum()
        assert row.geometry.is_valid
        rows, cols = np.nonzero(inside)
        covered = shapely.covers(row.geometry.buffer(500), shapely.points(*run.grid.xy(rows, cols)))
        assert covered.mean() > 0.98
        assert row.geometry.area / 1e6 == pytest.approx(row["area_km2"], rel=0.15)


def test_the_unreachable_has_no_path_and_no_corridor(sealed, results):
    assert path_layer(sealed).empty
    assert corridor_layer(sealed, sealed.corridor).empty
    path = results / "sealed" / "leopard" / "results.gpkg"
    assert pyogrio.read_dataframe(path, layer="least_cost_paths").empty
    assert len(pyogrio.read_dataframe(path, layer="fences")) > 0
    pairs = pd.read_csv(path.parent / "pairs.csv")
    assert np.isinf(pairs["least_cost_m"]).all()
    assert set(pairs["status"]) == {"unreachable"}


# ------------------------------------------------------------------------------------------------------ tables


def test_tables_are_tidy_and_their_columns_explained(results):
    folder = results / "baseline" / "leopard"
    dictionary = pd.read_csv(folder / "columns.csv", keep_default_na=False)
    for name in ("pairs.csv", "passages.csv", "fence_profile.csv"):
        with (folder / name).open(newline="") as file:
            rows = list(csv.reader(file))
        assert len({len(row) for row in rows}) == 1
        assert dictionary.loc[dictionary["file"] == name, "column"].tolist() == rows[0]
    assert (dictionary["meaning"] != "").all()
    for suffix, unit in (
        ("_m", "m"),
        ("_ohm", "ohm"),
        ("_km", "km"),
        ("_ohm2", "ohm^2"),
        ("_deg", "degrees"),
        ("_a", "A"),
    ):
        units = dictionary.loc[dictionary["column"].str.endswith(suffix), "unit"]
        assert len(units) and units.str.contains(re.escape(unit)).all(), suffix


def test_passages_keep_their_order_place_and_figures(results, run):
    table = pd.read_csv(results / "baseline" / "leopard" / "passages.csv")
    assert table["candidate"].tolist() == run.ranking["candidate"].tolist()
    lon, lat = Transformer.from_crs(LAEA, "EPSG:4326", always_xy=True).transform(run.ranking["x"], run.ranking["y"])
    np.testing.assert_allclose(table["lon_deg"], lon, atol=1e-6)
    np.testing.assert_allclose(table["lat_deg"], lat, atol=1e-6)
    np.testing.assert_allclose(table["least_cost_gain_m"], run.ranking["least_cost_gain_m"], rtol=1e-8)
    assert set(table["geometry_status"]) == {"schematic"}
    assert "x" not in table.columns


def test_the_runs_own_tables_are_not_changed(run):
    before = run.ranking.copy(), run.profile.copy()
    passage_table(run), profile_table(run), fence_layer(run, profile_table(run))
    pd.testing.assert_frame_equal(run.ranking, before[0])
    pd.testing.assert_frame_equal(run.profile, before[1])


def test_schematic_note_says_what_and_is_silent_when_all_is_surveyed(run, monkeypatch):
    assert schematic_note(run) == (
        "SCHEMATIC fence lines and reserve outlines; expert placeholder resistances \u2013 not surveyed; "
        "fence lines with 1 gap: see otkel check"
    )
    monkeypatch.setattr(words, "line_gaps", lambda _: "")
    fences = tuple(dataclasses.replace(fence, geometry_status="surveyed") for fence in run.cuts.fences)
    places = tuple(dataclasses.replace(place, geometry_status="Surveyed") for place in run.places)
    surveyed = dataclasses.replace(
        run, cuts=dataclasses.replace(run.cuts, fences=fences), places=places, assumptions=()
    )
    assert schematic_note(surveyed) == ""
    assert schematic_note(dataclasses.replace(surveyed, places=run.places)).startswith(
        "SCHEMATIC reserve outlines \u2013"
    )


# -------------------------------------------------------------------------------------------------------- maps


def pixels(path: Path) -> np.ndarray:
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB")).astype(int)


def looks_drawn(path: Path) -> None:
    height, width, _ = pixels(path).shape
    assert width == 1800
    assert 900 <= height <= 2000
    assert path.stat().st_size < 1_500_000
    assert len(np.unique(pixels(path).sum(axis=2))) > 60


def test_maps_are_of_one_width_and_light(results):
    for scenario, stem in itertools.product(("baseline", "sealed"), MAPS):
        looks_drawn(results / scenario / "leopard" / f"{stem}.png")


def test_maps_come_out_of_every_odd_run(run, tmp_path):
    grid = small_grid()
    tall = Grid.from_bounds(LAEA, (-10_000.0, -60_000.0, 10_000.0, 60_000.0), 1000.0)
    wide = Grid.from_bounds("EPSG:6933", (5_300_000.0, 4_800_000.0, 5_600_000.0, 4_850_000.0), 2000.0)
    west, south, east, north = grid.bounds
    border = gpd.GeoDataFrame(geometry=[LineString([(55.5, 42.1), (56.6, 42.2)])], crs="EPSG:4326")
    odd = {
        "bare": dataclasses.replace(run, layers={}, assumptions=(), titles={}),
        "no fences": without_fences(run),
        "no ranking": dataclasses.replace(run, ranking=run.ranking.iloc[:0]),
        "no places": dataclasses.replace(run, places=(), paths=()),
        "nothing known": dataclasses.replace(
            run, cwd=np.full(grid.shape, np.nan), corridor=np.full(grid.shape, np.nan)
        ),
        "one candidate": dataclasses.replace(run, ranking=run.ranking.iloc[:1]),
        "fence outside": make_run(
            fences=(
                dataclasses.replace(two_fences(grid)[0], line=LineString([(west - 5e5, south), (east + 5e5, north)])),
            )
        ),
        "tall": make_run(tall),
        "wide": make_run(wide),
    }
    for name, one in odd.items():
        folder = tmp_path / name
        folder.mkdir()
        paths = write_maps(one, folder, borders=border, credits=CREDITS)
        assert [path.stem for path in paths] == list(MAPS)
        for path in paths:
            assert pixels(path).shape[1] == 1800, name


def test_a_map_shows_the_warning_and_where_the_water_is(results, run, tmp_path, monkeypatch):
    monkeypatch.setattr(words, "line_gaps", lambda _: "")

    def amber(path):
        return (np.abs(pixels(path) - [255, 233, 184]).max(axis=2) < 4).sum()

    def sea(path):
        return (np.abs(pixels(path) - [203, 218, 228]).max(axis=2) < 4).sum()

    places = tuple(dataclasses.replace(place, geometry_status="surveyed") for place in run.places)
    fences = tuple(dataclasses.replace(fence, geometry_status="surveyed") for fence in run.cuts.fences)
    dry = make_run(water=np.zeros(run.grid.shape, dtype=bool))
    surveyed = dataclasses.replace(
        dry, places=places, assumptions=(), cuts=dataclasses.replace(run.cuts, fences=fences)
    )
    path = write_maps(surveyed, tmp_path)[0]
    assert amber(results / "baseline" / "leopard" / "map.png") > 20_000
    assert amber(path) < 2000
    assert sea(results / "baseline" / "leopard" / "map.png") > sea(path) + 2000


def test_the_same_run_gives_the_same_bytes(run, tmp_path, results):
    with drawn_maps():
        again = {path.name: path.read_bytes() for path in write_species_run(run, tmp_path / "again", credits=CREDITS)}
    for name in FILES:
        assert again[name] == (results / "baseline" / "leopard" / name).read_bytes(), name


def test_a_folder_that_cannot_be_made_is_told(run, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(ExportError, match="could not create this folder"):
        write_species_run(run, tmp_path / "file" / "leopard")


# ------------------------------------------------------------------------------------------------ cartography


@given(limit=st.floats(1e-3, 1e9))
def test_a_nice_length_is_the_largest_of_1_2_5_below(limit):
    nice = nice_below(limit)
    assert limit / 2.5 * (1 - 1e-6) <= nice <= limit * (1 + 1e-6)
    assert round(nice / 10 ** math.floor(math.log10(nice) + 1e-9), 6) in (1.0, 2.0, 5.0)


@settings(max_examples=40, deadline=None)
@given(
    values=arrays(
        float, st.tuples(st.integers(1, 9), st.integers(1, 9)), elements=st.sampled_from([1.0, 2.5, np.nan, np.inf])
    ),
    factor=st.integers(1, 4),
)
def test_block_mean_is_the_mean_of_finite_values(values, factor):
    blocks = block_mean(values, factor)
    assert blocks.shape == tuple(-(-n // factor) for n in values.shape)
    for row, col in np.ndindex(blocks.shape):
        block = values[row * factor : (row + 1) * factor, col * factor : (col + 1) * factor]
        finite = block[np.isfinite(block)]
        assert np.isnan(blocks[row, col]) if finite.size == 0 else blocks[row, col] == pytest.approx(finite.mean())


def test_a_block_is_marked_if_half_of_its_cells_inside_the_grid_are():
    mask = np.array([[True, False, True], [True, False, False], [False, False, True]])
    assert block_pick(mask, 2).tolist() == [[True, True], [False, True]]


def test_relief_is_lit_from_the_north_west_and_even_on_flat_ground():
    x, y = np.meshgrid(np.linspace(-1, 1, 41), np.linspace(1, -1, 41))
    hill = 100.0 * np.exp(-4 * (x**2 + y**2))
    shade = relief(hill, 50.0)
    assert shade[12, 12] > 1.05 > 0.9 > shade[28, 28]
    np.testing.assert_allclose(shade, shade.T)
    assert (relief(np.full((5, 5), 7.0), 50.0) == 1.0).all()
    assert (relief(np.full((5, 5), np.nan), 50.0) == 1.0).all()
    assert relief(np.zeros((1, 9)), 50.0).shape == (1, 9)


def test_scale_and_north_agree_with_what_is_known_of_projections():
    laea = Grid.from_bounds(LAEA, (-1000, -1000, 1000, 1000), 100)
    assert ground_scale(laea, laea.bounds) == pytest.approx(1.0, abs=1e-4)
    assert north_bearing_deg(laea, laea.bounds) == pytest.approx(0.0, abs=1e-6)
    mercator = Grid.from_bounds("EPSG:3857", (-1000, 8_398_737, 1000, 8_400_737), 100)
    assert ground_scale(mercator, mercator.bounds) == pytest.approx(0.5, abs=3e-3)
    utm = Grid.from_bounds("EPSG:32640", (700_000, 4_650_000, 702_000, 4_652_000), 100)
    lon, lat = Transformer.from_crs("EPSG:32640", "EPSG:4326", always_xy=True).transform(701_000, 4_651_000)
    convergence = math.degrees(math.atan(math.tan(math.radians(lon - 57)) * math.sin(math.radians(lat))))
    assert north_bearing_deg(utm, utm.bounds) == pytest.approx(-convergence, abs=0.01)


@settings(max_examples=40, deadline=None)
@given(points=st.lists(st.tuples(st.integers(100, 900), st.integers(100, 900)), min_size=1, max_size=12, unique=True))
def test_labels_stay_on_the_map_and_off_each_other(points):
    labels = [Label(x=x, y=y, width=60, height=16, reach=(8, 20, 40, 70, 110)) for x, y in points]
    spots = place_labels(labels, (0, 0, 1000, 1000), np.empty((0, 4)), np.empty((0, 2)))
    boxes = np.array([[s.x - 30, s.y - 8, s.x + 30, s.y + 8] for s in spots])
    assert (boxes[:, :2] >= 0).all()
    assert (boxes[:, 2:] <= 1000).all()
    for a, b in itertools.combinations(boxes, 2):
        assert max(a[0], b[0]) >= min(a[2], b[2]) or max(a[1], b[1]) >= min(a[3], b[3])


def test_a_label_gives_way_to_what_stands_there():
    label = Label(x=500, y=500, width=40, height=10)
    free = place_labels([label], (0, 0, 1000, 1000), np.empty((0, 4)), np.empty((0, 2)))[0]
    assert free.x > 520
    blocked = place_labels([label], (0, 0, 1000, 1000), np.array([[500, 400, 700, 600]]), np.empty((0, 2)))[0]
    assert blocked.x < 480
    line = np.column_stack([np.linspace(501, 700, 60), np.full(60, 500)])
    assert place_labels([label], (0, 0, 1000, 1000), np.empty((0, 4)), line)[0].x < 480


# ------------------------------------------------------------------------------------------------- the folder


def test_a_result_folder_appears_only_when_complete(tmp_path):
    final = tmp_path / "deep" / "results"
    with atomic_folder(final) as part:
        (part / "manifest.json").write_text("1")
        assert not final.exists()
    assert (final / "manifest.json").read_text() == "1"
    with pytest.raises(ValueError, match="half way"), atomic_folder(final) as part:
        (part / "manifest.json").write_text("2")
        raise ValueError("half way")
    assert (final / "manifest.json").read_text() == "1"
    with atomic_folder(final) as part:
        (part / "other").write_text("3")
    assert [path.name for path in final.iterdir()] == ["other"]
    assert [path.name for path in final.parent.iterdir()] == ["results"]


def test_nobodys_other_files_are_replaced(tmp_path):
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter.txt").touch()
    (tmp_path / "file").touch()
    (tmp_path / "empty").mkdir()
    with (
        pytest.raises(ExportError, match=r"thesis: this folder holds files, but no manifest\.json"),
        atomic_folder(tmp_path / "thesis"),
    ):
        pass
    with pytest.raises(ExportError, match="a file with this name already exists"), atomic_folder(tmp_path / "file"):
        pass
    with pytest.raises(ExportError, match="cannot be written there"), atomic_folder(tmp_path / "file" / "results"):
        pass
    with atomic_folder(tmp_path / "empty") as part:
        (part / "a").touch()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["empty", "file", "thesis"]
    assert (tmp_path / "thesis" / "chapter.txt").exists()


def test_only_a_run_replaces_a_run(tmp_path):
    (tmp_path / "manifest.json").write_text('{"kind": "run"}')
    with pytest.raises(ExportError, match=r"holds results of `otkel run`.*choose another"), atomic_folder(tmp_path):
        pass
    assert (tmp_path / "manifest.json").is_file()
    with atomic_folder(tmp_path, over_run=True) as part:
        (part / "new").touch()
    assert [path.name for path in tmp_path.iterdir()] == ["new"]


def test_a_swap_that_fails_brings_the_old_result_back(tmp_path, monkeypatch):
    final = tmp_path / "results"
    final.mkdir()
    (final / "manifest.json").write_text("old")
    rename = Path.rename

    def no_second_rename(self, target):
        if ".part-" in self.name and not self.name.endswith(".old"):
            raise PermissionError("not now")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", no_second_rename)
    with pytest.raises(ExportError, match="could not be put in place: not now"), atomic_folder(final) as part:
        (part / "manifest.json").write_text("new")
    assert (final / "manifest.json").read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["results"]


# --------------------------------------------------------------------------------------------------- the page


class Links(html.parser.HTMLParser):
    def __init__(self):
        super().__init__()
        self.links, self.images, self.ids, self.open = [], [], [], []
        self.text = ""

    def handle_starttag(self, tag, attrs):
        found = dict(attrs)
        self.links += [found[key] for key in ("href", "src") if key in found]
        self.images += [found] if tag == "img" else []
        self.ids += [found["id"]] if "id" in found else []
        if tag not in ("meta", "img", "link", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


@pytest.fixture(scope="module")
def page(results):
    parsed = Links()
    parsed.feed((results / "index.html").read_text(encoding="utf-8"))
    return parsed


def test_the_page_works_offline_and_all_its_links_lead_somewhere(page, results):
    assert page.open == []
    assert len(page.ids) == len(set(page.ids))
    for link in page.links:
        assert not re.match(r"[a-z]+:|//", link), link
        assert link[1:] in page.ids if link.startswith("#") else (results / link).is_file(), link
    assert not re.search(r"url\(|@import|<script", (results / "index.html").read_text())
    assert len(page.images) == 10
    assert all(len(image["alt"]) > 30 for image in page.images)


def test_the_page_warns_and_escapes(page, results):
    text = (results / "index.html").read_text(encoding="utf-8")
    assert "full precision; do not publish" in page.text
    assert "SCHEMATIC fence lines and reserve outlines" in page.text
    assert "Resistances are expert placeholder values" in page.text
    assert "All &lt;b&gt;sealed&lt;/b&gt; &amp; shut" in text
    assert "Сайгачий &amp; Co" in text
    assert "no route" in page.text
    assert "No candidate passages in this scenario." in page.text
    assert page.text.count("border-") >= 5


def test_every_component_of_a_score_has_its_own_column(page, run):
    table = as_table(passage_table(run))
    assert len(table.columns) == len(run.ranking.columns) + 4
    assert all(column.label for column in table.columns)
    units = {column.label: column.unit for column in table.columns}
    assert units["Marginal gain"] == "\u03a9\u00b2"
    assert units["Least-cost gain"] == "effective km"
    assert units["Least-cost gain, share"] == "%"
    assert dict(zip(units, table.rows[0], strict=True))["Least-cost gain, share"] == "20"
    for label in ("Marginal gain", "Conductance gain", "Resistance gain", "Least-cost gain", "Cores joined"):
        assert label in page.text


def test_figures_are_for_people():
    frame = pd.DataFrame(
        {"cost_m": [np.inf, np.nan, 1234567.8, 0.123456, 3000.0, -np.inf], "selected": [True, False] * 3}
    )
    table = as_table(frame)
    assert [row[0] for row in table.rows] == [
        "no route",
        "\u2013",
        "1\u202f235",
        "0.0001235",
        "3",
        "\u2212\u221e",
    ]
    assert [row[1] for row in table.rows] == ["yes", "no"] * 3
    assert [column.number for column in table.columns] == [True, False]


def test_a_page_needs_a_run_and_shows_only_files_that_are_there(tmp_path, run):
    with pytest.raises(ExportError, match="no run"):
        write_index(tmp_path, [])
    parsed = Links()
    parsed.feed(write_index(tmp_path, [run]).read_text(encoding="utf-8"))
    assert parsed.images == []
    assert all(link.startswith("#") for link in parsed.links)


# ----------------------------------------------------------------------------------------------- the manifest


def strict(text):
    def refuse(name):
        raise AssertionError(f"{name} is not JSON")

    return json.loads(text, parse_constant=refuse)


def test_the_manifest_is_strict_sorted_and_checks_out(results, run):
    text = (results / "manifest.json").read_text(encoding="utf-8")
    manifest = strict(text)
    assert text == canonical_json(manifest)
    assert manifest["audience"] == "restricted"
    assert manifest["audience_note"].endswith("do not publish")
    assert manifest["command"] == ["otkel", "run"]
    assert len(manifest["outputs"]) == 2 * len(FILES) + 1
    for name, described in manifest["outputs"].items():
        assert sha256_of(results / name) == described["sha256"]
        assert (results / name).stat().st_size == described["bytes"]
    first = manifest["runs"][0]
    assert CRS.from_wkt(first["grid"]["crs_wkt"]) == CRS.from_user_input(LAEA)
    assert first["grid"]["shape"] == [60, 80]
    assert first["reports"][0]["energy_error"] is None
    assert first["geometry_statuses"] == {"fences": ["schematic"], "places": ["schematic"]}
    assert first["seconds"] == run.seconds
    assert {"otkel", "numpy", "numba", "GDAL", "PROJ", "python"} <= set(manifest["versions"])


def test_the_manifest_names_no_machine(results, tmp_path, run):
    (tmp_path / "dem.tif").write_bytes(b"dem")
    write_manifest(tmp_path, [run], Provenance(inputs={"data/dem.tif": tmp_path / "dem.tif"}, settings={"seed": 7}))
    text = (tmp_path / "manifest.json").read_text()
    assert strict(text)["inputs"] == {"data/dem.tif": {"bytes": 3, "sha256": sha256_of(tmp_path / "dem.tif")}}
    assert str(tmp_path) not in text
    assert str(results) not in (results / "manifest.json").read_text()
    before = text
    write_manifest(tmp_path, [run], Provenance(inputs={"data/dem.tif": tmp_path / "dem.tif"}, settings={"seed": 7}))
    assert (tmp_path / "manifest.json").read_text() == before


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(value=JSON)
def test_canonical_json_says_the_same(value):
    assert strict(canonical_json(value)) == value


def test_canonical_json_knows_numpy_and_what_json_lacks():
    value = {
        "b": np.float32(0.5),
        "a": (np.int64(3), math.inf, -math.inf, math.nan),
        "c": {"y", "x"},
        "d": np.arange(3),
    }
    value["e"] = Path("x/y")
    assert canonical_json(value).startswith('{\n  "a"')
    assert strict(canonical_json(value)) == {
        "a": [3, "inf", "-inf", None],
        "b": 0.5,
        "c": ["x", "y"],
        "d": [0, 1, 2],
        "e": "x/y",
    }
