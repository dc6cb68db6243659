"""`otkel new`: what is said or answered becomes a study that can be checked; what is missing is one message; nothing is half-written."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import otkel
import pytest
import rasterio
import shapely
from affine import Affine
from shapely import LineString
from typer.testing import CliRunner

from cli import app
from rasters.errors import OptionError
from scenarios.progress import Reporter
from scenarios.runs.check import check_study
from scenarios.study.load import resolve
from tests.support.foreign_files import geojson

QUIET = Reporter(quiet=True)
BOUNDS = (56.0, 42.0, 56.6, 42.5)
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning", "ignore::RuntimeWarning")


def ground(folder: Path) -> dict[str, Path]:
    """Relief and land cover that cover the bounds and more."""
    rng, place = np.random.default_rng(2), Affine(0.005, 0, 55.5, 0, -0.005, 42.9)
    heights = (200 + 80 * rng.random((260, 320))).astype(np.float32)
    layers = {"dem": heights, "landcover": np.full((260, 320), 30, np.uint8)}
    for name, values in layers.items():
        with rasterio.open(
            folder / f"{name}.tif",
            "w",
            driver="GTiff",
            width=320,
            height=260,
            count=1,
            dtype=values.dtype,
            crs="EPSG:4326",
            transform=place,
        ) as file:
            file.write(values, 1)
    return {name: folder / f"{name}.tif" for name in layers}


def files(folder: Path) -> dict[str, Path]:
    areas = [shapely.box(56.1, 42.05, 56.3, 42.15), shapely.box(56.2, 42.35, 56.4, 42.45)]
    return {
        "fences": geojson("ограда.geojson", [LineString([(55.9, 42.25), (56.7, 42.26)])], name=["Ограда"])(folder),
        "cores": geojson("cores.geojson", areas, name=["South", "North"])(folder),
        "reserves": geojson("reserves.geojson", areas[:1], name=["South"])(folder),
        "passages": geojson("gates.geojson", [shapely.Point(56.25, 42.2544)], name=["Gate"])(folder),
    }


def test_everything_as_options_gives_a_study_that_passes(tmp_path: Path) -> None:
    given = ground(tmp_path) | files(tmp_path)
    begun = otkel.new(
        tmp_path / "mine",
        bounds=BOUNDS,
        cell_m=1000,
        species="urial",
        move_from="south",
        move_to="north",
        state="existing",
        geometry_status="digitised",
        **given,
    )
    study = resolve(str(tmp_path / "mine")).study
    assert study.routes["urial"].origin == ["south"] and study.routes["urial"].targets == ["north"]
    assert study.fences.active == ["ograda"] and study.fences.coverage == "partial"
    assert [rule.id for rule in study.openings] == ["gate"] and study.layers["reserve"].derive == "burn"
    assert [one.kind for one in begun.imported] == ["fences", "cores", "reserves", "passages"] and not begun.missing
    report = check_study(str(tmp_path / "mine"), None, {}, QUIET)
    assert report.passed, [one.text for one in report.findings if not one.passed]


def test_without_a_terminal_one_error_names_what_is_missing(tmp_path: Path) -> None:
    ran = CliRunner().invoke(app, ["new", str(tmp_path / "mine")])
    said = " ".join(ran.stderr.split())
    assert ran.exit_code == 2 and not (tmp_path / "mine").exists()
    for option in ("--bounds", "--area", "--example", "--dem", "--landcover", "--species", "--public"):
        assert option in said


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"dem": "dem"}, "--landcover: relief and land cover go together"),
        ({"species": ["urial"]}, "--species: needs relief and land cover"),
        ({"public": True}, "--species: say which; choose of "),
        ({"public": True, "species": ["unicorn"]}, "unknown species 'unicorn'"),
        ({"area": "cores"}, "--area: give it or --bounds"),
        ({"passages": "passages"}, "--passages: needs --fences"),
        ({"move_from": ["south"]}, "--from and --to: name places of --cores"),
        ({"cores": "cores", "move_from": ["sauth"]}, "--from: unknown place 'sauth'; did you mean 'south'"),
        ({"cores": "cores", "move_from": ["south"]}, "--to: routes need both"),
        ({"fences": "cores"}, "holds nothing that fences are made of"),
        ({"example": "ustyurt"}, "--example: copies a study as it is"),
    ],
)
def test_what_does_not_go_together_leaves_nothing(options: dict[str, Any], said: str, tmp_path: Path) -> None:
    there = ground(tmp_path) | files(tmp_path)
    given = {
        key: there[value] if isinstance(value, str) and value in there else value for key, value in options.items()
    }
    with pytest.raises((OptionError, otkel.errors.DataError), match=said):
        otkel.new(tmp_path / "mine", bounds=BOUNDS, **given)
    assert not (tmp_path / "mine").exists()


def test_a_template_takes_files_too_and_says_what_is_missing(tmp_path: Path) -> None:
    given = files(tmp_path)
    del given["reserves"], given["passages"]
    begun = otkel.new(tmp_path / "mine", bounds=BOUNDS, move_from="south", move_to="north", **given)
    assert begun.missing == ("data/dem.tif", "data/landcover.tif")
    found = check_study(str(tmp_path / "mine"), None, {}, QUIET)
    assert {one.check for one in found.findings if not one.passed} == {"layer elevation", "layer landcover"}


def test_questions_at_a_terminal_end_in_the_same_study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given = files(tmp_path) | ground(tmp_path)
    answers = iter(
        [
            "56 42 56.6 42.5",
            "2",
            str(given["dem"]),
            str(given["landcover"]),
            "urial",
            str(given["fences"]),
            str(given["cores"]),
            "",
            "",
            "field book",
            "surveyed",
            "border",
            "field book",
            "digitised",
            "south",
            "north",
        ]
    )
    monkeypatch.setattr(Reporter, "asks", True)
    monkeypatch.setattr(Reporter, "ask", lambda self, question: next(answers))
    ran = CliRunner().invoke(app, ["new", str(tmp_path / "mine"), "--cell-m", "1000"])
    assert ran.exit_code == 0, ran.output
    assert ran.stdout.splitlines()[-1] == f"then: otkel check {tmp_path / 'mine'}"
    study = resolve(str(tmp_path / "mine")).study
    assert study.fences.active == ["border"] and study.routes["urial"].targets == ["north"]
    assert list(answers) == []
