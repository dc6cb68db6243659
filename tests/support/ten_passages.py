"""Ten passages spread, ten side by side, ten kilometres without fence: what each gives back on the bundled study.

`python -m tests.support.ten_passages [CELL_M]` prints the tables of the changelog: the ten leading places of each species, at
least `SPACING_M` apart on one fence line, and the value of the three sets over all species by their weights.
"""

from __future__ import annotations

import sys

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from connectivity.openings.sets import single_sets
from rasters.arrays import Reals
from scenarios.land.inputs import read_inputs
from scenarios.land.prepared import prepare_species
from scenarios.model.candidates import candidate_table
from scenarios.model.landscape import Landscape, candidate_ids
from scenarios.model.valuation import block_of, reference_of
from scenarios.study.load import resolve

SPACING_M, COUNT, OBJECTIVE = 10_000.0, 10, "conductance"


def leading(table: pd.DataFrame, gain: Reals) -> list[int]:
    """Best passages first, each at least the spacing away from better ones on its line."""
    found: list[int] = []
    line, along = table["fence_line"].to_numpy(), table["along_m"].to_numpy()
    for i in np.argsort(-gain, kind="stable"):
        apart = all(line[i] != line[j] or abs(along[i] - along[j]) >= SPACING_M for j in found)
        if apart and table["kind"].iloc[i] == "passage":
            found.append(int(i))
        if len(found) == COUNT:
            break
    return found


def side_by_side(table: pd.DataFrame) -> NDArray[np.bool_]:
    """(n_sets, n) every ten neighbouring passages of a fence without a hole between them."""
    rows = []
    along, fence, kind = (table[key].to_numpy() for key in ("along_m", "fence", "kind"))
    for start in range(len(table) - COUNT + 1):
        part = slice(start, start + COUNT)
        near = np.allclose(np.diff(along[part]), 1000.0) and len(set(fence[part])) == 1
        if near and (kind[part] == "passage").all():
            rows.append(np.isin(np.arange(len(table)), range(start, start + COUNT)))
    return np.array(rows)


def place(table: pd.DataFrame, row: int) -> str:
    """Where a passage is, short: the end of its fence's name and its kilometre."""
    return f"{str(table['fence'].iloc[row])[-2:].upper()} {table['along_m'].iloc[row] / 1000:.1f}"


def print_tables(cell_m: float | None) -> None:
    resolved = resolve("ustyurt", "reserves-or-passages", {"grid.cell_m": cell_m} if cell_m else {})
    inputs = read_inputs(resolved)
    prepared = {name: prepare_species(resolved, inputs, name) for name in inputs.profiles}
    ids = tuple(candidate_ids(list(prepared.values())))
    table = candidate_table(resolved, inputs, list(prepared.values()))
    order = [list(table["candidate"]).index(name) for name in ids]
    table = table.iloc[order].reset_index(drop=True)
    blocks = {}
    for name, one in prepared.items():
        land = Landscape(one)
        blocks[name] = block_of(land, ids, OBJECTIVE, reference_of(land, OBJECTIVE))
        alone = blocks[name].values(single_sets(len(ids))) / land.weight
        best = leading(table, alone)
        print(f"| {name} | {100 * alone[best[0]]:.2f} % | {', '.join(place(table, i) for i in best)} |", flush=True)

    def worth(sets: NDArray[np.bool_]) -> Reals:
        return np.sum([block.values(sets) for block in blocks.values()], axis=0)

    spread = np.zeros((1, len(ids)), bool)
    spread[0, leading(table, worth(single_sets(len(ids))))] = True
    beside = side_by_side(table)
    together = worth(beside)
    removal = np.array([table["candidate"].to_numpy() == "open_10_km"])
    where = np.flatnonzero(beside[together.argmax()])
    print(f"spread {100 * worth(spread)[0]:.2f} %: {', '.join(place(table, i) for i in np.flatnonzero(spread[0]))}")
    print(f"side by side {100 * together.max():.2f} %: {place(table, where[0])} to {place(table, where[-1])}")
    print(f"ten kilometres without fence {100 * worth(removal)[0]:.2f} %")


if __name__ == "__main__":
    print_tables(float(sys.argv[1]) if len(sys.argv) > 1 else None)
