"""Algebra of small dense networks: symmetric (n, n) conductances [S], all >= 0, nothing on the diagonal.

Every result is got by elimination without a subtraction (`kernels.dissection_dense`) and by walking back, so that weak
links keep their digits.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from connectivity.kernels.dissection.dense import eliminate, factor_rows, packed_row, packed_size
from connectivity.kernels.dissection.network import (
    all_resistances,
    all_visits,
    mirror_packed,
    network_components,
    solve_currents,
)
from connectivity.kernels.dissection_sets import set_resistances_dense, set_resistances_updated
from connectivity.machine import one_blas_thread

__all__ = [
    "EdgeSets",
    "connected_parts",
    "connected_voltages",
    "eliminate_first",
    "resistances_between",
    "set_resistances",
    "unpack_network",
    "visits_of",
]

Reals = NDArray[np.float64]

_SET_CHUNK = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class EdgeSets:
    """Changed edges by their ends (e, 2) and delta (e,) [S], sets as lists of edges, pairs (p, 2)."""

    ends: NDArray[np.intp]
    delta: Reals
    start: NDArray[np.int64]
    member: NDArray[np.intp]
    pairs: NDArray[np.intp]


def set_resistances(circuit: Reals, case: EdgeSets, threads: int) -> Reals:
    """Effective resistance [ohm] (s, p) of pairs with each set: by update where only openings occur, else dense."""
    n_set = case.start.size - 1
    out = np.full((n_set, case.pairs.shape[0]), np.nan)
    rest = (case.delta, case.start, case.member, case.pairs)
    part = np.empty(circuit.shape[0], np.int32)
    network_components(circuit, part)
    opens = not (case.delta < 0.0).any()
    resistance = resistances_between(circuit) if opens else circuit

    def evaluate(first: int) -> None:
        last = min(first + _SET_CHUNK, n_set)
        if opens:
            set_resistances_updated(resistance, part, case.ends, *rest, first, last, out)
        set_resistances_dense(circuit, case.ends, *rest, first, last, out)

    with one_blas_thread(), ThreadPoolExecutor(max(threads, 1)) as pool:
        list(pool.map(evaluate, range(0, n_set, _SET_CHUNK)))
    return out


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


def visits_of(circuit: Reals) -> Reals:
    """Voltage [V] (n, n) of each node for 1 A into each node of a connected network, the last node held at 0 V."""
    out = np.zeros(circuit.size)
    factor = _factor(circuit)
    with one_blas_thread():
        all_visits(factor, circuit.shape[0], out)
    return out.reshape(circuit.shape)


def connected_voltages(circuit: Reals, current: Reals) -> Reals:
    """Voltages [V] (n,) of a connected network for currents [A] (n,), the last node at 0 V."""
    out = np.zeros(current.size)
    if current.size > 1:
        solve_currents(_factor(circuit), current.size, current.copy(), out)
    return out


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
