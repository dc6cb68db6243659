"""What the cells around an opening resist, from a small solve: the link between a gap and the edges that stand for it.

A grid cannot show a gap much narrower than a cell, but its far field it can. On uniform land of ``sigma`` siemens a slit of
width w in a sealed straight fence has ``2 / (pi sigma) ln(4 r / w)`` ohm between half-circles of radius r on either side.
A lattice has something else between the same half-circles when some of its cut edges are opened, because it resolves
neither the slit nor the way to it. The difference is put on the edges, as reservoir engineers do with wells in coarse
cells (Peaceman, Interpretation of well-block pressures in numerical reservoir simulation, 1978).

A `Patch` is that lattice: a straight sealed fence through one cut edge, cells within some radius, and beyond them the
potentials of a source at the fence in the continuum. Solved once, it says for any set of opened edges what they resist.
Lengths here are in cells, square roots of a cell's area; resistances those of land of resistance 1.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from affine import Affine
from numpy.typing import NDArray
from scipy.linalg import solveh_banded

from rasters.arrays import Reals
from rasters.grid import Grid
from rasters.steps import STEPS, Neighbours, conductivity, step_ratio, step_vectors_m

__all__ = ["Patch", "open_in_turn", "sealed_patch", "slit_ohm"]

MARGIN = 6.0
"""Cells between the outermost edge that may be opened and the rim."""

AWAY = 1000.0
"""Radius of the half-circles between which resistances are stated [cells]; any that is large will do."""


def slit_ohm(width: float, neighbours: Neighbours) -> float:
    """Resistance of a slit in a sealed fence between half-circles `AWAY` cells from it [ohm]; width in cells."""
    return 2.0 / (math.pi * conductivity(neighbours)) * math.log(4.0 * AWAY / width)


@dataclass(frozen=True, slots=True, kw_only=True)
class Patch:
    """Edges that a straight sealed fence cuts near one of them.

    Parameters
    ----------
    place : dict of (int, int, int) to int
        Where an edge stands in ``impedance``: row and column of its first cell, from that of the edge in the middle, and step.
    impedance : (m, m) float64
        Drop along edge k, over the cells on both sides, when 1 A flows through edge l [ohm], both sides grounded at the
        half-circles `AWAY`.
    """

    place: dict[tuple[int, int, int], int]
    impedance: Reals


def open_in_turn(impedance: Reals, land: Reals, least: Reals, wanted: float) -> tuple[Reals, bool]:
    """Ohm to put on edges, opened one after the other, so that together they resist what is wanted.

    Each edge is opened up to what it must resist at least before the next one is touched, so that every edge's conductance
    grows, and their resistance falls continuously, as less is wanted.

    Parameters
    ----------
    impedance : (m, m)
        Of a `Patch`, in the order in which edges are opened.
    land, least : (m,)
        Resistance of each edge's land, and the least that the opening adds to it [ohm].
    wanted : float
        Between the half-circles `AWAY` [ohm].

    Returns
    -------
    (k,) float64
        For the first k edges; all m at their least where even that resists more than is wanted.
    bool
        Whether what is wanted was reached.
    """
    inverse, siemens = np.empty((0, 0)), 0.0
    for k in range(land.size):
        column = impedance[:k, k]
        seen = inverse @ column
        own = impedance[k, k] + land[k] - column @ seen
        gain = (1.0 - seen.sum()) ** 2
        more = (
            gain / (1.0 / wanted - siemens) - own
            if 0.0 < wanted < (1.0 / siemens if siemens else math.inf)
            else -math.inf
        )
        if more >= least[k]:
            return np.append(least[:k], more), True
        pivot = 1.0 / (own + least[k])
        grown = np.empty((k + 1, k + 1))
        grown[:k, :k] = inverse + pivot * np.outer(seen, seen)
        grown[:k, k] = grown[k, :k] = -pivot * seen
        grown[k, k] = pivot
        inverse, siemens = grown, siemens + gain * pivot
    return least, False


@lru_cache(maxsize=4096)
def sealed_patch(
    neighbours: Neighbours, shape: float, step: int, share: float, normal: tuple[float, float], reach: float
) -> Patch:
    """Solve the land on both sides of a straight fence.

    Parameters
    ----------
    shape : float
        Width over height of a cell.
    step, share : int, float
        The edge in the middle and the share of it at which the fence crosses; in (0, 1).
    normal : (float, float)
        Unit normal of the fence, x eastwards and y northwards; not along the edge.
    reach : float
        Cut edges are taken up to this distance along the fence [cells].
    """
    lattice = _lattice(neighbours, shape, reach + MARGIN)
    across_unit = np.array(normal)
    place = lattice.place - share * lattice.vector[step]
    across = place @ across_unit
    near = np.flatnonzero((across[lattice.first] > 0) != (across[lattice.second] > 0))
    from_first = across[lattice.first[near]] / (across[lattice.first[near]] - across[lattice.second[near]])
    crossing = place[lattice.first[near]] + from_first[:, None] * lattice.vector[lattice.kind[near]]
    near = near[np.abs(crossing @ [normal[1], -normal[0]]) <= reach]
    first, second = lattice.first[near], lattice.second[near]
    total = np.zeros((near.size, near.size))
    for side in (across > 0, across <= 0):
        total += _one_side(lattice, place, across_unit, side, np.where(side[first], first, second))
    edges = zip(*lattice.cell[first].T.tolist(), lattice.kind[near].tolist(), strict=True)
    return Patch(place={edge: k for k, edge in enumerate(edges)}, impedance=total)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Lattice:
    """Cells around one, their places [cells], and the edges between them."""

    cell: NDArray[np.int64]
    place: Reals
    inside: NDArray[np.bool_]
    first: NDArray[np.int64]
    second: NDArray[np.int64]
    kind: NDArray[np.int64]
    siemens: Reals
    vector: Reals
    sigma: float


@lru_cache(maxsize=64)
def _lattice(neighbours: Neighbours, shape: float, radius: float) -> _Lattice:
    grid = Grid("", Affine(math.sqrt(shape), 0, 0, 0, -1 / math.sqrt(shape), 0), (1, 1))
    vector = step_vectors_m(grid)
    most = [math.ceil((radius + 3.0) / size) for size in (grid.cell_height_m, grid.cell_width_m)]
    rows, cols = np.mgrid[-most[0] : most[0] + 1, -most[1] : most[1] + 1]
    number = np.arange(rows.size).reshape(rows.shape)
    place = rows.reshape(-1, 1) * vector[1] + cols.reshape(-1, 1) * vector[0]
    first, second, kind = [], [], []
    for k, (d_row, d_col) in enumerate(STEPS[: neighbours // 2]):
        here = number[: rows.shape[0] - d_row, max(-d_col, 0) : rows.shape[1] - max(d_col, 0)].ravel()
        first.append(here)
        second.append(here + d_row * rows.shape[1] + d_col)
        kind.append(np.full(here.size, k))
    kinds = np.concatenate(kind)
    return _Lattice(
        cell=np.stack([rows.ravel(), cols.ravel()], axis=1),
        place=place,
        inside=np.hypot(*place.T) < radius,
        first=np.concatenate(first),
        second=np.concatenate(second),
        kind=kinds,
        siemens=1.0 / step_ratio(grid, neighbours)[kinds],
        vector=vector,
        sigma=conductivity(neighbours),
    )


def _one_side(
    lattice: _Lattice, place: Reals, normal: Reals, side: NDArray[np.bool_], ends: NDArray[np.int64]
) -> Reals:
    """(m, m) potential at each end for 1 A into each other, on one side of the fence [ohm]."""
    free = side & lattice.inside
    size = int(free.sum())
    number = np.where(free, np.cumsum(free) - 1, -1)
    held = side[lattice.first] & side[lattice.second]
    u, v, siemens = lattice.first[held], lattice.second[held], lattice.siemens[held]
    here, there = np.concatenate([u, v]), np.concatenate([v, u])
    both = np.concatenate([siemens, siemens])
    mine = number[here] >= 0
    here, there, both = number[here[mine]], there[mine], both[mine]
    joined = number[there] >= 0
    row, column = here[joined], number[there[joined]]
    below = row > column
    band = np.zeros((1 + int((row - column).max(initial=0)), size))
    band[0] = np.bincount(here, weights=both, minlength=size)
    band[(row - column)[below], column[below]] = -both[joined][below]
    source, back = np.unique(ends, return_inverse=True)
    right = np.zeros((size, source.size))
    rim = there[~joined]
    np.add.at(right, here[~joined], both[~joined, None] * _of_sources(place[rim], place[source], normal, lattice.sigma))
    right[number[source], np.arange(source.size)] += 1.0
    solved = solveh_banded(band, right, lower=True, check_finite=False, overwrite_ab=True, overwrite_b=True)
    return solved[number[source]][np.ix_(back, back)]


def _of_sources(place: Reals, source: Reals, normal: Reals, sigma: float) -> Reals:
    """(n, s) potential of 1 A into each source beside the fence and, as far behind it, its mirror image [V]."""
    mirrored = source - 2.0 * (source @ normal)[:, None] * normal
    apart = [np.hypot(*(place[:, None] - one[None]).transpose(2, 0, 1)) for one in (source, mirrored)]
    return -np.log(apart[0] * apart[1] / AWAY**2) / (2.0 * math.pi * sigma)
