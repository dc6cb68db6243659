"""OpenStreetMap extracts in their binary format, written by hand: nodes, ways, tags; small ones, and as large as a country's.

``python -m tests.support.osm_pbf 5000000`` writes one of so many nodes, reads it as `otkel region --pbf` does, and tells time and memory.
"""

from __future__ import annotations

import struct
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tests.benchmarks.measure import peak_bytes

__all__ = ["PER_WAY", "read_large", "write_large_pbf", "write_pbf"]

Way = tuple[Sequence[tuple[float, float]], Mapping[str, str]]


def write_pbf(path: Path, ways: Sequence[Way], points: Sequence[tuple[float, float, Mapping[str, str]]]) -> Path:
    """Ways as (lon, lat) and tags; points as lon, lat and tags."""
    words = [""]
    nodes, lines = b"", b""
    places: dict[tuple[float, float], int] = {}

    def node(lon: float, lat: float, tags: Mapping[str, str]) -> int:
        nonlocal nodes
        number = len(places) + 1
        places[lon, lat] = number
        body = _int(1, _zigzag(number)) + _tags(tags, words)
        body += _int(8, _zigzag(round(lat * 1e7))) + _int(9, _zigzag(round(lon * 1e7)))
        nodes += _bytes(1, body)
        return number

    for lon, lat, tags in points:
        node(lon, lat, tags)
    for number, (line, tags) in enumerate(ways, 1):
        refs = [places.get(place) or node(*place, {}) for place in line]
        steps = b"".join(_varint(_zigzag(b - a)) for a, b in zip([0, *refs], refs, strict=False))
        lines += _bytes(3, _int(1, number) + _tags(tags, words) + _bytes(8, steps))
    strings = b"".join(_bytes(1, word.encode()) for word in words)
    block = _bytes(1, strings) + _bytes(2, nodes) + _bytes(2, lines)
    path.write_bytes(_blob(b"OSMHeader", _bytes(4, b"OsmSchema-V0.6")) + _blob(b"OSMData", block))
    return path


PER_WAY = 20
KINDS = [("highway", "track"), ("highway", "primary"), ("barrier", "fence"), ("railway", "rail"), ("waterway", "canal")]
SHARES = [0.9, 0.05, 0.02, 0.01, 0.02]
COUNTRY = (55.0, 36.0, 75.0, 46.0)
"""West, south, east, north [degrees]."""


def write_large_pbf(path: Path, n_nodes: int) -> NDArray[np.int64]:
    """Ways of `PER_WAY` nodes all over `COUNTRY`; the kind of each way, as a number into `KINDS`."""
    n_ways, random = n_nodes // PER_WAY, np.random.default_rng(0)
    words = ["", *dict.fromkeys(word for kind in KINDS for word in kind)]
    strings = _bytes(1, b"".join(_bytes(1, word.encode()) for word in words))
    kinds = random.choice(len(KINDS), n_ways, p=SHARES)
    tags = [_bytes(2, _varint(words.index(key))) + _bytes(3, _varint(words.index(value))) for key, value in KINDS]
    with path.open("wb") as file:
        file.write(_blob(b"OSMHeader", _bytes(4, b"OsmSchema-V0.6") + _bytes(4, b"DenseNodes")))
        for first in range(0, n_ways, 400):
            n = min(400, n_ways - first)
            lon = random.uniform(COUNTRY[0], COUNTRY[2], n)[:, None] + 0.001 * np.arange(PER_WAY)
            lat = random.uniform(COUNTRY[1], COUNTRY[3], n)[:, None] + 0.0005 * np.arange(PER_WAY)
            ids = np.arange(first * PER_WAY, (first + n) * PER_WAY) + 1
            dense = _bytes(1, _steps(ids)) + _bytes(8, _steps(lat * 1e7)) + _bytes(9, _steps(lon * 1e7))
            file.write(_blob(b"OSMData", _bytes(1, _bytes(1, b"")) + _bytes(2, _bytes(2, dense))))
        for first in range(0, n_ways, 8000):
            ways = b"".join(
                _bytes(
                    3,
                    _int(1, i + 1)
                    + tags[kinds[i]]
                    + _bytes(8, _varint(_zigzag(i * PER_WAY + 1)) + b"\x02" * (PER_WAY - 1)),
                )
                for i in range(first, min(first + 8000, n_ways))
            )
            file.write(_blob(b"OSMData", strings + _bytes(2, ways)))
    return kinds


def read_large(path: Path) -> dict[str, float]:
    """Features by theme of a tenth of `COUNTRY`, seconds, and the most memory that this process ever had [MiB]."""
    from scenarios.region.source import Place
    from scenarios.region.sources.osm_extract import OsmExtract

    start, computed = time.perf_counter(), time.process_time()
    layers = OsmExtract(path).read(Place.around((60, 40, 65, 44), 500), ())
    return {
        **{name: len(table) for name, table in layers.tables.items()},
        "seconds": time.perf_counter() - start,
        "processor seconds": time.process_time() - computed,
        "MiB": peak_bytes() / 2**20,
    }


def _steps(values: NDArray[np.number]) -> bytes:
    """Differences as zigzag varints."""
    steps = np.diff(np.round(values.ravel()).astype(np.int64), prepend=0)
    left = ((steps << 1) ^ (steps >> 63)).astype(np.uint64)
    parts, going = [], np.ones(left.shape, bool)
    while going.any():
        low, left = (left & np.uint64(0x7F)).astype(np.uint8), left >> np.uint64(7)
        parts.append(np.where(going, low | np.where(left > 0, 0x80, 0), 0).astype(np.uint8))
        parts.append(going)
        going = going & (left > 0)
    values_of, kept = np.stack(parts[::2], -1), np.stack(parts[1::2], -1)
    return values_of[kept].tobytes()


def _tags(tags: Mapping[str, str], words: list[str]) -> bytes:
    if not tags:
        return b""
    packed = []
    for part in (tags.keys(), tags.values()):
        for word in part:
            if word not in words:
                words.append(word)
        packed.append(b"".join(_varint(words.index(word)) for word in part))
    return _bytes(2, packed[0]) + _bytes(3, packed[1])


def _blob(kind: bytes, content: bytes) -> bytes:
    blob = _bytes(1, content)
    head = _bytes(1, kind) + _int(3, len(blob))
    return struct.pack(">I", len(head)) + head + blob


def _zigzag(value: int) -> int:
    return 2 * value if value >= 0 else -2 * value - 1


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def _int(key: int, value: int) -> bytes:
    return _varint(key << 3) + _varint(value)


def _bytes(key: int, value: bytes) -> bytes:
    return _varint(key << 3 | 2) + _varint(len(value)) + value


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        extract = Path(folder) / "country.osm.pbf"
        write_large_pbf(extract, int(sys.argv[1]))
        print(f"{extract.stat().st_size / 1e6:.1f} MB", read_large(extract))
