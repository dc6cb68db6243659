"""From files to arrays: derived layers, filters, other grids, attributes that are numbers or missing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pytest
import rasterio
from scipy.ndimage import distance_transform_edt
from shapely import Point

from rasters.errors import ConfigError, DataError, GridMismatchError, NodataFilledWarning, PlannerWarning, RasterWarning
from scenarios.land.inputs import Inputs, input_files, read_inputs
from scenarios.study.load import resolve
from tests.support.tiny_study import CRS, SIZE, at_km, edit, water, write_raster, write_tiny_study, write_vectors


@pytest.fixture
def study(tmp_path: Path) -> Path:
    return write_tiny_study(tmp_path / "study")


def inputs_of(study: Path, **overrides: Any) -> Inputs:
    return read_inputs(resolve(str(study), "closed", {k.replace("__", "."): v for k, v in overrides.items()}))


def test_everything_on_one_grid(study: Path) -> None:
    inputs = inputs_of(study)
    assert inputs.grid.shape == (SIZE, SIZE)
    assert set(inputs.layers) == {"dem", "slope_percent", "water"}
    assert {layer.grid for layer in inputs.layers.values()} == {inputs.grid}
    assert [f.id for f in inputs.all_fences] == ["border_0", "inner_0"]
    assert [f.id for f in inputs.cuts.fences] == ["border_0"]
    assert list(inputs.regions) == sorted(inputs.places)
    area_km2 = np.pi * 2.2**2
    assert all(abs(region.size - area_km2) < 3 for region in inputs.regions.values())


def test_only_the_species_asked_for(study: Path) -> None:
    assert list(read_inputs(resolve(str(study)), ["digger"]).profiles) == ["digger"]


def test_every_file_that_a_run_reads_is_known(study: Path) -> None:
    names = {path.name for path in input_files(resolve(str(study)))}
    assert names == {p.name for p in study.iterdir()}


def write_places(study: Path) -> None:
    write_vectors(
        study / "places.gpkg",
        "places",
        ["a", "b", "c"],
        [Point(at_km(*p)) for p in ((5.5, 5.5), (20.5, 30.5), (35.5, 9.5))],
        kind=["town", "town's edge", "camp"],
    )


def expected_distance(*cells: tuple[int, int]) -> np.ndarray:
    far = np.ones((SIZE, SIZE), bool)
    for row, col in cells:
        far[row, col] = False
    return distance_transform_edt(far) * 1000.0


def test_distance_to_features_and_only_to_some(study: Path) -> None:
    write_places(study)
    near = {"derive": "distance", "file": "places.gpkg", "table": "places"}
    some = near | {"where": {"kind": ["town's edge", "camp"]}}
    layers = inputs_of(study, layers__near=near, layers__some=some).layers
    town, edge, camp = (34, 5), (9, 20), (30, 35)
    np.testing.assert_allclose(layers["near"].values, expected_distance(town, edge, camp), rtol=1e-6)
    np.testing.assert_allclose(layers["some"].values, expected_distance(edge, camp), rtol=1e-6)
    assert layers["near"].unit == "m"


def test_a_filter_that_leaves_nothing_is_an_error(study: Path) -> None:
    write_places(study)
    none = {"derive": "distance", "file": "places.gpkg", "where": {"kind": ["city"]}}
    with pytest.raises(DataError, match=r"places\.gpkg.*layers\.near.*`where`"):
        inputs_of(study, layers__near=none)
    with pytest.raises(DataError, match=r"places\.gpkg: has no attribute typo; it has id, kind"):
        inputs_of(study, layers__near=none | {"where": {"typo": ["city"]}})


def test_distance_to_cells_of_a_layer(study: Path) -> None:
    layer = inputs_of(study, layers__coast={"derive": "distance", "source": "water", "above": 1}).layers["coast"]
    np.testing.assert_allclose(layer.values, distance_transform_edt(water() == 0) * 1000.0, rtol=1e-6)


def test_burned_features(study: Path) -> None:
    park = inputs_of(study, layers__park={"derive": "burn", "file": "regions.gpkg"})
    burned = park.layers["park"]
    assert burned.unit == "class" and not burned.nodata.any()
    assert burned.values.sum() == sum(region.size for region in park.regions.values())
    assert all(burned.values[region.mask].all() for region in park.regions.values())


def test_derived_layers_may_be_listed_before_their_source(study: Path) -> None:
    settings = {
        "slope_percent": {"derive": "slope_percent", "source": "dem"},
        "dem": {"file": "dem.tif", "unit": "m"},
        "water": {"file": "water.tif", "unit": "class"},
    }
    assert np.array_equal(
        inputs_of(study, layers=settings).layers["slope_percent"].values,
        inputs_of(study).layers["slope_percent"].values,
    )


def test_cells_without_data_are_filled_only_if_asked_and_loudly(study: Path) -> None:
    holes = np.ones((SIZE, SIZE), np.float32)
    holes[3:6, 3:6] = -1
    write_raster(study / "cover.tif", holes, nodata=-1)
    layer = {"file": "cover.tif", "unit": "percent"}
    assert inputs_of(study, layers__cover=layer).layers["cover"].nodata.sum() == 9
    with pytest.warns(NodataFilledWarning, match="cover: 9 cells .* set to 7"):
        filled = inputs_of(study, layers__cover=layer | {"fill_nodata": 7}).layers["cover"]
    assert not filled.nodata.any() and (filled.values[3:6, 3:6] == 7).all() and filled.values.sum() == SIZE**2 - 9 + 63


def test_coarser_cells_by_a_whole_factor(study: Path) -> None:
    inputs, fine = inputs_of(study, grid__cell_m=2000), inputs_of(study)
    assert inputs.grid.shape == (SIZE // 2, SIZE // 2)
    assert inputs.grid.bounds == fine.grid.bounds
    blocks = fine.layers["dem"].values.reshape(SIZE // 2, 2, SIZE // 2, 2).mean(axis=(1, 3))
    np.testing.assert_allclose(inputs.layers["dem"].values, blocks, rtol=1e-4)
    assert set(np.unique(inputs.layers["water"].values)) == {0, 1}


def test_another_grid_needs_a_word_on_resampling(study: Path) -> None:
    grid = {"crs": CRS, "bounds": [5_400_000, 4_960_000, 5_440_000, 5_000_000], "cell_m": 500}
    with pytest.raises(GridMismatchError, match=r"dem\.tif is on 40 x 40 .*, the study on 80 x 80"):
        inputs_of(study, grid=grid)
    layers = {f"layers__{name}__resampling": "nearest" for name in ("dem", "water")}
    with pytest.warns(RasterWarning, match=r"relief of 1000 m is coarser than the cells of 500 m"):
        fine = inputs_of(study, grid=grid, **layers).layers["water"]
    assert np.array_equal(fine.values, np.kron(water(), np.ones((2, 2), np.uint8)))


def test_terrain_of_fine_relief_does_not_hang_on_the_cells(study: Path) -> None:
    """Cells of 4 km know the slopes of the relief's cells of 1 km: their mean, the greatest and the share that is steep."""
    file = {"derive": "slope_percent", "file": "dem.tif"}
    layers = {
        "slope_mean": file | {"per_cell": "mean"},
        "slope_max": file | {"per_cell": "max"},
        "share_steeper_than_5": file | {"per_cell": "share", "above": 5},
        "rough": {"derive": "ruggedness", "file": "dem.tif", "per_cell": "mean"},
        "escape": {"derive": "escape_distance", "file": "dem.tif", "above": 7, "at_most_m": 3000},
    }
    stated = {f"layers__{name}": layer for name, layer in layers.items()}
    fine, coarse = inputs_of(study, **stated).layers, inputs_of(study, grid__cell_m=4000, **stated).layers
    for name in layers:
        of = np.max if name == "slope_max" else np.mean
        blocks = of(fine[name].values.reshape(SIZE // 4, 4, SIZE // 4, 4), axis=(1, 3))
        np.testing.assert_allclose(coarse[name].values, blocks, rtol=1e-6, err_msg=name)
        assert np.ptp(coarse[name].values) > 0
    assert {name: coarse[name].unit for name in layers} == {
        "slope_mean": "percent",
        "slope_max": "percent",
        "share_steeper_than_5": "1",
        "rough": "m",
        "escape": "m",
    }


def test_slopes_of_averaged_relief_are_told_and_those_on_the_grid_are_as_ever(study: Path) -> None:
    by_layer = {"derive": "slope_percent", "source": "dem"}
    ever, fine = inputs_of(study, layers__slope_percent=by_layer), inputs_of(study)
    np.testing.assert_array_equal(ever.layers["slope_percent"].values, fine.layers["slope_percent"].values)
    np.testing.assert_array_equal(ever.layers["slope_percent"].nodata, fine.layers["slope_percent"].nodata)
    words = r"layers\.slope_percent: dem\.tif has cells of 1000 m.* cells of 4000 m, .*file: dem\.tif, per_cell: mean"
    with pytest.warns(PlannerWarning, match=words):
        averaged = inputs_of(study, grid__cell_m=4000, layers__slope_percent=by_layer).layers["slope_percent"]
    kept = inputs_of(study, grid__cell_m=4000).layers["slope_percent"]
    assert averaged.values.mean() < 0.6 * kept.values.mean()


def test_thresholds_are_scaled_from_the_cells_that_slopes_were_computed_on(study: Path) -> None:
    fine, coarse = inputs_of(study), inputs_of(study, grid__cell_m=4000)
    assert [one.layers["slope_percent"].computed_on_m for one in (fine, coarse)] == [1000.0, 1000.0]
    assert coarse.layers["dem"].computed_on_m == 4000.0


def test_ids_that_are_numbers_and_names_that_are_missing(study: Path) -> None:
    frame = gpd.read_file(study / "regions.gpkg")
    frame["id"] = [11, 12, 13, 14]
    frame["name_en"] = ["Hills", None, "", "Lake"]
    frame = frame.drop(columns="geometry_status")
    frame.to_file(study / "regions.gpkg", layer="regions", driver="GPKG")
    routes = {"from": ["11", "12"], "to": ["13", "14"]}
    edit(study, "fences", "separations")
    places = inputs_of(study, routes__walker=routes, routes__digger=routes).places
    assert {key: place.name for key, place in places.items()} == {"11": "Hills", "12": "12", "13": "13", "14": "Lake"}
    assert {place.geometry_status for place in places.values()} == {"unknown"}


def test_layers_of_another_resolution_are_not_mixed_in(study: Path) -> None:
    with pytest.raises(ConfigError, match=r"grid\.cell_m: 1500 is not a whole multiple of the 1000 m"):
        inputs_of(study, grid__cell_m=1500)


def test_a_layer_chooses_its_band(study: Path) -> None:
    with rasterio.open(study / "dem.tif") as file:
        profile, dem = file.profile, file.read(1)
    with rasterio.open(study / "dem.tif", "w", **{**profile, "count": 2}) as file:
        file.write(np.stack([np.zeros_like(dem), dem]))
        file.descriptions = ("nothing", "elevation")
    with pytest.raises(
        DataError, match=r"dem\.tif: has 2 bands: 1 \(nothing\), 2 \(elevation\); .*study\.yaml, layers\.dem: `band: 1`"
    ):
        inputs_of(study)
    both = {"layers__dem__band": 2, "layers__slope_percent__band": 2}
    with pytest.warns(RasterWarning, match=r"read is band 2 \(elevation\)"):
        found = inputs_of(study, **both).layers
    assert (found["dem"].values == dem).all() and found["slope_percent"].values.max() > 0
    with pytest.raises(DataError, match=r"layers\.slope_percent: .*dem\.tif: has 2 bands"), pytest.warns(RasterWarning):
        inputs_of(study, layers__dem__band=2)
    with pytest.raises(ConfigError, match="band"):
        inputs_of(study, layers__dem__band=0)
    with pytest.raises(ConfigError, match=r"`band` chooses one of a raster `file`"):
        inputs_of(study, layers__park={"derive": "burn", "file": "regions.gpkg", "band": 1})
