"""What a reader is to the harness: its valid files, and the door that the commands read them through."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from rasters.grid import Grid
from tests.support.tiny_study import CELL_M, CRS, NORTH, SOUTH, WEST

__all__ = ["DEEP_EVERY", "GRID", "Door", "Reader"]

GRID = Grid.from_bounds(CRS, (WEST, SOUTH, WEST + 40_000.0, NORTH), CELL_M)
Door = Callable[[Path, str], object]
DEEP_EVERY = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """A reader of files.

    Parameters
    ----------
    write : callable
        Writes the valid files into a folder.
    files : tuple of str
        Patterns of the files that are broken, one at a time.
    read : callable
        Takes the folder and the name of the broken file, and reads it as the commands do.
    deep : callable, optional
        Goes on to all that is done before the first solve; for one input in `DEEP_EVERY`.
    weight : int
        How much of a round it gets; quick readers get more.
    """

    write: Callable[[Path], None]
    files: tuple[str, ...]
    read: Door
    deep: Door | None = None
    weight: int = 1

    def names(self, folder: Path) -> list[str]:
        """Files that are broken, in order."""
        found = {
            path.relative_to(folder).as_posix()
            for pattern in self.files
            for path in folder.glob(pattern)
            if path.is_file()
        }
        return sorted(found)

    def door(self, number: int) -> Door:
        """What the input of a number is read with."""
        return self.read if self.deep is None or number % DEEP_EVERY else self.deep
