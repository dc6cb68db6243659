"""Resistant kernels: how many animals from all homes together could reach each cell.

Around each home a kernel spreads over accumulated cost instead of distance, down to nothing at the reach; kernels of all
homes are added up (Compton, McGarigal, Cushman and Gamble 2007, Conservation Biology 21:788). No target is needed: it asks
where animals can be, not along which route they go.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from connectivity.focal import FocalRegion
from connectivity.landscape.stencil import Stencil
from connectivity.landscape.windows import Window, crop_region, crop_stencil, window_around
from connectivity.least_cost.cost_distance import cost_weighted_distance
from rasters.errors import DataError

__all__ = ["resistant_kernel"]

KernelShape = Literal["linear", "gaussian"]


def resistant_kernel(
    stencil: Stencil,
    homes: Sequence[FocalRegion],
    reach_m: float,
    *,
    shape: KernelShape = "linear",
    weights: Sequence[float] | None = None,
    threads: int = 1,
) -> NDArray[np.float64]:
    """Sum of the kernels of all homes.

    Parameters
    ----------
    stencil : Stencil
    homes : sequence of FocalRegion
    reach_m : float
        Accumulated cost at which a kernel ends [effective m].
    shape : {"linear", "gaussian"}
        ``1 - d / reach``, or ``exp(-d^2 / 2 s^2)`` with ``s = reach / 3``, cut off at the reach.
    weights : sequence of float, optional
        Animals of each home; default 1.
    threads : int
        Homes at a time.

    Returns
    -------
    (height, width) float64
        [1], 0 beyond every reach and where nothing is passable.
    """
    if not 0 < reach_m < np.inf:
        raise DataError(f"reach_m must be > 0 and finite, not {reach_m!r}")
    if shape not in ("linear", "gaussian"):
        raise DataError(f"a resistant kernel is 'linear' or 'gaussian', not {shape!r}")
    sizes = [1.0] * len(homes) if weights is None else list(weights)
    if len(sizes) != len(homes):
        raise DataError(f"{len(sizes)} weights do not fit {len(homes)} homes")
    values = stencil.surface.values[stencil.surface.passable]
    farthest = reach_m / float(values.min()) if values.size else 0.0
    total = np.zeros(stencil.shape)
    with ThreadPoolExecutor(max_workers=threads) as pool:
        kernels = pool.map(lambda home: _one(stencil, home, reach_m, farthest, shape), homes)
        for (window, kernel), size in zip(kernels, sizes, strict=True):
            total[window.slices] += size * kernel
    return total


def _one(
    stencil: Stencil, home: FocalRegion, reach_m: float, farthest_m: float, shape: KernelShape
) -> tuple[Window, NDArray[np.float64]]:
    """One kernel in the window that it cannot leave: no metre costs less than the least resistance."""
    home.check_on(stencil.surface)
    window = window_around(home, farthest_m)
    cost = cost_weighted_distance(crop_stencil(stencil, window), crop_region(home, window), budget_m=reach_m).cwd
    inside = cost <= reach_m
    share = np.where(inside, cost, reach_m) / reach_m
    return window, np.where(inside, 1.0 - share if shape == "linear" else np.exp(-4.5 * share**2), 0.0)
