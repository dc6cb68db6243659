"""Steps between neighbouring cells: length, width of the strip that each stands for, and how well a lattice of them conducts.

A sheet of resistance 1 is a lattice of resistors of *step ratio* ohm, length over width of the strip. Along a potential
that rises by ``E`` per metre the current per metre of section is ``sigma E`` with ``sigma`` siemens: 1 with four
neighbours, 1 + sqrt 2 with eight (the four of Circuitscape and its diagonals of sqrt 2 ohm besides).

With eight neighbours oblong cells ``w`` wide and ``h`` high keep this in every direction if the siemens of the steps are
``g_east + 2 g_diagonal = sigma h / w`` and ``g_south + 2 g_diagonal = sigma w / h``. The diagonal is chosen as
``min(w / h, h / w) / sqrt 2``: with it no step is ever negative, and the longer of the straight steps has the ratio that it
has with four neighbours.
"""

from __future__ import annotations

import itertools
import math
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from rasters.grid import Grid

__all__ = ["FAR_STEPS", "STEPS", "Neighbours", "conductivity", "passed_cells", "step_ratio", "step_vectors_m"]

Neighbours = Literal[4, 8]

STEPS: tuple[tuple[int, int], ...] = ((0, 1), (1, 0), (1, 1), (1, -1))
"""(row, col) offset from an edge's first cell to its second: east, south, south-east, south-west."""

KNIGHTS = ((1, 2), (2, 1), (2, -1), (1, -2))
FAR_STEPS: dict[int, tuple[tuple[int, int], ...]] = {
    16: KNIGHTS,
    32: (*KNIGHTS, (1, 3), (3, 1), (3, -1), (1, -3), (2, 3), (3, 2), (3, -2), (2, -3)),
}
"""Number of neighbours in least cost -> steps beyond `STEPS`."""


def conductivity(neighbours: Neighbours) -> float:
    """Siemens that a square of land of resistance 1 has between opposite sides [S]."""
    return 1.0 if neighbours == 4 else 1.0 + math.sqrt(2.0)


def step_vectors_m(grid: Grid) -> NDArray[np.float64]:
    """(4, 2) each step as x eastwards, y northwards [m]."""
    return np.array([(col * grid.cell_width_m, -row * grid.cell_height_m) for row, col in STEPS])


def step_ratio(grid: Grid, neighbours: Neighbours) -> NDArray[np.float64]:
    """(4,) length over width of each step's strip [1]: ohm of a step through land of resistance 1.

    On square cells 1 and sqrt 2. With four neighbours the diagonals, which are then no steps, get sqrt 2 as well.
    """
    shape = grid.cell_width_m / grid.cell_height_m
    if neighbours == 4:
        return np.array([shape, 1.0 / shape, math.sqrt(2.0), math.sqrt(2.0)])
    oblong = max(shape, 1.0 / shape)
    shorter = 1.0 / (oblong + math.sqrt(2.0) * (oblong - 1.0 / oblong))
    straight = [oblong, shorter] if shape >= 1.0 else [shorter, oblong]
    return np.array([*straight, math.sqrt(2.0) * oblong, math.sqrt(2.0) * oblong])


def passed_cells(step: tuple[int, int]) -> list[tuple[int, int, float]]:
    """Cells (row, col from the first one) that the straight line of a step passes through, and its share in each."""
    row, col = step
    at = {0.0, 1.0}
    for size in (abs(row), abs(col)):
        at |= {(i + 0.5) / size for i in range(size)}
    cuts = sorted(at)
    out = []
    for before, after in itertools.pairwise(cuts):
        middle = 0.5 * (before + after)
        if after - before > 1e-12:
            out.append((math.floor(middle * row + 0.5), math.floor(middle * col + 0.5), after - before))
    return out
