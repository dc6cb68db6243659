"""Compiled loops of nested dissection."""
