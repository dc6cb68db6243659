"""What is in a file, as a hash that is taken again only when the file has changed."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

__all__ = ["file_hash"]


def file_hash(path: Path) -> str:
    """SHA-256 of a file's bytes; read again only when size or time of change differ."""
    found = path.stat()
    return _file_hash(path, found.st_size, found.st_mtime_ns, found.st_ino)


@cache
def _file_hash(path: Path, size: int, changed_ns: int, inode: int) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
