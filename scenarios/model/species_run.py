"""One scenario and species -> one SpeciesRun: the only place where the whole pipe is visible."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from connectivity.circuit.solve import cell_currents, solve
from connectivity.landscape.laplacian import Laplacian, stencil_laplacian
from connectivity.landscape.stencil import Stencil
from connectivity.least_cost.cost_distance import CostDistance, cost_weighted_distances
from connectivity.least_cost.paths import corridor, least_cost_path
from connectivity.openings.profile import gain_profile
from connectivity.reduction.network import ReducedNetwork
from connectivity.reduction.reduce import reduce_landscape
from connectivity.report import SolveReport
from rasters.fences import CutEdges, FenceTerms, sum_terms
from rasters.openings import OpeningEdges, row_terms
from rasters.profile import SpeciesProfile
from rasters.surface import ResistanceSurface
from scenarios.land.ends import Ends
from scenarios.land.inputs import Inputs
from scenarios.land.places import FocalPlace
from scenarios.land.prepared import Prepared, prepare_species, study_stencil
from scenarios.model.indicators import species_indicators
from scenarios.model.mortal import arriving_gains
from scenarios.model.ranking import Solved, rank_candidates
from scenarios.model.results import SpeciesRun, TracedPath
from scenarios.model.tables import UNITS, pairs_table, profile_table
from scenarios.study.load import ResolvedStudy

__all__ = [
    "Clock",
    "Prepared",
    "places_of",
    "prepare_species",
    "run_species",
    "stated_assumptions",
    "study_stencil",
    "titles_of",
    "unsolved_fields",
]

Progress = Callable[[str], None]


def run_species(prepared: Prepared, progress: Progress = lambda _: None) -> SpeciesRun:
    """Least cost, circuit, gains and ranking of one species in one scenario."""
    clock = Clock(progress)
    context, ends, candidates = prepared.context, prepared.ends, prepared.candidates
    resolved, inputs, surface = context.resolved, context.inputs, context.surface
    study, cuts = resolved.study, inputs.cuts
    row_cost_m, row_ohm = row_terms(cuts, context.model, prepared.standing)
    stencil = study_stencil(resolved, surface, sum_terms(cuts, row_cost_m, row_ohm))
    open_stencil = study_stencil(resolved, surface, FenceTerms.none())
    with clock.step("least cost"):
        origin_cwd = cost_weighted_distances(stencil, ends.origins, threads=2)
        target_cwd = cost_weighted_distances(stencil, [ends.any_target])[0]
        open_cwd = cost_weighted_distances(open_stencil, ends.targets, threads=2)
    with clock.step("current"):
        system = _system(stencil, ends)
        reached = np.array([np.isfinite(target_cwd.to(origin)) for origin in ends.origins])
        voltages, reports = _voltages(system, ends, reached, resolved)
        density = _current_density(system, voltages, surface)
        along = gain_profile(
            cuts, system.conductance, voltages, reached=np.isfinite(target_cwd.cwd), neighbours=stencil.neighbours,
            every_m=study.candidates.every_m,
        )  # fmt: skip
    with clock.step("reduction"):
        network = _reduced(stencil, ends, candidates, cuts)
        open_network = _reduced(open_stencil, ends, (), cuts)
    with clock.step("ranking"):
        solved = Solved(
            cuts=cuts, candidates=candidates, stencil=stencil, ends=ends, row_cost_m=row_cost_m, row_ohm=row_ohm, network=network,
            open_network=open_network, origin_cwd=origin_cwd, target_cwd=target_cwd, open_cwd=open_cwd, profile=along,
        )  # fmt: skip
        ranking, pairs = rank_candidates(study, solved, arriving_gains(prepared, candidates)), pairs_table(solved)
    with clock.step("indicators"):
        indicators = species_indicators(prepared, pairs)
    return SpeciesRun(
        **unsolved_fields(prepared), cwd=target_cwd.cwd, corridor=_mosaic(origin_cwd, target_cwd), current_density=density,
        pairs=pairs, paths=tuple(_traced(cwd, ends) for cwd in origin_cwd), profile=profile_table(solved, reached),
        ranking=ranking, indicators=indicators, reports=(*reports, network.report), seconds=clock.seconds,
    )  # fmt: skip


def unsolved_fields(prepared: Prepared) -> dict[str, Any]:
    """The fields of a `SpeciesRun` that need no solve: who, where, names for people, what is only assumed."""
    context = prepared.context
    resolved, inputs, surface = context.resolved, context.inputs, context.surface
    return {
        "study": resolved.study.study, "scenario": resolved.scenario, "species": context.profile.id,
        "titles": titles_of(resolved, context.profile), "grid": inputs.grid, "surface": surface, "cuts": inputs.cuts,
        "places": places_of(inputs, prepared.ends), "units": UNITS, "layers": inputs.layers,
        "assumptions": stated_assumptions(resolved, inputs, surface),
        "sensitivity_deg": max(profile.sensitivity_deg.value for profile in inputs.profiles.values()),
        "sk42_operation": resolved.study.sk42.operation or "",
    }  # fmt: skip


class Clock:
    """Wall seconds of named steps, told to the progress bar as they begin."""

    def __init__(self, progress: Progress) -> None:
        self.progress = progress
        self.seconds: dict[str, float] = {}

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """One step."""
        self.progress(name)
        start = time.perf_counter()
        yield
        self.seconds[name] = time.perf_counter() - start


def _traced(cwd: CostDistance, ends: Ends) -> TracedPath:
    nearest = min(ends.targets, key=cwd.to)
    path = least_cost_path(cwd, nearest)
    x, y = path.xy
    return TracedPath(
        source=cwd.source.id, target=nearest.id, status=path.status, cost_m=path.cost_m, length_m=path.length_m,
        fence_crossings=int(path.fence_edges.size), x=x, y=y,
    )  # fmt: skip


def _system(stencil: Stencil, ends: Ends) -> Laplacian:
    """Every focal region is one node; all targets are held at 0 V."""
    ground = np.where(ends.any_target.mask, np.inf, 0.0)
    return stencil_laplacian(stencil, region=ends.labels, ground=ground)


def _voltages(
    system: Laplacian, ends: Ends, reached: NDArray[np.bool_], resolved: ResolvedStudy
) -> tuple[NDArray[np.float64], tuple[SolveReport, ...]]:
    """(n, height, width) volts at 1 A from each origin that can reach a target."""
    origins = [origin for origin, there in zip(ends.origins, reached, strict=True) if there]
    current = np.zeros((len(origins), *system.shape))
    for load, origin in zip(current, origins, strict=True):
        load[origin.rows[0], origin.cols[0]] = 1.0
    if not origins:
        return current, ()
    solver = resolved.study.solver
    voltages, report = solve(system, current, method=solver.method, tolerance=solver.tolerance)
    return voltages, (report,)


def _current_density(
    system: Laplacian, voltages: NDArray[np.float64], surface: ResistanceSurface
) -> NDArray[np.float64]:
    total = np.zeros(system.shape)
    for voltage in voltages:
        total += cell_currents(system, voltage)
    total /= surface.grid.cell_width_m
    total[surface.nodata] = np.nan
    return total


def _mosaic(origin_cwd: tuple[CostDistance, ...], target_cwd: CostDistance) -> NDArray[np.float64]:
    """Least normalised corridor over the origins; inf where no route passes."""
    best = np.full(target_cwd.cwd.shape, np.inf)
    for cwd in origin_cwd:
        np.fmin(best, corridor(cwd, target_cwd).excess_m, out=best)
    best[np.isnan(target_cwd.cwd)] = np.nan
    return best


def _reduced(stencil: Stencil, ends: Ends, candidates: tuple[OpeningEdges, ...], cuts: CutEdges) -> ReducedNetwork:
    """The landscape seen from the focal regions and both ends of every candidate, exactly."""
    keep = ends.labels > 0
    row2, col2 = cuts.second
    for candidate in candidates:
        keep[cuts.row[candidate.rows], cuts.col[candidate.rows]] = True
        keep[row2[candidate.rows], col2[candidate.rows]] = True
    return reduce_landscape(stencil_laplacian(stencil, region=ends.labels), keep)


def titles_of(resolved: ResolvedStudy, profile: SpeciesProfile) -> dict[str, str]:
    """Names for people of study, scenario and species."""
    return {
        "study": resolved.study.title,
        "scenario": resolved.scenario_title,
        "species": profile.labels.get("en", profile.name),
        "scientific": profile.scientific_name,
        **{f"species_{lang}": label for lang, label in profile.labels.items() if lang != "en"},
    }


def places_of(inputs: Inputs, ends: Ends) -> tuple[FocalPlace, ...]:
    """Cores, then targets, with their roles."""
    origins = [replace(inputs.places[r.id], role="from") for r in ends.origins]
    return (*origins, *(replace(inputs.places[r.id], role="to") for r in ends.targets))


def stated_assumptions(resolved: ResolvedStudy, inputs: Inputs, surface: ResistanceSurface) -> tuple[str, ...]:
    """What the study, the species and the fence model only assume, each once."""
    fences = resolved.study.fences.model
    stated = (
        f"Crossing a fence of permeability 0.5 costs {fences.reference_m:g} effective m ({fences.origin}).",
        f"A narrow passage serves {fences.reach_m:g} m of fence ({fences.origin}).",
    )
    return tuple(
        dict.fromkeys([*resolved.study.assumptions, *surface.assumptions, *(stated if inputs.cuts.fences else ())])
    )
