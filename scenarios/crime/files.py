"""What `otkel crime` writes: tables, rasters of effort and risk, maps, a scenario in which risk counts, and a page."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import yaml

from rasters.files.writing import replacing, write_cog
from scenarios.crime.proposals import ProposedPatrol
from scenarios.crime.rates import PER_KM
from scenarios.crime.results import SYNTHETIC, CrimeResults
from scenarios.crime.risk import on_grid
from scenarios.outputs.audience import Audience, audience_note
from scenarios.outputs.pages.frame import as_table, write_page
from scenarios.outputs.tables import write_dictionary
from scenarios.outputs.translate import Language
from scenarios.statistics.rates import LEVEL

if TYPE_CHECKING:
    import geopandas as gpd

__all__ = ["write_results"]

BIAS = (
    "Encounter rates tell what patrols met where they went. Patrols go where they expect something, poachers go where they "
    "expect nobody: a falling rate may mean fewer poachers, or poachers who learned. Compare the same teams, places and months."
)


def write_results(found: CrimeResults, folder: Path, *, borders: gpd.GeoDataFrame | None = None) -> None:
    """Write all files for an audience."""
    tables = {
        "encounter_rates.csv": found.rates,
        "changes.csv": found.changes,
        "pike.csv": found.pike,
        "coverage.csv": pd.DataFrame(found.coverage_rows()),
    }
    write_dictionary(folder, tables, of="crime")
    from scenarios.crime.pictures import write_maps, write_rates

    write_rates(found, folder / "rates.png")
    if found.audience is not Audience.PUBLIC:
        _write_rasters(found, folder)
        write_maps(found, folder, borders)
    if found.audience is Audience.RESTRICTED:
        _write_scenario(found, folder)
    _write_page(found, folder, tables)


def _tags(found: CrimeResults) -> dict[str, str]:
    synthetic = {"synthetic": SYNTHETIC} if found.data.settings.synthetic else {}
    return synthetic | {"audience": audience_note(found.audience), "bias": BIAS}


def _write_rasters(found: CrimeResults, folder: Path) -> None:
    """Effort and risk on coarse cells; for the study's own use the risk also on its grid, as `mortality.surface` reads it."""
    known = np.zeros(found.effort.grid.shape, bool)
    coarse = {
        "patrol_km": (found.effort.km, "km", "Kilometres of patrol"),
        "risk_coarse": (found.risk.mean, "1", "Poaching risk relative to the average"),
        "risk_coarse_low": (found.risk.low, "1", f"Lower end of its {LEVEL:.0%} interval"),
        "risk_coarse_high": (found.risk.high, "1", f"Upper end of its {LEVEL:.0%} interval"),
    }
    for stem, (values, unit, title) in coarse.items():
        write_cog(
            folder / f"{stem}.tif",
            values,
            found.effort.grid,
            nodata=known,
            description=f"{title} [{unit}]",
            unit=unit,
            tags=_tags(found),
        )
    if found.audience is not Audience.RESTRICTED:
        return
    surface = found.prepared.surface
    for stem, values in (("risk", found.risk.mean), ("risk_low", found.risk.low), ("risk_high", found.risk.high)):
        write_cog(
            folder / f"{stem}.tif",
            on_grid(found.risk.grid, values, surface.grid),
            surface.grid,
            nodata=surface.nodata,
            description="Poaching risk relative to the average [1]",
            unit="1",
            tags=_tags(found),
        )


def _write_scenario(found: CrimeResults, folder: Path) -> None:
    """A scenario on top of the study's: risk as mortality, walkers that arrive alive in the score, patrols to choose."""
    resolved, settings = found.prepared.resolved, found.data.settings
    changes: dict[str, Any] = {"mortality.surface": "risk.tif", "ranking.arriving_weight": 0.5}
    if resolved.study.mortality is None:
        changes = {
            "mortality": {"reach_km": 300, "surface": changes.pop("mortality.surface"), "origin": "assumption"}
        } | changes
    names = [one.id for one in found.proposals]
    changes |= {f"actions.{one.id}": one.action(settings) for one in found.proposals}
    changes["portfolio.actions"] = [*resolved.study.portfolio.actions, *names]
    scenario = {
        "scenario": "poaching",
        "title": "Poaching risk from patrols",
        "study": resolved.study.study,
        "base": resolved.scenario,
        "set": changes,
    }
    head = f"# {SYNTHETIC}.\n" if settings.synthetic else ""
    head += "# Risk is relative and biased towards where patrols went; reach_km, costs and effects of patrols are assumptions.\n"
    with replacing(folder / "scenario.yaml") as part:
        part.write_text(head + yaml.safe_dump(scenario, sort_keys=False, allow_unicode=True), encoding="utf-8")


def _write_page(found: CrimeResults, folder: Path, tables: Mapping[str, pd.DataFrame]) -> None:
    resolved, say = found.prepared.resolved, found.say
    shown = partial(as_table, of="crime", digits=3, say=say)
    write_page(
        folder / "index.html",
        "crime.html",
        study=say(resolved.study.title),
        say=say,
        audience=(found.audience, audience_note(found.audience)),
        warnings=[SYNTHETIC] if found.data.settings.synthetic else [],
        credits=resolved.study.credits,
        sentences=found.sentences(),
        bias=say(BIAS),
        maps=found.audience is not Audience.PUBLIC,
        scenario=found.audience is Audience.RESTRICTED,
        level=f"{LEVEL:.0%}",
        proposals=[_patrol_in_words(one, say) for one in found.proposals],
        rates=shown(found.rates),
        changes=shown(found.changes),
        pike=shown(found.pike),
        coverage=shown(tables["coverage.csv"]),
        risk=found.risk,
        per_100_km=say(f"{PER_KM * found.risk.average_per_km:.2f}"),
        faults=[str(fault) for fault in found.data.faults][:20],
        cell_km=say(f"{found.data.settings.cell_km:g}"),
    )


def _patrol_in_words(one: ProposedPatrol, say: Language) -> str:
    risk, low, high = (say(f"{value:.1f}") for value in (one.risk, one.low, one.high))
    told = say("{place}: risk {risk} times the average ({low} to {high})")
    return told.format(place=say.position(one.lat, one.lon, decimals=2), risk=risk, low=low, high=high)
