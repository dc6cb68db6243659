"""How much memory a run of a batch takes, before it is run: from its cells, its layers, and the candidates along its fences."""

from __future__ import annotations

from scenarios.land.inputs import read_fences, study_grid
from scenarios.study.load import ResolvedStudy

__all__ = ["run_bytes"]

BASE_BYTES = 600e6
"""Libraries and compiled kernels, and what a process keeps of earlier runs."""
CELL_BYTES = 480
"""Of the largest part of a run, per cell of the grid."""
LAYER_BYTES = 9
"""Of a layer and its mask, per cell."""
NODES_PER_PLACE = 1.7
"""Nodes of the reduced network for each place along a fence where a passage may be opened; places are a cell apart at least."""
NETWORKS = 7
"""Square tables of the reduced network's nodes that are held at one time."""


def run_bytes(resolved: ResolvedStudy) -> float:
    """Largest memory of one run.

    Notes
    -----
    Measured on the bundled study with tables kept, over cells of 1, 2 and 4 km and one or two fence lines: see the page
    on batches.
    """
    grid, study = study_grid(resolved), resolved.study
    cells = grid.n_cells * (CELL_BYTES + LAYER_BYTES * len(study.layers))
    lines = set(study.fences.active) & set(study.candidates.fence_lines or study.fences.active)
    length = sum(fence.line.length for fence in read_fences(resolved, grid) if fence.fence_line in lines)
    nodes = NODES_PER_PLACE * length / max(study.candidates.every_m, grid.cell_width_m)
    return BASE_BYTES + cells + NETWORKS * 8 * nodes**2
