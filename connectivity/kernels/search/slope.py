"""How much dearer a step becomes by its slope."""

from __future__ import annotations

import math

from connectivity.kernels._jit import kernel

__all__ = ["IRMISCHER_CLARKE", "LEVEL", "MINETTI", "TOBLER", "slope_factor"]

LEVEL, TOBLER, IRMISCHER_CLARKE, MINETTI = 0, 1, 2, 3


@kernel
def _off_path_speed(slope: float) -> float:
    """Irmischer and Clarke (2018), men off paths [m/s]."""
    return 0.11 + 0.67 * math.exp(-((100.0 * slope + 2.0) ** 2) / 1800.0)


@kernel
def _walking_cost(slope: float) -> float:
    """Minetti et al. (2002), energy of walking [J/(kg m)], measured for slopes of -0.45 to 0.45 and held beyond."""
    i = min(max(slope, -0.45), 0.45)
    return 2.5 + i * (19.6 + i * (51.9 + i * (-76.8 + i * (-58.7 + i * 280.5))))


@kernel
def slope_factor(kind: int, slope: float) -> float:
    """Cost of a metre at a signed slope (rise over run, > 0 uphill) divided by that of a level metre."""
    if kind == TOBLER:
        return math.exp(3.5 * (math.fabs(slope + 0.05) - 0.05))
    if kind == IRMISCHER_CLARKE:
        return _off_path_speed(0.0) / _off_path_speed(slope)
    if kind == MINETTI:
        return _walking_cost(slope) / _walking_cost(0.0)
    return 1.0
