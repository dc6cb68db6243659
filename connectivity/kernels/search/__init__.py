"""Compiled least-cost searches over cells."""
