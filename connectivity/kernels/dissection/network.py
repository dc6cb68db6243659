"""Small dense networks: resistances, voltages and sets of changed edges, without losing the digits of weak links.

A network of n nodes is eliminated but for its last (`dissection_dense`). Row k of the factor then says where current
that arrives in node k goes: to node j > k with probability ``p_kj = w_kj s_k``, where ``s_k = 1 / sqrt(d_k)`` stands on
the diagonal. Walking back up the rows puts the nodes in again, one by one.
"""

import math

import numpy as np

from connectivity.kernels._blas import add_product
from connectivity.kernels._jit import kernel
from connectivity.kernels.dissection.dense import packed_row

__all__ = [
    "all_resistances",
    "first_bad_edge",
    "mirror_packed",
    "network_components",
]

_BLOCK = 32


@kernel
def network_components(conductance, out):
    """Components of a dense network (n, n), numbered from 0 by their first node, into out (n,) int32; their number."""
    size = out.size
    waiting = np.empty(size, np.int32)
    out[:] = -1
    label = 0
    for first in range(size):
        if out[first] >= 0:
            continue
        out[first] = label
        waiting[0] = first
        n = 1
        while n > 0:
            n -= 1
            node = waiting[n]
            for other in range(size):
                if out[other] < 0 and conductance[node, other] > 0.0:
                    out[other] = label
                    waiting[n] = other
                    n += 1
        label += 1
    return label


@kernel
def _probabilities(panel, size, first, last, out):
    """Columns last.. of the rows first..last-1, as probabilities, transposed: out (size - last, last - first)."""
    for k in range(first, last):
        scale = panel[k * size + k]
        for j in range(last, size):
            out[(j - last) * (last - first) + k - first] = panel[k * size + j] * scale


@kernel
def _carry(panel, size, first, last, out):
    """Rows first..last-1, columns last.. of out: what the rows below give, all at once. out (size * size,) symmetric."""
    rest, width = size - last, last - first
    share = np.empty(rest * width)
    _probabilities(panel, size, first, last, share)
    for k in range(first, last):
        out[k * size + last : (k + 1) * size] = 0.0
    add_product(share, width, out[last * size + last :], size, width, rest, rest, out[first * size + last :], size)


@kernel
def _put_back(panel, size, k, first_after, out):
    """Row k of out, right of the diagonal: sum over j of p_kj out_j; columns from first_after hold part of it already."""
    scale = panel[k * size + k]
    row = out[k * size : (k + 1) * size]
    for j in range(k + 1, first_after):
        share = panel[k * size + j] * scale
        other = out[j * size : (j + 1) * size]
        for i in range(first_after, size):
            row[i] += share * other[i]
    for i in range(k + 1, first_after):
        other = out[i * size : (i + 1) * size]
        total = 0.0
        for j in range(k + 1, size):
            total += panel[k * size + j] * other[j]
        row[i] = total * scale


@kernel
def all_resistances(panel, size, out):
    """Effective resistance [ohm] between all nodes of a connected network, from its factor. Fills out (size * size,).

    A node put back has potential ``sum_j p_kj x_j`` plus its own term of variance 1 / d_k, so that
    ``R_ki = sum_j p_kj R_ji - sum_jl p_kj p_kl R_jl / 2 + 1 / d_k``; no term exceeds a few times the result.
    """
    out[size * size - 1] = 0.0
    last = size - 1
    while last > 0:
        first = max(last - _BLOCK, 0)
        _carry(panel, size, first, last, out)
        for k in range(last - 1, first - 1, -1):
            _put_back(panel, size, k, last, out)
            scale = panel[k * size + k]
            row = out[k * size : (k + 1) * size]
            spread = 0.0
            for j in range(k + 1, size):
                spread += panel[k * size + j] * row[j]
            add = scale * scale - 0.5 * spread * scale
            row[k] = 0.0
            for i in range(k + 1, size):
                row[i] += add
                out[i * size + k] = row[i]
        last = first


@kernel
def mirror_packed(packed, ids, out):
    """Write a packed network into a symmetric matrix out (n, n) at its nodes' ids."""
    for a in range(ids.size):
        start = packed_row(a, ids.size)
        for b in range(a + 1, ids.size):
            value = packed[start + b]
            out[ids[a], ids[b]] = value
            out[ids[b], ids[a]] = value


@kernel
def first_bad_edge(conductance):
    """Flat index of the first conductance that is not a finite number >= 0, or -1."""
    flat = conductance.ravel()
    for k in range(flat.size):
        if not 0.0 <= flat[k] < math.inf:
            return k
    return -1
