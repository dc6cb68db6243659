"""Omnidirectional connectivity: a circuit in a window around every block of cells."""
