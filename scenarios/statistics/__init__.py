"""Estimators with intervals: arrays in, intervals out."""
