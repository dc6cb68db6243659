"""Camera-trap data as they come: a Camtrap DP 1.0 package, or plain CSV files with a mapping -> `TrapData`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd

from rasters.errors import DataError, LayerNotFoundError
from rasters.files.confined import fault_of_path
from scenarios.evidence.plausible import check_clocks, check_records, check_references, check_tags
from scenarios.evidence.settings import EvidenceSettings, read_settings
from scenarios.evidence.standard import MAJOR_VERSION, TABLES
from scenarios.field_data.faults import Fault, Faults
from scenarios.field_data.tables import mapped, read_table, typed_table
from scenarios.records.hashing import read_json

__all__ = ["TrapData", "read_traps"]

DESCRIPTOR, SETTINGS = "datapackage.json", "evidence.yaml"
METADATA = ("name", "created", "contributors", "project", "spatial", "temporal", "taxonomic")
"""What the profile asks for beside the tables; a package without it is read with a warning."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrapData:
    """Camera-trap data, read and checked against the standard.

    Parameters
    ----------
    folder : Path
    title : str
    synthetic : bool
        Made by a simulator.
    deployments, media, observations : DataFrame
        The standard's columns, typed (times in UTC), with the ``row`` of each file. Without a media table ``media`` is
        empty.
    file_names : dict of str to str
        Table -> file it was read from.
    settings : EvidenceSettings
    faults : tuple of Fault
        Warnings only; errors stop the reading.
    """

    folder: Path
    title: str
    synthetic: bool
    deployments: pd.DataFrame
    media: pd.DataFrame
    observations: pd.DataFrame
    file_names: dict[str, str]
    settings: EvidenceSettings
    faults: tuple[Fault, ...]

    @property
    def files(self) -> list[Path]:
        """Every file that was read."""
        beside = [self.folder / name for name in (DESCRIPTOR, SETTINGS)]
        return [p for p in beside if p.is_file()] + [self.folder / name for name in self.file_names.values()]


def read_traps(path: str | Path, *, settings: str | Path | None = None, now: datetime | None = None) -> TrapData:
    """Read camera-trap data and check them against the standard, as far as that goes without a study.

    Parameters
    ----------
    path : path
        A folder with ``datapackage.json`` or ``evidence.yaml``, or one of these files.
    settings : path, optional
        The ``evidence.yaml`` to use; default the one in the folder, if there is one.
    now : datetime, optional
        Times after it are in the future; default the clock's.

    Raises
    ------
    DataError
        With every error of every table, each with table, row, field, value and the fix.
    ConfigError
        A fault in ``evidence.yaml``.
    """
    path = Path(path)
    if not path.exists():
        raise LayerNotFoundError(f"{path}: there is no such file or folder; give the folder of the camera-trap data")
    folder = path if path.is_dir() else path.parent
    stated = Path(settings) if settings else next((p for p in [folder / SETTINGS] if p.is_file()), None)
    options, faults = read_settings(stated), Faults()
    if options.tables:
        title, synthetic, files, raw = _plain(stated.parent if stated else folder, options)
    else:
        title, synthetic, files, raw = _package(_descriptor(path, folder), faults)
    tables = {
        name: typed_table(raw[name], standard, files[name], faults) if name in raw else _empty(name)
        for name, standard in TABLES.items()
    }
    faults.raise_errors()
    check_references(tables, files, faults)
    check_clocks(tables, files, faults, now or datetime.now(UTC))
    check_tags(tables, files, faults)
    faults.raise_errors()
    check_records(tables, files, faults)
    return TrapData(
        folder=folder,
        title=title,
        synthetic=synthetic or options.synthetic,
        file_names=files,
        settings=options,
        faults=tuple(faults.warnings),
        **tables,
    )


def _empty(name: str) -> pd.DataFrame:
    return pd.DataFrame({"row": pd.Series(dtype=int)} | {f.name: pd.Series(dtype=object) for f in TABLES[name].fields})


def _descriptor(path: Path, folder: Path) -> Path:
    found = path if path.suffix == ".json" else folder / DESCRIPTOR
    if not found.is_file():
        there = ", ".join(sorted(p.name for p in folder.glob("*")))
        raise LayerNotFoundError(
            f"{path}: there is neither a {DESCRIPTOR} (a Camtrap DP package) nor an {SETTINGS} with `tables` (plain CSV files); "
            f"there is {there or 'nothing'}"
        )
    return found


def _plain(folder: Path, settings: EvidenceSettings) -> tuple[str, bool, dict[str, str], dict[str, pd.DataFrame]]:
    missing = [name for name in ("deployments", "observations") if name not in settings.tables]
    if missing:
        raise DataError(f"{folder / SETTINGS}: tables: there is no {missing[0]}; say which file holds them")
    files = {str(name): mapping.file for name, mapping in settings.tables.items()}
    raw = {
        str(name): mapped(read_table(folder / mapping.file, mapping.encoding), mapping, settings, TABLES[name])
        for name, mapping in settings.tables.items()
    }
    return folder.name, settings.synthetic, files, raw


def _package(path: Path, faults: Faults) -> tuple[str, bool, dict[str, str], dict[str, pd.DataFrame]]:
    try:
        package = read_json(path)
    except (OSError, ValueError) as error:
        raise DataError(f"{path}: is not JSON that can be read: {error}") from error
    if not isinstance(package, dict):
        raise DataError(f"{path}: should be an object with `resources`; it is a {type(package).__name__}")
    _check_version(path, package)
    for name in METADATA:
        if not package.get(name):
            faults.warning("metadata", path.name, 0, name, None, "is missing; the standard asks for it")
    listed = package.get("resources")
    resources = {str(r.get("name")): r for r in (listed if isinstance(listed, list) else []) if isinstance(r, dict)}
    missing = [name for name in TABLES if name not in resources]
    if missing:
        raise DataError(
            f"{path}: resources: there is no {', '.join(missing)}; a Camtrap DP package has {', '.join(TABLES)}, "
            f"this one has {', '.join(map(str, resources)) or 'none'}"
        )
    files = {name: _path_of(path, name, resources[name]) for name in TABLES}
    raw = {name: read_table(path.parent / file) for name, file in files.items()}
    title = str(package.get("title") or package.get("name") or path.parent.name)
    return title, bool(package.get("synthetic", False)), files, raw


def _check_version(path: Path, package: dict[str, Any]) -> None:
    """Only packages of the major version whose fields stand in `standard`."""
    profile = str(package.get("profile") or "")
    if "camtrap-dp" not in profile:
        raise DataError(
            f"{path}: profile: {profile!r} is no Camtrap DP profile; it should be the URL of a camtrap-dp-profile.json of 1.0"
        )
    parts = [part for part in profile.split("/") if part[:1].isdigit() and "." in part]
    if parts and parts[0].split(".")[0] != MAJOR_VERSION:
        raise DataError(
            f"{path}: profile: version {parts[0]}; only Camtrap DP {MAJOR_VERSION}.x is read: export the package as 1.0"
        )


def _path_of(path: Path, name: str, resource: dict[str, Any]) -> str:
    where = resource.get("path")
    if isinstance(where, list) and len(where) == 1:
        where = where[0]
    if not isinstance(where, str) or "://" in where:
        raise DataError(f"{path}: resources: {name}: path: {where!r} should be one CSV file of this folder")
    if fault := fault_of_path(where):
        raise DataError(f"{path}: resources: {name}: path: {where[:200]!r} {fault}; put the file into the package")
    return where
