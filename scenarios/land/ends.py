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
    ``origin_weights`` and ``target_weights`` are what the study weighs them with in the mean [1]; without weights of targets
    reaching any one of them counts.
    """

    origins: tuple[FocalRegion, ...]
    targets: tuple[FocalRegion, ...]
    any_target: FocalRegion
    labels: NDArray[np.int32]
    origin_weights: tuple[float, ...]
    target_weights: tuple[float, ...] = ()

    @property
    def pair_weights(self) -> NDArray[np.float64]:
        """Share of each core, or of each core and target, in the mean [1]; targets change fastest."""
        weights = np.outer(self.origin_weights, self.target_weights or (1.0,)).ravel()
        return weights / weights.sum()
