"""What an import is told as: what came in, what was corrected, what a person should look at, what was left out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from rich.console import Console

from rasters.grid import Grid
from scenarios.exit_codes import ExitCode

__all__ = ["Account", "Entry", "Imported", "some", "where"]

Group = Literal["read", "came in", "corrected", "look at", "left out", "written"]
SHOWN = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line of the table: how many of what, and which."""

    group: Group
    count: int | None
    what: str
    detail: str = ""


@dataclass(slots=True)
class Account:
    """Collects the lines of the table, in the order in which they are found."""

    entries: list[Entry] = field(default_factory=list)

    def tell(self, group: Group, count: int | None, what: str, detail: str = "") -> None:
        """Add a line; none where nothing was found."""
        if count != 0:
            self.entries.append(Entry(group=group, count=count, what=what, detail=detail))

    def of(self, group: Group) -> list[Entry]:
        """The lines of one group."""
        return [one for one in self.entries if one.group == group]


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """What came of an import.

    Parameters
    ----------
    ids : tuple of str
        Of the features that came in, as the study has them now.
    written : tuple of Path
        Files of the study that were written; with ``dry_run`` those that would be.
    kept : Path, optional
        Folder with these files as they were before; None where there were none.
    """

    kind: str
    file: Path
    study: Path
    ids: tuple[str, ...]
    entries: tuple[Entry, ...]
    written: tuple[Path, ...]
    kept: Path | None = None
    dry_run: bool = False
    exit_code: ExitCode = ExitCode.OK

    def count(self, group: Group, what: str = "") -> int:
        """How many of something the table says, by the beginning of its words."""
        return sum(one.count or 0 for one in self.entries if one.group == group and one.what.startswith(what))

    def as_dict(self) -> dict[str, Any]:
        """Plain data."""
        rows = [{"group": e.group, "count": e.count, "what": e.what, "detail": e.detail} for e in self.entries]
        return {
            "kind": self.kind,
            "file": str(self.file),
            "study": str(self.study),
            "ids": list(self.ids),
            "table": rows,
            "written": [str(path) for path in self.written],
            "kept": None if self.kept is None else str(self.kept),
            "dry_run": self.dry_run,
        }

    def print(self, console: Console) -> None:
        """The table, where earlier files are, and what comes next."""
        for entry in self.entries:
            self.print_entry(entry, console)
        names = ", ".join(str(path) for path in self.written) or "nothing"
        if self.dry_run:
            console.print(f"--dry-run: nothing was written; it would be {names}")
            return
        console.print(f"written: {names}")
        if self.kept is not None:
            console.print(f"as it was before: {self.kept}")
        console.print(f"then: otkel check {self.study}")

    @staticmethod
    def print_entry(entry: Entry, console: Console) -> None:
        """One line of the table."""
        count = "" if entry.count is None else f"{entry.count:,}".replace(",", " ")
        detail = f": {entry.detail}" if entry.detail else ""
        console.print(f"{entry.group:10} {count:>6} {entry.what}{detail}")


def some(names: Sequence[str], shown: int = SHOWN) -> str:
    """The first names, and how many more there are."""
    more = f" and {len(names) - shown} more" if len(names) > shown else ""
    return ", ".join(names[:shown]) + more


def where(grid: Grid, x: float, y: float) -> str:
    """A place for people, in degrees."""
    lon, lat = grid.lonlat(x, y)
    return f"lat {float(lat):.4f}, lon {float(lon):.4f}"
