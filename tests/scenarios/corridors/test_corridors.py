"""Corridors of the tiny study: figures against searching again, and the files that come of it."""

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
from shapely.geometry import box
from typer.testing import CliRunner

from cli import app
from connectivity.least_cost.cost_distance import cost_weighted_distance
from connectivity.least_cost.crossings import step_costs_m
from connectivity.least_cost.diverse_routes import overlap_share
from scenarios.corridors.results import CorridorRoute, SpeciesCorridors
from scenarios.corridors.routes import run_corridors
from scenarios.corridors.session import read_surroundings
from scenarios.corridors.words import describe_route, route_title
from scenarios.land.inputs import read_inputs
from scenarios.land.prepared import Prepared, prepare_species
from scenarios.model.landscape import Landscape
from scenarios.model.species_run import run_species
from scenarios.study.load import resolve
from tests.support.tiny_study import CRS as STUDY_CRS
from tests.support.tiny_study import NORTH, SIZE, SOUTH, WEST, write_tiny_study, write_vectors

SETTINGS = {"apart_m": 3000, "max_overlap": 0.6, "max_stretch": 2.0, "band_m": 6000, "near_m": 3000, "shortlist": 5}


def with_corridors(settings: dict[str, Any]) -> None:
    settings["corridors"] = dict(SETTINGS)
    settings["context"] = {"countries": "countries.gpkg"}


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = write_tiny_study(tmp_path_factory.mktemp("studies") / "tiny", with_corridors)
    middle, east = SOUTH + 20_000, WEST + 1000 * SIZE
    halves = [box(WEST, SOUTH, east, middle), box(WEST, middle, east, NORTH)]
    write_vectors(folder / "countries.gpkg", "countries", ["s", "n"], halves, country=["SS", "NN"])
    return folder


def prepared(study: Path, scenario: str, species: str) -> Prepared:
    resolved = resolve(str(study), scenario)
    return prepare_species(resolved, read_inputs(resolved, [species]), species)


def corridors_of(study: Path, scenario: str, species: str) -> SpeciesCorridors:
    ready = prepared(study, scenario, species)
    return run_corridors(ready, read_surroundings(ready.resolved, ready.inputs.grid))


@pytest.fixture(scope="module")
def leaky(study: Path) -> SpeciesCorridors:
    return corridors_of(study, "closed", "digger")


@pytest.fixture(scope="module")
def sealed(study: Path) -> SpeciesCorridors:
    return corridors_of(study, "closed", "walker")


def first_ways(found: SpeciesCorridors) -> list[CorridorRoute]:
    return [route for route in found.routes if route.number == 1]


def test_first_ways_are_the_least_costs_with_and_without_fences(study: Path, leaky: SpeciesCorridors) -> None:
    ready = prepared(study, "closed", "digger")
    fenced, free = Landscape(ready).stencil(), Landscape(ready).stencil(fences=False)
    regions = {r.id: r for r in (*ready.ends.origins, *ready.ends.targets)}
    assert len(first_ways(leaky)) == 4
    for route in first_ways(leaky):
        source, target = regions[route.source], regions[route.target]
        assert route.cost_m == pytest.approx(cost_weighted_distance(fenced, source).to(target), rel=1e-12)
        assert route.pair_cost_open_m == pytest.approx(cost_weighted_distance(free, source).to(target), rel=1e-12)
        ground, _ = step_costs_m(free, route.path.rows, route.path.cols)
        assert route.cost_open_m == pytest.approx(float(ground.sum()))


def test_laws_of_every_route(study: Path, leaky: SpeciesCorridors) -> None:
    """A fence costs its worth in open land, times the mean resistance of the two cells at each crossing."""
    fence_m = 20_000 * (1 / 0.4 - 1)
    land = Landscape(prepared(study, "closed", "digger"))
    for route in leaky.routes:
        assert route.status == "reached"
        assert route.cost_m >= route.cost_open_m >= route.pair_cost_open_m * (1 - 1e-12)
        rows, cols = route.path.rows, route.path.cols
        ground, crossed = (
            step_costs_m(land.stencil(fences=False), rows, cols)[0],
            step_costs_m(land.stencil(), rows, cols)[1] > 0,
        )
        metres = np.hypot(
            np.diff(rows) * leaky.ground.grid.cell_height_m, np.diff(cols) * leaky.ground.grid.cell_width_m
        )
        assert crossed.sum() == len(route.crossings)
        assert route.cost_m - route.cost_open_m == pytest.approx(fence_m * (ground / metres)[crossed].sum(), rel=1e-9)
        assert route.resistance_ohm >= route.resistance_open_ohm > 0
        assert route.overlap <= SETTINGS["max_overlap"]
        assert {c.fence for c in route.crossings} == {"border_0"}
        assert sum(route.share_countries.values()) == pytest.approx(1.0)
        assert 0 < route.share_countries["NN"] < 1
        assert route.weakest is not None and 0 < route.weakest.share <= 1
        assert 0 <= route.weakest.path_m <= route.length_m
    best = min(leaky.routes, key=lambda r: r.cost_m)
    for route in leaky.routes:
        pair = [r for r in leaky.routes if (r.source, r.target) == (route.source, route.target)]
        assert route.cost_m <= SETTINGS["max_stretch"] * min(r.cost_m for r in pair) * (1 + 1e-9)
    assert best.rank == 1


def test_ranking_and_the_list_of_different_ones(leaky: SpeciesCorridors, sealed: SpeciesCorridors) -> None:
    for found in (leaky, sealed):
        assert [r.rank for r in found.routes] == list(range(1, len(found.routes) + 1))
        keys = [(r.cost_m, r.cost_open_m, r.id) for r in found.routes]
        assert keys == sorted(keys)
        listed = found.shortlist
        assert [r.distinct for r in listed] == list(range(1, len(listed) + 1))
        assert [r.rank for r in listed] == sorted(r.rank for r in listed)
        for i, route in enumerate(listed):
            assert overlap_share(route.path, [r.path for r in listed[:i]], 3000.0) <= SETTINGS["max_overlap"]
        assert {r.source for r in found.best_of_each_core} == {"south_hills", "south_plain"}


def test_a_sealed_fence_closes_and_says_what_an_open_one_would_cost(sealed: SpeciesCorridors) -> None:
    assert {r.status for r in sealed.routes} == {"closed"}
    for route in sealed.routes:
        assert math.isinf(route.cost_m) and math.isinf(route.resistance_ohm)
        assert math.isfinite(route.cost_open_m) and math.isfinite(route.resistance_open_ohm)
        assert len(route.crossings) >= 1
    assert set(sealed.pairs["status"]) == {"closed"}
    assert set(sealed.links.loc[sealed.links["cost_m"] == np.inf, "status"]) <= {"unreachable"}
    assert np.isfinite(sealed.corridor).any()


def test_two_lines_are_met_in_order(study: Path) -> None:
    found = corridors_of(study, "both", "digger")
    for route in found.routes:
        lines = [c.fence_line for c in route.crossings]
        assert set(lines) == {"border", "inner"}
        assert [c.path_m for c in route.crossings] == sorted(c.path_m for c in route.crossings)
        assert lines[0] == "inner"


def test_without_fences_nothing_is_crossed_or_saved(study: Path) -> None:
    found = corridors_of(study, "free", "digger")
    for route in found.routes:
        assert not route.crossings
        assert route.cost_m == pytest.approx(route.cost_open_m, rel=1e-12)
        assert route.resistance_ohm == route.resistance_open_ohm
    assert (found.pairs["least_cost_m"] == found.pairs["least_cost_no_fence_m"]).all()
    assert "meets no fence" in describe_route(found, found.routes[0])


def test_words_name_places_fences_and_costs(leaky: SpeciesCorridors, sealed: SpeciesCorridors) -> None:
    route = leaky.shortlist[0]
    assert route_title(leaky, route).startswith("Southern ")
    words = describe_route(leaky, route)
    assert f"{route.length_m / 1000:.0f} km over the ground" in words
    assert f"the Border 0 at its km {route.crossings[0].along_m / 1000:.0f}" in words
    assert f"{route.cost_m / 1000:,.0f} effective km" in words.replace("\u202f", ",")
    assert "Closed by the fences" in describe_route(sealed, sealed.shortlist[0])


def test_network_adds_up(leaky: SpeciesCorridors) -> None:
    cores = leaky.cores.set_index("core")
    parts = cores[["dpc_intra", "dpc_flux", "dpc_connector"]].sum(axis=1)
    assert parts.to_numpy() == pytest.approx(cores["dpc_percent"].to_numpy(), abs=1e-6)
    assert cores["area_km2"].max() < leaky.indices["eca_km2"] < cores["area_km2"].sum()


@pytest.fixture(scope="module")
def written(study: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    out = tmp_path_factory.mktemp("results") / "out"
    done = CliRunner().invoke(app, ["corridors", str(study), "--scenario", "closed", "--out", str(out), "--json"])
    assert done.exit_code == 0, done.output + repr(done.exception)
    return out, json.loads(done.stdout)


def test_summary_for_machines(written: tuple[Path, dict[str, Any]], leaky: SpeciesCorridors) -> None:
    runs = {run["species"]: run for run in written[1]["runs"]}
    assert set(runs) == {"walker", "digger"}
    assert [r["route"] for r in runs["digger"]["shortlist"]] == [r.id for r in leaky.shortlist]
    assert runs["walker"]["closed"] == runs["walker"]["routes"] > 0
    assert runs["walker"]["shortlist"][0]["cost_m"] == "inf"


def test_files_reopen_and_agree(written: tuple[Path, dict[str, Any]], leaky: SpeciesCorridors) -> None:
    folder = written[0] / "closed" / "digger"
    routes = pd.read_csv(folder / "routes.csv")
    assert routes["route"].tolist() == [r.id for r in leaky.routes]
    assert routes["cost_m"].to_numpy() == pytest.approx([r.cost_m for r in leaky.routes], rel=1e-8)
    crossings = pd.read_csv(folder / "crossings.csv")
    assert len(crossings) == sum(len(r.crossings) for r in leaky.routes)
    assert set(crossings["geometry_status"]) == {"schematic"}
    layers = {name for name, _ in pyogrio.list_layers(folder / "corridors.gpkg")}
    assert layers == {"routes", "crossings", "weakest_places", "corridors", "places", "fences"}
    for layer in layers:
        frame = gpd.read_file(folder / "corridors.gpkg", layer=layer)
        assert CRS(frame.crs) == CRS(STUDY_CRS) and len(frame), layer
    lines = gpd.read_file(folder / "corridors.gpkg", layer="routes")
    assert lines.length.to_numpy() / 1000 == pytest.approx(routes["length_km"].to_numpy(), rel=1e-6)
    fence = gpd.read_file(folder / "corridors.gpkg", layer="fences").union_all()
    spots = gpd.read_file(folder / "corridors.gpkg", layer="crossings")
    assert spots.distance(fence).max() < 1.0
    for name in ("corridor_excess", "band_current", "barrier_score"):
        with rasterio.open(folder / f"{name}.tif") as file:
            assert file.shape == (SIZE, SIZE) and CRS(file.crs.to_wkt()) == CRS(STUDY_CRS)


def test_every_column_is_explained(written: tuple[Path, dict[str, Any]]) -> None:
    folder = written[0] / "closed" / "digger"
    meanings = pd.read_csv(folder / "columns.csv")
    for name in ("routes.csv", "crossings.csv", "pairs.csv", "links.csv", "cores.csv"):
        known = meanings[meanings["file"] == name]
        assert set(known["column"]) == set(pd.read_csv(folder / name).columns)
        assert known["meaning"].notna().all(), known[known["meaning"].isna()]


def test_page_shows_ranking_map_and_words(written: tuple[Path, dict[str, Any]], leaky: SpeciesCorridors) -> None:
    page = (written[0] / "index.html").read_text()
    assert "closed/digger/corridors.png" in page and (written[0] / "closed" / "digger" / "corridors.png").is_file()
    assert describe_route(leaky, leaky.shortlist[0]).split(".")[0] in page
    assert "SCHEMATIC" in page and "Nobody" in page
    assert "http://" not in page and "https://" not in page
    assert (written[0] / "manifest.json").is_file()


def test_no_countries_no_shares(tmp_path: Path) -> None:
    folder = write_tiny_study(tmp_path / "plain")
    found = corridors_of(folder, "free", "digger")
    assert found.routes[0].share_countries == {}


def test_countries_without_codes_are_refused(tmp_path: Path) -> None:
    folder = write_tiny_study(tmp_path / "plain", with_corridors)
    write_vectors(folder / "countries.gpkg", "countries", ["s"], [box(WEST, SOUTH, WEST + 9e3, NORTH)])
    done = CliRunner().invoke(app, ["corridors", str(folder), "--out", str(tmp_path / "out"), "-q"])
    assert done.exit_code == 4
    assert "no attribute country" in done.stderr
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(("scenario", "species"), [("closed", "digger"), ("free", "walker")])
def test_run_and_corridors_tell_the_same_connected_area(study: Path, scenario: str, species: str) -> None:
    table = run_species(prepared(study, scenario, species)).indicators
    (area,) = table.loc[table["indicator"] == "eca_km2", "value"]
    assert corridors_of(study, scenario, species).indices["eca_km2"] == area
