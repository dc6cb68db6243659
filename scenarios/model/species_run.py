"""One scenario and species -> one SpeciesRun: the only place where the whole pipe is visible."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from connectivity.circuit.solve import cell_currents
from connectivity.landscape.laplacian import Laplacian
from connectivity.least_cost.corridors import corridor, corridor_mosaic
from connectivity.least_cost.cost_distance import CostDistance
from connectivity.least_cost.paths import least_cost_path
from connectivity.openings.profile import gain_profile
from rasters.surface import ResistanceSurface
from scenarios.land.ends import Ends
from scenarios.land.prepared import Prepared
from scenarios.model.gains import gains_by_place
from scenarios.model.ground import ground_of
from scenarios.model.indicators import species_indicators
from scenarios.model.landscape import Landscape
from scenarios.model.ranking import rank_candidates
from scenarios.model.results import SpeciesRun, TracedPath
from scenarios.model.tables import pairs_table, profile_table

__all__ = [
    "Clock",
    "run_species",
]

Progress = Callable[[str], None]


def run_species(prepared: Prepared, progress: Progress = lambda _: None) -> SpeciesRun:
    """Least cost, circuit, gains and ranking of one species in one scenario."""
    clock, land = Clock(progress), Landscape(prepared)
    ends, study = land.ends, land.study
    with clock.step("least cost"):
        origin_cwd, target_cwd = land.cwds(ends.origins), land.to_any()
        land.cwds(ends.targets, fences=False)
        corridors = corridor_mosaic(corridor(cwd, target_cwd) for cwd in origin_cwd)
    with clock.step("current"):
        voltages, reports = land.voltages()
        density = _current_density(land.system, voltages, land.surface)
        profile = gain_profile(
            land.cuts,
            land.surface,
            land.row_ohm,
            land.system.conductance,
            voltages,
            reached=np.isfinite(target_cwd.cwd),
            neighbours=study.solver.neighbours,
            every_m=study.candidates.every_m,
        )
    del voltages
    with clock.step("reduction"):
        land.circuit([c.opening.id for c in prepared.candidates], singles_only=True)
        land.circuit(fences=False)
    with clock.step("ranking"):
        ranking, pairs = rank_candidates(land, prepared.candidates, profile), pairs_table(land)
        by_place = gains_by_place(land, prepared.candidates) if prepared.candidates else pd.DataFrame()
    with clock.step("indicators"):
        indicators = species_indicators(land, pairs)
    return SpeciesRun.on(
        ground_of(prepared),
        cwd=target_cwd.cwd,
        corridor=corridors.excess_m,
        current_density=density,
        pairs=pairs,
        paths=tuple(_traced(cwd, ends) for cwd in origin_cwd),
        profile=profile_table(land, profile),
        ranking=ranking,
        by_place=by_place,
        indicators=indicators,
        reports=(*reports, land.network().report),
        seconds=clock.seconds,
    )


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
        source=cwd.source.id,
        target=nearest.id,
        status=path.status,
        cost_m=path.cost_m,
        length_m=path.length_m,
        fence_crossings=int(path.fence_edges.size),
        x=x,
        y=y,
    )


def _current_density(
    system: Laplacian, voltages: NDArray[np.float64], surface: ResistanceSurface
) -> NDArray[np.float64]:
    total = np.zeros(system.shape)
    for voltage in voltages:
        total += cell_currents(system, voltage)
    total /= surface.grid.cell_width_m
    total[surface.nodata] = np.nan
    return total
