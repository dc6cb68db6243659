"""Where the repository is, and the shared data beside it."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).parents[2]
SHARED = ROOT.parent / "shared"
"""Data for verification that the repository does not hold; tests that need it skip with a reason where it is not there."""
