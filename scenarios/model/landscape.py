"""One solved landscape: a species' land with its fences as they stand and without them, and what has been solved on it.

Every number that two commands show comes from here, so that they show the same one. Nothing is solved before it is asked
for, and what runs share is solved once.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from connectivity.circuit.solve import solve
from connectivity.focal import FocalRegion
from connectivity.landscape.laplacian import Laplacian, stencil_laplacian
from connectivity.landscape.stencil import Stencil, build_stencil, with_far_steps
from connectivity.least_cost.cost_distance import CostDistance, cost_weighted_distances
from connectivity.openings.edges import OpenableEdges, openable_edges
from connectivity.openings.sets import CircuitOfSets, DistancesOfSets, Pairs
from connectivity.reduction.network import ReducedNetwork
from connectivity.reduction.reduce import reduce_landscape
from connectivity.report import SolveReport
from rasters.arrays import Reals
from rasters.fence_cuts import cut_edges
from rasters.fence_terms import closed_cost_m, row_terms
from rasters.fences import CutEdges, FenceTerms, sum_terms
from rasters.openings import OpeningEdges
from rasters.steps import FAR_STEPS
from rasters.surface import ResistanceSurface
from scenarios.land.actions import mortality_ground
from scenarios.land.ends import Ends
from scenarios.land.openings import removable_stretches
from scenarios.land.prepared import Prepared
from scenarios.study.schema import Study

__all__ = ["Landscape", "candidate_ids", "openings_by_id"]


class Landscape:
    """One species in one scenario.

    Parameters
    ----------
    prepared : Prepared
    only_line : str, optional
        As if no other fence line stood.
    threads : int
        Of searches and reductions.
    """

    def __init__(self, prepared: Prepared, *, only_line: str | None = None, threads: int = 2) -> None:
        self.prepared = prepared
        self.threads, self.only_line = threads, only_line
        cost_m, ohm = row_terms(self.cuts, prepared.surface, prepared.model, prepared.standing_edges)
        if only_line is not None:
            other = np.array([fence.fence_line != only_line for fence in self.cuts.fences])[self.cuts.fence]
            cost_m, ohm = np.where(other, 0.0, cost_m), np.where(other, 0.0, ohm)
        self.row_cost_m, self.row_ohm = cost_m, ohm
        self.fenced = bool(self.cuts.size)
        self._found: dict[tuple[str, bool], CostDistance] = {}
        self._networks: dict[tuple[bool, bool], ReducedNetwork] = {}
        self._wide: dict[tuple[OpenableEdges, bool, bool], ReducedNetwork] = {}
        self._edges: dict[tuple[tuple[str, ...], bool], OpenableEdges] = {}
        self._circuits: dict[tuple[Pairs, tuple[str, ...], bool, bool, bool], CircuitOfSets] = {}

    @property
    def study(self) -> Study:
        """The study as the scenario has it."""
        return self.prepared.resolved.study

    @property
    def cuts(self) -> CutEdges:
        """Edges that the active fences cut."""
        return self.prepared.inputs.cuts

    @property
    def surface(self) -> ResistanceSurface:
        """Resistance of the cells."""
        return self.prepared.surface

    @property
    def ends(self) -> Ends:
        """Cores and targets."""
        return self.prepared.ends

    @property
    def regions(self) -> tuple[FocalRegion, ...]:
        """Cores, then targets."""
        return (*self.ends.origins, *self.ends.targets)

    @property
    def species(self) -> str:
        """Its id."""
        return self.prepared.profile.id

    @property
    def weight(self) -> float:
        """The species' share of the study's weights [1]."""
        species = self.study.species
        return species[self.species].weight / sum(entry.weight for entry in species.values())

    @cached_property
    def openings(self) -> dict[str, OpeningEdges]:
        """Everything that may be opened: see `openings_by_id`."""
        return openings_by_id(self.prepared)

    @cached_property
    def _fenced(self) -> Stencil:
        return self._stencil(self.terms, self._far_terms)

    @cached_property
    def _open(self) -> Stencil:
        return self._stencil(FenceTerms.none(), FenceTerms.none())

    @cached_property
    def far_cuts(self) -> CutEdges | None:
        """Steps of least-cost searches beyond the neighbours that the active fences cut; None without such steps."""
        neighbours = self.study.solver.neighbours_least_cost
        if neighbours is None:
            return None
        return cut_edges(self.cuts.fences, self.cuts.grid, steps=FAR_STEPS[neighbours])

    @property
    def _far_terms(self) -> FenceTerms:
        """What closed fences add to far steps; through an opening lead only the steps to neighbours."""
        cuts = self.far_cuts
        if cuts is None:
            return FenceTerms.none()
        cost_m = closed_cost_m(cuts, self.surface, self.prepared.model)
        here = np.array([self.only_line in (None, fence.fence_line) for fence in cuts.fences])[cuts.fence]
        kept = cuts.parts_sides & here
        return sum_terms(cuts.only(kept), cost_m[kept], np.zeros(int(kept.sum())))

    @property
    def terms(self) -> FenceTerms:
        """What the fences as they stand add to the edges that they cut."""
        return sum_terms(self.cuts, self.row_cost_m, self.row_ohm)

    def _stencil(self, terms: FenceTerms, far: FenceTerms) -> Stencil:
        solver = self.study.solver
        near = build_stencil(self.surface, terms, neighbours=solver.neighbours, edge_rule=solver.edge_rule)
        if solver.neighbours_least_cost is None:
            return near
        return with_far_steps(near, solver.neighbours_least_cost, far)

    def stencil(self, *, fences: bool = True) -> Stencil:
        """Cells and edges with the fences as they stand, or without any."""
        return self._fenced if fences and self.fenced else self._open

    def edges(self, ids: Sequence[str], *, singles_only: bool = False) -> OpenableEdges:
        """Edges that candidates open; an id that opens nothing for this species has none. Found once."""
        nothing: tuple[OpeningEdges, ...] = ()
        key = (tuple(ids), singles_only)
        if key not in self._edges:
            found = [(self.openings[name],) if name in self.openings else nothing for name in ids]
            self._edges[key] = openable_edges(
                self.cuts, self.stencil(), self.row_cost_m, self.row_ohm, found, singles_only=singles_only
            )
        return self._edges[key]

    def cwd(self, region: FocalRegion, *, fences: bool = True) -> CostDistance:
        """Cost-weighted distance from a region [effective m]; searched once."""
        return self.cwds([region], fences=fences)[0]

    def cwds(self, regions: Sequence[FocalRegion], *, fences: bool = True) -> tuple[CostDistance, ...]:
        """Cost-weighted distance from each region [effective m]; searched once, side by side."""
        fences = fences and self.fenced
        new = [region for region in regions if (region.id, fences) not in self._found]
        for found in cost_weighted_distances(self.stencil(fences=fences), new, threads=self.threads):
            self._found[found.source.id, fences] = found
        return tuple(self._found[region.id, fences] for region in regions)

    def to_any(self) -> CostDistance:
        """From all targets together, with the fences as they stand [effective m]."""
        return self.cwd(self.ends.any_target)

    def network(
        self, edges: OpenableEdges | None = None, *, fences: bool = True, mortal: bool = False
    ) -> ReducedNetwork:
        """The landscape seen from the focal regions, and from the ends of ``edges``, exactly; the last one is kept."""
        key = (fences and self.fenced, mortal)
        if edges is not None and edges.size:
            if (edges, *key) not in self._wide:
                wide = self._reduced(edges.cells(), *key)
                self._wide = {(edges, *key): wide}
                self._networks.setdefault(key, wide.reduced_to(self._nodes(wide)))
            return self._wide[edges, *key]
        if key not in self._networks:
            self._networks[key] = self._reduced(np.zeros(self.cuts.grid.shape, bool), *key)
        return self._networks[key]

    def _reduced(self, keep: NDArray[np.bool_], fences: bool, mortal: bool) -> ReducedNetwork:
        prepared = self.prepared
        ground = mortality_ground(prepared.resolved, prepared.inputs, self.species) if mortal else None
        system = stencil_laplacian(self.stencil(fences=fences), region=self.ends.labels, ground=ground)
        return reduce_landscape(system, keep | (self.ends.labels > 0), threads=self.threads)

    def _nodes(self, network: ReducedNetwork) -> list[int]:
        """Nodes of cores, then targets."""
        return [network.index_of_region(number + 1) for number in range(len(self.regions))]

    def resistances(self, *, fences: bool = True) -> Reals:
        """(n, n) effective resistance between cores, then targets [ohm]."""
        network = self.network(fences=fences)
        return network.effective_resistances(self._nodes(network))

    @property
    def pairs_to_any(self) -> Pairs:
        """From each core to all targets together."""
        return Pairs.to_any(len(self.ends.origins), len(self.ends.targets))

    @property
    def pairs_apart(self) -> Pairs:
        """From each core to each target."""
        n_origin = len(self.ends.origins)
        return Pairs.between([(i, j) for i in range(n_origin) for j in range(n_origin, len(self.regions))])

    @property
    def counted(self) -> Pairs:
        """The pairs that gains are the mean over, weighted by ``ends.pair_weights``."""
        return self.pairs_apart if self.ends.target_weights else self.pairs_to_any

    def circuit(
        self,
        ids: Sequence[str] = (),
        *,
        pairs: Pairs | None = None,
        fences: bool = True,
        mortal: bool = False,
        singles_only: bool = False,
    ) -> CircuitOfSets:
        """Between pairs, by default from each core to all targets together, with any of the candidates open; reduced once."""
        pairs = self.pairs_to_any if pairs is None else pairs
        key = (pairs, tuple(ids) if fences else (), fences and self.fenced, mortal, singles_only)
        if key not in self._circuits:
            edges = self.edges(key[1], singles_only=singles_only)
            network = self.network(edges, fences=fences, mortal=mortal)
            self._circuits[key] = CircuitOfSets.build(network, edges, len(self.regions), pairs)
        return self._circuits[key]

    def distances(
        self, ids: Sequence[str], pairs: Pairs, *, fences: bool = True, singles_only: bool = False
    ) -> DistancesOfSets:
        """Least costs between focal regions with any of the candidates open; with ``singles_only`` one at a time."""
        edges = self.edges(ids if fences else (), singles_only=singles_only)
        stencil = self.stencil(fences=fences)
        return DistancesOfSets.build(
            stencil,
            self.cwds(self.regions, fences=fences),
            edges,
            pairs,
            between_gaps=not singles_only,
            threads=self.threads,
        )

    def distances_to_any(self, ids: Sequence[str]) -> DistancesOfSets:
        """Least cost from each core to its nearest target with one candidate open at a time."""
        origins = self.ends.origins
        found = [*self.cwds(origins), self.to_any()]
        pairs = Pairs.between([(i, len(origins)) for i in range(len(origins))])
        edges = self.edges(ids, singles_only=True)
        return DistancesOfSets.build(self.stencil(), found, edges, pairs, between_gaps=False, threads=self.threads)

    @cached_property
    def system(self) -> Laplacian:
        """The circuit with the fences as they stand: each focal region one node, all targets held at 0 V."""
        ground = np.where(self.ends.any_target.mask, np.inf, 0.0)
        return stencil_laplacian(self.stencil(), region=self.ends.labels, ground=ground)

    def joined(self) -> NDArray[np.bool_]:
        """(n_origin,) whether each core reaches any target with the fences as they stand."""
        return np.array([np.isfinite(self.to_any().to(origin)) for origin in self.ends.origins])

    def voltages(self) -> tuple[Reals, tuple[SolveReport, ...]]:
        """(n, height, width) volts at 1 A from each core that reaches a target to all targets together."""
        origins = [origin for origin, there in zip(self.ends.origins, self.joined(), strict=True) if there]
        current = np.zeros((len(origins), *self.system.shape))
        for load, origin in zip(current, origins, strict=True):
            load[origin.rows[0], origin.cols[0]] = 1.0
        if not origins:
            return current, ()
        solver = self.study.solver
        voltages, report = solve(self.system, current, method=solver.method, tolerance=solver.tolerance)
        return voltages, (report,)


def openings_by_id(prepared: Prepared) -> dict[str, OpeningEdges]:
    """Everything that a portfolio may open for a species: passages, and stretches of fence to take away."""
    study = prepared.resolved.study
    found = {candidate.opening.id: candidate for candidate in prepared.candidates}
    chosen = set(study.portfolio.actions) - set(study.done)
    return found | {name: edges for name, edges in removable_stretches(prepared) if name in chosen}


def candidate_ids(prepared: Sequence[Prepared]) -> tuple[str, ...]:
    """Candidates of all species together, each once."""
    return tuple(dict.fromkeys(name for one in prepared for name in openings_by_id(one)))
