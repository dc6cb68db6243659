"""Inputs of a Circuitscape job: grids, lists of points, strengths and pairs. The kind of a file is told by its content."""

from __future__ import annotations

import gzip
import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from connectivity.modes.pairs import FocalCells, PairRule
from rasters.errors import DataError, FocalNodeError, GridMismatchError, ResistanceValueError

__all__ = [
    "CellGrid",
    "Header",
    "read_cell_values",
    "read_focal",
    "read_grid_file",
    "read_habitat",
    "read_pairs",
    "read_polygons",
    "read_strengths",
    "read_table",
]

FileKind = Literal["grid", "pair matrix", "pair list", "text list"]
Reals = NDArray[np.float64]

NODATA = -9999.0
SQUARE = 1e-3
"""Width and height of a cell may differ by this share."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """Where a grid's cells are, as the head of an ASCII grid says it, and its CRS (WKT) where the file has one."""

    ncols: int
    nrows: int
    xllcorner: float
    yllcorner: float
    cellsize: float
    crs: str = ""

    @property
    def shape(self) -> tuple[int, int]:
        """(height, width)."""
        return self.nrows, self.ncols


@dataclass(frozen=True, slots=True, kw_only=True)
class CellGrid:
    """Values (height, width) float64, NaN where the file has no data."""

    header: Header
    values: Reals
    path: Path


def file_kind(path: Path) -> FileKind:
    """Tell a file's kind by its first bytes, as Circuitscape does."""
    start = _start(path)
    word = start.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if start[:4] in (b"II*\x00", b"MM\x00*", b"II+\x00", b"MM\x00+") or word.startswith((b"ncols", b"nrows")):
        return "grid"
    if word.startswith(b"min"):
        return "pair matrix"
    return "pair list" if word.startswith(b"mode") else "text list"


def _start(path: Path) -> bytes:
    head = _first_bytes(path)
    if not _is_packed(head):
        return head
    try:
        with gzip.open(path) as packed:
            return packed.read(64)
    except (OSError, EOFError) as error:
        raise DataError(f"{path}: the gzip file is damaged: {error}") from error


def _first_bytes(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(64)


def read_grid_file(path: Path) -> CellGrid:
    """Read the first band of an ASCII grid or GeoTIFF, gzipped or not.

    Raises
    ------
    DataError
        Not a grid, or its cells are not square.
    """
    import rasterio
    from rasterio.errors import NotGeoreferencedWarning, RasterioError

    name = f"/vsigzip/{path.resolve()}" if _is_packed(_first_bytes(path)) else str(path)
    ascii_grid = _start(path)[:2] not in (b"II", b"MM")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", NotGeoreferencedWarning)
            options = {"driver": "AAIGrid", "DATATYPE": "Float64"} if ascii_grid else {"driver": "GTiff"}
            with rasterio.open(name, **options) as file:
                values, nodata, transform = file.read(1).astype(np.float64), file.nodata, file.transform
                crs = file.crs.to_wkt() if file.crs else ""
    except RasterioError as error:
        raise DataError(f"{path}: not a grid that can be read: {error}") from error
    values[(values == NODATA) | (values == (NODATA if nodata is None else nodata))] = np.nan
    return CellGrid(header=_header(path, transform, values.shape, crs), values=values, path=path)


def _header(path: Path, transform: Sequence[float], shape: tuple[int, ...], crs: str) -> Header:
    a, b, c, d, e, f = transform[:6]
    if b or d or abs(a + e) > SQUARE * abs(a):
        raise DataError(f"{path}: cells of {a:g} x {-e:g} (turned: {bool(b or d)}) are not square; warp the grid first")
    return Header(ncols=shape[1], nrows=shape[0], xllcorner=c, yllcorner=f + e * shape[0], cellsize=a, crs=crs)


def _matching(grid: CellGrid, header: Header, notes: list[str]) -> Reals:
    """Values of a grid that must have the cells of the habitat map."""
    own = grid.header
    if own.shape != header.shape:
        raise GridMismatchError(
            f"{grid.path}: {own.nrows} rows x {own.ncols} columns, but the habitat map has {header.nrows} x {header.ncols}; "
            "bring them to the same grid"
        )
    offset = max(abs(own.xllcorner - header.xllcorner), abs(own.yllcorner - header.yllcorner)) / header.cellsize
    if offset > 0.1 or abs(own.cellsize / header.cellsize - 1) > 0.01:
        notes.append(
            f"{grid.path}: lower left corner ({own.xllcorner:g}, {own.yllcorner:g}) and cell size {own.cellsize:g} are not "
            f"those of the habitat map ({header.xllcorner:g}, {header.yllcorner:g}; {header.cellsize:g}); cells are matched "
            "by row and column, as in Circuitscape"
        )
    return grid.values


def read_habitat(path: Path, is_resistance: bool) -> tuple[Reals, Header]:
    """Conductance of each cell (height, width) [S], 0 where there is no data or nothing positive.

    Raises
    ------
    ResistanceValueError
        Where a resistance is 0: use a short-circuit region.
    """
    if file_kind(path) != "grid":
        raise DataError(f"{path}: not a grid (it neither starts with ncols nor is a GeoTIFF)")
    grid = read_grid_file(path)
    values = np.where(np.isnan(grid.values), 0.0, grid.values)
    if is_resistance:
        zero = np.argwhere(grid.values == 0)
        if zero.size:
            raise ResistanceValueError(
                f"{path}: {len(zero)} cells have resistance 0, first at row {zero[0][0]}, col {zero[0][1]}; "
                "use a short-circuit region (polygon_file) instead"
            )
        values = np.divide(1.0, values, out=np.zeros_like(values), where=values > 0)
    if np.isinf(values).any():
        row, col = np.argwhere(np.isinf(values))[0]
        raise ResistanceValueError(f"{path}: infinite conductance at row {row}, col {col}; use a short-circuit region")
    return np.maximum(values, 0.0), grid.header


def read_cell_values(path: Path, header: Header, notes: list[str]) -> Reals:
    """Values (height, width) of a grid, or of a list of points, on the cells of the habitat map; NaN where none.

    Of several points in one cell the last counts.
    """
    kind = file_kind(path)
    if kind == "grid":
        return _matching(read_grid_file(path), header, notes)
    if kind != "text list":
        raise DataError(f"{path}: a {kind} cannot be used here; give a grid or lines of value x y")
    values, rows, cols = _read_points(path, header)
    out = np.full(header.shape, np.nan)
    out[rows, cols] = values
    return out


def read_focal(path: Path, header: Header, notes: list[str]) -> FocalCells:
    """Focal points or regions, from a grid of numbers or lines of number x y."""
    if file_kind(path) == "grid":
        values = _matching(read_grid_file(path), header, notes)
        rows, cols = np.nonzero(values > 0)
        numbers = values[rows, cols]
    else:
        numbers, rows, cols = _read_points(path, header)
        keep = numbers > 0
        numbers, rows, cols = numbers[keep], rows[keep], cols[keep]
    focal = FocalCells.at(_whole(path, numbers), rows, cols)
    if len(focal.numbers) < 2:
        raise FocalNodeError(f"{path}: two or more focal nodes are needed, there are {len(focal.numbers)}")
    return focal


def _read_points(path: Path, header: Header) -> tuple[Reals, NDArray[np.int64], NDArray[np.int64]]:
    """Values, rows and columns of lines ``value x y``."""
    table = read_table(path, 3, "value x y")
    value, x, y = table.T
    rows = np.ceil(header.nrows - (y - header.yllcorner) / header.cellsize).astype(np.int64) - 1
    cols = np.ceil((x - header.xllcorner) / header.cellsize).astype(np.int64) - 1
    outside = (rows < 0) | (cols < 0) | (rows >= header.nrows) | (cols >= header.ncols)
    if outside.any():
        i = int(np.flatnonzero(outside)[0])
        east, north = (
            low + n * header.cellsize for low, n in ((header.xllcorner, header.ncols), (header.yllcorner, header.nrows))
        )
        raise FocalNodeError(
            f"{path}: {outside.sum()} points are outside the habitat map, first {value[i]:g} at x={x[i]:g}, y={y[i]:g}; the map "
            f"covers x {header.xllcorner:g}..{east:g}, y {header.yllcorner:g}..{north:g}"
        )
    return value, rows, cols


def read_table(path: Path, columns: int, what: str, skip: int = 0) -> Reals:
    """Numbers (n, columns) of a text file of white space or commas; further columns are ignored."""
    rows = []
    for number, words in enumerate(_words(path), start=1):
        if number > skip and words and words[0][0] not in "#;":
            rows.append(_numbers(path, number, words, columns, what))
    if not rows:
        raise DataError(f"{path}: the file is empty; it needs lines of {what}")
    return np.array(rows)


def _words(path: Path) -> list[list[str]]:
    """Words of each line of a text file, gzipped or not."""
    raw = path.read_bytes()
    text = (gzip.decompress(raw) if _is_packed(raw) else raw).decode("utf-8-sig", errors="replace")
    return [line.replace(",", " ").split() for line in text.splitlines()]


def _is_packed(raw: bytes) -> bool:
    return raw[:2] == b"\x1f\x8b"


def _numbers(path: Path, number: int, words: list[str], columns: int, what: str) -> list[float]:
    try:
        values = [float(word) for word in words[:columns]]
    except ValueError as error:
        raise DataError(f"{path}: line {number}: {' '.join(words)!r} are not numbers; write {what}") from error
    if len(values) < columns:
        raise DataError(f"{path}: line {number}: {' '.join(words)!r} has {len(words)} columns; write {what}")
    return values


def _whole(path: Path, values: Reals) -> NDArray[np.int64]:
    broken = values[values != np.rint(values)]
    if broken.size:
        raise DataError(f"{path}: {broken[0]:g} is not a whole number; focal nodes and regions are numbered")
    return values.astype(np.int64)


def read_polygons(path: Path, header: Header, notes: list[str]) -> NDArray[np.int64]:
    """Short-circuit regions (height, width), 0 where none."""
    if file_kind(path) != "grid":
        raise DataError(f"{path}: short-circuit regions must be a grid")
    values = _matching(read_grid_file(path), header, notes)
    return _whole(path, np.where(np.isnan(values), 0.0, values))


def read_strengths(path: Path) -> dict[int, float]:
    """Amperes of each focal node, from lines ``number amps``."""
    table = read_table(path, 2, "number amps")
    return dict(zip(_whole(path, table[:, 0]).tolist(), table[:, 1].tolist(), strict=True))


def read_pairs(path: Path) -> PairRule:
    """Pairs to include or to exclude, from a list or a matrix."""
    kind = file_kind(path)
    if kind == "pair matrix":
        return _pair_matrix(path)
    if kind != "pair list":
        raise DataError(
            f"{path}: a file of pairs starts with 'mode include', 'mode exclude', or 'min' and 'max' of a matrix"
        )
    return _pair_list(path)


def _pair_list(path: Path) -> PairRule:
    words = _words(path)[0]
    mode = words[1].lower() if len(words) > 1 else ""
    if mode not in ("include", "exclude"):
        raise DataError(f"{path}: line 1: 'mode {mode}': write 'mode include' or 'mode exclude'")
    table = _whole(path, read_table(path, 2, "number number", skip=1))
    known = {int(n) for n in table.ravel() if n != 0}
    pairs = ((int(a), int(b)) for a, b in table if a and b)
    return PairRule.of("include" if mode == "include" else "exclude", pairs, known)


def _pair_matrix(path: Path) -> PairRule:
    lines = [words for words in _words(path) if words]
    low, high = (_bound(path, lines, i, name) for i, name in enumerate(("min", "max")))
    try:
        table = np.array([[float(word) for word in words] for words in lines[2:]])
    except ValueError as error:
        raise DataError(f"{path}: the matrix must be square, numbers only: {error}") from error
    if table.ndim != 2 or table.shape[0] != table.shape[1]:
        raise DataError(f"{path}: the matrix must be square, numbers in its first row and column; it is {table.shape}")
    numbers = _whole(path, table[0, 1:])
    if not np.array_equal(numbers, table[1:, 0]):
        raise DataError(f"{path}: the numbers of the matrix's first row and first column differ")
    values = np.where(table[1:, 1:] > high, 0.0, table[1:, 1:])
    wanted = (values >= low) & (values <= high)
    pairs: Iterable[tuple[int, int]] = ((int(numbers[i]), int(numbers[j])) for i, j in np.argwhere(wanted))
    return PairRule.of("include", pairs, (int(n) for n in numbers if n != 0))


def _bound(path: Path, lines: list[list[str]], i: int, name: str) -> float:
    try:
        if lines[i][0].lower() == name:
            return float(lines[i][1])
    except (IndexError, ValueError):
        pass
    raise DataError(f"{path}: line {i + 1} must be '{name}' and a number")
