"""What the machine has to give."""

from __future__ import annotations

import numpy as np
import pytest
from threadpoolctl import threadpool_info

from connectivity.machine import available_bytes, limited_threads, one_blas_thread, usable_threads
from rasters.errors import ConfigError


def write(folder, name, text):
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def test_memory_is_the_smaller_of_machine_and_container(tmp_path):
    assert available_bytes(tmp_path) is None
    write(tmp_path, "proc/meminfo", "MemTotal: 900 kB\nMemAvailable:    500 kB\n")
    assert available_bytes(tmp_path) == 500 * 1024
    write(tmp_path, "sys/fs/cgroup/memory.max", "max\n")
    write(tmp_path, "sys/fs/cgroup/memory.current", "100000\n")
    write(tmp_path, "sys/fs/cgroup/memory.stat", "anon 80000\ninactive_file 15000\n")
    assert available_bytes(tmp_path) == 500 * 1024
    write(tmp_path, "sys/fs/cgroup/memory.max", "200000\n")
    assert available_bytes(tmp_path) == 115000


def test_every_control_group_above_the_process_counts(tmp_path):
    """Version 2 and version 1, in the process's own group or in one that holds it."""
    write(tmp_path, "proc/meminfo", "MemAvailable: 900 kB\n")
    write(tmp_path, "proc/self/cgroup", "4:cpu,memory:/a/b\n0::/user/me\n")
    for name, number in (("memory.max", "300000"), ("memory.current", "100000"), ("memory.stat", "inactive_file 5\n")):
        write(tmp_path, f"sys/fs/cgroup/user/{name}", number)
    assert available_bytes(tmp_path) == 200005
    for folder, limit in (("a", 2**63 - 4096), ("a/b", 150000)):
        write(tmp_path, f"sys/fs/cgroup/memory/{folder}/memory.limit_in_bytes", str(limit))
        write(tmp_path, f"sys/fs/cgroup/memory/{folder}/memory.usage_in_bytes", "100000")
        write(tmp_path, f"sys/fs/cgroup/memory/{folder}/memory.stat", "inactive_file 1\ntotal_inactive_file 7\n")
    assert available_bytes(tmp_path) == 50007


def test_a_limit_of_the_process_counts(tmp_path, monkeypatch):
    import resource

    page = resource.getpagesize()
    write(tmp_path, "proc/meminfo", "MemAvailable: 900000 kB\n")
    write(tmp_path, "proc/self/statm", "1000 900 1 1 0 1 0\n")
    assert available_bytes(tmp_path) == 900000 * 1024
    monkeypatch.setattr(resource, "getrlimit", lambda which: (5000 * page, 5000 * page))
    assert available_bytes(tmp_path) == 4000 * page
    monkeypatch.setattr(resource, "getrlimit", lambda which: (500 * page, 500 * page))
    assert available_bytes(tmp_path) == 0


def test_what_is_stated_is_believed(monkeypatch):
    monkeypatch.setenv("OTKEL_MEMORY_GIB", "1.5")
    assert available_bytes() == 3 * 2**29
    for wrong in ("much", "0", "-1", "nan", "inf"):
        monkeypatch.setenv("OTKEL_MEMORY_GIB", wrong)
        with pytest.raises(ConfigError, match=f"OTKEL_MEMORY_GIB={wrong}"):
            available_bytes()


def test_this_machine_has_something():
    assert usable_threads() >= 1
    free = available_bytes()
    if free is None:
        pytest.skip("this system does not say how much memory is free")
    assert free > 2**20


def test_blas_is_kept_to_one_thread_and_let_go():
    with one_blas_thread():
        pass
    before = [info["num_threads"] for info in threadpool_info() if info["user_api"] == "blas"]
    with one_blas_thread():
        inside = [info["num_threads"] for info in threadpool_info() if info["user_api"] == "blas"]
        np.eye(3) @ np.eye(3)
    after = [info["num_threads"] for info in threadpool_info() if info["user_api"] == "blas"]
    assert set(inside) == {1}
    assert after == before


def test_threads_are_limited_for_a_while():
    import numba

    before = numba.get_num_threads(), usable_threads()
    with limited_threads(1):
        assert (numba.get_num_threads(), usable_threads()) == (1, 1)
    assert (numba.get_num_threads(), usable_threads()) == before
