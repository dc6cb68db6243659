"""What any set of candidates does to the edges that they open.

A candidate opens one edge or many. Several candidates may share an edge: within one fence their ways stand in parallel
with it and with each other, and fences that cut the same edge stand in series. So each edge has a *state* for every
combination of the candidates on it, worked out once; the value of a set only looks states up.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from connectivity.landscape.stencil import Stencil
from rasters.errors import DataError
from rasters.fences import CutEdges
from rasters.openings import OpeningEdges

__all__ = ["OpenableEdges", "openable_edges"]

MOST_SHARING = 10
"""Candidates that one edge may have; more make too many states."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class OpenableEdges:
    """Edges that candidates open, and every state they can be in.

    Parameters
    ----------
    n_candidates : int
    shape : tuple of int
        (height, width) of the raster.
    first, second : (e,) int64
        Flat cells of each edge.
    slot_edge, slot_candidate : (q,) int64
        Which candidate is on which edge, sorted by edge; the k-th slot of an edge is bit k of its state.
    state_start : (e + 1,) int64
        Where the states of each edge begin; the first is "none of its candidates".
    delta : (n_state,) float64
        Conductance added to the edge as it is now [S]; 0 in the first state.
    cost_m : (n_state,) float64
        Cost of the edge [effective m]; inf in the first state, where nothing new is offered.
    singles_only : bool
        Whether only sets of one candidate have a state: as many states as candidates on an edge, not two to their power.
    """

    n_candidates: int
    shape: tuple[int, int]
    first: NDArray[np.int64]
    second: NDArray[np.int64]
    slot_edge: NDArray[np.int64]
    slot_candidate: NDArray[np.int64]
    state_start: NDArray[np.int64]
    delta: NDArray[np.float64]
    cost_m: NDArray[np.float64]
    singles_only: bool = False

    def __post_init__(self) -> None:
        for name in ("first", "second", "slot_edge", "slot_candidate", "state_start", "delta", "cost_m"):
            getattr(self, name).flags.writeable = False

    def __repr__(self) -> str:
        return f"OpenableEdges({self.n_candidates} candidates on {self.size} edges)"

    @property
    def size(self) -> int:
        """Number of edges."""
        return int(self.first.size)

    @property
    def slot_bit(self) -> NDArray[np.int64]:
        """(q,) what each slot adds to the number of its edge's state."""
        place = np.arange(self.slot_edge.size) - np.searchsorted(self.slot_edge, self.slot_edge, side="left")
        return place + 1 if self.singles_only else np.int64(1) << place

    @property
    def edge_of_state(self) -> NDArray[np.int64]:
        """(n_state,) edge that each state belongs to."""
        return np.repeat(np.arange(self.size), np.diff(self.state_start))

    def states(self, sets: NDArray[np.bool_]) -> NDArray[np.int64]:
        """(s, e) place of each edge's state in ``delta`` and ``cost_m`` for sets (s, n_candidates)."""
        if sets.ndim != 2 or sets.shape[1] != self.n_candidates:
            raise DataError(f"sets of shape {sets.shape} do not fit {self.n_candidates} candidates")
        if self.singles_only and (sets.sum(axis=1) > 1).any():
            raise DataError("these edges know single candidates only; build them for sets")
        bits = sparse.csr_array(
            (self.slot_bit, (self.slot_candidate, self.slot_edge)), shape=(self.n_candidates, self.size)
        )
        return np.asarray(sets.astype(np.int64) @ bits) + self.state_start[:-1]

    def cells(self) -> NDArray[np.bool_]:
        """(height, width) ends of the edges."""
        mask = np.zeros(self.shape, bool)
        mask.reshape(-1)[self.first] = mask.reshape(-1)[self.second] = True
        return mask

    def only(self, candidates: Sequence[int]) -> OpenableEdges:
        """The same edges for some of the candidates, in the order given; the others stay closed."""
        new = np.full(self.n_candidates, -1, np.int64)
        new[np.asarray(candidates, np.int64)] = np.arange(len(candidates))
        stays = new[self.slot_candidate] >= 0
        edges, number = np.unique(self.slot_edge[stays], return_inverse=True)
        delta, cost, start = [], [], [0]
        bits = self.slot_bit
        for edge in edges:
            mine = np.flatnonzero((self.slot_edge == edge) & stays)
            place = self.state_start[edge] + np.array(
                [int(bits[list(q)].sum()) for q in self._combined(mine)], np.int64
            )
            delta.append(self.delta[place])
            cost.append(self.cost_m[place])
            start.append(start[-1] + place.size)
        return OpenableEdges(
            n_candidates=len(candidates),
            shape=self.shape,
            first=self.first[edges],
            second=self.second[edges],
            slot_edge=number.astype(np.int64),
            slot_candidate=new[self.slot_candidate[stays]],
            state_start=np.array(start, np.int64),
            delta=_joined(delta),
            cost_m=_joined(cost),
            singles_only=self.singles_only,
        )

    def _combined(self, slots: NDArray[np.intp]) -> list[list[int]]:
        return _combinations(slots.tolist(), singles_only=self.singles_only)


def openable_edges(
    cuts: CutEdges,
    stencil: Stencil,
    row_cost_m: NDArray[np.float64],
    row_ohm: NDArray[np.float64],
    candidates: Sequence[Sequence[OpeningEdges]],
    *,
    singles_only: bool = False,
) -> OpenableEdges:
    """Every edge that candidates open, with its states.

    Parameters
    ----------
    cuts : CutEdges
    stencil : Stencil
        For the resistance of cells and the edge rule; its fences are not looked at.
    row_cost_m, row_ohm : (n_cut,) float64
        What each row of ``cuts`` adds to its edge now, from `rasters.fence_terms.row_terms`.
    candidates : sequence of sequences of OpeningEdges
        Openings that each candidate consists of: one, or one in each fence of a bundle.
    singles_only : bool
        For sets of one candidate only; then any number may share an edge.

    Raises
    ------
    DataError
        When more than ten candidates share an edge, and sets of several are asked for.
    """
    base = stencil.resistance_at(cuts.row, cuts.col, cuts.step)
    base_ohm, base_m = base * stencil.step_ratio()[cuts.step], base * stencil.step_m()[cuts.step]
    by_edge = _slots_by_edge(cuts, candidates, np.isfinite(base_ohm))
    rows_of = _rows_by_edge(cuts, by_edge)
    row2, col2 = cuts.second
    width = cuts.grid.width
    first, second, slot_edge, slot_candidate, start = [], [], [], [], [0]
    delta: list[float] = []
    cost: list[float] = []
    for edge, (key, slots) in enumerate(sorted(by_edge.items())):
        who = sorted({candidate for candidate, *_ in slots})
        if len(who) > MOST_SHARING and not singles_only:
            raise DataError(
                f"{len(who)} candidates open the edge at row {key // 4 // width}, col {key // 4 % width}; at most "
                f"{MOST_SHARING} may share an edge: space them wider (candidates.every_m: {cuts.grid.cell_width_m:g} would do) or "
                "take smaller cells"
            )
        rows = rows_of[key]
        row = rows[0]
        states = _states(
            _combinations(who, singles_only=singles_only),
            slots,
            rows,
            row_ohm,
            row_cost_m,
            float(base_ohm[row]),
            float(base_m[row]),
        )
        delta += [state[0] for state in states]
        cost += [state[1] for state in states]
        start.append(len(delta))
        first.append(int(cuts.row[row]) * width + int(cuts.col[row]))
        second.append(int(row2[row]) * width + int(col2[row]))
        slot_edge += [edge] * len(who)
        slot_candidate += who
    return OpenableEdges(
        n_candidates=len(candidates),
        shape=cuts.grid.shape,
        first=np.array(first, np.int64),
        second=np.array(second, np.int64),
        slot_edge=np.array(slot_edge, np.int64),
        slot_candidate=np.array(slot_candidate, np.int64),
        state_start=np.array(start, np.int64),
        delta=np.array(delta),
        cost_m=np.array(cost),
        singles_only=singles_only,
    )


def _combinations(members: Sequence[int], *, singles_only: bool) -> list[list[int]]:
    """Members of each state of an edge, in the order of the states; the first holds none."""
    if singles_only:
        return [[], *([one] for one in members)]
    return [[one for k, one in enumerate(members) if mask >> k & 1] for mask in range(1 << len(members))]


Slot = tuple[int, int, float, float]
"""Candidate, row of the cuts, ohm and cost of the way that it opens there."""


def _slots_by_edge(
    cuts: CutEdges, candidates: Sequence[Sequence[OpeningEdges]], exists: NDArray[np.bool_]
) -> dict[int, list[Slot]]:
    key = (cuts.row.astype(np.int64) * cuts.grid.width + cuts.col) * 4 + cuts.step
    out: dict[int, list[Slot]] = {}
    for number, openings in enumerate(candidates):
        for opening in openings:
            for row, ohm, cost in zip(opening.rows, opening.ohm, opening.cost_m, strict=True):
                if not exists[row]:
                    continue
                out.setdefault(int(key[row]), []).append((number, int(row), float(ohm), float(cost)))
    return out


def _rows_by_edge(cuts: CutEdges, wanted: dict[int, list[Slot]]) -> dict[int, list[int]]:
    """Every row of ``cuts`` on each wanted edge: the fences that stand there in series."""
    key = (cuts.row.astype(np.int64) * cuts.grid.width + cuts.col) * 4 + cuts.step
    rows = np.flatnonzero(np.isin(key, np.fromiter(wanted, np.int64, len(wanted))))
    out: dict[int, list[int]] = {}
    for row in rows:
        out.setdefault(int(key[row]), []).append(int(row))
    return out


def _states(
    combinations: Sequence[Sequence[int]],
    slots: Sequence[Slot],
    rows: Sequence[int],
    row_ohm: NDArray[np.float64],
    row_cost_m: NDArray[np.float64],
    base_ohm: float,
    base_m: float,
) -> list[tuple[float, float]]:
    """(added conductance, cost) for each combination of the candidates on an edge; the first is none."""
    closed = _reciprocal(base_ohm + sum(float(row_ohm[row]) for row in rows))
    out = [(0.0, math.inf)]
    for chosen in combinations[1:]:
        ohm, cost = base_ohm, base_m
        for row in rows:
            ways = [(o, c) for candidate, r, o, c in slots if r == row and candidate in chosen]
            ohm += _reciprocal(_reciprocal(float(row_ohm[row])) + sum(_reciprocal(o) for o, _ in ways))
            cost += min([float(row_cost_m[row]), *(c for _, c in ways)])
        out.append((max(_reciprocal(ohm) - closed, 0.0), cost))
    return out


def _reciprocal(value: float) -> float:
    return math.inf if value == 0.0 else 1.0 / value


def _joined(parts: list[NDArray[np.float64]]) -> NDArray[np.float64]:
    return np.concatenate([np.empty(0), *parts])
