"""Choosing sets of actions under a budget, with a proof or a bound."""
