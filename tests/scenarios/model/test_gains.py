"""Gains by core and by target, and the mean that a study weighs: against running again, by hand, and by two commands."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from connectivity.openings.sets import no_sets
from rasters.errors import ConfigError
from scenarios.corridors.routes import run_corridors
from scenarios.land.inputs import read_inputs
from scenarios.land.prepared import Prepared, prepare_species
from scenarios.model.landscape import Landscape
from scenarios.model.results import SpeciesRun
from scenarios.model.species_run import run_species
from scenarios.model.valuation import evaluate
from scenarios.outputs.columns import COLUMNS
from scenarios.study.load import resolve
from tests.support.tiny_study import write_tiny_study

WEIGHTED = {"south_plain": 3.0, "north_lake": 0.5}
SHARES = ["conductance_gain_share", "least_cost_gain_share"]
EVERY = {"candidates.every_m": 7000}


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_study(tmp_path_factory.mktemp("studies") / "tiny")


def prepared(study: Path, species: str = "digger", weights: dict[str, float] | None = None, **more: Any) -> Prepared:
    settings = EVERY | more | ({f"routes.{species}.weights": weights} if weights else {})
    resolved = resolve(str(study), "closed", settings)
    return prepare_species(resolved, read_inputs(resolved, [species]), species)


@pytest.fixture(scope="module")
def plain(study: Path) -> SpeciesRun:
    return run_species(prepared(study))


def matrix(run: SpeciesRun, role: str, share: str) -> pd.DataFrame:
    own = run.by_place[run.by_place["role"] == role]
    return own.pivot_table(index="candidate", columns="place", values=share)


def given_back(before: SpeciesRun, after: SpeciesRun, column: str, unit: str) -> pd.Series:
    """By source and target, from the pairs of two runs."""
    one, two = (run.pairs.set_index(["source", "target"]) for run in (before, after))
    now, then, free = 1 / one[f"{column}_{unit}"], 1 / two[f"{column}_{unit}"], 1 / one[f"{column}_no_fence_{unit}"]
    return (then - now) / (free - now)


@pytest.mark.parametrize("neighbours", [None, 16, 32])
@pytest.mark.parametrize("species", ["walker", "digger"])
def test_gain_for_a_place_is_that_of_running_again_with_the_passage_open(
    study: Path, species: str, neighbours: int | None
) -> None:
    far = {"solver.neighbours_least_cost": neighbours}
    run = run_species(prepared(study, species, **far))
    for name in run.ranking["candidate"].iloc[[0, -1]]:
        opening = [{"id": "test", "fence_line": "border", "design": "wires_out", "at": [name]}]
        after = run_species(prepared(study, species, openings=opening, **far))
        for share, column, unit in zip(SHARES, ("effective_resistance", "least_cost"), ("ohm", "m"), strict=True):
            pairs = given_back(run, after, column, unit)
            for target in ("north_park", "north_lake"):
                wanted = pairs.xs(target, level="target").mean()
                assert matrix(run, "target", share).loc[name, target] == pytest.approx(wanted, rel=1e-7, abs=1e-10)
            for core in ("south_hills", "south_plain"):
                got = matrix(run, "core", share).loc[name, core]
                assert got == pytest.approx(pairs[core, "any"], rel=1e-7, abs=1e-10)


def test_the_mean_over_cores_is_the_ranking(plain: SpeciesRun) -> None:
    ranking = plain.ranking.set_index("candidate")
    for share in SHARES:
        np.testing.assert_allclose(matrix(plain, "core", share).mean(axis=1), ranking[share].sort_index(), rtol=1e-12)
    assert plain.by_place.groupby(["role", "place"])["weight"].first().tolist() == [0.5] * 4


def test_ranks_of_a_place_start_at_its_best_passage(plain: SpeciesRun) -> None:
    for _, own in plain.by_place.groupby(["role", "place"]):
        assert own["rank"].tolist() == list(range(1, len(own) + 1))
        assert (np.diff(own["score"]) <= 0).all()
        assert own["candidate"].nunique() == len(plain.ranking)
    assert set(plain.by_place) <= {column.name for column in COLUMNS}


def test_weights_of_targets_make_the_mean_one_over_cores_and_targets(study: Path, plain: SpeciesRun) -> None:
    """The gain for a target does not depend on its weight; the mean is by hand what the weights say."""
    run = run_species(prepared(study, weights=WEIGHTED))
    even = run_species(prepared(study, weights={"south_plain": 3.0}))
    for share in SHARES:
        targets = matrix(run, "target", share)
        pd.testing.assert_frame_equal(targets, matrix(even, "target", share), rtol=1e-12)
        by_hand = (targets["north_park"] * 1.0 + targets["north_lake"] * 0.5) / 1.5
        np.testing.assert_allclose(run.ranking.set_index("candidate")[share].sort_index(), by_hand, rtol=1e-10)
        cores = matrix(run, "core", share)
        np.testing.assert_allclose((cores["south_hills"] + 3 * cores["south_plain"]) / 4, by_hand, rtol=1e-10)
    assert any("south_plain 3, north_lake 0.5" in sentence for sentence in run.assumptions)
    assert not any("weighted" in sentence for sentence in plain.assumptions)


def test_a_core_that_weighs_nothing_does_not_count(study: Path, plain: SpeciesRun) -> None:
    run = run_species(prepared(study, weights={"south_hills": 0.0}))
    for share in SHARES:
        own = run.ranking.set_index("candidate")[share].sort_index()
        np.testing.assert_allclose(own, matrix(plain, "core", share)["south_plain"], rtol=1e-12)


@pytest.mark.parametrize("objective", ["conductance", "least_cost"])
@pytest.mark.parametrize("weights", [{"south_plain": 3.0}, WEIGHTED])
def test_passages_value_what_the_run_ranks_by(study: Path, weights: dict[str, float], objective: str) -> None:
    ready = prepared(study, weights=weights)
    run = run_species(ready).ranking.set_index("candidate")
    found = evaluate(ready.resolved, ready.inputs, "digger", objective=objective).set_index("candidate")["gain"]
    np.testing.assert_allclose(found.reindex(run.index), run[f"{objective}_gain_share"], rtol=1e-8, atol=1e-14)


@pytest.mark.parametrize(
    ("weights", "said"),
    [
        ({"nowhere": 2}, "nowhere is neither in `from` nor in `to`"),
        ({"north_park": 0, "north_lake": 0}, "every place in `to` weighs 0"),
        ({"north_park": -1}, "north_park"),
    ],
)
def test_weights_that_mean_nothing_are_refused(study: Path, weights: dict[str, float], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        resolve(str(study), "closed", {"routes.digger.weights": weights})


@pytest.mark.parametrize("neighbours", [16, 32])
def test_more_neighbours_never_cost_more_and_leave_circuits_alone(
    study: Path, plain: SpeciesRun, neighbours: int
) -> None:
    run = run_species(prepared(study, **{"solver.neighbours_least_cost": neighbours}))
    for column in ("least_cost_m", "least_cost_no_fence_m"):
        assert (run.pairs[column] <= plain.pairs[column] * (1 + 1e-12)).all()
        assert (run.pairs[column] > 0.8 * plain.pairs[column]).all()
    assert (run.pairs["least_cost_no_fence_m"] < plain.pairs["least_cost_no_fence_m"]).any()
    pd.testing.assert_series_equal(run.pairs["effective_resistance_ohm"], plain.pairs["effective_resistance_ohm"])
    assert (run.pairs["fence_crossings"] == plain.pairs["fence_crossings"]).all()


def test_sets_of_passages_cost_what_running_again_costs_with_more_neighbours(study: Path) -> None:
    """Two lines, both sealed for the walker: one passage in each; the small model of the page agrees."""
    far = {"solver.neighbours_least_cost": 16, "fences.active": ["border", "inner"]}
    ready = prepared(study, "walker", **far)
    lines = {c.opening.fence: [] for c in ready.candidates}
    for candidate in ready.candidates:
        lines[candidate.opening.fence].append(candidate.opening.id)
    ids = [names[len(names) // 2] for names in lines.values()]
    land = Landscape(ready)
    both = land.distances(ids, land.pairs_apart).distances(np.array([[True, True]]))[0]
    openings = [
        {"id": f"test_{i}", "fence_line": line, "design": "wires_out", "at": [name]}
        for i, (line, name) in enumerate(zip(("border", "inner"), ids, strict=True))
    ]
    again = Landscape(prepared(study, "walker", openings=openings, **far))
    wanted = again.distances((), again.pairs_apart).distances(no_sets(0))[0]
    assert np.isfinite(wanted).all()
    np.testing.assert_allclose(both, wanted, rtol=1e-12)
    assert np.isinf(land.distances((), land.pairs_apart).distances(no_sets(0))[0]).any()


def test_corridors_and_four_neighbours_refuse_more_directions(study: Path) -> None:
    with pytest.raises(ConfigError, match=r"neighbours_least_cost: 16 is not for `otkel corridors`"):
        run_corridors(prepared(study, **{"solver.neighbours_least_cost": 16}), around=None)  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="needs `neighbours: 8`"):
        resolve(str(study), "closed", {"solver.neighbours": 4, "solver.neighbours_least_cost": 16})
