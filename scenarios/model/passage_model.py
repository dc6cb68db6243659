"""A few candidates of one species as an exact small model: any set of them opened in a moment, without the landscape.

The landscape is reduced once to its focal regions and both ends of every edge that the chosen candidates open: effective
resistances and least costs between these nodes, all candidates closed. Opening an edge changes either matrix in closed form
(`connectivity.kernels.openings`), across sealed fences and through several of them in a row. The report page does the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
import pandas as pd

from connectivity.focal import FocalRegion
from connectivity.least_cost.cost_distance import cost_weighted_distance
from connectivity.openings.edges import OpenableEdges
from connectivity.reduction.network import ReducedNetwork
from rasters.arrays import Ints, Reals
from rasters.errors import DataError
from rasters.files.writing import replacing
from scenarios.land.prepared import Prepared
from scenarios.model.candidates import pairs_on_routes
from scenarios.model.landscape import Landscape, openings_by_id

__all__ = ["PassageModel", "choose_candidates", "passage_model", "read_model", "write_model"]


MOST = 60
"""Candidates in a model: the matrices grow with the square, the report page with them."""
NAMES = ("candidates", "origins", "targets")
ARRAYS = (
    "resistance",
    "cost_m",
    "first",
    "second",
    "slot_edge",
    "slot_candidate",
    "state_start",
    "delta",
    "state_cost_m",
)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PassageModel:
    """Effective resistances and least costs of one scenario and species, on which any set of candidates is opened exactly.

    Parameters
    ----------
    candidates : tuple of str
        Their ids.
    origins, targets : tuple of str
        Ids of the focal regions: the first nodes, in this order. The other nodes are ends of edges.
    resistance : (n, n) float64
        Between nodes with all these candidates closed [ohm]; inf where nothing joins them.
    cost_m : (n, n) float64
        Least cost between nodes [effective m]; inf where no route leads.
    first, second : (e,) int64
        Nodes of each edge that candidates open.
    slot_edge, slot_candidate : (q,) int64
        Which candidate is on which edge, sorted by edge; the k-th slot of an edge is bit k of its state.
    state_start : (e + 1,) int64
        Where the states of each edge begin; the first is "none of its candidates".
    delta : (n_state,) float64
        Conductance that a state adds to its edge [S].
    state_cost_m : (n_state,) float64
        Cost of the edge in a state [effective m]; inf in the first.
    """

    candidates: tuple[str, ...]
    origins: tuple[str, ...]
    targets: tuple[str, ...]
    resistance: Reals
    cost_m: Reals
    first: Ints
    second: Ints
    slot_edge: Ints
    slot_candidate: Ints
    state_start: Ints
    delta: Reals
    state_cost_m: Reals

    def __post_init__(self) -> None:
        for name in ARRAYS:
            getattr(self, name).flags.writeable = False

    def __repr__(self) -> str:
        ends = f"{len(self.origins)} origins, {len(self.targets)} targets"
        return f"PassageModel({len(self.candidates)} candidates on {self.first.size} edges, {ends}, {self.size} nodes)"

    @property
    def size(self) -> int:
        """Number of nodes."""
        return int(self.resistance.shape[0])


def passage_model(prepared: Prepared, candidates: Sequence[str]) -> PassageModel:
    """Reduce the landscape and search it for these candidates, in this order; they must be the species' own."""
    land, ends = Landscape(prepared), prepared.ends
    edges = land.edges(candidates)
    cells, place = np.unique(np.concatenate([edges.first, edges.second]), return_inverse=True)
    first, second = (place + len(land.regions)).reshape(2, -1)
    return PassageModel(
        candidates=tuple(candidates),
        origins=tuple(r.id for r in ends.origins),
        targets=tuple(r.id for r in ends.targets),
        resistance=_resistances(land.network(edges), len(land.regions), cells),
        cost_m=_least_costs(land, edges, cells, first, second),
        first=first,
        second=second,
        slot_edge=edges.slot_edge,
        slot_candidate=edges.slot_candidate,
        state_start=edges.state_start,
        delta=edges.delta,
        state_cost_m=edges.cost_m,
    )


def _resistances(network: ReducedNetwork, regions: int, cells: Ints) -> Reals:
    """Between the regions and some kept cells, in this order."""
    nodes = [network.index_of_region(number + 1) for number in range(regions)]
    nodes += [network.index_of(*divmod(int(cell), network.shape[1])) for cell in cells]
    return network.effective_resistances(nodes)


def _least_costs(land: Landscape, edges: OpenableEdges, cells: Ints, first: Ints, second: Ints) -> Reals:
    """Between the regions and the ends of edges; between two ends only where a way through both edges may be worth it.

    Notes
    -----
    A way that goes on from an end ``x`` of an edge to another edge costs at least what it costs without any fence to come to
    the edge and from ``x`` to the target, and the crossings of two openings. Where that is no less than the way through this
    edge alone, for every origin and target, no such way is ever the cheapest, and no search from ``x`` is needed: few are,
    unless closed fences stand behind each other.
    """
    n = len(land.regions)
    rows, cols = np.divmod(cells, edges.shape[1])
    closed, free = (
        np.array([[*(d.to(region) for region in land.regions), *d.cwd[rows, cols]] for d in found])
        for found in (land.cwds(land.regions, fences=fences) for fences in (True, False))
    )
    reach = _onward_m(land, edges, closed, free, first, second)
    onward = [x for x in range(n, n + cells.size) if reach[x] > 0]
    matrix = np.full((n + cells.size, n + cells.size), np.inf)
    np.fill_diagonal(matrix, 0.0)
    matrix[:n] = closed
    with ThreadPoolExecutor(max_workers=2) as pool:
        found = pool.map(lambda x: _search(land, int(cells[x - n]), float(reach[x])), onward)
        for x, cwd in zip(onward, found, strict=True):
            matrix[x, n:] = cwd[rows, cols]
    return np.minimum(matrix, matrix.T)


def _onward_m(land: Landscape, edges: OpenableEdges, closed: Reals, free: Reals, first: Ints, second: Ints) -> Reals:
    """How far from each node a way to another opening may lead and still be worth it [effective m]; inf without limit."""
    origins = len(land.ends.origins)
    used = [one for one in land.openings.values() if one.rows.size]
    crossing = min((float(one.cost_m.min()) for one in used), default=0.0)
    now, (d, f) = closed[:origins, origins : len(land.regions)], (closed, free)
    reach = np.zeros(closed.shape[1])
    for e, (u, v) in enumerate(zip(first, second, strict=True)):
        through = float(edges.cost_m[edges.state_start[e] : edges.state_start[e + 1]].min())
        single = np.minimum(
            d[:origins, u, None] + d[origins:, v] + through, d[:origins, v, None] + d[origins:, u] + through
        )
        best = np.minimum(now, single)
        for inside, out in ((u, v), (v, u)):
            with np.errstate(invalid="ignore"):
                left = best - (f[:origins, inside, None] + through + crossing)
            worth = left[left > f[origins:, out]]
            reach[out] = max(reach[out], worth.max(initial=0.0))
    return reach


def _search(land: Landscape, cell: int, budget_m: float) -> Reals:
    row, col = divmod(cell, land.cuts.grid.width)
    start = FocalRegion.cell(f"cell {row}, {col}", row, col, land.cuts.grid)
    return cost_weighted_distance(land.stencil(), start, budget_m=budget_m).cwd


def choose_candidates(
    prepared: Sequence[Prepared], rankings: Sequence[pd.DataFrame], *, most: int = MOST
) -> tuple[str, ...]:
    """Candidates worth trying: every shortlist, those where routes cross two fence lines, and others spread along the fences.

    Parameters
    ----------
    prepared : sequence of Prepared
        Each species of a scenario. Only candidates that all of them have are taken, so that a set means the same for each.
    rankings : sequence of DataFrame
        Best first, with ``candidate, fence, along_m, selected``: the one over all species, then each species' own.
    """
    shared = set.intersection(*(set(openings_by_id(one)) for one in prepared)) if prepared else set()
    table = rankings[0][rankings[0]["candidate"].isin(shared)].reset_index(drop=True)
    names = [str(name) for ranking in rankings for name in ranking.loc[ranking["selected"].astype(bool), "candidate"]]
    if table["fence_line"].nunique() > 1:
        pairs = [p for one in prepared for p in pairs_on_routes(Landscape(one), table)]
        names += [table["candidate"].iloc[i] for pair in pairs for i in pair]
    taken = [name for name in dict.fromkeys(names) if name in shared][:most]
    return (*taken, *_spread(table, taken, most - len(taken)))


def _spread(table: pd.DataFrame, taken: Sequence[str], more: int) -> list[str]:
    """Candidates that fill the widest stretches without one, one after the other."""
    line = pd.factorize(table["fence_line"])[0]
    at = table["along_m"].to_numpy(float)
    away = np.full(len(table), np.inf)
    chosen = [int(i) for i in np.flatnonzero(table["candidate"].isin(taken))]
    out: list[int] = []
    for place in chosen:
        away = np.where(line == line[place], np.minimum(away, np.abs(at - at[place])), away)
    while len(out) < more and (away > 0).any():
        place = int(np.argmax(away))
        out.append(place)
        away = np.where(line == line[place], np.minimum(away, np.abs(at - at[place])), away)
    return [str(table["candidate"].iloc[i]) for i in out]


def write_model(model: PassageModel, path: Path) -> Path:
    """Write a model as ``.npz``."""
    arrays: dict[str, Any] = {name: np.array(getattr(model, name), dtype=str) for name in NAMES}
    arrays |= {name: getattr(model, name) for name in ARRAYS}
    with replacing(path) as part, part.open("wb") as file:
        np.savez(file, **arrays)
    return path


def read_model(path: Path) -> PassageModel:
    """Read what `write_model` wrote.

    Raises
    ------
    DataError
        The file is damaged or something else.
    """
    try:
        with path.open("rb") as stream, np.load(stream, allow_pickle=False) as file:
            parts: dict[str, Any] = {name: tuple(file[name].tolist()) for name in NAMES}
            parts |= {name: file[name] for name in ARRAYS}
            return PassageModel(**parts)
    except (OSError, ValueError, KeyError, BadZipFile) as error:
        raise DataError(f"{path}: is no model that otkel wrote: {error}; restore it, or run the study again") from error
