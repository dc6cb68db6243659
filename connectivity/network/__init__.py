"""Networks of focal regions: links, corridors, centrality, indices, barriers."""
