"""Paths made of names that stand in data: what they name lies in its folder, on every system, or is an error."""

from __future__ import annotations

import re
from pathlib import Path

from rasters.errors import DataError

__all__ = ["below", "confined", "fault_of_path"]

LONGEST = 200
"""Bytes of one name; file systems end at 255, and what is written adds something."""
DRIVE = re.compile(r"^[A-Za-z]:")
RESERVED = re.compile(r"^(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(\.|$)", re.IGNORECASE)
UNPRINTED = re.compile(r"[\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def fault_of_path(text: str) -> str:
    """Why a text cannot name a file in a folder of ours; empty where it can."""
    if UNPRINTED.search(text):
        return "holds control characters"
    if text.startswith(("/", "\\", "~")) or DRIVE.match(text):
        return "is a whole path; it should be relative to its folder"
    if "\\" in text:
        return "holds a backslash; write / between folders"
    for part in text.split("/"):
        if part in ("", ".", ".."):
            return "must not climb out of its folder with '..'" if part == ".." else "has an empty part"
        if len(part.encode()) > LONGEST:
            return f"is longer than {LONGEST} bytes"
        if RESERVED.match(part) or part[-1] in ". ":
            return "is a name that some systems reserve or cannot write"
    return ""


def below(*names: str) -> Path:
    """The same path relative to any folder; DataError for a name that is no plain relative one."""
    for name in names:
        if fault := fault_of_path(name):
            raise DataError(f"{name[:LONGEST]!r} {fault}; nothing outside its folder is read or written")
    return Path(*names)


def confined(folder: Path, *names: str) -> Path:
    """The path of something in a folder, for names that stand in data.

    Parameters
    ----------
    folder : Path
    names : str
        Joined below the folder; each may have several parts.

    Raises
    ------
    DataError
        For a name that is no plain relative one, or that leads out of the folder over a link.
    """
    path = folder / below(*names)
    if not path.resolve().is_relative_to(folder.resolve()):
        raise DataError(f"{path}: leads out of {folder} over a link; nothing outside the folder is read or written")
    return path
