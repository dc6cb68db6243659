"""Numba's switches, kept in one place for the whole project: `rasters.kernels._jit`."""

from rasters.kernels._jit import BOUNDSCHECK, inlined_kernel, kernel, parallel_kernel

__all__ = ["BOUNDSCHECK", "inlined_kernel", "kernel", "parallel_kernel"]
