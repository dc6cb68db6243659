"""A planner with a region of her own: from four files to the first map.

Steps: 8, three of them by hand (copying files, naming places, opening the page). Failed rounds: 0; the two checks that find something are
what the planner is told to do, and each says what to do next. Before there was `otkel new`: 15 failed rounds, two dead ends.
"""

from __future__ import annotations

import json
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import rasterio
from affine import Affine
from PIL import Image
from scipy.ndimage import gaussian_filter
from shapely import LineString, Point

from tests.support.journey import Journey

WEST, SOUTH, EAST, NORTH = 55.0, 42.0, 55.5, 42.4


def write_tif(path: Path, values: np.ndarray, nodata: float | None = None) -> None:
    """A raster in degrees, a little larger than the region, as a download is."""
    height, width = values.shape
    step_x, step_y = (EAST - WEST + 0.2) / width, (NORTH - SOUTH + 0.2) / height
    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        width=width,
        height=height,
        count=1,
        dtype=values.dtype,
        crs="EPSG:4326",
        nodata=nodata,
        transform=Affine(step_x, 0, WEST - 0.1, 0, -step_y, NORTH + 0.1),
    ) as file:
        file.write(values, 1)


@pytest.fixture
def downloads(tmp_path: Path) -> Path:
    """Relief, land cover (ESA WorldCover), two fence lines, two cores: what the planner has."""
    folder = tmp_path / "downloads"
    folder.mkdir()
    rough = gaussian_filter(np.random.default_rng(5).standard_normal((240, 280)), 9, mode="nearest")
    height = (900 * (rough - rough.min()) / np.ptp(rough)).astype(np.float32)
    write_tif(folder / "dem.tif", height, nodata=-9999)
    cover = np.where(height > 600, 60, np.where(height > 300, 30, 20)).astype(np.uint8)
    cover[100:112, 200:240] = 80
    write_tif(folder / "landcover.tif", cover, nodata=0)
    lines = [[(54.8, 42.22), (55.2, 42.2), (55.7, 42.23)], [(54.8, 42.13), (55.7, 42.12)]]
    fences = {"id": ["wire_1", "wall_1"], "name": ["Border wire", "Old wall"], "fence_line": ["wire", "wall"]}
    gpd.GeoDataFrame(fences, geometry=[LineString(line) for line in lines], crs="EPSG:4326").to_file(
        folder / "fences.gpkg"
    )
    cores = {"id": ["hills", "shore"], "name_en": ["Southern hills", "Lake shore"]}
    spots = [Point(55.25, 42.05).buffer(0.03), Point(55.2, 42.35).buffer(0.03)]
    gpd.GeoDataFrame(cores, geometry=spots, crs="EPSG:4326").to_file(folder / "cores.gpkg")
    return folder


def test_from_four_files_to_the_first_map(tmp_path: Path, downloads: Path) -> None:
    user = Journey(folder=tmp_path)

    begun = user.command("new", "tugai", "--minimal", "--bounds", WEST, SOUTH, EAST, NORTH, "--cell-m", 1000)
    assert "put there: data/dem.tif, data/landcover.tif, data/fences.gpkg, data/cores.gpkg" in begun.stdout

    told = user.command("check", "tugai", code=4).stderr
    assert told.count("put there") == 4 and "attributes `id`, `name` and `fence_line`" in told

    user.does("copy four files")
    for file in downloads.iterdir():
        (tmp_path / "tugai/data" / file.name).write_bytes(file.read_bytes())

    told = user.command("check", "tugai", code=4).stderr
    assert "choose one of hills, shore" in told and "wire" in told and "wall" in told, told

    user.does("name the places and fence lines in study.yaml")
    study = tmp_path / "tugai/study.yaml"
    text = study.read_text(encoding="utf-8")
    row = next(line for line in text.splitlines() if "side_a" in line)
    rows = "\n".join(row.replace("[border]", f"[{line}]") for line in ("wire", "wall"))
    for placeholder, own in {row: rows, "[border]": "[wire, wall]", "[south]": "[hills]", "[north]": "[shore]"}.items():
        assert placeholder in text
        text = text.replace(placeholder, own)
    study.write_text(text, encoding="utf-8")

    told = user.command("check", "tugai").stderr
    assert "FAIL" not in told and "candidates" in told

    ran = user.command("run", "tugai", "--out", "results", "--json")
    passages = json.loads(ran.stdout)["passages"]["baseline"]
    assert passages == [] or passages[0]["score"] > 0

    user.does("open report.html and map.png")
    page = (tmp_path / "results/report.html").read_text(encoding="utf-8")
    assert "Lake shore" in page and "Border wire" in page
    maps = sorted((tmp_path / "results").rglob("map*.png"))
    assert maps and all(len(np.unique(np.asarray(Image.open(one).convert("L")))) > 50 for one in maps)

    assert len(user.steps) == 8 and not user.failed
