"""Candidate passages, what opening each would gain, and a ranking.

Two kinds of gain. *Circuit*: the effective resistance between the two places falls; its first derivative with respect
to the conductance of an edge is ``-(v_i - v_j)^2`` at 1 A, so one solve per pair gives the marginal gain of every metre
of fence. *Least cost*: with distances from both ends the gain of one opening is exact. Every component keeps its own
column and unit; a score states its weights.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rasters.fences import CutEdges
from rasters.openings import FenceModel, Opening, OpeningEdges, open_edges
from rasters.surface import ResistanceSurface

__all__ = [
    "FenceProfile",
    "candidates_along",
    "gain_profile",
    "share_undone",
    "spaced_shortlist",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class FenceProfile:
    """Marginal gain along fences, in stretches.

    Parameters
    ----------
    fence : (n,) int32
        Index of the fence in the `CutEdges`.
    start_m, end_m : (n,) float64
        Stretch, from the fence's start [m].
    gain_ohm2 : (n,) float64
        Sum over pairs and cut edges of ``(v_i - v_j)^2`` at 1 A: how fast resistance falls when the stretch opens [ohm per S].
    current_a : (n,) float64
        Sum over pairs of the current that leaks through the stretch [A].
    row_gain_ohm2 : (n_cut,) float64
        The same gain for each row of the `CutEdges`.
    """

    fence: NDArray[np.int32]
    start_m: NDArray[np.float64]
    end_m: NDArray[np.float64]
    gain_ohm2: NDArray[np.float64]
    current_a: NDArray[np.float64]
    row_gain_ohm2: NDArray[np.float64]


def candidates_along(
    cuts: CutEdges,
    surface: ResistanceSurface,
    model: FenceModel,
    fences: Sequence[str],
    *,
    every_m: float,
    width_m: float,
    design: str,
    use_factor: float,
    suffix: str = "",
) -> tuple[OpeningEdges, ...]:
    """A candidate in the middle of every ``every_m`` of each fence, where it can join two passable cells.

    Ids are ``<fence>-km<kilometre><suffix>``, the same in every scenario of a study.
    """
    found = []
    digits = 1 if every_m >= 200 else 3
    for fence in cuts.fences:
        if fence.id not in fences:
            continue
        for along in np.arange(every_m / 2, fence.length_m, every_m):
            name = f"{fence.id}-km{along / 1000:0{5 + digits}.{digits}f}{suffix}"
            opening = Opening(
                id=name, fence=fence.id, along_m=float(along), width_m=width_m, use_factor=use_factor, design=design
            )
            edges = open_edges(cuts, surface, opening, model)
            if edges.rows.size:
                found.append(edges)
    return tuple(found)


def gain_profile(
    cuts: CutEdges,
    conductance: NDArray[np.float64],
    voltages: NDArray[np.float64],
    *,
    reached: NDArray[np.bool_],
    neighbours: int = 8,
    every_m: float,
) -> FenceProfile:
    """Marginal gain of every stretch of fence from one voltage solve per pair.

    Parameters
    ----------
    conductance : (4, height, width) float64
        Of the stencil with fences [S].
    voltages : (n_pair, height, width) float64
        At 1 A from one end of the pair to the other [V].
    reached : (height, width) bool
        Cells that are joined to an end. An edge to any other cell (water, an enclosed pocket) gains nothing: no current
        flows on from there, and the voltage that stands in the array means nothing.
    neighbours : {8, 4}
        Of the stencil; with 4 the diagonals are no edges and gain nothing.
    every_m : float
        Length of a stretch [m].
    """
    row2, col2 = cuts.second
    counts = reached[cuts.row, cuts.col] & reached[row2, col2] & (cuts.step < neighbours // 2)
    drop = np.where(counts, voltages[:, cuts.row, cuts.col] - voltages[:, row2, col2], 0.0)
    gain = (drop**2).sum(axis=0)
    g = conductance[cuts.step, cuts.row, cuts.col]
    stretch = (cuts.along_m // every_m).astype(np.int64)
    key = cuts.fence.astype(np.int64) << 32 | stretch
    unique, inverse = np.unique(key, return_inverse=True)
    fence, start = (unique >> 32).astype(np.int32), (unique & 0xFFFFFFFF) * every_m
    length = np.array([f.length_m for f in cuts.fences])
    return FenceProfile(
        fence=fence, start_m=start, end_m=np.minimum(start + every_m, length[fence]),
        gain_ohm2=_total(inverse, gain, unique.size),
        current_a=_total(inverse, np.abs(drop * g).sum(axis=0), unique.size),
        row_gain_ohm2=gain,
    )  # fmt: skip


def _total(group: NDArray[np.int64], values: NDArray[np.float64], n_group: int) -> NDArray[np.float64]:
    return np.bincount(group, weights=values, minlength=n_group).astype(np.float64)


def share_undone(now: float, gained: NDArray[np.float64], without_fence: float) -> NDArray[np.float64]:
    """Share of the fence's effect on a conductance that an opening undoes, in [0, 1]."""
    lost = without_fence - now
    return np.clip(np.divide(gained, lost, out=np.zeros_like(gained), where=lost > 0), 0.0, 1.0)


def spaced_shortlist(
    order: Sequence[int], line: Sequence[str], along_m: NDArray[np.float64], *, spacing_m: float, most: int
) -> list[int]:
    """First ``most`` of ``order``, leaving out what lies within ``spacing_m`` of one already taken on the same line."""
    taken: list[int] = []
    for i in order:
        if len(taken) == most:
            break
        if all(line[i] != line[j] or abs(along_m[i] - along_m[j]) >= spacing_m for j in taken):
            taken.append(i)
    return taken
