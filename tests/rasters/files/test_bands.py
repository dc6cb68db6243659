"""Rasters as programs write them: the same values, or one clear error."""

from __future__ import annotations

import gzip
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pytest
import rasterio
from affine import Affine
from pyproj import Transformer
from rasterio.enums import ColorInterp
from shapely.geometry import Point

from rasters.errors import DataError, PlannerError, RasterWarning, written
from rasters.files import formats
from rasters.files.bands import Band, open_band
from rasters.files.reading import read_grid, read_raster
from rasters.files.vectors import read_vectors
from rasters.grid import Grid

UTM = "EPSG:32640"
NORTH_UP = Affine(10, 0, 500_000, 0, -10, 4_600_000)
VALUES = np.arange(1.0, 13.0).reshape(3, 4)


def write(path: Path, bands: np.ndarray, **profile: Any) -> Path:
    bands = bands if bands.ndim == 3 else bands[None]
    profile = {"driver": "GTiff", "dtype": bands.dtype, "crs": UTM, "transform": NORTH_UP} | profile
    scale = {key: profile.pop(key) for key in ("scales", "offsets", "colorinterp", "colormap") if key in profile}
    mask = profile.pop("mask", None)
    with rasterio.open(path, "w", count=len(bands), height=bands.shape[1], width=bands.shape[2], **profile) as file:
        for key, value in scale.items():
            if key == "colormap":
                file.write_colormap(1, value)
            else:
                setattr(file, key, value)
        file.write(bands)
        if mask is not None:
            file.write_mask(mask)
    return path


def read(path: Path) -> np.ndarray:
    with open_band(path) as band:
        values, known = band.read()
    return np.where(known, values, np.nan)


HOLE = np.zeros((3, 4), bool)
HOLE[1, 2] = True
EXPECTED = np.where(HOLE, np.nan, VALUES)
FILLED = np.where(HOLE, np.float32(-3.4028235e38), VALUES).astype(np.float32)


@pytest.mark.parametrize(
    "make",
    [
        lambda p: write(p, np.where(HOLE, np.nan, VALUES)),
        lambda p: write(p, np.where(HOLE, 0, VALUES).astype(np.uint8), nodata=0),
        lambda p: write(
            p, np.where(HOLE, -7, 10 * VALUES - 20).astype(np.int16), scales=(0.1,), offsets=(2.0,), nodata=-7
        ),
        lambda p: write(p, VALUES, mask=~HOLE),
        lambda p: write(
            p, np.stack([VALUES, np.where(HOLE, 0, 255)]), colorinterp=(ColorInterp.gray, ColorInterp.alpha)
        ),
        lambda p: write(
            p, np.stack([np.where(HOLE, 0, 255), VALUES]), colorinterp=(ColorInterp.alpha, ColorInterp.gray)
        ),
        lambda p: write(p, FILLED, nodata=-3.4e38),
        lambda p: write(p, FILLED),
        lambda p: write(p, np.where(HOLE, 3.4028235e38, VALUES), nodata=-9999),
        lambda p: write(p, np.where(HOLE, np.nan, VALUES)[::-1], transform=Affine(10, 0, 500_000, 0, 10, 4_599_970)),
    ],
    ids=[
        "nan",
        "tag",
        "scaled",
        "mask",
        "alpha last",
        "alpha first",
        "rounded tag",
        "no tag",
        "other huge",
        "south-up",
    ],
)
def test_a_band_means_the_same_however_it_is_stored(tmp_path: Path, make: Any) -> None:
    path = make(tmp_path / "a.tif")
    np.testing.assert_allclose(read(path), EXPECTED)
    assert read_grid(path) == Grid(UTM, NORTH_UP, (3, 4))


def test_windows_of_a_turned_raster_are_those_of_the_whole(tmp_path: Path) -> None:
    path = write(tmp_path / "a.tif", VALUES[::-1], transform=Affine(10, 0, 500_000, 0, 10, 4_599_970))
    with open_band(path) as band:
        for row, col, height, width in ((0, 0, 1, 4), (1, 2, 2, 2), (2, 0, 1, 1)):
            part, _ = band.read(row, col, height, width)
            assert (part == VALUES[row : row + height, col : col + width]).all()


def test_what_is_not_plain_is_said(tmp_path: Path) -> None:
    grid = Grid(UTM, NORTH_UP, (3, 4))
    with pytest.warns(RasterWarning, match=r"multiplied by 0\.1 and 2 is added"):
        read_raster(write(tmp_path / "s.tif", VALUES, scales=(0.1,), offsets=(2.0,)), grid, name="s", unit="m")
    with pytest.warns(RasterWarning, match="has 2 bands; read is band 2"):
        read_raster(write(tmp_path / "b.tif", np.stack([VALUES, VALUES])), grid, name="b", unit="m", number=2)
    with pytest.warns(
        RasterWarning, match=r"such as -3.40\d+e\+38 are taken for no data; the file's no-data tag is missing"
    ):
        read_raster(write(tmp_path / "f.tif", FILLED), grid, name="f", unit="m")


def two_bands(path: Path) -> Path:
    """The second band knows other cells than the first."""
    hole = np.zeros((3, 4), bool)
    hole[:, :2] = True
    write(path, np.stack([np.where(hole, -9, VALUES), np.where(~hole, -9, 100 + VALUES)]), nodata=-9)
    with rasterio.open(path, "r+") as file:
        file.descriptions = ("elevation", "slope\x1b[31m")
    return path


def test_one_of_several_bands_is_never_chosen_silently(tmp_path: Path) -> None:
    path = two_bands(tmp_path / "b.tif")
    listed = r"b\.tif: has 2 bands: 1 \(elevation\), 2 \(slope ?\[31m\); "
    with pytest.raises(DataError, match=listed + "extract the one that is meant"):
        read(path)
    with pytest.raises(DataError, match=listed + "choose `band: 1`"):
        read_raster(path, name="b", unit="m", choose="choose `band: 1`")
    with pytest.raises(DataError, match=r"has no band 3 with values; there are 1 \(elev"):
        read_raster(path, name="b", unit="m", number=3)
    with pytest.raises(DataError, match=r"has no band 2 with values; there is 1"):
        read_raster(write(tmp_path / "one.tif", VALUES), name="b", unit="m", number=2)
    assert read_grid(path) == Grid(UTM, NORTH_UP, (3, 4))


def test_an_alpha_band_is_no_choice(tmp_path: Path) -> None:
    alpha = (ColorInterp.gray, ColorInterp.alpha)
    path = write(tmp_path / "a.tif", np.stack([VALUES, np.where(HOLE, 0, 255)]), colorinterp=alpha)
    with pytest.raises(DataError, match="has no band 2 with values"):
        read_raster(path, name="a", unit="m", number=2)


def test_bands_marked_as_colours_are_values_where_one_is_named(tmp_path: Path) -> None:
    """GDAL marks any three bands of bytes as red, green and blue."""
    path = write(tmp_path / "b.tif", np.stack([VALUES, VALUES + 20, VALUES + 40]).astype(np.uint8), photometric="rgb")
    with pytest.warns(RasterWarning, match="has 3 bands; read is band 2"):
        layer = read_raster(path, None, name="b", unit="m", number=2)
    np.testing.assert_array_equal(layer.values, VALUES + 20)


def test_text_that_unpacks_without_end_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(formats, "UNPACKED_BYTES", 10_000)
    path = tmp_path / "a.csv.gz"
    path.write_bytes(gzip.compress(b"0" * 10_000))
    assert len(formats.whole_content(path)) == 10_000
    path.write_bytes(gzip.compress(b"0" * 10_000_000))
    with pytest.raises(DataError, match=r"a.csv.gz: unpacks to more than .* unpack it and name"):
        formats.whole_content(path)


@pytest.mark.parametrize("resampling", ["nearest", "average", "bilinear"])
@pytest.mark.parametrize("number", [1, 2])
@pytest.mark.filterwarnings("ignore:.*has 2 bands")
def test_a_band_is_read_as_if_it_were_alone(tmp_path: Path, number: int, resampling: Any) -> None:
    both = two_bands(tmp_path / "b.tif")
    with rasterio.open(both) as file:
        alone = write(tmp_path / "alone.tif", file.read(number), nodata=-9)
    for grid in (None, Grid(UTM, NORTH_UP @ Affine.translation(0.3, 0.2) @ Affine.scale(0.7), (3, 4))):
        layer = read_raster(both, grid, name="b", unit="m", resampling=resampling, number=number)
        expected = read_raster(alone, grid, name="b", unit="m", resampling=resampling)
        assert layer.nodata.any() and (layer.nodata == expected.nodata).all()
        np.testing.assert_array_equal(layer.values[~layer.nodata], expected.values[~layer.nodata])
        assert layer.values.dtype == expected.values.dtype


@pytest.mark.parametrize("crs", [UTM, "EPSG:32641", "EPSG:4326"])
@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.filterwarnings("ignore:.*has 2 bands")
def test_of_one_band_of_a_large_file_only_what_the_grid_needs_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, crs: str, turned: bool
) -> None:
    """A national mosaic of several bands would not fit otherwise; the values are those of the band alone."""
    values = np.random.default_rng(1).integers(1, 200, (2, 1500, 1200)).astype(np.uint8)
    values[:, 600:640, 500:560] = 0
    up = NORTH_UP @ Affine(1, 0, 0, 0, -1, 1500) if turned else NORTH_UP
    both = write(tmp_path / "b.tif", values[:, ::-1] if turned else values, nodata=0, transform=up, tiled=True)
    alone = write(tmp_path / "alone.tif", values[1], nodata=0)
    middle = Grid(UTM, NORTH_UP, (1500, 1200)).lonlat(506_000, 4_593_000)
    if crs == "EPSG:4326":
        grid = Grid(crs, Affine(0.0004, 0, float(middle[0]) - 0.01, 0, -0.0003, float(middle[1]) + 0.01), (60, 50))
    else:
        x, y = Transformer.from_crs("EPSG:4326", crs, always_xy=True).transform(*middle)
        grid = Grid(crs, Affine(33, 0, x - 900, 0, -33, y + 900), (60, 50))
    expected = read_raster(alone, grid, name="b", unit="1", resampling="average")
    shapes, read_band = [], Band.read

    def noted(band: Band, *window: int) -> Any:
        found = read_band(band, *window)
        shapes.append(found[0].size)
        return found

    monkeypatch.setattr(Band, "read", noted)
    layer = read_raster(both, grid, name="b", unit="1", resampling="average", number=2)
    assert max(shapes) < 0.3 * values[0].size
    assert expected.nodata.any() and (layer.nodata == expected.nodata).all()
    np.testing.assert_allclose(layer.values[~layer.nodata], expected.values[~layer.nodata], rtol=1e-12)


def test_a_raster_in_one_huge_piece_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    """A file of some kilobytes can hold a piece of gigabytes, which GDAL unpacks whole for a single cell."""
    path = tmp_path / "huge.tif"
    shape = {"height": 40_000, "width": 40_000, "blockysize": 40_000}
    profile = {
        "driver": "GTiff",
        "dtype": "float32",
        "count": 1,
        "crs": UTM,
        "transform": NORTH_UP,
        "compress": "deflate",
    }
    rasterio.open(path, "w", **profile, **shape, sparse_ok=True).close()
    assert path.stat().st_size < 10_000
    with pytest.raises(
        DataError, match=r"huge\.tif: is stored in pieces of 40000 x 40000 cells, 6\.0 GiB each.*TILED=YES"
    ):
        read_raster(path, Grid(UTM, NORTH_UP, (3, 4)), name="b", unit="1", resampling="nearest")


def test_a_huge_fill_does_not_leak_into_its_neighbours_when_warped(tmp_path: Path) -> None:
    path = write(tmp_path / "f.tif", np.pad(FILLED, 10, mode="edge"), nodata=-3.4e38)
    fine = Grid(UTM, Affine(5, 0, 500_000, 0, -5, 4_600_000), (40, 40))
    with pytest.warns(RasterWarning):
        layer = read_raster(path, fine, name="f", unit="m", resampling="bilinear")
    assert layer.nodata.any() and not layer.nodata.all()
    assert layer.values[~layer.nodata].min() >= 1.0 and layer.values[~layer.nodata].max() <= 12.0


def test_codes_are_not_averaged(tmp_path: Path) -> None:
    codes = write(tmp_path / "c.tif", VALUES.astype(np.uint8), colormap={1: (255, 0, 0, 255)}, photometric="palette")
    coarse = Grid(UTM, NORTH_UP @ Affine.scale(2), (1, 2))
    with pytest.raises(DataError, match="only resampling: nearest fits codes"):
        read_raster(codes, coarse, name="c", unit="class", resampling="average")


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda p: write(p, VALUES.astype(np.complex64)), "complex numbers"),
        (
            lambda p: write(p, np.stack([VALUES] * 3).astype(np.uint8), photometric="rgb"),
            "picture in red, green and blue",
        ),
        (lambda p: write(p, VALUES, scales=(0.0,)), "a scale of 0"),
        (lambda p: p.write_text("<VRTDataset rasterXSize='1' rasterYSize='1'></VRTDataset>"), "it is a VRT"),
        (lambda p: p.write_text("<GDAL_WMS><Service name='TMS'></Service></GDAL_WMS>"), "the address of a map service"),
        (lambda p: p.write_bytes(b"PK\x03\x04 and more"), "a zip archive"),
        (lambda p: p.write_bytes(b""), "it is empty"),
        (lambda p: p.mkdir(), "is a folder"),
        (lambda p: p.write_bytes(b"\x1f\x8b damaged"), "damaged"),
        (lambda p: p.write_bytes(gzip.compress(b"ncols 3\nnrows 3\n" * 500)[:-30]), "damaged"),
        (lambda p: p.write_bytes(b"II*\x00" + b"\xff" * 60), "damaged"),
    ],
    ids=["complex", "picture", "scale 0", "VRT", "WMS", "zip", "empty", "folder", "gzip", "cut gzip", "damaged"],
)
def test_what_is_no_band_is_one_clear_error(tmp_path: Path, make: Any, said: str) -> None:
    make(tmp_path / "a.tif")
    with pytest.raises(DataError, match=f"a.tif: .*{said}"):
        read(tmp_path / "a.tif")


def test_every_truncation_of_a_raster_is_one_error_or_the_values(tmp_path: Path) -> None:
    whole = write(tmp_path / "a.tif", VALUES, compress="deflate", mask=~HOLE).read_bytes()
    damaged = tmp_path / "b.tif"
    for end in range(0, len(whole), 7):
        damaged.write_bytes(whole[:end])
        try:
            read(damaged)
        except PlannerError as error:
            assert str(damaged) in str(error)


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, socket.socket]]:
    """An address, and the server that would hear if it were called."""
    server = socket.create_server(("127.0.0.1", 0))
    server.settimeout(0.5)
    yield f"http://127.0.0.1:{server.getsockname()[1]}/x.tif", server
    server.close()


def called(server: socket.socket) -> bool:
    try:
        server.accept()[0].close()
    except TimeoutError:
        return False
    return True


@pytest.mark.parametrize("where", ["aux", "ovr", "tag", "vrt"])
def test_no_raster_sends_gdal_elsewhere(tmp_path: Path, where: str, no_network: Any) -> None:
    address, server = no_network
    path = write(tmp_path / "a.tif", VALUES)
    link = (
        f"<VRTDataset rasterXSize='4' rasterYSize='3'><VRTRasterBand><SimpleSource><SourceFilename>/vsicurl/{address}"
    )
    if where == "aux":
        text = f"<PAMDataset><Metadata domain='OVERVIEWS'><MDI key='OVERVIEW_FILE'>/vsicurl/{address}</MDI></Metadata></PAMDataset>"
        Path(f"{path}.aux.xml").write_text(text)
    elif where == "ovr":
        Path(f"{path}.ovr").write_text(link)
    elif where == "vrt":
        path.write_text(link)
    else:
        with rasterio.open(path, "r+") as file:
            file.update_tags(ns="OVERVIEWS", OVERVIEW_FILE=f"/vsicurl/{address}")
        Path(f"{path}.aux.xml").unlink(missing_ok=True)
    with pytest.raises(DataError, match=r"remove it|write it again|not a raster"):
        read(path)
    assert not called(server)


@pytest.mark.parametrize(
    "text",
    [
        "<OGRVRTDataSource><OGRVRTLayer name='a'><SrcDataSource>{}</SrcDataSource></OGRVRTLayer></OGRVRTDataSource>",
        "<OGRWFSDataSource><URL>{}</URL></OGRWFSDataSource>",
        "<gml:FeatureCollection xmlns:gml='http://www.opengis.net/gml' schemaLocation='{}'/>",
        '{{"url": "{}"}}',
    ],
)
@pytest.mark.parametrize("name", ["fences.gpkg", "fences.geojson", "fences.kml"])
def test_no_vector_file_sends_gdal_elsewhere(tmp_path: Path, text: str, name: str, no_network: Any) -> None:
    address, server = no_network
    (tmp_path / name).write_text(text.format(address))
    with pytest.raises(DataError, match=r"not a vector file of a format that otkel opens"):
        read_vectors(tmp_path / name, None, Grid(UTM, NORTH_UP, (3, 4)))
    assert not called(server)


@pytest.mark.parametrize(
    "driver, name", [("GPKG", "a.gpkg"), ("ESRI Shapefile", "a.shp"), ("GeoJSON", "a.geojson"), ("FlatGeobuf", "a.fgb")]
)
def test_listed_vector_formats_are_opened_under_any_name(tmp_path: Path, driver: str, name: str) -> None:
    gpd.GeoDataFrame({"id": ["a"]}, geometry=[Point(56, 41)], crs=4326).to_file(tmp_path / name, driver=driver)
    assert len(read_vectors(tmp_path / name, None, Grid(UTM, NORTH_UP, (3, 4)))) == 1


def test_every_digit_of_a_position_is_written() -> None:
    assert [written(v) for v in (4500002.5, 500010.0, 20240001001.0, -0.1, 1e300)] == [
        "4500002.5",
        "500010",
        "20240001001",
        "-0.1",
        "1e+300",
    ]
