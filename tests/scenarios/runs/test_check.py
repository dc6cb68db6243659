"""`otkel check` finds holes, open ends and lines drawn in the wrong place, and says where they are."""

from __future__ import annotations

import json
import re
import warnings
from pathlib import Path
from typing import Any

import geopandas as gpd
import pytest
from pyproj import Transformer
from shapely import LineString, MultiLineString, Point
from shapely.ops import substring
from typer.testing import CliRunner

from cli import app
from tests.support.tiny_study import (
    BORDER,
    CRS,
    at_km,
    edit,
    let_through,
    line_km,
    write_fences,
    write_regions,
    write_tiny_study,
)

INPUT_DATA = 4


@pytest.fixture
def study(tmp_path: Path) -> Path:
    return write_tiny_study(tmp_path / "study")


def check(study: Path, *options: str) -> tuple[int, dict[str, Any]]:
    done = CliRunner().invoke(app, ["check", str(study), "--json", *options])
    assert done.exit_code in (0, INPUT_DATA), done.output + repr(done.exception)
    report = json.loads(done.stdout)
    assert report["passed"] == (done.exit_code == 0)
    return done.exit_code, report


def finding(report: dict[str, Any], name: str) -> dict[str, Any]:
    (one,) = [f for f in report["findings"] if f["check"] == name]
    return dict(one)


def named_place(text: str) -> tuple[float, float]:
    """The place in a finding, in map units."""
    lat, lon = re.search(r"lat (-?[\d.]+), lon (-?[\d.]+)", text).groups()  # type: ignore[union-attr]
    return Transformer.from_crs("EPSG:4326", CRS, always_xy=True).transform(float(lon), float(lat))


def with_hole(line: LineString, at_m: float, width_m: float) -> MultiLineString:
    return MultiLineString([substring(line, 0, at_m), substring(line, at_m + width_m, line.length)])


def test_a_number_of_a_species_that_counts_nowhere_is_told(study: Path) -> None:
    """A design or fence line that the study does not have: misspelt, or of another study."""
    edit(study, "use_factor", "wires_ot", value={"value": 0.5, "origin": "made up"}, file="walker.yaml")
    edit(study, "permeability", "bordr", value=let_through(0.5), file="walker.yaml")
    code, report = check(study)
    use, permeability = finding(report, "use_factor of walker"), finding(report, "permeability of walker")
    assert code == 0 and use["state"] == permeability["state"] == "LOOK"
    assert "'wires_ot' is no design" in use["text"] and "did you mean 'wires_out'?" in use["text"]
    assert "'bordr' is no fence line" in permeability["text"] and "did you mean 'border'?" in permeability["text"]


def test_a_study_in_order_passes(study: Path) -> None:
    code, report = check(study)
    assert code == 0
    assert [f["check"] for f in report["findings"]] == [
        "inputs of closed",
        "inputs of free",
        "inputs of both",
        "worth of border",
        "worth of border",
        "worth of inner",
        "worth of inner",
        "layers",
        "geometry of places",
        "geometry of fence line border",
        "geometry of fence line inner",
        "who fits, design wires_out",
        "who fits, design bridge",
        "leak test of border",
        "gap test of border",
        "leak test of inner",
        "gap test of inner",
    ]
    worth = [f["text"] for f in report["findings"] if f["check"] == "worth of border"]
    assert worth[0] == "Walker: border is sealed (made up)."
    assert worth[1].startswith(
        "Digger: border is worth 30 km of open land, from a permeability of 0.4 per encounter at "
    )
    assert "39 candidates" in finding(report, "inputs of both")["text"]
    assert re.search(r"(\d+) of \1 candidates join", finding(report, "gap test of border")["text"])


@pytest.mark.parametrize("at_km_along", [11.0, 17.5, 24.0, 31.2, 40.0])
@pytest.mark.parametrize("width_m", [1500.0, 4000.0])
def test_a_hole_is_named_within_two_kilometres(study: Path, at_km_along: float, width_m: float) -> None:
    line = line_km(BORDER)
    write_fences(study, [with_hole(line, 1000 * at_km_along, width_m)])
    code, report = check(study)
    assert code == INPUT_DATA
    leak = finding(report, "leak test of border")
    assert not leak["passed"] and "leak" in leak["text"]
    x, y = named_place(leak["text"])
    hole = substring(line, 1000 * at_km_along, 1000 * at_km_along + width_m)
    assert hole.distance(Point(x, y)) <= 2000
    assert finding(report, "leak test of inner")["passed"]


def test_a_hole_between_two_features_is_named(study: Path) -> None:
    line = line_km(BORDER)
    write_fences(study, list(with_hole(line, 28_000, 1800).geoms))
    code, report = check(study)
    x, y = named_place(finding(report, "leak test of border")["text"])
    assert code == INPUT_DATA
    assert line.interpolate(28_900).distance(Point(x, y)) <= 2000


def test_a_hole_is_found_even_if_the_way_to_it_follows_the_fence(study: Path) -> None:
    """A region that touches the fence far from the hole: the way along the fence must not be taken for the hole."""
    line = line_km(BORDER)
    for south, north, at_m in ((18.0, 12.0, 38_000), (34.0, 30.0, 14_000), (16.0, 36.0, 26_500)):
        write_regions(study, {"south_hills": (south, 16.0), "north_park": (north, 23.9)})
        write_fences(study, [with_hole(line, at_m, 2500)])
        _, report = check(study, "--scenario", "closed")
        x, y = named_place(finding(report, "leak test of border")["text"])
        assert line.interpolate(at_m + 1250).distance(Point(x, y)) <= 2000


def test_an_open_end_is_named(study: Path) -> None:
    write_fences(study, [line_km([(-5, 19.3), (12, 20.6), (33, 18.2)])])
    code, report = check(study)
    x, y = named_place(finding(report, "leak test of border")["text"])
    assert code == INPUT_DATA
    assert Point(at_km(33, 18.2)).distance(Point(x, y)) <= 2000


def test_a_line_that_does_not_part_the_sides_fails(study: Path) -> None:
    """A closed ring somewhere else leaves the whole country open."""
    write_fences(study, [line_km([(20, 28), (26, 28), (26, 31), (20, 28)])])
    code, report = check(study)
    leak = finding(report, "leak test of border")
    assert (code, leak["passed"]) == (INPUT_DATA, False)
    assert re.search(r"lat [\d.]+, lon [\d.]+", leak["text"])


def test_a_region_across_the_fence_is_named(study: Path) -> None:
    """It is one node, so the fence is no hindrance there; a run warns of it too."""
    write_regions(study, {"south_hills": (25.0, 17.5)})
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        done = CliRunner().invoke(app, ["check", str(study)])
    text = " ".join(done.stderr.split())
    assert done.exit_code == INPUT_DATA
    assert "warning: walker: south_hills lies on both sides of border_0" in text
    assert re.search("FAIL leak test of border: south_hills lies on both sides of border_0.*split or shrink", text)


def test_regions_on_both_sides_fail(study: Path) -> None:
    edit(study, "fences", "separations", 0, "side_a", value=["south_hills", "north_lake"])
    edit(study, "fences", "separations", 0, "side_b", value=["north_park"])
    code, report = check(study)
    assert (code, finding(report, "leak test of border")["passed"]) == (INPUT_DATA, False)


def test_only_the_scenarios_asked_for(study: Path) -> None:
    _, report = check(study, "--scenario", "free")
    assert [f["check"] for f in report["findings"] if f["check"].startswith("inputs")] == ["inputs of free"]


def test_a_study_without_scenarios_or_separations(study: Path) -> None:
    edit(study, "scenarios")
    edit(study, "fences", "separations")
    code, report = check(study)
    assert code == 0
    told = [f["check"] for f in report["findings"] if not f["check"].startswith(("worth of", "who fits", "geometry"))]
    assert told == ["inputs of baseline", "layers", "leak"]
    assert finding(report, "leak")["state"] == "NOT TESTED"


def test_text_for_people(study: Path) -> None:
    write_fences(study, [with_hole(line_km(BORDER), 24_000, 1500)])
    done = CliRunner().invoke(app, ["check", str(study)])
    assert done.exit_code == INPUT_DATA
    assert "ok   inputs of closed" in done.stderr and "FAIL leak test of border" in done.stderr
    assert done.stdout == ""
    quiet = CliRunner().invoke(app, ["check", str(study), "--quiet"])
    assert (quiet.exit_code, quiet.stdout, quiet.stderr) == (INPUT_DATA, "", "")


def test_without_separations_nothing_is_called_tested_and_gaps_are_listed(study: Path) -> None:
    line = line_km(BORDER)
    write_fences(study, list(with_hole(line, 28_000, 120).geoms))
    edit(study, "fences", "separations")
    code, report = check(study)
    assert code == 0
    assert finding(report, "leak")["state"] == "NOT TESTED"
    gap = finding(report, "gap")
    assert gap["state"] == "LOOK" and "has a gap of 120 m (border_0 and border_1)" in gap["text"]
    x, y = named_place(gap["text"])
    assert line.interpolate(28_060).distance(Point(x, y)) <= 200


def test_a_line_drawn_on_another_makes_no_candidate_of_either_open(study: Path) -> None:
    """What is opened in one stays closed by the other."""
    write_fences(study, [line_km(BORDER)])
    both = gpd.read_file(study / "fences.gpkg")
    both.loc[both["id"] == "inner_0", "geometry"] = line_km(BORDER)
    both.to_file(study / "fences.gpkg", layer="fences", driver="GPKG")
    edit(study, "fences", "separations", 0, "fences", value=["border", "inner"])
    _, report = check(study)
    gap = finding(report, "gap test of border + inner")
    assert not gap["passed"] and gap["text"].startswith("0 of ")
    assert "run beside each other" in finding(report, "beside")["text"]


def test_a_second_fence_behind_keeps_every_candidate_from_joining_anything(study: Path) -> None:
    """Two lines beside each other across the country: one opened alone is no way through while the other stays closed."""
    _, report = check(study)
    gap = finding(report, "gap test of border")
    assert gap["passed"] and gap["state"] == "LOOK"
    n = int(re.match(r"(\d+) of \1 candidates join the two sides when opened alone; ", gap["text"])[1])  # type: ignore[index]
    assert gap["text"].endswith(f"; 0 of {n} while inner stays closed (scenario both)")
    edit(study, "scenarios", "both")
    _, report = check(study)
    gap = finding(report, "gap test of border")
    assert gap["state"] == "ok" and "while" not in gap["text"]


def test_a_fence_that_crosses_keeps_the_candidates_beyond_it_from_joining(study: Path) -> None:
    """South to north past the west side's regions: candidates of the border to the east of it lead to nobody."""
    edit(
        study,
        "fences",
        "separations",
        0,
        value={"fences": ["border"], "side_a": ["south_hills"], "side_b": ["north_park"]},
    )
    write_fences(study)
    both = gpd.read_file(study / "fences.gpkg")
    both.loc[both["id"] == "inner_0", "geometry"] = line_km([(22, -5), (22, 45)])
    both.to_file(study / "fences.gpkg", layer="fences", driver="GPKG")
    edit(study, "fences", "separations", 1)
    edit(study, "scenarios", "closed")
    _, report = check(study)
    gap = finding(report, "gap test of border")
    found = re.match(
        r"(\d+) of \1 candidates join the two sides when opened alone; (\d+) of \1 while inner stays closed \(scenario both\)$",
        gap["text"],
    )
    assert found is not None, gap["text"]
    every, left = int(found[1]), int(found[2])
    assert gap["state"] == "ok" and 0 < left < every
    # Candidates stand every 2 km from the west side of the grid on; the bay of the sea takes those before km 6.
    assert left == pytest.approx((22 - 6) / 2, abs=1.5)


def test_a_line_with_nothing_to_open_is_not_called_tested(study: Path) -> None:
    edit(study, "candidates", "every_m", value=500_000)
    _, report = check(study)
    gap = finding(report, "gap test of border")
    assert gap["state"] == "NOT TESTED" and gap["text"].startswith("no candidate stands on border: ")
