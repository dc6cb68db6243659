"""Windows eliminated by shared blocks: against a sparse factor of each window, whatever the blocks, holes and sources."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.csgraph import connected_components
from scipy.sparse.linalg import spsolve

from connectivity.landscape.stencil import STEPS
from connectivity.modes.cell_circuit import edge_conductance
from connectivity.moving_window import circuit
from connectivity.moving_window.circuit import pitch_for
from connectivity.moving_window.engine import Pure, WindowEngine
from connectivity.moving_window.lattice import block_plan, blocks_bytes
from connectivity.moving_window.window import _disc
from rasters.arrays import Reals

Flags = NDArray[np.bool_]


def sparse_currents(edges: Reals, inside: Flags, target: tuple[int, int], amps: Reals) -> Reals:
    """Node currents of a window from its sparse matrix; other components than the target's carry none."""
    height, width = inside.shape
    index = np.arange(inside.size).reshape(inside.shape)
    ends, weight = [], []
    for k, (d_row, d_col) in enumerate(STEPS):
        row, col = np.nonzero(inside & (edges[k] > 0))
        there = (row + d_row < height) & (col + d_col >= 0) & (col + d_col < width)
        row, col = row[there], col[there]
        there = inside[row + d_row, col + d_col]
        row, col = row[there], col[there]
        ends.append(np.stack([index[row, col], index[row + d_row, col + d_col]]))
        weight.append(edges[k, row, col])
    (a, b), g = np.concatenate(ends, axis=1), np.concatenate(weight)
    both = np.concatenate([a, b]), np.concatenate([b, a])
    graph = sparse.coo_array((np.tile(g, 2), both), shape=(inside.size,) * 2).tocsr()
    label = connected_components(graph)[1]
    home = index[target]
    free = np.flatnonzero((label == label[home]) & (index.ravel() != home))
    laplacian = (sparse.diags_array(np.asarray(graph.sum(axis=1)).ravel()) - graph).tocsr()
    volts = np.zeros(inside.size)
    if free.size:
        volts[free] = spsolve(laplacian[free][:, free].tocsc(), amps.ravel()[free])
    flow = g * (volts[a] - volts[b]) * (label[a] == label[home])
    out = np.bincount(a, np.clip(flow, 0, None), inside.size) + np.bincount(b, np.clip(-flow, 0, None), inside.size)
    into = np.bincount(b, np.clip(flow, 0, None), inside.size) + np.bincount(a, np.clip(-flow, 0, None), inside.size)
    return np.maximum(out, into).reshape(inside.shape)


@settings(max_examples=25)
@given(
    seed=st.integers(0, 10_000),
    reach=st.integers(2, 34),
    pitch=st.sampled_from([8, 16, 32]),
    holes=st.sampled_from([0.0, 0.1, 0.35, 0.5]),
    pure=st.booleans(),
)
def test_every_window_of_a_landscape_agrees(seed: int, reach: int, pitch: int, holes: float, pure: bool) -> None:
    """One engine, windows down the landscape so that rows of blocks come and go."""
    rng = np.random.default_rng(seed)
    height, width = (int(n) for n in rng.integers(20, 90, 2))
    cells = np.where(rng.uniform(size=(height, width)) < holes, 0.0, np.exp(rng.uniform(0, 6, (height, width))))
    edges, source = edge_conductance(cells), rng.uniform(size=(height, width))
    engine = WindowEngine(edges, cells > 0, source, 2 * reach + 1, pitch)
    disc, sending = _disc(reach, reach), _disc(reach, 0.8 * reach)
    for row in np.sort(rng.integers(0, height, 4)):
        col = int(rng.integers(0, width))
        if cells[row, col] == 0:
            continue
        cut = slice(max(row - reach, 0), row + reach + 1), slice(max(col - reach, 0), col + reach + 1)
        own = slice(cut[0].start - row + reach, None), slice(cut[1].start - col + reach, None)
        shape = cells[cut].shape
        within = [mask[own][: shape[0], : shape[1]] for mask in (disc, sending)]
        amps = np.where(within[1], source[cut] * 0.7, 0.0)
        amps[
            max(row - 1, 0) - cut[0].start : row + 2 - cut[0].start,
            max(col - 1, 0) - cut[1].start : col + 2 - cut[1].start,
        ] = 0.0
        place = int(row) - reach, col - reach
        block = (int(row) - 1, int(row) + 2, col - 1, col + 2)
        engine.eliminate(disc, place)
        found = engine.currents(
            amps, (int(row), col), Pure(factor=0.7, mask=sending, place=place, block=block) if pure else None
        )
        expected = sparse_currents(
            edges[:, cut[0], cut[1]], (cells[cut] > 0) & within[0], (row - cut[0].start, col - cut[1].start), amps
        )
        assert found == pytest.approx(expected, rel=1e-7, abs=1e-7 * max(expected.max(), 1e-30))


@pytest.mark.parametrize("pitch", [8, 16, 32, 64])
def test_the_boxes_of_a_plan_fill_its_block(pitch: int) -> None:
    """Leaves and lines hold every cell once; children stand before their parents."""
    from connectivity.kernels.moving_window import blocks as names

    table = block_plan(pitch).table
    seen = np.zeros((pitch - 1, pitch - 1), int)
    for u, row in enumerate(table):
        r0, r1, c0, c1 = row[[names.ROW0, names.ROW1, names.COL0, names.COL1]]
        if row[names.LEAF]:
            seen[r0:r1, c0:c1] += 1
        elif row[names.VERTICAL]:
            seen[r0:r1, row[names.LINE]] += 1
        else:
            seen[row[names.LINE], c0:c1] += 1
        assert row[names.LEAF] or max(row[names.LEFT], row[names.RIGHT]) < u
    assert (seen == 1).all()


def test_blocks_shrink_before_windows_go_to_multigrid(monkeypatch: pytest.MonkeyPatch) -> None:
    shape, rows = (600, 600), 201
    assert pitch_for(shape, rows) == 32
    monkeypatch.setattr(circuit, "DIRECT_BYTES", blocks_bytes(shape, rows, 16))
    assert pitch_for(shape, rows) == 16
    monkeypatch.setattr(circuit, "DIRECT_BYTES", 1000)
    assert pitch_for(shape, rows) is None
    assert pitch_for(shape, rows, "direct") == 8
    assert pitch_for(shape, rows, "multigrid") is None
