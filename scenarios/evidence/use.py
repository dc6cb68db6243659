"""How much passages are used: crossings per 100 camera-days, seasons, hours, before and after, and use factors."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd

from rasters.profile import Habituation
from scenarios.evidence.linking import KnownPassage
from scenarios.evidence.watching import Watch
from scenarios.land.inputs import Inputs
from scenarios.statistics.baci import BaciEffect, SiteCounts, baci_effect
from scenarios.statistics.rates import rate_posterior
from scenarios.statistics.use_factor import PassageEvidence, Share, UseFactors, use_factors
from scenarios.study.load import ResolvedStudy

__all__ = ["baci_table", "hour_table", "season_table", "use_factor_table", "use_table"]

Prior = tuple[float, float]
HOURS = 24
DAYS_A_YEAR = 365.25


def use_table(watch: Watch, prior: Prior) -> pd.DataFrame:
    """Rates of events and of crossings wherever cameras stood.

    Returns
    -------
    DataFrame
        One row per passage, control, place, fence stretch or open country, period and species: ``kind, watched, design,
        period, species, deployments, days, events, animals, through, turned_back, unknown, directions, crossings``, then the rate of
        crossings per 100 camera-days with its interval, ``method, dispersion, status``. Zero events in watched days are
        an estimate; a passage that nobody watched has the status ``no data``.
    """
    rows = []
    for (kind, watched, design, period), days in _groups(watch.days):
        seen = watch.events[watch.events["block"].isin(days["block"]) & (watch.events["period"] == period)]
        for species in watch.species:
            mine = seen[seen["species"] == species]
            rows.append(
                {"kind": kind, "watched": watched, "design": design, "period": period, "species": species}
                | _counted(mine, days, prior)
            )
    watched_ids = set(watch.days["passage"])
    for passage in watch.passages:
        if passage.id not in watched_ids:
            empty = watch.events.iloc[:0]
            for species in watch.species:
                head = {
                    "kind": "passage",
                    "watched": passage.id,
                    "design": passage.design,
                    "period": "",
                    "species": species,
                }
                rows.append(head | _counted(empty, watch.days.iloc[:0], prior))
    return pd.DataFrame(rows)


def _groups(days: pd.DataFrame) -> Iterator[tuple[tuple[str, str, str, str], pd.DataFrame]]:
    """What was watched, in order: passages, controls, places, fences, open country."""
    table = days.assign(group=_watched(days), what=np.where(days["control_of"] != "", "control", days["kind"]))
    kinds, periods = ("passage", "control", "place", "fence", "open"), ("before", "after", "")
    keys = ["what", "group", "design", "period"]
    yield from sorted(
        table.groupby(keys), key=lambda one: (kinds.index(one[0][0]), *one[0][1:3], periods.index(one[0][3]))
    )


def _watched(days: pd.DataFrame) -> np.ndarray:
    choice = [days["control_of"] != "", days["kind"] == "passage", days["kind"] == "place", days["kind"] == "fence"]
    names = ["control of " + days["control_of"], days["passage"], days["place"], days["stretch"]]
    return np.select(choice, names, "open country")


def _counted(events: pd.DataFrame, days: pd.DataFrame, prior: Prior) -> dict[str, object]:
    """Counts and the rate of crossings of one species in one period."""
    outcomes = events["outcome"].value_counts()
    through, back = int(outcomes.get("through", 0)), int(outcomes.get("turned_back", 0)) + int(outcomes.get("along", 0))
    unknown = len(events) - through - back
    blocks = _crossings_in_blocks(events, days)
    found = rate_posterior(blocks["events"].to_numpy(float), blocks["days"].to_numpy(float), prior)
    return {
        "deployments": days["deploymentID"].nunique(),
        "days": float(days["days"].sum()),
        "events": len(events),
        "animals": float(events["group"].sum()),
        "through": through,
        "turned_back": back,
        "unknown": unknown,
        "directions": _directions(events),
        "crossings": found.events,
        "rate_per_100": 100 * found.middle,
        "low_per_100": 100 * found.low,
        "high_per_100": 100 * found.high,
        "method": found.method,
        "dispersion": found.dispersion,
        "status": found.status,
    }


def _directions(events: pd.DataFrame) -> str:
    """``north 12; south 9``."""
    counts = events.loc[events["direction"] != "", "direction"].value_counts()
    return "; ".join(f"{name} {n}" for name, n in sorted(counts.items()))


def _crossings_in_blocks(events: pd.DataFrame, days: pd.DataFrame) -> pd.DataFrame:
    """Crossings and effort per block: ``events, days``.

    Where pictures show what became of the animals, a crossing is an event that went through, and effort counts with the
    share of events whose outcome is known; where no outcome is recorded, every event counts as a pass.
    """
    effort = (days["days"] * days["known_share"]).groupby(days["block"]).sum()
    crossings = events[events["crossing"]].groupby("block").size().reindex(effort.index).fillna(0.0)
    return pd.DataFrame({"events": crossings, "days": effort})


def season_table(watch: Watch, prior: Prior) -> pd.DataFrame:
    """Crossings per 100 camera-days by season at open passages: ``species, season, days, crossings, rate, low, high`` per 100."""
    days, events = _open_passages(watch)
    rows = []
    for species in watch.species:
        for season in ("winter", "spring", "summer", "autumn"):
            mine = events[(events["species"] == species) & (events["season"] == season)]
            blocks = _crossings_in_blocks(mine, days[days["season"] == season])
            found = rate_posterior(blocks["events"].to_numpy(float), blocks["days"].to_numpy(float), prior)
            rows.append(
                {
                    "species": species,
                    "season": season,
                    "days": found.days,
                    "crossings": found.events,
                    "rate_per_100": 100 * found.middle,
                    "low_per_100": 100 * found.low,
                    "high_per_100": 100 * found.high,
                    "status": found.status,
                }
            )
    return pd.DataFrame(rows)


def hour_table(watch: Watch, prior: Prior) -> pd.DataFrame:
    """Events at open passages by hour of the day, local time: ``species, hour, events, rate, low, high`` per 100 full days."""
    days, events = _open_passages(watch)
    effort = float(days["days"].sum()) / HOURS
    rows = []
    for species in watch.species:
        counts = events[events["species"] == species]["hour"].value_counts()
        for hour in range(HOURS):
            found = rate_posterior(np.array([float(counts.get(hour, 0))]), np.array([effort]), prior)
            rows.append(
                {
                    "species": species,
                    "hour": hour,
                    "events": found.events,
                    "rate_per_100": 100 * found.middle,
                    "low_per_100": 100 * found.low,
                    "high_per_100": 100 * found.high,
                    "status": found.status,
                }
            )
    return pd.DataFrame(rows)


def _open_passages(watch: Watch) -> tuple[pd.DataFrame, pd.DataFrame]:
    days, events = watch.days, watch.events
    return (
        days[(days["kind"] == "passage") & (days["period"] != "before")],
        events[(events["kind"] == "passage") & (events["period"] != "before")],
    )


def baci_table(watch: Watch) -> pd.DataFrame:
    """Effect of opening on crossings, per species: ``ratio, low, high, probability_of_rise`` or why there is none."""
    rows = []
    for species in watch.species:
        found = baci_effect(_sites(watch, species))
        rows.append({"species": species} | {name: getattr(found, name) for name in BaciEffect.__slots__})
    return pd.DataFrame(rows)


def _sites(watch: Watch, species: str) -> list[SiteCounts]:
    """Passages with a stated day, each one site, and the control cameras."""
    days = watch.days[watch.days["period"] != ""]
    passages = [(p, days[days["passage"] == p], True) for p in sorted(set(days["passage"]) - {""})]
    controls = days[days["control_of"] != ""]
    sites = [*passages, *((str(site), group, False) for site, group in controls.groupby("site"))]
    events = watch.events[watch.events["species"] == species]
    return [
        SiteCounts(
            site=name,
            is_passage=is_passage,
            before=_blocks(events, group, "before"),
            after=_blocks(events, group, "after"),
        )
        for name, group, is_passage in sites
    ]


def _blocks(events: pd.DataFrame, days: pd.DataFrame, period: str) -> np.ndarray:
    """(n, 2) crossings and camera-days of each block of a period."""
    mine = days[days["period"] == period]
    seen = events[events["block"].isin(mine["block"]) & (events["period"] == period)]
    return _crossings_in_blocks(seen, mine)[["events", "days"]].to_numpy(float)


def use_factor_table(
    watch: Watch, resolved: ResolvedStudy, inputs: Inputs, prior_weight: float
) -> tuple[pd.DataFrame, dict[tuple[str, str], UseFactors]]:
    """Use factors from the prior of the study or species file to the posterior.

    Returns
    -------
    table : DataFrame
        ``species, design, passage`` (empty for the design as a whole), ``prior, prior_low, prior_high, mean, low, high,
        through, turned_back, habituation, status``; use factors are of animals that are used to the passage, ``habituation``
        is the share of them that was to be expected in the camera-days.
    found : dict of (species, design) to UseFactors
    """
    rows, found = [], {}
    for species in watch.species:
        profile = inputs.profiles[species]
        for design in dict.fromkeys(p.design for p in watch.passages):
            own = resolved.study.designs[design].use_factor.get(species)
            prior = profile.use_factor_of(design).value if own is None else own
            mine = [p for p in watch.passages if p.design == design]
            evidence = {p.id: _evidence(watch, species, p, profile.habituation) for p in mine}
            every = [part for parts in evidence.values() for part in parts]
            one = found[species, design] = use_factors(every, prior, prior_weight)
            rows.append(_use_row(species, design, "", one, one.design, every, one.status))
            for passage, seen in evidence.items():
                share = one.passages.get(passage)
                status = "updated" if share else "no data"
                rows.append(_use_row(species, design, passage, one, share or one.design, seen, status))
    columns = [
        "species",
        "design",
        "passage",
        "prior",
        "prior_low",
        "prior_high",
        "mean",
        "low",
        "high",
        "through",
        "turned_back",
        "habituation",
    ]
    return pd.DataFrame(rows, columns=[*columns, "status"]), found


def _use_row(
    species: str, design: str, passage: str, one: UseFactors, share: Share, seen: list[PassageEvidence], status: str
) -> Mapping[str, object]:
    return {
        "species": species,
        "design": design,
        "passage": passage,
        "prior": one.prior.mean,
        "prior_low": one.prior.low,
        "prior_high": one.prior.high,
        "mean": share.mean,
        "low": share.low,
        "high": share.high,
        "through": sum(e.through for e in seen),
        "turned_back": sum(e.turned_back for e in seen),
        "habituation": _mean_share(seen),
        "status": status,
    }


def _mean_share(seen: list[PassageEvidence]) -> float:
    """Habituation over camera-days; NaN where nobody watched."""
    days = sum(part.days for part in seen)
    return sum(part.share * part.days for part in seen) / days if days > 0 else float("nan")


def _evidence(watch: Watch, species: str, passage: KnownPassage, curve: Habituation | None) -> list[PassageEvidence]:
    """What became of a species' animals at an open passage, one row per share of their later use; its control only where no
    outcome is known."""
    events = watch.events[(watch.events["species"] == species) & (watch.events["period"] != "before")]
    days = watch.days[watch.days["period"] != "before"]
    of = [passage.id, "any"]
    events = events[(events["passage"] == passage.id) | events["control_of"].isin(of)]
    days = days[(days["passage"] == passage.id) | days["control_of"].isin(of)]
    known = (events.loc[events["passage"] == passage.id, "outcome"] != "").any()
    expected = (_expected(table["day"], passage, curve) for table in (days, events))
    days, events = (table.assign(share=share) for table, share in zip((days, events), expected, strict=True))
    parts = [
        _part(passage.id, events[events["share"] == share], group, known, share)
        for share, group in days.groupby("share")
    ]
    return parts or [PassageEvidence(passage=passage.id)]


def _expected(day: pd.Series, passage: KnownPassage, curve: Habituation | None) -> np.ndarray:
    """Share of the later use on each day, to two figures; 1 where the day of opening or the curve is not stated."""
    if curve is None or pd.isna(passage.opened):
        return np.ones(len(day))
    years = (day - passage.opened).dt.days.to_numpy(float) / DAYS_A_YEAR
    return np.array([round(curve.at(one), 2) for one in years])


def _part(passage: str, events: pd.DataFrame, days: pd.DataFrame, known: bool, share: float) -> PassageEvidence:
    """Counts at a passage while its share was the same: outcomes if any is known there, otherwise passes beside its control's."""
    here = events[events["passage"] == passage]
    watched = float(days.loc[days["passage"] == passage, "days"].sum())
    if known:
        outcomes = here["outcome"].value_counts()
        back = int(outcomes.get("turned_back", 0)) + int(outcomes.get("along", 0))
        through = int(outcomes.get("through", 0))
        return PassageEvidence(passage=passage, through=through, turned_back=back, days=watched, share=share)
    controls = days.loc[days["passage"] != passage, "days"].sum()
    return PassageEvidence(
        passage=passage,
        passes=len(here),
        days=watched,
        control_passes=len(events) - len(here),
        control_days=float(controls),
        share=share,
    )
