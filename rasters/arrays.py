"""Names of the arrays that most modules speak of."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["Ints", "Reals"]

Reals = NDArray[np.float64]
Ints = NDArray[np.int64]
