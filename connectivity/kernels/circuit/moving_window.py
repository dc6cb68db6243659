"""One window of omnidirectional connectivity for solvers of graphs and rasters: nodes, currents.

Arrays of a window are (height, width); ``conductance`` (4, height, width) [S] is stored at an edge's first cell, east,
south, south-east, south-west. ``node`` (height, width) int32 is 0 in cells that are joined to the target, -1 elsewhere.
"""

import numpy as np

from connectivity.kernels._jit import kernel

__all__ = ["keep_edges", "node_currents", "reach"]

_D_ROW = np.array((0, 1, 1, 1))
_D_COL = np.array((1, 0, 1, -1))


@kernel
def _visit(joined, row, col, inside, node, stack, n):
    """Put a neighbour on the stack if it is joined, inside and new; returns the stack's new size."""
    if joined and inside[row, col] and node[row, col] < 0:
        node[row, col] = 0
        stack[n] = row * node.shape[1] + col
        n += 1
    return n


@kernel
def reach(conductance, inside, row, col, stack, node):
    """Mark the cells joined to (row, col) within ``inside`` with 0, others with -1. ``stack`` (h * w,) int64 is scratch."""
    height, width = node.shape
    node[:] = -1
    node[row, col] = 0
    stack[0] = row * width + col
    n = 1
    while n > 0:
        n -= 1
        r, c = stack[n] // width, stack[n] % width
        for k in range(4):
            r2, c2 = r + _D_ROW[k], c + _D_COL[k]
            if r2 < height and 0 <= c2 < width:
                n = _visit(conductance[k, r, c] > 0.0, r2, c2, inside, node, stack, n)
            r1, c1 = r - _D_ROW[k], c - _D_COL[k]
            if r1 >= 0 and 0 <= c1 < width:
                n = _visit(conductance[k, r1, c1] > 0.0, r1, c1, inside, node, stack, n)


@kernel
def keep_edges(node, conductance):
    """Set the conductance of edges with an end that is no node to 0."""
    height, width = node.shape
    for k in range(4):
        for r in range(height):
            for c in range(width):
                r2, c2 = r + _D_ROW[k], c + _D_COL[k]
                there = r2 < height and 0 <= c2 < width and node[r, c] >= 0 and node[r2, c2] >= 0
                if not there:
                    conductance[k, r, c] = 0.0


@kernel
def _largest(conductance, node, voltage):
    """Largest absolute edge current [A]."""
    height, width = node.shape
    best = 0.0
    for k in range(4):
        for r in range(height - _D_ROW[k]):
            for c in range(max(0, -_D_COL[k]), width - max(0, _D_COL[k])):
                r2, c2 = r + _D_ROW[k], c + _D_COL[k]
                if node[r, c] >= 0 and node[r2, c2] >= 0:
                    best = max(best, abs(conductance[k, r, c] * (voltage[r, c] - voltage[r2, c2])))
    return best


@kernel
def _edge_flows(conductance, node, voltage, k, least, flows):
    """Add what the edges of step k carry to inflow flows[0] and outflow flows[1]."""
    height, width = node.shape
    for r in range(height - _D_ROW[k]):
        for c in range(max(0, -_D_COL[k]), width - max(0, _D_COL[k])):
            r2, c2 = r + _D_ROW[k], c + _D_COL[k]
            if node[r, c] < 0 or node[r2, c2] < 0:
                continue
            flow = conductance[k, r, c] * (voltage[r, c] - voltage[r2, c2])
            if abs(flow) < least:
                continue
            flows[1, r, c] += max(flow, 0.0)
            flows[0, r2, c2] += max(flow, 0.0)
            flows[0, r, c] += max(-flow, 0.0)
            flows[1, r2, c2] += max(-flow, 0.0)


@kernel
def node_currents(conductance, node, voltage, floor, flows, out):
    """Current through each node [A], max(in, out), into out (h, w); 0 where there is none.

    Edge currents below ``floor`` times the largest one count as none, as in Circuitscape. ``flows`` (2, h, w) is scratch.
    """
    flows[:] = 0.0
    least = floor * _largest(conductance, node, voltage)
    for k in range(4):
        _edge_flows(conductance, node, voltage, k, least, flows)
    for r in range(node.shape[0]):
        for c in range(node.shape[1]):
            out[r, c] = max(flows[0, r, c], flows[1, r, c])
