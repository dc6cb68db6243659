"""Directed cost of slope: going uphill and going downhill are not the same."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from connectivity.kernels.search.slope import IRMISCHER_CLARKE, MINETTI, TOBLER, slope_factor
from rasters.errors import DataError, GridMismatchError
from rasters.surface import ResistanceSurface

__all__ = ["SlopeCost", "SlopeFunction", "TravelDirection", "factor_of_slope"]

SlopeFunction = Literal["tobler", "irmischer_clarke", "minetti"]
TravelDirection = Literal["from_source", "to_source"]
_KIND: dict[str, int] = {"tobler": TOBLER, "irmischer_clarke": IRMISCHER_CLARKE, "minetti": MINETTI}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SlopeCost:
    """Multiplies the cost of each directed step by a factor of its signed slope, 1 on level ground.

    Parameters
    ----------
    elevation_m : (height, width) float64
        Known on every passable cell [m].
    function : {"tobler", "irmischer_clarke", "minetti"}
        Tobler (1993), "Three presentations on geographical analysis and modeling": time at
        ``6 exp(-3.5 |slope + 0.05|)`` km/h. Irmischer and Clarke (2018), Cartogr. Geogr. Inf. Sci. 45: time at
        ``0.11 + 0.67 exp(-(100 slope + 2)^2 / 1800)`` m/s, off paths. Minetti et al. (2002), J. Appl. Physiol. 93:
        energy of walking, a polynomial between slopes of -0.45 and 0.45. All were measured on people.
    direction : {"from_source", "to_source"}
        Whether the animals walk away from the source of the distance or towards it.

    Notes
    -----
    The slope of a step is the rise between its two cell centres over the horizontal length; the cost of fences is not
    multiplied.
    """

    elevation_m: NDArray[np.float64]
    function: SlopeFunction = "tobler"
    direction: TravelDirection = "from_source"

    def __post_init__(self) -> None:
        if self.function not in _KIND:
            raise DataError(f"slope function must be one of {', '.join(_KIND)}, not {self.function!r}")
        if self.direction not in get_args(TravelDirection):
            raise DataError(f"direction must be 'from_source' or 'to_source', not {self.direction!r}")

    @property
    def kind(self) -> int:
        """Number of the function in `connectivity.kernels.search.slope`."""
        return _KIND[self.function]

    def rise_m(self, surface: ResistanceSurface) -> NDArray[np.float64]:
        """(height, width) elevation, negated where animals walk towards the source; DataError where it has holes."""
        if self.elevation_m.shape != surface.grid.shape:
            raise GridMismatchError(
                f"elevation has shape {self.elevation_m.shape}, the surface {surface.grid.shape}; warp it to the grid"
            )
        holes = surface.passable & ~np.isfinite(self.elevation_m)
        if holes.any():
            row, col = (int(v) for v in np.argwhere(holes)[0])
            raise DataError(
                f"elevation is not known on {int(holes.sum())} passable cells, first at row {row}, col {col}; fill the "
                "elevation model or mark the cells as no data"
            )
        sign = 1.0 if self.direction == "from_source" else -1.0
        return np.where(surface.passable, sign * self.elevation_m, 0.0)


def factor_of_slope(function: SlopeFunction, slope: NDArray[np.float64]) -> NDArray[np.float64]:
    """Cost of a metre at each signed slope (rise over run) over that of a level metre, the curve that `SlopeCost` uses.

    Examples
    --------
    >>> factor_of_slope("tobler", np.array([-0.05, 0.0, 0.1])).round(3)
    array([0.839, 1.   , 1.419])
    """
    kind = SlopeCost(elevation_m=np.zeros((1, 1)), function=function).kind
    slopes = np.asarray(slope, dtype=np.float64)
    return np.array([slope_factor(kind, value) for value in slopes.ravel()]).reshape(slopes.shape)
