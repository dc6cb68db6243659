"""Nodes that are source and ground at once."""

from __future__ import annotations

from typing import Literal

import numpy as np

from rasters.arrays import Reals
from rasters.errors import DataError

__all__ = ["POLICIES", "Policy", "resolve_conflicts"]

Policy = Literal["keepall", "rmvsrc", "rmvgnd", "rmvall"]
POLICIES: tuple[Policy, ...] = ("keepall", "rmvsrc", "rmvgnd", "rmvall")


def resolve_conflicts(source: Reals, ground: Reals, policy: Policy) -> tuple[Reals, Reals, Reals]:
    """What is left of sources and grounds.

    Parameters
    ----------
    source : array
        Amperes put into each node.
    ground : array, like ``source``
        Conductance of each node to ground [S], ``inf`` for a direct ground.
    policy : {"keepall", "rmvsrc", "rmvgnd", "rmvall"}
        Where a node is both: keep both, drop the source, drop the ground, or (as Circuitscape 5 does) drop the source.

    Returns
    -------
    source, ground : arrays
        What decides which components are solved; direct grounds that are left hold 0 V.
    finite : array
        Conductance to ground in the equations [S].

    Notes
    -----
    As in Circuitscape 5, a finite ground that is dropped still conducts, if its component is solved at all; and a direct
    ground never stays at a node whose source is positive.
    """
    if policy not in POLICIES:
        raise DataError(f"unknown policy {policy!r}; choose {', '.join(POLICIES)}")
    finite = np.where(np.isinf(ground), 0.0, ground)
    both = (source != 0) & (ground != 0)
    drop_source, drop_ground = policy in ("rmvsrc", "rmvall"), policy == "rmvgnd"
    source = np.where(both & drop_source, 0.0, source)
    ground = np.where(both & drop_ground, 0.0, ground)
    ground = np.where(np.isinf(ground) & (source > 0), 0.0, ground)
    return source, ground, finite
