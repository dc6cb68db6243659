"""The finest level of the multigrid: the raster itself, its ties to the first coarse level, and that level's operator."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from connectivity.circuit.multigrid.coarse_raster import Places
from connectivity.circuit.multigrid.rows import Buffers, allocate, transposed, with_diagonal
from connectivity.circuit.multigrid.system import GroundRegions
from connectivity.kernels.multigrid import fine, layout, raster_product, weights
from connectivity.kernels.multigrid import special as special_cells
from connectivity.kernels.multigrid.product import Graph, Rows
from connectivity.kernels.multigrid.special import CAPACITY, Raster, Special
from rasters.errors import DataError

__all__ = ["ROUNDS", "FineLevel", "build_fine_level", "split_shape"]

Single = NDArray[np.float32]
Double = NDArray[np.float64]
Int = NDArray[np.int32]
Long = NDArray[np.int64]

ROUNDS = 1
"""Rounds of interpolation from neighbours before what is left is promoted."""
MOST_GROUND = 1e30
"""More ground than this, beside a greatest conductance of one, does not fit single precision."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Links:
    """Special cells of the finest level and their ties to coarse unknowns, by cell and by unknown."""

    cell: Long
    parents: Rows
    children: Rows
    dof: Int
    in_region: Int


@dataclass(frozen=True, slots=True, kw_only=True)
class FineLevel:
    """The raster: conductances, ground, 1 / diagonal and the weights of cells between corners, in the split layout."""

    shape: tuple[int, int]
    scale: float
    g: Single
    ground: Single
    inverse: Single
    line: Single
    links: Links

    def down(self, b: Double, x: Single, out: Single) -> None:
        """Smooth from zero and restrict the residual to ``out`` (n, n_coarse)."""
        width = self.shape[1]
        fine.smooth_down(self.g, self.inverse, b, x)
        out[:, (b.shape[1] - 2) // 2 * (b.shape[3] - 2) :] = 0.0
        fine.restrict_blocks(self.g, self.line, x, out)
        links = self.links
        if links.cell.size:
            residual = np.empty((x.shape[0], links.cell.size), np.float32)
            fine.special_residual(self.g, links.cell, width, x, residual)
            fine.region_residual(self.g, links.cell, links.in_region, width, b, x, residual)
            fine.restrict_special(
                links.children.start, links.children.column, links.children.weight, links.dof, residual, out
            )

    def up(self, b: Double, coarse: Single, x: Single) -> None:
        """Add the coarse correction and smooth."""
        fine.prolong_blocks(self.line, coarse, x)
        links = self.links
        if links.cell.size:
            fine.prolong_special(
                links.cell, links.parents.start, links.parents.column, links.parents.weight, self.shape[1], coarse, x
            )
        smooth = fine.smooth_up_beside_regions if links.in_region.size else fine.smooth_up
        smooth(self.g, self.inverse, b, x)


def split_shape(shape: tuple[int, int]) -> tuple[int, int, int]:
    """Shape of a field of ``shape`` cells in the split layout."""
    height, width = shape
    return 2 * ((height + 1) // 2) + 2, 2, (width + 1) // 2 + 2


def build_fine_level(
    conductance: Double, ground: Double, held: NDArray[np.bool_], regions: GroundRegions, threads: int
) -> tuple[FineLevel, Graph, Places]:
    """Finest level, the graph of the next one, and the places of its unknowns."""
    shape = held.shape[0], held.shape[1]
    scale = conductance_scale(conductance, ground)
    field = split_shape(shape)
    g, leak = np.zeros((4, *field), np.float32), np.zeros(field, np.float32)
    layout.split_system(conductance, ground, held, scale, g, leak)
    kind, inverse = np.zeros(field, np.int8), np.zeros(field, np.float32)
    raster = Raster(
        g=g,
        ground=leak,
        kind=kind,
        strongest=np.zeros(field, np.float32),
        line=np.zeros((4, field[0] // 2 + 1, field[2]), np.float32),
        centre=np.zeros((4, field[0] // 2 + 1, field[2]), np.float32),
    )
    layout.classify_cells(g, leak, regions.mask(shape), kind, inverse, raster.strongest)
    weights.line_weights(g, kind, raster.strongest, raster.line)
    weights.centre_weights(g, kind, raster.strongest, raster.line, raster.centre)
    special, n_coarse = _tie_special(raster, regions, shape)
    parents = _special_rows(special)
    children = transposed(parents, n_coarse)
    graph = _first_graph(raster, special, children, threads)
    level = FineLevel(
        shape=shape,
        scale=scale,
        g=g,
        ground=_one_row_if_zero(leak),
        inverse=inverse,
        line=raster.line,
        links=_links(special, parents, n_coarse),
    )
    return level, graph, _places(special, raster, n_coarse)


def _one_row_if_zero(ground: Single) -> Single:
    """Ground of the finest level; one row stands for all where there is none."""
    return ground if ground.any() else np.zeros_like(ground[:1])


def conductance_scale(conductance: Double, ground: Double) -> float:
    """Power of two that brings the largest conductance to about one."""
    rows = np.empty((conductance.shape[1], 2))
    layout.conductance_range(conductance, rows)
    least, most = float(rows[:, 0].min(initial=np.inf)), float(rows[:, 1].max(initial=0.0))
    if most == 0.0:
        return 1.0
    if not np.isfinite(most):
        raise DataError("a conductance is infinite; short the two cells into one region instead")
    scale = 2.0 ** -np.floor(np.log2(most))
    if least * scale < 1.2e-38:
        raise DataError(
            f"conductances from {least:g} to {most:g} span more than 38 decades; treat the weakest as closed"
        )
    if (strongest := float(ground.max(initial=0.0, where=np.isfinite(ground)))) * scale > MOST_GROUND:
        raise DataError(f"ground of {strongest:g} S beside conductances of {most:g} S: write inf to hold a cell at 0 V")
    return scale


def _tie_special(raster: Raster, regions: GroundRegions, shape: tuple[int, int]) -> tuple[Special, int]:
    plain = np.zeros((1, *shape), np.int8)
    layout.merge_field(raster.kind[None], plain)
    cell = np.flatnonzero(plain[0] > layout.REGULAR)
    special = Special(
        cell=cell,
        row_start=np.searchsorted(cell, np.arange(shape[0] + 1) * shape[1]).astype(np.int32),
        width=shape[1],
        parent=np.zeros((cell.size, CAPACITY), np.int32),
        weight=np.zeros((cell.size, CAPACITY), np.float32),
        n_parent=np.zeros(cell.size, np.int8),
        stage=np.zeros(cell.size, np.int8),
    )
    n_corner = (raster.kind.shape[0] - 2) // 2 * (raster.kind.shape[2] - 2)
    member = np.searchsorted(cell, regions.cell)
    special.parent[member, 0] = n_corner + regions.number
    special.weight[member, 0] = 1.0
    special.n_parent[member] = 1
    special.stage[member] = 1
    special_cells.special_lines(raster, special)
    n_coarse, now = n_corner + regions.count, 3
    while (special.stage == 0).any():
        for _ in range(ROUNDS):
            special_cells.special_rest(raster, special, now)
            now += 1
        n_coarse = special_cells.promote_special(raster, special, now, n_coarse)
        now += 1
    return special, n_coarse


def _special_rows(special: Special) -> Rows:
    start = np.concatenate([[0], np.cumsum(special.n_parent, dtype=np.int64)]).astype(np.int32)
    taken = np.arange(CAPACITY) < special.n_parent[:, None]
    return Rows(start=start, column=special.parent[taken], weight=special.weight[taken])


def _first_graph(raster: Raster, special: Special, children: Rows, threads: int) -> Graph:
    """The coarse operator of the raster: plain corners by elements, the others row by row."""
    n_coarse, rows, cols = children.start.size - 1, raster.line.shape[1] - 2, raster.line.shape[2] - 2
    element = np.zeros((6, rows + 2, cols + 2), np.float32)
    raster_product.element_couplings(raster, element)
    plain = np.zeros(n_coarse, np.bool_)
    plain[: rows * cols] = True
    raster_product.find_plain(special.cell, special.width, rows, cols, plain)
    size = np.zeros(n_coarse, np.int32)
    raster_product.plain_sizes(element, plain, size)
    others = np.flatnonzero(~plain).astype(np.int32)
    buffers = Buffers(others.size, threads, 12 * others.size)
    p = _parents_around(raster, special)
    while buffers.wanting:
        raster_product.special_rows(raster, p, special, children, others, *buffers.arrays())
    size[others] = buffers.size
    start, column, coupling = allocate(size)
    raster_product.plain_rows(element, plain, start, column, coupling)
    buffers.copy_to(others, start, column, coupling)
    ground = np.zeros(n_coarse, np.float32)
    if raster.ground.any():
        terms = np.zeros_like(raster.ground)
        grounded = raster.ground.any(axis=(1, 2))
        raster_product.ground_terms(raster.g, raster.ground, raster.kind, grounded, _shape(special), terms)
        raster_product.restrict_ground(raster, terms, terms.any(axis=(1, 2)), special, children, ground)
    return with_diagonal(start, column, coupling, ground)


def _parents_around(raster: Raster, special: Special) -> Rows:
    """Parents of the cells around special ones, by flat cell."""
    height, width = _shape(special)
    needed, size = np.zeros(height * width, np.int8), np.zeros(height * width, np.int32)
    raster_product.mark_around(special.cell, (height, width), needed)
    raster_product.count_parents(raster, special, needed, size)
    start, column, weight = allocate(size)
    raster_product.write_parents(raster, special, needed, start, column, weight)
    return Rows(start=start, column=column, weight=weight)


def _shape(special: Special) -> tuple[int, int]:
    return special.row_start.size - 1, special.width


def _links(special: Special, parents: Rows, n_coarse: int) -> Links:
    """What the cycle needs of the special cells: not those at block centres, which the smoother sets."""
    row, col = np.divmod(special.cell, special.width)
    in_region = special.stage == 1
    keep = in_region | (row % 2 == 0) | (col % 2 == 0)
    kept_entry = np.repeat(keep, special.n_parent)
    start = np.concatenate([[0], np.cumsum(special.n_parent[keep], dtype=np.int64)]).astype(np.int32)
    rows = Rows(start=start, column=parents.column[kept_entry], weight=parents.weight[kept_entry])
    by_dof = transposed(rows, n_coarse)
    dof = np.flatnonzero(np.diff(by_dof.start)).astype(np.int32)
    children = Rows(
        start=np.append(by_dof.start[dof], by_dof.start[-1]).astype(np.int32),
        column=by_dof.column,
        weight=by_dof.weight,
    )
    return Links(
        cell=special.cell[keep],
        parents=rows,
        children=children,
        dof=dof,
        in_region=np.flatnonzero(in_region[keep]).astype(np.int32),
    )


def _places(special: Special, raster: Raster, n_coarse: int) -> Places:
    """Of the coarse unknowns on their own level: corners, then regions and promoted cells."""
    rows, cols = (raster.kind.shape[0] - 2) // 2, raster.kind.shape[2] - 2
    n_corner = rows * cols
    row, col = np.empty(n_coarse, np.int32), np.empty(n_coarse, np.int32)
    row[:n_corner] = np.repeat(np.arange(rows, dtype=np.int32), cols)
    col[:n_corner] = np.tile(np.arange(cols, dtype=np.int32), rows)
    own = np.flatnonzero((special.n_parent == 1) & (special.parent[:, 0] >= n_corner))[::-1]
    dof = special.parent[own, 0]
    row[dof] = special.cell[own] // special.width // 2
    col[dof] = special.cell[own] % special.width // 2
    return Places(row=row, col=col, gridded=np.arange(n_coarse) < n_corner, n_main=n_corner)
