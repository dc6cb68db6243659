"""Choosing a set: proofs against trying everything, bounds that hold for every set, rules, and what greedy misses."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from connectivity.openings.sets import Pairs, no_sets
from connectivity.portfolio.chooser import Chooser
from connectivity.portfolio.linear_model import LinearModel
from connectivity.portfolio.objectives import ArrivalBlock, CircuitBlock, Objective, RouteBlock
from connectivity.portfolio.routes import routes_of_pair
from connectivity.portfolio.rules import Limit, Rules, spacing_limits
from connectivity.portfolio.search import feasible_sets
from connectivity.portfolio.tangents import opened_in_part, own_resistance, tangents
from rasters.errors import ConfigError, DataError
from tests.support.fence_cases import Case, every_set, make_case

WEIGHT = np.array([0.7, 0.3])
N = 12


def conductance(case: Case) -> Objective:
    circuit = case.circuit()
    base = circuit.conductances(no_sets(circuit.n_candidates))[0]
    return Objective(kind="conductance", blocks={"x": CircuitBlock(circuit=circuit, weight=WEIGHT, base=base)})


def resistance(case: Case) -> Objective:
    circuit = case.circuit()
    base = circuit.resistances(no_sets(circuit.n_candidates))[0]
    block = CircuitBlock(circuit=circuit, weight=WEIGHT, base=base, resistance=True)
    return Objective(kind="resistance", blocks={"x": block})


def least_cost(case: Case) -> Objective:
    distances = case.distances()
    base = float((WEIGHT / distances.distances(no_sets(distances.n_candidates))[0]).sum())
    block = RouteBlock(distances=distances, worth=lambda cost: WEIGHT / cost, weight=1e5, base=base)
    return Objective(kind="least_cost", blocks={"x": block})


def eca(case: Case) -> Objective:
    distances = case.distances(Pairs.every(4))
    block = RouteBlock(
        distances=distances, worth=lambda cost: 2.0 * np.exp(-cost / 3e4), weight=1.0, base=0.0, inner=4.0, root=True
    )
    return Objective(kind="eca", blocks={"x": replace(block, base=float(block.level(no_sets(block.n_candidates))[0]))})


KINDS: dict[str, Callable[[Case], Objective]] = {
    "conductance": conductance,
    "resistance": resistance,
    "least_cost": least_cost,
    "eca": eca,
}


def costs(seed: int, n: int = N) -> np.ndarray:
    return np.random.default_rng(seed).integers(1, 4, n).astype(float)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("permeability", [(0.0, 0.0), (0.1, 0.05), (0.0, 0.3), (0.02,)])
def test_the_linear_model_finds_what_trying_everything_finds(kind: str, permeability: tuple[float, ...]) -> None:
    if kind == "resistance" and 0.0 in permeability:
        pytest.skip("resistance needs every core joined")
    for seed in (0, 1):
        objective = KINDS[kind](make_case(permeability, n=N, seed=seed))
        rules = Rules.plain(costs(seed), 7.0)
        tried = Chooser(objective=objective, rules=rules).best()
        proven = Chooser(objective=objective, rules=rules, most_tried=0).best()
        assert (tried.method, proven.method) == ("exhaustive", "milp")
        assert_allclose(proven.value, tried.value, rtol=1e-6)
        assert proven.bound >= tried.value * (1 - 1e-9) and proven.gap < 1e-5
        assert proven.cost <= 7.0


def test_several_species_under_one_budget() -> None:
    one, two = conductance(make_case((0.0, 0.0), n=N)), conductance(make_case((0.1, 0.02), n=N, seed=3))
    objective = Objective(kind="conductance", blocks={"one": one.blocks["x"], "two": two.blocks["x"]})
    tried = Chooser(objective=objective, rules=Rules.plain(np.ones(N), 5.0)).best()
    proven = Chooser(objective=objective, rules=Rules.plain(np.ones(N), 5.0), most_tried=0).best()
    assert proven.chosen == tried.chosen and proven.gap < 1e-5


@pytest.mark.parametrize("permeability", [(0.0, 0.0), (0.1, 0.05), (0.0,)])
@pytest.mark.parametrize("as_resistance", [False, True])
def test_tangents_hold_for_every_set(permeability: tuple[float, ...], as_resistance: bool) -> None:
    """At whole and at partial openings, and exact where the set is the one that they were made at."""
    if as_resistance and 0.0 in permeability:
        pytest.skip("resistance needs every core joined")
    circuit = make_case(permeability, n=8).circuit()
    edges, sets = circuit.edges, every_set(8)
    own = own_resistance(circuit)
    truth = -circuit.resistances(sets) if as_resistance else circuit.conductances(sets)
    open_states = np.zeros((256, edges.delta.size))
    np.put_along_axis(open_states, edges.states(sets), 1.0, axis=1)
    open_states[:, edges.state_start[:-1]] = 0.0
    rng = np.random.default_rng(1)
    for share in [
        open_states[0],
        open_states[73],
        *(open_states[rng.integers(256, size=3)].mean(axis=0) for _ in range(4)),
    ]:
        now, slope_of = opened_in_part(edges, share, own)
        for level, drop2 in tangents(circuit, now, resistance=as_resistance):
            slope = drop2[:, edges.edge_of_state] * slope_of
            bound = level + (open_states - share) @ slope.T
            assert (bound >= truth - 1e-9 * np.abs(truth)).all()
    now, _ = opened_in_part(edges, open_states[255], own)
    assert_allclose(tangents(circuit, now, resistance=as_resistance)[0][0], truth[255], rtol=1e-9)


def test_own_resistance_makes_the_bound_tighter() -> None:
    circuit = make_case((0.1,), n=8, wide_every=0).circuit()
    own = own_resistance(circuit)
    assert (own > 0.05).all()
    half = np.zeros(circuit.edges.delta.size)
    half[circuit.edges.state_start[:-1] + 1] = 0.5
    with_it, without = (opened_in_part(circuit.edges, half, r)[0] for r in (own, np.zeros_like(own)))
    assert (with_it < without).all()


@pytest.mark.parametrize("permeability", [(0.0, 0.0), (0.3, 0.1), (0.0, 0.3), (0.4,)])
def test_routes_tell_every_distance(permeability: tuple[float, ...]) -> None:
    distances = make_case(permeability, n=8, seed=2).distances()
    sets, n = every_set(8), 8
    truth, states = distances.distances(sets), distances.edges.states(sets)
    for p in range(2):
        routes = routes_of_pair(distances, distances.pairs.first[p], distances.pairs.second[p])
        assert routes is not None
        told = np.full(256, truth[0, p])
        for route in routes:
            there = np.all([sets[:, i] if i < n else (states == i - n).any(axis=1) for i in route.needs], axis=0)
            told[there] = np.minimum(told[there], route.cost_m)
        assert_allclose(told, truth[:, p], rtol=1e-12)


def test_behind_two_sealed_fences_greedy_finds_nothing_and_pairs_do() -> None:
    """No single opening gains in conductance or in least cost; one in each line does."""
    case = make_case((0.0, 0.0), n=N)
    for kind in ("conductance", "least_cost", "eca"):
        objective = KINDS[kind](case)
        assert_allclose(objective.values(np.eye(N, dtype=bool)), 0.0, atol=1e-12)
        chooser = Chooser(objective=objective, rules=Rules.plain(np.ones(N), 4.0), most_tried=0)
        assert chooser.greedy().chosen == () and chooser.greedy().value == pytest.approx(0.0, abs=1e-12)
        pairs, best = chooser.greedy(pairs=True), chooser.best()
        assert pairs.value > 0 and best.value >= pairs.value
        assert {c % 2 for c in best.chosen} == {0, 1}, "one in each line"


@settings(max_examples=25)
@given(st.integers(0, 3), st.floats(0, 12), st.floats(0, 6))
def test_more_budget_never_gains_less(seed: int, budget: float, more: float) -> None:
    chooser = Chooser(objective=SMALL, rules=Rules.plain(costs(seed, 8), 20.0))
    assert chooser.best(budget + more).value >= chooser.best(budget).value


SMALL = conductance(make_case((0.1, 0.0), n=8))


def test_the_frontier_is_the_best_at_each_budget() -> None:
    rules = Rules.plain(costs(1), 8.0)
    objective = conductance(make_case((0.02,), n=N))
    tried = Chooser(objective=objective, rules=rules).frontier([2, 4, 6, 8])
    proven = Chooser(objective=objective, rules=rules, most_tried=0).frontier([2, 4, 6, 8])
    assert_allclose([p.value for p in proven], [t.value for t in tried], rtol=1e-6)
    assert (np.diff([p.value for p in tried]) >= 0).all()


def test_needs_and_next_gains_by_trying_everything() -> None:
    rules = Rules.plain(np.ones(8), 3.0)
    chooser = Chooser(objective=SMALL, rules=rules, most_tried=0)
    best = chooser.best()
    sets = every_set(8)
    sets = sets[sets.sum(axis=1) <= 3]
    values = SMALL.values(sets)
    for need in chooser.needs(best, within=0.1):
        others = values[~sets[:, need.candidate]].max()
        assert need.without.value == pytest.approx(others, rel=1e-6)
        assert need.needed == bool(others < 0.9 * values.max())
    gains = chooser.next_gains(best)
    for c in set(range(8)) - set(best.chosen):
        with_it = np.zeros((1, 8), bool)
        with_it[0, [*best.chosen, c]] = True
        assert gains[c] == pytest.approx(SMALL.values(with_it)[0] - best.value, abs=1e-12)


def test_rules_hold_in_every_way_of_choosing() -> None:
    n, rng = 12, np.random.default_rng(5)
    along, line = np.sort(rng.uniform(0, 50_000, n)), ["f", "g"] * 6
    limits = (*spacing_limits(line, along, 9000.0), Limit(name="first four", members=np.arange(n) < 4, most=1))
    rules = replace(
        Rules.plain(costs(2), 8.0, limits), must_have=np.arange(n) == 7, must_not=np.isin(np.arange(n), [0, 9])
    )
    objective = conductance(make_case((0.0, 0.0), n=n, seed=1))
    allowed = every_set(n)[rules.allowed(every_set(n))]
    best = objective.values(allowed).max()
    for most_tried in (300_000, 0):
        chosen = Chooser(objective=objective, rules=rules, most_tried=most_tried).best()
        assert chosen.value == pytest.approx(best, rel=1e-6)
        one = np.zeros((1, n), bool)
        one[0, list(chosen.chosen)] = True
        assert rules.allowed(one)[0] and 7 in chosen.chosen
    greedy = Chooser(objective=objective, rules=rules).greedy(pairs=True)
    assert 7 in greedy.chosen and greedy.cost <= 8.0


def test_all_feasible_sets_are_tried() -> None:
    rules = Rules.plain(costs(3, 8), 6.0, spacing_limits(["f"] * 8, np.arange(8) * 1000.0, 1500.0))
    sets = feasible_sets(rules)
    assert len(np.unique(sets, axis=0)) == len(sets) == rules.allowed(every_set(8)).sum()
    assert rules.count_sets(10**6) >= len(sets)


def test_spacing_means_what_it_says() -> None:
    along = np.array([0.0, 4000.0, 9000.0, 10_000.0, 10_000.0])
    limits = spacing_limits(["f", "f", "f", "f", "g"], along, 6000.0)
    sets = every_set(5)
    fits = Rules.plain(np.zeros(5), 0.0, limits).allowed(sets)
    for chosen, fit in zip(sets[:, :4], fits, strict=True):
        there = along[:4][chosen]
        assert fit == bool((np.diff(there) >= 6000.0).all())
    same_place = spacing_limits(["f", "f"], np.array([5.0, 5.0]), 0.0)
    assert not Rules.plain(np.zeros(2), 0.0, same_place).allowed(np.ones((1, 2), bool))[0]


def test_what_cannot_be_says_why() -> None:
    rules = Rules.plain(np.full(8, 5.0), 3.0)
    forced = replace(rules, must_have=np.arange(8) == 2)
    with pytest.raises(ConfigError, match="must-have candidates cost 5 and the budget is 3"):
        Chooser(objective=SMALL, rules=forced).best()
    both = replace(forced, budget=9.0, must_not=forced.must_have)
    with pytest.raises(ConfigError, match="both must-have and must-not"):
        Chooser(objective=SMALL, rules=both).best()
    with pytest.raises(DataError, match="choose the objective conductance"):
        resistance(make_case((0.0,)))
    with pytest.raises(ConfigError, match="budget must be >= 0"):
        Rules.plain(np.ones(2), -1.0)


def test_arriving_has_no_proof_beyond_what_can_be_tried() -> None:
    circuit = make_case((0.0, 0.0), n=8).circuit(mortal=True)
    base = circuit.arriving(no_sets(8))[0]
    objective = Objective(kind="arriving", blocks={"x": ArrivalBlock(circuit=circuit, weight=WEIGHT, base=base)})
    tried = Chooser(objective=objective, rules=Rules.plain(np.ones(8), 4.0)).best()
    searched = Chooser(objective=objective, rules=Rules.plain(np.ones(8), 4.0), most_tried=0).best()
    assert tried.gap == 0.0
    assert searched.method == "search"
    assert searched.value <= tried.value <= searched.bound == pytest.approx(float((1 - base) @ WEIGHT))


def test_an_opening_may_lead_walkers_to_where_they_die() -> None:
    """Which is why arriving current has no bound by opening everything."""
    case = make_case((0.0,), n=8, wide_every=0)
    deadly = case.ground.copy()
    deadly[14:, :10] = 10.0
    values = Case(**{**case.__dict__, "ground": deadly}).circuit(mortal=True).arriving(every_set(8))[:, 1]
    assert values[255] < values.max()


def test_useless_candidates_are_left_out() -> None:
    """Money left over is not spent on what brings nothing."""
    objective = least_cost(make_case((0.0,), n=8))
    for most_tried in (300_000, 0):
        best = Chooser(objective=objective, rules=Rules.plain(np.ones(8), 8.0), most_tried=most_tried).best()
        for c in best.chosen:
            fewer = np.zeros((1, 8), bool)
            fewer[0, [k for k in best.chosen if k != c]] = True
            assert objective.values(fewer)[0] < best.value


def test_linear_model_by_hand() -> None:
    """Knapsack: 3 + 2 + 2 worth, weights 2, 1, 1 in a sack of 2.5; by halves it holds more."""
    lp = LinearModel()
    x = lp.columns(3, value=[3.0, 2.0, 2.0], whole=True)
    sack = lp.row(x, [2.0, 1.0, 1.0], upper=2.5)
    lp.offset = 1.0
    assert lp.maximise(relaxed=True).value == pytest.approx(1 + 4 + 0.75)
    whole = lp.maximise()
    assert (whole.value, whole.bound) == (pytest.approx(5.0), pytest.approx(5.0))
    assert whole.x.round().tolist() == [0, 1, 1]
    lp.set_row_upper(sack, 3.0)
    assert lp.maximise().value == pytest.approx(6.0)
    lp.set_bounds([0], 0.0, 0.0)
    assert lp.maximise().value == pytest.approx(5.0)
    lp.row([x[1], x[2], x[1]], [0.5, 1.0, 0.5], lower=3.0)
    assert lp.maximise().bound == -np.inf
