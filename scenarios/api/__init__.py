"""The calls for scripts, and what they return."""
