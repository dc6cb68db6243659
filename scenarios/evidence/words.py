"""What the cameras say, in sentences made from numbers only."""

from __future__ import annotations

import math

import pandas as pd

from scenarios.evidence.findings import Findings
from scenarios.evidence.predicts import best_predictor

YOUNG = 0.95
"""Share of the later use below which a passage counts as young."""

__all__ = ["assumptions_of", "figure", "people_table", "sentences_of"]


def sentences_of(found: Findings) -> dict[str, list[str]]:
    """Section -> sentences: effort, use, baci, factors, predicts, places, ranking."""
    return {
        "effort": _effort(found),
        "use": [_use(found, species) for species in found.watch.species],
        "baci": [_baci(found, row) for row in found.baci.itertuples()],
        "factors": _factors(found),
        "predicts": _predicts(found),
        "places": [_occupancy(found, species) for species in found.watch.species],
        "ranking": list(found.reranked.sentences) if found.reranked else [],
    }


def _effort(found: Findings) -> list[str]:
    watch = found.watch
    days = watch.days
    if not len(days):
        return ["No camera-day in the study."]
    kinds = watch.links["kind"].where(watch.links["control_of"] == "", "control").value_counts()
    named = {
        "passage": "at passages", "control": "as controls beside them", "fence": "at other stretches of fence",
        "place": "in core places", "open": "in open country",
    }  # fmt: skip
    where = ", ".join(f"{kinds[kind]} {words}" for kind, words in named.items() if kinds.get(kind, 0))
    out = [
        f"{len(watch.links)} deployments at {days['site'].nunique()} sites ({where}) watched for {_n(days['days'].sum())} camera-days "
        f"from {days['day'].min():%d %B %Y} to {days['day'].max():%d %B %Y}.",
        f"{_n(len(watch.events))} independent events of the study's species: "
        + ", ".join(f"{found.label(s)} {_n((watch.events['species'] == s).sum())}" for s in watch.species)
        + f". Records of a species at a camera less than {found.job.data.settings.event_minutes:g} minutes apart are one event.",
    ]
    if watch.other_names:
        some = ", ".join(f"{name} {n}" for name, n in list(watch.other_names.items())[:5])
        out.append(f"Events of {len(watch.other_names)} other names do not count here: {some}.")
    return out


def figure(value: float) -> str:
    """Two figures, never as a power of ten."""
    return _n(float(f"{value:.2g}")) if value >= 100 else f"{value:.2g}"


def _n(value: float) -> str:
    return f"{value:,.0f}".replace(",", "\u202f")


def _use(found: Findings, species: str) -> str:
    table = found.use[
        (found.use["kind"] == "passage") & (found.use["species"] == species) & (found.use["period"] != "before")
    ]
    watched = table[table["status"] == "ok"]
    name = found.label(species)
    if not len(watched):
        return f"{name}: no data. No camera watched an open passage."
    crossings, days = watched["crossings"].sum(), watched["days"].sum()
    if not crossings:
        high = watched["high_per_100"].min()
        return (
            f"{name}: no crossing in {_n(days)} camera-days at {len(watched)} open passages. That is not proof of absence: at the best "
            f"watched one up to {figure(high)} per 100 camera-days would fit.{_young(found, species)}"
        )
    best = watched.loc[watched["rate_per_100"].idxmax()]
    return (
        f"{name}: {_n(crossings)} crossings in {_n(days)} camera-days at {len(watched)} open passages; most at {best['watched']} with "
        f"{figure(best['rate_per_100'])} ({figure(best['low_per_100'])} to {figure(best['high_per_100'])}) per 100 camera-days."
        f"{_young(found, species)}"
    )


def _young(found: Findings, species: str) -> str:
    """That animals are not used to the passages yet, where the species file says how long that takes; empty otherwise."""
    table = found.use_factors[(found.use_factors["species"] == species) & (found.use_factors["passage"] != "")]
    curve = found.job.inputs.profiles[species].habituation
    watched = table["habituation"].dropna()
    if curve is None or not len(watched) or watched.mean() > YOUNG:
        return ""
    return (
        f" The passages are young: by the species file's curve {watched.mean():.0%} of their later use was to be expected while they were "
        f"watched ({curve.origin}), so little use now is no failure; use factors are corrected for it."
    )


def _baci(found: Findings, row: object) -> str:
    name = found.label(row.species)  # type: ignore[attr-defined]
    if row.status != "ok":  # type: ignore[attr-defined]
        return f"{name}: before and after cannot be compared: {row.status}."  # type: ignore[attr-defined]
    ratio, low, high = row.ratio, row.low, row.high  # type: ignore[attr-defined]
    sure = "" if low > 1 or high < 1 else " The interval holds 1: no change cannot be ruled out."
    interval = f"{figure(ratio)} ({figure(low)} to {figure(high)})"
    return (
        f"{name}: opening multiplied crossings by {interval} beyond what happened at the controls, from {row.events} crossings at "  # type: ignore[attr-defined]
        f"{row.passages} passages and {row.controls} controls.{sure}"  # type: ignore[attr-defined]
    )


def _factors(found: Findings) -> list[str]:
    table = found.use_factors[found.use_factors["passage"] == ""]
    if not len(table):
        return ["No passage is stated in evidence.yaml or watched by a camera, so no use factor can be updated."]
    out = []
    for row in table.itertuples():
        what = f"{found.label(row.species)}, {row.design}"
        if row.status != "updated":
            out.append(f"{what}: no data; the stated {row.prior:.2f} stands.")
        else:
            out.append(
                f"{what}: {row.prior:.2f} ({row.prior_low:.2f} to {row.prior_high:.2f}) before, {row.mean:.2f} ({row.low:.2f} to "
                f"{row.high:.2f}) after {row.through:.0f} animals that went through and {row.turned_back:.0f} that turned back."
            )
    return out


def _predicts(found: Findings) -> list[str]:
    if found.predictions is None:
        return ["No results of a run were given (--results), so the model was not compared with the cameras."]
    out = []
    for row in found.predictions.summary.itertuples():
        text = f"{found.label(row.species)}: {row.sentence}"
        if len(found.predictions.predictors):
            mine = found.predictions.predictors
            text += f" {best_predictor(mine[mine['species'] == row.species].reset_index(drop=True))}".rstrip()
        out.append(text)
    return out


def _occupancy(found: Findings, species: str) -> str:
    name, table = found.label(species), found.occupancy
    mine = table[table["species"] == species] if len(table) else table
    if not len(mine):
        return f"{name}: no data. No camera stood in a core place or in open country."
    parts = []
    for row in mine.itertuples():
        what = f"{row.units} {'core places' if row.group == 'place' else 'steps between'}"
        if math.isnan(row.psi):
            parts.append(f"{what}, seen at {row.seen_at}; {row.status}")
        else:
            parts.append(f"{what}, seen at {row.seen_at}: {row.psi:.0%} ({row.low:.0%} to {row.high:.0%}) used")
    days = mine["days_to_see"].iloc[0]
    after = (
        f". A used one shows the species within {_n(days)} camera-days in 95 % of cases" if not math.isnan(days) else ""
    )
    return f"{name}: {'; '.join(parts)}{after}."


def assumptions_of(found: Findings) -> list[str]:
    """What the numbers rest on."""
    s = found.job.data.settings
    shape, rate = s.rate_prior
    return [
        f"Intervals hold the truth with 90 % probability. Rates have a gamma prior ({shape:g}, {rate:g} camera-days); counts may clump.",
        f"The use factor of a species file is worth {s.prior_weight:g} animals; cameras outweigh it as they see more.",
        f"A camera within {s.passage_m:g} m watches a passage, within {s.fence_m:g} m a fence.",
        "Where outcomes are recorded, a crossing is an event that went through, and effort counts with the share of events whose "
        "outcome is known; at other cameras every event is a pass.",
        "Occupancy supposes that a place is used or not during the whole time, and that cameras show what is there.",
        "A model counts as one that predicts when one standard deviation more of log current brings 1.65 times the events; how many "
        "camera-days are wanting follows from that.",
        "Rates rank places; they do not count animals.",
    ]


def people_table(found: Findings, table: pd.DataFrame) -> pd.DataFrame:
    """Species by their names."""
    return table.assign(species=[found.label(s) for s in table["species"]]) if "species" in table else table
