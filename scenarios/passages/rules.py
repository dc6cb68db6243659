"""Rules, budgets and needs of a choice, from the settings of a portfolio."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TypeVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from connectivity.portfolio.rules import Limit, Rules, spacing_limits
from scenarios.passages.choosing import Choice, PassagePlan
from scenarios.study.load import ResolvedStudy
from scenarios.study.portfolio import AtMost, PortfolioSettings

__all__ = ["budgets_of", "needs_of", "parts_of", "rules_of", "spacing_of", "unweighted"]

ValueT = TypeVar("ValueT", float, NDArray[np.float64])


def rules_of(resolved: ResolvedStudy, table: pd.DataFrame, settings: PortfolioSettings, budget: float) -> Rules:
    """Budget, numbers, spacing, musts and must-nots of a choice among the rows of ``table``."""
    names = table["candidate"].tolist()
    passage = (table["kind"] == "passage").to_numpy()
    line = [f if p else f"{n} (removal)" for f, p, n in zip(table["fence_line"], passage, names, strict=True)]
    limits = spacing_limits(line, table["along_m"].to_numpy(), spacing_of(resolved, settings))
    for name, within in _inside_removals(table):
        limits += (Limit(name=f"passages within {name}", members=within, most=1),)
    limits += tuple(
        Limit(name=f"portfolio.at_most[{i}]", members=_members(table, rule), most=rule.most)
        for i, rule in enumerate(settings.at_most)
    )
    if settings.most is not None:
        limits += (Limit(name="portfolio.most", members=passage, most=settings.most),)
    return Rules(
        cost=table["cost"].to_numpy(float),
        budget=budget,
        limits=limits,
        must_have=np.isin(names, settings.must_have),
        must_not=np.isin(names, settings.must_not),
    )


def _inside_removals(table: pd.DataFrame) -> list[tuple[str, NDArray[np.bool_]]]:
    """For each passage within a stretch that may be removed: the two exclude each other."""
    out = []
    passage = (table["kind"] == "passage").to_numpy()
    for k in np.flatnonzero(~passage):
        row = table.iloc[k]
        near = (table["along_m"] - row["along_m"]).abs() <= row["width_m"] / 2
        for i in np.flatnonzero(passage & near.to_numpy() & (table["fence_line"] == row["fence_line"]).to_numpy()):
            members = np.zeros(len(table), bool)
            members[[k, i]] = True
            out.append((str(row["candidate"]), members))
    return out


def _members(table: pd.DataFrame, rule: AtMost) -> NDArray[np.bool_]:
    members = (table["kind"] == "passage").to_numpy().copy()
    for column, wanted in (("fence_line", rule.fence_line), ("fence", rule.fence), ("country", rule.country)):
        if wanted is not None:
            members &= (table[column] == wanted).to_numpy()
    along_km = table["along_m"].to_numpy() / 1000.0
    members &= along_km >= (rule.from_km or 0.0)
    return members & (along_km <= (math.inf if rule.to_km is None else rule.to_km))


def budgets_of(settings: PortfolioSettings) -> list[float]:
    """Budgets of the frontier: even steps up to twice the budget, in whole units where it has them."""
    steps = np.linspace(0.0, 2.0 * settings.budget, settings.steps + 1)[1:]
    if float(settings.budget).is_integer():
        steps = np.unique(np.ceil(steps - 1e-9))
    return [float(b) for b in np.union1d(steps, [settings.budget])]


def needs_of(
    choice: Choice, best: PassagePlan, settings: PortfolioSettings, table: pd.DataFrame, shortlist: Sequence[int]
) -> pd.DataFrame:
    """What doing without each chosen item costs: is it in every near-optimal plan?"""
    items: list[tuple[str, dict[str, object]]] = [(name, {"without_action": name}) for name in best.actions]
    items += [(str(table["candidate"].iloc[shortlist[i]]), {"without": (i,)}) for i in best.chosen]
    rows = []
    for name, left_out in items:
        if name in settings.must_have:
            rows.append((name, math.nan, math.nan, True))
            continue
        other = choice.best(best.budget, seconds=settings.seconds / len(items), **left_out)  # type: ignore[arg-type]
        loss = max(1.0 - other.bound / best.value, 0.0) if best.value > 0 else 0.0
        rows.append((name, other.value, loss, loss > settings.near_optimal))
    return pd.DataFrame(rows, columns=["item", "gain_without", "loss", "needed"])


def parts_of(
    choice: Choice, best: PassagePlan, table: pd.DataFrame, shortlist: Sequence[int], resolved: ResolvedStudy
) -> pd.DataFrame:
    """What each chosen item adds to the others."""
    with_all = choice.by_species(best)
    left_out = {name: replace(best, actions=tuple(a for a in best.actions if a != name)) for name in best.actions}
    for i in best.chosen:
        name = str(table["candidate"].iloc[shortlist[i]])
        left_out[name] = replace(best, chosen=tuple(c for c in best.chosen if c != i))
    rows = []
    for name, plan in left_out.items():
        if any(one.actions == plan.actions for one in choice.alternatives):
            without = choice.by_species(plan)
            lost = {species: with_all[species] - without[species] for species in with_all}
            own = {f"gain_{species}": value for species, value in unweighted(lost, resolved).items()}
            rows.append({"item": name, "gain": sum(lost.values()), **own})
    columns = ["item", "gain", *(f"gain_{species}" for species in with_all)]
    return pd.DataFrame(rows, columns=columns)


def spacing_of(resolved: ResolvedStudy, settings: PortfolioSettings) -> float:
    """How far apart chosen passages lie at least [m]: as the portfolio says, else as all candidates."""
    own = settings.min_spacing_m
    return resolved.study.candidates.min_spacing_m if own is None else own


def unweighted(values: Mapping[str, ValueT], resolved: ResolvedStudy) -> dict[str, ValueT]:
    """Values of the species without their weights."""
    species = resolved.study.species
    total = sum(entry.weight for entry in species.values())
    scale = {name: total / species[name].weight if species[name].weight > 0 else 0.0 for name in values}
    return {name: value * scale[name] for name, value in values.items()}
