"""The commands for scripts: a function for each, a parameter for each option, the same answers as at the command line."""

from __future__ import annotations

import inspect
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import otkel
import pandas as pd
import pytest
import typer
from typer.testing import CliRunner

import scenarios
from cli import app
from scenarios.api.done import Done
from scenarios.outputs.kinds import ALL, KINDS
from tests.support.tiny_study import write_tiny_study

CALLED = {
    "evidence report": "evidence",
    "evidence simulate": "simulate_evidence",
    "tracks report": "tracks",
    "tracks simulate": "simulate_tracks",
    "evidence share": "share_evidence",
    "batch run": "batch",
    "batch merge": "merge_batch",
    "export sheet": "sheet",
    "species list": "species",
    "species show": "show_species",
    "species new": "new_species",
}
CALLED |= {f"export {kind}": "export" for kind in (ALL, *(name for name, one in KINDS.items() if not one.options))}
CALLED |= {"export study": "export_study"}
CALLED |= {f"import {kind}": f"import_{kind}" for kind in ("fences", "passages", "reserves", "cores")}
ELSEWHERE = {"as_json", "quiet", "verbose"}
OTHERWISE = {
    "run": {"manifest": "reproduce()"},
    "doctor": {"clear_steps": "removes files", "clear_sources": "removes files"},
    "new": {"minimal": "bounds are given"},
    "sheet": {"overview": "the default"},
}
"""Options that a script gives in another way."""


def commands(command: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    if not hasattr(command, "commands"):
        yield name, command
        return
    for each in sorted(command.commands):
        yield from commands(command.commands[each], f"{name} {each}".strip())


@pytest.mark.parametrize(
    ("name", "command"), [pytest.param(*one, id=one[0]) for one in commands(typer.main.get_command(app))]
)
def test_every_command_is_a_function_and_every_option_a_parameter(name: str, command: Any) -> None:
    called = CALLED.get(name, name)
    functions = [called, "run_all"] if called == "run" else [called]
    there = {name for one in functions for name in inspect.signature(getattr(otkel, one)).parameters}
    options = {one.name for one in command.params} - ELSEWHERE - {*OTHERWISE.get(called, ())}
    assert options <= there | {"overrides"}, options - there
    assert ("overrides" in options) <= ("overrides" in there)


def test_the_alias_offers_the_public_names() -> None:
    assert {"open", "run", "read", "compare", "passages", "batch", "errors"} <= {*dir(otkel)} & {*otkel.__all__}
    assert all(callable(getattr(otkel, name)) for name in otkel.__all__ if name != "errors")
    assert otkel.run is scenarios.run and issubclass(otkel.errors.OptionError, otkel.errors.ConfigError)
    with pytest.raises(AttributeError, match="no attribute 'rum'; choose one of "):
        otkel.rum  # noqa: B018


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_study(tmp_path_factory.mktemp("jobs"))


def test_a_region_needs_one_way_of_saying_where(tmp_path: Path) -> None:
    for where in ({}, {"bbox": (66, 37, 67, 38), "area": tmp_path / "a.gpkg"}):
        with pytest.raises(otkel.errors.OptionError, match="give either bbox="):
            otkel.region(tmp_path / "out", **where)
    assert not (tmp_path / "out").exists()


def test_a_plan_is_that_of_the_command(study: Path, tmp_path: Path) -> None:
    told: list[str] = []
    done = otkel.passages(study, tmp_path / "a", budget=2, species="walker", progress=told.append)
    ran = CliRunner().invoke(
        app, ["passages", str(study), "--out", str(tmp_path / "b"), "--budget", "2", "--species", "walker", "--json"]
    )
    assert isinstance(done, Done) and done.rows["plan"] == json.loads(ran.stdout)["plan"]
    assert "passages" in repr(done) or len(done) > 1
    for name, table in done.items():
        pd.testing.assert_frame_equal(table, pd.read_csv(tmp_path / "b" / f"{name}.csv", comment="#"))
    assert told and (tmp_path / "a" / "manifest.json").is_file()
    with pytest.raises(KeyError, match="unknown table 'plans'"):
        done["plans"]


def test_checks_and_errors_are_those_of_the_command(study: Path, tmp_path: Path) -> None:
    assert otkel.check(study).passed and otkel.check(study, scenario="free").findings
    with pytest.raises(otkel.errors.OptionError, match="unknown scenario 'fre'"):
        otkel.corridors(study, tmp_path / "out", scenario="fre")
    with pytest.raises(otkel.errors.OptionError, match="unknown kind 'gpxx'"):
        otkel.export(tmp_path, "gpxx", tmp_path)


def test_several_scenarios_and_an_export(study: Path, tmp_path: Path) -> None:
    results = otkel.run_all(study, tmp_path / "out", scenario=["closed", "free"], species="walker")
    assert list(results) == ["closed", "free"] and list(results["free"]) == ["walker"]
    files = otkel.export(tmp_path / "out", "csv", tmp_path / "lists", scenario="closed")
    assert files and all(path.is_file() for path in files)
