"""What every command that writes results does: a folder that appears when it is complete, its manifest, and what is told at the end."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, TypeVar

from rich.console import Console, RenderableType

from scenarios.exit_codes import ExitCode
from scenarios.land.inputs import study_grid
from scenarios.land.provenance import crs_operations, input_paths
from scenarios.model.ground import Ground
from scenarios.outputs.audience import Audience
from scenarios.outputs.folder import MARKER, atomic_folder
from scenarios.outputs.manifest import Provenance, write_manifest
from scenarios.records.machine import Meter, machine, now
from scenarios.study.load import ResolvedStudy

__all__ = ["Job", "Summary", "results_folder"]

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary(Generic[T]):
    """What a command did, for people, for machines and for scripts.

    Parameters
    ----------
    folder : Path
        Where its files are.
    found : T
        The results themselves.
    seconds : float
        By the clock.
    rows : mapping
        Plain data for ``--json``, beside ``folder`` and ``seconds``; of a folder of results also processor time and memory.
    notes : sequence of str or tables of rich
        What people are told.
    opens : str
        The file that people open first.
    """

    folder: Path
    found: T
    seconds: float
    rows: Mapping[str, Any] = field(default_factory=dict)
    notes: Sequence[RenderableType] = ()
    opens: str = ""
    exit_code: ExitCode = ExitCode.OK

    def as_dict(self) -> dict[str, Any]:
        """Plain data."""
        return {**self.rows, "folder": str(self.folder), "seconds": round(self.seconds, 3)}

    def print(self, console: Console) -> None:
        """Words for people; the last line says where to look."""
        for note in self.notes:
            console.print(note, markup=False)
        where = f"open {self.folder / self.opens}" if self.opens else f"see {self.folder}"
        console.print(f"{self.seconds:.{self.seconds < 10:d}f} s; {where}", markup=False)


@dataclass(slots=True, kw_only=True)
class Job:
    """Results in the making: the folder to write into, and what its manifest will say beside what every manifest says.

    Parameters
    ----------
    folder : Path
        Where to write; it becomes ``out`` when all is done.
    resolved : sequence of ResolvedStudy
        Their settings, input files and coordinate operations are stated.
    kind, runs, said, settings, seeds, as_read
        See `scenarios.outputs.manifest.write_manifest` and `scenarios.outputs.manifest.Provenance`.
    inputs : dict of str to Path
        Files that were read beside those of the studies.
    """

    out: Path
    folder: Path
    meter: Meter
    resolved: Sequence[ResolvedStudy] = ()
    kind: str = ""
    runs: Sequence[Ground] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)
    seeds: Mapping[str, int] = field(default_factory=dict)
    inputs: dict[str, Path] = field(default_factory=dict)
    as_read: Mapping[Path, str] = field(default_factory=dict)
    said: tuple[Audience, str] | None = None

    def summary(self, found: T, rows: Mapping[str, Any], notes: Sequence[RenderableType], **more: Any) -> Summary[T]:
        """What is told when the folder is complete."""
        measured = self.meter.read()
        return Summary(
            folder=self.out,
            found=found,
            seconds=measured["seconds"],
            rows={**measured, **rows},
            notes=notes,
            **{"opens": "index.html"} | more,
        )

    def _write_manifest(self, started: str) -> None:
        resolved = self.resolved
        provenance = Provenance(
            command=["otkel", *sys.argv[1:]],
            settings=self.settings,
            scenarios={one.scenario: one.settings for one in resolved},
            inputs=input_paths(resolved) | self.inputs,
            as_read=self.as_read,
            seeds=self.seeds,
            crs_operations=crs_operations(resolved, study_grid(resolved[0])) if resolved else (),
            machine=machine(),
            measured=self.meter.read(),
            started=started,
            finished=now(),
        )
        write_manifest(self.folder, self.runs, provenance, kind=self.kind, said=self.said)


@contextmanager
def results_folder(
    out: Path, resolved: Sequence[ResolvedStudy] = (), *, over_run: bool = False, **stated: Any
) -> Iterator[Job]:
    """A folder of results that appears, with its manifest, when all is written; see `atomic_folder`.

    ``stated`` are fields of `Job`, which may be set until the end. A manifest that was written within is kept.
    """
    meter, began = Meter(), now()
    with atomic_folder(out, over_run=over_run) as folder:
        job = Job(out=out, folder=folder, meter=meter, resolved=resolved, **stated)
        yield job
        if not (folder / MARKER).is_file():
            job._write_manifest(began)
