"""Which grid edges a polyline crosses, in exact integer arithmetic."""

from __future__ import annotations

from rasters.kernels._jit import kernel

UNITS = 1 << 14
"""Fence vertices are integers in this many units per cell, so that every predicate below fits int64 exactly."""


@kernel
def _side_of_segment(ax, ay, bx, by, px, py):
    """+1 or -1: side of A -> B on which P + (eps, eps^2) lies; never 0 (simulation of simplicity)."""
    det = (bx - ax) * (py - ay) - (by - ay) * (px - ax)
    if det == 0:
        det = ay - by
        if det == 0:
            det = bx - ax
    return 1 if det > 0 else -1


@kernel
def _side_of_edge(px, py, qx, qy, ax, ay):
    """Twice the signed area of (P, Q, A), and its sign when P and Q are moved by (eps, eps^2)."""
    det = (qx - px) * (ay - py) - (qy - py) * (ax - px)
    sign = det
    if sign == 0:
        sign = qy - py
        if sign == 0:
            sign = px - qx
    return det, (1 if sign > 0 else -1)


@kernel
def _crossing(ax, ay, bx, by, px, py, qx, qy):
    """Share of A -> B at which it crosses the edge P -> Q, or -1.0 where it does not."""
    if _side_of_segment(ax, ay, bx, by, px, py) == _side_of_segment(ax, ay, bx, by, qx, qy):
        return -1.0
    det_a, sign_a = _side_of_edge(px, py, qx, qy, ax, ay)
    det_b, sign_b = _side_of_edge(px, py, qx, qy, bx, by)
    if sign_a == sign_b:
        return -1.0
    if det_a == det_b:
        return 0.0
    return det_a / (det_a - det_b)


@kernel
def cut_segment(ax, ay, bx, by, height, width, steps, start, n_out, out_edge, out_share):
    """Edges crossed by one fence segment, appended from ``start``; returns the new count, filled or not.

    ``ax .. by`` int64 in 1/UNITS cells from the centre of cell (0, 0), y downwards; ``steps`` (k, 2) int64;
    ``out_edge`` (n, 3) int32 row, col, step; ``out_share`` (n,) float64 share of the segment.
    """
    count = start
    low, high = min(ay, by), max(ay, by)
    tall, wide = 1, 1
    for k in range(steps.shape[0]):
        tall, wide = max(tall, steps[k, 0]), max(wide, abs(steps[k, 1]))
    first = max(-((-low) // UNITS) - tall, -1)
    last = min(high // UNITS, height)
    for row in range(first, last + 1):
        left, right = _columns_in_strip(ax, ay, bx, by, row, tall, wide)
        for col in range(max(left, -1), min(right, width) + 1):
            for k in range(steps.shape[0]):
                row2, col2 = row + steps[k, 0], col + steps[k, 1]
                if row < 0 or col < 0 or row >= height or col >= width or row2 >= height or col2 < 0 or col2 >= width:
                    continue
                share = _crossing(ax, ay, bx, by, col * UNITS, row * UNITS, col2 * UNITS, row2 * UNITS)
                if share >= 0.0:
                    if count < n_out:
                        out_edge[count, 0], out_edge[count, 1], out_edge[count, 2] = row, col, k
                        out_share[count] = share
                    count += 1
    return count


@kernel
def _columns_in_strip(ax, ay, bx, by, row, tall, wide):
    """First and last column, ``wide`` spare on either side, that a segment touches between ``row`` and ``row + tall``."""
    x1, x2 = float(ax), float(bx)
    if ay != by:
        t1 = min(max((row * UNITS - ay) / (by - ay), 0.0), 1.0)
        t2 = min(max(((row + tall) * UNITS - ay) / (by - ay), 0.0), 1.0)
        x1, x2 = ax + t1 * (bx - ax), ax + t2 * (bx - ax)
    left, right = min(x1, x2), max(x1, x2)
    return int(left // UNITS) - wide, int(right // UNITS) + 1 + wide
