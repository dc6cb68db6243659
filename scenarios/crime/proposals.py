"""Where patrols would matter: risky places that many animals pass, as patrol actions of a scenario."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scenarios.crime.risk import RiskMap
from scenarios.crime.settings import CrimeSettings

__all__ = ["ProposedPatrol", "proposed_patrols"]

MOST = 3
RADIUS_M = 30_000.0
"""Radius of a proposed patrol area [m]: an assumption, about a day's drive and walk from a post."""
LEAST_RISK = 1.5


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposedPatrol:
    """A circle to patrol; ``risk`` relative to the average, with its interval, at the centre."""

    id: str
    lon: float
    lat: float
    radius_m: float
    risk: float
    low: float
    high: float

    def as_dict(self) -> dict[str, Any]:
        """Plain data."""
        return asdict(self)

    def action(self, settings: CrimeSettings) -> dict[str, Any]:
        """As the study's ``actions`` have it."""
        return {
            "kind": "patrol",
            "title": f"Patrols around {self.lat:.1f} N {self.lon:.1f} E",
            "area": {"lon": self.lon, "lat": self.lat, "radius_m": self.radius_m},
            "mortality_factor": settings.patrol_mortality_factor,
            "cost": settings.patrol_cost,
            "origin": "assumption of this project: what patrols leave of poaching, and their cost",
        }


def proposed_patrols(risk: RiskMap, traffic: NDArray[np.float64], settings: CrimeSettings) -> list[ProposedPatrol]:
    """Up to three circles that do not overlap, where risk times traffic is greatest and risk is well above the average."""
    worth = np.where(risk.mean >= LEAST_RISK, risk.mean * traffic, 0.0)
    left, _, _, top = risk.grid.bounds
    rows, cols = np.indices(worth.shape, dtype=np.float64)
    x = np.asarray(left + risk.grid.cell_width_m * (cols + 0.5))
    y = np.asarray(top - risk.grid.cell_height_m * (rows + 0.5))
    found: list[ProposedPatrol] = []
    while len(found) < MOST and worth.max() > 0:
        row, col = divmod(int(np.argmax(worth)), worth.shape[1])
        at = (row, col)
        lon, lat = risk.grid.lonlat(x[at], y[at])
        found.append(
            ProposedPatrol(
                id=f"patrol_{len(found) + 1}",
                lon=round(float(lon), 2),
                lat=round(float(lat), 2),
                radius_m=RADIUS_M,
                risk=float(risk.mean[at]),
                low=float(risk.low[at]),
                high=float(risk.high[at]),
            )
        )
        worth[np.hypot(x - x[at], y - y[at]) < 2 * RADIUS_M] = 0.0
    return found
