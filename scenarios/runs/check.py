"""`otkel check`: inputs, and proof by flood fill that closed fences leak nowhere and that each candidate opens them."""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from shapely import LineString, MultiLineString, MultiPoint
from shapely.ops import nearest_points

from connectivity.focal import FocalRegion
from connectivity.landscape.reachability import reachable_cells
from connectivity.landscape.stencil import Stencil, build_stencil
from connectivity.least_cost.cost_distance import cost_weighted_distance
from connectivity.least_cost.paths import least_cost_path
from rasters.fence_cuts import cut_edges
from rasters.fence_faults import fence_faults
from rasters.fences import CutEdges, Fence
from rasters.openings import FenceModel, fence_terms, terms_of_others
from rasters.surface import ResistanceSurface
from scenarios.exit_codes import ExitCode
from scenarios.land.bodies import design_table, fence_table
from scenarios.land.fences import fences_in_words
from scenarios.land.inputs import Inputs, fences_across, naming, read_inputs
from scenarios.land.openings import SpeciesContext
from scenarios.land.prepared import prepare_species, species_surface
from scenarios.progress import Reporter
from scenarios.study.fences import Separation
from scenarios.study.load import ResolvedStudy, resolve

__all__ = ["CheckReport", "Finding", "check_study"]


LENGTHS = ("width_m", "clearance_m", "gap_height_m", "top_m", "strands", "bottom_m")


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One check: what was tested, whether it held, and what was found.

    ``state``: ``"ok"``, ``"FAIL"``, ``"LOOK"`` at what may be meant so, or ``"NOT TESTED"``; only FAIL does not pass.
    """

    check: str
    passed: bool
    text: str
    state: str = ""

    @property
    def label(self) -> str:
        """Its state in capitals where a person has to act."""
        return self.state or ("ok" if self.passed else "FAIL")


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckReport:
    """All findings of one study."""

    study: str
    findings: tuple[Finding, ...]

    @property
    def passed(self) -> bool:
        """Whether everything held."""
        return all(f.passed for f in self.findings)

    @property
    def exit_code(self) -> ExitCode:
        """Whether there are faults."""
        return ExitCode.OK if self.passed else ExitCode.INPUT_DATA

    def as_dict(self) -> dict[str, Any]:
        """Plain data."""
        rows = [{"check": f.check, "passed": f.passed, "state": f.label, "text": f.text} for f in self.findings]
        return {"study": self.study, "passed": self.passed, "findings": rows}

    def print(self, console: Console) -> None:
        """One line per check."""
        for finding in self.findings:
            console.print(f"{finding.label:4}", style="bold" if finding.passed else "bold red", end=" ")
            console.print(f"{finding.check}: {finding.text}", markup=False)


def check_study(
    name: str, scenarios: Sequence[str] | None, overrides: Mapping[str, Any], reporter: Reporter
) -> CheckReport:
    """Read and prepare every scenario, then test each declared separation on the grid."""
    findings: list[Finding] = []
    worths: dict[tuple[str, str], Finding] = {}
    first = resolve(name, None, overrides)
    for scenario in tuple(dict.fromkeys(scenarios or first.study.scenarios)) or (None,):
        resolved = resolve(name, scenario, overrides)
        inputs = read_inputs(resolved)
        findings.append(_inputs_finding(resolved, inputs))
        worths |= {(one.check, one.text): one for one in _worth_findings(resolved, inputs)}
    findings += worths.values()
    inputs = read_inputs(first)
    findings.append(Finding(check="layers", passed=True, text=f"known on this share of the grid: {inputs.coverage}"))
    findings += _bodies_findings(first, inputs)
    for separation in first.study.fences.separations:
        findings += _separation_findings(first, inputs, separation)
    if not first.study.fences.separations:
        text = (
            "the study declares no `fences.separations`, so that nothing shows whether its fences hold; add e.g. "
            "`separations: [{fences: [LINE], side_a: [REGION], side_b: [REGION]}]`"
        )
        findings.append(Finding(check="leak", passed=True, text=text, state="NOT TESTED"))
    findings += _line_findings(inputs)
    return CheckReport(study=first.study.study, findings=tuple(findings))


def _worth_findings(resolved: ResolvedStudy, inputs: Inputs) -> list[Finding]:
    """What each active fence line is worth to each species, in kilometres of open land, and who says so."""
    return [
        Finding(check=f"worth of {line}", passed=True, text=text)
        for profile in inputs.profiles.values()
        for line, text in fences_in_words(resolved, inputs, profile).items()
    ]


def _line_findings(inputs: Inputs) -> list[Finding]:
    """Every gap, near miss, open end and pair of fences beside each other inside the grid."""
    faults = fence_faults(inputs.all_fences, inputs.grid)
    to_map = inputs.grid.transformer("EPSG:4326")
    found = []
    for fault in faults:
        lon, lat = to_map.transform(fault.x, fault.y, direction="INVERSE")
        text = f"{fault.text} at lat {lat:.3f}, lon {lon:.3f}"
        found.append(Finding(check=fault.kind, passed=True, text=text, state="LOOK"))
    return found


def _inputs_finding(resolved: ResolvedStudy, inputs: Inputs) -> Finding:
    counts = [len(prepare_species(resolved, inputs, name).candidates) for name in inputs.profiles]
    text = (
        f"{inputs.grid}; {len(inputs.layers)} layers, {len(inputs.profiles)} species, {len(inputs.regions)} focal regions, "
        f"{len(inputs.cuts.fences)} active fences cut {inputs.cuts.size} edges, {max(counts, default=0)} candidates"
    )
    return Finding(check=f"inputs of {resolved.scenario}", passed=True, text=text)


def _bodies_findings(resolved: ResolvedStudy, inputs: Inputs) -> list[Finding]:
    """Each design and each fence whose wires are stated: its lengths, and who fits. What cannot be is an error of reading."""
    found = []
    for kind, table in (
        ("design", design_table(resolved.study, inputs.profiles)),
        ("fence_line", fence_table(resolved.study, inputs.profiles)),
    ):
        for row in table.to_dict("records"):
            lengths = [f"{key} {row[key]}" for key in LENGTHS if row.get(key) is not None and row[key] == row[key]]
            fits = [f"{name}: {row[f'fits_{name}']}" for name in inputs.profiles]
            text = f"{', '.join(lengths)}. {'; '.join(fits)}"
            found.append(Finding(check=f"who fits, {kind.replace('_', ' ')} {row[kind]}", passed=True, text=text))
    return found


def _separation_findings(resolved: ResolvedStudy, inputs: Inputs, separation: Separation) -> list[Finding]:
    """Leak and gap test of one set of fences, on ground where only water and unknown cells stop anything."""
    fences = [f for f in inputs.all_fences if f.fence_line in separation.fences]
    with naming(resolved.file(resolved.study.fences.file)):
        cuts = cut_edges(fences, inputs.grid)
    surface = _open_ground(inputs, resolved)
    sealed = _sealed(fences)
    stencil = build_stencil(surface, fence_terms(cuts, surface, sealed))
    from_a = reachable_cells(stencil, _together(inputs, separation.side_a, surface))
    from_b = reachable_cells(stencil, _together(inputs, separation.side_b, surface))
    name = " + ".join(separation.fences)
    split = _split_regions(inputs, separation, cuts)
    if split:
        return [Finding(check=f"leak test of {name}", passed=False, text=split)]
    if (from_a & from_b).any():
        return [
            Finding(
                check=f"leak test of {name}", passed=False, text=_leak(stencil, inputs, separation, surface, fences)
            )
        ]
    blocked = f"{cuts.size} edges cut; {int(from_a.sum())} cells reached from one side, {int(from_b.sum())} from the other, none both"
    leak = Finding(check=f"leak test of {name}", passed=True, text=blocked)
    return [leak, _gap_finding(resolved, inputs, cuts, surface, from_a, from_b, name)]


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


def _leak(
    stencil: Stencil, inputs: Inputs, separation: Separation, surface: ResistanceSurface, fences: Sequence[Fence]
) -> str:
    """How the two sides are joined, and where that way gets past the fences."""
    cwd = cost_weighted_distance(stencil, _together(inputs, separation.side_a, surface))
    path = least_cost_path(cwd, _together(inputs, separation.side_b, surface))
    sides = f"{', '.join(separation.side_a)} to {', '.join(separation.side_b)}"
    if path.rows.size < 2:
        return f"one region lies on both sides: {sides} share a cell; check `side_a` and `side_b`"
    x, y, how = _passed_at(LineString(np.column_stack(path.xy)), fences)
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
    inputs: Inputs,
    cuts: CutEdges,
    surface: ResistanceSurface,
    from_a: NDArray[np.bool_],
    from_b: NDArray[np.bool_],
    name: str,
) -> Finding:
    """Every candidate, opened alone, must join the two sides; those that face enclosed pockets are listed."""
    profile = next(iter(inputs.profiles.values()))
    study = resolved.study
    here = Inputs(
        grid=inputs.grid, layers=inputs.layers, profiles=inputs.profiles, regions=inputs.regions, places=inputs.places,
        cuts=cuts, all_fences=inputs.all_fences,
    )  # fmt: skip
    context = SpeciesContext(
        resolved=resolved, inputs=here, profile=profile, surface=surface, model=_sealed(cuts.fences)
    )
    lines = sorted({f.fence_line for f in cuts.fences})
    design = study.candidates.design
    candidates = context.along(lines, study.candidates.every_m, design, study.designs[design].width_m)
    row2, col2 = cuts.second
    closed = np.isinf(terms_of_others(cuts, np.where(cuts.parts_sides, np.inf, 0.0)))
    joins = []
    for candidate in candidates:
        rows = candidate.rows[~closed[candidate.rows]]
        u, v = (cuts.row[rows], cuts.col[rows]), (row2[rows], col2[rows])
        joins.append(bool(((from_a[u] & from_b[v]) | (from_b[u] & from_a[v])).any()))
    idle = [c.opening.id for c, good in zip(candidates, joins, strict=True) if not good]
    text = f"{sum(joins)} of {len(candidates)} candidates join the two sides when opened alone"
    if idle:
        text += f"; {len(idle)} lead into pockets that neither side reaches: {', '.join(idle[:5])}"
        text += " ..." if len(idle) > 5 else ""
    if not candidates:
        text = f"no candidate stands on {name}: its pieces cut nothing that can be opened, or `candidates.every_m` is too long"
        return Finding(check=f"gap test of {name}", passed=True, text=text, state="NOT TESTED")
    behind = sorted({f.fence_line for f in inputs.cuts.fences} - set(lines))
    if behind:
        text += f"; {', '.join(behind)}, which stands in scenario {resolved.scenario} as well, counts as open here"
    return Finding(check=f"gap test of {name}", passed=any(joins), text=text)
