"""The one reader of rasters: what a band holds, as its file says it and as programs write it.

Applied: scale and offset, no-data tags, masks, alpha bands; rasters stored from south to north are turned. Taken for no data,
and told: huge numbers such as -3.4e38, which are never meant. Refused: pictures, complex numbers, other formats, and files of
several bands where nobody says which one is meant.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from affine import Affine
from numpy.typing import NDArray

from rasters.errors import DataError, LayerNotFoundError
from rasters.files.formats import gdal_name, raster_driver, require_no_references
from rasters.plain import plain_text

__all__ = ["EXTRACT", "FIRST", "HUGE", "Band", "open_band"]

HUGE = 1e30
"""Finite numbers beyond this are no data, whatever the tag says: -3.4e38, its roundings, and 1e38 of several programs."""
BAND_CELLS = 2**22
"""Cells that are read at once when a whole raster is passed through."""
FIRST = 0
"""The first band that is no alpha band, whatever the others hold: for readers of the grid, and of what otkel wrote itself."""
EXTRACT = "extract the one that is meant into a file of its own (gdal_translate -b 1)"
"""What to do about several bands where no setting can name one."""
LISTED = 12
"""Bands that messages list."""


@dataclass(slots=True, kw_only=True)
class Band:
    """One band of an open raster, north-up.

    Parameters
    ----------
    file : rasterio dataset
    number, alpha : int
        Of the band, and of the alpha band, 0 where there is none.
    count : int
        Bands that are no alpha band.
    scale, offset : float
        Values are ``stored * scale + offset``.
    south_up : bool
        Stored from south to north.
    notes : list of str
        What is not as plain as it looks; grows while values are read.
    """

    file: Any
    path: Path
    number: int
    alpha: int
    count: int
    scale: float
    offset: float
    south_up: bool
    notes: list[str] = field(default_factory=list)

    @property
    def shape(self) -> tuple[int, int]:
        """(height, width)."""
        return self.file.height, self.file.width

    @property
    def transform(self) -> Affine:
        """Of the raster as it is read, north-up."""
        own: Affine = self.file.transform
        return own @ Affine(1, 0, 0, 0, -1, self.file.height) if self.south_up else own

    @property
    def crs(self) -> Any:
        """As rasterio has it, None where the file has none."""
        return self.file.crs

    @property
    def dtype(self) -> str:
        """Of the stored numbers."""
        return str(self.file.dtypes[self.number - 1])

    @property
    def has_codes(self) -> bool:
        """Whether a colour table says that numbers are codes."""
        from rasterio.enums import ColorInterp

        return bool(self.file.colorinterp[self.number - 1] == ColorInterp.palette)

    @property
    def is_plain(self) -> bool:
        """Whether stored numbers are the values."""
        return self.scale == 1.0 and self.offset == 0.0

    def read(self, row: int = 0, col: int = 0, height: int | None = None, width: int | None = None) -> _Read:
        """Values of a window, by default all, and which of them are known."""
        from rasterio.windows import Window

        rows, cols = self.shape
        height, width = rows - row if height is None else height, cols - col if width is None else width
        top = rows - row - height if self.south_up else row
        window = Window(col, top, width, height)
        stored = self.file.read(self.number, window=window)
        known = self.file.read_masks(self.number, window=window) > 0
        if self.alpha:
            known &= self.file.read(self.alpha, window=window) > 0
        if self.south_up:
            stored, known = stored[::-1], known[::-1]
        return self.of_stored(stored, known)

    def of_stored(self, stored: NDArray[Any], known: NDArray[np.bool_]) -> _Read:
        """Values of stored numbers (any shape), and which are known after all."""
        known = known & self._meant(stored, known)
        return (stored if self.is_plain else stored * self.scale + self.offset), known

    def _meant(self, stored: NDArray[Any], known: NDArray[np.bool_]) -> NDArray[np.bool_]:
        if not np.issubdtype(stored.dtype, np.floating):
            return np.ones(stored.shape, np.bool_)
        with np.errstate(invalid="ignore"):
            huge = (np.abs(stored) > HUGE) & np.isfinite(stored)
        if (huge & known).any():
            self._say_huge(float(stored[huge & known][0]))
        return ~huge & ~np.isnan(stored)

    def _say_huge(self, number: float) -> None:
        nodata = self.file.nodatavals[self.number - 1]
        tag = "is missing" if nodata is None else f"is {nodata:.7g}"
        note = f"numbers such as {number:.7g} are taken for no data; the file's no-data tag {tag}"
        if note not in self.notes:
            self.notes.append(note)

    def huge_number(self) -> float | None:
        """The one huge number among all that the band holds, for programs that must be told; DataError for several."""
        if not np.issubdtype(np.dtype(self.dtype), np.floating):
            return None
        found: set[float] = set()
        rows = max(BAND_CELLS // self.file.width, 1)
        from rasterio.windows import Window

        for top in range(0, self.file.height, rows):
            values = self.file.read(
                self.number, window=Window(0, top, self.file.width, min(rows, self.file.height - top))
            )
            found |= {float(v) for v in np.unique(values[(np.abs(values) > HUGE) & np.isfinite(values)])[:3]}
        if len(found) > 1:
            raise DataError(
                f"{self.path}: holds several huge numbers ({', '.join(f'{v:.7g}' for v in sorted(found)[:3])}) that can only mean "
                "no data; write one no-data value (gdalwarp -dstnodata nan)"
            )
        if found and self.file.nodatavals[self.number - 1] not in found:
            self._say_huge(*found)
        return found.pop() if found else None


_Read = tuple[NDArray[Any], NDArray[np.bool_]]


@contextmanager
def open_band(path: str | Path, number: int | None = None, *, choose: str = EXTRACT) -> Iterator[Band]:
    """Open the band of a raster that holds its values.

    Parameters
    ----------
    path : path
    number : int, optional
        Of the band, from 1, or `FIRST`. None: the only one that is no alpha band.
    choose : str
        How to choose one, for the error about several bands.

    Raises
    ------
    LayerNotFoundError
        No such file.
    DataError
        Another format than GeoTIFF or ASCII grid, damaged, complex numbers, a picture or several bands without ``number``, or no
        band of that number.
    """
    import rasterio
    from rasterio._err import CPLE_BaseError
    from rasterio.errors import NotGeoreferencedWarning, RasterioError

    path = Path(path)
    if not path.exists():
        raise LayerNotFoundError(f"{path}: there is no such file; workers need the same path, or the file itself")
    driver = raster_driver(path)
    require_no_references(path)
    options = {"DATATYPE": "Float64"} if driver == "AAIGrid" else {}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", NotGeoreferencedWarning)
            with rasterio.open(gdal_name(path), driver=driver, **options) as file:
                yield _band(file, path, number, choose)
    except (RasterioError, CPLE_BaseError) as error:
        raise DataError(f"{path}: the raster is damaged or cannot be read: {error}; write it again") from error


def _band(file: Any, path: Path, chosen: int | None, choose: str) -> Band:
    from rasterio.enums import ColorInterp

    meaning = file.colorinterp
    if file.tags(ns="OVERVIEWS"):
        raise DataError(f"{path}: names another file for its overviews; write it again (gdal_translate)")
    alpha = meaning.index(ColorInterp.alpha) + 1 if ColorInterp.alpha in meaning else 0
    bands = [number for number in file.indexes if number != alpha]
    if not bands:
        raise DataError(f"{path}: has no band but an alpha band")
    if chosen is None and {ColorInterp.red, ColorInterp.green, ColorInterp.blue} <= set(meaning):
        raise DataError(
            f"{path}: is a picture in red, green and blue; export the raw values instead of the rendered image "
            f"(where its bands do hold values: {choose})"
        )
    number = _chosen(file, path, bands, chosen, choose)
    if np.dtype(file.dtypes[number - 1]).kind == "c" or "complex" in file.dtypes[number - 1]:
        raise DataError(f"{path}: holds complex numbers; export one real band")
    scale, offset = float(file.scales[number - 1]), float(file.offsets[number - 1])
    if not (np.isfinite(scale) and np.isfinite(offset) and scale != 0):
        raise DataError(f"{path}: has a scale of {scale} and an offset of {offset}; correct them (gdal_edit)")
    south_up = file.transform.e > 0 and file.transform != Affine.identity()
    return Band(
        file=file,
        path=path,
        number=number,
        alpha=alpha,
        count=len(bands),
        scale=scale,
        offset=offset,
        south_up=south_up,
        notes=list(_notes(file, number, bands)),
    )


def _chosen(file: Any, path: Path, bands: list[int], chosen: int | None, choose: str) -> int:
    """Number of the band that is meant."""
    if chosen == FIRST or (chosen is None and len(bands) == 1):
        return bands[0]
    if chosen in bands:
        return chosen
    there = ", ".join(_titled(file, number) for number in bands[:LISTED])
    there += f" and {len(bands) - LISTED} more" if len(bands) > LISTED else ""
    if chosen is None:
        raise DataError(f"{path}: has {len(bands)} bands: {there}; {choose}")
    raise DataError(f"{path}: has no band {chosen} with values; there {'are' if len(bands) > 1 else 'is'} {there}")


def _titled(file: Any, number: int) -> str:
    title = file.descriptions[number - 1]
    return f"{number} ({plain_text(title)[:80]})" if title else str(number)


def _notes(file: Any, number: int, bands: list[int]) -> Iterator[str]:
    from rasterio.enums import ColorInterp

    if len(bands) > 1:
        yield f"has {len(bands)} bands; read is band {_titled(file, number)}"
    scale, offset = file.scales[number - 1], file.offsets[number - 1]
    if (scale, offset) != (1.0, 0.0):
        yield f"stored numbers are multiplied by {scale:g}{f' and {offset:g} is added' if offset else ''}, as the file says"
    if file.colorinterp[number - 1] == ColorInterp.palette:
        yield "has a colour table; its numbers are taken as codes"
    kind, nodata = np.dtype(file.dtypes[number - 1]), file.nodatavals[number - 1]
    if nodata is not None and kind.kind in "iu" and not _fits(nodata, kind):
        yield f"its no-data tag {nodata:g} cannot stand in {kind} numbers, so every cell counts as known"


def _fits(nodata: float, kind: np.dtype[Any]) -> bool:
    limits = np.iinfo(kind)
    return bool(np.isfinite(nodata) and nodata == int(nodata) and limits.min <= nodata <= limits.max)
