"""The planner's page as a person uses it: from disk, network off; every number against a whole run of the same set."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rasters.errors import ExportError
from scenarios.land.inputs import read_inputs
from scenarios.land.prepared import prepare_species
from scenarios.model.naming import passage_names
from scenarios.model.passage_model import choose_candidates, passage_model
from scenarios.model.ranking import numbered
from scenarios.model.results import SpeciesRun
from scenarios.model.species_run import run_species
from scenarios.outputs.audience import Audience
from scenarios.outputs.generalise import generalised
from scenarios.outputs.release import Release
from scenarios.outputs.report import payload as payload_module
from scenarios.outputs.report.basis import Basis
from scenarios.outputs.report.page import HERE, write_report
from scenarios.outputs.report.payload import Contents, payload
from scenarios.outputs.report.phrases import PHRASES, phrases
from scenarios.outputs.report.surfaces import THEMES, Frame, Scale, surface_of
from scenarios.outputs.tables import given_back
from scenarios.outputs.translate import language
from scenarios.progress import Reporter
from scenarios.runs.session import run_study
from scenarios.study.load import resolve
from tests.support.browser import Opened, chromium, launched, opened
from tests.support.factory import make_run
from tests.support.tiny_study import write_tiny_study

SPECIES = ("walker", "digger")
SUPERSCRIPT = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789")


def solved(study: Path, scenario: str) -> tuple[list[Release], Any, Basis]:
    """Runs with their models, the ranking of all species, and the basis of one scenario."""
    resolved = resolve(str(study), scenario)
    inputs = read_inputs(resolved)
    prepared = [prepare_species(resolved, inputs, name) for name in SPECIES]
    runs, combined = numbered(resolved.study, [run_species(one) for one in prepared])
    chosen = choose_candidates(prepared, [combined, *(run.ranking for run in runs)], most=20)
    models = [passage_model(one, chosen) if chosen else None for one in prepared]
    basis = Basis.of(resolved.settings, resolved.base, resolved.overrides)
    return [Release.of(run, model=model) for run, model in zip(runs, models, strict=True)], combined, basis


def contents_of(study: Path) -> Contents:
    every = {name: solved(study, name) for name in ("closed", "both", "free")}
    return Contents(
        runs=tuple(run for runs, _, _ in every.values() for run in runs),
        credits=("Nobody",),
        combined={name: combined for name, (_, combined, _) in every.items()},
        bases={name: basis for name, (_, _, basis) in every.items()},
    )


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """With a passage that stands open already and one that somebody proposes for the winter."""

    def change(settings: dict[str, Any]) -> None:
        settings["openings"] = [
            {"id": "old-gate", "fence_line": "inner", "design": "wires_out", "at": ["inner_0-km0031.0"]}
        ]
        point = {"id": "winter", "lon": 56.10, "lat": 42.84, "design": "bridge", "width_m": 900, "months": [12, 1, 2]}
        settings["candidates"]["points"] = [point]
        settings["scenarios"]["closed"]["set"] = {"openings": []}
        for name, place in (("both", "both"), ("free", "free")):
            settings["scenarios"][place]["set"] |= {"openings": []} if name == "free" else {}

    return write_tiny_study(tmp_path_factory.mktemp("study"), change)


@pytest.fixture(scope="module")
def contents(study: Path) -> Contents:
    return contents_of(study)


@pytest.fixture(scope="module")
def report(contents: Contents, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_report(tmp_path_factory.mktemp("results"), contents)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with launched() as one:
        yield one


def switch(page: Any, candidate: str) -> Any:
    return page.locator(f'#passages tr[data-id="{candidate}"] input')


def numbers(page: Any, what: str) -> np.ndarray:
    """Exact numbers of the table of pairs, as the run's table orders them."""
    found = page.locator(f'#pairs td[data-what="{what}"]').evaluate_all("cells => cells.map(c => c.dataset.value)")
    return np.array([float(value) for value in found])


def saved(one: Opened, folder: Path) -> Path:
    with one.page.expect_download() as download:
        one.page.click("#save")
    path = folder / download.value.suggested_filename
    download.value.save_as(path)
    return path


@pytest.mark.parametrize(
    ("scenario", "wanted"), [("closed", {"border_0": 1, "winter": 1}), ("both", {"border_0": 2, "inner_0": 2})]
)
def test_a_set_tried_on_the_page_is_worth_what_otkel_run_says(
    browser: Any, report: Path, study: Path, tmp_path: Path, contents: Contents, scenario: str, wanted: dict[str, int]
) -> None:
    model = next(run.model for run in contents.runs if run.scenario == scenario)
    assert model is not None
    chosen = [
        n for start, count in wanted.items() for n in [c for c in model.candidates if c.startswith(start)][:count]
    ]
    assert len(chosen) == sum(wanted.values())
    with opened(browser, report) as one:
        page = one.with_map().page
        page.select_option("#scenario", scenario)
        page.check("#every-pair")
        closed = numbers(page, "ohm")
        for name in chosen:
            page.locator(f'.passage[title="{name}"], #passages tr[data-id="{name}"] input').first.click()
        shown = {}
        for species in SPECIES:
            page.select_option("#species", species)
            shown[species] = {what: numbers(page, what) for what in ("ohm", "cost")}
        path = saved(one, tmp_path)
    runs = otkel_run(study, path, tmp_path / "run") if scenario == "closed" else solved(study, str(path))[0]
    assert runs[0].scenario == f"{scenario}-{len(chosen)}-passages"
    for run in runs:
        ohm, cost = run.pairs["effective_resistance_ohm"].to_numpy(), run.pairs["least_cost_m"].to_numpy()
        assert np.isfinite(ohm).any()
        np.testing.assert_allclose(shown[run.species]["ohm"], ohm, rtol=1e-6)
        np.testing.assert_allclose(shown[run.species]["cost"], cost, rtol=1e-6)
    assert not np.allclose(closed, shown["walker"]["ohm"])


def otkel_run(study: Path, scenario: Path, out: Path) -> tuple[SpeciesRun, ...]:
    """The command itself, every file of it."""
    runs = run_study(str(study), [str(scenario)], None, out, {}, Reporter(quiet=True)).found.runs
    assert (out / "report.html").is_file()
    return runs


def test_a_passage_is_switched_on_the_map_and_off_by_the_keyboard(browser: Any, report: Path) -> None:
    with opened(browser, report) as one:
        page = one.with_map().page
        marker = page.locator('.passage[aria-pressed="false"]').first
        name = marker.get_attribute("aria-label")
        marker.click()
        assert page.locator('.passage[aria-pressed="true"]').get_attribute("aria-label") == name
        assert page.locator("#passages input:checked").count() == 1
        said = page.text_content("#spoken")
        assert "Passages open: 1" in said and page.get_attribute("#spoken", "aria-live") == "polite"
        page.locator("#passages input:checked").focus()
        page.keyboard.press("Space")
        assert page.locator("#passages input:checked").count() == 0 and page.text_content("#spoken") != said
        assert page.evaluate("document.activeElement.getAttribute('role')") == "switch"
        page.keyboard.press("Space")
        page.focus('[data-sort="adds"]')
        page.keyboard.press("Enter")
        assert page.evaluate("document.activeElement.dataset.sort") == "adds"
        adds = page.locator("#passages tbody tr td:nth-child(5)").evaluate_all(
            "cells => cells.map(c => c.dataset.value)"
        )
        assert (closed := [float(v) for v in adds if v]) == sorted(closed, reverse=True) and len(closed) == len(
            adds
        ) - 1
        page.click("#reset")
        assert page.locator(".passage[aria-pressed='true']").count() == 0 and page.is_disabled("#save")


def test_everything_is_within_reach_of_the_tab_key(browser: Any, report: Path) -> None:
    with opened(browser, report) as one:
        page = one.with_map().page
        page.select_option("#other", "free")
        page.wait_for_selector("#swipe:visible")
        reached: set[str] = set()
        for _ in range(60):
            page.keyboard.press("Tab")
            reached.add(
                page.evaluate(
                    "document.activeElement.id || document.activeElement.className || document.activeElement.tagName"
                )
            )
        wanted = {"about-open", "scenario", "other", "species", "theme", "opacity", "swipe", "switch", "go"}
        assert wanted <= reached, wanted - reached
        outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        assert outline == "solid"


def test_two_scenarios_are_swiped(browser: Any, report: Path) -> None:
    with opened(browser, report) as one:
        page = one.with_map().page
        page.select_option("#theme", "cost")
        page.select_option("#other", "free")
        page.wait_for_selector("#divider:visible")
        page.wait_for_timeout(700)
        assert page.evaluate("document.getElementById('map-other').style.clipPath") == "inset(0px 0px 0px 60%)"
        half = page.locator("#maps").screenshot()
        page.focus("#swipe")
        page.keyboard.press("Home")
        assert page.evaluate("document.getElementById('map-other').style.clipPath") == "inset(0px 0px 0px 0%)"
        page.wait_for_timeout(200)
        assert page.locator("#maps").screenshot() != half
        handle, frame = page.locator("#divider span").bounding_box(), page.locator("#maps").bounding_box()
        page.mouse.move(handle["x"] + handle["width"] / 2, handle["y"] + 5)
        page.mouse.down()
        page.mouse.move(frame["x"] + 0.8 * frame["width"], handle["y"] + 5)
        page.mouse.up()
        assert abs(float(page.input_value("#swipe")) - 80) < 2
        assert page.text_content("#side-right") == "No fence"


def test_the_readout_is_right_to_a_hundredth(browser: Any, report: Path, contents: Contents) -> None:
    run = contents.runs[-1]
    with opened(browser, report) as one:
        page = one.with_map().page
        page.select_option("#scenario", run.scenario)
        page.select_option("#species", run.species)
        box = page.locator("#map").bounding_box()
        seen = 0
        for u, v in ((0.55, 0.3), (0.62, 0.55), (0.75, 0.7), (0.5, 0.8)):
            page.mouse.move(box["x"] + u * box["width"], box["y"] + v * box["height"])
            page.wait_for_timeout(150)
            at, values = page.text_content("#readout .at"), page.locator("#readout dd").all_text_contents()
            lat, lon = (float(x) for x in re.findall(r"[\d.]+(?=°)", at))
            x, y = run.grid.transformer("EPSG:4326").transform(lon, lat)
            col, row = ~run.grid.transform @ (x, y)
            if not (run.grid.holds(int(row), int(col)) and 0.2 < col % 1 < 0.8 and 0.2 < row % 1 < 0.8):
                continue
            for theme, text in zip(THEMES, values, strict=True):
                truth = surface_of(run, theme)[int(row), int(col)]
                found = re.match(r"([\d.,]+)(?:·10⁻([⁰¹²³⁴⁵⁶⁷⁸⁹]+))?", text)
                if found and truth > 0:
                    power = int(found[2].translate(SUPERSCRIPT)) if found[2] else 0
                    assert abs(float(found[1].replace(",", "")) / 10**power / truth - 1) < 0.02
                    seen += 1
        assert seen >= 3


@pytest.mark.parametrize("lang", ["ru", "kk"])
def test_the_page_speaks_three_languages(browser: Any, report: Path, lang: str) -> None:
    with opened(browser, report) as one:
        page = one.with_map().page
        english = page.locator("[data-t]").all_text_contents()
        page.click(f'[data-lang="{lang}"]')
        texts = page.locator("[data-t]").all_text_contents()
        assert page.get_attribute("html", "lang") == lang
        assert all(re.search("[А-Яа-яЁёӘәҒғҚқҢңӨөҰұҮүҺһІі]", text) for text in texts)
        assert not set(english) & set(texts)
        words = " ".join(page.locator("thead th, .legend, #tally, .bar label > span").all_text_contents())
        assert not re.search(r"[A-Za-z]{3,}", words)


CONTRAST = """() => {
  const light = (c) => [0.2126, 0.7152, 0.0722].reduce((sum, w, i) => {
    const v = c[i] / 255;
    return sum + w * (v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
  }, 0);
  const parse = (text) => text.match(/[\\d.]+/g).map(Number);
  const told = [...document.querySelectorAll("body *")].filter((e) => e.offsetParent && !e.closest(".map") && !e.disabled
    && [...e.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim()));
  return told.map((e) => {
    let under = e;
    while (under && (parse(getComputedStyle(under).backgroundColor)[3] ?? 1) < 0.9) under = under.parentElement;
    const ground = under ? parse(getComputedStyle(under).backgroundColor) : [255, 255, 255];
    const [a, b] = [light(parse(getComputedStyle(e).color)), light(ground)];
    return [e.textContent, (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05)];
  });
}"""


def test_words_stand_out_from_their_ground(browser: Any, report: Path) -> None:
    with opened(browser, report) as one:
        one.with_map().page.locator("#passages input").first.check()
        found = one.page.evaluate(CONTRAST)
        assert len(found) > 80 and [pair for pair in found if pair[1] < 4.5] == []


def test_a_comparison_opens_with_two_scenarios_beside_each_other(
    browser: Any, contents: Contents, tmp_path: Path
) -> None:
    with opened(browser, write_report(tmp_path, replace(contents, beside="free"))) as one:
        one.with_map().page.wait_for_selector("#divider:visible")
        assert one.page.input_value("#other") == "free"


def test_without_webgl_the_numbers_still_work(browser: Any, report: Path) -> None:
    plain = browser.browser_type.launch(executable_path=chromium(), args=["--no-sandbox", "--disable-3d-apis"])
    page = plain.new_page()
    page.goto(report.as_uri())
    assert "WebGL" in page.text_content("#failure")
    page.locator("#passages input").first.check()
    assert np.isfinite(numbers(page, "ohm")).any()
    plain.close()


def test_every_sentence_has_its_translations() -> None:
    sources = "".join(
        (HERE / "assets" / name).read_text(encoding="utf-8")
        for name in ("app.js", "tables.js", "tools.js", "report.html")
    )
    used = set(re.findall(r"""\bt\("([^"]+)"\)""", sources)) | set(re.findall(r'data-t(?:-label)?="([^"{]+)"', sources))
    used |= set(re.findall(r"""(?:head|sortable)\("([^"]+)\"""", sources)) | {
        x for t in THEMES for x in (t.title, t.says, t.reading)
    }
    assert used <= set(PHRASES), used - set(PHRASES)
    spoken = phrases((), ())
    assert spoken.pop("en") == {}
    for words in spoken.values():
        assert set(words) == set(PHRASES)
        for text, found in words.items():
            assert re.findall(r"\{\w+\}", text) == sorted(re.findall(r"\{\w+\}", found), key=text.index), text


def test_bytes_keep_values_to_a_hundredth() -> None:
    values = np.concatenate([[0.0, np.inf, np.nan], np.geomspace(0.7, 90.0, 500)])
    scale = Scale.of([values], THEMES[0])
    found = scale.bytes_of(values)
    assert found[:3].tolist() == [254, 255, 0]
    back = scale.low * (scale.high / scale.low) ** ((found[3:].astype(float) - 1) / 252)
    np.testing.assert_allclose(back, values[3:], rtol=0.0101)


def test_pixels_show_the_cell_under_their_middle() -> None:
    run = make_run()
    frame = Frame(grid=run.grid)
    rows, cols = np.indices(run.grid.shape)
    row, col = (
        frame.pick((rows % 200 + 1).astype(np.uint8), run.grid),
        frame.pick((cols % 200 + 1).astype(np.uint8), run.grid),
    )
    (west, north), _, (east, south), _ = frame.corners
    height, width = frame.shape
    for i, j in ((height // 2, width // 2), (height // 5, width // 3)):
        lon = west + (j + 0.5) * (east - west) / width
        up = [np.arcsinh(np.tan(np.radians(v))) for v in (south, north)]
        lat = np.degrees(np.arctan(np.sinh(up[1] - (i + 0.5) * (up[1] - up[0]) / height)))
        x, y = run.grid.transformer("EPSG:4326").transform(lon, lat)
        assert run.grid.cell_at(x=x, y=y) == (row[i, j] - 1, col[i, j] - 1)


def test_surfaces_are_made_coarser_until_they_fit(contents: Contents, monkeypatch: pytest.MonkeyPatch) -> None:
    run = contents.runs[0]
    fine = payload(Contents(runs=(run,)))
    budget = (len(fine["ground"]) + sum(map(len, fine["rasters"].values()))) // 3
    monkeypatch.setattr(payload_module, "PAGE_BYTES", 0)
    monkeypatch.setattr(payload_module, "LEAST_BYTES", budget)
    monkeypatch.setattr(payload_module, "COARSEST", 20)
    coarse = payload(Contents(runs=(run,)))
    assert coarse["frame"]["width"] < fine["frame"]["width"]
    assert len(coarse["ground"]) + sum(map(len, coarse["rasters"].values())) <= budget


def test_a_page_for_others_holds_no_place_to_try(contents: Contents, tmp_path: Path) -> None:
    names = [name for run in contents.runs if run.model is not None for name in run.model.candidates]
    for audience in (Audience.PARTNER, Audience.PUBLIC):
        runs = tuple(generalised(run, audience) for run in contents.runs)
        text = write_report(tmp_path, Contents(runs=runs)).read_text(encoding="utf-8")
        assert not [name for name in names if name in text]
        data = json.loads(re.search(r'id="otkel-data">(.*?)</script>', text, re.S)[1])  # type: ignore[index]
        assert data["audience"] == audience.value and all(run["model"] is None for run in data["runs"].values())
        if audience is Audience.PUBLIC:
            assert not any(s["passages"] or s["standing"] for s in data["scenarios"]) and not any(
                r["paths"] for r in data["runs"].values()
            )


def test_the_page_says_what_it_may_do_and_under_which_licence_it_draws(report: Path) -> None:
    text = report.read_text(encoding="utf-8")
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', text)[1]  # type: ignore[index]
    assert "default-src &#39;none&#39;" in policy and "connect-src &#39;none&#39;" in policy and "unsafe" not in policy
    assert "Redistribution and use in source and binary forms" in text and "MapLibre contributors" in text
    assert not re.search(r'(src|href)="(?!#)', text.split("<script>")[0])


def test_choices_live_in_the_address(browser: Any, report: Path) -> None:
    with opened(browser, report) as one:
        page = one.with_map().page
        for control, choice in (("scenario", "closed"), ("other", "both"), ("species", "digger"), ("theme", "cost")):
            page.select_option(f"#{control}", choice)
        page.click('[data-lang="kk"]')
        page.locator("#passages input").nth(1).check()
        page.click(".layers summary")
        page.locator("#layers input").nth(2).uncheck()
        said, address = page.text_content("#spoken"), page.url
        page.reload()
        one.with_map()
        assert page.text_content("#spoken") == said and page.url == address
        chosen = [page.input_value(f"#{control}") for control in ("scenario", "other", "species", "theme")]
        assert chosen == ["closed", "both", "digger", "cost"] and page.get_attribute("html", "lang") == "kk"
        assert page.locator("#layers input").evaluate_all("all => all.findIndex((e) => !e.checked)") == 2
        page.focus(".skip")
        page.keyboard.press("Enter")
        page.wait_for_url(address)
        page.evaluate("location.hash = 'scenario=both&species=nobody&surface=none&open.both=nowhere&hide=all&lang=ru'")
        page.wait_for_function("document.documentElement.lang === 'ru'")
        assert page.input_value("#scenario") == "both" and page.input_value("#species") == "digger"
        assert (
            page.locator("#passages input:checked").count() == 0
            and page.locator("#layers input:not(:checked)").count() == 0
        )


@pytest.mark.parametrize("lang", ["en", "ru", "kk"])
def test_a_phone_shows_the_map_first(browser: Any, report: Path, lang: str) -> None:
    with opened(browser, report, viewport={"width": 390, "height": 844}, locale=lang, has_touch=True) as one:
        page = one.with_map().page
        box = page.locator("#maps").bounding_box()
        assert box["height"] > 0.55 * 844 and box["y"] + box["height"] < 844
        assert page.evaluate("document.documentElement.scrollWidth") == 390
        assert page.is_hidden("#legend") and page.is_hidden("#readout")
        for part in ("legend", "readout"):
            page.locator(f".fold:has(#{part}) summary").tap()
            assert page.is_visible(f"#{part}")
            inside = page.locator(f".fold:has(#{part})").bounding_box()
            assert inside["y"] >= box["y"] and inside["y"] + inside["height"] <= box["y"] + box["height"]
            page.locator(f".fold:has(#{part}) summary").tap()
        page.locator(".passage.best").last.tap()
        assert page.locator(".passage[aria-pressed='true']").count() == 1


def test_passages_that_stand_are_drawn_named_and_counted(browser: Any, report: Path, contents: Contents) -> None:
    run = contents.of_scenario("both")[1]
    (stands,) = run.standing.to_dict("records")
    with opened(browser, report, locale="ru-RU") as one:
        page = one.with_map().page
        assert page.locator(".standing").count() == 0 and page.is_hidden("#stand")
        page.select_option("#scenario", "both")
        marker = page.locator("#map .standing")
        assert marker.text_content() == "S1" and page.locator("#standing tbody tr").count() == 1
        assert marker.evaluate("e => getComputedStyle(e).backgroundColor") == "rgb(46, 139, 87)"
        marker.click()
        told = page.locator(".maplibregl-popup").inner_text(), page.locator("#standing tbody tr").inner_text()
        for word in (
            f"км {stands['along_m'] / 1000:g}".replace(".", ","),
            "существует",
            "wires out",
            f"{stands['width_m']:g}",
            "весь год",
        ):
            assert all(word in text for text in told)
        assert "Существующий переход" in page.locator("#legend").text_content()
        assert page.text_content("#tally").startswith("Открыто переходов: 1 (уже есть: 1)")
        back = page.locator("#given-back tbody tr").nth(1).locator("td")
        shown = [float(value) for value in back.evaluate_all("cells => cells.map((cell) => cell.dataset.value)")]
        assert shown == [*given_back(run).values(), 0, 0] and shown[0] > 0
        page.locator("#passages input").first.check()
        assert page.text_content("#tally").startswith("Открыто переходов: 2 (уже есть: 1)")
        assert float(page.locator("#given-back tbody tr").last.locator("td").nth(2).get_attribute("data-value")) > 0


def test_partners_see_what_stands_by_species_and_no_mean_without_weights(
    browser: Any, contents: Contents, tmp_path: Path
) -> None:
    runs = tuple(generalised(run, Audience.PARTNER) for run in contents.of_scenario("both"))
    with opened(browser, write_report(tmp_path, Contents(runs=runs))) as one:
        page = one.with_map().page
        assert page.locator("#standing tbody tr").count() == 1 and page.is_hidden("#stand-hint")
        assert page.locator("#given-back tbody th").all_text_contents() == ["Walker", "Digger"]


def test_passages_have_the_number_and_the_name_of_every_other_product(contents: Contents) -> None:
    for scenario in payload(contents)["scenarios"]:
        run, table = contents.of_scenario(scenario["id"])[0], contents.combined[scenario["id"]]
        for lang in ("en", "ru"):
            called = dict(
                zip(table["candidate"], passage_names(run.cuts.fences, table, language(lang, [run])), strict=True)
            )
            assert {p["id"]: p["names"][lang] for p in scenario["passages"]} == {
                p["id"]: called[p["id"]] for p in scenario["passages"]
            }
        numbers = dict(zip(table["candidate"], table["number"], strict=True))
        assert [p["number"] or 0 for p in scenario["passages"]] == [numbers[p["id"]] for p in scenario["passages"]]


def test_a_page_of_nothing_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ExportError, match="no run to show"):
        write_report(tmp_path, Contents(runs=()))
