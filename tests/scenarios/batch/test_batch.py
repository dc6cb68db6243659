"""Batches of a tiny study: the same files in one process, in several, on a cluster, in shares, and after any kill."""

from __future__ import annotations

import errno
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from pandas.testing import assert_frame_equal
from typer.testing import CliRunner

from cli import app
from rasters.errors import ConfigError, ExportError, FolderInUseError, LayerNotFoundError, PlannerError
from scenarios.batch import run as batch_run
from scenarios.batch import work as batch_work
from scenarios.batch.folder import BatchFolder
from scenarios.batch.session import BatchDone, BatchRequest, merge_batch, run_batch
from scenarios.batch.work import run_bytes
from scenarios.cluster.cluster import Traffic, connect, map_completed
from scenarios.cluster.job import Lost
from scenarios.cluster.processes import map_processes
from scenarios.land.inputs import read_inputs
from scenarios.land.parameters import changed, parameter_space, sobol_points
from scenarios.land.prepared import prepare_species
from scenarios.outputs.claim import claimed
from scenarios.outputs.job import Summary
from scenarios.outputs.stored import read_results
from scenarios.progress import Reporter
from scenarios.records.hashing import sha256_of
from scenarios.study.load import resolve
from scenarios.uncertainty.draws import score_candidates
from tests.support.dying_jobs import Dying
from tests.support.places import ROOT
from tests.support.tiny_study import write_tiny_study

PATIENCE_S = 120.0
MATRIX = """
scenario: [closed, both]
set:
  spacing: {2km: {candidates.every_m: 2000}, 4km: {candidates.every_m: 4000}, 8km: {candidates.every_m: 8000}}
"""
BROKEN = "include: [{scenario: closed, set: {case: {broken: {openings: [{id: a, fence_line: none, design: bridge, every_m: 9}]}}}}]"
OF_TIMES = ("manifest.json", "log.jsonl")


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    def uncertain(settings: dict[str, Any]) -> None:
        rows = [{"parameter": "permeability.*.value", "odds": [0.5, 2]}, {"parameter": "rules.*", "excess": [0.5, 2]}]
        settings["uncertainty"] = {"parameters": rows}

    folder = write_tiny_study(tmp_path_factory.mktemp("study"), uncertain)
    (folder / "batch.yaml").write_text(MATRIX, encoding="utf-8")
    return folder


def asked(study: Path, out: Path, text: str = "", **more: Any) -> BatchRequest:
    """A request for the matrix beside the study, or for another one."""
    matrix = Path("batch.yaml")
    if text:
        matrix = out.with_suffix(".yaml")
        matrix.write_text(text, encoding="utf-8")
    return BatchRequest(study=str(study), matrix=matrix, out=out, **more)


def done(request: BatchRequest) -> Summary[BatchDone]:
    with Reporter(quiet=True) as reporter:
        return run_batch(request, reporter)


@pytest.fixture(scope="module")
def whole(study: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What one process writes that nobody disturbs."""
    out = tmp_path_factory.mktemp("whole") / "out"
    summary = done(asked(study, out))
    assert (summary.found.finished, summary.found.before, summary.exit_code) == (12, 0, 0)
    return out


def hashes(folder: Path) -> dict[str, str]:
    """Every file but those that hold times."""
    paths = (path for path in folder.rglob("*") if path.is_file() and not path.name.startswith(("log", "manifest")))
    return {path.relative_to(folder).as_posix(): sha256_of(path) for path in paths}


def log_of(folder: Path, name: str = "log.jsonl") -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / name).read_text(encoding="utf-8").splitlines()]


def events(folder: Path) -> list[str]:
    return [line["event"] for line in log_of(folder)]


# What it writes


def test_a_run_has_the_tables_that_otkel_run_writes(study: Path, whole: Path, tmp_path: Path) -> None:
    overrides = ["--set", "candidates.every_m=4000"]
    ran = CliRunner().invoke(app, ["run", str(study), "--scenario", "both", "--out", str(tmp_path / "out"), *overrides])
    assert ran.exit_code == 0, ran.stderr
    for species in ("walker", "digger"):
        for name in ("pairs.csv", "passages.csv", "fence_profile.csv", "indicators.csv"):
            one, two = (
                pd.read_csv(at / species / name, dtype=str)
                .drop(columns="number", errors="ignore")
                .replace("both+4km", "both")
                for at in (whole / "runs" / "both+4km", tmp_path / "out" / "both")
            )
            assert_frame_equal(one, two)  # numbers of passages are those of the species that were run together


def test_summary_has_a_row_per_run(whole: Path) -> None:
    summary = pd.read_csv(whole / "summary.csv")
    assert len(summary) == 12 and set(summary["status"]) == {"finished"}
    assert summary["run"].tolist()[:3] == ["closed+2km/walker", "closed+2km/digger", "closed+4km/walker"]
    assert set(summary["spacing"]) == {"2km", "4km", "8km"} and set(summary["cell_m"]) == {1000}
    for row in summary.itertuples():
        pairs = pd.read_csv(whole / "runs" / row.run / "pairs.csv").query("target == 'any'")
        with np.errstate(divide="ignore"):
            left = (1 / pairs["effective_resistance_ohm"]).sum() / (
                1 / pairs["effective_resistance_no_fence_ohm"]
            ).sum()
        assert row.conductance_share == pytest.approx(left, rel=1e-8)
        assert row.cores_cut_off == (pairs["status"] != "reached").sum()
        passages = pd.read_csv(whole / "runs" / row.run / "passages.csv")
        assert row.candidates == len(passages)
        if passages["score"].max() > 0:
            assert row.best_candidate == passages["candidate"].iloc[0]
        else:
            assert pd.isna(row.best_candidate)


def test_tables_of_all_runs_below_each_other(whole: Path) -> None:
    for name, source, rows in (
        ("pairs", "pairs", 12 * 6),
        ("shortlist", "passages", None),
        ("indicators", "indicators", None),
    ):
        table = pd.read_csv(whole / f"{name}.csv")
        one = pd.read_csv(whole / "runs" / "both+2km" / "digger" / f"{source}.csv")
        expected = one[one["selected"]] if name == "shortlist" else one
        found = table[table["run"] == "both+2km/digger"].reset_index(drop=True)
        own = [column for column in one.columns if column not in ("scenario", "species")]
        pd.testing.assert_frame_equal(found[own], expected[own].reset_index(drop=True), check_dtype=False)
        assert set(found["scenario"]) == {"both"} and set(found["spacing"]) == {"2km"}
        assert rows is None or len(table) == rows


def test_every_column_has_a_meaning(whole: Path) -> None:
    known = pd.read_csv(whole / "columns.csv").fillna("")
    for path in whole.glob("*.csv"):
        if path.name != "columns.csv":
            columns = set(pd.read_csv(path, nrows=0).columns)
            rows = known[known["file"] == path.name]
            assert set(rows["column"]) == columns, path.name
    of_summary = known[known["file"] == "summary.csv"].set_index("column")
    assert (
        of_summary.loc["conductance_s", "unit"] == "siemens" and of_summary.loc["least_cost_m", "unit"] == "effective m"
    )
    assert (of_summary["meaning"] != "").all()


def test_the_log_has_a_line_per_event(whole: Path) -> None:
    lines = log_of(whole)
    assert lines[0]["event"] == "begin" and lines[0]["runs"] == 12 and lines[-1]["event"] == "end"
    assert [line["event"] for line in lines[1:-1]] == ["started", "finished"] * 12
    finished = [line for line in lines if line["event"] == "finished"]
    assert all(line["seconds"] > 0 and line["peak_bytes"] > 1e7 and line["time"].startswith("20") for line in finished)


def test_parquet_says_the_same(whole: Path) -> None:
    pytest.importorskip("pyarrow", reason="pyarrow is not installed: batches write CSV only")
    pd.testing.assert_frame_equal(pd.read_parquet(whole / "summary.parquet"), pd.read_csv(whole / "summary.csv"))


def test_keep_says_what_a_run_writes(study: Path, tmp_path: Path) -> None:
    text = "scenario: closed\nspecies: digger"
    names = {}
    for keep in ("tables", "maps", "all"):
        done(asked(study, tmp_path / keep, text, keep=keep))
        names[keep] = {path.name for path in (tmp_path / keep / "runs" / "closed" / "digger").iterdir()}
    assert not any(name.endswith((".tif", ".png", ".gpkg")) for name in names["tables"])
    assert {"corridor.tif", "results.gpkg", "pairs.csv"} <= names["maps"] and "map.png" not in names["maps"]
    assert names["tables"] < names["maps"] < names["all"] and "map.png" in names["all"]
    read = read_results(tmp_path / "maps" / "runs", check=True)
    assert read.keys == (("closed", "digger"),) and np.isfinite(read.run("closed", "digger").corridor).any()
    assert not (tmp_path / "tables" / "runs" / "manifest.json").exists()
    done(asked(study, tmp_path / "again", text, keep="maps", workers=1))
    assert hashes(tmp_path / "again") == hashes(tmp_path / "maps")


def test_coarser_cells(study: Path, tmp_path: Path) -> None:
    done(asked(study, tmp_path / "out", "scenario: closed\nspecies: digger\ncell_m: [1000, 2000]"))
    summary = pd.read_csv(tmp_path / "out" / "summary.csv").set_index("cell_m")
    assert set(summary["run"]) == {"closed@1000m/digger", "closed@2000m/digger"}
    assert summary.loc[2000, "least_cost_m"] == pytest.approx(summary.loc[1000, "least_cost_m"], rel=0.3)
    assert summary.loc[2000, "least_cost_m"] != summary.loc[1000, "least_cost_m"]


# Draws


def test_a_draw_is_the_same_values_as_in_uncertainty(study: Path, tmp_path: Path) -> None:
    done(asked(study, tmp_path / "out", "scenario: closed\nspecies: digger\ndraws: {count: 4, seed: 5, stated: false}"))
    resolved = resolve(str(study), "closed")
    inputs = read_inputs(resolved)
    space = parameter_space(resolved, inputs)
    points = sobol_points(4, len(space.axes), 5)
    for number, point in enumerate(points, start=1):
        drawn, other = changed(resolved, inputs, space.at(point))
        expected = score_candidates(prepare_species(drawn, other, "digger"))
        found = pd.read_csv(tmp_path / "out" / "runs" / "closed" / f"draw-{number:04d}" / "digger" / "passages.csv")
        assert found["candidate"].tolist() == expected["candidate"].tolist()
        np.testing.assert_allclose(found["conductance_gain_share"], expected["conductance_gain_share"], rtol=1e-6)


def test_a_number_has_the_same_value_in_every_scenario(study: Path, tmp_path: Path) -> None:
    """Without a fence permeability plays no part, but the rules of draw 2 are those of draw 2 with the fence."""
    done(asked(study, tmp_path / "out", "scenario: [closed, free]\nspecies: digger\ndraws: {count: 2}"))
    summary = pd.read_csv(tmp_path / "out" / "summary.csv")
    open_cost = summary.pivot(index="scenario", columns="draw", values="least_cost_no_fence_m")
    assert open_cost.shape == (2, 3) and open_cost.loc["closed"].nunique() == 3
    np.testing.assert_allclose(open_cost.loc["closed"], open_cost.loc["free"], rtol=1e-9)


# Failures


def test_what_fails_is_told_and_the_rest_goes_on(study: Path, tmp_path: Path) -> None:
    matrix = tmp_path / "m.yaml"
    matrix.write_text(MATRIX + BROKEN, encoding="utf-8")
    out = tmp_path / "out"
    command = ["batch", str(study), "--matrix", str(matrix), "--out", str(out)]
    ran = CliRunner().invoke(app, command)
    assert ran.exit_code == 10
    assert "12 runs finished" in ran.stderr and "failed: closed+broken/walker: " in ran.stderr
    assert "unknown fence line 'none'" in ran.stderr and "14/14" in ran.stderr
    summary = pd.read_csv(out / "summary.csv").set_index("run")
    assert summary["status"].value_counts().to_dict() == {"finished": 12, "failed": 2}
    assert "unknown fence line 'none'" in summary.loc["closed+broken/digger", "error"]
    failed = [line for line in log_of(out) if line["event"] == "failed"]
    assert [line["error"]["exit_code"] for line in failed] == [3, 3] and failed[0]["error"]["kind"] == "ConfigError"
    again = CliRunner().invoke(app, [*command, "--json"])
    assert again.exit_code == 10
    told = json.loads(again.stdout)
    assert (told["finished"], told["finished_before"], len(told["failed"])) == (12, 12, 2)
    assert events(out).count("started") == 16


def test_an_unforeseen_error_is_a_failure_with_its_trace(
    study: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any, **__: Any) -> None:
        raise ZeroDivisionError("who divides?")

    monkeypatch.setattr("scenarios.batch.run.solve_step", broken)
    summary = done(asked(study, tmp_path / "out", "scenario: closed\nspecies: digger"))
    assert summary.found.failed["closed/digger"].exit_code == 70 and summary.exit_code == 10
    failed = log_of(tmp_path / "out")[2]
    assert "who divides?" in failed["error"]["message"] and "Traceback" in failed["error"]["trace"]


def test_a_full_disk_stops_the_batch_instead_of_failing_every_run(
    study: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out, text = tmp_path / "out", "scenario: [closed, free]\nspecies: [walker, digger]"
    write, tries = batch_run._write, count()

    def full(*arguments: Any) -> None:
        if next(tries):
            raise OSError(errno.ENOSPC, "No space left on device")
        write(*arguments)

    monkeypatch.setattr("scenarios.batch.run._write", full)
    with pytest.raises(ExportError, match=r"No space left.*finished runs are kept, and the same command goes on"):
        done(asked(study, out, text))
    assert events(out).count("finished") == 1 and "failed" not in events(out) and next(tries) == 2
    monkeypatch.undo()
    assert (done(asked(study, out, text)).found.finished, events(out).count("finished")) == (4, 4)


# Going on


def test_the_same_command_again_does_nothing_more(study: Path, whole: Path) -> None:
    before = hashes(whole)
    summary = done(asked(study, whole))
    assert (summary.found.finished, summary.found.before) == (12, 12)
    assert hashes(whole) == before and events(whole).count("started") == 12


def test_what_depends_on_something_else_is_done_again(study: Path, tmp_path: Path) -> None:
    out, text = tmp_path / "out", "scenario: [closed, free]\nspecies: digger"
    done(asked(study, out, text))
    assert done(asked(study, out, text + "\nset: {a: {x: {candidates.every_m: 5000}}}")).found.before == 0
    assert done(asked(study, out, text)).found.before == 2
    assert done(asked(study, out, text, overrides={"fences.model.reach_m": 900})).found.before == 0
    assert done(asked(study, out, text, keep="maps", overrides={"fences.model.reach_m": 900})).found.before == 0


def test_a_killed_batch_goes_on_and_ends_the_same(study: Path, whole: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    command = [
        sys.executable,
        str(ROOT / "cli.py"),
        "batch",
        str(study),
        "--matrix",
        "batch.yaml",
        "--out",
        str(out),
        "--no-cache",
    ]
    process = subprocess.Popen([*command, "--jobs", "2"], cwd=ROOT, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + PATIENCE_S
    while sum(1 for _ in out.glob("runs/*/*/run.json")) < 3:
        assert process.poll() is None and time.monotonic() < deadline
        time.sleep(0.02)
    process.kill()
    process.wait()
    assert not (out / "summary.csv").exists()
    there = sum(1 for _ in out.glob("runs/*/*/run.json"))
    assert 3 <= there < 12
    summary = done(asked(study, out))
    assert (summary.found.finished, summary.found.before) == (12, there)
    assert hashes(out) == hashes(whole)


def test_a_torn_line_of_the_log_stays_alone(tmp_path: Path) -> None:
    folder = BatchFolder(path=tmp_path)
    folder.log("begin", runs=1)
    with folder.log_file.open("a") as file:
        file.write('{"time": "20')
    folder.log("end")
    assert [line[-12:] for line in folder.log_file.read_text().splitlines()][1:] == [
        '{"time": "20',
        '"event": "end"}'[-12:],
    ]


def test_two_at_once_are_refused(study: Path, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    with (
        claimed(BatchFolder(path=tmp_path / "out").claim),
        pytest.raises((FolderInUseError, ExportError), match="writing"),
    ):
        (tmp_path / "out" / "batch.json").write_text("{}")
        done(asked(study, tmp_path / "out"))


def test_a_folder_of_something_else_stays_as_it_is(study: Path, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "thesis.tex").write_text("mine")
    with pytest.raises(ExportError, match=r"no batch\.json"):
        done(asked(study, tmp_path / "out"))
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["thesis.tex"]


# Shares


def test_shares_and_merge_are_the_whole(study: Path, whole: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    first = done(asked(study, out, task=1, tasks=3))
    assert first.rows["task"] == "1-of-3" and first.found.finished == 4 and not (out / "summary.csv").exists()
    with pytest.raises(ConfigError, match="8 of 12 runs are not done") as error:
        merge_batch(out)
    there = {f"{path.parent.parent.name}/{path.parent.name}" for path in out.glob("runs/*/*/run.json")}
    missing = str(error.value).splitlines()[1:-1]
    assert len(missing) == 8 and not there & set(missing)
    partly = merge_batch(out, partial=True)
    assert (partly.found.finished, len(partly.found.missing), partly.exit_code) == (4, 8, 0)
    assert pd.read_csv(out / "summary.csv")["status"].value_counts().to_dict() == {"missing": 8, "finished": 4}
    done(asked(study, out, task=3, tasks=3))
    done(asked(study, out, task=2, tasks=3))
    ran = CliRunner().invoke(app, ["batch", "merge", str(out)])
    assert ran.exit_code == 0 and "12 runs finished" in ran.stderr
    assert hashes(out) == hashes(whole)
    assert len(log_of(out, "log-2-of-3.jsonl")) == 2 + 2 * 4


@pytest.mark.parametrize(
    ("file", "old", "new", "said"),
    [
        ("batch.json", '"runs": [', '"runs": 3, "x": [', r"batch\.json: is not what otkel wrote \(runs"),
        ("batch.json", '"run": "', '"run": "../', r"batch\.json: is not what otkel wrote \(runs\.0\.run"),
        ("batch.json", '"axes": [', '"axes": ["scenario", ', r"an axis or a run is there twice"),
        ("run.json", '"status": "finished"', '"status": 3', "are not done"),
        ("run.json", '"facts": {', '"facts": {"cores": "many", "x": {}, ', "are not done"),
        ("pairs.csv", "source", "=1+1", r"pairs\.csv: is not the table that otkel wrote.*run the batch again"),
        ("pairs.csv", "\n", ",x\n", r"pairs\.csv: is not the table that otkel wrote"),
    ],
)
def test_records_that_are_damaged_or_from_elsewhere_are_refused(
    whole: Path, tmp_path: Path, file: str, old: str, new: str, said: str
) -> None:
    out = tmp_path / "out"
    shutil.copytree(whole, out)
    path = out / file if file == "batch.json" else min((out / "runs").rglob(file))
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(PlannerError, match=said):
        merge_batch(out)


def test_merging_tells_what_failed(study: Path, tmp_path: Path) -> None:
    done(asked(study, tmp_path / "out", "scenario: closed\nspecies: digger\n" + BROKEN, task=1, tasks=1))
    merged = merge_batch(tmp_path / "out")
    assert merged.exit_code == 10 and list(merged.found.failed) == ["closed+broken/digger"]
    with pytest.raises(LayerNotFoundError, match="not the folder of a batch"):
        merge_batch(tmp_path)


@pytest.mark.parametrize("wrong", ["0/3", "4/3"])
def test_a_share_that_is_none(study: Path, tmp_path: Path, wrong: str) -> None:
    command = ["batch", str(study), "--matrix", "batch.yaml", "--out", str(tmp_path / "out")]
    ran = CliRunner().invoke(app, [*command, "--task", wrong])
    assert ran.exit_code == 2 and f"--task {wrong}" in ran.stderr
    assert CliRunner().invoke(app, [*command, "--task", "one"]).exit_code == 2


# Processes and clusters


def test_two_processes_write_the_same(study: Path, whole: Path, tmp_path: Path) -> None:
    done(asked(study, tmp_path / "out", jobs=2))
    assert hashes(tmp_path / "out") == hashes(whole)
    lines = log_of(tmp_path / "out")
    assert lines[0]["jobs"] == 2 and [line["event"] for line in lines[1:3]] == ["started", "started"]


def test_a_cluster_writes_the_same_though_a_worker_is_killed(
    study: Path, whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clients = []

    @contextmanager
    def watched(**how: Any) -> Iterator[Any]:
        with connect(**how) as client:
            clients.append(client)
            yield client

    class Killing(Reporter):
        def step(self, what: str, done: int = 1) -> None:
            steps.append(what)
            if len(steps) == 4:
                os.kill(next(iter(clients[0].run(os.getpid).values())), signal.SIGKILL)

    steps: list[str] = []
    monkeypatch.setattr(batch_work, "connect", watched)
    with Killing(quiet=True) as reporter:
        summary = run_batch(asked(study, tmp_path / "out", workers=2, send_files=True), reporter)
    assert summary.exit_code == 0 and hashes(tmp_path / "out") == hashes(whole)
    assert summary.found.traffic is not None
    sent = summary.found.traffic.as_dict()
    rasters = sum((study / name).stat().st_size for name in ("dem.tif", "water.tif"))
    assert sent["job_bytes_per_worker"] > rasters and sent["tasks"] == 12
    assert sent["task_bytes"] / sent["tasks"] < 1000


@pytest.mark.parametrize("how", ["processes", "cluster"])
def test_a_deadly_item_is_given_up_and_the_others_are_done(tmp_path: Path, how: str) -> None:
    job, items = Dying(folder=tmp_path, deadly=2), list(range(5))
    if how == "processes":
        found = dict(map_processes(job, items, 2))
        assert found.pop(2) == Lost(deaths=2)
    else:
        with connect(workers=2) as client:
            found = dict(map_completed(client, job, items))
        assert found.pop(2) == Lost(deaths=4)
    assert found == {0: 0, 1: 2, 3: 6, 4: 8}


def test_an_item_whose_process_died_once_is_done(tmp_path: Path) -> None:
    assert dict(map_processes(Dying(folder=tmp_path, once=1), list(range(3)), 1)) == {0: 0, 1: 2, 2: 4}
    assert (tmp_path / "died").exists()


def test_a_lost_run_is_a_failure(study: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def lost(*_: Any) -> Iterator[tuple[int, Any]]:
        yield 0, Lost(deaths=2)

    monkeypatch.setattr(batch_work, "map_here", lost)
    summary = done(asked(study, tmp_path / "out", "scenario: closed\nspecies: digger"))
    assert (
        summary.found.failed["closed/digger"].exit_code == 7
        and "memory" in summary.found.failed["closed/digger"].message
    )


def test_memory_limits_how_many_run_at_once(
    study: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked_for: list[int] = []

    def counted(job: Any, items: Any, processes: int, began: Any) -> Iterator[Any]:
        asked_for.append(processes)
        yield from batch_work.map_here(job, items, began)

    monkeypatch.setattr(batch_work, "map_processes", counted)
    monkeypatch.setattr(batch_work, "run_bytes", lambda resolved: 1e9)
    monkeypatch.setattr(batch_work, "available_bytes", lambda: int(3.5e9))
    with Reporter() as reporter:
        run_batch(asked(study, tmp_path / "out", "scenario: closed", jobs=8), reporter)
    assert asked_for == [3]
    assert "3 instead of 8 runs at a time: one needs about 1.0 GB, and 3.5 GB are free" in capsys.readouterr().err
    assert log_of(tmp_path / "out")[0]["jobs"] == 3


def test_what_does_not_go_together(study: Path, tmp_path: Path) -> None:
    request = asked(study, tmp_path / "out")
    for wrong in ({"jobs": 2, "workers": 2}, {"workers": 1, "scheduler": "tcp://a:1"}, {"send_files": True}):
        with pytest.raises(ConfigError):
            done(replace(request, **wrong))
    assert not (tmp_path / "out").exists()
    assert Traffic().as_dict()["tasks"] == 0


def test_memory_grows_with_cells_fences_and_places(study: Path) -> None:
    def need(scenario: str, **overrides: Any) -> float:
        return run_bytes(
            resolve(str(study), scenario, {key.replace("__", "."): value for key, value in overrides.items()})
        )

    assert need("free") < need("closed") < need("both")
    assert need("closed", candidates__every_m=1000) > need("closed") > need("closed", candidates__every_m=8000)
    assert need("closed", candidates__every_m=10) == need("closed", candidates__every_m=1000)
    assert need("free", grid__cell_m=2000) < need("free")
