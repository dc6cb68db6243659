"""`otkel new`: a study to begin with, on a grid that holds the region; what is missing is named with what is wanted."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from pyproj import Transformer
from typer.testing import CliRunner

from cli import app
from rasters.errors import OptionError
from scenarios.keys.new_study import MOST_CELLS, write_minimal
from scenarios.progress import Reporter
from scenarios.runs.check import check_study
from scenarios.study.load import resolve


@pytest.mark.parametrize(
    "bounds", [(55, 42, 57.5, 44), (-70, -10, -60, 0), (170, -45, -170, -35), (10, 68, 30, 72), (56, 43, 56.2, 43.1)]
)
def test_the_grid_holds_the_region_in_equal_areas(bounds: tuple[float, ...], tmp_path: Path) -> None:
    write_minimal(tmp_path / "mine", bounds)
    grid = resolve(str(tmp_path / "mine")).study.grid
    west, south, east, north = bounds
    east += 360 if east < west else 0
    along, up = np.linspace(west, east, 40), np.linspace(south, north, 40)
    lon = np.concatenate([along, along, np.full(40, west), np.full(40, east)])
    lat = np.concatenate([np.full(40, south), np.full(40, north), up, up])
    x, y = Transformer.from_crs("EPSG:4326", grid.crs, always_xy=True).transform(lon, lat)
    xmin, ymin, xmax, ymax = grid.bounds
    assert xmin <= x.min() and x.max() <= xmax and ymin <= y.min() and y.max() <= ymax
    assert x.min() - xmin < grid.cell_m and ymax - y.max() < grid.cell_m
    assert (xmax - xmin) * (ymax - ymin) / grid.cell_m**2 < 1.1 * MOST_CELLS
    assert "laea" in grid.crs


@pytest.mark.parametrize("name", ["2024", "12_3", "1e3", "0b11", "null", "true", "off", "y"])
def test_a_name_that_yaml_takes_for_something_else_is_the_id(name: str, tmp_path: Path) -> None:
    """A folder called after a year made a study that was refused, one called off the study no."""
    write_minimal(tmp_path / name, (55, 42, 57.5, 44))
    study = resolve(str(tmp_path / name)).study
    assert study.study == name and study.title == name.replace("_", " ")


@pytest.mark.parametrize("name", ["-", "-a", "_a", "\u00b2", "\u049b\u04b1\u043b\u0430\u043d"])
def test_a_name_that_can_be_no_id_is_refused_before_anything_is_written(name: str, tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="beginning with a letter or digit"):
        write_minimal(tmp_path / name, (55, 42, 57.5, 44))
    assert list(tmp_path.iterdir()) == []


def test_what_is_missing_is_named_with_what_is_wanted(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["new", str(tmp_path / "mine"), "--minimal", "--bounds", "55", "42", "57.5", "44"])
    assert (
        done.exit_code == 0
        and "put there: data/dem.tif, data/landcover.tif, data/fences.gpkg, data/cores.gpkg" in done.stdout
    )
    found = {
        one.check: one.text for one in check_study(str(tmp_path / "mine"), None, {}, Reporter(quiet=True)).findings
    }
    assert found["layer elevation"].endswith(
        "put there a raster of one band, unit m, on any grid that covers the study"
    )
    assert "unit class" in found["layer landcover"]
    assert "put there lines with the attributes `id`, `name` and `fence_line`" in found["fences"]
    assert "put there polygons with the attributes `id` and `name_en`" in found["regions"]
    assert (tmp_path / "mine/study.yaml").read_text(encoding="utf-8").count("PLACEHOLDER") > 4
    assert "PLACEHOLDER" in (tmp_path / "mine/animal.yaml").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("name", "bounds", "said"),
    [
        ("Mine", (55, 42, 57, 44), "small letters"),
        ("mine", (55, 44, 57, 42), "south below north"),
        ("mine", (55, 42, 155, 44), "at most 40"),
        ("mine", (55, 42, 55, 44), "not empty"),
        ("mine", (555, 42, 57, 44), "degrees"),
    ],
)
def test_what_cannot_be_is_said_and_nothing_is_written(
    name: str, bounds: tuple[float, ...], said: str, tmp_path: Path
) -> None:
    with pytest.raises(OptionError, match=said):
        write_minimal(tmp_path / name, bounds)
    assert not (tmp_path / name).exists()


def test_nothing_is_overwritten_and_options_go_together(tmp_path: Path) -> None:
    write_minimal(tmp_path / "mine", (55, 42, 57, 44))
    with pytest.raises(OptionError, match="is there already"):
        write_minimal(tmp_path / "mine", (55, 42, 57, 44))
    alone = CliRunner().invoke(app, ["new", str(tmp_path / "other"), "--minimal"])
    assert alone.exit_code == 2 and "--bounds" in alone.stderr


def test_a_bundled_study_is_copied_with_its_data(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["new", str(tmp_path / "copy"), "--example", "ustyurt"])
    assert done.exit_code == 0
    assert resolve(str(tmp_path / "copy")).study.study == "ustyurt"
    assert (tmp_path / "copy/data/dem.tif").is_file() and not list((tmp_path / "copy").rglob("*.py"))
