"""Everything that otkel raises on purpose.

::

    PlannerError
      ConfigError(ValueError)          a study, scenario or profile file is wrong; all faults in one go
        OptionError                    an option of a command has a value that it cannot take
      DataError(ValueError)            an input layer cannot be used
        LayerNotFoundError(FileNotFoundError)
        GridMismatchError
        GeographicCRSError
        ResistanceValueError
        FenceError
      FocalNodeError(ValueError)       outside the grid, on no data, on a barrier
      SolverError(RuntimeError)        carries the SolveReport
      MemoryBudgetError(MemoryError)   would not fit; says how much is needed and how much is there
      ExportError(OSError)             a result could not be written
        FolderInUseError               another process writes there now; nothing is lost, try again later
    PlannerWarning(UserWarning)
      NodataFilledWarning, RasterWarning, CrsScaleWarning

What a command's exit code is after each: `scenarios.exit_codes`.
"""

from __future__ import annotations

from typing import Any

__all__ = [
    "ConfigError",
    "CrsScaleWarning",
    "DataError",
    "ExportError",
    "FenceError",
    "FocalNodeError",
    "FolderInUseError",
    "GeographicCRSError",
    "GridMismatchError",
    "LayerNotFoundError",
    "MemoryBudgetError",
    "NodataFilledWarning",
    "OptionError",
    "PlannerError",
    "PlannerWarning",
    "RasterWarning",
    "ResistanceValueError",
    "SolverError",
    "written",
]


def written(value: float) -> str:
    """A number as messages write positions and identifiers: every digit, whole numbers without a point."""
    value = float(value)
    return f"{value:.0f}" if value.is_integer() and abs(value) < 1e16 else repr(value)


class PlannerError(Exception):
    """Base of every error that a user can correct; the message says what, where and what to do."""


class ConfigError(PlannerError, ValueError):
    """A study, scenario or species file is wrong; the message lists every fault with its line."""


class OptionError(ConfigError):
    """What a command was given as an option cannot be; the message names the option."""


class DataError(PlannerError, ValueError):
    """An input layer cannot be used as it is."""


class LayerNotFoundError(DataError, FileNotFoundError):
    """A named layer or file is not there; the message says what was."""

    def __str__(self) -> str:
        """Give the message alone, not FileNotFoundError's errno form."""
        return str(self.args[0]) if self.args else ""


class GridMismatchError(DataError):
    """Two rasters do not share a grid; nothing is resampled on its own."""


class GeographicCRSError(DataError):
    """Degrees where metres are needed."""


class ResistanceValueError(DataError):
    """A resistance is zero, negative, infinite or not a number; says how many cells and the first one."""


class FenceError(DataError):
    """A fence line is empty, broken or outside the grid."""


class FocalNodeError(PlannerError, ValueError):
    """A focal node or region lies outside the grid, on no data or on a barrier."""


class SolverError(PlannerError, RuntimeError):
    """A solve did not reach its tolerance. ``report`` says how far it came."""

    def __init__(self, message: str, report: Any = None) -> None:
        super().__init__(message)
        self.report = report


class MemoryBudgetError(PlannerError, MemoryError):
    """The job would need more memory than there is."""


class ExportError(PlannerError, OSError):
    """A result could not be written; nothing half-written is left behind."""

    def __str__(self) -> str:
        """Give the message alone, not OSError's errno form."""
        return str(self.args[0]) if self.args else ""


class FolderInUseError(ExportError):
    """Another process is writing into the same place; says which."""


class PlannerWarning(UserWarning):
    """Base of every warning."""


class CrsScaleWarning(PlannerWarning):
    """Metres of the map are not metres on the ground."""


class RasterWarning(PlannerWarning):
    """A raster is read differently from its plain numbers."""


class NodataFilledWarning(PlannerWarning):
    """Cells without data were given a value, as the study asks."""
