"""Algebra of small dense networks: symmetric (n, n) conductances [S], all >= 0, nothing on the diagonal.

Every result is got by elimination without a subtraction (`kernels.dissection_dense`) and by walking back, so that weak
links keep their digits.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from connectivity.kernels.dissection.dense import eliminate, factor_rows, packed_row, packed_size
from connectivity.kernels.dissection.network import (
    all_resistances,
    mirror_packed,
    network_components,
)
from connectivity.machine import one_blas_thread
from rasters.arrays import Reals

__all__ = [
    "connected_parts",
    "eliminate_first",
    "resistances_between",
    "unpack_network",
]


def resistances_between(circuit: Reals) -> Reals:
    """Effective resistance [ohm] between all nodes of a network, inf between its parts."""
    result = np.full(circuit.shape, np.inf)
    np.fill_diagonal(result, 0.0)
    for members in connected_parts(circuit):
        result[np.ix_(members, members)] = _connected_resistances(circuit[np.ix_(members, members)])
    return result


def connected_parts(circuit: Reals) -> list[NDArray[np.intp]]:
    """Nodes of each connected part, increasing."""
    label = np.empty(circuit.shape[0], np.int32)
    n = network_components(circuit, label)
    order = np.argsort(label, kind="stable")
    return np.split(order, np.searchsorted(label[order], np.arange(1, n)))


def _factor(circuit: Reals) -> Reals:
    """All nodes but the last eliminated: flat rows as `dissection_network` reads them."""
    panel = np.array(circuit, np.float64).reshape(-1)
    with one_blas_thread():
        factor_rows(panel, 0, circuit.shape[0], circuit.shape[0] - 1)
    return panel


def _connected_resistances(circuit: Reals) -> Reals:
    out = np.zeros(circuit.size)
    if circuit.shape[0] > 1:
        factor = _factor(circuit)
        with one_blas_thread():
            all_resistances(factor, circuit.shape[0], out)
    return out.reshape(circuit.shape)


def eliminate_first(full: Reals, n_own: int) -> Reals:
    """Network of the nodes after the first ``n_own``, which are eliminated."""
    size = full.shape[0]
    rest = size - n_own
    panel = np.ascontiguousarray(full[:n_own]).reshape(-1)
    packed = np.zeros(packed_size(rest))
    for row in range(rest):
        start = packed_row(row, rest)
        packed[start + row : start + rest] = full[n_own + row, n_own + row :]
    with one_blas_thread():
        eliminate(panel, 0, n_own, size, packed, 0)
    return unpack_network(np.arange(rest, dtype=np.int32), packed, rest)


def unpack_network(ids: NDArray[np.int32], packed: Reals, size: int) -> Reals:
    """Symmetric matrix (size, size) of a packed network between the nodes ``ids``."""
    out = np.zeros((size, size))
    mirror_packed(packed, ids, out)
    return out
