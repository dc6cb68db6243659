"""The plan in plain sentences: where, for whom, how much, how sure. From numbers only."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd

from rasters.numbers import figure, percent
from scenarios.land.actions import area_shape
from scenarios.model.ground import titles_of
from scenarios.model.naming import full_names, passage_names
from scenarios.outputs.translate import ENGLISH, Language
from scenarios.passages.choose import PortfolioRun

__all__ = ["Item", "describe_items", "describe_plan", "item_name", "numbered_items", "plan_table", "species_name"]

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


def item_name(run: PortfolioRun, item: str, say: Language = ENGLISH) -> str:
    """What people call a passage, by its section and kilometre, or an action, by its title."""
    action = run.resolved.study.actions.get(item)
    if action is not None:
        return say(action.title or item)
    row = run.candidates[run.candidates["candidate"] == item]
    return passage_names(run.inputs.cuts.fences, row, say)[0] if len(row) else item


def species_name(run: PortfolioRun, species: str, say: Language = ENGLISH) -> str:
    """The species' name for people."""
    return say(titles_of(run.resolved, run.prepared[species].profile)["species"])


def describe_plan(run: PortfolioRun, say: Language = ENGLISH) -> list[str]:
    """What the plan as a whole brings, how it compares and how far it is from the best possible."""
    best, names = run.best, run.names_of(run.best)
    budget = say(f"{best.budget:g}")
    if not names or best.value <= 0:
        none = say("For a budget of {budget} cost units, nothing that may be chosen improves connectivity.")
        return [none.format(budget=budget)]
    shares = ", ".join(f"{species_name(run, s, say)} {say(percent(value))}" for s, value in run.by_species.items())
    first = say(
        "For a budget of {budget} cost units the best plan found is {kinds} at a cost of {cost}. It gives back {share} of what all "
        "fences together take from the {objective}, weighted over species: {shares}."
    )
    out = [
        first.format(
            budget=budget,
            kinds=_kinds(run, say),
            cost=say(f"{best.cost:g}"),
            share=say(percent(best.value)),
            objective=say(OBJECTIVES[run.settings.objective]),
            shares=shares,
        ),
        _proof(run, say),
    ]
    by_one, by_two = (f"{plan.value / best.value:.1%}" for plan in (run.greedy, run.greedy_pairs))
    simpler = say("Adding the best passage one by one reaches {one} of that, and with two at a time {two}.")
    out.append(simpler.format(one=say(by_one), two=say(by_two)))
    needed = [item_name(run, item, say) for item in run.needs[run.needs["needed"]]["item"]]
    told = (
        say("In every plan within {near} of the best: {items}. The others could be exchanged at less than that.")
        if needed
        else say(
            "No single item is in every plan within {near} of the best: each could be exchanged for another place."
        )
    )
    out.append(told.format(near=f"{run.settings.near_optimal:.0%}", items=", ".join(needed)))
    return out


def _kinds(run: PortfolioRun, say: Language) -> str:
    """How many openings and actions."""
    n, m = len(run.best.chosen), len(run.best.actions)
    openings = say("1 opening") if n == 1 else say("{n} openings").format(n=n)
    if not m:
        return openings
    return say.listed([openings, say("1 action") if m == 1 else say("{n} actions").format(n=m)])


def _proof(run: PortfolioRun, say: Language) -> str:
    best = run.best
    if best.gap <= 1e-6:
        told = say(
            "No other plan among the {n} candidates that were best alone or in bundles (of {total}) gains more: this is proven."
        )
    elif best.method == "search":
        told = say(
            "Among the {n} candidates that were best alone or in bundles (of {total}) it is the best that was found; how far the best "
            "possible is above it is not known."
        )
    else:
        told = say(
            "Among the {n} candidates that were best alone or in bundles (of {total}) no plan gains more than {bound}: it is at most "
            "{gap} short of the best."
        )
    n, total = len(run.shortlist), len(run.candidates)
    return told.format(n=n, total=total, bound=say(percent(best.bound)), gap=say(f"{best.gap:.1%}"))


def describe_items(run: PortfolioRun, sure: Sequence[tuple[str, str]] = (), say: Language = ENGLISH) -> list[Item]:
    """A paragraph on each chosen passage and action.

    Parameters
    ----------
    sure : sequence of (id, sentence)
        What is known on how firm an item is when the uncertain numbers are drawn.
    say : Language
    """
    more = dict(sure)
    out = []
    for number, name in numbered_items(run):
        where = _action_place(run, name, say) if name in run.best.actions else _passage_place(run, name, say)
        sentences = [where, _how_much(run, name, say), _how_sure(run, name, say), more.get(name, "")]
        out.append((number, name, " ".join(s for s in sentences if s)))
    return out


def _passage_place(run: PortfolioRun, name: str, say: Language) -> str:
    row = run.candidates.set_index("candidate").loc[name]
    if row["kind"] == "removal":
        what = say("Takes away {km} km of fence").format(km=say(f"{row['width_m'] / 1000:g}"))
    else:
        told = say("An opening {metres} m wide ({design})")
        what = told.format(metres=say(f"{row['width_m']:g}"), design=say.design(str(row["design"])))
    line = full_names(run.inputs.cuts.fences, say)[row["fence"]]
    status = "" if row["geometry_status"] == "surveyed" else f" ({say(row['geometry_status'])})"
    where = say("{what}: {line}{status}, {km} km along it, at {place}{near}.").format(
        what=what,
        line=line,
        status=status,
        km=say(f"{row['along_m'] / 1000:.1f}"),
        place=say.position(row["lat"], row["lon"], decimals=3),
        near=_near(run, row["x"], row["y"], say),
    )
    return f"{where} {_price(run, row['cost'], say)}"


def _price(run: PortfolioRun, cost: float, say: Language) -> str:
    told = say("It costs {cost} of the budget of {budget}.")
    return told.format(cost=say(f"{cost:g}"), budget=say(f"{run.best.budget:g}"))


def _action_place(run: PortfolioRun, name: str, say: Language) -> str:
    action = run.resolved.study.actions[name]
    where = ""
    if action.area is not None:
        shape = area_shape(action.area, run.inputs)
        area = say("{area} km²").format(area=figure(round(shape.area / 1e6)))
        where = f", {area}{_near(run, shape.centroid.x, shape.centroid.y, say)}"
    title, kind = say(action.title or name), say(action.kind.replace("_", " "))
    return f"{title} ({kind}){where}. {_price(run, action.cost, say)}"


def _near(run: PortfolioRun, x: float, y: float, say: Language) -> str:
    """Distance and direction from the nearest place that the study names."""
    places = list(run.inputs.places.values())
    if not places:
        return ""
    middle = [(place.geometry.centroid.x, place.geometry.centroid.y) for place in places]
    away = [math.hypot(x - px, y - py) for px, py in middle]
    k = int(np.argmin(away))
    name = say(places[k].name)
    if away[k] < 1000:
        return say(", in {place}").format(place=name)
    wind = WINDS[round(math.degrees(math.atan2(x - middle[k][0], y - middle[k][1])) / 45) % 8]
    return say(", {km} km {wind} of {place}").format(km=f"{away[k] / 1000:.0f}", wind=say(wind), place=name)


def _how_much(run: PortfolioRun, name: str, say: Language) -> str:
    parts = run.parts.set_index("item")
    if name not in parts.index:
        return ""
    row = parts.loc[name]
    gains = {s: float(row[f"gain_{s}"]) for s in run.by_species}
    order = sorted((s for s in gains if gains[s] > 0), key=lambda s: -gains[s])
    adds = say("Beside the rest of the plan it adds {share} of what the fences take away")
    text = adds.format(share=say(percent(float(row["gain"]))))
    if order:
        text += ": " + ", ".join(f"{species_name(run, s, say)} {say(percent(gains[s]))}" for s in order)
    idle = [species_name(run, s, say) for s in gains if gains[s] <= 0]
    text += say("; nothing for {species}").format(species=say.listed(idle)) if idle and order else ""
    return f"{text}.{_alone(run, name, say)}"


def _alone(run: PortfolioRun, name: str, say: Language) -> str:
    found = run.candidates[run.candidates["candidate"] == name]
    if found.empty:
        return ""
    alone = float(found["gain"].iloc[0])
    if alone > 0:
        return " " + say("Alone it would bring {share}.").format(share=say(percent(alone)))
    return " " + say("Alone it would bring nothing: the way through it is closed by another fence.")


def _how_sure(run: PortfolioRun, name: str, say: Language) -> str:
    row = run.needs[run.needs["item"] == name]
    if row.empty:
        return ""
    one = row.iloc[0]
    if math.isnan(float(one["loss"])):
        return say("It was asked for as a must-have.")
    near, other = run.settings.near_optimal, max(1.0 - float(one["gain_without"]) / run.best.value, 0.0)
    if one["needed"]:
        told = say("It is in every plan within {near} of the best: without it the best other plan loses {loss}.")
    elif other <= near:
        told = say("It can be replaced: the best plan without it loses {loss}, within the {near} called near-optimal.")
    else:
        told = say(
            "The best plan found without it loses {loss}, but it is not proven that none loses less than {near}."
        )
    return told.format(near=f"{near:.0%}", loss=say(f"{other:.1%}"))


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
