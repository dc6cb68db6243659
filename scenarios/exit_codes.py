"""How a command ends, as a number for scripts: one meaning each. The table in docs/reference/exit-codes.md is this one."""

from __future__ import annotations

import errno
from enum import IntEnum

from rasters.errors import (
    ConfigError,
    DataError,
    ExportError,
    FocalNodeError,
    FolderInUseError,
    MemoryBudgetError,
    OptionError,
    PlannerError,
    SolverError,
)

__all__ = ["ExitCode", "exit_code_of", "is_full_disk", "is_short_of_memory"]


class ExitCode(IntEnum):
    """An exit code of `otkel` and what it means."""

    meaning: str

    def __new__(cls, value: int, meaning: str) -> ExitCode:
        """A number that knows its meaning."""
        code = int.__new__(cls, value)
        code._value_, code.meaning = value, meaning
        return code

    OK = 0, "done"
    USAGE = (
        2,
        "wrong use of the command line: an unknown command, or an option that is missing or has a value that it cannot take",
    )
    CONFIGURATION = 3, "a setting is wrong: in a study, scenario, species or job file, or in the environment"
    INPUT_DATA = 4, "input data are missing or cannot be used, or `otkel check` found faults"
    SOLVER = 5, "a solve did not reach its tolerance, or the solvers of `otkel doctor` do not agree"
    INTERRUPTED = 6, "stopped by Ctrl-C or `kill`; the same command continues from what is kept"
    MEMORY = 7, "out of memory, or it would not fit"
    NOT_WRITTEN = 8, "results cannot be written: the disk is full, or the folder cannot be used"
    FOLDER_IN_USE = 9, "another process is writing into the same folder of results"
    RUNS_FAILED = 10, "some runs of `otkel batch` failed; the others are complete"
    DIFFERS = 11, "a result that was made again is not what it was (`otkel run --from`)"
    BUG = 70, "an error that nobody foresaw: a bug of otkel"


OF_ERROR: dict[type[BaseException], ExitCode] = {
    PlannerError: ExitCode.USAGE,
    ConfigError: ExitCode.CONFIGURATION,
    OptionError: ExitCode.USAGE,
    DataError: ExitCode.INPUT_DATA,
    FocalNodeError: ExitCode.INPUT_DATA,
    SolverError: ExitCode.SOLVER,
    KeyboardInterrupt: ExitCode.INTERRUPTED,
    MemoryBudgetError: ExitCode.MEMORY,
    MemoryError: ExitCode.MEMORY,
    ExportError: ExitCode.NOT_WRITTEN,
    FolderInUseError: ExitCode.FOLDER_IN_USE,
}
"""A kind of error without an entry has that of the nearest kind above it."""


NO_MEMORY = ("failed to map segment", "annot allocate memory", "can't start new thread")
"""What the loader of libraries and the maker of threads say when there is no memory."""


def exit_code_of(error: BaseException) -> ExitCode:
    """The code that a command ends with when it is stopped by an error."""
    if is_full_disk(error):
        return ExitCode.NOT_WRITTEN
    if is_short_of_memory(error):
        return ExitCode.MEMORY
    return next((OF_ERROR[kind] for kind in type(error).__mro__ if kind in OF_ERROR), ExitCode.BUG)


def is_full_disk(error: BaseException) -> bool:
    """Whether the system says that the disk, the share of it that this user may have, or a file in it is full."""
    return isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def is_short_of_memory(error: BaseException) -> bool:
    """Whether the system had no memory left: as Python says it, for a library that could not be loaded, or for a process or thread."""
    if isinstance(error, MemoryError) or (isinstance(error, OSError) and error.errno == errno.ENOMEM):
        return True
    return isinstance(error, ImportError | RuntimeError) and any(words in str(error) for words in NO_MEMORY)
