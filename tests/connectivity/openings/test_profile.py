"""Candidates and their gains against solving the changed landscape again; the marginal profile against differences."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from shapely import LineString

from connectivity.circuit.solve import solve
from connectivity.focal import FocalRegion
from connectivity.landscape.laplacian import Laplacian, stencil_laplacian
from connectivity.landscape.reachability import reachable_cells
from connectivity.landscape.stencil import Stencil, build_stencil
from connectivity.least_cost.cost_distance import cost_weighted_distance
from connectivity.openings.edges import openable_edges
from connectivity.openings.profile import (
    candidates_along,
    gain_profile,
    share_undone,
    spaced_shortlist,
)
from connectivity.openings.sets import DistancesOfSets, Pairs, single_sets
from rasters.errors import DataError
from rasters.fence_cuts import cut_edges
from rasters.fence_terms import fence_terms, row_terms
from rasters.fences import CutEdges, Fence, fence_ohm
from rasters.openings import FenceModel, Opening, OpeningEdges, land_beside, open_edges
from rasters.surface import ResistanceSurface
from tests.support.landscapes import fence_across, fenced, grid_of, random_surface

EXACT = 1e-9


def openings_every(
    cuts: CutEdges,
    surface: ResistanceSurface,
    model: FenceModel,
    every_m: float,
    width_m: float = 10.0,
    use: float = 0.6,
) -> tuple[OpeningEdges, ...]:
    return candidates_along(
        cuts, surface, model, [f.id for f in cuts.fences], every_m=every_m, width_m=width_m, design="d", use_factor=use
    )


def resistance(system: Laplacian, a: FocalRegion, b: FocalRegion) -> float:
    current = np.zeros(system.shape)
    current[a.rows[0], a.cols[0]], current[b.rows[0], b.cols[0]] = 1.0, -1.0
    try:
        volts, _ = solve(system, current)
    except DataError:
        return math.inf
    return float(volts[a.rows[0], a.cols[0]] - volts[b.rows[0], b.cols[0]])


def corners(surface: ResistanceSurface) -> tuple[FocalRegion, FocalRegion]:
    """The first and the last passable cell."""
    cells = np.argwhere(surface.passable)
    return tuple(
        FocalRegion.cell(name, *map(int, cell), surface.grid) for name, cell in zip("ab", cells[[0, -1]], strict=True)
    )  # type: ignore[return-value]


@pytest.mark.parametrize("permeability", [0.0, 0.2])
@pytest.mark.parametrize("neighbours", [4, 8])
def test_profile_is_the_derivative_of_resistance(permeability: float, neighbours: int) -> None:
    """Row by row against differences of R with respect to a way through the fence, edges to water and pockets included."""
    grid = grid_of((9, 11))
    values = random_surface(6, grid, 0.1).values.copy()
    values[3:6, 4] = values[3, 4:7] = values[3:6, 6] = np.inf
    values[4, 5] = 3.0
    surface = ResistanceSurface.from_array(values, grid)
    fence = Fence(id="f", line=LineString([(-500, 470), (820, 430)]))
    stencil, cuts, model = fenced(surface, (fence,), permeability, neighbours=neighbours)  # type: ignore[arg-type]
    free, ohm = build_stencil(surface, neighbours=neighbours).conductance(), row_terms(cuts, stencil.surface, model)[1]  # type: ignore[arg-type]
    a, b = corners(surface)
    system = stencil_laplacian(stencil)
    current = (a.mask.astype(float) - b.mask)[None]
    volts, _ = solve(system, current)
    profile = gain_profile(
        cuts,
        surface,
        ohm,
        system.conductance,
        volts,
        reached=reachable_cells(stencil, a),
        neighbours=neighbours,
        every_m=150.0,  # type: ignore[arg-type]
    )
    base, beside = resistance(system, a, b), land_beside(cuts, surface)
    slopes = np.zeros(cuts.size)
    row2, col2 = cuts.second
    for i in range(cuts.size):
        ends_exist = surface.passable[cuts.row[i], cuts.col[i]] and surface.passable[row2[i], col2[i]]
        if ends_exist and cuts.step[i] < neighbours // 2:
            changed, at = system.conductance.copy(), (cuts.step[i], cuts.row[i], cuts.col[i])
            changed[at] = 1.0 / (1.0 / free[at] + 1.0 / (1.0 / ohm[i] + 1e-7))
            more = Laplacian(conductance=changed, active=system.active, ground=system.ground, region=system.region)
            slopes[i] = (base - resistance(more, a, b)) / 1e-7 / beside[i]
    assert profile.row_gain_ohm2 == pytest.approx(slopes, rel=1e-4, abs=1e-4)
    weight = 1.0 / (
        fence_ohm(cuts, np.full(cuts.size, 100.0), neighbours) * (1.0 if neighbours == 4 else 1.0 + math.sqrt(2.0))
    )
    assert profile.gain_ohm2.sum() == pytest.approx((weight * profile.row_gain_ohm2).sum())
    assert (profile.row_gain_ohm2 > 1e-3).sum() > 4 and (profile.row_gain_ohm2 == 0).any()


@pytest.mark.parametrize("land", [(1.0, 1.0), (1.0, 4.0), (4.0, 1.0)])
def test_the_profile_says_what_a_narrow_passage_gains_in_any_land(land: tuple[float, float]) -> None:
    """A leaky fence between two sides: gain over profile is the same in the west and the east, hard land or easy."""
    grid = grid_of((24, 48))
    values = np.where(np.arange(48) < 24, *land) * np.ones(grid.shape)
    surface = ResistanceSurface.from_array(values, grid)
    fence = Fence(id="f", line=LineString([(-50, 1210), (4850, 1210)]))
    stencil, cuts, model = fenced(surface, (fence,), 0.2)
    model = replace(model, free_path_m=100.0)
    sides = [
        FocalRegion.from_mask(n, np.isin(np.arange(24), r)[:, None] & np.ones(48, bool), grid)
        for n, r in (("a", range(8)), ("b", range(16, 24)))
    ]
    system = stencil_laplacian(stencil)
    volts, _ = solve(system, sides[0].mask / sides[0].mask.sum() - sides[1].mask / sides[1].mask.sum())
    profile = gain_profile(
        cuts,
        surface,
        row_terms(cuts, surface, model)[1],
        system.conductance,
        volts[None],
        reached=surface.passable,
        every_m=100.0,
    )
    candidates = openings_every(cuts, surface, model, 100.0, width_m=2.0, use=0.001)
    here = [next(c for c in candidates if c.opening.along_m == at) for at in (1250.0, 3650.0)]
    gains = [
        (volts[sides[0].mask].mean() - volts[sides[1].mask].mean())
        - _between(with_opening(stencil, cuts, model, [c]), sides)
        for c in here
    ]
    marginal = [profile.gain_ohm2[np.searchsorted(profile.start_m, c.opening.along_m) - 1] for c in here]
    assert gains[0] / marginal[0] == pytest.approx(gains[1] / marginal[1], rel=0.05)


def _between(stencil: Stencil, sides: list[FocalRegion]) -> float:
    """Mean drop between two sides at 1 A spread evenly over each."""
    a, b = (side.mask / side.mask.sum() for side in sides)
    volts, _ = solve(stencil_laplacian(stencil), a - b)
    return float((volts * (a - b)).sum())


def test_profile_stretches_and_leaking_current() -> None:
    """All the current of a pair leaks through the fence that parts them; stretches follow each other to its end."""
    grid = grid_of((8, 9))
    surface = random_surface(1, grid, 0.0)
    fence = Fence(id="f", line=LineString([(-50, 430), (950, 370)]))
    stencil, cuts, model = fenced(surface, (fence,), 0.1)
    ohm = row_terms(cuts, stencil.surface, model)[1]
    a, b = corners(surface)
    system = stencil_laplacian(stencil)
    volts, _ = solve(system, (a.mask.astype(float) - b.mask)[None])
    reached = reachable_cells(stencil, a)
    one = gain_profile(cuts, surface, ohm, system.conductance, volts, reached=reached, every_m=200.0)
    assert one.start_m.tolist() == [0, 200, 400, 600, 800]
    assert one.end_m.tolist() == [200, 400, 600, 800, 1000] or one.end_m[-1] == pytest.approx(fence.length_m)
    assert one.current_a.sum() == pytest.approx(1.0)
    two = gain_profile(
        cuts, surface, ohm, system.conductance, np.concatenate([volts, -volts]), reached=reached, every_m=200.0
    )
    assert two.gain_ohm2 == pytest.approx(2 * one.gain_ohm2)
    none = gain_profile(cuts, surface, ohm, system.conductance, volts[:0], reached=reached, every_m=200.0)
    assert (none.gain_ohm2 == 0).all() and (none.current_a == 0).all()


def with_opening(stencil: Stencil, cuts: CutEdges, model: FenceModel, opened: list[OpeningEdges]) -> Stencil:
    return build_stencil(
        stencil.surface,
        fence_terms(cuts, stencil.surface, model, opened),
        neighbours=stencil.neighbours,
        edge_rule=stencil.edge_rule,
    )


def least_costs(
    stencil: Stencil, cuts: CutEdges, model: FenceModel, candidates: Sequence[OpeningEdges], ends: Sequence[FocalRegion]
) -> NDArray[np.float64]:
    """Least cost between two ends with each candidate alone."""
    edges = openable_edges(
        cuts, stencil, *row_terms(cuts, stencil.surface, model), [[c] for c in candidates], singles_only=True
    )
    found = [cost_weighted_distance(stencil, end) for end in ends]
    costs = DistancesOfSets.build(stencil, found, edges, Pairs.every(2), between_gaps=False)
    return costs.distances(single_sets(len(candidates)))[:, 0]


@given(st.integers(0, 10**6), st.sampled_from([0.0, 0.15, 0.5]), st.sampled_from([4, 8]), st.sampled_from([5.0, 99.0]))
@settings(max_examples=40)
def test_least_cost_with_one_opening_equals_searching_again(
    seed: int, permeability: float, neighbours: int, width: float
) -> None:
    """Narrow openings, one and two fences; more than ten candidates may share an edge."""
    grid = grid_of((8, 9))
    surface = random_surface(seed, grid)
    fences = (fence_across(grid, "f"), fence_across(grid, "g", 0.6, 0.5))[: 1 + seed % 2]
    stencil, cuts, model = fenced(surface, fences, permeability, neighbours=neighbours)  # type: ignore[arg-type]
    a, b = corners(surface)
    candidates = openings_every(cuts, surface, model, 150.0 if seed % 3 else 5.0, width)
    found = least_costs(stencil, cuts, model, candidates, (a, b))
    again = [cost_weighted_distance(with_opening(stencil, cuts, model, [c]), a).to(b) for c in candidates[:12]]
    assert len(candidates) > 3
    assert found[:12] == pytest.approx(again, rel=EXACT)
    assert least_costs(stencil, cuts, model, candidates, (b, a)) == pytest.approx(found, rel=EXACT)


@given(st.integers(0, 10**6), st.sampled_from([0.05, 0.5, 1.0]), st.sampled_from([20.0, 300.0]))
@settings(max_examples=30)
def test_opening_never_raises_resistance_or_cost(seed: int, permeability: float, width: float) -> None:
    grid = grid_of((7, 8))
    surface = random_surface(seed, grid, 0.1)
    stencil, cuts, model = fenced(surface, (fence_across(grid),), permeability)
    a, b = corners(surface)
    before = resistance(stencil_laplacian(stencil), a, b), cost_weighted_distance(stencil, a).to(b)
    for candidate in openings_every(cuts, surface, model, 300.0, width):
        opened = with_opening(stencil, cuts, model, [candidate])
        after = resistance(stencil_laplacian(opened), a, b), cost_weighted_distance(opened, a).to(b)
        assert after[0] <= before[0] * (1 + 1e-10) and after[1] <= before[1] * (1 + 1e-12)
        if permeability == 1.0:
            assert after == before


def test_one_opening_gains_nothing_behind_two_sealed_fences() -> None:
    grid = grid_of((9, 8))
    surface = random_surface(1, grid, 0.0)
    fences = (fence_across(grid, "outer", 0.3, 0.3), fence_across(grid, "inner", 0.7, 0.7))
    stencil, cuts, model = fenced(surface, fences, 0.0)
    a, b = corners(surface)
    assert np.isposinf(resistance(stencil_laplacian(stencil), a, b))
    one, two = (
        open_edges(cuts, surface, Opening(id=f, fence=f, along_m=1400.0, width_m=20.0, use_factor=0.5), model)
        for f in ("outer", "inner")
    )
    assert np.isposinf(least_costs(stencil, cuts, model, [one, two], (a, b))).all()
    for opened in ([one], [two]):
        assert np.isposinf(resistance(stencil_laplacian(with_opening(stencil, cuts, model, opened)), a, b))
    assert np.isfinite(resistance(stencil_laplacian(with_opening(stencil, cuts, model, [one, two])), a, b))


def test_no_candidates_and_no_fences() -> None:
    grid = grid_of((5, 5))
    surface = random_surface(1, grid, 0.0)
    stencil, cuts, model = fenced(surface, (), 0.5)
    assert openings_every(cuts, surface, model, 100.0) == ()
    cwd = cost_weighted_distance(stencil, corners(surface)[0]).cwd
    assert least_costs(stencil, cuts, model, [], corners(surface)).size == 0
    profile = gain_profile(
        cuts, surface, np.empty(0), stencil.conductance(), cwd[None], reached=surface.passable, every_m=10.0
    )
    assert profile.fence.size == profile.gain_ohm2.size == 0


@pytest.mark.parametrize("every", [30.0, 100.0, 150.0, 200.0, 250.0, 1000.0, 2500.0])
def test_candidates_stand_in_the_middle_of_their_stretch_under_their_own_name(every: float) -> None:
    grid = grid_of((6, 60))
    fence = Fence(id="f", line=LineString([(-20, 310), (6020, 290)]))
    surface = random_surface(1, grid, 0.0)
    found = openings_every(cut_edges([fence], grid), surface, FenceModel(worth_m={"f": math.inf}, reach_m=1), every)
    ids = [c.opening.id for c in found]
    assert len(set(ids)) == len(ids) == round(fence.length_m / every)
    assert ids == sorted(ids)
    assert [c.opening.along_m for c in found] == pytest.approx(every / 2 + every * np.arange(len(found)))
    if every >= 1000:
        assert ids[0] == f"f-km{every / 2000:06.1f}"


def test_candidates_only_on_the_named_fences_and_on_land() -> None:
    grid = grid_of((6, 60))
    values = np.ones(grid.shape)
    values[:, 20:30] = np.inf
    surface = ResistanceSurface.from_array(values, grid)
    fences = [Fence(id=i, line=LineString([(0, y), (6000, y)])) for i, y in (("f", 310), ("g", 210))]
    model = FenceModel(worth_m={"f": math.inf, "g": math.inf}, reach_m=1)
    cuts = cut_edges(fences, grid)
    found = candidates_along(cuts, surface, model, ["g"], every_m=500.0, width_m=4.0, design="d", use_factor=1.0)
    assert {c.opening.fence for c in found} == {"g"}
    assert [c.opening.along_m for c in found] == [250, 750, 1250, 1750, 3250, 3750, 4250, 4750, 5250, 5750]


def test_share_undone() -> None:
    gained = np.array([0.0, 0.1, 0.4, 0.9])
    assert share_undone(0.1, gained, 0.5) == pytest.approx([0, 0.25, 1, 1])
    assert share_undone(0.5, gained, 0.5).tolist() == [0, 0, 0, 0]
    assert share_undone(0.0, gained, 0.4) == pytest.approx([0, 0.25, 1, 1])


def test_shortlist_keeps_its_distance_on_each_line() -> None:
    along = np.array([0.0, 900.0, 1000.0, 50.0, 5000.0])
    line = ["f", "f", "f", "g", "f"]
    assert spaced_shortlist([1, 0, 2, 3, 4], line, along, spacing_m=1000.0, most=9) == [1, 3, 4]
    assert spaced_shortlist([0, 1, 2, 3, 4], line, along, spacing_m=1000.0, most=3) == [0, 2, 3]
    assert spaced_shortlist([0, 1, 2], line, along, spacing_m=0.0, most=2) == [0, 1]
    assert spaced_shortlist([], line, along, spacing_m=0.0, most=2) == []
