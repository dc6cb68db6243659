"""Inputs of a Circuitscape job: grids, lists of points, strengths and pairs. The kind of a file is told by its content."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from connectivity.modes.pairs import FocalCells, PairRule
from rasters.arrays import Reals
from rasters.errors import DataError, FocalNodeError, GridMismatchError, ResistanceValueError, written
from rasters.files.bands import open_band
from rasters.files.formats import TIFF, first_bytes
from scenarios.other_programs.circuitscape.lists import read_pair_list, read_pair_matrix, read_table, whole_numbers

__all__ = [
    "CellGrid",
    "Header",
    "read_cell_values",
    "read_focal",
    "read_grid_file",
    "read_habitat",
    "read_pairs",
    "read_polygons",
]

FileKind = Literal["grid", "pair matrix", "pair list", "text list"]

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
    start = first_bytes(path)
    word = start.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if start[:4] in TIFF or word.startswith((b"ncols", b"nrows")):
        return "grid"
    if word.startswith(b"min"):
        return "pair matrix"
    return "pair list" if word.startswith(b"mode") else "text list"


def read_grid_file(path: Path, notes: list[str] | None = None) -> CellGrid:
    """Read an ASCII grid or GeoTIFF, gzipped or not, with `rasters.files.bands`; ``notes`` gets what is said of it.

    Raises
    ------
    DataError
        Not a grid, or its cells are not square.
    """
    with open_band(path) as band:
        stored, known = band.read()
        values = np.where(known, stored, np.nan).astype(np.float64)
        transform, crs = band.transform, band.crs.to_wkt() if band.crs else ""
    if notes is not None:
        notes += [f"{path}: {note}" for note in band.notes]
    values[values == NODATA] = np.nan
    return CellGrid(header=_header(path, transform, values.shape, crs), values=values, path=path)


def _header(path: Path, transform: Sequence[float], shape: tuple[int, ...], crs: str) -> Header:
    a, b, c, d, e, f = transform[:6]
    if b or d or abs(a + e) > SQUARE * abs(a):
        raise DataError(
            f"{path}: cells of {written(a)} x {written(-e)} (turned: {bool(b or d)}) are not square; warp the grid first"
        )
    return Header(ncols=shape[1], nrows=shape[0], xllcorner=c, yllcorner=f + e * shape[0], cellsize=a, crs=crs)


def _corner(header: Header) -> str:
    return f"({written(header.xllcorner)}, {written(header.yllcorner)}; cells of {written(header.cellsize)})"


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
            f"{grid.path}: lower left corner {_corner(own)} is not that of the habitat map, {_corner(header)}; cells are matched by "
            "row and column, as in Circuitscape"
        )
    return grid.values


def read_habitat(path: Path, is_resistance: bool, notes: list[str] | None = None) -> tuple[Reals, Header]:
    """Conductance of each cell (height, width) [S], 0 where there is no data or nothing positive.

    Raises
    ------
    ResistanceValueError
        Where a resistance is 0: use a short-circuit region.
    """
    if file_kind(path) != "grid":
        raise DataError(f"{path}: not a grid (it neither starts with ncols nor is a GeoTIFF)")
    grid = read_grid_file(path, notes)
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
        return _matching(read_grid_file(path, notes), header, notes)
    if kind != "text list":
        raise DataError(f"{path}: a {kind} cannot be used here; give a grid or lines of value x y")
    values, rows, cols = _read_points(path, header)
    out = np.full(header.shape, np.nan)
    out[rows, cols] = values
    return out


def read_focal(path: Path, header: Header, notes: list[str]) -> FocalCells:
    """Focal points or regions, from a grid of numbers or lines of number x y."""
    if file_kind(path) == "grid":
        values = _matching(read_grid_file(path, notes), header, notes)
        rows, cols = np.nonzero(values > 0)
        numbers = values[rows, cols]
    else:
        numbers, rows, cols = _read_points(path, header)
        keep = numbers > 0
        if not keep.all():
            notes.append(
                f"{path}: {int((~keep).sum())} points have a number that is not > 0, first {written(numbers[~keep][0])}; they are "
                "no focal nodes and are left out"
            )
        numbers, rows, cols = numbers[keep], rows[keep], cols[keep]
    focal = FocalCells.at(whole_numbers(path, numbers), rows, cols)
    if len(focal.numbers) < 2:
        raise FocalNodeError(f"{path}: two or more focal nodes are needed, there are {len(focal.numbers)}")
    return focal


def _read_points(path: Path, header: Header) -> tuple[Reals, NDArray[np.int64], NDArray[np.int64]]:
    """Values, rows and columns of lines ``value x y``."""
    table = read_table(path, 3, "value x y")
    value, x, y = table.T
    if not np.isfinite(table[:, 1:]).all():
        raise FocalNodeError(f"{path}: x and y must be finite numbers")
    up, right = (y - header.yllcorner) / header.cellsize, (x - header.xllcorner) / header.cellsize
    rows = np.where(up == header.nrows, 0, np.ceil(header.nrows - up) - 1).astype(np.int64)
    cols = np.where(right == 0, 0, np.ceil(right) - 1).astype(np.int64)
    outside = (rows < 0) | (cols < 0) | (rows >= header.nrows) | (cols >= header.ncols)
    if outside.any():
        i = int(np.flatnonzero(outside)[0])
        east, north = (
            low + n * header.cellsize for low, n in ((header.xllcorner, header.ncols), (header.yllcorner, header.nrows))
        )
        raise FocalNodeError(
            f"{path}: {int(outside.sum())} points are outside the habitat map, first {written(value[i])} at x={written(x[i])}, "
            f"y={written(y[i])}; the map covers x {written(header.xllcorner)}..{written(east)}, "
            f"y {written(header.yllcorner)}..{written(north)}"
        )
    return value, rows, cols


def read_polygons(path: Path, header: Header, notes: list[str]) -> NDArray[np.int64]:
    """Short-circuit regions (height, width), 0 where none."""
    if file_kind(path) != "grid":
        raise DataError(f"{path}: short-circuit regions must be a grid")
    values = _matching(read_grid_file(path, notes), header, notes)
    negative = values < 0
    if negative.any():
        raise DataError(
            f"{path}: {int(negative.sum())} cells have the region number {written(values[negative][0])}; numbers must be > 0, 0 where "
            "there is none: if it means no data, write it into the file's no-data tag"
        )
    return whole_numbers(path, np.where(np.isnan(values), 0.0, values))


def read_pairs(path: Path) -> PairRule:
    """Pairs to include or to exclude, from a list or a matrix."""
    kind = file_kind(path)
    if kind == "pair matrix":
        return read_pair_matrix(path)
    if kind != "pair list":
        raise DataError(
            f"{path}: a file of pairs starts with 'mode include', 'mode exclude', or 'min' and 'max' of a matrix"
        )
    return read_pair_list(path)
