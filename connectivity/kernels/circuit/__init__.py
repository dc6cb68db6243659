"""Compiled loops over circuits: currents and components."""
