"""How animals could move across a surface: least cost, circuits, reductions, passages."""
