"""Solve an eliminated window: currents forth through its steps, voltages back.

In a box whose currents are those of the landscape's sources times one factor (a *pure* box), nothing is swept forth: what
arrives around it was found once for all windows.
"""

from connectivity.kernels._jit import kernel
from connectivity.kernels.moving_window.blocks import (
    BANDS,
    COUNTS,
    FIRST,
    IDS,
    LEAF,
    PANELS,
    RUNS,
    block_box,
)
from connectivity.kernels.moving_window.fronts import back_front, forth_front
from connectivity.kernels.moving_window.leaf import band_solve, gather_leaf, spread_leaf
from connectivity.kernels.moving_window.window import holds

__all__ = ["sweep_back", "sweep_forth"]


@kernel
def _forth_leaf(values, spread, band, ids, at, n, m, load, work):
    own, rim = work[:n], work[n : n + m]
    for k in range(n):
        own[k] = load[ids[at + k]]
    gather_leaf(values, spread, n, m, own, rim)
    band_solve(values, band, n, own)
    for k in range(n):
        load[ids[at + k]] = own[k]
    for k in range(m):
        load[ids[at + n + k]] += rim[k]


@kernel
def _back_leaf(values, spread, ids, at, n, m, kept, factor, volts, work):
    own, rim = work[:n], work[n : n + m]
    for k in range(n):
        own[k] = factor * kept[ids[at + k]]
    for k in range(m):
        rim[k] = volts[ids[at + n + k]]
    spread_leaf(values, spread, n, m, rim, own)
    for k in range(n):
        volts[ids[at + k]] = own[k]


@kernel
def _clear_of(box, row0, row1, col0, col1):
    """Whether a box has no cell in a rectangle."""
    return box.row1 <= row0 or row1 <= box.row0 or box.col1 <= col0 or col1 <= box.col0


@kernel
def _pure(land, blocks, step, pure, mask):
    """Whether a box's currents are the sources times the factor: its cells lie in the mask and not where none enters.

    pure: whether any box may be, the mask's place, rows and columns that the box must be clear of, the target.
    """
    if pure[0] == 0:
        return False
    height, width = land.node.shape
    box = block_box(blocks.plan, step[3], step[1] * blocks.pitch, step[2] * blocks.pitch, height, width)
    return (
        holds(mask, pure[1], pure[2], box, height, width)
        and _clear_of(box, pure[3], pure[4], pure[5], pure[6])
        and _clear_of(box, pure[7], pure[7] + 1, pure[8], pure[8] + 1)
    )


@kernel
def _forth_box(blocks, base_ints, base_reals, u, load, work):
    plan, ints, reals = blocks.plan, blocks.ints, blocks.reals
    counts, ids, panel = base_ints + plan[u, COUNTS], base_ints + plan[u, IDS], base_reals + plan[u, PANELS]
    n, m = ints[counts + 1], ints[counts + 2]
    if plan[u, LEAF] == 1:
        _forth_leaf(reals, panel, base_reals + plan[u, BANDS], ints, ids, n, m, load, work)
    else:
        forth_front(reals, panel, n, n + m, ints, ids, load, work)


@kernel
def sweep_forth(land, blocks, bench, n_step, pure, mask, factor, load):
    """Eliminate the currents load (H * W,) [A], in place; steps of pure boxes get 1 in their fifth column, others 0."""
    plan, ints, reals = blocks.plan, blocks.ints, blocks.reals
    for s in range(n_step):
        step = bench.steps[s]
        if step[0] == 1:
            forth_front(bench.factor, step[4], step[2], step[3], bench.ids, step[1], load, bench.work)
        elif step[0] == 2:
            _forth_leaf(bench.factor, step[4], step[5], bench.ids, step[1], step[2], step[3], load, bench.work)
        else:
            block = (step[1] % blocks.slot_row.size) * blocks.n_col + step[2]
            base_ints, base_reals, u = block * blocks.room_ints, block * blocks.room_reals, step[3]
            step[4] = 1 if _pure(land, blocks, step, pure, mask) else 0
            if step[4] == 1:
                counts = base_ints + plan[u, COUNTS]
                first = base_ints + plan[u, IDS] + ints[counts + 1]
                for k in range(ints[counts + 2]):
                    load[ints[first + k]] += factor * reals[base_reals + plan[u, RUNS] + k]
            else:
                for v in range(plan[u, FIRST], u + 1):
                    _forth_box(blocks, base_ints, base_reals, v, load, bench.work)


@kernel
def sweep_back(blocks, bench, n_step, factor, load, volts):
    """Voltages (H * W,) [V] from what `sweep_forth` left in load."""
    plan, ints, reals = blocks.plan, blocks.ints, blocks.reals
    work = bench.work
    for s in range(n_step - 1, -1, -1):
        step = bench.steps[s]
        if step[0] == 1:
            back_front(bench.factor, step[4], step[2], step[3], bench.ids, step[1], load, 1.0, volts, work)
        elif step[0] == 2:
            _back_leaf(bench.factor, step[4], bench.ids, step[1], step[2], step[3], load, 1.0, volts, work)
        else:
            block = (step[1] % blocks.slot_row.size) * blocks.n_col + step[2]
            base_ints, base_reals, u = block * blocks.room_ints, block * blocks.room_reals, step[3]
            kept, scale = (blocks.kept, factor) if step[4] == 1 else (load, 1.0)
            for v in range(u, plan[u, FIRST] - 1, -1):
                counts, ids = base_ints + plan[v, COUNTS], base_ints + plan[v, IDS]
                n, m, panel = ints[counts + 1], ints[counts + 2], base_reals + plan[v, PANELS]
                if plan[v, LEAF] == 1:
                    _back_leaf(reals, panel, ints, ids, n, m, kept, scale, volts, work)
                else:
                    back_front(reals, panel, n, n + m, ints, ids, kept, scale, volts, work)
