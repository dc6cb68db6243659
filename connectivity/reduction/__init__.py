"""Exact reduction of a landscape to a small network."""
