"""Study files: order of settings, lines of faults, what is suggested; one resolved study is enough to run again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import BaseModel

from rasters.errors import ConfigError, LayerNotFoundError
from scenarios.land.inputs import input_files
from scenarios.study.documents import read_document
from scenarios.study.faults import dotted
from scenarios.study.fences import OpeningRule
from scenarios.study.land import LayerSource
from scenarios.study.load import bundled_studies, find_study, resolve
from scenarios.study.schema import Routes, Study
from tests.support.tiny_study import study_settings, write_yaml


@pytest.fixture
def study(tmp_path: Path) -> Path:
    """Only the study file: nothing here opens another."""
    write_yaml(tmp_path / "study.yaml", study_settings())
    return tmp_path


def write(folder: Path, text: str) -> Path:
    path = folder / "study.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_command_line_before_scenario_before_study(study: Path) -> None:
    settings = study_settings()
    settings["scenarios"]["wide"] = {"set": {"candidates.every_m": 500, "ranking.shortlist": 3}}
    write_yaml(study / "study.yaml", settings)
    plain = resolve(str(study), "closed")
    wide = resolve(str(study), "wide")
    both = resolve(str(study), "wide", {"candidates.every_m": 250})
    assert [r.study.candidates.every_m for r in (plain, wide, both)] == [2000, 500, 250]
    assert [r.study.ranking.shortlist for r in (plain, wide, both)] == [10, 3, 3]
    assert both.changes == (
        "scenario wide: candidates.every_m: 2000 -> 500",
        "scenario wide: ranking.shortlist: '(default)' -> 3",
        "command line: candidates.every_m: 500 -> 250",
    )
    assert plain.study.title == both.study.title


def test_the_first_scenario_is_the_default(study: Path) -> None:
    assert resolve(str(study)).scenario == "closed"
    assert resolve(str(study)).scenario_title == "Border closed"


def test_a_study_without_scenarios_is_its_own_baseline(study: Path) -> None:
    settings = study_settings()
    del settings["scenarios"]
    write_yaml(study / "study.yaml", settings)
    one = resolve(str(study))
    assert (one.scenario, one.scenario_title, one.changes) == ("baseline", "A tiny study", ())
    with pytest.raises(ConfigError, match=r"unknown scenario 'closed'.*baseline"):
        resolve(str(study), "closed")


def test_resolved_settings_are_enough_to_run_again(study: Path, tmp_path: Path) -> None:
    """Plain data that survives JSON and YAML, and gives the same study."""
    one = resolve(str(study), "both", {"grid.cell_m": 2000})
    for text in (json.dumps(one.settings), yaml.safe_dump(one.settings)):
        assert Study.model_validate(yaml.safe_load(text)) == one.study
    assert one.study.fences.active == ["border", "inner"]


def test_resolving_changes_nothing_on_disk_or_in_the_document(study: Path) -> None:
    before = (study / "study.yaml").read_bytes()
    resolve(str(study), "both", {"grid.cell_m": 2000, "openings": []})
    assert (study / "study.yaml").read_bytes() == before
    assert resolve(str(study), "closed").study.grid.cell_m is None


def test_files_lie_beside_the_study(study: Path) -> None:
    assert resolve(str(study / "study.yaml")).file("dem.tif") == study / "dem.tif"


def test_bundled_studies_are_found_by_name() -> None:
    assert "ustyurt" in bundled_studies()
    assert find_study("ustyurt").name == "study.yaml"
    for scenario in resolve("ustyurt").study.scenarios:
        assert resolve("ustyurt", scenario).scenario == scenario


def test_what_is_no_study_says_what_was_tried(tmp_path: Path) -> None:
    for name in (str(tmp_path), "usturt", ""):
        with pytest.raises(LayerNotFoundError, match=r"neither a file, nor a folder with a study\.yaml.*ustyurt"):
            find_study(name)


def test_lines_of_nested_keys(tmp_path: Path) -> None:
    document = read_document(write(tmp_path, "a: 1\nb:\n  - c: 2\n    d: {e: 3}\n  - 4\n"))
    assert [document.line_of(key) for key in (("a",), ("b",), ("b", 0, "d", "e"), ("b", 1))] == [1, 2, 4, 5]
    assert document.line_of(("b", 0, "zzz")) == 3
    assert document.line_of(("zzz",)) is None
    assert dotted(("b", 0, "d", "e")) == "b[0].d.e"


def test_duplicate_keys_are_all_listed(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        read_document(write(tmp_path, "a: 1\nb: {c: 1, c: 2}\na: 3\n"))
    first, second = str(caught.value).splitlines()
    assert first.endswith("study.yaml:2: b.c: is given twice, first on line 2; keep one")
    assert second.endswith("study.yaml:3: a: is given twice, first on line 1; keep one")


def test_a_date_is_text(tmp_path: Path) -> None:
    data = read_document(write(tmp_path, "a: 2020-01-31\nb: 2020-13-45\nc: 2020-01-01 12:00:00\n")).data
    assert data == {"a": "2020-01-31", "b": "2020-13-45", "c": "2020-01-01 12:00:00"}


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("grid.cell_km", 1, "grid.cell_km: unknown key; did you mean 'cell_m'?"),
        ("routes.walker.form", ["south_hills"], "routes.walker.form: unknown key; did you mean 'from'?"),
        ("species.walker.wieght", 1, "species.walker.wieght: unknown key; did you mean 'weight'?"),
        ("designs.bridge.width", 1, "designs.bridge.width: unknown key; did you mean 'width_m'?"),
        ("fences.model.reach", 1, "fences.model.reach: unknown key; did you mean 'reach_m'?"),
        ("solver.method", "amgg", "unknown solver 'amgg'; choose auto, sparse-direct, multigrid or amg"),
        ("solver.neighbours", 6, "solver.neighbours: 6: should be 4 or 8; e.g. neighbours: 8"),
        ("fences.model.reach_m", 0, "fences.model.reach_m: 0: should be a number greater than 0"),
        ("fences.model.reach_m", ".inf", "fences.model.reach_m"),
        (
            "candidates.every_m",
            "far",
            "candidates.every_m: 'far': should be a number greater than 0; e.g. every_m: 1000",
        ),
        ("candidates.min_spacing_m", -1, "candidates.min_spacing_m: -1"),
        ("ranking", {"conductance_weight": 0, "least_cost_weight": 0}, "ranking: at least one weight must be > 0"),
        ("grid", {"like": "dem.tif", "crs": "EPSG:6933"}, "grid: `like` already fixes crs and bounds"),
        ("grid", {}, "grid: give either `like: FILE`"),
        ("designs", {}, "designs"),
        ("routes.walker", {"from": ["a", "a"], "to": ["b"]}, "`from` names a twice"),
        ("routes.walker", {"from": ["a"], "to": ["a"]}, "a is both in `from` and in `to`"),
        ("routes", {"walker": {"from": ["a"], "to": ["b"]}}, "species.digger: has no entry in `routes`"),
        (
            "routes.wolf",
            {"from": ["a"], "to": ["b"]},
            "routes.wolf: unknown species 'wolf'; choose one of walker, digger",
        ),
        (
            "layers.slope_percent",
            {"derive": "slope_deg", "source": "elevation"},
            "layers.slope_percent.source: unknown layer 'elevation'; choose one of dem",
        ),
        ("study", "Two Words", "study: 'Two Words'"),
        ("study", None, "study"),
    ],
)
def test_faults_name_key_and_value(study: Path, key: str, value: Any, words: str) -> None:
    value = float("inf") if value == ".inf" else value
    with pytest.raises(ConfigError) as caught:
        resolve(str(study), "closed", {key: value})
    assert words in str(caught.value)
    assert "command line" in str(caught.value) or "study.yaml" in str(caught.value)


def test_a_missing_key_says_so(study: Path) -> None:
    settings = study_settings()
    del settings["candidates"]["design"], settings["title"]
    write_yaml(study / "study.yaml", settings)
    with pytest.raises(ConfigError) as caught:
        resolve(str(study))
    assert "title: is missing; add it" in str(caught.value)
    assert "candidates.design: is missing; add it" in str(caught.value)


@pytest.mark.parametrize("key", ["species.walker", "openings.first", "titel", "candidates.points.0.lon"])
def test_overrides_of_what_is_no_key_are_refused(study: Path, key: str) -> None:
    with pytest.raises(ConfigError, match="command line"):
        resolve(str(study), "closed", {key: 5})


def test_two_overrides_of_one_key_in_one_scenario_are_an_error(study: Path) -> None:
    text = (study / "study.yaml").read_text() + "  twice:\n    set: {grid.cell_m: 2000, grid.cell_m: 4000}\n"
    write(study, text)
    with pytest.raises(ConfigError, match=r"scenarios.twice.set.grid.cell_m: is given twice"):
        resolve(str(study))


@pytest.mark.parametrize(
    ("model", "data", "words"),
    [
        (LayerSource, {}, "a layer needs `file`, or `derive`"),
        (LayerSource, {"derive": "slope_deg"}, "needs either `source: LAYER`, or the `file` of relief"),
        (LayerSource, {"derive": "slope_deg", "file": "a", "source": "b"}, "needs either `source: LAYER`"),
        (LayerSource, {"derive": "slope_deg", "file": "a"}, "`per_cell` belongs to"),
        (LayerSource, {"derive": "slope_deg", "source": "a", "per_cell": "max"}, "`per_cell` belongs to"),
        (LayerSource, {"file": "a", "per_cell": "max"}, "`per_cell` belongs to"),
        (LayerSource, {"derive": "ruggedness", "file": "a", "per_cell": "share"}, "needs `above`, the threshold"),
        (LayerSource, {"derive": "ruggedness", "file": "a", "per_cell": "max", "above": 1}, "drop `above`"),
        (LayerSource, {"derive": "escape_distance", "file": "a", "above": 1}, "`above` .percent. and `at_most_m`"),
        (LayerSource, {"file": "a", "at_most_m": 5}, "`at_most_m` belongs to"),
        (LayerSource, {"derive": "burn", "source": "dem"}, "needs a vector `file`"),
        (LayerSource, {"derive": "distance"}, "either a vector `file`, or `source: LAYER`"),
        (LayerSource, {"derive": "distance", "file": "a", "source": "b", "above": 1}, "either a vector `file`"),
        (LayerSource, {"derive": "distance", "source": "dem"}, "needs `above`"),
        (OpeningRule, {"id": "a", "fence_line": "b", "design": "c"}, "give one of"),
        (OpeningRule, {"id": "a", "fence_line": "b", "design": "c", "lon": 5}, "both `lon` and `lat`"),
        (OpeningRule, {"id": "a", "fence_line": "b", "design": "c", "lon": 5, "lat": 4, "every_m": 3}, "give one of"),
        (OpeningRule, {"id": "a", "fence_line": "b", "design": "c", "lon": 500, "lat": 4}, "less than or equal to 180"),
        (Routes, {"from": [], "to": ["b"]}, "at least 1 item"),
    ],
)
def test_models_refuse_half_a_statement(model: type[BaseModel], data: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        model.model_validate(data)


def saved_scenario(folder: Path, **changes: Any) -> Path:
    path = folder / "mine.yaml"
    settings = {"scenario": "mine", "study": "tiny", "base": "both", "set": {"candidates.every_m": 500}}
    write_yaml(path, settings | changes)
    return path


def test_a_scenario_in_a_file_of_its_own_stands_on_one_of_the_study(study: Path) -> None:
    path = saved_scenario(study, title="My set")
    mine = resolve(str(study), str(path), {"ranking.shortlist": 3})
    assert (mine.scenario, mine.scenario_title, mine.scenario_file) == ("mine", "My set", path)
    assert mine.study.fences.active == ["border", "inner"]
    assert (mine.study.candidates.every_m, mine.study.ranking.shortlist) == (500, 3)
    assert path in input_files(mine) and path not in input_files(resolve(str(study), "both"))
    plain = resolve(str(study), str(saved_scenario(study, base=None)))
    assert (plain.scenario_title, plain.study.fences.active) == ("mine", ["border"])


def test_faults_of_a_scenario_file_name_it_and_the_line(study: Path) -> None:
    with pytest.raises(ConfigError, match=r"mine.yaml:2: study: 'other'.*another study than 'tiny'"):
        resolve(str(study), str(saved_scenario(study, study="other")))
    with pytest.raises(ConfigError, match=r"unknown scenario 'bith'; did you mean 'both'"):
        resolve(str(study), str(saved_scenario(study, base="bith")))
    with pytest.raises(ConfigError, match=r"mine.yaml:5: set: candidates.every_m: -1"):
        resolve(str(study), str(saved_scenario(study, set={"candidates.every_m": -1})))
    with pytest.raises(ConfigError, match=r"mine.yaml:4: sets: unknown key; did you mean 'set'"):
        resolve(str(study), str(write_set(study)))
    with pytest.raises(LayerNotFoundError, match=r"nowhere.yaml: cannot be read"):
        resolve(str(study), str(study / "nowhere.yaml"))


def write_set(folder: Path) -> Path:
    path = folder / "mine.yaml"
    path.write_text("scenario: mine\nstudy: tiny\nbase: both\nsets: {}\n", encoding="utf-8")
    return path
