"""The benchmark of sets, on a landscape small enough for every run of the suite."""

from __future__ import annotations

import pytest

from tests.benchmarks.bench_portfolio import compare


@pytest.mark.parametrize("permeability", [(0.0, 0.0), (0.15, 0.05)])
def test_reduced_model_equals_a_sparse_direct_solver(permeability: tuple[float, float]) -> None:
    found = compare(32, 6, permeability)
    assert found.sets == 63
    assert (found.apart > 0) == (permeability == (0.0, 0.0))
    assert found.difference_ohm < 1e-6 and found.difference_cost < 1e-12
