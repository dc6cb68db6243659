"""Indicators of wildlife crime: patrols and incidents. In order: read, count, estimate, map the risk, show."""
