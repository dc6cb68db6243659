"""A liaison who signs maps in two languages: a plan of four passages, as files for a GPS unit, a workbook and a Kazakh sheet.

Steps: 7, one by hand (looking at the sheet). Failed rounds: 0. Before: the plan ended in a table of ids, which no export took as its
subject: a dead end.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import openpyxl
import pypdfium2

from tests.support.journey import Journey
from tests.support.tiny_study import write_tiny_study


def _closer(settings: dict[str, Any]) -> None:
    """Four cheap passages fit into the budget."""
    settings["candidates"] |= {"min_spacing_m": 4000}
    settings["portfolio"] = {"budget": 4}


def test_from_a_plan_of_four_passages_to_gps_workbook_and_a_kazakh_sheet(tmp_path: Path) -> None:
    user = Journey(folder=tmp_path)
    write_tiny_study(tmp_path / "tiny", _closer)

    told = json.loads(user.command("passages", "tiny", "--k", 4, "--out", "plan", "--json").stdout)
    assert len(told["plan"]["items"]) == 4

    user.command("run", "tiny", "--scenario", "plan/scenario.yaml", "--out", "planned")

    user.command("export", "gpx", "planned", "--audience", "restricted", "--out", "field")
    track = ET.parse(next((tmp_path / "field").glob("*.gpx"))).getroot()
    names = [point.findtext("{*}name") or "" for point in track.iter("{http://www.topografix.com/GPX/1/1}wpt")]
    assert [name for name in names if name.startswith("S0")] == ["S01", "S02", "S03", "S04"]

    user.command("export", "xlsx", "planned", "--audience", "restricted", "--lang", "ru", "--out", "field")
    user.command("export", "xlsx", "planned", "--audience", "restricted", "--lang", "kk", "--out", "field")
    books = sorted((tmp_path / "field").glob("*.xlsx"))
    assert len(books) == 2
    heads = [str(cell.value) for row in openpyxl.load_workbook(books[0]).worksheets[0].iter_rows() for cell in row]
    assert (
        sum(head.endswith(", WGS 84") for head in heads) == 4 and sum(head.endswith(", СК-42") for head in heads) == 3
    )

    user.command(
        "export",
        "sheet",
        "planned",
        "--passage",
        "standing",
        "--audience",
        "restricted",
        "--lang",
        "kk",
        "-o",
        "plan.pdf",
    )
    user.does("look at plan.pdf and print it")
    document = pypdfium2.PdfDocument(tmp_path / "plan.pdf")
    pages = [page.get_textpage().get_text_range() for page in document]
    assert len(pages) == 4
    for number, words in enumerate(pages, 1):
        assert f"S{number}" in words and all(word in words for word in ("БЕКІТЕМІН", "КЕЛІСІЛДІ", "Дана №", "қолы"))

    assert len(user.steps) == 7 and not user.failed
