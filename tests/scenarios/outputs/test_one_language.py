"""A Russian or Kazakh product holds no Latin word but units, ids, names of files and proper names: every product, as people read it.

What costs most in one of them: what the catalogues themselves say is tested in `test_translate`, for both.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import openpyxl
import pytest

from rasters.errors import OptionError
from scenarios.comparison import figure as comparison_figure
from scenarios.comparison import maps as comparison_maps
from scenarios.comparison.session import run_compare
from scenarios.outputs import map as run_map
from scenarios.outputs.audience import Audience
from scenarios.outputs.exporting import export_results
from scenarios.outputs.field import closeup
from scenarios.outputs.sheets.document import draw_pages, sheet_source
from scenarios.outputs.sheets.plan import SheetRequest
from scenarios.outputs.sheets.subject import subject_of
from scenarios.outputs.stored import read_results
from scenarios.progress import Reporter
from scenarios.runs.session import run_study
from tests.support.browser import launched, opened
from tests.support.said import drawn_words, latin, words_of
from tests.support.spoken_study import write_spoken_study
from tests.support.tokens import drawn_maps

OTHERS = pytest.mark.parametrize("lang", ["ru", "kk"])


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("spoken")
    study = write_spoken_study(folder / "study")
    with Reporter(quiet=True) as reporter:
        run_study(str(study), ["closed", "free"], None, folder / "results", {}, reporter)
    return folder / "results"


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Every text of every figure that is drawn from here on."""
    texts: list[str] = []
    for module, name in (
        (run_map, "save_png"),
        (run_map, "picture_of"),
        (comparison_maps, "save_png"),
        (comparison_figure, "_save"),
    ):
        draw = getattr(module, name)
        monkeypatch.setattr(
            module, name, lambda figure, *rest, do=draw: (texts.extend(drawn_words(figure)), do(figure, *rest))[1]
        )
    figure = closeup.Figure
    monkeypatch.setattr(closeup, "Figure", lambda **look: _Heard(figure(**look), texts))
    with drawn_maps():
        yield texts


class _Heard:
    """A figure that tells its texts when it is saved."""

    def __init__(self, figure: Any, texts: list[str]) -> None:
        self.figure, self.texts = figure, texts

    def __getattr__(self, name: str) -> Any:
        return getattr(self.figure, name)

    def savefig(self, *where: Any, **how: Any) -> None:
        self.texts += drawn_words(self.figure)
        self.figure.savefig(*where, **how)


def export(results: Path, kind: str, out: Path, lang: str, audience: str = "restricted") -> Path:
    with Reporter(quiet=True) as reporter:
        found = export_results(results, kind, out, reporter, audience=audience, lang=lang).found
    return Path(found[0])


def kept(text: str | None) -> Iterator[str]:
    if text and text.strip():
        yield text


def xml_texts(data: bytes, tags: Iterable[str] = (), attributes: Iterable[str] = ()) -> list[str]:
    """Text of elements by their name, and of attributes."""
    found: list[str] = []
    for element in ET.fromstring(data).iter():
        if element.tag.rpartition("}")[2] in tags:
            found += kept(element.text)
        found += [element.attrib[name] for name in attributes if name in element.attrib]
    return found


@OTHERS
def test_gpx(results: Path, tmp_path: Path, lang: str) -> None:
    path = export(results, "gpx", tmp_path, lang)
    texts = xml_texts(path.read_bytes(), ("name", "desc", "cmt", "type"))
    assert len(texts) > 20 and path.stem.endswith(f"_{lang}")
    assert latin(texts) == []


@pytest.mark.parametrize("lang", ["ru"])
def test_kmz_with_its_pictures(results: Path, tmp_path: Path, lang: str, drawn: list[str]) -> None:
    path = export(results, "kmz", tmp_path, lang)
    with zipfile.ZipFile(path) as archive:
        texts = xml_texts(archive.read("doc.kml"), ("name", "description", "value"))
    texts = [words for text in texts for words in words_of(text)]
    assert len(texts) > 50 and len(drawn) > 50
    assert latin(texts) == []
    assert latin(drawn) == []


@OTHERS
def test_workbook(results: Path, tmp_path: Path, lang: str) -> None:
    book = openpyxl.load_workbook(export(results, "xlsx", tmp_path, lang))
    cells = [str(cell.value) for sheet in book for row in sheet for cell in row if isinstance(cell.value, str)]
    assert len(cells) > 100
    assert latin([*cells, *book.sheetnames, book.properties.title, book.properties.description]) == []


@OTHERS
def test_qgis_project(results: Path, tmp_path: Path, lang: str) -> None:
    with zipfile.ZipFile(export(results, "qgis", tmp_path, lang)) as archive:
        data = archive.read("project.qgs")
    texts = xml_texts(
        data, ("title", "abstract", "layername", "TitleLabel", "Label"), ("projectname", "label", "labelText")
    )
    texts += [
        e.attrib["name"]
        for e in ET.fromstring(data).iter()
        if e.tag in ("layer-tree-group", "layer-tree-layer", "Layout") and "name" in e.attrib
    ]
    assert len(texts) > 40
    assert latin(texts) == []


@pytest.mark.parametrize("lang", ["kk"])
def test_maps_of_a_report_and_what_it_opens_in(results: Path, tmp_path: Path, lang: str, drawn: list[str]) -> None:
    page = export(results, "report", tmp_path, lang)
    assert page.parent.name.endswith(f"_{lang}")
    assert len(drawn) > 100
    assert latin(drawn) == []
    with launched() as browser, opened(browser, page, locale="en-GB") as one:
        shown = one.with_map().page
        assert shown.get_attribute("html", "lang") == lang
        read = words_of(shown.content())
        shown.click("#about-open")
        texts = shown.inner_text("body").splitlines()
    assert len(texts) > 60
    assert latin([*texts, *read]) == []


@pytest.mark.parametrize(("lang", "audience"), list(zip(("ru", "kk", "ru"), Audience, strict=True)))
def test_sheets(results: Path, lang: str, audience: Audience) -> None:
    stored = read_results(results)
    source = sheet_source(subject_of(stored, "closed", "all"), stored, audience, lang)
    requests = [SheetRequest()]
    if audience is not Audience.PUBLIC:
        requests += [SheetRequest(passages=("shortlist",)), SheetRequest(fence="border_0", series=True, scale=200_000)]
    texts = [text.words for request in requests for one in draw_pages(source, request)[1] for text in one.page.texts]
    assert len(texts) > 40
    assert latin(texts) == []


@pytest.mark.parametrize("lang", ["ru"])
def test_comparison(results: Path, tmp_path: Path, lang: str, drawn: list[str]) -> None:
    with Reporter(quiet=True) as reporter:
        told = run_compare([results], tmp_path / "out", None, reporter, lang=lang).notes
    texts = words_of((tmp_path / "out" / "index.html").read_text(encoding="utf-8"))
    assert len(texts) > 100 and len(drawn) > 100
    assert latin([*texts, *told]) == []
    assert latin(drawn) == []
    assert not any("-km" in text for text in texts), "passages have names, not ids"


def test_two_languages_of_one_result_lie_side_by_side(results: Path, tmp_path: Path) -> None:
    paths = [export(results, kind, tmp_path, lang) for lang in ("en", "ru", "kk") for kind in ("gpx", "geopackage")]
    assert len({path.name for path in paths}) == 6


@pytest.mark.parametrize("lang", ["ru"])
def test_the_page_of_all_files_of_a_report(results: Path, tmp_path: Path, lang: str) -> None:
    page = export(results, "report", tmp_path, lang).parent / "index.html"
    texts = words_of(page.read_text(encoding="utf-8"))
    assert len(texts) > 300
    assert latin(texts) == []


@pytest.mark.parametrize("kind", ["csv", "geojson"])
def test_a_language_without_words_is_refused(results: Path, tmp_path: Path, kind: str) -> None:
    with pytest.raises(OptionError, match=rf"--lang ru: {kind} speaks en only"):
        export(results, kind, tmp_path, "ru")


def test_what_counts_as_latin() -> None:
    assert (
        latin(["путь 12 км", "WGS 84: 41° с. ш.", "border_0-km0003.5", "40T FK 12 34", "passages.csv", "10 Ом²/км"])
        == []
    )
    assert latin(["path", "путь to цели", "km"]) == ["km", "path", "путь to цели"]
