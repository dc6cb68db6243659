"""Terrain from relief finer than the grid: closed forms, plain numpy, the same whatever the cells and blocks are."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import numpy as np
import pytest
import rasterio
from affine import Affine
from numpy.typing import NDArray
from pyproj import Transformer

from rasters.errors import DataError, GeographicCRSError, RasterWarning
from rasters.files import relief
from rasters.files.relief import escape_distance, fine_terrain, pixel_metres
from rasters.grid import Grid

METRES = "+proj=laea +lat_0=42 +lon_0=57 +datum=WGS84 +units=m +no_defs"
FINE = 25.0
LEFT, TOP = -4000.0, 4000.0
Float = NDArray[np.float64]


def grid_of(cell: float, shape: tuple[int, int], left: float = LEFT, top: float = TOP) -> Grid:
    return Grid(METRES, Affine(cell, 0, left, 0, -cell, top), shape)


def write(
    path: Path,
    z: Float,
    step: tuple[float, float] = (FINE, FINE),
    crs: str = METRES,
    nodata: float | None = None,
    corner: tuple[float, float] = (LEFT, TOP),
) -> Path:
    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        width=z.shape[1],
        height=z.shape[0],
        count=1,
        dtype="float64",
        crs=crs,
        nodata=nodata,
        transform=Affine(step[0], 0, corner[0], 0, -step[1], corner[1]),
    ) as file:
        file.write(z, 1)
    return path


def centres(shape: tuple[int, int]) -> tuple[Float, Float]:
    """x, y of the relief's cells [m]."""
    row, col = np.indices(shape)
    return LEFT + (col + 0.5) * FINE, TOP - (row + 0.5) * FINE


def hills(shape: tuple[int, int] = (320, 320), seed: int = 2) -> Float:
    return np.random.default_rng(seed).normal(0, 0.2, shape).cumsum(axis=0).cumsum(axis=1)


def horn(z: Float, width: float, height: float) -> Float:
    """Horn's slope in percent by plain numpy; NaN at the edge and beside NaN."""
    out = np.full(z.shape, np.nan)
    a, b, c = z[:-2, :-2], z[:-2, 1:-1], z[:-2, 2:]
    d, f = z[1:-1, :-2], z[1:-1, 2:]
    g, h, i = z[2:, :-2], z[2:, 1:-1], z[2:, 2:]
    east, south = (c + 2 * f + i - a - 2 * d - g) / (8 * width), (g + 2 * h + i - a - 2 * b - c) / (8 * height)
    out[1:-1, 1:-1] = 100 * np.hypot(east, south)
    return out


def overlaps(edges: Float, cells: Float) -> Float:
    """(n_cell, n_fine) share of each cell that each fine cell covers, along one axis of ascending edges."""
    low = np.maximum(edges[None, :-1], cells[:-1, None])
    high = np.minimum(edges[None, 1:], cells[1:, None])
    return np.asarray(np.maximum(high - low, 0) / np.diff(cells)[:, None])


@pytest.mark.parametrize("per_cell", ["mean", "max"])
@pytest.mark.parametrize("cell", [100.0, 330.0, 1000.0])
def test_a_plane_has_its_slope_in_every_cell_edges_included(tmp_path: Path, per_cell: str, cell: float) -> None:
    x, y = centres((320, 320))
    path = write(tmp_path / "plane.tif", 50 + 0.3 * x - 0.4 * y)
    grid = grid_of(cell, (6, 6), LEFT + 7.0, TOP - 13.0)
    layer = fine_terrain(path, grid, name="slope", measure="slope_percent", per_cell=per_cell)  # type: ignore[arg-type]
    assert layer.unit == "percent" and layer.cell_m == FINE and not layer.nodata.any()
    np.testing.assert_allclose(layer.values, 50.0, rtol=1e-9)
    degrees = fine_terrain(path, grid, name="slope", measure="slope_deg", per_cell=per_cell)  # type: ignore[arg-type]
    np.testing.assert_allclose(degrees.values, np.degrees(np.arctan(0.5)), rtol=1e-9)
    for above, share in ((49.9, 1.0), (50.1, 0.0)):
        part = fine_terrain(path, grid, name="part", measure="slope_percent", per_cell="share", above=above)
        assert part.unit == "1"
        np.testing.assert_allclose(part.values, share, atol=1e-9)


def test_a_plane_in_degrees_has_its_slope_on_the_ground(tmp_path: Path) -> None:
    """A rise with the metres of a projection around it, on cells of degrees that are half as wide as high."""
    step = 1 / 1200
    lon, lat = np.meshgrid(56.95 + (np.arange(120) + 0.5) * step, 42.04 - (np.arange(100) + 0.5) * step)
    x, y = Transformer.from_crs("EPSG:4326", METRES, always_xy=True).transform(lon, lat)
    path = write(tmp_path / "degrees.tif", 0.3 * x + 0.4 * y, (step, step), "EPSG:4326", corner=(56.95, 42.04))
    grid = grid_of(500.0, (8, 8), -2000.0, 2000.0)
    layer = fine_terrain(path, grid, name="slope", measure="slope_percent", per_cell="mean")
    np.testing.assert_allclose(layer.values, 50.0, rtol=1e-4)
    assert pixel_metres(path, grid) == pytest.approx(np.sqrt(68.9 * 92.6), rel=2e-3)
    assert layer.cell_m == pixel_metres(path, grid)


def test_a_cone_is_as_steep_everywhere_though_its_cells_are_flat_on_average(tmp_path: Path) -> None:
    """1 km cells of averaged relief see half of the slope around the tip; the relief's own cells see all of it."""
    x, y = centres((320, 320))
    path = write(tmp_path / "cone.tif", 2000 - 0.6 * np.hypot(x, y))
    for cell, n in ((500.0, 16), (1000.0, 8), (2000.0, 4), (8000.0, 1)):
        layer = fine_terrain(path, grid_of(cell, (n, n)), name="slope", measure="slope_percent", per_cell="mean")
        np.testing.assert_allclose(layer.values, 60.0, rtol=0.02)
        assert np.asarray(layer.values).mean() == pytest.approx(60.0, rel=5e-4)


def test_waves_have_the_mean_maximum_and_share_of_a_cosine(tmp_path: Path) -> None:
    """z = A sin kx: Horn's slope is |cos kx| A sin(kh) / h, whose mean is 2/pi of its maximum; a share 2/pi acos(t) is above t of it."""
    x, _ = centres((320, 320))
    wave, height = 1000.0, 40.0
    k = 2 * np.pi / wave
    path = write(tmp_path / "waves.tif", height * np.sin(k * (x - 0.5 * FINE)))
    steepest = 100 * height * np.sin(k * FINE) / FINE
    for cell, n in ((1000.0, 6), (2000.0, 3)):
        grid = grid_of(cell, (n, n), LEFT + 1000, TOP - 1000)
        mean, most, part = (
            fine_terrain(path, grid, name="s", measure="slope_percent", per_cell=how, above=above)  # type: ignore[arg-type]
            for how, above in (("mean", None), ("max", None), ("share", 0.7 * steepest))
        )
        np.testing.assert_allclose(mean.values, 2 / np.pi * steepest, rtol=3e-3)
        np.testing.assert_allclose(most.values, steepest, rtol=1e-9)
        np.testing.assert_allclose(part.values, 2 / np.pi * np.arccos(0.7), atol=2 * FINE / wave)


def test_means_maxima_and_shares_are_those_of_plain_numpy_on_a_grid_that_does_not_nest(tmp_path: Path) -> None:
    z = hills()
    path = write(tmp_path / "hills.tif", z)
    grid = grid_of(330.0, (20, 20), LEFT + 41.0, TOP - 58.0)
    slope = horn(z, FINE, FINE)
    x_edges = LEFT + FINE * np.arange(321) - grid.transform.c
    y_edges = FINE * np.arange(321) - (TOP - grid.transform.f)
    cells = 330.0 * np.arange(21)
    across, down = overlaps(x_edges, cells), overlaps(y_edges, cells)
    known = np.nan_to_num(slope)
    mean = fine_terrain(path, grid, name="s", measure="slope_percent", per_cell="mean")
    np.testing.assert_allclose(mean.values, down @ known @ across.T, rtol=1e-6)
    share = fine_terrain(path, grid, name="s", measure="slope_percent", per_cell="share", above=5.0)
    np.testing.assert_allclose(share.values, down @ (known >= 5.0) @ across.T, atol=1e-6)
    most = fine_terrain(path, grid, name="s", measure="slope_percent", per_cell="max")
    expected = [[known[np.ix_(d > 0, a > 0)].max() for a in across] for d in down]
    np.testing.assert_allclose(most.values, expected, rtol=1e-12)


@pytest.mark.parametrize("measure", ["slope_percent", "slope_deg", "ruggedness"])
def test_cells_twice_as_wide_have_the_mean_and_maximum_of_their_parts(tmp_path: Path, measure: str) -> None:
    path = write(tmp_path / "hills.tif", hills(seed=4))
    layers = {
        (cell, how): np.asarray(
            fine_terrain(path, grid_of(cell, (n, n)), name="t", measure=measure, per_cell=how, above=above).values  # type: ignore[arg-type]
        )
        for cell, n in ((500.0, 16), (1000.0, 8), (2000.0, 4))
        for how, above in (("mean", None), ("max", None), ("share", 4.0))
    }
    for cell in (1000.0, 2000.0):
        n = int(8000 / cell)
        for how, of in (("mean", np.mean), ("share", np.mean), ("max", np.max)):
            parts = of(layers[cell / 2, how].reshape(n, 2, n, 2), axis=(1, 3))
            np.testing.assert_allclose(layers[cell, how], parts, rtol=1e-9, atol=1e-12)
    assert layers[2000.0, "max"].std() > 0


def test_relief_on_the_grid_itself_gives_what_a_layer_gives(tmp_path: Path) -> None:
    from rasters.files.reading import read_raster
    from rasters.terrain import ruggedness, slope

    z = hills((40, 40))
    z[10:13, 20:25] = -9999
    path = write(tmp_path / "dem.tif", z, nodata=-9999)
    grid = grid_of(FINE, (40, 40))
    dem = read_raster(path, grid, name="dem", unit="m")
    for layer, measure in (
        (slope(dem), "slope_percent"),
        (slope(dem, "deg"), "slope_deg"),
        (ruggedness(dem), "ruggedness"),
    ):
        for how in ("mean", "max"):
            found = fine_terrain(path, grid, name="t", measure=measure, per_cell=how)  # type: ignore[arg-type]
            np.testing.assert_array_equal(found.nodata, layer.nodata)
            np.testing.assert_array_equal(found.values[~layer.nodata], layer.values[~layer.nodata])


def test_a_cell_is_unknown_where_less_than_half_of_it_is_known(tmp_path: Path) -> None:
    x, y = centres((80, 80))
    z = 0.1 * x + 0 * y
    z[:40, :16] = -9999  # 0.4 of the first cell
    z[40:, :26] = -9999  # 0.65 of the one below
    z[:40, 60] = -9999
    path = write(tmp_path / "holes.tif", z, nodata=-9999)
    layer = fine_terrain(path, grid_of(1000.0, (3, 3)), name="s", measure="slope_percent", per_cell="mean")
    np.testing.assert_array_equal(
        layer.nodata,
        [[False, False, True], [True, False, True], [True, True, True]],
        "outside the file nothing is known",
    )
    np.testing.assert_allclose(layer.values[~layer.nodata], 10.0, rtol=1e-9)


def test_blocks_change_nothing_and_bound_the_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path / "hills.tif", hills((1600, 1600)))
    grid = grid_of(330.0, (120, 120))

    def layers() -> list[Float]:
        return [
            np.asarray(fine_terrain(path, grid, name="s", measure="slope_percent", per_cell="mean").values),
            np.asarray(fine_terrain(path, grid, name="s", measure="slope_percent", per_cell="max").values),
            np.asarray(escape_distance(path, grid, name="e", above=30, at_most_m=500).values),
        ]

    whole = layers()
    monkeypatch.setattr(relief, "BLOCK_CELLS", 2**14)
    tracemalloc.start()
    parts = layers()
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    for one, other in zip(whole, parts, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-9)
    assert most < 0.5 * 1600 * 1600 * 8, "less than half of the relief itself"


def test_distance_to_steep_ground_is_that_of_all_pairs(tmp_path: Path) -> None:
    """Points a cell of the relief apart, each with the distance to the nearest steep one, counted up to 600 m."""
    z = hills((160, 160), seed=7)
    path = write(tmp_path / "hills.tif", z)
    cell, n = 4 * FINE, 30
    found = escape_distance(path, grid_of(cell, (n, n), LEFT + 500, TOP - 500), name="e", above=8.0, at_most_m=600)
    row, col = np.nonzero(np.nan_to_num(horn(z, FINE, FINE)[:145, :145]) >= 8.0)
    assert 20 < row.size < 5000
    at = 20 + np.arange(4 * n)
    away = np.array([[FINE * np.hypot(row - r, col - c).min() for c in at] for r in at])
    expected = np.minimum(away, 600).reshape(n, 4, n, 4).mean(axis=(1, 3))
    assert found.unit == "m" and found.cell_m == FINE
    assert expected.min() < 50 and expected.max() > 300
    inside = expected[:20, :20]  # steep ground of the last rows and columns is not in the list above
    np.testing.assert_allclose(np.asarray(found.values)[:20, :20], inside, rtol=1e-9)


def test_distance_to_steep_ground_is_the_same_mean_on_cells_twice_as_wide(tmp_path: Path) -> None:
    path = write(tmp_path / "hills.tif", hills(seed=8))
    fine, coarse = (
        np.asarray(escape_distance(path, grid_of(cell, (n, n)), name="e", above=20, at_most_m=700).values)
        for cell, n in ((400.0, 20), (1600.0, 5))
    )
    np.testing.assert_allclose(coarse, fine.reshape(5, 4, 5, 4).mean(axis=(1, 3)), rtol=1e-9)
    assert coarse.min() > 0 and np.ptp(coarse) > 50


def test_flat_land_is_as_far_from_cliffs_as_counts(tmp_path: Path) -> None:
    path = write(tmp_path / "flat.tif", np.zeros((80, 80)))
    layer = escape_distance(path, grid_of(500.0, (4, 4)), name="e", above=10, at_most_m=3000)
    np.testing.assert_array_equal(layer.values, 3000.0)


def test_what_cannot_be_is_told(tmp_path: Path) -> None:
    path = write(tmp_path / "flat.tif", np.zeros((80, 80)))
    grid = grid_of(500.0, (4, 4))
    with pytest.raises(
        DataError, match=r"flat\.tif: at_most_m: 100000 is more than 512 cells of this relief; at most 8000 m"
    ):
        escape_distance(path, grid, name="e", above=10, at_most_m=100_000)
    with pytest.raises(DataError, match="`above` is the threshold"):
        fine_terrain(path, grid, name="s", measure="slope_percent", per_cell="share")
    with pytest.raises(DataError, match="no elevation within the study grid"):
        fine_terrain(path, grid_of(500.0, (4, 4), 1e6), name="s", measure="slope_percent", per_cell="mean")
    with pytest.warns(RasterWarning, match="relief of 25 m is coarser than the cells of 10 m"):
        fine_terrain(path, grid_of(10.0, (4, 4)), name="s", measure="slope_percent", per_cell="mean")
    feet = write(tmp_path / "feet.tif", np.zeros((9, 9)), crs="EPSG:2272")
    with pytest.raises(GeographicCRSError, match="US survey foot"):
        fine_terrain(feet, grid, name="s", measure="slope_percent", per_cell="mean")
