"""A raster of conductances as a circuit: edges between cells, and polygons whose cells are one node."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from connectivity.kernels.circuit.components import label_nodes
from connectivity.landscape.laplacian import Laplacian
from connectivity.landscape.stencil import EdgeRule, Neighbours, mean_of
from connectivity.modes.pairs import FocalCells
from rasters.arrays import Reals
from rasters.errors import DataError, GridMismatchError
from rasters.fences import STEPS

__all__ = ["CellCircuit", "cell_components", "edge_conductance"]


def edge_conductance(
    conductance: Reals, *, neighbours: Neighbours = 8, edge_rule: EdgeRule = "mean_conductance"
) -> Reals:
    """Conductance between neighbouring square cells, from that of the cells.

    Parameters
    ----------
    conductance : (height, width) float64
        Of each cell [S]; 0 or less where there is none.
    neighbours : {8, 4}
    edge_rule : {"mean_conductance", "mean_resistance"}

    Returns
    -------
    (4, height, width) float64
        [S], a diagonal step being sqrt 2 long.

    Notes
    -----
    A cell without conductance has no edges (McRae, Circuitscape 4).
    """
    out = np.zeros((4, *conductance.shape))
    height, width = conductance.shape
    for k, (d_row, d_col) in enumerate(STEPS[: 2 if neighbours == 4 else 4]):
        here = (slice(0, height - d_row), slice(max(0, -d_col), width - max(0, d_col)))
        there = (slice(d_row, height), slice(max(0, d_col), width + min(0, d_col)))
        a, b = conductance[here], conductance[there]
        both = (a > 0) & (b > 0)
        edge = out[k][here]
        edge[both] = mean_of(a[both], b[both], harmonic=edge_rule == "mean_resistance")
        if d_row and d_col:
            edge /= np.sqrt(2.0)
    return out


@dataclass(frozen=True, slots=True, kw_only=True)
class CellCircuit:
    """Cells, edges and short-circuit polygons, before any source or ground.

    Parameters
    ----------
    conductance : (4, height, width) float64
        Edge conductance [S] in the order of `rasters.fences.STEPS`; 0 = no edge.
    habitat : (height, width) bool
        Cells that conduct.
    polygon : (height, width) int64
        Cells with the same number other than 0 are one node, wherever they lie, with or without habitat, if at least one
        of them has habitat.
    """

    conductance: Reals
    habitat: NDArray[np.bool_]
    polygon: NDArray[np.int64]

    def __post_init__(self) -> None:
        shape = self.habitat.shape
        if self.conductance.shape != (4, *shape) or self.polygon.shape != shape:
            raise GridMismatchError(
                f"conductance {self.conductance.shape} and polygons {self.polygon.shape} do not fit cells of shape {shape}"
            )

    @classmethod
    def of_cells(
        cls,
        conductance: Reals,
        polygon: NDArray[np.integer] | None = None,
        *,
        neighbours: Neighbours = 8,
        edge_rule: EdgeRule = "mean_conductance",
    ) -> CellCircuit:
        """From the (height, width) conductance of the cells; see `edge_conductance`."""
        habitat = conductance > 0
        if not habitat.any():
            raise DataError(
                "no cell conducts: every conductance is 0 or no data; is it the right layer, or is all masked?"
            )
        edges = edge_conductance(conductance, neighbours=neighbours, edge_rule=edge_rule)
        return cls(conductance=edges, habitat=habitat, polygon=_polygon(polygon, habitat.shape))

    @property
    def shape(self) -> tuple[int, int]:
        """(height, width)."""
        height, width = self.habitat.shape
        return height, width

    def joined(self, focal: FocalCells, numbers: Iterable[int]) -> CellCircuit:
        """With each of these focal regions one node, together with every polygon that it touches, in turn."""
        polygon = self.polygon.copy()
        top = int(polygon.max(initial=0))
        for number in numbers:
            cells = focal.cells(number)
            touched = np.unique(polygon[cells])
            touched = touched[touched != 0]
            top += 1
            if touched.size:
                polygon[np.isin(polygon, touched)] = top
            polygon[cells] = top
        return replace(self, polygon=polygon)

    def system(self) -> Laplacian:
        """The linear system, with no ground yet."""
        inside = self.polygon != 0
        labels, place, count = np.unique(self.polygon[inside], return_inverse=True, return_counts=True)
        has_habitat = np.bincount(place, weights=self.habitat[inside], minlength=labels.size) > 0
        number = np.where(has_habitat & (count > 1), np.cumsum(has_habitat & (count > 1)), 0)
        region = np.zeros(self.shape, np.int32)
        region[inside] = number[place]
        return Laplacian(
            conductance=self.conductance,
            active=self.habitat | (region > 0),
            ground=np.zeros(self.shape),
            region=region,
        )


def _polygon(polygon: NDArray[np.integer] | None, shape: tuple[int, ...]) -> NDArray[np.int64]:
    return np.zeros(shape, np.int64) if polygon is None else np.asarray(polygon, np.int64)


def cell_components(system: Laplacian) -> NDArray[np.int32]:
    """Connected component of each cell, joined by edges and regions, numbered from 0; -1 where there is no node."""
    label = np.empty(system.shape, np.int32)
    first = np.full(int(system.region.max(initial=0)) + 1, -1, np.int64)
    label_nodes(np.ascontiguousarray(system.conductance), system.active, system.region, first, label)
    return label
