"""Slope and ruggedness of an elevation layer.

Unknown cells stay unknown. A known cell at the edge of the grid, or beside unknown ones, gets a value from the part of
its 3 x 3 window that is known; on an inclined plane that value is exact, so borders of tiles and coasts need no mask.
GDAL leaves such cells unknown, or with ``-compute_edges`` extrapolates a row beyond the border; inside, results agree.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from rasters.errors import DataError
from rasters.kernels import terrain as kernels
from rasters.surface import Layer

__all__ = ["SlopeUnit", "ruggedness", "slope"]

SlopeUnit = Literal["percent", "deg"]


def slope(dem: Layer, unit: SlopeUnit = "percent") -> Layer:
    """Steepest slope of each cell, Horn 1981.

    Parameters
    ----------
    dem : Layer, (height, width) [m]
        Elevation, on a grid in metres.
    unit : {"percent", "deg"}
        ``100 x rise / run``, or its arc tangent in degrees.

    Returns
    -------
    Layer
        ``slope_percent`` or ``slope_deg``; no data where the elevation is unknown, or where no difference can be taken
        on one of the two axes.

    Notes
    -----
    Slope falls with cell size: on the same hills a 1 km grid shows about a third of the slope of a 30 m one (Zhang et
    al. 1999, Earth Surf. Process. Landforms 24:763). Thresholds from field studies need `rasters.profile.Scaling`.

    References
    ----------
    Horn 1981, Hill shading and the reflectance map, Proc. IEEE 69:14.

    Examples
    --------
    >>> import numpy as np
    >>> from affine import Affine
    >>> from rasters.grid import Grid
    >>> grid, none = Grid("EPSG:32640", Affine(30, 0, 0, 0, -30, 0), (3, 3)), np.zeros((3, 3), bool)
    >>> rising = Layer(name="dem", values=np.tile([0.0, 3.0, 6.0], (3, 1)), nodata=none, grid=grid, unit="m")
    >>> slope(rising).values[0].tolist()
    [10.0, 10.0, 10.0]
    """
    if unit not in ("percent", "deg"):
        raise DataError(f"slope unit {unit!r} is not known; use 'percent' or 'deg'")
    east, south, ok = _gradient(dem)
    rise = np.hypot(east, south)
    values = 100.0 * rise if unit == "percent" else np.degrees(np.arctan(rise))
    return Layer(name=f"slope_{unit}", values=values, nodata=~ok, grid=dem.grid, unit=unit)


def ruggedness(dem: Layer, method: Literal["riley", "wilson"] = "riley") -> Layer:
    """Terrain ruggedness index of each cell [m].

    Parameters
    ----------
    dem : Layer, (height, width) [m]
    method : {"riley", "wilson"}
        Riley et al. 1999: root of the sum of the eight squared differences, the default here and in GDAL. Wilson et al.
        2007: mean absolute difference, for bathymetry. With unknown neighbours the mean runs over the known ones, and
        Riley's is that mean times eight.

    References
    ----------
    Riley, DeGloria, Elliot 1999, Intermountain J. Sci. 5:23; Wilson et al. 2007, Marine Geodesy 30:3.
    """
    if method not in ("riley", "wilson"):
        raise DataError(f"ruggedness method {method!r} is not known; use 'riley' or 'wilson'")
    z, known = _with_halo(dem)
    values, ok = np.zeros(dem.grid.shape), np.zeros(dem.grid.shape, dtype=bool)
    kernels.window_ruggedness(z, known, method == "riley", values, ok)
    return Layer(name="ruggedness_m", values=values, nodata=~ok, grid=dem.grid, unit="m")


def _gradient(dem: Layer) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.bool_]]:
    """Rise per metre to the east and to the south, and where it is known; each (height, width)."""
    z, known = _with_halo(dem)
    east, south = np.zeros(dem.grid.shape), np.zeros(dem.grid.shape)
    ok = np.zeros(dem.grid.shape, dtype=bool)
    kernels.horn_gradient(z, known, dem.grid.cell_width_m, dem.grid.cell_height_m, east, south, ok)
    return east, south, ok


def _with_halo(dem: Layer) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Elevation and what is known of it, each (height + 2, width + 2); zero and unknown in the halo."""
    dem.grid.require_metres()
    if dem.unit != "m":
        raise DataError(f"{dem.name}: elevation is in {dem.unit!r}, but slopes need metres; convert it first")
    known = ~dem.nodata & np.isfinite(dem.values)
    z = np.where(known, dem.values, 0.0).astype(np.float64)
    return np.pad(z, 1), np.pad(known, 1)
