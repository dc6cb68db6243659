"""Mortality in the ranking: arriving walkers as a part of the score, and a raster of risk that makes routes deadly."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rasters.errors import ConfigError, DataError
from scenarios.land.inputs import input_files, read_inputs
from scenarios.land.prepared import prepare_species
from scenarios.model.results import SpeciesRun
from scenarios.model.species_run import run_species
from scenarios.study.load import resolve
from tests.support.tiny_study import SIZE, write_raster, write_tiny_study

MORTAL = {"mortality": {"reach_km": 10, "origin": "made up"}}
COUNTED = {"ranking.arriving_weight": 1.0, "ranking.conductance_weight": 0.0, "ranking.least_cost_weight": 0.0}


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_study(tmp_path_factory.mktemp("mortal"))


def run(study: Path, settings: dict[str, Any]) -> SpeciesRun:
    resolved = resolve(str(study), None, settings)
    return run_species(prepare_species(resolved, read_inputs(resolved, ["walker"]), "walker"))


def arriving(one: SpeciesRun) -> float:
    table = one.indicators
    return float(table.loc[table["indicator"] == "arriving_share", "value"].sum())


def risky_raster(study: Path, west: float, east: float) -> str:
    values = np.full((SIZE, SIZE), west, np.float32)
    values[:, SIZE // 2 :] = east
    write_raster(study / f"risk_{west:g}_{east:g}.tif", values, nodata=-1)
    return f"risk_{west:g}_{east:g}.tif"


def test_without_weight_nothing_is_added(study: Path) -> None:
    assert "arriving_gain" not in run(study, MORTAL).ranking


def test_weight_needs_mortality(study: Path) -> None:
    with pytest.raises(ConfigError, match=r"arriving_weight: needs `mortality`"):
        resolve(str(study), None, COUNTED)


@pytest.mark.parametrize("place", [2, 9])
def test_gain_is_what_a_run_with_that_opening_finds(study: Path, place: int) -> None:
    closed = run(study, MORTAL | COUNTED)
    one = closed.ranking.iloc[place]
    opening = {"id": "now_open", "fence_line": "border", "at": [one["candidate"]], "design": one["design"]}
    opened = run(study, MORTAL | {"openings": [opening]})
    assert one["arriving_gain"] > 0
    assert arriving(opened) - arriving(closed) == pytest.approx(one["arriving_gain"], rel=1e-6)


def test_score_is_the_share_of_the_best(study: Path) -> None:
    ranking = run(study, MORTAL | COUNTED).ranking
    expected = ranking["arriving_gain_share"] / ranking["arriving_gain_share"].max()
    assert np.allclose(ranking["score"], expected)


def test_passages_on_deadly_ground_lose_rank(study: Path) -> None:
    middle_x = float(run(study, MORTAL | COUNTED).grid.bounds[0]) + 500.0 * SIZE

    def east_share(settings: dict[str, Any]) -> float:
        best = run(study, settings | COUNTED).ranking.head(6)
        return float((best["x"] > middle_x).mean())

    deadly_east = {"mortality": {"reach_km": 10, "surface": risky_raster(study, 0.5, 20.0)}}
    deadly_west = {"mortality": {"reach_km": 10, "surface": risky_raster(study, 20.0, 0.5)}}
    assert east_share(deadly_east) < east_share(deadly_west)


def test_an_even_raster_of_two_halves_reach(study: Path) -> None:
    """Twice the mortality everywhere is a reach shorter by the square root of two."""
    even = {"mortality": {"reach_km": 10, "surface": risky_raster(study, 2.0, 2.0)}}
    shorter = {"mortality": {"reach_km": 10 / np.sqrt(2)}}
    assert arriving(run(study, even)) == pytest.approx(arriving(run(study, shorter)), rel=1e-9)


def test_no_data_counts_as_average(study: Path) -> None:
    values = np.full((SIZE, SIZE), -1, np.float32)
    values[:, 0] = 1.0
    write_raster(study / "little.tif", values, nodata=-1)
    little = {"mortality": {"reach_km": 10, "surface": "little.tif"}}
    assert arriving(run(study, little)) == pytest.approx(arriving(run(study, MORTAL)), rel=1e-12)


def test_negative_risk_is_refused(study: Path) -> None:
    values = np.full((SIZE, SIZE), -2.0, np.float32)
    write_raster(study / "wrong.tif", values, nodata=-1)
    with pytest.raises(DataError, match=r"wrong\.tif: holds -2"):
        run(study, {"mortality": {"reach_km": 10, "surface": "wrong.tif"}})


def test_the_raster_is_an_input(study: Path) -> None:
    name = risky_raster(study, 1.0, 2.0)
    resolved = resolve(str(study), None, {"mortality": {"reach_km": 10, "surface": name}})
    assert study / name in input_files(resolved)
