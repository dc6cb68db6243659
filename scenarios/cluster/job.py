"""What a cluster computes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

__all__ = ["ClusterJob", "Lost"]


class ClusterJob(Protocol):
    """What a cluster computes: sent to each worker once, so it should name files rather than hold them."""

    def start(self, folder: Path) -> ClusterJob:
        """On a worker, before the first item; ``folder`` is the worker's own. Returns what is to be run there."""

    def run(self, item: Any) -> Any:
        """Result of one item."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lost:
    """Stands for the result of an item that ended so many processes that it is not tried again."""

    deaths: int
