"""The same windows on threads and on two worker processes, also when one of them is killed."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
import rasterio
from affine import Affine

from connectivity.landscape.windows import Window
from connectivity.moving_window.landscape import WindowSettings
from connectivity.moving_window.tiles import TilePatch, moving_window, plan_tiles
from rasters.errors import ConfigError, LayerNotFoundError
from rasters.fences import FenceTerms
from scenarios.cluster import cluster
from scenarios.cluster.cluster import Traffic, connect, map_ordered
from scenarios.windows.files import LandscapeFiles, RasterFile
from scenarios.windows.job import Machines, WindowJob, machines_of, sum_windows
from scenarios.windows.total import window_total

if TYPE_CHECKING:
    from distributed import Client

SHAPE = (60, 50)
SETTINGS = WindowSettings(radius=6, block=3, flow_potential=True)
TILES = plan_tiles(SHAPE, SETTINGS, core=12)


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    with connect(workers=2) as client:
        yield client


@pytest.fixture
def job(tmp_path: Path) -> WindowJob:
    """Resistance in a tiled GeoTIFF with a lake and unknown cells; a fence across the middle."""
    values = np.exp(np.random.default_rng(7).uniform(0, 3, SHAPE)).astype(np.float32)
    values[20:25, 10:14], values[40:44, 30:40] = np.inf, np.nan
    path = tmp_path / "resistance.tif"
    profile = {
        "driver": "GTiff",
        "height": SHAPE[0],
        "width": SHAPE[1],
        "count": 1,
        "dtype": "float32",
        "nodata": np.nan,
    }
    with rasterio.open(
        path,
        "w",
        **profile,
        crs="EPSG:6933",
        transform=Affine(1000, 0, 0, 0, -1000, 0),
        tiled=True,
        blockxsize=16,
        blockysize=16,
    ) as file:
        file.write(values, 1)
    col = np.arange(SHAPE[1], dtype=np.int32)
    closed = np.full(col.size, np.inf)
    fence = FenceTerms(row=np.full_like(col, 30), col=col, step=np.ones(col.size, np.int8), cost_m=closed, ohm=closed)
    files = LandscapeFiles(resistance=RasterFile(path=path), cutoff=10, edge_rule="mean_resistance", fence=fence)
    return WindowJob(files=files, settings=SETTINGS)


def same(patches: list[TilePatch], job: WindowJob) -> bool:
    """Bit for bit what this process gets."""
    here = [job.run(tile) for tile in TILES]
    return len(here) == len(patches) and all(
        np.array_equal(a.current, b.current) and np.array_equal(a.flow_potential, b.flow_potential)  # type: ignore[arg-type]
        for a, b in zip(here, patches, strict=True)
    )


def test_two_workers_give_the_same(client: Client, job: WindowJob) -> None:
    traffic = Traffic()
    assert same(list(map_ordered(client, job, TILES, traffic)), job)
    assert traffic.tasks == len(TILES) == 20
    assert traffic.task_bytes < 600 * traffic.tasks
    assert traffic.job_bytes < 10_000
    assert traffic.result_bytes > 0 and 1 <= len(traffic.workers) <= 2


def test_a_killed_worker_changes_nothing(client: Client, job: WindowJob) -> None:
    processes = list(client.run(os.getpid).values())
    patches = []
    for number, patch in enumerate(map_ordered(client, job, TILES)):
        patches.append(patch)
        if number == len(TILES) // 2:
            os.kill(processes[0], signal.SIGKILL)
    assert same(patches, job)
    client.wait_for_workers(2, timeout=60)
    assert processes[0] not in client.run(os.getpid).values()


def test_files_can_be_sent(client: Client, job: WindowJob) -> None:
    path = job.files.resistance.path
    sent = replace(job, sent={path: path.read_bytes()})
    hidden = path.rename(path.with_name("moved.tif"))
    traffic = Traffic()
    patches = list(map_ordered(client, sent, TILES, traffic))
    hidden.rename(path)
    assert same(patches, job)
    assert traffic.job_bytes > path.stat().st_size > 10 * traffic.task_bytes / len(TILES)


def test_a_file_that_workers_miss_is_named(client: Client, job: WindowJob) -> None:
    job.files.resistance.path.unlink()
    with pytest.raises(LayerNotFoundError, match="send-files"):
        list(map_ordered(client, job, TILES))


def test_an_error_within_a_task_arrives(client: Client, job: WindowJob) -> None:
    with pytest.raises(AttributeError, match="window"):
        list(map_ordered(client, job, ["no tile"]))


def test_the_sum_on_disk_is_that_in_memory(job: WindowJob, tmp_path: Path) -> None:
    landscape = job.files.read(Window(row=0, col=0, height=SHAPE[0], width=SHAPE[1]))
    whole = moving_window(landscape, SETTINGS, core=12)
    with window_total(tmp_path, SHAPE, flow_potential=True) as total:
        figures = sum_windows(job, total, Machines(threads=2), core=12)
        part = Window(row=7, col=0, height=31, width=50)
        assert np.array_equal(total.current(part), whole.current[part.slices])
        assert whole.flow_potential is not None
        assert np.array_equal(total.flow_potential(part), whole.flow_potential[part.slices])
    assert figures["windows"] == whole.solved and figures["tiles"] == 20
    assert [path.name for path in tmp_path.iterdir()] == ["resistance.tif"]


def test_wrong_machines_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    for wrong in ({"threads": 0}, {"workers": 0}, {"workers": 2, "scheduler": "tcp://a:1"}):
        with pytest.raises(ConfigError):
            Machines(**wrong)
    with pytest.raises(ConfigError, match="send-files"):
        machines_of(None, None, True)
    assert machines_of(None, None, False) is None
    monkeypatch.setattr(cluster, "ANSWER_S", 0.5)
    with pytest.raises(ConfigError, match="no scheduler answers"), connect(scheduler="tcp://127.0.0.1:9"):
        pass
