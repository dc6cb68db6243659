"""Proof on the grid that closed fences keep the sides apart that a study declares, and that each candidate opens them."""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from shapely import LineString, MultiLineString, MultiPoint
from shapely.ops import nearest_points

from connectivity.focal import FocalRegion
from connectivity.landscape.reachability import reachable_cells
from connectivity.landscape.stencil import Stencil, build_stencil
from connectivity.least_cost.cost_distance import cost_weighted_distance
from connectivity.least_cost.paths import least_cost_path
from rasters.fence_cuts import cut_edges, touches
from rasters.fence_terms import fence_terms, terms_of_others
from rasters.fences import CutEdges, Fence
from rasters.openings import FenceModel
from rasters.surface import ResistanceSurface
from scenarios.land.inputs import Inputs, fences_across, naming
from scenarios.land.openings import SpeciesContext
from scenarios.land.prepared import species_surface
from scenarios.runs.findings import Finding
from scenarios.study.fences import Separation
from scenarios.study.load import ResolvedStudy

__all__ = ["separation_findings"]


Closed = Mapping[tuple[str, ...], Sequence[str]]
"""Fence lines that stand at the same time -> scenarios in which they do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ground:
    """Where fences are tested: only water and unknown cells stop anything, and all fences but those of ``cuts`` are gone."""

    inputs: Inputs
    surface: ResistanceSurface
    cuts: CutEdges
    stencil: Stencil
    from_a: NDArray[np.bool_]
    from_b: NDArray[np.bool_]

    @property
    def is_parted(self) -> bool:
        """Whether no cell is reached from both sides."""
        return not (self.from_a & self.from_b).any()


def separation_findings(
    resolved: ResolvedStudy, inputs: Inputs, separation: Separation, closed: Closed
) -> list[Finding]:
    """Leak and gap test of one set of fences.

    Parameters
    ----------
    closed : mapping
        What else stands when a candidate is opened alone: the lines of each scenario.
    """
    name = " + ".join(separation.fences)
    surface = _open_ground(inputs, resolved)
    alone = _ground(resolved, inputs, separation, surface, separation.fences)
    split = _split_regions(inputs, separation, alone.cuts)
    if split:
        return [Finding(check=f"leak test of {name}", passed=False, text=split)]
    if not alone.is_parted:
        return [Finding(check=f"leak test of {name}", passed=False, text=_leak(alone, separation))]
    blocked = (
        f"{alone.cuts.size} edges cut; {int(alone.from_a.sum())} cells reached from one side, {int(alone.from_b.sum())} from the "
        "other, none both"
    )
    leak = Finding(check=f"leak test of {name}", passed=True, text=blocked)
    behind = {
        lines: _ground(resolved, inputs, separation, surface, (*separation.fences, *lines))
        for lines in _others(separation, closed)
    }
    return [leak, _gap_finding(resolved, alone, separation, behind, closed)]


def _others(separation: Separation, closed: Closed) -> list[tuple[str, ...]]:
    """Sets of lines that stand beside those that are tested."""
    return [others for others in dict.fromkeys(_beside(separation, lines) for lines in closed) if others]


def _beside(separation: Separation, lines: Sequence[str]) -> tuple[str, ...]:
    return tuple(sorted(set(lines) - set(separation.fences)))


def _ground(
    resolved: ResolvedStudy, inputs: Inputs, separation: Separation, surface: ResistanceSurface, lines: Sequence[str]
) -> _Ground:
    named = [f for f in inputs.all_fences if f.fence_line in lines]
    fences = [f for f in named if touches(f, inputs.grid)] or named
    with naming(resolved.file(resolved.study.fences.file)):
        cuts = cut_edges(fences, inputs.grid)
    stencil = build_stencil(surface, fence_terms(cuts, surface, _sealed(fences)))
    from_a = reachable_cells(stencil, _together(inputs, separation.side_a, surface))
    from_b = reachable_cells(stencil, _together(inputs, separation.side_b, surface))
    return _Ground(inputs=inputs, surface=surface, cuts=cuts, stencil=stencil, from_a=from_a, from_b=from_b)


def _sealed(fences: Sequence[Fence]) -> FenceModel:
    return FenceModel(worth_m=dict.fromkeys((fence.id for fence in fences), math.inf), reach_m=1.0)


def _split_regions(inputs: Inputs, separation: Separation, cuts: CutEdges) -> str:
    """Regions that lie on both sides of a fence, in words; empty where there is none."""
    across = {name: fences_across(inputs.regions[name], cuts) for name in (*separation.side_a, *separation.side_b)}
    return "; ".join(
        f"{name} lies on both sides of {', '.join(fences)}, and a focal region is one node that bridges it: split or shrink it"
        for name, fences in across.items()
        if fences
    )


def _open_ground(inputs: Inputs, resolved: ResolvedStudy) -> ResistanceSurface:
    """Cells that at least one species can enter, all equally easy."""
    passable = np.zeros(inputs.grid.shape, bool)
    for name in inputs.profiles:
        passable |= species_surface(resolved, inputs, name).passable
    ones = np.ones(inputs.grid.shape)
    return ResistanceSurface(
        values=ones, nodata=~passable, barrier=np.zeros_like(passable), grid=inputs.grid, name="open ground"
    )


def _together(inputs: Inputs, ids: Sequence[str], surface: ResistanceSurface) -> FocalRegion:
    mask = np.zeros(inputs.grid.shape, bool)
    for name in ids:
        rows, cols = inputs.regions[name].check_on(surface)
        mask[rows, cols] = True
    return FocalRegion.from_mask("+".join(ids), mask, inputs.grid)


def _leak(ground: _Ground, separation: Separation) -> str:
    """How the two sides are joined, and where that way gets past the fences."""
    inputs, surface = ground.inputs, ground.surface
    cwd = cost_weighted_distance(ground.stencil, _together(inputs, separation.side_a, surface))
    path = least_cost_path(cwd, _together(inputs, separation.side_b, surface))
    sides = f"{', '.join(separation.side_a)} to {', '.join(separation.side_b)}"
    if path.rows.size < 2:
        return f"one region lies on both sides: {sides} share a cell; check `side_a` and `side_b`"
    x, y, how = _passed_at(LineString(np.column_stack(path.xy)), ground.cuts.fences)
    lon, lat = inputs.grid.lonlat(x, y)
    row, col = inputs.grid.cell_at(x=x, y=y)
    return (
        f"the closed fence leaks: a way of {path.length_m / 1000:.0f} km from {sides} {how} at lat {lat:.3f}, lon {lon:.3f} "
        f"(row {row}, col {col})"
    )


def _passed_at(way: LineString, fences: Sequence[Fence]) -> tuple[float, float, str]:
    """Map position at which a way gets past fence lines, and how: through a hole, around an end, or far from any."""
    ends = _free_ends(fences)
    bridges = sorted((LineString(pair) for pair in itertools.combinations(ends, 2)), key=lambda b: b.length)
    longest = 0.1 * sum(f.length_m for f in fences)
    for bridge in bridges:
        if bridge.length > longest:
            break
        if bridge.length > 0 and way.intersects(bridge):
            place = way.intersection(bridge).representative_point()
            return place.x, place.y, f"goes through a hole of {bridge.length / 1000:.1f} km; close it"
    around = MultiPoint(ends) if ends else MultiLineString([part for f in fences for part in f.parts])
    place = nearest_points(way, around)[0]
    how = f"passes {'an open end' if ends else 'the line'} at a distance of {place.distance(around) / 1000:.1f} km"
    return place.x, place.y, how


def _free_ends(fences: Sequence[Fence]) -> list[tuple[float, float]]:
    """Ends of parts that no other part begins or ends at."""
    ends = Counter((x, y) for f in fences for part in f.parts for x, y, *_ in (part.coords[0], part.coords[-1]))
    return [end for end, count in ends.items() if count == 1]


def _gap_finding(
    resolved: ResolvedStudy,
    alone: _Ground,
    separation: Separation,
    behind: Mapping[tuple[str, ...], _Ground],
    closed: Closed,
) -> Finding:
    """Every candidate, opened alone, must join the two sides; those that face enclosed pockets are listed.

    Where other lines stand too, what a candidate joins is told again with all of them closed: that a fence behind keeps it
    from joining anything is to be looked at, not a fault of this one.
    """
    name = " + ".join(separation.fences)
    joins = _joins(resolved, alone, separation)
    if not joins:
        text = f"no candidate stands on {name}: its pieces cut nothing that can be opened, or `candidates.every_m` is too long"
        return Finding(check=f"gap test of {name}", passed=True, text=text, state="NOT TESTED")
    idle = [candidate for candidate, good in joins.items() if not good]
    texts = [f"{sum(joins.values())} of {len(joins)} candidates join the two sides when opened alone"]
    if idle:
        more = " ..." if len(idle) > 5 else ""
        texts.append(f"{len(idle)} lead into pockets that neither side reaches: {', '.join(idle[:5])}{more}")
    if not any(joins.values()) and len(separation.fences) > 1:
        texts.append("lines that stand behind each other need a row of `fences.separations` each")
    passed, none_left = any(joins.values()), False
    for others, ground in behind.items():
        left = sum(_joins(resolved, ground, separation).values())
        none_left |= left == 0
        where = ", ".join(
            name for lines, names in closed.items() if _beside(separation, lines) == others for name in names
        )
        texts.append(f"{left} of {len(joins)} while {' and '.join(others)} stays closed (scenario {where})")
    return Finding(
        check=f"gap test of {name}", passed=passed, text="; ".join(texts), state="LOOK" if passed and none_left else ""
    )


def _joins(resolved: ResolvedStudy, ground: _Ground, separation: Separation) -> dict[str, bool]:
    """Candidate -> whether it alone joins the two sides while all else of the ground stays closed."""
    study, cuts = resolved.study, ground.cuts
    profile = next(iter(ground.inputs.profiles.values()))
    context = SpeciesContext(
        resolved=resolved,
        inputs=replace(ground.inputs, cuts=cuts),
        profile=profile,
        surface=ground.surface,
        model=_sealed(cuts.fences),
    )
    design = study.candidates.design
    lines = sorted({f.fence_line for f in cuts.fences} & set(separation.fences))
    candidates = context.along(lines, study.candidates.every_m, design, study.designs[design].width_m)
    row2, col2 = cuts.second
    closed = np.isinf(terms_of_others(cuts, np.where(cuts.parts_sides, np.inf, 0.0)))
    joins = {}
    for candidate in candidates:
        rows = candidate.rows[~closed[candidate.rows]]
        u, v = (cuts.row[rows], cuts.col[rows]), (row2[rows], col2[rows])
        met = (ground.from_a[u] & ground.from_b[v]) | (ground.from_b[u] & ground.from_a[v])
        joins[candidate.opening.id] = bool(met.any())
    return joins
