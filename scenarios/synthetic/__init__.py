"""Synthetic field data, labelled as such."""
