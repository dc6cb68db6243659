"""Small landscapes with everything in them, and their reduction by a sparse factorisation."""

from __future__ import annotations

import numpy as np
from scipy import sparse
from scipy.sparse.linalg import splu

from connectivity.landscape.laplacian import Laplacian, node_graph
from rasters.fences import STEPS


def landscape(edges, active=None, ground=None, region=None):
    """System from (4, H, W) conductances; edges that leave the active cells are taken out."""
    shape = edges.shape[1:]
    active = np.ones(shape, bool) if active is None else active
    edges = edges.copy()
    ringed = np.pad(active, 1)
    for k, (d_row, d_col) in enumerate(STEPS):
        there = ringed[1 + d_row : 1 + d_row + shape[0], 1 + d_col : 1 + d_col + shape[1]]
        edges[k][~(active & there)] = 0.0
    return Laplacian(
        conductance=edges,
        active=active,
        ground=np.zeros(shape) if ground is None else ground,
        region=np.zeros(shape, np.int32) if region is None else region,
    )


def random_landscape(seed, height, width, holes=0.2, cuts=0.2, regions=0, grounded=0.0, held=0, kept=5):
    """Landscape with holes, closed edges, scattered regions, ground; and cells to keep."""
    rng = np.random.default_rng(seed)
    active = rng.random((height, width)) >= holes
    active[rng.integers(height), rng.integers(width)] = True
    edges = rng.uniform(0.1, 3.0, (4, height, width)) * (rng.random((4, height, width)) >= cuts)
    cells = rng.permutation(np.argwhere(active))
    region = np.zeros((height, width), np.int32)
    ground = np.where(active & (rng.random((height, width)) < grounded), rng.uniform(0.01, 1.0, (height, width)), 0.0)
    for k, (row, col) in enumerate(cells[: 3 * regions]):
        region[row, col] = 1 + 2 * (k % max(regions, 1))
    for row, col in cells[3 * regions : 3 * regions + held]:
        ground[row, col] = np.inf
    keep = np.zeros((height, width), bool)
    for row, col in cells[rng.integers(len(cells), size=kept)]:
        keep[row, col] = True
    return landscape(edges, active, ground, region), keep


def schur_complement(system, network):
    """The same by a sparse factorisation: conductances between kept nodes, and to ground."""
    graph = node_graph(system)
    kept = [int(graph.node[row, col]) for row, col in network.cell]
    held = np.isinf(graph.ground)
    laplacian = sparse.diags_array(graph.weight.sum(axis=1) + np.where(held, 0.0, graph.ground)) - graph.weight
    regular = np.isin(graph.component, graph.component[[*kept, *np.flatnonzero(graph.ground)]])
    rest = np.setdiff1d(np.flatnonzero(regular & ~held), kept)
    matrix = laplacian.tocsc()
    schur = matrix[kept][:, kept].toarray()
    if rest.size:
        across = matrix[rest][:, kept].toarray()
        schur = schur - across.T @ splu(matrix[rest][:, rest].tocsc()).solve(across)
    conductance = -schur
    np.fill_diagonal(conductance, 0.0)
    return conductance, np.where(held[kept], np.inf, schur.sum(axis=1))
