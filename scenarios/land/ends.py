"""Where a species comes from and where it shall arrive."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from connectivity.focal import FocalRegion

__all__ = ["Ends"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ends:
    """Where a species comes from and where it shall arrive.

    ``labels`` (height, width) int32 numbers origins, then targets, from 1; ``any_target`` is all targets as one region.
    """

    origins: tuple[FocalRegion, ...]
    targets: tuple[FocalRegion, ...]
    any_target: FocalRegion
    labels: NDArray[np.int32]
