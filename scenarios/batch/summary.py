"""The tables of a batch: a row per run, and the pairs, indicators and best passages of all runs below each other."""

from __future__ import annotations

import csv
import importlib.util
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO

import pandas as pd

from rasters.errors import DataError
from rasters.files.writing import replacing
from scenarios.batch.facts import FACTS
from scenarios.batch.folder import RUNS, BatchFolder
from scenarios.outputs.columns import NOTHING, Column, Own, column_dictionary, column_of
from scenarios.outputs.folder import MARKER
from scenarios.outputs.manifest import FORMAT, outputs_of
from scenarios.outputs.tables import write_csv
from scenarios.outputs.words import WORKING_NOTE
from scenarios.records.hashing import canonical_json, versions

__all__ = ["summary_of", "write_manifest_of_runs", "write_tables_of_batch"]

STATUS = ("status", "error")
Row = dict[str, str]
GATHERED: dict[str, tuple[str, Callable[[Row], bool]]] = {
    "pairs.csv": ("pairs.csv", lambda row: True),
    "indicators.csv": ("indicators.csv", lambda row: True),
    "shortlist.csv": ("passages.csv", lambda row: row.get("selected") == "True"),
}
"""Table of the batch -> file of a run that it is gathered from, and which of its rows."""


def summary_of(folder: BatchFolder, plan: Mapping[str, Any]) -> pd.DataFrame:
    """One row per run of the plan, in its order: what it is, what became of it, and its facts."""
    rows = []
    for run in plan["runs"]:
        record = folder.record(run["run"], run["key"]) or {"status": "missing"}
        failure = record.get("failure")
        error = f"{failure['kind']}: {failure['message']}" if failure else ""
        facts = record.get("facts", {})
        rows.append({**_ids(run, plan["axes"]), "status": record["status"], "error": error, **facts})
    columns = [*_id_columns(plan["axes"]), *STATUS, *FACTS]
    table = pd.DataFrame(rows).reindex(columns=columns)
    return table.assign(**{name: pd.to_numeric(table[name]) for name in FACTS if column_of(name).unit})


def write_tables_of_batch(folder: BatchFolder, plan: Mapping[str, Any]) -> list[Path]:
    """Write ``summary.csv``, the gathered tables and ``columns.csv``; Parquet beside each where pyarrow is installed.

    The bytes depend on the runs alone, not on when, where or in which order they were done.
    """
    summary = summary_of(folder, plan)
    own = {axis: _option(axis) for axis in plan["axes"]}
    paths = [write_csv(folder.path / "summary.csv", summary, own=own)]
    finished = [run for run, status in zip(plan["runs"], summary["status"], strict=True) if status == "finished"]
    heads = {"summary.csv": summary.columns.tolist()}
    for name, (source, wanted) in GATHERED.items():
        if _gather(folder, plan["axes"], finished, folder.path / name, source, wanted):
            paths.append(folder.path / name)
            heads[name] = _head(folder.path / name, own)
    paths.append(write_csv(folder.path / "columns.csv", column_dictionary(heads, own=own), of="columns"))
    return paths + [_as_parquet(path) for path in paths[:-1] if importlib.util.find_spec("pyarrow")]


def write_manifest_of_runs(folder: BatchFolder, plan: Mapping[str, Any]) -> None:
    """Make ``runs/`` a folder of results for `otkel compare` and `otkel export`, where the maps of the runs are kept."""
    found = [
        record for run in plan["runs"] if (record := folder.record(run["run"], run["key"])) and record.get("entry")
    ]
    if not found:
        return
    entries = [record["entry"] for record in found]
    runs = [entry["run"] for entry in entries]
    manifest = {
        "format": FORMAT,
        "kind": "",
        "versions": versions(),
        "runs": runs,
        "outputs": outputs_of(folder.path / RUNS),
        "audience": runs[0]["audience"],
        "audience_note": WORKING_NOTE,
        "settings": {},
        "machine": {},
        "inputs": {name: facts for entry in entries for name, facts in entry["inputs"].items()},
        "scenarios": {entry["run"]["scenario"]: entry["settings"] for entry in entries},
    }
    with replacing(folder.path / RUNS / MARKER) as part:
        part.write_text(canonical_json(manifest), encoding="utf-8")


def _id_columns(axes: list[str]) -> list[str]:
    return ["run", "scenario", *axes, "cell_m", "draw", "species"]


def _ids(run: Mapping[str, Any], axes: list[str]) -> dict[str, Any]:
    return {
        "run": run["run"],
        "scenario": run["scenario"],
        **{axis: run["options"].get(axis) for axis in axes},
        "cell_m": run["cell_m"],
        "draw": run["draw"],
        "species": run["species"],
    }


def _option(axis: str) -> Column:
    return Column(name=axis, unit="", title=axis, meaning="Option of the matrix; empty: none.", kind="text")


def _gather(
    folder: BatchFolder, axes: list[str], runs: list[Any], target: Path, source: str, wanted: Callable[[Row], bool]
) -> bool:
    """Rows of one file of every run, with the run's own columns in front; False where no run has such a file."""
    files = [(run, path) for run in runs if (path := folder.run_folder(run["run"]) / source).is_file()]
    if not files:
        target.unlink(missing_ok=True)
        return False
    ids = _id_columns(axes)
    columns = dict.fromkeys(name for _, path in files for name in _head(path) if name not in ids)
    with replacing(target) as part, part.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, [*ids, *columns], restval="", lineterminator="\n")
        writer.writeheader()
        for run, path in files:
            own = _ids(run, axes)
            own |= {"cell_m": f"{own['cell_m']:g}"}
            writer.writerows(row | own for row in _rows(path) if wanted(row))
    return True


def _head(path: Path, own: Own = NOTHING) -> list[str]:
    with _table(path) as stream:
        head = next(csv.reader(stream), [])
        for name in head:
            column_of(name, own=own)
        return head


def _rows(path: Path) -> Iterator[Row]:
    with _table(path) as stream:
        for row in csv.DictReader(stream):
            if None in row or None in row.values():
                raise ValueError("its rows have other columns than its head")
            yield row


@contextmanager
def _table(path: Path) -> Iterator[TextIO]:
    """A table of a run; DataError where it is not what otkel wrote."""
    try:
        with path.open(encoding="utf-8", newline="") as stream:
            yield stream
    except (ValueError, KeyError, csv.Error) as error:
        raise DataError(
            f"{path}: is not the table that otkel wrote: {error}; remove the folder of this run, and run the batch again"
        ) from error


def _as_parquet(path: Path) -> Path:
    target = path.with_suffix(".parquet")
    with replacing(target) as part:
        pd.read_csv(path).to_parquet(part, index=False)
    return target
