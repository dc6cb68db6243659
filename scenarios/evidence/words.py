"""What the cameras say, in sentences made from numbers only."""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import pandas as pd
from scipy.stats import kendalltau

from rasters.fences import Fence
from scenarios.evidence.findings import Findings
from scenarios.evidence.predicts import best_predictor
from scenarios.evidence.reranking import Reranked
from scenarios.model.naming import passage_names
from scenarios.outputs.translate import ENGLISH, Language

YOUNG = 0.95
"""Share of the later use below which a passage counts as young."""

__all__ = [
    "assumptions_of",
    "figure",
    "passage_label",
    "people_table",
    "ranking_sentences",
    "reranking_sentences",
    "sentences_of",
]

WHERE = {
    "passage": "{n} at passages",
    "control": "{n} as controls beside them",
    "fence": "{n} at other stretches of fence",
    "place": "{n} in core places",
    "open": "{n} in open country",
}


def sentences_of(found: Findings, say: Language = ENGLISH) -> dict[str, list[str]]:
    """Section -> sentences: effort, use, baci, factors, predicts, places, ranking."""
    return {
        "effort": _effort(found, say),
        "use": [_use(found, species, say) for species in found.watch.species],
        "baci": [_baci(found, row, say) for row in found.baci.to_dict("records")],
        "factors": _factors(found, say),
        "predicts": _predicts(found, say),
        "places": [_occupancy(found, species, say) for species in found.watch.species],
        "ranking": ranking_sentences(found, say),
    }


def passage_label(found: Findings, passage: str, say: Language = ENGLISH) -> str:
    """A watched passage by the name that the study gives it, else by its id as words."""
    names = {rule.id: rule.name for rule in found.job.resolved.study.openings if rule.name}
    return say(names.get(passage, passage))


def _effort(found: Findings, say: Language) -> list[str]:
    watch = found.watch
    days = watch.days
    if not len(days):
        return [say("No camera-day in the study.")]
    kinds = watch.links["kind"].where(watch.links["control_of"] == "", "control").value_counts()
    where = ", ".join(say(words).format(n=kinds[kind]) for kind, words in WHERE.items() if kinds.get(kind, 0))
    watched = say("{n} deployments at {sites} sites ({where}) watched for {days} camera-days from {first} to {last}.")
    counted = say(
        "{n} independent events of the study’s species: {species}. Records of a species at a camera less than {minutes} minutes apart are "
        "one event."
    )
    events = ", ".join(f"{found.label(s, say)} {_n((watch.events['species'] == s).sum())}" for s in watch.species)
    out = [
        watched.format(
            n=len(watch.links),
            sites=days["site"].nunique(),
            where=where,
            days=_n(days["days"].sum()),
            first=f"{days['day'].min():%Y-%m-%d}",
            last=f"{days['day'].max():%Y-%m-%d}",
        ),
        counted.format(
            n=_n(len(watch.events)), species=events, minutes=say(f"{found.job.data.settings.event_minutes:g}")
        ),
    ]
    if watch.other_names:
        some = ", ".join(f"{name} {n}" for name, n in list(watch.other_names.items())[:5])
        told = say("Events of {n} other names do not count here: {names}.")
        out.append(told.format(n=len(watch.other_names), names=some))
    return out


def figure(value: float, say: Language = ENGLISH) -> str:
    """Two figures, never as a power of ten."""
    return _n(float(f"{value:.2g}")) if value >= 100 else say(f"{value:.2g}")


def _n(value: float) -> str:
    return f"{value:,.0f}".replace(",", "\u202f")


def _use(found: Findings, species: str, say: Language) -> str:
    table = found.use[
        (found.use["kind"] == "passage") & (found.use["species"] == species) & (found.use["period"] != "before")
    ]
    watched = table[table["status"] == "ok"]
    name = found.label(species, say)
    if not len(watched):
        return f"{name}: {say('no data. No camera watched an open passage.')}"
    crossings, days = watched["crossings"].sum(), watched["days"].sum()
    if not crossings:
        none = say(
            "no crossing in {days} camera-days; open passages watched: {n}. That is not proof of absence: at the best watched one up to "
            "{rate} per 100 camera-days would fit."
        )
        text = none.format(days=_n(days), n=len(watched), rate=figure(watched["high_per_100"].min(), say))
        return f"{name}: {text}{_young(found, species, say)}"
    best = watched.loc[watched["rate_per_100"].idxmax()]
    some = say(
        "{n} crossings in {days} camera-days; open passages watched: {passages}; most at {best} with {rate} ({low} to {high}) per 100 "
        "camera-days."
    )
    rate, low, high = (figure(best[key], say) for key in ("rate_per_100", "low_per_100", "high_per_100"))
    text = some.format(
        n=_n(crossings),
        days=_n(days),
        passages=len(watched),
        best=passage_label(found, best["watched"], say),
        rate=rate,
        low=low,
        high=high,
    )
    return f"{name}: {text}{_young(found, species, say)}"


def _young(found: Findings, species: str, say: Language) -> str:
    """That animals are not used to the passages yet, where the species file says how long that takes; empty otherwise."""
    table = found.use_factors[(found.use_factors["species"] == species) & (found.use_factors["passage"] != "")]
    curve = found.job.inputs.profiles[species].habituation
    watched = table["habituation"].dropna()
    if curve is None or not len(watched) or watched.mean() > YOUNG:
        return ""
    told = say(
        "The passages are young: by the species file’s curve {share} of their later use was to be expected while they were watched "
        "({origin}), so little use now is no failure; use factors are corrected for it."
    )
    return " " + told.format(share=f"{watched.mean():.0%}", origin=say.origin(curve.origin))


def _baci(found: Findings, row: dict[Hashable, Any], say: Language) -> str:
    name = found.label(row["species"], say)
    if row["status"] != "ok":
        return f"{name}: {say('before and after cannot be compared: {why}').format(why=say(row['status']))}."
    told = say(
        "opening multiplied crossings by {ratio} ({low} to {high}) beyond what happened at the controls; crossings: {events}, passages: "
        "{passages}, controls: {controls}."
    )
    ratio, low, high = (figure(row[key], say) for key in ("ratio", "low", "high"))
    text = told.format(
        ratio=ratio, low=low, high=high, events=row["events"], passages=row["passages"], controls=row["controls"]
    )
    unsure = (
        "" if row["low"] > 1 or row["high"] < 1 else " " + say("The interval holds 1: no change cannot be ruled out.")
    )
    return f"{name}: {text}{unsure}"


def _factors(found: Findings, say: Language) -> list[str]:
    table = found.use_factors[found.use_factors["passage"] == ""]
    if not len(table):
        return [say("No passage is stated in evidence.yaml or watched by a camera, so no use factor can be updated.")]
    stands = say("no data; the stated {prior} stands.")
    updated = say(
        "{prior} ({prior_low} to {prior_high}) before, {mean} ({low} to {high}) after {through} animals that went through and "
        "{turned_back} that turned back."
    )
    out = []
    for row in table.to_dict("records"):
        numbers = {key: say(f"{row[key]:.2f}") for key in ("prior", "prior_low", "prior_high", "mean", "low", "high")}
        numbers |= {key: f"{row[key]:.0f}" for key in ("through", "turned_back")}
        text = (updated if row["status"] == "updated" else stands).format(**numbers)
        out.append(f"{found.label(row['species'], say)}, {say.design(row['design'])}: {text}")
    return out


def _predicts(found: Findings, say: Language) -> list[str]:
    if found.predictions is None:
        return [say("No results of a run were given (--results), so the model was not compared with the cameras.")]
    out = []
    for row in found.predictions.summary.itertuples():
        text = f"{found.label(row.species, say)}: {say(row.sentence)}"
        if len(found.predictions.predictors):
            mine = found.predictions.predictors
            best = best_predictor(mine[mine["species"] == row.species].reset_index(drop=True))
            text += f" {say(best)}".rstrip()
        out.append(text)
    return out


def _occupancy(found: Findings, species: str, say: Language) -> str:
    name, table = found.label(species, say), found.occupancy
    mine = table[table["species"] == species] if len(table) else table
    if not len(mine):
        return f"{name}: {say('no data. No camera stood in a core place or in open country.')}"
    parts = []
    for row in mine.itertuples():
        what = (
            say("core places: {n}, seen at {seen}")
            if row.group == "place"
            else say("steps between: {n}, seen at {seen}")
        )
        what = what.format(n=row.units, seen=row.seen_at)
        if math.isnan(row.psi):
            parts.append(f"{what} ({say(row.status)})")
        else:
            used = say("used: {share} ({low} to {high})")
            parts.append(f"{what}, {used.format(share=f'{row.psi:.0%}', low=f'{row.low:.0%}', high=f'{row.high:.0%}')}")
    days = mine["days_to_see"].iloc[0]
    after = ""
    if not math.isnan(days):
        after = " " + say("A used one shows the species within {days} camera-days in 95 % of cases.").format(
            days=_n(days)
        )
    return f"{name}: {'; '.join(parts)}.{after}"


def ranking_sentences(found: Findings, say: Language = ENGLISH) -> list[str]:
    """What the measured use factors do to the ranking of candidates; empty where nothing was ranked again."""
    changed = say(
        "With the measured use factors {n} of {total} candidates change their rank over all species (Kendall’s tau {tau}); {first}."
    )
    return [] if found.reranked is None else reranking_sentences(found.reranked, found.marks.fences, changed, say)


def reranking_sentences(found: Reranked, fences: Sequence[Fence], changed: str, say: Language) -> list[str]:
    """What measured numbers do to a ranking; ``changed`` says it in the language, with names for the values."""
    table = found.table
    if not len(table) or not table["score_before"].max() > 0:
        return [say("No candidate improves connectivity, so there is no ranking to change.")]
    names = dict(zip(table["candidate"], passage_names(fences, table, say), strict=True))
    moved = int((table["rank_before"] != table["rank_after"]).sum())
    tau = float(kendalltau(table["rank_before"], table["rank_after"]).statistic) if len(table) > 1 else 1.0
    best_old, best_new = (table.sort_values(f"rank_{when}")["candidate"].iloc[0] for when in ("before", "after"))
    first = say("{place} stays first") if best_old == best_new else say("{place} takes the first rank from {before}")
    told = first.format(place=names[best_new], before=names[best_old])
    return [changed.format(n=moved, total=len(table), tau=say(f"{tau:.3f}"), first=told), _shortlist(table, names, say)]


def _shortlist(table: pd.DataFrame, names: Mapping[str, str], say: Language) -> str:
    """Who comes onto the shortlist and who leaves it."""
    old, new = (set(table.loc[table[f"shortlisted_{when}"], "candidate"]) for when in ("before", "after"))
    joined, left = sorted(new - old), sorted(old - new)
    stay = say("Of the shortlist of {n}, {stay} stay: {swap}.")
    swap = say("the same places stay on it")
    if joined or left:
        came, went = (", ".join(names[one] for one in some) or "\u2013" for some in (joined, left))
        swap = say("new: {came}; no longer: {left}").format(came=came, left=went)
    return f"{stay.format(n=len(new), stay=len(new & old), swap=swap)}{_apart(table, joined, old, say)}"


def _apart(table: pd.DataFrame, joined: Sequence[str], old: set[str], say: Language) -> str:
    """How far newcomers lie from the places that were on the shortlist before, along the same fence."""
    where = table.set_index("candidate")[["fence", "along_m"]]
    before = where.loc[sorted(old)]
    away = []
    for name in joined:
        fence, along = where.loc[name]
        same = before.loc[before["fence"] == fence, "along_m"]
        km = float((same - along).abs().min()) / 1000 if len(same) else math.inf
        away.append(say("another fence") if km == math.inf else say("{km} km").format(km=f"{km:.0f}"))
    told = say("From the nearest place that was on it the newcomers lie: {distances}.")
    return f" {told.format(distances=', '.join(away))}" if away else ""


def assumptions_of(found: Findings, say: Language = ENGLISH) -> list[str]:
    """What the numbers rest on."""
    s = found.job.data.settings
    shape, rate = (say(f"{value:g}") for value in s.rate_prior)
    prior = say(
        "Intervals hold the truth with 90 % probability. Rates have a gamma prior ({shape}, {rate} camera-days); counts may clump."
    )
    worth = say("The use factor of a species file is worth {n} animals; cameras outweigh it as they see more.")
    watches = say("A camera within {passage} m watches a passage, within {fence} m a fence.")
    return [
        prior.format(shape=shape, rate=rate),
        worth.format(n=say(f"{s.prior_weight:g}")),
        watches.format(passage=say(f"{s.passage_m:g}"), fence=say(f"{s.fence_m:g}")),
        say(
            "Where outcomes are recorded, a crossing is an event that went through, and effort counts with the share of events whose "
            "outcome is known; at other cameras every event is a pass."
        ),
        say(
            "Occupancy supposes that a place is used or not during a whole season of three months, and that cameras show what is "
            "there."
        ),
        say(
            "A model counts as one that predicts when one standard deviation more of log current brings 1.65 times the events; how many "
            "camera-days are wanting follows from that."
        ),
        say("Rates rank places; they do not count animals."),
    ]


def people_table(found: Findings, table: pd.DataFrame, say: Language = ENGLISH) -> pd.DataFrame:
    """Species and passages by their names."""
    named = {"species": [found.label(s, say) for s in table["species"]]} if "species" in table else {}
    named |= {"watched": [passage_label(found, one, say) for one in table["watched"]]} if "watched" in table else {}
    return table.assign(**named)
