"""Gaps, near misses, open ends and lines beside each other are found where they are drawn, and nothing else is."""

from __future__ import annotations

from shapely.geometry import LineString, MultiLineString

from rasters.fence_faults import fence_faults
from rasters.fence_lines import joined_lines
from rasters.fences import Fence
from tests.support.small import grid_of

GRID = grid_of(30, 40, 1000.0)


def fence(id: str, *points: tuple[float, float], line: str = "border") -> Fence:
    return Fence(id=id, line=LineString([(1000.0 * x, 1000.0 * y) for x, y in points]), fence_line=line)


def faults(*fences: Fence) -> list[tuple[str, str]]:
    joined, _ = joined_lines(fences)
    return [(one.kind, one.text) for one in fence_faults(joined, GRID)]


def test_a_line_from_side_to_side_has_none() -> None:
    assert faults(fence("a", (-1, 10), (20, 12)), fence("b", (41, 11), (20, 12))) == []


def test_a_gap_is_named_once_with_its_width_and_place() -> None:
    west, east = fence("a", (-1, 10), (20, 10)), fence("b", (20.03, 10), (41, 10))
    (found,) = fence_faults((west, east), GRID)
    assert (found.kind, found.text) == ("gap", "fence line 'border' has a gap of 30 m (a and b)")
    assert abs(found.x - 20_015.0) < 1.0
    one = Fence(id="m", line=MultiLineString([west.line, east.line]), fence_line="border")
    assert faults(one) == [("gap", "fence line 'border' has a gap of 30 m (m)")]


def test_an_end_stops_short_of_another_line_or_nowhere() -> None:
    whole = fence("w", (-1, 10), (41, 10))
    assert faults(whole, fence("s", (10, 9.6), (10, -1), line="spur")) == [("near miss", "s ends 400 m short of w")]
    assert faults(whole, fence("s", (10, 10), (10, -1), line="spur")) == []
    assert faults(whole, fence("s", (10, 5), (10, -1), line="spur")) == [("open end", "s has an open end")]


def test_lines_beside_each_other_are_told() -> None:
    found = faults(fence("a", (-1, 10), (41, 10)), fence("b", (-1, 10.1), (41, 10.1), line="inner"))
    assert [kind for kind, _ in found] == ["beside"]
    assert "a and b run beside each other for 42 km" in found[0][1]
    assert faults(fence("a", (-1, 10), (41, 10)), fence("b", (-1, 11), (41, 11), line="inner")) == []


def test_a_crossing_is_no_fault() -> None:
    assert faults(fence("a", (-1, 10), (41, 10)), fence("b", (20, -1), (20, 31), line="inner")) == []
