"""Numba loops for layers: arrays in, arrays filled."""
