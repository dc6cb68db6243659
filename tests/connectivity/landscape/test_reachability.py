import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import LineString

from connectivity.focal import FocalRegion
from connectivity.landscape.reachability import reachable_cells
from connectivity.landscape.stencil import build_stencil
from rasters.errors import FocalNodeError
from rasters.fences import Fence
from rasters.surface import ResistanceSurface
from tests.support.landscapes import fence_across, fenced, grid_of, random_surface, slow_graph


@given(st.integers(0, 10**6), st.sampled_from([4, 8]), st.sampled_from([0.0, 1e-9]))
@settings(max_examples=40)
def test_reaches_what_networkx_reaches(seed: int, neighbours: int, permeability: float) -> None:
    grid = grid_of((8, 9))
    stencil, _, _ = fenced(random_surface(seed, grid, 0.7), (fence_across(grid),), permeability, neighbours=neighbours)  # type: ignore[arg-type]
    starts = np.argwhere(stencil.surface.passable)[:: max(1, seed % 7)][:3]
    region = FocalRegion(id="a", rows=starts[:, 0], cols=starts[:, 1], grid=grid)
    graph = slow_graph(stencil)
    reached = set().union(*(nx.node_connected_component(graph, (int(r), int(c))) for r, c in starts))
    found = {(int(r), int(c)) for r, c in np.argwhere(reachable_cells(stencil, region))}
    assert found == reached


def test_a_sealed_fence_is_an_answer() -> None:
    grid = grid_of((10, 10))
    surface = ResistanceSurface.from_array(np.ones(grid.shape), grid)
    stencil, _, _ = fenced(surface, (fence_across(grid),), 0.0)
    north, south = (reachable_cells(stencil, FocalRegion.cell("a", row, 0, grid)) for row in (0, 9))
    assert not (north & south).any()
    assert (north | south).all()


def test_ends_inside_the_grid_are_walked_around() -> None:
    grid = grid_of((10, 10))
    surface = ResistanceSurface.from_array(np.ones(grid.shape), grid)
    short = Fence(id="f", line=LineString([(-500, 500), (900, 500)]))
    stencil, _, _ = fenced(surface, (short,), 0.0)
    assert reachable_cells(stencil, FocalRegion.cell("a", 0, 0, grid)).all()


def test_water_and_unknown_cells_are_not_reached() -> None:
    values = np.ones((3, 5))
    values[:, 1], values[:, 3] = np.inf, np.nan
    grid = grid_of((3, 5))
    stencil = build_stencil(ResistanceSurface.from_array(values, grid))
    assert reachable_cells(stencil, FocalRegion.cell("a", 1, 2, grid)).sum(axis=0).tolist() == [0, 0, 3, 0, 0]
    with pytest.raises(FocalNodeError, match="on a barrier"):
        reachable_cells(stencil, FocalRegion.cell("a", 1, 1, grid))
