"""Exact value of every set: against solving the changed landscape again, and the laws that any value must keep."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from connectivity.least_cost.cost_distance import cost_weighted_distances
from connectivity.openings.sets import Pairs, no_sets, single_sets
from rasters.errors import DataError
from rasters.openings import FenceModel, Opening, open_edges
from tests.support.fence_cases import Case, every_set, make_case

CASES = {
    "two sealed lines": {"permeability": (0.0, 0.0)},
    "two leaky lines": {"permeability": (0.1, 0.03)},
    "one sealed, one leaky": {"permeability": (0.0, 0.3), "seed": 4},
    "one line, four neighbours": {"permeability": (0.0,), "neighbours": 4},
    "two lines on the same edges": {"permeability": (0.0, 0.0), "apart_m": 250.0, "wide_every": 2},
}


@pytest.fixture(scope="module", params=list(CASES))
def case(request: pytest.FixtureRequest) -> Case:
    return make_case(**CASES[request.param])


def test_every_value_equals_solving_again(case: Case) -> None:
    sets = every_set(8)[np.random.default_rng(0).choice(256, 40, replace=False)]
    again = [case.solved_again(chosen) for chosen in sets]
    assert_allclose(case.circuit().resistances(sets), [one[0] for one in again], rtol=1e-9)
    assert_allclose(case.circuit(mortal=True).arriving(sets), [one[1] for one in again], rtol=1e-9, atol=1e-12)
    assert_allclose(case.distances().distances(sets), [one[2] for one in again], rtol=1e-12)


def test_some_set_joins_and_some_does_not() -> None:
    """The cases above hold both, or they would prove little."""
    sealed = make_case((0.0, 0.0)).circuit().resistances(every_set(8))
    assert np.isinf(sealed).any() and np.isfinite(sealed).any()


def test_two_fences_on_one_edge_stay_closed_until_both_are_open() -> None:
    """Both openings lie on the same edge: either alone does nothing, both let walkers through."""
    case = make_case((0.0, 0.0), apart_m=1.0)
    along = case.cuts.fences[0].length_m / 2
    two = [
        (
            open_edges(
                case.cuts,
                case.surface,
                Opening(id=f.id, fence=f.id, along_m=along, width_m=4.0, use_factor=0.5),
                case.model,
            ),
        )
        for f in case.cuts.fences
    ]
    both = Case(**{**case.__dict__, "candidates": two})
    assert both.edges.size == 1
    ohm = both.circuit().resistances(every_set(2))[:, 0]
    assert np.isinf(ohm[:3]).all() and np.isfinite(ohm[3])
    cost = both.distances().distances(every_set(2))[:, 0]
    assert np.isinf(cost[:3]).all() and np.isfinite(cost[3])


def test_designs_at_one_place_stand_beside_each_other() -> None:
    case = make_case((0.0,), wide_every=0)
    fence = case.cuts.fences[0]
    designs = [
        (
            open_edges(
                case.cuts,
                case.surface,
                Opening(id=str(w), fence=fence.id, along_m=9000.0, width_m=w, use_factor=u),
                case.model,
            ),
        )
        for w, u in ((4.0, 0.4), (20.0, 0.5))
    ]
    pair = Case(**{**case.__dict__, "candidates": designs})
    assert pair.edges.size == 1
    again = np.array([pair.solved_again(chosen)[0] for chosen in every_set(2)])
    assert_allclose(pair.circuit().resistances(every_set(2)), again, rtol=1e-9)
    assert (again[3] < again[2]).all() and (again[2] < again[1]).all()


def test_some_candidates_only(case: Case) -> None:
    some = [6, 1, 3]
    full = np.zeros((8, 8), bool)
    full[:, some] = every_set(3)
    circuit, mortal, distances = case.circuit(), case.circuit(mortal=True), case.distances()
    assert_allclose(circuit.only(some).resistances(every_set(3)), circuit.resistances(full), rtol=1e-12)
    assert_allclose(mortal.only(some).arriving(every_set(3)), mortal.arriving(full), rtol=1e-10, atol=1e-13)
    assert_allclose(distances.only(some).distances(every_set(3)), distances.distances(full), rtol=1e-14)


@settings(max_examples=30)
@given(st.sets(st.integers(0, 7)), st.sets(st.integers(0, 7)))
def test_opening_more_never_raises_resistance_or_cost(one: set[int], two: set[int]) -> None:
    sets = np.zeros((2, 8), bool)
    sets[0, list(one)] = True
    sets[1, list(one | two)] = True
    for values in (CIRCUIT.resistances(sets), DISTANCES.distances(sets)):
        assert (values[1] <= values[0] * (1 + 1e-12)).all()


CIRCUIT = make_case((0.1, 0.0)).circuit()
DISTANCES = make_case((0.1, 0.0)).distances()


def test_gains_are_the_same_with_the_pair_swapped() -> None:
    case = make_case((0.1, 0.03))
    forth, back = Pairs.between([(0, 2), (1, 3)]), Pairs.between([(2, 0), (3, 1)])
    sets = every_set(8)[::7]
    assert_allclose(case.circuit(pairs=forth).resistances(sets), case.circuit(pairs=back).resistances(sets), rtol=1e-12)
    ways = case.distances(forth).distances(sets), case.distances(back).distances(sets)
    assert_allclose(*ways, rtol=1e-12)


def test_a_passage_in_a_fence_that_is_no_obstacle_gains_nothing() -> None:
    case = make_case((1.0,))
    circuit, distances = case.circuit(), case.distances()
    assert_allclose(circuit.resistances(single_sets(8)), np.tile(circuit.resistances(no_sets(8)), (8, 1)), rtol=1e-13)
    assert_allclose(distances.distances(single_sets(8)), np.tile(distances.distances(no_sets(8)), (8, 1)), rtol=1e-13)


def test_pairs_and_all_targets_together() -> None:
    """Several targets held together are reached more easily than the easiest of them alone."""
    case, sets = make_case((0.05,)), every_set(8)[::11]
    single = case.circuit(pairs=Pairs.between([(0, 2), (0, 3)])).resistances(sets)
    together = case.circuit().resistances(sets)[:, 0]
    assert (together < single.min(axis=1)).all()
    least = case.distances(Pairs.between([(0, 2), (0, 3)])).distances(sets).min(axis=1)
    assert_allclose(case.distances().distances(sets)[:, 0], least, rtol=1e-14)


def test_without_ground_everybody_who_can_arrives() -> None:
    circuit = make_case((0.0,)).circuit()
    arrive = circuit.arriving(every_set(8)[:4])
    assert_allclose(arrive, np.isfinite(circuit.resistances(every_set(8)[:4])).astype(float))


def test_single_openings_need_no_search_between_gaps() -> None:
    case = make_case((0.0, 0.3))
    fast = type(case.distances()).build(
        case.stencil,
        cost_weighted_distances(case.stencil, case.regions),
        case.edges,
        case.distances().pairs,
        between_gaps=False,
    )
    assert_allclose(fast.distances(single_sets(8)), case.distances().distances(single_sets(8)), rtol=1e-14)


def test_faults_are_named() -> None:
    case = make_case((0.0,))
    with pytest.raises(DataError, match="do not fit 8 candidates"):
        case.circuit().resistances(np.zeros((1, 5), bool))
    mixed = Pairs(first=(0, 1), second=((2, 3), (2,)))
    with pytest.raises(DataError, match="same regions together"):
        case.circuit(pairs=mixed)
    crowd = [case.candidates[1]] * 11
    with pytest.raises(DataError, match="11 candidates open the edge"):
        Case(**{**case.__dict__, "candidates": crowd}).edges.cells()


def test_use_factor_one_is_as_wide_as_its_face() -> None:
    """A wide opening that is used like open ground leaves nothing of the fence."""
    case = make_case((0.0,), wide_every=0)
    fence = case.cuts.fences[0]
    model = FenceModel(worth_m={fence.id: math.inf}, reach_m=1000.0, free_path_m=1000.0)
    away = Opening(id="away", fence=fence.id, along_m=fence.length_m / 2, width_m=2 * fence.length_m)
    gone = Case(**{**case.__dict__, "candidates": [(open_edges(case.cuts, case.surface, away, model),)]})
    free = make_case((1.0,), wide_every=0).circuit().resistances(no_sets(8))
    assert_allclose(gone.circuit().resistances(np.ones((1, 1), bool)), free, rtol=1e-9)
