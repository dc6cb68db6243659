"""What `otkel check` found: one finding per check, and all of them as a report."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from rich.console import Console

from scenarios.exit_codes import ExitCode

__all__ = ["CheckReport", "Finding"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One check: what was tested, whether it held, and what was found.

    ``state``: ``"ok"``, ``"FAIL"``, ``"LOOK"`` at what may be meant so, or ``"NOT TESTED"``; only FAIL does not pass.
    """

    check: str
    passed: bool
    text: str
    state: str = ""

    @property
    def label(self) -> str:
        """Its state in capitals where a person has to act."""
        return self.state or ("ok" if self.passed else "FAIL")


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckReport:
    """All findings of one study."""

    study: str
    findings: tuple[Finding, ...]

    @property
    def passed(self) -> bool:
        """Whether everything held."""
        return all(f.passed for f in self.findings)

    @property
    def exit_code(self) -> ExitCode:
        """Whether there are faults."""
        return ExitCode.OK if self.passed else ExitCode.INPUT_DATA

    def as_dict(self) -> dict[str, Any]:
        """Plain data."""
        rows = [{"check": f.check, "passed": f.passed, "state": f.label, "text": f.text} for f in self.findings]
        return {"study": self.study, "passed": self.passed, "findings": rows}

    def print(self, console: Console) -> None:
        """One line per check."""
        for finding in self.findings:
            console.print(f"{finding.label:4}", style="bold" if finding.passed else "bold red", end=" ")
            console.print(f"{finding.check}: {finding.text}", markup=False)
