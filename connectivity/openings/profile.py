"""Candidate passages, what opening each would gain, and a ranking.

Two kinds of gain. *Circuit*: the effective resistance between the two places falls; its first derivative with respect
to the conductance of a way through the fence is minus the squared drop across it at 1 A, so one solve per pair gives the
marginal gain of every metre of fence. *Least cost*: with distances from both ends the gain of one opening is exact. Every
component keeps its own column and unit; a score states its weights.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rasters.fence_terms import terms_of_others
from rasters.fences import CutEdges, perpendicular_m
from rasters.openings import FenceModel, Opening, OpeningEdges, land_beside, open_each
from rasters.steps import Neighbours, conductivity, step_ratio
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
        Stretch, on the fence line [m].
    gain_ohm2 : (n,) float64
        Squared drop across the fence at 1 A over the resistance of the land beside it, summed over pairs and along the stretch,
        a cell's length of line counted once: how fast resistance falls as the stretch leaks, per siemens that each cell's
        length of it would have in land of resistance 1 [ohm per S]. In land of resistance rho the same passage has 1/rho of it.
    current_a : (n,) float64
        Sum over pairs of the current that leaks through the stretch [A].
    row_gain_ohm2 : (n_cut,) float64
        The same for the edge of each row of the `CutEdges`: how fast resistance falls as a way through that fence opens there,
        per siemens that it would have in land of resistance 1 [ohm per S].
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
    """A candidate in the middle of every ``every_m`` of each fence line, where it can join two passable cells.

    Ids are ``<fence>-km<kilometre of the line><suffix>``, the same in every scenario of a study.
    """
    found = []
    digits = 1 if every_m >= 200 else 3
    for fence in cuts.fences:
        if fence.id not in fences:
            continue
        for along in fence.posts_m(every_m, every_m / 2):
            name = f"{fence.id}-km{along / 1000:0{5 + digits}.{digits}f}{suffix}"
            opening = Opening(
                id=name, fence=fence.id, along_m=float(along), width_m=width_m, use_factor=use_factor, design=design
            )
            found.append(opening)
    return tuple(edges for edges in open_each(cuts, surface, found, model) if edges.rows.size)


def gain_profile(
    cuts: CutEdges,
    surface: ResistanceSurface,
    row_ohm: NDArray[np.float64],
    conductance: NDArray[np.float64],
    voltages: NDArray[np.float64],
    *,
    reached: NDArray[np.bool_],
    neighbours: Neighbours = 8,
    every_m: float,
) -> FenceProfile:
    """Marginal gain of every stretch of fence from one voltage solve per pair; see `FenceProfile`.

    A leak of one siemens per cell's length of line, in land of resistance 1, puts on each cut edge what it would carry of it
    if the drop were the same along the line, ``|n . d| / step_ratio`` (`rasters.fences.fence_ohm`). What an edge gains is
    spread over the piece of line that such edges stand for on average, a cell's area over ``|n . d|``: on uniform land the
    profile is smooth at any angle.

    Parameters
    ----------
    row_ohm : (n_cut,) float64
        What each row of ``cuts`` adds to its edge now, from `rasters.fence_terms.row_terms`.
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
    siemens = conductance[cuts.step, cuts.row, cuts.col]
    gain = (drop**2).sum(axis=0) * _share_of_drop(cuts, row_ohm, siemens) ** 2 / land_beside(cuts, surface)
    cell_m, across = math.sqrt(cuts.grid.cell_width_m * cuts.grid.cell_height_m), perpendicular_m(cuts)
    weight = across / (cell_m * conductivity(neighbours) * step_ratio(cuts.grid, neighbours)[cuts.step])
    leaking = np.abs(drop * siemens).sum(axis=0) * cuts.parts_sides
    fence, stretch, (gains, current) = _along(cuts, (weight * gain, leaking), cell_m**2 / across, every_m)
    low, high = np.array([(f.start_m, f.end_m) for f in cuts.fences]).reshape(-1, 2).T
    return FenceProfile(
        fence=fence,
        start_m=np.maximum(stretch * every_m, low[fence]),
        end_m=np.minimum((stretch + 1) * every_m, high[fence]),
        gain_ohm2=gains,
        current_a=current,
        row_gain_ohm2=gain,
    )


def _share_of_drop(cuts: CutEdges, row_ohm: NDArray[np.float64], siemens: NDArray[np.float64]) -> NDArray[np.float64]:
    """(n_cut,) how much of the drop along its edge stands across the fence of each row; 0 where another fence seals it."""
    sealed = np.isinf(row_ohm)
    alone = np.isfinite(terms_of_others(cuts, row_ohm))
    return np.where(sealed, alone.astype(np.float64), np.where(sealed, 0.0, row_ohm) * siemens)


def _along(
    cuts: CutEdges, amounts: tuple[NDArray[np.float64], ...], length_m: NDArray[np.float64], every_m: float
) -> tuple[NDArray[np.int32], NDArray[np.int64], tuple[NDArray[np.float64], ...]]:
    """Fence and number of every stretch that holds something, and the amounts of each row spread over its piece of line."""
    low, high = np.array([(f.start_m, f.end_m) for f in cuts.fences]).reshape(-1, 2)[cuts.fence].T
    start = np.maximum(cuts.along_m - length_m / 2, low)
    end = np.maximum(np.minimum(cuts.along_m + length_m / 2, high), start)
    first = (start // every_m).astype(np.int64)
    count = np.maximum(np.ceil(end / every_m).astype(np.int64) - first, 1)
    row = np.repeat(np.arange(cuts.size), count)
    stretch = first[row] + np.arange(row.size) - np.repeat(np.cumsum(count) - count, count)
    low, high = np.maximum(start[row], stretch * every_m), np.minimum(end[row], (stretch + 1) * every_m)
    share = (high - low) / (end - start)[row]
    key, group = np.unique(cuts.fence[row].astype(np.int64) << 32 | stretch, return_inverse=True)
    totals = tuple(_total(group, amount[row] * share, key.size) for amount in amounts)
    return (key >> 32).astype(np.int32), (key & 0xFFFFFFFF).astype(np.int64), totals


def _total(group: NDArray[np.int64], values: NDArray[np.float64], n_group: int) -> NDArray[np.float64]:
    return np.bincount(group, weights=values, minlength=n_group).astype(np.float64)


def share_undone(now: float, gained: NDArray[np.float64], without_fence: float) -> NDArray[np.float64]:
    """Share of the fence's effect on a conductance that an opening undoes, in [0, 1]."""
    lost = without_fence - now
    return np.clip(np.divide(gained, lost, out=np.zeros_like(gained), where=lost > 0), 0.0, 1.0)


def spaced_shortlist(
    order: Sequence[int],
    line: Sequence[str],
    along_m: NDArray[np.float64],
    *,
    spacing_m: float,
    most: int,
    standing: Sequence[tuple[str, float]] = (),
) -> list[int]:
    """First ``most`` of ``order``, leaving out what lies within ``spacing_m`` of one already taken on the same line.

    ``standing`` are the line and place [m] of passages that are taken from the start.
    """
    taken: list[int] = []
    stands: dict[str, NDArray[np.float64]] = {}
    for name, at in standing:
        stands[name] = np.append(stands.get(name, np.empty(0)), at)
    for i in order:
        if len(taken) == most:
            break
        near = any(line[i] == line[j] and abs(along_m[i] - along_m[j]) < spacing_m for j in taken)
        if not near and (np.abs(stands.get(line[i], np.empty(0)) - along_m[i]) >= spacing_m).all():
            taken.append(i)
    return taken
