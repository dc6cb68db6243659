"""Sheets as they lie on paper: true to scale, on the right grid, nothing over anything else, every letter there."""

from __future__ import annotations

import io
import json
import math
import re
import shutil
import subprocess
from itertools import combinations
from pathlib import Path

import numpy as np
import pypdfium2
import pytest
from pypdf import PdfReader

from scenarios.outputs.release import Release
from scenarios.outputs.sheets.document import DrawnPage
from scenarios.outputs.sheets.geo import georeferenced, viewport_of
from scenarios.outputs.sheets.gridlines import grid_lines, grid_step_m
from scenarios.outputs.sheets.page import POINT_MM, Box
from tests.support.gauss_kruger import gauss_kruger
from tests.support.sheet_maker import drawn, source_of, winding_run

SECTIONS = [
    {"fence": "wall_a_b", "series": True, "scale": 100_000},
    {"fence": "wall_a_c", "from_km": 5, "to_km": 50, "series": True, "scale": 200_000, "paper": "A3"},
    {"fence": "inner", "from_km": 2.5, "to_km": 40},
]
"""A winding fence, one that runs north, and a straight one."""


@pytest.fixture(scope="module")
def run() -> Release:
    return winding_run()


@pytest.fixture(scope="module")
def close_up(run: Release) -> tuple[bytes, DrawnPage]:
    pdf, pages = drawn(source_of(run), passages=("1",), scale=100_000)
    return pdf, pages[0]


def straight_lines(pdf: bytes) -> list[np.ndarray]:
    """Every straight line of two points in a PDF's first page [mm], read from its drawing commands."""
    lines, start = [], None
    for operands, operator in PdfReader(io.BytesIO(pdf)).pages[0].get_contents().operations:  # type: ignore[union-attr]
        if operator in (b"m", b"l"):
            point = np.array([float(v) for v in operands]) * POINT_MM
            if operator == b"l" and start is not None:
                lines.append(np.array([start, point]))
            start = point
    return lines


def _places(lines: list[np.ndarray], axis: int, length: float, edges: tuple[float, float]) -> list[float]:
    """Where lines of a length run along the other axis, the frame's own edges left out."""
    long = [a for a in lines if a[0, axis] == a[1, axis] and abs(abs(a[1, 1 - axis] - a[0, 1 - axis]) - length) < 0.02]
    places = sorted({round(float(a[0, axis]), 2) for a in long})
    return [place for place in places if min(abs(place - edge) for edge in edges) > 0.05]


def test_grid_lines_are_as_far_apart_on_paper_as_the_scale_says(close_up: tuple[bytes, DrawnPage]) -> None:
    pdf, page = close_up
    box, lines = page.frame.box, straight_lines(pdf)
    across = _places(lines, 0, box.height, (box.left, box.right))
    up = _places(lines, 1, box.width, (box.bottom, box.top))
    assert len(across) >= 5 and len(up) >= 5
    for places in (across, up):
        np.testing.assert_allclose(np.diff(places), 20.0, atol=0.02)
    size = PdfReader(io.BytesIO(pdf)).pages[0].mediabox
    assert (float(size.width) * POINT_MM, float(size.height) * POINT_MM) == pytest.approx((297, 210), abs=0.01)


def test_two_passages_are_as_far_apart_on_paper_as_in_the_table(run: Release) -> None:
    source = source_of(run)
    _, pages = drawn(source, passages=("1",), scale=200_000)
    frame, (a, b) = pages[0].frame, source.best[:2]
    degrees = run.grid.transformer("EPSG:4326")
    grid = [gauss_kruger(*degrees.transform(p.x, p.y, direction="INVERSE"), zone=10) for p in (a, b)]
    paper = frame.paper_xy([a.x, b.x], [a.y, b.y])
    on_paper, on_ground = math.dist(*paper), math.dist(*grid)
    assert on_paper * 200.0 == pytest.approx(on_ground, abs=0.5)


def printed(page: DrawnPage, near: Box) -> list[str]:
    return [text.words for text in page.page.texts if near.holds(text.box)]


def test_grid_labels_in_the_four_corners_are_what_own_formulae_give(close_up: tuple[bytes, DrawnPage]) -> None:
    """Where the outermost labelled lines cross, Gauss-Krueger by own formulae gives the kilometres that are printed."""
    _, page = close_up
    frame = page.frame
    across, up = grid_lines(frame)
    for east_line in (across[0], across[-1]):
        for north_line in (up[0], up[-1]):
            lon, lat = frame.lonlat(np.array([[east_line.at, north_line.at]]))
            north, east = gauss_kruger(float(lon[0]), float(lat[0]), zone=10)
            assert north == pytest.approx(1000.0 * north_line.kilometres, abs=0.1)
            assert east == pytest.approx(1000.0 * east_line.kilometres, abs=0.1)
            below = Box(east_line.at - 6.0, frame.box.bottom - 8.0, 12.0, 8.0)
            assert "".join(printed(page, below)) == str(east_line.kilometres)
            beside = Box(frame.box.left - 8.0, north_line.at - 3.0, 8.0, 6.5)
            assert "".join(printed(page, beside)) == str(north_line.kilometres)
    assert [str(line.kilometres)[-2:] for line in across[1:-1]] == [
        text.words
        for text in page.page.texts
        if re.fullmatch(r"\d\d", text.words)
        and text.box.top < frame.box.bottom
        and across[0].at + 6 < text.box.left < across[-1].at - 8
    ]


def test_table_prints_what_own_formulae_give(close_up: tuple[bytes, DrawnPage], run: Release) -> None:
    page = close_up[1]
    best = source_of(run).best[0]
    lon, lat = run.grid.transformer("EPSG:4326").transform(best.x, best.y, direction="INVERSE")
    north, east = gauss_kruger(lon, lat, zone=10)
    said = [text.words.replace("\u202f", "") for text in page.page.texts]
    assert f"{north:.0f}" in said and f"{east:.0f}" in said
    assert f"{east:.0f}".startswith("10")


def test_convergence_is_that_of_the_sphere_to_a_minute(close_up: tuple[bytes, DrawnPage]) -> None:
    """tan(convergence) = tan(lon - meridian) sin(lat), with lon, lat in the middle of the map."""
    frame = close_up[1].frame
    west, south, east, north = frame.bounds
    lon, lat = (float(v) for v in frame.projection.inverse((west + east) / 2, (south + north) / 2))
    expected = math.degrees(math.atan(math.tan(math.radians(lon - 57.0)) * math.sin(math.radians(lat))))
    assert -frame.projection.true_north_deg((west + east) / 2, (south + north) / 2) == pytest.approx(
        expected, abs=1 / 60
    )
    words = f"{int(abs(expected) * 60 + 0.5) // 60}\u00b0{int(abs(expected) * 60 + 0.5) % 60:02d}\u2032 west"
    assert words in " ".join(text.words for text in close_up[1].page.texts)


@pytest.mark.parametrize(
    ("section", "lang"),
    [(SECTIONS[0], "kk"), (SECTIONS[1], "ru"), (SECTIONS[2], "en"), (SECTIONS[2], "kk")],
    ids=["winding-kk", "northward-ru", "straight-en", "straight-kk"],
)
def test_no_text_is_over_another_or_off_the_page(run: Release, section: dict[str, object], lang: str) -> None:
    _, pages = drawn(source_of(run, lang), **section)
    for page in pages:
        _require_clear(page)
    posts = [text for page in pages for text in page.page.texts if re.fullmatch(r"\d+", text.words)]
    assert len(posts) > 15


@pytest.mark.parametrize("orientation", ["landscape", "portrait"])
def test_an_overview_is_clear_and_names_every_passage(run: Release, orientation: str) -> None:
    _, pages = drawn(source_of(run, "kk"), orientation=orientation)
    _require_clear(pages[0])
    box = pages[0].frame.box
    on_map = {text.words for text in pages[0].page.texts if box.holds(text.box)}
    assert {str(n) for n in range(1, 11)} <= on_map


def _require_clear(page: DrawnPage) -> None:
    texts = page.page.texts
    paper = page.page.paper.grown(-5.0)
    assert [text.words for text in texts if not paper.holds(text.box)] == []
    crossing = [(a.words, b.words) for a, b in combinations(texts, 2) if a.box.meets(b.box)]
    assert crossing == []


@pytest.mark.parametrize("lang", ["kk", "ru"])
def test_every_text_can_be_taken_out_of_the_file(run: Release, lang: str) -> None:
    """Two readers of other makes find what was written, letter for letter; Kazakh letters among it."""
    pdf, pages = drawn(source_of(run, lang), passages=("1", "2"))
    readers = {
        "pdfium": [page.get_textpage().get_text_range() for page in pypdfium2.PdfDocument(pdf)],
        "pypdf": [page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages],
    }
    for name, found in readers.items():
        for page, text in zip(pages, found, strict=True):
            there = _plain(text)
            assert [t.words for t in page.page.texts if _plain(t.words) not in there] == [], name
    if lang == "kk":
        assert set("әғқңөұүһі") & set(readers["pdfium"][0].lower()) >= set("ғқңөүі")


def _plain(words: str) -> str:
    return re.sub(r"\s+", "", words)


def test_fonts_are_embedded_truetype(close_up: tuple[bytes, DrawnPage]) -> None:
    fonts = PdfReader(io.BytesIO(close_up[0])).pages[0]["/Resources"]["/Font"]  # type: ignore[index]
    kinds = [font.get_object() for font in fonts.values()]
    assert len(kinds) >= 3
    for font in kinds:
        assert font["/Subtype"] == "/TrueType" and "/FontFile2" in font["/FontDescriptor"] and "/ToUnicode" in font


def test_same_results_give_the_same_bytes(run: Release, close_up: tuple[bytes, DrawnPage]) -> None:
    again, _ = drawn(source_of(run), passages=("1",), scale=100_000)
    assert again == close_up[0]


def test_georeference_is_right_to_a_metre(close_up: tuple[bytes, DrawnPage], run: Release) -> None:
    """The corners in the file, taken as an affine map of transverse Mercator on WGS 84, give every place of the map."""
    from pyproj import Transformer

    pdf, page = close_up
    read = PdfReader(io.BytesIO(georeferenced(pdf, [viewport_of(page.frame)]))).pages[0]["/VP"][0]  # type: ignore[index]
    corners = np.array([float(v) for v in read["/Measure"]["/GPTS"]]).reshape(4, 2)
    box = np.array([float(v) for v in read["/BBox"]]) * POINT_MM
    to_plane = Transformer.from_crs("EPSG:4326", "+proj=tmerc +lon_0=57 +x_0=500000 +datum=WGS84", always_xy=True)
    plane = np.column_stack(to_plane.transform(corners[:, 1], corners[:, 0]))
    units = np.array([[0, 0], [0, 1], [1, 1], [1, 0]], float)
    fit, *_ = np.linalg.lstsq(np.column_stack([units, np.ones(4)]), plane, rcond=None)
    rng = np.random.default_rng(4)
    share = rng.random((40, 2))
    at = box[:2] + share * (box[2:] - box[:2])
    expected = np.column_stack(to_plane.transform(*page.frame.lonlat(at)))
    found = np.column_stack([share, np.ones(40)]) @ fit
    assert np.hypot(*(found - expected).T).max() < 0.5


@pytest.mark.skipif(shutil.which("gdalinfo") is None, reason="gdal-bin is not installed here")
def test_gdal_reads_the_georeference(close_up: tuple[bytes, DrawnPage], tmp_path: Path) -> None:
    pdf, page = close_up
    path = tmp_path / "sheet.pdf"
    path.write_bytes(georeferenced(pdf, [viewport_of(page.frame)]))
    told = subprocess.run(["gdalinfo", "-json", str(path)], capture_output=True, text=True, check=False)
    if told.returncode != 0 or "geoTransform" not in told.stdout:
        pytest.skip("this GDAL was built without a PDF reader")
    info = json.loads(told.stdout)
    x0, dx, rx, y0, ry, dy = info["geoTransform"]
    dots_per_mm = info["size"][0] / 297.0
    from pyproj import CRS, Transformer

    to_degrees = Transformer.from_crs(CRS.from_wkt(info["coordinateSystem"]["wkt"]), "EPSG:4326", always_xy=True)
    box = page.frame.box
    for x, y in [(box.left, box.bottom), (box.right, box.top), (box.left + 33, box.bottom + 71)]:
        col, row = x * dots_per_mm, info["size"][1] - y * info["size"][1] / 210.0
        lon, lat = to_degrees.transform(x0 + dx * col + rx * row, y0 + ry * col + dy * row)
        right = [float(v[0]) for v in page.frame.lonlat(np.array([[x, y]]))]
        east, north = (lon - right[0]) * 111_195 * math.cos(math.radians(lat)), (lat - right[1]) * 111_195
        assert math.hypot(east, north) < 1.0


def test_grid_steps_are_those_of_the_topographic_maps() -> None:
    assert [grid_step_m(s) for s in (25_000, 50_000, 100_000, 200_000, 500_000)] == [1e3, 1e3, 2e3, 4e3, 1e4]
