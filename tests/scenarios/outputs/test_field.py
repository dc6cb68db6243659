"""Files for the field: what is in them, and whether programs of another make read them."""

from __future__ import annotations

import csv
import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import geopandas as gpd
import numpy as np
import openpyxl
import pandas as pd
import pyogrio
import pytest
import rasterio
from PIL import Image
from pyproj import Geod, Transformer
from rio_cogeo.cogeo import cog_validate
from typer.testing import CliRunner

from cli import app
from rasters.errors import ConfigError, ExportError
from scenarios.outputs.audience import Audience, audience_note
from scenarios.outputs.cartography.features import CORE, TARGET
from scenarios.outputs.cartography.sheet import AMBER
from scenarios.outputs.exporting import export_results
from scenarios.outputs.field.content import field_content
from scenarios.outputs.field.gpx import write_gpx
from scenarios.outputs.generalise import generalised
from scenarios.outputs.gis.qgis_styles import pseudocolour
from scenarios.outputs.kinds import KINDS
from scenarios.outputs.sk42 import from_gauss_kruger, operation_of
from scenarios.outputs.stored import read_results
from scenarios.outputs.translate import language
from scenarios.progress import Reporter
from scenarios.runs.session import run_study
from tests.support.adversary import texts_of
from tests.support.factory import make_run
from tests.support.places import ROOT
from tests.support.tiny_study import write_tiny_study

GEOD = Geod(ellps="WGS84")
SYSTEM_PYTHON = Path("/usr/bin/python3")
LAYERS = ("least_cost_paths", "corridors", "fences", "fence_lines", "passages", "places")


def program(name: str) -> str:
    """Path of a program, or skip."""
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not installed")
    return found


def qgis(*arguments: str) -> dict[str, Any]:
    """What QGIS says, or skip where it is not installed."""
    environment = {
        k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "VIRTUAL_ENV", "PROJ_DATA", "GDAL_DATA")
    }
    environment["QT_QPA_PLATFORM"] = "offscreen"
    there = (
        SYSTEM_PYTHON.is_file()
        and not subprocess.run(
            [str(SYSTEM_PYTHON), "-c", "import qgis.core"], capture_output=True, env=environment, check=False
        ).returncode
    )
    if not there:
        pytest.skip("QGIS with its Python (python3-qgis) is not installed")
    script = ROOT / "tests" / "support" / "qgis_check.py"
    done = subprocess.run(
        [str(SYSTEM_PYTHON), str(script), *arguments],
        capture_output=True,
        text=True,
        env=environment,
        timeout=120,
        check=False,
    )
    answers = [line for line in done.stdout.splitlines() if line.startswith("ANSWER ")]
    assert answers, done.stderr[-2000:]
    return json.loads(answers[0].removeprefix("ANSWER "))


@pytest.fixture(scope="module")
def results(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("field")
    study = write_tiny_study(folder / "study")
    with Reporter(quiet=True) as reporter:
        run_study(str(study), ["closed", "free"], None, folder / "results", {}, reporter)
    return folder / "results"


@pytest.fixture(scope="module")
def files(results, tmp_path_factory) -> Path:
    """Everything but the report and the sheets, which have tests of their own, at full precision, in Kazakh."""
    out = tmp_path_factory.mktemp("files")
    with Reporter(quiet=True) as reporter:
        for kind in KINDS:
            if kind not in ("report", "sheet"):
                lang = "kk" if "kk" in KINDS[kind].speaks else "en"
                export_results(results, kind, out, reporter, audience="restricted", lang=lang)
    return out


@pytest.fixture(scope="module")
def truth(results) -> pd.DataFrame:
    """The proposed passages as the results have them."""
    return pd.read_csv(results / "closed" / "combined.csv").query("selected").reset_index(drop=True)


def metres_off(lon, lat, truth: pd.DataFrame) -> float:
    return float(
        np.max(GEOD.inv(np.asarray(lon, float), np.asarray(lat, float), truth["lon_deg"], truth["lat_deg"])[2])
    )


def one(folder: Path, pattern: str) -> Path:
    found = sorted(folder.glob(pattern))
    assert found, f"{pattern} is not in {sorted(p.name for p in folder.iterdir())}"
    return found[0]


def test_gpsbabel_reads_waypoints_and_tracks(files, truth, tmp_path):
    gpx, out = one(files, "*.gpx"), tmp_path / "out.csv"
    subprocess.run(
        [program("gpsbabel"), "-i", "gpx", "-f", gpx, "-o", "unicsv", "-F", out], check=True, capture_output=True
    )
    with out.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    passages = [row for row in rows if row["Symbol"] == "Flag, Blue"]
    assert [row["Name"] for row in passages] == [f"P{n:02d}" for n in range(1, len(truth) + 1)]
    assert metres_off([r["Longitude"] for r in passages], [r["Latitude"] for r in passages], truth) < 1.0
    assert all(row["Name"].isascii() and len(row["Name"]) <= 10 for row in rows)
    assert all("Ұсынылатын өткел" in row["Notes"] for row in passages)
    posts = [row["Name"] for row in rows if row["Symbol"] == "Dot, White"]
    assert {"A0", "A10", "A20"} <= set(posts)
    tracks = tmp_path / "tracks.gpx"
    subprocess.run(
        [program("gpsbabel"), "-t", "-i", "gpx", "-f", gpx, "-o", "gpx", "-F", tracks], check=True, capture_output=True
    )
    assert tracks.read_text(encoding="utf-8").count("<trkpt") > 3


def test_gpx_posts_are_where_the_fence_has_its_kilometres(files, results):
    run = read_results(results).run("closed", "walker")
    text = one(files, "*.gpx").read_text(encoding="utf-8")
    lat, lon = re.search(r'<wpt lat="([\d.]+)" lon="([\d.]+)">\s*<name>A20</name>', text).groups()
    post = run.cuts.fences[0].point_at(20_000.0)
    want = run.grid.transformer("EPSG:4326").transform(post.x, post.y, direction="INVERSE")
    assert GEOD.inv(float(lon), float(lat), *want)[2] < 1.0


def test_gpx_refuses_what_is_no_degree(tmp_path):
    content = field_content([make_run()])
    content.passages.loc[0, "lat_deg"] = 4659544.8
    with pytest.raises(ExportError, match="no position in degrees"):
        write_gpx(content, tmp_path / "metres.gpx")
    assert not list(tmp_path.iterdir())


def test_gdal_reads_the_kmz_with_its_styles_and_pictures(files, truth):
    kmz = one(files, "*.kmz")
    listed = subprocess.run([program("ogrinfo"), "-so", kmz], check=True, capture_output=True, text=True).stdout
    assert "LIBKML" in listed and "Ұсынылатын өткелдер" in listed
    printed = subprocess.run(
        [program("ogrinfo"), "-al", kmz, "Ұсынылатын өткелдер"], check=True, capture_output=True, text=True
    ).stdout
    points = re.findall(r"POINT(?: Z)? \(([\d.]+) ([\d.]+)", printed)
    assert metres_off(*zip(*[(float(a), float(b)) for a, b in points], strict=True), truth) < 1.0
    with zipfile.ZipFile(kmz) as archive:
        text, names = archive.read("doc.kml").decode(), set(archive.namelist())
    assert {f"files/P{n:02d}.png" for n in range(1, len(truth) + 1)} <= names
    assert set(re.findall(r"files/\w+\.png", text)) <= names
    styles, used = set(re.findall(r'<Style id="([\w.]+)"', text)), set(re.findall(r"<styleUrl>#([\w.]+)<", text))
    assert used <= styles and "passage" in used
    assert "http" not in text.replace("http://www.opengis.net/kml/2.2", "")


def test_ogrinfo_and_qgis_open_the_geopackage_styled(files):
    package = one(files, "*walker*.gpkg")
    done = subprocess.run([program("ogrinfo"), "-so", package], check=True, capture_output=True, text=True)
    assert all(layer in done.stdout for layer in LAYERS)
    assert "Warning" not in done.stderr
    found = qgis(str(package), *LAYERS)
    assert all(layer["valid"] for layer in found.values())
    filled = {name: layer for name, layer in found.items() if layer["features"]}
    assert all(layer["loaded"] and layer["rules"] for layer in filled.values())
    assert found["passages"]["rules"] == ["Басқа ықтимал орын", "Ұсынылатын өткел"]
    assert found["passages"]["labels"] and found["places"]["labels"]


def test_qgis_opens_the_project_with_every_layer(files, tmp_path):
    project = one(files, "*_qgis") / "project.qgz"
    moved = tmp_path / "elsewhere"
    shutil.copytree(project.parent, moved)
    found = qgis(str(moved / "project.qgz"), str(tmp_path / "map.png"))
    assert found["opened"] and found["crs_valid"] and not found["errors"]
    assert found["invalid"] == [] and found["unresolved"] == []
    assert all(str(moved) in source for source in found["sources"])
    assert {"Заграждения", "Қоршаулар"} & set(found["shown"]) == {"Қоршаулар"}
    assert "қолжетімділігі шектеулі" in found["abstract"] and "EPSG:" in found["abstract"]
    assert found["layouts"] == ["Карта"]
    assert {"QgsLayoutItemMap", "QgsLayoutItemLegend", "QgsLayoutItemScaleBar", "QgsLayoutItemLabel"} <= set(
        found["items"]
    )
    assert found["colours"] > 20
    assert all(200 < end <= 297 - 8 for end in found["legends_end_mm"]) and found["legends_end_mm"]


def test_the_page_to_print_has_a_grid_of_degrees_a_north_arrow_and_the_whole_study(files, results):
    project = one(files, "*_qgis") / "project.qgz"
    text = zipfile.ZipFile(project).read("project.qgs").decode()
    page = ET.fromstring(text[text.index("<Layouts>") : text.index("</Layouts>") + len("</Layouts>")])
    grid = next(page.iter("ComposerMapGrid"))
    assert grid.find("spatialrefsys/authid").text == "EPSG:4326" and float(grid.get("intervalX")) > 0
    assert {"65640", "65646"} <= {item.get("type") for item in page.iter("LayoutItem")}
    box = next(page.iter("Extent"))
    run = read_results(results).run("closed", "walker")
    west, south, east, north = run.grid.bounds
    for fence in run.cuts.fences:
        x0, y0, x1, y1 = fence.line.bounds
        assert float(box.get("xmin")) <= max(x0, west) and min(x1, east) <= float(box.get("xmax"))
        assert float(box.get("ymin")) <= max(y0, south) and min(y1, north) <= float(box.get("ymax"))


def test_maps_in_the_kmz_keep_the_colours_of_small_things(files):
    """Outlines of cores and targets and the amber of the warning, of which there is little."""
    archive = zipfile.ZipFile(one(files, "*.kmz"))
    for name in (name for name in archive.namelist() if name.startswith("files/map_")):
        pixels = np.asarray(Image.open(archive.open(name)).convert("RGB")).reshape(-1, 3).astype(int)
        for colour in (CORE, TARGET, AMBER):
            wanted = [int(colour[k : k + 2], 16) for k in (1, 3, 5)]
            assert np.abs(pixels - wanted).max(axis=1).min() < 24, (name, colour)


def test_pictures_in_the_kmz_have_a_legend(files):
    archive = zipfile.ZipFile(one(files, "*.kmz"))
    for name in (name for name in archive.namelist() if name.startswith("files/P")):
        picture = np.asarray(Image.open(archive.open(name)).convert("RGB")).astype(int)
        foot = picture[int(0.9 * len(picture)) :]
        for colour in ("#ffd54d", "#8c1d04"):
            wanted = np.array([int(colour[n : n + 2], 16) for n in (1, 3, 5)])
            assert (np.abs(foot - wanted).max(axis=2) < 12).sum() > 10, (name, colour)


def test_rasters_are_valid_cogs(files):
    rasters = sorted(files.rglob("*.tif"))
    assert len(rasters) == 9
    for path in rasters:
        valid, errors, warnings = cog_validate(path, strict=True)
        assert valid, (path.name, errors, warnings)


def test_the_workbook_reads_back(files, truth, results):
    book = openpyxl.load_workbook(one(files, "*.xlsx"))
    assert book.sheetnames == ["Өткелдер", "Қоршаулар", "Аумақтар", "Түсіндірмелер"]
    rows = list(book["Өткелдер"].iter_rows(values_only=True))
    top = next(i for i, row in enumerate(rows) if row[0] == "№")
    table = pd.DataFrame(rows[top + 1 :], columns=rows[top]).dropna(subset=["№"])
    assert metres_off(table["Бойлық, °, WGS 84"], table["Ендік, °, WGS 84"], truth) < 1.0
    lon, lat = from_gauss_kruger(
        operation_of(read_results(results).run("closed", "walker")),
        table["Солтүстік (X), м, СК-42"].astype(float),
        table["Шығыс (Y), м, СК-42"].astype(float),
    )
    assert metres_off(lon, lat, truth) < 1.0
    assert (table["Шығыс (Y), м, СК-42"] // 1e6 == table["Аймақ, СК-42"]).all()
    explained = " ".join(str(cell.value) for row in book["Түсіндірмелер"] for cell in row if cell.value)
    assert "EPSG:" in explained and "шектеулі: толық дәлдік" in explained and "Everything here is made up." in explained


def test_formulas_in_names_stay_words(tmp_path):
    from dataclasses import replace

    from scenarios.outputs.field.lists import write_workbook

    run = make_run()
    fences = [replace(fence, name='=HYPERLINK("http://x")') for fence in run.cuts.fences]
    content = field_content([replace(run, cuts=replace(run.cuts, fences=tuple(fences)))])
    book = openpyxl.load_workbook(write_workbook(content, tmp_path / "x.xlsx"))
    assert all(cell.data_type != "f" for sheet in book for row in sheet for cell in row)


def test_the_csv_reads_back_with_its_notes(files, truth):
    table = pd.read_csv(one(files, "*.csv"), encoding="utf-8-sig")
    assert metres_off(table["lon_deg"], table["lat_deg"], truth) < 1.0
    assert table["audience"].unique().tolist() == ["restricted"]
    assert table["crs_operation"].str.contains("EPSG:").all()
    assert one(files, "*.csv").read_bytes().startswith(b"\xef\xbb\xbf")


def test_geojson_is_rfc_7946(files, results, truth):
    path = one(files, "*walker_passages*.geojson")
    content = json.loads(path.read_text(encoding="utf-8"))
    assert "crs" not in content
    assert "audience: restricted" in content["description"] and "EPSG:" in content["description"]
    by_id = {f["properties"]["candidate"]: f["geometry"]["coordinates"] for f in content["features"]}
    chosen = [by_id[name] for name in truth["candidate"]]
    assert metres_off(*zip(*chosen, strict=True), truth) < 1.0
    for polygon in json.loads(one(files, "*walker_places*.geojson").read_text(encoding="utf-8"))["features"]:
        ring = np.array(polygon["geometry"]["coordinates"][0])
        assert np.sum((ring[1:, 0] - ring[:-1, 0]) * (ring[1:, 1] + ring[:-1, 1])) < 0, "outer rings run anticlockwise"


def test_geopackage_round_trip(files, truth):
    frame = gpd.read_file(one(files, "*walker*.gpkg"), layer="passages").to_crs("EPSG:4326").set_index("candidate")
    chosen = frame.loc[truth["candidate"]].geometry
    assert metres_off(chosen.x, chosen.y, truth) < 1.0


def test_the_pinned_operation_is_the_one_that_is_named(results):
    """X and Y come from the operation in the notes, not from PROJ's choice at the place."""
    run = read_results(results).run("closed", "walker")
    content = field_content([run])
    operation = content.operation
    lon, lat = content.passages[["lon_deg", "lat_deg"]].to_numpy().T
    sk = Transformer.from_pipeline(operation.pipeline).transform(lon, lat)
    plane = Transformer.from_crs("EPSG:4284", "EPSG:28410", always_xy=True).transform(*sk)
    np.testing.assert_allclose(plane[0], content.passages["sk42_y_east_m"], atol=0.06)
    np.testing.assert_allclose(plane[1], content.passages["sk42_x_north_m"], atol=0.06)
    assert operation.code in " ".join(content.notes().values())


def test_partners_lists_are_no_finer_than_their_grid():
    content = field_content([generalised(make_run(), Audience.PARTNER)])
    table = content.passages
    assert (table[["lon_deg", "lat_deg"]] * 100).round(6).mod(1).eq(0).all().all()
    assert (table["km"] % 1 == 0).all()
    assert (table["sk42_x_north_m"] % 100 == 0).all()
    assert table["mgrs"].str.fullmatch(r"\d\dT \w\w \d\d \d\d").all()
    assert not table["dms"].str.contains(r"\.").any()


def test_lists_do_not_serve_the_public(results, tmp_path):
    with Reporter(quiet=True) as reporter:
        for kind in ("gpx", "xlsx", "csv"):
            with pytest.raises(ConfigError, match="which the public does not get"):
                export_results(results, kind, tmp_path, reporter, audience="public")
    assert not list(tmp_path.iterdir())


def test_the_default_is_the_least_precise_that_a_kind_can_serve(results, tmp_path):
    with Reporter(quiet=True) as reporter:
        listed = export_results(results, "csv", tmp_path, reporter)
        layers = export_results(results, "geojson", tmp_path, reporter)
    assert (listed.rows["audience"], layers.rows["audience"]) == ({"csv": "partner"}, {"geojson": "public"})
    assert all("partner" in path.name for path in listed.found) and all("public" in path.name for path in layers.found)


def test_the_same_results_give_the_same_bytes(results, tmp_path):
    with Reporter(quiet=True) as reporter:
        for folder in ("a", "b"):
            for kind in ("gpx", "xlsx", "kmz", "geopackage"):
                export_results(results, kind, tmp_path / folder, reporter, audience="partner")
    for path in sorted((tmp_path / "a").iterdir()):
        assert path.read_bytes() == (tmp_path / "b" / path.name).read_bytes(), path.name


def test_every_file_says_for_whom_it_is(files):
    for path in sorted(p for p in files.iterdir() if p.is_file()):
        inside = b"".join(data for name, data in texts_of_one(path))
        note = audience_note(Audience.RESTRICTED)
        assert any(language(lang)(note).encode() in inside for lang in ("en", "kk")), path.name


def texts_of_one(path: Path) -> list[tuple[str, bytes]]:
    return [(name, data) for name, data in texts_of(path.parent) if name.startswith(path.name)]


def test_a_scenario_without_fences_exports_too(results, tmp_path):
    with Reporter(quiet=True) as reporter:
        summary = export_results(results, "kmz", tmp_path, reporter, scenario="free", audience="restricted")
        summary_x = export_results(results, "xlsx", tmp_path, reporter, scenario="free", audience="restricted")
    assert [path.is_file() for path in (*summary.found, *summary_x.found)] == [True, True]


def test_a_qgis_folder_replaces_only_its_own_kind(results, tmp_path):
    with Reporter(quiet=True) as reporter:
        (project,) = export_results(results, "qgis", tmp_path, reporter).found
        export_results(results, "qgis", tmp_path, reporter)
        project.unlink()
        with pytest.raises(ExportError, match=r"no project\.qgz"):
            export_results(results, "qgis", tmp_path, reporter)


@pytest.mark.parametrize(
    ("options", "code", "words"),
    [
        (["--audience", "everyone"], 2, "restricted, partner, public"),
        (["--scenario", "nowhere"], 2, "closed, free"),
        (["--species", "yeti"], 2, "walker, digger"),
        (["--lang", "de"], 2, "en, ru, kk"),
    ],
)
def test_wrong_words_are_named(results, tmp_path, options, code, words):
    done = CliRunner().invoke(app, ["export", "csv", str(results), "--out", str(tmp_path), *options])
    assert done.exit_code == code
    assert words in " ".join(done.output.split())


def test_the_command_tells_machines_what_it_wrote(results, tmp_path):
    done = CliRunner().invoke(app, ["export", "csv", str(results), "--out", str(tmp_path), "--json"])
    assert done.exit_code == 0
    told = json.loads(done.stdout)
    assert told["audience"] == {"csv": "partner"}
    assert [Path(name).is_file() for name in told["files"]] == [True]


def test_files_can_be_written_without_qgis():
    """Nothing of QGIS is imported to write its files."""
    code = "import sys, scenarios.outputs.field.project; print([m for m in sys.modules if m.startswith('qgis')])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_layers_of_every_file_carry_the_operation(files):
    for layer in LAYERS:
        info = pyogrio.read_info(one(files, "*walker*.gpkg"), layer=layer)["layer_metadata"]
        assert info["audience"].startswith("restricted") and "EPSG:" in info["crs_operation"]
    with rasterio.open(next(files.rglob("current_density.tif"))) as file:
        assert file.tags()["audience"].startswith("restricted")


def test_colours_of_a_project_are_told_as_people_read_numbers():
    say = language("ru")
    told = [
        re.findall('label="([^"]*)"', pseudocolour("resistance", stops, unit, say=say))
        for stops, unit in (((1.0, 4.3), "1"), ((1910.0, 1.58e6), "effective m"), ((0.0, 3.85e-6), "A/m"))
    ]
    assert told == [["1", "4,3"], ["1,91 эфф. км", "1\u202f580 эфф. км"], ["0 А/м", "3,85\u00b710\u207b\u2076 А/м"]]
