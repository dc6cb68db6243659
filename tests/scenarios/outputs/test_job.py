"""The job frame: a folder with its manifest when all went well, nothing otherwise, and one summary for people and machines."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from rich.console import Console

from rasters.errors import ExportError
from scenarios.exit_codes import ExitCode
from scenarios.outputs.audience import Audience
from scenarios.outputs.job import Summary, results_folder
from scenarios.study.load import ResolvedStudy, resolve
from tests.support.tiny_study import write_tiny_study


@pytest.fixture(scope="module")
def resolved(tmp_path_factory: pytest.TempPathFactory) -> ResolvedStudy:
    return resolve(str(write_tiny_study(tmp_path_factory.mktemp("job") / "study")), "closed")


def manifest_of(folder: Path) -> dict:
    return json.loads((folder / "manifest.json").read_text(encoding="utf-8"))


def test_the_manifest_says_what_was_run_on_what_and_how(resolved: ResolvedStudy, tmp_path: Path) -> None:
    (tmp_path / "more.csv").write_text("a\n")
    with results_folder(tmp_path / "out", [resolved], seeds={"draws": 3}) as job:
        (job.folder / "table.csv").write_text("x\n")
        job.settings, job.inputs = {"draws": 8}, {"data/more.csv": tmp_path / "more.csv"}
        assert not (tmp_path / "out").exists()
    said = manifest_of(tmp_path / "out")
    assert list(said["outputs"]) == ["table.csv"] and said["seeds"] == {"draws": 3} and said["settings"] == {"draws": 8}
    assert list(said["scenarios"]) == ["closed"] and {"study.yaml", "dem.tif", "data/more.csv"} <= set(said["inputs"])
    assert said["crs_operations"] and said["measured"]["seconds"] >= 0 and said["machine"]["threads"] >= 1
    assert said["started"] <= said["finished"]


def test_partners_get_a_manifest_without_settings_and_inputs(resolved: ResolvedStudy, tmp_path: Path) -> None:
    with results_folder(tmp_path / "out", [resolved], said=(Audience.PARTNER, "for partners")) as job:
        job.settings = {"secret": 1}
    said = manifest_of(tmp_path / "out")
    assert (said["audience"], said["settings"], said["inputs"], said["command"]) == ("partner", {}, {}, [])


def test_a_failure_leaves_nothing_and_the_earlier_results(tmp_path: Path) -> None:
    with results_folder(tmp_path / "out") as job:
        (job.folder / "first.csv").write_text("1\n")
    before = manifest_of(tmp_path / "out")
    with pytest.raises(ZeroDivisionError), results_folder(tmp_path / "out") as job:
        (job.folder / "second.csv").write_text("2\n")
        raise ZeroDivisionError
    assert manifest_of(tmp_path / "out") == before and [p.name for p in tmp_path.iterdir()] == ["out"]


def test_results_of_a_run_are_replaced_by_a_run_alone(tmp_path: Path) -> None:
    with results_folder(tmp_path / "out", over_run=True, kind="run"):
        pass
    with pytest.raises(ExportError, match="which this command would delete"), results_folder(tmp_path / "out"):
        pass
    with results_folder(tmp_path / "out", over_run=True, kind="run"):
        pass


def test_a_manifest_of_its_own_stays_and_a_misspelled_fact_is_found_at_once(tmp_path: Path) -> None:
    with results_folder(tmp_path / "out") as job:
        (job.folder / "manifest.json").write_text('{"kind": "own"}')
        with pytest.raises(AttributeError):
            job.seed = {"draws": 1}  # type: ignore[attr-defined]
    assert manifest_of(tmp_path / "out") == {"kind": "own"}


def test_a_summary_tells_people_and_machines_the_same(tmp_path: Path) -> None:
    with results_folder(tmp_path / "out") as job:
        pass
    done = job.summary([1, 2], {"routes": 2}, ["two [routes]"], exit_code=ExitCode.DIFFERS)
    assert done.found == [1, 2] and done.exit_code == 11
    assert done.as_dict()["routes"] == 2 and done.as_dict()["folder"] == str(tmp_path / "out")
    console = Console(file=io.StringIO(), width=300)
    done.print(console)
    lines = console.file.getvalue().splitlines()  # type: ignore[attr-defined]
    assert lines[0] == "two [routes]" and lines[-1].endswith(f"s; open {tmp_path / 'out' / 'index.html'}")
    quick, slow = (Summary(folder=tmp_path, found=None, seconds=s) for s in (0.31, 75.4))
    for one, words in ((quick, "0.3 s; see"), (slow, "75 s; see")):
        console = Console(file=io.StringIO(), width=300)
        one.print(console)
        assert console.file.getvalue().startswith(words)  # type: ignore[attr-defined]
