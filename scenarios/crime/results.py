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

    def coverage_rows(self) -> list[dict[str, Any]]:
        """What the rates cannot tell, as rows."""
        meanings = {
            "looked_share": f"Share of the land's {self.data.settings.cell_km:g} km cells with at least {WELL_LOOKED_KM:g} km of patrol.",
            "gini": "How unevenly patrols cover the land: 0 evenly, 1 all in one cell.",
            "passages_unwatched": "Share of the shortlisted passages in cells where nobody looked; empty without --results.",
            "off_patrol_share": "Share of the signs of poaching that were not found on patrols.",
        }
        values = asdict(self.coverage)
        return [{"measure": MEASURES[name], "value": values[name], "meaning": text} for name, text in meanings.items()]

    def sentences(self) -> list[str]:
        """The indicators in words."""
        total = self.rates[(self.rates["type"] == POACHING) & (self.rates["year"] == "all")].iloc[0]
        said = [SYNTHETIC + "."] if self.data.settings.synthetic else []
        said.append(
            f"Patrols met {total['per_100_km']:.2f} signs of poaching per 100 km ({LEVEL:.0%} interval {total['low']:.2f} to "
            f"{total['high']:.2f}; {total['incidents']} signs on {total['patrols']} patrols, {total['km']:.0f} km)."
        )
        said += [_change_in_words(row) for row in self.changes.to_dict("records")]
        share = self.pike.iloc[0]
        said.append(
            f"Of {share['illegal'] + share['natural']} carcasses of known cause {share['pike']:.0%} were killed illegally (interval "
            f"{share['low']:.0%} to {share['high']:.0%}); {share['unknown']} causes are unknown."
            if share["status"] == "ok"
            else "PIKE: no carcass of known cause."
        )
        said.append(
            f"Patrols looked at {self.coverage.looked_share:.0%} of the land; what happens elsewhere is not known, and the map of "
            "risk falls back to the average there."
        )
        return said


def _change_in_words(row: Mapping[Any, Any]) -> str:
    if row["status"] != "ok":
        return f"{row['before']} to {row['year']}: {row['status']}."
    verdict = "fell" if row["high"] < 1 else "rose" if row["low"] > 1 else "did not change beyond chance"
    return (
        f"From {row['before']} to {row['year']} the encounter rate {verdict}: factor {row['ratio']:.2f} "
        f"({row['low']:.2f} to {row['high']:.2f})."
    )
