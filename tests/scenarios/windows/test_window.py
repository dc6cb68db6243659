"""``otkel window`` on the tiny study, and on a raster."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import rasterio
from numpy.typing import NDArray
from typer.testing import CliRunner

from cli import app
from connectivity.landscape.stencil import build_stencil
from connectivity.moving_window.landscape import WindowLandscape, WindowSettings
from connectivity.moving_window.tiles import moving_window
from rasters.errors import ConfigError, DataError
from rasters.fence_terms import fence_terms
from rasters.grid import Grid
from scenarios.land.inputs import read_inputs
from scenarios.land.prepared import prepare_species
from scenarios.study.load import resolve
from scenarios.windows.study import WindowRequest, run_window
from tests.support.tiny_study import write_tiny_study

REQUEST = WindowRequest(radius_km=6, block_km=3)


def read(path: Path) -> NDArray[np.float64]:
    with rasterio.open(path) as file:
        return file.read(1).astype(np.float64)


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_study(tmp_path_factory.mktemp("studies") / "tiny")


def test_maps_are_those_of_the_stencil(study: Path, tmp_path: Path) -> None:
    """Files, tiles and sums on disk give what the stencil of the run gives, fence included, up to float32."""
    done = run_window(str(study), REQUEST, tmp_path / "out", scenario="closed", species=["walker"])
    resolved = resolve(str(study), "closed", {})
    prepared = prepare_species(resolved, read_inputs(resolved, ["walker"]), "walker")
    context = prepared
    surface, solver = context.surface, resolved.study.solver
    terms = fence_terms(context.inputs.cuts, context.surface, context.model, prepared.standing_edges)
    stencil = build_stencil(surface, terms, neighbours=solver.neighbours, edge_rule=solver.edge_rule)
    source = np.where(surface.passable, 1 / np.where(surface.passable, surface.values, 1.0), 0.0)
    window = REQUEST.settings(surface.grid, solver.neighbours)
    expected = moving_window(WindowLandscape.of_stencil(stencil, source), window)
    known = ~surface.nodata
    folder = tmp_path / "out" / "walker"
    assert read(folder / "cumulative_current.tif")[known] == pytest.approx(expected.current[known], rel=1e-4, abs=1e-6)
    assert expected.normalised is not None
    ratio = read(folder / "normalised_current.tif")
    assert ratio[known] == pytest.approx(expected.normalised[known], rel=1e-4, abs=1e-6)
    assert np.isnan(ratio[~known]).all()
    assert done.found["walker"]["windows"] == expected.solved
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())
    assert manifest["settings"]["radius_km"] == 6 and "walker/cumulative_current.tif" in manifest["outputs"]


def test_a_fence_shows(study: Path, tmp_path: Path) -> None:
    maps = []
    for scenario in ("closed", "free"):
        run_window(str(study), REQUEST, tmp_path / scenario, scenario=scenario, species=["walker"])
        maps.append(read(tmp_path / scenario / "walker" / "cumulative_current.tif"))
    closed, open_ = maps
    assert np.nanmax(abs(closed - open_)) > 0.1 * np.nanmax(open_)


def test_a_raster_of_any_size(study: Path, tmp_path: Path) -> None:
    """The resistance that a run wrote, as an input of its own; no fence then."""
    run_window(str(study), REQUEST, tmp_path / "out", scenario="free", species=["digger"])
    path = tmp_path / "out" / "digger" / "resistance.tif"
    result = CliRunner().invoke(
        app,
        ["window", str(path), "--radius-km", "6", "--block-km", "3", "--out", str(tmp_path / "raster"), "--json"],
    )
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["species"]["raster"]["block_cells"] == "3"
    ours, theirs = (read(tmp_path / name / "cumulative_current.tif") for name in ("raster", "out/digger"))
    assert np.array_equal(ours, theirs, equal_nan=True)


def test_wrong_sizes_are_refused(study: Path, tmp_path: Path) -> None:
    for wrong in ({"radius_km": 0}, {"radius_km": 5, "buffer_km": -1}, {"radius_km": 5, "cutoff": 0}):
        with pytest.raises(ConfigError):
            WindowRequest(**wrong)
    oblong = Grid("EPSG:6933", rasterio.Affine(1000, 0, 0, 0, -500, 0), (10, 10))
    with pytest.raises(DataError, match="not square"):
        WindowRequest(radius_km=5).settings(oblong)
    result = CliRunner().invoke(app, ["window", str(study), "--radius-km", "0.1", "--out", str(tmp_path / "out")])
    assert result.exit_code == 4
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(("block_km", "cells"), [(0, 1), (1, 1), (1.9, 1), (2.1, 3), (3, 3), (21, 21), (25, 25)])
def test_blocks_are_odd(block_km: float, cells: int) -> None:
    grid = Grid("EPSG:6933", rasterio.Affine(1000, 0, 0, 0, -1000, 0), (100, 100))
    assert WindowRequest(radius_km=50, block_km=block_km).settings(grid) == WindowSettings(
        radius=50, block=cells, flow_potential=True
    )
