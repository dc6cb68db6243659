"""One process at a time may write a result: a lock beside it that the system frees when its holder dies, however it dies."""

from __future__ import annotations

import errno
import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from rasters.errors import ExportError, FolderInUseError, PlannerWarning

__all__ = ["claimed", "lock_of"]

NO_LOCKS_HERE = (errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS)
"""What file systems without locks answer."""


def lock_of(final: Path) -> Path:
    """The lock file of a result."""
    return final.with_name(f".{final.name}.lock")


@contextmanager
def claimed(final: Path) -> Iterator[None]:
    """Hold the lock of a result; a lock file that was left by a dead process is taken over.

    Raises
    ------
    FolderInUseError
        When a living process holds it; names the process, what it runs and since when.
    ExportError
        When no file can be made there.

    Notes
    -----
    The lock is the system's own (``flock``) on an open file, so it ends with the process that holds it, and nothing has to
    be guessed from process numbers. Where the file system knows no locks, or on Windows, a warning says that two runs
    into one folder would not be noticed.
    """
    path = lock_of(final)
    try:
        file = _locked(path)
    except BlockingIOError as error:
        raise FolderInUseError(
            f"{final}: {_holder(path)} is writing these results; wait for it, or choose another folder"
        ) from error
    except OSError as error:
        raise ExportError(f"{final}: results cannot be written there: {error}; choose another folder") from error
    try:
        yield
    finally:
        path.unlink(missing_ok=True)
        os.close(file)


def _locked(path: Path) -> int:
    """An open lock file that is this process's own; BlockingIOError where it is another's."""
    while True:
        file = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            _lock(file, path)
            if _is_still(file, path):
                os.ftruncate(file, 0)
                os.write(file, _who().encode())
                return file
        except BaseException:
            os.close(file)
            raise
        os.close(file)


def _lock(file: int, path: Path) -> None:
    if sys.platform == "win32":
        return
    import fcntl

    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno not in NO_LOCKS_HERE:
            raise
        text = f"{path.parent}: this file system has no locks; see to it that only one run writes here"
        warnings.warn(text, PlannerWarning, stacklevel=2)


def _is_still(file: int, path: Path) -> bool:
    """Whether the open file is the one of that name: its last holder may have removed it in between."""
    try:
        return os.path.samestat(os.fstat(file), path.stat())
    except FileNotFoundError:
        return False


def _who() -> str:
    command = " ".join(["otkel", *sys.argv[1:]])
    return f"process {os.getpid()} ({command}, since {datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC)"


def _holder(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8") or "another process"
    except (OSError, UnicodeDecodeError):
        return "another process"
