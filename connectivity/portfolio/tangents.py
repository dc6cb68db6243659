"""Linear bounds on conductance and resistance that hold for every set of openings.

Effective conductance is the least energy over all voltages with 1 V between the ends (Thomson), and the energy of given
voltages is linear in the edges' conductances. So conductance is concave in them, and its tangent at any point is a bound
everywhere. An edge that is open to the share ``y`` may be given any conductance that is right at 0 and 1. The tightest that
keeps the whole concave is not ``y delta``: part ``r`` of the resistance that the landscape itself offers between the edge's
ends belongs to that edge alone and can be counted with the opening, which makes it ``y delta / (1 + delta r (1 - y))``. That
is allowed as long as the impedance matrix of all edges, seen with the pair's ends held, less ``diag(r)`` is positive
semidefinite.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import eigvalsh

from connectivity.openings.edges import OpenableEdges
from connectivity.openings.sets import CircuitOfSets
from rasters.arrays import Reals

__all__ = ["opened_in_part", "own_resistance", "tangents"]

SAFETY = 1.0 - 1e-6
"""Share of the own resistance that is used, so that rounding cannot make it too large."""
APART = 1e4
"""Resistance put between parts that nothing joins, over the largest within them; any value gives a valid bound."""


def own_resistance(circuit: CircuitOfSets) -> Reals:
    """(e,) part of the landscape's resistance between each edge's ends that belongs to that edge alone [ohm].

    Only for edges that are all that one candidate opens, 0 for the others.
    """
    edges = circuit.edges
    alone = _alone(edges)
    own = np.zeros(edges.size)
    if not alone.size:
        return own
    held = _held_impedance(circuit)
    own[alone] = SAFETY * _own_share(held, alone) * np.maximum(np.diag(held)[alone], 0.0)
    return own


def _alone(edges: OpenableEdges) -> NDArray[np.int64]:
    """Edges of one candidate, which opens no other."""
    slots_on_edge = np.bincount(edges.slot_edge, minlength=edges.size)
    edges_of_candidate = np.bincount(edges.slot_candidate, minlength=edges.n_candidates)
    single = (slots_on_edge[edges.slot_edge] == 1) & (edges_of_candidate[edges.slot_candidate] == 1)
    return edges.slot_edge[single]


def _joined(circuit: CircuitOfSets) -> Reals:
    """Resistances with parts that nothing joins put in a star of large resistances."""
    resistance = circuit.resistance
    apart = np.isinf(resistance)
    if not apart.any():
        return resistance
    hub = resistance[np.arange(resistance.shape[0]), np.argmax(~apart, axis=0)]
    large = APART * resistance[~apart].max()
    return np.where(apart, hub[:, None] + large + hub[None, :], resistance)


def _held_impedance(circuit: CircuitOfSets) -> Reals:
    """(e, e) voltage across an edge for 1 A through another [ohm], with the ends of all pairs held at one voltage."""
    resistance = _joined(circuit)
    first, second = circuit.first, circuit.second
    both = resistance[np.ix_(first, second)]
    free = 0.5 * (both + both.T - resistance[np.ix_(first, first)] - resistance[np.ix_(second, second)])
    focal = np.unique(np.concatenate([circuit.source, circuit.target]))
    at, others = focal[0], focal[1:]
    drop = 0.5 * (
        resistance[np.ix_(others, second)]
        + resistance[at, first]
        - resistance[np.ix_(others, first)]
        - resistance[at, second]
    )
    between = 0.5 * (resistance[at, others][:, None] + resistance[at, others] - resistance[np.ix_(others, others)])
    return free - drop.T @ np.linalg.solve(between, drop) if others.size else free


def _own_share(impedance: Reals, alone: NDArray[np.int64]) -> float:
    """Largest share of the diagonal at ``alone`` that can be taken away and leave the matrix positive semidefinite."""
    scale = np.sqrt(np.maximum(np.diag(impedance), 1e-300))
    inverse = np.linalg.pinv(impedance / np.outer(scale, scale) + 1e-11 * np.eye(scale.size), hermitian=True)
    largest = float(eigvalsh(inverse[np.ix_(alone, alone)])[-1])
    return min(1.0 / largest, 1.0) if largest > 0 else 0.0


def opened_in_part(edges: OpenableEdges, share: Reals, own: Reals) -> tuple[Reals, Reals]:
    """Conductance of each edge (e,) [S] open to the shares (n_state,) of its states, and its slope by each share."""
    edge = edges.edge_of_state
    reduced = edges.delta / (1.0 + edges.delta * own[edge])
    rest = 1.0 - own[edge] * reduced * share
    conductance = np.bincount(edge, weights=reduced * share / rest, minlength=edges.size).astype(np.float64)
    return conductance, reduced / rest**2


def tangents(circuit: CircuitOfSets, conductance: Reals, *, resistance: bool) -> list[tuple[Reals, Reals]]:
    """Level (p,) and slope by conductance (p, e) of each pair's conductance, or of its resistance turned negative.

    Parts of the network that the pair does not reach are at any voltage; several choices give several bounds.
    """
    now = circuit.opened(conductance)
    between = now.resistance[now.source, now.target]
    out = []
    for floating in (None, 0.0, 1.0):
        volt, apart = _unit_voltages(now, floating)
        drop2 = (volt[:, now.first] - volt[:, now.second]) ** 2
        with np.errstate(divide="ignore"):
            out.append((-between, drop2 * between[:, None] ** 2) if resistance else (1.0 / between, drop2))
        if not apart:
            break
    return out


def _unit_voltages(circuit: CircuitOfSets, floating: float | None) -> tuple[Reals, bool]:
    """(p, n) voltages with the source at 1 V and the target at 0 V, and whether any node is out of reach.

    Nodes out of reach are at ``floating``, or for None where they would be with every candidate open.
    """
    r, s, t = circuit.resistance, circuit.source, circuit.target
    with np.errstate(invalid="ignore"):
        volt = 0.5 * (1.0 + (r[t] - r[s]) / r[s, t][:, None])
    near, far = np.isfinite(r[s]), np.isfinite(r[t])
    joined = np.isfinite(r[s, t])[:, None]
    volt = np.where(joined, volt, np.where(near, 1.0, 0.0))
    apart = ~(near | far)
    if apart.any():
        volt[apart] = 0.0 if floating is None else floating
        if floating is None:
            _float_between(volt, apart, circuit)
    return volt, bool(apart.any())


def _float_between(volt: Reals, apart: NDArray[np.bool_], circuit: CircuitOfSets) -> None:
    """Put each part out of reach at the voltage that balances its candidates' currents, in place."""
    part = np.argmax(np.isfinite(circuit.resistance), axis=0)
    weight = np.maximum.reduceat(circuit.edges.delta, circuit.edges.state_start[:-1])
    one, two = part[circuit.first], part[circuit.second]
    for p in range(volt.shape[0]):
        loose = np.unique(part[apart[p]])
        if not loose.size:
            continue
        place = np.full(part.size, -1)
        place[loose] = np.arange(loose.size)
        matrix, load = np.eye(loose.size) * 1e-300, np.zeros(loose.size)
        for here, there, end in ((one, two, circuit.second), (two, one, circuit.first)):
            mine = (place[here] >= 0) & (here != there)
            np.add.at(matrix, (place[here[mine]], place[here[mine]]), weight[mine])
            inner = mine & (place[there] >= 0)
            np.add.at(matrix, (place[here[inner]], place[there[inner]]), -weight[inner])
            outer = mine & (place[there] < 0)
            np.add.at(load, place[here[outer]], weight[outer] * volt[p, end[outer]])
        level = np.linalg.lstsq(matrix, load, rcond=None)[0]
        volt[p, apart[p]] = np.clip(level, 0.0, 1.0)[place[part[apart[p]]]]
