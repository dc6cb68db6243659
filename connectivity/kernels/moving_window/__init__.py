"""Compiled loops of moving windows: many overlapping discs of one lattice, by nested dissection."""
