"""What a tile of a moving window reads: the blocks of rasters that its window covers, and the fence edges in it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np
from affine import Affine

from connectivity.landscape.stencil import EdgeRule, Neighbours, build_stencil
from connectivity.landscape.windows import Window, crop_terms
from connectivity.moving_window.landscape import Condition, WindowLandscape
from rasters.arrays import Reals
from rasters.errors import DataError, ResistanceValueError
from rasters.fences import FenceTerms
from rasters.files.bands import open_band
from rasters.grid import Grid
from rasters.surface import ResistanceSurface

__all__ = ["ConditionFiles", "LandscapeFiles", "RasterFile", "bands"]

BAND_CELLS = 2**22
"""Cells that are read at once when a whole raster is passed through."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RasterFile:
    """One band of a GeoTIFF or ASCII grid that is read part by part, by `rasters.files.bands`."""

    path: Path

    def shape(self) -> tuple[int, int]:
        """(height, width)."""
        with open_band(self.path) as band:
            return band.shape

    def place(self) -> tuple[Affine, str | None]:
        """Transform and CRS (WKT, None where the file has none)."""
        with open_band(self.path) as band:
            return band.transform, band.crs.to_wkt() if band.crs else None

    def read(self, window: Window, notes: list[str] | None = None) -> Reals:
        """Values of a window, NaN where there is no data; ``notes`` gets what is said of the file, each once."""
        with open_band(self.path) as band:
            values, known = band.read(window.row, window.col, window.height, window.width)
        if notes is not None:
            notes += [note for text in band.notes if (note := f"{self.path}: {text}") not in notes]
        return np.where(known, values, np.nan).astype(np.float64)


def bands(shape: tuple[int, int], cells: int = BAND_CELLS) -> Iterator[Window]:
    """Windows of whole rows that cover a raster, a few million cells each."""
    rows = max(cells // shape[1], 1)
    for top in range(0, shape[0], rows):
        yield Window(row=top, col=0, height=min(rows, shape[0] - top), width=shape[1])


@dataclass(frozen=True, slots=True, kw_only=True)
class ConditionFiles:
    """Rasters of a `connectivity.moving_window.landscape.Condition`; ``future`` None: the same as ``present``."""

    present: RasterFile
    future: RasterFile | None
    rule: Literal["within", "equal"]
    lower: float = 0.0
    upper: float = 0.0

    def read(self, window: Window) -> Condition:
        """Of a window."""
        present = self.present.read(window)
        future = present if self.future is None else self.future.read(window)
        return Condition(present=present, future=future, rule=self.rule, lower=self.lower, upper=self.upper)


@dataclass(frozen=True, slots=True, kw_only=True)
class LandscapeFiles:
    """A landscape in files.

    Parameters
    ----------
    resistance : RasterFile
        Resistance > 0, infinite on barriers, no data where unknown; conductance with ``is_conductance``.
    source : RasterFile, optional
        Strength of each cell [A]; None: conductance of the cells whose resistance is at most ``cutoff``.
    threshold : float
        Sources below it are none.
    reclass : tuple of (old, new)
        Values of ``resistance`` that mean another one, NaN for no data.
    edge_rule, neighbours
        See `connectivity.landscape.stencil`.
    fence : FenceTerms, optional
        Fence edges of the whole raster. None: cells of whatever shape are taken for squares, as in Omniscape.
    """

    resistance: RasterFile
    is_conductance: bool = False
    source: RasterFile | None = None
    threshold: float = 0.0
    cutoff: float = np.inf
    reclass: tuple[tuple[float, float], ...] = ()
    conditions: tuple[ConditionFiles, ...] = ()
    edge_rule: EdgeRule = "mean_conductance"
    neighbours: Neighbours = 8
    fence: FenceTerms | None = None

    def read(self, window: Window) -> WindowLandscape:
        """The landscape of a window."""
        values = self.values(window)
        source = self._source(window, values)
        conditions = tuple(condition.read(window) for condition in self.conditions)
        if self.fence is None:
            conductance = np.nan_to_num(values if self.is_conductance else 1.0 / values, nan=0.0)
            return WindowLandscape.of_cells(
                conductance, source, conditions, neighbours=self.neighbours, edge_rule=self.edge_rule
            )
        resistance = 1.0 / values if self.is_conductance else values
        surface = ResistanceSurface.from_array(resistance, window.grid(self.grid()))
        fence = crop_terms(self.fence, window)
        stencil = build_stencil(surface, fence, neighbours=self.neighbours, edge_rule=self.edge_rule)
        return WindowLandscape.of_stencil(stencil, source)

    def grid(self) -> Grid:
        """Of the whole raster; DataError without a coordinate reference system."""
        transform, crs = self.resistance.place()
        if crs is None:
            raise DataError(
                f"{self.resistance.path}: no coordinate reference system; assign it (gdal_edit -a_srs EPSG:...)"
            )
        return Grid(crs, transform, self.resistance.shape())

    def values(self, window: Window, notes: list[str] | None = None) -> Reals:
        """Resistance or conductance of a window as the file and its reclassification give it, NaN where unknown."""
        found = self.resistance.read(window, notes)
        if not self.reclass:
            return found
        out = found.copy()
        for old, new in self.reclass:
            out[found == old] = new
        return out

    def _source(self, window: Window, values: Reals) -> Reals:
        if self.source is None:
            strength = values if self.is_conductance else 1.0 / values
            strength = np.where(strength >= 1.0 / self.cutoff, strength, 0.0)
        else:
            strength = self.source.read(window)
        return np.where(strength >= self.threshold, np.nan_to_num(strength, nan=0.0), 0.0)

    def check(self) -> tuple[int, list[str]]:
        """Pass through every file once; returns the number of cells with data, and notes on the files.

        Raises
        ------
        ResistanceValueError
            Where one is not > 0.
        """
        known, notes = 0, list[str]()
        others = [RasterFile(path=path) for path in self.files()[1:]]
        for window in bands(self.resistance.shape()):
            values = self.values(window, notes)
            for other in others:
                other.read(window, notes)
            wrong = np.argwhere(values <= 0)
            if wrong.size:
                row, col = (int(i) for i in wrong[0])
                what = "conductance" if self.is_conductance else "resistance"
                raise ResistanceValueError(
                    f"{self.resistance.path}: {what} must be > 0, but is {values[row, col]:g} at row {row + window.row}, col "
                    f"{col}; mark cells that are no habitat as no data"
                )
            known += int((~np.isnan(values)).sum())
        if not known:
            raise DataError(f"{self.resistance.path}: no cell has data; is it the right file?")
        return known, notes

    def files(self) -> tuple[Path, ...]:
        """Every file that is read."""
        others = [self.source, *(f for c in self.conditions for f in (c.present, c.future))]
        return tuple(dict.fromkeys(f.path for f in (self.resistance, *others) if f is not None))

    def moved(self, places: Mapping[Path, Path]) -> LandscapeFiles:
        """The same with files in other places."""

        def at(file: RasterFile | None) -> RasterFile | None:
            return None if file is None else RasterFile(path=places.get(file.path, file.path))

        resistance = at(self.resistance)
        assert resistance is not None
        conditions = tuple(
            replace(c, present=RasterFile(path=places.get(c.present.path, c.present.path)), future=at(c.future))
            for c in self.conditions
        )
        return replace(self, resistance=resistance, source=at(self.source), conditions=conditions)
