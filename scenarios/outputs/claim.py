"""One process at a time may write a result: a lock beside it that the system frees when its holder dies, however it dies."""

from __future__ import annotations

import errno
import os
import signal
import sys
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from filelock import BaseFileLock, FileLock, Timeout

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
    The lock is the system's own on an open file, so it ends with the process that holds it, and nothing has to be guessed
    from process numbers. Where the file system knows no locks, a warning says that two runs into one folder would not be
    noticed.
    """
    path = lock_of(final)
    lock = FileLock(path, timeout=0, thread_local=False)
    try:
        with _uninterrupted():
            _hold(lock, path, final)
        yield
    finally:
        with _uninterrupted():
            _free(lock, path)


def _hold(lock: BaseFileLock, path: Path, final: Path) -> None:
    """Take the lock, and write down who holds it."""
    try:
        _take(lock, path)
        with path.open("w", encoding="utf-8") as file:
            file.write(_who())
    except Timeout as error:
        raise FolderInUseError(
            f"{final}: {_holder(path)} is writing these results; wait for it, or choose another folder"
        ) from error
    except OSError as error:
        raise ExportError(f"{final}: results cannot be written there: {error}; choose another folder") from error


def _free(lock: BaseFileLock, path: Path) -> None:
    """Remove the file while it is locked, if it was: who waits for it notices, and makes a new one."""
    if lock.is_locked:
        with suppress(OSError):
            path.unlink()
        lock.release()


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """Ctrl-C and a polite kill take effect at the end: one between the making of a lock file and its lock would leave it behind."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    came: list[int] = []
    before = {
        asked: signal.signal(asked, lambda number, _: came.append(number)) for asked in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        yield
    finally:
        for asked, handler in before.items():
            signal.signal(asked, signal.SIG_DFL if handler is None else handler)
        for number in dict.fromkeys(came):
            signal.raise_signal(number)


def _take(lock: BaseFileLock, path: Path) -> None:
    try:
        lock.acquire()
    except OSError as error:
        if error.errno not in NO_LOCKS_HERE:
            raise
        text = f"{path.parent}: this file system has no locks; see to it that only one run writes here"
        warnings.warn(text, PlannerWarning, stacklevel=2)


def _who() -> str:
    command = " ".join(["otkel", *sys.argv[1:]])
    return f"process {os.getpid()} ({command}, since {datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC)"


def _holder(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8") or "another process"
    except (OSError, UnicodeDecodeError):
        return "another process"
