"""From a plan to what is handed out: passages -> scenario -> run -> lists, waypoints and sheets, with the same places in all."""

from __future__ import annotations

import json
from pathlib import Path

import gpxpy
import openpyxl
import pandas as pd
import pypdfium2
import pytest
from typer.testing import CliRunner

from cli import app
from tests.support.tiny_study import write_tiny_study


def otkel(*words: object) -> str:
    done = CliRunner().invoke(app, [str(word) for word in words], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.stdout


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A plan of two passages, the run of its scenario, and its exports."""
    at = tmp_path_factory.mktemp("plan")
    study = write_tiny_study(at / "study")
    summary = otkel("passages", study, "--scenario", "closed", "--budget", 2, "--k", 2, "--out", at / "plan", "--json")
    (at / "plan.json").write_text(summary)
    otkel("run", study, "--scenario", at / "plan" / "scenario.yaml", "--out", at / "run")
    otkel("export", "gpx", at / "run", "--out", at / "field", "--audience", "restricted")
    otkel("export", "xlsx", at / "run", "--out", at / "field", "--lang", "kk", "--audience", "restricted")
    otkel(
        "export",
        "sheet",
        at / "run",
        "--passage",
        "standing",
        "--out",
        at / "sheets.pdf",
        "--lang",
        "kk",
        "--audience",
        "restricted",
    )
    return at


def test_the_run_of_the_plan_gives_back_what_the_plan_says(folder: Path) -> None:
    plan = json.loads((folder / "plan.json").read_text())["plan"]
    assert len(plan["items"]) == 2
    for species, gain in plan["by_species"].items():
        table = pd.read_csv(folder / "run" / "closed-plan" / species / "indicators.csv").set_index("indicator")
        assert table.loc["given_back_conductance_share", "value"] == pytest.approx(gain, rel=1e-6)
        assert table.loc["standing_openings", "value"] == 2


def test_every_product_has_the_planned_passages(folder: Path) -> None:
    listed = pd.read_csv(next((folder / "run" / "closed-plan").glob("*/standing_passages.csv")))
    assert listed["state"].tolist() == ["planned", "planned"]
    (gpx,) = (folder / "field").rglob("*.gpx")
    points = {point.name: point for point in gpxpy.parse(gpx.read_text(encoding="utf-8")).waypoints}
    for row in listed.itertuples():
        point = points[f"S{row.number:02d}"]
        assert (point.longitude, point.latitude) == pytest.approx((row.lon_deg, row.lat_deg), abs=1e-6)
        assert row.name in point.description and "Planned passage" in point.description
    (xlsx,) = (folder / "field").rglob("*.xlsx")
    cells = [[cell.value for cell in row] for row in openpyxl.load_workbook(xlsx).worksheets[0].iter_rows()]
    states = [value for row in cells for value in row if value == "жоспарланған"]
    assert len(states) == 2
    document = pypdfium2.PdfDocument(folder / "sheets.pdf")
    text = [document[page].get_textpage().get_text_range() for page in range(len(document))]
    assert len(text) == 2 and all(f"S{number}" in page for number, page in enumerate(text, start=1))
