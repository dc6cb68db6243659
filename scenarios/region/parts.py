"""How much of a cloud-optimised GeoTIFF is needed for coarse cells: its heads and small overviews stand first in the file."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import rasterio

__all__ = ["HEAD_BYTES", "Part", "part_for"]

HEAD_BYTES = 2**17
"""Bytes from the beginning that hold the heads of every level, and often small overviews, too."""
MOST_SHARE = 0.7
"""A larger part is not worth it: then the whole file is fetched."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Bytes from the beginning of a file that hold an overview (0 is the first), and how many times coarser it is."""

    n_bytes: int
    overview: int
    factor: int


def part_for(head: Path, pixel_deg: float, whole: int) -> Part | None:
    """The part with the coarsest overview whose pixels are no wider than asked for; None where the whole file is needed.

    Parameters
    ----------
    head : Path
        The first `HEAD_BYTES` of the file.
    pixel_deg : float
        Pixels this wide are enough [degrees].
    whole : int
        Bytes of the whole file.
    """
    try:
        with rasterio.open(head, driver="GTiff") as file:
            widths = {one: factor * abs(file.transform.a) for one, factor in enumerate(file.overviews(1))}
            enough = [one for one, width in widths.items() if width <= 1.01 * pixel_deg]
            if not enough:
                return None
            overview = max(enough)
            factor, shape = file.overviews(1)[overview], file.shape
            end = _end(file, _blocks(head, overview), overview)
    except rasterio.errors.RasterioError:
        return None
    if end is None or end > MOST_SHARE * whole or min(shape) < factor:
        return None
    return Part(n_bytes=end, overview=overview, factor=factor)


def _blocks(head: Path, overview: int) -> tuple[int, int]:
    """Rows and columns of blocks of an overview."""
    with rasterio.open(head, driver="GTiff", overview_level=overview) as file:
        height, width = file.block_shapes[0]
        return math.ceil(file.height / height), math.ceil(file.width / width)


def _end(file: Any, blocks: tuple[int, int], overview: int) -> int | None:
    """Byte behind the last block of an overview; None where the file does not say."""
    end = 0
    for row in range(blocks[0]):
        for column in range(blocks[1]):
            first, size = (
                file.get_tag_item(f"BLOCK_{what}_{column}_{row}", "TIFF", bidx=1, ovr=overview)
                for what in ("OFFSET", "SIZE")
            )
            if first is not None and size is not None:  # empty blocks have none
                end = max(end, int(first) + int(size))
    return end or None
