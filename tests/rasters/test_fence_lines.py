"""A fence line in however many features, in any order and direction, is the same line: kilometres, cuts, candidates."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import LineString, MultiLineString, Point

from rasters.fence_cuts import cut_edges
from rasters.fence_lines import joined_lines, placed_after
from rasters.fences import CutEdges, Fence
from rasters.grid import Grid
from tests.support.small import grid_of

GRID: Grid = grid_of(30, 40, 1000.0)
WHOLE = [(-500.0, 14_300.0), (9_000.0, 12_200.0), (16_000.0, 16_900.0), (24_000.0, 11_100.0), (41_000.0, 15_700.0)]


def fence(id: str, *parts: list[tuple[float, float]], line: str = "border") -> Fence:
    shape = LineString(parts[0]) if len(parts) == 1 else MultiLineString(parts)
    return Fence(id=id, line=shape, fence_line=line)


def pieces_of(points: list[tuple[float, float]], cuts: list[float]) -> list[list[tuple[float, float]]]:
    """A line cut at distances from its start, its own vertices kept."""
    whole = LineString(points)
    ends = [0.0, *sorted(cuts), whole.length]
    own = [whole.project(Point(p)) for p in points]
    out = []
    for a, b in itertools.pairwise(ends):
        at = [a, *(v for v in own if a < v < b), b]
        out.append([whole.interpolate(v).coords[0] for v in at])
    return out


def told(cuts: CutEdges) -> dict[str, np.ndarray]:
    """All that the physics sees of cuts, in the order of the line."""
    order = np.lexsort((cuts.step, cuts.col, cuts.row))
    return {name: getattr(cuts, name)[order] for name in ("row", "col", "step", "along_m", "parts_sides", "normal")}


DENSE = [
    tuple(np.rint(np.array(p) * 16.384) / 16.384)
    for part in pieces_of(WHOLE, [float(v) for v in range(700, 44_000, 700)])
    for p in part[1:]
]
"""Vertices every 700 m, on the lattice on which lines are cut."""


@given(st.sets(st.integers(1, len(DENSE) - 2), min_size=1, max_size=12), st.randoms(use_true_random=False))
@settings(max_examples=60, deadline=None)
def test_pieces_in_any_order_and_direction_are_the_line(at: set[int], random) -> None:
    whole = fence("whole", DENSE)
    pieces = [DENSE[a : b + 1] for a, b in itertools.pairwise([0, *sorted(at), len(DENSE) - 1])]
    lengths = [LineString(p).length for p in pieces]
    turned = [random.random() < 0.5 for _ in pieces]
    shown = [p[::-1] if back else p for p, back in zip(pieces, turned, strict=True)]
    numbers = list(range(len(pieces)))
    random.shuffle(numbers)
    features, words = joined_lines([fence(f"f{k}", shown[k]) for k in numbers])
    assert words == ()
    forward = sum(-n if back else n for n, back in zip(lengths, turned, strict=True)) >= 0
    expected = told(cut_edges([whole if forward else fence("whole", DENSE[::-1])], GRID))
    found = told(cut_edges(features, GRID))
    for name, values in expected.items():
        assert np.allclose(found[name], values, atol=1e-6), name
    spans = sorted((one.start_m, one.end_m) for one in features)
    assert spans[0][0] == 0.0 and spans[-1][1] == pytest.approx(whole.length_m)
    assert all(a[1] == pytest.approx(b[0]) for a, b in itertools.pairwise(spans))


def test_parts_out_of_order_are_put_in_order() -> None:
    a, b, c, d, e = pieces_of(WHOLE, [8_000.0, 17_000.0, 25_000.0, 34_000.0])
    (one,), words = joined_lines([fence("f", d, a[::-1], e, b, c[::-1])])
    assert words == ()
    assert isinstance(one.line, LineString)
    assert one.line.equals_exact(LineString(dict.fromkeys([*a, *b, *c, *d, *e])), 1e-6)
    assert one.along(Point(b[0])) == pytest.approx(8_000.0)


def test_a_line_in_one_feature_stays_as_it_was_drawn() -> None:
    drawn = fence("f", WHOLE[::-1])
    assert joined_lines([drawn]) == ((drawn,), ())
    (ring,), _ = joined_lines([fence("r", [(0, 0), (9e3, 0), (9e3, 9e3), (0, 0)])])
    assert ring.line.equals_exact(LineString([(0, 0), (9e3, 0), (9e3, 9e3), (0, 0)]), 0)


def test_ends_within_a_metre_are_one_place_and_told() -> None:
    a, b = pieces_of(WHOLE, [20_000.0])
    b[0] = (b[0][0] + 0.5, b[0][1] + 0.3)
    joined, words = joined_lines([fence("a", a), fence("b", b)])
    assert joined[1].start_m == pytest.approx(20_000.0)
    assert words == ("fence line 'border': 1 ends up to 0.58 m apart were taken for one place",)
    assert len(set(cut_edges(joined, GRID).run.tolist())) == 1


def test_kilometres_go_on_across_a_gap_but_openings_do_not() -> None:
    a, _, c = pieces_of(WHOLE, [20_000.0, 20_400.0])
    joined, words = joined_lines([fence("c", c), fence("a", a)])
    assert words == ()
    assert joined[0].start_m == pytest.approx(20_400.0, abs=0.1)
    cuts = cut_edges(joined, GRID)
    before = cuts.of_run("a", 20_000.0)
    assert cuts.along_m[before].max() <= 20_000.0
    assert (cuts.along_m[cuts.of_run("c", 20_400.0)] >= 20_000.0).all()


def test_drawn_twice_counts_once_and_is_told() -> None:
    a, b, c = pieces_of(WHOLE, [15_000.0, 30_000.0])
    joined, words = joined_lines(
        [fence("a", a), fence("ab", [*a, *b[1:]]), fence("bc", [*b, *c[1:]]), fence("b2", b[::-1])]
    )
    assert [one.id for one in joined] == ["a", "ab", "bc"]
    assert sum(one.length_m for one in joined) == pytest.approx(LineString(WHOLE).length, abs=0.01)
    assert [round(one.start_m) for one in joined] == [0, 15_000, 30_000]
    assert words == ("fence line 'border': drawn twice, counted once: ab (15 km), bc (15 km), b2 (15 km)",)


def test_walked_there_and_back_counts_once() -> None:
    (one,), words = joined_lines([fence("f", [*WHOLE, *WHOLE[-2::-1]])])
    assert one.length_m == pytest.approx(LineString(WHOLE).length)
    assert "drawn twice, counted once: f" in words[0]
    assert cut_edges([one], GRID).parts_sides.sum() == cut_edges([fence("f", WHOLE)], GRID).parts_sides.sum()


def test_a_spur_does_not_interrupt_the_line() -> None:
    a, b, c = pieces_of(WHOLE, [15_000.0, 15_100.0])
    spurs = [[a[-1], (a[-1][0], a[-1][1] + 300.0)], [c[0], (c[0][0], c[0][1] - 400.0)]]
    joined, _ = joined_lines(
        [fence("s1", spurs[0]), fence("c", c), fence("s2", spurs[1]), fence("a", a), fence("b", b)]
    )
    start = {one.id: one.start_m for one in joined}
    assert [start["a"], start["b"], start["c"]] == pytest.approx([0.0, 15_000.0, 15_100.0])
    assert min(start["s1"], start["s2"]) > LineString(WHOLE).length - 1.0


def test_rings_loops_and_eights_are_each_gone_through_once() -> None:
    ring = [(5e3, 5e3), (9e3, 5e3), (9e3, 9e3), (5e3, 5e3)]
    other = [(5e3, 5e3), (2e3, 5e3), (2e3, 1e3), (5e3, 5e3)]
    joined, _ = joined_lines([fence("a", ring), fence("b", other), fence("tail", [(5e3, 5e3), (5e3, 20e3)])])
    assert sum(one.length_m for one in joined) == pytest.approx(
        LineString(ring).length + LineString(other).length + 15e3
    )
    assert len({span for one in joined for span in map(tuple, one.spans_m)}) == 3


def test_far_pieces_follow_in_the_order_of_the_file_and_keep_their_direction() -> None:
    west, east = [(0.0, 3e3), (10e3, 3e3)], [(35e3, 25e3), (25e3, 25e3)]
    joined, _ = joined_lines([fence("east", east), fence("west", west)])
    assert (joined[0].start_m, joined[1].along(Point(0, 3e3)) - joined[1].start_m) == (0.0, 0.0)
    assert joined[1].start_m == pytest.approx(10e3 + np.hypot(25e3, 22e3))


def test_lines_do_not_mix() -> None:
    joined, _ = joined_lines(
        [fence("a", WHOLE), fence("b", WHOLE[::-1], line="inner"), fence("c", [(0, 9), (5e3, 9)], line="")]
    )
    assert [one.start_m for one in joined] == [0.0, 0.0, 0.0]
    assert joined[1].along(Point(WHOLE[-1])) == 0.0


def test_a_fence_that_is_added_leaves_the_kilometres_of_the_line() -> None:
    added = placed_after(fence("new", [(-5e3, 14e3), (-500.0, 14_300.0)]), [fence("f", WHOLE)])
    assert added.start_m > LineString(WHOLE).length
    assert placed_after(fence("new", WHOLE, line="own"), [fence("f", WHOLE)]).starts_m == ()


def test_short_pieces_have_posts_like_the_line() -> None:
    pieces = pieces_of(WHOLE, [float(v) for v in range(900, 44_000, 900)])
    joined, _ = joined_lines([fence(f"f{k}", p) for k, p in enumerate(pieces)])
    posts = np.sort(np.concatenate([one.posts_m(2_000.0, 1_000.0) for one in joined]))
    assert posts.tolist() == fence("w", WHOLE).posts_m(2_000.0, 1_000.0).tolist()
