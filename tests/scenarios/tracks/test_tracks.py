"""`otkel tracks` from files to a folder, and what the next run makes of it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from typer.testing import CliRunner

from cli import app
from rasters.errors import ConfigError, LayerNotFoundError
from rasters.permeability import worth_m
from scenarios.evidence.taking import take_evidence
from scenarios.exit_codes import ExitCode
from scenarios.land.inputs import read_inputs
from scenarios.outputs.job import Summary
from scenarios.progress import Reporter
from scenarios.study.load import resolve
from scenarios.synthetic.walkers import WalkerTruth, simulate_tracks
from scenarios.tracks.findings import Findings
from scenarios.tracks.session import run_tracks
from tests.support.tiny_study import write_tiny_study


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_study(tmp_path_factory.mktemp("tracks") / "study")


@pytest.fixture(scope="module")
def data(study: Path) -> Path:
    return simulate_tracks(
        str(study), "closed", study.parent / "data", {}, Reporter(quiet=True), seed=1, days=120
    ).folder


@pytest.fixture(scope="module")
def summary(study: Path, data: Path) -> Summary[Findings]:
    return run_tracks(str(study), data, study.parent / "out", Reporter(quiet=True), scenario="closed")


def truth(data: Path) -> WalkerTruth:
    kept = json.loads((data / "truth.json").read_text())
    return WalkerTruth(weights=kept["weights"], days=kept["days"])


def test_the_truth_of_the_simulator_is_found(summary: Summary[Findings], data: Path) -> None:
    table = summary.found.worth_rows.set_index("species")
    weights = truth(data).weights
    assert weights["walker"]["border"] == 0.0
    assert table.loc["walker", "status"] == "stays sealed" and table.loc["walker", "crossings"] == 0
    digger = table.loc["digger"]
    assert digger["low"] <= weights["digger"]["border"] <= digger["high"]
    assert digger["status"] == "updated"
    assert ((table["control_low"] <= 1) & (table["control_high"] >= 1)).all()
    assert digger["worth_km"] == pytest.approx(worth_m(digger["weight"], per="step", scale_m=digger["scale_m"]) / 1000)
    assert set(summary.found.encounters["behaviour"]) >= {"bounce"}


def test_the_folder_is_whole_and_says_that_it_is_synthetic(summary: Summary[Findings]) -> None:
    folder = summary.folder
    page = (folder / "index.html").read_text()
    assert "SYNTHETIC DATA" in page and "restricted" in page and "SCHEMATIC" in page
    columns = pd.read_csv(folder / "columns.csv")
    assert set(columns["file"]) == {one.name for one in folder.glob("*.csv")} - {"columns.csv"}
    assert {"encounters.png", "worth.png", "permeability.yaml", "manifest.json"} <= {
        one.name for one in folder.iterdir()
    }
    manifest = json.loads((folder / "manifest.json").read_text())
    assert {"data/collars.csv", "data/tracks.yaml"} <= set(manifest["inputs"])
    assert manifest["settings"]["synthetic"] is True
    json.dumps(summary.as_dict(), default=str)


def test_what_goes_into_runs_and_their_pages_holds_no_position(summary: Summary[Findings], data: Path) -> None:
    """Fixes are restricted: the overlays, which any product of a run may quote, hold neither coordinates nor names of animals."""
    fixes = pd.read_csv(data / "collars.csv", dtype=str)
    for name in ("permeability.yaml", "profile.yaml"):
        if (summary.folder / name).is_file():
            text = (summary.folder / name).read_text()
            assert "SYNTHETIC" in text
            assert not any(one in text for one in fixes["individual-local-identifier"].unique())
            assert not any(value[:8] in text for value in fixes["location-long"].sample(200, random_state=1))


@pytest.mark.parametrize("audience", ["public", "partner"])
@pytest.mark.parametrize("command", [("export", "all"), ("export", "kmz"), ("evidence", "share")])
def test_nothing_of_tracks_is_exported(
    summary: Summary[Findings], study: Path, tmp_path: Path, command: tuple[str, str], audience: str
) -> None:
    """No door takes the folder: what others may have of it, they have as assumptions of a run."""
    first = (str(study),) if command[0] == "evidence" else ()
    done = CliRunner().invoke(
        app, [*command, *first, str(summary.folder), "--audience", audience, "--out", str(tmp_path / "out")]
    )
    assert done.exit_code == ExitCode.INPUT_DATA, done.output
    assert not (tmp_path / "out").exists() or not list((tmp_path / "out").iterdir())


def test_a_run_takes_the_measured_permeability_and_says_so(
    summary: Summary[Findings], study: Path, tmp_path: Path
) -> None:
    taken = take_evidence(summary.folder, str(study))
    resolved = resolve(str(study), "closed", dict(taken.overrides))
    digger = summary.found.worth_rows.set_index("species").loc["digger"]
    stated = resolved.study.fences.permeability["border"]["digger"].to_data()
    assert stated.worth_m / 1000 == pytest.approx(digger["posterior_km"], rel=1e-3)
    assert resolved.study.fences.permeability["inner"]["digger"].value == 0.9
    assert any("border.digger: worth" in one and "instead of is worth 30" in one for one in taken.sentences)
    done = CliRunner().invoke(
        app,
        [
            "run",
            str(study),
            "--scenario",
            "closed",
            "--species",
            "digger",
            "--out",
            str(tmp_path / "r"),
            "--no-cache",
            "--evidence",
            str(summary.folder),
        ],
    )
    assert done.exit_code == 0, done.output
    assert "evidence: fences.permeability.border.digger: worth" in done.stderr
    passages = pd.read_csv(tmp_path / "r" / "closed" / "digger" / "passages.csv").set_index("candidate")
    assert summary.found.reranked is not None
    both = summary.found.reranked.table.set_index("candidate")
    if (summary.folder / "profile.yaml").is_file():
        assert resolved.study.species["digger"].measured is not None
    else:
        assert passages["rank"].to_dict() == both["rank_after_digger"].dropna().astype(int).to_dict()
    assert (both["score_before"] != both["score_after"]).any()


def overlay(folder: Path, name: str, values: dict[str, object]) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(yaml.safe_dump({"study": "tiny", "note": "made up", "set": values}))
    return folder


def test_a_folder_of_cameras_and_collars_is_taken_together(study: Path, tmp_path: Path) -> None:
    worth = {"fences.permeability": {"border": {"walker": {"worth_km": 9, "origin": "measured"}}}}
    assumed = {"assumptions": ["Everything here is made up.", "Of collars."]}
    overlay(tmp_path / "collars", "permeability.yaml", worth | assumed)
    factors = {
        "designs.bridge.use_factor": {"walker": 0.33},
        "assumptions": ["Everything here is made up.", "Of cameras."],
    }
    overlay(tmp_path / "cameras", "use_factors.yaml", factors)
    rules = [
        {
            "layer": "slope_percent",
            "unit": "percent",
            "origin": "measured",
            "points": [{"at": 0, "value": 5}, {"at": 9, "value": 1}],
        }
    ]
    overlay(tmp_path, "profile.yaml", {"species.walker.measured": {"origin": "measured: 3 animals", "rules": rules}})
    taken = take_evidence(tmp_path, str(study))
    resolved = resolve(str(study), "closed", dict(taken.overrides))
    assert resolved.study.assumptions == ["Everything here is made up.", "Of cameras.", "Of collars."]
    assert resolved.study.designs["bridge"].use_factor == {"walker": 0.33}
    profile = read_inputs(resolved).profiles["walker"]
    assert profile.status == "fitted to data" and profile.combine == "product"
    assert float(np.max(profile.rules[0].response.at_values(np.array([0.0])))) == 5.0


def test_two_files_of_one_name_and_folders_without_any_are_refused(study: Path, tmp_path: Path) -> None:
    with pytest.raises(LayerNotFoundError, match=r"holds none of use_factors.yaml, permeability.yaml, profile.yaml"):
        take_evidence(tmp_path, str(study))
    for name in ("a", "b"):
        overlay(tmp_path / name, "permeability.yaml", {"fences.permeability": {}})
    with pytest.raises(ConfigError, match=r"permeability.yaml is there 2 times"):
        take_evidence(tmp_path, str(study))


def test_a_fault_leaves_nothing_behind(study: Path, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("animal,time,lon,lat\nA,2024-05-01T06:00,60.0,41.0\n")
    done = CliRunner().invoke(app, ["tracks", str(study), str(tmp_path / "a.csv"), "--out", str(tmp_path / "out")])
    assert done.exit_code == ExitCode.INPUT_DATA and "has no time zone" in done.stderr
    assert not (tmp_path / "out").exists()


def test_tracks_of_another_place_or_species_are_told(study: Path, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("animal,time,lon,lat\nA,2024-05-01T06:00:00Z,10.0,60.0\n")
    done = CliRunner().invoke(app, ["tracks", str(study), str(tmp_path / "a.csv"), "--out", str(tmp_path / "out")])
    assert done.exit_code == ExitCode.INPUT_DATA and "none of its 1 fixes lies in the study" in done.stderr
