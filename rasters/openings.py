"""Openings in fences, and what a fence with openings adds to the edges that it cuts.

What crossing is worth to a species is stated in metres of land (`rasters.permeability`), and it is the land beside the fence that
counts: a walk of constant free path meets the fence as often in hard land as in easy land, and each turn costs it as much more.
So a fence worth kappa metres costs ``kappa rho`` effective metres, rho the mean resistance of the two cells of the cut edge.

An opening is a stretch of the line of effective width ``W = max(width, 2 reach)``: animals that follow the fence for the
distance *reach* find it as if it were as wide as that to either side; a reach of 0 stands for those that meet it by
chance. Crossing the stretch is worth ``(pi / 2) free_path (1 / use - 1)`` metres of land: the *use factor* is the share of
encounters with it that end on the other side. A narrow one is worth ``(pi / 2) free_path`` more, what a walk that keeps its
direction over a free path has to pay for aiming at a hole (Sharvin's resistance of an aperture, in the plane; simulated walks
pay 4 to 13 % less than this and the narrowing of ways together). In all that is kappa.

On land of resistance rho and conductivity sigma (`rasters.steps`) such a stretch in a sealed fence has
``rho (2 / (pi sigma) ln(4 r / W) + kappa / (sigma W))`` ohm between half-circles of radius r. Cut edges are opened in the
order of their distance from its centre, each as far as it may be, until the lattice resists just that much
(`rasters.patches`): a narrow opening opens one or two edges, one several cells wide those of its stretch.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from rasters.errors import FenceError
from rasters.fences import CutEdges, perpendicular_m
from rasters.patches import open_in_turn, sealed_patch, slit_ohm
from rasters.permeability import share_of_encounters, worth_m
from rasters.steps import Neighbours, conductivity, passed_cells, step_ratio, step_vectors_m
from rasters.surface import ResistanceSurface

__all__ = ["FenceModel", "Opening", "OpeningEdges", "land_beside", "open_each", "open_edges"]


NEAREST = 1.5
"""Cells along the fence within which the first edge of an opening has to lie."""

WIDEST = 12.0
"""Cells up to which an opening is calibrated whole; the ends of a longer one are, as if they were as wide as this."""

REACHES = (1.5, 4.5, 7.5)
"""Cells along the fence that are looked at for edges to open; the next where those of one are too few."""

ACROSS = 0.6
"""Least share of its length by which the first edge should lead across the fence."""

CLEAR = 0.02
"""Share of the first edge that the straight fence keeps from its cells' centres."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """A place where a fence can be crossed.

    Parameters
    ----------
    id : str
    fence : str
        Id of the fence.
    along_m : float
        Its centre, as distance on the fence line [m].
    width_m : float
        > 0; [m].
    use_factor : float
        In [0, 1]: how far the species finds and uses it; 1 = as if there were no fence, 0 = none fits through.
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
        if not 0 <= self.use_factor <= 1:
            raise FenceError(f"opening {self.id!r}: use_factor must be in [0, 1], not {self.use_factor!r}")


@dataclass(frozen=True, slots=True, kw_only=True)
class FenceModel:
    """What crossing is worth to one species, on one stencil.

    Parameters
    ----------
    worth_m : dict of str to float
        Fence id -> metres of open land that crossing is worth, from 0 to inf; see `rasters.permeability`.
    reach_m : float
        How far an animal follows a fence, to either side, and so finds an opening [m]; 0 for one that does not.
    free_path_m : float
        Over which an animal keeps its direction [m]: the scale of use factors. 0 leaves them and the search for openings out.
    neighbours : {8, 4}
        Of the stencil on which the resistances stand.
    """

    worth_m: dict[str, float]
    reach_m: float
    free_path_m: float = 0.0
    neighbours: Neighbours = 8

    def __post_init__(self) -> None:
        for name in ("reach_m", "free_path_m"):
            if not (getattr(self, name) >= 0 and math.isfinite(getattr(self, name))):
                raise FenceError(f"{name} must be >= 0 and finite, not {getattr(self, name)!r}")

    def share_through(self, fence: str) -> float:
        """Share of the encounters with a closed fence that end on the other side [1]."""
        return share_of_encounters(self.worth_m[fence], self.free_path_m)

    def use_worth_m(self, use_factor: float) -> float:
        """Metres of land that the hesitation at a passage is worth."""
        if use_factor > 0.0 and self.free_path_m == 0.0:
            return 0.0
        return worth_m(use_factor, per="encounter", scale_m=self.free_path_m or 1.0)

    def aiming_worth_m(self) -> float:
        """Metres of land that finding a narrow hole by chance is worth: as much as being turned back every other time."""
        return self.use_worth_m(0.5)

    def served_m(self, width_m: float) -> float:
        """Length of fence at which an animal finds an opening [m]."""
        return max(width_m, 2.0 * self.reach_m)


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
    land_rows : (n,) intp
        The row of the `CutEdges` whose land each ohm is in proportion to.
    """

    opening: Opening
    rows: NDArray[np.intp]
    cost_m: NDArray[np.float64]
    ohm: NDArray[np.float64]
    land_rows: NDArray[np.intp]


def open_edges(cuts: CutEdges, surface: ResistanceSurface, opening: Opening, model: FenceModel) -> OpeningEdges:
    """Edges that an opening opens, and how far.

    Edges of the stencil between passable cells on different sides are opened, the straight one nearest to the centre
    first; none where there is none within 1.5 cells nor half the width. The land around is taken as that of the two cells
    at the first edge, and the fence as straight in its direction there. Where a bend, water, unknown ground or the rim
    leave too few edges of that straight fence, those of the whole stretch are opened, each at what its own piece resists.
    In least cost the first edge and those within the width itself are open, each at the cost of the passage. An opening with a
    use factor of 0 has the edges of one that is used, all of them shut.
    """
    return open_each(cuts, surface, [opening], model)[0]


def open_each(
    cuts: CutEdges, surface: ResistanceSurface, openings: Sequence[Opening], model: FenceModel
) -> tuple[OpeningEdges, ...]:
    """`open_edges` of many openings, each alone; what lies beside the fences is looked up once."""
    sides = _Sides.of(cuts, surface, model.neighbours)
    return tuple(_open_one(sides, opening, model) for opening in openings)


def _open_one(sides: _Sides, opening: Opening, model: FenceModel) -> OpeningEdges:
    stretch = _Stretch.served_by(replace(opening, use_factor=opening.use_factor or 1.0), model)
    near = sides.near(opening.fence, opening.along_m, stretch)
    beside = max(NEAREST * sides.cell_m, opening.width_m / 2)
    away = np.abs(sides.cuts.along_m[near] - opening.along_m)
    if not (away <= beside).any():
        no_rows = np.empty(0, np.intp)
        return OpeningEdges(opening=opening, rows=no_rows, cost_m=np.empty(0), ohm=np.empty(0), land_rows=no_rows)
    rows, ohm, land_rows = _open_stretch(sides, near, stretch)
    ohm = ohm if opening.use_factor else np.full(rows.size, np.inf)
    walked = np.abs(sides.cuts.along_m[rows] - opening.along_m) <= opening.width_m / 2
    walked |= rows == _outwards(sides, near, stretch)[0]
    cost = np.where(walked, model.use_worth_m(opening.use_factor) * sides.land[rows], np.inf)
    return OpeningEdges(opening=opening, rows=rows, cost_m=cost, ohm=ohm, land_rows=land_rows)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sides:
    """What lies on the two sides of each cut edge.

    Parameters
    ----------
    usable : (n,) bool
        Edges of the stencil that join passable cells on different sides.
    land : (n,) float64
        `land_beside`.
    across_m : (n,) float64
        `perpendicular_m`.
    last : (n,) int
        Rank among the edges to open first: 0 straight across, 1 a diagonal, 2 one that leads more along the fence.
    cell_m : float
        Square root of a cell's area.
    """

    cuts: CutEdges
    neighbours: Neighbours
    usable: NDArray[np.bool_]
    land: NDArray[np.float64]
    across_m: NDArray[np.float64]
    last: NDArray[np.intp]
    cell_m: float

    @classmethod
    def of(cls, cuts: CutEdges, surface: ResistanceSurface, neighbours: Neighbours) -> _Sides:
        one, two = (cuts.row, cuts.col), cuts.second
        blocked = surface.nodata[one] | surface.barrier[one] | surface.nodata[two] | surface.barrier[two]
        across = perpendicular_m(cuts)
        slanting = across < ACROSS * np.hypot(*step_vectors_m(cuts.grid).T)[cuts.step]
        return cls(
            cuts=cuts,
            neighbours=neighbours,
            usable=cuts.parts_sides & (cuts.step < neighbours // 2) & ~blocked,
            land=land_beside(cuts, surface),
            across_m=across,
            last=slanting.astype(np.intp) + (cuts.step >= 2),
            cell_m=math.sqrt(cuts.grid.cell_width_m * cuts.grid.cell_height_m),
        )

    def near(self, fence: str, along_m: float, stretch: _Stretch) -> NDArray[np.intp]:
        """Usable rows of the piece of fence line at a distance, up to somewhat beyond a stretch, in order along it."""
        rows = self.cuts.of_run(fence, along_m)
        within = np.abs(self.cuts.along_m[rows] - stretch.centre_m) <= stretch.length_m / 2 + NEAREST * self.cell_m
        return rows[within & self.usable[rows]]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stretch:
    """A piece of fence, and what crossing it is worth: in all, at an edge deep in it, and at least anywhere [m]."""

    centre_m: float
    length_m: float
    worth_m: float
    inside_m: float
    least_m: float

    @classmethod
    def served_by(cls, opening: Opening, model: FenceModel) -> _Stretch:
        """Only what is built beyond the reach is worth its hesitation at every edge; nobody has to aim at it."""
        inside = model.use_worth_m(opening.use_factor)
        return cls(
            centre_m=opening.along_m,
            length_m=model.served_m(opening.width_m),
            worth_m=inside + model.aiming_worth_m(),
            inside_m=inside,
            least_m=max(1.0 - 2.0 * model.reach_m / opening.width_m, 0.0) * inside,
        )

    def holds(self, along_m: NDArray[np.float64]) -> NDArray[np.bool_]:
        inside: NDArray[np.bool_] = np.abs(along_m - self.centre_m) <= self.length_m / 2
        return inside


Opened = tuple[NDArray[np.intp], NDArray[np.float64], NDArray[np.intp]]
"""Rows, their ohm, and the row whose land each is in proportion to."""


def _open_stretch(sides: _Sides, usable: NDArray[np.intp], stretch: _Stretch) -> Opened:
    """What is opened along a stretch of any length."""
    along, cell = sides.cuts.along_m, sides.cell_m
    long = stretch.length_m > WIDEST * cell * (1.0 + 1e-9)
    rows = _outwards(sides, usable, stretch)
    parts: list[Opened] = []
    if rows.size and abs(along[rows[0]] - stretch.centre_m) <= NEAREST * cell:
        for reach in REACHES[:1] if long else REACHES:
            opened, enough = _calibrated(sides, rows, stretch, reach)
            if enough:
                return opened
            if reach > stretch.length_m / (2.0 * cell) + 1.0:
                break
        parts = [] if long else [opened]
    every = rows[stretch.holds(along[rows])]
    worth = stretch.inside_m if long else stretch.worth_m
    ratio = step_ratio(sides.cuts.grid, sides.neighbours)[sides.cuts.step[every]]
    parts.append((every, worth * sides.land[every] * ratio / sides.across_m[every], every))
    if long:
        parts += [_open_stretch(sides, usable, end) for end in _ends(stretch, WIDEST * cell)]
    return _least_of(parts)


def _calibrated(sides: _Sides, rows: NDArray[np.intp], stretch: _Stretch, reach: float) -> tuple[Opened, bool]:
    """Rows of the straight fence through the first of ``rows``, opened until the far field is right, and whether it is."""
    sigma, first = conductivity(sides.neighbours), rows[0]
    rho = float(sides.land[first])
    rows, impedance = _straight(sides, rows, reach)
    ratio = step_ratio(sides.cuts.grid, sides.neighbours)[sides.cuts.step[rows]]
    least = stretch.least_m * ratio / sides.across_m[rows]
    wanted = slit_ohm(stretch.length_m / sides.cell_m, sides.neighbours) + stretch.worth_m / (sigma * stretch.length_m)
    ohm, enough = open_in_turn(impedance, ratio, least, wanted)
    return (rows[: ohm.size], rho * ohm, np.full(ohm.size, first)), enough


def _straight(sides: _Sides, rows: NDArray[np.intp], reach: float) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """Those of the rows that a straight fence through the first would cut as well, and their impedance."""
    cuts, first = sides.cuts, rows[0]
    grid = cuts.grid
    x, y = grid.xy(cuts.row[first], cuts.col[first])
    crossing = cuts.fences[cuts.fence[first]].point_at(float(cuts.along_m[first]))
    step = step_vectors_m(grid)[cuts.step[first]]
    share = ((crossing.x - x) * step[0] + (crossing.y - y) * step[1]) / (step @ step)
    patch = sealed_patch(
        sides.neighbours,
        grid.cell_width_m / grid.cell_height_m,
        int(cuts.step[first]),
        min(max(float(share), CLEAR), 1.0 - CLEAR),
        tuple(cuts.normal[first].tolist()),
        reach,
    )
    near = rows[np.abs(cuts.along_m[rows] - cuts.along_m[first]) <= 2.0 * reach * sides.cell_m]
    edges = zip(cuts.row[near] - cuts.row[first], cuts.col[near] - cuts.col[first], cuts.step[near], strict=True)
    found = np.array([patch.place.get((int(r), int(c), int(k)), -1) for r, c, k in edges])
    chosen = found[found >= 0]
    return near[found >= 0], patch.impedance[np.ix_(chosen, chosen)]


def _outwards(sides: _Sides, usable: NDArray[np.intp], stretch: _Stretch) -> NDArray[np.intp]:
    """Rows by distance from the centre of a stretch, up to somewhat beyond it; the nearest that leads straight across first."""
    away = np.abs(sides.cuts.along_m[usable] - stretch.centre_m)
    near = away <= stretch.length_m / 2 + NEAREST * sides.cell_m
    rows, away = usable[near], away[near]
    order = np.argsort(away, kind="stable")
    if rows.size:
        first = np.lexsort((away, sides.last[rows] + 4 * (away > NEAREST * sides.cell_m)))[0]
        order = np.concatenate([[first], order[order != first]])
    return rows[order]


def _ends(stretch: _Stretch, length_m: float) -> list[_Stretch]:
    """Pieces of a given length at both ends of a longer stretch."""
    aside = (stretch.length_m - length_m) / 2
    return [
        replace(stretch, centre_m=stretch.centre_m + side, length_m=length_m, least_m=stretch.inside_m)
        for side in (-aside, aside)
    ]


def _least_of(parts: Sequence[Opened]) -> Opened:
    """Each row once, at the least of its ohm."""
    rows, ohm, land = (np.concatenate(column) for column in zip(*parts, strict=True))
    least_first = np.lexsort((ohm, rows))
    _, first = np.unique(rows[least_first], return_index=True)
    chosen = least_first[first]
    return rows[chosen], ohm[chosen], land[chosen]


def land_beside(cuts: CutEdges, surface: ResistanceSurface) -> NDArray[np.float64]:
    """(n,) mean resistance along cut edges [1], half of either cell; a cell that nobody enters counts as 1."""
    mean = np.zeros(cuts.size)
    for number in np.unique(cuts.step):
        here = cuts.step == number
        for d_row, d_col, share in passed_cells(cuts.steps[number]):
            cells = cuts.row[here] + d_row, cuts.col[here] + d_col
            unused = surface.nodata[cells] | surface.barrier[cells]
            mean[here] += share * np.where(unused, 1.0, surface.values[cells])
    return mean
