"""Scripts: open, run, read, compare; arrays and layers in one call; nothing is written unless asked."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import rasterio
from pandas.testing import assert_frame_equal
from pyproj import CRS

import scenarios
from rasters.errors import ConfigError, DataError, LayerNotFoundError
from scenarios.api.results import LAYERS, OpenStudy, Result
from scenarios.outputs.gis.rasters import SURFACES
from tests.support.tiny_study import write_tiny_study


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_study(tmp_path_factory.mktemp("study"))


@pytest.fixture(scope="module")
def study(folder: Path) -> OpenStudy:
    return scenarios.open(folder)


@pytest.fixture(scope="module")
def closed(study: OpenStudy) -> Result:
    return scenarios.run(study, scenario="closed")


def test_the_package_offers_its_functions() -> None:
    assert {"open", "run", "read", "compare"} <= set(dir(scenarios))
    with pytest.raises(AttributeError, match="no attribute 'rum'; choose one of compare, open, read, run"):
        scenarios.rum  # noqa: B018  # type: ignore[attr-defined]


def test_a_study_tells_what_it_has(study: OpenStudy) -> None:
    assert study.scenarios == {"closed": "Border closed", "free": "No fence", "both": "Both lines"}
    assert study.species == ("walker", "digger")
    assert repr(study) == "OpenStudy(tiny: A tiny study; 3 scenarios, 2 species)"
    assert "Border closed" in study._repr_html_()
    assert study.settings["candidates"]["every_m"] == 2000


def test_a_run_is_a_mapping_of_species(closed: Result) -> None:
    assert list(closed) == ["walker", "digger"] and len(closed) == 2
    assert closed.scenario == "closed" and closed.folder is None
    assert "0 of 2 cores reach a target; no route" in repr(closed["walker"])
    assert "2 of 2 cores" in repr(closed["digger"]) and len(repr(closed["digger"])) < 250
    assert repr(closed) == "Result(closed: walker, digger)"
    assert "<td>Digger</td>" in closed._repr_html_() and "<table" in closed["digger"]._repr_html_()
    assert set(closed.indicators["species"]) == {"walker", "digger"}
    assert len(closed.pairs) == sum(len(one.pairs) for one in closed.values())
    assert len(closed.combined) == len(closed["walker"].passages)
    with pytest.raises(KeyError, match="unknown species 'lion'; choose one of walker, digger"):
        closed["lion"]


def test_nothing_is_written_unless_asked(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OTKEL_STEPS", str(tmp_path / "steps"))
    before = sorted(folder.iterdir())
    scenarios.run(folder, species="digger", scenario="free")
    assert list(tmp_path.iterdir()) == [] and sorted(folder.iterdir()) == before
    scenarios.run(folder, species="digger", scenario="free", cache=True)
    assert [path.name for path in tmp_path.iterdir()] == ["steps"]


@pytest.fixture(scope="module")
def written(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Result:
    """Written to a folder, while the script's own logging stays as it was."""
    handlers, level = list(logging.root.handlers), logging.root.level
    result = scenarios.run(folder, "closed", species="digger", out=tmp_path_factory.mktemp("written") / "out")
    assert (logging.root.handlers, logging.root.level) == (handlers, level)
    return result


def test_written_or_not_the_numbers_are_the_same(closed: Result, written: Result) -> None:
    assert written.folder is not None
    again = scenarios.read(written.folder, check=True)
    assert list(again) == ["closed"] and again["closed"].folder == written.folder
    assert "scenarios closed; species digger" in repr(again)
    with pytest.raises(KeyError, match="unknown scenario 'free'; choose one of closed"):
        again["free"]
    assert_frame_equal(again["closed"].combined, written.combined)
    for other in (written["digger"], again["closed"]["digger"]):
        for name in ("pairs", "indicators", "passages", "profile"):
            one, two = (getattr(of, name).drop(columns="number", errors="ignore") for of in (other, closed["digger"]))
            assert_frame_equal(one, two)  # numbers of passages are those of the species that were run together
        np.testing.assert_array_equal(other.run.cwd, closed["digger"].run.cwd)


def test_species_and_overrides(study: OpenStudy, closed: Result) -> None:
    told: list[str] = []
    one = scenarios.run(
        study, "closed", species=["digger"], overrides={"candidates.every_m": 8000}, progress=told.append
    )
    assert list(one) == ["digger"]
    assert 3 < len(one["digger"].passages) < len(closed["digger"].passages) / 2
    assert "digger: least cost" in told and "digger: ranking" in told
    assert len(one["digger"].shortlist) <= 10


def test_rasters_come_with_coordinates_units_and_crs(closed: Result, tmp_path: Path) -> None:
    data, run = closed["digger"].to_xarray(), closed["digger"].run
    assert set(data.data_vars) == {"resistance", "cost_weighted_distance", "corridor", "current_density", "elevation"}
    assert data.sizes == {"y": 40, "x": 40}
    for surface in SURFACES:
        assert data[surface.stem].attrs["units"] == surface.unit
        assert data[surface.stem].attrs["grid_mapping"] == "spatial_ref"
        assert np.isnan(data[surface.stem].encoding["_FillValue"])
    assert CRS.from_cf(data["spatial_ref"].attrs) == run.grid.pyproj_crs
    assert CRS.from_wkt(data["spatial_ref"].attrs["crs_wkt"]) == run.grid.pyproj_crs
    assert [float(v) for v in data["spatial_ref"].attrs["GeoTransform"].split()] == list(run.grid.transform.to_gdal())
    row, col = 7, 31
    x, y = run.grid.xy(row, col)
    picked = data["cost_weighted_distance"].sel(x=float(x), y=float(y))
    assert float(picked) == run.cwd[row, col]
    assert np.isposinf(data["resistance"].values[run.surface.barrier]).all()
    assert data.attrs["species"] == "digger" and "do not publish" in data.attrs["audience"]
    assert data.attrs["geometry"].startswith("SCHEMATIC") and "made up" in data.attrs["assumptions"]


def test_the_dataset_is_what_the_files_hold(written: Result) -> None:
    data = written["digger"].to_xarray()
    assert written.folder is not None
    for surface in SURFACES:
        with rasterio.open(written.folder / "closed" / "digger" / f"{surface.stem}.tif") as file:
            np.testing.assert_array_equal(file.read(1), data[surface.stem].values.astype(np.float32))
            assert CRS.from_wkt(file.crs.to_wkt()) == CRS.from_cf(data["spatial_ref"].attrs)


@pytest.mark.parametrize("layer", list(LAYERS))
def test_layers_come_as_geodataframes(closed: Result, layer: str) -> None:
    frame = closed["digger"].to_geodataframe(layer)
    assert len(frame) > 0 and frame.crs == closed["digger"].run.grid.pyproj_crs
    assert frame["geometry_status"].str.contains("schematic").all()


def test_errors_are_those_of_the_project(study: OpenStudy, closed: Result, tmp_path: Path) -> None:
    with pytest.raises(LayerNotFoundError, match="unknown study 'nowhere'"):
        scenarios.open("nowhere")
    with pytest.raises(ConfigError, match="unknown scenario 'fre'; did you mean 'free'"):
        scenarios.run(study, "fre")
    with pytest.raises(ConfigError, match="unknown species 'lion'"):
        scenarios.run(study, species="lion")
    with pytest.raises(ConfigError, match=r"overrides: candidates\.evry_m: unknown key; did you mean 'every_m'"):
        scenarios.run(study, overrides={"candidates.evry_m": 3})
    with pytest.raises(ConfigError, match="unknown layer 'rivers'; choose one of passages, paths"):
        closed["digger"].to_geodataframe("rivers")
    with pytest.raises(LayerNotFoundError, match="no such folder"):
        scenarios.read(tmp_path / "nowhere")
    with pytest.raises(DataError):
        scenarios.compare(closed, tmp_path / "nowhere")


def test_results_are_compared_in_memory(study: OpenStudy, closed: Result) -> None:
    free = scenarios.run(study, "free")
    found = scenarios.compare(closed, free)
    assert repr(found) == "Comparison(free with closed; species walker, digger)"
    row = found.headlines.set_index(["species", "side", "indicator"])["value"]
    assert row["digger", "free", "least_cost_m"] < row["digger", "closed", "least_cost_m"]
    assert "now reached" in found._repr_html_()
    assert len(found.figure().axes) >= 3
    drawn = " ".join(text.get_text() for text in found.figure().texts)
    for shown in (found._repr_html_(), closed._repr_html_(), drawn):
        assert "SCHEMATIC fence lines" in shown
    assert scenarios.compare(closed, free, base="free").base.label == "free"
    named = scenarios.compare({"before": closed, "after": free})
    assert [side.label for side in named.sides] == ["before", "after"]
    awkward = scenarios.compare({"a/../b": closed, "50 % & more": free})
    assert [side.folder_name for side in awkward.sides] == ["a-b", "50-more"]
    with pytest.raises(ConfigError, match="two sides have the same name: A b, a/b"):
        scenarios.compare({"A b": closed, "a/b": free})
    with pytest.raises(ConfigError, match="nothing to compare"):
        scenarios.compare(closed)


def test_a_comparison_is_written_when_asked(study: OpenStudy, written: Result, tmp_path: Path) -> None:
    free = scenarios.run(study, "free", species="digger")
    assert written.folder is not None
    scenarios.compare(written.folder, free, out=tmp_path / "out")
    assert (tmp_path / "out" / "index.html").is_file()
    assert (tmp_path / "out" / "maps" / "free" / "digger" / "cost_weighted_distance_difference.tif").is_file()


def test_one_scenario_with_two_settings(study: OpenStudy) -> None:
    """Overrides make another side of the same name; what was overridden is named."""
    stronger = {"fences.permeability": {"border": {"digger": {"worth_km": 90, "origin": "made up"}}}}
    costly = scenarios.run(study, "closed", species="digger", overrides=stronger)
    found = scenarios.compare(scenarios.run(study, "closed", species="digger"), costly)
    assert [side.label for side in found.sides] == ["closed", "closed (2)"]
    assert found.settings["key"].str.startswith("fences.permeability").all() and len(found.settings)
    change: Any = found.differences.query("species == 'digger' and indicator == 'least_cost_m'")["difference"]
    assert (change > 0).all() and isinstance(found.gains, pd.DataFrame)
