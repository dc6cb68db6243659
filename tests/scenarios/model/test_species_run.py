"""The whole pipe on a tiny study: numbers against solving the changed study again, and the files of a run."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import pytest
import rasterio
from pyproj import CRS
from typer.testing import CliRunner

from cli import app
from connectivity.circuit.solve import solve
from connectivity.landscape.laplacian import stencil_laplacian
from connectivity.landscape.stencil import build_stencil
from rasters.fence_terms import fence_terms
from scenarios.land.inputs import read_inputs
from scenarios.land.prepared import Prepared, prepare_species
from scenarios.model.ranking import combine_species
from scenarios.model.results import SpeciesRun
from scenarios.model.species_run import run_species
from scenarios.study.load import resolve
from tests.support.tiny_study import CRS as STUDY_CRS
from tests.support.tiny_study import SIZE, let_through, write_tiny_study


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_study(tmp_path_factory.mktemp("studies") / "tiny")


def prepared(study: Path, scenario: str, species: str, **overrides: Any) -> Prepared:
    dotted = {key.replace("__", "."): value for key, value in overrides.items()}
    resolved = resolve(str(study), scenario, dotted)
    return prepare_species(resolved, read_inputs(resolved, [species]), species)


def run_of(study: Path, scenario: str, species: str, **overrides: Any) -> SpeciesRun:
    return run_species(prepared(study, scenario, species, **overrides))


@pytest.fixture(scope="module")
def closed(study: Path) -> SpeciesRun:
    return run_of(study, "closed", "digger")


@pytest.fixture(scope="module")
def sealed(study: Path) -> SpeciesRun:
    return run_of(study, "closed", "walker")


def to_any(run: SpeciesRun) -> pd.DataFrame:
    return run.pairs[run.pairs["target"] == "any"].set_index("source")


def opened_at(candidate: str, design: str = "wires_out") -> list[dict[str, Any]]:
    return [{"id": "test", "fence_line": "border", "design": design, "at": [candidate]}]


@pytest.mark.parametrize("species", ["walker", "digger"])
@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"solver__neighbours": 4},
        {"candidates__design": "bridge"},
        {"solver__neighbours": 4, "candidates__design": "bridge"},
    ],
)
def test_gain_of_a_candidate_is_that_of_running_again_with_it_open(
    study: Path, species: str, settings: dict[str, Any]
) -> None:
    """Exact in the circuit (1e-8) and, with one candidate, in least cost; behind a sealed fence and a leaky one."""
    settings = {"candidates__every_m": 7000, **settings}
    run = run_of(study, "closed", species, **settings)
    design = settings.get("candidates__design", "wires_out")
    before = to_any(run)
    for _, row in run.ranking.iloc[[0, len(run.ranking) // 2, -1]].iterrows():
        after = to_any(run_of(study, "closed", species, **settings, openings=opened_at(row["candidate"], design)))
        siemens = 1 / after["effective_resistance_ohm"] - 1 / before["effective_resistance_ohm"]
        assert row["conductance_gain_s"] == pytest.approx(siemens.sum(), rel=1e-7, abs=1e-12)
        joined = np.isinf(before["effective_resistance_ohm"]) & np.isfinite(after["effective_resistance_ohm"])
        assert row["pairs_joined"] == joined.sum()
        if species == "digger":
            ohm = (before["effective_resistance_ohm"] - after["effective_resistance_ohm"]).sum()
            metres = (before["least_cost_m"] - after["least_cost_m"]).sum()
            assert row["resistance_gain_ohm"] == pytest.approx(ohm, rel=1e-7, abs=1e-9)
            assert row["least_cost_gain_m"] == pytest.approx(metres, rel=1e-9, abs=1e-6)
        else:
            shares = (1 / after["least_cost_m"]) / (1 / after["least_cost_no_fence_m"])
            assert row["least_cost_gain_share"] == pytest.approx(shares.mean(), rel=1e-9)


def test_pairs_are_what_a_plain_solve_gives(study: Path, closed: SpeciesRun) -> None:
    """Effective resistance of the reduced network against voltages on the whole grid, with and without the fence."""
    ready = prepared(study, "closed", "digger")
    cuts, model, surface = ready.inputs.cuts, ready.model, ready.surface
    ends = ready.ends
    for column, terms in (("", fence_terms(cuts, surface, model)), ("_no_fence", None)):
        system = stencil_laplacian(build_stencil(surface, terms), region=ends.labels)
        for _, pair in closed.pairs[closed.pairs["target"] != "any"].iterrows():
            current = np.zeros(system.shape)
            names = [r.id for r in (*ends.origins, *ends.targets)]
            at = [np.argwhere(ends.labels == 1 + names.index(pair[key]))[0] for key in ("source", "target")]
            current[tuple(at[0])], current[tuple(at[1])] = 1.0, -1.0
            volts, _ = solve(system, current)
            ohm = volts[tuple(at[0])] - volts[tuple(at[1])]
            assert pair[f"effective_resistance{column}_ohm"] == pytest.approx(ohm, rel=1e-8)


def test_laws_of_pairs(closed: SpeciesRun, sealed: SpeciesRun) -> None:
    for run in (closed, sealed):
        pairs = run.pairs
        assert len(pairs) == 2 * 3
        assert (pairs["least_cost_m"] >= pairs["least_cost_no_fence_m"] * (1 - 1e-12)).all()
        assert (pairs["effective_resistance_ohm"] >= pairs["effective_resistance_no_fence_ohm"] * (1 - 1e-9)).all()
        for source, group in pairs.groupby("source"):
            single, together = group[group["target"] != "any"], group[group["target"] == "any"]
            assert together["least_cost_m"].iloc[0] == single["least_cost_m"].min(), source
            assert (
                together["effective_resistance_no_fence_ohm"].iloc[0]
                < single["effective_resistance_no_fence_ohm"].min()
            )


def test_a_sealed_fence_is_an_answer_with_a_status(sealed: SpeciesRun) -> None:
    assert np.isposinf(sealed.pairs["least_cost_m"]).all()
    assert np.isposinf(sealed.pairs["effective_resistance_ohm"]).all()
    assert (sealed.pairs["status"] != "reached").all()
    assert (sealed.ranking["pairs_joined"] == 2).any()
    assert (sealed.current_density == 0).all()
    assert np.isposinf(sealed.cwd[30:, 8:]).all() and np.isfinite(sealed.cwd[:10]).all()
    assert sealed.profile["status"].str.contains("2 of 2 origins unreachable").all()
    assert (sealed.profile["gain_ohm2"] == 0).all()
    assert all(path.x.size == 0 for path in sealed.paths)


def test_a_leaky_fence_is_crossed(closed: SpeciesRun) -> None:
    assert (closed.pairs["status"] == "reached").all()
    assert (closed.pairs["fence_crossings"] >= 1).all()
    assert closed.profile["current_a"].sum() == pytest.approx(2.0, rel=0.02)
    assert (closed.ranking["gain_ohm2"] > 0).all()
    sea = closed.surface.barrier
    assert (closed.current_density[sea] == 0).all() and np.isposinf(closed.cwd[sea]).all()
    assert np.nanmax(closed.current_density) <= 2 / 1000 * (1 + 1e-9)


def test_corridor_is_zero_on_the_paths(closed: SpeciesRun) -> None:
    assert np.nanmin(closed.corridor) == pytest.approx(0, abs=1e-6)
    for path in closed.paths:
        rows, cols = closed.grid.cells_at(path.x, path.y)
        assert closed.corridor[rows, cols] == pytest.approx(0, abs=1e-6)
        assert path.length_m >= math.dist((path.x[0], path.y[0]), (path.x[-1], path.y[-1]))


def test_ranking_order_and_shortlist(closed: SpeciesRun) -> None:
    ranking = closed.ranking
    assert ranking["rank"].tolist() == list(range(1, len(ranking) + 1))
    assert ranking["candidate"].is_unique
    assert ranking["score"].is_monotonic_decreasing
    assert ranking["score"].between(0, 1).all()
    assert ranking["conductance_gain_share"].between(0, 1).all()
    chosen = ranking[ranking["selected"]]
    along = np.sort(chosen["along_m"])
    assert len(chosen) > 1 and (np.diff(along) >= 6000).all()
    assert chosen["rank"].iloc[0] == 1


def test_the_same_run_gives_the_same_tables(study: Path, closed: SpeciesRun) -> None:
    again = run_of(study, "closed", "digger")
    pd.testing.assert_frame_equal(again.ranking, closed.ranking)
    pd.testing.assert_frame_equal(again.pairs, closed.pairs)
    np.testing.assert_array_equal(again.current_density, closed.current_density)


def test_gain_does_not_ask_which_end_is_which(study: Path) -> None:
    """One origin and one target, swapped."""
    there = {"from": ["south_hills"], "to": ["north_park"]}
    back = {"from": ["north_park"], "to": ["south_hills"]}
    one, two = (run_of(study, "closed", "digger", routes__digger=route) for route in (there, back))
    columns = ["conductance_gain_s", "resistance_gain_ohm", "least_cost_gain_m", "gain_ohm2"]
    left, right = (run.ranking.set_index("candidate")[columns].sort_index() for run in (one, two))
    pd.testing.assert_frame_equal(left, right, rtol=1e-7, atol=1e-9)


def test_no_fence_no_candidates(study: Path) -> None:
    run = run_of(study, "free", "digger")
    assert len(run.ranking) == len(run.profile) == 0
    assert run.pairs["effective_resistance_ohm"].to_numpy() == pytest.approx(
        run.pairs["effective_resistance_no_fence_ohm"].to_numpy()
    )
    assert run.pairs["least_cost_m"].to_numpy() == pytest.approx(
        run.pairs["least_cost_no_fence_m"].to_numpy(), rel=1e-12
    )
    assert (run.pairs["fence_crossings"] == 0).all()


def test_one_opening_behind_two_sealed_lines_gains_nothing(study: Path) -> None:
    run = run_of(study, "both", "walker")
    assert len(run.ranking) > 20
    for column in (
        "score",
        "conductance_gain_s",
        "resistance_gain_ohm",
        "least_cost_gain_m",
        "pairs_joined",
        "gain_ohm2",
    ):
        assert (run.ranking[column] == 0).all(), column
    assert not run.ranking["selected"].any()


def test_a_fence_that_hinders_nobody_gains_exactly_nothing(study: Path) -> None:
    run = run_of(study, "closed", "digger", fences__permeability={"border": {"digger": let_through(1.0)}})
    for column in ("score", "conductance_gain_s", "resistance_gain_ohm", "least_cost_gain_m"):
        assert (run.ranking[column] == 0).all(), column


def test_the_studys_permeability_comes_before_the_species(study: Path) -> None:
    model = prepared(study, "both", "digger").model
    assert model.worth_m == pytest.approx({"border_0": 30_000, "inner_0": 20_000 / 9})
    assert (model.reach_m, model.free_path_m) == (1000, 1000)


def test_standing_openings_every_so_often_and_at_a_place(study: Path) -> None:
    every = [{"id": "agreed", "fence_line": "border", "design": "wires_out", "every_m": 1000}]
    place = [{"id": "gate", "fence_line": "border", "design": "bridge", "lon": 56.2, "lat": 42.83}]
    assert len(prepared(study, "closed", "walker", openings=every).standing) > 35
    (one,) = prepared(study, "closed", "walker", openings=place).standing_edges
    assert (one.opening.width_m, one.opening.use_factor) == (2500, 0.6)
    assert prepared(study, "free", "walker", openings=every).standing == ()
    run = run_of(study, "closed", "walker", openings=every)
    assert (run.pairs["status"] == "reached").all()
    assert (run.ranking["pairs_joined"] == 0).all()


def test_proposed_points_are_candidates_too(study: Path) -> None:
    points = [{"id": "ford", "lon": 56.1, "lat": 42.83, "width_m": 30, "design": "bridge"}]
    ready = prepared(study, "closed", "walker", candidates__points=points)
    ford = ready.candidates[-1].opening
    assert (ford.id, ford.width_m, ford.design) == ("ford", 30, "bridge")


def test_combined_score_is_the_weighted_mean(study: Path, closed: SpeciesRun, sealed: SpeciesRun) -> None:
    settings = resolve(str(study), "closed").study
    combined = combine_species(settings, {"walker": sealed.ranking, "digger": closed.ranking}).set_index("candidate")
    walker, digger = (run.ranking.set_index("candidate")["score"] for run in (sealed, closed))
    expected = 0.7 * walker + 0.3 * digger
    pd.testing.assert_series_equal(combined["score"].sort_index(), expected.sort_index(), check_names=False)
    assert combined["score"].is_monotonic_decreasing


@pytest.fixture(scope="module")
def written(study: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """One scenario and species through the command line."""
    out = tmp_path_factory.mktemp("results") / "out"
    options = ["--scenario", "closed", "--scenario", "closed", "--species", "digger"]
    done = CliRunner().invoke(app, ["run", str(study), *options, "--out", str(out), "--json"])
    assert done.exit_code == 0, done.output + repr(done.exception)
    return out, json.loads(done.stdout)


def test_summary_for_machines(written: tuple[Path, dict[str, Any]], closed: SpeciesRun) -> None:
    out, summary = written
    assert summary["folder"] == str(out)
    (run,) = summary["runs"]
    assert (run["scenario"], run["species"], run["unreachable_pairs"]) == ("closed", "digger", 0)
    assert run["shortlist"] == closed.ranking.loc[closed.ranking["selected"], "candidate"].tolist()
    assert set(summary["combined"]) == {"closed"}
    told = summary["passages"]["closed"]
    assert [one["candidate"] for one in told] == summary["combined"]["closed"] and told[0]["name"]
    assert [one["score"] for one in told] == sorted((one["score"] for one in told), reverse=True)
    assert told[0]["score"] == pytest.approx(closed.ranking["score"].max()) and 40 < told[0]["lat_deg"] < 45


def test_rasters_reopen_where_they_belong(written: tuple[Path, dict[str, Any]], closed: SpeciesRun) -> None:
    folder = written[0] / "closed" / "digger"
    expected = {
        "resistance": np.where(closed.surface.barrier, np.inf, closed.surface.values),
        "cost_weighted_distance": closed.cwd,
        "corridor": closed.corridor,
        "current_density": closed.current_density,
    }
    for name, values in expected.items():
        with rasterio.open(folder / f"{name}.tif") as file:
            assert CRS(file.crs.to_wkt()) == CRS(STUDY_CRS), name
            assert file.shape == (SIZE, SIZE)
            assert tuple(file.bounds) == closed.grid.bounds
            assert math.isnan(file.nodata) and file.descriptions[0] and file.units[0] is not None
            read = file.read(1)
        known = np.isfinite(values) & np.isfinite(read)
        assert known.mean() > 0.9
        np.testing.assert_allclose(read[known], values[known].astype(np.float32), rtol=1e-6)


def test_vectors_reopen_where_they_belong(written: tuple[Path, dict[str, Any]], closed: SpeciesRun) -> None:
    path = written[0] / "closed" / "digger" / "results.gpkg"
    for layer, _ in pyogrio.list_layers(path):
        frame = gpd.read_file(path, layer=layer)
        if isinstance(frame, gpd.GeoDataFrame) and len(frame):
            assert CRS(frame.crs) == CRS(STUDY_CRS), layer
            xmin, ymin, xmax, ymax = frame.total_bounds
            west, south, east, north = closed.grid.bounds
            margin = 6000
            assert west - margin <= xmin and south - margin <= ymin and xmax <= east + margin and ymax <= north + margin


def test_tables_are_those_of_the_run(written: tuple[Path, dict[str, Any]], closed: SpeciesRun) -> None:
    folder = written[0] / "closed" / "digger"
    passages = pd.read_csv(folder / "passages.csv")
    assert passages["candidate"].tolist() == closed.ranking["candidate"].tolist()
    assert passages["score"].to_numpy() == pytest.approx(closed.ranking["score"].to_numpy(), rel=1e-8)
    pairs = pd.read_csv(folder / "pairs.csv")
    assert pairs["effective_resistance_ohm"].to_numpy() == pytest.approx(
        closed.pairs["effective_resistance_ohm"].to_numpy(), rel=1e-8
    )
    meanings = pd.read_csv(folder / "columns.csv")
    for name in ("passages.csv", "pairs.csv", "fence_profile.csv"):
        known = set(meanings.loc[meanings["file"] == name, "column"])
        assert known == set(pd.read_csv(folder / name).columns)
    assert meanings["meaning"].notna().all(), meanings[meanings["meaning"].isna()]
    assert (written[0] / "closed" / "combined.csv").is_file()


def test_manifest_is_enough_to_run_again(written: tuple[Path, dict[str, Any]], study: Path) -> None:
    manifest = json.loads((written[0] / "manifest.json").read_text())
    text = json.dumps(manifest)
    for name in ("dem.tif", "water.tif", "fences.gpkg", "regions.gpkg", "digger.yaml", "study.yaml"):
        assert name in text, name
    assert str(study) not in json.dumps(manifest.get("files", {}))
    assert (written[0] / "index.html").is_file()
    assert not list(written[0].parent.glob(".*"))
