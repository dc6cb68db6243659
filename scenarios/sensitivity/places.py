"""Where an indicator hangs most on the land: maps per square kilometre, and the squares that matter most."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from rasters.arrays import Reals
from rasters.errors import DataError
from rasters.resistance import explain
from scenarios.land.prepared import Prepared
from scenarios.sensitivity.indicators import BETTER, Derivative

__all__ = ["SQUARE_CELLS", "Surfaces", "surfaces_of", "top_places"]

SQUARE_CELLS = 10
"""Cells on a side of the squares that are listed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Surfaces:
    """Maps of a derivative, in shares of the indicator.

    Parameters
    ----------
    elasticity_per_km2 : (height, width) float64
        Per cent that the indicator changes when the resistance of a square kilometre there grows by one per cent [1 / km2].
    restored_share_per_km2 : (height, width) float64
        Share by which the indicator gets better, to first order, when a square kilometre there becomes the species' best habitat
        [1 / km2]; resistance falls by more than this says, because it is concave in the land.
    """

    elasticity_per_km2: Reals
    restored_share_per_km2: Reals


def surfaces_of(prepared: Prepared, found: Derivative, indicator: str) -> Surfaces:
    """Maps of an indicator's slopes; NaN where no animal goes."""
    surface = prepared.surface
    passable = surface.passable
    values = np.where(passable, surface.values, 1.0)
    per_km2 = found.gradient / (abs(found.value) or np.nan) / surface.grid.cell_area_km2
    best = np.minimum(prepared.profile.minimum, values)
    return Surfaces(
        elasticity_per_km2=np.where(passable, per_km2 * values, np.nan),
        restored_share_per_km2=np.where(passable, BETTER[indicator] * per_km2 * (best - values), np.nan),
    )


def top_places(prepared: Prepared, shown: Surfaces, most: int = 20) -> pd.DataFrame:
    """Squares of `SQUARE_CELLS` cells where better habitat would bring most, best first.

    Returns
    -------
    DataFrame
        ``rank, x_m, y_m, lon, lat`` of the cell that brings most in the square, ``area_km2`` of passable land, ``restored_share``
        and ``elasticity`` of the whole square [1], ``resistance`` of that cell [1], and what ``decides`` it there.
    """
    grid, cell_km2 = prepared.surface.grid, prepared.surface.grid.cell_area_km2
    width = grid.width
    row, col = np.indices(grid.shape)
    across = -(-width // SQUARE_CELLS)
    square = ((row // SQUARE_CELLS) * across + col // SQUARE_CELLS).ravel()
    gain = np.nan_to_num(shown.restored_share_per_km2).ravel() * cell_km2
    elasticity = np.nan_to_num(shown.elasticity_per_km2).ravel() * cell_km2
    passable = prepared.surface.passable.ravel().astype(np.float64) * cell_km2
    total = np.bincount(square, weights=gain)
    best = [int(one) for one in np.argsort(-total, kind="stable")[:most] if total[one] > 0.0]
    rows = []
    for rank, one in enumerate(best, start=1):
        inside = np.flatnonzero(square == one)
        at = int(inside[np.argmax(gain[inside])])
        x, y = grid.xy(at // width, at % width)
        lon, lat = grid.lonlat(x, y)
        rows.append(
            {
                "rank": rank,
                "x": float(x),
                "y": float(y),
                "lon": float(lon),
                "lat": float(lat),
                "area_km2": float(passable[inside].sum()),
                "restored_share": float(total[one]),
                "elasticity": float(elasticity[inside].sum()),
                "resistance": float(prepared.surface.values.ravel()[at]),
                "decides": _decides(prepared, at // width, at % width),
            }
        )
    columns = ["rank", "x", "y", "lon", "lat", "area_km2", "restored_share", "elasticity", "resistance", "decides"]
    return pd.DataFrame(rows, columns=columns)


def _decides(prepared: Prepared, row: int, col: int) -> str:
    """The rule with the largest resistance in a cell, and the value of its layer there."""
    try:
        parts = explain(prepared.inputs.layers, prepared.profile, row, col).parts
    except DataError:
        return ""
    rules = [part for part in parts if part.part != "barrier" and np.isfinite(part.effect)]
    one = max(rules, key=lambda part: part.effect, default=None)
    return "" if one is None else f"{one.layer} = {one.value:.4g} {one.unit}".replace(" class", "")
