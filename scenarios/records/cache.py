"""Where a user's machine keeps what can be computed again."""

from __future__ import annotations

import os
from pathlib import Path

__all__ = ["cache_folder"]


def cache_folder(kind: str) -> Path:
    """Folder for one kind of thing, ``XDG_CACHE_HOME/otkel/KIND``; it need not exist."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "otkel" / kind
