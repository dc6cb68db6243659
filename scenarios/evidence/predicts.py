"""Does the model predict? The maps of a results folder at the cameras against what the cameras saw."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from rasters.arrays import Reals
from rasters.errors import DataError
from rasters.files.confined import confined
from rasters.files.reading import read_raster
from rasters.grid import Grid
from rasters.plain import unknown
from scenarios.evidence.watching import Watch
from scenarios.outputs.stored import read_results
from scenarios.statistics.prediction import (
    CONSTANT,
    Interval,
    auc,
    calibration,
    compare_predictors,
    fit_rate,
    power_of_days,
    spearman,
    standardised,
)

__all__ = ["ASSUMED_SLOPE", "Predictions", "best_predictor", "check_predictions", "results_scenario", "sites_table"]

LEAST_DAYS = 14.0
"""Camera-days below which a site says too little to be compared."""
LEAST_SITES, LEAST_EVENTS = 8, 10
WANTED_POWER = 0.8
ALIKE = 1.0
"""Maps whose deviance differs by less fit equally well."""
ASSUMED_SLOPE = 0.5
"""What counts as a model that predicts, for the power: one standard deviation more of log current brings 1.65 times the events."""
MAPS = {"current": "current_density.tif", "corridor": "corridor.tif", "resistance": "resistance.tif"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Predictions:
    """What the comparison says; see `check_predictions` for the columns."""

    summary: pd.DataFrame
    sites: pd.DataFrame
    calibration: pd.DataFrame
    predictors: pd.DataFrame
    power: pd.DataFrame


def results_scenario(results: Path, scenario: str | None) -> str:
    """The scenario of a results folder to compare with: the one named, or its first.

    Raises
    ------
    LayerNotFoundError, DataError
        No results of `otkel run`, or no such scenario in them.
    """
    known = read_results(results).scenarios
    if scenario is not None and scenario not in known:
        raise DataError(f"{results}: {unknown('scenario', scenario, known)}")
    return scenario or str(known[0])


def sites_table(watch: Watch, species: str) -> pd.DataFrame:
    """Sites that can be compared with a map: ``site, x, y, kind, days, events``, without passages and their controls."""
    days = watch.days[(watch.days["kind"] != "passage") & (watch.days["control_of"] == "")]
    table = days.groupby("site").agg(days=("days", "sum"), kind=("kind", "first")).reset_index()
    where = watch.links.drop_duplicates("site").set_index("site")
    table["x"], table["y"] = table["site"].map(where["x"]), table["site"].map(where["y"])
    seen = watch.events[watch.events["species"] == species].groupby("site").size()
    table["events"] = table["site"].map(seen).fillna(0).astype(int)
    return table[table["days"] >= LEAST_DAYS].reset_index(drop=True)


def check_predictions(
    watch: Watch, grid: Grid, results: Path, scenario: str, alternatives: Mapping[str, Path], seed: int = 1
) -> Predictions:
    """Compare each species' maps with its detections.

    Parameters
    ----------
    results : Path
        Folder of `otkel run`, on the study's grid.
    alternatives : mapping of str to Path
        Name -> other results folders, for instance of other resistance profiles; the same scenario is read.

    Returns
    -------
    Predictions
        ``summary``: one row per species with ``sites, events, days``, rank correlation of current (``spearman``) and of
        corridor closeness (``corridor_spearman``), ``auc``, each with its interval, ``verdict, sentence, more_days``;
        ``predictors``: leave-one-out deviance of each map; ``power``: share of simulated sets that would tell, by days.
    """
    parts: dict[str, list[pd.DataFrame]] = {"sites": [], "calibration": [], "predictors": [], "power": []}
    rows: list[dict[str, object]] = []
    for species in watch.species:
        table = sites_table(watch, species)
        maps = _maps_at(table, grid, confined(results, scenario, species))
        if maps is None:
            rows.append(
                {"species": species, "verdict": "no data", "sentence": "The results folder has no such species."}
            )
            continue
        others = {
            f"current, {name}": _alternative(table, grid, folder, scenario, species)
            for name, folder in alternatives.items()
        }
        table = table.assign(**maps)
        known = table["current"].notna().to_numpy()
        table, others = table[known].reset_index(drop=True), {k: v[known] for k, v in others.items()}
        row, extra = _compared(table, others, seed)
        rows.append({"species": species} | row)
        for name, frame in extra.items():
            parts[name].append(frame.assign(species=species))
    joined = {
        name: pd.concat(frames, ignore_index=True) if frames else pd.DataFrame() for name, frames in parts.items()
    }
    return Predictions(summary=pd.DataFrame(rows), **joined)


def _maps_at(table: pd.DataFrame, grid: Grid, folder: Path) -> dict[str, Reals] | None:
    if not (folder / MAPS["current"]).is_file():
        return None
    read = {name: _around(table, grid, folder / file, name) for name, file in MAPS.items()}
    closeness = np.where(np.isfinite(read["corridor"]), -read["corridor"], -np.inf)
    return {"current": read["current"], "corridor": closeness, "resistance": read["resistance"]}


def _alternative(table: pd.DataFrame, grid: Grid, folder: Path, scenario: str, species: str) -> Reals:
    """Current density of other results, of the same scenario if they have it, else of their first."""
    known = results_scenario(folder, None)
    with suppress(DataError):
        known = results_scenario(folder, scenario)
    return _around(table, grid, confined(folder, known, species) / MAPS["current"], "current")


def _around(table: pd.DataFrame, grid: Grid, path: Path, name: str) -> Reals:
    """Mean of the cells with data among the 3 x 3 around each site; NaN where there is none."""
    layer = read_raster(path, grid, name=name, unit="1")
    values = np.where(layer.nodata, np.nan, layer.values.astype(float))
    out = np.full(len(table), np.nan)
    for i, (x, y) in enumerate(zip(table["x"], table["y"], strict=True)):
        row, col = grid.cell_at(x=x, y=y)
        near = values[max(row - 1, 0) : row + 2, max(col - 1, 0) : col + 2]
        if not np.isnan(near).all():
            out[i] = float(np.nanmean(near))
    return out


def _compared(
    table: pd.DataFrame, others: Mapping[str, Reals], seed: int
) -> tuple[dict[str, object], dict[str, pd.DataFrame]]:
    days, events = table["days"].to_numpy(float), table["events"].to_numpy(float)
    head: dict[str, object] = {"sites": len(table), "events": int(events.sum()), "days": float(days.sum())}
    extra = {"sites": table}
    if len(table) < LEAST_SITES or events.sum() < LEAST_EVENTS:
        sentence = (
            f"Too few data to tell: {len(table)} sites and {int(events.sum())} events; at least {LEAST_SITES} sites of "
            f"{LEAST_DAYS:g} camera-days and {LEAST_EVENTS} events are needed before anything is computed."
        )
        return head | {"verdict": "too few data", "sentence": sentence}, extra
    rate, current = events / days, table["current"].to_numpy(float)
    if not np.ptp(current) > 0:
        sentence = (
            "The map has no current at any camera: in this scenario the species reaches no target. Compare with results of a run in "
            "which the passages stand (otkel run --evidence use_factors.yaml)."
        )
        return head | {"verdict": "no prediction", "sentence": sentence}, extra
    agreement, corridor = (
        spearman(current, rate, seed),
        spearman(_finite(table["corridor"].to_numpy(float)), rate, seed),
    )
    presence = auc(current, events > 0, seed)
    z = standardised(current)
    fit = fit_rate(z, events, days)
    power = power_of_days(z, days, type(fit)(intercept=fit.intercept, slope=ASSUMED_SLOPE, cv=fit.cv), seed=seed)
    verdict, sentence, more = _verdict(agreement, power, float(days.sum()))
    extra |= {
        "calibration": calibration(current, events, days),
        "predictors": compare_predictors(_predictors(table, others), events, days),
        "power": pd.DataFrame({"days": [factor * days.sum() for factor in power], "power": list(power.values())}),
    }
    row = head | _interval("spearman", agreement) | _interval("auc", presence) | _interval("corridor", corridor)
    row = {("corridor_spearman" if k == "corridor" else k): v for k, v in row.items()}
    return row | {"verdict": verdict, "sentence": sentence, "more_days": more}, extra


def _finite(values: Reals) -> Reals:
    """Sites that no corridor reaches rank last."""
    least = values[np.isfinite(values)].min(initial=0.0)
    return np.where(np.isfinite(values), values, least - 1.0)


def _predictors(table: pd.DataFrame, others: Mapping[str, Reals]) -> dict[str, Reals]:
    excess = -table["corridor"].to_numpy(float)
    reached = excess[np.isfinite(excess)]
    scale = float(np.median(reached)) if reached.size else 1.0
    own = {
        "current": table["current"].to_numpy(float),
        "corridor": np.where(np.isfinite(excess), 1.0 / (1.0 + excess / max(scale, 1.0)), 0.0),
        "low resistance": 1.0 / np.nan_to_num(table["resistance"].to_numpy(float), nan=np.inf),
    }
    return own | {name: np.nan_to_num(values) for name, values in others.items()}


def _interval(name: str, found: Interval) -> dict[str, float]:
    return {name: found.value, f"{name}_low": found.low, f"{name}_high": found.high}


def _verdict(agreement: Interval, power: Mapping[float, float], days: float) -> tuple[str, str, float]:
    """The verdict in a word and in a sentence, and camera-days that are wanting."""
    told = f"rank correlation {agreement.value:.2f} ({agreement.low:.2f} to {agreement.high:.2f})"
    if agreement.low > 0:
        return "predicts", f"The map predicts where the species was seen: {told}.", 0.0
    if agreement.high < 0:
        return (
            "wrong way",
            f"The species was seen where the map shows little movement: {told}. The map is wrong or misleads here.",
            0.0,
        )
    enough = next((factor for factor in power if power[factor] >= WANTED_POWER), None)
    if enough == 1.0:
        return (
            "does not predict",
            f"The map does not show where the species was seen: {told}; a map that predicts would have been told from chance in "
            f"{power[1.0]:.0%} of such data sets.",
            0.0,
        )
    if enough is None:
        best = max(power.values())
        text = (
            f"Too few data to tell: {told}. More days at the same sites would not do (with {max(power):g} times the days a map "
            f"that predicts is told in {best:.0%} of cases): more sites are needed."
        )
        return "too few data", text, float("inf")
    more = (enough - 1.0) * days
    text = (
        f"Too few data to tell: {told}. About {more:,.0f} more camera-days at these sites would tell a map that predicts in "
        f"{power[enough]:.0%} of cases (now {power[1.0]:.0%})."
    )
    return "too few data", text, more


def best_predictor(predictors: pd.DataFrame) -> str:
    """Which map fits best, in a sentence; says when none beats a constant rate."""
    if not len(predictors):
        return ""
    best = predictors.iloc[0]
    if best["predictor"] == CONSTANT:
        return "No map predicts a left-out site better than one constant rate for all."
    sure = best["gain"] > 2 * best["gain_error"]
    second = predictors.iloc[1]
    alike = best["gain"] - second["gain"] < ALIKE
    what = f"{best['predictor']} and {second['predictor']} alike" if alike else str(best["predictor"])
    rest = "" if alike else f"; next {second['predictor']} ({second['gain']:.1f})"
    return (
        f"Left-out sites are predicted best by {what}: {best['gain']:.1f} ± {best['gain_error']:.1f} less deviance than a constant "
        f"rate{'' if sure else ', which may be chance'}{rest}."
    )
