"""What GDAL does not say of ASCII grids: it reads words as 0, numbers up to the first separator, and leaves further rows out."""

from __future__ import annotations

import gzip
import re
import zlib
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

from rasters.errors import DataError
from rasters.files.formats import is_packed

__all__ = ["require_numbers"]

CHUNK = 2**22
HEADER_LINES = 8
KEYS = re.compile(rb"\s*([A-Za-z_]+)[ \t]+(\S+)")
WORDS = {
    b"nan",
    b"+nan",
    b"-nan",
    b"inf",
    b"+inf",
    b"-inf",
    b"infinity",
    b"-infinity",
    b"null",
    b"1.#qnan",
    b"-1.#ind",
    b"1.#inf",
    b"-1.#inf",
}
"""Words for numbers that programs write, and GDAL knows."""
NUMBER = re.compile(rb"[+-]?(?:\d+(?:[.,]\d*)?|[.,]\d+)(?:[eEdD][+-]?\d+)?")
PLAIN = b"0123456789+-. \t\r\n\v\f"
"""Of what most grids are made: the others are looked at number by number."""


def require_numbers(path: Path) -> None:
    """DataError unless an ASCII grid holds as many numbers as its first lines say, and nothing else.

    Parameters
    ----------
    path : path
        Also gzipped.
    """
    stat = path.stat()
    _looked_at(path, stat.st_size, stat.st_mtime_ns)


@lru_cache(maxsize=256)
def _looked_at(path: Path, size: int, changed: int) -> None:
    """Once for each state of a file, which workers open for every window."""
    del size, changed
    with gzip.open(path) if is_packed(path) else path.open("rb") as file:
        try:
            _require(path, file)
        except (OSError, EOFError, zlib.error):
            return  # whoever reads the values says so


def _require(path: Path, file: Iterator[bytes]) -> None:
    said: dict[bytes, bytes] = {}
    rest = b""
    for _ in range(HEADER_LINES):
        line = file.readline()  # type: ignore[attr-defined]
        found = KEYS.match(line.removeprefix(b"\xef\xbb\xbf"))
        if found is None or found[1].lower() in WORDS:
            rest = line
            break
        said[found[1].lower()] = found[2]
    try:
        wanted = int(said[b"ncols"]) * int(said[b"nrows"])
    except (KeyError, ValueError):
        return  # GDAL does not open it
    count = sum(_counted(path, chunk) for chunk in _chunks(file, rest))
    if count != wanted:
        raise DataError(
            f"{path}: holds {count} numbers, but its first lines say {wanted} ({int(said[b'nrows'])} rows of {int(said[b'ncols'])}); "
            "correct ncols and nrows, or write it again"
        )


def _chunks(file: Iterator[bytes], rest: bytes) -> Iterator[bytes]:
    """The file in pieces that end between numbers."""
    while piece := file.read(CHUNK):  # type: ignore[attr-defined]
        piece = rest + piece
        cut = max(piece.rfind(b" "), piece.rfind(b"\n"), piece.rfind(b"\t"), piece.rfind(b"\r"))
        yield piece[:cut] if cut > 0 else b""
        rest = piece[max(cut, 0) :]
    yield rest


def _counted(path: Path, chunk: bytes) -> int:
    """How many numbers stand there."""
    tokens = chunk.split()
    if chunk.translate(None, PLAIN):
        wrong = next((one for one in tokens if not NUMBER.fullmatch(one) and one.lower() not in WORDS), None)
        if wrong is not None:
            raise DataError(f"{path}: {wrong[:60].decode(errors='replace')!r} is no number; write it again without it")
    return len(tokens)
