"""Omniscape's jobs: its settings in, its maps out."""
