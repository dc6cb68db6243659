"""The land of a study: layers, areas, fences, openings and actions, ready to be solved on."""
