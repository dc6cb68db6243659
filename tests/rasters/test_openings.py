"""Openings: the constriction against a fine solve, what is opened and at what price, laws that widening must keep."""

from __future__ import annotations

import math

import numpy as np
import pytest
from affine import Affine
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse
from scipy.sparse.linalg import spsolve
from shapely import LineString

from rasters.errors import FenceError
from rasters.fences import CutEdges, Fence, crossing_cost_m, cut_edges
from rasters.grid import Grid
from rasters.openings import (
    FenceModel,
    Opening,
    OpeningEdges,
    constriction,
    fence_terms,
    open_edges,
    row_terms,
)
from rasters.surface import ResistanceSurface

CELL = 100.0
GRID = Grid("EPSG:6933", Affine(CELL, 0, 0, 0, -CELL, 1000.0), (10, 12))
NORTH_SOUTH = Fence(id="a", line=LineString([(620, 1100), (630, -100)]))
SLANTED = Fence(id="b", line=LineString([(-100, 130), (1300, 870)]))


def model_of(*fences: Fence, permeability: float = 0.0) -> FenceModel:
    return FenceModel(permeability={f.id: permeability for f in fences}, reference_m=1000.0, reach_m=500.0)


def flat(grid: Grid = GRID, value: float = 2.0) -> ResistanceSurface:
    return ResistanceSurface.from_array(np.full(grid.shape, value), grid)


def opened(
    cuts: CutEdges, opening: Opening, surface: ResistanceSurface | None = None, model: FenceModel | None = None
) -> OpeningEdges:
    return open_edges(cuts, surface or flat(cuts.grid), opening, model or model_of(*cuts.fences))


def plate_with_gap(n: int, gap: int) -> float:
    """Resistance added by a wall with a gap of ``gap`` of ``n`` faces in the middle of a plate of n x 3n cells of 1 ohm.

    Finite volumes: one node per cell, faces of 1 S, two faces in series to the electrodes at either end.
    """
    length = 3 * n + (3 * n) % 2
    number = np.arange(length * n).reshape(length, n)
    south = np.ones((length - 1, n))
    south[length // 2 - 1] = 0.0
    start = (n - gap) // 2
    south[length // 2 - 1, start : start + gap] = 1.0
    first = np.concatenate([number[:, :-1].ravel(), number[:-1].ravel()])
    second = np.concatenate([number[:, 1:].ravel(), number[1:].ravel()])
    weight = np.concatenate([np.ones(length * (n - 1)), south.ravel()])
    graph = sparse.coo_array((weight, (first, second)), shape=(number.size,) * 2).tocsr()
    graph = graph + graph.T
    ends = np.zeros((length, n))
    ends[0] = ends[-1] = 2.0
    matrix = sparse.diags_array(np.asarray(graph.sum(axis=1)).ravel() + ends.ravel()) - graph
    load = np.zeros((length, n))
    load[0] = 2.0
    volts = spsolve(matrix.tocsc(), load.ravel()).reshape(length, n)
    return float(1.0 / (2.0 * (1.0 - volts[0]).sum()) - length / n)


@pytest.mark.parametrize(("share", "error"), [(0.25, 0.015), (0.5, 0.0065), (0.75, 0.003)])
def test_constriction_against_a_finite_volume_solve(share: float, error: float) -> None:
    """The solve is first order in the cell at the gap's ends: 0.2266 for 0.2206 with 120 cells across; extrapolated, 0.001."""
    coarse, fine = (plate_with_gap(n, round(n * share)) for n in (60, 120))
    exact = constriction(share, 1.0)
    assert exact < fine < exact + error
    assert 2 * fine - coarse == pytest.approx(exact, abs=6e-4)


def test_constriction_by_hand() -> None:
    assert constriction(0.5, 1.0) == pytest.approx(math.log(2) / math.pi)
    assert constriction(0.5, 1.0) == pytest.approx(0.2206, abs=5e-5)
    assert constriction(10.0, 300.0) == pytest.approx(1.88, abs=0.005)
    assert constriction(300.0, 300.0) == constriction(900.0, 300.0) == 0.0


@given(st.floats(1e-6, 1.0), st.floats(1e-6, 1.0))
def test_a_wider_gap_never_resists_more(one: float, two: float) -> None:
    assert constriction(max(one, two), 1.0) <= constriction(min(one, two), 1.0)


def test_a_narrow_opening_opens_the_nearest_orthogonal_edge() -> None:
    cuts = cut_edges([NORTH_SOUTH], GRID)
    edges = opened(cuts, Opening(id="o", fence="a", along_m=450.0, width_m=4.0, use_factor=0.5))
    assert edges.rows.size == 1
    row = int(edges.rows[0])
    assert (cuts.row[row], cuts.col[row], cuts.step[row]) == (3, 5, 0)
    assert edges.cost_m[0] == crossing_cost_m(0.5, 1000.0) == 1000.0
    assert edges.ohm[0] == pytest.approx(2.0 * constriction(4.0, CELL) + 1000.0 / 500.0)


def test_a_wide_opening_opens_every_edge_in_its_stretch() -> None:
    cuts = cut_edges([NORTH_SOUTH], GRID)
    edges = opened(cuts, Opening(id="o", fence="a", along_m=500.0, width_m=300.0, use_factor=0.25))
    inside = np.flatnonzero(np.abs(cuts.along_m - 500.0) <= 150.0)
    assert edges.rows.tolist() == inside.tolist()
    assert (edges.cost_m == 3000.0).all()
    straight = inside[cuts.step[inside] < 2]
    middle = straight[np.argmin(np.abs(cuts.along_m[straight] - 500.0))]
    assert edges.ohm.tolist() == [3000.0 / 500.0 if row == middle else 3000.0 / CELL for row in inside]


def test_an_opening_needs_land_on_both_sides() -> None:
    cuts = cut_edges([NORTH_SOUTH], GRID)
    values = np.full(GRID.shape, 2.0)
    values[:5, 6:] = np.inf
    values[5, 5] = np.nan
    surface = ResistanceSurface.from_array(values, GRID)
    assert opened(cuts, Opening(id="o", fence="a", along_m=250.0, width_m=4.0), surface).rows.size == 0
    assert opened(cuts, Opening(id="o", fence="a", along_m=250.0, width_m=200.0), surface).rows.size == 0
    shore = opened(cuts, Opening(id="o", fence="a", along_m=610.0, width_m=4.0), surface)
    assert [(cuts.row[r], cuts.col[r], cuts.step[r]) for r in shore.rows] == [(6, 5, 0)]


def test_a_fence_that_wiggles_back_is_not_opened_there() -> None:
    """An edge crossed twice has both its cells on one side: opening it would join nothing."""
    line = LineString([(-100, 510), (420, 510), (420, 580), (480, 580), (480, 510), (1300, 510)])
    cuts = cut_edges([Fence(id="w", line=line)], GRID)
    for along in np.arange(120.0, 1300.0, 50.0):
        edges = opened(cuts, Opening(id="o", fence="w", along_m=float(along), width_m=4.0))
        assert edges.rows.size == 1
        assert cuts.parts_sides[edges.rows].all()


@pytest.mark.parametrize("neighbours", [4, 8])
def test_a_narrow_opening_is_orthogonal_so_that_four_neighbours_can_use_it(neighbours: int) -> None:
    cuts = cut_edges([SLANTED], GRID)
    for along in np.arange(150.0, 1400.0, 37.0):
        edges = opened(cuts, Opening(id="o", fence="b", along_m=float(along), width_m=4.0))
        assert neighbours == 8 or (cuts.step[edges.rows] < 2).all()
        assert edges.rows.size == 1


@given(st.floats(0, 1), st.floats(0.01, 1), st.floats(1, 400), st.floats(1.0, 3.0), st.floats(150, 1300))
@settings(max_examples=200)
def test_opening_and_widening_never_add_resistance(
    permeability: float, use: float, width: float, wider: float, along: float
) -> None:
    """Row by row: less cost and less resistance than the closed fence; a wider opening opens at least as much."""
    cuts = cut_edges([SLANTED], GRID)
    model = model_of(SLANTED, permeability=permeability)
    closed_cost, closed_ohm = row_terms(cuts, model)
    one, two = (
        row_terms(
            cuts, model,
            [opened(cuts, Opening(id="o", fence="b", along_m=along, width_m=w, use_factor=use), model=model)],
        )
        for w in (width, width * wider)
    )  # fmt: skip
    assert (one[0] <= closed_cost).all() and (one[1] <= closed_ohm).all()
    assert (two[0] <= one[0]).all() and (two[1] <= one[1] * (1 + 1e-12)).all()


@given(st.floats(150, 1300), st.floats(60, 99.9))
def test_an_opening_as_wide_as_a_face_opens_what_a_narrower_one_opened(along: float, width: float) -> None:
    cuts = cut_edges([SLANTED], GRID)
    narrow = opened(cuts, Opening(id="o", fence="b", along_m=along, width_m=width))
    wide = opened(cuts, Opening(id="o", fence="b", along_m=along, width_m=CELL))
    assert set(narrow.rows) <= set(wide.rows)


def test_a_fence_of_permeability_one_is_no_fence() -> None:
    cuts = cut_edges([SLANTED], GRID)
    cost, ohm = row_terms(cuts, model_of(SLANTED, permeability=1.0))
    assert (cost == 0).all() and (ohm == 0).all()
    cost, ohm = row_terms(
        cuts,
        model_of(SLANTED, permeability=1.0),
        [opened(cuts, Opening(id="o", fence="b", along_m=500.0, width_m=4.0))],
    )
    assert (cost == 0).all() and (ohm == 0).all()


def test_an_opening_stands_in_parallel_with_its_fence() -> None:
    cuts = cut_edges([NORTH_SOUTH], GRID)
    model = model_of(NORTH_SOUTH, permeability=0.2)
    edges = opened(cuts, Opening(id="o", fence="a", along_m=450.0, width_m=4.0, use_factor=0.5), model=model)
    cost, ohm = row_terms(cuts, model, [edges])
    fence_ohm = 4000.0 / CELL
    assert ohm[edges.rows[0]] == pytest.approx(1 / (1 / fence_ohm + 1 / edges.ohm[0]))
    assert cost[edges.rows[0]] == 1000.0
    others = np.delete(np.arange(cuts.size), edges.rows)
    assert (ohm[others] == fence_ohm).all() and (cost[others] == 4000.0).all()
    twice = row_terms(cuts, model, [edges, edges])[1]
    assert twice[edges.rows[0]] == pytest.approx(1 / (1 / fence_ohm + 2 / edges.ohm[0]))


def test_an_opening_in_one_of_two_fences_leaves_the_other() -> None:
    one = Fence(id="one", line=LineString([(620, 1100), (620, -100)]))
    two = Fence(id="two", line=LineString([(640, 1100), (640, -100)]))
    cuts = cut_edges([one, two], GRID)
    model = model_of(one, two)
    edges = opened(cuts, Opening(id="o", fence="one", along_m=450.0, width_m=4.0, use_factor=1.0), model=model)
    assert np.isposinf(fence_terms(cuts, model, [edges]).cost_m).all()
    both = [edges, opened(cuts, Opening(id="p", fence="two", along_m=450.0, width_m=4.0, use_factor=1.0), model=model)]
    terms = fence_terms(cuts, model, both)
    passable = np.flatnonzero(np.isfinite(terms.cost_m))
    assert [(terms.row[i], terms.col[i], terms.step[i]) for i in passable] == [(3, 5, 0)]
    assert terms.cost_m[passable[0]] == 0
    assert terms.ohm[passable[0]] == pytest.approx(2 * 2.0 * constriction(4.0, CELL))


def test_terms_of_no_edges() -> None:
    cuts = cut_edges([], GRID)
    model = FenceModel(permeability={}, reference_m=1.0, reach_m=1.0)
    assert [a.size for a in row_terms(cuts, model)] == [0, 0]
    assert fence_terms(cuts, model).size == 0


@pytest.mark.parametrize(
    ("width", "use"), [(0.0, 0.5), (-4.0, 0.5), (math.nan, 0.5), (4.0, 0.0), (4.0, 1.1), (4.0, math.nan)]
)
def test_impossible_openings_are_refused(width: float, use: float) -> None:
    with pytest.raises(FenceError, match=r"opening 'o': (width_m|use_factor) must be"):
        Opening(id="o", fence="a", along_m=0.0, width_m=width, use_factor=use)


@pytest.mark.parametrize("cell", [(50.0, 50.0), (100.0, 100.0), (200.0, 200.0), (50.0, 200.0), (200.0, 100.0)])
@pytest.mark.parametrize("along", ["row", "column"])
def test_what_a_fence_resists_does_not_depend_on_the_cell(cell: tuple[float, float], along: str) -> None:
    """A sheet 1.2 km wide behind a fence of kappa: kappa / 1200 m, at any size and shape of cell (four neighbours)."""
    grid = Grid("EPSG:6933", Affine(cell[0], 0, 0, 0, -cell[1], 1200), (round(1200 / cell[1]), round(1200 / cell[0])))
    line = [(-100, 470), (1300, 470)] if along == "row" else [(470, -100), (470, 1300)]
    fence = Fence(id="a", line=LineString(line))
    terms = fence_terms(cut_edges([fence], grid), model_of(fence, permeability=0.5))
    straight = terms.step == (1 if along == "row" else 0)
    assert straight.sum() == (grid.width if along == "row" else grid.height)
    assert 1.0 / (1.0 / terms.ohm[straight]).sum() == pytest.approx(1000.0 / 1200.0)


def test_an_opening_in_oblong_cells_squeezes_through_the_face_it_is_in() -> None:
    grid = Grid("EPSG:6933", Affine(50.0, 0, 0, 0, -200.0, 1200), (6, 24))
    for line, face in (([(-100, 470), (1300, 470)], 50.0), ([(470, -100), (470, 1300)], 200.0)):
        fence = Fence(id="a", line=LineString(line))
        edges = opened(cut_edges([fence], grid), Opening(id="o", fence="a", along_m=700.0, width_m=20.0))
        assert edges.ohm == pytest.approx([2.0 * constriction(20.0, face)])
