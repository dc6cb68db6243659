"""Small random landscapes with fences, and the slow obvious graph of one, for the tests of this folder."""

from __future__ import annotations

import math

import networkx as nx
import numpy as np
from affine import Affine
from numpy.typing import NDArray
from shapely import LineString

from connectivity.landscape.stencil import EdgeRule, Neighbours, Stencil, build_stencil
from rasters.fence_cuts import cut_edges
from rasters.fence_terms import fence_terms
from rasters.fences import CutEdges, Fence
from rasters.grid import Grid
from rasters.openings import FenceModel
from rasters.surface import ResistanceSurface

OFFSETS = ((0, 1), (1, 0), (1, 1), (1, -1))


def grid_of(shape: tuple[int, int], cell: tuple[float, float] = (100.0, 100.0)) -> Grid:
    """Cells of the given width and height [m]."""
    return Grid("EPSG:6933", Affine(cell[0], 0, 0, 0, -cell[1], shape[0] * cell[1]), shape)


def fence_across(grid: Grid, id: str = "f", north: float = 0.4, south: float = 0.55) -> Fence:
    """A line from beyond the west side to beyond the east side, at shares of the height from the north."""
    _, ymin, xmax, ymax = grid.bounds
    ys = [ymax - share * (ymax - ymin) for share in (north, south)]
    return Fence(id=id, line=LineString([(-1000, ys[0]), (0.37 * xmax, ys[1]), (xmax + 1000, ys[0])]), fence_line=id)


def kappa(permeability: float, half_m: float) -> float:
    """Metres of land that a fence is worth, one of permeability one half being worth ``half_m``."""
    return math.inf if permeability == 0.0 else half_m * (1.0 / permeability - 1.0)


def model_of(fences: tuple[Fence, ...], permeability: float, neighbours: Neighbours = 8) -> FenceModel:
    """The same permeability for all fences."""
    worth = dict.fromkeys((f.id for f in fences), kappa(permeability, 300.0))
    return FenceModel(worth_m=worth, reach_m=250.0, free_path_m=200.0, neighbours=neighbours)


def random_surface(seed: int, grid: Grid, lost: float = 0.12) -> ResistanceSurface:
    """Resistance from 1 to 30; some cells unknown, some impassable."""
    rng = np.random.default_rng(seed)
    values = np.exp(rng.uniform(0, math.log(30), grid.shape))
    kind = rng.random(grid.shape)
    values[kind < lost / 2], values[kind > 1 - lost / 2] = np.nan, np.inf
    return ResistanceSurface.from_array(values, grid)


def fenced(
    surface: ResistanceSurface,
    fences: tuple[Fence, ...],
    permeability: float,
    *,
    neighbours: Neighbours = 8,
    edge_rule: EdgeRule = "mean_resistance",
) -> tuple[Stencil, CutEdges, FenceModel]:
    """A stencil with fences, what they cut, and their model."""
    cuts, model = cut_edges(fences, surface.grid), model_of(fences, permeability, neighbours=neighbours)
    stencil = build_stencil(surface, fence_terms(cuts, surface, model), neighbours=neighbours, edge_rule=edge_rule)
    return stencil, cuts, model


def slow_graph(stencil: Stencil, region: NDArray[np.int32] | None = None) -> nx.Graph:
    """Nodes (row, col), or ("region", number); every edge computed by itself from the words of the documentation.

    ``ohm`` is length / width x edge rule + what the fences add, ``cost`` length x edge rule + what they add; edges in
    parallel between two nodes add their siemens.
    """
    surface, grid = stencil.surface, stencil.surface.grid
    width, height = grid.cell_width_m, grid.cell_height_m
    terms = {
        (int(r), int(c), int(k)): (float(cost), float(ohm))
        for r, c, k, cost, ohm in zip(
            stencil.fence.row,
            stencil.fence.col,
            stencil.fence.step,
            stencil.fence.cost_m,
            stencil.fence.ohm,
            strict=True,
        )
    }
    lengths = [width, height, math.hypot(width, height), math.hypot(width, height)]
    ratios = _ratios(width / height, stencil.neighbours)

    def node(row: int, col: int) -> object:
        number = 0 if region is None else int(region[row, col])
        return ("region", number) if number else (row, col)

    graph = nx.Graph()
    graph.add_nodes_from(node(int(r), int(c)) for r, c in np.argwhere(surface.passable))
    for row, col in np.argwhere(surface.passable):
        for k, (d_row, d_col) in enumerate(OFFSETS[: stencil.neighbours // 2]):
            row2, col2 = int(row) + d_row, int(col) + d_col
            if not (row2 < grid.height and 0 <= col2 < grid.width and surface.passable[row2, col2]):
                continue
            a, b = float(surface.values[row, col]), float(surface.values[row2, col2])
            rule = (a + b) / 2 if stencil.edge_rule == "mean_resistance" else 2 / (1 / a + 1 / b)
            cost, ohm = terms.get((int(row), int(col), k), (0.0, 0.0))
            siemens = 1.0 / (ratios[k] * rule + ohm)
            u, v = node(int(row), int(col)), node(row2, col2)
            if siemens == 0.0 or u == v:
                continue
            if graph.has_edge(u, v):
                graph[u][v]["siemens"] += siemens
                graph[u][v]["cost"] = min(graph[u][v]["cost"], lengths[k] * rule + cost)
            else:
                graph.add_edge(u, v, siemens=siemens, cost=lengths[k] * rule + cost)
    return graph


def _ratios(shape: float, neighbours: int) -> list[float]:
    """Ohm of each step: the siemens that make a field's energy the same in all directions, the diagonal's being given."""
    if neighbours == 4:
        return [shape, 1 / shape, math.nan, math.nan]
    diagonal, sigma = min(shape, 1 / shape) / math.sqrt(2), 1 + math.sqrt(2)
    return [1 / (sigma / shape - 2 * diagonal), 1 / (sigma * shape - 2 * diagonal), 1 / diagonal, 1 / diagonal]


def slow_resistance(graph: nx.Graph, a: object, b: object) -> float:
    """Effective resistance [ohm] by networkx; inf across components."""
    if not nx.has_path(graph, a, b):
        return math.inf
    part = graph.subgraph(nx.node_connected_component(graph, a))
    return float(nx.resistance_distance(part, a, b, weight="siemens", invert_weight=False))
