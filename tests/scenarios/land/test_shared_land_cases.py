"""Studies that once ended in a wrong number without a word: scales of bands, metres that are none, what lies outside."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
from shapely.affinity import translate

from rasters.crs import warn_of_scale
from rasters.errors import CrsScaleWarning, PlannerWarning, RasterWarning
from rasters.files.reading import read_grid, read_raster
from scenarios.land.inputs import read_inputs, study_grid
from scenarios.progress import Reporter
from scenarios.runs.check import check_study
from scenarios.study.load import resolve
from tests.support.places import SHARED
from tests.support.tiny_study import write_tiny_study

CASES = SHARED / "cases"
needs_cases = pytest.mark.skipif(not CASES.is_dir(), reason="../shared/cases is not there")


@needs_cases
def test_a_scale_gives_the_same_elevations() -> None:
    case = CASES / "04-scale-factor-ignored"
    plain = read_raster(case / "dem_metres.tif", name="dem", unit="m")
    with pytest.warns(RasterWarning, match=r"dem_scaled\.tif: stored numbers are multiplied by 0\.1"):
        scaled = read_raster(case / "dem_scaled.tif", name="dem", unit="m")
    np.testing.assert_allclose(plain.values, scaled.values, atol=0.51)  # one of the two is in whole metres


@needs_cases
def test_mercator_metres_are_told() -> None:
    with pytest.warns(CrsScaleWarning, match=r"EPSG:3857: a metre on the ground is 1\.3"):
        warn_of_scale(read_grid(CASES / "11-mercator-metres" / "study" / "dem.tif"))


def test_every_study_is_asked_for_its_scale(study: Path) -> None:
    """The tiny study is on EPSG:6933 at 43 degrees north."""
    with pytest.warns(CrsScaleWarning, match=r"EPSG:6933: .*; bring the data to EPSG:32640 \(UTM zone 40N\)"):
        study_grid(resolve(str(study), None, {}))


@pytest.fixture
def study(tmp_path: Path) -> Path:
    return write_tiny_study(tmp_path / "tiny")


def test_a_region_half_outside_is_told_with_its_share(study: Path) -> None:
    path = study / "regions.gpkg"
    regions = gpd.read_file(path, layer="regions")
    resolved = resolve(str(study), None, {})
    grid = read_inputs(resolved).grid
    at = regions.index[regions["id"] == "north_park"][0]
    shape = regions.geometry[at]
    low, high = shape.bounds[0], shape.bounds[2]
    regions.loc[[at], "geometry"] = [translate(shape, xoff=grid.bounds[0] - (low + high) / 2)]
    regions.to_file(path, layer="regions", driver="GPKG")
    with pytest.warns(PlannerWarning, match=r"region north_park: (49|50)\.\d\u202f% of it lies outside the grid"):
        read_inputs(resolve(str(study), None, {}))


def test_check_prints_how_much_of_the_grid_each_layer_knows(study: Path) -> None:
    found = check_study(str(study), None, {}, Reporter(quiet=True))
    (line,) = (one.text for one in found.findings if one.check == "layers")
    assert line.startswith("known on this share of the grid: dem 100\u202f%")
