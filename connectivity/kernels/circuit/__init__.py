"""Compiled loops over circuits: currents, components, banded factors of moving windows."""
