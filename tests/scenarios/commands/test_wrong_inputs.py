"""What goes wrong in practice: one message that names file, key, value and fix; the right exit code; nothing left behind."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from shapely import LineString, MultiPolygon, Point, Polygon
from typer.testing import CliRunner, Result

from cli import app
from tests.support.places import ROOT
from tests.support.tiny_study import (
    SIZE,
    edit,
    let_through,
    line_km,
    species_settings,
    study_settings,
    write_fences,
    write_raster,
    write_regions,
    write_tiny_study,
    write_vectors,
)

USAGE, CONFIGURATION, INPUT_DATA, OUTPUT = 2, 3, 4, 8


def snapshot(folder: Path) -> dict[str, str]:
    """Every file below a folder with its hash."""
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        if path.is_file()
        else "folder"
        for path in sorted(folder.rglob("*"))
    }


@pytest.fixture
def study(tmp_path: Path) -> Path:
    return write_tiny_study(tmp_path / "study")


@pytest.fixture
def results(tmp_path: Path) -> Path:
    """A folder with an earlier result, which no failing run may touch."""
    folder = tmp_path / "results"
    (folder / "out" / "closed").mkdir(parents=True)
    (folder / "out" / "manifest.json").write_text("{}")
    (folder / "out" / "closed" / "passages.csv").write_text("rank,candidate\n")
    return folder


def fails(study: Path | str, results: Path, code: int, *words: str, options: tuple[str, ...] = ()) -> str:
    """Run it; one error, the right code, all the words, and no file changed anywhere."""
    before, inputs = snapshot(results), snapshot(Path(study)) if Path(study).is_dir() else {}
    given = ["--out", str(results / "out")] if "--out" not in options else []
    done: Result = CliRunner().invoke(app, ["run", str(study), *given, *options])
    text = " ".join(done.stderr.split())
    assert done.exit_code == code, (done.exit_code, text, done.exception)
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    assert done.stderr.lower().count("error:") == (0 if "Usage:" in text else 1), text
    for word in words:
        assert word in text, (word, text)
    assert snapshot(results) == before
    if inputs:
        assert snapshot(Path(study)) == inputs
    return text


# ---- files -------------------------------------------------------------------------------------------------------


def test_missing_layer_file(study: Path, results: Path) -> None:
    (study / "water.tif").rename(study / "watr.tif")
    fails(study, results, INPUT_DATA, str(study / "water.tif"), "no such file", "watr.tif")


@pytest.mark.parametrize("name", ["dem.tif", "fences.gpkg", "regions.gpkg", "walker.yaml"])
def test_every_missing_file_is_named(study: Path, results: Path, name: str) -> None:
    (study / name).unlink()
    fails(study, results, INPUT_DATA, str(study / name))


@pytest.mark.parametrize("name", ["dem.tif", "water.tif", "fences.gpkg", "regions.gpkg"])
def test_files_of_another_kind(study: Path, results: Path, name: str) -> None:
    (study / name).write_text("not what the name says")
    fails(study, results, INPUT_DATA, str(study / name), "of a format that otkel opens")


def test_study_not_found(results: Path, tmp_path: Path) -> None:
    fails(str(tmp_path / "nowhere"), results, INPUT_DATA, "nowhere", "study.yaml", "ustyurt")


# ---- coordinates ---------------------------------------------------------------------------------------------------


def test_grid_in_degrees(study: Path, results: Path) -> None:
    write_raster(study / "dem.tif", np.ones((SIZE, SIZE), np.float32), crs="EPSG:4326")
    fails(study, results, INPUT_DATA, "dem.tif", "grid.like", "EPSG:4326", "degree", "projected")


def test_layer_in_degrees(study: Path, results: Path) -> None:
    write_raster(study / "water.tif", np.ones((SIZE, SIZE), np.uint8), crs="EPSG:4326")
    fails(study, results, INPUT_DATA, "water.tif", "EPSG:4326", "warp it", "resampl")


def test_grid_stated_in_degrees(study: Path, results: Path) -> None:
    edit(study, "grid", value={"crs": "EPSG:4326", "bounds": [56, 42, 57, 43], "cell_m": 0.01})
    fails(study, results, INPUT_DATA, "study.yaml", "grid.crs", "EPSG:4326", "degree", "projected")


def test_grid_with_bounds_the_wrong_way_round(study: Path, results: Path) -> None:
    edit(study, "grid", value={"crs": "EPSG:6933", "bounds": [5440000, 4960000, 5400000, 5000000], "cell_m": 1000})
    fails(study, results, CONFIGURATION, "study.yaml", "grid", "bounds", "xmin")


def test_unknown_crs(study: Path, results: Path) -> None:
    edit(study, "grid", value={"crs": "EPSG:123456", "bounds": [0, 0, 1000, 1000], "cell_m": 100})
    fails(study, results, INPUT_DATA, "study.yaml", "EPSG:123456")


def test_cells_that_do_not_fit_the_raster(study: Path, results: Path) -> None:
    edit(study, "grid", "cell_m", value=1500)
    fails(study, results, CONFIGURATION, "study.yaml", "grid.cell_m", "1500", "1000 m")


# ---- numbers -------------------------------------------------------------------------------------------------------


def test_negative_resistance_in_a_profile(study: Path, results: Path) -> None:
    edit(study, "rules", 0, "points", 0, "value", value=-8.0, file="walker.yaml")
    line = (study / "walker.yaml").read_text().splitlines().index("    value: -8.0") + 1
    fails(study, results, CONFIGURATION, f"walker.yaml:{line}: rules[0].points[0].value: -8.0", "greater than 0")


def test_raster_full_of_nodata(study: Path, results: Path) -> None:
    write_raster(study / "dem.tif", np.full((SIZE, SIZE), -9999, np.float32), nodata=-9999)
    fails(study, results, INPUT_DATA, "dem.tif", "no data", "right file")


def test_a_class_that_no_row_names(study: Path, results: Path) -> None:
    rule = {"layer": "water", "unit": "class", "origin": "x", "classes": [{"codes": [1], "means": "sea", "value": 2}]}
    edit(study, "rules", 0, value=rule, file="walker.yaml")
    fails(study, results, INPUT_DATA, "walker", "water", "0")


def test_permeability_beyond_one(study: Path, results: Path) -> None:
    edit(study, "fences", "permeability", value={"border": {"walker": let_through(1.5)}})
    fails(
        study,
        results,
        CONFIGURATION,
        "study.yaml",
        "fences.permeability.border.walker.value",
        "1.5",
        "a number from 0 to 1",
    )


@pytest.mark.parametrize(
    "bare", [0.3, {"value": 0.3, "origin": "measured"}, {"value": 0.3, "per": "step", "origin": "x"}]
)
def test_a_permeability_that_does_not_say_its_scale(study: Path, results: Path, bare: Any) -> None:
    """In the study, in a profile and on the command line: one error, with an example of what to write."""
    why = ("0.3", "at which scale it was measured", "{value: 0.3, per: encounter, scale_m: 1000, origin:")
    edit(study, "fences", "permeability", value={"border": {"walker": bare}})
    fails(study, results, CONFIGURATION, "study.yaml", "fences.permeability.border.walker", *why)
    edit(study, "fences", "permeability", value={})
    edit(study, "permeability", "default", value=bare, file="walker.yaml")
    fails(study, results, CONFIGURATION, "walker.yaml", "permeability.default", *why)
    edit(study, "permeability", "default", value=let_through(0.3), file="walker.yaml")
    options = ("--set", f"fences.permeability.border.walker={json.dumps(bare)}")
    fails(study, results, USAGE, "command line", "fences.permeability.border.walker", *why, options=options)


def test_nobody_says_how_far_animals_keep_their_direction(study: Path, results: Path) -> None:
    edit(study, "fences", "model", "free_path_m")
    fails(
        study,
        results,
        CONFIGURATION,
        "species.walker",
        "neither its profile nor `fences.model` states free_path_m",
        "walker.yaml",
    )


def test_no_species_counts(study: Path, results: Path) -> None:
    edit(study, "species", "walker", "weight", value=0.0)
    edit(study, "species", "digger", "weight", value=0.0)
    fails(study, results, CONFIGURATION, "study.yaml", "weight", "> 0")


# ---- places --------------------------------------------------------------------------------------------------------


def test_focal_region_in_the_sea(study: Path, results: Path) -> None:
    write_regions(study, {"south_plain": (2.5, 20.5)})
    fails(study, results, INPUT_DATA, "south_plain", "walker", "barrier", "move it")


def test_focal_region_outside_the_grid(study: Path, results: Path) -> None:
    write_regions(study, {"south_plain": (400.0, 20.0)})
    fails(study, results, INPUT_DATA, "regions.gpkg", "south_plain", "no cell on the grid")


def test_focal_regions_that_overlap(study: Path, results: Path) -> None:
    write_regions(study, {"south_plain": (10.0, 5.0)})
    fails(study, results, INPUT_DATA, "south_hills", "south_plain", "share", "disjoint or merge")


def test_unknown_region(study: Path, results: Path) -> None:
    edit(study, "routes", "walker", value={"from": ["south_hill"], "to": ["north_park"]})
    edit(study, "routes", "digger", value={"from": ["south_hill"], "to": ["north_park"]})
    fails(study, results, CONFIGURATION, "study.yaml", "routes", "south_hill", "regions.gpkg", "south_hills")


def test_fence_outside_the_grid(study: Path, results: Path) -> None:
    write_fences(study, [line_km([(300, 20), (340, 21)])])
    fails(
        study,
        results,
        INPUT_DATA,
        "fences.gpkg",
        "border_0",
        "outside the grid",
        "5700000",
        "coordinate reference system",
    )


def test_fence_that_is_an_area(study: Path, results: Path) -> None:
    write_fences(study, [line_km([(0, 20), (40, 21)]).buffer(100)])
    fails(study, results, INPUT_DATA, "fences.gpkg", "border_0", "not a line", "LineString")


def test_unknown_fence_line(study: Path, results: Path) -> None:
    edit(study, "fences", "active", value=["boarder"])
    fails(
        study,
        results,
        CONFIGURATION,
        "study.yaml",
        "fences.active",
        "'boarder'",
        "fences.gpkg",
        "border, inner",
        options=("--scenario", "closed"),
    )


def test_unknown_fence_line_in_a_separation(study: Path, results: Path) -> None:
    edit(study, "fences", "separations", 0, "fences", value=["boarder"])
    fails(study, results, CONFIGURATION, "fences.separations[0].fences", "'boarder'", "border, inner")


def test_longitude_and_latitude_swapped(study: Path, results: Path) -> None:
    edit(study, "candidates", "points", value=[{"id": "ford", "lon": 42.83, "lat": 56.2}])
    fails(study, results, CONFIGURATION, "study.yaml", "ford", "lon 42.83, lat 56.2", "swapped")


def test_a_candidate_that_is_none(study: Path, results: Path) -> None:
    edit(
        study, "openings", value=[{"id": "o", "fence_line": "border", "design": "bridge", "at": ["border_0-km9999.0"]}]
    )
    fails(study, results, CONFIGURATION, "study.yaml", "openings", "border_0-km9999.0", "passages.csv")


# ---- words ---------------------------------------------------------------------------------------------------------


def test_unknown_key(study: Path, results: Path) -> None:
    line = edit(study, "candidates", "min_spacing", value=5)
    fails(
        study,
        results,
        CONFIGURATION,
        f"study.yaml:{line + 1}: candidates.min_spacing: unknown key; did you mean 'min_spacing_m'?",
    )


def test_unknown_key_in_a_profile(study: Path, results: Path) -> None:
    edit(study, "rules", 0, "if_no_data", value={"value": 2, "origin": "x"}, file="walker.yaml")
    fails(study, results, CONFIGURATION, "walker.yaml:", "rules[0].if_no_data: unknown key; did you mean 'if_nodata'?")


def test_every_fault_of_a_file_at_once(study: Path, results: Path) -> None:
    edit(study, "candidates", "every_m", value=-5)
    edit(study, "ranking", value={"shortlist": 0})
    edit(study, "colour", value="blue")
    text = fails(study, results, CONFIGURATION, "candidates.every_m: -5", "ranking.shortlist: 0", "colour: unknown key")
    assert text.count("study.yaml:") == 3


def test_unknown_scenario_and_species(study: Path, results: Path) -> None:
    fails(
        study,
        results,
        USAGE,
        "unknown scenario 'close'",
        "did you mean 'closed'",
        options=("--scenario", "close"),
    )
    fails(study, results, USAGE, "unknown species 'walkers'", "walker, digger", options=("--species", "walkers"))


def test_permeability_for_an_unknown_species(study: Path, results: Path) -> None:
    edit(study, "fences", "permeability", value={"border": {"waker": let_through(0.5)}})
    fails(
        study,
        results,
        CONFIGURATION,
        "study.yaml",
        "fences.permeability.border.waker",
        "unknown species",
        "walker, digger",
    )


def test_unknown_design(study: Path, results: Path) -> None:
    edit(study, "candidates", "design", value="bridges")
    fails(study, results, CONFIGURATION, "study.yaml", "candidates.design", "'bridges'", "wires_out, bridge")


def test_design_without_a_use_factor(study: Path, results: Path) -> None:
    edit(study, "use_factor", "wires_out", file="walker.yaml")
    fails(study, results, CONFIGURATION, "walker", "use factor", "'wires_out'", "bridge")


def test_layer_that_a_species_needs(study: Path, results: Path) -> None:
    edit(study, "layers", "slope_percent")
    fails(study, results, INPUT_DATA, "walker", "slope_percent", "dem, water")


def test_layer_in_another_unit(study: Path, results: Path) -> None:
    edit(study, "layers", "water", "unit", value="m")
    fails(study, results, INPUT_DATA, "water", "'m'", "'class'")


def test_layers_derived_in_a_circle(study: Path, results: Path) -> None:
    edit(study, "layers", "dem", value={"derive": "ruggedness", "source": "slope_percent"})
    edit(study, "layers", "slope_percent", value={"derive": "slope_percent", "source": "dem"})
    fails(study, results, CONFIGURATION, "study.yaml", "dem", "slope_percent", "circle")


def test_profile_of_another_name(study: Path, results: Path) -> None:
    edit(study, "id", value="runner", file="walker.yaml")
    fails(study, results, CONFIGURATION, "walker.yaml", "'runner'", "'walker'")


def test_missing_table_in_a_vector_file(study: Path, results: Path) -> None:
    edit(study, "fences", "table", value="lines")
    fails(study, results, INPUT_DATA, "fences.gpkg", "'lines'", "choose one of fences")


def test_missing_attribute(study: Path, results: Path) -> None:
    edit(study, "fences", "line", value="belongs_to")
    fails(study, results, INPUT_DATA, "fences.gpkg", "belongs_to", "fence_line")


# ---- ids -----------------------------------------------------------------------------------------------------------


def test_two_fences_with_one_id(study: Path, results: Path) -> None:
    write_fences(study, ids=["twice", "twice"])
    fails(study, results, INPUT_DATA, "fences.gpkg", "'twice'", "unique")


def test_two_regions_with_one_id(study: Path, results: Path) -> None:
    write_regions(study, ids=["south_hills", "south_hills", "north_park", "north_lake"])
    fails(study, results, INPUT_DATA, "regions.gpkg", "'south_hills'", "unique")


def test_two_openings_with_one_id(study: Path, results: Path) -> None:
    rule = {"id": "gate", "fence_line": "border", "design": "bridge", "every_m": 9000}
    edit(study, "openings", value=[rule, rule])
    fails(study, results, CONFIGURATION, "study.yaml", "'gate' twice")


def test_one_key_twice(study: Path, results: Path) -> None:
    with (study / "study.yaml").open("a") as file:
        file.write("title: another\n")
    n = len((study / "study.yaml").read_text().splitlines())
    fails(study, results, CONFIGURATION, f"study.yaml:{n}: title: is given twice, first on line 2")


# ---- geometry ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("shape", "words"),
    [
        (LineString(), "empty"),
        (None, "missing"),
        (Point(5_410_000, 4_980_000), "not a line"),
    ],
)
def test_broken_fence_geometry(study: Path, results: Path, shape: Any, words: str) -> None:
    write_fences(study, [shape])
    fails(study, results, INPUT_DATA, "fences.gpkg", "border_0", words)


@pytest.mark.parametrize(
    ("shape", "words"),
    [
        (MultiPolygon(), "empty"),
        (Polygon([(5410e3, 4970e3), (5420e3, 4980e3), (5420e3, 4970e3), (5410e3, 4980e3)]), "not valid"),
    ],
)
def test_broken_region_geometry(study: Path, results: Path, shape: Any, words: str) -> None:
    square = [Point(5_410_000 + 8000 * i, 4_990_000).buffer(2000) for i in range(3)]
    write_vectors(
        study / "regions.gpkg",
        "regions",
        ["south_hills", "south_plain", "north_park", "north_lake"],
        [*square, shape],
        name_en=list("abcd"),
        geometry_status=["schematic"] * 4,
    )
    fails(study, results, INPUT_DATA, "regions.gpkg", "north_lake", words)


# ---- the file itself -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b"study: [1, 2", "not valid YAML"),
        (b"- a\n- list\n", "table of keys"),
        (b"", "table of keys"),
        (b"title: caf\xe9\n", "not UTF-8"),
        (b"title: \x07bell\n", "not valid YAML"),
        (b"title: !!python/object:os.system x\n", "not valid YAML"),
    ],
)
def test_a_broken_study_file(study: Path, results: Path, text: bytes, words: str) -> None:
    (study / "study.yaml").write_bytes(text)
    fails(study, results, CONFIGURATION, "study.yaml", words)


# ---- the command line ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "options", [("--set", "nonsense"), ("--set", "=5"), ("--set", "grid.cell_m=[1"), ("--sett", "a=1")]
)
def test_wrong_usage(study: Path, results: Path, options: tuple[str, ...]) -> None:
    fails(study, results, USAGE, "Usage", options=options)


def test_missing_output_folder_is_usage(study: Path) -> None:
    done = CliRunner().invoke(app, ["run", str(study)])
    assert (done.exit_code, "--out" in done.stderr) == (USAGE, True)


def test_a_wrong_override_names_the_command_line(study: Path, results: Path) -> None:
    text = fails(
        study,
        results,
        USAGE,
        "candidates.every_m: -5",
        "command line",
        options=("--set", "candidates.every_m=-5"),
    )
    assert "study.yaml:" not in text
    fails(
        study,
        results,
        USAGE,
        "command line",
        "candidate.every_m",
        "did you mean 'candidates'",
        options=("--set", "candidate.every_m=5"),
    )
    fails(
        study,
        results,
        USAGE,
        "command line",
        "candidates.evry_m",
        "did you mean 'every_m'",
        options=("--set", "candidates.evry_m=5"),
    )
    fails(study, results, USAGE, "command line", "study.x", "not a table", options=("--set", "study.x=5"))


def test_a_wrong_override_names_its_scenario(study: Path, results: Path) -> None:
    edit(study, "scenarios", "closed", "set", value={"candidates.every_m": -5})
    fails(study, results, CONFIGURATION, "scenarios.closed", "candidates.every_m: -5")


# ---- output --------------------------------------------------------------------------------------------------------


def test_output_below_a_file(study: Path, results: Path) -> None:
    (results / "file").write_text("mine")
    fails(
        study,
        results,
        OUTPUT,
        str(results / "file"),
        "another folder",
        options=("--out", str(results / "file" / "out")),
    )


def test_output_over_a_file(study: Path, results: Path) -> None:
    (results / "file").write_text("mine")
    fails(study, results, OUTPUT, str(results / "file"), "another folder", options=("--out", str(results / "file")))


def test_output_over_a_folder_of_other_things(study: Path, results: Path) -> None:
    (results / "photos").mkdir()
    (results / "photos" / "leopard.jpg").write_text("mine")
    fails(study, results, OUTPUT, "photos", "not a result", options=("--out", str(results / "photos")))


def test_output_where_nobody_may_write(study: Path, results: Path) -> None:
    fails(study, results, OUTPUT, "/proc/otkel", "another folder", options=("--out", "/proc/otkel/out"))


def test_no_folder_is_left_where_there_was_none(study: Path, results: Path) -> None:
    (study / "water.tif").unlink()
    fails(study, results, INPUT_DATA, "water.tif", options=("--out", str(results / "new" / "deeper" / "out")))


def test_a_real_process_says_it_the_same_way(study: Path, results: Path) -> None:
    """Once without the test runner in between: exit code, one line on stderr, nothing on stdout, no colour codes."""
    edit(study, "candidates", "every_m", value=-5)
    done = subprocess.run(
        [sys.executable, str(ROOT / "cli.py"), "run", str(study), "--out", str(results / "out"), "--json"],
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
    )
    assert (done.returncode, done.stdout) == (CONFIGURATION, "")
    assert done.stderr.startswith("error: ") and done.stderr.count("\n") == 1
    assert "\x1b" not in done.stderr


def test_names_in_other_scripts_are_found_under_a_locale_without_them(study: Path, tmp_path: Path) -> None:
    """The locale C with all of Python's remedies off, as in a bare job of a scheduler."""
    folder = tmp_path / "\u049b\u04b1\u043b\u0430\u043d"
    shutil.copytree(study, folder)
    bare = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "PYTHONIOENCODING": "ascii"}
    done = subprocess.run(
        [sys.executable, str(ROOT / "cli.py"), "check", str(folder), "--json"],
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
        env={**os.environ, **bare},
    )
    assert done.returncode == 0 and json.loads(done.stdout)["passed"], done.stderr


def test_the_tiny_study_itself_is_in_order() -> None:
    assert {"walker", "digger"} == set(study_settings()["species"])
    assert species_settings("a", 1.0, 0.5)["permeability"]["default"] == let_through(0.5)
