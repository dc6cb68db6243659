"""Many fixes of many animals against long fences: reading and checks, encounters, classes; seconds and peak memory.

``python -m tests.benchmarks.bench_tracks [fixes]`` writes a Movebank file of made-up animals that live along 2000 km of winding fence and
takes it in a process of its own.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
from affine import Affine
from pyproj import Transformer
from shapely import LineString

from rasters.fences import Fence
from rasters.grid import Grid
from scenarios.field_data.faults import Faults
from scenarios.tracks.encounters import encounter_table, rate_table, stretch_table
from scenarios.tracks.ground import ground_of, tracks_of
from scenarios.tracks.reading import read_tracks
from tests.benchmarks.measure import Row, in_child, peak_bytes

GRID = Grid("EPSG:6933", Affine(2000, 0, 4_900_000, 0, -2000, 5_000_000), (250, 600))
SPECIES = "Equus hemionus"
PARTS = 10


def fences() -> tuple[Fence, ...]:
    """Two lines from west to east, a vertex every 600 m or so, each in ten features."""
    out = []
    x = np.linspace(4_920_000, 6_080_000, 2001)
    for number, y0 in enumerate((4_600_000, 4_850_000)):
        y = y0 + 20_000 * np.sin(x / 50_000) + 300 * np.sin(x / 900)
        every = (x.size - 1) // PARTS
        for part in range(PARTS):
            mine = slice(part * every, (part + 1) * every + 1)
            line = LineString(np.column_stack([x[mine], y[mine]]))
            out.append(Fence(id=f"line{number}_{part}", line=line, fence_line=f"line{number}"))
    return tuple(out)


def write_collars(path: Path, fixes: int, animals: int, seed: int = 1) -> None:
    """Each keeps within some kilometres of a place on a fence."""
    rng, lines = np.random.default_rng(seed), fences()
    to_degrees = Transformer.from_crs(GRID.crs, "EPSG:4326", always_xy=True)
    for number in range(animals):
        n = fixes // animals
        line = lines[int(rng.integers(len(lines)))].line
        home = line.interpolate(float(rng.uniform(0, line.length)))
        xy, steps = np.zeros((n, 2)), rng.normal(0, 450, (n, 2))
        for i in range(1, n):
            xy[i] = 0.98 * xy[i - 1] + steps[i]
        lon, lat = to_degrees.transform(home.x + xy[:, 0], home.y + xy[:, 1])
        time_ = pd.Timestamp("2022-03-01") + pd.to_timedelta(2 * np.arange(n), unit="h")
        table = pd.DataFrame(
            {
                "event-id": np.arange(n) + number * n, "visible": "true", "timestamp": time_.strftime("%Y-%m-%d %H:%M:%S.000"),
                "location-long": np.round(lon, 7), "location-lat": np.round(lat, 7), "sensor-type": "gps",
                "individual-taxon-canonical-name": SPECIES, "tag-local-identifier": 1000 + number,
                "individual-local-identifier": f"K{number}", "study-name": "made up",
            }
        )  # fmt: skip
        table.to_csv(path, mode="a", index=False, header=number == 0)


def taken(path: str, threads: int = 1) -> Row:
    """Read and take one file; CPU seconds of each stage, encounters, classes, peak memory of the process [B]."""
    inputs = SimpleNamespace(
        grid=GRID, cuts=SimpleNamespace(fences=fences()), profiles={"kulan": SimpleNamespace(scientific_name=SPECIES)}
    )
    begin = time.process_time()
    tracks = read_tracks(path)
    read = time.process_time()
    ground = ground_of(tracks, inputs, Faults())
    (mine,) = tracks_of(tracks, inputs, ground, ("kulan",), Faults())
    found = encounter_table(mine, ground, tracks.settings)
    classed = time.process_time()
    rates, stretches = rate_table(found, mine, ground), stretch_table(found, mine, ground)
    return {
        "fixes": int(mine.x.size), "fence_km": float(ground.lines.length_m.sum() / 1000), "encounters": len(found),
        "classes": found["behaviour"].value_counts().to_dict(), "stretches": len(stretches), "lines": len(rates),
        "reading_s": read - begin, "encounters_s": classed - read, "rates_s": time.process_time() - classed, "peak": peak_bytes(),
    }  # fmt: skip


def main() -> None:
    """Print one line."""
    from tests.benchmarks.bench_tracks import taken as body  # by a name that the child finds

    fixes = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "collars.csv"
        write_collars(path, fixes, max(2, fixes // 10_000))
        size = path.stat().st_size / 1e6
        row = in_child(body, 1, path=str(path))
    if row["status"] != "done":
        raise SystemExit(row["status"])
    whole = row["reading_s"] + row["encounters_s"] + row["rates_s"]
    print(
        f"{row['fixes']} fixes ({size:.0f} MB), {row['fence_km']:.0f} km of fence, {row['encounters']} encounters {row['classes']}: "
        f"reading {row['reading_s']:.1f} s, encounters and classes {row['encounters_s']:.1f} s, rates {row['rates_s']:.1f} s, in all "
        f"{whole:.1f} CPU seconds, peak {row['peak'] / 2**30:.2f} GiB"
    )


if __name__ == "__main__":
    main()
