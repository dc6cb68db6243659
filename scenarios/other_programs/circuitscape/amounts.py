"""What the values of source and ground files mean."""

from __future__ import annotations

import numpy as np

from rasters.arrays import Reals
from rasters.errors import DataError
from scenarios.other_programs.circuitscape.ini import JobSettings

__all__ = ["ground_conductance", "source_amps"]


def source_amps(settings: JobSettings, values: Reals) -> Reals:
    """Amperes put in, from the values of a source file; NaN is none."""
    amps = np.where(np.isnan(values), 0.0, values)
    return (amps != 0).astype(np.float64) if settings.use_unit_currents else amps


def ground_conductance(settings: JobSettings, values: Reals) -> Reals:
    """Conductance to ground [S], from the values of a ground file; NaN is none, a resistance of 0 a direct ground."""
    if (values < 0).any():
        raise DataError(f"{settings.ground_file}: {(values < 0).sum()} grounds are negative; they must be >= 0")
    none = np.isnan(values)
    if settings.ground_file_is_resistances:
        siemens = np.divide(1.0, values, out=np.full(values.shape, np.inf), where=values != 0)
    else:
        siemens = values
    siemens = np.where(none, 0.0, siemens)
    return np.where(siemens != 0, np.inf, 0.0) if settings.use_direct_grounds else siemens
