"""Puts features and settings into a study: all of it or nothing, with a copy of what was there before."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from rasters.errors import ConfigError, ExportError
from rasters.files.formats import require_plain_vectors
from rasters.files.scratch import scratch_folder
from scenarios.outputs.claim import claimed
from scenarios.study.load import LIBRARY

if TYPE_CHECKING:
    import geopandas as gpd

__all__ = ["KEPT", "extended", "joined_frames", "replace_files", "require_own", "stored_features", "write_features"]

KEPT = "before-import"
"""Folder of a study with what was there before each import, numbered."""
EXTENDED = (".gpkg", ".geojson", ".json")
"""Files that features are added to; others are written anew as GeoPackage."""


def require_own(path: Path) -> None:
    """ConfigError for a study that comes with otkel: nobody's installation is changed."""
    if path.resolve().is_relative_to(LIBRARY.resolve()):
        name = path.resolve().relative_to(LIBRARY.resolve()).parts[0]
        raise ConfigError(
            f"{name}: comes with otkel and is not changed; copy it first: otkel new NAME --example {name}"
        )


def extended(path: Path) -> bool:
    """Whether features can be added to a file as it is."""
    return path.suffix.casefold() in EXTENDED


def stored_features(path: Path, table: str | None) -> tuple[gpd.GeoDataFrame, str] | None:
    """What a file of the study holds, and the layer; None where there is no such file or layer yet."""
    import pyogrio

    if not path.is_file():
        return None
    require_plain_vectors(path)
    names = [str(name) for name in pyogrio.list_layers(path)[:, 0]]
    if table is None and len(names) != 1:
        raise ConfigError(f"{path}: has the layers {', '.join(names)}; name one in study.yaml (`table`)")
    layer = table or names[0]
    return (pyogrio.read_dataframe(path, layer=layer), layer) if layer in names else None


def write_features(part: Path, before: Path | None, layer: str, frame: gpd.GeoDataFrame) -> None:
    """Write a layer to ``part``; other layers of ``before`` stay as they are."""
    import pyogrio

    if before is not None and before.is_file() and extended(before) and part.suffix.casefold() == ".gpkg":
        shutil.copyfile(before, part)
    driver = "GPKG" if part.suffix.casefold() == ".gpkg" else "GeoJSON"
    options = {} if driver == "GPKG" else {"RFC7946": "NO"}
    for column in frame.columns.drop(frame.geometry.name):
        if frame[column].dtype == object:
            frame[column] = frame[column].where(frame[column].notna(), None)
    try:
        pyogrio.write_dataframe(frame, part, layer=layer, driver=driver, layer_options=options or None)
    except (ValueError, pyogrio.errors.DataSourceError, pyogrio.errors.FeatureError) as error:
        raise ExportError(f"{before or part.name}: could not be written: {error}") from error


def joined_frames(old: gpd.GeoDataFrame | None, new: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Old features, then new ones, in the system of the old."""
    import geopandas as gpd

    if old is None:
        return new
    new = new.to_crs(old.crs) if old.crs is not None else new
    if new.geometry.name != old.geometry.name:
        new = new.rename_geometry(old.geometry.name)
    if not len(old):
        return gpd.GeoDataFrame(new, crs=old.crs or new.crs)
    columns = [*old.columns, *(column for column in new.columns if column not in old.columns)]
    rows = pd.DataFrame(
        [*old.reindex(columns=columns).to_dict("records"), *new.reindex(columns=columns).to_dict("records")],
        columns=columns,
    )
    return gpd.GeoDataFrame(rows, geometry=old.geometry.name, crs=old.crs)


def replace_files(
    study: Path, files: Mapping[Path, Callable[[Path], None]], require_good: Callable[[], None]
) -> Path | None:
    """Write files of a study and put them in place together; where something fails, all is as it was.

    Parameters
    ----------
    study : Path
        ``study.yaml``.
    files : mapping of Path to callable
        File -> writes it, to another place that it is given.
    require_good : callable
        Raises where the study cannot be read as it is then.

    Returns
    -------
    Path or None
        Folder with the files as they were; None where there were none.
    """
    folder = study.parent
    try:
        with claimed(study), scratch_folder(".otkel-import-", folder) as scratch:
            parts = {}
            for number, (path, write) in enumerate(files.items()):
                parts[path] = scratch / f"{number}" / path.name
                parts[path].parent.mkdir()
                write(parts[path])
            kept = _kept(folder, [path for path in files if path.is_file()])
            try:
                for path, part in parts.items():
                    path.parent.mkdir(parents=True, exist_ok=True)
                    part.replace(path)
                require_good()
            except BaseException:
                _restore(folder, files, kept)
                raise
    except OSError as error:
        if isinstance(error, ExportError):
            raise
        raise ExportError(f"{folder}: could not be written ({error.strerror or error}); nothing was changed") from error
    return kept


def _kept(folder: Path, files: list[Path]) -> Path | None:
    """Copies of files as they are, in the next numbered folder."""
    if not files:
        return None
    numbers = [int(one.name) for one in (folder / KEPT).glob("*") if one.name.isdecimal()]
    kept = folder / KEPT / f"{max(numbers, default=0) + 1:03d}"
    for path in files:
        copy = kept / path.relative_to(folder)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(path, copy)
    return kept


def _restore(folder: Path, files: Mapping[Path, Callable[[Path], None]], kept: Path | None) -> None:
    for path in files:
        copy = None if kept is None else kept / path.relative_to(folder)
        if copy is not None and copy.is_file():
            shutil.copy2(copy, path)
        else:
            path.unlink(missing_ok=True)
    if kept is not None:
        shutil.rmtree(kept, ignore_errors=True)
        with suppress(OSError):
            kept.parent.rmdir()
