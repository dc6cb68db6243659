"""Numbers as files keep them: float32 rasters, nine significant figures in tables, six decimals of a degree."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rasters.surface import ResistanceSurface
from scenarios.model.ground import elevation_of
from scenarios.model.results import SpeciesRun

__all__ = ["FIGURES", "as_stored", "rounded"]


FIGURES = 9
"""Significant figures that the tables keep."""


def as_stored(run: SpeciesRun) -> SpeciesRun:
    """The run as its files will hold it: rasters and relief in float32, tables with nine significant figures."""
    nodata, surface = run.surface.nodata, run.surface
    resistance = np.where(surface.barrier, np.inf, surface.values)
    relief = elevation_of(run)
    return replace(
        run,
        surface=ResistanceSurface.from_array(_single(resistance, nodata), run.grid, surface.name),
        cwd=_single(run.cwd, nodata),
        corridor=_single(run.corridor, nodata),
        current_density=_single(run.current_density, nodata),
        pairs=rounded(run.pairs),
        profile=rounded(run.profile),
        indicators=rounded(run.indicators),
        standing=_six_decimals(rounded(run.standing)),
        ranking=_six_decimals(rounded(run.ranking)),
        by_place=rounded(run.by_place),
        layers=run.layers | ({} if relief is None else {relief.name: replace(relief, values=_single(relief.values))}),
    )


def rounded(table: pd.DataFrame) -> pd.DataFrame:
    """Every column of reals to nine significant figures, as the CSV files have them."""
    reals = table.select_dtypes("floating").columns
    return table.assign(**{str(c): [float(f"{v:.{FIGURES}g}") for v in table[c]] for c in reals})


def _six_decimals(ranking: pd.DataFrame) -> pd.DataFrame:
    """Longitude and latitude to about 0.1 m."""
    return ranking.assign(**{c: np.round(ranking[c].astype(float), 6) for c in ("lon", "lat") if c in ranking})


def _single(values: NDArray[Any], nodata: NDArray[np.bool_] | None = None) -> NDArray[np.float64]:
    single = np.asarray(values, np.float32).astype(np.float64)
    return single if nodata is None else np.where(nodata, np.nan, single)
