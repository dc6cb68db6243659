"""`otkel run --from manifest.json`: the same again, or what differs and by how much."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import rasterio
from PIL import Image
from typer.testing import CliRunner

from cli import app
from scenarios.progress import Reporter
from scenarios.runs.differences import difference_of_files
from scenarios.runs.session import run_study
from tests.support.tiny_study import species_settings, write_tiny_study, write_yaml


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_study(tmp_path_factory.mktemp("study"))


@pytest.fixture(scope="module")
def results(study: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("results") / "first"
    run_study(str(study), ["closed"], ["digger"], out, {"candidates.every_m": 4000}, Reporter(quiet=True))
    return out


def again(manifest: Path, out: Path, *options: str) -> Any:
    return CliRunner().invoke(app, ["run", *options, "--from", str(manifest), "--out", str(out)])


def edited(results: Path, folder: Path, change: Callable[[dict[str, Any]], object]) -> Path:
    """The manifest alone, with a change."""
    manifest = json.loads((results / "manifest.json").read_text())
    change(manifest)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "manifest.json").write_text(json.dumps(manifest))
    return folder / "manifest.json"


def test_a_result_is_reproduced_with_the_settings_it_had(study: Path, results: Path, tmp_path: Path) -> None:
    """The overrides of the command line and the choice of species come from the manifest."""
    done = again(results / "manifest.json", tmp_path / "again", str(study), "--json")
    told = json.loads(done.stdout)
    assert (done.exit_code, told["reproduced"], told["differing"], told["not_as_it_was"]) == (0, True, {}, [])
    first, second = (json.loads((folder / "manifest.json").read_text()) for folder in (results, tmp_path / "again"))
    assert told["same"] == len(first["outputs"]) > 10
    assert first["outputs"] == second["outputs"] and first["scenarios"] == second["scenarios"]


def test_what_differs_is_named_with_its_likely_cause_and_by_how_much(results: Path, tmp_path: Path) -> None:
    """Another profile in the study's folder: the input is named, then every file, rasters and tables with figures."""
    changed = write_tiny_study(tmp_path / "study")
    write_yaml(changed / "digger.yaml", species_settings("digger", 4.0, 0.4))
    done = again(results, tmp_path / "again", str(changed))
    assert done.exit_code == 11
    assert "not as it was: the input digger.yaml has changed" in done.stderr
    assert "not as it was: the input dem.tif" not in done.stderr
    lines = {line.split(":")[1].strip(): line for line in done.stderr.splitlines() if line.startswith("differs: ")}
    assert "cells differ, by at most" in lines["closed/digger/resistance.tif"]
    assert "least_cost_m: " in lines["closed/digger/pairs.csv"]
    assert "pixels differ" in lines["closed/digger/map_cost.png"]
    assert "not reproduced: " in done.stderr


def test_versions_missing_inputs_and_files_that_are_gone_are_named(study: Path, results: Path, tmp_path: Path) -> None:
    def change(manifest: dict[str, Any]) -> None:
        manifest["versions"]["numpy"] = "1.0"
        manifest["inputs"]["gone.tif"] = {"bytes": 1, "sha256": "0"}
        manifest["outputs"]["closed/digger/more.csv"] = {"bytes": 1, "sha256": "0"}
        manifest["outputs"]["closed/digger/pairs.csv"]["sha256"] = "0"
        del manifest["outputs"]["closed/digger/passages.csv"]
        manifest["machine"]["threads"] = 4096

    done = again(edited(results, tmp_path / "edited", change), tmp_path / "again", str(study))
    assert done.exit_code == 11
    for words in (
        f"not as it was: numpy is {np.__version__}, was 1.0",
        "not as it was: the input gone.tif is not beside study.yaml any more",
        "there were 4096",
        "differs: closed/digger/more.csv: is missing now",
        "differs: closed/digger/passages.csv: was not there",
        "differs: closed/digger/pairs.csv: differs; the earlier file does not lie beside the manifest",
        "not reproduced: 3 files differ",
    ):
        assert words in done.stderr


@pytest.mark.parametrize(
    ("change", "code", "words"),
    [
        (
            lambda m: m.update(kind="", command=["otkel", "corridors", "tiny"]),
            3,
            "give this command again: otkel corridors tiny",
        ),
        (lambda m: m.update(inputs={}, audience="public"), 3, "was written for the audience public"),
        (lambda m: m.update(format=1), 4, "has format 1"),
        (lambda m: m.pop("outputs"), 4, "is no manifest of results"),
        (lambda m: m.update(command=["otkel", "run", "--out", "x"]), 3, "say where the inputs are"),
        (lambda m: m.update(command=["otkel", "run", "nowhere"]), 4, "unknown study 'nowhere'"),
        (
            lambda m: (
                m.update(command=["otkel", "run", "ustyurt"]),
                m["scenarios"]["closed"].update(solver={"neighbours": 5}),
            ),
            3,
            "solver.neighbours: 5",
        ),
    ],
    ids=["corridors", "public", "format", "outputs", "no-study", "lost-study", "settings"],
)
def test_what_cannot_be_run_again_is_refused_with_the_reason(
    results: Path, tmp_path: Path, change: Callable[[dict[str, Any]], object], code: int, words: str
) -> None:
    done = again(edited(results, tmp_path / "edited", change), tmp_path / "again")
    assert (done.exit_code, words in done.stderr) == (code, True), done.stderr
    assert not (tmp_path / "again").exists()


def test_usage(study: Path, results: Path, tmp_path: Path) -> None:
    assert again(results, tmp_path / "out", "--species", "digger").exit_code == 2
    assert CliRunner().invoke(app, ["run", "--out", str(tmp_path / "out")]).exit_code == 2
    done = again(results, results, str(study))
    assert done.exit_code == 3 and "choose another folder" in done.stderr
    assert again(tmp_path / "no.json", tmp_path / "out").exit_code == 4
    (tmp_path / "text.json").write_text("text")
    assert again(tmp_path / "text.json", tmp_path / "out").exit_code == 4


def test_the_manifest_says_how_positions_came_to_the_grid_and_on_what_machine(results: Path) -> None:
    manifest = json.loads((results / "manifest.json").read_text())
    (operation,) = manifest["crs_operations"]
    assert operation["from"] == "WGS 84 (EPSG:4326)" and "EPSG:6933" in operation["to"]
    assert "EASE-Grid" in operation["operation"] and "+proj" not in operation["operation"]
    assert "proj=cea" in operation["pipeline"] and operation["accuracy_m"] == 0
    assert set(manifest["machine"]) == {"processor", "processors", "memory_gib", "system", "threads"}
    assert manifest["measured"]["processor_seconds"] > 0 and manifest["measured"]["peak_memory_bytes"] > 10**8
    assert manifest["seeds"] == {} and manifest["kind"] == "run"


def test_vectors_on_another_system_are_listed_with_the_operation(tmp_path: Path) -> None:
    folder = write_tiny_study(tmp_path / "study")
    for name in ("regions", "fences"):
        frame = gpd.read_file(folder / f"{name}.gpkg").to_crs("EPSG:4284")
        (folder / f"{name}.gpkg").unlink()
        frame.to_file(folder / f"{name}.gpkg", layer=name, driver="GPKG")
    from scenarios.land.inputs import study_grid
    from scenarios.land.provenance import crs_operations
    from scenarios.study.load import resolve

    resolved = resolve(str(folder))
    found = {one["from"]: one for one in crs_operations([resolved], study_grid(resolved))}
    assert found["Pulkovo 1942 (EPSG:4284)"]["files"] == ["fences.gpkg", "regions.gpkg"]
    assert "Pulkovo 1942 to WGS 84" in found["Pulkovo 1942 (EPSG:4284)"]["operation"]
    assert found["Pulkovo 1942 (EPSG:4284)"]["accuracy_m"] > 0


@pytest.fixture
def pair(tmp_path: Path) -> tuple[Path, Path]:
    for name in ("old", "new"):
        (tmp_path / name).mkdir()
    return tmp_path / "old", tmp_path / "new"


def test_rasters_are_compared_cell_by_cell(results: Path, pair: tuple[Path, Path]) -> None:
    old, new = (shutil.copy(results / "closed/digger/resistance.tif", folder / "r.tif") for folder in pair)
    with rasterio.open(new) as file:
        values, profile = file.read(1), file.profile
    profile["driver"] = "GTiff"
    values[20, 20:23] = np.float32([values[20, 20] + 2, np.nan, np.inf])
    with rasterio.open(new, "w", **profile) as file:
        file.write(values, 1)
    told = difference_of_files(Path(old), Path(new))
    assert told.startswith("3 of 1600 cells differ, by at most 2 (") and "2 of them between a number and none" in told
    with rasterio.open(new, "w", **profile | {"width": 39}) as file:
        file.write(values[:, :39], 1)
    assert "is on another grid: 40 x 40 cells, now 40 x 39" in difference_of_files(Path(old), Path(new))
    Path(new).write_bytes(b"no raster")
    assert "cannot be read" in difference_of_files(Path(old), Path(new))


def test_tables_arrays_pictures_and_text(pair: tuple[Path, Path]) -> None:
    old, new = pair
    table = pd.DataFrame({"a": [1.0, 2.0, np.nan], "b": ["x", "y", None]})

    def told(name: str, *writers: Callable[[Path], object]) -> str:
        for folder, write in zip(pair, writers, strict=True):
            write(folder / name)
        return difference_of_files(old / name, new / name)

    def csv(frame: pd.DataFrame) -> Callable[[Path], object]:
        return lambda path: frame.to_csv(path, index=False)

    assert told("t.csv", csv(table), csv(table.assign(a=[1.0, 2.5, np.nan]))) == (
        "a: 1 of 3 values differ, by at most 0.5 (0.2 of the value)"
    )
    assert told("t.csv", csv(table), csv(table.assign(b=["x", "z", None]))) == "b: 1 of 3 values differ"
    assert told("t.csv", csv(table), csv(table.head(2))) == "has 2 rows, was 3"
    assert told("t.csv", csv(table), csv(table.rename(columns={"b": "c"}))) == (
        "has other columns: without b, with c more"
    )
    assert "written in another way" in told(
        "t.csv", csv(table), lambda path: table.to_csv(path, index=False, lineterminator="\r\n")
    )
    arrays = [lambda path, v=v: np.savez(path, a=np.arange(3.0) * v) for v in (1.0, 1.1)]
    assert told("m.npz", *arrays).startswith("a: 2 of 3 values differ, by at most 0.2")
    pictures = [lambda path, v=v: Image.new("RGB", (4, 4), (v, 0, 0)).save(path) for v in (1, 2)]
    assert told("p.png", *pictures) == "16 of 16 pixels differ"
    texts = [lambda path, v=v: path.write_text(f"same\n{v}\n") for v in ("a", "b\nc")]
    assert told("x.html", *texts) == "differs from line 2 on (2 lines, now 3)"


def test_layers_are_compared_by_attributes_and_geometry(results: Path, pair: tuple[Path, Path]) -> None:
    old, new = (Path(shutil.copy(results / "closed/digger/results.gpkg", folder / "r.gpkg")) for folder in pair)
    frame = gpd.read_file(new, layer="passages")
    frame.loc[0, "score"] += 0.25
    frame.geometry = frame.geometry.translate(xoff=1.0)
    frame.to_file(new, layer="passages", driver="GPKG")
    told = difference_of_files(old, new)
    assert "layer passages: score: 1 of" in told and f"{len(frame)} of {len(frame)} geometries differ" in told
