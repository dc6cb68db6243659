"""From a matrix file to runs: every combination, what is left out and added, and every fault with its line."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from rasters.errors import ConfigError
from scenarios.batch.matrix import BatchRun, expand, read_matrix, share_of
from scenarios.batch.plan import BatchRequest, plan_batch
from tests.support.tiny_study import study_settings, write_yaml


@pytest.fixture
def study(tmp_path: Path) -> Path:
    """Only the study file: a matrix is expanded without opening data."""
    write_yaml(tmp_path / "study.yaml", study_settings())
    return tmp_path


def runs_of(study: Path, text: str) -> tuple[BatchRun, ...]:
    (study / "m.yaml").write_text(text, encoding="utf-8")
    matrix, document = read_matrix(study / "m.yaml", str(study))
    return expand(matrix, document, str(study))


def ids(study: Path, text: str) -> list[str]:
    return [run.id for run in runs_of(study, text)]


def faults(study: Path, text: str) -> str:
    with pytest.raises(ConfigError) as error:
        runs_of(study, text)
    return str(error.value)


def test_without_axes_everything_runs(study: Path) -> None:
    assert ids(study, "species: walker") == ["closed/walker", "free/walker", "both/walker"]
    assert len(ids(study, "exclude: []")) == 6


def test_every_combination_once(study: Path) -> None:
    text = """
scenario: [closed, free]
cell_m: [1000, 2000]
set:
  spacing: {2km: {candidates.every_m: 2000}, 4km: {candidates.every_m: 4000}}
  fences.model.reach_m: [500, 1000.5, 2000]
draws: {count: 4, seed: 3}
"""
    runs = runs_of(study, text)
    assert len(runs) == 2 * 2 * 2 * 3 * 5 * 2 == len({run.id for run in runs})
    assert runs[0].id == "closed+2km+reach_m=500@1000m/walker"
    assert runs[3].id == "closed+2km+reach_m=500@1000m/draw-0001/digger"
    assert runs[-1].id == "free+4km+reach_m=2000@2000m/draw-0004/digger"
    last = runs[-1].variant
    assert last.overrides == {"grid.cell_m": 2000.0, "candidates.every_m": 4000, "fences.model.reach_m": 2000}
    assert last.options == {"spacing": "4km", "fences.model.reach_m": 2000}
    assert last.origins["candidates.every_m"].endswith("m.yaml:5: set.spacing.4km.candidates.every_m")


def test_draws_without_the_stated(study: Path) -> None:
    assert len(ids(study, "scenario: closed\nspecies: walker\ndraws: {count: 4, stated: false}")) == 4


AXES = """
scenario: [closed, free]
species: [walker, digger]
set:
  spacing: {2km: {candidates.every_m: 2000}, 4km: {candidates.every_m: 4000}}
"""


def test_exclude_leaves_out_what_agrees_with_all_of_a_row(study: Path) -> None:
    left = ids(study, AXES + "exclude: [{scenario: free, spacing: 4km}, {species: digger, spacing: [2km]}]")
    assert left == ["closed+2km/walker", "closed+4km/walker", "closed+4km/digger", "free+2km/walker"]


def test_include_adds_a_matrix_of_its_own(study: Path) -> None:
    added = ids(study, AXES + "exclude: [{scenario: free}]\ninclude:\n  - {scenario: both, set: {month: [3, 9]}}\n")
    assert added[4:] == ["both+month=3/walker", "both+month=3/digger", "both+month=9/walker", "both+month=9/digger"]
    assert len(added) == 8
    assert ids(study, AXES + "include: [{scenario: both, species: walker, cell_m: 2000}]")[8:] == ["both@2000m/walker"]


def test_runs_that_stand_twice_are_refused(study: Path) -> None:
    assert "free/walker: these runs are listed twice" in faults(
        study, "scenario: free\nspecies: walker\ninclude: [{scenario: free}]"
    )
    assert "m.yaml:1: scenario: free is given twice" in faults(study, "scenario: [free, free]")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("scenari: closed", ["m.yaml:1: scenari: unknown key; did you mean 'scenario'?"]),
        (
            "scenario: [closed, fre]\nspecies: [walker,\n  wolf]",
            ["m.yaml:1: scenario[1]: unknown scenario 'fre'", "m.yaml:3: species[1]: unknown species 'wolf'"],
        ),
        (
            "include:\n  - scenario: fre",
            ["m.yaml:2: include[0].scenario", "did you mean 'free'?; choose one of closed, free, both"],
        ),
        ("draws: {count: 6}", ["m.yaml:1: draws.count: 6: is not a power of two; use 8 or 4"]),
        ("draws: {count: 2147483648}", ["m.yaml:1: draws.count: 2147483648"]),
        (
            "draws: {count: 65536}\nset: {a: {" + ", ".join(f"o{i}: {{month: 3}}" for i in range(9)) + "}}",
            ["m.yaml: 3538998 runs; at most 1000000 are planned at once"],
        ),
        ("cell_m: [1000, -5]", ["m.yaml:1: cell_m[1]: -5"]),
        ("set:\n  species: {a: {month: 3}}", ["m.yaml:1: set", "species: this name is taken"]),
        ("set:\n  best_fence: {a: {month: 3}}", ["best_fence: this name is taken"]),
        ("set:\n  '=1+1': {a: {month: 3}}", ["=1+1: an axis is a dotted key, or a name"]),
        ("set:\n  a: {x/y: {month: 3}}", ["a.x/y: a name is made of letters"]),
        ("set:\n  openings: [[]]", ["openings: [] has no short name"]),
        ("set:\n  a: {}", ["a: has no options"]),
        ("set:\n  month: [3, 3]", ["month: 3 is given twice"]),
        ("set:\n  grid.cell_m: [2000]", ["is the axis `cell_m`"]),
        (
            "set:\n  a: {x: {month: 3}}\n  b: {y: {month: 4}}",
            ["m.yaml:3: set.b.y.month: ", "m.yaml:2: set.a.x.month sets month, too"],
        ),
        (
            "exclude:\n  - {scenaro: free}",
            ["m.yaml:2: exclude[0]: scenaro: is no axis; choose one of scenario, species, cell_m"],
        ),
        ("exclude:\n  - {scenario: fre}", ["m.yaml:2: exclude[0]: leaves no run out"]),
        ("scenario: free\nexclude: [{scenario: free}]", ["no run is left"]),
        ("scenario: []", ["m.yaml:1: scenario"]),
        ("- closed", ["should be a table"]),
    ],
)
def test_faults_name_file_line_and_key(study: Path, text: str, words: list[str]) -> None:
    said = faults(study, text)
    assert [word for word in words if word not in said] == []


def test_overrides_are_checked_in_every_variant_at_once(study: Path) -> None:
    text = """
scenario: closed
set:
  a:
    bad: {candidates.every_m: -5}
    worse: {candidats.every_m: 5}
    fine: {candidates.every_m: 5000}
"""
    (study / "m.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as error:
        plan_batch(BatchRequest(study=str(study), matrix=Path("m.yaml"), out=study / "out"))
    said = str(error.value).splitlines()
    assert len(said) == 2
    assert (
        "m.yaml:5: set.a.bad.candidates.every_m: candidates.every_m: -5: should be a number greater than 0" in said[0]
    )
    assert (
        "m.yaml:6: set.a.worse.candidats.every_m: candidats.every_m: unknown key; did you mean 'candidates'?" in said[1]
    )


def test_the_command_line_may_not_undo_the_matrix(study: Path) -> None:
    (study / "m.yaml").write_text("scenario: closed\ncell_m: 2000", encoding="utf-8")
    overrides: dict[str, Any] = {"grid.cell_m": 4000}
    with pytest.raises(ConfigError, match=r"m.yaml:2: cell_m: --set gives grid.cell_m, too"):
        plan_batch(BatchRequest(study=str(study), matrix=Path("m.yaml"), out=study / "out", overrides=overrides))


@pytest.mark.parametrize("tasks", [1, 2, 3, 7, 50])
def test_shares_are_the_whole_and_weigh_alike(study: Path, tasks: int) -> None:
    runs = runs_of(study, AXES + "draws: {count: 4}")
    shares = [share_of(runs, task, tasks) for task in range(1, tasks + 1)]
    assert Counter(run.id for share in shares for run in share) == Counter(run.id for run in runs)
    assert max(map(len, shares)) - min(map(len, shares)) <= 1
    assert share_of(runs, 1, tasks) == shares[0]
    assert all([*share] == [run for run in runs if run in share] for share in shares)
