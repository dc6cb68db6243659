"""Marks of no data that no tag names, units, classes and ASCII grids as people have them: the right values, or one clear error."""

from __future__ import annotations

import gzip
import warnings
from pathlib import Path

import numpy as np
import pytest
import rasterio
from affine import Affine

from rasters.errors import DataError, RasterWarning
from rasters.files.reading import read_grid, read_raster
from rasters.grid import Grid
from rasters.surface import Layer
from tests.rasters.files.test_bands import NORTH_UP, UTM, write

HEIGHTS = np.arange(200.0, 200.0 + 1600.0).reshape(40, 40)
HOLE = np.zeros((40, 40), bool)
HOLE[:3] = True
GRID = Grid(UTM, NORTH_UP, (40, 40))
COARSE = Grid(UTM, NORTH_UP @ Affine.scale(2), (20, 20))


def read(path: Path, grid: Grid = GRID, unit: str = "m", **more: object) -> tuple[Layer, str]:
    """The layer and what was said of it."""
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        layer = read_raster(path, grid, name="x", unit=unit, **more)  # type: ignore[arg-type]
    return layer, " ".join(str(one.message) for one in said if issubclass(one.category, RasterWarning))


@pytest.mark.parametrize(
    ("mark", "kind", "tag"),
    [
        (-9999, "float32", None),
        (-9999, "int16", None),
        (-32768, "int16", None),
        (-32768, "float32", -9999),
        (-99999, "float64", None),
        (-32767, "int16", -32768),
        (-(2**63), "int64", None),
        (-1.7976931348623157e308, "float64", None),
    ],
)
@pytest.mark.parametrize("resampling", [None, "average"])
def test_a_mark_without_a_tag_is_no_data_and_told(
    tmp_path: Path, mark: float, kind: str, tag: float | None, resampling: str | None
) -> None:
    path = write(tmp_path / "a.tif", np.where(HOLE, mark, HEIGHTS).astype(kind), nodata=tag)
    layer, said = read(path, COARSE if resampling else GRID, resampling=resampling)
    assert "are taken for no data" in said
    known = layer.values[~layer.nodata]
    assert (known.min(), known.max()) >= (200.0, 200.0) and known.max() <= 1800.0
    if resampling is None:
        np.testing.assert_array_equal(layer.nodata, HOLE)
    else:
        assert layer.nodata[:1].all() and not layer.nodata[2:].any()


def test_a_tag_and_a_mark_are_both_no_data_when_averaged(tmp_path: Path) -> None:
    values = np.where(HOLE, -3.4028235e38, HEIGHTS)
    values[-4:] = -9999
    layer, _ = read(write(tmp_path / "a.tif", values.astype(np.float32), nodata=-9999), COARSE, resampling="average")
    assert layer.nodata[0].all() and layer.nodata[-2:].all()
    assert layer.values[~layer.nodata].min() > 200


@pytest.mark.parametrize(("mark", "kind"), [(32767, "int16"), (1e20, "float32"), (65535, "uint16")])
def test_marks_that_somebody_may_mean_are_told(tmp_path: Path, mark: float, kind: str) -> None:
    layer, said = read(write(tmp_path / "a.tif", np.where(HOLE, mark, HEIGHTS).astype(kind)))
    assert "often marks cells without data" in said and not layer.nodata.any()


def test_class_255_is_told_unless_the_tag_says_so(tmp_path: Path) -> None:
    classes = np.where(HOLE, 255, 1).astype(np.uint8)
    assert "class 255" in read(write(tmp_path / "a.tif", classes), unit="class")[1]
    layer, said = read(write(tmp_path / "b.tif", classes, nodata=255), unit="class")
    assert not said and layer.nodata.sum() == HOLE.sum()


def test_classes_that_were_averaged_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"1480 cells hold classes that are no whole numbers, such as 0\.9999"):
        read(write(tmp_path / "a.tif", np.where(HOLE, 0, 0.9999).astype(np.float32)), unit="class")
    layer, _ = read(write(tmp_path / "b.tif", np.where(HOLE, np.nan, 3.0)), unit="class")
    assert (layer.values[~HOLE] == 3).all()


@pytest.mark.parametrize("unit", ["ft", "US survey foot", "cm", "km"])
def test_lengths_in_another_unit_are_refused(tmp_path: Path, unit: str) -> None:
    path = write(tmp_path / "a.tif", HEIGHTS)
    with rasterio.open(path, "r+") as file:
        file.units = (unit,)
    with pytest.raises(DataError, match=f"are in {unit}"):
        read(path)
    assert read(path, unit="feet")[0].values.max() == HEIGHTS.max()


def test_heights_of_the_reference_system_are_looked_at(tmp_path: Path) -> None:
    in_metres = write(tmp_path / "a.tif", HEIGHTS, crs="EPSG:32640+5773")
    assert read_grid(in_metres) == GRID
    np.testing.assert_array_equal(read(in_metres)[0].values, HEIGHTS)
    with pytest.raises(DataError, match="US survey foot"):
        read(write(tmp_path / "b.tif", HEIGHTS, crs="EPSG:32640+6360"))


def test_a_raster_without_a_place_says_so(tmp_path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        path = write(tmp_path / "a.tif", HEIGHTS, transform=Affine.identity())
    with pytest.raises(DataError, match="does not say where its cells are"):
        read(path)
    with pytest.raises(DataError, match="has no datum"):
        read(write(tmp_path / "b.tif", HEIGHTS, crs='LOCAL_CS["site",UNIT["metre",1]]'), resampling="nearest")


@pytest.mark.parametrize("step", [(10.0, 0.0), (1e-200, -1e-200), (-1e-300, 1e-300)])
@pytest.mark.parametrize("bands", [1, 2])
def test_cells_without_an_area_are_refused(tmp_path: Path, step: tuple[float, float], bands: int) -> None:
    """Also where their product is lost to rounding."""
    place = Affine(step[0], 0.0, 500_000.0, 0.0, step[1], 4_600_000.0)
    path = tmp_path / "a.tif"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        values = np.stack([HEIGHTS] * bands)
        with rasterio.open(
            path, "w", driver="GTiff", height=3, width=4, count=bands, dtype=values.dtype, crs=UTM, transform=place
        ) as file:
            file.write(values[:, :3, :4])
    for grid in (None, GRID):
        with pytest.raises(DataError, match=r"a\.tif: its cells have no area"):
            read_raster(path, grid, name="a", unit="m", number=1, resampling="bilinear")


HEAD = "ncols 4\nnrows 3\nxllcorner 500000\nyllcorner 4599970\ncellsize 10\n"
ROWS = ["1 2 3 4", "5 6 7 8", "9 10 11 12"]
ASC = Grid(UTM, NORTH_UP, (3, 4))


def grid_of(folder: Path, rows: list[str], head: str = HEAD, *, packed: bool = False) -> Path:
    path = folder / "a.asc"
    text = (head + "\n".join(rows) + "\n").encode()
    path.write_bytes(gzip.compress(text) if packed else text)
    (folder / "a.prj").write_text(ASC.pyproj_crs.to_wkt("WKT1_ESRI"))
    return path


@pytest.mark.parametrize(
    ("row", "word"),
    [
        ("1,234.5 2 3 4", "1,234.5"),
        ("1.234,5 2 3 4", "1.234,5"),
        ("# 2 3 4", "#"),
        ("* 2 3 4", "*"),
        ("1e 2 3 4", "1e"),
        ("1O 2 3 4", "1O"),
    ],
)
def test_what_gdal_reads_as_another_number_is_refused(tmp_path: Path, row: str, word: str) -> None:
    with pytest.raises(DataError, match="is no number") as told:
        read(grid_of(tmp_path, [row, *ROWS[1:]]), ASC)
    assert repr(word) in str(told.value)


@pytest.mark.parametrize("rows", [ROWS[:-1], [*ROWS, "1 2 3"], ["1 2 3", *ROWS[1:]]])
def test_another_count_of_numbers_than_stated_is_refused(tmp_path: Path, rows: list[str]) -> None:
    count = sum(len(row.split()) for row in rows)
    with pytest.raises(DataError, match=f"holds {count} numbers, but its first lines say 12"):
        read(grid_of(tmp_path, rows), ASC)


@pytest.mark.parametrize(
    "rows", [ROWS, ["1,0 2,0 3,0 4,0", *ROWS[1:]], ["1e0 +2 3.0E0 4.", *ROWS[1:]], ["1 2 3 4 5", "6 7 8 9 10 11 12"]]
)
def test_grids_as_programs_write_them_are_read(tmp_path: Path, rows: list[str]) -> None:
    np.testing.assert_array_equal(read(grid_of(tmp_path, rows), ASC)[0].values.ravel(), np.arange(1.0, 13.0))
    folder = tmp_path / "packed"
    folder.mkdir()
    assert read_raster(grid_of(folder, ["nan 2 3 4", *ROWS[1:]]), None, name="x", unit="1").nodata.sum() == 1


def test_an_ascii_grid_without_a_mark_has_the_formats_own(tmp_path: Path) -> None:
    layer, said = read(grid_of(tmp_path, ["-9999 2 3 4", *ROWS[1:]]), ASC)
    assert layer.nodata.sum() == 1 and "-9999" in said
