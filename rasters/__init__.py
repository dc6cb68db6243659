"""Where cells are and what a cell costs to cross: grids, layers, fences, resistance surfaces."""
