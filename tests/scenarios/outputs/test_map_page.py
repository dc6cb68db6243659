"""The map of the planner's page as a person uses it: what a reload keeps, new passages, a phone and a tablet."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pypdfium2
import pytest
from pyproj import Geod

from scenarios.outputs.release import Release
from scenarios.outputs.report.page import write_report
from scenarios.outputs.report.payload import Contents
from tests.scenarios.outputs.test_report import solved
from tests.support.browser import launched, opened
from tests.support.tiny_study import write_tiny_study

BOXES = """all => all.map((e) => {
  const b = e.getBoundingClientRect();
  return [b.left, b.top, b.right, b.bottom];
})"""
PHONE, TABLET = {"width": 390, "height": 844}, {"width": 820, "height": 1180}


@pytest.fixture(scope="module")
def contents(tmp_path_factory: pytest.TempPathFactory) -> Contents:
    study = write_tiny_study(tmp_path_factory.mktemp("study"))
    every = {name: solved(study, name) for name in ("closed", "free")}
    return Contents(
        runs=tuple(run for runs, _, _ in every.values() for run in runs),
        credits=("Nobody",),
        combined={name: combined for name, (_, combined, _) in every.items()},
        bases={name: basis for name, (_, _, basis) in every.items()},
    )


@pytest.fixture(scope="module")
def report(contents: Contents, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_report(tmp_path_factory.mktemp("results"), contents)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with launched() as one:
        yield one


def drag(page: Any, by: tuple[int, int]) -> None:
    """Move the map by hand."""
    box = page.locator("#map").bounding_box()
    x, y = box["x"] + 0.7 * box["width"], box["y"] + 0.6 * box["height"]
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + by[0], y + by[1], steps=5)
    page.mouse.up()
    page.wait_for_timeout(600)


def middle(page: Any) -> tuple[float, float]:
    """Latitude and longitude that the page reads in the middle of its map."""
    page.mouse.move(2, 2)
    page.wait_for_function("!document.querySelector('#readout .at').textContent.startsWith('Here')")
    lat, lon = re.findall(r"[\d.]+(?=°)", page.text_content("#readout .at"))
    return float(lat), float(lon)


def test_position_layer_language_and_a_named_set_survive_a_reload(browser: Any, report: Path) -> None:
    with opened(browser, report) as one:
        page = one.with_map().page
        start = middle(page)
        drag(page, (-90, 60))
        page.select_option("#theme", "cost")
        page.locator("#passages input").first.check()
        page.fill("#set-name", "Northern gate")
        there, address = middle(page), page.url
        assert there != start and "map=" in address and "name.closed=Northern" in address
        page.reload()
        one.with_map()
        assert middle(page) == pytest.approx(there, abs=2e-3)
        assert page.input_value("#theme") == "cost" and page.input_value("#set-name") == "Northern gate"
        assert page.locator("#passages input:checked").count() == 1
        page.click('[data-lang="ru"]')
        page.reload()
        one.with_map()
        assert page.get_attribute("html", "lang") == "ru" and page.input_value("#set-name") == "Northern gate"


def test_a_named_set_is_saved_by_its_name(browser: Any, report: Path, tmp_path: Path) -> None:
    with opened(browser, report) as one:
        page = one.with_map().page
        page.locator("#passages input").first.check()
        page.fill("#set-name", "Northern gate")
        with page.expect_download() as download:
            page.click("#save")
        download.value.save_as(tmp_path / "scenario.yaml")
    assert "Northern gate" in (tmp_path / "scenario.yaml").read_text(encoding="utf-8")


def test_a_new_passage_goes_to_the_nearest_modelled_place(browser: Any, report: Path) -> None:
    with opened(browser, report) as one:
        page = one.with_map().page
        marker = page.locator(".passage.best:visible").first
        box = marker.bounding_box()
        page.click("#here")
        frame = page.locator("#map").bounding_box()
        page.mouse.click(min(box["x"] + 45, frame["x"] + frame["width"] - 5), box["y"] + box["height"] / 2)
        page.wait_for_function("document.querySelector('#told').textContent.includes('nearest')")
        told = page.text_content("#told")
        assert re.match(r"Opened .+ km [\d.]+, the nearest modelled place, ", told), told
        assert float(re.search(r"([\d.]+) km away", told)[1]) < 20
        assert page.locator("#passages input:checked").count() == 1
        name = re.match("Opened (.+), the nearest", told)[1]
        assert page.locator("#passages tr:has(input:checked) button.go").text_content() == name


@pytest.mark.parametrize("size", [PHONE, TABLET])
def test_a_small_screen_has_every_tool_within_reach(browser: Any, report: Path, size: dict[str, int]) -> None:
    with opened(browser, report, viewport=size, has_touch=True) as one:
        page = one.with_map().page
        assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]
        maps = page.locator("#maps").bounding_box()
        assert maps["height"] > 0.5 * size["height"] and maps["width"] == size["width"]
        for name in ("#here", "#measure", "#print"):
            box = page.locator(name).bounding_box()
            assert maps["x"] <= box["x"] and box["x"] + box["width"] <= maps["x"] + maps["width"]
            assert box["height"] >= 24, "as large as a finger hits"
        page.locator("#measure").tap()
        assert page.get_attribute("#measure", "aria-pressed") == "true"


def test_no_name_lies_on_a_passage_and_the_better_passage_lies_on_top(browser: Any, report: Path) -> None:
    with opened(browser, report, viewport=PHONE) as one:
        page = one.with_map().page
        boxes = {kind: page.locator(f"{kind}:visible").evaluate_all(BOXES) for kind in (".place", ".passage")}
        assert boxes[".place"] and boxes[".passage"]
        for a in boxes[".place"]:
            covered = sum(
                max(0, min(a[2], b[2]) - max(a[0], b[0])) * max(0, min(a[3], b[3]) - max(a[1], b[1]))
                for b in boxes[".passage"]
            )
            assert covered <= 0.1 * (a[2] - a[0]) * (a[3] - a[1]) + 1
        order = page.locator(".passage.best").evaluate_all(
            "all => all.map((e) => [Number(e.textContent), Number(e.style.zIndex)])"
        )
        assert [z for _, z in sorted(order)] == sorted((z for _, z in order), reverse=True)


def test_a_way_is_measured_in_kilometres_of_the_ground(browser: Any, report: Path) -> None:
    with opened(browser, report) as one:
        page = one.with_map().page
        box = page.locator("#map").bounding_box()
        spots = [
            (box["x"] + u * box["width"], box["y"] + v * box["height"]) for u, v in ((0.5, 0.2), (0.8, 0.2), (0.8, 0.7))
        ]
        page.click("#measure")
        places = []
        for x, y in spots:
            page.mouse.click(x, y)
            page.wait_for_timeout(60)
            lat, lon = re.findall(r"[\d.]+(?=°)", page.text_content("#readout .at"))
            places.append((float(lon), float(lat)))
        geod = Geod(ellps="sphere")
        truth = sum(geod.inv(*a, *b)[2] for a, b in pairwise(places)) / 1000
        assert float(page.text_content("#told").removesuffix(" km")) == pytest.approx(truth, rel=0.02)
        page.keyboard.press("Escape")
        assert page.is_hidden("#told") and page.get_attribute("#measure", "aria-pressed") == "false"


@pytest.mark.parametrize("size", [{"width": 1366, "height": 768}, PHONE])
def test_paper_has_the_map_with_its_legend_and_scale(
    browser: Any, report: Path, tmp_path: Path, size: dict[str, int]
) -> None:
    with opened(browser, report, viewport=size) as one:
        page = one.with_map().page
        schematic = page.text_content("#schematic")
        page.pdf(path=tmp_path / "page.pdf", prefer_css_page_size=True)
    with pypdfium2.PdfDocument(tmp_path / "page.pdf") as document:
        first = document[0]
        width, height = first.get_size()
        words = " ".join(first.get_textpage().get_text_range().split())
        colours = len(np.unique(first.render(scale=1).to_numpy().reshape(-1, 3), axis=0))
    assert width > height and colours > 500
    assert schematic in words and "Fence" in words
    assert re.search(r"Effective|effective", words), "the legend names what is shown"
    assert re.search(r"\b\d+ km\b", words), "the scale bar"
    assert "Measure" not in words and "Legend" not in words, "no tools on paper"


def surveyed(run: Release) -> Release:
    """The same where somebody went there with a receiver, and measured what it costs animals."""
    fences = tuple(replace(fence, geometry_status="surveyed") for fence in run.cuts.fences)
    places = tuple(replace(place, geometry_status="surveyed") for place in run.places)
    return replace(run, cuts=replace(run.cuts, fences=fences), places=places, assumptions=())


def test_the_banner_goes_where_all_is_surveyed(browser: Any, contents: Contents, tmp_path: Path) -> None:
    runs = tuple(surveyed(run) if run.scenario == "closed" else run for run in contents.runs)
    with opened(browser, write_report(tmp_path, replace(contents, runs=runs))) as one:
        page = one.page
        page.wait_for_selector("#scenario option", state="attached")
        page.select_option("#scenario", "closed")
        assert page.is_hidden("#schematic") and page.is_visible(".badge")
        page.select_option("#scenario", "free")
        assert page.text_content("#schematic").startswith("SCHEMATIC reserve outlines")
