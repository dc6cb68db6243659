"""Indicators of a species against slow obvious ways: the shares of walkers by a dense solve, ECA by the networks' own index."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse
from scipy.sparse.linalg import spsolve

from connectivity.landscape.stencil import STEPS
from connectivity.least_cost.cost_distance import cost_weighted_distances
from connectivity.least_cost.paths import least_cost_path
from connectivity.network.indices import DispersalKernel
from scenarios.land.inputs import read_inputs
from scenarios.land.prepared import Prepared, prepare_species
from scenarios.model.indicators import over_cores
from scenarios.model.landscape import Landscape
from scenarios.model.species_run import run_species
from scenarios.study.load import resolve
from tests.support.tiny_study import write_tiny_study


def deadly(settings: dict[str, Any]) -> None:
    settings["mortality"] = {"reach_km": 25, "origin": "made up"}
    settings["species"]["digger"]["profile"] = "digger.yaml"


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_study(tmp_path_factory.mktemp("study"), deadly)


def prepared_of(study: Path, scenario: str, species: str) -> Prepared:
    resolved = resolve(str(study), scenario, {})
    return prepare_species(resolved, read_inputs(resolved, [species]), species)


def indicators(study: Path, scenario: str, species: str) -> pd.DataFrame:
    return run_species(prepared_of(study, scenario, species)).indicators


def value(table: pd.DataFrame, indicator: str, source: str = "", target: str = "") -> float:
    chosen = table[(table["indicator"] == indicator) & (table["source"] == source) & (table["target"] == target)]
    return float(chosen["value"].item())


@pytest.mark.parametrize("scenario", ["closed", "free", "both"])
def test_every_indicator_is_there_once_with_its_unit(study: Path, scenario: str) -> None:
    run = run_species(prepared_of(study, scenario, "walker"))
    table = run.indicators
    assert not table.duplicated(["source", "target", "indicator"]).any()
    assert dict(zip(table["indicator"], table["unit"], strict=True)) == {
        "least_cost_m": "effective m",
        "effective_resistance_ohm": "ohm",
        "fence_crossings": "1",
        "path_km": "km",
        "arriving_share": "1",
        "eca_km2": "km2",
        "standing_openings": "1",
        "cost": "cost units",
        "given_back_conductance_share": "1",
        "given_back_least_cost_share": "1",
    }
    assert len(table) == 4 * len(run.pairs) + 2 + 5
    for row in run.pairs.itertuples():
        assert value(table, "effective_resistance_ohm", row.source, row.target) == row.effective_resistance_ohm
        assert value(table, "least_cost_m", row.source, row.target) == row.least_cost_m
    nowhere = table["value"].isna()
    assert (table.loc[nowhere, "indicator"] == "fence_crossings").all()
    assert (table.loc[nowhere, "status"] == "unreachable").all()
    assert nowhere.any() == (scenario != "free")


def test_a_sealed_fence_lets_nobody_arrive_and_says_so(study: Path) -> None:
    table = indicators(study, "closed", "walker")
    sealed = table[table["indicator"] == "arriving_share"]
    assert sealed["value"].tolist() == [0.0, 0.0]
    assert set(sealed["status"]) == {"unreachable"}
    assert np.isinf(value(table, "least_cost_m", "south_hills", "any"))


def test_the_share_that_arrives_is_that_of_a_dense_solve(study: Path) -> None:
    """Probability to be absorbed at a target, from the equations of each node, built edge by edge."""
    prepared = prepared_of(study, "closed", "digger")
    land, ends = Landscape(prepared), prepared.ends
    conductance, grid = land.stencil().conductance(), land.surface.grid
    node = np.arange(grid.n_cells).reshape(grid.shape)
    for number in range(1, ends.labels.max() + 1):
        node[ends.labels == number] = node[ends.labels == number].min()
    death = 1e6 / 25_000.0**2
    size, rows, cols, values = grid.n_cells, [], [], []
    diagonal = np.zeros(size)
    for step, (down, right) in enumerate(STEPS[: conductance.shape[0]]):
        for row, col in zip(*np.nonzero(conductance[step] > 0), strict=True):
            a, b, c = node[row, col], node[row + down, col + right], conductance[step, row, col]
            if a != b:
                rows += [a, b]
                cols += [b, a]
                values += [-c, -c]
                diagonal[[a, b]] += c
    passable = land.surface.passable
    np.add.at(diagonal, node[passable], death)
    system = sparse.csr_array((values, (rows, cols)), shape=(size, size)) + sparse.diags_array(diagonal)
    target = np.isin(np.arange(size), node[ends.labels > len(ends.origins)])
    free = ~target & (diagonal > 0)
    load = -system[free][:, target] @ np.ones(int(target.sum()))
    arrive = np.zeros(size)
    arrive[free] = spsolve(system[free][:, free].tocsc(), load)
    table = indicators(study, "closed", "digger")
    for origin in ends.origins:
        expected = arrive[node[origin.rows[0], origin.cols[0]]]
        assert 0 < expected < 1
        assert value(table, "arriving_share", origin.id, "any") == pytest.approx(expected, rel=1e-9)


def test_equivalent_area_is_the_sum_over_all_pairs_of_places(study: Path) -> None:
    prepared = prepared_of(study, "closed", "digger")
    land, ends = Landscape(prepared), prepared.ends
    open_paths = [
        least_cost_path(cwd, ends.any_target)
        for cwd in cost_weighted_distances(land.stencil(fences=False), ends.origins)
    ]
    ratio = sum(path.cost_m for path in open_paths) / sum(path.length_m for path in open_paths)
    kernel = DispersalKernel(distance_m=30_000.0 * ratio, probability=0.5)
    places = (*ends.origins, *ends.targets)
    cost = np.array([[cwd.to(place) for place in places] for cwd in cost_weighted_distances(land.stencil(), places)])
    area = np.array([place.rows.size * 1.0 for place in places])
    expected = float(np.sqrt(area @ kernel.of(cost) @ area))
    assert value(indicators(study, "closed", "digger"), "eca_km2") == pytest.approx(expected, rel=1e-9)


def test_more_fences_leave_less_of_everything(study: Path) -> None:
    free, closed, both = (indicators(study, scenario, "digger") for scenario in ("free", "closed", "both"))
    for name in ("eca_km2", "arriving_share"):
        where = () if name == "eca_km2" else ("south_hills", "any")
        assert value(free, name, *where) > value(closed, name, *where) >= value(both, name, *where)


def test_without_a_mortality_there_is_no_share(tmp_path: Path) -> None:
    study = write_tiny_study(tmp_path / "study")
    assert "arriving_share" not in set(indicators(study, "free", "digger")["indicator"])


def test_openings_that_stand_are_counted_and_paid_for(tmp_path: Path) -> None:
    def opened(settings: dict[str, Any]) -> None:
        settings["openings"] = [{"id": "all", "fence_line": "border", "design": "bridge", "every_m": 10_000}]
        settings["actions"] = {
            "ground": {
                "kind": "restore",
                "resistance_factor": 0.5,
                "cost": 7,
                "origin": "made up",
                "area": {"region": "north_park", "buffer_m": 1000},
            }
        }
        settings["done"] = ["ground"]

    table = indicators(write_tiny_study(tmp_path / "study", opened), "closed", "walker")
    assert value(table, "standing_openings") == 4
    assert value(table, "cost") == 4 * 50 + 7


@settings(max_examples=60)
@given(st.lists(st.floats(1.0, 1e6), min_size=1, max_size=9), st.data())
def test_cutting_a_core_off_never_looks_better(costs: list[float], data: st.DataObject) -> None:
    before = over_cores(costs)
    cut = list(costs)
    cut[data.draw(st.integers(0, len(costs) - 1))] = np.inf
    after = over_cores(cut)
    assert after.median >= before.median
    assert (after.reached, after.total) == (before.reached - 1, before.total)
    assert str(after) == f"{len(costs) - 1} of {len(costs)}"


def test_no_core_with_a_number_is_no_number() -> None:
    assert np.isnan(over_cores([np.nan, np.nan]).median) and str(over_cores([np.nan])) == "0 of 1"
