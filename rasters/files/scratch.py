"""Names of files and folders that live as long as their process: what a killed one left is removed by the next that makes one."""

from __future__ import annotations

import hashlib
import os
import platform
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

__all__ = ["own_mark", "remove_left", "scratch_folder"]

HOST = hashlib.sha256(platform.node().encode()).hexdigest()[:6]
"""Process numbers of other machines on a shared disk say nothing here."""


def own_mark() -> str:
    """Stands in the name of what this process makes: machine and process."""
    return f"{HOST}-{os.getpid()}"


@contextmanager
def scratch_folder(prefix: str, within: Path | None = None) -> Iterator[Path]:
    """A new folder in another, by default the system's for temporary files; removed at the end, and whatever is in it.

    Folders with the same prefix that killed processes of this machine left there are removed first. Raises OSError where
    none can be made.
    """
    place = Path(tempfile.gettempdir()) if within is None else within
    remove_left(place, prefix)
    folder = Path(tempfile.mkdtemp(prefix=f"{prefix}{own_mark()}.", dir=place))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def remove_left(folder: Path, prefix: str) -> None:
    """Remove what processes of this machine that are gone have made in a folder under names that begin with ``prefix`` and a mark."""
    marked = re.compile(rf"{re.escape(prefix)}{HOST}-(\d+)\.")
    with suppress(OSError):
        for path in folder.iterdir():
            found = marked.match(path.name)
            if found and not _lives(int(found.group(1))):
                _remove(path)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        with suppress(OSError):
            path.unlink()


def _lives(process: int) -> bool:
    """Whether a process is there; taken for granted where the system cannot be asked without harm."""
    if os.name != "posix":
        return True
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True
