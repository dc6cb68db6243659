"""Limits that commands, scripts and sources share."""

from __future__ import annotations

__all__ = ["CACHE_GB", "MOST_MB", "MOST_SQUARE_DEG"]

MOST_MB = 2000.0
"""More is fetched only when it is asked for [MB]."""
CACHE_GB = 20.0
"""Greatest size of the folder of what was fetched [GiB]."""
MOST_SQUARE_DEG = 4.0
"""Regions that Overpass is asked for; public servers are shared by many [square degrees]."""
