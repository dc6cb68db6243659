"""Least-cost distances, paths and where they meet fences."""
