"""What all sheets of one run share: the run as its audience may see it, its passages, words, credits and trace."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rasters.errors import OptionError
from rasters.plain import unknown
from scenarios.model.ground import elevation_of
from scenarios.model.naming import full_names
from scenarios.model.results import shortlist
from scenarios.outputs.audience import Audience
from scenarios.outputs.cartography.furniture import relief
from scenarios.outputs.release import Release
from scenarios.outputs.sk42 import DatumOperation
from scenarios.outputs.translate import Language
from scenarios.study.land import ContextName

if TYPE_CHECKING:
    import geopandas as gpd

__all__ = ["Passage", "SheetSource", "fence_of", "passages_of", "shaded_relief"]

RANK_MARK = "#"


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """A passage as a sheet shows it.

    ``label`` is its number in the list of the best, or ``#rank`` for any other candidate; ``x``, ``y`` in the study's CRS.
    """

    label: str
    candidate: str
    fence: str
    along_m: float
    x: float
    y: float
    width_m: float
    design: str
    name: str = ""
    """Its own, where it has one."""
    state: str = ""
    """What `scenarios.model.standing` says of one that stands; empty for a proposed one."""


@dataclass(frozen=True, kw_only=True)
class SheetSource:
    """What all sheets of a run share.

    Parameters
    ----------
    run : Release
        With the precision of its audience.
    operation : DatumOperation
    borders : GeoDataFrame or None
        Lines, in the study's CRS.
    credits : tuple of str
    trace : str
        Date of the run and hash of its manifest.
    say : Language
        Says every word of the sheets.
    shade : (height, width) float64 or None
        Brightness of the study's relief.
    around : mapping of str to GeoDataFrame
        Waters, roads and settlements, in the study's CRS; only those that it has.
    """

    run: Release
    operation: DatumOperation
    borders: gpd.GeoDataFrame | None
    credits: tuple[str, ...]
    trace: str
    say: Language
    shade: NDArray[np.float64] | None
    around: Mapping[ContextName, gpd.GeoDataFrame] = field(default_factory=dict)

    @property
    def audience(self) -> Audience:
        """Whom the sheets are for."""
        return self.run.audience

    @cached_property
    def best(self) -> tuple[Passage, ...]:
        """The proposed passages that have a number."""
        return passages_of(shortlist(self.run.ranking))

    @cached_property
    def standing(self) -> tuple[Passage, ...]:
        """The passages that stand, ``S1`` and on."""
        table = self.run.standing.rename(columns={"opening": "candidate"})
        return passages_of(table.assign(number=[f"S{number}" for number in table["number"]]))

    def passage(self, wanted: str) -> Passage:
        """A passage by its number on maps (``3``, ``S1``), its rank (``#57``; without the mark where no number is the same) or its id.

        Raises
        ------
        ConfigError
            There is none.
        """
        listed = {passage.label: passage for passage in (*self.best, *self.standing)}
        listed |= {passage.candidate: passage for passage in self.standing}
        if wanted in listed:
            return listed[wanted]
        ranking = self.run.ranking
        is_it = (ranking["candidate"] == wanted) | (ranking["rank"].astype(str) == wanted.removeprefix(RANK_MARK))
        if not is_it.any():
            if ranking.empty:
                raise OptionError(f"--passage {wanted!r}: the scenario {self.run.scenario} has no candidate passages")
            some = ", ".join(ranking["candidate"].head(3))
            raise OptionError(
                f"--passage {wanted!r}: no such passage; give a number on the maps, as {', '.join(list(listed)[:3])}, a rank from "
                f"{RANK_MARK}1 to {RANK_MARK}{len(ranking)}, or an id such as {some}"
            )
        found = ranking[is_it].head(1)
        one = passages_of(found.assign(number=[f"{RANK_MARK}{found['rank'].iloc[0]}"]))[0]
        return next((passage for passage in listed.values() if passage.candidate == one.candidate), one)

    def fence_title(self, fence: str) -> str:
        """Name of a fence; where several share it, with what tells their ids apart."""
        return full_names(self.run.cuts.fences, self.say)[fence]

    def km(self, along_m: float) -> str:
        """Kilometres along a fence, in tenths where they are not whole."""
        km = along_m / 1000.0
        return f"{round(km)}" if abs(km - round(km)) < 0.05 else self.say(f"{km:.1f}")

    def species_title(self) -> str:
        """The species, or all of them."""
        return self.say(self.run.titles.get("species", self.run.species))


def passages_of(table: pd.DataFrame) -> tuple[Passage, ...]:
    """Rows of a ranking that has a ``number``."""
    return tuple(
        Passage(
            label=str(row.number),
            candidate=str(row.candidate),
            fence=str(row.fence),
            along_m=float(row.along_m),
            x=float(row.x),
            y=float(row.y),
            width_m=float(row.width_m),
            design=str(row.design),
            state=str(getattr(row, "state", "")),
            name=str(getattr(row, "name", "")),
        )
        for row in table.itertuples(index=False)
    )


def fence_of(run: Release, fence: str) -> Any:
    """A fence by its id; ConfigError if the scenario has none of that name."""
    by_id = {one.id: one for one in run.cuts.fences}
    if fence not in by_id:
        raise OptionError(f"--fence: {unknown('fence', fence, by_id)}")
    return by_id[fence]


def shaded_relief(run: Release) -> NDArray[np.float64] | None:
    """Brightness of the relief on the study's grid, None without elevation."""
    layer = elevation_of(run)
    if layer is None:
        return None
    return relief(np.where(layer.nodata, np.nan, np.asarray(layer.values, dtype=np.float64)), run.grid.cell_width_m)
