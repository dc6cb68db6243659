"""Openings in fences, and what a fence with openings adds to the edges that it cuts.

An opening narrower than a cell's face does not open the face: current has to squeeze through it. A gap of width ``w``
centred in a face of length ``p`` adds ``rho (2 / pi) ln(1 / sin(pi w / 2p))`` to the edge, ``rho`` being the resistance of
the cells there (a conformal map of a slit; exactly twice that at the face's end). By geometry alone a 4 m gap would be
nearly as good as a wide one: whether animals find and dare to use it is the *use factor*, a separate number per species
and design. It acts like a permeability over the stretch of fence that the passage serves.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rasters.errors import FenceError
from rasters.fences import CutEdges, FenceTerms, crossing_cost_m, sum_terms
from rasters.surface import ResistanceSurface

__all__ = [
    "FenceModel",
    "Opening",
    "OpeningEdges",
    "constriction",
    "fence_terms",
    "open_edges",
    "row_terms",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """A place where a fence can be crossed.

    Parameters
    ----------
    id : str
    fence : str
        Id of the fence.
    along_m : float
        Its centre, as distance from the fence's start [m].
    width_m : float
        > 0; [m].
    use_factor : float
        In (0, 1]: how far the species finds and uses it; 1 = as if there were no fence.
    design : str
        What is built: ``"wires_removed"``, ``"gate"``, ``"overpass"``.
    """

    id: str
    fence: str
    along_m: float
    width_m: float
    use_factor: float = 1.0
    design: str = "opening"

    def __post_init__(self) -> None:
        if not self.width_m > 0:
            raise FenceError(f"opening {self.id!r}: width_m must be > 0, not {self.width_m!r}")
        if not 0 < self.use_factor <= 1:
            raise FenceError(f"opening {self.id!r}: use_factor must be in (0, 1], not {self.use_factor!r}")


@dataclass(frozen=True, slots=True, kw_only=True)
class FenceModel:
    """How permeability and use become cost, for one species.

    Parameters
    ----------
    permeability : dict of str to float
        Fence id -> share in [0, 1].
    reference_m : float
        See `rasters.fences`: what crossing costs at permeability one half [effective m]. An assumption.
    reach_m : float
        Length of fence that a narrow passage serves [m]. An assumption.
    """

    permeability: dict[str, float]
    reference_m: float
    reach_m: float

    def fence_cost_m(self, fence: str) -> float:
        """Cost of crossing a closed fence [effective m]."""
        return crossing_cost_m(self.permeability[fence], self.reference_m)

    def use_cost_m(self, use_factor: float) -> float:
        """Cost of crossing through a passage [effective m]."""
        return crossing_cost_m(use_factor, self.reference_m)


@dataclass(frozen=True, slots=True, kw_only=True)
class OpeningEdges:
    """The edges that one opening opens, with what is left in their way.

    Parameters
    ----------
    rows : (n,) intp
        Positions in the `CutEdges`; empty where no passable pair of cells faces each other within a cell's reach.
    cost_m : (n,) float64
        Cost of crossing through the opening [effective m].
    ohm : (n,) float64
        Resistance of the way through the opening alone [ohm].
    """

    opening: Opening
    rows: NDArray[np.intp]
    cost_m: NDArray[np.float64]
    ohm: NDArray[np.float64]


def constriction(width_m: float, face_m: float) -> float:
    """Extra resistance of a gap centred in a face, in units of the cells' resistance [1]; 0 for a gap as wide."""
    share = min(width_m / face_m, 1.0)
    return (2.0 / math.pi) * math.log(1.0 / math.sin(math.pi * share / 2.0))


def open_edges(cuts: CutEdges, surface: ResistanceSurface, opening: Opening, model: FenceModel) -> OpeningEdges:
    """Edges that an opening opens.

    A narrow one opens the orthogonal cut edge between passable cells that lies nearest along the fence, at most 1.5 cells
    away, and squeezes the current. One as wide as a cell's face or wider squeezes nothing and opens every other cut edge
    within its stretch too, each at what its own face of fence would cost: widening never adds resistance. An edge that
    the fence crosses twice stays cut: its cells lie on one side, and opening it would join nothing.
    """
    face = math.sqrt(cuts.grid.cell_width_m * cuts.grid.cell_height_m)
    faces = _faces_m(cuts)
    rows = cuts.of(opening.fence)
    row2, col2 = cuts.second
    passable = surface.passable
    joins = passable[cuts.row[rows], cuts.col[rows]] & passable[row2[rows], col2[rows]] & cuts.parts_sides[rows]
    usable = rows[joins]
    distance = np.abs(cuts.along_m[usable] - opening.along_m)
    use = model.use_cost_m(opening.use_factor)
    rows = near = _nearest_orthogonal(cuts, usable, distance, 1.5 * face)
    if opening.width_m < face:
        rho = 0.5 * (surface.values[cuts.row[near], cuts.col[near]] + surface.values[row2[near], col2[near]])
        ohm = rho * [constriction(opening.width_m, p) for p in faces[near]] + use / model.reach_m
    else:
        rows = np.union1d(near, usable[distance <= opening.width_m / 2])
        ohm = use / np.where(np.isin(rows, near), np.maximum(model.reach_m, faces[rows]), faces[rows])
    return OpeningEdges(opening=opening, rows=rows, cost_m=np.full(rows.size, use), ohm=ohm)


def _nearest_orthogonal(
    cuts: CutEdges, usable: NDArray[np.intp], distance: NDArray[np.float64], reach_m: float
) -> NDArray[np.intp]:
    rank = distance + np.where(cuts.step[usable] < 2, 0.0, 10 * reach_m)
    near = distance <= reach_m
    if not near.any():
        return np.empty(0, np.intp)
    return usable[[int(np.argmin(np.where(near, rank, np.inf)))]]


def row_terms(
    cuts: CutEdges, model: FenceModel, openings: Sequence[OpeningEdges] = ()
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Cost [effective m] and resistance [ohm] that each row of ``cuts`` adds to its edge, openings included.

    Within one fence an opening stands in parallel with the fence itself: conductances add up, and an animal takes the
    cheaper way.
    """
    kappa = np.array([model.fence_cost_m(fence.id) for fence in cuts.fences])
    cost = kappa[cuts.fence] if cuts.size else np.empty(0)
    siemens = _reciprocal(cost / _faces_m(cuts))
    for edges in openings:
        cost[edges.rows] = np.minimum(cost[edges.rows], edges.cost_m)
        np.add.at(siemens, edges.rows, _reciprocal(edges.ohm))
    return cost, _reciprocal(siemens)


def fence_terms(cuts: CutEdges, model: FenceModel, openings: Sequence[OpeningEdges] = ()) -> FenceTerms:
    """Terms of all fences with their openings; fences that cut the same edge stand in series and add up."""
    return sum_terms(cuts, *row_terms(cuts, model, openings))


def _faces_m(cuts: CutEdges) -> NDArray[np.float64]:
    """Width of the face that each cut edge goes through [m]: across an eastward step it is the height of the cell."""
    width, height = cuts.grid.cell_width_m, cuts.grid.cell_height_m
    return np.array([height, width, math.sqrt(width * height), math.sqrt(width * height)])[cuts.step]


def _reciprocal(values: NDArray[np.float64]) -> NDArray[np.float64]:
    with np.errstate(divide="ignore"):
        return np.divide(1.0, values)
