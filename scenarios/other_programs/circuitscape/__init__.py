"""Circuitscape's jobs: its settings in, its files out."""
