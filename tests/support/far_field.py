"""Fences and openings in a wide plain against closed forms: what the stencil resists, over what it should.

`python -m tests.support.far_field` prints the table of `docs/theory/fences.md`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from affine import Affine
from scipy import sparse
from scipy.sparse.linalg import splu
from shapely.geometry import LineString

from connectivity.landscape.stencil import Neighbours, Stencil, build_stencil
from rasters.arrays import Reals
from rasters.fence_cuts import cut_edges
from rasters.fence_terms import fence_terms
from rasters.fences import STEPS, CutEdges, Fence
from rasters.grid import Grid
from rasters.openings import FenceModel, Opening, open_edges
from rasters.surface import ResistanceSurface

ANGLES = (0, 10, 15, 22.5, 30, 37, 45, 60, 75)
"""Of the fence from west-east [degrees]."""

WIDTHS = (0.004, 0.02, 0.1, 0.25, 0.5, 0.99, 1.01, 2.0, 3.5, 5.0, 10.0)
"""Of the opening [cells]."""

SIZE, CELL_M, MIDDLE = 91, 100.0, 45.5


def sigma(neighbours: int) -> float:
    """Siemens of a square of land: a lattice of 1 ohm, with its diagonals of sqrt 2 ohm."""
    return 1.0 if neighbours == 4 else 1.0 + math.sqrt(2.0)


class Plain:
    """Uniform land and one straight fence through a place near its middle (x, y from it [cells]) at an angle [degrees]."""

    def __init__(
        self, angle: float, offset: tuple[float, float] = (0.0, 0.0), shape: float = 1.0, land: float = 1.0
    ) -> None:
        width, height = CELL_M * math.sqrt(shape), CELL_M / math.sqrt(shape)
        self.grid = Grid("EPSG:6933", Affine(width, 0, 0, 0, -height, SIZE * height), (SIZE, SIZE))
        self.surface = ResistanceSurface.from_array(np.full(self.grid.shape, land), self.grid)
        self.land = land
        along = np.array([math.cos(math.radians(angle)), math.sin(math.radians(angle))])
        middle = np.array([(MIDDLE + offset[0]) * width, (MIDDLE + offset[1]) * height])
        self.half_m = 1.6 * MIDDLE * CELL_M
        self.fence = Fence(id="f", line=LineString([middle - self.half_m * along, middle + self.half_m * along]))
        x, y = self.grid.xy(*np.indices(self.grid.shape))
        self.along_m = (x - middle[0]) * along[0] + (y - middle[1]) * along[1]
        self.across_m = (y - middle[1]) * along[0] - (x - middle[0]) * along[1]

    def cuts(self) -> CutEdges:
        return cut_edges([self.fence], self.grid)

    def model(self, neighbours: Neighbours, worth_m: float = math.inf, **more: float) -> FenceModel:
        """Sealed, or worth some metres of land."""
        return FenceModel(worth_m={"f": worth_m}, neighbours=neighbours, **({"reach_m": 0.0} | more))

    def opening(self, width_cells: float, use_factor: float = 1.0) -> Opening:
        return Opening(id="o", fence="f", along_m=self.half_m, width_m=width_cells * CELL_M, use_factor=use_factor)

    def leaky_ratio(self, worth_m: float, neighbours: Neighbours) -> float:
        """Resistance of a leaky fence over what it should be, in a field across it that is held 8 cells to either side.

        Held is ``d + worth / 2`` behind the fence and ``d - worth / 2`` before it: 1 V per metre of land, current sigma.
        """
        terms = fence_terms(self.cuts(), self.surface, self.model(neighbours, worth_m))
        stencil = build_stencil(self.surface, terms, neighbours=neighbours)
        field = self.land * (self.across_m + 0.5 * worth_m * np.sign(self.across_m))
        away = (np.abs(self.across_m) > 8 * CELL_M) | (np.abs(self.along_m) > 32 * CELL_M)
        volts = held_at(stencil, np.where(away, field, np.nan))
        amps = self._amps_per_m(stencil, volts)
        between_m = 16 * CELL_M
        return ((between_m + worth_m) * sigma(neighbours) / amps - between_m) / worth_m

    def _amps_per_m(self, stencil: Stencil, volts: Reals) -> float:
        """Current per metre of fence around its middle, in a window that fades out over 25 cells."""
        cuts = self.cuts()
        row2, col2 = cuts.second
        siemens = stencil.conductance()[cuts.step, cuts.row, cuts.col]
        amps = siemens * np.abs(volts[cuts.row, cuts.col] - volts[row2, col2])
        away = np.clip((cuts.along_m - self.half_m) / (25 * CELL_M), -1.0, 1.0)
        return float((amps * 0.5 * (1.0 + np.cos(math.pi * away))).sum() / (25 * CELL_M))

    def slit_ratios(self, widths: Sequence[float], neighbours: Neighbours, radius: float = 38.0) -> list[float]:
        """Resistance of openings of some widths [cells] in the sealed fence, over that of the slit.

        Beyond the radius cells have the potential of the slit in the plane, ``Re arccosh(2 z / w) / (pi sigma)`` for 1 A.
        """
        cuts, model = self.cuts(), self.model(neighbours)
        stencil = build_stencil(self.surface, fence_terms(cuts, self.surface, model), neighbours=neighbours)
        laplacian = _laplacian(stencil)
        rim = np.hypot(self.along_m, self.across_m).ravel() > radius * CELL_M
        inner = np.flatnonzero(~rim)
        factors = splu(laplacian[inner][:, inner].tocsc())
        place = np.full(rim.size, -1)
        place[inner] = np.arange(inner.size)
        row2, col2 = cuts.second
        first, second = cuts.row * SIZE + cuts.col, row2 * SIZE + col2
        out = []
        for width in widths:
            edges = open_edges(cuts, self.surface, self.opening(width), model)
            land = build_stencil(self.surface, neighbours=neighbours).edge_resistance()
            ratio = stencil.step_ratio()[cuts.step[edges.rows]]
            ohm = land[cuts.step, cuts.row, cuts.col][edges.rows] * ratio + edges.ohm
            z = 2.0 * (self.along_m + 1j * np.abs(self.across_m)) / (width * CELL_M)
            held = np.sign(self.across_m) * np.arccosh(z).real / (math.pi * sigma(neighbours)) * self.land
            volts = held.ravel().copy()
            volts[inner] = factors.solve(-(laplacian[inner][:, rim] @ held.ravel()[rim]))
            u, v = first[edges.rows], second[edges.rows]
            sign = np.sign(self.across_m.ravel()[u])
            inject = np.zeros((inner.size, u.size))
            inject[place[u], np.arange(u.size)] += sign
            inject[place[v], np.arange(u.size)] -= sign
            answer = factors.solve(inject)
            between = (answer[place[u]] - answer[place[v]]) * sign[:, None]
            amps = np.linalg.solve(between + np.diag(ohm), sign * (volts[u] - volts[v]))
            out.append(1.0 / float(amps.sum()))
        return out


def held_at(stencil: Stencil, volts: Reals) -> Reals:
    """Potentials where those that are not NaN are held."""
    laplacian, free = _laplacian(stencil), np.isnan(volts).ravel()
    out = volts.ravel().copy()
    out[free] = splu(laplacian[free][:, free].tocsc()).solve(-(laplacian[free][:, ~free] @ out[~free]))
    return out.reshape(volts.shape)


def _laplacian(stencil: Stencil) -> sparse.csr_array:
    siemens, number = stencil.conductance(), np.arange(SIZE**2).reshape(SIZE, SIZE)
    first, second, weight = [], [], []
    for k, (d_row, d_col) in enumerate(STEPS):
        row, col = np.nonzero(siemens[k])
        first.append(number[row, col])
        second.append(number[row + d_row, col + d_col])
        weight.append(siemens[k, row, col])
    u, v, g = (np.concatenate(x) for x in (first, second, weight))
    matrix = sparse.coo_array((np.r_[g, g], (np.r_[u, v], np.r_[v, u])), shape=(SIZE**2,) * 2).tocsr()
    return (sparse.diags_array(matrix.sum(axis=1)) - matrix).tocsr()


def print_table() -> None:
    """Ratios to the truth: mean, least and most over four places of the fence on the grid."""
    places = [(0.03, 0.04), (0.31, 0.17), (0.52, -0.4), (-0.21, 0.33)]
    for neighbours in (8, 4):
        print(f"{neighbours} neighbours | leaky | " + " | ".join(f"{w:g}" for w in WIDTHS))
        for angle in ANGLES:
            leaky = [Plain(angle, place).leaky_ratio(10 * CELL_M, neighbours) for place in places[:2]]
            slit = np.array([Plain(angle, place).slit_ratios(WIDTHS, neighbours) for place in places])
            spread = [f"{a:.3f}-{b:.3f}" for a, b in zip(slit.min(axis=0), slit.max(axis=0), strict=True)]
            print(f"{angle:g} | {np.mean(leaky):.3f} | " + " | ".join(spread), flush=True)


if __name__ == "__main__":
    print_table()
