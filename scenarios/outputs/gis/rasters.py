"""The four surfaces of a run as cloud-optimised GeoTIFFs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rasters.files.writing import write_cog
from scenarios.model.results import SpeciesRun
from scenarios.outputs.words import note_of, schematic_note

__all__ = ["SURFACES", "Surface", "write_rasters"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Surface:
    """One surface: its file's stem, its unit and what its values mean."""

    stem: str
    title: str
    unit: str
    meaning: str
    special: str = ""


SURFACES = (
    Surface(
        stem="resistance",
        title="Resistance",
        unit="1",
        meaning="Relative cost of moving through a cell; 1 = best habitat.",
        special="inf: known to be impassable (open water); NaN: not known",
    ),
    Surface(
        stem="cost_weighted_distance",
        title="Cost-weighted distance to the nearest target",
        unit="effective m",
        meaning="Least accumulated resistance times metres from a cell to the nearest target, fences included.",
        special="inf: no route there; NaN: not known",
    ),
    Surface(
        stem="corridor",
        title="Corridor",
        unit="effective m",
        meaning="Extra cost of the best route through a cell over the least-cost path; 0 on a least-cost path.",
        special="inf: no route passes here; NaN: not known",
    ),
    Surface(
        stem="current_density",
        title="Current density",
        unit="A/m",
        meaning="Expected flow of random walkers: sum over cores of 1 A sent to the targets, per metre of cell width.",
        special="NaN: not known. Depends on the cell size: compare only runs on one grid",
    ),
)


def write_rasters(run: SpeciesRun, folder: Path) -> list[Path]:
    """Write ``resistance.tif``, ``cost_weighted_distance.tif``, ``corridor.tif`` and ``current_density.tif``."""
    arrays = {
        "resistance": np.where(run.surface.barrier, np.inf, run.surface.values),
        "cost_weighted_distance": run.cwd,
        "corridor": run.corridor,
        "current_density": run.current_density,
    }
    return [_write(run, surface, arrays[surface.stem], folder) for surface in SURFACES]


def _write(run: SpeciesRun, surface: Surface, values: NDArray[Any], folder: Path) -> Path:
    tags = {
        "study": run.study,
        "scenario": run.scenario,
        "species": run.species,
        "meaning": surface.meaning,
        "special_values": surface.special,
        "geometry": schematic_note(run) or "surveyed",
        "audience": note_of(run),
        "assumptions": " ".join(run.assumptions),
    }
    return write_cog(
        folder / f"{surface.stem}.tif",
        values,
        run.grid,
        nodata=run.surface.nodata,
        description=f"{surface.title} [{surface.unit}]",
        unit=surface.unit,
        tags=tags,
    )
