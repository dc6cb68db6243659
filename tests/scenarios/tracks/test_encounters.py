"""Encounters against the published package's own cases, and by hand."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from shapely import LineString

from scenarios.statistics.fence_encounters import BehaviourRule, classify, runs_within, straightness
from scenarios.tracks.lines import Lines
from tests.support.places import ROOT

BABA = ROOT.parent / "shared" / "verify" / "baba"
NAMES = {
    "Quick_Cross": "quick_cross",
    "Bounce": "bounce",
    "Average_Movement": "average_movement",
    "Back_n_forth": "back_and_forth",
    "Trace": "trace",
    "Trapped": "trapped",
    "unknown": "unknown",
}


def baba(folder: Path, name: str, distance_m: float, most_crossings: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Ours and the package's encounters, with a common key."""
    fences = gpd.read_file(folder / "data.gpkg", layer="fences")
    tracks = gpd.read_file(folder / "data.gpkg", layer=name).sort_values(["Animal.ID", "date"]).reset_index(drop=True)
    lines, rule = (
        Lines.of(list(fences.geometry), ["fences"] * len(fences)),
        BehaviourRule(most_crossings=most_crossings),
    )
    places = shapely.get_coordinates(tracks.geometry.values)
    inside = lines.within(*places.T, distance_m)
    rows = []
    for animal, mine in tracks.groupby("Animal.ID"):
        at = mine.index.to_numpy()
        (x, y), hours = places[at].T, mine["date"].to_numpy("datetime64[s]").astype(float) / 3600
        found = runs_within(hours, inside[at], 2.0, rule.short_h)
        crossings = lines.times_crossed(x, y, found.path_first, found.path_last)
        classes, _ = classify(found, x, y, hours, crossings, 2.0, rule)
        rows += zip(
            [animal] * len(classes), x[found.first], y[found.first], found.hours, crossings, classes, strict=True
        )
    ours = pd.DataFrame(rows, columns=["animal", "x", "y", "hours", "crossings", "behaviour"])
    theirs = pd.read_csv(folder / f"{name}_classification.csv")
    theirs = theirs.set_axis([c.strip() for c in theirs.columns], axis=1).rename(
        columns={"AnimalID": "animal", "easting": "x", "northing": "y", "duration": "hours", "cross": "crossings"}
    )
    theirs["behaviour"] = theirs["eventTYPE"].map(NAMES)
    for table in (ours, theirs):
        table["key"] = [
            f"{a} {px:.1f} {py:.1f} {h:.1f}" for a, px, py, h in table[["animal", "x", "y", "hours"]].to_numpy()
        ]
        table["key"] += " " + table.groupby("key").cumcount().astype(str)
    return ours.set_index("key").sort_index(), theirs.set_index("key").sort_index()


@pytest.mark.parametrize(
    ("name", "distance_m", "most", "n"), [("pronghorn", 110.0, 4, 498), ("muleDeer", 90.0, 0, 201)]
)
def test_every_published_encounter_has_its_class_and_crossings(name: str, distance_m: float, most: int, n: int) -> None:
    if not BABA.is_dir():
        pytest.skip("../shared is not there")
    ours, theirs = baba(BABA, name, distance_m, most)
    assert len(ours) == len(theirs) == n
    assert list(ours.index) == list(theirs.index)
    assert (ours["behaviour"] == theirs["behaviour"]).all()
    assert (ours["crossings"] == theirs["crossings"]).all()


def fence() -> Lines:
    return Lines.of([LineString([(0, -1e5), (0, 1e5)])], ["fence"])


def test_straightness_of_a_right_angle_is_a_diagonal_over_two_sides() -> None:
    assert straightness(np.array([0.0, 3.0, 3.0]), np.array([0.0, 0.0, 4.0])) == pytest.approx(5 / 7)
    assert np.isnan(straightness(np.array([1.0]), np.array([1.0])))


def told(x: list[float], y: list[float], hours: list[float] | None = None) -> list[str]:
    """Classes of one animal's encounters within 100 m of a fence along x = 0."""
    times = np.arange(len(x), dtype=float) * 2 if hours is None else np.array(hours)
    px, py = np.array(x, float), np.array(y, float)
    found = runs_within(times, fence().within(px, py, 100.0), 2.0, 4.0)
    crossings = fence().times_crossed(px, py, found.path_first, found.path_last)
    return classify(found, px, py, times, crossings, 2.0, BehaviourRule())[0]


def test_short_encounters_bounce_or_cross() -> None:
    assert told([-900, -50, -900], [0, 0, 300]) == ["bounce"]
    assert told([-900, -50, 900], [0, 0, 300]) == ["quick_cross"]


def test_a_short_encounter_without_a_fix_after_it_is_unknown() -> None:
    assert told([-900, -50], [0, 0]) == ["unknown"]


def test_a_day_and_a_half_at_the_fence_is_trapped() -> None:
    n = 20
    assert told([-900, *([-50] * n), -900], [0, *range(n), 0]) == ["trapped"]


def test_a_missing_fix_parts_two_encounters() -> None:
    hours = [0.0, 2.0, 4.0, 8.0, 10.0]
    assert len(told([-900, -50, -50, -50, -900], [0, 0, 5, 9, 0], hours)) == 2


def test_a_step_that_crosses_one_feature_twice_ends_where_it_began() -> None:
    wavy = Lines.of([LineString([(-10, 0), (0, 10), (10, 0)])], ["wavy"])
    start, end = np.array([[-20.0, 5.0], [-20.0, 5.0]]), np.array([[20.0, 5.0], [0.0, 5.0]])
    assert wavy.crossed(start, end)[:, 0].tolist() == [False, True]
