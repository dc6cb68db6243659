"""The sum over all windows, on disk: patches are added to it, and it is written out, without ever being in memory whole."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from connectivity.landscape.windows import Window
from connectivity.moving_window.tiles import Tile, TilePatch
from rasters.arrays import Reals
from rasters.errors import ExportError
from rasters.files.scratch import scratch_folder
from rasters.files.writing import COG_OPTIONS, replacing
from scenarios.windows.files import bands

__all__ = ["WindowTotal", "window_total", "write_ascii", "write_cog_in_bands", "write_geotiff"]

Band = Callable[[Window], NDArray[Any]]


class WindowTotal:
    """Cumulative current [A], and flow potential [A] if asked for, as files of float64 in a scratch folder."""

    def __init__(self, folder: Path, shape: tuple[int, int], *, flow_potential: bool) -> None:
        self.shape = shape
        self.solved = 0
        self._current = _empty_map(folder / "current", shape)
        self._potential = _empty_map(folder / "flow_potential", shape) if flow_potential else None

    def add(self, tile: Tile, patch: TilePatch) -> None:
        """Add what a tile gives; in the order of the tiles."""
        _add(self._current, self.shape, tile.window, patch.current)
        if self._potential is not None and patch.flow_potential is not None:
            _add(self._potential, self.shape, tile.window, patch.flow_potential)
        self.solved += patch.solved

    def current(self, window: Window) -> Reals:
        """Of a window."""
        return _read(self._current, self.shape, window)

    def flow_potential(self, window: Window) -> Reals:
        """Of a window."""
        assert self._potential is not None
        return _read(self._potential, self.shape, window)


def _empty_map(path: Path, shape: tuple[int, int]) -> Path:
    with path.open("wb") as file:
        file.truncate(8 * shape[0] * shape[1])
    return path


def _add(path: Path, shape: tuple[int, int], window: Window, values: Reals) -> None:
    """Mapped afresh each time, so that pages which were touched do not stay in this process."""
    mapped = np.memmap(path, np.float64, "r+", shape=shape)
    mapped[window.slices] += values
    del mapped


def _read(path: Path, shape: tuple[int, int], window: Window) -> Reals:
    mapped = np.memmap(path, np.float64, "r", shape=shape)
    out = np.array(mapped[window.slices])
    del mapped
    return out


@contextmanager
def window_total(beside: Path, shape: tuple[int, int], *, flow_potential: bool) -> Iterator[WindowTotal]:
    """A sum of zeros in a scratch folder within ``beside``, which is removed at the end."""
    try:
        beside.mkdir(parents=True, exist_ok=True)
        with scratch_folder(".windows-", beside) as folder:
            yield WindowTotal(folder, shape, flow_potential=flow_potential)
    except OSError as error:
        if isinstance(error, ExportError) or error.errno is None:
            raise
        raise ExportError(
            f"{beside}: the sums cannot be written there: {error}; free the place or choose another folder"
        ) from error


def write_geotiff(path: Path, shape: tuple[int, int], band: Band, *, nodata: float, **profile: Any) -> Path:
    """Write a map of float64 band of rows by band of rows, compressed by LZW as Omniscape does."""
    import rasterio

    size = {"tiled": True, "blockxsize": 256, "blockysize": 256} if min(shape) >= 256 else {}
    options = {
        "driver": "GTiff",
        "height": shape[0],
        "width": shape[1],
        "count": 1,
        "dtype": "float64",
        "compress": "lzw",
        "BIGTIFF": "YES",
        "nodata": nodata,
        **size,
        **profile,
    }
    with replacing(path) as part, rasterio.open(part, "w", **options) as file:
        _write_bands(file, shape, band)
    return path


def _write_bands(file: Any, shape: tuple[int, int], band: Band) -> None:
    from rasterio.windows import Window as Part

    for window in bands(shape):
        values = band(window)
        file.write(values, 1, window=Part(window.col, window.row, window.width, window.height))


def write_ascii(path: Path, shape: tuple[int, int], band: Band, header: str) -> Path:
    """Write an ASCII grid band of rows by band of rows; ``header`` ends in a new line."""
    with replacing(path) as part, part.open("w", encoding="ascii", newline="\n") as file:
        file.write(header)
        for window in bands(shape):
            np.savetxt(file, band(window), fmt="%.17g")
    return path


def write_cog_in_bands(
    path: Path,
    shape: tuple[int, int],
    band: Band,
    *,
    description: str,
    unit: str,
    tags: Mapping[str, str],
    **profile: Any,
) -> Path:
    """Write a cloud-optimised GeoTIFF of float32 (NaN is no data) from bands of rows, by way of a plain one beside it."""
    import rasterio
    import rasterio.shutil

    options = {
        "driver": "GTiff",
        "height": shape[0],
        "width": shape[1],
        "count": 1,
        "dtype": "float32",
        "nodata": float("nan"),
        "tiled": True,
        "BIGTIFF": "IF_SAFER",
        **profile,
    }
    with replacing(path) as part:
        plain = part.with_name(f"{part.name}.plain")
        with rasterio.open(plain, "w", **options) as file:
            _write_bands(file, shape, lambda window: band(window).astype(np.float32))
            file.set_band_description(1, description)
            file.units = (unit,)
            file.update_tags(**tags)
        rasterio.shutil.copy(
            plain, part, driver="COG", overview_resampling="AVERAGE", BIGTIFF="IF_SAFER", **COG_OPTIONS
        )
    return path
