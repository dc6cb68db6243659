"""The worked example of docs/theory/how-a-passage-is-valued.md: every number in its two tables, recomputed."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest
from affine import Affine
from shapely.geometry import LineString

from connectivity.focal import FocalRegion, region_labels
from connectivity.landscape.laplacian import stencil_laplacian
from connectivity.landscape.stencil import build_stencil
from connectivity.least_cost.cost_distance import cost_weighted_distances
from connectivity.openings.edges import openable_edges
from connectivity.openings.sets import CircuitOfSets, DistancesOfSets, Pairs, no_sets
from connectivity.reduction.reduce import reduce_landscape
from rasters.fence_cuts import cut_edges
from rasters.fence_terms import fence_terms, row_terms
from rasters.fences import CutEdges, Fence, FenceTerms, fence_ohm
from rasters.grid import Grid
from rasters.openings import FenceModel, Opening, OpeningEdges
from rasters.surface import ResistanceSurface
from tests.support.places import ROOT

PAGE = ROOT / "docs" / "theory" / "how-a-passage-is-valued.md"


def table(name: str) -> dict[str, list[float]]:
    """Numbers of a table of the page by what is open; per cents as shares."""
    after = PAGE.read_text(encoding="utf-8").split(f"<!-- table: {name} -->")[1]
    rows = [line.strip("| \n").split(" | ") for line in re.findall(r"(?m)^\|.*\|$", after.split("\n\n")[0])]
    numbers = {row[0]: [_number(cell) for cell in row[1:]] for row in rows[2:]}
    assert numbers
    return numbers


def _number(text: str) -> float:
    return float(text.removesuffix("%")) / 100 if text.endswith("%") else float(text)


class Example:
    """``columns`` of two cells each, a sealed fence behind each of the columns in ``fences``, openings top and bottom."""

    def __init__(self, columns: int, fences: list[int]) -> None:
        grid = Grid("EPSG:6933", Affine(1000, 0, 0, 0, -1000, 2000), (2, columns))
        surface = ResistanceSurface.from_array(np.ones(grid.shape), grid)
        lines = [LineString([(1000 * c, 2500), (1000 * c, -500)]) for c in fences]
        cuts = cut_edges([Fence(id=f"f{i}", line=line) for i, line in enumerate(lines)], grid)
        model = FenceModel(
            worth_m=dict.fromkeys([f.id for f in cuts.fences], math.inf),
            reach_m=0.0,
            free_path_m=2000.0 / math.pi,
            neighbours=4,
        )
        openings = [_one_step(cuts, f.id, along, model) for f in cuts.fences for along in (1000.0, 2000.0)]
        self.candidates = [(opening,) for opening in openings]
        stencil = build_stencil(surface, fence_terms(cuts, surface, model), neighbours=4)
        free = build_stencil(surface, FenceTerms.none(), neighbours=4)
        ends = [_column(grid, "core", 0), _column(grid, "target", columns - 1)]
        edges = openable_edges(cuts, stencil, *row_terms(cuts, surface, model), self.candidates)
        assert edges.size == len(openings), "each opens one edge"
        labels, pairs, none = region_labels(ends), Pairs.to_any(1, 1), edges.only(())
        reduced = reduce_landscape(stencil_laplacian(stencil, labels), edges.cells(), threads=1)
        bare = reduce_landscape(stencil_laplacian(free, labels), none.cells(), threads=1)
        self.circuit = CircuitOfSets.build(reduced, edges, 2, pairs)
        self.distances = DistancesOfSets.build(stencil, cost_weighted_distances(stencil, ends), edges, pairs, threads=1)
        self.free_ohm = CircuitOfSets.build(bare, none, 2, pairs).resistances(no_sets(0))[0, 0]
        self.free_m = DistancesOfSets.build(
            free, cost_weighted_distances(free, ends), none, pairs, threads=1
        ).distances(no_sets(0))[0, 0]

    def row(self, *chosen: int) -> list[float]:
        """Ohm, siemens, share of the siemens, effective metres, share of their reciprocal."""
        one = np.zeros((1, len(self.candidates)), bool)
        one[0, list(chosen)] = True
        ohm, cost = self.circuit.resistances(one)[0, 0], self.distances.distances(one)[0, 0]
        return [ohm, 1 / ohm, self.free_ohm / ohm, cost, self.free_m / cost]

    def free(self) -> list[float]:
        return [self.free_ohm, 1 / self.free_ohm, 1.0, self.free_m, 1.0]


def _one_step(cuts: CutEdges, fence: str, along_m: float, model: FenceModel) -> OpeningEdges:
    """A piece of fence as long as a cell that half of the animals cross, with no narrowing towards it."""
    opening = Opening(id=f"{fence}-{along_m}", fence=fence, along_m=along_m, width_m=1000.0, use_factor=0.5)
    rows = np.flatnonzero((cuts.along_m == along_m) & (cuts.step == 0) & (cuts.fence == int(fence[1:])))
    worth = model.use_worth_m(opening.use_factor)
    ohm = fence_ohm(cuts, np.full(cuts.size, worth), 4)[rows]
    return OpeningEdges(opening=opening, rows=rows, cost_m=np.array([worth]), ohm=ohm, land_rows=rows)


def _column(grid: Grid, name: str, col: int) -> FocalRegion:
    mask = np.zeros(grid.shape, bool)
    mask[:, col] = True
    return FocalRegion.from_mask(name, mask, grid)


def test_one_fence() -> None:
    example, page = Example(4, [2]), table("one fence")
    sets = {"nothing": (), "top": (0,), "bottom": (1,), "top and bottom": (0, 1)}
    assert set(page) == {*sets, "no fence"}
    for words, chosen in sets.items():
        assert page[words] == pytest.approx(example.row(*chosen), rel=2e-3), words
    assert page["no fence"] == pytest.approx(example.free(), rel=2e-3)


def test_two_fences() -> None:
    example, page = Example(5, [2, 3]), table("two fences")
    sets = {
        "first fence, top": (0,),
        "second fence, top": (2,),
        "first fence, both": (0, 1),
        "both fences, top": (0, 2),
        "first top, second bottom": (0, 3),
        "everything": (0, 1, 2, 3),
    }
    assert set(page) == {*sets, "no fence"}
    for words, chosen in sets.items():
        assert page[words] == pytest.approx(example.row(*chosen)[:3], rel=2e-3), words
    assert page["no fence"] == pytest.approx(example.free()[:3], rel=2e-3)
