"""Currents through cells from voltages."""

from __future__ import annotations

from numba import prange

from connectivity.kernels._jit import kernel, parallel_kernel


@kernel
def _edge_flow(conductance, voltage, region, k, row, col, row2, col2):
    """Current [A] from (row, col) to (row2, col2) over an edge stored at the former; 0 inside one region."""
    g = conductance[k, row, col]
    if g == 0.0 or (region[row, col] > 0 and region[row, col] == region[row2, col2]):
        return 0.0
    return g * (voltage[row, col] - voltage[row2, col2])


@parallel_kernel
def in_and_out(conductance, ground, region, voltage, steps, floor, out):
    """Current flowing into and out of each cell over its edges and its finite ground.

    ``conductance`` (4, h, w) [S], ``ground`` (h, w) [S], ``region`` (h, w) int32, ``voltage`` (h, w) [V],
    ``steps`` (4, 2) int64, ``floor`` [A]: smaller flows count as none; ``out`` (2, h, w) [A] inflow, outflow.
    """
    height, width = voltage.shape
    for row in prange(height):
        for col in range(width):
            inflow = outflow = 0.0
            for k in range(4):
                row2, col2 = row + steps[k, 0], col + steps[k, 1]
                if row2 < height and 0 <= col2 < width:
                    flow = _edge_flow(conductance, voltage, region, k, row, col, row2, col2)
                    if abs(flow) >= floor:
                        outflow += max(flow, 0.0)
                        inflow += max(-flow, 0.0)
                row1, col1 = row - steps[k, 0], col - steps[k, 1]
                if row1 >= 0 and 0 <= col1 < width:
                    flow = _edge_flow(conductance, voltage, region, k, row1, col1, row, col)
                    if abs(flow) >= floor:
                        inflow += max(flow, 0.0)
                        outflow += max(-flow, 0.0)
            if ground[row, col] > 0.0 and ground[row, col] < 1e300:
                leak = ground[row, col] * voltage[row, col]
                outflow += max(leak, 0.0)
                inflow += max(-leak, 0.0)
            out[0, row, col], out[1, row, col] = inflow, outflow


@parallel_kernel
def largest_flow(conductance, region, voltage, steps, out):
    """Largest absolute edge current [A] of the edges stored in each row. ``out`` (h,)."""
    height, width = voltage.shape
    for row in prange(height):
        best = 0.0
        for k in range(4):
            row2 = row + steps[k, 0]
            if row2 < height:
                for col in range(max(0, -steps[k, 1]), min(width, width - steps[k, 1])):
                    flow = _edge_flow(conductance, voltage, region, k, row, col, row2, col + steps[k, 1])
                    best = max(best, abs(flow))
        out[row] = best
