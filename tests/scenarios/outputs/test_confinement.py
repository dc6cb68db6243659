"""Manifests and results that come from elsewhere make no file outside the folder asked for, and each fault has its words."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from cli import app
from rasters.errors import DataError
from scenarios.batch.folder import BatchFolder
from scenarios.outputs.folder import MARKER, run_folder
from scenarios.outputs.job import Summary
from scenarios.outputs.report.payload import Contents
from scenarios.outputs.stored import read_results
from scenarios.runs.reproduce import stated_run
from tests.support.hostile import PATHS

INPUT_DATA = 4
Change = Callable[[dict[str, Any], str], object]


def _run(key: str) -> Change:
    return lambda manifest, name: manifest["runs"][0].update({key: name})


CHANGES: dict[str, Change] = {
    "study": _run("study"),
    "scenario": _run("scenario"),
    "species": _run("species"),
    "output": lambda manifest, name: manifest["outputs"].update({name: manifest["outputs"]["closed/walker/pairs.csv"]}),
    "settings": lambda manifest, name: manifest["scenarios"].update({name: manifest["scenarios"]["closed"]}),
    "bases": lambda manifest, name: manifest["settings"]["bases"].update({name: {"base": "closed", "overrides": {}}}),
}
COMMANDS = {
    "run": ["run", "STUDY", "--from", "RESULTS", "--out", "OUT"],
    "export": ["export", "all", "RESULTS", "--out", "OUT"],
    "report": ["export", "report", "RESULTS", "--audience", "restricted", "--out", "OUT"],
    "compare": ["compare", "RESULTS", "--out", "OUT"],
    "sheet": ["export", "sheet", "RESULTS", "--overview", "--out", "OUT"],
}


@pytest.fixture
def place(tmp_path: Path, small_run: Summary[Contents]) -> Path:
    """A folder deep enough that `../..` is still ours; the results may be changed."""
    place = tmp_path / "a" / "b"
    place.mkdir(parents=True)
    shutil.copytree(small_run.folder, place / "results")
    return place


def edited(place: Path, change: Callable[[dict[str, Any]], object]) -> None:
    path = place / "results" / "manifest.json"
    manifest = json.loads(path.read_text(encoding="utf-8"))
    change(manifest)
    path.write_text(json.dumps(manifest), encoding="utf-8")


def files_of(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*")}


def refused(words: list[str], place: Path, study: Path, tmp_path: Path) -> str:
    """What a command says that ends with one error about input data; no file is new anywhere but the folder asked for."""
    before = files_of(tmp_path)
    at = {"STUDY": str(study), "RESULTS": str(place / "results"), "OUT": str(place / "out")}
    done = CliRunner().invoke(app, [at.get(word, word) for word in words])
    text = " ".join(done.stderr.split())
    assert done.exit_code == INPUT_DATA, (done.exit_code, text, done.exception)
    assert {name for name in files_of(tmp_path) - before if name != "a/b/out"} == set()
    return text


@pytest.mark.parametrize("key", CHANGES)
def test_no_hostile_name_in_a_manifest_is_read(
    key: str, small_study: Path, small_run: Summary[Contents], tmp_path: Path
) -> None:
    """Every name in every place, by the readers that all commands begin with."""
    whole, path = (small_run.folder / MARKER).read_text(encoding="utf-8"), tmp_path / MARKER
    for name in PATHS.values():
        manifest = json.loads(whole)
        CHANGES[key](manifest, name)
        path.write_text(json.dumps(manifest), encoding="utf-8")
        with pytest.raises(DataError, match=r"manifest\.json"):
            read_results(tmp_path)
        with pytest.raises(DataError, match=r"manifest\.json"):
            stated_run(path, str(small_study))


@pytest.mark.parametrize("words", COMMANDS.values(), ids=list(COMMANDS))
def test_no_hostile_name_in_a_manifest_leads_out_of_the_folder(
    words: list[str], place: Path, small_study: Path, tmp_path: Path
) -> None:
    """Every command at every place in the manifest, with names that all commands together go through."""
    path = place / "results" / MARKER
    whole, names = path.read_text(encoding="utf-8"), list(PATHS.values())
    for number, (key, change) in enumerate(CHANGES.items(), start=len(CHANGES) * list(COMMANDS.values()).index(words)):
        name = names[number % len(names)]
        path.write_text(whole, encoding="utf-8")
        edited(place, lambda manifest, name=name, change=change: change(manifest, name))  # type: ignore[misc]
        text = refused(words, place, small_study, tmp_path)
        assert "manifest.json" in text and "Traceback" not in text, (key, name, text)
    assert not Path("/tmp/otkel-was-here").exists()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda m: m["runs"][0].pop("grid"), "runs[0].grid: is missing"),
        (lambda m: m["runs"][0]["grid"].update(shape=[4]), "runs[0].grid.shape: [4]: should be a list of at least 2"),
        (lambda m: m["runs"][1].update(audience="all"), "runs[1].audience: 'all'"),
        (lambda m: m.update(outputs=[]), "outputs: []: should be a table"),
        (lambda m: m["inputs"]["dem.tif"].update(sha256=7), "inputs.dem.tif.sha256: 7: should be text"),
        (lambda m: m["settings"]["bases"]["closed"].update(folder="/etc"), "settings.bases.closed.folder: unknown key"),
        (lambda m: m.update(runs="none"), "runs: 'none': should be a list"),
    ],
)
def test_what_is_no_manifest_is_told_by_key(
    change: Callable[[dict[str, Any]], object], words: str, place: Path, small_study: Path, tmp_path: Path
) -> None:
    edited(place, change)
    for command in ("run", "report", "compare"):
        assert words in refused(COMMANDS[command], place, small_study, tmp_path)


def test_settings_in_a_manifest_are_those_of_a_study(place: Path, small_study: Path, tmp_path: Path) -> None:
    edited(place, lambda manifest: manifest["scenarios"]["closed"]["fences"].update(file="/etc/passwd"))
    for command in ("report", "compare"):
        text = refused(COMMANDS[command], place, small_study, tmp_path)
        assert "scenarios.closed: fences.file: '/etc/passwd': is a whole path" in text


@pytest.mark.parametrize("name", PATHS.values(), ids=list(PATHS))
def test_folders_of_runs_and_batches_are_made_of_plain_names(name: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="nothing outside"):
        run_folder(name, "walker")
    with pytest.raises(DataError, match="nothing outside"):
        BatchFolder(path=tmp_path).run_folder(f"{name}/walker" if name else "")
