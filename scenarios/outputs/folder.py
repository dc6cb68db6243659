"""A result folder that appears only when it is complete, and replaces an older one only then."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from rasters.errors import ExportError
from rasters.files.confined import below
from scenarios.outputs.claim import claimed
from scenarios.records.hashing import read_json

__all__ = ["ANOTHER", "MARKER", "RUN", "atomic_folder", "made_folder", "nameable", "run_folder"]

MARKER = "manifest.json"
"""A folder that holds this file is a result of an earlier run and may be replaced."""
RUN = "run"
"""What a manifest calls results of `otkel run`: hours of solving, which no other command replaces."""
ANOTHER = "; choose another with --out"
"""Advice of commands whose option that is."""
PART = ".part-"
OLD = ".old"


def run_folder(scenario: str, species: str) -> Path:
    """Where the files of one scenario and species lie within a result folder."""
    return below(scenario, species)


def made_folder(folder: str | Path, advice: str = "") -> Path:
    """Make a folder and those above it, if they are not there; ExportError, with ``advice``, where that cannot be."""
    try:
        Path(folder).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ExportError(f"{folder}: could not create this folder: {error}{advice}") from error
    return Path(folder)


def nameable(final: Path) -> Path:
    """The whole path of a place for results; ExportError where the system takes no such name."""
    try:
        whole = final.resolve()
        whole.exists()
    except (OSError, ValueError, RuntimeError) as error:
        shown = str(final) if len(str(final)) < 200 else f"{str(final)[:200]}..."
        raise ExportError(f"{shown}: results cannot be written there: {error.args[-1]}; choose another name") from error
    return whole


@contextmanager
def atomic_folder(final: str | Path, *, marker: str = MARKER, over_run: bool = False) -> Iterator[Path]:
    """A temporary folder beside ``final`` to write into; it is renamed to ``final`` if all goes well.

    On an error the temporary folder is removed and an older ``final`` stays as it was. An older folder is replaced only
    if it is empty or a result (it holds ``marker``, by default ``manifest.json``): nobody's other files are deleted. Results
    of `otkel run` are replaced only where ``over_run`` is set. What a killed process left beside ``final`` is put right first.

    Raises
    ------
    ExportError
        When ``final`` cannot be written, or is something else than a result.
    FolderInUseError
        When another process is writing it.
    """
    final = nameable(Path(final))
    _require_replaceable(final, marker)
    if not over_run:
        _require_no_run(final)
    missing = [parent for parent in final.parents if not parent.exists()]
    try:
        _make_parents(final)
        with claimed(final):
            _mend(final)
            part = _temporary(final)
            try:
                yield part
                _swap(part, final)
            finally:
                shutil.rmtree(part, ignore_errors=True)
    except BaseException:
        _remove_empty(missing)
        raise


def _mend(final: Path) -> None:
    """Remove what killed processes left half-written, and put back an older result that one had just moved away.

    The holder of the lock may remove these: their processes are gone.
    """
    for left in sorted(final.parent.iterdir()):
        if left.name.startswith(f".{final.name}{PART}"):
            if left.name.endswith(OLD) and not final.exists():
                left.rename(final)
            else:
                shutil.rmtree(left, ignore_errors=True)


def _remove_empty(folders: list[Path]) -> None:
    """Remove folders that were made for a result that did not come, innermost first."""
    for folder in folders:
        with suppress(OSError):
            folder.rmdir()


def _require_replaceable(final: Path, marker: str) -> None:
    if final.exists() and not final.is_dir():
        raise ExportError(f"{final}: a file with this name already exists; choose another folder for the results")
    if final.is_dir() and any(final.iterdir()) and not (final / marker).is_file():
        raise ExportError(
            f"{final}: this folder holds files, but no {marker}, so it is not a result that could be replaced; "
            "choose a new or an empty folder"
        )


def _require_no_run(final: Path) -> None:
    try:
        manifest = read_json(final / MARKER)
    except (OSError, ValueError):
        return
    if isinstance(manifest, dict) and manifest.get("kind") == RUN:
        raise ExportError(
            f"{final}: holds results of `otkel run`, which this command would delete; choose another folder with --out, "
            "or remove that one first"
        )


def _make_parents(final: Path) -> None:
    try:
        final.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ExportError(f"{final}: results cannot be written there: {error}; choose another folder") from error


def _temporary(final: Path) -> Path:
    try:
        part = Path(tempfile.mkdtemp(prefix=f".{final.name}{PART}", dir=final.parent))
        part.chmod(0o777 & ~_umask())
    except OSError as error:
        raise ExportError(f"{final}: results cannot be written there: {error}; choose another folder") from error
    return part


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _swap(part: Path, final: Path) -> None:
    """Put ``part`` in the place of ``final``; if that fails, ``final`` is back where it was."""
    old = part.with_name(f"{part.name}{OLD}")
    try:
        if final.exists():
            final.rename(old)
        try:
            part.rename(final)
        except OSError:
            if old.exists():
                old.rename(final)
            raise
    except OSError as error:
        raise ExportError(f"{final}: the finished results could not be put in place: {error}") from error
    shutil.rmtree(old, ignore_errors=True)
