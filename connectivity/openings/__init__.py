"""Openings in fences: the edges they open and the exact value of every set of them."""
