"""Collar data as they come -> `Tracks`: every file read, every fault told at once, what is no fix left out and counted."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd

from rasters.errors import DataError, LayerNotFoundError
from scenarios.field_data.faults import Fault, Faults
from scenarios.field_data.tables import typed_table
from scenarios.tracks.formats import ENDINGS, read_text
from scenarios.tracks.plausible import left_out, spikes
from scenarios.tracks.settings import SETTINGS, TrackFile, TracksSettings, read_settings
from scenarios.tracks.standard import FIXES

__all__ = ["Tracks", "read_tracks"]

MOST_FIXES = 30_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Tracks:
    """Fixes of animals, read and checked.

    Parameters
    ----------
    folder : Path
    title : str
    fixes : DataFrame
        ``animal`` (categorical text), ``species`` (as in the data), ``time`` (UTC), ``lon, lat`` [degrees], sorted by animal and time.
    counts : DataFrame
        One row per animal: ``animal, rows``, then how many were left out and why: ``no_fix, repeated, too_fast, not_worn``; ``fixes``.
    files : tuple of Path
        Read, the settings among them.
    settings : TracksSettings
    faults : tuple of Fault
        Warnings only; errors stop the reading.
    """

    folder: Path
    title: str
    fixes: pd.DataFrame
    counts: pd.DataFrame
    files: tuple[Path, ...]
    settings: TracksSettings
    faults: tuple[Fault, ...]

    @property
    def synthetic(self) -> bool:
        """Made by a simulator."""
        return self.settings.synthetic


def read_tracks(path: str | Path, *, settings: str | Path | None = None, now: datetime | None = None) -> Tracks:
    """Read fixes and check them as far as that goes without a study.

    Parameters
    ----------
    path : path
        A file (Movebank or other CSV, also gzipped; GPX; GeoPackage of points), or a folder with such files or a ``tracks.yaml``.
    settings : path, optional
        The ``tracks.yaml`` to use; default the one in the folder, if there is one.
    now : datetime, optional
        Times after it are in the future; default the clock's.

    Raises
    ------
    DataError
        With every error of every file, each with file, row, field, value and the fix.
    ConfigError
        A fault in ``tracks.yaml``.
    """
    path = Path(path)
    if not path.exists():
        raise LayerNotFoundError(
            f"{path}: there is no such file or folder; give the tracks, or the folder that holds them"
        )
    folder = path if path.is_dir() else path.parent
    beside = Path(settings) if settings else next((p for p in [folder / SETTINGS] if p.is_file()), None)
    options, faults = read_settings(beside), Faults()
    raw = [_typed(one, stated, options, faults) for one, stated in _files(path, options)]
    faults.raise_errors()
    table = pd.concat(raw, ignore_index=True)
    if len(table) > MOST_FIXES:
        raise DataError(
            f"{path}: {len(table)} fixes; at most {MOST_FIXES} are read at once, so give some animals at a time"
        )
    _check_stated(options, table, beside, faults)
    table = left_out(table, options, now or datetime.now(UTC), faults)
    faults.raise_errors()
    table = spikes(
        table.sort_values(["animal", "time"], kind="stable").reset_index(drop=True), options.most_kmh, faults
    )
    _check_names(table, faults)
    faults.raise_errors()
    kept = table["why"] == ""
    if not kept.any():
        raise DataError(f"{path}: no fix is left of {len(table)} rows: {_reasons(table)}")
    return Tracks(
        folder=folder, title=path.name, fixes=_fixes(table[kept]), counts=_counts(table), settings=options,
        files=tuple([one for one, _ in _files(path, options)] + ([beside] if beside else [])), faults=tuple(faults.warnings),
    )  # fmt: skip


def _files(path: Path, options: TracksSettings) -> Iterator[tuple[Path, TrackFile]]:
    """Every file of fixes and what is stated about it."""
    if path.is_file():
        stated = next((one for one in options.files if one.file == path.name), TrackFile(file=path.name))
        yield path, stated
        return
    if options.files:
        yield from ((path / one.file, one) for one in options.files)
        return
    there = sorted(one for one in path.iterdir() if one.is_file() and one.name.lower().endswith(ENDINGS))
    if not there:
        names = ", ".join(sorted(one.name for one in path.iterdir())) or "nothing"
        raise LayerNotFoundError(f"{path}: holds no CSV, GPX or GeoPackage file of fixes; there is {names}")
    yield from ((one, TrackFile(file=one.name)) for one in there)


def _typed(path: Path, stated: TrackFile, options: TracksSettings, faults: Faults) -> pd.DataFrame:
    if not path.is_file():
        raise LayerNotFoundError(f"{path}: there is no such file; correct `files` in {SETTINGS}")
    text = read_text(path, stated, options)
    table = typed_table(text, FIXES, path.name, faults)
    return table.drop(columns=["utc_offset_min"], errors="ignore").assign(file=path.name)


def _check_stated(options: TracksSettings, table: pd.DataFrame, beside: Path | None, faults: Faults) -> None:
    """Animals that the settings name are in the data."""
    there = set(table["animal"])
    for key, name in [*(("animals", one) for one in options.animals), *(("held_out", one) for one in options.held_out)]:
        if name not in there:
            some = ", ".join(sorted(there)[:8])
            faults.error(
                "animal", str(beside), 0, f"{key}.{name}", None, f"no fix is of this animal; the files have {some}"
            )


def _check_names(table: pd.DataFrame, faults: Faults) -> None:
    """An animal has one species."""
    pairs = table.loc[(table["why"] == "") & (table["species"] != ""), ["animal", "species", "file", "row"]]
    pairs = pairs.drop_duplicates(["animal", "species"])
    for animal, mine in pairs.groupby("animal", observed=True):
        if len(mine) > 1:
            names = " and ".join(mine["species"])
            message = f"the animal {animal} is given as {names}; give two animals two names, or correct one"
            faults.error(
                "species",
                str(mine["file"].iloc[1]),
                int(mine["row"].iloc[1]),
                "species",
                mine["species"].iloc[1],
                message,
            )


def _reasons(table: pd.DataFrame) -> str:
    return ", ".join(f"{n} {why.replace('_', ' ')}" for why, n in table["why"].value_counts().items()) or "none"


def _fixes(table: pd.DataFrame) -> pd.DataFrame:
    first = table[table["species"] != ""].drop_duplicates("animal")
    named = dict(zip(first["animal"], first["species"], strict=True))
    out = table[["animal", "time", "lon", "lat"]].reset_index(drop=True)
    out["animal"] = out["animal"].astype("category").cat.remove_unused_categories()
    of = [named.get(one, "") for one in out["animal"].cat.categories]
    out["species"] = pd.Series(np.array(of, object)[out["animal"].cat.codes.to_numpy()], dtype="category")
    return out


def _counts(table: pd.DataFrame) -> pd.DataFrame:
    """Rows of each animal and what became of them."""
    by_reason = pd.crosstab(table["animal"], table["why"])
    out = pd.DataFrame({"animal": by_reason.index, "rows": by_reason.sum(axis=1).to_numpy(np.int64)})
    for reason in ("no_fix", "repeated", "too_fast", "not_worn"):
        out[reason] = by_reason[reason].to_numpy(np.int64) if reason in by_reason else 0
    return out.assign(fixes=by_reason[""].to_numpy(np.int64) if "" in by_reason else 0)
