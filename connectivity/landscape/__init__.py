"""The graph of cells: edges, costs, which cells reach which."""
