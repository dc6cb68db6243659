"""Why a cell costs what it costs: the parts make the whole, both sides of a fence say the same, faults are named."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from typer.testing import CliRunner

import scenarios
from cli import app
from rasters.errors import ConfigError, FocalNodeError
from scenarios.land.inputs import read_inputs, study_grid
from scenarios.land.prepared import prepare_species
from scenarios.runs.explain import COMPASS, Explanation, explain_point
from scenarios.study.load import resolve
from tests.support.tiny_study import BORDER, at_km, edit, write_tiny_study

OPPOSITE = {COMPASS[step]: COMPASS[(-step[0], -step[1])] for step in COMPASS}


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_study(tmp_path_factory.mktemp("explained"))


def lonlat(study: Path, row: int, col: int) -> tuple[float, float]:
    grid = study_grid(resolve(str(study)))
    lon, lat = grid.lonlat(*grid.xy(row, col))
    return float(lon), float(lat)


def at(study: Path, row: int, col: int, **options: Any) -> Explanation:
    return explain_point(str(study), *lonlat(study, row, col), **options)


def fenced_cell(study: Path) -> tuple[int, int]:
    """The cell north of the border where it is 24 km east."""
    x, y = at_km(*BORDER[2])
    row, col = study_grid(resolve(str(study))).cell_at(x=x, y=y)
    return row, col


def test_parts_make_the_resistance_of_the_run(study: Path) -> None:
    resolved = resolve(str(study))
    inputs = read_inputs(resolved)
    surfaces = {name: prepare_species(resolved, inputs, name).surface.values for name in inputs.profiles}
    for row, col in ((2, 30), (18, 3), (35, 9), (25, 20)):
        for one in at(study, row, col).species:
            assert one.resistance == surfaces[one.species][row, col]
            assert one.why.status == ("barrier" if math.isinf(one.resistance) else "passable")
            if one.why.status == "passable":
                assert max(one.why.of_rules, one.why.minimum) == pytest.approx(one.resistance)
            values = {part.layer: part.value for part in one.why.parts}
            assert values["slope_percent"] == pytest.approx(float(inputs.layers["slope_percent"].values[row, col]))


def test_water_is_named_as_the_barrier(study: Path) -> None:
    text = str(at(study, 18, 3))
    assert "impassable, because of water" in text


def test_cores_and_targets_are_named(study: Path) -> None:
    row, col = study_grid(resolve(str(study))).cell_at(x=at_km(9, 4)[0], y=at_km(9, 4)[1])
    assert at(study, row, col).species[0].regions == ("core south_hills (Southern hills)",)
    assert "neither core nor target" in str(at(study, 2, 20))


def test_both_sides_of_a_fence_say_the_same(study: Path) -> None:
    row, col = fenced_cell(study)
    steps = {word: step for step, word in COMPASS.items()}
    walker, digger = at(study, row, col).species
    assert walker.fences and {one.fence for one in walker.fences} == {"border_0"}
    assert all(math.isinf(one.cost_m) and math.isinf(one.worth_m) for one in walker.fences)
    for one in digger.fences:
        down, right = steps[one.toward]
        other = at(study, row + down, col + right, species=["digger"]).species[0]
        (same,) = (back for back in other.fences if back.toward == OPPOSITE[one.toward])
        assert one.cost_m == pytest.approx(30_000 * (digger.resistance + other.resistance) / 2)
        assert (same.cost_m, same.ohm) == (one.cost_m, one.ohm)
    assert not at(study, row, col, scenario="free").species[0].fences


def test_a_standing_opening_is_named_and_lowers_the_cost(tmp_path: Path) -> None:
    study = write_tiny_study(tmp_path / "study")
    opening = {"id": "gate", "fence_line": "border", "design": "bridge", "lon": 0.0, "lat": 0.0}
    row, col = fenced_cell(study)
    opening["lon"], opening["lat"] = lonlat(study, row, col)
    edit(study, "openings", value=[opening])
    (walker,) = at(study, row, col, species=["walker"]).species
    through = [one for one in walker.fences if "gate" in one.openings]
    assert through and all(math.isfinite(one.ohm) for one in through)
    assert "through gate" in str(through[0])


def test_mortality_and_actions_that_are_done(tmp_path: Path) -> None:
    study = write_tiny_study(tmp_path / "study")
    lon, lat = lonlat(study, 10, 20)
    edit(study, "mortality", value={"reach_km": 100, "origin": "made up"})
    area = {"lon": lon, "lat": lat, "radius_m": 3000}
    guard = {"kind": "protect", "area": area, "resistance_factor": 0.5, "mortality_factor": 0.1, "cost": 1}
    edit(study, "actions", value={"guard": guard})
    edit(study, "done", value=["guard"])
    (here,), (there,) = (at(study, *cell, species=["walker"]).species for cell in ((10, 20), (10, 30)))
    assert here.actions == {"guard": 0.5} and not there.actions
    assert here.resistance == pytest.approx(max(0.5 * here.why.resistance, min(here.why.resistance, 1.0)))
    assert there.mortality_siemens == pytest.approx(1e6 / 1e10)
    assert here.mortality_siemens == pytest.approx(0.1 * there.mortality_siemens)


def test_points_without_ground_are_refused(study: Path, tmp_path: Path) -> None:
    lon, lat = lonlat(study, 10, 20)
    for place in ((lat, lon), (lon + 20, lat), (500.0, lat), (math.nan, lat)):
        with pytest.raises(FocalNodeError, match=r"outside the study's grid.*longitude first"):
            explain_point(str(study), *place)
    with pytest.raises(ConfigError, match="species"):
        at(study, 10, 20, species=["yeti"])
    holed = write_tiny_study(tmp_path / "holed")
    with rasterio.open(holed / "dem.tif", "r+") as file:
        values = file.read(1)
        values[8:13, 18:23] = -9999
        file.write(values, 1)
    with pytest.raises(FocalNodeError, match=r"row 10, col 20\) has no data in slope_percent; choose"):
        at(holed, 10, 20)


def invoke(*arguments: str) -> Any:
    return CliRunner().invoke(app, ["explain", *arguments])


def test_at_the_command_line(study: Path) -> None:
    lon, lat = (f"{v}" for v in lonlat(study, *fenced_cell(study)))
    done = invoke(str(study), lon, lat, "--species", "digger")
    assert done.exit_code == 0, done.stderr
    assert "slope_percent" in done.stdout and "border_0 (border, schematic): adds " in done.stdout
    found = json.loads(invoke(str(study), lon, lat, "--json").stdout)
    assert [one["species"] for one in found["species"]] == ["walker", "digger"]
    assert found["species"][0]["fences"][0]["cost_m"] == "inf"
    away = invoke(str(study), "-70.5", "-33.4")
    assert away.exit_code == 4
    assert "lon -70.5, lat -33.4 is outside the study's grid" in away.stderr
    assert invoke(str(study), lon).exit_code == 2


def test_from_python(study: Path) -> None:
    lon, lat = lonlat(study, 10, 20)
    found = scenarios.open(study).explain(lon, lat, species="walker", scenario="both")
    assert (found.row, found.col, found.scenario) == (10, 20, "both")
    assert np.allclose(found.centre, (lon, lat))
    assert [one.species for one in found.species] == ["walker"]
