"""Effective resistance with sets of changed edges, for many sets of a small network.

Two ways. *Updated*: the unknowns are the currents through the changed edges and the voltage offsets of the parts that
they join, a handful (Woodbury's identity, bordered so that joining separate parts is exact). *Dense*: the network is
eliminated afresh without a subtraction, for closings, and where the result is so much smaller than the resistances that
went into it that digits were lost.
"""

import math

import numpy as np

from connectivity.kernels._jit import kernel
from connectivity.kernels.dissection.dense import factor_rows

__all__ = ["set_resistances_dense", "set_resistances_updated"]

_LOSS = 1e-5


@kernel
def set_resistances_updated(resistance, part, ends, delta, start, member, pairs, first_set, last_set, out):
    """Effective resistance [ohm] of pairs (p, 2) with each set of added edges; out (sets, p), NaN where digits were lost.

    resistance (n, n) [ohm] within parts, part (n,) their labels; ends (e, 2), delta (e,) [S] > 0; set s holds edges
    member[start[s]:start[s + 1]].
    """
    largest = 0
    for s in range(first_set, last_set):
        largest = max(largest, start[s + 1] - start[s])
    matrix = np.empty((2 * largest + 1, 2 * largest + 2))
    used = np.empty(largest + 1, np.int64)
    reference = np.full(part.size, -1, np.int64)
    unknown = np.zeros(part.size, np.int64)
    joined = np.empty(largest + 1, np.int64)
    for s in range(first_set, last_set):
        for p in range(pairs.shape[0]):
            a, b = pairs[p, 0], pairs[p, 1]
            n_part = _join_parts(part, ends, start[s], start[s + 1], member, a, reference, unknown, joined)
            n_edge = _used_edges(part, ends, start[s], start[s + 1], member, reference, used)
            value = math.inf
            if reference[part[b]] >= 0:
                scale = _fill(resistance, part, ends, delta, used, n_edge, n_part, a, b, reference, unknown, matrix)
                _solve(matrix, n_edge + n_part - 1)
                value = _value(resistance, part, ends, used, n_edge, n_part, a, b, reference, unknown, matrix)
                value = value if value > _LOSS * scale or a == b else math.nan
            out[s, p] = value if a != b else 0.0
            for k in range(n_part):
                reference[joined[k]] = -1


@kernel
def _join_parts(part, ends, first, last, member, a, reference, unknown, joined):
    """Parts that the set's edges join to that of node a: each gets a reference node and a number; returns how many."""
    reference[part[a]] = a
    unknown[part[a]] = 0
    joined[0] = part[a]
    n, before = 1, 0
    while n > before:
        before = n
        for k in range(first, last):
            one, two = ends[member[k], 0], ends[member[k], 1]
            for new, old in ((one, two), (two, one)):
                if reference[part[new]] < 0 and reference[part[old]] >= 0:
                    reference[part[new]] = new
                    unknown[part[new]] = n
                    joined[n] = part[new]
                    n += 1
    return n


@kernel
def _used_edges(part, ends, first, last, member, reference, used):
    n = 0
    for k in range(first, last):
        one, two = ends[member[k], 0], ends[member[k], 1]
        if one != two and reference[part[one]] >= 0:
            used[n] = member[k]
            n += 1
    return n


@kernel
def _voltage(resistance, part, reference, node, source):
    """Voltage of a node for 1 A from a source to the reference node of its part."""
    if part[node] != part[source]:
        return 0.0
    ground = reference[part[node]]
    return 0.5 * (resistance[node, ground] + resistance[source, ground] - resistance[node, source])


@kernel
def _between(resistance, part, reference, u, v, x, y):
    """Voltage from u to v for 1 A put in at x and taken out at y."""
    plus = _voltage(resistance, part, reference, u, x) + _voltage(resistance, part, reference, v, y)
    return plus - _voltage(resistance, part, reference, u, y) - _voltage(resistance, part, reference, v, x)


@kernel
def _fill(resistance, part, ends, delta, used, n_edge, n_part, a, b, reference, unknown, matrix):
    """Equations of the edge currents and part offsets, right-hand side last; returns the largest resistance met."""
    size = n_edge + n_part - 1
    matrix[:size, : size + 1] = 0.0
    scale = _between(resistance, part, reference, a, b, a, b)
    for e in range(n_edge):
        u, v = ends[used[e], 0], ends[used[e], 1]
        for f in range(n_edge):
            x, y = ends[used[f], 0], ends[used[f], 1]
            matrix[e, f] = _between(resistance, part, reference, u, v, x, y)
        scale = max(scale, matrix[e, e])
        matrix[e, e] += 1.0 / delta[used[e]]
        matrix[e, size] = _between(resistance, part, reference, u, v, a, b)
        for node, sign in ((u, 1.0), (v, -1.0)):
            offset = n_edge + unknown[part[node]] - 1
            if offset >= n_edge:
                matrix[e, offset] -= sign
                matrix[offset, e] += sign
    offset = n_edge + unknown[part[b]] - 1
    if offset >= n_edge:
        matrix[offset, size] -= 1.0
    return scale


@kernel
def _solve(matrix, size):
    """Gaussian elimination with row exchanges; the solution comes to stand in the last column."""
    for k in range(size):
        best = k
        for i in range(k + 1, size):
            if abs(matrix[i, k]) > abs(matrix[best, k]):
                best = i
        for j in range(k, size + 1):
            matrix[k, j], matrix[best, j] = matrix[best, j], matrix[k, j]
        pivot = matrix[k, k] if matrix[k, k] != 0.0 else math.nan
        matrix[k, k] = pivot
        for i in range(k + 1, size):
            share = matrix[i, k] / pivot
            for j in range(k + 1, size + 1):
                matrix[i, j] -= share * matrix[k, j]
    for k in range(size - 1, -1, -1):
        total = matrix[k, size]
        for j in range(k + 1, size):
            total -= matrix[k, j] * matrix[j, size]
        matrix[k, size] = total / matrix[k, k]


@kernel
def _value(resistance, part, ends, used, n_edge, n_part, a, b, reference, unknown, matrix):
    """Voltage from a to b: what it was, less what the edge currents take away, less the offset of b's part."""
    size = n_edge + n_part - 1
    value = _between(resistance, part, reference, a, b, a, b)
    for e in range(n_edge):
        share = _between(resistance, part, reference, ends[used[e], 0], ends[used[e], 1], a, b)
        value -= share * matrix[e, size]
    offset = n_edge + unknown[part[b]] - 1
    if offset >= n_edge:
        value -= matrix[offset, size]
    return value


@kernel
def set_resistances_dense(conductance, ends, delta, start, member, pairs, first_set, last_set, out):
    """The same by eliminating the whole network (n, n) [S], whatever the sign of delta; only entries of out that are NaN.

    What is taken from an edge leaves at least nothing.
    """
    size = conductance.shape[0]
    work = np.empty(size * size)
    order = np.empty(size, np.int64)
    for s in range(first_set, last_set):
        for p in range(pairs.shape[0]):
            a, b = pairs[p, 0], pairs[p, 1]
            if a != b and math.isnan(out[s, p]):
                _order_last(a, b, order)
                _copy_ordered(conductance, order, work)
                _change(ends, delta, start[s], start[s + 1], member, order, size, work)
                out[s, p] = _pair_resistance(work, size)
            elif a == b:
                out[s, p] = 0.0


@kernel
def _order_last(a, b, place):
    """Places of nodes with a and b last."""
    size = place.size
    n = 0
    for node in range(size):
        place[node] = n
        n += 0 if node in (a, b) else 1
    place[a], place[b] = size - 2, size - 1


@kernel
def _copy_ordered(conductance, place, work):
    size = place.size
    for i in range(size):
        for j in range(i):
            low, high = min(place[i], place[j]), max(place[i], place[j])
            work[low * size + high] = conductance[i, j]


@kernel
def _change(ends, delta, first, last, member, place, size, work):
    for k in range(first, last):
        i, j = place[ends[member[k], 0]], place[ends[member[k], 1]]
        if i != j:
            at = min(i, j) * size + max(i, j)
            work[at] = max(work[at] + delta[member[k]], 0.0)


@kernel
def _pair_resistance(work, size):
    """Eliminate all but the last two nodes; the resistance between them."""
    factor_rows(work, 0, size, size - 2)
    joined = work[(size - 2) * size + size - 1]
    for k in range(size - 2):
        joined += work[k * size + size - 2] * work[k * size + size - 1]
    return 1.0 / joined if joined > 0.0 else math.inf
