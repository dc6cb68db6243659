"""What the page knows of a set of runs, as plain data: nothing that the runs do not hold."""

from __future__ import annotations

import base64
import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from scenarios.outputs.audience import badge
from scenarios.outputs.release import Release
from scenarios.outputs.report.basis import Basis
from scenarios.outputs.report.passages import passages_of, standing_of
from scenarios.outputs.report.phrases import phrases
from scenarios.outputs.report.surfaces import THEMES, Frame, Scale, Theme, ground_of, packed, palette, surface_of
from scenarios.outputs.report.vectors import (
    border_lines,
    fences_of,
    finite,
    gains_of,
    paths_of,
    places_of,
    stretches_of,
)
from scenarios.outputs.tables import given_back
from scenarios.outputs.words import audience_of, schematic_note
from scenarios.records.hashing import versions

if TYPE_CHECKING:
    import geopandas as gpd

    from scenarios.model.passage_model import PassageModel

__all__ = ["Contents", "payload"]

PAGE_BYTES = 12_500_000
"""What the data of a page may take together: surfaces are made coarser until they fit."""
LEAST_BYTES = 3_000_000
"""What surfaces may take whatever else there is."""
COARSEST = 200
"""Pixels along a side below which surfaces are not made coarser."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """What goes into a page.

    Parameters
    ----------
    runs : tuple of Release
        Of one study, for one audience, in the order in which they are shown.
    combined : dict of str to DataFrame
        Scenario -> ranking over all its species.
    bases : dict of str to Basis
        Scenario -> what a saved scenario builds on. A scenario without one offers no passages to try.
    credits : tuple of str
    borders : GeoDataFrame, optional
    beside : str
        Scenario that the page opens with beside the first; empty for none.
    lang : str
        Language that the page opens in; empty for the reader's own.
    """

    runs: tuple[Release, ...]
    combined: dict[str, pd.DataFrame] = field(default_factory=dict)
    bases: dict[str, Basis] = field(default_factory=dict)
    credits: tuple[str, ...] = ()
    borders: gpd.GeoDataFrame | None = None
    beside: str = ""
    lang: str = ""

    def of_scenario(self, scenario: str) -> list[Release]:
        """Runs of one scenario."""
        return [run for run in self.runs if run.scenario == scenario]

    @property
    def scenarios(self) -> tuple[str, ...]:
        """Ids, in order."""
        return tuple(dict.fromkeys(run.scenario for run in self.runs))


def payload(contents: Contents) -> dict[str, Any]:
    """Everything of the page that differs from study to study."""
    first = contents.runs[0]
    audience, note = audience_of(contents.runs)
    data = {
        "study": {"id": first.study, "title": first.titles.get("study", first.study)},
        "program": f"otkel {versions()['otkel']}",
        "audience": audience.value,
        "badge": badge(audience),
        "note": note,
        "schematic": sorted({schematic_note(run) for run in contents.runs} - {""}),
        "assumptions": list(dict.fromkeys(text for run in contents.runs for text in run.assumptions)),
        "credits": list(contents.credits),
        "beside": contents.beside,
        "lang": contents.lang,
        "themes": [
            {"id": t.id, "title": t.title, "unit": t.unit, "says": t.says, "reading": t.reading, "palette": palette(t)}
            for t in THEMES
        ],
        "species": _species(contents),
        "scenarios": [_scenario(contents, name) for name in contents.scenarios],
        "runs": {_key(run): _run(run, contents.bases.get(run.scenario)) for run in contents.runs},
        "places": places_of(contents.runs),
        "borders": border_lines(contents.borders, first.grid),
    }
    data["phrases"] = phrases(contents.runs, _told(data))
    return data | _surfaces(contents, max(PAGE_BYTES - len(json.dumps(data)), LEAST_BYTES))


def _told(data: dict[str, Any]) -> list[str]:
    """Every text of the data that the page says."""
    scenarios, units = data["scenarios"], [theme["unit"] for theme in data["themes"]]
    named = [*data["species"], *data["places"], *(fence for one in scenarios for fence in one["fences"])]
    designs = [row["design"].replace("_", " ") for one in scenarios for row in (*one["passages"], *one["standing"])]
    return [
        data["study"]["title"],
        data["note"],
        *data["schematic"],
        *data["assumptions"],
        *data["credits"],
        *units,
        *designs,
        *(one["title"] for one in scenarios),
        *(one["schematic"] for one in scenarios),
        *(one["name"] for one in named),
    ]


def _key(run: Release) -> str:
    return f"{run.scenario}/{run.species}"


def _species(contents: Contents) -> list[dict[str, Any]]:
    """Each once, with its name."""
    return list(
        {
            run.species: {"id": run.species, "name": run.titles.get("species", run.species)} for run in contents.runs
        }.values()
    )


def _surfaces(contents: Contents, budget: int) -> dict[str, Any]:
    """Frame, ground, packed rasters, each once, and which of them each run shows on what scale; within the budget."""
    scales = {
        (species, theme.id): Scale.of((surface_of(r, theme) for r in contents.runs if r.species == species), theme)
        for species in dict.fromkeys(run.species for run in contents.runs)
        for theme in THEMES
    }
    frame = Frame(grid=contents.runs[0].grid)
    while True:
        found = _packed(contents, frame, scales)
        size = len(found["ground"]) + sum(map(len, found["rasters"].values()))
        side = max(frame.shape)
        if size <= budget or side <= COARSEST:
            return found
        frame = Frame(grid=frame.grid, most=max(COARSEST, int(0.97 * side * math.sqrt(budget / size))))


def _packed(contents: Contents, frame: Frame, scales: Mapping[tuple[str, str], Scale]) -> dict[str, Any]:
    rasters: dict[str, str] = {}
    shown: dict[str, dict[str, Any]] = {}
    for run in contents.runs:
        shown[_key(run)] = {t.id: _raster(run, t, frame, scales[run.species, t.id], rasters) for t in THEMES}
    first = contents.runs[0]
    return {
        "frame": {"corners": frame.corners, "height": frame.shape[0], "width": frame.shape[1]},
        "ground": packed(frame.pick(ground_of(first), first.grid)),
        "rasters": rasters,
        "surfaces": shown,
    }


def _raster(run: Release, theme: Theme, frame: Frame, scale: Scale, rasters: dict[str, str]) -> dict[str, Any]:
    pixels = frame.pick(scale.bytes_of(surface_of(run, theme)), run.grid)
    name = hashlib.sha256(pixels.tobytes()).hexdigest()[:12]
    if name not in rasters:
        rasters[name] = packed(pixels)
    return {"raster": name, "known": bool(pixels.any())} | asdict(scale)


def _scenario(contents: Contents, name: str) -> dict[str, Any]:
    runs = contents.of_scenario(name)
    basis = contents.bases.get(name)
    return {
        "id": name,
        "title": runs[0].titles.get("scenario", name),
        "schematic": schematic_note(runs[0]),
        "fences": fences_of(runs[0]),
        "stretches": stretches_of(runs[0]),
        "passages": passages_of(runs, contents.combined.get(name), {} if basis is None else basis.months),
        "standing": standing_of(runs[0]),
        "basis": None if basis is None else {"base": basis.base, "set": basis.overrides, "openings": basis.openings},
        "weights": {run.species: _weight(runs, run, basis) for run in runs},
        "arriving": basis is not None and basis.arriving,
    }


def _weight(runs: Sequence[Release], run: Release, basis: Basis | None) -> float:
    """Share of a species in the combined score [1]."""
    weights = {r.species: 1.0 if basis is None else basis.weights.get(r.species, 1.0) for r in runs}
    total = sum(weights.values())
    return weights[run.species] / total if total > 0 else 0.0


def _run(run: Release, basis: Basis | None) -> dict[str, Any]:
    return {
        "gains": gains_of(run),
        "paths": paths_of(run),
        "pairs": _pairs(run),
        "givenBack": given_back(run),
        "model": None if run.model is None or basis is None else _model(run, run.model, basis),
    }


def _pairs(run: Release) -> list[dict[str, Any]]:
    columns = {
        "ohm": "effective_resistance_ohm",
        "ohm_free": "effective_resistance_no_fence_ohm",
        "cost_m": "least_cost_m",
        "cost_free_m": "least_cost_no_fence_m",
    }
    return [
        {"source": row["source"], "target": row["target"]}
        | {short: finite(row[name]) for short, name in columns.items()}
        for row in run.pairs.to_dict("records")
    ]


def _model(run: Release, model: PassageModel, basis: Basis) -> dict[str, Any]:
    """The small model, its matrices as their upper triangles, and what its score is counted from."""
    upper = np.triu_indices(model.size, 1)
    routes = basis.routes.get(run.species)
    each = routes is not None and routes.each_target
    counted = run.pairs[(run.pairs["target"] != "any") if each else (run.pairs["target"] == "any")]
    pairs = list(zip(counted["source"], counted["target"], strict=True))
    at = {name: number for number, name in enumerate([*model.origins, *model.targets, "any"])}
    best = [run.ranking[c].max() for c in ("conductance_gain_share", "least_cost_gain_share")]
    return {
        "size": model.size,
        "origins": len(model.origins),
        "targets": len(model.targets),
        "originIds": list(model.origins),
        "targetIds": list(model.targets),
        "candidates": list(model.candidates),
        "resistance": _reals(model.resistance[upper]),
        "cost": _reals(model.cost_m[upper]),
        "first": model.first.tolist(),
        "second": model.second.tolist(),
        "slotEdge": model.slot_edge.tolist(),
        "slotCandidate": model.slot_candidate.tolist(),
        "stateStart": model.state_start.tolist(),
        "delta": _reals(model.delta),
        "stateCost": _reals(model.state_cost_m),
        "counted": [[at[a], at[b] - len(model.origins)] for a, b in pairs],
        "counts": [1.0 if routes is None else routes.weight(a) * routes.weight(b) for a, b in pairs],
        "withoutOhm": _reals(counted["effective_resistance_no_fence_ohm"].to_numpy(float)),
        "withoutCost": _reals(counted["least_cost_no_fence_m"].to_numpy(float)),
        "best": [finite(value) or 0.0 for value in best],
        "weights": list(basis.ranking),
    }


def _reals(values: NDArray[np.float64]) -> str:
    """Base64 of little-endian float64: infinities stay, no digit is lost."""
    return base64.b64encode(np.ascontiguousarray(values, "<f8").tobytes()).decode()
