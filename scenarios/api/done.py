"""What the commands give to scripts: the tables that they wrote, and each step to a function instead of a terminal."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from rasters.plain import unknown
from scenarios.outputs.job import Summary
from scenarios.progress import Reporter

__all__ = ["Done", "Teller", "Told"]

Told = Callable[[str], None] | None


@dataclass(frozen=True, kw_only=True)
class Done(Mapping[str, pd.DataFrame]):
    """What a command wrote: the tables of its folder as DataFrames, by file name without ``.csv``, and what it tells.

    Parameters
    ----------
    summary : Summary
        ``summary.found`` are the results themselves.
    """

    summary: Summary[Any]

    @property
    def folder(self) -> Path:
        """Where the files are."""
        return self.summary.folder

    @property
    def rows(self) -> dict[str, Any]:
        """What the command prints with ``--json``."""
        return self.summary.as_dict()

    @property
    def _files(self) -> dict[str, Path]:
        folder = self.folder if self.folder.is_dir() else self.folder.parent
        return {path.relative_to(folder).with_suffix("").as_posix(): path for path in sorted(folder.rglob("*.csv"))}

    def __getitem__(self, table: str) -> pd.DataFrame:
        files = self._files
        if table not in files:
            raise KeyError(unknown("table", table, files))
        return pd.read_csv(files[table], comment="#")

    def __iter__(self) -> Iterator[str]:
        return iter(self._files)

    def __len__(self) -> int:
        return len(self._files)

    def __repr__(self) -> str:
        return f"Done({self.folder}: {', '.join(self)})"


class Teller(Reporter):
    """Nothing on the terminal; each step to a function."""

    def __init__(self, progress: Told) -> None:
        super().__init__(quiet=True)
        self._told = progress

    def step(self, what: str, done: int = 1) -> None:
        """Tell what comes next."""
        if self._told is not None:
            self._told(what)
