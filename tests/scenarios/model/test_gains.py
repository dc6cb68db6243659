"""Gains by core and by target, and the mean that a study weighs: against running again, by hand, and by two commands."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from rasters.errors import ConfigError
from scenarios.land.inputs import read_inputs
from scenarios.land.prepared import Prepared, prepare_species
from scenarios.model.results import SpeciesRun
from scenarios.model.species_run import run_species
from scenarios.model.valuation import evaluate
from scenarios.outputs.tables import MEANINGS
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


@pytest.mark.parametrize("species", ["walker", "digger"])
def test_gain_for_a_place_is_that_of_running_again_with_the_passage_open(study: Path, species: str) -> None:
    run = run_species(prepared(study, species))
    for name in run.ranking["candidate"].iloc[[0, -1]]:
        opening = [{"id": "test", "fence_line": "border", "design": "wires_out", "at": [name]}]
        after = run_species(prepared(study, species, openings=opening))
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
    assert set(plain.by_place) <= set(MEANINGS)


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
