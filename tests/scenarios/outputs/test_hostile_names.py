"""One list of hostile names over what people get: every file opens in its reader and says the name as text, not as code."""

from __future__ import annotations

import io
import json
import zipfile
from html.parser import HTMLParser
from pathlib import Path
from xml.dom import minidom

import geopandas as gpd
import matplotlib.pyplot as plt
import openpyxl
import pandas as pd
import pytest

import scenarios.outputs.cartography.furniture  # noqa: F401
from rasters.plain import HARMFUL, plain_text
from scenarios.outputs.exporting import export_results
from scenarios.outputs.field.gpx import _letter
from scenarios.outputs.kinds import KINDS
from scenarios.progress import Reporter
from scenarios.runs.session import run_study
from tests.support.hostile import HOSTILE
from tests.support.tiny_study import BORDER, edit, line_km, write_tiny_study

pytestmark = [pytest.mark.filterwarnings("ignore:Glyph"), pytest.mark.filterwarnings("ignore:.*outside the grid")]


@pytest.fixture(scope="module")
def results(tmp_path_factory) -> Path:
    """A study in which everything that has a name for people has hostile ones."""
    folder = tmp_path_factory.mktemp("hostile")
    study = write_tiny_study(folder / "study")
    names = list(HOSTILE.values())
    pieces = line_km(BORDER).segmentize(2500.0).coords
    lines = [line_km([(0, 0), (1, 1)]).__class__(pieces[k : k + 2]) for k in range(len(pieces) - 1)]
    frame = gpd.GeoDataFrame(
        {
            "id": [f"b{k}" for k in range(len(lines))], "fence_line": "border",
            "name": [names[k % len(names)] for k in range(len(lines))], "geometry_status": "schematic",
        },
        geometry=lines, crs="EPSG:6933",
    )  # fmt: skip
    inner = gpd.read_file(study / "fences.gpkg").query("fence_line == 'inner'")
    pd.concat([frame, inner]).to_file(study / "fences.gpkg", layer="fences", driver="GPKG")
    regions = gpd.read_file(study / "regions.gpkg")
    regions["name_en"] = [HOSTILE[k] for k in ("script", "formula", "mathematics", "escape")]
    regions.to_file(study / "regions.gpkg", layer="regions", driver="GPKG")

    edit(
        study,
        "title",
        value=" ".join(HOSTILE[k] for k in ("script", "broken_mathematics", "markup", "escape", "emoji")),
    )
    edit(study, "scenarios", "closed", "title", value=HOSTILE["mathematics"] + HOSTILE["xml"])
    with Reporter(quiet=True) as reporter:
        run_study(str(study), ["closed"], ["walker"], folder / "results", {}, reporter)
        for kind in KINDS.keys() - {"report"}:
            export_results(folder / "results", kind, folder / "out", reporter, audience="restricted")
    return folder


def files(folder: Path, ending: str) -> list[Path]:
    found = [path for path in folder.rglob(f"*.{ending}") if "study" not in path.parts]
    assert found, ending
    return found


def test_gpx_and_kml_are_xml(results: Path) -> None:
    for path in files(results, "gpx"):
        minidom.parse(str(path))
        assert "US$5 per metre" in path.read_text(encoding="utf-8")
    for path in files(results, "kmz"):
        minidom.parseString(zipfile.ZipFile(path).read("doc.kml"))
    for path in results.rglob("*.qgs"):
        minidom.parse(str(path))


def test_workbooks_hold_no_formula(results: Path) -> None:
    for path in files(results, "xlsx"):
        book = openpyxl.load_workbook(path)
        cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row]
        assert not [cell.coordinate for cell in cells if cell.data_type == "f" or cell.hyperlink]


def test_lists_for_spreadsheets_hold_no_formula(results: Path) -> None:
    for path in files(results / "out", "csv"):
        table = pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8-sig")
        words = [value for column in table for value in table[column] if not _is_number(value)]
        assert not [value for value in words if value[:1] in ("=", "+", "-", "@", "\t", "\r")]


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.handlers: list[str] = []
        self.scripts: list[str] = []
        self.inside = False

    def handle_starttag(self, tag, attributes) -> None:
        self.handlers += [name for name, value in attributes if name == "onerror" and "alert(1)" in (value or "")]
        self.inside = tag == "script"

    def handle_data(self, data: str) -> None:
        if self.inside:
            self.scripts.append(data)

    def handle_endtag(self, tag) -> None:
        self.inside = False


def test_pages_run_nothing_of_a_name(results: Path) -> None:
    for path in files(results, "html"):
        page = _Tags()
        page.feed(path.read_text(encoding="utf-8"))
        assert not page.handlers, path
        assert not [text for text in page.scripts if text.strip() == "alert(1)"], path


def test_tables_and_layers_hold_no_control_characters(results: Path) -> None:
    for path in [*files(results, "csv"), *files(results, "json")]:
        text = path.read_text(encoding="utf-8")
        assert not HARMFUL.search(text), path
        if path.suffix == ".json":
            json.loads(text)


def test_a_name_is_no_formula_of_a_figure() -> None:
    figure, axes = plt.subplots()
    for name in HOSTILE.values():
        axes.set_title(plain_text(name)[:60])
        figure.savefig(io.BytesIO(), format="svg")
    plt.close(figure)


@pytest.mark.parametrize("name", HOSTILE)
def test_plain_text_keeps_what_can_be_shown(name: str) -> None:
    text = plain_text(HOSTILE[name])
    assert len(text) == len(HOSTILE[name]) and not HARMFUL.search(text)
    minidom.parseString(f"<a><![CDATA[{text.replace(']]>', '')}]]></a>".encode())


def test_letters_go_on_after_zz() -> None:
    letters = [_letter(k) for k in range(20_000)]
    assert [letters[k] for k in (0, 25, 26, 701, 702, 18_277, 18_278)] == ["A", "Z", "AA", "ZZ", "AAA", "ZZZ", "AAAA"]
    assert len(set(letters)) == len(letters)
