"""One list of hostile names over what people get: every file opens in its reader and says the name as text, not as code."""

from __future__ import annotations

import io
import json
import re
import sqlite3
import sys
import zipfile
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from xml.dom import minidom

import geopandas as gpd
import matplotlib.pyplot as plt
import openpyxl
import pandas as pd
import pypdfium2
import pytest
import yaml
from pyproj import Transformer
from rich.table import Table
from rich.text import Text

import scenarios.outputs.cartography.furniture  # noqa: F401
from rasters.errors import RasterWarning
from rasters.files.confined import fault_of_path
from rasters.plain import HARMFUL, as_meant, no_formula, plain_text
from scenarios.commands.common import tell
from scenarios.comparison.session import run_compare
from scenarios.corridors.session import run_corridor_study
from scenarios.crime.session import run_crime
from scenarios.evidence.session import run_evidence
from scenarios.exit_codes import ExitCode
from scenarios.outputs.exporting import export_results
from scenarios.outputs.field.gpx import _letter
from scenarios.outputs.job import Summary
from scenarios.outputs.kinds import KINDS
from scenarios.outputs.sheets.document import export_sheet
from scenarios.outputs.sheets.plan import SheetRequest
from scenarios.outputs.stored import read_results
from scenarios.passages.session import run_passages
from scenarios.progress import PlainConsole, Reporter
from scenarios.runs.session import run_study
from scenarios.study.load import resolve
from scenarios.uncertainty.session import run_uncertainty_study
from tests.hostile import seeds
from tests.support.hostile import HOSTILE
from tests.support.tiny_study import BORDER, edit, line_km, write_tiny_study

pytestmark = [
    pytest.mark.filterwarnings("ignore:Glyph"),
    pytest.mark.filterwarnings("ignore:.*outside the grid"),
    pytest.mark.filterwarnings("ignore:.*count as no sign of poaching"),
]


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
            "id": [f"b{k}" for k in range(len(lines))],
            "fence_line": "border",
            "name": [names[k % len(names)] for k in range(len(lines))],
            "geometry_status": "schematic",
        },
        geometry=lines,
        crs="EPSG:6933",
    )
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
    edit(study, "scenarios", "closed", "title", value=HOSTILE["mathematics"] + HOSTILE["xml"] + HOSTILE["expression"])
    edit(study, "openings", value=openings())
    spread = {"parameter": "rules.*", "excess": [0.5, 2], "origin": HOSTILE["script"] + HOSTILE["formula"]}
    edit(study, "uncertainty", value={"parameters": [spread]})
    with Reporter(quiet=True) as reporter:
        run_study(str(study), ["closed", "both"], ["walker"], folder / "results", {}, reporter)
        for kind in KINDS.keys() - {"report"}:
            export_results(folder / "results", kind, folder / "out", reporter, audience="restricted")
        request = SheetRequest(passages=("standing",))
        export_sheet(folder / "results", request, folder / "out" / "sheets.pdf", audience="restricted")
        run_passages(
            str(study), "closed", None, folder / "plan", {"portfolio.budget": 2, "portfolio.most": 2}, reporter
        )
        run_corridor_study(str(study), ["closed"], ["walker"], folder / "corridors", {}, reporter)
        run_uncertainty_study(str(study), folder / "uncertainty", reporter, species=["walker"], draws=4)
        run_compare([folder / "results"], folder / "comparison", None, reporter)
        observed(folder / "traps", reporter)
        patrolled(folder / "patrols", reporter)
    return folder


def observed(folder: Path, reporter: Reporter) -> None:
    """Camera traps whose places, sites and comments have hostile names."""
    folder.mkdir()
    seeds.write_camera_traps(folder)
    for name, columns in {"deployments": ("locationID", "cameraID"), "observations": ("observationComments",)}.items():
        table = pd.read_csv(folder / f"{name}.csv", dtype=str, keep_default_na=False)
        for column in columns:
            table[column] = [NAMES[k % len(NAMES)] for k in range(len(table))]
        table.to_csv(folder / f"{name}.csv", index=False)
    run_evidence(str(folder), folder, folder / "out", reporter, ranking=False)


def patrolled(folder: Path, reporter: Reporter) -> None:
    """Patrols whose teams and finds have hostile names."""
    folder.mkdir()
    seeds.write_patrols(folder)
    for name, column in {"patrols": "team", "incidents": "incident_id"}.items():
        table = pd.read_csv(folder / f"{name}.csv", dtype=str, keep_default_na=False)
        table[column] = [
            f"{NAMES[k % len(NAMES)]} {k}" if name == "incidents" else NAMES[k % 3] for k in range(len(table))
        ]
        table.to_csv(folder / f"{name}.csv", index=False)
    run_crime(str(folder), folder, folder / "out", reporter)


NAMES = [
    HOSTILE[k]
    for k in (
        "script",
        "html",
        "formula",
        "at",
        "mathematics",
        "broken_mathematics",
        "template",
        "markup",
        "emoji",
        "path",
    )
]


def openings() -> list[dict[str, object]]:
    """One opening for each hostile name, side by side along the border fence."""
    border = line_km(BORDER)
    to_degrees = Transformer.from_crs("EPSG:6933", "EPSG:4326", always_xy=True)
    spots = [border.interpolate(0.65 + 0.25 * k / len(HOSTILE), normalized=True) for k in range(len(HOSTILE))]
    degrees = [to_degrees.transform(spot.x, spot.y) for spot in spots]
    return [
        {"id": f"o-{k}", "name": name, "fence_line": "border", "design": "wires_out", "lon": lon, "lat": lat}
        for k, (name, (lon, lat)) in enumerate(zip(HOSTILE.values(), degrees, strict=True))
    ]


def is_made(path: Path) -> bool:
    """Whether otkel made it, and not the one who gave the data."""
    return not {"traps", "patrols"} & set(path.parts) or "out" in path.parts


def files(folder: Path, ending: str) -> list[Path]:
    found = [path for path in folder.rglob(f"*.{ending}") if "study" not in path.parts and is_made(path)]
    assert found, ending
    return found


def test_gpx_and_kml_are_xml(results: Path) -> None:
    for path in files(results, "gpx"):
        minidom.parse(str(path))
        assert "US$5 per metre" in path.read_text(encoding="utf-8")
    for path in files(results, "kmz"):
        minidom.parseString(zipfile.ZipFile(path).read("doc.kml"))
    for path in files(results, "qgz"):
        text = zipfile.ZipFile(path).read("project.qgs").decode()
        minidom.parseString(text.encode())
        assert "[%" not in text and "[ % env(" in text, "QGIS computes what stands in [% %]"


def test_layers_say_names_and_styles_are_xml(results: Path) -> None:
    expected = {plain_text(name) for name in HOSTILE.values()}
    for path in files(results / "results", "gpkg"):
        assert expected <= set(gpd.read_file(path, layer="standing_passages")["name"])
    for path in files(results, "gpkg"):
        with sqlite3.connect(path) as base:
            if base.execute("select 1 from sqlite_master where name = 'layer_styles'").fetchone():
                for (style,) in base.execute("select styleQML from layer_styles"):
                    minidom.parseString(style)


def test_sheets_say_names_on_paper_and_in_their_properties(results: Path) -> None:
    document = pypdfium2.PdfDocument(results / "out" / "sheets.pdf")
    words = "\n".join(page.get_textpage().get_text_range() for page in document)
    for key in ("markup", "formula", "mathematics", "broken_mathematics", "expression", "script"):
        assert HOSTILE[key] in words, key
    told = document.get_metadata_dict()
    assert HOSTILE["markup"] in told["Title"] and not HARMFUL.search("".join(told.values()))


def test_a_plan_is_a_scenario_with_the_same_names(results: Path) -> None:
    file = results / "plan" / "scenario.yaml"
    planned = yaml.safe_load(file.read_text(encoding="utf-8"))
    names = [plain_text(name) for name in HOSTILE.values()]
    assert [rule["name"] for rule in planned["set"]["openings"] if rule.get("name")] == names
    study = resolve(str(results / "study"), str(file)).study
    assert [rule.name for rule in study.openings if rule.name] == names


def test_names_come_back_from_results_as_they_were(results: Path) -> None:
    stored = read_results(results / "results")
    run = stored.run("closed", "walker")
    assert {plain_text(name) for name in HOSTILE.values()} <= set(run.standing["name"])


def test_no_name_makes_a_path(results: Path) -> None:
    for path in results.rglob("*"):
        assert not fault_of_path(path.relative_to(results).as_posix())


def test_workbooks_hold_no_formula(results: Path) -> None:
    for path in files(results, "xlsx"):
        book = openpyxl.load_workbook(path)
        cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row]
        assert not [cell.coordinate for cell in cells if cell.data_type == "f" or cell.hyperlink]


def test_lists_for_spreadsheets_hold_no_formula(results: Path) -> None:
    for path in files(results, "csv"):
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


def test_a_text_for_spreadsheets_can_be_read_back() -> None:
    texts = [*HOSTILE.values(), "'", "''=x", "'plain", "", "-1.5", "-"]
    assert [as_meant(no_formula(text)) for text in texts] == texts
    assert [no_formula(text) for text in ("-1.5", "+1e3", "'=x", "=x")] == ["-1.5", "+1e3", "''=x", "'=x"]


def printed(show: Callable[[PlainConsole], object]) -> str:
    console = PlainConsole()
    console.file = io.StringIO()
    console._force_terminal = True
    show(console)
    return console.file.getvalue()


STYLE = re.compile(r"\x1b\[[0-9;]*m")
"""What a console itself writes for bold and colours."""


@pytest.mark.parametrize("name", HOSTILE)
def test_a_console_prints_names_as_text(name: str) -> None:
    table = Table(title=HOSTILE[name])
    table.add_column(HOSTILE[name], no_wrap=True)
    table.add_row(HOSTILE[name], style="bold")
    for thing in (HOSTILE[name], Text(HOSTILE[name], style="bold"), table):
        shown = STYLE.sub("", printed(lambda console, thing=thing: console.print(thing)))
        assert not HARMFUL.search(shown)
        if name in ("markup", "emoji_code", "script", "percent", "expression"):
            assert HOSTILE[name] in shown
    assert "\x1b" not in HARMFUL.sub("", STYLE.sub("", shown))


@pytest.mark.parametrize("name", HOSTILE)
def test_progress_errors_and_warnings_print_names_as_text(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with Reporter(verbose=2) as reporter:
        reporter.console.file = sys.stderr
        reporter.expect(2, HOSTILE[name])
        reporter.step(HOSTILE[name])
        reporter.say(HOSTILE[name])
        reporter._show_warning(RasterWarning(HOSTILE[name]), RasterWarning)
        reporter._progress.console.print(reporter._progress)
        reporter.error(HOSTILE[name])
    shown = capsys.readouterr().err
    assert not HARMFUL.search(STYLE.sub("", shown))
    if name in ("markup", "script", "percent"):
        assert shown.count(HOSTILE[name]) >= 4


def test_json_on_standard_output_is_escaped(capsys: pytest.CaptureFixture[str]) -> None:
    rows = {"names": list(HOSTILE.values())}
    summary = Summary(folder=Path("x"), found=None, seconds=1.0, rows=rows, exit_code=ExitCode.OK)
    with Reporter() as reporter:
        tell(summary, reporter, as_json=True, quiet=False)
    shown = capsys.readouterr().out
    assert not HARMFUL.search(shown) and json.loads(shown)["names"] == rows["names"]


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
