"""Many sets of opened edges on one small matrix of resistances or of least costs between nodes.

Both matrices are (n, n), symmetric, 0 on the diagonal and inf where nothing joins two nodes. Opening an edge changes all
pairs at once, so that a set is opened edge by edge, on the few nodes that it and the pairs asked for touch.
"""

import math

import numpy as np

from connectivity.kernels._jit import kernel

__all__ = ["costs_of_sets", "open_conductance", "open_cost", "resistances_of_sets"]


@kernel
def open_cost(matrix, size, u, v, cost, row_u, row_v):
    """Open an edge in least costs, in place: ``min(D_ab, D_au + cost + D_vb, D_av + cost + D_ub)``.

    row_u, row_v (size,) are scratch.
    """
    for a in range(size):
        row_u[a] = matrix[u, a]
        row_v[a] = matrix[v, a]
    for a in range(size):
        to_v = row_u[a] + cost
        to_u = row_v[a] + cost
        if math.isinf(to_u) and math.isinf(to_v):
            continue
        for b in range(size):
            way = min(to_v + row_v[b], to_u + row_u[b])
            if way < matrix[a, b]:
                matrix[a, b] = way


@kernel
def open_conductance(matrix, size, u, v, delta, row_u, row_v):
    """Add conductance delta > 0 [S] between u and v to a matrix of effective resistances, in place.

    Joined already: ``R_ab - delta t_ab**2 / (1 + delta R_uv)``, ``t_ab = (R_av + R_bu - R_au - R_bv) / 2`` the voltage
    between u and v at 1 A from a to b. Apart: nothing changes on either side, and across it is a series of three.
    """
    if u == v or delta == 0.0:
        return
    if math.isinf(matrix[u, v]):
        open_cost(matrix, size, u, v, 1.0 / delta, row_u, row_v)
        return
    factor = 0.25 * delta / (1.0 + delta * matrix[u, v])
    for a in range(size):
        row_u[a] = math.nan if math.isinf(matrix[u, a]) else matrix[v, a] - matrix[u, a]
    for a in range(size):
        if math.isnan(row_u[a]):
            continue
        for b in range(a + 1, size):
            drop = row_u[a] - row_u[b]
            if not math.isnan(drop):
                matrix[a, b] -= factor * drop * drop
                matrix[b, a] = matrix[a, b]


@kernel
def _take(node, nodes, size, place):
    """Size of the list of nodes in use once a node is in it."""
    if place[node] >= 0:
        return size
    place[node] = size
    nodes[size] = node
    return size + 1


@kernel
def _values_of_sets(matrix, focal, first, second, amount, circuit, start, stop, out):
    """Values between the focal nodes with each set's edges: those of finite, positive amount (sets, e)."""
    most = min(matrix.shape[0], focal.size + 2 * first.size)
    place, nodes = np.full(matrix.shape[0], -1, np.int64), np.empty(most, np.int64)
    small, row_u, row_v = np.empty((most, most)), np.empty(most), np.empty(most)
    for s in range(start, stop):
        size = 0
        for f in range(focal.size):
            size = _take(focal[f], nodes, size, place)
        for e in range(first.size):
            if 0.0 < amount[s, e] < math.inf:
                size = _take(first[e], nodes, size, place)
                size = _take(second[e], nodes, size, place)
        for a in range(size):
            for b in range(size):
                small[a, b] = matrix[nodes[a], nodes[b]]
        for e in range(first.size):
            if 0.0 < amount[s, e] < math.inf:
                if circuit:
                    open_conductance(small, size, place[first[e]], place[second[e]], amount[s, e], row_u, row_v)
                else:
                    open_cost(small, size, place[first[e]], place[second[e]], amount[s, e], row_u, row_v)
        for i in range(focal.size):
            for j in range(focal.size):
                out[s - start, i, j] = small[place[focal[i]], place[focal[j]]]
        for k in range(size):
            place[nodes[k]] = -1


@kernel
def resistances_of_sets(matrix, focal, first, second, delta, start, stop, out):
    """Effective resistance [ohm] between focal nodes (f,) for sets start..stop-1 of delta (sets, e) [S], 0 = closed.

    Fills out (stop - start, f, f).
    """
    _values_of_sets(matrix, focal, first, second, delta, True, start, stop, out)


@kernel
def costs_of_sets(matrix, focal, first, second, cost, start, stop, out):
    """Least cost [effective m] between focal nodes (f,) for sets start..stop-1 of cost (sets, e), inf = closed.

    Fills out (stop - start, f, f).
    """
    _values_of_sets(matrix, focal, first, second, cost, False, start, stop, out)
