"""Openings: the far field of a slit, what is opened and at what price, laws that widening must keep; fences at any angle."""

from __future__ import annotations

import math

import numpy as np
import pytest
from affine import Affine
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import LineString

from rasters.errors import FenceError
from rasters.fence_cuts import cut_edges
from rasters.fence_terms import fence_terms, row_terms, terms_of_others
from rasters.fences import CutEdges, Fence, fence_ohm
from rasters.grid import Grid
from rasters.openings import FenceModel, Opening, OpeningEdges, open_edges
from rasters.steps import Neighbours, step_ratio
from rasters.surface import ResistanceSurface
from tests.support.far_field import ANGLES, WIDTHS, Plain
from tests.support.landscapes import kappa

CELL = 100.0
GRID = Grid("EPSG:6933", Affine(CELL, 0, 0, 0, -CELL, 1000.0), (10, 12))
NORTH_SOUTH = Fence(id="a", line=LineString([(620, 1100), (630, -100)]))
SLANTED = Fence(id="b", line=LineString([(-100, 130), (1300, 870)]))


HALF_M = 1000.0
"""What a passage is worth that every other encounter ends beyond."""

FREE_M = 2.0 * HALF_M / math.pi


def model_of(*fences: Fence, worth_m: float = math.inf) -> FenceModel:
    return FenceModel(worth_m=dict.fromkeys((f.id for f in fences), worth_m), reach_m=500.0, free_path_m=FREE_M)


def flat(grid: Grid = GRID, value: float = 2.0) -> ResistanceSurface:
    return ResistanceSurface.from_array(np.full(grid.shape, value), grid)


def opened(
    cuts: CutEdges, opening: Opening, surface: ResistanceSurface | None = None, model: FenceModel | None = None
) -> OpeningEdges:
    return open_edges(cuts, surface or flat(cuts.grid), opening, model or model_of(*cuts.fences))


def blind(*fences: Fence, worth_m: float = math.inf, free_path_m: float = 0.0) -> FenceModel:
    """Animals that do not follow a fence: an opening is as wide as it is."""
    return FenceModel(worth_m=dict.fromkeys((f.id for f in fences), worth_m), reach_m=0.0, free_path_m=free_path_m)


def test_a_narrow_opening_opens_the_nearest_straight_edge() -> None:
    cuts = cut_edges([NORTH_SOUTH], GRID)
    edges = opened(cuts, Opening(id="o", fence="a", along_m=450.0, width_m=1.0), model=blind(NORTH_SOUTH))
    row = int(edges.rows[0])
    assert edges.rows.size == 1 and edges.cost_m.tolist() == [0.0]
    assert (cuts.row[row], cuts.col[row], cuts.step[row]) == (3, 5, 0)


def test_crossing_and_search_are_worth_land_over_the_stretch() -> None:
    """Followers find it over 2 x 500 m, others over its width; the sheet conducts 1 + sqrt 2 times as well as one of squares.

    All of it in metres of this land, of resistance 2: nine times the half for daring to, once for finding it.
    """
    cuts = cut_edges([NORTH_SOUTH], GRID)
    opening = Opening(id="o", fence="a", along_m=450.0, width_m=4.0, use_factor=0.1)
    rho, sigma = 2.0, 1.0 + math.sqrt(2.0)
    slit = 2.0 * rho / (math.pi * sigma) * math.log(1000.0 / 4.0)
    models = model_of(NORTH_SOUTH), blind(NORTH_SOUTH, free_path_m=FREE_M), blind(NORTH_SOUTH, free_path_m=FREE_M / 10)
    following, chance, turning = (opened(cuts, opening, model=model) for model in models)
    assert following.rows.tolist() == chance.rows.tolist() == turning.rows.tolist()
    assert chance.ohm[0] - following.ohm[0] == pytest.approx(slit + rho * 10 * HALF_M / sigma * (1 / 4.0 - 1 / 1000.0))
    assert chance.ohm[0] - turning.ohm[0] == pytest.approx(rho * 9 * HALF_M / sigma / 4.0)
    assert chance.cost_m == pytest.approx(rho * 9 * HALF_M) == 10 * turning.cost_m


def test_a_long_stretch_is_what_a_fence_of_its_permeability_is() -> None:
    cuts = cut_edges([SLANTED], GRID)
    everything = Opening(id="o", fence="b", along_m=SLANTED.length_m / 2, width_m=2 * SLANTED.length_m, use_factor=0.25)
    for worth_m in (math.inf, 9000.0):
        edges = opened(cuts, everything, model=blind(SLANTED, free_path_m=FREE_M))
        cost, ohm = row_terms(cuts, flat(), blind(SLANTED, worth_m=worth_m), [edges])
        _, closed = row_terms(cuts, flat(), blind(SLANTED, worth_m=worth_m))
        _, quarter = row_terms(cuts, flat(), blind(SLANTED, worth_m=3000.0))
        assert cost == pytest.approx(6000.0)
        assert ohm == pytest.approx(1.0 / (1.0 / closed + 1.0 / quarter))


def test_a_fence_that_is_taken_away_is_no_fence() -> None:
    """Nobody has to aim at a stretch that is longer than the grid."""
    cuts = cut_edges([SLANTED], GRID)
    gone = Opening(id="o", fence="b", along_m=SLANTED.length_m / 2, width_m=20 * SLANTED.length_m)
    model = blind(SLANTED, free_path_m=FREE_M)
    cost, ohm = row_terms(cuts, flat(), model, [opened(cuts, gone, model=model)])
    assert (cost == 0).all() and (ohm == 0).all()


def test_a_fence_is_worth_metres_of_the_land_beside_it() -> None:
    """Constant free path: in land twice as hard to move in, turning back costs twice as much, in circuit and least cost."""
    rng = np.random.default_rng(5)
    values = rng.uniform(1.0, 9.0, GRID.shape)
    values[2, 5], values[7, 6] = np.nan, np.inf
    surface = ResistanceSurface.from_array(values, GRID)
    cuts, model = cut_edges([NORTH_SOUTH, SLANTED], GRID), blind(NORTH_SOUTH, SLANTED, worth_m=700.0)
    cost, ohm = row_terms(cuts, surface, model)
    (row2, col2), mean = cuts.second, []
    for i in range(cuts.size):
        sides = [values[cuts.row[i], cuts.col[i]], values[row2[i], col2[i]]]
        mean.append(np.mean([v if np.isfinite(v) else 1.0 for v in sides]))
    assert cost == pytest.approx(700.0 * np.array(mean))
    ones = ResistanceSurface.from_array(np.ones(GRID.shape), GRID)
    assert ohm == pytest.approx(row_terms(cuts, ones, model)[1] * mean)


def test_only_the_width_itself_and_the_first_edge_are_walked_through() -> None:
    cuts = cut_edges([NORTH_SOUTH], GRID)
    edges = opened(cuts, Opening(id="o", fence="a", along_m=500.0, width_m=150.0, use_factor=0.9))
    assert edges.rows.size > 6
    within = np.abs(cuts.along_m[edges.rows] - 500.0) <= 75.0
    assert edges.cost_m[within] == pytest.approx(2.0 * HALF_M / 9.0) and np.isposinf(edges.cost_m[~within]).all()
    assert within.any() and not within.all()


def test_an_opening_needs_land_on_both_sides() -> None:
    cuts = cut_edges([NORTH_SOUTH], GRID)
    values = np.full(GRID.shape, 2.0)
    values[:5, 6:] = np.inf
    values[5, 5] = np.nan
    surface = ResistanceSurface.from_array(values, GRID)
    assert opened(cuts, Opening(id="o", fence="a", along_m=250.0, width_m=4.0), surface).rows.size == 0
    assert opened(cuts, Opening(id="o", fence="a", along_m=250.0, width_m=200.0), surface).rows.size == 0
    shore = opened(cuts, Opening(id="o", fence="a", along_m=610.0, width_m=1.0), surface, blind(NORTH_SOUTH))
    assert [(cuts.row[r], cuts.col[r], cuts.step[r]) for r in shore.rows] == [(6, 5, 0)]


def test_a_fence_that_wiggles_back_is_not_opened_there() -> None:
    """An edge crossed twice has both its cells on one side: opening it would join nothing."""
    line = LineString([(-100, 510), (420, 510), (420, 580), (480, 580), (480, 510), (1300, 510)])
    cuts = cut_edges([Fence(id="w", line=line)], GRID)
    for along in np.arange(120.0, 1300.0, 50.0):
        edges = opened(cuts, Opening(id="o", fence="w", along_m=float(along), width_m=4.0))
        assert edges.rows.size >= 1
        assert cuts.parts_sides[edges.rows].all()


@pytest.mark.parametrize("neighbours", [4, 8])
def test_only_edges_of_the_stencil_are_opened_and_a_straight_one_first(neighbours: Neighbours) -> None:
    cuts = cut_edges([SLANTED], GRID)
    model = FenceModel(worth_m={"b": math.inf}, reach_m=100.0, neighbours=neighbours)
    for along in np.arange(150.0, 1400.0, 37.0):
        edges = opened(cuts, Opening(id="o", fence="b", along_m=float(along), width_m=4.0), model=model)
        assert cuts.step[edges.rows[0]] < 2
        assert (cuts.step[edges.rows] < neighbours // 2).all()
        assert (cuts.step[edges.rows] >= 2).any() or neighbours == 4


@given(
    st.floats(0, 1),
    st.floats(0.01, 1),
    st.floats(1, 400),
    st.floats(1.0, 3.0),
    st.floats(150, 1300),
    st.sampled_from([0.0, FREE_M]),
    st.sampled_from([4, 8]),
)
@settings(max_examples=200, deadline=None)
def test_opening_and_widening_never_add_resistance(
    permeability: float, use: float, width: float, wider: float, along: float, free: float, neighbours: Neighbours
) -> None:
    """Row by row: less cost and less resistance than the closed fence; a wider opening opens at least as much.

    To 0.01 ohm on land of 2: two widths may be solved on patches of two sizes.
    """
    cuts = cut_edges([SLANTED], GRID)
    model = FenceModel(worth_m={"b": kappa(permeability, HALF_M)}, reach_m=0.0, free_path_m=free, neighbours=neighbours)
    closed_cost, closed_ohm = row_terms(cuts, flat(), model)
    one, two = (
        row_terms(
            cuts,
            flat(),
            model,
            [opened(cuts, Opening(id="o", fence="b", along_m=along, width_m=w, use_factor=use), model=model)],
        )
        for w in (width, width * wider)
    )
    assert (one[0] <= closed_cost).all() and (one[1] <= closed_ohm).all()
    assert (two[0] <= one[0]).all() and (two[1] <= one[1] * (1 + 1e-9) + 0.01).all()


@given(st.floats(150, 1300), st.floats(60, 99.9))
@settings(deadline=None)
def test_an_opening_as_wide_as_a_face_opens_what_a_narrower_one_opened(along: float, width: float) -> None:
    cuts = cut_edges([SLANTED], GRID)
    narrow = opened(cuts, Opening(id="o", fence="b", along_m=along, width_m=width), model=blind(SLANTED))
    wide = opened(cuts, Opening(id="o", fence="b", along_m=along, width_m=CELL), model=blind(SLANTED))
    assert set(narrow.rows) <= set(wide.rows)


@pytest.mark.parametrize("neighbours", [4, 8])
@pytest.mark.parametrize("angle", ANGLES)
def test_an_opening_is_the_slit_of_its_width(angle: float, neighbours: Neighbours) -> None:
    """On a lattice of its own, held at the potential of the slit in the plane 38 cells away; land of resistance 3."""
    for place in ((0.03, 0.04), (0.31, 0.17), (-0.5, 0.52)):
        ratios = np.array(Plain(angle, place, land=3.0).slit_ratios(WIDTHS, neighbours))
        assert ratios == pytest.approx(1.0, abs=0.01)
        assert np.abs(np.diff(ratios)).max() < 0.005, "no jump from one width to the next, at one cell in particular"


@pytest.mark.parametrize("shape", [1.5, 0.4])
@pytest.mark.parametrize("neighbours", [4, 8])
def test_an_opening_is_the_slit_of_its_width_in_oblong_cells(shape: float, neighbours: Neighbours) -> None:
    for angle in (0, 30, 75, 90):
        ratios = np.array(
            Plain(angle, (0.2, 0.1), shape=shape).slit_ratios((0.01, 0.2, 1.0, 4.0), neighbours, radius=24.0)
        )
        assert ratios == pytest.approx(1.0, abs=0.01)


@pytest.mark.parametrize("angle", [10, 45])
def test_ends_of_a_very_long_opening_count_too(angle: float) -> None:
    """Beyond 12 cells only the ends are calibrated: no jump there."""
    ratios = np.array(Plain(angle, (0.31, 0.17)).slit_ratios((11.0, 11.99, 12.01, 13.0, 16.0, 24.0), 8))
    assert ratios == pytest.approx(1.0, abs=0.01)
    assert abs(ratios[2] - ratios[1]) < 0.001


@pytest.mark.parametrize("neighbours", [4, 8])
def test_a_bend_water_and_the_rim_change_an_opening_little(neighbours: Neighbours) -> None:
    """No closed form here: an opening of half a cell in a wiggly line beside water keeps within what a straight one varies."""
    grid = Grid("EPSG:6933", Affine(CELL, 0, 0, 0, -CELL, 2000), (20, 40))
    bent = Fence(
        id="b", line=LineString([(-50, 810), (730, 1010), (1330, 890), (1710, 1290), (2500, 1150), (4050, 1240)])
    )
    values = np.ones(grid.shape)
    values[6:9, 20:24] = np.inf
    cuts = cut_edges([bent], grid)
    model = FenceModel(worth_m={"b": math.inf}, reach_m=0.0, neighbours=neighbours)
    total, without = [], 0
    for along in np.arange(60.0, bent.length_m, 40.0):
        edges = opened(
            cuts,
            Opening(id="o", fence="b", along_m=float(along), width_m=30.0),
            ResistanceSurface.from_array(values, grid),
            model,
        )
        without += not edges.rows.size
        land = step_ratio(grid, neighbours)[cuts.step[edges.rows]]
        total.append((1.0 / (land + edges.ohm)).sum())
    opening = np.array(total)[np.array(total) > 0]
    assert 0 < without < 12
    assert opening.max() / opening.min() < (4.0 if neighbours == 8 else 2.5)


def test_a_fence_of_permeability_one_is_no_fence() -> None:
    cuts = cut_edges([SLANTED], GRID)
    cost, ohm = row_terms(cuts, flat(), model_of(SLANTED, worth_m=0.0))
    assert (cost == 0).all() and (ohm == 0).all()
    cost, ohm = row_terms(
        cuts,
        flat(),
        model_of(SLANTED, worth_m=0.0),
        [opened(cuts, Opening(id="o", fence="b", along_m=500.0, width_m=4.0))],
    )
    assert (cost == 0).all() and (ohm == 0).all()


def test_an_opening_stands_in_parallel_with_its_fence() -> None:
    cuts = cut_edges([NORTH_SOUTH], GRID)
    model = model_of(NORTH_SOUTH, worth_m=4000.0)
    edges = opened(cuts, Opening(id="o", fence="a", along_m=450.0, width_m=4.0, use_factor=0.1), model=model)
    cost, ohm = row_terms(cuts, flat(), model, [edges])
    closed = fence_ohm(cuts, np.full(cuts.size, 8000.0), 8)
    (row,) = edges.rows
    assert ohm[row] == pytest.approx(1 / (1 / closed[row] + 1 / edges.ohm[0]))
    assert cost[row] == 8000.0 and edges.cost_m == pytest.approx(18 * HALF_M)
    others = np.delete(np.arange(cuts.size), row)
    assert ohm[others] == pytest.approx(closed[others]) and (cost[others] == 8000.0).all()
    twice = row_terms(cuts, flat(), model, [edges, edges])[1]
    assert twice[row] == pytest.approx(1 / (1 / closed[row] + 2 / edges.ohm[0]))


def test_an_edge_that_is_crossed_twice_joins_cells_on_one_side() -> None:
    """It carries nothing, closed or not, and what is closed still parts the two sides."""
    line = LineString([(-100, 510), (420, 510), (420, 580), (480, 580), (480, 510), (1300, 510)])
    cuts = cut_edges([Fence(id="w", line=line)], GRID)
    cost, ohm = row_terms(cuts, flat(), model_of(*cuts.fences))
    assert (~cuts.parts_sides).sum() > 0
    assert (cost[~cuts.parts_sides] == 0).all() and (ohm[~cuts.parts_sides] == 0).all()
    assert np.isposinf(cost[cuts.parts_sides]).all() and np.isposinf(ohm[cuts.parts_sides]).all()


def test_an_opening_in_one_of_two_fences_leaves_the_other() -> None:
    one = Fence(id="one", line=LineString([(620, 1100), (620, -100)]))
    two = Fence(id="two", line=LineString([(640, 1100), (640, -100)]))
    cuts = cut_edges([one, two], GRID)
    model = blind(one, two)
    edges = opened(cuts, Opening(id="o", fence="one", along_m=450.0, width_m=1.0), model=model)
    assert np.isposinf(fence_terms(cuts, flat(), model, [edges]).cost_m).all()
    both = [edges, opened(cuts, Opening(id="p", fence="two", along_m=450.0, width_m=1.0), model=model)]
    terms = fence_terms(cuts, flat(), model, both)
    passable = np.flatnonzero(np.isfinite(terms.cost_m))
    assert [(terms.row[i], terms.col[i], terms.step[i]) for i in passable] == [(3, 5, 0)]
    assert terms.cost_m[passable[0]] == 0
    assert terms.ohm[passable[0]] == pytest.approx(sum(edges.ohm[0] for edges in both))


def test_terms_of_no_edges() -> None:
    cuts = cut_edges([], GRID)
    model = FenceModel(worth_m={}, reach_m=1.0)
    assert [a.size for a in row_terms(cuts, flat(), model)] == [0, 0]
    assert fence_terms(cuts, flat(), model).size == 0


@pytest.mark.parametrize(
    ("width", "use"), [(0.0, 0.5), (-4.0, 0.5), (math.nan, 0.5), (4.0, -0.1), (4.0, 1.1), (4.0, math.nan)]
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
    model = FenceModel(worth_m={"a": 1000.0}, reach_m=500.0, neighbours=4)
    terms = fence_terms(cut_edges([fence], grid), flat(grid, 1.0), model)
    straight = terms.step == (1 if along == "row" else 0)
    assert straight.sum() == (grid.width if along == "row" else grid.height)
    assert 1.0 / (1.0 / terms.ohm[straight]).sum() == pytest.approx(1000.0 / 1200.0)


@pytest.mark.parametrize("neighbours", [4, 8])
@pytest.mark.parametrize("angle", ANGLES)
def test_a_leaky_fence_is_worth_its_metres_of_land_at_any_angle(angle: float, neighbours: Neighbours) -> None:
    """Kappa of a tenth, one, ten and a hundred cells of land."""
    for worth in (10.0, 100.0, 1000.0, 10_000.0):
        assert Plain(angle, (0.13, 0.21), land=3.0).leaky_ratio(worth, neighbours) == pytest.approx(1.0, abs=0.005)


@pytest.mark.parametrize("shape", [1.5, 0.4])
def test_a_leaky_fence_in_oblong_cells(shape: float) -> None:
    for angle in (0, 30, 75, 90):
        assert Plain(angle, (0.13, 0.21), shape=shape).leaky_ratio(1000.0, 8) == pytest.approx(1.0, abs=0.005)


@given(st.integers(0, 2**32 - 1))
def test_terms_of_others_are_the_sum_less_ones_own(seed: int) -> None:
    rng = np.random.default_rng(seed)
    fences = [Fence(id=str(i), line=LineString([(x, 1100), (x + 40, -100)])) for i, x in enumerate((610, 620, 630))]
    cuts = cut_edges(fences, GRID)
    own = rng.choice([0.0, 1.0, 7.5, np.inf], cuts.size)
    others = terms_of_others(cuts, own)
    for i in range(cuts.size):
        same = (cuts.row == cuts.row[i]) & (cuts.col == cuts.col[i]) & (cuts.step == cuts.step[i])
        same[i] = False
        assert others[i] == own[same].sum()
