"""What field files hold: the proposed passages of a scenario with their coordinates as people read them, and the notes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from rasters.errors import ConfigError
from rasters.fences import Fence
from scenarios.model.naming import full_names, passage_names
from scenarios.model.results import shortlist
from scenarios.outputs.audience import Audience
from scenarios.outputs.generalise import generalised_ranking
from scenarios.outputs.release import Release
from scenarios.outputs.sk42 import DatumOperation, dms_text, mgrs_text, operation_of, to_gauss_kruger
from scenarios.outputs.translate import Language, language
from scenarios.outputs.words import audience_of, fence_statuses, schematic_note
from scenarios.study.land import ContextName

if TYPE_CHECKING:
    import geopandas as gpd

__all__ = ["KINDS", "PROPOSED", "FieldContent", "field_content"]

PROPOSED = "proposed"
KINDS = {
    PROPOSED: "Proposed passage",
    "existing": "Passage that stands",
    "planned": "Planned passage",
    "fence removed": "Fence removed",
}
SK42_ROUNDING_M = {Audience.RESTRICTED: 0.1, Audience.PARTNER: 100.0}
MGRS_DIGITS = {Audience.RESTRICTED: 5, Audience.PARTNER: 2}
SECONDS_DECIMALS = {Audience.RESTRICTED: 2, Audience.PARTNER: 0}


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldContent:
    """One scenario, as its audience may see it, in one language.

    Parameters
    ----------
    runs : tuple of Release
        Generalised for the audience, one per species.
    passages : DataFrame
        The passages that stand, then the proposed ones, best first: ``number`` (``S1``, ``1``), ``code`` (short and ASCII), ``name,
        state`` (existing, planned, fence removed or proposed), ``candidate, fence, fence_name, km, lon_deg,
        lat_deg, sk42_zone, sk42_x_north_m, sk42_y_east_m, dms, mgrs, width_m, design, cost, score, geometry_status``, and the
        map position ``x, y``. Empty for the public.
    operation : DatumOperation
        What the SK-42 coordinates were computed with.
    borders : GeoDataFrame or None
    around : mapping of str to GeoDataFrame
        Waters, roads and settlements, where the study has them.
    credits : tuple of str
        Attribution that the data ask for.
    say : Language
        Says every word of the file.
    """

    runs: tuple[Release, ...]
    passages: pd.DataFrame
    operation: DatumOperation
    borders: gpd.GeoDataFrame | None
    around: Mapping[ContextName, gpd.GeoDataFrame]
    credits: tuple[str, ...]
    say: Language

    @property
    def audience(self) -> Audience:
        """For whom it is."""
        return self.runs[0].audience

    @property
    def audience_note(self) -> str:
        """What was done for them."""
        return audience_of(self.runs)[1]

    @property
    def fences(self) -> tuple[Fence, ...]:
        """The scenario's fences."""
        return self.runs[0].cuts.fences

    @property
    def species(self) -> str:
        """The species' id, or ``all``."""
        return self.runs[0].species if len(self.runs) == 1 else "all"

    @property
    def stem(self) -> str:
        """Start of the files' names; audience and language are part of it."""
        first = self.runs[0]
        return f"{first.study}_{first.scenario}_{self.species}_{self.audience}{self.say.suffix}".replace("/", "-")

    @property
    def title(self) -> str:
        """Study, scenario and species in words."""
        first = self.runs[0]
        names = [self.species_title(run) for run in self.runs]
        study, scenario = (self.say(first.titles.get(key, getattr(first, key))) for key in ("study", "scenario"))
        return f"{study} \u2013 {scenario}: {', '.join(names)}"

    def species_title(self, run: Release) -> str:
        """Name of a species in the language."""
        return self.say(run.titles.get("species", run.species))

    def fence_name(self, fence: Fence) -> str:
        """Name of a fence; where several share it, with what tells their ids apart."""
        return full_names(self.fences, self.say)[fence.id]

    def notes(self) -> dict[str, str]:
        """What every file says about itself: label -> text."""
        say, statuses = self.say, {schematic_note(run) for run in self.runs} - {""}
        assumptions = dict.fromkeys(sentence for run in self.runs for sentence in run.assumptions)
        return {
            say("Audience"): say(self.audience_note),
            say("Geometry"): "; ".join(map(say, sorted(statuses))) or say("surveyed"),
            say("Datum transformation"): say(self.operation.note),
            say("Assumptions"): " ".join(map(say, assumptions)),
            say("Sources"): "; ".join(map(say, self.credits)),
        }

    def describe(self, passage: pd.Series) -> str:
        """All about a passage in one long line, for those who have only the waypoint."""
        say = self.say
        parts = [
            f"{say(KINDS[passage['state']])} {passage['number']}: {passage['name']}",
            say("{fence}, km {km}").format(fence=passage["fence_name"], km=say(format(passage["km"], "g"))),
            f"{say('Width, m')}: {say(format(passage['width_m'], 'g'))}",
            f"{say('Design')}: {passage['design']}",
            f"{say('SK-42')}: {say('Zone')} {passage['sk42_zone']}, X {passage['sk42_x_north_m']:.0f}, Y {passage['sk42_y_east_m']:.0f}",
            f"WGS 84: {passage['dms']}",
            f"MGRS: {passage['mgrs']}",
            say(passage["geometry_status"]),
        ]
        return "; ".join(parts)


def field_content(
    runs: Sequence[Release],
    *,
    combined: pd.DataFrame | None = None,
    borders: gpd.GeoDataFrame | None = None,
    around: Mapping[ContextName, gpd.GeoDataFrame] | None = None,
    credits: Sequence[str] = (),
    lang: str = "en",
) -> FieldContent:
    """Gather what field files hold.

    Parameters
    ----------
    runs : sequence of Release
        Of one scenario, all generalised for one audience.
    combined : DataFrame, optional
        Ranking over all species, not generalised yet; needed with more than one species.
    borders : GeoDataFrame, optional
    around : mapping of str to GeoDataFrame, optional
    credits : sequence of str
    lang : str
    """
    say = language(lang, runs)
    first = runs[0]
    if len({run.audience for run in runs}) > 1 or len({run.scenario for run in runs}) > 1:
        raise ConfigError("files for the field are of one scenario and for one audience")
    ranking = first.ranking
    if len(runs) > 1 and combined is not None:
        ranking = generalised_ranking(combined, first.cuts.fences, first.grid, first.audience)
    operation = operation_of(first)
    table = _passages(_chosen(first, ranking), first, operation, say)
    content = FieldContent(
        runs=tuple(runs),
        passages=table,
        operation=operation,
        borders=borders,
        around=around or {},
        credits=tuple(credits),
        say=say,
    )
    names = {fence.id: content.fence_name(fence) for fence in content.fences}
    table["fence_name"] = [names[fence] for fence in table["fence"]]
    return content


def _chosen(run: Release, ranking: pd.DataFrame) -> pd.DataFrame:
    """What stands and what is proposed, one below the other."""
    stands = run.standing.rename(columns={"opening": "candidate"})
    stands = stands.assign(
        code=[f"S{one:02d}" for one in stands["number"]], number=[f"S{one}" for one in stands["number"]]
    )
    best = shortlist(ranking)
    best = best.assign(
        code=[f"P{one:02d}" for one in best["number"]], number=best["number"].astype(str), state=PROPOSED, name=""
    )
    return pd.concat([table for table in (stands, best) if len(table)] or [best], ignore_index=True)


def _passages(chosen: pd.DataFrame, run: Release, operation: DatumOperation, say: Language) -> pd.DataFrame:
    """The shortlist with its coordinates, not more precise than the audience's."""
    x, y = chosen["x"].to_numpy(float), chosen["y"].to_numpy(float)
    lon, lat = run.grid.lonlat(x, y)
    decimals = 6 if run.audience is Audience.RESTRICTED else 2
    lon, lat = np.round(lon, decimals), np.round(lat, decimals)
    step = SK42_ROUNDING_M.get(run.audience, 0.0)
    metric = to_gauss_kruger(operation, lon, lat)
    statuses = fence_statuses(run)
    return pd.DataFrame(
        {
            "number": chosen["number"].to_numpy(),
            "code": chosen["code"].to_numpy(),
            "name": passage_names(run.cuts.fences, chosen, say),
            "state": chosen["state"].to_numpy(),
            "candidate": chosen["candidate"].to_numpy(),
            "fence": chosen["fence"].to_numpy(),
            "fence_name": "",
            "km": np.round(chosen["along_m"].to_numpy(float) / 1000.0, 1),
            "lon_deg": lon,
            "lat_deg": lat,
            "sk42_zone": metric.zone,
            "sk42_x_north_m": _to_step(metric.north_m, step),
            "sk42_y_east_m": _to_step(metric.east_m, step),
            "dms": _all_dms(lon, lat, run.audience, say),
            "mgrs": [mgrs_text(a, b, MGRS_DIGITS[run.audience]) for a, b in zip(lon, lat, strict=True)],
            "width_m": chosen["width_m"].to_numpy(float),
            "design": [say.design(design) for design in chosen["design"]],
            "cost": chosen["cost"].to_numpy(float) if "cost" in chosen else np.nan,
            "score": chosen["score"].to_numpy(float) if "score" in chosen else np.nan,
            "geometry_status": [statuses.get(fence, "unknown") for fence in chosen["fence"]],
            "x": x,
            "y": y,
        }
    )


def _all_dms(lon: np.ndarray, lat: np.ndarray, audience: Audience, say: Language) -> list[str]:
    decimals = SECONDS_DECIMALS.get(audience, 0)
    pairs = [dms_text(a, b, decimals) for a, b in zip(lon, lat, strict=True)]
    return [f"{say.angle(north)} {say.angle(east)}" for east, north in pairs]


def _to_step(values: np.ndarray, step: float) -> np.ndarray:
    return np.round(np.round(values / step) * step, 1) if step else values
