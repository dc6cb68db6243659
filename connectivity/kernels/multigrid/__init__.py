"""Compiled loops of the multigrid solver."""
