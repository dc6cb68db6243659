"""Hostile input and hostile machines: `python -m tests.hostile fuzz`, `replay`, `kill`, `disk`, `memory`, `together`."""
