"""A run in a few numbers: the row that stands for it in a batch's summary."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd

from scenarios.model.indicators import over_cores
from scenarios.model.results import SpeciesRun

__all__ = ["FACTS", "facts_of"]

FACTS = (
    "cores",
    "cores_cut_off",
    "least_cost_m",
    "least_cost_no_fence_m",
    "conductance_s",
    "conductance_no_fence_s",
    "conductance_share",
    "fence_crossings",
    "fence_current_a",
    "candidates",
    "best_candidate",
    "best_fence",
    "best_along_m",
    "best_conductance_gain_share",
    "best_least_cost_gain_share",
)
"""Columns of the summary."""


def facts_of(run: SpeciesRun) -> dict[str, Any]:
    """One value for each of `FACTS`."""
    pairs = run.pairs[run.pairs["target"] == "any"]
    left = _conductance(pairs["effective_resistance_ohm"])
    whole = _conductance(pairs["effective_resistance_no_fence_ohm"])
    return {
        "cores": len(pairs),
        "cores_cut_off": int((pairs["status"] != "reached").sum()),
        "least_cost_m": over_cores(pairs["least_cost_m"]).median,
        "least_cost_no_fence_m": over_cores(pairs["least_cost_no_fence_m"]).median,
        "conductance_s": left,
        "conductance_no_fence_s": whole,
        "conductance_share": left / whole if whole > 0 else math.nan,
        "fence_crossings": int(pairs["fence_crossings"].sum()),
        "fence_current_a": float(run.profile["current_a"].sum()),
        "candidates": len(run.ranking),
        **_best(run.ranking),
    }


def _conductance(ohm: pd.Series) -> float:
    with np.errstate(divide="ignore"):
        return float((1.0 / ohm.to_numpy(float)).sum())


def _best(ranking: pd.DataFrame) -> dict[str, Any]:
    useful = ranking[ranking["score"] > 0]
    if not len(useful):
        none = dict.fromkeys(("best_candidate", "best_fence"), "")
        numbers = ("best_along_m", "best_conductance_gain_share", "best_least_cost_gain_share")
        return none | dict.fromkeys(numbers, math.nan)
    best = useful.iloc[0]
    return {
        "best_candidate": str(best["candidate"]),
        "best_fence": str(best["fence"]),
        "best_along_m": float(best["along_m"]),
        "best_conductance_gain_share": float(best["conductance_gain_share"]),
        "best_least_cost_gain_share": float(best["least_cost_gain_share"]),
    }
