"""The one reader of rasters: what a band holds, as its file says it and as programs write it.

Applied: scale and offset, no-data tags, masks, alpha bands; rasters stored from south to north are turned. Taken for no data,
and told: numbers that are never meant (huge ones such as -3.4e38, and -9999, -32768 and their like). Refused: pictures, complex
numbers, other formats, and files of several bands where nobody says which one is meant.
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
from rasters.files.ascii_grids import require_numbers
from rasters.files.formats import gdal_name, raster_driver, require_no_references
from rasters.plain import plain_text

__all__ = ["EXTRACT", "FIRST", "HUGE", "Band", "open_band"]

HUGE = 1e30
"""Finite numbers beyond this are no data, whatever the tag says: -3.4e38, its roundings, and 1e38 of several programs."""
MARKS = (-9999, -99999, -32768, -32767)
"""Numbers that programs write where nothing is known, and that no layer means: no data, whatever the tag says."""
ODD = (1e20, -1e20)
"""Marks of no data that somebody may mean, as the largest number of an integer type: told only."""
ALL_ONES = 255
BAND_CELLS = 2**22
"""Cells that are read at once when a whole raster is passed through."""
MOST_BLOCK_BYTES = 2**30
"""The largest piece in which a raster may be stored."""
OTHER_LENGTHS = {
    "ft", "foot", "feet", "us survey foot", "us_survey_foot", "us-ft", "ftus", "us foot", "survey foot", "international foot",
    "cm", "centimetre", "centimeter", "dm", "decimetre", "decimeter", "mm", "millimetre", "millimeter", "km", "kilometre", "kilometer",
    "yd", "yard", "fathom",
}  # fmt: skip
"""Units in which files give lengths, metres aside; in small letters."""
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
    def length_unit(self) -> str:
        """Of its values where they are lengths: as the band or a vertical reference system says it; empty where neither does."""
        said = str(self.file.units[self.number - 1] or "").strip()
        if said or self.crs is None or "VERT" not in self.crs.to_wkt():
            return said
        from pyproj import CRS

        parts = CRS.from_wkt(self.crs.to_wkt()).sub_crs_list
        return str(parts[-1].axis_info[0].unit_name) if parts and parts[-1].axis_info else ""

    def require_unit(self, unit: str) -> None:
        """DataError where the file says that its lengths are in another unit than the layer."""
        if unit == "m" and (said := self.length_unit).casefold() in OTHER_LENGTHS:
            raise DataError(
                f"{self.path}: its values are in {said}, as the file says, and the layer is in m; convert them (gdal_calc), or "
                "correct the file's unit"
            )

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
        """Where stored numbers may be meant; tells of those that are known and not meant, and of those that are odd."""
        never = self._never_meant(stored)
        if (never & known).any():
            self.say_unknown(float(stored[never & known][0]))
        for mark in _odd(stored.dtype):
            if (stored[known] == mark).any():
                self._note(
                    f"holds {mark:.7g}, which often marks cells without data; if it does so here, write it into the file's no-data "
                    "tag (gdal_edit -a_nodata)"
                )
        return ~never & ~np.isnan(stored) if stored.dtype.kind == "f" else ~never

    def _never_meant(self, stored: NDArray[Any]) -> NDArray[np.bool_]:
        never = np.zeros(stored.shape, np.bool_)
        if stored.dtype.kind == "f":
            with np.errstate(invalid="ignore"):
                never |= (np.abs(stored) > HUGE) & np.isfinite(stored)
        for mark in _marks(stored.dtype):
            never |= stored == mark
        return never

    def say_unknown(self, number: float) -> None:
        """Note that a number is taken for no data."""
        nodata = self.file.nodatavals[self.number - 1]
        tag = "is missing" if nodata is None else f"is {nodata:.7g}"
        self._note(f"numbers such as {number:.7g} are taken for no data; the file's no-data tag {tag}")

    def say_of_classes(self, values: NDArray[Any], known: NDArray[np.bool_]) -> None:
        """Note that a class is the largest number of a byte, which is a class in hardly any legend."""
        if values.dtype == np.uint8 and (values[known] == ALL_ONES).any():
            self._note(
                f"holds class {ALL_ONES}, which often marks cells without data; if it does so here, write it into the file's no-data tag"
            )

    def _note(self, text: str) -> None:
        if text not in self.notes:
            self.notes.append(text)

    def never_meant(self) -> set[float]:
        """Some numbers that the band holds and cannot mean, its no-data tag aside."""
        from rasterio.windows import Window

        found: set[float] = set()
        rows = max(BAND_CELLS // self.file.width, 1)
        for top in range(0, self.file.height, rows):
            values = self.file.read(
                self.number, window=Window(0, top, self.file.width, min(rows, self.file.height - top))
            )
            found |= {float(v) for v in np.unique(values[self._never_meant(values)])[:3]}
        return found - {self.file.nodatavals[self.number - 1]}


def _marks(kind: np.dtype[Any]) -> list[Any]:
    """Marks of no data that a type can hold."""
    if kind.kind == "f":
        return [kind.type(mark) for mark in MARKS]
    if kind.kind != "i" or kind.itemsize < 2:
        return []
    limits = np.iinfo(kind)
    return [kind.type(mark) for mark in {*MARKS, limits.min} if mark >= limits.min]


def _odd(kind: np.dtype[Any]) -> list[Any]:
    """Numbers of a type that are worth a word."""
    if kind.kind == "f":
        return [kind.type(mark) for mark in ODD]
    return [kind.type(np.iinfo(kind).max)] if kind.itemsize > 1 else []


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
    if driver == "AAIGrid":
        require_numbers(path)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", NotGeoreferencedWarning)
            with rasterio.open(gdal_name(path), driver=driver, **options) as file:
                yield _band(file, path, number, choose)
    except (RasterioError, CPLE_BaseError, UnicodeDecodeError) as error:
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
    _require_blocks(file, path, number)
    if np.dtype(file.dtypes[number - 1]).kind == "c" or "complex" in file.dtypes[number - 1]:
        raise DataError(f"{path}: holds complex numbers; export one real band")
    scale, offset = float(file.scales[number - 1]), float(file.offsets[number - 1])
    if not (np.isfinite(scale) and np.isfinite(offset) and scale != 0):
        raise DataError(f"{path}: has a scale of {scale} and an offset of {offset}; correct them (gdal_edit)")
    if file.transform.is_degenerate:
        raise DataError(
            f"{path}: its cells have no area ({file.transform.a:g} x {file.transform.e:g}); correct its place (gdal_edit -a_ullr)"
        )
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


def _require_blocks(file: Any, path: Path, number: int) -> None:
    """DataError for pieces that do not fit: GDAL unpacks the whole of one for a single cell, and a small file can hold a huge one."""
    height, width = file.block_shapes[number - 1]
    each = np.dtype(str(file.dtypes[number - 1]).replace("complex_", "")).itemsize
    together = file.count if file.interleaving is not None and file.interleaving.name == "pixel" else 1
    if height * width * each * together > MOST_BLOCK_BYTES:
        raise DataError(
            f"{path}: is stored in pieces of {height} x {width} cells, {height * width * each * together / 2**30:.1f} GiB each, which "
            "have to be unpacked whole; write it again in tiles (gdal_translate -co TILED=YES)"
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
