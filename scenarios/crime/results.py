"""What patrols found, in one object."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from scenarios.crime.proposals import ProposedPatrol
from scenarios.crime.rates import POACHING
from scenarios.crime.risk import WELL_LOOKED_KM, Coverage, EffortMap, RiskMap
from scenarios.crime.tables import CrimeData
from scenarios.land.prepared import Prepared
from scenarios.outputs.audience import Audience
from scenarios.outputs.translate import ENGLISH, Language
from scenarios.statistics.rates import LEVEL

__all__ = ["CrimeResults"]

SYNTHETIC = "SYNTHETIC DATA: made by a simulator, observed by nobody"
MEASURES = {
    "looked_share": "land looked at",
    "gini": "unevenness (Gini)",
    "passages_unwatched": "passages nobody watched",
    "off_patrol_share": "signs not from patrols",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class CrimeResults:
    """Everything that `otkel crime` found. ``land`` marks the coarse cells that are mostly passable ground."""

    data: CrimeData
    prepared: Prepared
    effort: EffortMap
    risk: RiskMap
    land: NDArray[np.bool_]
    rates: pd.DataFrame
    changes: pd.DataFrame
    pike: pd.DataFrame
    coverage: Coverage
    proposals: list[ProposedPatrol]
    audience: Audience
    say: Language = ENGLISH

    def coverage_rows(self) -> list[dict[str, Any]]:
        """What the rates cannot tell, as rows."""
        meanings = {
            "looked_share": f"Share of the land\u2019s {self.data.settings.cell_km:g} km cells with at least "
            f"{WELL_LOOKED_KM:g} km of patrol.",
            "gini": "How unevenly patrols cover the land: 0 evenly, 1 all in one cell.",
            "passages_unwatched": "Share of the shortlisted passages in cells where nobody looked; empty without --results.",
            "off_patrol_share": "Share of the signs of poaching that were not found on patrols.",
        }
        values = asdict(self.coverage)
        return [{"measure": MEASURES[name], "value": values[name], "meaning": text} for name, text in meanings.items()]

    def sentences(self) -> list[str]:
        """The indicators in words."""
        say = self.say
        total = self.rates[(self.rates["type"] == POACHING) & (self.rates["year"] == "all")].iloc[0]
        said = [f"{say(SYNTHETIC)}."] if self.data.settings.synthetic else []
        met = say(
            "Patrols met {rate} signs of poaching per 100 km ({level} interval {low} to {high}; {signs} signs on {patrols} patrols, "
            "{km} km)."
        )
        rate, low, high = (say(f"{total[key]:.2f}") for key in ("per_100_km", "low", "high"))
        said.append(
            met.format(
                rate=rate,
                low=low,
                high=high,
                level=f"{LEVEL:.0%}",
                signs=total["incidents"],
                patrols=total["patrols"],
                km=f"{total['km']:.0f}",
            )
        )
        said += [_change_in_words(row, say) for row in self.changes.to_dict("records")]
        looked = say(
            "Patrols looked at {share} of the land; what happens elsewhere is not known, and the map of risk falls back to the average "
            "there."
        )
        return [*said, self._killed(), looked.format(share=f"{self.coverage.looked_share:.0%}")]

    def _killed(self) -> str:
        """The proportion of illegally killed carcasses."""
        share, say = self.pike.iloc[0], self.say
        if share["status"] != "ok":
            return say("PIKE: no carcass of known cause.")
        told = say(
            "Of {n} carcasses of known cause {share} were killed illegally (interval {low} to {high}); {unknown} causes are unknown."
        )
        shares = {name: f"{share[key]:.0%}" for name, key in (("share", "pike"), ("low", "low"), ("high", "high"))}
        return told.format(n=share["illegal"] + share["natural"], unknown=share["unknown"], **shares)


def _change_in_words(row: Mapping[Any, Any], say: Language) -> str:
    years = {"before": row["before"], "year": row["year"]}
    if row["status"] != "ok":
        return f"{row['before']} \u2013 {row['year']}: {say(row['status'])}."
    if row["high"] < 1:
        told = say("From {before} to {year} the encounter rate fell: factor {ratio} ({low} to {high}).")
    elif row["low"] > 1:
        told = say("From {before} to {year} the encounter rate rose: factor {ratio} ({low} to {high}).")
    else:
        told = say(
            "From {before} to {year} the encounter rate did not change beyond chance: factor {ratio} ({low} to {high})."
        )
    return told.format(**years, **{key: say(f"{row[key]:.2f}") for key in ("ratio", "low", "high")})
