"""`otkel explain`: why a cell costs what it costs, rule by rule, and what the fences on its edges add."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, ClassVar

import numpy as np
from rich.console import Console

from rasters.errors import FocalNodeError
from rasters.fences import STEPS
from rasters.grid import Grid
from rasters.resistance import CellExplanation, explain
from scenarios.exit_codes import ExitCode
from scenarios.land.actions import actions_at, mortality_ground
from scenarios.land.fences import permeability_of
from scenarios.land.inputs import read_inputs
from scenarios.land.memory import Stage
from scenarios.land.prepared import Prepared, prepare_species
from scenarios.model.landscape import Landscape
from scenarios.study.load import resolve

__all__ = ["EdgeFence", "Explanation", "SpeciesCell", "explain_point"]

COMPASS = {
    (-1, -1): "north-west",
    (-1, 0): "north",
    (-1, 1): "north-east",
    (0, -1): "west",
    (0, 1): "east",
    (1, -1): "south-west",
    (1, 0): "south",
    (1, 1): "south-east",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class EdgeFence:
    """A fence that has to be crossed on the way from the cell to one of its neighbours.

    Parameters
    ----------
    toward : str
        Direction of the neighbour.
    fence, fence_line, geometry_status : str
    worth_m : float
        Metres of open land that crossing the fence is worth to the species; inf: sealed.
    worth : str
        The same in words, and from what.
    origin : str
        Where the permeability comes from.
    cost_m : float
        What crossing adds to least cost, standing openings included [effective m]; inf: closed.
    ohm : float
        What it adds to the edge's resistance [ohm]; inf: closed.
    openings : tuple of str
        Ids of standing openings that help here.
    """

    toward: str
    fence: str
    fence_line: str
    geometry_status: str
    worth_m: float
    worth: str
    origin: str
    cost_m: float
    ohm: float
    openings: tuple[str, ...]

    def __str__(self) -> str:
        adds = "closed" if math.isinf(self.cost_m) else f"adds {self.cost_m:.6g} effective m, {self.ohm:.4g} ohm"
        through = f", through {', '.join(self.openings)}" if self.openings else ""
        what = f"{self.fence} ({self.fence_line}, {self.geometry_status})"
        return f"to the {self.toward}: {what}: {adds}{through}; the fence {self.worth}, {self.origin}"


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeciesCell:
    """What one species meets in the cell.

    Parameters
    ----------
    species, name : str
        Id, and name for people.
    why : CellExplanation
        Each rule, factor and barrier with the value of its layer.
    resistance : float
        Resistance after the actions that are done [1]: what a metre here costs in effective metres; inf where impassable.
    actions : dict of str to float
        Actions that are done here, and what each multiplies resistance by [1].
    mortality_siemens : float or None
        Conductance to the ground [S]; None where the study says nothing on mortality.
    regions : tuple of str
        Cores and targets that the cell belongs to, in words.
    fences : tuple of EdgeFence
    """

    species: str
    name: str
    why: CellExplanation
    resistance: float
    actions: dict[str, float]
    mortality_siemens: float | None
    regions: tuple[str, ...]
    fences: tuple[EdgeFence, ...]

    def lines(self) -> Iterator[str]:
        """Words for people, line by line."""
        why = self.why
        yield f"{self.name} ({self.species}): {_verdict(self)}"
        yield from (f"  {line}" for line in (*why.parts, *why.absent))
        if why.status == "passable":
            yield f"  {why.combine.replace('_', ' ')} of the rules: {why.of_rules:.6g}"
            yield f"  times the factors, and at least {why.minimum:g}: {why.resistance:.6g}"
        for name, factor in self.actions.items():
            yield f"  action {name}: times {factor:g}"
        if self.mortality_siemens is not None:
            yield f"  mortality: {self.mortality_siemens:.4g} S to the ground"
        yield f"  region: {', '.join(self.regions) or 'neither core nor target'}"
        yield from (f"  fence {fence}" for fence in self.fences)
        if not self.fences:
            yield "  fence: none on the cell's edges"


def _verdict(cell: SpeciesCell) -> str:
    if cell.why.status == "passable":
        return f"resistance {cell.resistance:.6g}: a metre here costs as much as {cell.resistance:.6g} m through the best habitat"
    if cell.why.status == "barrier":
        met = [part.layer for part in cell.why.parts if part.part == "barrier" and math.isinf(part.effect)]
        return f"impassable, because of {', '.join(met)}"
    return f"no data in {', '.join(cell.why.unknown)}; nothing is known of this cell, and no route uses it"


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """A cell of a study, as each species meets it in one scenario.

    Parameters
    ----------
    study, scenario, title : str
        ``title`` is the scenario's name for people.
    lon, lat : float
        The point that was asked for [degrees, WGS 84].
    row, col : int
        Its cell; row 0 is the northernmost.
    cell_m : tuple of float
        Width and height of a cell [m].
    centre : tuple of float
        lon, lat of the cell's centre [degrees, WGS 84].
    species : tuple of SpeciesCell
    """

    exit_code: ClassVar = ExitCode.OK
    study: str
    scenario: str
    title: str
    lon: float
    lat: float
    row: int
    col: int
    cell_m: tuple[float, float]
    centre: tuple[float, float]
    species: tuple[SpeciesCell, ...]

    def as_dict(self) -> dict[str, Any]:
        """Plain data."""
        return asdict(self)

    def __str__(self) -> str:
        width, height = self.cell_m
        lon, lat = self.centre
        head = f"{self.study}, {self.title}: lon {self.lon:g}, lat {self.lat:g} lies in row {self.row}, col {self.col} "
        head += f"({width:g} x {height:g} m around lon {lon:.4f}, lat {lat:.4f})"
        return "\n".join([head, *(line for one in self.species for line in ("", *one.lines()))])

    def print(self, console: Console) -> None:
        """Words for people."""
        console.print(str(self), markup=False)


def explain_point(
    name: str,
    lon: float,
    lat: float,
    *,
    scenario: str | None = None,
    species: Sequence[str] | None = None,
    overrides: Mapping[str, Any] | None = None,
) -> Explanation:
    """Why the cell at a point costs what it costs; nothing is solved and nothing is written.

    Parameters
    ----------
    name : str
        A bundled study, a folder with a study.yaml, or a YAML file.
    lon, lat : float
        [degrees, WGS 84].
    scenario : str, optional
        Default: the study's first.
    species : sequence of str, optional
        Default: all of the study.
    overrides : mapping, optional
        Keys of the study to set.

    Raises
    ------
    FocalNodeError
        The point is outside the study's grid, or no species' layers have data there.
    ConfigError, DataError
        The study or its inputs are wrong.
    """
    resolved = resolve(name, scenario, overrides or {})
    inputs = read_inputs(resolved, species, stage=Stage.CHECKED)
    row, col = _cell(inputs.grid, lon, lat)
    cells = tuple(_species_cell(prepare_species(resolved, inputs, one), row, col) for one in inputs.profiles)
    if all(one.why.status == "unknown" for one in cells):
        layers = dict.fromkeys(layer for one in cells for layer in one.why.unknown)
        raise FocalNodeError(
            f"{resolved.path}: lon {lon:g}, lat {lat:g} (row {row}, col {col}) has no data in {', '.join(layers)}; choose a "
            "point inside the layers, or give their rules an if_nodata"
        )
    grid = inputs.grid
    centre_lon, centre_lat = grid.lonlat(*grid.xy(row, col))
    return Explanation(
        study=resolved.study.study,
        scenario=resolved.scenario,
        title=resolved.scenario_title,
        lon=lon,
        lat=lat,
        row=row,
        col=col,
        cell_m=(grid.cell_width_m, grid.cell_height_m),
        centre=(float(centre_lon), float(centre_lat)),
        species=cells,
    )


def _cell(grid: Grid, lon: float, lat: float) -> tuple[int, int]:
    """Row and column of a point; what is wrong with a point outside."""
    if abs(lon) <= 180 and abs(lat) <= 90:
        x, y = (float(v) for v in grid.map_xy(lon, lat))
        xmin, ymin, xmax, ymax = grid.bounds
        if xmin <= x < xmax and ymin < y <= ymax:
            return grid.cell_at(x=x, y=y)
    rim = [np.array([0, row]) for row in (0, grid.height - 1)], [np.array([0, grid.width - 1])] * 2
    lons, lats = grid.lonlat(*grid.xy(np.concatenate(rim[0]), np.concatenate(rim[1])))
    raise FocalNodeError(
        f"lon {lon:g}, lat {lat:g} is outside the study's grid, whose corners lie between lon {lons.min():.3f} and "
        f"{lons.max():.3f}, lat {lats.min():.3f} and {lats.max():.3f}; give longitude first, in degrees"
    )


def _species_cell(prepared: Prepared, row: int, col: int) -> SpeciesCell:
    resolved, inputs, profile = prepared.resolved, prepared.inputs, prepared.profile
    mortality = mortality_ground(resolved, inputs, profile.id)[row, col] if resolved.study.mortality else None
    return SpeciesCell(
        species=profile.id,
        name=profile.name,
        why=explain(inputs.layers, profile, row, col),
        resistance=float(prepared.surface.values[row, col]),
        actions=actions_at(resolved, inputs, profile.id, row, col),
        mortality_siemens=None if mortality is None else float(mortality),
        regions=tuple(_regions(prepared, row, col)),
        fences=tuple(_fences(prepared, row, col)),
    )


def _regions(prepared: Prepared, row: int, col: int) -> Iterator[str]:
    ends = prepared.ends
    for role, regions in (("core", ends.origins), ("target", ends.targets)):
        for region in regions:
            if ((region.rows == row) & (region.cols == col)).any():
                yield f"{role} {region.id} ({prepared.inputs.places[region.id].name})"


def _fences(prepared: Prepared, row: int, col: int) -> Iterator[EdgeFence]:
    """Every fence between the cell and a neighbour, in the order of the fences."""
    land, cuts = Landscape(prepared), prepared.inputs.cuts
    row2, col2 = cuts.second
    own = (cuts.row == row) & (cuts.col == col), (row2 == row) & (col2 == col)
    used = cuts.parts_sides & (cuts.step < prepared.model.neighbours // 2)
    for i in np.flatnonzero((own[0] | own[1]) & used):
        down, right = STEPS[cuts.step[i]]
        fence = cuts.fences[cuts.fence[i]]
        stated = permeability_of(prepared.resolved, prepared.profile, fence.fence_line)
        yield EdgeFence(
            toward=COMPASS[(down, right) if own[0][i] else (-down, -right)],
            fence=fence.id,
            fence_line=fence.fence_line,
            geometry_status=fence.geometry_status,
            worth_m=stated.worth_m,
            worth=stated.in_words(),
            origin=stated.origin,
            cost_m=float(land.row_cost_m[i]),
            ohm=float(land.row_ohm[i]),
            openings=tuple(edges.opening.id for edges in prepared.standing_edges if i in edges.rows),
        )
