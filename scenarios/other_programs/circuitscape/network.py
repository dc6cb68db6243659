"""Circuitscape jobs on networks: lists of branches, focal nodes, sources and grounds."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from connectivity.modes.network_circuit import (
    BranchCurrents,
    NetworkPair,
    NetworkSolution,
    ResistorNetwork,
    network_advanced,
    network_pairwise,
)
from connectivity.modes.pairs import PairRule
from connectivity.report import SolveReport
from rasters.arrays import Ints
from rasters.errors import DataError, FocalNodeError, ResistanceValueError, written
from scenarios.other_programs.circuitscape.amounts import ground_conductance, source_amps
from scenarios.other_programs.circuitscape.ini import JobSettings
from scenarios.other_programs.circuitscape.lists import read_table
from scenarios.other_programs.circuitscape.outputs import JobFiles
from scenarios.other_programs.circuitscape.rasters import read_pairs

__all__ = ["run_network"]

Count = Callable[[bool, SolveReport | None], None]


def run_network(settings: JobSettings, files: JobFiles, count: Count) -> None:
    """Run a network job; ``count`` is told of every pair.

    Notes
    -----
    Nodes are numbered from the smallest number in the habitat file, 0 or 1. As Circuitscape 5 does, names and contents of
    the output files number nodes from 1: where the inputs start at 0, outputs are higher by one.
    """
    network, lowest = _read_branches(settings)
    if settings.scenario == "advanced":
        _run_advanced(settings, network, lowest, files, count)
    else:
        _run_pairwise(settings, network, lowest, files, count)


def _read_branches(settings: JobSettings) -> tuple[ResistorNetwork, int]:
    """The network, nodes from 0, and the number that its first node has in the files."""
    path = settings.file("habitat_file")
    table = read_table(path, 3, "node node value")
    ends = _nodes(path, table[:, :2])
    lowest = min(1, int(ends.min()))
    value = table[:, 2]
    if settings.habitat_map_is_resistances:
        if (value <= 0).any():
            bad = int(np.flatnonzero(value <= 0)[0])
            raise ResistanceValueError(
                f"{path}: resistance {value[bad]:g} between {ends[bad, 0]} and {ends[bad, 1]}; it must be > 0"
            )
        value = 1.0 / value
    size = int(ends.max()) - lowest + 1
    return ResistorNetwork.of_branches(ends[:, 0] - lowest, ends[:, 1] - lowest, value, size), lowest


def _nodes(path: Path, values: NDArray[np.float64]) -> Ints:
    if (values != np.rint(values)).any() or (values < 0).any():
        bad = values[(values != np.rint(values)) | (values < 0)][0]
        raise DataError(f"{path}: {written(bad)} is not a node; nodes are whole numbers from 0 or 1")
    return values.astype(np.int64)


def _run_pairwise(settings: JobSettings, network: ResistorNetwork, lowest: int, files: JobFiles, count: Count) -> None:
    path = settings.file("point_file")
    focal = np.unique(_nodes(path, read_table(path, 1, "node")[:, 0]) - lowest)
    rule = (
        _shifted(read_pairs(settings.file("included_pairs_file")), lowest)
        if settings.use_included_pairs
        else PairRule()
    )
    kept = [int(n) for n in focal if rule.keeps(int(n))]
    ohm = np.zeros((len(kept), len(kept)))
    total = _Totals(network)
    for pair in network_pairwise(network, focal, rule):
        i, j = kept.index(pair.first), kept.index(pair.second)
        ohm[i, j] = ohm[j, i] = pair.resistance
        count(np.isfinite(pair.resistance), pair.solution.report if pair.solution else None)
        _write_pair(settings, pair, files, total)
    files.pairwise_resistances([n + 1 for n in kept], ohm)
    if settings.write_cur_maps:
        files.nodes("node_currents_cum", range(1, network.size + 1), total.node)
        files.branches("branch_currents_cum", total.branches(), 1)


def _shifted(rule: PairRule, lowest: int) -> PairRule:
    return PairRule(
        mode=rule.mode,
        listed=frozenset((a - lowest, b - lowest) for a, b in rule.listed),
        known=frozenset(n - lowest for n in rule.known),
    )


class _Totals:
    """Sums of node and branch currents over pairs."""

    def __init__(self, network: ResistorNetwork) -> None:
        self.network = network
        self.node = np.zeros(network.size)
        self.branch = np.zeros(network.first.size)

    def add(self, solution: NetworkSolution) -> None:
        self.node += solution.node_current
        self.branch += solution.branches.amps

    def branches(self) -> BranchCurrents:
        return BranchCurrents(first=self.network.first, second=self.network.second, amps=self.branch)


def _write_pair(settings: JobSettings, pair: NetworkPair, files: JobFiles, total: _Totals) -> None:
    if pair.solution is None or pair.nodes is None:
        return
    name, done, nodes = f"{pair.first + 1}_{pair.second + 1}", pair.solution, pair.nodes
    total.add(done)
    if settings.write_volt_maps:
        files.nodes(f"voltages_{name}", nodes + 1, done.voltage[nodes])
    if settings.wants_currents:
        files.nodes(f"node_currents_{name}", nodes + 1, done.node_current[nodes])
        files.branches(f"branch_currents_{name}", done.branches, 1)


def _run_advanced(settings: JobSettings, network: ResistorNetwork, lowest: int, files: JobFiles, count: Count) -> None:
    source = source_amps(settings, _at_nodes(settings, "source_file", network.size, lowest))
    ground = ground_conductance(settings, _at_nodes(settings, "ground_file", network.size, lowest))
    done = network_advanced(network, source, ground, policy=settings.remove_src_or_gnd)
    count(done.report.n_unknowns > 0, done.report)
    nodes = range(1, network.size + 1)
    if settings.write_volt_maps:
        files.nodes("voltages", nodes, done.voltage)
    if settings.wants_currents:
        files.nodes("node_currents", nodes, done.node_current)
        files.branches("branch_currents", done.branches, 1)


def _at_nodes(settings: JobSettings, key: str, size: int, lowest: int) -> NDArray[np.float64]:
    """Values of a file ``node value``, NaN where none."""
    path = settings.file(key)
    table = read_table(path, 2, "node value")
    node = _nodes(path, table[:, 0]) - lowest
    if (node < 0).any() or (node >= size).any():
        bad = int(node[(node < 0) | (node >= size)][0]) + lowest
        raise FocalNodeError(f"{path}: node {bad} is not in the network, which has nodes {lowest}..{size - 1 + lowest}")
    out = np.full(size, np.nan)
    out[node] = table[:, 1]
    return out
