"""What fences and openings resist in a landscape: small shifts, smaller cells, smooth profiles, the right place first."""

from __future__ import annotations

import math

import numpy as np
import pytest
from affine import Affine
from shapely import LineString

from connectivity.focal import FocalRegion, region_labels
from connectivity.landscape.laplacian import stencil_laplacian
from connectivity.landscape.stencil import Neighbours, build_stencil
from connectivity.openings.edges import openable_edges
from connectivity.openings.profile import candidates_along, gain_profile
from connectivity.openings.sets import CircuitOfSets, Pairs, single_sets
from connectivity.reduction.reduce import reduce_landscape
from rasters.fence_cuts import cut_edges
from rasters.fence_terms import fence_terms, row_terms
from rasters.fences import Fence
from rasters.grid import Grid
from rasters.openings import FenceModel, Opening, open_edges
from rasters.surface import ResistanceSurface
from tests.support.far_field import CELL_M, Plain, held_at
from tests.support.landscapes import kappa

SIDE_M = 6000.0
BOTH = pytest.mark.parametrize("neighbours", [4, 8])


def plain(cell_m: float) -> ResistanceSurface:
    size = round(SIDE_M / cell_m)
    grid = Grid("EPSG:6933", Affine(cell_m, 0, 0, 0, -cell_m, SIDE_M), (size, size))
    return ResistanceSurface.from_array(np.ones(grid.shape), grid)


def line_through(x: float, y: float, angle: float) -> Fence:
    """A fence from beyond one side to beyond another."""
    along = 2 * SIDE_M * np.array([math.cos(math.radians(angle)), math.sin(math.radians(angle))])
    return Fence(id="f", line=LineString([np.array([x, y]) - along, np.array([x, y]) + along]))


def corner(grid: Grid, name: str, x: float, y: float) -> FocalRegion:
    """A square of 600 m around a place."""
    east, north = grid.xy(*np.indices(grid.shape))
    return FocalRegion.from_mask(name, (np.abs(east - x) < 300) & (np.abs(north - y) < 300), grid)


def resistance(
    surface: ResistanceSurface, fence: Fence, permeability: float, opening: Opening | None, neighbours: Neighbours
) -> float:
    """Between the north-western and the south-eastern corner [ohm]."""
    cuts = cut_edges([fence], surface.grid)
    model = FenceModel(worth_m={"f": kappa(permeability, 500.0)}, reach_m=0.0, neighbours=neighbours)
    openings = [] if opening is None else [open_edges(cuts, surface, opening, model)]
    stencil = build_stencil(surface, fence_terms(cuts, surface, model, openings), neighbours=neighbours)
    ends = [corner(surface.grid, "a", 900, SIDE_M - 900), corner(surface.grid, "b", SIDE_M - 900, 900)]
    network = reduce_landscape(
        stencil_laplacian(stencil, region_labels(ends)), np.zeros(stencil.shape, bool), threads=1
    )
    return float(network.effective_resistances()[0, 1])


@BOTH
@pytest.mark.parametrize(
    ("angle", "x", "y"),
    [
        (0, 3000, 3350),
        (0, 3000, 3300),
        (90, 2650, 3000),
        (90, 2600, 3000),
        (45, 3050, 3350),
        (45, 3000, 3350),
        (math.degrees(math.atan(0.5)), 3050, 3350),
        (math.degrees(math.atan(0.5)), 3000, 3300),
    ],
)
@pytest.mark.parametrize(("permeability", "width"), [(0.3, None), (0.0, 8.0), (0.0, 250.0), (0.1, 30.0)])
def test_a_shift_of_two_centimetres_changes_little(
    angle: float, x: float, y: float, permeability: float, width: float | None, neighbours: Neighbours
) -> None:
    """Through cell centres and along cell edges, where other edges are cut on either side of the shift."""
    across = 0.01 * np.array([-math.sin(math.radians(angle)), math.cos(math.radians(angle))])
    surface, found = plain(100.0), []
    for side in (-1, 1):
        opening = None if width is None else Opening(id="o", fence="f", along_m=2 * SIDE_M, width_m=width)
        fence = line_through(x + side * across[0], y + side * across[1], angle)
        found.append(resistance(surface, fence, permeability, opening, neighbours))
    assert found[0] == pytest.approx(found[1], rel=0.005)


@BOTH
@pytest.mark.parametrize("angle", [0, 20, 45])
@pytest.mark.parametrize(("permeability", "width"), [(0.3, None), (0.0, 4.0), (0.0, 60.0), (0.0, 400.0)])
def test_smaller_cells_say_the_same(
    angle: float, permeability: float, width: float | None, neighbours: Neighbours
) -> None:
    """200 m, 100 m and 50 m: the gap is a fiftieth of the largest cell, or eight of the smallest."""
    opening = None if width is None else Opening(id="o", fence="f", along_m=2 * SIDE_M + 130.0, width_m=width)
    fence = line_through(2930, 3110, angle)
    ohm = [resistance(plain(cell), fence, permeability, opening, neighbours) for cell in (200.0, 100.0, 50.0)]
    if opening is None:  # the corners are of another size in each: what the fence adds to the land
        ohm = [
            now - resistance(plain(cell), fence, 1.0, None, neighbours)
            for now, cell in zip(ohm, (200.0, 100.0, 50.0), strict=True)
        ]
    assert ohm[0] == pytest.approx(ohm[1], rel=0.03) and ohm[1] == pytest.approx(ohm[2], rel=0.03)


@BOTH
@pytest.mark.parametrize("angle", [0, 10, 22.5, 37, 45, 75])
@pytest.mark.parametrize("worth", [math.inf, 250.0])
def test_the_profile_of_an_oblique_fence_is_smooth(angle: float, worth: float, neighbours: Neighbours) -> None:
    """Land held at the same potential everywhere on either side: every kilometre gains the same, whatever edges it cuts."""
    land = Plain(angle, (0.17, 0.08))
    cuts, model = land.cuts(), land.model(neighbours, worth)
    stencil = build_stencil(land.surface, fence_terms(cuts, land.surface, model), neighbours=neighbours)
    leaky = math.isfinite(worth)
    worth = worth if leaky else CELL_M
    field = (land.across_m if leaky else 0.0) + 0.5 * worth * np.sign(land.across_m)
    away = (np.abs(land.across_m) > 8 * CELL_M) | (np.abs(land.along_m) > 32 * CELL_M)
    volts = held_at(stencil, np.where(away, field, np.nan))
    profile = gain_profile(
        cuts,
        land.surface,
        row_terms(cuts, land.surface, model)[1],
        stencil.conductance(),
        volts[None],
        reached=np.ones(land.grid.shape, bool),
        neighbours=neighbours,
        every_m=CELL_M,
    )
    middle = np.abs(0.5 * (profile.start_m + profile.end_m) - land.half_m) < 20 * CELL_M
    gain = profile.gain_ohm2[middle]
    assert middle.sum() == 40
    assert gain == pytest.approx(worth**2, rel=0.02) and gain.std() < 0.02 * gain.mean()


@BOTH
def test_the_best_place_on_an_oblique_fence_is_found(neighbours: Neighbours) -> None:
    """Two cores that mirror each other across a sealed fence: the nearest kilometre is the best, for every direction."""
    missed = []
    for angle in (5, 12, 20, 33, 45, 58, 71, 84):
        land = Plain(angle, (0.3, -0.2))
        cuts, model = land.cuts(), land.model(neighbours, 4900.0, free_path_m=CELL_M)
        candidates = candidates_along(
            cuts, land.surface, model, ["f"], every_m=CELL_M, width_m=0.02 * CELL_M, design="d", use_factor=0.8
        )
        near = [c for c in candidates if abs(c.opening.along_m - land.half_m) < 20 * CELL_M]
        stencil = build_stencil(land.surface, fence_terms(cuts, land.surface, model), neighbours=neighbours)
        cores = [
            FocalRegion.from_mask(
                n, np.hypot(land.along_m, land.across_m - side * 7 * CELL_M) < 1.6 * CELL_M, land.grid
            )
            for n, side in (("a", -1), ("b", 1))
        ]
        edges = openable_edges(cuts, stencil, *row_terms(cuts, land.surface, model), [[c] for c in near])
        network = reduce_landscape(stencil_laplacian(stencil, region_labels(cores)), edges.cells(), threads=1)
        circuit = CircuitOfSets.build(network, edges, 2, Pairs.between([(0, 1)]))
        best = int(np.argmin(circuit.resistances(single_sets(len(near)))[:, 0]))
        missed.append(abs(near[best].opening.along_m - land.half_m) / CELL_M)
    assert np.mean(missed) <= 0.5 and max(missed) <= 1.0
