"""Parts of a derivative: what one solved landscape contributes, for its cells and for its fences."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from connectivity.landscape.derivatives import edges_gradient, steps_gradient
from connectivity.least_cost.paths import LeastCostPath
from rasters.arrays import Reals
from rasters.fence_terms import closed_cost_m, land_gradient, ohm_slopes, row_terms
from rasters.fences import CutEdges, edge_key
from rasters.openings import FenceModel, OpeningEdges
from rasters.steps import FAR_STEPS
from scenarios.model.landscape import Landscape

__all__ = ["Part", "circuit_part", "route_part"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Part:
    """How an indicator changes with what one landscape is made of, to first order.

    Parameters
    ----------
    land : Landscape
    gradient : (height, width) float64
        Per unit of resistance of each cell, through land, closed fences and openings.
    row_ohm, row_cost_m, far_cost_m : (n_cut,) float64
        Per ohm, and per effective metre, that each row of the fences' cut edges adds; the last of steps beyond the neighbours.
    ground : (height, width) float64
        Per siemens from each cell to the ground, where walkers die.
    """

    land: Landscape
    gradient: Reals
    row_ohm: Reals
    row_cost_m: Reals
    far_cost_m: Reals = field(default_factory=lambda: np.empty(0))
    ground: Reals | None = None

    def times(self, factor: float) -> Part:
        """The same of a multiple of the indicator."""
        ground = None if self.ground is None else factor * self.ground
        return replace(
            self,
            gradient=factor * self.gradient,
            row_ohm=factor * self.row_ohm,
            row_cost_m=factor * self.row_cost_m,
            far_cost_m=factor * self.far_cost_m,
            ground=ground,
        )

    def of_fences(self, model: FenceModel, openings: tuple[OpeningEdges, ...]) -> float:
        """First-order change of the indicator if the fences were worth what another model says, with other openings."""
        land = self.land
        cost_m, ohm = row_terms(land.cuts, land.surface, model, openings)
        total = _change(self.row_ohm, ohm, land.row_ohm) + _change(self.row_cost_m, cost_m, land.row_cost_m)
        far = land.far_cuts
        if far is not None and self.far_cost_m.any():
            before, after = (closed_cost_m(far, land.surface, one) for one in (land.prepared.model, model))
            total += _change(self.far_cost_m, after, before)
        return total


def _change(per_unit: Reals, after: Reals, before: Reals) -> float:
    used = per_unit != 0.0
    return float((per_unit[used] * (after[used] - before[used])).sum())


def circuit_part(land: Landscape, per_ohm: Reals, *, fences: bool, ground: Reals | None = None) -> Part:
    """From the change per ohm of each edge of a circuit, (4, height, width)."""
    stencil, cuts = land.stencil(fences=fences), land.cuts
    gradient, row_ohm = edges_gradient(stencil, per_ohm), np.zeros(cuts.size)
    if fences and land.fenced:
        there = cuts.step < stencil.neighbours // 2
        row_ohm = np.where(there, per_ohm[cuts.step, cuts.row, cuts.col], 0.0)
        openings = land.prepared.standing_edges
        slopes = ohm_slopes(cuts, land.surface, land.prepared.model, openings, land.row_ohm)
        per_land = np.zeros(cuts.size)
        np.add.at(per_land, slopes.land_rows, row_ohm[slopes.rows] * slopes.ohm)
        gradient += land_gradient(cuts, land.surface, per_land)
    return Part(land=land, gradient=gradient, row_ohm=row_ohm, row_cost_m=np.zeros(cuts.size), ground=ground)


def route_part(land: Landscape, path: LeastCostPath, *, fences: bool) -> Part:
    """From the change of the least cost of one route: 1 per effective metre of each of its steps."""
    gradient, cuts = steps_gradient(land.stencil(fences=fences), path.rows, path.cols), land.cuts
    row_cost, far_cost = np.zeros(cuts.size), np.empty(0)
    if fences and land.fenced:
        row_cost = _crossed(cuts, path).astype(np.float64)
        gradient += land_gradient(cuts, land.surface, np.where(row_cost > 0, land.row_cost_m, 0.0))
        if land.far_cuts is not None:
            far_cost = _crossed(land.far_cuts, path).astype(np.float64)
            closed = closed_cost_m(land.far_cuts, land.surface, land.prepared.model)
            gradient += land_gradient(land.far_cuts, land.surface, np.where(far_cost > 0, closed, 0.0))
    none = np.zeros(cuts.size)
    return Part(land=land, gradient=gradient, row_ohm=none, row_cost_m=row_cost, far_cost_m=far_cost)


def _crossed(cuts: CutEdges, path: LeastCostPath) -> NDArray[np.bool_]:
    """Which rows of cut edges lie on a route, walked either way."""
    steps = {step: number for number, step in enumerate(cuts.steps)}
    edges = []
    cells = np.stack([path.rows, path.cols], axis=1).tolist()
    for (row, col), (to_row, to_col) in itertools.pairwise(cells):
        step = (to_row - row, to_col - col)
        back = (-step[0], -step[1])
        if step in steps:
            edges.append((row, col, steps[step]))
        elif back in steps:
            edges.append((to_row, to_col, steps[back]))
    n_steps = max(len(cuts.steps), *map(len, FAR_STEPS.values()))
    own = edge_key(np.stack([cuts.row, cuts.col, cuts.step], axis=1), cuts.grid, n_steps)
    return np.isin(own, edge_key(np.array(edges, np.int32).reshape(-1, 3), cuts.grid, n_steps)) & cuts.parts_sides
