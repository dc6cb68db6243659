"""All windows of a landscape in files: the same job for threads here and for the workers of a cluster."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from connectivity.moving_window.landscape import WindowSettings
from connectivity.moving_window.tiles import Tile, TilePatch, ordered, plan_tiles, solve_tile
from rasters.errors import ConfigError, LayerNotFoundError, OptionError
from scenarios.cluster.cluster import Traffic, connect, map_ordered
from scenarios.windows.files import LandscapeFiles
from scenarios.windows.total import WindowTotal

__all__ = ["Machines", "WindowJob", "machines_of", "sum_windows"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Machines:
    """Who solves the windows.

    Parameters
    ----------
    threads : int
        Threads of this process, without a cluster.
    workers : int, optional
        Processes to start here.
    scheduler : str, optional
        Address of a scheduler that runs.
    send_files : bool
        Send the rasters to each worker once, for workers that do not see the same folders.
    """

    threads: int = 1
    workers: int | None = None
    scheduler: str | None = None
    send_files: bool = False

    def __post_init__(self) -> None:
        if self.threads < 1:
            raise ConfigError(f"threads must be at least 1, not {self.threads}")
        if self.workers is not None and self.workers < 1:
            raise ConfigError(f"workers must be at least 1, not {self.workers}")
        if self.workers is not None and self.scheduler is not None:
            raise ConfigError("give either a number of workers to start here, or the address of a scheduler")

    @property
    def cluster(self) -> bool:
        """Whether a cluster is asked for."""
        return self.workers is not None or self.scheduler is not None


def machines_of(workers: int | None, scheduler: str | None, send_files: bool) -> Machines | None:
    """What the command line asks for; None for threads of this process, whose number the job itself knows."""
    if workers is None and scheduler is None:
        if send_files:
            raise OptionError("--send-files is for clusters; give --workers or --scheduler, too")
        return None
    return Machines(workers=workers, scheduler=scheduler, send_files=send_files)


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowJob:
    """Landscape and settings; an item is a tile, a result its patch. See `scenarios.cluster.cluster.Job`."""

    files: LandscapeFiles
    settings: WindowSettings
    sent: dict[Path, bytes] | None = None

    def start(self, folder: Path) -> WindowJob:
        """On a worker: put down the files that were sent, or see that they can be opened."""
        from threadpoolctl import threadpool_limits

        threadpool_limits(1)
        if self.sent is None:
            missing = [path for path in self.files.files() if not path.is_file()]
            if missing:
                raise LayerNotFoundError(
                    f"{missing[0]}: a worker does not find this file; put it into a folder that all machines share, or "
                    "send it (--send-files)"
                )
            return self
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        places = {path: folder / f"{number}-{path.name}" for number, path in enumerate(self.sent)}
        for path, content in self.sent.items():
            places[path].write_bytes(content)
        return replace(self, files=self.files.moved(places), sent=None)

    def run(self, tile: Tile) -> TilePatch:
        """Currents of a tile."""
        return solve_tile(self.files.read(tile.window), tile, self.settings)


def sum_windows(
    job: WindowJob,
    total: WindowTotal,
    machines: Machines,
    *,
    core: int | None = None,
    began: Callable[[int], None] = lambda _: None,
    progress: Callable[[], None] = lambda: None,
) -> dict[str, Any]:
    """Solve all windows and add them up.

    Parameters
    ----------
    core : int, optional
        See `connectivity.moving_window.tiles.plan_tiles`.
    began : callable
        Told the number of tiles.
    progress : callable
        Called after each tile.

    Returns
    -------
    dict
        Figures for people: tiles, windows, seconds, and what a cluster was sent.
    """
    start = time.perf_counter()
    tiles = plan_tiles(total.shape, job.settings, core)
    began(len(tiles))
    traffic = Traffic()
    with closing(_patches(job, tiles, machines, traffic)) as patches:
        for tile, patch in zip(tiles, patches, strict=True):
            total.add(tile, patch)
            progress()
    figures = {"tiles": len(tiles), "windows": total.solved, "seconds": round(time.perf_counter() - start, 2)}
    return figures | ({"sent": traffic.as_dict()} if machines.cluster else {})


def _patches(job: WindowJob, tiles: Sequence[Tile], machines: Machines, traffic: Traffic) -> Generator[TilePatch]:
    if not machines.cluster:
        yield from ordered(job.run, tiles, machines.threads)
        return
    if machines.send_files:
        job = replace(job, sent={path: path.read_bytes() for path in job.files.files()})
    else:
        job = replace(job, files=job.files.moved({path: path.resolve() for path in job.files.files()}))
    with connect(workers=machines.workers, scheduler=machines.scheduler) as client:
        yield from map_ordered(client, job, tiles, traffic)
