"""How often 90 % intervals on patrols cover the truth they were simulated from: `python tests/support/crime_coverage.py`."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from affine import Affine

from rasters.grid import Grid
from scenarios.crime.rates import changes, encounter_rates, pike
from scenarios.crime.tables import CrimeData, read_crime
from scenarios.synthetic.patrols import TYPES, CrimeTruth, simulate_patrols, write_patrols

GRID = Grid("EPSG:6933", Affine(5000, 0, 5_400_000, 0, -5000, 5_000_000), (80, 80))
LAND = np.ones(GRID.shape, bool)
TRUTH = CrimeTruth(
    bases=((5_500_000, 4_900_000), (5_650_000, 4_750_000), (5_700_000, 4_900_000)),
    first_year=2024,
    year_factors=(1.0, 0.5),
)


def counted_share(truth: CrimeTruth) -> float:
    """Share of the simulated finds that count as signs of poaching: carcasses only where the cause is known to be illegal."""
    return 1.0 - TYPES["carcass"] * (1.0 - truth.pike * (1.0 - truth.cause_unknown))


def simulated(truth: CrimeTruth, seed: int) -> CrimeData:
    """One set, written and read as a user's would be."""
    with tempfile.TemporaryDirectory() as name:
        write_patrols(Path(name), *simulate_patrols(GRID, LAND, truth, seed), truth, seed)
        return read_crime(name, GRID)


def covered(sets: int, first_seed: int = 1) -> Iterator[dict[str, bool]]:
    """Of each set, which intervals hold the truth."""
    rate, ratio = TRUTH.signs_per_100_km * counted_share(TRUTH), TRUTH.year_factors[1] / TRUTH.year_factors[0]
    for seed in range(first_seed, first_seed + sets):
        data = simulated(TRUTH, seed)
        first = encounter_rates(data).query("type == 'signs of poaching' and year == '2024'").iloc[0]
        change, share = changes(data).iloc[0], pike(data).iloc[0]
        yield {
            "encounter rate": bool(first["low"] <= rate <= first["high"]),
            "change between years": bool(change["low"] <= ratio <= change["high"]),
            "PIKE": bool(share["low"] <= TRUTH.pike <= share["high"]),
        }


def main(sets: int) -> None:
    """Print a table."""
    found = list(covered(sets))
    for name in found[0]:
        print(f"{name:22s} {100 * np.mean([one[name] for one in found]):5.1f} % of {sets} intervals cover the truth")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 200)
