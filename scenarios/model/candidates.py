"""Candidates of a study as a table, pairs of them that belong together, and the few among which a set is chosen."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from connectivity.least_cost.paths import least_cost_path
from rasters.arrays import Reals
from rasters.fences import CutEdges
from rasters.openings import Opening
from scenarios.land.inputs import Inputs
from scenarios.land.prepared import Prepared
from scenarios.model.landscape import Landscape, openings_by_id
from scenarios.study.load import ResolvedStudy

__all__ = ["candidate_table", "local_maxima", "nearby_pairs", "pairs_on_routes", "shortlisted"]


def candidate_table(resolved: ResolvedStudy, inputs: Inputs, prepared: Sequence[Prepared]) -> pd.DataFrame:
    """One row per candidate of any species: what it is, where, and what it costs."""
    openings: dict[str, Opening] = {}
    for one in prepared:
        for name, edges in openings_by_id(one).items():
            openings.setdefault(name, edges.opening)
    by_id = {fence.id: fence for fence in inputs.cuts.fences}
    fences = [by_id[opening.fence] for opening in openings.values()]
    points = [fence.point_at(opening.along_m) for fence, opening in zip(fences, openings.values(), strict=True)]
    x, y = np.array([p.x for p in points]), np.array([p.y for p in points])
    lon, lat = inputs.grid.lonlat(x, y)
    return pd.DataFrame(
        {
            "candidate": list(openings),
            "kind": ["removal" if name in resolved.study.actions else "passage" for name in openings],
            "fence": [f.id for f in fences],
            "fence_line": [f.fence_line for f in fences],
            "country": [f.country for f in fences],
            "along_m": [o.along_m for o in openings.values()],
            "x": x,
            "y": y,
            "lon": lon,
            "lat": lat,
            "width_m": [o.width_m for o in openings.values()],
            "design": [o.design for o in openings.values()],
            "cost": [_cost(resolved, name, o) for name, o in openings.items()],
            "origin": [_origin(resolved, name, o) for name, o in openings.items()],
            "geometry_status": [f.geometry_status for f in fences],
        }
    )


def _cost(resolved: ResolvedStudy, name: str, opening: Opening) -> float:
    study = resolved.study
    if name in study.actions:
        return study.actions[name].cost
    own = {point.id: point.cost for point in study.candidates.points}.get(name)
    return study.designs[opening.design].cost if own is None else own


def _origin(resolved: ResolvedStudy, name: str, opening: Opening) -> str:
    """Where cost and width of a candidate come from."""
    study = resolved.study
    return study.actions[name].origin if name in study.actions else study.designs[opening.design].origin


def local_maxima(table: pd.DataFrame, gain: Reals, within_m: float) -> NDArray[np.bool_]:
    """Candidates that no other of the same design on the same fence line within ``within_m`` beats."""
    out = np.zeros(len(table), bool)
    for _, group in table.groupby(["fence_line", "design"], sort=False):
        at, along = group.index.to_numpy(), group["along_m"].to_numpy()
        for k in range(at.size):
            near = at[np.abs(along - along[k]) <= within_m]
            out[at[k]] = gain[at[k]] > 0 and gain[at[k]] >= gain[near].max()
    return out


def nearby_pairs(table: pd.DataFrame, apart_m: float) -> NDArray[np.int64]:
    """(m, 2) candidates on different fence lines at most ``apart_m`` apart."""
    from scipy.spatial import cKDTree

    if table["fence_line"].nunique() < 2:
        return np.empty((0, 2), np.int64)
    pairs = cKDTree(table[["x", "y"]].to_numpy()).query_pairs(apart_m, output_type="ndarray").astype(np.int64)
    line = table["fence_line"].to_numpy()
    pairs = np.sort(pairs[line[pairs[:, 0]] != line[pairs[:, 1]]], axis=1)
    return pairs[np.lexsort((pairs[:, 1], pairs[:, 0]))]


def pairs_on_routes(land: Landscape, table: pd.DataFrame) -> NDArray[np.int64]:
    """(m, 2) candidates nearest to where the least-cost paths without fences cross two lines."""
    found = set()
    for cwd in land.cwds(land.ends.origins, fences=False):
        path = least_cost_path(cwd, land.ends.any_target)
        cuts = [one for one in (land.cuts, land.far_cuts) if one is not None]
        crossed = _nearest(table, [c for one in cuts for c in _crossings(one, path.rows, path.cols)])
        found |= {(a, b) for a in crossed for b in crossed if a < b}
    line = table["fence_line"].to_numpy()
    return np.array(sorted(p for p in found if line[p[0]] != line[p[1]]), np.int64).reshape(-1, 2)


def _crossings(cuts: CutEdges, rows: NDArray[np.int32], cols: NDArray[np.int32]) -> list[tuple[str, float]]:
    """(fence line, metres along it) for each cut edge on a path."""
    steps = set(zip(rows[:-1].tolist(), cols[:-1].tolist(), rows[1:].tolist(), cols[1:].tolist(), strict=True))
    row2, col2 = cuts.second
    ends = zip(cuts.row.tolist(), cuts.col.tolist(), row2.tolist(), col2.tolist(), strict=True)
    return [
        (cuts.fences[cuts.fence[i]].fence_line, float(cuts.along_m[i]))
        for i, (a, b, c, d) in enumerate(ends)
        if (a, b, c, d) in steps or (c, d, a, b) in steps
    ]


def _nearest(table: pd.DataFrame, crossings: Sequence[tuple[str, float]]) -> list[int]:
    """Place of the candidate nearest along the fence line to each crossing."""
    line, along = table["fence_line"].to_numpy(), table["along_m"].to_numpy()
    out = []
    for name, at in crossings:
        mine = np.flatnonzero(line == name)
        if mine.size:
            out.append(int(mine[np.argmin(np.abs(along[mine] - at))]))
    return sorted(set(out))


def shortlisted(
    table: pd.DataFrame,
    moves: Sequence[tuple[tuple[int, ...], float]],
    *,
    first: Sequence[int],
    most: int,
    apart_m: float,
) -> list[int]:
    """The candidates of the best moves, one by one, each at least ``apart_m`` from those of its design taken before.

    Parameters
    ----------
    moves : sequence of (candidates, gain per cost)
        Single candidates and bundles.
    first : sequence of int
        Candidates that are in it whatever their gain.
    """
    taken = list(dict.fromkeys(first))
    line, design = table["fence_line"].to_numpy(), table["design"].to_numpy()
    along, kind = table["along_m"].to_numpy(), table["kind"].to_numpy()

    def room(i: int) -> bool:
        others = [j for j in taken if line[j] == line[i] and design[j] == design[i] and kind[j] == kind[i] == "passage"]
        return all(abs(along[j] - along[i]) >= apart_m for j in others)

    for members, gain in sorted(moves, key=lambda move: (-move[1], move[0])):
        new = [i for i in members if i not in taken]
        if gain > 0 and len(taken) + len(new) <= most and all(room(i) for i in new):
            taken += new
    return sorted(taken)
