"""The landscape seen from a few cells: exact reduction to a small network.

Everything but the kept nodes is eliminated once, by nested dissection; what remains is the exact network of conductances
between them (Kron reduction: Doerfler and Bullo, IEEE Trans. Circuits Syst. I 60, 2013). From it come all pairs'
effective resistances and the exact value of every set of openings, by small dense algebra.
"""

from __future__ import annotations

import time

import numpy as np
from numpy.typing import NDArray

from connectivity.kernels.dissection.front import NONE, PLAIN
from connectivity.kernels.dissection.network import first_bad_edge, network_components
from connectivity.landscape.laplacian import Laplacian
from connectivity.machine import available_bytes, usable_threads
from connectivity.reduction.dense import unpack_network
from connectivity.reduction.dissection import Branch, ReducibleLandscape, dissect_landscape, peak_bytes, plan_tree
from connectivity.reduction.network import ReducedNetwork
from connectivity.report import SolveReport
from rasters.errors import DataError, FocalNodeError, GridMismatchError, MemoryBudgetError

__all__ = ["reduce_landscape"]


def reduce_landscape(
    system: Laplacian,
    keep: NDArray[np.generic],
    *,
    threads: int | None = None,
    memory_bytes: int | None = None,
) -> ReducedNetwork:
    """Eliminate every node of a landscape but the kept ones, exactly.

    Parameters
    ----------
    system : Laplacian
    keep : (height, width) bool
        Cells to keep (nonzero). Every region of the system is kept too, as one node, wherever its cells lie.
    threads : int, optional
        Default: the processors that this process may use. The result has the same bits for any number.
    memory_bytes : int, optional
        What the reduction may hold at one time beyond its input. Default: what the machine has left.

    Returns
    -------
    ReducedNetwork
        Regions first, by number, then the other kept cells, row by row.

    Raises
    ------
    FocalNodeError
        For a kept cell that is no node.
    DataError
        For an edge that is negative, infinite or not a number, and when nothing is kept.
    MemoryBudgetError
        Before any work, when the fronts would not fit.

    Notes
    -----
    A finite ground stays, as each node's effective conductance to ground. A cell held at 0 V (infinite ground) that is
    not kept is part of the ground; a kept one stays a node with infinite ground. A node that nothing joins to any kept
    node or to ground carries no current and drops out by itself. Conductances are computed without a subtraction, so
    that a link 1e12 times weaker than its neighbours keeps its digits. A raster of n by n cells takes of the order of
    ``n**3`` operations and some hundred bytes per cell.

    Examples
    --------
    Three cells in a row, 1 S and 1 S in series:

    >>> edges = np.zeros((4, 1, 3))
    >>> edges[0, 0, :2] = 1.0
    >>> none = np.zeros((1, 3))
    >>> row = Laplacian(conductance=edges, active=none == 0, ground=none, region=none.astype(np.int32))
    >>> network = reduce_landscape(row, np.array([[True, False, True]]))
    >>> round(float(network.conductance[0, 1]), 12)
    0.5
    """
    begin = time.perf_counter()
    land, cells, kept_region, looked_up = _landscape(system, np.asarray(keep))
    threads = usable_threads() if threads is None else max(int(threads), 1)
    tree = plan_tree(land)
    need = _check_memory(land, tree, threads, memory_bytes)
    planned = time.perf_counter()
    done = dissect_landscape(land, tree, threads)
    matrix = unpack_network(done.ids, done.packed, land.n_kept + 1)
    ground = matrix[:-1, -1].copy()
    ground[_held_nodes(system, land)] = np.inf
    conductance = np.ascontiguousarray(matrix[:-1, :-1])
    component = np.empty(land.n_kept, np.int32)
    n_component = network_components(conductance, component)
    report = SolveReport(
        method="nested-dissection",
        n_unknowns=int(np.count_nonzero(land.node == PLAIN)),
        n_components=int(n_component),
        levels=done.levels,
        setup_s=planned - begin,
        solve_s=time.perf_counter() - planned,
        bytes_peak=need,
        note=f"{land.n_kept} nodes kept, {threads} threads; bytes_peak is the bound checked before the run",
    )
    return ReducedNetwork(
        shape=system.shape,
        cell=cells,
        region=kept_region,
        lookup=looked_up,
        conductance=conductance,
        ground=ground,
        component=component,
        report=report,
    )


def _landscape(
    system: Laplacian, keep: NDArray[np.generic]
) -> tuple[ReducibleLandscape, NDArray[np.int32], NDArray[np.int32], NDArray[np.int64]]:
    """Number the kept nodes: the kernels' view, their cells (k, 2), regions (k,), and (cell, node) to look up."""
    if keep.shape != system.shape:
        raise GridMismatchError(f"keep has shape {keep.shape}, the landscape {system.shape}; give one flag per cell")
    _check_edges(system)
    node = np.where(system.active, np.int32(PLAIN), np.int32(NONE))
    flat = node.reshape(-1)
    in_region = np.flatnonzero(system.region > 0)
    numbers, first, owner = np.unique(system.region.reshape(-1)[in_region], return_index=True, return_inverse=True)
    single = np.flatnonzero((keep != 0) & (system.region <= 0))
    _check_kept(single, flat, system.shape[1])
    n_kept = numbers.size + single.size
    if n_kept == 0:
        raise DataError(
            "nothing to keep: keep marks no cell and the landscape has no region; mark the cells of interest"
        )
    if n_kept + 1 + flat.size >= 2**31:
        raise DataError(f"{flat.size} cells and {n_kept} kept nodes are more than 2**31; reduce the raster in parts")
    flat[in_region] = owner
    flat[single] = numbers.size + np.arange(single.size)
    held = np.flatnonzero(np.isinf(system.ground))
    flat[held[flat[held] == PLAIN]] = n_kept
    place = np.concatenate([in_region[first], single])
    cells = np.stack(np.divmod(place, system.shape[1]), axis=1).astype(np.int32)
    region = np.concatenate([numbers, np.zeros(single.size, np.int32)]).astype(np.int32)
    known = np.concatenate([in_region, single])
    order = np.argsort(known)
    lookup = np.stack([known[order], flat[known[order]]])
    land = ReducibleLandscape(
        conductance=np.ascontiguousarray(system.conductance, np.float64),
        ground=np.ascontiguousarray(system.ground, np.float64),
        node=node,
        n_kept=n_kept,
    )
    return land, cells, region, lookup


def _check_edges(system: Laplacian) -> None:
    bad = first_bad_edge(np.ascontiguousarray(system.conductance))
    if bad >= 0:
        step, row, col = np.unravel_index(bad, system.conductance.shape)
        value = system.conductance[step, row, col]
        raise DataError(
            f"edge {('east', 'south', 'south-east', 'south-west')[step]} of cell ({row}, {col}) has conductance {value}; "
            "it must be finite and >= 0 (join cells into a region instead of an infinite conductance)"
        )


def _check_kept(single: NDArray[np.intp], node: NDArray[np.int32], width: int) -> None:
    missing = single[node[single] == NONE]
    if missing.size:
        row, col = divmod(int(missing[0]), width)
        raise FocalNodeError(
            f"{missing.size} cells to keep are no nodes (no data or barrier), the first at row {row}, col {col}; "
            "move or drop them"
        )


def _held_nodes(system: Laplacian, land: ReducibleLandscape) -> NDArray[np.int32]:
    """Kept nodes with a cell held at 0 V."""
    node = land.node[np.isinf(system.ground)]
    held: NDArray[np.int32] = np.unique(node[(node >= 0) & (node < land.n_kept)])
    return held


def _check_memory(land: ReducibleLandscape, tree: Branch, threads: int, memory_bytes: int | None) -> int:
    need = peak_bytes(land, tree, threads) + 8 * 3 * (land.n_kept + 1) ** 2
    limit = available_bytes() if memory_bytes is None else memory_bytes
    if limit is not None and need > limit:
        raise MemoryBudgetError(
            f"reducing {land.node.shape[0]} x {land.node.shape[1]} cells to {land.n_kept} nodes needs about "
            f"{need / 2**30:.2f} GiB beyond its input and {limit / 2**30:.2f} GiB are left; keep fewer cells, use fewer "
            "threads or a coarser raster"
        )
    return need
