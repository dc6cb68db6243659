"""Fence cutting against exact rational arithmetic and shapely; what a closed fence and a hole do to flood fill."""

from __future__ import annotations

import itertools
from fractions import Fraction

import numpy as np
import pytest
from affine import Affine
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse import csgraph
from shapely import LineString, MultiLineString, Point, Polygon

from rasters.errors import FenceError
from rasters.fence_cuts import cut_edges
from rasters.fences import STEPS, CutEdges, Fence, sum_terms
from rasters.grid import Grid
from rasters.kernels.fence_cut import UNITS

HEIGHT, WIDTH = 7, 8
CELL = 1024.0
GRID = Grid("EPSG:6933", Affine(CELL, 0, 0, 0, -CELL, HEIGHT * CELL), (HEIGHT, WIDTH))
Vertex = tuple[int, int]


def fence_of(vertices: list[Vertex], id: str = "f", grid: Grid = GRID) -> Fence:
    """A fence through points in 1/UNITS cells from the centre of cell (0, 0): column, row; exact on ``GRID``."""
    x = grid.transform.c + (np.array([v[0] for v in vertices]) / UNITS + 0.5) * grid.cell_width_m
    y = grid.transform.f - (np.array([v[1] for v in vertices]) / UNITS + 0.5) * grid.cell_height_m
    return Fence(id=id, line=LineString(np.column_stack([x, y])))


def cells(*places: tuple[float, float]) -> list[Vertex]:
    """Points given as (row, col) of cell centres."""
    return [(round(col * UNITS), round(row * UNITS)) for row, col in places]


def edges_of(cuts: CutEdges) -> set[tuple[int, int, int]]:
    return set(zip(cuts.row.tolist(), cuts.col.tolist(), cuts.step.tolist(), strict=True))


def all_edges(grid: Grid = GRID) -> list[tuple[int, int, int]]:
    return [
        (row, col, k)
        for row in range(grid.height)
        for col in range(grid.width)
        for k, (d_row, d_col) in enumerate(STEPS)
        if row + d_row < grid.height and 0 <= col + d_col < grid.width
    ]


def moved(row: int, col: int) -> tuple[Fraction, Fraction]:
    """A cell centre moved by (e, e^2), e so small that nothing but ties feels it."""
    e = Fraction(1, 2**60)
    return Fraction(col * UNITS) + e, Fraction(row * UNITS) + e * e


def area(a: tuple, b: tuple, c: tuple) -> Fraction:
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])


def crosses(a: tuple, b: tuple, p: tuple, q: tuple) -> bool:
    """Proper crossing of two segments; nothing can be collinear once the centres are moved."""
    return (area(a, b, p) > 0) != (area(a, b, q) > 0) and (area(p, q, a) > 0) != (area(p, q, b) > 0)


def slow_cuts(vertices: list[Vertex]) -> dict[tuple[int, int, int], int]:
    """How often each edge is crossed, by trying every pair in rational arithmetic."""
    found = {}
    for row, col, k in all_edges():
        p, q = moved(row, col), moved(row + STEPS[k][0], col + STEPS[k][1])
        n = sum(crosses(a, b, p, q) for a, b in itertools.pairwise(vertices) if a != b)
        if n:
            found[row, col, k] = n
    return found


def labels(cuts: CutEdges, opened: set[tuple[int, int, int]] = frozenset(), neighbours: int = 8) -> NDArray[np.int32]:  # type: ignore[assignment]
    """Flood fill over edges that are not cut."""
    grid = cuts.grid
    closed = edges_of(cuts) - opened
    free = [e for e in all_edges(grid) if e not in closed and (neighbours == 8 or e[2] < 2)]
    first = [row * grid.width + col for row, col, _ in free]
    second = [(row + STEPS[k][0]) * grid.width + col + STEPS[k][1] for row, col, k in free]
    graph = sparse.coo_array((np.ones(len(free)), (first, second)), shape=(grid.n_cells, grid.n_cells))
    return csgraph.connected_components(graph, directed=False)[1].reshape(grid.shape)


def on_grid(vertices: list[Vertex]) -> bool:
    """Whether the box around a line meets the grid; a line that does not is an error, tested below."""
    (left, top), (right, bottom) = np.min(vertices, axis=0), np.max(vertices, axis=0)
    half = UNITS // 2
    return bool(right >= -half and bottom >= -half and left <= WIDTH * UNITS - half and top <= HEIGHT * UNITS - half)


lattice = st.tuples(st.integers(-1, WIDTH), st.integers(-1, HEIGHT)).map(lambda v: (v[0] * UNITS, v[1] * UNITS))
halves = st.tuples(st.integers(-3, 2 * WIDTH + 1), st.integers(-3, 2 * HEIGHT + 1)).map(
    lambda v: (v[0] * UNITS // 2, v[1] * UNITS // 2)
)
anywhere = st.tuples(st.integers(-2 * UNITS, (WIDTH + 1) * UNITS), st.integers(-2 * UNITS, (HEIGHT + 1) * UNITS))
near = st.tuples(lattice, st.integers(-1, 1), st.integers(-1, 1)).map(lambda v: (v[0][0] + v[1], v[0][1] + v[2]))
vertex = st.one_of(lattice, halves, anywhere, near)
polyline = st.lists(vertex, min_size=2, max_size=7).filter(lambda p: len(set(p)) > 1 and on_grid(p))


@given(polyline)
@settings(max_examples=150)
def test_cuts_what_rational_arithmetic_cuts(vertices: list[Vertex]) -> None:
    cuts = cut_edges([fence_of(vertices)], GRID)
    slow = slow_cuts(vertices)
    assert edges_of(cuts) == set(slow)
    odd = {e for e, part in zip(zip(cuts.row, cuts.col, cuts.step, strict=True), cuts.parts_sides, strict=True) if part}
    wound = {e: stretches(vertices, e) for e in slow}
    assume(all(counts is not None for counts in wound.values()))
    assert {tuple(map(int, e)) for e in odd} == {e for e, counts in wound.items() if any(n % 2 for n in counts or ())}


def stretches(vertices: list[Vertex], edge: tuple[int, int, int]) -> list[int] | None:
    """How often each stretch of a line crosses an edge, a new one where it comes back after 4 cells; None on the limit."""
    (row, col, k), at, before = edge, [], 0.0
    p, q = moved(row, col), moved(row + STEPS[k][0], col + STEPS[k][1])
    for a, b in itertools.pairwise(vertices):
        length = float(np.hypot(b[0] - a[0], b[1] - a[1])) / UNITS
        if a != b and crosses(a, b, p, q):
            share = area(p, q, a) / (area(p, q, a) - area(p, q, b))
            at.append(before + float(share) * length)
        before += length
    gaps = np.diff(sorted(at))
    if (np.abs(gaps - 4.0) < 1e-3).any():
        return None
    return [len(part) for part in np.split(at, np.flatnonzero(gaps > 4.0) + 1)]


@pytest.mark.parametrize("aside", [0.0, 0.05])
def test_a_fence_walked_there_and_back_stands(aside: float) -> None:
    """It separates as the way there alone does, up to two cells from where it turns, which lies outside the grid here."""
    once = cells((2.4, -1), (3.6, WIDTH + 4))
    back = cells((3.6 + aside, WIDTH + 4), (2.4 + aside, -1))
    twice = cut_edges([fence_of([*once, *back])], GRID)
    edges = zip(twice.row.tolist(), twice.col.tolist(), twice.step.tolist(), strict=True)
    part = labels(twice, {edge for edge, odd in zip(edges, twice.parts_sides, strict=True) if not odd})
    assert not set(part[0]) & set(part[-1])


@given(st.lists(anywhere, min_size=2, max_size=6, unique=True).filter(on_grid))
@settings(max_examples=60)
def test_cuts_what_shapely_cuts_in_general_position(vertices: list[Vertex]) -> None:
    fence = fence_of(vertices)
    found = edges_of(cut_edges([fence], GRID))
    for row, col, k in all_edges():
        x, y = GRID.xy(np.array([row, row + STEPS[k][0]]), np.array([col, col + STEPS[k][1]]))
        edge = LineString(np.column_stack([x, y]))
        on_a_vertex = min(fence.line.distance(Point(p)) for p in edge.coords) < 1e-6
        grazed = min(edge.distance(Point(p)) for p in fence.line.coords) < 1e-6
        assert on_a_vertex or grazed or fence.line.intersects(edge) == ((row, col, k) in found)


def parity(vertices: list[Vertex]) -> NDArray[np.bool_]:
    """Inside a closed ring by the even-odd rule, counted along a ray to the east; centres moved as in the cut."""
    inside = np.zeros(GRID.shape, bool)
    for row in range(HEIGHT):
        for col in range(WIDTH):
            p = moved(row, col)
            far = (Fraction(10**9), p[1])
            inside[row, col] = sum(crosses(a, b, p, far) for a, b in itertools.pairwise(vertices)) % 2
    return inside


@given(st.lists(vertex, min_size=3, max_size=7))
@settings(max_examples=120)
def test_closed_fences_never_leak(vertices: list[Vertex]) -> None:
    """Cells inside and outside of any ring, self-crossing ones too, are in different parts."""
    ring = [*vertices, vertices[0]]
    assume(len(set(ring)) > 1 and on_grid(ring))
    inside = parity(ring)
    part = labels(cut_edges([fence_of(ring)], GRID))
    assert not set(part[inside]) & set(part[~inside])


@given(st.lists(vertex, min_size=0, max_size=5), st.integers(-1, HEIGHT), st.integers(-1, HEIGHT))
@settings(max_examples=100)
def test_a_fence_from_side_to_side_never_leaks(middle: list[Vertex], start: int, end: int) -> None:
    """North and south of a line that leaves the grid at either end; the ring is closed far outside."""
    first, last = (-2 * UNITS, start * UNITS), ((WIDTH + 1) * UNITS, end * UNITS)
    line = [first, *middle, last]
    assume(on_grid(line))
    far = 40 * UNITS
    inside = parity([*line, ((WIDTH + 1) * UNITS, -far), (-2 * UNITS, -far), first])
    part = labels(cut_edges([fence_of(line)], GRID))
    assert not set(part[inside]) & set(part[~inside])


@given(
    st.lists(st.tuples(st.integers(0, 4 * WIDTH), st.integers(2, 4 * HEIGHT - 6)), min_size=0, max_size=6), st.data()
)
@settings(max_examples=100)
def test_a_gap_always_opens(middle: list[tuple[int, int]], data: st.DataObject) -> None:
    """Without one of the edges that part its sides, a simple fence from west to east joins north and south."""
    unique = {x: y for x, y in middle}
    line = [(-2 * UNITS, UNITS)] + [(x * UNITS // 4, y * UNITS // 4) for x, y in sorted(unique.items())]
    line.append(((WIDTH + 2) * UNITS, 3 * UNITS))
    cuts = cut_edges([fence_of(line)], GRID)
    part = np.flatnonzero(cuts.parts_sides & (cuts.step < 2))
    assert part.size >= WIDTH
    assert labels(cuts)[0, 0] != labels(cuts)[-1, 0]
    row = data.draw(st.sampled_from(part.tolist()))
    edge = (int(cuts.row[row]), int(cuts.col[row]), int(cuts.step[row]))
    after = labels(cuts, {edge})
    d_row, d_col = STEPS[edge[2]]
    assert after[edge[0], edge[1]] == after[edge[0] + d_row, edge[1] + d_col]


def test_a_fence_through_centres_cuts_every_column_once() -> None:
    """Along a row of centres: half-open, so it runs as if just north of them, and cuts each column once."""
    cuts = cut_edges([fence_of(cells((3, -1), (3, WIDTH)))], GRID)
    south = {(r, c) for r, c, k in edges_of(cuts) if k == 1}
    assert south == {(2, c) for c in range(WIDTH)}
    assert {k for _, _, k in edges_of(cuts)} == {1, 2, 3}
    assert len(set(labels(cuts).ravel())) == 2


def test_a_fence_along_a_column_of_centres_cuts_every_row_once() -> None:
    cuts = cut_edges([fence_of(cells((-1, 4), (HEIGHT, 4)))], GRID)
    assert {(r, c) for r, c, k in edges_of(cuts) if k == 0} == {(r, 3) for r in range(HEIGHT)}
    assert len(set(labels(cuts).ravel())) == 2


@pytest.mark.parametrize("neighbours", [4, 8])
@pytest.mark.parametrize("ends", [((-1, -1), (7, 7)), ((-1, 8), (8, -1)), ((-1, 0), (7, 8))])
def test_a_fence_along_a_diagonal_of_centres_does_not_leak(
    ends: tuple[tuple[int, int], tuple[int, int]], neighbours: int
) -> None:
    part = labels(cut_edges([fence_of(cells(*ends))], GRID), neighbours=neighbours)
    corner = (0, -1) if ends[0][1] < ends[1][1] else (0, 0)
    opposite = (-1, 0) if ends[0][1] < ends[1][1] else (-1, -1)
    assert part[corner] != part[opposite]


def test_a_fence_along_cell_sides_cuts_between_them() -> None:
    cuts = cut_edges([fence_of(cells((2.5, -1), (2.5, WIDTH)))], GRID)
    assert edges_of(cuts) == {(2, c, k) for c in range(WIDTH) for k in (1, 2, 3) if 0 <= c + STEPS[k][1] < WIDTH}


def test_a_vertex_in_the_middle_of_an_edge_cuts_it_once() -> None:
    """Bends exactly on an edge, and on a lattice point, are one crossing, not two or none."""
    for bend in ((3.5, 4), (3, 4), (3.5, 3.5)):
        cuts = cut_edges([fence_of(cells((3.5, -1), bend, (2.5, WIDTH)))], GRID)
        assert cuts.parts_sides.all(), bend
        assert len(edges_of(cuts)) == cuts.size
        assert len(set(labels(cuts).ravel())) == 2


def test_rows_are_sorted_along_the_fence() -> None:
    cuts = cut_edges([fence_of(cells((3.3, -1), (2.2, 4), (5.1, WIDTH)))], GRID)
    assert (np.diff(cuts.along_m) >= 0).all()
    d_row, d_col = np.array(STEPS)[cuts.step].T
    assert np.array_equal(cuts.second[0] - cuts.row, d_row)
    assert np.array_equal(cuts.second[1] - cuts.col, d_col)


def test_distance_along_is_where_the_edge_is_crossed() -> None:
    fence = fence_of(cells((3.3, -1), (2.2, 4), (5.1, WIDTH)))
    cuts = cut_edges([fence], GRID)
    for along, row, col, k in zip(cuts.along_m, cuts.row, cuts.col, cuts.step, strict=True):
        x, y = GRID.xy(np.array([row, row + STEPS[k][0]]), np.array([col, col + STEPS[k][1]]))
        assert LineString(np.column_stack([x, y])).distance(fence.point_at(along)) < 0.1


def test_oblong_cells_cut_the_same_edges() -> None:
    oblong = Grid("EPSG:6933", Affine(256.0, 0, 64, 0, -2048.0, 0), (HEIGHT, WIDTH))
    line = cells((3.3, -1), (2.2, 4), (5.1, WIDTH))
    assert edges_of(cut_edges([fence_of(line, grid=oblong)], oblong)) == edges_of(cut_edges([fence_of(line)], GRID))


def test_parts_are_cut_and_the_hole_between_them_is_open() -> None:
    west, east = fence_of(cells((2.5, -1), (2.5, 3.4))), fence_of(cells((2.5, 4.6), (2.5, WIDTH)))
    both = Fence(id="f", line=MultiLineString([west.line, east.line]))
    cuts = cut_edges([both], GRID)
    assert edges_of(cuts) == edges_of(cut_edges([west], GRID)) | edges_of(cut_edges([east], GRID))
    assert (2, 4, 1) not in edges_of(cuts)
    assert len(set(labels(cuts).ravel())) == 1
    assert cuts.along_m.max() == pytest.approx(both.length_m, abs=2 * CELL)


def test_parts_that_share_an_end_do_not_leak_there() -> None:
    for where in ((2.5, 4), (3, 4), (2.2, 4.1)):
        first, second = fence_of(cells((2.5, -1), where)).line, fence_of(cells(where, (3.1, WIDTH))).line
        joined = cut_edges([Fence(id="f", line=MultiLineString([first, second]))], GRID)
        apart = cut_edges([Fence(id="a", line=first), Fence(id="b", line=second)], GRID)
        assert len(set(labels(joined).ravel())) == 2
        assert edges_of(joined) == edges_of(apart)


def test_what_lies_outside_the_grid_is_left_out() -> None:
    inside = fence_of(cells((2.5, -1), (2.5, WIDTH)))
    long = fence_of(cells((2.5, -900), (2.5, 900)))
    far = fence_of(cells((-300, -900), (2.5, -1), (2.5, WIDTH), (700, 900)))
    assert edges_of(cut_edges([long], GRID)) == edges_of(cut_edges([inside], GRID)) == edges_of(cut_edges([far], GRID))


def test_a_fence_elsewhere_is_an_error_with_both_places() -> None:
    with pytest.raises(
        FenceError, match=r"'kz' lies outside the grid: the fence spans .*, the grid \(0, 0, 8192, 7168\)"
    ):
        cut_edges([Fence(id="kz", line=LineString([(55.0, -42.0), (56.0, -43.0)]))], GRID)


def test_a_fence_beside_the_cell_centres_cuts_nothing() -> None:
    assert cut_edges([fence_of(cells((2.2, 3.2), (2.4, 3.3)))], GRID).size == 0


def test_no_fence_cuts_nothing() -> None:
    cuts = cut_edges([], GRID)
    assert (cuts.size, cuts.fences) == (0, ())
    assert sum_terms(cuts, np.empty(0), np.empty(0)).size == 0


def test_a_segment_too_long_to_be_exact_is_refused() -> None:
    """Predicates are exact in 64 bits for segments up to 65 536 cells."""
    ok = LineString([(-60_000 * CELL, 3.2 * CELL), (5000 * CELL, 3.9 * CELL)])
    assert edges_of(cut_edges([Fence(id="f", line=ok)], GRID))
    for slope in (0.7, 900_000):
        line = LineString([(-9e6 * CELL, 3.2 * CELL - slope * CELL), (9e6 * CELL, 3.2 * CELL + slope * CELL)])
        with pytest.raises(FenceError, match=r"'wall'.*longer than 65536 cells.*add vertices"):
            cut_edges([Fence(id="wall", line=line)], GRID)


def test_two_fences_on_one_edge_add_up() -> None:
    a, b = fence_of(cells((2.4, -1), (2.4, WIDTH)), "a"), fence_of(cells((2.6, -1), (2.6, 4.2)), "b")
    cuts = cut_edges([a, b], GRID)
    terms = sum_terms(cuts, np.where(cuts.fence == 0, 10.0, 3.0), np.where(cuts.fence == 0, 1.0, 0.25))
    by_edge = {(r, c, k): i for i, (r, c, k) in enumerate(zip(terms.row, terms.col, terms.step, strict=True))}
    assert len(by_edge) == terms.size == len(edges_of(cuts))
    both, one = by_edge[2, 1, 1], by_edge[2, 6, 1]
    assert (terms.cost_m[both], terms.ohm[both]) == (13.0, 1.25)
    assert (terms.cost_m[one], terms.ohm[one]) == (10.0, 1.0)
    closed = sum_terms(cuts, np.where(cuts.fence == 0, np.inf, 3.0), np.where(cuts.fence == 0, np.inf, 0.25))
    assert np.isposinf(closed.cost_m).all()
    assert np.isposinf(closed.ohm).all()


def test_ids_must_differ() -> None:
    fence = fence_of(cells((2.4, -1), (2.4, WIDTH)))
    with pytest.raises(FenceError, match="two fences have the id 'f'"):
        cut_edges([fence, fence], GRID)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (LineString(), "empty"),
        (MultiLineString(), "empty"),
        (Point(1, 2), "not a line"),
        (Polygon([(0, 0), (1, 0), (1, 1)]), "not a line"),
        (None, "not a line"),
        (LineString([(0, 0), (np.inf, 1)]), "not finite"),
    ],
)
def test_what_is_not_a_line_is_refused(line: object, words: str) -> None:
    with pytest.raises(FenceError, match=f"fence 'kz'.*{words}"):
        Fence(id="kz", line=line)  # type: ignore[arg-type]


def test_heights_of_vertices_are_ignored() -> None:
    flat, high = LineString([(0, 100), (8000, 3100)]), LineString([(0, 100, 7), (8000, 3100, np.nan)])
    assert edges_of(cut_edges([Fence(id="f", line=high)], GRID)) == edges_of(
        cut_edges([Fence(id="f", line=flat)], GRID)
    )


def test_places_along_several_parts() -> None:
    fence = Fence(id="f", line=MultiLineString([[(0, 0), (100, 0)], [(100, 50), (100, 80)], [(500, 500), (500, 900)]]))
    assert fence.length_m == 530
    for along, place in (
        (0, (0, 0)),
        (40, (40, 0)),
        (110, (100, 60)),
        (130.5, (500, 500.5)),
        (530, (500, 900)),
        (999, (500, 900)),
    ):
        assert fence.point_at(along).distance(Point(place)) < 1e-9
    for along in (0, 40, 110, 130.5, 530):
        assert fence.along(fence.point_at(along)) == pytest.approx(along)
    assert fence.along(Point(60, -9)) == pytest.approx(60)
    assert fence.stretch(10, 30).equals(LineString([(10, 0), (30, 0)]))
    assert fence.stretch(105, 120).equals(LineString([(100, 55), (100, 70)]))
    assert fence.stretch(125, 300).equals(LineString([(100, 75), (100, 80)]))
