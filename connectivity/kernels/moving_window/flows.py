"""Currents of a window: what enters it, what flows through its edges, what passes through its cells.

Rows and columns of a window are ``bounds`` (4,): first and last, last not included, of a tile's arrays (H, W). ``inside``
(H, W) float64 is 1 in cells of the window that are joined to its target, 0 elsewhere.
"""

import numpy as np

from connectivity.kernels._jit import kernel

__all__ = ["add_window", "cell_flows", "edge_flows", "enter", "imbalance", "join", "mark", "send", "unmark"]

_D_ROW = (0, 1, 1, 1)
_D_COL = (1, 0, 1, -1)


@kernel
def mark(active, mask, row, col, bounds, node, inside):
    """Mark the active cells of a window in node and inside; the mask's first cell lies at (row, col)."""
    for r in range(bounds[0], bounds[1]):
        for c in range(bounds[2], bounds[3]):
            here = active[r, c] == -2 and mask[r - row, c - col]
            node[r, c] = -2 if here else -1
            inside[r, c] = 1.0 if here else 0.0


@kernel
def unmark(bounds, node):
    """Forget a window's cells."""
    for r in range(bounds[0], bounds[1]):
        for c in range(bounds[2], bounds[3]):
            node[r, c] = -1


@kernel
def enter(amps, inside, target_row, target_col, bounds, load):
    """What enters each cell joined to the target, and leaves at it: load (H, W) from amps (h, w); returns its size."""
    total = square = 0.0
    for r in range(bounds[0], bounds[1]):
        for c in range(bounds[2], bounds[3]):
            value = amps[r - bounds[0], c - bounds[2]] if inside[r, c] > 0.0 else 0.0
            if r != target_row or c != target_col:
                total += value
                square += value * value
            load[r, c] = value
    load[target_row, target_col] = -total
    return np.sqrt(square)


@kernel
def _row_flows(g, at, here, there, v, w, n, flow, net, net_there, peak):
    """Flow of n edges of one step from a row of cells; ``at`` (3,): first edge, first cell here and there."""
    e, a, b = np.uint64(at[0]), np.uint64(at[1]), np.uint64(at[2])
    for k in range(np.uint64(n)):
        f = g[e + k] * here[a + k] * there[b + k] * (v[a + k] - w[b + k])
        flow[e + k] = f
        net[a + k] += f
        net_there[b + k] -= f
        size = abs(f)
        peak[k] = size if size > peak[k] else peak[k]


@kernel
def edge_flows(conductance, inside, volts, bounds, flow, net, peak):
    """Current through each edge, flow (4, h, w) [A], and out of each cell, net (h, w); returns the largest edge's."""
    top, left = bounds[0], bounds[2]
    height, width = bounds[1] - top, bounds[3] - left
    net[:height, :width] = 0.0
    peak[:width] = 0.0
    at = np.empty(3, np.int64)
    for r in range(height):
        for s in range(4):
            r2 = r + _D_ROW[s]
            if r2 < height:
                first = 1 if _D_COL[s] < 0 else 0
                n = width - abs(_D_COL[s])
                at[0] = at[1] = first
                at[2] = first + _D_COL[s]
                g = conductance[s, top + r, left : left + width]
                here, there = inside[top + r, left : left + width], inside[top + r2, left : left + width]
                v, w = volts[top + r, left : left + width], volts[top + r2, left : left + width]
                _row_flows(g, at, here, there, v, w, n, flow[s, r], net[r], net[r2], peak)
    largest = 0.0
    for c in range(width):
        largest = max(largest, peak[c])
    return largest


@kernel
def _row_through(flow, least, at, n, through, net, through_there, net_there):
    e, b = np.uint64(at[0]), np.uint64(at[1])
    for k in range(np.uint64(n)):
        f = flow[e + k]
        size = abs(f)
        f = 0.0 if size < least else f
        size = 0.0 if size < least else size
        through[e + k] += size
        net[e + k] += f
        through_there[b + k] += size
        net_there[b + k] -= f


@kernel
def cell_flows(flow, least, height, width, through, net):
    """Current through each cell [A], the larger of what flows in and out: through (h, w). Edges below ``least`` count as none.

    Of all that passes a cell's edges, half is this mean of in and out, and half their difference makes up for the rest.
    """
    through[:height, :width] = 0.0
    net[:height, :width] = 0.0
    at = np.empty(2, np.int64)
    for r in range(height):
        for s in range(4):
            r2 = r + _D_ROW[s]
            if r2 < height:
                at[0] = 1 if _D_COL[s] < 0 else 0
                at[1] = at[0] + _D_COL[s]
                _row_through(flow[s, r], least, at, width - abs(_D_COL[s]), through[r], net[r], through[r2], net[r2])
    for r in range(height):
        for c in range(width):
            through[r, c] = 0.5 * (through[r, c] + abs(net[r, c]))


@kernel
def join(conductance, row, col, bounds, stack, inside):
    """Take out of a window's cells those that nothing joins to (row, col) within it; stack (n_cell,) int64 is scratch."""
    width = inside.shape[1]
    inside[row, col] = 2.0
    stack[0] = row * width + col
    n = 1
    while n > 0:
        n -= 1
        r, c = stack[n] // width, stack[n] % width
        for s in range(8):
            sign = 1 if s < 4 else -1
            r2, c2 = r + sign * _D_ROW[s % 4], c + sign * _D_COL[s % 4]
            within = bounds[0] <= r2 < bounds[1] and bounds[2] <= c2 < bounds[3] and inside[r2, c2] == 1.0
            if within and conductance[s % 4, r if s < 4 else r2, c if s < 4 else c2] > 0.0:
                inside[r2, c2] = 2.0
                stack[n] = r2 * width + c2
                n += 1
    for r in range(bounds[0], bounds[1]):
        for c in range(bounds[2], bounds[3]):
            inside[r, c] = 1.0 if inside[r, c] == 2.0 else 0.0


@kernel
def imbalance(load, net, bounds, left):
    """What a window's currents leave unexplained, into left (H, W) [A]; returns its size."""
    square = 0.0
    for r in range(bounds[0], bounds[1]):
        for c in range(bounds[2], bounds[3]):
            value = load[r, c] - net[r - bounds[0], c - bounds[2]]
            left[r, c] = value
            square += value * value
    return np.sqrt(square)


@kernel
def send(source, mask, origin, bounds, block, amps):
    """Sources (H, W) within a mask at ``origin``, none in the block (rows, columns): amps (h, w); returns their sum."""
    total = 0.0
    for r in range(bounds[0], bounds[1]):
        for c in range(bounds[2], bounds[3]):
            own = block[0] <= r < block[1] and block[2] <= c < block[3]
            value = source[r, c] if mask[r - origin[0], c - origin[1]] and not own else 0.0
            amps[r - bounds[0], c - bounds[2]] = value
            total += value
    return total


@kernel
def add_window(current, scale, origin, bounds, out):
    """Add a window's current (h, w), times its scale (full window), to out (H, W)."""
    for r in range(bounds[0], bounds[1]):
        for c in range(bounds[2], bounds[3]):
            out[r, c] += current[r - bounds[0], c - bounds[2]] * scale[r - origin[0], c - origin[1]]
