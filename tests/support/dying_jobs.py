"""Jobs whose processes die, for tests: in a module of their own, so that other processes find them."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Dying:
    """Gives twice the item; ends its process at ``deadly`` always, and at ``once`` the first time."""

    folder: Path
    deadly: int = -1
    once: int = -1

    def start(self, folder: Path) -> Dying:
        """Nothing to prepare."""
        return self

    def run(self, item: int) -> int:
        """One item."""
        mark = self.folder / "died"
        if item == self.deadly or (item == self.once and not mark.exists()):
            mark.touch()
            os._exit(9)
        return 2 * item
