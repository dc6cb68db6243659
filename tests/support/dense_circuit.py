"""Small circuits by a plain dense solve: slow, obvious, and independent of the project's own algebra."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from rasters.arrays import Reals


def opened(conductance: Reals, first: Sequence[int], second: Sequence[int], delta: Sequence[float]) -> Reals:
    """The network with conductance [S] added to edges between its nodes."""
    out = conductance.copy()
    np.add.at(out, (first, second), delta)
    np.add.at(out, (second, first), delta)
    return out


def voltages(conductance: Reals, source: int, sink: int, ground: Reals | None = None) -> Reals:
    """Voltage of each node at 1 A from source to sink [V], the sink at 0 V; other nodes may leak to ground."""
    leak = np.zeros(len(conductance)) if ground is None else ground
    system = np.diag(conductance.sum(axis=1) + leak) - conductance
    free = np.arange(len(conductance)) != sink
    out = np.zeros(len(conductance))
    current = np.zeros(len(conductance))
    current[source] = 1.0
    out[free] = np.linalg.lstsq(system[np.ix_(free, free)], current[free], rcond=None)[0]
    return out


def resistance(conductance: Reals, source: int, sink: int) -> float:
    """Effective resistance between two nodes [ohm]."""
    return float(voltages(conductance, source, sink)[source])


def arriving(conductance: Reals, ground: Reals, source: int, sink: int) -> float:
    """Share of 1 A from the source that leaves at the sink, held at 0 V; ground takes the rest."""
    return float(conductance[sink] @ voltages(conductance, source, sink, ground))
