"""Numba loops: arrays in, arrays filled. They know numpy, numba and math, nothing else."""
