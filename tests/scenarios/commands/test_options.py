"""Every option of every command: a value that it cannot take ends with exit code 2, and the message names what is wrong."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
import typer
from typer.testing import CliRunner

from cli import app
from scenarios.exit_codes import ExitCode
from scenarios.outputs.sheets.sheet import PAPERS
from tests.support.foreign_files import fence, frame
from tests.support.places import ROOT
from tests.support.tiny_study import write_tiny_study

NEEDS = {
    "--from-km": ("--fence", "border_0"),
    "--to-km": ("--fence", "border_0"),
    "--cell-m": ("--minimal", "--bounds", "55", "42", "57", "44"),
}
"""What must stand beside an option for it to mean anything."""
REQUIRED = {
    "--to": "geojson",
    "--out": "OUT",
    "--matrix": "MATRIX",
    "--radius-km": "3",
    "--year": "2025=closed",
    "--bounds": "55 42 56 43",
}
ARGUMENTS = {
    "study": "STUDY",
    "results": "RESULTS",
    "data": "DATA",
    "evidence": "DATA",
    "job": "JOB",
    "folder": "DATA",
    "lon": "60.5",
    "lat": "41.5",
    "name": "NAME",
    "section": "study",
    "profile": "wild_ass",
    "file": "FILE",
    "source": "STUDY",
}
OF_TEXT = {
    "--indicator": ["no_such", ""],
    "--example": ["no_such", ""],
    "--address": ["nowhere", "x=http://a.b"],
    "--scenario": ["no_such", "", "-1"],
    "--species": ["no_such", ""],
    "--set": [
        "no_such=1",
        "grid.cell_m",
        "=1",
        "grid.cell_m=wide",
        "grid.cell_m=nan",
        "grid.cell_m.x=1",
        "ranking=[",
        "designs={}",
    ],
    "--objective": ["best"],
    "--audience": ["everyone", ""],
    "--lang": ["de", "EN", ""],
    "--paper": ["A5", "a4"],
    "--orientation": ["upright"],
    "--method": ["guess"],
    "--task": ["1", "0/2", "3/2", "a/b", "1/2/3"],
    "--keep": ["nothing"],
    "--scheduler": ["nonsense"],
    "--year": ["2025", "x=closed", "2025=no_such", "99=closed"],
    "--alternative": ["results", "=results", "name="],
    "--passage": ["no_such"],
    "--fence": ["no_such"],
    "--base": ["no_such"],
    "--from": ["no_such", ""],
    "--layer": ["no_such", ""],
    "--map": ["no_such=name", "name=no_such", "name"],
    "--crs": ["no_such", "", "EPSG:0"],
    "--encoding": ["no_such", ""],
    "--geometry-status": ["guessed", ""],
    "--state": ["old", ""],
    "--design": ["no_such", ""],
    "--fence-line": [""],
    "--role": ["both", ""],
    "--origin": [""],
    "--to": ["docx", ""],
    "--only": ["roads", ""],
    "--wdpa-country": ["Kazakhstan", ""],
}
"""Values of words that an option cannot take; options whose value is a path are told of as missing input or unusable folders."""
OF_NUMBERS = ["many", "nan", "1e999", "-1", ""]


def _commands(command: Any, name: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    if not hasattr(command, "commands"):
        yield name, command
        return
    for each in sorted(command.commands):
        yield from _commands(command.commands[each], (*name, each))


def _kind(option: Any) -> type:
    stated = option.type_descriptor.annotation
    return next(iter(get_args(stated)), stated)


def _cases() -> Iterator[Any]:
    for name, command in _commands(typer.main.get_command(app)):
        for option in command.params:
            if option.param_type_name != "option" or option.is_flag or getattr(option, "count", False):
                continue
            flag, kind = option.opts[0], _kind(option)
            bad = OF_NUMBERS if kind in (int, float) else [] if kind is Path else OF_TEXT.get(flag, [])
            if kind is not Path and not bad:
                yield pytest.param(name, flag, None, id=f"{' '.join(name)} {flag}: no bad value is known")
            for value in bad:
                if flag != "--cutoff" or value != "1e999":
                    yield pytest.param(name, flag, value, id=f"{' '.join(name)} {flag} {value}")


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory, small_run: Any) -> dict[str, str]:
    """What stands for the words of `ARGUMENTS`: a study, results, other data."""
    folder = tmp_path_factory.mktemp("options")
    (folder / "matrix.yaml").write_text("scenario: [closed]\n", encoding="utf-8")
    for layer, shape in (("lines", fence()), ("points", fence().centroid), ("areas", fence().buffer(500))):
        frame([shape], name=[layer]).to_file(folder / "mixed.gpkg", layer=layer)
    return {
        "STUDY": str(write_tiny_study(folder / "study")),
        "RESULTS": str(small_run.folder),
        "DATA": str(folder / "none"),
        "JOB": str(folder / "none.ini"),
        "MATRIX": str(folder / "matrix.yaml"),
        "FILE": str(folder / "mixed.gpkg"),
    }


@pytest.mark.parametrize(("name", "flag", "value"), list(_cases()))
def test_a_bad_value_is_wrong_use(
    name: tuple[str, ...], flag: str, value: str | None, places: dict[str, str], tmp_path: Path
) -> None:
    places = places | {"OUT": str(tmp_path / "out"), "NAME": str(tmp_path / "mine")}
    assert value is not None, "an option of text: say in OF_TEXT what it cannot take"
    command = dict(_commands(typer.main.get_command(app)))[name]
    given = [*name]
    for one in command.params:
        if one.param_type_name == "argument" and (one.required or one.name in ("study", "results")):
            word = ARGUMENTS[one.name]
            given.append(places.get(word, word))
        elif one.param_type_name == "option" and one.required and one.opts[0] != flag:
            word = REQUIRED[one.opts[0]]
            given += [one.opts[0], *places.get(word, word).split(" ")]
    done = CliRunner().invoke(app, [*given, *NEEDS.get(flag, ()), f"{flag}={value}"])
    assert done.exit_code == ExitCode.USAGE, done.output[-1500:]
    assert done.stderr.strip() and not done.stdout and "Traceback" not in done.stderr
    assert not Path(places["OUT"]).exists()


def test_the_papers_of_the_option_are_those_of_sheets() -> None:
    option = next(
        one for one in dict(_commands(typer.main.get_command(app)))["export", "sheet"].params if one.name == "paper"
    )
    assert all(option.callback(None, option, paper) == paper for paper in PAPERS)


def completed(words: str, cwd: Path) -> list[str]:
    """What a shell would offer for the last of some words."""
    asked = {"_OTKEL_COMPLETE": "complete_bash", "COMP_WORDS": words, "COMP_CWORD": str(len(words.split(" ")) - 1)}
    program = "import sys; sys.argv = ['otkel']; import cli; cli.app(prog_name='otkel')"
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, **asked, "PYTHONPATH": str(ROOT)},
        cwd=cwd,
        capture_output=True,
        text=True,
        check=False,
    )
    assert not done.stderr, done.stderr
    return done.stdout.split()


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        ("otkel run us", ["ustyurt"]),
        ("otkel run mi", ["mine"]),
        ("otkel species show ar", ["argali"]),
        ("otkel run mine --scenario ", ["closed", "free", "both"]),
        ("otkel passages mine --out x --scenario fr", ["free"]),
        ("otkel run mine --species w", ["walker"]),
        ("otkel batch mi", ["mine"]),
        ("otkel evidence mine data --species d", ["digger"]),
        ("otkel run nowhere --scenario ", []),
        ("otkel export gpx results --scenario o", ["opened"]),
        ("otkel export gpx results --species wa", ["walker"]),
        ("otkel export sheet results --lang ", ["en", "ru", "kk"]),
        ("otkel crime mine data --audience p", ["partner", "public"]),
    ],
)
def test_shells_complete_names(words: str, offered: list[str], tmp_path: Path, small_run: Any) -> None:
    write_tiny_study(tmp_path / "mine")
    (tmp_path / "results").symlink_to(small_run.folder)
    assert completed(words, tmp_path) == offered
