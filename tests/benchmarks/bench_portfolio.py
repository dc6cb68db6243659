"""Every subset of ten openings in two fences, by solving the changed raster again and by the reduced model.

``python -m tests.benchmarks.bench_portfolio [side] [candidates]``: largest relative difference, and the ratio of times.
The raster is solved again by a sparse direct solver (SciPy's SuperLU through `connectivity.circuit.solve`) and searched again
for least cost, so that nothing is shared with the reduced model but the landscape itself.
"""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from connectivity.circuit.solve import solve
from connectivity.focal import region_labels
from connectivity.landscape.laplacian import stencil_laplacian
from connectivity.least_cost.cost_distance import cost_weighted_distance
from connectivity.openings.sets import no_sets
from tests.support.fence_cases import Case, every_set, make_case

__all__ = ["Compared", "compare"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """What both ways gave.

    Parameters
    ----------
    sets : int
    apart : int
        Of them, sets that join neither core to a target.
    difference_ohm, difference_cost : float
        Largest relative difference of effective resistance and of least cost.
    again_s, reduced_s : float
        CPU seconds for all sets, the reduced model's own preparation included.
    per_set_s : float
        CPU seconds of the reduced model per further set.
    """

    sets: int
    apart: int
    difference_ohm: float
    difference_cost: float
    again_s: float
    reduced_s: float
    per_set_s: float

    def __str__(self) -> str:
        return (
            f"{self.sets} sets ({self.apart} leave the cores apart): largest relative difference "
            f"{self.difference_ohm:.1e} in resistance, {self.difference_cost:.1e} in least cost; solved again "
            f"{self.again_s:.1f} s, reduced model {self.reduced_s:.2f} s in all: {self.again_s / self.reduced_s:.0f} times "
            f"faster, {1e6 * self.per_set_s:.0f} microseconds for each further set"
        )


def compare(side: int, candidates: int, permeability: tuple[float, float], seed: int = 0) -> Compared:
    """Value every non-empty set of the candidates both ways."""
    case = make_case(permeability, size=side, n=candidates, seed=seed)
    sets = every_set(candidates)[1:]
    _reduced(case, no_sets(candidates))
    begin = time.process_time()
    ohm, cost = _reduced(case, sets)
    reduced_s = time.process_time() - begin
    begin = time.process_time()
    again = [_solved_again(case, chosen) for chosen in sets]
    again_s = time.process_time() - begin
    circuit, distances = case.circuit(), case.distances()
    begin = time.process_time()
    circuit.resistances(sets)
    distances.distances(sets)
    per_set_s = (time.process_time() - begin) / len(sets)
    return Compared(
        sets=len(sets),
        apart=int(np.isinf(ohm).all(axis=1).sum()),
        again_s=again_s,
        reduced_s=reduced_s,
        per_set_s=per_set_s,
        difference_ohm=_largest(ohm, np.array([one[0] for one in again])),
        difference_cost=_largest(cost, np.array([one[1] for one in again])),
    )


def _reduced(case: Case, sets: NDArray[np.bool_]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    return case.circuit().resistances(sets), case.distances().distances(sets)


def _solved_again(case: Case, chosen: NDArray[np.bool_]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Resistance and least cost of each core to all targets, on a raster built anew."""
    stencil, labels = case.opened(chosen), region_labels(case.regions)
    cwd = [cost_weighted_distance(stencil, region) for region in case.regions[:2]]
    cost = np.array([min(one.to(target) for target in case.regions[2:]) for one in cwd])
    system = stencil_laplacian(stencil, np.where(labels > 2, 3, labels), np.where(labels > 2, np.inf, 0.0))
    joined = [i for i in range(2) if np.isfinite(cost[i])]
    ohm = np.full(2, np.inf)
    if joined:
        current = np.zeros((len(joined), *stencil.shape))
        at = [(int(case.regions[i].rows[0]), int(case.regions[i].cols[0])) for i in joined]
        for load, (row, col) in zip(current, at, strict=True):
            load[row, col] = 1.0
        volts, _ = solve(system, current, method="sparse-direct", tolerance=1e-10)
        ohm[joined] = [volt[row, col] for volt, (row, col) in zip(volts, at, strict=True)]
    return ohm, cost


def _largest(one: NDArray[np.float64], two: NDArray[np.float64]) -> float:
    """Largest relative difference; infinities must agree."""
    assert (np.isinf(one) == np.isinf(two)).all(), "the two ways do not agree on what is joined"
    finite = np.isfinite(two)
    return float((np.abs(one[finite] - two[finite]) / np.abs(two[finite])).max(initial=0.0))


def main() -> None:
    """Print the comparison for two sealed fences and for two leaky ones."""
    side = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    candidates = int(sys.argv[2]) if len(sys.argv) > 2 else 10
    for permeability in ((0.0, 0.0), (0.15, 0.05)):
        print(f"{side} x {side}, permeability {permeability}: {compare(side, candidates, permeability)}", flush=True)


if __name__ == "__main__":
    main()
