"""`otkel plan`: counts what a run does, solves nothing, and its estimates follow the work and the machine."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numba
import numpy as np
import pytest
from numpy.typing import NDArray
from typer.testing import CliRunner

import scenarios.model.landscape
import scenarios.runs.cost as cost
import scenarios.runs.plan as plan_module
from cli import app
from connectivity.least_cost.cost_distance import cost_weighted_distances
from scenarios.land import inputs, layers
from scenarios.land.inputs import read_inputs
from scenarios.land.prepared import Prepared, prepare_species
from scenarios.model.landscape import Landscape
from scenarios.model.species_run import run_species
from scenarios.model.steps import StepStore
from scenarios.progress import Reporter
from scenarios.runs.cost import (
    SOLVED_PARTS,
    WORK,
    Speed,
    Work,
    probed_speed,
    seconds_of,
    wall_seconds,
    work_of,
)
from scenarios.runs.plan import plan_study
from scenarios.runs.session import run_study
from scenarios.study.load import resolve
from tests.support.tiny_study import CRS, SOUTH, WEST, write_tiny_study

SPEED = Speed(seconds=dict.fromkeys(WORK, 1e-6), raster_bytes=10.0, step_bytes=900.0, run_bytes=100.0, compile_s=0.0)
BIG = Work(cells=1000, passable=900, covered=800, origins=7, reached=5, targets=4, candidates=50, kept_nodes=120)


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_study(tmp_path_factory.mktemp("study"))


@pytest.fixture(autouse=True)
def known_speed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plan_module, "probed_speed", lambda folder, progress: SPEED)


def planned(study: Path, *options: str) -> dict[str, Any]:
    done = CliRunner().invoke(app, ["plan", str(study), "--json", *options])
    assert done.exit_code == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def _all_searches(prepared: Prepared) -> list[NDArray[np.float64]]:
    """Where a search from each core and target gets, and one from all targets together."""
    land, ends = Landscape(prepared), prepared.ends
    regions = [*ends.origins, *ends.targets, ends.any_target]
    return [found.cwd for found in cost_weighted_distances(land.stencil(), regions)]


def test_a_plan_counts_what_the_run_then_does(study: Path) -> None:
    resolved = resolve(str(study), "closed")
    read = read_inputs(resolved)
    for species, reached in (("digger", 2), ("walker", 0)):
        prepared = prepare_species(resolved, read, species)
        work, run = work_of(prepared), run_species(prepared)
        assert work.cells == 1600 and work.passable == int(run.surface.passable.sum())
        ends = sum(np.isfinite(cwd).sum() for cwd in _all_searches(prepared)) / 5
        assert work.covered == pytest.approx(ends, abs=1)
        assert work.candidates == len(run.ranking) and (work.origins, work.targets) == (2, 2)
        assert work.reached == reached == int(np.isfinite([path.cost_m for path in run.paths]).sum())
        assert f"{work.kept_nodes} nodes kept" in run.reports[-1].note


def test_nothing_is_solved_and_nothing_is_kept(study: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("solve", "reduce_landscape", "cost_weighted_distances"):
        monkeypatch.setattr(scenarios.model.landscape, name, None)
    store = StepStore(folder=tmp_path / "steps")
    found = plan_study(str(study), ["closed", "free"], None, {}, Reporter(quiet=True), store)
    assert [(step.scenario, step.species) for step in found.steps] == [
        ("closed", "walker"),
        ("closed", "digger"),
        ("free", "walker"),
        ("free", "digger"),
    ]
    assert not any(step.kept or step.model_kept for step in found.steps)
    assert not store.folder.exists()


def test_what_is_kept_costs_no_solve_but_files_are_still_written(study: Path, tmp_path: Path) -> None:
    cache = str(tmp_path / "steps")
    cold = planned(study, "--cache", cache)
    run_study(
        str(study), None, ["digger"], tmp_path / "out", {}, Reporter(quiet=True), StepStore(folder=tmp_path / "steps")
    )
    warm = planned(study, "--cache", cache)
    kept = {step["species"]: step for step in warm["steps"]}
    assert (cold["kept_steps"], warm["kept_steps"], cold["solves"], warm["solves"]) == (0, 1, 2, 0)
    assert kept["digger"]["kept"] and not kept["walker"]["kept"]
    assert kept["digger"]["model_kept"]
    assert not set(kept["digger"]["processor_seconds"]) & {*SOLVED_PARTS, "model of passages"}
    assert set(kept["digger"]["processor_seconds"]) == {"writing", "pages"}
    assert set(kept["walker"]["processor_seconds"]) == set(WORK)
    assert planned(study, "--cache", cache, "--set", "candidates.every_m=1000")["kept_steps"] == 0


def test_estimates_follow_the_work() -> None:
    small = seconds_of(BIG, SPEED)
    assert small["current"] == pytest.approx(1e-6 * 900 * 6.2)
    assert small["least cost"] == pytest.approx(1e-6 * 800 * 12)
    double = seconds_of(replace(BIG, passable=1800), SPEED)
    assert all(double[part] == pytest.approx(2 * small[part]) for part in ("current", "reduction", "indicators"))
    assert seconds_of(replace(BIG, reached=0), SPEED)["current"] == 0
    assert seconds_of(replace(BIG, candidates=0), SPEED)["model of passages"] == 0
    assert seconds_of(BIG, replace(SPEED, seconds=dict.fromkeys(WORK, 2e-6)))["pages"] == pytest.approx(
        2 * small["pages"]
    )


def test_more_threads_take_less_time_but_not_less_work(monkeypatch: pytest.MonkeyPatch) -> None:
    seconds = {"current": 10.0, "writing": 4.0}
    times = []
    for threads in (1, 2, 4):
        monkeypatch.setattr(numba, "get_num_threads", lambda threads=threads: threads)
        times.append(wall_seconds(seconds))
    assert times[0] == 14.0 > times[1] > times[2] > 4.0


@pytest.fixture
def nothing_is_built(monkeypatch: pytest.MonkeyPatch) -> None:
    for module, name in ((inputs, "read_layers"), (inputs, "cut_edges"), (layers, "read_layer"), (layers, "burn")):
        monkeypatch.setattr(module, name, None)


def test_what_would_not_fit_is_told_without_building_anything(study: Path, nothing_is_built: None) -> None:
    """A copy of the study whose cells are so small that no machine holds them."""
    bounds = f"[{WEST}, {SOUTH}, {WEST + 40_000}, {SOUTH + 40_000}]"
    grid = {"like": "null", "crs": CRS, "bounds": bounds, "cell_m": "0.5"}
    tiny = [word for key, value in grid.items() for word in ("--set", f"grid.{key}={value}")]
    found = planned(study, *tiny)
    assert found["steps"] == [] and found["minutes"] is None
    assert found["peak_memory_bytes"] > 500 * 80_000**2 > found["available_memory_bytes"]
    done = CliRunner().invoke(app, ["plan", str(study), *tiny])
    words = " ".join(done.stdout.split())
    assert done.exit_code == 0 and "Nothing was read" in words
    assert "80000 x 80000 cells of 0.5 m" in words and "GiB are free" in words


def test_a_plan_that_can_be_made_of_a_run_that_does_not_fit(study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTKEL_MEMORY_GIB", "0.3")
    found = planned(study)
    assert len(found["steps"]) == 2 and found["available_memory_bytes"] == int(0.3 * 2**30)
    assert "need about 0.66 GiB of memory, and 0.30 GiB are free" in found["too_big"]


def test_the_probe_is_made_once_and_again_after_the_code_has_changed(
    study: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cost, "PROBE_STUDY", str(study))
    monkeypatch.setattr(cost, "PROBE_SPECIES", "digger")
    monkeypatch.setattr(cost, "PROBE_CELL_M", 1000.0)
    said: list[str] = []
    first = probed_speed(tmp_path, said.append)
    assert set(first.seconds) == set(WORK) and all(value >= 0 for value in first.seconds.values())
    assert sum(first.seconds.values()) > 0 and first.raster_bytes > 0 and first.step_bytes > 0 and first.run_bytes > 0
    assert probed_speed(tmp_path, said.append) == replace(first, compile_s=0.0) and len(said) == 1
    (kept,) = tmp_path.iterdir()
    kept.write_text("{")
    monkeypatch.setattr(cost, "_probe", lambda: SPEED)
    assert probed_speed(tmp_path, said.append) == SPEED
    monkeypatch.setattr(cost, "code_hash", lambda *modules: "other")
    assert probed_speed(tmp_path, said.append) == SPEED and len(list(tmp_path.iterdir())) == 2 and len(said) == 3


def test_words_for_people(study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    done = CliRunner().invoke(app, ["plan", str(study)])
    assert done.exit_code == 0
    assert "2 steps, 0 of them kept" in done.stdout and "nothing has been solved" in done.stdout
    assert "walker" in done.stdout and "does not fit" not in done.stdout
    monkeypatch.setenv("OTKEL_MEMORY_GIB", "0.3")
    monkeypatch.setattr(plan_module, "probed_speed", lambda folder, progress: replace(SPEED, compile_s=60.0))
    done = CliRunner().invoke(app, ["plan", str(study)])
    assert "does not fit in memory" in done.stdout and "compiled just now in 60 s" in done.stdout


def test_a_fault_of_the_study_stops_the_plan_as_it_would_the_run(study: Path) -> None:
    done = CliRunner().invoke(app, ["plan", str(study), "--set", "candidates.design=rope"])
    assert done.exit_code == 2 and "unknown design 'rope'" in done.stderr
