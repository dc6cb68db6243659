"""How edges and steps change with the resistance of their cells: the chain rule from a circuit or a route back to the land.

One solve gives the derivative with respect to every edge at once (Tellegen's theorem; Penfield, Spence and Duinker 1970, *Tellegen's
Theorem and Electrical Networks*): with ``a`` the potentials that measure and ``b`` those that drive, a quantity ``I`` changes with
the conductance of an edge by minus the product of the two drops across it, hence with its resistance by the product of the two
currents through it.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from connectivity.landscape.stencil import STEPS, Stencil
from rasters.steps import passed_cells

__all__ = ["edge_products", "edges_gradient", "steps_gradient"]


def edge_products(
    conductance: NDArray[np.float64], one: NDArray[np.float64], two: NDArray[np.float64]
) -> NDArray[np.float64]:
    """(4, height, width) product of the currents that two potentials drive through each edge [A2]; 0 where there is none.

    Parameters
    ----------
    conductance : (4, height, width) float64
        Of the edges, in the order of `STEPS` [S].
    one, two : (height, width) float64
        Potentials [V]; twice the same gives the squared currents, ``dR/dr`` of an effective resistance [ohm per ohm].
    """
    out = np.zeros_like(conductance)
    for k, step in enumerate(STEPS):
        here, there = _ends(one.shape, step)
        drops = (one[there] - one[here]) * (two[there] - two[here])
        out[k][here] = np.where(conductance[k][here] > 0, conductance[k][here] ** 2 * drops, 0.0)
    return out


def edges_gradient(stencil: Stencil, per_ohm: NDArray[np.float64]) -> NDArray[np.float64]:
    """(height, width) change of a quantity per unit of each cell's resistance, through the land of its edges, without fences.

    Parameters
    ----------
    per_ohm : (4, height, width) float64
        Change of the quantity per ohm of each edge; 0 where there is no edge.
    """
    resistance = np.where(stencil.surface.passable, stencil.surface.values, 1.0)
    out, ratio = np.zeros(stencil.shape), stencil.step_ratio()
    harmonic = stencil.edge_rule == "mean_conductance"
    for k, step in enumerate(STEPS[: stencil.neighbours // 2]):
        here, there = _ends(stencil.shape, step)
        per_mean = ratio[k] * per_ohm[k][here]
        for own, other in ((here, there), (there, here)):
            out[own] += per_mean * _slope(resistance[own], resistance[other], harmonic=harmonic)
    return out


def _slope(own: NDArray[np.float64], other: NDArray[np.float64], *, harmonic: bool) -> NDArray[np.float64] | float:
    """Change of the mean of two cells with the first [1]."""
    return 2.0 * (other / (own + other)) ** 2 if harmonic else 0.5


def _ends(shape: tuple[int, ...], step: tuple[int, int]) -> tuple[tuple[slice, slice], tuple[slice, slice]]:
    """First and second cells of the edges of one step."""
    (height, width), (d_row, d_col) = shape, step
    here = slice(0, height - d_row), slice(max(0, -d_col), width - max(0, d_col))
    there = slice(d_row, height), slice(max(0, d_col), width + min(0, d_col))
    return here, there


def steps_gradient(stencil: Stencil, rows: NDArray[np.int32], cols: NDArray[np.int32]) -> NDArray[np.float64]:
    """(height, width) change of a route's cost per unit of each cell's resistance [m], through its land, without fences.

    A step costs its length times the mean over the cells that it passes through (`rasters.steps.passed_cells`).

    Parameters
    ----------
    rows, cols : (n,) int
        Cells of the route, in order.
    """
    resistance, grid = stencil.surface.values, stencil.surface.grid
    harmonic = stencil.edge_rule == "mean_conductance"
    out = np.zeros(stencil.shape)
    for row, col, d_row, d_col in zip(rows[:-1], cols[:-1], np.diff(rows), np.diff(cols), strict=True):
        length_m = math.hypot(d_row * grid.cell_height_m, d_col * grid.cell_width_m)
        passed = [(row + r, col + c, share) for r, c, share in passed_cells((int(d_row), int(d_col)))]
        mean = 1.0 / sum(share / resistance[r, c] for r, c, share in passed)
        for r, c, share in passed:
            out[r, c] += length_m * share * ((mean / resistance[r, c]) ** 2 if harmonic else 1.0)
    return out
