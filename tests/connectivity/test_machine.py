"""What the machine has to give."""

from __future__ import annotations

import numpy as np
import pytest
from threadpoolctl import threadpool_info

from connectivity.machine import available_bytes, limited_threads, one_blas_thread, usable_threads


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
