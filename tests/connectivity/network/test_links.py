import networkx as nx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectivity.least_cost.cost_distance import cost_weighted_distance
from connectivity.least_cost.crossings import path_fence_crossings, path_shares
from connectivity.least_cost.paths import least_cost_path
from connectivity.network.adjacency import adjacent_pairs, euclidean_zones, straight_distance_m, touching_zones
from connectivity.network.links import LinkRules, build_network, network_graph
from rasters.errors import DataError
from tests.support.small import block, cell, fence_across, random_values, stencil_of, with_fence


def row_of_cores(gaps: list[int], resistance: float = 1.0):
    """Single cells in one row of uniform ground, the gaps between them in cells."""
    columns = np.concatenate([[1], 1 + np.cumsum(gaps)])
    stencil = stencil_of(np.full((3, columns[-1] + 2), resistance))
    return stencil, [cell(f"c{i}", 1, int(c), stencil) for i, c in enumerate(columns)]


def test_touching_zones_sees_sides_and_corners() -> None:
    zones = np.array([[1, 1, 0], [0, 2, 0], [0, 0, 3]], np.int32)
    assert touching_zones(zones) == [(0, 1), (1, 2)]


def test_a_core_in_between_parts_its_neighbours() -> None:
    stencil, cores = row_of_cores([4, 4])
    assert set(adjacent_pairs(stencil, cores)) == {(0, 1), (1, 2)}
    assert set(adjacent_pairs(stencil, cores, ["all"])) == {(0, 1), (0, 2), (1, 2)}


def test_costly_ground_parts_by_cost_but_not_by_distance() -> None:
    values = np.ones((5, 9))
    values[:, 4] = np.inf
    stencil = stencil_of(values)
    cores = [cell("a", 2, 1, stencil), cell("b", 2, 7, stencil)]
    assert adjacent_pairs(stencil, cores, ["cost"]) == {}
    zones = euclidean_zones(stencil, cores)
    assert not zones[:, 4].any()
    values[0, 4] = 1.0
    assert adjacent_pairs(stencil_of(values), cores) == {(0, 1): ("cost", "euclidean")}


def test_straight_distance_is_between_the_nearest_cells() -> None:
    stencil = stencil_of(np.ones((10, 12)))
    grid = stencil.surface.grid
    a, b = block("a", slice(0, 3), slice(0, 2), grid), block("b", slice(6, 9), slice(5, 9), grid)
    assert straight_distance_m(a, b) == pytest.approx(100 * np.hypot(4, 4))
    assert straight_distance_m(a, a) == 0.0


def test_a_link_knows_its_cost_path_and_ratios() -> None:
    stencil, cores = row_of_cores([4], resistance=3.0)
    link = build_network(stencil, cores).link("c1", "c0")
    assert (link.straight_m, link.path_m, link.cost_m) == (400.0, 400.0, 1200.0)
    assert (link.cost_per_straight, link.cost_per_path, link.via, link.kept) == (3.0, 3.0, (), True)


def test_rules_are_applied_in_their_order() -> None:
    stencil, cores = row_of_cores([3, 5, 10])
    rules = LinkRules(max_straight_m=1500.0, max_cost_m=900.0, allow_intermediate=False)
    network = build_network(stencil, cores, adjacency=["all"], rules=rules)
    status = {(k.a, k.b): k.status for k in network.links}
    assert status == {
        ("c0", "c1"): "kept",
        ("c1", "c2"): "kept",
        ("c0", "c2"): "intermediate_core",
        ("c2", "c3"): "too_costly",
        ("c1", "c3"): "intermediate_core",
        ("c0", "c3"): "too_far",
    }
    assert network.link("c0", "c2").via == ("c1",)


def test_a_sealed_fence_leaves_an_unreachable_link() -> None:
    stencil = stencil_of(np.ones((6, 8)))
    closed = with_fence(stencil, fence_across(stencil.surface.grid, 4.0), np.inf)
    network = build_network(closed, [cell("a", 2, 1, closed), cell("b", 2, 6, closed)], adjacency=["euclidean"])
    assert [k.status for k in network.links] == ["unreachable"]
    assert network_graph(network).number_of_edges() == 0
    assert network_graph(network, dropped=True).edges["a", "b"]["cost_m"] == np.inf


def test_nearest_neighbours_and_constellations() -> None:
    stencil, cores = row_of_cores([2, 9, 3, 12, 4])
    near = build_network(stencil, cores, rules=LinkRules(nearest=1))
    assert {(k.a, k.b) for k in near.kept} == {("c0", "c1"), ("c2", "c3"), ("c4", "c5")}
    joined = build_network(stencil, cores, rules=LinkRules(nearest=1, join_constellations=True))
    assert {(k.a, k.b) for k in joined.links if k.status == "joins_constellations"} == {("c1", "c2"), ("c3", "c4")}
    assert nx.is_connected(network_graph(joined))


@given(st.integers(0, 200))
def test_constellations_join_with_the_least_that_is_needed(seed: int) -> None:
    stencil = stencil_of(random_values(seed))
    rng = np.random.default_rng(seed)
    spots = rng.permutation(np.flatnonzero(stencil.surface.passable))[:6]
    cores = [cell(f"c{i}", *divmod(int(spot), stencil.shape[1]), stencil) for i, spot in enumerate(spots)]
    every = network_graph(build_network(stencil, cores, adjacency=["all"]))
    joined = build_network(stencil, cores, adjacency=["all"], rules=LinkRules(nearest=1, join_constellations=True))
    graph = network_graph(joined)
    assert nx.number_connected_components(graph) == nx.number_connected_components(every)
    tree = {frozenset(e) for e in nx.minimum_spanning_edges(every, weight="cost_m", data=False)}
    assert tree <= {frozenset(e) for e in graph.edges}


def test_rules_and_inputs_are_checked() -> None:
    stencil, cores = row_of_cores([4])
    with pytest.raises(DataError, match="nearest must be at least 1"):
        LinkRules(nearest=0)
    with pytest.raises(DataError, match="two cores or more"):
        build_network(stencil, cores[:1])
    with pytest.raises(DataError, match="adjacency methods"):
        build_network(stencil, cores, adjacency=["nearest"])  # type: ignore[list-item]
    with pytest.raises(DataError, match="no distance >= 0 between 'c0' and 'c1'"):
        build_network(stencil, cores, straight_m={("c0", "x"): 1.0})
    with pytest.raises(DataError, match="unknown core 'x'"):
        build_network(stencil, cores).distance_from("x")


def test_crossings_name_fence_and_place_in_path_order() -> None:
    stencil = stencil_of(np.ones((7, 12)))
    cuts = fence_across(stencil.surface.grid, 5.0)
    fenced = with_fence(stencil, cuts, 250.0)
    distance = cost_weighted_distance(fenced, cell("a", 3, 1, fenced))
    path = least_cost_path(distance, cell("b", 3, 10, fenced))
    (crossing,) = path_fence_crossings(path, cuts)
    assert path.cost_m == 900.0 + 250.0
    assert (crossing.fence, crossing.fence_line, crossing.x) == ("f", "line", 500.0)
    assert crossing.y == pytest.approx(350.0)
    assert crossing.along_m == pytest.approx(350.0 + 50.0)
    assert crossing.path_m == pytest.approx(350.0)
    assert path.fence_edges.size == 1


def test_shares_of_a_path_go_by_length() -> None:
    stencil = stencil_of(np.ones((3, 6)))
    path = least_cost_path(cost_weighted_distance(stencil, cell("a", 1, 0, stencil)), cell("b", 1, 5, stencil))
    west = np.zeros((3, 6), bool)
    west[:, :2] = True
    shares = path_shares(path, {"west": west, "east": ~west})
    assert shares["west"] == pytest.approx(1.5 / 5.0)
    assert shares["west"] + shares["east"] == pytest.approx(1.0)


def test_the_graph_carries_what_was_asked_for() -> None:
    stencil, cores = row_of_cores([4, 4])
    network = build_network(stencil, cores)
    ohm = np.array([[0.0, 1.0, 9.0], [1.0, 0.0, 2.0], [9.0, 2.0, 0.0]])
    cuts = fence_across(stencil.surface.grid, 7.0)
    graph = network_graph(network, resistance_ohm=ohm, cuts=cuts, shares={"park": np.ones(stencil.shape, bool)})
    assert graph.edges["c1", "c2"]["resistance_ohm"] == 2.0
    assert graph.edges["c1", "c2"]["n_fence_crossings"] == 1
    assert graph.edges["c0", "c1"]["n_fence_crossings"] == 0
    assert graph.edges["c0", "c1"]["share_park"] == pytest.approx(1.0)
    assert graph.nodes["c0"]["area_km2"] == pytest.approx(0.01)
