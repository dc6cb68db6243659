"""Numba's switches, kept in one place for the whole project: `rasters.kernels._jit`."""

from rasters.kernels._jit import BOUNDSCHECK, kernel, parallel_kernel

__all__ = ["BOUNDSCHECK", "kernel", "parallel_kernel"]
