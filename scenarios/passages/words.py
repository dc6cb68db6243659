"""The plan in plain sentences: where, for whom, how much, how sure. From numbers only."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd

from rasters.numbers import percent
from scenarios.land.actions import area_shape
from scenarios.model.ground import titles_of
from scenarios.passages.choose import PortfolioRun

__all__ = ["Item", "describe_items", "describe_plan", "numbered_items", "plan_table", "species_name"]

OBJECTIVES = {
    "conductance": "conductance of all routes from the cores to the targets together",
    "resistance": "effective resistance between the cores and the targets",
    "least_cost": "ease (one over the least cost) of the best route from each core to a target",
    "eca": "equivalent connected area of all cores and targets",
    "arriving": "share of walkers from the cores that reach a target alive",
}
"""What is gained, for people."""
WINDS = ("north", "north-east", "east", "south-east", "south", "south-west", "west", "north-west")

Item = tuple[int, str, str]
"""Number, id, paragraph."""


def numbered_items(run: PortfolioRun) -> list[tuple[int, str]]:
    """Number and id of each chosen passage and action: what adds most comes first, as on the map."""
    gain = run.parts.set_index("item")["gain"]
    names = sorted(run.names_of(run.best), key=lambda name: (-float(gain.get(name, 0.0)), name))
    return list(enumerate(names, start=1))


def species_name(run: PortfolioRun, species: str) -> str:
    """The species' name for people."""
    return titles_of(run.resolved, run.prepared[species].profile)["species"]


def describe_plan(run: PortfolioRun) -> list[str]:
    """What the plan as a whole brings, how it compares and how far it is from the best possible."""
    best, names = run.best, run.names_of(run.best)
    if not names or best.value <= 0:
        return [f"For a budget of {best.budget:g} cost units, nothing that may be chosen improves connectivity."]
    kinds = _listed([_counted(best.chosen, "opening"), *([_counted(best.actions, "action")] if best.actions else [])])
    shares = ", ".join(f"{species_name(run, s)} {percent(value)}" for s, value in run.by_species.items())
    out = [
        f"For a budget of {best.budget:g} cost units the best plan found is {kinds} at a cost of {best.cost:g}. It gives back "
        f"{percent(best.value)} of what all fences together take from the {OBJECTIVES[run.settings.objective]}, weighted over "
        f"species: {shares}.",
        _proof(run),
    ]
    if best.value > 0:
        share = run.greedy.value / best.value
        with_pairs = run.greedy_pairs.value / best.value
        out.append(
            f"Adding the best passage one by one reaches {share:.1%} of that, and with two at a time {with_pairs:.1%}."
        )
    needed = run.needs[run.needs["needed"]]["item"].tolist()
    within = f"{run.settings.near_optimal:.0%}"
    if needed:
        out.append(
            f"In every plan within {within} of the best: {', '.join(needed)}. The others could be exchanged at less than that."
        )
    else:
        out.append(
            f"No single item is in every plan within {within} of the best: each could be exchanged for another place."
        )
    return out


def _counted(things: Sequence[object], word: str) -> str:
    return f"{len(things)} {word}{'' if len(things) == 1 else 's'}"


def _proof(run: PortfolioRun) -> str:
    best, n = run.best, len(run.shortlist)
    among = f"the {n} candidates that were best alone or in bundles (of {len(run.candidates)})"
    if best.gap <= 1e-6:
        return f"No other plan among {among} gains more: this is proven."
    if best.method == "search":
        return f"Among {among} it is the best that was found; how far the best possible is above it is not known."
    return (
        f"Among {among} no plan gains more than {percent(best.bound)}: it is at most {best.gap:.1%} short of the best."
    )


def describe_items(run: PortfolioRun, sure: Sequence[tuple[str, str]] = ()) -> list[Item]:
    """A paragraph on each chosen passage and action.

    Parameters
    ----------
    sure : sequence of (id, sentence)
        What is known on how firm an item is when the uncertain numbers are drawn.
    """
    more = dict(sure)
    out = []
    for number, name in numbered_items(run):
        where = _action_place(run, name) if name in run.best.actions else _passage_place(run, name)
        sentences = [where, _how_much(run, name), _how_sure(run, name), more.get(name, "")]
        out.append((number, name, " ".join(s for s in sentences if s)))
    return out


def _passage_place(run: PortfolioRun, name: str) -> str:
    row = run.candidates.set_index("candidate").loc[name]
    fence = next(f for f in run.inputs.cuts.fences if f.id == row["fence"])
    what = (
        f"Takes away {row['width_m'] / 1000:g} km of fence"
        if row["kind"] == "removal"
        else f"An opening {row['width_m']:g} m wide ({str(row['design']).replace('_', ' ')})"
    )
    line = fence.name or fence.id
    schematic = "" if row["geometry_status"] == "surveyed" else f" ({row['geometry_status']} line)"
    return (
        f"{what} in the {line}{schematic}, {row['along_m'] / 1000:.1f} km along {fence.id}, at {abs(row['lat']):.3f}\u00b0 "
        f"{'N' if row['lat'] >= 0 else 'S'}, {abs(row['lon']):.3f}\u00b0 {'E' if row['lon'] >= 0 else 'W'}"
        f"{_near(run, row['x'], row['y'])}. It costs {row['cost']:g} of the budget of {run.best.budget:g}."
    )


def _action_place(run: PortfolioRun, name: str) -> str:
    action = run.resolved.study.actions[name]
    title = action.title or name
    where = ""
    if action.area is not None:
        shape = area_shape(action.area, run.inputs)
        where = f", {shape.area / 1e6:,.0f} km2{_near(run, shape.centroid.x, shape.centroid.y)}"
    return f"{title} ({action.kind.replace('_', ' ')}){where}. It costs {action.cost:g} of the budget of {run.best.budget:g}."


def _near(run: PortfolioRun, x: float, y: float) -> str:
    """Distance and direction from the nearest place that the study names."""
    places = list(run.inputs.places.values())
    if not places:
        return ""
    middle = [(place.geometry.centroid.x, place.geometry.centroid.y) for place in places]
    away = [math.hypot(x - px, y - py) for px, py in middle]
    k = int(np.argmin(away))
    if away[k] < 1000:
        return f", in {places[k].name}"
    wind = WINDS[round(math.degrees(math.atan2(x - middle[k][0], y - middle[k][1])) / 45) % 8]
    return f", {away[k] / 1000:.0f} km {wind} of {places[k].name}"


def _how_much(run: PortfolioRun, name: str) -> str:
    parts = run.parts.set_index("item")
    if name not in parts.index:
        return ""
    row = parts.loc[name]
    gains = {s: float(row[f"gain_{s}"]) for s in run.by_species}
    order = sorted((s for s in gains if gains[s] > 0), key=lambda s: -gains[s])
    text = f"Beside the rest of the plan it adds {percent(float(row['gain']))} of what the fences take away"
    if order:
        text += ": " + ", ".join(f"{species_name(run, s)} {percent(gains[s])}" for s in order)
    idle = [species_name(run, s) for s in gains if gains[s] <= 0]
    text += f"; nothing for {_listed(idle)}." if idle and order else "."
    return text + _alone(run, name)


def _alone(run: PortfolioRun, name: str) -> str:
    found = run.candidates[run.candidates["candidate"] == name]
    if found.empty:
        return ""
    alone = float(found["gain"].iloc[0])
    if alone > 0:
        return f" Alone it would bring {percent(alone)}."
    return " Alone it would bring nothing: the way through it is closed by another fence."


def _how_sure(run: PortfolioRun, name: str) -> str:
    row = run.needs[run.needs["item"] == name]
    if row.empty:
        return ""
    one = row.iloc[0]
    if math.isnan(float(one["loss"])):
        return "It was asked for as a must-have."
    near, other = run.settings.near_optimal, max(1.0 - float(one["gain_without"]) / run.best.value, 0.0)
    if one["needed"]:
        return f"It is in every plan within {near:.0%} of the best: without it the best other plan loses {other:.1%}."
    if other <= near:
        return f"It can be replaced: the best plan without it loses {other:.1%}, within the {near:.0%} called near-optimal."
    return (
        f"The best plan found without it loses {other:.1%}, but it is not proven that none loses less than {near:.0%}."
    )


def _listed(words: Sequence[str]) -> str:
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def plan_table(run: PortfolioRun) -> pd.DataFrame:
    """One row per chosen item: where it is and what it adds."""
    by_name = run.candidates.set_index("candidate")
    parts, needs = run.parts.set_index("item"), run.needs.set_index("item")
    rows = []
    for number, name in numbered_items(run):
        known = (
            by_name.loc[name].to_dict() if name in by_name.index else {"kind": run.resolved.study.actions[name].kind}
        )
        place = {k: known.get(k) for k in ("kind", "fence", "fence_line", "country", "along_m", "x", "y", "lon", "lat")}
        built = {k: known.get(k) for k in ("width_m", "design", "geometry_status")}
        cost = known.get("cost", run.resolved.study.actions[name].cost if name in run.resolved.study.actions else None)
        adds = parts.loc[name].to_dict() if name in parts.index else {}
        firm = needs.loc[name].to_dict() if name in needs.index else {}
        rows.append({"number": number, "item": name, **place, **built, "cost": cost, **adds, **firm})
    return pd.DataFrame(rows)
