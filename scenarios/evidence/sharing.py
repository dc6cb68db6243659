"""`otkel evidence share`: what an evidence folder says, for people who may not know where cameras stand.

A package is built from lists of the files and columns that its audience may have (`scenarios.evidence.sharing_lists`); whatever
is not on the list stays behind, also what later versions may add. Names that people gave (passages, sites, cameras, other maps)
become numbers, which follow from what the package shows and from nothing else: evidence folders that differ in withheld facts
only give the same package.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from rasters.errors import ConfigError, DataError, LayerNotFoundError, OptionError
from rasters.files.writing import replacing
from rasters.plain import as_meant, unknown
from rasters.profile import MOST_SENSITIVE
from scenarios.evidence.sharing_lists import (
    COUNTS,
    FIGURES,
    LEAST_PLACES,
    LEAST_PLACES_SENSITIVE,
    NOTES,
    OWN_MAPS,
    PARTNER,
    PUBLIC,
    READ,
    SYNTHETIC,
    TAKEN,
    TEXT,
)
from scenarios.land.inputs import read_profile
from scenarios.outputs.audience import PARTNER_DEG, Audience
from scenarios.outputs.columns import UNFILED
from scenarios.outputs.folder import MARKER
from scenarios.outputs.generalise import snapped
from scenarios.outputs.job import Summary, results_folder
from scenarios.outputs.tables import write_dictionary, write_vectors
from scenarios.progress import Reporter
from scenarios.records.hashing import read_json
from scenarios.study.load import ResolvedStudy, resolve

__all__ = ["share_evidence"]

WITHHELD = "withheld"


def share_evidence(
    name: str, evidence: Path, out: Path, reporter: Reporter, *, audience: str = "public"
) -> Summary[Audience]:
    """Write the package of an evidence folder for an audience; the folder appears when it is complete.

    Parameters
    ----------
    name : str
        The study of the evidence: its profiles say which species are the most sensitive, and it says whom to thank.
    evidence : Path
        Folder of `otkel evidence`.
    audience : {"public", "partner"}

    Raises
    ------
    ConfigError
        An audience without a package, another study, or ``out`` in the evidence folder.
    LayerNotFoundError, DataError
        A file or column of the evidence folder is missing or damaged.
    """
    chosen = _audience(audience, evidence)
    if out.resolve().is_relative_to(evidence.resolve()):
        raise OptionError(
            f"--out {out}: lies in the evidence folder; choose another, so that the package can be handed over by itself"
        )
    resolved = resolve(name)
    reporter.expect(2, "reading")
    manifest = _manifest(evidence, resolved)
    tables = _tables(evidence, manifest, READ[chosen])
    least = _least(resolved, tables)
    shared = _for_partner(tables) if chosen is Audience.PARTNER else _for_public(tables, least)
    reporter.step("writing")
    synthetic = bool(manifest["settings"]["synthetic"])
    note = f"{SYNTHETIC} {NOTES[chosen]}" if synthetic else NOTES[chosen]
    with results_folder(out, [resolved], said=(chosen, note)) as job:
        _write(shared, job.folder, note)
        _write_readme(job.folder, resolved, chosen, sorted(shared), synthetic=synthetic)
    files = sorted(path.name for path in out.iterdir())
    rows = {"audience": chosen.value, "synthetic": synthetic, "files": files, "note": NOTES[chosen]}
    said = [SYNTHETIC] * synthetic + [NOTES[chosen], f"{len(files)} files; README.txt says what was taken away"]
    return job.summary(chosen, rows, said, opens="README.txt")


def _audience(audience: str, evidence: Path) -> Audience:
    if audience == Audience.RESTRICTED:
        raise OptionError(
            f"--audience restricted: that is the evidence folder itself ({evidence}); hand it over as it is, only to those who may "
            "know where cameras stand, or choose partner or public"
        )
    if audience not in list(Audience):
        raise OptionError(f"--audience: {unknown('audience', audience, ('partner', 'public'))}")
    return Audience(audience)


def _manifest(evidence: Path, resolved: ResolvedStudy) -> Mapping[str, Any]:
    path = evidence / MARKER
    if not path.is_file():
        raise LayerNotFoundError(f"{path}: is not there, so this is no folder of `otkel evidence`; make one with it")
    try:
        manifest = read_json(path)
        kind, _, _ = manifest["kind"], manifest["settings"], manifest["outputs"].keys()
        studies = {settings["study"] for settings in manifest["scenarios"].values()} if kind == "evidence" else set()
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise DataError(
            f"{path}: is not a manifest that can be read ({error!r}); run `otkel evidence` again"
        ) from error
    if kind != "evidence" or "synthetic" not in manifest["settings"]:
        raise DataError(f"{path}: is not of `otkel evidence` (kind: {kind!r}); name the folder that it wrote")
    if resolved.study.study not in studies:
        raise ConfigError(
            f"{path}: is evidence of the study {', '.join(sorted(studies))}, not of {resolved.study.study}"
        )
    return manifest


def _tables(
    evidence: Path, manifest: Mapping[str, Any], wanted: Mapping[str, tuple[str, ...]]
) -> dict[str, pd.DataFrame]:
    """The wanted columns of the wanted files; numbers as numbers, the rest as text.

    `otkel evidence` writes no empty tables, so its manifest says which should be there; cameras always are.
    """
    expected = [name for name in wanted if name in manifest["outputs"] or name == "deployments.csv"]
    return {name: _table(evidence / name, wanted[name]) for name in expected}


def _table(path: Path, wanted: Iterable[str]) -> pd.DataFrame:
    if not path.is_file():
        raise LayerNotFoundError(f"{path}: is missing from the evidence folder; run `otkel evidence` again")
    try:
        table = (
            pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8").map(as_meant).rename(columns=UNFILED)
        )
    except ValueError as error:
        raise DataError(f"{path}: is not a table that can be read: {error}; run `otkel evidence` again") from error
    missing = [column for column in wanted if column not in table]
    if missing and "verdict" not in table:  # without a fit there are verdicts only
        raise DataError(f"{path}: has no column {', '.join(missing)}; run `otkel evidence` again")
    kept = table[[column for column in wanted if column in table]]
    return kept.assign(**{column: _numbers(kept[column], path) for column in kept.columns if column not in TEXT})


def _numbers(values: pd.Series, path: Path) -> pd.Series:
    found = pd.to_numeric(values.where(values != "", "nan"), errors="coerce")
    wrong = found.isna() & ~values.isin(["", "nan"])
    if wrong.any():
        row = int(np.flatnonzero(wrong)[0])
        raise DataError(
            f"{path}, row {row + 2}: {values.name}: {values.iloc[row]!r} is not a number; run `otkel evidence` again"
        )
    return found.astype(float)


def _for_partner(tables: Mapping[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """Every file on the list, coarse, with numbers for names."""
    shared = {name: _coarse(tables[name], PARTNER[name], Audience.PARTNER) for name in PARTNER if name in tables}
    shared["deployments.csv"] = _snapped(shared["deployments.csv"])
    if "predictors.csv" in shared:
        shared["predictors.csv"] = _maps_numbered(shared["predictors.csv"])
    return _renamed(shared)


def _coarse(table: pd.DataFrame, columns: Iterable[str], audience: Audience) -> pd.DataFrame:
    """The columns on the list, with the figures that the audience may have; what is stated in words without its numbers."""
    table = table[[column for column in columns if column in table]]
    return table.assign(
        **{column: _rounding(column, audience)(table[column]) for column in table.columns if column not in TEXT}
    ).assign(**{column: table[column].map(_head) for column in ("status",) if column in table})


def _rounding(column: str, audience: Audience) -> Callable[[pd.Series], pd.Series]:
    if audience is Audience.PARTNER and (column in COUNTS or column in ("lat", "lon")):
        return lambda values: values
    if audience is Audience.PARTNER and column == "days":
        return lambda values: values.round(0)
    return lambda values: values.map(lambda value: float(f"{value:.{FIGURES[audience] - 1}e}"))


def _head(status: str) -> str:
    """The status without reasons, which count and name."""
    return re.split(r"[:;(\d]", status)[0].strip()


def _snapped(table: pd.DataFrame) -> pd.DataFrame:
    lon, lat = snapped(table["lon"], table["lat"], PARTNER_DEG)
    return table.assign(lat=lat, lon=lon)


def _maps_numbered(table: pd.DataFrame) -> pd.DataFrame:
    """Maps of other results bear names that people gave; they are numbered by how well they fit."""
    others = {
        name: str(sorted(_cells(rows, "predictor")))
        for name, rows in table.groupby("predictor")
        if name not in OWN_MAPS
    }
    number = {name: f"other map {i + 1}" for i, name in enumerate(sorted(others, key=lambda name: others[name]))}
    return table.assign(predictor=[number.get(name, name) for name in table["predictor"]])


@dataclass(frozen=True, slots=True, order=True)
class _Named:
    """A name that is to be replaced by ``what`` and a number."""

    what: str
    id: str


REFERS = {
    "deployments.csv": ("site",),
    "passage_use.csv": ("watched",),
    "use_factors.csv": ("passage",),
    "places.csv": ("unit", "name"),
}
"""Columns with names that become numbers; where there are two, they say the same."""


def _renamed(tables: Mapping[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """Names by numbers, in the order of what the rows show otherwise, and rows in an order without the names."""
    marked = {name: _marked(name, table) for name, table in tables.items()}
    shown: dict[_Named, list[str]] = {}
    for file, table in marked.items():
        for column in REFERS.get(file, ())[:1]:
            for name, rows in table[table[column].map(lambda v: isinstance(v, _Named))].groupby(column):
                shown.setdefault(name, []).extend(f"{file} {cells}" for cells in _cells(rows, *REFERS[file]))
    numbers: dict[_Named, str] = {}
    for what in sorted({name.what for name in shown}):
        mine = sorted((name for name in shown if name.what == what), key=lambda name: sorted(shown[name]))
        numbers |= {name: f"{what} {i + 1}" for i, name in enumerate(mine)}
    return {name: _numbered(name, table, numbers) for name, table in marked.items()}


def _cells(rows: pd.DataFrame, *without: str) -> list[str]:
    """Each row as text, without the columns that hold names."""
    return [str(cells) for cells in rows.drop(columns=list(without)).itertuples(index=False, name=None)]


def _marked(file: str, table: pd.DataFrame) -> pd.DataFrame:
    """The table with `_Named` in place of names that people gave."""
    if file == "deployments.csv":
        return table.assign(site=[_Named("site", site) for site in table["site"]])
    if file == "use_factors.csv":
        return table.assign(passage=[_Named("passage", one) if one else "" for one in table["passage"]])
    if file == "passage_use.csv":
        return table.assign(watched=[_watched(*one) for one in zip(table["kind"], table["watched"], strict=True)])
    if file == "places.csv":
        units = [
            _Named("site", u.removeprefix("step ")) if g == "step" else u
            for u, g in zip(table["unit"], table["group"], strict=True)
        ]
        names = [u if isinstance(u, _Named) else n for u, n in zip(units, table["name"], strict=True)]
        return table.assign(unit=units, name=names)
    return table


def _watched(kind: str, watched: str) -> _Named | str:
    if kind in ("passage", "control"):
        one = watched.removeprefix("control of ")
        return "all passages" if kind == "control" and one == "any" else _Named("passage", one)
    if kind == "fence":
        return _Named("stretch", watched)
    return watched if kind == "place" else "open country"


def _numbered(file: str, table: pd.DataFrame, numbers: Mapping[_Named, str]) -> pd.DataFrame:
    columns = REFERS.get(file, ())
    if not columns:
        return table
    named = table.assign(**{c: [numbers[v] if isinstance(v, _Named) else v for v in table[c]] for c in columns})
    order = sorted(range(len(named)), key=lambda i: [_natural(value) for value in named.iloc[i]])
    return named.iloc[order].reset_index(drop=True)


def _natural(value: object) -> str:
    """``site 2`` before ``site 10``, 9 before 10."""
    return re.sub(r"\d+", lambda digits: digits[0].zfill(12), str(value))


def _least(resolved: ResolvedStudy, tables: Mapping[str, pd.DataFrame]) -> dict[str, int]:
    """Species -> on how many places a number for the public must rest."""
    species = sorted({name for table in tables.values() if "species" in table for name in table["species"]})
    strange = [name for name in species if name not in resolved.study.species]
    if strange:
        raise DataError(
            f"{resolved.path}: species: unknown species {strange[0]!r}, which the evidence folder names; name its own study"
        )
    found = {name: read_profile(resolved, name).sensitivity_deg.value for name in species}
    return {name: LEAST_PLACES_SENSITIVE if at >= MOST_SENSITIVE.value else LEAST_PLACES for name, at in found.items()}


def _for_public(tables: Mapping[str, pd.DataFrame], least: Mapping[str, int]) -> dict[str, pd.DataFrame]:
    """Totals that rest on enough places; numbers of others are left empty."""
    shared = {}
    for name in (name for name in PUBLIC if name in tables):
        rests = _rests_on(name, tables)
        table = tables[name]
        if name == "use_factors.csv":  # in an order that does not come from the passages
            table = table[table["passage"] == ""].sort_values(["species", "design"])
        few = rests.loc[table.index] < table["species"].map(least)
        shown = _coarse(table, PUBLIC[name], Audience.PUBLIC)
        numbers = [column for column in shown.columns if column not in TEXT]
        words = [column for column in ("status", "verdict") if column in shown]
        shown.loc[few, numbers] = np.nan
        shown.loc[few, words] = WITHHELD
        shared[name] = shown[~few] if name == "power.csv" else shown
    return {name: table for name, table in shared.items() if len(table)}


def _rests_on(name: str, tables: Mapping[str, pd.DataFrame]) -> pd.Series:
    """On how many passages, places or sites each row rests."""
    table = tables[name]
    if name == "occupancy.csv":
        return table["units"].fillna(0)
    if name == "use_factors.csv":
        known = table[(table["passage"] != "") & (table["status"] == "updated")].groupby(["species", "design"]).size()
        return pd.Series(
            [known.get(one, 0) for one in zip(table["species"], table["design"], strict=True)], index=table.index
        )
    if name == "seasons.csv":
        use = tables.get("passage_use.csv", pd.DataFrame(columns=["kind", "period", "days", "watched"]))
        mine = use[(use["kind"] == "passage") & (use["period"] != "before") & (use["days"].astype(float) > 0)]
        return pd.Series(mine["watched"].nunique(), index=table.index)
    prediction = tables.get("prediction.csv", pd.DataFrame(columns=["species", "sites"]))
    sites = prediction.set_index("species")["sites"] if "sites" in prediction else pd.Series(dtype=float)
    return table["species"].map(sites.to_dict()).fillna(0).astype(float)


def _write(shared: Mapping[str, pd.DataFrame], folder: Path, note: str) -> None:
    """The tables, their dictionary and, where there are positions, the GeoPackage."""
    import geopandas as gpd

    write_dictionary(folder, shared, of="evidence share")
    if "deployments.csv" in shared:
        cameras = shared["deployments.csv"]
        points = gpd.points_from_xy(cameras["lon"], cameras["lat"], crs="EPSG:4326")
        layers = {"cameras": gpd.GeoDataFrame(cameras, geometry=points)}
        write_vectors(folder / "cameras.gpkg", layers, of="evidence share", metadata={"audience": note})


def _write_readme(
    folder: Path, resolved: ResolvedStudy, audience: Audience, files: list[str], *, synthetic: bool
) -> None:
    """What it is, for whom, what was taken away, whom to thank."""
    has_cameras = "deployments.csv" in files
    lines = [
        f"What cameras say: {resolved.study.title}",
        "",
        *([SYNTHETIC, ""] if synthetic else []),
        f"For: {audience.value.upper()}" + ("; do not pass on" if audience is Audience.PARTNER else ""),
        "",
        "In this package",
        *(f"- {name}" for name in [*files, *(["cameras.gpkg"] if has_cameras else [])]),
        "- columns.csv: meaning and unit of every column",
        "- manifest.json: versions, and size and hash of every file",
        "",
        "What was taken away",
        *(f"- {one}" for one in TAKEN[audience]),
        "",
        "Intervals are to hold the truth with 90 %. Positions of reserves and fences in the study may be schematic.",
        "",
        *(["Data of the study: " + "; ".join(resolved.study.credits)] if resolved.study.credits else []),
    ]
    with replacing(folder / "README.txt") as part:
        part.write_text("\n".join(lines).rstrip() + "\n", encoding="utf-8")
