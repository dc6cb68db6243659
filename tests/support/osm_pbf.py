"""A small OpenStreetMap extract in its binary format, written by hand: nodes, ways, tags."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from pathlib import Path

__all__ = ["write_pbf"]

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
