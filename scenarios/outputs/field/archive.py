"""Zip files whose bytes depend on nothing but what is in them."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from pathlib import Path

from rasters.files.writing import replacing

__all__ = ["write_archive"]

FIXED_TIME = (2000, 1, 1, 0, 0, 0)
READABLE = 0o644 << 16


def write_archive(path: Path, files: Mapping[str, bytes]) -> Path:
    """Write files by name, in this order, readable for all."""
    with replacing(path) as part, zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            entry = zipfile.ZipInfo(name, FIXED_TIME)
            entry.external_attr = READABLE
            archive.writestr(entry, data, zipfile.ZIP_DEFLATED)
    return path
