import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from skimage.measure import label

from connectivity.landscape.windows import Window, crop_region, crop_stencil, window_around, window_of
from connectivity.least_cost.corridors import Corridor, band_around, corridor, corridor_mosaic, within_excess
from connectivity.least_cost.cost_distance import cost_weighted_distances
from connectivity.least_cost.paths import least_cost_path
from connectivity.network.links import CorridorNetwork, Link, build_network
from rasters.errors import DataError
from tests.support.small import block, cell, fence_across, random_values, stencil_of, with_fence


def random_network(seed: int) -> CorridorNetwork:
    stencil = stencil_of(random_values(seed))
    spots = np.random.default_rng(seed).permutation(np.flatnonzero(stencil.surface.passable))[:3]
    cores = [cell(f"c{i}", *divmod(int(s), stencil.shape[1]), stencil) for i, s in enumerate(spots)]
    return build_network(stencil, cores, adjacency=["all"])


def link_corridor(network: CorridorNetwork, link: Link) -> Corridor:
    return corridor(network.distance_from(link.a), network.distance_from(link.b))


@given(st.integers(0, 80))
def test_mosaic_is_the_minimum_and_knows_whose_it_is(seed: int) -> None:
    network = random_network(seed)
    mosaic = corridor_mosaic(link_corridor(network, k) for k in network.kept)
    single = np.stack([link_corridor(network, k).excess_m for k in network.kept])
    nodata = network.stencil.surface.nodata
    assert np.isnan(mosaic.excess_m[nodata]).all()
    assert np.array_equal(mosaic.excess_m[~nodata], single.min(axis=0)[~nodata])
    there = np.isfinite(mosaic.excess_m)
    rows, cols = np.nonzero(there)
    assert np.array_equal(single[mosaic.link[there], rows, cols], mosaic.excess_m[there])
    assert mosaic.links == tuple((k.a, k.b) for k in network.kept)
    for k in network.kept:
        assert (mosaic.excess_m[k.path.rows, k.path.cols] == 0).all()


def test_a_mosaic_needs_a_corridor() -> None:
    with pytest.raises(DataError, match="at least one corridor"):
        corridor_mosaic([])


@given(st.integers(0, 80), st.floats(0.0, 5e4))
def test_a_truncated_corridor_hangs_together(seed: int, limit: float) -> None:
    network = random_network(seed)
    link = network.kept[0]
    mask = within_excess(link_corridor(network, link).excess_m, limit)
    assert mask[link.path.rows, link.path.cols].all()
    assert label(mask, connectivity=2).max() == 1
    everywhere = within_excess(link_corridor(network, link).excess_m, math.inf)
    assert np.array_equal(everywhere, np.isfinite(link_corridor(network, link).excess_m))
    with pytest.raises(DataError, match="must be >= 0"):
        within_excess(link_corridor(network, link).excess_m, -1.0)


def test_band_is_as_wide_as_asked_and_stays_on_its_shore() -> None:
    values = np.ones((11, 30))
    values[7, :] = np.inf
    stencil = stencil_of(values)
    ends = [cell("a", 5, 2, stencil), cell("b", 5, 27, stencil)]
    path = least_cost_path(cost_weighted_distances(stencil, ends)[0], ends[1])
    band = band_around(path, 600.0, stencil.surface.passable)
    assert band[:, 15].tolist() == [False, False, True, True, True, True, True, False, False, False, False]
    assert not band[8:].any()
    with pytest.raises(DataError, match="width must be > 0"):
        band_around(path, 0.0, stencil.surface.passable)


@given(st.integers(0, 60))
def test_a_cropped_stencil_has_the_same_edges(seed: int) -> None:
    stencil = stencil_of(random_values(seed))
    fenced = with_fence(stencil, fence_across(stencil.surface.grid, 8.0), 700.0)
    window = Window(row=2, col=3, height=9, width=10)
    part = crop_stencil(fenced, window)
    whole = fenced.cost()[:, 2:11, 3:13].copy()
    assert np.array_equal(part.cost()[0, :, :-1], whole[0, :, :-1])
    assert np.array_equal(part.cost()[1, :-1], whole[1, :-1])
    assert np.array_equal(part.cost()[2, :-1, :-1], whole[2, :-1, :-1])
    assert np.array_equal(part.cost()[3, :-1, 1:], whole[3, :-1, 1:])
    x, y = fenced.surface.grid.xy(2, 3)
    assert part.surface.grid.cell_at(x=float(x), y=float(y)) == (0, 0)


def test_windows_hold_what_they_should() -> None:
    stencil = stencil_of(np.ones((20, 30)))
    region = block("a", slice(5, 7), slice(0, 3), stencil.surface.grid)
    assert window_of(region.mask) == Window(row=5, col=0, height=2, width=3)
    window = window_around(region, 250.0)
    assert (window.row, window.col, window.height, window.width) == (2, 0, 8, 6)
    assert crop_region(region, window).rows.tolist() == [3, 3, 3, 4, 4, 4]
    values = window.spread(np.ones((8, 6)), stencil.surface.grid, fill=-1.0)
    assert (values == 1).sum() == 48
    with pytest.raises(DataError, match="mask is empty"):
        window_of(np.zeros((3, 3), bool))
