"""`otkel check`: inputs, and proof by flood fill that closed fences leak nowhere and that each candidate opens them."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from rasters.fence_faults import fence_faults
from scenarios.land.bodies import design_table, fence_table
from scenarios.land.fences import fences_in_words
from scenarios.land.inputs import Inputs
from scenarios.outputs.words import is_schematic
from scenarios.progress import Reporter
from scenarios.runs.door import Entered, enter
from scenarios.runs.findings import CheckReport, Finding
from scenarios.runs.separations import separation_findings
from scenarios.study.load import ResolvedStudy

__all__ = ["CheckReport", "Finding", "check_study"]


_NOT_TESTED = Finding(
    check="leak", passed=True, text="fences are tested when the faults above are corrected", state="NOT TESTED"
)
LENGTHS = ("width_m", "clearance_m", "gap_height_m", "top_m", "strands", "bottom_m")


def check_study(
    name: str, scenarios: Sequence[str] | None, overrides: Mapping[str, Any], reporter: Reporter
) -> CheckReport:
    """Read and prepare every scenario, then test each declared separation on the grid.

    Faults of what is read are findings too, all of them; what needs a study without faults is then not tested.
    """
    entered, faults = enter(name, scenarios, overrides)
    if not entered or any(not fault.passed for fault in faults):
        return CheckReport(study=entered[0].resolved.study.study if entered else name, findings=(*faults, _NOT_TESTED))
    findings = [_inputs_finding(one) for one in entered] + faults
    worths = [finding for one in entered for finding in _worth_findings(one.resolved, one.inputs)]
    findings += {(one.check, one.text): one for one in worths}.values()
    first, inputs = entered[0].resolved, entered[0].inputs
    findings.append(Finding(check="layers", passed=True, text=f"known on this share of the grid: {inputs.coverage}"))
    findings += _coverage_findings(first)
    findings += _status_findings(inputs)
    findings += _bodies_findings(first, inputs)
    findings += _unused_findings(first, inputs)
    closed: dict[tuple[str, ...], list[str]] = {}
    for one in entered:
        closed.setdefault(tuple(sorted(one.resolved.study.fences.active)), []).append(one.resolved.scenario)
    for separation in first.study.fences.separations:
        findings += separation_findings(first, inputs, separation, closed)
    if not first.study.fences.separations:
        text = (
            "the study declares no `fences.separations`, so that nothing shows whether its fences hold; add e.g. "
            "`separations: [{fences: [LINE], side_a: [REGION], side_b: [REGION]}]`"
        )
        findings.append(Finding(check="leak", passed=True, text=text, state="NOT TESTED"))
    findings += _line_findings(inputs)
    return CheckReport(study=first.study.study, findings=tuple(findings))


def _coverage_findings(resolved: ResolvedStudy) -> list[Finding]:
    """How far fences were mapped, where the study says so."""
    said = {
        "unknown": "nobody says how far fences were mapped: those that are not drawn are unknown, not absent",
        "partial": "some fences were mapped: where none is drawn there may be others",
        "surveyed": "the fences of the region were surveyed",
    }
    coverage = resolved.study.fences.coverage
    if coverage is None:
        return []
    state = "LOOK" if coverage != "surveyed" else ""
    return [Finding(check="coverage of fences", passed=True, text=f"{coverage}: {said[coverage]}", state=state)]


def _status_findings(inputs: Inputs) -> list[Finding]:
    """Geometry status of every fence line and of the places: whether anybody surveyed what is drawn."""
    layers = {"places": [place.geometry_status for place in inputs.places.values()]}
    for fence in inputs.all_fences:
        layers.setdefault(f"fence line {fence.fence_line}", []).append(fence.geometry_status)
    found = []
    for name, statuses in layers.items():
        counts = Counter(status or "unknown" for status in statuses)
        told = ", ".join(f"{status} ({n} of {len(statuses)})" for status, n in sorted(counts.items()))
        state = "LOOK" if any(map(is_schematic, counts)) else ""
        if statuses:
            found.append(Finding(check=f"geometry of {name}", passed=True, text=told, state=state))
    return found


def _worth_findings(resolved: ResolvedStudy, inputs: Inputs) -> list[Finding]:
    """What each active fence line is worth to each species, in kilometres of open land, and who says so."""
    return [
        Finding(check=f"worth of {line}", passed=True, text=text)
        for profile in inputs.profiles.values()
        for line, text in fences_in_words(resolved, inputs, profile).items()
    ]


def _unused_findings(resolved: ResolvedStudy, inputs: Inputs) -> list[Finding]:
    """What a species' file says of designs and fence lines that the study does not have: of another study, or misspelt."""
    lines = sorted({fence.fence_line for fence in inputs.all_fences})
    found = []
    for name, profile in inputs.profiles.items():
        for key, given, known, what in (
            ("use_factor", set(profile.use_factor), list(resolved.study.designs), "design"),
            ("permeability", set(profile.permeability), ["default", *lines], "fence line"),
        ):
            for one in sorted(given - set(known)):
                near = difflib.get_close_matches(one, known, n=1, cutoff=0.75)
                hint = f"; did you mean {near[0]!r}?" if near else ""
                text = (
                    f"{one!r} is no {what} of the study, which has {', '.join(known)}: the number counts nowhere{hint}"
                )
                found.append(Finding(check=f"{key} of {name}", passed=True, text=text, state="LOOK"))
    return found


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


def _inputs_finding(entered: Entered) -> Finding:
    inputs = entered.inputs
    counts = [len(prepared.candidates) for prepared in entered.prepared]
    text = (
        f"{inputs.grid}; {len(inputs.layers)} layers, {len(inputs.profiles)} species, {len(inputs.regions)} focal regions, "
        f"{len(inputs.cuts.fences)} active fences cut {inputs.cuts.size} edges, {max(counts, default=0)} candidates"
    )
    return Finding(check=f"inputs of {entered.resolved.scenario}", passed=True, text=text)


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
