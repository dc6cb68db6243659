"""Moving windows against closed forms, a slow version from the definitions, and laws."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from connectivity.landscape.stencil import STEPS, build_stencil
from connectivity.modes.cell_circuit import edge_conductance
from connectivity.moving_window.circuit import window_circuit
from connectivity.moving_window.landscape import Condition, WindowLandscape, WindowSettings, _most_frequent
from connectivity.moving_window.tiles import moving_window, plan_tiles, solve_tile
from connectivity.moving_window.window import artifact_factor
from rasters.arrays import Reals
from rasters.errors import DataError, GridMismatchError
from rasters.fences import FenceTerms
from rasters.grid import Grid
from rasters.surface import ResistanceSurface


def landscape_of(seed: int, shape: tuple[int, int] = (13, 11), holes: float = 0.1) -> WindowLandscape:
    rng = np.random.default_rng(seed)
    conductance = np.where(rng.uniform(size=shape) < holes, 0.0, 1 / np.exp(rng.uniform(0, 4, shape)))
    source = np.where(rng.uniform(size=shape) < 0.2, 0.0, rng.uniform(0, 1, shape))
    return WindowLandscape.of_cells(conductance, source)


def slow_currents(edges: Reals, inside: NDArray[np.bool_], target: tuple[int, int], amps: Reals) -> Reals:
    """Node currents from the dense matrix of the target's component."""
    n, width = inside.size, inside.shape[1]
    weight = np.zeros((n, n))
    for k, (d_row, d_col) in enumerate(STEPS):
        for row, col in np.argwhere(edges[k] > 0):
            if inside[row, col] and inside[row + d_row, col + d_col]:
                a, b = row * width + col, (row + d_row) * width + col + d_col
                weight[a, b] += edges[k, row, col]
                weight[b, a] += edges[k, row, col]
    ground = target[0] * width + target[1]
    joined, seen = [ground], {ground}
    for node in joined:
        new = [i for i in np.flatnonzero(weight[node]) if i not in seen]
        joined += new
        seen.update(new)
    load = np.zeros(n)
    load[joined] = amps.ravel()[joined]
    free = joined[1:]
    volts = np.zeros(n)
    volts[free] = np.linalg.solve((np.diag(weight.sum(1)) - weight)[np.ix_(free, free)], load[free])
    flow = weight * (volts[:, None] - volts)
    flow[np.ix_([i for i in range(n) if i not in seen], range(n))] = 0.0
    return np.maximum(np.clip(flow, 0, None).sum(1), np.clip(-flow, 0, None).sum(1)).reshape(inside.shape)


def slow_sum(land: WindowLandscape, s: WindowSettings, uniform: bool = False) -> Reals:
    """Every target on the whole raster, masked by distance; no artifact correction."""
    out = np.zeros(land.shape)
    row, col = np.indices(land.shape)
    ones = edge_conductance(np.ones(land.shape), neighbours=s.neighbours)
    half = s.half_block
    for r in range(half, land.shape[0] - half, s.block):
        for c in range(half, land.shape[1] - half, s.block):
            away = np.hypot(row - r, col - c)
            total = land.source[r - half : r + half + 1, c - half : c + half + 1].sum()
            amps = np.where(away <= s.radius, land.source, 0.0)
            up, aside = (s.reach, s.reach) if s.cut_block_as_omniscape else (r, c)
            if s.cut_block_as_omniscape:
                up, aside = max(r - s.reach, 0) + up, max(c - s.reach, 0) + aside
            amps[(abs(row - up) <= half) & (abs(col - aside) <= half)] = 0.0
            if total <= 0 or amps.sum() <= 0:
                continue
            amps *= total / amps.sum()
            square = (abs(row - r) <= s.reach) & (abs(col - c) <= s.reach)
            if uniform:
                out += slow_currents(ones, square, (r, c), amps)
            elif land.active[r, c]:
                out += slow_currents(land.conductance, land.active & (away <= s.radius + s.buffer), (r, c), amps)
    return out


def test_a_row_of_cells_by_hand() -> None:
    """Each target draws 1 A, a quarter from each of four cells."""
    land = WindowLandscape.of_cells(np.ones((1, 12)), np.ones((1, 12)))
    found = moving_window(land, WindowSettings(radius=2))
    assert found.current[0, 4:8] == pytest.approx(1 + 2 * 0.5 + 2 * 0.25)
    assert found.solved == 12


@pytest.mark.parametrize(
    "given_settings",
    [
        WindowSettings(radius=3),
        WindowSettings(radius=2.6, buffer=1.5, correct_artifacts=False, flow_potential=True),
        WindowSettings(radius=3, block=3, correct_artifacts=False, flow_potential=True),
        WindowSettings(radius=3, block=3, correct_artifacts=False, cut_block_as_omniscape=True, buffer=1),
    ],
    ids=["plain", "buffer", "block", "omniscape"],
)
def test_agrees_with_the_slow_version(given_settings: WindowSettings) -> None:
    land = landscape_of(3)
    found = moving_window(land, given_settings)
    assert found.current == pytest.approx(slow_sum(land, given_settings), rel=1e-6, abs=1e-9)
    if found.flow_potential is not None:
        assert found.flow_potential == pytest.approx(slow_sum(land, given_settings, uniform=True), rel=1e-6, abs=1e-9)


def test_four_neighbours() -> None:
    cells = 1 / np.exp(np.random.default_rng(1).uniform(0, 3, (9, 9)))
    land = WindowLandscape.of_cells(cells, np.ones((9, 9)), neighbours=4)
    four = WindowSettings(radius=3, neighbours=4)
    assert moving_window(land, four).current == pytest.approx(slow_sum(land, four), rel=1e-6)


@settings(max_examples=15)
@given(seed=st.integers(0, 10_000), core=st.integers(1, 20), threads=st.integers(1, 3))
def test_tiles_and_threads_do_not_matter(seed: int, core: int, threads: int) -> None:
    land = landscape_of(seed, (17, 14))
    window = WindowSettings(radius=4, block=3, flow_potential=True)
    whole, cut = moving_window(land, window), moving_window(land, window, core=core, threads=threads)
    assert cut.current == pytest.approx(whole.current, rel=1e-9, abs=1e-12)
    assert cut.solved == whole.solved
    again = moving_window(land, window, core=core)
    assert np.array_equal(again.current, cut.current)
    assert again.flow_potential is not None and cut.flow_potential is not None
    assert np.array_equal(again.flow_potential, cut.flow_potential)


def test_every_target_is_in_one_tile() -> None:
    window = WindowSettings(radius=5, block=3)
    tiles = plan_tiles((40, 31), window, core=10)
    targets = [(r, c) for tile in tiles for r in tile.rows for c in tile.cols]
    assert sorted(targets) == [(r, c) for r in range(1, 39, 3) for c in range(1, 30, 3)]
    assert [tile.index for tile in tiles] == list(range(len(tiles)))
    assert sum(tile.size for tile in tiles) == len(targets)


def fenced(gap: bool) -> WindowLandscape:
    """A fence between columns 5 and 6, with diagonals; with a gap between rows 7 and 8 or without."""
    rows = np.arange(15, dtype=np.int32)
    edges = [(r, 5, 0) for r in rows] + [(r, 5, 2) for r in rows[:-1]] + [(r, 6, 3) for r in rows[:-1]]
    row, col, step = np.array([e for e in edges if not (gap and e[0] == 7 and e[2] == 0)]).T
    closed = np.full(row.size, np.inf)
    terms = FenceTerms(
        row=row.astype(np.int32), col=col.astype(np.int32), step=step.astype(np.int8), cost_m=closed, ohm=closed
    )
    from affine import Affine

    grid = Grid("EPSG:6933", Affine(1000, 0, 0, 0, -1000, 0), (15, 12))
    resistance = np.random.default_rng(5).uniform(1, 3, grid.shape)
    return WindowLandscape.of_stencil(
        build_stencil(ResistanceSurface.from_array(resistance, grid), terms), 1 / resistance
    )


def test_a_closed_fence_is_not_crossed() -> None:
    window = WindowSettings(radius=4)
    land = fenced(gap=False)
    found = moving_window(land, window).current
    assert found == pytest.approx(slow_sum(land, window), rel=1e-6)
    source = land.source.copy()
    source[:, 6:] = 0.0
    west = WindowLandscape(conductance=land.conductance, active=land.active, source=source)
    assert not moving_window(west, window).current[:, 6:].any()


def test_a_gap_draws_current() -> None:
    window = WindowSettings(radius=4)
    closed, gap = (moving_window(fenced(gap), window).current for gap in (False, True))
    assert gap[7, 5] > 1.5 * closed[7, 5]
    assert gap[7, 6] > 1.5 * closed[7, 6]


def test_multigrid_agrees_with_the_direct_solver() -> None:
    land = landscape_of(8, (21, 21), holes=0.2)
    direct, iterated = (
        moving_window(land, WindowSettings(radius=8, block=7, method=m)).current for m in ("direct", "multigrid")
    )
    assert iterated == pytest.approx(direct, rel=1e-6, abs=1e-8)


def test_regions_are_one_node() -> None:
    """As cells joined by edges that hardly resist."""
    land = landscape_of(2, holes=0.0)
    region = np.zeros(land.shape, np.int32)
    region[4, 3:7] = 1
    shorted = land.conductance.copy()
    shorted[0, 4, 3:6] = 1e9
    window = WindowSettings(radius=4)
    joined = moving_window(
        WindowLandscape(conductance=land.conductance, active=land.active, source=land.source, region=region), window
    )
    wired = moving_window(WindowLandscape(conductance=shorted, active=land.active, source=land.source), window)
    apart = region == 0
    assert joined.current[apart] == pytest.approx(wired.current[apart], rel=1e-5)
    alone = np.where(region > 0, np.arange(region.size).reshape(region.shape), 0).astype(np.int32)
    single = WindowLandscape(conductance=land.conductance, active=land.active, source=land.source, region=alone)
    assert moving_window(single, window).current == pytest.approx(moving_window(land, window).current, rel=1e-9)


def test_blocks_leave_no_pattern_on_uniform_ground() -> None:
    land = WindowLandscape.of_cells(np.ones((60, 60)), np.ones((60, 60)))
    ones, blocks = (moving_window(land, WindowSettings(radius=10, block=b)).current[25:35, 25:35] for b in (1, 5))
    raw = moving_window(land, WindowSettings(radius=10, block=5, correct_artifacts=False)).current[25:35, 25:35]
    assert blocks == pytest.approx(ones, rel=0.06)
    assert blocks.max() < 1.06 * blocks.min()
    assert raw.max() > 1.2 * raw.min()
    assert artifact_factor(WindowSettings(radius=10, block=5)).shape == (21, 21)


def test_conditions_keep_sources_like_the_target() -> None:
    values = np.repeat([[1.0, 2.0, 2.0, 3.0, 9.0]], 5, axis=0)
    block, window = (slice(0, 5), slice(0, 3)), (slice(0, 5), slice(0, 5))
    equal = Condition(present=values, future=values, rule="equal")
    assert equal.keeps(window, block)[0].tolist() == [False, True, True, False, False]
    within = Condition(present=values, future=values, rule="within", lower=-1.0, upper=0.5)
    assert within.keeps(window, block)[0].tolist() == [True, True, True, False, False]
    unknown = Condition(present=values, future=np.full_like(values, np.nan), rule="within", lower=-9, upper=9)
    assert not unknown.keeps(window, block).any()


def test_most_frequent_is_the_first_to_get_there() -> None:
    """Column by column: 1, 2, 2, 1."""
    assert _most_frequent(np.array([[1.0, 2.0], [2.0, 1.0]])) == 2.0
    assert np.isnan(_most_frequent(np.array([[np.nan]])))


def test_conditions_remove_current() -> None:
    land = landscape_of(4)
    kind = np.where(np.arange(land.shape[1]) < 5, 1.0, 2.0) * np.ones((land.shape[0], 1))
    same = WindowLandscape(
        conductance=land.conductance,
        active=land.active,
        source=land.source,
        conditions=(Condition(present=kind, future=kind, rule="equal"),),
    )
    window = WindowSettings(radius=4)
    assert moving_window(same, window).current.sum() < 0.9 * moving_window(land, window).current.sum()


def test_wrong_input_is_refused() -> None:
    for wrong in ({"radius": 0.5}, {"radius": 5, "block": 4}, {"radius": 2, "block": 5}, {"radius": 2, "buffer": -1}):
        with pytest.raises(DataError):
            WindowSettings(**wrong)
    land = landscape_of(0)
    with pytest.raises(DataError, match="row 0, col 0"):
        WindowLandscape(conductance=land.conductance, active=land.active, source=land.source - 1)
    tile = plan_tiles((100, 100), WindowSettings(radius=3))[0]
    with pytest.raises(GridMismatchError):
        solve_tile(land, tile, WindowSettings(radius=3))


def test_currents_of_one_window_by_hand() -> None:
    """Three cells in a row, 1 S each: 1 A from the far end passes both others."""
    edges = edge_conductance(np.ones((1, 3)))
    circuit = window_circuit(edges, np.ones((1, 3), bool), 0, 0)
    assert circuit.currents(np.array([[5.0, 0.0, 1.0]]))[0] == pytest.approx([1.0, 1.0, 1.0])
