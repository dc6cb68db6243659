"""An extract as large as a country's, read in a process of its own: what it gives, and how much memory that takes.

`python -m tests.support.osm_pbf 5000000` does the same with 5 million nodes.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np

from tests.support.osm_pbf import KINDS, write_large_pbf
from tests.support.places import ROOT

N_NODES = 200_000
MOST_MIB = 2048


def test_a_large_extract_is_read_in_little_memory(tmp_path: Path) -> None:
    kinds = write_large_pbf(tmp_path / "country.osm.pbf", N_NODES)
    program = (
        "import json, sys; from pathlib import Path; from tests.support.osm_pbf import read_large; "
        "print(json.dumps(read_large(Path(sys.argv[1]))))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path / "country.osm.pbf")],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    found = json.loads(done.stdout)
    share = 5.6 * 4.3 / 200  # of the country, with what the grid reaches beyond the bounds
    for kind, table in (
        (("highway", "primary"), "roads"),
        (("railway", "rail"), "rail"),
        (("waterway", "canal"), "canals"),
    ):
        there = np.count_nonzero(kinds == KINDS.index(kind))
        assert 0.7 * share < found[table] / there < 1.4 * share, (table, found[table], there)
    assert found["fences"] > 10 and found["MiB"] < MOST_MIB / 3, found
