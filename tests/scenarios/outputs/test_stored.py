"""Results read back from their folder: the same runs, the same files again, and words for everything that is wrong."""

from __future__ import annotations

import json
import shutil
from dataclasses import fields
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

from rasters.errors import DataError, LayerNotFoundError
from scenarios.outputs.audience import Audience
from scenarios.outputs.folder import run_folder
from scenarios.outputs.generalise import generalised
from scenarios.outputs.job import Summary
from scenarios.outputs.manifest import Provenance, write_manifest
from scenarios.outputs.precision import as_stored
from scenarios.outputs.report.payload import Contents
from scenarios.outputs.run_files import read_ranking
from scenarios.outputs.species import write_species_run
from scenarios.outputs.stored import read_results
from scenarios.progress import Reporter
from scenarios.records.hashing import sha256_of
from scenarios.runs.session import run_study
from tests.support.factory import make_run
from tests.support.tiny_study import line_km, write_tiny_study

SCENARIOS = ["closed", "free", "opened"]


@pytest.fixture(scope="module")
def fresh(small_run: Summary[Contents]) -> Summary[Contents]:
    return small_run


def copy_of(results: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(results, tmp_path / "copy"))


def test_every_run_comes_back_as_it_was(fresh: Summary[Contents]) -> None:
    stored = read_results(fresh.folder, check=True)
    assert stored.keys == tuple((run.scenario, run.species) for run in fresh.found.runs)
    assert stored.scenarios == tuple(SCENARIOS) and stored.species == ("walker", "digger")
    assert stored.credits == ("Nobody",)
    assert len(stored.runs) == 6
    for before, after in zip(fresh.found.runs, stored.runs, strict=True):
        for name in ("study", "scenario", "species", "titles", "assumptions", "seconds"):
            assert getattr(after, name) == getattr(before, name), name
        before.grid.require_same(after.grid)
        for name in ("cwd", "corridor", "current_density"):
            np.testing.assert_array_equal(getattr(after, name), getattr(before, name))
        np.testing.assert_array_equal(after.surface.values, before.surface.values)
        np.testing.assert_array_equal(after.surface.barrier, before.surface.barrier)
        for name in ("pairs", "profile", "ranking"):
            assert_frame_equal(getattr(after, name), getattr(before, name), check_dtype=len(getattr(before, name)) > 0)
        assert [str(report) for report in after.reports] == [str(report) for report in before.reports]


def test_fences_places_and_paths_come_back_exactly(fresh: Summary[Contents]) -> None:
    for before, after in zip(fresh.found.runs, read_results(fresh.folder).runs, strict=True):
        assert after.cuts.fences == before.cuts.fences
        for field in ("fence", "row", "col", "step", "along_m", "parts_sides"):
            np.testing.assert_array_equal(getattr(after.cuts, field), getattr(before.cuts, field))
        assert after.places == before.places
        for one, other in zip(before.paths, after.paths, strict=True):
            for field in fields(one):
                np.testing.assert_array_equal(getattr(other, field.name), getattr(one, field.name), field.name)


def test_the_sealed_walker_is_among_them(fresh: Summary[Contents]) -> None:
    """The tests above prove something about unreachable pairs only if there are some."""
    closed = read_results(fresh.folder).run("closed", "walker")
    assert {path.status for path in closed.paths} == {"unreachable"}
    assert np.isinf(closed.pairs["effective_resistance_ohm"]).all()


def test_writing_a_stored_run_again_gives_the_same_files(fresh: Summary[Contents], tmp_path: Path) -> None:
    stored = read_results(fresh.folder)
    for scenario, species in (("closed", "walker"), ("opened", "digger")):
        folder = tmp_path / run_folder(scenario, species)
        run = stored.run(scenario, species)
        for path in write_species_run(run, folder, borders=stored.borders, credits=stored.credits):
            assert sha256_of(path) == sha256_of(stored.run_folder(scenario, species) / path.name), path.name


def test_combined_rankings_and_borders_come_back(fresh: Summary[Contents]) -> None:
    stored = read_results(fresh.folder)
    assert set(stored.combined) == set(SCENARIOS)
    for scenario, table in stored.combined.items():
        assert_frame_equal(table, fresh.found.combined[scenario], check_dtype=len(table) > 0)
    assert stored.borders is not None and stored.borders.geometry.iloc[0] == line_km([(0, 21), (40, 22)])
    assert "walker" in repr(stored) and "closed" in repr(stored)


def test_what_is_stored_is_what_is_stored_again() -> None:
    once = as_stored(make_run())
    again = as_stored(once)
    for name in ("cwd", "corridor", "current_density"):
        np.testing.assert_array_equal(getattr(once, name), getattr(again, name))
    assert_frame_equal(once.ranking, again.ranking)
    np.testing.assert_allclose(once.cwd, make_run().cwd, rtol=6e-8)


def test_a_withheld_course_is_not_taken_for_no_way(fresh: Summary[Contents], tmp_path: Path) -> None:
    """What the public gets says that a core arrives, and at what cost, but not where its animals walk."""
    before = next(run for run in fresh.found.runs if (run.scenario, run.species) == ("free", "digger"))
    public = generalised(before, Audience.PUBLIC)
    write_species_run(public, tmp_path / run_folder("free", "digger"))
    write_manifest(tmp_path, [public], Provenance())
    after = read_results(tmp_path).run("free", "digger")
    assert after.audience is Audience.PUBLIC
    for one, other in zip(public.paths, after.paths, strict=True):
        assert other.x.size == 0 and (other.source, other.status) == (one.source, "reached")
        assert other.cost_m == pytest.approx(one.cost_m) and other.length_m == pytest.approx(one.length_m)


def test_a_scenario_on_a_coarser_grid_keeps_its_own_relief(tmp_path: Path) -> None:
    folder = write_tiny_study(
        tmp_path / "study",
        lambda s: s["scenarios"].update(coarse={"set": {"grid.cell_m": 2000, "candidates.every_m": 4000}}),
    )
    summary = run_study(str(folder), ["free", "coarse"], ["digger"], tmp_path / "out", {}, Reporter(quiet=True))
    stored = read_results(summary.folder)
    assert sorted(path.name for path in (summary.folder / "context").iterdir()) == [
        "elevation-coarse.tif",
        "elevation.tif",
    ]
    assert stored.run("coarse", "digger").layers["elevation"].values.shape == (20, 20)
    assert stored.run("free", "digger").layers["elevation"].values.shape == (40, 40)
    assert stored.borders is None


# --------------------------------------------------------------------------------------------------- what may be wrong


def test_no_folder_and_no_manifest(tmp_path: Path) -> None:
    with pytest.raises(LayerNotFoundError, match="nowhere: there is no such folder"):
        read_results(tmp_path / "nowhere")
    with pytest.raises(LayerNotFoundError, match=r"it holds no manifest\.json"):
        read_results(tmp_path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"format": 1}, r"in format 1, but this version reads format"),
        ({"format": 99, "versions": {"otkel": "7.0"}}, r"by otkel 7\.0 in format 99"),
        ({"runs": []}, "lists no runs"),
        ({"outputs": {"portfolio.csv": {}}}, "lists no runs with their tables; give a folder that `otkel run` wrote"),
    ],
)
def test_another_format_and_no_runs(fresh: Summary[Contents], tmp_path: Path, change: dict, message: str) -> None:
    folder = copy_of(fresh.folder, tmp_path)
    manifest = json.loads((folder / "manifest.json").read_text())
    (folder / "manifest.json").write_text(json.dumps(manifest | change))
    with pytest.raises(DataError, match=message):
        read_results(folder)


@pytest.mark.parametrize("text", ["{", "[]", "{}"])
def test_a_manifest_that_is_none(fresh: Summary[Contents], tmp_path: Path, text: str) -> None:
    folder = copy_of(fresh.folder, tmp_path)
    (folder / "manifest.json").write_text(text)
    with pytest.raises(DataError, match=r"manifest\.json: "):
        read_results(folder)


@pytest.mark.parametrize("name", ["resistance.tif", "pairs.csv", "results.gpkg"])
def test_a_missing_file_is_named(fresh: Summary[Contents], tmp_path: Path, name: str) -> None:
    folder = copy_of(fresh.folder, tmp_path)
    (folder / "closed" / "walker" / name).unlink()
    with pytest.raises(LayerNotFoundError, match=f"closed/walker/{name}: is listed in manifest"):
        read_results(folder, check=True)
    with pytest.raises(LayerNotFoundError, match=name):
        read_results(folder).run("closed", "walker")
    with pytest.raises(LayerNotFoundError, match="there is no run of closed/lion; choose one of closed/walker"):
        read_results(folder).run("closed", "lion")


@pytest.mark.parametrize(
    ("name", "text"),
    [("resistance.tif", "x"), ("pairs.csv", "a,b\n1"), ("results.gpkg", "x"), ("passages.csv", "\xff")],
)
def test_a_broken_file_is_named(fresh: Summary[Contents], tmp_path: Path, name: str, text: str) -> None:
    folder = copy_of(fresh.folder, tmp_path)
    (folder / "closed" / "walker" / name).write_text(text, encoding="latin-1")
    with pytest.raises(DataError, match=name):
        read_results(folder).run("closed", "walker")


def test_a_changed_file_is_found_by_its_hash(fresh: Summary[Contents], tmp_path: Path) -> None:
    folder = copy_of(fresh.folder, tmp_path)
    path = folder / "free" / "digger" / "pairs.csv"
    table = pd.read_csv(path)
    table.assign(least_cost_m=1.0).to_csv(path, index=False)
    read_results(folder).run("free", "digger")
    with pytest.raises(DataError, match=r"free/digger/pairs\.csv: was changed after the run"):
        read_results(folder, check=True)


@pytest.mark.parametrize("before", [True, False])
def test_rankings_of_before_positions_got_their_names_are_read(tmp_path: Path, before: bool) -> None:
    names = ["x", "y", "lon", "lat"] if before else ["x_m", "y_m", "lon_deg", "lat_deg"]
    head = ",".join(["rank", "candidate", "fence", "along_m", *names, "score", "selected", "number"])
    path = tmp_path / "combined.csv"
    path.write_text(f"{head}\n1,b-km1,b,1000,5,6,55.5,42.5,0.5,True,1\n", encoding="utf-8")
    row = read_ranking(path).iloc[0]
    assert [row[name] for name in ("x", "y", "lon", "lat")] == [5, 6, 55.5, 42.5]


def test_a_ranking_without_positions_says_so_and_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "combined.csv"
    path.write_text("rank,candidate,score,selected\n1,b-km1,0.5,True\n", encoding="utf-8")
    with pytest.raises(
        DataError, match=r"combined\.csv: .*it has no column x_m, y_m, lon_deg, lat_deg; restore it, or run again"
    ):
        read_ranking(path)
