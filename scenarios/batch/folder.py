"""The folder of a batch: what is to run, what became of each run, and a log; several tasks may write it at once.

::

    batch.json                  which runs there are, and what each depends on
    log.jsonl                   one line per event; log-3-of-10.jsonl for a task of a job array
    runs/VARIANT/SPECIES/       run.json and the files of a finished run, complete or not there at all
    summary.csv ...             once all is done, or merged
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rasters.errors import ConfigError, DataError, ExportError, LayerNotFoundError
from rasters.files.confined import confined
from rasters.files.writing import replacing
from scenarios.batch.run import Failure, RunOutcome
from scenarios.batch.shape import is_record, plan_fault
from scenarios.outputs.folder import atomic_folder
from scenarios.records.hashing import canonical_json, read_json

__all__ = ["PLAN", "RUNS", "BatchFolder"]

PLAN = "batch.json"
RUNS = "runs"
RECORD = "run.json"
FORMAT = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchFolder:
    """Where a batch is written; ``task`` is empty for the whole batch, or as ``3-of-10``."""

    path: Path
    task: str = ""

    @property
    def claim(self) -> Path:
        """What a process claims that writes here: tasks of one array do not get in each other's way."""
        return self.path / (f"task-{self.task}" if self.task else "batch")

    @property
    def log_file(self) -> Path:
        """One object per line."""
        return self.path / (f"log-{self.task}.jsonl" if self.task else "log.jsonl")

    def require_usable(self) -> None:
        """Raise ExportError where there is something else than a batch."""
        if self.path.exists() and not self.path.is_dir():
            raise ExportError(f"{self.path}: a file with this name already exists; choose another folder for the batch")
        if self.path.is_dir() and any(self.path.iterdir()) and not (self.path / PLAN).is_file():
            raise ExportError(
                f"{self.path}: this folder holds files, but no {PLAN}, so it is no batch; choose a new or an empty folder"
            )

    def make(self) -> None:
        """The folder, if it is not there."""
        try:
            self.path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ExportError(
                f"{self.path}: a batch cannot be written there: {error}; choose another folder"
            ) from error

    def write_plan(self, plan: Mapping[str, Any]) -> None:
        """What is to run; tasks of one array write the same."""
        with replacing(self.path / PLAN) as part:
            part.write_text(canonical_json({"format": FORMAT, **plan}), encoding="utf-8")

    def read_plan(self) -> dict[str, Any]:
        """What is to run, as it was written."""
        path = self.path / PLAN
        if not path.is_file():
            raise LayerNotFoundError(f"{path}: there is no such file; {self.path} is not the folder of a batch")
        try:
            plan = read_json(path)
        except (ValueError, OSError) as error:
            raise DataError(f"{path}: is not what otkel wrote ({error}); run the batch again") from error
        if not isinstance(plan, dict) or plan.get("format") != FORMAT:
            raise ConfigError(f"{path}: was written by another version of otkel; run the batch again")
        if fault := plan_fault(plan):
            raise DataError(f"{path}: is not what otkel wrote ({fault}); run the batch again")
        return plan

    def run_folder(self, run: str) -> Path:
        """Where the files of a run are."""
        return confined(self.path / RUNS, run)

    def record(self, run: str, key: str) -> dict[str, Any] | None:
        """What became of a run, finished or failed; None where it was not done, is damaged, or something it depends on is another."""
        try:
            found = read_json(self.run_folder(run) / RECORD)
        except (OSError, ValueError):
            return None
        return found if is_record(found) and found["key"] == key else None

    def finished(self, run: str, key: str) -> bool:
        """Whether a run is complete and can be skipped."""
        found = self.record(run, key)
        return found is not None and found["status"] == "finished"

    def write_outcome(self, outcome: RunOutcome, key: str) -> None:
        """The files of a run and its record, all at once; what was there before is gone."""
        final = self.run_folder(outcome.run)
        shutil.rmtree(final, ignore_errors=True)
        with atomic_folder(final) as folder:
            for name, content in outcome.files.items():
                path = confined(folder, name)
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content)
            (folder / RECORD).write_text(canonical_json(_record(outcome, key)), encoding="utf-8")

    def log(self, event: str, **facts: Any) -> None:
        """Add a line to the log; it is on the disk when this returns."""
        line = json.dumps({"time": _now(), "event": event, **facts}, ensure_ascii=False) + "\n"
        file = os.open(self.log_file, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
        try:
            torn = (size := os.fstat(file).st_size) > 0 and os.pread(file, 1, size - 1) != b"\n"
            os.write(file, (("\n" if torn else "") + line).encode())
            os.fsync(file)
        finally:
            os.close(file)


def _record(outcome: RunOutcome, key: str) -> dict[str, Any]:
    if outcome.failure is not None:
        return {"run": outcome.run, "key": key, "status": "failed", "failure": failure_words(outcome.failure)}
    files = {name: hashlib.sha256(content).hexdigest() for name, content in outcome.files.items()}
    return {
        "run": outcome.run,
        "key": key,
        "status": "finished",
        "facts": outcome.facts,
        "files": files,
        "entry": outcome.entry,
    }


def failure_words(failure: Failure) -> dict[str, Any]:
    """Kind, message and exit code: what does not depend on when or where a run failed."""
    return {"kind": failure.kind, "message": failure.message, "exit_code": failure.exit_code}


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
