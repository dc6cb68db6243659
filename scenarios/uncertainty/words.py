"""How firm a ranking is, in sentences."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from scenarios.model.parameter_words import short_name
from scenarios.outputs.translate import ENGLISH, Language
from scenarios.uncertainty.stability import ALL, Stability

__all__ = ["FIRM", "Tables", "how_sure", "names_of_species", "stability_sentences"]

FIRM = 0.8
"""Share of draws from which a place counts as firm."""
MEASURES = {"score": "their score", "gain": "their gain"}
"""Measure that ranks -> the same of the places on the list."""
Tables = Mapping[str, pd.DataFrame]


def stability_sentences(found: Stability, tables: Tables, say: Language = ENGLISH) -> tuple[str, ...]:
    """What the numbers say, in words, from numbers only."""
    table = tables["stability"]
    mine = table[table["ranking"] == ALL]
    places, plain = mine[mine["shortlisted"]], mine[mine["rank"] <= found.top]
    firm, firm_plain = places[places["top_share_place"] > FIRM], plain[plain["top_share"] > FIRM]
    values = {
        "top": found.top,
        "firm": f"{FIRM:.0%}",
        "draws": len(found.points),
        "km": say(f"{found.spacing_m / 1000:g}"),
    }
    by_place = say(
        "{n} of the {total} best places as stated stay among the best {top} places in over {firm} of {draws} draws{names}. A place is "
        "all candidates within {km} km of its best."
    )
    by_km = say(
        "Kilometre by kilometre, {n} of the {total} best candidates as stated stay among the best {top} candidates in over {firm} of "
        "draws{names}; counting neighbours within {km} km too, {near} of them."
    )
    return (
        by_place.format(n=len(firm), total=len(places), names=_listed(firm, "top_share_place"), **values),
        by_km.format(
            n=len(firm_plain),
            total=len(plain),
            names=_listed(firm_plain, "top_share"),
            near=int((plain["top_share_near"] > FIRM).sum()),
            **values,
        ),
        _tau_sentence(found, say),
        _driver_sentence(found, tables["parameters"], "", say("the ranks of the best places as stated"), say),
        _driver_sentence(
            found, tables["parameters"], "gain_", say(MEASURES.get(found.measures[0], found.measures[0])), say
        ),
    )


def _tau_sentence(found: Stability, say: Language) -> str:
    """How far the order of a draw agrees with the order as stated."""
    taus = found.taus()
    if not np.isfinite(taus).any():
        return say("Kendall’s tau with the ranking as stated cannot be told: too few candidates differ.")
    low, middle, high = (say(f"{np.nanquantile(taus, share):.2f}") for share in (0.1, 0.5, 0.9))
    told = say(
        "Kendall’s tau with the ranking as stated is {middle} in the middle draw, {low} to {high} in the middle 80 % of draws, over {n} "
        "candidates."
    )
    return told.format(low=low, middle=middle, high=high, n=len(found.candidates))


def _driver_sentence(found: Stability, parameters: pd.DataFrame, prefix: str, what: str, say: Language) -> str:
    mine = parameters[parameters["ranking"] == ALL].sort_values(f"{prefix}index", ascending=False, kind="stable")
    known = mine[mine[f"{prefix}matters"]].head(4)
    floor = say(f"{mine[f'{prefix}noise'].iloc[0]:.2f}")
    if not len(known):
        told = say(
            "No single parameter that moves {what} can be told from chance (chance alone reaches {floor}): draw more, or read them as "
            "acting jointly."
        )
        return told.format(what=what, floor=floor)
    numbers = zip(known["parameter"], known[f"{prefix}index"], known[f"{prefix}error"], strict=True)
    names = names_of_species(found)
    listed = [
        f"{short_name(name, say, names)} ({say(f'{index:.2f}')} \u00b1 {say(f'{error:.2f}')})"
        for name, index, error in numbers
    ]
    told = say(
        "What moves {what} most: {names}. Numbers are shares of the variance that go with each alone; chance alone reaches {floor}."
    )
    return told.format(what=what, names="; ".join(listed), floor=floor)


def names_of_species(found: Stability) -> dict[str, str]:
    """Species id -> its name for people."""
    labels = found.labels or {}
    return {name: labels.get(name, name) for name in found.species}


def _listed(rows: pd.DataFrame, column: str) -> str:
    """``: `` and the places, or nothing where there is none."""
    listed = (f"{row.name} ({getattr(row, column):.0%})" for row in rows.itertuples())
    return f": {', '.join(listed)}" if len(rows) else ""


def how_sure(found: Stability, tables: Tables, candidate: str, say: Language = ENGLISH) -> str:
    """One sentence on one candidate, for a paragraph about it; empty where it was not drawn."""
    table = tables["stability"]
    row = table[(table["ranking"] == ALL) & (table["candidate"] == candidate)]
    if not len(row):
        return ""
    one, measure = row.iloc[0], found.measures[0]
    told = say(
        "In {share} of {draws} draws of the uncertain numbers it belongs to the best {top} places (itself or a neighbour within {km} "
        "km); its {measure} is {stated} as stated, {mean} on average, and under {worst} in one draw of ten."
    )
    return told.format(
        share=f"{one['top_share_place']:.0%}",
        draws=len(found.points),
        top=found.top,
        km=say(f"{found.spacing_m / 1000:g}"),
        measure=say(measure),
        stated=say(f"{one[measure]:.3g}"),
        mean=say(f"{one[f'mean_{measure}']:.3g}"),
        worst=say(f"{one[f'worst_{measure}']:.3g}"),
    )
