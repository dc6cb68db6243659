import sqlite3
import subprocess
import sys
import textwrap

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import pytest
import rasterio
import shapely
from affine import Affine
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from pyproj import Transformer
from shapely.geometry import LineString, Point, Polygon, box

from rasters.errors import DataError, ExportError, GridMismatchError, LayerNotFoundError
from rasters.files.reading import read_grid, read_raster
from rasters.files.vectors import read_vectors
from rasters.files.writing import replacing, write_cog, write_geopackage
from rasters.grid import Grid
from tests.support.places import ROOT

LAEA = "+proj=laea +lat_0=42 +lon_0=56 +datum=WGS84 +units=m +no_defs"


@pytest.fixture
def grid() -> Grid:
    return Grid.from_bounds(LAEA, (-3000.0, -2000.0, 3000.0, 2000.0), 100.0)


def write_tiff(path, values, *, crs="EPSG:32640", transform=None, **profile):
    transform = Affine(10, 0, 500_000, 0, -10, 4_600_000) if transform is None else transform
    profile = {"driver": "GTiff", "count": 1, "dtype": values.dtype, "crs": crs, "transform": transform} | profile
    with rasterio.open(path, "w", height=values.shape[0], width=values.shape[1], **profile) as file:
        file.write(values, 1)
    return path


def names(folder):
    return sorted(path.name for path in folder.iterdir())


# --------------------------------------------------------------------------------------------------- rasters


@settings(max_examples=20, deadline=None)
@given(values=arrays(np.float32, (7, 5), elements=st.floats(width=32, allow_nan=True, allow_infinity=True)))
def test_what_is_written_is_read_again(values, tmp_path_factory):
    path = tmp_path_factory.mktemp("cog") / "a.tif"
    grid = Grid(LAEA, Affine(100, 0, -250, 0, -50, 350), (7, 5))
    write_cog(path, values, grid, description="a")
    if np.isnan(values).all():
        with pytest.raises(DataError, match=r"100 % of the study grid"):
            read_raster(path, grid, name="a", unit="m")
        return
    layer = read_raster(path, grid, name="a", unit="m")
    assert (layer.nodata == np.isnan(values)).all()
    np.testing.assert_array_equal(layer.values[~layer.nodata], values[~np.isnan(values)])


def test_a_cog_carries_what_viewers_need(tmp_path):
    grid = Grid.from_bounds("EPSG:6933", (0, 0, 1_100_000, 1_200_000), 1000.0)
    values = np.arange(grid.n_cells, dtype=np.float64).reshape(grid.shape)
    values[0, 0], values[5, 5] = np.inf, np.nan
    unknown = np.zeros(grid.shape, dtype=bool)
    unknown[7, :] = True
    path = tmp_path / "a.tif"
    write_cog(path, values, grid, nodata=unknown, description="Cost [effective m]", unit="effective m", tags={"a": "b"})
    with rasterio.open(path) as file:
        assert file.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG"
        assert file.dtypes == ("float32",)
        assert np.isnan(file.nodata)
        assert file.crs.to_epsg() == 6933
        assert file.descriptions == ("Cost [effective m]",)
        assert file.units == ("effective m",)
        assert file.tags()["a"] == "b"
        assert file.overviews(1) == [2, 4]
        assert file.compression.name == "deflate"
        assert np.isinf(file.read(1)[0, 0])
        assert np.isnan(file.read(1)[5, 5])
        assert np.isnan(file.read(1)[7]).all()
        finite = values[np.isfinite(values) & ~unknown]
        assert float(file.tags(1)["STATISTICS_MAXIMUM"]) == pytest.approx(finite.max())
        assert float(file.tags(1)["STATISTICS_MEAN"]) == pytest.approx(finite.mean(), rel=1e-6)
    assert names(tmp_path) == ["a.tif"]


def test_the_same_values_give_the_same_bytes(tmp_path, grid):
    values = np.random.default_rng(1).random(grid.shape)
    first = write_cog(tmp_path / "a.tif", values, grid, description="a", tags={"x": "1"}).read_bytes()
    assert write_cog(tmp_path / "b.tif", values, grid, description="a", tags={"x": "1"}).read_bytes() == first


def test_codes_are_written_as_bytes_without_a_reserved_one(tmp_path):
    grid = Grid.from_bounds("EPSG:32640", (0, 0, 60_000, 40_000), 100)
    codes = np.arange(grid.height * grid.width).reshape(grid.shape) % 256
    with rasterio.open(write_cog(tmp_path / "c.tif", codes, grid, description="codes", whole=True)) as file:
        assert file.dtypes == ("uint8",) and file.nodata is None
        np.testing.assert_array_equal(file.read(1), codes)
        assert set(np.unique(file.read(1, out_shape=(200, 300)))) <= set(np.unique(codes))


def test_an_array_of_another_shape_is_refused(tmp_path, grid):
    with pytest.raises(GridMismatchError, match=r"\(3, 4\)"):
        write_cog(tmp_path / "a.tif", np.zeros((3, 4)), grid, description="a")
    assert names(tmp_path) == []


def test_another_grid_is_an_error_unless_resampling_is_named(tmp_path, grid):
    fine = Grid.from_bounds(LAEA, grid.bounds, 50.0)
    write_cog(tmp_path / "a.tif", np.ones(fine.shape), fine, description="a")
    with pytest.raises(GridMismatchError, match=r"80 x 120 cells of 50 x 50 m.*40 x 60 cells of 100 x 100 m.*average"):
        read_raster(tmp_path / "a.tif", grid, name="a", unit="m")
    assert read_raster(tmp_path / "a.tif", grid, name="a", unit="m", resampling="average").values.shape == grid.shape


def test_average_is_the_mean_of_the_known_cells_of_each_block(tmp_path, grid):
    fine = Grid.from_bounds(LAEA, grid.bounds, 50.0)
    values = np.random.default_rng(2).random(fine.shape).astype(np.float32)
    values[0, 0] = values[2:4, 2:4] = np.nan
    write_cog(tmp_path / "a.tif", values, fine, description="a")
    layer = read_raster(tmp_path / "a.tif", grid, name="a", unit="m", resampling="average")
    blocks = values.reshape(40, 2, 60, 2).transpose(0, 2, 1, 3).reshape(40, 60, 4)
    known = ~np.isnan(blocks).all(axis=2)
    assert (layer.nodata == ~known).all()
    assert layer.nodata.sum() == 1
    np.testing.assert_allclose(layer.values[known], np.nanmean(blocks[known], axis=1), rtol=1e-6)


def test_nearest_keeps_classes_and_their_type_across_projections(tmp_path, grid):
    classes = np.tile(np.array([[3, 7], [11, 200]], np.uint8), (60, 60))
    transform = Affine(0.002, 0, 55.9, 0, -0.002, 42.08)
    write_tiff(tmp_path / "c.tif", classes, crs="EPSG:4326", transform=transform)
    layer = read_raster(tmp_path / "c.tif", grid, name="c", unit="class", resampling="nearest")
    assert layer.values.dtype == np.uint8
    assert set(np.unique(layer.values)) == {3, 7, 11, 200}
    rows, cols = np.mgrid[0 : grid.height, 0 : grid.width]
    lon, lat = Transformer.from_crs(LAEA, "EPSG:4326", always_xy=True).transform(*grid.xy(rows, cols))
    at = np.floor((42.08 - lat) / 0.002).astype(int), np.floor((lon - 55.9) / 0.002).astype(int)
    assert np.mean(layer.values == classes[at]) > 0.999


def test_bilinear_is_exact_on_a_plane(tmp_path, grid):
    coarse = Grid.from_bounds(LAEA, (-5000.0, -5000.0, 5000.0, 5000.0), 250.0)
    x, y = coarse.xy(*np.mgrid[0:40, 0:40])
    write_cog(tmp_path / "p.tif", 0.5 * x - 0.25 * y + 3.0, coarse, description="plane")
    layer = read_raster(tmp_path / "p.tif", grid, name="p", unit="m", resampling="bilinear")
    x, y = grid.xy(*np.mgrid[0 : grid.height, 0 : grid.width])
    np.testing.assert_allclose(layer.values, 0.5 * x - 0.25 * y + 3.0, atol=0.2)


def test_cells_outside_the_file_are_unknown(tmp_path, grid):
    west = Grid.from_bounds(LAEA, (-3000.0, -2000.0, 0.0, 2000.0), 100.0)
    write_cog(tmp_path / "w.tif", np.ones(west.shape), west, description="w")
    layer = read_raster(tmp_path / "w.tif", grid, name="w", unit="m", resampling="nearest")
    assert not layer.nodata[:, :30].any()
    assert layer.nodata[:, 30:].all()


@pytest.mark.parametrize("kind", ["tag", "mask", "alpha"])
@pytest.mark.parametrize("warped", [False, True])
def test_every_way_of_saying_no_data_is_understood(tmp_path, kind, warped):
    values = np.arange(1, 101, dtype=np.int16).reshape(10, 10)
    values[2:4, 2:4] = -9999
    path, known = tmp_path / "v.tif", values != -9999
    if kind == "tag":
        write_tiff(path, values, nodata=-9999)
    elif kind == "mask":
        with rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True):
            write_tiff(path, values)
            with rasterio.open(path, "r+") as file:
                file.write_mask(known)
    else:
        write_tiff(path, values.astype(np.uint16), count=2, alpha="yes")
        with rasterio.open(path, "r+") as file:
            file.write(np.where(known, 65535, 0).astype(np.uint16), 2)
    shifted = Grid("EPSG:32640", Affine(10, 0, 500_003, 0, -10, 4_599_997), (10, 10))
    layer = read_raster(path, shifted if warped else None, name="v", unit="m", resampling="nearest" if warped else None)
    assert (layer.nodata == ~known).all()
    assert (layer.values[known] == values[known]).all()


def test_a_missing_file_is_told_with_its_likes(tmp_path):
    (tmp_path / "dem.tif").touch()
    (tmp_path / "notes.txt").touch()
    with pytest.raises(LayerNotFoundError, match=r"dme\.tif: there is no such file; like it there: dem\.tif$"):
        read_raster(tmp_path / "dme.tif", name="dem", unit="m")
    with pytest.raises(LayerNotFoundError, match=r"folder .*nowhere does not exist"):
        read_grid(tmp_path / "nowhere" / "dem.tif")


def test_a_raster_without_crs_is_refused(tmp_path):
    write_tiff(tmp_path / "a.tif", np.ones((3, 3), np.float32), crs=None)
    with pytest.raises(DataError, match=r"a\.tif: no coordinate reference system"):
        read_raster(tmp_path / "a.tif", name="a", unit="m")


def test_a_rotated_raster_and_a_text_file_are_refused_by_name(tmp_path):
    write_tiff(
        tmp_path / "r.tif", np.ones((3, 3), np.float32), transform=Affine.rotation(10) @ Affine(10, 0, 0, 0, -10, 0)
    )
    with pytest.raises(DataError, match=r"r\.tif: .*north-up"):
        read_grid(tmp_path / "r.tif")
    (tmp_path / "t.tif").write_text("not a raster")
    with pytest.raises(DataError, match=r"t\.tif: not a raster"):
        read_grid(tmp_path / "t.tif")


def test_a_raster_that_is_elsewhere_is_refused_with_the_share(tmp_path, grid):
    values = np.full(grid.shape, np.nan)
    values[0, 0] = 1.0
    write_cog(tmp_path / "a.tif", values, grid, description="a")
    with pytest.raises(DataError, match=r"a\.tif: 99\.96 % of the study grid has no data"):
        read_raster(tmp_path / "a.tif", grid, name="a", unit="m")
    values[0, :4] = 1.0
    write_cog(tmp_path / "a.tif", values, grid, description="a")
    assert (~read_raster(tmp_path / "a.tif", grid, name="a", unit="m").nodata).sum() == 4


# --------------------------------------------------------------------------------------------------- vectors


def write_gpkg(path, shapes, layer="fences", crs="EPSG:4326", **columns):
    frame = gpd.GeoDataFrame(columns or {"id": [f"f{n}" for n in range(len(shapes))]}, geometry=shapes, crs=crs)
    pyogrio.write_dataframe(frame, path, layer=layer, append=path.exists())
    return path


def test_features_come_in_the_grids_crs(tmp_path, grid):
    path = write_gpkg(tmp_path / "f.gpkg", [LineString([(56, 42), (56.01, 42.01)])])
    frame = read_vectors(path, "fences", grid)
    x, y = Transformer.from_crs("EPSG:4326", LAEA, always_xy=True).transform([56, 56.01], [42, 42.01])
    np.testing.assert_allclose(shapely.get_coordinates(frame.geometry.iloc[0]), np.column_stack([x, y]), atol=1e-6)
    assert frame.crs == grid.pyproj_crs


def test_a_condition_keeps_some_features_and_may_keep_none(tmp_path, grid):
    path = write_gpkg(tmp_path / "f.gpkg", [Point(56, 42), Point(56, 42.1)], pair=["KZ-TM", "KZ-UZ"])
    assert read_vectors(path, None, grid, "pair = 'KZ-TM'")["pair"].tolist() == ["KZ-TM"]
    assert read_vectors(path, None, grid, "pair = 'XX'").empty
    with pytest.raises(DataError, match=r"f\.gpkg, layer fences: .*where='piar = 1'.*piar"):
        read_vectors(path, "fences", grid, "piar = 1")


def test_a_missing_layer_is_told_with_those_that_are_there(tmp_path, grid):
    path = write_gpkg(tmp_path / "f.gpkg", [Point(56, 42)])
    write_gpkg(path, [Point(56, 42)], layer="roads")
    with pytest.raises(
        LayerNotFoundError, match=r"unknown layer 'fence'; did you mean 'fences'\?; choose one of fences, roads"
    ):
        read_vectors(path, "fence", grid)
    with pytest.raises(LayerNotFoundError, match=r"name the layer: choose one of fences, roads"):
        read_vectors(path, None, grid)
    with pytest.raises(LayerNotFoundError, match=r"g\.gpkg: there is no such file; like it there: f\.gpkg"):
        read_vectors(tmp_path / "g.gpkg", None, grid)


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        (Polygon([(56, 42), (57, 43), (57, 42), (56, 43)]), r"feature id='bad': .*not valid: Self-intersection"),
        (Polygon(), r"feature id='bad': its geometry is (empty|missing)"),
        (None, r"feature id='bad': its geometry is missing"),
    ],
)
def test_a_bad_geometry_is_named(tmp_path, grid, shape, message):
    path = write_gpkg(tmp_path / "f.gpkg", [box(56, 42, 57, 43), shape], id=["good", "bad"])
    with pytest.raises(DataError, match=r"f\.gpkg, layer fences, " + message):
        read_vectors(path, "fences", grid, id_column="id")


def test_a_feature_without_an_id_column_is_named_by_its_fid(tmp_path, grid):
    path = write_gpkg(tmp_path / "f.gpkg", [Point(56, 42), None], name=["a", "b"])
    with pytest.raises(DataError, match=r"feature fid=2: "):
        read_vectors(path, "fences", grid)


def test_two_features_with_one_id_are_refused(tmp_path, grid):
    path = write_gpkg(tmp_path / "f.gpkg", [Point(56, 42)] * 3, id=["a", "b", "a"])
    with pytest.raises(DataError, match=r"id must be unique, but 1 values are not: 'a'"):
        read_vectors(path, "fences", grid, id_column="id")
    assert len(read_vectors(path, "fences", grid, id_column="other")) == len(read_vectors(path, "fences", grid)) == 3


def test_vectors_without_crs_are_refused(tmp_path, grid):
    with pytest.warns(UserWarning, match="crs"):
        write_gpkg(tmp_path / "f.gpkg", [Point(56, 42)], crs=None)
    with pytest.raises(DataError, match=r"f\.gpkg, layer fences: no coordinate reference system"):
        read_vectors(tmp_path / "f.gpkg", "fences", grid)


def test_what_the_grids_crs_cannot_show_is_refused(tmp_path, grid):
    path = write_gpkg(tmp_path / "f.gpkg", [Point(56, 42), Point(-124, -42)])
    with pytest.raises(DataError, match=r"feature fid=2: cannot be projected to \+proj=laea"):
        read_vectors(path, None, grid)


def test_a_table_or_a_text_file_is_no_vector_file(tmp_path, grid):
    (tmp_path / "t.csv").write_text("id,name\n1,a\n")
    with pytest.raises(DataError, match=r"t\.csv: not a vector file of a format that otkel opens"):
        read_vectors(tmp_path / "t.csv", None, grid)
    pyogrio.write_dataframe(pd.DataFrame({"id": [1]}), tmp_path / "plain.gpkg", layer="t")
    with pytest.raises(DataError, match=r"plain\.gpkg, layer t: it has no geometry"):
        read_vectors(tmp_path / "plain.gpkg", None, grid)
    (tmp_path / "t.gpkg").write_text("nothing")
    with pytest.raises(DataError, match=r"t\.gpkg: not a vector file"):
        read_vectors(tmp_path / "t.gpkg", None, grid)


# ------------------------------------------------------------------------------------------------ GeoPackages


def layers_of_two_kinds(crs="EPSG:6933"):
    points = gpd.GeoDataFrame({"id": ["a", "b"], "gain": [1.5, np.nan]}, geometry=[Point(0, 0), Point(1, 1)], crs=crs)
    return {"points": points, "none": points.iloc[:0]}


def test_a_geopackage_holds_layers_styles_and_metadata(tmp_path):
    path = tmp_path / "a.gpkg"
    write_geopackage(path, layers_of_two_kinds(), styles={"points": "<qgis/>"}, metadata={"audience": "restricted"})
    assert pyogrio.list_layers(path)[:2, 0].tolist() == ["points", "none"]
    assert pyogrio.read_dataframe(path, layer="points")["gain"].isna().tolist() == [False, True]
    assert pyogrio.read_dataframe(path, layer="none").empty
    assert pyogrio.read_info(path, layer="none")["layer_metadata"] == {"audience": "restricted"}
    connection = sqlite3.connect(path)
    assert connection.execute("SELECT f_table_name, styleQML, useAsDefault FROM layer_styles").fetchall() == [
        ("points", "<qgis/>", 1)
    ]
    connection.close()
    assert names(tmp_path) == ["a.gpkg"]


def test_the_same_layers_give_the_same_bytes_and_leave_gdal_as_it_was(tmp_path):
    pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": None})
    one = write_geopackage(tmp_path / "a.gpkg", layers_of_two_kinds(), styles={"points": "<qgis/>"}).read_bytes()
    two = write_geopackage(tmp_path / "b.gpkg", layers_of_two_kinds(), styles={"points": "<qgis/>"}).read_bytes()
    assert one == two
    assert pyogrio.get_gdal_config_option("OGR_CURRENT_DATE") is None


def test_a_geopackage_that_fails_leaves_the_old_one(tmp_path):
    path = write_geopackage(tmp_path / "a.gpkg", layers_of_two_kinds())
    before = path.read_bytes()
    broken = layers_of_two_kinds()
    broken["none"] = broken["points"].assign(gain=np.array([1j, 2j]))
    with pytest.raises(NotImplementedError, match="complex"):
        write_geopackage(path, broken)
    assert path.read_bytes() == before
    assert names(tmp_path) == ["a.gpkg"]
    with pytest.raises(ExportError, match="at least one layer"):
        write_geopackage(path, {})


# -------------------------------------------------------------------------------------------- places to write


def test_a_place_that_cannot_be_written_is_told(tmp_path, grid):
    (tmp_path / "file").touch()
    for folder in (tmp_path / "file", tmp_path / "nowhere"):
        with pytest.raises(ExportError, match=r"a\.tif: could not be written: .* is not a folder"):
            write_cog(folder / "a.tif", np.ones(grid.shape), grid, description="a")
        with pytest.raises(ExportError, match=r"a\.gpkg: could not be written"):
            write_geopackage(folder / "a.gpkg", layers_of_two_kinds())
    (tmp_path / "a.tif").mkdir()
    with pytest.raises(ExportError):
        write_cog(tmp_path / "a.tif", np.ones(grid.shape), grid, description="a")
    assert names(tmp_path) == ["a.tif", "file"]


def test_a_full_disk_leaves_the_old_file_and_nothing_else(tmp_path, grid):
    """A limit on file size stands in for the full disk: GDAL meets it while it flushes, not when it opens."""
    script = """
        import resource, signal, sys
        from pathlib import Path
        import geopandas as gpd, numpy as np, shapely
        from rasters.errors import ExportError
        from rasters.grid import Grid
        from rasters.files.writing import write_cog, write_geopackage
        folder = Path(sys.argv[1])
        grid = Grid.from_bounds("EPSG:6933", (0, 0, 3e5, 3e5), 1000)
        many = np.random.default_rng(0).random((20_000, 2))
        points = gpd.GeoDataFrame({"id": range(len(many))}, geometry=shapely.points(many), crs="EPSG:6933")
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
        for write in (
            lambda: write_cog(folder / "a.tif", np.random.default_rng(0).random(grid.shape), grid, description="a"),
            lambda: write_geopackage(folder / "a.gpkg", {"p": points}),
        ):
            try:
                write()
            except ExportError as error:
                print(error)
    """
    (tmp_path / "a.tif").write_text("old")
    run = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script), str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert run.stdout.count("could not be written") == 2
    assert names(tmp_path) == ["a.tif"]
    assert (tmp_path / "a.tif").read_text() == "old"


def test_replacing_keeps_the_old_file_on_any_error(tmp_path):
    path = tmp_path / "map [1].txt"
    path.write_text("old")
    with pytest.raises(ValueError, match="half way"), replacing(path) as part:
        part.write_text("new")
        part.with_name(f"{part.name}-journal").touch()
        raise ValueError("half way")
    assert path.read_text() == "old"
    with replacing(path) as part:
        part.write_text("new")
    assert path.read_text() == "new"
    assert names(tmp_path) == ["map [1].txt"]
