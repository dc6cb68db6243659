"""Reads tiles into the grid: as one raster, whose longitudes are counted from the grid's middle, so that no border or meridian parts it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import numpy as np
import rasterio
from affine import Affine
from numpy.typing import NDArray
from rasterio.enums import Resampling
from rasterio.vrt import WarpedVRT
from rasterio.windows import Window

from rasters.errors import DataError
from rasters.files.relief import block_terrain
from rasters.grid import Grid
from scenarios.region.profiles import IGBP_OF
from scenarios.region.source import STEEP_PERCENT, CellRelief, Got

__all__ = ["MOST_FINE", "Placed", "opened", "placed", "raster_fault", "read_classes", "read_ground"]

STRIP_CELLS = 4_000_000
"""Fine cells that are read at a time."""
MOST_FINE = 32
"""Fine cells along the side of one of the grid."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """A tile's file and its nominal corner [degrees], past 180 where the region crosses that meridian.

    Parameters
    ----------
    overview : int
        The overview that the file holds, of a file of which only the beginning came; -1 for the whole file.
    """

    path: Path
    west: int
    overview: int = -1

    @property
    def options(self) -> dict[str, int]:
        """For opening it."""
        return {} if self.overview < 0 else {"overview_level": self.overview}


def placed(got: Sequence[Got]) -> list[Placed]:
    """Tiles that came; those that are not there are left out."""
    return [Placed(path=one.path, west=one.ask.west, overview=one.kept.overview) for one in got if one.path is not None]


def raster_fault(path: Path) -> str:
    """Why a file is not a raster; empty where it is."""
    try:
        rasterio.open(path, driver="GTiff").close()
    except rasterio.errors.RasterioIOError:
        return "what came is no raster"
    return ""


@contextmanager
def opened(tiles: Sequence[Placed], lon_0: float) -> Iterator[Any]:
    """All tiles as one raster in degrees from ``lon_0``."""
    heads = []
    for tile in tiles:
        try:
            with rasterio.open(tile.path, driver="GTiff", **tile.options) as file:
                heads.append((tile, file.transform, file.width, file.height, file.dtypes[0], file.nodata))
        except rasterio.errors.RasterioIOError as error:
            raise DataError(f"{tile.path}: cannot be read as a raster ({error})") from None
    step_x, step_y = min(h[1].a for h in heads), min(-h[1].e for h in heads)
    lefts = [h[1].c + 360 * round((h[0].west - h[1].c) / 360) - lon_0 for h in heads]
    left, top = min(lefts), max(h[1].f for h in heads)
    right = max(x + h[1].a * h[2] for x, h in zip(lefts, heads, strict=True))
    bottom = min(h[1].f + h[1].e * h[3] for h in heads)
    kind = {"uint8": "Byte", "int16": "Int16", "uint16": "UInt16", "float64": "Float64"}.get(heads[0][4], "Float32")
    between = "nearest" if kind == "Byte" else "bilinear"  # where tiles have pixels of different widths, as at 60 N
    parts = []
    for x, (tile, at, width, height, _, _) in zip(lefts, heads, strict=True):
        place = (
            f'xOff="{(x - left) / step_x:.9f}" yOff="{(top - at.f) / step_y:.9f}" '
            f'xSize="{width * at.a / step_x:.9f}" ySize="{height * -at.e / step_y:.9f}"'
        )
        name = escape(str(tile.path.resolve()))
        level = f'<OpenOptions><OOI key="OVERVIEW_LEVEL">{tile.overview}</OOI></OpenOptions>' if tile.options else ""
        parts.append(
            f'<SimpleSource resampling="{between}"><SourceFilename relativeToVRT="0">{name}</SourceFilename>{level}'
            f'<SourceBand>1</SourceBand><SrcRect xOff="0" yOff="0" xSize="{width}" ySize="{height}"/><DstRect {place}/></SimpleSource>'
        )
    nodata = heads[0][5]
    stated = "" if nodata is None else f"<NoDataValue>{nodata:g}</NoDataValue>"
    text = (
        f'<VRTDataset rasterXSize="{round((right - left) / step_x)}" rasterYSize="{round((top - bottom) / step_y)}">'
        f"<SRS>+proj=longlat +datum=WGS84 +pm={lon_0:.9g} +no_defs</SRS>"
        f"<GeoTransform>{left:.12f},{step_x:.15g},0,{top:.12f},0,{-step_y:.15g}</GeoTransform>"
        f'<VRTRasterBand dataType="{kind}" band="1">{stated}{"".join(parts)}</VRTRasterBand></VRTDataset>'
    )
    with rasterio.open(text) as file:
        yield file


def read_classes(source: Any, grid: Grid, name: str) -> NDArray[np.uint8]:
    """The class of WorldCover that most of each cell has; 0 where none is known. DataError for codes of something else."""
    with WarpedVRT(
        source, crs=grid.crs, transform=grid.transform, width=grid.width, height=grid.height, resampling=Resampling.mode
    ) as warped:
        codes = np.asarray(warped.read(1, masked=True).filled(0))
    if strange := sorted({*np.unique(codes).tolist()} - {0, *IGBP_OF}):
        told = ", ".join(f"{code:g}" for code in strange[:5])
        raise DataError(
            f"{name}: holds {told}, which are not codes of ESA WorldCover ({', '.join(map(str, IGBP_OF))}); give a raster in these codes"
        )
    return codes.astype(np.uint8)


def read_ground(source: Any, grid: Grid, pixel_m: float) -> CellRelief:
    """Relief of each cell from a source of pixels of ``pixel_m`` metres; what no tile has is sea, at 0 m."""
    k = int(np.clip(round(grid.cell_width_m / pixel_m), 1, MOST_FINE))
    fine_m = grid.cell_width_m / k
    rows = max(1, STRIP_CELLS // (grid.width * k * k))
    out = np.zeros((5, *grid.shape), np.float32)
    at = grid.transform @ Affine.scale(1 / k) @ Affine.translation(-1, -1)
    shape = (grid.height * k + 2, grid.width * k + 2)
    with WarpedVRT(
        source, crs=grid.crs, transform=at, width=shape[1], height=shape[0], resampling=Resampling.bilinear
    ) as warped:
        for first in range(0, grid.height, rows):
            last = min(first + rows, grid.height)
            window = Window(0, first * k, shape[1], (last - first) * k + 2)
            fine = warped.read(1, window=window, masked=True).filled(0).astype(np.float64)
            out[:, first:last] = block_terrain(fine, fine_m, k, grid.crs, STEEP_PERCENT)
    return CellRelief(
        elevation_m=out[0],
        slope_percent=out[1],
        slope_max_percent=out[2],
        steep_share=out[3],
        ruggedness_m=out[4],
        fine_m=fine_m,
    )
