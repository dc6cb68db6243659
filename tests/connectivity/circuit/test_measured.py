"""A solve is right or refused: whatever the contrast, a residual that was measured stands behind every number."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectivity.circuit.solve import solve
from connectivity.landscape.laplacian import Laplacian
from connectivity.modes.cell_circuit import CellCircuit
from connectivity.modes.network_circuit import ResistorNetwork, network_advanced, network_pairwise
from connectivity.modes.pairs import FocalCells
from connectivity.modes.pairwise import pairwise
from connectivity.modes.resistances import pairwise_resistances
from connectivity.moving_window.circuit import window_circuit
from connectivity.report import MOST_AT_ROUNDING, SolveReport
from rasters.errors import SolverError

SOLVERS = ("sparse-direct", "multigrid", "amg")


def two_rooms(contrast: float) -> tuple[CellCircuit, FocalCells]:
    """Two good rooms of 5 x 5 cells; between them a wall, whose middle is crossed at ``contrast`` ohm a cell."""
    ohm = np.ones((5, 11))
    ohm[:, 5] = contrast
    circuit = CellCircuit.of_cells(1 / ohm, neighbours=4, edge_rule="mean_resistance")
    return circuit, FocalCells.at([1, 2], [2, 2], [0, 10])


def exact_resistance(circuit: CellCircuit, focal: FocalCells) -> float:
    """By elimination of every other node in fractions: no rounding at all."""
    height, width = circuit.shape
    weight: dict[int, dict[int, Fraction]] = {n: {} for n in range(height * width)}
    for k, (d_row, d_col) in enumerate(((0, 1), (1, 0))):
        for row, col in np.argwhere(circuit.conductance[k] > 0):
            a, b = int(row * width + col), int((row + d_row) * width + col + d_col)
            weight[a][b] = weight[b][a] = Fraction(float(circuit.conductance[k, row, col]))
    ends = [int(r * width + c) for r, c in zip(focal.rows, focal.cols, strict=True)]
    for node in set(weight) - set(ends):
        around = weight.pop(node)
        total = sum(around.values())
        for a, g_a in around.items():
            del weight[a][node]
            for b, g_b in around.items():
                if a != b:
                    weight[a][b] = weight[a].get(b, Fraction(0)) + g_a * g_b / total
    return float(1 / weight[ends[0]][ends[1]])


@pytest.mark.parametrize("method", SOLVERS)
@pytest.mark.parametrize("power", range(0, 16, 3))
def test_a_solver_is_right_or_refuses(method: str, power: int) -> None:
    circuit, focal = two_rooms(10.0**power)
    try:
        found = pairwise_resistances(circuit, focal, method=method)
    except SolverError as error:
        assert power >= 9
        assert error.report.relative_residual > 1e-9
        assert not error.report.converged
        return
    assert found.resistance[0, 1] == pytest.approx(exact_resistance(circuit, focal), rel=2e-5)
    assert 0 < found.report.relative_residual <= MOST_AT_ROUNDING


@settings(max_examples=30)
@given(power=st.integers(0, 16), seed=st.integers(0, 2**31))
def test_reduction_keeps_every_digit_and_auto_takes_it(power: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    ohm = 10.0 ** (power * (rng.random((4, 5)) < 0.5))
    circuit = CellCircuit.of_cells(1 / ohm, neighbours=4, edge_rule="mean_resistance")
    focal = FocalCells.at([1, 2], [0, 3], [0, 4])
    found = pairwise_resistances(circuit, focal)
    assert found.resistance[0, 1] == pytest.approx(exact_resistance(circuit, focal), rel=1e-13)
    assert found.report.accuracy == "exact elimination, no residual"


def test_maps_that_float64_cannot_hold_are_refused() -> None:
    circuit, focal = two_rooms(1e15)
    with pytest.raises(SolverError, match="cap the largest resistances"):
        list(pairwise(circuit, focal))


@settings(max_examples=30)
@given(power=st.integers(0, 15), seed=st.integers(0, 2**31))
def test_the_residual_that_is_reported_is_that_of_the_voltages(power: int, seed: int) -> None:
    """Measured again here, on the fractions that the floats stand for."""
    rng = np.random.default_rng(seed)
    edges = np.zeros((4, 1, 6))
    edges[0, 0, :5] = 10.0 ** -(power * rng.random(5))
    ground = np.zeros((1, 6))
    ground[0, 0] = np.inf
    system = Laplacian(
        conductance=edges, active=np.ones((1, 6), bool), ground=ground, region=np.zeros((1, 6), np.int32)
    )
    amps = np.zeros((1, 6))
    amps[0, 1:] = rng.random(5)
    try:
        voltage, report = solve(system, amps, method="sparse-direct", tolerance=1e-9)
    except SolverError as error:
        assert error.report.relative_residual > 1e-9
        return
    volts, siemens = [[Fraction(float(x)) for x in row] for row in (voltage[0], edges[0, 0, :5])]
    flow = [g * (b - a) for g, a, b in zip(siemens, volts, volts[1:], strict=False)]
    left = [float(Fraction(float(amps[0, i])) - flow[i - 1] + (flow[i] if i < 5 else 0)) for i in range(1, 6)]
    assert report.relative_residual == pytest.approx(
        np.linalg.norm(left) / np.linalg.norm(amps), abs=1e-15 * float(max(siemens) * max(volts)) + 1e-15
    )


def test_networks_are_measured_too() -> None:
    """A ring of good resistors behind a bad one: 2 / 3 + 1e6 ohm to a node of the ring, seen from its far end."""
    first, second = [0, 1, 2, 1], [1, 2, 3, 3]
    network = ResistorNetwork.of_branches(first, second, [1e-6, 1.0, 1.0, 1.0], 4)
    (pair,) = network_pairwise(network, [0, 3])
    assert pair.resistance == pytest.approx(1e6 + 2 / 3, rel=1e-12)
    assert 0 < pair.solution.report.relative_residual < 1e-9


@pytest.mark.parametrize("mode", ["pairwise", "advanced"])
def test_a_network_beyond_float64_is_refused(mode: str) -> None:
    rng = np.random.default_rng(3)
    first, second = np.triu_indices(30, 1)
    siemens = 10.0 ** (-16 * ((first < 15) != (second < 15))) * (0.5 + rng.random(first.size))
    network = ResistorNetwork.of_branches(first, second, siemens, 30)
    with pytest.raises(SolverError, match="relative residual"):
        if mode == "pairwise":
            list(network_pairwise(network, [0, 29]))
        else:
            network_advanced(network, np.eye(30)[0], np.where(np.arange(30) == 29, np.inf, 0.0))


@pytest.mark.parametrize("power", [0, 4, 8, 12, 15])
def test_a_window_balances_or_is_refused(power: int) -> None:
    """All that flows in leaves at the target."""
    circuit, _ = two_rooms(10.0**power)
    amps = np.zeros(circuit.shape)
    amps[:, 6:] = 1.0
    inside = np.ones(circuit.shape, bool)
    try:
        current = window_circuit(circuit.conductance, inside, 2, 0).currents(amps)
    except SolverError:
        assert power >= 12
        return
    assert current[2, 0] == pytest.approx(amps.sum(), rel=MOST_AT_ROUNDING)


def test_a_report_says_what_was_measured() -> None:
    assert SolveReport(method="x", n_unknowns=3, relative_residual=2.5e-10).accuracy == "relative residual 2.5e-10"
    assert SolveReport(method="x", n_unknowns=0).accuracy == "nothing to solve"
