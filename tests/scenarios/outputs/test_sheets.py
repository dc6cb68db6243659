"""What sheets say and to whom: which pages a request gives, what each audience may see, words in three languages."""

from __future__ import annotations

import ast
import json
import re
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pypdfium2
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

import scenarios.outputs.sheets as package
from cli import app
from rasters.errors import ConfigError
from scenarios.model.results import own_numbers, shortlist
from scenarios.outputs.audience import Audience, badge
from scenarios.outputs.job import Summary
from scenarios.outputs.kinds import KINDS, Export
from scenarios.outputs.release import Release
from scenarios.outputs.report.payload import Contents
from scenarios.outputs.sheets.countries import country_at
from scenarios.outputs.sheets.features import FENCE, smoothed
from scenarios.outputs.sheets.frame import round_scale_above
from scenarios.outputs.sheets.gridlines import split_kilometres
from scenarios.outputs.sheets.ground import _picture, _Pixels
from scenarios.outputs.sheets.page import INK, Box, Page, text_width
from scenarios.outputs.sheets.placing import Board
from scenarios.outputs.sheets.series import divided
from scenarios.outputs.sheets.sheet import _draw_subtitle
from scenarios.outputs.stored import read_results
from scenarios.outputs.translate import language
from tests.support.sheet_maker import drawn, source_of, winding_run


@pytest.fixture(scope="module")
def run() -> Release:
    return winding_run()


@pytest.fixture(scope="module")
def results(small_run: Summary[Contents]) -> Path:
    return small_run.folder


def words_of(path: Path) -> str:
    return "\n".join(page.get_textpage().get_text_range() for page in pypdfium2.PdfDocument(path))


def export(results: Path, out: Path, *options: str) -> tuple[int, dict[str, object], str]:
    done = CliRunner().invoke(app, ["export", "sheet", str(results), "-o", str(out), "--json", *options])
    return done.exit_code, json.loads(done.stdout) if done.exit_code == 0 else {}, done.stderr


def test_the_default_is_an_overview_for_the_public(results: Path, tmp_path: Path) -> None:
    code, told, _ = export(results, tmp_path / "a.pdf")
    assert (code, told["audience"], len(told["pages"])) == (0, "public", 1)  # type: ignore[arg-type]
    words = words_of(tmp_path / "a.pdf")
    assert badge(Audience.PUBLIC) in words
    assert "SK-42 X" not in words and "MGRS (WGS 84)" not in words and "wires out" not in words


def test_close_ups_are_for_partners_unless_full_precision_is_asked_for(results: Path, tmp_path: Path) -> None:
    code, told, _ = export(results, tmp_path / "b.pdf", "--passage", "1")
    assert (code, told["audience"], told["scale"]) == (0, "partner", 200_000)
    words = words_of(tmp_path / "b.pdf")
    assert badge(Audience.PARTNER) in words and re.search(r"\d\d\.\d\d\u00b0N", words) and '"N' not in words
    code, told, _ = export(
        results, tmp_path / "c.pdf", "--passage", "1", "--audience", "restricted", "--species", "walker"
    )
    assert (code, told["scale"]) == (0, 50_000)
    words = words_of(tmp_path / "c.pdf")
    assert badge(Audience.RESTRICTED) in words and re.search(r"\d\d\u00b0\d\d'\d\d\.\d\"N", words)


def test_every_page_of_a_restricted_series_is_marked_and_can_be_traced(results: Path, tmp_path: Path) -> None:
    options = ("--fence", "border_0", "--series", "--audience", "restricted", "--scale", "50000")
    code, told, _ = export(results, tmp_path / "d.pdf", *options)
    document = pypdfium2.PdfDocument(tmp_path / "d.pdf")
    assert code == 0 and len(document) == len(told["pages"]) > 3  # type: ignore[arg-type]
    for page in document:
        words = page.get_textpage().get_text_range()
        assert badge(Audience.RESTRICTED) in words and "manifest sha256" in words and "SCHEMATIC" in words
    assert next(mark.get_title() for mark in document.get_toc()).startswith("Index of sheets")
    assert len(list(document.get_toc())) == len(document)
    assert "restricted: full precision" in document.get_metadata_dict()["Subject"]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--passage", "1", "--audience", "public"), "the public gets the overview only"),
        (("--audience", "public", "--scale", "500000"), "the public's overview is 1 : 2,000,000"),
        (("--passage", "9999"), "no such passage"),
        (("--fence", "nowhere"), "unknown fence 'nowhere'; choose one of border_0"),
        (("--fence", "border_0", "--from-km", "30", "--to-km", "20"), "the smaller kilometre first"),
        (("--series",), "need --fence"),
        (("--fence", "border_0", "--scale", "12345"), "round denominator"),
        (("--fence", "border_0", "--scale", "25000"), "does not fit"),
        (("--paper", "A0"), "choose one of A4, A3"),
        (("--orientation", "upside-down"), "choose one of landscape, portrait"),
        (("--lang", "fr"), "choose one of en, ru, kk"),
        (("--species", "yeti"), "closed has walker, digger; or all"),
        (("--scenario", "never"), "has closed"),
        (("--passage", "1", "--fence", "border_0"), "not for both"),
    ],
)
def test_what_cannot_be_is_said_and_nothing_is_written(
    results: Path, tmp_path: Path, options: tuple[str, ...], said: str
) -> None:
    code, _, told = export(results, tmp_path / "e.pdf", *options)
    assert code == 2 and said in " ".join(told.split())
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("lang", "heads"), [("ru", "Составил СОГЛАСОВАНО УТВЕРЖДАЮ"), ("kk", "Құрастырған КЕЛІСІЛДІ БЕКІТЕМІН")]
)
def test_who_answers_for_a_sheet_stands_on_every_page_but_the_publics(run: Release, lang: str, heads: str) -> None:
    for audience in Audience:
        source = source_of(run, lang, audience)
        _, pages = drawn(source) if audience is Audience.PUBLIC else drawn(source, passages=("shortlist",))
        for page in pages:
            there = {text.words for text in page.page.texts}
            wanted = {*heads.split(), source.say("Copy No."), source.say("signature"), source.say("position, rank")}
            assert wanted <= there if audience is not Audience.PUBLIC else not wanted & there


def test_partners_sheets_state_the_day_and_a_hash_of_what_they_show(results: Path, tmp_path: Path) -> None:
    lines = {}
    for name, options in {"one": (), "again": (), "species": ("--species", "walker")}.items():
        assert export(results, tmp_path / f"{name}.pdf", "--passage", "1", *options)[0] == 0
        words = words_of(tmp_path / f"{name}.pdf")
        assert (
            re.search(r"20\d\d-\d\d-\d\d\s+·\s+content sha256 [0-9a-f]{16}", words) and "manifest sha256" not in words
        )
        lines[name] = words[words.index("content sha256") :].split("\n")[0].strip()
    assert lines["one"] == lines["again"] != lines["species"]


def test_sheets_show_waters_roads_and_settlements_in_their_language(results: Path, tmp_path: Path) -> None:
    said = {}
    for lang in ("en", "ru", "kk"):
        assert export(results, tmp_path / f"{lang}.pdf", "--passage", "shortlist", "--lang", lang)[0] == 0
        said[lang] = words_of(tmp_path / f"{lang}.pdf")
    assert all(word in said["en"] for word in ("Well", "road", "settlement", "water"))
    assert all(word in said["ru"] for word in ("Колодец", "дорога", "населённый пункт"))
    assert all(word in said["kk"] for word in ("Well", "елді мекен"))
    assert "Elsewhere" not in said["en"] and len(read_results(results).around["settlements"]) == 1


def test_a_path_through_cells_is_drawn_smooth_between_the_same_ends() -> None:
    steps = np.repeat(np.arange(30), 2)
    stairs = shapely.LineString(1000.0 * np.column_stack([steps[1:], steps[:-1]]))
    drawn_as = smoothed(stairs, 1000.0)
    assert shapely.get_coordinates(drawn_as)[[0, -1]] == pytest.approx(shapely.get_coordinates(stairs)[[0, -1]])
    assert drawn_as.length < 0.75 * stairs.length and shapely.hausdorff_distance(drawn_as, stairs) < 800.0


def test_paths_are_not_drawn_where_they_would_be_the_cells_course(run: Release) -> None:
    for scale, drawn_there in ((50_000, False), (200_000, True)):
        _, pages = drawn(source_of(run), passages=("1",), scale=scale)
        said = " ".join(t.words for t in pages[0].page.texts)
        assert ("Modelled paths are not drawn" not in said) is drawn_there


def test_relief_is_light_enough_for_dark_and_red_letters(run: Release) -> None:
    """Contrast of WCAG 2.1 on the steepest shaded slope of the highest land: 7 for text, 4.5 for a fence's red."""
    heights, shade = np.full((40, 40), 3000.0), np.full((40, 40), 0.6)
    pixels = _Pixels(x=np.arange(9.0), y=np.arange(9.0), row=np.full((9, 9), 20.0), col=np.full((9, 9), 20.0))
    ground = _luminance(_picture(pixels, heights, shade)[4, 4] / 255.0)
    for colour, least in ((INK, 7.0), (FENCE, 4.5)):
        ink = _luminance(np.array([int(colour[n : n + 2], 16) for n in (1, 3, 5)]) / 255.0)
        assert (ground + 0.05) / (ink + 0.05) >= least


def _luminance(rgb: np.ndarray) -> float:
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    return float(linear @ (0.2126, 0.7152, 0.0722))


def test_public_pages_do_not_depend_on_passages_at_all(run: Release) -> None:
    """Other passages, paths and gains give the same file, byte for byte: nothing of them can be read from it."""
    others = replace(
        run,
        ranking=run.ranking.assign(x=0.0, y=0.0, along_m=1.0, candidate="elsewhere", width_m=99.0),
        paths=run.paths[:0],
        profile=run.profile.assign(gain_ohm2=run.profile["gain_ohm2"].to_numpy()[::-1]),
    )
    files = [drawn(source_of(one, audience=Audience.PUBLIC)) for one in (run, others)]
    assert files[0][0] == files[1][0]
    text = " ".join(t.words for t in files[0][1][0].page.texts)
    assert "passages and routes are not shown to the public" in text
    assert "proposed passage" not in text and "other places" not in text


def test_partners_pages_do_not_depend_on_where_in_its_kilometre_a_passage_lies(run: Release) -> None:
    moved = run.ranking.assign(along_m=np.floor(run.ranking["along_m"] / 1000.0) * 1000.0 + 777.0)
    assert not np.allclose(moved["along_m"], run.ranking["along_m"])
    by_id = {fence.id: fence for fence in run.cuts.fences}
    spots = [by_id[fence].point_at(along) for fence, along in zip(moved["fence"], moved["along_m"], strict=True)]
    elsewhere = replace(run, ranking=moved.assign(x=[p.x for p in spots], y=[p.y for p in spots]))
    request = {"fence": "inner", "from_km": 0, "to_km": 50}
    partner, restricted = (
        [drawn(source_of(one, audience=audience), **request)[0] for one in (run, elsewhere)]
        for audience in (Audience.PARTNER, Audience.RESTRICTED)
    )
    assert partner[0] == partner[1] and restricted[0] != restricted[1]


def test_a_series_covers_its_stretch_with_overlap_and_every_piece_is_on_its_map(run: Release) -> None:
    source, fence = source_of(run), run.cuts.fences[0]
    _, pages = drawn(source, fence="wall_a_b", from_km=3, to_km=70, series=True, orientation="landscape")
    sections = divided(source, fence, 3_000.0, 70_000.0, 100_000, pages[1].frame.box)
    assert sections[0].start_m == 3_000.0 and sections[-1].end_m == pytest.approx(70_000.0)
    assert len(sections) > 2
    for before, after in pairwise(sections):
        assert before.start_m < after.start_m < before.end_m < after.end_m
    for section, page in zip(sections, pages[1:], strict=True):
        along = np.linspace(section.start_m, section.end_m, 50)
        spots = np.array([[fence.point_at(float(v)).x, fence.point_at(float(v)).y] for v in along])
        at = page.frame.paper_xy(spots[:, 0], spots[:, 1])
        inner = page.frame.box.grown(-5.0)
        assert ((at > (inner.left, inner.bottom)) & (at < (inner.right, inner.top))).all()


def test_a_series_of_too_many_sheets_is_refused(run: Release, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scenarios.outputs.sheets.series.MOST_SHEETS", 3)
    with pytest.raises(ConfigError, match="choose a smaller scale \\(--scale 100000\\)"):
        drawn(source_of(run), fence="wall_a_b", series=True, scale=50_000)


def test_neighbours_are_named_on_the_side_where_they_lie(run: Release) -> None:
    _, pages = drawn(source_of(run), fence="inner", from_km=0, to_km=55, series=True, orientation="landscape")
    first, second = pages[1], pages[2]
    box = first.frame.box
    east = [t.box for t in first.page.texts if t.words == "sheet 2 \u25b6"]
    assert len(east) == 1 and east[0].left > box.left + 0.9 * box.width
    west = [t.box for t in second.page.texts if t.words == "\u25c0 sheet 1"]
    assert len(west) == 1 and west[0].right < box.left + 0.1 * box.width


def test_an_index_leads_to_its_sheets(run: Release) -> None:
    pdf, pages = drawn(source_of(run), fence="inner", series=True)
    links = [a for a in _annotations(pdf) if a["/Subtype"] == "/Link"]
    assert len(links) == 2 * (len(pages) - 1)


def _annotations(pdf: bytes) -> list[dict[str, object]]:
    import io

    from pypdf import PdfReader

    return [a.get_object() for a in PdfReader(io.BytesIO(pdf)).pages[0]["/Annots"]]  # type: ignore[union-attr]


def test_a_passage_is_found_by_its_number_rank_or_id(run: Release) -> None:
    spread = replace(run, ranking=own_numbers(run.ranking.assign(selected=run.ranking["rank"].isin([1, 5, 9]))))
    source = source_of(spread)
    second = source.best[1]
    assert second.label == "2" and source.passage("2") == second == source.passage("#5") == source.passage(
        second.candidate
    )
    assert source.passage("#2").label == "#2" and source.passage("7").label == "#7"
    with pytest.raises(ConfigError, match="a number on the maps, as 1, 2, 3, a rank from #1 to #"):
        source.passage("#9999")


def test_a_sheet_without_passages_says_so(run: Release) -> None:
    bare = replace(run, ranking=run.ranking.assign(selected=False))
    _, pages = drawn(source_of(bare), fence="inner", series=True)
    assert all("No numbered passage lies on this sheet." in {t.words for t in p.page.texts} for p in pages[1:])


@pytest.mark.parametrize(
    ("along_m", "words"), [(-0.01, "0"), (0.0, "0"), (-40.0, "0"), (12_000.0, "12"), (96_500.0, "96.5")]
)
def test_kilometres_are_whole_where_they_can_be_and_nought_has_no_sign(
    run: Release, along_m: float, words: str
) -> None:
    assert source_of(run).km(along_m) == words


def test_contours_only_where_cells_are_small_on_paper(run: Release) -> None:
    said = {}
    for scale in (50_000, 200_000):
        _, pages = drawn(source_of(run), passages=("1",), scale=scale)
        said[scale] = " ".join(t.words for t in pages[0].page.texts)
    assert "No contours at this scale" in said[50_000] and "contours every" not in said[50_000]
    assert "contours every" in said[200_000] and "Relief from cells of 1 km" in said[200_000]


def test_a_run_without_elevation_borders_and_fences_still_makes_an_overview(run: Release) -> None:
    bare = replace(run, layers={})
    source = replace(source_of(bare), borders=None)
    pdf, pages = drawn(source, paper="A3")
    assert pdf.startswith(b"%PDF") and pages[0].frame.projection.zone is not None


def test_every_message_has_russian_and_kazakh() -> None:
    folder = Path(package.__file__).parent
    messages = {word for file in folder.glob("*.py") for word in _said(ast.parse(file.read_text(encoding="utf-8")))}
    assert len(messages) > 40
    same = {"{fence}, km {start}\u2013{end}"}
    for lang, letters in (("ru", "а-яёА-ЯЁ"), ("kk", "а-яәғқңөұүһіА-ЯӘҒҚҢӨҰҮҺІ")):
        say = language(lang)
        for message in messages | {badge(audience) for audience in Audience}:
            assert say(message) != message or message in same, (lang, message)
            assert re.search(f"[{letters}№]", say(message)) or message in same, (lang, message)
            assert sorted(re.findall(r"\{\w+\}", say(message))) == sorted(re.findall(r"\{\w+\}", message)), (
                lang,
                message,
            )


def _said(tree: ast.AST) -> list[str]:
    calls = [n for n in ast.walk(tree) if isinstance(n, ast.Call) and n.args and isinstance(n.args[0], ast.Constant)]
    named = [c for c in calls if getattr(c.func, "id", getattr(c.func, "attr", "")) == "say"]
    return [str(c.args[0].value) for c in named]  # type: ignore[attr-defined]


@settings(max_examples=40, deadline=None)
@given(
    points=st.lists(st.tuples(st.floats(0, 100), st.floats(0, 80), st.floats(1, 30)), min_size=1, max_size=40),
    gap=st.floats(0.0, 1.0),
)
def test_labels_never_meet(points: list[tuple[float, float, float]], gap: float) -> None:
    board = Board(Box(0, 0, 100, 80), np.array([[x, y] for x, y, _ in points]))
    spots = [board.place(x, y, width, 3.0, (1.0, 3.0, 8.0), gap) for x, y, width in points]
    boxes = [spot.box for spot in spots if spot is not None]
    assert all(board.frame.holds(box) for box in boxes)
    assert not any(
        a.grown(gap / 2 - 1e-9).meets(b.grown(gap / 2 - 1e-9)) for n, a in enumerate(boxes) for b in boxes[:n]
    )


def test_an_empty_board_takes_the_nearest_place() -> None:
    spot = Board(Box(0, 0, 100, 80), np.empty((0, 2))).place(50.0, 40.0, 10.0, 4.0, (2.0, 9.0))
    assert spot is not None and spot.distance == 2.0


def test_countries_change_at_borders_and_nowhere_else() -> None:
    border = [
        (shapely.LineString([(0, 0), (100, 0)]), ("KZ", "TM")),
        (shapely.LineString([(50, -90), (50, 0)]), ("TM", "UZ")),
    ]
    north, south, east = shapely.Point(20, 10), shapely.Point(22, -10), shapely.Point(80, -10)
    assert country_at("KZ", north, shapely.Point(90, 30), border) == "KZ"
    assert country_at("KZ", north, south, border) == "TM"
    assert country_at("KZ", north, shapely.Point(30, -40), border) == "TM"
    assert country_at("TM", south, east, border) == "UZ"
    assert country_at("UZ", south, north, border) is None


def test_country_names_stand_on_their_own_side(run: Release) -> None:
    _, pages = drawn(source_of(run), fence="wall_a_b", from_km=20, to_km=50)
    frame = pages[0].frame
    fence = frame.on_paper(run.cuts.fences[0].line)
    found = {t.words: t.box for t in pages[0].page.texts if t.words in ("KAZAKHSTAN", "TURKMENISTAN")}
    assert len(found) == 2 and not fence.is_empty
    assert found["KAZAKHSTAN"].bottom > found["TURKMENISTAN"].bottom


@pytest.mark.parametrize(("kilometres", "parts"), [(4573, ("45", "73")), (10385, ("103", "85")), (9500, ("95", "00"))])
def test_grid_labels_are_split_as_maps_print_them(kilometres: int, parts: tuple[str, str]) -> None:
    assert split_kilometres(kilometres) == parts


@given(st.floats(1e4, 9e6))
def test_scales_are_rounded_upwards_to_round_figures(least: float) -> None:
    scale = round_scale_above(least)
    assert least * (1 - 1e-9) <= scale <= 1.51 * least
    assert float(f"{scale:.1e}") == pytest.approx(scale)


def test_texts_remember_the_box_that_the_font_gives() -> None:
    """Width by reportlab's own metrics; half as wide at half the size; turned text stands upright."""
    import io

    from reportlab.pdfgen.canvas import Canvas

    page = Page(Canvas(io.BytesIO()), 100, 100)
    whole = page.text(50, 50, "Үстірт", size=10, anchor="middle")
    half = page.text(50, 20, "Үстірт", size=5)
    upright = page.text(10, 10, "Үстірт", size=10, turned=True)
    assert whole.width == pytest.approx(2 * half.width) and whole.left == pytest.approx(50 - whole.width / 2)
    assert upright.height == pytest.approx(whole.width) and upright.width == pytest.approx(whole.height)


def test_unknown_audience_is_named(results: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="choose one of restricted, partner, public"):
        from scenarios.outputs.sheets.document import export_sheet
        from scenarios.outputs.sheets.plan import SheetRequest

        export_sheet(results, SheetRequest(), tmp_path / "f.pdf", audience="everyone")


def test_export_all_writes_sheets_too(results: Path, tmp_path: Path) -> None:
    stored = read_results(results)
    for audience, name in ((Audience.PARTNER, "partner"), (Audience.PUBLIC, "public")):
        asked = Export(
            results=stored,
            scenario="closed",
            species=("walker",),
            audience=audience,
            lang="kk",
            out=tmp_path,
            content=lambda: None,
        )  # type: ignore[arg-type, return-value]
        (path,) = KINDS["sheet"].write(asked)
        best = shortlist(stored.run("closed", "walker").ranking)
        assert path.name == f"tiny_closed_walker_{name}_sheets_kk.pdf"
        assert len(pypdfium2.PdfDocument(path)) == (len(best) if audience is Audience.PARTNER else 1)


@pytest.mark.parametrize(
    "words",
    ["Short", "A study of a long name, from one country to the other - A scenario of a long name - All species"],
)
def test_a_long_subtitle_beside_the_mark_stays_readable(words: str) -> None:
    """At least 6 points high, and within its room."""
    import io

    from reportlab.pdfgen.canvas import Canvas

    page = Page(Canvas(io.BytesIO()), 180, 250)
    _draw_subtitle(page, page.paper, words, 75.0)
    assert " ".join(text.words for text in page.texts) == words
    for text in page.texts:
        assert text_width(text.words, 6.0) - 1e-6 <= text.box.width <= 75.0 + 1e-6
