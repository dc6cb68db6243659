"""Which cells can be reached at all: flood fill over the edges of a stencil."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from connectivity.focal import FocalRegion
from connectivity.kernels.circuit.components import label_components
from connectivity.landscape.stencil import Stencil

__all__ = ["reachable_cells"]


def reachable_cells(stencil: Stencil, source: FocalRegion) -> NDArray[np.bool_]:
    """Cells joined to a region by edges that are not closed.

    Returns
    -------
    (height, width) bool
    """
    rows, cols = source.check_on(stencil.surface)
    labels = np.empty(stencil.shape, np.int32)
    label_components(stencil.conductance(), stencil.surface.passable, labels)
    return np.isin(labels, np.unique(labels[rows, cols])) & stencil.surface.passable
